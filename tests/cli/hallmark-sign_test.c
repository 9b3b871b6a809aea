/* hallmark-sign as a pipeline runs it, with a good token and with bad ones. */
#include "key_story.h"

#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(void **state)
{
    struct key_story *s = calloc(1, sizeof(*s));

    key_story_make(s, 0);
    key_story_manifest(s, "manifest.json", "thermostat");
    *state = s;
    return 0;
}

static int unmake(void **state)
{
    key_story_clear(*state);
    free(*state);
    return 0;
}

#define START(state)                      \
    const struct key_story *s = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT

/* The signing options of each token. */
#define BY(uri)  "--key", uri, "--pin", "file:vendor.pin", "--softhsm", "vt"
#define BY_ROOT  "--key", STORY_ROOT, "--pin", "file:root.pin", "--softhsm", "rt"
#define RUN(...) STORY_RUN(s, &r, "hallmark-sign", __VA_ARGS__)

static void a_manifest_is_signed_so_that_openssl_verifies(void **state)
{
    START(state);

    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 0, "");
    key_story_openssl(s, "vendor-1.pem", "manifest.json.sig", "manifest.json");
    RUN("manifest.json", BY(STORY_VENDOR), "--root", "root.json", "-o",
        "other.sig");
    assert_run(&r, 0, "");
    key_story_openssl(s, "vendor-1.pem", "other.sig", "manifest.json");
}

static void one_key_signs_once(void **state)
{
    START(state);

    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 0, "");
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "sign.signature.twice");
    assert_false(key_story_has(s, "manifest.json.sig.2"));
    RUN("manifest.json", BY(STORY_VENDOR), "--force");
    assert_run(&r, 0, "");
    key_story_manifest(s, "manifest.json", "thermostat");
    hm_temp_flip(&s->temp, "manifest.json.sig", 40, 0x01);
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "sign.signature.stale");
    RUN("manifest.json", BY(STORY_VENDOR), "--force");
    assert_run(&r, 0, "");
    key_story_openssl(s, "vendor-1.pem", "manifest.json.sig", "manifest.json");
}

/* Whatever lies at its place; --force replaces it. */
static void what_is_no_signature_is_stale(void **state)
{
    START(state);
    char text[2000];

    memset(text, 'x', sizeof(text));
    for (size_t n = 0; n < sizeof(text); n = n == 0 ? 1 : 30 * n) {
        text[n] = '\0';
        key_story_write(s, "manifest.json.sig", text);
        text[n] = 'x';
        RUN("manifest.json", BY(STORY_VENDOR));
        assert_run(&r, 1, "sign.signature.stale");
        RUN("manifest.json", BY(STORY_VENDOR), "--force");
        assert_run(&r, 0, "");
        assert_int_equal(key_story_count(s, ".", "manifest.json.sig"), 1);
    }
}

static void a_second_root_key_signs_beside_the_first(void **state)
{
    START(state);

    STORY_RUN(s, &r, "hallmark-key", "generate",
              "pkcs11:token=root;object=root-2", "--softhsm", "rt", "--pin",
              "file:root.pin", "-o", "root-2.pem");
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "hallmark-key", "root-export", "--threshold", "2",
              "--vendor", "acme", "--key", "a=root-1.pem", "--key",
              "b=root-2.pem", "-o", "root.json", "--force");
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "hallmark-key", "authorise", "--root", "root.json",
              "--days", "9", "--key", "manifest=vendor-1.pem", "--product",
              "thermostat", "-o", "authorisation.json", "--force");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, "authorisation.json.sig"));
    /* Dated behind the authorisation, which may be a second younger. */
    key_story_manifest(s, "manifest.json", "thermostat");
    RUN("authorisation.json", BY_ROOT);
    assert_run(&r, 0, "");
    RUN("authorisation.json", "--key", "pkcs11:token=root;object=root-2",
        "--pin", "file:root.pin", "--softhsm", "rt");
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-1.pem", "authorisation.json.sig",
                      "authorisation.json");
    key_story_openssl(s, "root-2.pem", "authorisation.json.sig.2",
                      "authorisation.json");
    key_story_manifest(s, "manifest.json", "thermostat"); /* not before it */
    RUN("manifest.json", BY(STORY_VENDOR), "--root", "root.json");
    assert_run(&r, 0, "");
}

static void each_key_signs_only_its_kind(void **state)
{
    START(state);

    RUN("manifest.json", BY_ROOT);
    assert_run(&r, 1, "trust.key.unknown");
    assert_non_null(strstr(hm_run_err(&r), "next: sign with a key that"));
    RUN("manifest.json", BY(STORY_PROVE));
    assert_run(&r, 1, "trust.key.role");
    RUN("authorisation.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "sign.key.stranger");
    RUN("root.json", BY_ROOT);
    assert_run(&r, 1, "sign.document.kind");
    key_story_write(s, "notes.txt", "hello\n");
    RUN("notes.txt", BY(STORY_VENDOR));
    assert_run(&r, 1, "sign.document.kind");
    key_story_write(s, "m.json", "{ \"format\": \"hallmark-manifest/1\" }\n");
    RUN("m.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "sign.document.kind");
    key_story_manifest(s, "manifest.json", "boiler");
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "trust.key.product");
    assert_int_equal(key_story_count(s, ".", "manifest.json.sig"), 0);
}

static void trust_that_is_missing_or_tampered_is_a_no(void **state)
{
    START(state);

    hm_temp_flip(&s->temp, "authorisation.json", 60, 0x01);
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "trust.authorisation.signature");
    assert_int_equal(unlink(hm_temp_path(&s->temp, "authorisation.json")), 0);
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 3, "base.file.open");
    RUN("none.json", BY(STORY_VENDOR));
    assert_run(&r, 3, "base.file.open");
    assert_int_equal(unlink(hm_temp_path(&s->temp, "root.json")), 0);
    key_story_write(s, "authorisation.json",
                    "{\n  \"format\": \"hallmark-authorisation/1\"\n}\n");
    RUN("authorisation.json", BY_ROOT);
    assert_run(&r, 2, "sign.root.missing");
}

