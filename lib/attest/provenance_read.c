#include <stdlib.h>

#include "attest_priv.h"

HM_MUST static hm_rc no_memory(struct hm_err *e)
{
    return hm_fail(e, HM_E_NOMEM, "attest.provenance.nomem",
                   "out of memory for the provenance");
}

/* An object whose values are strings; absent is empty. */
HM_MUST static hm_rc read_pairs(struct hm_json at, const char *name,
                                struct hm_attest_pairs *to, struct hm_err *e)
{
    struct hm_json object;
    size_t n = 0;

    if (hm_json_find(at, name).item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_object(at, name, &object, e));
    n = hm_json_count(object);
    if (n > HM_ATTEST_PAIRS_MAX)
        return hm_json_fail(object, e, HM_E_LIMIT, "json.member.count",
                            "%zu members, expected at most %u", n,
                            HM_ATTEST_PAIRS_MAX);
    to->n = 0;
    to->pair = calloc(n + 1, sizeof(*to->pair));
    if (to->pair == NULL)
        return no_memory(e);
    for (struct hm_json m = hm_json_first(object); m.item != NULL;
         m = hm_json_next(m)) {
        struct hm_attest_pair *pair = &to->pair[to->n++];

        pair->name = hm_json_name(m);
        HM_TRY(attest_get_string(object, pair->name, HM_ATTEST_TEXT_MAX,
                                 &pair->value, e));
    }
    return HM_OK;
}

/* A digest as text, once its length and letters are right. */
HM_MUST static hm_rc read_hex(struct hm_json set, const char *name,
                              const size_t digits[2], const char **out,
                              struct hm_err *e)
{
    size_t n = 0;

    HM_TRY(attest_find_string(set, name, HM_ATTEST_TEXT_MAX, out, e));
    if (*out == NULL)
        return HM_OK;
    n = strlen(*out);
    if ((n != digits[0] && n != digits[1]) ||
        strspn(*out, "0123456789abcdef") != n)
        return hm_json_fail(hm_json_find(set, name), e, HM_E_FORMAT,
                            "base.hex.syntax",
                            "expected %zu lower-case hex digits", digits[0]);
    return HM_OK;
}

HM_MUST static hm_rc read_resource(struct hm_attest_resource *to,
                                   struct hm_json at, struct hm_err *e)
{
    const struct hm_json set = hm_json_find(at, "digest");

    HM_TRY(hm_json_keys(at, "name uri digest", e));
    HM_TRY(attest_find_string(at, "name", HM_ATTEST_TEXT_MAX, &to->name, e));
    HM_TRY(attest_find_string(at, "uri", HM_ATTEST_TEXT_MAX, &to->uri, e));
    if (set.item != NULL) {
        HM_TRY(hm_json_keys(set, "gitCommit sha256 sha512", e));
        HM_TRY(read_hex(set, "gitCommit", (const size_t[]){40, 64},
                        &to->git_commit, e));
        HM_TRY(
            read_hex(set, "sha256", (const size_t[]){64, 64}, &to->sha256, e));
        HM_TRY(read_hex(set, "sha512", (const size_t[]){128, 128}, &to->sha512,
                        e));
    }
    if (to->uri == NULL && to->git_commit == NULL && to->sha256 == NULL &&
        to->sha512 == NULL)
        return hm_json_fail(at, e, HM_E_FORMAT, "attest.provenance.resource",
                            "neither a URI nor a digest");
    return HM_OK;
}

HM_MUST static hm_rc read_resources(struct hm_json at, const char *name,
                                    struct hm_attest_resources *to,
                                    struct hm_err *e)
{
    struct hm_json list;

    if (hm_json_find(at, name).item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_array(at, name, 0, HM_ATTEST_RESOURCES_MAX, &list, e));
    to->resource = calloc(hm_json_count(list) + 1, sizeof(*to->resource));
    if (to->resource == NULL)
        return no_memory(e);
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i))
        HM_TRY(read_resource(&to->resource[to->n++], i, e));
    return HM_OK;
}

HM_MUST static hm_rc read_uri(struct hm_json at, const char *name,
                              const char **out, struct hm_err *e)
{
    HM_TRY(attest_get_string(at, name, HM_ATTEST_TEXT_MAX, out, e));
    return attest_check_uri(name, *out, e);
}

HM_MUST static hm_rc read_definition(struct hm_attest_provenance *p,
                                     struct hm_json predicate, struct hm_err *e)
{
    struct hm_json at;

