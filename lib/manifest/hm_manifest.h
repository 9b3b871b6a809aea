/** @file
 * The manifest that a device reads and the index that it binds: model, writer,
 * strict reader.
 *
 * What is not done here: no signature, no time and no file is looked at.  Verify
 * the exact bytes first, then read them; read what was verified.
 *
 * @source docs/formats.md
 */
#ifndef HM_MANIFEST_H
#define HM_MANIFEST_H

#include "hm_crypto.h"
#include "hm_json.h"

#define HM_MANIFEST_FORMAT "hallmark-manifest/1"
#define HM_INDEX_FORMAT    "hallmark-index/1"

#define HM_MANIFEST_BYTES_MAX      ((size_t)16 << 10)
#define HM_MANIFEST_ARTEFACTS_MAX  32u /**< over all updates */
#define HM_MANIFEST_ADVISORIES_MAX 16u
#define HM_MANIFEST_UPDATES_MAX    32u
#define HM_MANIFEST_WORDS_MAX      32u /**< models, hardware, aliases of one */
#define HM_MANIFEST_COUNTER_MAX    4294967295u
#define HM_INDEX_BYTES_MAX         ((size_t)4 << 20)
#define HM_INDEX_FILES_MAX         10000u

#define HM_UPDATE_TYPES   "security routine emergency"
#define HM_SEVERITIES     "none low medium high critical"
#define HM_ARTEFACT_ROLES "firmware package configuration"
#define HM_ARTEFACT_KINDS "full delta"
#define HM_FILE_KINDS     "artefact sbom attestation advisory vex notes record"

enum hm_update_type {
    HM_UPDATE_SECURITY,
    HM_UPDATE_ROUTINE,
    HM_UPDATE_EMERGENCY
};
enum hm_severity {
    HM_SEVERITY_NONE,
    HM_SEVERITY_LOW,
    HM_SEVERITY_MEDIUM,
    HM_SEVERITY_HIGH,
    HM_SEVERITY_CRITICAL
};
enum hm_artefact_role {
    HM_ARTEFACT_FIRMWARE,
    HM_ARTEFACT_PACKAGE,
    HM_ARTEFACT_CONFIGURATION
};
enum hm_artefact_kind { HM_ARTEFACT_FULL, HM_ARTEFACT_DELTA };

/** Names of the values above, as documents write them. */
const char *hm_update_type_name(enum hm_update_type v);
const char *hm_severity_name(enum hm_severity v);
const char *hm_artefact_role_name(enum hm_artefact_role v);
const char *hm_artefact_kind_name(enum hm_artefact_kind v);

#define HM_MANIFEST_NAME 64  /**< vendor, product, model…; NUL included */
#define HM_MANIFEST_TEXT 256 /**< CVSS vector, label, action; NUL included */
#define HM_MANIFEST_URL  256

/** A list of short names; the strings are owned. */
struct hm_words {
    char (*word)[HM_MANIFEST_NAME]; /**< owned */
    size_t n;
};

struct hm_artefact {
    char name[HM_NAME_MAX + 1]; /**< e.g. "artefacts/x-1.0.1.tar.gz" */
    enum hm_artefact_role role;
    enum hm_artefact_kind kind;
    char slot[HM_MANIFEST_NAME]; /**< "" when there is none */
    uint64_t size;               /**< bytes, at least 1 */
    uint8_t sha256[HM_SHA256_SIZE];
    bool has_content; /**< content_sha256 was given: it is a tar.gz or tar */
    uint8_t content_sha256[HM_SHA256_SIZE];
    /* kind delta only: */
    uint8_t base_sha256[HM_SHA256_SIZE];
    uint64_t target_size;
    uint8_t target_sha256[HM_SHA256_SIZE];
};

/** Which devices get which artefacts; the first entry that fits wins. */
struct hm_update {
    struct hm_words models;   /**< at least one */
    struct hm_words hardware; /**< at least one */
    bool any_version;         /**< no from_versions: every version fits */
    struct hm_version from_min;
    struct hm_version from_max;
    struct hm_artefact *artefacts; /**< owned, at least one */
    size_t n;
};

struct hm_advisory {
    char id[HM_MANIFEST_NAME];
    struct hm_words aliases; /**< may be empty */
    enum hm_severity severity;
    char cvss[HM_MANIFEST_TEXT]; /**< "" when not given */
    char url[HM_MANIFEST_URL];   /**< see hm_manifest_is_url() */
    struct hm_version fixed_in;
    char action[HM_MANIFEST_TEXT];
};

struct hm_manifest {
    char vendor[HM_MANIFEST_NAME];
    char product[HM_MANIFEST_NAME];
    struct hm_version version;
    char label[HM_MANIFEST_NAME];   /**< "" when not given */
    char channel[HM_MANIFEST_NAME]; /**< "" when not given */
    uint64_t epoch;
    uint64_t sequence;
    uint64_t rollback_counter;
    hm_time timestamp;
    hm_time expires;
    hm_time support_until;             /**< 0 when not given */
    char min_updater[HM_VERSION_TEXT]; /**< a version; "" when not given */
    struct hm_buf rollout; /**< owned: JSON, kept as it is, because its form
                                is reserved; n == 0 when not given */
    bool has_install;
    uint64_t postpone_max_s; /**< with has_install */
    bool critical;           /**< with has_install */
    enum hm_update_type update_type;
    enum hm_severity severity;
    struct hm_advisory *advisories; /**< owned */
    size_t advisories_n;
    struct hm_update *updates; /**< owned, at least one */
    size_t updates_n;
    uint64_t index_size;
    uint8_t index_sha256[HM_SHA256_SIZE];
    uint8_t sha256[HM_SHA256_SIZE]; /**< of the bytes read */
};

