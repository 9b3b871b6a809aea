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

static void report_spellings(const struct hm_cli *cli, struct hm_json_writer *w,
                             const struct key_spellings *other)
{
    hm_cli_say(cli, "base64   %s (Sigstore)", other->sigstore);
    hm_cli_say(cli, "ssh      %s (ssh, DSSE tools of Go)", other->ssh);
    if (other->tuf[0] != '\0')
        hm_cli_say(cli, "tuf      %s (TUF, in-toto)", other->tuf);
    hm_cli_say(cli, "ski      %s (X.509)", other->ski);
    hm_json_put_text(w, "sigstore_hint", other->sigstore);
    hm_json_put_text(w, "ssh_fingerprint", other->ssh);
    hm_json_put_optional(w, "tuf_keyid", other->tuf);
    hm_json_put_text(w, "x509_ski", other->ski);
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
    HM_TRY(hm_hsm_digest_module(&hsm, e));
    HM_TRY(key_hsm_login(cli, &hsm, &uri, &pin, e));
    return hm_hsm_find_key(&hsm, &uri, key, e);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_hsm_key *key,
                            bool is_token, struct hm_err *e)
{
    HM_OWN(hm_buf) uri = HM_BUF_INIT(4096);
    struct key_spellings other;
    struct hm_json_writer w;

    HM_TRY(key_spell(&key->public_key, &other, e));
    HM_TRY(key_uri_text(&key->uri, &uri, e));
    hm_cli_result(cli, &w, true);
    if (is_token) {
        key_say(cli, key, (const char *)uri.p);
        HM_TRY(hm_hsm_put_key(&w, key, e));
    } else {
        hm_cli_say(cli, "keyid    %s", key->public_key.keyid);
        hm_cli_say(cli, "scheme   %s", hm_scheme_name(key->public_key.scheme));
        hm_json_put_text(&w, "keyid", key->public_key.keyid);
        hm_json_put_text(&w, "scheme", hm_scheme_name(key->public_key.scheme));
    }
    report_spellings(cli, &w, &other);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc key_show_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    const bool is_token = key_is_uri(cli->argv[0]);

    HM_TRY(is_token ? read_token(cli, cli->argv[0], &key, e)
                    : key_pem_load(cli->argv[0], &key.public_key, e));
    key_warn_published(cli, &key.public_key);
    return report(cli, &key, is_token, e);
}
