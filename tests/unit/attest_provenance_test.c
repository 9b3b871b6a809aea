#include "hm_attest.h"

#include "alloc_fail.h"
#include "hm_test.h"

#define H40 "0123456789abcdef0123456789abcdef01234567"
#define H64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The Statement around a predicate. */
static void wrap(const char *predicate, const char *type, struct hm_buf *out)
{
    struct hm_attest_subject s = {
        .name = "a", .has_sha256 = true, .has_sha512 = true};
    struct hm_err e = {0};

    assert_ok(hm_attest_write_statement(&s, 1, type, hm_bytes_str(predicate),
                                        out, &e),
              &e);
}

#define DEF(more)                                                 \
    "\"buildDefinition\":{\"buildType\":\"https://x.example/b\"," \
    "\"externalParameters\":{\"a\":\"1\"}" more "}"
#define RUN(more) \
    "\"runDetails\":{\"builder\":{\"id\":\"https://x.example/w\"}" more "}"
#define BOTH(def, run)    "{" DEF(def) "," RUN(run) "}"
#define DEPENDENCY(entry) ",\"resolvedDependencies\":[" entry "]"
#define METADATA(entry)   ",\"metadata\":{" entry "}"

static const struct {
    const char *predicate;
    hm_rc want;
    const char *reason;
} rows[] = {
    {BOTH("", ""), HM_OK, ""},
    {"{" DEF("") "," RUN("") ",\"x_a\":1}", HM_OK, ""},
    {"{" DEF("") "," RUN("") ",\"a\":1}", HM_E_FORMAT, "json.member.unknown"},
    {"{" DEF("") "}", HM_E_FORMAT, "json.member.missing"},
    {"{" RUN("") "}", HM_E_FORMAT, "json.member.missing"},
    {BOTH(",\"a\":1", ""), HM_E_FORMAT, "json.member.unknown"},
    {BOTH("", ",\"a\":1"), HM_E_FORMAT, "json.member.unknown"},
    {BOTH(",\"internalParameters\":{\"b\":\"2\"}", ""), HM_OK, ""},
    {BOTH(",\"internalParameters\":{\"a\":\"2\"}", ""), HM_E_FORMAT,
     "attest.provenance.twice"},
    {BOTH(",\"internalParameters\":{\"b\":2}", ""), HM_E_FORMAT,
     "json.member.type"},
    {BOTH(",\"internalParameters\":[]", ""), HM_E_FORMAT, "json.member.type"},
    {BOTH(DEPENDENCY("{\"uri\":\"git+https://x\"}"), ""), HM_OK, ""},
    {BOTH(DEPENDENCY("{\"digest\":{\"gitCommit\":\"" H40 "\"}}"), ""), HM_OK,
     ""},
    {BOTH(DEPENDENCY("{\"digest\":{\"gitCommit\":\"" H64 "\"}}"), ""), HM_OK,
     ""},
    {BOTH(DEPENDENCY("{\"name\":\"x\"}"), ""), HM_E_FORMAT,
     "attest.provenance.resource"},
    {BOTH(DEPENDENCY("{\"digest\":{}}"), ""), HM_E_FORMAT,
     "attest.provenance.resource"},
    {BOTH(DEPENDENCY("{\"digest\":{\"gitCommit\":\"0123\"}}"), ""), HM_E_FORMAT,
     "base.hex.syntax"},
    {BOTH(DEPENDENCY("{\"digest\":{\"sha256\":\"" H40 "\"}}"), ""), HM_E_FORMAT,
     "base.hex.syntax"},
    {BOTH(DEPENDENCY("{\"digest\":{\"sha1\":\"" H40 "\"}}"), ""), HM_E_FORMAT,
     "json.member.unknown"},
    {BOTH(DEPENDENCY("7"), ""), HM_E_FORMAT, "json.member.type"},
    {BOTH("", METADATA("\"startedOn\":\"2026-01-01T00:00:00Z\"")), HM_OK, ""},
    {BOTH("", METADATA("\"startedOn\":\"2026-01-01T00:00:00+01:00\"")),
     HM_E_FORMAT, "base.time.syntax"},
    {BOTH("", METADATA("\"startedOn\":\"2026-01-02T00:00:00Z\","
                       "\"finishedOn\":\"2026-01-01T00:00:00Z\"")),
     HM_E_FORMAT, "attest.provenance.times"},
    {BOTH("", METADATA("\"invocationId\":\"\"")), HM_E_FORMAT,
     "json.member.empty"},
    {BOTH("", METADATA("\"reproducible\":true")), HM_E_FORMAT,
     "json.member.unknown"},
    {BOTH("", ",\"byproducts\":[{\"digest\":{\"sha256\":\"" H64 "\"}}]"), HM_OK,
     ""},
    {BOTH("", ",\"byproducts\":{}"), HM_E_FORMAT, "json.member.type"},
    {"{\"buildDefinition\":{\"buildType\":\"no uri\",\"externalParameters\":{}"
     "}," RUN("") "}",
     HM_E_FORMAT, "attest.provenance.uri"},
    {"{\"buildDefinition\":{\"buildType\":\"x:y\"}," RUN("") "}", HM_E_FORMAT,
     "json.member.missing"},
    {"{" DEF("") ",\"runDetails\":{\"builder\":{\"id\":\"HTTPS://x\"}}}",
     HM_E_FORMAT, "attest.provenance.uri"},
    {"{" DEF("") ",\"runDetails\":{\"builder\":{}}}", HM_E_FORMAT,
     "json.member.missing"},
};