#define STATEMENT                                                              \
    "{\n  \"_type\": \"https://in-toto.io/Statement/v1\",\n  \"subject\": [\n" \
    "    {\n      \"name\": \"artefacts/a\",\n      \"digest\": {\n"           \
    "        \"sha256\": "                                                     \
    "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n"   \
    "      }\n    }\n  ],\n  \"predicateType\": "                              \
    "\"https://slsa.dev/provenance/v1\",\n  \"predicate\": {}\n}\n"

#define OLD_MANIFEST                              \
    "{\n  \"format\": \"hallmark-manifest/1\",\n" \
    "  \"vendor\": \"acme\",\n"                   \
    "  \"product\": \"thermostat\",\n"            \
    "  \"timestamp\": \"2020-01-15T00:00:00Z\"\n}\n"

/* A document may give itself any time; that of signing is the clock's, or the
 * one that is said. */
static void an_expired_authorisation_signs_nothing(void **state)
{
    START(state);

    STORY_RUN(s, &r, "hallmark-key", "authorise", "--root", "root.json",
              "--key", "manifest=vendor-1.pem", "--key",
              "provenance=provenance-1.pem", "--product", "thermostat",
              "--issue-time", "2020-01-01T00:00:00Z", "--valid-until",
              "2020-02-01T00:00:00Z", "--sign", STORY_ROOT, "--pin",
              "file:root.pin", "--softhsm", "rt", "-o", "authorisation.json",
              "--force");
    assert_run(&r, 0, "");
    key_story_write(s, "manifest.json", OLD_MANIFEST);
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "trust.authorisation.expired");
    assert_non_null(strstr(hm_run_err(&r), "--issue-time"));
    RUN("manifest.json", BY(STORY_VENDOR), "--issue-time",
        "2019-12-31T23:59:59Z");
    assert_run(&r, 1, "trust.authorisation.early");
    RUN("manifest.json", BY(STORY_VENDOR), "--issue-time",
        "2020-02-01T00:00:01Z");
    assert_run(&r, 1, "trust.authorisation.expired");
    assert_false(key_story_has(s, "manifest.json.sig"));
    RUN("manifest.json", BY(STORY_VENDOR), "--issue-time",
        "2020-02-01T00:00:00Z");
    assert_run(&r, 0, "");
    assert_int_equal(rename(hm_temp_path(&s->temp, "manifest.json.sig"),
                            hm_temp_path(&s->temp, "old")),
                     0);
    RUN("manifest.json", "--attach", "old");
    assert_run(&r, 1, "trust.authorisation.expired");
    key_story_write(s, "s.json", STATEMENT);
    RUN("--statement", "s.json", BY(STORY_PROVE), "-o", "s.intoto.jsonl",
        "--authorisation", "authorisation.json");
    assert_run(&r, 1, "trust.authorisation.expired");
    RUN("--statement", "s.json", BY(STORY_PROVE), "-o", "s.intoto.jsonl",
        "--authorisation", "authorisation.json", "--issue-time",
        "2020-01-15T00:00:00Z");
    assert_run(&r, 0, "");
}

static void wrong_calls_are_refused(void **state)
{
    START(state);

    RUN(BY(STORY_VENDOR));
    assert_run(&r, 2, "sign.document.none");
    RUN("manifest.json", "manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 2, "sign.document.twice");
    RUN("manifest.json", "./manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 2, "sign.document.twice");
    RUN("manifest.json", "authorisation.json", BY(STORY_VENDOR), "-o", "x");
    assert_run(&r, 2, "sign.output.many");
    RUN("--statement", "s.json", BY(STORY_PROVE));
    assert_run(&r, 2, "sign.output.none");
    RUN("manifest.json", BY(STORY_VENDOR), "-o", "./manifest.json", "--force");
    assert_run(&r, 2, "sign.output.same");
    RUN("manifest.json", BY(STORY_VENDOR), "-o", "root.json");
    assert_run(&r, 2, "base.out.exists");
    RUN("manifest.json", BY(STORY_VENDOR), "--root", "root.json", "--evidence",
        "./root.json", "--force");
    assert_run(&r, 2, "sign.output.same");
    RUN("manifest.json", "--key", STORY_VENDOR, "--softhsm", "vt");
    assert_run(&r, 2, "hsm.pin.none");
    RUN("manifest.json", "--key", STORY_VENDOR, "--softhsm", "vt", "--dry-run");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, "manifest.json.sig"));
}

