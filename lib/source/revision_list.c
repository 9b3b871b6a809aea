#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hm_archive.h"
#include "revision_priv.h"

/* A walk over the tree, and how it ended. */
struct naming {
    struct revision *r;
    struct hm_archive_items *to;
    hm_rc rc;
    struct hm_err *e;
    char path[HM_ARCHIVE_PATH_MAX + 1];
};

/* git refuses to write such a tree, but it can be made. */
HM_MUST static hm_rc check_name(const char *root, const char *name,
                                struct hm_err *e)
{
    if (name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
        strchr(name, '/') == NULL)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "source.tree.name",
                   "the tree '%s' of the commit holds the name '%s'",
                   hm_show_str(root), hm_show_str(name));
}

/* What a checkout makes of git's kinds, with the umask that everybody has. */
HM_MUST static hm_rc take_mode(struct naming *n, git_filemode_t mode,
                               struct hm_archive_item *item)
{
    switch (mode) {
    case GIT_FILEMODE_TREE:
        item->mode = S_IFDIR | 0755;
        return HM_OK;
    case GIT_FILEMODE_BLOB:
        item->mode = S_IFREG | 0644;
        return HM_OK;
    case GIT_FILEMODE_BLOB_EXECUTABLE:
        item->mode = S_IFREG | 0755;
        return HM_OK;
    case GIT_FILEMODE_LINK:
        item->mode = S_IFLNK | 0755;
        return HM_OK;
    case GIT_FILEMODE_COMMIT:
        item->mode = HM_ARCHIVE_GITLINK;
        return HM_OK;
    case GIT_FILEMODE_UNREADABLE:
    default:
        return hm_fail(n->e, HM_E_REJECTED, "source.tree.kind",
                       "'%s' is of no kind that git has",
                       hm_show_str(item->path));
    }
}

HM_MUST static hm_rc read_target(struct naming *n, const git_oid *id,
                                 struct hm_archive_item *item)
{
    git_odb_object *blob = NULL;
    struct hm_bytes in;

    HM_TRY(revision_load(n->r, id, item->path, &blob, n->e));
    in =
        (struct hm_bytes){git_odb_object_data(blob), git_odb_object_size(blob)};
    if (in.n > 0 && in.n <= HM_ARCHIVE_PATH_MAX &&
        memchr(in.p, 0, in.n) == NULL)
        item->target = strndup((const char *)in.p, in.n);
    git_odb_object_free(blob);
    if (item->target != NULL)
        return HM_OK;
    return hm_fail(n->e, HM_E_REJECTED, "source.tree.link",
                   "link '%s' has a target of %zu bytes, or a NUL in it",
                   hm_show_str(item->path), in.n);
}

HM_MUST static hm_rc add_link(struct naming *n, const git_oid *id,
                              struct hm_archive_item *item, bool *enter)
{
    hm_rc rc = read_target(n, id, item);

    if (rc == HM_OK)
        rc = hm_archive_items_add(n->to, item, enter, n->e);
    free(item->target);
    return rc;
}

HM_MUST static hm_rc add_file(struct naming *n, const git_oid *id,
                              struct hm_archive_item *item, bool *enter)
{
    git_object_t type = GIT_OBJECT_INVALID;
    size_t size = 0;

    if (git_odb_read_header(&size, &type, n->r->odb, id) < 0)
        return revision_lacks(item->path, n->e);
    if (type != GIT_OBJECT_BLOB)
        return hm_fail(n->e, HM_E_REJECTED, "source.tree.kind",
                       "'%s' is no file in the object database",
                       hm_show_str(item->path));
    item->size = size;
    return hm_archive_items_add(n->to, item, enter, n->e);
}

HM_MUST static hm_rc add(struct naming *n, const char *root,
                         const git_tree_entry *entry, bool *enter)
{
    const git_oid *id = git_tree_entry_id(entry);
    const char *name = git_tree_entry_name(entry);
    const size_t above = strlen(root);
    struct hm_archive_item item = {.path = n->path};

    HM_TRY(check_name(root, name, n->e));
    if (above + strlen(name) > HM_ARCHIVE_PATH_MAX)
        return hm_fail(n->e, HM_E_LIMIT, "archive.input.long",
                       "a path in '%s' is longer than %u bytes",
                       hm_show_str(root), HM_ARCHIVE_PATH_MAX);
    memcpy(n->path, root, above);
    memcpy(n->path + above, name, strlen(name) + 1);
    memcpy(item.id, id->id, sizeof(id->id));
    HM_TRY(take_mode(n, git_tree_entry_filemode(entry), &item));
    if (S_ISLNK(item.mode))
        return add_link(n, id, &item, enter);
    if (S_ISREG(item.mode))
        return add_file(n, id, &item, enter);
    return hm_archive_items_add(n->to, &item, enter, n->e);
}

/* 0: go on, into a directory too; 1: not into this one. */
static int on_entry(const char *root, const git_tree_entry *entry,
                    void *payload)
{
    struct naming *n = payload;
    bool enter = false;

    n->rc = add(n, root, entry, &enter);
    if (n->rc != HM_OK)
        return -1;
    return enter ? 0 : 1;
}

hm_rc revision_list(void *context, struct hm_archive_items *to,
                    struct hm_err *e)
{
    struct revision *r = context;
    struct naming *n = calloc(1, sizeof(*n));
    int code = 0;
    hm_rc rc;

    if (n == NULL)
        return hm_fail(e, HM_E_NOMEM, "source.memory",
                       "out of memory for the tree of a commit");
    n->r = r;
    n->to = to;
    n->e = e;
    code = git_tree_walk(r->tree, GIT_TREEWALK_PRE, on_entry, n);
    rc = n->rc;
    free(n);
    HM_TRY(rc);
    return code < 0 ? source_fail(e, "cannot read a tree of the commit")
                    : HM_OK;
}
