/* What a boot loader or an operating system starts. */
#include <zlib.h>

#include "image_priv.h"

/* @source U-Boot include/image.h, struct legacy_img_hdr */
hm_rc image_read_uimage(struct image_in *in, struct hm_image *image,
                        struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"name", 32, 32, IMAGE_TEXT},         {"time", 8, 4, IMAGE_TIME},
        {"size", 12, 4, IMAGE_NUMBER},        {"load", 16, 4, IMAGE_HEX},
        {"entry", 20, 4, IMAGE_HEX},          {"os", 28, 1, IMAGE_NUMBER},
        {"arch", 29, 1, IMAGE_NUMBER},        {"type", 30, 1, IMAGE_NUMBER},
        {"compression", 31, 1, IMAGE_NUMBER},
    };
    uint8_t h[64] = {0};
    uint32_t said;
    uint32_t crc = 0;

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    said = image_be32(h + 4);
    memset(h + 4, 0, 4);
    HM_TRY(image_sum(said, (uint32_t)crc32(0, h, sizeof(h)), "the header", e));
    HM_TRY(image_need(in, 64, image_be32(h + 12), "the data", e));
    HM_TRY(image_crc(in, 64, image_be32(h + 12), &crc, e));
    HM_TRY(image_sum(image_be32(h + 24), crc, "the data", e));
    IMAGE_SAY(image, h, fields, true);
    return image_ends(in, 64 + (uint64_t)image_be32(h + 12), e);
}

/* ---- ELF.  @source System V ABI, chapter 4; gABI e_machine ---- */

struct elf {
    bool is_64;
    bool big;
    uint8_t h[64];
};

static uint64_t elf_half(const struct elf *f, unsigned at32, unsigned at64)
{
    return image_number(f->h + (f->is_64 ? at64 : at32), 2, f->big);
}

static uint64_t elf_word(const struct elf *f, unsigned at32, unsigned at64)
{
    return image_number(f->h + (f->is_64 ? at64 : at32), f->is_64 ? 8 : 4,
                        f->big);
}

static const char *machine_name(uint64_t machine)
{
    static const struct {
        unsigned number;
        const char *name;
    } rows[] = {
        {2, "SPARC"},       {3, "x86"},        {8, "MIPS"},
        {20, "PowerPC"},    {21, "PowerPC64"}, {22, "S390"},
        {40, "Arm"},        {42, "SuperH"},    {62, "x86-64"},
        {83, "AVR"},        {93, "ARC"},       {94, "Xtensa"},
        {105, "MSP430"},    {183, "AArch64"},  {189, "MicroBlaze"},
        {195, "ARC v2"},    {243, "RISC-V"},   {247, "BPF"},
        {258, "LoongArch"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].number == machine)
            return rows[i].name;
    return "another";
}

/* A table of headers must lie in the file, each at least as long as its
 * class has it. */
struct elf_table {
    const char *what;
    uint64_t at, n, each, least;
};

HM_MUST static hm_rc elf_table(const struct image_in *in,
                               const struct elf_table *t, struct hm_err *e)
{
    if (t->n == 0 || t->at == 0)
        return HM_OK;
    if (t->each < t->least)
        return image_bad(e, "%s of %llu bytes each", t->what,
                         (unsigned long long)t->each);
    return image_need(in, t->at, t->n * t->each, t->what, e);
}

HM_MUST static hm_rc elf_tables(const struct image_in *in, const struct elf *f,
                                struct hm_err *e)
{
    const struct elf_table program = {
        .what = "the program headers",
        .at = elf_word(f, 28, 32),
        .n = elf_half(f, 44, 56),
        .each = elf_half(f, 42, 54),
        .least = f->is_64 ? 56 : 32,
    };
    const struct elf_table section = {
        .what = "the section headers",
        .at = elf_word(f, 32, 40),
        .n = elf_half(f, 48, 60),
        .each = elf_half(f, 46, 58),
        .least = f->is_64 ? 64 : 40,
    };

