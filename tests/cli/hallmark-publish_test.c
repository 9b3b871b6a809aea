/* hallmark-publish on signed releases: what it serves, and what it refuses
 * without leaving anything behind. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_json.h"
#include "hm_run.h"
#include "hm_test.h"
#include "release_maker.h"

#define AT "2026-05-12T09:00:00Z"

struct bench {
    struct hm_temp t;
    struct maker m;
};

static void bench_make(struct bench *b)
{
    hm_temp_make(&b->t);
    maker_init(&b->m, 1, 1);
    maker_save_root(&b->m, hm_temp_path(&b->t, "root.json"));
}

static void bench_clear(struct bench *b)
{
    maker_clear(&b->m);
    hm_temp_clear(&b->t);
}

static void release(const struct bench *b, const char *name,
                    const char *version, uint64_t sequence)
{
    const struct maker_plan plan = {.version = version, .sequence = sequence};

    maker_release(&b->m, hm_temp_path(&b->t, name), &plan);
}

static void publish_how(const struct bench *b, struct hm_run *r,
                        struct hm_run_how how, const char *name)
{
    how.cwd = b->t.path;
    HM_RUN(r, &how, "hallmark-publish", name, "repo", "--root", "root.json",
           "--at", AT, "--wait", "0");
}

static void publish(const struct bench *b, struct hm_run *r, const char *name)
{
    publish_how(b, r, (struct hm_run_how){.cwd = NULL}, name);
}

static bool has(const struct bench *b, const char *name)
{
    return access(hm_temp_path(&b->t, name), F_OK) == 0;
}

static void two_releases_are_served_one_after_the_other(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;
    char target[64] = "";

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    release(&b, "r2", "1.0.1", 2);
    publish(&b, &r, "r1");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "history/1-1"));
    publish(&b, &r, "r2");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "Before it: 1.0.0"));
    assert_int_equal(r.err.n, 0);
    assert_true(readlink(hm_temp_path(&b.t, "repo/live"), target, 63) > 0);
    assert_string_equal(target, "history/1-2");
    assert_true(has(&b, "repo/releases/1.0.0/manifest.json.sig"));
    publish(&b, &r, "r1");
    assert_run(&r, 1, "release.sequence.lower");
    bench_clear(&b);
}

static void a_release_that_does_not_verify_is_not_published(void **state)
{
    static const char *const names[] = {
        "r1/manifest.json", "r1/authorisation.json.sig", "r1/index.json",
        "r1/sbom/thermostat-1.0.0.cdx.json",
        "r1/artefacts/thermostat-1.0.0.tar.gz"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct bench b;

        bench_make(&b);
        release(&b, "r1", "1.0.0", 1);
        hm_temp_flip(&b.t, names[i], 20, 0x01);
        publish(&b, &r, "r1");
        assert_int_equal(r.status, 1);
        assert_non_null(strstr(hm_run_err(&r), "next:"));
        assert_false(has(&b, "repo/live"));
        assert_false(has(&b, "repo/releases"));
        bench_clear(&b);
    }
}

static void an_unsigned_manifest_is_not_published(void **state)
{
    const struct maker_plan plan = {.manifest = {.nobody = true}};
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    maker_release(&b.m, hm_temp_path(&b.t, "r1"), &plan);
    publish(&b, &r, "r1");
    assert_int_equal(r.status, 1);
    assert_false(has(&b, "repo/live"));
    bench_clear(&b);
}

static void an_expired_release_is_not_published(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = b.t.path}), "hallmark-publish",
           "r1", "repo", "--root", "root.json", "--at", "2028-01-01T00:00:00Z");
    assert_int_equal(r.status, 1);
    assert_false(has(&b, "repo/live"));
    bench_clear(&b);
}

static void a_dry_run_says_what_would_happen(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = b.t.path}), "hallmark-publish",
           "r1", "repo", "--root", "root.json", "--at", AT, "--dry-run");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "Would publish thermostat 1.0.0"));
    assert_false(has(&b, "repo"));
    bench_clear(&b);
}

static void json_holds_what_was_published_and_every_check(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_json verification;
    struct hm_json checks;
    char release_name[64];
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = b.t.path}), "hallmark-publish",
           "--json", "r1", "repo", "--root", "root.json", "--at", AT);
    assert_run(&r, 0, "");
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 1u << 20, &e),
        &e);
    assert_ok(hm_json_get_text(hm_json_root(&doc), "release", release_name,
                               sizeof(release_name), &e),
              &e);
    assert_string_equal(release_name, "releases/1.0.0");
    assert_ok(hm_json_get_object(hm_json_root(&doc), "verification",
                                 &verification, &e),
              &e);
    assert_ok(hm_json_get_array(verification, "checks", 5, 1000, &checks, &e),
              &e);
    assert_non_null(strstr(hm_run_out(&r), "\"already\": false"));
    assert_non_null(strstr(hm_run_out(&r), "\"warnings\": []"));
    release(&b, "again", "1.0.0", 1); /* under other signatures */
    HM_RUN(&r, (&(struct hm_run_how){.cwd = b.t.path}), "hallmark-publish",
           "--json", "again", "repo", "--root", "root.json", "--at", AT);
    assert_run(&r, 1, "release.sequence.lower");
    assert_non_null(strstr(hm_run_out(&r), "\"ok\": false"));
    assert_non_null(strstr(hm_run_out(&r), "\"release.sequence.lower\""));
    bench_clear(&b);
}

