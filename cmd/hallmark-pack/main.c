#include "hm_archive.h"
#include "hm_crypto.h"
#include "pack_cli_priv.h"

/* The last one has no name: what is no verb is the directory to pack. */
static const struct hm_command commands[] = {
    {"compare", "A B", 2, 2, "say where two archives first differ",
     pack_compare_opts, pack_compare_run},
    {"list", "FILE", 1, 1, "read an archive strictly and list its members",
     pack_list_opts, pack_list_run},
    {NULL, "DIR | compare A B | list FILE", 1, 1,
     "pack a directory so that the same tree gives the same bytes anywhere",
     pack_make_opts, pack_make_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"zlib", hm_archive_zlib_version},
    {"libdeflate", hm_archive_libdeflate_version},
    {"libgit2", hm_source_libgit2_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-pack",
    .summary =
        "Pack a directory so that the same tree gives the same bytes anywhere",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
