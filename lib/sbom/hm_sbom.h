/** @file
 * SBOMs: CycloneDX JSON 1.4 to 1.7 in, a verdict and a bound copy out.
 *
 * What is not done here: the CycloneDX JSON Schema is not applied (members that
 * we do not use are not looked at), no licence, purl or completeness rule is
 * judged, no embedded signature is verified, SPDX and XML are recognised but
 * not read.  A yes means: one strict JSON document that describes this product,
 * this version and, when asked, this very file.
 *
 * @source CycloneDX/specification schema/bom-1.{4..7}.schema.json
 */
#ifndef HM_SBOM_H
#define HM_SBOM_H

#include "hm_crypto.h"
#include "hm_json.h"

#define HM_SBOM_BYTES_MAX (64u << 20) /**< most bytes of an SBOM */

/** What a file looks like from its first bytes; a guess for messages. */
enum hm_sbom_format {
    HM_SBOM_UNKNOWN,
    HM_SBOM_CYCLONEDX_JSON,
    HM_SBOM_CYCLONEDX_XML,
    HM_SBOM_SPDX_JSON, /**< 2.x */
    HM_SBOM_SPDX_TAG,  /**< 2.x tag-value */
    HM_SBOM_SPDX_RDF,
    HM_SBOM_SPDX_3,   /**< JSON-LD */
    HM_SBOM_SYFT,     /**< Syft's own JSON */
    HM_SBOM_JSON,     /**< JSON of another kind */
    HM_SBOM_XML,      /**< XML of another kind */
    HM_SBOM_PACKED,   /**< gzip, bzip2, xz, zstd, zip */
    HM_SBOM_UTF16,    /**< UTF-16 or UTF-32, with or without mark */
    HM_SBOM_UTF8_MARK /**< a byte-order mark in front */
};

enum hm_sbom_format hm_sbom_identify(struct hm_bytes text);

/** e.g. "SPDX 2.x in JSON". */
const char *hm_sbom_format_name(enum hm_sbom_format format);

/** An SBOM that was read.  Strings belong to the document. */
struct hm_sbom {
    struct hm_bytes text;     /**< borrowed: what was read; outlives this */
    struct hm_json_doc doc;   /**< owned */
    const char *spec_version; /**< "1.4" … "1.7" */
    const char *serial;       /**< serialNumber; NULL when absent */
    struct hm_json component; /**< metadata.component, the root; item is NULL
                                 when absent */
    const char *name;         /**< of the root component; NULL when absent */
    const char *version;      /**< of the root component; NULL when absent */
    size_t components; /**< all, nested ones too; the root itself not counted */
    size_t services;   /**< all, nested ones too */
    size_t dependencies;        /**< entries of dependencies[] */
    size_t vulnerabilities;     /**< entries of vulnerabilities[] */
    bool has_signature;         /**< a JSF signature around the document; it is
                                    never verified */
    struct hm_names refs;       /**< owned, sorted: every bom-ref */
    struct hm_names duplicates; /**< owned: each bom-ref that stands twice */
    struct hm_names dangling;   /**< owned: refs of dependencies that nothing
                                     in the document has */
};

#define HM_SBOM_INIT                                                       \
    {                                                                      \
        .text = {NULL, 0}, .doc = HM_JSON_DOC_INIT, .refs = HM_NAMES_INIT, \
        .duplicates = HM_NAMES_INIT, .dangling = HM_NAMES_INIT             \
    }

/** Read a CycloneDX JSON document.
 *
 * @param text    at most HM_SBOM_BYTES_MAX bytes
 * @param[out] s  cleared, then filled; empty after failure
 * @return HM_E_FORMAT `sbom.format.unsupported` (another format: the text says
 *         which), `sbom.version.unsupported` (specVersion), `json.member.*` (a
 *         member that we use is missing or has the wrong type), and `json.*` of
 *         hm_json_check(HM_JSON_FOREIGN);
 *         HM_E_LIMIT `json.size`, `json.depth`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_sbom_read(struct hm_sbom *s, struct hm_bytes text,
                           struct hm_err *e);

void hm_sbom_clear(struct hm_sbom *s);

/** What the SBOM must describe; NULL: not asked. */
struct hm_sbom_wanted {
    const char *product;
    const char *version;
    const struct hm_digests *artefact;
};

