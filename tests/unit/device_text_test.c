/* The device's small readers, on published vectors and on edges. */
#include "hm_crypto.h"
#include "hm_slots.h"
#include "hm_test.h"

#define SUITE   HM_TESTDATA "/third-party/json-JSONTestSuite/"
#define VECTORS HM_TESTDATA "/third-party/crypto-wycheproof/testvectors_v1/"
#define MAX     ((size_t)16 << 20)

static struct hm_device_bytes view(const struct hm_buf *b)
{
    return (struct hm_device_bytes){b->p, b->n};
}

/* --- JSON ----------------------------------------------------------------------- */

static unsigned agree_on_folder(const char *path)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    unsigned accepted = 0;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&dir, path, &e), &e);
    assert_ok(hm_dir_list(&dir, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(MAX);
        const char *why = NULL;
        hm_rc rc;

        assert_ok(hm_file_load_at(&dir, names.name[i], &text, &e), &e);
        e.reason[0] = '\0';
        rc = hm_json_check(hm_buf_view(&text), HM_JSON_OURS, MAX, &e);
        why = hm_device_json(view(&text));
        if ((rc == HM_OK) != (strcmp(why, "yes") == 0))
            fail_msg("%s: host %s, device %s", names.name[i], e.reason, why);
        accepted += rc == HM_OK;
    }
    return accepted;
}

static void the_two_json_readers_agree_on_the_published_suite(void **state)
{
    (void)state;
    assert_true(agree_on_folder(SUITE "test_parsing") > 30);
    (void)agree_on_folder(SUITE "test_transform");
    (void)agree_on_folder(HM_TESTDATA
                          "/third-party/json-jsonchecker/data/jsonchecker");
}

static void depth_is_bounded_without_recursion(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(MAX);
    struct hm_err e = {0};

    (void)state;
    for (int i = 0; i < 64; i++)
        assert_ok(hm_buf_add(&text, HM_LIT("["), &e), &e);
    for (int i = 0; i < 64; i++)
        assert_ok(hm_buf_add(&text, HM_LIT("]"), &e), &e);
    assert_string_equal(hm_device_json(view(&text)), "yes");
    hm_buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        assert_ok(hm_buf_add(&text, HM_LIT("{\"a\":["), &e), &e);
    assert_string_equal(hm_device_json(view(&text)), "json.depth");
}

