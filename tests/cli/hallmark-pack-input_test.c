/* What is packed, and with which modes and owners; GNU tar is the witness. */
#include "hm_test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hm_run.h"

#define GNU_TAR "/usr/bin/tar"

static const char *const env[] = {"SOURCE_DATE_EPOCH=1700000000", "LC_ALL=C",
                                  NULL};

static int set_up(void **state)
{
    struct hm_temp *t = calloc(1, sizeof(*t));

    *state = t;
    if (t == NULL)
        return -1;
    hm_temp_make(t);
    return 0;
}

static int tear_down(void **state)
{
    hm_temp_clear(*state);
    free(*state);
    return 0;
}

static void make_tree(const struct hm_temp *t)
{
    static const char *const names[] = {
        "tree/bin/busybox",       "tree/bin/su",
        "tree/etc/shadow",        "tree/etc/conf",
        "tree/lib/libc.a",        "tree/lib/libc.so",
        "tree/lib/keep.a",        "tree/usr/doc/readme",
        "tree/usr/doc/licence",   "tree/tmp/.keep",
        "tree/home/user/.profile"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        hm_temp_write(t, names[i], "x\n");
        assert_int_equal(chmod(hm_temp_path(t, names[i]), 0640), 0);
    }
    assert_int_equal(symlink("busybox", hm_temp_path(t, "tree/bin/sh")), 0);
}

static void pack(const struct hm_temp *t, struct hm_run *r,
                 const char *const *words)
{
    const struct hm_run_how how = {.cwd = t->path, .env = env};
    const char *argv[16] = {"hallmark-pack", "tree", "-o", "a.tar", "--force"};

    for (size_t i = 0; i < 10 && words[i] != NULL; i++)
        argv[5 + i] = words[i];
    hm_run(r, &how, argv);
}

#define PACK(t, r, ...) pack((t), (r), (const char *const[]){__VA_ARGS__, NULL})

/* `tar -tf` of the archive, or with @p verbose `tar -tvf`. */
static void gnu_list(const struct hm_temp *t, struct hm_run *r,
                     const char *how_much)
{
    const struct hm_run_how how = {.cwd = t->path, .env = env};

    HM_RUN(r, &how, GNU_TAR, how_much, "a.tar", "--numeric-owner");
    assert_run(r, 0, "");
    assert_int_equal(r->err.n, 0);
}

/* The names, one a line. */
static void assert_names(const struct hm_temp *t, const char *names)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    gnu_list(t, &r, "-tf");
    assert_string_equal(hm_run_out(&r), names);
}

/* One line of `tar -tv` begins and ends so. */
static void assert_member(const struct hm_run *r, const char *mode,
                          const char *owner, const char *name)
{
    char line[200];
    char want[100];
    const char *at = hm_run_out(r);

    (void)snprintf(want, sizeof(want), "%s %s ", mode, owner);
    while (*at != '\0') {
        const size_t n = strcspn(at, "\n");
        const char *last = NULL;

        (void)snprintf(line, sizeof(line), "%.*s", (int)n, at);
        last = strstr(line, " 2023-11-14 22:13 ");
        assert_non_null(last);
        if (strcmp(last + 18, name) == 0) {
            if (strncmp(line, want, strlen(want)) != 0)
                fail_msg("'%s', not '%s'", line, want);
            return;
        }
        at += n + (at[n] != '\0');
    }
    fail_msg("no '%s' in\n%s", name, hm_run_out(r));
}

/* --- which ----------------------------------------------------------------------- */

static void patterns_choose_in_the_order_given(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    PACK(t, &r, "--include", "/lib/", "--exclude", "*.a", "--include",
         "keep.a");
    assert_run(&r, 0, "");
    assert_names(t, "lib/\nlib/keep.a\nlib/libc.so\n");
    PACK(t, &r, "--include", "/lib/", "--include", "keep.a", "--exclude",
         "*.a");
    assert_run(&r, 0, "");
    assert_names(t, "lib/\nlib/libc.so\n");
    PACK(t, &r, "--exclude", "/*", "--include", "/usr/doc/licence");
    assert_run(&r, 0, "");
    assert_names(t, "usr/\nusr/doc/\nusr/doc/licence\n");
    PACK(t, &r, "--exclude=/[!l]*");
    assert_run(&r, 0, "");
    assert_names(t, "lib/\nlib/keep.a\nlib/libc.a\nlib/libc.so\n");
}

