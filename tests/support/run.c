#include "hm_run.h"

#include "hm_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S 120

static void must_do(bool did, const char *what)
{
    if (!did)
        fail_msg("%s: %s", what, strerror(errno));
}

/* In the child: never returns. */
static void become(const struct hm_run_how *how, const char *program,
                   const char *const argv[])
{
    const struct rlimit size = {how->file_size_max, how->file_size_max};

    for (size_t i = 0; how->env != NULL && how->env[i] != NULL; i++) {
        char *copy = strdup(how->env[i]);

        if (copy == NULL || putenv(copy) != 0)
            _exit(126);
    }
    if (how->cwd != NULL && chdir(how->cwd) != 0)
        _exit(126);
    if (how->file_size_max > 0) {
        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &size) != 0)
            _exit(126);
    }
    if (how->drop_to_uid > 0 &&
        (setresgid(how->drop_to_uid, how->drop_to_uid, how->drop_to_uid) != 0 ||
         setresuid(how->drop_to_uid, how->drop_to_uid, how->drop_to_uid) != 0))
        _exit(126);
    (void)execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* Wires of the child: standard input, output, error. */
struct wires {
    int in[2];
    int out[2];
    int err[2];
};

static void wire_child(const struct wires *w, const struct hm_run_how *how)
{
    const int full = how->stdout_full ? open("/dev/full", O_WRONLY) : -1;

    if (dup2(w->in[0], 0) < 0 || dup2(full < 0 ? w->out[1] : full, 1) < 0 ||
        dup2(w->err[1], 2) < 0)
        _exit(126);
}

static void feed(int fd, struct hm_bytes in)
{
    struct hm_err e = {0};

    (void)signal(SIGPIPE, SIG_IGN);
    if (in.n > 0)
        (void)(hm_file_write_all(fd, in, &e) == HM_OK);
    (void)close(fd);
}

/* Reads what there is; false at the end. */
static bool drain(int fd, struct hm_buf *to)
{
    uint8_t chunk[3072];
    const ssize_t n = read(fd, chunk, sizeof(chunk));

    if (n <= 0)
        return false;
    must_do(hm_buf_add(to, (struct hm_bytes){chunk, (size_t)n}, NULL) == HM_OK,
            "output of a program is too long");
    return true;
}

static void collect(struct hm_run *r, int out, int err, pid_t pid)
{
    const time_t end = time(NULL) + LIMIT_S;
    struct pollfd fds[] = {{.fd = out, .events = POLLIN},
                           {.fd = err, .events = POLLIN}};

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (time(NULL) > end) {
            (void)kill(pid, SIGKILL);
            fail_msg("a program ran longer than %d s", LIMIT_S);
        }
        if (poll(fds, 2, 1000) <= 0)
            continue;
        if (fds[0].revents != 0 && !drain(out, &r->out))
            fds[0].fd = -1;
        if (fds[1].revents != 0 && !drain(err, &r->err))
            fds[1].fd = -1;
    }
}

static void end_with_nul(struct hm_buf *b)
{
    must_do(hm_buf_add(b, (struct hm_bytes){(const uint8_t *)"", 1}, NULL) ==
                HM_OK,
            "out of memory");
    b->n--;
}

void hm_run(struct hm_run *r, const struct hm_run_how *how,
            const char *const argv[])
{
    static const struct hm_run_how plain = {.cwd = NULL};
    struct wires w;
    char program[512];
    int state = 0;
    pid_t pid;

    if (how == NULL)
        how = &plain;
    hm_run_clear(r);
    (void)snprintf(program, sizeof(program), "%s%s%s",
                   argv[0][0] == '/' ? "" : HM_BIN,
                   argv[0][0] == '/' ? "" : "/", argv[0]);
    must_do(pipe2(w.in, O_CLOEXEC) == 0 && pipe2(w.out, O_CLOEXEC) == 0 &&
                pipe2(w.err, O_CLOEXEC) == 0,
            "pipe");
    pid = fork();
    must_do(pid >= 0, "fork");
    if (pid == 0) {
        wire_child(&w, how);
        become(how, program, argv);
    }
    (void)close(w.in[0]);
    (void)close(w.out[1]);
    (void)close(w.err[1]);
    feed(w.in[1], how->in);
    collect(r, w.out[0], w.err[0], pid);
    (void)close(w.out[0]);
    (void)close(w.err[0]);
    must_do(waitpid(pid, &state, 0) == pid, "waitpid");
    r->status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    end_with_nul(&r->out);
    end_with_nul(&r->err);
}

