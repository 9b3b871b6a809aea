/** @file
 * What a key that was stolen or lost has touched: the published files that it
 * signed, what must be signed again, which devices cannot be reached any more,
 * and a record of it that a report can start from.
 *
 * What is not done here: nothing is judged genuine.  A signature that the key
 * made after it was stolen looks like any other; only times that the documents
 * give themselves, and the ledger, tell one from the other.  No deadline is
 * law: the record names the article that it counts from.
 *
 * @source docs/formats.md; Regulation (EU) 2024/2847 Art. 14
 */
#ifndef HM_INCIDENT_H
#define HM_INCIDENT_H

#include "hm_rehearse.h"

#define HM_INCIDENT_FORMAT    "hallmark-incident/1"
#define HM_INCIDENT_BYTES_MAX ((size_t)8 << 20)
#define HM_INCIDENT_TEXT      201 /**< by, why; NUL included */

enum hm_touched_kind { HM_TOUCHED_MANIFEST, HM_TOUCHED_ATTESTATION };

/** A published file that the key signed. */
struct hm_touched {
    enum hm_touched_kind kind;
    char name[2 * HM_NAME_MAX]; /**< in the repository, e.g.
                                     "history/1-2/manifest.json" */
    struct hm_version version;  /**< of the release */
    hm_time timestamp;          /**< a manifest's own; 0 for an attestation */
    bool is_served;             /**< devices are given it now */
    bool is_after;     /**< it says that it is from after the key was stolen */
    bool still_stands; /**< keys in force sign it in every role that must */
};

struct hm_touched_list {
    struct hm_touched *touched; /**< owned */
    size_t n;
};

/** One key that went, what it touched, and who can still be reached. */
struct hm_incident {
    char vendor[HM_TRUST_TEXT];
    char product[HM_TRUST_TEXT];
    char by[HM_INCIDENT_TEXT];           /**< who noticed */
    char why[HM_INCIDENT_TEXT];          /**< the ticket, for people */
    hm_time aware;                       /**< when it was noticed */
    const struct hm_retired_key *key;    /**< borrowed */
    const struct hm_authorisation *last; /**< borrowed: the one in force */
    const struct hm_authorisation *next; /**< borrowed: the key is retired */
    struct hm_touched_list touched;      /**< owned */
    struct hm_cohorts cohorts;           /**< owned */
    struct hm_cohort_verdict *verdicts;  /**< owned, one a cohort */
};

/** Make @p incident empty. */
void hm_incident_begin(struct hm_incident *incident);

/** Find what incident->key signed in the repository at @p path: every manifest
 * that was served and every attestation of every release.
 *
 * @return as hm_release_open_repository() and what the readers say of a broken
 *         repository; HM_E_LIMIT `incident.touched.count`; HM_E_NOMEM */
HM_MUST hm_rc hm_incident_find(struct hm_incident *incident, const char *path,
                               struct hm_err *e);

/** Would the cohorts take the served manifest of @p path, issued anew under
 * incident->next?  Fills verdicts; applicability is not asked, since any later
 * release decides that.
 *
 * @param root  of the vendor
 * @return as hm_incident_find() */
HM_MUST hm_rc hm_incident_judge(struct hm_incident *incident, const char *path,
                                const struct hm_root *root, struct hm_err *e);

/** Write the record.  @param[out] to  HM_INCIDENT_BYTES_MAX */
HM_MUST hm_rc hm_incident_write(const struct hm_incident *incident,
                                struct hm_buf *to, struct hm_err *e);

/** What is to be done about a file, for people; "" for nothing. */
const char *hm_touched_advice(const struct hm_touched *t);

void hm_incident_clear(struct hm_incident *incident);

#endif /* HM_INCIDENT_H */
