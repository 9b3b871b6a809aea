#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hsm_priv.h"

/* In memory first: a copy there dies with the machine. */
static const char *const parents[] = {"/dev/shm", "/tmp"};

#define PREFIX "hallmark-softhsm-"

/* Ours, and nobody holds it: the process that made it is gone.  A directory
 * that was just made and is not locked yet may be taken for one; its maker
 * notices and makes another. */
static void remove_stale(const struct hm_dir *parent, const char *name)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct stat st;

    if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0 ||
        hm_dir_open_at(&d, parent, name, NULL) != HM_OK ||
        fstat(d.fd, &st) != 0 || st.st_uid != geteuid() ||
        flock(d.fd, LOCK_EX | LOCK_NB) != 0)
        return;
    (void)(hm_dir_remove_at(parent, name, NULL) == HM_OK);
}

static void remove_all_stale(const struct hm_dir *parent)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    if (hm_dir_list(parent, &names, NULL) != HM_OK)
        return;
    for (size_t i = 0; i < names.n; i++)
        remove_stale(parent, names.name[i]);
}

/* Locked, and still there: nobody took it for a stale one. */
static bool is_ours(const struct hm_dir *d)
{
    struct stat st;

    return flock(d->fd, LOCK_EX | LOCK_NB) == 0 && fstat(d->fd, &st) == 0 &&
           st.st_nlink > 0;
}

/* One attempt; false: try another name. */
static bool make_one(struct softhsm *k)
{
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1];

    if (RAND_bytes(random, sizeof(random)) != 1)
        return false;
    hm_hex_write((struct hm_bytes){random, sizeof(random)}, hex);
    (void)snprintf(k->scratch_name, sizeof(k->scratch_name), PREFIX "%s", hex);
    if (mkdirat(k->parent.fd, k->scratch_name, 0700) != 0)
        return false;
    if (hm_dir_open_at(&k->scratch, &k->parent, k->scratch_name, NULL) ==
            HM_OK &&
        is_ours(&k->scratch))
        return true;
    hm_dir_clear(&k->scratch);
    return false;
}

HM_MUST static hm_rc write_conf(struct softhsm *k, const char *parent,
                                struct hm_err *e)
{
    const char *before = getenv("SOFTHSM2_CONF");
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "directories.tokendir = %s/%s/tokens\n"
                   "objectstore.backend = file\n"
                   "log.level = ERROR\n"
                   "slots.removable = false\n",
                   parent, k->scratch_name);
    HM_TRY(hm_context(e,
                      hm_file_save_at(&k->scratch, "softhsm2.conf",
                                      hm_bytes_str(text), HM_OUT_NEW, e),
                      "scratch folder in '%s'", hm_show_str(parent)));
    if (before != NULL && (k->conf = strdup(before)) == NULL)
        return hm_fail(e, HM_E_NOMEM, "hsm.softhsm.copy",
                       "out of memory for SOFTHSM2_CONF");
    (void)snprintf(text, sizeof(text), "%s/%s/softhsm2.conf", parent,
                   k->scratch_name);
    if (setenv("SOFTHSM2_CONF", text, 1) != 0)
        return hm_fail_errno(e, "hsm.softhsm.copy", "cannot set SOFTHSM2_CONF");
    return HM_OK;
}

hm_rc softhsm_scratch_make(struct softhsm *k, struct hm_err *e)
{
    for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
        if (hm_dir_open(&k->parent, parents[i], NULL) != HM_OK)
            continue;
        remove_all_stale(&k->parent);
        for (int tries = 0; tries < 3; tries++)
            if (make_one(k))
                return write_conf(k, parents[i], e);
    }
    return hm_fail(e, HM_E_IO, "hsm.softhsm.copy",
                   "cannot make a private directory in /dev/shm or /tmp");
}

void softhsm_scratch_remove(struct softhsm *k)
{
    if (k->scratch.fd >= 0) {
        (void)(hm_dir_remove_at(&k->parent, k->scratch_name, NULL) == HM_OK);
        if (k->conf != NULL)
            (void)setenv("SOFTHSM2_CONF", k->conf, 1);
        else
            (void)unsetenv("SOFTHSM2_CONF");
    }
    free(k->conf);
    k->conf = NULL;
    hm_dir_clear(&k->scratch);
    hm_dir_clear(&k->parent);
}
