/** @file
 * What the parts of this room share.
 */
#ifndef CEREMONY_PRIV_H
#define CEREMONY_PRIV_H

#include "hm_ceremony.h"

/** Put member "evidence" of a part: "absent" or what its machine said. */
void ceremony_put_evidence(struct hm_json_writer *w,
                           const struct hm_ceremony_part *part);

/** Get it. @return HM_E_FORMAT, HM_E_LIMIT `json.*` */
HM_MUST hm_rc ceremony_get_evidence(struct hm_json at,
                                    struct hm_ceremony_part *part,
                                    struct hm_err *e);

/** Do its numbers, the reason and the keys fit each other?
 * @return as hm_ceremony_read() */
HM_MUST hm_rc ceremony_check(const struct hm_ceremony *c, struct hm_err *e);

#endif /* CEREMONY_PRIV_H */
