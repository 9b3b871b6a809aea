/* What does not come into force: whatever is not asked for and signed so; and
 * nothing is left half-written. */
#include "key_ceremony.h"

#include "hm_test.h"

#include <sys/stat.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- what is not applied -------------------------------------------------------- */

/* Beside the signatures of rot.json: same.sig is a copy of rot-a.sig, other.sig
 * stranger's, first-b.sig is over another document. */
static const struct {
    const char *sig[4];
    int status;
    const char *reason;
} counted[] = {
    {{"rot-a.sig"}, 1, "trust.authorisation.signature"},
    {{"rot-a.sig", "rot-a.sig"}, 1, "trust.authorisation.signature"},
    {{"rot-a.sig", "same.sig"}, 1, "trust.authorisation.signature"},
    {{"rot-a.sig", "other.sig"}, 1, "trust.authorisation.signature"},
    {{"rot-a.sig", "first-b.sig"}, 1, "trust.authorisation.signature"},
    {{"first-a.sig", "first-b.sig"}, 1, "trust.authorisation.signature"},
    {{"rot-a.sig", "rot-b.sig", "garbage"}, 1, "trust.signature.malformed"},
    {{"rot-a.sig", "rot-b.sig", "root.json"}, 1, "base.buf.limit"},
    {{"rot-a.sig", "none.sig"}, 3, "base.file.open"},
    {{"rot-a.sig", "same.sig", "other.sig", "rot-b.sig"}, 0, ""},
};

static void keys_are_counted_and_not_files(void **state)
{
    START(state);
    HM_OWN(hm_buf) before = HM_BUF_INIT(REQUEST_MAX);

    ceremony_first(s);
    ceremony_rotation(s);
    hm_temp_read(&s->temp, AUTHORISATION, &before);
    SH("cp rot-a.sig same.sig; echo garbage > garbage\n"
       "openssl dgst -sha256 -sign stranger.key -out other.sig bytes");
    assert_run(&r, 0, "");
    for (size_t i = 0; i < COUNT(counted); i++) {
        const char *const *sig = counted[i].sig;

        KEY(APPLY, sig[0], sig[1], sig[2], sig[3]);
        assert_run(&r, counted[i].status, counted[i].reason);
        if (counted[i].status != 0)
            ceremony_assert_untouched(s, hm_buf_view(&before));
    }
    assert_non_null(strstr(hm_run_err(&r), "2 of 4 signatures are copies"));
    ceremony_assert_in_force(s, "root-b.pem");
    assert_int_equal(key_story_count(s, ".", AUTHORISATION), 3);
}

static void a_change_of_what_is_no_longer_in_force_is_stale(void **state)
{
    START(state);
    HM_OWN(hm_buf) before = HM_BUF_INIT(REQUEST_MAX);

    ceremony_first(s);
    KEY(EXTEND, "-o", "late.json");
    assert_run(&r, 0, "");
    ceremony_sign(s, "late");
    ceremony_rotation(s);
    KEY("review", "late.json", "--root", "root.json", FROM);
    assert_run(&r, 0, "");
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, AUTHORISATION, &before);
    KEY("review", "late.json", "--root", "root.json", FROM);
    assert_run(&r, 1, "key.request.stale");
    KEY("review", "late.json", "--root", "root.json");
    assert_run(&r, 0, "");
    KEY("apply", "late.json", "--root", "root.json", FROM, "late-a.sig",
        "late-b.sig");
    assert_run(&r, 1, "key.request.stale");
    KEY("apply", "first.json", "--root", "root.json", FROM, "first-a.sig",
        "first-b.sig");
    assert_run(&r, 1, "key.request.stale");
    ceremony_assert_untouched(s, hm_buf_view(&before));
}

