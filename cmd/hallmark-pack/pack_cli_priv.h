/** @file
 * The verbs of hallmark-pack.
 */
#ifndef PACK_CLI_PRIV_H
#define PACK_CLI_PRIV_H

#include "hm_archive.h"
#include "hm_cli.h"

extern const struct hm_opt pack_make_opts[];
HM_MUST hm_rc pack_make_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt pack_compare_opts[];
HM_MUST hm_rc pack_compare_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt pack_list_opts[];
HM_MUST hm_rc pack_list_run(struct hm_cli *cli, struct hm_err *e);

/** Time of the members: @p text (`@SECONDS` or `2026-05-12T08:00:00Z`), else
 * SOURCE_DATE_EPOCH.
 *
 * @param text  NULL: not given
 * @return HM_E_USAGE `archive.time.missing`, `archive.time.syntax`,
 *         `base.time.epoch`
 */
HM_MUST hm_rc pack_read_time(const char *text, hm_time *out, struct hm_err *e);

/** Write name, size and digests as members of the open object. */
void pack_put_digests(struct hm_json_writer *w,
                      const struct hm_archive_result *r);

#endif /* PACK_CLI_PRIV_H */
