/* Compressed files, deltas and packages: what lies around their content. */
#include <zlib.h>

#include "image_priv.h"

#define XZ_PADDING_MAX 65536u

/* ---- gzip.  @source RFC 1952; lib/archive reads what is in it ---- */

/* Enough for every magic. */
#define START 2048u

HM_MUST static hm_rc say_content(struct image_in *in, struct hm_image *image,
                                 struct hm_err *e)
{
    static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;
    struct hm_archive_result whole;

    HM_TRY(in->file != NULL ? hm_archive_content_digest(
                                  in->file, limits.bytes_max, &whole, e)
                            : hm_archive_content_digest_bytes(
                                  in->bytes, limits.bytes_max, &whole, e));
    image_say_number(image, "content_bytes", whole.content.size);
    return HM_OK;
}

/* A tar in it is for hm_archive_next(); anything else is read to its end. */
hm_rc image_read_gzip(struct image_in *in, struct hm_image *image,
                      struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"time", 4, 4, IMAGE_TIME},
        {"flags", 3, 1, IMAGE_HEX},
        {"os", 9, 1, IMAGE_NUMBER},
    };
    const char *inside = NULL;
    uint8_t h[10] = {0};
    uint8_t start[START];
    size_t got = 0;

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    HM_TRY(hm_archive_content_start(in->file, in->bytes, start, sizeof(start),
                                    &got, e));
    IMAGE_SAY(image, h, fields, false);
    inside = image_kind_of((struct hm_bytes){start, got});
    if (inside == NULL || strcmp(inside, "tar archive") != 0) {
        if (inside != NULL)
            image_say(image, "content", "%s", inside);
        return say_content(in, image, e);
    }
    image->kind = "tar.gz";
    image->what = "tar archive in gzip";
    image->has_members = true;
    return HM_OK;
}

/* ---- xz.  @source The .xz File Format 1.1.0, sections 2.1.1 and 2.1.2 ---- */

hm_rc image_read_xz(struct image_in *in, struct hm_image *image,
                    struct hm_err *e)
{
    static const char *const checks[] = {
        [0] = "none", [1] = "CRC32", [4] = "CRC64", [10] = "SHA-256"};
    uint8_t h[12] = {0};
    uint8_t f[12] = {0};
    uint64_t end = in->size;
    bool padded = true;

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    HM_TRY(image_sum(image_le32(h + 8), (uint32_t)crc32(0, h + 6, 2),
                     "the header", e));
    while (padded && end >= 24 && in->size - end < XZ_PADDING_MAX)
        HM_TRY(image_is_filled(in, end -= 4, 4, 0, &padded, e));
    end += 4;
    HM_TRY(image_need(in, 0, 24, "header and footer", e));
    HM_TRY(image_get(in, end - sizeof(f), f, sizeof(f), e));
    if (memcmp(f + 10, "YZ", 2) != 0)
        return hm_fail(e, HM_E_FORMAT, "image.file.truncated",
                       "no footer ends the file");
    HM_TRY(image_sum(image_le32(f), (uint32_t)crc32(0, f + 4, 6), "the footer",
                     e));
    if (memcmp(f + 8, h + 6, 2) != 0 && h[6] != 0)
        return image_bad(e, "header and footer have other flags");
    image_say_word(image, "check", h[7] & 15, checks, 11);
    return HM_OK;
}

/* ---- zstd.  @source RFC 8878, section 3.1 ---- */

/* A frame's header. @param[out] next  where its blocks begin */
HM_MUST static hm_rc zstd_header(struct image_in *in, uint64_t at,
                                 struct hm_image *image, bool *has_sum,
                                 uint64_t *next, struct hm_err *e)
{
    static const unsigned dict_n[] = {0, 1, 2, 4};
    static const unsigned size_n[] = {0, 2, 4, 8};
    uint8_t d = 0;
    uint8_t h[8] = {0};
    unsigned n;

    HM_TRY(image_get(in, at + 4, &d, 1, e));
    if (d & 8)
        return image_bad(e, "a reserved bit of the frame header is set");
    n = (d & 0x20) && d >> 6 == 0 ? 1 : size_n[d >> 6];
    *has_sum = (d & 4) != 0;
    at += 5u + (d & 0x20 ? 0u : 1u) + dict_n[d & 3];
    HM_TRY(image_get(in, at, h, n, e));
    *next = at + n;
    if (image->facts == 0 && n > 0)
        image_say_number(image, "content_bytes",
                         image_number(h, n, false) + (n == 2 ? 256 : 0));
    return HM_OK;
}

HM_MUST static hm_rc zstd_frame(struct image_in *in, uint64_t *at,
                                struct hm_image *image, struct hm_err *e)
{
    bool has_sum = false;
    bool last = false;
    uint8_t b[3] = {0};

    HM_TRY(zstd_header(in, *at, image, &has_sum, at, e));
    while (!last) {
        uint32_t h;

        HM_TRY(image_get(in, *at, b, sizeof(b), e));
        h = (uint32_t)image_number(b, 3, false);
        last = h & 1;
        if ((h >> 1 & 3) == 3)
            return image_bad(e, "a block of the reserved type");
        *at += sizeof(b) + ((h >> 1 & 3) == 1 ? 1 : h >> 3);
        HM_TRY(image_need(in, 0, *at, "a block", e));
    }
    *at += has_sum ? 4 : 0;
    return image_need(in, 0, *at, "the checksum", e);
}