static void who_tries_again_is_told_that_it_is_done(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    publish(&b, &r, "r1");
    assert_run(&r, 0, "");
    publish(&b, &r, "r1");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "is published already"));
    assert_int_equal(r.err.n, 0);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = b.t.path}), "hallmark-publish",
           "--json", "r1", "repo", "--root", "root.json", "--at", AT);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"published\": false"));
    assert_non_null(strstr(hm_run_out(&r), "\"already\": true"));
    hm_temp_flip(&b.t, "repo/releases/1.0.0/records/release.json", 3, 1);
    publish(&b, &r, "r1");
    assert_run(&r, 1, "release.file.digest");
    bench_clear(&b);
}

static void a_lower_version_is_warned_of(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.1", 1);
    release(&b, "r2", "1.0.0", 2);
    publish(&b, &r, "r1");
    assert_run(&r, 0, "");
    HM_RUN(&r, (&(struct hm_run_how){.cwd = b.t.path}), "hallmark-publish",
           "--json", "r2", "repo", "--root", "root.json", "--at", AT);
    assert_run(&r, 0, "release.version.lower");
    assert_non_null(
        strstr(hm_run_err(&r), "warning: version 1.0.0 is below 1.0.1"));
    assert_non_null(
        strstr(hm_run_out(&r), "\"reason\": \"release.version.lower\""));
    bench_clear(&b);
}

static void a_sequence_that_jumps_is_not_published(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 7);
    release(&b, "r2", "1.0.1", 1008);
    release(&b, "r3", "1.0.1", 1007);
    publish(&b, &r, "r1");
    assert_run(&r, 0, "");
    publish(&b, &r, "r2");
    assert_run(&r, 1, "release.sequence.jump");
    publish(&b, &r, "r3");
    assert_run(&r, 0, "");
    bench_clear(&b);
}

static void a_second_publisher_waits_and_then_gives_up(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;
    int fd;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    release(&b, "r2", "1.0.1", 2);
    publish(&b, &r, "r1");
    fd = open(hm_temp_path(&b.t, "repo/.hallmark-repository"),
              O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    publish(&b, &r, "r2");
    assert_run(&r, 3, "release.repository.locked");
    assert_int_equal(close(fd), 0);
    publish(&b, &r, "r2");
    assert_run(&r, 0, "");
    bench_clear(&b);
}

static void what_an_interrupted_run_left_is_removed_and_named(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    release(&b, "repo/releases/1.0.7", "1.0.7", 9);
    hm_temp_write(&b.t, "repo/.hallmark-repository", "");
    hm_temp_write(&b.t, "repo/.hallmark-publish/intent.json",
                  "{\n  \"format\": \"hallmark-publication/1\",\n"
                  "  \"history\": \"history/1-9\",\n"
                  "  \"release\": \"releases/1.0.7\"\n}\n");
    publish(&b, &r, "r1");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "releases/1.0.7"));
    assert_false(has(&b, "repo/releases/1.0.7"));
    assert_false(has(&b, "repo/.hallmark-publish"));
    bench_clear(&b);
}

