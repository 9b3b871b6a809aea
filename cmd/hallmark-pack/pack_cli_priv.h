/** @file
 * The verbs of hallmark-pack.
 */
#ifndef PACK_CLI_PRIV_H
#define PACK_CLI_PRIV_H

#include "hm_archive.h"
#include "hm_cli.h"
#include "hm_source.h"

extern const struct hm_opt pack_make_opts[];
HM_MUST hm_rc pack_make_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt pack_compare_opts[];
HM_MUST hm_rc pack_compare_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt pack_list_opts[];
HM_MUST hm_rc pack_list_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt pack_rebuild_opts[];
HM_MUST hm_rc pack_rebuild_run(struct hm_cli *cli, struct hm_err *e);

/** Time of the members, and who says so. */
struct pack_time {
    hm_time time;
    const char *from;              /**< "option", "environment" or "commit" */
    char commit[HM_SOURCE_COMMIT]; /**< "" unless from the commit */
};

/** @p text (`@SECONDS` or `2026-05-12T08:00:00Z`), else SOURCE_DATE_EPOCH, else
 * the time of the commit that the git work tree around @p dir has checked out.
 *
 * @param text  NULL: not given
 * @return HM_E_USAGE `archive.time.missing`, `archive.time.syntax`,
 *         `base.time.epoch`; HM_E_IO `source.git.failed`; HM_E_NOMEM
 */
HM_MUST hm_rc pack_find_time(const char *text, const char *dir,
                             struct pack_time *out, struct hm_err *e);

/** Write name, size and digests as members of the open object. */
void pack_put_digests(struct hm_json_writer *w,
                      const struct hm_archive_result *r);

/** The verdict, and where it is a no the first difference, for people. */
void pack_say_difference(const struct hm_cli *cli,
                         const struct hm_archive_difference *d);

/** The same as members of the open object: verdict, difference. */
void pack_put_difference(struct hm_json_writer *w,
                         const struct hm_archive_difference *d);

#endif /* PACK_CLI_PRIV_H */
