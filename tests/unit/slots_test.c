/* A device's life: what is installed is what was verified, what fails is given
 * up, what is confirmed stays. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device_story.h"
#include "hm_slots.h"
#include "hm_test.h"

static struct device_story s;

#define DEVICE story_path(&s, "device")
#define REPO   story_path(&s, "repository")

static const struct hm_slots_setup setup_t100 = {
    .product = "thermostat", .model = "T100", .hardware = "rev-b"};

struct act {
    struct hm_slots slots;
    struct hm_slots_outcome out;
    struct hm_slots_boot boot;
    struct hm_err e;
};

static void act_clear(struct act *a)
{
    hm_slots_clear(&a->slots);
}

#define ACT __attribute__((cleanup(act_clear))) struct act

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

static struct hm_slots_judging now(void)
{
    static char repository[512];

    (void)snprintf(repository, sizeof(repository), "%s", REPO);
    return (struct hm_slots_judging){.repository = repository,
                                     .clock = STORY_NOW_TIME};
}

static void provision(void)
{
    const struct hm_slots_judging how = now();
    struct hm_slots_setup setup = setup_t100;
    struct hm_slots_outcome out;
    struct hm_err e = {0};

    setup.root = story_path(&s, "root.json");
    assert_ok(hm_slots_provision(DEVICE, &setup, &how, &out, &e), &e);
}

enum verb { CHECK, INSTALL, BOOT, CONFIRM };

/* Open, act, leave open for looking. */
static hm_rc act(struct act *a, enum verb verb)
{
    const struct hm_slots_judging how = now();
    struct hm_slots *d = &a->slots;
    HM_OWN(hm_file) null = {.fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};
    const struct hm_slots_start start = {null.fd, 20};

    *a = (struct act){.slots = HM_SLOTS_INIT};
    assert_ok(hm_slots_open(d, DEVICE, true, &a->e), &a->e);
    switch (verb) {
    case CHECK:
        return hm_slots_check(d, &how, &a->out, &a->e);
    case INSTALL:
        return hm_slots_install(d, &how, &a->out, &a->e);
    case BOOT:
        return hm_slots_boot(d, &how, &start, &a->boot, &a->out, &a->e);
    case CONFIRM:
        break;
    }
    return hm_slots_confirm(d, &how, &a->out, &a->e);
}

static void act_ok(enum verb verb)
{
    ACT a;

    assert_ok(act(&a, verb), &a.e);
}

static void act_fails(enum verb verb, const char *reason)
{
    ACT a;

    assert_fails(act(&a, verb), HM_E_REJECTED, reason, &a.e);
    assert_true(a.e.hint[0] != '\0');
}

static uint64_t counter(void)
{
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    struct hm_err e = {0};

    assert_ok(hm_slots_open(&d, DEVICE, false, &e), &e);
    return d.state.device.rollback_counter;
}

/* --- the good life --------------------------------------------------------------- */

static void an_update_is_installed_started_and_kept(void **state)
{
    ACT a;

    (void)state;
    provision();
    assert_true(counter() == 1);
    act_ok(BOOT);
    story_publish_101(&s, 0);
    act_ok(CHECK);
    assert_ok(act(&a, INSTALL), &a.e);
    assert_int_equal(a.out.slot, 1);
    assert_string_equal(a.slots.state.slot[0].version, "1.0.0");
    act_clear(&a);
    assert_true(counter() == 1); /* installed is not confirmed */
    act_fails(CONFIRM, "device.confirm.unhealthy");
    act_ok(BOOT);
    assert_true(counter() == 1);
    act_ok(CONFIRM);
    assert_true(counter() == 2);
    assert_ok(act(&a, BOOT), &a.e);
    assert_string_equal(a.out.version, "1.0.1");
    assert_false(a.boot.is_pending);
}

static void what_is_there_already_is_no_refusal(void **state)
{
    ACT a;

    (void)state;
    provision();
    assert_ok(act(&a, INSTALL), &a.e);
    assert_int_equal(a.out.answer, HM_SLOTS_CURRENT);
    act_clear(&a);
    story_publish_101(&s, 0);
    act_ok(INSTALL);
    assert_ok(act(&a, INSTALL), &a.e);
    assert_int_equal(a.out.answer, HM_SLOTS_STAGED);
    act_clear(&a);
    act_ok(BOOT);
    act_ok(CONFIRM);
    assert_ok(act(&a, CHECK), &a.e); /* no entry is for 1.0.1 any more */
    assert_int_equal(a.out.answer, HM_SLOTS_CURRENT);
}

