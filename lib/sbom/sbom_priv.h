/** @file
 * What the parts of this room share.
 */
#ifndef SBOM_PRIV_H
#define SBOM_PRIV_H

#include "hm_sbom.h"

/** Fill refs, duplicates and dangling. */
HM_MUST hm_rc sbom_read_refs(struct hm_sbom *s, struct hm_json root,
                             struct hm_err *e);

/** What the root component says of the artefact. */
struct sbom_stated {
    bool has_sha256, has_sha512; /**< stated, and right */
    size_t entries;              /**< all entries of hashes */
    const char *wrong;           /**< "SHA-256" or "SHA-512" when stated and
                                      different; else NULL */
    struct hm_bytes found;       /**< the wrong value */
};

void sbom_compare_root(const struct hm_sbom *s,
                       const struct hm_digests *artefact,
                       struct sbom_stated *out);

/** The root states another digest: HM_E_REJECTED `sbom.component.digest`. */
HM_MUST hm_rc sbom_refuse_digest(const struct sbom_stated *stated,
                                 const struct hm_digests *artefact,
                                 struct hm_err *e);

/** The first component that gives two values for one algorithm, or NULL. */
const char *sbom_find_conflict(const struct hm_sbom *s);

/** Is there a metadata.component with a name?
 * @return HM_E_REJECTED `sbom.root.missing` */
HM_MUST hm_rc sbom_check_root(const struct hm_sbom *s, struct hm_err *e);

#endif /* SBOM_PRIV_H */
