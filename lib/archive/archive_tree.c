/* The source that is a directory.  Nothing is reopened by a whole path: every
 * name is opened below the descriptor of its directory, and no link is
 * followed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive_priv.h"

hm_rc hm_archive_changed(const char *path, const char *what, struct hm_err *e)
{
    return hm_hint(
        e,
        hm_fail(e, HM_E_IO, "archive.input.changed",
                "'%s' %s while it was being packed",
                hm_show_str(path == NULL || *path == '\0' ? "." : path), what),
        "let whatever writes there finish, then pack again");
}

static uint64_t nanoseconds(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

/* What the same file with the same content has as before. */
static void write_id(const struct stat *sb, uint8_t id[static 32])
{
    const uint64_t parts[] = {(uint64_t)sb->st_dev, (uint64_t)sb->st_ino,
                              nanoseconds(&sb->st_mtim),
                              nanoseconds(&sb->st_ctim)};

    memcpy(id, parts, sizeof(parts));
}

static bool is_same(const struct hm_archive_item *item, const struct stat *sb)
{
    uint8_t id[32];

    write_id(sb, id);
    return memcmp(id, item->id, sizeof(id)) == 0 &&
           (!S_ISREG(sb->st_mode) || item->size == (uint64_t)sb->st_size);
}

/* Open the directory that holds an item, once for all in it. */
HM_MUST static hm_rc enter(struct archive_tree *t, const char *path,
                           const char **last, struct hm_err *e)
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash == NULL ? 0 : (size_t)(slash - path);

    *last = slash == NULL ? path : slash + 1;
    if (t->parent.fd >= 0 && strlen(t->parent_path) == n &&
        memcmp(t->parent_path, path, n) == 0)
        return HM_OK;
    hm_dir_clear(&t->parent);
    memcpy(t->parent_path, path, n);
    t->parent_path[n] = '\0';
    return hm_dir_open_at(&t->parent, t->root, n == 0 ? "." : t->parent_path,
                          e);
}

/* --- naming -------------------------------------------------------------------- */

/* A listing under way. */
struct listing {
    struct archive_tree *t;
    struct hm_archive_items *to;
    unsigned depth;
};

HM_MUST static hm_rc refuse_output(const char *path, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "archive.output.inside",
                           "the archive would be written into the tree that "
                           "it packs, as '%s'",
                           hm_show_str(path)),
                   "write it to another directory");
}

/* What a cache holds is no part of a release, its secret least of all. */
HM_MUST static hm_rc refuse_cache(const struct listing *l,
                                  const struct stat *dir, struct hm_err *e)
{
    const struct hm_archive_cache *cache = l->t->options->cache;

    if (cache == NULL || dir->st_dev != l->to->cache.st_dev ||
        dir->st_ino != l->to->cache.st_ino)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "archive.cache.inside",
                           "the cache '%s' lies in the tree that is packed",
                           hm_show_str(cache->dir)),
                   "let it lie in another directory");
}

HM_MUST static hm_rc read_target(const struct archive_tree *t,
                                 const struct hm_dir *d, const char *name,
                                 const struct stat *sb, struct hm_err *e)
{
    const ssize_t n = readlinkat(d->fd, name, t->target, HM_ARCHIVE_PATH_MAX);

    if (n < 0 || n != (ssize_t)sb->st_size)
        return hm_archive_changed(t->path, "changed", e);
    t->target[n] = '\0';
    return HM_OK;
}

/* Name what sb describes; its path is t->path. */
HM_MUST static hm_rc put(const struct listing *l, const struct hm_dir *d,
                         const char *name, const struct stat *sb, bool *enter,
                         struct hm_err *e)
{
    struct hm_archive_item item = {.path = l->t->path,
                                   .mode = sb->st_mode,
                                   .uid = sb->st_uid,
                                   .gid = sb->st_gid};

