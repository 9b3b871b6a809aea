/* The device's table of functions, over OpenSSL.  A digest is verified, not a
 * message: that is what engines in devices take. */
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "slots_priv.h"

#define HALF 32 /* bytes of X, Y, r, s */

/* SubjectPublicKeyInfo of a P-256 key up to and with the 04 of its point. */
static const uint8_t spki_head[27] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
                                      0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                      0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
                                      0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

static uint32_t verdict(bool is_yes)
{
    return is_yes ? HM_DEVICE_YES : HM_DEVICE_NO;
}

static uint32_t sha256_begin(void *context)
{
    struct hm_slots_crypto *c = context;

    return verdict(hm_digest_begin(&c->digest, false, NULL) == HM_OK);
}

static uint32_t sha256_add(void *context, const uint8_t *p, size_t n)
{
    struct hm_slots_crypto *c = context;

    return verdict(hm_digest_add(&c->digest, (struct hm_bytes){p, n}, NULL) ==
                   HM_OK);
}

static uint32_t sha256_end(void *context, uint8_t *out)
{
    struct hm_slots_crypto *c = context;
    struct hm_digests digests;

    if (hm_digest_end(&c->digest, &digests, NULL) != HM_OK)
        return HM_DEVICE_NO;
    memcpy(out, digests.sha256, sizeof(digests.sha256));
    return HM_DEVICE_YES;
}

/* d2i refuses a point that is not on the curve. */
static EVP_PKEY *key_of(const uint8_t *point)
{
    uint8_t spki[sizeof(spki_head) + 2 * (size_t)HALF];
    const unsigned char *at = spki;

    memcpy(spki, spki_head, sizeof(spki_head));
    memcpy(spki + sizeof(spki_head), point, 2 * (size_t)HALF);
    return d2i_PUBKEY(NULL, &at, (long)sizeof(spki));
}

/* r || s in DER; NULL when out of memory. */
static unsigned char *der_of(const uint8_t *rs, int *n)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(rs, HALF, NULL);
    BIGNUM *s = BN_bin2bn(rs + HALF, HALF, NULL);
    unsigned char *der = NULL;

    *n = 0;
    if (sig == NULL || r == NULL || s == NULL ||
        ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        *n = i2d_ECDSA_SIG(sig, &der);
    }
    ECDSA_SIG_free(sig);
    return der;
}

static uint32_t p256_verify(void *context, const uint8_t *point,
                            const uint8_t *digest, const uint8_t *rs)
{
    int n = 0;
    unsigned char *der = der_of(rs, &n);
    EVP_PKEY *key = key_of(point);
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    int result = 0;

    (void)context;
    if (der != NULL && n > 0 && ctx != NULL && EVP_PKEY_verify_init(ctx) == 1)
        result = EVP_PKEY_verify(ctx, der, (size_t)n, digest, HM_SHA256_SIZE);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
    ERR_clear_error();
    return verdict(result == 1); /* 0 and negative alike are no */
}

void hm_slots_crypto_begin(struct hm_slots_crypto *c)
{
    c->device = (struct hm_device_crypto){
        .context = c,
        .sha256_begin = sha256_begin,
        .sha256_add = sha256_add,
        .sha256_end = sha256_end,
        .p256_verify = p256_verify,
    };
}

void hm_slots_crypto_clear(struct hm_slots_crypto *c)
{
    hm_digest_clear(&c->digest);
}
