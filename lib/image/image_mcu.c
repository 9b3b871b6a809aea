/* What microcontrollers are given: UF2, Intel HEX, S-records, DFU. */
#include <stdio.h>

#include "image_priv.h"

/* ---- UF2.  @source github.com/microsoft/uf2, README ---- */

#define UF2_BLOCK  512u
#define UF2_FAMILY 0x2000u

HM_MUST static hm_rc check_block(const uint8_t *b, uint64_t i, struct hm_err *e)
{
    if (image_le32(b) != 0x0a324655u || image_le32(b + 4) != 0x9e5d5157u ||
        image_le32(b + 508) != 0x0ab16f30u)
        return image_bad(e, "block %llu has no magic", (unsigned long long)i);
    if (image_le32(b + 16) > 476)
        return image_bad(e, "block %llu has %u bytes", (unsigned long long)i,
                         image_le32(b + 16));
    if (image_le32(b + 20) >= image_le32(b + 24))
        return image_bad(e, "block %llu is number %u of %u",
                         (unsigned long long)i, image_le32(b + 20),
                         image_le32(b + 24));
    return HM_OK;
}

hm_rc image_read_uf2(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    uint8_t b[UF2_BLOCK] = {0};
    uint64_t bytes = 0;
    uint32_t first = UINT32_MAX;

    for (uint64_t at = 0; at < in->size; at += UF2_BLOCK) {
        HM_TRY(image_get(in, at, b, sizeof(b), e));
        HM_TRY(check_block(b, at / UF2_BLOCK, e));
        bytes += image_le32(b + 16);
        first = image_le32(b + 12) < first ? image_le32(b + 12) : first;
    }
    if ((uint64_t)image_le32(b + 20) + 1 != image_le32(b + 24))
        return hm_fail(e, HM_E_FORMAT, "image.file.truncated",
                       "the last block is number %u of %u", image_le32(b + 20),
                       image_le32(b + 24));
    image_say_number(image, "blocks", in->size / UF2_BLOCK);
    image_say_number(image, "bytes", bytes);
    image_say(image, "lowest_address", "0x%08x", first);
    if (image_le32(b + 8) & UF2_FAMILY)
        image_say(image, "family", "0x%08x", image_le32(b + 28));
    return HM_OK;
}

/* ---- Intel HEX and S-records: lines of hex with a sum ----
 * @source Intel Hexadecimal Object File Format Specification, revision A */

#define RECORD_MAX 600u

struct lines {
    struct image_in *in;
    uint64_t at;
    uint64_t number;
    char text[RECORD_MAX + 1];
    uint8_t bytes[RECORD_MAX / 2];
    size_t n; /* of bytes */
    uint64_t data;
    uint32_t base, lowest, highest;
    bool ended;
};

HM_MUST static hm_rc bad_line(const struct lines *l, const char *why,
                              struct hm_err *e)
{
    return image_bad(e, "line %llu %s", (unsigned long long)l->number, why);
}

/* One line without its end, CR LF or LF. */
HM_MUST static hm_rc next_line(struct lines *l, size_t *n, struct hm_err *e)
{
    struct hm_bytes c = {NULL, 0};

    *n = 0;
    l->number++;
    while (l->at < l->in->size) {
        HM_TRY(image_view(l->in, l->at++, 1, &c, e));
        if (c.p[0] == '\n')
            break;
        if (*n == RECORD_MAX)
            return bad_line(l, "is too long", e);
        l->text[(*n)++] = (char)c.p[0];
    }
    if (*n > 0 && l->text[*n - 1] == '\r')
        --*n;
    l->text[*n] = '\0';
    return HM_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The hex digits of a line behind its first @p skip characters. */
HM_MUST static hm_rc take_hex(struct lines *l, size_t n, size_t skip,
                              struct hm_err *e)
{
    if (n < skip || (n - skip) % 2 != 0)
        return bad_line(l, "has half a byte", e);
    l->n = (n - skip) / 2;
    for (size_t i = 0; i < l->n; i++) {
        const int high = hex_digit(l->text[skip + 2 * i]);
        const int low = hex_digit(l->text[skip + 2 * i + 1]);

        if (high < 0 || low < 0)
            return bad_line(l, "has what is no hex digit", e);
        l->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return HM_OK;
}

static uint8_t sum_of(const struct lines *l)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < l->n; i++)
        sum = (uint8_t)(sum + l->bytes[i]);
    return sum;
}

static void take_data(struct lines *l, uint32_t address, size_t n)
{
    if (n == 0)
        return;
    if (l->data == 0 || address < l->lowest)
        l->lowest = address;
    if (l->data == 0 || address + (uint32_t)n - 1 > l->highest)
        l->highest = address + (uint32_t)n - 1;
    l->data += n;
}

