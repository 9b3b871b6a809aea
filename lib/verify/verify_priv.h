/** @file
 * What the checks share: everything read so far, and how they report.
 */
#ifndef HM_VERIFY_PRIV_H
#define HM_VERIFY_PRIV_H

#include "hm_attest.h"
#include "hm_verify.h"

/** What must be known before a check can run; a check that passes may add one
 * of them. */
enum verify_state {
    GOT_AUTHORISATION_SIGNED = 1u << 0, /**< authorisation_bytes are signed */
    GOT_AUTHORISATION = 1u << 1,        /**< authorisation, of our root set */
    GOT_MANIFEST_SIGNED = 1u << 2,      /**< manifest_bytes may be parsed */
    GOT_MANIFEST = 1u << 3,             /**< manifest */
    GOT_INDEX = 1u << 4,                /**< index, bound by the manifest */
    GOT_FILES = 1u << 5                 /**< every listed file is what it was */
};

struct verify {
    const struct hm_dir *dir; /**< borrowed */
    struct hm_verify_options options;
    struct hm_root root;
    struct hm_names tree;
    struct hm_buf authorisation_bytes;
    struct hm_authorisation authorisation;
    struct hm_buf manifest_bytes;
    struct hm_signatures manifest_sigs;
    struct hm_manifest manifest;
    struct hm_index index;
    unsigned state;           /**< of enum verify_state */
    struct hm_report *report; /**< borrowed */
    const char *check;        /**< id of the check that runs */
    struct hm_err first;      /**< of the first failed check */
    size_t failures;          /**< of the check that runs */
};

/** Append a finding, all else empty.  @return HM_E_NOMEM */
HM_MUST hm_rc report_add(struct hm_report *report, const char *check,
                         enum hm_result result, struct hm_finding **out,
                         struct hm_err *e);

/** Nothing failed, and nothing that must run was left out. */
bool report_is_yes(const struct hm_report *report);

/** Record that the running check failed for @p file ("" for none) as @p why
 * tells.  What the system is to blame for is not recorded but returned.
 *
 * @return HM_OK when recorded; HM_E_IO, HM_E_NOMEM, HM_E_INTERNAL as they are
 */
HM_MUST hm_rc verify_fail(struct verify *v, const char *file,
                          const struct hm_err *why, struct hm_err *e);

/** verify_fail() unless @p rc is HM_OK. */
HM_MUST hm_rc verify_note(struct verify *v, const char *file, hm_rc rc,
                          const struct hm_err *why, struct hm_err *e);

/** Record any other result of the running check. */
HM_MUST hm_rc verify_say(struct verify *v, enum hm_result result,
                         const char *reason, const char *file, struct hm_err *e,
                         const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/** Record that what the running check looks at is not made yet: not-run, and
 * excused for that. */
HM_MUST hm_rc verify_excuse(struct verify *v, const char *file,
                            const char *text, struct hm_err *e);

/* The checks.  Each returns HM_OK also when it recorded failures. */
HM_MUST hm_rc verify_names(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_authorisation_signature(struct verify *v,
                                             struct hm_err *e);
HM_MUST hm_rc verify_authorisation_content(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_authorisation_time(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_manifest_signature(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_manifest_content(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_manifest_keys(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_manifest_identity(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_manifest_freshness(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_manifest_rollback(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_manifest_advisories(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_index_binding(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_index_files(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_artefacts_listed(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_artefacts_content(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_attestations(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_provenance(struct verify *v, struct hm_err *e);
HM_MUST hm_rc verify_sboms(struct verify *v, struct hm_err *e);

/** The manifest's artefacts one after the other, each name once: the i-th, or
 * NULL behind the last. */
const struct hm_artefact *verify_artefact(const struct hm_manifest *m,
                                          size_t i);

/** Load a listed file whole; its bytes are compared with the index again, so
 * that what is used is what was checked. */
HM_MUST hm_rc verify_load_listed(const struct verify *v, const char *name,
                                 struct hm_buf *out, struct hm_err *e);

/** Read the attestation file @p name: an envelope that a current provenance
 * key signs, and its Statement.  Both are the caller's to clear.
 * @return HM_E_FORMAT, HM_E_REJECTED, HM_E_LIMIT; HM_E_IO; HM_E_NOMEM */
HM_MUST hm_rc verify_load_statement(const struct verify *v, const char *name,
                                    struct hm_attest_envelope *env,
                                    struct hm_attest_statement *s,
                                    struct hm_err *e);

#endif /* HM_VERIFY_PRIV_H */
