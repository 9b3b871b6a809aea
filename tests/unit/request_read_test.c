/* A request file in which anything is another: nothing but what its bytes say. */
#include "hm_test.h"

#include "alloc_fail.h"
#include "json_mutate.h"
#include "request_maker.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- what is not believed ---------------------------------------------------- */

/* The value at a pointer of the whole request put as another. */
static const struct {
    const char *pointer, *text;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
} values[] = {
    {"/by", "\"Anybody\"", HM_OK, NULL},
    {"/by", "\"\"", HM_E_FORMAT, "json.member.empty"},
    {"/by", "\"a\\nb\"", HM_E_FORMAT, "request.text.syntax"},
    {"/by", "\"a\\u0041\"", HM_E_REJECTED, "request.words.differ"},
    {"/why", "\"SEC-13\"", HM_OK, NULL},
    {"/why", "\"\\u001b[2J\"", HM_E_FORMAT, "request.text.syntax"},
    {"/requested", "\"2026-05-14T08:00:01Z\"", HM_OK, NULL},
    {"/requested", "\"2026-05-14\"", HM_E_FORMAT, "base.time.syntax"},
    {"/format", "\"hallmark-request/2\"", HM_E_FORMAT, "json.format"},
    {"/act", "\"revoke\"", HM_E_REJECTED, "request.act.differs"},
    {"/act", "\"renew\"", HM_E_FORMAT, "json.member.word"},
    {"/careful", "[]", HM_E_REJECTED, "request.words.differ"},
    {"/careful/0", "\"All is well.\"", HM_E_REJECTED, "request.words.differ"},
    {"/meaning/0", "\"Nothing changes.\"", HM_E_REJECTED,
     "request.words.differ"},
    {"/changes", "[]", HM_E_REJECTED, "request.words.differ"},
    {"/changes/0/after", "\"9\"", HM_E_REJECTED, "request.words.differ"},
    {"/signers/threshold", "1", HM_E_REJECTED, "request.words.differ"},
    {"/signers/keys/1/name", "\"root-4\"", HM_E_REJECTED,
     "request.words.differ"},
    {"/signers/keys", "[]", HM_E_REJECTED, "request.words.differ"},
    {"/signers/root_sha256",
     "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     HM_E_REJECTED, "request.root.differs"},
    {"/signers/root_sha256", "\"e3b0\"", HM_E_FORMAT, "base.hex.syntax"},
    {"/document/sha256",
     "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     HM_E_REJECTED, "request.words.differ"},
    {"/document/content", "\"\"", HM_E_FORMAT, "json.member.empty"},
    {"/document/content", "\"e30\"", HM_E_FORMAT, "crypto.base64.syntax"},
    {"/document/content", "\"e30=\"", HM_E_FORMAT, "json.format"},
    {"/document/content", "{}", HM_E_FORMAT, "json.member.empty"},
    {"/before/content", "\"e30=\"", HM_E_REJECTED,
     "trust.authorisation.signature"},
    {"/before/content", "\"\"", HM_E_FORMAT, "json.member.empty"},
    {"/before/signatures", "[]", HM_E_LIMIT, "json.member.count"},
    {"/before/signatures", "{}", HM_E_FORMAT, "json.member.type"},
    {"/before/signatures/1", "\"e30=\"", HM_E_FORMAT,
     "trust.signature.malformed"},
    {"/before/signatures/1", "\"e3\"", HM_E_FORMAT, "crypto.base64.syntax"},
};

static void put_value(struct hm_bytes whole, const char *pointer,
                      const char *text, struct hm_buf *out)
{
    struct hm_bytes value;
    struct hm_bytes tail;
    struct hm_err e = {.rc = HM_OK};

    hm_json_span(whole, pointer, &value);
    assert_true(value.n > 0);
    tail.p = value.p + value.n;
    tail.n = whole.n - (size_t)(tail.p - whole.p);
    hm_buf_clear(out);
    assert_ok(
        hm_buf_add(out, (struct hm_bytes){whole.p, (size_t)(value.p - whole.p)},
                   &e),
        &e);
    assert_ok(hm_buf_add(out, hm_bytes_str(text), &e), &e);
    assert_ok(hm_buf_add(out, tail, &e), &e);
}

static void each_value_has_its_reason(void **state)
{
    const struct request_world *w = *state;

    for (size_t i = 0; i < COUNT(values); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        put_value(hm_buf_view(&w->whole), values[i].pointer, values[i].text,
                  &text);
        rc = request_read_with(&w->root, hm_buf_view(&text), &e);
        if (values[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, values[i].rc, values[i].reason, &e);
    }
}

static const struct {
    const char *old, *text;
} layouts[] = {
    {"\n}\n", "\n}"},
    {"\n}\n", "\n}\n\n"},
    {"\n}\n", "\r\n}\n"},
    {"  \"why\": ", "  \"why\":  "},
    {"  \"why\": ", "\t\"why\": "},
    {"  \"why\": ", "  \"x_note\": \"sign quickly\",\n  \"why\": "},
    {"  \"careful\": [\n", "  \"careful\": [\n    \"All is well.\",\n"},
};

static void one_layout_is_taken(void **state)
{
    const struct request_world *w = *state;

    for (size_t i = 0; i < COUNT(layouts); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};

        assert_ok(hm_buf_add(&text, hm_buf_view(&w->whole), &e), &e);
        maker_replace(&text, layouts[i].old, layouts[i].text);
        assert_fails(request_read_with(&w->root, hm_buf_view(&text), &e),
                     HM_E_REJECTED, "request.words.differ", &e);
    }
}

static void a_request_has_limits(void **state)
{
    const struct request_world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    char name[HM_REQUEST_TEXT + 3];

    mutate_pad(whole, HM_REQUEST_BYTES_MAX, &text);
    assert_fails(request_read_with(&w->root, hm_buf_view(&text), &e),
                 HM_E_REJECTED, "request.words.differ", &e);
    mutate_pad(whole, HM_REQUEST_BYTES_MAX + 1, &text);
    assert_fails(request_read_with(&w->root, hm_buf_view(&text), &e),
                 HM_E_LIMIT, "json.size", &e);
    mutate_repeat(whole, "/before/signatures/0", HM_SIGNATURES_MAX - 1, &text);
    assert_fails(request_read_with(&w->root, hm_buf_view(&text), &e),
                 HM_E_LIMIT, "json.member.count", &e);
    memset(name, 'a', sizeof(name));
    name[0] = name[HM_REQUEST_TEXT] = '"';
    name[HM_REQUEST_TEXT + 1] = '\0';
    put_value(whole, "/by", name, &text);
    assert_ok(request_read_with(&w->root, hm_buf_view(&text), &e), &e);
    name[HM_REQUEST_TEXT] = 'a';
    name[HM_REQUEST_TEXT + 1] = '"';
    name[HM_REQUEST_TEXT + 2] = '\0';
    put_value(whole, "/by", name, &text);
    assert_fails(request_read_with(&w->root, hm_buf_view(&text), &e),
                 HM_E_LIMIT, "json.member.long", &e);
}

/* The same keys and the same vendor, but one signature would do. */
static void another_root_set_is_another_request(void **state)
{
    const struct request_world *w = *state;
    HM_OWN(hm_root) other = HM_ROOT_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_buf_add(&text, hm_buf_view(&w->m.root), &e), &e);
    maker_replace(&text, "\"threshold\": 2", "\"threshold\": 1");
    assert_ok(hm_root_read(&other, hm_buf_view(&text), &e), &e);
    assert_fails(request_read_with(&other, hm_buf_view(&w->whole), &e),
                 HM_E_REJECTED, "request.root.differs", &e);
    assert_ok(request_read_with(&w->root, hm_buf_view(&w->whole), &e), &e);
}

/* --- every byte --------------------------------------------------------------- */

/* The values that nothing binds: who asks, why and when. */
static const char *const unbound[] = {"/by", "/why", "/requested"};

/* Is this byte inside the quotes of one of them? */
static bool is_unbound(struct hm_bytes whole, size_t at)
{
    for (size_t i = 0; i < COUNT(unbound); i++) {
        struct hm_bytes value;
        size_t start;

        hm_json_span(whole, unbound[i], &value);
        start = (size_t)(value.p - whole.p);
        if (at > start && at < start + value.n - 1)
            return true;
    }
    return false;
}

/* One key, no retired one: every member of a request, and few bytes. */
static void few(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->require_n = 1;
    a->keys_n = 1;
    hm_authorised_key_clear(&a->keys[1]);
    a->retired_n = 0;
    hm_authorised_key_clear(&a->retired[0].entry);
}

static void few_without_limit(const struct maker *m, struct hm_authorisation *a)
{
    few(m, a);
    a->limits[0].max_rollback_counter = HM_COUNTER_MAX; /* careful */
}

static void any_other_byte_is_refused(void **state)
{
    const struct request_world *w = *state;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    HM_OWN(hm_buf) copy = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};
    struct hm_bytes whole;
    size_t free_n = 0;

    request_fill(w, r, few, few_without_limit);
    request_write(w, r, &copy);
    assert_int_equal(r->careful.n, 2); /* no limit, nobody for provenance */
    whole = hm_buf_view(&copy);
    assert_ok(hm_buf_add(&text, whole, &e), &e);
    for (size_t at = 0; at < text.n; at++) {
        if (is_unbound(whole, at)) {
            free_n++;
            continue;
        }
        text.p[at] ^= 1;
        if (request_read_with(&w->root, hm_buf_view(&text), &e) == HM_OK)
            fail_msg("byte %zu may be another", at);
        assert_true(e.reason[0] != '\0');
        text.p[at] ^= 1;
    }
    assert_int_equal(free_n, strlen(REQUEST_BY) + strlen(REQUEST_WHY) +
                                 strlen("2026-05-14T08:00:00Z"));
}

