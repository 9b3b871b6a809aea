#include <stdio.h>
#include <stdlib.h>

#include "image_zip_priv.h"

#define END_SIZE     22u
#define END_64_SIZE  56u
#define LOCATOR_SIZE 20u
#define CENTRAL_SIZE 46u
#define LOCAL_SIZE   30u

#define DOS_DIRECTORY 0x10u

/* Where the central directory is, and how much of it. */
struct zip_end {
    uint64_t at; /* of the directory */
    uint64_t size;
    uint64_t entries;
    uint64_t own_at; /* of the first record behind the directory */
};

HM_MUST static hm_rc bad_end(struct hm_err *e, const char *why)
{
    return hm_fail(e, HM_E_FORMAT, "image.zip.end", "%s", why);
}

HM_MUST static hm_rc bad_entry(struct hm_err *e, const char *why)
{
    return hm_fail(e, HM_E_FORMAT, "image.zip.entry", "%s", why);
}

/* ---- the end of the archive ---- */

/* The record whose comment ends where the file does.  A comment that holds a
 * second one is refused with it: readers would not agree which it is. */
HM_MUST static hm_rc scan_for_end(struct hm_bytes tail, size_t *back,
                                  struct hm_err *e)
{
    for (size_t n = END_SIZE; n <= tail.n; n++) {
        const uint8_t *at = tail.p + tail.n - n;

        if (memcmp(at, "PK\5\6", 4) != 0)
            continue;
        *back = n;
        return image_le16(at + 20) == n - END_SIZE
                   ? HM_OK
                   : bad_end(e, "the comment does not end with the file");
    }
    return bad_end(e, "no record ends the archive");
}

HM_MUST static hm_rc find_end(struct image_in *in, uint64_t *at,
                              uint8_t h[END_SIZE], struct hm_err *e)
{
    const size_t max = END_SIZE + UINT16_MAX;
    const size_t n = in->size < max ? (size_t)in->size : max;
    uint8_t *tail = malloc(n);
    size_t back = 0;
    hm_rc rc;

    if (tail == NULL)
        return hm_fail(e, HM_E_NOMEM, "image.memory",
                       "out of memory for reading a file");
    rc = image_get(in, in->size - n, tail, n, e);
    if (rc == HM_OK)
        rc = scan_for_end((struct hm_bytes){tail, n}, &back, e);
    if (rc == HM_OK)
        memcpy(h, tail + n - back, END_SIZE);
    free(tail);
    *at = in->size - back;
    return rc;
}

HM_MUST static hm_rc read_end_64(struct image_in *in, uint64_t locator_at,
                                 struct zip_end *out, struct hm_err *e)
{
    uint8_t l[LOCATOR_SIZE] = {0};
    uint8_t h[END_64_SIZE] = {0};

    HM_TRY(image_get(in, locator_at, l, sizeof(l), e));
    if (memcmp(l, "PK\6\7", 4) != 0 || image_le32(l + 4) != 0 ||
        image_le32(l + 16) != 1)
        return bad_end(e, "no zip64 record where the end asks for one");
    out->own_at = image_le64(l + 8);
    HM_TRY(image_get(in, out->own_at, h, sizeof(h), e));
    if (memcmp(h, "PK\6\6", 4) != 0 || out->own_at + 12 > locator_at ||
        image_le64(h + 4) != locator_at - out->own_at - 12 ||
        image_le64(h + 4) < END_64_SIZE - 12)
        return bad_end(e, "the zip64 record is not what lies before the end");
    if (image_le32(h + 16) != 0 || image_le32(h + 20) != 0 ||
        image_le64(h + 24) != image_le64(h + 32))
        return bad_end(e, "an archive of several disks");
    out->entries = image_le64(h + 32);
    out->size = image_le64(h + 40);
    out->at = image_le64(h + 48);
    return HM_OK;
}

/* Some writers add the zip64 record where none is needed. */
HM_MUST static hm_rc has_locator(struct image_in *in, uint64_t end_at,
                                 bool *yes, struct hm_err *e)
{
    uint8_t magic[4] = {0};

    if (end_at >= LOCATOR_SIZE)
        HM_TRY(image_get(in, end_at - LOCATOR_SIZE, magic, 4, e));
    *yes = memcmp(magic, "PK\6\7", 4) == 0;
    return HM_OK;
}

