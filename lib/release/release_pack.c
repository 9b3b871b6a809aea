/* How hallmark-pack is asked to pack an artefact: the member "pack". */
#include <stdlib.h>

#include "release_priv.h"

/* { "exclude": "…" } or { "include": "…" } */
HM_MUST static hm_rc read_pattern(struct hm_release *r, struct hm_json at,
                                  void *to, struct hm_err *e)
{
    struct hm_release_pattern *p = to;

    (void)r;
    HM_TRY(hm_json_keys(at, "include exclude", e));
    p->is_include = hm_json_find(at, "include").item != NULL;
    if (p->is_include == (hm_json_find(at, "exclude").item != NULL))
        return hm_json_fail(at, e, HM_E_REJECTED, "release.pack.pattern",
                            "expected exactly one of include and exclude");
    return hm_release_take_member(at, p->is_include ? "include" : "exclude",
                                  HM_RELEASE_PATH, &p->text, e);
}

HM_MUST static hm_rc read_rule(struct hm_release *r, struct hm_json at,
                               void *to, struct hm_err *e)
{
    (void)r;
    return hm_release_take(at, HM_RELEASE_PATH, to, e);
}

HM_MUST static hm_rc take_patterns(struct hm_json at, struct hm_release_pack *p,
                                   struct hm_err *e)
{
    static const struct hm_release_list list = {
        "patterns", 1, HM_RELEASE_PACK_MAX, sizeof(struct hm_release_pattern),
        read_pattern};
    struct hm_json items;
    void *array = NULL;

    if (hm_json_find(at, "patterns").item == NULL)
        return HM_OK;
    HM_TRY(hm_release_make_array(at, &list, &items, &array, e));
    p->patterns = array;
    return hm_release_fill_array(NULL, items, &list, array, &p->n_patterns, e);
}

HM_MUST static hm_rc take_rules(struct hm_json at, struct hm_release_pack *p,
                                struct hm_err *e)
{
    static const struct hm_release_list list = {
        "allow", 1, HM_RELEASE_PACK_MAX, sizeof(*p->allow.word), read_rule};
    struct hm_json items;
    void *array = NULL;

    if (hm_json_find(at, "allow").item == NULL)
        return HM_OK;
    HM_TRY(hm_release_make_array(at, &list, &items, &array, e));
    p->allow.word = array;
    return hm_release_fill_array(NULL, items, &list, array, &p->allow.n, e);
}

HM_MUST static hm_rc take_keep(struct hm_json at, const char *name, bool *keep,
                               struct hm_err *e)
{
    const char *word = NULL;

    *keep = hm_json_find(at, name).item != NULL;
    return *keep ? hm_release_take_word(at, name, "keep", &word, e) : HM_OK;
}

hm_rc hm_release_read_pack(struct hm_json artefact, enum hm_release_from from,
                           struct hm_release_pack *p, struct hm_err *e)
{
    const struct hm_json at = hm_json_find(artefact, "pack");

    if (at.item == NULL)
        return HM_OK;
    if (from == HM_RELEASE_FROM_FILE)
        return hm_json_fail(at, e, HM_E_REJECTED, "release.pack.file",
                            "a ready file is not packed");
    HM_TRY(
        hm_json_keys(at, "patterns modes owners xattrs permissions allow", e));
    HM_TRY(take_patterns(at, p, e));
    HM_TRY(take_keep(at, "modes", &p->keep_modes, e));
    HM_TRY(take_keep(at, "owners", &p->keep_owners, e));
    HM_TRY(take_keep(at, "xattrs", &p->keep_xattrs, e));
    HM_TRY(hm_release_take_optional(at, "permissions", HM_RELEASE_PATH,
                                    &p->permissions, e));
    return take_rules(at, p, e);
}

void hm_release_pack_clear(struct hm_release_pack *p)
{
    free(p->patterns);
    free(p->allow.word);
    *p = (struct hm_release_pack){.patterns = NULL};
}
