/** @file
 * What the parts of this room share.
 */
#ifndef HM_RELEASE_PRIV_H
#define HM_RELEASE_PRIV_H

#include "hm_crypto.h"
#include "hm_release.h"
#include "hm_trust.h"

/** What the text of a member may hold. */
enum hm_release_syntax {
    HM_RELEASE_ID,    /**< [A-Za-z0-9._-], up to HM_RELEASE_NAME_MAX */
    HM_RELEASE_LABEL, /**< as LINE, shorter */
    HM_RELEASE_LINE,  /**< UTF-8 without control characters */
    HM_RELEASE_PATH,  /**< as LINE, longer */
    HM_RELEASE_WEB,   /**< https:// as manifests take it */
    HM_RELEASE_URI,   /**< any scheme, printable ASCII without blanks */
    HM_RELEASE_HEX    /**< 64 lower-case hex digits */
};

/** The string @p at as a C string that lives as long as the document. */
HM_MUST hm_rc hm_release_take(struct hm_json at, enum hm_release_syntax syntax,
                              const char **out, struct hm_err *e);

/** The member @p name of @p at; it must be there. */
HM_MUST hm_rc hm_release_take_member(struct hm_json at, const char *name,
                                     enum hm_release_syntax syntax,
                                     const char **out, struct hm_err *e);

/** The same; NULL when it is not there. */
HM_MUST hm_rc hm_release_take_optional(struct hm_json at, const char *name,
                                       enum hm_release_syntax syntax,
                                       const char **out, struct hm_err *e);

/** A member that is one of @p words. */
HM_MUST hm_rc hm_release_take_word(struct hm_json at, const char *name,
                                   const char *words, const char **out,
                                   struct hm_err *e);

/** One array of release.json. */
struct hm_release_list {
    const char *name;
    size_t min, max;
    size_t size; /**< of one element */
    hm_rc (*read)(struct hm_release *r, struct hm_json at, void *to,
                  struct hm_err *e);
};

/** Zeroed memory for the elements of @p at's array @p list names, and the array.
 * The caller owns *array at once, also after a failure that follows. */
HM_MUST hm_rc hm_release_make_array(struct hm_json at,
                                    const struct hm_release_list *list,
                                    struct hm_json *items, void **array,
                                    struct hm_err *e);

/** Read every element; *n counts those begun, so that hm_release_clear() always
 * suits and elements may look at those before them. */
HM_MUST hm_rc hm_release_fill_array(struct hm_release *r, struct hm_json items,
                                    const struct hm_release_list *list,
                                    void *array, size_t *n, struct hm_err *e);

/** An array of @p min.. different words. */
HM_MUST hm_rc hm_release_take_words(struct hm_json at, const char *name,
                                    size_t min, struct hm_release_words *out,
                                    struct hm_err *e);

/** The member "name": one segment, as it will stand in @p folder. */
HM_MUST hm_rc hm_release_take_segment(struct hm_json at, const char *folder,
                                      const char **out, struct hm_err *e);

/** The index of the artefact that string @p at names. */
HM_MUST hm_rc hm_release_find_artefact(const struct hm_release *r,
                                       struct hm_json at, size_t *out,
                                       struct hm_err *e);

/** The member "pack" of an artefact; there may be none. */
HM_MUST hm_rc hm_release_read_pack(struct hm_json artefact,
                                   enum hm_release_from from,
                                   struct hm_release_pack *p, struct hm_err *e);
void hm_release_pack_clear(struct hm_release_pack *p);

/** The arrays of release.json, in this order. */
HM_MUST hm_rc hm_release_read_artefacts(struct hm_release *r, struct hm_json at,
                                        struct hm_err *e);
HM_MUST hm_rc hm_release_read_updates(struct hm_release *r, struct hm_json at,
                                      struct hm_err *e);
HM_MUST hm_rc hm_release_read_sboms(struct hm_release *r, struct hm_json at,
                                    struct hm_err *e);
HM_MUST hm_rc hm_release_read_advisories(struct hm_release *r,
                                         struct hm_json at, struct hm_err *e);

/** The objects "provenance" and "signing". */
HM_MUST hm_rc hm_release_read_signing(struct hm_release *r, struct hm_json at,
                                      struct hm_err *e);

/** Refuse what could carry a PIN anywhere in the document. */
HM_MUST hm_rc hm_release_refuse_secrets(struct hm_json at, struct hm_err *e);

