#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "source_priv.h"

#define STAGED                                             \
    (GIT_STATUS_INDEX_NEW | GIT_STATUS_INDEX_MODIFIED |    \
     GIT_STATUS_INDEX_DELETED | GIT_STATUS_INDEX_RENAMED | \
     GIT_STATUS_INDEX_TYPECHANGE)
#define MODIFIED                                        \
    (GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_DELETED |   \
     GIT_STATUS_WT_TYPECHANGE | GIT_STATUS_WT_RENAMED | \
     GIT_STATUS_WT_UNREADABLE | GIT_STATUS_CONFLICTED)

#define MODULE_STAGED                                                        \
    (GIT_SUBMODULE_STATUS_INDEX_ADDED | GIT_SUBMODULE_STATUS_INDEX_DELETED | \
     GIT_SUBMODULE_STATUS_INDEX_MODIFIED)
#define MODULE_MODIFIED                                                \
    (GIT_SUBMODULE_STATUS_WD_ADDED | GIT_SUBMODULE_STATUS_WD_DELETED | \
     GIT_SUBMODULE_STATUS_WD_MODIFIED |                                \
     GIT_SUBMODULE_STATUS_WD_INDEX_MODIFIED |                          \
     GIT_SUBMODULE_STATUS_WD_WD_MODIFIED | GIT_SUBMODULE_STATUS_WD_UNTRACKED)

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

HM_MUST static hm_rc name_changed(struct hm_source *s, const char *path,
                                  struct hm_err *e)
{
    return s->changed.n < HM_SOURCE_NAMES ? hm_names_add(&s->changed, path, e)
                                          : HM_OK;
}

HM_MUST static hm_rc count_entry(struct hm_source *s,
                                 const git_status_entry *entry,
                                 struct hm_err *e)
{
    const git_diff_delta *delta = entry->index_to_workdir != NULL
                                      ? entry->index_to_workdir
                                      : entry->head_to_index;
    const unsigned status = entry->status;

    s->staged += (status & STAGED) != 0;
    s->modified += (status & MODIFIED) != 0;
    s->untracked += (status & GIT_STATUS_WT_NEW) != 0;
    if (delta == NULL ||
        (status & (STAGED | MODIFIED | GIT_STATUS_WT_NEW)) == 0)
        return HM_OK;
    return name_changed(s, delta->old_file.path, e);
}

HM_MUST static hm_rc read_files(struct hm_source *s, git_repository *repo,
                                struct hm_err *e)
{
    git_status_options how = {.version = GIT_STATUS_OPTIONS_VERSION};
    git_status_list *list = NULL;
    hm_rc rc = HM_OK;

    how.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
    how.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED |
                GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                GIT_STATUS_OPT_EXCLUDE_SUBMODULES |
                GIT_STATUS_OPT_INCLUDE_UNREADABLE |
                GIT_STATUS_OPT_SORT_CASE_SENSITIVELY;
    if (git_status_list_new(&list, repo, &how) < 0)
        return source_fail(e, "cannot compare the work tree with HEAD");
    for (size_t i = 0; i < git_status_list_entrycount(list) && rc == HM_OK; i++)
        rc = count_entry(s, git_status_byindex(list, i), e);
    git_status_list_free(list);
    return rc;
}

struct modules {
    struct hm_source *s;
    git_repository *repo;
    hm_rc rc;
    struct hm_err *e;
};

/* A submodule counts by its own state, whatever .gitmodules wants ignored. */
HM_MUST static hm_rc count_module(struct modules *m, git_submodule *sub,
                                  const char *name)
{
    const char *path = git_submodule_path(sub);
    unsigned status = 0;

    HM_TRY(hm_names_add(&m->s->submodules, path, m->e));
    if (git_submodule_status(&status, m->repo, name,
                             GIT_SUBMODULE_IGNORE_NONE) < 0)
        return source_fail(m->e, "cannot read the state of a submodule");
    m->s->staged += (status & MODULE_STAGED) != 0;
    m->s->modified += (status & MODULE_MODIFIED) != 0;
    if ((status & (MODULE_STAGED | MODULE_MODIFIED)) == 0)
        return HM_OK;
    return name_changed(m->s, path, m->e);
}

static int on_module(git_submodule *sub, const char *name, void *context)
{
    struct modules *m = context;

    m->rc = count_module(m, sub, name);
    return m->rc == HM_OK ? 0 : -1;
}

HM_MUST static hm_rc read_modules(struct hm_source *s, git_repository *repo,
                                  struct hm_err *e)
{
    struct modules m = {s, repo, HM_OK, e};
    const int code = git_submodule_foreach(repo, on_module, &m);

    HM_TRY(m.rc);
    return code < 0 ? source_fail(e, "cannot list the submodules") : HM_OK;
}

/* git was told to take this file as unchanged.  A file that a sparse checkout
 * left out is simply not there. */
static bool is_concealed(const git_index_entry *entry, int work_tree)
{
    struct stat st;

    if ((entry->flags & GIT_INDEX_ENTRY_VALID) == 0 &&
        (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) == 0)
        return false;
    return fstatat(work_tree, entry->path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

HM_MUST static hm_rc read_concealed(struct hm_source *s, git_repository *repo,
                                    struct hm_err *e)
{
    HM_OWN(hm_dir) tree = HM_DIR_INIT;
    git_index *index = NULL;
    hm_rc rc = HM_OK;

    HM_TRY(hm_dir_open(&tree, git_repository_workdir(repo), e));
    if (git_repository_index(&index, repo) < 0)
        return source_fail(e, "cannot read the index");
    for (size_t i = 0; i < git_index_entrycount(index) && rc == HM_OK; i++) {
        const git_index_entry *entry = git_index_get_byindex(index, i);

        if (!is_concealed(entry, tree.fd))
            continue;
        s->concealed++;
        rc = name_changed(s, entry->path, e);
    }
    git_index_free(index);
    return rc;
}

hm_rc source_read_state(struct hm_source *s, struct source_repo *r,
                        struct hm_err *e)
{
    HM_TRY(read_files(s, r->repo, e));
    HM_TRY(read_modules(s, r->repo, e));
    HM_TRY(read_concealed(s, r->repo, e));
    if (s->changed.n > 1)
        qsort(s->changed.name, s->changed.n, sizeof(*s->changed.name),
              by_bytes);
    if (s->submodules.n > 1)
        qsort(s->submodules.name, s->submodules.n, sizeof(*s->submodules.name),
              by_bytes);
    return HM_OK;
}
