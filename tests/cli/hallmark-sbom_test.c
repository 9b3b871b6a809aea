/* hallmark-sbom as a pipeline step calls it: the verdict on a file, and the copy
 * that is bound to an artefact, written whole or not at all. */
#include "hm_run.h"

#include <sys/stat.h>
#include <unistd.h>

#include "hm_json.h"
#include "hm_test.h"

/* The SHA-256 and SHA-512 of "abc". */
#define SHA256 \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA512                                                         \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define HASH(alg, hex) "{\"alg\":\"" alg "\",\"content\":\"" hex "\"}"
#define BOTH           "[" HASH("SHA-256", SHA256) "," HASH("SHA-512", SHA512) "]"

/* An SBOM whose root component holds @p inner; odd blanks and numbers that a
 * copy must keep. */
#define SBOM(inner)                                                        \
    "{ \"bomFormat\":\"CycloneDX\",\t\"specVersion\":\"1.6\", \"x\":1.50," \
    "\r\n  \"metadata\":{\"component\":{\"type\":\"firmware\"," inner      \
    "}},\n \"components\":[{\"type\":\"library\",\"name\":\"busybox\"}] }\n"
#define NAMED(name, version) "\"name\":\"" name "\",\"version\":\"" version "\""
#define GOOD                 NAMED("thermostat", "1.0.1")

/* clang-format off */
static const char release[] =
"{\n"
"  \"format\": \"hallmark-release/1\",\n"
"  \"vendor\": \"acme\", \"product\": \"thermostat\", \"version\": \"1.0.1\",\n"
"  \"rollback_counter\": 2, \"update_type\": \"routine\",\n"
"  \"severity\": \"none\", \"valid_days\": 30,\n"
"  \"artefacts\": [ { \"id\": \"firmware\", \"file\": \"fw.bin\",\n"
"    \"name\": \"fw.bin\", \"role\": \"firmware\", \"kind\": \"full\" } ],\n"
"  \"updates\": [ { \"models\": [\"T100\"], \"hardware\": [\"rev-b\"],\n"
"    \"artefacts\": [\"firmware\"] } ],\n"
"  \"sboms\": [\n"
"    { \"file\": \"good.json\", \"name\": \"fw.json\", \"artefact\": \"firmware\" },\n"
"    { \"file\": \"twice.json\", \"name\": \"a.json\", \"artefact\": \"firmware\" },\n"
"    { \"file\": \"twice.json\", \"name\": \"b.json\", \"artefact\": \"firmware\" } ],\n"
"  \"advisories\": [],\n"
"  \"provenance\": { \"repository\": \".\",\n"
"    \"build_type\": \"https://acme.example/build/v1\",\n"
"    \"builder\": \"https://acme.example/builders/v1\" },\n"
"  \"signing\": { \"softhsm\": \"keys/vendor-token\",\n"
"    \"manifest\": { \"uri\": \"pkcs11:token=vendor;object=vendor-1\",\n"
"      \"pin\": \"file:keys/vendor.pin\" },\n"
"    \"provenance\": { \"uri\": \"pkcs11:token=vendor;object=provenance-1\",\n"
"      \"pin\": \"fd:3\" } },\n"
"  \"root\": \"root.json\", \"authorisation\": \"authorisation.json\",\n"
"  \"repository\": \"repository\"\n"
"}\n";
/* clang-format on */

static int begin(void **state)
{
    static struct hm_temp t;

    hm_temp_make(&t);
    hm_temp_write(&t, "release.json", release);
    hm_temp_write(&t, "good.json", SBOM(GOOD));
    hm_temp_write(&t, "twice.json", SBOM(GOOD));
    hm_temp_write(&t, "stage/artefacts/fw.bin", "abc");
    assert_int_equal(mkdir(hm_temp_path(&t, "stage/sbom"), 0755), 0);
    *state = &t;
    return 0;
}

