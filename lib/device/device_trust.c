/* Check 1: root set, authorisation, keys, manifest, over raw bytes.  A document
 * is parsed only after its signatures were good. */
#include "device_memory.h"
#include "device_priv.h"

static const char *check_root(struct device_run *run)
{
    DEVICE_TRY(device_root_read(run->crypto, run->offer->root, &run->root));
    return memcmp(run->root.sha256, run->self->state.root_sha256,
                  HM_DEVICE_SHA256) == 0
               ? device_yes
               : "trust.root.digest";
}

/* --- the authorisation ------------------------------------------------------ */

static const char *check_binding(const struct device_run *run)
{
    const struct device_authorisation *a = &run->authorisation;
    struct hm_device_bytes object;
    struct device_entry entry;
    struct device_walk w;
    unsigned list;

    if (memcmp(a->root_sha256, run->root.sha256, HM_DEVICE_SHA256) != 0)
        return "trust.authorisation.root";
    if (!device_text_equal(a->vendor, run->root.vendor))
        return "trust.authorisation.vendor";
    /* A root key signs authorisations and nothing else. */
    for (list = 0; list < 2; list++) {
        device_walk_begin(&w, list == 0 ? a->keys : a->retired);
        while (device_walk_element(&w, &object)) {
            DEVICE_TRY(
                device_entry_read(run->crypto, object, list == 1, "", &entry));
            if (device_count_id(run->root.keys, entry.key.id) != 0)
                return "trust.key.twice";
        }
    }
    return device_yes;
}

/* A clock below the stored timestamp counts as none; but an epoch that root
 * opened resets that timestamp, whoever may have run it up. */
static bool has_clock(const struct device_run *run)
{
    const struct hm_device_state *s = &run->self->state;
    const struct device_authorisation *a = &run->authorisation;

    return run->self->clock >= 0 &&
           (!s->has_manifest || run->self->clock >= s->timestamp ||
            (a->has_limit && a->epoch > s->epoch));
}

/* Never lower; the same only with the same bytes; expired only where the
 * device was provisioned to take it, and then the manifest must rise. */
static const char *check_age(struct device_run *run)
{
    const struct hm_device_state *state = &run->self->state;
    const struct device_authorisation *a = &run->authorisation;

    if (state->has_authorisation &&
        (a->sequence < state->authorisation_sequence ||
         (a->sequence == state->authorisation_sequence &&
          memcmp(a->sha256, state->authorisation_sha256, HM_DEVICE_SHA256) !=
              0)))
        return "trust.authorisation.sequence";
    run->has_clock = has_clock(run);
    run->is_stale = run->has_clock && run->self->clock > a->expires;
    return run->is_stale && !run->self->accept_stale
               ? "trust.authorisation.expired"
               : device_yes;
}

static const char *check_authorisation(struct device_run *run)
{
    const struct hm_device_bytes bytes = run->offer->authorisation;
    struct device_authorisation *a = &run->authorisation;
    struct device_signatures sigs;

    DEVICE_TRY(device_format(bytes, "hallmark-authorisation/1",
                             "authorisation.format"));
    DEVICE_TRY(device_signatures(run->offer->authorisation_sig,
                                 run->offer->authorisation_sigs, &sigs));
    DEVICE_TRY(device_sha256(run->crypto, bytes, a->sha256));
    DEVICE_TRY(device_root_verify(run->crypto, &run->root, a->sha256, &sigs));
    DEVICE_TRY(
        device_authorisation_read(run->crypto, bytes, run->self->product, a));
    DEVICE_TRY(check_binding(run));
    DEVICE_TRY(check_age(run));
    run->out->after.has_authorisation = true;
    run->out->after.authorisation_sequence = a->sequence;
    memcpy(run->out->after.authorisation_sha256, a->sha256, HM_DEVICE_SHA256);
    return device_yes;
}

/* --- the keys that sign the manifest ---------------------------------------- */

static bool is_wanted(const struct device_authorisation *a,
                      const struct device_entry *entry)
{
    return (a->require >> entry->role & 1) != 0 && entry->for_product;
}

/* Bit i: entry i of keys[] is of a required role, for this product, and signs.
 * Roles gets the roles of these. */
