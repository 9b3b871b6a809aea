/* hallmark: from init to a published release by the real programs, and what a
 * release manager meets at three in the morning. */
#include <sys/stat.h>
#include <unistd.h>

#include "hm_json.h"
#include "hm_test.h"
#include "release_project.h"

#define RELEASE(s, r) STORY_RUN((s), (r), "hallmark", "release", "release.json")

/* Nothing half-written: no stage, and nothing new in the repository. */
static void expect_nothing_left(const struct key_story *s)
{
    assert_false(key_story_has(s, ".hallmark-stage"));
    assert_false(key_story_has(s, "repository/live"));
    assert_false(key_story_has(s, "repository/releases"));
}

static void expect_refusal(const struct key_story *s, int status,
                           const char *reason)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    RELEASE(s, &r);
    assert_run(&r, status, reason);
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    expect_nothing_left(s);
}

/* --- the way that works ------------------------------------------------------- */

static void two_versions_are_released_and_served(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    RELEASE(&s, &r);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "Released thermostat 1.0.0."));
    assert_false(key_story_has(&s, ".hallmark-stage"));
    key_story_openssl(&s, "vendor-1.pem", "repository/manifest.json.sig",
                      "repository/manifest.json");
    key_story_openssl(&s, "root-1.pem", "repository/authorisation.json.sig",
                      "repository/authorisation.json");
    STORY_RUN(&s, &r, "hallmark", "verify", "repository/releases/1.0.0",
              "--root", "root.json");
    assert_run(&r, 0, "");
    project_version(&s, "1.0.1");
    RELEASE(&s, &r);
    assert_run(&r, 0, "");
    assert_true(key_story_has(&s, "repository/history/1-1"));
    assert_true(key_story_has(&s, "repository/history/1-2"));
    RELEASE(&s, &r);
    assert_run(&r, 1, "release.version.published");
    key_story_clear(&s);
}

static void the_time_of_what_is_built_is_that_of_the_commit(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    RELEASE(&s, &r);
    assert_non_null(
        strstr(hm_run_out(&r), "SOURCE_DATE_EPOCH=1778572800, the time"));
    assert_non_null(strstr(hm_run_out(&r), "time 2026-05-12T08:00:00Z"));
    key_story_clear(&s);
}

/* The gate takes what the table allowed. */
static void a_commit_is_released_with_the_modes_of_its_table(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    key_story_write(&s, "rootfs/bin/su", "#!/bin/sh\n");
    key_story_write(&s, "rootfs/etc/shadow", "root:*\n");
    key_story_write(&s, "rootfs/doc/notes", "internal\n");
    key_story_write(&s, "board/table",
                    "/bin/su f 4755 0 0 - - - - -\n"
                    "/etc/shadow f 600 0 42 - - - - -\n");
    project_edit(&s, "release.json", "\"tree\": \"build/rootfs\"",
                 "\"git\": \"HEAD:rootfs\", \"pack\": { \"permissions\": "
                 "\"board/table\", \"patterns\": [ { \"exclude\": \"/doc/\" } "
                 "] }");
    project_commit(&s);
    RELEASE(&s, &r);
    assert_run(&r, 0, "");
    STORY_RUN(&s, &r, "hallmark-pack", "list",
              "repository/releases/1.0.0/artefacts/thermostat-1.0.0.tar.gz");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "-4755 0/0"));
    assert_non_null(strstr(hm_run_out(&r), "-0600 0/42"));
    assert_null(strstr(hm_run_out(&r), "doc"));
    project_version(&s, "1.0.1");
    project_edit(&s, "release.json", "HEAD:rootfs", "HEAD~1:rootfs");
    project_commit(&s);
    RELEASE(&s, &r);
    assert_run(&r, 2, "hallmark.artefact.revision");
    key_story_clear(&s);
}

