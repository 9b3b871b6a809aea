#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"
#include "hm_text.h"

HM_MUST static hm_rc refuse_existing(const struct hm_out *o, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "base.out.exists",
                           "'%s' exists and is not overwritten", o->shown),
                   "remove it, name another output, or give --force where the "
                   "command has it");
}

/* Take over dir and open a temporary in it. */
HM_MUST static hm_rc begin(struct hm_out *o, const char *name,
                           enum hm_out_mode mode, mode_t permissions,
                           struct hm_err *e)
{
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1];

    if (snprintf(o->name, sizeof(o->name), "%s", name) >= (int)sizeof(o->name))
        return hm_fail(e, HM_E_IO, "base.out.open", "name '%s' is too long",
                       hm_show_str(name));
    o->mode = mode;
    if (mode == HM_OUT_NEW && hm_file_exists_at(&o->dir, name))
        return refuse_existing(o, e);
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return hm_fail_errno(e, "base.out.open", "no random bytes");
    hm_hex_write((struct hm_bytes){random, sizeof(random)}, hex);
    (void)snprintf(o->temporary, sizeof(o->temporary), ".hallmark-%s.tmp", hex);
    o->fd = openat(o->dir.fd, o->temporary,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (o->fd < 0)
        return hm_fail_errno(e, "base.out.open", "cannot write '%s'", o->shown);
    if (fchmod(o->fd, permissions) != 0)
        return hm_fail_errno(e, "base.out.open",
                             "cannot set the permissions of '%s'", o->shown);
    return HM_OK;
}

/* Errors leave nothing behind: the temporary dies with its owner. */
HM_MUST static hm_rc begin_or_clear(struct hm_out *o, const char *name,
                                    enum hm_out_mode mode, mode_t permissions,
                                    struct hm_err *e)
{
    const hm_rc rc = begin(o, name, mode, permissions, e);

    if (rc != HM_OK)
        hm_out_clear(o);
    return rc;
}

HM_MUST static hm_rc open_parent(struct hm_out *o, const char *parent,
                                 struct hm_err *e)
{
    const hm_rc rc = hm_context(e, hm_dir_open(&o->dir, parent, e),
                                "cannot write '%s'", o->shown);

    return e != NULL && e->os_errno == ENOENT
               ? hm_hint(e, rc,
                         "make the directory '%s' first, or name another "
                         "output",
                         hm_show_str(parent))
               : rc;
}

hm_rc hm_out_begin(struct hm_out *o, const char *path, enum hm_out_mode mode,
                   mode_t permissions, struct hm_err *e)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char parent[2048];

    hm_out_clear(o);
    if (slash == NULL)
        (void)snprintf(parent, sizeof(parent), ".");
    else if (slash == path)
        (void)snprintf(parent, sizeof(parent), "/");
    else if (snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path),
                      path) >= (int)sizeof(parent))
        return hm_fail(e, HM_E_IO, "base.out.open", "path '%s' is too long",
                       hm_show_str(path));
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return hm_fail(e, HM_E_IO, "base.out.open",
                       "cannot write '%s': it names a directory",
                       hm_show_str(path));
    (void)hm_show_into(o->shown, hm_bytes_str(path));
    HM_TRY(open_parent(o, parent, e));
    return begin_or_clear(o, name, mode, permissions, e);
}

hm_rc hm_out_begin_at(struct hm_out *o, const struct hm_dir *at,
                      const char *name, enum hm_out_mode mode,
                      mode_t permissions, struct hm_err *e)
{
    const char *last = NULL;

    hm_out_clear(o);
    (void)hm_show_into(o->shown, hm_bytes_str(name));
    HM_TRY(hm_dir_open_parent(&o->dir, at, name, &last, e));
    return begin_or_clear(o, last, mode, permissions, e);
}

hm_rc hm_out_write(struct hm_out *o, struct hm_bytes in, struct hm_err *e)
{
    return hm_context(e, hm_file_write_all(o->fd, in, e), "cannot write '%s'",
                      o->shown);
}

/* RENAME_NOREPLACE closes the gap between looking and renaming; file systems
 * without it get a link, which never replaces either. */
static int rename_new(const struct hm_out *o)
{
    if (renameat2(o->dir.fd, o->temporary, o->dir.fd, o->name,
                  RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(o->dir.fd, o->temporary, o->dir.fd, o->name, 0) != 0)
        return -1;
    return unlinkat(o->dir.fd, o->temporary, 0);
}

hm_rc hm_out_rename(struct hm_out *o, struct hm_err *e)
{
    const int rc = o->mode == HM_OUT_NEW
                       ? rename_new(o)
                       : renameat(o->dir.fd, o->temporary, o->dir.fd, o->name);

    if (rc != 0 && errno == EEXIST)
        return refuse_existing(o, e);
    if (rc != 0)
        return hm_fail_errno(e, "base.out.commit", "cannot put '%s' in place",
                             o->shown);
    o->temporary[0] = '\0';
    return HM_OK;
}

hm_rc hm_out_commit(struct hm_out *o, struct hm_err *e)
{
    if (fsync(o->fd) != 0)
        return hm_fail_errno(e, "base.out.commit", "cannot finish '%s'",
                             o->shown);
    HM_TRY(hm_out_rename(o, e));
    HM_TRY(hm_dir_sync(&o->dir, e));
    hm_out_clear(o);
    return HM_OK;
}

void hm_out_clear(struct hm_out *o)
{
    const int saved = errno;

    if (o->fd >= 0 && o->temporary[0] != '\0')
        (void)unlinkat(o->dir.fd, o->temporary, 0);
    if (o->fd >= 0)
        (void)close(o->fd);
    hm_dir_clear(&o->dir);
    *o = (struct hm_out)HM_OUT_INIT;
    errno = saved;
}

hm_rc hm_file_save(const char *path, struct hm_bytes in, enum hm_out_mode mode,
                   struct hm_err *e)
{
    HM_OWN(hm_out) o = HM_OUT_INIT;

    HM_TRY(hm_out_begin(&o, path, mode, 0644, e));
    HM_TRY(hm_out_write(&o, in, e));
    return hm_out_commit(&o, e);
}

hm_rc hm_file_save_at(const struct hm_dir *at, const char *name,
                      struct hm_bytes in, enum hm_out_mode mode,
                      struct hm_err *e)
{
    HM_OWN(hm_out) o = HM_OUT_INIT;

    HM_TRY(hm_out_begin_at(&o, at, name, mode, 0644, e));
    HM_TRY(hm_out_write(&o, in, e));
    return hm_out_commit(&o, e);
}

hm_rc hm_file_copy_at(const struct hm_dir *at_from, const char *from,
                      const struct hm_dir *at_to, const char *to,
                      enum hm_out_mode mode, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    HM_OWN(hm_out) o = HM_OUT_INIT;
    ssize_t n = 0;

    HM_TRY(hm_file_open_at(&f, at_from, from, e));
    HM_TRY(hm_out_begin_at(&o, at_to, to, mode, 0644, e));
    do {
        n = sendfile(o.fd, f.fd, NULL, (size_t)1 << 30);
        if (n < 0 && errno != EINTR)
            return hm_fail_errno(e, "base.file.write",
                                 "cannot write a copy of '%s'",
                                 hm_show_str(from));
    } while (n != 0);
    return hm_out_commit(&o, e);
}
