#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive_priv.h"

#define CHUNK ((size_t)64 * 1024)

static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;

/* Two of everything; the buffer's second half is for B. */
struct pair {
    const struct hm_file *file[2];
    struct archive_stream stream[2];
    struct hm_archive_reader reader[2];
    const struct hm_archive_member *m[2];
    uint8_t *chunk; /* owned, 2 * CHUNK */
    char *path[2];  /* owned; NULL or the name of a member at the difference */
    struct hm_archive_difference *d;
};

#define PAIR_INIT                                                   \
    {                                                               \
        .stream = {ARCHIVE_STREAM_INIT, ARCHIVE_STREAM_INIT},       \
        .reader = {HM_ARCHIVE_READER_INIT, HM_ARCHIVE_READER_INIT}, \
        .chunk = NULL                                               \
    }

static void pair_clear(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        archive_stream_clear(&p->stream[i]);
        hm_archive_reader_clear(&p->reader[i]);
    }
    free(p->path[0]);
    free(p->path[1]);
    free(p->chunk);
    *p = (struct pair)PAIR_INIT;
}

HM_MUST static hm_rc about(unsigned i, hm_rc rc, struct hm_err *e)
{
    return hm_context(e, rc, "%s", i == 0 ? "A" : "B");
}

static void say_cause(struct hm_archive_difference *d)
{
    static const struct {
        const char *field;
        const char *cause;
    } causes[] = {
        {"mtime", "another SOURCE_DATE_EPOCH"},
        {"mode", "other permissions in the trees, or a writer that keeps them"},
        {"uid", "a writer that records the user who packed"},
        {"gid", "a writer that records the user who packed"},
        {"owner names", "a writer that records the user who packed"},
        {"order", "a writer that takes the order of the directory or locale"},
        {"target", "a link made with another path"},
        {"size", "another source, or a build that is not reproducible"},
        {"content", "another source, or a build that puts a time, a path or an "
                    "order into the file"},
        {"presence", "the trees held other files"},
        {"kind", "the trees held other files"},
        {"tar encoding", "another tar format or writer"},
        {"compressed data",
         "another compressor, version of it, level or block size"},
        {"compression", "one is compressed and the other is not"},
    };

    (void)snprintf(d->cause, sizeof(d->cause), "a gzip that records more");
    for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
        if (strcmp(causes[i].field, d->field) == 0)
            (void)snprintf(d->cause, sizeof(d->cause), "%s", causes[i].cause);
}

static void name_field(struct hm_archive_difference *d, const char *member,
                       const char *field)
{
    (void)snprintf(d->field, sizeof(d->field), "%s", field);
    (void)hm_show_into(d->member, hm_bytes_str(member));
    say_cause(d);
}

static void show_byte(char out[static HM_SHOW_MAX], const uint8_t *p,
                      size_t got, size_t i, uint64_t at)
{
    if (i < got)
        (void)snprintf(out, HM_SHOW_MAX, "0x%02x at byte %llu", p[i],
                       (unsigned long long)at);
    else
        (void)snprintf(out, HM_SHOW_MAX, "nothing at byte %llu",
                       (unsigned long long)at);
}

static size_t first_difference(const struct pair *p, const size_t got[2])
{
    const size_t n = got[0] < got[1] ? got[0] : got[1];
    size_t i = 0;

    if (memcmp(p->chunk, p->chunk + CHUNK, n) == 0)
        return n;
    while (p->chunk[i] == p->chunk[CHUNK + i])
        i++;
    return i;
}

/* Says where, if the two chunks differ.  @param base  offset of both */
static bool chunks_differ(const struct pair *p, const size_t got[2],
                          uint64_t base)
{
    const size_t i = first_difference(p, got);

    if (i == got[0] && i == got[1])
        return false;
    p->d->offset = base + i;
    show_byte(p->d->a, p->chunk, got[0], i, base + i);
    show_byte(p->d->b, p->chunk + CHUNK, got[1], i, base + i);
    return true;
}

/* Are the two tars the same bytes? */
HM_MUST static hm_rc compare_tars(struct pair *p, bool *same, struct hm_err *e)
{
    size_t got[2] = {0, 0};
    uint64_t base = 0;

    *same = true;
    for (unsigned i = 0; i < 2; i++)
        HM_TRY(about(i,
                     archive_stream_open(&p->stream[i], p->file[i], HM_LIT(""),
                                         limits.bytes_max, e),
                     e));
    do {
        base += got[0];
        for (unsigned i = 0; i < 2; i++)
            HM_TRY(
                about(i,
                      archive_stream_read(&p->stream[i], p->chunk + i * CHUNK,
                                          CHUNK, &got[i], e),
                      e));
        *same = !chunks_differ(p, got, base);
    } while (*same && got[0] > 0);
    return HM_OK;
}

