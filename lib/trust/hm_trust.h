/** @file
 * Who may sign what: the root set, the authorisation that it signs, signature
 * files, and the verdict on a key.
 *
 * What is not done here: nothing asks a clock; the ledger, which alone makes a
 * retired key's signature good, is not read; no document but these two is
 * parsed.  Readers parse what the caller has verified: call hm_root_verify()
 * on the exact bytes first, wherever a signature exists.
 *
 * @source docs/formats.md
 */
#ifndef HM_TRUST_H
#define HM_TRUST_H

#include "hm_crypto.h"
#include "hm_json.h"

#define HM_ROOT_FORMAT          "hallmark-root/1"
#define HM_AUTHORISATION_FORMAT "hallmark-authorisation/1"

#define HM_ROOT_BYTES_MAX          ((size_t)16 << 10)
#define HM_AUTHORISATION_BYTES_MAX ((size_t)64 << 10)
#define HM_ROOT_KEYS_MAX           16u
#define HM_TRUST_KEYS_MAX          32u /**< authorised; and as many retired */
#define HM_TRUST_PRODUCTS_MAX      16u /**< of one key */
#define HM_TRUST_LIMITS_MAX        16u
#define HM_TRUST_TEXT              64 /**< vendor, product, name; NUL included */
#define HM_SIGNATURES_MAX          8u
#define HM_COUNTER_MAX             4294967295u /**< epoch, sequence, counters */

/** A word of a role, scheme or claim. */
#define HM_TRUST_WORD 32

enum hm_role {
    HM_ROLE_MANIFEST,
    HM_ROLE_PROVENANCE,
    HM_ROLE_VERIFICATION,
    HM_ROLE_LEDGER,
    HM_ROLE_TUF,
    HM_ROLE_X509
};
#define HM_ROLES      6u
/** The roles as hm_json_get_word() takes them. */
#define HM_ROLE_WORDS "manifest provenance verification ledger tuf x509"

/** "manifest", … */
const char *hm_role_name(enum hm_role role);

/** @return HM_E_USAGE `trust.role.unknown` */
HM_MUST hm_rc hm_role_find(const char *name, enum hm_role *out,
                           struct hm_err *e);

/** vendor, product and name: 1..63 bytes of [A-Za-z0-9._-], so that they are
 * the same in every spelling.  @return HM_E_FORMAT `trust.name.syntax` */
HM_MUST hm_rc hm_trust_name_check(struct hm_bytes name, struct hm_err *e);

/* ---- signature files -------------------------------------------------- */

/** One signature file's bytes. */
struct hm_signature {
    char name[HM_NAME_MAX + 16]; /**< e.g. "manifest.json.sig.2" */
    struct hm_buf bytes;         /**< owned */
};

/** The signature files of one document. */
struct hm_signatures {
    struct hm_signature sig[HM_SIGNATURES_MAX];
    size_t n;
};

#define HM_SIGNATURES_INIT \
    {                      \
        .n = 0             \
    }

/** Load @p document's signature files below @p dir: NAME.sig, NAME.sig.2 …
 * NAME.sig.8, whichever exist.  None is no failure here: n is 0.
 *
 * @return HM_E_FORMAT `trust.signature.malformed` (not the strict encoding of
 *         any scheme), HM_E_LIMIT `trust.signature.malformed` (too long);
 *         HM_E_IO
 */
HM_MUST hm_rc hm_signatures_load(struct hm_signatures *out,
                                 const struct hm_dir *dir, const char *document,
                                 struct hm_err *e);

/** Add a signature's bytes under @p name, for signatures not in files.
 * @return HM_E_LIMIT `trust.signature.count`, `trust.signature.malformed` */
HM_MUST hm_rc hm_signatures_add(struct hm_signatures *to, const char *name,
                                struct hm_bytes sig, struct hm_err *e);

/** Name of the i-th (0..7) signature file: NAME.sig, NAME.sig.2 …
 * @param[out] out  holds size bytes */
void hm_signature_name(const char *document, unsigned i, char *out,
                       size_t size);

void hm_signatures_clear(struct hm_signatures *s);

/** Write a document and its signature files, in the place of an earlier one
 * with @p force.  A kill at any moment leaves the old document or the new one,
 * with signatures that fit it (beside them, until the next call, some that do
 * not).
 *
 * @param path  named by the caller on purpose
 * @return HM_E_USAGE `base.out.exists`, `trust.signature.path` (too long, or
 *         "-", which is no file to put others beside); HM_E_LIMIT
 *         `trust.signature.count` (old and new are more than
 *         HM_SIGNATURES_MAX); HM_E_IO `trust.signature.order`
 */
