/** @file
 * CMS signatures over files, as RAUC, SWUpdate and openssl cms take them: one
 * signer, signed attributes, detached or with the content inside.
 *
 * Nothing here signs; see hm_x509.h.  The signed bytes begin with 31, so they are
 * no Hallmark document, no PAE and no certificate.
 *
 * @source RFC 5652, RFC 5754
 */
#ifndef HM_CMS_H
#define HM_CMS_H

#include "hm_x509.h"

#define HM_CMS_BYTES_MAX    ((size_t)64 << 10) /**< what RAUC takes at most */
#define HM_CMS_DIGEST_MAX   64u
#define HM_CMS_EMBEDDED_MAX ((size_t)32 << 10)

/** What is signed: the digest of its bytes, for the scheme that signs it. */
struct hm_cms_digest {
    uint8_t b[HM_CMS_DIGEST_MAX];
    size_t n;
};

/** Digest what is left in @p f, at most @p max bytes.
 * @return HM_E_IO; HM_E_NOMEM `x509.cms.digest` */
HM_MUST hm_rc hm_cms_digest_file(const struct hm_file *f, uint64_t max,
                                 enum hm_scheme scheme,
                                 struct hm_cms_digest *out, struct hm_err *e);
HM_MUST hm_rc hm_cms_digest(struct hm_bytes in, enum hm_scheme scheme,
                            struct hm_cms_digest *out, struct hm_err *e);

/** The bytes that are signed: SET OF contentType, signingTime, messageDigest.
 * @param[out] attributes  cleared, then filled
 * @source RFC 5652 5.4, 11 */
HM_MUST hm_rc hm_cms_make(const struct hm_cms_digest *digest, hm_time at,
                          struct hm_buf *attributes, struct hm_err *e);

/** Join attributes and signature to a SignedData in DER.  It holds the leaf and
 * what is above it but self-issued certificates, which a verifier has already.
 * @param embedded  the content, when it travels inside; empty: it is detached
 * @param[out] cms  cleared, then filled; HM_CMS_BYTES_MAX
 * @source RFC 5652 5.1 */
HM_MUST hm_rc hm_cms_join(const struct hm_certificate_chain *chain,
                          struct hm_bytes attributes, struct hm_bytes sig,
                          struct hm_bytes embedded, struct hm_buf *cms,
                          struct hm_err *e);

/** Does OpenSSL take it, with the last certificate of @p chain as its trust?
 *
 * @param content  of a detached signature, read from its beginning; NULL: inside
 * @return HM_E_REJECTED `x509.cms.refused`; HM_E_FORMAT `x509.cms.malformed`
 */
HM_MUST hm_rc hm_cms_verify(struct hm_bytes cms, const struct hm_file *content,
                            const struct hm_certificate_chain *chain,
                            enum hm_x509_purpose purpose, hm_time at,
                            struct hm_err *e);

/** What a CMS signature carries; its signature is not looked at.
 *
 * @param[out] embedded  appended; empty: it is detached
 * @return HM_E_FORMAT `x509.cms.malformed` (also one that is encrypted) */
HM_MUST hm_rc hm_cms_read_embedded(struct hm_bytes cms, struct hm_buf *embedded,
                                   struct hm_err *e);

/* ---- RAUC bundles ------------------------------------------------------ */

/** A RAUC bundle, or the squashfs image that becomes one:
 *
 *     plain    squashfs, CMS over it (detached), length of the CMS
 *     verity   squashfs, hash tree, CMS with the manifest inside, its length
 *
 * The length is a big-endian 64-bit number, the last 8 bytes of the file. */
struct hm_rauc {
    uint64_t payload;       /**< bytes before the CMS; of an image all of it */
    struct hm_buf manifest; /**< owned; empty: plain */
};

#define HM_RAUC_INIT                                               \
    {                                                              \
        .payload = 0, .manifest = HM_BUF_INIT(HM_CMS_EMBEDDED_MAX) \
    }

#define HM_RAUC_BLOCK \
    4096u /**< what squashfs is padded to; a block of verity */

/** Find the parts.  The signature that is there is replaced and not verified: it
 * is one of a development key.
 *
 * @return HM_E_FORMAT `x509.rauc.malformed` (no squashfs; bytes that belong to no
 *         part; a manifest that is not for verity, or whose verity-size is not
 *         what lies behind the image), `x509.cms.malformed` (also an encrypted
 *         bundle); HM_E_IO
 * @source RAUC documentation, "Bundle Formats"; squashfs superblock
 */
HM_MUST hm_rc hm_rauc_read(const struct hm_file *f, struct hm_rauc *out,
                           struct hm_err *e);

/** What stands behind the payload: the CMS and its length.
 * @param[out] to  cleared, then filled */
HM_MUST hm_rc hm_rauc_make_trailer(struct hm_bytes cms, struct hm_buf *to,
                                   struct hm_err *e);

void hm_rauc_clear(struct hm_rauc *r);

#endif /* HM_CMS_H */
