#include <stdlib.h>

#include "manifest_priv.h"

/* Grow an array by one element; the new one is zero. */
HM_MUST static hm_rc grow(void **array, size_t n, size_t size, size_t max,
                          struct hm_err *e)
{
    void *p = NULL;

    if (n == max)
        return hm_fail(e, HM_E_LIMIT, "json.member.count",
                       "more than %zu entries", max);
    p = reallocarray(*array, n + 1, size);
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "manifest.nomem",
                       "out of memory for an entry");
    memset((char *)p + n * size, 0, size);
    *array = p;
    return HM_OK;
}

hm_rc hm_manifest_add_advisory(struct hm_manifest *m, struct hm_advisory **out,
                               struct hm_err *e)
{
    void *p = m->advisories;

    HM_TRY(grow(&p, m->advisories_n, sizeof(**out), HM_MANIFEST_ADVISORIES_MAX,
                e));
    m->advisories = p;
    *out = &m->advisories[m->advisories_n++];
    return HM_OK;
}

hm_rc hm_manifest_add_update(struct hm_manifest *m, struct hm_update **out,
                             struct hm_err *e)
{
    void *p = m->updates;

    HM_TRY(grow(&p, m->updates_n, sizeof(**out), HM_MANIFEST_UPDATES_MAX, e));
    m->updates = p;
    *out = &m->updates[m->updates_n++];
    return HM_OK;
}

hm_rc hm_update_add_artefact(struct hm_update *u, struct hm_artefact **out,
                             struct hm_err *e)
{
    void *p = u->artefacts;

    HM_TRY(grow(&p, u->n, sizeof(**out), HM_MANIFEST_ARTEFACTS_MAX, e));
    u->artefacts = p;
    *out = &u->artefacts[u->n++];
    return HM_OK;
}

void hm_manifest_clear(struct hm_manifest *m)
{
    for (size_t i = 0; i < m->advisories_n; i++)
        manifest_words_clear(&m->advisories[i].aliases);
    for (size_t i = 0; i < m->updates_n; i++) {
        manifest_words_clear(&m->updates[i].models);
        manifest_words_clear(&m->updates[i].hardware);
        free(m->updates[i].artefacts);
    }
    hm_buf_clear(&m->rollout);
    free(m->advisories);
    free(m->updates);
    *m = (struct hm_manifest)HM_MANIFEST_INIT;
}
