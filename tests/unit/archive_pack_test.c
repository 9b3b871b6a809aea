/* What is packed, what is refused, and what may not change meanwhile. */
#include "archive_build.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "hm_run.h"

struct place {
    struct hm_temp temp;
    const char *const *allow;
    size_t allow_n;
    struct hm_archive_cache *cache;          /* NULL: a plain tar, and none */
    void (*change)(const struct hm_temp *t); /* once, while packing */
    bool changed;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    *state = p;
    if (p == NULL)
        return -1;
    hm_temp_make_on_disk(&p->temp);
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    hm_temp_clear(&p->temp);
    free(p);
    return 0;
}

static void change_once(void *context, uint64_t done, uint64_t total)
{
    struct place *p = context;

    (void)done;
    (void)total;
    if (!p->changed && p->change != NULL)
        p->change(&p->temp);
    p->changed = true;
}

/* Pack temp/tree into temp/out.tar. */
HM_MUST static hm_rc pack(struct place *p, struct hm_archive_result *r,
                          struct hm_err *e)
{
    const struct hm_progress progress = {.tell = change_once, .context = p};
    const struct hm_archive_options o = {
        .form = p->cache == NULL ? HM_ARCHIVE_TAR : HM_ARCHIVE_TAR_GZ,
        .cache = p->cache,
        .time = 1700000000,
        .threads = 1,
        .allow = p->allow,
        .allow_n = p->allow_n,
        .progress = &progress};
    HM_OWN(hm_dir) tree = HM_DIR_INIT;
    HM_OWN(hm_file) out = HM_FILE_INIT;

    HM_TRY(hm_dir_make(&tree, hm_temp_path(&p->temp, "tree"), e));
    out.fd = open(hm_temp_path(&p->temp, "out.tar"),
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out.fd >= 0);
    return hm_archive_pack(&tree, &o, out.fd, r, e);
}

static void assert_packs(struct place *p, const char *reason)
{
    struct hm_archive_result r;
    struct hm_err e = {0};
    const hm_rc rc = pack(p, &r, &e);

    if (strcmp(rc == HM_OK ? "" : e.reason, reason) != 0)
        fail_msg("expected [%s], got [%s] %s", reason, e.reason, e.text);
    if (rc != HM_OK)
        assert_int_equal(r.file.size + r.content.size + r.entries, 0);
}

/* A file, or with a target a link, that breaks a rule. */
struct rule_row {
    const char *name;
    const char *text;
    const char *reason;
    const char *rule;
};

static void each_rule_refuses_and_can_be_overruled_by_name(void **state)
{
    static const struct rule_row rows[] = {
        {"key.pem", "-----BEGIN PRIVATE KEY-----\nx",
         "archive.input.private-key", "private-key"},
        {"ec.pem",
         "-----BEGIN EC PARAMETERS-----\nx\n-----END EC PARAMETERS-----\n"
         "-----BEGIN EC PRIVATE KEY-----\n",
         "archive.input.private-key", "private-key"},
        {"id", "-----BEGIN OPENSSH PRIVATE KEY-----\n",
         "archive.input.private-key", "private-key"},
        {"pgp.asc", "\xef\xbb\xbf-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
         "archive.input.private-key", "private-key"},
        {"k.ppk", "PuTTY-User-Key-File-3: x", "archive.input.private-key",
         "private-key"},
        {".git/config", "", "archive.input.version-control", "version-control"},
        {".svn/x", "", "archive.input.version-control", "version-control"},
        {"conf~", "", "archive.input.editor-backup", "editor-backup"},
        {".conf.swp", "", "archive.input.editor-backup", "editor-backup"},
        {"#conf#", "", "archive.input.editor-backup", "editor-backup"},
        {"new\nline", "", "archive.input.control-name", "control-name"},
        {"latin-\xe4", "", "archive.input.name-encoding", "name-encoding"},
        {"blob.bin",
         "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
         "archive.input.lfs-pointer", "lfs-pointer"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_dir) top = HM_DIR_INIT;
        struct hm_err e = {0};
        char name[80];

        (void)snprintf(name, sizeof(name), "tree/%s", rows[i].name);
        hm_temp_write(&p->temp, name, rows[i].text);
        p->allow_n = 0;
        assert_packs(p, rows[i].reason);
        p->allow = &rows[i].rule;
        p->allow_n = 1;
        assert_packs(p, "");
        assert_ok(hm_dir_open(&top, p->temp.path, &e), &e);
        assert_ok(hm_dir_remove_at(&top, "tree", &e), &e);
    }
}

