/* The same tree, the same bytes; a failed run, no bytes at all. */
#include "hm_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hm_archive.h"
#include "hm_run.h"

#define FULL_MAX ((size_t)1 << 26)
#define NOBODY   65534u

static const char *const epoch[] = {"SOURCE_DATE_EPOCH=1700000000", NULL};
static const struct hm_run_how dated = {.env = epoch};

static int set_up(void **state)
{
    struct hm_temp *t = calloc(1, sizeof(*t));

    *state = t;
    if (t == NULL)
        return -1;
    (void)unsetenv("SOURCE_DATE_EPOCH");
    hm_temp_make(t);
    return 0;
}

static int tear_down(void **state)
{
    hm_temp_clear(*state);
    free(*state);
    return 0;
}

static void make_link(const struct hm_temp *t, const char *target,
                      const char *name)
{
    assert_int_equal(symlink(target, hm_temp_path(t, name)), 0);
}

/* About 3 MiB that compress a little, the same each time. */
static void make_large(const struct hm_temp *t, const char *name)
{
    HM_OWN(hm_buf) b = HM_BUF_INIT(FULL_MAX);
    uint32_t x = 1;
    struct hm_err e = {0};

    for (unsigned i = 0; i < 3000; i++) {
        uint8_t line[1024];

        for (size_t k = 0; k < sizeof(line); k++) {
            x = x * 1664525u + 1013904223u;
            line[k] = (uint8_t)("0123456789abcdef"[x >> 28]);
        }
        assert_ok(hm_buf_add(&b, (struct hm_bytes){line, sizeof(line)}, &e),
                  &e);
    }
    assert_ok(hm_file_save(hm_temp_path(t, name), hm_buf_view(&b),
                           HM_OUT_REPLACE, &e),
              &e);
}

struct item {
    const char *name;
    const char *text;
    mode_t mode;
};

static const struct item items[] = {
    {"bin/init", "#!/bin/sh\n", 0755},
    {"etc/conf", "a = 1\n", 0644},
    {"etc/conf.d/x", "", 0644},
    {"etc/conf-old", "b\n", 0644},
    {"lib/n\xc3\xa4h/x", "umlaut\n", 0644},
    {"lib/system\\x2dfoo.slice", "slice\n", 0644},
    {"-dash", "minus\n", 0644},
    {"usr/a long name with blanks", "text\n", 0644},
};
#define ITEMS (sizeof(items) / sizeof(*items))

/* The same tree, its files made in one order or the other. */
static void make_tree(const struct hm_temp *t, const char *name, bool backward)
{
    char path[256];

    for (size_t i = 0; i < ITEMS; i++) {
        const struct item *item = &items[backward ? ITEMS - 1 - i : i];

        (void)snprintf(path, sizeof(path), "%s/%s", name, item->name);
        hm_temp_write(t, path, item->text);
        assert_int_equal(chmod(hm_temp_path(t, path), item->mode), 0);
    }
    (void)snprintf(path, sizeof(path), "%s/usr/large", name);
    make_large(t, path);
    (void)snprintf(path, sizeof(path), "%s/bin/sh", name);
    make_link(t, "init", path);
    (void)snprintf(path, sizeof(path), "%s/etc/mtab", name);
    make_link(t, "/proc/mounts", path);
    (void)snprintf(path, sizeof(path), "%s/empty", name);
    assert_int_equal(mkdir(hm_temp_path(t, path), 0755), 0);
}

static void read_digest(const struct hm_temp *t, const char *name,
                        uint8_t sha256[static HM_SHA256_SIZE])
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(FULL_MAX);
    struct hm_err e = {0};

    hm_temp_read(t, name, &bytes);
    assert_ok(hm_sha256(hm_buf_view(&bytes), sha256, &e), &e);
}

static bool is_there(const struct hm_temp *t, const char *name)
{
    struct stat sb;

    return lstat(hm_temp_path(t, name), &sb) == 0;
}

/* May another user reach what was built?  Not when it lies in /root. */
static bool others_may_run(void)
{
    const pid_t pid = geteuid() == 0 ? fork() : -1;
    int state = 1;

    if (pid == 0)
        _exit(setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
                      access(HM_BIN "/hallmark-pack", X_OK) == 0
                  ? 0
                  : 1);
    return pid > 0 && waitpid(pid, &state, 0) == pid && state == 0;
}

