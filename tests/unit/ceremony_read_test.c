/* The record of a ceremony as a file: strictly read, and the same again. */
#include "hm_manifest.h"

#include "hm_test.h"

#include "alloc_fail.h"
#include "ceremony_maker.h"
#include "json_mutate.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static hm_rc read_record(struct hm_bytes text, struct hm_err *e)
{
    static const struct hm_ceremony empty;
    OWN_CEREMONY *c = ceremony_new();
    const hm_rc rc = hm_ceremony_read(c, text, e);

    if (rc != HM_OK)
        assert_memory_equal(c, &empty, sizeof(empty));
    return rc;
}

static void what_was_read_is_written_again(void **state)
{
    const struct ceremony_world *cw = *state;
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_CEREMONY_BYTES_MAX);
    OWN_CEREMONY *c = ceremony_new();
    struct hm_signer signer;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_ceremony_read(c, hm_buf_view(&cw->whole), &e), &e);
    assert_int_equal(c->root_n, 2);
    assert_int_equal(c->part_n, 3);
    assert_false(c->part[1].has_evidence);
    ceremony_evidence(cw, MAKER_VERIFICATION, &signer);
    assert_true(hm_signer_is_same(&c->part[2].evidence, &signer));
    assert_string_equal(c->skip_reason, CEREMONY_SKIP);
    assert_ok(hm_ceremony_write(c, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&cw->whole));
}

/* What a record may do without, or say otherwise, and still be one. */
static const char *const accepted[] = {
    "[] /added",
    "[] /retired",
    "removed /root/0/evidence/library",
    "removed /root/0/evidence/serial",
    "removed /root/0/evidence/manufacturer",
    "removed /root/0/evidence/model",
    "removed /root/0/evidence/hardware_version",
    "removed /root/0/evidence/firmware_version",
    "removed /root/0/evidence/key_gen_mechanism",
    "removed /added/0/evidence/library",
    "removed /added/0/evidence/serial",
    "removed /added/0/evidence/manufacturer",
    "removed /added/0/evidence/model",
    "removed /added/0/evidence/hardware_version",
    "removed /added/0/evidence/firmware_version",
    "removed /added/0/evidence/key_gen_mechanism",
    NULL,
};

static void every_other_change_is_refused(void **state)
{
    const struct ceremony_world *cw = *state;

    mutate_document(hm_buf_view(&cw->whole), read_record, accepted);
}

static const struct {
    const char *old, *text;
    hm_rc rc;
    const char *reason;
} edits[] = {
    {"hallmark-ceremony/1", "hallmark-ceremony/2", HM_E_FORMAT, "json.format"},
    {"\"act\": \"rotate\"", "\"act\": \"renew\"", HM_E_FORMAT,
     "json.member.word"},
    {"\"vendor\": \"acme\"", "\"vendor\": \"a b\"", HM_E_FORMAT,
     "trust.name.syntax"},
    {"\"sequence\": 10", "\"sequence\": 7", HM_E_REJECTED,
     "ceremony.sequence.order"},
    {"\"sequence\": 10", "\"sequence\": 6", HM_E_REJECTED,
     "ceremony.sequence.order"},
    {"\"skipped\": 2", "\"skipped\": 1", HM_E_REJECTED,
     "ceremony.sequence.order"},
    {"\"evidence\": \"absent\"", "\"evidence\": \"present\"", HM_E_FORMAT,
     "json.member.word"},
    {"\"who\": \"holder 1\"", "\"who\": \"\\u001b[2J\"", HM_E_FORMAT,
     "request.text.syntax"},
    {"\"reason\": \"rotated\"", "\"reason\": \"tired\"", HM_E_FORMAT,
     "json.member.word"},
};

