#include <stdio.h>

#include "archive_priv.h"

/* In the order of the table below; also the bit in tar_extra.said. */
enum pax_key {
    PAX_PATH,
    PAX_LINKPATH,
    PAX_SIZE,
    PAX_MTIME,
    PAX_UID,
    PAX_GID,
    PAX_UNAME,
    PAX_GNAME,
    PAX_ATIME,
    PAX_CTIME,
    PAX_CHARSET,
    PAX_COMMENT,
    PAX_KEYS
};

/* Whatever else there is (ACLs in the form of star, sparse maps) changes what a
 * device gets, so it is refused and not overlooked. */
static const char *const pax_names[PAX_KEYS] = {
    "path",  "linkpath", "size",  "mtime", "uid",        "gid",
    "uname", "gname",    "atime", "ctime", "hdrcharset", "comment",
};

struct record {
    struct hm_bytes key;
    struct hm_bytes value;
    struct hm_bytes whole;
};

HM_MUST static hm_rc bad_syntax(const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "archive.pax.syntax", "pax record %s", why);
}

/* Take "<length> key=value\n" off the front. */
HM_MUST static hm_rc take_record(struct hm_bytes *rest, struct record *r,
                                 struct hm_err *e)
{
    const uint8_t *blank = memchr(rest->p, ' ', rest->n < 7 ? rest->n : 7);
    const uint8_t *equals = NULL;
    struct hm_bytes body;
    uint64_t n = 0;

    if (blank == NULL ||
        hm_number_read((struct hm_bytes){rest->p, (size_t)(blank - rest->p)},
                       rest->n, &n, NULL) != HM_OK)
        return bad_syntax("has a wrong length", e);
    body.p = blank + 1;
    if (n < (size_t)(body.p - rest->p) + 3)
        return bad_syntax("has a wrong length", e);
    body.n = (size_t)n - (size_t)(body.p - rest->p);
    if (body.p[body.n - 1] != '\n')
        return bad_syntax("does not end where it says", e);
    equals = memchr(body.p, '=', body.n);
    if (equals == NULL || equals == body.p)
        return bad_syntax("has no key", e);
    r->key = (struct hm_bytes){body.p, (size_t)(equals - body.p)};
    r->value = (struct hm_bytes){equals + 1, body.n - r->key.n - 2};
    r->whole = (struct hm_bytes){rest->p, (size_t)n};
    rest->p += n;
    rest->n -= (size_t)n;
    return HM_OK;
}

hm_rc tar_record_take(struct hm_bytes *rest, struct hm_bytes *key,
                      struct hm_bytes *value, struct hm_err *e)
{
    struct record r = {{NULL, 0}, {NULL, 0}, {NULL, 0}};

    HM_TRY(take_record(rest, &r, e));
    *key = r.key;
    *value = r.value;
    return HM_OK;
}

HM_MUST static hm_rc bad_value(const struct record *r, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "archive.pax.value",
                   "pax record '%s' has the value '%s'", hm_show(r->key),
                   hm_show(r->value));
}

HM_MUST static hm_rc take_text(const struct record *r, char *to, size_t max,
                               bool *has, struct hm_err *e)
{
    if (r->value.n == 0 || memchr(r->value.p, 0, r->value.n) != NULL)
        return bad_value(r, e);
    if (r->value.n > max)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                       "pax record '%s' has %zu bytes, more than %zu",
                       hm_show(r->key), r->value.n, max);
    memcpy(to, r->value.p, r->value.n);
    to[r->value.n] = '\0';
    *has = true;
    return HM_OK;
}

HM_MUST static hm_rc take_number(const struct record *r, uint64_t *to,
                                 bool *has, struct hm_err *e)
{
    if (hm_number_read(r->value, INT64_MAX, to, NULL) != HM_OK)
        return bad_value(r, e);
    *has = true;
    return HM_OK;
}

/* Seconds with sign and fraction; the fraction is dropped. */
HM_MUST static hm_rc take_time(const struct record *r, int64_t *to, bool *has,
                               struct hm_err *e)
{
    struct hm_bytes s = r->value;
    const bool negative = s.n > 0 && s.p[0] == '-';
    const uint8_t *dot = NULL;
    uint64_t v = 0;

