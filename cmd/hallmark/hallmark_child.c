#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hallmark_priv.h"

#define TAIL_MAX 1536u /**< last bytes of standard error, for the reason */

struct tail {
    char text[TAIL_MAX + 1];
    size_t n;
};

/* --- what the child said ---------------------------------------------------- */

static void keep_tail(struct tail *t, const char *in, size_t n)
{
    if (n > TAIL_MAX) {
        in += n - TAIL_MAX;
        n = TAIL_MAX;
    }
    if (t->n + n > TAIL_MAX) {
        const size_t drop = t->n + n - TAIL_MAX;

        memmove(t->text, t->text + drop, t->n - drop);
        t->n -= drop;
    }
    memcpy(t->text + t->n, in, n);
    t->n += n;
    t->text[t->n] = '\0';
}

/* Pass on what comes, until the child and its children closed it. */
static void pass_on(int fd, struct tail *t)
{
    char chunk[512];

    for (;;) {
        const ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        keep_tail(t, chunk, (size_t)n);
        if (hm_file_write_all(
                STDERR_FILENO,
                (struct hm_bytes){(const uint8_t *)chunk, (size_t)n},
                NULL) != HM_OK)
            continue; /* nobody listens; the child must not block */
    }
}

static size_t reason_length(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-");
}

/* What a program of the family says last when it fails:
 *     hallmark-x: sentence [room.object.problem]
 *                 next: hint */
struct said {
    char reason[sizeof(((struct hm_err *)0)->reason)];
    char sentence[sizeof(((struct hm_err *)0)->text)];
    char hint[sizeof(((struct hm_err *)0)->hint)];
};

/* One line, printable whatever the child wrote. */
static void take(const char *from, size_t n, char *to, size_t size)
{
    size_t k = 0;

    for (; k < n && k + 1 < size; k++)
        to[k] = (char)(from[k] >= 0x20 && from[k] < 0x7f ? from[k] : '?');
    to[k] = '\0';
}

/* bracket: of the reason, n bytes long, at the end of a line. */
static void take_line(const struct tail *t, const char *program,
                      const char *bracket, size_t n, struct said *to)
{
    static const char next[] = "next: ";
    const char *line = memrchr(t->text, '\n', (size_t)(bracket - t->text));
    const char *below = bracket + n + strlen("[]\n");
    const size_t name_n = strlen(program);

    line = line == NULL ? t->text : line + 1;
    if (strncmp(line, program, name_n) == 0 &&
        strncmp(line + name_n, ": ", 2) == 0)
        line += name_n + 2;
    take(bracket + 1, n, to->reason, sizeof(to->reason));
    take(line, (size_t)(bracket - line), to->sentence, sizeof(to->sentence));
    for (size_t k = strlen(to->sentence); k > 0 && to->sentence[k - 1] == ' ';)
        to->sentence[--k] = '\0';
    below += strspn(below, " ");
    to->hint[0] = '\0';
    if (strncmp(below, next, strlen(next)) == 0)
        take(below + strlen(next), strcspn(below + strlen(next), "\n"),
             to->hint, sizeof(to->hint));
}

/* The last line that ends in a reason. */
static void find_said(const struct tail *t, const char *program,
                      struct said *to)
{
    for (const char *s = t->text; (s = strchr(s, '[')) != NULL; s++) {
        const size_t n = reason_length(s + 1);

        if (n > 0 && n < sizeof(to->reason) && s[1 + n] == ']' &&
            s[2 + n] == '\n' && memchr(s + 1, '.', n) != NULL)
            take_line(t, program, s, n, to);
    }
}

/* --- the child --------------------------------------------------------------- */

HM_MUST static hm_rc judge_status(int status, const char *program,
                                  const struct tail *t, struct hm_err *e)
{
    static const hm_rc codes[] = {HM_OK, HM_E_REJECTED, HM_E_USAGE, HM_E_IO,
                                  HM_E_TOKEN};
    struct said said = {.reason = "hallmark.step.failed"};
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const hm_rc rc = code < 0 || code > 4 ? HM_E_IO : codes[code];

    if (code == 0)
        return HM_OK;
    if (code < 0)
        return hm_fail(e, HM_E_IO, "hallmark.program.killed",
                       "%s was ended by signal %d", program, WTERMSIG(status));
    find_said(t, program, &said);
    if (said.sentence[0] == '\0')
        return hm_fail(e, rc, said.reason, "%s ended with exit status %d",
                       program, code);
    if (said.hint[0] == '\0')
        return hm_fail(e, rc, said.reason, "%s: %s", program, said.sentence);
    return hm_hint(
        e, hm_fail(e, rc, said.reason, "%s: %s", program, said.sentence), "%s",
        said.hint);
}

struct start {
    const struct child_how *how;
    const char *path;
    char **argv;
    char **env;
    int err; /**< the write end of the pipe */
};