    HM_TRY(elf_table(in, &program, e));
    return elf_table(in, &section, e);
}

hm_rc image_read_elf(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    static const char *const types[] = {"none", "relocatable", "executable",
                                        "shared object", "core"};
    struct elf f = {.is_64 = false};

    HM_TRY(image_get(in, 0, f.h, 52, e));
    if (f.h[4] < 1 || f.h[4] > 2 || f.h[5] < 1 || f.h[5] > 2 || f.h[6] != 1)
        return image_bad(e, "class %u, data %u, version %u", f.h[4], f.h[5],
                         f.h[6]);
    f.is_64 = f.h[4] == 2;
    f.big = f.h[5] == 2;
    if (f.is_64)
        HM_TRY(image_get(in, 0, f.h, 64, e));
    HM_TRY(elf_tables(in, &f, e));
    image_say_number(image, "class", f.is_64 ? 64 : 32);
    image_say(image, "data", f.big ? "big endian" : "little endian");
    image_say_word(image, "type", image_number(f.h + 16, 2, f.big), types, 5);
    image_say(image, "machine", "%s (%llu)",
              machine_name(image_number(f.h + 18, 2, f.big)),
              (unsigned long long)image_number(f.h + 18, 2, f.big));
    image_say(image, "entry", "0x%llx",
              (unsigned long long)elf_word(&f, 24, 24));
    image_say_number(image, "sections", elf_half(&f, 48, 60));
    return HM_OK;
}

/* @source Microsoft PE format; a file that only begins with MZ is for DOS */
hm_rc image_read_pe(struct image_in *in, struct hm_image *image,
                    struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"machine", 4, 2, IMAGE_HEX},
        {"sections", 6, 2, IMAGE_NUMBER},
        {"time", 8, 4, IMAGE_TIME},
        {"subsystem", 92, 2, IMAGE_NUMBER},
    };
    uint8_t h[96] = {0};
    uint32_t at;

    HM_TRY(image_get(in, 0, h, 64, e));
    at = image_le32(h + 60);
    HM_TRY(image_need(in, at, sizeof(h), "the PE header", e));
    HM_TRY(image_get(in, at, h, sizeof(h), e));
    if (memcmp(h, "PE\0\0", 4) != 0)
        return image_bad(e, "no PE header at byte %u", at);
    IMAGE_SAY(image, h, fields, false);
    return HM_OK;
}

/* @source UEFI 2.10, 8.5.3, EFI_CAPSULE_HEADER */
hm_rc image_read_capsule(struct image_in *in, struct hm_image *image,
                         struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"header_bytes", 16, 4, IMAGE_NUMBER},
        {"flags", 20, 4, IMAGE_HEX},
        {"bytes", 24, 4, IMAGE_NUMBER},
    };
    uint8_t h[28] = {0};

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    if (image_le32(h + 16) < sizeof(h) ||
        image_le32(h + 24) < image_le32(h + 16))
        return image_bad(e, "a header of %u bytes in %u", image_le32(h + 16),
                         image_le32(h + 24));
    HM_TRY(image_need(in, 0, image_le32(h + 24), "the capsule", e));
    IMAGE_SAY(image, h, fields, false);
    return image_ends(in, image_le32(h + 24), e);
}

/* ---- Android ---- */

static uint64_t pages(uint64_t bytes, uint64_t page)
{
    return (bytes + page - 1) / page * page;
}