    s.p += negative;
    s.n -= negative;
    dot = s.n == 0 ? NULL : memchr(s.p, '.', s.n);
    for (size_t i = dot == NULL ? s.n : (size_t)(dot - s.p) + 1; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return bad_value(r, e);
    if (dot != NULL)
        s.n = (size_t)(dot - s.p);
    if (hm_number_read(s, HM_TIME_MAX, &v, NULL) != HM_OK)
        return bad_value(r, e);
    *to = negative ? -(int64_t)v : (int64_t)v;
    *has = true;
    return HM_OK;
}

HM_MUST static hm_rc take_charset(const struct record *r, struct hm_err *e)
{
    if (!hm_bytes_eq(r->value, HM_LIT("BINARY")) &&
        !hm_bytes_eq(r->value, HM_LIT("ISO-IR 10646 2000 UTF-8")))
        return bad_value(r, e);
    return HM_OK;
}

/* atime and ctime are read for their form only. */
HM_MUST static hm_rc take_unused_time(const struct record *r, struct hm_err *e)
{
    int64_t t = 0;
    bool has = false;

    return take_time(r, &t, &has, e);
}

HM_MUST static hm_rc take_value(enum pax_key key, const struct record *r,
                                struct tar_extra *x, struct hm_err *e)
{
    switch (key) {
    case PAX_PATH:
        return take_text(r, x->path, sizeof(x->path) - 1, &x->has_path, e);
    case PAX_LINKPATH:
        return take_text(r, x->target, sizeof(x->target) - 1, &x->has_target,
                         e);
    case PAX_SIZE:
        return take_number(r, &x->size, &x->has_size, e);
    case PAX_MTIME:
        return take_time(r, &x->mtime, &x->has_mtime, e);
    case PAX_UID:
        return take_number(r, &x->uid, &x->has_uid, e);
    case PAX_GID:
        return take_number(r, &x->gid, &x->has_gid, e);
    case PAX_UNAME:
        return take_text(r, x->uname, TAR_USER_MAX, &x->has_uname, e);
    case PAX_GNAME:
        return take_text(r, x->gname, TAR_USER_MAX, &x->has_gname, e);
    case PAX_ATIME:
    case PAX_CTIME:
        return take_unused_time(r, e);
    case PAX_CHARSET:
        return take_charset(r, e);
    case PAX_COMMENT:
        x->is_allowed = hm_bytes_eq(r->value, HM_LIT(TAR_ALLOWED));
        break;
    case PAX_KEYS:
        break;
    }
    return HM_OK;
}

static bool is_xattr(const struct record *r)
{
    const size_t n = sizeof(TAR_XATTR) - 1;

    return r->key.n > n && r->key.n <= n + 255 &&
           memcmp(r->key.p, TAR_XATTR, n) == 0 &&
           memchr(r->key.p, 0, r->key.n) == NULL;
}

/* Sorted and beside each other, so that there is one way to write them. */
HM_MUST static hm_rc take_xattr(const struct record *r, struct tar_extra *x,
                                struct hm_err *e)
{
    const size_t n = x->xattr_key.n < r->key.n ? x->xattr_key.n : r->key.n;
    const int order = n == 0 ? -1 : memcmp(x->xattr_key.p, r->key.p, n);

    if (order > 0 || (order == 0 && x->xattr_key.n >= r->key.n) ||
        (x->xattrs.n > 0 && x->xattrs.p + x->xattrs.n != r->whole.p))
        return hm_fail(e, HM_E_FORMAT, "archive.pax.key",
                       "pax record '%s' is there twice, or not in its place",
                       hm_show(r->key));
    if (x->xattrs.n == 0)
        x->xattrs.p = r->whole.p;
    x->xattrs.n += r->whole.n;
    x->xattr_key = r->key;
    return HM_OK;
}

HM_MUST static hm_rc take(const struct record *r, bool global,
                          struct tar_extra *x, struct hm_err *e)
{
    unsigned key = 0;

    if (!global && is_xattr(r))
        return take_xattr(r, x, e);
    while (key < PAX_KEYS && !hm_bytes_eq(r->key, hm_bytes_str(pax_names[key])))
        key++;
    if (key == PAX_KEYS || (global && key != PAX_COMMENT))
        return hm_fail(e, HM_E_FORMAT, "archive.pax.key",
                       "pax record '%s'%s is not one that is read here",
                       hm_show(r->key), global ? " for all members" : "");
    /* POSIX lets the last one win; another reader may take the first. */
    if (x->said & 1u << key)
        return hm_fail(e, HM_E_FORMAT, "archive.pax.duplicate",
                       "pax record '%s' is there twice", pax_names[key]);
    x->said |= 1u << key;
    if (global)
        return HM_OK; /* a comment on everything allows nothing */
    return take_value((enum pax_key)key, r, x, e);
}

hm_rc tar_pax_read(struct hm_bytes records, bool global,
                   struct tar_extra *extra, struct hm_err *e)
{
    extra->pax = !global;
    while (records.n > 0) {
        struct record r = {{NULL, 0}, {NULL, 0}, {NULL, 0}};

        HM_TRY(take_record(&records, &r, e));
        HM_TRY(take(&r, global, extra, e));
    }
    return HM_OK;
}