    HM_TRY(refuse_cache(l, sb, e));
    write_id(sb, item.id);
    if (S_ISREG(sb->st_mode))
        item.size = (uint64_t)sb->st_size;
    if (S_ISLNK(sb->st_mode)) {
        HM_TRY(read_target(l->t, d, name, sb, e));
        item.target = l->t->target;
    }
    HM_TRY(hm_archive_items_add(l->to, &item, enter, e));
    if (*enter && S_ISREG(sb->st_mode) && sb->st_dev == l->to->output_dev &&
        sb->st_ino == l->to->output_ino)
        return refuse_output(item.path, e);
    return HM_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by HM_ARCHIVE_DEPTH_MAX */
HM_MUST static hm_rc list_dir(struct listing *l, const struct hm_dir *d,
                              size_t n, struct hm_err *e);

/* Open a directory that was looked at, and see that it is the same. */
HM_MUST static hm_rc open_dir(const struct archive_tree *t, struct hm_dir *sub,
                              const struct hm_dir *d, const char *name,
                              const struct stat *sb, struct hm_err *e)
{
    uint8_t before[32];
    uint8_t after[32];
    struct stat now;

    HM_TRY(hm_context(e, hm_dir_open_at(sub, d, name, e), "cannot pack '%s'",
                      hm_show_str(t->path)));
    if (fstat(sub->fd, &now) != 0)
        return hm_archive_changed(t->path, "vanished", e);
    write_id(sb, before);
    write_id(&now, after);
    if (memcmp(before, after, sizeof(before)) != 0)
        return hm_archive_changed(t->path, "changed", e);
    return archive_xattrs_judge(t->options, t->path, sub->fd, e);
}

HM_MUST static hm_rc look_at(const struct archive_tree *t,
                             const struct hm_dir *d, const char *name,
                             struct stat *sb, struct hm_err *e)
{
    if (fstatat(d->fd, name, sb, AT_SYMLINK_NOFOLLOW) == 0)
        return HM_OK;
    if (errno == ENOENT)
        return hm_archive_changed(t->path, "vanished", e);
    return hm_fail_errno(e, "base.file.stat", "cannot look at '%s'",
                         hm_show_str(t->path));
}

/* The path of d is the first n bytes of the path. */
/* NOLINTNEXTLINE(misc-no-recursion) */
HM_MUST static hm_rc list_entry(struct listing *l, const struct hm_dir *d,
                                size_t n, const char *name, struct hm_err *e)
{
    HM_OWN(hm_dir) sub = HM_DIR_INIT;
    const size_t length = strlen(name);
    char *path = l->t->path;
    struct stat sb;
    bool enter = false;

    if (n + 1 + length > HM_ARCHIVE_PATH_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.long",
                       "a path in '%s' is longer than %u bytes",
                       hm_show_str(path), HM_ARCHIVE_PATH_MAX);
    if (n > 0)
        path[n++] = '/';
    memcpy(path + n, name, length + 1);
    HM_TRY(look_at(l->t, d, name, &sb, e));
    HM_TRY(put(l, d, name, &sb, &enter, e));
    if (!S_ISDIR(sb.st_mode) || !enter)
        return HM_OK;
    HM_TRY(open_dir(l->t, &sub, d, name, &sb, e));
    return list_dir(l, &sub, n + length, e);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static hm_rc list_dir(struct listing *l, const struct hm_dir *d, size_t n,
                      struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    if (l->depth == HM_ARCHIVE_DEPTH_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.depth",
                       "'%s' is deeper than %u directories",
                       hm_show_str(l->t->path), HM_ARCHIVE_DEPTH_MAX);
    l->depth++;
    HM_TRY(hm_context(e, hm_dir_list(d, &names, e), "cannot pack '%s'",
                      hm_show_str(l->t->path)));
    for (size_t i = 0; i < names.n; i++)
        HM_TRY(list_entry(l, d, n, names.name[i], e));
    l->t->path[n] = '\0';
    l->depth--;
    return HM_OK;
}

/* --- only what a list names ------------------------------------------------------- */

HM_MUST static hm_rc missing(const char *path, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "archive.list.missing",
                           "the list names '%s', which is not in the tree",
                           hm_show_str(path)),
                   "names are relative to the directory, and no link on the "
                   "way is followed");
}

/* The one item of this path, whose directory is not a link. */
HM_MUST static hm_rc list_one(const struct listing *l, const char *path,
                              size_t n, struct hm_err *e)
{
    HM_OWN(hm_dir) sub = HM_DIR_INIT;
    struct archive_tree *t = l->t;
    const char *last = NULL;
    struct stat sb;
    bool chosen = false;

    memcpy(t->path, path, n);
    t->path[n] = '\0';
    if (enter(t, t->path, &last, NULL) != HM_OK ||
        fstatat(t->parent.fd, last, &sb, AT_SYMLINK_NOFOLLOW) != 0)
        return missing(path, e);
    HM_TRY(put(l, &t->parent, last, &sb, &chosen, e));
    return S_ISDIR(sb.st_mode) && chosen
               ? open_dir(t, &sub, &t->parent, last, &sb, e)
               : HM_OK;
}

/* Sorted, so that the directories of one name are not named by the next. */
HM_MUST static hm_rc list_only(const struct listing *l, const char *const *name,
                               size_t n, struct hm_err *e)
{
    const char *before = "";

    for (size_t i = 0; i < n; i++) {
        for (const char *c = name[i]; *c != '\0'; c++) {
            const size_t k = (size_t)(c - name[i]);

            if (*c == '/' && !(strncmp(before, name[i], k) == 0 &&
                               (before[k] == '/' || before[k] == '\0')))
                HM_TRY(list_one(l, name[i], k, e));
        }
        HM_TRY(list_one(l, name[i], strlen(name[i]), e));
        before = name[i];
    }
    return HM_OK;
}

static int by_path(const void *a, const void *b)
{
    return archive_compare_paths(*(const char *const *)a,
                                 *(const char *const *)b);
}