/* @source AOSP system/tools/mkbootimg include/bootimg/bootimg.h */
hm_rc image_read_android_boot(struct image_in *in, struct hm_image *image,
                              struct hm_err *e)
{
    static const struct image_field old[] = {
        {"kernel_bytes", 8, 4, IMAGE_NUMBER},
        {"ramdisk_bytes", 16, 4, IMAGE_NUMBER},
        {"second_bytes", 24, 4, IMAGE_NUMBER},
        {"page_size", 36, 4, IMAGE_NUMBER},
        {"name", 48, 16, IMAGE_TEXT},
    };
    static const struct image_field new[] = {
        {"kernel_bytes", 8, 4, IMAGE_NUMBER},
        {"ramdisk_bytes", 12, 4, IMAGE_NUMBER},
    };
    uint8_t h[64] = {0};
    uint64_t page = 4096;
    uint64_t end;
    uint32_t version;

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    version = image_le32(h + 40);
    image_say_number(image, "header_version", version);
    if (version > 4)
        return image_bad(e, "header version %u", version);
    if (version < 3)
        page = image_le32(h + 36);
    if (page < 2048 || page > 65536 || (page & (page - 1)) != 0)
        return image_bad(e, "pages of %llu bytes", (unsigned long long)page);
    end = page + pages(image_le32(h + 8), page);
    if (version < 3)
        end +=
            pages(image_le32(h + 16), page) + pages(image_le32(h + 24), page);
    else
        end += pages(image_le32(h + 12), page);
    HM_TRY(image_need(in, 0, end, "kernel and ramdisk", e));
    if (version < 3)
        IMAGE_SAY(image, h, old, false);
    else
        IMAGE_SAY(image, h, new, false);
    return HM_OK;
}

/* @source AOSP system/core/libsparse/sparse_format.h */
hm_rc image_read_android_sparse(struct image_in *in, struct hm_image *image,
                                struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"block_size", 12, 4, IMAGE_NUMBER},
        {"blocks", 16, 4, IMAGE_NUMBER},
        {"chunks", 20, 4, IMAGE_NUMBER},
    };
    uint8_t h[28] = {0};
    uint8_t c[12] = {0};
    uint64_t at = sizeof(h);
    uint64_t blocks = 0;

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    if (image_le16(h + 4) != 1 || image_le16(h + 8) != sizeof(h) ||
        image_le16(h + 10) != sizeof(c) || image_le32(h + 12) % 4 != 0)
        return image_bad(e, "version %u, headers of %u and %u bytes",
                         image_le16(h + 4), image_le16(h + 8),
                         image_le16(h + 10));
    for (uint32_t i = 0; i < image_le32(h + 20); i++) {
        HM_TRY(image_get(in, at, c, sizeof(c), e));
        if (image_le16(c) < 0xcac1 || image_le16(c) > 0xcac4 ||
            image_le32(c + 8) < sizeof(c))
            return image_bad(e, "chunk %u has type %04x and %u bytes", i,
                             image_le16(c), image_le32(c + 8));
        HM_TRY(image_need(in, at, image_le32(c + 8), "a chunk", e));
        at += image_le32(c + 8);
        blocks += image_le32(c + 4);
    }
    if (blocks != image_le32(h + 16))
        return image_bad(e, "%llu blocks in the chunks, %u in the header",
                         (unsigned long long)blocks, image_le32(h + 16));
    IMAGE_SAY(image, h, fields, false);
    return image_ends(in, at, e);
}

/* @source AOSP system/update_engine/update_metadata.proto */
hm_rc image_read_android_payload(struct image_in *in, struct hm_image *image,
                                 struct hm_err *e)
{
    static const struct image_field fields[] = {
        {"version", 4, 8, IMAGE_NUMBER},
        {"manifest_bytes", 12, 8, IMAGE_NUMBER},
    };
    uint8_t h[24] = {0};

    HM_TRY(image_get(in, 0, h, sizeof(h), e));
    if (image_be64(h + 4) < 1 || image_be64(h + 4) > 2)
        return image_bad(e, "version %llu",
                         (unsigned long long)image_be64(h + 4));
    HM_TRY(image_need(in, image_be64(h + 4) == 2 ? 24 : 20, image_be64(h + 12),
                      "the manifest", e));
    IMAGE_SAY(image, h, fields, true);
    return HM_OK;
}
