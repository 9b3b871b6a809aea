/* Requests and certificates as a ceremony makes them, held against openssl. */
#include "x509_story.h"

#include "hm_json.h"
#include "hm_test.h"

#include <unistd.h>

#define OPENSSL "/usr/bin/openssl"

#define START(state)                      \
    const struct key_story *s = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT
#define RUN(...)     STORY_RUN(s, &r, "hallmark-key", __VA_ARGS__)
#define CERTIFY(...) RUN("certify", STORY_ROOT, BY_ROOT_TOKEN, __VA_ARGS__)
#define ISSUE(...)   CERTIFY("--issuer", "root.crt", __VA_ARGS__)

static bool is_said(const struct hm_run *r, const char *text)
{
    return strstr(hm_run_err(r), text) != NULL;
}

static void openssl_verifies_root_and_leaf(void **state)
{
    START(state);

    MUST(s, OPENSSL, "verify", "-x509_strict", "-CAfile", "root.crt",
         "root.crt");
    MUST(s, OPENSSL, "verify", "-x509_strict", "-purpose", "smimesign",
         "-CAfile", "root.crt", "vendor.crt");
    MUST(s, OPENSSL, "req", "-verify", "-noout", "-in", "vendor.csr");
    STORY_RUN(s, &r, OPENSSL, "x509", "-in", "vendor.crt", "-noout", "-subject",
              "-issuer", "-ext", "basicConstraints,keyUsage");
    assert_run(&r, 0, "");
    assert_string_equal(hm_run_out(&r),
                        "subject=CN = acme signing\nissuer=CN = acme root\n"
                        "X509v3 Basic Constraints: critical\n    CA:FALSE\n"
                        "X509v3 Key Usage: critical\n    Digital Signature\n");
}

/* The key identifier is the one that 'show' tells. */
static void a_certificate_names_its_keys_as_show_does(void **state)
{
    START(state);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    char ski[64];
    char want[128];
    size_t n = 0;
    struct hm_err e = {.rc = HM_OK};

    RUN("show", "x509-1.pem", "--json");
    assert_run(&r, 0, "");
    assert_ok(hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 65536, &e),
              &e);
    assert_ok(
        hm_json_get_text(hm_json_root(&doc), "x509_ski", ski, sizeof(ski), &e),
        &e);
    for (size_t i = 0; ski[i] != '\0'; i++) {
        if (i > 0 && i % 2 == 0)
            want[n++] = ':';
        want[n++] = ski[i] >= 'a' ? (char)(ski[i] - 'a' + 'A') : ski[i];
    }
    want[n] = '\0';
    hm_run_clear(&r);
    r = (struct hm_run)HM_RUN_INIT;
    STORY_RUN(s, &r, OPENSSL, "x509", "-in", "vendor.crt", "-noout", "-ext",
              "subjectKeyIdentifier");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), want));
}

static void purposes_are_written_as_asked_for(void **state)
{
    START(state);

    ISSUE("--public-key", "x509-1.pem", "--subject", "code", "--days", "9",
          "--purpose", "codeSigning", "-o", "code.crt");
    assert_run(&r, 0, "");
    ISSUE("--public-key", "x509-1.pem", "--subject", "both", "--days", "9",
          "--purpose", "codeSigning", "--purpose", "emailProtection", "-o",
          "both.crt");
    assert_run(&r, 0, "");
    MUST(s, OPENSSL, "verify", "-x509_strict", "-purpose", "smimesign",
         "-CAfile", "root.crt", "both.crt");
    STORY_RUN(s, &r, OPENSSL, "verify", "-x509_strict", "-purpose", "smimesign",
              "-CAfile", "root.crt", "code.crt");
    assert_int_equal(r.status, 2);
    ISSUE("--public-key", "x509-1.pem", "--subject", "no", "--days", "9",
          "--purpose", "serverAuth", "-o", "no.crt");
    assert_run(&r, 2, "x509.purpose.unknown");
    assert_false(key_story_has(s, "no.crt"));
}

static void the_result_is_told_in_json(void **state)
{
    START(state);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    bool is_checked = true;
    char serial[64];
    struct hm_err e = {.rc = HM_OK};

    ISSUE("--public-key", "x509-1.pem", "--subject", "json", "--valid-until",
          "2100-01-01T00:00:00Z", "-o", "json.crt");
    assert_run(&r, 1, "x509.plan.outlives");
    ISSUE("--public-key", "x509-1.pem", "--subject", "json", "--days", "9",
          "--json", "-o", "json.crt");
    assert_run(&r, 0, "");
    assert_ok(hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 65536, &e),
              &e);
    assert_ok(
        hm_json_get_bool(hm_json_root(&doc), "role_checked", &is_checked, &e),
        &e);
    assert_false(is_checked);
    assert_ok(hm_json_get_text(hm_json_root(&doc), "serial", serial,
                               sizeof(serial), &e),
              &e);
    assert_int_equal(strlen(serial), 32);
}

