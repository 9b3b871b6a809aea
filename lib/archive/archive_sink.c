#include <sched.h>
#include <stdlib.h>

#include "archive_priv.h"

#define GZIP_HEADER_SIZE 10u

HM_MUST static hm_rc emit(struct archive_sink *s, struct hm_bytes out,
                          struct hm_err *e)
{
    HM_TRY(hm_digest_add(&s->file, out, e));
    return hm_context(e, hm_file_write_all(s->fd, out, e),
                      "cannot write the archive");
}

/* Every processor that this process may use. */
static unsigned count_processors(void)
{
    cpu_set_t set;
    int n = 1;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        n = CPU_COUNT(&set);
    return n < 1 ? 1 : (unsigned)n;
}

hm_rc archive_sink_begin(struct archive_sink *s, int fd,
                         const struct hm_archive_options *o, struct hm_err *e)
{
    /* RFC 1952: no name, no time, no extra flags, made on Unix. */
    static const uint8_t header[GZIP_HEADER_SIZE] = {0x1f, 0x8b, 8, 0, 0,
                                                     0,    0,    0, 0, 3};
    unsigned threads = o->threads == 0 ? count_processors() : o->threads;

    if (threads > HM_ARCHIVE_THREADS_MAX)
        threads = HM_ARCHIVE_THREADS_MAX;
    s->fd = fd;
    s->form = o->form;
    s->crc = 0;
    HM_TRY(hm_digest_begin(&s->content, true, e));
    HM_TRY(hm_digest_begin(&s->file, true, e));
    if (o->form == HM_ARCHIVE_TAR_GZ) {
        HM_TRY(archive_pool_new(&s->pool, threads, e));
        return emit(s, (struct hm_bytes){header, sizeof(header)}, e);
    }
    s->plain = malloc(ARCHIVE_BLOCK);
    if (s->plain == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for packing");
    return HM_OK;
}

/* Write what is ready, in order. */
HM_MUST static hm_rc collect(struct archive_sink *s, bool all, struct hm_err *e)
{
    struct archive_job *job = NULL;

    while ((job = archive_pool_collect(s->pool, all)) != NULL) {
        if (job->failed)
            return hm_fail(e, HM_E_INTERNAL, "archive.deflate.failed",
                           "zlib could not compress a block");
        s->crc = (uint32_t)crc32_combine(s->crc, job->crc, (z_off_t)job->n);
        HM_TRY(emit(s, (struct hm_bytes){job->out, job->out_n}, e));
    }
    return HM_OK;
}

/* The block is full, or it is the last one. */
HM_MUST static hm_rc pass_block(struct archive_sink *s, bool last,
                                struct hm_err *e)
{
    struct archive_job *job = archive_pool_open(s->pool);
    struct archive_job *next = NULL;

    HM_TRY(hm_digest_add(&s->content,
                         (struct hm_bytes){job->in + ARCHIVE_DICT, job->n}, e));
    job->last = last;
    archive_pool_submit(s->pool);
    HM_TRY(collect(s, last, e));
    if (last)
        return HM_OK;
    next = archive_pool_open(s->pool);
    memcpy(next->in, job->in + ARCHIVE_BLOCK, ARCHIVE_DICT);
    next->dict_n = ARCHIVE_DICT;
    next->n = 0;
    return HM_OK;
}

HM_MUST static hm_rc pass_plain(struct archive_sink *s, struct hm_err *e)
{
    const struct hm_bytes block = {s->plain, s->plain_n};

    s->plain_n = 0;
    HM_TRY(hm_digest_add(&s->content, block, e));
    return hm_context(e, hm_file_write_all(s->fd, block, e),
                      "cannot write the archive");
}

/* Room left in the open block, which is passed on first when it is full: the
 * last block is thereby never empty. */
HM_MUST static hm_rc make_room(struct archive_sink *s, uint8_t **at,
                               size_t **used, struct hm_err *e)
{
    if (s->pool == NULL) {
        if (s->plain_n == ARCHIVE_BLOCK)
            HM_TRY(pass_plain(s, e));
        *at = s->plain;
        *used = &s->plain_n;
        return HM_OK;
    }
    if (archive_pool_open(s->pool)->n == ARCHIVE_BLOCK)
        HM_TRY(pass_block(s, false, e));
    *at = archive_pool_open(s->pool)->in + ARCHIVE_DICT;
    *used = &archive_pool_open(s->pool)->n;
    return HM_OK;
}

hm_rc archive_sink_add(struct archive_sink *s, struct hm_bytes in,
                       struct hm_err *e)
{
    while (in.n > 0) {
        uint8_t *at = NULL;
        size_t *used = NULL;
        size_t n = 0;

        HM_TRY(make_room(s, &at, &used, e));
        n = ARCHIVE_BLOCK - *used;
        n = in.n < n ? in.n : n;
        memcpy(at + *used, in.p, n);
        *used += n;
        in.p += n;
        in.n -= n;
    }
    return HM_OK;
}

uint64_t archive_sink_size(const struct archive_sink *s)
{
    return s->content.size +
           (s->pool == NULL ? s->plain_n : archive_pool_open(s->pool)->n);
}

static void put_le32(uint8_t *to, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

hm_rc archive_sink_end(struct archive_sink *s, struct hm_archive_result *result,
                       struct hm_err *e)
{
    uint8_t trailer[8];

    if (s->pool == NULL) {
        HM_TRY(pass_plain(s, e));
        HM_TRY(hm_digest_end(&s->content, &result->content, e));
        result->file = result->content;
        return HM_OK;
    }
    HM_TRY(pass_block(s, true, e));
    put_le32(trailer, s->crc);
    put_le32(trailer + 4, (uint32_t)s->content.size);
    HM_TRY(emit(s, (struct hm_bytes){trailer, sizeof(trailer)}, e));
    HM_TRY(hm_digest_end(&s->content, &result->content, e));
    return hm_digest_end(&s->file, &result->file, e);
}

void archive_sink_clear(struct archive_sink *s)
{
    archive_pool_free(s->pool);
    free(s->plain);
    hm_digest_clear(&s->file);
    hm_digest_clear(&s->content);
    *s = (struct archive_sink)ARCHIVE_SINK_INIT;
}