#define HM_MANIFEST_INIT                                                   \
    {                                                                      \
        .rollout = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX), .advisories = NULL, \
        .advisories_n = 0, .updates = NULL, .updates_n = 0                 \
    }

/** Read manifest.json, strictly.
 *
 * @param bytes  at most HM_MANIFEST_BYTES_MAX, verified
 * @return HM_E_FORMAT, HM_E_LIMIT `json.*`, `base.*`, `manifest.name.syntax`,
 *         `manifest.text.syntax` (a control character), `manifest.url.syntax`;
 *         HM_E_REJECTED `manifest.dates` (expires not after timestamp; support
 *         that ended 1970), `manifest.versions.order` (min above max),
 *         `manifest.word.twice`, `manifest.advisory.twice`,
 *         `manifest.artefact.differs` (one name, two descriptions),
 *         `manifest.artefact.empty`, `manifest.index.name`;
 *         HM_E_LIMIT `manifest.artefacts.count` (over all updates); HM_E_NOMEM.
 *         The members of a delta in a full artefact are `json.member.unknown`.
 */
HM_MUST hm_rc hm_manifest_read(struct hm_manifest *m, struct hm_bytes bytes,
                               struct hm_err *e);

/** May an advisory send people there?  https://, a host of letters, digits and
 * [.:-[]] that begins with a letter, a digit or a bracket (so no user and
 * nothing percent-encoded), then nothing or a path, query or fragment of plain
 * ASCII without blanks, quotes, backslash, braces and '@'.  Lengths are not
 * looked at. */
bool hm_manifest_is_url(const char *url);

/** Write the document; what hm_manifest_read() would refuse is refused.
 * @param[out] to  cleared, then filled */
HM_MUST hm_rc hm_manifest_write(const struct hm_manifest *m, struct hm_buf *to,
                                struct hm_err *e);

/** Append, giving the new entry for filling in; owned by the manifest.
 * @return HM_E_LIMIT `json.member.count`; HM_E_NOMEM */
HM_MUST hm_rc hm_manifest_add_advisory(struct hm_manifest *m,
                                       struct hm_advisory **out,
                                       struct hm_err *e);
HM_MUST hm_rc hm_manifest_add_update(struct hm_manifest *m,
                                     struct hm_update **out, struct hm_err *e);
HM_MUST hm_rc hm_update_add_artefact(struct hm_update *u,
                                     struct hm_artefact **out,
                                     struct hm_err *e);

/** Append a copy of @p word.
 * @return HM_E_FORMAT `manifest.name.syntax`; HM_E_REJECTED
 *         `manifest.word.twice`; HM_E_LIMIT `json.member.count`; HM_E_NOMEM */
HM_MUST hm_rc hm_words_add(struct hm_words *words, const char *word,
                           struct hm_err *e);
bool hm_words_has(const struct hm_words *words, const char *word);

void hm_manifest_clear(struct hm_manifest *m);

/* ---- index.json -------------------------------------------------------- */

struct hm_index_file {
    char name[HM_NAME_MAX + 1];
    unsigned kind; /**< index into HM_FILE_KINDS */
    struct hm_digests digests;
    bool is_public; /**< false: may be withheld from the published copy */
};

/** Every other file of a release, sorted by name. */
struct hm_index {
    struct hm_index_file *files; /**< owned */
    size_t n;
};

#define HM_INDEX_INIT         \
    {                         \
        .files = NULL, .n = 0 \
    }

/** Word of HM_FILE_KINDS; "unknown" for a number that is none. */
const char *hm_file_kind_name(unsigned kind);
/** @return HM_E_FORMAT `manifest.kind.unknown` */
HM_MUST hm_rc hm_file_kind_find(const char *word, unsigned *out,
                                struct hm_err *e);

/** Read index.json, strictly: sorted by name, no name twice.
 * @return HM_E_FORMAT, HM_E_LIMIT `json.*`, `base.name.*`; HM_E_REJECTED
 *         `manifest.index.order` */
HM_MUST hm_rc hm_index_read(struct hm_index *index, struct hm_bytes bytes,
                            struct hm_err *e);

/** Append a copy; names must come in order. @return as hm_index_read() */
HM_MUST hm_rc hm_index_add(struct hm_index *index,
                           const struct hm_index_file *file, struct hm_err *e);

HM_MUST hm_rc hm_index_write(const struct hm_index *index, struct hm_buf *to,
                             struct hm_err *e);

/** The entry of @p name, or NULL. */
const struct hm_index_file *hm_index_find(const struct hm_index *index,
                                          const char *name);

void hm_index_clear(struct hm_index *index);

#endif /* HM_MANIFEST_H */
