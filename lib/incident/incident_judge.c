#include <stdlib.h>

#include "hm_incident.h"
#include "hm_release.h"
#include "hm_repository.h"

/* What is served now, as it would be issued anew. */
HM_MUST static hm_rc renew(struct hm_manifest *m,
                           const struct hm_release_state *state,
                           const struct hm_incident *incident, struct hm_err *e)
{
    const struct hm_limit *limit =
        hm_authorisation_limit(incident->next, m->product);
    const hm_time lasts = m->expires - m->timestamp;

    m->epoch = state->highest.epoch;
    if (limit != NULL && limit->epoch > m->epoch) {
        m->epoch = limit->epoch;
        m->sequence = 1;
    } else if (state->highest.sequence >= HM_MANIFEST_COUNTER_MAX) {
        return hm_fail(e, HM_E_LIMIT, "incident.sequence.end",
                       "no manifest can follow: the sequence is at its end; "
                       "raise the epoch with --epoch");
    } else {
        m->sequence = state->highest.sequence + 1;
    }
    m->timestamp = incident->aware;
    m->expires = incident->aware + lasts;
    memset(m->sha256, 0, sizeof(m->sha256)); /* bytes nobody has seen */
    return HM_OK;
}

HM_MUST static hm_rc load_live(const char *path, struct hm_manifest *m,
                               struct hm_release_state *state, struct hm_err *e)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);

    HM_TRY(hm_release_open_repository(&repo, path, e));
    HM_TRY(hm_release_read_state(&repo, state, e));
    if (state->empty)
        return hm_fail(e, HM_E_REJECTED, "incident.repository.empty",
                       "nothing was published in '%s'", hm_show_str(path));
    HM_TRY(hm_dir_open_at(&dir, &repo.dir, state->live.folder, e));
    HM_TRY(hm_file_load_at(&dir, HM_RELEASE_MANIFEST, &bytes, e));
    return hm_manifest_read(m, hm_buf_view(&bytes), e);
}

hm_rc hm_incident_judge(struct hm_incident *incident, const char *path,
                        const struct hm_root *root, struct hm_err *e)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_offer offer = {.root = root,
                             .authorisation = incident->next,
                             .manifest = &m,
                             .now = incident->aware,
                             .any_device = true};
    struct hm_release_state state;

    HM_TRY(load_live(path, &m, &state, e));
    HM_TRY(renew(&m, &state, incident, e));
    hm_offer_assume_signers(&offer);
    incident->verdicts =
        calloc(incident->cohorts.n + 1, sizeof(*incident->verdicts));
    if (incident->verdicts == NULL)
        return hm_fail(e, HM_E_NOMEM, "incident.touched.nomem",
                       "out of memory for %zu verdicts", incident->cohorts.n);
    for (size_t i = 0; i < incident->cohorts.n; i++)
        hm_cohort_judge(&incident->cohorts.cohort[i], &offer,
                        &incident->verdicts[i]);
    return HM_OK;
}

void hm_incident_begin(struct hm_incident *incident)
{
    memset(incident, 0, sizeof(*incident));
}

void hm_incident_clear(struct hm_incident *incident)
{
    free(incident->touched.touched);
    free(incident->verdicts);
    hm_cohorts_clear(&incident->cohorts);
    hm_incident_begin(incident);
}
