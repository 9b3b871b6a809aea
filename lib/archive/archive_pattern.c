/* The one dialect of patterns; hm_archive_input.h says it. */
#include "archive_priv.h"

/* A pattern without the slashes at its ends. */
struct parts {
    const char *p;
    const char *end;
    bool is_anchored; /* from the top; else a name at any depth */
    bool is_dir;      /* directories only */
};

static struct parts take_apart(const char *text)
{
    const size_t n = strlen(text);
    struct parts a = {text, text + n, false, false};

    a.is_anchored = text[0] == '/';
    a.p += a.is_anchored;
    a.is_dir = a.end > a.p && a.end[-1] == '/';
    a.end -= a.is_dir;
    a.is_anchored |= memchr(a.p, '/', (size_t)(a.end - a.p)) != NULL;
    return a;
}

static const char *segment_end(const char *p, const char *end)
{
    const char *slash = memchr(p, '/', (size_t)(end - p));

    return slash == NULL ? end : slash;
}

static bool is_stars(const char *p, const char *end)
{
    return end - p == 2 && p[0] == '*' && p[1] == '*';
}

/* --- one character ------------------------------------------------------------- */

/* The character at *s, which goes behind it; a byte that is no UTF-8 is one of
 * its own, equal to no other. */
static uint32_t take_character(const char **s)
{
    const size_t n = archive_utf8_length(*s);
    const uint8_t *at = (const uint8_t *)*s;
    uint32_t c = n < 2 ? at[0] : at[0] & (0x7fu >> n);

    *s += n == 0 ? 1 : n;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (at[i] & 0x3fu);
    return n == 0 ? 0x110000u + c : c;
}

static uint32_t take_escaped(const char **p)
{
    *p += **p == '\\';
    return take_character(p);
}

/* *p is behind the '['; it goes behind the ']'. */
static bool matches_set(const char **p, uint32_t c)
{
    const bool negated = **p == '!' || **p == '^';
    bool found = false;
    bool first = true;

    *p += negated;
    for (; first || **p != ']'; first = false) {
        const uint32_t low = take_escaped(p);
        uint32_t high = low;

        if ((*p)[0] == '-' && (*p)[1] != ']') {
            (*p)++;
            high = take_escaped(p);
        }
        found |= low <= c && c <= high;
    }
    (*p)++;
    return found != negated;
}

/* Does what *p says of one character hold of that at *s?  Both go on. */
static bool matches_one(const char **p, const char **s)
{
    const uint32_t c = take_character(s);

    switch (**p) {
    case '?':
        (*p)++;
        return true;
    case '[':
        (*p)++;
        return matches_set(p, c);
    default:
        return take_escaped(p) == c;
    }
}

/* --- one segment, one path ------------------------------------------------------- */

/* The last star takes one character more whenever what is behind it fails: that
 * is enough, and no name makes it slow. */
static bool matches_segment(const char *p, const char *p_end, const char *s,
                            const char *s_end)
{
    const char *star = NULL;
    const char *taken = NULL;

    while (s < s_end || p < p_end) {
        const char *next_p = p;
        const char *next_s = s;

        if (p < p_end && *p == '*') {
            star = ++p;
            taken = s;
            continue;
        }
        if (p < p_end && s < s_end && matches_one(&next_p, &next_s)) {
            p = next_p;
            s = next_s;
            continue;
        }
        if (star == NULL || taken == s_end)
            return false;
        (void)take_character(&taken);
        p = star;
        s = taken;
    }
    return true;
}

static const char *behind(const char *end_of_segment, const char *end)
{
    return end_of_segment < end ? end_of_segment + 1 : end;
}

/* The same with segments for characters and "**" for the star. */
static bool matches_path(const char *p, const char *p_end, const char *s,
                         const char *s_end)
{
    const char *stars = NULL;
    const char *taken = NULL;

    while (s < s_end) {
        const char *p_seg = segment_end(p, p_end);
        const char *s_seg = segment_end(s, s_end);

        if (is_stars(p, p_seg)) {
            if (p_seg == p_end)
                return true;
            stars = p = p_seg + 1;
            taken = s;
            continue;
        }
        if (p < p_end && matches_segment(p, p_seg, s, s_seg)) {
            p = behind(p_seg, p_end);
            s = behind(s_seg, s_end);
            continue;
        }
        if (stars == NULL)
            return false;
        taken = behind(segment_end(taken, s_end), s_end);
        p = stars;
        s = taken;
    }
    return p == p_end;
}

