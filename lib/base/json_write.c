#include <inttypes.h>
#include <stdio.h>

#include "json_priv.h"

static void add(struct hm_json_writer *w, struct hm_bytes in)
{
    if (w->rc == HM_OK)
        w->rc = hm_buf_add(w->to, in, &w->err);
}

static void new_line(struct hm_json_writer *w)
{
    if (w->compact)
        return;
    add(w, HM_LIT("\n"));
    for (unsigned i = 0; i < w->depth; i++)
        add(w, HM_LIT("  "));
}

/* One byte of a string, escaped where RFC 8259 demands it. */
static void add_escaped(struct hm_json_writer *w, const uint8_t *c)
{
    char escape[8];

    if (*c == '"' || *c == '\\')
        (void)snprintf(escape, sizeof(escape), "\\%c", *c);
    else if (*c == '\n')
        (void)snprintf(escape, sizeof(escape), "\\n");
    else
        (void)snprintf(escape, sizeof(escape), "\\u%04x", *c);
    add(w, hm_bytes_str(escape));
}

/* What is no UTF-8 ends a document; what is only shown shows that it was there.
 */
static void add_broken(struct hm_json_writer *w, struct hm_bytes from)
{
    if (w->is_shown)
        add(w, HM_LIT("\\ufffd"));
    else if (w->rc == HM_OK)
        w->rc = hm_fail(&w->err, HM_E_FORMAT, "json.utf8",
                        "invalid UTF-8 in a text to be written, near '%s'",
                        hm_show(from));
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static void add_string(struct hm_json_writer *w, struct hm_bytes utf8)
{
    size_t plain = 0; /* from here on nothing was added yet */
    size_t i = 0;

    add(w, HM_LIT("\""));
    while (i < utf8.n) {
        const uint8_t *c = utf8.p + i;
        const size_t n = hm_json_utf8_length(c, utf8.n - i);

        if (n > 0 && is_plain(*c)) {
            i += n;
            continue;
        }
        add(w, (struct hm_bytes){utf8.p + plain, i - plain});
        if (n == 0)
            add_broken(w,
                       (struct hm_bytes){c, utf8.n - i < 12 ? utf8.n - i : 12});
        else
            add_escaped(w, c);
        plain = ++i;
    }
    add(w, (struct hm_bytes){utf8.p + plain, i - plain});
    add(w, HM_LIT("\""));
}

/* What stands before a value: comma, new line, name. */
static void begin_value(struct hm_json_writer *w, const char *key)
{
    if (w->after_value)
        add(w, HM_LIT(","));
    if (w->depth > 0)
        new_line(w);
    if (key != NULL) {
        add_string(w, hm_bytes_str(key));
        add(w, w->compact ? HM_LIT(":") : HM_LIT(": "));
    }
    w->after_value = true;
}

void hm_json_begin(struct hm_json_writer *w, struct hm_buf *to, bool compact)
{
    *w = (struct hm_json_writer){.to = to, .compact = compact};
}

static void open_level(struct hm_json_writer *w, const char *key,
                       struct hm_bytes bracket)
{
    begin_value(w, key);
    add(w, bracket);
    w->depth++;
    w->after_value = false;
}

static void close_level(struct hm_json_writer *w, struct hm_bytes bracket)
{
    w->depth--;
    if (w->after_value)
        new_line(w);
    add(w, bracket);
    w->after_value = true;
}

void hm_json_open_object(struct hm_json_writer *w, const char *key)
{
    open_level(w, key, HM_LIT("{"));
}

void hm_json_close_object(struct hm_json_writer *w)
{
    close_level(w, HM_LIT("}"));
}

void hm_json_open_array(struct hm_json_writer *w, const char *key)
{
    open_level(w, key, HM_LIT("["));
}

void hm_json_close_array(struct hm_json_writer *w)
{
    close_level(w, HM_LIT("]"));
}

void hm_json_put_bytes(struct hm_json_writer *w, const char *key,
                       struct hm_bytes utf8)
{
    begin_value(w, key);
    add_string(w, utf8);
}

void hm_json_put_text(struct hm_json_writer *w, const char *key,
                      const char *utf8)
{
    hm_json_put_bytes(w, key, hm_bytes_str(utf8));
}

void hm_json_put_optional(struct hm_json_writer *w, const char *key,
                          const char *utf8)
{
    if (utf8 != NULL && utf8[0] != '\0')
        hm_json_put_text(w, key, utf8);
}

void hm_json_put_uint(struct hm_json_writer *w, const char *key, uint64_t v)
{
    char text[24];

    begin_value(w, key);
    (void)snprintf(text, sizeof(text), "%" PRIu64, v);
    add(w, hm_bytes_str(text));
}

void hm_json_put_bool(struct hm_json_writer *w, const char *key, bool v)
{
    begin_value(w, key);
    add(w, v ? HM_LIT("true") : HM_LIT("false"));
}

void hm_json_put_time(struct hm_json_writer *w, const char *key, hm_time t)
{
    hm_json_put_text(w, key, hm_time_show(t));
}

void hm_json_put_hex(struct hm_json_writer *w, const char *key,
                     struct hm_bytes v)
{
    begin_value(w, key);
    add(w, HM_LIT("\""));
    for (size_t i = 0; i < v.n; i++) {
        char pair[3];

        hm_hex_write((struct hm_bytes){v.p + i, 1}, pair);
        add(w, hm_bytes_str(pair));
    }
    add(w, HM_LIT("\""));
}

/* A string or number as it stands; ends behind it. */
static size_t add_scalar(struct hm_json_writer *w, struct hm_bytes json,
                         size_t at)
{
    const size_t start = at;

    if (json.p[at] == '"') {
        for (at++; json.p[at] != '"'; at++)
            at += json.p[at] == '\\';
        at++;
    } else {
        while (at < json.n && strchr(" \t\r\n,:]}", json.p[at]) == NULL)
            at++;
    }
    add(w, (struct hm_bytes){json.p + start, at - start});
    return at;
}

/* A bracket, comma, colon or blank of embedded JSON, laid out our way. */
static void add_punctuation(struct hm_json_writer *w, uint8_t c)
{
    const struct hm_bytes one = {&c, 1};

    if (c == '{' || c == '[') {
        if (!w->after_value) /* first value in its bracket */
            new_line(w);
        add(w, one);
        w->depth++;
        w->after_value = false;
    } else if (c == '}' || c == ']') {
        close_level(w, one);
    } else if (c == ',') {
        add(w, one);
        new_line(w);
    } else if (c == ':') {
        add(w, w->compact ? one : HM_LIT(": "));
    }
}

void hm_json_put_json(struct hm_json_writer *w, const char *key,
                      struct hm_bytes json)
{
    size_t at = 0;

    begin_value(w, key);
    while (at < json.n) {
        if (strchr(" \t\r\n,:[]{}", json.p[at]) != NULL) {
            add_punctuation(w, json.p[at++]);
            continue;
        }
        if (!w->after_value) /* first value in its bracket */
            new_line(w);
        at = add_scalar(w, json, at);
        w->after_value = true;
    }
}

hm_rc hm_json_finish(struct hm_json_writer *w, struct hm_err *e)
{
    add(w, HM_LIT("\n"));
    if (w->rc == HM_OK && w->depth == 0)
        return HM_OK;
    hm_buf_clear(w->to);
    if (w->rc == HM_OK)
        return hm_fail(e, HM_E_INTERNAL, "base.json.unbalanced",
                       "a document was ended inside an object or array");
    if (e != NULL)
        *e = w->err;
    return w->rc;
}