static void a_statement_becomes_an_envelope(void **state)
{
    START(state);
    HM_OWN(hm_buf) line = HM_BUF_INIT(65536);

    key_story_write(s, "s.json", STATEMENT);
    RUN("--statement", "s.json", BY(STORY_PROVE), "-o", "s.intoto.jsonl",
        "--root", "root.json", "--authorisation", "authorisation.json");
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "s.intoto.jsonl", &line);
    assert_non_null(memmem(line.p, line.n, "application/vnd.in-toto+json", 28));
    assert_non_null(memmem(line.p, line.n, "\"keyid\":\"SHA256:", 16));
    RUN("--statement", "s.json", BY(STORY_PROVE), "-o", "s.intoto.jsonl");
    assert_run(&r, 2, "base.out.exists");
    RUN("--statement", "s.json", BY(STORY_PROVE), "-o", "./s.json", "--force");
    assert_run(&r, 2, "sign.output.same");
    RUN("--statement", "s.json", BY(STORY_VENDOR), "-o", "x.jsonl", "--root",
        "root.json", "--authorisation", "authorisation.json");
    assert_run(&r, 1, "trust.key.role");
    RUN("--statement", "s.json", BY_ROOT, "-o", "x.jsonl", "--root",
        "root.json");
    assert_run(&r, 1, "sign.key.root");
    key_story_write(s, "s.json", "{}\n");
    RUN("--statement", "s.json", BY(STORY_PROVE), "-o", "x.jsonl");
    assert_int_equal(r.status, 1);
    assert_false(key_story_has(s, "x.jsonl"));
}

/* ---- a token that misbehaves ------------------------------------------------ */

/* Lines of the module's log that are @p call; the log is removed. */
static size_t calls(const struct key_story *s, const char *call)
{
    HM_OWN(hm_buf) log = HM_BUF_INIT(1u << 20);
    size_t n = 0;

    if (!key_story_has(s, "log"))
        return 0;
    hm_temp_read(&s->temp, "log", &log);
    assert_ok(hm_buf_add(&log, (struct hm_bytes){(const uint8_t *)"", 1}, NULL),
              &(struct hm_err){0});
    for (const char *p = (const char *)log.p; *p != '\0';
         p = strchr(p, '\n') + 1)
        n += strcspn(p, "\n") == strlen(call) &&
             strncmp(p, call, strlen(call)) == 0;
    assert_int_equal(unlink(hm_temp_path(&s->temp, "log")), 0);
    return n;
}

/* --- signed elsewhere -------------------------------------------------------------- */

static void openssl_run(const struct key_story *s, const char *const argv[])
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    key_story_run(s, &r, argv);
    assert_int_equal(r.status, 0);
}
#define OPENSSL(...) \
    openssl_run(s, (const char *const[]){"/usr/bin/openssl", __VA_ARGS__, NULL})

/* A vendor key of another make, in a file, authorised like any other. */
static void make_foreign_key(const struct key_story *s, const char *role)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    OPENSSL("genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", "foreign.key");
    OPENSSL("pkey", "-in", "foreign.key", "-pubout", "-out", "foreign.pem");
    STORY_RUN(s, &r, "hallmark-key", "authorise", "--root", "root.json",
              "--from", "authorisation.json", "--key", role, "--product",
              "thermostat", "--days", "30", "--sign", STORY_ROOT, "--pin",
              "file:root.pin", "--softhsm", "rt", "-o", "authorisation.json",
              "--force");
    assert_run(&r, 0, "");
}

static void what_openssl_signed_is_attached(void **state)
{
    START(state);

    make_foreign_key(s, "manifest=foreign.pem");
    key_story_manifest(s, "manifest.json", "thermostat");
    RUN("manifest.json", "--bytes", "to-sign");
    assert_run(&r, 0, "");
    OPENSSL("dgst", "-sha256", "-sign", "foreign.key", "-out", "sig",
            "to-sign");
    RUN("manifest.json", "--attach", "sig", "--root", "root.json");
    assert_run(&r, 0, "");
    key_story_openssl(s, "foreign.pem", "manifest.json.sig", "manifest.json");
    RUN("manifest.json", "--attach", "sig");
    assert_run(&r, 1, "sign.signature.twice");
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 0, "");
    key_story_openssl(s, "vendor-1.pem", "manifest.json.sig.2",
                      "manifest.json");
}

/* Of any length; and one that begins as a SEQUENCE does, told either way. */
static void what_is_no_pair_is_not_attached(const struct key_story *s)
{
    static const size_t lengths[] = {0, 1, 63, 65, 16384};
    HM_OWN(hm_run) r = HM_RUN_INIT;
    static char text[16385];

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(text, '0', sizeof(text));
        text[lengths[i]] = '\0';
        key_story_write(s, "rs", text);
        RUN("manifest.json", "--attach", "rs", "--raw");
        assert_int_equal(r.status, 1);
    }
    memset(text, '0', sizeof(text)); /* 0x30 */
    text[64] = '\0';
    key_story_write(s, "rs", text);
    RUN("manifest.json", "--attach", "rs", "--raw");
    assert_run(&r, 1, "sign.attach.stranger");
    RUN("manifest.json", "--attach", "rs");
    assert_run(&r, 1, "sign.attach.stranger");
}

static void what_fits_nobody_is_not_attached(void **state)
{
    START(state);

    make_foreign_key(s, "provenance=foreign.pem");
    key_story_manifest(s, "manifest.json", "thermostat");
    OPENSSL("dgst", "-sha256", "-sign", "foreign.key", "-out", "sig",
            "manifest.json");
    RUN("manifest.json", "--attach", "sig");
    assert_run(&r, 1, "trust.key.role");
    OPENSSL("dgst", "-sha256", "-sign", "foreign.key", "-out", "sig",
            "root.json");
    RUN("manifest.json", "--attach", "sig");
    assert_run(&r, 1, "sign.attach.stranger");
    RUN("manifest.json", "--attach", "root.json");
    assert_run(&r, 1, "sign.attach.stranger");
    RUN("manifest.json", "--attach", "sig", "--raw");
    assert_run(&r, 1, "sign.attach.raw");
    what_is_no_pair_is_not_attached(s);
    RUN("manifest.json", "--attach", "sig", BY(STORY_VENDOR));
    assert_run(&r, 2, "sign.way.one");
    RUN("manifest.json");
    assert_run(&r, 2, "sign.way.one");
    RUN("manifest.json", "root.json", "--attach", "sig");
    assert_run(&r, 2, "sign.output.many");
    assert_false(key_story_has(s, "manifest.json.sig"));
}

