#include <stdarg.h>
#include <stdio.h>

#include "html_priv.h"

void hm_html_begin(struct hm_html *w, struct hm_buf *to)
{
    *w = (struct hm_html){.to = to, .rc = HM_OK};
}

hm_rc hm_html_end(const struct hm_html *w, struct hm_err *e)
{
    if (w->rc != HM_OK && e)
        *e = w->err;
    return w->rc;
}

static void add(struct hm_html *w, struct hm_bytes in)
{
    if (w->rc == HM_OK)
        w->rc = hm_buf_add(w->to, in, &w->err);
}

/* Length of the well-formed UTF-8 sequence at p, 0 if there is none, and its
 * character (RFC 3629: no overlong form, no surrogate, at most U+10FFFF) */
static size_t utf8_length(struct hm_bytes p, uint32_t *character)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t first = p.p[0];
    const size_t n = first < 0x80   ? 1
                     : first < 0xc2 ? 0
                     : first < 0xe0 ? 2
                     : first < 0xf0 ? 3
                     : first < 0xf5 ? 4
                                    : 0;
    uint32_t c = n < 2 ? first : first & (0x7fu >> n);

    if (n == 0 || n > p.n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p.p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p.p[i] & 0x3fu);
    }
    *character = c;
    if (c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return n;
}

/* Characters that a reader cannot see, or that turn the text around them */
static bool is_hidden(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},
        {0x61c, 0x61c},     {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f},   {0xfeff, 0xfeff}, {0xfff0, 0xfffb},
        {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

static const char *entity(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void hm_html_text(struct hm_html *w, struct hm_bytes in)
{
    char escape[16];
    uint32_t c = 0;
    size_t n = 0;

    for (size_t i = 0; i < in.n; i += n ? n : 1) {
        n = utf8_length((struct hm_bytes){in.p + i, in.n - i}, &c);
        if (n == 0 || is_hidden(c)) {
            (void)snprintf(escape, sizeof(escape), n ? "\\u{%x}" : "\\x%02x",
                           (unsigned)(n ? c : in.p[i]));
            add(w, hm_bytes_str(escape));
        } else if (entity(c)) {
            add(w, hm_bytes_str(entity(c)));
        } else {
            add(w, (struct hm_bytes){in.p + i, n});
        }
    }
}

const char *hm_html_number_into(char out[static 24], uint64_t v)
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)v);
    return out;
}

void hm_html_raw(struct hm_html *w, struct hm_bytes ours)
{
    add(w, ours);
}

void hm_html_put(struct hm_html *w, const char *markup, ...)
{
    va_list words;

    va_start(words, markup);
    for (const char *p = markup; *p != '\0';) {
        const size_t plain = strcspn(p, "%");

        add(w, (struct hm_bytes){(const uint8_t *)p, plain});
        p += plain;
        if (p[0] == '%' && p[1] == 's') {
            hm_html_text(w, hm_bytes_str(va_arg(words, const char *)));
            p += 2;
        } else if (p[0] == '%') { /* "%%" */
            add(w, HM_LIT("%"));
            p += 2;
        }
    }
    va_end(words);
}

void hm_html_head(struct hm_html *w, const char *what, const char *which)
{
    hm_html_put(w, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                   "<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" "
                   "content=\"width=device-width, initial-scale=1\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" "
                   "content=\"default-src 'none'; style-src 'unsafe-inline'; "
                   "base-uri 'none'; form-action 'none'\">\n"
                   "<meta name=\"referrer\" content=\"no-referrer\">\n");
    hm_html_put(w, "<title>%s %s</title>\n<style>\n", what, which);
    hm_html_raw(w, hm_embedded_page_css());
    hm_html_put(w, "</style>\n</head>\n<body>\n");
}
