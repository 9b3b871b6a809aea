#include "dev_cli_priv.h"
#include "hm_archive.h"
#include "hm_crypto.h"

static const struct hm_command commands[] = {
    {"provision", "", 0, 0, "make a device that trusts a root set",
     dev_provision_opts, dev_provision_run},
    {"check", "", 0, 0, "look whether a repository offers something acceptable",
     dev_check_opts, dev_check_run},
    {"install", "", 0, 0, "run all five checks, then write the inactive slot",
     dev_install_opts, dev_install_run},
    {"boot", "", 0, 0, "choose a slot, check it and start its firmware",
     dev_boot_opts, dev_boot_run},
    {"confirm", "", 0, 0, "keep the version that started healthily",
     dev_confirm_opts, dev_confirm_run},
    {"status", "", 0, 0, "show slots, versions and counters", dev_status_opts,
     dev_status_run},
    {"log", "", 0, 0, "show update.log and check its chain", dev_log_opts,
     dev_log_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {"zlib", hm_archive_zlib_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-device",
    .summary = "Be the device: verify an update, install it, start it, keep it",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