/* A number is told twice when it fits in the old record. */
static bool agree(uint64_t new, uint64_t old, uint64_t all_ones)
{
    return old == all_ones || new == old;
}

HM_MUST static hm_rc read_end(struct image_in *in, struct zip_end *out,
                              struct hm_err *e)
{
    uint8_t h[END_SIZE] = {0};
    uint64_t at = 0;
    bool has_64 = false;

    HM_TRY(find_end(in, &at, h, e));
    out->entries = image_le16(h + 10);
    out->size = image_le32(h + 12);
    out->at = image_le32(h + 16);
    out->own_at = at;
    if (image_le16(h + 4) != 0 || image_le16(h + 6) != 0 ||
        image_le16(h + 8) != image_le16(h + 10))
        return bad_end(e, "an archive of several disks");
    HM_TRY(has_locator(in, at, &has_64, e));
    if (has_64 || out->entries == UINT16_MAX || out->size == UINT32_MAX ||
        out->at == UINT32_MAX) {
        if (at < LOCATOR_SIZE)
            return bad_end(e, "no zip64 record where the end asks for one");
        HM_TRY(read_end_64(in, at - LOCATOR_SIZE, out, e));
        if (!agree(out->entries, image_le16(h + 10), UINT16_MAX) ||
            !agree(out->size, image_le32(h + 12), UINT32_MAX) ||
            !agree(out->at, image_le32(h + 16), UINT32_MAX))
            return bad_end(e, "the zip64 record and the end do not agree");
    }
    if (out->at > out->own_at || out->size != out->own_at - out->at)
        return bad_end(e, "the central directory does not end where the "
                          "record behind it begins");
    return HM_OK;
}

/* ---- headers ---- */

/* Numbers that do not fit in the header, in their order. */
HM_MUST static hm_rc read_extra_64(struct image_in *in, uint64_t at, unsigned n,
                                   struct zip_entry *out, bool is_central,
                                   struct hm_err *e)
{
    uint64_t *const wanted[] = {
        out->size == UINT32_MAX ? &out->size : NULL,
        out->packed == UINT32_MAX ? &out->packed : NULL,
        is_central && out->local_at == UINT32_MAX ? &out->local_at : NULL};
    uint8_t v[8] = {0};

    for (unsigned i = 0; i < 3; i++) {
        if (wanted[i] == NULL)
            continue;
        if (n < 8)
            return bad_entry(e, "a zip64 field is too short");
        HM_TRY(image_get(in, at, v, sizeof(v), e));
        *wanted[i] = image_le64(v);
        at += 8;
        n -= 8;
    }
    return HM_OK;
}

/* The list of extra fields; zeros may fill it up (zipalign does so). */
HM_MUST static hm_rc read_extras(struct image_in *in, struct zip_entry *out,
                                 bool is_central, struct hm_err *e)
{
    uint64_t at = out->name_at + out->name_n;
    const uint64_t end = at + out->extra_n;
    bool has_64 = false;
    bool zeros = false;
    uint8_t h[4] = {0};

    while (end - at >= sizeof(h)) {
        HM_TRY(image_get(in, at, h, sizeof(h), e));
        at += sizeof(h);
        if (image_le16(h + 2) > end - at)
            return bad_entry(e, "an extra field is longer than all of them");
        if (image_le16(h) == 1 && has_64)
            return bad_entry(e, "two zip64 fields");
        if (image_le16(h) == 1) {
            HM_TRY(
                read_extra_64(in, at, image_le16(h + 2), out, is_central, e));
            has_64 = true;
        }
        at += image_le16(h + 2);
    }
    HM_TRY(image_is_filled(in, at, end - at, 0, &zeros, e));
    return zeros ? HM_OK : bad_entry(e, "bytes behind the extra fields");
}

/* Unix says the kind itself; else a slash at the end does, or DOS. */
HM_MUST static hm_rc find_mode(struct image_in *in, const uint8_t *h,
                               struct zip_entry *out, struct hm_err *e)
{
    uint8_t last = 0;
    unsigned mode = h[5] == 3 ? image_le32(h + 38) >> 16 : 0;

    if (out->name_n > 0)
        HM_TRY(image_get(in, out->name_at + out->name_n - 1, &last, 1, e));
    if ((mode & 0170000) == 0)
        mode |= last == '/' || (h[5] != 3 && (h[38] & DOS_DIRECTORY)) ? 0040000
                                                                      : 0100000;
    if ((mode & 07777) == 0)
        mode |= (mode & 0040000) != 0 ? 0755 : 0644;
    out->mode = mode;
    return HM_OK;
}