HM_MUST static hm_rc list_names(const struct listing *l,
                                const struct hm_names *names, struct hm_err *e)
{
    const char **sorted = calloc(names->n + 1, sizeof(*sorted));
    hm_rc rc;

    if (sorted == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for %zu names", names->n);
    for (size_t i = 0; i < names->n; i++)
        sorted[i] = names->name[i];
    qsort(sorted, names->n, sizeof(*sorted), by_path);
    rc = list_only(l, sorted, names->n, e);
    free(sorted);
    return rc;
}

/* --- reading ------------------------------------------------------------------- */

/* Is it there as it was named?  Asked only when it could not be opened. */
static bool is_there(const struct archive_tree *t, const char *last,
                     const struct hm_archive_item *item)
{
    struct stat sb;

    return fstatat(t->parent.fd, last, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
           is_same(item, &sb);
}

HM_MUST static hm_rc
open_file(void *context, const struct hm_archive_item *item, struct hm_err *e)
{
    struct archive_tree *t = context;
    const char *last = NULL;
    struct stat sb;
    hm_rc rc;

    if (enter(t, item->path, &last, NULL) != HM_OK)
        return hm_archive_changed(item->path, "changed", e);
    rc = hm_file_open_at(&t->file, &t->parent, last, e);
    if (rc != HM_OK && is_there(t, last, item))
        return hm_context(e, rc, "cannot pack '%s'", hm_show_str(item->path));
    if (rc != HM_OK || fstat(t->file.fd, &sb) != 0 || !is_same(item, &sb))
        return hm_archive_changed(item->path, "changed", e);
    return archive_xattrs_judge(t->options, item->path, t->file.fd, e);
}

HM_MUST static hm_rc read_file(void *context, uint8_t *to, size_t max,
                               size_t *got, struct hm_err *e)
{
    struct archive_tree *t = context;

    return hm_file_read(&t->file, to, max, got, e);
}

HM_MUST static hm_rc read_xattrs(void *context,
                                 const struct hm_archive_item *item,
                                 struct hm_buf *records, struct hm_err *e)
{
    struct archive_tree *t = context;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    const char *last = NULL;

    if (!t->options->keep_xattrs)
        return HM_OK;
    if (S_ISREG(item->mode))
        return archive_xattrs_read(item->path, t->file.fd, records, e);
    if (enter(t, item->path, &last, NULL) != HM_OK ||
        hm_dir_open_at(&d, &t->parent, last, NULL) != HM_OK)
        return hm_archive_changed(item->path, "changed", e);
    return archive_xattrs_read(item->path, d.fd, records, e);
}

/* --- looking again ---------------------------------------------------------------- */

HM_MUST static hm_rc check_root(const struct archive_tree *t, struct hm_err *e)
{
    uint8_t id[32];
    struct stat sb;

    if (fstat(t->root->fd, &sb) != 0)
        return hm_archive_changed("", "vanished", e);
    write_id(&sb, id);
    if (memcmp(id, t->root_id, sizeof(id)) != 0)
        return hm_archive_changed("", "changed", e);
    return HM_OK;
}

HM_MUST static hm_rc check(void *context, const struct hm_archive_item *item,
                           struct hm_err *e)
{
    struct archive_tree *t = context;
    const char *last = NULL;
    struct stat sb;
    bool same = false;

    if (item == NULL)
        return check_root(t, e);
    if (S_ISREG(item->mode))
        same = fstat(t->file.fd, &sb) == 0 && is_same(item, &sb);
    else
        same = enter(t, item->path, &last, NULL) == HM_OK &&
               fstatat(t->parent.fd, last, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
               is_same(item, &sb);
    hm_file_clear(&t->file);
    return same ? HM_OK : hm_archive_changed(item->path, "changed", e);
}

HM_MUST static hm_rc list(void *context, struct hm_archive_items *to,
                          struct hm_err *e)
{
    struct archive_tree *t = context;
    struct listing l = {t, to, 0};
    struct stat sb;

    if (fstat(t->root->fd, &sb) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at the tree");
    HM_TRY(refuse_cache(&l, &sb, e));
    write_id(&sb, t->root_id);
    t->path[0] = '\0';
    if (t->options->only != NULL)
        return list_names(&l, t->options->only, e);
    return list_dir(&l, t->root, 0, e);
}

hm_rc archive_tree_begin(struct archive_tree *t, const struct hm_dir *root,
                         const struct hm_archive_options *options,
                         struct hm_archive_source *source, struct hm_err *e)
{
    *source = (struct hm_archive_source){.context = t,
                                         .list = list,
                                         .open = open_file,
                                         .read = read_file,
                                         .xattrs = read_xattrs,
                                         .check = check};
    t->root = root;
    t->options = options;
    t->path = calloc(1, HM_ARCHIVE_PATH_MAX + 1);
    t->target = calloc(1, HM_ARCHIVE_PATH_MAX + 1);
    t->parent_path = calloc(1, HM_ARCHIVE_PATH_MAX + 1);
    if (t->path == NULL || t->target == NULL || t->parent_path == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for packing");
    return HM_OK;
}

void archive_tree_clear(struct archive_tree *t)
{
    hm_dir_clear(&t->parent);
    hm_file_clear(&t->file);
    free(t->parent_path);
    free(t->target);
    free(t->path);
    *t = (struct archive_tree)ARCHIVE_TREE_INIT;
}
