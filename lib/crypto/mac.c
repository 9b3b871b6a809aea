#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "hm_crypto.h"

hm_rc hm_mac(struct hm_bytes secret, struct hm_bytes in,
             uint8_t out[static HM_SHA256_SIZE], struct hm_err *e)
{
    if (HMAC(EVP_sha256(), secret.p, (int)secret.n, in.p, in.n, out, NULL) ==
        NULL)
        return hm_fail(e, HM_E_INTERNAL, "crypto.mac.failed",
                       "cannot authenticate %zu bytes", in.n);
    return HM_OK;
}

bool hm_mac_matches(struct hm_bytes secret, struct hm_bytes in,
                    const uint8_t mac[static HM_SHA256_SIZE])
{
    uint8_t ours[HM_SHA256_SIZE];

    return hm_mac(secret, in, ours, NULL) == HM_OK &&
           CRYPTO_memcmp(ours, mac, sizeof(ours)) == 0;
}
