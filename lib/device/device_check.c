/* The five checks, in their order. */
#include "device_memory.h"
#include "device_priv.h"

/* Nothing but lengths is looked at. */
static const char *check_sizes(struct device_run *run)
{
    const struct hm_device_offer *o = run->offer;

    if (o->root.n > HM_DEVICE_ROOT_MAX ||
        o->authorisation.n > HM_DEVICE_AUTHORISATION_MAX ||
        o->manifest.n > HM_DEVICE_MANIFEST_MAX)
        return "json.size";
    if (o->authorisation_sigs > HM_DEVICE_SIGNATURES ||
        o->manifest_sigs > HM_DEVICE_SIGNATURES)
        return "trust.signature.count";
    return device_yes;
}

static bool is_installed(const struct hm_device_self *self,
                         const struct device_manifest *m)
{
    struct device_version installed;
    struct device_version offered;

    return device_version_text(self->version, &installed) == device_yes &&
           device_version_text(m->version, &offered) == device_yes &&
           device_version_compare(&installed, &offered) == 0;
}

/* For what runs already there need be no entry.  It is a no, but told after
 * freshness and counter were asked: a repository that is frozen or set back
 * would else look to an up-to-date device as if there were nothing newer. */
static const char *check_applicability(struct device_run *run)
{
    const struct hm_device_self *self = run->self;
    const struct device_manifest *m = &run->manifest;
    struct device_version updater;
    const char *why;

    if (!device_text_equal(m->vendor, self->vendor))
        return "manifest.vendor";
    if (!device_text_equal(m->product, self->product))
        return "manifest.product";
    if (m->has_min_updater &&
        (device_version_text(self->updater, &updater) != device_yes ||
         device_version_compare(&updater, &m->min_updater) < 0))
        return "manifest.updater.older";
    why = device_choose(m, self, &run->out->artefacts);
    if (why == device_yes || !is_installed(self, m))
        return why;
    run->none_fits = why;
    return device_yes;
}

static bool is_lower(const struct hm_device_state *s,
                     const struct device_manifest *m)
{
    return s->has_manifest &&
           (m->epoch < s->epoch ||
            (m->epoch == s->epoch && m->sequence < s->sequence));
}

/* Inside one epoch nothing goes back.  A higher epoch starts anew; only root
 * can open one, so a stolen vendor key cannot. */
static const char *check_order(const struct device_run *run)
{
    const struct hm_device_state *s = &run->self->state;
    const struct device_manifest *m = &run->manifest;

    if (is_lower(s, m))
        return "manifest.sequence.lower";
    if (!run->authorisation.has_limit)
        return "trust.limit.missing";
    if (m->epoch != run->authorisation.epoch)
        return "manifest.epoch";
    if (!s->has_manifest || m->epoch > s->epoch)
        return device_yes;
    if (m->sequence == s->sequence &&
        memcmp(run->out->manifest_sha256, s->manifest_sha256,
               HM_DEVICE_SHA256) != 0)
        return "manifest.sequence.same";
    return m->timestamp < s->timestamp ? "manifest.timestamp.older"
                                       : device_yes;
}

static const char *check_freshness(struct device_run *run)
{
    const struct device_manifest *m = &run->manifest;
    struct hm_device_state *after = &run->out->after;

    DEVICE_TRY(check_order(run));
    if (run->has_clock && run->self->clock > m->expires)
        return "manifest.expired";
    after->has_manifest = true;
    after->epoch = m->epoch;
    after->sequence = m->sequence;
    after->timestamp = m->timestamp;
    memcpy(after->manifest_sha256, run->out->manifest_sha256, HM_DEVICE_SHA256);
    return device_yes;
}

static const char *check_rollback(struct device_run *run)
{
    const uint64_t counter = run->manifest.rollback_counter;

    if (counter < run->self->state.rollback_counter)
        return "manifest.rollback.lower";
    return counter <= run->authorisation.max_counter
               ? device_yes
               : "manifest.rollback.above";
}

#define CHECKS        5u /* 0 to 4; the fifth is streamed */
#define APPLICABILITY 2u

static uint32_t refuse(struct hm_device_result *out, unsigned check,
                       const char *reason)
{
    memset(&out->artefacts, 0, sizeof(out->artefacts));
    out->check = check;
    out->reason = reason;
    return HM_DEVICE_NO;
}

uint32_t hm_device_check(const struct hm_device_crypto *crypto,
                         const struct hm_device_self *self,
                         const struct hm_device_offer *offer,
                         struct hm_device_result *out)
{
    static const char *(*const checks[CHECKS])(struct device_run *) = {
        check_sizes, device_check_signature, check_applicability,
        check_freshness, check_rollback};
    struct device_run run;
    unsigned i;

    memset(out, 0, sizeof(*out));
    memset(&run, 0, sizeof(run));
    run.crypto = crypto;
    run.self = self;
    run.offer = offer;
    run.out = out;
    out->after = self->state;
    out->verdict = HM_DEVICE_NO;
    for (i = 0; i < CHECKS; i++) {
        const char *const why = checks[i](&run);

        if (why != device_yes)
            return refuse(out, i, why);
    }
    if (run.none_fits != NULL)
        return refuse(out, APPLICABILITY, run.none_fits);
    out->check = CHECKS;
    out->reason = device_yes;
    out->at = 1;
    out->verdict = HM_DEVICE_YES;
    return out->verdict;
}

uint32_t hm_device_next_artefact(struct hm_device_result *r,
                                 struct hm_device_artefact *out)
{
    struct hm_device_bytes object;
    struct device_walk w;

    memset(out, 0, sizeof(*out));
    if (r->verdict != HM_DEVICE_YES || r->artefacts.n == 0)
        return HM_DEVICE_NO;
    w.text = r->artefacts;
    w.at = r->at;
    if (!device_walk_element(&w, &object) ||
        device_artefact_read(object, out) != device_yes)
        return HM_DEVICE_NO;
    r->at = w.at;
    return HM_DEVICE_YES;
}