static void each_wrong_value_has_its_reason(void **state)
{
    const struct ceremony_world *cw = *state;

    for (size_t i = 0; i < COUNT(edits); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_CEREMONY_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};

        assert_ok(hm_buf_add(&text, hm_buf_view(&cw->whole), &e), &e);
        maker_replace(&text, edits[i].old, edits[i].text);
        assert_fails(read_record(hm_buf_view(&text), &e), edits[i].rc,
                     edits[i].reason, &e);
    }
}

static void a_key_stands_once_and_no_more_than_can_sign(void **state)
{
    const struct ceremony_world *cw = *state;
    HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_CEREMONY_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    mutate_repeat(hm_buf_view(&cw->whole), "/root/0", 1, &text);
    assert_fails(read_record(hm_buf_view(&text), &e), HM_E_REJECTED,
                 "ceremony.key.twice", &e);
    mutate_repeat(hm_buf_view(&cw->whole), "/added/0", HM_SIGNATURES_MAX - 2,
                  &text);
    assert_fails(read_record(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "ceremony.part.count", &e);
    mutate_repeat(hm_buf_view(&cw->whole), "/root/0", HM_SIGNATURES_MAX - 1,
                  &text);
    assert_fails(read_record(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
    mutate_repeat(hm_buf_view(&cw->whole), "/retired/0", HM_TRUST_KEYS_MAX,
                  &text);
    assert_fails(read_record(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
    mutate_pad(hm_buf_view(&cw->whole), HM_CEREMONY_BYTES_MAX, &text);
    assert_ok(read_record(hm_buf_view(&text), &e), &e);
    mutate_pad(hm_buf_view(&cw->whole), HM_CEREMONY_BYTES_MAX + 1, &text);
    assert_fails(read_record(hm_buf_view(&text), &e), HM_E_LIMIT, "json.size",
                 &e);
}

/* The first bytes bind a signature to one kind. */
static void a_record_is_no_other_document(void **state)
{
    const struct ceremony_world *cw = *state;
    const struct hm_bytes whole = hm_buf_view(&cw->whole);
    HM_OWN(hm_manifest) manifest = HM_MANIFEST_INIT;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_fails(hm_manifest_read(&manifest, whole, &e), HM_E_FORMAT,
                 "json.format", &e);
    assert_fails(hm_authorisation_read(&a, whole, &e), HM_E_FORMAT,
                 "json.format", &e);
    assert_fails(request_read_with(&cw->w->root, whole, &e), HM_E_FORMAT,
                 "json.format", &e);
    assert_fails(read_record(hm_buf_view(&cw->request->document), &e),
                 HM_E_FORMAT, "json.format", &e);
}

/* --- what a machine said -------------------------------------------------------- */

#define ID "3c1f8e0c1d5f3a0b6f7d2e9a4b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c"
#define TOKEN                                                            \
    "\"module\": \"/m.so\", \"module_sha256\": \"" ID                    \
    "\", \"label\": \"safe\", \"software\": true, \"local\": \"yes\", "  \
    "\"sensitive\": \"yes\", \"always_sensitive\": \"no\", "             \
    "\"extractable\": \"unknown\", \"never_extractable\": \"yes\", "     \
    "\"decrypt\": \"no\", \"unwrap\": \"no\", \"wrap\": \"no\", "        \
    "\"derive\": \"no\", \"changeable\": \"no\", \"copyable\": \"no\", " \
    "\"hardware_mechanism\": \"no\", \"hardware_slot\": \"no\""

static const struct {
    const char *text;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
} said[] = {
    {"{\"keyid\": \"" ID "\", \"token\": {" TOKEN "}}", HM_OK, NULL},
    {"{\"keyid\": \"" ID "\", \"uri\": 1, \"token\": {\"note\": 1, " TOKEN "}}",
     HM_OK, NULL},
    {"{\"keyid\": \"" ID "\"}", HM_E_FORMAT, "json.member.missing"},
    {"{\"token\": {" TOKEN "}}", HM_E_FORMAT, "json.member.missing"},
    {"{\"keyid\": \"0a\", \"token\": {" TOKEN "}}", HM_E_FORMAT,
     "base.hex.syntax"},
    {"{\"keyid\": \"" ID "\", \"token\": {\"serial\": \"\\n\", " TOKEN "}}",
     HM_E_FORMAT, "request.text.syntax"},
    {"{\"keyid\": \"" ID "\", \"token\": {\"module\": \"/m.so\", \"label\": "
     "\"safe\"}}",
     HM_E_FORMAT, "json.member.missing"},
    {"[]", HM_E_FORMAT, "json.member.missing"},
    {"", HM_E_FORMAT, "json.syntax"},
};

static void evidence_is_a_token_s_words_with_the_module_s_digest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        struct hm_signer s;
        struct hm_err e = {.rc = HM_OK};
        const hm_rc rc = hm_signer_read(&s, hm_bytes_str(said[i].text), &e);

        if (said[i].reason != NULL) {
            assert_fails(rc, said[i].rc, said[i].reason, &e);
            continue;
        }
        assert_ok(rc, &e);
        assert_string_equal(s.keyid, ID);
        assert_string_equal(s.text[HM_SIGNER_SERIAL], "");
        assert_int_equal(s.claim[0], 2);
        assert_int_equal(s.claim[3], 1);
        assert_int_equal(s.claim[4], 0);
    }
}

static void not_software_is_not_said_to_be_hardware(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_SIGNER_BYTES_MAX);
    struct hm_signer s;
    struct hm_err e = {.rc = HM_OK};
    char shown[400];

    (void)state;
    maker_set(&text, said[0].text);
    maker_replace(&text, "\"software\": true", "\"software\": false");
    assert_ok(hm_signer_read(&s, hm_buf_view(&text), &e), &e);
    assert_int_equal(s.claim[0], 0);
    hm_signer_show_claims(&s, shown, sizeof(shown));
    assert_string_equal(shown, "software unknown, local yes, sensitive yes, "
                               "always_sensitive no, extractable unknown, "
                               "never_extractable yes, decrypt no, unwrap no, "
                               "wrap no, derive no, changeable no, copyable "
                               "no, hardware_mechanism no, hardware_slot no");
}

static void any_difference_is_one(void **state)
{
    const struct ceremony_world *cw = *state;
    struct hm_signer a;
    struct hm_signer b;

    ceremony_evidence(cw, MAKER_ROOT_1, &a);
    b = a;
    assert_true(hm_signer_is_same(&a, &b));
    b.module_sha256[31] ^= 1;
    assert_false(hm_signer_is_same(&a, &b));
    for (size_t i = 0; i < HM_SIGNER_TEXTS; i++) {
        b = a;
        b.text[i][0] ^= 1;
        assert_false(hm_signer_is_same(&a, &b));
    }
    for (size_t i = 0; i < HM_SIGNER_CLAIMS; i++) {
        b = a;
        b.claim[i] ^= 1;
        assert_false(hm_signer_is_same(&a, &b));
    }
    ceremony_evidence(cw, MAKER_ROOT_2, &b);
    assert_false(hm_signer_is_same(&a, &b));
}

static void reading_survives_every_failing_allocation(void **state)
{
    const struct ceremony_world *cw = *state;

    for (int k = 0;; k++) {
        struct hm_err e = {.rc = HM_OK};
        OWN_CEREMONY *c = ceremony_new();
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_ceremony_read(c, hm_buf_view(&cw->whole), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 0);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_int_equal(c->part_n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(every_other_change_is_refused),
        cmocka_unit_test(each_wrong_value_has_its_reason),
        cmocka_unit_test(a_key_stands_once_and_no_more_than_can_sign),
        cmocka_unit_test(a_record_is_no_other_document),
        cmocka_unit_test(evidence_is_a_token_s_words_with_the_module_s_digest),
        cmocka_unit_test(not_software_is_not_said_to_be_hardware),
        cmocka_unit_test(any_difference_is_one),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name(
        "ceremony record", tests, ceremony_world_make, ceremony_world_clear);
}
