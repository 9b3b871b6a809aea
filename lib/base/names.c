#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"

#define TREE_DEPTH_MAX 64u
#define TREE_NAME_MAX  3072u

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

HM_MUST static hm_rc make_room(struct hm_names *names, struct hm_err *e)
{
    const size_t cap = names->cap == 0 ? 16 : names->cap * 2;
    char **p = NULL;

    if (names->n < names->cap)
        return HM_OK;
    if (names->n >= HM_NAMES_MAX)
        return hm_fail(e, HM_E_LIMIT, "base.names.limit",
                       "more than %u names in one directory tree",
                       HM_NAMES_MAX);
    p = reallocarray(names->name, cap, sizeof(*p));
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "base.names.nomem",
                       "out of memory for %zu names", cap);
    names->name = p;
    names->cap = cap;
    return HM_OK;
}

hm_rc hm_names_add(struct hm_names *names, const char *name, struct hm_err *e)
{
    char *copy = NULL;

    HM_TRY(make_room(names, e));
    copy = strdup(name);
    if (copy == NULL)
        return hm_fail(e, HM_E_NOMEM, "base.names.nomem",
                       "out of memory for a name");
    names->name[names->n++] = copy;
    return HM_OK;
}

bool hm_names_has(const struct hm_names *names, const char *name)
{
    return names->n > 0 && bsearch(&name, names->name, names->n,
                                   sizeof(*names->name), by_bytes) != NULL;
}

void hm_names_clear(struct hm_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct hm_names)HM_NAMES_INIT;
}

HM_MUST static hm_rc read_entries(DIR *stream, struct hm_names *out,
                                  struct hm_err *e)
{
    for (;;) {
        const struct dirent *entry = NULL;

        errno = 0;
        entry = readdir(stream);
        if (entry == NULL && errno != 0)
            return hm_fail_errno(e, "base.dir.list", "cannot list a directory");
        if (entry == NULL)
            return HM_OK;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            HM_TRY(hm_names_add(out, entry->d_name, e));
    }
}

hm_rc hm_dir_list(const struct hm_dir *d, struct hm_names *out,
                  struct hm_err *e)
{
    /* A stream of its own: the descriptor's position stays untouched. */
    const int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    hm_rc rc;

    hm_names_clear(out);
    if (stream == NULL) {
        rc = hm_fail_errno(e, "base.dir.list", "cannot list a directory");
        if (fd >= 0)
            (void)close(fd);
        return rc;
    }
    rc = read_entries(stream, out, e);
    (void)closedir(stream);
    if (rc != HM_OK)
        hm_names_clear(out);
    else if (out->n > 1)
        qsort(out->name, out->n, sizeof(*out->name), by_bytes);
    return rc;
}

struct walk {
    struct hm_names *out;
    unsigned depth;
    char path[TREE_NAME_MAX];
};

/* NOLINTNEXTLINE(misc-no-recursion): bounded by TREE_DEPTH_MAX */
HM_MUST static hm_rc walk_into(struct walk *w, const struct hm_dir *d,
                               size_t prefix, struct hm_err *e);

/* NOLINTNEXTLINE(misc-no-recursion) */
HM_MUST static hm_rc walk_entry(struct walk *w, const struct hm_dir *d,
                                size_t prefix, const char *name,
                                struct hm_err *e)
{
    const size_t n = prefix + strlen(name);
    struct stat sb;

    if (n + 2 > sizeof(w->path))
        return hm_fail(e, HM_E_LIMIT, "base.names.long",
                       "path below '%s' is longer than %u bytes",
                       hm_show_str(w->path), TREE_NAME_MAX);
    memcpy(w->path + prefix, name, strlen(name) + 1);
    if (fstatat(d->fd, name, &sb, AT_SYMLINK_NOFOLLOW) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at '%s'",
                             hm_show_str(w->path));
    if (S_ISDIR(sb.st_mode)) {
        HM_OWN(hm_dir) sub = HM_DIR_INIT;

        memcpy(w->path + n, "/", 2);
        HM_TRY(hm_names_add(w->out, w->path, e));
        HM_TRY(hm_dir_open_at(&sub, d, name, e));
        return walk_into(w, &sub, n + 1, e);
    }
    return hm_names_add(w->out, w->path, e);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static hm_rc walk_into(struct walk *w, const struct hm_dir *d, size_t prefix,
                       struct hm_err *e)
{
    HM_OWN(hm_names) here = HM_NAMES_INIT;

    if (w->depth == TREE_DEPTH_MAX)
        return hm_fail(e, HM_E_LIMIT, "base.names.depth",
                       "'%s' is deeper than %u directories",
                       hm_show_str(w->path), TREE_DEPTH_MAX);
    w->depth++;
    HM_TRY(hm_dir_list(d, &here, e));
    for (size_t i = 0; i < here.n; i++)
        HM_TRY(walk_entry(w, d, prefix, here.name[i], e));
    w->depth--;
    return HM_OK;
}

hm_rc hm_dir_list_tree(const struct hm_dir *d, struct hm_names *out,
                       struct hm_err *e)
{
    struct walk w = {.out = out, .depth = 0, .path = ""};
    hm_rc rc;

    hm_names_clear(out);
    rc = walk_into(&w, d, 0, e);
    if (rc != HM_OK)
        hm_names_clear(out);
    else if (out->n > 1)
        qsort(out->name, out->n, sizeof(*out->name), by_bytes);
    return rc;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
HM_MUST static hm_rc remove_tree(const struct hm_dir *at, const char *name,
                                 unsigned depth, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    if (unlinkat(at->fd, name, 0) == 0 || errno == ENOENT)
        return HM_OK;
    if (errno != EISDIR && errno != EPERM)
        return hm_fail_errno(e, "base.dir.remove", "cannot remove '%s'",
                             hm_show_str(name));
    if (depth == TREE_DEPTH_MAX)
        return hm_fail(e, HM_E_LIMIT, "base.names.depth",
                       "'%s' is deeper than %u directories", hm_show_str(name),
                       TREE_DEPTH_MAX);
    HM_TRY(hm_dir_open_at(&d, at, name, e));
    HM_TRY(hm_dir_list(&d, &names, e));
    for (size_t i = 0; i < names.n; i++)
        HM_TRY(remove_tree(&d, names.name[i], depth + 1, e));
    if (unlinkat(at->fd, name, AT_REMOVEDIR) != 0)
        return hm_fail_errno(e, "base.dir.remove", "cannot remove '%s'",
                             hm_show_str(name));
    return HM_OK;
}

hm_rc hm_dir_remove_at(const struct hm_dir *at, const char *name,
                       struct hm_err *e)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    const char *last = NULL;

    HM_TRY(hm_dir_open_parent(&parent, at, name, &last, e));
    return remove_tree(&parent, last, 0, e);
}
