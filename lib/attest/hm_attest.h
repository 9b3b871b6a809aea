/** @file
 * Attestations: the DSSE v1 envelope, the in-toto Statement v1 inside it and
 * the SLSA provenance v1 predicate inside that.
 *
 * What is not done here: nothing is signed, no key is trusted (the caller names
 * the keys that count), no time is judged, no SLSA level is claimed or derived.
 *
 * The safe order, which these functions follow: hm_attest_read_envelope() takes
 * the envelope apart without looking into the payload; hm_attest_verify() says
 * which of the given keys signed it; only then hm_attest_read_statement() and
 * hm_attest_read_provenance() read env.payload, the very bytes that were
 * verified.
 *
 * @source secure-systems-lab/dsse v1.0.2 protocol.md, envelope.md;
 *         in-toto/attestation spec/v1; slsa.dev/spec/v1.2 build-provenance
 */
#ifndef HM_ATTEST_H
#define HM_ATTEST_H

#include "hm_crypto.h"
#include "hm_json.h"

/* ---- DSSE ------------------------------------------------------------- */

#define HM_ATTEST_PAYLOAD_TYPE   "application/vnd.in-toto+json"
#define HM_ATTEST_TYPE_MAX       256u        /**< bytes of a payload type */
#define HM_ATTEST_STATEMENT_MAX  (16u << 20) /**< bytes of a payload */
#define HM_ATTEST_ENVELOPE_MAX   (22u << 20) /**< bytes of an envelope */
#define HM_ATTEST_SIGNATURES_MAX 8u
#define HM_ATTEST_KEYS_MAX       64u /**< keys that one verification takes */

/** How strict a reader is. */
enum hm_attest_dialect {
    /** Exactly the bytes that hm_attest_write_envelope() makes: one line and
     * its newline, no blank, standard padded base64, no other member. */
    HM_ATTEST_OURS,
    /** What DSSE and in-toto allow others to write: blanks, members that we
     * do not know (ignored), standard or URL-safe base64 (padded, one alphabet
     * a string), a missing or any keyid. */
    HM_ATTEST_FOREIGN
};

/** Build the bytes that a DSSE signature covers (PAE).
 *
 *     "DSSEv1" SP len(type) SP type SP len(body) SP body
 *
 * SP is one 0x20; len() is the count of bytes in decimal without leading zeros.
 *
 * @param type      payload type: 1..HM_ATTEST_TYPE_MAX bytes of printable ASCII
 *                  without blanks (securesystemslib counts characters, not
 *                  bytes, so that anything else would not interoperate)
 * @param body      payload before base64: any bytes, may be empty
 * @param[out] pae  cleared, then filled; empty after failure
 * @return HM_E_FORMAT `attest.type.syntax`; HM_E_LIMIT `base.buf.limit`;
 *         HM_E_NOMEM
 * @source dsse protocol.md "Signature Definition" and its vector
 */
HM_MUST hm_rc hm_attest_make_pae(struct hm_bytes type, struct hm_bytes body,
                                 struct hm_buf *pae, struct hm_err *e);

/** hm_attest_make_pae() of a Statement: what `hallmark-sign` signs. */
HM_MUST hm_rc hm_attest_make_statement_pae(struct hm_bytes statement,
                                           struct hm_buf *pae,
                                           struct hm_err *e);

#define HM_ATTEST_KEYID_SIZE 51 /**< "SHA256:", 43 letters, NUL */

/** The keyid that goes into an envelope: the OpenSSH fingerprint of the key,
 * `SHA256:` and the unpadded base64 of SHA-256 over its SSH wire form, as
 * `ssh-keygen -i -m PKCS8 -f key.pem | ssh-keygen -lf -` shows it.  cosign and
 * slsa-verifier skip a signature whose keyid is anything else.
 *
 * It is a hint for them.  Nothing in Hallmark ever reads a keyid of an envelope
 * to decide something.
 *
 * @return HM_E_INTERNAL `attest.keyid.make`
 * @source RFC 4253 6.6, RFC 5656 3.1; go-securesystemslib dsse SHA256KeyID
 */
HM_MUST hm_rc hm_attest_make_keyid(const struct hm_public_key *key,
                                   char out[static HM_ATTEST_KEYID_SIZE],
                                   struct hm_err *e);

/** A signature that somebody made over the PAE, and the key that verifies it;
 * both borrowed. */
