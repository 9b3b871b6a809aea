#include "evidence_story.h"
#include "hm_test.h"

#include <sys/stat.h>
#include <unistd.h>

static int make_story(void **state)
{
    static struct evidence_story s;

    evidence_story_make(&s);
    *state = &s;
    return 0;
}

static int clear_story(void **state)
{
    evidence_story_clear(*state);
    return 0;
}

static void sh(const struct evidence_story *s, const char *script)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (evidence_story_sh(s, script, &r) != 0)
        fail_msg("%s: %s", script, hm_run_err(&r));
}

/* ---- the second line: signatures, when the list was made anew --------------- */

/* What a forger does who knows the list: digest everything again. */
#define RESEAL                                                     \
    "cd forged && cut -c67- SHA256SUMS | while read -r f; do "     \
    "sha256sum \"$f\"; done >../list && mv ../list SHA256SUMS && " \
    "new=$(sha256sum <SHA256SUMS) && "                             \
    "sed -i \"s/^pack [0-9a-f]*/pack ${new%% *}/\" verify.sh && "  \
    "sh ./verify.sh"

static void assert_forgery(const struct evidence_story *s, const char *act,
                           const char *why)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    sh(s, "rm -rf forged && cp -r pack forged");
    sh(s, act);
    assert_int_not_equal(evidence_story_sh(s, RESEAL, &r), 0);
    if (!strstr(hm_run_err(&r), why))
        fail_msg("%s: expected '%s', found: %s", act, why, hm_run_err(&r));
}

#define HISTORY "forged/repository/history/1-2/"
#define RELEASE "forged/repository/releases/1.0.1/"

static void signatures_hold_where_digests_were_made_anew(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    evidence_story_build(s, "pack");
    sh(s, "rm -rf forged && cp -r pack forged");
    assert_int_equal(evidence_story_sh(s, RESEAL, &r), 0);
    assert_forgery(s, "sed -i s/security/routine/ " HISTORY "manifest.json",
                   "is not the signature of key");
    assert_forgery(
        s, "sed -i s/thermostat/bathermost/ " HISTORY "authorisation.json",
        "is not the signature of key");
    assert_forgery(s,
                   "cp forged/repository/history/1-1/manifest.json.sig " HISTORY
                   "manifest.json.sig",
                   "is not the signature of key");
    assert_forgery(s,
                   "rm " HISTORY "authorisation.json.sig.2 && "
                   "cp " HISTORY "authorisation.json.sig " HISTORY
                   "authorisation.json.sig.2",
                   "is not the signature of key");
    assert_forgery(s,
                   "echo more >>" RELEASE "artefacts/thermostat-1.0.1.tar.gz",
                   "is not the file with SHA-256");
    assert_forgery(s, "echo more >>" RELEASE "index.json",
                   "is not the file with SHA-256");
    assert_forgery(s,
                   "sed -i 's/\"threshold\": 2/\"threshold\": 1/' "
                   "forged/trust/root.json",
                   "is not the file with SHA-256");
}

static void statements_hold_where_digests_were_made_anew(void **state)
{
    const struct evidence_story *s = *state;

    assert_forgery(s, "echo >>forged/statements/1.0.1/provenance.json",
                   "is not the payload of");
    assert_forgery(s,
                   "cp forged/statements/1.0.0/provenance.1.sig "
                   "forged/statements/1.0.1/provenance.1.sig",
                   "is not the signature of");
    assert_forgery(s,
                   "cp forged/repository/releases/1.0.0/attestations/* " RELEASE
                   "attestations/",
                   "is not the file with SHA-256");
}

static void keys_hold_where_digests_were_made_anew(void **state)
{
    const struct evidence_story *s = *state;

    assert_forgery(s,
                   "set -- forged/trust/keys/*.pem && cp \"$2\" \"$1\" && "
                   "cp \"$3\" \"$2\"",
                   "has another key id");
    assert_forgery(s, "sed -i '/^by /d; /^attested /d' forged/verify.sh",
                   "root signatures, needs 2");
    assert_forgery(s, "sed -i '/^attested /d' forged/verify.sh", "instead of");
    assert_forgery(s, "sed -i '/^root /{p;}' forged/verify.sh", "instead of");
}

/* ---- what gives no pack ------------------------------------------------------- */

