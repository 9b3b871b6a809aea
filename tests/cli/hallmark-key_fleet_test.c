/* hallmark-key rehearse, and revoke with a repository: who takes what comes
 * next, and what a key that goes has touched. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hm_json.h"
#include "hm_test.h"
#include "release_project.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ARGS     12 /* of a row; NULL ends them */
#define STAGE    ".hallmark-stage/1.0.1"
#define MODEL    "\"model\": \"MODEL-1\", \"hardware\": \"rev-a\""
#define HEAD     "{\n  \"format\": \"hallmark-cohorts/1\",\n  \"cohorts\": ["
#define FIELD    "{\"name\": \"field\", \"devices\": 7, " MODEL "}"
#define RUN_UP                                                           \
    "{\"name\": \"run up\", " MODEL ", \"manifest\": {\"epoch\": 1, "    \
    "\"sequence\": 4294967295, \"timestamp\": \"2026-05-12T08:00:00Z\"}" \
    "}"

/* 1.0.0 is published; 1.0.1 waits for its signature in the stage. */
static int make(void **state)
{
    struct key_story *s = calloc(1, sizeof(*s));
    HM_OWN(hm_run) r = HM_RUN_INIT;

    project_make(s);
    STORY_RUN(s, &r, "hallmark", "release", "release.json");
    assert_run(&r, 0, "");
    project_version(s, "1.0.1");
    STORY_RUN(s, &r, "hallmark", "release", "--dry-run", "--keep-stage",
              "release.json");
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "hallmark-key", "generate",
              "pkcs11:token=vendor;object=vendor-2", "--softhsm", "vt", "--pin",
              "file:vendor.pin", "-o", "vendor-2.pem");
    assert_run(&r, 0, "");
    key_story_write(s, "field.json", HEAD FIELD "]\n}\n");
    key_story_write(s, "both.json", HEAD FIELD "," RUN_UP "]\n}\n");
    *state = s;
    return 0;
}

static int unmake(void **state)
{
    key_story_clear(*state);
    free(*state);
    return 0;
}

#define RUN(...) STORY_RUN(s, &r, "hallmark-key", __VA_ARGS__)
#define START(state)                      \
    const struct key_story *s = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT

/* The words of @p first, then those of a row. */
static void run_row(const struct key_story *s, struct hm_run *r,
                    const char *const *first, const char *const row[])
{
    const char *argv[64] = {"hallmark-key"};
    size_t n = 1;

    for (size_t i = 0; first[i] != NULL; i++)
        argv[n++] = first[i];
    for (size_t i = 0; i < ARGS && row[i] != NULL; i++)
        argv[n++] = row[i];
    argv[n] = NULL;
    key_story_run(s, r, argv);
}

static void expect_text(const struct hm_run *r, const char *text)
{
    if (strstr(hm_run_out(r), text) == NULL)
        fail_msg("'%s' is not in: %s", text, hm_run_out(r));
}

/* --- rehearse ------------------------------------------------------------------ */

#define REHEARSE "rehearse", "--root", "root.json"

static void who_followed_the_repository_would_take_it(void **state)
{
    START(state);

    RUN(REHEARSE, "--repository", "repository", STAGE);
    assert_run(&r, 0, "");
    expect_text(&r, "thermostat 1.0.1, manifest 1-2 under authorisation 1");
    expect_text(&r, "  yes     MODEL-1 rev-a empty, from the factory\n");
    expect_text(&r, "  yes     MODEL-1 rev-a at 1.0.0 (1-1)\n");
    expect_text(&r, "  yes     MODEL-1 rev-a at 1.0.0 (1-1), no clock\n");
    assert_null(strstr(hm_run_out(&r), "  no "));
    RUN(REHEARSE, "--repository", "repository", "repository/releases/1.0.0");
    assert_run(&r, 0, "");
    expect_text(&r, "  has it  MODEL-1 rev-a at 1.0.0 (1-1)\n");
    RUN(REHEARSE, "--repository", "repository", "--quiet", STAGE);
    assert_run(&r, 0, "");
    assert_int_equal(r.out.n, 0);
}