static void a_statement_is_signed_elsewhere(void **state)
{
    START(state);

    make_foreign_key(s, "provenance=foreign.pem");
    key_story_write(s, "s.json", STATEMENT);
    RUN("--statement", "s.json", "--bytes", "pae");
    assert_run(&r, 0, "");
    OPENSSL("dgst", "-sha256", "-sign", "foreign.key", "-out", "sig", "pae");
    RUN("--statement", "s.json", "--attach", "sig", "-o", "e.jsonl");
    assert_run(&r, 2, "sign.attach.authorisation");
    RUN("--statement", "s.json", "--attach", "sig", "-o", "e.jsonl",
        "--authorisation", "authorisation.json", "--root", "root.json");
    assert_run(&r, 0, "");
    assert_true(key_story_has(s, "e.jsonl"));
    OPENSSL("dgst", "-sha256", "-sign", "foreign.key", "-out", "sig", "s.json");
    RUN("--statement", "s.json", "--attach", "sig", "-o", "f.jsonl",
        "--authorisation", "authorisation.json");
    assert_run(&r, 1, "sign.attach.stranger"); /* no PAE */
    make_foreign_key(s, "manifest=foreign.pem");
    OPENSSL("dgst", "-sha256", "-sign", "foreign.key", "-out", "sig", "pae");
    RUN("--statement", "s.json", "--attach", "sig", "-o", "f.jsonl",
        "--authorisation", "authorisation.json", "--root", "root.json");
    assert_run(&r, 1, "trust.key.role");
    assert_false(key_story_has(s, "f.jsonl"));
}

/* --- two keys at a time ------------------------------------------------------------ */

#define SPARE    "pkcs11:token=spare;object=spare-1"
#define KEY(...) STORY_RUN(s, &r, "hallmark-key", __VA_ARGS__)
#define NEXT                                                               \
    "--root", "root.json", "--from", "authorisation.json", "--days", "30", \
        "--key", "manifest=spare.pem", "--sign", STORY_ROOT, "--pin",      \
        "file:root.pin", "--softhsm", "rt", "-o", "authorisation.json", "-f"

/* A spare key on a token of its own: first both may sign, then it alone. */
static void a_spare_key_takes_over_after_an_overlap(void **state)
{
    START(state);

    KEY("token-init", "--token", "spare", "--softhsm", "st", "--pin",
        "file:vendor.pin");
    assert_run(&r, 0, "");
    KEY("generate", SPARE, "--softhsm", "st", "--pin", "file:vendor.pin", "-o",
        "spare.pem");
    assert_run(&r, 0, "");
    KEY("authorise", "--product", "thermostat", NEXT);
    assert_run(&r, 0, "");
    key_story_manifest(s, "manifest.json", "thermostat");
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 0, "");
    RUN("manifest.json", "--key", SPARE, "--pin", "file:vendor.pin",
        "--softhsm", "st");
    assert_run(&r, 0, "");
    key_story_openssl(s, "spare.pem", "manifest.json.sig.2", "manifest.json");
    KEY("rotate", "--retire", "vendor-1.pem", NEXT);
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "/bin/rm", "manifest.json.sig", "manifest.json.sig.2");
    RUN("manifest.json", BY(STORY_VENDOR));
    assert_run(&r, 1, "trust.key.retired");
    RUN("manifest.json", "--key", SPARE, "--pin", "file:vendor.pin",
        "--softhsm", "st");
    assert_run(&r, 0, "");
}

static void run_fault(const struct key_story *s, struct hm_run *r,
                      const char *fault, const char *pin)
{
    char variable[128];
    const char *env[] = {variable, "HM_FAULT_LOG=log", NULL};

    (void)snprintf(variable, sizeof(variable), "HM_FAULT=%s", fault);
    key_story_run_env(s, r, env,
                      (const char *const[]){"hallmark-sign", "manifest.json",
                                            "--key", STORY_VENDOR, "--pin", pin,
                                            "--softhsm", "vt", "--module",
                                            HM_FAULT_MODULE, NULL});
}

