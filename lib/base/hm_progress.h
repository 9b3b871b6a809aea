/** @file
 * How far a long operation has come, told to whoever wants to show it.
 * A library never prints: it calls the listener, if there is one.
 */
#ifndef HM_PROGRESS_H
#define HM_PROGRESS_H

#include <stdint.h>

/** A listener.  @p tell may be NULL: nobody listens. */
struct hm_progress {
    /** @param done, total  bytes; total is 0 when it is not known */
    void (*tell)(void *context, uint64_t done, uint64_t total);
    void *context; /**< borrowed */
};

/** Tell the listener; @p p may be NULL. */
static inline void hm_progress_tell(const struct hm_progress *p, uint64_t done,
                                    uint64_t total)
{
    if (p != 0 && p->tell != 0)
        p->tell(p->context, done, total);
}

#endif /* HM_PROGRESS_H */
