#include "hm_file.h"
#include "hm_json.h"

#include "alloc_fail.h"
#include "hm_test.h"

#define PARSING   HM_TESTDATA "/third-party/json-JSONTestSuite/test_parsing"
#define TRANSFORM HM_TESTDATA "/third-party/json-JSONTestSuite/test_transform"
#define CHECKER   HM_TESTDATA "/third-party/json-jsonchecker/data/jsonchecker"

#define MAX ((size_t)1 << 20)

static hm_rc check_file(const struct hm_dir *d, const char *name,
                        struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(MAX);

    *e = (struct hm_err){0};
    assert_ok(hm_file_load_at(d, name, &text, e), e);
    return hm_json_check(hm_buf_view(&text), HM_JSON_FOREIGN, MAX, e);
}

/* Valid JSON that we refuse on purpose: ambiguous for one reader or another. */
static const char *stricter_reason(const char *name)
{
    static const struct {
        const char *name;
        const char *reason;
    } rows[] = {
        {"y_object_duplicated_key.json", "json.duplicate"},
        {"y_object_duplicated_key_and_value.json", "json.duplicate"},
        {"y_object_escaped_null_in_key.json", "json.nul"},
        {"y_string_null_escape.json", "json.nul"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].reason;
    return NULL;
}

static void the_published_test_suite_gets_its_verdicts(void **state)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};
    size_t seen = 0;

    (void)state;
    assert_ok(hm_dir_open(&d, PARSING, &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.name[i];
        const char *stricter = stricter_reason(name);
        const hm_rc rc = check_file(&d, name, &e);

        if (stricter != NULL)
            assert_fails(rc, HM_E_FORMAT, stricter, &e);
        else if (name[0] == 'y' && rc != HM_OK)
            fail_msg("%s: %s", name, e.text);
        else if (name[0] == 'n' && rc == HM_OK)
            fail_msg("%s was accepted", name);
        seen++;
    }
    assert_true(seen > 100);
}

static void ambiguous_documents_of_the_suite_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *reason;
    } rows[] = {
        {"object_same_key_unclear_values.json", "json.duplicate"},
        {"string_with_escaped_NULL.json", "json.nul"},
        {"string_1_escaped_invalid_codepoint.json", "json.surrogate"},
        {"string_1_invalid_codepoint.json", "json.utf8"},
    };
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_dir_open(&d, TRANSFORM, &e), &e);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_fails(check_file(&d, rows[i].name, &e), HM_E_FORMAT,
                     rows[i].reason, &e);
}

static void the_json_checker_gets_its_verdicts(void **state)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_dir_open(&d, CHECKER, &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    assert_true(names.n > 30);
    for (size_t i = 0; i < names.n; i++) {
        const hm_rc rc = check_file(&d, names.name[i], &e);

        if (strstr(names.name[i], "_EXCLUDE") != NULL)
            continue;
        if ((names.name[i][0] == 'p') != (rc == HM_OK))
            fail_msg("%s: %s", names.name[i], rc == HM_OK ? "yes" : e.text);
    }
}

