/* What every program has in common, held against each of them: help, version,
 * wrong use, and a manual page that tells of every option and every reason. */
#include "hm_json.h"
#include "hm_run.h"

#include "hm_test.h"

#include <stdlib.h>

static const char *const programs[] = {
    "hallmark",        "hallmark-pack",     "hallmark-sbom",
    "hallmark-attest", "hallmark-manifest", "hallmark-key",
    "hallmark-sign",   "hallmark-verify",   "hallmark-publish",
    "hallmark-device", "hallmark-evidence",
};

#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static void every_program_tells_what_it_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        HM_RUN(&r, NULL, programs[i], "--help");
        assert_run(&r, 0, "");
        assert_memory_equal(hm_run_out(&r), "usage: ", 7);
        assert_non_null(strstr(hm_run_out(&r), programs[i]));
        assert_int_equal(r.err.n, 0);
    }
}

static void every_program_tells_its_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        char want[64];

        (void)snprintf(want, sizeof(want), "%s %s\n", programs[i], HM_VERSION);
        HM_RUN(&r, NULL, programs[i], "--version");
        assert_run(&r, 0, "");
        assert_memory_equal(hm_run_out(&r), want, strlen(want));
    }
}

/* The names that the dynamic linker is told stand in the file as text. */
static bool links(const char *program, const char *soname)
{
    HM_OWN(hm_buf) file = HM_BUF_INIT(1u << 28);
    struct hm_err e = {.rc = HM_OK};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", HM_BIN, program);
    assert_ok(hm_file_load(path, &file, &e), &e);
    return memmem(file.p, file.n, soname, strlen(soname)) != NULL;
}

static void every_library_that_is_linked_shows_its_version(void **state)
{
    static const struct {
        const char *soname;
        const char *name;
    } libraries[] = {
        {"libcrypto.so.", "OpenSSL"},
        {"libcjson.so.", "cJSON"},
        {"libgit2.so.", "libgit2"},
        {"libz.so.", "zlib"},
    };

    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        HM_RUN(&r, NULL, programs[i], "--version");
        for (size_t k = 0; k < sizeof(libraries) / sizeof(libraries[0]); k++) {
            char line[32];
            const char *at = NULL;

            (void)snprintf(line, sizeof(line), "\n%s ", libraries[k].name);
            at = strstr(hm_run_out(&r), line);
            if ((at != NULL) != links(programs[i], libraries[k].soname))
                fail_msg("%s and %s", programs[i], libraries[k].name);
            if (at != NULL)
                assert_in_range(at[strlen(line)], '0', '9');
        }
    }
}

static void wrong_use_is_exit_2_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        HM_RUN(&r, NULL, programs[i], "--no-such-option");
        assert_int_equal(r.status, 2);
        assert_non_null(strstr(hm_run_err(&r), "[cli."));
        assert_non_null(strstr(hm_run_err(&r), "--help"));
        assert_int_equal(r.out.n, 0);
    }
}

static void a_full_standard_output_is_no_success(void **state)
{
    const struct hm_run_how how = {.stdout_full = true};

    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        HM_RUN(&r, &how, programs[i], "--version");
        assert_int_equal(r.status, 3);
    }
}

/* Where nothing is: the program that came so far has understood its call. */
#define NOWHERE "/nonexistent-hallmark"

