#include <openssl/evp.h>

#include "hsm_priv.h"

/* What goes to the token: a digest, for RSA inside its DigestInfo. */
struct to_sign {
    CK_MECHANISM_TYPE mechanism;
    uint8_t b[64];
    size_t n;
};

/* RFC 8017 9.2 note 1: DigestInfo of SHA-256 up to the digest. */
static const uint8_t digest_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                      0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                      0x01, 0x05, 0x00, 0x04, 0x20};

CK_MECHANISM_TYPE hsm_mechanism_of(enum hm_scheme scheme)
{
    return scheme == HM_SCHEME_RSA_PKCS1_SHA256 ? CKM_RSA_PKCS : CKM_ECDSA;
}

HM_MUST static hm_rc prepare(enum hm_scheme scheme, struct hm_bytes message,
                             struct to_sign *out, struct hm_err *e)
{
    const bool is_384 = scheme == HM_SCHEME_ECDSA_P384_SHA384;
    unsigned n = 0;

    out->mechanism = hsm_mechanism_of(scheme);
    out->n = 0;
    if (scheme == HM_SCHEME_RSA_PKCS1_SHA256) {
        memcpy(out->b, digest_info, sizeof(digest_info));
        out->n = sizeof(digest_info);
    }
    if (EVP_Digest(message.p, message.n, out->b + out->n, &n,
                   is_384 ? EVP_sha384() : EVP_sha256(), NULL) != 1)
        return hm_fail(e, HM_E_INTERNAL, "hsm.sign.digest",
                       "cannot compute the digest to sign");
    out->n += n;
    return HM_OK;
}

/* Room for any signature; the module is told less than there is, because
 * modules have written past what they were told. */
struct answer {
    uint8_t b[2 * HM_SIGNATURE_MAX];
    CK_ULONG n;
};

HM_MUST static hm_rc ask_token(struct hsm_state *s,
                               const struct hm_hsm_key *key, struct to_sign *in,
                               struct answer *out, struct hm_err *e)
{
    CK_MECHANISM mechanism = {in->mechanism, NULL, 0};
    CK_RV rv;

    rv = s->f->C_SignInit(s->session, &mechanism, key->handle);
    if (rv != CKR_OK)
        return hsm_fail_call("C_SignInit", rv, e);
    out->n = HM_SIGNATURE_MAX;
    rv = s->f->C_Sign(s->session, in->b, in->n, out->b, &out->n);
    if (rv != CKR_OK)
        return hsm_fail_call("C_Sign", rv, e);
    if (out->n == 0 || out->n > HM_SIGNATURE_MAX)
        return hm_fail(e, HM_E_TOKEN, "hsm.sign.length",
                       "the token made a signature of %lu bytes", out->n);
    return HM_OK;
}

HM_MUST static hm_rc encode(enum hm_scheme scheme, const struct answer *from,
                            struct hm_buf *sig, struct hm_err *e)
{
    const size_t want = scheme == HM_SCHEME_ECDSA_P256_SHA256 ? 64 : 96;
    const struct hm_bytes raw = {from->b, from->n};

    if (scheme == HM_SCHEME_RSA_PKCS1_SHA256)
        return hm_buf_add(sig, raw, e);
    if (raw.n != want)
        return hm_fail(e, HM_E_TOKEN, "hsm.sign.length",
                       "the token made an ECDSA signature of %zu bytes, "
                       "expected %zu",
                       raw.n, want);
    return hm_hsm_encode_rs(raw, sig, e);
}

HM_MUST static hm_rc check_pinned(const struct hm_hsm_key *key,
                                  const struct hm_public_key *pinned,
                                  struct hm_err *e)
{
    if (pinned->spki_n != 0 && pinned->spki_n == key->public_key.spki_n &&
        memcmp(pinned->spki, key->public_key.spki, pinned->spki_n) == 0)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "hsm.key.other",
                   "the token holds key %.16s, expected key %.16s",
                   key->public_key.keyid, pinned->keyid);
}

hm_rc hsm_sign_make(struct hsm_state *s, const struct hm_hsm_key *key,
                    const struct hm_public_key *pinned, struct hm_bytes message,
                    struct hm_buf *sig, struct hm_err *e)
{
    struct to_sign in = {.n = 0};
    struct answer out = {.n = 0};

    HM_TRY(hsm_session_check(s, e));
    HM_TRY(check_pinned(key, pinned, e));
    HM_TRY(prepare(pinned->scheme, message, &in, e));
    HM_TRY(ask_token(s, key, &in, &out, e));
    return encode(pinned->scheme, &out, sig, e);
}

hm_rc hsm_sign_check(const struct hm_public_key *pinned,
                     struct hm_bytes message, struct hm_bytes sig,
                     struct hm_err *e)
{
    if (hm_signature_verify(pinned, message, sig, NULL) == HM_OK)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.sign.mismatch",
                           "the token's signature does not verify with the "
                           "public key %.16s; it was thrown away",
                           pinned->keyid),
                   "the token is faulty or its public key object is not the "
                   "private key's; do not release with it");
}

hm_rc hsm_sign(struct hsm_state *s, const struct hm_hsm_key *key,
               const struct hm_public_key *pinned, struct hm_bytes message,
               struct hm_buf *sig, struct hm_err *e)
{
    HM_TRY(hsm_sign_make(s, key, pinned, message, sig, e));
    return hsm_sign_check(pinned, message, hm_buf_view(sig), e);
}
