#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "slots_priv.h"

#define WAIT_TRIES 100          /* ten seconds in all */
#define WAIT_NS    100000000L   /* between two */
#define TEMPORARY  ".hallmark-" /* how lib/base names a file being written */

HM_MUST static hm_rc wait_for_lock(int fd, struct hm_err *e)
{
    const struct timespec pause = {0, WAIT_NS};

    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return hm_fail_errno(e, "device.state.locked",
                                 "cannot lock the device's state");
        if (i == WAIT_TRIES)
            return hm_hint(e,
                           hm_fail(e, HM_E_IO, "device.state.locked",
                                   "another update of this device is under "
                                   "way, waited ten seconds"),
                           "wait for it to end and run the same command "
                           "again");
        (void)nanosleep(&pause, NULL);
    }
    return HM_OK;
}

hm_rc slots_lock(struct hm_slots *s, struct hm_err *e)
{
    s->lock =
        openat(s->dir.fd, SLOTS_LOCK,
               O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (s->lock < 0)
        return hm_hint(e,
                       hm_fail_errno(e, "device.state.locked",
                                     "cannot write in the device's folder"),
                       "run it as the user who owns the folder");
    return wait_for_lock(s->lock, e);
}

hm_rc slots_tidy(const struct hm_dir *dir, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_list(dir, &names, e));
    for (size_t i = 0; i < names.n; i++)
        if (strncmp(names.name[i], TEMPORARY, strlen(TEMPORARY)) == 0 ||
            strcmp(names.name[i], SLOTS_STAGING) == 0)
            HM_TRY(hm_dir_remove_at(dir, names.name[i], e));
    return HM_OK;
}

HM_MUST static hm_rc load_state(struct hm_slots *s, const char *path,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(SLOTS_STATE_MAX);

    if (!hm_file_exists_at(&s->dir, SLOTS_STATE))
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "device.state.missing",
                               "'%s' holds no device: there is no " SLOTS_STATE,
                               hm_show_str(path)),
                       "make one with hallmark-device provision --state DIR");
    HM_TRY(hm_file_load_at(&s->dir, SLOTS_STATE, &bytes, e));
    return hm_context(e, hm_slots_read_state(&s->state, hm_buf_view(&bytes), e),
                      "the device's " SLOTS_STATE);
}

hm_rc hm_slots_open(struct hm_slots *s, const char *path, bool to_change,
                    struct hm_err *e)
{
    HM_OWN(hm_slots) own = HM_SLOTS_INIT;
    hm_rc rc;

    hm_slots_clear(s);
    rc = hm_dir_open(&own.dir, path, e);
    if (rc != HM_OK && (errno == ENOENT || errno == ENOTDIR))
        return hm_fail(e, HM_E_USAGE, "device.state.missing",
                       "there is no device in '%s': %s", hm_show_str(path),
                       hm_show_str(strerror(errno)));
    HM_TRY(rc);
    if (!hm_file_exists_at(&own.dir, SLOTS_STATE))
        return load_state(&own, path, e); /* says that it is missing */
    if (to_change) {
        HM_TRY(slots_lock(&own, e));
        HM_TRY(slots_tidy(&own.dir, e));
    }
    HM_TRY(load_state(&own, path, e));
    *s = own;
    own = (struct hm_slots)HM_SLOTS_INIT;
    return HM_OK;
}

void hm_slots_clear(struct hm_slots *s)
{
    const int saved = errno;

    if (s->lock >= 0)
        (void)close(s->lock);
    s->lock = -1;
    hm_dir_clear(&s->dir);
    hm_slots_state_clear(&s->state);
    errno = saved;
}
