/* The way back for a fleet whose sequence a stolen key has run up, from the theft
 * to the confirmed update, by the real programs and a real device. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_manifest.h"
#include "hm_test.h"
#include "release_project.h"

#define DAY       ((hm_time)86400)
#define VENDOR_2  "pkcs11:token=vendor;object=vendor-2"
#define VENDORS   "--softhsm", "vt", "--pin", "file:vendor.pin"
#define ROOTS     "--sign", STORY_ROOT, "--softhsm", "rt", "--pin", "file:root.pin"
#define RUN(...)  STORY_RUN(s, &r, __VA_ARGS__)
#define COPY(...) must_copy(s, __VA_ARGS__)

static void expect_text(const struct hm_run *r, const char *text)
{
    if (strstr(hm_run_out(r), text) == NULL)
        fail_msg("'%s' is not in: %s", text, hm_run_out(r));
}

static void must_copy(const struct key_story *s, const char *from,
                      const char *to)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    RUN("/bin/cp", "-a", from, to);
    assert_run(&r, 0, "");
}

/* --- the device ---------------------------------------------------------------- */

static unsigned long counter_of(const struct key_story *s, const char *state)
{
    static const char label[] = "\nrollback    ";
    HM_OWN(hm_run) r = HM_RUN_INIT;
    const char *at = NULL;

    RUN("hallmark-device", "status", "--state", state);
    assert_run(&r, 0, "");
    at = strstr(hm_run_out(&r), label);
    assert_non_null(at);
    return strtoul(at + strlen(label), NULL, 10);
}

/* The act succeeds, or is refused for this reason; the rollback counter never
 * falls. */
static void device(const struct key_story *s, const char *verb,
                   const char *state, const char *from, const char *reason)
{
    const unsigned long before = counter_of(s, state);
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (from != NULL)
        RUN("hallmark-device", verb, "--state", state, "--from", from);
    else
        RUN("hallmark-device", verb, "--state", state);
    assert_run(&r, reason[0] == '\0' ? 0 : 1, reason);
    assert_true(counter_of(s, state) >= before);
}

static void expect_status(const struct key_story *s, const char *state,
                          const char *text)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    RUN("hallmark-device", "status", "--state", state);
    assert_run(&r, 0, "");
    expect_text(&r, text);
}

/* --- the thief -------------------------------------------------------------------- */

/* What a thief writes into a manifest of the release in @p folder. */
struct forgery {
    const char *version;
    uint64_t epoch, sequence;
    hm_time ahead; /* of the clock */
};

static void forge(const struct key_story *s, const char *folder,
                  const struct forgery *f)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    char name[128];

    (void)snprintf(name, sizeof(name), "%s/manifest.json", folder);
    hm_temp_read(&s->temp, name, &text);
    assert_ok(hm_manifest_read(&m, hm_buf_view(&text), &e), &e);
    assert_ok(hm_version_read(hm_bytes_str(f->version), &m.version, &e), &e);
    m.epoch = f->epoch;
    m.sequence = f->sequence;
    m.timestamp = hm_time_now() + f->ahead;
    m.expires = m.timestamp + 30 * DAY;
    assert_ok(hm_manifest_write(&m, &text, &e), &e);
    assert_ok(hm_file_save(hm_temp_path(&s->temp, name), hm_buf_view(&text),
                           HM_OUT_REPLACE, &e),
              &e);
    (void)snprintf(name, sizeof(name), "%s/manifest.json.sig", folder);
    (void)unlink(hm_temp_path(&s->temp, name));
}

/* hallmark-sign itself: exit 0, or this reason. */
static void sign(const struct key_story *s, const char *folder, const char *key,
                 const char *reason)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char name[128];

    (void)snprintf(name, sizeof(name), "%s/manifest.json", folder);
    RUN("hallmark-sign", name, "--root", "root.json", "--key", key, VENDORS);
    assert_run(&r, reason[0] == '\0' ? 0 : 1, reason);
}

/* The authorisation that lies in @p from goes into the release @p folder. */
static void put_authorisation(const struct key_story *s, const char *from,
                              const char *folder)
{
    static const char *const names[] = {"authorisation.json",
                                        "authorisation.json.sig"};

    for (size_t i = 0; i < 2; i++) {
        char a[128];
        char b[128];

        (void)snprintf(a, sizeof(a), "%s/%s", from, names[i]);
        (void)snprintf(b, sizeof(b), "%s/%s", folder, names[i]);
        COPY(a, b);
    }
}

/* --- the theft ---------------------------------------------------------------------- */