static void a_rule_can_be_overruled_for_one_path(void **state)
{
    static const char *const allow[] = {"private-key:etc/demo.pem"};
    struct place *p = *state;

    p->allow = allow;
    p->allow_n = 1;
    hm_temp_write(&p->temp, "tree/etc/demo.pem",
                  "-----BEGIN PRIVATE KEY-----\n");
    assert_packs(p, "");
    hm_temp_write(&p->temp, "tree/etc/real.pem",
                  "-----BEGIN PRIVATE KEY-----\n");
    assert_packs(p, "archive.input.private-key");
}

static void what_only_looks_like_a_rule_is_packed(void **state)
{
    struct place *p = *state;

    hm_temp_write(&p->temp, "tree/pub.pem", "-----BEGIN PUBLIC KEY-----\n");
    hm_temp_write(&p->temp, "tree/doc",
                  "say -----BEGIN PRIVATE KEY----- in the middle of a line");
    hm_temp_write(&p->temp, "tree/.gitignore", "*.o\n");
    hm_temp_write(&p->temp, "tree/n\xc3\xa4h", "");
    assert_packs(p, "");
}

static void a_core_file_is_refused(void **state)
{
    static const char *const allow[] = {"core-file"};
    struct place *p = *state;
    uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    struct hm_err e = {0};

    elf[16] = 2; /* ET_EXEC */
    hm_temp_write(&p->temp, "tree/x", "");
    assert_ok(hm_file_save(hm_temp_path(&p->temp, "tree/a.out"),
                           (struct hm_bytes){elf, sizeof(elf)}, HM_OUT_NEW, &e),
              &e);
    assert_packs(p, "");
    elf[16] = 4; /* ET_CORE */
    assert_ok(hm_file_save(hm_temp_path(&p->temp, "tree/a.out"),
                           (struct hm_bytes){elf, sizeof(elf)}, HM_OUT_REPLACE,
                           &e),
              &e);
    assert_packs(p, "archive.input.core-file");
    p->allow = allow;
    p->allow_n = 1;
    assert_packs(p, "");
}

static void names_that_differ_in_case_are_refused(void **state)
{
    static const char *const allow[] = {"case-collision"};
    struct place *p = *state;

    hm_temp_write(&p->temp, "tree/d/Fw.bin", "");
    hm_temp_write(&p->temp, "tree/e/fw.bin", "");
    assert_packs(p, "");
    hm_temp_write(&p->temp, "tree/d/fw.bin", "");
    assert_packs(p, "archive.input.case-collision");
    p->allow = allow;
    p->allow_n = 1;
    assert_packs(p, "");
}

