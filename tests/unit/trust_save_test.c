/* A document and its signatures, replaced: stopped at any operation, the old or
 * the new is there, with signatures that fit it. */
#include "hm_trust.h"

#include "fs_stop.h"
#include "hm_test.h"
#include "release_maker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OLD HM_LIT("the old one\n")
#define NEW HM_LIT("the new one\n")

struct world {
    struct maker m; /* two of three root keys must sign */
    struct hm_root root;
    struct hm_temp temp;
};

static int make(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct hm_err e = {0};

    maker_init(&w->m, 2, 3);
    w->root = (struct hm_root)HM_ROOT_INIT;
    assert_ok(hm_root_read(&w->root, hm_buf_view(&w->m.root), &e), &e);
    *state = w;
    return 0;
}

static int unmake(void **state)
{
    struct world *w = *state;

    hm_root_clear(&w->root);
    maker_clear(&w->m);
    free(w);
    return 0;
}

static void sign_by(const struct world *w, struct hm_bytes document,
                    const enum maker_name *keys, size_t n,
                    struct hm_signatures *out)
{
    struct hm_err e = {0};

    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

        maker_signature(&w->m, keys[i], document, &sig);
        assert_ok(hm_signatures_add(out, "s", hm_buf_view(&sig), &e), &e);
    }
}

static hm_rc save(const struct world *w, struct hm_bytes document, size_t n,
                  bool force, struct hm_err *e)
{
    static const enum maker_name keys[] = {MAKER_ROOT_1, MAKER_ROOT_2,
                                           MAKER_ROOT_3};
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;

    sign_by(w, document, keys, n, &sigs);
    return hm_signed_save(hm_temp_path(&w->temp, "a.json"), document, &sigs,
                          force, e);
}

static bool is_there(const struct world *w, const char *name)
{
    return access(hm_temp_path(&w->temp, name), F_OK) == 0;
}

/* Whichever it is, enough root keys sign it. */
static bool check_old_or_new(const struct world *w)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(4096);
    struct hm_err e = {0};
    bool is_new = false;

    assert_ok(hm_dir_open(&dir, w->temp.path, &e), &e);
    assert_ok(hm_file_load_at(&dir, "a.json", &bytes, &e), &e);
    is_new = hm_bytes_eq(hm_buf_view(&bytes), NEW);
    assert_true(is_new || hm_bytes_eq(hm_buf_view(&bytes), OLD));
    assert_ok(hm_signatures_load(&sigs, &dir, "a.json", &e), &e);
    assert_ok(hm_root_verify(&w->root, hm_buf_view(&bytes), &sigs, NULL, &e),
              &e);
    return is_new;
}

/* In a child, so that it can be killed; true when operation n never came. */
static bool replace_stopped(const struct world *w, int n,
                            enum fs_stop_kind kind, size_t signatures)
{
    int status = 0;
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct hm_err e = {0};

        fs_stop_at(n, kind, ENOSPC);
        _exit(save(w, NEW, signatures, true, &e) == HM_OK &&
                      fs_stop_count() <= n
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void replace_everywhere(struct world *w, enum fs_stop_kind kind,
                               size_t before, size_t after)
{
    struct hm_err e = {0};
    bool is_done = false;
    int n = 0;

    for (; !is_done; n++) {
        assert_true(n < 100);
        hm_temp_make_on_disk(&w->temp);
        assert_ok(save(w, OLD, before, false, &e), &e);
        is_done = replace_stopped(w, n, kind, after);
        assert_true(check_old_or_new(w) || !is_done);
        assert_ok(save(w, NEW, after, true, &e), &e);
        assert_true(check_old_or_new(w));
        assert_true(is_there(w, "a.json.sig"));
        assert_int_equal(is_there(w, "a.json.sig.3"), after == 3);
        assert_false(is_there(w, "a.json.sig.4"));
        hm_temp_clear(&w->temp);
    }
    assert_true(n > 10);
}

static void a_kill_leaves_the_old_or_the_new(void **state)
{
    replace_everywhere(*state, FS_STOP_KILL, 2, 2);
    replace_everywhere(*state, FS_STOP_KILL, 3, 2);
    replace_everywhere(*state, FS_STOP_KILL, 2, 3);
}

static void so_does_a_full_disk(void **state)
{
    replace_everywhere(*state, FS_STOP_FAIL, 2, 2);
}

static void nothing_is_overwritten_unasked(void **state)
{
    struct world *w = *state;
    struct hm_err e = {0};

    hm_temp_make_on_disk(&w->temp);
    hm_temp_write(&w->temp, "a.json.sig.2", "x");
    assert_fails(save(w, NEW, 2, false, &e), HM_E_USAGE, "base.out.exists", &e);
    assert_false(is_there(w, "a.json"));
    assert_int_equal(unlink(hm_temp_path(&w->temp, "a.json.sig.2")), 0);
    assert_ok(save(w, OLD, 2, false, &e), &e);
    assert_fails(save(w, NEW, 2, false, &e), HM_E_USAGE, "base.out.exists", &e);
    assert_false(check_old_or_new(w));
    hm_temp_clear(&w->temp);
}

static void more_than_eight_old_and_new_are_refused(void **state)
{
    struct world *w = *state;
    struct hm_err e = {0};

    hm_temp_make_on_disk(&w->temp);
    assert_ok(save(w, OLD, 2, false, &e), &e);
    hm_temp_write(&w->temp, "a.json.sig.3", "x");
    hm_temp_write(&w->temp, "a.json.sig.5", "x");
    hm_temp_write(&w->temp, "a.json.sig.6", "x");
    hm_temp_write(&w->temp, "a.json.sig.7", "x");
    assert_ok(save(w, OLD, 2, true, &e), &e); /* two are free */
    for (unsigned i = 2; i < 8; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "a.json.sig.%u", i);
        hm_temp_write(&w->temp, name, "x");
    }
    assert_fails(save(w, NEW, 2, true, &e), HM_E_LIMIT, "trust.signature.count",
                 &e);
    hm_temp_clear(&w->temp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kill_leaves_the_old_or_the_new),
        cmocka_unit_test(so_does_a_full_disk),
        cmocka_unit_test(nothing_is_overwritten_unasked),
        cmocka_unit_test(more_than_eight_old_and_new_are_refused),
    };

    return cmocka_run_group_tests_name("trust_save", tests, make, unmake);
}
