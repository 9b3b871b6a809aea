#include "fs_stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define FD_MAX 256

static struct {
    int n;
    int count;
    enum fs_stop_kind kind;
    int with_errno;
    bool dirty[FD_MAX];
    bool live_was_dirty;
    bool live_done;
    int after_live;
} stop;

void fs_stop_at(int n, enum fs_stop_kind kind, int with_errno)
{
    memset(&stop, 0, sizeof(stop));
    stop.n = n;
    stop.kind = kind;
    stop.with_errno = with_errno;
}

int fs_stop_count(void)
{
    return stop.count;
}

bool fs_stop_live_was_dirty(void)
{
    return stop.live_was_dirty;
}

int fs_stop_after_live(void)
{
    return stop.after_live;
}

/* True: the operation must fail. */
static bool step(bool changes)
{
    const bool now = stop.count++ == stop.n;

    if (stop.live_done && changes)
        stop.after_live++;
    if (!now || stop.kind == FS_STOP_NEVER)
        return false;
    if (stop.kind == FS_STOP_FAIL) {
        errno = stop.with_errno;
        return true;
    }
    if (stop.kind == FS_STOP_KILL)
        (void)kill(getpid(), SIGKILL);
    return false;
}

static bool is_cut(void)
{
    return stop.kind == FS_STOP_CUT && stop.count == stop.n + 1;
}

static void mark(int fd, bool dirty)
{
    if (fd >= 0 && fd < FD_MAX)
        stop.dirty[fd] = dirty;
}

static void see_rename(const char *to)
{
    if (strcmp(to, "live") != 0)
        return;
    for (int i = 0; i < FD_MAX; i++)
        stop.live_was_dirty |= stop.dirty[i];
    stop.live_done = true;
}

/* --- the operations ------------------------------------------------------- */

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (step(true))
        return -1;
    mark(fd, true);
    if (is_cut()) {
        (void)!__real_write(fd, p, n / 2);
        (void)kill(getpid(), SIGKILL);
    }
    return __real_write(fd, p, n);
}

ssize_t __real_sendfile64(int out, int in, off_t *offset, size_t n);
ssize_t __wrap_sendfile64(int out, int in, off_t *offset, size_t n);
ssize_t __wrap_sendfile64(int out, int in, off_t *offset, size_t n)
{
    if (step(true))
        return -1;
    mark(out, true);
    if (is_cut()) {
        (void)!__real_sendfile64(out, in, offset, 7);
        (void)kill(getpid(), SIGKILL);
    }
    return __real_sendfile64(out, in, offset, n);
}

/* Kills need no disk: counting is enough, and a hundred times faster. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (step(false))
        return -1;
    mark(fd, false);
    return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

int __real_openat64(int at, const char *name, int flags, ...);
int __wrap_openat64(int at, const char *name, int flags, ...);
int __wrap_openat64(int at, const char *name, int flags, ...)
{
    mode_t mode = 0;
    va_list ap;

    if ((flags & O_CREAT) == 0)
        return __real_openat64(at, name, flags);
    va_start(ap, flags);
    mode = va_arg(ap, mode_t);
    va_end(ap);
    return step(true) ? -1 : __real_openat64(at, name, flags, mode);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    return step(true) ? -1 : __real_fchmod(fd, mode);
}

int __real_mkdirat(int at, const char *name, mode_t mode);
int __wrap_mkdirat(int at, const char *name, mode_t mode);
int __wrap_mkdirat(int at, const char *name, mode_t mode)
{
    return step(true) ? -1 : __real_mkdirat(at, name, mode);
}

int __real_symlinkat(const char *target, int at, const char *name);
int __wrap_symlinkat(const char *target, int at, const char *name);
int __wrap_symlinkat(const char *target, int at, const char *name)
{
    return step(true) ? -1 : __real_symlinkat(target, at, name);
}

int __real_linkat(int from, const char *a, int to, const char *b, int flags);
int __wrap_linkat(int from, const char *a, int to, const char *b, int flags);
int __wrap_linkat(int from, const char *a, int to, const char *b, int flags)
{
    return step(true) ? -1 : __real_linkat(from, a, to, b, flags);
}

int __real_unlinkat(int at, const char *name, int flags);
int __wrap_unlinkat(int at, const char *name, int flags);
int __wrap_unlinkat(int at, const char *name, int flags)
{
    return step(false) ? -1 : __real_unlinkat(at, name, flags);
}

int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
    if (step(true))
        return -1;
    see_rename(b);
    return __real_renameat(from, a, to, b);
}

int __real_renameat2(int from, const char *a, int to, const char *b,
                     unsigned flags);
int __wrap_renameat2(int from, const char *a, int to, const char *b,
                     unsigned flags);
int __wrap_renameat2(int from, const char *a, int to, const char *b,
                     unsigned flags)
{
    return step(true) ? -1 : __real_renameat2(from, a, to, b, flags);
}
