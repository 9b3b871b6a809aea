/* What tokens hand out: r || s, EC points, numbers; no module is loaded. */
#include "hsm_priv.h"

#include "hm_json.h"
#include "hm_test.h"

#define VECTORS HM_TESTDATA "/third-party/crypto-wycheproof/testvectors_v1/"

static struct hm_bytes view(const uint8_t *p, size_t n)
{
    return (struct hm_bytes){p, n};
}

/* r of the given bytes at its end, s = 1, as a token gives them. */
static void put_rs(uint8_t *rs, size_t half, struct hm_bytes r)
{
    memset(rs, 0, 2 * half);
    memcpy(rs + half - r.n, r.p, r.n);
    rs[2 * half - 1] = 1;
}

static void leading_zeros_and_high_bits_make_minimal_der(void **state)
{
    static const uint8_t firsts[] = {0x01, 0x7f, 0x80, 0xff};

    (void)state;
    for (size_t half = 32; half <= 48; half += 16)
        for (size_t zeros = 1; zeros <= 4; zeros++)
            for (size_t i = 0; i < sizeof(firsts); i++) {
                HM_OWN(hm_buf) der = HM_BUF_INIT(128);
                const size_t pad = firsts[i] >= 0x80 ? 1 : 0;
                uint8_t r[48] = {firsts[i]};
                uint8_t rs[96];
                struct hm_err e = {0};

                put_rs(rs, half, view(r, half - zeros));
                assert_ok(hm_hsm_encode_rs(view(rs, 2 * half), &der, &e), &e);
                assert_ok(hm_signature_check(half == 32
                                                 ? HM_SCHEME_ECDSA_P256_SHA256
                                                 : HM_SCHEME_ECDSA_P384_SHA384,
                                             hm_buf_view(&der), &e),
                          &e);
                assert_int_equal(der.n, 2 + 2 + pad + half - zeros + 3);
                assert_int_equal(der.p[4 + pad], firsts[i]);
            }
}

static void a_full_length_r_with_its_high_bit_gets_one_zero(void **state)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(128);
    uint8_t rs[64];
    struct hm_err e = {0};

    (void)state;
    memset(rs, 0x81, sizeof(rs));
    assert_ok(hm_hsm_encode_rs(view(rs, 64), &der, &e), &e);
    assert_int_equal(der.n, 72);
    assert_int_equal(der.p[3], 33);
    assert_int_equal(der.p[4], 0x00);
    assert_int_equal(der.p[5], 0x81);
    assert_ok(
        hm_signature_check(HM_SCHEME_ECDSA_P256_SHA256, hm_buf_view(&der), &e),
        &e);
}

static void other_lengths_and_zeros_are_refused(void **state)
{
    static const size_t lengths[] = {0, 1, 63, 65, 95, 97, 128, 16384};
    static uint8_t rs[16384];
    HM_OWN(hm_buf) der = HM_BUF_INIT(128);
    struct hm_err e = {0};

    (void)state;
    memset(rs, 0x01, sizeof(rs));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_fails(hm_hsm_encode_rs(view(rs, lengths[i]), &der, &e),
                     HM_E_TOKEN, "hsm.sign.length", &e);
        assert_int_equal(der.n, 0);
    }
    memset(rs, 0, 32);
    assert_fails(hm_hsm_encode_rs(view(rs, 64), &der, &e), HM_E_TOKEN,
                 "hsm.sign.range", &e);
    memset(rs, 1, 32);
    memset(rs + 32, 0, 32);
    assert_fails(hm_hsm_encode_rs(view(rs, 64), &der, &e), HM_E_TOKEN,
                 "hsm.sign.range", &e);
}

/* The option says what the bytes are; nobody guesses from the first of them. */
static void what_looks_like_der_is_taken_as_told(void **state)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(128);
    uint8_t rs[64] = {0x30, 0x3e, 0x02, 0x1d};
    struct hm_err e = {0};

    (void)state;
    rs[63] = 1;
    assert_fails(hm_signature_check(HM_SCHEME_ECDSA_P256_SHA256,
                                    view(rs, sizeof(rs)), &e),
                 HM_E_FORMAT, "crypto.signature.encoding", &e);
    assert_ok(hm_hsm_encode_rs(view(rs, sizeof(rs)), &der, &e), &e);
    assert_int_equal(der.n, 2 + 2 + 32 + 3);
    assert_memory_equal(der.p + 4, rs, 32);
}

/* --- published vectors of r || s ------------------------------------------------- */

static void read_hex(struct hm_json at, const char *name, struct hm_buf *out)
{
    const struct hm_bytes hex = hm_json_view(hm_json_find(at, name));
    struct hm_err e = {0};

    hm_buf_clear(out);
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        uint8_t byte = 0;

        assert_ok(hm_hex_read(view(hex.p + i, 2), &byte, 1, &e), &e);
        assert_ok(hm_buf_add(out, view(&byte, 1), &e), &e);
    }
}

