/* The keeper of a SoftHSM store: what it restores, what a kill leaves. */
#include "hm_run.h"
#include "hsm_priv.h"

#include "hm_test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* generation, then one attribute of each kind */
static const uint8_t object[] = {
    0, 0, 0, 0, 0, 0, 0, 9,                                       /* gen */
    0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,    0,    1,   0xff, /* bool */
    0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,    0,    2,   0,
    0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,    3,    0,   0,
    0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2,    'a',  'b', /* bytes */
    0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0,    0,    5,   0,
    0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0x41, /* mechs */
};

/* Lengths that end behind an attribute. */
static bool is_boundary(size_t n)
{
    return n == 25 || n == 49 || n == 75 || n == sizeof(object);
}

static void an_object_cut_short_is_not_whole(void **state)
{
    (void)state;
    for (size_t n = 0; n <= sizeof(object); n++)
        assert_int_equal(softhsm_object_is_whole((struct hm_bytes){object, n}),
                         is_boundary(n));
}

static void an_impossible_length_is_not_whole(void **state)
{
    uint8_t copy[sizeof(object)];

    (void)state;
    memcpy(copy, object, sizeof(object));
    copy[65] = 0xff; /* length of the bytes: 2^63 and more */
    assert_false(
        softhsm_object_is_whole((struct hm_bytes){copy, sizeof(copy)}));
    memcpy(copy, object, sizeof(object));
    copy[91] = 0x20; /* count of mechanisms, times 8 overflows */
    assert_false(
        softhsm_object_is_whole((struct hm_bytes){copy, sizeof(copy)}));
    memcpy(copy, object, sizeof(object));
    copy[23] = 9; /* no such kind */
    assert_false(
        softhsm_object_is_whole((struct hm_bytes){copy, sizeof(copy)}));
}

/* ---- a store with one token file ------------------------------------------ */

struct fixture {
    struct hm_temp temp;
    struct softhsm k;
};

static void save(const struct hm_temp *t, const char *name,
                 struct hm_bytes bytes)
{
    struct hm_err e = {0};

    hm_temp_write(t, name, "");
    assert_ok(hm_file_save(hm_temp_path(t, name), bytes, HM_OUT_REPLACE, &e),
              &e);
}

static struct hm_bytes whole(void)
{
    return (struct hm_bytes){object, sizeof(object)};
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    hm_temp_make(&f->temp);
    f->k = (struct softhsm)SOFTHSM_INIT;
    save(&f->temp, "st/tokens/t1/token.object", whole());
    save(&f->temp, "st/tokens/t1/k.object", whole());
    save(&f->temp, "st/saved/t1/token.object", whole());
    save(&f->temp, "st/saved/t1/k.object", whole());
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;

    softhsm_clear(&f->k);
    hm_temp_clear(&f->temp);
    free(f);
    return 0;
}

static bool is_whole_at(const struct fixture *f, const char *name)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(4096);

    return hm_file_load(hm_temp_path(&f->temp, name), &bytes, NULL) == HM_OK &&
           softhsm_object_is_whole(hm_buf_view(&bytes));
}

static void open_store(struct fixture *f, unsigned restored)
{
    struct hm_err e = {0};

    assert_ok(softhsm_open(&f->k, hm_temp_path(&f->temp, "st"), false, &e), &e);
    assert_int_equal(f->k.restored, restored);
    softhsm_clear(&f->k);
}

static void damaged_files_come_back_from_the_saved_copy(void **state)
{
    struct fixture *f = *state;

    open_store(f, 0);
    save(&f->temp, "st/tokens/t1/token.object", HM_LIT(""));
    open_store(f, 1);
    assert_true(is_whole_at(f, "st/tokens/t1/token.object"));
    open_store(f, 0);
    save(&f->temp, "st/tokens/t1/k.object",
         (struct hm_bytes){object, sizeof(object) - 1});
    assert_int_equal(
        unlink(hm_temp_path(&f->temp, "st/tokens/t1/token.object")), 0);
    open_store(f, 2);
    assert_true(is_whole_at(f, "st/tokens/t1/token.object"));
    assert_true(is_whole_at(f, "st/tokens/t1/k.object"));
}

static void a_key_that_was_deleted_does_not_come_back(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(unlink(hm_temp_path(&f->temp, "st/tokens/t1/k.object")),
                     0);
    open_store(f, 0);
    assert_false(is_whole_at(f, "st/tokens/t1/k.object"));
}

static void a_damaged_token_without_copy_is_refused(void **state)
{
    struct fixture *f = *state;
    struct hm_err e = {0};

    save(&f->temp, "st/tokens/t1/token.object", HM_LIT(""));
    save(&f->temp, "st/saved/t1/token.object", HM_LIT("x"));
    assert_fails(softhsm_open(&f->k, hm_temp_path(&f->temp, "st"), false, &e),
                 HM_E_TOKEN, "hsm.softhsm.damaged", &e);
    assert_false(f->k.is_open);
}

static void a_folder_that_is_no_store_is_refused(void **state)
{
    struct fixture *f = *state;
    struct hm_err e = {0};

    assert_fails(softhsm_open(&f->k, hm_temp_path(&f->temp, "no"), false, &e),
                 HM_E_TOKEN, "hsm.softhsm.missing", &e);
    assert_int_not_equal(access(hm_temp_path(&f->temp, "no"), F_OK), 0);
    assert_fails(softhsm_open(&f->k, f->temp.path, false, &e), HM_E_TOKEN,
                 "hsm.softhsm.missing", &e);
}

