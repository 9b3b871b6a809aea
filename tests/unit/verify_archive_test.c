/* Ready archives at the gate: what a device would refuse to extract is refused
 * before it is signed and served, for the reason that the device would give. */
#include "archive_build.h"
#include "hm_verify.h"
#include "release_maker.h"

#define ARTEFACT "artefacts/thermostat-1.0.1.tar.gz"

static struct maker maker;

static int make_maker(void **state)
{
    (void)state;
    maker_init(&maker, 1, 1);
    return 0;
}

static int clear_maker(void **state)
{
    (void)state;
    maker_clear(&maker);
    return 0;
}

/* One member between two good ones. */
struct member {
    const char *reason; /* "": accepted */
    const char *name;
    const char *link;
    char type;
    unsigned mode;
};

static const struct member members[] = {
    {"", "bin/tool", "", '0', 0755},
    {"", "bin/again", "etc/version", '1', 0644},
    {"", "bin/link", "/etc/version", '2', 0777},
    {"", "var/", "", '5', 0755},
    {"archive.member.mode", "bin/tool", "", '0', 04755},
    {"archive.member.mode", "bin/tool", "", '0', 02755},
    {"archive.member.mode", "var/", "", '5', 01777},
    {"archive.member.kind", "dev/mem", "", '3', 0600},
    {"archive.member.kind", "dev/sda", "", '4', 0600},
    {"archive.member.kind", "run/pipe", "", '6', 0600},
    {"archive.member.name", "/etc/shadow", "", '0', 0644},
    {"archive.member.name", "../etc/shadow", "", '0', 0644},
    {"archive.member.name", "bin/../../shadow", "", '0', 0644},
    {"archive.member.name", "C:\\boot.ini", "", '0', 0644},
    {"archive.member.target", "bin/link", "../../etc/shadow", '2', 0777},
    {"archive.member.target", "bin/again", "etc/shadow", '1', 0644},
    {"archive.member.duplicate", "etc/version", "", '0', 0644},
    {"archive.member.through", "etc/version/x", "", '0', 0644},
};

static void add_member(struct hm_buf *tar, const struct member *m)
{
    uint8_t *block = NULL;

    build_header(tar, m->type, m->name, m->link, 0);
    block = tar->p + tar->n - TAR_BLOCK;
    build_octal(block + TAR_MODE, 7, m->mode);
    build_checksum(block);
}

static void add_text(struct hm_buf *tar, const char *name, const char *text)
{
    build_header(tar, '0', name, "", strlen(text));
    build_body(tar, text, strlen(text));
}

/* @param records  of pax, for the member; NULL: none */
static void build_archive(struct hm_buf *bytes, const struct member *m,
                          const char *records)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

    add_text(&tar, "etc/version", "1.0.1\n");
    if (records != NULL)
        build_records(&tar, 'x', records);
    add_member(&tar, m);
    add_text(&tar, "etc/last", "last\n");
    build_end(&tar);
    hm_buf_clear(bytes);
    build_add(bytes, tar.p, tar.n);
}

/* Edits: the archive, and what the manifest says of it. */
static void put_archive(const char *name, struct hm_buf *bytes, void *context)
{
    if (strcmp(name, ARTEFACT) == 0)
        build_archive(bytes, context, NULL);
}

/* A member that its archive allows. */
struct allowed {
    struct member m;
    const char *records;
};

static void put_allowed(const char *name, struct hm_buf *bytes, void *context)
{
    const struct allowed *a = context;

    if (strcmp(name, ARTEFACT) == 0)
        build_archive(bytes, &a->m, a->records);
}

static void put_no_archive(const char *name, struct hm_buf *bytes,
                           void *context)
{
    (void)context;
    if (strcmp(name, ARTEFACT) == 0)
        maker_set(bytes, "this is no archive\n");
}

static void no_content(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].artefacts[0].has_content = false;
}

static void no_content_and_no_rootfs(struct hm_manifest *m, void *context)
{
    no_content(m, context);
    (void)snprintf(m->updates[0].artefacts[0].slot,
                   sizeof(m->updates[0].artefacts[0].slot), "data");
}

static void a_package(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].artefacts[0].role = HM_ARTEFACT_PACKAGE;
}