HM_MUST static hm_rc read_central(struct image_in *in, uint64_t at,
                                  struct zip_entry *out, struct hm_err *e)
{
    uint8_t h[CENTRAL_SIZE] = {0};

    HM_TRY(image_get(in, at, h, sizeof(h), e));
    if (memcmp(h, "PK\1\2", 4) != 0)
        return bad_entry(e, "no header where the central directory goes on");
    *out = (struct zip_entry){
        .flags = image_le16(h + 8),
        .method = image_le16(h + 10),
        .when = image_le32(h + 12),
        .crc = image_le32(h + 16),
        .packed = image_le32(h + 20),
        .size = image_le32(h + 24),
        .name_n = image_le16(h + 28),
        .extra_n = image_le16(h + 30),
        .local_at = image_le32(h + 42),
        .name_at = at + CENTRAL_SIZE,
    };
    out->next = out->name_at + out->name_n + out->extra_n + image_le16(h + 32);
    HM_TRY(image_need(in, 0, out->next, "the central directory", e));
    if (image_le16(h + 34) != 0)
        return bad_entry(e, "a member on another disk");
    if (out->flags & ZIP_MASKED)
        return bad_entry(e, "an encrypted central directory");
    HM_TRY(read_extras(in, out, true, e));
    return find_mode(in, h, out, e);
}

HM_MUST static hm_rc read_local(struct image_in *in, uint64_t at,
                                struct zip_entry *out, struct hm_err *e)
{
    uint8_t h[LOCAL_SIZE] = {0};

    HM_TRY(image_get(in, at, h, sizeof(h), e));
    if (memcmp(h, "PK\3\4", 4) != 0)
        return bad_entry(e, "no local header where the directory says");
    *out = (struct zip_entry){
        .flags = image_le16(h + 6),
        .method = image_le16(h + 8),
        .when = image_le32(h + 10),
        .crc = image_le32(h + 14),
        .packed = image_le32(h + 18),
        .size = image_le32(h + 22),
        .name_n = image_le16(h + 26),
        .extra_n = image_le16(h + 28),
        .name_at = at + LOCAL_SIZE,
    };
    out->next = out->name_at + out->name_n + out->extra_n;
    HM_TRY(image_need(in, 0, out->next, "a local header", e));
    return read_extras(in, out, false, e);
}

/* ---- do the two agree? ---- */

HM_MUST static hm_rc differs(const char *what, uint64_t central, uint64_t local,
                             struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "image.zip.differs",
                   "%s: the central directory says %llu, the local header %llu",
                   what, (unsigned long long)central,
                   (unsigned long long)local);
}

HM_MUST static hm_rc compare(const struct zip_entry *c,
                             const struct zip_entry *l, struct hm_err *e)
{
    const bool late = (c->flags & ZIP_DESCRIPTOR) != 0;
    const struct {
        const char *what;
        uint64_t central, local;
        bool may_be_late;
    } rows[] = {
        {"flags", c->flags, l->flags, false},
        {"method", c->method, l->method, false},
        {"time", c->when, l->when, false},
        {"length of the name", c->name_n, l->name_n, false},
        {"checksum", c->crc, l->crc, true},
        {"packed size", c->packed, l->packed, true},
        {"size", c->size, l->size, true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].central != rows[i].local &&
            !(late && rows[i].may_be_late && rows[i].local == 0))
            return differs(rows[i].what, rows[i].central, rows[i].local, e);
    return HM_OK;
}

struct zip_names {
    char path[ZIP_NAME_MAX + 2];
    char local[ZIP_NAME_MAX + 2];
    char target[ZIP_NAME_MAX + 1];
};

/* One walk.  The directory is read beside the members, through a window of its
 * own. */
struct zip_walk {
    struct image_walk *w;
    struct image_in directory; /* owned */
    struct zip_names *names;   /* owned */
};

static void zip_walk_clear(struct zip_walk *z)
{
    image_in_clear(&z->directory);
    free(z->names);
}

