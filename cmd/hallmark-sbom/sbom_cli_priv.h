/** @file
 * What the parts of `hallmark-sbom` share.
 */
#ifndef SBOM_CLI_PRIV_H
#define SBOM_CLI_PRIV_H

#include "hm_cli.h"
#include "hm_release.h"
#include "hm_sbom.h"

hm_rc sbom_check_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt sbom_check_opts[];

/** What a release asks of an SBOM. */
struct sbom_asked {
    struct hm_release release;           /**< owned */
    const struct hm_release_sbom *entry; /**< NULL: no release was named */
    const char *artefact;                /**< its name; NULL: not known */
    struct hm_digests digests;
    struct hm_sbom_wanted wanted;
};

#define SBOM_ASKED_INIT             \
    {                               \
        .release = HM_RELEASE_INIT, \
    }

/** Read release.json and find the entry of @p file.
 *
 * @param output  path of the bound copy: its name decides when several entries
 *                name the same file; may be NULL
 * @param stage   directory with artefacts/; NULL: digests are not asked
 * @return HM_E_USAGE `sbom.entry.missing`, `sbom.entry.ambiguous` and what
 *         hm_release_load() says; HM_E_IO */
HM_MUST hm_rc sbom_ask(struct sbom_asked *a, const char *file,
                       const char *output, const char *release,
                       const char *stage, struct hm_err *e);

void sbom_asked_clear(struct sbom_asked *a);

#endif /* SBOM_CLI_PRIV_H */
