/* hallmark-pack as its users meet it. */
#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_archive.h"
#include "hm_json.h"
#include "hm_run.h"

#define FULL_MAX ((size_t)1 << 26)

static const char *const epoch[] = {"SOURCE_DATE_EPOCH=1700000000", NULL};
static const struct hm_run_how dated = {.env = epoch};

static int set_up(void **state)
{
    struct hm_temp *t = calloc(1, sizeof(*t));

    *state = t;
    if (t == NULL)
        return -1;
    (void)unsetenv("SOURCE_DATE_EPOCH");
    hm_temp_make_on_disk(t);
    return 0;
}

static int tear_down(void **state)
{
    hm_temp_clear(*state);
    free(*state);
    return 0;
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

static void a_time_is_needed_and_must_be_one(void **state)
{
    static const struct {
        const char *env;
        const char *option;
        int status;
        const char *reason;
    } rows[] = {
        {"X=", NULL, 2, "archive.time.missing"},
        {"SOURCE_DATE_EPOCH=", NULL, 2, "base.time.epoch"},
        {"SOURCE_DATE_EPOCH=-1", NULL, 2, "base.time.epoch"},
        {"SOURCE_DATE_EPOCH=1.5", NULL, 2, "base.time.epoch"},
        {"SOURCE_DATE_EPOCH=1e9", NULL, 2, "base.time.epoch"},
        {"SOURCE_DATE_EPOCH= 1", NULL, 2, "base.time.epoch"},
        {"SOURCE_DATE_EPOCH=0", NULL, 0, ""},
        {"SOURCE_DATE_EPOCH=8589934591", NULL, 0, ""},
        {"SOURCE_DATE_EPOCH=8589934592", NULL, 2, "archive.time.range"},
        {"X=", "--time=@1700000000", 0, ""},
        {"X=", "--time=2026-05-12T08:00:00Z", 0, ""},
        {"X=", "--time=2026-05-12", 2, "archive.time.syntax"},
        {"X=", "--time=1700000000", 2, "archive.time.syntax"},
        {"X=", "--time=@", 2, "archive.time.syntax"},
        {"X=", "--time=now", 2, "archive.time.syntax"},
    };
    const struct hm_temp *t = *state;

    hm_temp_write(t, "tree/x", "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *const env[] = {rows[i].env, NULL};
        const struct hm_run_how how = {.env = env};
        HM_OWN(hm_run) r = HM_RUN_INIT;

        HM_RUN(&r, &how, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
               hm_temp_path(t, "x.tar"), "--force", rows[i].option);
        assert_run(&r, rows[i].status, rows[i].reason);
    }
}

static void wrong_calls_say_what_is_wrong(void **state)
{
    const struct hm_temp *t = *state;
    const char *const rows[][8] = {
        {"2", "archive.name.suffix", "TREE", "-o", "x.zip"},
        {"2", "archive.name.suffix", "TREE", "-o", ".tar"},
        {"2", "archive.threads.range", "TREE", "-o", "x.tar", "--threads", "0"},
        {"2", "archive.threads.range", "TREE", "-o", "x.tar", "--threads=33"},
        {"2", "archive.rule.unknown", "TREE", "-o", "x.tar", "--allow=key"},
        {"2", "archive.rule.path", "TREE", "-o", "x.tar", "--allow=xattrs:"},
        {"2", "archive.rule.path", "TREE", "-o", "x.tar",
         "--allow=special-bits:/bin/su"},
        {"2", "cli.option.missing", "TREE"},
        {"2", "cli.operand.missing", "-o", "x.tar"},
        {"2", "cli.operand.extra", "TREE", "TREE", "-o", "x.tar"},
        {"2", "cli.option.unknown", "TREE", "--outptu=x.tar"},
        {"3", "base.dir.open", "missing", "-o", "x.tar"},
        {"3", "base.dir.open", "TREE/x", "-o", "x.tar"},
        {"3", "base.dir.open", "TREE", "-o", "missing/x.tar"},
        {"2", "cli.operand.missing", "compare", "TREE/x"},
        {"3", "base.file.open", "list", "missing"},
        {"3", "base.file.kind", "list", "TREE"},
        {"3", "base.file.kind", "list", "/dev/zero"},
        {"3", "base.file.kind", "list", "fifo"},
        {"3", "base.file.kind", "compare", "fifo", "TREE/x"},
        {"1", "image.kind.unknown", "list", "TREE/x"},
        {"1", "archive.compare.different", "compare", "TREE/x", "TREE/y"},
        {"1", "archive.output.inside", "TREE", "-o", "TREE/x.tar"},
    };

    hm_temp_write(t, "TREE/x", "no tar");
    hm_temp_write(t, "TREE/y", "nor this");
    assert_int_equal(mkfifo(hm_temp_path(t, "fifo"), 0644), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct hm_run_how how = {.cwd = t->path, .env = epoch};
        const char *argv[8] = {"hallmark-pack"};
        HM_OWN(hm_run) r = HM_RUN_INIT;

        memcpy(argv + 1, rows[i] + 2, 6 * sizeof(*argv));
        hm_run(&r, &how, argv);
        assert_run(&r, rows[i][0][0] - '0', rows[i][1]);
        assert_false(is_there(t, "x.tar"));
        assert_false(is_there(t, "TREE/x.tar"));
    }
}

static void an_archive_that_is_there_stays_unless_forced(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_buf) text = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(t, "tree/x", "");
    hm_temp_write(t, "x.tar", "mine");
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
           hm_temp_path(t, "x.tar"));
    assert_run(&r, 2, "base.out.exists");
    hm_temp_read(t, "x.tar", &text);
    assert_bytes_equal(hm_buf_view(&text), HM_LIT("mine"));
    HM_RUN(&r, &dated, "hallmark-pack", "--force", "--dry-run",
           hm_temp_path(t, "tree"), "-o", hm_temp_path(t, "x.tar"));
    assert_run(&r, 0, "");
    hm_temp_read(t, "x.tar", &text);
    assert_bytes_equal(hm_buf_view(&text), HM_LIT("mine"));
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
           hm_temp_path(t, "x.tar"), "--force");
    assert_run(&r, 0, "");
    hm_temp_read(t, "x.tar", &text);
    assert_int_equal(text.n, 10240);
}