static void another_root_json_is_refused(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    KEY("root-export", "--threshold", "1", "--vendor", "acme", "--key",
        "a=root-1.pem", "--key", "b=root-b.pem", "-o", "weak.json");
    assert_run(&r, 0, "");
    KEY("review", "rot.json", "--root", "weak.json");
    assert_run(&r, 1, "request.root.differs");
    SIGN("rot.json", ROOT_A, "--root", "weak.json");
    assert_run(&r, 1, "request.root.differs");
    KEY("apply", "rot.json", "--root", "weak.json", FROM, "rot-a.sig");
    assert_run(&r, 1, "request.root.differs");
    KEY("apply", "rot.json", "--root", "rot.json", FROM, "rot-a.sig");
    assert_run(&r, 2, "json.format");
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 0, "");
}

static const struct {
    const char *edit; /* of sed */
    int status;
    const char *reason;
} edits[] = {
    {"s/SEC-1/SEC-2/", 0, ""},
    {"s/R. Manager/R. Janitor/", 0, ""},
    {"s/authorisation 2 of/authorisation 3 of/", 1, "request.words.differ"},
    {"s/\"after\": \"2\"/\"after\": \"3\"/", 1, "request.words.differ"},
    {"s/Nothing is known/Enough is known/", 1, "request.words.differ"},
    {"s/\"act\": \"rotate\"/\"act\": \"authorise\"/", 1, "request.act.differs"},
    {"s/hallmark-request.1/hallmark-request\\/2/", 1, "json.format"},
    {"s/\"threshold\": 2/\"threshold\": 1/", 1, "request.words.differ"},
};

static void edited_words_are_shown_signed_and_applied_by_nobody(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    for (size_t i = 0; i < COUNT(edits); i++) {
        STORY_RUN(s, &r, "/bin/sed", "-i.orig", edits[i].edit, "rot.json");
        assert_run(&r, 0, "");
        KEY("review", "rot.json", "--root", "root.json");
        assert_run(&r, edits[i].status, edits[i].reason);
        KEY(APPLY, ROT_SIGNED, "-n");
        assert_run(&r, edits[i].status, edits[i].reason);
        SIGN("rot.json", ROOT_A, "-o", "x.sig", "-f");
        if (edits[i].status == 0)
            assert_run(&r, 0, "");
        else
            assert_int_equal(r.status, 1);
        assert_int_equal(key_story_has(s, "x.sig"), edits[i].status == 0);
        SH("rm -f x.sig && mv rot.json.orig rot.json");
    }
}

static void a_request_comes_from_standard_input_as_well(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    SH("\"$0\" review - --root root.json --from authorisation.json < rot.json\n"
       "\"$0\" apply - --root root.json --from authorisation.json \\\n"
       "    rot-a.sig rot-b.sig < rot.json",
       HM_BIN "/hallmark-key");
    assert_run(&r, 0, "");
    ceremony_assert_in_force(s, "root-b.pem");
}

static void wrong_calls_of_review_and_apply_are_refused(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    KEY("review", "--root", "root.json");
    assert_run(&r, 2, "cli.operand.missing");
    KEY("review", "rot.json");
    assert_run(&r, 2, "cli.option.missing");
    KEY("review", "root.json", "--root", "root.json");
    assert_run(&r, 1, "json.format");
    KEY("review", "none.json", "--root", "root.json");
    assert_run(&r, 3, "base.file.open");
    KEY("apply", "rot.json", "--root", "root.json", FROM);
    assert_run(&r, 2, "cli.operand.missing");
    KEY("apply", "rot.json", "--root", "root.json", ROT_SIGNED);
    assert_run(&r, 2, "cli.option.missing");
    KEY("apply", "rot.json", "--root", "root.json", "-o", "new.json",
        ROT_SIGNED);
    assert_run(&r, 2, "cli.option.missing");
    KEY(APPLY, "1", "2", "3", "4", "5", "6", "7", "8", "9");
    assert_run(&r, 2, "cli.operand.extra");
    assert_false(key_story_has(s, "new.json"));
    KEY(APPLY, "-o", "new.json", ROT_SIGNED);
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-b.pem", "new.json.sig.2", "new.json");
}

