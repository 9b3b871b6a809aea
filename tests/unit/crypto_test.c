#include "hm_crypto.h"
#include "hm_json.h"

#include "hm_test.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
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

/* Made with Python: hmac, and Poly1305 as RFC 8439, 2.5.1 writes it down. */
static void a_mac_is_of_secret_name_and_content(void **state)
{
    static const uint8_t known[HM_MAC_SIZE] = {
        0xdc, 0x07, 0xe8, 0x8b, 0xcd, 0x67, 0x74, 0xa7,
        0x36, 0x14, 0x7b, 0xa3, 0x9a, 0xbd, 0x62, 0x89};
    const struct hm_bytes in = HM_LIT("Cryptographic Forum Research Group");
    uint8_t mac[HM_MAC_SIZE];
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_mac(HM_LIT("secret"), HM_LIT("name"), in, mac, &e), &e);
    assert_memory_equal(mac, known, sizeof(mac));
    assert_true(hm_mac_matches(HM_LIT("secret"), HM_LIT("name"), in, mac));
    assert_false(hm_mac_matches(HM_LIT("Secret"), HM_LIT("name"), in, mac));
    assert_false(hm_mac_matches(HM_LIT("secret"), HM_LIT("Name"), in, mac));
    assert_false(hm_mac_matches(HM_LIT("secret"), HM_LIT("name"),
                                (struct hm_bytes){in.p, in.n - 1}, mac));
    mac[15] ^= 0x80;
    assert_false(hm_mac_matches(HM_LIT("secret"), HM_LIT("name"), in, mac));
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

/* A PEM file may have passed through another system; it holds the same key. */
static void line_ends_of_a_pem_do_not_make_another_key(void **state)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_public_key) again = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_buf) pem = HM_BUF_INIT(1000);
    HM_OWN(hm_buf) crlf = HM_BUF_INIT(1000);
    HM_OWN(hm_buf) note = HM_BUF_INIT(1000);
    uint8_t spki[HM_SPKI_MAX];
    size_t n = 0;
    struct hm_err e = {0};

    (void)state;
    make_spki("P-256", spki, &n);
    assert_ok(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e), &e);
    assert_ok(hm_public_key_add_pem(&key, &pem, &e), &e);
    for (size_t i = 0; i < pem.n; i++) {
        if (pem.p[i] == '\n')
            assert_ok(hm_buf_add(&crlf, HM_LIT("\r"), &e), &e);
        assert_ok(hm_buf_add(&crlf, (struct hm_bytes){pem.p + i, 1}, &e), &e);
    }
    assert_ok(hm_public_key_read_pem(&again, hm_buf_view(&crlf), &e), &e);
    assert_string_equal(key.keyid, again.keyid);
    assert_ok(hm_buf_add(&note, HM_LIT("the vendor's\n"), &e), &e);
    assert_ok(hm_buf_add(&note, hm_buf_view(&pem), &e), &e);
    assert_fails(hm_public_key_read_pem(&again, hm_buf_view(&note), &e),
                 HM_E_FORMAT, "crypto.key.pem", &e);
    assert_fails(hm_public_key_read_pem(&again, (struct hm_bytes){spki, n},
                                        &e), /* DER */
                 HM_E_FORMAT, "crypto.key.pem", &e);
}

/* The SPKI of a P-256 key: its head up to the point. */
#define HEAD                                                           \
    "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48" \
    "\xce\x3d\x03\x01\x07"

static void what_is_no_point_is_no_key(void **state)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    uint8_t spki[HM_SPKI_MAX];
    size_t n = 0;
    struct hm_err e = {0};

    (void)state;
    assert_fails(hm_public_key_read(
                     &key, HM_LIT("\x30\x19" HEAD "\x03\x02\x00\x00"), &e),
                 HM_E_FORMAT, "crypto.key.der", &e); /* infinity */
    make_spki("P-256", spki, &n);
    memset(spki + n - 64, 0, 64); /* (0, 0), what some call infinity */
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    make_spki("P-256", spki, &n);
    memset(spki + n - 64, 0xff, 32); /* x is not below the field's prime */
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    make_spki("P-256", spki, &n);
    spki[12] ^= 0x03; /* 1.2.840.10045.2.2 is no kind of key */
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
}

static void edwards_spki(uint8_t *spki, size_t *n)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    unsigned char *at = spki;

    assert_non_null(pkey);
    *n = (size_t)i2d_PUBKEY(pkey, &at);
    EVP_PKEY_free(pkey);
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
    edwards_spki(spki, &n);
    assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                 HM_E_FORMAT, "crypto.key.kind", &e);
}

