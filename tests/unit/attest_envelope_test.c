/* What the reader of envelopes takes, and what it refuses by which reason. */
#include "attest_sign.h"

/* The envelope of the Statement "{}", and its parts; the signature is none, but
 * reading does not verify. */
#define KEYID "SHA256:mi+MM5HWHz7khYkr2ehHtnYZ+wzDftSfxptVeckISww"
#define OTHER "SHA256:7OHZ+H/tF0sakIJY+hQ7cFy8/hOszqdAcHBJxXU68Jk"
#define HEAD                                             \
    "{\"payloadType\":\"application/vnd.in-toto+json\"," \
    "\"payload\":\"e30=\",\"signatures\":["
#define SIG(keyid, sig) "{\"keyid\":\"" keyid "\",\"sig\":\"" sig "\"}"
#define GOOD            HEAD SIG(KEYID, "MAA=") "]}\n"

struct row {
    const char *text;
    hm_rc want;
    const char *reason;
};

static void try_rows(const struct row *rows, size_t n,
                     enum hm_attest_dialect dialect)
{
    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
        struct hm_err e = {0};
        const hm_rc rc = hm_attest_read_envelope(
            &env, hm_bytes_str(rows[i].text), dialect, &e);

        if (rows[i].want == HM_OK) {
            if (rc != HM_OK)
                fail_msg("row %zu: %s [%s]", i, e.text, e.reason);
            continue;
        }
        if (rc != rows[i].want || strcmp(e.reason, rows[i].reason) != 0)
            fail_msg("row %zu: %s %s '%s', expected %s", i, hm_rc_name(rc),
                     e.reason, e.text, rows[i].reason);
        assert_null(env.payload.p);
        assert_null(env.signatures);
    }
}

static void
our_envelope_has_one_form_and_its_neighbours_are_refused(void **state)
{
    static const struct row rows[] = {
        {GOOD, HM_OK, ""},
        {HEAD SIG(KEYID, "MAA=") "," SIG(OTHER, "MAA=") "]}\n", HM_OK, ""},
        /* lines */
        {HEAD SIG(KEYID, "MAA=") "]}", HM_E_FORMAT, "attest.envelope.line"},
        {GOOD "\n", HM_E_FORMAT, "attest.envelope.line"},
        {"\n" GOOD, HM_E_FORMAT, "attest.envelope.line"},
        {GOOD GOOD, HM_E_FORMAT, "attest.envelope.line"},
        {HEAD SIG(KEYID, "MAA=") "]}\r\n", HM_E_FORMAT, "attest.envelope.line"},
        {"", HM_E_FORMAT, "attest.envelope.line"},
        {HEAD SIG(KEYID, "MAA=") "]}{}\n", HM_E_FORMAT, "json.trailing"},
        {"\xef\xbb\xbf" GOOD, HM_E_FORMAT, "json.bom"},
        /* form */
        {" " GOOD, HM_E_FORMAT, "attest.envelope.form"},
        {HEAD " " SIG(KEYID, "MAA=") "]}\n", HM_E_FORMAT,
         "attest.envelope.form"},
        {HEAD SIG(KEYID, "MAA=") "],\"x_a\":1}\n", HM_E_FORMAT,
         "attest.envelope.form"},
        {HEAD "{\"keyid\":\"" KEYID "\",\"sig\":\"MAA=\",\"cert\":\"\"}]}\n",
         HM_E_FORMAT, "attest.envelope.form"},
        {HEAD "{\"sig\":\"MAA=\",\"keyid\":\"" KEYID "\"}]}\n", HM_E_FORMAT,
         "attest.envelope.form"},
        {HEAD SIG(KEYID, "MA\\u0041=") "]}\n", HM_E_FORMAT,
         "attest.envelope.form"},
        {"[" HEAD SIG(KEYID, "MAA=") "]}]\n", HM_E_FORMAT,
         "json.member.missing"},
    };

    (void)state;
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_OURS);
}

#define TYPED(type)            \
    "{\"payloadType\":\"" type \
    "\",\"payload\":\"e30=\",\"signatures\":[" SIG(KEYID, "MAA=") "]}\n"

