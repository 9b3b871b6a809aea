/* Extraction stays below its target, whatever the archive or the target hold. */
#include "archive_build.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hm_run.h"

struct place {
    struct hm_temp temp;
    struct hm_dir target;
    struct hm_buf tar;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct hm_err e = {0};

    *state = p;
    if (p == NULL)
        return -1;
    p->target = (struct hm_dir)HM_DIR_INIT;
    p->tar = (struct hm_buf)HM_BUF_INIT(BUILD_MAX);
    hm_temp_make_on_disk(&p->temp);
    return hm_dir_make(&p->target, hm_temp_path(&p->temp, "target"), &e) ==
                   HM_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    hm_dir_clear(&p->target);
    hm_buf_clear(&p->tar);
    hm_temp_clear(&p->temp);
    free(p);
    return 0;
}

HM_MUST static hm_rc extract(struct place *p, struct hm_archive_result *r,
                             struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    HM_TRY(hm_file_save(hm_temp_path(&p->temp, "a.tar"), hm_buf_view(&p->tar),
                        HM_OUT_REPLACE, e));
    HM_TRY(hm_file_open(&f, hm_temp_path(&p->temp, "a.tar"), e));
    return hm_archive_extract(&f, &p->target, &build_limits, r, e);
}

static void add_file(struct hm_buf *tar, const char *name, const char *text)
{
    build_header(tar, '0', name, "", strlen(text));
    build_body(tar, text, strlen(text));
}

static void everything_arrives_as_it_was_said(void **state)
{
    struct place *p = *state;
    struct hm_archive_result r;
    HM_OWN(hm_buf) text = HM_BUF_INIT(64);
    char target[64] = "";
    struct stat sb;
    struct hm_err e = {0};

    build_header(&p->tar, '5', "etc/", "", 0);
    add_file(&p->tar, "etc/conf", "on");
    build_header(&p->tar, '1', "etc/again", "etc/conf", 0);
    build_header(&p->tar, '2', "etc/link", "/outside", 0);
    add_file(&p->tar, "implied/x", "");
    build_end(&p->tar);
    assert_ok(extract(p, &r, &e), &e);
    assert_int_equal(r.entries, 5);
    assert_int_equal(r.file.size, p->tar.n);
    hm_temp_read(&p->temp, "target/etc/again", &text);
    assert_bytes_equal(hm_buf_view(&text), HM_LIT("on"));
    assert_int_equal(stat(hm_temp_path(&p->temp, "target/etc/conf"), &sb), 0);
    assert_int_equal(sb.st_mode & 07777, 0644);
    assert_int_equal(sb.st_mtim.tv_sec, 1700000000);
    assert_int_equal(sb.st_nlink, 2);
    assert_int_equal(readlink(hm_temp_path(&p->temp, "target/etc/link"), target,
                              sizeof(target) - 1),
                     8);
    assert_string_equal(target, "/outside");
    assert_int_equal(access(hm_temp_path(&p->temp, "target/implied/x"), F_OK),
                     0);
}

static void a_name_that_is_taken_is_not_replaced(void **state)
{
    struct place *p = *state;
    struct hm_archive_result r;
    HM_OWN(hm_buf) text = HM_BUF_INIT(64);
    struct hm_err e = {0};

    hm_temp_write(&p->temp, "target/conf", "mine");
    add_file(&p->tar, "conf", "theirs");
    build_end(&p->tar);
    assert_fails(extract(p, &r, &e), HM_E_IO, "archive.extract.exists", &e);
    hm_temp_read(&p->temp, "target/conf", &text);
    assert_bytes_equal(hm_buf_view(&text), HM_LIT("mine"));
    assert_int_equal(r.entries, 0);
}

