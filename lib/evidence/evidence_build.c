#include <stdlib.h>

#include "collect_priv.h"
#include "making_priv.h"
#include "script_priv.h"

void ev_making_clear(struct ev_making *m)
{
    ev_facts_clear(&m->facts);
    ev_pack_clear(&m->pack);
    hm_repository_clear(&m->repository);
    for (size_t i = 0; i < m->n_attached; i++)
        ev_attached_clear(&m->attached[i]);
    free(m->attached);
    *m = (struct ev_making)EV_MAKING_INIT;
}

HM_MUST static hm_rc write_documents(struct ev_making *m,
                                     const struct ev_verdicts *verdicts,
                                     struct hm_err *e)
{
    HM_OWN(hm_buf) index = HM_BUF_INIT(EV_TEXT_MAX);
    HM_OWN(hm_buf) page = HM_BUF_INIT(EV_TEXT_MAX);
    const struct ev_content content = {&m->facts, verdicts, &m->pack};

    HM_TRY(ev_write_index(&content, &index, e));
    HM_TRY(ev_write_page(&content, &page, e));
    HM_TRY(ev_pack_add_bytes(&m->pack, EV_INDEX_NAME, EV_DERIVED, &index, e));
    HM_TRY(ev_pack_add_bytes(&m->pack, EV_PAGE_NAME, EV_DERIVED, &page, e));
    return ev_pack_sort(&m->pack, e);
}

/* The chain that closes the pack: the list names every file, the script names
 * the list. */
HM_MUST static hm_rc write_chain(struct ev_making *m,
                                 struct hm_evidence_summary *out,
                                 struct hm_err *e)
{
    HM_OWN(hm_buf) list = HM_BUF_INIT(EV_TEXT_MAX);
    HM_OWN(hm_buf) script = HM_BUF_INIT(EV_TEXT_MAX);
    struct ev_promise promise;

    HM_TRY(ev_pack_list(&m->pack, &list, e));
    HM_TRY(hm_sha256(hm_buf_view(&list), out->list_sha256, e));
    HM_TRY(ev_write_script(&m->facts, m->pack.n, out->list_sha256, &script,
                           &promise, e));
    out->signatures = (size_t)promise.signatures;
    HM_TRY(ev_pack_add_bytes(&m->pack, EV_LIST_NAME, EV_DERIVED, &list, e));
    HM_TRY(ev_pack_add_bytes(&m->pack, EV_SCRIPT_NAME, EV_DERIVED, &script, e));
    return ev_pack_sort(&m->pack, e);
}

static void summarise(const struct ev_making *m,
                      const struct ev_verdicts *verdicts,
                      struct hm_evidence_summary *out)
{
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++) {
        const struct ev_verdict *v = &verdicts->claim[i];

        out->claim[i].id = v->claim->id;
        out->claim[i].title = v->claim->title;
        for (size_t k = 0; k < v->n; k++)
            out->claim[i].count[v->row[k].status]++;
    }
    out->as_of = m->facts.as_of;
    for (size_t i = 0; i < m->facts.n_release; i++)
        out->withheld += m->facts.release[i].withheld.n;
    out->releases = m->facts.n_release;
    out->manifests = m->facts.n_served;
    out->keys = m->facts.n_key;
    out->files = m->pack.n;
}

hm_rc ev_make(struct ev_making *m, struct hm_evidence_summary *out,
              struct hm_err *e)
{
    HM_OWN(ev_verdicts) verdicts = EV_VERDICTS_INIT;

    memset(out, 0, sizeof(*out));
    HM_TRY(ev_facts_gather(&m->facts, &m->repository, &m->pack, e));
    if (!m->has_as_of)
        m->facts.as_of =
            m->facts.served[m->facts.n_served - 1].manifest.timestamp;
    HM_TRY(ev_collect_repository(&m->pack, &m->repository.dir, e));
    HM_TRY(ev_collect_trust(&m->pack, &m->facts, e));
    for (size_t i = 0; i < m->n_attached; i++)
        HM_TRY(ev_collect_attached(&m->pack, &m->attached[i], e));
    HM_TRY(ev_pack_sort(&m->pack, e));
    HM_TRY(ev_judge_claims(&m->facts, &m->pack, &verdicts, e));
    HM_TRY(write_documents(m, &verdicts, e));
    HM_TRY(write_chain(m, out, e));
    summarise(m, &verdicts, out);
    return HM_OK;
}

HM_MUST static hm_rc open_attached(struct ev_making *m,
                                   const struct hm_evidence_request *request,
                                   struct hm_err *e)
{
    HM_TRY(ev_make_array((void **)&m->attached, request->n_attachment,
                         sizeof(*m->attached), e));
    for (size_t i = 0; i < request->n_attachment; i++) {
        m->attached[i].folder = (struct hm_dir)HM_DIR_INIT;
        m->n_attached = i + 1;
        HM_TRY(ev_attached_open(&m->attached[i], request->attachment[i].kind,
                                request->attachment[i].path, e));
    }
    return HM_OK;
}

hm_rc hm_evidence_build(const struct hm_evidence_request *request,
                        struct hm_evidence_summary *out, struct hm_err *e)
{
    HM_OWN(ev_making) m = EV_MAKING_INIT;

    HM_TRY(hm_time_source_date(&m.facts.as_of, &m.has_as_of, e));
    HM_TRY(hm_root_load(&m.facts.root, request->root, &m.facts.root_bytes, e));
    HM_TRY(hm_release_open_repository(&m.repository, request->repository, e));
    HM_TRY(ev_pack_check_place(request->output, &m.repository.dir, e));
    HM_TRY(open_attached(&m, request, e));
    HM_TRY(ev_make(&m, out, e));
    if (request->dry_run)
        return HM_OK;
    return ev_pack_write(&m.pack, request->output, request->replace, e);
}
