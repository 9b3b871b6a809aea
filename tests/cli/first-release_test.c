/* The first release of somebody who copies what we print: the commands of
 * README.md, those of `hallmark init`, and what init leaves in a folder. */
#include "hm_json.h"
#include "hm_run.h"
#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const env[] = {
    "PATH=" HM_BIN ":/usr/bin:/bin",      "GIT_CONFIG_NOSYSTEM=1",
    "GIT_CONFIG_GLOBAL=/dev/null",        "GIT_AUTHOR_NAME=a",
    "GIT_AUTHOR_EMAIL=a@acme.example",    "GIT_COMMITTER_NAME=a",
    "GIT_COMMITTER_EMAIL=a@acme.example", NULL};

static void add(struct hm_buf *to, const char *text, size_t n)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_buf_add(to, (struct hm_bytes){(const uint8_t *)text, n}, &e),
              &e);
}

static void run_script(const struct hm_temp *t, struct hm_run *r,
                       const char *script)
{
    const struct hm_run_how how = {.cwd = t->path, .env = env};

    HM_RUN(r, &how, "/bin/sh", "-e", "-c", script);
}

static bool is_there(const struct hm_temp *t, const char *name)
{
    return access(hm_temp_path(t, name), F_OK) == 0;
}

/* The lines of README.md below @p heading that are indented by four. */
static void take_readme(struct hm_buf *script, const char *heading)
{
    HM_OWN(hm_buf) readme = HM_BUF_INIT(1u << 20);
    struct hm_err e = {.rc = HM_OK};
    const char *line = NULL;

    assert_ok(hm_file_load(HM_SOURCE "/README.md", &readme, &e), &e);
    add(&readme, "", 1);
    line = strstr((const char *)readme.p, heading);
    assert_non_null(line);
    line += strlen(heading);
    while (*line != '\0' && strncmp(line, "## ", 3) != 0) {
        const size_t n = strcspn(line, "\n") + 1;

        if (strncmp(line, "    ", 4) == 0)
            add(script, line + 4, n - 4);
        line += n;
    }
}

#define FIRST  "## A first release, in an empty directory\n"
#define X509   "## RAUC, SWUpdate and other verifiers of X.509\n"
#define BUNDLE "cp " HM_SOURCE "/testdata/fuzz/image/rauc-plain build.raucb\n"

static void the_commands_of_the_readme_release(void **state)
{
    HM_OWN(hm_buf) script = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    take_readme(&script, FIRST);
    add(&script, BUNDLE, sizeof(BUNDLE) - 1);
    take_readme(&script, X509);
    add(&script, "", 1);
    run_script(&t, &r, (const char *)script.p);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "Released boiler 1.0.0."));
    assert_true(is_there(&t, "repository/manifest.json"));
    assert_true(is_there(&t, "build/device/state.json"));
    assert_true(is_there(&t, "release.raucb"));
    hm_temp_clear(&t);
}

/* --- what init prints ------------------------------------------------------ */

/* commands[] of `hallmark init --json`, as one script. */
static void take_commands(const struct hm_run *r, struct hm_buf *script)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_json list;

    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r->out), HM_JSON_OURS, 1u << 20, &e),
        &e);
    assert_ok(
        hm_json_get_array(hm_json_root(&doc), "commands", 5, 50, &list, &e),
        &e);
    for (struct hm_json at = hm_json_first(list); at.item != NULL;
         at = hm_json_next(at)) {
        char line[1024];

        assert_ok(hm_json_text(at, line, sizeof(line), &e), &e);
        add(script, line, strlen(line));
        add(script, "\n", 1);
    }
    add(script, "", 1);
}

/* What a build leaves, below the folder @p at. */
static void build(const struct hm_temp *t, const char *at)
{
    char name[128];

    (void)snprintf(name, sizeof(name), "%s/build/rootfs/etc/version", at);
    hm_temp_write(t, name, "1.0.0\n");
    (void)snprintf(name, sizeof(name), "%s/build/sbom.cdx.json", at);
    hm_temp_write(
        t, name,
        "{ \"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\",\n"
        "  \"version\": 1, \"metadata\": { \"component\": { \"type\":\n"
        "  \"firmware\", \"name\": \"boiler\", \"version\": \"1.0.0\" } },\n"
        "  \"components\": [ { \"type\": \"library\", \"name\": \"zlib\",\n"
        "  \"version\": \"1.2.13\", \"purl\": \"pkg:generic/zlib@1.2.13\" } ]"
        " }\n");
}

static void the_commands_of_init_release(void **state)
{
    static const char at[] = "it's a boiler";
    HM_OWN(hm_buf) script = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "--json", "--vendor", "acme", "--product", "boiler", at);
    assert_run(&r, 0, "");
    take_commands(&r, &script);
    build(&t, at);
    run_script(&t, &r, (const char *)script.p);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "Released boiler 1.0.0."));
    hm_temp_clear(&t);
}

static void paths_are_printed_for_a_shell(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "a b'c");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "'a b'\\''c/release.json'"));
    assert_non_null(strstr(hm_run_out(&r), "  cd 'a b'\\''c'\n"));
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "plain");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "  cd plain\n"));
    hm_temp_clear(&t);
}

/* --- what init leaves -------------------------------------------------------- */

static void git_is_told_what_is_no_source(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(4096);
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    run_script(&t, &r, "git init -q; hallmark init new");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), ".gitignore beside it"));
    hm_temp_read(&t, "new/.gitignore", &text);
    assert_non_null(memmem(text.p, text.n, "/keys/\n", 7));
    assert_non_null(memmem(text.p, text.n, "/repository/\n", 13));
    assert_null(strstr(hm_run_out(&r), "git init"));
    assert_null(strstr(hm_run_out(&r), ">>.gitignore"));
    hm_temp_write(&t, "old/.gitignore", "mine\n");
    run_script(&t, &r, "hallmark init old");
    assert_run(&r, 0, "");
    hm_temp_read(&t, "old/.gitignore", &text);
    assert_int_equal(text.n, 5);
    assert_non_null(strstr(hm_run_out(&r), ">>.gitignore"));
    hm_temp_clear(&t);
}

static void outside_git_only_release_json_is_written(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    run_script(&t, &r, "hallmark init new");
    assert_run(&r, 0, "");
    assert_false(is_there(&t, "new/.gitignore"));
    assert_non_null(strstr(hm_run_out(&r), "  git init -q\n"));
    run_script(&t, &r, "hallmark init --dry-run other");
    assert_run(&r, 0, "");
    assert_false(is_there(&t, "other"));
    hm_temp_clear(&t);
}

static void a_full_disk_is_not_answered_with_force(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path, .file_size_max = 100}),
           "hallmark", "init", "new");
    assert_run(&r, 3, "base.file.write");
    assert_non_null(strstr(hm_run_err(&r), "'new'"));
    assert_non_null(strstr(hm_run_err(&r), "next: make room"));
    assert_null(strstr(hm_run_err(&r), "--force"));
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "new");
    assert_run(&r, 0, "");
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "new");
    assert_run(&r, 2, "base.out.exists");
    assert_non_null(strstr(hm_run_err(&r), "--force"));
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_commands_of_the_readme_release),
        cmocka_unit_test(the_commands_of_init_release),
        cmocka_unit_test(paths_are_printed_for_a_shell),
        cmocka_unit_test(git_is_told_what_is_no_source),
        cmocka_unit_test(outside_git_only_release_json_is_written),
        cmocka_unit_test(a_full_disk_is_not_answered_with_force),
    };

    return cmocka_run_group_tests_name("first-release", tests, NULL, NULL);
}
