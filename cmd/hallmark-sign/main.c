#include "hm_crypto.h"
#include "sign_priv.h"

static struct sign_options opt;

static const struct hm_opt opts[] = {
    {"key", 'k', HM_OPT_VALUE, false, &opt.key, "URI",
     "PKCS#11 URI of the private key"},
    {"pin", 'p', HM_OPT_VALUE, false, &opt.pin, "SOURCE",
     "PIN: fd:N, file:PATH, credential:NAME or tty"},
    {"module", 'm', HM_OPT_VALUE, false, &opt.where.module, "PATH",
     "PKCS#11 module (default: SoftHSM's)"},
    {"softhsm", 0, HM_OPT_VALUE, false, &opt.where.softhsm, "DIR",
     "SoftHSM store"},
    {"nss", 0, HM_OPT_VALUE, false, &opt.where.nss, "DIR", "NSS database"},
    {"root", 'r', HM_OPT_VALUE, false, &opt.root, "FILE",
     "root.json (default: the one beside DOCUMENT)"},
    {"authorisation", 'a', HM_OPT_VALUE, false, &opt.authorisation, "FILE",
     "who may sign (default: authorisation.json beside a manifest)"},
    {"statement", 's', HM_OPT_VALUE, false, &opt.statement, "FILE",
     "sign an in-toto Statement into a DSSE envelope"},
    {"cms", 'c', HM_OPT_VALUE, false, &opt.cms, "FILE",
     "sign any file with X.509 and a key of role x509, for RAUC or SWUpdate"},
    {"certificate", 0, HM_OPT_VALUE, false, &opt.certificate, "CERT",
     "the key's certificate, for --cms"},
    {"chain", 0, HM_OPT_LIST, false, &opt.chain, "CERT",
     "who issued it, and so on up to the root's certificate"},
    {"purpose", 0, HM_OPT_VALUE, false, &opt.purpose, "WORD",
     "what its verifiers ask for: emailProtection (default) or codeSigning"},
    {"rauc", 0, HM_OPT_FLAG, false, &opt.rauc, "",
     "the file is a RAUC bundle or squashfs image: write it signed"},
    {"bytes", 'b', HM_OPT_OUTPUT, false, &opt.bytes, "FILE",
     "write the exact bytes to sign, for a signer elsewhere"},
    {"attach", 0, HM_OPT_VALUE, false, &opt.attach, "SIG",
     "verify a signature that was made elsewhere, and attach it"},
    {"raw", 0, HM_OPT_FLAG, false, &opt.raw, "",
     "SIG is r || s, as HSM services give it, and not DER"},
    {"evidence", 0, HM_OPT_OUTPUT, false, &opt.evidence, "FILE",
     "write what module and token say of the key, for a ceremony's record"},
    {"output", 'o', HM_OPT_OUTPUT, false, &opt.output, "FILE",
     "signature or envelope (default: DOCUMENT.sig, or the next free)"},
    {"issue-time", 0, HM_OPT_VALUE, false, &opt.issue_time, "TIME",
     "time of signing: the authorisation must be in force (default: the "
     "clock)"},
    {"accept-claims", 0, HM_OPT_FLAG, false, &opt.accept_claims, "",
     "sign although the token claims that the key may leave it, or does more "
     "than sign"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace this key's signature, or one that fits no key"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check everything, ask for no PIN, sign nothing"},
    HM_OPT_END,
};

/* Sign, or have it signed elsewhere, or take what was. */
HM_MUST static hm_rc check_way(struct hm_err *e)
{
    const int ways =
        (opt.key != NULL) + (opt.bytes != NULL) + (opt.attach != NULL);

    if (ways != 1)
        return hm_fail(e, HM_E_USAGE, "sign.way.one",
                       "expected one of --key URI, --bytes FILE and --attach "
                       "SIG, got %d of them",
                       ways);
    if (opt.evidence != NULL && (opt.key == NULL || opt.statement != NULL ||
                                 opt.cms != NULL || opt.dry_run))
        return hm_fail(e, HM_E_USAGE, "sign.way.one",
                       "--evidence goes with --key and a document, and not "
                       "with --dry-run: the token is asked when it signs");
    if (hm_cli_is_stdout(opt.evidence) && hm_cli_is_stdout(opt.output))
        return hm_fail(e, HM_E_USAGE, "sign.output.many",
                       "standard output takes the signature or the evidence, "
                       "not both");
    if (opt.raw && opt.attach == NULL)
        return hm_fail(e, HM_E_USAGE, "sign.way.one",
                       "--raw goes with --attach");
    return HM_OK;
}

/* What is for X.509 alone goes with it, and it with what it cannot do without. */
HM_MUST static hm_rc check_cms(struct hm_err *e)
{
    const bool is_asked = opt.certificate != NULL || opt.chain.n > 0 ||
                          opt.purpose != NULL || opt.rauc;

    if (opt.cms == NULL && is_asked)
        return hm_fail(e, HM_E_USAGE, "sign.cms.options",
                       "--certificate, --chain, --purpose and --rauc go with "
                       "--cms FILE");
    if (opt.cms == NULL)
        return HM_OK;
    if (opt.certificate == NULL || opt.chain.n == 0 || opt.root == NULL ||
        opt.authorisation == NULL || (opt.output == NULL && opt.bytes == NULL))
        return hm_fail(e, HM_E_USAGE, "sign.cms.options",
                       "--cms needs --certificate, --chain, --root, "
                       "--authorisation and -o");
    if (opt.key == NULL && opt.issue_time == NULL)
        return hm_fail(e, HM_E_USAGE, "sign.cms.options",
                       "--bytes and --attach of --cms need the same "
                       "--issue-time, which is signed with the file");
    if (opt.rauc && hm_cli_is_stdout(opt.output))
        return hm_fail(e, HM_E_USAGE, "sign.cms.options",
                       "--rauc writes a file, which is verified before it gets "
                       "its name: -o names it");
    return HM_OK;
}

static hm_rc run(struct hm_cli *cli, struct hm_err *e)
{
    HM_TRY(check_way(e));
    if ((opt.statement != NULL) + (opt.cms != NULL) + (cli->argc > 0) != 1)
        return hm_fail(e, HM_E_USAGE, "sign.document.none",
                       "expected one of documents to sign, --statement FILE "
                       "and --cms FILE");
    HM_TRY(check_cms(e));
    HM_TRY(sign_output_check(cli, &opt, e));
    if (opt.cms != NULL)
        return sign_cms_run(cli, &opt, e);
    if (opt.statement != NULL)
        return sign_statement_run(cli, &opt, e);
    return sign_documents_run(cli, &opt, e);
}

static const struct hm_command commands[] = {
    {NULL, "[DOCUMENT...]", 0, -1,
     "sign Hallmark documents and in-toto Statements with a token", opts, run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-sign",
    .summary = "Sign documents and Statements with a token",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