static int end(void **state)
{
    hm_temp_clear(*state);
    return 0;
}

#define IN(t) (&(const struct hm_run_how){.cwd = (t)->path})

/* hallmark-sbom check, in the folder of the test. */
#define CHECK(t, r, ...) \
    HM_RUN((r), IN(t), "hallmark-sbom", "check", __VA_ARGS__)
#define BIND "--release", "release.json", "--dir", "stage", "-o"

static bool has(const struct hm_temp *t, const char *name)
{
    return access(hm_temp_path(t, name), F_OK) == 0;
}

/* Is nothing in stage/sbom, not even a temporary? */
static void assert_nothing_written(const struct hm_temp *t)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_dir_open(&d, hm_temp_path(t, "stage/sbom"), &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    assert_int_equal(names.n, 0);
}

/* --- the verdict ----------------------------------------------------------------- */

static void a_good_sbom_is_exit_0_with_every_check_listed(void **state)
{
    static const char *const lines[] = {
        "good.json: CycloneDX 1.6, 1 components, 0 services, 0 dependencies",
        "  pass    root component   ",
        "  not-run product name     ",
        "  not-run product version  ",
        "  not-run artefact digest  ",
        "  pass    hashes           ",
        "  pass    components       ",
        "  pass    bom-refs         ",
        "  pass    dependencies     ",
        "  pass    vulnerabilities  ",
        "  pass    signature        "};
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    CHECK(t, &r, "good.json");
    assert_run(&r, 0, "");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (strstr(hm_run_out(&r), lines[i]) == NULL)
            fail_msg("no '%s' in\n%s", lines[i], hm_run_out(&r));
    assert_int_equal(r.err.n, 0);
    CHECK(t, &r, "good.json", "--quiet");
    assert_run(&r, 0, "");
    assert_int_equal(r.out.n, 0);
}

static void standard_input_is_read_like_a_file(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, (&(const struct hm_run_how){.in = HM_LIT(SBOM(GOOD))}),
           "hallmark-sbom", "check", "-");
    assert_run(&r, 0, "");
    HM_RUN(&r, (&(const struct hm_run_how){.in = HM_LIT(SBOM("\"x\":1"))}),
           "hallmark-sbom", "check", "-");
    assert_run(&r, 1, "sbom.root.missing");
    CHECK(t, &r, "-", "--release", "release.json");
    assert_run(&r, 2, "cli.option.value");
    CHECK(t, &r, "-"); /* /dev/null */
    assert_run(&r, 1, "sbom.format.unsupported");
}

static void the_root_must_be_the_product_and_version_released(void **state)
{
    static const struct {
        const char *text;
        const char *reason; /* NULL: accepted */
    } rows[] = {
        {SBOM(GOOD), NULL},
        {SBOM(NAMED("Thermostat", "1.0.1")), "sbom.product.name"},
        {SBOM(NAMED("thermostat ", "1.0.1")), "sbom.product.name"},
        {SBOM(NAMED("thermostat", "1.0.10")), "sbom.product.version"},
        {SBOM(NAMED("thermostat", "v1.0.1")), "sbom.product.version"},
        {SBOM("\"name\":\"thermostat\""), "sbom.product.version"},
        {SBOM("\"version\":\"1.0.1\""), "sbom.root.missing"},
    };
    const struct hm_temp *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_temp_write(t, "good.json", rows[i].text);
        CHECK(t, &r, "good.json", "--release", "release.json");
        assert_run(&r, rows[i].reason == NULL ? 0 : 1,
                   rows[i].reason == NULL ? "" : rows[i].reason);
        CHECK(t, &r, "good.json"); /* no release, no such question */
        assert_int_equal(r.status, i == 6 ? 1 : 0);
    }
}