HM_MUST hm_rc hm_signed_save(const char *path, struct hm_bytes document,
                             const struct hm_signatures *sigs, bool force,
                             struct hm_err *e);

/** Refuse what hm_signed_save() would refuse, before a PIN is asked for. */
HM_MUST hm_rc hm_signed_check(const char *path, bool force, struct hm_err *e);

#define HM_SIGNATURES_SHOW 200

/** The names of the files that were looked at, for messages: "a.sig, a.sig.2",
 * or "no signature file".
 * @return @p out */
const char *hm_signatures_show_into(char out[static HM_SIGNATURES_SHOW],
                                    const struct hm_signatures *s);
#define hm_signatures_show(s) \
    hm_signatures_show_into((char[HM_SIGNATURES_SHOW]){0}, (s))

/** Key ids whose signature over the document is valid, each once. */
struct hm_signers {
    char keyid[HM_SIGNATURES_MAX][HM_SHA256_HEX];
    size_t n;
};

/* ---- root.json -------------------------------------------------------- */

/** A key as documents hold it.  key.pkey is NULL when the scheme is not known:
 * such a key counts as absent, but is written again unchanged. */
struct hm_trust_key {
    struct hm_public_key key;   /**< owned; spki and keyid always filled */
    char scheme[HM_TRUST_WORD]; /**< as written */
};

struct hm_root_key {
    struct hm_trust_key key;
    char name[HM_TRUST_TEXT];
};

/** The device's trust anchor: threshold of these keys must sign. */
struct hm_root {
    char vendor[HM_TRUST_TEXT];
    unsigned threshold;
    struct hm_root_key *keys; /**< owned; n of them, HM_ROOT_KEYS_MAX at most */
    size_t n;
    uint8_t sha256[HM_SHA256_SIZE]; /**< of the bytes read */
};

#define HM_ROOT_INIT                         \
    {                                        \
        .threshold = 0, .keys = NULL, .n = 0 \
    }

/** Read root.json, strictly.
 * @return HM_E_FORMAT `json.*`, `crypto.*`, `trust.name.syntax`,
 *         `trust.key.id` (keyid is not the key's), `trust.key.scheme` (scheme
 *         is not the key's), `trust.key.twice`; HM_E_REJECTED
 *         `trust.root.threshold` (0, or more than there are keys or signature
 *         files can be), `crypto.key.published`; HM_E_LIMIT.
 *         The file is configuration: callers pass the result through
 *         hm_as_usage().
 */
HM_MUST hm_rc hm_root_read(struct hm_root *root, struct hm_bytes bytes,
                           struct hm_err *e);

/** Load and read the root.json that the caller named; malformed is HM_E_USAGE.
 * @param[out] bytes  its exact bytes; may be NULL */
HM_MUST hm_rc hm_root_load(struct hm_root *root, const char *path,
                           struct hm_buf *bytes, struct hm_err *e);

/** Append a key, checking the same rules.  @p key is copied. */
HM_MUST hm_rc hm_root_add(struct hm_root *root, const struct hm_public_key *key,
                          const char *name, struct hm_err *e);

/** Write the document; what hm_root_read() would refuse is refused.
 * @param[out] to  cleared, then filled */
HM_MUST hm_rc hm_root_write(const struct hm_root *root, struct hm_buf *to,
                            struct hm_err *e);

/** Do at least threshold root keys sign exactly @p document?
 *
 * @param[out] signers  the keys that do; filled also on failure; may be NULL
 * @return HM_E_REJECTED `trust.authorisation.signature`
 */
HM_MUST hm_rc hm_root_verify(const struct hm_root *root,
                             struct hm_bytes document,
                             const struct hm_signatures *sigs,
                             struct hm_signers *signers, struct hm_err *e);

/** The root key with this id, or NULL. */
const struct hm_root_key *hm_root_find(const struct hm_root *root,
                                       const char *keyid);

void hm_root_clear(struct hm_root *root);

/* ---- authorisation.json ------------------------------------------------ */

/** What the token's module said of the key when it was authorised: claims. */
struct hm_token_claims {
    char module[HM_TRUST_TEXT]; /**< library description, e.g. "SoftHSM" */
    char token[HM_TRUST_TEXT];  /**< label */
    char serial[HM_TRUST_TEXT];
    char protection[HM_TRUST_WORD]; /**< "software", "hardware", "unknown" */
    char local[HM_TRUST_WORD];      /**< "yes", "no", "unknown" */
    char always_sensitive[HM_TRUST_WORD];  /**< "yes", "no", "unknown" */
    char never_extractable[HM_TRUST_WORD]; /**< "yes", "no", "unknown" */
    /* These three need not be there; they read, and count, as "unknown" then. */
    char hardware_slot[HM_TRUST_WORD];      /**< "yes", "no", "unknown" */
    char hardware_mechanism[HM_TRUST_WORD]; /**< "yes", "no", "unknown" */
    char key_gen_mechanism[HM_TRUST_TEXT];  /**< "CKM_EC_KEY_PAIR_GEN" */
};

