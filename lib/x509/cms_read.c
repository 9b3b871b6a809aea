#include <unistd.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "x509_priv.h"

HM_MUST static hm_rc fail_malformed(struct hm_err *e)
{
    ERR_clear_error();
    return hm_fail(e, HM_E_FORMAT, "x509.cms.malformed",
                   "it is no CMS signature (SignedData) in DER");
}

/* NULL: it is none. */
static CMS_ContentInfo *decode(struct hm_bytes cms)
{
    const unsigned char *at = cms.p;
    CMS_ContentInfo *info = NULL;

    if (cms.n > HM_CMS_BYTES_MAX || !x509_der_is_strict(cms))
        return NULL;
    info = d2i_CMS_ContentInfo(NULL, &at, (long)cms.n);
    if (info != NULL && at == cms.p + cms.n &&
        OBJ_obj2nid(CMS_get0_type(info)) == NID_pkcs7_signed)
        return info;
    CMS_ContentInfo_free(info);
    return NULL;
}

static bool verify_in(CMS_ContentInfo *info, const struct hm_file *content,
                      X509_STORE *store)
{
    BIO *in = NULL;
    bool is_good = false;

    if (content != NULL) {
        if (lseek(content->fd, 0, SEEK_SET) != 0)
            return false;
        in = BIO_new_fd(content->fd, BIO_NOCLOSE);
        if (in == NULL)
            return false;
    }
    is_good = CMS_verify(info, NULL, store, in, NULL, CMS_BINARY) == 1;
    BIO_free(in);
    return is_good;
}

hm_rc hm_cms_verify(struct hm_bytes cms, const struct hm_file *content,
                    const struct hm_certificate_chain *chain,
                    enum hm_x509_purpose purpose, hm_time at, struct hm_err *e)
{
    CMS_ContentInfo *info = decode(cms);
    X509_STORE *store = NULL;
    bool is_good = false;

    if (info == NULL)
        return fail_malformed(e);
    store = x509_store_new(chain, purpose, at);
    is_good = store != NULL && verify_in(info, content, store);
    X509_STORE_free(store);
    CMS_ContentInfo_free(info);
    if (!is_good)
        return hm_fail(e, HM_E_REJECTED, "x509.cms.refused",
                       "the CMS signature does not verify: %s",
                       x509_openssl_error());
    return HM_OK;
}

hm_rc hm_cms_read_embedded(struct hm_bytes cms, struct hm_buf *embedded,
                           struct hm_err *e)
{
    CMS_ContentInfo *info = decode(cms);
    ASN1_OCTET_STRING **content = NULL;
    hm_rc rc = HM_OK;

    if (info == NULL)
        return fail_malformed(e);
    content = CMS_get0_content(info);
    if (content == NULL)
        rc = fail_malformed(e);
    else if (*content != NULL)
        rc = hm_buf_add(embedded,
                        (struct hm_bytes){ASN1_STRING_get0_data(*content),
                                          (size_t)ASN1_STRING_length(*content)},
                        e);
    CMS_ContentInfo_free(info);
    return rc;
}
