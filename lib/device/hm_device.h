/** @file
 * The device's verifier: raw bytes in, one verdict out.
 *
 * Freestanding C99.  Needs nothing but memcpy, memset and memcmp; no heap, no
 * files, no clock, no recursion; reads the documents where they lie.  About
 * 4 KiB of stack at its deepest.  Crypto comes through a table of four
 * functions that small libraries and hardware engines offer as they are.
 *
 * The five checks, in this order, stopping at the first no:
 *
 *     0  size limits, before anything is read
 *     1  signature: root set -> authorisation -> keys -> manifest, raw bytes
 *     2  applicability: vendor, product, an entry of `updates` that fits; when
 *        none does and the version is the installed one, that is told after 3
 *        and 4
 *     3  freshness: epoch, sequence, timestamp, expiry
 *     4  anti-rollback: counter between the stored and the authorised one
 *     5  integrity: size, then SHA-256, streamed (hm_device_stream_*)
 *
 * What is not done here: nothing is stored, fetched, unpacked or started.  A
 * device that uses this must bring: persistent state that is replaced as a
 * whole, and an installer that takes nothing before hm_device_stream_end().
 *
 * @source docs/formats.md; FIPS 186-5; RFC 8259; RFC 3339
 */
#ifndef HM_DEVICE_H
#define HM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Verdicts far apart in Hamming distance: a glitch does not make a yes. */
#define HM_DEVICE_YES ((uint32_t)0x5a3c96a5)
#define HM_DEVICE_NO  ((uint32_t)0x25c3695a)

#define HM_DEVICE_ROOT_MAX          ((size_t)16 << 10)
#define HM_DEVICE_AUTHORISATION_MAX ((size_t)64 << 10)
#define HM_DEVICE_MANIFEST_MAX      ((size_t)16 << 10)
#define HM_DEVICE_SIGNATURE_MAX     ((size_t)512)
#define HM_DEVICE_SIGNATURES        8u
#define HM_DEVICE_ARTEFACTS         32u
#define HM_DEVICE_ADVISORIES        16u
#define HM_DEVICE_COUNTER_MAX       ((uint64_t)4294967295u)

#define HM_DEVICE_SHA256  32
#define HM_DEVICE_WORD    64  /**< vendor, product, model…; NUL included */
#define HM_DEVICE_VERSION 44  /**< NUL included */
#define HM_DEVICE_NAME    129 /**< name of an artefact; NUL included */

/** Borrowed bytes. */
struct hm_device_bytes {
    const uint8_t *p;
    size_t n;
};

/** What the device's crypto library or engine does.  Each function returns
 * HM_DEVICE_YES when it did its work; any other value is a no.  One SHA-256
 * runs at a time; its state lives behind @p context. */
struct hm_device_crypto {
    void *context; /**< borrowed; handed to each function */
    uint32_t (*sha256_begin)(void *context);
    uint32_t (*sha256_add)(void *context, const uint8_t *p, size_t n);
    uint32_t (*sha256_end)(void *context, uint8_t *out);
    /** Is r || s a signature over @p digest by the key with this point?
     *
     * @param point   X || Y, 32 bytes each, big endian; the function refuses a
     *                point that is not on P-256
     * @param digest  32 bytes
     * @param rs      r || s, 32 bytes each, big endian, both in 1..n-1
     */
    uint32_t (*p256_verify)(void *context, const uint8_t *point,
                            const uint8_t *digest, const uint8_t *rs);
};

/** What the device stores between updates.  Zero is a device that has never
 * seen an authorisation or a manifest. */
struct hm_device_state {
    uint8_t root_sha256[HM_DEVICE_SHA256]; /**< of the provisioned root.json */
    bool has_authorisation;
    uint64_t authorisation_sequence;
    uint8_t authorisation_sha256[HM_DEVICE_SHA256];
    bool has_manifest;
    uint64_t epoch;
    uint64_t sequence;
    uint8_t manifest_sha256[HM_DEVICE_SHA256];
    int64_t timestamp;         /**< of that manifest, seconds since 1970 */
    uint64_t rollback_counter; /**< rises at confirmation only */
};

#define HM_DEVICE_NO_CLOCK ((int64_t)-1)

/** The device: what it is, what it knows.  Strings end with NUL. */
struct hm_device_self {
    const char *vendor;
    const char *product;
    const char *model;
    const char *hardware;
    const char *version; /**< installed; "" when nothing is */
    const char *updater; /**< version of this updater, held against
                              `min_updater`; "" : not known */
    struct hm_device_state state;
    int64_t clock; /**< seconds since 1970, or HM_DEVICE_NO_CLOCK.  Below the
                        stored timestamp it counts as none, unless the
                        authorisation opens a higher epoch. */
    /** Provisioned `stale: accept-if-sequence-rises`: an authorisation past its
     * expiry is still good for a manifest newer than the stored one. */
    bool accept_stale;
};

/** The documents, as they came.  At check 0 only the lengths are looked at: a
 * caller that found a file too long hands in its length and p == NULL. */
struct hm_device_offer {
    struct hm_device_bytes root; /**< from the device's own storage */
    struct hm_device_bytes authorisation;
    struct hm_device_bytes authorisation_sig[HM_DEVICE_SIGNATURES];
    size_t authorisation_sigs;
    struct hm_device_bytes manifest;
    struct hm_device_bytes manifest_sig[HM_DEVICE_SIGNATURES];
    size_t manifest_sigs;
};

enum hm_device_role {
    HM_DEVICE_FIRMWARE,
    HM_DEVICE_PACKAGE,
    HM_DEVICE_CONFIGURATION
};

