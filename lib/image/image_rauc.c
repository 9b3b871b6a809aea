/* What lies behind a squashfs: a RAUC bundle ends in a CMS message and its
 * length.  The message is measured and looked into as far as its format goes;
 * no signature is checked here.
 *
 * @source RAUC 1.8 docs/reference.rst "Bundle Formats", src/signature.c; RFC
 *         5652 sections 3, 5.1, 5.2, 6.1 */
#include <stdio.h>

#include "image_priv.h"

#define CMS_MAX     (64u << 10) /* what RAUC takes at most */
#define PADDING_MAX 4096u       /* behind a squashfs */

/* One DER value: *in is moved behind it. */
struct der {
    uint8_t tag;
    struct hm_bytes value;
};

static bool der_next(struct hm_bytes *in, struct der *out)
{
    size_t n = 0;
    size_t head = 2;

    if (in->n < 2)
        return false;
    n = in->p[1];
    if (n >= 0x80) {
        const size_t more = n & 0x7f;

        if (more == 0 || more > 4 || in->n < 2 + more)
            return false;
        head += more;
        n = (size_t)image_number(in->p + 2, (unsigned)more, true);
    }
    if (in->n - head < n)
        return false;
    out->tag = in->p[0];
    out->value = (struct hm_bytes){in->p + head, n};
    in->p += head + n;
    in->n -= head + n;
    return true;
}

/* Go into the value of @p tag that is next. */
static bool der_into(struct hm_bytes *in, uint8_t tag, struct hm_bytes *inside)
{
    struct der d;

    if (!der_next(in, &d) || d.tag != tag)
        return false;
    *inside = d.value;
    return true;
}

/* What a message is and carries. */
struct cms {
    bool is_enveloped;
    struct hm_bytes content; /* n == 0: it is detached */
};

static bool read_signed(struct hm_bytes in, struct cms *out)
{
    struct hm_bytes inside = {NULL, 0};
    struct hm_bytes encap = {NULL, 0};
    struct hm_bytes explicit_0 = {NULL, 0};
    struct der skipped;

    if (!der_into(&in, 0x30, &inside) ||
        !der_next(&inside, &skipped) || /* version */
        !der_next(&inside, &skipped) || /* digest algorithms */
        !der_into(&inside, 0x30, &encap) || !der_next(&encap, &skipped))
        return false;
    return encap.n == 0 || (der_into(&encap, 0xa0, &explicit_0) &&
                            der_into(&explicit_0, 0x04, &out->content));
}

/* ContentInfo, and nothing behind it. */
static bool read_cms(struct hm_bytes in, struct cms *out)
{
    static const uint8_t pkcs7[] = {0x2a, 0x86, 0x48, 0x86,
                                    0xf7, 0x0d, 0x01, 0x07};
    struct hm_bytes inside = {NULL, 0};
    struct hm_bytes type = {NULL, 0};
    struct hm_bytes content = {NULL, 0};

    if (!der_into(&in, 0x30, &inside) || in.n > 0 ||
        !der_into(&inside, 0x06, &type) || type.n != sizeof(pkcs7) + 1 ||
        memcmp(type.p, pkcs7, sizeof(pkcs7)) != 0 ||
        !der_into(&inside, 0xa0, &content))
        return false;
    out->is_enveloped = type.p[type.n - 1] == 3;
    return out->is_enveloped ||
           (type.p[type.n - 1] == 2 && read_signed(content, out));
}

/* The value of `key=` in section @p section of the manifest. */
static struct hm_bytes ini_find(struct hm_bytes ini, const char *section,
                                const char *key)
{
    const size_t section_n = strlen(section);
    const size_t key_n = strlen(key);
    bool here = false;

    while (ini.n > 0) {
        const uint8_t *eol = memchr(ini.p, '\n', ini.n);
        const size_t n = eol == NULL ? ini.n : (size_t)(eol - ini.p);

        if (n > 0 && ini.p[0] == '[')
            here = n == section_n && memcmp(ini.p, section, n) == 0;
        if (here && n > key_n && memcmp(ini.p, key, key_n) == 0 &&
            ini.p[key_n] == '=')
            return (struct hm_bytes){ini.p + key_n + 1, n - key_n - 1};
        ini.p += n + (eol != NULL);
        ini.n -= n + (eol != NULL);
    }
    return (struct hm_bytes){NULL, 0};
}

