#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
    const char *output;
    bool force;
    bool dry_run;
} opt;

const struct hm_opt key_export_opts[] = {
    KEY_WHERE(opt.where),
    {"output", 'o', HM_OPT_OUTPUT, true, &opt.output, "PUB.pem",
     "write the public key (-: standard output)"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace PUB.pem when it is there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "read the key, write nothing"},
    HM_OPT_END,
};

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_hsm_key *key,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_say(cli, "%s key %s to %s", opt.dry_run ? "would write" : "wrote",
               key->public_key.keyid, hm_show_str(opt.output));
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "keyid", key->public_key.keyid);
    hm_json_put_text(&w, "path", opt.output);
    hm_json_put_bool(&w, "written", !opt.dry_run);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc key_export_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    HM_OWN(hm_buf) pem = HM_BUF_INIT(4096);
    struct hm_hsm_uri uri;

    HM_TRY(key_uri_read(cli->argv[0], &uri, e));
    HM_TRY(key_hsm_open(cli, &hsm, &opt.where, HM_HSM_USE, e));
    HM_TRY(hm_hsm_find_public(&hsm, &uri, &key, e));
    HM_TRY(hm_public_key_add_pem(&key.public_key, &pem, e));
    HM_TRY(opt.dry_run
               ? hm_cli_output_check(opt.output, opt.force, e)
               : hm_cli_output(opt.output, hm_buf_view(&pem), opt.force, e));
    return report(cli, &key, e);
}