static void what_patterns_do_is_said(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    PACK(t, &r, "--exclude", "*.a", "--exclude", "/usr/", "--exclude", "*.pyc",
         "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"left_out\": 3,"));
    assert_non_null(
        strstr(hm_run_out(&r), "\"unmatched\": [\n    \"*.pyc\"\n  ]"));
    assert_non_null(strstr(hm_run_err(&r), "warning: nothing matches the "
                                           "exclude '*.pyc'"));
    PACK(t, &r, "--include", "/lib/", "--include", "/srv/");
    assert_run(&r, 2, "archive.pattern.unmatched");
    PACK(t, &r, "--exclude", "[z-a]");
    assert_run(&r, 2, "archive.pattern.syntax");
    PACK(t, &r, "--exclude", "*");
    assert_run(&r, 1, "archive.input.empty");
}

/* What is left out is not judged, and not even looked into. */
static void what_is_left_out_breaks_no_rule(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    hm_temp_write(t, "tree/.git/config", "");
    assert_int_equal(mkfifo(hm_temp_path(t, "tree/tmp/fifo"), 0600), 0);
    PACK(t, &r, "--exclude", "/tmp/fifo");
    assert_run(&r, 1, "archive.input.version-control");
    PACK(t, &r, "--exclude", ".git");
    assert_run(&r, 1, "archive.input.kind");
    PACK(t, &r, "--exclude", ".git", "--exclude", "/tmp/fifo");
    assert_run(&r, 0, "");
}

static void a_list_names_what_is_packed(void **state)
{
    const struct hm_temp *t = *state;
    const struct hm_run_how piped = {
        .cwd = t->path, .env = env, .in = HM_LIT("lib/libc.so\0etc/conf\0")};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    hm_temp_write(t, "list", "usr/doc/licence\n./bin/sh\nbin/busybox\nhome/\n");
    PACK(t, &r, "--files-from", "list");
    assert_run(&r, 0, "");
    assert_names(t, "bin/\nbin/busybox\nbin/sh\nhome/\nusr/\nusr/doc/\n"
                    "usr/doc/licence\n");
    HM_RUN(&r, &piped, "hallmark-pack", "tree", "-o", "a.tar", "--force",
           "--files-from", "-", "-0");
    assert_run(&r, 0, "");
    assert_names(t, "etc/\netc/conf\nlib/\nlib/libc.so\n");
}

static void a_list_that_does_not_fit_is_refused(void **state)
{
    const struct hm_run_how nul = {.cwd = ((struct hm_temp *)*state)->path,
                                   .env = env,
                                   .in = HM_LIT("bin/su\0etc/conf\0")};
    static const char *const rows[][2] = {
        {"bin/su\nbin/none\n", "archive.list.missing"},
        {"bin/su\n./bin/su\n", "archive.list.twice"},
        {"bin/su\nbin/su\n", "archive.list.twice"},
        {"", "archive.list.empty"},
        {"bin/su\n\n", "archive.list.name"},
        {"/bin/su\n", "archive.list.name"},
        {"../tree/bin/su\n", "archive.list.name"},
        {"bin//su\n", "archive.list.name"},
        {".\n", "archive.list.name"},
        {"link/su\n", "archive.list.missing"},
        {"bin/su/\n", ""},
        {"bin/su", ""},
    };
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    assert_int_equal(symlink("bin", hm_temp_path(t, "tree/link")), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        hm_temp_write(t, "list", rows[i][0]);
        PACK(t, &r, "--files-from", "list");
        assert_run(&r, rows[i][1][0] == '\0' ? 0 : 2, rows[i][1]);
    }
    PACK(t, &r, "--null");
    assert_run(&r, 2, "cli.option.value");
    hm_temp_write(t, "list", ".\n");
    PACK(t, &r, "--files-from", "list");
    assert_non_null(strstr(hm_run_err(&r), "-mindepth 1"));
    HM_RUN(&r, &nul, "hallmark-pack", "tree", "-o", "a.tar", "--force",
           "--files-from", "-");
    assert_run(&r, 2, "archive.list.name");
    assert_non_null(strstr(hm_run_err(&r), "--null"));
}

