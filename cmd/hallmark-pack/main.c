#include "hm_archive.h"
#include "hm_crypto.h"
#include "pack_cli_priv.h"

/* The last one has no name: what is no verb is the directory to pack. */
static const struct hm_command commands[] = {
    {"compare", "A B", 2, 2, "say where two archives first differ",
     pack_compare_opts, pack_compare_run},
    {"list", "FILE", 1, 1, "say what a file is and list its members, strictly",
     pack_list_opts, pack_list_run},
    {"rebuild", "RELEASE", 1, 1,
     "pack the trees of a release again and compare", pack_rebuild_opts,
     pack_rebuild_run},
    {NULL, "DIR | compare A B | list FILE | rebuild RELEASE", 1, 1,
     "pack a directory, or a commit, so that the same tree gives the same "
     "bytes anywhere",
     pack_make_opts, pack_make_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"zlib", hm_archive_zlib_version},
    {"libdeflate", hm_archive_libdeflate_version},
    {"utf8proc", hm_archive_utf8proc_version},
    {"libgit2", hm_source_libgit2_version},
    {"cJSON", hm_json_cjson_version},
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
