#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hm_crypto.h"

#define PEM_LABEL "PUBLIC KEY"
#define PEM_MAX   2048u

static const struct {
    enum hm_scheme scheme;
    const char *name;
} schemes[] = {
    {HM_SCHEME_ECDSA_P256_SHA256, "ecdsa-p256-sha256"},
    {HM_SCHEME_ECDSA_P384_SHA384, "ecdsa-p384-sha384"},
    {HM_SCHEME_RSA_PKCS1_SHA256, "rsa-pkcs1-sha256"},
};

const char *hm_scheme_name(enum hm_scheme scheme)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (schemes[i].scheme == scheme)
            return schemes[i].name;
    return "unknown";
}

enum hm_scheme hm_scheme_find(struct hm_bytes name)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (hm_bytes_eq(name, hm_bytes_str(schemes[i].name)))
            return schemes[i].scheme;
    return HM_SCHEME_UNKNOWN;
}

HM_MUST static hm_rc bad_der(const char *why, struct hm_err *e)
{
    ERR_clear_error();
    return hm_fail(e, HM_E_FORMAT, "crypto.key.der",
                   "not a public key in canonical DER: %s", why);
}

static bool is_odd(const BIGNUM *number, int min, int max)
{
    return BN_is_odd(number) && BN_num_bits(number) >= min &&
           BN_num_bits(number) <= max;
}

/* The library of one maker of chips took primes whose product is a power of
 * 65537 modulo every small prime, and which can be found.  Of other keys one in
 * 2^27 looks like that.  @source CVE-2017-15361; Nemec et al., CCS 2017 */
static bool is_guessable(const BIGNUM *modulus)
{
    static const unsigned primes[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                      79, 97, 103, 107, 109, 127, 151, 157};

    for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
        const BN_ULONG rest = BN_mod_word(modulus, primes[i]);
        BN_ULONG power = 65537 % primes[i];

        while (power != rest && power != 1)
            power = power * 65537 % primes[i];
        if (power != rest)
            return false;
    }
    return true;
}

HM_MUST static hm_rc check_rsa(struct hm_public_key *key, struct hm_err *e)
{
    BIGNUM *modulus = NULL;
    BIGNUM *exponent = NULL;
    bool is_good = false;
    bool is_found = false;

    if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) ==
            1 &&
        EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1)
        is_good = is_odd(modulus, 2048, 4096) && is_odd(exponent, 17, 64);
    is_found = is_good && is_guessable(modulus);
    BN_free(modulus);
    BN_free(exponent);
    if (!is_good)
        return hm_fail(e, HM_E_FORMAT, "crypto.key.weak",
                       "RSA key of %d bits: expected an odd modulus of 2048 to "
                       "4096 bits and an odd exponent of at least 65537",
                       EVP_PKEY_get_bits(key->pkey));
    if (is_found)
        return hm_hint(e,
                       hm_fail(e, HM_E_FORMAT, "crypto.key.weak",
                               "RSA key of a faulty chip, whose private half "
                               "can be computed (CVE-2017-15361)"),
                       "make another key, on a token of another make");
    key->scheme = HM_SCHEME_RSA_PKCS1_SHA256;
    return HM_OK;
}

/* The curve is known by its name only; d2i already checked that the point is
 * on it and is not infinity. */
HM_MUST static hm_rc check_ec(struct hm_public_key *key, struct hm_err *e)
{
    char curve[32] = "";

    (void)EVP_PKEY_get_group_name(key->pkey, curve, sizeof(curve), NULL);
    if (strcmp(curve, "prime256v1") == 0)
        key->scheme = HM_SCHEME_ECDSA_P256_SHA256;
    else if (strcmp(curve, "secp384r1") == 0)
        key->scheme = HM_SCHEME_ECDSA_P384_SHA384;
    else
        return hm_fail(e, HM_E_FORMAT, "crypto.key.kind",
                       "EC key on curve '%s', expected P-256 or P-384",
                       hm_show_str(curve));
    return HM_OK;
}

HM_MUST static hm_rc check_kind(struct hm_public_key *key, struct hm_err *e)
{
    if (EVP_PKEY_is_a(key->pkey, "EC"))
        return check_ec(key, e);
    if (EVP_PKEY_is_a(key->pkey, "RSA"))
        return check_rsa(key, e);
    return hm_fail(e, HM_E_FORMAT, "crypto.key.kind",
                   "public key of type %s, expected EC or RSA",
                   EVP_PKEY_get0_type_name(key->pkey));
}

static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
                                    0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
                                    0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t p384_head[] = {
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
    0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};

struct hm_spki_form hm_spki_form(enum hm_scheme scheme)
{
    struct hm_spki_form form = {.point = 0};

