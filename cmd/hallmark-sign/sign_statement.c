#include <stdlib.h>

#include "sign_priv.h"

/* The role that a Statement's predicate belongs to. */
static const struct {
    const char *predicate;
    enum hm_role role;
} roles[] = {
    {HM_ATTEST_SUMMARY, HM_ROLE_VERIFICATION},
};

static enum hm_role role_of(const char *predicate)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(roles[i].predicate, predicate) == 0)
            return roles[i].role;
    return HM_ROLE_PROVENANCE;
}

/* Which role the Statement asks for: read strictly, so that nothing is signed
 * that hallmark-verify would refuse to read. */
HM_MUST static hm_rc read_role(struct hm_bytes statement, enum hm_role *role,
                               struct hm_err *e)
{
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;

    HM_TRY(hm_attest_read_statement(&s, statement, HM_ATTEST_OURS, e));
    *role = role_of(s.predicate_type);
    return HM_OK;
}

/* A Statement names no product: any product of the key will do. */
HM_MUST static hm_rc judge(const struct sign_options *o,
                           const struct sign_trust *t, const char *keyid,
                           enum hm_role role, struct hm_err *e)
{
    const struct hm_authorised_key *key =
        hm_authorisation_find(&t->authorisation, keyid);
    struct hm_key_use use = {.role = role, .product = ""};

    if (hm_root_find(&t->root, keyid) != NULL)
        return hm_fail(e, HM_E_REJECTED, "sign.key.root",
                       "key %.16s is a root key, which signs authorisations "
                       "only",
                       keyid);
    if (o->authorisation == NULL)
        return HM_OK;
    if (key != NULL)
        use.product = key->products[0];
    HM_TRY(hm_time_act(o->issue_time, 0, &use.at, e));
    return hm_authorisation_judge(&t->authorisation, keyid, &use, e);
}

HM_MUST static hm_rc make_envelope(struct hm_hsm *hsm,
                                   const struct hm_hsm_key *key,
                                   struct hm_bytes statement,
                                   struct hm_buf *envelope, struct hm_err *e)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX + 256u);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_attest_signed by = {.key = &key->public_key};

    HM_TRY(hm_attest_make_statement_pae(statement, &pae, e));
    HM_TRY(hm_hsm_sign(hsm, key, &key->public_key, hm_buf_view(&pae), &sig, e));
    by.sig = hm_buf_view(&sig);
    return hm_attest_write_envelope(statement, &by, 1, envelope, e);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct sign_options *o,
                            const char *keyid, enum hm_role role,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_say(cli, "%s %s with key %.16s (role %s%s): %s",
               o->dry_run ? "would sign" : "signed", hm_show_str(o->statement),
               keyid, hm_role_name(role),
               o->authorisation == NULL ? ", not checked" : "",
               hm_show_str(o->output));
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "keyid", keyid);
    hm_json_put_text(&w, "role", hm_role_name(role));
    hm_json_put_bool(&w, "role_checked", o->authorisation != NULL);
    hm_json_put_bool(&w, "written", !o->dry_run);
    hm_json_put_text(&w, "envelope", o->output);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* What was signed elsewhere is judged as what is signed here. */
HM_MUST static hm_rc attach_with_trust(struct hm_cli *cli,
                                       const struct sign_options *o,
                                       struct hm_bytes statement,
                                       struct sign_trust *t, struct hm_err *e)
{
    HM_OWN(hm_buf) envelope = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    const struct hm_public_key *maker = NULL;
    enum hm_role role = HM_ROLE_PROVENANCE;

    if (o->authorisation == NULL)
        return hm_fail(e, HM_E_USAGE, "sign.attach.authorisation",
                       "--attach to a Statement needs --authorisation FILE, "
                       "which says whose keys count");
    HM_TRY(read_role(statement, &role, e));
    HM_TRY(sign_trust_load_named(o, t, e));
    HM_TRY(sign_foreign_envelope(o, t, statement, &envelope, &maker, e));
    HM_TRY(judge(o, t, maker->keyid, role, e));
    if (!o->dry_run)
        HM_TRY(hm_cli_output(o->output, hm_buf_view(&envelope), o->force, e));
    return report(cli, o, maker->keyid, role, e);
}

HM_MUST static hm_rc sign_with_trust(struct hm_cli *cli,
                                     const struct sign_options *o,
                                     struct hm_bytes statement,
                                     struct sign_trust *t, struct hm_err *e)
{
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    HM_OWN(hm_buf) envelope = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    enum hm_role role = HM_ROLE_PROVENANCE;

    HM_TRY(read_role(statement, &role, e));
    HM_TRY(sign_trust_load_named(o, t, e));
    HM_TRY(sign_key_open(cli, o, false, &hsm, &key, e));
    HM_TRY(judge(o, t, key.public_key.keyid, role, e));
    if (!o->dry_run) {
        HM_TRY(make_envelope(&hsm, &key, statement, &envelope, e));
        HM_TRY(hm_cli_output(o->output, hm_buf_view(&envelope), o->force, e));
    }
    return report(cli, o, key.public_key.keyid, role, e);
}

hm_rc sign_statement_run(struct hm_cli *cli, const struct sign_options *o,
                         struct hm_err *e)
{
    HM_OWN(hm_buf) statement = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX);
    struct sign_trust *t = NULL;
    hm_rc rc;

    if (o->bytes != NULL)
        return sign_bytes_write(cli, o, NULL, e);
    if (o->output == NULL)
        return hm_fail(e, HM_E_USAGE, "sign.output.none",
                       "--statement needs -o NAME.intoto.jsonl");
    HM_TRY(hm_cli_input(o->statement, &statement, e));
    t = calloc(1, sizeof(*t)); /* too large for a stack */
    if (t == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for an authorisation");
    rc = o->attach != NULL
             ? attach_with_trust(cli, o, hm_buf_view(&statement), t, e)
             : sign_with_trust(cli, o, hm_buf_view(&statement), t, e);
    sign_trust_clear(t);
    free(t);
    return rc;
}
