#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hsm_priv.h"

#define LOCK_WAIT_MS 60000
#define LOCK_STEP_MS 5

HM_MUST static hm_rc fail_missing(const char *path, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.softhsm.missing",
                           "'%s' is no SoftHSM store: it holds no tokens/",
                           hm_show_str(path)),
                   "make one with 'hallmark-key token-init --softhsm DIR "
                   "--token LABEL --pin SOURCE'");
}

HM_MUST static hm_rc open_store(struct softhsm *k, const char *path,
                                bool may_make, struct hm_err *e)
{
    struct stat st;

    if (stat(path, &st) != 0 && errno == ENOENT) {
        if (!may_make)
            return fail_missing(path, e);
        HM_TRY(hm_dir_make(&k->store, path, e));
        if (fchmod(k->store.fd, 0700) != 0)
            return hm_fail_errno(e, "hsm.softhsm.copy",
                                 "cannot set the mode of '%s'",
                                 hm_show_str(path));
        return HM_OK;
    }
    return hm_dir_open(&k->store, path, e);
}

/* A store on a read-only medium can still be locked. */
static int open_lock(const struct hm_dir *store)
{
    const int fd =
        openat(store->fd, "lock",
               O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd >= 0 || (errno != EACCES && errno != EROFS && errno != EPERM))
        return fd;
    return openat(store->fd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

hm_rc softhsm_wait_lock(struct softhsm *k, const char *path, struct hm_err *e)
{
    const struct timespec step = {0, LOCK_STEP_MS * 1000000L};

    for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
        if (flock(k->lock.fd, LOCK_EX | LOCK_NB) == 0)
            return HM_OK;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return hm_fail_errno(e, "hsm.softhsm.lock", "cannot lock '%s'",
                                 hm_show_str(path));
        (void)nanosleep(&step, NULL);
    }
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.softhsm.busy",
                           "another process holds '%s' for more than a minute",
                           hm_show_str(path)),
                   "'fuser %s' names it", hm_show_str(path));
}

HM_MUST static hm_rc take_lock(struct softhsm *k, struct hm_err *e)
{
    char path[sizeof(k->path) + 8];

    (void)snprintf(path, sizeof(path), "%s/lock", k->path);
    k->lock.fd = open_lock(&k->store);
    if (k->lock.fd < 0)
        return hm_fail_errno(e, "hsm.softhsm.lock", "cannot open '%s'",
                             hm_show_str(path));
    return softhsm_wait_lock(k, path, e);
}

/* Best effort: a store that cannot be written is used as it is, and what is
 * damaged in it is mended in the private copy. */
static void mend_store(struct softhsm *k, const struct hm_dir *saved)
{
    HM_OWN(hm_dir) tokens = HM_DIR_INIT;
    unsigned ignored = 0;

    if (softhsm_set_dirs(&k->store, "tokens", 0700, NULL) != HM_OK ||
        hm_dir_open_at(&tokens, &k->store, "tokens", NULL) != HM_OK)
        return;
    (void)(softhsm_mend(&tokens, saved, &ignored, NULL) == HM_OK);
    (void)(softhsm_set_dirs(&k->store, "tokens", 0500, NULL) == HM_OK);
}

HM_MUST static hm_rc copy_in(struct softhsm *k, struct hm_err *e)
{
    HM_OWN(hm_dir) tokens = HM_DIR_INIT;
    HM_OWN(hm_dir) copy = HM_DIR_INIT;
    HM_OWN(hm_dir) saved = HM_DIR_INIT;

    HM_TRY(hm_dir_open_at(&tokens, &k->store, "tokens", e));
    HM_TRY(
        softhsm_copy_tree(&tokens, &k->scratch, "tokens", SOFTHSM_PRIVATE, e));
    HM_TRY(hm_dir_open_at(&copy, &k->scratch, "tokens", e));
    if (hm_file_exists_at(&k->store, "saved"))
        HM_TRY(hm_dir_open_at(&saved, &k->store, "saved", e));
    HM_TRY(softhsm_mend(&copy, &saved, &k->restored, e));
    if (k->restored > 0)
        mend_store(k, &saved);
    return HM_OK;
}

/* Temporary files of a process that was killed; nobody else holds the lock. */
static void remove_litter(const struct hm_dir *store)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    if (hm_dir_list(store, &names, NULL) != HM_OK)
        return;
    for (size_t i = 0; i < names.n; i++)
        if (strncmp(names.name[i], ".hallmark-", 10) == 0)
            (void)unlinkat(store->fd, names.name[i], 0);
}

