#include "evidence_cli_priv.h"
#include "hm_archive.h"
#include "hm_crypto.h"

static const struct hm_command commands[] = {
    {"build", "REPOSITORY", 1, 1,
     "make the evidence pack of a published repository", evidence_build_opts,
     evidence_build_run},
    {"verify", "DIR", 1, 1,
     "make a pack again from what is in it and compare every byte",
     evidence_verify_opts, evidence_verify_run},
    {"diff", "A B", 2, 2, "name what changed between two packs",
     evidence_diff_opts, evidence_diff_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {"zlib", hm_archive_zlib_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-evidence",
    .summary = "Show what a repository proves, and what it does not",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
