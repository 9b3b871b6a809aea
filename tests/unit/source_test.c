/* What git knows of the source: addresses as they may be shown, and what is
 * read of repositories that git made. */
#include <stdlib.h>

#include "hm_source.h"

#include "alloc_fail.h"
#include "git_story.h"
#include "hm_test.h"

/* --- addresses ---------------------------------------------------------------------- */

static void an_address_is_shown_without_whom_it_is_for(void **state)
{
    static const struct {
        const char *url;
        const char *want;
    } rows[] = {
        {"https://acme.example/t.git", "https://acme.example/t.git"},
        {"HTTPS://ACME.example/T.git", "https://acme.example/T.git"},
        {"https://bob@acme.example/t", "https://acme.example/t"},
        {"https://bob:pass@acme.example:8443/t", "https://acme.example:8443/t"},
        {"https://bob:p@ss@acme.example/t", "https://acme.example/t"},
        {"https://acme.example/t@v1", "https://acme.example/t@v1"},
        {"https://acme.example/t?token=x", "https://acme.example/t"},
        {"https://acme.example?u@h/t", "https://acme.example"},
        {"https://acme.example/t#frag", "https://acme.example/t"},
        {"https://[2001:db8::1]:80/t", "https://[2001:db8::1]:80/t"},
        {"git://acme.example/t", "git://acme.example/t"},
        {"git+ssh://bob@acme.example/t", "git+ssh://acme.example/t"},
        {"acme.example:t.git", "ssh://acme.example/t.git"},
        {"git@acme.example:acme/t.git", "ssh://acme.example/acme/t.git"},
        {"git@ACME.example:/srv/t", "ssh://acme.example/srv/t"},
        {"bob@[2001:db8::1]:t", "ssh://[2001:db8::1]/t"},
        {"git@acme.example:t?x", "ssh://acme.example/t"},
        {"", ""},
        {"/srv/t.git", ""},
        {"../t.git", ""},
        {"./a:b", ""},
        {"file:///srv/t.git", ""},
        {"FILE:///srv/t.git", ""},
        {"File://acme.example/srv/t.git", ""},
        {"bob?x#y@acme.example:t", "ssh://acme.example/t"},
        {"t", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[HM_SOURCE_URL_MAX + 1] = "x";
        struct hm_err e = {.rc = HM_OK};

        assert_ok(hm_source_clean_url(rows[i].url, out, &e), &e);
        assert_string_equal(out, rows[i].want);
    }
}

static void an_address_of_a_million_users_is_one_address(void **state)
{
    enum { MANY = 1 << 20 };
    char *url = malloc(MANY + sizeof("acme.example:t"));
    char out[HM_SOURCE_URL_MAX + 1] = "x";
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_non_null(url);
    memset(url, '@', MANY);
    memcpy(url + MANY, "acme.example:t", sizeof("acme.example:t"));
    assert_ok(hm_source_clean_url(url, out, &e), &e);
    assert_string_equal(out, "ssh://acme.example/t");
    free(url);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const urls[] = {"https://",
                                       "https:///t",
                                       "https://bob@/t",
                                       "https://:80/t",
                                       "https://?x",
                                       "https://bob:pass@",
                                       ":t",
                                       "bob@:t",
                                       "acme.example?token=x:t",
                                       "bob@acme.example#x:t",
                                       "ext::sh -c x",
                                       "ext::x",
                                       "https://a b/t",
                                       "https://a/t\n",
                                       "https://a/\x7f",
                                       "https://\xc3\xa4",
                                       "a\tb:c"};

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        char out[HM_SOURCE_URL_MAX + 1] = "x";
        struct hm_err e = {.rc = HM_OK};

        if (hm_source_clean_url(urls[i], out, &e) == HM_OK)
            fail_msg("accepted: '%s' as '%s'", hm_show_str(urls[i]), out);
        assert_fails(e.rc, HM_E_FORMAT, "source.url.syntax", &e);
        assert_string_equal(out, "");
    }
}

static void an_address_has_1023_letters_at_most(void **state)
{
    static const char head[] = "https://bob:pass@a/";
    char url[HM_SOURCE_URL_MAX + 64];
    char out[HM_SOURCE_URL_MAX + 1];
    struct hm_err e = {.rc = HM_OK};
    const size_t n = HM_SOURCE_URL_MAX + 9; /* "bob:pass@" does not count */

    (void)state;
    memset(url, 'x', sizeof(url));
    memcpy(url, head, sizeof(head) - 1);
    url[n] = '\0';
    assert_ok(hm_source_clean_url(url, out, &e), &e);
    assert_int_equal(strlen(out), HM_SOURCE_URL_MAX);
    url[n] = 'x';
    url[n + 1] = '\0';
    assert_fails(hm_source_clean_url(url, out, &e), HM_E_LIMIT,
                 "source.url.long", &e);
    assert_string_equal(out, "");
}

/* --- repositories ------------------------------------------------------------------- */

