#include <stdio.h>

#include "key_priv.h"

#define CLAIMS_FILE_MAX ((size_t)64 << 10)

/* What earlier versions did not print stays unknown. */
HM_MUST static hm_rc take_more(struct hm_json token, struct hm_token_claims *to,
                               struct hm_err *e)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } rows[] = {
        {"hardware_slot", to->hardware_slot, sizeof(to->hardware_slot)},
        {"hardware_mechanism", to->hardware_mechanism,
         sizeof(to->hardware_mechanism)},
        {"key_gen_mechanism", to->key_gen_mechanism,
         sizeof(to->key_gen_mechanism)},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (hm_json_find(token, rows[i].name).item != NULL)
            HM_TRY(hm_json_get_text(token, rows[i].name, rows[i].to,
                                    rows[i].size, e));
    return HM_OK;
}

/* A library description has blanks; the claims hold words for people. */
HM_MUST static hm_rc take_claims(struct hm_json token,
                                 struct hm_token_claims *to, struct hm_err *e)
{
    bool is_software = false;

    HM_TRY(
        hm_json_get_text(token, "library", to->module, sizeof(to->module), e));
    HM_TRY(hm_json_get_text(token, "label", to->token, sizeof(to->token), e));
    HM_TRY(
        hm_json_get_text(token, "serial", to->serial, sizeof(to->serial), e));
    HM_TRY(hm_json_get_bool(token, "software", &is_software, e));
    /* Not software is not yet hardware: nobody proved that. */
    (void)snprintf(to->protection, sizeof(to->protection), "%s",
                   is_software ? "software" : "unknown");
    HM_TRY(hm_json_get_text(token, "local", to->local, sizeof(to->local), e));
    HM_TRY(hm_json_get_text(token, "always_sensitive", to->always_sensitive,
                            sizeof(to->always_sensitive), e));
    HM_TRY(hm_json_get_text(token, "never_extractable", to->never_extractable,
                            sizeof(to->never_extractable), e));
    return take_more(token, to, e);
}

HM_MUST static hm_rc read_file(const char *path, const char *keyid,
                               struct hm_token_claims *to, bool *found,
                               struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(CLAIMS_FILE_MAX);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    char id[HM_SHA256_HEX];
    struct hm_json token;

    HM_TRY(hm_cli_input(path, &text, e));
    HM_TRY(hm_json_parse(&doc, hm_buf_view(&text), HM_JSON_OURS,
                         CLAIMS_FILE_MAX, e));
    HM_TRY(hm_json_get_text(hm_json_root(&doc), "keyid", id, sizeof(id), e));
    HM_TRY(hm_json_get_object(hm_json_root(&doc), "token", &token, e));
    if (strcmp(id, keyid) != 0)
        return HM_OK;
    *found = true;
    return take_claims(token, to, e);
}

hm_rc key_claims_find(const struct hm_cli_list *files, const char *keyid,
                      struct hm_token_claims *to, struct hm_err *e)
{
    hm_token_claims_unknown(to);
    for (size_t i = 0; i < files->n; i++) {
        bool found = false;
        hm_rc rc = read_file(files->value[i], keyid, to, &found, e);

        rc = hm_context(e, rc, "cannot take claims '%s'",
                        hm_show_str(files->value[i]));
        HM_TRY(hm_hint(e, hm_as_usage(e, rc),
                       "make it with 'hallmark-key show URI --pin SOURCE "
                       "--json'"));
        if (found)
            return HM_OK;
    }
    return HM_OK;
}

hm_rc key_claims_check(const struct hm_token_claims *claims, const char *pem,
                       struct hm_err *e)
{
    const bool is_said = strcmp(claims->local, "yes") == 0 &&
                         strcmp(claims->always_sensitive, "yes") == 0 &&
                         strcmp(claims->never_extractable, "yes") == 0;

    if (is_said && strcmp(claims->protection, "software") != 0)
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "key.claims.refused",
                "key '%s': %s, and --refuse-software was given",
                hm_show_str(pem),
                !is_said ? "no claim says that its token made it and never "
                           "lets it go"
                         : "its token is software"),
        "generate it on a token of hardware, and give what 'hallmark-key show "
        "URI --pin SOURCE --json' says of it with --claims");
}
