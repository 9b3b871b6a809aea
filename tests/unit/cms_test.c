/* CMS signatures: made, and held against OpenSSL; whatever is changed is refused. */
#include "hm_test.h"

#include "hm_run.h"
#include "x509_maker.h"

#include <openssl/cms.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A root, one between, a leaf, and a file. */
struct world {
    struct x509_key root, middle, vendor;
    struct hm_certificate leaf;
    struct hm_certificate above[2];
    struct hm_certificate_chain chain;
    struct hm_temp t;
};

static void make_chain(struct world *w)
{
    const struct x509_shape root = {.subject = "root",
                                    .is_ca = true,
                                    .constraints = "critical,CA:TRUE,pathlen:1",
                                    .not_after = X509_TIME + 3650 * X509_DAY};
    const struct x509_shape middle = {.subject = "middle", .is_ca = true};
    const struct x509_shape leaf = {.subject = "vendor"};

    x509_make_read(&root, &w->root, NULL, &w->root, &w->above[1]);
    x509_make_read(&middle, &w->middle, &w->above[1], &w->root, &w->above[0]);
    x509_make_read(&leaf, &w->vendor, &w->above[0], &w->middle, &w->leaf);
    w->chain = (struct hm_certificate_chain){&w->leaf, w->above, 2};
}

static void make_world(struct world *w, const char *kind)
{
    const struct world none = {.leaf = HM_CERTIFICATE_INIT};

    *w = none;
    x509_key_make(&w->root, "P-256");
    x509_key_make(&w->middle, "RSA");
    x509_key_make(&w->vendor, kind);
    make_chain(w);
    hm_temp_make(&w->t);
    hm_temp_write(&w->t, "file", "firmware");
}

static void world_clear(struct world *w)
{
    hm_certificate_clear(&w->leaf);
    hm_certificate_clear(&w->above[0]);
    hm_certificate_clear(&w->above[1]);
    x509_key_clear(&w->root);
    x509_key_clear(&w->middle);
    x509_key_clear(&w->vendor);
    hm_temp_clear(&w->t);
}

static void sign(const struct world *w, const struct hm_cms_digest *digest,
                 struct hm_bytes embedded, struct hm_buf *cms)
{
    HM_OWN(hm_buf) attributes = HM_BUF_INIT(1024);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_cms_make(digest, X509_TIME, &attributes, &e), &e);
    assert_int_equal(attributes.p[0], 0x31);
    x509_key_sign(&w->vendor, hm_buf_view(&attributes), &sig);
    assert_ok(hm_cms_join(&w->chain, hm_buf_view(&attributes),
                          hm_buf_view(&sig), embedded, cms, &e),
              &e);
}

static void sign_file(const struct world *w, struct hm_buf *cms)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_cms_digest digest = {.n = 0};
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_open(&f, hm_temp_path(&w->t, "file"), &e), &e);
    assert_ok(
        hm_cms_digest_file(&f, UINT64_MAX, w->vendor.key.scheme, &digest, &e),
        &e);
    sign(w, &digest, (struct hm_bytes){NULL, 0}, cms);
}

static hm_rc verify_file(const struct world *w, const struct hm_buf *cms,
                         hm_time at, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    assert_ok(hm_file_open(&f, hm_temp_path(&w->t, "file"), e), e);
    return hm_cms_verify(hm_buf_view(cms), &f, &w->chain,
                         HM_X509_EMAIL_PROTECTION, at, e);
}

/* OpenSSL would write the same bytes: it is DER, sets in their order. */
static void assert_der(const struct hm_buf *cms)
{
    const unsigned char *at = cms->p;
    CMS_ContentInfo *info = d2i_CMS_ContentInfo(NULL, &at, (long)cms->n);
    unsigned char *again = NULL;
    int n = 0;

    assert_non_null(info);
    n = i2d_CMS_ContentInfo(info, &again);
    assert_bytes_equal(hm_buf_view(cms), ((struct hm_bytes){again, (size_t)n}));
    OPENSSL_free(again);
    CMS_ContentInfo_free(info);
}

