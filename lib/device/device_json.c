/* The strict reader: one pass, no recursion, no memory but a small stack. */
#include "device_memory.h"
#include "device_priv.h"

#define DEPTH_MAX 64u

const char device_yes[] = "yes";

struct scan {
    struct hm_device_bytes text;
    size_t at;
    unsigned depth;
    uint64_t objects;        /* bit i: level i is an object */
    size_t start[DEPTH_MAX]; /* where each level's bracket is */
};

/* 0 stands for the end; a real NUL is nowhere allowed either. */
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

static bool in_object(const struct scan *s)
{
    return s->depth > 0 && (s->objects >> (s->depth - 1) & 1) != 0;
}

static const char *read_hex4(struct scan *s, uint32_t *out)
{
    unsigned i;

    *out = 0;
    for (i = 0; i < 4; i++, s->at++) {
        const uint8_t c = peek(s);
        const uint8_t low = (uint8_t)(c | 0x20);

        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            *out = *out << 4 | (uint32_t)(low - 'a' + 10);
        else
            return "json.syntax";
    }
    return device_yes;
}

/* Behind "\u". */
static const char *scan_unicode(struct scan *s)
{
    uint32_t c = 0;

    DEVICE_TRY(read_hex4(s, &c));
    if (c == 0)
        return "json.nul";
    if (c < 0xd800 || c > 0xdfff)
        return device_yes;
    if (c > 0xdbff || peek(s) != '\\')
        return "json.surrogate";
    s->at++;
    if (peek(s) != 'u')
        return "json.surrogate";
    s->at++;
    DEVICE_TRY(read_hex4(s, &c));
    return c >= 0xdc00 && c <= 0xdfff ? device_yes : "json.surrogate";
}

static const char *scan_escape(struct scan *s)
{
    static const char letters[] = "\"\\/bfnrt";
    size_t i;

    s->at++;
    if (peek(s) == 'u') {
        s->at++;
        return scan_unicode(s);
    }
    for (i = 0; i < sizeof(letters) - 1; i++) {
        if (peek(s) != (uint8_t)letters[i])
            continue;
        s->at++;
        return device_yes;
    }
    return "json.syntax";
}

/* RFC 3629, table 3-7 of Unicode: what may stand second decides the rest. */
static const char *scan_utf8(struct scan *s)
{
    const uint8_t first = peek(s);
    unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    uint8_t low = 0x80;
    uint8_t high = 0xbf;

    if (first < 0xc2 || first > 0xf4)
        return "json.utf8";
    if (first == 0xe0)
        low = 0xa0;
    if (first == 0xed)
        high = 0x9f;
    if (first == 0xf0)
        low = 0x90;
    if (first == 0xf4)
        high = 0x8f;
    for (s->at++; more > 0; more--, s->at++) {
        if (peek(s) < low || peek(s) > high)
            return "json.utf8";
        low = 0x80;
        high = 0xbf;
    }
    return device_yes;
}

static const char *scan_string(struct scan *s)
{
    for (s->at++; s->at < s->text.n && peek(s) != '"';) {
        const uint8_t c = peek(s);

        if (c == '\\')
            DEVICE_TRY(scan_escape(s));
        else if (c >= 0x80)
            DEVICE_TRY(scan_utf8(s));
        else if (c < 0x20)
            return c == 0 ? "json.nul" : "json.syntax";
        else
            s->at++;
    }
    if (s->at == s->text.n)
        return "json.syntax";
    s->at++;
    return device_yes;
}

static size_t scan_digits(struct scan *s)
{
    const size_t start = s->at;

    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at - start;
}

/* A number that RFC 8259 knows and we do not take is told apart from one that
 * is none. */
