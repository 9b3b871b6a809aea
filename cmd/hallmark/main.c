#include "hallmark_priv.h"
#include "hm_source.h"

static const struct hm_command commands[] = {
    {"init", "[DIR]", 0, 1, "write a release.json to start from",
     hallmark_init_opts, hallmark_init_run},
    {"release", "RELEASE.JSON", 1, 1,
     "pack, check, attest, sign, verify and publish one release",
     hallmark_release_opts, hallmark_release_run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const char *libraries(void)
{
    static char text[64];
    char version[HM_SOURCE_LIBRARY];

    (void)snprintf(text, sizeof(text), "libgit2 %s",
                   hm_source_library(version));
    return text;
}

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
