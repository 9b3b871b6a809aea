/* Certificates and requests: made, read strictly, judged; each refused one beside
 * an accepted neighbour. */
#include "hm_test.h"

#include "alloc_fail.h"
#include "x509_maker.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct world {
    struct x509_key root, middle, vendor;
    struct hm_certificate ca; /* of root, ten years */
};

static const struct x509_shape ca_shape = {
    .subject = "root", .is_ca = true, .not_after = X509_TIME + 3650 * X509_DAY};

static int make_world(void **state)
{
    static struct world w;

    x509_key_make(&w.root, "P-256");
    x509_key_make(&w.middle, "P-384");
    x509_key_make(&w.vendor, "P-256");
    w.ca = (struct hm_certificate)HM_CERTIFICATE_INIT;
    x509_make_read(&ca_shape, &w.root, NULL, &w.root, &w.ca);
    *state = &w;
    return 0;
}

static int clear_world(void **state)
{
    struct world *w = *state;

    hm_certificate_clear(&w->ca);
    x509_key_clear(&w->root);
    x509_key_clear(&w->middle);
    x509_key_clear(&w->vendor);
    return 0;
}

static struct hm_certificate_plan plan_of(const char *subject,
                                          const struct x509_key *key)
{
    struct hm_certificate_plan plan = {.subject = subject,
                                       .key = &key->key,
                                       .not_before = X509_TIME,
                                       .not_after = X509_TIME + 365 * X509_DAY};

    assert_int_equal(hm_x509_serial(plan.serial, NULL), HM_OK);
    return plan;
}

/* As the programs do it, with a key in memory for the token. */
static void issue(const struct hm_certificate_plan *plan,
                  const struct x509_key *by, struct hm_certificate *to)
{
    HM_OWN(hm_buf) tbs = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_certificate_make(plan, &tbs, &e), &e);
    x509_key_sign(by, hm_buf_view(&tbs), &sig);
    assert_ok(hm_x509_join(hm_buf_view(&tbs), by->key.scheme, hm_buf_view(&sig),
                           &der, &e),
              &e);
    assert_ok(hm_certificate_read(to, hm_buf_view(&der), &e), &e);
}

/* --- what is made --------------------------------------------------------------- */

static void a_root_and_its_leaf_verify_with_every_scheme(void **state)
{
    static const char *const kinds[] = {"P-256", "P-384", "RSA"};

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        HM_OWN(hm_certificate) root = HM_CERTIFICATE_INIT;
        HM_OWN(hm_certificate) leaf = HM_CERTIFICATE_INIT;
        const struct hm_certificate_chain chain = {&leaf, &root, 1};
        struct x509_key root_key, leaf_key;
        struct hm_certificate_plan plan;
        struct hm_err e = {.rc = HM_OK};

        x509_key_make(&root_key, kinds[i]);
        x509_key_make(&leaf_key, kinds[(i + 1) % COUNT(kinds)]);
        plan = plan_of("acme root", &root_key);
        issue(&plan, &root_key, &root);
        plan = plan_of("acme vendor", &leaf_key);
        plan.issuer = &root;
        issue(&plan, &root_key, &leaf);
        assert_string_equal(leaf.name, "CN=acme vendor");
        assert_true(hm_certificate_is_self_issued(&root));
        assert_false(hm_certificate_is_self_issued(&leaf));
        assert_ok(hm_certificate_chain_check(&chain, HM_X509_EMAIL_PROTECTION,
                                             X509_TIME, &e),
                  &e);
        assert_ok(hm_certificate_chain_check(&chain, HM_X509_EMAIL_PROTECTION,
                                             leaf.not_after - 1, &e),
                  &e);
        x509_key_clear(&root_key);
        x509_key_clear(&leaf_key);
    }
}

static bool is_critical(const struct hm_certificate *c, int nid)
{
    const int at = X509_get_ext_by_NID(c->x509, nid, -1);

    assert_true(at >= 0);
    return X509_EXTENSION_get_critical(X509_get_ext(c->x509, at)) == 1;
}

