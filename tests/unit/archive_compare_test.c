/* The first difference of two archives, as a person would call it. */
#include "archive_build.h"

#include "hm_run.h"

/* What a member of B says otherwise than the same member of A. */
struct row {
    const char *field;
    const char *member;
    const char *a; /* NULL: whatever the checksum is */
    const char *b;
    size_t at; /* in the header of the second member */
    const char *bytes;
    size_t n;
};

#define BYTES(s) (s), sizeof(s) - 1

static const struct row rows[] = {
    {"kind", "b", "file", "symlink", TAR_TYPE, BYTES("2")},
    {"mode", "b", "0644", "0600", TAR_MODE, BYTES("0000600")},
    {"mtime", "b", "1700000000 (2023-11-14T22:13:20Z)",
     "1700000001 (2023-11-14T22:13:21Z)", TAR_MTIME, BYTES("14524770401")},
    {"uid", "b", "0", "8", TAR_UID, BYTES("0000010")},
    {"gid", "b", "0", "8", TAR_GID, BYTES("0000010")},
    {"owner names", "b", ":", "root:", TAR_UNAME, BYTES("root")},
    {"owner names", "b", ":", ":root", TAR_GNAME, BYTES("root")},
    {"presence", "b", "there", "not there", TAR_NAME, BYTES("x")},
    {"tar encoding", "b", NULL, NULL, TAR_MAJOR, BYTES("0000000")},
};

static void build_two(struct hm_buf *tar)
{
    tar->n = 0;
    build_header(tar, '0', "a", "", 0);
    build_header(tar, '0', "b", "x", 0);
    build_end(tar);
}

static void compare(const struct hm_temp *t, struct hm_bytes a,
                    struct hm_bytes b, struct hm_archive_difference *d)
{
    HM_OWN(hm_file) fa = HM_FILE_INIT;
    HM_OWN(hm_file) fb = HM_FILE_INIT;
    struct hm_err e = {0};

    assert_ok(hm_file_save(hm_temp_path(t, "a"), a, HM_OUT_REPLACE, &e), &e);
    assert_ok(hm_file_save(hm_temp_path(t, "b"), b, HM_OUT_REPLACE, &e), &e);
    assert_ok(hm_file_open(&fa, hm_temp_path(t, "a"), &e), &e);
    assert_ok(hm_file_open(&fb, hm_temp_path(t, "b"), &e), &e);
    assert_ok(hm_archive_compare(&fa, &fb, d, &e), &e);
}

static void each_field_is_named_with_both_values(void **state)
{
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_buf) a = HM_BUF_INIT(BUILD_MAX);
        HM_OWN(hm_buf) b = HM_BUF_INIT(BUILD_MAX);
        struct hm_archive_difference d;

        build_two(&a);
        build_two(&b);
        memcpy(b.p + TAR_BLOCK + rows[i].at, rows[i].bytes, rows[i].n);
        build_checksum(b.p + TAR_BLOCK);
        compare(&t, hm_buf_view(&a), hm_buf_view(&b), &d);
        assert_string_equal(d.field, rows[i].field);
        assert_string_equal(d.member, rows[i].member);
        assert_int_equal(d.offset / TAR_BLOCK, 1);
        if (rows[i].a == NULL)
            continue;
        assert_string_equal(d.a, rows[i].a);
        assert_string_equal(d.b, rows[i].b);
        assert_non_null(d.cause[0]);
    }
    hm_temp_clear(&t);
}

static void another_order_is_told_from_another_member(void **state)
{
    HM_OWN(hm_buf) a = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_buf) b = HM_BUF_INIT(BUILD_MAX);
    struct hm_archive_difference d;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    build_two(&a);
    build_header(&b, '0', "b", "x", 0);
    build_header(&b, '0', "a", "", 0);
    build_end(&b);
    compare(&t, hm_buf_view(&a), hm_buf_view(&b), &d);
    assert_int_equal(d.verdict, HM_ARCHIVE_DIFFERENT_MEMBERS);
    assert_string_equal(d.field, "order");
    assert_string_equal(d.a, "a");
    assert_string_equal(d.b, "b");
    hm_temp_clear(&t);
}

static void a_member_that_is_missing_is_named_wherever_it_is(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    for (unsigned without = 0; without < 3; without++) {
        HM_OWN(hm_buf) whole = HM_BUF_INIT(BUILD_MAX);
        HM_OWN(hm_buf) less = HM_BUF_INIT(BUILD_MAX);
        struct hm_archive_difference d;

        for (unsigned i = 0; i < 3; i++) {
            build_header(&whole, '0', names[i], "", 0);
            if (i != without)
                build_header(&less, '0', names[i], "", 0);
        }
        build_end(&whole);
        build_end(&less);
        compare(&t, hm_buf_view(&whole), hm_buf_view(&less), &d);
        assert_string_equal(d.field, "presence");
        assert_string_equal(d.member, names[without]);
        assert_string_equal(d.a, "there");
        compare(&t, hm_buf_view(&less), hm_buf_view(&whole), &d);
        assert_string_equal(d.member, names[without]);
        assert_string_equal(d.b, "there");
    }
    hm_temp_clear(&t);
}