/* A mirror that never shows anything newer is told from one that has nothing
 * newer: its manifest expires, also for a device that runs its version. */
static void a_frozen_repository_is_no_good_news(void **state)
{
    struct hm_slots_judging later = now();
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    struct hm_slots_outcome out;
    struct hm_err e = {0};

    (void)state;
    provision();
    story_publish_101(&s, 0);
    act_ok(INSTALL);
    act_ok(BOOT);
    act_ok(CONFIRM);
    later.clock = STORY_NOW_TIME + 60 * MAKER_DAY;
    assert_ok(hm_slots_open(&d, DEVICE, true, &e), &e);
    assert_fails(hm_slots_check(&d, &later, &out, &e), HM_E_REJECTED,
                 "manifest.expired", &e);
    assert_int_equal(out.check, 3);
}

static void a_device_without_a_version_takes_its_first(void **state)
{
    const struct hm_slots_judging nothing = {.clock = STORY_NOW_TIME};
    struct hm_slots_setup setup = setup_t100;
    struct hm_slots_outcome out;
    struct hm_err e = {0};

    (void)state;
    setup.root = story_path(&s, "root.json");
    assert_ok(hm_slots_provision(DEVICE, &setup, &nothing, &out, &e), &e);
    act_fails(BOOT, "device.boot.none");
    act_ok(INSTALL);
    act_ok(BOOT);
    act_ok(CONFIRM);
    assert_true(counter() == 1);
}

static void say_it_twice(struct hm_manifest *m, void *context)
{
    struct hm_artefact *twin = NULL;
    struct hm_err e = {0};

    (void)context;
    assert_ok(hm_update_add_artefact(&m->updates[0], &twin, &e), &e);
    *twin = m->updates[0].artefacts[0];
}

/* Both readers take it: it is one file, whoever names it. */
static void a_file_that_is_named_twice_is_installed_once(void **state)
{
    const struct maker_plan plan = {.version = "1.0.1",
                                    .sequence = 2,
                                    .rollback_counter = 2,
                                    .edit_manifest = say_it_twice};
    ACT a;

    (void)state;
    provision();
    story_publish(&s, &plan, 0);
    assert_ok(act(&a, INSTALL), &a.e);
    assert_int_equal(a.slots.state.slot[1].files_n, 1);
    act_clear(&a);
    act_ok(BOOT);
    act_ok(CONFIRM);
}

/* --- what fails is given up ---------------------------------------------------------- */

static void a_firmware_that_fails_is_given_up_after_three_starts(void **state)
{
    ACT a;

    (void)state;
    provision();
    story_publish_101(&s, 3);
    act_ok(INSTALL);
    for (int i = 0; i < 3; i++) {
        act_fails(BOOT, "device.boot.unhealthy");
        act_fails(CONFIRM, "device.confirm.unhealthy");
    }
    assert_ok(act(&a, BOOT), &a.e);
    assert_true(a.boot.fell_back);
    assert_string_equal(a.out.version, "1.0.0");
    assert_int_equal(a.slots.state.failed_tries, 3);
    act_clear(&a);
    act_fails(CONFIRM, "device.confirm.nothing");
    act_fails(INSTALL, "device.update.failed");
    assert_true(counter() == 1);
    act_ok(BOOT);
}

static void healthy_but_never_confirmed_is_given_up_as_well(void **state)
{
    ACT a;

    (void)state;
    provision();
    story_publish_101(&s, 0);
    act_ok(INSTALL);
    for (int i = 0; i < 3; i++)
        act_ok(BOOT);
    assert_ok(act(&a, BOOT), &a.e);
    assert_true(a.boot.fell_back && !a.boot.is_pending);
    assert_string_equal(a.out.version, "1.0.0");
}