/* Does it match the first n bytes of path, a whole path? */
static bool matches(const char *text, const char *path, size_t n, bool is_dir)
{
    const struct parts a = take_apart(text);
    const char *end = path + n;
    const char *name = path;

    if (a.is_dir && !is_dir)
        return false;
    if (a.is_anchored)
        return matches_path(a.p, a.end, path, end);
    for (const char *c = path; c < end; c++)
        if (*c == '/')
            name = c + 1;
    return matches_segment(a.p, a.end, name, end);
}

bool hm_archive_pattern_matches(const char *text, const char *path, bool is_dir)
{
    return matches(text, path, strlen(path), is_dir);
}

/* --- all of them ------------------------------------------------------------------ */

static bool matches_above(const char *text, const char *path)
{
    for (const char *c = strchr(path, '/'); c != NULL; c = strchr(c + 1, '/'))
        if (matches(text, path, (size_t)(c - path), true))
            return true;
    return false;
}

struct archive_choice archive_patterns_judge(const struct hm_archive_options *o,
                                             const char *path, bool is_dir)
{
    struct archive_choice choice = {true, true};
    bool is_include_left = false;
    size_t decider = o->patterns_n;

    for (size_t i = o->patterns_n; i-- > 0;) {
        struct hm_archive_pattern *p = &o->patterns[i];
        const bool hit = hm_archive_pattern_matches(p->text, path, is_dir);

        p->hits += hit;
        if (decider < o->patterns_n)
            continue; /* only counted */
        if (hit || matches_above(p->text, path))
            decider = i;
        else
            is_include_left |= p->is_include;
    }
    if (o->patterns_n == 0)
        return choice;
    choice.is_chosen = decider < o->patterns_n ? o->patterns[decider].is_include
                                               : !o->patterns[0].is_include;
    choice.may_hold = choice.is_chosen || (is_dir && is_include_left);
    return choice;
}

/* --- is it a pattern? ------------------------------------------------------------- */

HM_MUST static hm_rc bad(const char *text, const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_USAGE, "archive.pattern.syntax", "pattern '%s' %s",
                   hm_show_str(text), why);
}

/* An escaped or plain character of a set: something must be there. */
static bool skip_in_set(const char **p, const char *end)
{
    if (*p < end && **p == '\\')
        (*p)++;
    if (*p == end)
        return false;
    (void)take_character(p);
    return true;
}

/* @return what is wrong with the set behind whose '[' *p is; NULL: nothing */
static const char *check_set(const char **p, const char *end)
{
    bool first = true;

    *p += *p < end && (**p == '!' || **p == '^');
    for (; *p < end && (first || **p != ']'); first = false) {
        const char *low = *p;
        const char *high = NULL;

        if (end - *p > 1 && (*p)[0] == '[' && strchr(":.=", (*p)[1]) != NULL)
            return "holds a class like [:alpha:], which is not known here";
        if (!skip_in_set(p, end))
            break;
        if (end - *p < 2 || (*p)[0] != '-' || (*p)[1] == ']')
            continue;
        high = ++*p;
        if (!skip_in_set(p, end))
            break;
        if (take_escaped(&high) < take_escaped(&low))
            return "holds a range that ends before it begins";
    }
    if (*p >= end)
        return "holds a '[' without its ']'";
    (*p)++;
    return NULL;
}

static const char *check_segment(const char *p, const char *end)
{
    const char *why = NULL;

    if (p == end)
        return "has an empty segment";
    if ((end - p == 1 && p[0] == '.') ||
        (end - p == 2 && p[0] == '.' && p[1] == '.'))
        return "has a segment '.' or '..', which no member has";
    if (is_stars(p, end))
        return NULL;
    while (p < end && why == NULL) {
        if (p[0] == '*' && end - p > 1 && p[1] == '*')
            return "has '**' beside something else: it must be all of a "
                   "segment";
        if (*p == '[') {
            p++;
            why = check_set(&p, end);
            continue;
        }
        if (*p == '\\' && ++p == end)
            return "ends a segment with '\\'";
        (void)take_character(&p);
    }
    return why;
}

hm_rc hm_archive_pattern_check(const char *text, struct hm_err *e)
{
    const struct parts a = take_apart(text);
    const char *p = a.p;

    if (strlen(text) > HM_ARCHIVE_PATH_MAX)
        return bad(text, "is longer than any path", e);
    if (text[0] == '!')
        return hm_hint(e, bad(text, "begins with '!'", e),
                       "give what is to be packed after all with --include, or "
                       "write \\! for a name that begins so");
    for (;;) {
        const char *end = segment_end(p, a.end);
        const char *why = check_segment(p, end);

        if (why != NULL)
            return bad(text, why, e);
        if (end == a.end)
            return HM_OK;
        p = end + 1;
    }
}
