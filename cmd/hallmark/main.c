#include "hallmark_priv.h"
#include "hm_crypto.h"
#include "hm_source.h"

static const struct hm_command commands[] = {
    {"init", "[DIR]", 0, 1, "write a release.json to start from",
     hallmark_init_opts, hallmark_init_run},
    {"release", "RELEASE.JSON", 1, 1,
     "pack, check, attest, sign, verify and publish one release",
     hallmark_release_opts, hallmark_release_run},
    {"doctor", "RELEASE.JSON", 1, 1,
     "say what would keep the keys of release.json from signing",
     hallmark_doctor_opts, hallmark_doctor_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {"libgit2", hm_source_libgit2_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark",
    .summary = "Sign firmware releases and prove where they come from",
    .commands = commands,
    .libraries = libraries,
    .help = hallmark_print_help,
    .other = hallmark_become,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
