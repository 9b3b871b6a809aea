/** @file
 * Three things that the programs share about a release: release.json (what a
 * person writes), the release directory (which file lies where and what kind
 * it is) and the repository (hm_repository.h, which comes with this header).
 *
 * What is not done here: no signature is checked and no verdict given.
 *
 * @source docs/formats.md
 */
#ifndef HM_RELEASE_H
#define HM_RELEASE_H

#include "hm_file.h"
#include "hm_json.h"
#include "hm_repository.h"

/* ---- release.json ---------------------------------------------------- */

#define HM_RELEASE_FORMAT "hallmark-release/1"

#define HM_RELEASE_BYTES_MAX      (256u << 10) /**< most bytes of release.json */
#define HM_RELEASE_TEXT_MAX       255u  /**< bytes of an action, vector, URL */
#define HM_RELEASE_PATH_MAX       1023u /**< bytes of a path or URI */
#define HM_RELEASE_ARTEFACTS_MAX  32u
#define HM_RELEASE_UPDATES_MAX    32u
#define HM_RELEASE_ADVISORIES_MAX 16u
#define HM_RELEASE_SBOMS_MAX      64u
#define HM_RELEASE_WORDS_MAX      32u /**< models, hardware, aliases of one */
#define HM_RELEASE_PACK_MAX       64u /**< patterns, rules allowed of one */
#define HM_RELEASE_VALID_DAYS_MAX 3650u

/** Words of the vocabularies, as hm_json_get_word() takes them. */
#define HM_RELEASE_UPDATE_TYPES "security routine emergency"
#define HM_RELEASE_SEVERITIES   "none low medium high critical"
#define HM_RELEASE_ROLES        "firmware package configuration"
#define HM_RELEASE_KINDS        "full delta"

/** A list of strings; each ends with NUL and belongs to the document. */
struct hm_release_words {
    const char **word; /**< owned array of borrowed strings */
    size_t n;
};

/** Where an artefact comes from. */
enum hm_release_from {
    HM_RELEASE_FROM_TREE, /**< a directory to pack */
    HM_RELEASE_FROM_GIT,  /**< a commit to pack */
    HM_RELEASE_FROM_FILE  /**< a ready file */
};

struct hm_release_pattern {
    const char *text;
    bool is_include;
};

/** How hallmark-pack is asked; the forms are its own. */
struct hm_release_pack {
    struct hm_release_pattern *patterns; /**< owned; in order */
    size_t n_patterns;
    struct hm_release_words allow; /**< rules overruled */
    const char *permissions;       /**< path as written; NULL: none */
    bool keep_modes;
    bool keep_owners;
    bool keep_xattrs;
};

/** A file that devices install. */
struct hm_release_artefact {
    const char *id; /**< how updates and sboms name it */
    enum hm_release_from from;
    /** Path as written, see hm_release_path(); or `REV[:PATH]` of the git
     * repository that provenance names. */
    const char *source;
    struct hm_release_pack pack; /**< empty for a ready file */
    const char *name;            /**< one segment: it becomes artefacts/NAME */
    const char *role;            /**< one of HM_RELEASE_ROLES */
    const char *kind;            /**< one of HM_RELEASE_KINDS */
    const char *slot;            /**< NULL when not given */
    /* kind delta only, else NULL, 0, NULL: */
    const char *base_sha256; /**< 64 lower-case hex digits */
    uint64_t target_size;
    const char *target_sha256;
};

/** Which devices get which artefacts; the first entry that fits wins. */
struct hm_release_update {
    struct hm_release_words models;   /**< at least one */
    struct hm_release_words hardware; /**< at least one */
    bool any_version;                 /**< no from_versions was given */
    struct hm_version from_min;       /**< inclusive, lower than the version */
    struct hm_version from_max;       /**< inclusive, lower than the version */
    size_t artefact[HM_RELEASE_ARTEFACTS_MAX]; /**< indices of artefacts */
    size_t n_artefacts;                        /**< at least one */
};

