/* hallmark-manifest as a person or a pipeline calls it. */
#include <sys/stat.h>
#include <unistd.h>

#include "hm_json.h"
#include "hm_run.h"
#include "hm_test.h"
#include "release_docs.h"

#define ISSUED "2026-05-13T08:00:00Z"

static void begin(struct hm_temp *t)
{
    const struct docs docs = {.version = "1.0.0"};

    hm_temp_make(t);
    docs_configuration(t, ".", &docs);
    docs_authorisation(t, ".", &docs);
    hm_temp_write(t, "authorisation.json.sig", "root");
    hm_temp_write(t, "stage/artefacts/a.bin", "firmware");
}

static void make(const struct hm_temp *t, struct hm_run *r)
{
    const struct hm_run_how how = {.cwd = t->path};

    HM_RUN(r, &how, "hallmark-manifest", "make", "--release", "release.json",
           "-o", "stage", "--issue-time", ISSUED);
}

static bool has(const struct hm_temp *t, const char *name)
{
    return access(hm_temp_path(t, name), F_OK) == 0;
}

static void make_tells_what_it_wrote(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    begin(&t);
    make(&t, &r);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "thermostat 1.0.0"));
    assert_non_null(strstr(hm_run_out(&r), "sequence 1"));
    assert_int_equal(r.err.n, 0);
    make(&t, &r);
    assert_run(&r, 2, "base.out.exists");
    assert_non_null(strstr(hm_run_err(&r), "--force"));
    hm_temp_clear(&t);
}

static void the_same_inputs_make_the_same_bytes(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_buf) a = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_buf) b = HM_BUF_INIT(1u << 16);
    struct hm_temp t;
    struct hm_temp u;

    (void)state;
    begin(&t);
    begin(&u);
    make(&t, &r);
    make(&u, &r);
    hm_temp_read(&t, "stage/manifest.json", &a);
    hm_temp_read(&u, "stage/manifest.json", &b);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    hm_temp_clear(&t);
    hm_temp_clear(&u);
}

static void make_speaks_json(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {.rc = HM_OK};
    uint64_t sequence = 0;
    struct hm_temp t;

    (void)state;
    begin(&t);
    HM_RUN(&r, NULL, "hallmark-manifest", "make", "--json", "--release",
           hm_temp_path(&t, "release.json"), "-o", hm_temp_path(&t, "stage"),
           "--dry-run");
    assert_run(&r, 0, "");
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 1u << 16, &e),
        &e);
    assert_ok(
        hm_json_get_uint(hm_json_root(&doc), "sequence", 9, &sequence, &e), &e);
    assert_int_equal(sequence, 1);
    assert_false(has(&t, "stage/manifest.json"));
    hm_temp_clear(&t);
}

struct row {
    const char *name; /**< a file that is replaced, NULL: removed */
    const char *text;
    int status;
    const char *reason;
};

static void bad_input_says_what_where_and_what_next(void **state)
{
    static const struct row rows[] = {
        {"release.json", NULL, 3, "base.file.open"},
        {"release.json", "{", 2, "json.syntax"},
        {"release.json", "{\"format\": \"hallmark-release/1\", \"a\": 1}", 2,
         "json.member.unknown"},
        {"authorisation.json", NULL, 3, "base.file.open"},
        {"authorisation.json.sig", NULL, 1, "release.authorisation.unsigned"},
        {"stage/artefacts/a.bin", NULL, 1, "release.artefact.missing"},
        {"stage/notes.txt", "x", 1, "release.file.stranger"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct hm_temp t;

        begin(&t);
        if (rows[i].text == NULL)
            assert_int_equal(unlink(hm_temp_path(&t, rows[i].name)), 0);
        else
            hm_temp_write(&t, rows[i].name, rows[i].text);
        make(&t, &r);
        assert_run(&r, rows[i].status, rows[i].reason);
        assert_false(has(&t, "stage/manifest.json"));
        hm_temp_clear(&t);
    }
}

static void a_full_disk_leaves_no_manifest(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    begin(&t);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path, .file_size_max = 200}),
           "hallmark-manifest", "make", "--release", "release.json", "-o",
           "stage", "--issue-time", ISSUED);
    assert_int_equal(r.status, 3);
    assert_false(has(&t, "stage/manifest.json"));
    assert_false(has(&t, "stage/index.json"));
    hm_temp_clear(&t);
}

static void a_directory_that_cannot_be_written_is_said_so(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    begin(&t);
    assert_int_equal(chmod(hm_temp_path(&t, "stage"), 0555), 0);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path, .drop_to_uid = 65534}),
           "hallmark-manifest", "make", "--release", "release.json", "-o",
           "stage", "--issue-time", ISSUED);
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(hm_run_err(&r), "ermission denied"));
    hm_temp_clear(&t);
}

static void show_says_that_nothing_was_verified(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    begin(&t);
    make(&t, &r);
    HM_RUN(&r, NULL, "hallmark-manifest", "show", hm_temp_path(&t, "stage"));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "NOT VERIFIED"));
    assert_non_null(strstr(hm_run_out(&r), "artefacts/a.bin"));
    HM_RUN(&r, NULL, "hallmark-manifest", "show", "--json",
           hm_temp_path(&t, "stage"));
    assert_non_null(strstr(hm_run_out(&r), "\"verified\": false"));
    HM_RUN(&r, NULL, "hallmark-manifest", "show", hm_temp_path(&t, "."));
    assert_run(&r, 3, "base.file.open");
    hm_temp_clear(&t);
}

static void refresh_renews_and_says_to_sign(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    begin(&t);
    make(&t, &r);
    hm_temp_write(&t, "stage/manifest.json.sig", "signed");
    HM_RUN(&r, NULL, "hallmark-manifest", "refresh", "--valid-days", "0",
           hm_temp_path(&t, "stage"));
    assert_run(&r, 2, "base.number.range");
    assert_true(has(&t, "stage/manifest.json.sig"));
    HM_RUN(&r, NULL, "hallmark-manifest", "refresh", "-n", "--issue-time",
           "2026-05-14T08:00:00Z", hm_temp_path(&t, "stage"));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "would be removed"));
    assert_null(strstr(hm_run_out(&r), "hallmark-sign"));
    assert_true(has(&t, "stage/manifest.json.sig"));
    HM_RUN(&r, NULL, "hallmark-manifest", "refresh", "--issue-time",
           "2026-05-14T08:00:00Z", hm_temp_path(&t, "stage"));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "sequence 2"));
    assert_non_null(strstr(hm_run_out(&r), "signatures of the old manifest"));
    assert_non_null(strstr(hm_run_out(&r), "hallmark-sign"));
    assert_false(has(&t, "stage/manifest.json.sig"));
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make_tells_what_it_wrote),
        cmocka_unit_test(the_same_inputs_make_the_same_bytes),
        cmocka_unit_test(make_speaks_json),
        cmocka_unit_test(bad_input_says_what_where_and_what_next),
        cmocka_unit_test(a_full_disk_leaves_no_manifest),
        cmocka_unit_test(a_directory_that_cannot_be_written_is_said_so),
        cmocka_unit_test(show_says_that_nothing_was_verified),
        cmocka_unit_test(refresh_renews_and_says_to_sign),
    };

    return cmocka_run_group_tests_name("hallmark-manifest", tests, NULL, NULL);
}