static void assert_no_pack(const struct evidence_story *s, const char *act,
                           const char *reason)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    sh(s, "rm -rf kept && cp -a repository kept");
    sh(s, act);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "build", "repository", "--root",
                 "root.json", "-o", "none");
    assert_run(&r, 1, reason);
    sh(s, "test ! -e none && test ! -e .none.hallmark-partial && "
          "rm -rf repository && mv kept repository");
}

static void a_broken_repository_gives_no_pack(void **state)
{
    const struct evidence_story *s = *state;

    assert_no_pack(
        s,
        "echo x >>repository/releases/1.0.0/artefacts/thermostat-1.0.0.tar.gz",
        "release.file.size");
    assert_no_pack(
        s, "rm repository/releases/1.0.0/artefacts/thermostat-1.0.0.tar.gz",
        "base.file.open");
    assert_no_pack(s, "rm repository/releases/1.0.1/sbom/*", "base.file.open");
    assert_no_pack(s, "echo x >>repository/releases/1.0.1/records/release.json",
                   "release.file.size");
    assert_no_pack(s, "echo x >repository/releases/1.0.0/extra",
                   "release.file.stranger");
    assert_no_pack(s, "echo >>repository/history/1-2/manifest.json",
                   "trust.manifest.signature");
    assert_no_pack(s, "echo >>repository/history/1-1/authorisation.json",
                   "trust.authorisation.signature");
    assert_no_pack(s, "rm -r repository/releases/1.0.0",
                   "evidence.history.release");
    assert_no_pack(s,
                   "cp -r repository/releases/1.0.1 "
                   "repository/releases/1.0.5",
                   "evidence.history.release");
    assert_no_pack(s, "echo x >repository/history/1-1/note",
                   "evidence.repository.stranger");
    assert_no_pack(s, "echo x >repository/roots/other.json",
                   "evidence.repository.stranger");
    assert_no_pack(s, "rm -r repository/history/* repository/releases/*",
                   "evidence.repository.empty");
}

/* ---- what was withheld ---------------------------------------------------- */

static bool holds(const struct evidence_story *s, const char *name,
                  const char *text)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(1u << 24);

    hm_temp_read(&s->temp, name, &bytes);
    return memmem(bytes.p, bytes.n, text, strlen(text)) != NULL;
}

#define WITHHELD "repository/releases/1.0.1/records"

static void withheld_records_are_listed_by_digest(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    sh(s, "cp -a repository kept && rm -r " WITHHELD);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "build", "repository", "--root",
                 "root.json", "-o", "public", "--json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "warning: 1 private file"));
    assert_non_null(strstr(hm_run_out(&r), "\"withheld\": 1"));
    assert_true(holds(s, "public/index.json",
                      "\"withheld\": [\n        \"records/release.json\"\n"));
    assert_true(holds(s, "public/index.json", "release.file.withheld"));
    assert_true(holds(s, "public/index.json",
                      "\"status\": \"absent\",\n          \"reason\": "
                      "\"private files of a release were withheld"));
    assert_true(holds(s, "public/index.html", "withheld from this copy"));
    hm_run_clear(&r);
    assert_int_equal(evidence_story_sh(s, "sh public/verify.sh", &r), 0);
    assert_non_null(strstr(hm_run_out(&r), "withheld   1 digests"));
    assert_non_null(strstr(hm_run_out(&r), "YES: "));
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "public", "--root",
                 "root.json");
    assert_run(&r, 0, "");
    sh(s, "rm -rf repository && mv kept repository");
}

/* A pack from which someone withholds more, everything digested again. */
static void nothing_else_can_be_withheld_from_a_pack(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    sh(s, "rm -rf forged && cp -r public forged");
    sh(s, "rm -r forged/repository/releases/1.0.0/records && "
          "sed -i '/1.0.0.records/d' forged/SHA256SUMS");
    assert_int_not_equal(evidence_story_sh(s, RESEAL, &r), 0);
    assert_non_null(strstr(hm_run_err(&r), "records/release.json is missing"));
}

static void a_history_out_of_order_gives_no_pack(void **state)
{
    const struct evidence_story *s = *state;

    assert_no_pack(s, "mv repository/history/1-2 repository/history/1-3",
                   "evidence.history.order");
    assert_no_pack(s,
                   "cd repository/history && mv 1-1 x && mv 1-2 1-1 && "
                   "mv x 1-2",
                   "evidence.history.order");
}