static const char *find_signers(const struct device_run *run,
                                const uint8_t *digest,
                                const struct device_signatures *sigs,
                                uint32_t *signers, uint32_t *found_roles)
{
    struct hm_device_bytes object;
    struct device_entry entry;
    struct device_walk w;
    unsigned i = 0;

    *signers = 0;
    *found_roles = 0;
    device_walk_begin(&w, run->authorisation.keys);
    for (; device_walk_element(&w, &object); i++) {
        DEVICE_TRY(device_entry_read(run->crypto, object, false,
                                     run->self->product, &entry));
        if (!is_wanted(&run->authorisation, &entry) ||
            !device_key_signs(run->crypto, &entry.key, digest, sigs))
            continue;
        *signers |= (uint32_t)1 << i;
        *found_roles |= (uint32_t)1 << entry.role;
    }
    return device_yes;
}

/* Why no key counted: what is wrong with the key that did sign, if it is one of
 * ours. */
static const char *explain(const struct device_run *run, const uint8_t *digest,
                           const struct device_signatures *sigs)
{
    const struct device_authorisation *a = &run->authorisation;
    struct hm_device_bytes object;
    struct device_entry entry;
    struct device_walk w;
    unsigned list;

    for (list = 0; list < 2; list++) {
        device_walk_begin(&w, list == 0 ? a->keys : a->retired);
        while (device_walk_element(&w, &object)) {
            DEVICE_TRY(device_entry_read(run->crypto, object, list == 1,
                                         run->self->product, &entry));
            if ((list == 0 && is_wanted(a, &entry)) ||
                !device_key_signs(run->crypto, &entry.key, digest, sigs))
                continue;
            if (list == 1)
                return "trust.key.retired";
            return (a->require >> entry.role & 1) == 0 ? "trust.key.role"
                                                       : "trust.key.product";
        }
    }
    return "trust.manifest.signature";
}

/* A key's window is held against the manifest's own time, never the clock. */
static const char *check_windows(const struct device_run *run, uint32_t signers)
{
    const struct device_authorisation *a = &run->authorisation;
    const int64_t at = run->manifest.timestamp;
    const char *why = "trust.manifest.signature";
    struct hm_device_bytes object;
    struct device_entry entry;
    struct device_walk w;
    uint32_t good = 0;
    unsigned i = 0;

    device_walk_begin(&w, a->keys);
    for (; device_walk_element(&w, &object); i++) {
        if ((signers >> i & 1) == 0)
            continue;
        DEVICE_TRY(device_entry_read(run->crypto, object, false,
                                     run->self->product, &entry));
        if (at < entry.from)
            why = "trust.key.early";
        else if (at > entry.until)
            why = "trust.key.expired";
        else
            good |= (uint32_t)1 << entry.role;
    }
    return a->require != 0 && (good & a->require) == a->require ? device_yes
                                                                : why;
}

/* --- the manifest ------------------------------------------------------------ */

static void tell(struct device_run *run)
{
    const struct device_manifest *m = &run->manifest;
    struct hm_device_result *out = run->out;

    out->is_signed = true;
    memcpy(out->version, m->version, sizeof(out->version));
    out->epoch = m->epoch;
    out->sequence = m->sequence;
    out->rollback_counter = m->rollback_counter;
    out->timestamp = m->timestamp;
}

static bool rises(const struct device_run *run)
{
    const struct hm_device_state *s = &run->self->state;
    const struct device_manifest *m = &run->manifest;

    return !s->has_manifest || m->epoch > s->epoch ||
           (m->epoch == s->epoch && m->sequence > s->sequence);
}

static const char *check_manifest(struct device_run *run)
{
    const struct hm_device_bytes bytes = run->offer->manifest;
    uint8_t *digest = run->out->manifest_sha256;
    struct device_signatures sigs;
    uint32_t signers;
    uint32_t found;

    DEVICE_TRY(device_format(bytes, "hallmark-manifest/1", "manifest.format"));
    DEVICE_TRY(device_signatures(run->offer->manifest_sig,
                                 run->offer->manifest_sigs, &sigs));
    DEVICE_TRY(device_sha256(run->crypto, bytes, digest));
    DEVICE_TRY(find_signers(run, digest, &sigs, &signers, &found));
    if ((found & run->authorisation.require) != run->authorisation.require)
        return explain(run, digest, &sigs);
    DEVICE_TRY(device_manifest_read(bytes, &run->manifest));
    DEVICE_TRY(check_windows(run, signers));
    if (run->is_stale && !rises(run))
        return "trust.authorisation.expired";
    tell(run);
    return device_yes;
}

const char *device_check_signature(struct device_run *run)
{
    DEVICE_TRY(check_root(run));
    DEVICE_TRY(check_authorisation(run));
    return check_manifest(run);
}