static void options_stand_before_the_verb_as_well(void **state)
{
    static const struct {
        const char *words[8];
        const char *reason;
        int status;
    } rows[] = {
        {{"hallmark-device", "--state", NOWHERE, "status"},
         "device.state.missing",
         2},
        {{"hallmark-device", "-qs" NOWHERE, "status"},
         "device.state.missing",
         2},
        {{"hallmark-sbom", "--release", NOWHERE, "check", "F"},
         "base.file.open",
         3},
        {{"hallmark-evidence", "--root", NOWHERE, "-oout", "build", NOWHERE},
         "base.file.open",
         3},
        {{"hallmark-key", "--json", "--softhsm", NOWHERE, "list"},
         "hsm.softhsm.missing",
         4},
        {{"hallmark-manifest", "--release", NOWHERE, "make", "-o", "."},
         "base.file.open",
         3},
        {{"hallmark", "--dry-run", "release", NOWHERE}, "base.file.open", 3},
        {{"hallmark", "-q", "key", "--softhsm", NOWHERE, "list"},
         "hsm.softhsm.missing",
         4},
        {{"hallmark", "--version", "frob"}, "cli.command.unknown", 2},
        {{"hallmark-key", "--pin", "tty", "list"}, "cli.option.unknown", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_run(&r, NULL, rows[i].words);
        assert_run(&r, rows[i].status, rows[i].reason);
    }
}

/* Exactly one object, which tells the reason. */
static void assert_refusal_in_json(const struct hm_run *r, const char *reason)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_json found;

    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r->out), HM_JSON_OURS, 1u << 20, &e),
        &e);
    found = hm_json_find(hm_json_root(&doc), "reason");
    assert_true(hm_bytes_eq(hm_json_view(found), hm_bytes_str(reason)));
}

static void json_tells_of_a_mistake_in_the_call(void **state)
{
    static const struct {
        const char *words[6];
        const char *reason;
    } rows[] = {
        {{"hallmark", "--json"}, "cli.command.missing"},
        {{"hallmark", "frob", "--json"}, "cli.command.unknown"},
        {{"hallmark-key", "--json"}, "cli.command.missing"},
        {{"hallmark-key", "frob", "--json"}, "cli.command.unknown"},
        {{"hallmark-key", "--frob", "--json"}, "cli.option.unknown"},
        {{"hallmark-key", "list", "--frob", "--json"}, "cli.option.unknown"},
        {{"hallmark-device", "status", "--json"}, "cli.option.missing"},
        {{"hallmark-verify", "-x", "--json"}, "cli.option.unknown"},
        {{"hallmark-publish", "--root", "r", "--json"}, "cli.operand.missing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_run(&r, NULL, rows[i].words);
        assert_run(&r, 2, rows[i].reason);
        assert_refusal_in_json(&r, rows[i].reason);
    }
}

#define CHANGE "-r", "r", "--days", "9", "--json", "-o-"

static void standard_output_holds_one_thing(void **state)
{
    static const char *const rows[][14] = {
        {"hallmark-pack", "tree", "--time", "@0", "--json", "-o", "-"},
        {"hallmark-attest", "provenance", "--release", "r", "--json", "-o-"},
        {"hallmark-sbom", "check", "F", "--json", "-o-"},
        {"hallmark-verify", "dir", "-rroot", "--json", "-o-"},
        {"hallmark-key", "export", "pkcs11:object=x", "--json", "-o-"},
        {"hallmark-key", "generate", "pkcs11:object=x", "--json", "-o-"},
        {"hallmark-key", "root-export", "-k1", "u", "--json", "-o-"},
        {"hallmark-key", "review", "q", "-rroot", "--json", "-o-"},
        {"hallmark-key", "rehearse", "dir", "-rroot", "--json", "-o-"},
        {"hallmark-key", "authorise", CHANGE},
        {"hallmark-key", "rotate", "--from=f", "--retire=p", "--key=k", CHANGE},
        {"hallmark-key", "revoke", "--from=f", "--retire=p", "--reason=lost",
         CHANGE},
        {"hallmark-key", "prepare", "rotate", "--by=me", "--why=so", CHANGE},
        {"hallmark-sign", "m.json", "-kpkcs11:object=x", "--json", "-o-"},
        {"hallmark-sign", "m.json", "-kpkcs11:object=x", "--json",
         "--evidence=-"},
        {"hallmark-sign", "-ss.json", "-kpkcs11:object=x", "--json", "-o-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_run(&r, NULL, rows[i]);
        assert_run(&r, 2, "cli.option.value");
        assert_non_null(strstr(hm_run_err(&r), "does not go with --json"));
        assert_refusal_in_json(&r, "cli.option.value");
    }
}

static void standard_output_is_not_many_files(void **state)
{
    static const char *const rows[][8] = {
        {"hallmark-evidence", "build", "repo", "-rroot", "-o", "-"},
        {"hallmark-manifest", "make", "--release", "r", "-o-"},
        {"hallmark-key", "apply", "q", "s", "-rroot", "--output=-"},
        {"hallmark-key", "ceremony-make", "-rroot", "-aa", "-wme=k", "-o-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_run(&r, NULL, rows[i]);
        assert_run(&r, 2, "cli.option.value");
        assert_non_null(strstr(hm_run_err(&r), "more than one file"));
    }
}

static void json_tells_the_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
        struct hm_err e = {.rc = HM_OK};
        struct hm_json found;

        HM_RUN(&r, NULL, programs[i], "--version", "--json");
        assert_run(&r, 0, "");
        assert_ok(hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS,
                                1u << 20, &e),
                  &e);
        found = hm_json_find(hm_json_root(&doc), "version");
        assert_true(hm_bytes_eq(hm_json_view(found), hm_bytes_str(HM_VERSION)));
    }
}