static const struct {
    const char *fault;
    int status;
    const char *reason;
    size_t logins;
} faults[] = {
    {"C_GetFunctionList=0x5", 4, "hsm.module.kind", 0},
    {"C_Initialize=0x5", 4, "hsm.call.failed", 0},
    {"C_GetSlotList=0x5", 4, "hsm.call.failed", 0},
    {"slots", 4, "hsm.module.kind", 0},
    {"C_GetTokenInfo=0xe0", 4, "hsm.token.missing", 0},
    {"C_OpenSession=0x30", 4, "hsm.call.failed", 0},
    {"C_OpenSession=0xe0", 4, "hsm.token.removed", 0},
    {"C_OpenSession=0x3", 4, "hsm.call.failed", 0}, /* slots were renumbered */
    {"pins=8", 4, "hsm.pin.length", 0},
    {"flags=0x40000", 4, "hsm.pin.locked", 0},
    {"flags=0x20000", 4, "hsm.pin.final", 0},
    {"C_Login=0xa0", 4, "hsm.pin.incorrect", 1},
    {"C_Login=0xa4", 4, "hsm.pin.locked", 1},
    {"C_Login=0x100", 4, "hsm.session.shared", 1},
    {"C_Login=0x30", 4, "hsm.call.failed", 1},
    {"C_Login=0x32", 4, "hsm.token.removed", 1},
    {"C_Login=0xe0", 4, "hsm.token.removed", 1},
    {"C_FindObjectsInit=0x90", 4, "hsm.call.failed", 1},
    {"C_FindObjects=0x32", 4, "hsm.token.removed", 1},
    {"C_FindObjectsFinal=0x5", 4, "hsm.call.failed", 1},
    {"growing", 4, "hsm.list.count", 1},
    {"C_GetAttributeValue=0xb3", 4, "hsm.token.removed", 1},
    {"huge", 4, "hsm.attribute.length", 1},
    {"unavailable", 4, "hsm.key.missing", 1},
    {"nobytes", 4, "hsm.key.missing", 1},
    {"reauthenticate", 4, "hsm.key.reauthenticate", 1},
    {"extractable", 1, "hsm.claims.extractable", 1},
    {"derives", 1, "hsm.claims.usage", 1},
    {"silent", 0, "", 1},
    {"C_GetMechanismInfo=0x5", 0, "", 1},
    {"C_GetSlotInfo=0x5", 0, "", 1},
    {"C_SignInit=0x70", 4, "hsm.call.failed", 1},
    {"C_SignInit=0x32", 4, "hsm.token.removed", 1},
    {"C_SignInit=0xb0", 4, "hsm.token.removed", 1},
    {"C_Sign=0x32", 4, "hsm.token.removed", 1},
    {"C_Sign=0xe0", 4, "hsm.token.removed", 1},
    {"C_Sign=0xb0", 4, "hsm.token.removed", 1},
    {"C_Sign=0xb3", 4, "hsm.token.removed", 1},
    {"C_Sign=0x5", 4, "hsm.call.failed", 1},
    {"flip", 4, "hsm.sign.mismatch", 1},
    {"other", 4, "hsm.sign.mismatch", 1},
    {"zero", 4, "hsm.sign.range", 1},
    {"length=0", 4, "hsm.sign.length", 1},
    {"length=1", 4, "hsm.sign.length", 1},
    {"length=63", 4, "hsm.sign.length", 1},
    {"length=65", 4, "hsm.sign.length", 1},
    {"length=96", 4, "hsm.sign.length", 1},
    {"length=16384", 4, "hsm.sign.length", 1},
    {"C_GetInfo=0x5", 0, "", 1},
    {"C_CloseSession=0x5", 0, "", 1},
    {"C_Finalize=0x5", 0, "", 1},
    {"bare", 0, "", 1},
    {"flags=0x10000", 0, "", 1},
};

static void every_failing_call_leaves_nothing(void **state)
{
    START(state);

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        run_fault(s, &r, faults[i].fault, "file:vendor.pin");
        assert_run(&r, faults[i].status, faults[i].reason);
        assert_int_equal(key_story_count(s, ".", "manifest.json.sig"),
                         faults[i].status == 0 ? 1 : 0);
        assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
        assert_int_equal(calls(s, "C_Login"), faults[i].logins);
        if (faults[i].status == 0)
            assert_int_equal(
                unlink(hm_temp_path(&s->temp, "manifest.json.sig")), 0);
    }
}

/* Whichever call of whichever kind is the first to fail. */
static void each_call_may_be_the_first_to_fail(void **state)
{
    static const char *const names[] = {
        "C_GetSlotList",       "C_OpenSession", "C_Login",
        "C_FindObjectsInit",   "C_FindObjects", "C_FindObjectsFinal",
        "C_GetAttributeValue", "C_SignInit",    "C_Sign"};
    START(state);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (unsigned n = 0;; n++) {
            char text[64];

            (void)snprintf(text, sizeof(text), "%s=0x30@%u", names[i], n);
            run_fault(s, &r, text, "file:vendor.pin");
            assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
            if (r.status == 0) {
                assert_true(n > 0);
                assert_int_equal(
                    unlink(hm_temp_path(&s->temp, "manifest.json.sig")), 0);
                break;
            }
            assert_run(&r, 4, "hsm.call.failed");
            assert_int_equal(key_story_count(s, ".", "manifest.json.sig"), 0);
            assert_string_equal(hm_run_out(&r), "");
        }
}

/* What the token says of a key is obeyed unless the call says otherwise; what it
 * does not say is told. */
static void
a_key_that_its_token_speaks_ill_of_signs_only_when_told_to(void **state)
{
    static const struct {
        const char *fault, *accept, *said;
    } rows[] = {
        {"HM_FAULT=extractable", "--accept-claims", "may leave its token"},
        {"HM_FAULT=derives", "--accept-claims", "does more than sign"},
        {"HM_FAULT=silent", NULL, "does not say whether key"},
    };
    START(state);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *env[] = {rows[i].fault, NULL};

        key_story_run_env(
            s, &r, env,
            (const char *const[]){"hallmark-sign", "manifest.json",
                                  BY(STORY_VENDOR), "--force", "--module",
                                  HM_FAULT_MODULE, rows[i].accept, NULL});
        assert_run(&r, 0, "");
        assert_non_null(strstr(hm_run_err(&r), rows[i].said));
    }
}