static void a_predicate_is_read_whole_or_refused_for_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
        HM_OWN(hm_attest_provenance) p = HM_ATTEST_PROVENANCE_INIT;
        HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
        struct hm_err e = {0};
        hm_rc rc;

        wrap(rows[i].predicate, HM_ATTEST_PROVENANCE, &text);
        assert_ok(hm_attest_read_statement(&s, hm_buf_view(&text),
                                           HM_ATTEST_OURS, &e),
                  &e);
        rc = hm_attest_read_provenance(&p, &s, &e);
        if (rc != rows[i].want ||
            (rc != HM_OK && strcmp(e.reason, rows[i].reason) != 0))
            fail_msg("row %zu: %s %s '%s', expected %s", i, hm_rc_name(rc),
                     e.reason, e.text, rows[i].reason);
        if (rc != HM_OK)
            assert_true(p.build_type == NULL && p.external.pair == NULL &&
                        p.dependencies.resource == NULL);
    }
}

static void only_a_provenance_statement_is_read_as_provenance(void **state)
{
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_attest_provenance) p = HM_ATTEST_PROVENANCE_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    (void)state;
    assert_fails(hm_attest_read_provenance(&p, &s, &e), HM_E_FORMAT,
                 "attest.predicate.type", &e);
    wrap(BOTH("", ""), HM_ATTEST_SUMMARY, &text);
    assert_ok(
        hm_attest_read_statement(&s, hm_buf_view(&text), HM_ATTEST_OURS, &e),
        &e);
    assert_fails(hm_attest_read_provenance(&p, &s, &e), HM_E_FORMAT,
                 "attest.predicate.type", &e);
}

static struct hm_attest_pair external[] = {{"vendor", "acme"},
                                           {"version", "1.0.1"}};
static struct hm_attest_pair internal[] = {{"SOURCE_DATE_EPOCH", "1"}};
static struct hm_attest_pair versions[] = {{"hallmark", "0.1.0"}};
static struct hm_attest_resource dependencies[] = {
    {.name = "release.json", .sha256 = H64},
    {.name = "source",
     .uri = "git+https://x/y@refs/tags/v1",
     .git_commit = H40}};
static struct hm_attest_resource byproducts[] = {
    {.name = "sbom/a.json", .sha256 = H64, .sha512 = H64 H64}};

static struct hm_attest_provenance full(void)
{
    struct hm_attest_provenance p = HM_ATTEST_PROVENANCE_INIT;

    p.build_type = "https://x.example/b";
    p.builder_id = "https://x.example/w";
    p.external = (struct hm_attest_pairs){external, 2};
    p.internal = (struct hm_attest_pairs){internal, 1};
    p.builder_version = (struct hm_attest_pairs){versions, 1};
    p.dependencies = (struct hm_attest_resources){dependencies, 2};
    p.byproducts = (struct hm_attest_resources){byproducts, 1};
    p.invocation_id = "https://ci.example/1";
    p.started = 1767225600;
    p.finished = 1767225900;
    return p;
}

