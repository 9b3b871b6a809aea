#include <openssl/err.h>
#include <openssl/evp.h>

#include "hm_crypto.h"

/* The order n of each curve, big endian: r and s lie in 1..n-1. */
static const uint8_t order_p256[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
    0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t order_p384[48] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
    0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

HM_MUST static hm_rc bad_encoding(const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "crypto.signature.encoding",
                   "malformed signature: %s", why);
}

/* Takes one INTEGER off the front: 02 LEN VALUE, positive, minimal, in
 * 1..order-1.  Every length here is below 128, so LEN is one byte. */
HM_MUST static hm_rc take_integer(struct hm_bytes *in, struct hm_bytes order,
                                  struct hm_err *e)
{
    struct hm_bytes v;

    if (in->n < 3 || in->p[0] != 0x02 || in->p[1] == 0 || in->p[1] > in->n - 2)
        return bad_encoding("expected a DER INTEGER", e);
    v = (struct hm_bytes){in->p + 2, in->p[1]};
    in->p += 2 + v.n;
    in->n -= 2 + v.n;
    if ((v.p[0] & 0x80) != 0)
        return bad_encoding("negative INTEGER", e);
    if (v.p[0] == 0) {
        if (v.n == 1)
            return bad_encoding("r or s is zero", e);
        if ((v.p[1] & 0x80) == 0)
            return bad_encoding("INTEGER is not minimal", e);
        v.p++;
        v.n--;
    }
    if (v.n > order.n || (v.n == order.n && memcmp(v.p, order.p, v.n) >= 0))
        return bad_encoding("r or s is not below the order of the curve", e);
    return HM_OK;
}

/* 30 LEN INTEGER INTEGER, nothing behind it. */
HM_MUST static hm_rc check_ecdsa(struct hm_bytes sig, struct hm_bytes order,
                                 struct hm_err *e)
{
    struct hm_bytes in;

    if (sig.n < 2 || sig.p[0] != 0x30 || sig.p[1] >= 0x80 ||
        sig.p[1] != sig.n - 2)
        return bad_encoding("expected one DER SEQUENCE and nothing behind it",
                            e);
    in = (struct hm_bytes){sig.p + 2, sig.n - 2};
    HM_TRY(take_integer(&in, order, e));
    HM_TRY(take_integer(&in, order, e));
    if (in.n != 0)
        return bad_encoding("bytes behind r and s", e);
    return HM_OK;
}

hm_rc hm_signature_check(enum hm_scheme scheme, struct hm_bytes sig,
                         struct hm_err *e)
{
    switch (scheme) {
    case HM_SCHEME_ECDSA_P256_SHA256:
        return check_ecdsa(
            sig, (struct hm_bytes){order_p256, sizeof(order_p256)}, e);
    case HM_SCHEME_ECDSA_P384_SHA384:
        return check_ecdsa(
            sig, (struct hm_bytes){order_p384, sizeof(order_p384)}, e);
    case HM_SCHEME_RSA_PKCS1_SHA256:
        if (sig.n < 256 || sig.n > HM_SIGNATURE_MAX)
            return bad_encoding("not the length of an RSA signature", e);
        return HM_OK;
    case HM_SCHEME_UNKNOWN:
        break;
    }
    return bad_encoding("the scheme is not known", e);
}

static const EVP_MD *hash_of(enum hm_scheme scheme)
{
    return scheme == HM_SCHEME_ECDSA_P384_SHA384 ? EVP_sha384() : EVP_sha256();
}

hm_rc hm_signature_verify(const struct hm_public_key *key,
                          struct hm_bytes message, struct hm_bytes sig,
                          struct hm_err *e)
{
    EVP_MD_CTX *ctx = NULL;
    int verdict = 0;

    HM_TRY(hm_signature_check(key->scheme, sig, e));
    ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return hm_fail(e, HM_E_NOMEM, "crypto.signature.nomem",
                       "out of memory for a verification");
    /* PKCS#1 v1.5 is what EVP does with an RSA key unless told otherwise. */
    if (EVP_DigestVerifyInit(ctx, NULL, hash_of(key->scheme), NULL,
                             key->pkey) == 1)
        verdict = EVP_DigestVerify(ctx, sig.p, sig.n, message.p, message.n);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (verdict != 1) /* 0 and negative alike */
        return hm_fail(e, HM_E_REJECTED, "crypto.signature.mismatch",
                       "the signature is not key %.16s's over these bytes",
                       key->keyid);
    return HM_OK;
}
