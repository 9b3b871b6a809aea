/** @file
 * Claims, what supports them, and how facts decide.
 */
#ifndef CLAIMS_PRIV_H
#define CLAIMS_PRIV_H

#include "evidence_priv.h"

/** The text of the law that the points refer to. */
#define EV_LAW_TITLE "Regulation (EU) 2024/2847 (Cyber Resilience Act)"
#define EV_LAW_ELI   "http://data.europa.eu/eli/reg/2024/2847/oj"
#define EV_LAW_DATE  "2024-11-20" /**< OJ L, 2024/2847 */
#define EV_GUIDE_TITLE \
    "ENISA Technical Advisory on Secure Update Mechanisms, closing table"
#define EV_GUIDE_DATE "2026-05" /**< draft, version 0.1 */

/** Where the checks of a piece of evidence are looked for. */
enum ev_scope {
    EV_SCOPE_HANDED_IN, /**< nothing is checked; a person hands it in */
    EV_SCOPE_RELEASES,  /**< every release must show it */
    EV_SCOPE_SECURITY,  /**< every security update must show it */
    EV_SCOPE_SERVED,    /**< every manifest ever served must show it */
    EV_SCOPE_HISTORY    /**< shown of the repository as a whole */
};

/** One piece of evidence. */
struct ev_item {
    const char *id; /**< NULL ends the table */
    const char *title;
    enum ev_scope scope;
    const char *checks;  /**< words; a check counts that begins with one */
    const char *files;   /**< words; fnmatch(3) patterns of names in the pack */
    const char *kind;    /**< of attachments */
    const char *missing; /**< why it is absent when nothing better is known */
};

struct ev_law {
    const char *point; /**< NULL ends the table */
    const char *about;
};

struct ev_claim {
    const char *id, *title;
    const struct ev_item *items;
    const struct ev_law *law;
};

/** @param i  below HM_EVIDENCE_CLAIMS */
const struct ev_claim *ev_claim_at(size_t i);

/** What the facts say about one item. */
struct ev_row {
    const struct ev_item *item; /**< static */
    enum hm_evidence_status status;
    const char
        *reason; /**< static: why it is absent or does not apply; or "" */
    const char
        *detail;     /**< borrowed from the facts: what a check said; or "" */
    unsigned passed; /**< checks that passed */
    struct hm_names files; /**< owned; names in the pack, sorted */
};

/** One claim with its rows. */
struct ev_verdict {
    const struct ev_claim *claim; /**< static */
    struct ev_row *row;           /**< owned */
    size_t n;
};

struct ev_verdicts {
    struct ev_verdict claim[HM_EVIDENCE_CLAIMS];
};

#define EV_VERDICTS_INIT      \
    {                         \
        .claim = { {.n = 0} } \
    }

/** Does @p finding count for @p item? */
bool ev_item_counts(const struct ev_item *item,
                    const struct hm_finding *finding);

/** Lay the facts against the claims. @p pack is sorted.
 * @return HM_E_NOMEM */
HM_MUST hm_rc ev_judge_claims(const struct ev_facts *facts,
                              const struct ev_pack *pack,
                              struct ev_verdicts *out, struct hm_err *e);

void ev_verdicts_clear(struct ev_verdicts *v);

/** The weakest status of the rows that apply. */
enum hm_evidence_status ev_weakest(const struct ev_verdict *v);

#endif /* CLAIMS_PRIV_H */
