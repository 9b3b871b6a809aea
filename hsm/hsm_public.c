#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "hsm_priv.h"

/* CKA_EC_PARAMS as the curve's OID in DER. */
static const uint8_t p256_params[] = {0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384_params[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};

#define VIEW(array)          \
    {                        \
        array, sizeof(array) \
    }

static const struct curve {
    struct hm_bytes params;
    enum hm_scheme scheme;
} curves[] = {
    {VIEW(p256_params), HM_SCHEME_ECDSA_P256_SHA256},
    {VIEW(p384_params), HM_SCHEME_ECDSA_P384_SHA384},
};

struct hm_bytes hsm_curve_of(enum hm_scheme scheme)
{
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (curves[i].scheme == scheme)
            return curves[i].params;
    return (struct hm_bytes){NULL, 0};
}

/* PKCS#11 wants the point in an OCTET STRING; some modules give it bare.  The
 * two differ in length, so that neither is mistaken for the other. */
HM_MUST static hm_rc unwrap_point(size_t length, struct hm_bytes *point,
                                  struct hm_err *e)
{
    if (point->n == length + 2 && point->p[0] == 0x04 &&
        point->p[1] == length) {
        point->p += 2;
        point->n -= 2;
    }
    if (point->n != length || point->p[0] != 0x04)
        return hm_fail(e, HM_E_TOKEN, "hsm.key.point",
                       "the token gives an EC point of %zu bytes, expected an "
                       "uncompressed one of %zu",
                       point->n, length);
    return HM_OK;
}

hm_rc hsm_public_from_point(struct hm_bytes params, struct hm_bytes point,
                            struct hm_public_key *key, struct hm_err *e)
{
    HM_OWN(hm_buf) spki = HM_BUF_INIT(HM_SPKI_MAX);
    const struct curve *c = NULL;
    struct hm_spki_form form;

    hm_public_key_clear(key);
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (hm_bytes_eq(params, curves[i].params))
            c = &curves[i];
    if (c == NULL)
        return hm_fail(e, HM_E_TOKEN, "hsm.key.kind",
                       "the key is on another curve than P-256 and P-384, or "
                       "its parameters are not a named curve");
    form = hm_spki_form(c->scheme);
    HM_TRY(unwrap_point(form.point, &point, e));
    HM_TRY(hm_buf_add(&spki, form.head, e));
    HM_TRY(hm_buf_add(&spki, point, e));
    return hsm_as_token(e, hm_public_key_read(key, hm_buf_view(&spki), e));
}

HM_MUST static hm_rc read_ec(struct hsm_state *s, CK_OBJECT_HANDLE object,
                             struct hm_public_key *key, struct hm_err *e)
{
    struct hsm_value params = {.n = 0};
    struct hsm_value point = {.n = 0};

    HM_TRY(hsm_attr_bytes(s, object, CKA_EC_PARAMS, &params, e));
    HM_TRY(hsm_attr_bytes(s, object, CKA_EC_POINT, &point, e));
    return hsm_public_from_point((struct hm_bytes){params.b, params.n},
                                 (struct hm_bytes){point.b, point.n}, key, e);
}

/* NULL when any step fails. */
static EVP_PKEY *make_rsa(const BIGNUM *n, const BIGNUM *exponent)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;

    if (build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return pkey;
}

HM_MUST static hm_rc take_rsa(const struct hsm_value *modulus,
                              const struct hsm_value *exponent,
                              struct hm_public_key *key, struct hm_err *e)
{
    BIGNUM *n = BN_bin2bn(modulus->b, (int)modulus->n, NULL);
    BIGNUM *small = BN_bin2bn(exponent->b, (int)exponent->n, NULL);
    EVP_PKEY *pkey = n != NULL && small != NULL ? make_rsa(n, small) : NULL;
    unsigned char *spki = NULL;
    const int spki_n = pkey == NULL ? 0 : i2d_PUBKEY(pkey, &spki);
    hm_rc rc;

    BN_free(n);
    BN_free(small);
    EVP_PKEY_free(pkey);
    if (spki_n <= 0)
        return hm_fail(e, HM_E_TOKEN, "hsm.key.point",
                       "the token gives no usable RSA public key");
    rc = hm_public_key_read(key, (struct hm_bytes){spki, (size_t)spki_n}, e);
    OPENSSL_free(spki);
    return hsm_as_token(e, rc);
}

HM_MUST static hm_rc read_rsa(struct hsm_state *s, CK_OBJECT_HANDLE object,
                              struct hm_public_key *key, struct hm_err *e)
{
    struct hsm_value modulus = {.n = 0};
    struct hsm_value exponent = {.n = 0};

    HM_TRY(hsm_attr_bytes(s, object, CKA_MODULUS, &modulus, e));
    HM_TRY(hsm_attr_bytes(s, object, CKA_PUBLIC_EXPONENT, &exponent, e));
    return take_rsa(&modulus, &exponent, key, e);
}

hm_rc hsm_public_read(struct hsm_state *s, CK_OBJECT_HANDLE object,
                      struct hm_public_key *key, struct hm_err *e)
{
    CK_ULONG type = 0;

    hm_public_key_clear(key);
    HM_TRY(hsm_attr_ulong(s, object, CKA_KEY_TYPE, &type, e));
    if (type == CKK_EC)
        return read_ec(s, object, key, e);
    if (type == CKK_RSA)
        return read_rsa(s, object, key, e);
    return hm_fail(e, HM_E_TOKEN, "hsm.key.kind",
                   "the key is of PKCS#11 type 0x%lx; EC (P-256, P-384) and "
                   "RSA are used",
                   type);
}
