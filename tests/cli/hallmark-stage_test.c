/* hallmark release: the folder in which a release grows, whatever happens to
 * the run that makes it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hm_test.h"
#include "release_project.h"

#define RELEASE(s, r) STORY_RUN((s), (r), "hallmark", "release", "release.json")

static void
a_stale_stage_is_replaced_and_a_strangers_folder_refused(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;

    (void)state;
    project_make(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "--dry-run", "--keep-stage",
              "release.json");
    assert_run(&r, 0, "");
    assert_true(key_story_has(&s, ".hallmark-stage/1.0.0/manifest.json"));
    key_story_write(&s, ".hallmark-stage/1.0.0/artefacts/old.bin", "old");
    RELEASE(&s, &r);
    assert_run(&r, 0, "");
    assert_false(key_story_has(&s, ".hallmark-stage"));
    key_story_clear(&s);
    project_make(&s);
    key_story_write(&s, ".hallmark-stage/mine.txt", "mine");
    RELEASE(&s, &r);
    assert_run(&r, 1, "hallmark.stage.stranger");
    assert_true(key_story_has(&s, ".hallmark-stage/mine.txt"));
    key_story_clear(&s);
}

static void two_releases_beside_one_file_do_not_mix(void **state)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct key_story s;
    int fd;

    (void)state;
    project_make(&s);
    STORY_RUN(&s, &r, "hallmark", "release", "--dry-run", "--keep-stage",
              "release.json");
    fd = open(hm_temp_path(&s.temp, ".hallmark-stage/.hallmark-stage-of-ours"),
              O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    RELEASE(&s, &r);
    assert_run(&r, 3, "hallmark.stage.locked");
    assert_true(key_story_has(&s, ".hallmark-stage/1.0.0/manifest.json"));
    assert_int_equal(close(fd), 0);
    key_story_clear(&s);
}

/* The programs that it started come to us when it is dead: one of them may hold
 * the lock for a moment longer. */
static void kill_all(pid_t group)
{
    pid_t got = 0;

    (void)kill(-group, SIGKILL);
    do
        got = waitpid(-group, NULL, 0);
    while (got > 0 || (got < 0 && errno == EINTR));
    assert_int_equal(errno, ECHILD);
}

/* Killed after ever longer: the next release goes through, whatever was left. */
static void killed_anywhere_the_next_release_goes_through(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    for (useconds_t us = 2000; us < 600000; us = us * 3 / 2) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct key_story s;
        pid_t pid;

        project_make(&s);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

            (void)setpgid(0, 0);
            if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
                chdir(s.temp.path) != 0)
                _exit(126);
            (void)execl(HM_BIN "/hallmark", "hallmark", "release",
                        "release.json", (char *)NULL);
            _exit(127);
        }
        (void)setpgid(pid, pid);
        (void)usleep(us);
        kill_all(pid);
        RELEASE(&s, &r);
        if (r.status != 0)
            assert_run(&r, 1, "release.version.published");
        assert_true(key_story_has(&s, "repository/live"));
        assert_false(key_story_has(&s, "repository/.hallmark-publish"));
        key_story_clear(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_stale_stage_is_replaced_and_a_strangers_folder_refused),
        cmocka_unit_test(two_releases_beside_one_file_do_not_mix),
        cmocka_unit_test(killed_anywhere_the_next_release_goes_through),
    };

    return cmocka_run_group_tests_name("hallmark-stage", tests, NULL, NULL);
}
