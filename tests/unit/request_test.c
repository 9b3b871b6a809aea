/* What a root key is asked to sign: what may follow what. */
#include "hm_test.h"

#include "request_maker.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- what is accepted ------------------------------------------------------- */

static void what_was_read_is_written_again(void **state)
{
    const struct request_world *w = *state;
    OWN_REQUEST *r = request_new();
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e), &e);
    assert_int_equal(r->act, HM_ACT_ROTATE);
    assert_string_equal(r->by, REQUEST_BY);
    assert_string_equal(r->why, REQUEST_WHY);
    assert_true(r->requested == REQUEST_TIME);
    assert_int_equal(r->last.sequence, 7);
    assert_int_equal(r->next.sequence, 8);
    assert_int_equal(r->signatures.n, 2);
    assert_ok(hm_request_write(r, &w->root, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&w->whole));
    /* One object reads any number of requests. */
    assert_ok(hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e), &e);
    assert_int_equal(r->signatures.n, 2);
}

static void the_first_authorisation_has_none_before_it(void **state)
{
    const struct request_world *w = *state;
    OWN_REQUEST *r = request_new();
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    request_fill(w, r, NULL, NULL);
    hm_buf_clear(&r->before);
    hm_signatures_clear(&r->signatures);
    r->act = HM_ACT_ROTATE; /* one key is retired from the start */
    (void)snprintf(r->skip_reason, sizeof(r->skip_reason), "as elsewhere");
    request_write(w, r, &text);
    assert_null(memmem(text.p, text.n, "\"before\": {", 11));
    assert_ok(hm_request_read(r, hm_buf_view(&text), &w->root, &e), &e);
    assert_int_equal(r->before.n, 0);
    assert_non_null(strstr(r->meaning.name[0], "and the first"));
    for (size_t i = 0; i < r->changes.n; i++)
        assert_string_equal(r->changes.change[i].before, "");
}

static void words_are_the_same_for_the_same_documents(void **state)
{
    const struct request_world *w = *state;
    OWN_REQUEST *a = request_new();
    OWN_REQUEST *b = request_new();
    struct hm_err e = {.rc = HM_OK};

    request_fill(w, a, NULL, edit_rotate);
    request_fill(w, b, NULL, edit_rotate);
    a->act = b->act = HM_ACT_ROTATE;
    (void)snprintf(b->by, sizeof(b->by), "Somebody else");
    b->requested = 0;
    assert_ok(hm_request_make(a, &w->root, &e), &e);
    assert_ok(hm_request_make(a, &w->root, &e), &e); /* a second time */
    assert_ok(hm_request_make(b, &w->root, &e), &e);
    assert_int_equal(a->meaning.n, b->meaning.n);
    for (size_t i = 0; i < a->meaning.n; i++)
        assert_string_equal(a->meaning.name[i], b->meaning.name[i]);
    assert_int_equal(a->careful.n, b->careful.n);
    for (size_t i = 0; i < a->careful.n; i++)
        assert_string_equal(a->careful.name[i], b->careful.name[i]);
    assert_int_equal(a->changes.n, b->changes.n);
    for (size_t i = 0; i < a->changes.n; i++) {
        assert_string_equal(a->changes.change[i].at, b->changes.change[i].at);
        assert_string_equal(a->changes.change[i].after,
                            b->changes.change[i].after);
    }
}

/* --- what must not happen --------------------------------------------------- */

static void same_number(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->sequence = 7;
}

static void lower_number(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->sequence = 6;
}

static void second_before(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->issued = MAKER_TIME - 1;
}

static void same_second(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->issued = MAKER_TIME;
}

static void lower_epoch(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits[0].epoch = 1;
}

static void no_limit(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits_n = 0;
}

static void forget_key(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->keys_n--; /* the last one holds nothing but views of the maker */
    hm_authorised_key_clear(&a->keys[a->keys_n]);
}

static void forget_retired(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->retired_n = 0;
    hm_authorised_key_clear(&a->retired[0].entry);
}

static void other_vendor(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    (void)snprintf(a->vendor, sizeof(a->vendor), "acne");
}

static void other_root(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->root_sha256[31] ^= 1;
}

static void root_key(const struct maker *m, struct hm_authorisation *a)
{
    maker_authorise(m, a, MAKER_ROOT_2, HM_ROLE_MANIFEST, "thermostat");
}

static void rotate_and_revoke(const struct maker *m, struct hm_authorisation *a)
{
    edit_rotate(m, a);
    edit_revoke(m, a);
}

