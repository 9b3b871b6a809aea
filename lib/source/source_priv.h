/** @file
 * What the parts of this room share: an open repository.
 */
#ifndef SOURCE_PRIV_H
#define SOURCE_PRIV_H

#include <git2.h>

#include "hm_source.h"

/** libgit2 with only the repository's own configuration, and a repository. */
struct source_repo {
    bool is_ready;        /**< libgit2 was initialised */
    git_repository *repo; /**< owned */
};

#define SOURCE_REPO_INIT                \
    {                                   \
        .is_ready = false, .repo = NULL \
    }

/** @return as hm_source_read_commit() */
HM_MUST hm_rc source_open(struct source_repo *r, const char *path,
                          struct hm_err *e);

/** The same, and a bare repository is as good. */
HM_MUST hm_rc source_open_any(struct source_repo *r, const char *path,
                              struct hm_err *e);

void source_repo_clear(struct source_repo *r);

/** HM_E_IO `source.git.failed` with what libgit2 said. */
HM_MUST hm_rc source_fail(struct hm_err *e, const char *what);

/** The commit that @p name stands for; the caller frees it.
 * @return HM_E_USAGE `source.revision.missing|ambiguous|kind` */
HM_MUST hm_rc source_find(struct source_repo *r, const char *name,
                          git_commit **out, struct hm_err *e);

/** Id and committer's time. @return HM_E_REJECTED `source.commit.time` */
HM_MUST hm_rc source_read_commit(git_commit *commit,
                                 char id[static HM_SOURCE_COMMIT],
                                 hm_time *time, struct hm_err *e);

/** HEAD, its time, branch, tags and origin. */
HM_MUST hm_rc source_read_head(struct hm_source *s, struct source_repo *r,
                               struct hm_err *e);

/** HEAD against index against work tree. */
HM_MUST hm_rc source_read_state(struct hm_source *s, struct source_repo *r,
                                struct hm_err *e);

#endif /* SOURCE_PRIV_H */
