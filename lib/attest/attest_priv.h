/** @file
 * What the parts of this room share.
 */
#ifndef ATTEST_PRIV_H
#define ATTEST_PRIV_H

#include "hm_attest.h"

/** One signature on its way into an envelope. */
struct attest_entry {
    const char *keyid; /**< borrowed */
    struct hm_bytes sig;
};

/** The one form of an envelope of ours: one line.
 * @param[out] out  cleared, then filled */
HM_MUST hm_rc attest_encode(const char *payload_type, struct hm_bytes payload,
                            const struct attest_entry *entries, size_t n,
                            struct hm_buf *out, struct hm_err *e);

/** Append the bytes of base64 in @p dialect.
 * @return HM_E_FORMAT `crypto.base64.syntax`, `attest.base64.mixed` */
HM_MUST hm_rc attest_decode_base64(struct hm_buf *to, struct hm_bytes text,
                                   enum hm_attest_dialect dialect,
                                   struct hm_err *e);

/** Is @p keyid written like an OpenSSH fingerprint? */
bool attest_is_fingerprint(const char *keyid);

/** Refuse members of @p at that are not in @p names; x_ is no exception, since
 * cosign refuses every other member at these places.
 * @return HM_E_FORMAT `json.member.unknown`, `json.member.type` */
HM_MUST hm_rc attest_only(struct hm_json at, const char *names,
                          struct hm_err *e);

/** A string member of 1..max bytes as a view that ends with NUL.
 * @return as hm_json_get_text() */
HM_MUST hm_rc attest_get_string(struct hm_json at, const char *name, size_t max,
                                const char **out, struct hm_err *e);

/** The same; @p out is NULL when the member is absent. */
HM_MUST hm_rc attest_find_string(struct hm_json at, const char *name,
                                 size_t max, const char **out,
                                 struct hm_err *e);

/** A URI as far as it matters here: a lower-case scheme, a colon, printable
 * ASCII without blanks. @return HM_E_FORMAT `attest.provenance.uri` */
HM_MUST hm_rc attest_check_uri(const char *what, const char *uri,
                               struct hm_err *e);

/** Is the pair of `_type` and `predicateType` accepted?
 * @param[out] predicate  the static spelling of the predicate type
 * @return HM_E_FORMAT `attest.statement.type`, `attest.predicate.type` */
HM_MUST hm_rc attest_check_types(const char *type, const char *predicate_type,
                                 enum hm_attest_dialect dialect,
                                 const char **predicate, struct hm_err *e);

#endif /* ATTEST_PRIV_H */
