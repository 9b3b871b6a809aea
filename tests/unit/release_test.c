/* The reader of release.json: what it gives, and every refusal by its reason,
 * each one edit away from a document that is accepted. */
#include <stdlib.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "hm_release.h"
#include "hm_run.h"
#include "hm_test.h"

#define TEXT_MAX 16384u

/* clang-format off */
static const char good[] =
"{\n"
"  \"format\": \"hallmark-release/1\",\n"
"  \"vendor\": \"acme\", \"product\": \"thermostat\", \"version\": \"1.0.1\",\n"
"  \"epoch\": 1, \"rollback_counter\": 2, \"update_type\": \"security\",\n"
"  \"severity\": \"high\", \"valid_days\": 30,\n"
"  \"artefacts\": [ { \"id\": \"firmware\", \"tree\": \"build/rootfs\",\n"
"    \"name\": \"thermostat-1.0.1.tar.gz\", \"role\": \"firmware\",\n"
"    \"kind\": \"full\", \"slot\": \"rootfs\" } ],\n"
"  \"updates\": [ { \"models\": [\"T100\"], \"hardware\": [\"rev-b\"],\n"
"    \"from_versions\": { \"min\": \"1.0.0\", \"max\": \"1.0.0\" },\n"
"    \"artefacts\": [\"firmware\"] } ],\n"
"  \"sboms\": [ { \"file\": \"thermostat.cdx.json\",\n"
"    \"name\": \"thermostat-1.0.1.cdx.json\", \"artefact\": \"firmware\" } ],\n"
"  \"advisories\": [ { \"id\": \"ACME-SA-2026-0001\",\n"
"    \"aliases\": [\"CVE-2026-0001\"], \"severity\": \"high\",\n"
"    \"cvss\": \"CVSS:3.1/AV:N\", \"url\": \"https://acme.example/sa/1\",\n"
"    \"fixed_in\": \"1.0.1\", \"action\": \"Install 1.0.1.\" } ],\n"
"  \"provenance\": { \"repository\": \".\",\n"
"    \"build_type\": \"https://acme.example/build/v1\",\n"
"    \"builder\": \"https://acme.example/builders/v1\" },\n"
"  \"signing\": { \"softhsm\": \"keys/vendor-token\",\n"
"    \"manifest\": { \"uri\": \"pkcs11:token=vendor;object=vendor-1\",\n"
"      \"pin\": \"file:keys/vendor.pin\" },\n"
"    \"provenance\": { \"uri\": \"pkcs11:token=vendor;object=provenance-1\",\n"
"      \"pin\": \"fd:3\" } },\n"
"  \"root\": \"root.json\", \"authorisation\": \"authorisation.json\",\n"
"  \"repository\": \"/srv/repository\"\n"
"}\n";
/* clang-format on */

/* good with the first `from` replaced by `to`; it must be there. */
static const char *edit(char out[static TEXT_MAX], const char *from,
                        const char *to)
{
    const char *at = strstr(good, from);

    assert_non_null(at);
    (void)snprintf(out, TEXT_MAX, "%.*s%s%s", (int)(at - good), good, to,
                   at + strlen(from));
    return out;
}

struct row {
    const char *from;
    const char *to;
    const char *reason; /**< NULL: accepted */
};

static void try_rows(const struct row *rows, size_t n, hm_rc code)
{
    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_release) r = HM_RELEASE_INIT;
        struct hm_err e = {.rc = HM_OK};
        static char text[TEXT_MAX];
        const hm_rc rc = hm_release_read(
            &r, hm_bytes_str(edit(text, rows[i].from, rows[i].to)), &e);

        if (rows[i].reason == NULL) {
            assert_ok(rc, &e);
            continue;
        }
        if (rc == HM_OK)
            fail_msg("accepted: '%s'", rows[i].to);
        assert_fails(rc, code, rows[i].reason, &e);
        assert_null(r.vendor);
        assert_null(r.doc.root);
    }
}

#define TRY_ROWS(rows, code) \
    try_rows((rows), sizeof(rows) / sizeof((rows)[0]), (code))