static void the_check_that_would_say_no_is_told(void **state)
{
    START(state);

    RUN(REHEARSE, "--cohorts", "both.json", STAGE);
    assert_run(&r, 1, "rehearse.cohort.refuses");
    expect_text(&r, "  yes     field\n");
    expect_text(&r, "  no      run up\n            freshness: saw manifest "
                    "1-4294967295, this is 1-2 [manifest.sequence.lower]\n");
    assert_non_null(strstr(hm_run_err(&r), "1 of 2 cohorts would refuse"));
    RUN(REHEARSE, "--cohorts", "field.json", STAGE);
    assert_run(&r, 0, "");
    assert_int_equal(r.err.n, 0);
}

static void a_rehearsal_in_json_is_one_object(void **state)
{
    START(state);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {0};
    struct hm_json list;
    bool ok = true;

    RUN(REHEARSE, "--cohorts", "both.json", "--json", STAGE);
    assert_run(&r, 1, "rehearse.cohort.refuses");
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 1u << 20, &e),
        &e);
    assert_ok(hm_json_get_bool(hm_json_root(&doc), "ok", &ok, &e), &e);
    assert_false(ok);
    assert_ok(hm_json_get_array(hm_json_root(&doc), "signers", 1, 1, &list, &e),
              &e);
    assert_ok(hm_json_get_array(hm_json_root(&doc), "cohorts", 2, 2, &list, &e),
              &e);
    list = hm_json_first(list);
    assert_ok(hm_json_keys(list, "name devices accepts installed", &e), &e);
    list = hm_json_next(list);
    assert_ok(
        hm_json_keys(list, "name accepts installed check reason text", &e), &e);
    assert_true(hm_bytes_eq(hm_json_view(hm_json_find(list, "reason")),
                            HM_LIT("manifest.sequence.lower")));
}

#define ROOT_0                         \
    "00000000000000000000000000000000" \
    "00000000000000000000000000000000"
static const struct {
    const char *with;
    const char *reason; /* "" for yes */
} states[] = {
    {MODEL, ""},
    {"\"model\": \"MODEL-2\", \"hardware\": \"rev-a\"",
     "manifest.applicability.none"},
    {MODEL ", \"rollback_counter\": 1", ""},
    {MODEL ", \"rollback_counter\": 2", "manifest.rollback.lower"},
    {MODEL ", \"authorisation\": {\"sequence\": 1}", ""},
    {MODEL ", \"authorisation\": {\"sequence\": 2}",
     "trust.authorisation.sequence"},
    {MODEL ", \"authorisation\": {\"sequence\": 1, \"sha256\": \"" ROOT_0 "\"}",
     "trust.authorisation.sequence"},
    {MODEL ", \"root_sha256\": \"" ROOT_0 "\"", "trust.root.digest"},
    {MODEL ", \"clock\": \"none\"", ""},
    {MODEL ", \"clock\": \"2099-01-01T00:00:00Z\"",
     "trust.authorisation.expired"},
    {MODEL ", \"clock\": \"2099-01-01T00:00:00Z\", \"stale\": "
           "\"accept-if-sequence-rises\"",
     "manifest.expired"},
    /* it runs already: whatever is said of it is no refusal */
    {MODEL ", \"version\": \"1.0.1\", \"rollback_counter\": 2", ""},
};

/* Cohorts that differ in one thing. */
static void each_state_has_its_verdict(void **state)
{
    START(state);

    for (size_t i = 0; i < COUNT(states); i++) {
        const bool is_yes = states[i].reason[0] == '\0';
        char text[512];

        (void)snprintf(text, sizeof(text), HEAD "{\"name\": \"a\", %s}]\n}\n",
                       states[i].with);
        key_story_write(s, "one.json", text);
        RUN(REHEARSE, "--cohorts", "one.json", STAGE);
        assert_run(&r, is_yes ? 0 : 1, is_yes ? "" : "rehearse.cohort.refuses");
        if (!is_yes)
            expect_text(&r, states[i].reason);
    }
}

