#include "slots_priv.h"

void slots_tell(const struct hm_slots_state *state, int slot,
                struct hm_slots_outcome *out)
{
    out->slot = slot;
    if (slot == HM_SLOTS_NONE)
        return;
    memcpy(out->version, state->slot[slot].version, sizeof(out->version));
    memcpy(out->manifest_sha256, state->slot[slot].manifest_sha256,
           HM_SHA256_SIZE);
    out->rollback_counter = state->slot[slot].rollback_counter;
}

/* The slot that is not known to be good.  It is empty in the stored state
 * before it is touched, so that no moment shows a slot that is half one version
 * and half another. */
HM_MUST static hm_rc install(struct hm_slots *s, struct slots_case *c,
                             struct hm_slots_outcome *out, struct hm_err *e)
{
    struct hm_slots_state *state = &s->state;
    const int target = state->active == 0 ? 1 : 0;
    struct hm_slot slot = {.is_used = false};
    hm_rc rc;

    HM_TRY(slots_save(s, e)); /* what was seen counts before it is fetched */
    rc = slots_stage(s, c, &slot, &out->check, e);
    if (rc == HM_OK) {
        slots_slot_clear(&state->slot[target]);
        state->pending = HM_SLOTS_NONE;
        rc = slots_save(s, e);
    }
    if (rc == HM_OK)
        rc = slots_put(s, target, e);
    if (rc != HM_OK) {
        slots_slot_clear(&slot);
        return rc;
    }
    state->slot[target] = slot;
    state->pending = target;
    state->boots = 0;
    state->is_healthy = false;
    out->slot = target;
    return HM_OK;
}

hm_rc hm_slots_install(struct hm_slots *s, const struct hm_slots_judging *how,
                       struct hm_slots_outcome *out, struct hm_err *e)
{
    HM_OWN(slots_case) c = SLOTS_CASE_INIT;
    hm_rc rc;

    *out = (struct hm_slots_outcome)HM_SLOTS_OUTCOME_INIT;
    rc = slots_judge(s, &c, how, out, e);
    if (how->dry_run)
        return rc;
    if (rc == HM_OK && out->answer == HM_SLOTS_NEW)
        rc = install(s, &c, out, e);
    rc = slots_finish(s, "install", how, out, rc, e);
    /* What stays behind is removed at the next start. */
    (void)!hm_dir_remove_at(&s->dir, SLOTS_STAGING, NULL);
    return rc;
}

hm_rc hm_slots_confirm(struct hm_slots *s, const struct hm_slots_judging *how,
                       struct hm_slots_outcome *out, struct hm_err *e)
{
    struct hm_slots_state *state = &s->state;
    struct hm_slot *slot = NULL;
    hm_rc rc = HM_OK;

    *out = (struct hm_slots_outcome)HM_SLOTS_OUTCOME_INIT;
    slots_tell(state, state->pending, out);
    if (state->pending == HM_SLOTS_NONE)
        rc = hm_hint(e,
                     hm_fail(e, HM_E_REJECTED, "device.confirm.nothing",
                             "no slot waits for confirmation"),
                     "install and boot a version first");
    else if (!state->is_healthy)
        rc = hm_hint(e,
                     hm_fail(e, HM_E_REJECTED, "device.confirm.unhealthy",
                             "version %s in slot %c has not had a healthy "
                             "start: %u so far",
                             out->version, hm_slots_letter(state->pending),
                             state->boots),
                     "run hallmark-device boot first");
    if (rc != HM_OK)
        return slots_finish(s, "confirm", how, out, rc, e);
    slot = &state->slot[state->pending];
    slot->is_confirmed = true;
    if (slot->rollback_counter > state->device.rollback_counter)
        state->device.rollback_counter = slot->rollback_counter;
    state->active = state->pending;
    state->pending = HM_SLOTS_NONE;
    state->boots = 0;
    state->is_healthy = false;
    state->has_failed = false;
    return slots_finish(s, "confirm", how, out, HM_OK, e);
}