static void the_document_of_the_manual_is_read_whole(void **state)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_ok(hm_release_read(&r, hm_bytes_str(good), &e), &e);
    assert_string_equal(r.vendor, "acme");
    assert_string_equal(r.version.text, "1.0.1");
    assert_int_equal(r.epoch, 1);
    assert_int_equal(r.rollback_counter, 2);
    assert_int_equal(r.valid_days, 30);
    assert_null(r.label);
    assert_int_equal(r.n_artefacts, 1);
    assert_int_equal(r.artefacts[0].from, HM_RELEASE_FROM_TREE);
    assert_string_equal(r.artefacts[0].source, "build/rootfs");
    assert_string_equal(r.artefacts[0].slot, "rootfs");
    assert_int_equal(r.n_updates, 1);
    assert_int_equal(r.updates[0].models.n, 1);
    assert_string_equal(r.updates[0].models.word[0], "T100");
    assert_false(r.updates[0].any_version);
    assert_string_equal(r.updates[0].from_max.text, "1.0.0");
    assert_int_equal(r.updates[0].artefact[0], 0);
    assert_string_equal(r.sboms[0].artefact_id, "firmware");
    assert_string_equal(r.advisories[0].aliases.word[0], "CVE-2026-0001");
    assert_string_equal(r.signing.provenance.pin, "fd:3");
    assert_null(r.signing.manifest.module);
    assert_true(hm_bytes_eq(hm_buf_view(&r.bytes), hm_bytes_str(good)));
}

static void what_may_be_left_out_may_be_left_out(void **state)
{
    static const struct row rows[] = {
        {"\"epoch\": 1, ", "", NULL},
        {"    \"from_versions\": { \"min\": \"1.0.0\", \"max\": \"1.0.0\" },\n",
         "", NULL},
        {"\"aliases\": [\"CVE-2026-0001\"], ", "", NULL},
        {"\"cvss\": \"CVSS:3.1/AV:N\", ", "", NULL},
        {", \"slot\": \"rootfs\"", "", NULL},
        {"\"softhsm\": \"keys/vendor-token\",", "", NULL},
        {"\"vendor\": \"acme\",", "\"vendor\": \"acme\", \"x_note\": \"any\",",
         NULL},
        {"\"file:keys/vendor.pin\"", "\"tty\"", NULL},
        {"\"file:keys/vendor.pin\"", "\"credential:vendor.pin\"", NULL},
    };

    (void)state;
    TRY_ROWS(rows, HM_OK);
}

static void malformed_documents_are_refused_by_their_reason(void **state)
{
    static const struct row rows[] = {
        {"hallmark-release/1", "hallmark-release/2", "release.format.unknown"},
        {"\"epoch\": 1,", "\"epoch\": 1, \"colour\": 1,",
         "json.member.unknown"},
        {"\"epoch\": 1,", "\"epoch\": 1, \"epoch\": 1,", "json.duplicate"},
        {"\"severity\": \"high\", \"valid", "\"valid", "json.member.missing"},
        {"\"acme\"", "\"ac me\"", "release.text.syntax"},
        {"\"acme\"", "7", "json.member.type"},
        {"\"acme\"", "\"\"", "json.member.empty"},
        {"\"T100\"", "\"T\\u000a100\"", "release.text.syntax"},
        {"\"1.0.1\"", "\"1.0.01\"", "base.version.syntax"},
        {"thermostat-1.0.1.tar.gz", "../x.tar.gz", "base.name.syntax"},
        {"thermostat-1.0.1.tar.gz", "a/x.tar.gz", "release.text.syntax"},
        {"build/rootfs", "build\\u0001rootfs", "release.path.syntax"},
        {"https://acme.example/sa/1", "http://acme.example/sa/1",
         "release.text.syntax"},
        {"https://acme.example/build/v1", "acme", "release.text.syntax"},
        {"pkcs11:token=vendor;object=vendor-1", "file:keys/vendor.pem",
         "release.uri.syntax"},
        {"\"kind\": \"full\"", "\"kind\": \"half\"", "json.member.word"},
    };

    (void)state;
    TRY_ROWS(rows, HM_E_FORMAT);
}

static void numbers_and_lists_have_limits(void **state)
{
    static const struct row rows[] = {
        {"\"valid_days\": 30", "\"valid_days\": 1", NULL},
        {"\"valid_days\": 30", "\"valid_days\": 0", "json.member.range"},
        {"\"valid_days\": 30", "\"valid_days\": 3651", "json.member.range"},
        {"\"epoch\": 1", "\"epoch\": 0", "json.member.range"},
        {"\"epoch\": 1", "\"epoch\": 9007199254740992", "json.number.range"},
        {"[\"T100\"]", "[]", "json.member.count"},
        {"[\"rev-b\"]", "[]", "json.member.count"},
        {"\"artefacts\": [\"firmware\"]", "\"artefacts\": []",
         "json.member.count"},
    };

    (void)state;
    TRY_ROWS(rows, HM_E_LIMIT);
}

