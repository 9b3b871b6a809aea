#include "hm_text.h"
#include "hm_time.h"

#include "alloc_fail.h"
#include "hm_test.h"

#include <stdlib.h>

static void an_error_keeps_its_first_code_and_reason(void **state)
{
    struct hm_err e = {0};
    hm_rc rc = hm_fail(&e, HM_E_FORMAT, "a.b.c", "inner %d", 7);

    (void)state;
    rc = hm_context(&e, rc, "outer");
    rc = hm_hint(&e, rc, "first hint");
    rc = hm_hint(&e, rc, "second hint");
    assert_fails(rc, HM_E_FORMAT, "a.b.c", &e);
    assert_string_equal(e.text, "outer: inner 7");
    assert_string_equal(e.hint, "first hint");
    assert_int_equal(hm_rc_exit_status(hm_as_usage(&e, rc)), 2);
}

static void
bytes_from_outside_are_shown_without_control_characters(void **state)
{
    char shown[HM_SHOW_MAX];
    char longer[400];

    (void)state;
    memset(longer, 0x1b, sizeof(longer));
    assert_string_equal(hm_show_into(shown, HM_LIT("a\x1b[31mb\\\n")),
                        "a\\x1b[31mb\\x5c\\x0a");
    (void)hm_show_into(shown,
                       (struct hm_bytes){(uint8_t *)longer, sizeof(longer)});
    assert_true(strlen(shown) < HM_SHOW_MAX);
    assert_string_equal(shown + strlen(shown) - 3, "...");
}

static void a_buffer_survives_every_failing_allocation(void **state)
{
    (void)state;
    for (int k = 0;; k++) {
        HM_OWN(hm_buf) b = HM_BUF_INIT(100000);
        uint8_t block[1000] = {0};
        struct hm_err e = {0};
        hm_rc rc = HM_OK;

        alloc_fail_after(k);
        for (int i = 0; i < 9 && rc == HM_OK; i++)
            rc = hm_buf_add(&b, (struct hm_bytes){block, sizeof(block)}, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_fails(rc, HM_E_NOMEM, "base.buf.nomem", &e);
        assert_int_equal(b.n % sizeof(block), 0);
    }
}

static void a_buffer_never_grows_above_its_ceiling(void **state)
{
    HM_OWN(hm_buf) b = HM_BUF_INIT(4);
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_buf_add(&b, HM_LIT("abcd"), &e), &e);
    assert_fails(hm_buf_add(&b, HM_LIT("e"), &e), HM_E_LIMIT, "base.buf.limit",
                 &e);
    assert_bytes_equal(hm_buf_view(&b), HM_LIT("abcd"));
}

static void hex_is_lower_case_and_whole(void **state)
{
    static const char *const bad[] = {"",     "0",    "0g01",  "0A01",
                                      "0x01", " 001", "00012", "000102"};
    uint8_t two[2];
    char text[5];
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_hex_read(HM_LIT("00ff"), two, 2, &e), &e);
    hm_hex_write((struct hm_bytes){two, 2}, text);
    assert_string_equal(text, "00ff");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(hm_hex_read(hm_bytes_str(bad[i]), two, 2, &e), HM_E_FORMAT,
                     "base.hex.syntax", &e);
}

static void numbers_are_plain_decimals_in_range(void **state)
{
    uint64_t v = 1;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_number_read(HM_LIT("0"), 0, &v, &e), &e);
    assert_true(v == 0);
    assert_ok(
        hm_number_read(HM_LIT("18446744073709551615"), UINT64_MAX, &v, &e), &e);
    assert_true(v == UINT64_MAX);
    assert_fails(
        hm_number_read(HM_LIT("18446744073709551616"), UINT64_MAX, &v, &e),
        HM_E_LIMIT, "base.number.range", &e);
    assert_fails(hm_number_read(HM_LIT("01"), 9, &v, &e), HM_E_FORMAT,
                 "base.number.syntax", &e);
    assert_fails(hm_number_read(HM_LIT("-1"), 9, &v, &e), HM_E_FORMAT,
                 "base.number.syntax", &e);
    assert_fails(hm_number_read(HM_LIT(""), 9, &v, &e), HM_E_FORMAT,
                 "base.number.syntax", &e);
}

static int compare(const char *a, const char *b)
{
    struct hm_version x;
    struct hm_version y;
    struct hm_err e = {0};

    assert_ok(hm_version_read(hm_bytes_str(a), &x, &e), &e);
    assert_ok(hm_version_read(hm_bytes_str(b), &y, &e), &e);
    return hm_version_compare(&x, &y);
}

static void versions_compare_number_by_number(void **state)
{
    (void)state;
    assert_true(compare("1.0.10", "1.0.9") > 0);
    assert_true(compare("1.0", "1.0.0") == 0);
    assert_true(compare("1.0.0", "1.0.0.1") < 0);
    assert_true(compare("2147483647.0", "9.9.9.9") > 0);
}

