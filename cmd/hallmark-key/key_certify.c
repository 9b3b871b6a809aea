/* X.509 certificates: the root's own, and those of vendor keys that it issues, for
 * the verifiers that know nothing of an authorisation. */
#include <stdlib.h>

#include "key_priv.h"

#define DAY          ((hm_time)86400)
#define LEAF_DAYS    732 /* two years, one of them a leap year */
#define ROOT_DAYS    3650
#define ROOT_DAYS_UP 7306

static struct {
    struct hm_hsm_where where;
    const char *pin;
    const char *issuer;
    const char *request;
    const char *public_key;
    const char *subject;
    struct hm_cli_list purposes;
    const char *days;
    const char *until;
    const char *issue_time;
    const char *root;
    const char *authorisation;
    const char *output;
    bool accept_claims;
    bool force;
    bool dry_run;
} opt;

const struct hm_opt key_certify_opts[] = {
    KEY_WHERE(opt.where),
    {"pin", 'p', HM_OPT_VALUE, false, &opt.pin, "SOURCE",
     "PIN: fd:N, file:PATH, credential:NAME or tty"},
    {"issuer", 'i', HM_OPT_VALUE, false, &opt.issuer, "CERT",
     "certificate of the key that issues (default: it certifies itself)"},
    {"request", 0, HM_OPT_VALUE, false, &opt.request, "CSR",
     "whose certificate: a request, signed with the key that it names"},
    {"public-key", 0, HM_OPT_VALUE, false, &opt.public_key, "PEM",
     "whose certificate: a public key"},
    {"subject", 0, HM_OPT_VALUE, false, &opt.subject, "NAME",
     "common name (default: the request's)"},
    {"purpose", 0, HM_OPT_LIST, false, &opt.purposes, "WORD",
     "codeSigning or emailProtection (default: none is said, all accept it)"},
    {"valid-until", 0, HM_OPT_VALUE, false, &opt.until, "TIME",
     "end of the certificate"},
    {"days", 0, HM_OPT_VALUE, false, &opt.days, "N",
     "the same, in days from now"},
    {"issue-time", 0, HM_OPT_VALUE, false, &opt.issue_time, "TIME",
     "time of this act (default: the clock)"},
    {"root", 'r', HM_OPT_VALUE, false, &opt.root, "FILE",
     "root.json: only a key of it issues"},
    {"authorisation", 'a', HM_OPT_VALUE, false, &opt.authorisation, "FILE",
     "only for a key that it authorises with role x509; needs --root"},
    {"output", 'o', HM_OPT_OUTPUT, true, &opt.output, "CERT",
     "write the certificate (-: standard output)"},
    {"accept-claims", 0, HM_OPT_FLAG, false, &opt.accept_claims, "",
     "sign although the token claims that the key may leave it, or does more "
     "than sign"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace CERT when it is there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check everything, ask for no PIN, write nothing"},
    HM_OPT_END,
};

/* A certificate on its way; too large for a stack. */
struct act {
    struct hm_root root;                   /* owned */
    struct hm_authorisation authorisation; /* owned */
    struct hm_certificate issuer;          /* owned */
    struct hm_csr request;                 /* owned; or only its key */
    struct key_signer signer;              /* owned */
    struct hm_certificate made;            /* owned */
    struct hm_certificate_plan plan;       /* borrows from the above */
};

static void act_clear(struct act *a)
{
    hm_root_clear(&a->root);
    hm_authorisation_clear(&a->authorisation);
    hm_certificate_clear(&a->issuer);
    hm_csr_clear(&a->request);
    key_signer_clear(&a->signer);
    hm_certificate_clear(&a->made);
}

/* --- what is asked for ----------------------------------------------------------- */

HM_MUST static hm_rc check_call(struct hm_err *e)
{
    const bool is_leaf = opt.issuer != NULL;

    if (!is_leaf && (opt.request != NULL || opt.public_key != NULL ||
                     opt.purposes.n > 0 || opt.authorisation != NULL))
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "key.certify.issuer",
                               "--request, --public-key, --purpose and "
                               "--authorisation are for what is issued to "
                               "others, and --issuer is not given"),
                       "give the root's certificate with --issuer CERT");
    if (is_leaf && (opt.request == NULL) == (opt.public_key == NULL))
        return hm_fail(e, HM_E_USAGE, "key.certify.whose",
                       "expected one of --request CSR and --public-key PEM");
    if (opt.subject == NULL && opt.request == NULL)
        return hm_fail(e, HM_E_USAGE, "key.certify.subject",
                       "expected --subject NAME: nothing else names one");
    if (opt.authorisation != NULL && opt.root == NULL)
        return hm_fail(e, HM_E_USAGE, "key.certify.root",
                       "--authorisation needs --root, which it is verified "
                       "with");
    return HM_OK;
}

