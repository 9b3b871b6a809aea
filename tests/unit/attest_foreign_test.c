/* Published envelopes and Statements that nobody here wrote. */
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "hm_attest.h"

#include "hm_test.h"

#define THIRD HM_TESTDATA "/third-party/"
#define SLSA  THIRD "slsa-provenance/cli/slsa-verifier/testdata/"
#define KEYS  THIRD "slsa-provenance/verifiers/internal/gcb/keys/materials/"

static void load(const char *path, struct hm_buf *out)
{
    struct hm_err e = {0};

    assert_ok(hm_file_load(path, out, &e), &e);
}

/* Every file below @p folder whose name ends in @p end. */
static void list(const char *folder, const char *end, struct hm_names *out)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) all = HM_NAMES_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&d, folder, &e), &e);
    assert_ok(hm_dir_list_tree(&d, &all, &e), &e);
    for (size_t i = 0; i < all.n; i++) {
        char path[1024];
        const size_t n = strlen(all.name[i]);

        if (n < strlen(end) || strcmp(all.name[i] + n - strlen(end), end) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, all.name[i]);
        assert_ok(hm_names_add(out, path, &e), &e);
    }
}

/* The key of a certificate, PEM or base64 DER. */
static void key_of(struct hm_bytes certificate, struct hm_public_key *key)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(1u << 16);
    const unsigned char *at = NULL;
    unsigned char *spki = NULL;
    struct hm_err e = {0};
    X509 *x = NULL;
    int n = 0;

    if (certificate.n > 5 && memcmp(certificate.p, "-----", 5) == 0) {
        BIO *in = BIO_new_mem_buf(certificate.p, (int)certificate.n);

        x = PEM_read_bio_X509(in, NULL, NULL, NULL);
        BIO_free(in);
    } else {
        assert_ok(hm_base64_read(&der, certificate, &e), &e);
        at = der.p;
        x = d2i_X509(NULL, &at, (long)der.n);
    }
    assert_non_null(x);
    n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    assert_ok(hm_public_key_read(key, (struct hm_bytes){spki, (size_t)n}, &e),
              &e);
    OPENSSL_free(spki);
    X509_free(x);
}

/* The envelope inside a bundle, or the file itself, and its certificate. */
static void find_parts(struct hm_bytes text, struct hm_bytes *envelope,
                       struct hm_public_key *key)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_err e = {0};
    struct hm_json at;

    assert_ok(hm_json_parse(&doc, text, HM_JSON_FOREIGN, 1u << 20, &e), &e);
    at = hm_json_find(hm_json_root(&doc), "verificationMaterial");
    hm_json_span(text, "/dsseEnvelope", envelope);
    if (envelope->n == 0) {
        *envelope = text;
        at = hm_json_first(hm_json_find(hm_json_root(&doc), "signatures"));
        key_of(hm_json_view(hm_json_find(at, "cert")), key);
        return;
    }
    at = hm_json_find(hm_json_find(at, "x509CertificateChain"), "certificates");
    key_of(hm_json_view(hm_json_find(hm_json_first(at), "rawBytes")), key);
}

static void check_github(const char *path)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    const struct hm_public_key *asked[] = {&key};
    struct hm_attest_signers by;
    struct hm_bytes envelope;
    struct hm_err e = {0};

    load(path, &text);
    find_parts(hm_buf_view(&text), &envelope, &key);
    assert_int_not_equal(
        hm_attest_read_envelope(&env, hm_buf_view(&text), HM_ATTEST_OURS, NULL),
        HM_OK);
    assert_ok(hm_attest_read_envelope(&env, envelope, HM_ATTEST_FOREIGN, &e),
              &e);
    assert_ok(hm_attest_verify(&env, asked, 1, 1, &by, &e), &e);
    assert_ok(hm_attest_read_statement(&s, hm_buf_view(&env.payload),
                                       HM_ATTEST_FOREIGN, &e),
              &e);
    assert_true(s.n_subjects > 0 && s.subjects[0].has_sha256);
    assert_fails(hm_attest_read_statement(&s, hm_buf_view(&env.payload),
                                          HM_ATTEST_OURS, &e),
                 HM_E_FORMAT, "attest.statement.type", &e);
    env.payload.p[env.payload.n / 2] ^= 1;
    assert_fails(hm_attest_verify(&env, asked, 1, 1, &by, &e), HM_E_REJECTED,
                 "attest.signature.threshold", &e);
}

