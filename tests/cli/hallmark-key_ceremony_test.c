/* The record of a ceremony: who signs it, and what it is believed for. */
#include "key_ceremony.h"

#include "hm_test.h"

#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define RECORD "record.json"
#define MADE   "--root", "root.json", "--authorisation", AUTHORISATION
#define WHO_A  "--who", "A. Officer=root-1.pem"
#define WHO_B  "--who", "B. Officer=root-b.pem"
#define MAKE_FIRST                                                     \
    "ceremony-make", MADE, "--request", "first.json", "-o", RECORD,    \
        "--issue-time", "2100-05-12T08:00:00Z", WHO_A, WHO_B, "--who", \
        "V. Keeper=vendor-1.pem", "--who", "V. Keeper=provenance-1.pem"
#define FIRST_EVIDENCE                                                      \
    "--evidence", "a.json", "--evidence", "b.json", "--evidence", "v.json", \
        "--evidence", "p.json"
#define CHECK "ceremony-check", RECORD, MADE
#define PROVE \
    "--key", STORY_PROVE, "--pin", "file:vendor.pin", "--softhsm", "vt"

/* What hallmark-sign says of the root keys when it signs the request, and what
 * hallmark-key says of the new ones. */
static void first_with_evidence(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    ceremony_first(s);
    SIGN("first.json", ROOT_A, "-f", "--evidence", "a.json");
    assert_run(&r, 0, "");
    SIGN("first.json", ROOT_B, "-f", "--evidence", "b.json");
    assert_run(&r, 0, "");
    SH("for k in vendor-1:v.json provenance-1:p.json; do\n"
       "    \"$0\" show \"pkcs11:token=vendor;object=${k%:*}\" --softhsm vt "
       "\\\n"
       "        --pin file:vendor.pin --json >${k#*:}\n"
       "done\n"
       "\"$0\" show 'pkcs11:token=vendor;object=vendor-1' --softhsm vt \\\n"
       "    --json >public.json",
       HM_BIN "/hallmark-key");
    assert_run(&r, 0, "");
}

static void sign_record(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    SIGN(RECORD, ROOT_A);
    assert_run(&r, 0, "");
    SIGN(RECORD, ROOT_B);
    assert_run(&r, 0, "");
    SIGN(RECORD, VENDOR);
    assert_run(&r, 0, "");
    SIGN(RECORD, PROVE);
    assert_run(&r, 0, "");
}

static void first_record(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    first_with_evidence(s);
    KEY(MAKE_FIRST, FIRST_EVIDENCE);
    assert_run(&r, 0, "");
    sign_record(s);
}

/* --- the whole of it --------------------------------------------------------- */

static void two_roots_and_the_new_keys_sign_a_record_that_is_true(void **state)
{
    START(state);

    first_record(s);
    KEY(CHECK);
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_out(&r), "absent"));
    assert_null(strstr(hm_run_out(&r), "missing"));
    assert_non_null(strstr(hm_run_out(&r), "root, held by A. Officer"));
    assert_non_null(strstr(hm_run_out(&r), "claimed: software yes, local yes"));
    KEY(CHECK, "--json");
    assert_non_null(strstr(hm_run_out(&r), "\"gaps\": []"));
    key_story_openssl(s, "root-1.pem", RECORD ".sig", RECORD);
    key_story_openssl(s, "root-b.pem", RECORD ".sig.2", RECORD);
    key_story_openssl(s, "vendor-1.pem", RECORD ".sig.3", RECORD);
    key_story_openssl(s, "provenance-1.pem", RECORD ".sig.4", RECORD);
    SH("grep -q '\"why\": \"SEC-1\"' record.json\n"
       "m=$(sha256sum /usr/lib/softhsm/libsofthsm2.so)\n"
       "test $(grep -c \"\\\"module_sha256\\\": \\\"${m%% *}\\\"\" "
       "record.json) = 4\n"
       "a=$(sha256sum authorisation.json)\n"
       "grep -q \"\\\"sha256\\\": \\\"${a%% *}\\\"\" record.json");
    assert_run(&r, 0, "");
}

