/* hallmark-attest in real git repositories: which source the Statement names,
 * and which state of a work tree it does not take. */
#include "git_story.h"

#include <unistd.h>

#include "hm_test.h"

static int begin(void **state)
{
    static struct git_story s;

    git_story_make(&s);
    *state = &s;
    return 0;
}

static int end(void **state)
{
    git_story_clear(*state);
    return 0;
}

/* hallmark-attest provenance in the work tree, to standard output. */
#define ATTEST(s, r, ...)                                                    \
    HM_RUN((r),                                                              \
           (&(const struct hm_run_how){.cwd = git_story_path((s), "work")}), \
           "hallmark-attest", "provenance", "--release", "release.json",     \
           "--dir", "stage", "-o", "-", __VA_ARGS__)

/* --- the state of the work tree -------------------------------------------------- */

static void a_clean_tree_is_named_by_its_commit(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char head[65];

    git_story_head(s, head);
    ATTEST(s, &r, "--quiet");
    assert_says(&r, SAYS_DEPENDENCY "digest/gitCommit", head);
    assert_says(&r, "/subject/0/name", "artefacts/fw.bin");
    assert_says(&r, "/subject/0/digest/sha256", GIT_STORY_SHA256);
    assert_says(&r, SAYS_INTERNAL "source_tree", "clean");
    assert_says(&r, SAYS_INTERNAL "source_staged", NULL);
    assert_says(&r, "/predicateType", "https://slsa.dev/provenance/v1");
    ATTEST(s, &r, "--allow-dirty"); /* allowed, but it is not */
    assert_says(&r, SAYS_INTERNAL "source_tree", "clean");
}

static const struct {
    const char *script;
    const char *count; /* what --allow-dirty records */
    const char *n;
} changes[] = {
    {"echo x >new.c", "source_untracked", "1"},
    {"mkdir d; echo x >d/1; echo x >d/2", "source_untracked", "2"},
    {"echo x >>main.c", "source_modified", "1"},
    {"rm main.c", "source_modified", "1"},
    {"chmod +x main.c", "source_modified", "1"},
    {"rm main.c; ln -s release.json main.c", "source_modified", "1"},
    {"tr 0 1 <main.c >.git/x; touch -r main.c .git/x; cp -p .git/x main.c",
     "source_modified", "1"}, /* size and time as they were */
    {"echo x >>main.c; git add main.c", "source_staged", "1"},
    {"git mv main.c moved.c", "source_staged", "2"},
    {"git rm -q --cached main.c", "source_staged", "1"},
    {"git update-index --assume-unchanged main.c; echo x >>main.c",
     "source_concealed", "1"},
    {"git update-index --skip-worktree main.c; echo x >>main.c",
     "source_concealed", "1"},
};

static void a_tree_that_is_not_its_commit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct git_story s;
        char pointer[128];

        git_story_make(&s);
        git_story_sh(&s, "work", changes[i].script);
        ATTEST(&s, &r, "--quiet");
        assert_run(&r, 1, "source.tree.dirty");
        assert_int_equal(r.out.n, 0);
        assert_non_null(strstr(hm_run_err(&r), "next: commit"));
        ATTEST(&s, &r, "--allow-dirty");
        assert_says(&r, SAYS_INTERNAL "source_tree", "dirty");
        (void)snprintf(pointer, sizeof(pointer), SAYS_INTERNAL "%s",
                       changes[i].count);
        assert_says(&r, pointer, changes[i].n);
        git_story_sh(&s, "work",
                     "git update-index --no-assume-unchanged main.c || true; "
                     "git update-index --no-skip-worktree main.c || true; "
                     "git reset -q --hard; git clean -qfd");
        ATTEST(&s, &r, "--quiet");
        assert_says(&r, SAYS_INTERNAL "source_tree", "clean");
        git_story_clear(&s);
    }
}

