/** @file
 * The files of a pack that come from outside.
 */
#ifndef COLLECT_PRIV_H
#define COLLECT_PRIV_H

#include "evidence_priv.h"

#define EV_ROOT_NAME "trust/root.json"

/** The files of the repository without its links and its lock.
 * @return HM_E_REJECTED `evidence.repository.stranger`; HM_E_IO */
HM_MUST hm_rc ev_collect_repository(struct ev_pack *pack,
                                    const struct hm_dir *repository,
                                    struct hm_err *e);

/** root.json, and each public key as PEM. */
HM_MUST hm_rc ev_collect_trust(struct ev_pack *pack,
                               const struct ev_facts *facts, struct hm_err *e);

/** A file that was handed in. */
struct ev_attached {
    const char *kind, *name; /**< borrowed */
    struct hm_dir folder;    /**< owned */
};

/** @return HM_E_USAGE `evidence.attach.kind`, `evidence.attach.name` */
HM_MUST hm_rc ev_attached_open(struct ev_attached *a, const char *kind,
                               const char *path, struct hm_err *e);
void ev_attached_clear(struct ev_attached *a);

/** @return HM_E_USAGE `evidence.attach.twice`; HM_E_IO */
HM_MUST hm_rc ev_collect_attached(struct ev_pack *pack,
                                  const struct ev_attached *a,
                                  struct hm_err *e);

#endif /* COLLECT_PRIV_H */
