/* The state file, the log, and repositories that are not what they should be. */
#include <sys/stat.h>
#include <unistd.h>

#include "device_story.h"
#include "hm_slots.h"
#include "hm_test.h"
#include "json_mutate.h"
#include "slots_priv.h"

static struct device_story s;

#define DEVICE story_path(&s, "device")
#define LOG    "device/update.log"

static struct hm_slots_judging now(void)
{
    static char repository[512];

    (void)snprintf(repository, sizeof(repository), "%s",
                   story_path(&s, "repository"));
    return (struct hm_slots_judging){.repository = repository,
                                     .clock = STORY_NOW_TIME};
}

HM_MUST static hm_rc provision_as(const struct hm_slots_setup *how,
                                  struct hm_err *e)
{
    const struct hm_slots_judging judging = now();
    struct hm_slots_setup setup = *how;
    const char *root = story_path(&s, "root.json");
    struct hm_slots_outcome out;

    setup.root = setup.root == NULL ? root : setup.root;
    return hm_slots_provision(DEVICE, &setup, &judging, &out, e);
}

static const struct hm_slots_setup t100 = {
    .product = "thermostat", .model = "T100", .hardware = "rev-b"};

/* 1.0.0 runs, 1.0.1 is offered. */
static int begin(void **state)
{
    struct hm_err e = {0};

    (void)state;
    story_begin(&s);
    story_publish_100(&s);
    assert_ok(provision_as(&t100, &e), &e);
    story_publish_101(&s, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    story_clear(&s);
    return 0;
}

HM_MUST static hm_rc install(struct hm_slots_outcome *out, struct hm_err *e)
{
    const struct hm_slots_judging how = now();
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;

    *e = (struct hm_err){0};
    assert_ok(hm_slots_open(&d, DEVICE, true, e), e);
    return hm_slots_install(&d, &how, out, e);
}

/* --- state.json -------------------------------------------------------------------- */

HM_MUST static hm_rc read_state(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_slots_state) read = HM_SLOTS_STATE_INIT;

    return hm_slots_read_state(&read, text, e);
}

static void every_change_of_the_state_is_seen_or_means_nothing(void **state)
{
    static const char *const accepted[] = {"0 /authorisation/sequence",
                                           "0 /manifest/epoch",
                                           "0 /manifest/sequence",
                                           "0 /rollback_counter",
                                           "0 /slots/0/rollback_counter",
                                           "false /slots/0/confirmed",
                                           "0 /slots/0/artefacts/0/size",
                                           "0 /slots/1/rollback_counter",
                                           "true /slots/1/confirmed",
                                           "0 /slots/1/artefacts/0/size",
                                           "true /pending/healthy",
                                           "0 /failed/tries",
                                           "0 /log/length",
                                           "removed /authorisation",
                                           "removed /manifest",
                                           "removed /active",
                                           "removed /pending",
                                           "removed /failed",
                                           NULL};
    HM_OWN(hm_slots_state) st = HM_SLOTS_STATE_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT((size_t)1 << 20);
    HM_OWN(hm_buf) again = HM_BUF_INIT((size_t)1 << 20);
    struct hm_slots_outcome out;
    struct hm_err e = {0};

    (void)state;
    assert_ok(install(&out, &e), &e);
    hm_temp_read(&s.t, "device/state.json", &text);
    assert_ok(hm_slots_read_state(&st, hm_buf_view(&text), &e), &e);
    st.has_failed = true;
    st.failed_tries = 3;
    assert_ok(hm_slots_write_state(&st, &text, &e), &e);
    assert_ok(hm_slots_read_state(&st, hm_buf_view(&text), &e), &e);
    assert_ok(hm_slots_write_state(&st, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&text), hm_buf_view(&again));
    mutate_document(hm_buf_view(&text), read_state, accepted);
}

static void an_empty_state_is_not_counter_zero(void **state)
{
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_int_equal(truncate(story_path(&s, "device/state.json"), 0), 0);
    assert_fails(hm_slots_open(&d, DEVICE, true, &e), HM_E_FORMAT,
                 "json.format", &e);
}

/* --- update.log -------------------------------------------------------------------- */

HM_MUST static hm_rc read_log(uint64_t *extra, struct hm_err *e)
{
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    HM_OWN(hm_buf) lines = HM_BUF_INIT(0);

    *e = (struct hm_err){0};
    assert_ok(hm_slots_open(&d, DEVICE, false, e), e);
    return hm_slots_read_log(&d, &lines, extra, e);
}

