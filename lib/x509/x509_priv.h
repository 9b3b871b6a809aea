/** @file
 * DER, as far as OpenSSL leaves it to us: its pieces put together, and a check
 * that bytes from outside are DER at all.
 */
#ifndef X509_PRIV_H
#define X509_PRIV_H

#include "hm_cms.h"

enum {
    DER_OCTET_STRING = 0x04,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0xa0,
    DER_CONTEXT_3 = 0xa3
};

/** Put identifier @p tag and a length before the bytes of @p to from @p at on. */
HM_MUST hm_rc x509_der_wrap(struct hm_buf *to, size_t at, uint8_t tag,
                            struct hm_err *e);

/** Append what an i2d_…() function of OpenSSL made: @p n bytes at @p der, which
 * are freed.
 * @return HM_E_INTERNAL `x509.make.failed` when n is not positive */
HM_MUST hm_rc x509_der_take(struct hm_buf *to, unsigned char *der, int n,
                            struct hm_err *e);

/** Append the AlgorithmIdentifier of a scheme's signatures, or of its digest. */
HM_MUST hm_rc x509_der_add_algorithm(struct hm_buf *to, enum hm_scheme scheme,
                                     struct hm_err *e);
HM_MUST hm_rc x509_der_add_digest(struct hm_buf *to, enum hm_scheme scheme,
                                  struct hm_err *e);

/** Append @p t as Time: UTCTime before 2050, GeneralizedTime from then on. */
HM_MUST hm_rc x509_der_add_time(struct hm_buf *to, hm_time t, struct hm_err *e);

/** Is @p der one value in DER, with nothing behind it?  Definite lengths in their
 * shortest form, at any depth up to 24; BOOLEANs 00 or ff. */
bool x509_der_is_strict(struct hm_bytes der);

/** Give the bytes of one object in DER or one PEM block.
 * @param[out] der  appended to
 * @return HM_E_FORMAT @p reason */
HM_MUST hm_rc x509_der_load(struct hm_buf *der, struct hm_bytes text,
                            const char *label, const char *reason,
                            struct hm_err *e);

/** What OpenSSL says of its last failure, once: the queue is empty then. */
const char *x509_openssl_error(void);

/** HM_E_INTERNAL `x509.make.failed` with OpenSSL's word. */
HM_MUST hm_rc x509_fail_make(const char *what, struct hm_err *e);

/** Signatures over SHA-256, -384, -512 with RSA or ECDSA; @p nid is OpenSSL's. */
bool x509_is_strong(int nid);

struct X509_pubkey_st;

/** The key of a certificate or request. */
HM_MUST hm_rc x509_key_read(struct X509_pubkey_st *from,
                            struct hm_public_key *key, struct hm_err *e);

struct x509_store_st;

/** A store that trusts the last certificate of @p chain and knows those below it;
 * strict, at one moment.  @return NULL when there is no memory */
struct x509_store_st *x509_store_new(const struct hm_certificate_chain *chain,
                                     enum hm_x509_purpose purpose, hm_time at);

#endif /* X509_PRIV_H */
