#include "hm_archive.h"
#include "hm_crypto.h"
#include "manifest_cli_priv.h"

static const struct hm_command commands[] = {
    {"make", "", 0, 0,
     "write the manifest and the index of a release directory",
     manifest_make_opts, manifest_make_run},
    {"refresh", "DIR", 1, 1,
     "renew the manifest in a copy of a release; its signatures are removed",
     manifest_refresh_opts, manifest_refresh_run},
    {"show", "DIR", 1, 1, "print a manifest, unverified", manifest_show_opts,
     manifest_show_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {"zlib", hm_archive_zlib_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-manifest",
    .summary = "Make, renew and show the manifest that devices read",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
