#include "archive_priv.h"

/* What is between the text and the end of a field must be zero: bytes that
 * nobody reads are bytes that nobody checks. */
HM_MUST static hm_rc read_text(const uint8_t *field, size_t n, char *to,
                               const char *what, struct hm_err *e)
{
    const uint8_t *end = memchr(field, 0, n);
    const size_t length = end == NULL ? n : (size_t)(end - field);

    for (size_t i = length; i < n; i++)
        if (field[i] != 0)
            return hm_fail(e, HM_E_FORMAT, "archive.tar.field",
                           "bytes behind the end of %s", what);
    memcpy(to, field, length);
    to[length] = '\0';
    return HM_OK;
}

HM_MUST static hm_rc bad_number(const char *what, const char *why,
                                struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "archive.tar.number", "%s %s", what, why);
}

/* GNU: 0x80, then the number in big-endian binary.  Only what octal cannot
 * say may be said so, and nothing negative. */
HM_MUST static hm_rc read_binary(const uint8_t *field, size_t n, uint64_t *out,
                                 const char *what, struct hm_err *e)
{
    uint64_t v = 0;

    if (field[0] != 0x80)
        return bad_number(what, "is negative or too large", e);
    for (size_t i = 1; i < n; i++) {
        if (v > (INT64_MAX >> 8))
            return bad_number(what, "is too large", e);
        v = v << 8 | field[i];
    }
    if (v >> (3 * (n - 1)) == 0)
        return bad_number(what, "is binary where octal digits would do", e);
    *out = v;
    return HM_OK;
}

/* Octal digits, blanks before them, blanks or NULs behind them.
 * @param required  an empty field is no number */
HM_MUST static hm_rc read_number(const uint8_t *field, size_t n, bool required,
                                 uint64_t *out, const char *what,
                                 struct hm_err *e)
{
    size_t i = 0;
    size_t digits = 0;

    *out = 0;
    if (field[0] & 0x80)
        return read_binary(field, n, out, what, e);
    while (i < n && field[i] == ' ')
        i++;
    for (; i < n && field[i] >= '0' && field[i] <= '7'; i++, digits++)
        *out = *out << 3 | (uint64_t)(field[i] - '0');
    while (i < n && (field[i] == ' ' || field[i] == 0))
        i++;
    if (i != n)
        return bad_number(what, "is not an octal number", e);
    return digits == 0 && required ? bad_number(what, "is empty", e) : HM_OK;
}

struct number_field {
    size_t at;
    size_t n;
    bool required;
    const char *what;
};

HM_MUST static hm_rc read_numbers(const uint8_t *block, struct tar_raw *raw,
                                  struct hm_err *e)
{
    static const struct number_field fields[] = {
        {TAR_MODE, 8, false, "the mode"},    {TAR_UID, 8, false, "the uid"},
        {TAR_GID, 8, false, "the gid"},      {TAR_SIZE, 12, true, "the size"},
        {TAR_MTIME, 12, false, "the mtime"},
    };
    uint64_t v[sizeof(fields) / sizeof(*fields)];

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        HM_TRY(read_number(block + fields[i].at, fields[i].n,
                           fields[i].required, &v[i], fields[i].what, e));
    raw->mode = (unsigned)(v[0] & 07777); /* old tars put the kind above it */
    raw->uid = v[1];
    raw->gid = v[2];
    raw->size = v[3];
    raw->mtime = v[4];
    return HM_OK;
}

HM_MUST static hm_rc check_sum(const uint8_t *block, struct hm_err *e)
{
    uint64_t said = 0;
    const unsigned sum = tar_checksum(block);

    HM_TRY(
        read_number(block + TAR_CHECKSUM, 8, true, &said, "the checksum", e));
    if (said != sum)
        return hm_fail(e, HM_E_FORMAT, "archive.tar.checksum",
                       "header checksum is %u, the header says %llu", sum,
                       (unsigned long long)said);
    return HM_OK;
}

/* @param[out] posix  the name may have a prefix */
HM_MUST static hm_rc check_magic(const uint8_t *block, bool *posix,
                                 struct hm_err *e)
{
    const struct hm_bytes found = {block + TAR_MAGIC, 8};
    const struct hm_bytes tail = {block + TAR_TAIL, TAR_BLOCK - TAR_TAIL};
    static const uint8_t zeros[TAR_BLOCK - TAR_TAIL];

    *posix = hm_bytes_eq(found, HM_LIT("ustar\0"
                                       "00"));
    if (!*posix && !hm_bytes_eq(found, HM_LIT("ustar  \0")))
        return hm_fail(e, HM_E_FORMAT, "archive.tar.magic",
                       "expected a ustar, pax or GNU tar header, found magic "
                       "'%s'",
                       hm_show(found));
    /* star's own dialect keeps other things where the prefix is. */
    if (*posix && !hm_bytes_eq(tail, (struct hm_bytes){zeros, sizeof(zeros)}))
        return hm_fail(e, HM_E_FORMAT, "archive.tar.field",
                       "bytes behind the last field of the header");
    return HM_OK;
}

HM_MUST static hm_rc read_name(const uint8_t *block, bool posix,
                               struct tar_raw *raw, struct hm_err *e)
{
    char name[101];
    char prefix[156] = "";

    HM_TRY(read_text(block + TAR_NAME, 100, name, "the name", e));
    if (posix)
        HM_TRY(read_text(block + TAR_PREFIX, 155, prefix, "the prefix", e));
    raw->name[0] = '\0';
    if (prefix[0] != '\0') {
        memcpy(raw->name, prefix, strlen(prefix));
        raw->name[strlen(prefix)] = '/';
        memcpy(raw->name + strlen(prefix) + 1, name, strlen(name) + 1);
    } else {
        memcpy(raw->name, name, strlen(name) + 1);
    }
    return HM_OK;
}

hm_rc tar_header_read(const uint8_t block[static TAR_BLOCK],
                      struct tar_raw *raw, struct hm_err *e)
{
    bool posix = false;

    HM_TRY(check_magic(block, &posix, e));
    HM_TRY(check_sum(block, e));
    raw->type = (char)block[TAR_TYPE];
    HM_TRY(read_name(block, posix, raw, e));
    HM_TRY(read_text(block + TAR_LINK, 100, raw->link, "the link name", e));
    HM_TRY(read_text(block + TAR_UNAME, 32, raw->uname, "the user name", e));
    HM_TRY(read_text(block + TAR_GNAME, 32, raw->gname, "the group name", e));
    return read_numbers(block, raw, e);
}

bool hm_archive_is_header(const uint8_t block[static 512])
{
    return archive_is_zero(block, TAR_BLOCK) || check_sum(block, NULL) == HM_OK;
}
