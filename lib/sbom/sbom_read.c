#include "sbom_priv.h"

#define SUPPORTED "CycloneDX JSON 1.4 to 1.7"

HM_MUST static hm_rc refuse_format(enum hm_sbom_format format, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_FORMAT, "sbom.format.unsupported",
                           "expected " SUPPORTED ", found %s",
                           hm_sbom_format_name(format)),
                   "let the tool that makes the SBOM write " SUPPORTED
                   ", as plain UTF-8");
}

/* A string member; NULL when absent. */
HM_MUST static hm_rc find_text(struct hm_json at, const char *name,
                               const char **out, struct hm_err *e)
{
    const struct hm_json member = hm_json_find(at, name);

    *out = NULL;
    if (member.item == NULL)
        return HM_OK;
    *out = (const char *)hm_json_view(member).p;
    if (*out == NULL)
        return hm_json_fail(member, e, HM_E_FORMAT, "json.member.type",
                            "expected a string");
    return HM_OK;
}

/* An array member; out->item is NULL when absent. */
HM_MUST static hm_rc find_array(struct hm_json at, const char *name,
                                struct hm_json *out, struct hm_err *e)
{
    *out = hm_json_find(at, name);
    if (out->item == NULL)
        return HM_OK;
    return hm_json_get_array(at, name, 0, SIZE_MAX, out, e);
}

/* An SBOM may nest components in components: an assembly's parts count too. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is at most HM_JSON_DEPTH_MAX */
HM_MUST static hm_rc count_nested(struct hm_json at, const char *name,
                                  size_t *n, struct hm_err *e)
{
    struct hm_json list;
    struct hm_json part;

    HM_TRY(find_array(at, name, &list, e));
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i)) {
        ++*n;
        HM_TRY(hm_json_get(i, "name", &part, e));
        HM_TRY(count_nested(i, name, n, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc read_root(struct hm_sbom *s, struct hm_json root,
                               struct hm_err *e)
{
    struct hm_json metadata;

    if (hm_json_find(root, "metadata").item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_object(root, "metadata", &metadata, e));
    if (hm_json_find(metadata, "component").item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_object(metadata, "component", &s->component, e));
    HM_TRY(find_text(s->component, "name", &s->name, e));
    HM_TRY(find_text(s->component, "version", &s->version, e));
    s->has_signature = hm_json_find(s->component, "signature").item != NULL;
    return count_nested(s->component, "components", &s->components, e);
}

HM_MUST static hm_rc read_head(struct hm_sbom *s, struct hm_json root,
                               struct hm_err *e)
{
    const struct hm_bytes format =
        hm_json_view(hm_json_find(root, "bomFormat"));

    if (!hm_bytes_eq(format, HM_LIT("CycloneDX")))
        return refuse_format(HM_SBOM_JSON, e);
    HM_TRY(find_text(root, "specVersion", &s->spec_version, e));
    if (s->spec_version == NULL || strlen(s->spec_version) != 3 ||
        strncmp(s->spec_version, "1.", 2) != 0 || s->spec_version[2] < '4' ||
        s->spec_version[2] > '7')
        return hm_fail(e, HM_E_FORMAT, "sbom.version.unsupported",
                       "specVersion is '%s', expected 1.4 to 1.7",
                       s->spec_version == NULL ? "missing"
                                               : hm_show_str(s->spec_version));
    return find_text(root, "serialNumber", &s->serial, e);
}

HM_MUST static hm_rc read_body(struct hm_sbom *s, struct hm_json root,
                               struct hm_err *e)
{
    struct hm_json list;

    HM_TRY(read_root(s, root, e));
    HM_TRY(count_nested(root, "components", &s->components, e));
    HM_TRY(count_nested(root, "services", &s->services, e));
    HM_TRY(find_array(root, "dependencies", &list, e));
    s->dependencies = hm_json_count(list);
    HM_TRY(find_array(root, "vulnerabilities", &list, e));
    s->vulnerabilities = hm_json_count(list);
    s->has_signature =
        s->has_signature || hm_json_find(root, "signature").item != NULL;
    return sbom_read_refs(s, root, e);
}

HM_MUST static hm_rc read_sbom(struct hm_sbom *s, struct hm_bytes text,
                               struct hm_err *e)
{
    const enum hm_sbom_format format = hm_sbom_identify(text);

    if (format != HM_SBOM_CYCLONEDX_JSON && format != HM_SBOM_JSON)
        return refuse_format(format, e);
    HM_TRY(hm_json_parse(&s->doc, text, HM_JSON_FOREIGN, HM_SBOM_BYTES_MAX, e));
    s->text = text;
    HM_TRY(read_head(s, hm_json_root(&s->doc), e));
    return read_body(s, hm_json_root(&s->doc), e);
}

hm_rc hm_sbom_read(struct hm_sbom *s, struct hm_bytes text, struct hm_err *e)
{
    hm_rc rc;

    hm_sbom_clear(s);
    rc = read_sbom(s, text, e);
    if (rc != HM_OK)
        hm_sbom_clear(s);
    return rc;
}

void hm_sbom_clear(struct hm_sbom *s)
{
    hm_json_doc_clear(&s->doc);
    hm_names_clear(&s->refs);
    hm_names_clear(&s->duplicates);
    hm_names_clear(&s->dangling);
    *s = (struct hm_sbom)HM_SBOM_INIT;
}
