/** @file
 * What the parts of hallmark-publish share.
 */
#ifndef PUBLISH_PRIV_H
#define PUBLISH_PRIV_H

#include "hm_cli.h"
#include "hm_release.h"
#include "hm_verify.h"

/** The command line. */
struct publish_options {
    const char *root; /**< path of root.json */
    const char *at;   /**< NULL: the clock */
    const char *wait; /**< seconds for the lock; NULL: the usual */
    bool dry_run;
};

/** Judges a release directory with everything that hallmark-verify checks. */
struct publish_judge {
    struct hm_bytes root; /**< borrowed */
    struct hm_verify_options options;
    struct hm_report report; /**< owned: of the last call */
    unsigned calls;
};

HM_MUST hm_rc publish_run(struct hm_cli *cli, const struct publish_options *o,
                          struct hm_err *e);

/** Tell people and machines what happened. */
HM_MUST hm_rc publish_report(struct hm_cli *cli,
                             const struct publish_options *o,
                             const struct publish_judge *judge,
                             const struct hm_release_published *published,
                             struct hm_err *e);

/** The JSON result of a refusal, with every check. */
HM_MUST hm_rc publish_report_refusal(struct hm_cli *cli,
                                     const struct publish_judge *judge,
                                     const struct hm_err *why,
                                     struct hm_err *e);

#endif /* PUBLISH_PRIV_H */
