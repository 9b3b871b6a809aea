/* List files: the names of what is packed. */
#include <stdlib.h>

#include "archive_priv.h"

HM_MUST static hm_rc bad_name(size_t at, struct hm_bytes name, const char *why,
                              struct hm_err *e)
{
    return hm_fail(e, HM_E_USAGE, "archive.list.name",
                   "name %zu of the list, '%s', %s", at, hm_show(name), why);
}

/* Strip "./" before it and a slash behind it; what is left must be a path as
 * members have it. */
HM_MUST static hm_rc tidy(size_t at, struct hm_bytes in, char *to,
                          struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    struct hm_bytes name = in;

    if (name.n > 2 && name.p[0] == '.' && name.p[1] == '/') {
        name.p += 2;
        name.n -= 2;
    }
    if (name.n > HM_ARCHIVE_PATH_MAX)
        return bad_name(at, in, "is too long", e);
    if (name.n == 0)
        return bad_name(at, in, "is empty", e);
    if (memchr(name.p, 0, name.n) != NULL)
        return hm_hint(e, bad_name(at, in, "holds a NUL", e),
                       "names that end in NUL are read with --null");
    memcpy(to, name.p, name.n);
    to[name.n] = '\0';
    if (strcmp(to, ".") == 0)
        return hm_hint(e, bad_name(at, in, "is the directory itself", e),
                       "it is no member: 'find -mindepth 1' leaves it out");
    if (archive_name_tidy(to, HM_ARCHIVE_DIR, &why) != HM_OK)
        return bad_name(at, in, "is no path below the directory", e);
    return HM_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

HM_MUST static hm_rc check_twice(const struct hm_names *names, struct hm_err *e)
{
    char **sorted = calloc(names->n + 1, sizeof(*sorted));
    hm_rc rc = HM_OK;

    if (sorted == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for %zu names", names->n);
    memcpy(sorted, names->name, names->n * sizeof(*sorted));
    qsort(sorted, names->n, sizeof(*sorted), by_bytes);
    for (size_t i = 1; i < names->n && rc == HM_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            rc = hm_fail(e, HM_E_USAGE, "archive.list.twice",
                         "the list names '%s' twice", hm_show_str(sorted[i]));
    free(sorted);
    return rc;
}

HM_MUST static hm_rc read_names(struct hm_bytes text, uint8_t end, char *room,
                                struct hm_names *names, struct hm_err *e)
{
    while (text.n > 0) {
        const uint8_t *stop = memchr(text.p, end, text.n);
        const size_t n = stop == NULL ? text.n : (size_t)(stop - text.p);

        HM_TRY(tidy(names->n + 1, (struct hm_bytes){text.p, n}, room, e));
        HM_TRY(hm_names_add(names, room, e));
        text.p += n + (stop != NULL);
        text.n -= n + (stop != NULL);
    }
    if (names->n == 0)
        return hm_fail(e, HM_E_USAGE, "archive.list.empty",
                       "the list names nothing");
    return check_twice(names, e);
}

hm_rc hm_archive_list_read(struct hm_bytes text, bool nul,
                           struct hm_names *names, struct hm_err *e)
{
    char *room = malloc(HM_ARCHIVE_PATH_MAX + 2);
    hm_rc rc;

    hm_names_clear(names);
    if (room == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for a list of names");
    rc = read_names(text, nul ? 0 : '\n', room, names, e);
    free(room);
    if (rc != HM_OK)
        hm_names_clear(names);
    return rc;
}