/** The rules that bind several members. */
HM_MUST hm_rc hm_release_check(const struct hm_release *r, struct hm_json at,
                               struct hm_err *e);

/* ---- making ------------------------------------------------------------ */

struct hm_index;

/** The tar inside an artefact, for the manifest. */
struct hm_release_content {
    bool has;
    uint8_t sha256[32];
};

/** The files of a release directory as they are now. */
struct hm_release_files {
    struct hm_index *index;              /**< owned */
    struct hm_release_content *contents; /**< owned: as many as index->n */
};

#define HM_RELEASE_FILES_INIT           \
    {                                   \
        .index = NULL, .contents = NULL \
    }

/** List and digest them; each is read once. */
HM_MUST hm_rc hm_release_read_files(const struct hm_dir *dir,
                                    struct hm_release_files *out,
                                    struct hm_err *e);
void hm_release_files_clear(struct hm_release_files *f);

/** What release.json says, with sizes and digests from @p files; sequence,
 * times and index are left to the caller. */
HM_MUST hm_rc hm_release_fill_manifest(const struct hm_release *r,
                                       const struct hm_release_files *files,
                                       struct hm_manifest *m, struct hm_err *e);

/** An authorisation and its signature files, read before anything of a release
 * directory is replaced: they may be the very files that lie there. */
struct hm_release_authorised {
    struct hm_buf document;                             /**< owned */
    struct hm_buf signature[HM_RELEASE_SIGNATURES_MAX]; /**< owned */
    bool has[HM_RELEASE_SIGNATURES_MAX];
};

#define HM_RELEASE_AUTHORISED_INIT                                            \
    {                                                                         \
        .document = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX), .has = { false } \
    }

/** @return HM_E_REJECTED `release.authorisation.unsigned`; HM_E_IO */
HM_MUST hm_rc hm_release_load_authorised(const char *path,
                                         struct hm_release_authorised *out,
                                         struct hm_err *e);

/** Write it into @p dir, in the place of the one there and its signatures. */
HM_MUST hm_rc
hm_release_put_authorised(const struct hm_release_authorised *from,
                          const struct hm_dir *dir, struct hm_err *e);
void hm_release_authorised_clear(struct hm_release_authorised *a);

/** Remove every signature file of @p document in @p dir. */
HM_MUST hm_rc hm_release_drop_signatures(const struct hm_dir *dir,
                                         const char *document,
                                         struct hm_err *e);

/** Set timestamp and expires. */
HM_MUST hm_rc hm_release_set_times(const char *issue_time, hm_time previous,
                                   int64_t valid_s, struct hm_manifest *m,
                                   struct hm_err *e);

/** The sequence after @p last; HM_E_LIMIT `release.sequence.range`. */
HM_MUST hm_rc hm_release_next_sequence(uint64_t last, uint64_t *out,
                                       struct hm_err *e);

/* ---- the repository --------------------------------------------------- */

/** Marks a directory as a repository, and is what the lock is taken on. */
#define HM_RELEASE_MARKER        ".hallmark-repository"
/** Where a publication grows; everything unfinished is in it. */
#define HM_RELEASE_WORK          ".hallmark-publish"
#define HM_RELEASE_WORK_COPY     "release"
#define HM_RELEASE_WORK_SERVED   "history"
#define HM_RELEASE_WORK_INTENT   "intent.json"
#define HM_RELEASE_INTENT_FORMAT "hallmark-publication/1"

/** Read "history/EPOCH-SEQUENCE" or, with @p prefix "", "EPOCH-SEQUENCE". */
HM_MUST hm_rc hm_release_read_served(const char *text, const char *prefix,
                                     struct hm_release_served *out,
                                     struct hm_err *e);

/** Compare by (epoch, sequence), like hm_version_compare(). */
int hm_release_compare_served(const struct hm_release_served *a,
                              const struct hm_release_served *b);

/** Where `live` points. @p out has epoch 0 when there is no such link. */
HM_MUST hm_rc hm_release_read_live(const struct hm_repository *repo,
                                   struct hm_release_served *out,
                                   struct hm_err *e);

/** What publishing needs to know of a release directory or a history folder,
 * read from its manifest.json and authorisation.json. */
struct hm_release_facts {
    struct hm_release_state state; /**< live and empty are not set */
    struct hm_buf manifest;        /**< owned: its exact bytes */
    struct hm_buf authorisation;   /**< owned: its exact bytes */
};

