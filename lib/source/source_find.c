#include <stdlib.h>

#include "source_priv.h"

HM_MUST static hm_rc refuse(int code, const char *name, struct hm_err *e)
{
    const char *shown = hm_show_str(name);

    if (code == GIT_EAMBIGUOUS)
        return hm_fail(e, HM_E_USAGE, "source.revision.ambiguous",
                       "'%s' is the beginning of several ids", shown);
    if (code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "source.revision.missing",
                               "the git repository knows no commit '%s'",
                               shown),
                       "git fetch --tags, in a shallow clone git fetch "
                       "--unshallow, or see git log for one");
    return hm_context(e, source_fail(e, "libgit2"), "cannot find commit '%s'",
                      shown);
}

hm_rc source_find(struct source_repo *r, const char *name, git_commit **out,
                  struct hm_err *e)
{
    git_object *object = NULL;
    int code = name[0] == '\0' ? GIT_ENOTFOUND
                               : git_revparse_single(&object, r->repo, name);
    bool is_commit = false;

    if (code < 0)
        return refuse(code, name, e);
    is_commit =
        git_object_peel((git_object **)out, object, GIT_OBJECT_COMMIT) == 0;
    git_object_free(object);
    if (!is_commit)
        return hm_fail(e, HM_E_USAGE, "source.revision.kind",
                       "'%s' is no commit, and only a commit has a time",
                       hm_show_str(name));
    return HM_OK;
}

hm_rc hm_source_find_commit(const char *path, const char *name,
                            char id[static HM_SOURCE_COMMIT], hm_time *time,
                            struct hm_err *e)
{
    HM_OWN(source_repo) r = SOURCE_REPO_INIT;
    char *part = strndup(name, strcspn(name, ":"));
    git_commit *commit = NULL;
    hm_rc rc;

    id[0] = '\0';
    if (part == NULL)
        return hm_fail(e, HM_E_NOMEM, "source.memory",
                       "out of memory for the name of a commit");
    rc = source_open_any(&r, path, e);
    if (rc == HM_OK)
        rc = source_find(&r, part, &commit, e);
    if (rc == HM_OK)
        rc = source_read_commit(commit, id, time, e);
    git_commit_free(commit);
    free(part);
    return rc;
}