HM_MUST static hm_rc take_ihex(struct lines *l, size_t n, struct hm_err *e)
{
    const uint8_t *b = l->bytes;

    if (n == 0 || l->text[0] != ':')
        return bad_line(l, "does not begin with a colon", e);
    HM_TRY(take_hex(l, n, 1, e));
    if (l->n < 5 || l->n != (size_t)b[0] + 5)
        return bad_line(l, "is not as long as it says", e);
    if (sum_of(l) != 0)
        return hm_fail(e, HM_E_FORMAT, "image.header.checksum",
                       "line %llu does not match its checksum",
                       (unsigned long long)l->number);
    if (b[3] > 5 || (b[3] == 1 && b[0] != 0) ||
        ((b[3] == 2 || b[3] == 4) && b[0] != 2))
        return bad_line(l, "is of no known type, or of another length", e);
    l->ended = b[3] == 1;
    if (b[3] == 2)
        l->base = (uint32_t)image_number(b + 4, 2, true) << 4;
    if (b[3] == 4)
        l->base = (uint32_t)image_number(b + 4, 2, true) << 16;
    if (b[3] == 0)
        take_data(l, l->base + (uint32_t)image_number(b + 1, 2, true), b[0]);
    return HM_OK;
}

/* S0 header, S1 to S3 data, S5 and S6 counts, S7 to S9 end.
 * @source Motorola M68000 Family Programmer's Reference Manual, appendix C */
HM_MUST static hm_rc take_srec(struct lines *l, size_t n, struct hm_err *e)
{
    static const uint8_t address_n[] = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};
    const unsigned type = n < 2 ? 4 : (unsigned)(uint8_t)l->text[1] - '0';
    size_t wide;

    if (n < 2 || l->text[0] != 'S' || type > 9 || address_n[type] == 0)
        return bad_line(l, "begins with no record type", e);
    wide = address_n[type];
    HM_TRY(take_hex(l, n, 2, e));
    if (l->n < wide + 2 || l->n != (size_t)l->bytes[0] + 1)
        return bad_line(l, "is not as long as it says", e);
    if (sum_of(l) != 0xff)
        return hm_fail(e, HM_E_FORMAT, "image.header.checksum",
                       "line %llu does not match its checksum",
                       (unsigned long long)l->number);
    l->ended = type >= 7;
    if (type >= 1 && type <= 3)
        take_data(l, (uint32_t)image_number(l->bytes + 1, (unsigned)wide, true),
                  l->n - wide - 2);
    return HM_OK;
}

HM_MUST static hm_rc read_lines(struct lines *l,
                                hm_rc (*take)(struct lines *, size_t,
                                              struct hm_err *),
                                struct hm_image *image, struct hm_err *e)
{
    size_t n = 0;

    while (!l->ended) {
        if (l->at == l->in->size)
            return hm_fail(e, HM_E_FORMAT, "image.file.truncated",
                           "no record ends the file");
        HM_TRY(next_line(l, &n, e));
        HM_TRY(take(l, n, e));
    }
    image_say_number(image, "records", l->number);
    image_say_number(image, "bytes", l->data);
    if (l->data > 0) {
        image_say(image, "lowest_address", "0x%08x", l->lowest);
        image_say(image, "highest_address", "0x%08x", l->highest);
    }
    return image_ends(l->in, l->at, e);
}

hm_rc image_read_ihex(struct image_in *in, struct hm_image *image,
                      struct hm_err *e)
{
    struct lines l = {.in = in};

    return read_lines(&l, take_ihex, image, e);
}

hm_rc image_read_srec(struct image_in *in, struct hm_image *image,
                      struct hm_err *e)
{
    struct lines l = {.in = in};

    return read_lines(&l, take_srec, image, e);
}

/* ---- DFU.  @source USB DFU 1.1, appendix B; its CRC is not inverted ---- */

hm_rc image_find_dfu(struct image_in *in, bool *found, struct hm_err *e)
{
    uint8_t s[16] = {0};

    *found = false;
    if (in->size < sizeof(s))
        return HM_OK;
    HM_TRY(image_get(in, in->size - sizeof(s), s, sizeof(s), e));
    *found = memcmp(s + 8, "UFD", 3) == 0 && s[11] >= sizeof(s);
    return HM_OK;
}

hm_rc image_read_dfu(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"vendor_id", 4, 2, IMAGE_HEX},
        {"product_id", 2, 2, IMAGE_HEX},
        {"device_version", 0, 2, IMAGE_HEX},
        {"dfu_version", 6, 2, IMAGE_HEX},
    };
    uint8_t s[16] = {0};
    uint32_t crc = 0;

    HM_TRY(image_get(in, in->size - sizeof(s), s, sizeof(s), e));
    if (s[11] > in->size)
        return image_bad(e, "a suffix of %u bytes", s[11]);
    HM_TRY(image_crc(in, 0, in->size - 4, &crc, e));
    HM_TRY(image_sum(image_le32(s + 12), ~crc, "the file", e));
    image_say_number(image, "payload_bytes", in->size - s[11]);
    IMAGE_SAY(image, s, fields, false);
    return HM_OK;
}