/* What a byte of a text can do: be another text, or none. */
static void check_unbound(const struct request_world *w, struct hm_bytes text,
                          size_t *accepted)
{
    static const char *const reasons[] = {"json.syntax", "json.utf8",
                                          "json.nul", "request.text.syntax",
                                          "base.time.syntax"};
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};
    bool known = false;

    if (hm_request_read(r, text, &w->root, &e) == HM_OK) {
        ++*accepted;
        assert_true(strcmp(r->by, REQUEST_BY) != 0 ||
                    strcmp(r->why, REQUEST_WHY) != 0 ||
                    r->requested != REQUEST_TIME);
        return;
    }
    for (size_t i = 0; i < COUNT(reasons); i++)
        known = known || strcmp(e.reason, reasons[i]) == 0;
    if (!known)
        fail_msg("a byte of a text is refused as '%s'", e.reason);
}

static void the_bytes_of_who_why_and_when_are_text_only(void **state)
{
    const struct request_world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_buf_add(&text, whole, &e), &e);
    for (size_t i = 0; i < COUNT(unbound); i++) {
        struct hm_bytes value;
        size_t start, accepted = 0;

        hm_json_span(whole, unbound[i], &value);
        start = (size_t)(value.p - whole.p);
        for (size_t at = start + 1; at < start + value.n - 1; at++)
            for (unsigned mask = 1; mask < 256; mask <<= 1) {
                text.p[at] = (uint8_t)(text.p[at] ^ mask);
                check_unbound(w, hm_buf_view(&text), &accepted);
                text.p[at] = (uint8_t)(text.p[at] ^ mask);
            }
        assert_true(accepted > 0);
    }
}

