#include <strings.h>

#include "hm_source.h"

/* The URL being written. */
struct url {
    char *out;
    size_t n;
};

HM_MUST static hm_rc add(struct url *u, const char *text, size_t n,
                         struct hm_err *e)
{
    if (n > HM_SOURCE_URL_MAX - u->n)
        return hm_fail(e, HM_E_LIMIT, "source.url.long", "more than %u letters",
                       HM_SOURCE_URL_MAX);
    memcpy(u->out + u->n, text, n);
    u->n += n;
    u->out[u->n] = '\0';
    return HM_OK;
}

/* Host names and schemes compare without case; purl and in-toto want lower. */
HM_MUST static hm_rc add_lower(struct url *u, const char *text, size_t n,
                               struct hm_err *e)
{
    const size_t from = u->n;

    HM_TRY(add(u, text, n, e));
    for (size_t i = from; i < u->n; i++)
        if (u->out[i] >= 'A' && u->out[i] <= 'Z')
            u->out[i] = (char)(u->out[i] - 'A' + 'a');
    return HM_OK;
}

HM_MUST static hm_rc bad(const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "source.url.syntax", "%s", why);
}

/* Whoever is named before the last '@' is no business of the reader's. */
HM_MUST static hm_rc add_host(struct url *u, const char *text, size_t n,
                              struct hm_err *e)
{
    const char *at = memrchr(text, '@', n);

    if (at != NULL)
        return add_host(u, at + 1, (size_t)(text + n - (at + 1)), e);
    if (n == 0 || text[0] == ':')
        return bad("no host", e);
    if (memchr(text, '?', n) != NULL || memchr(text, '#', n) != NULL)
        return bad("a query or fragment where the host is", e);
    return add_lower(u, text, n, e);
}

/* scheme://[user[:password]@]host[:port]/path?query#fragment */
HM_MUST static hm_rc clean_full(struct url *u, const char *url,
                                const char *mark, struct hm_err *e)
{
    const char *host = mark + 3;
    const size_t host_n = strcspn(host, "/?#");
    const char *path = host + host_n;

    if (mark - url == 4 && strncasecmp(url, "file", 4) == 0)
        return HM_OK;
    HM_TRY(add_lower(u, url, (size_t)(host - url), e));
    HM_TRY(add_host(u, host, host_n, e));
    return add(u, path, strcspn(path, "?#"), e);
}

/* [user@]host:path, as ssh takes it; a host in brackets may hold colons. */
HM_MUST static hm_rc clean_short(struct url *u, const char *url,
                                 const char *colon, struct hm_err *e)
{
    const char *path = colon + 1;

    HM_TRY(add(u, "ssh://", 6, e));
    HM_TRY(add_host(u, url, (size_t)(colon - url), e));
    while (*path == '/')
        path++;
    HM_TRY(add(u, "/", 1, e));
    return add(u, path, strcspn(path, "?#"), e);
}

/* The colon of host:path; NULL when this is a path. */
static const char *find_colon(const char *url)
{
    const char *bracket = strchr(url, '[');
    const char *close = bracket == NULL ? NULL : strchr(bracket, ']');
    const char *from =
        close != NULL && close < strchrnul(url, '/') ? close : url;
    const char *colon = from + strcspn(from, "/:");

    return *colon == ':' ? colon : NULL;
}

HM_MUST static hm_rc clean(struct url *u, const char *url, struct hm_err *e)
{
    const char *mark = strstr(url, "://");
    const char *colon = find_colon(url);
    const size_t scheme = strspn(
        url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "+.-");

    for (const char *c = url; *c != '\0'; c++)
        if (*c <= 0x20 || *c >= 0x7f)
            return bad("a blank or a letter outside ASCII", e);
    if (mark != NULL && scheme > 0 && url + scheme == mark)
        return clean_full(u, url, mark, e);
    if (colon == NULL)
        return HM_OK;
    if (colon[1] == ':')
        return bad("a remote helper, not an address", e);
    return clean_short(u, url, colon, e);
}

hm_rc hm_source_clean_url(const char *url, char *out, struct hm_err *e)
{
    struct url u = {out, 0};
    hm_rc rc;

    out[0] = '\0';
    rc = clean(&u, url, e);
    if (rc != HM_OK)
        out[0] = '\0';
    return rc;
}
