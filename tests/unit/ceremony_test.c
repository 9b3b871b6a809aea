/* The record of a ceremony: what it says of its documents, and whom it is
 * believed. */
#include "hm_test.h"

#include "ceremony_maker.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *keyid(const struct ceremony_world *cw, enum maker_name key)
{
    return cw->w->m.keys[key].key.keyid;
}

/* --- made ---------------------------------------------------------------------- */

static void the_documents_say_who_took_part_and_what_changed(void **state)
{
    const struct ceremony_world *cw = *state;
    OWN_CEREMONY *c = ceremony_new();

    ceremony_fill(cw, c);
    assert_string_equal(c->vendor, "acme");
    assert_int_equal(c->act, HM_ACT_ROTATE);
    assert_string_equal(c->by, REQUEST_BY);
    assert_string_equal(c->why, REQUEST_WHY);
    assert_string_equal(c->skip_reason, CEREMONY_SKIP);
    assert_int_equal(c->skipped, 2);
    assert_true(c->has_before);
    assert_int_equal(c->before.sequence, 7);
    assert_int_equal(c->after.sequence, 10);
    assert_memory_equal(c->after.sha256, cw->request->next.sha256, 32);
    assert_int_equal(c->root_n, 2);
    assert_int_equal(c->part_n, 3);
    assert_string_equal(c->part[0].keyid, keyid(cw, MAKER_ROOT_1));
    assert_string_equal(c->part[1].keyid, keyid(cw, MAKER_ROOT_3));
    assert_string_equal(c->part[2].keyid, keyid(cw, MAKER_VERIFICATION));
    assert_int_equal(c->part[2].role, HM_ROLE_MANIFEST);
    assert_false(hm_ceremony_is_added(c, &c->part[1]));
    assert_true(hm_ceremony_is_added(c, &c->part[2]));
    assert_int_equal(c->retired_n, 1);
    assert_string_equal(c->retired[0].keyid, keyid(cw, MAKER_VENDOR));
}

static void other_role_of_an_old_key(const struct maker *m,
                                     struct hm_authorisation *a)
{
    for (size_t i = 0; i < a->keys_n; i++)
        if (strcmp(a->keys[i].key.key.keyid,
                   m->keys[MAKER_PROVENANCE].key.keyid) == 0)
            a->keys[i].role = HM_ROLE_MANIFEST;
}

/* Somebody must have it, and it must be told. */
static void a_key_in_another_role_is_a_new_one(void **state)
{
    static const enum maker_name roots[] = {MAKER_ROOT_1, MAKER_ROOT_3};
    const struct ceremony_world *cw = *state;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    OWN_REQUEST *r = request_new();
    OWN_CEREMONY *c = ceremony_new();
    struct hm_err e = {.rc = HM_OK};

    request_fill(cw->w, r, NULL, other_role_of_an_old_key);
    r->act = HM_ACT_FIND;
    assert_ok(hm_request_make(r, &cw->w->root, &e), &e);
    ceremony_sign_by(cw, hm_buf_view(&r->document), roots, 2, &sigs);
    assert_ok(hm_ceremony_make(c, r, &cw->w->root, &sigs, &e), &e);
    assert_int_equal(c->part_n, 3);
    assert_string_equal(c->part[2].keyid, keyid(cw, MAKER_PROVENANCE));
    assert_int_equal(c->part[2].role, HM_ROLE_MANIFEST);
}

static void an_authorisation_that_is_not_in_force_has_no_record(void **state)
{
    static const enum maker_name one[] = {MAKER_ROOT_1, MAKER_ROOT_1};
    const struct ceremony_world *cw = *state;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    OWN_CEREMONY *c = ceremony_new();
    struct hm_err e = {.rc = HM_OK};

    ceremony_sign_by(cw, hm_buf_view(&cw->request->document), one, 2, &sigs);
    assert_fails(hm_ceremony_make(c, cw->request, &cw->w->root, &sigs, &e),
                 HM_E_REJECTED, "trust.authorisation.signature", &e);
}