/* One run of the rebuild matrix. */
struct surroundings {
    const char *tree;
    const char *cwd; /* below the temporary directory; NULL: ours */
    const char *threads;
    const char *env[8];
    mode_t mask;
    bool as_nobody;
};

static const struct surroundings matrix[] = {
    {"tree", NULL, "1", {"TZ=UTC"}, 022, false},
    {"other/copy", NULL, "2", {"TZ=Asia/Kathmandu"}, 077, false},
    {"tree", NULL, "3", {"LC_ALL=C.UTF-8", "LANG=de_DE.UTF-8"}, 0, false},
    {"tree", NULL, "4", {"POSIXLY_CORRECT=1", "COLUMNS=20"}, 022, true},
    {"other/copy", NULL, "5", {"TMPDIR=/nonexistent", "HOME=/"}, 027, true},
    {"tree", NULL, "6", {"LC_COLLATE=en_US.UTF-8", "USER=x"}, 022, false},
    {"tree", NULL, "7", {"GZIP=-9", "TAR_OPTIONS=--owner=7"}, 022, false},
    {"other/copy", NULL, "8", {"TZ=America/St_Johns"}, 022, true},
    {"tree", NULL, "32", {"NO_COLOR=1"}, 022, false},
    {".", "tree", NULL, {"TERM=dumb"}, 022, false},
    {"../other/./copy/", "tree", NULL, {"HOSTNAME=x"}, 022, false},
};

static void pack_in(const struct hm_temp *t, const struct surroundings *s)
{
    struct hm_run_how how = {.drop_to_uid =
                                 s->as_nobody && others_may_run() ? NOBODY : 0};
    HM_OWN(hm_run) r = HM_RUN_INIT;
    const char *env[10] = {epoch[0]};
    char cwd[512];
    char tree[512];
    mode_t before;

    for (size_t i = 0; i < 8 && s->env[i] != NULL; i++)
        env[i + 1] = s->env[i];
    how.env = env;
    (void)snprintf(cwd, sizeof(cwd), "%s/%s", t->path,
                   s->cwd == NULL ? "" : s->cwd);
    (void)snprintf(tree, sizeof(tree), "%s%s%s", s->cwd == NULL ? t->path : "",
                   s->cwd == NULL ? "/" : "", s->tree);
    how.cwd = s->cwd == NULL ? NULL : cwd;
    before = umask(s->mask);
    HM_RUN(&r, &how, "hallmark-pack", tree, "--force", "-o",
           hm_temp_path(t, "out/x.tar.gz"),
           s->threads == NULL ? "-q" : "--threads", s->threads);
    (void)umask(before);
    assert_run(&r, 0, "");
}

static void the_bytes_do_not_depend_on_the_surroundings(void **state)
{
    const struct hm_temp *t = *state;
    uint8_t first[HM_SHA256_SIZE];
    uint8_t next[HM_SHA256_SIZE];

    make_tree(t, "tree", false);
    make_tree(t, "other/copy", true);
    assert_int_equal(mkdir(hm_temp_path(t, "out"), 0777), 0);
    assert_int_equal(chmod(hm_temp_path(t, "out"), 0777), 0);
    /* What is normalised: times, group and other bits. */
    assert_int_equal(chmod(hm_temp_path(t, "other/copy/etc/conf"), 0606), 0);
    assert_int_equal(chmod(hm_temp_path(t, "other/copy/bin"), 0777), 0);
    for (size_t i = 0; i < sizeof(matrix) / sizeof(*matrix); i++) {
        pack_in(t, &matrix[i]);
        read_digest(t, "out/x.tar.gz", i == 0 ? first : next);
        if (i > 0 && memcmp(first, next, sizeof(first)) != 0)
            fail_msg("row %zu of the matrix has other bytes", i);
    }
}

