/* The strict scanner: one pass over the bytes, no recursion, no tree. */
#include <stdlib.h>

#include "json_priv.h"

#define MEMBERS_MAX 4000000u

/* A member name: a view into the text, or into the decoded names when it was
 * written with escapes. */
struct name {
    size_t at;
    size_t n;
    bool decoded;
};

struct level {
    bool is_object;
    size_t first_name;
    size_t first_decoded;
};

struct scan {
    struct hm_bytes text;
    size_t at;
    enum hm_json_kind kind;
    unsigned depth;
    struct level level[HM_JSON_DEPTH_MAX];
    struct name *names; /* of all open objects; owned */
    size_t names_n;
    size_t names_cap;
    struct hm_buf decoded;
};

static void scan_clear(struct scan *s)
{
    free(s->names);
    hm_buf_clear(&s->decoded);
}

#define SCAN_OWN __attribute__((cleanup(scan_clear))) struct scan

static size_t line_of(struct hm_bytes text, size_t at)
{
    size_t line = 1;

    for (size_t i = 0; i < at; i++)
        line += text.p[i] == '\n' ? 1 : 0;
    return line;
}

HM_MUST static hm_rc fail_at(const struct scan *s, size_t at,
                             const char *reason, const char *what,
                             struct hm_err *e)
{
    const struct hm_bytes near = {s->text.p + at,
                                  s->text.n - at < 12 ? s->text.n - at : 12};

    return hm_fail(e, HM_E_FORMAT, reason,
                   "%s at line %zu (byte %zu), near '%s'", what,
                   line_of(s->text, at), at, hm_show(near));
}

/* The byte at the cursor, or 0 at the end (a real NUL is refused as well). */
static uint8_t peek(const struct scan *s)
{
    return s->at < s->text.n ? s->text.p[s->at] : 0;
}

static void skip_blanks(struct scan *s)
{
    while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' ||
           peek(s) == '\r')
        s->at++;
}

HM_MUST static hm_rc read_hex4(struct scan *s, uint32_t *out, struct hm_err *e)
{
    *out = 0;
    for (size_t i = 0; i < 4; i++, s->at++) {
        const uint8_t c = peek(s);

        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            *out = *out << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return fail_at(s, s->at, "json.syntax",
                           "expected four hex digits after \\u", e);
    }
    return HM_OK;
}

