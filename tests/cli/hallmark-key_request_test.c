/* A change of trust as people make it who sit at different machines: one asks,
 * two of three root keys sign, one puts it into force. */
#include "key_ceremony.h"

#include "hm_test.h"

#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- the way that is meant --------------------------------------------------- */

static void two_of_three_put_the_first_authorisation_into_force(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_assert_in_force(s, "root-b.pem");
    assert_int_equal(key_story_count(s, ".", AUTHORISATION), 3);
    key_story_manifest(s, "manifest.json", "thermostat");
    SIGN("manifest.json", VENDOR, "--root", "root.json");
    assert_run(&r, 0, "");
}

static void a_rotation_and_a_revocation_follow(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    KEY(APPLY, "rot-c.sig", "rot-a.sig");
    assert_run(&r, 0, "");
    ceremony_assert_in_force(s, "root-c.pem");
    key_story_manifest(s, "manifest.json", "thermostat");
    SIGN("manifest.json", VENDOR, "--root", "root.json");
    assert_run(&r, 1, "trust.key.retired");
    KEY(REVOKE, "-o", "gone.json");
    assert_run(&r, 0, "");
    ceremony_sign(s, "gone");
    KEY("apply", "gone.json", "--root", "root.json", FROM, "gone-b.sig",
        "gone-a.sig", "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"sequence\": 3"));
    assert_non_null(strstr(hm_run_out(&r), "\"a\",\n    \"b\"\n"));
    ceremony_assert_in_force(s, "root-b.pem");
}

/* All three sign: all three are kept, and one less the next time. */
static void signatures_of_an_earlier_one_do_not_stay(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    KEY(APPLY, ROT_SIGNED, "rot-c.sig");
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-c.pem", AUTHORISATION ".sig.3", AUTHORISATION);
    KEY(REVOKE, "-o", "gone.json");
    assert_run(&r, 0, "");
    ceremony_sign(s, "gone");
    KEY("apply", "gone.json", "--root", "root.json", FROM, "gone-b.sig",
        "gone-a.sig");
    assert_run(&r, 0, "");
    ceremony_assert_in_force(s, "root-b.pem");
    assert_false(key_story_has(s, AUTHORISATION ".sig.3"));
}

static void a_signature_of_another_make_is_taken(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    STORY_RUN(s, &r, "/usr/bin/openssl", "pkeyutl", "-sign", "-rawin",
              "-digest", "sha256", "-inkey", "root-c.key", "-in", "bytes",
              "-out", "raw.sig");
    assert_run(&r, 0, "");
    KEY(APPLY, "raw.sig", "rot-b.sig");
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-b.pem", AUTHORISATION ".sig", AUTHORISATION);
    key_story_openssl(s, "root-c.pem", AUTHORISATION ".sig.2", AUTHORISATION);
}

/* --- review ------------------------------------------------------------------ */

static void a_review_tells_who_why_and_what(void **state)
{
    static const char *const lines[] = {
        "rotate, asked for by R. Manager at ",
        "\nbecause: SEC-1\n",
        "\nWhat it means:\n  This is authorisation 2 of vendor acme; it takes",
        "(manifest) is retired as rotated since",
        "  2 of 3 root keys must sign it:\n",
        "\nLook twice:\n  ! Nothing is known of what protects",
        "\nWhat changes, member by member:\n  ~ /sequence: 1 -> 2\n",
        "\n  /retired/",
        ":\n    + reason: rotated\n",
        "\n  /keys/",
        ":\n    + role: manifest\n",
        "\n  - /keys/",
        " bytes, sha256 "};
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    KEY("review", "rot.json", "--root", "root.json", FROM);
    assert_run(&r, 0, "");
    for (size_t i = 0; i < COUNT(lines); i++)
        if (strstr(hm_run_out(&r), lines[i]) == NULL)
            fail_msg("'%s' is not said", lines[i]);
    KEY("review", "rot.json", "--root", "root.json", "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"act\": \"rotate\""));
    assert_non_null(strstr(hm_run_out(&r), "\"by\": \"R. Manager\""));
    assert_non_null(strstr(hm_run_out(&r), "\"at\": \"/sequence\""));
    assert_int_equal(key_story_count(s, ".", "rot."), 1); /* reads only */
}

