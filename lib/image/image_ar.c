/* ar archives, and the Debian packages among them.
 *
 * @source ar(5) of the BSDs; deb(5) */
#include <stdlib.h>

#include "image_priv.h"

#define HEADER 60u
#define START  8u

struct entry {
    char name[17];
    uint64_t mtime, uid, gid, mode, size;
};

/* Digits, then blanks to the end of the field. */
HM_MUST static hm_rc number(const uint8_t *p, unsigned n, unsigned base,
                            uint64_t *out, struct hm_err *e)
{
    unsigned i = 0;

    *out = 0;
    for (; i < n && p[i] >= '0' && p[i] < '0' + base; i++)
        *out = *out * base + (uint64_t)(p[i] - '0');
    while (i < n && p[i] == ' ')
        i++;
    return i == n
               ? HM_OK
               : hm_fail(e, HM_E_FORMAT, "image.ar.header", "'%s' is no number",
                         hm_show(((struct hm_bytes){p, n})));
}

HM_MUST static hm_rc read_entry(struct image_in *in, uint64_t at,
                                struct entry *out, struct hm_err *e)
{
    uint8_t h[HEADER] = {0};
    size_t n = 16;

    HM_TRY(image_get(in, at, h, sizeof(h), e));
    if (memcmp(h + 58, "`\n", 2) != 0)
        return hm_fail(e, HM_E_FORMAT, "image.ar.header",
                       "no member's header at byte %llu",
                       (unsigned long long)at);
    while (n > 0 && h[n - 1] == ' ')
        n--;
    n -= n > 1 && h[n - 1] == '/'; /* GNU ends a name in a slash */
    memcpy(out->name, h, n);
    out->name[n] = '\0';
    HM_TRY(number(h + 16, 12, 10, &out->mtime, e));
    HM_TRY(number(h + 28, 6, 10, &out->uid, e));
    HM_TRY(number(h + 34, 6, 10, &out->gid, e));
    HM_TRY(number(h + 40, 8, 8, &out->mode, e));
    HM_TRY(number(h + 48, 10, 10, &out->size, e));
    return image_need(in, at + HEADER, out->size, "the content", e);
}

hm_rc image_read_ar(struct image_in *in, struct hm_image *image,
                    struct hm_err *e)
{
    struct entry first = {.size = 0};
    uint8_t version[4] = {0};

    image->has_members = true;
    image->kind = "ar";
    if (in->size == START)
        return HM_OK;
    HM_TRY(read_entry(in, START, &first, e));
    if (strcmp(first.name, "debian-binary") != 0)
        return HM_OK;
    image->kind = "deb";
    image->what = "Debian package";
    if (first.size != sizeof(version))
        return image_bad(e, "debian-binary has %llu bytes",
                         (unsigned long long)first.size);
    HM_TRY(image_get(in, START + HEADER, version, sizeof(version), e));
    image_say(image, "format", "%s", hm_show(((struct hm_bytes){version, 3})));
    return HM_OK;
}

/* What fills a member of odd length up. */
HM_MUST static hm_rc check_newline(struct image_in *in, uint64_t at,
                                   struct hm_err *e)
{
    uint8_t c = 0;

    HM_TRY(image_get(in, at, &c, 1, e));
    return c == '\n' ? HM_OK
                     : hm_fail(e, HM_E_FORMAT, "image.ar.header",
                               "byte %llu between two members is no newline",
                               (unsigned long long)at);
}

/* What GNU ar keeps for the linker: '/' has the symbols, '//' the long names,
 * to which '/N' refers.
 *
 * @source binutils, bfd/archive.c */
HM_MUST static hm_rc check_name(const char *name, struct hm_err *e)
{
    if (name[0] != '/')
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "archive.member.name",
                           "name '%s' is absolute", hm_show_str(name)),
                   "in a library such names are tables of the linker, which "
                   "are not read here: 'ar t' lists it");
}

hm_rc image_walk_ar(struct image_walk *w, struct hm_err *e)
{
    struct hm_image_member how = {.method = "stored", .is_checked = true};
    char nowhere[1] = "";
    uint64_t at = START;

    while (at < w->in->size) {
        struct entry entry = {.size = 0};
        struct hm_archive_member m = {.uname = "", .gname = "", .offset = at};

        HM_TRY(read_entry(w->in, at, &entry, e));
        HM_TRY(check_name(entry.name, e));
        m.size = how.stored = entry.size;
        m.mtime = (int64_t)entry.mtime;
        m.uid = entry.uid;
        m.gid = entry.gid;
        if (entry.mode > 0177777)
            return image_bad(e, "mode %llo", (unsigned long long)entry.mode);
        m.mode = (unsigned)entry.mode;
        m.mode |= (m.mode & 0170000) == 0 ? 0100000 : 0;
        HM_TRY(image_walk_member(w, &m, entry.name, nowhere, &how, e));
        at += HEADER + entry.size;
        if (at % 2 != 0 && at < w->in->size)
            HM_TRY(check_newline(w->in, at, e));
        at += at % 2;
    }
    return HM_OK;
}