static void what_is_refused_is_refused_for_its_reason(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {
        {"", "json.syntax"},
        {"\xef\xbb\xbf{}", "json.bom"},
        {"{}{}", "json.trailing"},
        {"{} x", "json.trailing"},
        {"{\"version\":1,\"\\u0076ersion\":2}", "json.duplicate"},
        {"{\"a\":{\"b\":1,\"b\":1}}", "json.duplicate"},
        {"{\"a\\u0000\":1}", "json.nul"},
        {"[\"\\ud800\"]", "json.surrogate"},
        {"[\"\xc0\xaf\"]", "json.utf8"},
        {"[\"\xed\xa0\x80\"]", "json.utf8"},
        {"[\"a\nb\"]", "json.syntax"},
        {"[-1]", "json.number"},
        {"[-0]", "json.number"},
        {"[1.0]", "json.number"},
        {"[1e3]", "json.number"},
        {"[01]", "json.syntax"},
        {"[0x10]", "json.syntax"},
        {"[NaN]", "json.syntax"},
        {"[1,]", "json.syntax"},
        {"{\"a\":1,}", "json.syntax"},
        {"{'a':1}", "json.syntax"},
        {"[1", "json.syntax"},
        {"[}", "json.syntax"},
        {"{]", "json.syntax"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hm_err e = {0};

        assert_fails(
            hm_json_check(hm_bytes_str(rows[i].text), HM_JSON_OURS, MAX, &e),
            HM_E_FORMAT, rows[i].reason, &e);
    }
}

static void integers_end_at_two_to_the_53_minus_1(void **state)
{
    struct hm_err e = {0};

    (void)state;
    assert_ok(
        hm_json_check(HM_LIT("[9007199254740991]"), HM_JSON_OURS, MAX, &e), &e);
    assert_fails(
        hm_json_check(HM_LIT("[9007199254740992]"), HM_JSON_OURS, MAX, &e),
        HM_E_LIMIT, "json.number.range", &e);
    assert_ok(
        hm_json_check(HM_LIT("[1e400, -0.5E-3]"), HM_JSON_FOREIGN, MAX, &e),
        &e);
}

static void depth_and_size_have_limits(void **state)
{
    char deep[2 * (HM_JSON_DEPTH_MAX + 1)];
    const size_t half = HM_JSON_DEPTH_MAX + 1;
    struct hm_err e = {0};

    (void)state;
    memset(deep, '[', half);
    memset(deep + half, ']', half);
    assert_ok(
        hm_json_check((struct hm_bytes){(uint8_t *)deep + 1, sizeof(deep) - 2},
                      HM_JSON_OURS, MAX, &e),
        &e);
    assert_fails(hm_json_check((struct hm_bytes){(uint8_t *)deep, sizeof(deep)},
                               HM_JSON_OURS, MAX, &e),
                 HM_E_LIMIT, "json.depth", &e);
    assert_fails(hm_json_check(HM_LIT("[1,2]"), HM_JSON_OURS, 4, &e),
                 HM_E_LIMIT, "json.size", &e);
}

static void a_million_members_are_no_attack(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT((size_t)64 << 20);
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_buf_add(&text, HM_LIT("{"), &e), &e);
    for (uint64_t i = 0; i < 300000; i++) {
        assert_ok(
            hm_buf_add(&text, i == 0 ? HM_LIT("\"k") : HM_LIT(",\"k"), &e), &e);
        assert_ok(hm_buf_add_dec(&text, i, &e), &e);
        assert_ok(hm_buf_add(&text, HM_LIT("\":0"), &e), &e);
    }
    assert_ok(hm_buf_add(&text, HM_LIT("}"), &e), &e);
    assert_ok(hm_json_check(hm_buf_view(&text), HM_JSON_OURS, text.max, &e),
              &e);
}

#define DOCUMENT                                                               \
    "{\n  \"format\": \"test/1\",\n  \"name\": \"a/b.c\",\n  \"n\": 7,\n"      \
    "  \"t\": \"2026-05-12T08:00:00Z\",\n  \"hex\": \"00ff\",\n"               \
    "  \"v\": \"1.2.3\",\n  \"list\": [\n    \"x\",\n    \"y\"\n  ],\n"        \
    "  \"empty\": [],\n  \"yes\": true,\n  \"x_mine\": {\n    \"a\": 1\n  }\n" \
    "}\n"

static void members_are_read_by_type(void **state)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json list;
    struct hm_version v;
    char name[HM_NAME_MAX + 1];
    uint8_t hex[2];
    uint64_t n = 0;
    unsigned word = 9;
    hm_time t = 0;
    bool yes = false;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_json_format(HM_LIT(DOCUMENT), "test/1", &e), &e);
    assert_ok(hm_json_parse(&doc, HM_LIT(DOCUMENT), HM_JSON_OURS, MAX, &e), &e);
    assert_ok(hm_json_keys(hm_json_root(&doc),
                           "format name n t hex v list empty yes", &e),
              &e);
    assert_ok(hm_json_get_name(hm_json_root(&doc), "name", name, &e), &e);
    assert_string_equal(name, "a/b.c");
    assert_ok(hm_json_get_uint(hm_json_root(&doc), "n", 7, &n, &e), &e);
    assert_true(n == 7);
    assert_ok(hm_json_get_time(hm_json_root(&doc), "t", &t, &e), &e);
    assert_ok(hm_json_get_hex(hm_json_root(&doc), "hex", hex, 2, &e), &e);
    assert_ok(hm_json_get_version(hm_json_root(&doc), "v", &v, &e), &e);
    assert_ok(hm_json_get_bool(hm_json_root(&doc), "yes", &yes, &e), &e);
    assert_true(yes && hex[1] == 0xff && t == 1778572800);
    assert_ok(hm_json_get_array(hm_json_root(&doc), "list", 1, 2, &list, &e),
              &e);
    assert_bytes_equal(hm_json_view(hm_json_next(hm_json_first(list))),
                       HM_LIT("y"));
    assert_ok(
        hm_json_get_word(hm_json_root(&doc), "format", "a test/1 b", &word, &e),
        &e);
    assert_int_equal(word, 1);
}

