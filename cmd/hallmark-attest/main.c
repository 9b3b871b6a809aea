#include "attest_cli_priv.h"
#include "hm_archive.h"
#include "hm_crypto.h"
#include "hm_source.h"

static const struct hm_command commands[] = {
    {"provenance", "", 0, 0,
     "write the SLSA provenance of a release as an unsigned Statement",
     attest_provenance_opts, attest_provenance_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {"libgit2", hm_source_libgit2_version},
    {"zlib", hm_archive_zlib_version},
    {"libdeflate", hm_archive_libdeflate_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-attest",
    .summary = "Write what is known of a build as a Statement",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