static void versions_have_one_spelling(void **state)
{
    static const char *const bad[] = {
        "",
        "1",
        "1.",
        ".1",
        "1..0",
        "v1.0.0",
        "01.0",
        "1.00",
        "1.0-rc1",
        "1.0.0.0.0",
        "1.2147483648",
        "1.0\n",
        " 1.0",
        "1.-1",
        "1.0x",
        "1.0000000000000000000000000000000000000000000000000000000000000"};
    struct hm_version v;
    struct hm_err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(hm_version_read(hm_bytes_str(bad[i]), &v, &e), HM_E_FORMAT,
                     "base.version.syntax", &e);
}

static void times_round_trip(void **state)
{
    static const struct {
        const char *text;
        hm_time t;
    } rows[] = {{"1970-01-01T00:00:00Z", 0},
                {"2000-02-29T23:59:59Z", 951868799},
                {"2026-05-12T08:00:00Z", 1778572800},
                {"2038-01-19T03:14:08Z", 2147483648},
                {"9999-12-31T23:59:59Z", HM_TIME_MAX}};
    struct hm_err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hm_time t = 0;

        assert_ok(hm_time_parse(hm_bytes_str(rows[i].text), &t, &e), &e);
        assert_true(t == rows[i].t);
        assert_string_equal(hm_time_show(t), rows[i].text);
    }
    for (hm_time t = 0; t < HM_TIME_MAX - 7000000; t += 6999999) {
        hm_time again = 0;

        assert_ok(hm_time_parse(hm_bytes_str(hm_time_show(t)), &again, &e), &e);
        assert_true(again == t);
    }
}

static void times_have_one_spelling(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-05-12T08:00:00",
        "2026-05-12T08:00:00z",
        "2026-05-12t08:00:00Z",
        "2026-05-12 08:00:00Z",
        "2026-05-12T08:00:00.5Z",
        "2026-05-12T08:00:00+00:00",
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-05-12T24:00:00Z",
        "2026-05-12T08:60:00Z",
        "2026-12-31T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "2026-5-12T08:00:00Z ",
    };
    struct hm_err e = {0};
    hm_time t = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(hm_time_parse(hm_bytes_str(bad[i]), &t, &e), HM_E_FORMAT,
                     "base.time.syntax", &e);
}

static void source_date_epoch_is_plain_seconds_or_refused(void **state)
{
    static const char *const bad[] = {"",    "-1", "1.5",           "0x10",
                                      "1e9", " 1", "99999999999999"};
    struct hm_err e = {0};
    bool found = true;
    hm_time t = 0;

    (void)state;
    assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
    assert_ok(hm_time_source_date(&t, &found, &e), &e);
    assert_false(found);
    assert_int_equal(setenv("SOURCE_DATE_EPOCH", "1778572800", 1), 0);
    assert_ok(hm_time_source_date(&t, &found, &e), &e);
    assert_true(found && t == 1778572800);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(setenv("SOURCE_DATE_EPOCH", bad[i], 1), 0);
        assert_fails(hm_time_source_date(&t, &found, &e), HM_E_USAGE,
                     "base.time.epoch", &e);
    }
    assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
}

static void an_act_is_never_earlier_than_the_one_before(void **state)
{
    struct hm_err e = {0};
    hm_time t = 0;

    (void)state;
    assert_ok(hm_time_act("2026-05-12T08:00:00Z", 1778572800, &t, &e), &e);
    assert_true(t == 1778572800);
    assert_fails(hm_time_act("2026-05-12T07:59:59Z", 1778572800, &t, &e),
                 HM_E_REJECTED, "base.time.backwards", &e);
    assert_fails(hm_time_act("yesterday", 0, &t, &e), HM_E_USAGE,
                 "base.time.syntax", &e);
    assert_ok(hm_time_act(NULL, 0, &t, &e), &e);
    assert_true(t > 1778572800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_keeps_its_first_code_and_reason),
        cmocka_unit_test(
            bytes_from_outside_are_shown_without_control_characters),
        cmocka_unit_test(a_buffer_survives_every_failing_allocation),
        cmocka_unit_test(a_buffer_never_grows_above_its_ceiling),
        cmocka_unit_test(hex_is_lower_case_and_whole),
        cmocka_unit_test(numbers_are_plain_decimals_in_range),
        cmocka_unit_test(versions_compare_number_by_number),
        cmocka_unit_test(versions_have_one_spelling),
        cmocka_unit_test(times_round_trip),
        cmocka_unit_test(times_have_one_spelling),
        cmocka_unit_test(source_date_epoch_is_plain_seconds_or_refused),
        cmocka_unit_test(an_act_is_never_earlier_than_the_one_before),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
