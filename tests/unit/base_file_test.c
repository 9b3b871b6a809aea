#include "hm_run.h"

#include "hm_test.h"

#include <sys/stat.h>
#include <unistd.h>

static int make_temp(void **state)
{
    static struct hm_temp t;

    hm_temp_make_on_disk(&t);
    *state = &t;
    return 0;
}

static int clear_temp(void **state)
{
    hm_temp_clear(*state);
    return 0;
}

static size_t entries(const struct hm_temp *t)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&d, t->path, &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    return names.n;
}

static void names_stay_below_their_directory(void **state)
{
    static const char *const bad[] = {"",     "/x",   "x/",      "a//b", ".x",
                                      "../x", "a/.b", "a/..",    ".",    "a b",
                                      "a\nb", "a\\b", "\xc3\xa9"};
    struct hm_err e = {0};
    char longest[HM_NAME_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    assert_ok(hm_name_check(HM_LIT("artefacts/x-1.0+b_2.tar.gz"), &e), &e);
    assert_ok(
        hm_name_check((struct hm_bytes){(uint8_t *)longest, HM_NAME_MAX}, &e),
        &e);
    assert_fails(
        hm_name_check((struct hm_bytes){(uint8_t *)longest, HM_NAME_MAX + 1},
                      &e),
        HM_E_LIMIT, "base.name.long", &e);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(hm_name_check(hm_bytes_str(bad[i]), &e), HM_E_FORMAT,
                     "base.name.syntax", &e);
}

static void no_link_is_followed_below_a_directory(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_dir) sub = HM_DIR_INIT;
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_err e = {0};

    hm_temp_write(t, "real/file", "x");
    assert_int_equal(symlink("real", hm_temp_path(t, "link")), 0);
    assert_int_equal(symlink("file", hm_temp_path(t, "real/link")), 0);
    assert_ok(hm_dir_open(&d, t->path, &e), &e);
    assert_ok(hm_file_open_at(&f, &d, "real/file", &e), &e);
    assert_fails(hm_file_open_at(&f, &d, "link/file", &e), HM_E_IO,
                 "base.dir.open", &e);
    assert_fails(hm_file_open_at(&f, &d, "real/link", &e), HM_E_IO,
                 "base.file.open", &e);
    assert_non_null(strstr(e.hint, "links are not followed"));
    assert_fails(hm_dir_open_at(&sub, &d, "link", &e), HM_E_IO, "base.dir.open",
                 &e);
    assert_fails(hm_file_open_at(&f, &d, "real/../real/file", &e), HM_E_FORMAT,
                 "base.name.syntax", &e);
    assert_fails(hm_file_open_at(&f, &d, "/etc/passwd", &e), HM_E_FORMAT,
                 "base.name.syntax", &e);
}

static void only_regular_files_are_read(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_buf) b = HM_BUF_INIT(10);
    struct hm_err e = {0};

    assert_int_equal(mkfifo(hm_temp_path(t, "fifo"), 0600), 0);
    assert_fails(hm_file_load(hm_temp_path(t, "fifo"), &b, &e), HM_E_IO,
                 "base.file.kind", &e);
    assert_fails(hm_file_load(t->path, &b, &e), HM_E_IO, "base.file.kind", &e);
    assert_fails(hm_file_load("/dev/zero", &b, &e), HM_E_IO, "base.file.kind",
                 &e);
    assert_fails(hm_file_load(hm_temp_path(t, "none"), &b, &e), HM_E_IO,
                 "base.file.open", &e);
}

static void reading_stops_one_byte_above_the_limit(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_buf) b = HM_BUF_INIT(3);
    struct hm_err e = {0};

    hm_temp_write(t, "three", "abc");
    hm_temp_write(t, "four", "abcd");
    assert_ok(hm_file_load(hm_temp_path(t, "three"), &b, &e), &e);
    assert_bytes_equal(hm_buf_view(&b), HM_LIT("abc"));
    assert_fails(hm_file_load(hm_temp_path(t, "four"), &b, &e), HM_E_LIMIT,
                 "base.buf.limit", &e);
    assert_int_equal(b.n, 0);
}

static void output_is_all_or_nothing(void **state)
{
    const struct hm_temp *t = *state;
    struct hm_err e = {0};

    {
        HM_OWN(hm_out) o = HM_OUT_INIT;

        assert_ok(hm_out_begin(&o, hm_temp_path(t, "f"), HM_OUT_NEW, 0644, &e),
                  &e);
        assert_ok(hm_out_write(&o, HM_LIT("half"), &e), &e);
        assert_false(access(hm_temp_path(t, "f"), F_OK) == 0);
        assert_int_equal(entries(t), 1);
    }
    assert_int_equal(entries(t), 0);
}