static void the_file_must_be_one_that_the_release_lists(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(t, "other.json", SBOM(GOOD)); /* the same bytes */
    CHECK(t, &r, "other.json", "--release", "release.json");
    assert_run(&r, 2, "sbom.entry.missing");
    CHECK(t, &r, "./stage/../good.json", "--release", "release.json");
    assert_run(&r, 0, "");
    CHECK(t, &r, "twice.json", "--release", "release.json");
    assert_run(&r, 2, "sbom.entry.ambiguous");
    CHECK(t, &r, "twice.json", BIND, "stage/sbom/c.json");
    assert_run(&r, 2, "sbom.entry.ambiguous");
    CHECK(t, &r, "twice.json", BIND, "stage/sbom/b.json");
    assert_run(&r, 0, "");
}

static void a_hostile_name_reaches_no_terminal(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(t, "good.json",
                  SBOM(NAMED("\\u001b[2Jthermostat\xc2\x9b", "1\\n0")));
    CHECK(t, &r, "good.json", "--release", "release.json");
    assert_run(&r, 1, "sbom.product.name");
    assert_null(strpbrk(hm_run_out(&r), "\x1b\x9b"));
    assert_null(strpbrk(hm_run_err(&r), "\x1b\x9b"));
    assert_null(strstr(hm_run_out(&r), "1\n0"));
}

/* --- the bound copy -------------------------------------------------------------- */

static void the_copy_differs_in_the_hashes_of_the_root_alone(void **state)
{
    static const char want[] = SBOM(GOOD ",\"hashes\":" BOTH);
    const struct hm_temp *t = *state;
    HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_run) r = HM_RUN_INIT;

    CHECK(t, &r, "good.json", BIND, "stage/sbom/fw.json");
    assert_run(&r, 0, "");
    hm_temp_read(t, "stage/sbom/fw.json", &copy);
    assert_bytes_equal(hm_buf_view(&copy), hm_bytes_str(want));
    CHECK(t, &r, "good.json", BIND, "-");
    assert_run(&r, 0, "");
    assert_string_equal(hm_run_out(&r), want);
    assert_non_null(strstr(hm_run_err(&r), "sbom.component.digest"));
    hm_temp_write(t, "good.json", want); /* bound already: the same bytes */
    CHECK(t, &r, "good.json", BIND, "-");
    assert_run(&r, 0, "");
    assert_string_equal(hm_run_out(&r), want);
}

static void what_is_not_bound_is_not_written(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {
        {SBOM(GOOD ",\"hashes\":[" HASH("SHA-256", SHA512) "]"),
         "sbom.component.digest"},
        {SBOM(GOOD ",\"hashes\":[" HASH("SHA-256", SHA256) "," HASH(
             "SHA-512", SHA256 SHA256) "]"),
         "sbom.component.digest"},
        {SBOM(NAMED("thermostat", "1.0.2")), "sbom.product.version"},
        {SBOM("\"na\\u006de\":\"thermostat\",\"version\":\"1.0.1\","
              "\"h\\u0061shes\":[]"),
         "sbom.root.escaped"},
        {SBOM(GOOD "}},\"signature\":{\"algorithm\":\"ES256\"},\"x_\":{\"_\":{"
                   "\"_\":1"),
         "sbom.signature.broken"},
    };
    const struct hm_temp *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        hm_temp_write(t, "good.json", rows[i].text);
        CHECK(t, &r, "good.json", BIND, "stage/sbom/fw.json");
        assert_run(&r, 1, rows[i].reason);
        assert_nothing_written(t);
        CHECK(t, &r, "good.json", BIND, "-");
        assert_run(&r, 1, rows[i].reason);
        assert_int_equal(r.out.n, 0);
    }
}

static void an_existing_copy_is_replaced_only_by_force(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(t, "stage/sbom/fw.json", "mine");
    CHECK(t, &r, "good.json", BIND, "stage/sbom/fw.json");
    assert_run(&r, 2, "base.out.exists");
    hm_temp_read(t, "stage/sbom/fw.json", &copy);
    assert_bytes_equal(hm_buf_view(&copy), HM_LIT("mine"));
    CHECK(t, &r, "good.json", BIND, "stage/sbom/fw.json", "--force");
    assert_run(&r, 0, "");
    hm_buf_clear(&copy);
    hm_temp_read(t, "stage/sbom/fw.json", &copy);
    assert_bytes_equal(hm_buf_view(&copy),
                       HM_LIT(SBOM(GOOD ",\"hashes\":" BOTH)));
}

