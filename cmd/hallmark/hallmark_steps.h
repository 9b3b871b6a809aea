/** @file
 * The steps of one release, each a program beside this one.
 */
#ifndef HALLMARK_STEPS_H
#define HALLMARK_STEPS_H

#include "hallmark_priv.h"

/** One run of `hallmark release`. */
struct run {
    struct hm_cli *cli;          /**< borrowed */
    const char *issue_time, *at; /**< borrowed; NULL: the clock */
    bool allow_dirty;
    bool dry_run;
    bool build_twice; /**< pack each tree again and compare */
    bool pretend;     /**< this step is only shown */
    size_t untried;   /**< keys that a dry run could not reach */
    const char *file; /**< borrowed: the path of release.json as given */
    struct hm_release release; /**< owned */
    struct stage stage;        /**< owned */
    struct hm_buf folder;      /**< owned: of the programs */
    struct hm_buf variable;    /**< owned: SOURCE_DATE_EPOCH=… or empty */
    struct child_how how;      /**< views into the two above */
    struct hm_names done;      /**< owned: the lines that were run */
};

#define RUN_INIT                                                   \
    {                                                              \
        .release = HM_RELEASE_INIT, .stage = STAGE_INIT,           \
        .folder = HM_BUF_INIT(8192), .variable = HM_BUF_INIT(128), \
        .how = {.closed = {-1, -1, -1}}, .done = HM_NAMES_INIT     \
    }

/** The time of the commit that provenance.repository has checked out. */
HM_MUST hm_rc steps_commit_time(const struct run *run, hm_time *out,
                                struct hm_err *e);

/** Does the authorisation that release.json names, signed by its root.json,
 * allow this release?  What step 7 would find minutes later.
 *
 * @return HM_E_REJECTED `manifest.vendor`, `manifest.epoch`,
 *         `manifest.rollback.above`, `trust.key.none`, `trust.limit.missing`,
 *         `hallmark.key.missing` (of a role that devices ask for),
 *         `trust.authorisation.*`; as hm_root_load() and
 *         hm_authorisation_load() */
HM_MUST hm_rc hallmark_check_trust(const struct run *run, struct hm_err *e);

/** From packing to publishing, or in a dry run to what needs no PIN. */
HM_MUST hm_rc steps_run(struct run *run, struct hm_err *e);

void run_clear(struct run *run);

#endif /* HALLMARK_STEPS_H */
