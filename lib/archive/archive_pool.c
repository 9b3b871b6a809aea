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

/* A digest of all jobs, one after the other: one worker at a time.  SHA-256 and
 * SHA-512 of the same bytes are two lanes, so that neither waits for the other. */
struct lane {
    struct hm_digest *digest; /* borrowed, of whoever set busy; NULL: none */
    hm_rc (*add)(struct hm_digest *d, struct hm_bytes in, struct hm_err *e);
    bool is_content; /* of what goes in, else of what comes out */
    bool busy;
    uint64_t next;
};

#define LANES 4u

/* The counters only grow; a job's place is the counter modulo job_n. */
struct archive_pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was submitted or deflated, or stop */
    pthread_cond_t done; /* a job is one step further */
    struct worker *worker;
    unsigned worker_n; /* begun, of them */
    unsigned thread_n; /* run */
    struct archive_job *job;
    unsigned job_n;
    uint64_t submitted;
    uint64_t taken; /* to be deflated */
    uint64_t collected;
    struct lane lane[LANES];
    const struct archive_cache *cache;
    bool deflates;
    bool stop;
    hm_rc failed;
    struct hm_err err; /* of the first failure */
};

/* What a worker does next: a lane's job, else deflate one. */
struct task {
    struct archive_job *job; /* NULL: stop */
    struct lane *lane;
};

static struct archive_job *job_at(struct archive_pool *pool, uint64_t i)
{
    return &pool->job[i % pool->job_n];
}

static bool is_ready(struct archive_pool *pool, unsigned i)
{
    const struct lane *lane = &pool->lane[i];

    return lane->digest != NULL && !lane->busy &&
           lane->next < pool->submitted &&
           (lane->is_content || job_at(pool, lane->next)->is_deflated);
}

/* What is serial goes first: all the rest can wait for it. */
static bool choose(struct archive_pool *pool, struct task *task)
{
    *task = (struct task){.job = NULL};
    if (pool->stop)
        return true;
    for (unsigned i = 0; i < LANES; i++)
        if (is_ready(pool, i)) {
            task->lane = &pool->lane[i];
            task->lane->busy = true;
            task->job = job_at(pool, task->lane->next);
            return true;
        }
    if (pool->taken == pool->submitted || !pool->deflates)
        return false;
    task->job = job_at(pool, pool->taken++);
    return true;
}

static bool take(struct archive_pool *pool, struct task *task)
{
    (void)pthread_mutex_lock(&pool->lock);
    while (!choose(pool, task))
        (void)pthread_cond_wait(&pool->work, &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
    return task->job != NULL;
}

static void finish(struct archive_pool *pool, const struct task *task, hm_rc rc,
                   const struct hm_err *e)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (rc != HM_OK && pool->failed == HM_OK) {
        pool->failed = rc;
        pool->err = *e;
    }
    if (task->lane != NULL) {
        task->lane->next++;
        task->lane->busy = false;
    } else {
        task->job->is_deflated = true;
        (void)pthread_cond_signal(&pool->work);
    }
    (void)pthread_cond_signal(&pool->done);
    (void)pthread_mutex_unlock(&pool->lock);
}

HM_MUST static hm_rc digest_job(const struct task *task, struct hm_err *e)
{
    const struct archive_job *job = task->job;
    const struct lane *lane = task->lane;

    return lane->add(lane->digest,
                     lane->is_content ? (struct hm_bytes){job->in, job->n}
                                      : (struct hm_bytes){job->out, job->out_n},
                     e);
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
    struct task task;

    while (take(w->pool, &task)) {
        struct hm_err e = {.rc = HM_OK};
        const hm_rc rc = task.lane != NULL ? digest_job(&task, &e)
                                           : deflate_job(w, task.job, &e);

        finish(w->pool, &task, rc, &e);
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
    /* Nobody waits for long, and who waited finds more than one to go on with;
     * with all threads that there may be it stays below 64 MiB. */
    pool->job_n = threads + threads / 2 + 8;
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

/* The slow one first. */
static void plan_lanes(struct archive_pool *pool,
                       const struct archive_pool_plan *plan)
{
    struct hm_digest *file = plan->deflates ? plan->file : NULL;

    pool->lane[0] = (struct lane){.digest = plan->content,
                                  .add = hm_digest_add_sha512,
                                  .is_content = true};
    pool->lane[1] = (struct lane){.digest = plan->content,
                                  .add = hm_digest_add_sha256,
                                  .is_content = true};
    pool->lane[2] = (struct lane){.digest = file, .add = hm_digest_add_sha512};
    pool->lane[3] = (struct lane){.digest = file, .add = hm_digest_add_sha256};
}

hm_rc archive_pool_new(struct archive_pool **out,
                       const struct archive_pool_plan *plan, struct hm_err *e)
{
    struct archive_pool *pool = calloc(1, sizeof(*pool));
    hm_rc rc;

    *out = NULL;
    if (pool == NULL)
        return no_memory(e);
    plan_lanes(pool, plan);
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
    for (unsigned i = 0; i < LANES; i++)
        if (pool->lane[i].digest != NULL &&
            pool->lane[i].next == pool->collected)
            return false;
    return job->is_deflated;
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