static void json_says_what_the_text_says(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_json made_by;
    struct hm_json root;
    uint8_t said[HM_SHA256_SIZE];
    uint8_t found[HM_SHA256_SIZE];
    uint64_t n = 0;
    char name[64];
    struct hm_err e = {0};

    hm_temp_write(t, "tree/x", "text");
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "--json", "-o",
           hm_temp_path(t, "x.tar.gz"));
    assert_run(&r, 0, "");
    assert_ok(
        hm_json_parse(&doc, hm_buf_view(&r.out), HM_JSON_OURS, 1u << 16, &e),
        &e);
    root = hm_json_root(&doc);
    assert_ok(hm_json_get_hex(root, "sha256", said, sizeof(said), &e), &e);
    read_digest(t, "x.tar.gz", found);
    assert_memory_equal(said, found, sizeof(said));
    assert_ok(hm_json_get_uint(root, "source_date_epoch", 1u << 31, &n, &e),
              &e);
    assert_int_equal(n, 1700000000);
    assert_ok(hm_json_get_uint(root, "entries", 10, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_ok(hm_json_get_uint(root, "content_size", 1u << 20, &n, &e), &e);
    assert_int_equal(n, 10240);
    assert_ok(hm_json_get_text(root, "zlib", name, sizeof(name), &e), &e);
    assert_ok(hm_json_get_object(root, "compressor", &made_by, &e), &e);
    assert_ok(hm_json_get_text(made_by, "name", name, sizeof(name), &e), &e);
    assert_string_equal(name, "libdeflate");
    assert_ok(hm_json_get_text(made_by, "version", name, sizeof(name), &e), &e);
    assert_string_equal(name, hm_archive_libdeflate_version());
    assert_ok(hm_json_get_uint(made_by, "level", 12, &n, &e), &e);
    assert_ok(hm_json_get_text(root, "name", name, sizeof(name), &e), &e);
    assert_string_equal(name, "x.tar.gz");
    assert_ok(hm_json_get_hex(root, "content_sha256", said, sizeof(said), &e),
              &e);
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-q", "-o",
           hm_temp_path(t, "x.tar"));
    assert_run(&r, 0, "");
    read_digest(t, "x.tar", found);
    assert_memory_equal(said, found, sizeof(said));
}

static void standard_output_takes_the_archive(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_buf) file = HM_BUF_INIT(FULL_MAX);
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(t, "tree/x", "text");
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o",
           hm_temp_path(t, "x.tar.gz"));
    assert_run(&r, 0, "");
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o", "-");
    assert_run(&r, 0, "");
    hm_temp_read(t, "x.tar.gz", &file);
    assert_bytes_equal(hm_buf_view(&r.out), hm_buf_view(&file));
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"), "-o", "-",
           "--json");
    assert_run(&r, 2, "cli.option.value");
}