/* A history that hallmark-publish would not have made, rightly signed. */
static void assert_no_pack_of(const struct evidence_story *s,
                              const struct maker_plan *plan, const char *reason)
{
    sh(s, "rm -rf made");
    maker_release(&s->maker, hm_temp_path(&s->temp, "made"), plan);
    assert_no_pack(s,
                   "mkdir repository/history/1-3 && cp made/*.json "
                   "made/*.json.sig* repository/history/1-3/ && rm "
                   "repository/history/1-3/index.json && "
                   "cp -r made repository/releases/1.0.2",
                   reason);
}

static void again_in_force(struct hm_authorisation *a, void *context)
{
    const struct evidence_story *s = context;

    hm_authorised_key_clear(&a->retired[0].entry);
    a->retired_n = 0;
    maker_authorise(&s->maker, a, MAKER_RETIRED, HM_ROLE_MANIFEST,
                    "thermostat");
}

static void a_wrong_step_in_the_history_gives_no_pack(void **state)
{
    struct evidence_story *s = *state;
    const struct maker_plan plain = {.version = "1.0.2",
                                     .sequence = 3,
                                     .authorisation_sequence = 2,
                                     .time = MAKER_TIME + 60};
    struct maker_plan p = plain;

    p.rollback_counter = 1;
    assert_no_pack_of(s, &p, "evidence.history.rollback");
    p = plain;
    p.time = MAKER_TIME - 60;
    assert_no_pack_of(s, &p, "evidence.history.order");
    p = plain;
    p.authorisation_sequence = 1;
    assert_no_pack_of(s, &p, "evidence.history.order");
    p = plain;
    p.product = "boiler";
    assert_no_pack_of(s, &p, "evidence.repository.product");
    p = plain;
    p.manifest.n = 1;
    p.manifest.key[0] = MAKER_RETIRED;
    p.context = s;
    p.edit_authorisation = again_in_force;
    assert_no_pack_of(s, &p, "evidence.key.retired");
}

static void one_step_more_gives_a_pack(void **state)
{
    const struct evidence_story *s = *state;
    const struct maker_plan plan = {.version = "1.0.2",
                                    .sequence = 3,
                                    .authorisation_sequence = 2,
                                    .time = MAKER_TIME + 60};

    sh(s, "rm -rf made kept && cp -a repository kept");
    maker_release(&s->maker, hm_temp_path(&s->temp, "made"), &plan);
    evidence_story_serve(s, "made", "1-3");
    sh(s, "cp -r made repository/releases/1.0.2");
    evidence_story_build(s, "three");
    assert_int_equal(evidence_story_verify(s, "three"), 0);
    sh(s, "rm -rf repository && mv kept repository");
}

static void stolen(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->retired[0].reason = HM_COMPROMISED;
}

/* Rotated first, found stolen later: nothing shows when it signed 1.0.0. */
static void a_key_found_stolen_leaves_its_row_unproven(void **state)
{
    const struct evidence_story *s = *state;
    const struct maker_plan plan = {.version = "1.0.2",
                                    .sequence = 3,
                                    .authorisation_sequence = 3,
                                    .time = MAKER_TIME + 60,
                                    .edit_authorisation = stolen};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    sh(s, "rm -rf made kept && cp -a repository kept");
    maker_release(&s->maker, hm_temp_path(&s->temp, "made"), &plan);
    evidence_story_serve(s, "made", "1-3");
    sh(s, "cp -r made repository/releases/1.0.2");
    evidence_story_build(s, "stolen");
    assert_int_equal(evidence_story_verify(s, "stolen"), 0);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "diff", "three", "stolen");
    assert_run(&r, 1, "evidence.pack.differs");
    assert_non_null(strstr(hm_run_out(&r),
                           "changed  evidence authorised-release/public-keys  "
                           "from proven  to absent"));
    sh(s, "grep -q 'retired: compromised' stolen/index.html && "
          "rm -rf repository && mv kept repository");
}

/* The root retired it a day before; the release still came with the
 * authorisation of before that, which hallmark-publish had served last. */