HM_MUST static hm_rc add_utf8(struct hm_buf *to, uint32_t c, struct hm_err *e)
{
    uint8_t b[4];
    size_t n = 0;

    if (c < 0x80) {
        b[n++] = (uint8_t)c;
    } else if (c < 0x800) {
        b[n++] = (uint8_t)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        b[n++] = (uint8_t)(0xe0 | c >> 12);
        b[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    } else {
        b[n++] = (uint8_t)(0xf0 | c >> 18);
        b[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        b[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    }
    if (c >= 0x80)
        b[n++] = (uint8_t)(0x80 | (c & 0x3f));
    return to == NULL ? HM_OK : hm_buf_add(to, (struct hm_bytes){b, n}, e);
}

/* Behind "\u": four digits, and the second half of a surrogate pair. */
HM_MUST static hm_rc scan_unicode(struct scan *s, struct hm_buf *to,
                                  struct hm_err *e)
{
    const size_t start = s->at - 2;
    uint32_t c = 0;
    uint32_t low = 0;

    HM_TRY(read_hex4(s, &c, e));
    if (c == 0)
        return fail_at(s, start, "json.nul", "U+0000 in a string", e);
    if (c >= 0xdc00 && c <= 0xdfff)
        return fail_at(s, start, "json.surrogate", "lone surrogate", e);
    if (c >= 0xd800 && c <= 0xdbff) {
        if (peek(s) != '\\' || s->at + 1 >= s->text.n ||
            s->text.p[s->at + 1] != 'u')
            return fail_at(s, start, "json.surrogate", "lone surrogate", e);
        s->at += 2;
        HM_TRY(read_hex4(s, &low, e));
        if (low < 0xdc00 || low > 0xdfff)
            return fail_at(s, start, "json.surrogate", "lone surrogate", e);
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return add_utf8(to, c, e);
}

/* At the backslash. */
HM_MUST static hm_rc scan_escape(struct scan *s, struct hm_buf *to,
                                 struct hm_err *e)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *found = NULL;

    s->at++;
    if (peek(s) == 'u') {
        s->at++;
        return scan_unicode(s, to, e);
    }
    found = peek(s) == 0 ? NULL : strchr(letters, peek(s));
    if (found == NULL)
        return fail_at(s, s->at - 1, "json.syntax", "unknown escape", e);
    s->at++;
    return add_utf8(to, (uint8_t)meanings[found - letters], e);
}

/* One character of a string, decoded into `to` unless that is NULL. */
HM_MUST static hm_rc scan_character(struct scan *s, struct hm_buf *to,
                                    struct hm_err *e)
{
    const uint8_t *p = s->text.p + s->at;
    size_t n = 0;

    if (*p == '\\')
        return scan_escape(s, to, e);
    if (*p < 0x20)
        return fail_at(s, s->at, *p == 0 ? "json.nul" : "json.syntax",
                       "control character in a string", e);
    n = hm_json_utf8_length(p, s->text.n - s->at);
    if (n == 0)
        return fail_at(s, s->at, "json.utf8", "invalid UTF-8", e);
    s->at += n;
    return to == NULL ? HM_OK : hm_buf_add(to, (struct hm_bytes){p, n}, e);
}

/* How many bytes from here on stand for themselves: most of every string. */
static size_t count_plain(const struct scan *s)
{
    size_t at = s->at;

    while (at < s->text.n && s->text.p[at] >= 0x20 && s->text.p[at] < 0x7f &&
           s->text.p[at] != '"' && s->text.p[at] != '\\')
        at++;
    return at - s->at;
}

/* At the opening quote. */
HM_MUST static hm_rc scan_string(struct scan *s, struct hm_buf *to,
                                 bool *has_escape, struct hm_err *e)
{
    const size_t start = s->at++;

    *has_escape = false;
    for (;;) {
        const size_t n = count_plain(s);

        if (to != NULL)
            HM_TRY(hm_buf_add(to, (struct hm_bytes){s->text.p + s->at, n}, e));
        s->at += n;
        if (s->at == s->text.n)
            return fail_at(s, start, "json.syntax", "string without an end", e);
        if (s->text.p[s->at] == '"')
            break;
        *has_escape |= s->text.p[s->at] == '\\';
        HM_TRY(scan_character(s, to, e));
    }
    s->at++;
    return HM_OK;
}

static size_t scan_digits(struct scan *s)
{
    const size_t start = s->at;

    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at - start;
}

HM_MUST static hm_rc check_integer(const struct scan *s, size_t start,
                                   bool is_integer, struct hm_err *e)
{
    const struct hm_bytes digits = {s->text.p + start, s->at - start};
    uint64_t v = 0;

    if (s->kind == HM_JSON_FOREIGN)
        return HM_OK;
    if (!is_integer)
        return fail_at(s, start, "json.number",
                       "expected a plain integer without sign, fraction and "
                       "exponent",
                       e);
    if (hm_number_read(digits, HM_JSON_INT_MAX, &v, NULL) != HM_OK)
        return hm_fail(e, HM_E_LIMIT, "json.number.range",
                       "number %s at byte %zu is more than 2^53-1",
                       hm_show(digits), start);
    return HM_OK;
}

/* RFC 8259 section 6. */
HM_MUST static hm_rc scan_number(struct scan *s, struct hm_err *e)
{
    const size_t start = s->at;
    bool is_integer = peek(s) != '-';
    size_t digits = 0;

    if (!is_integer)
        s->at++;
    digits = scan_digits(s);
    if (digits == 0 || (digits > 1 && s->text.p[s->at - digits] == '0'))
        return fail_at(s, start, "json.syntax", "expected a value", e);
    if (peek(s) == '.') {
        is_integer = false;
        s->at++;
        if (scan_digits(s) == 0)
            return fail_at(s, start, "json.syntax",
                           "number without digits behind its point", e);
    }
    if ((peek(s) | 0x20) == 'e') {
        is_integer = false;
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (scan_digits(s) == 0)
            return fail_at(s, start, "json.syntax",
                           "number without digits in its exponent", e);
    }
    return check_integer(s, start, is_integer, e);
}

HM_MUST static hm_rc scan_word(struct scan *s, const char *word,
                               struct hm_err *e)
{
    const size_t n = strlen(word);

    if (s->text.n - s->at < n || memcmp(s->text.p + s->at, word, n) != 0)
        return fail_at(s, s->at, "json.syntax", "expected a value", e);
    s->at += n;
    return HM_OK;
}

HM_MUST static hm_rc open_level(struct scan *s, struct hm_err *e)
{
    if (s->depth == HM_JSON_DEPTH_MAX)
        return hm_fail(e, HM_E_LIMIT, "json.depth",
                       "nested deeper than %d at byte %zu", HM_JSON_DEPTH_MAX,
                       s->at);
    s->level[s->depth++] = (struct level){.is_object = peek(s) == '{',
                                          .first_name = s->names_n,
                                          .first_decoded = s->decoded.n};
    s->at++;
    return HM_OK;
}

static struct hm_bytes name_view(const struct scan *s, const struct name *name)
{
    return (struct hm_bytes){
        (name->decoded ? s->decoded.p : s->text.p) + name->at, name->n};
}

static int by_name(const void *a, const void *b, void *scan)
{
    const struct hm_bytes x = name_view(scan, a);
    const struct hm_bytes y = name_view(scan, b);
    const int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

/* Sorting finds duplicates in n log n, whatever an attacker chose as names. */
HM_MUST static hm_rc close_level(struct scan *s, struct hm_err *e)
{
    const struct level *l = &s->level[--s->depth];
    const size_t n = s->names_n - l->first_name;

    if (l->is_object && n > 1) {
        struct name *names = s->names + l->first_name;

        qsort_r(names, n, sizeof(*names), by_name, s);
        for (size_t i = 1; i < n; i++)
            if (by_name(&names[i - 1], &names[i], s) == 0)
                return hm_fail(e, HM_E_FORMAT, "json.duplicate",
                               "name '%s' stands twice in the object that "
                               "ends at byte %zu",
                               hm_show(name_view(s, &names[i])), s->at);
    }
    s->names_n = l->first_name;
    s->decoded.n = l->first_decoded;
    s->at++;
    return HM_OK;
}

HM_MUST static hm_rc add_name(struct scan *s, struct name name,
                              struct hm_err *e)
{
    const size_t cap = s->names_cap == 0 ? 32 : s->names_cap * 2;
    struct name *p = NULL;

    if (s->names_n == MEMBERS_MAX)
        return hm_fail(e, HM_E_LIMIT, "json.size",
                       "more than %u members open at byte %zu", MEMBERS_MAX,
                       s->at);
    if (s->names_n == s->names_cap) {
        p = reallocarray(s->names, cap, sizeof(*p));
        if (p == NULL)
            return hm_fail(e, HM_E_NOMEM, "base.json.nomem",
                           "out of memory for %zu names", cap);
        s->names = p;
        s->names_cap = cap;
    }
    s->names[s->names_n++] = name;
    return HM_OK;
}

/* `"name" :`; decoded a second time only when it has escapes. */
HM_MUST static hm_rc scan_name(struct scan *s, struct hm_err *e)
{
    const size_t start = s->at;
    struct name name = {.at = start + 1};
    bool has_escape = false;

    if (peek(s) != '"')
        return fail_at(s, s->at, "json.syntax", "expected a name in quotes", e);
    HM_TRY(scan_string(s, NULL, &has_escape, e));
    name.n = s->at - start - 2;
    if (has_escape) {
        name = (struct name){.at = s->decoded.n, .decoded = true};
        s->at = start;
        HM_TRY(scan_string(s, &s->decoded, &has_escape, e));
        name.n = s->decoded.n - name.at;
    }
    HM_TRY(add_name(s, name, e));
    skip_blanks(s);
    if (peek(s) != ':')
        return fail_at(s, s->at, "json.syntax", "expected ':'", e);
    s->at++;
    return HM_OK;
}

/* One value; an object or array is only opened. */
HM_MUST static hm_rc scan_value(struct scan *s, bool *opened, struct hm_err *e)
{
    bool has_escape = false;

    *opened = false;
    switch (peek(s)) {
    case '{':
    case '[':
        *opened = true;
        return open_level(s, e);
    case '"':
        return scan_string(s, NULL, &has_escape, e);
    case 't':
        return scan_word(s, "true", e);
    case 'f':
        return scan_word(s, "false", e);
    case 'n':
        return scan_word(s, "null", e);
    default:
        return scan_number(s, e);
    }
}

static bool at_closing(const struct scan *s)
{
    return s->depth > 0 &&
           peek(s) == (s->level[s->depth - 1].is_object ? '}' : ']');
}

/* Behind a value: close what ends here, then a comma or the end. */
HM_MUST static hm_rc scan_behind(struct scan *s, struct hm_err *e)
{
    skip_blanks(s);
    while (at_closing(s)) {
        HM_TRY(close_level(s, e));
        skip_blanks(s);
    }
    if (s->depth == 0)
        return HM_OK;
    if (peek(s) != ',')
        return fail_at(s, s->at, "json.syntax", "expected ',' or the end", e);
    s->at++;
    return HM_OK;
}

HM_MUST static hm_rc scan_document(struct scan *s, struct hm_err *e)
{
    bool opened = false;

    do {
        skip_blanks(s);
        if (!(opened && at_closing(s))) {
            if (s->depth > 0 && s->level[s->depth - 1].is_object)
                HM_TRY(scan_name(s, e));
            skip_blanks(s);
            HM_TRY(scan_value(s, &opened, e));
            if (opened)
                continue;
        }
        opened = false;
        HM_TRY(scan_behind(s, e));
    } while (s->depth > 0);
    if (s->at != s->text.n)
        return fail_at(s, s->at, "json.trailing", "bytes behind the document",
                       e);
    return HM_OK;
}

hm_rc hm_json_check(struct hm_bytes text, enum hm_json_kind kind, size_t max,
                    struct hm_err *e)
{
    SCAN_OWN s = {.text = text, .kind = kind, .decoded = HM_BUF_INIT(max)};

    if (text.n > max)
        return hm_fail(e, HM_E_LIMIT, "json.size",
                       "document of %zu bytes, at most %zu are allowed", text.n,
                       max);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        return fail_at(&s, 0, "json.bom", "byte-order mark", e);
    if (text.n == 0)
        return hm_fail(e, HM_E_FORMAT, "json.syntax", "document is empty");
    return scan_document(&s, e);
}
