/* Publishing, stopped at any operation: it leaves the old or the new, and the
 * next run clears away the rest.  And two at once. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs_stop.h"
#include "hm_test.h"
#include "publish_bench.h"

/* --- stopped anywhere ----------------------------------------------------------------- */

/* In a child, so that it can be killed; its exit status, or -1 when it was. */
static int publish_stopped(const struct hm_temp *t, int n,
                           enum fs_stop_kind kind)
{
    int status = 0;
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct outcome o = OUTCOME_INIT;

        fs_stop_at(n, kind, ENOSPC);
        _exit(bench_publish(t, "r2", &o) == HM_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Old or new, and whichever it is, whole. */
static bool check_whole(const struct hm_temp *t)
{
    struct hm_release_state s;
    bool is_new;

    bench_read_state(t, &s);
    is_new = s.sequence == 2;
    assert_int_equal(s.sequence, is_new ? 2 : 1);
    bench_same_bytes(t, is_new ? "r2/manifest.json" : "r1/manifest.json",
                     "repo/manifest.json");
    bench_same_bytes(t,
                     is_new ? "r2/manifest.json.sig" : "r1/manifest.json.sig",
                     "repo/manifest.json.sig");
    bench_same_bytes(t,
                     is_new ? "r2/authorisation.json" : "r1/authorisation.json",
                     "repo/authorisation.json");
    bench_same_bytes(t, "r1/manifest.json",
                     "repo/releases/1.0.0/manifest.json");
    if (is_new)
        bench_same_bytes(t, "r2/artefacts/a.bin",
                         "repo/releases/1.0.1/artefacts/a.bin");
    return is_new;
}

/* What the repository is when nothing was in the way. */
static void make_undisturbed(struct hm_buf *out)
{
    struct hm_temp t;

    hm_temp_make(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    docs_release(&t, "r2", &(struct docs){.version = "1.0.1", .sequence = 2});
    hm_temp_write(&t, "r2/manifest.json.sig.2", "second");
    bench_publish_ok(&t, "r1");
    bench_publish_ok(&t, "r2");
    bench_snapshot(&t, out);
    hm_temp_clear(&t);
}

/* One stop at operation n, then a run that nothing stops.
 * Returns false when there was no operation n any more. */
static bool stop_once(int n, enum fs_stop_kind kind, const char *undisturbed)
{
    HM_OWN(outcome) o = OUTCOME_INIT;
    HM_OWN(hm_buf) after = HM_BUF_INIT(1u << 16);
    struct hm_temp t;
    bool is_new;
    int status;

    hm_temp_make(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    docs_release(&t, "r2", &(struct docs){.version = "1.0.1", .sequence = 2});
    hm_temp_write(&t, "r2/manifest.json.sig.2", "second");
    bench_publish_ok(&t, "r1");
    status = publish_stopped(&t, n, kind);
    is_new = check_whole(&t);
    if (status == 0)
        assert_true(is_new);
    /* Who was stopped and tries again is told what there was left to do. */
    assert_ok(bench_publish(&t, "r2", &o), &o.e);
    assert_int_equal(o.published.already, is_new);
    bench_snapshot(&t, &after);
    assert_string_equal((const char *)after.p, undisturbed);
    hm_temp_clear(&t);
    return status != 0;
}

static int count_operations(void)
{
    struct outcome o = OUTCOME_INIT;
    struct hm_temp t;
    int n;

    hm_temp_make(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    docs_release(&t, "r2", &(struct docs){.version = "1.0.1", .sequence = 2});
    hm_temp_write(&t, "r2/manifest.json.sig.2", "second");
    bench_publish_ok(&t, "r1");
    fs_stop_at(0, FS_STOP_NEVER, 0);
    assert_ok(bench_publish(&t, "r2", &o), &o.e);
    n = fs_stop_count();
    assert_false(fs_stop_live_was_dirty());
    assert_int_equal(fs_stop_after_live(), 0);
    outcome_clear(&o);
    hm_temp_clear(&t);
    return n;
}

static void stop_everywhere(enum fs_stop_kind kind)
{
    HM_OWN(hm_buf) undisturbed = HM_BUF_INIT(1u << 16);
    const int n = count_operations();

    make_undisturbed(&undisturbed);
    assert_true(n > 50);
    for (int i = 0; i < n; i++) {
        const bool stopped = stop_once(i, kind, (const char *)undisturbed.p);

        if (kind == FS_STOP_KILL)
            assert_true(stopped);
    }
    assert_false(stop_once(n, kind, (const char *)undisturbed.p));
}

static void killed_at_any_operation_it_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    stop_everywhere(FS_STOP_KILL);
}

static void killed_within_any_write_it_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    stop_everywhere(FS_STOP_CUT);
}

static void a_full_disk_at_any_operation_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    stop_everywhere(FS_STOP_FAIL);
}

/* --- two at once -------------------------------------------------------------------------- */

static void a_second_publisher_is_refused_while_the_first_works(void **state)
{
    HM_OWN(hm_repository) first = HM_REPOSITORY_INIT;
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    hm_temp_make(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    assert_ok(hm_release_lock_repository(&first, hm_temp_path(&t, "repo"), 0,
                                         &o.cleaned, &e),
              &e);
    assert_fails(bench_publish(&t, "r1", &o), HM_E_IO,
                 "release.repository.locked", &o.e);
    hm_repository_clear(&first);
    assert_ok(bench_publish(&t, "r1", &o), &o.e);
    hm_temp_clear(&t);
}

static pid_t start_publisher(const struct hm_temp *t, const char *release)
{
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct hm_repository repo = HM_REPOSITORY_INIT;
        struct hm_dir from = HM_DIR_INIT;
        struct hm_names cleaned = HM_NAMES_INIT;
        struct hm_release_published p;
        struct judge j = {.calls = 0};
        const struct hm_release_publishing how = {
            .judge = bench_judge, .context = &j, .root = HM_LIT("r")};
        hm_rc rc = hm_release_lock_repository(&repo, hm_temp_path(t, "repo"),
                                              60, &cleaned, NULL);

        if (rc == HM_OK)
            rc = hm_dir_open(&from, hm_temp_path(t, release), NULL);
        if (rc == HM_OK)
            rc = hm_release_publish(&repo, &from, &how, &p, NULL);
        _exit(rc == HM_OK ? 0 : 1);
    }
    return pid;
}

/* F20: never two manifests with one sequence. */
static void of_many_with_one_sequence_exactly_one_is_published(void **state)
{
    enum { N = 6 };
    struct hm_temp t;
    pid_t pid[N];
    int won = 0;

    (void)state;
    hm_temp_make(&t);
    for (int i = 0; i < N; i++) {
        char version[16];
        char name[16];

        (void)snprintf(version, sizeof(version), "1.0.%d", i);
        (void)snprintf(name, sizeof(name), "r%d", i);
        docs_release(&t, name, &(struct docs){.version = version});
    }
    for (int i = 0; i < N; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "r%d", i);
        pid[i] = start_publisher(&t, name);
    }
    for (int i = 0; i < N; i++) {
        int status = 0;

        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    assert_int_equal(won, 1);
    assert_true(bench_has(&t, "repo/history/1-1/manifest.json"));
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_operation_it_leaves_the_old_or_the_new),
        cmocka_unit_test(killed_within_any_write_it_leaves_the_old_or_the_new),
        cmocka_unit_test(
            a_full_disk_at_any_operation_leaves_the_old_or_the_new),
        cmocka_unit_test(a_second_publisher_is_refused_while_the_first_works),
        cmocka_unit_test(of_many_with_one_sequence_exactly_one_is_published),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
