/* Attestations: signed by a current provenance key, about files of this
 * release; and provenance for every artefact. */
#include "hm_release.h"
#include "verify_priv.h"

/* Keys whose attestations count, borrowed from the authorisation. */
struct keys {
    const struct hm_public_key *key[HM_ATTEST_KEYS_MAX];
    size_t n;
};

static void find_keys(const struct verify *v, struct keys *out)
{
    const struct hm_authorisation *a = &v->authorisation;
    const struct hm_key_use use = {.role = HM_ROLE_PROVENANCE,
                                   .product = v->manifest.product,
                                   .at = v->manifest.timestamp};

    out->n = 0;
    for (size_t i = 0; i < a->keys_n && out->n < HM_ATTEST_KEYS_MAX; i++)
        if (hm_authorisation_judge(a, a->keys[i].key.key.keyid, &use, NULL) ==
            HM_OK)
            out->key[out->n++] = &a->keys[i].key.key;
}

hm_rc verify_load_statement(const struct verify *v, const char *name,
                            struct hm_attest_envelope *env,
                            struct hm_attest_statement *s, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct hm_attest_signers by;
    struct keys keys;

    HM_TRY(verify_load_listed(v, name, &text, e));
    HM_TRY(hm_attest_read_envelope(env, hm_buf_view(&text), HM_ATTEST_OURS, e));
    find_keys(v, &keys);
    HM_TRY(hm_hint(e, hm_attest_verify(env, keys.key, keys.n, 1, &by, e),
                   "sign it with a key of role provenance that "
                   "authorisation.json names for this product"));
    return hm_attest_read_statement(s, hm_buf_view(&env->payload),
                                    HM_ATTEST_OURS, e);
}

static bool is_of_kind(const struct hm_index_file *f, const char *kind)
{
    return strcmp(hm_file_kind_name(f->kind), kind) == 0;
}

/* Every subject is a file of this release, by name and digest. */
HM_MUST static hm_rc check_subjects(const struct verify *v,
                                    const struct hm_attest_statement *s,
                                    struct hm_err *why)
{
    for (size_t i = 0; i < s->n_subjects; i++) {
        const struct hm_index_file *f =
            hm_index_find(&v->index, s->subjects[i].name);

        if (f == NULL)
            return hm_fail(why, HM_E_REJECTED, "attest.subject.unknown",
                           "its subject '%s' is no file of this release",
                           hm_show_str(s->subjects[i].name));
        if (hm_attest_find_subject(s, f->name, &f->digests) == NULL)
            return hm_fail(why, HM_E_REJECTED, "attest.subject.differs",
                           "its subject '%s' is another file than this "
                           "release's: the digests differ",
                           f->name);
    }
    return HM_OK;
}

HM_MUST static hm_rc check_attestation(const struct verify *v, const char *name,
                                       struct hm_err *why)
{
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;

    HM_TRY(verify_load_statement(v, name, &env, &s, why));
    return check_subjects(v, &s, why);
}

hm_rc verify_attestations(struct verify *v, struct hm_err *e)
{
    for (size_t i = 0; i < v->index.n; i++) {
        const struct hm_index_file *f = &v->index.files[i];
        struct hm_err why = {.rc = HM_OK};

        if (!is_of_kind(f, "attestation"))
            continue;
        HM_TRY(verify_note(v, f->name, check_attestation(v, f->name, &why),
                           &why, e));
    }
    return HM_OK;
}

/* Product and version that the provenance states must be this release's. */
HM_MUST static hm_rc check_parameters(const struct verify *v,
                                      const struct hm_attest_statement *s,
                                      struct hm_err *why)
{
    HM_OWN(hm_attest_provenance) p = HM_ATTEST_PROVENANCE_INIT;
    const char *product = NULL;
    const char *version = NULL;

    HM_TRY(hm_attest_read_provenance(&p, s, why));
    product = hm_attest_find_pair(&p.external, "product");
    version = hm_attest_find_pair(&p.external, "version");
    if (product == NULL || version == NULL ||
        strcmp(product, v->manifest.product) != 0 ||
        strcmp(version, v->manifest.version.text) != 0)
        return hm_fail(why, HM_E_REJECTED, "attest.provenance.differs",
                       "it is the provenance of %s %s, this release is %s %s",
                       product == NULL ? "no product" : hm_show_str(product),
                       version == NULL ? "" : hm_show_str(version),
                       v->manifest.product, v->manifest.version.text);
    return HM_OK;
}

/* Does this attestation give provenance of the artefact? */
HM_MUST static hm_rc gives_provenance(const struct verify *v, const char *name,
                                      const struct hm_index_file *artefact,
                                      bool *found, struct hm_err *why)
{
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;

    *found = false;
    HM_TRY(verify_load_statement(v, name, &env, &s, why));
    if (strcmp(s.predicate_type, HM_ATTEST_PROVENANCE) != 0 ||
        hm_attest_find_subject(&s, artefact->name, &artefact->digests) == NULL)
        return HM_OK;
    HM_TRY(check_parameters(v, &s, why));
    *found = true;
    return HM_OK;
}

HM_MUST static hm_rc check_provenance(const struct verify *v, const char *name,
                                      struct hm_err *why)
{
    const struct hm_index_file *artefact = hm_index_find(&v->index, name);
    bool found = false;

    for (size_t i = 0; i < v->index.n && artefact != NULL && !found; i++)
        if (is_of_kind(&v->index.files[i], "attestation"))
            HM_TRY(gives_provenance(v, v->index.files[i].name, artefact, &found,
                                    why));
    if (found)
        return HM_OK;
    return hm_hint(why,
                   hm_fail(why, HM_E_REJECTED, "attest.provenance.missing",
                           "no attestation gives its provenance"),
                   "make one with hallmark-attest provenance and sign it");
}

static bool has_attestations(const struct verify *v)
{
    for (size_t i = 0; i < v->index.n; i++)
        if (is_of_kind(&v->index.files[i], "attestation"))
            return true;
    return false;
}

hm_rc verify_provenance(struct verify *v, struct hm_err *e)
{
    const struct hm_artefact *a = NULL;

    if (v->options.rehearsal && !has_attestations(v))
        return verify_excuse(v, HM_RELEASE_PROVENANCE,
                             "a rehearsal signs no provenance", e);
    for (size_t i = 0; (a = verify_artefact(&v->manifest, i)) != NULL; i++) {
        struct hm_err why = {.rc = HM_OK};

        HM_TRY(verify_note(v, a->name, check_provenance(v, a->name, &why), &why,
                           e));
    }
    return HM_OK;
}
