/* check and install: what the device thinks of what it is offered. */
#include "dev_cli_priv.h"

static struct dev_call call;

const struct hm_opt dev_check_opts[] = {
    DEV_OPT_STATE(call),
    {"from", 'f', HM_OPT_VALUE, true, &call.from, "REPOSITORY",
     "folder that hallmark-publish wrote, or a release directory"},
    DEV_OPT_TIME(call),
    DEV_OPT_DRY_RUN(call),
    HM_OPT_END,
};

const struct hm_opt dev_install_opts[] = {
    DEV_OPT_STATE(call),
    {"from", 'f', HM_OPT_VALUE, true, &call.from, "REPOSITORY",
     "folder that hallmark-publish wrote, or a release directory"},
    DEV_OPT_TIME(call),
    DEV_OPT_DRY_RUN(call),
    HM_OPT_END,
};

static const char *const answers[] = {"new", "staged", "current"};

static void say(const struct hm_cli *cli, const struct hm_slots *s,
                const struct hm_slots_outcome *out)
{
    if (out->answer == HM_SLOTS_CURRENT)
        hm_cli_say(cli, "nothing to do: %s is what runs", out->version);
    else if (out->answer == HM_SLOTS_STAGED)
        hm_cli_say(cli, "nothing to do: %s is in slot %c and waits for %s",
                   out->version, hm_slots_letter(s->state.pending),
                   s->state.is_healthy ? "confirm" : "boot");
    else if (out->slot != HM_SLOTS_NONE)
        hm_cli_say(cli,
                   "checks 0 to 5 passed: %s is in slot %c and waits for its "
                   "first start",
                   out->version, hm_slots_letter(out->slot));
    else
        hm_cli_say(cli,
                   "checks 0 to 4 passed: %s may be installed (epoch %llu, "
                   "sequence %llu, counter %llu)",
                   out->version, (unsigned long long)out->epoch,
                   (unsigned long long)out->sequence,
                   (unsigned long long)out->rollback_counter);
}

typedef hm_rc (*act)(struct hm_slots *s, const struct hm_slots_judging *how,
                     struct hm_slots_outcome *out, struct hm_err *e);

HM_MUST static hm_rc run(struct hm_cli *cli, act what, struct hm_err *e)
{
    HM_OWN(hm_slots) s = HM_SLOTS_INIT;
    struct hm_slots_outcome out = HM_SLOTS_OUTCOME_INIT;
    struct hm_slots_judging how;
    struct hm_json_writer w;
    hm_rc rc;

    HM_TRY(dev_judging(&call, &how, e));
    HM_TRY(hm_slots_open(&s, call.state, !call.dry_run, e));
    rc = what(&s, &how, &out, e);
    dev_begin_result(cli, &w, &out, rc, e);
    if (rc == HM_OK) {
        say(cli, &s, &out);
        hm_json_put_text(&w, "answer", answers[out.answer]);
    }
    return dev_end_result(&w, rc, e);
}

hm_rc dev_check_run(struct hm_cli *cli, struct hm_err *e)
{
    return run(cli, hm_slots_check, e);
}

hm_rc dev_install_run(struct hm_cli *cli, struct hm_err *e)
{
    return run(cli, hm_slots_install, e);
}