struct hm_release_sbom {
    const char *file;        /**< path as written */
    const char *name;        /**< one segment: it becomes sbom/NAME */
    const char *artefact_id; /**< as written */
    size_t artefact;         /**< index of the artefact it describes */
};

struct hm_release_advisory {
    const char *id;
    struct hm_release_words aliases; /**< may be empty */
    const char *severity;            /**< one of HM_RELEASE_SEVERITIES */
    const char *cvss;                /**< NULL when not given */
    const char *url;                 /**< as hm_manifest_is_url() has it */
    struct hm_version fixed_in;      /**< not higher than the version */
    const char *action;
};

/** Which key signs, and where its PIN comes from: never the PIN. */
struct hm_release_key {
    const char *uri; /**< RFC 7512, without pin-value and pin-source */
    const char *pin; /**< `fd:N`, `file:PATH`, `credential:NAME` or `tty` */
    /* Where the token lies, paths as written, each NULL when not given: the
     * key's own, or else those that stand beside the keys. */
    const char *module;
    const char *softhsm;
    const char *nss;
};

/** release.json, read and checked.  All strings are views into the document
 * and die with it. */
struct hm_release {
    struct hm_buf bytes;    /**< owned: exactly what was read */
    struct hm_json_doc doc; /**< owned */
    char *folder; /**< owned: absolute path of its folder; "" when read
                                 from memory */
    const char *vendor, *product;
    struct hm_version version;
    const char *label; /**< NULL when not given */
    uint64_t epoch;    /**< 1 when not given */
    uint64_t rollback_counter;
    const char *update_type; /**< one of HM_RELEASE_UPDATE_TYPES */
    const char *severity;    /**< one of HM_RELEASE_SEVERITIES */
    uint64_t valid_days;     /**< 1..HM_RELEASE_VALID_DAYS_MAX */
    struct hm_release_artefact *artefacts; /**< owned, 1.. */
    size_t n_artefacts;
    struct hm_release_update *updates; /**< owned, 1.. */
    size_t n_updates;
    struct hm_release_sbom *sboms; /**< owned, may be empty */
    size_t n_sboms;
    struct hm_release_advisory *advisories; /**< owned, may be empty */
    size_t n_advisories;
    struct {
        const char *repository; /**< path of the git work tree as written */
        const char *build_type; /**< URI */
        const char *builder;    /**< URI */
    } provenance;
    struct {
        struct hm_release_key manifest, provenance;
        struct hm_release_key verification; /**< uri NULL: there is none */
    } signing;
    const char *root;          /**< path of root.json as written */
    const char *authorisation; /**< path of authorisation.json as written */
    const char *repository;    /**< path of the repository as written */
};

#define HM_RELEASE_INIT                                                     \
    {                                                                       \
        .bytes = HM_BUF_INIT(HM_RELEASE_BYTES_MAX), .doc = HM_JSON_DOC_INIT \
    }

/** Read release.json from memory: strict (hm_json_check, HM_JSON_OURS), no
 * unknown member except those that start with x_, every rule below.
 * Paths are not looked at: hm_release_path() then fails.
 *
 * @param[out] r  cleared, then filled; empty after failure
 * @return HM_E_FORMAT, HM_E_LIMIT `json.*`, `base.name.*`, `base.version.*`,
 *         `release.format.unknown` (another "format"),
 *         `release.text.syntax` (a control character, or characters that the
 *         member does not take), `release.path.syntax`;
 *         HM_E_REJECTED `release.artefact.source` (not exactly one of tree,
 *         git and file), `release.pack.file` (a ready file is not packed),
 *         `release.pack.pattern` (not exactly one of include and exclude),
 *         `release.artefact.duplicate` (id or name twice),
 *         `release.artefact.unknown` (an id nobody defined),
 *         `release.artefact.unused` (no entry of updates names it),
 *         `release.artefact.delta` (delta members and kind do not agree),
 *         `release.sbom.duplicate`, `release.advisory.duplicate`,
 *         `release.word.duplicate`,
 *         `release.versions.order` (from_versions: min above max, or max not
 *         below version),
 *         `release.advisory.missing` (a security update without one),
 *         `release.advisory.version` (fixed_in above version),
 *         `release.severity.differs` (not the highest of its advisories; or a
 *         security update of severity none),
 *         `release.pin.value` (a PIN, or what is no SOURCE),
 *         `release.uri.pin` (pin-value or pin-source in a URI),
 *         `release.uri.syntax` (no pkcs11: URI),
 *         `release.secret.member` (in a member x_…: a name like pin or
 *         password; anywhere: a private key, an address with a user in it);
 *         HM_E_NOMEM
 */
