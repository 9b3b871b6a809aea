#include "hm_attest.h"

#include "alloc_fail.h"
#include "hm_test.h"

#define H64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define H128 H64 H64
#define TYPE "\"_type\":\"https://in-toto.io/Statement/v1\""
#define PRED                                                \
    "\"predicateType\":\"https://slsa.dev/provenance/v1\"," \
    "\"predicate\":{}"
#define SUBJ(digest)        "{\"name\":\"artefacts/a\",\"digest\":{" digest "}}"
#define SHA256              "\"sha256\":\"" H64 "\""
#define STATEMENT(subjects) "{" TYPE ",\"subject\":[" subjects "]," PRED "}"
#define GOOD                STATEMENT(SUBJ(SHA256))

struct row {
    const char *text;
    hm_rc want;
    const char *reason;
};

static void try_rows(const struct row *rows, size_t n,
                     enum hm_attest_dialect dialect)
{
    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
        struct hm_err e = {0};
        const hm_rc rc = hm_attest_read_statement(
            &s, hm_bytes_str(rows[i].text), dialect, &e);

        if (rows[i].want == HM_OK && rc != HM_OK)
            fail_msg("row %zu: %s [%s]", i, e.text, e.reason);
        if (rows[i].want == HM_OK)
            continue;
        if (rc != rows[i].want || strcmp(e.reason, rows[i].reason) != 0)
            fail_msg("row %zu: %s %s, expected %s", i, hm_rc_name(rc), e.reason,
                     rows[i].reason);
        assert_null(s.subjects);
        assert_null(s.doc.root);
    }
}

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])

static void a_subject_is_a_name_and_the_right_digests(void **state)
{
    static const struct row rows[] = {
        {GOOD, HM_OK, ""},
        {STATEMENT(SUBJ(SHA256 ",\"sha512\":\"" H128 "\"")), HM_OK, ""},
        {STATEMENT(""), HM_E_LIMIT, "json.member.count"},
        {STATEMENT(SUBJ("")), HM_E_FORMAT, "attest.subject.digest"},
        {STATEMENT(SUBJ("\"sha512\":\"" H128 "\"")), HM_E_FORMAT,
         "attest.subject.digest"},
        {STATEMENT(SUBJ("\"sha1\":\"" H64 "\"")), HM_E_FORMAT,
         "json.member.unknown"},
        {STATEMENT(SUBJ("\"sha256\":\"" H128 "\"")), HM_E_FORMAT,
         "attest.subject.digest"},
        {STATEMENT(SUBJ(SHA256 ",\"sha512\":\"" H64 "\"")), HM_E_FORMAT,
         "attest.subject.digest"},
        {STATEMENT(SUBJ("\"sha256\":\"ABCDEF\"")), HM_E_FORMAT,
         "attest.subject.digest"},
        {STATEMENT(SUBJ("\"sha256\":7")), HM_E_FORMAT, "attest.subject.digest"},
        {STATEMENT(SUBJ(SHA256) "," SUBJ(SHA256)), HM_E_FORMAT,
         "attest.subject.twice"},
        {STATEMENT("{\"digest\":{" SHA256 "}}"), HM_E_FORMAT,
         "json.member.missing"},
        {STATEMENT("{\"name\":\"../a\",\"digest\":{" SHA256 "}}"), HM_E_FORMAT,
         "base.name.syntax"},
        {STATEMENT("{\"name\":\"a\",\"uri\":\"x:y\",\"digest\":{" SHA256 "}}"),
         HM_E_FORMAT, "json.member.unknown"},
        {STATEMENT("{\"name\":\"a\",\"x_a\":1,\"digest\":{" SHA256 "}}"),
         HM_E_FORMAT, "json.member.unknown"},
        {STATEMENT("{\"name\":\"a\"}"), HM_E_FORMAT, "json.member.missing"},
        {STATEMENT("7"), HM_E_FORMAT, "json.member.type"},
    };

    (void)state;
    try_rows(ROWS(rows), HM_ATTEST_OURS);
}

#define TYPED(type, predicate)                                       \
    "{\"_type\":\"" type                                             \
    "\",\"subject\":[" SUBJ(SHA256) "],"                             \
                                    "\"predicateType\":\"" predicate \
                                    "\",\"predicate\":{}}"
#define V1   "https://in-toto.io/Statement/v1"
#define V01  "https://in-toto.io/Statement/v0.1"
#define SLSA "https://slsa.dev/provenance/v1"

