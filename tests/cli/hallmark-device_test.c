/* hallmark-device as an updater and a boot loader call it: each verb, what it
 * says to people and machines, and its exit status. */
#include "device_story.h"

#include <unistd.h>

#include "hm_test.h"

static struct device_story s;

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

/* A verb on the device; a verb that judges, now. */
#define DEVICE(r, verb, ...) \
    HM_RUN((r), IN, "hallmark-device", (verb), "--state", "device", __VA_ARGS__)
#define NOW      "--at", STORY_NOW
#define FROM     "--from", "repository", NOW
#define IDENTITY "--product=thermostat", "--model=T100", "--hardware=rev-b"

static void must(const char *verb, const char *option, const char *value)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    DEVICE(&r, verb, NOW, option, value);
    assert_run(&r, 0, "");
}

static void provision(void)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    DEVICE(&r, "provision", "--root", "root.json", IDENTITY, FROM);
    assert_run(&r, 0, "");
}

#define INSTALL() must("install", "--from", "repository")
#define BOOT()    must("boot", "--timeout", "60")

static void assert_tells(const struct hm_run *r, const char *words)
{
    assert_run(r, 0, "");
    if (strstr(hm_run_out(r), words) == NULL)
        fail_msg("no '%s' in\n%s", words, hm_run_out(r));
}

/* --- for people ----------------------------------------------------------------------- */

static void a_life_is_told_step_by_step(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    DEVICE(&r, "provision", "--root", "root.json", IDENTITY, FROM);
    assert_tells(&r, "1.0.0 is installed in slot a, confirmed");
    DEVICE(&r, "boot", NOW);
    assert_tells(&r, "firmware starts");
    assert_tells(&r, "1.0.0 in slot a started");
    story_publish_101(&s, 0);
    DEVICE(&r, "check", FROM);
    assert_tells(&r, "checks 0 to 4 passed: 1.0.1 may be installed");
    DEVICE(&r, "install", FROM);
    assert_tells(&r, "checks 0 to 5 passed: 1.0.1 is in slot b");
    DEVICE(&r, "install", FROM);
    assert_tells(&r, "nothing to do: 1.0.1 is in slot b and waits for boot");
    DEVICE(&r, "boot", NOW);
    assert_tells(&r, "start 1 of 3");
    DEVICE(&r, "confirm", NOW);
    assert_tells(&r, "a rollback counter below 2 is installed from now on");
    DEVICE(&r, "check", FROM);
    assert_tells(&r, "nothing to do: 1.0.1 is what runs");
    DEVICE(&r, "status", "-q");
    assert_tells(&r, "");
    assert_int_equal(r.out.n, 0);
    HM_RUN(&r, IN, "hallmark-device", "status", "-s", "device");
    assert_tells(&r, "slot b      1.0.1, counter 2, confirmed, runs");
    HM_RUN(&r, IN, "hallmark-device", "log", "-s", "device");
    assert_tells(&r, "2026-05-13T08:00:00Z  confirm    yes    1.0.1");
}

static void a_version_that_is_given_up_is_warned_of(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    provision();
    story_publish_101(&s, 7);
    INSTALL();
    for (int i = 0; i < 3; i++) {
        DEVICE(&r, "boot", NOW);
        assert_run(&r, 1, "device.boot.unhealthy");
    }
    DEVICE(&r, "boot", NOW);
    assert_tells(&r, "1.0.0 in slot a started");
    assert_non_null(strstr(hm_run_err(&r), "was given up"));
    DEVICE(&r, "status", "--json");
    assert_tells(&r, "\"failed\"");
    DEVICE(&r, "install", FROM);
    assert_run(&r, 1, "device.update.failed");
    assert_non_null(strstr(hm_run_err(&r), "next:"));
}