static void the_profile_is_what_is_made(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_certificate) root = HM_CERTIFICATE_INIT;
    HM_OWN(hm_certificate) leaf = HM_CERTIFICATE_INIT;
    struct hm_certificate_plan plan = plan_of("r", &w->root);
    uint8_t ski[HM_X509_SKI_SIZE];

    issue(&plan, &w->root, &root);
    assert_true(is_critical(&root, NID_basic_constraints));
    assert_true(is_critical(&root, NID_key_usage));
    assert_false(is_critical(&root, NID_subject_key_identifier));
    assert_int_equal(X509_get_pathlen(root.x509), 0);
    assert_int_equal(X509_get_key_usage(root.x509),
                     KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_get_ext_count(root.x509), 3);
    plan = plan_of("v", &w->vendor);
    plan.issuer = &root;
    issue(&plan, &w->root, &leaf);
    assert_true(is_critical(&leaf, NID_basic_constraints));
    assert_int_equal(X509_get_key_usage(leaf.x509), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_ext_count(leaf.x509), 4);
    assert_int_equal(hm_x509_ski(&w->vendor.key, ski, NULL), HM_OK);
    assert_memory_equal(
        ASN1_STRING_get0_data(X509_get0_subject_key_id(leaf.x509)), ski,
        sizeof(ski));
    assert_int_equal(hm_x509_ski(&w->root.key, ski, NULL), HM_OK);
    assert_memory_equal(
        ASN1_STRING_get0_data(X509_get0_authority_key_id(leaf.x509)), ski,
        sizeof(ski));
    assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(leaf.x509)),
                     HM_X509_SERIAL_SIZE);
    assert_int_equal(
        hm_certificate_check_leaf(&leaf, HM_X509_EMAIL_PROTECTION, NULL),
        HM_OK);
    assert_int_equal(
        hm_certificate_check_leaf(&leaf, HM_X509_CODE_SIGNING, NULL),
        HM_E_REJECTED);
    hm_certificate_clear(&leaf);
    plan.purposes = HM_X509_CODE_SIGNING | HM_X509_EMAIL_PROTECTION;
    issue(&plan, &w->root, &leaf);
    assert_int_equal(X509_get_extended_key_usage(leaf.x509),
                     XKU_CODE_SIGN | XKU_SMIME);
    assert_int_equal(
        hm_certificate_check_leaf(&leaf, HM_X509_CODE_SIGNING, NULL), HM_OK);
    assert_int_equal(
        hm_certificate_check_leaf(&leaf, HM_X509_EMAIL_PROTECTION, NULL),
        HM_OK);
    assert_true(leaf.not_before == X509_TIME &&
                leaf.not_after == X509_TIME + 365 * X509_DAY);
}

static void times_beyond_2049_are_read_as_written(void **state)
{
    const struct world *w = *state;
    const hm_time y2049 = 2524607999;
    const hm_time ends[] = {y2049, y2049 + 1, HM_TIME_MAX};

    for (size_t i = 0; i < COUNT(ends); i++) {
        HM_OWN(hm_certificate) root = HM_CERTIFICATE_INIT;
        struct hm_certificate_plan plan = plan_of("r", &w->root);

        plan.not_after = ends[i];
        issue(&plan, &w->root, &root);
        assert_true(root.not_after == ends[i]);
        assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(root.x509)),
                         i == 0 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
    }
}

static void a_plan_that_no_verifier_would_take_is_refused(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_certificate) leaf = HM_CERTIFICATE_INIT;
    HM_OWN(hm_buf) tbs = HM_BUF_INIT(HM_X509_BYTES_MAX);
    const struct x509_shape leaf_shape = {.subject = "leaf"};
    struct hm_certificate_plan plan = plan_of("v", &w->vendor);
    struct hm_err e = {.rc = HM_OK};

    plan.issuer = &w->ca;
    plan.not_after = w->ca.not_after;
    assert_ok(hm_certificate_make(&plan, &tbs, &e), &e);
    plan.not_after++;
    assert_fails(hm_certificate_make(&plan, &tbs, &e), HM_E_REJECTED,
                 "x509.plan.outlives", &e);
    assert_int_equal(tbs.n, 0);
    plan.not_after--;
    plan.not_before = w->ca.not_before - 1;
    assert_fails(hm_certificate_make(&plan, &tbs, &e), HM_E_REJECTED,
                 "x509.plan.outlives", &e);
    plan.not_before = plan.not_after;
    assert_fails(hm_certificate_make(&plan, &tbs, &e), HM_E_REJECTED,
                 "x509.plan.dates", &e);
    plan = plan_of("v", &w->root);
    plan.issuer = &w->ca;
    assert_fails(hm_certificate_make(&plan, &tbs, &e), HM_E_REJECTED,
                 "x509.plan.self", &e);
    x509_make_read(&leaf_shape, &w->middle, &w->ca, &w->root, &leaf);
    plan = plan_of("v", &w->vendor);
    plan.issuer = &leaf;
    assert_fails(hm_certificate_make(&plan, &tbs, &e), HM_E_REJECTED,
                 "x509.ca.constraints", &e);
}

