/* Headers, pax records, ends and limits of a tar, byte by byte. */
#include "archive_build.h"

#include "alloc_fail.h"

/* One change to the first header of a good archive. */
struct change {
    const char *title;
    size_t at;
    const char *bytes;
    size_t n;
    bool keep_checksum;
    const char *reason;
};

#define BYTES(s) (s), sizeof(s) - 1

static const struct change changes[] = {
    {"no change", 0, NULL, 0, false, ""},
    {"a wrong checksum", TAR_NAME, BYTES("b"), true, "archive.tar.checksum"},
    {"no magic", TAR_MAGIC, BYTES("\0\0\0\0\0\0\0\0"), false,
     "archive.tar.magic"},
    {"GNU magic", TAR_MAGIC, BYTES("ustar  \0"), false, ""},
    {"star's tail", 508, BYTES("tar\0"), false, "archive.tar.field"},
    {"a byte behind the name", TAR_NAME + 50, BYTES("x"), false,
     "archive.tar.field"},
    {"a byte behind the link", TAR_LINK + 50, BYTES("x"), false,
     "archive.tar.field"},
    {"a prefix", TAR_PREFIX, BYTES("dir"), false, ""},
    {"an absolute prefix", TAR_PREFIX, BYTES("/dir"), false,
     "archive.member.name"},
    {"a size with blanks", TAR_SIZE, BYTES("          4 "), false, ""},
    {"no size", TAR_SIZE, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0"), false,
     "archive.tar.number"},
    {"a decimal size", TAR_SIZE, BYTES("00000000009\0"), false,
     "archive.tar.number"},
    {"a negative size", TAR_SIZE, BYTES("-0000000004\0"), false,
     "archive.tar.number"},
    {"a negative binary size", TAR_SIZE,
     BYTES("\377\377\377\377\377\377\377\377\377\377\377\374"), false,
     "archive.tar.number"},
    {"a small binary size", TAR_SIZE, BYTES("\200\0\0\0\0\0\0\0\0\0\0\004"),
     false, "archive.tar.number"},
    {"an overflowing binary size", TAR_SIZE,
     BYTES("\200\0\0\1\0\0\0\0\0\0\0\0"), false, "archive.tar.number"},
    {"a huge binary size", TAR_SIZE,
     BYTES("\200\0\0\0\177\377\377\377\377\377\377\377"), false,
     "archive.limit.bytes"},
    {"a size that is too small", TAR_SIZE, BYTES("00000000003\0"), false,
     "archive.tar.padding"},
    {"no content where there is some", TAR_SIZE, BYTES("00000000000\0"), false,
     "archive.tar.magic"},
    {"a size beyond the end", TAR_SIZE, BYTES("00000100000\0"), false,
     "archive.tar.truncated"},
    {"a size up to the end blocks", TAR_SIZE, BYTES("00000002000\0"), false,
     "archive.tar.end"},
    {"a large uid", TAR_UID, BYTES("\200\0\0\0\177\377\377\377"), false, ""},
    {"no uid", TAR_UID, BYTES("\0\0\0\0\0\0\0\0"), false, ""},
    {"setuid", TAR_MODE, BYTES("0004755\0"), false, "archive.member.mode"},
    {"sticky", TAR_MODE, BYTES("0001755\0"), false, "archive.member.mode"},
    {"a mode with the file's kind", TAR_MODE, BYTES("0100644\0"), false, ""},
    {"content that does not fill its block, filled", TAR_BLOCK + 4, BYTES("x"),
     true, "archive.tar.padding"},
    {"a first end block that is none", 1024, BYTES("x"), true,
     "archive.tar.magic"},
    {"a second end block that is none", 1536, BYTES("x"), true,
     "archive.tar.end"},
};

static void one_changed_field_is_refused_for_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

        build_header(&tar, '0', "a", "", 4);
        build_body(&tar, "text", 4);
        build_end(&tar);
        if (changes[i].n > 0)
            memcpy(tar.p + changes[i].at, changes[i].bytes, changes[i].n);
        if (!changes[i].keep_checksum)
            build_checksum(tar.p);
        assert_reads(hm_buf_view(&tar), changes[i].reason, changes[i].title);
    }
}

