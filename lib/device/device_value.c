/* Values: numbers, digests, times, versions, names. */
#include "device_memory.h"
#include "device_priv.h"

bool device_text_equal(const char *a, const char *b)
{
    for (; *a == *b; a++, b++)
        if (*a == '\0')
            return true;
    return false;
}

size_t device_length(const char *text)
{
    size_t n = 0;

    while (text[n] != '\0')
        n++;
    return n;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *device_uint(struct hm_device_bytes value, uint64_t max,
                        uint64_t *out)
{
    uint64_t v = 0;
    size_t i;

    *out = 0;
    if (value.n == 0)
        return "json.member.type";
    for (i = 0; i < value.n; i++) {
        const uint8_t digit = (uint8_t)(value.p[i] - '0');

        if (digit > 9)
            return "json.member.type";
        if (digit > max || v > (max - digit) / 10)
            return "json.member.range";
        v = v * 10 + digit;
    }
    *out = v;
    return device_yes;
}

/* 0..15, or 16. */
static unsigned nibble(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    return 16;
}

const char *device_hex(struct hm_device_bytes value, uint8_t *out, size_t n)
{
    char text[2 * HM_DEVICE_SHA256 + 1];
    size_t length;
    size_t i;

    if (value.n == 0 || value.p[0] != '"')
        return "json.member.type";
    if (device_string(value, text, sizeof(text), &length) != device_yes ||
        length != 2 * n)
        return "base.hex.syntax";
    for (i = 0; i < n; i++) {
        const unsigned high = nibble(text[2 * i]);
        const unsigned low = nibble(text[2 * i + 1]);

        if ((high | low) > 15)
            return "base.hex.syntax";
        out[i] = (uint8_t)(high << 4 | low);
    }
    return device_yes;
}

/* --- time ------------------------------------------------------------------ */

static unsigned two_digits(const uint8_t *p)
{
    return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
    if (month == 2)
        return is_leap(year) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool has_shape(struct hm_device_bytes text, const char *shape)
{
    size_t i;

    for (i = 0; i < text.n && shape[i] != '\0'; i++)
        if (shape[i] == '0' ? text.p[i] < '0' || text.p[i] > '9'
                            : text.p[i] != (uint8_t)shape[i])
            return false;
    return i == text.n && shape[i] == '\0';
}

/* Days since 1970-01-01; years from 1970. */
static int64_t days_since_epoch(unsigned year, unsigned month, unsigned day)
{
    int64_t days = (int64_t)day - 1;
    unsigned y;
    unsigned m;

    for (y = 1970; y < year; y++)
        days += is_leap(y) ? 366 : 365;
    for (m = 1; m < month; m++)
        days += (int64_t)month_days(year, m);
    return days;
}

uint32_t hm_device_time(struct hm_device_bytes text, int64_t *out)
{
    unsigned v[6]; /* year, month, day, hour, minute, second */

    *out = 0;
    if (!has_shape(text, "0000-00-00T00:00:00Z"))
        return HM_DEVICE_NO;
    v[0] = two_digits(text.p) * 100 + two_digits(text.p + 2);
    v[1] = two_digits(text.p + 5);
    v[2] = two_digits(text.p + 8);
    v[3] = two_digits(text.p + 11);
    v[4] = two_digits(text.p + 14);
    v[5] = two_digits(text.p + 17);
    if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 ||
        v[2] > month_days(v[0], v[1]) || v[3] > 23 || v[4] > 59 || v[5] > 59)
        return HM_DEVICE_NO;
    *out = days_since_epoch(v[0], v[1], v[2]) * 86400 + (int64_t)v[3] * 3600 +
           (int64_t)v[4] * 60 + (int64_t)v[5];
    return HM_DEVICE_YES;
}

const char *device_time(struct hm_device_bytes value, int64_t *out)
{
    char text[24];
    struct hm_device_bytes view;

    *out = 0;
    if (value.n == 0 || value.p[0] != '"')
        return "json.member.type";
    view.p = (const uint8_t *)text;
    if (device_string(value, text, sizeof(text), &view.n) != device_yes ||
        hm_device_time(view, out) != HM_DEVICE_YES)
        return "base.time.syntax";
    return device_yes;
}

/* --- versions -------------------------------------------------------------- */

/* Digits up to a dot or the end; the length taken, 0 when it is no number. */
static size_t take_part(const char *text, uint32_t *out)
{
    uint64_t v = 0;
    size_t n = 0;

    while (is_digit(text[n]) && n < 10)
        v = v * 10 + (uint64_t)(text[n++] - '0');
    if (v > 2147483647u || (n > 1 && text[0] == '0') ||
        (text[n] != '.' && text[n] != '\0'))
        return 0;
    *out = (uint32_t)v;
    return n;
}

const char *device_version_text(const char *text, struct device_version *out)
{
    unsigned parts = 0;
    size_t n;

    memset(out, 0, sizeof(*out));
    for (;;) {
        n = parts < 4 ? take_part(text, &out->part[parts]) : 0;
        if (n == 0)
            return "base.version.syntax";
        parts++;
        text += n;
        if (*text == '\0')
            break;
        text++;
    }
    return parts >= 2 ? device_yes : "base.version.syntax";
}

const char *device_version(struct hm_device_bytes value,
                           struct device_version *out, char *text)
{
    size_t n;

    if (value.n == 0 || value.p[0] != '"')
        return "json.member.type";
    if (device_string(value, text, HM_DEVICE_VERSION, &n) != device_yes)
        return "base.version.syntax";
    return device_version_text(text, out);
}

int device_version_compare(const struct device_version *a,
                           const struct device_version *b)
{
    unsigned i;

    for (i = 0; i < 4; i++)
        if (a->part[i] != b->part[i])
            return a->part[i] < b->part[i] ? -1 : 1;
    return 0;
}
