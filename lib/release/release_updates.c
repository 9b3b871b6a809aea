#include "release_priv.h"

/* --- updates -------------------------------------------------------------- */

HM_MUST static hm_rc take_versions(const struct hm_release *r,
                                   struct hm_json at,
                                   struct hm_release_update *u,
                                   struct hm_err *e)
{
    const struct hm_json range = hm_json_find(at, "from_versions");
    const char *const version = r->version.text;

    u->any_version = range.item == NULL;
    if (u->any_version)
        return HM_OK;
    HM_TRY(hm_json_keys(range, "min max", e));
    HM_TRY(hm_json_get_version(range, "min", &u->from_min, e));
    HM_TRY(hm_json_get_version(range, "max", &u->from_max, e));
    if (hm_version_compare(&u->from_min, &u->from_max) > 0)
        return hm_json_fail(range, e, HM_E_REJECTED, "release.versions.order",
                            "min %s is above max %s", u->from_min.text,
                            u->from_max.text);
    if (hm_version_compare(&u->from_max, &r->version) >= 0)
        return hm_hint(
            e,
            hm_json_fail(range, e, HM_E_REJECTED, "release.versions.order",
                         "max %s is not below the version %s that this "
                         "release installs",
                         u->from_max.text, version),
            "ranges are inclusive: give the highest version that shall be "
            "updated, or leave from_versions out for every version");
    return HM_OK;
}

HM_MUST static hm_rc take_artefacts(const struct hm_release *r,
                                    struct hm_json at,
                                    struct hm_release_update *u,
                                    struct hm_err *e)
{
    struct hm_json items;

    HM_TRY(hm_json_get_array(at, "artefacts", 1, HM_RELEASE_ARTEFACTS_MAX,
                             &items, e));
    for (struct hm_json i = hm_json_first(items); i.item != NULL;
         i = hm_json_next(i)) {
        size_t *here = &u->artefact[u->n_artefacts];

        HM_TRY(hm_release_find_artefact(r, i, here, e));
        for (size_t k = 0; k < u->n_artefacts; k++)
            if (u->artefact[k] == *here)
                return hm_json_fail(
                    i, e, HM_E_REJECTED, "release.word.duplicate",
                    "'%s' stands there twice", r->artefacts[*here].id);
        u->n_artefacts++;
    }
    return HM_OK;
}

HM_MUST static hm_rc read_update(struct hm_release *r, struct hm_json at,
                                 void *to, struct hm_err *e)
{
    struct hm_release_update *u = to;

    HM_TRY(hm_json_keys(at, "models hardware from_versions artefacts", e));
    HM_TRY(hm_release_take_words(at, "models", 1, &u->models, e));
    HM_TRY(hm_release_take_words(at, "hardware", 1, &u->hardware, e));
    HM_TRY(take_versions(r, at, u, e));
    return take_artefacts(r, at, u, e);
}

hm_rc hm_release_read_updates(struct hm_release *r, struct hm_json at,
                              struct hm_err *e)
{
    static const struct hm_release_list list = {
        "updates", 1, HM_RELEASE_UPDATES_MAX, sizeof(struct hm_release_update),
        read_update};
    struct hm_json items;
    void *array = NULL;

    HM_TRY(hm_release_make_array(at, &list, &items, &array, e));
    r->updates = array;
    return hm_release_fill_array(r, items, &list, array, &r->n_updates, e);
}

/* --- advisories ----------------------------------------------------------- */

HM_MUST static hm_rc check_advisory(const struct hm_release *r,
                                    struct hm_json at,
                                    const struct hm_release_advisory *a,
                                    struct hm_err *e)
{
    if (hm_version_compare(&a->fixed_in, &r->version) > 0)
        return hm_json_fail(at, e, HM_E_REJECTED, "release.advisory.version",
                            "fixed_in %s is above the version %s: this release "
                            "does not fix it",
                            a->fixed_in.text, r->version.text);
    for (const struct hm_release_advisory *b = r->advisories; b < a; b++)
        if (strcmp(a->id, b->id) == 0)
            return hm_json_fail(at, e, HM_E_REJECTED,
                                "release.advisory.duplicate",
                                "an advisory before this one has the same id "
                                "'%s'",
                                hm_show_str(a->id));
    return HM_OK;
}

HM_MUST static hm_rc read_advisory(struct hm_release *r, struct hm_json at,
                                   void *to, struct hm_err *e)
{
    struct hm_release_advisory *a = to;

    HM_TRY(hm_json_keys(at, "id aliases severity cvss url fixed_in action", e));
    HM_TRY(hm_release_take_member(at, "id", HM_RELEASE_ID, &a->id, e));
    if (hm_json_find(at, "aliases").item != NULL)
        HM_TRY(hm_release_take_words(at, "aliases", 0, &a->aliases, e));
    HM_TRY(hm_release_take_word(at, "severity", HM_RELEASE_SEVERITIES,
                                &a->severity, e));
    HM_TRY(hm_release_take_optional(at, "cvss", HM_RELEASE_LINE, &a->cvss, e));
    HM_TRY(hm_release_take_member(at, "url", HM_RELEASE_WEB, &a->url, e));
    HM_TRY(hm_json_get_version(at, "fixed_in", &a->fixed_in, e));
    HM_TRY(
        hm_release_take_member(at, "action", HM_RELEASE_LINE, &a->action, e));
    return check_advisory(r, at, a, e);
}

hm_rc hm_release_read_advisories(struct hm_release *r, struct hm_json at,
                                 struct hm_err *e)
{
    static const struct hm_release_list list = {
        "advisories", 0, HM_RELEASE_ADVISORIES_MAX,
        sizeof(struct hm_release_advisory), read_advisory};
    struct hm_json items;
    void *array = NULL;

    HM_TRY(hm_release_make_array(at, &list, &items, &array, e));
    r->advisories = array;
    return hm_release_fill_array(r, items, &list, array, &r->n_advisories, e);
}