static const struct {
    const char *args[ARGS];
    int status;
    const char *says;
} requests[] = {
    {{"anew"}, 0, "under authorisation 2"},
    {{"anew", "--key", "vendor-2.pem"}, 0, "yes     field"},
    {{"anew", "--key", "vendor-1.pem"}, 1, "trust.key.retired"},
    {{"anew", "--key", "vendor-1.pem", "--key", "vendor-2.pem"},
     0,
     "yes     field"},
    {{"anew", "--key", "provenance-1.pem"}, 1, "trust.key.role"},
    {{"anew", "--key", "root-1.pem"}, 1, "trust.manifest.signature"},
    {{"repository/releases/1.0.0"}, 1, "trust.key.retired"},
    {{"repository/releases/1.0.0", "--key", "vendor-2.pem"},
     1,
     "trust.key.early"}, /* it is older than the key: issue it anew */
};

/* Documents know seconds: what is written next is later than what was. */
static void pass_a_second(void)
{
    const hm_time now = hm_time_now();

    while (hm_time_now() == now)
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

/* What is asked of the root keys is rehearsed before they sign it, and who signs
 * the manifest is guessed only when nobody says it. */
static void a_request_is_rehearsed_before_root_signs_it(void **state)
{
    static const char *const first[] = {REHEARSE,    "--cohorts", "field.json",
                                        "--request", "ask.json",  NULL};
    START(state);

    RUN("prepare", "rotate", "--root", "root.json", "--from",
        "authorisation.json", "--retire", "vendor-1.pem", "--key",
        "manifest=vendor-2.pem", "--days", "30", "--issue-time",
        "2099-01-01T00:00:00Z", "--by", "E. Ample", "--why", "T-1", "-o",
        "late.json");
    assert_run(&r, 0, "");
    RUN(REHEARSE, "--cohorts", "field.json", "--request", "late.json", STAGE);
    assert_run(&r, 1, "rehearse.cohort.refuses"); /* no key is valid yet */
    pass_a_second(); /* ask.json's key is younger than any manifest so far */
    RUN("prepare", "rotate", "--root", "root.json", "--from",
        "authorisation.json", "--retire", "vendor-1.pem", "--key",
        "manifest=vendor-2.pem", "--days", "30", "--by", "E. Ample", "--why",
        "T-1", "-o", "ask.json");
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "/bin/cp", "-r", STAGE, "anew");
    STORY_RUN(s, &r, "hallmark-manifest", "refresh", "anew");
    assert_run(&r, 0, "");
    for (size_t i = 0; i < COUNT(requests); i++) {
        run_row(s, &r, first, requests[i].args);
        assert_run(&r, requests[i].status,
                   requests[i].status == 0 ? "" : "rehearse.cohort.refuses");
        expect_text(&r, requests[i].says);
    }
}

static const struct {
    const char *args[ARGS];
    int status;
    const char *reason;
} nothings[] = {
    {{STAGE}, 2, "key.rehearse.cohorts"},
    {{STAGE, "--cohorts", "field.json", "--repository", "repository"},
     2,
     "key.rehearse.cohorts"},
    {{STAGE, "--cohorts", "none.json"}, 3, "base.file.open"},
    {{"repository", "--cohorts", "field.json"}, 3, "base.file.open"},
    {{STAGE, "--cohorts", "root.json"}, 2, "json.format"},
    {{STAGE, "--cohorts", "twice.json"}, 2, "rehearse.cohort.twice"},
    {{STAGE, "--cohorts", "empty.json"}, 2, "json.member.count"},
    {{STAGE, "--repository", "none"}, 3, "base.dir.open"},
    {{STAGE, "--repository", "empty"}, 1, "rehearse.cohort.none"},
    {{STAGE, "--repository", "build"}, 1, "release.repository.stranger"},
    {{"build", "--cohorts", "field.json"}, 3, "base.file.open"},
    {{STAGE, "--cohorts", "field.json", "--key", "none.pem"},
     3,
     "base.file.open"},
    {{STAGE, "--cohorts", "field.json", "--key", "root.json"},
     2,
     "crypto.key.pem"},
    {{STAGE, "--cohorts", "field.json", "--request", "root.json"},
     1,
     "json.format"},
    {{STAGE, "--cohorts", "field.json", "--request", "ask.json",
      "--authorisation", "authorisation.json"},
     2,
     "key.rehearse.authorisation"},
    {{STAGE, "--cohorts", "field.json", "--authorisation", "alone.json"},
     1,
     "trust.authorisation.signature"},
    {{STAGE, "--cohorts", "field.json", "--at", "soon"}, 2, "base.time.syntax"},
    {{STAGE, "--cohorts", "field.json", "build"}, 2, "cli.operand.extra"},
    {{"--cohorts", "field.json"}, 2, "cli.operand.missing"},
};

