/* What no document shows alone: that each manifest served follows the one
 * before it, belongs to a release, and was signed while its key was good. */
#include <stdio.h>

#include "evidence_priv.h"

#define U(v) ((unsigned long long)(v))

/* (epoch, sequence) rises because folders are named so; authorisation and
 * counter must not fall with it, nor time, which a higher epoch resets. */
HM_MUST static hm_rc check_step(const struct ev_document *a,
                                const struct ev_document *b, struct hm_err *e)
{
    const bool resets = b->manifest.epoch > a->manifest.epoch;

    if ((!resets && b->manifest.timestamp < a->manifest.timestamp) ||
        b->authorisation.sequence < a->authorisation.sequence)
        return hm_fail(e, HM_E_REJECTED, "evidence.history.order",
                       "%s was issued %s under authorisation %llu, before %s "
                       "(%s, authorisation %llu)",
                       b->folder, hm_time_show(b->manifest.timestamp),
                       U(b->authorisation.sequence), a->folder,
                       hm_time_show(a->manifest.timestamp),
                       U(a->authorisation.sequence));
    if (b->manifest.rollback_counter < a->manifest.rollback_counter)
        return hm_fail(e, HM_E_REJECTED, "evidence.history.rollback",
                       "the rollback counter fell from %llu in %s to %llu in "
                       "%s",
                       U(a->manifest.rollback_counter), a->folder,
                       U(b->manifest.rollback_counter), b->folder);
    return HM_OK;
}

HM_MUST static hm_rc check_limit(const struct ev_document *d, struct hm_err *e)
{
    const struct hm_limit *limit =
        hm_authorisation_limit(&d->authorisation, d->manifest.product);

    if (limit && d->manifest.rollback_counter > limit->max_rollback_counter)
        return hm_fail(e, HM_E_REJECTED, "evidence.history.rollback",
                       "%s has rollback counter %llu, authorised are %llu",
                       d->folder, U(d->manifest.rollback_counter),
                       U(limit->max_rollback_counter));
    return HM_OK;
}

HM_MUST static hm_rc check_folder(const struct ev_document *d, struct hm_err *e)
{
    char name[80];

    (void)snprintf(name, sizeof(name), "%llu-%llu", U(d->manifest.epoch),
                   U(d->manifest.sequence));
    if (strcmp(strrchr(d->folder, '/') + 1, name) != 0)
        return hm_fail(e, HM_E_REJECTED, "evidence.history.order",
                       "%s holds the manifest of epoch and sequence %s",
                       d->folder, name);
    return HM_OK;
}

HM_MUST static hm_rc check_product(const struct ev_document *first,
                                   const struct ev_document *d,
                                   struct hm_err *e)
{
    if (strcmp(first->manifest.product, d->manifest.product) != 0 ||
        strcmp(first->manifest.vendor, d->manifest.vendor) != 0)
        return hm_fail(e, HM_E_REJECTED, "evidence.repository.product",
                       "%s is of '%s', the repository is of '%s'", d->folder,
                       hm_show_str(d->manifest.product),
                       hm_show_str(first->manifest.product));
    return HM_OK;
}

static struct ev_document *find_release(const struct ev_facts *f,
                                        const struct hm_manifest *m)
{
    for (size_t i = 0; i < f->n_release; i++)
        if (strcmp(f->release[i].manifest.version.text, m->version.text) == 0 &&
            memcmp(f->release[i].manifest.index_sha256, m->index_sha256,
                   HM_SHA256_SIZE) == 0)
            return &f->release[i];
    return NULL;
}

/* Each manifest has its release, each release was served. */
HM_MUST static hm_rc match_releases(struct ev_facts *f, struct hm_err *e)
{
    for (size_t i = 0; i < f->n_served; i++) {
        struct ev_document *d = &f->served[i];
        const struct ev_document *r = find_release(f, &d->manifest);

        if (!r)
            return hm_fail(e, HM_E_REJECTED, "evidence.history.release",
                           "%s is for version %s, which is not in the "
                           "repository as it was then",
                           d->folder, d->manifest.version.text);
        memcpy(d->files, r->folder, sizeof(d->files));
    }
    for (size_t k = 0; k < f->n_release; k++) {
        size_t i = 0;

        while (i < f->n_served &&
               memcmp(f->served[i].manifest.sha256,
                      f->release[k].manifest.sha256, HM_SHA256_SIZE) != 0)
            i++;
        if (i == f->n_served)
            return hm_fail(e, HM_E_REJECTED, "evidence.history.release",
                           "the manifest of %s was never served",
                           f->release[k].folder);
    }
    return ev_add_pass(&f->findings, "evidence.history.release", "", e,
                       "%zu manifests served, each with all files of its "
                       "release; %zu releases, each served",
                       f->n_served, f->n_release);
}

