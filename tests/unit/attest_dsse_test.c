#include "attest_sign.h"

#include "alloc_fail.h"

#define TYPE      "http://example.com/HelloWorld"
#define STATEMENT HM_LIT("{\"_type\":\"x\"}")

/* --- PAE --- */

static void the_published_vector_gives_its_pae(void **state)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(1024);
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_attest_make_pae(HM_LIT(TYPE), HM_LIT("hello world"), &pae, &e),
              &e);
    assert_bytes_equal(hm_buf_view(&pae),
                       HM_LIT("DSSEv1 29 " TYPE " 11 hello world"));
}

static void an_empty_body_has_length_zero(void **state)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(1024);
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_attest_make_pae(HM_LIT("t"), HM_LIT(""), &pae, &e), &e);
    assert_bytes_equal(hm_buf_view(&pae), HM_LIT("DSSEv1 1 t 0 "));
}

static void a_payload_type_is_printable_ascii_without_blanks(void **state)
{
    static const char *const bad[] = {"", "text plain", "t\x1b[31m",
                                      "t\xc3\xa9"};
    char longest[HM_ATTEST_TYPE_MAX + 1];
    struct hm_err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        HM_OWN(hm_buf) pae = HM_BUF_INIT(1024);

        assert_fails(
            hm_attest_make_pae(hm_bytes_str(bad[i]), HM_LIT("b"), &pae, &e),
            HM_E_FORMAT, "attest.type.syntax", &e);
        assert_null(pae.p);
    }
    memset(longest, 't', sizeof(longest));
    for (size_t n = HM_ATTEST_TYPE_MAX; n <= HM_ATTEST_TYPE_MAX + 1; n++) {
        HM_OWN(hm_buf) pae = HM_BUF_INIT(1024);
        const struct hm_bytes type = {(const uint8_t *)longest, n};

        assert_int_equal(hm_attest_make_pae(type, HM_LIT("b"), &pae, &e) ==
                             HM_OK,
                         n == HM_ATTEST_TYPE_MAX);
    }
}

/* --- keyid --- */

/* As ssh-keygen -i -m PKCS8 -f FILE | ssh-keygen -lf - shows them. */
static void a_keyid_is_the_fingerprint_that_openssh_shows(void **state)
{
    static const struct {
        const char *file;
        const char *fingerprint;
    } rows[] = {
        {"p256.pem", "SHA256:mi+MM5HWHz7khYkr2ehHtnYZ+wzDftSfxptVeckISww"},
        {"p384.pem", "SHA256:7OHZ+H/tF0sakIJY+hQ7cFy8/hOszqdAcHBJxXU68Jk"},
        {"rsa.pem", "SHA256:y+8Lc4/WU7rGfA1kS06CLJR7w/UCogQhA7M0eA0RZN0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
        HM_OWN(hm_buf) pem = HM_BUF_INIT(4096);
        char path[512];
        char keyid[HM_ATTEST_KEYID_SIZE];
        struct hm_err e = {0};

        (void)snprintf(path, sizeof(path), HM_TESTDATA "/attest/%s",
                       rows[i].file);
        assert_ok(hm_file_load(path, &pem, &e), &e);
        assert_ok(hm_public_key_read_pem(&key, hm_buf_view(&pem), &e), &e);
        assert_ok(hm_attest_make_keyid(&key, keyid, &e), &e);
        assert_string_equal(keyid, rows[i].fingerprint);
    }
}

static void a_key_without_a_scheme_has_no_keyid(void **state)
{
    const struct hm_public_key key = HM_PUBLIC_KEY_INIT;
    char keyid[HM_ATTEST_KEYID_SIZE] = "x";
    struct hm_err e = {0};

    (void)state;
    assert_fails(hm_attest_make_keyid(&key, keyid, &e), HM_E_INTERNAL,
                 "attest.keyid.make", &e);
    assert_string_equal(keyid, "");
}

/* --- writer --- */

static void an_envelope_is_one_line_that_reads_back(void **state)
{
    static const char begin[] =
        "{\"payloadType\":\"application/vnd.in-toto+json\","
        "\"payload\":\"eyJfdHlwZSI6IngifQ==\","
        "\"signatures\":[{\"keyid\":\"SHA256:";
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct test_key key;
    struct hm_err e = {0};
    char keyid[HM_ATTEST_KEYID_SIZE];

    (void)state;
    test_key_make(&key);
    test_envelope(&key, 1, STATEMENT, &line);
    assert_memory_equal(line.p, begin, sizeof(begin) - 1);
    assert_ptr_equal(memchr(line.p, '\n', line.n), line.p + line.n - 1);
    assert_ok(
        hm_attest_read_envelope(&env, hm_buf_view(&line), HM_ATTEST_OURS, &e),
        &e);
    assert_bytes_equal(hm_buf_view(&env.payload), STATEMENT);
    assert_int_equal(env.n_signatures, 1);
    assert_ok(hm_attest_make_keyid(&key.key, keyid, &e), &e);
    assert_string_equal(env.signatures[0].keyid, keyid);
    test_key_clear(&key);
}

static void a_signature_that_does_not_verify_is_never_written(void **state)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    uint8_t sig[HM_SIGNATURE_MAX];
    struct hm_attest_signed by;
    struct test_key key;
    struct hm_err e = {0};

    (void)state;
    test_key_make(&key);
    by.key = &key.key;
    by.sig = test_key_sign(&key, STATEMENT, sig); /* no PAE around it */
    assert_fails(hm_attest_write_envelope(STATEMENT, &by, 1, &line, &e),
                 HM_E_REJECTED, "crypto.signature.mismatch", &e);
    assert_null(line.p);
    by.sig = HM_LIT("no DER");
    assert_fails(hm_attest_write_envelope(STATEMENT, &by, 1, &line, &e),
                 HM_E_FORMAT, "crypto.signature.encoding", &e);
    test_key_clear(&key);
}

