#include "request_maker.h"

#include "hm_test.h"

#include <stdlib.h>

void request_free(struct hm_request **r)
{
    hm_request_clear(*r);
    free(*r);
}

struct hm_request *request_new(void)
{
    struct hm_request *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    hm_request_begin(r);
    return r;
}

void request_retire(const struct maker *m, struct hm_authorisation *a,
                    enum maker_name key, enum hm_retire_reason why)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(
        hm_authorisation_retire(a, m->keys[key].key.keyid, a->issued, why, &e),
        &e);
}

/* In force: two keys, one that went, one limit. */
static void fill_last(const struct maker *m, struct hm_authorisation *a)
{
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(a->vendor, sizeof(a->vendor), "acme");
    assert_ok(hm_sha256(hm_buf_view(&m->root), a->root_sha256, &e), &e);
    a->sequence = 7;
    a->issued = MAKER_TIME;
    a->expires = MAKER_TIME + 30 * MAKER_DAY;
    maker_authorise(m, a, MAKER_RETIRED, HM_ROLE_MANIFEST, "thermostat");
    maker_authorise(m, a, MAKER_VENDOR, HM_ROLE_MANIFEST, "thermostat");
    maker_authorise(m, a, MAKER_PROVENANCE, HM_ROLE_PROVENANCE, "thermostat");
    request_retire(m, a, MAKER_RETIRED, HM_ROTATED);
    a->require[0] = HM_ROLE_MANIFEST;
    a->require[1] = HM_ROLE_PROVENANCE;
    a->require_n = 2;
    a->limits[0] = (struct hm_limit){"thermostat", 2, 9};
    a->limits_n = 1;
}

void request_fill_next(const struct maker *m, struct hm_authorisation *a)
{
    fill_last(m, a);
    a->sequence = 8;
    a->issued += MAKER_DAY;
    a->expires += MAKER_DAY;
}

void edit_rotate(const struct maker *m, struct hm_authorisation *a)
{
    request_retire(m, a, MAKER_VENDOR, HM_ROTATED);
    maker_authorise(m, a, MAKER_VERIFICATION, HM_ROLE_MANIFEST, "thermostat");
}

void edit_add(const struct maker *m, struct hm_authorisation *a)
{
    maker_authorise(m, a, MAKER_STRANGER, HM_ROLE_MANIFEST, "thermostat");
}

void edit_revoke(const struct maker *m, struct hm_authorisation *a)
{
    request_retire(m, a, MAKER_PROVENANCE, HM_LOST);
}

void edit_counter(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits[0].max_rollback_counter = 0;
}

void request_write_document(const struct maker *m, struct hm_authorisation *a,
                            request_edit edit, struct hm_buf *to)
{
    struct hm_err e = {.rc = HM_OK};

    if (edit != NULL)
        edit(m, a);
    assert_ok(hm_authorisation_write(a, to, &e), &e);
}

void request_sign_before(const struct request_world *w, struct hm_request *r,
                         const enum maker_name *who, size_t n)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    hm_signatures_clear(&r->signatures);
    for (size_t i = 0; i < n; i++) {
        maker_signature(&w->m, who[i], hm_buf_view(&r->before), &sig);
        assert_ok(hm_signatures_add(&r->signatures, "a", hm_buf_view(&sig), &e),
                  &e);
    }
}

void request_fill(const struct request_world *w, struct hm_request *r,
                  request_edit last, request_edit next)
{
    static const enum maker_name who[] = {MAKER_ROOT_3, MAKER_ROOT_1};
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_authorisation) b = HM_AUTHORISATION_INIT;

    (void)snprintf(r->by, sizeof(r->by), "%s", REQUEST_BY);
    (void)snprintf(r->why, sizeof(r->why), "%s", REQUEST_WHY);
    r->requested = REQUEST_TIME;
    fill_last(&w->m, &a);
    request_write_document(&w->m, &a, last, &r->before);
    request_sign_before(w, r, who, 2);
    request_fill_next(&w->m, &b);
    request_write_document(&w->m, &b, next, &r->document);
}

void request_write(const struct request_world *w, struct hm_request *r,
                   struct hm_buf *to)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_ok(hm_request_write(r, &w->root, to, &e), &e);
}

int request_world_make(void **state)
{
    static struct request_world w;
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};

    maker_init(&w.m, 2, 3);
    assert_ok(hm_root_read(&w.root, hm_buf_view(&w.m.root), &e), &e);
    w.whole = (struct hm_buf)HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    r->act = HM_ACT_ROTATE;
    request_fill(&w, r, NULL, edit_rotate);
    request_write(&w, r, &w.whole);
    *state = &w;
    return 0;
}

int request_world_clear(void **state)
{
    struct request_world *w = *state;

    hm_buf_clear(&w->whole);
    hm_root_clear(&w->root);
    maker_clear(&w->m);
    return 0;
}

void request_assert_empty(const struct hm_request *r)
{
    assert_string_equal(r->by, "");
    assert_string_equal(r->why, "");
    assert_int_equal(r->document.n + r->before.n + r->signatures.n, 0);
    assert_int_equal(r->next.keys_n + r->next.retired_n, 0);
    assert_int_equal(r->last.keys_n + r->last.retired_n, 0);
    assert_int_equal(r->meaning.n + r->careful.n + r->changes.n, 0);
}

hm_rc request_read_with(const struct hm_root *root, struct hm_bytes text,
                        struct hm_err *e)
{
    OWN_REQUEST *r = request_new();
    const hm_rc rc = hm_request_read(r, text, root, e);

    if (rc != HM_OK)
        request_assert_empty(r);
    return rc;
}