static void make_firmware(const struct key_story *s)
{
    key_story_write(s, "build/rootfs/etc/status", "0\n");
    key_story_write(s, "build/rootfs/sbin/init", "");
    COPY(HM_FIRMWARE_INIT, "build/rootfs/sbin/init");
    assert_int_equal(
        chmod(hm_temp_path(&s->temp, "build/rootfs/sbin/init"), 0755), 0);
    project_commit(s);
}

/* The device as a cohort: what it has seen is known of it. */
static void write_cohorts(const struct key_story *s, hm_time seen)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\n  \"format\": \"hallmark-cohorts/1\",\n"
                   "  \"cohorts\": [{\"name\": \"stranded\", \"model\": "
                   "\"MODEL-1\", \"hardware\": \"rev-a\", \"version\": "
                   "\"1.0.0\", \"rollback_counter\": 1, \"authorisation\": "
                   "{\"sequence\": 1}, \"manifest\": {\"epoch\": 1, "
                   "\"sequence\": 4294967295, \"timestamp\": \"%s\"}}]\n}\n",
                   hm_time_show(seen));
    key_story_write(s, "stranded.json", text);
}

/* The key is stolen while it is in force: what it signs is believed. */
static void run_the_sequence_up(const struct key_story *s)
{
    const struct forgery theft = {"6.6.6", 1, HM_MANIFEST_COUNTER_MAX,
                                  20 * DAY};

    COPY("repository/releases/1.0.0", "thief");
    forge(s, "thief", &theft);
    sign(s, "thief", STORY_VENDOR, "");
    device(s, "check", "device", "thief", "");
    expect_status(s, "device", "epoch 1, sequence 4294967295");
    write_cohorts(s, hm_time_now() + 20 * DAY);
}

static int make(void **state)
{
    struct key_story *s = calloc(1, sizeof(*s));
    HM_OWN(hm_run) r = HM_RUN_INIT;

    project_make(s);
    make_firmware(s);
    RUN("hallmark", "release", "release.json");
    assert_run(&r, 0, "");
    RUN("hallmark-device", "provision", "--state", "device", "--root",
        "root.json", "--product", "thermostat", "--model", "MODEL-1",
        "--hardware", "rev-a", "--from", "repository");
    assert_run(&r, 0, "");
    device(s, "boot", "device", NULL, "");
    run_the_sequence_up(s);
    project_edit(s, "release.json", "\"rollback_counter\": 1",
                 "\"rollback_counter\": 2");
    project_version(s, "1.0.1");
    RUN("hallmark", "release", "release.json");
    assert_run(&r, 0, "");
    RUN("hallmark-key", "generate", VENDOR_2, VENDORS, "-o", "vendor-2.pem");
    assert_run(&r, 0, "");
    *state = s;
    return 0;
}

static int unmake(void **state)
{
    key_story_clear(*state);
    free(*state);
    return 0;
}

/* --- stuck ---------------------------------------------------------------------------- */

#define REVOKE                                                          \
    "hallmark-key", "revoke", "--root", "root.json", "--from",          \
        "authorisation.json", "--compromised", "vendor-1.pem", "--key", \
        "manifest=vendor-2.pem", "--days", "60", "--key",               \
        "provenance=provenance-1.pem", "--repository", "repository",    \
        "--cohorts", "stranded.json"

static void the_vendors_update_is_refused_by_whom_the_thief_met(void **state)
{
    const struct key_story *s = *state;

    device(s, "check", "device", "repository", "manifest.sequence.lower");
    device(s, "install", "device", "repository", "manifest.sequence.lower");
    device(s, "boot", "device", NULL, ""); /* what runs goes on running */
    expect_status(s, "device", "1.0.0, counter 1, confirmed, runs");
}

/* 1.0.1 issued anew under the authorisation in @p folder. */
static void issue_anew(const struct key_story *s, const char *folder,
                       const char *release, const char *says)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char name[128];

    (void)snprintf(name, sizeof(name), "%s/authorisation.json", folder);
    COPY("repository/releases/1.0.1", release);
    RUN("hallmark-manifest", "refresh", release, "--authorisation", name,
        "--repository", "repository");
    assert_run(&r, 0, "");
    expect_text(&r, says);
    sign(s, release, VENDOR_2, "");
}

/* The incident, the rehearsal and the device say the same. */
static void without_a_higher_epoch_the_cohort_is_stuck(void **state)
{
    const struct key_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    key_story_write(s, "low/x", "");
    RUN(REVOKE, ROOTS, "-o", "low/authorisation.json");
    assert_run(&r, 0, "");
    expect_text(&r, "  stuck    stranded\n");
    expect_text(&r, "[manifest.sequence.lower]");
    issue_anew(s, "low", "too-low", "sequence 3");
    RUN("hallmark-key", "rehearse", "--root", "root.json", "--cohorts",
        "stranded.json", "too-low");
    assert_run(&r, 1, "rehearse.cohort.refuses");
    expect_text(&r, "[manifest.sequence.lower]");
    COPY("device", "twin");
    device(s, "check", "twin", "too-low", "manifest.sequence.lower");
}