struct hm_attest_signed {
    const struct hm_public_key *key;
    struct hm_bytes sig; /**< as hm_signature_verify() takes it */
};

/** Write the envelope of @p statement as one line:
 *
 *     {"payloadType":…,"payload":…,"signatures":[{"keyid":…,"sig":…}]}\n
 *
 * Each signature is verified over the PAE with its key first: a bad envelope
 * is never written.
 *
 * @param statement  the Statement's bytes, 1..HM_ATTEST_STATEMENT_MAX; not read
 * @param by         1..HM_ATTEST_SIGNATURES_MAX, each key once
 * @param[out] out   cleared, then filled; give it HM_ATTEST_ENVELOPE_MAX
 * @return HM_E_LIMIT `attest.signature.count`, `attest.payload.size`;
 *         HM_E_REJECTED `attest.key.twice`, `crypto.signature.mismatch`;
 *         HM_E_FORMAT `crypto.signature.encoding`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_attest_write_envelope(struct hm_bytes statement,
                                       const struct hm_attest_signed *by,
                                       size_t n, struct hm_buf *out,
                                       struct hm_err *e);

struct hm_attest_signature {
    char keyid[HM_ATTEST_TYPE_MAX + 1]; /**< a hint; "" when absent */
    size_t n;
    uint8_t sig[HM_SIGNATURE_MAX]; /**< @p n bytes */
};

/** An envelope taken apart; nothing in it is verified. */
struct hm_attest_envelope {
    struct hm_buf payload; /**< owned: decoded, not looked at */
    char payload_type[HM_ATTEST_TYPE_MAX + 1];
    struct hm_attest_signature *signatures; /**< owned array */
    size_t n_signatures;                    /**< 1..HM_ATTEST_SIGNATURES_MAX */
    enum hm_attest_dialect dialect;
};

#define HM_ATTEST_ENVELOPE_INIT                                              \
    {                                                                        \
        .payload = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX), .payload_type = "", \
        .n_signatures = 0                                                    \
    }

/** Take one envelope apart.  The payload is decoded, never parsed.
 *
 * @param[out] env  cleared, then filled; empty after failure
 * @return HM_E_LIMIT `attest.envelope.size`, `attest.payload.size`,
 *         `attest.signature.count` (none, or more than 8),
 *         `attest.signature.size`;
 *         HM_E_FORMAT `attest.envelope.statement` (a bare Statement without an
 *         envelope), `attest.envelope.bundle` (a Sigstore bundle),
 *         `attest.envelope.line` (OURS: not exactly one line),
 *         `attest.envelope.form` (OURS: readable, but not the bytes that our
 *         writer makes: blanks, other members, another order),
 *         `attest.payload.type` (OURS: not exactly HM_ATTEST_PAYLOAD_TYPE),
 *         `attest.type.syntax`,
 *         `crypto.base64.syntax`, `attest.base64.mixed` (FOREIGN: letters of
 *         both alphabets in one string),
 *         `attest.keyid.syntax` (OURS: no OpenSSH fingerprint),
 *         `attest.keyid.twice` (OURS), `attest.signature.empty` (OURS),
 *         `json.*`;
 *         HM_E_NOMEM
 */
HM_MUST hm_rc hm_attest_read_envelope(struct hm_attest_envelope *env,
                                      struct hm_bytes text,
                                      enum hm_attest_dialect dialect,
                                      struct hm_err *e);

void hm_attest_envelope_clear(struct hm_attest_envelope *env);

/** Which of the keys asked about signed. */
struct hm_attest_signers {
    bool has_signed[HM_ATTEST_KEYS_MAX]; /**< by index of the keys given */
    size_t n; /**< different keys among them: one key given twice counts once */
    size_t strangers; /**< signatures that none of the keys made */
};

/** Verify the signatures over the PAE of payload type and payload with @p keys.
 *
 * Every signature is tried with every key; no keyid decides which.  Signatures
 * of strangers do not count and do not harm.  What counts is different keys, not
 * signatures.  In our dialect a signature that no scheme could have made is
 * refused, and so is a good one under a keyid that is not its key's: nothing in
 * an envelope of ours is free to change.
 *
 * @param keys         keys that count, 1..HM_ATTEST_KEYS_MAX, borrowed
 * @param threshold    different keys needed, at least 1
 * @param[out] by      filled also when too few signed (then HM_E_REJECTED)
 * @return HM_OK only when at least @p threshold different keys signed;
 *         HM_E_REJECTED `attest.signature.threshold` (also when there are no
 *         keys), `attest.keyid.differs` (OURS);
 *         HM_E_FORMAT `attest.signature.encoding` (OURS);
 *         HM_E_INTERNAL `attest.verify.call` (threshold 0, too many keys);
 *         HM_E_NOMEM `attest.verify.failed`
 */