static void holders_and_evidence_are_of_those_who_took_part(void **state)
{
    const struct ceremony_world *cw = *state;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_CEREMONY_BYTES_MAX);
    OWN_CEREMONY *c = ceremony_new();
    struct hm_signer signer;
    struct hm_err e = {.rc = HM_OK};

    ceremony_fill(cw, c);
    assert_fails(hm_ceremony_name(c, keyid(cw, MAKER_VENDOR), "me", &e),
                 HM_E_REJECTED, "ceremony.key.stranger", &e);
    assert_fails(hm_ceremony_name(c, keyid(cw, MAKER_ROOT_2), "me", &e),
                 HM_E_REJECTED, "ceremony.key.stranger", &e);
    assert_fails(hm_ceremony_name(c, keyid(cw, MAKER_ROOT_1), "me", &e),
                 HM_E_REJECTED, "ceremony.who.twice", &e);
    ceremony_evidence(cw, MAKER_STRANGER, &signer);
    assert_fails(hm_ceremony_attach(c, &signer, &e), HM_E_REJECTED,
                 "ceremony.key.stranger", &e);
    ceremony_evidence(cw, MAKER_ROOT_3, &signer);
    assert_ok(hm_ceremony_attach(c, &signer, &e), &e);
    assert_fails(hm_ceremony_attach(c, &signer, &e), HM_E_REJECTED,
                 "ceremony.evidence.twice", &e);
    c->part[1].who[0] = '\0';
    assert_fails(hm_ceremony_write(c, &text, &e), HM_E_REJECTED,
                 "ceremony.who.missing", &e);
    assert_int_equal(text.n, 0);
    assert_fails(hm_ceremony_name(c, keyid(cw, MAKER_ROOT_3), "\x1b[2J", &e),
                 HM_E_FORMAT, "request.text.syntax", &e);
}

/* --- held against its documents --------------------------------------------------- */

static void other_after(struct hm_ceremony *c)
{
    c->after.sha256[31] ^= 1;
}

static void other_number(struct hm_ceremony *c)
{
    c->before.sequence++;
}

static void a_second_before(struct hm_ceremony *c)
{
    c->time = MAKER_TIME + MAKER_DAY - 1;
}

static void the_second_of_the_act(struct hm_ceremony *c)
{
    c->time = MAKER_TIME + MAKER_DAY;
}

static void no_before(struct hm_ceremony *c)
{
    c->has_before = false;
}

static void other_root_set(struct hm_ceremony *c)
{
    c->root_sha256[0] ^= 1;
}

static void other_root_key(struct hm_ceremony *c)
{
    memcpy(c->part[1].keyid, c->part[2].keyid, HM_SHA256_HEX);
}

static void silent_of_the_new_key(struct hm_ceremony *c)
{
    c->part_n--;
}

static void new_key_twice(struct hm_ceremony *c)
{
    c->part[c->part_n++] = c->part[1];
}

static void other_role(struct hm_ceremony *c)
{
    c->part[2].role = HM_ROLE_PROVENANCE;
}

static void silent_of_the_old_key(struct hm_ceremony *c)
{
    c->retired_n = 0;
}

static void old_key_stolen(struct hm_ceremony *c)
{
    c->retired[0].reason = HM_COMPROMISED;
}

static void old_key_twice(struct hm_ceremony *c)
{
    c->retired[c->retired_n++] = c->retired[0];
}

static void one_root_key_less(struct hm_ceremony *made)
{
    made->part[0] = made->part[1];
    made->part[1] = made->part[2];
    made->part_n--;
    made->root_n--;
}