/* --- with which modes and owners ---------------------------------------------------- */

static void modes_and_owners_are_kept_when_asked(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    assert_int_equal(chmod(hm_temp_path(t, "tree/etc/shadow"), 0600), 0);
    assert_int_equal(chmod(hm_temp_path(t, "tree/home/user"), 0700), 0);
    PACK(t, &r, "-q");
    gnu_list(t, &r, "-tvf");
    assert_member(&r, "-rw-r--r--", "0/0", "etc/shadow");
    assert_member(&r, "drwxr-xr-x", "0/0", "home/user/");
    PACK(t, &r, "--modes", "keep");
    assert_run(&r, 0, "");
    gnu_list(t, &r, "-tvf");
    assert_member(&r, "-rw-------", "0/0", "etc/shadow");
    assert_member(&r, "drwx------", "0/0", "home/user/");
    assert_member(&r, "-rw-r-----", "0/0", "etc/conf");
    PACK(t, &r, "--modes", "normal");
    assert_run(&r, 2, "cli.option.value");
    if (geteuid() != 0)
        return;
    assert_int_equal(
        lchown(hm_temp_path(t, "tree/home/user/.profile"), 1000, 3000000), 0);
    PACK(t, &r, "--owners", "keep");
    assert_run(&r, 0, "");
    gnu_list(t, &r, "-tvf");
    assert_member(&r, "-rw-r--r--", "1000/3000000", "home/user/.profile");
}

static void setuid_needs_a_word_for_each_file(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    assert_int_equal(chmod(hm_temp_path(t, "tree/tmp"), 01777), 0);
    assert_int_equal(chmod(hm_temp_path(t, "tree/bin/su"), 04755), 0);
    PACK(t, &r, "--modes", "keep");
    assert_run(&r, 1, "archive.input.special-bits");
    assert_non_null(strstr(hm_run_err(&r), "'bin/su'"));
    assert_non_null(strstr(hm_run_err(&r), "--allow special-bits:bin/su\n"));
    PACK(t, &r, "--modes", "keep", "--allow", "special-bits:bin/busybox");
    assert_run(&r, 1, "archive.input.special-bits");
    PACK(t, &r, "--modes", "keep", "--allow", "special-bits:bin/su");
    assert_run(&r, 0, "");
    gnu_list(t, &r, "-tvf");
    assert_member(&r, "-rwsr-xr-x", "0/0", "bin/su");
    assert_member(&r, "drwxrwxrwt", "0/0", "tmp/");
    HM_RUN(&r, NULL, "hallmark-pack", "list", hm_temp_path(t, "a.tar"));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "-4755 0/0"));
    assert_non_null(strstr(hm_run_out(&r), "d1777 0/0"));
}

static void gnu_tars_own_setuid_is_not_taken(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    assert_int_equal(chmod(hm_temp_path(t, "tree/bin/su"), 04755), 0);
    HM_RUN(&r, NULL, GNU_TAR, "-C", hm_temp_path(t, "tree"), "-cf",
           hm_temp_path(t, "a.tar"), "bin");
    assert_run(&r, 0, "");
    HM_RUN(&r, NULL, "hallmark-pack", "list", hm_temp_path(t, "a.tar"));
    assert_run(&r, 1, "archive.member.mode");
}