static void a_firmware_that_never_ends_is_stopped_after_its_time(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    provision();
    story_publish_101(&s, 98);
    INSTALL();
    DEVICE(&r, "boot", NOW, "--timeout", "1");
    assert_run(&r, 1, "device.boot.unhealthy");
    DEVICE(&r, "confirm", NOW);
    assert_run(&r, 1, "device.confirm.unhealthy");
}

/* --- for machines ------------------------------------------------------------------------ */

static void parse(struct hm_json_doc *doc, const struct hm_run *r)
{
    struct hm_err e = {.rc = HM_OK};
    uint64_t version = 0;
    bool ok = false;

    hm_json_doc_clear(doc);
    assert_ok(
        hm_json_parse(doc, hm_buf_view(&r->out), HM_JSON_OURS, r->out.max, &e),
        &e);
    assert_ok(
        hm_json_get_uint(hm_json_root(doc), "schema_version", 9, &version, &e),
        &e);
    assert_true(version == 1);
    assert_ok(hm_json_get_bool(hm_json_root(doc), "ok", &ok, &e), &e);
    assert_int_equal(ok, r->status == 0);
}

/* The result holds @p member, written as @p value; NULL: it does not. */
static void assert_member(const struct hm_run *r, const char *member,
                          const char *value)
{
    char pointer[64];
    struct hm_bytes found;

    (void)snprintf(pointer, sizeof(pointer), "/%s", member);
    hm_json_span(hm_buf_view(&r->out), pointer, &found);
    if (value == NULL ? found.n != 0 : !hm_bytes_eq(found, hm_bytes_str(value)))
        fail_msg("%s: expected %s in\n%s", member,
                 value == NULL ? "nothing" : value, hm_run_out(r));
}

struct told {
    const char *argv[14];
    int status;
    const char *member[4];
    const char *value[4]; /* NULL: there is none */
};

static void run_told(const struct told *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
        HM_OWN(hm_run) r = HM_RUN_INIT;
        const char *argv[16] = {"hallmark-device"};

        for (size_t k = 0; rows[i].argv[k] != NULL; k++)
            argv[k + 1] = rows[i].argv[k];
        hm_run(&r, IN, argv);
        assert_run(&r, rows[i].status, "");
        parse(&doc, &r);
        for (size_t k = 0; k < 4 && rows[i].member[k] != NULL; k++)
            assert_member(&r, rows[i].member[k], rows[i].value[k]);
    }
}

#define ON "--json", "--state", "device"

static const struct told factory[] = {
    {{"provision", ON, "--root", "root.json", IDENTITY, FROM},
     0,
     {"version", "slot", "rollback_counter", "reason"},
     {"\"1.0.0\"", "\"a\"", "1", NULL}},
    {{"boot", ON, NOW},
     0,
     {"pending", "boots", "exit_status", "fell_back"},
     {"false", "0", "0", "false"}},
    {{"check", ON, FROM}, 0, {"answer"}, {"\"current\""}},
};
static const struct told update[] = {
    {{"check", ON, FROM},
     0,
     {"answer", "version", "sequence", "slot"},
     {"\"new\"", "\"1.0.1\"", "2", NULL}},
    {{"install", ON, FROM},
     0,
     {"answer", "slot", "epoch"},
     {"\"new\"", "\"b\"", "1"}},
    {{"install", ON, FROM}, 0, {"answer"}, {"\"staged\""}},
    {{"confirm", ON, NOW},
     1,
     {"reason", "check"},
     {"\"device.confirm.unhealthy\"", NULL}},
    {{"boot", ON, NOW},
     0,
     {"pending", "boots", "version"},
     {"true", "1", "\"1.0.1\""}},
    {{"confirm", ON, NOW}, 0, {"slot", "version"}, {"\"b\"", "\"1.0.1\""}},
    {{"status", ON}, 0, {"state/active"}, {"\"b\""}},
    {{"log", ON}, 0, {"extra_bytes", "lines/0/verb"}, {"0", "\"provision\""}},
};

