#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#include "image_priv.h"

hm_rc image_in_open(struct image_in *in, const struct hm_file *file,
                    struct hm_bytes bytes, struct hm_err *e)
{
    *in = (struct image_in){.file = file, .bytes = bytes, .size = bytes.n};
    if (file != NULL) {
        HM_TRY(hm_file_size(file, &in->size, e));
        in->window = malloc(IMAGE_WINDOW);
        if (in->window == NULL)
            return hm_fail(e, HM_E_NOMEM, "image.memory",
                           "out of memory for reading a file");
    }
    return in->size > 0 ? HM_OK
                        : hm_fail(e, HM_E_FORMAT, "image.file.empty",
                                  "the file has no bytes");
}

void image_in_clear(struct image_in *in)
{
    free(in->window);
    *in = (struct image_in)IMAGE_IN_INIT;
}

hm_rc image_need(const struct image_in *in, uint64_t at, uint64_t n,
                 const char *what, struct hm_err *e)
{
    if (at <= in->size && n <= in->size - at)
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "image.file.truncated",
                   "%s: %llu bytes from byte %llu on, but the file has %llu",
                   what, (unsigned long long)n, (unsigned long long)at,
                   (unsigned long long)in->size);
}

/* The file is longer than @p at. */
HM_MUST static hm_rc load(struct image_in *in, uint64_t at, struct hm_err *e)
{
    ssize_t n;

    do
        n = pread(in->file->fd, in->window, IMAGE_WINDOW, (off_t)at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return hm_fail_errno(e, "base.file.read", "cannot read the file");
    if (n == 0)
        return hm_fail(e, HM_E_IO, "image.file.changed",
                       "the file became shorter while it was read");
    in->window_at = at;
    in->window_n = (size_t)n;
    return HM_OK;
}

hm_rc image_view(struct image_in *in, uint64_t at, uint64_t n,
                 struct hm_bytes *out, struct hm_err *e)
{
    HM_TRY(image_need(in, at, n, "bytes", e));
    if (in->file == NULL) {
        *out = (struct hm_bytes){in->bytes.p + at, (size_t)n};
        return HM_OK;
    }
    if (at < in->window_at || at - in->window_at >= in->window_n)
        HM_TRY(load(in, at, e));
    out->p = in->window + (at - in->window_at);
    out->n = in->window_n - (size_t)(at - in->window_at);
    out->n = out->n < n ? out->n : (size_t)n;
    return HM_OK;
}

hm_rc image_get(struct image_in *in, uint64_t at, uint8_t *to, size_t n,
                struct hm_err *e)
{
    HM_TRY(image_need(in, at, n, "a header", e));
    while (n > 0) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(in, at, n, &piece, e));
        memcpy(to, piece.p, piece.n);
        to += piece.n;
        at += piece.n;
        n -= piece.n;
    }
    return HM_OK;
}

hm_rc image_crc(struct image_in *in, uint64_t at, uint64_t n, uint32_t *crc,
                struct hm_err *e)
{
    while (n > 0) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(
            image_view(in, at, n < IMAGE_WINDOW ? n : IMAGE_WINDOW, &piece, e));
        *crc = (uint32_t)crc32(*crc, piece.p, (uInt)piece.n);
        at += piece.n;
        n -= piece.n;
    }
    return HM_OK;
}

hm_rc image_is_filled(struct image_in *in, uint64_t at, uint64_t n,
                      uint8_t value, bool *yes, struct hm_err *e)
{
    *yes = true;
    while (n > 0 && *yes) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(in, at, n, &piece, e));
        for (size_t i = 0; i < piece.n && *yes; i++)
            *yes = piece.p[i] == value;
        at += piece.n;
        n -= piece.n;
    }
    return HM_OK;
}

hm_rc image_ends(const struct image_in *in, uint64_t end, struct hm_err *e)
{
    if (end >= in->size)
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "image.file.trailing",
                   "%llu bytes from byte %llu on, of which no header speaks",
                   (unsigned long long)(in->size - end),
                   (unsigned long long)end);
}

hm_rc image_bad(struct hm_err *e, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return hm_fail(e, HM_E_FORMAT, "image.header.field", "%s", text);
}

hm_rc image_sum(uint32_t said, uint32_t found, const char *what,
                struct hm_err *e)
{
    if (said == found)
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "image.header.checksum",
                   "the checksum of %s is %08x, the header says %08x", what,
                   found, said);
}