static void a_dry_run_signs_and_publishes_nothing(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    assert_int_equal(unlink(hm_temp_path(&s.temp, "vendor.pin")), 0);
    STORY_RUN(&s, &r, "hallmark", "release", "--dry-run", "release.json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "would run: hallmark-sign"));
    assert_non_null(strstr(hm_run_out(&r), "would run: hallmark-publish"));
    expect_nothing_left(&s);
    assert_false(key_story_has(&s, "repository"));
    key_story_clear(&s);
}

static void dry_run(const struct key_story *s, struct hm_run *r)
{
    STORY_RUN(s, r, "hallmark", "release", "--dry-run", "release.json");
}

/* What no real run could make is refused without a PIN, before packing. */
static void a_dry_run_refuses_what_trust_does_not_allow(void **state)
{
    static const struct {
        const char *old;
        const char *text;
        const char *reason;
    } rows[] = {
        {"\"vendor\": \"acme\"", "\"vendor\": \"acne\"", "manifest.vendor"},
        {"\"product\": \"thermostat\"", "\"product\": \"boiler\"",
         "trust.key.none"},
        {"\"epoch\": 1", "\"epoch\": 2", "manifest.epoch"},
        {"\"rollback_counter\": 1", "\"rollback_counter\": 10",
         "manifest.rollback.above"},
        {"\"role\": \"firmware\"", "\"role\": \"package\"", ""},
    };
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        project_edit(&s, "release.json", rows[i].old, rows[i].text);
        project_commit(&s);
        dry_run(&s, &r);
        assert_run(&r, rows[i].reason[0] == '\0' ? 0 : 1, rows[i].reason);
        if (rows[i].reason[0] != '\0') {
            assert_null(strstr(hm_run_out(&r), "[1/10]"));
            assert_non_null(strstr(hm_run_err(&r), "next:"));
        }
        project_edit(&s, "release.json", rows[i].text, rows[i].old);
    }
    key_story_clear(&s);
}

#define AUTHORISE(s, r, ...)                                                   \
    STORY_RUN((s), (r), "hallmark-key", "authorise", "--root", "root.json",    \
              "--days", "30", "--product", "thermostat", "--sign", STORY_ROOT, \
              "--pin", "file:root.pin", "--softhsm", "rt", "--force", "-o",    \
              "authorisation.json", __VA_ARGS__)

/* Limits and roles: what a first authorisation is easily written without. */
static void a_dry_run_refuses_an_authorisation_that_allows_nothing(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    AUTHORISE(&s, &r, "--key", "manifest=vendor-1.pem", "--key",
              "provenance=provenance-1.pem");
    assert_run(&r, 0, "");
    dry_run(&s, &r);
    assert_run(&r, 1, "trust.limit.missing");
    AUTHORISE(&s, &r, "--key", "manifest=vendor-1.pem",
              "--max-rollback-counter", "9");
    assert_run(&r, 0, "");
    dry_run(&s, &r);
    assert_run(&r, 1, "trust.key.none");
    assert_non_null(strstr(hm_run_err(&r), "'provenance'"));
    AUTHORISE(&s, &r, "--key", "provenance=vendor-1.pem", "--key",
              "manifest=provenance-1.pem", "--max-rollback-counter", "9");
    assert_run(&r, 0, "");
    dry_run(&s, &r); /* the keys that release.json names, tried on the token */
    assert_run(&r, 1, "trust.key.role");
    AUTHORISE(&s, &r, "--key", "manifest=vendor-1.pem", "--key",
              "provenance=provenance-1.pem", "--max-rollback-counter", "9",
              "--require", "manifest", "--require", "verification");
    assert_run(&r, 0, "");
    dry_run(&s, &r);
    assert_run(&r, 1, "hallmark.key.missing");
    AUTHORISE(&s, &r, "--key", "manifest=vendor-1.pem", "--key",
              "provenance=provenance-1.pem", "--max-rollback-counter", "9");
    assert_run(&r, 0, "");
    dry_run(&s, &r);
    assert_run(&r, 0, "");
    key_story_clear(&s);
}