static void every_attempt_is_in_the_log_and_every_change_is_seen(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT((size_t)1 << 20);
    struct hm_slots_outcome out;
    struct stat sb;
    uint64_t extra = 0;
    struct hm_err e = {0};

    (void)state;
    assert_ok(install(&out, &e), &e);
    hm_temp_flip(&s.t, "repository/history/1-2/manifest.json", 200, 1);
    assert_fails(install(&out, &e), HM_E_REJECTED, "trust.manifest.signature",
                 &e);
    assert_ok(read_log(&extra, &e), &e);
    assert_true(extra == 0);
    hm_temp_read(&s.t, LOG, &text);
    assert_non_null(memmem(text.p, text.n, "\"result\":\"no\"", 13));
    assert_int_equal(stat(story_path(&s, LOG), &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0600);
    for (size_t i = 0; i < text.n; i++) {
        hm_temp_flip(&s.t, LOG, i, 1);
        assert_fails(read_log(&extra, &e), HM_E_REJECTED, "device.log.chain",
                     &e);
        hm_temp_flip(&s.t, LOG, i, 1);
    }
    assert_int_equal(truncate(story_path(&s, LOG), (off_t)text.n - 1), 0);
    assert_fails(read_log(&extra, &e), HM_E_REJECTED, "device.log.short", &e);
    assert_ok(hm_buf_add(&text, HM_LIT("{\"half a line"), &e), &e);
    hm_temp_write(&s.t, LOG, "");
    assert_ok(hm_file_save(story_path(&s, LOG), hm_buf_view(&text),
                           HM_OUT_REPLACE, &e),
              &e);
    assert_ok(read_log(&extra, &e), &e);
    assert_true(extra == 13);
}

static void a_log_that_is_a_link_is_not_written_through(void **state)
{
    HM_OWN(hm_buf) other = HM_BUF_INIT(1024);
    struct hm_slots_outcome out;
    struct hm_err e = {0};

    (void)state;
    hm_temp_write(&s.t, "precious", "precious\n");
    assert_int_equal(unlink(story_path(&s, LOG)), 0);
    assert_int_equal(symlink("../precious", story_path(&s, LOG)), 0);
    assert_fails(install(&out, &e), HM_E_IO, "device.log.open", &e);
    assert_int_equal(unlink(story_path(&s, LOG)), 0);
    assert_int_equal(link(story_path(&s, "precious"), story_path(&s, LOG)), 0);
    assert_fails(install(&out, &e), HM_E_IO, "device.log.kind", &e);
    hm_temp_read(&s.t, "precious", &other);
    assert_bytes_equal(hm_buf_view(&other), HM_LIT("precious\n"));
}

/* --- repositories ------------------------------------------------------------------ */

#define ARTEFACT "repository/releases/1.0.1/artefacts/thermostat-1.0.1.tar.gz"

static void refused(hm_rc want, const char *reason, int check)
{
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    struct hm_slots_outcome out;
    struct hm_err e = {0};

    assert_fails(install(&out, &e), want, reason, &e);
    assert_int_equal(out.check, check);
    assert_ok(hm_slots_open(&d, DEVICE, false, &e), &e);
    assert_int_equal(d.state.pending, HM_SLOTS_NONE);
    assert_false(hm_file_exists_at(&d.dir, "slots/b"));
    assert_false(hm_file_exists_at(&d.dir, "staging"));
}

static void an_artefact_that_is_not_the_named_one_reaches_no_slot(void **state)
{
    struct stat sb;

    (void)state;
    hm_temp_flip(&s.t, ARTEFACT, 5000, 1);
    refused(HM_E_REJECTED, "artefact.digest", 5);
    hm_temp_flip(&s.t, ARTEFACT, 5000, 1);
    assert_int_equal(stat(story_path(&s, ARTEFACT), &sb), 0);
    assert_int_equal(truncate(story_path(&s, ARTEFACT), sb.st_size + 1), 0);
    refused(HM_E_REJECTED, "artefact.size", 5);
    assert_int_equal(truncate(story_path(&s, ARTEFACT), sb.st_size - 1), 0);
    refused(HM_E_REJECTED, "artefact.size", 5);
    assert_int_equal(unlink(story_path(&s, ARTEFACT)), 0);
    refused(HM_E_REJECTED, "artefact.missing", 5);
    assert_int_equal(symlink("/dev/zero", story_path(&s, ARTEFACT)), 0);
    refused(HM_E_IO, "base.file.open", 5);
    assert_int_equal(unlink(story_path(&s, ARTEFACT)), 0);
    assert_int_equal(mkfifo(story_path(&s, ARTEFACT), 0644), 0);
    refused(HM_E_IO, "base.file.kind", 5);
}

static void the_names_at_the_top_are_what_counts(void **state)
{
    (void)state;
    /* a mirror without links: replayed 1.0.0 in the place of the link */
    story_copy(&s, "repository/releases/1.0.0/manifest.json",
               "repository/manifest.json");
    story_copy(&s, "repository/releases/1.0.0/manifest.json.sig",
               "repository/manifest.json.sig");
    {
        struct hm_slots_outcome out;
        struct hm_err e = {0};

        /* 1.0.0 is what runs: nothing to do, nothing to fear */
        assert_ok(install(&out, &e), &e);
        assert_int_equal(out.answer, HM_SLOTS_CURRENT);
    }
    assert_int_equal(unlink(story_path(&s, "repository/manifest.json.sig")), 0);
    refused(HM_E_REJECTED, "trust.manifest.signature", 1);
    assert_int_equal(unlink(story_path(&s, "repository/manifest.json")), 0);
    refused(HM_E_REJECTED, "manifest.missing", HM_SLOTS_NONE);
    assert_int_equal(symlink("releases/1.0.1/manifest.json",
                             story_path(&s, "repository/manifest.json")),
                     0);
    refused(HM_E_IO, "base.file.open", HM_SLOTS_NONE);
}

static void a_link_out_of_the_repository_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(unlink(story_path(&s, "repository/live")), 0);
    assert_int_equal(symlink("../elsewhere", story_path(&s, "repository/live")),
                     0);
    refused(HM_E_FORMAT, "base.name.syntax", HM_SLOTS_NONE);
}