static void a_file_is_signed_with_every_scheme(void **state)
{
    static const char *const kinds[] = {"P-256", "P-384", "RSA"};

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        HM_OWN(world) w;
        HM_OWN(hm_buf) cms = HM_BUF_INIT(HM_CMS_BYTES_MAX);
        HM_OWN(hm_buf) embedded = HM_BUF_INIT(HM_CMS_EMBEDDED_MAX);
        struct hm_err e = {.rc = HM_OK};

        make_world(&w, kinds[i]);
        sign_file(&w, &cms);
        assert_der(&cms);
        assert_ok(verify_file(&w, &cms, X509_TIME, &e), &e);
        assert_ok(hm_cms_read_embedded(hm_buf_view(&cms), &embedded, &e), &e);
        assert_int_equal(embedded.n, 0);
        assert_fails(verify_file(&w, &cms, X509_TIME + 366 * X509_DAY, &e),
                     HM_E_REJECTED, "x509.cms.refused", &e);
        hm_temp_flip(&w.t, "file", 0, 1);
        assert_fails(verify_file(&w, &cms, X509_TIME, &e), HM_E_REJECTED,
                     "x509.cms.refused", &e);
    }
}

static void the_content_may_travel_inside(void **state)
{
    HM_OWN(world) w;
    HM_OWN(hm_buf) cms = HM_BUF_INIT(HM_CMS_BYTES_MAX);
    HM_OWN(hm_buf) embedded = HM_BUF_INIT(HM_CMS_EMBEDDED_MAX);
    const struct hm_bytes text = HM_LIT("[update]\ncompatible=acme\n");
    struct hm_cms_digest digest = {.n = 0};
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    make_world(&w, "P-256");
    assert_ok(hm_cms_digest(text, w.vendor.key.scheme, &digest, &e), &e);
    sign(&w, &digest, text, &cms);
    assert_der(&cms);
    assert_ok(hm_cms_verify(hm_buf_view(&cms), NULL, &w.chain,
                            HM_X509_EMAIL_PROTECTION, X509_TIME, &e),
              &e);
    assert_ok(hm_cms_read_embedded(hm_buf_view(&cms), &embedded, &e), &e);
    assert_bytes_equal(hm_buf_view(&embedded), text);
    sign(&w, &digest, HM_LIT("[update]\ncompatible=evil\n"), &cms);
    assert_fails(hm_cms_verify(hm_buf_view(&cms), NULL, &w.chain,
                               HM_X509_EMAIL_PROTECTION, X509_TIME, &e),
                 HM_E_REJECTED, "x509.cms.refused", &e);
}

/* Whatever else a changed byte may leave a signature: never one over another
 * digest or time. */
static void a_changed_attribute_is_refused(void **state)
{
    HM_OWN(world) w;
    HM_OWN(hm_buf) cms = HM_BUF_INIT(HM_CMS_BYTES_MAX);
    HM_OWN(hm_buf) attributes = HM_BUF_INIT(1024);
    struct hm_cms_digest digest = {.n = 0};
    const uint8_t *at = NULL;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    make_world(&w, "P-256");
    sign_file(&w, &cms);
    assert_ok(
        hm_cms_digest(HM_LIT("firmware"), w.vendor.key.scheme, &digest, &e),
        &e);
    assert_ok(hm_cms_make(&digest, X509_TIME, &attributes, &e), &e);
    at = memmem(cms.p, cms.n, attributes.p + 1, attributes.n - 1);
    assert_non_null(at);
    for (size_t i = 0; i < attributes.n - 1; i++) {
        const size_t place = (size_t)(at - cms.p) + i;

        cms.p[place] ^= 0x01;
        assert_true(verify_file(&w, &cms, X509_TIME, &e) != HM_OK);
        cms.p[place] ^= 0x01;
    }
    assert_ok(verify_file(&w, &cms, X509_TIME, &e), &e);
}

static void what_is_no_signature_is_refused(void **state)
{
    HM_OWN(world) w;
    HM_OWN(hm_buf) cms = HM_BUF_INIT(HM_CMS_BYTES_MAX);
    HM_OWN(hm_buf) embedded = HM_BUF_INIT(HM_CMS_EMBEDDED_MAX);
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    make_world(&w, "P-256");
    sign_file(&w, &cms);
    for (size_t n = 0; n < cms.n; n += 7)
        assert_fails(
            hm_cms_read_embedded((struct hm_bytes){cms.p, n}, &embedded, &e),
            HM_E_FORMAT, "x509.cms.malformed", &e);
    assert_ok(hm_buf_add(&cms, HM_LIT("\0"), &e), &e);
    assert_fails(hm_cms_read_embedded(hm_buf_view(&cms), &embedded, &e),
                 HM_E_FORMAT, "x509.cms.malformed", &e);
    assert_fails(verify_file(&w, &cms, X509_TIME, &e), HM_E_FORMAT,
                 "x509.cms.malformed", &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_signed_with_every_scheme),
        cmocka_unit_test(the_content_may_travel_inside),
        cmocka_unit_test(a_changed_attribute_is_refused),
        cmocka_unit_test(what_is_no_signature_is_refused),
    };

    return cmocka_run_group_tests_name("cms", tests, NULL, NULL);
}
