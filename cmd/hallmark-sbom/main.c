#include "hm_crypto.h"
#include "sbom_cli_priv.h"

static const struct hm_command commands[] = {
    {"check", "FILE", 1, 1,
     "check a CycloneDX SBOM and bind it to the artefact it describes",
     sbom_check_opts, sbom_check_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-sbom",
    .summary = "Check an SBOM and bind it to the file it describes",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
