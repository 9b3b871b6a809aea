/** @file
 * Who would take the next release, before anything is signed: cohorts of
 * devices by what they trust and remember, and the verdict of each.
 *
 * A cohort stands for all devices in one state: root set, newest authorisation
 * and manifest that were seen, installed version, rollback counter, clock.  The
 * verdict and its reason are those of lib/device; a test holds the two to the
 * same answer.
 *
 * What is not done here: no signature is looked at, for there is none yet; who
 * will sign is said by the caller.  No artefact is opened (check 5).
 *
 * @source docs/formats.md
 */
#ifndef HM_REHEARSE_H
#define HM_REHEARSE_H

#include "hm_manifest.h"
#include "hm_trust.h"

#define HM_COHORTS_FORMAT    "hallmark-cohorts/1"
#define HM_COHORTS_BYTES_MAX ((size_t)1 << 20)
#define HM_COHORTS_MAX       1000u
#define HM_COHORT_TEXT       161 /**< name of a cohort; NUL included */

/** What a device's clock says. */
enum hm_clock {
    HM_CLOCK_RIGHT, /**< the time of the rehearsal */
    HM_CLOCK_NONE,
    HM_CLOCK_AT /**< some other time */
};

struct hm_cohort {
    char name[HM_COHORT_TEXT]; /**< for people */
    uint64_t devices;          /**< how many; 0: not said */
    char model[HM_TRUST_TEXT];
    char hardware[HM_TRUST_TEXT];
    uint8_t root_sha256[HM_SHA256_SIZE]; /**< of the root set provisioned */
    bool accepts_stale;                  /**< stale: accept-if-sequence-rises */
    bool has_version;
    struct hm_version version; /**< installed and confirmed */
    uint64_t rollback_counter;
    bool has_authorisation; /**< one was seen */
    uint64_t authorisation_sequence;
    bool has_authorisation_sha256;
    uint8_t authorisation_sha256[HM_SHA256_SIZE];
    bool has_manifest; /**< one was accepted */
    uint64_t epoch, sequence;
    hm_time timestamp;
    bool has_manifest_sha256;
    uint8_t manifest_sha256[HM_SHA256_SIZE];
    enum hm_clock clock;
    hm_time at; /**< HM_CLOCK_AT */
};

struct hm_cohorts {
    struct hm_cohort *cohort; /**< owned */
    size_t n;
};

#define HM_COHORTS_INIT        \
    {                          \
        .cohort = NULL, .n = 0 \
    }

/** Read a hallmark-cohorts/1, strictly.
 * @param root  what a cohort that names no root set was provisioned with
 * @return HM_E_FORMAT, HM_E_LIMIT `json.*`, `base.*`, `trust.name.syntax`;
 *         HM_E_REJECTED `rehearse.cohort.twice` (two of one name),
 *         `rehearse.text.syntax`; HM_E_NOMEM.
 *         The file is configuration: callers use hm_as_usage(). */
HM_MUST hm_rc hm_cohorts_read(struct hm_cohorts *out, struct hm_bytes bytes,
                              const struct hm_root *root, struct hm_err *e);

/** The states that devices of a repository may be in: for each manifest that
 * was served, the devices that took it and saw nothing newer, with a clock and
 * without; and those that left the factory empty.
 *
 * @param path  of the repository; read without checking signatures
 * @return HM_E_REJECTED `release.*` of a broken repository; HM_E_LIMIT
 *         `rehearse.cohort.count`; HM_E_IO; HM_E_NOMEM */
HM_MUST hm_rc hm_cohorts_from_history(struct hm_cohorts *out, const char *path,
                                      const struct hm_root *root,
                                      struct hm_err *e);

/** Append a copy. @return HM_E_LIMIT `rehearse.cohort.count`; HM_E_NOMEM */
HM_MUST hm_rc hm_cohorts_add(struct hm_cohorts *to, const struct hm_cohort *c,
                             struct hm_err *e);

void hm_cohorts_clear(struct hm_cohorts *c);

#define HM_REHEARSE_SIGNERS HM_SIGNATURES_MAX

/** What would be offered; all borrowed. */
struct hm_offer {
    const struct hm_root *root; /**< whose keys sign the authorisation */
    const struct hm_authorisation *authorisation;    /**< with its sha256 */
    const struct hm_manifest *manifest;              /**< with its sha256 */
    char signer[HM_REHEARSE_SIGNERS][HM_SHA256_HEX]; /**< of the manifest */
    size_t signers;
    hm_time now;
    bool any_device; /**< check 2 is not asked: for a release to come */
};

/** The keys of the authorisation that may sign this manifest, of every role
 * that must: who will sign when nothing else is known. */
void hm_offer_assume_signers(struct hm_offer *offer);

/** The five checks: 1 signature … 4 anti-rollback; 5 is the download. */
#define HM_REHEARSE_YES 5u

struct hm_cohort_verdict {
    unsigned check;         /**< that said no; HM_REHEARSE_YES: none did */
    const char *reason;     /**< of lib/device, e.g. "manifest.expired"; static;
                                  "" for a yes */
    char text[HM_SHOW_MAX]; /**< what was found, for people; "" for a yes */
    bool is_installed;      /**< this version runs already, whatever the
                                 verdict: it needs nothing */
};

/** Would a device of this cohort take what is offered? */
void hm_cohort_judge(const struct hm_cohort *c, const struct hm_offer *offer,
                     struct hm_cohort_verdict *out);

#define HM_REHEARSE_PAGE_MAX ((size_t)16 << 20)

/** Write the rehearsal as a page that stands alone, with a picture.
 * @param verdicts  one a cohort
 * @param[out] to   cleared, then filled; give it HM_REHEARSE_PAGE_MAX
 * @return HM_E_LIMIT, HM_E_NOMEM */
HM_MUST hm_rc hm_rehearse_write_page(const struct hm_offer *offer,
                                     const struct hm_cohorts *cohorts,
                                     const struct hm_cohort_verdict *verdicts,
                                     struct hm_buf *to, struct hm_err *e);

/** "signature", "applicability", "freshness", "anti-rollback" for 1..4. */
const char *hm_rehearse_check_name(unsigned check);

#endif /* HM_REHEARSE_H */