static void a_rehearsal_of_nothing_is_no_yes(void **state)
{
    static const char *const first[] = {REHEARSE, NULL};
    START(state);

    key_story_write(s, "twice.json", HEAD FIELD "," FIELD "]\n}\n");
    key_story_write(s, "empty.json", HEAD "]\n}\n");
    key_story_write(s, "empty/x", "");
    (void)unlink(hm_temp_path(&s->temp, "empty/x"));
    STORY_RUN(s, &r, "/bin/cp", "authorisation.json", "alone.json");
    for (size_t i = 0; i < COUNT(nothings); i++) {
        run_row(s, &r, first, nothings[i].args);
        assert_run(&r, nothings[i].status, nothings[i].reason);
        assert_int_equal(r.out.n, 0);
    }
}

/* A signer that is not counted would be a guess. */
static void nine_signers_are_too_many(void **state)
{
    START(state);
    const char *argv[32] = {"hallmark-key", REHEARSE, "--cohorts", "field.json",
                            STAGE};
    size_t n = 7;

    for (size_t i = 0; i < 8; i++) {
        argv[n++] = "--key";
        argv[n++] = "vendor-1.pem";
    }
    key_story_run(s, &r, argv);
    assert_run(&r, 0, "");
    argv[n++] = "--key";
    argv[n++] = "vendor-2.pem";
    key_story_run(s, &r, argv);
    assert_run(&r, 2, "key.option.number");
}

/* --- revoke ------------------------------------------------------------------------ */

#define REVOKE_ONLY                                                            \
    "revoke", "--root", "root.json", "--from", "authorisation.json", "--days", \
        "30", "--key", "manifest=vendor-2.pem"
#define REVOKE REVOKE_ONLY, "--compromised", "vendor-1.pem"
#define TELL   "--repository", "repository", "--incident", "incident.json"
#define SIGNED "--sign", STORY_ROOT, "--softhsm", "rt", "--pin", "file:root.pin"

/* Nothing half-written: neither the authorisation nor the record. */
static void expect_neither(const struct key_story *s)
{
    assert_false(key_story_has(s, "next.json"));
    assert_false(key_story_has(s, "next.json.sig"));
    assert_false(key_story_has(s, "incident.json"));
    assert_int_equal(key_story_count(s, ".", ".next"), 0);
    assert_int_equal(key_story_count(s, ".", ".incident"), 0);
}

static void remove_both(const struct key_story *s)
{
    (void)unlink(hm_temp_path(&s->temp, "next.json"));
    (void)unlink(hm_temp_path(&s->temp, "next.json.sig"));
    (void)unlink(hm_temp_path(&s->temp, "incident.json"));
}

static void expect_record(const struct key_story *s, const char *file,
                          const char *text)
{
    HM_OWN(hm_buf) record = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    hm_temp_read(&s->temp, file, &record);
    assert_ok(hm_json_format(hm_buf_view(&record), "hallmark-incident/1", &e),
              &e);
    assert_ok(hm_json_check(hm_buf_view(&record), HM_JSON_OURS, 1u << 20, &e),
              &e);
    if (memmem(record.p, record.n, text, strlen(text)) == NULL)
        fail_msg("'%s' is not in: %.*s", text, (int)record.n,
                 (const char *)record.p);
}