static void refusals_say_where(void **state)
{
    static const char text[] = "{\"a\":{\"b\":[{\"c\":\"\"},7]},\"d\":-0}";
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json a;
    struct hm_json b;
    char c[4];
    uint64_t n = 0;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_json_parse(&doc, hm_bytes_str(text), HM_JSON_FOREIGN, MAX, &e),
              &e);
    assert_ok(hm_json_get_object(hm_json_root(&doc), "a", &a, &e), &e);
    assert_fails(hm_json_keys(a, "B c", &e), HM_E_FORMAT, "json.member.unknown",
                 &e);
    assert_non_null(strstr(e.text, "at /a/b:"));
    assert_fails(hm_json_get_array(a, "b", 3, 4, &b, &e), HM_E_LIMIT,
                 "json.member.count", &e);
    assert_ok(hm_json_get_array(a, "b", 1, 2, &b, &e), &e);
    assert_fails(hm_json_get_text(hm_json_first(b), "c", c, sizeof(c), &e),
                 HM_E_FORMAT, "json.member.empty", &e);
    assert_non_null(strstr(e.text, "at /a/b/0/c:"));
    assert_fails(hm_json_get_text(hm_json_first(b), "C", c, sizeof(c), &e),
                 HM_E_FORMAT, "json.member.missing", &e);
    assert_fails(hm_json_get_uint(a, "b", 1, &n, &e), HM_E_FORMAT,
                 "json.member.type", &e);
    assert_fails(hm_json_format(hm_bytes_str(text), "test/1", &e), HM_E_FORMAT,
                 "json.format", &e);
}

