/* An NSS database as token: the second make that root keys may lie on.  Not run
 * where libnss3 is not installed. */
#include "key_story.h"

#include "hm_hsm.h"
#include "hm_test.h"

#include <stdlib.h>
#include <unistd.h>

#define NSS_KEY "pkcs11:token=NSS%20Certificate%20DB;object=root-n"

static int make(void **state)
{
    struct key_story *s = calloc(1, sizeof(*s));

    key_story_make(s, 0);
    *state = s;
    return 0;
}

static int unmake(void **state)
{
    key_story_clear(*state);
    free(*state);
    return 0;
}

#define RUN(...) STORY_RUN(s, &r, __VA_ARGS__)
#define START(state)                            \
    const struct key_story *s = *(state);       \
    HM_OWN(hm_run) r = HM_RUN_INIT;             \
                                                \
    if (access(HM_HSM_MODULE_NSS, R_OK) != 0) { \
        print_message("not run: no libnss3\n"); \
        skip();                                 \
    }

static void make_root(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    RUN("hallmark-key", "token-init", "--nss", "nt", "--pin", "file:root.pin");
    assert_run(&r, 0, "");
    RUN("hallmark-key", "generate", NSS_KEY, "--nss", "nt", "--pin",
        "file:root.pin", "-o", "root-n.pem");
    assert_run(&r, 0, "");
    RUN("hallmark-key", "root-export", "--threshold", "2", "--vendor", "acme",
        "--key", "a=root-1.pem", "--key", "n=root-n.pem", "-o", "two.json");
    assert_run(&r, 0, "");
    RUN("hallmark-key", "authorise", "--root", "two.json", "--key",
        "manifest=vendor-1.pem", "--product", "thermostat", "--days", "30",
        "-o", "a.json");
    assert_run(&r, 0, "");
}

static void root_keys_on_two_makes_of_token_sign_one_document(void **state)
{
    START(state);

    make_root(s);
    RUN("hallmark-sign", "a.json", "--root", "two.json", "--key", NSS_KEY,
        "--nss", "nt", "--pin", "file:root.pin");
    assert_run(&r, 0, "");
    RUN("hallmark-sign", "a.json", "--root", "two.json", "--key", STORY_ROOT,
        "--softhsm", "rt", "--pin", "file:root.pin");
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-n.pem", "a.json.sig", "a.json");
    key_story_openssl(s, "root-1.pem", "a.json.sig.2", "a.json");
    RUN("hallmark-key", "rotate", "--root", "two.json", "--from", "a.json",
        "--retire", "vendor-1.pem", "--key", "manifest=provenance-1.pem",
        "--days", "9", "-o", "b.json");
    assert_run(&r, 0, ""); /* so both count */
}

#define AT_NSS  "--key", NSS_KEY, "--nss", "nt", "--pin", "file:root.pin"
#define AT_ROOT "--key", STORY_ROOT, "--softhsm", "rt", "--pin", "file:root.pin"
#define AT_VENDOR \
    "--key", STORY_VENDOR, "--softhsm", "vt", "--pin", "file:vendor.pin"
#define SIGN(...)                                            \
    RUN("hallmark-sign", __VA_ARGS__, "--root", "two.json"); \
    assert_run(&r, 0, "")
#define MADE "--root", "two.json", "--authorisation", "a.json"

static void the_record_of_a_ceremony_tells_both_makes(void **state)
{
    START(state);

    make_root(s);
    SIGN("a.json", AT_NSS, "--evidence", "n.json");
    SIGN("a.json", AT_ROOT, "--evidence", "r.json");
    RUN("hallmark-key", "ceremony-make", MADE, "--by", "R. Manager", "--why",
        "SEC-1", "--who", "first officer=root-n.pem", "--who",
        "second officer=root-1.pem", "--who", "build team=vendor-1.pem",
        "--evidence", "n.json", "--evidence", "r.json", "-o", "record.json");
    assert_run(&r, 0, "");
    SIGN("record.json", AT_NSS, "--authorisation", "a.json");
    SIGN("record.json", AT_ROOT, "--authorisation", "a.json");
    SIGN("record.json", AT_VENDOR, "--authorisation", "a.json");
    RUN("hallmark-key", "ceremony-check", "record.json", MADE);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "token 'NSS Certificate DB'"));
    assert_non_null(strstr(hm_run_out(&r), "token 'root'"));
    key_story_openssl(s, "root-n.pem", "record.json.sig", "record.json");
    key_story_openssl(s, "vendor-1.pem", "record.json.sig.3", "record.json");
}

static void a_wrong_call_says_why(void **state)
{
    START(state);

    RUN("hallmark-key", "list", "--nss", "nt");
    assert_run(&r, 4, "hsm.nss.missing");
    assert_false(key_story_has(s, "nt"));
    RUN("hallmark-key", "token-init", "--nss", "nt", "--token", "x", "--pin",
        "file:root.pin");
    assert_run(&r, 2, "key.token.fixed");
    RUN("hallmark-key", "token-init", "--nss", "a'b", "--pin", "file:root.pin");
    assert_run(&r, 4, "hsm.nss.path");
    RUN("hallmark-key", "list", "--nss", "nt", "--softhsm", "rt");
    assert_run(&r, 2, "hsm.where.twice");
    make_root(s);
    RUN("hallmark-key", "list", "--nss", "nt", "--module",
        HM_HSM_MODULE_DEFAULT);
    assert_run(&r, 4, "hsm.nss.module");
    RUN("hallmark-key", "list", "--module", HM_HSM_MODULE_NSS);
    assert_run(&r, 4, "hsm.nss.module");
    RUN("hallmark-key", "token-init", "--nss", "nt", "--pin", "file:root.pin");
    assert_run(&r, 4, "hsm.token.exists");
    RUN("hallmark-key", "show", NSS_KEY, "--nss", "nt", "--pin",
        "file:vendor.pin");
    assert_run(&r, 4, "hsm.pin.incorrect");
    RUN("hallmark-key", "show", NSS_KEY, "--nss", "nt", "--pin",
        "file:root.pin");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "(software:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            root_keys_on_two_makes_of_token_sign_one_document, make, unmake),
        cmocka_unit_test_setup_teardown(
            the_record_of_a_ceremony_tells_both_makes, make, unmake),
        cmocka_unit_test_setup_teardown(a_wrong_call_says_why, make, unmake),
    };

    return cmocka_run_group_tests_name("nss", tests, NULL, NULL);
}
