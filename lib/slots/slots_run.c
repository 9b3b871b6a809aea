/* Really starting the firmware: a static program in a tree of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slots_priv.h"

#define INIT    "sbin/init"
#define POLL_NS 2000000L /* between two looks at the child */

/* What the child tells before it becomes the firmware, and after that failed. */
struct report {
    enum hm_slots_cage cage;
    int os_errno;
};

static enum hm_slots_cage enter_cage(void)
{
    if (geteuid() == 0 && chroot(".") == 0)
        return HM_SLOTS_CHROOT;
    if (unshare(CLONE_NEWUSER) == 0 && chroot(".") == 0)
        return HM_SLOTS_NAMESPACE;
    return HM_SLOTS_FOLDER;
}

/* Outside of a cage no link may lead out of the tree. */
static void start_here(char *const argv[], char *const env[])
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC,
                                 .resolve = RESOLVE_BENEATH};
    const long fd = syscall(SYS_openat2, AT_FDCWD, INIT, &how, sizeof(how));

    if (fd >= 0)
        (void)syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
}

/* In the child, never back. */
static void become_firmware(int rootfs, int console, int reports)
{
    static char name[] = "/" INIT;
    static char path[] = "PATH=/sbin:/bin";
    static char home[] = "HOME=/";
    char *const argv[] = {name, NULL};
    char *const env[] = {path, home, NULL};
    struct report report = {HM_SLOTS_FOLDER, 0};
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(console, STDOUT_FILENO) < 0 || dup2(console, STDERR_FILENO) < 0 ||
        fchdir(rootfs) != 0)
        _exit(127);
    report.cage = enter_cage();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    (void)!write(reports, &report, sizeof(report));
    if (report.cage == HM_SLOTS_FOLDER)
        start_here(argv, env);
    else if (chdir("/") == 0)
        (void)execve(name, argv, env);
    report.os_errno = errno;
    (void)!write(reports, &report, sizeof(report));
    _exit(127);
}

static double seconds_now(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Exit status, 128 + signal; -1 when it was killed for its time. */
static int wait_for(pid_t pid, unsigned seconds)
{
    const struct timespec pause = {0, POLL_NS};
    const double end = seconds_now() + (double)seconds;
    int status = 0;
    bool late = false;

    for (;;) {
        const pid_t got = waitpid(pid, &status, late ? 0 : WNOHANG);

        if (got == pid)
            break;
        if (got < 0 && errno != EINTR)
            return -1;
        if (!late && seconds_now() >= end) {
            late = true;
            (void)kill(-pid, SIGKILL);
            (void)kill(pid, SIGKILL);
        }
        (void)nanosleep(&pause, NULL);
    }
    (void)kill(-pid, SIGKILL); /* what it left running */
    if (late)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* All that the child wrote; the last report counts. */
static bool read_reports(int fd, struct report *out)
{
    struct report r;
    bool found = false;

    for (;;) {
        const ssize_t n = read(fd, &r, sizeof(r));

        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof(r))
            return found;
        *out = r;
        found = true;
    }
}

HM_MUST static hm_rc judge(int slot, const struct report *r, unsigned seconds,
                           const struct hm_slots_boot *boot, struct hm_err *e)
{
    const char letter = hm_slots_letter(slot);

    hm_rc rc = HM_OK;

    if (r->os_errno != 0)
        rc = hm_fail(e, HM_E_REJECTED, "device.boot.unhealthy",
                     "slot %c: /" INIT " cannot be started: %s", letter,
                     hm_show_str(strerror(r->os_errno)));
    else if (boot->status < 0)
        rc = hm_fail(e, HM_E_REJECTED, "device.boot.unhealthy",
                     "slot %c: the firmware was not done after %u seconds",
                     letter, seconds);
    else if (boot->status != 0)
        rc = hm_fail(e, HM_E_REJECTED, "device.boot.unhealthy",
                     "slot %c: the firmware ended with status %d, 0 is healthy",
                     letter, boot->status);
    return hm_hint(e, rc,
                   "the device keeps what is confirmed: boot again to go on "
                   "trying or fall back, and publish a version that is mended");
}

HM_MUST static hm_rc start(int slot, const struct hm_dir *rootfs,
                           const struct hm_slots_start *how,
                           struct hm_slots_boot *boot, struct hm_err *e)
{
    struct report report = {HM_SLOTS_FOLDER, 0};
    HM_OWN(hm_file) in = HM_FILE_INIT;
    HM_OWN(hm_file) out = HM_FILE_INIT;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return hm_fail_errno(e, "device.boot.start", "cannot start");
    in.fd = ends[0];
    out.fd = ends[1];
    pid = fork();
    if (pid < 0)
        return hm_fail_errno(e, "device.boot.start", "cannot start");
    if (pid == 0)
        become_firmware(rootfs->fd, how->console, out.fd);
    hm_file_clear(&out);
    if (!read_reports(in.fd, &report))
        report.os_errno = ENOEXEC;
    boot->cage = report.cage;
    boot->status = wait_for(pid, how->seconds);
    return judge(slot, &report, how->seconds, boot, e);
}

hm_rc slots_run(const struct hm_slots *s, int slot,
                const struct hm_slots_start *how, struct hm_slots_boot *boot,
                struct hm_err *e)
{
    HM_OWN(hm_dir) rootfs = HM_DIR_INIT;
    char path[64];

    (void)snprintf(path, sizeof(path), "%s/" SLOTS_ROOTFS, slots_path(slot));
    HM_TRY(hm_dir_open_at(&rootfs, &s->dir, path, e));
    (void)fflush(NULL);
    return start(slot, &rootfs, how, boot, e);
}