/* Each row differs from a certificate that is issued in one thing. */
static void what_may_not_be_issued_is_refused(void **state)
{
    static const struct {
        const char *words[12];
        const char *reason;
        int status;
    } rows[] = {
        {{"--issuer", "root.crt", "--public-key", "root-1.pem", "--subject",
          "x", "--days", "9", "--root", "root.json"},
         "key.certify.mixed",
         1},
        {{"--issuer", "root.crt", "--public-key", "root-1.pem", "--subject",
          "x", "--days", "9"},
         "x509.plan.self",
         1},
        {{"--issuer", "root.crt", "--public-key", "vendor-1.pem", "--subject",
          "x", "--days", "9", "--authorisation", "authorisation.json"},
         "key.certify.root",
         2},
        {{"--issuer", "vendor.crt", "--public-key", "x509-1.pem", "--subject",
          "x", "--days", "9"},
         "x509.certificate.other",
         1},
        {{"--issuer", "root.crt", "--public-key", "x509-1.pem", "--subject",
          "x", "--days", "3651"},
         "x509.plan.outlives",
         1},
        {{"--issuer", "root.crt", "--public-key", "x509-1.pem", "--subject",
          "x", "--days", "9", "--issue-time", "2020-01-01T00:00:00Z"},
         "x509.plan.outlives",
         1},
        {{"--issuer", "root.crt", "--public-key",
          HM_TESTDATA "/published/rfc6979-p256.pem", "--subject", "x", "--days",
          "9"},
         "crypto.key.published",
         1},
        {{"--issuer", "root.crt", "--public-key", "x509-1.pem", "--days", "9"},
         "key.certify.subject",
         2},
        {{"--issuer", "root.crt", "--subject", "x", "--days", "9"},
         "key.certify.whose",
         2},
        {{"--issuer", "root.crt", "--public-key", "x509-1.pem", "--request",
          "vendor.csr", "--days", "9"},
         "key.certify.whose",
         2},
        {{"--public-key", "x509-1.pem", "--subject", "x", "--days", "9"},
         "key.certify.issuer",
         2},
        {{"--issuer", "root.crt", "--public-key", "x509-1.pem", "--subject",
          " x", "--days", "9"},
         "x509.subject.syntax",
         2},
        {{"--subject", "x"}, "key.option.validity", 2},
        {{"--issuer", "x509-1.pem", "--request", "vendor.csr", "--days", "9"},
         "x509.certificate.malformed",
         2},
        {{"--issuer", "root.crt", "--request", "root.crt", "--days", "9"},
         "x509.request.malformed",
         1},
    };
    START(state);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *argv[24] = {"hallmark-key", "certify", STORY_ROOT,
                                BY_ROOT_TOKEN,  "-o",      "never.crt"};
        size_t n = 9;

        for (size_t k = 0; k < 12 && rows[i].words[k] != NULL; k++)
            argv[n++] = rows[i].words[k];
        key_story_run(s, &r, argv);
        assert_run(&r, rows[i].status, rows[i].reason);
        assert_false(key_story_has(s, "never.crt"));
    }
}

/* One that says something else than what its key signed. */
static void an_issuer_is_what_it_signed(void **state)
{
    START(state);
    HM_OWN(hm_buf) der = HM_BUF_INIT(4096);
    const uint8_t *name = NULL;

    MUST(s, OPENSSL, "x509", "-in", "root.crt", "-outform", "DER", "-out",
         "issuer.der");
    CERTIFY("--issuer", "issuer.der", "--public-key", "x509-1.pem", "--subject",
            "x", "--days", "9", "-o", "first.crt");
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "issuer.der", &der);
    name = memmem(der.p, der.n, "acme root", 9);
    assert_non_null(name);
    hm_temp_flip(&s->temp, "issuer.der", (uint64_t)(name - der.p), 0x20);
    CERTIFY("--issuer", "issuer.der", "--public-key", "x509-1.pem", "--subject",
            "x", "--days", "9", "-o", "never.crt");
    assert_run(&r, 1, "x509.certificate.signature");
    assert_false(key_story_has(s, "never.crt"));
}

static void only_a_key_of_the_root_issues(void **state)
{
    START(state);

    RUN("certify", STORY_VENDOR, BY_VENDOR_TOKEN, "--root", "root.json",
        "--subject", "x", "--days", "3650", "-o", "never.crt");
    assert_run(&r, 1, "key.sign.stranger");
    RUN("certify", STORY_VENDOR, BY_VENDOR_TOKEN, "--issuer", "root.crt",
        "--public-key", "x509-1.pem", "--subject", "x", "--days", "9", "-o",
        "never.crt");
    assert_run(&r, 1, "x509.certificate.other");
    assert_false(key_story_has(s, "never.crt"));
}

#define AUTHORISED \
    "--root", "root.json", "--authorisation", "authorisation.json"

