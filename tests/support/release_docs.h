/** @file
 * Release directories to publish: documents that the strict readers take, with
 * signatures that nobody made (the judge of these tests does not look).
 */
#ifndef RELEASE_DOCS_H
#define RELEASE_DOCS_H

#include "hm_run.h"

/** What differs from the plain one; 0 and NULL are the plain values. */
struct docs {
    const char *version;
    const char *product;       /**< "thermostat" */
    unsigned epoch;            /**< 1 */
    unsigned sequence;         /**< 1 */
    unsigned rollback;         /**< 2 */
    int later_s;               /**< added to the timestamp */
    unsigned authorisation;    /**< its sequence: 5 */
    int authorisation_later_s; /**< added to its time: other bytes */
};

/** Write the release directory @p folder below @p t. */
void docs_release(const struct hm_temp *t, const char *folder,
                  const struct docs *docs);

/** Write only authorisation.json, unsigned, into @p folder. */
void docs_authorisation(const struct hm_temp *t, const char *folder,
                        const struct docs *docs);

/** Write release.json that fits docs_release(): one ready artefact a.bin, no
 * SBOM, repository "repo", everything in @p folder. */
void docs_configuration(const struct hm_temp *t, const char *folder,
                        const struct docs *docs);

#endif /* RELEASE_DOCS_H */
