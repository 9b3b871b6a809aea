#include <stdio.h>

#include "archive_priv.h"

#define NAME_SIZE   100u
#define PREFIX_SIZE 155u

unsigned tar_checksum(const uint8_t block[static TAR_BLOCK])
{
    unsigned sum = 0;

    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= TAR_CHECKSUM && i < TAR_TYPE ? ' ' : block[i];
    return sum;
}

/* v as n octal digits; the byte behind them is NUL already. */
static void put_octal(uint8_t *to, size_t n, uint64_t v)
{
    while (n-- > 0) {
        to[n] = (uint8_t)('0' + (v & 7));
        v >>= 3;
    }
}

static void put_text(uint8_t *to, size_t max, const char *s)
{
    for (size_t i = 0; i < max && s[i] != '\0'; i++)
        to[i] = (uint8_t)s[i];
}

/* Where GNU tar splits a path between prefix and name; 0: nowhere. */
static size_t find_split(const char *full)
{
    const size_t n = strlen(full);
    size_t i = n > PREFIX_SIZE + 1 ? PREFIX_SIZE + 1 : n;

    if (n > PREFIX_SIZE + 1 + NAME_SIZE)
        return 0;
    if (i == n && full[i - 1] == '/')
        i--;
    for (i--; i > 0 && full[i] != '/'; i--)
        ;
    return i > 0 && n - i - 1 <= NAME_SIZE ? i : 0;
}

static bool name_needs_pax(const char *full)
{
    return !archive_is_ascii(full) ||
           (strlen(full) > NAME_SIZE && find_split(full) == 0);
}

static void put_name(uint8_t *block, const char *full)
{
    const size_t split = strlen(full) > NAME_SIZE && archive_is_ascii(full)
                             ? find_split(full)
                             : 0;

    if (split > 0) {
        put_text(block + TAR_PREFIX, split, full);
        full += split + 1;
    }
    put_text(block + TAR_NAME, NAME_SIZE, full);
}

/* The fields that every header has, then the checksum.  What a field cannot
 * say, a pax record does. */
static void finish_block(uint8_t *block, unsigned mode, uint64_t size,
                         hm_time mtime)
{
    static const uint8_t magic[] = {'u', 's', 't', 'a', 'r', 0, '0', '0'};

    put_octal(block + TAR_MODE, 7, mode);
    put_octal(block + TAR_SIZE, 11, size);
    put_octal(block + TAR_MTIME, 11, (uint64_t)mtime);
    memcpy(block + TAR_MAGIC, magic, sizeof(magic));
    put_octal(block + TAR_CHECKSUM, 6, tar_checksum(block));
    block[TAR_CHECKSUM + 7] = ' ';
}

static size_t decimal_digits(size_t v)
{
    size_t n = 1;

    while (v >= 10) {
        v /= 10;
        n++;
    }
    return n;
}

/* "<length> key=value\n"; the length counts its own digits. */
hm_rc tar_record_add(struct hm_buf *to, const char *key, struct hm_bytes value,
                     struct hm_err *e)
{
    const size_t rest = strlen(key) + value.n + 3;
    size_t n = rest + decimal_digits(rest);

    n = rest + decimal_digits(n);
    HM_TRY(hm_buf_add_dec(to, n, e));
    HM_TRY(hm_buf_add(to, HM_LIT(" "), e));
    HM_TRY(hm_buf_add(to, hm_bytes_str(key), e));
    HM_TRY(hm_buf_add(to, HM_LIT("="), e));
    HM_TRY(hm_buf_add(to, value, e));
    return hm_buf_add(to, HM_LIT("\n"), e);
}

HM_MUST static hm_rc add_record(struct hm_buf *to, const char *key,
                                const char *value, struct hm_err *e)
{
    return tar_record_add(to, key, hm_bytes_str(value), e);
}

/* A number that its field cannot hold. */
HM_MUST static hm_rc add_number(struct hm_buf *to, const char *key, uint64_t v,
                                uint64_t max, struct hm_err *e)
{
    char text[24];

    if (v <= max)
        return HM_OK;
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    return add_record(to, key, text, e);
}

