/** @file
 * X.509 for the ecosystems that verify nothing else: certificates of the root's
 * and vendor's keys, and requests for them.
 *
 * Nothing here signs: what is to be signed is made as bytes, the signature comes
 * back as hm_hsm_sign() gives it, and the two are joined.  What was joined is read
 * and verified by OpenSSL's own code, which shares nothing with the writer.
 *
 * What is not done here: no revocation list is read, and nothing asks a clock.
 *
 * @source RFC 5280, RFC 2986
 */
#ifndef HM_X509_H
#define HM_X509_H

#include "hm_crypto.h"
#include "hm_time.h"

#define HM_X509_BYTES_MAX   ((size_t)16 << 10) /**< certificate, request; PEM */
#define HM_X509_CHAIN_MAX   4u  /**< certificates above the one that signs */
#define HM_X509_SUBJECT     65  /**< common name and NUL; RFC 5280 A.1 */
#define HM_X509_SERIAL_SIZE 16u /**< bytes of a serial number */
#define HM_X509_SKI_SIZE    20u /**< bytes of a subject key identifier */

struct x509_st;

/** A certificate that was read strictly; nobody's word for anything yet. */
struct hm_certificate {
    struct x509_st *x509;     /**< owned */
    struct hm_public_key key; /**< owned */
    hm_time not_before;
    hm_time not_after;
    char name[HM_SHOW_MAX]; /**< its subject, printable, for messages */
};

#define HM_CERTIFICATE_INIT                     \
    {                                           \
        .x509 = NULL, .key = HM_PUBLIC_KEY_INIT \
    }

/** Read one certificate, in DER or as one PEM block, and nothing behind it.
 *
 * Refused: more than HM_X509_BYTES_MAX; what is not DER through and through
 * (lengths, BOOLEANs, the encoding that OpenSSL would write); another version than
 * 3; a key that hm_public_key_read() refuses; a signature over a digest below
 * SHA-256; a validity that is no Zulu time in whole seconds or ends before it
 * begins; an extension that is malformed, given twice, or critical and unknown.
 *
 * @return HM_E_FORMAT `x509.certificate.malformed`, `x509.certificate.version`,
 *         `x509.certificate.algorithm`, `x509.certificate.validity`,
 *         `x509.certificate.extension`, `crypto.*`; HM_E_LIMIT
 *         `x509.certificate.malformed`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_certificate_read(struct hm_certificate *c,
                                  struct hm_bytes text, struct hm_err *e);

/** Load and read one that the caller named; malformed is HM_E_USAGE, and the text
 * names the file.
 * @return HM_E_IO; as hm_certificate_read() */
HM_MUST hm_rc hm_certificate_load(struct hm_certificate *c, const char *path,
                                  struct hm_err *e);

/** Append it as PEM. */
HM_MUST hm_rc hm_certificate_add_pem(const struct hm_certificate *c,
                                     struct hm_buf *to, struct hm_err *e);

/** Is it signed with its own key's name?  Its signature is not looked at. */
bool hm_certificate_is_self_issued(const struct hm_certificate *c);

void hm_certificate_clear(struct hm_certificate *c);

/** A request for a certificate: what is taken of it. */
struct hm_csr {
    struct hm_public_key key;      /**< owned; its holder signed the request */
    char subject[HM_X509_SUBJECT]; /**< the common name; empty: there is none
                                        that hm_x509_check_subject() takes */
    bool has_more; /**< other names, attributes or extensions: not taken */
};

#define HM_CSR_INIT               \
    {                             \
        .key = HM_PUBLIC_KEY_INIT \
    }

/** Read one PKCS#10 request, as strictly as a certificate, and verify that it is
 * signed with the key that it names.
 *
 * @return HM_E_FORMAT `x509.request.malformed`, `x509.request.algorithm`,
 *         `crypto.*`; HM_E_REJECTED `x509.request.signature`; HM_E_LIMIT
 * @source RFC 2986 4
 */
HM_MUST hm_rc hm_csr_read(struct hm_csr *r, struct hm_bytes text,
                          struct hm_err *e);

void hm_csr_clear(struct hm_csr *r);

/** A common name: 1..64 bytes of printable ASCII, no blank at either end.
 * @return HM_E_FORMAT `x509.subject.syntax` */
HM_MUST hm_rc hm_x509_check_subject(struct hm_bytes name, struct hm_err *e);

/** What extended key usage a leaf has, or what a verifier asks for. */
enum hm_x509_purpose {
    HM_X509_CODE_SIGNING = 1,    /**< codeSigning */
    HM_X509_EMAIL_PROTECTION = 2 /**< emailProtection: what RAUC, SWUpdate and
                                      openssl cms ask for unless told
                                      otherwise */
};

/** "codeSigning", "emailProtection" */
const char *hm_x509_purpose_name(enum hm_x509_purpose purpose);

/** @return HM_E_USAGE `x509.purpose.unknown` */
HM_MUST hm_rc hm_x509_purpose_find(const char *name, enum hm_x509_purpose *out,
                                   struct hm_err *e);

/** The subject key identifier: SHA-1 over the bits of the public key.
 * @source RFC 5280 4.2.1.2, method 1 */
HM_MUST hm_rc hm_x509_ski(const struct hm_public_key *key,
                          uint8_t out[static HM_X509_SKI_SIZE],
                          struct hm_err *e);

