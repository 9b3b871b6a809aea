#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "hallmark_priv.h"

#define STAGE_FOLDER    ".hallmark-stage"
#define STAGE_MARKER    ".hallmark-stage-of-ours"
#define STAGE_STATEMENT "provenance.statement.json"

/* --- paths -------------------------------------------------------------------- */

HM_MUST static hm_rc set_path(struct hm_buf *out, const char *folder,
                              const char *name, struct hm_err *e)
{
    hm_buf_clear(out);
    HM_TRY(hm_buf_add(out, hm_bytes_str(folder), e));
    HM_TRY(hm_buf_add(out, HM_LIT("/"), e));
    HM_TRY(hm_buf_add(out, hm_bytes_str(name), e));
    HM_TRY(hm_buf_add(out, (struct hm_bytes){(const uint8_t *)"", 1}, e));
    out->n--;
    return HM_OK;
}

hm_rc stage_path(const struct stage *s, const char *name, struct hm_buf *out,
                 struct hm_err *e)
{
    return set_path(out, (const char *)s->path.p, name, e);
}

hm_rc stage_path_beside(const struct stage *s, const char *name,
                        struct hm_buf *out, struct hm_err *e)
{
    return set_path(out, (const char *)s->folder.p, name, e);
}

/* --- ours, and ours alone -------------------------------------------------------- */

HM_MUST static hm_rc check_ours(const struct stage *s, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_list(&s->base, &names, e));
    if (names.n == 0 || hm_names_has(&names, STAGE_MARKER))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "hallmark.stage.stranger",
                           "'" STAGE_FOLDER "' beside release.json was not "
                           "made by hallmark release"),
                   "move it away: a release is prepared in a folder of that "
                   "name");
}

/* Dies with the process, so that a killed run never blocks the next.  Until it
 * is held, s->lock says that the stage is somebody else's. */
HM_MUST static hm_rc take_lock(struct stage *s, struct hm_err *e)
{
    HM_OWN(hm_file) marker = HM_FILE_INIT;

    marker.fd =
        openat(s->base.fd, STAGE_MARKER,
               O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);
    if (marker.fd < 0)
        return hm_fail_errno(e, "base.out.open",
                             "cannot write in '" STAGE_FOLDER "'");
    if (flock(marker.fd, LOCK_EX | LOCK_NB) != 0)
        return hm_hint(e,
                       hm_fail_errno(e, "hallmark.stage.locked",
                                     "another hallmark release works beside "
                                     "this release.json"),
                       "wait until it is done, then run the same command "
                       "again");
    s->lock = marker.fd;
    marker.fd = -1;
    return HM_OK;
}

/* Everything but the marker goes: nothing of an earlier run is ever reused. */
HM_MUST static hm_rc wipe(const struct stage *s, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_list(&s->base, &names, e));
    for (size_t i = 0; i < names.n; i++)
        if (strcmp(names.name[i], STAGE_MARKER) != 0)
            HM_TRY(hm_dir_remove_at(&s->base, names.name[i], e));
    return HM_OK;
}

/* --- begin and end ---------------------------------------------------------------- */

HM_MUST static hm_rc make_folders(struct stage *s, struct hm_err *e)
{
    static const char *const folders[] = {
        HM_RELEASE_DIR_ARTEFACTS, HM_RELEASE_DIR_SBOM,
        HM_RELEASE_DIR_ATTESTATIONS, HM_RELEASE_DIR_RECORDS};

    HM_TRY(hm_dir_make_at(&s->dir, &s->base, s->version, e));
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        HM_OWN(hm_dir) d = HM_DIR_INIT;

        HM_TRY(hm_dir_make_at(&d, &s->dir, folders[i], e));
    }
    return HM_OK;
}

HM_MUST static hm_rc begin(struct stage *s, const struct hm_release *r,
                           struct hm_err *e)
{
    HM_OWN(hm_buf) base = HM_BUF_INIT(8192);

    memcpy(s->version, r->version.text, sizeof(s->version));
    HM_TRY(hm_release_path(r, STAGE_FOLDER, &base, e));
    HM_TRY(hm_release_path(r, STAGE_FOLDER, &s->folder, e));
    HM_TRY(set_path(&s->path, (const char *)base.p, s->version, e));
    HM_TRY(set_path(&s->statement, (const char *)base.p, STAGE_STATEMENT, e));
    HM_TRY(hm_dir_make(&s->base, (const char *)base.p, e));
    HM_TRY(check_ours(s, e));
    HM_TRY(take_lock(s, e));
    HM_TRY(wipe(s, e));
    /* The stage may lie in the work tree whose state provenance records. */
    HM_TRY(hm_file_save_at(&s->base, ".gitignore", HM_LIT("*\n"),
                           HM_OUT_REPLACE, e));
    return make_folders(s, e);
}

hm_rc stage_begin(struct stage *s, const struct hm_release *r, struct hm_err *e)
{
    const hm_rc rc = begin(s, r, e);

    return rc != HM_E_IO
               ? rc
               : hm_context(e, rc, "the stage '%s'",
                            s->path.p == NULL ? STAGE_FOLDER
                                              : hm_show(hm_buf_view(&s->path)));
}

HM_MUST static hm_rc remove_all(struct stage *s, struct hm_err *e)
{
    HM_OWN(hm_dir) above = HM_DIR_INIT;

    HM_TRY(wipe(s, e));
    HM_TRY(hm_dir_remove_at(&s->base, STAGE_MARKER, e));
    above.fd = openat(s->base.fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above.fd < 0 || unlinkat(above.fd, STAGE_FOLDER, AT_REMOVEDIR) != 0)
        return hm_fail_errno(e, "base.dir.remove",
                             "cannot remove '" STAGE_FOLDER "'");
    return HM_OK;
}

hm_rc stage_end(struct stage *s, bool keep, struct hm_err *e)
{
    const hm_rc rc = keep || s->lock < 0 ? HM_OK : remove_all(s, e);

    stage_clear(s);
    return rc;
}

void stage_clear(struct stage *s)
{
    const int saved = errno;

    if (s->lock >= 0)
        (void)close(s->lock);
    hm_dir_clear(&s->dir);
    hm_dir_clear(&s->base);
    hm_buf_clear(&s->folder);
    hm_buf_clear(&s->path);
    hm_buf_clear(&s->statement);
    *s = (struct stage)STAGE_INIT;
    errno = saved;
}