static void the_bytes_of_a_review_are_those_that_come_into_force(void **state)
{
    START(state);
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(REQUEST_MAX);
    HM_OWN(hm_buf) now = HM_BUF_INIT(REQUEST_MAX);

    ceremony_first(s);
    ceremony_rotation(s);
    hm_temp_read(&s->temp, "bytes", &bytes);
    KEY("review", "rot.json", "--root", "root.json", "-o", "-");
    assert_run(&r, 0, "");
    assert_bytes_equal(hm_buf_view(&r.out), hm_buf_view(&bytes));
    KEY("review", "rot.json", "--root", "root.json", "-o", "bytes");
    assert_run(&r, 2, "base.out.exists");
    SH("sum=$(openssl dgst -sha256 -r bytes | cut -c1-64)\n"
       "\"$0\" review rot.json --root root.json | grep \"sha256 $sum\"\n"
       "\"$0\" review rot.json --root root.json --json |\n"
       "    grep \"\\\"document_sha256\\\": \\\"$sum\\\"\"",
       HM_BIN "/hallmark-key");
    assert_run(&r, 0, "");
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, AUTHORISATION, &now);
    assert_bytes_equal(hm_buf_view(&now), hm_buf_view(&bytes));
}

/* --- who signs ---------------------------------------------------------------- */

static void a_root_key_signs_a_request_once(void **state)
{
    START(state);
    char sig[128];

    KEY(FIRST, "-o", "first.json");
    assert_run(&r, 0, "");
    SIGN("first.json", ROOT_A, "--dry-run");
    assert_run(&r, 0, "");
    assert_int_equal(key_story_count(s, ".", "first."), 1);
    SIGN("first.json", ROOT_A);
    assert_run(&r, 0, "");
    ceremony_signature(s, "first.", sig);
    assert_int_equal(strlen(sig), strlen("first.") + 16 + strlen(".sig"));
    SIGN("first.json", ROOT_A);
    assert_run(&r, 1, "sign.signature.twice");
    SIGN("first.json", ROOT_A, "--force");
    assert_run(&r, 0, "");
    hm_temp_flip(&s->temp, sig, 40, 0x01);
    SIGN("first.json", ROOT_A);
    assert_run(&r, 1, "sign.signature.stale");
    SIGN("first.json", ROOT_A, "--force");
    assert_run(&r, 0, "");
    assert_int_equal(key_story_count(s, ".", "first."), 2);
}

/* It is good, and lost if it were replaced. */
static void another_key_s_signature_is_not_replaced(void **state)
{
    START(state);
    char sig[128];

    KEY(FIRST, "-o", "first.json");
    assert_run(&r, 0, "");
    SIGN("first.json", ROOT_A);
    assert_run(&r, 0, "");
    ceremony_signature(s, "first.", sig);
    SIGN("first.json", ROOT_B, "-o", sig, "--force");
    assert_run(&r, 0, "");
    SIGN("first.json", ROOT_A, "--force");
    assert_run(&r, 1, "sign.signature.other");
    KEY("review", "first.json", "--root", "root.json", "-o", "bytes");
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-b.pem", sig, "bytes");
    SIGN("first.json", ROOT_A, "-o", "a.sig");
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-1.pem", "a.sig", "bytes");
}

static void only_a_root_key_signs_a_request(void **state)
{
    START(state);

    KEY(FIRST, "-o", "first.json");
    assert_run(&r, 0, "");
    SIGN("first.json", VENDOR);
    assert_run(&r, 1, "sign.key.stranger");
    SH("mkdir away && cp first.json away/noname");
    SIGN("away/noname", ROOT_A);
    assert_run(&r, 2, "sign.root.missing");
    SIGN("away/noname", ROOT_A, "--root", "root.json");
    assert_run(&r, 0, "");
    assert_int_equal(key_story_count(s, "away", "noname."), 1);
    assert_int_equal(key_story_count(s, ".", "first."), 1);
}

