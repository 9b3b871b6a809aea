/* Finding one's way in JSON that the strict reader accepted.  Every step stays
 * inside the text even if it had not been. */
#include "device_memory.h"
#include "device_priv.h"

/* The bytes of a string after unescaping, one at a time. */
struct chars {
    struct hm_device_bytes text; /* between the quotes */
    uint8_t more[4];             /* what is left of a \u escape, last first */
    unsigned n;
};

static void chars_begin(struct chars *c, struct hm_device_bytes quoted)
{
    memset(c, 0, sizeof(*c));
    if (quoted.n >= 2) {
        c->text.p = quoted.p + 1;
        c->text.n = quoted.n - 2;
    }
}

static uint32_t take_hex4(struct chars *c)
{
    uint32_t v = 0;
    unsigned i;

    for (i = 0; i < 4 && c->text.n > 0; i++, c->text.p++, c->text.n--) {
        const uint8_t digit = c->text.p[0];

        v = v << 4 | (digit <= '9' ? (uint32_t)(digit - '0')
                                   : ((uint32_t)(digit | 0x20) - 'a' + 10));
    }
    return v;
}

static void push_utf8(struct chars *c, uint32_t v)
{
    const unsigned more = v < 0x80 ? 0 : v < 0x800 ? 1 : v < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    unsigned i;

    for (i = 0; i < more; i++, v >>= 6)
        c->more[c->n++] = (uint8_t)(0x80 | (v & 0x3f));
    c->more[c->n++] = (uint8_t)(lead[more] | v);
}

/* Behind the backslash. */
static int take_escape(struct chars *c)
{
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    const uint8_t letter = c->text.n > 0 ? c->text.p[0] : 0;
    uint32_t v;
    size_t i;

    if (c->text.n == 0)
        return -1;
    c->text.p++;
    c->text.n--;
    for (i = 0; i < sizeof(letters) - 1; i++)
        if (letter == (uint8_t)letters[i])
            return meanings[i];
    if (letter != 'u')
        return letter;
    v = take_hex4(c);
    if (v >= 0xd800 && v <= 0xdbff && c->text.n >= 6) {
        c->text.p += 2;
        c->text.n -= 2;
        v = 0x10000 + ((v - 0xd800) << 10) + (take_hex4(c) - 0xdc00);
    }
    push_utf8(c, v);
    return c->more[--c->n];
}

/* The next byte, or -1 at the end. */
static int chars_next(struct chars *c)
{
    int byte;

    if (c->n > 0)
        return c->more[--c->n];
    if (c->text.n == 0)
        return -1;
    byte = c->text.p[0];
    c->text.p++;
    c->text.n--;
    return byte == '\\' ? take_escape(c) : byte;
}

bool device_same_string(struct hm_device_bytes a, struct hm_device_bytes b)
{
    struct chars x;
    struct chars y;
    int byte;

    chars_begin(&x, a);
    chars_begin(&y, b);
    do {
        byte = chars_next(&x);
        if (byte != chars_next(&y))
            return false;
    } while (byte >= 0);
    return true;
}

const char *device_string(struct hm_device_bytes value, char *to, size_t size,
                          size_t *n)
{
    struct chars c;
    int byte;

    *n = 0;
    to[0] = '\0';
    if (value.n < 2 || value.p[0] != '"')
        return "json.member.type";
    chars_begin(&c, value);
    while ((byte = chars_next(&c)) >= 0) {
        if (*n + 1 == size) {
            *n = 0;
            to[0] = '\0';
            return "json.member.long";
        }
        to[(*n)++] = (char)byte;
    }
    to[*n] = '\0';
    return device_yes;
}