hm_rc image_read_zstd(struct image_in *in, struct hm_image *image,
                      struct hm_err *e)
{
    uint64_t at = 0;
    uint64_t frames = 0;
    uint8_t h[8] = {0};

    while (at < in->size) {
        HM_TRY(image_get(in, at, h, 4, e));
        if ((image_le32(h) & 0xfffffff0u) == 0x184d2a50u) { /* skipped */
            HM_TRY(image_get(in, at, h, sizeof(h), e));
            at += sizeof(h) + image_le32(h + 4);
            HM_TRY(image_need(in, 0, at, "a frame to be skipped", e));
            continue;
        }
        if (image_le32(h) != 0xfd2fb528u)
            return image_ends(in, at, e);
        HM_TRY(zstd_frame(in, &at, image, e));
        frames++;
    }
    image_say_number(image, "frames", frames);
    return HM_OK;
}

/* ---- lz4.  @source LZ4 Frame Format Description 1.6.4 ---- */

hm_rc image_read_lz4(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    uint8_t h[14] = {0};
    uint8_t b[4] = {0};
    uint64_t at = 7;

    HM_TRY(image_get(in, 0, h, 7, e));
    if (h[4] >> 6 != 1 || (h[4] & 2) != 0 || (h[5] & 0x8f) != 0)
        return image_bad(e, "frame flags %02x %02x", h[4], h[5]);
    if (h[4] & 8) {
        HM_TRY(image_get(in, 0, h, sizeof(h), e));
        image_say_number(image, "content_bytes", image_le64(h + 6));
        at += 8;
    }
    at += h[4] & 1 ? 4 : 0;
    do {
        HM_TRY(image_get(in, at, b, sizeof(b), e));
        at += sizeof(b);
        if (image_le32(b) != 0)
            at += (image_le32(b) & 0x7fffffff) + (h[4] & 0x10 ? 4 : 0);
        HM_TRY(image_need(in, 0, at, "a block", e));
    } while (image_le32(b) != 0);
    at += h[4] & 4 ? 4 : 0;
    HM_TRY(image_need(in, 0, at, "the checksum", e));
    return image_ends(in, at, e);
}

hm_rc image_read_bzip2(struct image_in *in, struct hm_image *image,
                       struct hm_err *e)
{
    uint8_t h[10] = {0};

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    if (h[3] < '1' || h[3] > '9' ||
        (memcmp(h + 4, "1AY&SY", 6) != 0 &&
         memcmp(h + 4, "\x17rE8P\x90", 6) != 0))
        return image_bad(e, "no block follows the header");
    image_say_number(image, "level", h[3] - (uint8_t)'0');
    return HM_OK;
}

/* ---- deltas and packages ---- */

/* @source bsdiff 4.3, bsdiff.1; numbers have a sign bit that must be 0 */
hm_rc image_read_bsdiff(struct image_in *in, struct hm_image *image,
                        struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"control_bytes", 8, 8, IMAGE_NUMBER},
        {"diff_bytes", 16, 8, IMAGE_NUMBER},
        {"target_bytes", 24, 8, IMAGE_NUMBER},
    };
    uint8_t h[32] = {0};

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    if ((h[15] | h[23] | h[31]) & 0x80)
        return image_bad(e, "a length is negative");
    HM_TRY(
        image_need(in, sizeof(h), image_le64(h + 8), "the control block", e));
    HM_TRY(image_need(in, sizeof(h) + image_le64(h + 8), image_le64(h + 16),
                      "the diff block", e));
    IMAGE_SAY(image, h, fields, false);
    return HM_OK;
}

/* A header of an RPM and its data. @param[out] end  behind them */
HM_MUST static hm_rc rpm_header(struct image_in *in, uint64_t at,
                                const char *what, uint64_t *end,
                                struct hm_err *e)
{
    uint8_t h[16] = {0};

    HM_TRY(image_get(in, at, h, sizeof(h), e));
    if (memcmp(h, "\x8e\xad\xe8\x01", 4) != 0)
        return image_bad(e, "%s has no magic", what);
    *end =
        at + sizeof(h) + (uint64_t)image_be32(h + 8) * 16 + image_be32(h + 12);
    return image_need(in, 0, *end, what, e);
}

/* @source RPM 4.18 docs/manual/format.md; the signature is padded to 8 */
hm_rc image_read_rpm(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"name", 10, 66, IMAGE_TEXT},
        {"version_of_format", 4, 1, IMAGE_NUMBER},
    };
    uint8_t lead[96] = {0};
    uint64_t end = 0;

    HM_TRY(image_get(in, 0, lead, sizeof(lead), e));
    HM_TRY(rpm_header(in, sizeof(lead), "the signature", &end, e));
    HM_TRY(rpm_header(in, (end + 7) & ~(uint64_t)7, "the header", &end, e));
    IMAGE_SAY(image, lead, fields, true);
    image_say_number(image, "payload_at", end);
    return HM_OK;
}