static void a_firmware_without_an_sbom_is_refused_at_once(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 16);
    const struct hm_bytes nul = {(const uint8_t *)"", 1};
    struct key_story s;
    struct hm_err e;
    char *from = NULL;

    (void)state;
    project_make(&s);
    hm_temp_read(&s.temp, "release.json", &text);
    assert_ok(hm_buf_add(&text, nul, &e), &e);
    from = strstr((char *)text.p, "\"sboms\": [");
    assert_non_null(from);
    from += strlen("\"sboms\": [");
    memset(from, ' ', strcspn(from, "]"));
    key_story_write(&s, "release.json", (const char *)text.p);
    project_commit(&s);
    dry_run(&s, &r);
    assert_run(&r, 1, "sbom.missing");
    assert_null(strstr(hm_run_out(&r), "[1/10]"));
    expect_refusal(&s, 1, "sbom.missing");
    key_story_clear(&s);
}

/* The gate looks at the stage of a dry run; only for a rehearsal does it let
 * the provenance be absent. */
static void a_dry_run_verifies_its_stage(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "--dry-run", "--keep-stage",
              "release.json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "--rehearsal"));
    assert_non_null(strstr(hm_run_out(&r), "would sign"));
    assert_null(strstr(hm_run_out(&r), "not every key"));
    STORY_RUN(&s, &r, "hallmark-verify", ".hallmark-stage/1.0.0", "--root",
              "root.json", "--rehearsal");
    assert_run(&r, 0, "");
    STORY_RUN(&s, &r, "hallmark-verify", ".hallmark-stage/1.0.0", "--root",
              "root.json", "--before-signing");
    assert_run(&r, 1, "attest.provenance.missing");
    key_story_clear(&s);
}

/* No token on this machine: told, but no fault of the release. */
static void a_dry_run_without_the_token_says_what_it_did_not_try(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    project_edit(&s, "release.json", "\"softhsm\": \"vt\"",
                 "\"softhsm\": \"elsewhere\"");
    project_commit(&s);
    dry_run(&s, &r);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "was not tried"));
    assert_non_null(strstr(hm_run_out(&r), "not every key could be tried"));
    STORY_RUN(&s, &r, "hallmark", "release", "-n", "--json", "release.json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"keys_untried\": 2"));
    key_story_clear(&s);
}

static void
a_manifest_that_outlives_its_authorisation_is_warned_of(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    project_edit(&s, "release.json", "\"valid_days\": 30",
                 "\"valid_days\": 29");
    project_commit(&s);
    dry_run(&s, &r);
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_err(&r), "valid_days"));
    project_edit(&s, "release.json", "\"valid_days\": 29",
                 "\"valid_days\": 31");
    project_commit(&s);
    dry_run(&s, &r);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "warning: valid_days is 31"));
    key_story_clear(&s);
}

static void json_is_one_object_and_names_the_steps(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_json steps;
    struct key_story s;

    (void)state;
    project_make(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "--json", "release.json");
    assert_run(&r, 0, "");
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 1u << 20, &e),
        &e);
    assert_ok(hm_json_get_array(hm_json_root(&doc), "steps", 9, 9, &steps, &e),
              &e);
    key_story_clear(&s);
}

static void a_plain_tar_is_audited_too(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    project_edit(&s, "release.json", "thermostat-1.0.0.tar.gz",
                 "thermostat-1.0.0.tar");
    project_commit(&s);
    RELEASE(&s, &r);
    assert_run(&r, 0, "");
    STORY_RUN(&s, &r, "hallmark", "evidence", "build", "repository", "--root",
              "root.json", "-o", "pack");
    assert_run(&r, 0, "");
    STORY_RUN(&s, &r, "/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "sh",
              "pack/verify.sh");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "1.0.0.tar, not compressed"));
    key_story_clear(&s);
}

/* --- what is wrong before the first step ------------------------------------------ */