static void write_tar(const struct hm_temp *t, const char *name,
                      const char *time)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, NULL, "hallmark-pack", hm_temp_path(t, "tree"), "--force", "-q",
           time, "-o", hm_temp_path(t, name));
    assert_run(&r, 0, "");
}

/* What the second archive holds that the first does not, and what is said. */
static void compare_names_the_first_difference(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        mode_t mode;
        const char *says[3];
    } rows[] = {
        {"b", "text", 0755, {"member  b", "field   mode", "0755"}},
        {"b", "texts", 0644, {"member  b", "field   size", "5"}},
        {"b", "tezt", 0644, {"member  b", "field   content", "0x7a at byte 2"}},
        {"c", "", 0644, {"member  c", "field   presence", "A       not there"}},
        {"a0", "", 0644, {"member  a0", "field   presence", "B       there"}},
        {"a/new", "", 0644, {"member  a/new", "field   presence", "there"}},
    };
    const struct hm_temp *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        HM_OWN(hm_dir) top = HM_DIR_INIT;
        struct hm_err e = {0};
        char path[64];

        hm_temp_write(t, "tree/a/x", "text");
        hm_temp_write(t, "tree/b", "text");
        write_tar(t, "a.tar", "--time=@1");
        (void)snprintf(path, sizeof(path), "tree/%s", rows[i].name);
        hm_temp_write(t, path, rows[i].text);
        assert_int_equal(chmod(hm_temp_path(t, path), rows[i].mode), 0);
        write_tar(t, "b.tar.gz", "--time=@1");
        HM_RUN(&r, NULL, "hallmark-pack", "compare", hm_temp_path(t, "a.tar"),
               hm_temp_path(t, "b.tar.gz"));
        assert_run(&r, 1, "archive.compare.different");
        for (size_t k = 0; k < 3; k++)
            if (strstr(hm_run_out(&r), rows[i].says[k]) == NULL)
                fail_msg("row %zu: no '%s' in\n%s", i, rows[i].says[k],
                         hm_run_out(&r));
        assert_ok(hm_dir_open(&top, t->path, &e), &e);
        assert_ok(hm_dir_remove_at(&top, "tree", &e), &e);
    }
}

static void expect_comparison(const struct hm_temp *t, const char *a,
                              const char *b, int status, const char *says)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, NULL, "hallmark-pack", "compare", hm_temp_path(t, a),
           hm_temp_path(t, b), "--json");
    assert_int_equal(r.status, status);
    if (strstr(hm_run_out(&r), says) == NULL)
        fail_msg("no '%s' in\n%s", says, hm_run_out(&r));
}

static void compare_tells_compression_from_content(void **state)
{
    const struct hm_temp *t = *state;

    hm_temp_write(t, "tree/x", "text text text text text text text text");
    write_tar(t, "a.tar", "--time=@1");
    write_tar(t, "a.tar.gz", "--time=@1");
    write_tar(t, "b.tar.gz", "--time=@1");
    write_tar(t, "c.tar.gz", "--time=@2");
    expect_comparison(t, "a.tar.gz", "b.tar.gz", 0, "\"verdict\": \"same\"");
    expect_comparison(t, "a.tar", "a.tar.gz", 1, "\"field\": \"compression\"");
    expect_comparison(t, "a.tar.gz", "c.tar.gz", 1, "\"field\": \"mtime\"");
    hm_temp_flip(t, "b.tar.gz", 4, 1);
    expect_comparison(t, "a.tar.gz", "b.tar.gz", 1,
                      "\"field\": \"gzip mtime\"");
    expect_comparison(t, "a.tar.gz", "b.tar.gz", 1,
                      "\"verdict\": \"same-content\"");
    hm_temp_flip(t, "b.tar.gz", 4, 1);
    hm_temp_flip(t, "b.tar.gz", 9, 1);
    expect_comparison(t, "a.tar.gz", "b.tar.gz", 1, "\"field\": \"gzip os\"");
}

