#include <strings.h>

#include "key_priv.h"

#define PEM_FILE_MAX 4096u

bool key_is_uri(const char *text)
{
    return strncasecmp(text, "pkcs11:", 7) == 0;
}

hm_rc key_uri_read(const char *text, struct hm_hsm_uri *uri, struct hm_err *e)
{
    return hm_hsm_uri_read(uri, hm_bytes_str(text), e);
}

hm_rc key_hsm_open(struct hm_cli *cli, struct hm_hsm *hsm,
                   const struct hm_hsm_where *where, enum hm_hsm_mode mode,
                   struct hm_err *e)
{
    HM_TRY(hm_hsm_open(hsm, where, mode, e));
    if (hm_hsm_note(hsm)[0] != '\0')
        hm_cli_warn(cli, "%s", hm_hsm_note(hsm));
    return HM_OK;
}

hm_rc key_hsm_login(struct hm_cli *cli, struct hm_hsm *hsm,
                    const struct hm_hsm_uri *uri, const struct hm_hsm_pin *pin,
                    struct hm_err *e)
{
    const bool was_said = hm_hsm_note(hsm)[0] != '\0';

    HM_TRY(hm_hsm_login(hsm, uri, pin, e));
    if (!was_said && hm_hsm_note(hsm)[0] != '\0')
        hm_cli_warn(cli, "%s", hm_hsm_note(hsm));
    return HM_OK;
}

hm_rc key_pem_load(const char *path, struct hm_public_key *key,
                   struct hm_err *e)
{
    HM_OWN(hm_buf) pem = HM_BUF_INIT(PEM_FILE_MAX);
    hm_rc rc = hm_cli_input(path, &pem, e);

    if (rc == HM_OK)
        rc = hm_public_key_read_pem(key, hm_buf_view(&pem), e);
    rc = hm_context(e, rc, "cannot take public key '%s'", hm_show_str(path));
    return hm_as_usage(e, rc);
}

hm_rc key_uri_text(const struct hm_hsm_uri *uri, struct hm_buf *to,
                   struct hm_err *e)
{
    const struct hm_bytes nul = {(const uint8_t *)"", 1};

    hm_buf_clear(to);
    HM_TRY(hm_hsm_uri_write(uri, to, e));
    return hm_buf_add(to, nul, e);
}

void key_say(const struct hm_cli *cli, const struct hm_hsm_key *key,
             const char *uri)
{
    const struct hm_hsm_claims *c = &key->claims;
    struct hm_hsm_claim_line lines[HM_HSM_CLAIMS];

    hm_cli_say(cli, "uri      %s", uri);
    hm_cli_say(cli, "keyid    %s", key->public_key.keyid);
    hm_cli_say(cli, "scheme   %s", hm_scheme_name(key->public_key.scheme));
    hm_cli_say(cli, "token    '%s', serial %s, %s%s", hm_show_str(c->token),
               hm_show_str(c->serial), hm_show_str(c->model),
               c->is_software ? " (software: a file and a PIN protect it)"
                              : "");
    if (c->module_sha256[0] != '\0')
        hm_cli_say(cli, "module   %s, sha256 %s", hm_show_str(c->module),
                   c->module_sha256);
    hm_hsm_claim_lines(c, lines);
    for (size_t i = key->handle == 0 ? HM_HSM_KEY_CLAIMS : 0; i < HM_HSM_CLAIMS;
         i++)
        hm_cli_say(cli, "claimed  %s: %s", lines[i].name,
                   hm_hsm_claim_name(lines[i].claim));
    if (key->handle == 0)
        hm_cli_say(cli, "claims   no more: the private key was not opened");
    else
        hm_cli_say(cli, "claimed  key_gen_mechanism: %s", c->key_gen_mechanism);
}

hm_rc key_report(struct hm_cli *cli, const struct hm_hsm_key *key,
                 struct hm_err *e)
{
    HM_OWN(hm_buf) uri = HM_BUF_INIT(4096);
    struct hm_json_writer w;

    HM_TRY(key_uri_text(&key->uri, &uri, e));
    key_say(cli, key, (const char *)uri.p);
    hm_cli_result(cli, &w, true);
    HM_TRY(hm_hsm_put_key(&w, key, e));
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc key_report_rehearsed(struct hm_cli *cli, enum hm_scheme scheme,
                           struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_say(cli, "would make %s, a key of %s; no PIN was asked for",
               hm_show_str(cli->argv[0]), hm_scheme_name(scheme));
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "uri", cli->argv[0]);
    hm_json_put_text(&w, "scheme", hm_scheme_name(scheme));
    hm_json_put_bool(&w, "dry_run", true);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc key_pair_split(const char *option, const char *text,
                     char name[static HM_TRUST_TEXT], const char **rest,
                     struct hm_err *e)
{
    const char *equals = strchr(text, '=');
    const size_t n = equals == NULL ? 0 : (size_t)(equals - text);

    if (n == 0 || n >= HM_TRUST_TEXT || equals[1] == '\0')
        return hm_fail(e, HM_E_USAGE, "key.option.pair",
                       "'--%s %s': expected NAME=FILE", option,
                       hm_show_str(text));
    memcpy(name, text, n);
    name[n] = '\0';
    *rest = equals + 1;
    return HM_OK;
}

hm_rc key_number_read(const char *option, const char *text, uint64_t min,
                      uint64_t max, uint64_t *out, struct hm_err *e)
{
    if (hm_number_read(hm_bytes_str(text), max, out, NULL) == HM_OK &&
        *out >= min)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.option.number",
                   "'--%s %s': expected a number from %llu to %llu", option,
                   hm_show_str(text), (unsigned long long)min,
                   (unsigned long long)max);
}

hm_rc key_output_keeps(const char *output, const char *const *read, size_t n,
                       struct hm_err *e)
{
    for (size_t i = 0; i < n; i++)
        if (read[i] != NULL && !hm_cli_is_stdout(output) &&
            hm_file_is_same(output, read[i]))
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "key.output.same",
                                   "'%s' is read, and would be replaced",
                                   hm_show_str(output)),
                           "name another output");
    return HM_OK;
}
