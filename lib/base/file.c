#include "hm_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '+' ||
           c == '-';
}

hm_rc hm_name_check(struct hm_bytes name, struct hm_err *e)
{
    bool at_start = true;

    if (name.n > HM_NAME_MAX)
        return hm_fail(e, HM_E_LIMIT, "base.name.long",
                       "name '%s' has %zu bytes, more than %d", hm_show(name),
                       name.n, HM_NAME_MAX);
    for (size_t i = 0; i < name.n; i++) {
        const uint8_t c = name.p[i];

        if (at_start ? !is_name_byte(c) || c == '.'
                     : !is_name_byte(c) && c != '/')
            break;
        at_start = c == '/';
        if (i + 1 == name.n && !at_start)
            return HM_OK;
    }
    return hm_fail(e, HM_E_FORMAT, "base.name.syntax",
                   "'%s' is not a name: expected a relative path of segments "
                   "[A-Za-z0-9._+-] without a leading dot",
                   hm_show(name));
}

HM_MUST static hm_rc take_regular(struct hm_file *f, int fd, const char *name,
                                  struct hm_err *e)
{
    struct stat sb;

    f->fd = fd;
    if (fd < 0)
        return hm_fail_errno(e, "base.file.open", "cannot open '%s'",
                             hm_show_str(name));
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode))
        return HM_OK;
    hm_file_clear(f);
    return hm_fail(e, HM_E_IO, "base.file.kind",
                   "cannot read '%s': not a regular file", hm_show_str(name));
}

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
#define OPEN_READ (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

hm_rc hm_file_open(struct hm_file *f, const char *path, struct hm_err *e)
{
    hm_file_clear(f);
    return take_regular(f, open(path, OPEN_READ), path, e);
}

hm_rc hm_file_open_at(struct hm_file *f, const struct hm_dir *at,
                      const char *name, struct hm_err *e)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    const char *last = NULL;
    int fd = -1;

    hm_file_clear(f);
    HM_TRY(hm_dir_find_parent(&parent, at, name, &fd, &last, e));
    return take_regular(f, openat(fd, last, OPEN_READ), name, e);
}

bool hm_file_exists_at(const struct hm_dir *at, const char *name)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    const char *last = NULL;
    struct stat sb;
    int fd = -1;

    errno = 0;
    if (hm_dir_find_parent(&parent, at, name, &fd, &last, NULL) != HM_OK)
        return errno != ENOENT;
    return fstatat(fd, last, &sb, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

bool hm_file_is_same(const char *a, const char *b)
{
    struct stat x;
    struct stat y;

    return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 &&
                                 x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

hm_rc hm_file_size(const struct hm_file *f, uint64_t *size, struct hm_err *e)
{
    struct stat sb;

    *size = 0;
    if (fstat(f->fd, &sb) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at the file");
    *size = (uint64_t)sb.st_size;
    return HM_OK;
}

hm_rc hm_file_read(const struct hm_file *f, uint8_t *to, size_t max,
                   size_t *got, struct hm_err *e)
{
    ssize_t n;

    *got = 0;
    do
        n = read(f->fd, to, max);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return hm_fail_errno(e, "base.file.read", "cannot read");
    *got = (size_t)n;
    return HM_OK;
}

hm_rc hm_file_read_all(struct hm_file *f, struct hm_buf *out, struct hm_err *e)
{
    uint8_t chunk[3072];

    for (;;) {
        const size_t room = out->max - out->n;
        size_t got = 0;

        /* One byte more than fits tells a full buffer from a larger file. */
        HM_TRY(hm_file_read(f, chunk,
                            room < sizeof(chunk) ? room + 1 : sizeof(chunk),
                            &got, e));
        if (got == 0)
            return HM_OK;
        if (got > room)
            return hm_fail(e, HM_E_LIMIT, "base.buf.limit",
                           "it is larger than %zu bytes, the most that is "
                           "taken",
                           out->max);
        HM_TRY(hm_buf_add(out, (struct hm_bytes){chunk, got}, e));
    }
}

HM_MUST static hm_rc load(struct hm_file *f, const char *name,
                          struct hm_buf *out, struct hm_err *e)
{
    const hm_rc rc = hm_file_read_all(f, out, e);

    if (rc != HM_OK)
        hm_buf_clear(out);
    return hm_context(e, rc, "cannot read '%s'", hm_show_str(name));
}

hm_rc hm_file_load(const char *path, struct hm_buf *out, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    hm_buf_clear(out);
    HM_TRY(hm_file_open(&f, path, e));
    return load(&f, path, out, e);
}

hm_rc hm_file_load_at(const struct hm_dir *at, const char *name,
                      struct hm_buf *out, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    hm_buf_clear(out);
    HM_TRY(hm_file_open_at(&f, at, name, e));
    return load(&f, name, out, e);
}

hm_rc hm_file_write_all(int fd, struct hm_bytes in, struct hm_err *e)
{
    while (in.n > 0) {
        const ssize_t n = write(fd, in.p, in.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return hm_fail_errno(e, "base.file.write", "cannot write");
        in.p += n;
        in.n -= (size_t)n;
    }
    return HM_OK;
}

void hm_file_clear(struct hm_file *f)
{
    const int saved = errno;

    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = -1;
    errno = saved;
}
