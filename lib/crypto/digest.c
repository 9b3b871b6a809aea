#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "hm_crypto.h"

/* Large enough that reading costs nothing beside hashing. */
#define CHUNK ((size_t)256 * 1024)

HM_MUST static hm_rc begin(struct evp_md_ctx_st **ctx, const EVP_MD *md,
                           struct hm_err *e)
{
    if (*ctx == NULL)
        *ctx = EVP_MD_CTX_new();
    if (*ctx == NULL || EVP_DigestInit_ex(*ctx, md, NULL) != 1)
        return hm_fail(e, HM_E_NOMEM, "crypto.digest.init",
                       "cannot start a digest");
    return HM_OK;
}

hm_rc hm_digest_begin(struct hm_digest *d, bool with_sha512, struct hm_err *e)
{
    d->size = 0;
    HM_TRY(begin(&d->sha256, EVP_sha256(), e));
    if (with_sha512)
        return begin(&d->sha512, EVP_sha512(), e);
    EVP_MD_CTX_free(d->sha512);
    d->sha512 = NULL;
    return HM_OK;
}

HM_MUST static hm_rc update(struct evp_md_ctx_st *ctx, struct hm_bytes in,
                            struct hm_err *e)
{
    if (ctx == NULL || EVP_DigestUpdate(ctx, in.p, in.n) == 1)
        return HM_OK;
    return hm_fail(e, HM_E_INTERNAL, "crypto.digest.update",
                   "the digest refused %zu bytes", in.n);
}

hm_rc hm_digest_add_sha256(struct hm_digest *d, struct hm_bytes in,
                           struct hm_err *e)
{
    d->size += in.n;
    return update(d->sha256, in, e);
}

hm_rc hm_digest_add_sha512(struct hm_digest *d, struct hm_bytes in,
                           struct hm_err *e)
{
    return update(d->sha512, in, e);
}

hm_rc hm_digest_add(struct hm_digest *d, struct hm_bytes in, struct hm_err *e)
{
    HM_TRY(hm_digest_add_sha256(d, in, e));
    return hm_digest_add_sha512(d, in, e);
}

hm_rc hm_digest_end(struct hm_digest *d, struct hm_digests *out,
                    struct hm_err *e)
{
    *out = (struct hm_digests){.size = d->size};
    if (EVP_DigestFinal_ex(d->sha256, out->sha256, NULL) != 1 ||
        (d->sha512 != NULL &&
         EVP_DigestFinal_ex(d->sha512, out->sha512, NULL) != 1))
        return hm_fail(e, HM_E_INTERNAL, "crypto.digest.end",
                       "the digest did not end");
    return HM_OK;
}

void hm_digest_clear(struct hm_digest *d)
{
    EVP_MD_CTX_free(d->sha256);
    EVP_MD_CTX_free(d->sha512);
    *d = (struct hm_digest)HM_DIGEST_INIT;
}

hm_rc hm_sha256(struct hm_bytes in, uint8_t out[static HM_SHA256_SIZE],
                struct hm_err *e)
{
    if (EVP_Digest(in.p, in.n, out, NULL, EVP_sha256(), NULL) != 1)
        return hm_fail(e, HM_E_NOMEM, "crypto.digest.init",
                       "cannot compute a digest");
    return HM_OK;
}

HM_MUST static hm_rc digest_chunks(struct hm_file *f, struct hm_digest *d,
                                   uint8_t *chunk, struct hm_err *e)
{
    size_t got = 0;

    do {
        HM_TRY(hm_file_read(f, chunk, CHUNK, &got, e));
        HM_TRY(hm_digest_add(d, (struct hm_bytes){chunk, got}, e));
    } while (got > 0);
    return HM_OK;
}

hm_rc hm_digest_file(struct hm_file *f, struct hm_digests *out,
                     struct hm_err *e)
{
    HM_OWN(hm_digest) d = HM_DIGEST_INIT;
    uint8_t *chunk = malloc(CHUNK);
    hm_rc rc;

    *out = (struct hm_digests){.size = 0};
    if (chunk == NULL)
        return hm_fail(e, HM_E_NOMEM, "crypto.digest.init",
                       "out of memory for a buffer");
    rc = hm_digest_begin(&d, true, e);
    if (rc == HM_OK)
        rc = digest_chunks(f, &d, chunk, e);
    free(chunk);
    return rc == HM_OK ? hm_digest_end(&d, out, e) : rc;
}

const char *hm_crypto_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