/* --- nothing half-written ---------------------------------------------------------- */

static void nothing_is_written_by_a_dry_run(void **state)
{
    START(state);
    HM_OWN(hm_buf) before = HM_BUF_INIT(REQUEST_MAX);

    ceremony_first(s);
    ceremony_rotation(s);
    hm_temp_read(&s->temp, AUTHORISATION, &before);
    KEY(EXTEND, "-o", "x.json", "--dry-run");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "would write x.json"));
    assert_false(key_story_has(s, "x.json"));
    KEY(APPLY, ROT_SIGNED, "--dry-run");
    assert_run(&r, 0, "");
    ceremony_assert_untouched(s, hm_buf_view(&before));
    KEY(APPLY, "rot-a.sig", "--dry-run");
    assert_run(&r, 1, "trust.authorisation.signature");
}

static void what_exists_is_not_overwritten(void **state)
{
    START(state);

    KEY(FIRST, "-o", "first.json");
    assert_run(&r, 0, "");
    ceremony_sign(s, "first");
    KEY(FIRST, "-o", "first.json");
    assert_run(&r, 2, "base.out.exists");
    KEY(FIRST, "-o", "root.json");
    assert_run(&r, 2, "base.out.exists");
    key_story_write(s, "here.json", "precious\n");
    KEY("apply", "first.json", "--root", "root.json", "-o", "here.json",
        "first-a.sig", "first-b.sig");
    assert_run(&r, 2, "base.out.exists");
    key_story_write(s, "there.json.sig.8", "precious\n");
    KEY("apply", "first.json", "--root", "root.json", "-o", "there.json",
        "first-a.sig", "first-b.sig");
    assert_run(&r, 2, "base.out.exists");
    assert_false(key_story_has(s, "there.json"));
    assert_false(key_story_has(s, "here.json.sig"));
    assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
}

/* --from allows that it is replaced, and nothing else. */
static void another_output_is_not_replaced_either(void **state)
{
    START(state);
    HM_OWN(hm_buf) here = HM_BUF_INIT(REQUEST_MAX);
    HM_OWN(hm_buf) before = HM_BUF_INIT(REQUEST_MAX);

    ceremony_first(s);
    ceremony_rotation(s);
    hm_temp_read(&s->temp, AUTHORISATION, &before);
    key_story_write(s, "here.json", "precious\n");
    KEY(APPLY, "-o", "here.json", ROT_SIGNED);
    assert_run(&r, 2, "base.out.exists");
    hm_temp_read(&s->temp, "here.json", &here);
    assert_bytes_equal(hm_buf_view(&here), HM_LIT("precious\n"));
    KEY(APPLY, "-o", "-", ROT_SIGNED);
    assert_run(&r, 2, "cli.option.value");
    assert_int_equal(key_story_count(s, ".", "-"), 0);
    ceremony_assert_untouched(s, hm_buf_view(&before));
    KEY(APPLY, "-o", AUTHORISATION, ROT_SIGNED);
    assert_run(&r, 0, "");
    ceremony_assert_in_force(s, "root-b.pem");
}

static void a_full_disk_leaves_what_was_in_force(void **state)
{
    START(state);
    HM_OWN(hm_buf) before = HM_BUF_INIT(REQUEST_MAX);
    const struct hm_run_how full = {.cwd = s->temp.path, .file_size_max = 900};

    ceremony_first(s);
    ceremony_rotation(s);
    hm_temp_read(&s->temp, AUTHORISATION, &before);
    HM_RUN(&r, &full, "hallmark-key", EXTEND, "-o", "x.json");
    assert_run(&r, 3, "base.file.write");
    assert_false(key_story_has(s, "x.json"));
    HM_RUN(&r, &full, "hallmark-key", "review", "rot.json", "--root",
           "root.json", "-o", "x.json");
    assert_run(&r, 3, "base.file.write");
    assert_false(key_story_has(s, "x.json"));
    HM_RUN(&r, &full, "hallmark-key", APPLY, ROT_SIGNED);
    assert_run(&r, 3, "base.file.write");
    ceremony_assert_untouched(s, hm_buf_view(&before));
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 0, "");
}