/* The tree of temporary @p t, packed with an odd world around it. */
static void pack_oddly(const struct hm_temp *t, const char *const env[],
                       const char *clock, uint8_t sha256[HM_SHA256_SIZE])
{
    const struct hm_run_how how = {.env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;
    static const char pack[] = HM_BIN "/hallmark-pack";

    if (clock == NULL)
        HM_RUN(&r, &how, pack, hm_temp_path(t, "tree"), "--force", "-o",
               hm_temp_path(t, "x.tar.gz"));
    else
        HM_RUN(&r, &how, "/usr/bin/faketime", clock, pack,
               hm_temp_path(t, "tree"), "--force", "-o",
               hm_temp_path(t, "x.tar.gz"));
    assert_run(&r, 0, "");
    read_digest(t, "x.tar.gz", sha256);
}

/* Is the world odd at all?  ls -U shows what it is given. */
static void assert_order_is_another(const struct hm_temp *t)
{
    static const char *const odd[] = {"LD_PRELOAD=" HM_ODD_WORLD,
                                      "HM_READDIR=0", NULL};
    const struct hm_run_how how = {.env = odd};
    HM_OWN(hm_run) plain = HM_RUN_INIT;
    HM_OWN(hm_run) other = HM_RUN_INIT;

    HM_RUN(&plain, NULL, "/bin/ls", "-U", hm_temp_path(t, "tree"));
    HM_RUN(&other, &how, "/bin/ls", "-U", hm_temp_path(t, "tree"));
    assert_int_equal(other.status, 0);
    assert_int_equal(plain.out.n, other.out.n);
    assert_string_not_equal(hm_run_out(&plain), hm_run_out(&other));
}

static void the_bytes_do_not_depend_on_the_order_of_directories(void **state)
{
    static const char *const orders[] = {"HM_READDIR=0", "HM_READDIR=1",
                                         "HM_READDIR=77", "HM_READDIR=4711"};
    const struct hm_temp *t = *state;
    uint8_t first[HM_SHA256_SIZE];
    uint8_t next[HM_SHA256_SIZE];

    make_tree(t, "tree", false);
    assert_order_is_another(t);
    pack_oddly(t, epoch, NULL, first);
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
        const char *const env[] = {epoch[0], "LD_PRELOAD=" HM_ODD_WORLD,
                                   "ASAN_OPTIONS=verify_asan_link_order=0",
                                   orders[i], NULL};

        pack_oddly(t, env, NULL, next);
        assert_memory_equal(first, next, sizeof(first));
    }
}

static void the_bytes_do_not_depend_on_the_clock(void **state)
{
    static const char *const clocks[] = {"1980-01-01 00:00:00",
                                         "2038-01-20 00:00:00"};
    static const char *const env[] = {"SOURCE_DATE_EPOCH=1700000000",
                                      "ASAN_OPTIONS=verify_asan_link_order=0",
                                      NULL};
    const struct hm_temp *t = *state;
    uint8_t first[HM_SHA256_SIZE];
    uint8_t next[HM_SHA256_SIZE];

    if (access("/usr/bin/faketime", X_OK) != 0)
        skip();
    make_tree(t, "tree", false);
    pack_oddly(t, epoch, NULL, first);
    for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
        pack_oddly(t, env, clocks[i], next);
        assert_memory_equal(first, next, sizeof(first));
    }
}

/* In memory and on the disk, where directories list in other orders and have
 * other sizes, inodes and blocks. */
static void the_bytes_do_not_depend_on_the_file_system(void **state)
{
    const struct hm_temp *in_memory = *state;
    struct hm_temp on_disk;
    struct statfs a;
    struct statfs b;
    uint8_t first[HM_SHA256_SIZE];
    uint8_t next[HM_SHA256_SIZE];

    hm_temp_make_on_disk(&on_disk);
    assert_int_equal(statfs(in_memory->path, &a), 0);
    assert_int_equal(statfs(on_disk.path, &b), 0);
    make_tree(in_memory, "tree", false);
    make_tree(&on_disk, "tree", true);
    pack_oddly(in_memory, epoch, NULL, first);
    pack_oddly(&on_disk, epoch, NULL, next);
    hm_temp_clear(&on_disk);
    assert_memory_equal(first, next, sizeof(first));
    if (a.f_type == b.f_type)
        skip(); /* there is but one file system here */
}

static bool have(const char *program)
{
    return access(program, X_OK) == 0;
}

static void pack_plainly(const struct hm_temp *t, const char *tree,
                         const char *output)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, tree), "-o",
           hm_temp_path(t, output));
    assert_run(&r, 0, "");
}

