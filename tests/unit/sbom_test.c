#include "hm_sbom.h"

#include "alloc_fail.h"
#include "hm_test.h"

#include <stdlib.h>

#define HEAD          "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\""
#define ROOT(members) ",\"metadata\":{\"component\":{" members "}}"
#define NAMED         "\"name\":\"thermostat\",\"version\":\"1.0.1\""
#define PARTS         ",\"components\":[{\"name\":\"zlib\",\"bom-ref\":\"z\"}]"
#define GOOD          HEAD ROOT(NAMED) PARTS "}"

/* SHA-256 and SHA-512 of the artefact "abc". */
#define SHA256 \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA512                                                         \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define HASH(alg, hex) "{\"alg\":\"" alg "\",\"content\":\"" hex "\"}"
#define BOTH           HASH("SHA-256", SHA256) "," HASH("SHA-512", SHA512)
#define HASHES(list)   ",\"hashes\":[" list "]"

static struct hm_digests artefact(void)
{
    HM_OWN(hm_digest) d = HM_DIGEST_INIT;
    struct hm_digests out;
    struct hm_err e = {0};

    assert_ok(hm_digest_begin(&d, true, &e), &e);
    assert_ok(hm_digest_add(&d, HM_LIT("abc"), &e), &e);
    assert_ok(hm_digest_end(&d, &out, &e), &e);
    return out;
}

/* --- reading --- */

static void a_document_reads_or_is_refused_for_a_reason(void **state)
{
    static const struct {
        const char *text;
        hm_rc want;
        const char *reason;
    } rows[] = {
        {GOOD, HM_OK, ""},
        {HEAD "}", HM_OK, ""},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4\"}", HM_OK, ""},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.7\"}", HM_OK, ""},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.3\"}", HM_E_FORMAT,
         "sbom.version.unsupported"},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.8\"}", HM_E_FORMAT,
         "sbom.version.unsupported"},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4.1\"}", HM_E_FORMAT,
         "sbom.version.unsupported"},
        {"{\"bomFormat\":\"CycloneDX\",\"specVersion\":1.6}", HM_E_FORMAT,
         "json.member.type"},
        {"{\"bomFormat\":\"CycloneDX\"}", HM_E_FORMAT,
         "sbom.version.unsupported"},
        {"{\"bomFormat\":\"cyclonedx\",\"specVersion\":\"1.6\"}", HM_E_FORMAT,
         "sbom.format.unsupported"},
        {"{\"a\":1}", HM_E_FORMAT, "sbom.format.unsupported"},
        {"[]", HM_E_FORMAT, "sbom.format.unsupported"},
        {"", HM_E_FORMAT, "sbom.format.unsupported"},
        {HEAD ",\"components\":{}}", HM_E_FORMAT, "json.member.type"},
        {HEAD ",\"components\":[7]}", HM_E_FORMAT, "json.member.missing"},
        {HEAD ",\"components\":[{}]}", HM_E_FORMAT, "json.member.missing"},
        {HEAD ",\"metadata\":[]}", HM_E_FORMAT, "json.member.type"},
        {HEAD ",\"metadata\":{\"component\":7}}", HM_E_FORMAT,
         "json.member.type"},
        {HEAD ROOT("\"name\":7") "}", HM_E_FORMAT, "json.member.type"},
        {HEAD ",\"dependencies\":[{}]}", HM_E_FORMAT, "json.member.missing"},
        {HEAD ",\"dependencies\":[{\"ref\":7}]}", HM_E_FORMAT,
         "json.member.type"},
        {HEAD ",\"dependencies\":{}}", HM_E_FORMAT, "json.member.type"},
        {HEAD ",\"x\":1,\"x\":2}", HM_E_FORMAT, "json.duplicate"},
        {HEAD "}}", HM_E_FORMAT, "json.trailing"},
        {HEAD, HM_E_FORMAT, "json.syntax"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_sbom) s = HM_SBOM_INIT;
        struct hm_err e = {0};
        const hm_rc rc = hm_sbom_read(&s, hm_bytes_str(rows[i].text), &e);

        if (rc != rows[i].want ||
            (rc != HM_OK && strcmp(e.reason, rows[i].reason) != 0))
            fail_msg("row %zu: %s %s '%s', expected %s", i, hm_rc_name(rc),
                     e.reason, e.text, rows[i].reason);
        if (rc != HM_OK)
            assert_true(s.doc.root == NULL && s.refs.n == 0);
    }
}