void hm_run_expect(const struct hm_run *r, int status, const char *reason,
                   const char *file, int line)
{
    char want[80];

    (void)snprintf(want, sizeof(want), "[%s]", reason);
    if (r->status == status &&
        (reason[0] == '\0' || strstr(hm_run_err(r), want) != NULL))
        return;
    print_error("%s:%d: expected exit %d %s, got exit %d\n--- stdout\n%s\n--- "
                "stderr\n%s\n",
                file, line, status, want, r->status, hm_run_out(r),
                hm_run_err(r));
    fail();
}

const char *hm_run_out(const struct hm_run *r)
{
    return (const char *)r->out.p;
}

const char *hm_run_err(const struct hm_run *r)
{
    return (const char *)r->err.p;
}

void hm_run_clear(struct hm_run *r)
{
    hm_buf_clear(&r->out);
    hm_buf_clear(&r->err);
    r->status = -1;
}

#define ON_DISK     "/tmp"
#define IN_MEMORY   "/dev/shm"
#define MEMORY_FREE ((uint64_t)1 << 30)

/* Programs must start there, and there must be room. */
static bool memory_is_good(void)
{
    struct statvfs memory;

    return statvfs(IN_MEMORY, &memory) == 0 &&
           (memory.f_flag & (ST_NOEXEC | ST_RDONLY)) == 0 &&
           memory.f_bavail >= MEMORY_FREE / memory.f_frsize &&
           access(IN_MEMORY, W_OK | X_OK) == 0;
}

static void make_below(struct hm_temp *t, const char *parent)
{
    (void)snprintf(t->path, sizeof(t->path), "%s/hallmark-test-XXXXXX", parent);
    must_do(mkdtemp(t->path) != NULL && chmod(t->path, 0755) == 0, t->path);
}

void hm_temp_make(struct hm_temp *t)
{
    make_below(t, memory_is_good() ? IN_MEMORY : ON_DISK);
}

void hm_temp_make_on_disk(struct hm_temp *t)
{
    make_below(t, ON_DISK);
}

/* Directories may have been made read-only by what was tested. */
static void make_writable(const struct hm_dir *d)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    (void)fchmod(d->fd, 0700);
    if (hm_dir_list(d, &names, NULL) != HM_OK)
        return;
    for (size_t i = 0; i < names.n; i++) {
        HM_OWN(hm_dir) sub = HM_DIR_INIT;

        if (fchmodat(d->fd, names.name[i], 0700, AT_SYMLINK_NOFOLLOW) != 0)
            continue; /* a link, or not ours: removing it will tell */
        if (hm_dir_open_at(&sub, d, names.name[i], NULL) == HM_OK)
            make_writable(&sub);
    }
}

void hm_temp_clear(struct hm_temp *t)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    if (hm_dir_open(&d, t->path, &e) == HM_OK)
        make_writable(&d);
    *strrchr(t->path, '/') = '\0';
    if (hm_dir_open(&parent, t->path, &e) != HM_OK ||
        hm_dir_remove_at(&parent, t->path + strlen(t->path) + 1, &e) != HM_OK)
        fail_msg("cannot remove a folder of tests: %s", e.text);
}

const char *hm_temp_path_into(char out[static 512], const struct hm_temp *t,
                              const char *name)
{
    (void)snprintf(out, 512, "%s/%s", t->path, name);
    return out;
}

void hm_temp_write(const struct hm_temp *t, const char *name, const char *text)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    char path[512];
    struct hm_err e = {0};

    (void)hm_temp_path_into(path, t, name);
    *strrchr(path, '/') = '\0';
    if (hm_dir_make(&parent, path, &e) != HM_OK ||
        hm_file_save(hm_temp_path(t, name), hm_bytes_str(text), HM_OUT_REPLACE,
                     &e) != HM_OK)
        fail_msg("cannot write %s: %s", name, e.text);
}

void hm_temp_read(const struct hm_temp *t, const char *name, struct hm_buf *out)
{
    struct hm_err e = {0};

    if (hm_file_load(hm_temp_path(t, name), out, &e) != HM_OK)
        fail_msg("cannot read %s: %s", name, e.text);
}

void hm_temp_flip(const struct hm_temp *t, const char *name, uint64_t offset,
                  uint8_t mask)
{
    const int fd = open(hm_temp_path(t, name), O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    must_do(fd >= 0 && pread(fd, &byte, 1, (off_t)offset) == 1, name);
    byte ^= mask;
    must_do(pwrite(fd, &byte, 1, (off_t)offset) == 1 && close(fd) == 0, name);
}
