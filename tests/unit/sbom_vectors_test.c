/* SBOMs that others published.  Only reading and our few checks are held
 * against them: the CycloneDX schema is not implemented here, so that an
 * invalid-* case may well be read. */
#include "hm_sbom.h"

#include "hm_test.h"

#define THIRD HM_TESTDATA "/third-party/"

static void list(const char *folder, struct hm_names *out)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&d, folder, &e), &e);
    assert_ok(hm_dir_list_tree(&d, out, &e), &e);
}

/* One file read and judged for itself. */
struct read {
    hm_rc rc;
    struct hm_err e;
    struct hm_sbom s;
    struct hm_buf text;
    struct hm_sbom_verdict v;
};

static void read_file(struct read *r, const char *folder, const char *name)
{
    const struct hm_sbom_wanted nothing = {NULL, NULL, NULL};
    char path[1024];
    struct hm_err e = {0};

    *r = (struct read){.s = HM_SBOM_INIT,
                       .text = HM_BUF_INIT(HM_SBOM_BYTES_MAX),
                       .v = HM_SBOM_VERDICT_INIT};
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_ok(hm_file_load(path, &r->text, &e), &e);
    r->rc = hm_sbom_read(&r->s, hm_buf_view(&r->text), &r->e);
    if (r->rc == HM_OK)
        assert_ok(hm_sbom_judge(&r->s, &nothing, &r->v, &e), &e);
}

static void read_clear(struct read *r)
{
    hm_sbom_clear(&r->s);
    hm_buf_clear(&r->text);
    hm_sbom_verdict_clear(&r->v);
}

static bool has_failed(const struct read *r, const char *check)
{
    for (size_t i = 0; i < r->v.n; i++)
        if (strcmp(r->v.findings[i].check, check) == 0)
            return r->v.findings[i].result == HM_SBOM_FAIL;
    return false;
}

/* Schema-valid, and yet two workspaces have the bom-ref "workspace-1": the
 * schema cannot say that a bom-ref is unique, the specification does. */
static bool is_ambiguous(const char *name)
{
    return strstr(name, "valid-formulation-1.5.json") != NULL;
}

static void every_valid_case_of_1_4_to_1_7_is_read(void **state)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    size_t valid = 0;
    size_t old = 0;

    (void)state;
    list(THIRD "sbom-cyclonedx-spec-cases", &names);
    for (size_t i = 0; i < names.n; i++) {
        struct read r;

        if (strstr(names.name[i], "/valid-") == NULL)
            continue;
        read_file(&r, THIRD "sbom-cyclonedx-spec-cases", names.name[i]);
        if (strstr(names.name[i], "/1.2/") != NULL ||
            strstr(names.name[i], "/1.3/") != NULL) {
            assert_fails(r.rc, HM_E_FORMAT, "sbom.version.unsupported", &r.e);
            old++;
        } else {
            if (r.rc != HM_OK)
                fail_msg("%s: %s [%s]", names.name[i], r.e.text, r.e.reason);
            assert_int_equal(has_failed(&r, "sbom.ref.duplicate"),
                             is_ambiguous(names.name[i]));
            assert_false(has_failed(&r, "sbom.hash.conflict"));
            valid++;
        }
        read_clear(&r);
    }
    assert_int_equal(valid, 106);
    assert_int_equal(old, 2);
}

static void no_invalid_case_does_harm(void **state)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    size_t n = 0;

    (void)state;
    list(THIRD "sbom-cyclonedx-spec-cases", &names);
    for (size_t i = 0; i < names.n; i++) {
        struct read r;

        if (strstr(names.name[i], "/invalid-") == NULL)
            continue;
        read_file(&r, THIRD "sbom-cyclonedx-spec-cases", names.name[i]);
        assert_true(r.rc == HM_OK || r.e.reason[0] != '\0');
        read_clear(&r);
        n++;
    }
    assert_int_equal(n, 44);
}

static void formats_are_told_apart(void **state)
{
    static const struct {
        const char *part;
        enum hm_sbom_format want;
    } rows[] = {
        {"cyclonedxjson/testdata/identify/", HM_SBOM_CYCLONEDX_JSON},
        {"cyclonedxxml/testdata/identify/", HM_SBOM_CYCLONEDX_XML},
        {"spdxjson/testdata/identify/2", HM_SBOM_SPDX_JSON},
        {"spdxjson/testdata/identify/3", HM_SBOM_SPDX_3},
        {"spdxtagvalue/testdata/identify/", HM_SBOM_SPDX_TAG},
        {"bad-sbom", HM_SBOM_UNKNOWN},
    };
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    size_t n = 0;

    (void)state;
    list(THIRD "sbom-format-identify", &names);
    for (size_t i = 0; i < names.n; i++)
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            struct read r;

            if (strstr(names.name[i], rows[k].part) == NULL ||
                names.name[i][strlen(names.name[i]) - 1] == '/')
                continue;
            read_file(&r, THIRD "sbom-format-identify", names.name[i]);
            if (hm_sbom_identify(hm_buf_view(&r.text)) != rows[k].want)
                fail_msg("%s looks like %s", names.name[i],
                         hm_sbom_format_name(
                             hm_sbom_identify(hm_buf_view(&r.text))));
            if (rows[k].want != HM_SBOM_CYCLONEDX_JSON)
                assert_fails(r.rc, HM_E_FORMAT, "sbom.format.unsupported",
                             &r.e);
            read_clear(&r);
            n++;
        }
    assert_int_equal(n, 26);
}