static void list_shows_members_without_their_tricks(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(t, "tree/esc\x1b[31m", "");
    hm_temp_write(t, "tree/n\xc3\xa4h", "text");
    assert_int_equal(symlink("/etc/x", hm_temp_path(t, "tree/l")), 0);
    HM_RUN(&r, &dated, "hallmark-pack", hm_temp_path(t, "tree"),
           "--allow=control-name", "-o", hm_temp_path(t, "x.tar.gz"));
    assert_run(&r, 0, "");
    HM_RUN(&r, NULL, "hallmark-pack", "list", hm_temp_path(t, "x.tar.gz"));
    assert_run(&r, 0, "");
    assert_null(strchr(hm_run_out(&r), '\x1b'));
    assert_non_null(strstr(hm_run_out(&r), "esc\\x1b[31m\n"));
    assert_non_null(strstr(hm_run_out(&r), "l -> /etc/x\n"));
    HM_RUN(&r, NULL, "hallmark-pack", "list", "--json",
           hm_temp_path(t, "x.tar.gz"));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"n\xc3\xa4h\""));
    hm_temp_flip(t, "x.tar.gz", 40, 1);
    HM_RUN(&r, NULL, "hallmark-pack", "list", "--json",
           hm_temp_path(t, "x.tar.gz"));
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(hm_run_out(&r), "\"ok\": false"));
    assert_null(strstr(hm_run_out(&r), "members"));
}

struct listing {
    const char *file;    /* a seed of the fuzzer */
    const char *text[3]; /* what people read */
    const char *json[3]; /* what programs read */
};

static const struct listing listings[] = {
    {"rauc-verity",
     {"RAUC bundle", "mkfs_time", "format             verity"},
     {"\"kind\": \"rauc\"", "\"text\": \"1.0.1\"", "\"by_magic\": false"}},
    {"uimage",
     {"U-Boot legacy image", "1700000000 (2023-11-14T22:13:20Z)"},
     {"\"number\": 1700000000", "\"text\": \"2023-11-14T22:13:20Z\""}},
    {"swupdate",
     {"SWUpdate image", "there, not checked", " sw-description.sig\n"},
     {"\"kind\": \"swupdate\"", "\"path\": \"uimage\"", "\"entries\": 3"}},
    {"zip-encrypted",
     {"a [stored, encrypted, content not checked]\n"},
     {"\"encrypted\": true", "\"checked\": false"}},
    {"matter",
     {"Matter OTA image, by its first bytes alone"},
     {"\"by_magic\": true", "\"facts\": []", "\"size\": 16"}},
};

static void list_says_what_a_file_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(listings) / sizeof(*listings); i++) {
        const struct listing *l = &listings[i];
        HM_OWN(hm_run) text = HM_RUN_INIT;
        HM_OWN(hm_run) json = HM_RUN_INIT;
        char path[512];

        (void)snprintf(path, sizeof(path), "%s/fuzz/image/%s", HM_TESTDATA,
                       l->file);
        HM_RUN(&text, NULL, "hallmark-pack", "list", path);
        assert_run(&text, 0, "");
        HM_RUN(&json, NULL, "hallmark-pack", "list", path, "--json");
        assert_run(&json, 0, "");
        for (size_t k = 0; k < 3; k++) {
            if (l->text[k] != NULL && !strstr(hm_run_out(&text), l->text[k]))
                fail_msg("'%s' is not in\n%s", l->text[k], hm_run_out(&text));
            if (l->json[k] != NULL && !strstr(hm_run_out(&json), l->json[k]))
                fail_msg("'%s' is not in\n%s", l->json[k], hm_run_out(&json));
        }
    }
}

/* A seed of the fuzzer, as a file of its own. */
static void copy_seed(const struct hm_temp *t, const char *seed,
                      const char *name)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(FULL_MAX);
    char path[512];
    struct hm_err e = {0};

    (void)snprintf(path, sizeof(path), "%s/fuzz/image/%s", HM_TESTDATA, seed);
    assert_ok(hm_file_load(path, &bytes, &e), &e);
    assert_ok(hm_file_save(hm_temp_path(t, name), hm_buf_view(&bytes),
                           HM_OUT_REPLACE, &e),
              &e);
}

struct comparison {
    const char *seed;
    uint64_t at; /* of the byte that is another in B */
    int status;
    const char *text[3];
};

static const struct comparison comparisons[] = {
    {"squashfs",
     8,
     1,
     {"field   mkfs_time", "1700000000 (2023-", "another SO"}},
    {"rauc-plain", 4500, 1, {"field   signature", "offset  4500", "anew"}},
    {"cpio-newc", 225, 1, {"member  a\n", "field   content", "in 'h"}},
    {"elf64-le", 100, 1, {"field   content", "offset  100 of the files"}},
    {"zip", 14, 1, {"image.zip.differs"}},
};

