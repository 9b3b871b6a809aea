/** @file
 * A published repository with a history: for the tests of evidence.
 *
 *     root.json     2 of 3 root keys
 *     repository/   1.0.0, signed by a key that was retired since, and the
 *                   security update 1.0.1 by its successor, whose advisory
 *                   carries hostile text
 */
#ifndef EVIDENCE_STORY_H
#define EVIDENCE_STORY_H

#include "release_maker.h"

struct evidence_story {
    struct hm_temp temp;
    struct maker maker;
};

void evidence_story_make(struct evidence_story *s);
void evidence_story_clear(struct evidence_story *s);

#define STORY_HOSTILE "</td><script>alert(1)</script>'\"&"

/** Run in the folder of the story. */
#define EVIDENCE_RUN(s, r, ...) \
    HM_RUN((r), (&(struct hm_run_how){.cwd = (s)->temp.path}), __VA_ARGS__)

/** hallmark-evidence build repository --root root.json -o NAME; must work. */
void evidence_story_build(const struct evidence_story *s, const char *name);

/** Run `sh SCRIPT` there, with nothing in the environment but PATH. */
int evidence_story_sh(const struct evidence_story *s, const char *script,
                      struct hm_run *r);

/** Run the pack's verify.sh as an auditor would: its exit status. */
int evidence_story_verify(const struct evidence_story *s, const char *pack);

/** Put the signed pair of the release folder @p from into history/NAME of the
 * repository, without asking hallmark-publish. */
void evidence_story_serve(const struct evidence_story *s, const char *from,
                          const char *name);

#endif /* EVIDENCE_STORY_H */
