#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hsm_priv.h"

#define FILE_MAX ((size_t)16 << 20)

/* "<name>.new", "<name>.old" */
static void add_suffix(char to[static 64], const char *name, const char *suffix)
{
    (void)snprintf(to, 64, "%s%s", name, suffix);
}

/* A private copy dies with its process: nothing of it needs to reach a disk. */
HM_MUST static hm_rc write_plain(const struct hm_dir *to, const char *name,
                                 struct hm_bytes bytes, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    f.fd = openat(to->fd, name,
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (f.fd < 0)
        return hm_fail_errno(e, "hsm.softhsm.copy", "cannot write '%s'",
                             hm_show_str(name));
    return hm_file_write_all(f.fd, bytes, e);
}

HM_MUST static hm_rc copy_file(const struct hm_dir *from,
                               const struct hm_dir *to, const char *name,
                               enum softhsm_copy what, struct hm_err *e)
{
    HM_OWN(hm_buf) file = HM_BUF_INIT(FILE_MAX);
    HM_OWN(hm_out) out = HM_OUT_INIT;

    HM_TRY(hm_file_load_at(from, name, &file, e));
    if (what == SOFTHSM_PRIVATE)
        return write_plain(to, name, hm_buf_view(&file), e);
    HM_TRY(hm_out_begin_at(&out, to, name, HM_OUT_NEW, 0400, e));
    HM_TRY(hm_out_write(&out, hm_buf_view(&file), e));
    return hm_out_commit(&out, e);
}

HM_MUST static hm_rc make_dir(struct hm_dir *d, const struct hm_dir *at,
                              const char *name, struct hm_err *e)
{
    if (mkdirat(at->fd, name, 0700) != 0)
        return hm_fail_errno(e, "hsm.softhsm.copy",
                             "cannot make directory '%s'", hm_show_str(name));
    return hm_dir_open_at(d, at, name, e);
}

HM_MUST static hm_rc copy_entries(const struct hm_dir *from,
                                  const struct hm_dir *to,
                                  enum softhsm_copy what, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_list_tree(from, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        char *name = names.name[i];
        const size_t n = strlen(name);

        if (name[n - 1] == '/') {
            HM_OWN(hm_dir) sub = HM_DIR_INIT;

            name[n - 1] = '\0';
            HM_TRY(make_dir(&sub, to, name, e));
        } else {
            HM_TRY(copy_file(from, to, name, what, e));
        }
    }
    return what == SOFTHSM_PRIVATE ? HM_OK : hm_dir_sync(to, e);
}

hm_rc softhsm_copy_tree(const struct hm_dir *from, const struct hm_dir *at,
                        const char *name, enum softhsm_copy what,
                        struct hm_err *e)
{
    HM_OWN(hm_dir) to = HM_DIR_INIT;

    HM_TRY(make_dir(&to, at, name, e));
    return copy_entries(from, &to, what, e);
}

HM_MUST static hm_rc set_dir(const struct hm_dir *at, const char *name,
                             mode_t mode, struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    HM_TRY(hm_dir_open_at(&d, at, name, e));
    if (fchmod(d.fd, mode) != 0)
        return hm_fail_errno(e, "hsm.softhsm.copy",
                             "cannot set the mode of '%s'", hm_show_str(name));
    return hm_dir_sync(&d, e);
}

hm_rc softhsm_set_dirs(const struct hm_dir *at, const char *name, mode_t mode,
                       struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    HM_TRY(hm_dir_open_at(&d, at, name, e));
    HM_TRY(hm_dir_list_tree(&d, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        char *entry = names.name[i];
        const size_t n = strlen(entry);

        if (entry[n - 1] != '/')
            continue;
        entry[n - 1] = '\0';
        HM_TRY(set_dir(&d, entry, mode, e));
    }
    return set_dir(at, name, mode, e);
}

hm_rc softhsm_remove(const struct hm_dir *at, const char *name,
                     struct hm_err *e)
{
    if (!hm_file_exists_at(at, name))
        return HM_OK;
    HM_TRY(softhsm_set_dirs(at, name, 0700, e));
    return hm_dir_remove_at(at, name, e);
}

/* File systems without an exchange get two renames; softhsm_recover() knows
 * what lies between them. */
HM_MUST static hm_rc swap_in_two(const struct hm_dir *at, const char *name,
                                 const char *new, struct hm_err *e)
{
    char old[64];

    add_suffix(old, name, ".old");
    if (renameat(at->fd, name, at->fd, old) != 0 ||
        renameat(at->fd, new, at->fd, name) != 0)
        return hm_fail_errno(e, "hsm.softhsm.swap", "cannot put '%s' in place",
                             hm_show_str(name));
    HM_TRY(hm_dir_sync(at, e));
    return softhsm_remove(at, old, e);
}

hm_rc softhsm_swap(const struct hm_dir *at, const char *name, struct hm_err *e)
{
    char new[64];
    int rc;

    add_suffix(new, name, ".new");
    rc = renameat2(at->fd, new, at->fd, name, RENAME_EXCHANGE);
    if (rc != 0 && errno == ENOENT)
        rc = renameat(at->fd, new, at->fd, name); /* the first one */
    else if (rc != 0 && (errno == EINVAL || errno == ENOSYS))
        return swap_in_two(at, name, new, e);
    if (rc != 0)
        return hm_fail_errno(e, "hsm.softhsm.swap", "cannot put '%s' in place",
                             hm_show_str(name));
    HM_TRY(hm_dir_sync(at, e));
    return softhsm_remove(at, new, e);
}

hm_rc softhsm_recover(const struct hm_dir *at, const char *name,
                      struct hm_err *e)
{
    char new[64];
    char old[64];

    add_suffix(new, name, ".new");
    add_suffix(old, name, ".old");
    if (!hm_file_exists_at(at, name) && hm_file_exists_at(at, old) &&
        renameat(at->fd, old, at->fd, name) != 0)
        return hm_fail_errno(e, "hsm.softhsm.swap",
                             "cannot put '%s' back in place",
                             hm_show_str(name));
    HM_TRY(softhsm_remove(at, new, e));
    return softhsm_remove(at, old, e);
}