/* --- wrong calls ------------------------------------------------------------------ */

#define FEW_FROM "--root", "root.json", FROM
#define FEW      "--by", "me", "--why", "it", "-o", "x.json"
#define FOR      "--days", "9"

#define BYTES_50  "0123456789abcdefghij0123456789abcdefghij0123456789"
#define BYTES_200 BYTES_50 BYTES_50 BYTES_50 BYTES_50

/* Behind "prepare". */
static const struct {
    const char *argv[20];
    int status;
    const char *reason;
} calls[] = {
    {{"authorise", FEW_FROM, FEW, FOR}, 0, ""},
    {{"authorize", FEW_FROM, FEW, FOR}, 2, "key.prepare.act"},
    {{FEW_FROM, FEW, FOR}, 2, "cli.operand.missing"},
    {{"authorise", "rotate", FEW_FROM, FEW, FOR}, 2, "cli.operand.extra"},
    {{"authorise", FEW_FROM, FEW}, 2, "key.option.validity"},
    {{"authorise", "--root", "root.json", FEW, FOR}, 2, "key.authorise.empty"},
    {{"authorise", FEW_FROM, FEW, FOR, "--retire", "vendor-1.pem"},
     2,
     "key.prepare.option"},
    {{"authorise", FEW_FROM, FEW, FOR, "--reason", "lost"},
     2,
     "key.prepare.option"},
    {{"authorise", FEW_FROM, "--why", "it", "-o", "x.json", FOR},
     2,
     "cli.option.missing"},
    {{"authorise", FEW_FROM, "--by", "me", "-o", "x.json", FOR},
     2,
     "cli.option.missing"},
    {{"authorise", FEW_FROM, "--by", "me", "--why", "it", FOR},
     2,
     "cli.option.missing"},
    {{"authorise", FEW_FROM, "--by", BYTES_200, "--why", "it", FOR, "-o",
      "x.json"},
     0,
     ""},
    {{"authorise", FEW_FROM, "--by", BYTES_200 "k", "--why", "it", FOR, "-o",
      "x.json"},
     2,
     "key.prepare.text"},
    {{"authorise", FEW_FROM, "--by", "me", "--why", "\x1b[2J", FOR, "-o",
      "x.json"},
     2,
     "request.text.syntax"},
    {{"authorise", FEW_FROM, "--by", "\xff", "--why", "it", FOR, "-o",
      "x.json"},
     2,
     "request.text.syntax"},
    {{"authorise", FEW_FROM, FEW, FOR, "--key", "manifest=vendor-1.pem",
      "--product", "thermostat"},
     0,
     ""}, /* renewed */
    {{"authorise", FEW_FROM, FEW, FOR, "--key", "provenance=vendor-1.pem",
      "--product", "thermostat"},
     1,
     "trust.key.twice"},
    {{"rotate", FEW_FROM, FEW, FOR, "--retire", "vendor-1.pem", "--key",
      "manifest=v2.pem"},
     0,
     ""},
    {{"rotate", FEW_FROM, FEW, FOR, "--retire", "vendor-1.pem"},
     2,
     "cli.option.missing"},
    {{"rotate", FEW_FROM, FEW, FOR, "--key", "manifest=v2.pem"},
     2,
     "cli.option.missing"},
    {{"rotate", "--root", "root.json", FEW, FOR, "--retire", "vendor-1.pem",
      "--key", "manifest=v2.pem"},
     2,
     "cli.option.missing"},
    {{"rotate", FEW_FROM, FEW, FOR, "--retire", "vendor-1.pem", "--key",
      "manifest=v2.pem", "--reason", "lost"},
     2,
     "key.prepare.option"},
    {{"rotate", FEW_FROM, FEW, FOR, "--retire", "v2.pem", "--key",
      "manifest=stranger.pem"},
     1,
     "trust.key.missing"},
    {{"revoke", FEW_FROM, FEW, FOR, "--retire", "vendor-1.pem", "--reason",
      "compromised"},
     0,
     ""},
    {{"revoke", FEW_FROM, FEW, FOR, "--retire", "vendor-1.pem"},
     2,
     "key.revoke.reason"},
    {{"revoke", FEW_FROM, FEW, FOR, "--retire", "vendor-1.pem", "--reason",
      "rotated"},
     2,
     "key.revoke.reason"},
    {{"revoke", FEW_FROM, FEW, FOR, "--reason", "lost"},
     2,
     "cli.option.missing"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "2"}, 0, ""},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "1"},
     2,
     "key.option.number"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "3"},
     1,
     "key.sequence.skipped"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "3", "--force"},
     2,
     "key.sequence.reason"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "3", "--skip-reason",
      "signed by mistake"},
     1,
     "key.sequence.skipped"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "3", "--force",
      "--skip-reason", "\x1b[2J"},
     2,
     "request.text.syntax"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "2", "--skip-reason",
      "none is skipped"},
     2,
     "key.sequence.reason"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sequence", "3", "--force",
      "--skip-reason", "signed by mistake"},
     0,
     ""},
    {{"authorise", FEW_FROM, FEW, FOR, "--issue-time", "2020-05-12T08:00:00Z"},
     1,
     "base.time.backwards"},
    {{"authorise", FEW_FROM, FEW, FOR, "--sign", STORY_ROOT},
     2,
     "cli.option.unknown"},
};