/* --- the way back ------------------------------------------------------------------------ */

static void revoke_the_stolen_key(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_buf) record = HM_BUF_INIT(1u << 20);

    key_story_write(s, "new/x", "");
    RUN(REVOKE, "--epoch", "2", ROOTS, "--since", "2026-05-12T08:00:00Z",
        "--incident", "incident.json", "-o", "new/authorisation.json");
    assert_run(&r, 0, "");
    expect_text(&r, "  reached  stranded\n");
    expect_text(&r, "history/1-1/manifest.json");
    expect_text(&r, "history/1-2/manifest.json");
    hm_temp_read(&s->temp, "incident.json", &record);
    assert_non_null(memmem(record.p, record.n, "\"reachable\": true", 17));
    assert_null(memmem(record.p, record.n, "\"reachable\": false", 18));
}

static void bring_1_0_1_to_the_device(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    issue_anew(s, "new", "again", "epoch 2, sequence 1");
    RUN("hallmark-key", "rehearse", "--root", "root.json", "--cohorts",
        "stranded.json", "again");
    assert_run(&r, 0, "");
    expect_text(&r, "  yes     stranded\n");
    RUN("hallmark-publish", "again", "repository", "--root", "root.json");
    assert_run(&r, 0, "");
    device(s, "check", "device", "repository", "");
    device(s, "install", "device", "repository", "");
    assert_int_equal(counter_of(s, "device"), 1);
    device(s, "boot", "device", NULL, "");
    device(s, "confirm", "device", NULL, "");
    assert_int_equal(counter_of(s, "device"), 2);
    device(s, "boot", "device", NULL, "");
    expect_status(s, "device", "1.0.1, counter 2, confirmed, runs");
    expect_status(s, "device", "epoch 2, sequence 1");
}

/* He still has the key, the old authorisation and every release. */
static void the_thief_comes_back(const struct key_story *s)
{
    const struct forgery again = {"6.6.7", 2, 99, 0};

    device(s, "check", "device", "thief", "trust.authorisation.sequence");
    COPY("again", "thief-2");
    forge(s, "thief-2", &again);
    sign(s, "thief-2", STORY_VENDOR, "trust.key.retired");
    put_authorisation(s, "thief", "thief-2");
    sign(s, "thief-2", STORY_VENDOR, "");
    device(s, "check", "device", "thief-2", "trust.authorisation.sequence");
    put_authorisation(s, "new", "thief-2");
    device(s, "check", "device", "thief-2", "trust.key.retired");
    device(s, "install", "device", "thief-2", "trust.key.retired");
    expect_status(s, "device", "epoch 2, sequence 1");
    expect_status(s, "device", "authorised  sequence 2");
}

static void releases_go_on(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    put_authorisation(s, "new", ".");
    project_edit(s, "release.json", "\"epoch\": 1", "\"epoch\": 2");
    project_edit(s, "release.json", "object=vendor-1", "object=vendor-2");
    project_edit(s, "release.json", "\"version\": \"1.0.1\"",
                 "\"version\": \"1.0.2\"");
    project_edit(s, "build/sbom.cdx.json", "\"version\": \"1.0.1\"",
                 "\"version\": \"1.0.2\"");
    key_story_write(s, "build/rootfs/etc/version", "1.0.2");
    project_commit(s);
    RUN("hallmark", "release", "release.json");
    assert_run(&r, 0, "");
    device(s, "install", "device", "repository", "");
    device(s, "boot", "device", NULL, "");
    device(s, "confirm", "device", NULL, "");
    expect_status(s, "device", "epoch 2, sequence 2");
    RUN("hallmark-evidence", "build", "repository", "--root", "root.json", "-o",
        "pack");
    assert_run(&r, 0, "");
}

static void a_higher_epoch_brings_the_fleet_back_and_locks_him_out(void **state)
{
    const struct key_story *s = *state;

    revoke_the_stolen_key(s);
    bring_1_0_1_to_the_device(s);
    the_thief_comes_back(s);
    releases_go_on(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vendors_update_is_refused_by_whom_the_thief_met),
        cmocka_unit_test(without_a_higher_epoch_the_cohort_is_stuck),
        cmocka_unit_test(
            a_higher_epoch_brings_the_fleet_back_and_locks_him_out),
    };

    return cmocka_run_group_tests_name("recovery", tests, make, unmake);
}
