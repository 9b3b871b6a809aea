/* An offer, carried to the device verifier and judged there. */
#include "slots_priv.h"

void slots_case_clear(struct slots_case *c)
{
    slots_offer_clear(&c->offer);
    hm_slots_crypto_clear(&c->crypto);
}

/* A document that was too long to be read is only its length. */
static struct hm_device_bytes view_of(const struct slots_document *d)
{
    if (d->size > d->bytes.max)
        return (struct hm_device_bytes){NULL, (size_t)d->size};
    return (struct hm_device_bytes){d->bytes.p, d->bytes.n};
}

static void put_signatures(const struct slots_document *d,
                           struct hm_device_bytes *sig, size_t *n)
{
    for (*n = 0; *n < d->sigs; ++*n)
        sig[*n] = (struct hm_device_bytes){d->sig[*n].p, d->sig[*n].n};
}

static void judge(const struct hm_slots *s, struct slots_case *c,
                  const struct hm_slots_judging *how)
{
    const struct hm_slots_state *state = &s->state;
    struct slots_offer *o = &c->offer;
    const struct hm_device_self self = {
        .vendor = state->vendor,
        .product = state->product,
        .model = state->model,
        .hardware = state->hardware,
        .version = state->active == HM_SLOTS_NONE
                       ? ""
                       : state->slot[state->active].version,
        .updater = HM_VERSION,
        .state = state->device,
        .clock = how->clock,
        .accept_stale = state->accept_stale,
    };
    struct hm_device_offer offer = {
        .root = {o->root.p, o->root.n},
        .authorisation = view_of(&o->doc[0]),
        .manifest = view_of(&o->doc[1]),
    };

    put_signatures(&o->doc[0], offer.authorisation_sig,
                   &offer.authorisation_sigs);
    put_signatures(&o->doc[1], offer.manifest_sig, &offer.manifest_sigs);
    hm_slots_crypto_begin(&c->crypto);
    (void)hm_device_check(&c->crypto.device, &self, &offer, &c->result);
}

static void tell(const struct hm_device_result *r, struct hm_slots_outcome *out)
{
    if (r->verdict != HM_DEVICE_YES)
        out->check = (int)r->check;
    out->is_signed = r->is_signed;
    if (!r->is_signed)
        return;
    memcpy(out->version, r->version, sizeof(out->version));
    memcpy(out->manifest_sha256, r->manifest_sha256,
           sizeof(out->manifest_sha256));
    out->epoch = r->epoch;
    out->sequence = r->sequence;
    out->rollback_counter = r->rollback_counter;
}

static bool is_of(const struct hm_slots_state *state, int slot,
                  const struct hm_slots_outcome *out)
{
    return slot != HM_SLOTS_NONE &&
           memcmp(state->slot[slot].manifest_sha256, out->manifest_sha256,
                  HM_SHA256_SIZE) == 0;
}

HM_MUST static hm_rc refuse_failed(const struct hm_slots_state *state,
                                   const struct hm_slots_outcome *out,
                                   struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "device.update.failed",
                           "version %s of this very manifest was started %u "
                           "times and never confirmed; it is not tried again",
                           out->version, state->failed_tries),
                   "publish a release that starts, or a refreshed manifest to "
                   "try this one again");
}

/* A device that has what is offered is not refused anything: entries for
 * versions below do not fit it any more. */
static bool has_it(const struct hm_slots_state *state,
                   const struct hm_device_result *r)
{
    return r->is_signed && state->active != HM_SLOTS_NONE &&
           strcmp(r->reason, "manifest.applicability.none") == 0 &&
           strcmp(r->version, state->slot[state->active].version) == 0;
}

hm_rc slots_judge(struct hm_slots *s, struct slots_case *c,
                  const struct hm_slots_judging *how,
                  struct hm_slots_outcome *out, struct hm_err *e)
{
    struct hm_slots_state *state = &s->state;

    HM_TRY(slots_offer_read(&c->offer, s, how, e));
    judge(s, c, how);
    tell(&c->result, out);
    if (c->result.verdict != HM_DEVICE_YES) {
        const struct hm_device_state after = c->result.after;
        hm_rc rc = HM_OK;

        out->answer = HM_SLOTS_CURRENT;
        if (has_it(state, &c->result))
            out->check = HM_SLOTS_NONE;
        else
            rc = slots_refuse(state, &c->result, e);
        state->device = after;
        return rc;
    }
    state->device = c->result.after;
    if (state->has_failed &&
        memcmp(state->failed_sha256, out->manifest_sha256, HM_SHA256_SIZE) == 0)
        return refuse_failed(state, out, e);
    out->answer = HM_SLOTS_NEW;
    if (is_of(state, state->pending, out))
        out->answer = HM_SLOTS_STAGED;
    else if (is_of(state, state->active, out))
        out->answer = HM_SLOTS_CURRENT;
    return HM_OK;
}

hm_rc hm_slots_check(struct hm_slots *s, const struct hm_slots_judging *how,
                     struct hm_slots_outcome *out, struct hm_err *e)
{
    HM_OWN(slots_case) c = SLOTS_CASE_INIT;
    hm_rc rc;

    *out = (struct hm_slots_outcome)HM_SLOTS_OUTCOME_INIT;
    rc = slots_judge(s, &c, how, out, e);
    return slots_finish(s, "check", how, out, rc, e);
}