static void pax_records_are_read_to_the_letter(void **state)
{
    static const struct {
        const char *records;
        const char *reason;
    } cases[] = {
        {"10 path=b\n", ""},
        {"10 path=b\n11 mtime=1\n", ""},
        {"10 path=b\n10 path=c\n", "archive.pax.duplicate"},
        {"8 path=b\n", "archive.pax.syntax"},
        {"11 path=b\n", "archive.pax.syntax"},
        {"010 path=b\n", "archive.pax.syntax"},
        {"+10 path=b\n", "archive.pax.syntax"},
        {"-1 path=b\n", "archive.pax.syntax"},
        {"10path=b\n", "archive.pax.syntax"},
        {"10 path-b\n", "archive.pax.syntax"},
        {"6 =b\n\n", "archive.pax.syntax"},
        {"10 path=bc", "archive.pax.syntax"},
        {"3 \n", "archive.pax.syntax"},
        {"99999999999999999999 path=b\n", "archive.pax.syntax"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

        build_header(&tar, 'x', "x", "", strlen(cases[i].records));
        build_body(&tar, cases[i].records, strlen(cases[i].records));
        build_header(&tar, '0', "a", "", 0);
        build_end(&tar);
        assert_reads(hm_buf_view(&tar), cases[i].reason, cases[i].records);
    }
}

static void a_nul_in_a_pax_path_is_refused(void **state)
{
    static const char records[] = "12 path=a\0b\n";
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

    (void)state;
    build_header(&tar, 'x', "x", "", sizeof(records) - 1);
    build_body(&tar, records, sizeof(records) - 1);
    build_header(&tar, '0', "a", "", 0);
    build_end(&tar);
    assert_reads(hm_buf_view(&tar), "archive.pax.value", "NUL");
}

static void a_header_bomb_is_refused_before_it_is_read(void **state)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

    (void)state;
    build_header(&tar, 'x', "x", "", (size_t)1 << 30);
    build_end(&tar);
    assert_reads(hm_buf_view(&tar), "archive.limit.pax", "1 GiB of pax");
}

static void an_archive_ends_where_it_ends(void **state)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX << 1);
    size_t end = 0;

    (void)state;
    build_header(&tar, '0', "a", "", 4);
    build_body(&tar, "text", 4);
    build_end(&tar);
    end = tar.n;
    for (size_t n = 0; n < end; n++) {
        struct hm_err e = {0};
        uint64_t members = 0;

        assert_int_not_equal(
            build_read((struct hm_bytes){tar.p, n}, &members, &e), HM_OK);
    }
    build_zeros(&tar, 10240 - end);
    assert_reads(hm_buf_view(&tar), "", "padded");
    build_add(&tar, "", 1);
    assert_reads(hm_buf_view(&tar), "archive.tar.trailing", "a half block");
    tar.n--;
    build_header(&tar, '0', "b", "", 0);
    assert_reads(hm_buf_view(&tar), "archive.tar.trailing", "a member behind");
    tar.n -= TAR_BLOCK;
    build_zeros(&tar, BUILD_MAX);
    assert_reads(hm_buf_view(&tar), "archive.tar.trailing", "endless zeros");
}

static void limits_hold(void **state)
{
    const struct hm_archive_limits few = {.bytes_max = 4096, .entries_max = 2};
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    const struct hm_archive_member *m = NULL;
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    struct hm_err e = {0};

    (void)state;
    build_header(&tar, '0', "a", "", 0);
    build_header(&tar, '0', "b", "", 0);
    build_header(&tar, '0', "c", "", 0);
    build_end(&tar);
    assert_ok(hm_archive_open_bytes(&r, hm_buf_view(&tar), &few, &e), &e);
    assert_ok(hm_archive_next(&r, &m, &e), &e);
    assert_ok(hm_archive_next(&r, &m, &e), &e);
    assert_fails(hm_archive_next(&r, &m, &e), HM_E_LIMIT,
                 "archive.limit.entries", &e);
    assert_fails(hm_archive_next(&r, &m, &e), HM_E_LIMIT,
                 "archive.limit.entries", &e); /* and says so again */
    tar.n = 0;
    build_header(&tar, '0', "a", "", 8192);
    build_zeros(&tar, 8192);
    build_end(&tar);
    assert_ok(hm_archive_open_bytes(&r, hm_buf_view(&tar), &few, &e), &e);
    assert_fails(hm_archive_next(&r, &m, &e), HM_E_LIMIT, "archive.limit.bytes",
                 &e); /* before the content is read */
}

static void reading_survives_every_failing_allocation(void **state)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    bool happened = true;

    (void)state;
    build_pax(&tar, 'x', "path=dir/file");
    build_header(&tar, '0', "a", "", 4);
    build_body(&tar, "text", 4);
    build_end(&tar);
    for (int k = 0; happened; k++) {
        struct hm_err e = {0};
        uint64_t members = 0;
        hm_rc rc;

        alloc_fail_after(k);
        rc = build_read(hm_buf_view(&tar), &members, &e);
        happened = alloc_fail_happened();
        if (!happened)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_NOMEM, "archive.memory", &e);
    }
}

static void a_reader_that_is_not_at_the_end_has_no_digest(void **state)
{
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    struct hm_archive_result result;
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    struct hm_err e = {0};

    (void)state;
    build_end(&tar);
    assert_ok(hm_archive_open_bytes(&r, hm_buf_view(&tar), &build_limits, &e),
              &e);
    assert_fails(hm_archive_finish(&r, &result, &e), HM_E_INTERNAL,
                 "archive.read.unfinished", &e);
    assert_reads(HM_LIT(""), "archive.file.empty", "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_changed_field_is_refused_for_its_reason),
        cmocka_unit_test(pax_records_are_read_to_the_letter),
        cmocka_unit_test(a_nul_in_a_pax_path_is_refused),
        cmocka_unit_test(a_header_bomb_is_refused_before_it_is_read),
        cmocka_unit_test(an_archive_ends_where_it_ends),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(reading_survives_every_failing_allocation),
        cmocka_unit_test(a_reader_that_is_not_at_the_end_has_no_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
