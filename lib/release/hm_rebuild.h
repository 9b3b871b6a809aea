/** @file
 * A release packed again: does the tree that somebody built give the archive
 * that was released?
 *
 * What is not done here: no signature is checked.  hallmark-verify says whose
 * release it is; this says what it was made from.
 */
#ifndef HM_REBUILD_H
#define HM_REBUILD_H

#include "hm_archive.h"
#include "hm_manifest.h"
#include "hm_release.h"

/** A release that is to be packed again. */
struct hm_rebuild {
    struct hm_dir dir;           /**< owned: the release directory */
    struct hm_manifest manifest; /**< owned: manifest.json in it */
    struct hm_release release;   /**< owned: records/release.json in it */
};

#define HM_REBUILD_INIT                                   \
    {                                                     \
        .dir = HM_DIR_INIT, .manifest = HM_MANIFEST_INIT, \
        .release = HM_RELEASE_INIT                        \
    }

/** Open the release directory at @p path and read what it says of itself, each
 * file only when its digest is the one in the file above it: manifest.json,
 * index.json, records/release.json.
 *
 * @return what the readers of the three say; HM_E_REJECTED
 *         `release.index.differs` (index.json is not the one that the manifest
 *         binds), `release.record.withheld` (records/release.json is not in
 *         this copy), `release.record.differs` (it is not the one that the
 *         index binds, or of another product or version); HM_E_IO
 */
HM_MUST hm_rc hm_rebuild_open(struct hm_rebuild *r, const char *path,
                              struct hm_err *e);

/** One archive, packed again. */
struct hm_rebuilt {
    char name[HM_NAME_MAX + 1]; /**< e.g. "artefacts/x-1.0.1.tar.gz" */
    hm_time time;               /**< of its members: what it is packed with */
    struct hm_archive_result before; /**< as released */
    struct hm_archive_result now;
    struct hm_archive_difference d; /**< A: as released; B: now */
};

/** What an artefact is packed from this time; all borrowed. */
struct hm_rebuild_input {
    const struct hm_dir *tree;              /**< of an artefact from a tree */
    const struct hm_archive_source *commit; /**< of one from a commit */
    /** NULL unless release.json names a permissions table. */
    const struct hm_archive_permissions *permissions;
};

/** Pack artefact @p i of release.json as it was packed, and compare.
 *
 * The released archive is digested first and must be the one in the manifest.
 * The time is that of its own members.  No rule keeps a file out: that was
 * judged when it was released; patterns, modes and owners are those of
 * release.json.  What is packed goes into a temporary file without a name (in
 * TMPDIR, else /tmp).
 *
 * @return HM_OK also when the two differ (see out->d); HM_E_USAGE
 *         `release.rebuild.tree` (the artefact is a file that was ready, or
 *         @p in holds nothing for it), `release.rebuild.permissions` (it was
 *         packed with a permissions table and @p in has none, or the other way
 *         round); HM_E_REJECTED `release.artefact.differs` (not the one in the
 *         manifest), `release.artefact.missing`; what hm_archive_pack() and
 *         hm_archive_compare() say; HM_E_IO `release.rebuild.temporary`
 */
HM_MUST hm_rc hm_rebuild_artefact(const struct hm_rebuild *r, size_t i,
                                  const struct hm_rebuild_input *in,
                                  struct hm_rebuilt *out, struct hm_err *e);

void hm_rebuild_clear(struct hm_rebuild *r);

#endif /* HM_REBUILD_H */