/* adversarial D3 */
static void real_envelopes_of_github_builders_verify(void **state)
{
    HM_OWN(hm_names) files = HM_NAMES_INIT;

    (void)state;
    list(SLSA "gha_generic", ".jsonl", &files);
    list(SLSA "gha_container-based", ".sigstore", &files);
    list(SLSA "gha_container-based", ".slsa", &files);
    list(SLSA "gha_delegator", ".slsa", &files);
    list(SLSA "gha_maven", ".slsa", &files);
    assert_int_equal(files.n, 15);
    for (size_t i = 0; i < files.n; i++)
        check_github(files.name[i]);
}

static void the_file_beside_a_real_attestation_is_its_subject(void **state)
{
#define DELEGATED SLSA "gha_delegator/v2.0.0/binary-linux-amd64-push-v14"
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_bytes envelope;
    struct hm_digests d;
    struct hm_err e = {0};

    (void)state;
    load(DELEGATED ".build.slsa", &text);
    hm_json_span(hm_buf_view(&text), "/dsseEnvelope", &envelope);
    assert_ok(hm_attest_read_envelope(&env, envelope, HM_ATTEST_FOREIGN, &e),
              &e);
    assert_ok(hm_attest_read_statement(&s, hm_buf_view(&env.payload),
                                       HM_ATTEST_FOREIGN, &e),
              &e);
    assert_ok(hm_file_open(&f, DELEGATED, &e), &e);
    assert_ok(hm_digest_file(&f, &d, &e), &e);
    assert_non_null(hm_attest_find_subject(&s, NULL, &d));
    d.sha256[0] ^= 1;
    assert_null(hm_attest_find_subject(&s, NULL, &d));
}

static const char *const gcb_keys[] = {"global.key", "us-west2.key",
                                       "asia-east1.key", "global-pae.key"};

static void load_gcb_keys(struct hm_public_key keys[4])
{
    for (size_t i = 0; i < 4; i++) {
        HM_OWN(hm_buf) pem = HM_BUF_INIT(4096);
        char path[512];
        struct hm_err e = {0};

        keys[i] = (struct hm_public_key)HM_PUBLIC_KEY_INIT;
        (void)snprintf(path, sizeof(path), KEYS "%s", gcb_keys[i]);
        load(path, &pem);
        assert_ok(hm_public_key_read_pem(&keys[i], hm_buf_view(&pem), &e), &e);
    }
}

/* Every envelope of one Google Cloud Build answer.  @return how many of their
 * signatures are good ECDSA over the bare payload */
static size_t refuse_gcb(struct hm_bytes text,
                         const struct hm_public_key *const asked[4])
{
    size_t raw = 0;

    for (unsigned i = 0;; i++) {
        HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
        struct hm_attest_signers by;
        struct hm_bytes envelope;
        char pointer[64];

        (void)snprintf(pointer, sizeof(pointer),
                       "/provenance_summary/provenance/%u/envelope", i);
        hm_json_span(text, pointer, &envelope);
        if (envelope.n == 0)
            return i == 0 ? SIZE_MAX : raw;
        if (hm_attest_read_envelope(&env, envelope, HM_ATTEST_FOREIGN, NULL) !=
            HM_OK)
            continue;
        assert_int_not_equal(hm_attest_verify(&env, asked, 4, 1, &by, NULL),
                             HM_OK);
        for (size_t k = 0; k < 4 * env.n_signatures; k++)
            raw +=
                hm_signature_verify(asked[k % 4], hm_buf_view(&env.payload),
                                    (struct hm_bytes){env.signatures[k / 4].sig,
                                                      env.signatures[k / 4].n},
                                    NULL) == HM_OK;
    }
}

