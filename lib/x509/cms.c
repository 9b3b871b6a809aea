#include <stdlib.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "x509_priv.h"

#define STEP ((size_t)64 << 10)

/* --- the digest --------------------------------------------------------------------- */

static const EVP_MD *digest_of(enum hm_scheme scheme)
{
    return scheme == HM_SCHEME_ECDSA_P384_SHA384 ? EVP_sha384() : EVP_sha256();
}

HM_MUST static hm_rc fail_digest(struct hm_err *e)
{
    return hm_fail(e, HM_E_NOMEM, "x509.cms.digest",
                   "cannot compute the digest to sign");
}

HM_MUST static hm_rc feed(EVP_MD_CTX *ctx, const struct hm_file *f,
                          uint64_t max, uint8_t *step, struct hm_err *e)
{
    size_t got = 0;

    do {
        HM_TRY(hm_file_read(f, step, max < STEP ? (size_t)max : STEP, &got, e));
        if (EVP_DigestUpdate(ctx, step, got) != 1)
            return fail_digest(e);
        max -= got;
    } while (got > 0 && max > 0);
    return HM_OK;
}

hm_rc hm_cms_digest_file(const struct hm_file *f, uint64_t max,
                         enum hm_scheme scheme, struct hm_cms_digest *out,
                         struct hm_err *e)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t *step = malloc(STEP);
    unsigned n = 0;
    hm_rc rc;

    if (ctx == NULL || step == NULL ||
        EVP_DigestInit_ex(ctx, digest_of(scheme), NULL) != 1)
        rc = fail_digest(e);
    else
        rc = feed(ctx, f, max, step, e);
    if (rc == HM_OK && EVP_DigestFinal_ex(ctx, out->b, &n) != 1)
        rc = fail_digest(e);
    out->n = n;
    free(step);
    EVP_MD_CTX_free(ctx);
    return rc;
}

hm_rc hm_cms_digest(struct hm_bytes in, enum hm_scheme scheme,
                    struct hm_cms_digest *out, struct hm_err *e)
{
    unsigned n = 0;

    if (EVP_Digest(in.p, in.n, out->b, &n, digest_of(scheme), NULL) != 1)
        return fail_digest(e);
    out->n = n;
    return HM_OK;
}

/* --- making -------------------------------------------------------------------------- */

HM_MUST static hm_rc add_oid(struct hm_buf *to, int nid, struct hm_err *e)
{
    unsigned char *der = NULL;
    const int n = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);

    return x509_der_take(to, der, n, e);
}

/* Attribute ::= SEQUENCE { type, SET OF value }: type goes before what stands at
 * @p at, which is its one value. */
HM_MUST static hm_rc close_attribute(struct hm_buf *to, size_t at,
                                     const struct hm_buf *value,
                                     struct hm_err *e)
{
    const size_t set = to->n;

    HM_TRY(hm_buf_add(to, hm_buf_view(value), e));
    HM_TRY(x509_der_wrap(to, set, DER_SET, e));
    return x509_der_wrap(to, at, DER_SEQUENCE, e);
}

HM_MUST static hm_rc add_attribute(struct hm_buf *to, int nid,
                                   const struct hm_buf *value, struct hm_err *e)
{
    const size_t at = to->n;

    HM_TRY(add_oid(to, nid, e));
    return close_attribute(to, at, value, e);
}

/* A SET OF is in order of its bytes in DER: these three are, since each is longer
 * than the one before. */
hm_rc hm_cms_make(const struct hm_cms_digest *digest, hm_time at,
                  struct hm_buf *attributes, struct hm_err *e)
{
    HM_OWN(hm_buf) type = HM_BUF_INIT(64);
    HM_OWN(hm_buf) time = HM_BUF_INIT(64);
    HM_OWN(hm_buf) value = HM_BUF_INIT(HM_CMS_DIGEST_MAX + 8);

    hm_buf_clear(attributes);
    HM_TRY(add_oid(&type, NID_pkcs7_data, e));
    HM_TRY(x509_der_add_time(&time, at, e));
    HM_TRY(hm_buf_add(&value, (struct hm_bytes){digest->b, digest->n}, e));
    HM_TRY(x509_der_wrap(&value, 0, DER_OCTET_STRING, e));
    HM_TRY(add_attribute(attributes, NID_pkcs9_contentType, &type, e));
    HM_TRY(add_attribute(attributes, NID_pkcs9_signingTime, &time, e));
    HM_TRY(add_attribute(attributes, NID_pkcs9_messageDigest, &value, e));
    return x509_der_wrap(attributes, 0, DER_SET, e);
}

struct piece {
    unsigned char *der; /* owned */
    int n;
};

static int by_bytes(const void *left, const void *right)
{
    const struct piece *a = left;
    const struct piece *b = right;
    const int order =
        memcmp(a->der, b->der, (size_t)(a->n < b->n ? a->n : b->n));

    return order != 0 ? order : a->n - b->n;
}

/* Also a SET OF.  A piece that could not be made has n <= 0 and is the last. */
static size_t encode_all(const struct hm_certificate_chain *chain,
                         struct piece to[static 1 + HM_X509_CHAIN_MAX])
{
    size_t n = 1;

