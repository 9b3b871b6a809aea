#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"

#define OPEN_DIR    (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define SEGMENT_MAX 255u

HM_MUST static hm_rc bad_segment(const char *name, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "base.name.syntax",
                   "'%s' does not stay below its directory", hm_show_str(name));
}

/* Copies the first segment of *rest, leaves *rest behind it and its slash. */
HM_MUST static hm_rc take_segment(const char **rest, char *segment,
                                  const char *name, struct hm_err *e)
{
    const size_t n = strcspn(*rest, "/");

    if (n == 0 || n > SEGMENT_MAX)
        return bad_segment(name, e);
    memcpy(segment, *rest, n);
    segment[n] = '\0';
    if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
        return bad_segment(name, e);
    *rest += n;
    if (**rest == '/')
        (*rest)++;
    return HM_OK;
}

HM_MUST static hm_rc duplicate(struct hm_dir *d, const struct hm_dir *at,
                               struct hm_err *e)
{
    hm_dir_clear(d);
    d->fd = fcntl(at->fd, F_DUPFD_CLOEXEC, 0);
    if (d->fd < 0)
        return hm_fail_errno(e, "base.dir.open",
                             "cannot duplicate a descriptor");
    return HM_OK;
}

/* Replace d by what is called segment in `from`, which may be d itself. */
HM_MUST static hm_rc step_into(struct hm_dir *d, int from, const char *segment,
                               const char *name, struct hm_err *e)
{
    const int fd = openat(from, segment, OPEN_DIR | O_NOFOLLOW);

    if (fd < 0)
        return hm_fail_errno(e, "base.dir.open",
                             "cannot open directory '%s' of '%s'",
                             hm_show_str(segment), hm_show_str(name));
    hm_dir_clear(d);
    d->fd = fd;
    return HM_OK;
}

hm_rc hm_dir_find_parent(struct hm_dir *own, const struct hm_dir *at,
                         const char *name, int *fd, const char **last,
                         struct hm_err *e)
{
    char segment[SEGMENT_MAX + 1];
    const char *rest = name;

    *fd = at->fd;
    for (;;) {
        *last = rest;
        HM_TRY(take_segment(&rest, segment, name, e));
        if (*rest == '\0')
            break;
        HM_TRY(step_into(own, *fd, segment, name, e));
        *fd = own->fd;
    }
    if ((*last)[strlen(segment)] != '\0') /* a slash at the end */
        return bad_segment(name, e);
    return HM_OK;
}

hm_rc hm_dir_open_parent(struct hm_dir *parent, const struct hm_dir *at,
                         const char *name, const char **last, struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    int fd = -1;

    HM_TRY(hm_dir_find_parent(&d, at, name, &fd, last, e));
    if (d.fd < 0)
        return duplicate(parent, at, e);
    hm_dir_clear(parent);
    *parent = d;
    d = (struct hm_dir)HM_DIR_INIT;
    return HM_OK;
}

hm_rc hm_dir_open(struct hm_dir *d, const char *path, struct hm_err *e)
{
    hm_dir_clear(d);
    d->fd = open(path, OPEN_DIR);
    if (d->fd < 0)
        return hm_fail_errno(e, "base.dir.open", "cannot open directory '%s'",
                             hm_show_str(path));
    return HM_OK;
}

hm_rc hm_dir_open_at(struct hm_dir *d, const struct hm_dir *at,
                     const char *name, struct hm_err *e)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    const char *last = NULL;
    int fd = -1;

    if (strcmp(name, ".") == 0)
        return duplicate(d, at, e);
    HM_TRY(hm_dir_find_parent(&parent, at, name, &fd, &last, e));
    HM_TRY(step_into(&parent, fd, last, name, e));
    hm_dir_clear(d);
    *d = parent;
    parent = (struct hm_dir)HM_DIR_INIT;
    return HM_OK;
}

hm_rc hm_dir_make_at(struct hm_dir *d, const struct hm_dir *at,
                     const char *name, struct hm_err *e)
{
    HM_OWN(hm_dir) here = HM_DIR_INIT;
    char segment[SEGMENT_MAX + 1];
    const char *rest = name;

    HM_TRY(duplicate(&here, at, e));
    while (*rest != '\0' && strcmp(name, ".") != 0) {
        HM_TRY(take_segment(&rest, segment, name, e));
        if (mkdirat(here.fd, segment, 0755) != 0 && errno != EEXIST)
            return hm_fail_errno(e, "base.dir.make",
                                 "cannot make directory '%s'",
                                 hm_show_str(name));
        HM_TRY(step_into(&here, here.fd, segment, name, e));
    }
    hm_dir_clear(d);
    *d = here;
    here = (struct hm_dir)HM_DIR_INIT;
    return HM_OK;
}

hm_rc hm_dir_make(struct hm_dir *d, const char *path, struct hm_err *e)
{
    char part[2048];
    const size_t n = strlen(path);

    if (n == 0 || n >= sizeof(part))
        return hm_fail(e, HM_E_IO, "base.dir.make",
                       "cannot make directory '%s': %s", hm_show_str(path),
                       n == 0 ? "empty name" : "name too long");
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return hm_fail_errno(e, "base.dir.make",
                                 "cannot make directory '%s'",
                                 hm_show_str(part));
    }
    return hm_dir_open(d, path, e);
}

hm_rc hm_dir_sync(const struct hm_dir *d, struct hm_err *e)
{
    if (fsync(d->fd) != 0)
        return hm_fail_errno(e, "base.dir.sync", "cannot sync a directory");
    return HM_OK;
}

void hm_dir_clear(struct hm_dir *d)
{
    const int saved = errno;

    if (d->fd >= 0)
        (void)close(d->fd);
    d->fd = -1;
    errno = saved;
}
