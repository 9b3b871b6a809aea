#include <openssl/err.h>
#include <openssl/x509.h>

#include "x509_priv.h"

#define MALFORMED "x509.request.malformed"

hm_rc hm_x509_check_subject(struct hm_bytes name, struct hm_err *e)
{
    bool is_good = name.n > 0 && name.n < HM_X509_SUBJECT && name.p[0] != ' ' &&
                   name.p[name.n - 1] != ' ';

    for (size_t i = 0; i < name.n && is_good; i++)
        is_good = name.p[i] >= ' ' && name.p[i] <= '~';
    if (is_good)
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "x509.subject.syntax",
                   "'%s' is no common name: expected 1 to 64 printable ASCII "
                   "letters, no blank at either end",
                   hm_show(name));
}

/* The only common name, when it is one that a certificate of ours may have. */
static void read_subject(const X509_NAME *name, char to[static HM_X509_SUBJECT])
{
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *text = NULL;
    int n = -1;

    to[0] = '\0';
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
        return;
    n = ASN1_STRING_to_UTF8(
        &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n > 0 && hm_x509_check_subject((struct hm_bytes){text, (size_t)n},
                                       NULL) == HM_OK) {
        memcpy(to, text, (size_t)n);
        to[n] = '\0';
    }
    OPENSSL_free(text);
    ERR_clear_error();
}

static bool is_encoded_as(const X509_REQ *request, struct hm_bytes der)
{
    unsigned char *again = NULL;
    const int n = i2d_X509_REQ(request, &again);
    const bool same =
        n > 0 && hm_bytes_eq((struct hm_bytes){again, (size_t)n}, der);

    OPENSSL_free(again);
    return same;
}

HM_MUST static hm_rc take(struct hm_csr *r, X509_REQ *request, struct hm_err *e)
{
    const X509_NAME *name = X509_REQ_get_subject_name(request);

    if (!x509_is_strong(X509_REQ_get_signature_nid(request)))
        return hm_fail(e, HM_E_FORMAT, "x509.request.algorithm",
                       "expected a signature with ECDSA or RSA over SHA-256 or "
                       "more");
    HM_TRY(x509_key_read(X509_REQ_get_X509_PUBKEY(request), &r->key, e));
    if (X509_REQ_verify(request, r->key.pkey) != 1) {
        ERR_clear_error();
        return hm_fail(e, HM_E_REJECTED, "x509.request.signature",
                       "the request is not signed with the key that it names: "
                       "nobody showed to hold it");
    }
    read_subject(name, r->subject);
    r->has_more = X509_NAME_entry_count(name) > (r->subject[0] != '\0') ||
                  X509_REQ_get_attr_count(request) > 0;
    return HM_OK;
}

HM_MUST static hm_rc read_text(struct hm_csr *r, struct hm_bytes text,
                               struct hm_err *e)
{
    HM_OWN(hm_buf) der = HM_BUF_INIT(HM_X509_BYTES_MAX);
    const unsigned char *at = NULL;
    X509_REQ *request = NULL;
    hm_rc rc;

    HM_TRY(x509_der_load(&der, text, "CERTIFICATE REQUEST", MALFORMED, e));
    at = der.p;
    request = d2i_X509_REQ(NULL, &at, (long)der.n);
    ERR_clear_error();
    if (request == NULL || at != der.p + der.n ||
        !is_encoded_as(request, hm_buf_view(&der)) ||
        X509_REQ_get_version(request) != X509_REQ_VERSION_1)
        rc = hm_fail(e, HM_E_FORMAT, MALFORMED,
                     "it is no certificate request (PKCS#10) in DER");
    else
        rc = take(r, request, e);
    X509_REQ_free(request);
    return rc;
}

hm_rc hm_csr_read(struct hm_csr *r, struct hm_bytes text, struct hm_err *e)
{
    hm_rc rc;

    hm_csr_clear(r);
    rc = read_text(r, text, e);
    if (rc != HM_OK)
        hm_csr_clear(r);
    return rc;
}

void hm_csr_clear(struct hm_csr *r)
{
    hm_public_key_clear(&r->key);
    *r = (struct hm_csr)HM_CSR_INIT;
}
