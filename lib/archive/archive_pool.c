#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "archive_priv.h"

struct worker {
    struct archive_pool *pool;
    pthread_t thread;
    struct archive_deflater deflater;
    struct hm_digest key;
};

/* The counters only grow; a job's place is the counter modulo job_n.  Jobs are
 * deflated by whoever is free, and digested one after the other. */
struct archive_pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was submitted, or stop */
    pthread_cond_t done; /* a job is one step further */
    struct worker *worker;
    unsigned worker_n; /* begun, of them */
    unsigned thread_n; /* run */
    struct archive_job *job;
    unsigned job_n;
    uint64_t submitted;
    uint64_t taken; /* to be deflated */
    uint64_t digested;
    uint64_t collected;
    struct hm_digest *content; /* borrowed; of whoever set digesting */
    const struct archive_cache *cache;
    bool digesting;
    bool deflates;
    bool stop;
    hm_rc failed;
    struct hm_err err; /* of the first failure */
};

enum work { WORK_WAIT, WORK_STOP, WORK_DIGEST, WORK_DEFLATE };

static struct archive_job *job_at(struct archive_pool *pool, uint64_t i)
{
    return &pool->job[i % pool->job_n];
}

/* What is serial goes first: all the rest can wait for it. */
static enum work choose(struct archive_pool *pool, struct archive_job **job)
{
    if (pool->stop)
        return WORK_STOP;
    if (!pool->digesting && pool->digested < pool->submitted) {
        pool->digesting = true;
        *job = job_at(pool, pool->digested);
        return WORK_DIGEST;
    }
    if (pool->taken < pool->submitted && pool->deflates) {
        *job = job_at(pool, pool->taken++);
        return WORK_DEFLATE;
    }
    return WORK_WAIT;
}

static enum work take(struct archive_pool *pool, struct archive_job **job)
{
    enum work work = WORK_WAIT;

    (void)pthread_mutex_lock(&pool->lock);
    while ((work = choose(pool, job)) == WORK_WAIT)
        (void)pthread_cond_wait(&pool->work, &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
    return work;
}

static void finish(struct archive_pool *pool, struct archive_job *job,
                   enum work work, hm_rc rc, const struct hm_err *e)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (rc != HM_OK && pool->failed == HM_OK) {
        pool->failed = rc;
        pool->err = *e;
    }
    if (work == WORK_DIGEST) {
        pool->digested++;
        pool->digesting = false;
    } else {
        job->is_deflated = true;
    }
    (void)pthread_cond_signal(&pool->done);
    (void)pthread_mutex_unlock(&pool->lock);
}

HM_MUST static hm_rc deflate_job(struct worker *w, struct archive_job *job,
                                 struct hm_err *e)
{
    const struct archive_cache *cache = w->pool->cache;
    const struct hm_bytes in = {job->in, job->n};
    uint8_t key[HM_SHA256_SIZE];

    job->cached = ARCHIVE_NOT_CACHED;
    job->trouble.rc = HM_OK;
    if (cache != NULL) {
        HM_TRY(archive_cache_key(&w->key, in, key, e));
        job->cached = archive_cache_get(cache, key, job);
    }
    if (job->cached == ARCHIVE_CACHED)
        return HM_OK;
    job->crc = archive_crc(in);
    if (!archive_deflate(&w->deflater, in, job->out, &job->out_n))
        return hm_fail(e, HM_E_INTERNAL, "archive.deflate.failed",
                       "a block does not inflate to what was deflated");
    if (cache != NULL) /* a failure is told in the job */
        (void)!archive_cache_put(cache, key, job, &job->trouble);
    return HM_OK;
}

static void *run_worker(void *arg)
{
    struct worker *w = arg;
    struct archive_job *job = NULL;
    enum work work = WORK_WAIT;

    while ((work = take(w->pool, &job)) != WORK_STOP) {
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        if (work == WORK_DIGEST)
            rc = hm_digest_add(w->pool->content,
                               (struct hm_bytes){job->in, job->n}, &e);
        else
            rc = deflate_job(w, job, &e);
        finish(w->pool, job, work, rc, &e);
    }
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
    /* Two a worker and some for the reader: nobody waits for long, and who
     * waited finds more than one to go on with. */
    pool->job_n = 2 * threads + 8;
    pool->job = calloc(pool->job_n, sizeof(*pool->job));
    if (pool->job == NULL)
        return no_memory(e);
    for (unsigned i = 0; i < pool->job_n; i++) {
        struct archive_job *job = &pool->job[i];

        job->in = malloc(ARCHIVE_BLOCK);
        job->out = pool->deflates
                       ? malloc(archive_deflate_bound() + ARCHIVE_CACHE_TAIL)
                       : NULL;
        if (job->in == NULL || (pool->deflates && job->out == NULL))
            return no_memory(e);
    }
    return HM_OK;
}

