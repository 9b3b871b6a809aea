#include <stdlib.h>

#include "archive_priv.h"

#define PADDING_MAX ((uint64_t)1 << 20) /* tar -b 2048 */

void hm_archive_reader_clear(struct hm_archive_reader *r)
{
    if (r->impl == NULL)
        return;
    archive_stream_clear(&r->impl->stream);
    archive_seen_clear(&r->impl->seen);
    free(r->impl);
    r->impl = NULL;
}

HM_MUST static hm_rc open_any(struct hm_archive_reader *r,
                              const struct hm_file *file, struct hm_bytes bytes,
                              const struct hm_archive_limits *limits,
                              struct hm_err *e)
{
    HM_OWN(hm_archive_reader) made = HM_ARCHIVE_READER_INIT;

    hm_archive_reader_clear(r);
    made.impl = calloc(1, sizeof(*made.impl));
    if (made.impl == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for reading an archive");
    made.impl->limits = *limits;
    if (limits->entries_max > HM_ARCHIVE_ENTRIES_MAX)
        made.impl->limits.entries_max = HM_ARCHIVE_ENTRIES_MAX;
    made.impl->seen.max = archive_seen_max(limits);
    HM_TRY(archive_stream_open(&made.impl->stream, file, bytes,
                               limits->bytes_max, e));
    *r = made;
    made.impl = NULL;
    return HM_OK;
}

hm_rc hm_archive_open(struct hm_archive_reader *r, const struct hm_file *f,
                      const struct hm_archive_limits *limits, struct hm_err *e)
{
    return open_any(r, f, HM_LIT(""), limits, e);
}

hm_rc hm_archive_open_bytes(struct hm_archive_reader *r, struct hm_bytes bytes,
                            const struct hm_archive_limits *limits,
                            struct hm_err *e)
{
    return open_any(r, NULL, bytes, limits, e);
}

hm_rc archive_read_exactly(struct archive_reader *r, uint8_t *to, size_t n,
                           struct hm_err *e)
{
    size_t got = 0;

    HM_TRY(archive_stream_read(&r->stream, to, n, &got, e));
    if (got < n)
        return hm_fail(e, HM_E_FORMAT, "archive.tar.truncated",
                       "the tar ends too early");
    return HM_OK;
}

bool archive_is_zero(const uint8_t *p, size_t n)
{
    while (n > 0 && *p == 0) {
        p++;
        n--;
    }
    return n == 0;
}

HM_MUST static hm_rc read_padding(struct archive_reader *r, size_t n,
                                  struct hm_err *e)
{
    uint8_t block[TAR_BLOCK];

