#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "x509_priv.h"

#define LABEL     "CERTIFICATE"
#define MALFORMED "x509.certificate.malformed"

#define DAY 86400

/* RFC 5280 4.1.2.5: Zulu, whole seconds, nothing else. */
HM_MUST static hm_rc read_time(const ASN1_TIME *from, hm_time *to,
                               struct hm_err *e)
{
    const int want = ASN1_STRING_type(from) == V_ASN1_UTCTIME ? 13 : 15;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    const bool is_read = epoch != NULL && ASN1_STRING_length(from) == want &&
                         ASN1_STRING_get0_data(from)[want - 1] == 'Z' &&
                         ASN1_TIME_diff(&days, &seconds, epoch, from) == 1;

    ASN1_TIME_free(epoch);
    ERR_clear_error();
    *to = (hm_time)days * DAY + seconds;
    if (!is_read || *to < 0 || *to > HM_TIME_MAX)
        return hm_fail(e, HM_E_FORMAT, "x509.certificate.validity",
                       "expected times as YYMMDDhhmmssZ, or with four digits "
                       "of a year");
    return HM_OK;
}

HM_MUST static hm_rc read_validity(struct hm_certificate *c, struct hm_err *e)
{
    HM_TRY(read_time(X509_get0_notBefore(c->x509), &c->not_before, e));
    HM_TRY(read_time(X509_get0_notAfter(c->x509), &c->not_after, e));
    if (c->not_before > c->not_after)
        return hm_fail(e, HM_E_FORMAT, "x509.certificate.validity",
                       "it ends %s, before it begins %s",
                       hm_time_show(c->not_after), hm_time_show(c->not_before));
    return HM_OK;
}

HM_MUST static hm_rc read_name(struct hm_certificate *c, struct hm_err *e)
{
    BIO *text = BIO_new(BIO_s_mem());
    char *p = NULL;
    long n = 0;

    if (text == NULL || X509_NAME_print_ex(text, X509_get_subject_name(c->x509),
                                           0, XN_FLAG_RFC2253) < 0) {
        BIO_free(text);
        return x509_fail_make("a name for messages", e);
    }
    n = BIO_get_mem_data(text, &p);
    (void)hm_show_into(
        c->name, (struct hm_bytes){(const uint8_t *)p, n > 0 ? (size_t)n : 0});
    BIO_free(text);
    return HM_OK;
}

/* OpenSSL reads the extensions that it knows and remembers what was wrong. */
HM_MUST static hm_rc check_extensions(const struct hm_certificate *c,
                                      struct hm_err *e)
{
    const uint32_t flags = X509_get_extension_flags(c->x509);

    ERR_clear_error();
    if ((flags & EXFLAG_INVALID) != 0)
        return hm_fail(e, HM_E_FORMAT, "x509.certificate.extension",
                       "an extension is malformed or given twice");
    if ((flags & EXFLAG_CRITICAL) != 0)
        return hm_fail(e, HM_E_FORMAT, "x509.certificate.extension",
                       "a critical extension is not known");
    return HM_OK;
}

static bool is_encoded_as(const X509 *x509, struct hm_bytes der)
{
    unsigned char *again = NULL;
    const int n = i2d_X509(x509, &again);
    const bool same =
        n > 0 && hm_bytes_eq((struct hm_bytes){again, (size_t)n}, der);

    OPENSSL_free(again);
    return same;
}

HM_MUST static hm_rc decode(struct hm_certificate *c, struct hm_bytes der,
                            struct hm_err *e)
{
    const unsigned char *at = der.p;

    c->x509 = d2i_X509(NULL, &at, (long)der.n);
    if (c->x509 == NULL || at != der.p + der.n ||
        !is_encoded_as(c->x509, der)) {
        ERR_clear_error();
        return hm_fail(e, HM_E_FORMAT, MALFORMED,
                       "it is no certificate in DER");
    }
    if (X509_get_version(c->x509) != X509_VERSION_3)
        return hm_fail(e, HM_E_FORMAT, "x509.certificate.version",
                       "version %ld, expected 3",
                       X509_get_version(c->x509) + 1);
    if (!x509_is_strong(X509_get_signature_nid(c->x509)))
        return hm_fail(e, HM_E_FORMAT, "x509.certificate.algorithm",
                       "expected a signature with ECDSA or RSA over SHA-256 or "
                       "more");
    return HM_OK;
}

HM_MUST static hm_rc read_text(struct hm_certificate *c, struct hm_bytes text,
                               struct hm_err *e)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);

    HM_TRY(x509_der_load(&der, text, LABEL, MALFORMED, e));
    HM_TRY(decode(c, hm_buf_view(&der), e));
    HM_TRY(read_name(c, e));
    HM_TRY(x509_key_read(X509_get_X509_PUBKEY(c->x509), &c->key, e));
    HM_TRY(read_validity(c, e));
    return check_extensions(c, e);
}

hm_rc hm_certificate_read(struct hm_certificate *c, struct hm_bytes text,
                          struct hm_err *e)
{
    hm_rc rc;

    hm_certificate_clear(c);
    rc = read_text(c, text, e);
    if (rc != HM_OK)
        hm_certificate_clear(c);
    return rc;
}

hm_rc hm_certificate_load(struct hm_certificate *c, const char *path,
                          struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_X509_BYTES_MAX);
    hm_rc rc;

    hm_certificate_clear(c);
    HM_TRY(hm_as_usage(e, hm_file_load(path, &text, e)));
    rc = hm_certificate_read(c, hm_buf_view(&text), e);
    return hm_as_usage(e, hm_context(e, rc, "cannot take certificate '%s'",
                                     hm_show_str(path)));
}

hm_rc hm_certificate_add_pem(const struct hm_certificate *c, struct hm_buf *to,
                             struct hm_err *e)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    unsigned char *p = NULL;
    const int n = i2d_X509(c->x509, &p);

    HM_TRY(x509_der_take(&der, p, n, e));
    return hm_pem_add(to, LABEL, hm_buf_view(&der), e);
}

bool hm_certificate_is_self_issued(const struct hm_certificate *c)
{
    return (X509_get_extension_flags(c->x509) & EXFLAG_SI) != 0;
}

void hm_certificate_clear(struct hm_certificate *c)
{
    X509_free(c->x509);
    hm_public_key_clear(&c->key);
    *c = (struct hm_certificate)HM_CERTIFICATE_INIT;
}