/* adversarial D1: the ECDSA is good, but over the bare payload. */
static void signatures_without_pae_are_refused_however_good(void **state)
{
    HM_OWN(hm_names) files = HM_NAMES_INIT;
    struct hm_public_key keys[4];
    const struct hm_public_key *asked[] = {&keys[0], &keys[1], &keys[2],
                                           &keys[3]};
    size_t raw = 0;

    (void)state;
    load_gcb_keys(keys);
    list(SLSA "gcb_container/v0.2", ".json", &files);
    assert_int_equal(files.n, 22);
    for (size_t i = 0; i < files.n; i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
        size_t n = 0;

        load(files.name[i], &text);
        n = refuse_gcb(hm_buf_view(&text), asked);
        assert_int_not_equal(n, SIZE_MAX);
        raw += n;
    }
    assert_in_range(raw, 10, 100); /* or this test would be blind */
    for (size_t i = 0; i < 4; i++)
        hm_public_key_clear(&keys[i]);
}

/* The vector of protocol.md: key (X, Y), and r || s where we need DER. */
static void vector_key(struct hm_public_key *key)
{
    static const uint8_t prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
                                     0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
                                     0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t spki[sizeof(prefix) + 64];
    BIGNUM *number = NULL;
    struct hm_err e = {0};

    memcpy(spki, prefix, sizeof(prefix));
    assert_true(BN_dec2bn(&number,
                          "4695082086889915666293004768781858563284859149974458"
                          "9407958293238635476079160") > 0);
    assert_int_equal(BN_bn2binpad(number, spki + sizeof(prefix), 32), 32);
    assert_true(BN_dec2bn(&number,
                          "5640078356564379163099075877009565129882514886557779"
                          "369047442380624545832820") > 0);
    assert_int_equal(BN_bn2binpad(number, spki + sizeof(prefix) + 32, 32), 32);
    BN_free(number);
    assert_ok(
        hm_public_key_read(key, (struct hm_bytes){spki, sizeof(spki)}, &e), &e);
}

static void to_der(struct hm_attest_signature *s)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *at = s->sig;

    assert_int_equal(s->n, 64);
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(s->sig, 32, NULL),
                                    BN_bin2bn(s->sig + 32, 32, NULL)),
                     1);
    s->n = (size_t)i2d_ECDSA_SIG(sig, &at);
    ECDSA_SIG_free(sig);
}

static void the_published_dsse_vector_verifies(void **state)
{
    HM_OWN(hm_buf) page = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    const struct hm_public_key *asked[] = {&key};
    struct hm_attest_signers by;
    struct hm_bytes text;
    struct hm_err e = {0};

    (void)state;
    load(THIRD "dsse-spec/protocol.md", &page);
    text.p = memmem(page.p, page.n, "{\"payload\": \"aGVsbG8gd29ybGQ=\"", 30);
    assert_non_null(text.p);
    text.n =
        (size_t)((const uint8_t *)memmem(
                     text.p, page.n - (size_t)(text.p - page.p), "```", 3) -
                 text.p);
    vector_key(&key);
    assert_ok(hm_attest_read_envelope(&env, text, HM_ATTEST_FOREIGN, &e), &e);
    assert_fails(hm_attest_verify(&env, asked, 1, 1, &by, &e), HM_E_REJECTED,
                 "attest.signature.threshold", &e); /* r || s is no DER */
    to_der(&env.signatures[0]);
    assert_ok(hm_attest_verify(&env, asked, 1, 1, &by, &e), &e);
    assert_bytes_equal(hm_buf_view(&env.payload), HM_LIT("hello world"));
}

/* Their Ed25519 key has no scheme here, so they are taken apart and no further;
 * the Statement of clone calls its `_type` "type". */
