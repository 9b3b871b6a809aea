/* One gzip member, whole and with nothing behind it. */
#include "archive_build.h"

#include "hm_run.h"

static void make_tar(struct hm_buf *tar)
{
    static uint8_t body[3000];

    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * i >> 3);
    build_header(tar, '0', "a", "", sizeof(body));
    build_body(tar, body, sizeof(body));
    build_end(tar);
}

static void compress_to(struct hm_buf *out, struct hm_bytes in)
{
    static uint8_t packed[16384];
    z_stream z = {.next_in = NULL};

    assert_int_equal(
        deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = in.p;
    z.avail_in = (uInt)in.n;
    z.next_out = packed;
    z.avail_out = sizeof(packed);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    build_add(out, packed, sizeof(packed) - z.avail_out);
    assert_int_equal(deflateEnd(&z), Z_OK);
}

static void every_cut_is_refused(void **state)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_buf) gz = HM_BUF_INIT(BUILD_MAX);

    (void)state;
    make_tar(&tar);
    compress_to(&gz, hm_buf_view(&tar));
    assert_reads(hm_buf_view(&gz), "", "whole");
    for (size_t n = 1; n < gz.n; n++)
        assert_reads((struct hm_bytes){gz.p, n}, "archive.gzip.truncated",
                     "cut");
}

static void bytes_behind_the_member_are_refused(void **state)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_buf) gz = HM_BUF_INIT(BUILD_MAX);
    size_t n = 0;

    (void)state;
    make_tar(&tar);
    compress_to(&gz, hm_buf_view(&tar));
    n = gz.n;
    build_add(&gz, "", 1);
    assert_reads(hm_buf_view(&gz), "archive.gzip.trailing", "a zero byte");
    gz.n = n;
    compress_to(&gz, hm_buf_view(&tar));
    assert_reads(hm_buf_view(&gz), "archive.gzip.trailing", "another member");
}

static void every_changed_bit_of_data_is_refused(void **state)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_buf) gz = HM_BUF_INIT(BUILD_MAX);

    (void)state;
    make_tar(&tar);
    compress_to(&gz, hm_buf_view(&tar));
    for (size_t i = 10; i < gz.n; i++) {
        struct hm_err e = {0};
        uint64_t members = 0;

        gz.p[i] ^= 1;
        assert_int_not_equal(build_read(hm_buf_view(&gz), &members, &e), HM_OK);
        gz.p[i] ^= 1;
    }
    gz.p[gz.n - 5] ^= 1;
    assert_reads(hm_buf_view(&gz), "archive.gzip.checksum", "CRC-32");
    gz.p[gz.n - 5] ^= 1;
    gz.p[gz.n - 1] ^= 1;
    assert_reads(hm_buf_view(&gz), "archive.gzip.checksum", "length");
    gz.p[gz.n - 1] ^= 1;
    gz.p[3] = 0xe0;
    assert_reads(hm_buf_view(&gz), "archive.gzip.data", "reserved flags");
}

static void a_bomb_is_stopped_at_the_limit(void **state)
{
    static uint8_t zeros[1u << 20];
    HM_OWN(hm_buf) gz = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_archive_result r;
    struct hm_temp t;
    struct hm_err e = {0};

    (void)state;
    compress_to(&gz, (struct hm_bytes){zeros, sizeof(zeros)});
    hm_temp_make(&t);
    assert_ok(
        hm_file_save(hm_temp_path(&t, "x"), hm_buf_view(&gz), HM_OUT_NEW, &e),
        &e);
    assert_ok(hm_file_open(&f, hm_temp_path(&t, "x"), &e), &e);
    assert_fails(hm_archive_content_digest(&f, sizeof(zeros) - 1, &r, &e),
                 HM_E_LIMIT, "archive.limit.bytes", &e);
    assert_int_equal(r.content.size, 0);
    assert_ok(hm_archive_content_digest(&f, sizeof(zeros), &r, &e), &e);
    assert_int_equal(r.content.size, sizeof(zeros));
    hm_temp_clear(&t);
}

static void digests_are_of_the_file_and_of_the_tar(void **state)
{
    static const char *const names[] = {"tar", "gz"};
    struct hm_archive_result r[2];
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    HM_OWN(hm_buf) gz = HM_BUF_INIT(BUILD_MAX);
    uint8_t sha256[2][HM_SHA256_SIZE];
    struct hm_temp t;
    struct hm_err e = {0};

    (void)state;
    make_tar(&tar);
    compress_to(&gz, hm_buf_view(&tar));
    hm_temp_make(&t);
    for (unsigned i = 0; i < 2; i++) {
        HM_OWN(hm_file) f = HM_FILE_INIT;
        const struct hm_bytes bytes = hm_buf_view(i == 0 ? &tar : &gz);

        assert_ok(
            hm_file_save(hm_temp_path(&t, names[i]), bytes, HM_OUT_NEW, &e),
            &e);
        assert_ok(hm_file_open(&f, hm_temp_path(&t, names[i]), &e), &e);
        assert_ok(hm_archive_content_digest(&f, BUILD_MAX, &r[i], &e), &e);
        assert_ok(hm_sha256(bytes, sha256[i], &e), &e);
        assert_memory_equal(r[i].file.sha256, sha256[i], HM_SHA256_SIZE);
        assert_memory_equal(r[i].content.sha256, sha256[0], HM_SHA256_SIZE);
        assert_memory_equal(r[i].content.sha512, r[0].file.sha512,
                            HM_SHA512_SIZE);
    }
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(bytes_behind_the_member_are_refused),
        cmocka_unit_test(every_changed_bit_of_data_is_refused),
        cmocka_unit_test(a_bomb_is_stopped_at_the_limit),
        cmocka_unit_test(digests_are_of_the_file_and_of_the_tar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
