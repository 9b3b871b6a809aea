/* Permissions tables.
 * @source Buildroot manual, "Makedev syntax documentation" */
#include <stdlib.h>

#include "archive_priv.h"

#define FIELDS 10u

HM_MUST static hm_rc bad(unsigned at, const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_USAGE, "archive.permissions.syntax",
                   "line %u of the permissions table: %s", at, why);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The words of a line. @return how many there are, at most FIELDS + 1 */
static size_t split(struct hm_bytes line, struct hm_bytes *word)
{
    size_t n = 0;
    size_t i = 0;

    while (n <= FIELDS) {
        size_t start = 0;

        while (i < line.n && is_blank(line.p[i]))
            i++;
        if (i == line.n)
            break;
        for (start = i; i < line.n && !is_blank(line.p[i]); i++)
            ;
        if (n < FIELDS)
            word[n] = (struct hm_bytes){line.p + start, i - start};
        n++;
    }
    return n;
}

static bool read_octal(struct hm_bytes in, unsigned *out)
{
    *out = 0;
    if (in.n == 0 || in.n > 5)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] < '0' || in.p[i] > '7')
            return false;
        *out = *out << 3 | (unsigned)(in.p[i] - '0');
    }
    return *out <= 07777;
}

HM_MUST static hm_rc take_path(struct hm_archive_permission *p,
                               struct hm_bytes in, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};

    if (in.n > HM_ARCHIVE_PATH_MAX || in.n == 0 || in.p[0] != '/')
        return bad(p->at, "the name is no absolute path", e);
    if (memchr(in.p, 0, in.n) != NULL)
        return bad(p->at, "a NUL is in it", e);
    p->path = strndup((const char *)in.p + 1, in.n - 1);
    if (p->path == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for a permissions table");
    if (p->path[0] == '\0')
        return p->type == 'r'
                   ? HM_OK
                   : bad(p->at, "the root is no member: only type r takes it",
                         e);
    if (archive_name_tidy(p->path, HM_ARCHIVE_DIR, &why) != HM_OK ||
        strcmp(p->path, ".") == 0)
        return bad(p->at, "the name is no path below the root", e);
    return HM_OK;
}

HM_MUST static hm_rc take_type(struct hm_archive_permission *p,
                               struct hm_bytes in, struct hm_err *e)
{
    if (in.n == 1)
        p->type = (char)in.p[0];
    if (p->type != '\0' && strchr("fFdr", p->type) != NULL)
        return HM_OK;
    if (p->type == '\0' || strchr("bcp", p->type) == NULL)
        return bad(p->at, "the type is none of f, F, d and r", e);
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "archive.permissions.type",
                           "line %u of the permissions table makes a %s, which "
                           "no archive here holds",
                           p->at, p->type == 'p' ? "FIFO" : "device node"),
                   "let the device make it: devtmpfs, or its start scripts");
}

HM_MUST static hm_rc take_mode(struct hm_archive_permission *p,
                               struct hm_bytes in, struct hm_err *e)
{
    if (hm_bytes_eq(in, HM_LIT("-1")))
        return p->type == 'd' ? bad(p->at, "type d has no mode -1", e) : HM_OK;
    p->has_mode = read_octal(in, &p->mode);
    if (!p->has_mode)
        return bad(p->at, "the mode is no octal number up to 7777", e);
    if (p->type == 'r' && (p->mode & 07000) != 0)
        return bad(p->at,
                   "setuid, setgid and sticky go to one member at a time, not "
                   "to all below a directory",
                   e);
    return HM_OK;
}

HM_MUST static hm_rc take_id(const struct hm_archive_permission *p,
                             struct hm_bytes in, uint32_t *out,
                             struct hm_err *e)
{
    uint64_t v = 0;

    if (hm_number_read(in, UINT32_MAX - 1, &v, NULL) != HM_OK)
        return hm_hint(e, bad(p->at, "uid and gid must be numbers", e),
                       "names mean other numbers on other machines");
    *out = (uint32_t)v;
    return HM_OK;
}

HM_MUST static hm_rc take_line(struct hm_archive_permission *p,
                               struct hm_bytes line, struct hm_err *e)
{
    struct hm_bytes word[FIELDS];
    const size_t n = split(line, word);

    if (line.p[0] == '|')
        return hm_fail(e, HM_E_USAGE, "archive.permissions.type",
                       "line %u of the permissions table sets extended "
                       "attributes, which no archive here holds",
                       p->at);
    if (n != FIELDS)
        return bad(p->at,
                   "expected 10 fields: name type mode uid gid major minor "
                   "start inc count",
                   e);
    HM_TRY(take_type(p, word[1], e));
    HM_TRY(take_path(p, word[0], e));
    HM_TRY(take_mode(p, word[2], e));
    HM_TRY(take_id(p, word[3], &p->uid, e));
    HM_TRY(take_id(p, word[4], &p->gid, e));
    for (size_t i = 5; i < FIELDS; i++)
        if (!hm_bytes_eq(word[i], HM_LIT("-")))
            return bad(p->at, "the last five fields are for devices: write -",
                       e);
    return HM_OK;
}

HM_MUST static hm_rc add_line(struct hm_archive_permissions *p, unsigned at,
                              struct hm_bytes line, struct hm_err *e)
{
    const size_t cap = p->cap == 0 ? 32 : p->cap * 2;

    if (p->n == p->cap) {
        struct hm_archive_permission *more =
            reallocarray(p->line, cap, sizeof(*more));

        if (more == NULL)
            return hm_fail(e, HM_E_NOMEM, "archive.memory",
                           "out of memory for a permissions table");
        p->line = more;
        p->cap = cap;
    }
    p->line[p->n] = (struct hm_archive_permission){.at = at};
    return take_line(&p->line[p->n++], line, e);
}

HM_MUST static hm_rc read_lines(struct hm_archive_permissions *p,
                                struct hm_bytes text, struct hm_err *e)
{
    for (unsigned at = 1; text.n > 0; at++) {
        const uint8_t *stop = memchr(text.p, '\n', text.n);
        struct hm_bytes line = {text.p, stop == NULL ? text.n
                                                     : (size_t)(stop - text.p)};

        text.p += line.n + (stop != NULL);
        text.n -= line.n + (stop != NULL);
        while (line.n > 0 && is_blank(line.p[0])) {
            line.p++;
            line.n--;
        }
        if (line.n > 0 && line.p[0] != '#')
            HM_TRY(add_line(p, at, line, e));
    }
    return HM_OK;
}

hm_rc hm_archive_permissions_read(struct hm_archive_permissions *p,
                                  struct hm_bytes text, struct hm_err *e)
{
    hm_rc rc;

    hm_archive_permissions_clear(p);
    rc = read_lines(p, text, e);
    if (rc != HM_OK)
        hm_archive_permissions_clear(p);
    return rc;
}

void hm_archive_permissions_clear(struct hm_archive_permissions *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->line[i].path);
    free(p->line);
    *p = (struct hm_archive_permissions)HM_ARCHIVE_PERMISSIONS_INIT;
}