static void say_manifest(struct hm_image *image, struct hm_bytes ini)
{
    static const struct {
        const char *section, *key, *name;
    } rows[] = {
        {"[update]", "compatible", "compatible"},
        {"[update]", "version", "version"},
        {"[update]", "build", "build"},
        {"[bundle]", "verity-hash", "verity_hash"},
        {"[bundle]", "verity-size", "verity_size"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct hm_bytes v = ini_find(ini, rows[i].section, rows[i].key);

        if (v.n > 0)
            image_say(image, rows[i].name, "%s", hm_show(v));
    }
}

/* The squashfs, its padding, a tree of @p hashes bytes, the message: nothing
 * may hide between them. */
HM_MUST static hm_rc check_between(struct image_in *in, uint64_t used,
                                   uint64_t cms_at, uint64_t hashes,
                                   struct hm_err *e)
{
    const uint64_t between = cms_at - used;
    bool zeros = false;

    if (hashes <= between)
        HM_TRY(image_is_filled(in, used, between - hashes, 0, &zeros, e));
    if (!zeros || between - hashes >= PADDING_MAX)
        return hm_fail(e, HM_E_FORMAT, "image.file.trailing",
                       "%llu bytes between the squashfs and the CMS message, "
                       "%llu of them its hash tree",
                       (unsigned long long)between, (unsigned long long)hashes);
    return HM_OK;
}

HM_MUST static hm_rc say_bundle(struct image_in *in, uint64_t used,
                                uint64_t cms_at, const struct cms *cms,
                                struct hm_image *image, struct hm_err *e)
{
    const uint64_t n = in->size - 8 - cms_at;

    const struct hm_bytes verity =
        ini_find(cms->content, "[bundle]", "verity-size");
    uint64_t hashes = 0;

    image->kind = "rauc";
    image->what = "RAUC bundle";
    image_say_number(image, "cms_bytes", n);
    image_say_number(image, "cms_at", cms_at);
    if (cms->is_enveloped)
        return image_bad(e, "an encrypted CMS message behind a squashfs that "
                            "is not");
    if (cms->content.n == 0) {
        image_say(image, "format", "plain");
        return check_between(in, used, cms_at, 0, e);
    }
    if (!hm_bytes_eq(ini_find(cms->content, "[bundle]", "format"),
                     HM_LIT("verity")) ||
        hm_number_read(verity, INT64_MAX, &hashes, NULL) != HM_OK)
        return image_bad(e, "the CMS message carries no manifest of a verity "
                            "bundle");
    image_say(image, "format", "verity");
    say_manifest(image, cms->content);
    return check_between(in, used, cms_at, hashes, e);
}

/* @param[out] found  the last 8 bytes are the length of a message before them */
HM_MUST static hm_rc find_cms(struct image_in *in, uint64_t used,
                              struct hm_buf *message, bool *found,
                              struct hm_err *e)
{
    uint8_t tail[8] = {0};
    uint64_t n;

    *found = false;
    if (in->size - used < sizeof(tail) + 2)
        return HM_OK;
    HM_TRY(image_get(in, in->size - sizeof(tail), tail, sizeof(tail), e));
    n = image_be64(tail);
    if (n < 2 || n > CMS_MAX || n > in->size - used - sizeof(tail))
        return HM_OK;
    *found = true;
    for (uint64_t at = in->size - sizeof(tail) - n; n > 0;) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(in, at, n, &piece, e));
        HM_TRY(hm_buf_add(message, piece, e));
        at += piece.n;
        n -= piece.n;
    }
    return HM_OK;
}

hm_rc image_read_rauc(struct image_in *in, uint64_t used,
                      struct hm_image *image, struct hm_err *e)
{
    HM_OWN(hm_buf) message = HM_BUF_INIT(CMS_MAX);
    struct cms cms = {.is_enveloped = false};
    bool zeros = false;
    bool found = false;

    HM_TRY(image_is_filled(in, used, in->size - used, 0, &zeros, e));
    if (zeros) {
        image_say_number(image, "padding", in->size - used);
        return HM_OK;
    }
    HM_TRY(find_cms(in, used, &message, &found, e));
    if (!found)
        return image_ends(in, used, e);
    if (!read_cms(hm_buf_view(&message), &cms))
        return hm_fail(e, HM_E_FORMAT, "image.file.trailing",
                       "bytes behind the squashfs end as a RAUC bundle does, "
                       "but %zu bytes before are no CMS message",
                       message.n);
    return say_bundle(in, used, in->size - 8 - message.n, &cms, image, e);
}

/* A crypt bundle: what is before the message looks random. */
HM_MUST static hm_rc find_envelope(struct image_in *in, uint64_t *cms_bytes,
                                   bool *found, struct hm_err *e)
{
    HM_OWN(hm_buf) message = HM_BUF_INIT(CMS_MAX);
    struct cms cms = {.is_enveloped = false};

    HM_TRY(find_cms(in, 0, &message, found, e));
    *cms_bytes = message.n;
    *found =
        *found && read_cms(hm_buf_view(&message), &cms) && cms.is_enveloped;
    return HM_OK;
}

hm_rc image_find_crypt(struct image_in *in, bool *found, struct hm_err *e)
{
    uint64_t cms_bytes = 0;

    return find_envelope(in, &cms_bytes, found, e);
}

hm_rc image_read_crypt(struct image_in *in, struct hm_image *image,
                       struct hm_err *e)
{
    uint64_t cms_bytes = 0;
    bool found = false;

    HM_TRY(find_envelope(in, &cms_bytes, &found, e));
    image_say_number(image, "cms_bytes", cms_bytes);
    image_say_number(image, "cms_at", in->size - 8 - cms_bytes);
    image_say(image, "format", "crypt");
    return HM_OK;
}