HM_MUST hm_rc hm_attest_verify(const struct hm_attest_envelope *env,
                               const struct hm_public_key *const keys[],
                               size_t n_keys, size_t threshold,
                               struct hm_attest_signers *by, struct hm_err *e);

/* ---- in-toto Statement v1 --------------------------------------------- */

#define HM_ATTEST_STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define HM_ATTEST_PROVENANCE     "https://slsa.dev/provenance/v1"
#define HM_ATTEST_SUMMARY        "https://slsa.dev/verification_summary/v1"

#define HM_ATTEST_SUBJECTS_MAX 1024u

/** What a Statement is about.  Strings of a Statement that was read belong to
 * it. */
struct hm_attest_subject {
    const char *name; /**< name in the release, e.g. "artefacts/x.tar.gz" */
    bool has_sha256, has_sha512; /**< at least one; OURS: sha256 always */
    uint8_t sha256[HM_SHA256_SIZE];
    uint8_t sha512[HM_SHA512_SIZE];
};

struct hm_attest_statement {
    struct hm_json_doc doc;     /**< owned */
    const char *predicate_type; /**< one of the list; borrowed, static */
    struct hm_attest_subject *subjects; /**< owned array */
    size_t n_subjects;                  /**< at least one */
    struct hm_json predicate;           /**< an object; dies with doc */
};

#define HM_ATTEST_STATEMENT_INIT                                           \
    {                                                                      \
        .doc = HM_JSON_DOC_INIT, .predicate_type = NULL, .subjects = NULL, \
        .n_subjects = 0, .predicate = {                                    \
            0                                                              \
        }                                                                  \
    }

/** Write the Statement: two-space indent, subjects sorted by name.
 *
 * @param subjects   1..HM_ATTEST_SUBJECTS_MAX with names as hm_name_check()
 *                   takes them, each once, and both digests
 * @param predicate_type  exactly one of the list of our dialect
 * @param predicate  one JSON object, passed hm_json_check(HM_JSON_OURS);
 *                   re-indented, otherwise unchanged
 * @param[out] out   cleared, then filled; empty after failure
 * @return as hm_attest_read_statement(), which reads the result back
 */
HM_MUST hm_rc hm_attest_write_statement(
    const struct hm_attest_subject *subjects, size_t n_subjects,
    const char *predicate_type, struct hm_bytes predicate, struct hm_buf *out,
    struct hm_err *e);

/** Read a Statement.  The accepted pairs of `_type` and `predicateType` are a
 * list, compared byte by byte (docs: hallmark-attest(1), STATEMENTS).
 *
 * OURS: `_type` Statement/v1; only `_type`, `subject`, `predicateType`,
 * `predicate`; subjects with `name` (hm_name_check(), each once) and `digest`
 * of `sha256` and perhaps `sha512` in lower-case hex; numbers are integers.
 * FOREIGN: also Statement/v0.1 with the provenance that real builders put in
 * it; unknown members and other digests are ignored, but each subject needs a
 * sha256 or a sha512; a name may be absent ("").
 *
 * @param[out] s  cleared, then filled; empty after failure
 * @return HM_E_FORMAT `attest.statement.type` (another `_type`, or this `_type`
 *         with this predicate type is on no list),
 *         `attest.predicate.type`, `attest.predicate.kind` (no object),
 *         `attest.subject.digest` (neither sha256 nor sha512, or not of the
 *         length and letters of that algorithm), `attest.subject.twice`,
 *         `base.name.syntax`, `json.*`;
 *         HM_E_LIMIT `attest.payload.size`, `json.member.count` (no subject, or
 *         more than HM_ATTEST_SUBJECTS_MAX), `base.name.long`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_attest_read_statement(struct hm_attest_statement *s,
                                       struct hm_bytes text,
                                       enum hm_attest_dialect dialect,
                                       struct hm_err *e);

void hm_attest_statement_clear(struct hm_attest_statement *s);

/** Does the Statement name this file, by digest?  A name alone never matches;
 * every digest that the subject states must agree.
 *
 * @param name  name in the release, or NULL: any name
 * @return the subject, or NULL
 */
