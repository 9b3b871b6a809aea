/* The gate as a pipeline step calls it. */
#include "hm_run.h"

#include "hm_test.h"
#include "release_maker.h"

#include <unistd.h>

#define AT "--at=2026-05-13T00:00:00Z"

struct story {
    struct hm_temp temp;
    struct maker maker;
};

static int begin(void **state)
{
    static struct story s;

    hm_temp_make(&s.temp);
    maker_init(&s.maker, 1, 1);
    maker_release(&s.maker, hm_temp_path(&s.temp, "good"), NULL);
    maker_save_root(&s.maker, hm_temp_path(&s.temp, "root.json"));
    *state = &s;
    return 0;
}

static int end(void **state)
{
    struct story *s = *state;

    maker_clear(&s->maker);
    hm_temp_clear(&s->temp);
    return 0;
}

#define IN(s) (&(const struct hm_run_how){.cwd = (s)->temp.path})

static void a_good_release_is_exit_0_with_every_check_listed(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "pass     manifest.signature"));
    assert_non_null(strstr(hm_run_out(&r), "18 passed, 0 failed"));
    assert_non_null(strstr(hm_run_out(&r), "\npass  "));
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT,
           "--brief");
    assert_run(&r, 0, "");
    assert_memory_equal(hm_run_out(&r), "yes: 18 passed, 0 failed", 24);
    assert_null(strstr(hm_run_out(&r), "\033")); /* no terminal */
}

static void a_flipped_byte_is_exit_1_and_named(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_flip(&s->temp, "good/records/release.json", 5, 4);
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT);
    assert_run(&r, 1, "release.file.digest");
    assert_non_null(strstr(hm_run_out(&r), "records/release.json"));
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT,
           "--brief");
    assert_run(&r, 1, "release.file.digest");
    assert_non_null(strstr(hm_run_out(&r), "[release.file.digest] so"));
    assert_non_null(strstr(hm_run_out(&r), "\nno: "));
    assert_null(strstr(hm_run_out(&r), "pass "));
}

static void the_json_report_has_the_same_verdict(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_err e = {0};
    bool ok = true;

    HM_RUN(&r, IN(s), "hallmark-verify", "--json", "good", "--root=root.json",
           "--at", "2027-01-01T00:00:00Z");
    assert_run(&r, 1, "manifest.expired");
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, r.out.max, &e),
        &e);
    assert_ok(hm_json_get_bool(hm_json_root(&doc), "ok", &ok, &e), &e);
    assert_false(ok);
    assert_true(hm_json_count(hm_json_find(hm_json_root(&doc), "checks")) >=
                18);
}

static void what_is_not_the_release_s_fault_is_no_exit_1(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, IN(s), "hallmark-verify", "good");
    assert_run(&r, 2, "cli.option.missing");
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "good/index.json");
    assert_run(&r, 2, "json.format");
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json",
           "--at=today");
    assert_run(&r, 2, "base.time.syntax");
    HM_RUN(&r, IN(s), "hallmark-verify", "none", "--root", "root.json");
    assert_run(&r, 3, "base.dir.open");
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "none.json");
    assert_run(&r, 3, "base.file.open");
}

static void a_public_copy_may_lack_what_is_not_public(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    assert_int_equal(
        unlink(hm_temp_path(&s->temp, "good/records/release.json")), 0);
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT);
    assert_run(&r, 1, "base.file.open");
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT,
           "--public-copy", "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r),
                           "\"reason\": \"release.file.withheld\",\n"
                           "      \"file\": \"records/release.json\""));
    assert_non_null(strstr(hm_run_out(&r), "\"public_copy\": true"));
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT,
           "--public-copy");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "18 passed, 0 failed, 1 warned"));
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT,
           "--public-copy", "--before-signing");
    assert_run(&r, 2, "verify.options.conflict");
}

static void an_empty_directory_is_no_release(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(&s->temp, "empty/records/x", "x");
    HM_RUN(&r, IN(s), "hallmark-verify", "empty", "--root", "root.json", AT);
    assert_run(&r, 1, "base.file.open");
}

static void a_report_that_cannot_be_written_is_no_success(void **state)
{
    const struct story *s = *state;
    const struct hm_run_how full = {.cwd = s->temp.path, .stdout_full = true};
    const struct hm_run_how small = {.cwd = s->temp.path, .file_size_max = 10};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &full, "hallmark-verify", "good", "--root", "root.json", AT);
    assert_run(&r, 3, "base.file.write");
    HM_RUN(&r, &small, "hallmark-verify", "good", "--root", "root.json", AT,
           "-o", "report");
    assert_run(&r, 3, "base.file.write");
    assert_int_not_equal(access(hm_temp_path(&s->temp, "report"), F_OK), 0);
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT,
           "-o", "report");
    assert_run(&r, 0, "");
    HM_RUN(&r, IN(s), "hallmark-verify", "good", "--root", "root.json", AT,
           "-o", "report");
    assert_run(&r, 2, "base.out.exists");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_release_is_exit_0_with_every_check_listed),
        TEST(a_flipped_byte_is_exit_1_and_named),
        TEST(the_json_report_has_the_same_verdict),
        TEST(what_is_not_the_release_s_fault_is_no_exit_1),
        TEST(a_public_copy_may_lack_what_is_not_public),
        TEST(an_empty_directory_is_no_release),
        TEST(a_report_that_cannot_be_written_is_no_success),
    };

    return cmocka_run_group_tests_name("hallmark-verify", tests, NULL, NULL);
}
