#include "hm_text.h"

static const char digits[] = "0123456789abcdef";

void hm_hex_write(struct hm_bytes in, char *out)
{
    for (size_t i = 0; i < in.n; i++) {
        *out++ = digits[in.p[i] >> 4];
        *out++ = digits[in.p[i] & 15];
    }
    *out = '\0';
}

/* 0..15, or 16 for a byte that is no lower-case hex digit. */
static unsigned nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)c - '0';
    if (c >= 'a' && c <= 'f')
        return (unsigned)c - 'a' + 10;
    return 16;
}

hm_rc hm_hex_read(struct hm_bytes text, uint8_t *out, size_t n,
                  struct hm_err *e)
{
    if (text.n != 2 * n)
        return hm_fail(e, HM_E_FORMAT, "base.hex.syntax",
                       "expected %zu lower-case hex digits, found %zu bytes",
                       2 * n, text.n);
    for (size_t i = 0; i < n; i++) {
        const unsigned high = nibble(text.p[2 * i]);
        const unsigned low = nibble(text.p[2 * i + 1]);

        if (high > 15 || low > 15)
            return hm_fail(e, HM_E_FORMAT, "base.hex.syntax",
                           "'%s' is not lower-case hex", hm_show(text));
        out[i] = (uint8_t)(high << 4 | low);
    }
    return HM_OK;
}

hm_rc hm_number_read(struct hm_bytes text, uint64_t max, uint64_t *out,
                     struct hm_err *e)
{
    uint64_t v = 0;

    *out = 0;
    if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
        return hm_fail(e, HM_E_FORMAT, "base.number.syntax",
                       "'%s' is not a decimal number without leading zeros",
                       hm_show(text));
    for (size_t i = 0; i < text.n; i++) {
        const uint64_t digit = (uint64_t)text.p[i] - '0';

        if (text.p[i] < '0' || text.p[i] > '9')
            return hm_fail(e, HM_E_FORMAT, "base.number.syntax",
                           "'%s' is not a decimal number", hm_show(text));
        if (digit > max || v > (max - digit) / 10)
            return hm_fail(e, HM_E_LIMIT, "base.number.range",
                           "%s is more than %llu", hm_show(text),
                           (unsigned long long)max);
        v = v * 10 + digit;
    }
    *out = v;
    return HM_OK;
}