/* Names of one directory, and the rule that the second one breaks. */
static void names_that_are_one_to_some_file_system_are_refused(void **state)
{
    static const struct {
        const char *first;
        const char *second;
        const char *rule;
    } rows[] = {
        {"caf\xc3\xa9", "cafe\xcc\x81", "unicode-collision"}, /* NFC, NFD */
        {"\xe2\x84\xab", "\xc3\x85", "unicode-collision"},    /* Angstrom, A */
        {"\xc3\x84pfel", "\xc3\xa4pfel", "case-collision"},
        {"stra\xc3\x9f"
         "e",
         "STRASSE", "case-collision"},
        {"\xce\xa3", "\xcf\x82", "case-collision"},  /* sigma, final sigma */
        {"e\xcc\x81", "\xc3\x89", "case-collision"}, /* NFD small, NFC large */
        {"\xe2\x84\xaa", "k", "case-collision"},     /* Kelvin */
        {"caf\xc3\xa9", "cafe", ""},
        {"\xef\xac\x81", "f_i", ""},
        {"\xc2\xb2", "2", ""}, /* compatible, not the same */
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_dir) top = HM_DIR_INIT;
        struct hm_err e = {0};
        char path[64];
        char reason[64] = "";

        if (rows[i].rule[0] != '\0')
            (void)snprintf(reason, sizeof(reason), "archive.input.%s",
                           rows[i].rule);
        (void)snprintf(path, sizeof(path), "tree/d/%s", rows[i].first);
        hm_temp_write(&p->temp, path, "");
        (void)snprintf(path, sizeof(path), "tree/d/%s", rows[i].second);
        hm_temp_write(&p->temp, path, "");
        p->allow_n = 0;
        assert_packs(p, reason);
        p->allow = &rows[i].rule;
        p->allow_n = rows[i].rule[0] != '\0';
        assert_packs(p, "");
        assert_ok(hm_dir_open(&top, p->temp.path, &e), &e);
        assert_ok(hm_dir_remove_at(&top, "tree", &e), &e);
    }
}

static void both_names_of_a_collision_are_said(void **state)
{
    struct place *p = *state;
    struct hm_archive_result r;
    struct hm_err e = {0};

    hm_temp_write(&p->temp, "tree/d/caf\xc3\xa9", "");
    hm_temp_write(&p->temp, "tree/d/cafe\xcc\x81", "");
    assert_fails(pack(p, &r, &e), HM_E_REJECTED,
                 "archive.input.unicode-collision", &e);
    assert_non_null(strstr(e.text, "'d/caf\\xc3\\xa9'"));
    assert_non_null(strstr(e.text, "'cafe\\xcc\\x81'"));
}

static void extended_attributes_are_refused(void **state)
{
    static const char *const allow[] = {"xattrs"};
    static const char *const names[] = {"tree/d", "tree/d/x"};
    struct place *p = *state;

    hm_temp_write(&p->temp, "tree/d/x", "");
    for (size_t i = 0; i < 2; i++) {
        const char *at = hm_temp_path(&p->temp, names[i]);

        if (setxattr(at, "user.note", "x", 1, 0) != 0)
            skip(); /* the file system has none */
        p->allow_n = 0;
        assert_packs(p, "archive.input.xattrs");
        p->allow = allow;
        p->allow_n = 1;
        assert_packs(p, "");
        assert_int_equal(removexattr(at, "user.note"), 0);
    }
    p->allow_n = 0;
    assert_packs(p, "");
}

static void special_bits_of_a_directory_are_refused_too(void **state)
{
    static const char *const allow[] = {"special-bits:tmp"};
    static const mode_t modes[] = {01777, 02755, 04755};
    struct place *p = *state;

    hm_temp_write(&p->temp, "tree/tmp/x", "");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chmod(hm_temp_path(&p->temp, "tree/tmp"), modes[i]),
                         0);
        p->allow_n = 0;
        assert_packs(p, "archive.input.special-bits");
        p->allow = allow;
        p->allow_n = 1;
        assert_packs(p, "");
    }
}

static void special_files_and_bits_are_refused(void **state)
{
    static const char *const allow[] = {"special-bits"};
    struct place *p = *state;

    hm_temp_write(&p->temp, "tree/x", "");
    assert_int_equal(chmod(hm_temp_path(&p->temp, "tree/x"), 04755), 0);
    assert_packs(p, "archive.input.special-bits");
    p->allow = allow;
    p->allow_n = 1;
    assert_packs(p, "");
    assert_int_equal(mkfifo(hm_temp_path(&p->temp, "tree/fifo"), 0600), 0);
    assert_packs(p, "archive.input.kind");
}

