#include "hm_crypto.h"
#include "key_priv.h"

static const struct hm_command commands[] = {
    {"token-init", "", 0, 0, "make a token with its PIN", key_token_init_opts,
     key_token_init_run},
    {"generate", "URI", 1, 1, "make a key that stays on its token",
     key_generate_opts, key_generate_run},
    {"export", "URI", 1, 1, "write a public key in PEM", key_export_opts,
     key_export_run},
    {"list", "", 0, 0, "list tokens and the public keys on them", key_list_opts,
     key_list_run},
    {"show", "URI|PEM", 1, 1, "show a key's id and its other spellings",
     key_show_opts, key_show_run},
    {"doctor", "URI", 1, 1, "say what would keep a key from signing",
     key_doctor_opts, key_doctor_run},
    {"probe", "URI", 1, 1, "try to get a private key out of its token",
     key_probe_opts, key_probe_run},
    {"root-export", "[URI...]", 0, HM_ROOT_KEYS_MAX,
     "write root.json, the trust anchor of devices", key_root_opts,
     key_root_run},
    {"authorise", "", 0, 0, "authorise vendor keys, signed by the root",
     key_authorise_opts, key_authorise_run},
    {"rotate", "", 0, 0, "retire a vendor key and authorise the next",
     key_rotate_opts, key_rotate_run},
    {"revoke", "", 0, 0, "retire a key that is compromised or lost",
     key_revoke_opts, key_revoke_run},
    {"prepare", "ACT", 1, 1,
     "write a request: what root keys are asked to sign, and why",
     key_prepare_opts, key_prepare_run},
    {"review", "REQUEST", 1, 1, "show what a request asks for", key_review_opts,
     key_review_run},
    {"rehearse", "DIR", 1, 1,
     "say which devices would take a release, before it is signed",
     key_rehearse_opts, key_rehearse_run},
    {"apply", "REQUEST SIGNATURE...", 2, 1 + (int)HM_SIGNATURES_MAX,
     "put a request into force with the signatures that were made",
     key_apply_opts, key_apply_run},
    {"csr", "URI", 1, 1, "write a request for a certificate of a key",
     key_csr_opts, key_csr_run},
    {"certify", "URI", 1, 1, "issue an X.509 certificate with a root key",
     key_certify_opts, key_certify_run},
    {"ceremony-make", "", 0, 0,
     "write the record of a ceremony, for those who took part to sign",
     key_ceremony_make_opts, key_ceremony_make_run},
    {"ceremony-check", "RECORD", 1, 1,
     "hold the record of a ceremony against its documents",
     key_ceremony_check_opts, key_ceremony_check_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-key",
    .summary = "Tokens, root and vendor keys, and what the root authorises",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