static void a_revocation_tells_what_the_key_touched(void **state)
{
    START(state);

    RUN(REVOKE, TELL, SIGNED, "--since", "2026-05-12T08:00:00Z", "--by",
        "E. Ample", "--why", "SEC-7", "-o", "next.json");
    assert_run(&r, 0, "");
    expect_text(&r, "(manifest) signed 1 published file:");
    expect_text(&r, "history/1-1/manifest.json");
    expect_text(&r, ", served now, after the theft\n      to do: find out");
    expect_text(&r, "  reached  MODEL-1 rev-a at 1.0.0 (1-1), no clock\n");
    key_story_openssl(s, "root-1.pem", "next.json.sig", "next.json");
    expect_record(s, "incident.json", "\"since\": \"2026-05-12T08:00:00Z\"");
    expect_record(s, "incident.json", "\"by\": \"E. Ample\"");
    expect_record(s, "incident.json", "\"reachable\": true");
    remove_both(s);
    RUN(REVOKE_ONLY, "--retire", "provenance-1.pem", "--reason", "lost", TELL,
        "-o", "next.json");
    assert_run(&r, 0, "");
    expect_text(&r, "releases/1.0.0/attestations/");
    expect_record(s, "incident.json", "\"reason\": \"lost\"");
    remove_both(s);
}

static void a_request_to_revoke_tells_it_as_well(void **state)
{
    START(state);

    RUN("prepare", REVOKE, TELL, "--cohorts", "both.json", "--by", "E. Ample",
        "--why", "SEC-7", "-o", "next.json");
    assert_run(&r, 0, "");
    expect_text(&r, "  reached  field\n");
    expect_text(&r, "  stuck    run up\n");
    expect_text(&r, "[manifest.sequence.lower]");
    expect_record(s, "incident.json", "\"why\": \"SEC-7\"");
    RUN("review", "--root", "root.json", "--from", "authorisation.json",
        "next.json");
    assert_run(&r, 0, "");
    remove_both(s);
    RUN("prepare", REVOKE, TELL, "--cohorts", "both.json", "--by", "E. Ample",
        "--why", "SEC-7", "--epoch", "2", "-o", "next.json");
    assert_run(&r, 0, "");
    expect_text(&r, "  reached  run up\n");
    remove_both(s);
}

/* --- revoke: what is refused --------------------------------------------------------- */

static void expect_refusals(const struct key_story *s, const char *const *first,
                            const char *const *args, int status,
                            const char *reason)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    run_row(s, &r, first, args);
    assert_run(&r, status, reason);
    expect_neither(s);
}

static const struct {
    const char *args[ARGS];
    int status;
    const char *reason;
} exclusive[] = {
    {{"--compromised", "vendor-1.pem", "--dry-run", TELL}, 0, ""},
    {{"--compromised", "vendor-1.pem", "--retire", "vendor-1.pem"},
     2,
     "key.prepare.option"},
    {{"--compromised", "vendor-1.pem", "--reason", "compromised"},
     2,
     "key.prepare.option"},
    {{"--retire", "vendor-1.pem"}, 2, "key.revoke.reason"},
    {{"--retire", "vendor-1.pem", "--reason", "rotated"},
     2,
     "key.revoke.reason"},
    {{TELL}, 2, "cli.option.missing"},
    {{"--compromised", "vendor-1.pem", "--incident", "incident.json"},
     2,
     "cli.option.missing"},
    {{"--compromised", "vendor-1.pem", "--cohorts", "field.json"},
     2,
     "cli.option.missing"},
    {{"--compromised", "vendor-1.pem", "--since", "2099-01-01T00:00:00Z"},
     2,
     "key.revoke.since"},
    {{"--compromised", "vendor-1.pem", "--since", "yesterday"},
     2,
     "base.time.syntax"},
    {{"--compromised", "vendor-1.pem", "--compromised", "provenance-1.pem",
      "--dry-run"},
     0,
     ""},
    {{"--compromised", "vendor-1.pem", "--compromised", "provenance-1.pem",
      TELL},
     2,
     "key.incident.many"},
    {{"--compromised", "vendor-2.pem", TELL}, 1, "trust.key.missing"},
};

