#include "hm_archive.h"
#include "hm_crypto.h"
#include "publish_priv.h"

static struct publish_options opt;

static const struct hm_opt opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "FILE",
     "root.json, the trust anchor of the devices"},
    {"at", 0, HM_OPT_VALUE, false, &opt.at, "TIME",
     "judge as if it were TIME (default: the clock)"},
    {"wait", 0, HM_OPT_VALUE, false, &opt.wait, "SECONDS",
     "wait so long for another publication to end (default: 60)"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "verify and compare, write nothing"},
    HM_OPT_END,
};

static hm_rc run(struct hm_cli *cli, struct hm_err *e)
{
    return publish_run(cli, &opt, e);
}

static const struct hm_command commands[] = {
    {NULL, "DIR REPOSITORY", 2, 2,
     "verify the release in DIR and publish it as one transaction", opts, run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {"zlib", hm_archive_zlib_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-publish",
    .summary = "Verify a release and publish it",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
