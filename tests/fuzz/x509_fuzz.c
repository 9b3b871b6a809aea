/* One byte that says what follows: a certificate, a request for one, a bundle, a
 * CMS signature.  What is refused leaves nothing and a reason; a certificate that is
 * accepted is written and read again as the same one. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "hm_cms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_certificate(struct hm_bytes text)
{
    HM_OWN(hm_certificate) c = HM_CERTIFICATE_INIT;
    HM_OWN(hm_certificate) again = HM_CERTIFICATE_INIT;
    HM_OWN(hm_buf) once = HM_BUF_INIT(2 * HM_X509_BYTES_MAX);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(2 * HM_X509_BYTES_MAX);
    const struct hm_certificate_chain chain = {&c, &again, 1};
    struct hm_err e = {.rc = HM_OK};

    if (hm_certificate_read(&c, text, &e) != HM_OK) {
        if (e.reason[0] == '\0' || c.x509 != NULL || c.key.pkey != NULL)
            abort();
        return;
    }
    if (c.not_before > c.not_after ||
        hm_certificate_add_pem(&c, &once, &e) != HM_OK)
        abort();
    if (once.n > HM_X509_BYTES_MAX) /* base64 of the longest */
        return;
    if (hm_certificate_read(&again, hm_buf_view(&once), &e) != HM_OK ||
        hm_certificate_add_pem(&again, &twice, &e) != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&once), hm_buf_view(&twice)))
        abort();
    /* Whatever it is, it cannot be a leaf and its own issuer. */
    if (hm_certificate_chain_check(&chain, HM_X509_CODE_SIGNING, c.not_before,
                                   &e) == HM_OK)
        abort();
}

static void check_request(struct hm_bytes text)
{
    HM_OWN(hm_csr) r = HM_CSR_INIT;
    struct hm_err e = {.rc = HM_OK};

    if (hm_csr_read(&r, text, &e) != HM_OK) {
        if (e.reason[0] == '\0' || r.key.pkey != NULL)
            abort();
        return;
    }
    if (r.key.pkey == NULL || strlen(r.subject) >= HM_X509_SUBJECT)
        abort();
}

static void check_cms(struct hm_bytes der)
{
    HM_OWN(hm_buf) embedded = HM_BUF_INIT(HM_CMS_EMBEDDED_MAX);
    struct hm_err e = {.rc = HM_OK};

    if (hm_cms_read_embedded(der, &embedded, &e) != HM_OK &&
        (e.reason[0] == '\0' || embedded.n > 0))
        abort();
}

static void check_bundle(struct hm_bytes bytes)
{
    HM_OWN(hm_rauc) r = HM_RAUC_INIT;
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_err e = {.rc = HM_OK};

    f.fd = memfd_create("bundle", MFD_CLOEXEC);
    if (f.fd < 0 || hm_file_write_all(f.fd, bytes, &e) != HM_OK)
        abort();
    if (hm_rauc_read(&f, &r, &e) != HM_OK) {
        if (e.reason[0] == '\0' || r.payload != 0 || r.manifest.n > 0)
            abort();
        return;
    }
    if (r.payload == 0 || r.payload > bytes.n ||
        (r.manifest.n > 0 && r.payload % HM_RAUC_BLOCK != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hm_bytes rest;

    if (size == 0)
        return 0;
    rest = (struct hm_bytes){data + 1, size - 1};
    if (data[0] == 'c')
        check_certificate(rest);
    else if (data[0] == 'r')
        check_request(rest);
    else if (data[0] == 'b')
        check_bundle(rest);
    else
        check_cms(rest);
    return 0;
}
