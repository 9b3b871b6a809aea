/* The bound copy: every byte as it was, but the hashes of the root. */
#include "hm_sbom.h"

#include "alloc_fail.h"
#include "hm_test.h"

#define HEAD "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\","
#define SHA256 \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA512                                                         \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define HASH(alg, hex) "{\"alg\":\"" alg "\",\"content\":\"" hex "\"}"
#define BOTH           "[" HASH("SHA-256", SHA256) "," HASH("SHA-512", SHA512) "]"
#define NAMED          "\"name\":\"t\",\"version\":\"1\""
#define DOC(inner)     HEAD "\"metadata\":{\"component\":{" inner "}}}"

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

HM_MUST static hm_rc bind(const char *text, struct hm_buf *out,
                          struct hm_err *e)
{
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    const struct hm_digests d = artefact();

    assert_ok(hm_sbom_read(&s, hm_bytes_str(text), e), e);
    return hm_sbom_bind(&s, &d, out, e);
}

static void only_the_hashes_of_the_root_change(void **state)
{
    static const struct {
        const char *text;
        const char *copy;
    } rows[] = {
        {DOC(NAMED), DOC(NAMED ",\"hashes\":" BOTH)},
        {DOC("\n    \"name\": \"t\"\n  "),
         DOC("\n    \"name\": \"t\",\n    \"hashes\": " BOTH "\n  ")},
        {DOC("\t\"name\":\"t\" "),
         DOC("\t\"name\":\"t\",\t\"hashes\": " BOTH " ")},
        {DOC("\"hashes\":[]," NAMED), DOC("\"hashes\":" BOTH "," NAMED)},
        {DOC("\"hashes\": [ " HASH("SHA-256", SHA256) " ] ," NAMED),
         DOC("\"hashes\": " BOTH " ," NAMED)},
        {DOC("\"hashes\":[" HASH("MD5", "00") "]," NAMED),
         DOC("\"hashes\":" BOTH "," NAMED)},
        {DOC("\"hashes\":" BOTH "," NAMED), DOC("\"hashes\":" BOTH "," NAMED)},
        {HEAD
         "\"hashes\":7,\"n\":[1.50,1e2,\"\\u0041\"],\"metadata\":{\"tools\":"
         "{\"component\":{\"hashes\":[]}},\"component\":{" NAMED
         ",\"components\":[{\"name\":\"x\",\"hashes\":[]}]}}}\n\n",
         HEAD
         "\"hashes\":7,\"n\":[1.50,1e2,\"\\u0041\"],\"metadata\":{\"tools\":"
         "{\"component\":{\"hashes\":[]}},\"component\":{" NAMED
         ",\"components\":[{\"name\":\"x\",\"hashes\":[]}],\"hashes\":" BOTH
         "}}}\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 20);
        HM_OWN(hm_buf) again = HM_BUF_INIT(1u << 20);
        struct hm_err e = {0};

        assert_ok(bind(rows[i].text, &copy, &e), &e);
        assert_bytes_equal(hm_buf_view(&copy), hm_bytes_str(rows[i].copy));
        assert_ok(bind(rows[i].copy, &again, &e), &e);
        assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&copy));
    }
}

static void upper_case_hex_and_either_order_are_bound_already(void **state)
{
    static const char text[] =
        DOC("\"hashes\":[" HASH("SHA-512", SHA512) "," HASH(
            "SHA-256",
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61"
            "F20015AD") "]," NAMED);
    HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    (void)state;
    assert_ok(bind(text, &copy, &e), &e);
    assert_bytes_equal(hm_buf_view(&copy), hm_bytes_str(text));
}