#define HM_RELEASE_FACTS_INIT                    \
    {                                            \
        .manifest = HM_BUF_INIT(64u << 10),      \
        .authorisation = HM_BUF_INIT(256u << 10) \
    }

HM_MUST hm_rc hm_release_read_facts(const struct hm_dir *dir,
                                    struct hm_release_facts *out,
                                    struct hm_err *e);
void hm_release_facts_clear(struct hm_release_facts *f);

/** Do two manifests differ in epoch, sequence, timestamp and expires
 * alone? */
HM_MUST hm_rc hm_release_compare_refresh(struct hm_bytes before,
                                         struct hm_bytes after, bool *same,
                                         struct hm_err *e);

/** What one publication will create, decided before anything is written. */
struct hm_release_plan {
    struct hm_release_facts facts;         /**< owned: of the new release */
    struct hm_release_published published; /**< what the caller is told */
};

#define HM_RELEASE_PLAN_INIT           \
    {                                  \
        .facts = HM_RELEASE_FACTS_INIT \
    }

/** The refusals that plans share; each is silent when the two agree. */
HM_MUST hm_rc hm_release_check_product(const struct hm_release_state *before,
                                       const char *vendor, const char *product,
                                       struct hm_err *e);
HM_MUST hm_rc hm_release_check_rollback(const struct hm_release_state *before,
                                        uint64_t rollback_counter,
                                        struct hm_err *e);

HM_MUST hm_rc hm_release_check_epoch(const struct hm_release_state *before,
                                     uint64_t epoch, struct hm_err *e);

/** Which release of the repository has version @p v (1.0 is 1.0.0)?
 * @param[out] found  its text; empty when there is none */
HM_MUST hm_rc hm_release_find_version(const struct hm_repository *repo,
                                      const struct hm_version *v,
                                      char found[static HM_VERSION_TEXT],
                                      struct hm_err *e);
HM_MUST hm_rc hm_release_refuse_version(const char *published,
                                        struct hm_err *e);

/** Is what @p dir would serve as @p next exactly what is live: the same signed
 * pair and the same signature files?  Fills p->already. */
HM_MUST hm_rc hm_release_find_again(const struct hm_repository *repo,
                                    const struct hm_dir *dir,
                                    const struct hm_release_served *next,
                                    struct hm_release_published *p,
                                    struct hm_err *e);

/** After that said yes: is the release of it in place, too?
 * @return what judge said; HM_E_REJECTED `release.repository.broken`; HM_E_IO */
HM_MUST hm_rc hm_release_check_again(const struct hm_repository *repo,
                                     const struct hm_dir *from,
                                     const struct hm_release_publishing *how,
                                     struct hm_release_published *p,
                                     struct hm_err *e);

/** May the release in @p dir follow what @p repo holds? */
HM_MUST hm_rc hm_release_make_plan(const struct hm_repository *repo,
                                   const struct hm_dir *dir,
                                   struct hm_release_plan *plan,
                                   struct hm_err *e);
void hm_release_plan_clear(struct hm_release_plan *plan);

/** Copy every file of a release directory, and make it last. */
HM_MUST hm_rc hm_release_copy(const struct hm_dir *from,
                              const struct hm_dir *to, struct hm_err *e);

/** Build the history folder in @p work from the copied release. */
HM_MUST hm_rc hm_release_copy_served(const struct hm_dir *work,
                                     struct hm_err *e);

/** Put root.json into roots/SHA256.json. */
HM_MUST hm_rc hm_release_put_root(const struct hm_repository *repo,
                                  const struct hm_dir *work,
                                  struct hm_bytes root, struct hm_err *e);

/** Put the finished folders of @p work in place and switch `live`, the last
 * step. */
HM_MUST hm_rc hm_release_commit(const struct hm_repository *repo,
                                const struct hm_dir *work,
                                const struct hm_release_published *p,
                                struct hm_err *e);

/** What to do about HM_E_IO while writing to the repository. */
HM_MUST hm_rc hm_release_hint_write(struct hm_err *e, hm_rc rc);

/** Undo a publication that did not reach `live`, or tidy up after one that did.
 * Names of what was removed are added to @p cleaned. */
HM_MUST hm_rc hm_release_recover(const struct hm_repository *repo,
                                 struct hm_names *cleaned, struct hm_err *e);

/** Remove the links at the top that lead nowhere through `live`. */
HM_MUST hm_rc hm_release_drop_links(const struct hm_repository *repo,
                                    struct hm_names *cleaned, struct hm_err *e);

#endif /* HM_RELEASE_PRIV_H */
