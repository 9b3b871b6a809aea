/* Flattened device trees; one with a node /images is a FIT.
 *
 * @source Devicetree Specification 0.4, chapter 5; U-Boot doc/usage/fit */
#include <stdio.h>

#include "image_priv.h"

#define DEPTH_MAX 64u
#define NODE_MAX  64u

enum token { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

struct fdt {
    struct image_in *in;
    struct hm_image *image;
    uint64_t at, end; /* of the structure block */
    uint64_t strings, strings_n;
    unsigned depth;
    char top[NODE_MAX]; /* the node of depth 2 that we are in */
    uint64_t images, configurations, signatures;
    bool has_images;
    bool is_external; /* some content lies behind the tree */
};

HM_MUST static hm_rc word(struct fdt *f, uint32_t *out, struct hm_err *e)
{
    uint8_t four[4] = {0};

    if (f->end - f->at < 4)
        return image_bad(e, "the structure ends inside itself");
    HM_TRY(image_get(f->in, f->at, four, 4, e));
    f->at += 4;
    *out = image_be32(four);
    return HM_OK;
}

/* A name of at most 63 bytes and its NUL; longer ones are cut, since none that
 * is looked for is. */
HM_MUST static hm_rc text(struct image_in *in, uint64_t at, uint64_t end,
                          char out[NODE_MAX], uint64_t *next, struct hm_err *e)
{
    size_t n = 0;

    for (;; at++) {
        struct hm_bytes c = {NULL, 0};

        if (at >= end)
            return image_bad(e, "a name has no end");
        HM_TRY(image_view(in, at, 1, &c, e));
        if (c.p[0] == 0)
            break;
        if (n + 1 < NODE_MAX)
            out[n++] = (char)c.p[0];
    }
    out[n] = '\0';
    *next = at + 1;
    return HM_OK;
}

/* Many properties share a name: no more of it is read than is kept, or a long
 * one would be read as often as there are properties. */
HM_MUST static hm_rc property_name(struct fdt *f, uint32_t at,
                                   char out[NODE_MAX], struct hm_err *e)
{
    const uint32_t left = (uint32_t)f->strings_n - at;
    const size_t n = left < NODE_MAX ? left : NODE_MAX;

    HM_TRY(image_get(f->in, f->strings + at, (uint8_t *)out, n, e));
    if (n < NODE_MAX && memchr(out, 0, n) == NULL)
        return image_bad(e, "a name has no end");
    out[NODE_MAX - 1] = '\0';
    return HM_OK;
}

HM_MUST static hm_rc begin_node(struct fdt *f, struct hm_err *e)
{
    char name[NODE_MAX];
    uint64_t next = 0;

    HM_TRY(text(f->in, f->at, f->end, name, &next, e));
    f->at = (next + 3) & ~(uint64_t)3;
    if (f->at > f->end)
        return image_bad(e, "the structure ends inside a name");
    if (++f->depth > DEPTH_MAX)
        return hm_fail(e, HM_E_LIMIT, "image.limit.depth",
                       "more than %u nodes inside each other", DEPTH_MAX);
    if (f->depth == 2)
        memcpy(f->top, name, sizeof(name));
    f->has_images |= f->depth == 2 && strcmp(name, "images") == 0;
    if (f->depth == 3 && strcmp(f->top, "images") == 0)
        f->images++;
    if (f->depth == 3 && strcmp(f->top, "configurations") == 0)
        f->configurations++;
    if (f->depth == 4 && strncmp(name, "signature", 9) == 0)
        f->signatures++;
    return HM_OK;
}

/* What is told of the root's own properties. */
HM_MUST static hm_rc root_property(struct fdt *f, const char *name, uint64_t at,
                                   uint32_t n, struct hm_err *e)
{
    uint8_t value[128] = {0};
    const size_t take = n < sizeof(value) ? n : sizeof(value);

    HM_TRY(image_get(f->in, at, value, take, e));
    if (strcmp(name, "timestamp") == 0 && n == 4)
        image_say_time(f->image, "time", image_be32(value));
    if (strcmp(name, "description") == 0 || strcmp(name, "model") == 0 ||
        strcmp(name, "compatible") == 0)
        image_say(f->image,
                  name[0] == 'm'   ? "model"
                  : name[0] == 'c' ? "compatible"
                                   : "description",
                  "%s",
                  hm_show(((struct hm_bytes){
                      value, strnlen((const char *)value, take)})));
    return HM_OK;
}

HM_MUST static hm_rc property(struct fdt *f, struct hm_err *e)
{
    char name[NODE_MAX];
    uint32_t n = 0;
    uint32_t name_at = 0;
    uint64_t value;

    HM_TRY(word(f, &n, e));
    HM_TRY(word(f, &name_at, e));
    value = f->at;
    if (f->depth == 0 || n > f->end - f->at || name_at >= f->strings_n)
        return image_bad(e, "a property of %u bytes, its name at %u", n,
                         name_at);
    f->at = (f->at + n + 3) & ~(uint64_t)3;
    if (f->at > f->end)
        return image_bad(e, "the structure ends inside a property");
    HM_TRY(property_name(f, name_at, name, e));
    f->is_external |=
        strcmp(name, "data-offset") == 0 || strcmp(name, "data-position") == 0;
    return f->depth == 1 ? root_property(f, name, value, n, e) : HM_OK;
}

HM_MUST static hm_rc walk(struct fdt *f, struct hm_err *e)
{
    uint32_t token = 0;

    for (;;) {
        HM_TRY(word(f, &token, e));
        switch (token) {
        case BEGIN_NODE:
            HM_TRY(begin_node(f, e));
            break;
        case END_NODE:
            if (f->depth-- == 0)
                return image_bad(e, "a node ends that never began");
            break;
        case PROP:
            HM_TRY(property(f, e));
            break;
        case NOP:
            break;
        case END:
            return f->depth == 0
                       ? HM_OK
                       : image_bad(e, "%u nodes have no end", f->depth);
        default:
            return image_bad(e, "no token is 0x%x", token);
        }
    }
}

HM_MUST static hm_rc check_header(struct image_in *in, const uint8_t *h,
                                  struct fdt *f, struct hm_err *e)
{
    const uint32_t total = image_be32(h + 4);

    HM_TRY(image_need(in, 0, total, "the tree", e));
    f->at = image_be32(h + 8);
    f->strings = image_be32(h + 12);
    f->strings_n = image_be32(h + 32);
    f->end = f->at + image_be32(h + 36);
    if (image_be32(h + 20) < 17 || f->at < 40 || f->at % 4 != 0 ||
        f->end > total || f->strings < 40 || f->strings + f->strings_n > total)
        return image_bad(e,
                         "version %u, structure and strings outside of %u "
                         "bytes",
                         image_be32(h + 20), total);
    return HM_OK;
}

hm_rc image_read_fdt(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    struct fdt f = {.in = in, .image = image};
    uint8_t h[40] = {0};
    uint32_t total;

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    total = image_be32(h + 4);
    image_say_number(image, "totalsize", total);
    HM_TRY(check_header(in, h, &f, e));
    HM_TRY(walk(&f, e));
    if (!f.has_images)
        return image_ends(in, total, e);
    image->kind = "fit";
    image->what = "FIT image";
    image_say_number(image, "images", f.images);
    image_say_number(image, "configurations", f.configurations);
    image_say_number(image, "signatures", f.signatures);
    if (!f.is_external)
        return image_ends(in, total, e);
    image_say_number(image, "external_bytes", in->size - total);
    return HM_OK;
}