HM_MUST static hm_rc load_request(const struct hm_cli *cli, struct hm_csr *to,
                                  struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_X509_BYTES_MAX);
    hm_rc rc = hm_cli_input(opt.request, &text, e);

    if (rc == HM_OK)
        rc = hm_csr_read(to, hm_buf_view(&text), e);
    HM_TRY(hm_context(e, rc, "cannot take request '%s'",
                      hm_show_str(opt.request)));
    if (to->has_more)
        hm_cli_warn(cli, "the request asks for more than a common name: other "
                         "names, attributes and extensions are not taken");
    if (opt.subject != NULL || to->subject[0] != '\0')
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "key.certify.subject",
                   "the request has no common name that can be taken: give "
                   "--subject NAME");
}

HM_MUST static hm_rc load_trust(struct act *a, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    const char *name = NULL;

    if (opt.root != NULL)
        HM_TRY(hm_root_load(&a->root, opt.root, NULL, e));
    if (opt.authorisation == NULL)
        return HM_OK;
    HM_TRY(key_folder_open(opt.authorisation, &dir, &name, e));
    return hm_context(e,
                      hm_authorisation_load(&a->authorisation, &a->root, &dir,
                                            name, &bytes, e),
                      "authorisation '%s'", hm_show_str(opt.authorisation));
}

HM_MUST static hm_rc read_call(const struct hm_cli *cli, struct act *a,
                               struct hm_err *e)
{
    struct hm_certificate_plan *plan = &a->plan;

    HM_TRY(check_call(e));
    if (opt.subject != NULL)
        HM_TRY(hm_as_usage(
            e, hm_x509_check_subject(hm_bytes_str(opt.subject), e)));
    HM_TRY(load_trust(a, e));
    if (opt.issuer != NULL) {
        HM_TRY(hm_certificate_load(&a->issuer, opt.issuer, e));
        if (hm_certificate_is_self_issued(&a->issuer))
            HM_TRY(
                hm_certificate_check_signature(&a->issuer, &a->issuer.key, e));
        plan->issuer = &a->issuer;
    }
    if (opt.request != NULL)
        HM_TRY(load_request(cli, &a->request, e));
    if (opt.public_key != NULL)
        HM_TRY(key_pem_load(opt.public_key, &a->request.key, e));
    plan->key = &a->request.key;
    plan->subject = opt.subject != NULL ? opt.subject : a->request.subject;
    for (size_t i = 0; i < opt.purposes.n; i++) {
        enum hm_x509_purpose purpose = HM_X509_CODE_SIGNING;

        HM_TRY(hm_x509_purpose_find(opt.purposes.value[i], &purpose, e));
        plan->purposes |= (unsigned)purpose;
    }
    HM_TRY(hm_time_act(opt.issue_time, 0, &plan->not_before, e));
    return key_end_find(opt.days, opt.until, plan->not_before, &plan->not_after,
                        e);
}

/* --- may it be issued? ----------------------------------------------------------- */

/* Root keys and vendor keys do not mix.  What X.509 verifiers trust a key with is
 * never more than what the root authorised it for. */