static void a_common_name_is_plain_text(void **state)
{
    static const struct {
        const char *name;
        bool is_good;
    } rows[] = {
        {"a", true},
        {"Acme GmbH, signing 2026", true},
        {"", false},
        {" a", false},
        {"a ", false},
        {"a\nb", false},
        {"M\xc3\xbc", false},
        {"1234567890123456789012345678901234567890123456789012345678901234",
         true},
        {"12345678901234567890123456789012345678901234567890123456789012345",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hm_err e = {.rc = HM_OK};
        const hm_rc rc = hm_x509_check_subject(hm_bytes_str(rows[i].name), &e);

        if (rows[i].is_good)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_FORMAT, "x509.subject.syntax", &e);
    }
}

static void every_allocation_may_fail(void **state)
{
    const struct world *w = *state;
    struct hm_certificate_plan plan = plan_of("v", &w->vendor);

    plan.issuer = &w->ca;
    for (int k = 0;; k++) {
        HM_OWN(hm_buf) tbs = HM_BUF_INIT(HM_X509_BYTES_MAX);
        HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_certificate_make(&plan, &tbs, &e);
        if (rc == HM_OK)
            rc = hm_x509_join(hm_buf_view(&tbs), HM_SCHEME_ECDSA_P256_SHA256,
                              HM_LIT("sig"), &der, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 1);
            return;
        }
        assert_fails(rc, HM_E_NOMEM, "base.buf.nomem", &e);
    }
}

static void every_allocation_of_a_reader_may_fail(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_buf) pem = HM_BUF_INIT(HM_X509_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_certificate_add_pem(&w->ca, &pem, &e), &e);
    for (int k = 0;; k++) {
        HM_OWN(hm_certificate) c = HM_CERTIFICATE_INIT;
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_certificate_read(&c, hm_buf_view(&pem), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 1);
            return;
        }
        assert_fails(rc, HM_E_NOMEM, "base.buf.nomem", &e);
        assert_null(c.x509);
    }
}

/* --- what is read ----------------------------------------------------------------- */

static void only_one_certificate_and_nothing_else_is_read(void **state)
{
    static const uint8_t long_text[HM_X509_BYTES_MAX + 1];
    const struct world *w = *state;
    HM_OWN(hm_certificate) c = HM_CERTIFICATE_INIT;
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_buf) pem = HM_BUF_INIT(2 * HM_X509_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    x509_make(&ca_shape, &w->root, NULL, &w->root, &der);
    assert_ok(hm_certificate_add_pem(&w->ca, &pem, &e), &e);
    assert_ok(hm_certificate_read(&c, hm_buf_view(&pem), &e), &e);
    assert_string_equal(c.key.keyid, w->root.key.keyid);
    assert_ok(hm_certificate_add_pem(&w->ca, &pem, &e), &e);
    assert_fails(hm_certificate_read(&c, hm_buf_view(&pem), &e), HM_E_FORMAT,
                 "crypto.base64.syntax", &e);
    assert_null(c.x509);
    for (size_t n = 0; n < der.n; n++)
        assert_int_equal(
            hm_certificate_read(&c, (struct hm_bytes){der.p, n}, &e),
            HM_E_FORMAT);
    assert_ok(hm_buf_add(&der, HM_LIT("\0"), &e), &e);
    assert_fails(hm_certificate_read(&c, hm_buf_view(&der), &e), HM_E_FORMAT,
                 "x509.certificate.malformed", &e);
    assert_fails(hm_certificate_read(
                     &c, (struct hm_bytes){long_text, sizeof(long_text)}, &e),
                 HM_E_LIMIT, "x509.certificate.malformed", &e);
}