static void a_dry_run_decides_and_writes_nothing(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    CHECK(t, &r, "--dry-run", "good.json", BIND, "stage/sbom/fw.json");
    assert_run(&r, 0, "");
    assert_nothing_written(t);
    CHECK(t, &r, "--dry-run", "good.json", BIND, "-");
    assert_run(&r, 0, "");
    assert_int_equal(r.out.n, 0);
    hm_temp_write(t, "stage/artefacts/fw.bin", "abcd");
    hm_temp_write(t, "good.json", SBOM(GOOD ",\"hashes\":" BOTH));
    CHECK(t, &r, "--dry-run", "good.json", BIND, "stage/sbom/fw.json");
    assert_run(&r, 1, "sbom.component.digest");
}

static void an_artefact_that_is_not_there_binds_nothing(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    assert_int_equal(unlink(hm_temp_path(t, "stage/artefacts/fw.bin")), 0);
    CHECK(t, &r, "good.json", BIND, "stage/sbom/fw.json");
    assert_run(&r, 3, "base.file.open");
    assert_int_equal(
        symlink("../../good.json", hm_temp_path(t, "stage/artefacts/fw.bin")),
        0);
    CHECK(t, &r, "good.json", BIND, "stage/sbom/fw.json");
    assert_run(&r, 3, "base.file.open");
    CHECK(t, &r, "good.json", "--release", "release.json", "--dir", "nowhere");
    assert_run(&r, 3, "base.dir.open");
    assert_nothing_written(t);
}

/* --- for machines ---------------------------------------------------------------- */

static struct hm_json parse(struct hm_json_doc *doc, const struct hm_run *r)
{
    struct hm_err e = {.rc = HM_OK};
    uint64_t version = 0;

    hm_json_doc_clear(doc);
    assert_ok(
        hm_json_parse(doc, hm_buf_view(&r->out), HM_JSON_OURS, r->out.max, &e),
        &e);
    assert_ok(
        hm_json_get_uint(hm_json_root(doc), "schema_version", 9, &version, &e),
        &e);
    assert_true(version == 1);
    return hm_json_root(doc);
}

static bool is_ok(struct hm_json at)
{
    struct hm_err e = {.rc = HM_OK};
    bool ok = false;

    assert_ok(hm_json_get_bool(at, "ok", &ok, &e), &e);
    return ok;
}

static void json_holds_every_finding_and_the_artefact(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_json at;

    CHECK(t, &r, "--json", "good.json", BIND, "stage/sbom/fw.json");
    assert_run(&r, 0, "");
    at = parse(&doc, &r);
    assert_true(is_ok(at));
    assert_int_equal(hm_json_count(hm_json_find(at, "findings")), 10);
    assert_bytes_equal(
        hm_json_view(hm_json_find(hm_json_find(at, "artefact"), "sha256")),
        HM_LIT(SHA256));
    hm_temp_write(t, "good.json", SBOM(NAMED("t", "1")));
    CHECK(t, &r, "--json", "good.json", "--release", "release.json");
    assert_run(&r, 1, "sbom.product.name");
    at = parse(&doc, &r);
    assert_false(is_ok(at));
    assert_int_equal(hm_json_count(hm_json_find(at, "findings")), 10);
    CHECK(t, &r, "--json", "nowhere.json");
    assert_run(&r, 3, "base.file.open");
    at = parse(&doc, &r);
    assert_false(is_ok(at));
    assert_bytes_equal(hm_json_view(hm_json_find(at, "reason")),
                       HM_LIT("base.file.open"));
}

