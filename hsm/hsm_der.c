#include "hsm_priv.h"

#define P256_BYTES ((size_t)32)
#define P384_BYTES ((size_t)48)

/* 02 LEN VALUE: no leading zero except the one that keeps it positive. */
HM_MUST static hm_rc put_integer(uint8_t *to, size_t *n, struct hm_bytes v,
                                 struct hm_err *e)
{
    while (v.n > 0 && v.p[0] == 0) {
        v.p++;
        v.n--;
    }
    if (v.n == 0)
        return hm_fail(e, HM_E_TOKEN, "hsm.sign.range",
                       "the token made a signature whose r or s is zero");
    const size_t pad = (v.p[0] & 0x80) != 0 ? 1 : 0;

    to[(*n)++] = 0x02;
    to[(*n)++] = (uint8_t)(v.n + pad);
    if (pad == 1)
        to[(*n)++] = 0x00;
    memcpy(to + *n, v.p, v.n);
    *n += v.n;
    return HM_OK;
}

hm_rc hm_hsm_encode_rs(struct hm_bytes rs, struct hm_buf *der, struct hm_err *e)
{
    const size_t half = rs.n / 2;
    uint8_t body[2 * (P384_BYTES + 3)];
    uint8_t head[2] = {0x30, 0};
    size_t n = 0;

    hm_buf_clear(der);
    if (rs.n != 2 * P256_BYTES && rs.n != 2 * P384_BYTES)
        return hm_fail(e, HM_E_TOKEN, "hsm.sign.length",
                       "the token made an ECDSA signature of %zu bytes, "
                       "expected 64 or 96",
                       rs.n);
    HM_TRY(put_integer(body, &n, (struct hm_bytes){rs.p, half}, e));
    HM_TRY(put_integer(body, &n, (struct hm_bytes){rs.p + half, half}, e));
    head[1] = (uint8_t)n; /* at most 102: one length byte */
    HM_TRY(hm_buf_add(der, (struct hm_bytes){head, sizeof(head)}, e));
    return hm_buf_add(der, (struct hm_bytes){body, n}, e);
}
