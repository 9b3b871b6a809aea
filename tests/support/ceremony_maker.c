#include "ceremony_maker.h"

#include "hm_test.h"

#include <stdlib.h>

void ceremony_free(struct hm_ceremony **c)
{
    free(*c);
}

struct hm_ceremony *ceremony_new(void)
{
    struct hm_ceremony *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    return c;
}

void ceremony_sign_by(const struct ceremony_world *cw, struct hm_bytes text,
                      const enum maker_name *who, size_t n,
                      struct hm_signatures *to)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    hm_signatures_clear(to);
    for (size_t i = 0; i < n; i++) {
        maker_signature(&cw->w->m, who[i], text, &sig);
        assert_ok(hm_signatures_add(to, "a", hm_buf_view(&sig), &e), &e);
    }
}

void ceremony_evidence(const struct ceremony_world *cw, enum maker_name key,
                       struct hm_signer *to)
{
    static const char *const texts[HM_SIGNER_TEXTS] = {"/usr/lib/token.so",
                                                       "Maker 2.1",
                                                       "safe",
                                                       "0a1b",
                                                       "Maker",
                                                       "M1",
                                                       "1.0",
                                                       "3.2"};

    *to = (struct hm_signer){.module_sha256 = {1, 2, 3}};
    memcpy(to->keyid, cw->w->m.keys[key].key.keyid, sizeof(to->keyid));
    for (size_t i = 0; i < HM_SIGNER_TEXTS; i++)
        (void)snprintf(to->text[i], sizeof(to->text[i]), "%s", texts[i]);
    for (unsigned i = 0; i < HM_SIGNER_CLAIMS; i++)
        to->claim[i] = i % 3;
}

void ceremony_fill(const struct ceremony_world *cw, struct hm_ceremony *c)
{
    static const enum maker_name who[] = {MAKER_ROOT_1, MAKER_ROOT_3,
                                          MAKER_VERIFICATION};
    struct hm_err e = {.rc = HM_OK};

    assert_ok(
        hm_ceremony_make(c, cw->request, &cw->w->root, &cw->signed_by, &e), &e);
    c->time = REQUEST_TIME + MAKER_DAY;
    for (size_t i = 0; i < 3; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "holder %zu", i + 1);
        assert_ok(
            hm_ceremony_name(c, cw->w->m.keys[who[i]].key.keyid, name, &e), &e);
    }
}

static void skip_two(const struct maker *m, struct hm_authorisation *a)
{
    edit_rotate(m, a);
    a->sequence = 10;
}

static void write_whole(struct ceremony_world *cw)
{
    OWN_CEREMONY *c = ceremony_new();
    struct hm_signer signer;
    struct hm_err e = {.rc = HM_OK};

    ceremony_fill(cw, c);
    ceremony_evidence(cw, MAKER_ROOT_1, &signer);
    assert_ok(hm_ceremony_attach(c, &signer, &e), &e);
    ceremony_evidence(cw, MAKER_VERIFICATION, &signer);
    assert_ok(hm_ceremony_attach(c, &signer, &e), &e);
    cw->whole = (struct hm_buf)HM_BUF_INIT(HM_CEREMONY_BYTES_MAX);
    assert_ok(hm_ceremony_write(c, &cw->whole, &e), &e);
}

int ceremony_world_make(void **state)
{
    static const enum maker_name roots[] = {MAKER_ROOT_3, MAKER_ROOT_1};
    static struct ceremony_world cw;
    struct hm_err e = {.rc = HM_OK};

    (void)request_world_make((void **)&cw.w);
    cw.request = request_new();
    request_fill(cw.w, cw.request, NULL, skip_two);
    cw.request->act = HM_ACT_ROTATE;
    (void)snprintf(cw.request->skip_reason, sizeof(cw.request->skip_reason),
                   CEREMONY_SKIP);
    assert_ok(hm_request_make(cw.request, &cw.w->root, &e), &e);
    ceremony_sign_by(&cw, hm_buf_view(&cw.request->document), roots, 2,
                     &cw.signed_by);
    write_whole(&cw);
    *state = &cw;
    return 0;
}

int ceremony_world_clear(void **state)
{
    struct ceremony_world *cw = *state;

    hm_buf_clear(&cw->whole);
    hm_signatures_clear(&cw->signed_by);
    request_free(&cw->request);
    return request_world_clear((void **)&cw->w);
}
