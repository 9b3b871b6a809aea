#include <stdlib.h>

#include "archive_priv.h"

void archive_items_clear(struct hm_archive_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        free(items->item[i].path);
        free(items->item[i].target);
    }
    free(items->item);
    *items = (struct hm_archive_items)ARCHIVE_ITEMS_INIT;
}

bool archive_is_below(const char *path, const char *above)
{
    const size_t n = strlen(above);

    return n == 0 || (strncmp(path, above, n) == 0 && path[n] == '/');
}

HM_MUST static hm_rc out_of_memory(const struct hm_archive_items *items,
                                   struct hm_err *e)
{
    return hm_fail(e, HM_E_NOMEM, "archive.memory",
                   "out of memory for %zu names", items->n + 1);
}

HM_MUST static hm_rc make_room(struct hm_archive_items *items, struct hm_err *e)
{
    const size_t cap = items->cap == 0 ? 64 : items->cap * 2;
    struct hm_archive_item *p = NULL;

    if (items->n == HM_ARCHIVE_ENTRIES_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.entries",
                       "there are more than %u entries",
                       HM_ARCHIVE_ENTRIES_MAX);
    if (items->n < items->cap)
        return HM_OK;
    p = reallocarray(items->item, cap, sizeof(*p));
    if (p == NULL)
        return out_of_memory(items, e);
    items->item = p;
    items->cap = cap;
    return HM_OK;
}

/* A name that the reader here would not take. */
HM_MUST static hm_rc check_length(const char *path, struct hm_err *e)
{
    const size_t name_max = 255;
    unsigned depth = 1;

    for (const char *c = path; strchr(c, '/') != NULL; c = strchr(c, '/') + 1)
        depth++;
    if (depth > HM_ARCHIVE_DEPTH_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.depth",
                       "'%s' is deeper than %u directories", hm_show_str(path),
                       HM_ARCHIVE_DEPTH_MAX);
    if (strlen(path) > HM_ARCHIVE_PATH_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.long",
                       "a path in '%s' is longer than %u bytes",
                       hm_show_str(path), HM_ARCHIVE_PATH_MAX);
    for (const char *c = path; *c != '\0'; c += strcspn(c, "/")) {
        c += *c == '/';
        if (strcspn(c, "/") > name_max)
            return hm_fail(e, HM_E_LIMIT, "archive.input.long",
                           "a name in '%s' is longer than %zu bytes",
                           hm_show_str(path), name_max);
    }
    return HM_OK;
}

HM_MUST static hm_rc append(struct hm_archive_items *items,
                            const struct hm_archive_item *item, bool is_chosen,
                            struct hm_err *e)
{
    struct hm_archive_item made = *item;

    HM_TRY(make_room(items, e));
    made.is_chosen = is_chosen;
    made.has_mode = false;
    made.has_owner = false;
    made.path = strdup(item->path);
    made.target = item->target == NULL ? NULL : strdup(item->target);
    if (made.path == NULL || (item->target != NULL && made.target == NULL)) {
        free(made.path);
        free(made.target);
        return out_of_memory(items, e);
    }
    items->item[items->n++] = made;
    return HM_OK;
}

hm_rc hm_archive_items_add(struct hm_archive_items *items,
                           const struct hm_archive_item *item, bool *enter,
                           struct hm_err *e)
{
    const bool is_dir = S_ISDIR(item->mode) || item->mode == HM_ARCHIVE_GITLINK;
    const struct archive_choice choice =
        archive_patterns_judge(items->options, item->path, is_dir);

    if (enter != NULL)
        *enter = choice.may_hold;
    if (!choice.is_chosen && !choice.may_hold) {
        items->left_out++;
        return HM_OK;
    }
    HM_TRY(check_length(item->path, e));
    return append(items, item, choice.is_chosen, e);
}

int archive_compare_paths(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return 0;
    if (*a == '\0' || *b == '\0')
        return *a == '\0' ? -1 : 1;
    if (*a == '/' || *b == '/')
        return *a == '/' ? -1 : 1;
    return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
}

static int by_path(const void *a, const void *b)
{
    const struct hm_archive_item *x = a;
    const struct hm_archive_item *y = b;

    return archive_compare_paths(x->path, y->path);
}

struct hm_archive_item *archive_items_find(const struct hm_archive_items *items,
                                           const char *path)
{
    size_t low = 0;
    size_t high = items->n;

    while (low < high) {
        const size_t at = low + (high - low) / 2;
        const int order = archive_compare_paths(path, items->item[at].path);

        if (order == 0)
            return &items->item[at];
        if (order < 0)
            high = at;
        else
            low = at + 1;
    }
    return NULL;
}

/* No directory holds a name twice, but a tree that somebody made by hand may. */
HM_MUST static hm_rc check_twice(const struct hm_archive_items *items,
                                 struct hm_err *e)
{
    for (size_t i = 1; i < items->n; i++)
        if (strcmp(items->item[i - 1].path, items->item[i].path) == 0)
            return hm_fail(e, HM_E_REJECTED, "archive.input.duplicate",
                           "'%s' is there twice",
                           hm_show_str(items->item[i].path));
    return HM_OK;
}

/* A directory that is not chosen stays where something below it is.  From the
 * end, because a directory comes before what it holds. */
static void drop_others(struct hm_archive_items *items)
{
    size_t to = items->n; /* what is kept is from here on */

    for (size_t i = items->n; i-- > 0;) {
        struct hm_archive_item *item = &items->item[i];

        if (item->is_chosen ||
            (to < items->n &&
             archive_is_below(items->item[to].path, item->path))) {
            const struct hm_archive_item kept = *item;

            *item = items->item[--to];
            items->item[to] = kept;
            continue;
        }
        free(item->path);
        free(item->target);
        *item = (struct hm_archive_item){.path = NULL};
        items->left_out++;
    }
    if (to > 0)
        memmove(items->item, items->item + to,
                (items->n - to) * sizeof(*items->item));
    items->n -= to;
}

HM_MUST static hm_rc check_patterns(const struct hm_archive_options *o,
                                    struct hm_err *e)
{
    for (size_t i = 0; i < o->patterns_n; i++)
        if (o->patterns[i].is_include && o->patterns[i].hits == 0)
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "archive.pattern.unmatched",
                                   "nothing matches the include '%s'",
                                   hm_show_str(o->patterns[i].text)),
                           "a pattern with a slash is matched from the top, "
                           "one without at any depth");
    return HM_OK;
}

/* What names, kinds and links give away is refused before a byte is written. */
hm_rc archive_items_settle(struct hm_archive_items *items, struct hm_err *e)
{
    HM_TRY(check_patterns(items->options, e));
    if (items->n > 1)
        qsort(items->item, items->n, sizeof(*items->item), by_path);
    HM_TRY(check_twice(items, e));
    drop_others(items);
    if (items->n == 0)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "archive.input.empty",
                               "there is nothing to pack"),
                       "check that the build wrote its result there, and the "
                       "patterns");
    for (size_t i = 0; i < items->n; i++)
        HM_TRY(archive_rules_item(items->options, &items->item[i], e));
    HM_TRY(archive_rules_collide(items, e));
    return archive_modes_settle(items, e);
}