HM_MUST static hm_rc read_name(struct image_in *in, const struct zip_entry *c,
                               char to[ZIP_NAME_MAX + 2], struct hm_err *e)
{
    if (c->name_n > ZIP_NAME_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                       "a name of %u bytes is longer than %u", c->name_n,
                       ZIP_NAME_MAX);
    HM_TRY(image_get(in, c->name_at, (uint8_t *)to, c->name_n, e));
    to[c->name_n] = '\0';
    if (strlen(to) != c->name_n)
        return hm_fail(e, HM_E_REJECTED, "archive.member.name",
                       "a name holds a NUL behind '%s'", hm_show_str(to));
    return HM_OK;
}

HM_MUST static hm_rc compare_names(struct zip_walk *z,
                                   const struct zip_entry *c,
                                   const struct zip_entry *l, struct hm_err *e)
{
    HM_TRY(read_name(&z->directory, c, z->names->path, e));
    HM_TRY(read_name(z->w->in, l, z->names->local, e));
    return strcmp(z->names->path, z->names->local) == 0
               ? HM_OK
               : hm_fail(e, HM_E_FORMAT, "image.zip.differs",
                         "the central directory names '%s', the local header "
                         "'%s'",
                         hm_show_str(z->names->path),
                         hm_show_str(z->names->local));
}

/* A data descriptor: with or without a signature, its sizes in 4 or 8 bytes.
 * It is the one that says what the directory says and ends at @p end. */
HM_MUST static hm_rc check_descriptor(struct image_in *in, uint64_t at,
                                      uint64_t end, const struct zip_entry *c,
                                      struct hm_err *e)
{
    uint8_t d[24] = {0};
    const uint64_t n = end - at;
    const unsigned skip =
        n % 8 == 0 ? 4 : 0; /* 16 and 24 with, 12, 20 without */
    const unsigned wide = n >= 20 ? 8 : 4;

    if (end < at || (n != 12 && n != 16 && n != 20 && n != 24))
        return hm_fail(e, HM_E_FORMAT, "image.zip.order",
                       "between a member and the next lie %lld bytes, which "
                       "are no data descriptor",
                       (long long)(end - at));
    HM_TRY(image_get(in, at, d, (size_t)n, e));
    if ((skip > 0 && memcmp(d, "PK\7\x08", 4) != 0) ||
        image_le32(d + skip) != c->crc ||
        image_number(d + skip + 4, wide, false) != c->packed ||
        image_number(d + skip + 4 + wide, wide, false) != c->size)
        return hm_fail(e, HM_E_FORMAT, "image.zip.differs",
                       "the data descriptor does not say what the central "
                       "directory says");
    return HM_OK;
}

/* ---- members ---- */

/* DOS keeps no zone: read as UTC.  -1: no date. */
static int64_t time_of(uint32_t when)
{
    char text[64];
    hm_time t = 0;

    (void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02uZ",
                   1980 + (when >> 25), when >> 21 & 15, when >> 16 & 31,
                   when >> 11 & 31, when >> 5 & 63, (when & 31) * 2);
    return hm_time_parse(hm_bytes_str(text), &t, NULL) == HM_OK ? t : -1;
}

static const char *method_name(unsigned method)
{
    static const struct {
        unsigned number;
        const char *name;
    } rows[] = {{0, "stored"}, {8, "deflate"}, {9, "deflate64"}, {12, "bzip2"},
                {14, "lzma"},  {93, "zstd"},   {95, "xz"},       {99, "AES"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].number == method)
            return rows[i].name;
    return "another method";
}

HM_MUST static hm_rc take_member(struct zip_walk *z, const struct zip_entry *c,
                                 uint64_t data_at, struct hm_err *e)
{
    struct image_walk *w = z->w;
    struct hm_image_member how = {
        .method = method_name(c->method),
        .stored = c->packed,
        .is_encrypted = (c->flags & ZIP_ENCRYPTED) != 0,
    };
    struct hm_archive_member m = {
        .size = c->size,
        .mtime = time_of(c->when),
        .mode = c->mode,
        .uname = "",
        .gname = "",
        .offset = c->local_at,
    };

    if (c->size > w->limits->bytes_max - w->bytes)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.bytes",
                       "a member claims %llu bytes, more than may be read",
                       (unsigned long long)c->size);
    HM_TRY(zip_read_content(w->in, c, data_at, z->names->target,
                            &how.is_checked, e));
    return image_walk_member(w, &m, z->names->path, z->names->target, &how, e);
}

