/* A commit, packed from the object database. */
#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "git_story.h"

#define FULL_MAX ((size_t)1 << 24)

static int set_up(void **state)
{
    struct git_story *s = calloc(1, sizeof(*s));

    *state = s;
    if (s == NULL)
        return -1;
    git_story_make(s);
    /* A tree whose order git and tar see differently, then changed again. */
    git_story_sh(
        s, "work",
        "mkdir -p fs/bin fs/conf fs/conf.d fs/deep/er\n"
        "printf '#!/bin/sh\\n' >fs/bin/init; chmod 755 fs/bin/init\n"
        "ln -s init fs/bin/sh; ln -s /proc/mounts fs/mtab\n"
        "printf 'a\\n' >fs/conf/x; printf b >fs/conf.d/y; : >fs/conf-old\n"
        "printf 'u\\n' >\"fs/n\303\244h\"; printf 'one\\n' >fs/deep/er/file\n"
        "printf '*.txt eol=crlf\\nhidden export-ignore\\n' >.gitattributes\n"
        "printf 'line\\n' >fs/note.txt; printf h >hidden\n"
        "git add -A; git commit -q -m fs; git tag v1\n"
        "printf 'two\\n' >fs/deep/er/file; rm fs/note.txt\n"
        "git add -A; git commit -q -m later");
    return 0;
}

static int tear_down(void **state)
{
    git_story_clear(*state);
    free(*state);
    return 0;
}

/* hallmark-pack with up to six words more, in the folder of the story. */
static void pack(const struct git_story *s, struct hm_run *r, const char *name,
                 const char *const *words)
{
    const struct hm_run_how how = {.cwd = s->t.path};
    const char *argv[12] = {"hallmark-pack", "-o", name, "--force"};

    for (size_t i = 0; i < 7 && words[i] != NULL; i++)
        argv[4 + i] = words[i];
    hm_run(r, &how, argv);
}

#define PACK(s, r, name, ...) \
    pack((s), (r), (name), (const char *const[]){__VA_ARGS__, NULL})

static void assert_same_file(const struct git_story *s, const char *a,
                             const char *b)
{
    HM_OWN(hm_buf) x = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_buf) y = HM_BUF_INIT(FULL_MAX);

    hm_temp_read(&s->t, a, &x);
    hm_temp_read(&s->t, b, &y);
    assert_bytes_equal(hm_buf_view(&x), hm_buf_view(&y));
}

static void a_commit_gives_the_bytes_of_its_checkout(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(s, ".",
                 "git clone -q work out; cd out; rm -f .git/info/attributes\n"
                 "echo '* -text' >.git/info/attributes\n"
                 "git checkout -q v1 -- .; git checkout -q v1");
    PACK(s, &r, "a.tar", "out", "--exclude", "/.git/");
    assert_run(&r, 0, "");
    PACK(s, &r, "b.tar", "work", "--git", "v1");
    assert_run(&r, 0, "");
    assert_same_file(s, "a.tar", "b.tar");
    PACK(s, &r, "c.tar", "work/fs/bin", "--git=v1:fs/");
    assert_run(&r, 0, "");
    PACK(s, &r, "d.tar", "out/fs");
    assert_run(&r, 0, "");
    assert_same_file(s, "c.tar", "d.tar");
    /* the same from packed objects, and where there is no work tree */
    git_story_sh(s, ".",
                 "git clone -q --bare work bare.git; git -C bare.git gc -q\n"
                 "rm -rf work/fs; echo changed >work/main.c");
    PACK(s, &r, "e.tar", "bare.git", "--git", "refs/tags/v1");
    assert_run(&r, 0, "");
    assert_same_file(s, "b.tar", "e.tar");
    PACK(s, &r, "f.tar", "work", "--git", "v1");
    assert_run(&r, 0, "");
    assert_same_file(s, "b.tar", "f.tar");
}

/* Modes as git has them are the same as normalised, whatever the umask. */
static void kept_modes_of_a_commit_are_gits(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    PACK(s, &r, "a.tar", "work", "--git", "v1", "--modes", "keep");
    assert_run(&r, 0, "");
    PACK(s, &r, "b.tar", "work", "--git", "v1");
    assert_run(&r, 0, "");
    assert_same_file(s, "a.tar", "b.tar");
}

