#include <fcntl.h>

#include "archive_priv.h"
#include "hm_processors.h"

#define GZIP_HEADER_SIZE 10u

/* A block is cut where a member begins, when it has BLOCK_MIN bytes and the
 * member's path says so, or when the member would not fit.  None of this
 * depends on how many blocks there were before: behind a member that changed,
 * the cuts are soon the old ones again, and each block is deflated by itself.
 * A member that is larger than a block has its own. */
#define BLOCK_MIN   ((size_t)32 * 1024)
#define ONE_PATH_IN 2u

/* As much is given to the disk while the next is made; else the end of the run
 * would wait for all of it. */
#define EARLY ((uint64_t)16 * 1024 * 1024)

static void write_early(struct archive_sink *s, size_t n)
{
    s->written += n;
    if (s->written - s->early < EARLY)
        return;
    /* Only a hint: what is no file has no use for it. */
    (void)sync_file_range(s->fd, (off_t)s->early,
                          (off_t)(s->written - s->early),
                          SYNC_FILE_RANGE_WRITE);
    s->early = s->written;
}

HM_MUST static hm_rc emit(struct archive_sink *s, struct hm_bytes out,
                          struct hm_err *e)
{
    HM_TRY(hm_context(e, hm_file_write_all(s->fd, out, e),
                      "cannot write the archive"));
    write_early(s, out.n);
    return HM_OK;
}

/* What is around the blocks; these the workers digest. */
HM_MUST static hm_rc frame(struct archive_sink *s, struct hm_bytes out,
                           struct hm_err *e)
{
    HM_TRY(hm_digest_add(&s->file, out, e));
    return emit(s, out, e);
}

static unsigned count_threads(const struct hm_archive_options *o)
{
    const unsigned n = o->threads == 0 ? hm_processors() : o->threads;

    return n < HM_ARCHIVE_THREADS_MAX ? n : HM_ARCHIVE_THREADS_MAX;
}

/* @return NULL when there is none, or none that could be used */
static const struct archive_cache *
open_cache(struct archive_sink *s, const struct hm_archive_options *o)
{
    struct hm_archive_cache *told = o->cache;

    if (told == NULL || o->form != HM_ARCHIVE_TAR_GZ)
        return NULL;
    told->blocks = told->hits = told->damaged = 0;
    told->trouble.rc = HM_OK;
    s->told = told;
    return archive_cache_open(&s->cache, told->dir, &told->trouble) == HM_OK
               ? &s->cache
               : NULL;
}

hm_rc archive_sink_begin(struct archive_sink *s, int fd,
                         const struct hm_archive_options *o, struct hm_err *e)
{
    /* RFC 1952: no name, no time, no extra flags, made on Unix. */
    static const uint8_t header[GZIP_HEADER_SIZE] = {0x1f, 0x8b, 8, 0, 0,
                                                     0,    0,    0, 0, 3};
    struct archive_pool_plan plan = {.threads = count_threads(o),
                                     .deflates = o->form == HM_ARCHIVE_TAR_GZ,
                                     .content = &s->content,
                                     .file = &s->file};

    s->fd = fd;
    s->form = o->form;
    s->size = s->written = s->early = 0;
    s->crc = 0;
    HM_TRY(hm_digest_begin(&s->content, true, e));
    HM_TRY(hm_digest_begin(&s->file, true, e));
    plan.cache = open_cache(s, o);
    HM_TRY(archive_pool_new(&s->pool, &plan, e));
    if (!plan.deflates)
        return HM_OK;
    return frame(s, (struct hm_bytes){header, sizeof(header)}, e);
}

static void count_cached(struct hm_archive_cache *told,
                         const struct archive_job *job)
{
    told->blocks++;
    told->hits += job->cached == ARCHIVE_CACHED;
    told->damaged += job->cached == ARCHIVE_CACHE_DAMAGED;
    if (told->trouble.rc == HM_OK)
        told->trouble = job->trouble;
}

HM_MUST static hm_rc write_block(struct archive_sink *s,
                                 const struct archive_job *job,
                                 struct hm_err *e)
{
    if (s->form == HM_ARCHIVE_TAR)
        return emit(s, (struct hm_bytes){job->in, job->n}, e);
    s->crc = (uint32_t)crc32_combine(s->crc, job->crc, (z_off_t)job->n);
    if (s->told != NULL)
        count_cached(s->told, job);
    return emit(s, (struct hm_bytes){job->out, job->out_n}, e);
}

