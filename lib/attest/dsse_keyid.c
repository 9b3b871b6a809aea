#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "attest_priv.h"

#define PREFIX     "SHA256:"
#define LETTERS    43u /* 32 bytes in base64 without the padding */
#define WIRE_MAX   2048u
#define P256_POINT 65u
#define P384_POINT 97u
#define RSA_BYTES  512u

/* RFC 4251 5: string is a length of 32 bits, then the bytes. */
HM_MUST static hm_rc add_string(struct hm_buf *wire, struct hm_bytes s,
                                struct hm_err *e)
{
    const uint8_t length[4] = {0, 0, (uint8_t)(s.n >> 8), (uint8_t)s.n};

    HM_TRY(hm_buf_add(wire, (struct hm_bytes){length, sizeof(length)}, e));
    return hm_buf_add(wire, s, e);
}

/* RFC 5656 3.1: the point is the last field of the canonical key. */
HM_MUST static hm_rc add_ec(struct hm_buf *wire,
                            const struct hm_public_key *key,
                            struct hm_bytes kind, struct hm_bytes curve,
                            size_t point, struct hm_err *e)
{
    HM_TRY(add_string(wire, kind, e));
    HM_TRY(add_string(wire, curve, e));
    return add_string(
        wire, (struct hm_bytes){key->spki + key->spki_n - point, point}, e);
}

/* RFC 4251 5: mpint has a zero in front when its highest bit is set. */
HM_MUST static hm_rc add_number(struct hm_buf *wire,
                                const struct hm_public_key *key,
                                const char *name, struct hm_err *e)
{
    uint8_t bytes[RSA_BYTES + 1] = {0};
    BIGNUM *number = NULL;
    int n = 0;

    if (EVP_PKEY_get_bn_param(key->pkey, name, &number) == 1 &&
        BN_num_bytes(number) <= (int)RSA_BYTES)
        n = BN_bn2bin(number, bytes + 1);
    BN_free(number);
    if (n <= 0)
        return hm_fail(e, HM_E_INTERNAL, "attest.keyid.make",
                       "cannot read the numbers of an RSA key");
    if (bytes[1] >= 0x80)
        return add_string(wire, (struct hm_bytes){bytes, (size_t)n + 1}, e);
    return add_string(wire, (struct hm_bytes){bytes + 1, (size_t)n}, e);
}

HM_MUST static hm_rc add_key(struct hm_buf *wire,
                             const struct hm_public_key *key, struct hm_err *e)
{
    switch (key->scheme) {
    case HM_SCHEME_ECDSA_P256_SHA256:
        return add_ec(wire, key, HM_LIT("ecdsa-sha2-nistp256"),
                      HM_LIT("nistp256"), P256_POINT, e);
    case HM_SCHEME_ECDSA_P384_SHA384:
        return add_ec(wire, key, HM_LIT("ecdsa-sha2-nistp384"),
                      HM_LIT("nistp384"), P384_POINT, e);
    case HM_SCHEME_RSA_PKCS1_SHA256:
        HM_TRY(add_string(wire, HM_LIT("ssh-rsa"), e));
        HM_TRY(add_number(wire, key, OSSL_PKEY_PARAM_RSA_E, e));
        return add_number(wire, key, OSSL_PKEY_PARAM_RSA_N, e);
    case HM_SCHEME_UNKNOWN:
        break;
    }
    return hm_fail(e, HM_E_INTERNAL, "attest.keyid.make",
                   "a key without a scheme has no fingerprint");
}

hm_rc hm_attest_make_keyid(const struct hm_public_key *key,
                           char out[static HM_ATTEST_KEYID_SIZE],
                           struct hm_err *e)
{
    HM_OWN(hm_buf) wire = HM_BUF_INIT(WIRE_MAX);
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ATTEST_KEYID_SIZE);
    uint8_t digest[HM_SHA256_SIZE];

    out[0] = '\0';
    HM_TRY(add_key(&wire, key, e));
    HM_TRY(hm_sha256(hm_buf_view(&wire), digest, e));
    HM_TRY(hm_base64_add(&text, (struct hm_bytes){digest, sizeof(digest)}, e));
    memcpy(out, PREFIX, sizeof(PREFIX) - 1);
    memcpy(out + sizeof(PREFIX) - 1, text.p, LETTERS);
    out[sizeof(PREFIX) - 1 + LETTERS] = '\0';
    return HM_OK;
}

bool attest_is_fingerprint(const char *keyid)
{
    const char *letters = keyid + sizeof(PREFIX) - 1;

    return strncmp(keyid, PREFIX, sizeof(PREFIX) - 1) == 0 &&
           strlen(letters) == LETTERS &&
           strspn(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "abcdefghijklmnopqrstuvwxyz0123456789+/") == LETTERS;
}
