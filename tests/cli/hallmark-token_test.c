/* hallmark-key with a token that is no SoftHSM store: what the module did is
 * done, and nothing but the module undoes it. */
#include "hm_run.h"

#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKENS "tokens"
#define NEW    "pkcs11:token=t;object=new"
#define OLD    "pkcs11:token=t;object=old"

struct fixture {
    struct hm_temp temp;
    char conf[300]; /* SOFTHSM2_CONF=... */
};

static void run(const struct fixture *f, struct hm_run *r, const char *fault,
                const char *const argv[])
{
    char variable[128];
    const char *env[] = {f->conf, variable, NULL};
    const struct hm_run_how how = {.cwd = f->temp.path, .env = env};

    (void)snprintf(variable, sizeof(variable), "HM_FAULT=%s", fault);
    hm_run(r, &how, argv);
}
#define RUN(fault, ...)                                                \
    run(f, &r, (fault),                                                \
        (const char *const[]){"hallmark-key", __VA_ARGS__, "--module", \
                              HM_FAULT_MODULE, NULL})
#define START(state)                    \
    const struct fixture *f = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char text[600];

    hm_temp_make(&f->temp);
    (void)snprintf(text, sizeof(text),
                   "directories.tokendir = %s/" TOKENS "\n"
                   "objectstore.backend = file\nlog.level = ERROR\n",
                   f->temp.path);
    hm_temp_write(&f->temp, "softhsm2.conf", text);
    hm_temp_write(&f->temp, "pin", "a-pin-of-the-test");
    assert_int_equal(chmod(hm_temp_path(&f->temp, "pin"), 0600), 0);
    assert_int_equal(mkdir(hm_temp_path(&f->temp, TOKENS), 0700), 0);
    (void)snprintf(f->conf, sizeof(f->conf), "SOFTHSM2_CONF=%s/softhsm2.conf",
                   f->temp.path);
    RUN("none", "token-init", "--token", "t", "--pin", "file:pin");
    assert_run(&r, 0, "");
    RUN("none", "generate", OLD, "--pin", "file:pin");
    assert_run(&r, 0, "");
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;

    hm_temp_clear(&f->temp);
    free(f);
    return 0;
}

static const struct {
    const char *fault;
    const char *reason;
} bad[] = {
    {"extractable", "hsm.key.extractable"},
    {"leak", "hsm.key.extractable"},
    {"flip", "hsm.sign.mismatch"},
    {"zero", "hsm.sign.range"},
    {"length=63", "hsm.sign.length"},
    {"C_SignInit=0x70", "hsm.call.failed"},
    {"C_Sign=0x5", "hsm.call.failed"},
};

static void a_key_that_fails_its_checks_is_destroyed(void **state)
{
    START(state);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        RUN(bad[i].fault, "generate", NEW, "--pin", "file:pin");
        assert_run(&r, 4, bad[i].reason);
        RUN("none", "list");
        assert_run(&r, 0, "");
        assert_null(strstr(hm_run_out(&r), "object=new"));
        assert_non_null(strstr(hm_run_out(&r), "object=old"));
    }
}

static void a_key_that_cannot_be_destroyed_is_told(void **state)
{
    START(state);

    RUN("flip C_DestroyObject=0x5", "generate", NEW, "--pin", "file:pin");
    assert_run(&r, 4, "hsm.sign.mismatch");
    assert_non_null(strstr(hm_run_err(&r), "delete it from the token"));
}

/* A search goes on until it gives nothing. */
static void a_token_may_give_its_objects_one_by_one(void **state)
{
    START(state);

    RUN("none", "generate", NEW, "--pin", "file:pin");
    assert_run(&r, 0, "");
    RUN("single", "list");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "object=old"));
    assert_non_null(strstr(hm_run_out(&r), "object=new"));
    RUN("single", "generate", OLD, "--pin", "file:pin");
    assert_run(&r, 4, "hsm.key.exists");
    RUN("single", "generate", NEW, "--pin", "file:pin");
    assert_run(&r, 4, "hsm.key.exists");
}

/* A list that is not the whole list is no list. */
static void a_token_that_goes_away_is_not_listed_by_half(void **state)
{
    START(state);
    static const char *const calls[] = {"0", "1", "2", "3", "4", "5"};

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        char fault[64];

        (void)snprintf(fault, sizeof(fault), "C_GetAttributeValue=0x32@%s",
                       calls[i]);
        RUN(fault, "list");
        if (strstr(hm_run_out(&r), "object=old") != NULL)
            assert_null(strstr(hm_run_out(&r), "not usable"));
        else
            assert_run(&r, 4, "hsm.token.removed");
    }
}

static void a_slot_that_does_not_answer_is_warned_of(void **state)
{
    START(state);

    RUN("C_GetTokenInfo=0x30", "list");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "no token found"));
    assert_non_null(strstr(hm_run_err(&r), "warning: slot "));
    assert_non_null(
        strstr(hm_run_err(&r), "C_GetTokenInfo gave CKR_DEVICE_ERROR (0x30)"));
    RUN("none", "list");
    assert_run(&r, 0, "");
    assert_string_equal(hm_run_err(&r), "");
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_key_that_fails_its_checks_is_destroyed),
        FRESH(a_key_that_cannot_be_destroyed_is_told),
        FRESH(a_token_may_give_its_objects_one_by_one),
        FRESH(a_token_that_goes_away_is_not_listed_by_half),
        FRESH(a_slot_that_does_not_answer_is_warned_of),
    };

    return cmocka_run_group_tests_name("hallmark-token", tests, NULL, NULL);
}