static void a_document_that_is_too_long_is_not_read(void **state)
{
    (void)state;
    assert_int_equal(
        truncate(story_path(&s, "repository/history/1-2/manifest.json"),
                 (off_t)1 << 40),
        0);
    refused(HM_E_REJECTED, "json.size", 0);
}

static void make_delta(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].artefacts[0].kind = HM_ARTEFACT_DELTA;
    m->updates[0].artefacts[0].target_size = 1;
}

static void make_package(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].artefacts[0].role = HM_ARTEFACT_PACKAGE;
}

static void what_cannot_be_started_is_not_installed(void **state)
{
    struct maker_plan plan = {.version = "1.0.2",
                              .sequence = 3,
                              .time = MAKER_TIME + 7200,
                              .edit_manifest = make_delta};

    (void)state;
    story_publish(&s, &plan, 0);
    refused(HM_E_REJECTED, "device.artefact.delta", HM_SLOTS_NONE);
    plan.version = "1.0.3";
    plan.sequence = 4;
    plan.edit_manifest = make_package;
    story_publish(&s, &plan, 0);
    refused(HM_E_REJECTED, "device.image.missing", HM_SLOTS_NONE);
}

/* --- provisioning ------------------------------------------------------------------ */

static void a_device_is_made_once_and_of_good_parts(void **state)
{
    struct hm_slots_setup how = t100;
    struct hm_err e = {0};

    (void)state;
    assert_fails(provision_as(&how, &e), HM_E_USAGE, "device.state.exists", &e);
    assert_int_equal(unlink(story_path(&s, "device/state.json")), 0);
    hm_temp_write(&s.t, "device/mine", "mine");
    assert_fails(provision_as(&how, &e), HM_E_USAGE, "device.state.stranger",
                 &e);
    assert_int_equal(unlink(story_path(&s, "device/mine")), 0);
    how.product = "thermo stat";
    assert_fails(provision_as(&how, &e), HM_E_USAGE, "device.name.syntax", &e);
    how = t100;
    how.vendor = "other";
    assert_fails(provision_as(&how, &e), HM_E_USAGE, "device.root.vendor", &e);
    how = t100;
    how.root = story_path(&s, "repository/manifest.json");
    assert_fails(provision_as(&how, &e), HM_E_IO, "base.file.open", &e);
    how.root = story_path(&s, "repository/releases/1.0.1/manifest.json");
    assert_fails(provision_as(&how, &e), HM_E_USAGE, "root.format", &e);
    how.root = HM_TESTDATA "/published/root.json";
    assert_fails(provision_as(&how, &e), HM_E_USAGE, "crypto.key.published",
                 &e);
    how = t100; /* the factory runs the same checks: 1.0.1 is for 1.0.0 only */
    assert_fails(provision_as(&how, &e), HM_E_REJECTED,
                 "manifest.applicability.none", &e);
    assert_non_null(strstr(e.text, "this device is empty"));
    assert_non_null(strstr(e.hint, "without from_versions"));
    assert_int_not_equal(access(story_path(&s, "device/state.json"), F_OK), 0);
}

/* A device cannot tell an attack from a vendor's mistake: the advice fits
 * both. */
static void what_is_older_is_answered_for_friend_and_foe(void **state)
{
    static const char *const reasons[] = {
        "manifest.sequence.lower", "manifest.sequence.same",
        "manifest.timestamp.older", "manifest.rollback.lower",
        "trust.authorisation.sequence"};
    const struct hm_slots_state device = HM_SLOTS_STATE_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        const struct hm_device_result r = {.check = 3, .reason = reasons[i]};
        struct hm_err e = {0};

        assert_fails(slots_refuse(&device, &r, &e), HM_E_REJECTED, reasons[i],
                     &e);
        assert_non_null(strstr(e.hint, "if the vendor serves this"));
        assert_non_null(strstr(e.hint, "somebody offers what was replaced"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_older_is_answered_for_friend_and_foe),
        TEST(every_change_of_the_state_is_seen_or_means_nothing),
        TEST(an_empty_state_is_not_counter_zero),
        TEST(every_attempt_is_in_the_log_and_every_change_is_seen),
        TEST(a_log_that_is_a_link_is_not_written_through),
        TEST(an_artefact_that_is_not_the_named_one_reaches_no_slot),
        TEST(the_names_at_the_top_are_what_counts),
        TEST(a_link_out_of_the_repository_is_not_followed),
        TEST(a_document_that_is_too_long_is_not_read),
        TEST(what_cannot_be_started_is_not_installed),
        TEST(a_device_is_made_once_and_of_good_parts),
    };

    return cmocka_run_group_tests_name("slots_state", tests, NULL, NULL);
}