static void options_that_exclude_each_other_are_refused(void **state)
{
    static const char *const first[] = {REVOKE_ONLY, "-o", "next.json", NULL};

    for (size_t i = 0; i < COUNT(exclusive); i++)
        expect_refusals(*state, first, exclusive[i].args, exclusive[i].status,
                        exclusive[i].reason);
}

#define ASK "--by", "E. Ample", "--why", "T-1", "-o", "next.json"
static const struct {
    const char *args[ARGS];
    int status;
    const char *reason;
} asks[] = {
    {{"revoke", "--compromised", "vendor-1.pem", "--dry-run"}, 0, ""},
    {{"revoke", "--retire", "vendor-1.pem"}, 2, "key.revoke.reason"},
    {{"rotate", "--retire", "vendor-1.pem", "--dry-run"}, 0, ""},
    {{"rotate", "--compromised", "vendor-1.pem"}, 2, "key.prepare.option"},
    {{"rotate", "--retire", "vendor-1.pem", "--since", "2026-05-12T08:00:00Z"},
     2,
     "key.prepare.option"},
    {{"rotate", "--retire", "vendor-1.pem", TELL}, 2, "key.prepare.option"},
    {{"rotate", "--retire", "vendor-1.pem", "--incident", "incident.json"},
     2,
     "cli.option.missing"},
    {{"authorise", "--product", "thermostat", "--dry-run"}, 0, ""},
    {{"authorise", "--product", "thermostat", "--since",
      "2026-05-12T08:00:00Z"},
     2,
     "key.prepare.option"},
    {{"authorise", "--product", "thermostat", "--compromised", "vendor-1.pem"},
     2,
     "key.prepare.option"},
    {{"authorise", "--product", "thermostat", TELL}, 2, "key.prepare.option"},
};

static void only_revoke_takes_what_belongs_to_it(void **state)
{
    static const char *const first[] = {"prepare",
                                        "--root",
                                        "root.json",
                                        "--from",
                                        "authorisation.json",
                                        "--days",
                                        "30",
                                        "--key",
                                        "manifest=vendor-2.pem",
                                        ASK,
                                        NULL};

    for (size_t i = 0; i < COUNT(asks); i++)
        expect_refusals(*state, first, asks[i].args, asks[i].status,
                        asks[i].reason);
}

static void what_fails_leaves_neither_file(void **state)
{
#define SIGN_WITH(pin) "--sign", STORY_ROOT, "--softhsm", "rt", "--pin", pin
    static const struct {
        const char *args[ARGS];
        int status;
        const char *reason;
    } rows[] = {
        {{TELL, SIGN_WITH("file:vendor.pin")}, 4, "hsm.pin.incorrect"},
        {{TELL, SIGN_WITH("file:none.pin")}, 3, "hsm.pin.read"},
        {{TELL, "--sign", STORY_VENDOR, "--softhsm", "vt", "--pin",
          "file:vendor.pin"},
         1,
         "key.sign.stranger"},
        {{"--repository", "build", "--incident", "incident.json"},
         1,
         "release.repository.stranger"},
        {{"--repository", "empty", "--incident", "incident.json"},
         1,
         "incident.repository.empty"},
        {{TELL, "--cohorts", "root.json"}, 2, "json.format"},
        {{"--repository", "repository", "--incident", "none/incident.json"},
         3,
         "base.dir.open"},
        {{TELL, "--epoch", "0"}, 2, "key.option.number"},
        {{TELL, "--dry-run"}, 0, ""},
    };
    static const char *const first[] = {REVOKE, "-o", "next.json", NULL};
    const struct key_story *s = *state;

    key_story_write(s, "empty/x", "");
    (void)unlink(hm_temp_path(&s->temp, "empty/x"));
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_refusals(s, first, rows[i].args, rows[i].status, rows[i].reason);
}

