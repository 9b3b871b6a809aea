/* hallmark-key doctor and probe: each thing that would keep a key from signing is found,
 * named and answered, and no PIN is tried to find it. */
#include "key_story.h"

#include "hm_test.h"

#include <stdlib.h>

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

#define ARGS  12
#define TRUST "--root", "root.json", "--authorisation", "authorisation.json"
#define BY    "--pin", "file:vendor.pin"

/* Of each call: how it ends, and a line that it prints. */
static const struct {
    const char *args[ARGS];
    int status;
    const char *reason;
    const char *line;
} calls[] = {
    {{STORY_VENDOR}, 0, "", "\npass     mechanism "},
    {{STORY_VENDOR}, 0, "", "\nnot-run  private key    --pin SOURCE was not"},
    {{STORY_VENDOR}, 0, "", "\nnot-run  role           --root and"},
    {{STORY_VENDOR}, 0, "", "[key.doctor.software]"},
    {{STORY_VENDOR, BY, TRUST}, 0, "", "\npass     private key    the token"},
    {{STORY_VENDOR, BY, TRUST},
     0,
     "",
     "\npass     role           manifest for"},
    {{STORY_VENDOR, BY, TRUST, "--days", "4000"}, 0, "", "[key.doctor.ends]"},
    {{STORY_PROVE, TRUST}, 0, "", "\npass     role           provenance for"},
    {{STORY_VENDOR, TRUST, "--at", "2099-01-01T00:00:00Z"},
     1,
     "trust.authorisation.expired",
     "\nnot-run  role           a check before it failed"},
    {{STORY_VENDOR, TRUST, "--at", "2001-01-01T00:00:00Z"},
     1,
     "trust.authorisation.early",
     "\nfail     authorisation "},
    {{"pkcs11:token=vendor;object=other", TRUST},
     4,
     "hsm.key.missing",
     "\nfail     key "},
    {{"pkcs11:token=other;object=vendor-1"},
     4,
     "hsm.token.missing",
     "\nfail     token "},
    {{STORY_VENDOR, "--pin", "file:root.pin"},
     4,
     "hsm.pin.incorrect",
     "\nfail     private key "},
    {{STORY_VENDOR, TRUST, "--role", "manifest", "--product", "thermostat"},
     0,
     "",
     "\npass     role           manifest for thermostat"},
    {{STORY_VENDOR, TRUST, "--role", "provenance"},
     1,
     "trust.key.role",
     "\nfail     role "},
    {{STORY_VENDOR, TRUST, "--product", "boiler"},
     1,
     "trust.key.product",
     "\nfail     role "},
    {{STORY_VENDOR, TRUST, "--role", "king"}, 2, "trust.role.unknown", ""},
    {{STORY_VENDOR, "--role", "manifest"}, 2, "key.doctor.root", ""},
    {{STORY_VENDOR, "--root", "root.json"}, 2, "key.doctor.root", ""},
    {{STORY_VENDOR, "--days", "soon"}, 2, "key.option.number", ""},
};

static void run(const struct key_story *s, struct hm_run *r, const char *fault,
                const char *const *args, const char *last)
{
    const char *argv[ARGS + 8] = {"hallmark-key", "doctor", "--softhsm", "vt"};
    const char *env[] = {fault, "HM_FAULT_LOG=log", NULL};
    size_t n = 4;

    for (size_t i = 0; i < ARGS && args[i] != NULL; i++)
        argv[n++] = args[i];
    if (fault[0] != '\0') {
        argv[n++] = "--module";
        argv[n++] = HM_FAULT_MODULE;
    }
    argv[n] = last;
    key_story_run_env(s, r, fault[0] == '\0' ? env + 2 : env, argv);
}

static void each_trouble_has_its_line(void **state)
{
    START(state);

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        run(s, &r, "", calls[i].args, NULL);
        assert_run(&r, calls[i].status, calls[i].reason);
        if (strstr(hm_run_out(&r), calls[i].line) == NULL)
            fail_msg("call %zu: no '%s' in:\n%s", i, calls[i].line,
                     hm_run_out(&r));
    }
}

