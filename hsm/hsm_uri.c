#include <stdio.h>
#include <strings.h>

#include "hsm_priv.h"

static const char scheme[] = "pkcs11:";

/* Where an attribute goes: text of at most max bytes at this offset. */
struct attribute {
    const char *name;
    size_t offset;
    size_t max;
};

#define AT(name, member, size)                              \
    {                                                       \
        name, offsetof(struct hm_hsm_uri, member), (size)-1 \
    }

static const struct attribute texts[] = {
    AT("token", token, HM_HSM_LABEL_SIZE),
    AT("manufacturer", manufacturer, HM_HSM_LABEL_SIZE),
    AT("serial", serial, HM_HSM_SHORT_SIZE),
    AT("model", model, HM_HSM_SHORT_SIZE),
    AT("object", object, HM_HSM_OBJECT_MAX + 1),
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

/* Bits of what was seen: TEXTS texts, then these. */
#define SEEN_ID     (1u << TEXTS)
#define SEEN_TYPE   (2u << TEXTS)
#define SEEN_SOURCE (4u << TEXTS)

/* One attribute while it is read: name as written, value decoded. */
struct item {
    struct hm_bytes name;
    uint8_t value[HM_HSM_URI_MAX];
    size_t n;
};

HM_MUST static hm_rc bad_syntax(const char *why, struct hm_bytes at,
                                struct hm_err *e)
{
    return hm_hint(
        e,
        hm_fail(e, HM_E_USAGE, "hsm.uri.syntax",
                "not a PKCS#11 URI: %s at '%s'", why, hm_show(at)),
        "write it as 'pkcs11:token=LABEL;object=LABEL', other bytes as %%XX");
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_unreserved(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("-._~", c) != NULL);
}

/* RFC 7512 2.3: pk11-pchar, and pk11-qchar in the query. */
static bool is_allowed(uint8_t c, bool in_query)
{
    return is_unreserved(c) ||
           (c != '\0' && strchr(":[]@!$'()*+,=", c) != NULL) ||
           (in_query ? c == '/' || c == '?' || c == '|' : c == '&');
}

HM_MUST static hm_rc decode(struct hm_bytes in, bool in_query,
                            struct item *item, struct hm_err *e)
{
    item->n = 0;
    for (size_t i = 0; i < in.n; i++) {
        const struct hm_bytes at = {in.p + i, in.n - i};

        if (in.p[i] == '%') {
            const int high = at.n > 2 ? hex_digit(at.p[1]) : -1;
            const int low = at.n > 2 ? hex_digit(at.p[2]) : -1;

            if (high < 0 || low < 0)
                return bad_syntax("expected two hex digits", at, e);
            item->value[item->n++] = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (is_allowed(in.p[i], in_query)) {
            item->value[item->n++] = in.p[i];
        } else {
            return bad_syntax("a letter that must be written as %XX", at, e);
        }
    }
    if (item->n == 0)
        return bad_syntax("an attribute without a value", item->name, e);
    return HM_OK;
}

/* Length of the UTF-8 sequence at the front, 0 when it is none or a control
 * character.  Overlong forms, surrogates and above U+10FFFF are none. */
static size_t utf8_length(struct hm_bytes s)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t c = s.p[0];
    const size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t point = n == 1 ? c : c & (0xffu >> (n + 1));

    if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xc2) || c > 0xf4 || s.n < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (s.p[i] & 0x3fu);
    }
    if (point < lowest[n] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff) || (point >= 0x80 && point < 0xa0))
        return 0;
    return n;
}

HM_MUST static hm_rc check_text(const struct item *item, struct hm_err *e)
{
    size_t n = 0;

    for (size_t i = 0; i < item->n; i += n) {
        n = utf8_length((struct hm_bytes){item->value + i, item->n - i});
        if (n == 0)
            return bad_syntax("a control character or invalid UTF-8",
                              item->name, e);
    }
    return HM_OK;
}

HM_MUST static hm_rc too_long(const struct item *item, size_t max,
                              struct hm_err *e)
{
    return hm_fail(e, HM_E_USAGE, "hsm.uri.long",
                   "'%s' of the PKCS#11 URI has %zu bytes, at most %zu fit",
                   hm_show(item->name), item->n, max);
}

