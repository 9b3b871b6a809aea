/** @file
 * What the parts of this room share.
 */
#ifndef REQUEST_PRIV_H
#define REQUEST_PRIV_H

#include "hm_request.h"

/** Fill r->changes from r->last and r->next. */
HM_MUST hm_rc request_compare(struct hm_request *r, struct hm_err *e);

/** Fill r->meaning and r->careful, from r->changes also. */
HM_MUST hm_rc request_explain(struct hm_request *r, const struct hm_root *root,
                              struct hm_err *e);

#define REQUEST_LIST HM_CHANGE_TEXT

/** "thermostat, boiler" into @p to. @return @p to */
const char *request_products(const struct hm_authorised_key *key,
                             char to[static REQUEST_LIST]);
/** "manifest, verification" into @p to. @return @p to */
const char *request_roles(const struct hm_authorisation *a,
                          char to[static REQUEST_LIST]);

#endif /* REQUEST_PRIV_H */
