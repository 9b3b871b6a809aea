/** @file
 * Requests for a root's signature, right or wrong in one thing.
 */
#ifndef REQUEST_MAKER_H
#define REQUEST_MAKER_H

#include "hm_request.h"
#include "release_maker.h"

#define REQUEST_BY   "R. Manager"
#define REQUEST_WHY  "SEC-12: caf\xc3\xa9"
#define REQUEST_TIME (MAKER_TIME + 2 * MAKER_DAY)

struct request_world {
    struct maker m;      /**< root set 2 of 3 */
    struct hm_root root; /**< the same, read */
    struct hm_buf whole; /**< a request with everything in it: a rotation */
};

/** Set-up and tear-down of a group of tests; the state is the world. */
int request_world_make(void **state);
int request_world_clear(void **state);

/** An empty request; dies with its block. */
struct hm_request *request_new(void);
void request_free(struct hm_request **r);
#define OWN_REQUEST __attribute__((cleanup(request_free))) struct hm_request

/** What differs in a document; NULL: nothing. */
typedef void (*request_edit)(const struct maker *m, struct hm_authorisation *a);

/** A request to follow authorisation 7 (a vendor's, a provenance and a retired
 * key, one limit) by 8 (the same a day later), but for the edits. */
void request_fill(const struct request_world *w, struct hm_request *r,
                  request_edit last, request_edit next);

/** The authorisation 8 that request_fill() edits. */
void request_fill_next(const struct maker *m, struct hm_authorisation *a);
void request_write_document(const struct maker *m, struct hm_authorisation *a,
                            request_edit edit, struct hm_buf *to);
/** Sign the one in force by @p who instead. */
void request_sign_before(const struct request_world *w, struct hm_request *r,
                         const enum maker_name *who, size_t n);
void request_retire(const struct maker *m, struct hm_authorisation *a,
                    enum maker_name key, enum hm_retire_reason why);

/** Edits: a new key takes the vendor's place; a new key; a key is lost; another
 * limit. */
void edit_rotate(const struct maker *m, struct hm_authorisation *a);
void edit_add(const struct maker *m, struct hm_authorisation *a);
void edit_revoke(const struct maker *m, struct hm_authorisation *a);
void edit_counter(const struct maker *m, struct hm_authorisation *a);

/** hm_request_make() and hm_request_write(), which must do. */
void request_write(const struct request_world *w, struct hm_request *r,
                   struct hm_buf *to);

/** hm_request_read(), its result thrown away; it must be empty after a
 * failure. */
hm_rc request_read_with(const struct hm_root *root, struct hm_bytes text,
                        struct hm_err *e);
void request_assert_empty(const struct hm_request *r);

#endif /* REQUEST_MAKER_H */
