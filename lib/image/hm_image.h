/** @file
 * What is this file?  Told by what its own header says, with every length
 * checked against the file before it is used: tar, cpio and zip with their
 * members; RAUC, SWUpdate and Mender bundles; file systems, boot images,
 * microcontroller images, compressed files.
 *
 * What is not done here: no signature is checked, nothing is extracted, and no
 * file system is read below its first block.  What a header says is a claim of
 * whoever wrote it.
 *
 * @source docs/formats.md; the specifications named beside each reader
 */
#ifndef HM_IMAGE_H
#define HM_IMAGE_H

#include "hm_archive.h"

#define HM_IMAGE_FACTS_MAX 32u

/** One thing that a header tells. */
struct hm_image_fact {
    const char *name; /**< static, [a-z0-9_]+ */
    bool is_number;
    uint64_t number;        /**< when it is one */
    char text[HM_SHOW_MAX]; /**< printable ASCII; for a number what it means to
                                 people, or "" */
};

/** What a file is. */
struct hm_image {
    const char *kind; /**< static, e.g. "squashfs"; NULL: not read */
    const char *what; /**< static, for people */
    bool by_magic;    /**< nothing but the first bytes was looked at */
    bool has_members; /**< hm_image_list() tells them */
    struct hm_image_fact *fact; /**< owned */
    size_t facts;
};

#define HM_IMAGE_INIT              \
    {                              \
        .kind = NULL, .fact = NULL \
    }

/** Recognise @p f and read its header.
 *
 * @param[out] out  cleared, then filled; empty after failure
 * @return HM_E_REJECTED `image.kind.unknown` (nothing that is known here);
 *         HM_E_FORMAT `image.file.empty`, `image.file.truncated` (a header
 *         speaks of bytes that the file does not have), `image.file.trailing`
 *         (bytes that no header speaks of), `image.header.field` (a value that
 *         cannot be), `image.header.checksum` (header or content do not match
 *         a checksum that lies beside them);
 *         `archive.*` of a tar or gzip file; HM_E_LIMIT `image.limit.depth`;
 *         HM_E_IO `base.file.*`, `image.file.changed`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_image_read(const struct hm_file *f, struct hm_image *out,
                            struct hm_err *e);

/** The same of bytes in memory. */
HM_MUST hm_rc hm_image_read_bytes(struct hm_bytes bytes, struct hm_image *out,
                                  struct hm_err *e);

/** The fact of that name, or NULL. */
const struct hm_image_fact *hm_image_find(const struct hm_image *image,
                                          const char *name);

void hm_image_clear(struct hm_image *image);

/** A member of a tar, cpio, zip or ar file. */
struct hm_image_member {
    const struct hm_archive_member *m; /**< borrowed until visit() returns */
    const char *method; /**< static: "stored", "deflate", "method 12" … */
    uint64_t stored;    /**< bytes it takes in the archive */
    bool is_encrypted;
    bool is_checked; /**< its content was read and is as long, and has the
                          checksum, that the archive says */
};

/** Is called for each member, in the order of the archive. */
struct hm_image_visitor {
    hm_rc (*visit)(void *ctx, const struct hm_image_member *member,
                   struct hm_err *e);
    void *ctx;
};

/** Read all members of an image that has some, to the last byte of the file.
 *
 * Names, links, kinds and modes are held to the same rules in every format
 * (hm_archive_next()).  A zip is read twice over, by its central directory and
 * by its local headers, and the two must tell the same.
 *
 * @param image  of the same file
 * @param[out] result  entries; digests of the file; of the tar in it, when it
 *                     is one.  Zero on failure
 * @return HM_E_REJECTED `archive.member.*`; HM_E_LIMIT `archive.limit.*`;
 *         HM_E_FORMAT `archive.*` of a tar, and else
 *         `image.cpio.magic|number|name|end|checksum`,
 *         `image.zip.end|entry|differs|order|size|data|checksum`,
 *         `image.ar.header`, `image.file.truncated|trailing`;
 *         what visit() returns; HM_E_IO; HM_E_NOMEM
 */
HM_MUST hm_rc hm_image_list(const struct hm_file *f,
                            const struct hm_image *image,
                            const struct hm_archive_limits *limits,
                            const struct hm_image_visitor *visitor,
                            struct hm_archive_result *result, struct hm_err *e);

/** The same of bytes in memory. */
HM_MUST hm_rc hm_image_list_bytes(struct hm_bytes bytes,
                                  const struct hm_image *image,
                                  const struct hm_archive_limits *limits,
                                  const struct hm_image_visitor *visitor,
                                  struct hm_archive_result *result,
                                  struct hm_err *e);

/** Compare two files of whatever kind as far as their first difference: two tars
 * as hm_archive_compare() does; else by kind, by what the headers tell, by
 * bytes, the last with the member that they lie in.
 *
 * @param[out] d  HM_ARCHIVE_SAME or HM_ARCHIVE_DIFFERENT_MEMBERS unless both
 *                are tars; its offset is one in the files then
 * @return HM_OK also when they differ, and when neither is of a kind that is
 *         known; hm_image_read() and hm_image_list() when one is malformed (the
 *         text begins with "A" or "B")
 */
HM_MUST hm_rc hm_image_compare(const struct hm_file *a, const struct hm_file *b,
                               struct hm_archive_difference *d,
                               struct hm_err *e);

#endif /* HM_IMAGE_H */