    HM_TRY(hm_json_get_object(predicate, "buildDefinition", &at, e));
    HM_TRY(hm_json_keys(at,
                        "buildType externalParameters internalParameters "
                        "resolvedDependencies",
                        e));
    HM_TRY(read_uri(at, "buildType", &p->build_type, e));
    HM_TRY(
        hm_json_get_object(at, "externalParameters", &(struct hm_json){0}, e));
    HM_TRY(read_pairs(at, "externalParameters", &p->external, e));
    HM_TRY(read_pairs(at, "internalParameters", &p->internal, e));
    for (size_t i = 0; i < p->internal.n; i++)
        if (hm_attest_find_pair(&p->external, p->internal.pair[i].name) != NULL)
            return hm_json_fail(at, e, HM_E_FORMAT, "attest.provenance.twice",
                                "'%s' is an external and an internal parameter",
                                hm_show_str(p->internal.pair[i].name));
    return read_resources(at, "resolvedDependencies", &p->dependencies, e);
}

HM_MUST static hm_rc read_time(struct hm_json at, const char *name,
                               hm_time *out, struct hm_err *e)
{
    *out = 0;
    if (hm_json_find(at, name).item == NULL)
        return HM_OK;
    return hm_json_get_time(at, name, out, e);
}

HM_MUST static hm_rc read_metadata(struct hm_attest_provenance *p,
                                   struct hm_json run, struct hm_err *e)
{
    struct hm_json at;

    if (hm_json_find(run, "metadata").item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_object(run, "metadata", &at, e));
    HM_TRY(hm_json_keys(at, "invocationId startedOn finishedOn", e));
    HM_TRY(attest_find_string(at, "invocationId", HM_ATTEST_TEXT_MAX,
                              &p->invocation_id, e));
    HM_TRY(read_time(at, "startedOn", &p->started, e));
    HM_TRY(read_time(at, "finishedOn", &p->finished, e));
    if (p->finished != 0 && p->finished < p->started)
        return hm_json_fail(at, e, HM_E_FORMAT, "attest.provenance.times",
                            "the build finished before it started");
    return HM_OK;
}

HM_MUST static hm_rc read_run(struct hm_attest_provenance *p,
                              struct hm_json predicate, struct hm_err *e)
{
    struct hm_json at;
    struct hm_json builder;

    HM_TRY(hm_json_get_object(predicate, "runDetails", &at, e));
    HM_TRY(hm_json_keys(at, "builder metadata byproducts", e));
    HM_TRY(hm_json_get_object(at, "builder", &builder, e));
    HM_TRY(hm_json_keys(builder, "id version", e));
    HM_TRY(read_uri(builder, "id", &p->builder_id, e));
    HM_TRY(read_pairs(builder, "version", &p->builder_version, e));
    HM_TRY(read_metadata(p, at, e));
    return read_resources(at, "byproducts", &p->byproducts, e);
}

HM_MUST static hm_rc read_provenance(struct hm_attest_provenance *p,
                                     const struct hm_attest_statement *s,
                                     struct hm_err *e)
{
    if (s->predicate_type == NULL ||
        strcmp(s->predicate_type, HM_ATTEST_PROVENANCE) != 0)
        return hm_fail(e, HM_E_FORMAT, "attest.predicate.type",
                       "predicateType is '%s', expected '" HM_ATTEST_PROVENANCE
                       "'",
                       s->predicate_type == NULL ? "" : s->predicate_type);
    HM_TRY(hm_json_keys(s->predicate, "buildDefinition runDetails", e));
    HM_TRY(read_definition(p, s->predicate, e));
    return read_run(p, s->predicate, e);
}

hm_rc hm_attest_read_provenance(struct hm_attest_provenance *p,
                                const struct hm_attest_statement *s,
                                struct hm_err *e)
{
    hm_rc rc;

    hm_attest_provenance_clear(p);
    rc = read_provenance(p, s, e);
    if (rc != HM_OK)
        hm_attest_provenance_clear(p);
    return rc;
}

void hm_attest_provenance_clear(struct hm_attest_provenance *p)
{
    free(p->external.pair);
    free(p->internal.pair);
    free(p->builder_version.pair);
    free(p->dependencies.resource);
    free(p->byproducts.resource);
    *p = (struct hm_attest_provenance)HM_ATTEST_PROVENANCE_INIT;
}

const char *hm_attest_find_pair(const struct hm_attest_pairs *pairs,
                                const char *name)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (strcmp(pairs->pair[i].name, name) == 0)
            return pairs->pair[i].value;
    return NULL;
}

const struct hm_attest_resource *
hm_attest_find_source(const struct hm_attest_provenance *p)
{
    for (size_t i = 0; i < p->dependencies.n; i++)
        if (p->dependencies.resource[i].git_commit != NULL)
            return &p->dependencies.resource[i];
    return NULL;
}