/* adversarial D11, D22 */
static void the_pair_of_types_is_on_a_list_compared_byte_by_byte(void **state)
{
    static const struct row rows[] = {
        {TYPED(V1, SLSA), HM_OK, ""},
        {TYPED(V1, "https://slsa.dev/verification_summary/v1"), HM_OK, ""},
        {TYPED(V1, "https://cyclonedx.org/bom"), HM_OK, ""},
        {TYPED(V1, SLSA "evil"), HM_E_FORMAT, "attest.predicate.type"},
        {TYPED(V1, SLSA "/"), HM_E_FORMAT, "attest.predicate.type"},
        {TYPED(V1, "https://slsa.dev/provenance/V1"), HM_E_FORMAT,
         "attest.predicate.type"},
        {TYPED(V1, "http://slsa.dev/provenance/v1"), HM_E_FORMAT,
         "attest.predicate.type"},
        {TYPED(V1, "https://slsa.dev/provenance/v0.2"), HM_E_FORMAT,
         "attest.predicate.type"},
        {TYPED(V1, ""), HM_E_FORMAT, "json.member.empty"},
        {TYPED(V01, SLSA), HM_E_FORMAT, "attest.statement.type"},
        {TYPED(V1 "/", SLSA), HM_E_FORMAT, "attest.statement.type"},
        {TYPED("", SLSA), HM_E_FORMAT, "json.member.empty"},
    };
    static const struct row foreign[] = {
        {TYPED(V01, SLSA), HM_OK, ""},
        {TYPED(V01, "https://slsa.dev/provenance/v0.2"), HM_OK, ""},
        {TYPED(V1, "https://slsa.dev/provenance/v0.2"), HM_E_FORMAT,
         "attest.predicate.type"},
        {TYPED(V01, SLSA "x"), HM_E_FORMAT, "attest.predicate.type"},
        {TYPED("https://in-toto.io/Statement/v2", SLSA), HM_E_FORMAT,
         "attest.statement.type"},
    };

    (void)state;
    try_rows(ROWS(rows), HM_ATTEST_OURS);
    try_rows(ROWS(foreign), HM_ATTEST_FOREIGN);
}

static void nothing_else_stands_in_a_statement_of_ours(void **state)
{
    static const struct row rows[] = {
        {"{" TYPE ",\"subject\":[" SUBJ(SHA256) "]," PRED ",\"more\":1}",
         HM_E_FORMAT, "json.member.unknown"},
        {"{" TYPE ",\"subject\":[" SUBJ(SHA256) "]," PRED ",\"x_more\":1}",
         HM_E_FORMAT, "json.member.unknown"},
        {"{" TYPE ",\"subject\":[" SUBJ(SHA256) "],\"predicateType\":\"" SLSA
                                                "\",\"predicate\":[]}",
         HM_E_FORMAT, "attest.predicate.kind"},
        {"{" TYPE ",\"subject\":[" SUBJ(SHA256) "],\"predicateType\":\"" SLSA
                                                "\"}",
         HM_E_FORMAT, "attest.predicate.kind"},
        {"{" TYPE ",\"subject\":[" SUBJ(SHA256) "],\"predicateType\":\"" SLSA
                                                "\",\"predicate\":{\"a\":1.5}}",
         HM_E_FORMAT, "json.number"},
        {"[]", HM_E_FORMAT, "json.member.type"},
    };
    static const struct row foreign[] = {
        {"{" TYPE ",\"subject\":[" SUBJ(SHA256) "]," PRED ",\"more\":1.5}",
         HM_OK, ""},
        {STATEMENT("{\"uri\":\"x:y\",\"digest\":{\"sha512\":\"" H128 "\"}}"),
         HM_OK, ""},
        {STATEMENT("{\"digest\":{\"sha1\":\"00\"}}"), HM_E_FORMAT,
         "attest.subject.digest"},
        {STATEMENT(SUBJ("\"sha256\":\"78ab6a8...\"")), HM_E_FORMAT,
         "attest.subject.digest"},
    };

    (void)state;
    try_rows(ROWS(rows), HM_ATTEST_OURS);
    try_rows(ROWS(foreign), HM_ATTEST_FOREIGN);
}

static struct hm_attest_subject subject(const char *name, uint8_t fill)
{
    struct hm_attest_subject s = {
        .name = name, .has_sha256 = true, .has_sha512 = true};

    memset(s.sha256, fill, sizeof(s.sha256));
    memset(s.sha512, fill, sizeof(s.sha512));
    return s;
}

