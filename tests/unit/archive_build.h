/** @file
 * Tars made by hand, so that each can be wrong in one thing.
 */
#ifndef ARCHIVE_BUILD_H
#define ARCHIVE_BUILD_H

#include "hm_test.h"

#include "archive_priv.h"

#define BUILD_MAX ((size_t)1 << 20)

static const struct hm_archive_limits build_limits = {.bytes_max = 1u << 24,
                                                      .entries_max = 1000};

static inline void build_add(struct hm_buf *tar, const void *p, size_t n)
{
    struct hm_err e = {0};

    assert_ok(hm_buf_add(tar, (struct hm_bytes){p, n}, &e), &e);
}

/* v in n octal digits and a NUL. */
static inline void build_octal(uint8_t *to, size_t n, uint64_t v)
{
    to[n] = 0;
    for (; n > 0; v >>= 3)
        to[--n] = (uint8_t)('0' + (v & 7));
}

static inline void build_checksum(uint8_t *block)
{
    build_octal(block + TAR_CHECKSUM, 6, tar_checksum(block));
    block[TAR_CHECKSUM + 7] = ' ';
}

static inline void build_header(struct hm_buf *tar, char type, const char *name,
                                const char *link, size_t size)
{
    static const uint8_t magic[] = {'u', 's', 't', 'a', 'r', 0, '0', '0'};
    uint8_t block[TAR_BLOCK] = {0};

    memcpy(block, name, strnlen(name, 100));
    memcpy(block + TAR_LINK, link, strnlen(link, 100));
    block[TAR_TYPE] = (uint8_t)type;
    build_octal(block + TAR_MODE, 7, 0644);
    build_octal(block + TAR_UID, 7, 0);
    build_octal(block + TAR_GID, 7, 0);
    build_octal(block + TAR_SIZE, 11, size);
    build_octal(block + TAR_MTIME, 11, 1700000000);
    memcpy(block + TAR_MAGIC, magic, sizeof(magic));
    build_checksum(block);
    build_add(tar, block, sizeof(block));
}

static inline void build_zeros(struct hm_buf *tar, size_t n)
{
    static const uint8_t zeros[TAR_BLOCK];

    for (; n > 0; n -= n < TAR_BLOCK ? n : TAR_BLOCK)
        build_add(tar, zeros, n < TAR_BLOCK ? n : TAR_BLOCK);
}

static inline void build_body(struct hm_buf *tar, const void *p, size_t n)
{
    build_add(tar, p, n);
    build_zeros(tar, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK);
}

/* A pax header with these records. */
static inline void build_records(struct hm_buf *tar, char type,
                                 const char *records)
{
    build_header(tar, type, "PaxHeaders/x", "", strlen(records));
    build_body(tar, records, strlen(records));
}

/* A pax header with one record, its length right. */
static inline void build_pax(struct hm_buf *tar, char type, const char *record)
{
    char text[600];
    size_t digits = 1;
    size_t n = 0;

    do
        n = strlen(record) + 2 + digits;
    while ((size_t)snprintf(text, sizeof(text), "%zu", n) != digits++);
    (void)snprintf(text, sizeof(text), "%zu %s\n", n, record);
    build_records(tar, type, text);
}

static inline void build_end(struct hm_buf *tar)
{
    build_zeros(tar, 2 * (size_t)TAR_BLOCK);
}

/* Read everything: how does it end, and how many members were there? */
static inline hm_rc build_read(struct hm_bytes archive, uint64_t *members,
                               struct hm_err *e)
{
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    const struct hm_archive_member *m = NULL;
    struct hm_archive_result result;

    *members = 0;
    HM_TRY(hm_archive_open_bytes(&r, archive, &build_limits, e));
    for (;;) {
        HM_TRY(hm_archive_next(&r, &m, e));
        if (m == NULL)
            break;
        (*members)++;
    }
    return hm_archive_finish(&r, &result, e);
}

/* @param reason  "": it is accepted */
static inline void assert_reads(struct hm_bytes archive, const char *reason,
                                const char *title)
{
    struct hm_err e = {0};
    uint64_t members = 0;
    const hm_rc rc = build_read(archive, &members, &e);

    if (strcmp(rc == HM_OK ? "" : e.reason, reason) != 0)
        fail_msg("%s: expected [%s], got [%s] %s", title, reason, e.reason,
                 e.text);
}

#endif /* ARCHIVE_BUILD_H */