HM_MUST static hm_rc mark_seen(const struct item *item, unsigned bit,
                               unsigned *seen, struct hm_err *e)
{
    if ((*seen & bit) != 0)
        return hm_fail(e, HM_E_USAGE, "hsm.uri.duplicate",
                       "'%s' is given twice in the PKCS#11 URI",
                       hm_show(item->name));
    *seen |= bit;
    return HM_OK;
}

static bool is_named(const struct item *item, const char *name)
{
    return hm_bytes_eq(item->name, hm_bytes_str(name));
}

/* Before anything else, in any spelling and at any place: a message about
 * another fault would show the PIN. */
HM_MUST static hm_rc refuse_secret(struct hm_bytes text, struct hm_err *e)
{
    static const char name[] = "pin-value=";
    const size_t n = sizeof(name) - 1;

    for (size_t i = 0; i + n <= text.n; i++)
        if (strncasecmp((const char *)text.p + i, name, n) == 0)
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "hsm.uri.secret",
                                   "a PIN in a URI is seen by every user of "
                                   "this machine and is refused"),
                           "give '--pin file:PATH', 'fd:N', 'credential:NAME' "
                           "or 'tty', and change that PIN");
    return HM_OK;
}

HM_MUST static hm_rc refuse_unknown(const struct item *item, struct hm_err *e)
{
    if (is_named(item, "module-path") || is_named(item, "module-name"))
        return hm_fail(e, HM_E_USAGE, "hsm.uri.module",
                       "a URI does not choose the module to load; give "
                       "--module PATH");
    return hm_fail(e, HM_E_USAGE, "hsm.uri.unknown",
                   "unknown attribute '%s' in the PKCS#11 URI: expected token, "
                   "serial, manufacturer, model, object, id or type",
                   hm_show(item->name));
}

HM_MUST static hm_rc take_type(const struct item *item, struct hm_err *e)
{
    const struct hm_bytes value = {item->value, item->n};

    if (hm_bytes_eq(value, HM_LIT("private")) ||
        hm_bytes_eq(value, HM_LIT("public")))
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "hsm.uri.type",
                   "type '%s' in the PKCS#11 URI: expected private or public",
                   hm_show(value));
}

HM_MUST static hm_rc take_id(struct hm_hsm_uri *uri, const struct item *item,
                             struct hm_err *e)
{
    if (item->n > sizeof(uri->id))
        return too_long(item, sizeof(uri->id), e);
    memcpy(uri->id, item->value, item->n);
    uri->id_n = item->n;
    return HM_OK;
}

HM_MUST static hm_rc take_text(void *to, size_t max, const struct item *item,
                               struct hm_err *e)
{
    HM_TRY(check_text(item, e));
    if (item->n > max)
        return too_long(item, max, e);
    memcpy(to, item->value, item->n);
    ((char *)to)[item->n] = '\0';
    return HM_OK;
}

HM_MUST static hm_rc take_path(struct hm_hsm_uri *uri, const struct item *item,
                               unsigned *seen, struct hm_err *e)
{
    for (size_t i = 0; i < TEXTS; i++)
        if (is_named(item, texts[i].name)) {
            HM_TRY(mark_seen(item, 1u << i, seen, e));
            return take_text((char *)uri + texts[i].offset, texts[i].max, item,
                             e);
        }
    if (is_named(item, "id")) {
        HM_TRY(mark_seen(item, SEEN_ID, seen, e));
        return take_id(uri, item, e);
    }
    if (is_named(item, "type")) {
        HM_TRY(mark_seen(item, SEEN_TYPE, seen, e));
        return take_type(item, e);
    }
    return refuse_unknown(item, e);
}

HM_MUST static hm_rc take_query(struct hm_hsm_uri *uri, const struct item *item,
                                unsigned *seen, struct hm_err *e)
{
    if (!is_named(item, "pin-source"))
        return refuse_unknown(item, e);
    HM_TRY(mark_seen(item, SEEN_SOURCE, seen, e));
    return take_text(uri->pin_source, HM_HSM_SOURCE_MAX, item, e);
}