static const struct {
    void (*said)(struct hm_ceremony *c);
    void (*made)(struct hm_ceremony *c);
    const char *reason; /* NULL: accepted */
} differences[] = {
    {NULL, NULL, NULL},
    {other_after, NULL, "ceremony.after.differs"},
    {NULL, other_after, "ceremony.after.differs"},
    {other_number, NULL, "ceremony.before.differs"},
    {no_before, NULL, "ceremony.before.differs"},
    {a_second_before, NULL, "ceremony.time.early"},
    {the_second_of_the_act, NULL, NULL},
    {other_root_set, NULL, "ceremony.root.differs"},
    {other_root_key, NULL, "ceremony.key.differs"},
    {silent_of_the_new_key, NULL, "ceremony.key.differs"},
    {new_key_twice, NULL, "ceremony.key.differs"},
    {other_role, NULL, "ceremony.key.differs"},
    {silent_of_the_old_key, NULL, "ceremony.key.differs"},
    {old_key_stolen, NULL, "ceremony.key.differs"},
    {old_key_twice, NULL, "ceremony.key.differs"},
    {NULL, one_root_key_less, "ceremony.key.differs"},
    {one_root_key_less, NULL, NULL}, /* another one signed later */
};

static void what_a_record_says_is_compared_with_its_documents(void **state)
{
    const struct ceremony_world *cw = *state;

    for (size_t i = 0; i < COUNT(differences); i++) {
        OWN_CEREMONY *said = ceremony_new();
        OWN_CEREMONY *made = ceremony_new();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        ceremony_fill(cw, said);
        assert_ok(hm_ceremony_make(made, cw->request, &cw->w->root,
                                   &cw->signed_by, &e),
                  &e);
        if (differences[i].said != NULL)
            differences[i].said(said);
        if (differences[i].made != NULL)
            differences[i].made(made);
        rc = hm_ceremony_compare(said, made, &e);
        if (differences[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, differences[i].reason, &e);
    }
}

static void a_record_is_about_one_root_set_and_its_files(void **state)
{
    const struct ceremony_world *cw = *state;
    const struct hm_bytes after = hm_buf_view(&cw->request->document);
    const struct hm_bytes before = hm_buf_view(&cw->request->before);
    const struct hm_bytes none = {.n = 0};
    OWN_CEREMONY *c = ceremony_new();
    struct hm_err e = {.rc = HM_OK};

    ceremony_fill(cw, c);
    assert_ok(hm_ceremony_check_root(c, &cw->w->root, &e), &e);
    assert_ok(hm_ceremony_check_after(c, &cw->request->next, &e), &e);
    assert_fails(hm_ceremony_check_after(c, &cw->request->last, &e),
                 HM_E_REJECTED, "ceremony.after.differs", &e);
    assert_ok(hm_ceremony_check_files(c, after, before, &e), &e);
    assert_fails(hm_ceremony_check_files(c, before, before, &e), HM_E_REJECTED,
                 "ceremony.after.differs", &e);
    assert_fails(hm_ceremony_check_files(c, after, after, &e), HM_E_REJECTED,
                 "ceremony.before.differs", &e);
    assert_fails(hm_ceremony_check_files(c, after, none, &e), HM_E_REJECTED,
                 "ceremony.before.differs", &e);
    c->has_before = false;
    assert_ok(hm_ceremony_check_files(c, after, none, &e), &e);
    assert_fails(hm_ceremony_check_files(c, after, before, &e), HM_E_REJECTED,
                 "ceremony.before.differs", &e);
    c->root_n--;
    assert_fails(hm_ceremony_check_root(c, &cw->w->root, &e), HM_E_REJECTED,
                 "ceremony.key.differs", &e);
    (void)snprintf(c->vendor, sizeof(c->vendor), "acne");
    assert_fails(hm_ceremony_check_root(c, &cw->w->root, &e), HM_E_REJECTED,
                 "ceremony.root.differs", &e);
}

/* --- signed ------------------------------------------------------------------------ */

static const struct {
    enum maker_name who[4];
    size_t n;
    const char *root, *proof; /* NULL: yes */
} signers[] = {
    {{MAKER_ROOT_1, MAKER_ROOT_3, MAKER_VERIFICATION}, 3, NULL, NULL},
    {{MAKER_VERIFICATION, MAKER_ROOT_2, MAKER_ROOT_3}, 3, NULL, NULL},
    {{MAKER_STRANGER, MAKER_ROOT_1, MAKER_ROOT_3, MAKER_VERIFICATION},
     4,
     NULL,
     NULL},
    {{MAKER_ROOT_1, MAKER_ROOT_3}, 2, NULL, "ceremony.proof.missing"},
    {{MAKER_ROOT_1, MAKER_ROOT_3, MAKER_VENDOR},
     3,
     NULL,
     "ceremony.proof.missing"},
    {{MAKER_ROOT_1, MAKER_ROOT_3, MAKER_PROVENANCE},
     3,
     NULL,
     "ceremony.proof.missing"},
    {{MAKER_ROOT_1, MAKER_ROOT_1, MAKER_VERIFICATION},
     3,
     "ceremony.root.signature",
     NULL},
    {{MAKER_ROOT_1, MAKER_VERIFICATION}, 2, "ceremony.root.signature", NULL},
    {{MAKER_ROOT_1}, 0, "ceremony.root.signature", "ceremony.proof.missing"},
};

static void assert_verdict(hm_rc rc, const char *reason, const struct hm_err *e)
{
    if (reason == NULL)
        assert_ok(rc, e);
    else
        assert_fails(rc, HM_E_REJECTED, reason, e);
}

static void root_keys_and_each_new_key_sign_it(void **state)
{
    const struct ceremony_world *cw = *state;
    const struct hm_bytes whole = hm_buf_view(&cw->whole);
    OWN_CEREMONY *c = ceremony_new();
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_ceremony_read(c, whole, &e), &e);
    for (size_t i = 0; i < COUNT(signers); i++) {
        HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
        struct hm_signers found;

        ceremony_sign_by(cw, whole, signers[i].who, signers[i].n, &sigs);
        assert_verdict(
            hm_ceremony_verify(&cw->w->root, whole, &sigs, &found, &e),
            signers[i].root, &e);
        assert_verdict(
            hm_ceremony_prove(c, &cw->request->next, whole, &sigs, &found, &e),
            signers[i].proof, &e);
        assert_int_equal(
            hm_ceremony_has_signed(&found, keyid(cw, MAKER_VERIFICATION)),
            signers[i].proof == NULL);
    }
}

