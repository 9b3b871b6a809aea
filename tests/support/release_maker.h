/** @file
 * Makes release directories for tests: complete and rightly signed, or wrong in
 * exactly one thing with right digests and signatures around it.
 *
 *     struct maker m;
 *
 *     maker_init(&m, 2, 3);
 *     maker_release(&m, hm_temp_path(&t, "good"), NULL);
 *     maker_release(&m, hm_temp_path(&t, "bad"),
 *                   &(struct maker_plan){.edit_manifest = make_it_old});
 *     ... hm_verify_release(&dir, hm_buf_view(&m.root), ...) ...
 *     maker_clear(&m);
 *
 * Keys are made in memory and thrown away.  Every call fails the test when it
 * cannot do what it is asked; none may run while alloc_fail_after() is armed.
 */
#ifndef RELEASE_MAKER_H
#define RELEASE_MAKER_H

#include "hm_attest.h"
#include "hm_manifest.h"
#include "hm_run.h"
#include "hm_trust.h"

#define MAKER_TIME ((hm_time)1778572800) /**< 2026-05-12T08:00:00Z */
#define MAKER_DAY  ((hm_time)86400)

enum maker_name {
    MAKER_ROOT_1,
    MAKER_ROOT_2,
    MAKER_ROOT_3,
    MAKER_VENDOR,       /**< authorised, role manifest */
    MAKER_PROVENANCE,   /**< authorised, role provenance */
    MAKER_VERIFICATION, /**< stranger, until maker_authorise() */
    MAKER_RETIRED,      /**< was a vendor key until a day before MAKER_TIME */
    MAKER_STRANGER,     /**< never authorised */
    MAKER_KEYS
};

struct maker_key {
    struct evp_pkey_st *pkey; /**< owned: the private key */
    struct hm_public_key key; /**< owned */
};

/** Keys and the root set over them; good for any number of releases. */
struct maker {
    struct maker_key keys[MAKER_KEYS];
    unsigned threshold;
    struct hm_buf root; /**< owned: bytes of root.json, vendor acme; a test may
                             change them: authorisations name their digest */
};

/** Make the keys and a root set of the first @p n (1..3) root keys. */
void maker_init(struct maker *m, unsigned threshold, unsigned n);
void maker_clear(struct maker *m);

/** Put a key of scheme ecdsa-p384-sha384 in the place of one that is not in the
 * root set. */
void maker_use_p384(struct maker *m, enum maker_name key);

/** Who signs a document, one signature each, in this order. */
struct maker_signers {
    bool nobody; /**< no signature at all */
    unsigned n;  /**< 0: those who should */
    enum maker_name key[HM_SIGNATURES_MAX];
};

/** A further file below artefacts/, sbom/, attestations/, advisories/ or
 * records/; it stands in the index like any other. */
struct maker_file {
    const char *name; /**< e.g. "artefacts/extra.bin" */
    const char *text;
};

/** What differs from the plain release; whatever is 0 or NULL is as it should
 * be.  The edits are called in this order, each before its document is written,
 * digested and signed.  A writer refuses what its reader would: such wrongness
 * is for edit_bytes. */
struct maker_plan {
    const char *product;             /**< "thermostat" */
    const char *version;             /**< "1.0.1" */
    hm_time time;                    /**< of every act: MAKER_TIME */
    uint64_t epoch;                  /**< 1 */
    uint64_t sequence;               /**< 1 */
    uint64_t rollback_counter;       /**< 2 */
    uint64_t authorisation_sequence; /**< 1 */
    struct maker_signers authorisation, manifest, provenance;
    const struct maker_file *extra; /**< @p extra_n of them */
    size_t extra_n;
    void *context; /**< handed to every edit */

    /** Its subjects: the files in artefacts/. */
    void (*edit_provenance)(struct hm_attest_provenance *p,
                            struct hm_attest_subject *subjects, size_t n,
                            void *context);
    void (*edit_authorisation)(struct hm_authorisation *a, void *context);
    void (*edit_index)(struct hm_index *index, void *context);
    void (*edit_manifest)(struct hm_manifest *manifest, void *context);
    /** Any bytes, by name in the release, before they are digested or signed.
     * "attestations/provenance.intoto.jsonl" is the envelope; "statement" is
     * what is signed inside it. */
    void (*edit_bytes)(const char *name, struct hm_buf *bytes, void *context);
};

/** Make the release in the new directory @p path: manifest.json,
 * authorisation.json, their signatures, index.json,
 * artefacts/PRODUCT-VERSION.tar.gz, sbom/PRODUCT-VERSION.cdx.json,
 * attestations/provenance.intoto.jsonl, records/release.json.
 * @param plan  may be NULL: the plain release */
void maker_release(const struct maker *m, const char *path,
                   const struct maker_plan *plan);

/** Write m's root.json to @p path. */
void maker_save_root(const struct maker *m, const char *path);

/** Sign @p document (as it is now) below @p path, removing the signatures it
 * had: for tests that changed it afterwards. */
void maker_sign(const struct maker *m, const char *path, const char *document,
                const struct maker_signers *who);

/** One signature of @p key over @p message, as NAME.sig holds it. */
void maker_signature(const struct maker *m, enum maker_name key,
                     struct hm_bytes message, struct hm_buf *out);

/** Add a key to an authorisation, for one product, valid as long as @p a is;
 * for edit_authorisation. */
void maker_authorise(const struct maker *m, struct hm_authorisation *a,
                     enum maker_name key, enum hm_role role,
                     const char *product);

/** Put a text in the place of what @p bytes holds; for edit_bytes. */
void maker_set(struct hm_buf *bytes, const char *text);

/** Replace the one occurrence of @p old in @p bytes; for edit_bytes. */
void maker_replace(struct hm_buf *bytes, const char *old, const char *text);

#endif /* RELEASE_MAKER_H */