static void the_result_says_which_commit(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char head[65];
    char want[100];

    git_story_head(s, head);
    PACK(s, &r, "a.tar", "work", "--git", "HEAD", "--json");
    assert_run(&r, 0, "");
    (void)snprintf(want, sizeof(want), "\"commit\": \"%s\"", head);
    assert_non_null(strstr(hm_run_out(&r), want));
    assert_non_null(strstr(hm_run_out(&r), "\"git\": \"HEAD\""));
    assert_non_null(strstr(hm_run_out(&r), "\"time_from\": \"commit\""));
    assert_non_null(
        strstr(hm_run_out(&r), "\"source_date_epoch\": 1778572800"));
    PACK(s, &r, "a.tar", "work", "--git", "HEAD", "--json", "--time=@1");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), want));
    assert_non_null(strstr(hm_run_out(&r), "\"time_from\": \"option\""));
}

static void what_names_no_tree_of_a_commit_is_refused(void **state)
{
    static const char *const rows[][3] = {
        {"2", "source.revision.missing", ""},
        {"2", "source.revision.missing", ":fs"},
        {"2", "source.revision.missing", "v2"},
        {"2", "source.revision.missing", "HEAD~9"},
        {"2", "source.revision.missing", "a..b"},
        {"2", "source.revision.missing", "HEAD^{nonsense}"},
        {"2", "source.revision.kind", "HEAD^{tree}"},
        {"2", "source.revision.path", "v1:missing"},
        {"2", "source.revision.path", "v1:fs/mtab"},
        {"2", "source.revision.path", "v1:/fs"},
        {"2", "source.revision.path", "v1:../work"},
        {"0", "", "v1:fs"},
        {"0", "", "v1:"},
        {"0", "", "HEAD~1"},
        {"0", "", "main"},
    };
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        PACK(s, &r, "a.tar", "work", "--git", rows[i][2]);
        assert_run(&r, rows[i][0][0] - '0', rows[i][1]);
    }
    PACK(s, &r, "a.tar", "work", "--git", "HEAD~9");
    assert_non_null(strstr(hm_run_err(&r), "--unshallow"));
    git_story_sh(s, ".", "mkdir elsewhere");
    PACK(s, &r, "a.tar", "elsewhere", "--git", "HEAD");
    assert_run(&r, 2, "source.repository.missing");
    PACK(s, &r, "a.tar", "work", "--git", "v1", "--files-from", "/dev/null");
    assert_run(&r, 2, "cli.option.value");
    PACK(s, &r, "a.tar", "work", "--git", "v1", "--owners", "keep");
    assert_run(&r, 2, "cli.option.value");
}

/* Two of these six hundred blobs begin alike. */
static void the_beginning_of_several_ids_is_refused(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_buf) id = HM_BUF_INIT(64);
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char text[5] = "";

    git_story_sh(s, "work",
                 "mkdir n; for i in $(seq 600); do echo $i >n/$i; done\n"
                 "git add n; git commit -q -m n\n"
                 "git ls-tree HEAD:n | cut -c13-16 | sort | uniq -d |\n"
                 "head -1 >../id");
    hm_temp_read(&s->t, "id", &id);
    assert_int_equal(id.n, 5);
    memcpy(text, id.p, 4);
    PACK(s, &r, "a.tar", "work", "--git", text);
    assert_run(&r, 2, "source.revision.ambiguous");
}

