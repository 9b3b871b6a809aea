/* A release packed again: by an auditor from a tree of his own, and by the
 * pipeline before anything is signed. */
#include "hm_test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "hm_json.h"
#include "release_project.h"

#define DONE "repository/releases/1.0.0"

static void release(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    STORY_RUN(s, &r, "hallmark", "release", "release.json");
    assert_run(&r, 0, "");
}

static void the_same_tree_gives_the_released_bytes(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    release(&s);
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--from",
              "build/rootfs");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "NOT VERIFIED"));
    assert_non_null(strstr(hm_run_out(&r), "time 2026-05-12T08:00:00Z"));
    assert_non_null(strstr(hm_run_out(&r), "the same, byte for byte"));
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--json", "--from",
              "firmware=build/rootfs");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"verdict\": \"same\""));
    assert_non_null(
        strstr(hm_run_out(&r), "\"source_date_epoch\": 1778572800"));
    key_story_clear(&s);
}

/* As release.json says: the commit, what was left out, and the table, which is
 * not in the release. */
static void a_commit_is_packed_again_as_it_was(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    key_story_write(&s, "rootfs/etc/shadow", "root:*\n");
    key_story_write(&s, "rootfs/doc/notes", "internal\n");
    key_story_write(&s, "board/table", "/etc/shadow f 600 0 42 - - - - -\n");
    key_story_write(&s, "board/other", "/etc/shadow f 644 0 42 - - - - -\n");
    project_edit(&s, "release.json", "\"tree\": \"build/rootfs\"",
                 "\"git\": \"HEAD:rootfs\", \"pack\": { \"permissions\": "
                 "\"board/table\", \"patterns\": [ { \"exclude\": \"/doc/\" } "
                 "] }");
    project_commit(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "release.json", "--build-twice");
    assert_run(&r, 0, "");
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--from", ".");
    assert_run(&r, 2, "release.rebuild.permissions");
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--from", ".",
              "--permissions", "board/table");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "the same, byte for byte"));
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--from", ".",
              "--permissions", "board/other");
    assert_run(&r, 1, "archive.compare.different");
    assert_non_null(strstr(hm_run_out(&r), "mode"));
    key_story_clear(&s);
}

/* What is packed is in no file that could stay. */
static void nothing_is_left_in_the_temporary_folder(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_dir) folder = HM_DIR_INIT;
    const char *const words[] = {"hallmark-pack", "rebuild",      DONE,
                                 "--from",        "build/rootfs", NULL};
    struct key_story s;
    char variable[512];
    struct hm_err e = {0};

    (void)state;
    project_make(&s);
    release(&s);
    assert_int_equal(mkdir(hm_temp_path(&s.temp, "tmp"), 0700), 0);
    (void)snprintf(variable, sizeof(variable), "TMPDIR=%s",
                   hm_temp_path(&s.temp, "tmp"));
    key_story_run_env(&s, &r, (const char *const[]){variable, NULL}, words);
    assert_run(&r, 0, "");
    assert_ok(hm_dir_open(&folder, hm_temp_path(&s.temp, "tmp"), &e), &e);
    assert_ok(hm_dir_list(&folder, &names, &e), &e);
    assert_int_equal(names.n, 0);
    key_story_run_env(&s, &r, (const char *const[]){"TMPDIR=/nowhere", NULL},
                      words);
    assert_run(&r, 3, "release.rebuild.temporary");
    key_story_clear(&s);
}

static void another_tree_is_told_from_it(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    release(&s);
    key_story_write(&s, "build/rootfs/etc/version", "1.0.x");
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--from",
              "build/rootfs");
    assert_run(&r, 1, "archive.compare.different");
    assert_non_null(strstr(hm_run_out(&r), "member  etc/version"));
    assert_non_null(strstr(hm_run_out(&r), "field   content"));
    assert_non_null(strstr(hm_run_out(&r), "in '1.0.0'"));
    assert_non_null(strstr(hm_run_out(&r), "likely"));
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--json", "--from",
              "build/rootfs");
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(hm_run_out(&r), "\"ok\": false"));
    assert_non_null(strstr(hm_run_out(&r), "\"member\": \"etc/version\""));
    key_story_clear(&s);
}

static void wrong_calls_say_what_is_wrong(void **state)
{
    static const struct {
        int status;
        const char *reason;
        const char *words[4];
    } rows[] = {
        {2, "cli.option.missing", {DONE}},
        {2, "release.rebuild.from", {DONE, "--from=x=build", "--from=build"}},
        {2,
         "release.rebuild.permissions",
         {DONE, "--from=build", "--permissions=table"}},
        {2,
         "release.rebuild.from",
         {DONE, "--from=firmware=build", "--from=firmware=build"}},
        {3, "base.dir.open", {DONE, "--from=nowhere"}},
        {3, "base.dir.open", {"nowhere", "--from=build"}},
        {3, "base.file.open", {"build", "--from=build"}},
    };
    struct key_story s;

    (void)state;
    project_make(&s);
    release(&s);
    key_story_write(&s, "table", "# nothing\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        STORY_RUN(&s, &r, "hallmark-pack", "rebuild", rows[i].words[0],
                  rows[i].words[1], rows[i].words[2], rows[i].words[3]);
        assert_run(&r, rows[i].status, rows[i].reason);
    }
    key_story_clear(&s);
}

