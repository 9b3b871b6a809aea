/* The folder of a device under hallmark-device: what changes it and what does
 * not, two at a time, no rights, no room, and a log that tells of tampering. */
#include "device_story.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_crypto.h"
#include "hm_test.h"

static struct device_story s;

#define NOBODY 65534u

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

#define IN (&(const struct hm_run_how){.cwd = s.t.path})
#define AS_NOBODY \
    (&(const struct hm_run_how){.cwd = s.t.path, .drop_to_uid = NOBODY})
#define ON       "--state", "device"
#define NOW      "--at", STORY_NOW
#define FROM     "--from", "repository", NOW
#define IDENTITY "--product=thermostat", "--model=T100", "--hardware=rev-b"

#define DEVICE(r, ...) HM_RUN((r), IN, "hallmark-device", __VA_ARGS__)

#define MUST(...)                        \
    do {                                 \
        HM_OWN(hm_run) r_ = HM_RUN_INIT; \
                                         \
        DEVICE(&r_, __VA_ARGS__);        \
        assert_run(&r_, 0, "");          \
    } while (0)

/* A device at 1.0.0, and 1.0.1 on offer. */
static void offer_101(void)
{
    MUST("provision", ON, "--root", "root.json", IDENTITY, FROM);
    story_publish_101(&s, 0);
}

static void shell(const char *script, struct hm_run *r)
{
    HM_RUN(r, IN, "/bin/sh", "-e", "-c", script);
    assert_run(r, 0, "");
}

/* Everything that can be seen of the folder: names, kinds, modes, owners, times
 * and contents. */
static void look(struct hm_run *r)
{
    shell("find device -printf '%p %y %m %U %s %T@ %l\\n' | sort;"
          "find device -type f -exec sha256sum {} + | sort",
          r);
}

static void assert_untouched(const struct hm_run *before)
{
    HM_OWN(hm_run) after = HM_RUN_INIT;

    look(&after);
    assert_string_equal(hm_run_out(before), hm_run_out(&after));
}

/* --- looking --------------------------------------------------------------------------- */

static void looking_changes_nothing(void **state)
{
    static const char *const calls[][10] = {
        {"hallmark-device", "check", ON, FROM, "--dry-run"},
        {"hallmark-device", "install", ON, FROM, "--dry-run"},
        {"hallmark-device", "status", ON},
        {"hallmark-device", "log", ON},
        {"hallmark-device", "status", ON, "--json"},
    };
    HM_OWN(hm_run) before = HM_RUN_INIT;

    (void)state;
    offer_101();
    look(&before);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_run(&r, IN, calls[i]);
        assert_run(&r, 0, "");
        assert_untouched(&before);
    }
}

static void a_dry_run_says_no_and_stores_nothing(void **state)
{
    HM_OWN(hm_run) before = HM_RUN_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    offer_101();
    look(&before);
    hm_temp_flip(&s.t, "repository/live/manifest.json", 100, 1);
    DEVICE(&r, "install", ON, FROM, "--dry-run");
    assert_run(&r, 1, "trust.manifest.signature");
    assert_untouched(&before);
    DEVICE(&r, "install", ON, FROM); /* the neighbour: it is logged */
    assert_run(&r, 1, "trust.manifest.signature");
    look(&r);
    assert_string_not_equal(hm_run_out(&before), hm_run_out(&r));
}

static void a_call_that_is_wrong_changes_nothing(void **state)
{
    HM_OWN(hm_run) before = HM_RUN_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    offer_101();
    look(&before);
    DEVICE(&r, "install", ON, FROM, "--no-clock");
    assert_run(&r, 2, "device.time.both");
    DEVICE(&r, "boot", ON, NOW, "--timeout", "x");
    assert_run(&r, 2, "device.timeout.range");
    DEVICE(&r, "provision", ON, "--root", "root.json", IDENTITY, FROM);
    assert_run(&r, 2, "device.state.exists");
    assert_untouched(&before);
}

/* --- two at a time ------------------------------------------------------------------------ */

