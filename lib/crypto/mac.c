#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "hm_crypto.h"

#define ONE_TIME_KEY 32 /* bytes; HMAC-SHA-256 gives as many */

static bool poly1305(EVP_MAC_CTX *ctx, const uint8_t *key, struct hm_bytes in,
                     uint8_t out[static HM_MAC_SIZE])
{
    size_t n = 0;

    return ctx != NULL && EVP_MAC_init(ctx, key, ONE_TIME_KEY, NULL) == 1 &&
           EVP_MAC_update(ctx, in.p, in.n) == 1 &&
           EVP_MAC_final(ctx, out, &n, HM_MAC_SIZE) == 1 && n == HM_MAC_SIZE;
}

hm_rc hm_mac(struct hm_bytes secret, struct hm_bytes name, struct hm_bytes in,
             uint8_t out[static HM_MAC_SIZE], struct hm_err *e)
{
    uint8_t key[EVP_MAX_MD_SIZE];
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    const bool made = HMAC(EVP_sha256(), secret.p, (int)secret.n, name.p,
                           name.n, key, NULL) != NULL &&
                      poly1305(ctx, key, in, out);

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    OPENSSL_cleanse(key, sizeof(key));
    if (made)
        return HM_OK;
    return hm_fail(e, HM_E_INTERNAL, "crypto.mac.failed",
                   "cannot authenticate %zu bytes", in.n);
}

bool hm_mac_matches(struct hm_bytes secret, struct hm_bytes name,
                    struct hm_bytes in, const uint8_t mac[static HM_MAC_SIZE])
{
    uint8_t ours[HM_MAC_SIZE];

    return hm_mac(secret, name, in, ours, NULL) == HM_OK &&
           CRYPTO_memcmp(ours, mac, sizeof(ours)) == 0;
}