const struct hm_attest_subject *
hm_attest_find_subject(const struct hm_attest_statement *s, const char *name,
                       const struct hm_digests *digests);

/* ---- SLSA provenance v1 ------------------------------------------------ */

#define HM_ATTEST_PAIRS_MAX     64u
#define HM_ATTEST_RESOURCES_MAX 1024u
#define HM_ATTEST_TEXT_MAX      2048u /**< bytes of any string in it */

/** A member of an object whose values are strings; borrowed. */
struct hm_attest_pair {
    const char *name, *value;
};

struct hm_attest_pairs {
    struct hm_attest_pair *pair; /**< array; owned when it was read */
    size_t n;
};

/** A ResourceDescriptor with what we use of it; NULL: absent.  At least one of
 * uri and the digests is there. */
struct hm_attest_resource {
    const char *name;       /**< e.g. "sbom/thermostat.cdx.json" */
    const char *uri;        /**< e.g. "git+https://host/repo@refs/tags/v1" */
    const char *git_commit; /**< 40 or 64 lower-case hex digits */
    const char *sha256;     /**< 64 lower-case hex digits */
    const char *sha512;     /**< 128 lower-case hex digits */
};

struct hm_attest_resources {
    struct hm_attest_resource *resource; /**< array; owned when it was read */
    size_t n;
};

/** The predicate.  To write: fill it with borrowed arrays and strings and do
 * not clear it.  When read: arrays are owned, strings belong to the Statement.
 */
struct hm_attest_provenance {
    const char *build_type;                  /**< URI */
    struct hm_attest_pairs external;         /**< externalParameters */
    struct hm_attest_pairs internal;         /**< internalParameters */
    struct hm_attest_resources dependencies; /**< resolvedDependencies */
    const char *builder_id;                  /**< URI */
    struct hm_attest_pairs builder_version;
    const char *invocation_id; /**< NULL: absent */
    hm_time started, finished; /**< 0: absent */
    struct hm_attest_resources byproducts;
};

#define HM_ATTEST_PROVENANCE_INIT                                          \
    {                                                                      \
        .build_type = NULL, .external = {NULL, 0}, .internal = {NULL, 0},  \
        .dependencies = {NULL, 0}, .builder_id = NULL,                     \
        .builder_version = {NULL, 0}, .invocation_id = NULL, .started = 0, \
        .finished = 0, .byproducts = {                                     \
            NULL,                                                          \
            0                                                              \
        }                                                                  \
    }

/** Write the predicate as one JSON object, members in the order of the
 * specification; same input, same bytes.
 *
 * @param[out] out  cleared, then filled; empty after failure
 * @return HM_E_FORMAT `attest.provenance.uri` (build_type or builder_id is no
 *         URI with a scheme), `json.utf8`; HM_E_LIMIT; HM_E_NOMEM
 */
HM_MUST hm_rc hm_attest_write_provenance(const struct hm_attest_provenance *p,
                                         struct hm_buf *out, struct hm_err *e);

/** Read the predicate of a provenance Statement of ours: no unknown member
 * (but x_), parameters are strings, every resource has a digest or a URI.
 *
 * @param s        outlives @p p
 * @param[out] p   cleared, then filled; empty after failure
 * @return HM_E_FORMAT `attest.predicate.type` (no provenance/v1),
 *         `attest.provenance.uri`, `attest.provenance.resource` (neither URI
 *         nor digest), `attest.provenance.twice` (a name in both externalParameters
 *         and internalParameters), `attest.provenance.times` (finished before
 *         started), `json.*`, `base.hex.syntax`; HM_E_LIMIT; HM_E_NOMEM
 */
HM_MUST hm_rc hm_attest_read_provenance(struct hm_attest_provenance *p,
                                        const struct hm_attest_statement *s,
                                        struct hm_err *e);

void hm_attest_provenance_clear(struct hm_attest_provenance *p);

/** Value of the pair @p name; NULL when there is none. */
const char *hm_attest_find_pair(const struct hm_attest_pairs *pairs,
                                const char *name);

/** The first resource that carries a git commit; NULL when there is none. */
const struct hm_attest_resource *
hm_attest_find_source(const struct hm_attest_provenance *p);

#endif /* HM_ATTEST_H */