static void the_writer_takes_one_to_eight_different_keys(void **state)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    uint8_t sig[HM_SIGNATURE_MAX];
    struct hm_attest_signed by[9];
    struct test_key keys[8];
    struct hm_attest_signed one = {.key = &keys[0].key};
    struct hm_err e = {0};

    (void)state;
    for (size_t i = 0; i < 8; i++)
        test_key_make(&keys[i]);
    test_envelope(keys, 8, STATEMENT, &line);
    one.sig = test_key_sign_statement(&keys[0], STATEMENT, sig);
    for (size_t i = 0; i < 9; i++)
        by[i] = one;
    assert_fails(hm_attest_write_envelope(STATEMENT, by, 9, &line, &e),
                 HM_E_LIMIT, "attest.signature.count", &e);
    assert_fails(hm_attest_write_envelope(STATEMENT, by, 0, &line, &e),
                 HM_E_LIMIT, "attest.signature.count", &e);
    assert_fails(hm_attest_write_envelope(STATEMENT, by, 2, &line, &e),
                 HM_E_REJECTED, "attest.key.twice", &e);
    assert_fails(hm_attest_write_envelope(HM_LIT(""), by, 1, &line, &e),
                 HM_E_LIMIT, "attest.payload.size", &e);
    for (size_t i = 0; i < 8; i++)
        test_key_clear(&keys[i]);
}

/* --- verifier --- */

static void the_keys_that_signed_are_told_and_strangers_counted(void **state)
{
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct test_key keys[4];
    const struct hm_public_key *asked[] = {&keys[3].key, &keys[1].key,
                                           &keys[0].key, &keys[1].key};
    struct hm_attest_signers by;
    struct hm_err e = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        test_key_make(&keys[i]);
    test_envelope(keys, 3, STATEMENT, &line);
    assert_ok(
        hm_attest_read_envelope(&env, hm_buf_view(&line), HM_ATTEST_OURS, &e),
        &e);
    assert_ok(hm_attest_verify(&env, asked, 4, 2, &by, &e), &e);
    assert_int_equal(by.n, 2); /* key 1 was asked about twice */
    assert_int_equal(by.strangers, 1);
    assert_false(by.has_signed[0]);
    assert_true(by.has_signed[1] && by.has_signed[2] && by.has_signed[3]);
    assert_fails(hm_attest_verify(&env, asked, 4, 3, &by, &e), HM_E_REJECTED,
                 "attest.signature.threshold", &e);
    assert_int_equal(by.n, 2);
    for (size_t i = 0; i < 4; i++)
        test_key_clear(&keys[i]);
}

static void nobody_asked_about_is_a_no_and_threshold_zero_a_bug(void **state)
{
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct test_key keys[2];
    const struct hm_public_key *asked[] = {&keys[1].key};
    struct hm_attest_signers by;
    struct hm_err e = {0};

    (void)state;
    test_key_make(&keys[0]);
    test_key_make(&keys[1]);
    test_envelope(keys, 1, STATEMENT, &line);
    assert_fails(hm_attest_verify(&env, asked, 1, 1, &by, &e), HM_E_INTERNAL,
                 "attest.verify.call", &e);
    assert_ok(
        hm_attest_read_envelope(&env, hm_buf_view(&line), HM_ATTEST_OURS, &e),
        &e);
    assert_fails(hm_attest_verify(&env, asked, 0, 1, &by, &e), HM_E_REJECTED,
                 "attest.signature.threshold", &e);
    assert_fails(hm_attest_verify(&env, asked, 1, 1, &by, &e), HM_E_REJECTED,
                 "attest.signature.threshold", &e);
    assert_fails(hm_attest_verify(&env, asked, 1, 0, &by, &e), HM_E_INTERNAL,
                 "attest.verify.call", &e);
    test_key_clear(&keys[0]);
    test_key_clear(&keys[1]);
}