static void what_is_written_reads_back_in_the_order_of_names(void **state)
{
    const struct hm_attest_subject subjects[] = {subject("artefacts/b", 2),
                                                 subject("artefacts/a", 1),
                                                 subject("artefacts/a.b", 3)};
    const struct hm_attest_subject turned[] = {subjects[2], subjects[0],
                                               subjects[1]};
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_buf) again = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_attest_write_statement(subjects, 3, HM_ATTEST_PROVENANCE,
                                        HM_LIT("{ \"a\" : [1] }"), &text, &e),
              &e);
    assert_ok(hm_attest_write_statement(turned, 3, HM_ATTEST_PROVENANCE,
                                        HM_LIT("{\"a\":[1]}"), &again, &e),
              &e);
    assert_bytes_equal(hm_buf_view(&text), hm_buf_view(&again));
    assert_ok(
        hm_attest_read_statement(&s, hm_buf_view(&text), HM_ATTEST_OURS, &e),
        &e);
    assert_int_equal(s.n_subjects, 3);
    assert_string_equal(s.subjects[0].name, "artefacts/a");
    assert_string_equal(s.subjects[1].name, "artefacts/a.b");
    assert_string_equal(s.subjects[2].name, "artefacts/b");
    assert_memory_equal(s.subjects[2].sha512, subjects[0].sha512, 64);
    assert_string_equal(s.predicate_type, HM_ATTEST_PROVENANCE);
}

static void the_writer_writes_nothing_that_the_reader_refuses(void **state)
{
    struct hm_attest_subject two[] = {subject("a", 1), subject("a", 2)};
    struct hm_attest_subject bad = subject("../a", 1);
    HM_OWN(hm_buf) out = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    (void)state;
    assert_fails(hm_attest_write_statement(two, 2, HM_ATTEST_PROVENANCE,
                                           HM_LIT("{}"), &out, &e),
                 HM_E_FORMAT, "attest.subject.twice", &e);
    assert_fails(hm_attest_write_statement(two, 0, HM_ATTEST_PROVENANCE,
                                           HM_LIT("{}"), &out, &e),
                 HM_E_LIMIT, "json.member.count", &e);
    assert_fails(hm_attest_write_statement(&bad, 1, HM_ATTEST_PROVENANCE,
                                           HM_LIT("{}"), &out, &e),
                 HM_E_FORMAT, "base.name.syntax", &e);
    assert_fails(hm_attest_write_statement(two, 1, "https://x.example/",
                                           HM_LIT("{}"), &out, &e),
                 HM_E_FORMAT, "attest.predicate.type", &e);
    assert_fails(hm_attest_write_statement(two, 1, HM_ATTEST_PROVENANCE,
                                           HM_LIT("[]"), &out, &e),
                 HM_E_FORMAT, "attest.predicate.kind", &e);
    assert_fails(hm_attest_write_statement(two, 1, HM_ATTEST_PROVENANCE,
                                           HM_LIT("{"), &out, &e),
                 HM_E_FORMAT, "json.syntax", &e);
    two[0].has_sha256 = false;
    assert_fails(hm_attest_write_statement(two, 1, HM_ATTEST_PROVENANCE,
                                           HM_LIT("{}"), &out, &e),
                 HM_E_FORMAT, "attest.subject.digest", &e);
    assert_null(out.p);
}

/* adversarial D8: the digests decide, all of them; a name alone never does. */
static void a_file_is_found_by_its_digests(void **state)
{
    struct hm_attest_subject subjects[] = {subject("a", 1), subject("b", 2)};
    const struct hm_attest_statement s = {.subjects = subjects,
                                          .n_subjects = 2};
    struct hm_digests d = {.size = 1};

    (void)state;
    memset(d.sha256, 2, sizeof(d.sha256));
    memset(d.sha512, 2, sizeof(d.sha512));
    assert_ptr_equal(hm_attest_find_subject(&s, NULL, &d), &subjects[1]);
    assert_ptr_equal(hm_attest_find_subject(&s, "b", &d), &subjects[1]);
    assert_null(hm_attest_find_subject(&s, "a", &d));
    d.sha512[63] ^= 1;
    assert_null(hm_attest_find_subject(&s, "b", &d));
    subjects[1].has_sha512 = false;
    assert_non_null(hm_attest_find_subject(&s, "b", &d));
    subjects[1].has_sha256 = false;
    assert_null(hm_attest_find_subject(&s, "b", &d));
}

static void a_statement_survives_every_failing_allocation(void **state)
{
    const struct hm_attest_subject one = subject("a", 1);

    (void)state;
    for (int k = 0; k < 10000; k++) {
        HM_OWN(hm_buf) out = HM_BUF_INIT(1u << 20);
        struct hm_err e = {0};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_attest_write_statement(&one, 1, HM_ATTEST_PROVENANCE,
                                       HM_LIT("{\"a\":[1,2]}"), &out, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_int_equal(rc, HM_E_NOMEM);
        assert_null(out.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_is_a_name_and_the_right_digests),
        cmocka_unit_test(the_pair_of_types_is_on_a_list_compared_byte_by_byte),
        cmocka_unit_test(nothing_else_stands_in_a_statement_of_ours),
        cmocka_unit_test(what_is_written_reads_back_in_the_order_of_names),
        cmocka_unit_test(the_writer_writes_nothing_that_the_reader_refuses),
        cmocka_unit_test(a_file_is_found_by_its_digests),
        cmocka_unit_test(a_statement_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("attest_statement", tests, NULL, NULL);
}
