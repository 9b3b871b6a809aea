#include <stdio.h>

#include "image_priv.h"

/* Two of everything. */
struct pair {
    const struct hm_file *file[2];
    struct image_in in[2];
    struct hm_image image[2];
    struct hm_archive_difference *d;
};

static void pair_clear(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        image_in_clear(&p->in[i]);
        hm_image_clear(&p->image[i]);
    }
}

HM_MUST static hm_rc about(unsigned i, hm_rc rc, struct hm_err *e)
{
    return hm_context(e, rc, "%s", i == 0 ? "A" : "B");
}

/* What nothing is known of can still be compared. */
HM_MUST static hm_rc read_one(struct pair *p, unsigned i, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc = hm_image_read(p->file[i], &p->image[i], &why);

    if (rc == HM_OK)
        return HM_OK;
    if (strcmp(why.reason, "image.kind.unknown") == 0) {
        p->image[i].kind = "unknown";
        return HM_OK;
    }
    if (e != NULL)
        *e = why;
    return about(i, rc, e);
}

static bool is_tar(const struct hm_image *image)
{
    return strncmp(image->kind, "tar", 3) == 0 ||
           strcmp(image->kind, "mender") == 0;
}

/* ---- the first other byte ---- */

/* At d->offset the pieces differ, or one file ends. */
HM_MUST static hm_rc find_byte(struct pair *p, bool *same, struct hm_err *e)
{
    const uint64_t end =
        p->in[0].size < p->in[1].size ? p->in[0].size : p->in[1].size;
    uint64_t at = 0;

    *same = false;
    while (at < end) {
        struct hm_bytes piece[2] = {{NULL, 0}, {NULL, 0}};
        size_t n;

        for (unsigned i = 0; i < 2; i++)
            HM_TRY(
                about(i, image_view(&p->in[i], at, end - at, &piece[i], e), e));
        n = piece[0].n < piece[1].n ? piece[0].n : piece[1].n;
        if (memcmp(piece[0].p, piece[1].p, n) != 0) {
            for (n = 0; piece[0].p[n] == piece[1].p[n];)
                n++;
            p->d->offset = at + n;
            return HM_OK;
        }
        at += n;
    }
    p->d->offset = at;
    *same = p->in[0].size == p->in[1].size;
    return HM_OK;
}

#define AROUND 128u

HM_MUST static hm_rc get_around(struct image_in *in, uint64_t from,
                                uint8_t to[AROUND], struct hm_bytes *out,
                                struct hm_err *e)
{
    const uint64_t left = in->size - from;
    const size_t n = left < AROUND ? (size_t)left : AROUND;

    *out = (struct hm_bytes){to, n};
    return image_get(in, from, to, n, e);
}

HM_MUST static hm_rc explain_byte(struct pair *p, struct hm_err *e)
{
    const uint64_t at = p->d->offset;
    const uint64_t from = at > AROUND / 2 ? at - AROUND / 2 : 0;
    uint8_t bytes[2][AROUND];
    struct hm_bytes piece[2];

    for (unsigned i = 0; i < 2; i++)
        HM_TRY(
            about(i, get_around(&p->in[i], from, bytes[i], &piece[i], e), e));
    hm_archive_explain_content(p->d, piece[0], piece[1], (size_t)(at - from),
                               from);
    return HM_OK;
}

/* ---- kinds and facts ---- */