static void a_permissions_table_is_applied_in_order(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    hm_temp_write(t, "table",
                  "# name type mode uid gid major minor start inc count\n"
                  "/home/user r -1 1000 1001 - - - - -\n"
                  "/home/user\td\t700 1000 1001 -\t- - - -\n"
                  "\n"
                  "/etc/shadow f 600 0 42 - - - - -\n"
                  "/bin/su f 4755 0 0 - - - - -\n"
                  "/tmp d 1777 0 0 - - - - -\n"
                  "/etc/none F 600 0 0 - - - - -\n");
    PACK(t, &r, "--permissions", "table");
    assert_run(&r, 0, "");
    gnu_list(t, &r, "-tvf");
    assert_member(&r, "drwx------", "1000/1001", "home/user/");
    assert_member(&r, "-rw-r--r--", "1000/1001", "home/user/.profile");
    assert_member(&r, "drwxr-xr-x", "0/0", "home/");
    assert_member(&r, "-rw-------", "0/42", "etc/shadow");
    assert_member(&r, "-rw-r--r--", "0/0", "etc/conf");
    assert_member(&r, "-rwsr-xr-x", "0/0", "bin/su");
    assert_member(&r, "drwxrwxrwt", "0/0", "tmp/");
    hm_temp_write(t, "table", "/ r 700 7 8 - - - - -\n");
    PACK(t, &r, "--permissions", "table");
    assert_run(&r, 0, "");
    gnu_list(t, &r, "-tvf");
    assert_member(&r, "-rwx------", "7/8", "etc/conf");
    assert_member(&r, "lrwxr-xr-x", "7/8", "bin/sh -> busybox");
}

static void a_wrong_line_of_a_table_is_named(void **state)
{
    static const char *const rows[][2] = {
        {"/etc/none f 600 0 0 - - - - -", "archive.permissions.unmatched"},
        {"/etc d 755 0 0 - - - - -\n/none r 755 0 0 - - - - -",
         "archive.permissions.unmatched"},
        {"/etc f 600 0 0 - - - - -", "archive.permissions.unmatched"},
        {"/etc/conf d 600 0 0 - - - - -", "archive.permissions.unmatched"},
        {"/bin/sh f 600 0 0 - - - - -", "archive.permissions.unmatched"},
        {"/dev/null c 666 0 0 1 3 0 0 -", "archive.permissions.type"},
        {"/dev/sda b 640 0 0 8 0 0 0 -", "archive.permissions.type"},
        {"/dev/log p 640 0 0 - - - - -", "archive.permissions.type"},
        {"|xattr cap_net_raw+ep", "archive.permissions.type"},
        {"/etc/conf x 600 0 0 - - - - -", "archive.permissions.syntax"},
        {"/etc/conf f 600 0 0 - - - -", "archive.permissions.syntax"},
        {"/etc/conf f 600 0 0 - - - - - -", "archive.permissions.syntax"},
        {"etc/conf f 600 0 0 - - - - -", "archive.permissions.syntax"},
        {"/etc/../conf f 600 0 0 - - - - -", "archive.permissions.syntax"},
        {"/etc/conf f 888 0 0 - - - - -", "archive.permissions.syntax"},
        {"/etc/conf f 17777 0 0 - - - - -", "archive.permissions.syntax"},
        {"/etc/conf f 600 root 0 - - - - -", "archive.permissions.syntax"},
        {"/etc/conf f 600 0 4294967295 - - - - -",
         "archive.permissions.syntax"},
        {"/etc/conf f 600 -1 0 - - - - -", "archive.permissions.syntax"},
        {"/etc/conf f 600 0 0 1 - - - -", "archive.permissions.syntax"},
        {"/etc d -1 0 0 - - - - -", "archive.permissions.syntax"},
        {"/ d 755 0 0 - - - - -", "archive.permissions.syntax"},
        {"/ r 4755 0 0 - - - - -", "archive.permissions.syntax"},
    };
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        hm_temp_write(t, "table", rows[i][0]);
        PACK(t, &r, "--permissions", "table");
        assert_run(&r, 2, rows[i][1]);
        assert_non_null(strstr(hm_run_err(&r), "line "));
    }
}

/* Standard input would be empty beside a list that was read from it. */
static void a_table_is_a_file(void **state)
{
    const struct hm_temp *t = *state;
    const struct hm_run_how piped = {
        .cwd = t->path, .env = env, .in = HM_LIT("etc/conf\n")};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    make_tree(t);
    HM_RUN(&r, &piped, "hallmark-pack", "tree", "-o", "a.tar", "--force",
           "--files-from", "-", "--permissions", "-");
    assert_run(&r, 3, "base.file.open");
}

