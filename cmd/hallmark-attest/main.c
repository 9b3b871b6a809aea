#include "attest_cli_priv.h"

static const struct hm_command commands[] = {
    {"provenance", "", 0, 0,
     "write the SLSA provenance of a release as an unsigned Statement",
     attest_provenance_opts, attest_provenance_run},
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
    .name = "hallmark-attest",
    .summary = "Write what is known of a build as a Statement",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
