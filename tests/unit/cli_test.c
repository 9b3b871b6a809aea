/* The command line of a program with verbs whose tables disagree, which none of
 * the real ones has. */
#include "hm_cli.h"

#include "hm_test.h"

static struct {
    bool force;
    bool dry_run;
    const char *root;
    const char *key;
    struct hm_cli_list list;
    const char *ran;
    int operands;
    const char *first;
} got;

static const struct hm_opt make_opts[] = {
    {"force", 'f', HM_OPT_FLAG, false, &got.force, "", "replace"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &got.dry_run, "", "write nothing"},
    {"root", 'r', HM_OPT_VALUE, false, &got.root, "FILE", "root"},
    {"attach", 'a', HM_OPT_LIST, false, &got.list, "FILE", "hand in"},
    HM_OPT_END,
};

/* --key takes a value here and none there. */
static const struct hm_opt show_opts[] = {
    {"key", 'k', HM_OPT_VALUE, false, &got.key, "KEY", "which"},
    HM_OPT_END,
};

static const struct hm_opt list_opts[] = {
    {"key", 'k', HM_OPT_FLAG, false, &got.dry_run, "", "keys, too"},
    HM_OPT_END,
};

HM_MUST static hm_rc note(const char *verb, const struct hm_cli *cli)
{
    got.ran = verb;
    got.operands = cli->argc;
    got.first = cli->argc > 0 ? cli->argv[0] : "";
    return HM_OK;
}

static hm_rc make(struct hm_cli *cli, struct hm_err *e)
{
    (void)e;
    return note("make", cli);
}

static hm_rc show(struct hm_cli *cli, struct hm_err *e)
{
    (void)e;
    return note("show", cli);
}

static hm_rc list(struct hm_cli *cli, struct hm_err *e)
{
    (void)e;
    return note("list", cli);
}

static const struct hm_command commands[] = {
    {"make", "[FILE...]", 0, 8, "make", make_opts, make},
    {"show", "[FILE]", 0, 1, "show", show_opts, show},
    {"list", "[FILE]", 0, 1, "list", list_opts, list},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_program program = {
    .name = "prog", .summary = "Be tested", .commands = commands};

#define WORDS 8

static int run(const char *const words[static WORDS])
{
    char *argv[WORDS + 2] = {NULL};
    static char text[WORDS + 1][64];
    int argc = 0;

    memset(&got, 0, sizeof(got));
    (void)snprintf(text[0], sizeof(text[0]), "prog");
    argv[argc++] = text[0];
    for (int i = 0; i < WORDS && words[i] != NULL; i++) {
        (void)snprintf(text[argc], sizeof(text[argc]), "%s", words[i]);
        argv[argc] = text[argc];
        argc++;
    }
    return hm_cli_main(&program, argc, argv);
}

static void the_verb_is_the_first_operand_by_its_own_table(void **state)
{
    static const struct {
        const char *ran;
        const char *words[WORDS];
    } rows[] = {
        {"make", {"make", "x"}},
        {"make", {"--root", "show", "make"}},
        {"make", {"--root=show", "make"}},
        {"make", {"-rshow", "make"}},
        {"make", {"-nr", "show", "make", "show"}},
        {"make", {"--json", "-a", "list", "-a", "show", "make"}},
        {"make", {"--", "make", "--force"}},
        {"show", {"--key", "x", "show"}},
        {"show", {"--key", "show", "show"}},
        {"list", {"--key", "list"}},
        {"list", {"-qk", "list", "make"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(run(rows[i].words), 0);
        assert_string_equal(got.ran, rows[i].ran);
    }
}

static void a_verb_that_could_be_another_is_refused(void **state)
{
    static const char *const rows[][WORDS] = {
        {"--key", "list", "show"}, /* list with --key, or show of key "list" */
        {"-k", "list", "show"},
        {"--root"},
        {"--root", "make"},
        {"--force", "frob"},
        {"--frob", "make"},
        {"--force", "show"},
        {"-nf"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(run(rows[i]), 2);
        assert_null(got.ran);
    }
}

static void letters_stand_together_and_a_value_follows_its_letter(void **state)
{
    (void)state;
    assert_int_equal(run((const char *[WORDS]){"make", "-nfq", "x"}), 0);
    assert_true(got.dry_run && got.force);
    assert_int_equal(got.operands, 1);
    assert_int_equal(run((const char *[WORDS]){"make", "-nfrroot.json"}), 0);
    assert_true(got.dry_run && got.force);
    assert_string_equal(got.root, "root.json");
    assert_int_equal(run((const char *[WORDS]){"make", "-nr", "-f", "-"}), 0);
    assert_string_equal(got.root, "-f");
    assert_false(got.force);
    assert_string_equal(got.first, "-");
    assert_int_equal(run((const char *[WORDS]){"-aone", "make", "-naf"}), 0);
    assert_int_equal(got.list.n, 2);
    assert_string_equal(got.list.value[0], "one");
    assert_string_equal(got.list.value[1], "f");
    assert_int_equal(run((const char *[WORDS]){"make", "-nr"}), 2);
    assert_int_equal(run((const char *[WORDS]){"make", "-nxf"}), 2);
    assert_int_equal(run((const char *[WORDS]){"make", "-nn"}), 2);
    assert_int_equal(run((const char *[WORDS]){"make", "--force=yes"}), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verb_is_the_first_operand_by_its_own_table),
        cmocka_unit_test(a_verb_that_could_be_another_is_refused),
        cmocka_unit_test(letters_stand_together_and_a_value_follows_its_letter),
    };

    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
