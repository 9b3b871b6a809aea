/* Keys whose private half everybody has are neither trusted nor do they sign. */
#include "key_story.h"

#include "hm_test.h"

#include <stdlib.h>

#define PUBLISHED HM_TESTDATA "/published/"

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

#define START(state)                      \
    const struct key_story *s = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT
#define KEY(...) STORY_RUN(s, &r, "hallmark-key", __VA_ARGS__)

static const char *const keys[] = {PUBLISHED "rfc6979-p256.pem",
                                   PUBLISHED "mcuboot-root-ec-p256.pem",
                                   PUBLISHED "rfc9500-rsa2048.pem"};

static void no_root_set_takes_one(void **state)
{
    START(state);

    for (size_t i = 0; i < 3; i++) {
        char key[600];

        (void)snprintf(key, sizeof(key), "a=%s", keys[i]);
        KEY("root-export", "--threshold", "1", "--vendor", "acme", "--key", key,
            "-o", "new.json");
        assert_run(&r, 2, "crypto.key.published");
        assert_false(key_story_has(s, "new.json"));
    }
}

static void no_authorisation_takes_one(void **state)
{
    START(state);

    for (size_t i = 0; i < 3; i++) {
        char key[600];

        (void)snprintf(key, sizeof(key), "manifest=%s", keys[i]);
        KEY("authorise", "--root", "root.json", "--from", "authorisation.json",
            "--key", key, "--product", "boiler", "--days", "9", "-o",
            "new.json");
        assert_run(&r, 1, "crypto.key.published");
        KEY("prepare", "authorise", "--root", "root.json", "--from",
            "authorisation.json", "--by", "me", "--why", "test", "--key", key,
            "--product", "boiler", "--days", "9", "-o", "new.json");
        assert_run(&r, 1, "crypto.key.published");
        assert_false(key_story_has(s, "new.json"));
    }
}

static void a_person_is_told(void **state)
{
    START(state);

    KEY("show", keys[1]);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "MCUboot root-ec-p256.pem"));
    KEY("show", "vendor-1.pem");
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_err(&r), "test key"));
}

/* RFC 6979 A.2.5, as another tool puts it on a token. */
static const char private_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\n"
    "Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n"
    "+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n"
    "-----END PRIVATE KEY-----\n";

static void a_token_that_holds_one_does_not_sign_with_it(void **state)
{
    static const char uri[] = "pkcs11:token=vendor;object=rfc";
    static const char *const env[] = {"SOFTHSM2_CONF=vt/softhsm2.conf", NULL};
    START(state);

    key_story_write(s, "rfc.key", private_key);
    key_story_run_env(
        s, &r, env,
        (const char *const[]){"/bin/sh", "-c",
                              "softhsm2-util --import rfc.key --token vendor "
                              "--label rfc --id 69 --pin $(cat vendor.pin)",
                              NULL});
    assert_run(&r, 0, "");
    key_story_write(
        s, "statement.json",
        "{\"_type\":\"https://in-toto.io/Statement/v1\","
        "\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":"
        "\"0000000000000000000000000000000000000000000000000000000"
        "000000000\"}}],\"predicateType\":\"https://slsa.dev/provenance/v1\","
        "\"predicate\":{}}");
    STORY_RUN(s, &r, "hallmark-sign", "--statement", "statement.json", "-o",
              "out.jsonl", "--key", uri, "--pin", "file:vendor.pin",
              "--softhsm", "vt");
    assert_run(&r, 1, "crypto.key.published");
    assert_false(key_story_has(s, "out.jsonl"));
    KEY("doctor", uri, "--softhsm", "vt");
    assert_run(&r, 1, "crypto.key.published");
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(no_root_set_takes_one),
        FRESH(no_authorisation_takes_one),
        FRESH(a_person_is_told),
        FRESH(a_token_that_holds_one_does_not_sign_with_it),
    };

    return cmocka_run_group_tests_name("published keys", tests, NULL, NULL);
}
