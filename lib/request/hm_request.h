/** @file
 * What a root key is asked to sign: the exact bytes, who asks and why, and what
 * changes, in words and as a list.  One file to carry to a signer who has no
 * network.
 *
 * All that is said about the documents is made from them again when a request
 * is read, and the whole file is compared byte for byte: nobody can be shown
 * other words than those of the bytes that he signs.
 *
 * What is not done here: a request is not signed itself, and who wrote it is
 * what it says.  The signer reads it; that is what it is for.
 *
 * @source docs/formats.md
 */
#ifndef HM_REQUEST_H
#define HM_REQUEST_H

#include "hm_trust.h"

#define HM_REQUEST_FORMAT    "hallmark-request/1"
#define HM_REQUEST_BYTES_MAX ((size_t)512 << 10)
#define HM_REQUEST_TEXT      201 /**< by, why, skip_reason; NUL included */

/** Which verb made it: authorise retires no key, rotate those that are
 * replaced, revoke those that are compromised or lost. */
enum hm_request_act {
    HM_ACT_AUTHORISE,
    HM_ACT_ROTATE,
    HM_ACT_REVOKE,
    HM_ACT_FIND /**< hm_request_make() is to find which */
};
#define HM_ACT_WORDS "authorise rotate revoke"

/** "authorise", … */
const char *hm_request_act_name(enum hm_request_act act);

#define HM_CHANGE_AT   128
/** Room for every product of a key, ", " between them: nothing is cut. */
#define HM_CHANGE_TEXT ((size_t)HM_TRUST_PRODUCTS_MAX * (HM_TRUST_TEXT + 1))

/** One difference between the authorisation in force and the next. */
struct hm_change {
    char at[HM_CHANGE_AT];       /**< e.g. "/keys/KEYID/valid_until" */
    char before[HM_CHANGE_TEXT]; /**< "" when there was nothing */
    char after[HM_CHANGE_TEXT];  /**< "" when there is nothing any more */
};

struct hm_changes {
    struct hm_change *change; /**< owned */
    size_t n;
};

#define HM_CHANGES_INIT        \
    {                          \
        .change = NULL, .n = 0 \
    }

struct hm_request {
    enum hm_request_act act;
    char by[HM_REQUEST_TEXT];  /**< who asks: a name, printable UTF-8 */
    char why[HM_REQUEST_TEXT]; /**< the ticket, or a reason for people */
    char skip_reason[HM_REQUEST_TEXT]; /**< why the sequence leaves numbers out;
                                            "": it does not */
    hm_time requested;
    struct hm_buf document;          /**< owned: the authorisation to sign */
    struct hm_buf before;            /**< owned: the one in force; n == 0: this
                                          is the first */
    struct hm_signatures signatures; /**< owned: of @p before */
    /* Made from these by hm_request_make(): */
    struct hm_authorisation next; /**< owned: what document says */
    struct hm_authorisation last; /**< owned: what before says */
    struct hm_names meaning;      /**< owned: sentences for people */
    struct hm_names careful;   /**< owned: those that deserve a second look */
    struct hm_changes changes; /**< owned */
};

/** Is it one line that may be shown on a terminal: 1 to HM_REQUEST_TEXT - 1
 * bytes of UTF-8 without control characters?
 * @param name  of the member, for the message
 * @return HM_E_FORMAT `request.text.syntax` */
HM_MUST hm_rc hm_request_check_text(const char *name, const char *text,
                                    struct hm_err *e);

/** How many numbers the sequence leaves out; the first one follows 0. */
uint64_t hm_request_skipped(const struct hm_request *r);

/** Make @p r empty; the struct is too large to be initialised from a
 * temporary. */
void hm_request_begin(struct hm_request *r);

/** Judge what is asked for and say what it means.
 *
 * The authorisation in force must be signed by the root before it is read.
 *
 * @param r  act, by, why, requested, document and, unless it is the first,
 *           before and its signatures are filled
 * @return HM_E_REJECTED `trust.authorisation.*` (of either document),
 *         `request.sequence.lower`, `request.skip.reason` (numbers are left out
 *         without a reason), `request.skip.none` (none is, and there is a
 *         reason), `request.issued.older`,
 *         `request.epoch.lower`, `request.key.vanished` (a key in force is
 *         neither kept nor retired), `request.retired.vanished`,
 *         `request.act.differs` (the act is another than what becomes of keys);
 *         HM_E_FORMAT `request.text.syntax` (by, why or
 *         skip_reason), as
 *         hm_authorisation_read(); HM_E_NOMEM
 */
HM_MUST hm_rc hm_request_make(struct hm_request *r, const struct hm_root *root,
                              struct hm_err *e);

/** Write the document of a request that hm_request_make() accepted.
 * @param[out] to  cleared, then filled; give it HM_REQUEST_BYTES_MAX */
HM_MUST hm_rc hm_request_write(const struct hm_request *r,
                               const struct hm_root *root, struct hm_buf *to,
                               struct hm_err *e);

/** Read a request: strict JSON, hm_request_make(), and the same bytes again.
 * @param[out] r  filled; empty after failure
 * @return as hm_request_make(); HM_E_FORMAT `json.*`, `crypto.base64.syntax`;
 *         HM_E_REJECTED `request.words.differ` (it says something else than its
 *         documents), `request.root.differs` (made for another root set) */
HM_MUST hm_rc hm_request_read(struct hm_request *r, struct hm_bytes bytes,
                              const struct hm_root *root, struct hm_err *e);

void hm_request_clear(struct hm_request *r);
void hm_changes_clear(struct hm_changes *c);

#endif /* HM_REQUEST_H */