static void missing_and_malformed_files_are_named(void **state)
{
    static const struct {
        const char *name;
        const char *text; /**< NULL: removed */
        int status;
        const char *reason;
    } rows[] = {
        {"root.json", NULL, 3, "base.file.open"},
        {"authorisation.json", NULL, 3, "base.file.open"},
        {"vendor.pin", NULL, 3, "base.file.open"},
        {"release.json", NULL, 3, "base.file.open"},
        {"release.json", "{\n", 2, "json.syntax"},
        {"release.json", "{\"format\": \"hallmark-release/1\", \"a\": 1}\n", 2,
         "json.member.unknown"},
        {"release.json", "{\"format\": \"hallmark-release/2\"}\n", 2,
         "release.format.unknown"},
        {"build/sbom.cdx.json", NULL, 3, "base.file.open"},
        {"build/sbom.cdx.json", "{\n", 1, "json.syntax"},
        {"authorisation.json.sig", NULL, 1, "trust.authorisation.signature"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_story s;

        project_make(&s);
        if (rows[i].text == NULL)
            assert_int_equal(unlink(hm_temp_path(&s.temp, rows[i].name)), 0);
        else
            key_story_write(&s, rows[i].name, rows[i].text);
        if (strcmp(rows[i].name, "release.json") != 0)
            project_commit(&s);
        expect_refusal(&s, rows[i].status, rows[i].reason);
        key_story_clear(&s);
    }
}

static void settings_that_contradict_are_refused(void **state)
{
    static const struct {
        const char *old;
        const char *text;
        int status;
        const char *reason;
    } rows[] = {
        {"file:vendor.pin", "123456", 2, "release.pin.value"},
        {"object=vendor-1", "object=vendor-1?pin-value=1", 2,
         "release.uri.pin"},
        {"\"update_type\": \"routine\"", "\"update_type\": \"security\"", 2,
         "release.advisory.missing"},
        {"build/rootfs", "build/other", 3, "base.dir.open"},
        {"\"version\": \"1.0.0\"", "\"version\": \"1.0.3\"", 1,
         "sbom.product.version"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_story s;

        project_make(&s);
        project_edit(&s, "release.json", rows[i].old, rows[i].text);
        project_commit(&s);
        expect_refusal(&s, rows[i].status, rows[i].reason);
        key_story_clear(&s);
    }
}

static void a_dirty_work_tree_is_refused_unless_allowed(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    key_story_write(&s, "stray.c", "int x;\n");
    expect_refusal(&s, 1, "source.tree.dirty");
    STORY_RUN(&s, &r, "hallmark", "release", "--allow-dirty", "release.json");
    assert_run(&r, 0, "");
    key_story_clear(&s);
}

/* The step's own words: who reads only the JSON knows what to mend. */
static void json_tells_what_the_failing_step_said(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {.rc = HM_OK};
    char said[64];
    struct key_story s;

    (void)state;
    project_make(&s);
    project_edit(&s, "release.json", "\"version\": \"1.0.0\"",
                 "\"version\": \"1.0.3\"");
    project_commit(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "--json", "release.json");
    assert_run(&r, 1, "sbom.product.version");
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 1u << 20, &e),
        &e);
    assert_ok(
        hm_json_get_text(hm_json_root(&doc), "reason", said, sizeof(said), &e),
        &e);
    assert_string_equal(said, "sbom.product.version");
    assert_non_null(strstr(hm_run_out(&r), "hallmark-sbom: "));
    assert_non_null(strstr(hm_run_out(&r), "1.0.3"));
    assert_null(strstr(hm_run_out(&r), "ended with exit status"));
    key_story_clear(&s);
}

/* --- the token --------------------------------------------------------------------- */

static void a_wrong_pin_and_a_missing_token_are_exit_4(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    key_story_write(&s, "vendor.pin", "00000000");
    assert_int_equal(chmod(hm_temp_path(&s.temp, "vendor.pin"), 0600), 0);
    RELEASE(&s, &r);
    assert_int_equal(r.status, 4);
    assert_null(strstr(hm_run_err(&r), "00000000"));
    assert_non_null(strstr(hm_run_err(&r), "(sign the provenance)"));
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    expect_nothing_left(&s);
    project_edit(&s, "release.json", "token=vendor;object=provenance-1",
                 "token=nobody;object=provenance-1");
    project_commit(&s);
    RELEASE(&s, &r);
    assert_int_equal(r.status, 4);
    expect_nothing_left(&s);
    key_story_clear(&s);
}