static void a_key_that_was_retired_is_no_key_to_sign_with(void **state)
{
    static const char *const args[ARGS] = {STORY_VENDOR, TRUST};
    START(state);

    STORY_RUN(s, &r, "hallmark-key", "generate",
              "pkcs11:token=vendor;object=other", BY, "--softhsm", "vt", "-o",
              "other.pem");
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "hallmark-key", "rotate", "--root", "root.json", "--from",
              "authorisation.json", "--retire", "vendor-1.pem", "--key",
              "manifest=other.pem", "--days", "30", "--sign", STORY_ROOT,
              "--pin", "file:root.pin", "--softhsm", "rt", "-o",
              "authorisation.json", "--force");
    assert_run(&r, 0, "");
    run(s, &r, "", args, NULL);
    assert_run(&r, 1, "trust.key.retired");
    run(s, &r, "", args, "--json");
    assert_run(&r, 1, "trust.key.retired");
    assert_non_null(strstr(hm_run_out(&r), "\"result\": \"not-run\""));
    assert_non_null(
        strstr(hm_run_out(&r), "\"reason\": \"trust.key.retired\""));
}

/* What the module says of the token, bent by a module of the tests. */
static const struct {
    const char *fault;
    int status;
    const char *reason;
    const char *line;
} faults[] = {
    {"HM_FAULT=none", 0, "", "\npass     PIN            the token would take"},
    {"HM_FAULT=flags=0x10000", 0, "", "\nwarn     PIN            a wrong PIN"},
    {"HM_FAULT=flags=0x20000", 4, "hsm.pin.final", "\nfail     PIN "},
    {"HM_FAULT=flags=0x40000", 4, "hsm.pin.locked", "\nfail     PIN "},
    {"HM_FAULT=C_GetMechanismInfo=0x70", 4, "hsm.mechanism.missing",
     "\nfail     mechanism "},
    {"HM_FAULT=C_Initialize=0x5", 4, "hsm.call.failed", "fail     module "},
};

static void the_state_of_the_token_is_told_without_a_try(void **state)
{
    static const char *const args[ARGS] = {STORY_VENDOR};
    START(state);

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        HM_OWN(hm_buf) log = HM_BUF_INIT(1u << 20);

        run(s, &r, faults[i].fault, args, NULL);
        assert_run(&r, faults[i].status, faults[i].reason);
        if (strstr(hm_run_out(&r), faults[i].line) == NULL)
            fail_msg("%s: no '%s' in:\n%s", faults[i].fault, faults[i].line,
                     hm_run_out(&r));
        hm_temp_read(&s->temp, "log", &log);
        assert_null(memmem(log.p, log.n, "C_Login", 7));
    }
}

/* --- probe ------------------------------------------------------------------- */

static const struct {
    const char *fault;
    int status;
    const char *reason;
    const char *line;
} probes[] = {
    {"HM_FAULT=none", 0, "", "refused  read the private value"},
    {"HM_FAULT=none", 0, "",
     "\nrefused  wrap with AES_KEY_WRAP_PAD   CKR_KEY_"},
    {"HM_FAULT=none", 0, "", "no proof that it cannot be"},
    {"HM_FAULT=leak", 1, "key.probe.leaked", "leaked   read the private value"},
    {"HM_FAULT=wraps", 1, "key.probe.leaked", "\nleaked   wrap with AES_KEY_"},
    {"HM_FAULT=C_GenerateKey=0x70", 0, "",
     "\nuntried  wrap with AES_KEY_WRAP "},
    {"HM_FAULT=C_WrapKey=0x150", 1, "key.probe.leaked", "CKR_BUFFER_TOO_SMALL"},
    {"HM_FAULT=C_WrapKey=0x32", 0, "", "\nuntried  wrap with AES_CBC_PAD"},
    {"HM_FAULT=C_WrapKey=0x54", 0, "", "\nuntried  wrap with AES_CBC_PAD"},
    {"HM_FAULT=C_GenerateKey=0x70 mute", 1, "key.probe.untried",
     "untried  read the private value"},
};

static void a_key_that_can_be_got_out_is_told(void **state)
{
    START(state);

    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        const char *env[] = {probes[i].fault, NULL};

        key_story_run_env(
            s, &r, env,
            (const char *const[]){"hallmark-key", "probe", STORY_VENDOR,
                                  "--softhsm", "vt", "--pin", "file:vendor.pin",
                                  "--module", HM_FAULT_MODULE, NULL});
        assert_run(&r, probes[i].status, probes[i].reason);
        if (strstr(hm_run_out(&r), probes[i].line) == NULL)
            fail_msg("%s: no '%s' in:\n%s", probes[i].fault, probes[i].line,
                     hm_run_out(&r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trouble_has_its_line),
        cmocka_unit_test(the_state_of_the_token_is_told_without_a_try),
        cmocka_unit_test(a_key_that_can_be_got_out_is_told),
        cmocka_unit_test(a_key_that_was_retired_is_no_key_to_sign_with),
    };

    return cmocka_run_group_tests_name("hallmark-key doctor", tests, make,
                                       unmake);
}