static void name_compression(struct pair *p)
{
    static const char *const header[] = {
        "gzip magic", "gzip magic", "gzip method", "gzip flags", "gzip mtime",
        "gzip mtime", "gzip mtime", "gzip mtime",  "gzip level", "gzip os"};
    const uint64_t at = p->d->offset;

    if (p->stream[0].gzip != p->stream[1].gzip) {
        name_field(p->d, "", "compression");
        for (unsigned i = 0; i < 2; i++)
            (void)snprintf(i == 0 ? p->d->a : p->d->b, HM_SHOW_MAX, "%s",
                           p->stream[i].gzip ? "gzip" : "none");
        return;
    }
    name_field(p->d, "",
               at < sizeof(header) / sizeof(*header) ? header[at]
                                                     : "compressed data");
}

/* The tars are the same: are the files? */
HM_MUST static hm_rc compare_files(struct pair *p, struct hm_err *e)
{
    size_t got[2] = {0, 0};
    uint64_t base = 0;

    for (unsigned i = 0; i < 2; i++)
        if (lseek(p->file[i]->fd, 0, SEEK_SET) < 0)
            return about(i, hm_fail_errno(e, "base.file.read", "cannot rewind"),
                         e);
    do {
        base += got[0];
        for (unsigned i = 0; i < 2; i++)
            HM_TRY(about(i,
                         hm_file_read(p->file[i], p->chunk + i * CHUNK, CHUNK,
                                      &got[i], e),
                         e));
        if (chunks_differ(p, got, base)) {
            p->d->verdict = HM_ARCHIVE_SAME_CONTENT;
            name_compression(p);
            return HM_OK;
        }
    } while (got[0] > 0);
    return HM_OK;
}

HM_MUST static hm_rc next(struct pair *p, unsigned i, struct hm_err *e)
{
    return about(i, hm_archive_next(&p->reader[i], &p->m[i], e), e);
}

/* Is there a member of this name from here on? */
HM_MUST static hm_rc find_later(struct pair *p, unsigned i, const char *path,
                                bool *found, struct hm_err *e)
{
    *found = false;
    while (p->m[i] != NULL && !*found) {
        *found = strcmp(p->m[i]->path, path) == 0;
        HM_TRY(next(p, i, e));
    }
    return HM_OK;
}

/* Looking further on overwrites what the readers show. */
HM_MUST static hm_rc keep_paths(struct pair *p, struct hm_err *e)
{
    for (unsigned i = 0; i < 2; i++) {
        if (p->m[i] == NULL)
            continue;
        p->path[i] = strdup(p->m[i]->path);
        if (p->path[i] == NULL)
            return hm_fail(e, HM_E_NOMEM, "archive.memory",
                           "out of memory for comparing");
    }
    return HM_OK;
}

/* @param i  the archive that has the member: 0 A, 1 B */
static void name_presence(struct pair *p, unsigned i)
{
    name_field(p->d, p->path[i], "presence");
    (void)snprintf(p->d->a, HM_SHOW_MAX, "%s", i == 0 ? "there" : "not there");
    (void)snprintf(p->d->b, HM_SHOW_MAX, "%s", i == 1 ? "there" : "not there");
}

HM_MUST static hm_rc differ_in_names(struct pair *p, struct hm_err *e)
{
    bool later[2] = {false, false};

    p->d->offset = (p->m[0] != NULL ? p->m[0] : p->m[1])->offset;
    HM_TRY(keep_paths(p, e));
    if (p->path[0] == NULL || p->path[1] == NULL) { /* one is at its end */
        name_presence(p, p->path[0] == NULL ? 1 : 0);
        return HM_OK;
    }
    for (unsigned i = 0; i < 2; i++)
        HM_TRY(find_later(p, 1 - i, p->path[i], &later[i], e));
    if (later[0] && later[1]) {
        name_field(p->d, p->path[0], "order");
        (void)hm_show_into(p->d->a, hm_bytes_str(p->path[0]));
        (void)hm_show_into(p->d->b, hm_bytes_str(p->path[1]));
        return HM_OK;
    }
    name_presence(p, later[0] ? 1 : 0);
    return HM_OK;
}

/* One member's fields as text, in the order in which they are compared. */
#define FIELDS 8u
struct fields {
    char text[FIELDS][HM_SHOW_MAX];
    const char *raw[FIELDS]; /* what text was shown from; NULL: text is all */
};

static const char *const field_names[FIELDS] = {
    "kind", "target", "mode", "size", "mtime", "uid", "gid", "owner names"};

__attribute__((format(printf, 3, 4))) static void
put(struct fields *f, unsigned i, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->text[i], sizeof(f->text[i]), fmt, ap);
    va_end(ap);
}

