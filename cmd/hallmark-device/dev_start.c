/* boot and confirm: the boot loader, and the health check's last word. */
#include <unistd.h>

#include "dev_cli_priv.h"

#define SECONDS_DEFAULT 60u
#define SECONDS_MAX     86400u

static struct {
    struct dev_call common;
    const char *seconds;
} call;

const struct hm_opt dev_boot_opts[] = {
    DEV_OPT_STATE(call.common),
    {"timeout", 0, HM_OPT_VALUE, false, &call.seconds, "SECONDS",
     "the firmware is killed after this time, and not healthy; default 60"},
    DEV_OPT_TIME(call.common),
    DEV_OPT_DRY_RUN(call.common),
    HM_OPT_END,
};

const struct hm_opt dev_confirm_opts[] = {
    DEV_OPT_STATE(call.common),
    DEV_OPT_TIME(call.common),
    DEV_OPT_DRY_RUN(call.common),
    HM_OPT_END,
};

HM_MUST static hm_rc read_seconds(unsigned *out, struct hm_err *e)
{
    uint64_t v = SECONDS_DEFAULT;

    if (call.seconds != NULL &&
        (hm_number_read(hm_bytes_str(call.seconds), SECONDS_MAX, &v, NULL) !=
             HM_OK ||
         v == 0))
        return hm_fail(e, HM_E_USAGE, "device.timeout.range",
                       "--timeout takes 1 to %u seconds, not '%s'", SECONDS_MAX,
                       hm_show_str(call.seconds));
    *out = (unsigned)v;
    return HM_OK;
}

static const char *const cages[] = {"chroot", "namespace", "folder"};
static const char *const cage_texts[] = {
    "in a chroot", "in a chroot of a user namespace",
    "from its folder, with nothing around it"};

static void warn(const struct hm_cli *cli, const struct hm_slots_boot *boot,
                 bool starts)
{
    if (boot->fell_back)
        hm_cli_warn(cli, "the pending version %s given up%s",
                    call.common.dry_run ? "would be" : "was",
                    starts ? "; this is the one known to be good" : "");
}

static void say(const struct hm_cli *cli, const struct hm_slots_boot *boot,
                const struct hm_slots_outcome *out)
{
    if (call.common.dry_run)
        hm_cli_say(cli, "would start %s in slot %c", out->version,
                   hm_slots_letter(out->slot));
    else
        hm_cli_say(cli, "%s in slot %c started %s and is healthy", out->version,
                   hm_slots_letter(out->slot), cage_texts[boot->cage]);
    if (boot->is_pending)
        hm_cli_say(cli, "start %u of %u that it has until it is confirmed",
                   boot->boots, HM_SLOTS_BOOTS_MAX);
}

static void put_boot(struct hm_json_writer *w, const struct hm_slots_boot *boot)
{
    hm_json_put_bool(w, "pending", boot->is_pending);
    hm_json_put_bool(w, "fell_back", boot->fell_back);
    hm_json_put_uint(w, "boots", boot->boots);
    if (boot->status >= 0) {
        hm_json_put_text(w, "cage", cages[boot->cage]);
        hm_json_put_uint(w, "exit_status", (uint64_t)boot->status);
    }
}

hm_rc dev_boot_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_slots) s = HM_SLOTS_INIT;
    struct hm_slots_outcome out = HM_SLOTS_OUTCOME_INIT;
    struct hm_slots_judging how;
    struct hm_slots_boot boot;
    struct hm_json_writer w;
    struct hm_slots_start start = {cli->json ? STDERR_FILENO : STDOUT_FILENO,
                                   0};
    hm_rc rc;

    HM_TRY(read_seconds(&start.seconds, e));
    HM_TRY(dev_judging(&call.common, &how, e));
    HM_TRY(hm_slots_open(&s, call.common.state, !how.dry_run, e));
    rc = hm_slots_boot(&s, &how, &start, &boot, &out, e);
    warn(cli, &boot, rc == HM_OK);
    if (rc == HM_OK)
        say(cli, &boot, &out);
    dev_begin_result(cli, &w, &out, rc, e);
    hm_json_put_bool(&w, "dry_run", how.dry_run);
    put_boot(&w, &boot);
    return dev_end_result(&w, rc, e);
}

hm_rc dev_confirm_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_slots) s = HM_SLOTS_INIT;
    struct hm_slots_outcome out = HM_SLOTS_OUTCOME_INIT;
    struct hm_slots_judging how;
    struct hm_json_writer w;
    hm_rc rc;

    HM_TRY(dev_judging(&call.common, &how, e));
    HM_TRY(hm_slots_open(&s, call.common.state, !how.dry_run, e));
    rc = hm_slots_confirm(&s, &how, &out, e);
    if (rc == HM_OK)
        hm_cli_say(cli,
                   "%s in slot %c %s kept; nothing with a rollback counter "
                   "below %llu is installed from %s on",
                   out.version, hm_slots_letter(out.slot),
                   how.dry_run ? "would be" : "is",
                   (unsigned long long)s.state.device.rollback_counter,
                   how.dry_run ? "then" : "now");
    dev_begin_result(cli, &w, &out, rc, e);
    hm_json_put_bool(&w, "dry_run", how.dry_run);
    return dev_end_result(&w, rc, e);
}
