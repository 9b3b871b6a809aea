/* What the writer's headers say, and that the reader hears the same. */
#include "archive_build.h"

#include <stdlib.h>

static void build_path(char *to, size_t n, size_t segment)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (i + 1) % (segment + 1) == 0 ? '/' : 'p';
    to[n] = '\0';
}

/* Write one header with nothing behind it, read it again. */
static void round_trip(const struct tar_entry *entry, struct hm_buf *tar,
                       struct hm_archive_reader *r,
                       const struct hm_archive_member **m)
{
    const struct hm_archive_limits limits = {.bytes_max = (uint64_t)1 << 60,
                                             .entries_max = 1};
    struct hm_err e = {0};

    tar->n = 0;
    assert_ok(tar_header_add(tar, entry, &e), &e);
    assert_int_equal(tar->n % TAR_BLOCK, 0);
    assert_ok(hm_archive_open_bytes(r, hm_buf_view(tar), &limits, &e), &e);
    assert_ok(hm_archive_next(r, m, &e), &e);
    assert_non_null(*m);
}

static void sizes_around_every_limit_are_read_back(void **state)
{
    static const uint64_t sizes[] = {0,
                                     1,
                                     511,
                                     ((uint64_t)1 << 31) - 1,
                                     (uint64_t)1 << 31,
                                     ((uint64_t)1 << 31) + 1,
                                     (uint64_t)1 << 32,
                                     ((uint64_t)1 << 32) + 1,
                                     (uint64_t)5 << 30,
                                     ((uint64_t)8 << 30) - 1,
                                     (uint64_t)8 << 30,
                                     ((uint64_t)8 << 30) + 1,
                                     (uint64_t)1 << 50};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
        const struct hm_archive_member *m = NULL;
        const struct tar_entry entry = {
            .type = '0', .path = "big", .target = "", .size = sizes[i]};

        round_trip(&entry, &tar, &r, &m);
        assert_int_equal(m->size, sizes[i]);
        /* a pax header only where octal ends */
        assert_int_equal(tar.n, sizes[i] >> 33 ? 3 * TAR_BLOCK : TAR_BLOCK);
    }
}

static void paths_of_every_length_are_read_back(void **state)
{
    char *path = calloc(1, HM_ARCHIVE_PATH_MAX + 1);

    (void)state;
    assert_non_null(path);
    for (size_t n = 1; n <= HM_ARCHIVE_PATH_MAX; n += n < 300 ? 1 : 77) {
        HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
        const struct hm_archive_member *m = NULL;
        struct tar_entry entry = {.type = '0', .path = path, .target = ""};

        build_path(path, n, 59);
        if (path[n - 1] == '/')
            entry.type = '5';
        round_trip(&entry, &tar, &r, &m);
        path[entry.type == '5' ? n - 1 : n] = '\0';
        assert_string_equal(m->path, path);
        if (n <= 100 || n > 256) /* between, it depends on the slashes */
            assert_int_equal(tar.n > TAR_BLOCK, n > 256);
    }
    free(path);
}

static void link_targets_of_every_length_are_read_back(void **state)
{
    char *target = calloc(1, HM_ARCHIVE_PATH_MAX + 1);

    (void)state;
    assert_non_null(target);
    target[0] = '/';
    for (size_t n = 1; n < HM_ARCHIVE_PATH_MAX; n += n < 120 ? 1 : 99) {
        HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
        const struct hm_archive_member *m = NULL;
        const struct tar_entry entry = {
            .type = '2', .path = "l", .target = target};

        memset(target + 1, 't', n);
        target[n] = '\0';
        round_trip(&entry, &tar, &r, &m);
        assert_string_equal(m->target, target);
        assert_int_equal(tar.n > TAR_BLOCK, n > 100);
    }
    free(target);
}

static void names_that_are_no_ascii_are_read_back(void **state)
{
    static const char *const names[] = {
        "n\xc3\xa4h", "latin-\xe4", "new\nline",   "-dash",
        "\x01",       "bad\xc3",    "\xed\xa0\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
        const struct hm_archive_member *m = NULL;
        const struct tar_entry entry = {
            .type = '2', .path = names[i], .target = names[i]};

        round_trip(&entry, &tar, &r, &m);
        assert_string_equal(m->path, names[i]);
        assert_string_equal(m->target, names[i]);
    }
}

static void a_header_says_nothing_of_who_packed(void **state)
{
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    const struct hm_archive_member *m = NULL;
    const struct tar_entry entry = {.type = '0',
                                    .path = "bin/sh",
                                    .target = "",
                                    .mtime = HM_ARCHIVE_TIME_MAX,
                                    .mode = 0755};

    (void)state;
    round_trip(&entry, &tar, &r, &m);
    assert_int_equal(m->kind, HM_ARCHIVE_FILE);
    assert_int_equal(m->mode, 0755);
    assert_int_equal(m->mtime, HM_ARCHIVE_TIME_MAX);
    assert_int_equal(m->uid + m->gid, 0);
    assert_string_equal(m->uname, "");
    assert_string_equal(m->gname, "");
}

/* Bits, and owners beyond what the fields hold. */
static void modes_and_owners_are_read_back(void **state)
{
    static const uint32_t ids[] = {0, 1000, 07777777, 010000000, 4294967294u};
    static const unsigned modes[] = {0600, 0, 0777, 04755, 02775, 01777};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        for (size_t k = 0; k < sizeof(modes) / sizeof(*modes); k++) {
            HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
            HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
            const struct hm_archive_member *m = NULL;
            const struct tar_entry entry = {.type = '0',
                                            .path = "x",
                                            .target = "",
                                            .mode = modes[k],
                                            .uid = ids[i],
                                            .gid = ids[i] / 2};

            round_trip(&entry, &tar, &r, &m);
            assert_int_equal(m->mode, modes[k]);
            assert_int_equal(m->uid, ids[i]);
            assert_int_equal(m->gid, ids[i] / 2);
            assert_int_equal(tar.n > TAR_BLOCK,
                             modes[k] > 0777 || ids[i] > TAR_ID_MAX);
        }
}

static void utf8_is_told_from_what_is_not(void **state)
{
    (void)state;
    assert_true(hm_archive_is_utf8("\xf0\x9f\x94\x91 k\xc3\xa9y"));
    assert_false(hm_archive_is_utf8("\xc0\xaf"));
    assert_false(hm_archive_is_utf8("\xed\xa0\x80"));
    assert_false(hm_archive_is_utf8("\xf4\x90\x80\x80"));
    assert_false(hm_archive_is_utf8("a\x80"));
    assert_false(hm_archive_is_utf8("\xe2\x82"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_around_every_limit_are_read_back),
        cmocka_unit_test(paths_of_every_length_are_read_back),
        cmocka_unit_test(link_targets_of_every_length_are_read_back),
        cmocka_unit_test(names_that_are_no_ascii_are_read_back),
        cmocka_unit_test(a_header_says_nothing_of_who_packed),
        cmocka_unit_test(modes_and_owners_are_read_back),
        cmocka_unit_test(utf8_is_told_from_what_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
