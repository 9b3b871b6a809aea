#include "release_priv.h"

static unsigned rank(const char *severity)
{
    static const char *const order[] = {"none", "low", "medium", "high",
                                        "critical"};
    unsigned i = 0;

    while (i + 1 < sizeof(order) / sizeof(order[0]) &&
           strcmp(severity, order[i]) != 0)
        i++;
    return i;
}

/* The severity of a release is what a device decides by; its advisories are
 * what people read: the two must not tell different stories. */
HM_MUST static hm_rc check_severity(const struct hm_release *r,
                                    struct hm_json at, struct hm_err *e)
{
    const struct hm_json here = hm_json_find(at, "severity");
    const char *highest = "none";

    for (size_t i = 0; i < r->n_advisories; i++)
        if (rank(r->advisories[i].severity) > rank(highest))
            highest = r->advisories[i].severity;
    if (r->n_advisories > 0 && strcmp(highest, r->severity) != 0)
        return hm_json_fail(here, e, HM_E_REJECTED, "release.severity.differs",
                            "expected '%s', the highest of the advisories, "
                            "found '%s'",
                            highest, r->severity);
    if (strcmp(r->update_type, "security") == 0 &&
        strcmp(r->severity, "none") == 0)
        return hm_json_fail(here, e, HM_E_REJECTED, "release.severity.differs",
                            "a security update has a severity other than none");
    return HM_OK;
}

HM_MUST static hm_rc check_advisories(const struct hm_release *r,
                                      struct hm_json at, struct hm_err *e)
{
    if (strcmp(r->update_type, "security") != 0 || r->n_advisories > 0)
        return HM_OK;
    return hm_hint(e,
                   hm_json_fail(hm_json_find(at, "advisories"), e,
                                HM_E_REJECTED, "release.advisory.missing",
                                "a security update names at least one "
                                "advisory, found none"),
                   "describe what is fixed in \"advisories\", or choose "
                   "update_type routine or emergency");
}

static bool is_used(const struct hm_release *r, size_t artefact)
{
    for (size_t i = 0; i < r->n_updates; i++)
        for (size_t k = 0; k < r->updates[i].n_artefacts; k++)
            if (r->updates[i].artefact[k] == artefact)
                return true;
    return false;
}

HM_MUST static hm_rc check_artefacts(const struct hm_release *r,
                                     struct hm_json at, struct hm_err *e)
{
    struct hm_json a = hm_json_first(hm_json_find(at, "artefacts"));

    for (size_t i = 0; i < r->n_artefacts; i++, a = hm_json_next(a))
        if (!is_used(r, i))
            return hm_hint(
                e,
                hm_json_fail(a, e, HM_E_REJECTED, "release.artefact.unused",
                             "no entry of updates names '%s': no device would "
                             "install it",
                             r->artefacts[i].id),
                "name it in the artefacts of an entry of \"updates\", or take "
                "it out");
    return HM_OK;
}

hm_rc hm_release_check(const struct hm_release *r, struct hm_json at,
                       struct hm_err *e)
{
    HM_TRY(check_artefacts(r, at, e));
    HM_TRY(check_advisories(r, at, e));
    return check_severity(r, at, e);
}
