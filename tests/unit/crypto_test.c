#include "hm_crypto.h"
#include "hm_json.h"

#include "hm_test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define VECTORS HM_TESTDATA "/third-party/crypto-wycheproof/testvectors_v1/"

/* Wycheproof writes bytes as hex in JSON. */
static void hex_member(struct hm_json at, const char *name, struct hm_buf *out)
{
    const struct hm_bytes hex = hm_json_view(hm_json_find(at, name));
    struct hm_err e = {0};

    hm_buf_clear(out);
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        uint8_t byte = 0;

        assert_ok(hm_hex_read((struct hm_bytes){hex.p + i, 2}, &byte, 1, &e),
                  &e);
        assert_ok(hm_buf_add(out, (struct hm_bytes){&byte, 1}, &e), &e);
    }
}

/* One test; true when our verdict agrees with the published one. */
static bool agrees(const struct hm_public_key *key, struct hm_json test,
                   bool *valid)
{
    HM_OWN(hm_buf) message = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(1u << 16);
    struct hm_err e = {0};
    hm_rc rc;

    hex_member(test, "msg", &message);
    hex_member(test, "sig", &sig);
    *valid = hm_bytes_eq(hm_json_view(hm_json_find(test, "result")),
                         HM_LIT("valid"));
    rc = hm_signature_verify(key, hm_buf_view(&message), hm_buf_view(&sig), &e);
    if (rc != HM_OK && rc != HM_E_REJECTED && rc != HM_E_FORMAT)
        fail_msg("unexpected code %s", hm_rc_name(rc));
    return (rc == HM_OK) == *valid;
}

static void run_group(struct hm_json group, size_t *valid_n, size_t *other_n)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_buf) spki = HM_BUF_INIT(4096);
    struct hm_err e = {0};

    hex_member(group, "publicKeyDer", &spki);
    if (hm_public_key_read(&key, hm_buf_view(&spki), &e) != HM_OK) {
        assert_string_equal(e.reason, "crypto.key.weak"); /* exponent 3 */
        return;
    }
    for (struct hm_json t = hm_json_first(hm_json_find(group, "tests"));
         t.item != NULL; t = hm_json_next(t)) {
        bool valid = false;

        if (!agrees(&key, t, &valid))
            fail_msg("test %s disagrees",
                     hm_show(hm_json_view(hm_json_find(t, "comment"))));
        *(valid ? valid_n : other_n) += 1;
    }
}

static void run_vectors(const char *path, size_t at_least)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT((size_t)4 << 20);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    size_t valid = 0;
    size_t other = 0;
    struct hm_err e = {0};

    assert_ok(hm_file_load(path, &text, &e), &e);
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&text), HM_JSON_FOREIGN, text.max, &e),
        &e);
    for (struct hm_json g =
             hm_json_first(hm_json_find(hm_json_root(&doc), "testGroups"));
         g.item != NULL; g = hm_json_next(g))
        run_group(g, &valid, &other);
    assert_true(valid >= at_least && other >= at_least);
}

static void wycheproof_p256_gets_its_verdicts(void **state)
{
    (void)state;
    run_vectors(VECTORS "ecdsa_secp256r1_sha256_test.json", 100);
}

static void wycheproof_p384_gets_its_verdicts(void **state)
{
    (void)state;
    run_vectors(VECTORS "ecdsa_secp384r1_sha384_test.json", 100);
}

static void wycheproof_rsa_gets_its_verdicts(void **state)
{
    (void)state;
    run_vectors(VECTORS "rsa_signature_3072_sha256_test.json", 6);
}

static void digests_of_one_pass_are_the_published_ones(void **state)
{
    HM_OWN(hm_digest) d = HM_DIGEST_INIT;
    struct hm_digests out;
    char hex[HM_SHA512_HEX];
    struct hm_err e = {0};

    (void)state;
    for (int again = 0; again < 2; again++) { /* FIPS 180-4 "abc" */
        assert_ok(hm_digest_begin(&d, true, &e), &e);
        assert_ok(hm_digest_add(&d, HM_LIT("a"), &e), &e);
        assert_ok(hm_digest_add(&d, HM_LIT("bc"), &e), &e);
        assert_ok(hm_digest_end(&d, &out, &e), &e);
        assert_true(out.size == 3);
        hm_hex_write((struct hm_bytes){out.sha256, 32}, hex);
        assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177"
                                 "a9cb410ff61f20015ad");
        hm_hex_write((struct hm_bytes){out.sha512, 64}, hex);
        assert_memory_equal(hex, "ddaf35a193617abacc417349ae204131", 32);
    }
}