/* 30 82 LEN … made 30 83 00 LEN …: the same value, and no DER. */
static void another_encoding_of_it_is_refused(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_certificate) c = HM_CERTIFICATE_INIT;
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_buf) ber = HM_BUF_INIT(HM_X509_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    x509_make(&ca_shape, &w->root, NULL, &w->root, &der);
    assert_int_equal(der.p[1], 0x82);
    assert_ok(hm_buf_add(&ber, HM_LIT("\x30\x83\0"), &e), &e);
    assert_ok(hm_buf_add(&ber, (struct hm_bytes){der.p + 2, der.n - 2}, &e),
              &e);
    assert_fails(hm_certificate_read(&c, hm_buf_view(&ber), &e), HM_E_FORMAT,
                 "x509.certificate.malformed", &e);
}

static void what_is_weak_or_not_understood_is_refused(void **state)
{
    const struct world *w = *state;
    static const struct {
        struct x509_shape shape;
        const char *reason;
    } rows[] = {
        {{.is_version_1 = true}, "x509.certificate.version"},
        {{.is_sha1 = true}, "x509.certificate.algorithm"},
        {{.is_twice = true}, "x509.certificate.extension"},
        {{.other = "critical,DER:0c0161"}, "x509.certificate.extension"},
        {{.not_after = X509_TIME - 1}, "x509.certificate.validity"},
        {{.other = "DER:0c0161"}, NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        HM_OWN(hm_certificate) c = HM_CERTIFICATE_INIT;
        HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        x509_make(&rows[i].shape, &w->vendor, &w->ca, &w->root, &der);
        rc = hm_certificate_read(&c, hm_buf_view(&der), &e);
        if (rows[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_FORMAT, rows[i].reason, &e);
    }
}

/* --- what is judged ----------------------------------------------------------------- */

static void leaves_and_issuers_that_are_none_are_refused(void **state)
{
    const struct world *w = *state;
    static const struct {
        struct x509_shape ca, leaf;
        const char *reason;
    } rows[] = {
        {{0}, {0}, NULL},
        {{0}, {.purposes = "emailProtection,codeSigning"}, NULL},
        {{0}, {.constraints = "CA:FALSE"}, NULL},
        {{0}, {.constraints = "critical,CA:TRUE"}, "x509.leaf.ca"},
        {{0}, {.usage = ""}, "x509.leaf.usage"},
        {{0}, {.usage = "critical,keyEncipherment"}, "x509.leaf.usage"},
        {{0},
         {.usage = "critical,digitalSignature,keyCertSign"},
         "x509.leaf.usage"},
        {{0}, {.purposes = "codeSigning"}, "x509.leaf.purpose"},
        {{0}, {.purposes = "serverAuth"}, "x509.leaf.purpose"},
        {{0}, {.purposes = "anyExtendedKeyUsage"}, "x509.leaf.purpose"},
        {{.constraints = ""}, {0}, "x509.ca.constraints"},
        {{.constraints = "critical,CA:FALSE"}, {0}, "x509.ca.constraints"},
        {{.constraints = "CA:TRUE"}, {0}, "x509.ca.constraints"},
        {{.usage = ""}, {0}, "x509.ca.usage"},
        {{.usage = "critical,cRLSign"}, {0}, "x509.ca.usage"},
        {{.has_no_ski = true}, {0}, "x509.ca.keyid"},
        {{0}, {.not_after = X509_TIME + 366 * X509_DAY}, "x509.chain.outlives"},
        {{.not_before = X509_TIME + 1},
         {.not_before = X509_TIME + 1},
         "x509.certificate.early"},
        {{.not_before = X509_TIME - 9, .not_after = X509_TIME - 1},
         {.not_before = X509_TIME - 9, .not_after = X509_TIME - 1},
         "x509.certificate.expired"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        HM_OWN(hm_certificate) ca = HM_CERTIFICATE_INIT;
        HM_OWN(hm_certificate) leaf = HM_CERTIFICATE_INIT;
        const struct hm_certificate_chain chain = {&leaf, &ca, 1};
        struct x509_shape ca_of_row = rows[i].ca;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        ca_of_row.is_ca = true;
        ca_of_row.subject = "ca";
        x509_make_read(&ca_of_row, &w->root, NULL, &w->root, &ca);
        x509_make_read(&rows[i].leaf, &w->vendor, &ca, &w->root, &leaf);
        rc = hm_certificate_chain_check(&chain, HM_X509_EMAIL_PROTECTION,
                                        X509_TIME, &e);
        if (rows[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, rows[i].reason, &e);
    }
}

static void a_chain_of_three_keeps_to_its_path_length(void **state)
{
    const struct world *w = *state;
    static const char *const allowed[] = {"critical,CA:TRUE,pathlen:0",
                                          "critical,CA:TRUE,pathlen:1",
                                          "critical,CA:TRUE"};
    const struct x509_shape middle_shape = {.subject = "middle", .is_ca = true};
    const struct x509_shape leaf_shape = {.subject = "leaf"};

    for (size_t i = 0; i < COUNT(allowed); i++) {
        HM_OWN(hm_certificate) leaf = HM_CERTIFICATE_INIT;
        struct hm_certificate above[2] = {HM_CERTIFICATE_INIT,
                                          HM_CERTIFICATE_INIT};
        const struct hm_certificate_chain chain = {&leaf, above, 2};
        struct x509_shape root_shape = ca_shape;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        root_shape.constraints = allowed[i];
        x509_make_read(&root_shape, &w->root, NULL, &w->root, &above[1]);
        x509_make_read(&middle_shape, &w->middle, &above[1], &w->root,
                       &above[0]);
        x509_make_read(&leaf_shape, &w->vendor, &above[0], &w->middle, &leaf);
        rc = hm_certificate_chain_check(&chain, HM_X509_EMAIL_PROTECTION,
                                        X509_TIME, &e);
        if (i > 0)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, "x509.chain.refused", &e);
        hm_certificate_clear(&above[0]);
        hm_certificate_clear(&above[1]);
    }
}

static void a_leaf_of_another_issuer_is_refused(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_certificate) leaf = HM_CERTIFICATE_INIT;
    const struct x509_shape shape = {.subject = "leaf"};
    struct hm_certificate_chain chain = {&leaf, &w->ca, 1};
    struct hm_err e = {.rc = HM_OK};

    x509_make_read(&shape, &w->vendor, &w->ca, &w->vendor, &leaf);
    assert_fails(hm_certificate_chain_check(&chain, HM_X509_EMAIL_PROTECTION,
                                            X509_TIME, &e),
                 HM_E_REJECTED, "x509.chain.refused", &e);
    chain.n = 0;
    assert_fails(hm_certificate_chain_check(&chain, HM_X509_EMAIL_PROTECTION,
                                            X509_TIME, &e),
                 HM_E_REJECTED, "x509.chain.none", &e);
    assert_fails(hm_certificate_check_key(&leaf, &w->root.key, &e),
                 HM_E_REJECTED, "x509.certificate.other", &e);
    assert_ok(hm_certificate_check_key(&leaf, &w->vendor.key, &e), &e);
}

/* --- requests ----------------------------------------------------------------------- */

static void request_of(const struct x509_key *key, const char *subject,
                       struct hm_buf *der)
{
    HM_OWN(hm_buf) info = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_csr_make(subject, &key->key, &info, &e), &e);
    x509_key_sign(key, hm_buf_view(&info), &sig);
    assert_ok(hm_x509_join(hm_buf_view(&info), key->key.scheme,
                           hm_buf_view(&sig), der, &e),
              &e);
}

static void a_request_shows_who_holds_the_key(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_csr) csr = HM_CSR_INIT;
    struct hm_err e = {.rc = HM_OK};

    request_of(&w->vendor, "acme vendor", &der);
    assert_ok(hm_csr_read(&csr, hm_buf_view(&der), &e), &e);
    assert_string_equal(csr.subject, "acme vendor");
    assert_string_equal(csr.key.keyid, w->vendor.key.keyid);
    assert_false(csr.has_more);
    request_of(&w->middle, "m", &der);
    assert_ok(hm_csr_read(&csr, hm_buf_view(&der), &e), &e);
    /* "m" is the one letter of the name; another one was not signed. */
    for (size_t i = 0; i < der.n; i++)
        if (der.p[i] == 'm' && der.p[i - 1] == 1) {
            der.p[i] = 'n';
            break;
        }
    assert_fails(hm_csr_read(&csr, hm_buf_view(&der), &e), HM_E_REJECTED,
                 "x509.request.signature", &e);
    assert_null(csr.key.pkey);
    assert_ok(hm_buf_add(&der, HM_LIT("\0"), &e), &e);
    assert_fails(hm_csr_read(&csr, hm_buf_view(&der), &e), HM_E_FORMAT,
                 "x509.request.malformed", &e);
    x509_make(&ca_shape, &w->root, NULL, &w->root, &der);
    assert_fails(hm_csr_read(&csr, hm_buf_view(&der), &e), HM_E_FORMAT,
                 "x509.request.malformed", &e);
}