/* Everything is bound by digest, and nothing is said of what is not. */
static void a_release_that_was_touched_is_refused(void **state)
{
    static const struct {
        const char *file;
        const char *reason;
    } rows[] = {
        {"artefacts/thermostat-1.0.0.tar.gz", "release.artefact.differs"},
        {"index.json", "release.index.differs"},
        {"records/release.json", "release.record.differs"},
    };
    HM_OWN(hm_run) last = HM_RUN_INIT;
    struct key_story s;
    char path[256];

    (void)state;
    project_make(&s);
    release(&s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        (void)snprintf(path, sizeof(path), DONE "/%s", rows[i].file);
        hm_temp_flip(&s.temp, path, 60, 1);
        STORY_RUN(&s, &r, "hallmark-pack", "rebuild", DONE, "--from",
                  "build/rootfs");
        hm_temp_flip(&s.temp, path, 60, 1);
        if (i > 0) {
            assert_run(&r, 1, rows[i].reason);
            continue;
        }
        assert_int_equal(r.status, 1); /* the gzip in it may say more */
        assert_null(strstr(hm_run_out(&r), "byte for byte"));
    }
    assert_int_equal(
        unlink(hm_temp_path(&s.temp, DONE "/records/release.json")), 0);
    STORY_RUN(&s, &last, "hallmark-pack", "rebuild", DONE, "--from",
              "build/rootfs");
    assert_run(&last, 1, "release.record.withheld");
    key_story_clear(&s);
}

/* Compressed by another program, the manifest made for it. */
static void recompress(const struct key_story *s, const char *stage)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char path[256];
    char tar[256];

    (void)snprintf(path, sizeof(path), "%s/artefacts/thermostat-1.0.0.tar.gz",
                   stage);
    (void)snprintf(tar, sizeof(tar), "%s/artefacts/thermostat-1.0.0.tar",
                   stage);
    STORY_RUN(s, &r, "/usr/bin/gzip", "-d", path);
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "/usr/bin/gzip", "-n", "-9", tar);
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "hallmark-manifest", "make", "--release", "release.json",
              "--force", "-o", stage);
    assert_run(&r, 0, "");
}

static void another_compression_is_told_from_another_content(void **state)
{
    static const char stage[] = ".hallmark-stage/1.0.0";
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    if (access("/usr/bin/gzip", X_OK) != 0)
        skip();
    project_make(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "release.json", "--dry-run",
              "--keep-stage");
    assert_run(&r, 0, "");
    recompress(&s, stage);
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", stage, "--from",
              "build/rootfs");
    assert_run(&r, 1, "archive.compare.different");
    assert_non_null(strstr(hm_run_out(&r), "same content, other compression"));
    STORY_RUN(&s, &r, "hallmark-pack", "rebuild", stage, "--content", "--from",
              "build/rootfs", "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"verdict\": \"same-content\""));
    key_story_clear(&s);
}

/* --- the pipeline's own second time ------------------------------------------- */

static void a_release_is_packed_twice(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "release.json", "--build-twice");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), " --threads 1"));
    assert_non_null(strstr(hm_run_out(&r), "hallmark-pack compare"));
    assert_non_null(strstr(hm_run_out(&r), "the same, byte for byte"));
    assert_false(key_story_has(&s, ".hallmark-stage"));
    assert_true(key_story_has(&s, DONE));
    key_story_clear(&s);
}

/* A tree that is another one for the second run. */
static void a_tree_that_changes_stops_before_signing(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;
    char file[512];

    (void)state;
    project_make(&s);
    (void)snprintf(file, sizeof(file), "HM_FICKLE=%s",
                   hm_temp_path(&s.temp, "build/rootfs/bin/thermostat"));
    key_story_run_env(
        &s, &r,
        (const char *const[]){"LD_PRELOAD=" HM_ODD_WORLD, file,
                              "HM_FICKLE_ZONE=Asia/Kathmandu",
                              "ASAN_OPTIONS=verify_asan_link_order=0", NULL},
        (const char *const[]){"hallmark", "release", "release.json",
                              "--build-twice", NULL});
    assert_run(&r, 1, "archive.compare.different");
    assert_non_null(strstr(hm_run_err(&r), "not twice the same"));
    assert_non_null(strstr(hm_run_out(&r), "member  bin/thermostat"));
    assert_null(strstr(hm_run_out(&r), "hallmark-sign"));
    assert_false(key_story_has(&s, ".hallmark-stage"));
    assert_false(key_story_has(&s, "repository/releases"));
    key_story_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_tree_gives_the_released_bytes),
        cmocka_unit_test(a_commit_is_packed_again_as_it_was),
        cmocka_unit_test(nothing_is_left_in_the_temporary_folder),
        cmocka_unit_test(another_tree_is_told_from_it),
        cmocka_unit_test(wrong_calls_say_what_is_wrong),
        cmocka_unit_test(a_release_that_was_touched_is_refused),
        cmocka_unit_test(another_compression_is_told_from_another_content),
        cmocka_unit_test(a_release_is_packed_twice),
        cmocka_unit_test(a_tree_that_changes_stops_before_signing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