static void a_repository_with_other_ids_is_told(void **state)
{
    /* libgit2 1.5 does not free the configuration that it refuses. */
    static const char *const env[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    const struct git_story *s = *state;
    const struct hm_run_how how = {.cwd = s->t.path, .env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(s, ".", "git init -q --object-format=sha256 long");
    HM_RUN(&r, &how, "hallmark-pack", "-o", "a.tar", "long", "--git", "HEAD");
    assert_run(&r, 3, "source.git.failed");
    assert_non_null(strstr(hm_run_err(&r), "SHA-1 ids"));
}

static void a_submodule_is_named(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(s, ".",
                 "git init -q other; cd other; : >f; git add f\n"
                 "git commit -q -m f; cd ../work\n"
                 "git submodule -q add ../other third/party\n"
                 "git commit -q -m sub");
    PACK(s, &r, "a.tar", "work", "--git", "HEAD");
    assert_run(&r, 1, "archive.input.submodule");
    assert_non_null(strstr(hm_run_err(&r), "'third/party'"));
    PACK(s, &r, "a.tar", "work", "--git", "HEAD",
         "--allow=submodule:third/party");
    assert_run(&r, 0, "");
    HM_RUN(&r, NULL, "hallmark-pack", "list", git_story_path(s, "a.tar"));
    assert_non_null(strstr(hm_run_out(&r), "third/party\n"));
    assert_null(strstr(hm_run_out(&r), "third/party/"));
    PACK(s, &r, "a.tar", "work", "--git", "HEAD", "--exclude=/third/party/");
    assert_run(&r, 0, "");
}

static void an_lfs_pointer_is_named(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(s, "work",
                 "printf 'version https://git-lfs.github.com/spec/v1\\n"
                 "oid sha256:4d7a\\nsize 12345\\n' >fs/rootfs.img\n"
                 "git add fs/rootfs.img; git commit -q -m lfs");
    PACK(s, &r, "a.tar", "work", "--git", "HEAD");
    assert_run(&r, 1, "archive.input.lfs-pointer");
    assert_non_null(strstr(hm_run_err(&r), "'fs/rootfs.img'"));
    PACK(s, &r, "a.tar", "work", "--git", "HEAD", "--allow=lfs-pointer");
    assert_run(&r, 0, "");
}

/* Objects are checked against their ids. */
static void a_damaged_object_is_refused(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    git_story_sh(s, "work",
                 "id=$(git rev-parse v1:fs/conf/x)\n"
                 "other=$(git rev-parse v1:fs/conf.d/y)\n"
                 "at() { printf '.git/objects/%s/%s' $(echo $1 | cut -c1-2) "
                 "$(echo $1 | cut -c3-); }\n"
                 "cp -f $(at $other) $(at $id)");
    PACK(s, &r, "a.tar", "work", "--git", "v1");
    assert_run(&r, 3, "source.git.failed");
    git_story_sh(s, "work",
                 "id=$(git rev-parse v1:fs/conf/x)\n"
                 "rm -f .git/objects/$(echo $id | cut -c1-2)/"
                 "$(echo $id | cut -c3-)");
    PACK(s, &r, "a.tar", "work", "--git", "v1");
    assert_run(&r, 3, "source.git.failed");
    assert_non_null(strstr(hm_run_err(&r), "a partial clone"));
    PACK(s, &r, "a.tar", "work", "--git", "v1", "--exclude=/fs/conf");
    assert_run(&r, 0, "");
}

/* Entries of a tree that git would not write: mode, name, the empty blob. */
#define EMPTY_BLOB                                                 \
    "\\000\\346\\235\\342\\233\\262\\321\\326\\103\\113\\213\\051" \
    "\\256\\167\\132\\330\\302\\344\\214\\123\\221"

#define EMPTY_TREE                                            \
    "\\000\\113\\202\\135\\306\\102\\313\\156\\271\\240\\140" \
    "\\345\\113\\370\\326\\222\\210\\373\\356\\111\\004"

static void a_tree_made_by_hand_gets_no_further(void **state)
{
    static const char *const rows[][2] = {
        {"100644 .." EMPTY_BLOB, "source.tree.name"},
        {"100644 a/b" EMPTY_BLOB, "source.tree.name"},
        {"100644 ." EMPTY_BLOB, "source.tree.name"},
        {"100644 a" EMPTY_BLOB "100755 a" EMPTY_BLOB,
         "archive.input.duplicate"},
        {"120000 l" EMPTY_BLOB, "source.tree.link"},
        {"100644 a" EMPTY_TREE, "source.tree.kind"},
        {"100644 .git" EMPTY_BLOB, "archive.input.version-control"},
        {"100644 a" EMPTY_BLOB "100644 A" EMPTY_BLOB,
         "archive.input.case-collision"},
    };
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char script[600];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        (void)snprintf(script, sizeof(script),
                       "git hash-object -w -t blob /dev/null >/dev/null\n"
                       "git hash-object -w -t tree /dev/null >/dev/null\n"
                       "tree=$(printf '%s' | git hash-object -t tree "
                       "--literally -w --stdin)\n"
                       "git tag -f evil $(git commit-tree -m e $tree)",
                       rows[i][0]);
        git_story_sh(s, "work", script);
        PACK(s, &r, "a.tar", "work", "--git", "evil");
        assert_run(&r, 1, rows[i][1]);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_commit_gives_the_bytes_of_its_checkout),
        T(kept_modes_of_a_commit_are_gits),
        T(the_result_says_which_commit),
        T(what_names_no_tree_of_a_commit_is_refused),
        T(the_beginning_of_several_ids_is_refused),
        T(a_repository_with_other_ids_is_told),
        T(a_submodule_is_named),
        T(an_lfs_pointer_is_named),
        T(a_damaged_object_is_refused),
        T(a_tree_made_by_hand_gets_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
