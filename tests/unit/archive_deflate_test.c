/* Blocks that are deflated each by itself are one stream together. */
#include "hm_test.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "archive_priv.h"

#define STREAM_MAX ((size_t)1 << 23)

/* libdeflate, with one bit of what it makes changed when told so. */
static bool spoil;

size_t __real_libdeflate_deflate_compress(struct libdeflate_compressor *c,
                                          const void *in, size_t n, void *out,
                                          size_t max);
size_t __wrap_libdeflate_deflate_compress(struct libdeflate_compressor *c,
                                          const void *in, size_t n, void *out,
                                          size_t max);

size_t __wrap_libdeflate_deflate_compress(struct libdeflate_compressor *c,
                                          const void *in, size_t n, void *out,
                                          size_t max)
{
    const size_t k = __real_libdeflate_deflate_compress(c, in, n, out, max);

    if (spoil && k > 0)
        ((uint8_t *)out)[k / 2] ^= 4;
    return k;
}

struct bench {
    struct archive_deflater deflater;
    uint8_t *in;
    uint8_t *out;
    struct hm_buf read; /* what was deflated */
    struct hm_buf made;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct hm_err e = {0};

    *state = b;
    if (b == NULL)
        return -1;
    spoil = false;
    b->in = malloc(ARCHIVE_BLOCK);
    b->out = malloc(archive_deflate_bound());
    b->read = (struct hm_buf)HM_BUF_INIT(STREAM_MAX);
    b->made = (struct hm_buf)HM_BUF_INIT(STREAM_MAX);
    b->deflater = (struct archive_deflater)ARCHIVE_DEFLATER_INIT;
    assert_ok(archive_deflater_begin(&b->deflater, &e), &e);
    return b->in == NULL || b->out == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    archive_deflater_clear(&b->deflater);
    hm_buf_clear(&b->read);
    hm_buf_clear(&b->made);
    free(b->in);
    free(b->out);
    free(b);
    return 0;
}

enum content { ZEROS, TEXT, NOISE, MIXED, CONTENTS };

static void fill(uint8_t *p, size_t n, enum content content)
{
    uint32_t x = (uint32_t)n;

    for (size_t i = 0; i < n; i++) {
        const bool noisy =
            content == NOISE || (content == MIXED && i / 20000 % 2 == 0);

        x = x * 1664525u + 1013904223u;
        p[i] = content == ZEROS ? 0
               : noisy          ? (uint8_t)(x >> 24)
                                : (uint8_t)("etaoin shrdlu\n  "[x >> 28]);
    }
}

static void add(struct bench *b, size_t n, enum content content)
{
    struct hm_err e = {0};
    size_t k = 0;

    fill(b->in, n, content);
    assert_true(
        archive_deflate(&b->deflater, (struct hm_bytes){b->in, n}, b->out, &k));
    assert_in_range(k, 1, archive_deflate_bound());
    assert_ok(hm_buf_add(&b->read, (struct hm_bytes){b->in, n}, &e), &e);
    assert_ok(hm_buf_add(&b->made, (struct hm_bytes){b->out, k}, &e), &e);
}

/* As another reader than the one that checked the blocks sees it. */
static void assert_one_stream(struct bench *b)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    uint8_t *back = malloc(b->read.n + 1);
    struct hm_err e = {0};
    size_t used = 0;
    size_t n = 0;

    assert_non_null(d);
    assert_non_null(back);
    assert_ok(hm_buf_add(&b->made,
                         (struct hm_bytes){ARCHIVE_DEFLATE_END,
                                           sizeof(ARCHIVE_DEFLATE_END)},
                         &e),
              &e);
    assert_int_equal(libdeflate_deflate_decompress_ex(d, b->made.p, b->made.n,
                                                      back, b->read.n + 1,
                                                      &used, &n),
                     LIBDEFLATE_SUCCESS);
    assert_int_equal(used, b->made.n);
    assert_bytes_equal(((struct hm_bytes){back, n}), hm_buf_view(&b->read));
    libdeflate_free_decompressor(d);
    free(back);
    b->read.n = 0;
    b->made.n = 0;
}

static void blocks_of_any_kind_are_one_stream(void **state)
{
    static const size_t sizes[] = {
        1, 2, 512, 40000, ARCHIVE_BLOCK - 1, ARCHIVE_BLOCK};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (unsigned k = 0; k < CONTENTS; k++)
            add(b, sizes[i], (enum content)k);
    assert_one_stream(b);
}

/* A block may end at any bit of a byte. */
static void blocks_of_any_length_are_one_stream(void **state)
{
    struct bench *b = *state;

    for (size_t n = 1; n < 1500; n++)
        add(b, n, n % 3 == 0 ? MIXED : TEXT);
    assert_one_stream(b);
    assert_one_stream(b); /* of no blocks at all */
}

static void a_block_depends_on_its_own_bytes(void **state)
{
    struct bench *b = *state;
    size_t n = 0;

    add(b, 70000, TEXT);
    n = b->made.n;
    add(b, 70000, MIXED);
    add(b, 70000, TEXT);
    assert_memory_equal(b->made.p, b->made.p + b->made.n - n, n);
}

static void what_does_not_inflate_to_what_was_read_is_refused(void **state)
{
    static const size_t sizes[] = {10, 3000, 100000};
    struct bench *b = *state;
    size_t k = 0;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        fill(b->in, sizes[i], NOISE);
        spoil = true;
        assert_false(archive_deflate(
            &b->deflater, (struct hm_bytes){b->in, sizes[i]}, b->out, &k));
        spoil = false;
        assert_true(archive_deflate(
            &b->deflater, (struct hm_bytes){b->in, sizes[i]}, b->out, &k));
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(blocks_of_any_kind_are_one_stream),
        T(blocks_of_any_length_are_one_stream),
        T(a_block_depends_on_its_own_bytes),
        T(what_does_not_inflate_to_what_was_read_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
