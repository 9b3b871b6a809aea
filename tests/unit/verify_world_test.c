/* The closed world: whatever else lies in a release directory is a no that
 * names it, of whatever kind it is. */
#include "hm_verify.h"

#include "hm_test.h"
#include "release_maker.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GOOD "good"

static struct maker maker;

static int make_maker(void **state)
{
    (void)state;
    maker_init(&maker, 1, 2);
    return 0;
}

static int clear_maker(void **state)
{
    (void)state;
    maker_clear(&maker);
    return 0;
}

static int make_temp(void **state)
{
    static struct hm_temp t;

    hm_temp_make(&t);
    *state = &t;
    return 0;
}

static int clear_temp(void **state)
{
    hm_temp_clear(*state);
    return 0;
}

static hm_rc verify(const struct hm_temp *t, struct hm_report *report,
                    struct hm_err *e)
{
    const struct hm_verify_options options = {.at = MAKER_TIME + MAKER_DAY};
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    *e = (struct hm_err){.rc = HM_OK};
    assert_ok(hm_dir_open(&dir, hm_temp_path(t, GOOD), e), e);
    return hm_verify_release(&dir, hm_buf_view(&maker.root), &options, report,
                             e);
}

static void expect(const struct hm_temp *t, const char *reason,
                   const char *file)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    struct hm_err e;
    const hm_rc rc = verify(t, &report, &e);
    bool named = false;

    for (size_t i = 0; i < report.n; i++)
        named |= report.findings[i].result == HM_RESULT_FAIL &&
                 strcmp(report.findings[i].file, file) == 0 &&
                 strcmp(report.findings[i].reason, reason) == 0;
    if (rc != HM_E_REJECTED || !named)
        fail_msg("wanted %s of '%s', got %s: %s [%s]", reason, file,
                 hm_rc_name(rc), e.text, e.reason);
}

static void make_dir(const struct hm_temp *t, const char *name)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_dir_make(&d, hm_temp_path(t, name), &e), &e);
}

static void make_socket(const struct hm_temp *t, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int n = 0;

    assert_true(fd >= 0);
    n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s", t->path, name);
    assert_true(n > 0 && (size_t)n < sizeof(at.sun_path));
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    (void)close(fd);
}

static void a_socket_has_no_place(void **state)
{
    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    make_socket(*state, GOOD "/records/socket");
    expect(*state, "base.file.open", "records/socket");
    assert_int_equal(unlink(hm_temp_path(*state, GOOD "/records/socket")), 0);
    assert_int_equal(
        unlink(hm_temp_path(*state, GOOD "/attestations/"
                                         "provenance.intoto.jsonl")),
        0);
    make_socket(*state, GOOD "/attestations/provenance.intoto.jsonl");
    expect(*state, "base.file.open", "attestations/provenance.intoto.jsonl");
}

static void a_folder_that_holds_nothing_listed_has_no_place(void **state)
{
    static const char *const names[] = {"artefacts/empty/", "empty/",
                                        "records/a/", "records/a/b/",
                                        "sbom/.hidden/"};
    static const struct maker_file deep = {"records/logs/x/build.log", "ok\n"};
    const struct maker_plan plan = {.extra = &deep, .extra_n = 1};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e;

    maker_release(&maker, hm_temp_path(*state, GOOD), &plan);
    assert_ok(verify(*state, &report, &e), &e);
    assert_ok(hm_dir_open(&dir, hm_temp_path(*state, GOOD), &e), &e);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), GOOD "/%s", names[i]);
        path[strlen(path) - 1] = '\0';
        make_dir(*state, path);
        expect(*state, "release.file.stranger", names[i]);
        path[strlen(path) - (strstr(path, "a/b") != NULL ? 2 : 0)] = '\0';
        assert_ok(hm_dir_remove_at(&dir, path + sizeof(GOOD), &e), &e);
    }
    assert_ok(verify(*state, &report, &e), &e);
}

static void a_tree_deeper_than_any_release_is_refused(void **state)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    char name[512] = GOOD "/records";
    struct hm_err e;

    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    for (size_t i = 0; i < 80; i++)
        (void)snprintf(name + strlen(name), sizeof(name) - strlen(name), "/d");
    make_dir(*state, name);
    assert_int_equal(verify(*state, &report, &e), HM_E_REJECTED);
    assert_true(report.count[HM_RESULT_FAIL] > 0);
    for (size_t i = 0; i < 80; i++) { /* too deep for the removal as well */
        assert_int_equal(rmdir(hm_temp_path(*state, name)), 0);
        *strrchr(name, '/') = '\0';
    }
}

static void a_folder_in_place_of_a_document_is_named(void **state)
{
    static const char *const names[] = {"manifest.json", "manifest.json.sig",
                                        "authorisation.json",
                                        "authorisation.json.sig", "index.json"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        HM_OWN(hm_dir) top = HM_DIR_INIT;
        char path[64];
        char name[64];
        struct hm_err e = {.rc = HM_OK};

        maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
        (void)snprintf(path, sizeof(path), GOOD "/%s", names[i]);
        (void)snprintf(name, sizeof(name), "%s/", names[i]);
        assert_int_equal(unlink(hm_temp_path(*state, path)), 0);
        make_dir(*state, path);
        expect(*state, "release.file.stranger", name);
        assert_ok(hm_dir_open(&top, hm_temp_path(*state, ""), &e), &e);
        assert_ok(hm_dir_remove_at(&top, GOOD, &e), &e);
    }
}

