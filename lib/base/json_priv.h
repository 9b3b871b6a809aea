/** @file
 * What the JSON parts of this room share.
 */
#ifndef HM_JSON_PRIV_H
#define HM_JSON_PRIV_H

#include "hm_json.h"

/** Length of the UTF-8 sequence at @p p (@p n bytes left), 0 when it is not
 * valid: no overlong form, no surrogate, nothing above U+10FFFF.  Inline, for
 * it is asked of every byte.
 * @source RFC 3629 */
static inline size_t hm_json_utf8_length(const uint8_t *p, size_t n)
{
    const size_t want = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c = p[0] & (0xffu >> (want + 1));

    if (want == 1)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < want)
        return 0;
    for (size_t i = 1; i < want; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if ((want == 3 && c < 0x800) || (want == 4 && c < 0x10000) ||
        c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return want;
}

#endif /* HM_JSON_PRIV_H */