static void links_may_not_climb_above_the_tree(void **state)
{
    static const struct {
        const char *target;
        const char *reason;
    } rows[] = {
        {"../x", ""},
        {"/etc/passwd", ""},
        {"../../x", "archive.input.link"},
        {"../d/../../x", "archive.input.link"},
        {"./.././x", ""},
        {"..", ""},
        {"../..", "archive.input.link"},
        {"new\nline", "archive.input.control-name"},
        {"\xff", "archive.input.name-encoding"},
    };
    struct place *p = *state;

    hm_temp_write(&p->temp, "tree/d/x", "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_int_equal(
            symlink(rows[i].target, hm_temp_path(&p->temp, "tree/d/l")), 0);
        assert_packs(p, rows[i].reason);
        assert_int_equal(unlink(hm_temp_path(&p->temp, "tree/d/l")), 0);
    }
}

/* What the reader refuses, and with it a device, is not written. */
static void names_that_no_reader_takes_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *reason;
    } rows[] = {
        {"C:\\x", "archive.input.name"},
        {"\\x", "archive.input.name"},
        {"..\\x", "archive.input.name"},
        {"d/a\\..", "archive.input.name"},
        {"C:x", ""},
        {"by\\x2duuid.swap", ""},
    };
    struct place *p = *state;
    char path[64];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        (void)snprintf(path, sizeof(path), "tree/%s", rows[i].name);
        hm_temp_write(&p->temp, path, "x");
        assert_packs(p, rows[i].reason);
        assert_int_equal(unlink(hm_temp_path(&p->temp, path)), 0);
    }
}

static void an_empty_tree_is_refused(void **state)
{
    struct place *p = *state;

    assert_packs(p, "archive.input.empty");
    hm_temp_write(&p->temp, "tree/x", "");
    assert_packs(p, "");
}

static void options_out_of_range_are_refused(void **state)
{
    static const char *const unknown[] = {"no-such-rule"};
    struct place *p = *state;

    hm_temp_write(&p->temp, "tree/x", "");
    p->allow = unknown;
    p->allow_n = 1;
    assert_packs(p, "archive.rule.unknown");
}

static void grow(const struct hm_temp *t)
{
    hm_temp_write(t, "tree/b", "longer than before");
}

static void swap_bytes(const struct hm_temp *t)
{
    hm_temp_flip(t, "tree/b", 0, 1);
}

static void add_name(const struct hm_temp *t)
{
    hm_temp_write(t, "tree/a0", "new");
}

static void remove_name(const struct hm_temp *t)
{
    assert_int_equal(unlink(hm_temp_path(t, "tree/b")), 0);
}

static void make_link(const struct hm_temp *t)
{
    assert_int_equal(unlink(hm_temp_path(t, "tree/b")), 0);
    assert_int_equal(symlink("/etc/passwd", hm_temp_path(t, "tree/b")), 0);
}

static void make_fifo(const struct hm_temp *t)
{
    assert_int_equal(unlink(hm_temp_path(t, "tree/b")), 0);
    assert_int_equal(mkfifo(hm_temp_path(t, "tree/b"), 0600), 0);
}

static void make_setuid(const struct hm_temp *t)
{
    assert_int_equal(chmod(hm_temp_path(t, "tree/b"), 04755), 0);
}

/* In a directory that was packed long ago. */
static void add_below(const struct hm_temp *t)
{
    hm_temp_write(t, "tree/0/new", "");
}