HM_MUST static hm_rc check_sequence(struct ev_facts *f, struct hm_err *e)
{
    const struct ev_document *last = &f->served[f->n_served - 1];

    for (size_t i = 0; i < f->n_served; i++) {
        HM_TRY(check_folder(&f->served[i], e));
        HM_TRY(check_product(&f->served[0], &f->served[i], e));
        HM_TRY(check_limit(&f->served[i], e));
        if (i > 0)
            HM_TRY(check_step(&f->served[i - 1], &f->served[i], e));
    }
    for (size_t i = 0; i < f->n_release; i++)
        HM_TRY(check_product(&f->served[0], &f->release[i], e));
    HM_TRY(ev_add_pass(&f->findings, "evidence.history.order", "", e,
                       "epoch and sequence rose with each of %zu manifests, "
                       "authorisation never fell, nor time within an epoch; "
                       "the last is %llu/%llu",
                       f->n_served, U(last->manifest.epoch),
                       U(last->manifest.sequence)));
    return ev_add_pass(&f->findings, "evidence.history.rollback", "", e,
                       "the rollback counter rose from %llu to %llu and never "
                       "fell, within what the root authorised",
                       U(f->served[0].manifest.rollback_counter),
                       U(last->manifest.rollback_counter));
}

/* A key that was retired later must have signed before that.  The time is the
 * manifest's own: enough for a key that was only rotated; for one that was
 * compromised or lost nothing here shows it, and the row says so.  So it does
 * where the key was still in force by the authorisation that was served: the
 * root had retired it, but whoever released had not taken that up. */
HM_MUST static hm_rc check_use(struct ev_facts *f, const struct ev_key *k,
                               const struct ev_document *d, struct hm_err *e)
{
    const bool after = d->manifest.timestamp > k->retired_since;

    if (after && d->authorisation.sequence >= k->retired_sequence)
        return hm_fail(e, HM_E_REJECTED, "evidence.key.retired",
                       "%s was signed %s by key %.16s, retired since %s",
                       d->folder, hm_time_show(d->manifest.timestamp), k->keyid,
                       hm_time_show(k->retired_since));
    if (after)
        return ev_add_warning(&f->findings, "evidence.key.retired",
                              "evidence.key.unproven", e,
                              "%s is dated %s and signed by key %.16s, retired "
                              "since %s, under the authorisation before that",
                              d->folder, hm_time_show(d->manifest.timestamp),
                              k->keyid, hm_time_show(k->retired_since));
    if (k->retired_reason == HM_ROTATED)
        return HM_OK;
    return ev_add_warning(&f->findings, "evidence.key.retired",
                          "evidence.key.unproven", e,
                          "%s was signed by key %.16s, which was later "
                          "compromised or lost; no log shows that this was "
                          "before",
                          d->folder, k->keyid);
}

HM_MUST static hm_rc check_keys(struct ev_facts *f, struct hm_err *e)
{
    size_t retired = 0;

    for (size_t k = 0; k < f->n_key; k++) {
        if (f->key[k].retired_sequence == 0)
            continue;
        retired++;
        for (size_t i = 0; i < f->n_served; i++)
            for (size_t s = 0; s < f->served[i].by_vendor.n; s++)
                if (strcmp(f->served[i].by_vendor.sig[s].keyid,
                           f->key[k].keyid) == 0)
                    HM_TRY(check_use(f, &f->key[k], &f->served[i], e));
    }
    return ev_add_pass(&f->findings, "evidence.key.retired", "", e,
                       "%zu keys, %zu of them retired; none signed a manifest "
                       "after its retirement was served",
                       f->n_key, retired);
}

hm_rc ev_history_check(struct ev_facts *f, struct hm_err *e)
{
    HM_TRY(check_sequence(f, e));
    HM_TRY(match_releases(f, e));
    return check_keys(f, e);
}
