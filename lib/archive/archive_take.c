#include "archive_priv.h"

const char *hm_archive_kind_name(enum hm_archive_kind kind)
{
    static const char *const names[] = {
        [HM_ARCHIVE_FILE] = "file",
        [HM_ARCHIVE_DIR] = "directory",
        [HM_ARCHIVE_SYMLINK] = "symlink",
        [HM_ARCHIVE_HARDLINK] = "hard link",
    };

    return names[kind];
}

/* The content of a pax or GNU header: whole, with its padding. */
HM_MUST static hm_rc read_meta(struct archive_reader *r, struct hm_bytes *out,
                               struct hm_err *e)
{
    const size_t n = (size_t)r->raw.size;
    const size_t padded = (n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;

    if (r->raw.size > TAR_PAX_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.pax",
                       "an extended header of %llu bytes is more than %u",
                       (unsigned long long)r->raw.size, TAR_PAX_MAX);
    HM_TRY(archive_read_exactly(r, r->pax, padded, e));
    if (!archive_is_zero(r->pax + n, padded - n))
        return hm_fail(e, HM_E_FORMAT, "archive.tar.padding",
                       "bytes behind the records of an extended header");
    *out = (struct hm_bytes){r->pax, n};
    return HM_OK;
}

HM_MUST static hm_rc bad_prefix(const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "archive.tar.prefix", "%s", why);
}

/* GNU: a name and one NUL. */
HM_MUST static hm_rc take_gnu_name(struct hm_bytes in, char *to, size_t size,
                                   bool *has, struct hm_err *e)
{
    if (*has)
        return bad_prefix("two headers name one member", e);
    if (in.n < 2 || memchr(in.p, 0, in.n) != in.p + in.n - 1)
        return bad_prefix("a GNU long name does not end in its only NUL", e);
    if (in.n > size)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                       "a GNU long name has %zu bytes, more than %zu", in.n,
                       size);
    memcpy(to, in.p, in.n);
    *has = true;
    return HM_OK;
}

HM_MUST static hm_rc take_pax(struct archive_reader *r, struct hm_bytes records,
                              struct hm_err *e)
{
    struct tar_extra *x = &r->extra;

    if (r->raw.type == 'g') {
        if (x->pax || x->has_path || x->has_target)
            return bad_prefix("a header for all members inside a member's", e);
        HM_TRY(tar_pax_read(records, true, x, e));
        x->said = 0;
        return HM_OK;
    }
    if (x->pax || x->has_path || x->has_target)
        return bad_prefix("two extended headers for one member", e);
    return tar_pax_read(records, false, x, e);
}

bool archive_is_meta(char type)
{
    return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

hm_rc archive_take_meta(struct archive_reader *r, struct hm_err *e)
{
    struct tar_extra *x = &r->extra;
    struct hm_bytes in = {NULL, 0};

    HM_TRY(read_meta(r, &in, e));
    if (r->raw.type == 'L')
        return take_gnu_name(in, x->path, sizeof(x->path), &x->has_path, e);
    if (r->raw.type == 'K')
        return take_gnu_name(in, x->target, sizeof(x->target), &x->has_target,
                             e);
    return take_pax(r, in, e);
}

HM_MUST static hm_rc take_kind(const struct tar_raw *raw,
                               enum hm_archive_kind *kind, struct hm_err *e)
{
    switch (raw->type) {
    case '0':
    case '\0':
        *kind = HM_ARCHIVE_FILE;
        return HM_OK;
    case '1':
        *kind = HM_ARCHIVE_HARDLINK;
        return HM_OK;
    case '2':
        *kind = HM_ARCHIVE_SYMLINK;
        return HM_OK;
    case '5':
        *kind = HM_ARCHIVE_DIR;
        return HM_OK;
    default:
        return hm_fail(
            e, HM_E_REJECTED, "archive.member.kind",
            "'%s' has type '%s': only files, directories and links "
            "are taken",
            hm_show_str(raw->name),
            hm_show(((struct hm_bytes){(const uint8_t *)&raw->type, 1})));
    }
}

/* A pax size may only say what the header cannot: else a reader that does not
 * know pax would take the content for headers, or the other way round. */
HM_MUST static hm_rc take_size(struct archive_reader *r, struct hm_err *e)
{
    const struct tar_extra *x = &r->extra;
    struct hm_archive_member *m = &r->member;

    m->size = r->raw.size;
    if (x->has_size && x->size != r->raw.size) {
        if (r->raw.size != 0 || x->size <= TAR_OCTAL_MAX)
            return hm_fail(e, HM_E_FORMAT, "archive.pax.value",
                           "pax size %llu, but the header says %llu",
                           (unsigned long long)x->size,
                           (unsigned long long)r->raw.size);
        m->size = x->size;
    }
    if (m->size > INT64_MAX - TAR_BLOCK ||
        m->size > r->limits.bytes_max - archive_stream_at(&r->stream))
        return hm_fail(e, HM_E_LIMIT, "archive.limit.bytes",
                       "'%s' claims %llu bytes, more than may be read",
                       hm_show_str(m->path), (unsigned long long)m->size);
    if (m->kind != HM_ARCHIVE_FILE && m->size != 0)
        return hm_fail(e, HM_E_REJECTED, "archive.member.size",
                       "%s '%s' has content", hm_archive_kind_name(m->kind),
                       hm_show_str(m->path));
    r->left = m->size;
    r->padding = (TAR_BLOCK - m->size % TAR_BLOCK) % TAR_BLOCK;
    return HM_OK;
}

HM_MUST static hm_rc take_mode(struct archive_reader *r, struct hm_err *e)
{
    if ((r->raw.mode & 07000) != 0 && !r->extra.is_allowed)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "archive.member.mode",
                    "'%s' has mode %04o, and no record allows setuid, setgid "
                    "or sticky",
                    hm_show_str(r->member.path), r->raw.mode),
            "pack it with hallmark-pack --modes keep or --permissions, which "
            "records what was allowed by name");
    r->member.mode = r->raw.mode;
    return HM_OK;
}