static void a_retirement_taken_up_late_leaves_its_row_unproven(void **state)
{
    struct evidence_story *s = *state;
    const struct maker_plan late = {
        .time = MAKER_TIME - MAKER_DAY / 2,
        .rollback_counter = 1,
        .manifest = {.n = 1, .key = {MAKER_RETIRED}},
        .context = s,
        .edit_authorisation = again_in_force};
    const struct maker_plan next = {
        .version = "1.0.2", .sequence = 2, .authorisation_sequence = 2};

    sh(s, "rm -rf late next kept && mv repository kept");
    maker_release(&s->maker, hm_temp_path(&s->temp, "late"), &late);
    maker_release(&s->maker, hm_temp_path(&s->temp, "next"), &next);
    evidence_story_serve(s, "late", "1-1");
    evidence_story_serve(s, "next", "1-2");
    sh(s, ": >repository/.hallmark-repository && mkdir repository/releases && "
          "mv late repository/releases/1.0.1 && "
          "mv next repository/releases/1.0.2");
    evidence_story_build(s, "unproven");
    assert_int_equal(evidence_story_verify(s, "unproven"), 0);
    sh(s, "grep -q 'under the authorisation before that' unproven/index.html "
          "&& rm -rf repository && mv kept repository");
}

/* The way out when somebody has run up time and sequence of an epoch. */
static void a_higher_epoch_may_begin_at_an_earlier_time(void **state)
{
    const struct evidence_story *s = *state;
    const struct maker_plan plan = {.version = "1.0.2",
                                    .epoch = 2,
                                    .authorisation_sequence = 3,
                                    .time = MAKER_TIME - MAKER_DAY / 2};

    sh(s, "rm -rf made kept && cp -a repository kept");
    maker_release(&s->maker, hm_temp_path(&s->temp, "made"), &plan);
    evidence_story_serve(s, "made", "2-1");
    sh(s, "cp -r made repository/releases/1.0.2");
    evidence_story_build(s, "epoch");
    assert_int_equal(evidence_story_verify(s, "epoch"), 0);
    sh(s, "rm -rf repository && mv kept repository");
}

/* ---- wrong calls, and a world that fails ---------------------------------------- */

static void assert_build(const struct evidence_story *s, int status,
                         const char *reason, const char *const argv[])
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    const struct hm_run_how how = {.cwd = s->temp.path};

    hm_run(&r, &how, argv);
    assert_run(&r, status, reason);
}
#define BUILD(s, status, reason, ...)                                \
    assert_build((s), (status), (reason),                            \
                 (const char *const[]){"hallmark-evidence", "build", \
                                       __VA_ARGS__, NULL})

static void a_wrong_call_says_what_is_wrong(void **state)
{
    const struct evidence_story *s = *state;

    hm_temp_write(&s->temp, "bad name.txt", "x");
    hm_temp_write(&s->temp, "in/log", "x");
    hm_temp_write(&s->temp, "mine/file", "x");
    BUILD(s, 2, "evidence.attach.syntax", "repository", "-r", "root.json", "-o",
          "o", "-a", "in/log");
    BUILD(s, 2, "evidence.attach.kind", "repository", "-r", "root.json", "-o",
          "o", "-a", "diary=in/log");
    BUILD(s, 2, "evidence.attach.name", "repository", "-r", "root.json", "-o",
          "o", "-a", "sca=bad name.txt");
    BUILD(s, 2, "evidence.attach.twice", "repository", "-r", "root.json", "-o",
          "o", "-a", "sca=in/log", "-a", "sca=in/log");
    BUILD(s, 2, "evidence.pack.name", "repository", "-r", "root.json", "-o",
          "..");
    BUILD(s, 2, "base.out.exists", "repository", "-r", "root.json", "-o",
          "mine");
    BUILD(s, 2, "base.out.exists", "repository", "-r", "root.json", "-o",
          "mine", "--force");
    BUILD(s, 1, "release.repository.stranger", "mine", "-r", "root.json", "-o",
          "o");
    BUILD(s, 2, "json.format", "repository", "-r", "in/log", "-o", "o");
    BUILD(s, 3, "base.file.open", "repository", "-r", "gone.json", "-o", "o");
    BUILD(s, 3, "base.file.open", "repository", "-r", "root.json", "-o", "o",
          "-a", "sca=in/gone");
    BUILD(s, 3, "base.dir.open", "gone", "-r", "root.json", "-o", "o");
    BUILD(s, 0, "", "repository", "-r", "root.json", "-o", "o", "--dry-run");
    sh(s, "test ! -e o && test -e mine/file");
}

