#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
    const char *threshold;
    const char *vendor;
    struct hm_cli_list keys;
    const char *output;
    bool force;
    bool dry_run;
} opt;

const struct hm_opt key_root_opts[] = {
    KEY_WHERE(opt.where),
    {"threshold", 'k', HM_OPT_VALUE, true, &opt.threshold, "K",
     "how many of the keys must sign"},
    {"vendor", 0, HM_OPT_VALUE, false, &opt.vendor, "NAME",
     "whose devices trust this root (default: the first token's label)"},
    {"key", 0, HM_OPT_LIST, false, &opt.keys, "NAME=PEM",
     "a root key that is elsewhere, by its public key"},
    {"output", 'o', HM_OPT_OUTPUT, true, &opt.output, "FILE",
     "write root.json"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace FILE when it is there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check everything, write nothing"},
    HM_OPT_END,
};

HM_MUST static hm_rc take_vendor(const char *name, struct hm_root *root,
                                 struct hm_err *e)
{
    HM_TRY(hm_hint(e,
                   hm_as_usage(e, hm_trust_name_check(hm_bytes_str(name), e)),
                   "name the vendor with --vendor NAME"));
    memcpy(root->vendor, name, strlen(name) + 1);
    return HM_OK;
}

HM_MUST static hm_rc add_tokens(struct hm_cli *cli, struct hm_root *root,
                                struct hm_err *e)
{
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;

    if (cli->argc == 0)
        return HM_OK;
    HM_TRY(key_hsm_open(cli, &hsm, &opt.where, HM_HSM_USE, e));
    for (int i = 0; i < cli->argc; i++) {
        HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
        struct hm_hsm_uri uri;

        HM_TRY(key_uri_read(cli->argv[i], &uri, e));
        HM_TRY(hm_hsm_find_public(&hsm, &uri, &key, e));
        HM_TRY(hm_as_usage(
            e, hm_root_add(root, &key.public_key, key.uri.object, e)));
        if (root->vendor[0] == '\0')
            HM_TRY(take_vendor(key.uri.token, root, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc add_files(struct hm_root *root, struct hm_err *e)
{
    for (size_t i = 0; i < opt.keys.n; i++) {
        HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
        char name[HM_TRUST_TEXT];
        const char *path = NULL;

        HM_TRY(key_pair_split("key", opt.keys.value[i], name, &path, e));
        HM_TRY(key_pem_load(path, &key, e));
        HM_TRY(hm_as_usage(e, hm_root_add(root, &key, name, e)));
    }
    return HM_OK;
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_root *root,
                            struct hm_bytes document, struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];
    char hex[HM_SHA256_HEX];
    struct hm_json_writer w;

    HM_TRY(hm_sha256(document, digest, e));
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, hex);
    hm_cli_say(cli, "%s %s: vendor %s, %u of %zu keys must sign; sha256 %s",
               opt.dry_run ? "would write" : "wrote", hm_show_str(opt.output),
               root->vendor, root->threshold, root->n, hex);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "path", opt.output);
    hm_json_put_bool(&w, "written", !opt.dry_run);
    hm_json_put_text(&w, "sha256", hex);
    hm_json_put_text(&w, "vendor", root->vendor);
    hm_json_put_uint(&w, "threshold", root->threshold);
    hm_json_open_array(&w, "keys");
    for (size_t i = 0; i < root->n; i++)
        hm_json_put_text(&w, NULL, root->keys[i].key.key.keyid);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc key_root_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_buf) document = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    uint64_t threshold = 0;

    HM_TRY(key_number_read("threshold", opt.threshold, 1, HM_ROOT_KEYS_MAX,
                           &threshold, e));
    if (opt.vendor != NULL)
        HM_TRY(take_vendor(opt.vendor, &root, e));
    else if (cli->argc == 0)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "expected --vendor NAME, since no token is named");
    root.threshold = (unsigned)threshold;
    if (cli->argc == 0 && opt.keys.n == 0)
        return hm_fail(e, HM_E_USAGE, "key.root.empty",
                       "expected root keys: URI operands, or --key NAME=PEM");
    HM_TRY(add_tokens(cli, &root, e));
    HM_TRY(add_files(&root, e));
    HM_TRY(hm_as_usage(e, hm_root_write(&root, &document, e)));
    HM_TRY(opt.dry_run ? hm_cli_output_check(opt.output, opt.force, e)
                       : hm_cli_output(opt.output, hm_buf_view(&document),
                                       opt.force, e));
    return report(cli, &root, hm_buf_view(&document), e);
}