/* A verified envelope, taken apart; the tests below change one thing in it. */
struct one {
    struct test_key key;
    struct hm_attest_envelope env;
};

static void one_make(struct one *o)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct hm_err e = {0};

    *o = (struct one){.env = HM_ATTEST_ENVELOPE_INIT};
    test_key_make(&o->key);
    test_envelope(&o->key, 1, STATEMENT, &line);
    assert_ok(hm_attest_read_envelope(&o->env, hm_buf_view(&line),
                                      HM_ATTEST_OURS, &e),
              &e);
}

static void one_expect(struct one *o, hm_rc want, const char *reason)
{
    const struct hm_public_key *asked[] = {&o->key.key};
    struct hm_attest_signers by;
    struct hm_err e = {0};
    const hm_rc rc = hm_attest_verify(&o->env, asked, 1, 1, &by, &e);

    assert_fails(rc, want, reason, &e);
    assert_int_equal(by.n, 0);
    hm_attest_envelope_clear(&o->env);
    test_key_clear(&o->key);
}

static void the_payload_is_bound(void **state)
{
    struct one o;

    (void)state;
    one_make(&o);
    o.env.payload.p[3] ^= 1;
    one_expect(&o, HM_E_REJECTED, "attest.signature.threshold");
}

static void the_payload_type_is_bound(void **state)
{
    struct one o;

    (void)state;
    one_make(&o);
    (void)snprintf(o.env.payload_type, sizeof(o.env.payload_type),
                   "application/vnd.in-toto+jsom");
    one_expect(&o, HM_E_REJECTED, "attest.signature.threshold");
}

static void the_hint_in_our_dialect_must_still_be_true(void **state)
{
    struct one o;

    (void)state;
    one_make(&o);
    o.env.signatures[0].keyid[10] ^= 1;
    one_expect(&o, HM_E_REJECTED, "attest.keyid.differs");
}

static void a_signature_that_no_scheme_makes_is_refused(void **state)
{
    struct one o;

    (void)state;
    one_make(&o);
    o.env.signatures[0].sig[0] = 0x31;
    one_expect(&o, HM_E_FORMAT, "attest.signature.encoding");
}

/* adversarial D5: one key, two formats. */
static void a_signature_over_the_bare_statement_does_not_count(void **state)
{
    struct one o;

    (void)state;
    one_make(&o);
    o.env.signatures[0].n =
        test_key_sign(&o.key, STATEMENT, o.env.signatures[0].sig).n;
    one_expect(&o, HM_E_REJECTED, "attest.signature.threshold");
}

static void an_envelope_survives_every_failing_allocation(void **state)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct test_key key;

    (void)state;
    test_key_make(&key);
    test_envelope(&key, 1, STATEMENT, &line);
    for (int k = 0; k < 10000; k++) {
        HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
        struct hm_err e = {0};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_attest_read_envelope(&env, hm_buf_view(&line), HM_ATTEST_OURS,
                                     &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            break;
        }
        assert_int_equal(rc, HM_E_NOMEM);
        assert_null(env.payload.p);
        assert_int_equal(env.n_signatures, 0);
    }
    test_key_clear(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vector_gives_its_pae),
        cmocka_unit_test(an_empty_body_has_length_zero),
        cmocka_unit_test(a_payload_type_is_printable_ascii_without_blanks),
        cmocka_unit_test(a_keyid_is_the_fingerprint_that_openssh_shows),
        cmocka_unit_test(a_key_without_a_scheme_has_no_keyid),
        cmocka_unit_test(an_envelope_is_one_line_that_reads_back),
        cmocka_unit_test(a_signature_that_does_not_verify_is_never_written),
        cmocka_unit_test(the_writer_takes_one_to_eight_different_keys),
        cmocka_unit_test(the_keys_that_signed_are_told_and_strangers_counted),
        cmocka_unit_test(nobody_asked_about_is_a_no_and_threshold_zero_a_bug),
        cmocka_unit_test(the_payload_is_bound),
        cmocka_unit_test(the_payload_type_is_bound),
        cmocka_unit_test(the_hint_in_our_dialect_must_still_be_true),
        cmocka_unit_test(a_signature_that_no_scheme_makes_is_refused),
        cmocka_unit_test(a_signature_over_the_bare_statement_does_not_count),
        cmocka_unit_test(an_envelope_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("attest_dsse", tests, NULL, NULL);
}