static void two_installations_at_a_time_are_one_after_the_other(void **state)
{
    static const char script[] =
        HM_BIN "/hallmark-device install --state device --from repository"
               " --at " STORY_NOW " & " HM_BIN
               "/hallmark-device install --state device --from repository"
               " --at " STORY_NOW "; wait $!";
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    offer_101();
    shell(script, &r);
    assert_non_null(strstr(hm_run_out(&r), "checks 0 to 5 passed: 1.0.1"));
    assert_non_null(
        strstr(hm_run_out(&r), "nothing to do: 1.0.1 is in slot b"));
    DEVICE(&r, "log", ON);
    assert_run(&r, 0, "");
    MUST("boot", ON, NOW);
    MUST("confirm", ON, NOW);
}

static void who_waits_in_vain_says_so_and_who_looks_need_not_wait(void **state)
{
    HM_OWN(hm_run) before = HM_RUN_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    int fd;

    (void)state;
    offer_101();
    look(&before);
    fd = open(story_path(&s, "device/lock"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    MUST("status", ON);
    MUST("install", ON, FROM, "--dry-run");
    DEVICE(&r, "install", ON, FROM);
    assert_run(&r, 3, "device.state.locked");
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    assert_untouched(&before);
    assert_int_equal(close(fd), 0);
    MUST("install", ON, FROM);
}

/* --- without rights ------------------------------------------------------------------------ */

#define NOBODY_RUNS(r, ...) \
    HM_RUN((r), AS_NOBODY, "hallmark-device", __VA_ARGS__)

static void nobody_owns(const char *script)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (getuid() != 0)
        skip();
    shell(script, &r);
}

static void a_user_without_rights_can_be_a_device(void **state)
{
    static const char *const acts[][10] = {
        {"hallmark-device", "install", ON, FROM},
        {"hallmark-device", "boot", ON, NOW},
        {"hallmark-device", "confirm", ON, NOW},
        {"hallmark-device", "boot", ON, NOW},
        {"hallmark-device", "log", ON},
    };
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    nobody_owns("mkdir device; chown 65534 device");
    NOBODY_RUNS(&r, "provision", ON, "--root", "root.json", IDENTITY, FROM);
    assert_run(&r, 0, "");
    story_publish_101(&s, 0);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        hm_run(&r, AS_NOBODY, acts[i]);
        assert_run(&r, 0, "");
    }
    assert_non_null(strstr(hm_run_out(&r), "confirm"));
}

static void the_device_of_another_user_is_closed(void **state)
{
    static const char *const acts[][10] = {
        {"hallmark-device", "status", ON},
        {"hallmark-device", "log", ON},
        {"hallmark-device", "install", ON, FROM},
        {"hallmark-device", "boot", ON, NOW},
    };
    HM_OWN(hm_run) before = HM_RUN_INIT;

    (void)state;
    nobody_owns("true");
    offer_101();
    look(&before);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_run(&r, AS_NOBODY, acts[i]);
        assert_run(&r, 3, "base.dir.open");
        assert_non_null(strstr(hm_run_err(&r), "ermission denied"));
    }
    assert_untouched(&before);
}

static void a_folder_that_cannot_be_written_can_be_looked_at(void **state)
{
    HM_OWN(hm_run) before = HM_RUN_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    nobody_owns("true");
    offer_101();
    nobody_owns("chown -R 65534 device; chmod 0500 device");
    look(&before);
    NOBODY_RUNS(&r, "status", ON);
    assert_run(&r, 0, "");
    NOBODY_RUNS(&r, "log", ON);
    assert_run(&r, 0, "");
    NOBODY_RUNS(&r, "install", ON, FROM, "--dry-run");
    assert_run(&r, 0, "");
    NOBODY_RUNS(&r, "install", ON, FROM);
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(hm_run_err(&r), "ermission denied"));
    nobody_owns("chmod 0700 device");
    NOBODY_RUNS(&r, "install", ON, FROM);
    assert_run(&r, 0, "");
}