/* Writes what @p p says, reads it back into @p again; text keeps the bytes. */
static void turn(const struct hm_attest_provenance *p,
                 struct hm_attest_statement *s,
                 struct hm_attest_provenance *again, struct hm_buf *text)
{
    HM_OWN(hm_buf) statement = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_buf) predicate = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    assert_ok(hm_attest_write_provenance(p, &predicate, &e), &e);
    assert_ok(hm_buf_add(text, hm_buf_view(&predicate), &e), &e);
    assert_ok(
        hm_buf_add(&predicate, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
        &e);
    wrap((const char *)predicate.p, HM_ATTEST_PROVENANCE, &statement);
    assert_ok(hm_attest_read_statement(s, hm_buf_view(&statement),
                                       HM_ATTEST_OURS, &e),
              &e);
    assert_ok(hm_attest_read_provenance(again, s, &e), &e);
}

static void everything_that_is_written_reads_back(void **state)
{
    const struct hm_attest_provenance p = full();
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_attest_provenance) r = HM_ATTEST_PROVENANCE_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_buf) again = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    (void)state;
    turn(&p, &s, &r, &text);
    assert_string_equal(r.build_type, p.build_type);
    assert_string_equal(r.builder_id, p.builder_id);
    assert_string_equal(hm_attest_find_pair(&r.external, "version"), "1.0.1");
    assert_null(hm_attest_find_pair(&r.external, "SOURCE_DATE_EPOCH"));
    assert_string_equal(hm_attest_find_source(&r)->git_commit, H40);
    assert_string_equal(hm_attest_find_source(&r)->uri,
                        "git+https://x/y@refs/tags/v1");
    assert_string_equal(r.byproducts.resource[0].sha512, H64 H64);
    assert_string_equal(r.invocation_id, p.invocation_id);
    assert_int_equal(r.started, p.started);
    assert_int_equal(r.finished, p.finished);
    assert_ok(hm_attest_write_provenance(&r, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&text), hm_buf_view(&again));
}

static void the_least_provenance_reads_back_and_claims_nothing(void **state)
{
    struct hm_attest_provenance p = HM_ATTEST_PROVENANCE_INIT;
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_attest_provenance) r = HM_ATTEST_PROVENANCE_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);

    (void)state;
    p.build_type = "x:b";
    p.builder_id = "x:w";
    turn(&p, &s, &r, &text);
    assert_null(hm_attest_find_source(&r));
    assert_null(r.invocation_id);
    assert_int_equal(r.started, 0);
    assert_null(memmem(text.p, text.n, "LEVEL", 5));
    assert_null(memmem(text.p, text.n, "metadata", 8));
}

static void a_builder_that_is_no_uri_is_not_written(void **state)
{
    static const char *const bad[] = {"",      "builder", ":x",  "1x:y",
                                      "x y:z", "x:",      "X:y", "x:\x7f"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct hm_attest_provenance p = full();
        HM_OWN(hm_buf) out = HM_BUF_INIT(1u << 20);
        struct hm_err e = {0};

        p.builder_id = bad[i];
        assert_fails(hm_attest_write_provenance(&p, &out, &e), HM_E_FORMAT,
                     "attest.provenance.uri", &e);
        p = full();
        p.build_type = bad[i];
        assert_fails(hm_attest_write_provenance(&p, &out, &e), HM_E_FORMAT,
                     "attest.provenance.uri", &e);
        assert_null(out.p);
    }
}

static void reading_survives_every_failing_allocation(void **state)
{
    const struct hm_attest_provenance p = full();
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_attest_provenance) r = HM_ATTEST_PROVENANCE_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);

    (void)state;
    turn(&p, &s, &r, &text);
    for (int k = 0; k < 1000; k++) {
        struct hm_err e = {0};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_attest_read_provenance(&r, &s, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_int_equal(rc, HM_E_NOMEM);
        assert_null(r.external.pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_predicate_is_read_whole_or_refused_for_a_reason),
        cmocka_unit_test(only_a_provenance_statement_is_read_as_provenance),
        cmocka_unit_test(everything_that_is_written_reads_back),
        cmocka_unit_test(the_least_provenance_reads_back_and_claims_nothing),
        cmocka_unit_test(a_builder_that_is_no_uri_is_not_written),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("attest_provenance", tests, NULL, NULL);
}
