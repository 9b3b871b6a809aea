#include <pthread.h>
#include <stdatomic.h>

#include "hm_processors.h"
#include "hsm_priv.h"

/* Verifying costs more than SoftHSM's signing does, and needs no token: it is
 * shared out to all processors. */
#define THREADS_MAX 16u
#define A_THREAD    32u /* signatures that are worth a thread */

struct checking {
    const struct hm_hsm_task *task; /* borrowed */
    size_t n;
    atomic_size_t next;
    atomic_flag has_failed;
    hm_rc rc; /* with err: of whoever set has_failed; read after the threads */
    struct hm_err err;
};

static void *check_some(void *arg)
{
    struct checking *c = arg;

    for (;;) {
        const size_t i = atomic_fetch_add(&c->next, 1);
        const struct hm_hsm_task *t = &c->task[i];
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        if (i >= c->n)
            return NULL;
        rc = hsm_sign_check(t->pinned, t->message, hm_buf_view(t->sig), &e);
        if (rc != HM_OK && !atomic_flag_test_and_set(&c->has_failed)) {
            c->rc = rc;
            c->err = e;
        }
    }
}

static size_t count_helpers(size_t n)
{
    const size_t wanted = n / A_THREAD;
    const size_t most =
        hm_processors() < THREADS_MAX ? hm_processors() - 1 : THREADS_MAX - 1;

    return wanted < most ? wanted : most;
}

/* The caller does its share, so that a thread that does not start only makes
 * it slower. */
HM_MUST static hm_rc check_all(const struct hm_hsm_task *task, size_t n,
                               struct hm_err *e)
{
    struct checking c = {.task = task, .n = n, .has_failed = ATOMIC_FLAG_INIT};
    pthread_t thread[THREADS_MAX];
    const size_t want = count_helpers(n);
    size_t started = 0;

    while (started < want &&
           pthread_create(&thread[started], NULL, check_some, &c) == 0)
        started++;
    (void)check_some(&c);
    while (started > 0)
        (void)pthread_join(thread[--started], NULL);
    if (c.rc != HM_OK && e != NULL)
        *e = c.err;
    return c.rc;
}

HM_MUST static hm_rc make_all(struct hsm_state *s, const struct hm_hsm_key *key,
                              const struct hm_hsm_task *task, size_t n,
                              struct hm_err *e)
{
    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_buf) made = HM_BUF_INIT(HM_SIGNATURE_MAX);

        HM_TRY(
            hsm_sign_make(s, key, task[i].pinned, task[i].message, &made, e));
        hm_buf_move(task[i].sig, &made);
    }
    return HM_OK;
}

hm_rc hm_hsm_sign_many(struct hm_hsm *hsm, const struct hm_hsm_key *key,
                       const struct hm_hsm_task *task, size_t n,
                       struct hm_err *e)
{
    hm_rc rc;

    for (size_t i = 0; i < n; i++)
        hm_buf_clear(task[i].sig);
    rc = make_all(hsm->state, key, task, n, e);
    if (rc == HM_OK)
        rc = check_all(task, n, e);
    if (rc == HM_OK)
        return HM_OK;
    for (size_t i = 0; i < n; i++)
        hm_buf_clear(task[i].sig);
    hsm_session_close(hsm->state);
    return rc;
}

hm_rc hm_hsm_sign(struct hm_hsm *hsm, const struct hm_hsm_key *key,
                  const struct hm_public_key *pinned, struct hm_bytes message,
                  struct hm_buf *sig, struct hm_err *e)
{
    const struct hm_hsm_task task = {
        .pinned = pinned, .message = message, .sig = sig};

    return hm_hsm_sign_many(hsm, key, &task, 1, e);
}
