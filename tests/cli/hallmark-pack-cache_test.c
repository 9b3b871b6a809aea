/* A cache changes how long packing takes, and nothing else. */
#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hm_json.h"
#include "hm_run.h"

#define FULL_MAX ((size_t)1 << 26)
#define NOBODY   65534u

static const char *const epoch[] = {"SOURCE_DATE_EPOCH=1700000000", NULL};

static void make_file(const struct hm_temp *t, unsigned number, size_t size)
{
    HM_OWN(hm_buf) b = HM_BUF_INIT(FULL_MAX);
    uint32_t x = number + 1;
    struct hm_err e = {0};
    char name[64];

    while (b.n < size) {
        uint8_t line[512];

        for (size_t k = 0; k < sizeof(line); k++) {
            x = x * 1664525u + 1013904223u;
            line[k] = (uint8_t)("0123456789abcdef"[x >> 28]);
        }
        assert_ok(hm_buf_add(&b, (struct hm_bytes){line, sizeof(line)}, &e),
                  &e);
    }
    (void)snprintf(name, sizeof(name), "tree/%02u/%03u", number % 7, number);
    hm_temp_write(t, name, "");
    assert_ok(hm_file_save(hm_temp_path(t, name), hm_buf_view(&b),
                           HM_OUT_REPLACE, &e),
              &e);
}

/* About 4 MiB: many small files, some larger than a block. */
static int set_up(void **state)
{
    struct hm_temp *t = calloc(1, sizeof(*t));

    *state = t;
    if (t == NULL)
        return -1;
    hm_temp_make(t);
    for (unsigned i = 0; i < 300; i++)
        make_file(t, i, i % 100 == 50 ? 700000 : 7000);
    return 0;
}

static int tear_down(void **state)
{
    hm_temp_clear(*state);
    free(*state);
    return 0;
}

struct result {
    uint64_t blocks;
    uint64_t hits;
    uint64_t damaged;
    char trouble[64];
    bool warned;
};

/* Pack tree into NAME.tar.gz, with the cache when one is named. */
static void pack(const struct hm_temp *t, const char *name, const char *cache,
                 unsigned uid, struct result *result)
{
    const struct hm_run_how how = {
        .cwd = t->path, .env = epoch, .drop_to_uid = uid};
    const char *argv[] = {"hallmark-pack", "tree",    "-o",  name, "--force",
                          "--json",        "--cache", cache, NULL};
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_json at;
    struct hm_err e = {0};

    if (cache == NULL)
        argv[6] = NULL;
    hm_run(&r, &how, argv);
    assert_run(&r, 0, "");
    *result = (struct result){.warned = r.err.n > 0};
    if (cache == NULL)
        return;
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 1u << 16, &e),
        &e);
    assert_ok(hm_json_get(hm_json_root(&doc), "cache", &at, &e), &e);
    assert_ok(hm_json_get_uint(at, "blocks", 1000, &result->blocks, &e), &e);
    assert_ok(hm_json_get_uint(at, "hits", 1000, &result->hits, &e), &e);
    assert_ok(hm_json_get_uint(at, "damaged", 1000, &result->damaged, &e), &e);
    if (hm_json_get_text(at, "trouble", result->trouble,
                         sizeof(result->trouble), NULL) != HM_OK)
        result->trouble[0] = '\0';
}

static void assert_same_file(const struct hm_temp *t, const char *a,
                             const char *b)
{
    HM_OWN(hm_buf) x = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_buf) y = HM_BUF_INIT(FULL_MAX);

    hm_temp_read(t, a, &x);
    hm_temp_read(t, b, &y);
    assert_bytes_equal(hm_buf_view(&x), hm_buf_view(&y));
}

static void the_bytes_are_those_of_a_cold_run(void **state)
{
    const struct hm_temp *t = *state;
    struct result r;

    pack(t, "cold.tar.gz", NULL, 0, &r);
    pack(t, "x.tar.gz", "cache", 0, &r);
    assert_same_file(t, "cold.tar.gz", "x.tar.gz");
    assert_in_range(r.blocks, 30, 100);
    assert_int_equal(r.hits, 0);
    pack(t, "x.tar.gz", "cache", 0, &r);
    assert_same_file(t, "cold.tar.gz", "x.tar.gz");
    assert_int_equal(r.hits, r.blocks);
    assert_false(r.warned);
}

