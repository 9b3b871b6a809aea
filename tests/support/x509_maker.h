/** @file
 * Keys in memory, and certificates of any shape signed with them by OpenSSL, right
 * or wrong in one thing.
 */
#ifndef X509_MAKER_H
#define X509_MAKER_H

#include "hm_cms.h"

#define X509_TIME ((hm_time)1778572800) /**< 2026-05-12T08:00:00Z */
#define X509_DAY  ((hm_time)86400)

struct evp_pkey_st;

struct x509_key {
    struct evp_pkey_st *pkey; /**< owned: the private key */
    struct hm_public_key key; /**< owned */
};

/** @param kind  "P-256", "P-384" or "RSA" (2048 bits) */
void x509_key_make(struct x509_key *k, const char *kind);
void x509_key_clear(struct x509_key *k);

/** Sign as a token would. */
void x509_key_sign(const struct x509_key *k, struct hm_bytes message,
                   struct hm_buf *sig);

/** What a certificate is made with; NULL or 0: as it should be. */
struct x509_shape {
    const char *subject;     /**< "leaf" */
    bool is_ca;              /**< the profile that members not given follow */
    const char *constraints; /**< as openssl.cnf has it; "": none */
    const char *usage;       /**< "": none */
    const char *purposes;    /**< none */
    const char *other;       /**< OID=value of one further extension */
    bool is_twice;           /**< keyUsage is given twice */
    bool has_no_ski;
    bool is_version_1;
    bool is_sha1;
    hm_time not_before; /**< X509_TIME */
    hm_time not_after;  /**< X509_TIME + 365 days */
};

/** Make one in DER.
 * @param issuer  whose name and key identifier it gets; NULL: its own */
void x509_make(const struct x509_shape *shape, const struct x509_key *key,
               const struct hm_certificate *issuer, const struct x509_key *by,
               struct hm_buf *der);

/** x509_make(), read strictly: must be accepted. */
void x509_make_read(const struct x509_shape *shape, const struct x509_key *key,
                    const struct hm_certificate *issuer,
                    const struct x509_key *by, struct hm_certificate *to);

#endif /* X509_MAKER_H */
