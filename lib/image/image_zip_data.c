#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "image_zip_priv.h"

#define OUT_SIZE ((size_t)64 * 1024)
#define STORED   0u
#define DEFLATE  8u

/* One member's content on its way to nowhere. */
struct content {
    const struct zip_entry *c;
    uint64_t n;
    uint32_t crc;
    char *target; /* NULL: it is no link */
    uint8_t *out; /* owned, OUT_SIZE */
    z_stream z;
    bool is_open;
};

static void content_clear(struct content *t)
{
    if (t->is_open)
        (void)inflateEnd(&t->z);
    free(t->out);
}

HM_MUST static hm_rc longer(const struct zip_entry *c, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "image.zip.size",
                   "the content is longer than the %llu bytes that the headers "
                   "say",
                   (unsigned long long)c->size);
}

HM_MUST static hm_rc take(struct content *t, struct hm_bytes in,
                          struct hm_err *e)
{
    if (in.n > t->c->size - t->n)
        return longer(t->c, e);
    if (t->target != NULL)
        memcpy(t->target + t->n, in.p, in.n);
    t->crc = (uint32_t)crc32(t->crc, in.p, (uInt)in.n);
    t->n += in.n;
    return HM_OK;
}

HM_MUST static hm_rc read_stored(struct image_in *in, struct content *t,
                                 uint64_t at, struct hm_err *e)
{
    const uint64_t end = at + t->c->packed;

    if (t->c->packed != t->c->size)
        return hm_fail(e, HM_E_FORMAT, "image.zip.size",
                       "a member of %llu bytes is stored in %llu",
                       (unsigned long long)t->c->size,
                       (unsigned long long)t->c->packed);
    while (at < end) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(in, at, end - at < OUT_SIZE ? end - at : OUT_SIZE,
                          &piece, e));
        HM_TRY(take(t, piece, e));
        at += piece.n;
    }
    return HM_OK;
}

/* Everything that @p piece gives. */
HM_MUST static hm_rc inflate_piece(struct content *t, struct hm_bytes piece,
                                   int *rc, struct hm_err *e)
{
    t->z.next_in = piece.p;
    t->z.avail_in = (uInt)piece.n;
    do {
        t->z.next_out = t->out;
        t->z.avail_out = (uInt)OUT_SIZE;
        *rc = inflate(&t->z, Z_NO_FLUSH);
        if (*rc != Z_OK && *rc != Z_STREAM_END && *rc != Z_BUF_ERROR)
            return hm_fail(e, HM_E_FORMAT, "image.zip.data",
                           "deflated data cannot be decompressed: %s",
                           t->z.msg == NULL ? "no reason" : t->z.msg);
        HM_TRY(
            take(t, (struct hm_bytes){t->out, OUT_SIZE - t->z.avail_out}, e));
    } while (*rc == Z_OK && t->z.avail_out == 0);
    return HM_OK;
}

HM_MUST static hm_rc read_deflated(struct image_in *in, struct content *t,
                                   uint64_t at, struct hm_err *e)
{
    const uint64_t end = at + t->c->packed;
    int rc = Z_OK;

    t->out = malloc(OUT_SIZE);
    t->is_open = t->out != NULL && inflateInit2(&t->z, -MAX_WBITS) == Z_OK;
    if (!t->is_open)
        return hm_fail(e, HM_E_NOMEM, "image.memory",
                       "out of memory for reading a file");
    while (at < end && rc != Z_STREAM_END) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(in, at, end - at < OUT_SIZE ? end - at : OUT_SIZE,
                          &piece, e));
        HM_TRY(inflate_piece(t, piece, &rc, e));
        at += piece.n - t->z.avail_in;
    }
    if (rc != Z_STREAM_END || at != end)
        return hm_fail(e, HM_E_FORMAT, "image.zip.size",
                       "deflated data %s the %llu bytes that the headers say",
                       rc != Z_STREAM_END ? "do not end within" : "end before",
                       (unsigned long long)t->c->packed);
    return HM_OK;
}

HM_MUST static hm_rc check(const struct content *t, struct hm_err *e)
{
    if (t->n != t->c->size)
        return hm_fail(e, HM_E_FORMAT, "image.zip.size",
                       "the content has %llu bytes, the headers say %llu",
                       (unsigned long long)t->n,
                       (unsigned long long)t->c->size);
    if (t->crc != t->c->crc)
        return hm_fail(e, HM_E_FORMAT, "image.zip.checksum",
                       "the checksum of the content is %08x, the headers say "
                       "%08x",
                       t->crc, t->c->crc);
    if (t->target == NULL)
        return HM_OK;
    t->target[t->n] = '\0';
    return strlen(t->target) == t->n
               ? HM_OK
               : hm_fail(e, HM_E_REJECTED, "archive.member.target",
                         "a link holds a NUL");
}

hm_rc zip_read_content(struct image_in *in, const struct zip_entry *c,
                       uint64_t at, char target[ZIP_NAME_MAX + 1],
                       bool *checked, struct hm_err *e)
{
    const bool is_link = (c->mode & 0170000) == 0120000;
    HM_OWN(content) t = {.c = c, .target = is_link ? target : NULL};

    *checked = (c->flags & ZIP_ENCRYPTED) == 0 &&
               (c->method == STORED || c->method == DEFLATE);
    target[0] = '\0';
    if (!*checked)
        return !is_link ? HM_OK
                        : hm_fail(e, HM_E_REJECTED, "archive.member.target",
                                  "a link whose target cannot be read");
    if (is_link && c->size > ZIP_NAME_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                       "a link of %llu bytes is longer than %u",
                       (unsigned long long)c->size, ZIP_NAME_MAX);
    HM_TRY(c->method == STORED ? read_stored(in, &t, at, e)
                               : read_deflated(in, &t, at, e));
    return check(&t, e);
}