/* Told to use another time than ours, it would change what held any. */
static void strip_nondeterminism_finds_nothing(void **state)
{
    static const char tool[] = "/usr/bin/strip-nondeterminism";
    const struct hm_temp *t = *state;
    uint8_t before[HM_SHA256_SIZE];
    uint8_t after[HM_SHA256_SIZE];
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (!have(tool))
        skip();
    make_tree(t, "tree", false);
    pack_plainly(t, "tree", "x.tar.gz");
    read_digest(t, "x.tar.gz", before);
    HM_RUN(&r, NULL, tool, "--timestamp", "1", hm_temp_path(t, "x.tar.gz"));
    assert_run(&r, 0, "");
    read_digest(t, "x.tar.gz", after);
    assert_memory_equal(before, after, sizeof(before));
}

static void diffoscope_finds_no_difference(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (!have("/usr/bin/diffoscope"))
        skip();
    make_tree(t, "tree", false);
    make_tree(t, "other/copy", true);
    pack_plainly(t, "tree", "a.tar");
    pack_plainly(t, "other/copy", "b.tar");
    HM_RUN(&r, NULL, "/usr/bin/diffoscope", hm_temp_path(t, "a.tar"),
           hm_temp_path(t, "b.tar"));
    assert_run(&r, 0, "");
    assert_int_equal(r.out.n, 0);
}

/* @param names  of what lies in the tree, in order */
static void assert_gnu_tar_agrees(const struct hm_temp *t, const char *format,
                                  const char *const names[static 8])
{
    static const char *const gnu_env[] = {"LC_ALL=C", NULL};
    const struct hm_run_how gnu = {.env = gnu_env};
    HM_OWN(hm_buf) ours = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_buf) theirs = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
           hm_temp_path(t, "ours.tar"));
    assert_run(&r, 0, "");
    HM_RUN(&r, &gnu, "/usr/bin/tar", "-C", hm_temp_path(t, "tree"),
           "--sort=name", "--mtime=@1700000000", "--owner=0", "--group=0",
           "--numeric-owner", "--mode=go-w", format, "-cf",
           hm_temp_path(t, "theirs.tar"), names[0], names[1], names[2],
           names[3], names[4], names[5], names[6], names[7]);
    assert_run(&r, 0, "");
    hm_temp_read(t, "ours.tar", &ours);
    hm_temp_read(t, "theirs.tar", &theirs);
    assert_bytes_equal(hm_buf_view(&ours), hm_buf_view(&theirs));
}

static void the_tar_is_gnu_tars(void **state)
{
    static const char *const names[8] = {
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
        "--",
        "-dash",
        "bin",
        "empty",
        "etc",
        "lib",
        "usr"};
    const struct hm_temp *t = *state;

    if (!have("/usr/bin/tar"))
        skip();
    make_tree(t, "tree", false);
    assert_gnu_tar_agrees(t, "--format=posix", names);
}

/* A path that a ustar prefix makes fit needs no pax header. */
static void the_tar_of_long_paths_is_gnu_ustar(void **state)
{
    static const char *const names[8] = {"--", "d"};
    const struct hm_temp *t = *state;
    char path[260] = "tree/d/";

    if (!have("/usr/bin/tar"))
        skip();
    for (size_t n = strlen(path); n < 240; n++) {
        path[n] = n % 40 == 0 ? '/' : 'p';
        path[n + 1] = '\0';
        if (n > 90 && path[n] != '/' && n % 40 > 30) {
            path[n] = 'q'; /* a file beside the directory to come */
            hm_temp_write(t, path, "x");
            path[n] = 'p';
        }
    }
    assert_gnu_tar_agrees(t, "--format=ustar", names);
}