static void a_pin_by_descriptor_reaches_only_its_program(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    project_edit(&s, "release.json", "file:vendor.pin", "fd:0");
    project_commit(&s);
    RELEASE(&s, &r); /* standard input is empty: no PIN in it */
    assert_int_not_equal(r.status, 0);
    expect_nothing_left(&s);
    project_edit(&s, "release.json", "file:vendor.pin", "fd:0");
    project_commit(&s);
    expect_refusal(&s, 2, "hallmark.pin.shared");
    key_story_clear(&s);
}

/* H9: what is recorded is what the manifest was made from.  The PIN comes when
 * the Statement is there: then the signer waits, and somebody edits. */
static void a_release_json_that_changes_meanwhile_is_noticed(void **state)
{
    static const char script[] =
        "mkfifo pin; (exec 8>pin; n=0; until [ $n -gt 500 ] || "
        "[ -e .hallmark-stage/provenance.statement.json ]; do "
        "sleep 0.02; n=$((n + 1)); done; "
        "sed -i 's/\"valid_days\": 30/\"valid_days\": 31/' release.json; "
        "cat vendor.pin >&8) & exec " HM_BIN
        "/hallmark release release.json 7<pin";
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    project_edit(&s, "release.json",
                 "\"uri\": \"pkcs11:token=vendor;object=provenance-1\",\n"
                 "      \"pin\": \"file:vendor.pin\"",
                 "\"uri\": \"pkcs11:token=vendor;object=provenance-1\",\n"
                 "      \"pin\": \"fd:7\"");
    project_commit(&s);
    STORY_RUN(&s, &r, "/bin/sh", "-c", script);
    assert_run(&r, 3, "hallmark.release.changed");
    expect_nothing_left(&s);
    key_story_clear(&s);
}

/* --- the machine ---------------------------------------------------------------------- */

static void a_full_disk_leaves_nothing(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    HM_RUN(&r,
           (&(struct hm_run_how){.cwd = s.temp.path, .file_size_max = 1500}),
           "hallmark", "release", "release.json");
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    expect_nothing_left(&s);
    key_story_clear(&s);
}

static void a_directory_that_cannot_be_written_is_said_so(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    if (getuid() != 0)
        skip();
    project_make(&s);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = s.temp.path, .drop_to_uid = 65534}),
           "hallmark", "release", "release.json", "--dry-run");
    assert_int_not_equal(r.status, 0);
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    expect_nothing_left(&s);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = s.temp.path, .drop_to_uid = 65534}),
           "hallmark", "init", "new");
    assert_run(&r, 3, "base.dir.make");
    assert_non_null(strstr(hm_run_err(&r), "next:"));
    key_story_clear(&s);
}

/* --- the front ------------------------------------------------------------------------------ */

/* Each key that release.json names is looked at, as what it is named for. */
static void the_doctor_sees_every_key_of_release_json(void **state)
{
    struct key_story s;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    project_make(&s);
    STORY_RUN(&s, &r, "hallmark", "doctor", "release.json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "manifest key pkcs11:"));
    assert_non_null(strstr(hm_run_out(&r), "provenance key pkcs11:"));
    assert_null(strstr(hm_run_out(&r), "fail "));
    STORY_RUN(&s, &r, "hallmark", "doctor", "release.json", "--log-in",
              "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"good\": true"));
    assert_null(strstr(hm_run_out(&r), "\"good\": false"));
    key_story_clear(&s);
}

/* The two keys of release.json change places: both are fine, for another role. */
static void the_doctor_knows_which_key_is_for_what(void **state)
{
    struct key_story s;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    project_make(&s);
    project_edit(&s, "release.json", STORY_VENDOR,
                 "pkcs11:token=vendor;object=x");
    project_edit(&s, "release.json", STORY_PROVE, STORY_VENDOR);
    STORY_RUN(&s, &r, "hallmark", "doctor", "release.json", "--json");
    assert_run(&r, 4,
               "hsm.key.missing"); /* the first, and the second is told */
    assert_non_null(strstr(hm_run_out(&r), "trust.key.role"));
    key_story_clear(&s);
}