/* What OpenSSL makes of a name and an extension. */
static void foreign_request(const struct x509_key *key, const EVP_MD *md,
                            struct hm_buf *der)
{
    X509_REQ *made = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    unsigned char *p = NULL;
    struct hm_err e = {.rc = HM_OK};
    int n;

    sk_X509_EXTENSION_push(
        extensions, X509V3_EXT_nconf_nid(NULL, NULL, NID_basic_constraints,
                                         "critical,CA:TRUE"));
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(made), "O",
                               MBSTRING_UTF8, (const unsigned char *)"acme", -1,
                               -1, 0);
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(made), "CN",
                               MBSTRING_UTF8, (const unsigned char *)"them", -1,
                               -1, 0);
    X509_REQ_set_pubkey(made, key->pkey);
    X509_REQ_add_extensions(made, extensions);
    assert_true(X509_REQ_sign(made, key->pkey, md) > 0);
    n = i2d_X509_REQ(made, &p);
    hm_buf_clear(der);
    assert_ok(hm_buf_add(der, (struct hm_bytes){p, (size_t)n}, &e), &e);
    OPENSSL_free(p);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(made);
}

static void what_else_a_request_asks_for_is_not_taken(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    HM_OWN(hm_csr) csr = HM_CSR_INIT;
    struct hm_err e = {.rc = HM_OK};

    foreign_request(&w->vendor, EVP_sha256(), &der);
    assert_ok(hm_csr_read(&csr, hm_buf_view(&der), &e), &e);
    assert_string_equal(csr.subject, "them");
    assert_true(csr.has_more);
    foreign_request(&w->vendor, EVP_sha1(), &der);
    assert_fails(hm_csr_read(&csr, hm_buf_view(&der), &e), HM_E_FORMAT,
                 "x509.request.algorithm", &e);
}

