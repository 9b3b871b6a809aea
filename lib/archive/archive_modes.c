/* What modes and owners a member gets: as found or normalised, unless a
 * permissions table names it. */
#include "archive_priv.h"

#define SPECIAL 07000u
#define SETID   06000u

static void set(struct hm_archive_item *item,
                const struct hm_archive_permission *line)
{
    item->has_owner = true;
    item->uid = line->uid;
    item->gid = line->gid;
    if (!line->has_mode || S_ISLNK(item->mode))
        return;
    item->has_mode = true;
    item->mode = (item->mode & S_IFMT) | line->mode;
}

HM_MUST static hm_rc unmatched(const struct hm_archive_permission *line,
                               const char *what, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "archive.permissions.unmatched",
                           "line %u of the permissions table names '/%s', "
                           "which %s",
                           line->at, hm_show_str(line->path), what),
                   "a table makes nothing: what a line names must be in the "
                   "tree; type F is for a file that may be missing");
}

/* A directory and everything below it, which follows it. */
static bool set_below(struct hm_archive_items *items,
                      const struct hm_archive_permission *line)
{
    const size_t first = archive_items_place(items, line->path);
    size_t i = first;

    while (i < items->n && (strcmp(items->item[i].path, line->path) == 0 ||
                            archive_is_below(items->item[i].path, line->path)))
        set(&items->item[i++], line);
    return i > first;
}

HM_MUST static hm_rc apply(struct hm_archive_items *items,
                           const struct hm_archive_permission *line,
                           struct hm_err *e)
{
    struct hm_archive_item *item = archive_items_find(items, line->path);

    if (line->type == 'r' && item != NULL && !S_ISDIR(item->mode))
        return unmatched(line, "is no directory", e);
    if (line->type == 'r')
        return set_below(items, line) ? HM_OK
                                      : unmatched(line, "is not there", e);
    if (item == NULL)
        return line->type == 'F' ? HM_OK : unmatched(line, "is not there", e);
    if (line->type == 'd' ? !S_ISDIR(item->mode) : !S_ISREG(item->mode))
        return unmatched(
            line, line->type == 'd' ? "is no directory" : "is no regular file",
            e);
    set(item, line);
    return HM_OK;
}

static uint32_t normalised(uint32_t mode)
{
    const uint32_t kind = mode & S_IFMT;

    return kind | (S_ISREG(mode) && (mode & S_IXUSR) == 0 ? 0644u : 0755u);
}

/* Bits that would be lost, or that give a user's rights away, need a word. */
HM_MUST static hm_rc settle(const struct hm_archive_options *o,
                            struct hm_archive_item *item, struct hm_err *e)
{
    const uint32_t bits = item->mode & SPECIAL;
    const bool loses = !o->keep_modes && bits != 0;
    const bool gives = S_ISREG(item->mode) && (bits & SETID) != 0;

    if (!item->has_owner && !o->keep_owners)
        item->uid = item->gid = 0;
    if (item->has_mode)
        return HM_OK;
    if ((loses || gives) &&
        !archive_rule_allowed(o, ARCHIVE_RULE_BITS, item->path))
        return archive_rule_fail(ARCHIVE_RULE_BITS, item->path,
                                 loses ? "it is setuid, setgid or sticky, and "
                                         "that would be dropped"
                                       : "it is setuid or setgid",
                                 e);
    if (!o->keep_modes)
        item->mode = normalised(item->mode);
    return HM_OK;
}

hm_rc archive_modes_settle(struct hm_archive_items *items, struct hm_err *e)
{
    const struct hm_archive_permissions *p = items->options->permissions;

    for (size_t i = 0; i < items->n; i++)
        if (items->item[i].mode == HM_ARCHIVE_GITLINK)
            items->item[i].mode = S_IFDIR | 0755;
    for (size_t i = 0; p != NULL && i < p->n; i++)
        HM_TRY(apply(items, &p->line[i], e));
    for (size_t i = 0; i < items->n; i++)
        HM_TRY(settle(items->options, &items->item[i], e));
    return HM_OK;
}
