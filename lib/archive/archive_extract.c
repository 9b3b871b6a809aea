#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive_priv.h"

#define CHUNK ((size_t)128 * 1024)

struct extraction {
    const struct hm_dir *root;
    struct hm_dir parent; /* owned: the directory of the last member */
    char *parent_path;    /* owned: HM_ARCHIVE_PATH_MAX + 1 bytes */
    uint8_t *chunk;       /* owned */
    bool is_root;         /* may give files away */
    bool inherits;        /* a directory had a default ACL */
};

#define EXTRACTION_INIT                                           \
    {                                                             \
        .root = NULL, .parent = HM_DIR_INIT, .parent_path = NULL, \
        .chunk = NULL                                             \
    }

static void extraction_clear(struct extraction *x)
{
    hm_dir_clear(&x->parent);
    free(x->parent_path);
    free(x->chunk);
    *x = (struct extraction)EXTRACTION_INIT;
}

HM_MUST static hm_rc failed(const struct hm_archive_member *m, struct hm_err *e)
{
    if (errno == EEXIST)
        return hm_fail(e, HM_E_IO, "archive.extract.exists",
                       "cannot extract '%s': the name is taken",
                       hm_show_str(m->path));
    return hm_fail_errno(e, "archive.extract.write", "cannot extract '%s'",
                         hm_show_str(m->path));
}

/* Open the directory that a member goes into, making what is missing; the name
 * in it is all that is used from then on. */
HM_MUST static hm_rc enter(struct extraction *x, const char *path,
                           const char **last, struct hm_err *e)
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash == NULL ? 0 : (size_t)(slash - path);

    *last = slash == NULL ? path : slash + 1;
    if (x->parent.fd >= 0 && strlen(x->parent_path) == n &&
        memcmp(x->parent_path, path, n) == 0)
        return HM_OK;
    hm_dir_clear(&x->parent);
    memcpy(x->parent_path, path, n);
    x->parent_path[n] = '\0';
    if (n == 0)
        return hm_dir_open_at(&x->parent, x->root, ".", e);
    return hm_context(e, hm_dir_make_at(&x->parent, x->root, x->parent_path, e),
                      "cannot extract '%s'", hm_show_str(path));
}

/* Nobody but root can give a file to its owner; a setuid file of another one
 * than the archive says would be worse than none. */
HM_MUST static hm_rc check_owner(const struct extraction *x,
                                 const struct hm_archive_member *m,
                                 struct hm_err *e)
{
    if (m->uid > UINT32_MAX - 1 || m->gid > UINT32_MAX - 1)
        return hm_fail(e, HM_E_IO, "archive.extract.owner",
                       "'%s' belongs to %llu/%llu, which no user is",
                       hm_show_str(m->path), (unsigned long long)m->uid,
                       (unsigned long long)m->gid);
    if (x->is_root || m->kind != HM_ARCHIVE_FILE || (m->mode & 06000) == 0)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_IO, "archive.extract.owner",
                           "'%s' is setuid or setgid, and only root can give "
                           "it to its owner",
                           hm_show_str(m->path)),
                   "extract it as root");
}

/* Before the mode: giving a file away drops setuid. */
static bool give(const struct extraction *x, int at, const char *name,
                 const struct hm_archive_member *m)
{
    const int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);

    return !x->is_root ||
           fchownat(at, name, (uid_t)m->uid, (gid_t)m->gid, flags) == 0;
}

/* After the owner: giving a file away drops its capabilities.  What was made
 * in a directory with a default ACL has inherited what nobody packed. */
static bool set_xattrs(struct extraction *to, int fd,
                       const struct hm_archive_member *m)
{
    static const char access[] = "system.posix_acl_access";
    static const char inherited[] = "system.posix_acl_default";
    struct hm_bytes rest = m->xattrs;
    struct hm_archive_xattr x;

    if (to->inherits) {
        (void)fremovexattr(fd, access);
        (void)fremovexattr(fd, inherited);
    }

    while (hm_archive_take_xattr(&rest, &x)) {
        char name[256];

        memcpy(name, x.name.p, x.name.n);
        name[x.name.n] = '\0';
        if (fsetxattr(fd, name, x.value.p, x.value.n, XATTR_CREATE) != 0)
            return false;
        to->inherits |= strcmp(name, inherited) == 0;
    }
    return true;
}

HM_MUST static hm_rc write_content(struct extraction *x,
                                   struct hm_archive_reader *r, int fd,
                                   const struct hm_archive_member *m,
                                   struct hm_err *e)
{
    size_t got = 0;

    do {
        HM_TRY(hm_archive_read(r, x->chunk, CHUNK, &got, e));
        HM_TRY(hm_context(
            e, hm_file_write_all(fd, (struct hm_bytes){x->chunk, got}, e),
            "cannot extract '%s'", hm_show_str(m->path)));
    } while (got > 0);
    return HM_OK;
}