static void contradictions_are_refused_by_their_reason(void **state)
{
    static const struct row rows[] = {
        {"\"tree\": \"build/rootfs\"", "\"file\": \"fw.raucb\"", NULL},
        {"\"tree\": \"build/rootfs\"",
         "\"tree\": \"build/rootfs\", \"file\": \"fw.raucb\"",
         "release.artefact.source"},
        {"\"tree\": \"build/rootfs\",", "", "release.artefact.source"},
        {"\"tree\": \"build/rootfs\"", "\"git\": \"v1.0.1:rootfs\"", NULL},
        {"\"tree\": \"build/rootfs\"",
         "\"tree\": \"build/rootfs\", \"git\": \"HEAD\"",
         "release.artefact.source"},
        {"\"tree\": \"build/rootfs\"",
         "\"git\": \"HEAD\", \"pack\": { \"patterns\": [ { \"exclude\": "
         "\"*.a\" }, { \"include\": \"/lib/\" } ], \"modes\": \"keep\", "
         "\"owners\": \"keep\", \"permissions\": \"table\", \"allow\": "
         "[ \"special-bits:bin/su\" ] }",
         NULL},
        {"\"tree\": \"build/rootfs\"",
         "\"tree\": \"x\", \"pack\": { \"patterns\": [ { } ] }",
         "release.pack.pattern"},
        {"\"tree\": \"build/rootfs\"",
         "\"tree\": \"x\", \"pack\": { \"patterns\": [ { \"include\": "
         "\"a\", \"exclude\": \"b\" } ] }",
         "release.pack.pattern"},
        {"\"tree\": \"build/rootfs\"", "\"file\": \"x\", \"pack\": { }",
         "release.pack.file"},
        {"\"artefacts\": [\"firmware\"]", "\"artefacts\": [\"firmwares\"]",
         "release.artefact.unknown"},
        {"\"artefact\": \"firmware\"", "\"artefact\": \"thermostat\"",
         "release.artefact.unknown"},
        {"\"artefacts\": [\"firmware\"]",
         "\"artefacts\": [\"firmware\", \"firmware\"]",
         "release.word.duplicate"},
        {"[\"T100\"]", "[\"T100\", \"T200\"]", NULL},
        {"[\"T100\"]", "[\"T100\", \"T100\"]", "release.word.duplicate"},
        {"\"max\": \"1.0.0\"", "\"max\": \"1.0.1\"", "release.versions.order"},
        {"\"max\": \"1.0.0\"", "\"max\": \"0.9\"", "release.versions.order"},
        {"\"fixed_in\": \"1.0.1\"", "\"fixed_in\": \"1.0\"", NULL},
        {"\"fixed_in\": \"1.0.1\"", "\"fixed_in\": \"1.0.2\"",
         "release.advisory.version"},
        {"\"severity\": \"high\", \"valid", "\"severity\": \"low\", \"valid",
         "release.severity.differs"},
        {"\"severity\": \"high\",\n    \"cvss\"",
         "\"severity\": \"critical\",\n    \"cvss\"",
         "release.severity.differs"},
        {"\"kind\": \"full\"", "\"kind\": \"delta\"", "release.artefact.delta"},
        {"\"kind\": \"full\"", "\"kind\": \"full\", \"target_size\": 1",
         "release.artefact.delta"},
    };

    (void)state;
    TRY_ROWS(rows, HM_E_REJECTED);
}

#define SECOND_ARTEFACT(id, name)                                            \
    "\"artefacts\": [ { \"id\": \"" id "\", \"file\": \"a.bin\", \"name\": " \
    "\"" name "\", \"role\": \"package\", \"kind\": \"full\" }, { \"id\": "  \
    "\"firmware\""