static void a_stranger_does_not_hide_a_changed_file(void **state)
{
    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    hm_temp_write(*state, GOOD "/x", "x");
    hm_temp_flip(*state, GOOD "/records/release.json", 3, 1);
    expect(*state, "release.file.stranger", "x");
    expect(*state, "release.file.digest", "records/release.json");
}

static void more_strangers_than_a_report_holds_are_a_no(void **state)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    struct hm_err e;

    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    for (unsigned i = 0; i < 4200; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), GOOD "/%u", i);
        assert_int_equal(mkfifo(hm_temp_path(*state, name), 0600), 0);
    }
    assert_int_equal(verify(*state, &report, &e), HM_E_REJECTED);
}

static void a_signature_of_nobody_known_is_warned_of(void **state)
{
    const struct maker_plan plan = {
        .manifest = {.n = 2, .key = {MAKER_STRANGER, MAKER_VENDOR}},
        .authorisation = {.n = 2, .key = {MAKER_ROOT_2, MAKER_STRANGER}}};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    size_t warned = 0;
    struct hm_err e;

    maker_release(&maker, hm_temp_path(*state, GOOD), &plan);
    assert_ok(verify(*state, &report, &e), &e);
    for (size_t i = 0; i < report.n; i++)
        if (report.findings[i].result == HM_RESULT_WARN) {
            assert_string_equal(report.findings[i].reason,
                                "trust.signature.stranger");
            assert_string_equal(report.findings[i].file,
                                warned++ == 0 ? "authorisation.json.sig.2"
                                              : "manifest.json.sig");
        }
    assert_int_equal(warned, 2);
}

static void a_second_manifest_key(struct hm_authorisation *a, void *context)
{
    (void)context;
    maker_authorise(&maker, a, MAKER_VERIFICATION, HM_ROLE_MANIFEST,
                    "thermostat");
}

/* Good here; but every device has P-256, and not every one has more. */
static void what_some_devices_cannot_verify_is_warned_of(void **state)
{
    static const struct maker_signers signers[] = {
        {.n = 1, .key = {MAKER_VERIFICATION}},
        {.n = 2, .key = {MAKER_VERIFICATION, MAKER_VENDOR}}};
    const struct hm_temp *t = *state;

    maker_use_p384(&maker, MAKER_VERIFICATION);
    for (size_t i = 0; i < 2; i++) {
        const struct maker_plan plan = {.manifest = signers[i],
                                        .edit_authorisation =
                                            a_second_manifest_key};
        HM_OWN(hm_report) report = HM_REPORT_INIT;
        HM_OWN(hm_dir) d = HM_DIR_INIT;
        struct hm_err e;

        assert_ok(hm_dir_open(&d, t->path, &e), &e);
        assert_ok(hm_dir_remove_at(&d, GOOD, &e), &e);
        maker_release(&maker, hm_temp_path(t, GOOD), &plan);
        assert_ok(verify(t, &report, &e), &e);
        assert_int_equal(report.count[HM_RESULT_WARN], i == 0 ? 1 : 0);
        for (size_t k = 0; k < report.n; k++)
            if (report.findings[k].result == HM_RESULT_WARN)
                assert_string_equal(report.findings[k].reason,
                                    "trust.scheme.device");
    }
}

static void what_a_retired_key_signs_is_not_even_read(void **state)
{
    const struct maker_plan plan = {
        .manifest = {.n = 1, .key = {MAKER_RETIRED}}};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    struct hm_err e;

    maker_release(&maker, hm_temp_path(*state, GOOD), &plan);
    assert_int_equal(verify(*state, &report, &e), HM_E_REJECTED);
    assert_string_equal(e.reason, "trust.key.retired");
    assert_false(report.has_manifest);
}

static void the_message_names_the_file(void **state)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    struct hm_err e;

    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    hm_temp_flip(*state, GOOD "/records/release.json", 3, 1);
    assert_int_equal(verify(*state, &report, &e), HM_E_REJECTED);
    assert_non_null(strstr(e.text, "records/release.json"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_temp, clear_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_socket_has_no_place),
        TEST(a_folder_that_holds_nothing_listed_has_no_place),
        TEST(a_tree_deeper_than_any_release_is_refused),
        TEST(a_folder_in_place_of_a_document_is_named),
        TEST(a_stranger_does_not_hide_a_changed_file),
        TEST(more_strangers_than_a_report_holds_are_a_no),
        TEST(a_signature_of_nobody_known_is_warned_of),
        TEST(what_some_devices_cannot_verify_is_warned_of),
        TEST(what_a_retired_key_signs_is_not_even_read),
        TEST(the_message_names_the_file),
    };

    return cmocka_run_group_tests_name("verify_world", tests, make_maker,
                                       clear_maker);
}