static void a_newer_release_gets_its_own_tries(void **state)
{
    const struct maker_plan fixed = {.version = "1.0.2",
                                     .sequence = 3,
                                     .rollback_counter = 2,
                                     .time = MAKER_TIME + 7200};

    (void)state;
    provision();
    story_publish_101(&s, 99); /* kills itself */
    act_ok(INSTALL);
    for (int i = 0; i < 3; i++)
        act_fails(BOOT, "device.boot.unhealthy");
    act_ok(BOOT);
    story_publish(&s, &fixed, 0);
    act_ok(INSTALL);
    act_ok(BOOT);
    act_ok(CONFIRM);
    assert_true(counter() == 2);
}

static void a_firmware_that_never_ends_is_stopped(void **state)
{
    const struct hm_slots_start start = {STDERR_FILENO, 1};
    const struct hm_slots_judging how = now();
    HM_OWN(hm_slots) d = HM_SLOTS_INIT;
    struct hm_slots_outcome out;
    struct hm_slots_boot boot;
    struct hm_err e = {0};

    (void)state;
    provision();
    story_publish_101(&s, 98);
    act_ok(INSTALL);
    assert_ok(hm_slots_open(&d, DEVICE, true, &e), &e);
    assert_fails(hm_slots_boot(&d, &how, &start, &boot, &out, &e),
                 HM_E_REJECTED, "device.boot.unhealthy", &e);
    assert_int_equal(boot.status, -1);
}

/* --- what changed after it was verified is not started -------------------------------- */

#define IMAGE_B "device/slots/b/images/artefacts/thermostat-1.0.1.tar.gz"

static void changed_in(const char *file)
{
    ACT a;

    provision();
    story_publish_101(&s, 0);
    act_ok(INSTALL);
    hm_temp_flip(&s.t, file, 1, 1);
    assert_ok(act(&a, BOOT), &a.e);
    assert_true(a.boot.fell_back);
    assert_string_equal(a.out.version, "1.0.0");
}

static void a_changed_image_is_never_started(void **state)
{
    (void)state;
    changed_in(IMAGE_B);
}

static void a_changed_root_file_system_is_never_started(void **state)
{
    (void)state;
    changed_in("device/slots/b/rootfs/etc/status");
}

static void
a_broken_good_slot_gives_way_but_never_below_the_counter(void **state)
{
    const struct maker_plan same_counter = {.version = "1.0.2",
                                            .sequence = 3,
                                            .rollback_counter = 2,
                                            .time = MAKER_TIME + 7200};
    ACT a;

    (void)state;
    provision();
    story_publish_101(&s, 0);
    act_ok(INSTALL);
    act_ok(BOOT);
    act_ok(CONFIRM); /* b: 1.0.1, counter 2; a: 1.0.0, counter 1 */
    hm_temp_flip(&s.t, IMAGE_B, 100, 1);
    act_fails(BOOT, "device.boot.none");
    hm_temp_flip(&s.t, IMAGE_B, 100, 1);
    story_publish(&s, &same_counter, 0);
    act_ok(INSTALL);
    act_ok(BOOT);
    act_ok(CONFIRM); /* a: 1.0.2, counter 2 */
    hm_temp_flip(&s.t, "device/slots/a/rootfs/sbin/init", 100, 1);
    assert_ok(act(&a, BOOT), &a.e);
    assert_string_equal(a.out.version, "1.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_update_is_installed_started_and_kept,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_is_there_already_is_no_refusal,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_frozen_repository_is_no_good_news,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_device_without_a_version_takes_its_first, begin, end),
        cmocka_unit_test_setup_teardown(
            a_file_that_is_named_twice_is_installed_once, begin, end),
        cmocka_unit_test_setup_teardown(
            a_firmware_that_fails_is_given_up_after_three_starts, begin, end),
        cmocka_unit_test_setup_teardown(
            healthy_but_never_confirmed_is_given_up_as_well, begin, end),
        cmocka_unit_test_setup_teardown(a_newer_release_gets_its_own_tries,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_firmware_that_never_ends_is_stopped,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_changed_image_is_never_started, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_changed_root_file_system_is_never_started, begin, end),
        cmocka_unit_test_setup_teardown(
            a_broken_good_slot_gives_way_but_never_below_the_counter, begin,
            end),
    };

    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
