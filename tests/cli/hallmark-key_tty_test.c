/* A PIN typed on a terminal: not shown, checked, and the terminal is left as it
 * was, also by Ctrl-C. */
#include "hm_run.h"

#include "hm_test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct terminal {
    struct hm_temp temp;
    int master;
    int slave;
    pid_t pid;
    char seen[4096]; /* everything the terminal showed */
    size_t n;
};

static int make(void **state)
{
    struct terminal *t = calloc(1, sizeof(*t));

    hm_temp_make(&t->temp);
    t->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(t->master >= 0);
    assert_int_equal(grantpt(t->master) | unlockpt(t->master), 0);
    t->slave = open(ptsname(t->master), O_RDWR | O_NOCTTY);
    assert_true(t->slave >= 0);
    *state = t;
    return 0;
}

static int unmake(void **state)
{
    struct terminal *t = *state;

    (void)close(t->master);
    (void)close(t->slave);
    hm_temp_clear(&t->temp);
    free(t);
    return 0;
}

/* token-init --pin tty, with the terminal as its controlling one. */
static void start(struct terminal *t)
{
    t->pid = fork();
    assert_true(t->pid >= 0);
    if (t->pid > 0)
        return;
    if (setsid() < 0 || ioctl(t->slave, TIOCSCTTY, 0) != 0 ||
        dup2(t->slave, 0) < 0 || dup2(t->slave, 1) < 0 ||
        dup2(t->slave, 2) < 0 || chdir(t->temp.path) != 0)
        _exit(126);
    (void)execl(HM_BIN "/hallmark-key", "hallmark-key", "token-init",
                "--softhsm", "st", "--token", "t", "--pin", "tty",
                (char *)NULL);
    _exit(127);
}

/* Collect what is shown until it holds @p text @p times times. */
static void wait_for(struct terminal *t, const char *text, int times)
{
    struct pollfd fd = {.fd = t->master, .events = POLLIN};

    for (;;) {
        const char *at = t->seen;
        int n = 0;
        ssize_t got = 0;

        while ((at = strstr(at, text)) != NULL) {
            at++;
            n++;
        }
        if (n >= times)
            return;
        if (poll(&fd, 1, 20000) <= 0)
            fail_msg("the terminal shows only: %s", t->seen);
        got = read(t->master, t->seen + t->n, sizeof(t->seen) - 1 - t->n);
        assert_true(got > 0);
        t->n += (size_t)got;
    }
}

static void type(struct terminal *t, const char *text)
{
    assert_int_equal(write(t->master, text, strlen(text)), strlen(text));
}

static bool echoes(const struct terminal *t)
{
    struct termios now;

    assert_int_equal(tcgetattr(t->slave, &now), 0);
    return (now.c_lflag & ECHO) != 0;
}

static int end(struct terminal *t)
{
    int state = 0;

    assert_int_equal(waitpid(t->pid, &state, 0), t->pid);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

static void a_pin_is_asked_twice_and_not_shown(void **state)
{
    struct terminal *t = *state;

    assert_true(echoes(t));
    start(t);
    wait_for(t, "PIN: ", 1);
    assert_false(echoes(t));
    type(t, "top-s3cret\n");
    wait_for(t, "PIN: ", 2);
    type(t, "top-s3cret\n");
    wait_for(t, "made token", 1);
    assert_int_equal(end(t), 0);
    assert_true(echoes(t));
    assert_null(strstr(t->seen, "s3cret"));
}

static void two_different_pins_make_no_token(void **state)
{
    struct terminal *t = *state;

    start(t);
    wait_for(t, "PIN: ", 1);
    type(t, "top-s3cret\n");
    wait_for(t, "PIN: ", 2);
    type(t, "top-s3crte\n");
    wait_for(t, "[key.pin.differ]", 1);
    assert_int_equal(end(t), 2);
    assert_int_not_equal(access(hm_temp_path(&t->temp, "st"), F_OK), 0);
}

static void an_empty_line_is_no_pin(void **state)
{
    struct terminal *t = *state;

    start(t);
    wait_for(t, "PIN: ", 1);
    type(t, "\n");
    wait_for(t, "[hsm.pin.length]", 1);
    assert_int_equal(end(t), 4);
}

static void ctrl_c_leaves_the_terminal_as_it_was(void **state)
{
    struct terminal *t = *state;

    start(t);
    wait_for(t, "PIN: ", 1);
    type(t, "half\x03");
    assert_int_equal(end(t), 128 + SIGINT);
    assert_true(echoes(t));
}

#define ON_TTY(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TTY(a_pin_is_asked_twice_and_not_shown),
        ON_TTY(two_different_pins_make_no_token),
        ON_TTY(an_empty_line_is_no_pin),
        ON_TTY(ctrl_c_leaves_the_terminal_as_it_was),
    };

    return cmocka_run_group_tests_name("hallmark-key tty", tests, NULL, NULL);
}