static void the_time_comes_from_the_environment_or_the_manifest(void **state)
{
    static const char *const env[] = {"SOURCE_DATE_EPOCH=1800000000", NULL};
    static const char *const bad[] = {"SOURCE_DATE_EPOCH=yesterday", NULL};
    const struct evidence_story *s = *state;
    struct hm_run_how how = {.cwd = s->temp.path, .env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &how, "hallmark-evidence", "build", "repository", "-r",
           "root.json", "-o", "dated");
    assert_run(&r, 0, "");
    sh(s, "grep -q '\"as_of\": \"2027-01-15T08:00:00Z\"' dated/index.json && "
          "grep -q '\"as_of\": \"2026-05-12T08:00:00Z\"' pack/index.json");
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "dated");
    assert_run(&r, 0, "");
    hm_run_clear(&r);
    how.env = bad;
    HM_RUN(&r, &how, "hallmark-evidence", "build", "repository", "-r",
           "root.json", "-o", "o");
    assert_run(&r, 2, "base.time.epoch");
}

static void a_full_disk_leaves_nothing(void **state)
{
    const struct evidence_story *s = *state;
    const struct hm_run_how how = {.cwd = s->temp.path, .file_size_max = 2000};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &how, "hallmark-evidence", "build", "repository", "-r",
           "root.json", "-o", "o");
    assert_run(&r, 3, "base.file.write");
    sh(s, "test ! -e o && test ! -e .o.hallmark-partial");
}

static void a_folder_that_cannot_be_written_says_so(void **state)
{
    const struct evidence_story *s = *state;
    const struct hm_run_how how = {.cwd = s->temp.path,
                                   .drop_to_uid = geteuid() ? 0 : 65534};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    sh(s, "mkdir locked && chmod 555 locked && chmod 755 .");
    HM_RUN(&r, &how, "hallmark-evidence", "build", "repository", "-r",
           "root.json", "-o", "locked/o");
    assert_run(&r, 3, "evidence.pack.write");
}

static void what_a_killed_run_left_is_cleared(void **state)
{
    const struct evidence_story *s = *state;

    hm_temp_write(&s->temp, ".late.hallmark-partial/deep/half", "x");
    evidence_story_build(s, "late");
    assert_int_equal(evidence_story_verify(s, "late"), 0);
    sh(s, "test ! -e .late.hallmark-partial");
}

static void a_pack_inside_the_repository_is_refused(void **state)
{
    static const char *const names[] = {"repository/evidence",
                                        "repository/releases/evidence"};
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    for (size_t i = 0; i < 2; i++) {
        EVIDENCE_RUN(s, &r, "hallmark-evidence", "build", "repository",
                     "--root", "root.json", "-o", names[i]);
        assert_run(&r, 2, "evidence.pack.inside");
        assert_non_null(strstr(hm_run_err(&r), "next: name a folder outside"));
        assert_int_not_equal(access(hm_temp_path(&s->temp, names[i]), F_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_inside_the_repository_is_refused),
        cmocka_unit_test(signatures_hold_where_digests_were_made_anew),
        cmocka_unit_test(statements_hold_where_digests_were_made_anew),
        cmocka_unit_test(keys_hold_where_digests_were_made_anew),
        cmocka_unit_test(a_broken_repository_gives_no_pack),
        cmocka_unit_test(withheld_records_are_listed_by_digest),
        cmocka_unit_test(nothing_else_can_be_withheld_from_a_pack),
        cmocka_unit_test(a_history_out_of_order_gives_no_pack),
        cmocka_unit_test(a_wrong_step_in_the_history_gives_no_pack),
        cmocka_unit_test(one_step_more_gives_a_pack),
        cmocka_unit_test(a_key_found_stolen_leaves_its_row_unproven),
        cmocka_unit_test(a_retirement_taken_up_late_leaves_its_row_unproven),
        cmocka_unit_test(a_higher_epoch_may_begin_at_an_earlier_time),
        cmocka_unit_test(a_wrong_call_says_what_is_wrong),
        cmocka_unit_test(the_time_comes_from_the_environment_or_the_manifest),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(a_folder_that_cannot_be_written_says_so),
        cmocka_unit_test(what_a_killed_run_left_is_cleared),
    };

    return cmocka_run_group_tests(tests, make_story, clear_story);
}
