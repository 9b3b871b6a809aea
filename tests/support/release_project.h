/** @file
 * A product's repository with everything that `hallmark release` needs: keys
 * (key_story.h), a firmware tree, an SBOM, a commit and release.json.
 */
#ifndef RELEASE_PROJECT_H
#define RELEASE_PROJECT_H

#include "key_story.h"

/** Make it; version 1.0.0, product "thermostat", repository "repository". */
void project_make(struct key_story *s);

/** Give release.json and the SBOM another version, and commit. */
void project_version(const struct key_story *s, const char *version);

/** Replace the one occurrence of @p old in file @p name. */
void project_edit(const struct key_story *s, const char *name, const char *old,
                  const char *text);

/** Commit everything that is not ignored. */
void project_commit(const struct key_story *s);

#endif /* RELEASE_PROJECT_H */
