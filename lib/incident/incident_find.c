#include <stdio.h>
#include <stdlib.h>

#include "hm_attest.h"
#include "hm_incident.h"
#include "hm_release.h"
#include "hm_repository.h"

#define TOUCHED_MAX 100000u

HM_MUST static hm_rc add(struct hm_touched_list *to, const struct hm_touched *t,
                         struct hm_err *e)
{
    struct hm_touched *p = NULL;

    if (to->n == TOUCHED_MAX)
        return hm_fail(e, HM_E_LIMIT, "incident.touched.count",
                       "the key signed more than %u files", TOUCHED_MAX);
    p = reallocarray(to->touched, to->n + 1, sizeof(*p));
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "incident.touched.nomem",
                       "out of memory for a file");
    to->touched = p;
    to->touched[to->n++] = *t;
    return HM_OK;
}

/* --- manifests ------------------------------------------------------------------ */

/* Without this key: do keys in force sign it in every role that must? */
static bool still_stands(const struct hm_authorisation *next,
                         const struct hm_manifest *m, struct hm_bytes bytes,
                         const struct hm_signatures *sigs)
{
    for (size_t i = 0; i < next->require_n; i++) {
        const struct hm_key_use use = {next->require[i], m->product,
                                       m->timestamp};

        if (hm_authorisation_verify(next, &use, bytes, sigs, NULL, NULL) !=
            HM_OK)
            return false;
    }
    return next->require_n > 0;
}

/* A no of the file is an answer; memory and the like are failures. */
HM_MUST static hm_rc pass_no(hm_rc rc, struct hm_err *e)
{
    if (rc == HM_E_REJECTED || rc == HM_E_FORMAT || rc == HM_E_LIMIT) {
        if (e != NULL)
            *e = (struct hm_err){.rc = HM_OK};
        return HM_OK;
    }
    return rc;
}

