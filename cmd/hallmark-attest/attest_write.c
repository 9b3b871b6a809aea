#include <stdlib.h>

#include "attest_cli_priv.h"

#define PREDICATE_MAX (4u << 20)

/* The source, the configuration, and what lies beside the artefacts. */
struct lists {
    struct hm_attest_resource dependency[2];
    struct hm_attest_resource *byproduct; /* owned */
    struct hm_attest_subject *subject;    /* owned */
};

#define LISTS_INIT                         \
    {                                      \
        .byproduct = NULL, .subject = NULL \
    }

static void lists_clear(struct lists *l)
{
    free(l->byproduct);
    free(l->subject);
}

HM_MUST static hm_rc fill(struct lists *l, const struct attest_build *b,
                          struct hm_err *e)
{
    l->subject = calloc(b->artefacts.n + 1, sizeof(*l->subject));
    l->byproduct = calloc(b->sboms.n + 1, sizeof(*l->byproduct));
    if (l->subject == NULL || l->byproduct == NULL)
        return hm_fail(e, HM_E_NOMEM, "attest.files.nomem",
                       "out of memory for the subjects");
    for (size_t i = 0; i < b->artefacts.n; i++) {
        const struct attest_file *f = &b->artefacts.file[i];

        l->subject[i] = (struct hm_attest_subject){
            .name = f->name, .has_sha256 = true, .has_sha512 = true};
        memcpy(l->subject[i].sha256, f->digests.sha256, HM_SHA256_SIZE);
        memcpy(l->subject[i].sha512, f->digests.sha512, HM_SHA512_SIZE);
    }
    for (size_t i = 0; i < b->sboms.n; i++)
        l->byproduct[i] =
            (struct hm_attest_resource){.name = b->sboms.file[i].name,
                                        .sha256 = b->sboms.file[i].sha256,
                                        .sha512 = b->sboms.file[i].sha512};
    l->dependency[0] = (struct hm_attest_resource){
        .name = "source",
        .uri = b->uri.n > 0 ? (const char *)b->uri.p : NULL,
        .git_commit = b->source.commit};
    l->dependency[1] = (struct hm_attest_resource){
        .name = HM_RELEASE_CONFIGURATION, .sha256 = b->config_sha256};
    return HM_OK;
}

/* The writer borrows all of it; struct hm_attest_pairs wants no const. */
static struct hm_attest_pairs view(struct attest_pairs *pairs)
{
    return (struct hm_attest_pairs){pairs->pair, pairs->n};
}

HM_MUST static hm_rc write_statement(struct lists *l, struct attest_build *b,
                                     struct hm_buf *out, struct hm_err *e)
{
    HM_OWN(hm_buf) predicate = HM_BUF_INIT(PREDICATE_MAX);
    struct hm_attest_provenance p = HM_ATTEST_PROVENANCE_INIT;

    p.build_type = b->release.provenance.build_type;
    p.builder_id = b->release.provenance.builder;
    p.external = view(&b->external);
    p.internal = view(&b->internal);
    p.builder_version = view(&b->version);
    p.dependencies = (struct hm_attest_resources){l->dependency, 2};
    p.byproducts = (struct hm_attest_resources){l->byproduct, b->sboms.n};
    p.invocation_id = b->ci.invocation[0] == '\0' ? NULL : b->ci.invocation;
    p.started = b->started;
    p.finished = b->finished;
    HM_TRY(hm_attest_write_provenance(&p, &predicate, e));
    return hm_attest_write_statement(l->subject, b->artefacts.n,
                                     HM_ATTEST_PROVENANCE,
                                     hm_buf_view(&predicate), out, e);
}

hm_rc attest_write(struct attest_build *b, struct hm_buf *out, struct hm_err *e)
{
    struct lists l = LISTS_INIT;
    hm_rc rc = fill(&l, b, e);

    if (rc == HM_OK)
        rc = write_statement(&l, b, out, e);
    lists_clear(&l);
    return rc;
}