static const struct request_world
    *mutated; /* mutate_exactly() hands on no context */

static hm_rc read_it(struct hm_bytes text, struct hm_err *e)
{
    return request_read_with(&mutated->root, text, e);
}

static void no_value_can_be_another(void **state)
{
    mutated = *state;
    mutate_exactly(hm_buf_view(&mutated->whole), read_it);
}

/* --- out of memory ------------------------------------------------------------- */

static void reading_survives_every_failing_allocation(void **state)
{
    const struct request_world *w = *state;

    for (int k = 0;; k++) {
        OWN_REQUEST *r = request_new();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 50);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_true(e.reason[0] != '\0');
        request_assert_empty(r);
    }
}

static void making_survives_every_failing_allocation(void **state)
{
    const struct request_world *w = *state;

    for (int k = 0;; k++) {
        OWN_REQUEST *r = request_new();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        request_fill(w, r, NULL, edit_rotate);
        r->act = HM_ACT_ROTATE;
        alloc_fail_after(k);
        rc = hm_request_make(r, &w->root, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_ok(hm_request_make(r, &w->root, &e), &e); /* not spoilt */
    }
}

static void writing_survives_every_failing_allocation(void **state)
{
    const struct request_world *w = *state;
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e), &e);
    for (int k = 0;; k++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_request_write(r, &w->root, &text, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_bytes_equal(hm_buf_view(&text), hm_buf_view(&w->whole));
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_int_equal(text.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_its_reason),
        cmocka_unit_test(one_layout_is_taken),
        cmocka_unit_test(a_request_has_limits),
        cmocka_unit_test(another_root_set_is_another_request),
        cmocka_unit_test(any_other_byte_is_refused),
        cmocka_unit_test(the_bytes_of_who_why_and_when_are_text_only),
        cmocka_unit_test(no_value_can_be_another),
        cmocka_unit_test(reading_survives_every_failing_allocation),
        cmocka_unit_test(making_survives_every_failing_allocation),
        cmocka_unit_test(writing_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("request read", tests,
                                       request_world_make, request_world_clear);
}