static void base64_has_one_spelling(void **state)
{
    static const char *const bad[] = {
        "Zg",   "Zg=",  "Zh==",     "Zm9=", "Zg==\n", "Zm-_", "Zm 9v",
        "====", "=Zg=", "Zg==Zg==", "Z===", "Zm9v=",  "Zm\n9"};
    struct hm_err e = {0};

    (void)state;
    for (size_t n = 0; n < 200; n++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(400);
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(400);
        uint8_t in[200];

        memset(in, (int)n, sizeof(in));
        assert_ok(hm_base64_add(&text, (struct hm_bytes){in, n}, &e), &e);
        assert_int_equal(text.n, (n + 2) / 3 * 4);
        assert_ok(hm_base64_read(&bytes, hm_buf_view(&text), &e), &e);
        assert_bytes_equal(hm_buf_view(&bytes), ((struct hm_bytes){in, n}));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(400);

        assert_fails(hm_base64_read(&bytes, hm_bytes_str(bad[i]), &e),
                     HM_E_FORMAT, "crypto.base64.syntax", &e);
    }
}

/* A fresh key pair as canonical SPKI. */
static void make_spki(const char *curve, uint8_t *out, size_t *n)
{
    EVP_PKEY *pkey = EVP_EC_gen(curve);
    unsigned char *at = out;

    assert_non_null(pkey);
    assert_true(i2d_PUBKEY(pkey, NULL) <= HM_SPKI_MAX);
    *n = (size_t)i2d_PUBKEY(pkey, &at);
    EVP_PKEY_free(pkey);
}

static void a_key_has_one_spelling(void **state)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_public_key) again = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_buf) pem = HM_BUF_INIT(1000);
    uint8_t spki[HM_SPKI_MAX + 1] = {0};
    size_t n = 0;
    struct hm_err e = {0};

    (void)state;
    make_spki("P-256", spki, &n);
    assert_ok(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e), &e);
    assert_ok(hm_public_key_add_pem(&key, &pem, &e), &e);
    assert_ok(hm_public_key_read_pem(&again, hm_buf_view(&pem), &e), &e);
    assert_string_equal(key.keyid, again.keyid);
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n + 1}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    assert_null(key.pkey);
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n - 1}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    spki[n - 1] ^= 1; /* off the curve */
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    pem.p[pem.n / 2] = '-'; /* URL-safe letter */
    assert_fails(hm_public_key_read_pem(&key, hm_buf_view(&pem), &e),
                 HM_E_FORMAT, "crypto.base64.syntax", &e);
    assert_fails(hm_public_key_read_pem(&key, HM_LIT("no key"), &e),
                 HM_E_FORMAT, "crypto.key.pem", &e);
}

/* The same key with its point compressed or told twice, or its curve written
 * out. */
static void other_spelling(const char *parameter, const char *value,
                           uint8_t *out, size_t *n)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    unsigned char *at = out;

    assert_non_null(pkey);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, parameter, value), 1);
    assert_true(i2d_PUBKEY(pkey, NULL) <= HM_SPKI_MAX);
    *n = (size_t)i2d_PUBKEY(pkey, &at);
    EVP_PKEY_free(pkey);
}

static void other_spellings_of_a_key_are_refused(void **state)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    uint8_t spki[HM_SPKI_MAX];
    size_t n = 0;
    struct hm_err e = {0};

    (void)state;
    other_spelling("point-format", "compressed", spki, &n);
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    other_spelling("point-format", "hybrid", spki, &n); /* as long as ours */
    assert_int_equal(n, 91);
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    other_spelling("encoding", "explicit", spki, &n);
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
}

static void keys_without_a_scheme_are_refused(void **state)
{
    static const char *const curves[] = {"P-521", "secp256k1",
                                         "brainpoolP256r1", "P-192"};
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    uint8_t spki[HM_SPKI_MAX];
    size_t n = 0;
    EVP_PKEY *rsa = EVP_RSA_gen(1024);
    unsigned char *at = spki;
    struct hm_err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        make_spki(curves[i], spki, &n);
        assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                     HM_E_FORMAT, "crypto.key.kind", &e);
    }
    n = (size_t)i2d_PUBKEY(rsa, &at);
    EVP_PKEY_free(rsa);
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.weak", &e);
}

static void schemes_have_names(void **state)
{
    (void)state;
    assert_int_equal(hm_scheme_find(HM_LIT("ecdsa-p256-sha256")),
                     HM_SCHEME_ECDSA_P256_SHA256);
    assert_int_equal(hm_scheme_find(HM_LIT("ecdsa-p256-sha25")),
                     HM_SCHEME_UNKNOWN);
    assert_string_equal(hm_scheme_name(HM_SCHEME_RSA_PKCS1_SHA256),
                        "rsa-pkcs1-sha256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_p256_gets_its_verdicts),
        cmocka_unit_test(wycheproof_p384_gets_its_verdicts),
        cmocka_unit_test(wycheproof_rsa_gets_its_verdicts),
        cmocka_unit_test(digests_of_one_pass_are_the_published_ones),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(a_key_has_one_spelling),
        cmocka_unit_test(other_spellings_of_a_key_are_refused),
        cmocka_unit_test(keys_without_a_scheme_are_refused),
        cmocka_unit_test(schemes_have_names),
    };

    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