HM_MUST static hm_rc open_copy(struct softhsm *k, bool may_make,
                               struct hm_err *e)
{
    bool has_tokens = false;

    /* After a kill; nothing to do otherwise, also where nothing can be
     * written. */
    HM_TRY(softhsm_recover(&k->store, "tokens", e));
    HM_TRY(softhsm_recover(&k->store, "saved", e));
    remove_litter(&k->store);
    has_tokens = hm_file_exists_at(&k->store, "tokens");
    if (!has_tokens && !may_make)
        return fail_missing(k->path, e);
    HM_TRY(softhsm_scratch_make(k, e));
    if (has_tokens)
        return copy_in(k, e);
    if (mkdirat(k->scratch.fd, "tokens", 0700) != 0)
        return hm_fail_errno(e, "hsm.softhsm.copy",
                             "cannot make a private token directory");
    return HM_OK;
}

hm_rc softhsm_open(struct softhsm *k, const char *path, bool may_make,
                   struct hm_err *e)
{
    hm_rc rc;

    softhsm_clear(k);
    if (snprintf(k->path, sizeof(k->path), "%s", path) >= (int)sizeof(k->path))
        return hm_fail(e, HM_E_USAGE, "hsm.softhsm.missing",
                       "path '%s' is too long", hm_show_str(path));
    rc = open_store(k, path, may_make, e);
    if (rc == HM_OK)
        rc = take_lock(k, e);
    if (rc == HM_OK)
        rc = open_copy(k, may_make, e);
    if (rc != HM_OK)
        softhsm_clear(k);
    k->is_open = rc == HM_OK;
    return rc;
}

/* So that softhsm2-util and pkcs11-tool can look at the store. */
HM_MUST static hm_rc write_conf(struct softhsm *k, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(PATH_MAX + 256);
    char *path = realpath(k->path, NULL);
    hm_rc rc;

    if (path == NULL)
        return hm_fail_errno(e, "hsm.softhsm.copy", "cannot resolve '%s'",
                             hm_show_str(k->path));
    rc = hm_buf_add(&text, HM_LIT("directories.tokendir = "), e);
    if (rc == HM_OK)
        rc = hm_buf_add(&text, hm_bytes_str(path), e);
    free(path);
    HM_TRY(rc);
    HM_TRY(hm_buf_add(&text,
                      HM_LIT("/tokens\nobjectstore.backend = file\n"
                             "log.level = ERROR\nslots.removable = false\n"),
                      e));
    return hm_context(e,
                      hm_file_save_at(&k->store, "softhsm2.conf",
                                      hm_buf_view(&text), HM_OUT_REPLACE, e),
                      "store '%s'", hm_show_str(k->path));
}

HM_MUST static hm_rc put_tree(struct softhsm *k, const struct hm_dir *from,
                              const char *name, struct hm_err *e)
{
    char new[64];

    (void)snprintf(new, sizeof(new), "%s.new", name);
    HM_TRY(softhsm_copy_tree(from, &k->store, new, SOFTHSM_KEPT, e));
    HM_TRY(softhsm_set_dirs(&k->store, new, 0500, e));
    return softhsm_swap(&k->store, name, e);
}

/* The saved copy goes first: it may be ahead of the store, never behind. */
hm_rc softhsm_commit(struct softhsm *k, struct hm_err *e)
{
    HM_OWN(hm_dir) copy = HM_DIR_INIT;
    HM_OWN(hm_dir) none = HM_DIR_INIT;
    unsigned ignored = 0;

    if (k->is_shared)
        return softhsm_merge(k, e);
    HM_TRY(hm_dir_open_at(&copy, &k->scratch, "tokens", e));
    HM_TRY(softhsm_mend(&copy, &none, &ignored, e)); /* whole, or refused */
    if (!k->keeps_conf)
        HM_TRY(write_conf(k, e));
    HM_TRY(put_tree(k, &copy, "saved", e));
    return put_tree(k, &copy, "tokens", e);
}

void softhsm_clear(struct softhsm *k)
{
    const int saved = errno;

    softhsm_scratch_remove(k);
    hm_file_clear(&k->lock); /* unlocks */
    hm_dir_clear(&k->store);
    *k = (struct softhsm)SOFTHSM_INIT;
    errno = saved;
}
