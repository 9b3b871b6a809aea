#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive_priv.h"

#define IN_SIZE   ((size_t)128 * 1024)
#define GZIP_ONLY (15 + 16) /* zlib checks header, checksum and length */

HM_MUST static hm_rc read_source(struct archive_stream *s, struct hm_err *e)
{
    if (s->file != NULL)
        return hm_file_read(s->file, s->in, IN_SIZE, &s->in_n, e);
    s->in_n = s->bytes.n < IN_SIZE ? s->bytes.n : IN_SIZE;
    if (s->in_n > 0)
        memcpy(s->in, s->bytes.p, s->in_n);
    s->bytes.p += s->in_n;
    s->bytes.n -= s->in_n;
    return HM_OK;
}

/* Only when everything before was used up. */
HM_MUST static hm_rc fill(struct archive_stream *s, struct hm_err *e)
{
    s->in_at = 0;
    s->in_n = 0;
    if (s->in_end)
        return HM_OK;
    HM_TRY(read_source(s, e));
    s->in_end = s->in_n == 0;
    return hm_digest_add(&s->file_digest, (struct hm_bytes){s->in, s->in_n}, e);
}

HM_MUST static hm_rc no_memory(struct hm_err *e)
{
    return hm_fail(e, HM_E_NOMEM, "archive.memory",
                   "out of memory for reading an archive");
}

hm_rc archive_stream_open(struct archive_stream *s, const struct hm_file *file,
                          struct hm_bytes bytes, uint64_t bytes_max,
                          struct hm_err *e)
{
    s->file = file;
    s->bytes = bytes;
    s->bytes_max = bytes_max;
    s->in = malloc(IN_SIZE);
    if (s->in == NULL)
        return no_memory(e);
    if (file != NULL && lseek(file->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return hm_fail_errno(e, "base.file.read", "cannot rewind the archive");
    HM_TRY(hm_digest_begin(&s->file_digest, true, e));
    HM_TRY(hm_digest_begin(&s->content_digest, true, e));
    HM_TRY(fill(s, e));
    if (s->in_n == 0)
        return hm_fail(e, HM_E_FORMAT, "archive.file.empty",
                       "the archive has no bytes");
    s->gzip = s->in[0] == 0x1f && (s->in_n < 2 || s->in[1] == 0x8b);
    if (!s->gzip)
        return HM_OK;
    if (inflateInit2(&s->z, GZIP_ONLY) != Z_OK)
        return no_memory(e);
    s->inflating = true;
    return HM_OK;
}

HM_MUST static hm_rc inflate_failed(const struct archive_stream *s, int rc,
                                    struct hm_err *e)
{
    const char *why = s->z.msg == NULL ? "a preset dictionary" : s->z.msg;

    if (rc == Z_MEM_ERROR)
        return no_memory(e);
    if (strcmp(why, "incorrect data check") == 0 ||
        strcmp(why, "incorrect length check") == 0)
        return hm_fail(e, HM_E_FORMAT, "archive.gzip.checksum",
                       "gzip data do not match their own checksum or length");
    return hm_fail(e, HM_E_FORMAT, "archive.gzip.data",
                   "gzip data cannot be decompressed: %s", why);
}

/* RFC 1952 lets a file hold several members; here it is one and nothing else,
 * because every other byte would be one that nobody reads. */
HM_MUST static hm_rc check_nothing_behind(struct archive_stream *s,
                                          struct hm_err *e)
{
    s->inflated = true;
    if (s->in_at == s->in_n)
        HM_TRY(fill(s, e));
    if (s->in_n > s->in_at)
        return hm_fail(e, HM_E_FORMAT, "archive.gzip.trailing",
                       "bytes behind the end of the gzip member");
    return HM_OK;
}

/* One step of zlib; *got grows. */
HM_MUST static hm_rc inflate_some(struct archive_stream *s, uint8_t *to,
                                  size_t max, size_t *got, struct hm_err *e)
{
    const size_t room = max - *got < IN_SIZE ? max - *got : IN_SIZE;
    int rc;

    if (s->in_at == s->in_n)
        HM_TRY(fill(s, e));
    if (s->in_n == 0)
        return hm_fail(e, HM_E_FORMAT, "archive.gzip.truncated",
                       "gzip data end too early");
    s->z.next_in = s->in + s->in_at;
    s->z.avail_in = (uInt)(s->in_n - s->in_at);
    s->z.next_out = to + *got;
    s->z.avail_out = (uInt)room;
    rc = inflate(&s->z, Z_NO_FLUSH);
    s->in_at = s->in_n - s->z.avail_in;
    *got += room - s->z.avail_out;
    if (rc == Z_STREAM_END)
        return check_nothing_behind(s, e);
    return rc == Z_OK || rc == Z_BUF_ERROR ? HM_OK : inflate_failed(s, rc, e);
}

HM_MUST static hm_rc copy_some(struct archive_stream *s, uint8_t *to,
                               size_t max, size_t *got, struct hm_err *e)
{
    size_t n;

    if (s->in_at == s->in_n)
        HM_TRY(fill(s, e));
    n = s->in_n - s->in_at;
    n = n < max - *got ? n : max - *got;
    memcpy(to + *got, s->in + s->in_at, n);
    s->in_at += n;
    *got += n;
    return HM_OK;
}

static bool at_end(const struct archive_stream *s)
{
    return s->gzip ? s->inflated : s->in_end;
}

hm_rc archive_stream_read(struct archive_stream *s, uint8_t *to, size_t max,
                          size_t *got, struct hm_err *e)
{
    *got = 0;
    while (*got < max && !at_end(s)) {
        if (s->gzip)
            HM_TRY(inflate_some(s, to, max, got, e));
        else
            HM_TRY(copy_some(s, to, max, got, e));
    }
    if (*got > s->bytes_max - s->content_digest.size)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.bytes",
                       "the uncompressed tar is longer than %llu bytes",
                       (unsigned long long)s->bytes_max);
    return hm_digest_add(&s->content_digest, (struct hm_bytes){to, *got}, e);
}

uint64_t archive_stream_at(const struct archive_stream *s)
{
    return s->content_digest.size;
}

hm_rc archive_stream_finish(struct archive_stream *s,
                            struct hm_archive_result *result, struct hm_err *e)
{
    HM_TRY(hm_digest_end(&s->content_digest, &result->content, e));
    return hm_digest_end(&s->file_digest, &result->file, e);
}

void archive_stream_clear(struct archive_stream *s)
{
    if (s->inflating)
        (void)inflateEnd(&s->z);
    free(s->in);
    hm_digest_clear(&s->file_digest);
    hm_digest_clear(&s->content_digest);
    *s = (struct archive_stream)ARCHIVE_STREAM_INIT;
}

HM_MUST static hm_rc read_to_end(struct archive_stream *s, uint8_t *chunk,
                                 struct hm_err *e)
{
    size_t got = 0;

