#include <stdlib.h>

#include "sbom_priv.h"

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct hm_names *names)
{
    if (names->n > 1)
        qsort(names->name, names->n, sizeof(*names->name), by_bytes);
}

/* Every "bom-ref" of the document gives a name, wherever it stands. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is at most HM_JSON_DEPTH_MAX */
HM_MUST static hm_rc collect(struct hm_sbom *s, struct hm_json at,
                             struct hm_err *e)
{
    for (struct hm_json i = hm_json_first(at); i.item != NULL;
         i = hm_json_next(i)) {
        const struct hm_bytes text = hm_json_view(i);

        if (text.n > 0 && strcmp(hm_json_name(i), "bom-ref") == 0)
            HM_TRY(hm_names_add(&s->refs, (const char *)text.p, e));
        HM_TRY(collect(s, i, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc find_duplicates(struct hm_sbom *s, struct hm_err *e)
{
    for (size_t i = 1; i < s->refs.n; i++)
        if (strcmp(s->refs.name[i], s->refs.name[i - 1]) == 0 &&
            (i < 2 || strcmp(s->refs.name[i], s->refs.name[i - 2]) != 0))
            HM_TRY(hm_names_add(&s->duplicates, s->refs.name[i], e));
    return HM_OK;
}

/* A BOM-Link names something in another document. */
HM_MUST static hm_rc check_ref(struct hm_sbom *s, struct hm_json ref,
                               struct hm_err *e)
{
    const char *text = (const char *)hm_json_view(ref).p;

    if (text == NULL)
        return hm_json_fail(ref, e, HM_E_FORMAT, "json.member.type",
                            "expected a string");
    if (strncmp(text, "urn:cdx:", 8) == 0 || hm_names_has(&s->refs, text))
        return HM_OK;
    return hm_names_add(&s->dangling, text, e);
}

HM_MUST static hm_rc check_list(struct hm_sbom *s, struct hm_json dependency,
                                const char *name, struct hm_err *e)
{
    struct hm_json list;

    if (hm_json_find(dependency, name).item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_array(dependency, name, 0, SIZE_MAX, &list, e));
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i))
        HM_TRY(check_ref(s, i, e));
    return HM_OK;
}

hm_rc sbom_read_refs(struct hm_sbom *s, struct hm_json root, struct hm_err *e)
{
    struct hm_json ref;

    HM_TRY(collect(s, root, e));
    sort(&s->refs);
    HM_TRY(find_duplicates(s, e));
    for (struct hm_json i = hm_json_first(hm_json_find(root, "dependencies"));
         i.item != NULL; i = hm_json_next(i)) {
        HM_TRY(hm_json_get(i, "ref", &ref, e));
        HM_TRY(check_ref(s, ref, e));
        HM_TRY(check_list(s, i, "dependsOn", e));
        HM_TRY(check_list(s, i, "provides", e));
    }
    sort(&s->dangling);
    return HM_OK;
}