static void json_tells_every_step(void **state)
{
    (void)state;
    run_told(factory, sizeof(factory) / sizeof(factory[0]));
    story_publish_101(&s, 0);
    run_told(update, sizeof(update) / sizeof(update[0]));
}

static void the_console_of_the_firmware_is_kept_out_of_the_json(void **state)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    provision();
    DEVICE(&r, "boot", NOW, "--json");
    assert_run(&r, 0, "");
    parse(&doc, &r);
    assert_non_null(strstr(hm_run_err(&r), "firmware starts"));
    DEVICE(&r, "boot", NOW);
    assert_int_equal(r.err.n, 0);
}

/* --- no ---------------------------------------------------------------------------------- */

static void older(struct hm_manifest *m, void *context)
{
    (void)context;
    m->rollback_counter = 0;
}

static void other_model(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].models.n = 1;
    (void)snprintf(m->updates[0].models.word[0],
                   sizeof(m->updates[0].models.word[0]), "T200");
}

static const struct {
    struct maker_plan plan;
    const char *flip; /* a file of the repository, or NULL */
    const char *at;
    const char *check;
    const char *reason;
} refusals[] = {
    {{.version = "1.0.1", .sequence = 2},
     "repository/live/manifest.json.sig",
     STORY_NOW,
     "1",
     "trust.signature.malformed"},
    {{.version = "1.0.1", .sequence = 2, .manifest = {.nobody = true}},
     NULL,
     STORY_NOW,
     "1",
     "trust.manifest.signature"},
    {{.version = "1.0.1", .sequence = 2, .edit_manifest = other_model},
     NULL,
     STORY_NOW,
     "2",
     "manifest.applicability.none"},
    {{.version = "1.0.1", .sequence = 2, .time = MAKER_TIME - 1},
     NULL,
     STORY_NOW,
     "3",
     "manifest.timestamp.older"},
    {{.version = "1.0.1", .sequence = 2},
     NULL,
     "2026-06-11T08:00:01Z",
     "3",
     "manifest.expired"},
    {{.version = "1.0.1", .sequence = 2, .edit_manifest = older},
     NULL,
     STORY_NOW,
     "4",
     "manifest.rollback.lower"},
    {{.version = "1.0.1", .sequence = 2},
     "repository/releases/1.0.1/artefacts/thermostat-1.0.1.tar.gz",
     STORY_NOW,
     "5",
     "artefact.digest"},
};

static void a_refusal_names_the_check_that_said_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct maker_plan plan = refusals[i].plan;

        (void)begin(NULL);
        provision();
        story_publish(&s, &plan, 0);
        if (refusals[i].flip != NULL)
            hm_temp_flip(&s.t, refusals[i].flip, 0, 1);
        DEVICE(&r, "install", "--json", "--from", "repository", "--at",
               refusals[i].at);
        assert_run(&r, 1, refusals[i].reason);
        assert_member(&r, "check", refusals[i].check);
        assert_int_not_equal(access(story_path(&s, "device/slots/b"), F_OK), 0);
        BOOT(); /* whatever was refused, it starts */
        (void)end(NULL);
    }
}

static void a_release_published_before_is_refused(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    story_publish_101(&s, 0);
    DEVICE(&r, "provision", "--root", "root.json", IDENTITY, NOW);
    assert_run(&r, 0, "");
    DEVICE(&r, "check", "--from", "repository/releases/1.0.0", NOW);
    assert_tells(&r, "1.0.0 may be installed"); /* a release directory */
    DEVICE(&r, "check", "--from", "repository/releases/1.0.1", NOW);
    assert_run(&r, 1, "manifest.applicability.none");
    DEVICE(&r, "check", "--from", "repository/releases/1.0.0", NOW);
    assert_run(&r, 1, "trust.authorisation.sequence");
}

