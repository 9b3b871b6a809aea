/* File systems and disks: the superblock, and whether the file is as long as it
 * says. */
#include <zlib.h>

#include "image_priv.h"

/* @source squashfs-tools 4.5 squashfs_fs.h, struct squashfs_super_block */
HM_MUST static hm_rc check_squashfs(const uint8_t *s, struct hm_err *e)
{
    const uint32_t block = image_le32(s + 12);
    const uint64_t used = image_le64(s + 40);

    if (image_le16(s + 28) != 4)
        return image_bad(e, "version %u, not 4", image_le16(s + 28));
    if (image_le16(s + 22) < 12 || image_le16(s + 22) > 20 ||
        block != 1u << image_le16(s + 22))
        return image_bad(e, "blocks of %u bytes, 2^%u", block,
                         image_le16(s + 22));
    if (image_le16(s + 20) < 1 || image_le16(s + 20) > 6)
        return image_bad(e, "compression %u", image_le16(s + 20));
    if (used < 96)
        return image_bad(e, "bytes_used is %llu", (unsigned long long)used);
    for (unsigned at = 48; at < 96; at += 8) {
        const uint64_t table = image_le64(s + at);

        if (table != UINT64_MAX && (table < 96 || table >= used))
            return image_bad(e, "a table at byte %llu, outside",
                             (unsigned long long)table);
    }
    return HM_OK;
}

hm_rc image_read_squashfs(struct image_in *in, struct hm_image *image,
                          struct hm_err *e)
{
    static const char *const compression[] = {NULL, "gzip", "lzma", "lzo",
                                              "xz", "lz4",  "zstd"};
    static const struct image_field fields[] = {
        {"mkfs_time", 8, 4, IMAGE_TIME},
        {"bytes_used", 40, 8, IMAGE_NUMBER},
        {"inodes", 4, 4, IMAGE_NUMBER},
        {"block_size", 12, 4, IMAGE_NUMBER},
    };
    uint8_t s[96] = {0};

    HM_TRY(image_get(in, 0, s, sizeof(s), e));
    HM_TRY(check_squashfs(s, e));
    HM_TRY(image_need(in, 0, image_le64(s + 40), "the file system", e));
    IMAGE_SAY(image, s, fields, false);
    image_say_word(image, "compression", image_le16(s + 20), compression, 7);
    return image_read_rauc(in, image_le64(s + 40), image, e);
}

/* @source Linux Documentation/filesystems/ext4/super.rst */
hm_rc image_read_ext(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"uuid", 0x68, 16, IMAGE_UUID},
        {"volume_name", 0x78, 16, IMAGE_TEXT},
        {"mkfs_time", 0x108, 4, IMAGE_TIME},
        {"write_time", 0x30, 4, IMAGE_TIME},
        {"mount_time", 0x2c, 4, IMAGE_TIME},
        {"inodes", 0, 4, IMAGE_NUMBER},
    };
    const uint32_t is_64bit = 0x80;
    uint8_t s[1024] = {0};
    uint64_t blocks;
    uint64_t size;

    HM_TRY(image_get(in, 1024, s, sizeof(s), e));
    if (image_le32(s + 0x18) > 6)
        return image_bad(e, "blocks of 2^%u KiB", image_le32(s + 0x18));
    size = (uint64_t)1024 << image_le32(s + 0x18);
    blocks = image_le32(s + 4);
    if (image_le32(s + 0x60) & is_64bit)
        blocks |= (uint64_t)image_le32(s + 0x150) << 32;
    if (blocks == 0 || blocks > (uint64_t)INT64_MAX / size)
        return image_bad(e, "%llu blocks", (unsigned long long)blocks);
    HM_TRY(image_need(in, 0, blocks * size, "the file system", e));
    image_say_number(image, "bytes", blocks * size);
    image_say_number(image, "block_size", size);
    IMAGE_SAY(image, s, fields, false);
    return image_ends(in, blocks * size, e);
}

/* @source Linux fs/erofs/erofs_fs.h, struct erofs_super_block */
hm_rc image_read_erofs(struct image_in *in, struct hm_image *image,
                       struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"mkfs_time", 24, 8, IMAGE_TIME},
        {"inodes", 16, 8, IMAGE_NUMBER},
        {"uuid", 48, 16, IMAGE_UUID},
        {"volume_name", 64, 16, IMAGE_TEXT},
    };
    uint8_t s[128] = {0};
    uint64_t bytes;

    HM_TRY(image_get(in, 1024, s, sizeof(s), e));
    if (s[12] < 9 || s[12] > 16)
        return image_bad(e, "blocks of 2^%u bytes", s[12]);
    bytes = (uint64_t)image_le32(s + 36) << s[12];
    HM_TRY(image_need(in, 0, bytes, "the file system", e));
    image_say_number(image, "bytes", bytes);
    image_say_number(image, "block_size", (uint64_t)1 << s[12]);
    IMAGE_SAY(image, s, fields, false);
    return HM_OK;
}

/* @source Linux include/uapi/linux/cramfs_fs.h, struct cramfs_super; the
 *         checksum is taken with its own field zero, when flag 1 is set */
