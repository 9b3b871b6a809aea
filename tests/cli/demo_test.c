/* ci/demo against the programs of this build: that it plays to its end, and
 * that what it leaves is what the README promises. */
#include "hm_run.h"
#include "hm_test.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *const env[] = {"HALLMARK_BIN=" HM_BIN, "NO_COLOR=1", NULL};
static const char demo[] = HM_SOURCE "/ci/demo";

static int play(void **state)
{
    static struct hm_temp t;
    const struct hm_run_how how = {.env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_make(&t);
    HM_RUN(&r, &how, demo, hm_temp_path(&t, "demo"));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "refusals, each for its reason."));
    *state = &t;
    return 0;
}

static int clear(void **state)
{
    hm_temp_clear(*state);
    return 0;
}

/* A command in the folder that the demo left. */
static void assert_there(const struct hm_temp *t, const char *script,
                         const char *out)
{
    const struct hm_run_how how = {.cwd = hm_temp_path(t, "demo")};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &how, "/bin/sh", "-c", script);
    assert_run(&r, 0, "");
    if (!strstr(hm_run_out(&r), out))
        fail_msg("%s: expected '%s', found: %s", script, out, hm_run_out(&r));
}

static void openssl_verifies_what_it_leaves(void **state)
{
    assert_there(*state,
                 "openssl dgst -sha256 -verify keys/vendor.pem -signature "
                 "repository/manifest.json.sig repository/manifest.json",
                 "Verified OK");
    assert_there(*state,
                 "openssl dgst -sha256 -verify keys/root.pem -signature "
                 "repository/authorisation.json.sig "
                 "repository/authorisation.json",
                 "Verified OK");
}

/* Two root keys of two makes of token, and the gate beside the vendor. */
static void who_signs_second_is_verified_as_well(void **state)
{
    assert_there(*state,
                 "openssl dgst -sha256 -verify keys/gate-1.pem -signature "
                 "repository/manifest.json.sig.2 repository/manifest.json",
                 "Verified OK");
    assert_there(*state,
                 "openssl dgst -sha256 -verify keys/root-b.pem -signature "
                 "repository/authorisation.json.sig.2 "
                 "repository/authorisation.json",
                 "Verified OK");
    assert_there(*state,
                 "openssl dgst -sha256 -verify keys/root-c.pem -signature "
                 "attacks/authorisation.json.sig.2 attacks/authorisation.json",
                 "Verified OK");
}

static void a_rehearsal_and_a_record_are_left(void **state)
{
    assert_there(*state, "cat rehearsal.html", "holiday homes, not yet");
    assert_there(*state, "cat incident.json", "\"hallmark-incident/1\"");
    assert_there(*state, "ls requests", "rotate.root-b.sig");
    assert_there(*state, "cat ceremony.json", "\"hallmark-ceremony/1\"");
    assert_there(*state,
                 "openssl dgst -sha256 -verify keys/vendor-2.pem -signature "
                 "ceremony.json.sig.3 ceremony.json",
                 "Verified OK");
}

static void the_last_release_is_valid_today(void **state)
{
    const struct hm_run_how how = {.cwd = hm_temp_path(*state, "demo")};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &how, "hallmark-verify", "repository/releases/1.0.2", "--root",
           "root.json");
    assert_run(&r, 0, "");
}

static void the_evidence_can_be_repeated(void **state)
{
    assert_there(*state,
                 "cd evidence && env -i PATH=/usr/bin:/bin sh ./verify.sh",
                 "YES: ");
    assert_there(*state,
                 "grep -A 2 '\"id\": \"tls-settings\"' evidence/index.json",
                 "\"status\": \"absent\"");
    assert_there(*state,
                 "grep -A 2 '\"id\": \"update-log\"' evidence/index.json",
                 "\"status\": \"absent\"");
}

static void no_private_key_or_pin_is_published(void **state)
{
    assert_there(*state,
                 "! cat keys/*.pin | grep -rlF -e 'PRIVATE KEY-----' -f - "
                 "repository evidence device requests root.json && echo none",
                 "none");
}

static void a_second_run_takes_the_place_of_the_first(void **state)
{
    const struct hm_run_how how = {.env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(*state, "demo/old", "x");
    HM_RUN(&r, &how, demo, hm_temp_path(*state, "demo"));
    assert_run(&r, 0, "");
    assert_int_not_equal(access(hm_temp_path(*state, "demo/old"), F_OK), 0);
}

static void a_folder_of_somebody_else_is_left_alone(void **state)
{
    const struct hm_run_how how = {.env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(*state, "mine/thesis", "x");
    HM_RUN(&r, &how, demo, hm_temp_path(*state, "mine"));
    assert_int_equal(r.status, 1);
    assert_int_equal(access(hm_temp_path(*state, "mine/thesis"), F_OK), 0);
}

static void an_option_is_no_folder(void **state)
{
    static const char *const rows[] = {"--help", "-h"};
    const struct hm_run_how how = {.env = env,
                                   .cwd = ((struct hm_temp *)*state)->path};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    for (size_t i = 0; i < 2; i++) {
        HM_RUN(&r, &how, demo, rows[i]);
        assert_run(&r, 0, "");
        assert_non_null(strstr(hm_run_out(&r), "usage: ci/demo"));
    }
    HM_RUN(&r, &how, demo, "--quick");
    assert_run(&r, 2, "");
    assert_non_null(strstr(hm_run_err(&r), "usage: ci/demo"));
    HM_RUN(&r, &how, demo, "a", "b");
    assert_run(&r, 2, "");
    assert_int_not_equal(access(hm_temp_path(*state, "--quick"), F_OK), 0);
    assert_int_not_equal(access(hm_temp_path(*state, "--help"), F_OK), 0);
}

/* Before anything is installed or built: without HALLMARK_BIN that is next. */
static void a_folder_of_somebody_else_is_refused_at_once(void **state)
{
    static const char *const bare[] = {"HALLMARK_BIN=/nonexistent", NULL};
    const struct hm_run_how how = {.env = bare};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(*state, "mine/thesis", "x");
    HM_RUN(&r, &how, demo, hm_temp_path(*state, "mine"));
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(hm_run_err(&r), "was not made by ci/demo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_verifies_what_it_leaves),
        cmocka_unit_test(who_signs_second_is_verified_as_well),
        cmocka_unit_test(a_rehearsal_and_a_record_are_left),
        cmocka_unit_test(the_last_release_is_valid_today),
        cmocka_unit_test(the_evidence_can_be_repeated),
        cmocka_unit_test(no_private_key_or_pin_is_published),
        cmocka_unit_test(a_second_run_takes_the_place_of_the_first),
        cmocka_unit_test(a_folder_of_somebody_else_is_left_alone),
        cmocka_unit_test(an_option_is_no_folder),
        cmocka_unit_test(a_folder_of_somebody_else_is_refused_at_once),
    };

    return cmocka_run_group_tests_name("demo", tests, play, clear);
}
