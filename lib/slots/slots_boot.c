/* The boot loader: a pending slot has a few starts to prove itself; then the
 * slot that is known to be good comes back. */
#include "slots_priv.h"

/* Given up for good: the same manifest is not installed again.  Where that
 * cannot be stored the next boot decides the same again; this one goes on. */
static void give_up(struct hm_slots *s, const struct hm_slots_judging *how,
                    const char *why)
{
    struct hm_slots_outcome out = HM_SLOTS_OUTCOME_INIT;
    struct hm_slots_state *state = &s->state;
    struct hm_err reason = {.rc = HM_OK};
    hm_rc rc;

    slots_tell(state, state->pending, &out);
    state->has_failed = true;
    memcpy(state->failed_sha256, out.manifest_sha256, HM_SHA256_SIZE);
    state->failed_tries = state->boots;
    state->pending = HM_SLOTS_NONE;
    state->boots = 0;
    state->is_healthy = false;
    rc = hm_fail(&reason, HM_E_REJECTED, why, "given up");
    (void)!slots_finish(s, "give-up", how, &out, rc, &reason);
    if (!how->dry_run)
        (void)!slots_save(s, NULL);
}

/* Count the start in the stored state.  One that cannot be counted is not made:
 * the pending slot waits, and what is known to be good runs. */
static bool count_start(struct hm_slots *s, const struct hm_slots_judging *how)
{
    const bool was_healthy = s->state.is_healthy;

    s->state.boots++;
    s->state.is_healthy = false;
    if (how->dry_run || slots_save(s, NULL) == HM_OK)
        return true;
    s->state.boots--;
    s->state.is_healthy = was_healthy;
    return false;
}

/* The pending slot, if it may be started. */
static int try_pending(struct hm_slots *s, const struct hm_slots_judging *how,
                       bool *fell_back)
{
    struct hm_slots_state *state = &s->state;

    if (state->pending == HM_SLOTS_NONE)
        return HM_SLOTS_NONE;
    *fell_back = state->boots >= HM_SLOTS_BOOTS_MAX;
    if (*fell_back) {
        give_up(s, how, "device.boot.unconfirmed");
        return HM_SLOTS_NONE;
    }
    if (!count_start(s, how))
        return HM_SLOTS_NONE;
    if (slots_check_slot(s, state->pending, NULL) == HM_OK)
        return state->pending;
    *fell_back = true;
    give_up(s, how, "device.slot.changed");
    return HM_SLOTS_NONE;
}

/* May an older version be started?  Not below the rollback counter. */
static bool may_start(const struct hm_slots *s, int slot)
{
    const struct hm_slot *it = &s->state.slot[slot];

    return it->is_used && it->is_confirmed &&
           it->rollback_counter >= s->state.device.rollback_counter &&
           slots_check_slot(s, slot, NULL) == HM_OK;
}

HM_MUST static hm_rc try_known(struct hm_slots *s, int *slot, struct hm_err *e)
{
    const int active = s->state.active;

    if (active != HM_SLOTS_NONE && may_start(s, active))
        *slot = active;
    else if (active != HM_SLOTS_NONE && may_start(s, 1 - active))
        *slot = s->state.active = 1 - active;
    else
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "device.boot.none",
                               "no slot may be started: %s",
                               active == HM_SLOTS_NONE
                                   ? "none was ever confirmed"
                                   : "none is as it was installed and at or "
                                     "above the rollback counter"),
                       "install a version: hallmark-device install");
    return HM_OK;
}

hm_rc hm_slots_boot(struct hm_slots *s, const struct hm_slots_judging *how,
                    const struct hm_slots_start *start,
                    struct hm_slots_boot *boot, struct hm_slots_outcome *out,
                    struct hm_err *e)
{
    int slot = HM_SLOTS_NONE;
    hm_rc rc = HM_OK;

    *out = (struct hm_slots_outcome)HM_SLOTS_OUTCOME_INIT;
    *boot = (struct hm_slots_boot){.status = -1};
    slot = try_pending(s, how, &boot->fell_back);
    boot->is_pending = slot != HM_SLOTS_NONE;
    boot->boots = s->state.boots;
    if (slot == HM_SLOTS_NONE)
        rc = try_known(s, &slot, e);
    slots_tell(&s->state, slot, out);
    if (rc == HM_OK && !how->dry_run)
        rc = slots_run(s, slot, start, boot, e);
    if (rc == HM_OK && boot->is_pending)
        s->state.is_healthy = true;
    return slots_finish(s, "boot", how, out, rc, e);
}
