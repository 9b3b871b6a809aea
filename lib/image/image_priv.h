/** @file
 * What the parts of this room share.
 */
#ifndef HM_IMAGE_PRIV_H
#define HM_IMAGE_PRIV_H

#include "hm_image.h"

/* ---- image_in.c: bytes by their offset, never beyond the end ---- */

#define IMAGE_WINDOW ((size_t)64 * 1024)

struct image_in {
    const struct hm_file *file; /**< borrowed; NULL: bytes */
    struct hm_bytes bytes;      /**< borrowed */
    uint64_t size;
    uint8_t *window; /**< owned: what was read last; NULL when from memory */
    uint64_t window_at;
    size_t window_n;
};

#define IMAGE_IN_INIT                \
    {                                \
        .file = NULL, .window = NULL \
    }

/** @param file  NULL: @p bytes */
HM_MUST hm_rc image_in_open(struct image_in *in, const struct hm_file *file,
                            struct hm_bytes bytes, struct hm_err *e);
void image_in_clear(struct image_in *in);

/** Does the file have @p n bytes from @p at on?
 * @param what  for the message: "the image data"
 * @return HM_E_FORMAT `image.file.truncated` */
HM_MUST hm_rc image_need(const struct image_in *in, uint64_t at, uint64_t n,
                         const char *what, struct hm_err *e);

/** Copy exactly @p n bytes from @p at on. @return as image_need() */
HM_MUST hm_rc image_get(struct image_in *in, uint64_t at, uint8_t *to, size_t n,
                        struct hm_err *e);

/** At most @p n bytes from @p at on, as a view that lives until the next call
 * with @p in; fewer than @p n only where a window ends, never none. */
HM_MUST hm_rc image_view(struct image_in *in, uint64_t at, uint64_t n,
                         struct hm_bytes *out, struct hm_err *e);

/** CRC-32 (IEEE) of @p n bytes from @p at on, going on from @p *crc. */
HM_MUST hm_rc image_crc(struct image_in *in, uint64_t at, uint64_t n,
                        uint32_t *crc, struct hm_err *e);

/** Are @p n bytes from @p at on all @p value? */
HM_MUST hm_rc image_is_filled(struct image_in *in, uint64_t at, uint64_t n,
                              uint8_t value, bool *yes, struct hm_err *e);

/** The file ends at @p end. @return HM_E_FORMAT `image.file.trailing` */
HM_MUST hm_rc image_ends(const struct image_in *in, uint64_t end,
                         struct hm_err *e);

/** HM_E_FORMAT `image.header.field`. */
HM_MUST hm_rc image_bad(struct hm_err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** HM_E_FORMAT `image.header.checksum`, unless both are the same. */
HM_MUST hm_rc image_sum(uint32_t said, uint32_t found, const char *what,
                        struct hm_err *e);

static inline uint64_t image_number(const uint8_t *p, unsigned n, bool big)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++)
        v = v << 8 | p[big ? i : n - 1 - i];
    return v;
}

static inline uint16_t image_le16(const uint8_t *p)
{
    return (uint16_t)image_number(p, 2, false);
}

static inline uint32_t image_le32(const uint8_t *p)
{
    return (uint32_t)image_number(p, 4, false);
}

static inline uint64_t image_le64(const uint8_t *p)
{
    return image_number(p, 8, false);
}

static inline uint32_t image_be32(const uint8_t *p)
{
    return (uint32_t)image_number(p, 4, true);
}

static inline uint64_t image_be64(const uint8_t *p)
{
    return image_number(p, 8, true);
}

/* ---- image_facts.c ---- */

void image_say(struct hm_image *image, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void image_say_number(struct hm_image *image, const char *name, uint64_t v);
/** Seconds since 1970, and the date. */
void image_say_time(struct hm_image *image, const char *name, uint64_t t);
/** A number and the word of @p words at its place; "" has no word. */
void image_say_word(struct hm_image *image, const char *name, uint64_t v,
                    const char *const *words, size_t n);

/** A fact that is a field of a header. */
struct image_field {
    const char *name;
    unsigned at;
    unsigned n; /**< bytes */
    enum {
        IMAGE_NUMBER,
        IMAGE_HEX,  /**< a number that people read in hex */
        IMAGE_TIME, /**< seconds since 1970 */
        IMAGE_TEXT, /**< up to its first NUL; "" is left out */
        IMAGE_UUID  /**< 16 bytes */
    } style;
};

void image_say_fields(struct hm_image *image, const uint8_t *head,
                      const struct image_field *fields, size_t n, bool big);

#define IMAGE_SAY(image, head, fields, big)     \
    image_say_fields((image), (head), (fields), \
                     sizeof(fields) / sizeof(*(fields)), (big))

/* ---- the readers, one a kind; see the table in image.c ---- */

/** Read the header of a kind, whose magic was seen.  @p image says kind and
 * what; the reader may say them more closely. */
typedef hm_rc image_reader(struct image_in *in, struct hm_image *image,
                           struct hm_err *e);

HM_MUST image_reader image_read_android_boot, image_read_android_payload,
    image_read_android_sparse, image_read_ar, image_read_bsdiff,
    image_read_bzip2, image_read_capsule, image_read_cpio, image_read_cramfs,
    image_read_crypt, image_read_dfu, image_read_elf, image_read_erofs,
    image_read_ext, image_read_fdt, image_read_gpt, image_read_gzip,
    image_read_ihex, image_read_lz4, image_read_mcuboot, image_read_pe,
    image_read_rpm, image_read_squashfs, image_read_srec, image_read_tar,
    image_read_ubi, image_read_ubifs, image_read_uf2, image_read_uimage,
    image_read_xz, image_read_zip, image_read_zstd;

/** Is there a DFU suffix at the end? */
HM_MUST hm_rc image_find_dfu(struct image_in *in, bool *found,
                             struct hm_err *e);

/** What a file that begins with @p head is, for people; NULL: nothing known. */
const char *image_kind_of(struct hm_bytes head);

/** Is it a RAUC bundle whose payload is encrypted? */
HM_MUST hm_rc image_find_crypt(struct image_in *in, bool *found,
                               struct hm_err *e);

/** What lies behind the @p used bytes of a squashfs: nothing, zeros, or what
 * makes it a RAUC bundle. */
HM_MUST hm_rc image_read_rauc(struct image_in *in, uint64_t used,
                              struct hm_image *image, struct hm_err *e);

/* ---- members ---- */

/** One walk through the members. */
struct image_walk {
    struct image_in *in;
    const struct hm_archive_limits *limits;
    const struct hm_image_visitor *visitor;
    struct hm_archive_names names;
    uint64_t entries;
    uint64_t bytes; /**< of content so far */
};

/** Check a member's names and kind, count it and show it.
 *
 * @param m  its mode with the kind, as stat has it; kind is set
 * @param path  may be tidied
 * @return as hm_image_list() */
HM_MUST hm_rc image_walk_member(struct image_walk *w,
                                struct hm_archive_member *m, char *path,
                                char *target, const struct hm_image_member *how,
                                struct hm_err *e);

HM_MUST hm_rc image_walk_cpio(struct image_walk *w, struct hm_err *e);
HM_MUST hm_rc image_walk_zip(struct image_walk *w, struct hm_err *e);
HM_MUST hm_rc image_walk_ar(struct image_walk *w, struct hm_err *e);

#endif /* HM_IMAGE_PRIV_H */