static struct git_story story;

static int begin(void **state)
{
    (void)state;
    git_story_make(&story);
    return 0;
}

static int end(void **state)
{
    (void)state;
    git_story_clear(&story);
    return 0;
}

#define SH(script) git_story_sh(&story, "work", script)
#define WORK       git_story_path(&story, "work")

static void read_it(struct hm_source *s)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_source_read(s, WORK, &e), &e);
}

static void head_is_read_quickly_or_with_the_state_of_the_tree(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;
    struct hm_err e = {.rc = HM_OK};
    char head[65];

    (void)state;
    git_story_head(&story, head);
    SH("echo x >new.c; git tag -a -m x b; git tag a; git remote add origin "
       "bob@acme.example:t");
    assert_ok(hm_source_read_commit(&s, WORK, &e), &e);
    assert_string_equal(s.commit, head);
    assert_true(s.commit_time == GIT_STORY_TIME);
    assert_string_equal(s.branch, "refs/heads/main");
    assert_string_equal(s.url, "ssh://acme.example/t");
    assert_int_equal(s.tags.n, 2);
    assert_string_equal(s.tags.name[0], "refs/tags/a");
    assert_string_equal(s.tags.name[1], "refs/tags/b");
    assert_false(hm_source_is_dirty(&s)); /* nobody looked */
    read_it(&s);
    assert_string_equal(s.commit, head);
    assert_int_equal(s.tags.n, 2);
    assert_true(hm_source_is_dirty(&s));
    assert_int_equal(s.untracked, 1);
    assert_string_equal(s.changed.name[0], "new.c");
}

static void a_tag_counts_when_it_leads_to_the_commit(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;

    (void)state;
    SH("git tag -a -m x inner; git tag -a -m x outer inner;"
       "git tag blob HEAD:main.c; git tag tree 'HEAD^{tree}';"
       "git commit -q --allow-empty -m second; git tag later;"
       "git checkout -q --detach main~1; mkdir -p .git/refs/tags/sub;"
       "git tag sub/deep; echo nonsense >.git/refs/tags/broken");
    read_it(&s);
    assert_string_equal(s.branch, "");
    assert_int_equal(s.tags.n, 3);
    assert_string_equal(s.tags.name[0], "refs/tags/inner");
    assert_string_equal(s.tags.name[1], "refs/tags/outer");
    assert_string_equal(s.tags.name[2], "refs/tags/sub/deep");
}

static void at_most_64_tags_and_20_changed_files_are_named(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;

    (void)state;
    SH("for i in $(seq 100 199); do git tag t$i; echo x >c$i; done");
    read_it(&s);
    assert_int_equal(s.tags.n, HM_SOURCE_TAGS);
    assert_int_equal(s.untracked, 100);
    assert_int_equal(s.changed.n, HM_SOURCE_NAMES);
    assert_string_equal(s.changed.name[0], "c100");
    assert_string_equal(s.changed.name[19], "c119");
}

static void a_branch_has_255_letters_at_most(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    SH("git checkout -q -b $(printf %0240d 0)/bcd");
    assert_ok(hm_source_read(&s, WORK, &e), &e);
    assert_int_equal(strlen(s.branch), HM_SOURCE_REF_MAX);
    SH("git checkout -q -b $(printf %0240d 1)/bcde");
    assert_fails(hm_source_read(&s, WORK, &e), HM_E_LIMIT, "source.ref.long",
                 &e);
    assert_string_equal(s.commit, "");
}

static void a_commit_is_of_1970_to_9999(void **state)
{
    static const struct {
        const char *time;
        bool is_good;
    } rows[] = {{"0", true},
                {"253402300799", true},
                {"253402300800", false},
                {"99999999999999", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_source) s = HM_SOURCE_INIT;
        struct hm_err e = {.rc = HM_OK};
        char script[256];

        (void)snprintf(script, sizeof(script),
                       "git reset -q --hard $(git cat-file commit main | sed "
                       "'s/^committer .*/committer a <a@b> %s +0000/' | git "
                       "hash-object -t commit -w --stdin --literally)",
                       rows[i].time);
        SH(script);
        if (rows[i].is_good)
            assert_ok(hm_source_read(&s, WORK, &e), &e);
        else
            assert_fails(hm_source_read(&s, WORK, &e), HM_E_REJECTED,
                         "source.commit.time", &e);
    }
}

static void origin_is_taken_as_it_is_written(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;

    (void)state;
    SH("git remote add origin https://acme.example/t;"
       "git config url.https://mirror.example/.insteadOf "
       "https://acme.example/");
    read_it(&s);
    assert_string_equal(s.url, "https://acme.example/t");
    SH("git remote rename origin upstream 2>&1");
    read_it(&s);
    assert_string_equal(s.url, "");
}

/* --- submodules --------------------------------------------------------------------- */

/* libgit2 1.5 does not free the match of a regular expression that did not
 * match; it has one for submodules.  The leak checker asks here. */
