/* Where the parts of a RAUC bundle lie: for every bundle that is taken, some that
 * differ from it in one thing. */
#include "hm_test.h"

#include "hm_cms.h"
#include "hm_run.h"

#include <sys/mman.h>

#define SEEDS HM_TESTDATA "/fuzz/x509/"

/* A seed behind its first byte, in memory. */
static void load(const char *name, struct hm_buf *to)
{
    HM_OWN(hm_buf) seed = HM_BUF_INIT(65536);
    char path[256];
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(path, sizeof(path), "%s%s", SEEDS, name);
    assert_ok(hm_file_load(path, &seed, &e), &e);
    assert_int_equal(seed.p[0], 'b');
    hm_buf_clear(to);
    assert_ok(hm_buf_add(to, (struct hm_bytes){seed.p + 1, seed.n - 1}, &e),
              &e);
}

static hm_rc read_bundle(const struct hm_buf *bytes, struct hm_rauc *out,
                         struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    f.fd = memfd_create("bundle", MFD_CLOEXEC);
    assert_true(f.fd >= 0);
    assert_ok(hm_file_write_all(f.fd, hm_buf_view(bytes), e), e);
    return hm_rauc_read(&f, out, e);
}

static void bundles_and_images_are_told_apart(void **state)
{
    static const struct {
        const char *seed;
        uint64_t payload;
        bool is_verity;
    } rows[] = {
        {"bundle-image", 96, false},
        {"bundle-plain", 96, false},
        {"bundle-verity", 8192, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(65536);
        HM_OWN(hm_rauc) r = HM_RAUC_INIT;
        struct hm_err e = {.rc = HM_OK};

        load(rows[i].seed, &bytes);
        assert_ok(read_bundle(&bytes, &r, &e), &e);
        assert_int_equal(r.payload, rows[i].payload);
        assert_true((r.manifest.n > 0) == rows[i].is_verity);
    }
}

/* One byte of a seed is another. */
static void what_is_no_bundle_is_refused(void **state)
{
    static const struct {
        const char *seed;
        long at; /* from the end when negative */
        uint8_t byte;
        const char *reason;
    } rows[] = {
        {"bundle-image", 0, 'H', "x509.rauc.malformed"},
        {"bundle-image", 40, 95, "x509.rauc.malformed"},
        {"bundle-image", 40, 97, "x509.rauc.malformed"},
        {"bundle-image", 47, 0x80, "x509.rauc.malformed"},
        {"bundle-plain", 40, 97, "x509.rauc.malformed"},
        {"bundle-plain", -8, 1, "x509.rauc.malformed"},
        {"bundle-plain", -1, 0, "x509.cms.malformed"},
        {"bundle-plain", 96, 0x31, "x509.cms.malformed"},
        {"bundle-verity", 41, 0x20, "x509.rauc.malformed"}, /* no tree */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(65536);
        HM_OWN(hm_rauc) r = HM_RAUC_INIT;
        struct hm_err e = {.rc = HM_OK};

        load(rows[i].seed, &bytes);
        bytes.p[rows[i].at < 0 ? bytes.n - (size_t)-rows[i].at
                               : (size_t)rows[i].at] = rows[i].byte;
        assert_fails(read_bundle(&bytes, &r, &e), HM_E_FORMAT, rows[i].reason,
                     &e);
        assert_int_equal(r.payload, 0);
        assert_int_equal(r.manifest.n, 0);
    }
}

static void the_manifest_must_be_one_for_verity(void **state)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(65536);
    HM_OWN(hm_rauc) r = HM_RAUC_INIT;
    struct hm_err e = {.rc = HM_OK};
    uint8_t *at = NULL;

    (void)state;
    load("bundle-verity", &bytes);
    at = memmem(bytes.p, bytes.n, "format=verity\n", 14);
    assert_non_null(at);
    at[13] = 'x';
    assert_fails(read_bundle(&bytes, &r, &e), HM_E_FORMAT,
                 "x509.rauc.malformed", &e);
    at[13] = '\n';
    at[7] = 'V'; /* "Verity" */
    assert_fails(read_bundle(&bytes, &r, &e), HM_E_FORMAT,
                 "x509.rauc.malformed", &e);
    at[7] = 'v';
    at[-1] = ' ';
    assert_fails(read_bundle(&bytes, &r, &e), HM_E_FORMAT,
                 "x509.rauc.malformed", &e);
}

/* Between the image and its hash tree nothing can hide. */
static void the_hash_tree_is_as_long_as_the_manifest_says(void **state)
{
    static const char *const sizes[] = {"8192", "2048", "4095", "0000", "x096"};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(65536);
        HM_OWN(hm_rauc) r = HM_RAUC_INIT;
        struct hm_err e = {.rc = HM_OK};
        uint8_t *at = NULL;

        load("bundle-verity", &bytes);
        at = memmem(bytes.p, bytes.n, "verity-size=4096", 16);
        assert_non_null(at);
        memcpy(at + 12, sizes[i], 4);
        assert_fails(read_bundle(&bytes, &r, &e), HM_E_FORMAT,
                     "x509.rauc.malformed", &e);
    }
}

static void the_trailer_says_its_length(void **state)
{
    HM_OWN(hm_buf) trailer = HM_BUF_INIT(1024);
    uint8_t cms[258] = {0x30};
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_ok(
        hm_rauc_make_trailer((struct hm_bytes){cms, sizeof(cms)}, &trailer, &e),
        &e);
    assert_int_equal(trailer.n, sizeof(cms) + 8);
    assert_memory_equal(trailer.p + sizeof(cms), "\0\0\0\0\0\0\1\2", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundles_and_images_are_told_apart),
        cmocka_unit_test(what_is_no_bundle_is_refused),
        cmocka_unit_test(the_manifest_must_be_one_for_verity),
        cmocka_unit_test(the_hash_tree_is_as_long_as_the_manifest_says),
        cmocka_unit_test(the_trailer_says_its_length),
    };

    return cmocka_run_group_tests_name("rauc", tests, NULL, NULL);
}