HM_MUST static hm_rc judge_leaf(const struct act *a, struct hm_err *e)
{
    const char *keyid = a->plan.key->keyid;
    const struct hm_authorised_key *key =
        hm_authorisation_find(&a->authorisation, keyid);
    const struct hm_key_use use = {.role = HM_ROLE_X509,
                                   .product =
                                       key == NULL ? "" : key->products[0],
                                   .at = a->plan.not_before};

    if (hm_root_find(&a->root, keyid) != NULL)
        return hm_fail(e, HM_E_REJECTED, "key.certify.mixed",
                       "key %.16s is a root key, and root keys sign no "
                       "release: it gets no certificate of a vendor's",
                       keyid);
    if (opt.authorisation == NULL)
        return HM_OK;
    HM_TRY(hm_authorisation_check_time(&a->authorisation, use.at, e));
    HM_TRY(hm_authorisation_judge(&a->authorisation, keyid, &use, e));
    if (key != NULL && a->plan.not_after <= key->valid_until)
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "key.certify.outlives",
                "the certificate would end %s, and the key is authorised until "
                "%s",
                hm_time_show(a->plan.not_after),
                hm_time_show(key == NULL ? 0 : key->valid_until)),
        "give --valid-until, or have the key authorised for longer first");
}

/* The key that issues, as trust holds it: root.json's, else the certificate's,
 * else the one on the token. */
HM_MUST static hm_rc find_pinned(const struct act *a,
                                 const struct hm_public_key **pinned,
                                 struct hm_err *e)
{
    const struct hm_public_key *found = &a->signer.key.public_key;

    *pinned = found;
    if (a->plan.issuer != NULL) {
        HM_TRY(hm_certificate_check_key(a->plan.issuer, found, e));
        *pinned = &a->plan.issuer->key;
    }
    if (opt.root == NULL)
        return HM_OK;
    if (hm_root_find(&a->root, found->keyid) == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "key.sign.stranger",
                               "key %.16s is no root key of '%s'", found->keyid,
                               hm_show_str(opt.root)),
                       "only a key of root.json issues certificates");
    *pinned = &hm_root_find(&a->root, found->keyid)->key.key;
    return HM_OK;
}

static void warn_of_length(const struct hm_cli *cli,
                           const struct hm_certificate_plan *plan)
{
    const hm_time days = (plan->not_after - plan->not_before) / DAY;

    if (plan->issuer != NULL && days > LEAF_DAYS)
        hm_cli_warn(cli,
                    "a vendor certificate of more than two years: nothing "
                    "takes it back from devices that know no authorisation");
    if (plan->issuer == NULL && (days < ROOT_DAYS || days > ROOT_DAYS_UP))
        hm_cli_warn(cli,
                    "a root certificate is best valid for ten to twenty years, "
                    "and as long as the devices that trust it");
}

/* --- the act ----------------------------------------------------------------------- */

/* What was signed must say what was asked for, to OpenSSL as well. */
HM_MUST static hm_rc verify_made(const struct act *a,
                                 const struct hm_public_key *pinned,
                                 struct hm_err *e)
{
    const struct hm_certificate_chain chain = {&a->made, a->plan.issuer, 1};

    HM_TRY(hm_certificate_check_key(&a->made, a->plan.key, e));
    HM_TRY(hm_certificate_check_signature(&a->made, pinned, e));
    if (a->plan.issuer == NULL)
        return hm_certificate_check_ca(&a->made, e);
    return hm_certificate_chain_check(&chain,
                                      a->plan.purposes == HM_X509_CODE_SIGNING
                                          ? HM_X509_CODE_SIGNING
                                          : HM_X509_EMAIL_PROTECTION,
                                      a->plan.not_before, e);
}

HM_MUST static hm_rc sign(struct act *a, const struct hm_public_key *pinned,
                          struct hm_bytes tbs, struct hm_err *e)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_buf) pem = HM_BUF_INIT(2 * HM_X509_BYTES_MAX);

    HM_TRY(key_signer_join(&a->signer, pinned, tbs, &der, e));
    HM_TRY(hm_certificate_read(&a->made, hm_buf_view(&der), e));
    HM_TRY(verify_made(a, pinned, e));
    HM_TRY(hm_certificate_add_pem(&a->made, &pem, e));
    return hm_cli_output(opt.output, hm_buf_view(&pem), opt.force, e);
}

