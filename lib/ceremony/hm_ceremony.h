/** @file
 * The record of a key ceremony: which authorisation took the place of which,
 * who asked for it and why, who held which key, and what the machine of each
 * said of its module, token and key.  Root keys sign it, and so does every key
 * that it authorises: that proves that somebody has the key that was handed in.
 *
 * The facts are made from the documents (hm_ceremony_make()), and whoever has
 * the documents makes them again and compares (hm_ceremony_compare()).  What
 * only people know (names, reasons, times) is what they signed.
 *
 * What is not done here: a claim of a module is not checked, nothing asks a
 * clock, and no private key is seen.
 *
 * @source docs/formats.md
 */
#ifndef HM_CEREMONY_H
#define HM_CEREMONY_H

#include "hm_request.h"

#define HM_CEREMONY_FORMAT    "hallmark-ceremony/1"
#define HM_CEREMONY_BYTES_MAX ((size_t)64 << 10)
#define HM_SIGNER_BYTES_MAX   ((size_t)64 << 10)

/* ---- what the machine of a signer says --------------------------------- */

/** Texts of a signer, in the order in which they are written. */
enum hm_signer_text {
    HM_SIGNER_MODULE,  /**< path of the PKCS#11 module */
    HM_SIGNER_LIBRARY, /**< who made it, and its version */
    HM_SIGNER_LABEL,   /**< of the token */
    HM_SIGNER_SERIAL,
    HM_SIGNER_MANUFACTURER,
    HM_SIGNER_MODEL,
    HM_SIGNER_HARDWARE, /**< version of the token's hardware */
    HM_SIGNER_FIRMWARE, /**< the same of its firmware */
    HM_SIGNER_MECHANISM /**< what made the key, or "unknown" */
};
#define HM_SIGNER_TEXTS 9u
#define HM_SIGNER_TEXT  256 /**< of each; NUL included */

/** Claims of a signer, in the order in which they are written: software, then
 * what hallmark-key show tells of the key and the token. */
#define HM_SIGNER_CLAIMS 14u

/** What a module says of itself, of a token and of one private key on it. */
struct hm_signer {
    char keyid[HM_SHA256_HEX];
    uint8_t module_sha256[HM_SHA256_SIZE];      /**< of the module's file */
    char text[HM_SIGNER_TEXTS][HM_SIGNER_TEXT]; /**< "": it does not say */
    unsigned claim[HM_SIGNER_CLAIMS];           /**< 0 unknown, 1 no, 2 yes */
};

/** Read what `hallmark-sign --evidence` wrote, or `hallmark-key show --json`
 * and `generate --json` printed.  Members that are not needed are passed over.
 * @param[out] s  filled; not to be used after failure
 * @return HM_E_FORMAT, HM_E_LIMIT `json.*` (without a module_sha256 it is no
 *         evidence); HM_E_FORMAT `request.text.syntax` */
HM_MUST hm_rc hm_signer_read(struct hm_signer *s, struct hm_bytes bytes,
                             struct hm_err *e);

/** "software: yes, local: yes, …", for people, in @p to of size bytes. */
void hm_signer_show_claims(const struct hm_signer *s, char *to, size_t size);

/** Do both say the same of the same key? */
bool hm_signer_is_same(const struct hm_signer *a, const struct hm_signer *b);

/* ---- the record --------------------------------------------------------- */

/** Somebody with a key that signs the record. */
struct hm_ceremony_part {
    char who[HM_REQUEST_TEXT]; /**< "": not named yet */
    char keyid[HM_SHA256_HEX];
    enum hm_role role; /**< of a key that is added */
    bool has_evidence;
    struct hm_signer evidence;
};

struct hm_ceremony_retired {
    char keyid[HM_SHA256_HEX];
    enum hm_retire_reason reason;
};

/** An authorisation, by number and digest. */
struct hm_ceremony_side {
    uint64_t sequence;
    uint8_t sha256[HM_SHA256_SIZE];
};

/** Too large for a stack; owns nothing, all zero is empty. */
struct hm_ceremony {
    char vendor[HM_TRUST_TEXT];
    enum hm_request_act act;
    char by[HM_REQUEST_TEXT];
    char why[HM_REQUEST_TEXT];
    hm_time requested;
    hm_time time; /**< of the ceremony */
    uint8_t root_sha256[HM_SHA256_SIZE];
    bool has_before; /**< false: the first authorisation */
    struct hm_ceremony_side before, after;
    uint64_t skipped;                  /**< numbers left out between them */
    char skip_reason[HM_REQUEST_TEXT]; /**< "": none is */
    /** First the root_n root keys that signed the authorisation, then the keys
     * that it adds or gives another role; HM_SIGNATURES_MAX together, so that
     * all can sign. */
    struct hm_ceremony_part part[HM_SIGNATURES_MAX];
    size_t root_n;
    size_t part_n;
    struct hm_ceremony_retired retired[HM_TRUST_KEYS_MAX];
    size_t retired_n;
    char tool[HM_TRUST_TEXT]; /**< program and version that wrote it */
};

