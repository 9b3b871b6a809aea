/* The device's checks, on documents that are not signed yet.  The order of the
 * questions is the device's, since the first no is the one that is told. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "hm_rehearse.h"

const char *hm_rehearse_check_name(unsigned check)
{
    static const char *const names[] = {"", "signature", "applicability",
                                        "freshness", "anti-rollback"};

    return check >= 1 && check <= 4 ? names[check] : "";
}

/* One judgement under way. */
struct trial {
    const struct hm_cohort *c;
    const struct hm_offer *o;
    struct hm_cohort_verdict *out;
    bool has_clock;
    hm_time clock;
    bool is_stale; /* the authorisation is, and the device takes that */
};

/* Says no; true, so that it can end a condition. */
static bool no(const struct trial *t, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool no(const struct trial *t, const char *reason, const char *fmt, ...)
{
    va_list ap;

    t->out->reason = reason;
    va_start(ap, fmt);
    (void)vsnprintf(t->out->text, sizeof(t->out->text), fmt, ap);
    va_end(ap);
    return true;
}

/* --- 1: root set, authorisation, keys ---------------------------------------------- */

static bool refuses_authorisation(struct trial *t)
{
    const struct hm_authorisation *a = t->o->authorisation;
    const struct hm_cohort *c = t->c;

    if (memcmp(c->root_sha256, t->o->root->sha256, HM_SHA256_SIZE) != 0)
        return no(t, "trust.root.digest",
                  "provisioned with another root set, which does not sign "
                  "this authorisation");
    if (c->has_authorisation && a->sequence < c->authorisation_sequence)
        return no(t, "trust.authorisation.sequence",
                  "saw authorisation %" PRIu64 ", this is %" PRIu64,
                  c->authorisation_sequence, a->sequence);
    if (c->has_authorisation && a->sequence == c->authorisation_sequence &&
        c->has_authorisation_sha256 &&
        memcmp(c->authorisation_sha256, a->sha256, HM_SHA256_SIZE) != 0)
        return no(t, "trust.authorisation.sequence",
                  "saw authorisation %" PRIu64 " with other bytes",
                  a->sequence);
    t->is_stale = t->has_clock && t->clock > a->expires;
    if (t->is_stale && !c->accepts_stale)
        return no(t, "trust.authorisation.expired", "it expired at %s",
                  hm_time_show(a->expires));
    return false;
}

static bool signs(const struct trial *t, const char *keyid)
{
    for (size_t i = 0; i < t->o->signers; i++)
        if (strcmp(t->o->signer[i], keyid) == 0)
            return true;
    return false;
}

static bool is_for(const struct hm_authorised_key *key, const char *product)
{
    for (size_t i = 0; i < key->products_n; i++)
        if (strcmp(key->products[i], product) == 0)
            return true;
    return false;
}

static bool is_required(const struct hm_authorisation *a, enum hm_role role)
{
    for (size_t i = 0; i < a->require_n; i++)
        if (a->require[i] == role)
            return true;
    return false;
}

/* Of a required role and for this product; an unknown scheme is no key. */
static bool is_wanted(const struct trial *t,
                      const struct hm_authorised_key *key)
{
    return is_required(t->o->authorisation, key->role) &&
           is_for(key, t->o->manifest->product) && key->key.key.pkey != NULL;
}

/* Why no key counted: what is wrong with one of ours that will sign. */
static bool refuses_signer(const struct trial *t)
{
    const struct hm_authorisation *a = t->o->authorisation;

    for (size_t i = 0; i < a->keys_n; i++) {
        const struct hm_authorised_key *key = &a->keys[i];

        if (!signs(t, key->key.key.keyid) || is_wanted(t, key))
            continue;
        if (!is_required(a, key->role))
            return no(t, "trust.key.role", "key %.16s has the role %s",
                      key->key.key.keyid, hm_role_name(key->role));
        return no(t, "trust.key.product", "key %.16s is not for %s",
                  key->key.key.keyid, t->o->manifest->product);
    }
    for (size_t i = 0; i < a->retired_n; i++)
        if (signs(t, a->retired[i].entry.key.key.keyid))
            return no(t, "trust.key.retired", "key %.16s is retired since %s",
                      a->retired[i].entry.key.key.keyid,
                      hm_time_show(a->retired[i].since));
    return no(t, "trust.manifest.signature",
              "no key of every role that must sign does");
}

static bool has_role(const struct trial *t, enum hm_role role, bool in_window)
{
    const struct hm_authorisation *a = t->o->authorisation;
    const hm_time at = t->o->manifest->timestamp;

    for (size_t i = 0; i < a->keys_n; i++) {
        const struct hm_authorised_key *key = &a->keys[i];

        if (key->role == role && is_wanted(t, key) &&
            signs(t, key->key.key.keyid) &&
            (!in_window || (at >= key->valid_from && at <= key->valid_until)))
            return true;
    }
    return false;
}

/* The last one of those that sign outside their window, as the device says. */
static bool refuses_window(const struct trial *t)
{
    const struct hm_authorisation *a = t->o->authorisation;
    const hm_time at = t->o->manifest->timestamp;
    bool is_no = no(t, "trust.manifest.signature",
                    "no key of every role that must sign does");

    for (size_t i = 0; i < a->keys_n; i++) {
        const struct hm_authorised_key *key = &a->keys[i];

        if (!is_wanted(t, key) || !signs(t, key->key.key.keyid))
            continue;
        if (at < key->valid_from)
            is_no = no(t, "trust.key.early", "key %.16s is valid from %s",
                       key->key.key.keyid, hm_time_show(key->valid_from));
        else if (at > key->valid_until)
            is_no = no(t, "trust.key.expired", "key %.16s was valid until %s",
                       key->key.key.keyid, hm_time_show(key->valid_until));
    }
    return is_no;
}

static bool rises(const struct trial *t)
{
    const struct hm_manifest *m = t->o->manifest;
    const struct hm_cohort *c = t->c;

    return !c->has_manifest || m->epoch > c->epoch ||
           (m->epoch == c->epoch && m->sequence > c->sequence);
}

static bool refuses_signature(struct trial *t)
{
    const struct hm_authorisation *a = t->o->authorisation;

    if (refuses_authorisation(t))
        return true;
    for (size_t i = 0; i < a->require_n; i++)
        if (!has_role(t, a->require[i], false))
            return refuses_signer(t);
    for (size_t i = 0; i < a->require_n; i++)
        if (!has_role(t, a->require[i], true))
            return refuses_window(t);
    if (t->is_stale && !rises(t))
        return no(t, "trust.authorisation.expired",
                  "it expired at %s, and the manifest is no newer",
                  hm_time_show(a->expires));
    return false;
}

/* --- 2: applicability ----------------------------------------------------------------- */

static bool fits(const struct hm_update *u, const struct hm_cohort *c)
{
    if (!hm_words_has(&u->models, c->model) ||
        !hm_words_has(&u->hardware, c->hardware))
        return false;
    return u->any_version ||
           (c->has_version &&
            hm_version_compare(&u->from_min, &c->version) <= 0 &&
            hm_version_compare(&c->version, &u->from_max) <= 0);
}

static bool refuses_applicability(struct trial *t)
{
    const struct hm_manifest *m = t->o->manifest;

    if (t->o->any_device)
        return false;
    if (strcmp(m->vendor, t->o->root->vendor) != 0)
        return no(t, "manifest.vendor", "it is for devices of %s", m->vendor);
    for (size_t i = 0; i < m->updates_n; i++)
        if (fits(&m->updates[i], t->c))
            return false;
    return no(t, "manifest.applicability.none", "no entry is for %s %s with %s",
              t->c->model, t->c->hardware,
              t->c->has_version ? t->c->version.text : "nothing installed");
}

/* --- 3: freshness ----------------------------------------------------------------------- */

static bool refuses_order(const struct trial *t, const struct hm_limit *limit)
{
    const struct hm_manifest *m = t->o->manifest;
    const struct hm_cohort *c = t->c;

    if (c->has_manifest && (m->epoch < c->epoch || (m->epoch == c->epoch &&
                                                    m->sequence < c->sequence)))
        return no(t, "manifest.sequence.lower",
                  "saw manifest %" PRIu64 "-%" PRIu64 ", this is %" PRIu64
                  "-%" PRIu64,
                  c->epoch, c->sequence, m->epoch, m->sequence);
    if (limit == NULL)
        return no(t, "trust.limit.missing",
                  "the authorisation has no limits for %s", m->product);
    if (m->epoch != limit->epoch)
        return no(t, "manifest.epoch",
                  "epoch %" PRIu64 ", root authorises %" PRIu64, m->epoch,
                  limit->epoch);
    if (!c->has_manifest || m->epoch > c->epoch)
        return false;
    if (m->sequence == c->sequence && c->has_manifest_sha256 &&
        memcmp(c->manifest_sha256, m->sha256, HM_SHA256_SIZE) != 0)
        return no(t, "manifest.sequence.same",
                  "saw manifest %" PRIu64 "-%" PRIu64 " with other bytes",
                  c->epoch, c->sequence);
    if (m->timestamp < c->timestamp)
        return no(t, "manifest.timestamp.older", "saw one of %s, this is of %s",
                  hm_time_show(c->timestamp), hm_time_show(m->timestamp));
    return false;
}

static bool refuses_freshness(struct trial *t)
{
    const struct hm_manifest *m = t->o->manifest;

    if (refuses_order(t,
                      hm_authorisation_limit(t->o->authorisation, m->product)))
        return true;
    if (t->has_clock && t->clock > m->expires)
        return no(t, "manifest.expired", "it expired at %s, its clock says %s",
                  hm_time_show(m->expires), hm_time_show(t->clock));
    return false;
}

/* --- 4: anti-rollback --------------------------------------------------------------------- */

static bool refuses_rollback(struct trial *t)
{
    const struct hm_manifest *m = t->o->manifest;
    const struct hm_limit *limit =
        hm_authorisation_limit(t->o->authorisation, m->product);

    if (m->rollback_counter < t->c->rollback_counter)
        return no(t, "manifest.rollback.lower",
                  "its counter is %" PRIu64 ", the release has %" PRIu64,
                  t->c->rollback_counter, m->rollback_counter);
    if (limit != NULL && m->rollback_counter > limit->max_rollback_counter)
        return no(t, "manifest.rollback.above",
                  "counter %" PRIu64 ", root authorises %" PRIu64 " at most",
                  m->rollback_counter, limit->max_rollback_counter);
    return false;
}

/* A clock below the time that was stored counts as none. */
static void set_clock(struct trial *t)
{
    const struct hm_cohort *c = t->c;

    t->clock = c->clock == HM_CLOCK_AT ? c->at : t->o->now;
    t->has_clock = c->clock != HM_CLOCK_NONE &&
                   (!c->has_manifest || t->clock >= c->timestamp);
}

void hm_cohort_judge(const struct hm_cohort *c, const struct hm_offer *offer,
                     struct hm_cohort_verdict *out)
{
    static bool (*const checks[])(struct trial *) = {
        refuses_signature, refuses_applicability, refuses_freshness,
        refuses_rollback};
    struct trial t = {.c = c, .o = offer, .out = out};

    *out = (struct hm_cohort_verdict){.reason = "", .text = ""};
    set_clock(&t);
    out->is_installed =
        c->has_version &&
        hm_version_compare(&c->version, &offer->manifest->version) == 0;
    for (unsigned i = 0; i < 4; i++)
        if (checks[i](&t)) {
            out->check = i + 1;
            return;
        }
    out->check = HM_REHEARSE_YES;
}

void hm_offer_assume_signers(struct hm_offer *offer)
{
    const struct hm_authorisation *a = offer->authorisation;
    const struct hm_manifest *m = offer->manifest;

    offer->signers = 0;
    for (size_t i = 0; i < a->keys_n; i++) {
        const struct hm_authorised_key *key = &a->keys[i];

        if (offer->signers == HM_REHEARSE_SIGNERS ||
            !is_required(a, key->role) || !is_for(key, m->product) ||
            m->timestamp < key->valid_from || m->timestamp > key->valid_until)
            continue;
        memcpy(offer->signer[offer->signers++], key->key.key.keyid,
               HM_SHA256_HEX);
    }
}