/* adversarial D2, D7 */
static void the_payload_type_is_compared_exactly(void **state)
{
    static const struct row rows[] = {
        {TYPED("application/vnd.in-toto+json"), HM_OK, ""},
        {TYPED("application/vnd.in-toto+json; charset=utf-8"), HM_E_FORMAT,
         "attest.payload.type"},
        {TYPED("application/vnd.in-toto+jsonl"), HM_E_FORMAT,
         "attest.payload.type"},
        {TYPED("application/vnd.In-toto+json"), HM_E_FORMAT,
         "attest.payload.type"},
        {TYPED("https://slsa.dev/provenance/v1"), HM_E_FORMAT,
         "attest.payload.type"},
        {TYPED(""), HM_E_FORMAT, "json.member.empty"},
    };

    (void)state;
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_OURS);
}

#define PAYLOAD(letters)                                                       \
    "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"" letters \
    "\",\"signatures\":[" SIG(KEYID, "MAA=") "]}\n"

/* adversarial D6: "e30=" is {}, "-_-_" and "+/+/" are the same three bytes. */
static void base64_has_one_spelling_in_our_dialect(void **state)
{
    static const struct row rows[] = {
        {PAYLOAD("+/+/"), HM_OK, ""},
        {PAYLOAD("-_-_"), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("+/-_"), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e30"), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e31="), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e30=="), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e3 0="), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e3\\n0="), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e30=\\u0000"), HM_E_FORMAT, "json.nul"},
    };

    (void)state;
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_OURS);
}

static void others_may_write_either_alphabet_but_not_both_at_once(void **state)
{
    static const struct row rows[] = {
        {PAYLOAD("+/+/"), HM_OK, ""},
        {PAYLOAD("-_-_"), HM_OK, ""},
        {PAYLOAD("+/-_"), HM_E_FORMAT, "attest.base64.mixed"},
        {PAYLOAD("e30"), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e31="), HM_E_FORMAT, "crypto.base64.syntax"},
        {PAYLOAD("e3\\n0="), HM_E_FORMAT, "crypto.base64.syntax"},
    };

    (void)state;
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_FOREIGN);
}

#define TEN(x) x x x x x x x x x x

static void signatures_are_one_to_eight_and_well_formed(void **state)
{
    static const struct row rows[] = {
        {HEAD "]}\n", HM_E_LIMIT, "attest.signature.count"},
        {HEAD TEN("{},") "{}]}\n", HM_E_LIMIT, "attest.signature.count"},
        {HEAD SIG(KEYID, "") "]}\n", HM_E_FORMAT, "attest.signature.empty"},
        {HEAD SIG(KEYID, TEN(TEN("AAAAAAAA"))) "]}\n", HM_E_LIMIT,
         "attest.signature.size"},
        {HEAD SIG("", "MAA=") "]}\n", HM_E_FORMAT, "json.member.empty"},
        {HEAD SIG("deadbeef", "MAA=") "]}\n", HM_E_FORMAT,
         "attest.keyid.syntax"},
        {HEAD SIG(KEYID "=", "MAA=") "]}\n", HM_E_FORMAT,
         "attest.keyid.syntax"},
        {HEAD SIG(KEYID, "MAA=") "," SIG(KEYID, "MAA=") "]}\n", HM_E_FORMAT,
         "attest.keyid.twice"},
        {HEAD "{\"keyid\":\"" KEYID "\"}]}\n", HM_E_FORMAT,
         "json.member.missing"},
        {HEAD "{\"keyid\":\"" KEYID "\",\"sig\":1}]}\n", HM_E_FORMAT,
         "json.member.type"},
        {HEAD "7]}\n", HM_E_FORMAT, "json.member.missing"},
    };

    (void)state;
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_OURS);
}

static void what_dsse_lets_others_write_is_read(void **state)
{
    static const struct row rows[] = {
        {GOOD, HM_OK, ""},
        {"\n " HEAD SIG(KEYID, "MAA=") "] ,\"more\":{}}  ", HM_OK, ""},
        {HEAD "{\"sig\":\"MAA=\"}]}", HM_OK, ""},
        {HEAD SIG("", "MAA=") "]}", HM_OK, ""},
        {HEAD SIG("projects/x", "") "]}", HM_OK, ""},
        {HEAD "{\"sig\":\"MAA=\",\"cert\":\"x\"}]}", HM_OK, ""},
        {TYPED("text/plain"), HM_OK, ""},
        {HEAD "{\"keyid\":\"a\"}]}", HM_E_FORMAT, "json.member.missing"},
        {HEAD "{\"keyid\":7,\"sig\":\"MAA=\"}]}", HM_E_FORMAT,
         "json.member.type"},
        {HEAD "]}", HM_E_LIMIT, "attest.signature.count"},
        {GOOD GOOD, HM_E_FORMAT, "json.trailing"},
        {"{\"payloadType\":\"t\",\"payload\":\"\",\"payload\":\"\"}",
         HM_E_FORMAT, "json.duplicate"},
    };

    (void)state;
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_FOREIGN);
}