static bool verifies(const struct hm_public_key *key, struct hm_json test)
{
    HM_OWN(hm_buf) message = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_buf) rs = HM_BUF_INIT(1u << 10);
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {0};

    read_hex(test, "msg", &message);
    read_hex(test, "sig", &rs);
    return hm_hsm_encode_rs(hm_buf_view(&rs), &der, &e) == HM_OK &&
           hm_signature_verify(key, hm_buf_view(&message), hm_buf_view(&der),
                               &e) == HM_OK;
}

static void run_group(struct hm_json group, size_t *valid_n, size_t *other_n)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_buf) spki = HM_BUF_INIT(4096);
    struct hm_err e = {0};

    read_hex(group, "publicKeyDer", &spki);
    assert_ok(hm_public_key_read(&key, hm_buf_view(&spki), &e), &e);
    for (struct hm_json t = hm_json_first(hm_json_find(group, "tests"));
         t.item != NULL; t = hm_json_next(t)) {
        const bool is_valid = hm_bytes_eq(
            hm_json_view(hm_json_find(t, "result")), HM_LIT("valid"));

        if (verifies(&key, t) != is_valid)
            fail_msg("test %s disagrees",
                     hm_show(hm_json_view(hm_json_find(t, "comment"))));
        *(is_valid ? valid_n : other_n) += 1;
    }
}

static void wycheproof_r_and_s_get_their_verdicts(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT((size_t)4 << 20);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    size_t valid = 0;
    size_t other = 0;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_file_load(VECTORS "ecdsa_secp256r1_sha256_p1363_test.json",
                           &text, &e),
              &e);
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&text), HM_JSON_FOREIGN, text.max, &e),
        &e);
    for (struct hm_json g =
             hm_json_first(hm_json_find(hm_json_root(&doc), "testGroups"));
         g.item != NULL; g = hm_json_next(g))
        run_group(g, &valid, &other);
    assert_true(valid >= 150 && other >= 80);
}

static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p521[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};

/* The base point of P-256, in its OCTET STRING.  @source SEC 2, 2.4.2 */
static const uint8_t point[] = {
    0x04, 0x41, 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8,
    0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d,
    0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
    0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c,
    0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb,
    0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static void a_point_is_taken_bare_and_wrapped(void **state)
{
    HM_OWN(hm_public_key) wrapped = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_public_key) bare = HM_PUBLIC_KEY_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hsm_public_from_point(view(p256, sizeof(p256)),
                                    view(point, sizeof(point)), &wrapped, &e),
              &e);
    assert_ok(hsm_public_from_point(view(p256, sizeof(p256)),
                                    view(point + 2, sizeof(point) - 2), &bare,
                                    &e),
              &e);
    assert_string_equal(wrapped.keyid, bare.keyid);
    assert_int_equal(bare.scheme, HM_SCHEME_ECDSA_P256_SHA256);
}

static void a_bad_point_is_the_tokens_fault(void **state)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    uint8_t off_curve[sizeof(point)];
    struct hm_err e = {0};

    (void)state;
    for (size_t n = 0; n < sizeof(point); n++)
        if (n != sizeof(point) - 2)
            assert_fails(hsm_public_from_point(view(p256, sizeof(p256)),
                                               view(point, n), &key, &e),
                         HM_E_TOKEN, "hsm.key.point", &e);
    assert_fails(hsm_public_from_point(view(p521, sizeof(p521)),
                                       view(point, sizeof(point)), &key, &e),
                 HM_E_TOKEN, "hsm.key.kind", &e);
    memcpy(off_curve, point, sizeof(point));
    off_curve[sizeof(point) - 1] ^= 0x01;
    assert_fails(hsm_public_from_point(view(p256, sizeof(p256)),
                                       view(off_curve, sizeof(off_curve)), &key,
                                       &e),
                 HM_E_TOKEN, "crypto.key.der", &e);
    assert_null(key.pkey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leading_zeros_and_high_bits_make_minimal_der),
        cmocka_unit_test(a_full_length_r_with_its_high_bit_gets_one_zero),
        cmocka_unit_test(other_lengths_and_zeros_are_refused),
        cmocka_unit_test(what_looks_like_der_is_taken_as_told),
        cmocka_unit_test(wycheproof_r_and_s_get_their_verdicts),
        cmocka_unit_test(a_point_is_taken_bare_and_wrapped),
        cmocka_unit_test(a_bad_point_is_the_tokens_fault),
    };

    return cmocka_run_group_tests_name("hsm_sign", tests, NULL, NULL);
}