/* Walks the attributes between separators. */
HM_MUST static hm_rc read_part(struct hm_hsm_uri *uri, struct hm_bytes part,
                               bool in_query, struct hm_err *e)
{
    const uint8_t separator = in_query ? '&' : ';';
    unsigned seen = 0;
    bool is_last = false;

    while (!is_last) {
        const uint8_t *end = memchr(part.p, separator, part.n);
        const size_t n = end == NULL ? part.n : (size_t)(end - part.p);
        const uint8_t *equals = memchr(part.p, '=', n);
        struct item item = {.n = 0};

        if (equals == NULL || equals == part.p)
            return bad_syntax("expected NAME=VALUE", part, e);
        item.name = (struct hm_bytes){part.p, (size_t)(equals - part.p)};
        HM_TRY(decode((struct hm_bytes){equals + 1, n - item.name.n - 1},
                      in_query, &item, e));
        HM_TRY(in_query ? take_query(uri, &item, &seen, e)
                        : take_path(uri, &item, &seen, e));
        is_last = end == NULL;
        if (!is_last)
            part = (struct hm_bytes){end + 1, part.n - n - 1};
    }
    return HM_OK;
}

HM_MUST static hm_rc read_uri(struct hm_hsm_uri *uri, struct hm_bytes text,
                              struct hm_err *e)
{
    const size_t head = sizeof(scheme) - 1;
    const uint8_t *query = NULL;
    struct hm_bytes path;

    if (text.n > HM_HSM_URI_MAX)
        return hm_fail(e, HM_E_USAGE, "hsm.uri.long",
                       "a PKCS#11 URI of %zu bytes, at most %u are taken",
                       text.n, HM_HSM_URI_MAX);
    HM_TRY(refuse_secret(text, e));
    if (text.n < head || memcmp(text.p, scheme, head) != 0)
        return bad_syntax("expected 'pkcs11:'", text, e);
    path = (struct hm_bytes){text.p + head, text.n - head};
    query = memchr(path.p, '?', path.n);
    if (query != NULL) {
        const size_t n = (size_t)(query - path.p);

        HM_TRY(read_part(uri, (struct hm_bytes){query + 1, path.n - n - 1},
                         true, e));
        path.n = n;
    }
    return read_part(uri, path, false, e);
}

hm_rc hm_hsm_uri_read(struct hm_hsm_uri *uri, struct hm_bytes text,
                      struct hm_err *e)
{
    hm_rc rc;

    *uri = (struct hm_hsm_uri){.id_n = 0};
    rc = read_uri(uri, text, e);
    if (rc != HM_OK)
        *uri = (struct hm_hsm_uri){.id_n = 0};
    return rc;
}

HM_MUST static hm_rc put(struct hm_buf *to, char separator, const char *name,
                         struct hm_bytes value, struct hm_err *e)
{
    char head[24];

    (void)snprintf(head, sizeof(head), "%c%s=", separator, name);
    HM_TRY(
        hm_buf_add(to, hm_bytes_str(separator == '\0' ? head + 1 : head), e));
    for (size_t i = 0; i < value.n; i++) {
        char one[4];

        if (is_unreserved(value.p[i]))
            (void)snprintf(one, sizeof(one), "%c", value.p[i]);
        else
            (void)snprintf(one, sizeof(one), "%%%02X", value.p[i]);
        HM_TRY(hm_buf_add(to, hm_bytes_str(one), e));
    }
    return HM_OK;
}

hm_rc hm_hsm_uri_write(const struct hm_hsm_uri *uri, struct hm_buf *to,
                       struct hm_err *e)
{
    char separator = '\0';

    HM_TRY(hm_buf_add(to, hm_bytes_str(scheme), e));
    for (size_t i = 0; i < TEXTS; i++) {
        const char *value = (const char *)uri + texts[i].offset;

        if (value[0] == '\0')
            continue;
        HM_TRY(put(to, separator, texts[i].name, hm_bytes_str(value), e));
        separator = ';';
    }
    if (uri->id_n > 0)
        HM_TRY(
            put(to, separator, "id", (struct hm_bytes){uri->id, uri->id_n}, e));
    if (uri->pin_source[0] != '\0')
        return put(to, '?', "pin-source", hm_bytes_str(uri->pin_source), e);
    return HM_OK;
}
