/** @file
 * Digests, public keys and signature verification, over OpenSSL 3.
 * No private key is ever seen here, and nothing here can sign.
 */
#ifndef HM_CRYPTO_H
#define HM_CRYPTO_H

#include "hm_file.h"
#include "hm_text.h"

#define HM_SHA256_SIZE 32
#define HM_SHA512_SIZE 64
#define HM_SHA256_HEX  65 /**< text and NUL */
#define HM_SHA512_HEX  129

/** Both digests of one stream of bytes, and its length. */
struct hm_digests {
    uint64_t size;
    uint8_t sha256[HM_SHA256_SIZE];
    uint8_t sha512[HM_SHA512_SIZE];
};

struct evp_md_ctx_st;

/** A running SHA-256, with SHA-512 beside it when asked for. */
struct hm_digest {
    struct evp_md_ctx_st *sha256; /**< owned */
    struct evp_md_ctx_st *sha512; /**< owned; NULL: not wanted */
    uint64_t size;
};

#define HM_DIGEST_INIT                            \
    {                                             \
        .sha256 = NULL, .sha512 = NULL, .size = 0 \
    }

/** Begin again, reusing what @p d holds.
 * @return HM_E_NOMEM `crypto.digest.init` */
HM_MUST hm_rc hm_digest_begin(struct hm_digest *d, bool with_sha512,
                              struct hm_err *e);
/** @return HM_E_INTERNAL `crypto.digest.update` */
HM_MUST hm_rc hm_digest_add(struct hm_digest *d, struct hm_bytes in,
                            struct hm_err *e);
/** The two halves of hm_digest_add(), which may run at the same time; each must
 * get all the bytes, in order.  Nothing is done for a digest that is not wanted.
 * @return as hm_digest_add() */
HM_MUST hm_rc hm_digest_add_sha256(struct hm_digest *d, struct hm_bytes in,
                                   struct hm_err *e);
HM_MUST hm_rc hm_digest_add_sha512(struct hm_digest *d, struct hm_bytes in,
                                   struct hm_err *e);

/** @param[out] out  sha512 is zero when it was not wanted */
HM_MUST hm_rc hm_digest_end(struct hm_digest *d, struct hm_digests *out,
                            struct hm_err *e);
void hm_digest_clear(struct hm_digest *d);

/** SHA-256 of @p in. */
HM_MUST hm_rc hm_sha256(struct hm_bytes in, uint8_t out[static HM_SHA256_SIZE],
                        struct hm_err *e);

/** Both digests and the size of everything left in @p f, streamed.
 * @return HM_E_IO, HM_E_NOMEM */
HM_MUST hm_rc hm_digest_file(struct hm_file *f, struct hm_digests *out,
                             struct hm_err *e);

#define HM_MAC_SIZE 16

/** By what one knows again what one has written oneself: Poly1305 under a key
 * that is used for @p name alone, HMAC-SHA-256(@p secret, @p name).  Under one
 * name there may ever be only one content, e.g. because it is a digest of it.
 * @source RFC 8439, 2.5
 * @return HM_E_INTERNAL `crypto.mac.failed` */
HM_MUST hm_rc hm_mac(struct hm_bytes secret, struct hm_bytes name,
                     struct hm_bytes in, uint8_t out[static HM_MAC_SIZE],
                     struct hm_err *e);

/** Is @p mac that of @p in?  No, too, when it cannot be computed. */
bool hm_mac_matches(struct hm_bytes secret, struct hm_bytes name,
                    struct hm_bytes in, const uint8_t mac[static HM_MAC_SIZE]);

/** Append standard base64 with padding, without line breaks. */
HM_MUST hm_rc hm_base64_add(struct hm_buf *to, struct hm_bytes in,
                            struct hm_err *e);

/** Append the bytes of standard, padded base64; anything that would not be
 * written the same way again (URL-safe letters, blanks, missing padding,
 * non-zero trailing bits) is refused.
 * @return HM_E_FORMAT `crypto.base64.syntax`; HM_E_LIMIT; HM_E_NOMEM */
HM_MUST hm_rc hm_base64_read(struct hm_buf *to, struct hm_bytes text,
                             struct hm_err *e);

/** Is @p text one PEM block with this label and only blanks around it?
 *
 * @param[out] letters  what stands between the two marks, for hm_pem_read();
 *                      borrowed from @p text
 * @source RFC 7468 */
bool hm_pem_find(struct hm_bytes text, const char *label,
                 struct hm_bytes *letters);

/** Append the bytes of a block; line breaks may stand anywhere.
 * @return as hm_base64_read(): a second block is a letter that is none */
HM_MUST hm_rc hm_pem_read(struct hm_buf *der, struct hm_bytes letters,
                          struct hm_err *e);

/** Append @p der as one block, as openssl writes it. */
HM_MUST hm_rc hm_pem_add(struct hm_buf *to, const char *label,
                         struct hm_bytes der, struct hm_err *e);

/** Signature schemes.  The list in documents is open: a scheme that is not
 * known reads as HM_SCHEME_UNKNOWN and its key counts as absent. */