static void a_device_without_a_clock_relies_on_sequence(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    provision();
    story_publish_101(&s, 0);
    DEVICE(&r, "check", "--from", "repository", "--at", "2031-01-01T00:00:00Z");
    assert_run(&r, 1, "trust.authorisation.expired");
    DEVICE(&r, "check", "--from", "repository", "--no-clock");
    assert_tells(&r, "1.0.1 may be installed");
    HM_RUN(&r, IN, "hallmark-device", "log", "-s", "device");
    assert_tells(&r, "no clock");
}

/* --- wrong use ------------------------------------------------------------------------------ */

static const struct {
    const char *argv[14];
    const char *reason;
} wrong[] = {
    {{"status"}, "cli.option.missing"},
    {{"status", "-s", "device", "x"}, "cli.operand.extra"},
    {{"start", "-s", "device"}, "cli.command.unknown"},
    {{"status", "-s", "nowhere"}, "device.state.missing"},
    {{"status", "-s", "root.json"}, "device.state.missing"},
    {{"boot", "-s", "repository"}, "device.state.missing"},
    {{"check", "-s", "device"}, "cli.option.missing"},
    {{"check", "-s", "device", "-f", "repository", "--no-clock", NOW},
     "device.time.both"},
    {{"check", "-s", "device", "-f", "repository", "--at=now"},
     "base.time.syntax"},
    {{"boot", "-s", "device", "--timeout", "0"}, "device.timeout.range"},
    {{"boot", "-s", "device", "--timeout", "86401"}, "device.timeout.range"},
    {{"boot", "-s", "device", "--timeout", "1s"}, "device.timeout.range"},
    {{"provision", "-s", "device", "-r", "root.json", IDENTITY},
     "device.state.exists"},
    {{"provision", "-s", "repository", "-r", "root.json", IDENTITY},
     "device.state.stranger"},
    {{"provision", "-s", "new", "-r", "root.json", IDENTITY, "--stale=yes"},
     "device.stale.word"},
    {{"provision", "-s", "new", "-r", "root.json", IDENTITY, "--vendor=other"},
     "device.root.vendor"},
    {{"provision", "-s", "new", "-r", "device/state.json", IDENTITY},
     "root.format"},
};

static void a_call_that_makes_no_sense_is_exit_2(void **state)
{
    (void)state;
    provision();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *argv[16] = {"hallmark-device"};
        HM_OWN(hm_run) r = HM_RUN_INIT;

        for (size_t k = 0; wrong[i].argv[k] != NULL; k++)
            argv[k + 1] = wrong[i].argv[k];
        hm_run(&r, IN, argv);
        assert_run(&r, 2, wrong[i].reason);
        assert_int_not_equal(access(story_path(&s, "new"), F_OK), 0);
    }
}

static void a_repository_that_is_not_there_is_exit_3(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    provision();
    DEVICE(&r, "check", "--from", "nowhere", NOW);
    assert_run(&r, 3, "base.dir.open");
    hm_temp_write(&s.t, "empty/x", "");
    DEVICE(&r, "check", "--from", "empty", NOW);
    assert_run(&r, 1, "authorisation.missing");
    DEVICE(&r, "provision", "--root", "nowhere.json", IDENTITY);
    assert_run(&r, 3, "base.file.open");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_life_is_told_step_by_step),
        TEST(a_version_that_is_given_up_is_warned_of),
        TEST(a_firmware_that_never_ends_is_stopped_after_its_time),
        TEST(json_tells_every_step),
        TEST(the_console_of_the_firmware_is_kept_out_of_the_json),
        cmocka_unit_test(a_refusal_names_the_check_that_said_it),
        TEST(a_release_published_before_is_refused),
        TEST(a_device_without_a_clock_relies_on_sequence),
        TEST(a_call_that_makes_no_sense_is_exit_2),
        TEST(a_repository_that_is_not_there_is_exit_3),
    };

    return cmocka_run_group_tests_name("hallmark-device", tests, NULL, NULL);
}
