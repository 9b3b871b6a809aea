#include <stdlib.h>

#include "image_priv.h"

struct kind {
    const char *name;
    const char *what;
    uint64_t at; /**< where the magic is */
    struct hm_bytes magic;
    image_reader *read; /**< NULL: told by its magic alone */
};

#define MAGIC(s)                                            \
    {                                                       \
        .p = (const uint8_t *)("" s), .n = sizeof("" s) - 1 \
    }

/* The first that fits is it: longer and surer magics come before weaker ones,
 * what lies at byte 0 before what lies behind free space. */
static const struct kind kinds[] = {
    {"squashfs", "squashfs file system", 0, MAGIC("hsqs"), image_read_squashfs},
    {"cpio", "cpio archive (newc)", 0, MAGIC("070701"), image_read_cpio},
    {"cpio", "cpio archive (crc)", 0, MAGIC("070702"), image_read_cpio},
    {"cpio", "cpio archive (odc)", 0, MAGIC("070707"), image_read_cpio},
    {"zip", "zip archive", 0, MAGIC("PK\3\4"), image_read_zip},
    {"zip", "empty zip archive", 0, MAGIC("PK\5\6"), image_read_zip},
    {"elf", "ELF file", 0, MAGIC("\x7f\x45LF"), image_read_elf},
    {"uimage", "U-Boot legacy image", 0, MAGIC("\x27\x05\x19\x56"),
     image_read_uimage},
    {"dtb", "flattened device tree", 0, MAGIC("\xd0\x0d\xfe\xed"),
     image_read_fdt},
    {"mcuboot", "MCUboot image", 0, MAGIC("\x3d\xb8\xf3\x96"),
     image_read_mcuboot},
    {"uf2", "UF2 image", 0, MAGIC("UF2\n\x57\x51\x5d\x9e"), image_read_uf2},
    {"android-boot", "Android boot image", 0, MAGIC("ANDROID!"),
     image_read_android_boot},
    {"android-sparse", "Android sparse image", 0, MAGIC("\x3a\xff\x26\xed"),
     image_read_android_sparse},
    {"android-payload", "Android update payload", 0, MAGIC("CrAU"),
     image_read_android_payload},
    {"gzip", "gzip file", 0, MAGIC("\x1f\x8b"), image_read_gzip},
    {"xz", "xz file", 0, MAGIC("\xfd\x37zXZ\0"), image_read_xz},
    {"zstd", "zstd file", 0, MAGIC("\x28\xb5\x2f\xfd"), image_read_zstd},
    {"zstd", "zstd file", 1, MAGIC("\x2a\x4d\x18"), image_read_zstd},
    {"lz4", "lz4 file", 0, MAGIC("\x04\x22\x4d\x18"), image_read_lz4},
    {"bzip2", "bzip2 file", 0, MAGIC("BZh"), image_read_bzip2},
    {"compress", "file of Unix compress", 0, MAGIC("\x1f\x9d"), NULL},
    {"ubi", "UBI image", 0, MAGIC("UBI#"), image_read_ubi},
    {"ubifs", "UBIFS image", 0, MAGIC("\x31\x18\x10\x06"), image_read_ubifs},
    {"cramfs", "cramfs file system", 0, MAGIC("\x45\x3d\xcd\x28"),
     image_read_cramfs},
    {"romfs", "romfs file system", 0, MAGIC("-rom1fs-"), NULL},
    {"deb", "ar archive", 0, MAGIC("!<arch>\n"), image_read_ar},
    {"rpm", "RPM package", 0, MAGIC("\xed\xab\xee\xdb"), image_read_rpm},
    {"bsdiff", "bsdiff patch", 0, MAGIC("BSDIFF40"), image_read_bsdiff},
    {"vcdiff", "VCDIFF delta", 0, MAGIC("\xd6\xc3\xc4\x00"), NULL},
    {"caibx", "casync index", 8, MAGIC("\xf9\x9f\x12\x7b\x9c\x4d\x82\x96"),
     NULL},
    {"ostree-delta", "OSTree static delta, signed", 0, MAGIC("OSTSGNDT"), NULL},
    {"ostree-delta", "OSTree static delta", 0, MAGIC("ostree.endianness"),
     NULL},
    {"avb-vbmeta", "Android verified boot metadata", 0, MAGIC("AVB0"), NULL},
    {"dfuse", "DfuSe image of ST", 0, MAGIC("DfuSe"), NULL},
    {"matter-ota", "Matter OTA image", 0, MAGIC("\x1e\xf1\xee\x1b"), NULL},
    {"qcow2", "QEMU disk image", 0, MAGIC("QFI\xfb"), NULL},
    {"capsule", "UEFI capsule", 0,
     MAGIC("\xbd\x86\x66\x3b\x76\x0d\x30\x40\xb7\x0e\xb5\x51\x9e\x2f\xc5\xa0"),
     image_read_capsule},
    {"capsule", "UEFI capsule of the firmware management protocol", 0,
     MAGIC("\xed\xd5\xcb\x6d\x2d\xe8\x44\x4c\xbd\xa1\x71\x94\x19\x9a\xd9\x2a"),
     image_read_capsule},
    {"ihex", "Intel HEX image", 0, MAGIC(":"), image_read_ihex},
    {"srec", "Motorola S-record image", 0, MAGIC("S0"), image_read_srec},
    {"tar", "tar archive", 257, MAGIC("ustar"), image_read_tar},
    {"gpt", "disk image with a GPT", 512, MAGIC("EFI PART"), image_read_gpt},
    {"ext4", "ext2, ext3 or ext4 file system", 1080, MAGIC("\x53\xef"),
     image_read_ext},
    {"erofs", "EROFS file system", 1024, MAGIC("\xe2\xe1\xf5\xe0"),
     image_read_erofs},
    {"pe", "PE file", 0, MAGIC("MZ"), image_read_pe},
    {"jffs2", "JFFS2 image, little endian", 0, MAGIC("\x85\x19"), NULL},
    {"jffs2", "JFFS2 image, big endian", 0, MAGIC("\x19\x85"), NULL},
    {"lzma", "lzma file", 0, MAGIC("\x5d\0\0"), NULL},
};