/* Has the key signed these bytes, by any of the files? */
HM_MUST static hm_rc find_signature(const struct hm_incident *incident,
                                    struct hm_bytes bytes,
                                    const struct hm_signatures *sigs,
                                    bool *is_by, struct hm_err *e)
{
    const struct hm_public_key *key = &incident->key->entry.key.key;

    *is_by = false;
    for (size_t i = 0; i < sigs->n && key->pkey != NULL && !*is_by; i++) {
        const hm_rc rc = hm_signature_verify(
            key, bytes, hm_buf_view(&sigs->sig[i].bytes), e);

        *is_by = rc == HM_OK;
        HM_TRY(pass_no(rc, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc take_manifest(struct hm_incident *incident,
                                   const struct hm_dir *dir,
                                   const struct hm_release_served *served,
                                   struct hm_touched *t, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    bool is_by = false;

    HM_TRY(hm_file_load_at(dir, HM_RELEASE_MANIFEST, &bytes, e));
    HM_TRY(hm_signatures_load(&sigs, dir, HM_RELEASE_MANIFEST, e));
    HM_TRY(find_signature(incident, hm_buf_view(&bytes), &sigs, &is_by, e));
    if (!is_by)
        return HM_OK;
    HM_TRY(hm_manifest_read(&m, hm_buf_view(&bytes), e));
    (void)snprintf(t->name, sizeof(t->name), "%s/" HM_RELEASE_MANIFEST,
                   served->folder);
    t->version = m.version;
    t->timestamp = m.timestamp;
    t->is_after = m.timestamp >= incident->key->since;
    t->still_stands =
        still_stands(incident->next, &m, hm_buf_view(&bytes), &sigs);
    return add(&incident->touched, t, e);
}

HM_MUST static hm_rc find_manifests(struct hm_incident *incident,
                                    const struct hm_repository *repo,
                                    const struct hm_release_state *state,
                                    struct hm_err *e)
{
    HM_OWN(hm_release_history) history = HM_RELEASE_HISTORY_INIT;

    HM_TRY(hm_release_list_history(repo, &history, e));
    for (size_t i = 0; i < history.n; i++) {
        HM_OWN(hm_dir) dir = HM_DIR_INIT;
        struct hm_touched t = {.kind = HM_TOUCHED_MANIFEST};

        t.is_served = strcmp(history.served[i].folder, state->live.folder) == 0;
        HM_TRY(hm_dir_open_at(&dir, &repo->dir, history.served[i].folder, e));
        HM_TRY(hm_context(
            e, take_manifest(incident, &dir, &history.served[i], &t, e), "%s",
            history.served[i].folder));
    }
    return HM_OK;
}

/* --- attestations ------------------------------------------------------------------ */

/* A thief is bound neither to our form nor to a right keyid: whatever DSSE allows
 * is taken apart.  What cannot be has no signature of this key. */
HM_MUST static hm_rc take_attestation(struct hm_incident *incident,
                                      const struct hm_dir *dir,
                                      struct hm_touched *t, const char *name,
                                      struct hm_err *e)
{
    const struct hm_public_key *key = &incident->key->entry.key.key;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    struct hm_attest_signers by;
    hm_rc rc;

    HM_TRY(hm_file_load_at(dir, name, &text, e));
    rc =
        hm_attest_read_envelope(&env, hm_buf_view(&text), HM_ATTEST_FOREIGN, e);
    if (rc == HM_OK)
        rc = hm_attest_verify(&env, &key, 1, 1, &by, e);
    if (rc != HM_OK)
        return pass_no(rc, e);
    (void)snprintf(t->name, sizeof(t->name), "releases/%s/%s", t->version.text,
                   name);
    return add(&incident->touched, t, e);
}

HM_MUST static hm_rc find_in_release(struct hm_incident *incident,
                                     const struct hm_dir *release,
                                     struct hm_touched *t, struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    if (incident->key->entry.key.key.pkey == NULL ||
        !hm_file_exists_at(release, HM_RELEASE_DIR_ATTESTATIONS))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&dir, release, HM_RELEASE_DIR_ATTESTATIONS, e));
    HM_TRY(hm_dir_list(&dir, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        char name[HM_NAME_MAX + 1];

        (void)snprintf(name, sizeof(name), HM_RELEASE_DIR_ATTESTATIONS "/%s",
                       names.name[i]);
        HM_TRY(take_attestation(incident, release, t, name, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc find_attestations(struct hm_incident *incident,
                                       const struct hm_repository *repo,
                                       const struct hm_release_state *state,
                                       struct hm_err *e)
{
    HM_OWN(hm_names) versions = HM_NAMES_INIT;

    HM_TRY(hm_release_list_versions(repo, &versions, e));
    for (size_t i = 0; i < versions.n; i++) {
        HM_OWN(hm_dir) dir = HM_DIR_INIT;
        struct hm_touched t = {.kind = HM_TOUCHED_ATTESTATION};
        char folder[HM_VERSION_TEXT + 16];

        HM_TRY(hm_version_read(hm_bytes_str(versions.name[i]), &t.version, e));
        t.is_served = hm_version_compare(&t.version, &state->version) == 0;
        (void)snprintf(folder, sizeof(folder), HM_REPOSITORY_RELEASES "/%s",
                       versions.name[i]);
        HM_TRY(hm_dir_open_at(&dir, &repo->dir, folder, e));
        HM_TRY(hm_context(e, find_in_release(incident, &dir, &t, e), "%s",
                          folder));
    }
    return HM_OK;
}

hm_rc hm_incident_find(struct hm_incident *incident, const char *path,
                       struct hm_err *e)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    struct hm_release_state state;

    HM_TRY(hm_release_open_repository(&repo, path, e));
    HM_TRY(hm_release_read_state(&repo, &state, e));
    memcpy(incident->product, state.product, sizeof(incident->product));
    HM_TRY(find_manifests(incident, &repo, &state, e));
    return find_attestations(incident, &repo, &state, e);
}

const char *hm_touched_advice(const struct hm_touched *t)
{
    if (t->kind == HM_TOUCHED_ATTESTATION)
        return t->is_served
                   ? "release a higher version with an attestation by another "
                     "key"
                   : "";
    if (t->is_served && !t->still_stands && t->is_after)
        return "find out whether you made it: if so, refresh it, sign it with "
               "a key in force and publish it; if not, release a higher "
               "version";
    if (t->is_served && !t->still_stands)
        return "refresh it, sign it with a key in force and publish it";
    return t->is_after ? "find out whether you made it: it says that it is "
                         "from after the theft"
                       : "";
}
