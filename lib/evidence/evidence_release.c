/* One release: lib/verify decides; what it leaves open is noted. */
#include "evidence_priv.h"

/* Index entries, two digests each; private ones may be withheld. */
HM_MUST static hm_rc count_files(struct ev_document *d,
                                 const struct hm_dir *dir,
                                 const struct hm_index *index, struct hm_err *e)
{
    for (size_t i = 0; i < index->n; i++)
        if (hm_file_exists_at(dir, index->files[i].name))
            d->digests += 2;
        else
            HM_TRY(hm_names_add(&d->withheld, index->files[i].name, e));
    return HM_OK;
}

HM_MUST static hm_rc load_statements(struct ev_document *d,
                                     const struct hm_dir *dir,
                                     const struct hm_index *index,
                                     struct ev_pack *pack, struct hm_err *e)
{
    for (size_t i = 0; i < index->n; i++)
        if (strcmp(hm_file_kind_name(index->files[i].kind), "attestation") ==
                0 &&
            hm_file_exists_at(dir, index->files[i].name))
            HM_TRY(hm_context(
                e,
                ev_statement_load(d, dir, index->files[i].name, index, pack, e),
                "%s/%s", d->folder, index->files[i].name));
    return HM_OK;
}

/* A security update that names nothing helps nobody decide. */
HM_MUST static hm_rc note_advisories(struct ev_document *d, struct hm_err *e)
{
    const struct hm_manifest *m = &d->manifest;

    if (m->update_type != HM_UPDATE_SECURITY)
        return HM_OK;
    if (m->advisories_n == 0 || m->severity == HM_SEVERITY_NONE)
        return ev_add_warning(&d->findings, "evidence.security.advisory",
                              "evidence.security.advisory", e,
                              "version %s has no advisory, or severity none",
                              m->version.text);
    return ev_add_pass(&d->findings, "evidence.security.advisory",
                       HM_RELEASE_MANIFEST, e,
                       "version %s: severity %s, %zu advisor%s with an action",
                       m->version.text, hm_severity_name(m->severity),
                       m->advisories_n, m->advisories_n == 1 ? "y" : "ies");
}

HM_MUST static hm_rc load_parts(struct ev_document *d, const struct hm_dir *dir,
                                struct ev_pack *pack, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    uint8_t sha256[HM_SHA256_SIZE];

    HM_TRY(hm_file_load_at(dir, HM_RELEASE_INDEX, &bytes, e));
    HM_TRY(hm_sha256(hm_buf_view(&bytes), sha256, e));
    if (memcmp(sha256, d->manifest.index_sha256, sizeof(sha256)) != 0)
        return hm_fail(e, HM_E_IO, "evidence.pack.changed",
                       "%s/" HM_RELEASE_INDEX " changed while it was read",
                       d->folder);
    HM_TRY(hm_index_read(&index, hm_buf_view(&bytes), e));
    HM_TRY(count_files(d, dir, &index, e));
    return load_statements(d, dir, &index, pack, e);
}

hm_rc ev_release_load(struct ev_document *d, const struct hm_dir *dir,
                      struct hm_bytes root, struct ev_pack *pack,
                      struct hm_err *e)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    const struct hm_verify_options how = {.at = d->manifest.timestamp,
                                          .public_copy = true};

    HM_TRY(hm_context(e, hm_verify_release(dir, root, &how, &report, e),
                      "release %s, judged as of %s", d->manifest.version.text,
                      hm_time_show(how.at)));
    HM_TRY(ev_add_report(&d->findings, &report, e));
    HM_TRY(note_advisories(d, e));
    return load_parts(d, dir, pack, e);
}
