/** @file
 * The keeper of a SoftHSM store.
 *
 *     DIR/softhsm2.conf   for other tools; not read here
 *     DIR/lock            held from load to the end of the session
 *     DIR/tokens/         the store: directories 0500, files 0400
 *     DIR/saved/          copy of tokens/, for files found damaged
 *     DIR/tokens.new      being written; or the old one after a swap
 *     DIR/tokens.old      between two renames where no exchange is possible
 *
 * SoftHSM truncates token.object and writes it again at every login, so that a
 * kill, a full disk or a second process destroys the token.  Therefore it
 * never works on the store: each process gives it a private copy in memory.
 * Read-only files alone would do for ordinary users, not for root.
 *
 * @source SoftHSM 2.6.1 File object store, measured
 */
#ifndef SOFTHSM_PRIV_H
#define SOFTHSM_PRIV_H

#include "hm_file.h"

struct softhsm {
    bool is_open;
    bool is_shared;        /**< store is the tokens/ of other tools */
    struct hm_dir store;   /**< owned: DIR */
    struct hm_file lock;   /**< owned: DIR/lock, locked */
    struct hm_dir parent;  /**< owned: where the private copy lies */
    struct hm_dir scratch; /**< owned: the private copy, locked */
    char path[2048];       /**< DIR as the caller named it */
    bool keeps_conf;       /**< softhsm2.conf is the user's: not written */
    char *conf;            /**< owned: SOFTHSM2_CONF as it was, or NULL */
    char scratch_name[64];
    unsigned restored; /**< files taken from the saved copy */
};

#define SOFTHSM_INIT                                                  \
    {                                                                 \
        .is_open = false, .store = HM_DIR_INIT, .lock = HM_FILE_INIT, \
        .parent = HM_DIR_INIT, .scratch = HM_DIR_INIT                 \
    }

/** Lock the store, mend it, make the private copy and name it in
 * SOFTHSM2_CONF.
 * @param may_make  make DIR when it is missing
 * @return HM_E_TOKEN `hsm.softhsm.missing`, `hsm.softhsm.busy`,
 *         `hsm.softhsm.damaged`; HM_E_IO */
HM_MUST hm_rc softhsm_open(struct softhsm *k, const char *path, bool may_make,
                           struct hm_err *e);

/** The store that SOFTHSM2_CONF names (else the user's configuration, else
 * /etc/softhsm/softhsm2.conf), for a caller who named none.  One that hallmark-key made, or an empty one that it
 * may fill, is kept like any other; one that belongs to other tools is locked,
 * used through a private copy, and what was made is put into it.  A configuration that
 * cannot be read is left to the module to complain about.
 * @return as softhsm_open() */
HM_MUST hm_rc softhsm_open_environment(struct softhsm *k, bool may_make,
                                       struct hm_err *e);

/** The directory of tokens in SoftHSM's own configuration, without a slash at
 * its end; false: none that could be kept. */
bool softhsm_find_tokendir(char *tokendir, size_t size);

/** Lock k->lock, which is @p path, waiting a minute.
 * @return HM_E_TOKEN `hsm.softhsm.busy` */
HM_MUST hm_rc softhsm_wait_lock(struct softhsm *k, const char *path,
                                struct hm_err *e);

/** Put the private copy in the place of the store. */
HM_MUST hm_rc softhsm_commit(struct softhsm *k, struct hm_err *e);

/* softhsm_merge.c */
/** Put what is new in the private copy into the store of other tools, file by
 * file; what it has stays as it is. */
HM_MUST hm_rc softhsm_merge(struct softhsm *k, struct hm_err *e);

/** Remove the private copy and unlock. */
void softhsm_clear(struct softhsm *k);

/* softhsm_scratch.c */
/** Make a private directory in memory, or else in /tmp; remove those of
 * processes that are gone. */
HM_MUST hm_rc softhsm_scratch_make(struct softhsm *k, struct hm_err *e);
void softhsm_scratch_remove(struct softhsm *k);

/* softhsm_copy.c */
/** What a copy is for. */
enum softhsm_copy {
    SOFTHSM_PRIVATE, /**< one process: files 0600, never synced */
    SOFTHSM_KEPT     /**< the store: files 0400, synced */
};

/** Copy the tree @p from to the new directory @p name below @p at, directories
 * 0700. */
HM_MUST hm_rc softhsm_copy_tree(const struct hm_dir *from,
                                const struct hm_dir *at, const char *name,
                                enum softhsm_copy what, struct hm_err *e);
/** Set the mode of @p name below @p at and of every directory in it. */
HM_MUST hm_rc softhsm_set_dirs(const struct hm_dir *at, const char *name,
                               mode_t mode, struct hm_err *e);
/** Remove @p name below @p at although it is read-only. */
HM_MUST hm_rc softhsm_remove(const struct hm_dir *at, const char *name,
                             struct hm_err *e);
/** Put @p name + ".new" in the place of @p name, by one rename. */
HM_MUST hm_rc softhsm_swap(const struct hm_dir *at, const char *name,
                           struct hm_err *e);
/** Finish or undo a swap that a kill interrupted. */
HM_MUST hm_rc softhsm_recover(const struct hm_dir *at, const char *name,
                              struct hm_err *e);

/* softhsm_mend.c */
/** Is this a whole object file: a generation, then attributes to the end? */
bool softhsm_object_is_whole(struct hm_bytes file);
/** Replace damaged files below @p tokens by those of @p saved.
 * @param[out] restored  how many
 * @return HM_E_TOKEN `hsm.softhsm.damaged` (a token file, and no good copy) */
HM_MUST hm_rc softhsm_mend(const struct hm_dir *tokens,
                           const struct hm_dir *saved, unsigned *restored,
                           struct hm_err *e);

#endif /* SOFTHSM_PRIV_H */