/* The manual page without the backslashes of its markup. */
static void load_page(const char *program, struct hm_buf *page)
{
    char path[512];
    size_t n = 0;
    struct hm_err e = {0};

    (void)snprintf(path, sizeof(path), "%s/cmd/%s/%s.1", HM_SOURCE, program,
                   program);
    assert_ok(hm_file_load(path, page, &e), &e);
    for (size_t i = 0; i < page->n; i++)
        if (page->p[i] != '\\')
            page->p[n++] = page->p[i];
    page->n = n;
    assert_ok(hm_buf_add(page, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
              &e);
}

/* Is the option on the page, as --name or in mdoc's form "Fl -name"? */
static bool page_has(const char *page, const char *option, size_t n)
{
    char plain[80];
    char mdoc[80];

    (void)snprintf(plain, sizeof(plain), "%.*s", (int)n, option);
    (void)snprintf(mdoc, sizeof(mdoc), "Fl %.*s", (int)n - 1, option + 1);
    return strstr(page, plain) != NULL || strstr(page, mdoc) != NULL;
}

/* What is -f in one program is -f in all. */
static void check_letters(const char *program, const char *help)
{
    static const char *const without[] = {"      --force ", "      --dry-run ",
                                          "      --output ", "      --quiet "};

    for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
        if (strstr(help, without[i]) != NULL)
            fail_msg("%s: no letter for %s", program, without[i]);
}

static void check_options(const char *program, const char *help,
                          const char *page)
{
    check_letters(program, help);
    for (const char *p = strstr(help, " --"); p != NULL;
         p = strstr(p + 1, " --")) {
        const size_t n = 2 + strcspn(p + 3, " \n'");

        if (n > 2 && !page_has(page, p + 1, n))
            fail_msg("%s.1 does not tell of %.*s", program, (int)n, p + 1);
    }
}

/* "  verb             summary" lines behind "commands:". */
static void check_commands(const char *program, const char *help,
                           const char *page)
{
    const char *p = strstr(help, "commands:\n");

    for (p = p == NULL ? NULL : strchr(p, '\n'); p != NULL && p[1] == ' ';
         p = strchr(p + 1, '\n')) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        char verb[32];
        const size_t n = strcspn(p + 3, " ");

        (void)snprintf(verb, sizeof(verb), "%.*s", (int)n, p + 3);
        HM_RUN(&r, NULL, program, verb, "--help");
        assert_run(&r, 0, "");
        if (strstr(page, verb) == NULL)
            fail_msg("%s.1 does not tell of '%s'", program, verb);
        check_options(program, hm_run_out(&r), page);
    }
}

static void every_option_is_in_the_manual(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        HM_OWN(hm_buf) page = HM_BUF_INIT(1u << 20);

        load_page(programs[i], &page);
        HM_RUN(&r, NULL, programs[i], "--help");
        check_options(programs[i], hm_run_out(&r), (const char *)page.p);
        if (strcmp(programs[i], "hallmark") != 0)
            check_commands(programs[i], hm_run_out(&r), (const char *)page.p);
    }
}

/* --- reasons --------------------------------------------------------------------- */

/* The first word of a reason. */
static const char *const rooms[] = {
    "archive",  "artefact", "attest",   "authorisation", "base",    "cli",
    "crypto",   "device",   "evidence", "hallmark",      "hsm",     "html",
    "incident", "json",     "key",      "manifest",      "publish", "rehearse",
    "release",  "request",  "root",     "sbom",          "sign",    "source",
    "trust",    "verify",
};

