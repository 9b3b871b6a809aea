/** @file
 * How many threads are worth starting.
 */
#ifndef HM_PROCESSORS_H
#define HM_PROCESSORS_H

/** Processors that this process may use (its affinity), at least 1. */
unsigned hm_processors(void);

#endif /* HM_PROCESSORS_H */
