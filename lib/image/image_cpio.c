/* cpio archives, and the SWUpdate images among them.
 *
 * @source Linux Documentation/driver-api/early-userspace/buffer-format.rst
 *         (newc, crc); POSIX.1-2001 pax "cpio Interchange Format" (odc);
 *         SWUpdate doc/source/swupdate.rst */
#include <stdlib.h>

#include "image_priv.h"

#define HEADER_MAX  110u
#define PADDING_MAX ((uint64_t)1 << 20)
#define TRAILER     "TRAILER!!!"

enum field { MODE, UID, GID, MTIME, SIZE, NAME_N, CHECK, FIELDS };

/* Where a dialect has its numbers. */
struct dialect {
    const char *magic;
    unsigned header_n;
    unsigned align;
    unsigned base; /* of the digits */
    struct {
        unsigned char at, n;
    } field[FIELDS];
};

#define NEWC                                              \
    {14, 8}, {22, 8}, {30, 8}, {46, 8}, {54, 8}, {94, 8}, \
    {                                                     \
        102, 8                                            \
    }

static const struct dialect dialects[] = {
    {"070701", 110, 4, 16, {NEWC}},
    {"070702", 110, 4, 16, {NEWC}},
    {"070707",
     76,
     1,
     8,
     {{18, 6}, {24, 6}, {30, 6}, {48, 11}, {65, 11}, {59, 6}, {0, 0}}},
};

struct entry {
    const struct dialect *d;
    uint64_t value[FIELDS];
    uint64_t name_at;
    uint64_t data_at;
    uint64_t next;
};

static uint64_t aligned(uint64_t at, unsigned align)
{
    return (at + align - 1) / align * align;
}

HM_MUST static hm_rc read_digits(const uint8_t *p, unsigned n, unsigned base,
                                 uint64_t *out, struct hm_err *e)
{
    *out = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned digit = base;

        if (p[i] >= '0' && p[i] <= '9')
            digit = p[i] - (unsigned)'0';
        else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')
            digit = (p[i] | 0x20u) - 'a' + 10;
        if (digit >= base)
            return hm_fail(e, HM_E_FORMAT, "image.cpio.number",
                           "'%s' is no number to base %u",
                           hm_show(((struct hm_bytes){p, n})), base);
        *out = *out * base + digit;
    }
    return HM_OK;
}

HM_MUST static hm_rc find_dialect(const uint8_t *h, const struct dialect *first,
                                  const struct dialect **out, struct hm_err *e)
{
    for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++)
        if (memcmp(h, dialects[i].magic, 6) == 0 &&
            (first == NULL || first == &dialects[i])) {
            *out = &dialects[i];
            return HM_OK;
        }
    return hm_fail(e, HM_E_FORMAT, "image.cpio.magic",
                   "a member begins with '%s'",
                   hm_show(((struct hm_bytes){h, 6})));
}

/* @param first  what the first member was written in; NULL: this is it */
HM_MUST static hm_rc read_entry(struct image_in *in, uint64_t at,
                                const struct dialect *first, struct entry *out,
                                struct hm_err *e)
{
    uint8_t h[HEADER_MAX] = {0};

    HM_TRY(image_get(in, at, h, 6, e));
    out->d = &dialects[0];
    HM_TRY(find_dialect(h, first, &out->d, e));
    HM_TRY(image_get(in, at, h, out->d->header_n, e));
    for (unsigned i = 0; i < FIELDS; i++)
        HM_TRY(read_digits(h + out->d->field[i].at, out->d->field[i].n,
                           out->d->base, &out->value[i], e));
    out->name_at = at + out->d->header_n;
    HM_TRY(image_need(in, out->name_at, out->value[NAME_N], "a name", e));
    out->data_at = aligned(out->name_at + out->value[NAME_N], out->d->align);
    HM_TRY(image_need(in, out->data_at, out->value[SIZE], "the content", e));
    out->next = aligned(out->data_at + out->value[SIZE], out->d->align);
    return HM_OK;
}

/* A name ends in its only NUL. */
HM_MUST static hm_rc read_name(struct image_in *in, const struct entry *entry,
                               char *to, size_t size, struct hm_err *e)
{
    const uint64_t n = entry->value[NAME_N];

    if (n > size)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                       "a name of %llu bytes is longer than %zu",
                       (unsigned long long)n, size - 1);
    if (n > 0)
        HM_TRY(image_get(in, entry->name_at, (uint8_t *)to, (size_t)n, e));
    if (n == 0 || memchr(to, 0, (size_t)n) != to + n - 1)
        return hm_fail(e, HM_E_FORMAT, "image.cpio.name",
                       "a name does not end in its only NUL");
    return HM_OK;
}

static bool is_swupdate(struct image_in *in, struct hm_image *image)
{
    struct entry entry = {.d = &dialects[0]};
    char name[sizeof("sw-description.sig")];

    if (read_entry(in, 0, NULL, &entry, NULL) != HM_OK ||
        read_name(in, &entry, name, sizeof(name), NULL) != HM_OK ||
        strcmp(name, "sw-description") != 0 || entry.d->base != 16)
        return false;
    image_say_number(image, "description_bytes", entry.value[SIZE]);
    image_say(image, "signature", "%s",
              read_entry(in, entry.next, entry.d, &entry, NULL) == HM_OK &&
                      read_name(in, &entry, name, sizeof(name), NULL) ==
                          HM_OK &&
                      strcmp(name, "sw-description.sig") == 0
                  ? "there, not checked"
                  : "none");
    return true;
}

