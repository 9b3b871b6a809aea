/** @file
 * What the two verbs of a ceremony's record share.
 */
#ifndef KEY_CEREMONY_PRIV_H
#define KEY_CEREMONY_PRIV_H

#include "hm_ceremony.h"
#include "key_priv.h"

/** A record on its way, and the documents that it is about. */
struct key_ceremony {
    struct key_asked *asked;    /**< owned: root, the request, and the
                                    signatures of the authorisation */
    struct hm_ceremony made;    /**< what the documents say */
    struct hm_ceremony said;    /**< what a record says */
    struct hm_buf text;         /**< owned: its bytes */
    struct hm_signatures sigs;  /**< owned: of the record */
    struct hm_signers by_root;  /**< root keys that signed the record */
    struct hm_signers by_added; /**< keys of the authorisation that did */
};

/** @return NULL when there is no memory */
struct key_ceremony *key_ceremony_new(void);
void key_ceremony_free(struct key_ceremony **k);
#define OWN_KEY_CEREMONY \
    __attribute__((cleanup(key_ceremony_free))) struct key_ceremony

/** Load the authorisation and, unless @p from is NULL, the one before it, with
 * their signatures, into k->asked; nothing is verified.
 * @return HM_E_IO, HM_E_FORMAT, HM_E_LIMIT */
HM_MUST hm_rc key_ceremony_load(struct key_ceremony *k,
                                const char *authorisation, const char *from,
                                struct hm_err *e);

#endif /* KEY_CEREMONY_PRIV_H */
