#include <stdlib.h>
#include <sys/stat.h>

#include "image_priv.h"

/* ---- one member of a format of our own ---- */

HM_MUST static hm_rc take_kind(struct hm_archive_member *m, const char *path,
                               struct hm_err *e)
{
    const unsigned mode = m->mode;

    switch (mode & (unsigned)S_IFMT) {
    case S_IFREG:
        m->kind = HM_ARCHIVE_FILE;
        break;
    case S_IFDIR:
        m->kind = HM_ARCHIVE_DIR;
        break;
    case S_IFLNK:
        m->kind = HM_ARCHIVE_SYMLINK;
        break;
    default:
        return hm_fail(e, HM_E_REJECTED, "archive.member.kind",
                       "'%s' has mode %06o: only files, directories and links "
                       "are taken",
                       hm_show_str(path), mode);
    }
    if (mode & 07000)
        return hm_fail(e, HM_E_REJECTED, "archive.member.mode",
                       "'%s' has mode %04o: setuid, setgid and sticky are not "
                       "taken",
                       hm_show_str(path), mode & 07777u);
    m->mode = mode & 0777u;
    return HM_OK;
}

hm_rc image_walk_member(struct image_walk *w, struct hm_archive_member *m,
                        char *path, char *target,
                        const struct hm_image_member *how, struct hm_err *e)
{
    struct hm_image_member shown = *how;

    HM_TRY(take_kind(m, path, e));
    if (m->kind == HM_ARCHIVE_DIR && m->size != 0)
        return hm_fail(e, HM_E_REJECTED, "archive.member.size",
                       "directory '%s' has content", hm_show_str(path));
    m->size = m->kind == HM_ARCHIVE_FILE ? m->size : 0;
    HM_TRY(hm_archive_names_enter(&w->names, m, path, target, e));
    if (m->size > w->limits->bytes_max - w->bytes)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.bytes",
                       "the members have more than %llu bytes",
                       (unsigned long long)w->limits->bytes_max);
    w->bytes += m->size;
    if (w->entries++ == w->limits->entries_max)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.entries",
                       "the archive has more than %llu members",
                       (unsigned long long)w->limits->entries_max);
    shown.m = m;
    return w->visitor->visit(w->visitor->ctx, &shown, e);
}

/* ---- a tar ---- */

HM_MUST static hm_rc list_tar(struct image_in *in,
                              const struct hm_archive_limits *limits,
                              const struct hm_image_visitor *visitor,
                              struct hm_archive_result *result,
                              struct hm_err *e)
{
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    struct hm_image_member shown = {.method = "stored", .is_checked = true};

    HM_TRY(in->file != NULL ? hm_archive_open(&r, in->file, limits, e)
                            : hm_archive_open_bytes(&r, in->bytes, limits, e));
    for (;;) {
        HM_TRY(hm_archive_next(&r, &shown.m, e));
        if (shown.m == NULL)
            return hm_archive_finish(&r, result, e);
        shown.stored = shown.m->size;
        HM_TRY(visitor->visit(visitor->ctx, &shown, e));
    }
}

/* ---- all ---- */

HM_MUST static hm_rc digest_file(struct image_in *in, struct hm_digests *out,
                                 struct hm_err *e)
{
    HM_OWN(hm_digest) digest = HM_DIGEST_INIT;

    HM_TRY(hm_digest_begin(&digest, true, e));
    for (uint64_t at = 0; at < in->size;) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(in, at, in->size - at, &piece, e));
        HM_TRY(hm_digest_add(&digest, piece, e));
        at += piece.n;
    }
    return hm_digest_end(&digest, out, e);
}

HM_MUST static hm_rc walk(struct image_walk *w, const char *kind,
                          struct hm_err *e)
{
    HM_TRY(hm_archive_names_begin(&w->names, w->limits, e));
    if (strcmp(kind, "zip") == 0)
        return image_walk_zip(w, e);
    if (strcmp(kind, "deb") == 0 || strcmp(kind, "ar") == 0)
        return image_walk_ar(w, e);
    return image_walk_cpio(w, e);
}

HM_MUST static hm_rc list_any(struct image_in *in, const struct hm_image *image,
                              const struct hm_archive_limits *limits,
                              const struct hm_image_visitor *visitor,
                              struct hm_archive_result *result,
                              struct hm_err *e)
{
    struct image_walk w = {.in = in, .limits = limits, .visitor = visitor};
    struct hm_archive_result found = {.entries = 0};
    hm_rc rc;

    *result = found;
    if (!image->has_members)
        return digest_file(in, &result->file, e);
    if (strncmp(image->kind, "tar", 3) == 0 ||
        strcmp(image->kind, "mender") == 0)
        return list_tar(in, limits, visitor, result, e);
    rc = walk(&w, image->kind, e);
    hm_archive_names_clear(&w.names);
    HM_TRY(rc);
    HM_TRY(digest_file(in, &found.file, e));
    found.entries = w.entries;
    *result = found;
    return HM_OK;
}

hm_rc hm_image_list(const struct hm_file *f, const struct hm_image *image,
                    const struct hm_archive_limits *limits,
                    const struct hm_image_visitor *visitor,
                    struct hm_archive_result *result, struct hm_err *e)
{
    HM_OWN(image_in) in = IMAGE_IN_INIT;

    HM_TRY(image_in_open(&in, f, HM_LIT(""), e));
    return list_any(&in, image, limits, visitor, result, e);
}

hm_rc hm_image_list_bytes(struct hm_bytes bytes, const struct hm_image *image,
                          const struct hm_archive_limits *limits,
                          const struct hm_image_visitor *visitor,
                          struct hm_archive_result *result, struct hm_err *e)
{
    HM_OWN(image_in) in = IMAGE_IN_INIT;

    HM_TRY(image_in_open(&in, NULL, bytes, e));
    return list_any(&in, image, limits, visitor, result, e);
}
