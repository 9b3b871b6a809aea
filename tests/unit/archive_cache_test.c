/* A block is taken from the cache only as it was put there. */
#include "hm_test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive_priv.h"
#include "hm_run.h"

#define BLOCK "what was deflated"

struct place {
    struct hm_temp temp;
    struct archive_cache cache;
    struct archive_job job;
    uint8_t key[HM_SHA256_SIZE];
    char name[HM_SHA256_HEX + 6]; /* of its file, below temp */
};

static void open_cache(struct place *p)
{
    struct hm_err e = {0};

    archive_cache_clear(&p->cache);
    assert_ok(
        archive_cache_open(&p->cache, hm_temp_path(&p->temp, "cache"), &e), &e);
}

static void put(struct place *p, uint8_t key)
{
    struct hm_err e = {0};
    char hex[HM_SHA256_HEX];

    memset(p->key, key, sizeof(p->key));
    memcpy(p->job.out, BLOCK, sizeof(BLOCK));
    p->job.out_n = sizeof(BLOCK);
    p->job.crc = 77;
    assert_ok(archive_cache_put(&p->cache, p->key, &p->job, &e), &e);
    hm_hex_write((struct hm_bytes){p->key, sizeof(p->key)}, hex);
    (void)snprintf(p->name, sizeof(p->name), "cache/%s", hex);
}

static enum archive_cached get(struct place *p)
{
    memset(p->job.out, 0, sizeof(BLOCK));
    p->job.out_n = 0;
    p->job.crc = 0;
    return archive_cache_get(&p->cache, p->key, &p->job);
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    *state = p;
    if (p == NULL)
        return -1;
    hm_temp_make(&p->temp);
    p->job.out = malloc(archive_deflate_bound() + ARCHIVE_CACHE_TAIL);
    p->cache = (struct archive_cache)ARCHIVE_CACHE_INIT;
    open_cache(p);
    put(p, 1);
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    archive_cache_clear(&p->cache);
    hm_temp_clear(&p->temp);
    free(p->job.out);
    free(p);
    return 0;
}

static void what_was_put_is_found_again(void **state)
{
    struct place *p = *state;
    struct stat sb;

    open_cache(p); /* another run */
    assert_int_equal(get(p), ARCHIVE_CACHED);
    assert_int_equal(p->job.out_n, sizeof(BLOCK));
    assert_memory_equal(p->job.out, BLOCK, sizeof(BLOCK));
    assert_int_equal(p->job.crc, 77);
    p->key[0] ^= 1;
    assert_int_equal(get(p), ARCHIVE_NOT_CACHED);
    assert_int_equal(stat(hm_temp_path(&p->temp, "cache"), &sb), 0);
    assert_int_equal(sb.st_mode & 07777, 0700);
    assert_int_equal(stat(hm_temp_path(&p->temp, "cache/secret"), &sb), 0);
    assert_int_equal(sb.st_mode & 07777, 0600);
}

static void every_changed_bit_is_noticed(void **state)
{
    struct place *p = *state;
    const size_t n = sizeof(BLOCK) + ARCHIVE_CACHE_TAIL;

    for (size_t i = 0; i < 8 * n; i++) {
        hm_temp_flip(&p->temp, p->name, i / 8, (uint8_t)(1u << i % 8));
        assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
        hm_temp_flip(&p->temp, p->name, i / 8, (uint8_t)(1u << i % 8));
    }
    assert_int_equal(get(p), ARCHIVE_CACHED);
}

static void every_other_length_is_noticed(void **state)
{
    struct place *p = *state;
    const size_t n = sizeof(BLOCK) + ARCHIVE_CACHE_TAIL;
    const size_t large = archive_deflate_bound() + ARCHIVE_CACHE_TAIL;

    assert_int_equal(
        truncate(hm_temp_path(&p->temp, p->name), (off_t)large + 1), 0);
    assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
    assert_int_equal(truncate(hm_temp_path(&p->temp, p->name), (off_t)n + 1),
                     0);
    assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
    for (size_t i = n; i-- > 0;) {
        assert_int_equal(truncate(hm_temp_path(&p->temp, p->name), (off_t)i),
                         0);
        assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
    }
    put(p, 1);
    assert_int_equal(get(p), ARCHIVE_CACHED);
}

static void another_blocks_file_is_noticed(void **state)
{
    struct place *p = *state;
    char first[sizeof(p->name)];

    memcpy(first, p->name, sizeof(first));
    put(p, 2);
    assert_int_equal(
        rename(hm_temp_path(&p->temp, first), hm_temp_path(&p->temp, p->name)),
        0);
    assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
}

static void a_file_of_another_cache_is_noticed(void **state)
{
    struct place *p = *state;

    assert_int_equal(unlink(hm_temp_path(&p->temp, "cache/secret")), 0);
    open_cache(p);
    assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
}

