/* The release directory: which name means what, and what is listed. */
#include <sys/stat.h>
#include <unistd.h>

#include "hm_release.h"
#include "hm_run.h"
#include "hm_test.h"

static void every_name_has_one_place(void **state)
{
    static const struct {
        const char *name;
        enum hm_release_place place;
    } rows[] = {
        {"manifest.json", HM_RELEASE_TOP},
        {"authorisation.json", HM_RELEASE_TOP},
        {"index.json", HM_RELEASE_THE_INDEX},
        {"verification.intoto.jsonl", HM_RELEASE_L2},
        {"manifest.json.sig", HM_RELEASE_SIGNATURE},
        {"manifest.json.sig.2", HM_RELEASE_SIGNATURE},
        {"authorisation.json.sig.8", HM_RELEASE_SIGNATURE},
        {"manifest.json.sig.1", HM_RELEASE_STRANGER},
        {"manifest.json.sig.9", HM_RELEASE_STRANGER},
        {"manifest.json.sig.02", HM_RELEASE_STRANGER},
        {"index.json.sig", HM_RELEASE_STRANGER},
        {"artefacts/a.tar.gz", HM_RELEASE_LISTED},
        {"records/deep/log.txt", HM_RELEASE_LISTED},
        {"artefacts/", HM_RELEASE_FOLDER},
        {"records/deep/", HM_RELEASE_FOLDER},
        {"artefacts", HM_RELEASE_STRANGER},
        {"artefact/a", HM_RELEASE_STRANGER},
        {"Manifest.json", HM_RELEASE_STRANGER},
        {"ledger/", HM_RELEASE_STRANGER},
        {".git/", HM_RELEASE_STRANGER},
        {"manifest.json/", HM_RELEASE_STRANGER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (hm_release_place_of(rows[i].name) != rows[i].place)
            fail_msg("%s has place %d", rows[i].name,
                     (int)hm_release_place_of(rows[i].name));
}

static void the_folder_says_the_kind(void **state)
{
    static const struct {
        const char *name;
        const char *kind;
        bool is_public;
    } rows[] = {
        {"artefacts/a", "artefact", true},
        {"sbom/a.cdx.json", "sbom", true},
        {"attestations/p.intoto.jsonl", "attestation", true},
        {"records/release.json", "record", false},
        {"advisories/acme-1.json", "advisory", true},
        {"advisories/acme-1.json.sha512", "advisory", true},
        {"advisories/acme-1.openvex.json", "vex", true},
        {"advisories/acme-1.md", "notes", true},
    };
    bool is_public = true;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(hm_release_kind_of(rows[i].name, &is_public),
                            rows[i].kind);
        assert_int_equal(is_public, rows[i].is_public);
    }
    assert_null(hm_release_kind_of("manifest.json", &is_public));
    assert_false(is_public);
    assert_null(hm_release_kind_of("artefacts/", &is_public));
}

static void signature_files_are_numbered_from_two(void **state)
{
    char name[HM_NAME_MAX + 8];

    (void)state;
    assert_string_equal(hm_release_signature_name("manifest.json", 0, name),
                        "manifest.json.sig");
    assert_string_equal(hm_release_signature_name("manifest.json", 1, name),
                        "manifest.json.sig.2");
    assert_string_equal(hm_release_signature_name("manifest.json", 7, name),
                        "manifest.json.sig.8");
}

static void make_release(struct hm_temp *t)
{
    hm_temp_make(t);
    hm_temp_write(t, "manifest.json", "{}");
    hm_temp_write(t, "manifest.json.sig", "s");
    hm_temp_write(t, "index.json", "{}");
    hm_temp_write(t, "sbom/b.json", "{}");
    hm_temp_write(t, "artefacts/a.tar.gz", "a");
    hm_temp_write(t, "records/build/log.txt", "l");
}

static void the_list_holds_what_lies_in_the_five_folders(void **state)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    make_release(&t);
    assert_ok(hm_dir_open(&d, t.path, &e), &e);
    assert_ok(hm_release_list(&d, &names, &e), &e);
    assert_int_equal(names.n, 3);
    assert_string_equal(names.name[0], "artefacts/a.tar.gz");
    assert_string_equal(names.name[1], "records/build/log.txt");
    assert_string_equal(names.name[2], "sbom/b.json");
    hm_temp_clear(&t);
}

static void expect_refusal(const struct hm_temp *t, const char *reason)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_dir_open(&d, t->path, &e), &e);
    assert_fails(hm_release_list(&d, &names, &e), HM_E_REJECTED, reason, &e);
    assert_int_equal(names.n, 0);
}

static void a_stranger_is_refused_whatever_it_is_called(void **state)
{
    static const char *const strangers[] = {
        "extra",  ".hidden",      "manifest.json.bak",  "sbom.json",
        "core.1", "live/thing.c", "manifest.json.sig.9"};

    (void)state;
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        struct hm_temp t;

        make_release(&t);
        hm_temp_write(&t, strangers[i], "x");
        expect_refusal(&t, "release.file.stranger");
        hm_temp_clear(&t);
    }
}

static void links_and_pipes_and_unspeakable_names_are_refused(void **state)
{
    struct hm_temp t;

    (void)state;
    make_release(&t);
    assert_int_equal(
        symlink("a.tar.gz", hm_temp_path(&t, "artefacts/b.tar.gz")), 0);
    expect_refusal(&t, "release.file.kind");
    assert_int_equal(unlink(hm_temp_path(&t, "artefacts/b.tar.gz")), 0);
    assert_int_equal(mkfifo(hm_temp_path(&t, "artefacts/pipe"), 0600), 0);
    expect_refusal(&t, "release.file.kind");
    assert_int_equal(unlink(hm_temp_path(&t, "artefacts/pipe")), 0);
    hm_temp_write(&t, "artefacts/a b", "x");
    expect_refusal(&t, "release.file.name");
    assert_int_equal(unlink(hm_temp_path(&t, "artefacts/a b")), 0);
    hm_temp_write(&t, "records/.hidden", "x");
    expect_refusal(&t, "release.file.name");
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_has_one_place),
        cmocka_unit_test(the_folder_says_the_kind),
        cmocka_unit_test(signature_files_are_numbered_from_two),
        cmocka_unit_test(the_list_holds_what_lies_in_the_five_folders),
        cmocka_unit_test(a_stranger_is_refused_whatever_it_is_called),
        cmocka_unit_test(links_and_pipes_and_unspeakable_names_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
