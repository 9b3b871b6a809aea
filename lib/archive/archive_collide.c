/* Two names that are one to some file system: it would keep the one or the
 * other.  Case and canonical equivalence are Unicode's (utf8proc); a name that
 * is no UTF-8 is folded as ASCII. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <utf8proc.h>

#include "archive_priv.h"

const char *hm_archive_utf8proc_version(void)
{
    return utf8proc_version();
}

/* A name in its directory. */
struct key {
    const struct hm_archive_item *item;
    const char *name; /* in item->path */
    size_t above;     /* bytes before it: the directory and its slash */
    char *folded;     /* owned; NULL: ASCII, folded while comparing */
};

struct keys {
    struct key *key; /* owned */
    size_t n;
};

static void keys_clear(struct keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->key[i].folded);
    free(k->key);
}

/* Unicode 3.13, D145: canonical caseless matching. */
HM_MUST static hm_rc map(const char *name, unsigned how, char **out,
                         struct hm_err *e)
{
    utf8proc_uint8_t *made = NULL;
    const utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)name, 0, &made,
                     (utf8proc_option_t)(UTF8PROC_NULLTERM | UTF8PROC_STABLE |
                                         UTF8PROC_COMPOSE | how));

    if (n < 0)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "cannot fold the name '%s': %s", hm_show_str(name),
                       utf8proc_errmsg(n));
    *out = (char *)made;
    return HM_OK;
}

HM_MUST static hm_rc fill(struct keys *k, const struct hm_archive_items *items,
                          struct hm_err *e)
{
    for (size_t i = 0; i < items->n; i++) {
        struct key *key = &k->key[i];
        const char *path = items->item[i].path;
        const char *slash = strrchr(path, '/');

        *key = (struct key){.item = &items->item[i]};
        key->name = slash == NULL ? path : slash + 1;
        key->above = (size_t)(key->name - path);
        k->n = i + 1;
        if (!archive_is_ascii(key->name) && hm_archive_is_utf8(key->name))
            HM_TRY(map(key->name, UTF8PROC_CASEFOLD, &key->folded, e));
    }
    return HM_OK;
}

static const char *folded(const struct key *k)
{
    return k->folded == NULL ? k->name : k->folded;
}

/* By directory, then by folded name.  No program sets a locale, so strcasecmp()
 * folds ASCII everywhere. */
static int by_key(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    const size_t n = x->above < y->above ? x->above : y->above;
    const int order = memcmp(x->item->path, y->item->path, n);

    if (order != 0)
        return order;
    if (x->above != y->above)
        return x->above < y->above ? -1 : 1;
    return strcasecmp(folded(x), folded(y));
}

HM_MUST static hm_rc refuse(const struct hm_archive_options *o,
                            enum archive_rule rule, const struct key *first,
                            const struct key *second, struct hm_err *e)
{
    char why[HM_SHOW_MAX + 60];

    if (archive_rule_allowed(o, rule, second->item->path))
        return HM_OK;
    (void)snprintf(why, sizeof(why), "beside it is '%s', which is the same %s",
                   hm_show_str(first->name),
                   rule == ARCHIVE_RULE_CASE ? "but for case" : "in Unicode");
    return archive_rule_fail(rule, second->item->path, why, e);
}

HM_MUST static hm_rc check_pair(const struct hm_archive_options *o,
                                const struct key *a, const struct key *b,
                                struct hm_err *e)
{
    char *x = NULL;
    char *y = NULL;
    hm_rc rc;

    if (a->folded == NULL || b->folded == NULL)
        return refuse(o, ARCHIVE_RULE_CASE, a, b, e);
    rc = map(a->name, 0, &x, e);
    if (rc == HM_OK)
        rc = map(b->name, 0, &y, e);
    if (x != NULL && y != NULL)
        rc = refuse(
            o, strcmp(x, y) == 0 ? ARCHIVE_RULE_UNICODE : ARCHIVE_RULE_CASE, a,
            b, e);
    free(x);
    free(y);
    return rc;
}

hm_rc archive_rules_collide(const struct hm_archive_items *items,
                            struct hm_err *e)
{
    HM_OWN(keys) k = {NULL, 0};

    if (items->n < 2)
        return HM_OK;
    k.key = calloc(items->n, sizeof(*k.key));
    if (k.key == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for %zu names", items->n);
    HM_TRY(fill(&k, items, e));
    qsort(k.key, k.n, sizeof(*k.key), by_key);
    for (size_t i = 1; i < k.n; i++)
        if (by_key(&k.key[i - 1], &k.key[i]) == 0)
            HM_TRY(check_pair(items->options, &k.key[i - 1], &k.key[i], e));
    return HM_OK;
}
