#include <fcntl.h>
#include <sys/stat.h>

#include "hm_manifest.h"
#include "hm_trust.h"
#include "release_priv.h"

#define DAY_S ((int64_t)86400)

/* releases/VERSION of a repository lies two below its marker. */
HM_MUST static hm_rc refuse_published(const struct hm_dir *dir,
                                      struct hm_err *e)
{
    struct stat sb;

    if (fstatat(dir->fd, "../../" HM_RELEASE_MARKER, &sb,
                AT_SYMLINK_NOFOLLOW) != 0)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.refresh.published",
                           "this is the published release itself, which never "
                           "changes"),
                   "copy it elsewhere, refresh and sign the copy, and publish "
                   "that");
}

HM_MUST static hm_rc read_manifest(const struct hm_dir *dir,
                                   struct hm_manifest *m, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);

    HM_TRY(hm_file_load_at(dir, HM_RELEASE_MANIFEST, &text, e));
    return hm_context(e, hm_manifest_read(m, hm_buf_view(&text), e),
                      HM_RELEASE_MANIFEST);
}

HM_MUST static hm_rc check_index(const struct hm_dir *dir,
                                 const struct hm_manifest *m, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_digests d;

    HM_TRY(hm_file_open_at(&f, dir, HM_RELEASE_INDEX, e));
    HM_TRY(hm_digest_file(&f, &d, e));
    if (d.size == m->index_size &&
        memcmp(d.sha256, m->index_sha256, sizeof(d.sha256)) == 0)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "release.index.differs",
                   "index.json is not the one that the manifest binds");
}

/* Devices take the epoch that root authorises and no other: a higher one begins
 * the sequence again.  Read for planning, as the live pair is. */
HM_MUST static hm_rc take_epoch(const struct hm_release_authorised *newer,
                                struct hm_manifest *m, struct hm_err *e)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    const struct hm_limit *limit = NULL;

    HM_TRY(hm_context(
        e, hm_authorisation_read(&a, hm_buf_view(&newer->document), e),
        HM_RELEASE_AUTHORISATION));
    limit = hm_authorisation_limit(&a, m->product);
    if (limit == NULL || limit->epoch <= m->epoch)
        return HM_OK;
    m->epoch = limit->epoch;
    m->sequence = 0;
    return HM_OK;
}

/* What the repository serves now is passed as well. */
HM_MUST static hm_rc pass_state(const struct hm_release_renewal *how,
                                struct hm_manifest *m, hm_time *previous,
                                struct hm_err *e)
{
    struct hm_release_state s;

    if (how->repository == NULL)
        return HM_OK;
    HM_TRY(hm_release_plan_state(how->repository, &s, e));
    if (s.empty)
        return HM_OK;
    HM_TRY(hm_release_check_product(&s, m->vendor, m->product, e));
    HM_TRY(hm_release_check_epoch(&s, m->epoch, e));
    if (m->epoch == s.highest.epoch && m->sequence < s.highest.sequence)
        m->sequence = s.highest.sequence;
    if (m->epoch == s.epoch && *previous < s.timestamp)
        *previous = s.timestamp;
    return HM_OK;
}

HM_MUST static hm_rc renew(const struct hm_release_renewal *how,
                           struct hm_manifest *m, struct hm_err *e)
{
    const int64_t valid_s = how->valid_days == 0
                                ? m->expires - m->timestamp
                                : (int64_t)how->valid_days * DAY_S;
    hm_time previous = m->timestamp;

    HM_TRY(pass_state(how, m, &previous, e));
    HM_TRY(hm_release_next_sequence(m->sequence, &m->sequence, e));
    return hm_release_set_times(how->issue_time, previous, valid_s, m, e);
}

HM_MUST static hm_rc put_all(const struct hm_dir *dir,
                             const struct hm_buf *manifest,
                             const struct hm_release_authorised *newer,
                             struct hm_err *e)
{
    HM_TRY(hm_release_drop_signatures(dir, HM_RELEASE_MANIFEST, e));
    if (newer != NULL)
        HM_TRY(hm_release_put_authorised(newer, dir, e));
    return hm_file_save_at(dir, HM_RELEASE_MANIFEST, hm_buf_view(manifest),
                           HM_OUT_REPLACE, e);
}

HM_MUST static hm_rc refresh(const struct hm_dir *dir,
                             const struct hm_release_renewal *how,
                             struct hm_manifest *m, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_release_authorised) newer = HM_RELEASE_AUTHORISED_INIT;
    const bool renews = how->authorisation != NULL;

    HM_TRY(refuse_published(dir, e));
    HM_TRY(read_manifest(dir, m, e));
    HM_TRY(check_index(dir, m, e));
    if (renews) {
        HM_TRY(hm_release_load_authorised(how->authorisation, &newer, e));
        HM_TRY(take_epoch(&newer, m, e));
    }
    HM_TRY(renew(how, m, e));
    HM_TRY(hm_manifest_write(m, &text, e));
    HM_TRY(hm_sha256(hm_buf_view(&text), m->sha256, e));
    return how->dry_run ? HM_OK
                        : put_all(dir, &text, renews ? &newer : NULL, e);
}

hm_rc hm_release_refresh(const struct hm_dir *dir,
                         const struct hm_release_renewal *how,
                         struct hm_manifest *out, struct hm_err *e)
{
    hm_rc rc;

    hm_manifest_clear(out);
    rc = refresh(dir, how, out, e);
    if (rc == HM_E_IO)
        rc = hm_hint(e, rc,
                     "the release directory must be there and writable, and "
                     "its disk have room; run the same command again");
    if (rc != HM_OK)
        hm_manifest_clear(out);
    return rc;
}
