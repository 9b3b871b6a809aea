#include "hm_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hm_text.h"

#define DAY ((hm_time)86400)

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Days from 1970-01-01 to the first of January. */
static hm_time days_before_year(unsigned year)
{
    const hm_time y = (hm_time)year - 1;

    return 365 * y + y / 4 - y / 100 + y / 400 - 719162;
}

/* n digits as a number, or max + 1 when one is no digit or it is too large. */
static unsigned digits(const uint8_t *p, size_t n, unsigned max)
{
    unsigned v = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return max + 1;
        v = v * 10 + (unsigned)(p[i] - '0');
    }
    return v > max ? max + 1 : v;
}

HM_MUST static hm_rc bad_time(struct hm_bytes s, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "base.time.syntax",
                   "'%s' is not a time of the form 2026-05-12T08:00:00Z",
                   hm_show(s));
}

hm_rc hm_time_parse(struct hm_bytes s, hm_time *out, struct hm_err *e)
{
    static const char shape[] = "0000-00-00T00:00:00Z";
    unsigned year, month, day, hour, minute, second;

    *out = 0;
    if (s.n != sizeof(shape) - 1)
        return bad_time(s, e);
    for (size_t i = 0; i < s.n; i++)
        if (shape[i] != '0' && s.p[i] != (uint8_t)shape[i])
            return bad_time(s, e);
    year = digits(s.p, 4, 9999);
    month = digits(s.p + 5, 2, 12);
    day = digits(s.p + 8, 2, 31);
    hour = digits(s.p + 11, 2, 23);
    minute = digits(s.p + 14, 2, 59);
    second = digits(s.p + 17, 2, 59);
    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 59)
        return bad_time(s, e);
    *out = days_before_year(year) * DAY;
    for (unsigned m = 1; m < month; m++)
        *out += (hm_time)days_in_month(year, m) * DAY;
    *out += (hm_time)(day - 1) * DAY + (hm_time)hour * 3600 +
            (hm_time)minute * 60 + (hm_time)second;
    return HM_OK;
}

const char *hm_time_format(hm_time t, char out[static HM_TIME_TEXT])
{
    hm_time left = t < 0 ? 0 : t > HM_TIME_MAX ? HM_TIME_MAX : t;
    hm_time day = left / DAY;
    unsigned year = 1970 + (unsigned)(day / 366);
    unsigned month = 1;

    while (year < 9999 && days_before_year(year + 1) <= day)
        year++;
    day -= days_before_year(year);
    while (day >= (hm_time)days_in_month(year, month))
        day -= (hm_time)days_in_month(year, month++);
    left %= DAY;
    (void)snprintf(
        out, HM_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000,
        month % 100, (unsigned)(day + 1) % 100, (unsigned)(left / 3600) % 100,
        (unsigned)(left / 60 % 60) % 100, (unsigned)(left % 60) % 100);
    return out;
}

hm_time hm_time_now(void)
{
    const time_t now = time(NULL);

    return now < 0 ? 0 : (hm_time)now;
}

hm_rc hm_time_source_date(hm_time *out, bool *found, struct hm_err *e)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds = 0;

    *out = 0;
    *found = text != NULL;
    if (text == NULL)
        return HM_OK;
    if (hm_number_read(hm_bytes_str(text), (uint64_t)HM_TIME_MAX, &seconds,
                       NULL) != HM_OK)
        return hm_hint(
            e,
            hm_fail(e, HM_E_USAGE, "base.time.epoch",
                    "SOURCE_DATE_EPOCH is '%s', expected seconds since 1970 "
                    "in plain decimal",
                    hm_show_str(text)),
            "set it from the commit, e.g. SOURCE_DATE_EPOCH=$(git log -1 "
            "--format=%%ct)");
    *out = (hm_time)seconds;
    return HM_OK;
}

hm_rc hm_time_act(const char *issue_time, hm_time previous, hm_time *out,
                  struct hm_err *e)
{
    *out = 0;
    if (issue_time == NULL)
        *out = hm_time_now();
    else
        HM_TRY(hm_as_usage(e, hm_time_parse(hm_bytes_str(issue_time), out, e)));
    if (*out < previous)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "base.time.backwards",
                    "the time of this act, %s, is before the act it follows, "
                    "%s",
                    hm_time_show(*out), hm_time_show(previous)),
            "set the clock right, or name a later --issue-time");
    return HM_OK;
}