/* adversarial B4: nested and flat say the same. */
static void nested_parts_and_services_are_counted(void **state)
{
    static const char *const texts[] = {
        HEAD ROOT(NAMED) ",\"components\":[{\"name\":\"a\"},{\"name\":\"b\"},"
                         "{\"name\":\"c\"}],\"services\":[{\"name\":\"s\"},"
                         "{\"name\":\"t\"}]}",
        HEAD ROOT(NAMED) ",\"components\":[{\"name\":\"a\",\"components\":[{"
                         "\"name\":\"b\",\"components\":[{\"name\":\"c\"}]}]}],"
                         "\"services\":[{\"name\":\"s\",\"services\":[{"
                         "\"name\":\"t\"}]}]}",
        HEAD ROOT(
            NAMED
            ",\"components\":[{\"name\":\"c\"}]") ",\"components\":"
                                                  "[{\"name\":\"a\"},{\"name\":"
                                                  "\"b\"}],\"services\":[{"
                                                  "\"name\":\"s\"},{\"name\":"
                                                  "\"t\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        HM_OWN(hm_sbom) s = HM_SBOM_INIT;
        struct hm_err e = {0};

        assert_ok(hm_sbom_read(&s, hm_bytes_str(texts[i]), &e), &e);
        assert_int_equal(s.components, 3);
        assert_int_equal(s.services, 2);
    }
}

