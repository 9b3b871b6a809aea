#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "image_priv.h"

/* Room for one more than may be told is made when the image is opened: what is
 * too much goes there. */
static struct hm_image_fact *add(struct hm_image *image, const char *name)
{
    struct hm_image_fact *fact = &image->fact[image->facts];

    if (image->facts < HM_IMAGE_FACTS_MAX)
        image->facts++;
    *fact = (struct hm_image_fact){.name = name};
    return fact;
}

void image_say(struct hm_image *image, const char *name, const char *fmt, ...)
{
    struct hm_image_fact *fact = add(image, name);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(fact->text, sizeof(fact->text), fmt, ap);
    va_end(ap);
}

void image_say_number(struct hm_image *image, const char *name, uint64_t v)
{
    struct hm_image_fact *fact = add(image, name);

    fact->is_number = true;
    fact->number = v;
}

void image_say_time(struct hm_image *image, const char *name, uint64_t t)
{
    struct hm_image_fact *fact = add(image, name);

    fact->is_number = true;
    fact->number = t;
    if (t <= (uint64_t)HM_TIME_MAX)
        (void)hm_time_format((hm_time)t, fact->text);
}

void image_say_word(struct hm_image *image, const char *name, uint64_t v,
                    const char *const *words, size_t n)
{
    struct hm_image_fact *fact = add(image, name);

    fact->is_number = true;
    fact->number = v;
    if (v < n && words[v] != NULL)
        (void)snprintf(fact->text, sizeof(fact->text), "%s", words[v]);
}

static void say_hex(struct hm_image *image, const char *name, uint64_t v,
                    unsigned n)
{
    struct hm_image_fact *fact = add(image, name);

    fact->is_number = true;
    fact->number = v;
    (void)snprintf(fact->text, sizeof(fact->text), "0x%0*llx", (int)(2 * n),
                   (unsigned long long)v);
}

static void say_uuid(struct hm_image *image, const char *name, const uint8_t *p)
{
    char hex[33];

    hm_hex_write((struct hm_bytes){p, 16}, hex);
    image_say(image, name, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
              hex + 16, hex + 20);
}

static void say_text(struct hm_image *image, const char *name, const uint8_t *p,
                     size_t max)
{
    const size_t n = strnlen((const char *)p, max);

    if (n > 0)
        image_say(image, name, "%s", hm_show(((struct hm_bytes){p, n})));
}

void image_say_fields(struct hm_image *image, const uint8_t *head,
                      const struct image_field *fields, size_t n, bool big)
{
    for (size_t i = 0; i < n; i++) {
        const struct image_field *f = &fields[i];
        const uint8_t *at = head + f->at;

        switch (f->style) {
        case IMAGE_NUMBER:
            image_say_number(image, f->name, image_number(at, f->n, big));
            break;
        case IMAGE_HEX:
            say_hex(image, f->name, image_number(at, f->n, big), f->n);
            break;
        case IMAGE_TIME:
            image_say_time(image, f->name, image_number(at, f->n, big));
            break;
        case IMAGE_TEXT:
            say_text(image, f->name, at, f->n);
            break;
        case IMAGE_UUID:
            say_uuid(image, f->name, at);
            break;
        }
    }
}

const struct hm_image_fact *hm_image_find(const struct hm_image *image,
                                          const char *name)
{
    for (size_t i = 0; i < image->facts; i++)
        if (strcmp(image->fact[i].name, name) == 0)
            return &image->fact[i];
    return NULL;
}

void hm_image_clear(struct hm_image *image)
{
    free(image->fact);
    *image = (struct hm_image)HM_IMAGE_INIT;
}