/* Recovery deletes what the intent names: only what it may name. */
static void a_false_intent_deletes_nothing(void **state)
{
    static const char *const texts[] = {
        "{\n  \"format\": \"hallmark-publication/1\",\n"
        "  \"history\": \"history/1-9\",\n  \"release\": \"../r1\"\n}\n",
        "{\n  \"format\": \"hallmark-publication/1\",\n"
        "  \"history\": \"history/../../r1\"\n}\n",
        "{\n  \"format\": \"hallmark-publication/1\",\n"
        "  \"history\": \"history/1-9\",\n"
        "  \"release\": \"releases/1.0.0/../../r1\"\n}\n",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct bench b;

        bench_make(&b);
        release(&b, "r1", "1.0.0", 1);
        hm_temp_write(&b.t, "repo/.hallmark-repository", "");
        hm_temp_write(&b.t, "repo/.hallmark-publish/intent.json", texts[i]);
        publish(&b, &r, "r1");
        assert_run(&r, 1, "release.repository.broken");
        assert_true(has(&b, "r1/manifest.json"));
        bench_clear(&b);
    }
}

static void bad_input_says_what_where_and_what_next(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    publish(&b, &r, "nowhere");
    assert_run(&r, 3, "base.dir.open");
    hm_temp_write(&b.t, "root.json", "{}");
    publish(&b, &r, "r1");
    assert_int_equal(r.status, 2);
    assert_int_equal(unlink(hm_temp_path(&b.t, "root.json")), 0);
    publish(&b, &r, "r1");
    assert_run(&r, 3, "base.file.open");
    HM_RUN(&r, NULL, "hallmark-publish", "r1", "repo");
    assert_int_equal(r.status, 2);
    assert_false(has(&b, "repo/live"));
    bench_clear(&b);
}

static void a_full_disk_leaves_what_was_served(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    release(&b, "r2", "1.0.1", 2);
    publish(&b, &r, "r1");
    publish_how(&b, &r, (struct hm_run_how){.file_size_max = 300}, "r2");
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    assert_false(has(&b, "repo/releases/1.0.1"));
    assert_false(has(&b, "repo/.hallmark-publish"));
    assert_true(has(&b, "repo/live/manifest.json"));
    publish(&b, &r, "r2");
    assert_run(&r, 0, "");
    bench_clear(&b);
}

static void a_repository_that_cannot_be_written_is_said_so(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct bench b;

    (void)state;
    if (getuid() != 0)
        skip();
    bench_make(&b);
    release(&b, "r1", "1.0.0", 1);
    publish_how(&b, &r, (struct hm_run_how){.drop_to_uid = 65534}, "r1");
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(hm_run_err(&r), "ermission denied"));
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    assert_false(has(&b, "repo"));
    bench_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_releases_are_served_one_after_the_other),
        cmocka_unit_test(a_release_that_does_not_verify_is_not_published),
        cmocka_unit_test(an_unsigned_manifest_is_not_published),
        cmocka_unit_test(an_expired_release_is_not_published),
        cmocka_unit_test(a_dry_run_says_what_would_happen),
        cmocka_unit_test(json_holds_what_was_published_and_every_check),
        cmocka_unit_test(who_tries_again_is_told_that_it_is_done),
        cmocka_unit_test(a_lower_version_is_warned_of),
        cmocka_unit_test(a_sequence_that_jumps_is_not_published),
        cmocka_unit_test(a_second_publisher_waits_and_then_gives_up),
        cmocka_unit_test(what_an_interrupted_run_left_is_removed_and_named),
        cmocka_unit_test(a_false_intent_deletes_nothing),
        cmocka_unit_test(bad_input_says_what_where_and_what_next),
        cmocka_unit_test(a_full_disk_leaves_what_was_served),
        cmocka_unit_test(a_repository_that_cannot_be_written_is_said_so),
    };

    return cmocka_run_group_tests_name("hallmark-publish", tests, NULL, NULL);
}
