/** @file
 * Making a pack, from a repository or from a pack that carries one.
 */
#ifndef MAKING_PRIV_H
#define MAKING_PRIV_H

#include "collect_priv.h"
#include "document_priv.h"

/** Everything that a pack is made from, and the pack. */
struct ev_making {
    struct ev_facts facts; /**< root, root_bytes and as_of are inputs */
    bool has_as_of;        /**< facts.as_of was given */
    struct hm_repository repository; /**< owned */
    struct ev_attached *attached;    /**< owned */
    size_t n_attached;
    struct ev_pack pack;
};

#define EV_MAKING_INIT                                            \
    {                                                             \
        .facts = EV_FACTS_INIT, .repository = HM_REPOSITORY_INIT, \
        .attached = NULL, .n_attached = 0, .pack = EV_PACK_INIT   \
    }

/** Make the pack in memory. @return as hm_evidence_build() */
HM_MUST hm_rc ev_make(struct ev_making *m, struct hm_evidence_summary *out,
                      struct hm_err *e);

void ev_making_clear(struct ev_making *m);

#endif /* MAKING_PRIV_H */
