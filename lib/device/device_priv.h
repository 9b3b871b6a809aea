/** @file
 * What the parts of the device verifier share.  A function that can say no
 * returns a reason; only the address of device_yes means yes.
 */
#ifndef HM_DEVICE_PRIV_H
#define HM_DEVICE_PRIV_H

#include "hm_device.h"

/** The one answer that means yes. */
extern const char device_yes[];

#define DEVICE_TRY(expr)                        \
    do {                                        \
        const char *const device_why_ = (expr); \
        if (device_why_ != device_yes)          \
            return device_why_;                 \
    } while (0)

#define DEVICE_LENGTH(table) (sizeof(table) / sizeof((table)[0]))

#define DEVICE_ROOT_KEYS 16u
#define DEVICE_KEYS      32u
#define DEVICE_PRODUCTS  16u
#define DEVICE_LIMITS    16u
#define DEVICE_UPDATES   32u
#define DEVICE_WORDS     32u /**< models, hardware, aliases of one */
#define DEVICE_INT_MAX   ((uint64_t)9007199254740991) /**< 2^53 - 1 */

/* ---- walking over JSON that passed hm_device_json() -------------------- */

/** A place in an object or array. */
struct device_walk {
    struct hm_device_bytes text;
    size_t at;
};

void device_walk_begin(struct device_walk *w, struct hm_device_bytes text);

/** The next member; false at the end.  @p name has its quotes, @p value is
 * everything of the value. */
bool device_walk_member(struct device_walk *w, struct hm_device_bytes *name,
                        struct hm_device_bytes *value);
bool device_walk_element(struct device_walk *w, struct hm_device_bytes *value);

/** Do two strings (with their quotes) say the same after unescaping? */
bool device_same_string(struct hm_device_bytes a, struct hm_device_bytes b);

/** Decode a string (with its quotes) into to[size], NUL behind it.
 * @return `json.member.type`, `json.member.long` */
const char *device_string(struct hm_device_bytes value, char *to, size_t size,
                          size_t *n);

enum device_type {
    DEVICE_STRING,
    DEVICE_NUMBER,
    DEVICE_OBJECT,
    DEVICE_ARRAY,
    DEVICE_BOOL,
    DEVICE_ANY
};

/** One member that an object may have. */
struct device_member {
    const char *name;
    enum device_type type;
    bool optional;
};

/** The members of an object, in the order of @p table; absent ones get
 * p == NULL.  Others are refused unless they start with x_.
 * @return `json.member.type|unknown|missing` */
const char *device_object(struct hm_device_bytes object,
                          const struct device_member *table, size_t n,
                          struct hm_device_bytes *out);

/** Check the number of elements. @return `json.member.count` */
const char *device_array(struct hm_device_bytes array, size_t min, size_t max);

/* ---- values ------------------------------------------------------------ */

bool device_text_equal(const char *a, const char *b);
size_t device_length(const char *text);

const char *device_uint(struct hm_device_bytes value, uint64_t max,
                        uint64_t *out);
const char *device_hex(struct hm_device_bytes value, uint8_t *out, size_t n);
const char *device_time(struct hm_device_bytes value, int64_t *out);

struct device_version {
    uint32_t part[4];
};

const char *device_version(struct hm_device_bytes value,
                           struct device_version *out, char *text);
/** The same from a C string. */
const char *device_version_text(const char *text, struct device_version *out);
int device_version_compare(const struct device_version *a,
                           const struct device_version *b);

/** 1..63 of [A-Za-z0-9._-] into to[HM_DEVICE_WORD].
 * @param syntax  the reason for other characters */
const char *device_word(struct hm_device_bytes value, const char *syntax,
                        char *to);

/** 1..size-1 bytes of text without control characters. */
const char *device_line(struct hm_device_bytes value, char *to, size_t size);

/** Index of a string in @p words, which ends with NULL. */
const char *device_choice(struct hm_device_bytes value,
                          const char *const *words, unsigned *out);

/** Name of a file, into to[HM_DEVICE_NAME]. */
const char *device_file_name(struct hm_device_bytes value, char *to);

/** Standard padded base64, strictly, into to[size]. */
const char *device_base64(struct hm_device_bytes value, uint8_t *to,
                          size_t size, size_t *n);

/** Array of min..32 words, none twice. */
const char *device_words(struct hm_device_bytes array, size_t min);
/** Is @p word in the array that device_words() accepted? */
bool device_words_have(struct hm_device_bytes array, const char *word);

/* ---- keys and signatures ----------------------------------------------- */

/** The signatures of one document; a well-formed one that cannot be of a
 * P-256 key is not usable. */
struct device_signatures {
    uint8_t rs[HM_DEVICE_SIGNATURES][64];
    bool usable[HM_DEVICE_SIGNATURES];
    size_t n;
};

