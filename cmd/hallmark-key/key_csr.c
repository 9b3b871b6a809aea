/* A request for a certificate: it shows that who asks holds the key. */
#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
    const char *pin;
    const char *subject;
    const char *output;
    bool accept_claims;
    bool force;
    bool dry_run;
} opt;

const struct hm_opt key_csr_opts[] = {
    KEY_WHERE(opt.where),
    {"pin", 'p', HM_OPT_VALUE, false, &opt.pin, "SOURCE",
     "PIN: fd:N, file:PATH, credential:NAME or tty"},
    {"subject", 0, HM_OPT_VALUE, true, &opt.subject, "NAME",
     "common name that the certificate shall have"},
    {"output", 'o', HM_OPT_OUTPUT, true, &opt.output, "FILE",
     "write the request (-: standard output)"},
    {"accept-claims", 0, HM_OPT_FLAG, false, &opt.accept_claims, "",
     "sign although the token claims that the key may leave it, or does more "
     "than sign"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace FILE when it is there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check what can be checked without a PIN, write nothing"},
    HM_OPT_END,
};

HM_MUST static hm_rc report(struct hm_cli *cli, const char *keyid,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_say(cli, "%s %s: a request of key %.16s for '%s'",
               opt.dry_run ? "would write" : "wrote", hm_show_str(opt.output),
               keyid, opt.subject);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "keyid", keyid);
    hm_json_put_text(&w, "subject", opt.subject);
    hm_json_put_text(&w, "path", opt.output);
    hm_json_put_bool(&w, "written", !opt.dry_run);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* Read back as whoever gets it will read it. */
HM_MUST static hm_rc check(const struct hm_buf *der,
                           const struct hm_public_key *key, struct hm_err *e)
{
    HM_OWN(hm_csr) again = HM_CSR_INIT;

    HM_TRY(hm_csr_read(&again, hm_buf_view(der), e));
    if (strcmp(again.key.keyid, key->keyid) == 0 &&
        strcmp(again.subject, opt.subject) == 0)
        return HM_OK;
    return hm_fail(e, HM_E_INTERNAL, "key.csr.lost",
                   "the request does not say what was asked for");
}

HM_MUST static hm_rc make(struct key_signer *signer, struct hm_bytes info,
                          struct hm_err *e)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_buf) pem = HM_BUF_INIT(2 * HM_X509_BYTES_MAX);
    const struct hm_public_key *key = &signer->key.public_key;

    HM_TRY(key_signer_join(signer, key, info, &der, e));
    HM_TRY(check(&der, key, e));
    HM_TRY(hm_pem_add(&pem, "CERTIFICATE REQUEST", hm_buf_view(&der), e));
    return hm_cli_output(opt.output, hm_buf_view(&pem), opt.force, e);
}

hm_rc key_csr_run(struct hm_cli *cli, struct hm_err *e)
{
    const struct key_named named = {&opt.where, cli->argv[0], opt.pin,
                                    opt.dry_run, opt.accept_claims};
    HM_OWN(key_signer) signer = KEY_SIGNER_INIT;
    HM_OWN(hm_buf) info = HM_BUF_INIT(HM_X509_BYTES_MAX);

    HM_TRY(hm_as_usage(e, hm_x509_check_subject(hm_bytes_str(opt.subject), e)));
    HM_TRY(hm_cli_output_check(opt.output, opt.force, e));
    HM_TRY(key_signer_open(cli, &signer, &named, e));
    HM_TRY(hm_csr_make(opt.subject, &signer.key.public_key, &info, e));
    if (!opt.dry_run)
        HM_TRY(make(&signer, hm_buf_view(&info), e));
    return report(cli, signer.key.public_key.keyid, e);
}