/* An RSA SPKI ends with its modulus, 02 03 and the exponent. */
static void weak_rsa_keys_are_refused(void **state)
{
    static const struct {
        size_t from_end;
        uint8_t byte;
        bool is_good;
    } rows[] = {
        {6, 0x01, true}, {6, 0x00, false}, /* modulus */
        {3, 0x01, true}, {3, 0x00, false}, /* exponent: 1, not minimal */
        {1, 0x03, true}, {1, 0x00, false}, /* 65539, 65536 */
    };
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    uint8_t whole[HM_SPKI_MAX];
    unsigned char *at = whole;
    const size_t n = (size_t)i2d_PUBKEY(rsa, &at);

    (void)state;
    EVP_PKEY_free(rsa);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t spki[HM_SPKI_MAX];
        struct hm_err e = {0};
        hm_rc rc;

        memcpy(spki, whole, n);
        spki[n - rows[i].from_end] = rows[i].byte;
        rc = hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e);
        if (rows[i].is_good)
            assert_ok(rc, &e);
        else
            assert_int_equal(rc, HM_E_FORMAT);
        if (!rows[i].is_good && rows[i].from_end != 3)
            assert_string_equal(e.reason, "crypto.key.weak");
    }
}

/* The smallest primes up to 167, the 39th: what the faulty library took for
 * keys of 512 bits, and a part of what it took for longer ones. */
static BIGNUM *primorial(void)
{
    BIGNUM *product = BN_new();

    assert_int_equal(BN_one(product), 1);
    for (unsigned n = 2; n <= 167; n++) {
        bool is_prime = true;

        for (unsigned d = 2; d < n; d++)
            is_prime = is_prime && n % d != 0;
        if (is_prime)
            assert_int_equal(BN_mul_word(product, n), 1);
    }
    return product;
}

/* A modulus of 2048 bits that is 65537^power modulo each of those primes. */
static void modulus_of_a_faulty_chip(unsigned power, uint8_t out[256])
{
    BIGNUM *product = primorial();
    BIGNUM *n = BN_new();
    BIGNUM *rest = BN_new();
    BN_CTX *ctx = BN_CTX_new();

    assert_int_equal(BN_one(rest), 1);
    for (unsigned i = 0; i < power; i++)
        assert_int_equal(BN_mul_word(rest, 65537), 1);
    do { /* of the two lengths that a product can have */
        assert_int_equal(BN_rand(n, 2049 - BN_num_bits(product),
                                 BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY),
                         1);
        assert_int_equal(BN_mul(n, n, product, ctx), 1);
    } while (BN_num_bits(n) != 2048);
    assert_int_equal(BN_add(n, n, rest), 1);
    assert_int_equal(BN_num_bits(n), 2048);
    assert_int_equal(BN_bn2binpad(n, out, 256), 256);
    BN_free(product);
    BN_free(n);
    BN_free(rest);
    BN_CTX_free(ctx);
}

static void keys_of_a_faulty_chip_are_refused(void **state)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    uint8_t spki[HM_SPKI_MAX];
    unsigned char *at = spki;
    const size_t n = (size_t)i2d_PUBKEY(rsa, &at);
    struct hm_err e = {0};

    (void)state;
    EVP_PKEY_free(rsa);
    for (unsigned power = 0; power < 40; power += 3) {
        modulus_of_a_faulty_chip(power, spki + n - 5 - 256);
        assert_fails(hm_public_key_read(&key, (struct hm_bytes){spki, n}, &e),
                     HM_E_FORMAT, "crypto.key.weak", &e);
        assert_non_null(strstr(e.text, "CVE-2017-15361"));
    }
}

/* --- signatures of another kind ------------------------------------------------- */

#define TEXT HM_LIT("{\n  \"format\": \"hallmark-manifest/1\"\n}\n")

static EVP_PKEY *new_key(const char *type)
{
    EVP_PKEY *pkey = type == NULL ? EVP_RSA_gen(2048) : EVP_EC_gen(type);

    assert_non_null(pkey);
    return pkey;
}

static void public_half(EVP_PKEY *pkey, struct hm_public_key *key)
{
    uint8_t spki[HM_SPKI_MAX];
    unsigned char *at = spki;
    const size_t n = (size_t)i2d_PUBKEY(pkey, &at);
    struct hm_err e = {0};

    assert_ok(hm_public_key_read(key, (struct hm_bytes){spki, n}, &e), &e);
}

/* TEXT, signed in one go; md is NULL where the kind of key fixes it. */
static void sign_with(EVP_PKEY *pkey, const EVP_MD *md, bool is_pss,
                      uint8_t out[HM_SIGNATURE_MAX], size_t *n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;

    *n = HM_SIGNATURE_MAX;
    assert_int_equal(EVP_DigestSignInit(ctx, &how, md, NULL, pkey), 1);
    if (is_pss)
        assert_int_equal(
            EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, n, TEXT.p, TEXT.n), 1);
    EVP_MD_CTX_free(ctx);
}