static void the_envelopes_of_attestation_verifier_are_taken_apart(void **state)
{
    HM_OWN(hm_names) files = HM_NAMES_INIT;

    (void)state;
    list(THIRD "in-toto-attestation-verifier/test-data", ".json", &files);
    assert_int_equal(files.n, 3);
    for (size_t i = 0; i < files.n; i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 16);
        HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
        HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
        struct hm_err e = {0};

        load(files.name[i], &text);
        assert_ok(hm_attest_read_envelope(&env, hm_buf_view(&text),
                                          HM_ATTEST_FOREIGN, &e),
                  &e);
        assert_string_equal(env.payload_type, HM_ATTEST_PAYLOAD_TYPE);
        assert_int_equal(env.signatures[0].n, 64);
        if (strstr(files.name[i], "/clone.") != NULL)
            assert_fails(hm_attest_read_statement(&s, hm_buf_view(&env.payload),
                                                  HM_ATTEST_FOREIGN, &e),
                         HM_E_FORMAT, "json.member.missing", &e);
        else
            assert_ok(hm_attest_read_statement(&s, hm_buf_view(&env.payload),
                                               HM_ATTEST_FOREIGN, &e),
                      &e);
    }
}

/* A Statement with @p old replaced must be refused for @p reason. */
static void refuse_altered(struct hm_bytes text, const char *old,
                           const char *replacement, const char *reason)
{
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_buf) altered = HM_BUF_INIT(1u << 20);
    const uint8_t *at = memmem(text.p, text.n, old, strlen(old));
    struct hm_err e = {0};

    assert_non_null(at);
    assert_ok(hm_buf_add(&altered,
                         (struct hm_bytes){text.p, (size_t)(at - text.p)}, &e),
              &e);
    assert_ok(hm_buf_add(&altered, hm_bytes_str(replacement), &e), &e);
    at += strlen(old);
    assert_ok(hm_buf_add(&altered,
                         (struct hm_bytes){at, (size_t)(text.p + text.n - at)},
                         &e),
              &e);
    assert_fails(hm_attest_read_statement(&s, hm_buf_view(&altered),
                                          HM_ATTEST_FOREIGN, &e),
                 HM_E_FORMAT, reason, &e);
}

/* One example of a predicate page. @return 1 when it is a whole Statement */
static size_t try_example(struct hm_bytes text)
{
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;

    if (hm_attest_read_statement(&s, text, HM_ATTEST_FOREIGN, NULL) != HM_OK)
        return 0;
    refuse_altered(text, "in-toto.io/Statement/v1", "in-toto.io/Statement/v9",
                   "attest.statement.type");
    refuse_altered(text, s.predicate_type, "https://in-toto.io/attestation/x",
                   "attest.predicate.type");
    refuse_altered(text, "\"sha256\": \"", "\"sha256\": \"0",
                   "attest.subject.digest");
    refuse_altered(text, "\"subject\"", "\"subjects\"", "json.member.missing");
    return 1;
}

static void
the_examples_of_the_specification_read_and_altered_do_not(void **state)
{
    HM_OWN(hm_names) files = HM_NAMES_INIT;
    size_t whole = 0;

    (void)state;
    list(THIRD "in-toto-attestation-spec/spec/predicates", ".md", &files);
    for (size_t i = 0; i < files.n; i++) {
        HM_OWN(hm_buf) page = HM_BUF_INIT(1u << 20);
        const uint8_t *at = NULL;
        const uint8_t *end = NULL;

        load(files.name[i], &page);
        for (at = memmem(page.p, page.n, "```json", 7); at != NULL;
             at = memmem(end + 3, (size_t)(page.p + page.n - end - 3),
                         "```json", 7)) {
            at = memchr(at, '\n', (size_t)(page.p + page.n - at));
            end = memmem(at, (size_t)(page.p + page.n - at), "```", 3);
            whole += try_example((struct hm_bytes){at, (size_t)(end - at)});
        }
    }
    assert_int_equal(whole, 2); /* the others abbreviate, or name a commit */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_envelopes_of_github_builders_verify),
        cmocka_unit_test(the_file_beside_a_real_attestation_is_its_subject),
        cmocka_unit_test(signatures_without_pae_are_refused_however_good),
        cmocka_unit_test(the_published_dsse_vector_verifies),
        cmocka_unit_test(the_envelopes_of_attestation_verifier_are_taken_apart),
        cmocka_unit_test(
            the_examples_of_the_specification_read_and_altered_do_not),
    };

    return cmocka_run_group_tests_name("attest_foreign", tests, NULL, NULL);
}