/** Claims of a key that was handed in as a file: everything "unknown". */
void hm_token_claims_unknown(struct hm_token_claims *claims);

struct hm_authorised_key {
    enum hm_role role;
    struct hm_trust_key key;
    char products[HM_TRUST_PRODUCTS_MAX][HM_TRUST_TEXT];
    size_t products_n; /**< at least 1 */
    hm_time valid_from;
    hm_time valid_until;
    struct hm_token_claims token;
};

enum hm_retire_reason { HM_ROTATED, HM_COMPROMISED, HM_LOST };
#define HM_RETIRE_WORDS "rotated compromised lost"

/** "rotated", … */
const char *hm_retire_name(enum hm_retire_reason reason);

struct hm_retired_key {
    struct hm_authorised_key entry;
    hm_time since;
    enum hm_retire_reason reason;
    bool has_ledger; /**< the log at retirement, when there was one */
    uint64_t ledger_size;
    uint8_t ledger_root[HM_SHA256_SIZE];
};

struct hm_limit {
    char product[HM_TRUST_TEXT];
    uint64_t epoch;
    uint64_t max_rollback_counter;
};

struct hm_authorisation {
    char vendor[HM_TRUST_TEXT];
    uint8_t root_sha256[HM_SHA256_SIZE];
    uint64_t sequence;
    hm_time issued;
    hm_time expires;
    struct hm_authorised_key *keys; /**< owned */
    size_t keys_n;
    enum hm_role require[HM_ROLES];
    size_t require_n; /**< at least 1 */
    struct hm_limit limits[HM_TRUST_LIMITS_MAX];
    size_t limits_n;
    struct hm_retired_key *retired; /**< owned */
    size_t retired_n;
    uint8_t sha256[HM_SHA256_SIZE]; /**< of the bytes read */
};

#define HM_AUTHORISATION_INIT                                      \
    {                                                              \
        .keys = NULL, .keys_n = 0, .retired = NULL, .retired_n = 0 \
    }

/** Read authorisation.json, strictly.  Verify its bytes first.
 * @return as hm_root_read(); HM_E_REJECTED `trust.authorisation.dates` (a
 *         window or expiry that ends before it begins), `trust.require.twice`,
 *         `trust.limit.twice`, `trust.product.twice`
 */
HM_MUST hm_rc hm_authorisation_read(struct hm_authorisation *a,
                                    struct hm_bytes bytes, struct hm_err *e);

/** Does it belong to this root set?
 * @return HM_E_REJECTED `trust.authorisation.root`,
 *         `trust.authorisation.vendor`, `trust.key.twice` (a root key is
 *         authorised as well) */
HM_MUST hm_rc hm_authorisation_check_root(const struct hm_authorisation *a,
                                          const struct hm_root *root,
                                          struct hm_err *e);

/** Is no key in force one that everybody has?  Retired ones may be.
 * @return HM_E_REJECTED `crypto.key.published` */
HM_MUST hm_rc hm_authorisation_check_published(const struct hm_authorisation *a,
                                               struct hm_err *e);

/** Is it in force at @p at?  @return HM_E_REJECTED
 * `trust.authorisation.expired`, `trust.authorisation.early` */
HM_MUST hm_rc hm_authorisation_check_time(const struct hm_authorisation *a,
                                          hm_time at, struct hm_err *e);

/** Load NAME and its signatures below @p dir, verify, then read and check the
 * root binding: the only way from files to an authorisation that is believed.
 * @param[out] bytes  its exact bytes; ceiling HM_AUTHORISATION_BYTES_MAX */
HM_MUST hm_rc hm_authorisation_load(struct hm_authorisation *a,
                                    const struct hm_root *root,
                                    const struct hm_dir *dir, const char *name,
                                    struct hm_buf *bytes, struct hm_err *e);

/** Append a key (copied).  @return HM_E_REJECTED `trust.key.twice`,
 * `trust.authorisation.dates`; HM_E_LIMIT `trust.key.count` */
HM_MUST hm_rc hm_authorisation_add(struct hm_authorisation *a,
                                   const struct hm_authorised_key *key,
                                   struct hm_err *e);

/** A key that is in force already gets the end of @p key, its products in
 * addition to those it has, and its claims unless they are unknown.
 * @return HM_E_REJECTED `trust.key.twice` (not in force, or in another role),
 *         `trust.authorisation.dates`; HM_E_LIMIT `trust.product.count` */
