/* Stopped at any operation that changes the file system: the state is the old
 * or the new, the good slot is as it was, and the same act succeeds when it is
 * repeated. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device_story.h"
#include "fs_stop.h"
#include "hm_slots.h"
#include "hm_test.h"

static struct device_story s;

#define DEVICE story_path(&s, "device")

static struct hm_slots_judging now(void)
{
    static char repository[512];

    (void)snprintf(repository, sizeof(repository), "%s",
                   story_path(&s, "repository"));
    return (struct hm_slots_judging){.repository = repository,
                                     .clock = STORY_NOW_TIME};
}

/* Two repositories, so that a device can be made anew: `first` has 1.0.0. */
static int begin(void **state)
{
    (void)state;
    story_begin(&s);
    story_publish_100(&s);
    assert_int_equal(
        rename(story_path(&s, "repository"), story_path(&s, "first")), 0);
    story_publish_101(&s, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    story_clear(&s);
    return 0;
}

/* --- acts, each whole --------------------------------------------------------------- */

typedef hm_rc (*act)(struct hm_err *e);

HM_MUST static hm_rc provision(struct hm_err *e)
{
    const struct hm_slots_setup setup = {.product = "thermostat",
                                         .model = "T100",
                                         .hardware = "rev-b",
                                         .root = story_path(&s, "root.json")};
    const struct hm_slots_judging how = {.repository = story_path(&s, "first"),
                                         .clock = STORY_NOW_TIME};
    struct hm_slots_outcome out;

    return hm_slots_provision(DEVICE, &setup, &how, &out, e);
}

HM_MUST static hm_rc install(struct hm_err *e)
{
    const struct hm_slots_judging how = now();
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    struct hm_slots_outcome out;

    HM_TRY(hm_slots_open(&d, DEVICE, true, e));
    return hm_slots_install(&d, &how, &out, e);
}

HM_MUST static hm_rc boot(struct hm_err *e)
{
    const struct hm_slots_judging how = now();
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    HM_OWN(hm_file) null = {.fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};
    const struct hm_slots_start start = {null.fd, 20};
    struct hm_slots_outcome out;
    struct hm_slots_boot how_it_went;

    HM_TRY(hm_slots_open(&d, DEVICE, true, e));
    return hm_slots_boot(&d, &how, &start, &how_it_went, &out, e);
}

HM_MUST static hm_rc confirm(struct hm_err *e)
{
    const struct hm_slots_judging how = now();
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    struct hm_slots_outcome out;

    HM_TRY(hm_slots_open(&d, DEVICE, true, e));
    return hm_slots_confirm(&d, &how, &out, e);
}

/* --- a device in the moment before an act ---------------------------------------------- */

static void forget(void)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&dir, s.t.path, &e), &e);
    assert_ok(hm_dir_remove_at(&dir, "device", &e), &e);
}

static void until(act last)
{
    static const act acts[] = {provision, install, boot, confirm};
    struct hm_err e = {0};

    forget();
    for (size_t i = 0; i < 4 && acts[i] != last; i++)
        assert_ok(acts[i](&e), &e);
}

/* The state can be read, the log hangs together, what runs is whole. */
static void is_sound(void)
{
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    HM_OWN(hm_buf) lines = HM_BUF_INIT(0);
    uint64_t extra = 0;
    struct hm_err e = {0};

    if (access(story_path(&s, "device/state.json"), F_OK) != 0)
        return; /* not provisioned yet */
    assert_ok(hm_slots_open(&d, DEVICE, false, &e), &e);
    assert_ok(hm_slots_read_log(&d, &lines, &extra, &e), &e);
    assert_true(d.state.active != HM_SLOTS_NONE);
    assert_true(d.state.slot[d.state.active].is_confirmed);
    assert_true(d.state.device.rollback_counter ==
                d.state.slot[d.state.active].rollback_counter);
}

