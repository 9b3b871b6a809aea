#include <stdlib.h>

#include "revision_priv.h"

static void close_impl(struct revision *r)
{
    git_odb_object_free(r->blob);
    git_odb_free(r->odb);
    git_tree_free(r->tree);
    source_repo_clear(&r->repo);
    free(r);
}

void hm_revision_clear(struct hm_revision *r)
{
    if (r->impl != NULL)
        close_impl(r->impl);
    *r = (struct hm_revision)HM_REVISION_INIT;
}

/* The directory at path, from the top of the tree; "" is the top. */
HM_MUST static hm_rc enter(struct revision *r, const char *path,
                           struct hm_err *e)
{
    git_tree_entry *entry = NULL;
    git_tree *sub = NULL;
    int code = 0;

    if (path[0] == '\0')
        return HM_OK;
    code = git_tree_entry_bypath(&entry, r->tree, path);
    if (code == 0 && git_tree_entry_type(entry) == GIT_OBJECT_TREE)
        code = git_tree_lookup(&sub, r->repo.repo, git_tree_entry_id(entry));
    git_tree_entry_free(entry);
    if (code < 0 && code != GIT_ENOTFOUND)
        return source_fail(e, "cannot read a tree");
    if (sub == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "source.revision.path",
                               "'%s' is no directory of that commit",
                               hm_show_str(path)),
                       "the path behind the colon begins at the top of the "
                       "tree");
    git_tree_free(r->tree);
    r->tree = sub;
    return HM_OK;
}

HM_MUST static hm_rc find_tree(struct hm_revision *r, const char *name,
                               struct hm_err *e)
{
    const size_t n = strcspn(name, ":");
    char *part = strndup(name, n);
    git_commit *commit = NULL;
    hm_rc rc;

    if (part == NULL)
        return hm_fail(e, HM_E_NOMEM, "source.memory",
                       "out of memory for the name of a commit");
    rc = source_find(&r->impl->repo, part, &commit, e);
    if (rc == HM_OK)
        rc = source_read_commit(commit, r->commit, &r->time, e);
    if (rc == HM_OK && git_commit_tree(&r->impl->tree, commit) < 0)
        rc = source_fail(e, "cannot read the tree of the commit");
    git_commit_free(commit);
    free(part);
    HM_TRY(rc);
    return enter(r->impl, name[n] == ':' ? name + n + 1 : "", e);
}

hm_rc hm_revision_open(struct hm_revision *r, const char *path,
                       const char *name, struct hm_err *e)
{
    HM_OWN(hm_revision) made = HM_REVISION_INIT;

    hm_revision_clear(r);
    made.impl = calloc(1, sizeof(*made.impl));
    if (made.impl == NULL)
        return hm_fail(e, HM_E_NOMEM, "source.memory",
                       "out of memory for a commit");
    HM_TRY(source_open_any(&made.impl->repo, path, e));
    if (git_repository_odb(&made.impl->odb, made.impl->repo.repo) < 0)
        return source_fail(e, "cannot open the object database");
    HM_TRY(find_tree(&made, name, e));
    made.source = (struct hm_archive_source){.context = made.impl,
                                             .list = revision_list,
                                             .open = revision_open,
                                             .read = revision_read,
                                             .check = revision_check};
    *r = made;
    made.impl = NULL;
    return HM_OK;
}
