/** @file
 * The verbs of hallmark-evidence.
 */
#ifndef EVIDENCE_CLI_PRIV_H
#define EVIDENCE_CLI_PRIV_H

#include "hm_cli.h"
#include "hm_evidence.h"

extern const struct hm_opt evidence_build_opts[];
hm_rc evidence_build_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt evidence_verify_opts[];
hm_rc evidence_verify_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt evidence_diff_opts[];
hm_rc evidence_diff_run(struct hm_cli *cli, struct hm_err *e);

/** The summary of a pack, as text and as the JSON result. */
HM_MUST hm_rc evidence_report(struct hm_cli *cli, const char *path,
                              const struct hm_evidence_summary *s,
                              struct hm_err *e);

#endif /* EVIDENCE_CLI_PRIV_H */