static void nothing_is_overwritten_unasked(void **state)
{
    const struct hm_temp *t = *state;
    const char *path = hm_temp_path(t, "f");
    HM_OWN(hm_buf) b = HM_BUF_INIT(10);
    HM_OWN(hm_out) late = HM_OUT_INIT;
    struct hm_err e = {0};

    assert_ok(hm_out_begin(&late, path, HM_OUT_NEW, 0644, &e), &e);
    assert_ok(hm_file_save(path, HM_LIT("one"), HM_OUT_NEW, &e), &e);
    assert_fails(hm_file_save(path, HM_LIT("two"), HM_OUT_NEW, &e), HM_E_USAGE,
                 "base.out.exists", &e);
    assert_fails(hm_out_commit(&late, &e), HM_E_USAGE, "base.out.exists", &e);
    hm_out_clear(&late);
    hm_temp_read(t, "f", &b);
    assert_bytes_equal(hm_buf_view(&b), HM_LIT("one"));
    assert_ok(hm_file_save(path, HM_LIT("two"), HM_OUT_REPLACE, &e), &e);
    hm_temp_read(t, "f", &b);
    assert_bytes_equal(hm_buf_view(&b), HM_LIT("two"));
    assert_int_equal(entries(t), 1);
}

static void permissions_do_not_depend_on_the_umask(void **state)
{
    const struct hm_temp *t = *state;
    const mode_t before = umask(077);
    struct stat sb;
    struct hm_err e = {0};

    assert_ok(hm_file_save(hm_temp_path(t, "f"), HM_LIT("x"), HM_OUT_NEW, &e),
              &e);
    (void)umask(before);
    assert_int_equal(stat(hm_temp_path(t, "f"), &sb), 0);
    assert_int_equal(sb.st_mode & 07777, 0644);
}

static void a_tree_is_listed_by_bytes(void **state)
{
    static const char *const want[] = {"B", "a/", "a.b", "a/c", "a/l"};
    const struct hm_temp *t = *state;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};

    hm_temp_write(t, "a/c", "");
    hm_temp_write(t, "a.b", "");
    hm_temp_write(t, "B", "");
    assert_int_equal(symlink("/", hm_temp_path(t, "a/l")), 0);
    assert_ok(hm_dir_open(&d, t->path, &e), &e);
    assert_ok(hm_dir_list_tree(&d, &names, &e), &e);
    assert_int_equal(names.n, 5);
    for (size_t i = 0; i < names.n; i++)
        assert_true(hm_names_has(&names, want[i]));
    assert_string_equal(names.name[1], "a.b"); /* '.' before '/' */
    assert_false(hm_names_has(&names, "a"));
}

static void removing_a_tree_spares_what_links_point_to(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    hm_temp_write(t, "keep/file", "x");
    hm_temp_write(t, "gone/deep/file", "x");
    assert_int_equal(symlink("../keep", hm_temp_path(t, "gone/link")), 0);
    assert_ok(hm_dir_open(&d, t->path, &e), &e);
    assert_ok(hm_dir_remove_at(&d, "gone", &e), &e);
    assert_ok(hm_dir_remove_at(&d, "gone", &e), &e);
    assert_false(hm_file_exists_at(&d, "gone"));
    assert_true(hm_file_exists_at(&d, "keep/file"));
}

static void a_copy_has_the_same_bytes(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_buf) b = HM_BUF_INIT(100);
    struct hm_err e = {0};

    hm_temp_write(t, "a", "bytes");
    hm_temp_write(t, "empty", "");
    assert_ok(hm_dir_open(&d, t->path, &e), &e);
    assert_ok(hm_file_copy_at(&d, "a", &d, "b", HM_OUT_NEW, &e), &e);
    assert_ok(hm_file_copy_at(&d, "empty", &d, "c", HM_OUT_NEW, &e), &e);
    hm_temp_read(t, "b", &b);
    assert_bytes_equal(hm_buf_view(&b), HM_LIT("bytes"));
    assert_fails(hm_file_copy_at(&d, "a", &d, "b", HM_OUT_NEW, &e), HM_E_USAGE,
                 "base.out.exists", &e);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_temp, clear_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_stay_below_their_directory),
        TEST(no_link_is_followed_below_a_directory),
        TEST(only_regular_files_are_read),
        TEST(reading_stops_one_byte_above_the_limit),
        TEST(output_is_all_or_nothing),
        TEST(nothing_is_overwritten_unasked),
        TEST(permissions_do_not_depend_on_the_umask),
        TEST(a_tree_is_listed_by_bytes),
        TEST(removing_a_tree_spares_what_links_point_to),
        TEST(a_copy_has_the_same_bytes),
    };

    return cmocka_run_group_tests_name("base_file", tests, NULL, NULL);
}
