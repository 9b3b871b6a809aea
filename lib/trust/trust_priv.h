/** @file
 * Keys as both documents hold them.
 */
#ifndef HM_TRUST_PRIV_H
#define HM_TRUST_PRIV_H

#include "hm_trust.h"

/** Members of a key that every document has. */
#define TRUST_KEY_MEMBERS "keyid scheme public_key"

/** Read TRUST_KEY_MEMBERS of @p at. */
HM_MUST hm_rc trust_key_read(struct hm_trust_key *key, struct hm_json at,
                             struct hm_err *e);
void trust_key_write(const struct hm_trust_key *key, struct hm_json_writer *w);
HM_MUST hm_rc trust_key_copy(struct hm_trust_key *to,
                             const struct hm_trust_key *from, struct hm_err *e);
void trust_key_clear(struct hm_trust_key *key);

/** Append a key that is retired already, checking the same rules as
 * hm_authorisation_add(). */
HM_MUST hm_rc trust_retired_add(struct hm_authorisation *a,
                                const struct hm_retired_key *retired,
                                struct hm_err *e);

/** A member that hm_trust_name_check() accepts, into to[HM_TRUST_TEXT]. */
HM_MUST hm_rc trust_name_read(struct hm_json at, const char *name, char *to,
                              struct hm_err *e);

/** Which of @p sigs does @p key make over @p document?  Adds the key to
 * @p signers once.  A key of an unknown scheme signs nothing. */
HM_MUST hm_rc trust_key_verify(const struct hm_trust_key *key,
                               struct hm_bytes document,
                               const struct hm_signatures *sigs,
                               struct hm_signers *signers, struct hm_err *e);

#endif /* HM_TRUST_PRIV_H */