/* Either both files are written or none is; what is there stays as it is. */
static void a_file_that_is_there_is_not_overwritten(void **state)
{
    START(state);

    key_story_write(s, "incident.json", "mine");
    RUN(REVOKE, TELL, SIGNED, "-o", "next.json");
    assert_run(&r, 2, "base.out.exists");
    assert_false(key_story_has(s, "next.json"));
    RUN("prepare", REVOKE, TELL, "--by", "E. Ample", "--why", "T", "-o",
        "next.json");
    assert_run(&r, 2, "base.out.exists");
    assert_false(key_story_has(s, "next.json"));
    remove_both(s);
    key_story_write(s, "next.json", "mine");
    RUN(REVOKE, TELL, SIGNED, "-o", "next.json");
    assert_run(&r, 2, "base.out.exists");
    assert_false(key_story_has(s, "incident.json"));
    RUN("prepare", REVOKE, TELL, "--by", "E. Ample", "--why", "T", "-o",
        "next.json");
    assert_run(&r, 2, "base.out.exists");
    assert_false(key_story_has(s, "incident.json"));
    key_story_write(s, "incident.json", "mine");
    RUN(REVOKE, TELL, SIGNED, "-o", "next.json", "--force");
    assert_run(&r, 0, "");
    expect_record(s, "incident.json", "\"kind\": \"manifest\"");
    remove_both(s);
}

/* --- standard output -------------------------------------------------------------------- */

static void expect_document(const struct hm_run *r, const char *format)
{
    struct hm_err e = {0};

    assert_run(r, 0, "");
    assert_ok(hm_json_format(hm_buf_view(&r->out), format, &e), &e);
    assert_ok(hm_json_check(hm_buf_view(&r->out), HM_JSON_OURS, 1u << 20, &e),
              &e);
}

static void a_document_on_standard_output_stands_there_alone(void **state)
{
#define ASKED "--by", "E. Ample", "--why", "T"
    START(state);

    RUN("prepare", REVOKE, TELL, ASKED, "-o", "-");
    expect_document(&r, "hallmark-request/1");
    expect_record(s, "incident.json", "\"kind\": \"manifest\"");
    remove_both(s);
    RUN(REVOKE, TELL, "-o", "-");
    expect_document(&r, "hallmark-authorisation/1");
    expect_record(s, "incident.json", "\"kind\": \"manifest\"");
    remove_both(s);
    RUN(REVOKE, "--repository", "repository", "--incident", "-", "-o",
        "next.json");
    assert_run(&r, 2, "key.incident.output");
    assert_int_equal(r.out.n, 0);
    expect_neither(s);
    RUN(REVOKE, TELL, "--json", "-o", "next.json");
    assert_run(&r, 0, "");
    assert_int_equal(
        hm_json_check(hm_buf_view(&r.out), HM_JSON_OURS, 1u << 20, NULL),
        HM_OK);
    remove_both(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_followed_the_repository_would_take_it),
        cmocka_unit_test(the_check_that_would_say_no_is_told),
        cmocka_unit_test(a_rehearsal_in_json_is_one_object),
        cmocka_unit_test(each_state_has_its_verdict),
        cmocka_unit_test(nine_signers_are_too_many),
        cmocka_unit_test(a_request_is_rehearsed_before_root_signs_it),
        cmocka_unit_test(a_rehearsal_of_nothing_is_no_yes),
        cmocka_unit_test(a_revocation_tells_what_the_key_touched),
        cmocka_unit_test(a_request_to_revoke_tells_it_as_well),
        cmocka_unit_test(options_that_exclude_each_other_are_refused),
        cmocka_unit_test(only_revoke_takes_what_belongs_to_it),
        cmocka_unit_test(what_fails_leaves_neither_file),
        cmocka_unit_test(a_file_that_is_there_is_not_overwritten),
        cmocka_unit_test(a_document_on_standard_output_stands_there_alone),
    };

    return cmocka_run_group_tests_name("hallmark-key fleet", tests, make,
                                       unmake);
}
