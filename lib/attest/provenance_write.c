#include "attest_priv.h"

static void put_pairs(struct hm_json_writer *w, const char *key,
                      const struct hm_attest_pairs *pairs)
{
    hm_json_open_object(w, key);
    for (size_t i = 0; i < pairs->n; i++)
        hm_json_put_text(w, pairs->pair[i].name, pairs->pair[i].value);
    hm_json_close_object(w);
}

static void put_resource(struct hm_json_writer *w,
                         const struct hm_attest_resource *r)
{
    hm_json_open_object(w, NULL);
    hm_json_put_optional(w, "name", r->name);
    hm_json_put_optional(w, "uri", r->uri);
    if (r->git_commit != NULL || r->sha256 != NULL || r->sha512 != NULL) {
        hm_json_open_object(w, "digest");
        hm_json_put_optional(w, "gitCommit", r->git_commit);
        hm_json_put_optional(w, "sha256", r->sha256);
        hm_json_put_optional(w, "sha512", r->sha512);
        hm_json_close_object(w);
    }
    hm_json_close_object(w);
}

static void put_resources(struct hm_json_writer *w, const char *key,
                          const struct hm_attest_resources *list)
{
    if (list->n == 0)
        return;
    hm_json_open_array(w, key);
    for (size_t i = 0; i < list->n; i++)
        put_resource(w, &list->resource[i]);
    hm_json_close_array(w);
}

static void put_metadata(struct hm_json_writer *w,
                         const struct hm_attest_provenance *p)
{
    if (p->invocation_id == NULL && p->started == 0 && p->finished == 0)
        return;
    hm_json_open_object(w, "metadata");
    hm_json_put_optional(w, "invocationId", p->invocation_id);
    if (p->started != 0)
        hm_json_put_time(w, "startedOn", p->started);
    if (p->finished != 0)
        hm_json_put_time(w, "finishedOn", p->finished);
    hm_json_close_object(w);
}

static void put_definition(struct hm_json_writer *w,
                           const struct hm_attest_provenance *p)
{
    hm_json_open_object(w, "buildDefinition");
    hm_json_put_text(w, "buildType", p->build_type);
    put_pairs(w, "externalParameters", &p->external);
    if (p->internal.n > 0)
        put_pairs(w, "internalParameters", &p->internal);
    put_resources(w, "resolvedDependencies", &p->dependencies);
    hm_json_close_object(w);
}

static void put_run(struct hm_json_writer *w,
                    const struct hm_attest_provenance *p)
{
    hm_json_open_object(w, "runDetails");
    hm_json_open_object(w, "builder");
    hm_json_put_text(w, "id", p->builder_id);
    if (p->builder_version.n > 0)
        put_pairs(w, "version", &p->builder_version);
    hm_json_close_object(w);
    put_metadata(w, p);
    put_resources(w, "byproducts", &p->byproducts);
    hm_json_close_object(w);
}

hm_rc hm_attest_write_provenance(const struct hm_attest_provenance *p,
                                 struct hm_buf *out, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(out->max);
    struct hm_json_writer w;

    hm_buf_clear(out);
    HM_TRY(attest_check_uri("buildType", p->build_type, e));
    HM_TRY(attest_check_uri("builder.id", p->builder_id, e));
    hm_json_begin(&w, &text, false);
    hm_json_open_object(&w, NULL);
    put_definition(&w, p);
    put_run(&w, p);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    hm_buf_move(out, &text);
    return HM_OK;
}