/* A capability gives rights as setuid does. */
HM_MUST static hm_rc take_xattrs(struct archive_reader *r, struct hm_err *e)
{
    r->member.xattrs = r->extra.xattrs;
    if (r->extra.xattrs.n == 0)
        return HM_OK;
    if (!r->extra.is_allowed)
        return hm_hint(e,
                       hm_fail(e, HM_E_FORMAT, "archive.pax.key",
                               "'%s' has extended attributes, and no record "
                               "allows them",
                               hm_show_str(r->member.path)),
                       "pack it with hallmark-pack --xattrs keep");
    if (r->member.kind != HM_ARCHIVE_FILE && r->member.kind != HM_ARCHIVE_DIR)
        return hm_fail(e, HM_E_FORMAT, "archive.pax.key",
                       "the link '%s' has extended attributes",
                       hm_show_str(r->member.path));
    return HM_OK;
}

static bool begins(struct hm_bytes text, struct hm_bytes with)
{
    return text.n >= with.n && memcmp(text.p, with.p, with.n) == 0;
}

/* Attributes that only root may set: a capability, a label of a policy, what an
 * overlay file system obeys. */
static bool has_powers(struct hm_bytes xattrs)
{
    struct hm_archive_xattr x;

    while (hm_archive_take_xattr(&xattrs, &x))
        if (begins(x.name, HM_LIT("security.")) ||
            begins(x.name, HM_LIT("trusted.")))
            return true;
    return false;
}

/* That it is allowed is only what the archive says of itself: whoever judges it
 * must be able to see it. */
static void count_rights(struct archive_reader *r)
{
    const struct hm_archive_member *m = &r->member;

    const bool is_setid = m->kind == HM_ARCHIVE_FILE && (m->mode & 06000) != 0;

    if (!is_setid && !has_powers(m->xattrs))
        return;
    if (r->rights++ == 0)
        (void)hm_show_into(r->rights_first, hm_bytes_str(m->path));
}

/* What extended headers do not say, the header says. */
static void take_rest(struct archive_reader *r)
{
    const struct tar_extra *x = &r->extra;
    struct hm_archive_member *m = &r->member;

    m->mtime = x->has_mtime ? x->mtime : (int64_t)r->raw.mtime;
    m->uid = x->has_uid ? x->uid : r->raw.uid;
    m->gid = x->has_gid ? x->gid : r->raw.gid;
    m->uname = x->has_uname ? x->uname : r->raw.uname;
    m->gname = x->has_gname ? x->gname : r->raw.gname;
    m->offset = r->header_at;
}

/* A hard link's target is a name of the archive too; a symlink's is not. */
HM_MUST static hm_rc take_names(struct archive_reader *r, struct hm_err *e)
{
    struct tar_extra *x = &r->extra;
    struct hm_archive_member *m = &r->member;

    if (!x->has_path)
        memcpy(x->path, r->raw.name, sizeof(r->raw.name));
    if (!x->has_target)
        memcpy(x->target, r->raw.link, sizeof(r->raw.link));
    m->path = x->path;
    m->target = m->kind == HM_ARCHIVE_SYMLINK || m->kind == HM_ARCHIVE_HARDLINK
                    ? x->target
                    : "";
    HM_TRY(archive_name_tidy(x->path, m->kind, e));
    return m->kind == HM_ARCHIVE_HARDLINK
               ? archive_name_tidy(x->target, m->kind, e)
               : HM_OK;
}

hm_rc archive_take_member(struct archive_reader *r, struct hm_err *e)
{
    struct hm_archive_member *m = &r->member;

    HM_TRY(take_kind(&r->raw, &m->kind, e));
    HM_TRY(take_names(r, e));
    HM_TRY(take_size(r, e));
    HM_TRY(take_mode(r, e));
    HM_TRY(take_xattrs(r, e));
    count_rights(r);
    take_rest(r);
    if (r->entries++ == r->limits.entries_max)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.entries",
                       "the archive has more than %llu members",
                       (unsigned long long)r->limits.entries_max);
    return archive_name_enter(&r->seen, m, e);
}