static void a_change_costs_few_blocks(void **state)
{
    const struct hm_temp *t = *state;
    struct result r;

    pack(t, "x.tar.gz", "cache", 0, &r);
    make_file(t, 150, 700512); /* larger, in three blocks */
    make_file(t, 3, 6000);     /* smaller */
    make_file(t, 301, 100);    /* new */
    assert_int_equal(unlink(hm_temp_path(t, "tree/02/051")), 0);
    pack(t, "x.tar.gz", "cache", 0, &r);
    pack(t, "cold.tar.gz", NULL, 0, &r);
    assert_same_file(t, "cold.tar.gz", "x.tar.gz");
    pack(t, "x.tar.gz", "other", 0, &r);
    assert_same_file(t, "cold.tar.gz", "x.tar.gz");
    make_file(t, 3, 7000);
    pack(t, "x.tar.gz", "other", 0, &r);
    assert_in_range(r.blocks - r.hits, 1, 4);
}

static void threads_change_nothing(void **state)
{
    const struct hm_temp *t = *state;
    struct result r;

    pack(t, "cold.tar.gz", NULL, 0, &r);
    for (unsigned n = 1; n <= 8; n++) {
        const struct hm_run_how how = {.cwd = t->path, .env = epoch};
        HM_OWN(hm_run) run = HM_RUN_INIT;
        char threads[4];

        (void)snprintf(threads, sizeof(threads), "%u", n);
        HM_RUN(&run, &how, "hallmark-pack", "tree", "-o", "x.tar.gz", "--force",
               "--threads", threads, "--cache", n % 2 == 0 ? "cache" : "new");
        assert_run(&run, 0, "");
        assert_same_file(t, "cold.tar.gz", "x.tar.gz");
    }
}

/* Change each file of the cache but the secret; which byte, @p place says. */
static void poison(const struct hm_temp *t, unsigned place)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&dir, hm_temp_path(t, "cache"), &e), &e);
    assert_ok(hm_dir_list(&dir, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++) {
        char name[128];
        struct stat sb;

        if (strcmp(names.name[i], "secret") == 0)
            continue;
        (void)snprintf(name, sizeof(name), "cache/%s", names.name[i]);
        assert_int_equal(stat(hm_temp_path(t, name), &sb), 0);
        hm_temp_flip(t, name, (uint64_t)(sb.st_size - 1) * place / 4, 1);
    }
}

static void poison_changes_nothing_and_is_told(void **state)
{
    const struct hm_temp *t = *state;
    struct result r;

    pack(t, "cold.tar.gz", "cache", 0, &r);
    for (unsigned place = 0; place <= 4; place++) {
        poison(t, place);
        pack(t, "x.tar.gz", "cache", 0, &r);
        assert_same_file(t, "cold.tar.gz", "x.tar.gz");
        assert_int_equal(r.hits, 0);
        assert_int_equal(r.damaged, r.blocks);
        assert_true(r.warned);
        pack(t, "x.tar.gz", "cache", 0, &r);
        assert_int_equal(r.hits, r.blocks); /* they were made anew */
        assert_false(r.warned);
    }
    hm_temp_flip(t, "cache/secret", 5, 1);
    pack(t, "x.tar.gz", "cache", 0, &r);
    assert_same_file(t, "cold.tar.gz", "x.tar.gz");
    assert_int_equal(r.damaged, r.blocks);
}

static void assert_packs_without(const struct hm_temp *t, const char *cache,
                                 unsigned uid, const char *trouble)
{
    struct result r;

    pack(t, "out/x.tar.gz", cache, uid, &r);
    assert_same_file(t, "cold.tar.gz", "out/x.tar.gz");
    assert_string_equal(r.trouble, trouble);
    assert_int_equal(r.hits, 0);
    assert_true(r.warned);
}