static const struct kind dfu = {
    "dfu", "firmware with a DFU suffix", 0, {NULL, 0}, image_read_dfu};
static const struct kind old_tar = {
    "tar", "tar archive", 0, {NULL, 0}, image_read_tar};

static const struct kind crypt = {
    "rauc", "RAUC bundle, encrypted", 0, {NULL, 0}, image_read_crypt};

const char *image_kind_of(struct hm_bytes head)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        const struct kind *k = &kinds[i];

        if (k->at <= head.n && head.n - k->at >= k->magic.n &&
            memcmp(head.p + k->at, k->magic.p, k->magic.n) == 0)
            return k->what;
    }
    return head.n >= 1024 && hm_archive_is_header(head.p) ? old_tar.what : NULL;
}

HM_MUST static hm_rc fits(struct image_in *in, const struct kind *k, bool *yes,
                          struct hm_err *e)
{
    uint8_t found[32];

    *yes = false;
    if (in->size < k->at || in->size - k->at < k->magic.n)
        return HM_OK;
    HM_TRY(image_get(in, k->at, found, k->magic.n, e));
    *yes = memcmp(found, k->magic.p, k->magic.n) == 0;
    return HM_OK;
}

/* A tar from before 1988 has no magic, an empty one nothing at all: a header
 * with the right sum, or zeros, and at least two blocks. */
HM_MUST static hm_rc is_old_tar(struct image_in *in, bool *yes,
                                struct hm_err *e)
{
    uint8_t block[512] = {0};

    *yes = false;
    if (in->size < 2 * sizeof(block) || in->size % sizeof(block) != 0)
        return HM_OK;
    HM_TRY(image_get(in, 0, block, sizeof(block), e));
    *yes = hm_archive_is_header(block);
    return HM_OK;
}

HM_MUST static hm_rc find(struct image_in *in, const struct kind **out,
                          struct hm_err *e)
{
    bool yes = false;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        HM_TRY(fits(in, &kinds[i], &yes, e));
        *out = &kinds[i];
        if (yes)
            return HM_OK;
    }
    HM_TRY(is_old_tar(in, &yes, e));
    *out = &old_tar;
    if (yes)
        return HM_OK;
    HM_TRY(image_find_dfu(in, &yes, e));
    *out = &dfu;
    if (yes)
        return HM_OK;
    HM_TRY(image_find_crypt(in, &yes, e));
    *out = yes ? &crypt : NULL;
    return HM_OK;
}

HM_MUST static hm_rc unknown(struct image_in *in, struct hm_err *e)
{
    uint8_t head[16] = {0};
    const size_t n = in->size < sizeof(head) ? (size_t)in->size : sizeof(head);

    HM_TRY(image_get(in, 0, head, n, e));
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "image.kind.unknown",
                           "nothing that is known here begins with '%s'",
                           hm_show(((struct hm_bytes){head, n}))),
                   "hallmark-pack(1) lists what is known; a release may hold "
                   "any file");
}

HM_MUST static hm_rc read_kind(struct image_in *in, const struct kind *k,
                               struct hm_image *image, struct hm_err *e)
{
    image->kind = k->name;
    image->what = k->what;
    image->by_magic = k->read == NULL;
    image->fact = calloc(HM_IMAGE_FACTS_MAX + 1, sizeof(*image->fact));
    if (image->fact == NULL)
        return hm_fail(e, HM_E_NOMEM, "image.memory",
                       "out of memory for reading a file");
    if (k->read == NULL)
        return HM_OK;
    return hm_context(e, k->read(in, image, e), "%s", k->what);
}

HM_MUST static hm_rc read_any(const struct hm_file *f, struct hm_bytes bytes,
                              struct hm_image *out, struct hm_err *e)
{
    HM_OWN(hm_image) made = HM_IMAGE_INIT;
    HM_OWN(image_in) in = IMAGE_IN_INIT;
    const struct kind *k = NULL;

    hm_image_clear(out);
    HM_TRY(image_in_open(&in, f, bytes, e));
    HM_TRY(find(&in, &k, e));
    if (k == NULL)
        return unknown(&in, e);
    HM_TRY(read_kind(&in, k, &made, e));
    *out = made;
    made = (struct hm_image)HM_IMAGE_INIT;
    return HM_OK;
}

hm_rc hm_image_read(const struct hm_file *f, struct hm_image *out,
                    struct hm_err *e)
{
    return read_any(f, HM_LIT(""), out, e);
}

hm_rc hm_image_read_bytes(struct hm_bytes bytes, struct hm_image *out,
                          struct hm_err *e)
{
    return read_any(NULL, bytes, out, e);
}