/* One member: both headers, name, content, and that it ends where the next
 * begins. @param at  where its local header must be
 * @param next  where it must end: of the next one, or of what lies
 * behind the last */
HM_MUST static hm_rc read_member(struct zip_walk *z, const struct zip_entry *c,
                                 uint64_t at, uint64_t next, struct hm_err *e)
{
    struct image_in *in = z->w->in;
    struct zip_entry l = {.flags = 0};
    uint64_t end;

    if (c->local_at != at)
        return hm_fail(e, HM_E_FORMAT, "image.zip.order",
                       "the directory names byte %llu, the member before ends "
                       "at %llu",
                       (unsigned long long)c->local_at, (unsigned long long)at);
    HM_TRY(read_local(in, at, &l, e));
    HM_TRY(compare(c, &l, e));
    HM_TRY(compare_names(z, c, &l, e));
    HM_TRY(image_need(in, l.next, c->packed, "the content", e));
    end = l.next + c->packed;
    if (c->flags & ZIP_DESCRIPTOR)
        HM_TRY(check_descriptor(in, end, next, c, e));
    else if (end != next)
        return hm_fail(e, HM_E_FORMAT, "image.zip.order",
                       "a member ends at byte %llu, what follows begins at "
                       "%llu",
                       (unsigned long long)end, (unsigned long long)next);
    return take_member(z, c, l.next, e);
}

/* Android puts a block of signatures before the central directory.
 * @source Android "APK Signature Scheme v2", APK Signing Block
 * @param[out] at  where it begins; the directory's own place: there is none */
HM_MUST static hm_rc find_signatures(struct image_in *in,
                                     const struct zip_end *end, uint64_t *at,
                                     struct hm_err *e)
{
    uint8_t tail[24] = {0};
    uint8_t head[8] = {0};
    uint64_t n;

    *at = end->at;
    if (end->at < 32)
        return HM_OK;
    HM_TRY(image_get(in, end->at - sizeof(tail), tail, sizeof(tail), e));
    n = image_le64(tail);
    if (memcmp(tail + 8, "APK Sig Block 42", 16) != 0 || n < sizeof(tail) ||
        n > end->at - sizeof(head))
        return HM_OK;
    HM_TRY(image_get(in, end->at - n - sizeof(head), head, sizeof(head), e));
    if (image_le64(head) == n)
        *at = end->at - n - sizeof(head);
    return HM_OK;
}

HM_MUST static hm_rc walk(struct zip_walk *z, const struct zip_end *end,
                          struct hm_err *e)
{
    struct zip_entry c = {.next = end->at};
    struct zip_entry after = {.next = end->at};
    uint64_t at = 0;
    uint64_t behind = 0;

    HM_TRY(find_signatures(z->w->in, end, &behind, e));
    if (end->entries > 0)
        HM_TRY(read_central(&z->directory, end->at, &after, e));
    for (uint64_t i = 0; i < end->entries; i++) {
        uint64_t next = behind;

        c = after;
        if (i + 1 < end->entries) {
            HM_TRY(read_central(&z->directory, c.next, &after, e));
            next = after.local_at;
        }
        HM_TRY(hm_context(e, read_member(z, &c, at, next, e),
                          "member %llu of the zip", (unsigned long long)i + 1));
        at = next;
    }
    if (c.next != end->own_at || at != behind)
        return bad_end(e, "the members and the central directory do not fill "
                          "the file");
    return HM_OK;
}

hm_rc image_walk_zip(struct image_walk *w, struct hm_err *e)
{
    HM_OWN(zip_walk) z = {.w = w, .directory = IMAGE_IN_INIT};
    struct zip_end end = {.at = 0};

    z.names = malloc(sizeof(*z.names));
    if (z.names == NULL)
        return hm_fail(e, HM_E_NOMEM, "image.memory",
                       "out of memory for reading a file");
    HM_TRY(image_in_open(&z.directory, w->in->file, w->in->bytes, e));
    HM_TRY(read_end(w->in, &end, e));
    return walk(&z, &end, e);
}

hm_rc image_read_zip(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    struct zip_end end = {.at = 0};
    uint64_t signatures = 0;

    HM_TRY(read_end(in, &end, e));
    HM_TRY(find_signatures(in, &end, &signatures, e));
    image->has_members = true;
    image_say_number(image, "members", end.entries);
    if (signatures < end.at)
        image_say_number(image, "apk_signatures_at", signatures);
    return HM_OK;
}