/* Linked for one function that cannot fail, the version of zlib. */
static bool is_linked_in_vain(const char *program, const char *word)
{
    return strcmp(program, "hallmark-attest") == 0 &&
           strncmp(word, "archive.", 8) == 0;
}

static bool begins_with_a_room(const char *word)
{
    const size_t n = strcspn(word, ".");

    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
        if (strlen(rooms[i]) == n && strncmp(rooms[i], word, n) == 0)
            return true;
    return false;
}

/* room.object.problem or room.problem, and no name of a file or symbol. */
static bool is_reason(const char *word)
{
    static const char *const suffixes[] = {".c",     ".h",   ".json",
                                           ".jsonl", ".sig", ".cold"};
    const char *last = strrchr(word, '.');

    if (last == NULL || last[1] < 'a' || strstr(word, "..") != NULL ||
        word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-.")] != '\0')
        return false;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (strcmp(last, suffixes[i]) == 0)
            return false;
    return begins_with_a_room(word);
}

/* Does @p word stand on the page, not as a part of a longer one? */
static bool stands_on(const char *page, const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.*";
    const size_t n = strlen(word);

    for (const char *p = strstr(page, word); p != NULL; p = strstr(p + 1, word))
        if ((p == page || strchr(letters, p[-1]) == NULL) &&
            (p[n] == '\0' || strchr(letters, p[n]) == NULL))
            return true;
    return false;
}

/* As it is, or as room.* or room.object.*. */
static bool is_listed(const char *page, const char *word)
{
    char pattern[128];

    for (const char *dot = strchr(word, '.'); dot != NULL;
         dot = strchr(dot + 1, '.')) {
        (void)snprintf(pattern, sizeof(pattern), "%.*s.*", (int)(dot - word),
                       word);
        if (stands_on(page, pattern))
            return true;
    }
    return stands_on(page, word);
}

/* Every string of the program that is a reason. @return how many there are */
static size_t check_reasons(const char *program, struct hm_bytes strings,
                            const char *page)
{
    const uint8_t *const end = strings.p + strings.n;
    size_t found = 0;

    for (const uint8_t *p = strings.p; p < end;) {
        const uint8_t *nul = memchr(p, '\0', (size_t)(end - p));
        const char *word = (const char *)p;

        if (nul == NULL)
            return found;
        p = nul + 1;
        if (nul - (const uint8_t *)word > 64 || !is_reason(word) ||
            is_linked_in_vain(program, word))
            continue;
        found++;
        if (!is_listed(page, word))
            fail_msg("%s.1 does not tell of [%s]", program, word);
    }
    return found;
}

static void every_reason_is_in_the_manual(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        HM_OWN(hm_buf) page = HM_BUF_INIT(1u << 20);
        HM_OWN(hm_buf) program = HM_BUF_INIT(1u << 26);
        struct hm_err e = {0};
        char path[512];

        load_page(programs[i], &page);
        (void)snprintf(path, sizeof(path), "%s/%s", HM_BIN, programs[i]);
        assert_ok(hm_file_load(path, &program, &e), &e);
        assert_true(check_reasons(programs[i], hm_buf_view(&program),
                                  (const char *)page.p) > 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_program_tells_what_it_does),
        cmocka_unit_test(every_program_tells_its_version),
        cmocka_unit_test(every_library_that_is_linked_shows_its_version),
        cmocka_unit_test(wrong_use_is_exit_2_with_a_reason),
        cmocka_unit_test(a_full_standard_output_is_no_success),
        cmocka_unit_test(options_stand_before_the_verb_as_well),
        cmocka_unit_test(json_tells_of_a_mistake_in_the_call),
        cmocka_unit_test(standard_output_holds_one_thing),
        cmocka_unit_test(standard_output_is_not_many_files),
        cmocka_unit_test(json_tells_the_version),
        cmocka_unit_test(every_option_is_in_the_manual),
        cmocka_unit_test(every_reason_is_in_the_manual),
    };

    return cmocka_run_group_tests_name("conventions", tests, NULL, NULL);
}