static const char *scan_number(struct scan *s)
{
    const size_t start = s->at;
    bool is_plain = peek(s) != '-';
    struct hm_device_bytes digits;
    uint64_t v = 0;

    s->at += is_plain ? 0 : 1;
    digits.p = s->text.p + s->at;
    digits.n = scan_digits(s);
    if (digits.n == 0 || (digits.n > 1 && digits.p[0] == '0'))
        return "json.syntax";
    if (peek(s) == '.') {
        s->at++;
        if (scan_digits(s) == 0)
            return "json.syntax";
    }
    if ((peek(s) | 0x20) == 'e') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (scan_digits(s) == 0)
            return "json.syntax";
    }
    if (!is_plain || s->at != start + digits.n)
        return "json.number";
    return device_uint(digits, DEVICE_INT_MAX, &v) == device_yes
               ? device_yes
               : "json.number.range";
}

static const char *scan_literal(struct scan *s, const char *word)
{
    for (; *word != '\0'; word++, s->at++)
        if (peek(s) != (uint8_t)*word)
            return "json.syntax";
    return device_yes;
}

static const char *open_level(struct scan *s)
{
    if (s->depth == DEPTH_MAX)
        return "json.depth";
    s->start[s->depth] = s->at;
    s->objects &= ~((uint64_t)1 << s->depth);
    if (peek(s) == '{')
        s->objects |= (uint64_t)1 << s->depth;
    s->depth++;
    s->at++;
    return device_yes;
}

/* Was the name already there?  What lies between the bracket and the name is
 * whole members, so it can be walked. */
static bool is_duplicate(const struct scan *s, struct hm_device_bytes name)
{
    const size_t start = s->start[s->depth - 1];
    struct hm_device_bytes before;
    struct hm_device_bytes other;
    struct hm_device_bytes value;
    struct device_walk w;

    before.p = s->text.p + start;
    before.n = (size_t)(name.p - before.p);
    device_walk_begin(&w, before);
    while (device_walk_member(&w, &other, &value))
        if (device_same_string(name, other))
            return true;
    return false;
}

static const char *scan_name(struct scan *s)
{
    struct hm_device_bytes name;

    name.p = s->text.p + s->at;
    if (peek(s) != '"')
        return "json.syntax";
    DEVICE_TRY(scan_string(s));
    name.n = (size_t)(s->text.p + s->at - name.p);
    if (is_duplicate(s, name))
        return "json.duplicate";
    skip_blanks(s);
    if (peek(s) != ':')
        return "json.syntax";
    s->at++;
    skip_blanks(s);
    return device_yes;
}

static const char *scan_value(struct scan *s)
{
    switch (peek(s)) {
    case '{':
    case '[':
        return open_level(s);
    case '"':
        return scan_string(s);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    default:
        return scan_number(s);
    }
}

static bool at_closing(const struct scan *s)
{
    return s->depth > 0 && peek(s) == (in_object(s) ? '}' : ']');
}

/* Close what ends here; then a comma, or the end of the document. */
static const char *scan_behind(struct scan *s)
{
    skip_blanks(s);
    while (at_closing(s)) {
        s->depth--;
        s->at++;
        skip_blanks(s);
    }
    if (s->depth == 0)
        return device_yes;
    if (peek(s) != ',')
        return "json.syntax";
    s->at++;
    skip_blanks(s);
    return device_yes;
}

static const char *scan_document(struct scan *s)
{
    skip_blanks(s);
    do {
        const unsigned depth = s->depth;

        if (in_object(s))
            DEVICE_TRY(scan_name(s));
        DEVICE_TRY(scan_value(s));
        skip_blanks(s);
        if (s->depth > depth && !at_closing(s))
            continue;
        DEVICE_TRY(scan_behind(s));
    } while (s->depth > 0);
    return s->at == s->text.n ? device_yes : "json.trailing";
}

const char *hm_device_json(struct hm_device_bytes text)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    struct scan s;

    memset(&s, 0, sizeof(s));
    s.text = text;
    if (text.n >= sizeof(mark) && memcmp(text.p, mark, sizeof(mark)) == 0)
        return "json.bom";
    return scan_document(&s);
}