/* adversarial D21 */
static void what_is_handed_in_instead_of_an_envelope_is_named(void **state)
{
    static const struct row rows[] = {
        {"{\"_type\":\"https://in-toto.io/Statement/v1\"}\n", HM_E_FORMAT,
         "attest.envelope.statement"},
        {"{\"mediaType\":\"m\",\"dsseEnvelope\":{}}\n", HM_E_FORMAT,
         "attest.envelope.bundle"},
        {"{\"verificationMaterial\":{}}\n", HM_E_FORMAT,
         "attest.envelope.bundle"},
        {"{}\n", HM_E_FORMAT, "json.member.missing"},
        {"not json\n", HM_E_FORMAT, "json.syntax"},
    };

    (void)state;
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_OURS);
    try_rows(rows, sizeof(rows) / sizeof(rows[0]), HM_ATTEST_FOREIGN);
}

static void sizes_end_where_the_header_says(void **state)
{
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX + 4096);
    const size_t letters = HM_ATTEST_STATEMENT_MAX / 3 * 4 + 64;
    uint8_t *a = malloc(HM_ATTEST_ENVELOPE_MAX);
    struct hm_err e = {0};

    (void)state;
    assert_non_null(a);
    memset(a, 'A', HM_ATTEST_ENVELOPE_MAX);
    assert_ok(hm_buf_add(&text,
                         HM_LIT("{\"payloadType\":"
                                "\"application/vnd.in-toto+json\","
                                "\"payload\":\""),
                         &e),
              &e);
    assert_ok(hm_buf_add(&text, (struct hm_bytes){a, letters}, &e), &e);
    assert_ok(hm_buf_add(&text, HM_LIT("\",\"signatures\":[]}\n"), &e), &e);
    assert_fails(
        hm_attest_read_envelope(&env, hm_buf_view(&text), HM_ATTEST_OURS, &e),
        HM_E_LIMIT, "attest.payload.size", &e);
    hm_buf_clear(&text);
    assert_ok(
        hm_buf_add(&text, (struct hm_bytes){a, HM_ATTEST_ENVELOPE_MAX}, &e),
        &e);
    assert_ok(hm_buf_add(&text, HM_LIT("\n"), &e), &e);
    assert_fails(
        hm_attest_read_envelope(&env, hm_buf_view(&text), HM_ATTEST_OURS, &e),
        HM_E_LIMIT, "attest.envelope.size", &e);
    free(a);
}

/* Nothing in an envelope of ours is free: whatever single bit is turned, it is
 * no longer read, or no longer signed. */
static void every_bit_of_our_envelope_is_bound(void **state)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct test_key key;
    const struct hm_public_key *asked[] = {&key.key};

    (void)state;
    test_key_make(&key);
    test_envelope(&key, 1, HM_LIT("{\"_type\":\"x\"}"), &line);
    for (size_t bit = 0; bit < line.n * 8; bit++) {
        HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
        struct hm_attest_signers by;

        line.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (hm_attest_read_envelope(&env, hm_buf_view(&line), HM_ATTEST_OURS,
                                    NULL) == HM_OK &&
            hm_attest_verify(&env, asked, 1, 1, &by, NULL) == HM_OK)
            fail_msg("bit %zu of byte %zu is free", bit % 8, bit / 8);
        line.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    test_key_clear(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            our_envelope_has_one_form_and_its_neighbours_are_refused),
        cmocka_unit_test(the_payload_type_is_compared_exactly),
        cmocka_unit_test(base64_has_one_spelling_in_our_dialect),
        cmocka_unit_test(others_may_write_either_alphabet_but_not_both_at_once),
        cmocka_unit_test(signatures_are_one_to_eight_and_well_formed),
        cmocka_unit_test(what_dsse_lets_others_write_is_read),
        cmocka_unit_test(what_is_handed_in_instead_of_an_envelope_is_named),
        cmocka_unit_test(sizes_end_where_the_header_says),
        cmocka_unit_test(every_bit_of_our_envelope_is_bound),
    };

    return cmocka_run_group_tests_name("attest_envelope", tests, NULL, NULL);
}
