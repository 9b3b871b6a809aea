/** @file
 * The repository: what is published, and the one way to change it.
 *
 * What is not done here: no signature is checked and no verdict given.  What a
 * function reads from a repository is for planning; hm_release_publish() asks
 * its caller to judge the bytes that will be published.
 *
 * @source docs/formats.md
 */
#ifndef HM_REPOSITORY_H
#define HM_REPOSITORY_H

#include "hm_file.h"
#include "hm_text.h"
#include "hm_time.h"

#define HM_RELEASE_NAME_MAX 63u /**< bytes of a name, id or word */

#define HM_REPOSITORY_LIVE     "live"
#define HM_REPOSITORY_HISTORY  "history"
#define HM_REPOSITORY_RELEASES "releases"
#define HM_REPOSITORY_ROOTS    "roots"

/** An open repository; the lock, when held, is exclusive and dies with the
 * process. */
struct hm_repository {
    struct hm_dir dir; /**< owned */
    int lock;          /**< owned descriptor; -1: opened for reading */
};

#define HM_REPOSITORY_INIT             \
    {                                  \
        .dir = HM_DIR_INIT, .lock = -1 \
    }

/** Open for reading; nothing is created or changed.
 * @return HM_E_IO `base.dir.open`; HM_E_REJECTED `release.repository.stranger`
 *         (a directory with something in it that is no repository) */
HM_MUST hm_rc hm_release_open_repository(struct hm_repository *repo,
                                         const char *path, struct hm_err *e);

/** Open to publish: create it when it is missing, take the lock (waiting at
 * most @p wait_seconds), and clear away what an interrupted run left.
 *
 * @param[out] cleaned  names of what was removed, relative to the repository
 * @return also HM_E_IO `release.repository.locked`, `base.dir.make`;
 *         HM_E_REJECTED `release.repository.broken`
 */
HM_MUST hm_rc hm_release_lock_repository(struct hm_repository *repo,
                                         const char *path,
                                         unsigned wait_seconds,
                                         struct hm_names *cleaned,
                                         struct hm_err *e);

void hm_repository_clear(struct hm_repository *repo);

/** One manifest that was served: history/EPOCH-SEQUENCE/. */
struct hm_release_served {
    uint64_t epoch, sequence;
    char folder[64]; /**< "history/1-7" */
};

struct hm_release_history {
    struct hm_release_served *served; /**< owned; oldest first */
    size_t n;
};

#define HM_RELEASE_HISTORY_INIT \
    {                           \
        .served = NULL, .n = 0  \
    }

/** Every manifest ever served, by (epoch, sequence); empty for an empty
 * repository.  @return HM_E_REJECTED `release.history.name`; HM_E_IO */
HM_MUST hm_rc hm_release_list_history(const struct hm_repository *repo,
                                      struct hm_release_history *out,
                                      struct hm_err *e);
void hm_release_history_clear(struct hm_release_history *h);

/** The versions under releases/, in the order of versions.
 * @return HM_E_REJECTED `release.version.name`; HM_E_IO */
HM_MUST hm_rc hm_release_list_versions(const struct hm_repository *repo,
                                       struct hm_names *out, struct hm_err *e);

/** What the repository says of itself now; a repository that is not open
 * (dir.fd -1) is empty.  Read from the live pair without
 * checking signatures: for planning, or after the caller verified them. */
struct hm_release_state {
    bool empty; /**< nothing was published yet: everything below is 0 */
    struct hm_release_served live;    /**< folder that `live` names */
    struct hm_release_served highest; /**< of history/: never below live; the
                                           next manifest must be above it */
    char vendor[HM_RELEASE_NAME_MAX + 1], product[HM_RELEASE_NAME_MAX + 1];
    struct hm_version version;
    uint64_t epoch, sequence, rollback_counter;
    hm_time timestamp, expires;
    uint64_t authorisation_sequence;
    uint8_t authorisation_sha256[32];
};

/** @return HM_E_REJECTED `release.repository.broken` (live names nothing, or
 *          another manifest than its folder says; or history without live); what the readers of
 *          manifest.json and authorisation.json say; HM_E_IO */
HM_MUST hm_rc hm_release_read_state(const struct hm_repository *repo,
                                    struct hm_release_state *out,
                                    struct hm_err *e);

/** hm_release_read_state() of the repository at @p path for who plans the next
 * release; a path where nothing exists yet is an empty repository. */
HM_MUST hm_rc hm_release_plan_state(const char *path,
                                    struct hm_release_state *out,
                                    struct hm_err *e);

/** How far a sequence may rise at once.  Devices refuse a lower one for ever, so
 * a bug or a thief that runs it up would lock them out. */
#define HM_RELEASE_SEQUENCE_JUMP 1000u

/** How to publish. */
struct hm_release_publishing {
    /** Judge the release in @p dir.  Called for the source, and again for the
     * copy inside the repository, read back (or for the one that is there
     * already).  Only HM_OK lets go on. */
    hm_rc (*judge)(void *context, const struct hm_dir *dir, struct hm_err *e);
    void *context;
    struct hm_bytes root; /**< bytes of root.json, for roots/SHA256.json */
    bool dry_run;         /**< everything but the writing */
};

/** What was published (or would be). */
struct hm_release_published {
    char folder[64];                /**< "history/1-7" */
    char release[64];               /**< "releases/1.0.1" */
    bool refreshed;                 /**< the version was there: a new manifest
                                         for the same release */
    struct hm_release_state before; /**< what was live */
    bool already; /**< exactly this is live already: nothing was written */
    struct hm_version version; /**< of the release */
    bool is_lower; /**< it is below the version that was live, which devices may
                        run: not refused, but rarely meant */
    bool untidy;   /**< published, but the work folder could not be removed: the
                      next run does it */
};

/** Publish the release directory @p from, or change nothing: copy into a
 * folder of its own, fsync, judge the copy, rename to releases/VERSION and
 * history/EPOCH-SEQUENCE, and switch `live` by one rename.
 *
 * A version that is published already is accepted only as a refresh: the same
 * index.json and a manifest that differs in epoch, sequence, timestamp and
 * expires alone; releases/VERSION then stays as it is.
 *
 * What is live already, with the same signature files, is accepted without
 * writing anything when its release is in place and judged well.
 *
 * @param repo  locked; for a dry run opened for reading, or not open when
 *              there is none yet
 * @return what judge said; HM_E_REJECTED `release.product.differs`,
 *         `release.sequence.lower` (or equal, epoch included),
 *         `release.sequence.jump` (more than HM_RELEASE_SEQUENCE_JUMP above the
 *         highest ever served in its epoch, 0 for a new epoch; an empty
 *         repository knows none and takes any),
 *         `release.timestamp.older`, `release.version.published`,
 *         `release.authorisation.lower`, `release.authorisation.differs` (same
 *         sequence, other bytes), `release.rollback.lower`,
 *         `release.copy.differs` (the copy is not what was judged);
 *         HM_E_IO `release.repository.write` and `base.*`
 */
HM_MUST hm_rc hm_release_publish(struct hm_repository *repo,
                                 const struct hm_dir *from,
                                 const struct hm_release_publishing *how,
                                 struct hm_release_published *out,
                                 struct hm_err *e);

#endif /* HM_REPOSITORY_H */