static void names_of_changed_files_are_shown_but_not_recorded(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(s, "work", "echo x >\"$(printf 'secret\\033plan.c')\"");
    ATTEST(s, &r, "--allow-dirty");
    assert_says(&r, SAYS_INTERNAL "source_untracked", "1");
    assert_null(strstr(hm_run_out(&r), "plan.c"));
    assert_non_null(strstr(hm_run_err(&r), "secret\\x1bplan.c"));
    ATTEST(s, &r, "--quiet");
    assert_run(&r, 1, "source.tree.dirty");
    assert_null(strchr(hm_run_err(&r), '\033'));
}

/* --- no source -------------------------------------------------------------------- */

static void what_names_no_source_is_refused(void **state)
{
    static const struct {
        const char *script;
        int status;
        const char *reason;
    } rows[] = {
        {"rm -rf .git", 2, "source.repository.missing"},
        {"rm -rf .git; mkdir .git", 2, "source.repository.missing"},
        {"rm -rf .git; git init -q -b main .; git add -A", 1,
         "source.commit.missing"},
        {"git config core.bare true", 2, "source.repository.bare"},
        {"git checkout -q --orphan fresh", 1, "source.commit.missing"},
        {"rm -rf .git/objects/*", 3, "source.git.failed"},
        {"git commit -q --amend -m x --date '1 +0'", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct git_story s;

        git_story_make(&s);
        git_story_sh(&s, "work", rows[i].script);
        ATTEST(&s, &r, "--quiet");
        assert_run(&r, rows[i].status, rows[i].reason);
        git_story_clear(&s);
    }
}

static void a_repository_of_somebody_else_is_refused_as_git_does(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (getuid() != 0)
        skip();
    git_story_sh(s, "work", "chown -R 65534 .");
    ATTEST(s, &r, "--quiet");
    assert_run(&r, 2, "source.repository.owner");
    git_story_sh(s, "work", "chown -R 0 .");
    ATTEST(s, &r, "--quiet");
    assert_run(&r, 0, "");
}

/* --- which reference ----------------------------------------------------------------- */

static void the_tag_of_the_version_goes_before_the_branch(void **state)
{
    static const struct {
        const char *script;
        const char *ref; /* NULL: none */
    } rows[] = {
        {"true", "refs/heads/main"},
        {"git tag v1.0.1", "refs/tags/v1.0.1"},
        {"git tag 1.0.1", "refs/tags/1.0.1"},
        {"git tag -a -m x v1.0.1; git tag 1.0.1", "refs/tags/v1.0.1"},
        {"git tag -a -m x 1.0.1; git pack-refs --all", "refs/tags/1.0.1"},
        {"git tag v1.0.10; git tag v1.0", "refs/heads/main"},
        {"git tag v1.0.1; git commit -q --allow-empty -m second",
         "refs/heads/main"},
        {"git checkout -q -b v1.0.1", "refs/heads/v1.0.1"},
        {"git checkout -q --detach", NULL},
        {"git checkout -q --detach; git tag b; git tag a", "refs/tags/a"},
        {"git checkout -q --detach; git tag a; git tag v1.0.1",
         "refs/tags/v1.0.1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct git_story s;
        char uri[128];

        git_story_make(&s);
        git_story_sh(&s, "work",
                     "git remote add origin https://acme.example/t");
        git_story_sh(&s, "work", rows[i].script);
        ATTEST(&s, &r, "--quiet");
        assert_says(&r, SAYS_EXTERNAL "ref", rows[i].ref);
        (void)snprintf(uri, sizeof(uri), "git+https://acme.example/t%s%s",
                       rows[i].ref == NULL ? "" : "@",
                       rows[i].ref == NULL ? "" : rows[i].ref);
        assert_says(&r, SAYS_DEPENDENCY "uri", uri);
        git_story_clear(&s);
    }
}

/* --- where it is ----------------------------------------------------------------------- */

static void origin_is_named_without_users_and_passwords(void **state)
{
    static const struct {
        const char *url;
        const char *want; /* NULL: none */
    } rows[] = {
        {"https://acme.example/t.git", "https://acme.example/t.git"},
        {"https://bob:hunter2@acme.example/t.git",
         "https://acme.example/t.git"},
        {"https://hunter2@acme.example:8443/t?token=hunter2#hunter2",
         "https://acme.example:8443/t"},
        {"git@acme.example:acme/t.git", "ssh://acme.example/acme/t.git"},
        {"ssh://bob:hunter2@acme.example/t", "ssh://acme.example/t"},
        {"/srv/hunter2/t.git", NULL},
        {"../hunter2", NULL},
        {"file:///srv/hunter2", NULL},
    };
    const struct git_story *s = *state;

    git_story_sh(s, "work", "git remote add origin x");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        char script[256];

        (void)snprintf(script, sizeof(script), "git remote set-url origin '%s'",
                       rows[i].url);
        git_story_sh(s, "work", script);
        ATTEST(s, &r, "--quiet");
        assert_says(&r, SAYS_EXTERNAL "repository", rows[i].want);
        assert_null(strstr(hm_run_out(&r), "hunter2"));
        assert_null(strstr(hm_run_err(&r), "hunter2"));
        if ((strstr(hm_run_err(&r), "no remote") != NULL) !=
            (rows[i].want == NULL))
            fail_msg("%s: %s", rows[i].url, hm_run_err(&r));
    }
}

static void an_origin_that_is_no_address_is_refused(void **state)
{
    static const char *const urls[] = {"https://", "ext::sh -c hunter2",
                                       "https://user:hunter2@/t", "a b:c"};
    const struct git_story *s = *state;

    git_story_sh(s, "work", "git remote add origin x");
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        char script[256];

        (void)snprintf(script, sizeof(script),
                       "git config remote.origin.url '%s'", urls[i]);
        git_story_sh(s, "work", script);
        ATTEST(s, &r, "--quiet");
        assert_run(&r, 1, "source.url.syntax");
        assert_null(strstr(hm_run_err(&r), "hunter2"));
    }
}