    to[0].n = i2d_X509(chain->leaf->x509, &to[0].der);
    for (size_t i = 0; i < chain->n && i < HM_X509_CHAIN_MAX && to[n - 1].n > 0;
         i++)
        if (!hm_certificate_is_self_issued(&chain->above[i])) {
            to[n].n = i2d_X509(chain->above[i].x509, &to[n].der);
            n++;
        }
    if (to[n - 1].n > 0)
        qsort(to, n, sizeof(*to), by_bytes);
    return n;
}

HM_MUST static hm_rc add_certificates(struct hm_buf *to,
                                      const struct hm_certificate_chain *chain,
                                      struct hm_err *e)
{
    struct piece pieces[1 + HM_X509_CHAIN_MAX] = {{.der = NULL}};
    const size_t n = encode_all(chain, pieces);
    const size_t at = to->n;
    hm_rc rc = HM_OK;

    for (size_t i = 0; i < n; i++) {
        if (rc == HM_OK)
            rc = x509_der_take(to, pieces[i].der, pieces[i].n, e);
        else
            OPENSSL_free(pieces[i].der);
    }
    HM_TRY(rc);
    return x509_der_wrap(to, at, DER_CONTEXT_0, e);
}

/* IssuerAndSerialNumber: what every verifier knows. */
HM_MUST static hm_rc add_signer_id(struct hm_buf *to, const X509 *signer,
                                   struct hm_err *e)
{
    const size_t at = to->n;
    unsigned char *der = NULL;
    int n = i2d_X509_NAME(X509_get_issuer_name(signer), &der);

    HM_TRY(x509_der_take(to, der, n, e));
    der = NULL;
    n = i2d_ASN1_INTEGER(X509_get0_serialNumber(signer), &der);
    HM_TRY(x509_der_take(to, der, n, e));
    return x509_der_wrap(to, at, DER_SEQUENCE, e);
}

static const uint8_t version_1[] = {0x02, 0x01, 0x01};

/* RFC 5652 5.3, 5.4: what was signed as SET OF is written as [0] IMPLICIT. */
HM_MUST static hm_rc add_signer(struct hm_buf *to,
                                const struct hm_certificate *signer,
                                struct hm_bytes attributes, struct hm_bytes sig,
                                struct hm_err *e)
{
    const enum hm_scheme scheme = signer->key.scheme;
    const size_t set = to->n;
    size_t at = 0;

    HM_TRY(hm_buf_add(to, (struct hm_bytes){version_1, sizeof(version_1)}, e));
    HM_TRY(add_signer_id(to, signer->x509, e));
    HM_TRY(x509_der_add_digest(to, scheme, e));
    at = to->n;
    HM_TRY(hm_buf_add(to, attributes, e));
    to->p[at] = DER_CONTEXT_0;
    HM_TRY(x509_der_add_algorithm(to, scheme, e));
    at = to->n;
    HM_TRY(hm_buf_add(to, sig, e));
    HM_TRY(x509_der_wrap(to, at, DER_OCTET_STRING, e));
    HM_TRY(x509_der_wrap(to, set, DER_SEQUENCE, e));
    return x509_der_wrap(to, set, DER_SET, e);
}

HM_MUST static hm_rc add_content(struct hm_buf *to, struct hm_bytes embedded,
                                 struct hm_err *e)
{
    const size_t at = to->n;
    size_t inner = 0;

    HM_TRY(add_oid(to, NID_pkcs7_data, e));
    inner = to->n;
    if (embedded.n > 0) {
        HM_TRY(hm_buf_add(to, embedded, e));
        HM_TRY(x509_der_wrap(to, inner, DER_OCTET_STRING, e));
        HM_TRY(x509_der_wrap(to, inner, DER_CONTEXT_0, e));
    }
    return x509_der_wrap(to, at, DER_SEQUENCE, e);
}

hm_rc hm_cms_join(const struct hm_certificate_chain *chain,
                  struct hm_bytes attributes, struct hm_bytes sig,
                  struct hm_bytes embedded, struct hm_buf *cms,
                  struct hm_err *e)
{
    size_t type = 0;
    size_t at = 0;

    hm_buf_clear(cms);
    HM_TRY(add_oid(cms, NID_pkcs7_signed, e));
    type = cms->n;
    HM_TRY(hm_buf_add(cms, (struct hm_bytes){version_1, sizeof(version_1)}, e));
    at = cms->n;
    HM_TRY(x509_der_add_digest(cms, chain->leaf->key.scheme, e));
    HM_TRY(x509_der_wrap(cms, at, DER_SET, e));
    HM_TRY(add_content(cms, embedded, e));
    HM_TRY(add_certificates(cms, chain, e));
    HM_TRY(add_signer(cms, chain->leaf, attributes, sig, e));
    HM_TRY(x509_der_wrap(cms, type, DER_SEQUENCE, e));
    HM_TRY(x509_der_wrap(cms, type, DER_CONTEXT_0, e));
    return x509_der_wrap(cms, 0, DER_SEQUENCE, e);
}
