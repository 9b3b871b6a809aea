/** @file
 * Every value of a document replaced, every member removed, doubled and given a
 * neighbour, one change at a time: what does a strict reader say?
 */
#ifndef JSON_MUTATE_H
#define JSON_MUTATE_H

#include "hm_json.h"

/** The reader under test, its result thrown away. */
typedef hm_rc (*mutate_read)(struct hm_bytes text, struct hm_err *e);

/** Change @p good, which the reader accepts, in every place:
 *  - each value becomes null, [], {}, "", true, false, 0, -1, 1.5, 1e400, "\u0007"
 *    and a string of 3000 letters;
 *  - each member is removed;
 *  - each member is doubled, also under an escaped name: `json.duplicate`;
 *  - each object gets a member `zz`: `json.member.unknown`;
 *  - each object gets a member `x_zz`: accepted.
 *
 * Every refusal must be one about the document and have a reason.
 *
 * @param accepted  NULL-ended: the changes that are accepted, all others are
 *                  not, e.g. "removed /label", "[] /advisories", "true
 *                  /files/0/public"
 */
void mutate_document(struct hm_bytes good, mutate_read read,
                     const char *const accepted[]);

/** The same for a document that is compared byte for byte with what it must
 * be: every one of the changes is refused, also those that only add. */
void mutate_exactly(struct hm_bytes good, mutate_read read);

/** @p good with a member `x_pad` behind its first line, so that it has exactly
 * @p size bytes: for limits at their edge. */
void mutate_pad(struct hm_bytes good, size_t size, struct hm_buf *out);

/** @p good with a copy of the value at @p pointer (an element of an array)
 * put behind it @p times. */
void mutate_repeat(struct hm_bytes good, const char *pointer, unsigned times,
                   struct hm_buf *out);

#endif /* JSON_MUTATE_H */