static void a_folder_that_cannot_be_made_is_exit_3(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    nobody_owns("mkdir closed");
    NOBODY_RUNS(&r, "provision", "--state", "closed/device", "--root",
                "root.json", IDENTITY);
    assert_run(&r, 3, "base.dir.make");
    NOBODY_RUNS(&r, "provision", "--state", "closed", "--root", "root.json",
                IDENTITY);
    assert_run(&r, 3, "base.dir.make");
}

/* --- without room ---------------------------------------------------------------------------- */

static void a_full_disk_while_installing_leaves_the_old(void **state)
{
    static const uint64_t sizes[] = {1, 100, 1000, 5000, 100000, 250000};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    offer_101();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct hm_run_how small = {.cwd = s.t.path,
                                         .file_size_max = sizes[i]};

        HM_RUN(&r, &small, "hallmark-device", "install", ON, FROM);
        assert_int_equal(r.status, 3);
        DEVICE(&r, "status", ON);
        assert_run(&r, 0, "");
        assert_non_null(strstr(hm_run_out(&r), "slot a      1.0.0"));
        assert_non_null(strstr(hm_run_out(&r), "slot b      empty"));
        MUST("log", ON);
        MUST("boot", ON, NOW);
    }
    MUST("install", ON, FROM);
    assert_int_not_equal(access(story_path(&s, "device/staging"), F_OK), 0);
    MUST("boot", ON, NOW);
    MUST("confirm", ON, NOW);
}

static void a_full_disk_at_the_factory_leaves_no_device(void **state)
{
    static const uint64_t sizes[] = {1, 100, 1000, 100000};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct hm_run_how small = {.cwd = s.t.path,
                                         .file_size_max = sizes[i]};

        HM_RUN(&r, &small, "hallmark-device", "provision", ON, "--root",
               "root.json", IDENTITY, FROM);
        assert_int_equal(r.status, 3);
        DEVICE(&r, "status", ON);
        assert_run(&r, 2, "device.state.missing");
    }
    MUST("provision", ON, "--root", "root.json", IDENTITY, FROM);
}

static void a_result_that_cannot_be_told_is_exit_3(void **state)
{
    const struct hm_run_how full = {.cwd = s.t.path, .stdout_full = true};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    offer_101();
    HM_RUN(&r, &full, "hallmark-device", "status", ON);
    assert_run(&r, 3, "cli.stdout.write");
    HM_RUN(&r, &full, "hallmark-device", "check", ON, FROM, "--json");
    assert_run(&r, 3, "cli.stdout.write");
    MUST("log", ON); /* the attempt is in it */
}

/* --- update.log ------------------------------------------------------------------------------- */

#define LOG "device/update.log"

/* Five attempts: provision yes, check no, install yes, confirm no, boot yes. */
static void attempts(void)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    offer_101();
    hm_temp_flip(&s.t, "repository/live/manifest.json", 100, 1);
    DEVICE(&r, "check", ON, FROM);
    assert_run(&r, 1, "trust.manifest.signature");
    hm_temp_flip(&s.t, "repository/live/manifest.json", 100, 1);
    MUST("install", ON, FROM);
    DEVICE(&r, "confirm", ON, NOW);
    assert_run(&r, 1, "device.confirm.unhealthy");
    MUST("boot", ON, NOW);
}

static void assert_line(struct hm_bytes line, const char *verb,
                        const char *result,
                        const uint8_t before[static HM_SHA256_SIZE])
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    uint8_t previous[HM_SHA256_SIZE];
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_json_parse(&doc, line, HM_JSON_OURS, line.n, &e), &e);
    assert_bytes_equal(hm_json_view(hm_json_find(hm_json_root(&doc), "verb")),
                       hm_bytes_str(verb));
    assert_bytes_equal(hm_json_view(hm_json_find(hm_json_root(&doc), "result")),
                       hm_bytes_str(result));
    assert_int_equal(hm_json_find(hm_json_root(&doc), "reason").item != NULL,
                     strcmp(result, "yes") != 0);
    assert_ok(hm_json_get_hex(hm_json_root(&doc), "previous", previous,
                              sizeof(previous), &e),
              &e);
    assert_memory_equal(previous, before, sizeof(previous));
}

