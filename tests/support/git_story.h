/** @file
 * A product's git repository, made by git itself and touched by nobody's
 * settings:
 *
 *     work/release.json main.c .gitignore    committed at GIT_STORY_TIME, on
 *                                            the branch main
 *     work/stage/artefacts/fw.bin            "abc", ignored by git
 */
#ifndef GIT_STORY_H
#define GIT_STORY_H

#include "hm_run.h"

#define GIT_STORY_TIME   1778572800 /**< 2026-05-12T08:00:00Z */
#define GIT_STORY_SHA256            /**< of fw.bin */ \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

struct git_story {
    struct hm_temp t;
};

/** Make it.  Variables of git and of pipelines are taken out of the test's own
 * environment: it may run in a pipeline itself. */
void git_story_make(struct git_story *s);
void git_story_clear(struct git_story *s);

/** A path below the folder, good until the block ends. */
#define git_story_path(s, name) hm_temp_path(&(s)->t, name)

/** Run `sh -e -c SCRIPT` in the folder @p in below it; must succeed. */
void git_story_sh(const struct git_story *s, const char *in,
                  const char *script);

/** The id of HEAD of work/. */
void git_story_head(const struct git_story *s, char out[static 65]);

/** The Statement that a program wrote to standard output, ending with exit 0,
 * holds the string @p want at the JSON pointer; NULL: there is nothing. */
void assert_says(const struct hm_run *r, const char *pointer, const char *want);

#define SAYS_EXTERNAL   "/predicate/buildDefinition/externalParameters/"
#define SAYS_INTERNAL   "/predicate/buildDefinition/internalParameters/"
#define SAYS_DEPENDENCY "/predicate/buildDefinition/resolvedDependencies/0/"
#define SAYS_METADATA   "/predicate/runDetails/metadata/"

#endif /* GIT_STORY_H */