static void signatures_of_another_document_prove_nothing(void **state)
{
    static const enum maker_name all[] = {MAKER_ROOT_1, MAKER_ROOT_3,
                                          MAKER_VERIFICATION};
    const struct ceremony_world *cw = *state;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    OWN_CEREMONY *c = ceremony_new();
    struct hm_signers found;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_ceremony_read(c, hm_buf_view(&cw->whole), &e), &e);
    ceremony_sign_by(cw, hm_buf_view(&cw->request->document), all, 3, &sigs);
    assert_fails(hm_ceremony_verify(&cw->w->root, hm_buf_view(&cw->whole),
                                    &sigs, &found, &e),
                 HM_E_REJECTED, "ceremony.root.signature", &e);
    assert_fails(hm_ceremony_prove(c, &cw->request->next,
                                   hm_buf_view(&cw->whole), &sigs, &found, &e),
                 HM_E_REJECTED, "ceremony.proof.missing", &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documents_say_who_took_part_and_what_changed),
        cmocka_unit_test(a_key_in_another_role_is_a_new_one),
        cmocka_unit_test(an_authorisation_that_is_not_in_force_has_no_record),
        cmocka_unit_test(holders_and_evidence_are_of_those_who_took_part),
        cmocka_unit_test(what_a_record_says_is_compared_with_its_documents),
        cmocka_unit_test(a_record_is_about_one_root_set_and_its_files),
        cmocka_unit_test(root_keys_and_each_new_key_sign_it),
        cmocka_unit_test(signatures_of_another_document_prove_nothing),
    };

    return cmocka_run_group_tests_name("ceremony", tests, ceremony_world_make,
                                       ceremony_world_clear);
}