static const struct {
    request_edit last, next;
    enum hm_request_act act;
    const char *reason; /* NULL: accepted */
} rules[] = {
    {NULL, NULL, HM_ACT_AUTHORISE, NULL},
    {NULL, same_number, HM_ACT_AUTHORISE, "request.sequence.lower"},
    {NULL, lower_number, HM_ACT_AUTHORISE, "request.sequence.lower"},
    {lower_number, same_number, HM_ACT_AUTHORISE, NULL},
    {NULL, second_before, HM_ACT_AUTHORISE, "request.issued.older"},
    {NULL, same_second, HM_ACT_AUTHORISE, NULL},
    {NULL, lower_epoch, HM_ACT_AUTHORISE, "request.epoch.lower"},
    {NULL, no_limit, HM_ACT_AUTHORISE, "request.epoch.lower"},
    {lower_epoch, NULL, HM_ACT_AUTHORISE, NULL},
    {no_limit, no_limit, HM_ACT_AUTHORISE, NULL},
    {NULL, edit_counter, HM_ACT_AUTHORISE, NULL},
    {NULL, forget_key, HM_ACT_AUTHORISE, "request.key.vanished"},
    {NULL, edit_revoke, HM_ACT_REVOKE, NULL},
    {NULL, forget_retired, HM_ACT_AUTHORISE, "request.retired.vanished"},
    {NULL, other_vendor, HM_ACT_AUTHORISE, "trust.authorisation.vendor"},
    {other_vendor, NULL, HM_ACT_AUTHORISE, "trust.authorisation.vendor"},
    {NULL, other_root, HM_ACT_AUTHORISE, "trust.authorisation.root"},
    {other_root, NULL, HM_ACT_AUTHORISE, "trust.authorisation.root"},
    {NULL, root_key, HM_ACT_AUTHORISE, "trust.key.twice"},
    {NULL, edit_add, HM_ACT_AUTHORISE, NULL},
    {NULL, NULL, HM_ACT_ROTATE, "request.act.differs"},
    {NULL, NULL, HM_ACT_REVOKE, "request.act.differs"},
    {NULL, edit_rotate, HM_ACT_ROTATE, NULL},
    {NULL, edit_rotate, HM_ACT_AUTHORISE, "request.act.differs"},
    {NULL, edit_rotate, HM_ACT_REVOKE, "request.act.differs"},
    {NULL, edit_revoke, HM_ACT_ROTATE, "request.act.differs"},
    {NULL, edit_revoke, HM_ACT_AUTHORISE, "request.act.differs"},
    {NULL, rotate_and_revoke, HM_ACT_ROTATE, "request.act.differs"},
    {NULL, rotate_and_revoke, HM_ACT_REVOKE, "request.act.differs"},
};

static void each_rule_has_its_reason(void **state)
{
    const struct request_world *w = *state;

    for (size_t i = 0; i < COUNT(rules); i++) {
        OWN_REQUEST *r = request_new();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        request_fill(w, r, rules[i].last, rules[i].next);
        r->act = rules[i].act;
        rc = hm_request_make(r, &w->root, &e);
        if (rules[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, rules[i].reason, &e);
    }
}

static void an_act_can_be_found(void **state)
{
    static const struct {
        request_edit next;
        enum hm_request_act act; /* HM_ACT_FIND: none */
    } acts[] = {
        {NULL, HM_ACT_AUTHORISE},         {edit_add, HM_ACT_AUTHORISE},
        {edit_rotate, HM_ACT_ROTATE},     {edit_revoke, HM_ACT_REVOKE},
        {rotate_and_revoke, HM_ACT_FIND},
    };
    const struct request_world *w = *state;

    for (size_t i = 0; i < COUNT(acts); i++) {
        OWN_REQUEST *r = request_new();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        request_fill(w, r, NULL, acts[i].next);
        r->act = HM_ACT_FIND;
        rc = hm_request_make(r, &w->root, &e);
        assert_int_equal(r->act, acts[i].act);
        if (acts[i].act == HM_ACT_FIND)
            assert_fails(rc, HM_E_REJECTED, "request.act.differs", &e);
        else
            assert_ok(rc, &e);
    }
}

static void zero_is_no_number_of_a_first_authorisation(void **state)
{
    const struct request_world *w = *state;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};

    request_fill(w, r, NULL, NULL);
    r->act = HM_ACT_ROTATE; /* one key is retired from the start */
    hm_buf_clear(&r->before);
    request_fill_next(&w->m, &a);
    a.sequence = 0;
    request_write_document(&w->m, &a, NULL, &r->document);
    assert_fails(hm_request_make(r, &w->root, &e), HM_E_REJECTED,
                 "request.sequence.lower", &e);
    a.sequence = 1;
    request_write_document(&w->m, &a, NULL, &r->document);
    assert_ok(hm_request_make(r, &w->root, &e), &e);
}

static void third_number(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->sequence = 10;
}

static const struct {
    request_edit next;
    const char *why;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
} skips[] = {
    {NULL, "", HM_OK, NULL},
    {NULL, "no need", HM_E_REJECTED, "request.skip.none"},
    {third_number, "", HM_E_REJECTED, "request.skip.reason"},
    {third_number, "9 was signed by mistake", HM_OK, NULL},
    {third_number, "\x1b[2J", HM_E_FORMAT, "request.text.syntax"},
};