enum hm_scheme {
    HM_SCHEME_UNKNOWN,
    HM_SCHEME_ECDSA_P256_SHA256,
    HM_SCHEME_ECDSA_P384_SHA384,
    HM_SCHEME_RSA_PKCS1_SHA256 /**< 2048..4096 bits, odd exponent >= 65537 */
};

/** Name as documents write it; "unknown" for HM_SCHEME_UNKNOWN. */
const char *hm_scheme_name(enum hm_scheme scheme);
enum hm_scheme hm_scheme_find(struct hm_bytes name);

struct evp_pkey_st;

/** Longest SubjectPublicKeyInfo accepted, in bytes (RSA-4096 has 550). */
#define HM_SPKI_MAX      640
#define HM_SIGNATURE_MAX 512 /**< longest signature of any scheme */

/** A public key that passed every check. */
struct hm_public_key {
    struct evp_pkey_st *pkey; /**< owned */
    enum hm_scheme scheme;
    size_t spki_n;
    uint8_t spki[HM_SPKI_MAX]; /**< canonical DER */
    char keyid[HM_SHA256_HEX]; /**< hex SHA-256 of spki */
};

#define HM_PUBLIC_KEY_INIT                        \
    {                                             \
        .pkey = NULL, .scheme = HM_SCHEME_UNKNOWN \
    }

/** The one form of an EC key's SPKI: these bytes, then an uncompressed point. */
struct hm_spki_form {
    struct hm_bytes head; /**< static; empty: no scheme with a point */
    size_t point;         /**< its length in bytes, the 04 counted */
};

/** @source RFC 5480 2 */
struct hm_spki_form hm_spki_form(enum hm_scheme scheme);

/** Take a SubjectPublicKeyInfo in canonical DER: named curve, uncompressed
 * point on the curve, nothing behind it.  Any other form is refused, not
 * normalised.  The scheme follows from the key.
 *
 * @return HM_E_FORMAT `crypto.key.der` (not DER, not canonical, explicit curve
 *         parameters, compressed, hybrid or invalid point, trailing bytes),
 *         `crypto.key.kind` (no scheme of ours takes such a key),
 *         `crypto.key.weak` (RSA outside 2048..4096 bits, an even modulus or one
 *         that can be factored, a bad exponent);
 *         HM_E_NOMEM
 * @source RFC 5280 4.1.2.7, RFC 5480
 */
HM_MUST hm_rc hm_public_key_read(struct hm_public_key *key,
                                 struct hm_bytes spki, struct hm_err *e);

/** The same from PEM (`-----BEGIN PUBLIC KEY-----`), one key and only blanks
 * around it.  @return also HM_E_FORMAT `crypto.key.pem` */
HM_MUST hm_rc hm_public_key_read_pem(struct hm_public_key *key,
                                     struct hm_bytes pem, struct hm_err *e);

/** Is it no key whose private half was published, for tests or as an example?
 * What is trusted, and what signs, is asked; a key that only was trusted once is
 * not, so that it can be read and retired.
 * @return HM_E_REJECTED `crypto.key.published`
 * @source the table in published_keys.c says where each was published */
HM_MUST hm_rc hm_public_key_check_published(const struct hm_public_key *key,
                                            struct hm_err *e);
/** The same of a key id, which the caller knows to be the key's. */
HM_MUST hm_rc hm_keyid_check_published(const char *keyid, struct hm_err *e);

/** Append the key as PEM, as `openssl pkey -pubin` writes it. */
HM_MUST hm_rc hm_public_key_add_pem(const struct hm_public_key *key,
                                    struct hm_buf *to, struct hm_err *e);

/** Replace @p to by a copy of @p from. */
HM_MUST hm_rc hm_public_key_copy(struct hm_public_key *to,
                                 const struct hm_public_key *from,
                                 struct hm_err *e);

void hm_public_key_clear(struct hm_public_key *key);

/** Check that @p sig is @p scheme's encoding, whole and strict: for ECDSA one
 * minimal DER SEQUENCE of two INTEGERs in 1..n-1 and nothing behind it.
 *
 * @return HM_E_FORMAT `crypto.signature.encoding`
 */
HM_MUST hm_rc hm_signature_check(enum hm_scheme scheme, struct hm_bytes sig,
                                 struct hm_err *e);

/** Is @p sig this key's signature over @p message?
 *
 * @return HM_OK only for a valid signature; HM_E_FORMAT
 *         `crypto.signature.encoding`; HM_E_REJECTED
 *         `crypto.signature.mismatch`; HM_E_NOMEM
 * @source FIPS 186-5, RFC 3279 2.2.3, RFC 8017 8.2.2;
 *         testdata/crypto-wycheproof
 */
HM_MUST hm_rc hm_signature_verify(const struct hm_public_key *key,
                                  struct hm_bytes message, struct hm_bytes sig,
                                  struct hm_err *e);

/** Version of the linked OpenSSL, e.g. "3.0.15". */
const char *hm_crypto_openssl_version(void);

#endif /* HM_CRYPTO_H */