static void artefacts_have_ids_and_names_of_their_own_and_are_used(void **state)
{
    static const char from[] = "\"artefacts\": [ { \"id\": \"firmware\"";
    static const struct row rows[] = {
        {from, SECOND_ARTEFACT("firmware", "a.bin"),
         "release.artefact.duplicate"},
        {from, SECOND_ARTEFACT("other", "thermostat-1.0.1.tar.gz"),
         "release.artefact.duplicate"},
        {from, SECOND_ARTEFACT("other", "a.bin"), "release.artefact.unused"},
    };

    (void)state;
    TRY_ROWS(rows, HM_E_REJECTED);
}

/* What the manifest would refuse is refused before anything is built. */
static void an_advisory_is_at_an_address_that_manifests_take(void **state)
{
#define URL "https://acme.example/sa/1"
    static const struct row taken[] = {
        {URL, "https://acme.example:8443/sa?id=1#fix", NULL},
        {URL, "https://[2001:db8::1]/sa/1", NULL},
    };
    static const struct row refused[] = {
        {URL, "https://acme.example/@sa", "release.text.syntax"},
        {URL, "https:///sa/1", "release.text.syntax"},
        {URL, "https://acme.example%40evil.example/", "release.text.syntax"},
        {URL, "https://:443/", "release.text.syntax"},
        {URL, "http://acme.example/", "release.text.syntax"},
        {URL, "javascript:alert(1)", "release.text.syntax"},
        {URL, "https://acme.example/ sa", "release.text.syntax"},
        {URL, "https://\xc3\xa9.example/", "release.text.syntax"},
    };
#undef URL

    (void)state;
    TRY_ROWS(taken, HM_OK);
    TRY_ROWS(refused, HM_E_FORMAT);
}

static void a_security_update_names_what_it_fixes(void **state)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    struct hm_err e = {.rc = HM_OK};
    static char text[TEXT_MAX];
    char *list = NULL;

    (void)state;
    (void)edit(text, "\"cvss\"", "\"cvss\"");
    list = strstr(text, "\"advisories\": [");
    assert_non_null(list);
    memset(list + strlen("\"advisories\": ["), ' ',
           (size_t)(strstr(list, " } ],") + 2 - list) -
               strlen("\"advisories\": ["));
    assert_fails(hm_release_read(&r, hm_bytes_str(text), &e), HM_E_REJECTED,
                 "release.advisory.missing", &e);
}

static const struct row secrets[] = {
    {"\"file:keys/vendor.pin\"", "\"S3CRET\"", "release.pin.value"},
    {"\"file:keys/vendor.pin\"", "\"file:\"", "release.pin.value"},
    {"\"file:keys/vendor.pin\"", "\"fd:S3CRET\"", "release.pin.value"},
    {"\"file:keys/vendor.pin\"", "\"fd:-1\"", "release.pin.value"},
    {"\"file:keys/vendor.pin\"", "\"env:S3CRET\"", "release.pin.value"},
    {"\"file:keys/vendor.pin\"", "\"credential:../S3CRET\"",
     "release.pin.value"},
    {"\"file:keys/vendor.pin\"", "73212", "release.pin.value"},
    {"object=vendor-1", "object=vendor-1?pin-value=S3CRET", "release.uri.pin"},
    {"object=vendor-1", "object=vendor-1?PIN\\u002dValue=S3CRET",
     "release.uri.pin"},
    {"object=vendor-1", "object=vendor-1?pin-source=S3CRET", "release.uri.pin"},
    {"\"vendor\": \"acme\",",
     "\"vendor\": \"acme\", \"x_a\": [{\"b\": "
     "\"pkcs11:?pin-value=S3CRET\"}],",
     "release.uri.pin"},
    {"\"vendor\": \"acme\",",
     "\"vendor\": \"acme\", \"x_vendor_pin\": \"S3CRET\",",
     "release.secret.member"},
    {"\"vendor\": \"acme\",",
     "\"vendor\": \"acme\", \"x_a\": [{\"pin\": \"S3CRET\"}],",
     "release.secret.member"},
    {"\"vendor\": \"acme\",",
     "\"vendor\": \"acme\", \"x_tokenPin\": \"S3CRET\",",
     "release.secret.member"},
    {"\"vendor\": \"acme\",",
     "\"vendor\": \"acme\", \"x_a\": "
     "\"-----BEGIN EC PRIVATE KEY-----\\nS3CRET\",",
     "release.secret.member"},
    {"\"url\": \"https://", "\"url\": \"https://me:S3CRET@",
     "release.secret.member"},
    {"\"builder\": \"https://", "\"builder\": \"https://S3CRET@",
     "release.secret.member"},
};

