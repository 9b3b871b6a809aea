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
    "hallmark", "Sign firmware releases and prove where they come from",
    commands, 2, libraries};

static bool is_own(const char *word)
{
    for (const struct hm_command *c = commands; c->run != NULL; c++)
        if (strcmp(c->name, word) == 0)
            return true;
    return word[0] == '-';
}

static bool asks_help(int argc, char *argv[])
{
    return argc > 1 &&
           (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

/* Another program takes over; what follows happens only when it cannot. */
static int become(char *argv[])
{
    struct hm_err e = {.rc = HM_OK};
    const hm_rc rc = hallmark_become(argv, &e);

    (void)fprintf(stderr, "hallmark: %s [%s]\n", e.text, e.reason);
    if (e.hint[0] != '\0')
        (void)fprintf(stderr, "          next: %s\n", e.hint);
    return hm_rc_exit_status(rc);
}

int main(int argc, char *argv[])
{
    if (argc > 1 && !is_own(argv[1]))
        return become(argv);
    if (!asks_help(argc, argv))
        return hm_cli_main(&program, argc, argv);
    hallmark_print_help(stdout, &program);
    return fflush(stdout) == 0 ? 0 : 3;
}