static void each_call_of_prepare_has_its_reason(void **state)
{
    START(state);

    ceremony_first(s);
    for (size_t i = 0; i < COUNT(calls); i++) {
        const char *argv[COUNT(calls[0].argv) + 3] = {"hallmark-key",
                                                      "prepare"};

        memcpy(argv + 2, calls[i].argv, sizeof(calls[i].argv));
        key_story_run(s, &r, argv);
        if (r.status != calls[i].status)
            fail_msg("row %zu: %d %s", i, r.status, hm_run_err(&r));
        assert_run(&r, calls[i].status, calls[i].reason);
        assert_int_equal(key_story_has(s, "x.json"), calls[i].status == 0);
        (void)unlink(hm_temp_path(&s->temp, "x.json"));
    }
}

static void a_skipped_number_is_told(void **state)
{
    START(state);

    ceremony_first(s);
    KEY(EXTEND, "-o", "x.json", "--sequence", "9", "--force", "--skip-reason",
        "8 was signed by mistake");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "warning: The sequence skips 7"));
    KEY("review", "x.json", "--root", "root.json");
    assert_non_null(strstr(hm_run_out(&r), "  ! The sequence skips 7 numbers"));
    assert_non_null(strstr(hm_run_out(&r), "because: 8 was signed by mistake"));
    KEY("review", "x.json", "--root", "root.json", "--json");
    assert_non_null(
        strstr(hm_run_out(&r), "\"skip_reason\": \"8 was signed by mistake\""));
}

#define FRESH(test) \
    cmocka_unit_test_setup_teardown(test, ceremony_make, ceremony_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(two_of_three_put_the_first_authorisation_into_force),
        FRESH(a_rotation_and_a_revocation_follow),
        FRESH(signatures_of_an_earlier_one_do_not_stay),
        FRESH(a_signature_of_another_make_is_taken),
        FRESH(a_review_tells_who_why_and_what),
        FRESH(the_bytes_of_a_review_are_those_that_come_into_force),
        FRESH(a_root_key_signs_a_request_once),
        FRESH(another_key_s_signature_is_not_replaced),
        FRESH(only_a_root_key_signs_a_request),
        FRESH(each_call_of_prepare_has_its_reason),
        FRESH(a_skipped_number_is_told),
    };

    return cmocka_run_group_tests_name("hallmark-key request", tests, NULL,
                                       NULL);
}
