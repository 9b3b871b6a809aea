/** @file
 * The verbs of hallmark-pack.
 */
#ifndef PACK_CLI_PRIV_H
#define PACK_CLI_PRIV_H

#include "hm_archive.h"
#include "hm_cli.h"
#include "hm_revision.h"

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
 * @param revision  what is packed, and then its time is that of the commit;
 *                  NULL: a directory
 * @return HM_E_USAGE `archive.time.missing`, `archive.time.syntax`,
 *         `base.time.epoch`; HM_E_IO `source.git.failed`; HM_E_NOMEM
 */
HM_MUST hm_rc pack_find_time(const char *text, const char *dir,
                             const struct hm_revision *revision,
                             struct pack_time *out, struct hm_err *e);

/** What the command line says of the input. */
struct pack_call {
    const char *git;
    const char *files_from;
    const char *modes;
    const char *owners;
    const char *xattrs;
    const char *permissions;
    struct hm_cli_list include;
    struct hm_cli_list exclude;
    bool nul;
};

/** Where the members come from, and how they are chosen. */
struct pack_input {
    struct hm_dir tree;                        /**< owned; unless a revision */
    struct hm_revision revision;               /**< owned */
    struct hm_names only;                      /**< owned; of a list file */
    struct hm_archive_permissions permissions; /**< owned */
    struct hm_archive_pattern patterns[2 * HM_CLI_LIST_MAX];
};

#define PACK_INPUT_INIT                                                   \
    {                                                                     \
        .tree = HM_DIR_INIT, .revision = HM_REVISION_INIT,                \
        .only = HM_NAMES_INIT, .permissions = HM_ARCHIVE_PERMISSIONS_INIT \
    }

/** Open what @p call names, and fill in what it says of @p o.
 * @return HM_E_USAGE `cli.option.value`, the reasons of hm_archive_input.h and
 *         hm_revision.h; HM_E_IO; HM_E_NOMEM */
HM_MUST hm_rc pack_open_input(struct pack_input *in,
                              const struct pack_call *call, const char *dir,
                              struct hm_archive_options *o, struct hm_err *e);

void pack_input_clear(struct pack_input *in);

/** Read the permissions table at @p path; - is standard input.
 * @return as hm_archive_permissions_read(); HM_E_IO */
HM_MUST hm_rc pack_permissions_load(const char *path,
                                    struct hm_archive_permissions *table,
                                    struct hm_err *e);

/** Write name, size and digests as members of the open object. */
void pack_put_digests(struct hm_json_writer *w,
                      const struct hm_archive_result *r);

/** The verdict, and where it is a no the first difference, for people. */
void pack_say_difference(const struct hm_cli *cli,
                         const struct hm_archive_difference *d);

/** The same as members of the open object: verdict, difference. */
void pack_put_difference(struct hm_json_writer *w,
                         const struct hm_archive_difference *d);

/** Write text from outside: JSON cannot hold what is no UTF-8, which is shown
 * as in an error. */
void pack_put_name(struct hm_json_writer *w, const char *key, const char *s);

#endif /* PACK_CLI_PRIV_H */