static void the_scheme_of_a_key_is_its_only_one(void **state)
{
    const struct {
        const char *type; /* curve; NULL: RSA */
        const EVP_MD *md;
        bool is_pss;
        bool is_good;
    } rows[] = {
        {"P-256", EVP_sha256(), false, true},
        {"P-256", EVP_sha1(), false, false},
        {"P-256", EVP_sha224(), false, false},
        {"P-256", EVP_sha384(), false, false},
        {"P-256", EVP_sha512(), false, false},
        {"P-256", EVP_sha3_256(), false, false},
        {"P-384", EVP_sha384(), false, true},
        {"P-384", EVP_sha256(), false, false},
        {NULL, EVP_sha256(), false, true},
        {NULL, EVP_sha1(), false, false},
        {NULL, EVP_sha512(), false, false},
        {NULL, EVP_sha256(), true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
        EVP_PKEY *pkey = new_key(rows[i].type);
        uint8_t sig[HM_SIGNATURE_MAX];
        size_t n = 0;
        struct hm_err e = {0};
        hm_rc rc;

        public_half(pkey, &key);
        sign_with(pkey, rows[i].md, rows[i].is_pss, sig, &n);
        rc = hm_signature_verify(&key, TEXT, (struct hm_bytes){sig, n}, &e);
        if (rows[i].is_good)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, "crypto.signature.mismatch", &e);
        EVP_PKEY_free(pkey);
    }
}

/* One key's kind of signature offered to a key of another kind. */
static void kinds_of_signatures_are_not_mixed_up(void **state)
{
    HM_OWN(hm_public_key) p256 = HM_PUBLIC_KEY_INIT;
    EVP_PKEY *own = new_key("P-256");
    EVP_PKEY *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *others[] = {new_key("P-384"), new_key(NULL)};
    uint8_t sig[HM_SIGNATURE_MAX];
    unsigned mac_n = 0;
    size_t n = 0;
    struct hm_err e = {0};

    (void)state;
    public_half(own, &p256);
    sign_with(edwards, NULL, false, sig, &n);
    assert_fails(
        hm_signature_verify(&p256, TEXT, (struct hm_bytes){sig, n}, &e),
        HM_E_FORMAT, "crypto.signature.encoding", &e);
    for (size_t i = 0; i < 2; i++) {
        sign_with(others[i], i == 0 ? EVP_sha384() : EVP_sha256(), false, sig,
                  &n);
        assert_int_not_equal(
            hm_signature_verify(&p256, TEXT, (struct hm_bytes){sig, n}, &e),
            HM_OK);
        EVP_PKEY_free(others[i]);
    }
    /* The public key as the secret of a MAC: everybody could make that. */
    assert_non_null(HMAC(EVP_sha256(), p256.spki, (int)p256.spki_n, TEXT.p,
                         TEXT.n, sig, &mac_n));
    assert_fails(
        hm_signature_verify(&p256, TEXT, (struct hm_bytes){sig, mac_n}, &e),
        HM_E_FORMAT, "crypto.signature.encoding", &e);
    EVP_PKEY_free(own);
    EVP_PKEY_free(edwards);
}

/* --- a library that does not know ----------------------------------------------- */

static int verdict = 1; /* 1: the library's own */

int __real_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t n,
                            const unsigned char *in, size_t in_n);
int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t n,
                            const unsigned char *in, size_t in_n);

int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t n,
                            const unsigned char *in, size_t in_n)
{
    return verdict == 1 ? __real_EVP_DigestVerify(ctx, sig, n, in, in_n)
                        : verdict;
}

static void only_a_one_is_a_yes(void **state)
{
    static const int other[] = {0, -1, -2, 2, 256, INT_MIN, INT_MAX};
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    EVP_PKEY *pkey = new_key("P-256");
    uint8_t sig[HM_SIGNATURE_MAX];
    size_t n = 0;
    struct hm_err e = {0};

    (void)state;
    public_half(pkey, &key);
    sign_with(pkey, EVP_sha256(), false, sig, &n);
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        verdict = other[i];
        assert_fails(
            hm_signature_verify(&key, TEXT, (struct hm_bytes){sig, n}, &e),
            HM_E_REJECTED, "crypto.signature.mismatch", &e);
    }
    verdict = 1;
    assert_ok(hm_signature_verify(&key, TEXT, (struct hm_bytes){sig, n}, &e),
              &e);
    EVP_PKEY_free(pkey);
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
        cmocka_unit_test(a_mac_is_of_secret_name_and_content),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(a_key_has_one_spelling),
        cmocka_unit_test(other_spellings_of_a_key_are_refused),
        cmocka_unit_test(line_ends_of_a_pem_do_not_make_another_key),
        cmocka_unit_test(what_is_no_point_is_no_key),
        cmocka_unit_test(keys_without_a_scheme_are_refused),
        cmocka_unit_test(weak_rsa_keys_are_refused),
        cmocka_unit_test(keys_of_a_faulty_chip_are_refused),
        cmocka_unit_test(the_scheme_of_a_key_is_its_only_one),
        cmocka_unit_test(kinds_of_signatures_are_not_mixed_up),
        cmocka_unit_test(only_a_one_is_a_yes),
        cmocka_unit_test(schemes_have_names),
    };

    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