/** Fill in what the documents say: everything but who and evidence.  The time is
 * the earliest that it can be, when the authorisation was issued.
 *
 * @param r      passed hm_request_make(): before, document, who asks and why
 * @param sigs   of r->document, as they are beside the authorisation
 * @param[out] c cleared, then filled
 * @return HM_E_REJECTED `trust.authorisation.signature`; HM_E_LIMIT
 *         `ceremony.part.count` (more keys than a document has signatures) */
HM_MUST hm_rc hm_ceremony_make(struct hm_ceremony *c,
                               const struct hm_request *r,
                               const struct hm_root *root,
                               const struct hm_signatures *sigs,
                               struct hm_err *e);

/** The part of a key id, or NULL. */
struct hm_ceremony_part *hm_ceremony_find(struct hm_ceremony *c,
                                          const char *keyid);

/** Is it one of the keys that the ceremony adds? */
bool hm_ceremony_is_added(const struct hm_ceremony *c,
                          const struct hm_ceremony_part *part);

/** Say who holds a key.
 * @return HM_E_REJECTED `ceremony.key.stranger` (it takes no part),
 *         `ceremony.who.twice`; HM_E_FORMAT `request.text.syntax` */
HM_MUST hm_rc hm_ceremony_name(struct hm_ceremony *c, const char *keyid,
                               const char *who, struct hm_err *e);

/** Add what a signer's machine said.
 * @return HM_E_REJECTED `ceremony.key.stranger`, `ceremony.evidence.twice` */
HM_MUST hm_rc hm_ceremony_attach(struct hm_ceremony *c,
                                 const struct hm_signer *s, struct hm_err *e);

/** Write the record; what hm_ceremony_read() would refuse is refused.
 * @param[out] to  cleared, then filled; give it HM_CEREMONY_BYTES_MAX
 * @return HM_E_REJECTED `ceremony.who.missing`; as hm_ceremony_read() */
HM_MUST hm_rc hm_ceremony_write(const struct hm_ceremony *c, struct hm_buf *to,
                                struct hm_err *e);

/** Read a record, strictly.  Verify its bytes first, unless it is to be signed.
 * @param[out] c  filled; empty after failure
 * @return HM_E_FORMAT `json.*`, `request.text.syntax`, `trust.name.syntax`;
 *         HM_E_LIMIT `json.*`, `ceremony.part.count`; HM_E_REJECTED
 *         `ceremony.key.twice`, `ceremony.sequence.order` (the numbers do not
 *         fit each other, or the reason) */
HM_MUST hm_rc hm_ceremony_read(struct hm_ceremony *c, struct hm_bytes bytes,
                               struct hm_err *e);

/* ---- is it true --------------------------------------------------------- */

/** Is it about this root set?  @return HM_E_REJECTED `ceremony.root.differs`,
 * `ceremony.key.differs` (fewer root keys took part than must) */
HM_MUST hm_rc hm_ceremony_check_root(const struct hm_ceremony *c,
                                     const struct hm_root *root,
                                     struct hm_err *e);

/** Is it about this authorisation?
 * @return HM_E_REJECTED `ceremony.after.differs` */
HM_MUST hm_rc hm_ceremony_check_after(const struct hm_ceremony *c,
                                      const struct hm_authorisation *a,
                                      struct hm_err *e);

/** Is it about these files?  Only digests are looked at.
 * @param before  empty: there is none
 * @return HM_E_REJECTED `ceremony.after.differs`, `ceremony.before.differs` */
HM_MUST hm_rc hm_ceremony_check_files(const struct hm_ceremony *c,
                                      struct hm_bytes after,
                                      struct hm_bytes before, struct hm_err *e);

/** Does the record say what its documents say?
 *
 * @param made  what hm_ceremony_make() makes of them
 * @return HM_E_REJECTED `ceremony.root.differs`, `ceremony.after.differs`,
 *         `ceremony.before.differs`, `ceremony.time.early` (before the
 *         authorisation was issued), `ceremony.key.differs` (a key is added or
 *         retired and not told, or told and not added, or a root key did not
 *         sign the authorisation) */
HM_MUST hm_rc hm_ceremony_compare(const struct hm_ceremony *c,
                                  const struct hm_ceremony *made,
                                  struct hm_err *e);

/** Do as many root keys as must sign exactly @p record?  Before it is read.
 * @param[out] signers  the keys that do
 * @return HM_E_REJECTED `ceremony.root.signature` */
HM_MUST hm_rc hm_ceremony_verify(const struct hm_root *root,
                                 struct hm_bytes record,
                                 const struct hm_signatures *sigs,
                                 struct hm_signers *signers, struct hm_err *e);

/** Proof of possession: did every key that is added sign exactly @p record?
 *
 * @param a  the authorisation that adds them
 * @param[out] signers  keys of @p a that sign; filled also on failure
 * @return HM_E_REJECTED `ceremony.proof.missing` (the text names the key) */
HM_MUST hm_rc hm_ceremony_prove(const struct hm_ceremony *c,
                                const struct hm_authorisation *a,
                                struct hm_bytes record,
                                const struct hm_signatures *sigs,
                                struct hm_signers *signers, struct hm_err *e);

/** Is a key id among the signers? */
bool hm_ceremony_has_signed(const struct hm_signers *signers,
                            const char *keyid);

#endif /* HM_CEREMONY_H */
