/** @file
 * The tree of a commit as a source of members: read from the object database,
 * nothing is checked out.
 *
 * It is the tree that the commit names, no more: no filter runs, no line end is
 * changed, `export-ignore` and `export-subst` of .gitattributes are not looked
 * at, no object is replaced or fetched.  Files are 0644 or 0755 as git has it,
 * directories 0755; owners are 0.  Every object is checked against its id when
 * it is read, so that nothing can change between naming and reading.
 *
 * What is not done here: no signature of a commit or tag is checked.
 */
#ifndef HM_REVISION_H
#define HM_REVISION_H

#include "hm_archive_input.h"
#include "hm_source.h"

struct hm_revision {
    struct revision *impl;           /**< owned; NULL when closed */
    char commit[HM_SOURCE_COMMIT];   /**< lower-case hex */
    hm_time time;                    /**< committer's time */
    struct hm_archive_source source; /**< works while it is open */
};

#define HM_REVISION_INIT            \
    {                               \
        .impl = NULL, .commit = "", \
    }

/** Find a commit, and a directory in its tree.
 *
 * @param path  a path in a work tree, or a repository, which may be bare;
 *              parents are searched, within one file system
 * @param name  what git takes for a commit (a tag, branch, id, `HEAD~2`), then
 *              optionally `:PATH`, a directory from the top of the tree
 * @param[out] r  closed first, and on failure
 * @return HM_E_USAGE `source.repository.missing|owner`,
 *         `source.revision.missing` (nothing has that name),
 *         `source.revision.ambiguous` (an id that several objects begin with),
 *         `source.revision.kind` (no commit), `source.revision.path` (no
 *         directory in it);
 *         HM_E_REJECTED `source.commit.time`;
 *         HM_E_IO `source.git.failed`; HM_E_NOMEM
 *
 * The source also fails with HM_E_REJECTED `source.tree.name` (a name that no
 * tree may hold), `source.tree.kind`, `source.tree.link` (a target that no link
 * has), and HM_E_IO `source.git.failed` (an object that is missing or damaged).
 */
HM_MUST hm_rc hm_revision_open(struct hm_revision *r, const char *path,
                               const char *name, struct hm_err *e);

void hm_revision_clear(struct hm_revision *r);

#endif /* HM_REVISION_H */
