#include <stdio.h>
#include <stdlib.h>

#include "archive_priv.h"

#define CAUSES HM_ARCHIVE_CAUSES_MAX

/* What usually makes two archives of one source differ in a field, the
 * likeliest first. */
static const struct {
    const char *field;
    const char *cause[CAUSES];
} by_field[] = {
    {"mtime",
     {"another SOURCE_DATE_EPOCH, or another commit checked out",
      "a writer that keeps the time of each file"}},
    {"mode",
     {"another umask where the tree was made",
      "a writer that keeps all permissions",
      "a copy or checkout that lost the executable bit"}},
    {"uid", {"a writer that records the user who packed"}},
    {"gid", {"a writer that records the group of who packed"}},
    {"owner names", {"a writer that records the user who packed"}},
    {"extended attributes",
     {"a writer that keeps them, such as --xattrs keep",
      "a file system or a copy that lost them",
      "a capability or an ACL that only one build set"}},
    {"order",
     {"a writer that takes the order in which the file system lists",
      "names sorted by another locale"}},
    {"target",
     {"a link made with the path of the build in it", "another source"}},
    {"size",
     {"another source, compiler or option",
      "a path, user or host name of another length in the file",
      "a build that puts things in an order of its own: threads, hash tables"}},
    {"content",
     {"another source, compiler or option", "the time of the build in the file",
      "the path of the build, a user or a host name in the file",
      "a build that puts things in an order of its own: threads, hash tables",
      "another time zone or locale while building"}},
    {"presence",
     {"a file that only one of the builds made or left: cache, log, test",
      "another commit checked out"}},
    {"kind",
     {"a copy that made a file of a link, or the other way",
      "another commit checked out"}},
    {"tar encoding", {"another tar format or writer"}},
    {"compressed data",
     {"another compressor, or another version of it",
      "another level or size of blocks"}},
    {"compression", {"one is compressed and the other is not"}},
    {"gzip mtime", {"a gzip that records the time: gzip -n does not"}},
    {"gzip flags", {"a gzip that records the name: gzip -n does not"}},
    {"gzip level", {"another level of compression"}},
    {"gzip os", {"a gzip of another system or library"}},
};

void archive_causes_find(struct hm_archive_difference *d)
{
    static const char *const other[CAUSES] = {"a gzip that records more"};
    const char *const *from = other;

    for (size_t i = 0; i < sizeof(by_field) / sizeof(*by_field); i++)
        if (strcmp(by_field[i].field, d->field) == 0)
            from = by_field[i].cause;
    memcpy(d->cause, from, sizeof(d->cause));
}

/* It becomes the likeliest; the least likely gives way. */
static void put_first(struct hm_archive_difference *d, const char *cause)
{
    memmove(&d->cause[1], &d->cause[0], (CAUSES - 1) * sizeof(d->cause[0]));
    d->cause[0] = cause;
}

void archive_causes_time(struct hm_archive_difference *d, int64_t a, int64_t b)
{
    const int64_t quarter = 900;
    const int64_t most = (int64_t)26 * 3600;
    const int64_t by = a > b ? a - b : b - a;

    if (a >= 0 && b >= 0 && by != 0 && by <= most && by % quarter == 0)
        put_first(d, "another time zone: the times are whole quarters of an "
                     "hour apart");
}

/* ---- the content around the difference ---- */

/* The text in which byte @p at lies: printable, at most 24 bytes each way. */
static struct hm_bytes text_around(struct hm_bytes in, size_t at)
{
    const size_t reach = 24;
    size_t from = at;
    size_t to = at;

    while (from > 0 && at - from < reach && in.p[from - 1] >= ' ' &&
           in.p[from - 1] < 0x7f)
        from--;
    while (to < in.n && to - at < reach && in.p[to] >= ' ' && in.p[to] < 0x7f)
        to++;
    return (struct hm_bytes){in.p + from, to - from};
}

static size_t count_in(struct hm_bytes text, const char *set)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += strchr(set, text.p[i]) != NULL;
    return n;
}

static bool holds(struct hm_bytes text, const char *word)
{
    return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

static bool is_a_date(struct hm_bytes text)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    const size_t digits = count_in(text, "0123456789");

    for (size_t i = 0; i < 12; i++)
        if (digits >= 3 && holds(text, months[i]))
            return true;
    return digits >= 4 && count_in(text, ":-") >= 2;
}

static bool is_a_path(struct hm_bytes text)
{
    return count_in(text, "/") >= 2;
}

/* A hex number so long is the digest of something. */
static bool is_a_digest(struct hm_bytes text)
{
    return text.n >= 24 && count_in(text, "0123456789abcdef") == text.n;
}

static void guess(struct hm_archive_difference *d, struct hm_bytes in,
                  size_t at, uint64_t offset)
{
    const struct hm_bytes text = text_around(in, at);

    if (offset >= 4 && offset < 8 && at >= offset &&
        memcmp(in.p + (at - offset), "\x1f\x8b", 2) == 0)
        put_first(d, "a gzip in it that records the time: gzip -n does not");
    else if (is_a_digest(text))
        put_first(d, "a digest or build id in the file, of something that "
                     "differs: look for that");
    else if (is_a_date(text))
        put_first(d, "the time of the build in the file");
    else if (is_a_path(text))
        put_first(d, "the path of the build in the file");
}

void archive_show_byte(char out[static HM_SHOW_MAX], struct hm_bytes in,
                       size_t i, uint64_t at)
{
    if (i < in.n)
        (void)snprintf(out, HM_SHOW_MAX, "0x%02x at byte %llu", in.p[i],
                       (unsigned long long)at);
    else
        (void)snprintf(out, HM_SHOW_MAX, "nothing at byte %llu",
                       (unsigned long long)at);
}

/* The byte, and the text in which it lies if that is some. */
static void show(char out[static HM_SHOW_MAX], struct hm_bytes in, size_t i,
                 uint64_t at)
{
    const struct hm_bytes text = text_around(in, i < in.n ? i : in.n);
    size_t n;

    archive_show_byte(out, in, i, at);
    n = strlen(out);
    if (text.n >= 4)
        (void)snprintf(out + n, HM_SHOW_MAX - n, ", in '%s'", hm_show(text));
}

void hm_archive_explain_content(struct hm_archive_difference *d,
                                struct hm_bytes a, struct hm_bytes b, size_t at,
                                uint64_t base)
{
    (void)snprintf(d->field, sizeof(d->field), "content");
    archive_causes_find(d);
    guess(d, at < a.n ? a : b, at, base + at);
    show(d->a, a, at, base + at);
    show(d->b, b, at, base + at);
}