/* --- nothing else ---------------------------------------------------------------------- */

static void attest_with(const struct git_story *s, struct hm_run *r,
                        const char *const env[])
{
    const struct hm_run_how how = {.cwd = git_story_path(s, "work"),
                                   .env = env};

    HM_RUN(r, &how, "hallmark-attest", "provenance", "--release",
           "release.json", "--dir", "stage", "-o", "-", "--quiet");
}

/* What other people's settings would make of it. */
static const char config[] = "[core]\n\texcludesFile = ~/.config/git/ignore\n"
                             "\tfileMode = false\n\tbare = true\n"
                             "[remote \"origin\"]\n"
                             "\turl = https://evil.example/\n"
                             "[url \"https://evil.example/\"]\n"
                             "\tinsteadOf = https://\n";

static void write_hostile_home(const struct git_story *s, char home[static 600],
                               char xdg[static 600])
{
    hm_temp_write(&s->t, "home/.gitconfig", config);
    hm_temp_write(&s->t, "home/.config/git/config", config);
    hm_temp_write(&s->t, "home/.config/git/ignore", "*\n");
    hm_temp_write(&s->t, "home/.config/git/attributes", "* text eol=crlf\n");
    (void)snprintf(home, 600, "HOME=%s", git_story_path(s, "home"));
    (void)snprintf(xdg, 600, "XDG_CONFIG_HOME=%s",
                   git_story_path(s, "home/.config"));
}

