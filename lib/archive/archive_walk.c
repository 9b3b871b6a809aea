#include <errno.h>
#include <fcntl.h>

#include "archive_priv.h"

bool archive_same_stat(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_mode == b->st_mode && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

hm_rc archive_changed(const char *path, const char *what, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_IO, "archive.input.changed",
                           "'%s' %s while it was being packed",
                           hm_show_str(*path == '\0' ? "." : path), what),
                   "let whatever writes into the tree finish, then pack again");
}

/* Append name to the n bytes of path. */
HM_MUST static hm_rc append(struct archive_walk *w, size_t n, const char *name,
                            struct hm_err *e)
{
    const size_t length = strlen(name);

    if (n + length > HM_ARCHIVE_PATH_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.long",
                       "a path in '%s' is longer than %u bytes",
                       hm_show_str(w->path), HM_ARCHIVE_PATH_MAX);
    memcpy(w->path + n, name, length + 1);
    return HM_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by HM_ARCHIVE_DEPTH_MAX */
HM_MUST static hm_rc walk_into(struct archive_walk *w, const struct hm_dir *d,
                               size_t n, struct hm_err *e);

/* NOLINTNEXTLINE(misc-no-recursion) */
HM_MUST static hm_rc walk_down(struct archive_walk *w,
                               const struct archive_found *found, size_t n,
                               struct hm_err *e)
{
    HM_OWN(hm_dir) sub = HM_DIR_INIT;
    struct stat sb;

    HM_TRY(hm_context(e, hm_dir_open_at(&sub, found->at, found->name, e),
                      "cannot pack '%s'", hm_show_str(w->path)));
    if (fstat(sub.fd, &sb) != 0 || !archive_same_stat(&sb, &found->sb))
        return archive_changed(w->path, "changed", e);
    return walk_into(w, &sub, n, e);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
HM_MUST static hm_rc walk_entry(struct archive_walk *w, const struct hm_dir *d,
                                size_t n, const char *name, struct hm_err *e)
{
    struct archive_found found = {.at = d, .name = name, .path = w->path};

    HM_TRY(append(w, n, name, e));
    if (fstatat(d->fd, name, &found.sb, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT
                   ? archive_changed(w->path, "vanished", e)
                   : hm_fail_errno(e, "base.file.stat", "cannot look at '%s'",
                                   hm_show_str(w->path));
    HM_TRY(archive_rules_name(w->options, w->path, name, &found.sb, e));
    if (!S_ISDIR(found.sb.st_mode))
        return w->visit(w->ctx, &found, e);
    HM_TRY(append(w, n + strlen(name), "/", e));
    HM_TRY(w->visit(w->ctx, &found, e));
    return walk_down(w, &found, n + strlen(name) + 1, e);
}

/* The path of d is the first n bytes of w->path, with a slash behind it. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static hm_rc walk_into(struct archive_walk *w, const struct hm_dir *d, size_t n,
                       struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct stat before;
    struct stat after;

    if (w->depth == HM_ARCHIVE_DEPTH_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.depth",
                       "'%s' is deeper than %u directories",
                       hm_show_str(w->path), HM_ARCHIVE_DEPTH_MAX);
    w->depth++;
    if (fstat(d->fd, &before) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at '%s'",
                             hm_show_str(w->path));
    HM_TRY(hm_context(e, hm_dir_list(d, &names, e), "cannot pack '%s'",
                      hm_show_str(w->path)));
    HM_TRY(archive_rules_case(w->options, w->path, &names, e));
    for (size_t i = 0; i < names.n; i++)
        HM_TRY(walk_entry(w, d, n, names.name[i], e));
    w->path[n] = '\0';
    if (fstat(d->fd, &after) != 0 || !archive_same_stat(&before, &after))
        return archive_changed(w->path, "changed", e);
    w->depth--;
    return HM_OK;
}

hm_rc archive_walk_tree(struct archive_walk *w, const struct hm_dir *root,
                        struct hm_err *e)
{
    w->depth = 0;
    w->path[0] = '\0';
    return walk_into(w, root, 0, e);
}