static void what_cannot_be_bound_is_refused(void **state)
{
    static const struct {
        const char *text;
        hm_rc want;
        const char *reason;
    } rows[] = {
        {HEAD "\"components\":[]}", HM_E_REJECTED, "sbom.root.missing"},
        {DOC("\"version\":\"1\""), HM_E_REJECTED, "sbom.root.missing"},
        {DOC("\"hashes\":[" HASH("SHA-256", SHA512) "]," NAMED), HM_E_REJECTED,
         "sbom.component.digest"},
        {DOC("\"hashes\":[" HASH("SHA-512", "00") "]," NAMED), HM_E_REJECTED,
         "sbom.component.digest"},
        {DOC(NAMED ",\"signature\":{}"), HM_E_REJECTED,
         "sbom.signature.broken"},
        {HEAD "\"signature\":{},\"metadata\":{\"component\":{" NAMED "}}}",
         HM_E_REJECTED, "sbom.signature.broken"},
        {HEAD "\"metadat\\u0061\":{\"component\":{" NAMED "}}}", HM_E_FORMAT,
         "sbom.root.escaped"},
        {DOC("\"h\\u0061shes\":[]," NAMED), HM_E_FORMAT, "sbom.root.escaped"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 20);
        struct hm_err e = {0};

        assert_fails(bind(rows[i].text, &copy, &e), rows[i].want,
                     rows[i].reason, &e);
        assert_null(copy.p);
    }
}

/* adversarial B7: a signed document that states the digests already stays as it
 * is; nobody calls it verified. */
static void a_signed_document_that_is_bound_already_is_copied(void **state)
{
    static const char text[] =
        DOC("\"hashes\":" BOTH "," NAMED ",\"signature\":{}");
    HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    (void)state;
    assert_ok(bind(text, &copy, &e), &e);
    assert_bytes_equal(hm_buf_view(&copy), hm_bytes_str(text));
}

/* adversarial B5 */
static void a_binding_names_product_version_and_both_digests(void **state)
{
    static const struct {
        const char *text;
        hm_rc want;
        const char *reason;
    } rows[] = {
        {DOC(NAMED ",\"hashes\":" BOTH), HM_OK, ""},
        {DOC(NAMED), HM_E_REJECTED, "sbom.component.unbound"},
        {DOC(NAMED ",\"hashes\":[" HASH("SHA-256", SHA256) "]"), HM_E_REJECTED,
         "sbom.component.unbound"},
        {DOC(NAMED ",\"hashes\":[" HASH("SHA-256", "00") "]"), HM_E_REJECTED,
         "sbom.component.digest"},
        {DOC("\"name\":\"u\",\"version\":\"1\",\"hashes\":" BOTH),
         HM_E_REJECTED, "sbom.product.name"},
        {DOC("\"name\":\"t\",\"version\":\"1.0\",\"hashes\":" BOTH),
         HM_E_REJECTED, "sbom.product.version"},
        {DOC("\"name\":\"t\",\"hashes\":" BOTH), HM_E_REJECTED,
         "sbom.product.version"},
        {HEAD "\"components\":[]}", HM_E_REJECTED, "sbom.root.missing"},
    };
    const struct hm_digests d = artefact();
    const struct hm_sbom_wanted wanted = {"t", "1", &d};
    const struct hm_sbom_wanted nothing = {"t", "1", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_sbom) s = HM_SBOM_INIT;
        struct hm_err e = {0};
        hm_rc rc;

        assert_ok(hm_sbom_read(&s, hm_bytes_str(rows[i].text), &e), &e);
        rc = hm_sbom_check_binding(&s, &wanted, &e);
        if (rows[i].want == HM_OK)
            assert_ok(rc, &e);
        else
            assert_fails(rc, rows[i].want, rows[i].reason, &e);
        assert_fails(hm_sbom_check_binding(&s, &nothing, &e), HM_E_INTERNAL,
                     "sbom.wanted.missing", &e);
    }
}

static void binding_survives_every_failing_allocation(void **state)
{
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    const struct hm_digests d = artefact();
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_sbom_read(&s, HM_LIT(DOC(NAMED)), &e), &e);
    for (int k = 0; k < 10000; k++) {
        HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 20);
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_sbom_bind(&s, &d, &copy, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_int_equal(rc, HM_E_NOMEM);
        assert_null(copy.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_hashes_of_the_root_change),
        cmocka_unit_test(upper_case_hex_and_either_order_are_bound_already),
        cmocka_unit_test(what_cannot_be_bound_is_refused),
        cmocka_unit_test(a_signed_document_that_is_bound_already_is_copied),
        cmocka_unit_test(a_binding_names_product_version_and_both_digests),
        cmocka_unit_test(binding_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("sbom_bind", tests, NULL, NULL);
}