static void a_root_key_that_may_leave_signs_no_authorisation(void **state)
{
    static const char *const env[] = {"HM_FAULT=extractable", NULL};
    const char *argv[] = {"hallmark-key", "authorise",
                          "--root",       "root.json",
                          "--from",       "authorisation.json",
                          "--days",       "9",
                          "--sign",       STORY_ROOT,
                          "--pin",        "file:root.pin",
                          "--softhsm",    "rt",
                          "--module",     HM_FAULT_MODULE,
                          "-o",           "next.json",
                          NULL,           NULL};
    START(state);

    key_story_run_env(s, &r, env, argv);
    assert_run(&r, 1, "hsm.claims.extractable");
    assert_false(key_story_has(s, "next.json"));
    argv[sizeof(argv) / sizeof(argv[0]) - 2] = "--accept-claims";
    key_story_run_env(s, &r, env, argv);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "may leave its token"));
}

/* Two documents, and the second gets the signature of the first. */
static void a_signature_of_before_is_not_taken(void **state)
{
    START(state);
    const char *env[] = {"HM_FAULT=stale", "HM_FAULT_LOG=log", NULL};
    const char *const argv[] = {
        "hallmark-sign",   "manifest.json",      "two/manifest.json",
        BY(STORY_VENDOR),  "--module",           HM_FAULT_MODULE,
        "--authorisation", "authorisation.json", NULL};
    HM_OWN(hm_buf) other = HM_BUF_INIT(4096);

    hm_temp_read(&s->temp, "manifest.json", &other);
    assert_ok(
        hm_buf_add(&other, (struct hm_bytes){(const uint8_t *)"\n", 2}, NULL),
        &(struct hm_err){0});
    hm_temp_write(&s->temp, "two/manifest.json", (const char *)other.p);
    key_story_run_env(s, &r, env, argv);
    assert_run(&r, 4, "hsm.sign.mismatch");
    assert_int_equal(calls(s, "C_Sign"), 2);
    assert_int_equal(key_story_count(s, ".", "manifest.json.sig"), 0);
    assert_int_equal(key_story_count(s, "two", "manifest.json.sig"), 0);
}

/* Which module sees the PIN is said in the call and nowhere else. */
static void no_variable_names_a_module(void **state)
{
    START(state);
    const char *env[] = {"PKCS11_MODULE=/tmp/evil.so",
                         "PKCS11_MODULE_PATH=/tmp/evil.so",
                         "PKCS11_PROVIDER_MODULE=/tmp/evil.so", NULL};

    key_story_run_env(s, &r, env,
                      (const char *const[]){"hallmark-sign", "manifest.json",
                                            BY(STORY_VENDOR), NULL});
    assert_run(&r, 0, "");
    assert_true(key_story_has(s, "manifest.json.sig"));
}

/* No root set, none that can be read, or no authorisation: no signature. */
static void what_cannot_be_read_allows_nothing(void **state)
{
    static const struct {
        const char *option;
        const char *path;
        int status;
    } rows[] = {
        {"--root", "none.json", 3},
        {"--root", "empty", 2},
        {"--root", "folder", 3},
        {"--root", "vendor-1.pem", 2},
        {"--root", "authorisation.json", 2},
        {"--root", "", 3},
        {"--authorisation", "none.json", 3},
        {"--authorisation", "empty", 1},
        {"--authorisation", "folder", 3},
        {"--authorisation", "root.json", 1},
        {"--authorisation", "", 1},
    };
    START(state);

    key_story_write(s, "empty", "");
    hm_temp_write(&s->temp, "folder/x", "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        RUN("manifest.json", BY(STORY_VENDOR), rows[i].option, rows[i].path);
        if (r.status != rows[i].status)
            fail_msg("%s '%s': %d %s", rows[i].option, rows[i].path, r.status,
                     hm_run_err(&r));
        assert_int_equal(key_story_count(s, ".", "manifest.json.sig"), 0);
    }
}

/* The token asked for may be the one that does not answer. */
static void a_slot_that_does_not_answer_is_told(void **state)
{
    START(state);

    run_fault(s, &r, "C_GetTokenInfo=0x30", "file:vendor.pin");
    assert_run(&r, 4, "hsm.token.missing");
    assert_non_null(strstr(hm_run_err(&r), "tokens seen: none; slot "));
    assert_non_null(
        strstr(hm_run_err(&r), "C_GetTokenInfo gave CKR_DEVICE_ERROR (0x30)"));
    run_fault(s, &r, "C_GetTokenInfo=0x30@1", "file:vendor.pin");
    assert_run(&r, 0, ""); /* another slot's trouble */
    assert_null(strstr(hm_run_err(&r), "C_GetTokenInfo"));
}

static void a_wrong_pin_is_tried_exactly_once(void **state)
{
    START(state);

    run_fault(s, &r, "none", "file:root.pin");
    assert_run(&r, 4, "hsm.pin.incorrect");
    assert_non_null(strstr(hm_run_err(&r), "tried once"));
    assert_int_equal(calls(s, "C_Login"), 1);
    assert_false(key_story_has(s, "manifest.json.sig"));
}

static void a_low_pin_count_is_told(void **state)
{
    START(state);

    run_fault(s, &r, "flags=0x10000", "file:vendor.pin");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "warning: a wrong PIN"));
    run_fault(s, &r, "flags=0x10000", "file:root.pin");
    assert_run(&r, 4, "hsm.pin.incorrect");
    assert_non_null(strstr(hm_run_err(&r), "tries were used up"));
}