    do
        HM_TRY(archive_stream_read(s, chunk, IN_SIZE, &got, e));
    while (got == IN_SIZE);
    return HM_OK;
}

HM_MUST static hm_rc digest_content(const struct hm_file *f,
                                    struct hm_bytes bytes, uint64_t bytes_max,
                                    struct hm_archive_result *result,
                                    struct hm_err *e)
{
    HM_OWN(archive_stream) s = ARCHIVE_STREAM_INIT;
    struct hm_archive_result found = {.entries = 0};
    uint8_t *chunk = NULL;
    hm_rc rc;

    *result = found;
    HM_TRY(archive_stream_open(&s, f, bytes, bytes_max, e));
    chunk = malloc(IN_SIZE);
    if (chunk == NULL)
        return no_memory(e);
    rc = read_to_end(&s, chunk, e);
    free(chunk);
    HM_TRY(rc);
    HM_TRY(archive_stream_finish(&s, &found, e));
    *result = found;
    return HM_OK;
}

hm_rc hm_archive_content_digest(const struct hm_file *f, uint64_t bytes_max,
                                struct hm_archive_result *result,
                                struct hm_err *e)
{
    return digest_content(f, HM_LIT(""), bytes_max, result, e);
}

hm_rc hm_archive_content_digest_bytes(struct hm_bytes bytes, uint64_t bytes_max,
                                      struct hm_archive_result *result,
                                      struct hm_err *e)
{
    return digest_content(NULL, bytes, bytes_max, result, e);
}

hm_rc hm_archive_content_start(const struct hm_file *f, struct hm_bytes bytes,
                               uint8_t *to, size_t max, size_t *got,
                               struct hm_err *e)
{
    HM_OWN(archive_stream) s = ARCHIVE_STREAM_INIT;

    *got = 0;
    HM_TRY(archive_stream_open(&s, f, bytes, max, e));
    return archive_stream_read(&s, to, max, got, e);
}
