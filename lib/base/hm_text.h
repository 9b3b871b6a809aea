/** @file
 * Small text forms: lower-case hex, decimal numbers, versions.
 */
#ifndef HM_TEXT_H
#define HM_TEXT_H

#include "hm_buf.h"

/** Write @p in as lower-case hex and a NUL; @p out holds 2 * in.n + 1. */
void hm_hex_write(struct hm_bytes in, char *out);

/** Read exactly @p n bytes from 2 * n lower-case hex digits.
 * @return HM_E_FORMAT `base.hex.syntax` */
HM_MUST hm_rc hm_hex_read(struct hm_bytes text, uint8_t *out, size_t n,
                          struct hm_err *e);

/** Read a decimal number without sign and leading zeros, at most @p max.
 * @return HM_E_FORMAT `base.number.syntax`; HM_E_LIMIT `base.number.range` */
HM_MUST hm_rc hm_number_read(struct hm_bytes text, uint64_t max, uint64_t *out,
                             struct hm_err *e);

#define HM_VERSION_PARTS 4
#define HM_VERSION_TEXT  44 /**< four parts below 2^31, dots, NUL */

/** Two to four dotted decimals below 2^31 without leading zeros; parts that
 * are not written compare as 0, so 1.0 equals 1.0.0. */
struct hm_version {
    uint32_t part[HM_VERSION_PARTS];
    char text[HM_VERSION_TEXT]; /**< as written */
};

/** @return HM_E_FORMAT `base.version.syntax` */
HM_MUST hm_rc hm_version_read(struct hm_bytes text, struct hm_version *out,
                              struct hm_err *e);

/** Negative, 0 or positive as @p a is lower than, equal to or higher than b. */
int hm_version_compare(const struct hm_version *a, const struct hm_version *b);

#endif /* HM_TEXT_H */