/* Beside record.json, signed by a, b, vendor-1 and provenance-1. */
static const struct {
    const char *edit;
    int status;
    const char *reason;
} signed_by[] = {
    {"rm record.json.sig.3", 1, "ceremony.proof.missing"},
    {"rm record.json.sig.4", 1, "ceremony.proof.missing"},
    {"cp record.json.sig.4 record.json.sig.3", 1, "ceremony.proof.missing"},
    {"rm record.json.sig.2", 1, "ceremony.root.signature"},
    {"cp record.json.sig record.json.sig.2", 1, "ceremony.root.signature"},
    {"cp record.json.sig.3 record.json.sig.2", 1, "ceremony.root.signature"},
    {"rm record.json.sig*", 1, "ceremony.root.signature"},
    {"cp first-b.sig record.json.sig.2", 1, "ceremony.root.signature"},
    {"openssl dgst -sha256 -sign stranger.key -out record.json.sig.2 "
     "record.json",
     1, "ceremony.root.signature"},
    {"openssl dgst -sha256 -sign stranger.key -out record.json.sig.5 "
     "record.json",
     0, ""},
    {"echo garbage >record.json.sig.5", 1, "trust.signature.malformed"},
    {"sed -i s/SEC-1/SEC-2/ record.json", 1, "ceremony.root.signature"},
    {"sed -i s/products/produces/ authorisation.json", 1,
     "ceremony.after.differs"},
    {"rm authorisation.json.sig.2", 1, "trust.authorisation.signature"},
    {"cp authorisation.json record.json; cp authorisation.json.sig "
     "record.json.sig; cp authorisation.json.sig.2 record.json.sig.2",
     1, "json.format"},
};

static void what_is_missing_or_another_is_a_no(void **state)
{
    START(state);

    first_record(s);
    SH("mkdir kept && cp record.json* authorisation.json* kept");
    for (size_t i = 0; i < COUNT(signed_by); i++) {
        SH(signed_by[i].edit);
        assert_run(&r, 0, "");
        KEY(CHECK);
        if (r.status != signed_by[i].status)
            fail_msg("%s: %d %s", signed_by[i].edit, r.status, hm_run_err(&r));
        assert_run(&r, signed_by[i].status, signed_by[i].reason);
        SH("rm record.json* authorisation.json* && cp kept/* .");
    }
    KEY(CHECK, FROM);
    assert_run(&r, 1, "ceremony.before.differs");
    SH("rm record.json.sig.4");
    KEY(CHECK, "--json");
    assert_run(&r, 1, "ceremony.proof.missing");
    assert_non_null(strstr(hm_run_out(&r), "\"missing\": \"signature\""));
}

/* --- a rotation, with a key that no module here reaches ------------------------ */

#define MAKE_ROTATION                                                    \
    "ceremony-make", MADE, "--request", "rot.json", "-o", RECORD, WHO_A, \
        WHO_B, "--who", "V. Keeper=v2.pem", "--issue-time",              \
        "2100-05-12T08:00:00Z"
#define BEFORE "--from", "old/authorisation.json"

static void rotation(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    ceremony_first(s);
    ceremony_rotation(s);
    SH("mkdir old && cp authorisation.json* old");
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 0, "");
    KEY(MAKE_ROTATION);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "evidence: absent"));
}

static void a_key_elsewhere_proves_itself_as_well(void **state)
{
    START(state);

    rotation(s);
    SIGN(RECORD, ROOT_A);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "no evidence"));
    SIGN(RECORD, ROOT_B);
    assert_run(&r, 0, "");
    KEY(CHECK, BEFORE);
    assert_run(&r, 1, "ceremony.proof.missing");
    assert_non_null(strstr(hm_run_out(&r), "missing"));
    SIGN(RECORD, "--bytes", "bytes", "-f");
    assert_run(&r, 0, "");
    SH("cmp bytes record.json\n"
       "openssl dgst -sha256 -sign stranger.key -out other bytes\n"
       "openssl dgst -sha256 -sign v2.key -out made bytes");
    assert_run(&r, 0, "");
    SIGN(RECORD, "--attach", "other");
    assert_run(&r, 1, "sign.attach.stranger");
    SIGN(RECORD, "--attach", "made");
    assert_run(&r, 0, "");
    KEY(CHECK, BEFORE);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "evidence of its token: absent"));
    key_story_openssl(s, "v2.pem", RECORD ".sig.3", RECORD);
    KEY(CHECK);
    assert_run(&r, 2, "cli.option.missing");
    KEY(CHECK, FROM);
    assert_run(&r, 1, "ceremony.before.differs");
    KEY("ceremony-check", RECORD, "--root", "root.json", "--authorisation",
        "old/authorisation.json", BEFORE);
    assert_run(&r, 1, "ceremony.after.differs");
    KEY("ceremony-make", MADE, "--request", "first.json", "-o", "x.json", WHO_A,
        WHO_B);
    assert_run(&r, 1, "ceremony.after.differs");
}