static void a_read_only_folder_stays_as_it_is(void **state)
{
    START(state);
    HM_OWN(hm_buf) before = HM_BUF_INIT(REQUEST_MAX);

    ceremony_first(s);
    ceremony_rotation(s);
    hm_temp_read(&s->temp, AUTHORISATION, &before);
    assert_int_equal(chmod(s->temp.path, 0555), 0);
    KEY(EXTEND, "-o", "x.json");
    assert_run(&r, 3, "base.out.open");
    SIGN("rot.json", ROOT_A);
    assert_run(&r, 3, "base.out.open");
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 3, "base.out.open");
    assert_int_equal(key_story_count(s, ".", "rot."), 1);
    ceremony_assert_untouched(s, hm_buf_view(&before));
    assert_int_equal(chmod(s->temp.path, 0755), 0);
    KEY(APPLY, ROT_SIGNED);
    assert_run(&r, 0, "");
}

/* What an interruption between the renames can leave: the new document with
 * none of its signatures, or with one and an old one. */
static const char *const interrupted[] = {
    "cp bytes authorisation.json; rm authorisation.json.sig*",
    "cp bytes authorisation.json",
    "cp bytes authorisation.json; cp rot-a.sig authorisation.json.sig",
};

static void an_interrupted_apply_is_finished_by_the_same_call(void **state)
{
    START(state);

    ceremony_first(s);
    ceremony_rotation(s);
    SH("mkdir old && cp authorisation.json* old");
    for (size_t i = 0; i < COUNT(interrupted); i++) {
        SH(interrupted[i]);
        assert_run(&r, 0, "");
        KEY(APPLY, "rot-a.sig");
        assert_run(&r, 1, "trust.authorisation.signature");
        KEY(APPLY, ROT_SIGNED);
        assert_run(&r, 0, "");
        ceremony_assert_in_force(s, "root-b.pem");
        assert_int_equal(key_story_count(s, ".", AUTHORISATION), 3);
        SH("rm authorisation.json* && cp old/* .");
    }
}

static void an_interrupted_first_apply_is_finished_as_well(void **state)
{
    START(state);

    ceremony_first(s);
    SH("rm authorisation.json.sig authorisation.json.sig.2");
    KEY("apply", "first.json", "--root", "root.json", "-o", AUTHORISATION,
        "first-b.sig", "first-a.sig");
    assert_run(&r, 0, "");
    ceremony_assert_in_force(s, "root-b.pem");
}

#define FRESH(test) \
    cmocka_unit_test_setup_teardown(test, ceremony_make, ceremony_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(keys_are_counted_and_not_files),
        FRESH(a_change_of_what_is_no_longer_in_force_is_stale),
        FRESH(another_root_json_is_refused),
        FRESH(edited_words_are_shown_signed_and_applied_by_nobody),
        FRESH(a_request_comes_from_standard_input_as_well),
        FRESH(wrong_calls_of_review_and_apply_are_refused),
        FRESH(nothing_is_written_by_a_dry_run),
        FRESH(what_exists_is_not_overwritten),
        FRESH(another_output_is_not_replaced_either),
        FRESH(a_full_disk_leaves_what_was_in_force),
        cmocka_unit_test_setup_teardown(a_read_only_folder_stays_as_it_is,
                                        ceremony_make_as_nobody,
                                        ceremony_unmake),
        FRESH(an_interrupted_apply_is_finished_by_the_same_call),
        FRESH(an_interrupted_first_apply_is_finished_as_well),
    };

    return cmocka_run_group_tests_name("hallmark-key apply", tests, NULL, NULL);
}
