/** @file
 * The parts of the host around the device verifier.
 */
#ifndef HM_SLOTS_PRIV_H
#define HM_SLOTS_PRIV_H

#include "hm_slots.h"

#define SLOTS_STATE    "state.json"
#define SLOTS_ROOT     "root.json"
#define SLOTS_LOG      "update.log"
#define SLOTS_LOCK     "lock"
#define SLOTS_STAGING  "staging"
#define SLOTS_FOLDER   "slots"
#define SLOTS_IMAGES   "images"
#define SLOTS_ROOTFS   "rootfs"
#define SLOTS_SIGNED   2u /**< documents that signatures go with */
#define SLOTS_SIGS_MAX HM_DEVICE_SIGNATURES

#define SLOTS_STATE_MAX (256u << 10)
#define SLOTS_LOG_MAX   (64u << 20)

/** 1..63 bytes of [A-Za-z0-9._-]: a vendor, product, model, hardware. */
bool slots_is_name(const char *text);

/** Replace state.json. */
HM_MUST hm_rc slots_save(struct hm_slots *s, struct hm_err *e);

/** Make @p name below @p at, reachable by its owner only. */
HM_MUST hm_rc slots_make_dir(struct hm_dir *d, const struct hm_dir *at,
                             const char *name, struct hm_err *e);

/** Rename @p from to @p to, both below @p at, and sync it. */
HM_MUST hm_rc slots_rename(const struct hm_dir *at, const char *from,
                           const char *to, struct hm_err *e);

void slots_slot_clear(struct hm_slot *slot);

/** Remove what only an interrupted run can have left. */
HM_MUST hm_rc slots_tidy(const struct hm_dir *dir, struct hm_err *e);

HM_MUST hm_rc slots_lock(struct hm_slots *s, struct hm_err *e);

/** Path of a slot below the device's folder, e.g. "slots/b". */
const char *slots_path(int slot);

/** What a slot holds, for the log and for people. */
void slots_tell(const struct hm_slots_state *state, int slot,
                struct hm_slots_outcome *out);

/* ---- the log ------------------------------------------------------------ */

/** Add one line about an act that ended with @p rc, then save the state: a
 * success is one only when it is logged and stored.  A dry run is neither.
 *
 * @param e  on entry what made @p rc; a failure of the log is told only when
 *           the act itself had succeeded
 * @return @p rc, or why it could not be logged
 */
HM_MUST hm_rc slots_finish(struct hm_slots *s, const char *verb,
                           const struct hm_slots_judging *how,
                           const struct hm_slots_outcome *out, hm_rc rc,
                           struct hm_err *e);

/* ---- what a repository offers --------------------------------------------- */

/** A document and its signatures; bytes above the limit are not read, then only
 * n of the view is set. */
struct slots_document {
    struct hm_buf bytes;               /**< owned */
    struct hm_buf sig[SLOTS_SIGS_MAX]; /**< owned */
    size_t sigs;
    uint64_t size;
};

struct slots_offer {
    struct hm_buf root;                      /**< owned */
    struct hm_dir dir;                       /**< owned: the repository */
    struct slots_document doc[SLOTS_SIGNED]; /**< authorisation, manifest */
};

#define SLOTS_OFFER_INIT                                             \
    {                                                                \
        .root = HM_BUF_INIT(HM_DEVICE_ROOT_MAX), .dir = HM_DIR_INIT, \
    }

/** Read everything that the checks 0 to 4 need, following `live` once.
 * @return HM_E_USAGE `device.repository.missing` (no --from);
 *         HM_E_REJECTED `manifest.missing`, `authorisation.missing`; HM_E_IO */
HM_MUST hm_rc slots_offer_read(struct slots_offer *o, const struct hm_slots *s,
                               const struct hm_slots_judging *how,
                               struct hm_err *e);

/** Open an artefact of version @p version. @return HM_E_REJECTED
 * `artefact.missing`; HM_E_IO */
HM_MUST hm_rc slots_offer_open(const struct slots_offer *o, const char *version,
                               const char *name, struct hm_file *f,
                               struct hm_err *e);
void slots_offer_clear(struct slots_offer *o);

/* ---- verdicts --------------------------------------------------------------- */

/** An offer, judged. */
struct slots_case {
    struct slots_offer offer;      /**< owned */
    struct hm_slots_crypto crypto; /**< owned */
    struct hm_device_result result;
};

#define SLOTS_CASE_INIT                                           \
    {                                                             \
        .offer = SLOTS_OFFER_INIT, .crypto = HM_SLOTS_CRYPTO_INIT \
    }

void slots_case_clear(struct slots_case *c);

/** Read, judge, and raise the state in memory; out->answer says the rest. */
HM_MUST hm_rc slots_judge(struct hm_slots *s, struct slots_case *c,
                          const struct hm_slots_judging *how,
                          struct hm_slots_outcome *out, struct hm_err *e);

/** A verdict of lib/device as a failure with expected and found. */
HM_MUST hm_rc slots_refuse(const struct hm_slots_state *state,
                           const struct hm_device_result *r, struct hm_err *e);

/** The same for check 5 about one artefact. */
HM_MUST hm_rc slots_refuse_artefact(const char *reason,
                                    const struct hm_device_artefact *a,
                                    uint64_t found, struct hm_err *e);

/* ---- installing -------------------------------------------------------------- */

/** Check 5 and everything into staging/new; @p slot describes it.
 * @param[out] check  5 when the artefact was refused, else unchanged */
HM_MUST hm_rc slots_stage(const struct hm_slots *s, struct slots_case *c,
                          struct hm_slot *slot, int *check, struct hm_err *e);

/** Put staging/new in the place of a slot that the stored state says is
 * empty. */
HM_MUST hm_rc slots_put(const struct hm_slots *s, int slot, struct hm_err *e);

/** Are the images and the tree in a slot what was installed?
 * @return HM_E_REJECTED `device.slot.changed`; HM_E_IO */
HM_MUST hm_rc slots_check_slot(const struct hm_slots *s, int slot,
                               struct hm_err *e);

/** Start rootfs/sbin/init of a slot and wait.
 * @return HM_E_REJECTED `device.boot.unhealthy` (not started, killed, said no);
 *         HM_E_IO */
HM_MUST hm_rc slots_run(const struct hm_slots *s, int slot,
                        const struct hm_slots_start *how,
                        struct hm_slots_boot *boot, struct hm_err *e);

#endif /* HM_SLOTS_PRIV_H */