static void pax_and_gnu_forms_of_one_name_are_the_same_member(void **state)
{
    HM_OWN(hm_buf) a = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_buf) b = HM_BUF_INIT(BUILD_MAX);
    struct hm_archive_difference d;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    build_pax(&a, 'x', "path=name");
    build_header(&a, '0', "n", "", 0);
    build_end(&a);
    build_header(&b, 'L', "././@LongLink", "", 5);
    build_body(&b, "name", 5);
    build_header(&b, '0', "n", "", 0);
    build_end(&b);
    compare(&t, hm_buf_view(&a), hm_buf_view(&b), &d);
    assert_int_equal(d.verdict, HM_ARCHIVE_SAME_MEMBERS);
    assert_string_equal(d.field, "tar encoding");
    assert_string_equal(d.member, "name");
    compare(&t, hm_buf_view(&a), hm_buf_view(&a), &d);
    assert_int_equal(d.verdict, HM_ARCHIVE_SAME);
    hm_temp_clear(&t);
}

struct guess {
    const char *a, *b; /* the contents of a member */
    const char *cause; /* how the likeliest begins */
    const char *shown; /* part of what is shown of A; NULL: nothing is */
};

static const struct guess guesses[] = {
    {"built May 12 2026 08:00:00\n", "built May 12 2026 08:00:09\n",
     "the time of the build", "May 12 2026 08:00:00"},
    {"x 2026-05-12T08:00:00Z", "x 2026-05-13T08:00:00Z",
     "the time of the build", "2026-05-12"},
    {"\1\2/home/a/src/x.c", "\1\2/home/b/src/x.c", "the path of the build",
     "in '/home/a/src/x.c'"},
    {"0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee",
     "a digest or build id", NULL},
    {"\x1f\x8b\x08\1ABCD", "\x1f\x8b\x08\1ABXD", "a gzip in it", NULL},
    {"\1\2\3", "\1\2\4", "another source", NULL},
};

static void build_one(struct hm_buf *tar, const char *content)
{
    build_header(tar, '0', "a", "", strlen(content));
    build_body(tar, content, strlen(content));
    build_end(tar);
}

static void the_likeliest_cause_is_told_first(void **state)
{
    struct hm_temp t;

    (void)state;
    hm_temp_make(&t);
    for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
        const struct guess *g = &guesses[i];
        HM_OWN(hm_buf) a = HM_BUF_INIT(BUILD_MAX);
        HM_OWN(hm_buf) b = HM_BUF_INIT(BUILD_MAX);
        struct hm_archive_difference d;

        build_one(&a, g->a);
        build_one(&b, g->b);
        compare(&t, hm_buf_view(&a), hm_buf_view(&b), &d);
        assert_string_equal(d.field, "content");
        if (strncmp(d.cause[0], g->cause, strlen(g->cause)) != 0)
            fail_msg("%s: %s", g->a, d.cause[0]);
        if (g->shown != NULL && strstr(d.a, g->shown) == NULL)
            fail_msg("'%s' is not in '%s'", g->shown, d.a);
    }
    hm_temp_clear(&t);
}

static void a_time_zone_is_told_from_another_time(void **state)
{
    HM_OWN(hm_buf) a = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_buf) b = HM_BUF_INIT(BUILD_MAX);
    struct hm_archive_difference d;
    struct hm_temp t;

    (void)state;
    hm_temp_make(&t);
    build_two(&a);
    build_two(&b);
    build_octal(b.p + TAR_BLOCK + TAR_MTIME, 11, 1700000000 + 20700);
    build_checksum(b.p + TAR_BLOCK);
    compare(&t, hm_buf_view(&a), hm_buf_view(&b), &d);
    assert_string_equal(d.field, "mtime");
    assert_non_null(strstr(d.cause[0], "time zone"));
    assert_non_null(strstr(d.cause[1], "SOURCE_DATE_EPOCH"));
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_is_named_with_both_values),
        cmocka_unit_test(another_order_is_told_from_another_member),
        cmocka_unit_test(a_member_that_is_missing_is_named_wherever_it_is),
        cmocka_unit_test(the_likeliest_cause_is_told_first),
        cmocka_unit_test(a_time_zone_is_told_from_another_time),
        cmocka_unit_test(pax_and_gnu_forms_of_one_name_are_the_same_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