/** @return `trust.signature.malformed` */
const char *device_signatures(const struct hm_device_bytes *sig, size_t n,
                              struct device_signatures *out);

struct device_key {
    uint8_t id[HM_DEVICE_SHA256];
    uint8_t point[64];
    bool usable; /**< false: of a scheme that is not known here */
};

/** keyid, scheme and public_key. */
const char *device_key(const struct hm_device_crypto *crypto,
                       const struct hm_device_bytes value[3],
                       struct device_key *out);

/** How many objects of the array have this keyid. */
size_t device_count_id(struct hm_device_bytes keys, const uint8_t *id);

bool device_key_signs(const struct hm_device_crypto *crypto,
                      const struct device_key *key, const uint8_t *digest,
                      const struct device_signatures *sigs);

/** @return `device.crypto.failed` */
const char *device_sha256(const struct hm_device_crypto *crypto,
                          struct hm_device_bytes in, uint8_t *out);

/** Are the first bytes `{\n  "format": "<format>"`?
 * @param reason  what to say when they are not */
const char *device_format(struct hm_device_bytes text, const char *format,
                          const char *reason);

/* ---- documents --------------------------------------------------------- */

struct device_root {
    char vendor[HM_DEVICE_WORD];
    uint64_t threshold;
    struct hm_device_bytes keys;
    uint8_t sha256[HM_DEVICE_SHA256];
};

const char *device_root_read(const struct hm_device_crypto *crypto,
                             struct hm_device_bytes bytes,
                             struct device_root *out);

/** Do threshold root keys sign this digest?
 * @return `trust.authorisation.signature` */
const char *device_root_verify(const struct hm_device_crypto *crypto,
                               const struct device_root *root,
                               const uint8_t *digest,
                               const struct device_signatures *sigs);

enum device_key_role {
    DEVICE_ROLE_MANIFEST,
    DEVICE_ROLE_PROVENANCE,
    DEVICE_ROLE_VERIFICATION,
    DEVICE_ROLE_LEDGER,
    DEVICE_ROLE_TUF,
    DEVICE_ROLE_X509
};
#define DEVICE_ROLES 6u

/** One entry of keys[] or retired[]. */
struct device_entry {
    struct device_key key;
    unsigned role;
    bool for_product; /**< for the product asked for */
    int64_t from;
    int64_t until;
};

struct device_authorisation {
    char vendor[HM_DEVICE_WORD];
    uint8_t root_sha256[HM_DEVICE_SHA256];
    uint64_t sequence;
    int64_t expires;
    struct hm_device_bytes keys;
    struct hm_device_bytes retired;
    uint32_t require; /**< bit i: role i must sign */
    bool has_limit;   /**< for the product asked for */
    uint64_t epoch;
    uint64_t max_counter;
    uint8_t sha256[HM_DEVICE_SHA256];
};

const char *device_entry_read(const struct hm_device_crypto *crypto,
                              struct hm_device_bytes object, bool is_retired,
                              const char *product, struct device_entry *out);

const char *device_authorisation_read(const struct hm_device_crypto *crypto,
                                      struct hm_device_bytes bytes,
                                      const char *product,
                                      struct device_authorisation *out);

struct device_manifest {
    char vendor[HM_DEVICE_WORD];
    char product[HM_DEVICE_WORD];
    char version[HM_DEVICE_VERSION];
    uint64_t epoch;
    uint64_t sequence;
    uint64_t rollback_counter;
    int64_t timestamp;
    int64_t expires;
    bool has_min_updater;
    struct device_version min_updater;
    struct hm_device_bytes updates;
};

const char *device_manifest_read(struct hm_device_bytes bytes,
                                 struct device_manifest *out);

/** Everything of updates[] and of artefacts in it. */
const char *device_updates_read(struct hm_device_bytes updates);
const char *device_advisories_read(struct hm_device_bytes advisories);
const char *device_artefact_read(struct hm_device_bytes object,
                                 struct hm_device_artefact *out);

/** The artefacts of the first entry that fits; n == 0: none does. */
const char *device_choose(const struct device_manifest *m,
                          const struct hm_device_self *self,
                          struct hm_device_bytes *artefacts);

/** One verification under way. */
struct device_run {
    const struct hm_device_crypto *crypto;
    const struct hm_device_self *self;
    const struct hm_device_offer *offer;
    struct hm_device_result *out;
    struct device_root root;
    struct device_authorisation authorisation;
    struct device_manifest manifest;
    bool has_clock; /**< known once the authorisation is */
    bool is_stale;
    const char *none_fits; /**< what check 2 says of what runs already */
};

/** Check 1. */
const char *device_check_signature(struct device_run *run);

#endif /* HM_DEVICE_PRIV_H */
