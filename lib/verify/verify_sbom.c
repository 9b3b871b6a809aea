/* Every firmware artefact has an SBOM that names it by digest. */
#include "hm_release.h"
#include "hm_sbom.h"
#include "verify_priv.h"

/* Is the SBOM file bound to this artefact, product and version?  The reason of
 * one that is not is kept in why. */
HM_MUST static hm_rc check_binding(const struct verify *v, const char *name,
                                   const struct hm_index_file *artefact,
                                   struct hm_err *why)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_SBOM_BYTES_MAX);
    HM_OWN(hm_sbom) sbom = HM_SBOM_INIT;
    const struct hm_sbom_wanted wanted = {
        .product = v->manifest.product,
        .version = v->manifest.version.text,
        .artefact = &artefact->digests,
    };

    HM_TRY(verify_load_listed(v, name, &text, why));
    HM_TRY(hm_sbom_read(&sbom, hm_buf_view(&text), why));
    return hm_sbom_check_binding(&sbom, &wanted, why);
}

HM_MUST static hm_rc check_artefact(const struct verify *v, const char *name,
                                    struct hm_err *why)
{
    const struct hm_index_file *artefact = hm_index_find(&v->index, name);
    hm_rc last = HM_OK;

    *why = (struct hm_err){.rc = HM_OK};
    for (size_t i = 0; i < v->index.n && artefact != NULL; i++) {
        const struct hm_index_file *f = &v->index.files[i];

        if (strcmp(hm_file_kind_name(f->kind), "sbom") != 0)
            continue;
        last = check_binding(v, f->name, artefact, why);
        if (last == HM_OK)
            return HM_OK;
        last = hm_context(why, last, "'%s' is not its SBOM", f->name);
    }
    if (last != HM_OK)
        return last;
    return hm_hint(why,
                   hm_fail(why, HM_E_REJECTED, "sbom.missing",
                           "the release has no SBOM for it"),
                   "name one under sboms in release.json");
}

hm_rc verify_sboms(struct verify *v, struct hm_err *e)
{
    const struct hm_artefact *a = NULL;

    for (size_t i = 0; (a = verify_artefact(&v->manifest, i)) != NULL; i++) {
        struct hm_err why = {.rc = HM_OK};

        if (a->role == HM_ARTEFACT_FIRMWARE)
            HM_TRY(verify_note(v, a->name, check_artefact(v, a->name, &why),
                               &why, e));
    }
    return HM_OK;
}
