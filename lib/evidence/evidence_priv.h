/** @file
 * What the evidence is made of: the facts that were established about a
 * repository, and the claims they are laid against.  Facts first, claims
 * second, files last; no part looks back.
 */
#ifndef EVIDENCE_PRIV_H
#define EVIDENCE_PRIV_H

#include "hm_evidence.h"
#include "hm_release.h"
#include "hm_verify.h"
#include "pack_priv.h"

/* ---- facts --------------------------------------------------------------- */

/** Results of checks, those of lib/verify and those made here. */
struct ev_findings {
    struct hm_finding *finding; /**< owned */
    size_t n;
};

/** A valid signature over a document of the pack. */
struct ev_signature {
    const char *role; /**< static: "root" or a role */
    char keyid[HM_SHA256_HEX];
    const char *digest; /**< static: as openssl dgst says it, e.g. "sha256" */
    char file[EV_NAME_MAX + 1]; /**< name in the pack */
};

struct ev_signatures {
    struct ev_signature sig[HM_SIGNATURES_MAX];
    size_t n;
};

/** A signature over a Statement in a DSSE envelope. */
struct ev_statement {
    char file[EV_NAME_MAX + 1];    /**< the envelope, in the pack */
    unsigned number;               /**< of the signature in it, from 1 */
    char payload[EV_NAME_MAX + 1]; /**< decoded copy in the pack */
    struct ev_signature by;        /**< by.file is the decoded signature */
    struct hm_names subjects; /**< owned; files of the release that it names */
};

/** A manifest with its authorisation: as it was served, or as a release. */
struct ev_document {
    char folder[100]; /**< in the pack, "repository/history/1-3" */
    bool is_release;
    char files[100]; /**< folder of the release it is for, in the pack */
    struct hm_manifest manifest;           /**< owned */
    struct hm_authorisation authorisation; /**< owned */
    struct ev_signatures by_root;          /**< over authorisation.json */
    struct ev_signatures by_vendor;        /**< over manifest.json */
    struct ev_statement *statement;        /**< owned */
    size_t n_statement;
    struct ev_findings findings; /**< owned */
    struct hm_names withheld; /**< owned; listed, but not in the repository */
    uint64_t digests; /**< that manifest.json and index.json state of files */
};

/** A key that some authorisation lists. */
struct ev_key {
    const char *role; /**< static: "root" or a role */
    char keyid[HM_SHA256_HEX];
    char scheme[HM_TRUST_WORD];
    char name[HM_TRUST_TEXT]; /**< of a root key, else of its token */
    struct hm_buf pem;        /**< owned; empty when the scheme is not known */
    hm_time valid_from, valid_until;        /**< 0, 0 for root keys */
    uint64_t first_sequence, last_sequence; /**< of authorisations with it */
    uint64_t retired_sequence; /**< authorisation that retired it; 0: none */
    hm_time retired_since;
    enum hm_retire_reason retired_reason;
};

/** Everything that was established, in order of serving. */
struct ev_facts {
    struct hm_root root;      /**< owned */
    struct hm_buf root_bytes; /**< owned */
    hm_time as_of;
    struct ev_document *served; /**< owned; oldest first, at least one */
    size_t n_served;
    struct ev_document *release; /**< owned; by version */
    size_t n_release;
    struct ev_key *key; /**< owned; root keys first, then as they appear */
    size_t n_key;
    struct ev_findings findings; /**< owned; of the history as a whole */
};

#define EV_FACTS_INIT                                                       \
    {                                                                       \
        .root = HM_ROOT_INIT, .root_bytes = HM_BUF_INIT(HM_ROOT_BYTES_MAX), \
        .served = NULL, .release = NULL, .key = NULL                        \
    }

/** Vendor and product: those of the first manifest served; all have the same. */
const char *ev_vendor(const struct ev_facts *facts);
const char *ev_product(const struct ev_facts *facts);

/** Establish everything about the repository below @p repository.  The root of
 * @p facts is there already; the decoded Statements join @p pack.
 *
 * @return as hm_evidence_build()
 */
HM_MUST hm_rc ev_facts_gather(struct ev_facts *facts,
                              const struct hm_repository *repository,
                              struct ev_pack *pack, struct hm_err *e);
void ev_facts_clear(struct ev_facts *facts);

/* ---- parts of gathering --------------------------------------------------- */

/** "manifest", …, as signatures and keys name it. */
#define EV_ROLE_ROOT "root"

/** Zeroed room for @p n objects; freed by whoever clears the owner. */
HM_MUST hm_rc ev_make_array(void **out, size_t n, size_t size,
                            struct hm_err *e);

/** Add a pass.  Each %s is text that hm_show() has seen. */
HM_MUST hm_rc ev_add_pass(struct ev_findings *to, const char *check,
                          const char *file, struct hm_err *e, const char *fmt,
                          ...) __attribute__((format(printf, 5, 6)));

/** Add the results of lib/verify. */
HM_MUST hm_rc ev_add_report(struct ev_findings *to,
                            const struct hm_report *report, struct hm_err *e);

/** Add a result that is no pass; @p e of the caller stays as it is. */
HM_MUST hm_rc ev_add_warning(struct ev_findings *to, const char *check,
                             const char *reason, struct hm_err *e,
                             const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/** The word of openssl dgst for @p scheme. */
const char *ev_digest_word(enum hm_scheme scheme);

/** Verify and read the signed pair in @p dir. d->folder is set already. */
HM_MUST hm_rc ev_document_load(struct ev_document *d, const struct hm_dir *dir,
                               const struct hm_root *root, struct hm_err *e);

/** Verify the release in @p dir, whose pair was loaded, as of its timestamp. */
HM_MUST hm_rc ev_release_load(struct ev_document *d, const struct hm_dir *dir,
                              struct hm_bytes root, struct ev_pack *pack,
                              struct hm_err *e);

/** Take the envelope @p name of a release apart; its parts join @p pack. */
HM_MUST hm_rc ev_statement_load(struct ev_document *d, const struct hm_dir *dir,
                                const char *name, const struct hm_index *index,
                                struct ev_pack *pack, struct hm_err *e);

/** Keys of the root and of every authorisation. */
HM_MUST hm_rc ev_keys_gather(struct ev_facts *facts, struct hm_err *e);

/** What only the sequence of manifests shows. */
HM_MUST hm_rc ev_history_check(struct ev_facts *facts, struct hm_err *e);

void ev_document_clear(struct ev_document *d);

#endif /* EVIDENCE_PRIV_H */