static void describe(const struct hm_archive_member *m, struct fields *f)
{
    char time[HM_TIME_TEXT] = "";

    memset(f->raw, 0, sizeof(f->raw));
    put(f, 0, "%s", hm_archive_kind_name(m->kind));
    put(f, 1, "%s", hm_show_str(m->target));
    f->raw[1] = m->target;
    put(f, 2, "%04o", m->mode);
    put(f, 3, "%llu", (unsigned long long)m->size);
    put(f, 4, "%lld (%s)", (long long)m->mtime,
        m->mtime >= 0 && m->mtime <= HM_TIME_MAX
            ? hm_time_format(m->mtime, time)
            : "no date");
    put(f, 5, "%llu", (unsigned long long)m->uid);
    put(f, 6, "%llu", (unsigned long long)m->gid);
    put(f, 7, "%s:%s", hm_show_str(m->uname), hm_show_str(m->gname));
}

static bool fields_differ(struct pair *p)
{
    struct fields f[2];

    describe(p->m[0], &f[0]);
    describe(p->m[1], &f[1]);
    for (unsigned i = 0; i < FIELDS; i++) {
        if (strcmp(f[0].text[i], f[1].text[i]) == 0 &&
            (f[0].raw[i] == NULL || strcmp(f[0].raw[i], f[1].raw[i]) == 0))
            continue;
        p->d->offset = p->m[0]->offset;
        name_field(p->d, p->m[0]->path, field_names[i]);
        memcpy(p->d->a, f[0].text[i], HM_SHOW_MAX);
        memcpy(p->d->b, f[1].text[i], HM_SHOW_MAX);
        return true;
    }
    return false;
}

HM_MUST static hm_rc contents_differ(struct pair *p, bool *differ,
                                     struct hm_err *e)
{
    size_t got[2] = {0, 0};
    uint64_t base = 0;

    *differ = false;
    do {
        base += got[0];
        for (unsigned i = 0; i < 2; i++)
            HM_TRY(about(i,
                         hm_archive_read(&p->reader[i], p->chunk + i * CHUNK,
                                         CHUNK, &got[i], e),
                         e));
        *differ = chunks_differ(p, got, base);
    } while (!*differ && got[0] > 0);
    if (*differ) {
        name_field(p->d, p->m[0]->path, "content");
        p->d->offset = p->m[0]->offset;
    }
    return HM_OK;
}

HM_MUST static hm_rc compare_member(struct pair *p, bool *differ,
                                    struct hm_err *e)
{
    *differ = true;
    if (p->m[0] == NULL || p->m[1] == NULL ||
        strcmp(p->m[0]->path, p->m[1]->path) != 0)
        return differ_in_names(p, e);
    if (fields_differ(p))
        return HM_OK;
    return contents_differ(p, differ, e);
}

HM_MUST static hm_rc open_readers(struct pair *p, struct hm_err *e)
{
    for (unsigned i = 0; i < 2; i++)
        HM_TRY(about(i, hm_archive_open(&p->reader[i], p->file[i], &limits, e),
                     e));
    return HM_OK;
}

HM_MUST static hm_rc next_pair(struct pair *p, struct hm_err *e)
{
    HM_TRY(next(p, 0, e));
    return next(p, 1, e);
}

/* The tars differ: what would a person call the first difference? */
HM_MUST static hm_rc compare_members(struct pair *p, struct hm_err *e)
{
    const uint64_t raw_offset = p->d->offset;
    char member[HM_SHOW_MAX] = "";
    bool differ = false;

    HM_TRY(open_readers(p, e));
    HM_TRY(next_pair(p, e));
    while (p->m[0] != NULL || p->m[1] != NULL) {
        HM_TRY(compare_member(p, &differ, e));
        if (differ)
            break;
        if (p->m[0]->offset <= raw_offset)
            (void)hm_show_into(member, hm_bytes_str(p->m[0]->path));
        HM_TRY(next_pair(p, e));
    }
    p->d->verdict =
        differ ? HM_ARCHIVE_DIFFERENT_MEMBERS : HM_ARCHIVE_SAME_MEMBERS;
    if (differ)
        return HM_OK;
    name_field(p->d, "", "tar encoding");
    memcpy(p->d->member, member, sizeof(member));
    return HM_OK;
}

hm_rc hm_archive_compare(const struct hm_file *a, const struct hm_file *b,
                         struct hm_archive_difference *d, struct hm_err *e)
{
    HM_OWN(pair) p = PAIR_INIT;
    bool same = false;

    *d = (struct hm_archive_difference){.verdict = HM_ARCHIVE_SAME};
    p.file[0] = a;
    p.file[1] = b;
    p.d = d;
    p.chunk = malloc(2 * CHUNK);
    if (p.chunk == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for comparing");
    HM_TRY(compare_tars(&p, &same, e));
    return same ? compare_files(&p, e) : compare_members(&p, e);
}
