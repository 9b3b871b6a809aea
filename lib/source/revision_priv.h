/** @file
 * What the parts of a revision share.
 */
#ifndef REVISION_PRIV_H
#define REVISION_PRIV_H

#include "hm_revision.h"
#include "source_priv.h"

struct revision {
    struct source_repo repo; /**< owned */
    git_tree *tree;          /**< owned: what is packed */
    git_odb *odb;            /**< owned */
    git_odb_object *blob;    /**< owned: the file being read, whole */
    size_t at;               /**< bytes of it that were read */
};

/** Name everything in the tree. */
HM_MUST hm_rc revision_list(void *context, struct hm_archive_items *to,
                            struct hm_err *e);

HM_MUST hm_rc revision_open(void *context, const struct hm_archive_item *item,
                            struct hm_err *e);
HM_MUST hm_rc revision_read(void *context, uint8_t *to, size_t max, size_t *got,
                            struct hm_err *e);
HM_MUST hm_rc revision_check(void *context, const struct hm_archive_item *item,
                             struct hm_err *e);

/** libgit2 could not read the object of @p path.
 * @return HM_E_IO `source.git.failed`, and what to do */
HM_MUST hm_rc revision_lacks(const char *path, struct hm_err *e);

/** Read a blob whole.  HM_E_IO `source.git.failed`, and what to do. */
HM_MUST hm_rc revision_load(struct revision *r, const git_oid *id,
                            const char *path, git_odb_object **out,
                            struct hm_err *e);

#endif /* REVISION_PRIV_H */