static void gnu_tar_extracts_what_is_packed(void **state)
{
    static const char *const link = "x/bin/sh";
    const struct hm_temp *t = *state;
    HM_OWN(hm_buf) packed = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_buf) source = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (!have("/usr/bin/tar"))
        skip();
    make_tree(t, "tree", false);
    hm_temp_write(t, "x/.keep", "");
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
           hm_temp_path(t, "ours.tar.gz"));
    assert_run(&r, 0, "");
    HM_RUN(&r, NULL, "/usr/bin/tar", "-C", hm_temp_path(t, "x"), "-xf",
           hm_temp_path(t, "ours.tar.gz"));
    assert_run(&r, 0, "");
    assert_int_equal(r.err.n, 0);
    hm_temp_read(t, "x/usr/large", &packed);
    hm_temp_read(t, "tree/usr/large", &source);
    assert_bytes_equal(hm_buf_view(&packed), hm_buf_view(&source));
    assert_true(is_there(t, link));
    assert_true(is_there(t, "x/lib/n\xc3\xa4h/x"));
}

static size_t count_names(const struct hm_temp *t, const char *name)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&d, hm_temp_path(t, name), &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    return names.n;
}

static void expect_pack(const struct hm_temp *t, const struct hm_run_how *how,
                        const char *output, const char *reason)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, how, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
           strcmp(output, "-") == 0 ? output : hm_temp_path(t, output));
    assert_run(&r, 3, reason);
}

static void a_full_disk_or_a_read_only_directory_leaves_nothing(void **state)
{
    const struct hm_temp *t = *state;
    const struct hm_run_how full = {.env = epoch, .file_size_max = 100000};
    const struct hm_run_how no_stdout = {.env = epoch, .stdout_full = true};
    const struct hm_run_how other = {
        .env = epoch, .drop_to_uid = others_may_run() ? NOBODY : 0};

    make_tree(t, "tree", false);
    assert_int_equal(mkdir(hm_temp_path(t, "out"), 0755), 0);
    expect_pack(t, &full, "out/x.tar.gz", "base.file.write");
    expect_pack(t, &full, "out/x.tar", "base.file.write");
    expect_pack(t, &no_stdout, "-", "base.file.write");
    assert_int_equal(count_names(t, "out"), 0);
    if (geteuid() == 0 && other.drop_to_uid == 0)
        return; /* nothing is read-only to root */
    assert_int_equal(chmod(hm_temp_path(t, "out"), 0555), 0);
    expect_pack(t, &other, "out/x.tar", "base.out.open");
    assert_int_equal(count_names(t, "out"), 0);
}

/* Start the same run as ever, kill it after a while. */
static void start_and_kill(const struct hm_temp *t, long after_ms)
{
    const struct timespec wait = {.tv_nsec = after_ms * 1000000};
    const pid_t pid = fork();

    if (pid == 0) {
        (void)execl(HM_BIN "/hallmark-pack", "hallmark-pack", "-q", "--force",
                    hm_temp_path(t, "tree"), "--time=@1700000000", "-o",
                    hm_temp_path(t, "out/x.tar.gz"), (char *)NULL);
        _exit(127);
    }
    (void)nanosleep(&wait, NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_killed_run_leaves_no_archive_or_a_whole_one(void **state)
{
    const struct hm_temp *t = *state;
    uint8_t whole[HM_SHA256_SIZE];
    uint8_t found[HM_SHA256_SIZE];
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t, "tree", false);
    assert_int_equal(mkdir(hm_temp_path(t, "out"), 0755), 0);
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
           hm_temp_path(t, "whole.tar.gz"));
    assert_run(&r, 0, "");
    read_digest(t, "whole.tar.gz", whole);
    for (long ms = 0; ms < 200; ms += 13) {
        (void)unlink(hm_temp_path(t, "out/x.tar.gz"));
        start_and_kill(t, ms);
        if (!is_there(t, "out/x.tar.gz"))
            continue;
        read_digest(t, "out/x.tar.gz", found);
        assert_memory_equal(found, whole, sizeof(whole));
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_bytes_do_not_depend_on_the_surroundings),
        T(the_bytes_do_not_depend_on_the_order_of_directories),
        T(the_bytes_do_not_depend_on_the_clock),
        T(the_bytes_do_not_depend_on_the_file_system),
        T(strip_nondeterminism_finds_nothing),
        T(diffoscope_finds_no_difference),
        T(the_tar_is_gnu_tars),
        T(the_tar_of_long_paths_is_gnu_ustar),
        T(gnu_tar_extracts_what_is_packed),
        T(a_full_disk_or_a_read_only_directory_leaves_nothing),
        T(a_killed_run_leaves_no_archive_or_a_whole_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
