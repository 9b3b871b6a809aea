#include <stdlib.h>

#include "source_priv.h"

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

hm_rc source_read_commit(git_commit *commit, char id[static HM_SOURCE_COMMIT],
                         hm_time *time, struct hm_err *e)
{
    const int64_t seconds = git_commit_time(commit);

    (void)git_oid_tostr(id, HM_SOURCE_COMMIT, git_commit_id(commit));
    if (seconds < 0 || seconds > HM_TIME_MAX)
        return hm_fail(e, HM_E_REJECTED, "source.commit.time",
                       "commit %s is of second %lld, expected 1970 to 9999", id,
                       (long long)seconds);
    *time = seconds;
    return HM_OK;
}

HM_MUST static hm_rc take_branch(struct hm_source *s, const git_reference *head,
                                 git_repository *repo, struct hm_err *e)
{
    const char *name = git_reference_name(head);

    if (git_repository_head_detached(repo) != 0)
        return HM_OK;
    if (strlen(name) > HM_SOURCE_REF_MAX)
        return hm_fail(e, HM_E_LIMIT, "source.ref.long",
                       "branch '%s' has %zu letters, at most %u are taken",
                       hm_show_str(name), strlen(name), HM_SOURCE_REF_MAX);
    memcpy(s->branch, name, strlen(name) + 1);
    return HM_OK;
}

/* Does this tag, through tag objects, stand for HEAD's commit? */
static bool is_of(git_reference *tag, const git_oid *commit)
{
    git_object *object = NULL;
    bool same = false;

    if (git_reference_peel(&object, tag, GIT_OBJECT_COMMIT) == 0)
        same = git_oid_equal(git_object_id(object), commit) != 0;
    git_object_free(object);
    return same;
}

HM_MUST static hm_rc walk_tags(struct hm_source *s, const git_oid *commit,
                               git_reference_iterator *i, struct hm_err *e)
{
    git_reference *tag = NULL;

    while (git_reference_next(&tag, i) == 0) {
        const char *name = git_reference_name(tag);
        hm_rc rc = HM_OK;

        if (s->tags.n < HM_SOURCE_TAGS && strlen(name) <= HM_SOURCE_REF_MAX &&
            is_of(tag, commit))
            rc = hm_names_add(&s->tags, name, e);
        git_reference_free(tag);
        HM_TRY(rc);
    }
    if (s->tags.n > 1)
        qsort(s->tags.name, s->tags.n, sizeof(*s->tags.name), by_bytes);
    return HM_OK;
}

HM_MUST static hm_rc take_tags(struct hm_source *s, git_repository *repo,
                               const git_oid *commit, struct hm_err *e)
{
    git_reference_iterator *i = NULL;
    hm_rc rc;

    if (git_reference_iterator_glob_new(&i, repo, "refs/tags/*") < 0)
        return source_fail(e, "cannot list the tags");
    rc = walk_tags(s, commit, i, e);
    git_reference_iterator_free(i);
    return rc;
}

/* The address as it is written: what insteadOf makes of it is the business of
 * one machine, and may hold its token. */
HM_MUST static hm_rc take_origin(struct hm_source *s, git_repository *repo,
                                 struct hm_err *e)
{
    git_config *config = NULL;
    const char *url = NULL;
    hm_rc rc = HM_OK;

    if (git_repository_config_snapshot(&config, repo) < 0)
        return source_fail(e, "cannot read the repository's configuration");
    if (git_config_get_string(&url, config, "remote.origin.url") == 0)
        rc = hm_source_clean_url(url, s->url, e);
    git_config_free(config);
    return hm_hint(e, hm_context(e, rc, "address of the remote 'origin'"),
                   "git remote set-url origin URL");
}

HM_MUST static hm_rc take_all(struct hm_source *s, struct source_repo *r,
                              git_reference *head, struct hm_err *e)
{
    git_object *commit = NULL;
    hm_rc rc;

    if (git_reference_peel(&commit, head, GIT_OBJECT_COMMIT) < 0)
        return source_fail(e, "cannot find the commit of HEAD");
    rc =
        source_read_commit((git_commit *)commit, s->commit, &s->commit_time, e);
    if (rc == HM_OK)
        rc = take_branch(s, head, r->repo, e);
    if (rc == HM_OK)
        rc = take_tags(s, r->repo, git_object_id(commit), e);
    git_object_free(commit);
    return rc == HM_OK ? take_origin(s, r->repo, e) : rc;
}

hm_rc source_read_head(struct hm_source *s, struct source_repo *r,
                       struct hm_err *e)
{
    git_reference *head = NULL;
    const int code = git_repository_head(&head, r->repo);
    hm_rc rc;

    if (code == GIT_EUNBORNBRANCH || code == GIT_ENOTFOUND)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "source.commit.missing",
                               "the git repository has no commit: nothing "
                               "names the source"),
                       "git add and git commit what is built");
    if (code < 0)
        return source_fail(e, "cannot read HEAD");
    rc = take_all(s, r, head, e);
    git_reference_free(head);
    return rc;
}
