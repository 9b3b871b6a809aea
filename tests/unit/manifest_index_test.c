/* index.json: every other file of a release, once and in order. */
#include "hm_test.h"

#include "alloc_fail.h"
#include "json_mutate.h"
#include "whole_docs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int make_whole(void **state)
{
    static struct hm_buf whole;

    whole = (struct hm_buf)HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    whole_index(&whole);
    *state = &whole;
    return 0;
}

static int clear_whole(void **state)
{
    hm_buf_clear(*state);
    return 0;
}

static hm_rc read_it(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    const hm_rc rc = hm_index_read(&index, text, e);

    assert_true(rc == HM_OK || (index.files == NULL && index.n == 0));
    return rc;
}

static void what_was_read_is_written_again(void **state)
{
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_index_read(&index, hm_buf_view(*state), &e), &e);
    assert_ok(hm_index_write(&index, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(*state));
    assert_int_equal(index.n, 7);
    assert_string_equal(hm_file_kind_name(index.files[6].kind), "record");
    assert_ptr_equal(hm_index_find(&index, "c/d"), &index.files[2]);
    assert_null(hm_index_find(&index, "c"));
    assert_null(hm_index_find(&index, "z"));
}

static void no_value_can_be_another(void **state)
{
    static const char *const accepted[] = {
        "false /files/0/public", "true /files/1/public",
        "false /files/2/public", "true /files/3/public",
        "false /files/4/public", "true /files/5/public",
        "false /files/6/public", "0 /files/1/size",
        "0 /files/2/size",       "0 /files/3/size",
        "0 /files/4/size",       "0 /files/5/size",
        "0 /files/6/size",       NULL};

    mutate_document(hm_buf_view(*state), read_it, accepted);
}

static const struct {
    const char *old, *text;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
} rules[] = {
    {"\"name\": \"b\"", "\"name\": \"bb\"", HM_OK, NULL},
    {"\"name\": \"b\"", "\"name\": \"a\"", HM_E_REJECTED,
     "manifest.index.order"},
    {"\"name\": \"b\"", "\"name\": \"c/d\"", HM_E_REJECTED,
     "manifest.index.order"},
    {"\"name\": \"b\"", "\"name\": \"B\"", HM_E_REJECTED,
     "manifest.index.order"}, /* by bytes */
    {"\"name\": \"b\"", "\"name\": \"b/\"", HM_E_FORMAT, "base.name.syntax"},
    {"\"name\": \"b\"", "\"name\": \"b/.c\"", HM_E_FORMAT, "base.name.syntax"},
    {"\"name\": \"b\"", "\"name\": \"/b\"", HM_E_FORMAT, "base.name.syntax"},
    {"\"name\": \"b\"", "\"name\": \"b c\"", HM_E_FORMAT, "base.name.syntax"},
    {"\"sbom\"", "\"vex\"", HM_OK, NULL},
    {"\"sbom\"", "\"bom\"", HM_E_FORMAT, "json.member.word"},
    {"\"size\": 1000", "\"size\": 9007199254740991", HM_OK, NULL},
    {"\"size\": 1000", "\"size\": 9007199254740992", HM_E_LIMIT,
     "json.number.range"},
    {"hallmark-index/1", "hallmark-index/2", HM_E_FORMAT, "json.format"},
};

static void each_rule_has_its_reason(void **state)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        assert_ok(hm_buf_add(&text, hm_buf_view(*state), &e), &e);
        maker_replace(&text, rules[i].old, rules[i].text);
        rc = read_it(hm_buf_view(&text), &e);
        if (rules[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, rules[i].rc, rules[i].reason, &e);
    }
}

static void kinds_have_names(void **state)
{
    unsigned kind = 0;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_ok(hm_file_kind_find("attestation", &kind, &e), &e);
    assert_int_equal(kind, 2);
    assert_fails(hm_file_kind_find("attestations", &kind, &e), HM_E_FORMAT,
                 "manifest.kind.unknown", &e);
}

static void files_are_added_in_order(void **state)
{
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    struct hm_index_file f = {.name = "b"};
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_fails(hm_index_write(&index, &text, &e), HM_E_LIMIT,
                 "json.member.count", &e); /* an empty list is no yes */
    assert_ok(hm_index_add(&index, &f, &e), &e);
    assert_fails(hm_index_add(&index, &f, &e), HM_E_REJECTED,
                 "manifest.index.order", &e);
    f.name[0] = 'a';
    assert_fails(hm_index_add(&index, &f, &e), HM_E_REJECTED,
                 "manifest.index.order", &e);
    f.name[0] = 'c';
    assert_ok(hm_index_add(&index, &f, &e), &e);
    f.name[0] = '~'; /* only the reader knows names */
    assert_ok(hm_index_add(&index, &f, &e), &e);
    assert_fails(hm_index_write(&index, &text, &e), HM_E_FORMAT,
                 "base.name.syntax", &e);
    assert_int_equal(text.n, 0);
}

static void ten_thousand_files_are_enough(void **state)
{
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    HM_OWN(hm_buf) more = HM_BUF_INIT(2 * HM_INDEX_BYTES_MAX);
    struct hm_index_file f = {.name = ""};
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    for (unsigned i = 0; i < HM_INDEX_FILES_MAX; i++) {
        (void)snprintf(f.name, sizeof(f.name), "%05u", i);
        assert_ok(hm_index_add(&index, &f, &e), &e);
    }
    assert_ok(hm_index_write(&index, &text, &e), &e);
    (void)snprintf(f.name, sizeof(f.name), "x");
    assert_fails(hm_index_add(&index, &f, &e), HM_E_LIMIT, "json.member.count",
                 &e);
    mutate_repeat(hm_buf_view(&text), "/files/9999", 1, &more);
    assert_fails(read_it(hm_buf_view(&more), &e), HM_E_LIMIT,
                 "json.member.count", &e);
    mutate_pad(hm_buf_view(&text), HM_INDEX_BYTES_MAX, &more);
    assert_ok(read_it(hm_buf_view(&more), &e), &e);
    mutate_pad(hm_buf_view(&text), HM_INDEX_BYTES_MAX + 1, &more);
    assert_fails(read_it(hm_buf_view(&more), &e), HM_E_LIMIT, "json.size", &e);
}

static void reading_survives_every_failing_allocation(void **state)
{
    for (int k = 0;; k++) {
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = read_it(hm_buf_view(*state), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 1);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(no_value_can_be_another),
        cmocka_unit_test(each_rule_has_its_reason),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(files_are_added_in_order),
        cmocka_unit_test(ten_thousand_files_are_enough),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("manifest_index", tests, make_whole,
                                       clear_whole);
}