static void names_that_say_the_same_are_duplicates(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {
        {"{\"a\":1,\"A\":1,\"aa\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}",
         "yes"},
        {"{\"a\":1,\"a\":1}", "json.duplicate"},
        {"{\"a\":{\"x\":\"}\\\"{\"},\"\\u0061\":1}", "json.duplicate"},
        {"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":1}", "json.duplicate"},
        {"{\"\\u00e9\":1,\"\xc3\xa9\":1}", "json.duplicate"},
        {"{\"a\\/\":1,\"a/\":1}", "json.duplicate"},
        {"{\"\":1,\"\":2}", "json.duplicate"},
        {"[{\"b\":[[],{}],\"c\":{\"d\":0,\"d\":1}}]", "json.duplicate"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(
            hm_device_json((struct hm_device_bytes){
                (const uint8_t *)rows[i].text, strlen(rows[i].text)}),
            rows[i].reason);
}

/* --- time -------------------------------------------------------------------------- */

static void times_are_read_as_the_host_reads_them(void **state)
{
    static const char *const texts[] = {
        "1970-01-01T00:00:00Z",     "2026-05-12T08:00:00Z",
        "2038-01-19T03:14:08Z",     "9999-12-31T23:59:59Z",
        "2024-02-29T00:00:00Z",     "2000-02-29T00:00:00Z",
        "2023-02-29T00:00:00Z",     "2100-02-29T00:00:00Z",
        "2026-02-30T00:00:00Z",     "2026-04-31T00:00:00Z",
        "2026-00-01T00:00:00Z",     "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",     "2026-01-32T00:00:00Z",
        "2026-01-01T24:00:00Z",     "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",     "1969-12-31T23:59:59Z",
        "2026-01-01t00:00:00Z",     "2026-01-01T00:00:00z",
        "2026-01-01 00:00:00Z",     "2026-01-01T00:00:00",
        "2026-01-01T00:00:0Z",      "+026-01-01T00:00:00Z",
        "2026-01-01T00:00:00ZZ",    "",
        "2026-01-01T00:00:00+00:00"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct hm_bytes text = hm_bytes_str(texts[i]);
        int64_t mine = 0;
        hm_time theirs = 0;
        const bool ok = hm_time_parse(text, &theirs, NULL) == HM_OK;

        assert_true(
            hm_device_time((struct hm_device_bytes){text.p, text.n}, &mine) ==
            (ok ? HM_DEVICE_YES : HM_DEVICE_NO));
        assert_true(mine == theirs);
    }
}

/* --- signatures ---------------------------------------------------------------------- */

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

/* The whole way of a signature in the device: DER, then the crypto table. */
static bool accepts(struct hm_slots_crypto *c, const uint8_t *point,
                    struct hm_json test)
{
    HM_OWN(hm_buf) message = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(1u << 16);
    uint8_t digest[HM_SHA256_SIZE];
    uint8_t rs[64];
    struct hm_err e = {0};

    hex_member(test, "msg", &message);
    hex_member(test, "sig", &sig);
    assert_ok(hm_sha256(hm_buf_view(&message), digest, &e), &e);
    return hm_device_signature(view(&sig), rs) == HM_DEVICE_YES &&
           c->device.p256_verify(c, point, digest, rs) == HM_DEVICE_YES;
}

static unsigned run_group(struct hm_slots_crypto *c, struct hm_json group)
{
    HM_OWN(hm_buf) point = HM_BUF_INIT(1u << 10);
    struct hm_json tests;
    unsigned valid = 0;
    struct hm_err e = {0};

    hex_member(hm_json_find(group, "publicKey"), "uncompressed", &point);
    assert_int_equal(point.n, 65);
    assert_ok(hm_json_get_array(group, "tests", 1, 10000, &tests, &e), &e);
    for (struct hm_json t = hm_json_first(tests); t.item != NULL;
         t = hm_json_next(t)) {
        const bool want = hm_bytes_eq(hm_json_view(hm_json_find(t, "result")),
                                      HM_LIT("valid"));

        assert_true(accepts(c, point.p + 1, t) == want);
        valid += want;
    }
    return valid;
}

static void wycheproof_p256_gets_its_verdicts(void **state)
{
    HM_OWN(hm_slots_crypto) c = HM_SLOTS_CRYPTO_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(MAX);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json groups;
    unsigned valid = 0;
    struct hm_err e = {0};

    (void)state;
    hm_slots_crypto_begin(&c);
    assert_ok(
        hm_file_load(VECTORS "ecdsa_secp256r1_sha256_test.json", &text, &e),
        &e);
    assert_ok(hm_json_parse(&doc, hm_buf_view(&text), HM_JSON_FOREIGN, MAX, &e),
              &e);
    assert_ok(hm_json_get_array(hm_json_root(&doc), "testGroups", 1, 10000,
                                &groups, &e),
              &e);
    for (struct hm_json g = hm_json_first(groups); g.item != NULL;
         g = hm_json_next(g))
        valid += run_group(&c, g);
    assert_true(valid > 100);
}

static void a_point_off_the_curve_verifies_nothing(void **state)
{
    HM_OWN(hm_slots_crypto) c = HM_SLOTS_CRYPTO_INIT;
    const uint8_t point[64] = {1};
    const uint8_t digest[32] = {1};
    uint8_t rs[64] = {0};

    (void)state;
    hm_slots_crypto_begin(&c);
    rs[31] = 1;
    rs[63] = 1;
    assert_true(c.device.p256_verify(&c, point, digest, rs) == HM_DEVICE_NO);
}

/* --- check 5 --------------------------------------------------------------------------- */

static void bytes_are_handed_out_only_when_size_and_digest_fit(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
        const char *reason;
    } rows[] = {{"abc", 3, "yes"},           {"abd", 3, "artefact.digest"},
                {"ab", 3, "artefact.size"},  {"abcd", 3, "artefact.size"},
                {"abc", 2, "artefact.size"}, {"", 3, "artefact.size"}};
    HM_OWN(hm_slots_crypto) c = HM_SLOTS_CRYPTO_INIT;
    struct hm_device_artefact want = {.size = 3};
    struct hm_err e = {0};

    (void)state;
    hm_slots_crypto_begin(&c);
    assert_ok(hm_sha256(HM_LIT("abc"), want.sha256, &e), &e);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hm_device_stream s;
        const size_t n = strlen(rows[i].text);

        want.size = rows[i].size;
        hm_device_stream_begin(&s, &c.device, &want);
        for (size_t k = 0; k < n; k++) /* byte by byte, after a no as well */
            (void)hm_device_stream_add(
                &s,
                (struct hm_device_bytes){(const uint8_t *)rows[i].text + k, 1});
        assert_true(hm_device_stream_end(&s) ==
                    (strcmp(rows[i].reason, "yes") == 0 ? HM_DEVICE_YES
                                                        : HM_DEVICE_NO));
        assert_string_equal(s.reason, rows[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_json_readers_agree_on_the_published_suite),
        cmocka_unit_test(depth_is_bounded_without_recursion),
        cmocka_unit_test(names_that_say_the_same_are_duplicates),
        cmocka_unit_test(times_are_read_as_the_host_reads_them),
        cmocka_unit_test(wycheproof_p256_gets_its_verdicts),
        cmocka_unit_test(a_point_off_the_curve_verifies_nothing),
        cmocka_unit_test(bytes_are_handed_out_only_when_size_and_digest_fit),
    };

    return cmocka_run_group_tests_name("device_text", tests, NULL, NULL);
}