/** One file to install. */
struct hm_device_artefact {
    char name[HM_DEVICE_NAME]; /**< relative; segments of [A-Za-z0-9._+-] */
    enum hm_device_role role;
    bool is_delta;
    char slot[HM_DEVICE_WORD]; /**< "" when none is named */
    uint64_t size;
    uint8_t sha256[HM_DEVICE_SHA256];
};

/** What was decided. */
struct hm_device_result {
    uint32_t verdict;   /**< HM_DEVICE_YES or HM_DEVICE_NO */
    unsigned check;     /**< the check that said no, 0..4; 5 after a yes: it is
                             the one that is left */
    const char *reason; /**< stable word, static; "yes" after a yes */
    /** The state to store now, also after a no: the authorisation rises when it
     * passed, epoch to timestamp when check 3 passed.  The rollback counter is
     * never changed here. */
    struct hm_device_state after;
    /** The manifest passed check 1, and what follows is what it says. */
    bool is_signed;
    char version[HM_DEVICE_VERSION];
    uint64_t epoch;
    uint64_t sequence;
    uint64_t rollback_counter;
    int64_t timestamp;
    uint8_t manifest_sha256[HM_DEVICE_SHA256];
    /** After a yes: what to install, for hm_device_next_artefact().  A view into
     * the manifest's bytes. */
    struct hm_device_bytes artefacts;
    size_t at; /**< where hm_device_next_artefact() is */
};

/** Checks 0 to 4.  Constant memory; time is that of at most a few signature
 * verifications (keys of the required roles times signatures).
 *
 * Reasons, by check:
 *   0  `json.size` (a document too long), `trust.signature.count`
 *   1  `trust.signature.malformed`; `root.format`, `authorisation.format`,
 *      `manifest.format` (first bytes); `json.*`, `base.*`, `crypto.*`,
 *      `trust.name.syntax`, `manifest.*.syntax` and other refusals of the strict
 *      readers; `trust.root.digest`, `trust.root.threshold`,
 *      `trust.authorisation.signature|root|vendor|dates|sequence|expired`,
 *      `trust.product.twice`, `trust.require.twice`, `trust.limit.twice`,
 *      `trust.key.twice|id|retired|role|product|early|expired`,
 *      `trust.manifest.signature`; `device.crypto.failed`
 *   2  `manifest.vendor`, `manifest.product`, `manifest.updater.older`,
 *      `manifest.applicability.none`, `device.identity.version`
 *   3  `manifest.sequence.lower`, `manifest.sequence.same` (equal, with other
 *      bytes), `trust.limit.missing` (no limits for this product),
 *      `manifest.epoch` (not the authorised one), `manifest.timestamp.older`,
 *      `manifest.expired`
 *   4  `manifest.rollback.lower`, `manifest.rollback.above`
 *
 * @param[out] out  always filled
 * @return out->verdict
 */
uint32_t hm_device_check(const struct hm_device_crypto *crypto,
                         const struct hm_device_self *self,
                         const struct hm_device_offer *offer,
                         struct hm_device_result *out);

/** The next artefact of the chosen entry.
 * @return HM_DEVICE_YES when @p out was filled, HM_DEVICE_NO at the end */
uint32_t hm_device_next_artefact(struct hm_device_result *r,
                                 struct hm_device_artefact *out);

/** For provisioning: is this a root set that can be trusted at all?
 *
 * @param[out] vendor  that the root set names, HM_DEVICE_WORD bytes
 * @param[out] sha256  digest of its bytes, 32 bytes
 * @param[out] reason  stable word, static
 * @return HM_DEVICE_YES or HM_DEVICE_NO
 */
uint32_t hm_device_check_root(const struct hm_device_crypto *crypto,
                              struct hm_device_bytes root, char *vendor,
                              uint8_t *sha256, const char **reason);

/** Check 5, streamed. */
struct hm_device_stream {
    const struct hm_device_crypto *crypto; /**< borrowed */
    const struct hm_device_artefact *want; /**< borrowed */
    uint64_t seen;
    uint32_t verdict;
    const char *reason;
};

/** Begin.  Any running SHA-256 of @p crypto is given up. */
void hm_device_stream_begin(struct hm_device_stream *s,
                            const struct hm_device_crypto *crypto,
                            const struct hm_device_artefact *want);

/** The next bytes, in order.  Nothing of them may be used yet.
 * @return HM_DEVICE_YES: go on; HM_DEVICE_NO: stop reading (`artefact.size`,
 *         `device.crypto.failed`) */
uint32_t hm_device_stream_add(struct hm_device_stream *s,
                              struct hm_device_bytes in);

/** All bytes were handed in: may they be used?
 * @return HM_DEVICE_YES; HM_DEVICE_NO with s->reason `artefact.size` or
 *         `artefact.digest` */
uint32_t hm_device_stream_end(struct hm_device_stream *s);

/* ---- small readers, for the device's other code and for tests ---- */

/** Strict JSON: RFC 8259, UTF-8, depth at most 64, plain integers at most
 * 2^53-1, no name twice in an object (after unescaping), no U+0000.
 * @return "yes", or a `json.*` word; static */
const char *hm_device_json(struct hm_device_bytes text);

/** Exactly 20 characters of RFC 3339 in UTC, 1970 to 9999.
 * @return HM_DEVICE_YES or HM_DEVICE_NO */
uint32_t hm_device_time(struct hm_device_bytes text, int64_t *out);

/** Strict DER ECDSA-Sig-Value of P-256 to r || s, 32 bytes each.
 * @return HM_DEVICE_YES or HM_DEVICE_NO (any other encoding, trailing bytes, r
 *         or s outside 1..n-1) */
uint32_t hm_device_signature(struct hm_device_bytes der, uint8_t *rs);

#endif /* HM_DEVICE_H */
