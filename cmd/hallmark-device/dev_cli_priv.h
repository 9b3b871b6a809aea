/** @file
 * The verbs of hallmark-device.
 */
#ifndef DEV_CLI_PRIV_H
#define DEV_CLI_PRIV_H

#include "hm_cli.h"
#include "hm_slots.h"

extern const struct hm_opt dev_provision_opts[];
HM_MUST hm_rc dev_provision_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt dev_check_opts[];
HM_MUST hm_rc dev_check_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt dev_install_opts[];
HM_MUST hm_rc dev_install_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt dev_boot_opts[];
HM_MUST hm_rc dev_boot_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt dev_confirm_opts[];
HM_MUST hm_rc dev_confirm_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt dev_status_opts[];
HM_MUST hm_rc dev_status_run(struct hm_cli *cli, struct hm_err *e);

extern const struct hm_opt dev_log_opts[];
HM_MUST hm_rc dev_log_run(struct hm_cli *cli, struct hm_err *e);

/** What most verbs are told. */
struct dev_call {
    const char *state;
    const char *from;
    const char *at;
    bool no_clock;
    bool dry_run;
};

/* clang-format off */
#define DEV_OPT_STATE(call) \
    {"state", 's', HM_OPT_VALUE, true, &(call).state, "DIR", \
     "folder of the device"}
#define DEV_OPT_TIME(call) \
    {"at", 0, HM_OPT_VALUE, false, &(call).at, "TIME", \
     "what the device's clock says; else this machine's clock"}, \
    {"no-clock", 0, HM_OPT_FLAG, false, &(call).no_clock, "", \
     "the device has no clock: it relies on sequence numbers"}
#define DEV_OPT_DRY_RUN(call) \
    {"dry-run", 'n', HM_OPT_FLAG, false, &(call).dry_run, "", \
     "decide, but store, log, write and start nothing"}
/* clang-format on */

/** The clock that the device is to have.
 * @return HM_E_USAGE `base.time.syntax`, `device.time.both` */
HM_MUST hm_rc dev_judging(const struct dev_call *call,
                          struct hm_slots_judging *how, struct hm_err *e);

/** The members of a result that every verb has: reason, message, hint of a
 * failure; check, version and the rest as far as known.  The object stays
 * open. */
void dev_begin_result(struct hm_cli *cli, struct hm_json_writer *w,
                      const struct hm_slots_outcome *out, hm_rc rc,
                      const struct hm_err *e);

/** Close it. @return @p rc, or why the result could not be made */
HM_MUST hm_rc dev_end_result(struct hm_json_writer *w, hm_rc rc,
                             struct hm_err *e);

#endif /* DEV_CLI_PRIV_H */
