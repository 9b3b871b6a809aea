#include "hm_manifest.h"
#include "release_priv.h"

#define DAY_S ((int64_t)86400)

HM_MUST static hm_rc check_room(const struct hm_dir *dir,
                                const struct hm_release_making *how,
                                struct hm_err *e)
{
    static const char *const names[] = {HM_RELEASE_MANIFEST, HM_RELEASE_INDEX};

    for (size_t i = 0; i < 2 && !how->replace; i++)
        if (hm_file_exists_at(dir, names[i]))
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "base.out.exists",
                                   "'%s' exists and is not overwritten",
                                   names[i]),
                           "give --force to replace it and drop its "
                           "signatures");
    return HM_OK;
}

HM_MUST static hm_rc load_authorisation(const struct hm_release *r,
                                        struct hm_release_authorised *out,
                                        struct hm_err *e)
{
    HM_OWN(hm_buf) path = HM_BUF_INIT(8192);

    HM_TRY(hm_release_path(r, r->authorisation, &path, e));
    return hm_release_load_authorised((const char *)path.p, out, e);
}

/* Sequence and time follow what is published; a higher epoch begins again. */
HM_MUST static hm_rc set_place(const struct hm_release *r,
                               const struct hm_release_state *state,
                               const struct hm_release_making *how,
                               struct hm_manifest *m, struct hm_err *e)
{
    const bool first = state->empty || r->epoch > state->highest.epoch;

    HM_TRY(hm_release_next_sequence(first ? 0 : state->highest.sequence,
                                    &m->sequence, e));
    return hm_release_set_times(how->issue_time, first ? 0 : state->timestamp,
                                (int64_t)r->valid_days * DAY_S, m, e);
}

HM_MUST static hm_rc bind_index(const struct hm_release_files *files,
                                struct hm_buf *text, struct hm_manifest *m,
                                struct hm_err *e)
{
    HM_TRY(hm_index_write(files->index, text, e));
    m->index_size = text->n;
    return hm_sha256(hm_buf_view(text), m->index_sha256, e);
}

HM_MUST static hm_rc save(const struct hm_dir *dir, const char *name,
                          const struct hm_buf *text,
                          const struct hm_release_making *how, struct hm_err *e)
{
    return hm_file_save_at(dir, name, hm_buf_view(text),
                           how->replace ? HM_OUT_REPLACE : HM_OUT_NEW, e);
}

/* What is put in the place of what was there, made whole before the first write. */
struct made {
    struct hm_buf index;
    struct hm_buf manifest;
    struct hm_release_authorised authorised;
};

#define MADE_INIT                                       \
    {                                                   \
        .index = HM_BUF_INIT(HM_INDEX_BYTES_MAX),       \
        .manifest = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX), \
        .authorised = HM_RELEASE_AUTHORISED_INIT        \
    }

static void made_clear(struct made *d)
{
    hm_buf_clear(&d->index);
    hm_buf_clear(&d->manifest);
    hm_release_authorised_clear(&d->authorised);
}

/* The signatures belong to what is replaced, and go first. */
HM_MUST static hm_rc put_all(const struct hm_dir *dir, const struct made *d,
                             const struct hm_release_making *how,
                             struct hm_err *e)
{
    HM_TRY(hm_release_drop_signatures(dir, HM_RELEASE_MANIFEST, e));
    HM_TRY(hm_release_put_authorised(&d->authorised, dir, e));
    HM_TRY(save(dir, HM_RELEASE_INDEX, &d->index, how, e));
    return save(dir, HM_RELEASE_MANIFEST, &d->manifest, how, e);
}

HM_MUST static hm_rc make(const struct hm_release *r, const struct hm_dir *dir,
                          const struct hm_release_making *how,
                          struct hm_manifest *m, struct hm_err *e)
{
    HM_OWN(hm_release_files) files = HM_RELEASE_FILES_INIT;
    HM_OWN(made) d = MADE_INIT;
    struct hm_release_state state;

    HM_TRY(hm_release_plan_next(r, &state, e));
    HM_TRY(check_room(dir, how, e));
    HM_TRY(hm_release_read_files(dir, &files, e));
    HM_TRY(hm_release_fill_manifest(r, &files, m, e));
    HM_TRY(set_place(r, &state, how, m, e));
    HM_TRY(bind_index(&files, &d.index, m, e));
    HM_TRY(hm_manifest_write(m, &d.manifest, e));
    HM_TRY(hm_sha256(hm_buf_view(&d.manifest), m->sha256, e));
    HM_TRY(load_authorisation(r, &d.authorised, e));
    return how->dry_run ? HM_OK : put_all(dir, &d, how, e);
}

hm_rc hm_release_make(const struct hm_release *r, const struct hm_dir *dir,
                      const struct hm_release_making *how,
                      struct hm_manifest *out, struct hm_err *e)
{
    hm_rc rc;

    hm_manifest_clear(out);
    rc = make(r, dir, how, out, e);
    if (rc == HM_E_IO)
        rc = hm_hint(e, rc,
                     "the release directory must be there and writable, and "
                     "its disk have room; run the same command again");
    if (rc != HM_OK)
        hm_manifest_clear(out);
    return rc;
}