    HM_TRY(archive_read_exactly(r, block, n, e));
    if (!archive_is_zero(block, n))
        return hm_fail(e, HM_E_FORMAT, "archive.tar.padding",
                       "bytes between the end of a member and the next block");
    return HM_OK;
}

/* The first zero block was read: a second one, then zeros to the end. */
HM_MUST static hm_rc read_end(struct archive_reader *r, struct hm_err *e)
{
    uint8_t block[TAR_BLOCK];
    const uint64_t start = archive_stream_at(&r->stream);
    size_t got = 0;

    HM_TRY(archive_stream_read(&r->stream, block, TAR_BLOCK, &got, e));
    if (got < TAR_BLOCK || !archive_is_zero(block, TAR_BLOCK))
        return hm_fail(e, HM_E_FORMAT, "archive.tar.end",
                       "one block of zeros where two end an archive");
    do {
        HM_TRY(archive_stream_read(&r->stream, block, TAR_BLOCK, &got, e));
        if (!archive_is_zero(block, got) || got % TAR_BLOCK != 0 ||
            archive_stream_at(&r->stream) - start > PADDING_MAX)
            return hm_fail(e, HM_E_FORMAT, "archive.tar.trailing",
                           "bytes behind the end of the archive, or more than "
                           "1 MiB of zeros");
    } while (got > 0);
    r->ended = true;
    return HM_OK;
}

HM_MUST static hm_rc skip_rest(struct archive_reader *r, struct hm_err *e)
{
    uint8_t chunk[3072];

    while (r->left > 0) {
        const size_t n =
            r->left < sizeof(chunk) ? (size_t)r->left : sizeof(chunk);

        HM_TRY(archive_read_exactly(r, chunk, n, e));
        r->left -= n;
    }
    return r->padding > 0 ? read_padding(r, r->padding, e) : HM_OK;
}

HM_MUST static hm_rc read_headers(struct archive_reader *r, struct hm_err *e)
{
    uint8_t block[TAR_BLOCK];
    size_t got = 0;

    memset(&r->extra, 0, sizeof(r->extra));
    r->header_at = archive_stream_at(&r->stream);
    for (;;) {
        HM_TRY(archive_stream_read(&r->stream, block, TAR_BLOCK, &got, e));
        if (got == 0)
            return hm_fail(e, HM_E_FORMAT, "archive.tar.end",
                           "no block of zeros where two end an archive");
        if (got < TAR_BLOCK && archive_stream_at(&r->stream) < TAR_BLOCK)
            return hm_fail(e, HM_E_FORMAT, "archive.tar.magic",
                           "this is no tar: it is shorter than one header");
        if (got < TAR_BLOCK)
            return hm_fail(e, HM_E_FORMAT, "archive.tar.truncated",
                           "the tar ends inside a header");
        if (archive_is_zero(block, TAR_BLOCK))
            return r->extra.pax || r->extra.has_path || r->extra.has_target
                       ? hm_fail(e, HM_E_FORMAT, "archive.tar.prefix",
                                 "an extended header without its member")
                       : read_end(r, e);
        HM_TRY(tar_header_read(block, &r->raw, e));
        if (!archive_is_meta(r->raw.type))
            return archive_take_member(r, e);
        HM_TRY(archive_take_meta(r, e));
    }
}

HM_MUST static hm_rc next_member(struct archive_reader *r, struct hm_err *e)
{
    hm_rc rc = skip_rest(r, e);

    r->padding = 0;
    if (rc == HM_OK)
        rc = read_headers(r, e);
    return hm_context(e, rc, "member at byte %llu of the tar",
                      (unsigned long long)r->header_at);
}

/* A reader that failed once never says anything else again. */
HM_MUST static hm_rc keep(struct archive_reader *r, hm_rc rc, struct hm_err *e)
{
    if (rc == HM_OK)
        return HM_OK;
    r->failed = rc;
    r->left = 0;
    if (e != NULL)
        r->err = *e;
    return rc;
}

HM_MUST static hm_rc repeat_failure(const struct archive_reader *r,
                                    struct hm_err *e)
{
    if (e != NULL)
        *e = r->err;
    return r->failed;
}

hm_rc hm_archive_next(struct hm_archive_reader *r,
                      const struct hm_archive_member **member, struct hm_err *e)
{
    *member = NULL;
    if (r->impl->failed != HM_OK)
        return repeat_failure(r->impl, e);
    if (r->impl->ended)
        return HM_OK;
    HM_TRY(keep(r->impl, next_member(r->impl, e), e));
    if (!r->impl->ended)
        *member = &r->impl->member;
    return HM_OK;
}

hm_rc hm_archive_read(struct hm_archive_reader *r, uint8_t *to, size_t max,
                      size_t *got, struct hm_err *e)
{
    const size_t n = r->impl->left < max ? (size_t)r->impl->left : max;

    *got = 0;
    if (r->impl->failed != HM_OK)
        return repeat_failure(r->impl, e);
    if (n == 0)
        return HM_OK;
    HM_TRY(keep(r->impl, archive_read_exactly(r->impl, to, n, e), e));
    r->impl->left -= n;
    *got = n;
    return HM_OK;
}

hm_rc hm_archive_finish(struct hm_archive_reader *r,
                        struct hm_archive_result *result, struct hm_err *e)
{
    struct hm_archive_result found = {.entries = r->impl->entries,
                                      .rights = r->impl->rights};

    *result = (struct hm_archive_result){.entries = 0};
    if (!r->impl->ended)
        return hm_fail(e, HM_E_INTERNAL, "archive.read.unfinished",
                       "an archive was not read to its end");
    HM_TRY(archive_stream_finish(&r->impl->stream, &found, e));
    memcpy(found.rights_first, r->impl->rights_first,
           sizeof(found.rights_first));
    *result = found;
    return HM_OK;
}