static void append_to_open(const struct hm_temp *t)
{
    const int fd = open(hm_temp_path(t, "tree/a"), O_WRONLY | O_APPEND);

    assert_true(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
}

/* Told after the first bytes of tree/a were read. */
static void what_changes_while_it_is_read_is_refused(void **state)
{
    static const struct {
        void (*change)(const struct hm_temp *t);
        const char *reason;
    } rows[] = {
        {NULL, ""},
        {append_to_open, "archive.input.changed"},
        {add_name, "archive.input.changed"},
        {remove_name, "archive.input.changed"},
        {make_link, "archive.input.changed"},
        {make_fifo, "archive.input.changed"},
        {make_setuid, "archive.input.changed"},
        {add_below, "archive.input.changed"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_dir) top = HM_DIR_INIT;
        struct hm_err e = {0};

        hm_temp_write(&p->temp, "tree/0/x", "");
        hm_temp_write(&p->temp, "tree/a", "first");
        hm_temp_write(&p->temp, "tree/b", "second");
        p->change = rows[i].change;
        p->changed = false;
        assert_packs(p, rows[i].reason);
        assert_ok(hm_dir_open(&top, p->temp.path, &e), &e);
        assert_ok(hm_dir_remove_at(&top, "tree", &e), &e);
    }
}

/* A file not yet reached may change: what is packed is what its digest says. */
static void the_digest_is_of_what_was_packed(void **state)
{
    void (*const changes[])(const struct hm_temp *) = {grow, swap_bytes};
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
        struct hm_archive_result r;
        uint8_t sha256[HM_SHA256_SIZE];
        struct hm_err e = {0};
        hm_rc rc;

        hm_temp_write(&p->temp, "tree/a", "first");
        hm_temp_write(&p->temp, "tree/b", "second");
        p->change = changes[i];
        p->changed = false;
        rc = pack(p, &r, &e);
        if (rc != HM_OK) { /* the directory's own time changed with it */
            assert_fails(rc, HM_E_IO, "archive.input.changed", &e);
            continue;
        }
        hm_temp_read(&p->temp, "out.tar", &tar);
        assert_ok(hm_sha256(hm_buf_view(&tar), sha256, &e), &e);
        assert_memory_equal(r.file.sha256, sha256, sizeof(sha256));
    }
}

/* Each allocation fails once; it is told, and be it as trouble of the cache. */
static void fail_each_allocation(struct place *p)
{
    bool happened = true;

    for (int k = 0; happened; k++) {
        struct hm_archive_result r;
        struct hm_err e = {0};
        hm_rc rc;

        alloc_fail_after(k);
        rc = pack(p, &r, &e);
        happened = alloc_fail_happened();
        if (rc == HM_OK && p->cache != NULL && p->cache->trouble.rc != HM_OK)
            continue;
        if (!happened)
            assert_ok(rc, &e);
        else if (rc != HM_E_NOMEM && rc != HM_E_IO) /* opendir() says IO */
            fail_msg("allocation %d: %s [%s]", k, e.text, e.reason);
    }
}

static void packing_survives_every_failing_allocation(void **state)
{
    struct place *p = *state;
    char path[512];
    struct hm_archive_cache cache = {
        .dir = hm_temp_path_into(path, &p->temp, "cache")};

    hm_temp_write(&p->temp, "tree/d/a", "text");
    hm_temp_write(&p->temp, "tree/d/b", "text");
    fail_each_allocation(p);
    p->cache = &cache;
    fail_each_allocation(p);
    assert_int_equal(cache.trouble.rc, HM_OK);
    assert_int_equal(cache.hits, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(each_rule_refuses_and_can_be_overruled_by_name),
        T(a_rule_can_be_overruled_for_one_path),
        T(what_only_looks_like_a_rule_is_packed),
        T(a_core_file_is_refused),
        T(names_that_differ_in_case_are_refused),
        T(names_that_are_one_to_some_file_system_are_refused),
        T(both_names_of_a_collision_are_said),
        T(extended_attributes_are_refused),
        T(special_bits_of_a_directory_are_refused_too),
        T(special_files_and_bits_are_refused),
        T(links_may_not_climb_above_the_tree),
        T(names_that_no_reader_takes_are_refused),
        T(an_empty_tree_is_refused),
        T(options_out_of_range_are_refused),
        T(what_changes_while_it_is_read_is_refused),
        T(the_digest_is_of_what_was_packed),
        T(packing_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