static void numbers_are_left_out_for_a_reason_that_is_kept(void **state)
{
    const struct request_world *w = *state;

    for (size_t i = 0; i < COUNT(skips); i++) {
        OWN_REQUEST *r = request_new();
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        request_fill(w, r, NULL, skips[i].next);
        (void)snprintf(r->skip_reason, sizeof(r->skip_reason), "%s",
                       skips[i].why);
        rc = hm_request_make(r, &w->root, &e);
        if (skips[i].reason != NULL) {
            assert_fails(rc, skips[i].rc, skips[i].reason, &e);
            continue;
        }
        assert_ok(rc, &e);
        assert_int_equal(hm_request_skipped(r), skips[i].next == NULL ? 0 : 2);
        request_write(w, r, &text);
        assert_ok(hm_request_read(r, hm_buf_view(&text), &w->root, &e), &e);
        assert_string_equal(r->skip_reason, skips[i].why);
    }
}

static const struct {
    enum maker_name who[3];
    size_t n;
    bool ok;
} signers[] = {
    {{MAKER_ROOT_1, MAKER_ROOT_2}, 2, true},
    {{MAKER_STRANGER, MAKER_ROOT_2, MAKER_ROOT_3}, 3, true},
    {{MAKER_ROOT_1}, 0, false},
    {{MAKER_ROOT_1}, 1, false},
    {{MAKER_ROOT_1, MAKER_ROOT_1}, 2, false},
    {{MAKER_ROOT_1, MAKER_STRANGER}, 2, false},
    {{MAKER_ROOT_1, MAKER_VENDOR}, 2, false},
};

/* It is what everything is compared with, so it is not believed unsigned. */
static void the_one_in_force_must_be_signed_by_the_root(void **state)
{
    const struct request_world *w = *state;

    for (size_t i = 0; i < COUNT(signers); i++) {
        OWN_REQUEST *r = request_new();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        request_fill(w, r, NULL, NULL);
        request_sign_before(w, r, signers[i].who, signers[i].n);
        rc = hm_request_make(r, &w->root, &e);
        if (signers[i].ok)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, "trust.authorisation.signature",
                         &e);
    }
}

static const struct {
    const char *text;
    bool ok;
} texts[] = {
    {"a", true},        {"SEC-1 \"quoted\" \\ /", true},
    {"\xc3\xa9", true}, {"", false},
    {"\n", false},      {"two\nlines", false},
    {"\xc2\xa0", true}, {"\xc2\x9b", false},
    {"\xff", false},    {"\xc3", false},
    {"\x1b[2J", false}, {"a\x7f", false},
};

static void who_asks_and_why_is_one_line_of_text(void **state)
{
    const struct request_world *w = *state;

    for (size_t i = 0; i < 2 * COUNT(texts); i++) {
        OWN_REQUEST *r = request_new();
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};

        request_fill(w, r, NULL, NULL);
        (void)snprintf(i % 2 == 0 ? r->by : r->why, HM_REQUEST_TEXT, "%s",
                       texts[i / 2].text);
        if (!texts[i / 2].ok) {
            assert_fails(hm_request_make(r, &w->root, &e), HM_E_FORMAT,
                         "request.text.syntax", &e);
            continue;
        }
        request_write(w, r, &text);
        assert_ok(request_read_with(&w->root, hm_buf_view(&text), &e), &e);
    }
}

static void a_document_that_is_no_authorisation_is_refused(void **state)
{
    const struct request_world *w = *state;
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};

    request_fill(w, r, NULL, NULL);
    maker_set(&r->document, "{\n  \"format\": \"hallmark-manifest/1\"\n}\n");
    assert_fails(hm_request_make(r, &w->root, &e), HM_E_FORMAT, "json.format",
                 &e);
    hm_buf_clear(&r->document);
    assert_fails(hm_request_make(r, &w->root, &e), HM_E_FORMAT, "json.format",
                 &e);
}

static void an_act_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(hm_request_act_name(HM_ACT_AUTHORISE), "authorise");
    assert_string_equal(hm_request_act_name(HM_ACT_ROTATE), "rotate");
    assert_string_equal(hm_request_act_name(HM_ACT_REVOKE), "revoke");
    assert_string_equal(hm_request_act_name((enum hm_request_act)3), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(the_first_authorisation_has_none_before_it),
        cmocka_unit_test(words_are_the_same_for_the_same_documents),
        cmocka_unit_test(each_rule_has_its_reason),
        cmocka_unit_test(numbers_are_left_out_for_a_reason_that_is_kept),
        cmocka_unit_test(an_act_can_be_found),
        cmocka_unit_test(zero_is_no_number_of_a_first_authorisation),
        cmocka_unit_test(the_one_in_force_must_be_signed_by_the_root),
        cmocka_unit_test(who_asks_and_why_is_one_line_of_text),
        cmocka_unit_test(a_document_that_is_no_authorisation_is_refused),
        cmocka_unit_test(an_act_has_its_name),
    };

    return cmocka_run_group_tests_name("request", tests, request_world_make,
                                       request_world_clear);
}