/* Links that lie in the target before, whatever the archive says. */
static void links_in_the_target_are_not_followed(void **state)
{
    static const char *const names[] = {"link/x", "link", "d/link/x"};
    struct place *p = *state;

    hm_temp_write(&p->temp, "outside/canary", "alive");
    hm_temp_write(&p->temp, "target/d/file", "");
    assert_int_equal(
        symlink("../outside", hm_temp_path(&p->temp, "target/link")), 0);
    assert_int_equal(
        symlink("../../outside", hm_temp_path(&p->temp, "target/d/link")), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct hm_archive_result r;
        struct hm_err e = {0};

        p->tar.n = 0;
        add_file(&p->tar, names[i], "x");
        build_end(&p->tar);
        assert_int_equal(extract(p, &r, &e), HM_E_IO);
    }
    assert_int_equal(access(hm_temp_path(&p->temp, "outside/x"), F_OK), -1);
}

static void a_hard_link_through_a_link_in_the_target_fails(void **state)
{
    struct place *p = *state;
    struct hm_archive_result r;
    struct hm_err e = {0};

    hm_temp_write(&p->temp, "outside/secret", "s");
    assert_int_equal(symlink("../outside", hm_temp_path(&p->temp, "target/d")),
                     0);
    add_file(&p->tar, "d/secret", "x");
    build_header(&p->tar, '1', "got", "d/secret", 0);
    build_end(&p->tar);
    assert_int_equal(extract(p, &r, &e), HM_E_IO);
    assert_int_equal(access(hm_temp_path(&p->temp, "target/got"), F_OK), -1);
}

static void directories_stay_usable_and_modes_are_the_archives(void **state)
{
    struct place *p = *state;
    struct hm_archive_result r;
    struct stat sb;
    struct hm_err e = {0};
    const mode_t before = umask(077);

    build_header(&p->tar, '5', "d/", "", 0);
    build_octal(p->tar.p + TAR_MODE, 7, 0555);
    build_checksum(p->tar.p);
    add_file(&p->tar, "d/x", "");
    build_end(&p->tar);
    assert_ok(extract(p, &r, &e), &e);
    (void)umask(before);
    assert_int_equal(stat(hm_temp_path(&p->temp, "target/d"), &sb), 0);
    assert_int_equal(sb.st_mode & 07777, 0755);
    assert_int_equal(stat(hm_temp_path(&p->temp, "target/d/x"), &sb), 0);
    assert_int_equal(sb.st_mode & 07777, 0644);
}

/* An entry as the writer makes it. */
static void add_entry(struct hm_buf *tar, char type, const char *path,
                      unsigned mode, uint32_t uid)
{
    const struct tar_entry entry = {.type = type,
                                    .path = path,
                                    .target = type == '2' ? "x" : "",
                                    .mode = mode,
                                    .uid = uid,
                                    .gid = uid + 1};
    struct hm_err e = {0};

    assert_ok(tar_header_add(tar, &entry, &e), &e);
}

/* Setuid without its owner would be another's. */
static void owners_and_special_bits_arrive_together_or_not_at_all(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
        uid_t uid;
    } rows[] = {{"target/su", S_IFREG | 04755, 1234},
                {"target/mail", S_IFDIR | 02775, 5000000},
                {"target/link", S_IFLNK | 0777, 12}};
    struct place *p = *state;
    struct hm_archive_result r;
    struct stat sb;
    struct hm_err e = {0};

    add_entry(&p->tar, '0', "su", 04755, 1234);
    add_entry(&p->tar, '5', "mail/", 02775, 5000000);
    add_entry(&p->tar, '2', "link", 0755, 12);
    build_end(&p->tar);
    if (geteuid() != 0) {
        assert_fails(extract(p, &r, &e), HM_E_IO, "archive.extract.owner", &e);
        return;
    }
    assert_ok(extract(p, &r, &e), &e);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_int_equal(lstat(hm_temp_path(&p->temp, rows[i].name), &sb), 0);
        assert_int_equal(sb.st_mode, rows[i].mode);
        assert_int_equal(sb.st_uid, rows[i].uid);
        assert_int_equal(sb.st_gid, rows[i].uid + 1);
    }
}