/* adversarial B2 */
static void components_nested_without_end_are_refused(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(8u << 20);
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_buf_add(&text, HM_LIT(HEAD), &e), &e);
    for (unsigned i = 0; i < 100000; i++)
        assert_ok(
            hm_buf_add(&text, HM_LIT(",\"components\":[{\"name\":\"a\""), &e),
            &e);
    assert_fails(hm_sbom_read(&s, hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.depth", &e);
}

/* --- checks --- */

static const struct hm_sbom_finding *find(const struct hm_sbom_verdict *v,
                                          const char *check)
{
    for (size_t i = 0; i < v->n; i++)
        if (strcmp(v->findings[i].check, check) == 0)
            return &v->findings[i];
    fail_msg("no finding '%s'", check);
    abort(); /* not reached */
}

static enum hm_sbom_result judge(const char *text, const char *check)
{
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    HM_OWN(hm_sbom_verdict) v = HM_SBOM_VERDICT_INIT;
    const struct hm_digests d = artefact();
    const struct hm_sbom_wanted wanted = {"thermostat", "1.0.1", &d};
    struct hm_err e = {0};

    assert_ok(hm_sbom_read(&s, hm_bytes_str(text), &e), &e);
    assert_ok(hm_sbom_judge(&s, &wanted, &v, &e), &e);
    return find(&v, check)->result;
}

static void each_check_finds_its_defect_and_passes_its_neighbour(void **state)
{
    static const struct {
        const char *check;
        const char *text;
        enum hm_sbom_result want;
    } rows[] = {
        {"sbom.root.missing", GOOD, HM_SBOM_PASS},
        {"sbom.root.missing", HEAD PARTS "}", HM_SBOM_FAIL},
        {"sbom.root.missing", HEAD ROOT("\"version\":\"1\"") "}", HM_SBOM_FAIL},
        {"sbom.product.name", GOOD, HM_SBOM_PASS},
        {"sbom.product.name", HEAD ROOT("\"name\":\"Thermostat\"") "}",
         HM_SBOM_FAIL},
        {"sbom.product.name", HEAD "}", HM_SBOM_FAIL},
        {"sbom.product.version", GOOD, HM_SBOM_PASS},
        {"sbom.product.version",
         HEAD ROOT("\"name\":\"thermostat\",\"version\":\"1.0.10\"") "}",
         HM_SBOM_FAIL},
        {"sbom.product.version", HEAD ROOT("\"name\":\"thermostat\"") "}",
         HM_SBOM_FAIL},
        {"sbom.component.digest", GOOD, HM_SBOM_WARN},
        {"sbom.component.digest", HEAD ROOT(NAMED HASHES(BOTH)) "}",
         HM_SBOM_PASS},
        {"sbom.component.digest",
         HEAD ROOT(NAMED HASHES(HASH("SHA-256", SHA512))) "}", HM_SBOM_FAIL},
        {"sbom.component.digest",
         HEAD ROOT(NAMED HASHES(BOTH "," HASH("SHA-512", "00"))) "}",
         HM_SBOM_FAIL},
        {"sbom.component.digest",
         HEAD ROOT(NAMED HASHES(HASH("MD5", "00"))) "}", HM_SBOM_WARN},
        {"sbom.hash.conflict", HEAD ROOT(NAMED HASHES(BOTH)) "}", HM_SBOM_PASS},
        {"sbom.hash.conflict",
         HEAD ",\"components\":[{\"name\":\"a\",\"components\":[{\"name\":"
              "\"b\"" HASHES(HASH("MD5", "00") "," HASH("MD5", "01")) "}]}]}",
         HM_SBOM_FAIL},
        {"sbom.hash.conflict",
         HEAD ",\"components\":[{\"name\":\"a\"" HASHES(
             HASH("MD5", "aa") "," HASH("MD5", "AA")) "}]}",
         HM_SBOM_PASS},
        {"sbom.hash.conflict",
         HEAD ",\"components\":[{\"name\":5" HASHES(
             HASH("MD5", "00") "," HASH("MD5", "01")) "}]}",
         HM_SBOM_FAIL},
        {"sbom.hash.conflict",
         HEAD ",\"components\":[{\"name\":\"a\"" HASHES(
             "{\"alg\":\"MD5\"},{\"alg\":\"MD5\"}") "}]}",
         HM_SBOM_PASS},
        {"sbom.hash.conflict",
         HEAD ",\"components\":[{\"name\":\"a\"" HASHES(
             "{\"alg\":\"MD5\"}," HASH("MD5", "00")) "}]}",
         HM_SBOM_FAIL},
        {"sbom.component.none", GOOD, HM_SBOM_PASS},
        {"sbom.component.none", HEAD ROOT(NAMED) "}", HM_SBOM_FAIL},
        {"sbom.component.none", HEAD ROOT(NAMED) ",\"components\":[]}",
         HM_SBOM_FAIL},
        {"sbom.ref.duplicate", GOOD, HM_SBOM_PASS},
        {"sbom.ref.duplicate", HEAD ROOT(NAMED ",\"bom-ref\":\"z\"") PARTS "}",
         HM_SBOM_FAIL},
        {"sbom.ref.duplicate",
         HEAD ",\"services\":[{\"name\":\"s\",\"bom-ref\":\"\\u007a\"}]" PARTS
              "}",
         HM_SBOM_FAIL},
        {"sbom.ref.dangling",
         HEAD PARTS ",\"dependencies\":[{\"ref\":\"z\","
                    "\"dependsOn\":[\"z\"]}]}",
         HM_SBOM_PASS},
        {"sbom.ref.dangling", HEAD PARTS ",\"dependencies\":[{\"ref\":\"y\"}]}",
         HM_SBOM_FAIL},
        {"sbom.ref.dangling",
         HEAD PARTS ",\"dependencies\":[{\"ref\":\"z\","
                    "\"dependsOn\":[\"y\"]}]}",
         HM_SBOM_FAIL},
        {"sbom.ref.dangling",
         HEAD PARTS ",\"dependencies\":[{\"ref\":\"z\","
                    "\"provides\":[\"y\"]}]}",
         HM_SBOM_FAIL},
        {"sbom.ref.dangling",
         HEAD PARTS ",\"dependencies\":[{\"ref\":\"z\","
                    "\"dependsOn\":[\"urn:cdx:1/1#y\"]}]}",
         HM_SBOM_PASS},
        {"sbom.vulnerability.present", GOOD, HM_SBOM_PASS},
        {"sbom.vulnerability.present", HEAD ",\"vulnerabilities\":[{}]}",
         HM_SBOM_WARN},
        {"sbom.signature.unverified", GOOD, HM_SBOM_PASS},
        {"sbom.signature.unverified", HEAD ",\"signature\":{}}", HM_SBOM_WARN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const enum hm_sbom_result got = judge(rows[i].text, rows[i].check);

        if (got != rows[i].want)
            fail_msg("row %zu: %s is %s, expected %s", i, rows[i].check,
                     hm_sbom_result_name(got),
                     hm_sbom_result_name(rows[i].want));
    }
}

static void what_was_not_asked_is_not_run(void **state)
{
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    HM_OWN(hm_sbom_verdict) v = HM_SBOM_VERDICT_INIT;
    const struct hm_sbom_wanted nothing = {NULL, NULL, NULL};
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_sbom_read(&s, HM_LIT(GOOD), &e), &e);
    assert_ok(hm_sbom_judge(&s, &nothing, &v, &e), &e);
    assert_int_equal(v.not_run, 3);
    assert_int_equal(v.failed, 0);
    assert_int_equal(find(&v, "sbom.component.digest")->result,
                     HM_SBOM_NOT_RUN);
}

/* adversarial B11 */
static void names_from_outside_are_shown_without_their_escapes(void **state)
{
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    HM_OWN(hm_sbom_verdict) v = HM_SBOM_VERDICT_INIT;
    const struct hm_sbom_wanted wanted = {"thermostat", NULL, NULL};
    struct hm_err e = {0};

    (void)state;
    assert_ok(
        hm_sbom_read(&s, HM_LIT(HEAD ROOT("\"name\":\"a\\u001b[31m\\nb\"") "}"),
                     &e),
        &e);
    assert_ok(hm_sbom_judge(&s, &wanted, &v, &e), &e);
    for (size_t i = 0; i < v.n; i++)
        for (const char *c = v.findings[i].text; *c != '\0'; c++)
            assert_in_range(*c, 0x20, 0x7e);
}

static void a_verdict_survives_a_failing_allocation(void **state)
{
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    HM_OWN(hm_sbom_verdict) v = HM_SBOM_VERDICT_INIT;
    const struct hm_sbom_wanted nothing = {NULL, NULL, NULL};
    struct hm_err e = {0};
    hm_rc rc;

    (void)state;
    assert_ok(hm_sbom_read(&s, HM_LIT(GOOD), &e), &e);
    alloc_fail_after(0);
    rc = hm_sbom_judge(&s, &nothing, &v, &e);
    assert_true(alloc_fail_happened());
    assert_fails(rc, HM_E_NOMEM, "sbom.verdict.nomem", &e);
    assert_null(v.findings);
}

static void reading_survives_every_failing_allocation(void **state)
{
    (void)state;
    for (int k = 0; k < 10000; k++) {
        HM_OWN(hm_sbom) s = HM_SBOM_INIT;
        struct hm_err e = {0};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_sbom_read(&s, HM_LIT(GOOD), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_int_equal(rc, HM_E_NOMEM);
        assert_true(s.doc.root == NULL && s.refs.name == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_reads_or_is_refused_for_a_reason),
        cmocka_unit_test(nested_parts_and_services_are_counted),
        cmocka_unit_test(components_nested_without_end_are_refused),
        cmocka_unit_test(each_check_finds_its_defect_and_passes_its_neighbour),
        cmocka_unit_test(what_was_not_asked_is_not_run),
        cmocka_unit_test(names_from_outside_are_shown_without_their_escapes),
        cmocka_unit_test(a_verdict_survives_a_failing_allocation),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("sbom", tests, NULL, NULL);
}
