#include "manifest_priv.h"

#define ADVISORY_MEMBERS "id aliases severity cvss url fixed_in action"
#define UPDATE_MEMBERS   "models hardware from_versions artefacts"
#define FULL_MEMBERS     "name role kind slot size sha256 content_sha256"
#define DELTA_MEMBERS    FULL_MEMBERS " base_sha256 target_size target_sha256"

static bool is_given(struct hm_json at, const char *name)
{
    return hm_json_find(at, name).item != NULL;
}

HM_MUST static hm_rc check_url(struct hm_json at, const char *url,
                               struct hm_err *e)
{
    if (hm_manifest_is_url(url))
        return HM_OK;
    return hm_json_fail(
        hm_json_find(at, "url"), e, HM_E_FORMAT, "manifest.url.syntax",
        "'%s' is not an https:// address of a plain host, in plain ASCII and "
        "without '@'",
        hm_show_str(url));
}

hm_rc manifest_read_advisory(struct hm_advisory *a, struct hm_json at,
                             struct hm_err *e)
{
    unsigned severity = 0;

    HM_TRY(hm_json_keys(at, ADVISORY_MEMBERS, e));
    HM_TRY(manifest_get_name(at, "id", a->id, e));
    HM_TRY(manifest_get_words(at, "aliases", 0, &a->aliases, e));
    HM_TRY(hm_json_get_word(at, "severity", HM_SEVERITIES, &severity, e));
    a->severity = (enum hm_severity)severity;
    if (is_given(at, "cvss"))
        HM_TRY(manifest_get_text(at, "cvss", a->cvss, sizeof(a->cvss), e));
    HM_TRY(manifest_get_text(at, "url", a->url, sizeof(a->url), e));
    HM_TRY(check_url(at, a->url, e));
    HM_TRY(hm_json_get_version(at, "fixed_in", &a->fixed_in, e));
    return manifest_get_text(at, "action", a->action, sizeof(a->action), e);
}

HM_MUST static hm_rc read_delta(struct hm_artefact *a, struct hm_json at,
                                struct hm_err *e)
{
    HM_TRY(hm_json_keys(at, DELTA_MEMBERS, e));
    HM_TRY(hm_json_get_hex(at, "base_sha256", a->base_sha256,
                           sizeof(a->base_sha256), e));
    HM_TRY(hm_json_get_uint(at, "target_size", HM_JSON_INT_MAX, &a->target_size,
                            e));
    return hm_json_get_hex(at, "target_sha256", a->target_sha256,
                           sizeof(a->target_sha256), e);
}

HM_MUST static hm_rc read_optional(struct hm_artefact *a, struct hm_json at,
                                   struct hm_err *e)
{
    if (is_given(at, "slot"))
        HM_TRY(manifest_get_name(at, "slot", a->slot, e));
    a->has_content = is_given(at, "content_sha256");
    if (a->has_content)
        return hm_json_get_hex(at, "content_sha256", a->content_sha256,
                               sizeof(a->content_sha256), e);
    return HM_OK;
}

HM_MUST static hm_rc read_artefact(struct hm_artefact *a, struct hm_json at,
                                   struct hm_err *e)
{
    unsigned role = 0;
    unsigned kind = 0;

    HM_TRY(hm_json_get_name(at, "name", a->name, e));
    HM_TRY(hm_json_get_word(at, "role", HM_ARTEFACT_ROLES, &role, e));
    HM_TRY(hm_json_get_word(at, "kind", HM_ARTEFACT_KINDS, &kind, e));
    a->role = (enum hm_artefact_role)role;
    a->kind = (enum hm_artefact_kind)kind;
    if (a->kind == HM_ARTEFACT_DELTA)
        HM_TRY(read_delta(a, at, e));
    else
        HM_TRY(hm_json_keys(at, FULL_MEMBERS, e));
    HM_TRY(read_optional(a, at, e));
    HM_TRY(hm_json_get_uint(at, "size", HM_JSON_INT_MAX, &a->size, e));
    if (a->size == 0)
        return hm_json_fail(hm_json_find(at, "size"), e, HM_E_REJECTED,
                            "manifest.artefact.empty",
                            "an artefact of 0 bytes installs nothing");
    return hm_json_get_hex(at, "sha256", a->sha256, sizeof(a->sha256), e);
}

HM_MUST static hm_rc read_from(struct hm_update *u, struct hm_json at,
                               struct hm_err *e)
{
    struct hm_json from = hm_json_find(at, "from_versions");

    u->any_version = from.item == NULL;
    if (u->any_version)
        return HM_OK;
    HM_TRY(hm_json_keys(from, "min max", e));
    HM_TRY(hm_json_get_version(from, "min", &u->from_min, e));
    HM_TRY(hm_json_get_version(from, "max", &u->from_max, e));
    if (hm_version_compare(&u->from_min, &u->from_max) > 0)
        return hm_json_fail(from, e, HM_E_REJECTED, "manifest.versions.order",
                            "min %s is above max %s", u->from_min.text,
                            u->from_max.text);
    return HM_OK;
}

hm_rc manifest_read_update(struct hm_update *u, struct hm_json at,
                           struct hm_err *e)
{
    struct hm_json artefacts;

    HM_TRY(hm_json_keys(at, UPDATE_MEMBERS, e));
    HM_TRY(manifest_get_words(at, "models", 1, &u->models, e));
    HM_TRY(manifest_get_words(at, "hardware", 1, &u->hardware, e));
    HM_TRY(read_from(u, at, e));
    HM_TRY(hm_json_get_array(at, "artefacts", 1, HM_MANIFEST_ARTEFACTS_MAX,
                             &artefacts, e));
    for (struct hm_json i = hm_json_first(artefacts); i.item != NULL;
         i = hm_json_next(i)) {
        struct hm_artefact *a = NULL;

        HM_TRY(hm_update_add_artefact(u, &a, e));
        HM_TRY(read_artefact(a, i, e));
    }
    return HM_OK;
}