static void the_environment_changes_nothing(void **state)
{
    const struct git_story *s = *state;
    char home[600];
    char xdg[600];
    const char *const env[] = {home,
                               xdg,
                               "GIT_DIR=/nowhere",
                               "GIT_WORK_TREE=/",
                               "GIT_INDEX_FILE=/dev/null",
                               "GIT_OBJECT_DIRECTORY=/nowhere",
                               "GIT_CONFIG_GLOBAL=../home/.gitconfig",
                               "GIT_CONFIG_SYSTEM=../home/.gitconfig",
                               "GIT_CONFIG_COUNT=1",
                               "GIT_CONFIG_KEY_0=remote.origin.url",
                               "GIT_CONFIG_VALUE_0=https://evil.example/",
                               "GIT_CEILING_DIRECTORIES=/",
                               "GIT_NAMESPACE=evil",
                               "TZ=Asia/Kathmandu",
                               "LC_ALL=tr_TR.UTF-8",
                               "USER=mallory",
                               "LOGNAME=mallory",
                               NULL};
    HM_OWN(hm_run) plain = HM_RUN_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(s, "work", "git remote add origin https://acme.example/t");
    write_hostile_home(s, home, xdg);
    attest_with(s, &plain, NULL);
    attest_with(s, &r, env);
    assert_run(&r, 0, "");
    assert_string_equal(hm_run_out(&r), hm_run_out(&plain));
    assert_string_equal(hm_run_err(&r), hm_run_err(&plain));
    git_story_sh(s, "work", "echo x >new.c"); /* ignored by mallory */
    attest_with(s, &r, env);
    assert_run(&r, 1, "source.tree.dirty");
    git_story_sh(s, "work", "rm new.c; chmod +x main.c");
    attest_with(s, &r, env);
    assert_run(&r, 1, "source.tree.dirty");
}

static void no_program_of_the_repository_is_run(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(
        s, "work",
        "echo '* filter=evil' >.gitattributes; git add -A;"
        "git commit -q -m attributes;"
        "git config filter.evil.clean 'touch ../ran; cat';"
        "git config filter.evil.process 'touch ../ran';"
        "git config core.fsmonitor 'touch ../ran';"
        "git config core.hooksPath ../work/.git/hooks;"
        "git config core.sshCommand 'touch ../ran';"
        "printf '#!/bin/sh\\ntouch ../ran\\n' >.git/hooks/post-index-change;"
        "chmod +x .git/hooks/post-index-change; rm -f ../ran;"
        "touch -d 2001-01-01 main.c");
    ATTEST(s, &r, "--quiet");
    assert_run(&r, 0, "");
    assert_int_not_equal(access(git_story_path(s, "ran"), F_OK), 0);
}

static void the_same_source_gives_the_same_bytes_anywhere(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) here = HM_RUN_INIT;
    HM_OWN(hm_run) there = HM_RUN_INIT;
    const struct hm_run_how how = {.cwd = "/"};
    char release[600];

    git_story_sh(s, "work", "git tag v1.0.1");
    ATTEST(s, &here, "--quiet");
    git_story_sh(s, ".",
                 "mkdir -p far/away; cp -R work far/away/copy;"
                 "git -C far/away/copy gc -q");
    (void)snprintf(release, sizeof(release), "%s",
                   git_story_path(s, "far/away/copy/release.json"));
    HM_RUN(&there, &how, "hallmark-attest", "provenance", "--release", release,
           "--dir", git_story_path(s, "far/away/copy/stage"), "-o", "-");
    assert_run(&there, 0, "");
    assert_string_equal(hm_run_out(&here), hm_run_out(&there));
    assert_null(strstr(hm_run_out(&here), s->t.path));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_clean_tree_is_named_by_its_commit),
        cmocka_unit_test(a_tree_that_is_not_its_commit_is_refused),
        TEST(names_of_changed_files_are_shown_but_not_recorded),
        cmocka_unit_test(what_names_no_source_is_refused),
        TEST(a_repository_of_somebody_else_is_refused_as_git_does),
        cmocka_unit_test(the_tag_of_the_version_goes_before_the_branch),
        TEST(origin_is_named_without_users_and_passwords),
        TEST(an_origin_that_is_no_address_is_refused),
        TEST(the_environment_changes_nothing),
        TEST(no_program_of_the_repository_is_run),
        TEST(the_same_source_gives_the_same_bytes_anywhere),
    };

    return cmocka_run_group_tests_name("hallmark-attest-source", tests, NULL,
                                       NULL);
}
