#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
    const char *pin;
    const char *scheme;
    const char *output;
    bool force;
    bool dry_run;
} opt;

const struct hm_opt key_generate_opts[] = {
    KEY_WHERE(opt.where),
    {"pin", 'p', HM_OPT_VALUE, false, &opt.pin, "SOURCE",
     "PIN: fd:N, file:PATH, credential:NAME or tty"},
    {"scheme", 's', HM_OPT_VALUE, false, &opt.scheme, "NAME",
     "ecdsa-p256-sha256 (default), ecdsa-p384-sha384 or rsa-pkcs1-sha256 (3072 "
     "bits)"},
    {"output", 'o', HM_OPT_OUTPUT, false, &opt.output, "PUB.pem",
     "write the public key"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace PUB.pem when it is there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check what can be checked without a PIN, make nothing"},
    HM_OPT_END,
};

/* The file is opened before the key is made, so that what can fail fails
 * first. */
HM_MUST static hm_rc begin_output(struct hm_out *out, struct hm_err *e)
{
    if (opt.output == NULL || hm_cli_is_stdout(opt.output))
        return HM_OK;
    return hm_out_begin(out, opt.output,
                        opt.force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644, e);
}

HM_MUST static hm_rc end_output(struct hm_out *out,
                                const struct hm_public_key *key,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) pem = HM_BUF_INIT(4096);

    if (opt.output == NULL)
        return HM_OK;
    HM_TRY(hm_public_key_add_pem(key, &pem, e));
    if (out->fd < 0)
        return hm_cli_output("-", hm_buf_view(&pem), false, e);
    HM_TRY(hm_out_write(out, hm_buf_view(&pem), e));
    return hm_out_commit(out, e);
}

HM_MUST static hm_rc read_scheme(enum hm_scheme *out, struct hm_err *e)
{
    *out = HM_SCHEME_ECDSA_P256_SHA256;
    if (opt.scheme == NULL)
        return HM_OK;
    *out = hm_scheme_find(hm_bytes_str(opt.scheme));
    if (*out != HM_SCHEME_UNKNOWN)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.generate.scheme",
                   "'--scheme %s': expected ecdsa-p256-sha256, "
                   "ecdsa-p384-sha384 or rsa-pkcs1-sha256",
                   hm_show_str(opt.scheme));
}

/* What the token let happen to the new key although it is good enough to keep. */
static void warn_of_probes(const struct hm_cli *cli,
                           const struct hm_hsm_claims *c)
{
    if (c->changeable == HM_HSM_YES)
        hm_cli_warn(cli,
                    "the module let what it claims of the new key be changed "
                    "(it was changed back): its claims are worth little");
    if (c->copyable == HM_HSM_YES)
        hm_cli_warn(cli, "the software token would copy the new key as one "
                         "that may leave it");
}

/* Devices of today need not have any other scheme. */
static void warn_of_scheme(const struct hm_cli *cli, enum hm_scheme scheme)
{
    if (scheme != HM_SCHEME_ECDSA_P256_SHA256)
        hm_cli_warn(cli,
                    "a device that has no other scheme than ecdsa-p256-sha256 "
                    "counts a key of %s as absent",
                    hm_scheme_name(scheme));
}

/* Without a PIN; what is on the token but private is not seen. */
HM_MUST static hm_rc rehearse(struct hm_cli *cli, struct hm_hsm *hsm,
                              const struct hm_hsm_uri *uri,
                              enum hm_scheme scheme, struct hm_err *e)
{
    if (opt.pin != NULL)
        HM_TRY(hm_hsm_pin_check_source(opt.pin, e));
    if (opt.output != NULL)
        HM_TRY(hm_cli_output_check(opt.output, opt.force, e));
    HM_TRY(key_hsm_open(cli, hsm, &opt.where, HM_HSM_USE, e));
    HM_TRY(hm_hsm_generate_check(hsm, uri, scheme, e));
    return key_report_rehearsed(cli, scheme, e);
}

hm_rc key_generate_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    HM_OWN(hm_out) out = HM_OUT_INIT;
    enum hm_scheme scheme = HM_SCHEME_UNKNOWN;
    struct hm_hsm_uri uri;
    hm_rc rc;

    HM_TRY(read_scheme(&scheme, e));
    warn_of_scheme(cli, scheme);
    HM_TRY(key_uri_read(cli->argv[0], &uri, e));
    if (opt.dry_run)
        return rehearse(cli, &hsm, &uri, scheme, e);
    HM_TRY(begin_output(&out, e));
    HM_TRY(hm_hsm_pin_find(&pin, &uri, opt.pin, e));
    HM_TRY(key_hsm_open(cli, &hsm, &opt.where, HM_HSM_PROVISION, e));
    HM_TRY(hm_hsm_digest_module(&hsm, e));
    HM_TRY(key_hsm_login(cli, &hsm, &uri, &pin, e));
    hm_hsm_pin_clear(&pin);
    HM_TRY(hm_hsm_generate(&hsm, &uri, scheme, &key, e));
    HM_TRY(hm_hsm_commit(&hsm, e));
    warn_of_probes(cli, &key.claims);
    rc = hm_context(e, end_output(&out, &key.public_key, e),
                    "the key was made, but not its PEM file");
    HM_TRY(hm_hint(e, rc, "hallmark-key export URI -o PUB.pem"));
    return key_report(cli, &key, e);
}
