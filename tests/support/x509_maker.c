#include "x509_maker.h"

#include "hm_test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

void x509_key_make(struct x509_key *k, const char *kind)
{
    static const struct x509_key none = {.key = HM_PUBLIC_KEY_INIT};
    unsigned char *der = NULL;
    struct hm_err e = {.rc = HM_OK};
    int n;

    *k = none;
    k->pkey = strcmp(kind, "RSA") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(kind);
    assert_non_null(k->pkey);
    n = i2d_PUBKEY(k->pkey, &der);
    assert_true(n > 0);
    assert_ok(
        hm_public_key_read(&k->key, (struct hm_bytes){der, (size_t)n}, &e), &e);
    OPENSSL_free(der);
}

void x509_key_clear(struct x509_key *k)
{
    EVP_PKEY_free(k->pkey);
    k->pkey = NULL;
    hm_public_key_clear(&k->key);
}

void x509_key_sign(const struct x509_key *k, struct hm_bytes message,
                   struct hm_buf *sig)
{
    const bool is_384 = k->key.scheme == HM_SCHEME_ECDSA_P384_SHA384;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t bytes[HM_SIGNATURE_MAX];
    size_t n = sizeof(bytes);
    struct hm_err e = {.rc = HM_OK};

    assert_int_equal(EVP_DigestSignInit(ctx, NULL,
                                        is_384 ? EVP_sha384() : EVP_sha256(),
                                        NULL, k->pkey),
                     1);
    assert_int_equal(EVP_DigestSign(ctx, bytes, &n, message.p, message.n), 1);
    EVP_MD_CTX_free(ctx);
    hm_buf_clear(sig);
    assert_ok(hm_buf_add(sig, (struct hm_bytes){bytes, n}, &e), &e);
}

static void extend(X509 *to, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *made = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);

    assert_non_null(made);
    assert_int_equal(X509_add_ext(to, made, -1), 1);
    X509_EXTENSION_free(made);
}

static const char *chosen(const char *given, const char *usual)
{
    return given == NULL ? usual : given;
}

static void extend_all(X509 *to, X509V3_CTX *ctx,
                       const struct x509_shape *shape)
{
    const char *constraints =
        chosen(shape->constraints, shape->is_ca ? "critical,CA:TRUE,pathlen:0"
                                                : "critical,CA:FALSE");
    const char *usage =
        chosen(shape->usage, shape->is_ca ? "critical,keyCertSign,cRLSign"
                                          : "critical,digitalSignature");

    if (constraints[0] != '\0')
        extend(to, ctx, NID_basic_constraints, constraints);
    for (int i = 0; i < (shape->is_twice ? 2 : 1) && usage[0] != '\0'; i++)
        extend(to, ctx, NID_key_usage, usage);
    if (shape->purposes != NULL)
        extend(to, ctx, NID_ext_key_usage, shape->purposes);
    if (!shape->has_no_ski)
        extend(to, ctx, NID_subject_key_identifier, "hash");
    if (ctx->issuer_cert != to &&
        X509_get0_subject_key_id(ctx->issuer_cert) != NULL)
        extend(to, ctx, NID_authority_key_identifier, "keyid");
    if (shape->other != NULL)
        extend(to, ctx, NID_netscape_comment, shape->other);
}

static void fill(X509 *to, const struct x509_shape *shape,
                 const struct x509_key *key,
                 const struct hm_certificate *issuer)
{
    const hm_time from = shape->not_before == 0 ? X509_TIME : shape->not_before;
    const hm_time until =
        shape->not_after == 0 ? X509_TIME + 365 * X509_DAY : shape->not_after;
    X509_NAME *name = X509_NAME_new();
    X509V3_CTX ctx;

    (void)X509_set_version(to, shape->is_version_1 ? X509_VERSION_1
                                                   : X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(to), 4711);
    (void)ASN1_TIME_set(X509_getm_notBefore(to), (time_t)from);
    (void)ASN1_TIME_set(X509_getm_notAfter(to), (time_t)until);
    assert_int_equal(X509_NAME_add_entry_by_txt(
                         name, "CN", MBSTRING_UTF8,
                         (const unsigned char *)chosen(shape->subject, "leaf"),
                         -1, -1, 0),
                     1);
    (void)X509_set_subject_name(to, name);
    (void)X509_set_issuer_name(
        to, issuer == NULL ? name : X509_get_subject_name(issuer->x509));
    X509_NAME_free(name);
    assert_int_equal(X509_set_pubkey(to, key->pkey), 1);
    if (shape->is_version_1)
        return;
    X509V3_set_ctx(&ctx, issuer == NULL ? to : issuer->x509, to, NULL, NULL, 0);
    extend_all(to, &ctx, shape);
}

void x509_make(const struct x509_shape *shape, const struct x509_key *key,
               const struct hm_certificate *issuer, const struct x509_key *by,
               struct hm_buf *der)
{
    X509 *made = X509_new();
    unsigned char *p = NULL;
    struct hm_err e = {.rc = HM_OK};
    int n;

    fill(made, shape, key, issuer);
    assert_true(X509_sign(made, by->pkey,
                          shape->is_sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    n = i2d_X509(made, &p);
    assert_true(n > 0);
    hm_buf_clear(der);
    assert_ok(hm_buf_add(der, (struct hm_bytes){p, (size_t)n}, &e), &e);
    OPENSSL_free(p);
    X509_free(made);
}

void x509_make_read(const struct x509_shape *shape, const struct x509_key *key,
                    const struct hm_certificate *issuer,
                    const struct x509_key *by, struct hm_certificate *to)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    x509_make(shape, key, issuer, by, &der);
    assert_ok(hm_certificate_read(to, hm_buf_view(&der), &e), &e);
}