static void an_unknown_command_is_answered_with_the_list(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    HM_RUN(&r, NULL, "hallmark", "publsh");
    assert_run(&r, 2, "cli.command.unknown");
    assert_non_null(strstr(hm_run_err(&r), "publish"));
    HM_RUN(&r, NULL, "hallmark", "../../bin/sh");
    assert_run(&r, 2, "cli.command.unknown");
    HM_RUN(&r, NULL, "hallmark");
    assert_run(&r, 2, "cli.command.missing");
}

static void a_command_is_the_program_beside_this_one(void **state)
{
    const char *const env[] = {"PATH=/nonexistent", NULL};
    const struct hm_run_how how = {.env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    HM_RUN(&r, &how, "hallmark", "manifest", "--version");
    assert_run(&r, 0, "");
    assert_memory_equal(hm_run_out(&r), "hallmark-manifest ", 18);
    HM_RUN(&r, &how, "hallmark", "manifest", "show", "/nonexistent");
    assert_run(&r, 3, "base.dir.open");
}

static void init_writes_what_the_reader_takes(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make(&t);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "boiler");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "/rollback_counter"));
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "release",
           "boiler/release.json", "--dry-run");
    assert_run(&r, 3, "base.file.open"); /* read; root.json is not there yet */
    assert_non_null(strstr(hm_run_err(&r), "root-export"));
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "boiler");
    assert_run(&r, 2, "base.out.exists");
    HM_RUN(&r, (&(struct hm_run_how){.cwd = t.path}), "hallmark", "init",
           "--force", "--product", "b c", "boiler");
    assert_run(&r, 2, "release.text.syntax");
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_versions_are_released_and_served),
        cmocka_unit_test(a_plain_tar_is_audited_too),
        cmocka_unit_test(the_time_of_what_is_built_is_that_of_the_commit),
        cmocka_unit_test(a_commit_is_released_with_the_modes_of_its_table),
        cmocka_unit_test(a_dry_run_signs_and_publishes_nothing),
        cmocka_unit_test(a_dry_run_refuses_what_trust_does_not_allow),
        cmocka_unit_test(
            a_dry_run_refuses_an_authorisation_that_allows_nothing),
        cmocka_unit_test(a_firmware_without_an_sbom_is_refused_at_once),
        cmocka_unit_test(a_dry_run_verifies_its_stage),
        cmocka_unit_test(a_dry_run_without_the_token_says_what_it_did_not_try),
        cmocka_unit_test(
            a_manifest_that_outlives_its_authorisation_is_warned_of),
        cmocka_unit_test(json_is_one_object_and_names_the_steps),
        cmocka_unit_test(missing_and_malformed_files_are_named),
        cmocka_unit_test(settings_that_contradict_are_refused),
        cmocka_unit_test(a_dirty_work_tree_is_refused_unless_allowed),
        cmocka_unit_test(json_tells_what_the_failing_step_said),
        cmocka_unit_test(a_wrong_pin_and_a_missing_token_are_exit_4),
        cmocka_unit_test(a_pin_by_descriptor_reaches_only_its_program),
        cmocka_unit_test(a_release_json_that_changes_meanwhile_is_noticed),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(a_directory_that_cannot_be_written_is_said_so),
        cmocka_unit_test(the_doctor_sees_every_key_of_release_json),
        cmocka_unit_test(the_doctor_knows_which_key_is_for_what),
        cmocka_unit_test(an_unknown_command_is_answered_with_the_list),
        cmocka_unit_test(a_command_is_the_program_beside_this_one),
        cmocka_unit_test(init_writes_what_the_reader_takes),
    };

    return cmocka_run_group_tests_name("hallmark", tests, NULL, NULL);
}
