/** @file
 * Time as Hallmark writes it: `YYYY-MM-DDThh:mm:ssZ`, seconds, UTC, years 1970
 * to 9999, proleptic Gregorian calendar without leap seconds.
 */
#ifndef HM_TIME_H
#define HM_TIME_H

#include "hm_err.h"

/** Seconds since 1970-01-01T00:00:00Z. */
typedef int64_t hm_time;

#define HM_TIME_MAX  ((hm_time)253402300799) /**< 9999-12-31T23:59:59Z */
#define HM_TIME_TEXT 21                      /**< text and NUL */

/** @param s  exactly the 20 characters
 * @return HM_E_FORMAT `base.time.syntax` (offsets, fractions, lower case,
 *         30 February, 24:00 and second 60 included) */
HM_MUST hm_rc hm_time_parse(struct hm_bytes s, hm_time *out, struct hm_err *e);

/** @param t  0..HM_TIME_MAX
 * @return @p out */
const char *hm_time_format(hm_time t, char out[static HM_TIME_TEXT]);

/** hm_time_format() into a buffer that lives as long as the block. */
#define hm_time_show(t) hm_time_format((t), (char[HM_TIME_TEXT]){0})

/** The clock.  For judging, and for acts; never for what is built. */
hm_time hm_time_now(void);

/** Time of what is built, from SOURCE_DATE_EPOCH.
 *
 * @param[out] found  false when the variable is not set; @p out is then 0
 * @return HM_E_USAGE `base.time.epoch` when set but not plain decimal seconds
 *         0..HM_TIME_MAX
 * @source reproducible-builds.org SOURCE_DATE_EPOCH specification
 */
HM_MUST hm_rc hm_time_source_date(hm_time *out, bool *found, struct hm_err *e);

/** Time of an act (authorise, issue, sign, revoke): @p issue_time if not NULL,
 * else the clock; never earlier than the act before it.
 *
 * @param previous  time of the act before, 0 when there is none
 * @return HM_E_USAGE `base.time.syntax`; HM_E_REJECTED `base.time.backwards`
 */
HM_MUST hm_rc hm_time_act(const char *issue_time, hm_time previous,
                          hm_time *out, struct hm_err *e);

#endif /* HM_TIME_H */
