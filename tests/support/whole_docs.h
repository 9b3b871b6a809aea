/** @file
 * Documents in which everything that may stand stands: every optional member,
 * every list with more than one element, a key of a scheme that nobody knows.
 */
#ifndef WHOLE_DOCS_H
#define WHOLE_DOCS_H

#include "release_maker.h"

/** Root set 2 of 3 of @p m; the third key's scheme is not known. */
void whole_root(const struct maker *m, struct hm_buf *out);

/** Bound to m->root; limits, two retired keys (one with the ledger). */
void whole_authorisation(const struct maker *m, struct hm_buf *out);

/** Two updates, a full and a delta artefact, two advisories. */
void whole_manifest(struct hm_buf *out);

/** One file of each kind. */
void whole_index(struct hm_buf *out);

#endif /* WHOLE_DOCS_H */