/* --- values, members, elements -------------------------------------------- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_string(struct hm_device_bytes t, size_t at)
{
    for (at++; at < t.n && t.p[at] != '"'; at++)
        if (t.p[at] == '\\')
            at++;
    return at < t.n ? at + 1 : t.n;
}

static size_t skip_nested(struct hm_device_bytes t, size_t at)
{
    size_t depth = 0;

    do {
        const uint8_t c = t.p[at];

        if (c == '"') {
            at = skip_string(t, at);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        at++;
    } while (at < t.n && depth > 0);
    return at;
}

static size_t skip_value(struct hm_device_bytes t, size_t at)
{
    if (t.p[at] == '"')
        return skip_string(t, at);
    if (t.p[at] == '{' || t.p[at] == '[')
        return skip_nested(t, at);
    while (at < t.n && !is_blank(t.p[at]) && t.p[at] != ',' && t.p[at] != '}' &&
           t.p[at] != ']')
        at++;
    return at;
}

void device_walk_begin(struct device_walk *w, struct hm_device_bytes text)
{
    w->text = text;
    w->at = 1;
}

/* To the next byte that is neither blank nor `also`; false at the end. */
static bool advance(struct device_walk *w, uint8_t also)
{
    while (w->at < w->text.n &&
           (is_blank(w->text.p[w->at]) || w->text.p[w->at] == also))
        w->at++;
    return w->at < w->text.n && w->text.p[w->at] != '}' &&
           w->text.p[w->at] != ']';
}

static void take_value(struct device_walk *w, struct hm_device_bytes *value)
{
    const size_t end = skip_value(w->text, w->at);

    value->p = w->text.p + w->at;
    value->n = end - w->at;
    w->at = end;
}

bool device_walk_element(struct device_walk *w, struct hm_device_bytes *value)
{
    value->p = NULL;
    value->n = 0;
    if (!advance(w, ','))
        return false;
    take_value(w, value);
    return true;
}

bool device_walk_member(struct device_walk *w, struct hm_device_bytes *name,
                        struct hm_device_bytes *value)
{
    if (!device_walk_element(w, name) || !advance(w, ':'))
        return false;
    take_value(w, value);
    return true;
}

/* --- objects by table ------------------------------------------------------ */

static bool is_type(struct hm_device_bytes value, enum device_type type)
{
    const uint8_t c = value.p[0];

    switch (type) {
    case DEVICE_STRING:
        return c == '"';
    case DEVICE_NUMBER:
        return c >= '0' && c <= '9';
    case DEVICE_OBJECT:
        return c == '{';
    case DEVICE_ARRAY:
        return c == '[';
    case DEVICE_BOOL:
        return c == 't' || c == 'f';
    case DEVICE_ANY:
        break;
    }
    return true;
}

/* Does a name, with its quotes, start with x_? */
static bool is_own(struct hm_device_bytes name)
{
    struct chars c;
    int first;
    int second;

    chars_begin(&c, name);
    first = chars_next(&c);
    second = chars_next(&c);
    return first == 'x' && second == '_';
}

/* Longest name of a member that any table holds, and NUL. */
#define MEMBER_NAME 32

static const char *take_member(struct hm_device_bytes name,
                               struct hm_device_bytes value,
                               const struct device_member *table, size_t n,
                               struct hm_device_bytes *out)
{
    char text[MEMBER_NAME];
    size_t length;
    size_t i;

    /* Too long to be known, but it may still be somebody's own. */
    if (device_string(name, text, sizeof(text), &length) != device_yes)
        return is_own(name) ? device_yes : "json.member.unknown";
    for (i = 0; i < n; i++) {
        if (!device_text_equal(table[i].name, text))
            continue;
        out[i] = value;
        return is_type(value, table[i].type) ? device_yes : "json.member.type";
    }
    return is_own(name) ? device_yes : "json.member.unknown";
}

const char *device_object(struct hm_device_bytes object,
                          const struct device_member *table, size_t n,
                          struct hm_device_bytes *out)
{
    struct hm_device_bytes name;
    struct hm_device_bytes value;
    struct device_walk w;
    size_t i;

    memset(out, 0, n * sizeof(*out));
    if (object.n == 0 || object.p[0] != '{')
        return "json.member.type";
    device_walk_begin(&w, object);
    while (device_walk_member(&w, &name, &value))
        DEVICE_TRY(take_member(name, value, table, n, out));
    for (i = 0; i < n; i++)
        if (out[i].p == NULL && !table[i].optional)
            return "json.member.missing";
    return device_yes;
}

const char *device_array(struct hm_device_bytes array, size_t min, size_t max)
{
    struct hm_device_bytes value;
    struct device_walk w;
    size_t n = 0;

    if (array.n == 0 || array.p[0] != '[')
        return "json.member.type";
    device_walk_begin(&w, array);
    while (device_walk_element(&w, &value))
        n++;
    return n >= min && n <= max ? device_yes : "json.member.count";
}
