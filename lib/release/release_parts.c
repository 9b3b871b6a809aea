#include "release_priv.h"

/* --- artefacts ------------------------------------------------------------ */

HM_MUST static hm_rc
take_source(struct hm_json at, struct hm_release_artefact *a, struct hm_err *e)
{
    static const struct {
        const char *name;
        enum hm_release_syntax syntax;
    } sources[] = {[HM_RELEASE_FROM_TREE] = {"tree", HM_RELEASE_PATH},
                   [HM_RELEASE_FROM_GIT] = {"git", HM_RELEASE_LINE},
                   [HM_RELEASE_FROM_FILE] = {"file", HM_RELEASE_PATH}};
    unsigned found = 0;

    for (unsigned i = 0; i < sizeof(sources) / sizeof(*sources); i++)
        if (hm_json_find(at, sources[i].name).item != NULL) {
            a->from = (enum hm_release_from)i;
            found++;
        }
    if (found != 1)
        return hm_hint(
            e,
            hm_json_fail(at, e, HM_E_REJECTED, "release.artefact.source",
                         "expected exactly one of tree, git and file, found %s",
                         found == 0 ? "none" : "more"),
            "\"tree\" names a directory to pack, \"git\" a commit to pack, "
            "\"file\" a ready file");
    HM_TRY(hm_release_take_member(at, sources[a->from].name,
                                  sources[a->from].syntax, &a->source, e));
    return hm_release_read_pack(at, a->from, &a->pack, e);
}

HM_MUST static hm_rc take_delta(struct hm_json at,
                                struct hm_release_artefact *a, struct hm_err *e)
{
    static const char *const members[] = {"base_sha256", "target_size",
                                          "target_sha256"};

    if (strcmp(a->kind, "delta") != 0) {
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
            if (hm_json_find(at, members[i]).item != NULL)
                return hm_json_fail(at, e, HM_E_REJECTED,
                                    "release.artefact.delta",
                                    "%s is for kind delta alone", members[i]);
        return HM_OK;
    }
    if (a->from != HM_RELEASE_FROM_FILE)
        return hm_json_fail(at, e, HM_E_REJECTED, "release.artefact.delta",
                            "a delta is a ready file, and nothing to pack");
    HM_TRY(hm_release_take_member(at, "base_sha256", HM_RELEASE_HEX,
                                  &a->base_sha256, e));
    HM_TRY(hm_json_get_uint(at, "target_size", HM_JSON_INT_MAX, &a->target_size,
                            e));
    return hm_release_take_member(at, "target_sha256", HM_RELEASE_HEX,
                                  &a->target_sha256, e);
}

HM_MUST static hm_rc read_artefact(struct hm_release *r, struct hm_json at,
                                   void *to, struct hm_err *e)
{
    struct hm_release_artefact *a = to;

    HM_TRY(hm_json_keys(at,
                        "id tree git file pack name role kind slot base_sha256 "
                        "target_size target_sha256",
                        e));
    HM_TRY(hm_release_take_member(at, "id", HM_RELEASE_ID, &a->id, e));
    HM_TRY(take_source(at, a, e));
    HM_TRY(hm_release_take_segment(at, HM_RELEASE_DIR_ARTEFACTS, &a->name, e));
    HM_TRY(hm_release_take_word(at, "role", HM_RELEASE_ROLES, &a->role, e));
    HM_TRY(hm_release_take_word(at, "kind", HM_RELEASE_KINDS, &a->kind, e));
    HM_TRY(hm_release_take_optional(at, "slot", HM_RELEASE_ID, &a->slot, e));
    HM_TRY(take_delta(at, a, e));
    for (const struct hm_release_artefact *b = r->artefacts; b < a; b++)
        if (strcmp(a->id, b->id) == 0 || strcmp(a->name, b->name) == 0)
            return hm_json_fail(at, e, HM_E_REJECTED,
                                "release.artefact.duplicate",
                                "an artefact before this one has the same %s "
                                "'%s'",
                                strcmp(a->id, b->id) == 0 ? "id" : "name",
                                strcmp(a->id, b->id) == 0 ? a->id : a->name);
    return HM_OK;
}

hm_rc hm_release_read_artefacts(struct hm_release *r, struct hm_json at,
                                struct hm_err *e)
{
    static const struct hm_release_list list = {
        "artefacts", 1, HM_RELEASE_ARTEFACTS_MAX,
        sizeof(struct hm_release_artefact), read_artefact};
    struct hm_json items;
    void *array = NULL;

    HM_TRY(hm_release_make_array(at, &list, &items, &array, e));
    r->artefacts = array;
    return hm_release_fill_array(r, items, &list, array, &r->n_artefacts, e);
}

hm_rc hm_release_find_artefact(const struct hm_release *r, struct hm_json at,
                               size_t *out, struct hm_err *e)
{
    const char *id = NULL;

    HM_TRY(hm_release_take(at, HM_RELEASE_ID, &id, e));
    for (*out = 0; *out < r->n_artefacts; (*out)++)
        if (strcmp(r->artefacts[*out].id, id) == 0)
            return HM_OK;
    return hm_hint(e,
                   hm_json_fail(at, e, HM_E_REJECTED,
                                "release.artefact.unknown",
                                "no artefact has the id '%s'", id),
                   "artefacts are named by their \"id\", not by their file "
                   "name");
}

/* --- sboms ---------------------------------------------------------------- */

HM_MUST static hm_rc read_sbom(struct hm_release *r, struct hm_json at,
                               void *to, struct hm_err *e)
{
    struct hm_release_sbom *s = to;
    struct hm_json artefact;

    HM_TRY(hm_json_keys(at, "file name artefact", e));
    HM_TRY(hm_release_take_member(at, "file", HM_RELEASE_PATH, &s->file, e));
    HM_TRY(hm_release_take_segment(at, HM_RELEASE_DIR_SBOM, &s->name, e));
    HM_TRY(hm_json_get(at, "artefact", &artefact, e));
    HM_TRY(hm_release_find_artefact(r, artefact, &s->artefact, e));
    s->artefact_id = r->artefacts[s->artefact].id;
    for (const struct hm_release_sbom *b = r->sboms; b < s; b++)
        if (strcmp(s->name, b->name) == 0)
            return hm_json_fail(at, e, HM_E_REJECTED, "release.sbom.duplicate",
                                "an SBOM before this one has the same name "
                                "'%s'",
                                s->name);
    return HM_OK;
}

hm_rc hm_release_read_sboms(struct hm_release *r, struct hm_json at,
                            struct hm_err *e)
{
    static const struct hm_release_list list = {
        "sboms", 0, HM_RELEASE_SBOMS_MAX, sizeof(struct hm_release_sbom),
        read_sbom};
    struct hm_json items;
    void *array = NULL;

    HM_TRY(hm_release_make_array(at, &list, &items, &array, e));
    r->sboms = array;
    return hm_release_fill_array(r, items, &list, array, &r->n_sboms, e);
}
