/** @file
 * What the verbs of hallmark-manifest share.
 */
#ifndef MANIFEST_CLI_PRIV_H
#define MANIFEST_CLI_PRIV_H

#include "hm_cli.h"
#include "hm_manifest.h"
#include "hm_release.h"

hm_rc manifest_make_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt manifest_make_opts[];

hm_rc manifest_refresh_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt manifest_refresh_opts[];

hm_rc manifest_show_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt manifest_show_opts[];

/** One line and the JSON result of what was (or would be) written. */
HM_MUST hm_rc manifest_report(struct hm_cli *cli, const struct hm_manifest *m,
                              const char *dir, bool dry_run, struct hm_err *e);

#endif /* MANIFEST_CLI_PRIV_H */
