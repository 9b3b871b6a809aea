#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "archive_priv.h"

/* Blocks are cut by size alone and each is deflated from a fresh state with the
 * 32 KiB before it as dictionary, so the bytes do not depend on how many
 * threads there are.  @source pigz 2.6; zlib.h deflateSetDictionary() */
#define LEVEL     6
#define MEM_LEVEL 8 /* 9 measured slower and larger */
#define RAW       (-15)
#define OUT_SIZE  (ARCHIVE_BLOCK + ARCHIVE_BLOCK / 1000 + 512)

struct archive_pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was submitted, or stop */
    pthread_cond_t done; /* a job was finished */
    pthread_t *thread;
    unsigned thread_n;
    struct archive_job *job;
    unsigned job_n;
    uint64_t
        submitted; /* counters; a job's place is the counter modulo job_n */
    uint64_t taken;
    uint64_t collected;
    bool stop;
};

static bool deflate_job(z_stream *z, struct archive_job *job)
{
    int rc;

    job->crc = (uint32_t)crc32_z(0, job->in + ARCHIVE_DICT, job->n);
    if (deflateReset(z) != Z_OK)
        return false;
    if (job->dict_n > 0 &&
        deflateSetDictionary(z, job->in + ARCHIVE_DICT - job->dict_n,
                             (uInt)job->dict_n) != Z_OK)
        return false;
    z->next_in = job->in + ARCHIVE_DICT;
    z->avail_in = (uInt)job->n;
    z->next_out = job->out;
    z->avail_out = (uInt)OUT_SIZE;
    rc = deflate(z, job->last ? Z_FINISH : Z_SYNC_FLUSH);
    job->out_n = OUT_SIZE - z->avail_out;
    return job->last ? rc == Z_STREAM_END
                     : rc == Z_OK && z->avail_in == 0 && z->avail_out > 0;
}

static struct archive_job *take_job(struct archive_pool *pool)
{
    struct archive_job *job = NULL;

    (void)pthread_mutex_lock(&pool->lock);
    while (pool->taken == pool->submitted && !pool->stop)
        (void)pthread_cond_wait(&pool->work, &pool->lock);
    if (!pool->stop)
        job = &pool->job[pool->taken++ % pool->job_n];
    (void)pthread_mutex_unlock(&pool->lock);
    return job;
}

static void finish_job(struct archive_pool *pool, struct archive_job *job,
                       bool good)
{
    (void)pthread_mutex_lock(&pool->lock);
    job->failed = !good;
    job->done = true;
    (void)pthread_cond_signal(&pool->done);
    (void)pthread_mutex_unlock(&pool->lock);
}

static void *run_worker(void *arg)
{
    struct archive_pool *pool = arg;
    struct archive_job *job = NULL;
    z_stream z = {.zalloc = NULL};
    const bool ready = deflateInit2(&z, LEVEL, Z_DEFLATED, RAW, MEM_LEVEL,
                                    Z_DEFAULT_STRATEGY) == Z_OK;

    while ((job = take_job(pool)) != NULL)
        finish_job(pool, job, ready && deflate_job(&z, job));
    if (ready)
        (void)deflateEnd(&z);
    return NULL;
}

HM_MUST static hm_rc no_memory(struct hm_err *e)
{
    return hm_fail(e, HM_E_NOMEM, "archive.memory",
                   "out of memory for packing");
}

HM_MUST static hm_rc make_jobs(struct archive_pool *pool, unsigned threads,
                               struct hm_err *e)
{
    /* Two a worker and two for the reader: nobody waits for long. */
    pool->job = calloc(2 * (size_t)threads + 2, sizeof(*pool->job));
    pool->thread = calloc(threads, sizeof(*pool->thread));
    if (pool->job == NULL || pool->thread == NULL)
        return no_memory(e);
    pool->job_n = 2 * threads + 2;
    for (unsigned i = 0; i < pool->job_n; i++) {
        pool->job[i].in = malloc(ARCHIVE_DICT + ARCHIVE_BLOCK);
        pool->job[i].out = malloc(OUT_SIZE);
        if (pool->job[i].in == NULL || pool->job[i].out == NULL)
            return no_memory(e);
    }
    return HM_OK;
}

/* Fewer threads than asked for are slower, not wrong. */
HM_MUST static hm_rc start_workers(struct archive_pool *pool, unsigned threads,
                                   struct hm_err *e)
{
    int rc = 0;

    while (pool->thread_n < threads && rc == 0) {
        rc = pthread_create(&pool->thread[pool->thread_n], NULL, run_worker,
                            pool);
        pool->thread_n += rc == 0;
    }
    errno = rc;
    if (pool->thread_n == 0)
        return hm_fail_errno(e, "archive.threads.start",
                             "cannot start a thread");
    return HM_OK;
}

hm_rc archive_pool_new(struct archive_pool **out, unsigned threads,
                       struct hm_err *e)
{
    struct archive_pool *pool = calloc(1, sizeof(*pool));
    hm_rc rc;

    *out = NULL;
    if (pool == NULL)
        return no_memory(e);
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->work, NULL);
    (void)pthread_cond_init(&pool->done, NULL);
    rc = make_jobs(pool, threads, e);
    if (rc == HM_OK)
        rc = start_workers(pool, threads, e);
    if (rc == HM_OK)
        *out = pool;
    else
        archive_pool_free(pool);
    return rc;
}

struct archive_job *archive_pool_open(struct archive_pool *pool)
{
    return &pool->job[pool->submitted % pool->job_n];
}

void archive_pool_submit(struct archive_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    archive_pool_open(pool)->done = false;
    pool->submitted++;
    (void)pthread_cond_signal(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
}

struct archive_job *archive_pool_collect(struct archive_pool *pool, bool all)
{
    const uint64_t waiting = pool->submitted - pool->collected;
    struct archive_job *job = &pool->job[pool->collected % pool->job_n];

    /* One place must stay free for the job that is being filled. */
    if (waiting == 0 || (!all && waiting < pool->job_n - 1))
        return NULL;
    (void)pthread_mutex_lock(&pool->lock);
    while (!job->done)
        (void)pthread_cond_wait(&pool->done, &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
    pool->collected++;
    return job;
}

void archive_pool_free(struct archive_pool *pool)
{
    if (pool == NULL)
        return;
    (void)pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_n; i++)
        (void)pthread_join(pool->thread[i], NULL);
    for (unsigned i = 0; pool->job != NULL && i < pool->job_n; i++) {
        free(pool->job[i].in);
        free(pool->job[i].out);
    }
    free(pool->job);
    free(pool->thread);
    (void)pthread_cond_destroy(&pool->done);
    (void)pthread_cond_destroy(&pool->work);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
