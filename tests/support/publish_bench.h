/** @file
 * A bench to publish on: release directories (release_docs.h) below one
 * temporary directory, the repository in "repo", a judge that obeys.
 */
#ifndef PUBLISH_BENCH_H
#define PUBLISH_BENCH_H

#include "hm_release.h"
#include "hm_run.h"
#include "release_docs.h"

/** Says yes, unless told otherwise. */
struct judge {
    int calls;
    int refuse_call;         /**< 1 or 2; 0: none */
    const struct hm_temp *t; /**< with it: changed after the first call */
    const char *change;
};

hm_rc bench_judge(void *context, const struct hm_dir *dir, struct hm_err *e);

/** What one publication gave. */
struct outcome {
    struct hm_names cleaned;
    struct hm_release_published published;
    struct hm_err e;
};

#define OUTCOME_INIT             \
    {                            \
        .cleaned = HM_NAMES_INIT \
    }

void outcome_clear(struct outcome *o);

/** Lock "repo" and publish the folder @p release. */
HM_MUST hm_rc bench_publish_judged(const struct hm_temp *t, const char *release,
                                   struct judge *j, struct outcome *o);
HM_MUST hm_rc bench_publish(const struct hm_temp *t, const char *release,
                            struct outcome *o);
void bench_publish_ok(const struct hm_temp *t, const char *release);

/** All names in "repo" and where live leads, as one text: equal texts, equal
 * repositories. */
void bench_snapshot(const struct hm_temp *t, struct hm_buf *out);

/** Is there such a file (links followed)? */
bool bench_has(const struct hm_temp *t, const char *name);

void bench_read_state(const struct hm_temp *t, struct hm_release_state *s);

/** Two files hold the same bytes; read through links, as a server reads. */
void bench_same_bytes(const struct hm_temp *t, const char *a, const char *b);

#endif /* PUBLISH_BENCH_H */