HM_MUST hm_rc hm_authorisation_renew(struct hm_authorisation *a,
                                     const struct hm_authorised_key *key,
                                     struct hm_err *e);

/** Move the key with @p keyid to retired[].
 * @return HM_E_REJECTED `trust.key.missing`; HM_E_LIMIT `trust.key.count` */
HM_MUST hm_rc hm_authorisation_retire(struct hm_authorisation *a,
                                      const char *keyid, hm_time since,
                                      enum hm_retire_reason reason,
                                      struct hm_err *e);

/** Write the document; what hm_authorisation_read() would refuse is refused.
 * @param[out] to  cleared, then filled */
HM_MUST hm_rc hm_authorisation_write(const struct hm_authorisation *a,
                                     struct hm_buf *to, struct hm_err *e);

/** The limits of a product, or NULL. */
const struct hm_limit *hm_authorisation_limit(const struct hm_authorisation *a,
                                              const char *product);

/** Is it the vendor's?  @return HM_E_REJECTED `manifest.vendor` */
HM_MUST hm_rc hm_authorisation_check_vendor(const struct hm_authorisation *a,
                                            const char *vendor,
                                            struct hm_err *e);

/** May a release of this product with this epoch and, as
 * max_rollback_counter, this counter be made?
 * @return HM_E_REJECTED `trust.limit.missing`, `manifest.epoch`,
 *         `manifest.rollback.above` */
HM_MUST hm_rc hm_authorisation_check_limit(const struct hm_authorisation *a,
                                           const struct hm_limit *want,
                                           struct hm_err *e);

/** Sentences about products that no release could be made for: without limits,
 * or without a key of a role that is needed.  None is no fault of the document.
 * @param[out] out  appended to */
HM_MUST hm_rc hm_authorisation_list_idle(const struct hm_authorisation *a,
                                         struct hm_names *out,
                                         struct hm_err *e);

/** The current entry of a key id, or NULL; the retired one, or NULL. */
const struct hm_authorised_key *
hm_authorisation_find(const struct hm_authorisation *a, const char *keyid);
const struct hm_retired_key *
hm_authorisation_find_retired(const struct hm_authorisation *a,
                              const char *keyid);

void hm_authorised_key_clear(struct hm_authorised_key *key);
void hm_authorisation_clear(struct hm_authorisation *a);

/* ---- the verdict on a key ---------------------------------------------- */

/** What a key is asked to be good for. */
struct hm_key_use {
    enum hm_role role;
    const char *product; /**< exact name */
    hm_time at;          /**< the manifest's timestamp, or time of the act */
};

/** May the key with @p keyid be used so?  HM_OK: current.
 *
 * @return HM_E_REJECTED `trust.key.retired`, `trust.key.unknown` (never ours),
 *         `trust.key.role`, `trust.key.product`, `trust.key.early`,
 *         `trust.key.expired`, `trust.key.scheme` (scheme not known here),
 *         `crypto.key.published`
 */
HM_MUST hm_rc hm_authorisation_judge(const struct hm_authorisation *a,
                                     const char *keyid,
                                     const struct hm_key_use *use,
                                     struct hm_err *e);

/** Is any of its keys current for this use?
 * @return HM_E_REJECTED `trust.key.none` */
HM_MUST hm_rc hm_authorisation_check_use(const struct hm_authorisation *a,
                                         const struct hm_key_use *use,
                                         struct hm_err *e);

/** Every key of the authorisation, current or retired, of any role, that signs
 * exactly @p document; for who may not read the document before that.
 * @return HM_OK also when there is none: signers->n is 0 */
HM_MUST hm_rc hm_authorisation_find_signers(const struct hm_authorisation *a,
                                            struct hm_bytes document,
                                            const struct hm_signatures *sigs,
                                            struct hm_signers *signers,
                                            struct hm_err *e);

/** Does a current key of the role sign exactly @p document?  Strangers'
 * signatures are ignored; when nothing else is there, the verdict on the key
 * that did sign (retired, out of its window, wrong role) is the reason.
 *
 * @param[out] signers  current keys that sign; may be NULL
 * @return HM_E_REJECTED `trust.manifest.signature`, or as
 *         hm_authorisation_judge()
 */
HM_MUST hm_rc hm_authorisation_verify(const struct hm_authorisation *a,
                                      const struct hm_key_use *use,
                                      struct hm_bytes document,
                                      const struct hm_signatures *sigs,
                                      struct hm_signers *signers,
                                      struct hm_err *e);

#endif /* HM_TRUST_H */
