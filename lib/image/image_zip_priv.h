/** @file
 * What the two readers of zip share.
 *
 * @source PKWARE APPNOTE.TXT 6.3.10
 */
#ifndef HM_IMAGE_ZIP_PRIV_H
#define HM_IMAGE_ZIP_PRIV_H

#include "image_priv.h"

#define ZIP_NAME_MAX (HM_ARCHIVE_PATH_MAX + 1)

#define ZIP_ENCRYPTED  0x0001u
#define ZIP_DESCRIPTOR 0x0008u /**< sizes and checksum follow the content */
#define ZIP_MASKED     0x2000u /**< local headers hold no truth */

/** What a header tells of a member: the central one and the local one alike. */
struct zip_entry {
    unsigned flags;
    unsigned method;
    uint32_t when; /**< date << 16 | time, of DOS */
    uint32_t crc;
    uint64_t packed;
    uint64_t size;
    uint64_t local_at; /**< central only */
    unsigned name_n;
    uint64_t name_at;
    unsigned extra_n; /**< behind the name */
    uint64_t next;    /**< behind the header */
    unsigned mode;    /**< central only; with its kind */
};

/** Read the content of a member whose two headers agree: length and checksum.
 *
 * @param at  where it begins
 * @param[out] target  of a link, with its NUL; else ""
 * @param[out] checked  false: encrypted, or a method that is not read here
 * @return HM_E_FORMAT `image.zip.size|data|checksum`;
 *         HM_E_LIMIT `archive.limit.path`; HM_E_REJECTED
 *         `archive.member.target`; HM_E_NOMEM */
HM_MUST hm_rc zip_read_content(struct image_in *in, const struct zip_entry *c,
                               uint64_t at, char target[ZIP_NAME_MAX + 1],
                               bool *checked, struct hm_err *e);

#endif /* HM_IMAGE_ZIP_PRIV_H */