/* The second of two documents fails: the first is not written either. */
static void a_token_removed_between_two_documents_leaves_nothing(void **state)
{
    START(state);
    const char *env[] = {"HM_FAULT=C_Sign=0x32@1", "HM_FAULT_LOG=log", NULL};
    const char *const argv[] = {
        "hallmark-sign",   "manifest.json",      "two/manifest.json",
        BY(STORY_VENDOR),  "--module",           HM_FAULT_MODULE,
        "--authorisation", "authorisation.json", NULL};
    const char *good[] = {"HM_FAULT_LOG=log", NULL};

    hm_temp_write(&s->temp, "two/x", "");
    key_story_manifest(s, "two/manifest.json", "thermostat");
    key_story_run_env(s, &r, env, argv);
    assert_run(&r, 4, "hsm.token.removed");
    assert_false(key_story_has(s, "manifest.json.sig"));
    assert_false(key_story_has(s, "two/manifest.json.sig"));
    assert_int_equal(calls(s, "C_Sign"), 2);
    key_story_run_env(s, &r, good, argv);
    assert_run(&r, 0, "");
    assert_int_equal(calls(s, "C_Login"), 1);
    key_story_openssl(s, "vendor-1.pem", "two/manifest.json.sig",
                      "two/manifest.json");
}

/* One of two signatures cannot be written: neither is. */
static void two_signatures_are_written_both_or_none(void **state)
{
    struct key_story story;
    const struct key_story *s = &story;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)state;
    key_story_make(&story, geteuid() == 0 ? 65534 : 0);
    hm_temp_write(&s->temp, "two/x", "");
    key_story_manifest(s, "manifest.json", "thermostat");
    key_story_manifest(s, "two/manifest.json", "thermostat");
    assert_int_equal(chmod(hm_temp_path(&s->temp, "two"), 0555), 0);
    RUN("manifest.json", "two/manifest.json", BY(STORY_VENDOR),
        "--authorisation", "authorisation.json");
    assert_run(&r, 3, "base.out.open");
    assert_false(key_story_has(s, "manifest.json.sig"));
    assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
    assert_int_equal(chmod(hm_temp_path(&s->temp, "two"), 0755), 0);
    key_story_clear(&story);
}

static void generate(const struct key_story *s, struct hm_run *r,
                     const char *fault, const char *scheme, const char *name)
{
    const char *env[] = {fault, NULL};
    char uri[64];

    (void)snprintf(uri, sizeof(uri), "pkcs11:token=vendor;object=%s", name);
    key_story_run_env(s, r, env,
                      (const char *const[]){
                          "hallmark-key", "generate", uri, "--scheme", scheme,
                          "--pin", "file:vendor.pin", "--softhsm", "vt",
                          "--module", HM_FAULT_MODULE, "-o", name, NULL});
}

#define EC  "ecdsa-p256-sha256"
#define RSA "rsa-pkcs1-sha256"

/* Keys that a bad module makes are destroyed, and the store stays as it was. */
static void a_key_that_could_leave_is_not_kept(void **state)
{
    static const struct {
        const char *fault, *scheme, *reason;
    } rows[] = {
        {"HM_FAULT=extractable", EC, "hsm.key.extractable"},
        {"HM_FAULT=leak", EC, "hsm.key.extractable"},
        {"HM_FAULT=flip", EC, "hsm.sign.mismatch"},
        {"HM_FAULT=derives", EC, "hsm.claims.usage"},
        {"HM_FAULT=strict", RSA, "hsm.claims.usage"}, /* it decrypts */
        {"HM_FAULT=keeps", EC, "hsm.key.extractable"},
        {"HM_FAULT=sets leak", EC, "hsm.key.extractable"},
        {"HM_FAULT=acme copies", EC, "hsm.key.extractable"},
        {"HM_FAULT=C_GetMechanismInfo=0x70", EC, "hsm.mechanism.missing"},
    };
    START(state);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        generate(s, &r, rows[i].fault, rows[i].scheme, "new");
        assert_run(&r, 4, rows[i].reason);
        assert_false(key_story_has(s, "new"));
    }
    STORY_RUN(s, &r, "hallmark-key", "list", "--softhsm", "vt");
    assert_null(strstr(hm_run_out(&r), "object=new"));
}

/* What cannot be used to get it out is told and no reason to destroy a key. */
static void a_key_that_is_kept_although_tells_why(void **state)
{
    static const struct {
        const char *fault, *out, *err;
    } rows[] = {
        {"HM_FAULT=strict", "extractable: no", ""},
        {"HM_FAULT=sets", "changeable: yes", "worth little"},
        {"HM_FAULT=copies", "copyable: yes", "would copy the new key"},
        {"HM_FAULT=acme", "changeable: no", ""},
        {"HM_FAULT=C_CopyObject=0x30", "copyable: unknown", ""},
        {"HM_FAULT=C_CopyObject=0x21", "copyable: no", ""},
        {"HM_FAULT=C_SetAttributeValue=0x32", "changeable: unknown", ""},
    };
    START(state);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        generate(s, &r, rows[i].fault, EC, rows[i].fault + 9);
        assert_run(&r, 0, "");
        assert_non_null(strstr(hm_run_out(&r), rows[i].out));
        assert_non_null(strstr(hm_run_err(&r), rows[i].err));
    }
}

/* ---- secrets ------------------------------------------------------------------ */

static void assert_without(const struct hm_dir *d, const char *name,
                           const char *canary)
{
    HM_OWN(hm_buf) file = HM_BUF_INIT(1u << 24);

    if (hm_file_load_at(d, name, &file, NULL) == HM_OK && file.n > 0 &&
        memmem(file.p, file.n, canary, strlen(canary)) != NULL)
        fail_msg("the PIN is in %s", name);
}