static void a_role_is_what_the_root_authorised(void **state)
{
    START(state);

    ISSUE(AUTHORISED, "--public-key", "vendor-1.pem", "--subject", "x",
          "--days", "9", "-o", "never.crt");
    assert_run(&r, 1, "trust.key.role");
    ISSUE(AUTHORISED, "--public-key", "x509-1.pem", "--subject", "x", "--days",
          "31", "-o", "never.crt");
    assert_run(&r, 1, "key.certify.outlives");
    MUST(s, "hallmark-key", "revoke", "--root", "root.json", "--from",
         "authorisation.json", "--compromised", "x509-1.pem", "--days", "30",
         "--sign", STORY_ROOT, BY_ROOT_TOKEN, "-o", "authorisation.json",
         "--force");
    ISSUE(AUTHORISED, "--public-key", "x509-1.pem", "--subject", "x", "--days",
          "9", "-o", "never.crt");
    assert_run(&r, 1, "trust.key.retired");
    assert_false(key_story_has(s, "never.crt"));
}

static void what_else_a_request_asks_for_is_said_and_not_taken(void **state)
{
    START(state);

    MUST(s, OPENSSL, "ecparam", "-name", "prime256v1", "-genkey", "-noout",
         "-out", "they.key");
    MUST(s, OPENSSL, "req", "-new", "-key", "they.key", "-subj",
         "/O=they/CN=them", "-addext", "basicConstraints=critical,CA:TRUE",
         "-out", "they.csr");
    ISSUE("--request", "they.csr", "--days", "9", "-o", "they.crt");
    assert_run(&r, 0, "");
    assert_true(is_said(&r, "warning: the request asks for more"));
    STORY_RUN(s, &r, OPENSSL, "x509", "-in", "they.crt", "-noout", "-subject",
              "-ext", "basicConstraints");
    assert_string_equal(hm_run_out(&r),
                        "subject=CN = them\nX509v3 Basic Constraints: "
                        "critical\n    CA:FALSE\n");
    MUST(s, OPENSSL, "req", "-new", "-key", "they.key", "-subj", "/O=they",
         "-out", "nameless.csr");
    ISSUE("--request", "nameless.csr", "--days", "9", "-o", "never.crt");
    assert_run(&r, 1, "key.certify.subject");
    ISSUE("--request", "nameless.csr", "--days", "9", "--subject", "ours", "-o",
          "ours.crt");
    assert_run(&r, 0, "");
}

static void nothing_is_written_over_or_in_a_dry_run(void **state)
{
    START(state);

    CERTIFY("--subject", "again", "--days", "3650", "-o", "root.crt");
    assert_run(&r, 2, "base.out.exists");
    RUN("csr", STORY_X509, BY_VENDOR_TOKEN, "--subject", "x", "-o",
        "vendor.csr");
    assert_run(&r, 2, "base.out.exists");
    RUN("certify", STORY_ROOT, "--softhsm", "rt", "--subject", "x", "--days",
        "3650", "-n", "-o", "dry.crt");
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_out(&r), "serial"));
    RUN("csr", STORY_X509, "--softhsm", "vt", "--subject", "x", "-n", "-o",
        "dry.csr");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, "dry.crt") || key_story_has(s, "dry.csr"));
    ISSUE("--request", "vendor.csr", "--days", "9", "-o", "./root.crt", "-f");
    assert_run(&r, 2, "key.output.same");
    ISSUE("--request", "vendor.csr", "--days", "9", "-o", "vendor.csr", "-f");
    assert_run(&r, 2, "key.output.same");
    RUN("csr", STORY_X509, BY_VENDOR_TOKEN, "--subject", "x", "-o",
        "vendor.csr", "--force");
    assert_run(&r, 0, "");
    RUN("csr", STORY_X509, BY_VENDOR_TOKEN, "--subject", "", "-o", "never.csr");
    assert_run(&r, 2, "x509.subject.syntax");
}

static void unusual_lengths_are_warned_of(void **state)
{
    START(state);

    CERTIFY("--subject", "short", "--days", "30", "-o", "short.crt");
    assert_run(&r, 0, "");
    assert_true(is_said(&r, "ten to twenty years"));
    ISSUE("--public-key", "x509-1.pem", "--subject", "long", "--days", "900",
          "-o", "long.crt");
    assert_run(&r, 0, "");
    assert_true(is_said(&r, "more than two years"));
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, x509_story_make, x509_story_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(openssl_verifies_root_and_leaf),
        TEST(a_certificate_names_its_keys_as_show_does),
        TEST(purposes_are_written_as_asked_for),
        TEST(the_result_is_told_in_json),
        TEST(what_may_not_be_issued_is_refused),
        TEST(an_issuer_is_what_it_signed),
        TEST(only_a_key_of_the_root_issues),
        TEST(a_role_is_what_the_root_authorised),
        TEST(what_else_a_request_asks_for_is_said_and_not_taken),
        TEST(nothing_is_written_over_or_in_a_dry_run),
        TEST(unusual_lengths_are_warned_of),
    };

    return cmocka_run_group_tests_name("hallmark-key certify", tests, NULL,
                                       NULL);
}
