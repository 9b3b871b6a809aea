#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "release_priv.h"

#define POLL_NS 50000000L /**< between two tries for the lock */

HM_MUST static hm_rc refuse_stranger(const char *path, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.repository.stranger",
                           "'%s' has files in it and is no repository",
                           hm_show_str(path)),
                   "a repository is what hallmark-publish wrote; to publish a "
                   "first release, name a new or empty directory");
}

/* Mirrors leave names with a leading dot out, so `live` marks one as well. */
HM_MUST static hm_rc check_marks(const struct hm_dir *d, const char *path,
                                 struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_list(d, &names, e));
    if (names.n == 0 || hm_names_has(&names, HM_RELEASE_MARKER) ||
        (hm_names_has(&names, HM_REPOSITORY_LIVE) &&
         hm_names_has(&names, HM_REPOSITORY_HISTORY)))
        return HM_OK;
    return refuse_stranger(path, e);
}

hm_rc hm_release_open_repository(struct hm_repository *repo, const char *path,
                                 struct hm_err *e)
{
    hm_rc rc;

    hm_repository_clear(repo);
    rc = hm_dir_open(&repo->dir, path, e);
    if (rc == HM_OK)
        rc = check_marks(&repo->dir, path, e);
    if (rc != HM_OK)
        hm_repository_clear(repo);
    return rc;
}

static double seconds_now(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

HM_MUST static hm_rc wait_for_lock(int fd, const char *path,
                                   unsigned wait_seconds, struct hm_err *e)
{
    const double end = seconds_now() + (double)wait_seconds;
    const struct timespec pause = {0, POLL_NS};

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return hm_fail_errno(e, "release.repository.locked",
                                 "cannot lock '%s'", hm_show_str(path));
        if (seconds_now() >= end)
            return hm_hint(
                e,
                hm_fail(e, HM_E_IO, "release.repository.locked",
                        "another program has locked '%s', waited %u s",
                        hm_show_str(path), wait_seconds),
                "wait until the other publication is done, then run the same "
                "command again");
        (void)nanosleep(&pause, NULL);
    }
    return HM_OK;
}

HM_MUST static hm_rc take_lock(struct hm_repository *r, const char *path,
                               unsigned wait_seconds, struct hm_err *e)
{
    r->lock =
        openat(r->dir.fd, HM_RELEASE_MARKER,
               O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);
    if (r->lock < 0)
        return hm_fail_errno(e, "release.repository.write",
                             "cannot write in '%s'", hm_show_str(path));
    return wait_for_lock(r->lock, path, wait_seconds, e);
}

hm_rc hm_release_hint_write(struct hm_err *e, hm_rc rc)
{
    if (rc != HM_E_IO)
        return rc;
    if (e != NULL && (e->os_errno == ENOTDIR || e->os_errno == EEXIST))
        return hm_hint(e, rc,
                       "a repository is a directory: name one, or a new one");
    return hm_hint(e, rc,
                   "give the user who publishes write access there, and the "
                   "disk some room; what was served before is untouched");
}

HM_MUST static hm_rc open_and_lock(struct hm_repository *repo, const char *path,
                                   unsigned wait_seconds,
                                   struct hm_names *cleaned, struct hm_err *e)
{
    HM_TRY(hm_dir_make(&repo->dir, path, e));
    HM_TRY(check_marks(&repo->dir, path, e));
    HM_TRY(take_lock(repo, path, wait_seconds, e));
    return hm_release_recover(repo, cleaned, e);
}

hm_rc hm_release_lock_repository(struct hm_repository *repo, const char *path,
                                 unsigned wait_seconds,
                                 struct hm_names *cleaned, struct hm_err *e)
{
    hm_rc rc;

    hm_repository_clear(repo);
    hm_names_clear(cleaned);
    rc = open_and_lock(repo, path, wait_seconds, cleaned, e);
    if (rc != HM_OK)
        hm_repository_clear(repo);
    return hm_release_hint_write(e, rc);
}

void hm_repository_clear(struct hm_repository *repo)
{
    const int saved = errno;

    if (repo->lock >= 0)
        (void)close(repo->lock);
    repo->lock = -1;
    hm_dir_clear(&repo->dir);
    errno = saved;
}