enum hm_sbom_result {
    HM_SBOM_PASS,
    HM_SBOM_FAIL,
    HM_SBOM_WARN,
    HM_SBOM_NOT_RUN /**< never counts as a pass */
};

/** Result of one check. */
struct hm_sbom_finding {
    const char *check; /**< stable word, e.g. "sbom.component.digest"; static */
    const char *topic; /**< what is looked at, e.g. "bom-refs": reads right
                            also when it is in order; static */
    enum hm_sbom_result result;
    char text[512]; /**< what was expected and found; printable ASCII */
};

/** All checks in their order. */
struct hm_sbom_verdict {
    struct hm_sbom_finding *findings; /**< owned array */
    size_t n;
    size_t failed, warned, not_run;
};

#define HM_SBOM_VERDICT_INIT                                             \
    {                                                                    \
        .findings = NULL, .n = 0, .failed = 0, .warned = 0, .not_run = 0 \
    }

/** Run every check; a failed check is a finding, not a failure of the call.
 *
 * The checks, each a finding of this name:
 * `sbom.root.missing` (no metadata.component with a name),
 * `sbom.product.name`, `sbom.product.version` (exact strings; not-run unless
 * asked), `sbom.component.digest` (a SHA-256 or SHA-512 of the root component
 * that is not the artefact's; a warning when it states none; not-run unless
 * asked), `sbom.hash.conflict` (two values for one algorithm in one component),
 * `sbom.component.none` (no component besides the root),
 * `sbom.ref.duplicate`, `sbom.ref.dangling`,
 * `sbom.vulnerability.present` (warning: a release's SBOM carries none),
 * `sbom.signature.unverified` (warning).
 *
 * @param[out] v  cleared, then filled
 * @return HM_E_NOMEM
 */
HM_MUST hm_rc hm_sbom_judge(const struct hm_sbom *s,
                            const struct hm_sbom_wanted *wanted,
                            struct hm_sbom_verdict *v, struct hm_err *e);

void hm_sbom_verdict_clear(struct hm_sbom_verdict *v);

/** "pass", "fail", "warn" or "not-run". */
const char *hm_sbom_result_name(enum hm_sbom_result result);

/** Is this SBOM bound: does its root component name exactly the product, the
 * version and the artefact (both SHA-256 and SHA-512 stated and right)?
 *
 * @param wanted  all three members given
 * @return HM_OK only then; HM_E_REJECTED `sbom.root.missing`,
 *         `sbom.product.name`, `sbom.product.version`,
 *         `sbom.component.digest` (stated and different),
 *         `sbom.component.unbound` (not stated); HM_E_INTERNAL
 *         `sbom.wanted.missing`
 */
HM_MUST hm_rc hm_sbom_check_binding(const struct hm_sbom *s,
                                    const struct hm_sbom_wanted *wanted,
                                    struct hm_err *e);

/** Write the bound copy: every byte of the SBOM as it was, except that the
 * value of metadata.component.hashes is exactly the artefact's SHA-256 and
 * SHA-512.  A document that says exactly that already is copied unchanged.
 *
 * @param[out] out  cleared, then filled; give it HM_SBOM_BYTES_MAX + 4096;
 *                  empty after failure
 * @return HM_E_REJECTED `sbom.root.missing`,
 *         `sbom.component.digest` (states another SHA-256 or SHA-512),
 *         `sbom.signature.broken` (the change would break the signature that
 *         the document carries);
 *         HM_E_FORMAT `sbom.root.escaped` (the names on the way are written
 *         with escapes); HM_E_LIMIT; HM_E_NOMEM
 */
HM_MUST hm_rc hm_sbom_bind(const struct hm_sbom *s,
                           const struct hm_digests *artefact,
                           struct hm_buf *out, struct hm_err *e);

#endif /* HM_SBOM_H */