static void other_beginnings_are_named(void **state)
{
    const struct {
        struct hm_bytes text;
        enum hm_sbom_format want;
    } rows[] = {
        {HM_LIT("\xff\xfe{\0"), HM_SBOM_UTF16},
        {HM_LIT("\xfe\xff\0{"), HM_SBOM_UTF16},
        {HM_LIT("{\0\"\0"), HM_SBOM_UTF16},
        {HM_LIT("\xef\xbb\xbf{\"bomFormat\""), HM_SBOM_UTF8_MARK},
        {HM_LIT("\x1f\x8b\x08"), HM_SBOM_PACKED},
        {HM_LIT("BZh9"), HM_SBOM_PACKED},
        {HM_LIT("PK\x03\x04"), HM_SBOM_PACKED},
        {HM_LIT("\x28\xb5\x2f\xfd"), HM_SBOM_PACKED},
        {HM_LIT("<?xml version='1.0'?><a/>"), HM_SBOM_XML},
        {HM_LIT("<rdf:RDF xmlns:spdx='http://spdx.org/rdf'"), HM_SBOM_SPDX_RDF},
        {HM_LIT("{\"artifacts\":[],\"artifactRelationships\":[]}"),
         HM_SBOM_SYFT},
        {HM_LIT(" {}"), HM_SBOM_JSON},
        {HM_LIT("# c\nSPDXVersion: SPDX-2.3"), HM_SBOM_SPDX_TAG},
        {HM_LIT("name,version"), HM_SBOM_UNKNOWN},
        {HM_LIT(""), HM_SBOM_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_sbom) s = HM_SBOM_INIT;
        struct hm_err e = {0};

        assert_int_equal(hm_sbom_identify(rows[i].text), rows[i].want);
        assert_fails(hm_sbom_read(&s, rows[i].text, &e), HM_E_FORMAT,
                     "sbom.format.unsupported", &e);
        if (rows[i].want != HM_SBOM_JSON)
            assert_non_null(strstr(e.text, hm_sbom_format_name(rows[i].want)));
    }
}

/* One defect each; SIZE_MAX components: the file is refused. */
static void
quality_cases_give_the_verdicts_that_their_names_promise(void **state)
{
    static const struct {
        const char *name;
        const char *reason; /* of the refusal, or the check that fails */
        bool is_signed;
    } rows[] = {
        {"cdx-old-version.json", "sbom.version.unsupported", false},
        {"spdx-minimal.json", "sbom.format.unsupported", false},
        {"cdx-minimal.json", "sbom.root.missing", false},
        {"cdx-no-authors.json", "sbom.root.missing", false},
        {"cdx-perfect-score.json", "", false},
        {"cdx-with-complete-signature.json", "", true},
        {"cdx-with-incomplete-signature.json", "", true},
        {"cdx-with-ec-signature.json", "", true},
        {"cdx-with-multiple-signers.json", "", true},
        {"cdx-with-signature-no-key.json", "", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct read r;

        read_file(&r, THIRD "sbom-quality-cases/testdata/fixtures",
                  rows[i].name);
        if (r.rc != HM_OK)
            assert_string_equal(r.e.reason, rows[i].reason);
        else if (rows[i].reason[0] != '\0')
            assert_true(has_failed(&r, rows[i].reason));
        else if (r.v.failed != 0)
            fail_msg("%s: %zu checks failed", rows[i].name, r.v.failed);
        if (r.s.has_signature != rows[i].is_signed)
            fail_msg("%s: signature %d", rows[i].name, r.s.has_signature);
        read_clear(&r);
    }
}

static void published_examples_are_counted_whole(void **state)
{
    static const struct {
        const char *name;
        size_t components, services;
    } rows[] = {
        {"SaaSBOM/apigateway-microservices-datastores/bom.json", 0, 6},
        {"HBOM/PCIe-SATA-adapter-board/bom.json", 6, 0},
        {"CBOM/Example-With-Dependencies/bom.json", 3, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct read r;

        read_file(&r, THIRD "sbom-cyclonedx-examples", rows[i].name);
        assert_ok(r.rc, &r.e);
        if (r.s.components != rows[i].components ||
            r.s.services != rows[i].services)
            fail_msg("%s: %zu and %zu", rows[i].name, r.s.components,
                     r.s.services);
        read_clear(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_valid_case_of_1_4_to_1_7_is_read),
        cmocka_unit_test(no_invalid_case_does_harm),
        cmocka_unit_test(formats_are_told_apart),
        cmocka_unit_test(other_beginnings_are_named),
        cmocka_unit_test(
            quality_cases_give_the_verdicts_that_their_names_promise),
        cmocka_unit_test(published_examples_are_counted_whole),
    };

    return cmocka_run_group_tests_name("sbom_vectors", tests, NULL, NULL);
}