/* GNU tar restores what was recorded; a capability needs a word. */
static void extended_attributes_are_kept_when_asked(void **state)
{
    static const char capability[20] = "\1\0\0\2\0\x20";
    const struct hm_temp *t = *state;
    const char *su = hm_temp_path(t, "tree/bin/su");
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char value[32] = "";

    make_tree(t);
    if (setxattr(su, "user.note", "a\0b", 3, 0) != 0)
        skip(); /* the file system has none */
    assert_int_equal(
        setxattr(hm_temp_path(t, "tree/lib"), "user.dir", "", 0, 0), 0);
    PACK(t, &r, "-q");
    assert_run(&r, 1, "archive.input.xattrs");
    PACK(t, &r, "--xattrs", "keep");
    assert_run(&r, 0, "");
    HM_RUN(&r, NULL, GNU_TAR, "--xattrs", "--xattrs-include=*", "-C", t->path,
           "-xf", hm_temp_path(t, "a.tar"));
    assert_run(&r, 0, "");
    assert_int_equal(r.err.n, 0);
    assert_int_equal(
        getxattr(hm_temp_path(t, "bin/su"), "user.note", value, sizeof(value)),
        3);
    assert_memory_equal(value, "a\0b", 3);
    assert_int_equal(
        getxattr(hm_temp_path(t, "lib"), "user.dir", value, sizeof(value)), 0);
    HM_RUN(&r, NULL, "hallmark-pack", "list", "--json",
           hm_temp_path(t, "a.tar"));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"user.note\""));
    HM_RUN(&r, NULL, "/bin/cp", hm_temp_path(t, "a.tar"),
           hm_temp_path(t, "b.tar"));
    PACK(t, &r, "--allow=xattrs");
    assert_run(&r, 0, "");
    HM_RUN(&r, NULL, "hallmark-pack", "compare", hm_temp_path(t, "a.tar"),
           hm_temp_path(t, "b.tar"));
    assert_run(&r, 1, "archive.compare.different");
    assert_non_null(strstr(hm_run_out(&r), "extended attributes"));
    assert_non_null(strstr(hm_run_out(&r), "likely  a writer that keeps them"));
    assert_int_equal(setxattr(su, "user.a=b", "", 0, 0), 0);
    PACK(t, &r, "--xattrs", "keep");
    assert_run(&r, 1, "archive.input.attributes");
    assert_int_equal(removexattr(su, "user.a=b"), 0);
    if (setxattr(su, "security.capability", capability, 20, 0) != 0)
        return; /* not root */
    PACK(t, &r, "--xattrs", "keep");
    assert_run(&r, 1, "archive.input.xattrs");
    PACK(t, &r, "--xattrs", "keep", "--allow", "xattrs:bin/su");
    assert_run(&r, 0, "");
}

/* --- how much -------------------------------------------------------------------------- */

/* 100,000 files: every one is there, and in the order of GNU tar. */
static void many_files_are_packed(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char path[64];

    for (unsigned i = 0; i < 100000; i++) {
        int fd = -1;

        (void)snprintf(path, sizeof(path), "tree/%03u/%u", i / 1000, i);
        if (i % 1000 == 0)
            hm_temp_write(t, path, "");
        fd = open(hm_temp_path(t, path), O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0 && close(fd) == 0);
    }
    PACK(t, &r, "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"entries\": 100100,"));
    PACK(t, &r, "--exclude", "*[!0]", "--include", "/*/");
    assert_run(&r, 0, "");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(patterns_choose_in_the_order_given),
        T(what_patterns_do_is_said),
        T(what_is_left_out_breaks_no_rule),
        T(a_list_names_what_is_packed),
        T(a_list_that_does_not_fit_is_refused),
        T(modes_and_owners_are_kept_when_asked),
        T(setuid_needs_a_word_for_each_file),
        T(gnu_tars_own_setuid_is_not_taken),
        T(a_permissions_table_is_applied_in_order),
        T(a_wrong_line_of_a_table_is_named),
        T(a_table_is_a_file),
        T(extended_attributes_are_kept_when_asked),
        T(many_files_are_packed),
    };

    if (access(GNU_TAR, X_OK) != 0)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