/* Every file below the folder but the PIN file itself.  In /dev/shm others come
 * and go while it is listed. */
static void assert_nowhere(const char *folder, const char *canary)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};
    hm_rc rc = HM_E_IO;

    assert_ok(hm_dir_open(&d, folder, &e), &e);
    for (int tries = 0; rc != HM_OK && tries < 1000; tries++) {
        hm_names_clear(&names);
        rc = hm_dir_list_tree(&d, &names, &e);
    }
    assert_ok(rc, &e);
    for (size_t i = 0; i < names.n; i++)
        if (strcmp(names.name[i], "canary.pin") != 0 &&
            names.name[i][strlen(names.name[i]) - 1] != '/')
            assert_without(&d, names.name[i], canary);
}

/* The folders of tests are there too: this one's was looked at by itself. */
static void assert_not_in_memory(const char *canary)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&d, "/dev/shm", &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++) {
        HM_OWN(hm_dir) sub = HM_DIR_INIT;
        char path[300];

        (void)snprintf(path, sizeof(path), "/dev/shm/%s", names.name[i]);
        assert_without(&d, names.name[i], canary);
        if (strncmp(names.name[i], "hallmark-test-", 14) != 0 &&
            hm_dir_open_at(&sub, &d, names.name[i], NULL) == HM_OK)
            assert_nowhere(path, canary);
    }
}

static void a_pin_is_found_nowhere(void **state)
{
    START(state);
    static const char canary[] = "canary-7fb3-PIN-d2c1";

    key_story_write(s, "canary.pin", canary);
    assert_int_equal(chmod(hm_temp_path(&s->temp, "canary.pin"), 0600), 0);
    STORY_RUN(s, &r, "hallmark-key", "token-init", "--softhsm", "ct", "--token",
              "c", "--pin", "file:canary.pin");
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "hallmark-key", "generate", "pkcs11:token=c;object=k",
              "--softhsm", "ct", "--pin", "file:canary.pin", "-o", "k.pem");
    assert_run(&r, 0, "");
    for (size_t i = 0; i < 2; i++) {
        RUN("manifest.json", "--key",
            i == 0 ? "pkcs11:token=c;object=k" : STORY_VENDOR, "--softhsm",
            i == 0 ? "ct" : "vt", "--pin", "file:canary.pin", "--json");
        assert_int_not_equal(r.status, 0); /* k is not authorised */
        assert_null(strstr(hm_run_out(&r), canary));
        assert_null(strstr(hm_run_err(&r), canary));
    }
    RUN("manifest.json", "--key", STORY_VENDOR, "--softhsm", "vt", "--pin",
        canary);
    assert_run(&r, 2, "hsm.pin.source");
    assert_null(strstr(hm_run_err(&r), canary));
    assert_nowhere(s->temp.path, canary);
    assert_not_in_memory(canary);
}

/* Once it was tried, the PIN is nowhere in the memory of the process. */
static void a_pin_is_wiped_before_anything_is_signed(void **state)
{
    START(state);
    HM_OWN(hm_buf) log = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_buf) pin = HM_BUF_INIT(256);
    char fault[128] = "scan=";
    size_t n = strlen(fault);

    hm_temp_read(&s->temp, "vendor.pin", &pin);
    for (size_t i = pin.n; i > 0; i--)
        fault[n++] = (char)pin.p[i - 1];
    run_fault(s, &r, fault, "file:vendor.pin");
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "log", &log);
    assert_non_null(memmem(log.p, log.n, "C_Login sees 1\n", 15));
    assert_non_null(memmem(log.p, log.n, "C_Sign sees 0\n", 14));
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_manifest_is_signed_so_that_openssl_verifies),
        FRESH(one_key_signs_once),
        FRESH(what_is_no_signature_is_stale),
        FRESH(a_second_root_key_signs_beside_the_first),
        FRESH(each_key_signs_only_its_kind),
        FRESH(trust_that_is_missing_or_tampered_is_a_no),
        FRESH(an_expired_authorisation_signs_nothing),
        FRESH(wrong_calls_are_refused),
        FRESH(a_statement_becomes_an_envelope),
        FRESH(a_spare_key_takes_over_after_an_overlap),
        FRESH(what_openssl_signed_is_attached),
        FRESH(what_fits_nobody_is_not_attached),
        FRESH(a_statement_is_signed_elsewhere),
        FRESH(every_failing_call_leaves_nothing),
        FRESH(each_call_may_be_the_first_to_fail),
        FRESH(a_key_that_its_token_speaks_ill_of_signs_only_when_told_to),
        FRESH(a_root_key_that_may_leave_signs_no_authorisation),
        FRESH(a_signature_of_before_is_not_taken),
        FRESH(no_variable_names_a_module),
        FRESH(what_cannot_be_read_allows_nothing),
        FRESH(a_slot_that_does_not_answer_is_told),
        FRESH(a_wrong_pin_is_tried_exactly_once),
        FRESH(a_low_pin_count_is_told),
        FRESH(a_token_removed_between_two_documents_leaves_nothing),
        cmocka_unit_test(two_signatures_are_written_both_or_none),
        FRESH(a_key_that_could_leave_is_not_kept),
        FRESH(a_key_that_is_kept_although_tells_why),
        FRESH(a_pin_is_found_nowhere),
        FRESH(a_pin_is_wiped_before_anything_is_signed),
    };

    return cmocka_run_group_tests_name("hallmark-sign", tests, NULL, NULL);
}