static void only_those_who_took_part_sign(void **state)
{
    START(state);

    rotation(s);
    SIGN(RECORD, VENDOR); /* it goes */
    assert_run(&r, 1, "sign.key.stranger");
    SIGN(RECORD, PROVE); /* it stays */
    assert_run(&r, 1, "sign.key.stranger");
    SH("openssl dgst -sha256 -sign root-c.key -out made record.json");
    SIGN(RECORD, "--attach", "made"); /* a root key, and not of this act */
    assert_run(&r, 1, "sign.key.stranger");
    SIGN(RECORD, ROOT_A, "--authorisation", "old/authorisation.json");
    assert_run(&r, 1, "ceremony.after.differs");
    SH("mkdir alone && cp record.json authorisation.json* alone");
    SIGN("alone/record.json", ROOT_A);
    assert_run(&r, 2, "sign.root.missing");
    SIGN(AUTHORISATION, VENDOR);
    assert_run(&r, 1, "sign.key.stranger");
    assert_int_equal(key_story_count(s, ".", RECORD ".sig"), 0);
}

/* --- who, and what their machines said ------------------------------------------- */

static const struct {
    const char *argv[8];
    int status;
    const char *reason;
} makes[] = {
    {{WHO_A, WHO_B}, 2, "ceremony.who.missing"},
    {{WHO_A, WHO_A}, 2, "ceremony.who.twice"},
    {{"--who", "C. Officer=root-c.pem"}, 2, "ceremony.key.stranger"},
    {{"--who", "nobody"}, 2, "key.option.pair"},
    {{"--who", "nobody=none.pem"}, 3, "base.file.open"},
    {{"--who", "\x1b[2J=root-1.pem"}, 2, "request.text.syntax"},
    {{NULL}, 2, "cli.option.missing"},
    {{WHO_A, "--evidence", "a.json", "--evidence", "a.json"},
     2,
     "ceremony.evidence.twice"},
    {{WHO_A, "--evidence", "root.json"}, 2, "json.member.missing"},
    {{WHO_A, "--evidence", "public.json"}, 2, "json.member.missing"},
    {{WHO_A, "--evidence", "none.json"}, 3, "base.file.open"},
    {{WHO_A, "--by", "me"}, 2, "key.ceremony.option"},
    {{WHO_A, "--issue-time", "2020-05-12T08:00:00Z"}, 1, "base.time.backwards"},
};

static void each_call_of_make_has_its_reason(void **state)
{
    static const char *const inputs[] = {"root.json", "authorisation.json",
                                         "first.json", "a.json"};
    START(state);

    first_with_evidence(s);
    for (size_t i = 0; i < COUNT(makes); i++) {
        const char *argv[20] = {"hallmark-key", "ceremony-make", MADE,
                                "--request",    "first.json",    "-o",
                                RECORD};

        memcpy(argv + 10, makes[i].argv, sizeof(makes[i].argv));
        key_story_run(s, &r, argv);
        if (r.status != makes[i].status)
            fail_msg("row %zu: %d %s", i, r.status, hm_run_err(&r));
        assert_run(&r, makes[i].status, makes[i].reason);
        assert_false(key_story_has(s, RECORD));
    }
    KEY(MAKE_FIRST, "--dry-run");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, RECORD));
    KEY(MAKE_FIRST);
    assert_run(&r, 0, "");
    KEY(MAKE_FIRST);
    assert_run(&r, 2, "base.out.exists");
    for (size_t i = 0; i < COUNT(inputs); i++) { /* what is read stays */
        KEY("ceremony-make", MADE, "--request", "first.json", "--issue-time",
            "2100-05-12T08:00:00Z", WHO_A, WHO_B, "--who",
            "V. Keeper=vendor-1.pem", "--who", "V. Keeper=provenance-1.pem",
            FIRST_EVIDENCE, "-fo", inputs[i]);
        assert_run(&r, 2, "key.output.same");
    }
    SIGN(RECORD, ROOT_A);
    KEY(MAKE_FIRST, FIRST_EVIDENCE, "--force");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, RECORD ".sig"));
}

static void evidence_that_is_not_true_is_not_signed(void **state)
{
    START(state);

    first_with_evidence(s);
    SH("sed -i 's/\"module_sha256\": \"..../\"module_sha256\": \"0000/' "
       "a.json");
    KEY(MAKE_FIRST, FIRST_EVIDENCE);
    assert_run(&r, 0, "");
    SIGN(RECORD, ROOT_A);
    assert_run(&r, 1, "sign.evidence.differs");
    assert_false(key_story_has(s, RECORD ".sig"));
    SIGN(RECORD, ROOT_B);
    assert_run(&r, 0, "");
}