static int add_actions(posix_spawn_file_actions_t *a, const struct start *s)
{
    int rc = posix_spawn_file_actions_adddup2(a, s->err, STDERR_FILENO);

    if (rc == 0 && s->how->silent)
        rc = posix_spawn_file_actions_addopen(a, STDOUT_FILENO, "/dev/null",
                                              O_WRONLY, 0);
    for (size_t i = 0; i < HALLMARK_KEYS && rc == 0; i++)
        if (s->how->closed[i] > STDERR_FILENO)
            rc = posix_spawn_file_actions_addclose(a, s->how->closed[i]);
    return rc;
}

static int spawn(const struct start *s, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return rc;
    rc = add_actions(&actions, s);
    if (rc == 0)
        rc = posix_spawn(pid, s->path, &actions, NULL, s->argv, s->env);
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

HM_MUST static hm_rc cannot_start(const char *path, int why, struct hm_err *e)
{
    errno = why;
    return hm_hint(e,
                   hm_fail_errno(e, "hallmark.program.start",
                                 "cannot start '%s'", hm_show_str(path)),
                   "the programs of Hallmark lie in one folder; install them "
                   "together");
}

HM_MUST static hm_rc start_and_wait(struct start *s, const char *program,
                                    struct hm_err *e)
{
    struct tail tail = {.n = 0};
    int ends[2];
    int status = 0;
    pid_t pid = -1;
    int rc;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return cannot_start(s->path, errno, e);
    s->err = ends[1];
    rc = spawn(s, &pid);
    (void)close(ends[1]);
    if (rc == 0)
        pass_on(ends[0], &tail);
    (void)close(ends[0]);
    if (rc != 0)
        return cannot_start(s->path, rc, e);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return cannot_start(s->path, errno, e);
    return judge_status(status, program, &tail, e);
}

/* Does @p pair set the same variable as @p other (which may be NULL)? */
static bool is_same_name(const char *pair, const char *other)
{
    const size_t n = other == NULL ? 0 : strcspn(other, "=") + 1;

    return n > 0 && strncmp(pair, other, n) == 0;
}

/* Ours, with those of @p how instead or behind; a view, only the array is
 * owned. */
static char **make_env(const struct child_how *how)
{
    const char *const added[] = {how->variable, how->zone};
    size_t n = 0;
    size_t kept = 0;
    char **env = NULL;

    while (environ[n] != NULL)
        n++;
    env = calloc(n + 3, sizeof(*env));
    if (env == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_same_name(environ[i], added[0]) &&
            !is_same_name(environ[i], added[1]))
            env[kept++] = environ[i];
    for (size_t i = 0; i < 2; i++)
        if (added[i] != NULL)
            memcpy(&env[kept++], &added[i], sizeof(added[i]));
    return env;
}

static char **make_argv(const struct hm_names *words)
{
    char **argv = calloc(words->n + 1, sizeof(*argv));

    if (argv != NULL)
        memcpy(argv, words->name, words->n * sizeof(*argv));
    return argv;
}

hm_rc hallmark_run_child(const struct child_how *how,
                         const struct hm_names *words, struct hm_err *e)
{
    HM_OWN(hm_buf) path = HM_BUF_INIT(8192);
    struct start s = {.how = how};
    hm_rc rc;

    HM_TRY(hm_buf_add(&path, hm_bytes_str(how->folder), e));
    HM_TRY(hm_buf_add(&path, hm_bytes_str(words->name[0]), e));
    HM_TRY(hm_buf_add(&path, (struct hm_bytes){(const uint8_t *)"", 1}, e));
    (void)fflush(stdout); /* our lines come before the child's */
    s.path = (const char *)path.p;
    s.argv = make_argv(words);
    s.env = make_env(how);
    rc = s.argv == NULL || s.env == NULL
             ? hm_fail(e, HM_E_NOMEM, "hallmark.program.nomem",
                       "out of memory for the arguments of a program")
             : start_and_wait(&s, words->name[0], e);
    free(s.argv);
    free(s.env);
    return rc;
}

/* --- shown to people ---------------------------------------------------------- */

HM_MUST static hm_rc add_word(const char *word, struct hm_buf *to,
                              struct hm_err *e)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._+-/:=,@%";
    const size_t n = strlen(word);

    if (n > 0 && strspn(word, plain) == n)
        return hm_buf_add(to, hm_bytes_str(word), e);
    HM_TRY(hm_buf_add(to, HM_LIT("'"), e));
    for (const char *c = word; *c != '\0'; c++)
        HM_TRY(hm_buf_add(to,
                          *c == '\'' ? HM_LIT("'\\''")
                                     : (struct hm_bytes){(const uint8_t *)c, 1},
                          e));
    return hm_buf_add(to, HM_LIT("'"), e);
}

hm_rc hallmark_add_line(const struct hm_names *words, struct hm_buf *to,
                        struct hm_err *e)
{
    for (size_t i = 0; i < words->n; i++) {
        if (i > 0)
            HM_TRY(hm_buf_add(to, HM_LIT(" "), e));
        HM_TRY(add_word(words->name[i], to, e));
    }
    return HM_OK;
}