static void no_secret_is_accepted_and_none_is_shown(void **state)
{
    (void)state;
    TRY_ROWS(secrets, HM_E_REJECTED);
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        HM_OWN(hm_release) r = HM_RELEASE_INIT;
        struct hm_err e = {.rc = HM_OK};
        static char text[TEXT_MAX];

        assert_int_not_equal(
            hm_release_read(
                &r, hm_bytes_str(edit(text, secrets[i].from, secrets[i].to)),
                &e),
            HM_OK);
        assert_null(strstr(e.text, "S3CRET"));
        assert_null(strstr(e.hint, "S3CRET"));
    }
}

static void paths_start_at_the_folder_of_the_file(void **state)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    HM_OWN(hm_buf) path = HM_BUF_INIT(4096);
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;
    char want[600];

    (void)state;
    hm_temp_make(&t);
    hm_temp_write(&t, "product/release.json", good);
    assert_ok(hm_release_load(&r, hm_temp_path(&t, "product/release.json"), &e),
              &e);
    assert_ok(hm_release_path(&r, r.root, &path, &e), &e);
    (void)snprintf(want, sizeof(want), "%s/root.json", r.folder);
    assert_string_equal((const char *)path.p, want);
    assert_int_equal(path.n, strlen(want));
    assert_int_equal(r.folder[0], '/');
    assert_ok(hm_release_path(&r, r.repository, &path, &e), &e);
    assert_string_equal((const char *)path.p, "/srv/repository");
    assert_ok(hm_release_pin(&r, &r.signing.manifest, &path, &e), &e);
    (void)snprintf(want, sizeof(want), "file:%s/keys/vendor.pin", r.folder);
    assert_string_equal((const char *)path.p, want);
    assert_ok(hm_release_pin(&r, &r.signing.provenance, &path, &e), &e);
    assert_string_equal((const char *)path.p, "fd:3");
    hm_temp_clear(&t);
}

static void
a_wrong_file_is_wrong_use_and_a_missing_one_an_environment(void **state)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    hm_temp_make(&t);
    hm_temp_write(&t, "release.json", "{\"format\": ");
    assert_fails(hm_release_load(&r, hm_temp_path(&t, "release.json"), &e),
                 HM_E_USAGE, "json.syntax", &e);
    assert_non_null(strstr(e.text, "release.json"));
    assert_true(e.hint[0] != '\0');
    assert_fails(hm_release_load(&r, hm_temp_path(&t, "other.json"), &e),
                 HM_E_IO, "base.file.open", &e);
    assert_true(e.hint[0] != '\0');
    hm_temp_clear(&t);
}

static void a_document_in_memory_has_no_folder(void **state)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    HM_OWN(hm_buf) path = HM_BUF_INIT(4096);
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_ok(hm_release_read(&r, hm_bytes_str(good), &e), &e);
    assert_fails(hm_release_path(&r, r.root, &path, &e), HM_E_INTERNAL,
                 "release.path.folder", &e);
    assert_ok(hm_release_path(&r, r.repository, &path, &e), &e);
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    for (int k = 0;; k++) {
        HM_OWN(hm_release) r = HM_RELEASE_INIT;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_release_read(&r, hm_bytes_str(good), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k >= 8);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_null(r.doc.root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_of_the_manual_is_read_whole),
        cmocka_unit_test(what_may_be_left_out_may_be_left_out),
        cmocka_unit_test(malformed_documents_are_refused_by_their_reason),
        cmocka_unit_test(numbers_and_lists_have_limits),
        cmocka_unit_test(contradictions_are_refused_by_their_reason),
        cmocka_unit_test(
            artefacts_have_ids_and_names_of_their_own_and_are_used),
        cmocka_unit_test(an_advisory_is_at_an_address_that_manifests_take),
        cmocka_unit_test(a_security_update_names_what_it_fixes),
        cmocka_unit_test(no_secret_is_accepted_and_none_is_shown),
        cmocka_unit_test(paths_start_at_the_folder_of_the_file),
        cmocka_unit_test(
            a_wrong_file_is_wrong_use_and_a_missing_one_an_environment),
        cmocka_unit_test(a_document_in_memory_has_no_folder),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