/* ---- making ----------------------------------------------------------- */

/** A certificate to be made; all borrowed. */
struct hm_certificate_plan {
    const char *subject;                 /**< common name */
    const struct hm_public_key *key;     /**< whose it will be */
    const struct hm_certificate *issuer; /**< NULL: the key certifies itself */
    hm_time not_before;
    hm_time not_after;
    unsigned purposes; /**< of enum hm_x509_purpose; 0: no EKU; leaf only */
    uint8_t serial[HM_X509_SERIAL_SIZE];
};

/** 126 random bits: a serial number is positive, and always as long.
 * @return HM_E_INTERNAL `x509.make.failed` */
HM_MUST hm_rc hm_x509_serial(uint8_t out[static HM_X509_SERIAL_SIZE],
                             struct hm_err *e);

/** The bytes that the issuer signs (TBSCertificate).
 *
 * Self-signed: basicConstraints critical CA:TRUE, pathlen:0; keyUsage critical
 * keyCertSign, cRLSign; subjectKeyIdentifier.  Leaf: basicConstraints critical
 * CA:FALSE; keyUsage critical digitalSignature; extendedKeyUsage when there are
 * purposes; subjectKeyIdentifier, authorityKeyIdentifier.
 *
 * @param[out] tbs  cleared, then filled; ceiling at least HM_X509_BYTES_MAX
 * @return HM_E_FORMAT `x509.subject.syntax`; HM_E_REJECTED
 *         `crypto.key.published`, `x509.plan.dates` (ends before it begins),
 *         `x509.plan.outlives` (begins before its issuer or ends after it),
 *         `x509.plan.self` (a leaf with its issuer's key); as
 *         hm_certificate_check_ca() of the issuer; HM_E_INTERNAL
 *         `x509.make.failed`
 */
HM_MUST hm_rc hm_certificate_make(const struct hm_certificate_plan *plan,
                                  struct hm_buf *tbs, struct hm_err *e);

/** The bytes that the holder of @p key signs (CertificationRequestInfo): its name
 * and key, no attribute. */
HM_MUST hm_rc hm_csr_make(const char *subject, const struct hm_public_key *key,
                          struct hm_buf *info, struct hm_err *e);

/** Join what hm_certificate_make() or hm_csr_make() made and its signature to
 * SEQUENCE { tbs, algorithm, BIT STRING }.
 * @param scheme    of the key that signed
 * @param[out] der  cleared, then filled */
HM_MUST hm_rc hm_x509_join(struct hm_bytes tbs, enum hm_scheme scheme,
                           struct hm_bytes sig, struct hm_buf *der,
                           struct hm_err *e);

/* ---- judging ---------------------------------------------------------- */

/** May it issue certificates?
 * @return HM_E_REJECTED `crypto.key.published`, `x509.ca.constraints` (no critical basicConstraints with
 *         CA:TRUE), `x509.ca.usage` (no keyUsage with keyCertSign),
 *         `x509.ca.keyid` (no subjectKeyIdentifier)
 * @source RFC 5280 4.2.1.3, 4.2.1.9 */
HM_MUST hm_rc hm_certificate_check_ca(const struct hm_certificate *c,
                                      struct hm_err *e);

/** May it sign files for who asks for @p purpose?  A leaf without extended key
 * usage is good for emailProtection, and not for codeSigning: RAUC and SWUpdate
 * want that to be said when they are set to it.
 * @return HM_E_REJECTED `x509.leaf.ca`, `x509.leaf.usage` (no keyUsage with
 *         digitalSignature, or one with keyCertSign), `x509.leaf.purpose` */
HM_MUST hm_rc hm_certificate_check_leaf(const struct hm_certificate *c,
                                        enum hm_x509_purpose purpose,
                                        struct hm_err *e);

/** Do certificate and key belong together?
 * @return HM_E_REJECTED `x509.certificate.other` */
HM_MUST hm_rc hm_certificate_check_key(const struct hm_certificate *c,
                                       const struct hm_public_key *key,
                                       struct hm_err *e);

/** Is it signed with @p by?  Nothing else is judged.
 * @return HM_E_REJECTED `x509.certificate.signature` */
HM_MUST hm_rc hm_certificate_check_signature(const struct hm_certificate *c,
                                             const struct hm_public_key *by,
                                             struct hm_err *e);

/** A leaf and the certificates above it: chain[0] issued the leaf, chain[1] issued
 * chain[0], and so on; all borrowed. */
struct hm_certificate_chain {
    const struct hm_certificate *leaf;
    const struct hm_certificate *above; /**< n of them, 1..HM_X509_CHAIN_MAX */
    size_t n;
};

/** Judge a whole chain at one moment, the last one of it being what is trusted.
 *
 * Each must pass its own check, be issued by the one above it, and lie within that
 * one's validity; then OpenSSL judges all of it, strictly.
 *
 * @return HM_E_REJECTED `x509.chain.none`, `x509.chain.outlives`,
 *         `x509.chain.refused` (signature, names, path length; the text has
 *         OpenSSL's word), `x509.certificate.early`, `x509.certificate.expired`;
 *         as the checks above
 * @source RFC 5280 6
 */
HM_MUST hm_rc hm_certificate_chain_check(
    const struct hm_certificate_chain *chain, enum hm_x509_purpose purpose,
    hm_time at, struct hm_err *e);

#endif /* HM_X509_H */