HM_MUST static hm_rc make_workers(struct archive_pool *pool, unsigned threads,
                                  struct hm_err *e)
{
    pool->worker = calloc(threads, sizeof(*pool->worker));
    if (pool->worker == NULL)
        return no_memory(e);
    while (pool->worker_n < threads) {
        struct worker *w = &pool->worker[pool->worker_n++];

        w->pool = pool;
        w->deflater = (struct archive_deflater)ARCHIVE_DEFLATER_INIT;
        if (pool->deflates)
            HM_TRY(archive_deflater_begin(&w->deflater, e));
    }
    return HM_OK;
}

/* Fewer threads than asked for are slower, not wrong. */
HM_MUST static hm_rc start_workers(struct archive_pool *pool, struct hm_err *e)
{
    int rc = 0;

    while (pool->thread_n < pool->worker_n && rc == 0) {
        struct worker *w = &pool->worker[pool->thread_n];

        rc = pthread_create(&w->thread, NULL, run_worker, w);
        pool->thread_n += rc == 0;
    }
    errno = rc;
    if (pool->thread_n == 0)
        return hm_fail_errno(e, "archive.threads.start",
                             "cannot start a thread");
    return HM_OK;
}

HM_MUST static hm_rc start(struct archive_pool *pool, unsigned threads,
                           struct hm_err *e)
{
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->work, NULL);
    (void)pthread_cond_init(&pool->done, NULL);
    HM_TRY(make_jobs(pool, threads, e));
    HM_TRY(make_workers(pool, threads, e));
    return start_workers(pool, e);
}

hm_rc archive_pool_new(struct archive_pool **out,
                       const struct archive_pool_plan *plan, struct hm_err *e)
{
    struct archive_pool *pool = calloc(1, sizeof(*pool));
    hm_rc rc;

    *out = NULL;
    if (pool == NULL)
        return no_memory(e);
    pool->content = plan->content;
    pool->cache = plan->cache;
    pool->deflates = plan->deflates;
    rc = start(pool, plan->threads, e);
    if (rc == HM_OK)
        *out = pool;
    else
        archive_pool_free(pool);
    return rc;
}

struct archive_job *archive_pool_open(struct archive_pool *pool)
{
    return job_at(pool, pool->submitted);
}

void archive_pool_submit(struct archive_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    archive_pool_open(pool)->is_deflated = !pool->deflates;
    pool->submitted++;
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
}

static bool is_finished(const struct archive_pool *pool,
                        const struct archive_job *job)
{
    return job->is_deflated && pool->digested > pool->collected;
}

hm_rc archive_pool_collect(struct archive_pool *pool, bool all,
                           struct archive_job **out, struct hm_err *e)
{
    const uint64_t waiting = pool->submitted - pool->collected;
    /* One place must stay free for the job that is being filled. */
    const bool must = waiting > 0 && (all || waiting == pool->job_n - 1);
    struct archive_job *job = job_at(pool, pool->collected);
    hm_rc rc;

    (void)pthread_mutex_lock(&pool->lock);
    while (must && !is_finished(pool, job))
        (void)pthread_cond_wait(&pool->done, &pool->lock);
    *out = waiting > 0 && is_finished(pool, job) ? job : NULL;
    rc = pool->failed;
    if (rc != HM_OK && e != NULL)
        *e = pool->err;
    (void)pthread_mutex_unlock(&pool->lock);
    pool->collected += *out != NULL;
    return rc;
}

static void stop(struct archive_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_n; i++)
        (void)pthread_join(pool->worker[i].thread, NULL);
}

void archive_pool_free(struct archive_pool *pool)
{
    if (pool == NULL)
        return;
    stop(pool);
    for (unsigned i = 0; i < pool->worker_n; i++) {
        archive_deflater_clear(&pool->worker[i].deflater);
        hm_digest_clear(&pool->worker[i].key);
    }
    for (unsigned i = 0; pool->job != NULL && i < pool->job_n; i++) {
        free(pool->job[i].in);
        free(pool->job[i].out);
    }
    free(pool->job);
    free(pool->worker);
    (void)pthread_cond_destroy(&pool->done);
    (void)pthread_cond_destroy(&pool->work);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
