/* How others name the same public key.  All of it follows from the key's bytes;
 * none of it is ever used for trust. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "key_priv.h"

#define SSH_WIRE_MAX 2048u
#define TUF_TEXT_MAX 2048u

/* The point of an EC key: the last bytes of its SPKI. */
static struct hm_bytes point_of(const struct hm_public_key *key)
{
    const size_t n = hm_spki_form(key->scheme).point;

    return (struct hm_bytes){key->spki + key->spki_n - n, n};
}

HM_MUST static hm_rc spell_sha256(struct hm_bytes in, struct hm_buf *to,
                                  struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];

    HM_TRY(hm_sha256(in, digest, e));
    return hm_base64_add(to, (struct hm_bytes){digest, sizeof(digest)}, e);
}

static void keep(const struct hm_buf *text, char to[static KEY_SPELLING])
{
    memcpy(to, text->p, text->n);
    to[text->n] = '\0';
}

/* --- ssh (RFC 4253 6.6, RFC 5656 3.1), which DSSE tools of Go use as well ---------- */

HM_MUST static hm_rc add_string(struct hm_buf *to, struct hm_bytes s,
                                struct hm_err *e)
{
    const uint8_t n[4] = {(uint8_t)(s.n >> 24), (uint8_t)(s.n >> 16),
                          (uint8_t)(s.n >> 8), (uint8_t)s.n};

    HM_TRY(hm_buf_add(to, (struct hm_bytes){n, sizeof(n)}, e));
    return hm_buf_add(to, s, e);
}

/* An mpint: a number that is not negative begins with a bit that is not set. */
HM_MUST static hm_rc add_number(struct hm_buf *to,
                                const struct hm_public_key *key,
                                const char *name, struct hm_err *e)
{
    uint8_t bytes[1 + HM_SIGNATURE_MAX] = {0};
    BIGNUM *number = NULL;
    size_t skip = 1;
    int n = -1;

    if (EVP_PKEY_get_bn_param(key->pkey, name, &number) == 1 &&
        BN_num_bytes(number) <= HM_SIGNATURE_MAX)
        n = BN_bn2bin(number, bytes + 1);
    BN_free(number);
    if (n <= 0)
        return hm_fail(e, HM_E_INTERNAL, "key.show.digest",
                       "cannot read a number of the RSA key");
    if ((bytes[1] & 0x80u) != 0)
        skip = 0;
    return add_string(to, (struct hm_bytes){bytes + skip, (size_t)n + 1 - skip},
                      e);
}

HM_MUST static hm_rc add_wire(const struct hm_public_key *key,
                              struct hm_buf *wire, struct hm_err *e)
{
    const bool is_p384 = key->scheme == HM_SCHEME_ECDSA_P384_SHA384;

    if (key->scheme == HM_SCHEME_RSA_PKCS1_SHA256) {
        HM_TRY(add_string(wire, HM_LIT("ssh-rsa"), e));
        HM_TRY(add_number(wire, key, OSSL_PKEY_PARAM_RSA_E, e));
        return add_number(wire, key, OSSL_PKEY_PARAM_RSA_N, e);
    }
    HM_TRY(add_string(wire,
                      is_p384 ? HM_LIT("ecdsa-sha2-nistp384")
                              : HM_LIT("ecdsa-sha2-nistp256"),
                      e));
    HM_TRY(
        add_string(wire, is_p384 ? HM_LIT("nistp384") : HM_LIT("nistp256"), e));
    return add_string(wire, point_of(key), e);
}

HM_MUST static hm_rc spell_ssh(const struct hm_public_key *key,
                               char to[static KEY_SPELLING], struct hm_err *e)
{
    HM_OWN(hm_buf) wire = HM_BUF_INIT(SSH_WIRE_MAX);
    HM_OWN(hm_buf) text = HM_BUF_INIT(KEY_SPELLING - 1);

    HM_TRY(add_wire(key, &wire, e));
    HM_TRY(hm_buf_add(&text, HM_LIT("SHA256:"), e));
    HM_TRY(spell_sha256(hm_buf_view(&wire), &text, e));
    text.n--; /* ssh writes base64 of 32 bytes without its '=' */
    keep(&text, to);
    return HM_OK;
}

/* --- TUF and in-toto: the digest of a JSON text ------------------------------------- */

/* Canonical JSON escapes only '"' and '\', and a PEM has neither.  For RSA each
 * of them has a scheme of its own, so there is no one answer. */
HM_MUST static hm_rc spell_tuf(const struct hm_public_key *key,
                               char to[static KEY_SPELLING], struct hm_err *e)
{
    HM_OWN(hm_buf) json = HM_BUF_INIT(TUF_TEXT_MAX);
    uint8_t digest[HM_SHA256_SIZE];

    if (key->scheme == HM_SCHEME_RSA_PKCS1_SHA256)
        return HM_OK;
    HM_TRY(hm_buf_add(
        &json, HM_LIT("{\"keytype\":\"ecdsa\",\"keyval\":{\"public\":\""), e));
    HM_TRY(hm_public_key_add_pem(key, &json, e));
    HM_TRY(hm_buf_add(&json,
                      key->scheme == HM_SCHEME_ECDSA_P384_SHA384
                          ? HM_LIT("\"},\"scheme\":\"ecdsa-sha2-nistp384\"}")
                          : HM_LIT("\"},\"scheme\":\"ecdsa-sha2-nistp256\"}"),
                      e));
    HM_TRY(hm_sha256(hm_buf_view(&json), digest, e));
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, to);
    return HM_OK;
}

hm_rc key_spell(const struct hm_public_key *key, struct key_spellings *to,
                struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(KEY_SPELLING - 1);
    uint8_t ski[HM_X509_SKI_SIZE];

    *to = (struct key_spellings){.tuf = ""};
    HM_TRY(spell_sha256((struct hm_bytes){key->spki, key->spki_n}, &text, e));
    keep(&text, to->sigstore);
    HM_TRY(spell_ssh(key, to->ssh, e));
    HM_TRY(spell_tuf(key, to->tuf, e));
    HM_TRY(hm_x509_ski(key, ski, e));
    hm_hex_write((struct hm_bytes){ski, sizeof(ski)}, to->ski);
    return HM_OK;
}