hm_rc image_read_cramfs(struct image_in *in, struct hm_image *image,
                        struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"bytes", 4, 4, IMAGE_NUMBER},       {"edition", 36, 4, IMAGE_NUMBER},
        {"blocks", 40, 4, IMAGE_NUMBER},     {"files", 44, 4, IMAGE_NUMBER},
        {"volume_name", 48, 16, IMAGE_TEXT},
    };
    static const uint8_t zeros[4];
    uint8_t s[64] = {0};
    uint32_t size;
    uint32_t crc = 0;

    HM_TRY(image_get(in, 0, s, sizeof(s), e));
    size = image_le32(s + 4);
    if (memcmp(s + 16, "Compressed ROMFS", 16) != 0 || size < 76)
        return image_bad(e, "no cramfs signature, or %u bytes", size);
    HM_TRY(image_need(in, 0, size, "the file system", e));
    IMAGE_SAY(image, s, fields, false);
    if ((image_le32(s + 8) & 1) == 0)
        return HM_OK;
    HM_TRY(image_crc(in, 0, 32, &crc, e));
    crc = (uint32_t)crc32(crc, zeros, sizeof(zeros));
    HM_TRY(image_crc(in, 36, size - 36, &crc, e));
    return image_sum(image_le32(s + 32), crc, "the file system", e);
}

/* @source Linux drivers/mtd/ubi/ubi-media.h; its CRC-32 is not inverted */
hm_rc image_read_ubi(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"version", 4, 1, IMAGE_NUMBER},
        {"erase_count", 8, 8, IMAGE_NUMBER},
        {"vid_header_at", 16, 4, IMAGE_NUMBER},
        {"data_at", 20, 4, IMAGE_NUMBER},
        {"image_seq", 24, 4, IMAGE_HEX},
    };
    uint8_t s[64] = {0};
    uint32_t crc = 0;

    HM_TRY(image_get(in, 0, s, sizeof(s), e));
    HM_TRY(image_crc(in, 0, 60, &crc, e));
    HM_TRY(image_sum(image_be32(s + 60), ~crc, "the first header", e));
    if (image_be32(s + 16) < 64 || image_be32(s + 20) <= image_be32(s + 16))
        return image_bad(e, "the data begin at byte %u, their header at %u",
                         image_be32(s + 20), image_be32(s + 16));
    HM_TRY(image_need(in, 0, image_be32(s + 20), "the first block", e));
    IMAGE_SAY(image, s, fields, true);
    return HM_OK;
}

/* @source Linux fs/ubifs/ubifs-media.h, struct ubifs_ch and ubifs_sb_node */
hm_rc image_read_ubifs(struct image_in *in, struct hm_image *image,
                       struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"min_io_size", 32, 4, IMAGE_NUMBER},
        {"leb_size", 36, 4, IMAGE_NUMBER},
        {"leb_count", 40, 4, IMAGE_NUMBER},
        {"max_leb_count", 44, 4, IMAGE_NUMBER},
        {"uuid", 108, 16, IMAGE_UUID},
    };
    uint8_t s[128] = {0};
    uint32_t crc = 0;

    HM_TRY(image_get(in, 0, s, sizeof(s), e));
    if (s[20] != 6 || image_le32(s + 16) < sizeof(s))
        return image_bad(e, "the first node is no superblock");
    HM_TRY(image_need(in, 0, image_le32(s + 16), "the superblock", e));
    HM_TRY(image_crc(in, 8, image_le32(s + 16) - 8, &crc, e));
    HM_TRY(image_sum(image_le32(s + 4), ~crc, "the superblock", e));
    IMAGE_SAY(image, s, fields, false);
    return HM_OK;
}

/* A GUID is written with its first three numbers in little endian. */
static void swap_guid(uint8_t *g)
{
    static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6};
    uint8_t from[sizeof(order)];

    memcpy(from, g, sizeof(from));
    for (size_t i = 0; i < sizeof(order); i++)
        g[i] = from[order[i]];
}

/* The table of partitions.  @source UEFI 2.10, 5.3.2 */
HM_MUST static hm_rc read_partitions(struct image_in *in, const uint8_t *s,
                                     struct hm_image *image, struct hm_err *e)
{
    const uint64_t at = image_le64(s + 72);
    const uint32_t n = image_le32(s + 80);
    const uint32_t each = image_le32(s + 84);
    uint64_t used = 0;
    uint32_t crc = 0;

    if (each < 128 || each > 4096 || n > 1024 || at < 2 || at > UINT32_MAX)
        return image_bad(e, "%u partitions of %u bytes at block %llu", n, each,
                         (unsigned long long)at);
    HM_TRY(image_need(in, at * 512, (uint64_t)n * each,
                      "the table of partitions", e));
    HM_TRY(image_crc(in, at * 512, (uint64_t)n * each, &crc, e));
    HM_TRY(image_sum(image_le32(s + 88), crc, "the table of partitions", e));
    for (uint32_t i = 0; i < n; i++) {
        bool is_free = false;

        HM_TRY(image_is_filled(in, at * 512 + (uint64_t)i * each, 16, 0,
                               &is_free, e));
        used += !is_free;
    }
    image_say_number(image, "partitions", used);
    return HM_OK;
}

hm_rc image_read_gpt(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"disk_guid", 56, 16, IMAGE_UUID},
    };
    uint8_t s[512] = {0};
    uint32_t said;
    uint64_t last;

    HM_TRY(image_get(in, 512, s, sizeof(s), e));
    if (image_le32(s + 12) < 92 || image_le32(s + 12) > 512)
        return image_bad(e, "a header of %u bytes", image_le32(s + 12));
    said = image_le32(s + 16);
    memset(s + 16, 0, 4);
    HM_TRY(image_sum(said, (uint32_t)crc32(0, s, image_le32(s + 12)),
                     "the header", e));
    last = image_le64(s + 32);
    if (last > (uint64_t)INT64_MAX / 512 - 1)
        return image_bad(e, "a second header at block %llu",
                         (unsigned long long)last);
    HM_TRY(image_need(in, last * 512, 512, "the second header", e));
    image_say_number(image, "bytes", (last + 1) * 512);
    swap_guid(s + 56);
    IMAGE_SAY(image, s, fields, false);
    return read_partitions(in, s, image, e);
}