HM_MUST static hm_rc
add_records(struct hm_buf *to, const struct tar_entry *entry, struct hm_err *e)
{
    const bool path = name_needs_pax(entry->path);
    const bool target =
        strlen(entry->target) > NAME_SIZE || !archive_is_ascii(entry->target);

    HM_TRY(hm_buf_add(to, entry->xattrs, e));
    if ((entry->mode & 07000) != 0 || entry->xattrs.n > 0)
        HM_TRY(add_record(to, "comment", TAR_ALLOWED, e));
    HM_TRY(add_number(to, "gid", entry->gid, TAR_ID_MAX, e));
    /* POSIX: path and linkpath are UTF-8 unless hdrcharset says otherwise. */
    if ((path && !hm_archive_is_utf8(entry->path)) ||
        (target && !hm_archive_is_utf8(entry->target)))
        HM_TRY(add_record(to, "hdrcharset", "BINARY", e));
    if (target)
        HM_TRY(add_record(to, "linkpath", entry->target, e));
    if (path)
        HM_TRY(add_record(to, "path", entry->path, e));
    HM_TRY(add_number(to, "size", entry->size, TAR_OCTAL_MAX, e));
    return add_number(to, "uid", entry->uid, TAR_ID_MAX, e);
}

/* "<directory>/PaxHeaders/<name>", without a process id in it; cut where the
 * field ends, as GNU tar does. */
static void put_pax_name(uint8_t *to, const char *path)
{
    char name[NAME_SIZE + 1];
    size_t n = strlen(path);
    size_t base = 0;

    n -= path[n - 1] == '/';
    for (base = n; base > 0 && path[base - 1] != '/'; base--)
        ;
    (void)snprintf(name, sizeof(name), "%.*s/PaxHeaders/%.*s",
                   base == 0 ? 1 : (int)base - 1, base == 0 ? "." : path,
                   (int)(n - base), path + base);
    put_text(to, NAME_SIZE, name);
}

HM_MUST static hm_rc add_zeros(struct hm_buf *to, size_t n, struct hm_err *e)
{
    static const uint8_t zeros[TAR_BLOCK];

    return hm_buf_add(to, (struct hm_bytes){zeros, n}, e);
}

HM_MUST static hm_rc add_pax(struct hm_buf *to, const struct tar_entry *entry,
                             struct hm_bytes records, struct hm_err *e)
{
    uint8_t block[TAR_BLOCK] = {0};

    put_pax_name(block + TAR_NAME, entry->path);
    block[TAR_TYPE] = 'x';
    put_octal(block + TAR_UID, 7, 0);
    put_octal(block + TAR_GID, 7, 0);
    finish_block(block, 0644, records.n, entry->mtime);
    HM_TRY(hm_buf_add(to, (struct hm_bytes){block, sizeof(block)}, e));
    HM_TRY(hm_buf_add(to, records, e));
    return add_zeros(to, (TAR_BLOCK - records.n % TAR_BLOCK) % TAR_BLOCK, e);
}

hm_rc tar_header_add(struct hm_buf *to, const struct tar_entry *entry,
                     struct hm_err *e)
{
    HM_OWN(hm_buf) records = HM_BUF_INIT(TAR_PAX_MAX);
    uint8_t block[TAR_BLOCK] = {0};

    HM_TRY(add_records(&records, entry, e));
    if (records.n > 0)
        HM_TRY(add_pax(to, entry, hm_buf_view(&records), e));
    put_name(block, entry->path);
    block[TAR_TYPE] = (uint8_t)entry->type;
    put_text(block + TAR_LINK, NAME_SIZE, entry->target);
    put_octal(block + TAR_UID, 7, entry->uid > TAR_ID_MAX ? 0 : entry->uid);
    put_octal(block + TAR_GID, 7, entry->gid > TAR_ID_MAX ? 0 : entry->gid);
    put_octal(block + TAR_MAJOR, 7, 0);
    put_octal(block + TAR_MINOR, 7, 0);
    finish_block(block, entry->mode,
                 entry->size > TAR_OCTAL_MAX ? 0 : entry->size, entry->mtime);
    return hm_buf_add(to, (struct hm_bytes){block, sizeof(block)}, e);
}