static void an_owner_that_no_user_is_is_refused(void **state)
{
    struct place *p = *state;
    struct hm_archive_result r;
    struct hm_err e = {0};

    build_pax(&p->tar, 'x', "uid=4294967295");
    add_file(&p->tar, "x", "");
    build_end(&p->tar);
    assert_fails(extract(p, &r, &e), HM_E_IO, "archive.extract.owner", &e);
}

/* An entry with two attributes, the second of another name when it is bad. */
static void add_with_xattrs(struct hm_buf *tar, const char *second)
{
    HM_OWN(hm_buf) records = HM_BUF_INIT(4096);
    struct tar_entry entry = {
        .type = '0', .path = "x", .target = "", .mode = 0644};
    struct hm_err e = {0};

    assert_ok(tar_record_add(&records, TAR_XATTR "user.b",
                             HM_LIT("two\n\0bytes"), &e),
              &e);
    assert_ok(tar_record_add(&records, second, HM_LIT(""), &e), &e);
    entry.xattrs = hm_buf_view(&records);
    assert_ok(tar_header_add(tar, &entry, &e), &e);
}

static void
extended_attributes_arrive_when_somebody_asked_for_them(void **state)
{
    struct place *p = *state;
    struct hm_archive_result r;
    char value[16] = "";
    struct hm_err e = {0};

    add_with_xattrs(&p->tar, TAR_XATTR "user.c");
    build_end(&p->tar);
    if (extract(p, &r, &e) != HM_OK) {
        assert_string_equal(e.reason, "archive.extract.write");
        skip(); /* the file system has none */
    }
    assert_int_equal(getxattr(hm_temp_path(&p->temp, "target/x"), "user.b",
                              value, sizeof(value)),
                     10);
    assert_memory_equal(value, "two\n\0bytes", 10);
    assert_int_equal(getxattr(hm_temp_path(&p->temp, "target/x"), "user.c",
                              value, sizeof(value)),
                     0);
}

static void extended_attributes_of_others_are_refused(void **state)
{
    static const char *const wrong[] = {TAR_XATTR "user.a", TAR_XATTR "user.b",
                                        TAR_XATTR "user.", TAR_XATTR,
                                        "SCHILY.acl.access"};
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

    (void)state;
    build_pax(&tar, 'x', TAR_XATTR "user.a=b");
    build_header(&tar, '0', "x", "", 0);
    build_end(&tar);
    assert_reads(hm_buf_view(&tar), "archive.pax.key", "no record");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        tar.n = 0;
        add_with_xattrs(&tar, wrong[i]);
        build_end(&tar);
        assert_reads(hm_buf_view(&tar), "archive.pax.key", wrong[i]);
    }
}

/* A record that speaks for all members allows nothing. */
static void nobody_allows_special_bits_for_all(void **state)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

    (void)state;
    build_pax(&tar, 'g', "comment=" TAR_ALLOWED);
    build_header(&tar, '0', "su", "", 0);
    build_octal(tar.p + tar.n - TAR_BLOCK + TAR_MODE, 7, 04755);
    build_checksum(tar.p + tar.n - TAR_BLOCK);
    build_end(&tar);
    assert_reads(hm_buf_view(&tar), "archive.member.mode", "global");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(everything_arrives_as_it_was_said),
        T(a_name_that_is_taken_is_not_replaced),
        T(links_in_the_target_are_not_followed),
        T(a_hard_link_through_a_link_in_the_target_fails),
        T(directories_stay_usable_and_modes_are_the_archives),
        T(owners_and_special_bits_arrive_together_or_not_at_all),
        T(an_owner_that_no_user_is_is_refused),
        T(extended_attributes_arrive_when_somebody_asked_for_them),
        T(extended_attributes_of_others_are_refused),
        T(nobody_allows_special_bits_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
