/** @file
 * What git knows of the source, read through libgit2.
 *
 * Only the repository itself is asked: system, global and XDG configuration
 * are switched off, the environment (GIT_DIR and friends) is not read, nothing
 * is fetched, no hook or filter runs.  A repository of another user is refused,
 * as git does.
 *
 * What is not done here: no signature of a commit or tag is checked, and a git
 * commit id is SHA-1 or SHA-256 as the repository has it.
 */
#ifndef HM_SOURCE_H
#define HM_SOURCE_H

#include "hm_file.h"
#include "hm_time.h"

#define HM_SOURCE_COMMIT  65   /**< hex and NUL: 40 or 64 digits */
#define HM_SOURCE_REF_MAX 255u /**< bytes of a reference name */
#define HM_SOURCE_URL_MAX 1023u
#define HM_SOURCE_NAMES   20u /**< most changed files that are named */
#define HM_SOURCE_TAGS    64u /**< most tags that are named */

/** The state of one work tree. */
struct hm_source {
    char commit[HM_SOURCE_COMMIT]; /**< HEAD, lower-case hex */
    hm_time commit_time;           /**< committer's time */
    /** Branch that HEAD is on, e.g. "refs/heads/main"; "" when detached. */
    char branch[HM_SOURCE_REF_MAX + 1];
    struct hm_names tags; /**< owned, sorted: "refs/tags/…" of HEAD's commit */
    /** Where `origin` is, in the form that `git+URL` wants: user names,
     * passwords, query and fragment stripped, `host:path` written as
     * ssh://host/path; "" when there is no origin or it is a local path. */
    char url[HM_SOURCE_URL_MAX + 1];
    /* Only after hm_source_read(): */
    size_t staged;              /**< index differs from HEAD */
    size_t modified;            /**< work tree differs from the index */
    size_t untracked;           /**< files that git neither has nor ignores */
    size_t concealed;           /**< files that git was told not to look at
                                  (assume-unchanged, skip-worktree) and that
                                  are there */
    struct hm_names changed;    /**< owned, sorted: the first HM_SOURCE_NAMES of
                                  them; bytes from outside */
    struct hm_names submodules; /**< owned, sorted: their paths */
};

#define HM_SOURCE_INIT                                           \
    {                                                            \
        .commit = "", .commit_time = 0, .branch = "", .url = "", \
        .tags = HM_NAMES_INIT, .changed = HM_NAMES_INIT,         \
        .submodules = HM_NAMES_INIT                              \
    }

/** Read HEAD: commit, time, branch, tags, origin.  Quick: files are not looked
 * at.
 *
 * @param path  a path in a work tree; parents are searched, within one file
 *              system
 * @param[out] s  cleared, then filled; empty after failure
 * @return HM_E_USAGE `source.repository.missing` (no repository there),
 *         `source.repository.bare` (no work tree),
 *         `source.repository.owner` (belongs to somebody else);
 *         HM_E_REJECTED `source.commit.missing` (no commit yet),
 *         `source.commit.time` (before 1970 or after 9999);
 *         HM_E_LIMIT `source.ref.long`, `source.url.long`;
 *         HM_E_FORMAT `source.url.syntax`;
 *         HM_E_IO `source.git.failed` with what libgit2 said; HM_E_NOMEM
 */
HM_MUST hm_rc hm_source_read_commit(struct hm_source *s, const char *path,
                                    struct hm_err *e);

/** hm_source_read_commit(), then compare HEAD, index and work tree.
 * @return as hm_source_read_commit() */
HM_MUST hm_rc hm_source_read(struct hm_source *s, const char *path,
                             struct hm_err *e);

/** The commit that @p name stands for: a tag, a branch, an id, `HEAD~2`; what
 * follows a colon is not looked at.
 *
 * @param path  as for hm_revision_open()
 * @param[out] id  "" on failure
 * @return HM_E_USAGE `source.repository.missing|owner`,
 *         `source.revision.missing|ambiguous|kind`;
 *         HM_E_REJECTED `source.commit.time`; HM_E_IO `source.git.failed`;
 *         HM_E_NOMEM
 */
HM_MUST hm_rc hm_source_find_commit(const char *path, const char *name,
                                    char id[static HM_SOURCE_COMMIT],
                                    hm_time *time, struct hm_err *e);

/** Does the work tree hold anything that HEAD does not name? */
bool hm_source_is_dirty(const struct hm_source *s);

/** Write @p url as provenance may show it; see hm_source.url.
 * @param[out] out  HM_SOURCE_URL_MAX + 1 bytes; "" for a local path
 * @return HM_E_LIMIT `source.url.long`; HM_E_FORMAT `source.url.syntax` (a
 *         control character, blank, no host or a query before its end) */
HM_MUST hm_rc hm_source_clean_url(const char *url, char *out, struct hm_err *e);

/** Version of the linked libgit2, e.g. "1.5.1". */
const char *hm_source_libgit2_version(void);

void hm_source_clear(struct hm_source *s);

#endif /* HM_SOURCE_H */