static void purposes_have_two_names(void **state)
{
    enum hm_x509_purpose purpose = HM_X509_CODE_SIGNING;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_ok(hm_x509_purpose_find("emailProtection", &purpose, &e), &e);
    assert_int_equal(purpose, HM_X509_EMAIL_PROTECTION);
    assert_string_equal(hm_x509_purpose_name(purpose), "emailProtection");
    assert_fails(hm_x509_purpose_find("serverAuth", &purpose, &e), HM_E_USAGE,
                 "x509.purpose.unknown", &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_and_its_leaf_verify_with_every_scheme),
        cmocka_unit_test(the_profile_is_what_is_made),
        cmocka_unit_test(times_beyond_2049_are_read_as_written),
        cmocka_unit_test(a_plan_that_no_verifier_would_take_is_refused),
        cmocka_unit_test(a_common_name_is_plain_text),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_a_reader_may_fail),
        cmocka_unit_test(only_one_certificate_and_nothing_else_is_read),
        cmocka_unit_test(another_encoding_of_it_is_refused),
        cmocka_unit_test(what_is_weak_or_not_understood_is_refused),
        cmocka_unit_test(leaves_and_issuers_that_are_none_are_refused),
        cmocka_unit_test(a_chain_of_three_keeps_to_its_path_length),
        cmocka_unit_test(a_leaf_of_another_issuer_is_refused),
        cmocka_unit_test(a_request_shows_who_holds_the_key),
        cmocka_unit_test(what_else_a_request_asks_for_is_not_taken),
        cmocka_unit_test(purposes_have_two_names),
    };

    return cmocka_run_group_tests_name("x509", tests, make_world, clear_world);
}