/* Write what is ready, in order. */
HM_MUST static hm_rc collect(struct archive_sink *s, bool all, struct hm_err *e)
{
    struct archive_job *job = NULL;

    for (;;) {
        HM_TRY(archive_pool_collect(s->pool, all, &job, e));
        if (job == NULL)
            return HM_OK;
        HM_TRY(write_block(s, job, e));
    }
}

HM_MUST static hm_rc pass_block(struct archive_sink *s, struct hm_err *e)
{
    archive_pool_submit(s->pool);
    HM_TRY(collect(s, false, e));
    archive_pool_open(s->pool)->n = 0;
    return HM_OK;
}

hm_rc archive_sink_member(struct archive_sink *s, const char *path,
                          uint64_t size, struct hm_err *e)
{
    const size_t n = archive_pool_open(s->pool)->n;
    const bool is_full = n + size > ARCHIVE_BLOCK;

    if (n > 0 &&
        (is_full || (n >= BLOCK_MIN &&
                     archive_crc(hm_bytes_str(path)) % ONE_PATH_IN == 0)))
        return pass_block(s, e);
    return HM_OK;
}

hm_rc archive_sink_room(struct archive_sink *s, uint8_t **to, size_t *n,
                        struct hm_err *e)
{
    struct archive_job *job = archive_pool_open(s->pool);

    if (job->n == ARCHIVE_BLOCK) {
        HM_TRY(pass_block(s, e));
        job = archive_pool_open(s->pool);
    }
    *to = job->in + job->n;
    *n = ARCHIVE_BLOCK - job->n;
    return HM_OK;
}

void archive_sink_took(struct archive_sink *s, size_t n)
{
    archive_pool_open(s->pool)->n += n;
    s->size += n;
}

hm_rc archive_sink_add(struct archive_sink *s, struct hm_bytes in,
                       struct hm_err *e)
{
    while (in.n > 0) {
        uint8_t *to = NULL;
        size_t n = 0;

        HM_TRY(archive_sink_room(s, &to, &n, e));
        n = in.n < n ? in.n : n;
        memcpy(to, in.p, n);
        archive_sink_took(s, n);
        in.p += n;
        in.n -= n;
    }
    return HM_OK;
}

uint64_t archive_sink_size(const struct archive_sink *s)
{
    return s->size;
}

static void put_le32(uint8_t *to, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

HM_MUST static hm_rc end_member(struct archive_sink *s, struct hm_err *e)
{
    uint8_t end[sizeof(ARCHIVE_DEFLATE_END) + 8];

    memcpy(end, ARCHIVE_DEFLATE_END, sizeof(ARCHIVE_DEFLATE_END));
    put_le32(end + sizeof(ARCHIVE_DEFLATE_END), s->crc);
    put_le32(end + sizeof(ARCHIVE_DEFLATE_END) + 4, (uint32_t)s->size);
    return frame(s, (struct hm_bytes){end, sizeof(end)}, e);
}

static void trim_cache(struct archive_sink *s)
{
    if (s->cache.dir.fd >= 0 && s->told->trouble.rc == HM_OK &&
        s->told->hits < s->told->blocks)
        (void)!archive_cache_trim(&s->cache, HM_ARCHIVE_CACHE_MAX,
                                  &s->told->trouble);
}

hm_rc archive_sink_end(struct archive_sink *s, struct hm_archive_result *result,
                       struct hm_err *e)
{
    if (archive_pool_open(s->pool)->n > 0)
        HM_TRY(pass_block(s, e));
    HM_TRY(collect(s, true, e));
    HM_TRY(hm_digest_end(&s->content, &result->content, e));
    if (s->form == HM_ARCHIVE_TAR) {
        result->file = result->content;
        return HM_OK;
    }
    HM_TRY(end_member(s, e));
    trim_cache(s);
    return hm_digest_end(&s->file, &result->file, e);
}

void archive_sink_clear(struct archive_sink *s)
{
    archive_pool_free(s->pool);
    archive_cache_clear(&s->cache);
    hm_digest_clear(&s->file);
    hm_digest_clear(&s->content);
    *s = (struct archive_sink)ARCHIVE_SINK_INIT;
}