hm_rc image_read_cpio(struct image_in *in, struct hm_image *image,
                      struct hm_err *e)
{
    (void)e;
    image->has_members = true;
    if (!is_swupdate(in, image))
        return HM_OK;
    image->kind = "swupdate";
    image->what = "SWUpdate image";
    return HM_OK;
}

/* The sum of all bytes of a file in a crc archive; else nothing. */
HM_MUST static hm_rc check_content(struct image_in *in,
                                   const struct entry *entry, struct hm_err *e)
{
    const uint64_t end = entry->data_at + entry->value[SIZE];
    const bool is_file = (entry->value[MODE] & 0170000) == 0100000;
    uint32_t sum = 0;

    for (uint64_t at = entry->data_at;
         entry->d == &dialects[1] && is_file && at < end;) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(in, at, end - at, &piece, e));
        for (size_t i = 0; i < piece.n; i++)
            sum += piece.p[i];
        at += piece.n;
    }
    if (entry->d->base == 16 && sum != entry->value[CHECK])
        return hm_fail(e, HM_E_FORMAT, "image.cpio.checksum",
                       "the bytes of a member add up to %08x, its header says "
                       "%08llx",
                       sum, (unsigned long long)entry->value[CHECK]);
    return HM_OK;
}

HM_MUST static hm_rc check_padding(struct image_in *in, uint64_t from,
                                   uint64_t to, struct hm_err *e)
{
    bool zeros = true;

    HM_TRY(image_need(in, from, to - from, "padding", e));
    HM_TRY(image_is_filled(in, from, to - from, 0, &zeros, e));
    return zeros ? HM_OK
                 : hm_fail(e, HM_E_FORMAT, "image.file.trailing",
                           "bytes between a member and the next, at byte %llu",
                           (unsigned long long)from);
}

/* Zeros up to the end of the file. */
HM_MUST static hm_rc check_end(struct image_in *in, const struct entry *entry,
                               struct hm_err *e)
{
    bool zeros = false;

    if (entry->value[SIZE] != 0)
        return hm_fail(e, HM_E_FORMAT, "image.cpio.end",
                       "the last member has content");
    HM_TRY(image_is_filled(in, entry->data_at, in->size - entry->data_at, 0,
                           &zeros, e));
    if (!zeros || in->size - entry->data_at > PADDING_MAX)
        return image_ends(in, entry->data_at, e);
    return HM_OK;
}

struct names {
    char path[HM_ARCHIVE_PATH_MAX + 2];
    char target[HM_ARCHIVE_PATH_MAX + 1];
};

HM_MUST static hm_rc read_target(struct image_in *in, const struct entry *entry,
                                 char *to, size_t size, struct hm_err *e)
{
    const uint64_t n = entry->value[SIZE];

    to[0] = '\0';
    if ((entry->value[MODE] & 0170000) != 0120000)
        return HM_OK;
    if (n >= size)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                       "a link of %llu bytes is longer than %zu",
                       (unsigned long long)n, size - 1);
    HM_TRY(image_get(in, entry->data_at, (uint8_t *)to, (size_t)n, e));
    to[n] = '\0';
    if (strlen(to) != n)
        return hm_fail(e, HM_E_REJECTED, "archive.member.target",
                       "a link holds a NUL");
    return HM_OK;
}

HM_MUST static hm_rc take_entry(struct image_walk *w, const struct entry *entry,
                                uint64_t at, struct names *names,
                                struct hm_err *e)
{
    const struct hm_image_member how = {
        .method = "stored", .stored = entry->value[SIZE], .is_checked = true};
    struct hm_archive_member m = {
        .size = entry->value[SIZE],
        .mtime = (int64_t)entry->value[MTIME],
        .uid = entry->value[UID],
        .gid = entry->value[GID],
        .uname = "",
        .gname = "",
        .offset = at,
    };

    HM_TRY(read_target(w->in, entry, names->target, sizeof(names->target), e));
    HM_TRY(check_content(w->in, entry, e));
    HM_TRY(check_padding(w->in, entry->name_at + entry->value[NAME_N],
                         entry->data_at, e));
    HM_TRY(check_padding(w->in, entry->data_at + entry->value[SIZE],
                         entry->next, e));
    if (entry->value[MODE] > 0177777)
        return image_bad(e, "mode %llo",
                         (unsigned long long)entry->value[MODE]);
    m.mode = (unsigned)entry->value[MODE];
    return image_walk_member(w, &m, names->path, names->target, &how, e);
}

HM_MUST static hm_rc walk(struct image_walk *w, struct names *names,
                          struct hm_err *e)
{
    const struct dialect *first = NULL;
    struct entry entry = {.d = &dialects[0]};

    for (uint64_t at = 0;; at = entry.next) {
        if (at >= w->in->size)
            return hm_fail(e, HM_E_FORMAT, "image.cpio.end",
                           "no member " TRAILER " ends the archive");
        HM_TRY(hm_context(e, read_entry(w->in, at, first, &entry, e),
                          "member at byte %llu", (unsigned long long)at));
        first = entry.d;
        HM_TRY(
            read_name(w->in, &entry, names->path, HM_ARCHIVE_PATH_MAX + 1, e));
        if (strcmp(names->path, TRAILER) == 0)
            return check_end(w->in, &entry, e);
        HM_TRY(hm_context(e, take_entry(w, &entry, at, names, e),
                          "member at byte %llu", (unsigned long long)at));
    }
}

hm_rc image_walk_cpio(struct image_walk *w, struct hm_err *e)
{
    struct names *names = malloc(sizeof(*names));
    hm_rc rc;

    if (names == NULL)
        return hm_fail(e, HM_E_NOMEM, "image.memory",
                       "out of memory for reading a file");
    rc = walk(w, names, e);
    free(names);
    return rc;
}
