/* MCUboot images.
 *
 * @source mcuboot boot/bootutil/include/bootutil/image.h */
#include "image_priv.h"

#define TLV_PLAIN     0x6907u
#define TLV_PROTECTED 0x6908u
#define TLV_SHA256    0x10u

struct mcuboot {
    struct image_in *in;
    struct hm_image *image;
    uint64_t hashed; /* header, image and protected TLVs */
    uint64_t at;
    uint64_t tlvs;
    uint64_t signatures;
    uint8_t sha256[HM_SHA256_SIZE];
};

HM_MUST static hm_rc digest_start(struct mcuboot *m, struct hm_err *e)
{
    HM_OWN(hm_digest) digest = HM_DIGEST_INIT;
    struct hm_digests found;

    HM_TRY(hm_digest_begin(&digest, false, e));
    for (uint64_t at = 0; at < m->hashed;) {
        struct hm_bytes piece = {NULL, 0};

        HM_TRY(image_view(m->in, at, m->hashed - at, &piece, e));
        HM_TRY(hm_digest_add(&digest, piece, e));
        at += piece.n;
    }
    HM_TRY(hm_digest_end(&digest, &found, e));
    memcpy(m->sha256, found.sha256, sizeof(m->sha256));
    return HM_OK;
}

/* Signatures are 0x20 to 0x24; 0x21 was never one of an image that boots. */
static bool is_signature(unsigned type)
{
    return type >= 0x20 && type <= 0x24;
}

HM_MUST static hm_rc take_tlv(struct mcuboot *m, unsigned type, uint64_t at,
                              unsigned n, struct hm_err *e)
{
    uint8_t said[HM_SHA256_SIZE] = {0};

    m->tlvs++;
    m->signatures += is_signature(type);
    if (type != TLV_SHA256)
        return HM_OK;
    if (n != sizeof(said))
        return image_bad(e, "a SHA-256 of %u bytes", n);
    HM_TRY(image_get(m->in, at, said, sizeof(said), e));
    if (memcmp(said, m->sha256, sizeof(said)) != 0)
        return hm_fail(e, HM_E_FORMAT, "image.header.checksum",
                       "the SHA-256 of header and image is not the one of its "
                       "TLV");
    image_say(m->image, "digest", "SHA-256, checked");
    return HM_OK;
}

/* One area of TLVs at m->at. @param type  what its magic must be */
HM_MUST static hm_rc walk_tlvs(struct mcuboot *m, unsigned type,
                               struct hm_err *e)
{
    uint8_t h[4] = {0};
    uint64_t end;

    HM_TRY(image_get(m->in, m->at, h, sizeof(h), e));
    end = m->at + image_le16(h + 2);
    if (image_le16(h) != type || image_le16(h + 2) < sizeof(h))
        return image_bad(e, "TLVs begin with 0x%04x, not 0x%04x", image_le16(h),
                         type);
    HM_TRY(image_need(m->in, m->at, image_le16(h + 2), "the TLVs", e));
    m->at += sizeof(h);
    while (m->at < end) {
        if (end - m->at < sizeof(h))
            return image_bad(e, "the TLVs end inside one");
        HM_TRY(image_get(m->in, m->at, h, sizeof(h), e));
        m->at += sizeof(h);
        if (image_le16(h + 2) > end - m->at)
            return image_bad(e, "a TLV of %u bytes is longer than all",
                             image_le16(h + 2));
        HM_TRY(take_tlv(m, image_le16(h), m->at, image_le16(h + 2), e));
        m->at += image_le16(h + 2);
    }
    return HM_OK;
}

/* A slot may be filled up: erased flash, perhaps flags of one byte and the
 * magic that asks for an update. */
HM_MUST static hm_rc check_slot(struct mcuboot *m, struct hm_err *e)
{
    static const uint8_t magic[16] = {0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2,
                                      0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f,
                                      0x2c, 0xb6, 0x79, 0x80};
    const uint64_t n = m->in->size - m->at;
    uint8_t tail[16 + 96] = {0};
    bool filled = false;

    if (n == 0)
        return HM_OK;
    image_say_number(m->image, "slot_bytes", m->in->size);
    if (n < sizeof(tail))
        return image_ends(m->in, m->at, e);
    HM_TRY(image_is_filled(m->in, m->at, n - sizeof(tail), 0xff, &filled, e));
    HM_TRY(image_get(m->in, m->in->size - sizeof(tail), tail, sizeof(tail), e));
    if (memcmp(tail + 96, magic, 16) == 0 ||
        image_le64(tail + 96) == UINT64_MAX)
        for (unsigned i = 0; i < 96; i++)
            filled = filled && (tail[i] == 0xff || tail[i] <= 3);
    else
        filled = false;
    return filled ? HM_OK : image_ends(m->in, m->at, e);
}

HM_MUST static hm_rc read_tlvs(struct mcuboot *m, const uint8_t *h,
                               struct hm_err *e)
{
    const uint64_t end = (uint64_t)image_le16(h + 8) + image_le32(h + 12);
    const unsigned protected = image_le16(h + 10);

    HM_TRY(image_need(m->in, 0, end, "the image", e));
    m->at = end;
    m->hashed = end + protected;
    HM_TRY(image_need(m->in, 0, m->hashed, "the protected TLVs", e));
    HM_TRY(digest_start(m, e));
    if (protected > 0)
        HM_TRY(walk_tlvs(m, TLV_PROTECTED, e));
    if (m->at != m->hashed)
        return image_bad(e,
                         "the protected TLVs have %llu bytes, the header "
                         "says %u",
                         (unsigned long long)(m->at - end), protected);
    HM_TRY(walk_tlvs(m, TLV_PLAIN, e));
    image_say_number(m->image, "tlvs", m->tlvs);
    image_say_number(m->image, "signatures", m->signatures);
    return check_slot(m, e);
}

hm_rc image_read_mcuboot(struct image_in *in, struct hm_image *image,
                         struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"load", 4, 4, IMAGE_HEX},
        {"header_bytes", 8, 2, IMAGE_NUMBER},
        {"image_bytes", 12, 4, IMAGE_NUMBER},
        {"flags", 16, 4, IMAGE_HEX},
    };
    struct mcuboot m = {.in = in, .image = image};
    uint8_t h[32] = {0};

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    if (image_le16(h + 8) < sizeof(h))
        return image_bad(e, "a header of %u bytes", image_le16(h + 8));
    image_say(image, "version", "%u.%u.%u+%u", h[20], h[21], image_le16(h + 22),
              image_le32(h + 24));
    IMAGE_SAY(image, h, fields, false);
    return read_tlvs(&m, h, e);
}