static mode_t mode_of(const struct fixture *f, const char *name)
{
    struct stat st;

    assert_int_equal(stat(hm_temp_path(&f->temp, name), &st), 0);
    return st.st_mode & 07777;
}

static void a_commit_swaps_read_only_trees_in(void **state)
{
    struct fixture *f = *state;
    struct hm_err e = {0};

    assert_ok(softhsm_open(&f->k, hm_temp_path(&f->temp, "st"), true, &e), &e);
    assert_ok(softhsm_commit(&f->k, &e), &e);
    softhsm_clear(&f->k);
    assert_int_equal(mode_of(f, "st/tokens"), 0500);
    assert_int_equal(mode_of(f, "st/tokens/t1"), 0500);
    assert_int_equal(mode_of(f, "st/tokens/t1/token.object"), 0400);
    assert_int_equal(mode_of(f, "st/saved/t1/k.object"), 0400);
    assert_int_not_equal(access(hm_temp_path(&f->temp, "st/tokens.new"), F_OK),
                         0);
    open_store(f, 0);
}

/* What a kill can leave between two steps of a swap. */
static void a_swap_that_was_killed_is_finished_or_undone(void **state)
{
    struct fixture *f = *state;
    const char *tokens = hm_temp_path(&f->temp, "st/tokens");
    const char *old = hm_temp_path(&f->temp, "st/tokens.old");

    save(&f->temp, "st/tokens.new/t1/token.object", HM_LIT("half"));
    open_store(f, 0);
    assert_int_not_equal(access(hm_temp_path(&f->temp, "st/tokens.new"), F_OK),
                         0);
    assert_int_equal(rename(tokens, old), 0);
    open_store(f, 0);
    assert_true(is_whole_at(f, "st/tokens/t1/token.object"));
    save(&f->temp, "st/tokens.old/t1/token.object", whole());
    open_store(f, 0);
    assert_int_not_equal(access(old, F_OK), 0);
}

static void private_copies_of_dead_processes_are_removed(void **state)
{
    struct fixture *f = *state;
    const char *stale = "/dev/shm/hallmark-softhsm-0123456789abcdef";

    if (mkdir(stale, 0700) != 0)
        skip();
    open_store(f, 0);
    assert_int_not_equal(access(stale, F_OK), 0);
}

static void a_private_copy_in_use_is_left_alone(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_dir) scratch = HM_DIR_INIT;
    struct softhsm other = SOFTHSM_INIT;
    struct hm_err e = {0};

    assert_ok(softhsm_open(&f->k, hm_temp_path(&f->temp, "st"), false, &e), &e);
    save(&f->temp, "st2/tokens/t1/token.object", whole());
    assert_ok(softhsm_open(&other, hm_temp_path(&f->temp, "st2"), false, &e),
              &e);
    assert_ok(hm_dir_open_at(&scratch, &f->k.parent, f->k.scratch_name, &e),
              &e);
    softhsm_clear(&other);
}

/* ---- the store of SoftHSM's own configuration ------------------------------ */

static const struct {
    const char *conf;
    const char *path; /* NULL: not for us */
} confs[] = {
    {"directories.tokendir = /a/b\n", "/a/b"},
    {"  directories.tokendir=/a/b/  # here\r\n", "/a/b"},
    {"directories.tokendir = /a\ndirectories.tokendir = /b", "/b"},
    {"#directories.tokendir = /a\n", NULL},
    {"directories.tokendir =\n", NULL},
    {"directories.tokendir = a\n", NULL},
    {"\n=\n", NULL},
    {"", NULL},
    {"directories.tokendir = /a\nobjectstore.backend = file\n", "/a"},
    {"directories.tokendir = /a\nobjectstore.backend = db\n", NULL},
};

static void check_confs(const struct hm_temp *t, const char *name)
{
    char path[300];

    for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
        hm_temp_write(t, name, confs[i].conf);
        assert_int_equal(softhsm_find_tokendir(path, sizeof(path)),
                         confs[i].path != NULL);
        if (confs[i].path != NULL)
            assert_string_equal(path, confs[i].path);
    }
}

static void the_configuration_of_softhsm_names_a_store(void **state)
{
    const struct fixture *f = *state;
    char path[300];

    assert_int_equal(setenv("SOFTHSM2_CONF", hm_temp_path(&f->temp, "conf"), 1),
                     0);
    assert_false(softhsm_find_tokendir(path, sizeof(path)));
    check_confs(&f->temp, "conf");
    assert_int_equal(unsetenv("SOFTHSM2_CONF"), 0);
    assert_int_equal(setenv("HOME", f->temp.path, 1), 0);
    check_confs(&f->temp, ".config/softhsm2/softhsm2.conf");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_cut_short_is_not_whole),
        cmocka_unit_test(an_impossible_length_is_not_whole),
        WITH(damaged_files_come_back_from_the_saved_copy),
        WITH(a_key_that_was_deleted_does_not_come_back),
        WITH(a_damaged_token_without_copy_is_refused),
        WITH(a_folder_that_is_no_store_is_refused),
        WITH(a_commit_swaps_read_only_trees_in),
        WITH(a_swap_that_was_killed_is_finished_or_undone),
        WITH(private_copies_of_dead_processes_are_removed),
        WITH(a_private_copy_in_use_is_left_alone),
        WITH(the_configuration_of_softhsm_names_a_store),
    };

    return cmocka_run_group_tests_name("hsm_softhsm", tests, NULL, NULL);
}