HM_MUST static hm_rc extract_file(struct extraction *x,
                                  struct hm_archive_reader *r,
                                  const struct hm_archive_member *m,
                                  struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    const struct timespec times[] = {{.tv_sec = (time_t)m->mtime},
                                     {.tv_sec = (time_t)m->mtime}};
    const char *last = NULL;

    HM_TRY(enter(x, m->path, &last, e));
    f.fd = openat(x->parent.fd, last,
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (f.fd < 0)
        return failed(m, e);
    HM_TRY(write_content(x, r, f.fd, m, e));
    if (!give(x, f.fd, "", m) || fchmod(f.fd, (mode_t)m->mode) != 0 ||
        !set_xattrs(x, f.fd, m) || futimens(f.fd, times) != 0)
        return failed(m, e);
    return HM_OK;
}

/* A directory may be there already: its members came first. */
HM_MUST static hm_rc extract_dir(struct extraction *x,
                                 const struct hm_archive_member *m,
                                 struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    HM_TRY(hm_context(e, hm_dir_make_at(&d, x->root, m->path, e),
                      "cannot extract '%s'", hm_show_str(m->path)));
    if (!give(x, d.fd, "", m) || fchmod(d.fd, (mode_t)m->mode | 0700) != 0 ||
        !set_xattrs(x, d.fd, m))
        return failed(m, e);
    return HM_OK;
}

HM_MUST static hm_rc extract_symlink(struct extraction *x,
                                     const struct hm_archive_member *m,
                                     struct hm_err *e)
{
    const char *last = NULL;

    HM_TRY(enter(x, m->path, &last, e));
    if (symlinkat(m->target, x->parent.fd, last) != 0 ||
        !give(x, x->parent.fd, last, m))
        return failed(m, e);
    return HM_OK;
}

HM_MUST static hm_rc extract_hardlink(struct extraction *x,
                                      const struct hm_archive_member *m,
                                      struct hm_err *e)
{
    HM_OWN(hm_dir) from = HM_DIR_INIT;
    const char *source = NULL;
    const char *last = NULL;

    HM_TRY(enter(x, m->target, &source, e));
    HM_TRY(hm_dir_open_at(&from, &x->parent, ".", e));
    HM_TRY(enter(x, m->path, &last, e));
    if (linkat(from.fd, source, x->parent.fd, last, 0) != 0)
        return failed(m, e);
    return HM_OK;
}

HM_MUST static hm_rc extract_member(struct extraction *x,
                                    struct hm_archive_reader *r,
                                    const struct hm_archive_member *m,
                                    struct hm_err *e)
{
    HM_TRY(check_owner(x, m, e));
    if (strcmp(m->path, ".") == 0)
        return HM_OK; /* the target's own mode is the caller's */
    switch (m->kind) {
    case HM_ARCHIVE_FILE:
        return extract_file(x, r, m, e);
    case HM_ARCHIVE_DIR:
        return extract_dir(x, m, e);
    case HM_ARCHIVE_SYMLINK:
        return extract_symlink(x, m, e);
    case HM_ARCHIVE_HARDLINK:
        break;
    }
    return extract_hardlink(x, m, e);
}

HM_MUST static hm_rc extract_all(struct extraction *x,
                                 struct hm_archive_reader *r, struct hm_err *e)
{
    const struct hm_archive_member *m = NULL;

    for (;;) {
        HM_TRY(hm_archive_next(r, &m, e));
        if (m == NULL)
            break;
        HM_TRY(extract_member(x, r, m, e));
    }
    if (syncfs(x->root->fd) != 0)
        return hm_fail_errno(e, "archive.extract.write",
                             "cannot sync what was extracted");
    return HM_OK;
}

hm_rc hm_archive_extract(const struct hm_file *f, const struct hm_dir *target,
                         const struct hm_archive_limits *limits,
                         struct hm_archive_result *result, struct hm_err *e)
{
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    HM_OWN(extraction) x = EXTRACTION_INIT;

    *result = (struct hm_archive_result){.entries = 0};
    x.root = target;
    x.is_root = geteuid() == 0;
    x.chunk = malloc(CHUNK);
    x.parent_path = malloc(HM_ARCHIVE_PATH_MAX + 1);
    if (x.chunk == NULL || x.parent_path == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for extracting");
    HM_TRY(hm_archive_open(&r, f, limits, e));
    HM_TRY(extract_all(&x, &r, e));
    return hm_archive_finish(&r, result, e);
}

/* --- the same without writing ------------------------------------------------ */

HM_MUST static hm_rc skip_content(struct hm_archive_reader *r, uint8_t *chunk,
                                  struct hm_err *e)
{
    size_t got = 0;

    do
        HM_TRY(hm_archive_read(r, chunk, CHUNK, &got, e));
    while (got > 0);
    return HM_OK;
}

HM_MUST static hm_rc skip_all(struct hm_archive_reader *r, uint8_t *chunk,
                              struct hm_err *e)
{
    const struct hm_archive_member *m = NULL;

    do {
        HM_TRY(skip_content(r, chunk, e));
        HM_TRY(hm_archive_next(r, &m, e));
    } while (m != NULL);
    return HM_OK;
}

hm_rc hm_archive_check(const struct hm_file *f,
                       const struct hm_archive_limits *limits,
                       struct hm_archive_result *result, struct hm_err *e)
{
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    uint8_t *chunk = malloc(CHUNK);
    hm_rc rc;

    *result = (struct hm_archive_result){.entries = 0};
    if (chunk == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for reading an archive");
    rc = hm_archive_open(&r, f, limits, e);
    if (rc == HM_OK)
        rc = skip_all(&r, chunk, e);
    free(chunk);
    return rc == HM_OK ? hm_archive_finish(&r, result, e) : rc;
}