    if (scheme == HM_SCHEME_ECDSA_P256_SHA256)
        form = (struct hm_spki_form){{p256_head, sizeof(p256_head)}, 65};
    else if (scheme == HM_SCHEME_ECDSA_P384_SHA384)
        form = (struct hm_spki_form){{p384_head, sizeof(p384_head)}, 97};
    return form;
}

/* The coordinates have one spelling, because d2i refuses those that are not below
 * the field's prime.  Comparing with OpenSSL's own encoding would not do: it
 * writes a key in the form it was read in, be that compressed, hybrid (06, 07) or
 * with explicit parameters. */
static bool is_in_form(struct hm_bytes spki, const struct hm_spki_form *form)
{
    return spki.n == form->head.n + form->point &&
           memcmp(spki.p, form->head.p, form->head.n) == 0 &&
           spki.p[form->head.n] == 0x04;
}

static bool is_encoded_as(const struct hm_public_key *key, struct hm_bytes spki)
{
    unsigned char *der = NULL;
    const int n = i2d_PUBKEY(key->pkey, &der);
    const bool same =
        n > 0 && (size_t)n == spki.n && memcmp(der, spki.p, spki.n) == 0;

    OPENSSL_free(der);
    return same;
}

HM_MUST static hm_rc check_canonical(const struct hm_public_key *key,
                                     struct hm_bytes spki, struct hm_err *e)
{
    const struct hm_spki_form form = hm_spki_form(key->scheme);
    bool is_canonical = false;

    if (form.point > 0)
        is_canonical = is_in_form(spki, &form);
    else if (key->scheme == HM_SCHEME_RSA_PKCS1_SHA256)
        is_canonical = is_encoded_as(key, spki);
    return is_canonical ? HM_OK : bad_der("it would be written another way", e);
}

HM_MUST static hm_rc read_spki(struct hm_public_key *key, struct hm_bytes spki,
                               struct hm_err *e)
{
    const unsigned char *at = spki.p;
    uint8_t digest[HM_SHA256_SIZE];

    if (spki.n == 0 || spki.n > HM_SPKI_MAX)
        return bad_der("its length is impossible", e);
    key->pkey = d2i_PUBKEY(NULL, &at, (long)spki.n);
    if (key->pkey == NULL)
        return bad_der("it cannot be decoded", e);
    if (at != spki.p + spki.n)
        return bad_der("bytes behind it", e);
    HM_TRY(check_kind(key, e));
    HM_TRY(check_canonical(key, spki, e));
    memcpy(key->spki, spki.p, spki.n);
    key->spki_n = spki.n;
    HM_TRY(hm_sha256(spki, digest, e));
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, key->keyid);
    return HM_OK;
}

hm_rc hm_public_key_read(struct hm_public_key *key, struct hm_bytes spki,
                         struct hm_err *e)
{
    hm_rc rc;

    hm_public_key_clear(key);
    rc = read_spki(key, spki, e);
    if (rc != HM_OK)
        hm_public_key_clear(key);
    return rc;
}

hm_rc hm_public_key_read_pem(struct hm_public_key *key, struct hm_bytes pem,
                             struct hm_err *e)
{
    HM_OWN(hm_buf) spki = HM_BUF_INIT(PEM_MAX);
    struct hm_bytes letters = {NULL, 0};

    hm_public_key_clear(key);
    if (!hm_pem_find(pem, PEM_LABEL, &letters) || letters.n > PEM_MAX)
        return hm_hint(
            e,
            hm_fail(e, HM_E_FORMAT, "crypto.key.pem",
                    "expected one PEM block 'BEGIN PUBLIC KEY'"),
            "openssl pkey -pubin -in KEY -out KEY.pem writes that form");
    HM_TRY(hm_pem_read(&spki, letters, e));
    return hm_public_key_read(key, hm_buf_view(&spki), e);
}

hm_rc hm_public_key_add_pem(const struct hm_public_key *key, struct hm_buf *to,
                            struct hm_err *e)
{
    return hm_pem_add(to, PEM_LABEL, (struct hm_bytes){key->spki, key->spki_n},
                      e);
}

hm_rc hm_public_key_copy(struct hm_public_key *to,
                         const struct hm_public_key *from, struct hm_err *e)
{
    hm_public_key_clear(to);
    if (from->pkey == NULL || EVP_PKEY_up_ref(from->pkey) != 1)
        return hm_fail(e, HM_E_INTERNAL, "crypto.key.copy",
                       "there is no key to copy");
    *to = *from;
    return HM_OK;
}

void hm_public_key_clear(struct hm_public_key *key)
{
    EVP_PKEY_free(key->pkey);
    *key = (struct hm_public_key)HM_PUBLIC_KEY_INIT;
}