static void say(const struct hm_cli *cli, const struct act *a,
                const char *serial)
{
    hm_cli_say(cli, "%s %s: '%s', key %.16s, %s to %s",
               opt.dry_run ? "would write" : "wrote", hm_show_str(opt.output),
               a->plan.subject, a->plan.key->keyid,
               hm_time_show(a->plan.not_before),
               hm_time_show(a->plan.not_after));
    hm_cli_say(cli, "issued by %s%.16s%s%s",
               a->plan.issuer == NULL ? "itself, " : "key ",
               a->signer.key.public_key.keyid,
               serial[0] == '\0' ? "" : "; serial ", serial);
    if (a->plan.issuer != NULL && opt.authorisation == NULL)
        hm_cli_say(cli, "role not checked: no --authorisation was given");
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct act *a,
                            struct hm_err *e)
{
    const struct hm_certificate_plan *plan = &a->plan;
    char serial[2 * HM_X509_SERIAL_SIZE + 1] = ""; /* another each time */
    struct hm_json_writer w;

    if (!opt.dry_run)
        hm_hex_write((struct hm_bytes){plan->serial, sizeof(plan->serial)},
                     serial);
    say(cli, a, serial);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "subject", plan->subject);
    hm_json_put_text(&w, "keyid", plan->key->keyid);
    hm_json_put_text(&w, "issuer_keyid", a->signer.key.public_key.keyid);
    hm_json_put_bool(&w, "self_signed", plan->issuer == NULL);
    hm_json_put_optional(&w, "serial", serial);
    hm_json_put_time(&w, "not_before", plan->not_before);
    hm_json_put_time(&w, "not_after", plan->not_after);
    hm_json_open_array(&w, "purposes");
    for (size_t i = 0; i < opt.purposes.n; i++)
        hm_json_put_text(&w, NULL, opt.purposes.value[i]);
    hm_json_close_array(&w);
    hm_json_put_bool(&w, "role_checked", opt.authorisation != NULL);
    hm_json_put_text(&w, "path", opt.output);
    hm_json_put_bool(&w, "written", !opt.dry_run);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc check_output(struct hm_err *e)
{
    const char *const read[] = {opt.root, opt.authorisation, opt.issuer,
                                opt.request, opt.public_key};

    HM_TRY(key_output_keeps(opt.output, read, sizeof(read) / sizeof(*read), e));
    return hm_cli_output_check(opt.output, opt.force, e);
}

HM_MUST static hm_rc certify(struct hm_cli *cli, struct act *a,
                             struct hm_err *e)
{
    HM_OWN(hm_buf) tbs = HM_BUF_INIT(HM_X509_BYTES_MAX);
    const struct key_named named = {&opt.where, cli->argv[0], opt.pin,
                                    opt.dry_run, opt.accept_claims};
    const struct hm_public_key *pinned = NULL;

    HM_TRY(read_call(cli, a, e));
    if (a->plan.issuer != NULL)
        HM_TRY(judge_leaf(a, e));
    HM_TRY(check_output(e));
    HM_TRY(key_signer_open(cli, &a->signer, &named, e));
    if (a->plan.issuer == NULL)
        a->plan.key = &a->signer.key.public_key;
    HM_TRY(find_pinned(a, &pinned, e));
    HM_TRY(hm_x509_serial(a->plan.serial, e));
    HM_TRY(hm_certificate_make(&a->plan, &tbs, e));
    warn_of_length(cli, &a->plan);
    if (!opt.dry_run)
        HM_TRY(sign(a, pinned, hm_buf_view(&tbs), e));
    return report(cli, a, e);
}

hm_rc key_certify_run(struct hm_cli *cli, struct hm_err *e)
{
    struct act *a = calloc(1, sizeof(*a)); /* as the ..._INIT of its members */
    hm_rc rc;

    if (a == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.certify.nomem",
                       "out of memory for a certificate");
    rc = certify(cli, a, e);
    act_clear(a);
    free(a);
    return rc;
}