static void a_cache_that_cannot_be_used_is_told_and_no_failure(void **state)
{
    const struct hm_temp *t = *state;
    struct result r;

    pack(t, "cold.tar.gz", NULL, 0, &r);
    hm_temp_write(t, "file", "");
    assert_int_equal(mkdir(hm_temp_path(t, "open"), 0755), 0);
    assert_int_equal(mkdir(hm_temp_path(t, "out"), 0777), 0);
    assert_int_equal(chmod(hm_temp_path(t, "out"), 0777), 0);
    assert_packs_without(t, "file", 0, "base.dir.open");
    assert_packs_without(t, "absent/cache", 0, "base.dir.make");
    assert_packs_without(t, "open", 0, "archive.cache.owner");
    pack(t, "out/x.tar.gz", "cache", 0, &r);
    hm_temp_write(t, "cache/secret", "x");
    assert_packs_without(t, "cache", 0, "archive.cache.secret");
    if (geteuid() != 0)
        return;
    assert_int_equal(unlink(hm_temp_path(t, "out/x.tar.gz")), 0);
    assert_packs_without(t, "cache", NOBODY, "base.dir.open");
    assert_int_equal(unlink(hm_temp_path(t, "out/x.tar.gz")), 0);
    assert_packs_without(t, "new", NOBODY, "base.dir.make");
}

/* A cache of one's own that is full, or read-only. */
static void a_block_that_cannot_be_kept_is_told_and_no_failure(void **state)
{
    const struct hm_temp *t = *state;
    struct result r;

    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(hm_temp_path(t, "out"), 0777), 0);
    assert_int_equal(chmod(hm_temp_path(t, "out"), 0777), 0);
    pack(t, "cold.tar.gz", NULL, 0, &r);
    pack(t, "out/y.tar.gz", "out/cache", NOBODY, &r);
    assert_int_equal(r.hits, 0);
    make_file(t, 3, 6000);
    pack(t, "cold.tar.gz", NULL, 0, &r);
    assert_int_equal(chmod(hm_temp_path(t, "out/cache"), 0500), 0);
    pack(t, "out/x.tar.gz", "out/cache", NOBODY, &r);
    assert_same_file(t, "cold.tar.gz", "out/x.tar.gz");
    assert_string_equal(r.trouble, "base.out.open");
    assert_in_range(r.hits, r.blocks - 4, r.blocks - 1);
    assert_true(r.warned);
}

static void a_cache_in_the_tree_is_refused(void **state)
{
    static const char *const caches[] = {"tree",        "tree/",   "tree/new",
                                         "tree/01/new", "tree/01", "link"};
    const struct hm_temp *t = *state;
    const struct hm_run_how how = {.cwd = t->path, .env = epoch};

    assert_int_equal(symlink("tree/02", hm_temp_path(t, "link")), 0);
    for (size_t i = 0; i < sizeof(caches) / sizeof(*caches); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;

        HM_RUN(&r, &how, "hallmark-pack", "tree", "-o", "x.tar.gz", "--cache",
               caches[i]);
        assert_run(&r, 1, "archive.cache.inside");
        assert_int_not_equal(access(hm_temp_path(t, "x.tar.gz"), F_OK), 0);
    }
    assert_int_not_equal(access(hm_temp_path(t, "tree/new"), F_OK), 0);
    assert_int_not_equal(access(hm_temp_path(t, "tree/secret"), F_OK), 0);
    assert_int_not_equal(access(hm_temp_path(t, "tree/02/secret"), F_OK), 0);
}

static pid_t start(const struct hm_temp *t, const char *name)
{
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid != 0)
        return pid;
    if (chdir(t->path) == 0)
        (void)execl(HM_BIN "/hallmark-pack", "hallmark-pack", "tree", "-q",
                    "--time=@1700000000", "--cache", "cache", "-o", name,
                    (char *)NULL);
    _exit(99);
}

static void several_may_use_it_at_once(void **state)
{
    static const char *const names[] = {"1.tar.gz", "2.tar.gz", "3.tar.gz"};
    const struct hm_temp *t = *state;
    struct result r;
    pid_t pid[3];

    pack(t, "cold.tar.gz", NULL, 0, &r);
    for (unsigned i = 0; i < 3; i++)
        pid[i] = start(t, names[i]);
    for (unsigned i = 0; i < 3; i++) {
        int status = -1;

        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
        assert_same_file(t, "cold.tar.gz", names[i]);
    }
    pack(t, "x.tar.gz", "cache", 0, &r);
    assert_int_equal(r.hits, r.blocks);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_bytes_are_those_of_a_cold_run),
        T(a_change_costs_few_blocks),
        T(threads_change_nothing),
        T(poison_changes_nothing_and_is_told),
        T(a_cache_that_cannot_be_used_is_told_and_no_failure),
        T(a_block_that_cannot_be_kept_is_told_and_no_failure),
        T(a_cache_in_the_tree_is_refused),
        T(several_may_use_it_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