__attribute__((visibility("default"))) const char *
__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libpcre2\n";
}

#define ADD_MODULE                                                      \
    "git init -q -b main ../lib; cd ../lib; echo x >lib.c; git add -A;" \
    "git commit -q -m lib; cd ../work;"                                 \
    "git submodule --quiet add ../lib lib; git commit -q -m module;"

static void a_submodule_counts_by_its_own_state(void **state)
{
    static const struct {
        const char *script;
        size_t staged, modified;
    } rows[] = {
        {"true", 0, 0},
        {"echo x >>lib/lib.c", 0, 1},
        {"echo x >lib/new.c", 0, 1},
        {"git -C lib commit -q --allow-empty -m x", 0, 1},
        {"git -C lib commit -q --allow-empty -m x; git add lib", 1, 0},
        {"git config submodule.lib.ignore all; echo x >>lib/lib.c", 0, 1},
        {"git config -f .gitmodules submodule.lib.ignore all;"
         "git commit -q -a -m ignore; echo x >lib/new.c",
         0, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_source) s = HM_SOURCE_INIT;

        git_story_make(&story);
        SH(ADD_MODULE);
        SH(rows[i].script);
        read_it(&s);
        if (s.staged != rows[i].staged || s.modified != rows[i].modified)
            fail_msg("%s: %zu staged, %zu changed", rows[i].script, s.staged,
                     s.modified);
        assert_int_equal(s.untracked, 0);
        assert_int_equal(s.submodules.n, 1);
        assert_string_equal(s.submodules.name[0], "lib");
        git_story_clear(&story);
    }
}

/* --- what is no error, and what is ---------------------------------------------------- */

static void a_file_that_a_sparse_checkout_left_out_is_missing(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;

    (void)state;
    SH("mkdir d; echo x >d/x; git add -A; git commit -q -m d;"
       "git update-index --skip-worktree d/x; rm d/x");
    read_it(&s);
    assert_int_equal(s.modified, 1);
    assert_int_equal(s.concealed, 0);
    SH("echo x >d/x"); /* there again, and git does not look */
    read_it(&s);
    assert_int_equal(s.modified, 0);
    assert_int_equal(s.concealed, 1);
    assert_string_equal(s.changed.name[0], "d/x");
}

static void a_linked_work_tree_is_one_of_its_own(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    SH("git worktree add -q -b side ../side; echo x >>main.c");
    assert_ok(hm_source_read(&s, git_story_path(&story, "side"), &e), &e);
    assert_string_equal(s.branch, "refs/heads/side");
    assert_false(hm_source_is_dirty(&s));
    read_it(&s);
    assert_int_equal(s.modified, 1);
}

static void what_failed_leaves_nothing(void **state)
{
    HM_OWN(hm_source) s = HM_SOURCE_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    SH("git tag a; git remote add origin https://a/t");
    read_it(&s);
    assert_fails(hm_source_read(&s, story.t.path, &e), HM_E_USAGE,
                 "source.repository.missing", &e);
    assert_string_equal(s.commit, "");
    assert_string_equal(s.url, "");
    assert_int_equal(s.tags.n, 0);
    SH("git remote set-url origin https://");
    assert_fails(hm_source_read(&s, WORK, &e), HM_E_FORMAT, "source.url.syntax",
                 &e);
    assert_string_equal(s.commit, "");
    assert_int_equal(s.tags.n, 0);
    SH("git config core.bare true");
    assert_fails(hm_source_read_commit(&s, WORK, &e), HM_E_USAGE,
                 "source.repository.bare", &e);
}

static void no_memory_is_no_answer(void **state)
{
    (void)state;
    SH("git tag a; echo x >new.c");
    for (int k = 0;; k++) {
        HM_OWN(hm_source) s = HM_SOURCE_INIT;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_source_read(&s, WORK, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_int_equal(k, 2); /* of ours: two lists */
            return;
        }
        if (rc == HM_OK)
            fail_msg("allocation %d failed and nobody said so", k);
        assert_string_equal(s.commit, "");
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_shown_without_whom_it_is_for),
        cmocka_unit_test(an_address_of_a_million_users_is_one_address),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(an_address_has_1023_letters_at_most),
        TEST(head_is_read_quickly_or_with_the_state_of_the_tree),
        TEST(a_tag_counts_when_it_leads_to_the_commit),
        TEST(at_most_64_tags_and_20_changed_files_are_named),
        TEST(a_branch_has_255_letters_at_most),
        TEST(a_commit_is_of_1970_to_9999),
        TEST(origin_is_taken_as_it_is_written),
        cmocka_unit_test(a_submodule_counts_by_its_own_state),
        TEST(a_file_that_a_sparse_checkout_left_out_is_missing),
        TEST(a_linked_work_tree_is_one_of_its_own),
        TEST(what_failed_leaves_nothing),
        TEST(no_memory_is_no_answer),
    };

    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