HM_MUST hm_rc hm_release_read(struct hm_release *r, struct hm_bytes text,
                              struct hm_err *e);

/** Read the file at @p path; relative paths in it start at its folder.
 * What is wrong in it is HM_E_USAGE (exit 2) with the reasons above.
 * @return also HM_E_IO `base.file.*` */
HM_MUST hm_rc hm_release_load(struct hm_release *r, const char *path,
                              struct hm_err *e);

/** The path @p path, which a member of @p r holds, seen from anywhere: absolute
 * as it is, relative below the folder of release.json.
 *
 * @param[out] out  cleared, then the path with a NUL behind it (not counted):
 *                  (const char *)out->p is a C string
 * @return HM_E_INTERNAL `release.path.folder` (read from memory); HM_E_LIMIT;
 *         HM_E_NOMEM
 */
HM_MUST hm_rc hm_release_path(const struct hm_release *r, const char *path,
                              struct hm_buf *out, struct hm_err *e);

/** The PIN source of @p key with the path of `file:` made absolute. */
HM_MUST hm_rc hm_release_pin(const struct hm_release *r,
                             const struct hm_release_key *key,
                             struct hm_buf *out, struct hm_err *e);

void hm_release_clear(struct hm_release *r);

/* ---- the release directory ------------------------------------------- */

#define HM_RELEASE_MANIFEST      "manifest.json"
#define HM_RELEASE_AUTHORISATION "authorisation.json"
#define HM_RELEASE_INDEX         "index.json"
#define HM_RELEASE_SUMMARY       "verification.intoto.jsonl"
#define HM_RELEASE_PROVENANCE    "attestations/provenance.intoto.jsonl"
#define HM_RELEASE_CONFIGURATION "records/release.json"

#define HM_RELEASE_DIR_ARTEFACTS    "artefacts"
#define HM_RELEASE_DIR_SBOM         "sbom"
#define HM_RELEASE_DIR_ATTESTATIONS "attestations"
#define HM_RELEASE_DIR_ADVISORIES   "advisories"
#define HM_RELEASE_DIR_RECORDS      "records"

#define HM_RELEASE_SIGNATURES_MAX 8u /**< NAME.sig, NAME.sig.2 … NAME.sig.8 */

/** What a name means inside a release directory. */
enum hm_release_place {
    HM_RELEASE_STRANGER,  /**< has no business there */
    HM_RELEASE_TOP,       /**< manifest.json, authorisation.json */
    HM_RELEASE_SIGNATURE, /**< a signature file of one of these two */
    HM_RELEASE_THE_INDEX, /**< index.json */
    HM_RELEASE_LISTED,    /**< below one of the five folders: in the index */
    HM_RELEASE_FOLDER,    /**< one of the five folders, or a folder below one */
    HM_RELEASE_L2         /**< verification.intoto.jsonl */
};

/** @param name  as hm_dir_list_tree() gives it: a directory ends in a slash */
enum hm_release_place hm_release_place_of(const char *name);

/** The `kind` that index.json gives a listed file, by its folder:
 * artefacts → artefact, sbom → sbom, attestations → attestation, records →
 * record; advisories → vex for *.openvex.json and *.vex.json, notes for *.md
 * and *.txt, else advisory.
 *
 * @param[out] is_public  false for records
 * @return a word of the index vocabulary; NULL unless HM_RELEASE_LISTED
 */
const char *hm_release_kind_of(const char *name, bool *is_public);

/** The name of the @p i-th signature file (0..7) of @p document:
 * `NAME.sig`, `NAME.sig.2` … `NAME.sig.8`.
 * @param[out] out  the name and its NUL; documents of at most 128 bytes */