static void the_writer_makes_the_same_bytes(void **state)
{
    HM_OWN(hm_buf) out = HM_BUF_INIT(4096);
    struct hm_json_writer w;
    struct hm_err e = {0};

    (void)state;
    hm_json_begin(&w, &out, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", "test/1");
    hm_json_put_text(&w, "name", "a/b.c");
    hm_json_put_uint(&w, "n", 7);
    hm_json_put_time(&w, "t", 1778572800);
    hm_json_put_hex(&w, "hex", HM_LIT("\x00\xff"));
    hm_json_put_text(&w, "v", "1.2.3");
    hm_json_open_array(&w, "list");
    hm_json_put_text(&w, NULL, "x");
    hm_json_put_text(&w, NULL, "y");
    hm_json_close_array(&w);
    hm_json_open_array(&w, "empty");
    hm_json_close_array(&w);
    hm_json_put_bool(&w, "yes", true);
    hm_json_put_json(&w, "x_mine", HM_LIT("{\"a\" :1 }"));
    hm_json_close_object(&w);
    assert_ok(hm_json_finish(&w, &e), &e);
    assert_bytes_equal(hm_buf_view(&out), HM_LIT(DOCUMENT));
}

static void embedded_json_is_laid_out_alike(void **state)
{
    HM_OWN(hm_buf) out = HM_BUF_INIT(4096);
    struct hm_json_writer w;
    struct hm_err e = {0};

    (void)state;
    hm_json_begin(&w, &out, false);
    hm_json_put_json(&w, NULL, HM_LIT(DOCUMENT));
    assert_ok(hm_json_finish(&w, &e), &e);
    assert_bytes_equal(hm_buf_view(&out), HM_LIT(DOCUMENT));
    hm_buf_clear(&out);
    hm_json_begin(&w, &out, true);
    hm_json_put_json(&w, NULL, HM_LIT("[ [ {} , { \"a]\" : [ ] } ], -1e5 ]"));
    assert_ok(hm_json_finish(&w, &e), &e);
    assert_bytes_equal(hm_buf_view(&out), HM_LIT("[[{},{\"a]\":[]}],-1e5]\n"));
}

static void the_writer_fails_once_and_leaves_nothing(void **state)
{
    HM_OWN(hm_buf) out = HM_BUF_INIT(20);
    struct hm_json_writer w;
    struct hm_err e = {0};

    (void)state;
    hm_json_begin(&w, &out, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "name", "longer than the ceiling of the buffer");
    hm_json_close_object(&w);
    assert_fails(hm_json_finish(&w, &e), HM_E_LIMIT, "base.buf.limit", &e);
    assert_int_equal(out.n, 0);
}

/* Nothing is written that the reader would refuse. */
static void the_writer_takes_utf8_only(void **state)
{
    static const struct {
        const char *text;
        const char *shown; /* NULL: good as it is */
    } rows[] = {
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91", NULL},
        {"\x7f", NULL},
        {"\xff", "\\ufffd"},
        {"a\xe9", "a\\ufffd"},
        {"a\xe9z\"", "a\\ufffdz\\\""},
        {"\xc3", "\\ufffd"},
        {"\xc0\xaf", "\\ufffd\\ufffd"},
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
        {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = rows[i / 2].text;
        const char *shown = rows[i / 2].shown;
        HM_OWN(hm_buf) out = HM_BUF_INIT(100);
        struct hm_json_writer w;
        struct hm_err e = {0};
        char want[100];
        hm_rc rc;

        hm_json_begin(&w, &out, true);
        w.is_shown = i % 2 == 1;
        hm_json_put_text(&w, NULL, text);
        rc = hm_json_finish(&w, &e);
        if (shown != NULL && !w.is_shown) {
            assert_fails(rc, HM_E_FORMAT, "json.utf8", &e);
            assert_int_equal(out.n, 0);
            continue;
        }
        assert_ok(rc, &e);
        (void)snprintf(want, sizeof(want), "\"%s\"\n",
                       shown == NULL ? text : shown);
        assert_bytes_equal(hm_buf_view(&out), hm_bytes_str(want));
        assert_ok(hm_json_check(hm_buf_view(&out), HM_JSON_FOREIGN, 100, &e),
                  &e);
    }
}

static void spans_are_found_by_pointer(void **state)
{
    static const char text[] =
        "{ \"a\" : [ 1, {\"b\": \"x\\\"}\"} ] , \"c\": {\"d\":{}} }";
    struct hm_bytes span;

    (void)state;
    hm_json_span(hm_bytes_str(text), "/a/1/b", &span);
    assert_bytes_equal(span, HM_LIT("\"x\\\"}\""));
    hm_json_span(hm_bytes_str(text), "/c", &span);
    assert_bytes_equal(span, HM_LIT("{\"d\":{}}"));
    hm_json_span(hm_bytes_str(text), "", &span);
    assert_int_equal(span.n, sizeof(text) - 1);
    hm_json_span(hm_bytes_str(text), "/a/2", &span);
    assert_int_equal(span.n, 0);
    hm_json_span(hm_bytes_str(text), "/a/b", &span);
    assert_int_equal(span.n, 0);
    hm_json_span(hm_bytes_str(text), "/c/d/e", &span);
    assert_int_equal(span.n, 0);
}

static void parsing_survives_every_failing_allocation(void **state)
{
    (void)state;
    for (int k = 0;; k++) {
        HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
        struct hm_err e = {0};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_json_parse(&doc, HM_LIT(DOCUMENT), HM_JSON_OURS, MAX, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_null(doc.root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_test_suite_gets_its_verdicts),
        cmocka_unit_test(ambiguous_documents_of_the_suite_are_refused),
        cmocka_unit_test(the_json_checker_gets_its_verdicts),
        cmocka_unit_test(what_is_refused_is_refused_for_its_reason),
        cmocka_unit_test(integers_end_at_two_to_the_53_minus_1),
        cmocka_unit_test(depth_and_size_have_limits),
        cmocka_unit_test(a_million_members_are_no_attack),
        cmocka_unit_test(members_are_read_by_type),
        cmocka_unit_test(refusals_say_where),
        cmocka_unit_test(the_writer_makes_the_same_bytes),
        cmocka_unit_test(embedded_json_is_laid_out_alike),
        cmocka_unit_test(the_writer_fails_once_and_leaves_nothing),
        cmocka_unit_test(the_writer_takes_utf8_only),
        cmocka_unit_test(spans_are_found_by_pointer),
        cmocka_unit_test(parsing_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("base_json", tests, NULL, NULL);
}