static void what_is_no_file_is_noticed(void **state)
{
    struct place *p = *state;
    const char *path = hm_temp_path(&p->temp, p->name);

    assert_int_equal(rename(path, hm_temp_path(&p->temp, "block")), 0);
    assert_int_equal(symlink("../block", path), 0);
    assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(get(p), ARCHIVE_CACHE_DAMAGED);
}

static void a_directory_that_others_may_use_is_not_used(void **state)
{
    struct place *p = *state;
    struct archive_cache c = ARCHIVE_CACHE_INIT;
    const char *path = hm_temp_path(&p->temp, "cache");
    struct hm_err e = {0};

    assert_int_equal(chmod(path, 0710), 0);
    assert_fails(archive_cache_open(&c, path, &e), HM_E_REJECTED,
                 "archive.cache.owner", &e);
    archive_cache_clear(&c);
    assert_int_equal(chmod(path, 0700), 0);
    hm_temp_write(&p->temp, "cache/secret", "short");
    assert_fails(archive_cache_open(&c, path, &e), HM_E_REJECTED,
                 "archive.cache.secret", &e);
    archive_cache_clear(&c);
    hm_temp_write(&p->temp, "cache/secret",
                  "thirty-three bytes, which is more");
    assert_fails(archive_cache_open(&c, path, &e), HM_E_LIMIT, "base.buf.limit",
                 &e);
    archive_cache_clear(&c);
}

/* The file of block @p key, last used @p age_s seconds ago. */
static void put_old(struct place *p, uint8_t key, time_t age_s)
{
    struct timespec when[2] = {{.tv_sec = time(NULL) - age_s},
                               {.tv_sec = time(NULL) - age_s}};

    put(p, key);
    assert_int_equal(
        utimensat(AT_FDCWD, hm_temp_path(&p->temp, p->name), when, 0), 0);
}

static bool is_there(struct place *p, uint8_t key)
{
    memset(p->key, key, sizeof(p->key));
    return get(p) == ARCHIVE_CACHED;
}

static void what_is_not_used_goes_first_and_what_is_used_stays(void **state)
{
    struct place *p = *state;
    const size_t size = sizeof(BLOCK) + ARCHIVE_CACHE_TAIL;
    struct hm_err e = {0};

    put_old(p, 1, 500);
    put_old(p, 2, 900);
    put_old(p, 3, 700);
    put_old(p, 4, 800);
    open_cache(p);
    assert_true(is_there(p, 4)); /* used now */
    assert_ok(archive_cache_trim(&p->cache, 4 * size, &e), &e);
    assert_int_equal(access(hm_temp_path(&p->temp, p->name), F_OK), 0);
    assert_ok(archive_cache_trim(&p->cache, 3 * size - 1, &e), &e);
    assert_true(is_there(p, 4));
    assert_false(is_there(p, 2));
    assert_false(is_there(p, 3));
    assert_ok(archive_cache_trim(&p->cache, 0, &e), &e);
    assert_true(is_there(p, 4));
    assert_false(is_there(p, 1));
    assert_int_equal(access(hm_temp_path(&p->temp, "cache/secret"), F_OK), 0);
}

/* Somebody may name a directory that is not for this alone. */
static void what_is_no_block_is_never_removed(void **state)
{
    static const char block[] = "cache/0000000000000000000000000000000000000000"
                                "00000000000000000000000a";
    struct place *p = *state;
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct hm_err e = {0};

    hm_temp_write(&p->temp, "cache/id_ecdsa", "a key of somebody");
    hm_temp_write(&p->temp, "cache/.hallmark-0123.tmp", "torn");
    assert_int_equal(mkdir(hm_temp_path(&p->temp, block), 0700), 0);
    assert_int_equal(
        utimensat(AT_FDCWD, hm_temp_path(&p->temp, "cache/id_ecdsa"), old, 0),
        0);
    assert_int_equal(
        utimensat(AT_FDCWD, hm_temp_path(&p->temp, "cache/.hallmark-0123.tmp"),
                  old, 0),
        0);
    put_old(p, 1, 500);
    open_cache(p);
    assert_ok(archive_cache_trim(&p->cache, 0, &e), &e);
    assert_false(is_there(p, 1));
    assert_int_equal(
        access(hm_temp_path(&p->temp, "cache/.hallmark-0123.tmp"), F_OK), -1);
    assert_int_equal(access(hm_temp_path(&p->temp, "cache/id_ecdsa"), F_OK), 0);
    assert_int_equal(access(hm_temp_path(&p->temp, block), F_OK), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_was_put_is_found_again),
        T(every_changed_bit_is_noticed),
        T(every_other_length_is_noticed),
        T(another_blocks_file_is_noticed),
        T(a_file_of_another_cache_is_noticed),
        T(what_is_no_file_is_noticed),
        T(a_directory_that_others_may_use_is_not_used),
        T(what_is_not_used_goes_first_and_what_is_used_stays),
        T(what_is_no_block_is_never_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