const char *hm_release_signature_name(const char *document, unsigned i,
                                      char out[static HM_NAME_MAX + 8]);

/** Every file below the five folders, sorted by bytes: what index.json lists.
 * @return HM_E_REJECTED `release.file.stranger` (a name that is not listed, not
 *         a top document, signature, index or L2),
 *         `release.file.kind` (a link, device, pipe or socket),
 *         `release.file.name` (a name that Hallmark documents cannot hold);
 *         HM_E_IO; HM_E_NOMEM */
HM_MUST hm_rc hm_release_list(const struct hm_dir *dir, struct hm_names *out,
                              struct hm_err *e);

/* ---- planning the next release -------------------------------------------- */

/** hm_release_plan_state() of r's repository, and the refusals that need no
 * more than release.json: told before minutes of work are spent.
 *
 * @return also HM_E_REJECTED `release.product.differs`,
 *         `release.epoch.lower`, `release.version.published`,
 *         `release.rollback.lower`
 */
HM_MUST hm_rc hm_release_plan_next(const struct hm_release *r,
                                   struct hm_release_state *out,
                                   struct hm_err *e);

/* ---- making the documents of a release --------------------------------- */

struct hm_manifest; /* hm_manifest.h */

/** How to make them. */
struct hm_release_making {
    const char *issue_time; /**< NULL: the clock */
    bool replace;           /**< index.json and manifest.json may be there */
    bool dry_run;           /**< everything but the writing */
};

/** Complete the release directory @p dir, in which the five folders lie already:
 * copy authorisation.json with its signature files, write index.json, and last
 * manifest.json.  Every file is digested as it lies in @p dir.  Signatures of a
 * manifest that is replaced are removed first.
 *
 * sequence is the published one plus one (1 in an empty repository and after a
 * higher epoch); timestamp the time of the act, expires valid_days later.
 *
 * @param[out] out  cleared, then the manifest as written
 * @return as hm_release_plan_next(), hm_release_list(), hm_time_act();
 *         HM_E_REJECTED `release.artefact.missing`, `release.sbom.missing` (a
 *         file that release.json names is not in @p dir),
 *         `release.artefact.stranger` (one lies there that it does not name),
 *         `release.authorisation.unsigned` (no signature file beside it);
 *         HM_E_LIMIT `release.expires.range`, `release.sequence.range`; what
 *         the writers of manifest and index say;
 *         HM_E_USAGE `base.out.exists`; HM_E_IO; HM_E_NOMEM
 */
HM_MUST hm_rc hm_release_make(const struct hm_release *r,
                              const struct hm_dir *dir,
                              const struct hm_release_making *how,
                              struct hm_manifest *out, struct hm_err *e);

/** How to renew the manifest of a published release. */
struct hm_release_renewal {
    const char *issue_time;    /**< NULL: the clock */
    uint64_t valid_days;       /**< 0: as long as before */
    const char *authorisation; /**< path of a newer one; NULL: keep the old */
    const char *repository;    /**< its sequence is passed as well; NULL: only
                                    that of the manifest in dir */
    bool dry_run;
};

/** Renew manifest.json in @p dir, a copy of a release: sequence, timestamp and
 * expires change, nothing else; the old signatures are removed.  Under a newer
 * authorisation that raises the product's epoch the manifest takes that epoch and
 * begins at sequence 1.
 *
 * @param[out] out  cleared, then the manifest as written
 * @return what the reader of manifest.json says; hm_time_act();
 *         HM_E_REJECTED `release.refresh.published` (@p dir is releases/VERSION
 *         of a repository, which never changes), `release.index.differs` (not
 *         the index that the manifest binds), `release.product.differs`,
 *         `release.epoch.lower`, `release.authorisation.unsigned`;
 *         HM_E_LIMIT `release.expires.range`, `release.sequence.range`; HM_E_IO
 */
HM_MUST hm_rc hm_release_refresh(const struct hm_dir *dir,
                                 const struct hm_release_renewal *how,
                                 struct hm_manifest *out, struct hm_err *e);

#endif /* HM_RELEASE_H */
