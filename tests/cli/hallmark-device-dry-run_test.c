/* A dry run of hallmark-device: what it says, and that it leaves all alone. */
#include <unistd.h>

#include "device_story.h"
#include "hm_run.h"
#include "hm_test.h"

static struct device_story s;

#define AT "--at", STORY_NOW
#define RUN(...)                                                           \
    HM_RUN(&r, (&(struct hm_run_how){.cwd = s.t.path}), "hallmark-device", \
           __VA_ARGS__)
#define T100                                                             \
    "--root", "root.json", "--product", "thermostat", "--model", "T100", \
        "--hardware", "rev-b", "--state", "device"

static int begin(void **state)
{
    (void)state;
    story_begin(&s);
    story_publish_100(&s);
    return 0;
}

static int end(void **state)
{
    (void)state;
    story_clear(&s);
    return 0;
}

static bool has(const char *name)
{
    return access(story_path(&s, name), F_OK) == 0;
}

/* Everything that a device remembers. */
static void remember(struct hm_buf *to)
{
    HM_OWN(hm_buf) log = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    hm_temp_read(&s.t, "device/state.json", to);
    hm_temp_read(&s.t, "device/update.log", &log);
    assert_ok(hm_buf_add(to, hm_buf_view(&log), &e), &e);
}

static void assert_says(const struct hm_run *r, int status, const char *reason,
                        const char *text)
{
    assert_run(r, status, reason);
    if (strstr(hm_run_out(r), text) == NULL)
        fail_msg("'%s' is not in: %s", text, hm_run_out(r));
}

static void a_rehearsed_provisioning_makes_no_device(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    RUN("provision", T100, "--dry-run");
    assert_says(&r, 0, "", "would make a thermostat T100 rev-b");
    RUN("provision", T100, "--from", "repository", AT, "-n");
    assert_says(&r, 0, "", "1.0.0 may be installed");
    RUN("provision", T100, "--from", "repository", AT, "-n", "--json");
    assert_says(&r, 0, "", "\"dry_run\": true");
    assert_false(has("device"));
    RUN("provision", T100, "--from", "nowhere", AT, "-n");
    assert_run(&r, 3, "base.dir.open");
    RUN("provision", T100, "--from", "repository", "--at",
        "2046-05-13T08:00:00Z", "-n");
    assert_run(&r, 1, "trust.authorisation.expired");
    RUN("provision", T100, "--vendor", "other", "-n");
    assert_run(&r, 2, "device.root.vendor");
    assert_false(has("device"));
    RUN("provision", T100);
    assert_run(&r, 0, "");
    RUN("provision", T100, "-n");
    assert_run(&r, 2, "device.state.exists");
}

static void a_rehearsed_start_starts_and_counts_nothing(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_buf) before = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_buf) after = HM_BUF_INIT(1u << 20);

    (void)state;
    RUN("provision", T100, "--from", "repository", AT);
    assert_run(&r, 0, "");
    story_publish_101(&s, 0);
    RUN("boot", "-n", "-sdevice", AT);
    assert_says(&r, 0, "", "would start 1.0.0 in slot a");
    RUN("confirm", "-n", "-sdevice", AT);
    assert_run(&r, 1, "device.confirm.nothing");
    RUN("install", "-sdevice", "--from", "repository", AT);
    assert_run(&r, 0, "");
    remember(&before);
    for (int i = 0; i < 5; i++) { /* more than a version has starts */
        RUN("boot", "--dry-run", "--state", "device", AT);
        assert_says(&r, 0, "", "would start 1.0.1 in slot b");
    }
    RUN("confirm", "-n", "-sdevice", AT);
    assert_run(&r, 1, "device.confirm.unhealthy");
    remember(&after);
    assert_bytes_equal(hm_buf_view(&after), hm_buf_view(&before));
}

static void a_rehearsed_confirmation_keeps_nothing(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_buf) before = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_buf) after = HM_BUF_INIT(1u << 20);

    (void)state;
    RUN("provision", T100, "--from", "repository", AT);
    story_publish_101(&s, 0);
    RUN("install", "-sdevice", "--from", "repository", AT);
    RUN("boot", "-sdevice", AT);
    assert_run(&r, 0, "");
    remember(&before);
    RUN("confirm", "--dry-run", "-sdevice", AT);
    assert_says(&r, 0, "", "1.0.1 in slot b would be kept");
    remember(&after);
    assert_bytes_equal(hm_buf_view(&after), hm_buf_view(&before));
    RUN("confirm", "-sdevice", AT);
    assert_says(&r, 0, "", "1.0.1 in slot b is kept");
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_rehearsed_provisioning_makes_no_device),
        FRESH(a_rehearsed_start_starts_and_counts_nothing),
        FRESH(a_rehearsed_confirmation_keeps_nothing),
    };

    return cmocka_run_group_tests_name("hallmark-device-dry-run", tests, NULL,
                                       NULL);
}