/* What makes the fields of headers differ that most often do. */
static const char *cause_of(const char *field)
{
    static const struct {
        const char *field, *cause;
    } rows[] = {
        {"mkfs_time", "another SOURCE_DATE_EPOCH"},
        {"write_time", "another SOURCE_DATE_EPOCH"},
        {"time", "another SOURCE_DATE_EPOCH"},
        {"uuid", "a UUID made at random: most mkfs take one"},
        {"disk_guid", "a GUID made at random: most tools take one"},
        {"image_seq", "a number made at random: ubinize -Q sets it"},
        {"edition", "a number that mkfs.cramfs -e sets"},
        {"name", "another name given to the tool"},
        {"compatible", "another source"},
        {"version", "another source or version"},
        {"compression", "another compressor, or options of it"},
        {"signature", "one is signed and the other is not"},
        {"cms_bytes", "signatures of other keys or certificates"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (strcmp(rows[i].field, field) == 0)
            return rows[i].cause;
    return "another source, tool or option";
}

static void name_field(struct hm_archive_difference *d, const char *field,
                       const char *cause)
{
    (void)snprintf(d->field, sizeof(d->field), "%s", field);
    memset(d->cause, 0, sizeof(d->cause));
    d->cause[0] = cause;
}

static void show_fact(char out[static HM_SHOW_MAX],
                      const struct hm_image_fact *f)
{
    if (f == NULL)
        (void)snprintf(out, HM_SHOW_MAX, "not told");
    else if (!f->is_number)
        memcpy(out, f->text, HM_SHOW_MAX);
    else
        (void)snprintf(out, HM_SHOW_MAX, "%llu%s%.100s%s",
                       (unsigned long long)f->number,
                       f->text[0] == '\0' ? "" : " (", f->text,
                       f->text[0] == '\0' ? "" : ")");
}

static void differ_in_kind(struct pair *p)
{
    name_field(p->d, "kind", "two different things were compared");
    (void)snprintf(p->d->a, HM_SHOW_MAX, "%s", p->image[0].kind);
    (void)snprintf(p->d->b, HM_SHOW_MAX, "%s", p->image[1].kind);
}

/* Facts come in the order of their kind; the first that is another counts. */
static bool differ_in_fact(struct pair *p)
{
    const struct hm_image *a = &p->image[0];

    for (size_t i = 0; i < a->facts; i++) {
        const struct hm_image_fact *f = &a->fact[i];
        const struct hm_image_fact *g = hm_image_find(&p->image[1], f->name);

        if (g != NULL && f->number == g->number &&
            strcmp(f->text, g->text) == 0)
            continue;
        name_field(p->d, f->name, cause_of(f->name));
        show_fact(p->d->a, f);
        show_fact(p->d->b, g);
        return true;
    }
    return false;
}

/* A bundle that is signed again has another signature, and nothing else. */
static bool differ_in_signature(struct pair *p)
{
    const struct hm_image_fact *cms = hm_image_find(&p->image[0], "cms_at");

    if (cms == NULL || p->d->offset < cms->number)
        return false;
    name_field(p->d, "signature",
               "a signature is made anew each time: its time, a random number; "
               "what is signed is the same");
    return true;
}

/* ---- members ---- */

/* Which member does a byte lie in? */
struct search {
    uint64_t offset;
    struct hm_archive_difference *d;
};

HM_MUST static hm_rc search(void *ctx, const struct hm_image_member *m,
                            struct hm_err *e)
{
    struct search *s = ctx;

    (void)e;
    if (m->m->offset <= s->offset)
        (void)hm_show_into(s->d->member, hm_bytes_str(m->m->path));
    return HM_OK;
}

/* The one of A; B is read as strictly, though nothing is told of it. */
HM_MUST static hm_rc name_member(struct pair *p, struct hm_err *e)
{
    static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;
    struct hm_archive_difference other = *p->d;
    struct search s[2] = {{p->d->offset, p->d}, {p->d->offset, &other}};
    struct hm_archive_result result;

    for (unsigned i = 0; i < 2 && p->image[i].has_members; i++) {
        const struct hm_image_visitor visitor = {search, &s[i]};

        HM_TRY(about(i,
                     hm_image_list(p->file[i], &p->image[i], &limits, &visitor,
                                   &result, e),
                     e));
    }
    return HM_OK;
}

HM_MUST static hm_rc compare(struct pair *p, struct hm_err *e)
{
    bool same = false;

    for (unsigned i = 0; i < 2; i++)
        HM_TRY(
            about(i, image_in_open(&p->in[i], p->file[i], HM_LIT(""), e), e));
    HM_TRY(find_byte(p, &same, e));
    if (same)
        return HM_OK;
    p->d->verdict = HM_ARCHIVE_DIFFERENT_MEMBERS;
    p->d->in_files = true;
    HM_TRY(explain_byte(p, e));
    if (strcmp(p->image[0].kind, p->image[1].kind) != 0) {
        differ_in_kind(p);
        return HM_OK;
    }
    if (differ_in_signature(p))
        return HM_OK;
    if (!differ_in_fact(p))
        return name_member(p, e);
    return HM_OK;
}

hm_rc hm_image_compare(const struct hm_file *a, const struct hm_file *b,
                       struct hm_archive_difference *d, struct hm_err *e)
{
    HM_OWN(pair)
    p = {.file = {a, b},
         .in = {IMAGE_IN_INIT, IMAGE_IN_INIT},
         .image = {HM_IMAGE_INIT, HM_IMAGE_INIT},
         .d = d};

    *d = (struct hm_archive_difference){.verdict = HM_ARCHIVE_SAME};
    for (unsigned i = 0; i < 2; i++)
        HM_TRY(read_one(&p, i, e));
    if (is_tar(&p.image[0]) && is_tar(&p.image[1]))
        return hm_archive_compare(a, b, d, e);
    return compare(&p, e);
}
