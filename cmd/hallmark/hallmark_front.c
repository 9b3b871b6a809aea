#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "hallmark_priv.h"

const struct family hallmark_family[] = {
    {"pack", "pack a directory into an archive, always the same bytes"},
    {"sbom", "check an SBOM and bind it to an artefact"},
    {"attest", "write the provenance of a build as a Statement"},
    {"manifest", "make, refresh and show the manifest that devices read"},
    {"key", "tokens, root and vendor keys, authorisations"},
    {"sign", "sign documents and Statements with a key in a token"},
    {"verify", "check everything in a release before it is published"},
    {"publish", "verify a release and publish it as one transaction"},
    {"device", "what a device does: check, install, boot, confirm"},
    {"evidence", "build the evidence pack of a repository"},
    {NULL, NULL},
};

hm_rc hallmark_find_folder(struct hm_buf *out, struct hm_err *e)
{
    char path[2048];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
    size_t k = n < 0 ? 0 : (size_t)n;

    hm_buf_clear(out);
    if (n < 0 || k == sizeof(path))
        return hm_fail_errno(e, "hallmark.program.start",
                             "cannot find where this program lies");
    while (k > 0 && path[k - 1] != '/')
        k--;
    HM_TRY(hm_buf_add(out, (struct hm_bytes){(const uint8_t *)path, k}, e));
    HM_TRY(hm_buf_add(out, (struct hm_bytes){(const uint8_t *)"", 1}, e));
    out->n--;
    return HM_OK;
}

static bool is_family(const char *word)
{
    for (const struct family *f = hallmark_family; f->name != NULL; f++)
        if (strcmp(f->name, word) == 0)
            return true;
    return false;
}

HM_MUST static hm_rc refuse_word(const char *word, struct hm_err *e)
{
    char list[sizeof(e->hint)] = "";
    size_t n = 0;

    for (const struct family *f = hallmark_family; f->name != NULL; f++) {
        const int k = snprintf(list + n, sizeof(list) - n, " %s", f->name);

        n += k > 0 ? (size_t)k : 0;
    }
    return hm_hint(
        e,
        hm_fail(e, HM_E_USAGE, "cli.command.unknown", "unknown command '%s'",
                hm_show_str(word)),
        "known: init release doctor%s; hallmark --help tells what each "
        "does",
        list);
}

/* Options before the word go to the program, like those behind it. */
hm_rc hallmark_become(int argc, char *argv[], int at, struct hm_err *e)
{
    HM_OWN(hm_buf) folder = HM_BUF_INIT(4096);
    char name[64];
    char path[2048];

    if (!is_family(argv[at]))
        return refuse_word(argv[at], e);
    HM_TRY(hallmark_find_folder(&folder, e));
    (void)snprintf(name, sizeof(name), "hallmark-%s", argv[at]);
    (void)snprintf(path, sizeof(path), "%s%s", (const char *)folder.p, name);
    for (int i = at; i < argc; i++)
        argv[i] = argv[i + 1]; /* the NULL at the end as well */
    argv[0] = name;
    (void)execv(path, argv);
    return hm_hint(e,
                   hm_fail_errno(e, "hallmark.program.start",
                                 "cannot start '%s'", hm_show_str(path)),
                   "the programs of Hallmark lie in one folder; install them "
                   "together");
}

void hallmark_print_help(FILE *to, const struct hm_program *program)
{
    (void)fprintf(to, "usage: %s COMMAND [options] ...\n\n%s.\n\ncommands:\n",
                  program->name, program->summary);
    for (const struct hm_command *c = program->commands; c->run != NULL; c++)
        (void)fprintf(to, "  %-16s %s\n", c->name, c->summary);
    (void)fprintf(to, "\nprograms ('hallmark X' runs 'hallmark-X'):\n");
    for (const struct family *f = hallmark_family; f->name != NULL; f++)
        (void)fprintf(to, "  %-16s %s\n", f->name, f->summary);
    (void)fprintf(to, "\noptions:\n  -h, --help       show this text\n"
                      "      --version    show the versions of the program and "
                      "its libraries\n"
                      "\n'hallmark COMMAND --help' tells more of one.\n");
}