static void evidence_is_of_a_key_that_signs_a_document(void **state)
{
    START(state);

    KEY(FIRST, "-o", "first.json");
    SIGN("first.json", ROOT_A, "--evidence", "e.json", "--dry-run");
    assert_run(&r, 2, "sign.way.one");
    SIGN("first.json", "--bytes", "b", "--evidence", "e.json");
    assert_run(&r, 2, "sign.way.one");
    SIGN("first.json", ROOT_A, "--evidence", "-", "-o", "-");
    assert_run(&r, 2, "sign.output.many");
    SIGN("first.json", VENDOR, "--evidence", "e.json");
    assert_run(&r, 1, "sign.key.stranger");
    assert_false(key_story_has(s, "e.json"));
    key_story_write(s, "e.json", "precious\n");
    SIGN("first.json", ROOT_A, "--evidence", "e.json");
    assert_run(&r, 2, "base.out.exists");
    SIGN("first.json", ROOT_A, "-f", "--evidence", "./first.json");
    assert_run(&r, 2, "sign.output.same");
    SIGN("first.json", ROOT_A, "-f", "--evidence", "x.sig", "-o", "x.sig");
    assert_run(&r, 2, "sign.output.same");
    assert_false(key_story_has(s, "x.sig"));
    assert_int_equal(key_story_count(s, ".", "first."), 1);
    SIGN("first.json", ROOT_A, "-f", "--evidence", "e.json");
    assert_run(&r, 0, "");
}

/* --- a number that is left out ---------------------------------------------------- */

static void why_a_number_was_skipped_stands_in_the_record(void **state)
{
    START(state);

    ceremony_first(s);
    SH("mkdir old && cp authorisation.json* old");
    KEY(EXTEND, "-o", "rot.json", "--sequence", "4", "--force", "--skip-reason",
        "3 was signed by mistake");
    assert_run(&r, 0, "");
    ceremony_sign(s, "rot");
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 0, "");
    KEY("ceremony-make", MADE, "--request", "rot.json", WHO_A, WHO_B, "-o",
        RECORD);
    assert_run(&r, 0, "");
    SIGN(RECORD, ROOT_B);
    SIGN(RECORD, ROOT_A);
    KEY(CHECK, BEFORE);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "2 numbers are skipped because: 3 "
                                           "was signed by mistake"));
}

#define DIRECT "ceremony-make", MADE, WHO_A, WHO_B, BEFORE, "-o", RECORD

static void an_act_without_a_request_is_recorded_as_well(void **state)
{
    START(state);

    ceremony_first(s);
    SH("mkdir old && cp authorisation.json* old");
    KEY("authorise", "--root", "root.json", FROM, "--days", "90", "--sequence",
        "3", "--force", "-o", AUTHORISATION);
    assert_run(&r, 2, "key.sequence.reason");
    KEY("authorise", "--root", "root.json", FROM, "--days", "90", "--sequence",
        "3", "--force", "--skip-reason", "2 was signed by mistake", "-o",
        AUTHORISATION);
    assert_run(&r, 0, "");
    SIGN(AUTHORISATION, ROOT_A);
    SIGN(AUTHORISATION, ROOT_B);
    assert_run(&r, 0, "");
    KEY(DIRECT);
    assert_run(&r, 2, "cli.option.missing");
    KEY(DIRECT, "--by", "R. Manager", "--why", "SEC-2");
    assert_run(&r, 1, "request.skip.reason");
    KEY(DIRECT, "--by", "R. Manager", "--why", "SEC-2", "--skip-reason",
        "2 was signed by mistake");
    assert_run(&r, 0, "");
    SIGN(RECORD, ROOT_A);
    SIGN(RECORD, ROOT_B);
    KEY(CHECK, BEFORE);
    assert_run(&r, 0, "");
}

#define FRESH(test) \
    cmocka_unit_test_setup_teardown(test, ceremony_make, ceremony_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(two_roots_and_the_new_keys_sign_a_record_that_is_true),
        FRESH(what_is_missing_or_another_is_a_no),
        FRESH(a_key_elsewhere_proves_itself_as_well),
        FRESH(only_those_who_took_part_sign),
        FRESH(each_call_of_make_has_its_reason),
        FRESH(evidence_that_is_not_true_is_not_signed),
        FRESH(evidence_is_of_a_key_that_signs_a_document),
        FRESH(why_a_number_was_skipped_stands_in_the_record),
        FRESH(an_act_without_a_request_is_recorded_as_well),
    };

    return cmocka_run_group_tests_name("hallmark-key ceremony", tests, NULL,
                                       NULL);
}