static void
every_attempt_is_one_line_with_the_digest_of_the_line_before(void **state)
{
    static const char *const verbs[] = {"provision", "check", "install",
                                        "confirm", "boot"};
    static const char *const results[] = {"yes", "no", "yes", "no", "yes"};
    HM_OWN(hm_buf) log = HM_BUF_INIT(1u << 16);
    uint8_t before[HM_SHA256_SIZE] = {0};
    struct hm_err e = {.rc = HM_OK};
    struct hm_bytes rest;

    (void)state;
    attempts();
    hm_temp_read(&s.t, LOG, &log);
    rest = hm_buf_view(&log);
    for (size_t i = 0; i < 5; i++) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        struct hm_bytes line = {rest.p, 0};

        assert_non_null(end);
        line.n = (size_t)(end - rest.p) + 1;
        assert_line(line, verbs[i], results[i], before);
        assert_ok(hm_sha256(line, before, &e), &e);
        rest.p += line.n;
        rest.n -= line.n;
    }
    assert_int_equal(rest.n, 0);
}

static void a_log_that_was_tampered_with_is_exit_1(void **state)
{
    static const struct {
        const char *script;
        int status;
        const char *reason;
    } rows[] = {
        {"true", 0, ""},
        {"sed -i '2s/no/yes/' " LOG, 1, "device.log.chain"},
        {"sed -i 2d " LOG, 1, "device.log.short"},
        {"sed -i '$d' " LOG, 1, "device.log.short"},
        {"sed -i '2{h;d};3{G}' " LOG, 1, "device.log.chain"},
        {"sed -i 's/1.0.1/1.0.9/' " LOG, 1, "device.log.chain"},
        {"sed -i '2i{}' " LOG, 1, "device.log.chain"},
        {": >" LOG, 1, "device.log.short"},
        {"rm " LOG, 1, "device.log.short"},
        {"sed '$p' " LOG " >x; cp x " LOG, 0, ""}, /* only more: a warning */
    };
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    attempts();
    shell("cp -p " LOG " log", &r);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        shell("cp -p log " LOG, &r);
        shell(rows[i].script, &r);
        DEVICE(&r, "log", ON);
        assert_run(&r, rows[i].status, rows[i].reason);
    }
    assert_non_null(strstr(hm_run_err(&r), "bytes behind the last recorded"));
}

static void what_was_tampered_with_stays_visible(void **state)
{
    static const char *const scripts[] = {"sed -i '$d' " LOG, "rm " LOG,
                                          "sed -i '2s/no/yes/' " LOG};

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        (void)begin(NULL);
        attempts();
        shell(scripts[i], &r);
        MUST("check", ON, FROM); /* updates go on … */
        MUST("confirm", ON, NOW);
        DEVICE(&r, "log", ON); /* … and the chain tells */
        assert_run(&r, 1, "device.log.chain");
        (void)end(NULL);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(looking_changes_nothing),
        TEST(a_dry_run_says_no_and_stores_nothing),
        TEST(a_call_that_is_wrong_changes_nothing),
        TEST(two_installations_at_a_time_are_one_after_the_other),
        TEST(who_waits_in_vain_says_so_and_who_looks_need_not_wait),
        TEST(a_user_without_rights_can_be_a_device),
        TEST(the_device_of_another_user_is_closed),
        TEST(a_folder_that_cannot_be_written_can_be_looked_at),
        TEST(a_folder_that_cannot_be_made_is_exit_3),
        TEST(a_full_disk_while_installing_leaves_the_old),
        TEST(a_full_disk_at_the_factory_leaves_no_device),
        TEST(a_result_that_cannot_be_told_is_exit_3),
        TEST(every_attempt_is_one_line_with_the_digest_of_the_line_before),
        TEST(a_log_that_was_tampered_with_is_exit_1),
        cmocka_unit_test(what_was_tampered_with_stays_visible),
    };

    return cmocka_run_group_tests_name("hallmark-device-state", tests, NULL,
                                       NULL);
}