/* In a child; true when the child lived to the end of the act. */
static bool interrupted(act what, int n, enum fs_stop_kind kind, int error)
{
    const pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct hm_err e = {0};

        fs_stop_at(n, kind, error);
        (void)!what(&e);
        _exit(fs_stop_count() > n ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* For every n; then the act is done, or can be done, and the device boots. */
static void stop_everywhere(act what, enum fs_stop_kind kind, int error)
{
    for (int n = 0;; n++) {
        struct hm_err e = {0};
        bool over = false;
        hm_rc rc;

        until(what);
        over = interrupted(what, n, kind, error);
        is_sound();
        rc = what(&e); /* again; what was done already says so */
        if (rc != HM_OK && strcmp(e.reason, "device.state.exists") != 0 &&
            strcmp(e.reason, "device.confirm.nothing") != 0)
            fail_msg("after operation %d: %s [%s]", n, e.text, e.reason);
        is_sound();
        assert_ok(boot(&e), &e);
        if (over) {
            assert_true(n > 3);
            return;
        }
    }
}

static void an_installation_killed_anywhere_leaves_old_or_new(void **state)
{
    (void)state;
    stop_everywhere(install, FS_STOP_KILL, 0);
}

static void a_write_cut_in_half_leaves_old_or_new(void **state)
{
    (void)state;
    stop_everywhere(install, FS_STOP_CUT, 0);
}

static void a_full_disk_anywhere_leaves_old_or_new(void **state)
{
    (void)state;
    stop_everywhere(install, FS_STOP_FAIL, ENOSPC);
}

static void a_boot_killed_anywhere_leaves_old_or_new(void **state)
{
    (void)state;
    stop_everywhere(boot, FS_STOP_KILL, 0);
}

/* In a child: does a firmware run although operation n fails?  Exit status 0:
 * it did; 1: it did and nothing failed; 2: none ran. */
static int boot_on_a_full_disk(int n)
{
    const struct hm_slots_judging how = now();
    const pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        HM_OWN(hm_slots) d = HM_SLOTS_INIT;
        HM_OWN(hm_file) null = {.fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};
        const struct hm_slots_start start = {null.fd, 20};
        struct hm_slots_outcome out;
        struct hm_slots_boot boot;
        struct hm_err e = {0};

        assert_ok(hm_slots_open(&d, DEVICE, true, &e), &e);
        fs_stop_at(n, FS_STOP_FAIL, ENOSPC);
        (void)!hm_slots_boot(&d, &how, &start, &boot, &out, &e);
        _exit(boot.status != 0 ? 2 : fs_stop_count() > n ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* After so many starts that were never confirmed. */
static void full_disk_after(unsigned starts)
{
    int result = 0;

    for (int n = 0; result == 0; n++) {
        struct hm_err e = {0};

        until(boot);
        for (unsigned i = 0; i < starts; i++)
            assert_ok(boot(&e), &e);
        result = boot_on_a_full_disk(n);
        is_sound();
        if (result == 2)
            fail_msg("operation %d: nothing was started", n);
        assert_true(result == 0 || n > 3);
    }
}

/* What cannot be stored keeps the new version waiting, never the good one. */
static void a_full_disk_keeps_no_device_from_starting(void **state)
{
    (void)state;
    full_disk_after(0);
    full_disk_after(HM_SLOTS_BOOTS_MAX); /* it is given up */
}

static void a_confirmation_killed_anywhere_leaves_old_or_new(void **state)
{
    (void)state;
    stop_everywhere(confirm, FS_STOP_KILL, 0);
    stop_everywhere(confirm, FS_STOP_FAIL, EIO);
}

static void a_factory_killed_anywhere_can_start_again(void **state)
{
    (void)state;
    stop_everywhere(provision, FS_STOP_KILL, 0);
    stop_everywhere(provision, FS_STOP_FAIL, EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_installation_killed_anywhere_leaves_old_or_new),
        TEST(a_write_cut_in_half_leaves_old_or_new),
        TEST(a_full_disk_anywhere_leaves_old_or_new),
        TEST(a_boot_killed_anywhere_leaves_old_or_new),
        TEST(a_full_disk_keeps_no_device_from_starting),
        TEST(a_confirmation_killed_anywhere_leaves_old_or_new),
        TEST(a_factory_killed_anywhere_can_start_again),
    };

    return cmocka_run_group_tests_name("slots_stop", tests, NULL, NULL);
}