/* Make, verify, and expect: "" or the reason, found by artefacts.content. */
static void expect(const struct maker_plan *plan, const char *reason,
                   const char *title)
{
    const struct hm_verify_options options = {.at = MAKER_TIME + MAKER_DAY};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;
    hm_rc rc;

    hm_temp_make(&t);
    maker_release(&maker, hm_temp_path(&t, "release"), plan);
    assert_ok(hm_dir_open(&dir, hm_temp_path(&t, "release"), &e), &e);
    rc = hm_verify_release(&dir, hm_buf_view(&maker.root), &options, &report,
                           &e);
    if (rc != (reason[0] == '\0' ? HM_OK : HM_E_REJECTED) ||
        strcmp(rc == HM_OK ? "" : e.reason, reason) != 0)
        fail_msg("%s: expected [%s], got [%s] %s", title, reason, e.reason,
                 e.text);
    for (size_t i = 0; i < report.n; i++)
        if (report.findings[i].result == HM_RESULT_FAIL) {
            assert_string_equal(report.findings[i].check, "artefacts.content");
            assert_string_equal(report.findings[i].file, ARTEFACT);
        }
    hm_temp_clear(&t);
}

/* Make, verify, and expect a yes, with that warning about the archive or
 * without any. */
static void expect_warning(const struct maker_plan *plan, const char *reason,
                           const char *member)
{
    const struct hm_verify_options options = {.at = MAKER_TIME + MAKER_DAY};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    hm_temp_make(&t);
    maker_release(&maker, hm_temp_path(&t, "release"), plan);
    assert_ok(hm_dir_open(&dir, hm_temp_path(&t, "release"), &e), &e);
    assert_ok(hm_verify_release(&dir, hm_buf_view(&maker.root), &options,
                                &report, &e),
              &e);
    assert_int_equal(report.count[HM_RESULT_WARN], reason[0] != '\0');
    for (size_t i = 0; i < report.n; i++)
        if (report.findings[i].result == HM_RESULT_WARN) {
            assert_string_equal(report.findings[i].reason, reason);
            assert_string_equal(report.findings[i].check, "artefacts.content");
            assert_string_equal(report.findings[i].file, ARTEFACT);
            assert_non_null(strstr(report.findings[i].text, member));
        }
    hm_temp_clear(&t);
}

static void what_a_device_refuses_is_refused_for_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct member m = members[i];

        expect(&(struct maker_plan){.context = &m, .edit_bytes = put_archive},
               m.reason, m.name);
    }
}

static void a_package_is_read_like_a_root_file_system(void **state)
{
    struct member m = members[4];

    (void)state;
    expect(&(struct maker_plan){.context = &m,
                                .edit_bytes = put_archive,
                                .edit_manifest = a_package},
           "archive.member.mode", "a package");
}

/* content_sha256 may be left out; a device extracts it all the same. */
static void a_root_file_system_is_read_without_a_stated_content(void **state)
{
    struct member bad = members[4];
    struct member good = members[0];
    struct maker_plan plan = {.context = &good,
                              .edit_bytes = put_archive,
                              .edit_manifest = no_content};

    (void)state;
    expect(&plan, "", "good");
    plan.context = &bad;
    expect(&plan, "archive.member.mode", "bad");
    plan.edit_manifest = no_content_and_no_rootfs;
    expect(&plan, "", "nobody extracts it");
}

static void what_is_no_archive_is_refused(void **state)
{
    (void)state;
    expect(&(struct maker_plan){.edit_bytes = put_no_archive},
           "archive.tar.magic", "text");
}

#define ALLOWED "37 comment=hallmark: allowed by name\n"
#define RIGHTS  "artefact.content.rights"

/* An archive says itself that its setuid file is allowed. */
static void what_gives_rights_is_told(void **state)
{
    static const struct allowed rows[] = {
        {{"", "bin/tool", "", '0', 0755}, ALLOWED},
        {{"", "bin/tool", "", '0', 0755},
         "28 SCHILY.xattr.user.note=y\n" ALLOWED},
        {{"", "tmp/", "", '5', 01777}, ALLOWED},
        {{"", "var/", "", '5', 02755}, ALLOWED},
        {{RIGHTS, "bin/tool", "", '0', 04755}, ALLOWED},
        {{RIGHTS, "bin/tool", "", '0', 02755}, ALLOWED},
        {{RIGHTS, "bin/tool", "", '0', 0755},
         "38 SCHILY.xattr.security.capability=y\n" ALLOWED},
        {{RIGHTS, "var/", "", '5', 0755},
         "41 SCHILY.xattr.trusted.overlay.opaque=y\n" ALLOWED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct allowed a = rows[i];

        expect_warning(
            &(struct maker_plan){.context = &a, .edit_bytes = put_allowed},
            a.m.reason, a.m.type == '5' ? "'var'" : "'bin/tool'");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_device_refuses_is_refused_for_its_reason),
        cmocka_unit_test(a_package_is_read_like_a_root_file_system),
        cmocka_unit_test(a_root_file_system_is_read_without_a_stated_content),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(what_gives_rights_is_told),
    };

    return cmocka_run_group_tests_name("verify_archive", tests, make_maker,
                                       clear_maker);
}
