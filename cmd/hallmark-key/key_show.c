#include <openssl/evp.h>

#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
    const char *pin;
} opt;

const struct hm_opt key_show_opts[] = {
    KEY_WHERE(opt.where),
    {"pin", 'p', HM_OPT_VALUE, false, &opt.pin, "SOURCE",
     "log in and read what the token claims of the private key"},
    HM_OPT_END,
};

#define SPELLING_MAX 160

/* How others name the same key; never used for trust. */
struct spellings {
    char sha256_base64[SPELLING_MAX]; /* Sigstore bundle hint */
    char ski[SPELLING_MAX];           /* RFC 5280 4.2.1.2 method 1, EC only */
};

/* The BIT STRING of the SPKI of an EC key is its last bytes. */
HM_MUST static hm_rc spell_ski(const struct hm_public_key *key,
                               struct spellings *to, struct hm_err *e)
{
    const size_t point = key->scheme == HM_SCHEME_ECDSA_P256_SHA256   ? 65
                         : key->scheme == HM_SCHEME_ECDSA_P384_SHA384 ? 97
                                                                      : 0;
    uint8_t sha1[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    to->ski[0] = '\0';
    if (point == 0)
        return HM_OK;
    if (EVP_Digest(key->spki + key->spki_n - point, point, sha1, &n, EVP_sha1(),
                   NULL) != 1)
        return hm_fail(e, HM_E_INTERNAL, "key.show.digest",
                       "cannot compute the subject key identifier");
    hm_hex_write((struct hm_bytes){sha1, n}, to->ski);
    return HM_OK;
}

HM_MUST static hm_rc spell(const struct hm_public_key *key,
                           struct spellings *to, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(SPELLING_MAX - 1);
    uint8_t digest[HM_SHA256_SIZE];

    HM_TRY(hm_hex_read(hm_bytes_str(key->keyid), digest, sizeof(digest), e));
    HM_TRY(hm_base64_add(&text, (struct hm_bytes){digest, sizeof(digest)}, e));
    memcpy(to->sha256_base64, text.p, text.n);
    to->sha256_base64[text.n] = '\0';
    return spell_ski(key, to, e);
}

HM_MUST static hm_rc read_token(struct hm_cli *cli, const char *text,
                                struct hm_hsm_key *key, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    struct hm_hsm_uri uri;

    HM_TRY(key_uri_read(text, &uri, e));
    if (opt.pin != NULL || uri.pin_source[0] != '\0')
        HM_TRY(hm_hsm_pin_find(&pin, &uri, opt.pin, e));
    HM_TRY(key_hsm_open(cli, &hsm, &opt.where, HM_HSM_USE, e));
    if (pin.p == NULL)
        return hm_hsm_find_public(&hsm, &uri, key, e);
    HM_TRY(key_hsm_login(cli, &hsm, &uri, &pin, e));
    return hm_hsm_find_key(&hsm, &uri, key, e);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_hsm_key *key,
                            bool is_token, struct hm_err *e)
{
    HM_OWN(hm_buf) uri = HM_BUF_INIT(4096);
    struct spellings other;
    struct hm_json_writer w;

    HM_TRY(spell(&key->public_key, &other, e));
    HM_TRY(key_uri_text(&key->uri, &uri, e));
    hm_cli_result(cli, &w, true);
    if (is_token) {
        key_say(cli, key, (const char *)uri.p);
        key_put_json(&w, key, (const char *)uri.p);
    } else {
        hm_cli_say(cli, "keyid    %s", key->public_key.keyid);
        hm_cli_say(cli, "scheme   %s", hm_scheme_name(key->public_key.scheme));
        hm_json_put_text(&w, "keyid", key->public_key.keyid);
        hm_json_put_text(&w, "scheme", hm_scheme_name(key->public_key.scheme));
    }
    hm_cli_say(cli, "base64   %s (Sigstore)", other.sha256_base64);
    if (other.ski[0] != '\0')
        hm_cli_say(cli, "ski      %s (X.509)", other.ski);
    hm_json_put_text(&w, "sigstore_hint", other.sha256_base64);
    hm_json_put_optional(&w, "x509_ski", other.ski);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc key_show_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    const bool is_token = key_is_uri(cli->argv[0]);

    HM_TRY(is_token ? read_token(cli, cli->argv[0], &key, e)
                    : key_pem_load(cli->argv[0], &key.public_key, e));
    return report(cli, &key, is_token, e);
}