/* --- what is refused --------------------------------------------------------------- */

struct bad {
    struct hm_bytes text;
    const char *reason;
    const char *word; /* stands in the message */
};

static void refuse(const struct hm_temp *t, const struct bad *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct hm_err e = {.rc = HM_OK};

        assert_ok(hm_file_save(hm_temp_path(t, "bad.json"), rows[i].text,
                               HM_OUT_REPLACE, &e),
                  &e);
        CHECK(t, &r, "bad.json");
        assert_run(&r, 1, rows[i].reason);
        if (strstr(hm_run_err(&r), rows[i].word) == NULL)
            fail_msg("no '%s' in %s", rows[i].word, hm_run_err(&r));
    }
}

static void another_format_is_named_and_refused(void **state)
{
    static const char no[] = "sbom.format.unsupported";
    const struct bad rows[] = {
        {HM_LIT("{\"spdxVersion\":\"SPDX-2.3\",\"name\":\"thermostat\"}"), no,
         "SPDX 2.x in JSON"},
        {HM_LIT("SPDXVersion: SPDX-2.3\n"), no, "SPDX 2.x in tag-value"},
        {HM_LIT("<?xml version=\"1.0\"?><bom xmlns=\""
                "http://cyclonedx.org/schema/bom/1.6\"/>"),
         no, "CycloneDX in XML"},
        {HM_LIT("\xff\xfe{\0\"\0b\0"), no, "UTF-16"},
        {HM_LIT("\xef\xbb\xbf" SBOM(GOOD)), no, "byte-order mark"},
        {HM_LIT("\x1f\x8b\x08\0\0\0\0\0"), no, "compressed"},
        {HM_LIT("[]"), no, "no SBOM that is known"},
        {HM_LIT(""), no, "no format"},
        {HM_LIT("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.8\"}"),
         "sbom.version.unsupported", "1.8"},
    };

    refuse(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

#define BOM "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\""

static void what_is_not_strict_json_is_refused_at_its_byte(void **state)
{
    const struct bad rows[] = {
        {HM_LIT(BOM ",\"specVersion\":\"1.6\"}"), "json.duplicate",
         "specVersion"},
        {HM_LIT(BOM ",\"x\":{\"a\":1,\"\\u0061\":2}}"), "json.duplicate",
         "'a' stands twice"},
        {HM_LIT(BOM "} x"), "json.trailing", "byte 46"},
        {HM_LIT(BOM), "json.syntax", "byte 44"},
        {HM_LIT(BOM ",\"x\":\"\xff\"}"), "json.utf8", "byte 50"},
        {HM_LIT(BOM ",\"x\":\"\\u0000\"}"), "json.nul", "byte 50"},
    };

    refuse(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

#define NESTED 100000u

static void brackets_without_end_are_refused_not_followed(void **state)
{
    static char text[NESTED + 64];
    static const char head[] = "{\"bomFormat\":\"CycloneDX\",\"x\":";
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    memcpy(text, head, sizeof(head));
    memset(text + sizeof(head) - 1, '[', NESTED);
    hm_temp_write(t, "deep.json", text);
    CHECK(t, &r, "deep.json");
    assert_run(&r, 1, "json.depth");
}

static void what_is_no_file_is_exit_3(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    CHECK(t, &r, "nowhere.json");
    assert_run(&r, 3, "base.file.open");
    CHECK(t, &r, "stage");
    assert_run(&r, 3, "base.file.kind");
    assert_int_equal(mkfifo(hm_temp_path(t, "pipe"), 0600), 0);
    CHECK(t, &r, "pipe");
    assert_run(&r, 3, "base.file.kind");
    CHECK(t, &r, "good.json", "--release", "nowhere.json");
    assert_run(&r, 3, "base.file.open");
}

static void a_call_that_makes_no_sense_is_exit_2(void **state)
{
    static const struct {
        const char *argv[9];
        const char *reason;
    } rows[] = {
        {{"check"}, "cli.operand.missing"},
        {{"check", "good.json", "good.json"}, "cli.operand.extra"},
        {{"chekc", "good.json"}, "cli.command.unknown"},
        {{"check", "good.json", "--dir", "stage"}, "cli.option.missing"},
        {{"check", "good.json", "-o", "copy"}, "cli.option.missing"},
        {{"check", "good.json", "--release", "release.json", "-o", "copy"},
         "cli.option.missing"},
        {{"check", "good.json", "--json", BIND, "-"}, "cli.option.value"},
        {{"check", "good.json", "--release"}, "cli.option.value"},
        {{"check", "good.json", "--release", "bad.json"},
         "release.format.unknown"},
    };
    const struct hm_temp *t = *state;

    hm_temp_write(t, "bad.json", "{ \"format\": \"hallmark-root/1\" }");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *argv[11] = {"hallmark-sbom"};
        HM_OWN(hm_run) r = HM_RUN_INIT;

        for (size_t k = 0; k < 9; k++)
            argv[k + 1] = rows[i].argv[k];
        hm_run(&r, IN(t), argv);
        assert_run(&r, 2, rows[i].reason);
        assert_false(has(t, "copy"));
    }
}

/* --- the world fails ---------------------------------------------------------------- */

static void a_folder_that_cannot_be_written_is_exit_3(void **state)
{
    const struct hm_temp *t = *state;
    const struct hm_run_how nobody = {.cwd = t->path, .drop_to_uid = 65534};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    CHECK(t, &r, "good.json", BIND, "nowhere/fw.json");
    assert_run(&r, 3, "base.dir.open");
    if (getuid() != 0)
        skip();
    HM_RUN(&r, &nobody, "hallmark-sbom", "check", "good.json", BIND,
           "stage/sbom/fw.json");
    assert_run(&r, 3, "base.out.open");
    assert_non_null(strstr(hm_run_err(&r), "ermission denied"));
    assert_nothing_written(t);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    const struct hm_temp *t = *state;
    const struct hm_run_how small = {.cwd = t->path, .file_size_max = 100};
    const struct hm_run_how full = {.cwd = t->path, .stdout_full = true};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &small, "hallmark-sbom", "check", "good.json", BIND,
           "stage/sbom/fw.json");
    assert_run(&r, 3, "base.file.write");
    assert_nothing_written(t);
    HM_RUN(&r, &full, "hallmark-sbom", "check", "good.json", BIND, "-");
    assert_run(&r, 3, "base.file.write");
    HM_RUN(&r, &full, "hallmark-sbom", "check", "good.json");
    assert_run(&r, 3, "cli.stdout.write");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_sbom_is_exit_0_with_every_check_listed),
        TEST(standard_input_is_read_like_a_file),
        TEST(the_root_must_be_the_product_and_version_released),
        TEST(the_file_must_be_one_that_the_release_lists),
        TEST(a_hostile_name_reaches_no_terminal),
        TEST(the_copy_differs_in_the_hashes_of_the_root_alone),
        TEST(what_is_not_bound_is_not_written),
        TEST(an_existing_copy_is_replaced_only_by_force),
        TEST(a_dry_run_decides_and_writes_nothing),
        TEST(an_artefact_that_is_not_there_binds_nothing),
        TEST(json_holds_every_finding_and_the_artefact),
        TEST(another_format_is_named_and_refused),
        TEST(what_is_not_strict_json_is_refused_at_its_byte),
        TEST(brackets_without_end_are_refused_not_followed),
        TEST(what_is_no_file_is_exit_3),
        TEST(a_call_that_makes_no_sense_is_exit_2),
        TEST(a_folder_that_cannot_be_written_is_exit_3),
        TEST(a_full_disk_leaves_nothing_behind),
    };

    return cmocka_run_group_tests_name("hallmark-sbom", tests, NULL, NULL);
}