static void compare_explains_other_files_too(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_run) last = HM_RUN_INIT;

    for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++) {
        const struct comparison *c = &comparisons[i];
        HM_OWN(hm_run) r = HM_RUN_INIT;

        copy_seed(t, c->seed, "a");
        copy_seed(t, c->seed, "b");
        HM_RUN(&r, NULL, "hallmark-pack", "compare", hm_temp_path(t, "a"),
               hm_temp_path(t, "b"));
        if (strcmp(c->seed, "zip") != 0)
            assert_run(&r, 0, "");
        hm_temp_flip(t, "b", c->at, 1);
        HM_RUN(&r, NULL, "hallmark-pack", "compare", hm_temp_path(t, "a"),
               hm_temp_path(t, "b"));
        assert_int_equal(r.status, c->status);
        for (size_t k = 0; k < 3 && c->text[k] != NULL; k++)
            if (!strstr(hm_run_out(&r), c->text[k]) &&
                !strstr(hm_run_err(&r), c->text[k]))
                fail_msg("%s: '%s' is not in\n%s%s", c->seed, c->text[k],
                         hm_run_out(&r), hm_run_err(&r));
    }
    copy_seed(t, "dtb", "a");
    HM_RUN(&last, NULL, "hallmark-pack", "compare", "--json",
           hm_temp_path(t, "a"), hm_temp_path(t, "b"));
    assert_int_equal(last.status, 1);
    assert_non_null(strstr(hm_run_out(&last), "\"field\": \"kind\""));
}

static void git(const struct hm_temp *t, const char *script)
{
    static const char *const env[] = {"GIT_CONFIG_NOSYSTEM=1",
                                      "GIT_CONFIG_GLOBAL=/dev/null",
                                      "GIT_AUTHOR_NAME=a",
                                      "GIT_AUTHOR_EMAIL=a@acme.example",
                                      "GIT_COMMITTER_NAME=a",
                                      "GIT_COMMITTER_EMAIL=a@acme.example",
                                      "GIT_AUTHOR_DATE=1700000001 +0",
                                      "GIT_COMMITTER_DATE=1778572800 +0",
                                      NULL};
    const struct hm_run_how how = {.cwd = t->path, .env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &how, "/bin/sh", "-e", "-c", script);
    assert_run(&r, 0, "");
}

/* SOURCE_DATE_EPOCH, else the time of the commit, else a refusal. */
static void the_commit_around_the_directory_gives_the_time(void **state)
{
    static const char *const first[] = {"SOURCE_DATE_EPOCH=1", NULL};
    const struct hm_temp *t = *state;
    const struct hm_run_how how = {.cwd = t->path};
    const struct hm_run_how with = {.cwd = t->path, .env = first};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(t, "work/build/rootfs/x", "");
    HM_RUN(&r, &how, "hallmark-pack", "work/build/rootfs", "-o", "a.tar");
    assert_run(&r, 2, "archive.time.missing");
    git(t, "git init -q work");
    HM_RUN(&r, &how, "hallmark-pack", "work/build/rootfs", "-o", "a.tar");
    assert_run(&r, 2, "archive.time.missing"); /* no commit yet */
    git(t, "cd work && git commit -q --allow-empty -m one");
    HM_RUN(&r, &how, "hallmark-pack", "work/build/rootfs", "-o", "a.tar");
    assert_run(&r, 0, "");
    assert_non_null(
        strstr(hm_run_out(&r), "time 2026-05-12T08:00:00Z of commit "));
    HM_RUN(&r, &how, "hallmark-pack", "work/build/rootfs", "-o", "a.tar",
           "--force", "--json");
    assert_run(&r, 0, "");
    assert_non_null(
        strstr(hm_run_out(&r), "\"source_date_epoch\": 1778572800"));
    assert_non_null(strstr(hm_run_out(&r), "\"time_from\": \"commit\""));
    assert_non_null(strstr(hm_run_out(&r), "\"commit\": \""));
    HM_RUN(&r, &with, "hallmark-pack", "work/build/rootfs", "-o", "b.tar",
           "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "\"source_date_epoch\": 1,"));
    assert_null(strstr(hm_run_out(&r), "\"commit\""));
    HM_RUN(&r, &how, "hallmark-pack", "work/absent", "-o", "c.tar");
    assert_run(&r, 3, "base.dir.open");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_time_is_needed_and_must_be_one),
        T(the_commit_around_the_directory_gives_the_time),
        T(wrong_calls_say_what_is_wrong),
        T(an_archive_that_is_there_stays_unless_forced),
        T(json_says_what_the_text_says),
        T(standard_output_takes_the_archive),
        T(compare_names_the_first_difference),
        T(compare_tells_compression_from_content),
        T(list_shows_members_without_their_tricks),
        T(list_says_what_a_file_is),
        T(compare_explains_other_files_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
