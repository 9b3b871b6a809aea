/* Publishing: what it serves, and refusals that leave everything as it was. */
#include <sys/stat.h>
#include <unistd.h>

#include "hm_test.h"
#include "publish_bench.h"

/* --- what it does ------------------------------------------------------------ */

static void the_first_release_is_served_through_live(void **state)
{
    struct hm_temp t;
    struct hm_release_state s;
    char target[128] = "";

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    bench_read_state(&t, &s);
    assert_true(s.empty);
    bench_publish_ok(&t, "r1");
    assert_true(readlink(hm_temp_path(&t, "repo/live"), target, 127) > 0);
    assert_string_equal(target, "history/1-1");
    bench_same_bytes(&t, "r1/manifest.json", "repo/live/manifest.json");
    bench_same_bytes(&t, "r1/manifest.json.sig", "repo/live/manifest.json.sig");
    assert_true(readlink(hm_temp_path(&t, "repo/manifest.json"), target, 127) >
                0);
    assert_memory_equal(target, "live/manifest.json", 18);
    assert_true(bench_has(&t, "repo/authorisation.json.sig"));
    assert_false(bench_has(&t, "repo/index.json"));
    assert_true(bench_has(&t, "repo/releases/1.0.0/artefacts/a.bin"));
    assert_true(bench_has(&t, "repo/releases/1.0.0/index.json"));
    assert_false(bench_has(&t, "repo/.hallmark-publish"));
    bench_read_state(&t, &s);
    assert_false(s.empty);
    assert_string_equal(s.product, "thermostat");
    assert_string_equal(s.version.text, "1.0.0");
    assert_int_equal(s.sequence, 1);
    assert_string_equal(s.live.folder, "history/1-1");
    hm_temp_clear(&t);
}

static void history_and_releases_only_grow(void **state)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_release_history) history = HM_RELEASE_HISTORY_INIT;
    HM_OWN(hm_names) versions = HM_NAMES_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.9.0", .sequence = 2});
    docs_release(&t, "r2", &(struct docs){.version = "1.10.0", .sequence = 10});
    bench_publish_ok(&t, "r1");
    bench_publish_ok(&t, "r2");
    assert_ok(hm_release_open_repository(&repo, hm_temp_path(&t, "repo"), &e),
              &e);
    assert_ok(hm_release_list_history(&repo, &history, &e), &e);
    assert_int_equal(history.n, 2);
    assert_int_equal(history.served[0].sequence, 2);
    assert_string_equal(history.served[1].folder, "history/1-10");
    assert_ok(hm_release_list_versions(&repo, &versions, &e), &e);
    assert_int_equal(versions.n, 2);
    assert_string_equal(versions.name[0], "1.9.0");
    assert_string_equal(versions.name[1], "1.10.0");
    hm_temp_clear(&t);
}

static void a_renewed_manifest_leaves_the_release_as_it_is(void **state)
{
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    docs_release(
        &t, "again",
        &(struct docs){.version = "1.0.0", .sequence = 2, .later_s = 60});
    bench_publish_ok(&t, "r1");
    assert_ok(bench_publish(&t, "again", &o), &o.e);
    assert_true(o.published.refreshed);
    bench_same_bytes(&t, "r1/manifest.json",
                     "repo/releases/1.0.0/manifest.json");
    bench_same_bytes(&t, "again/manifest.json", "repo/live/manifest.json");
    assert_true(bench_has(&t, "repo/history/1-1"));
    hm_temp_clear(&t);
}

static void a_second_signature_gets_a_link_and_loses_it_again(void **state)
{
    struct hm_temp t;
    struct stat sb;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    docs_release(&t, "r2", &(struct docs){.version = "1.0.1", .sequence = 2});
    docs_release(&t, "r3", &(struct docs){.version = "1.0.2", .sequence = 3});
    hm_temp_write(&t, "r2/manifest.json.sig.2", "second");
    bench_publish_ok(&t, "r1");
    bench_publish_ok(&t, "r2");
    bench_same_bytes(&t, "r2/manifest.json.sig.2", "repo/manifest.json.sig.2");
    bench_publish_ok(&t, "r3");
    assert_int_not_equal(
        lstat(hm_temp_path(&t, "repo/manifest.json.sig.2"), &sb), 0);
    assert_true(bench_has(&t, "repo/history/1-2/manifest.json.sig.2"));
    hm_temp_clear(&t);
}

/* --- what it refuses ----------------------------------------------------------- */

struct refusal {
    struct docs docs;
    const char *reason;
};

/* The neighbour that is accepted: 1.0.1, sequence 2, everything else equal. */
static const struct refusal refusals[] = {
    {{.version = "1.0.1", .sequence = 1}, "release.sequence.lower"},
    {{.version = "1.0.1", .sequence = 1002}, "release.sequence.jump"},
    {{.version = "1.0.1", .sequence = UINT32_MAX}, "release.sequence.jump"},
    {{.version = "1.0.0", .sequence = 1002, .later_s = 60},
     "release.sequence.jump"},
    {{.version = "1.0.1", .epoch = 2, .sequence = 1001},
     "release.sequence.jump"},
    {{.version = "1.0.1", .sequence = 2, .product = "thermo"},
     "release.product.differs"},
    {{.version = "1.0.1", .sequence = 2, .later_s = -1},
     "release.timestamp.older"},
    {{.version = "1.0.1", .sequence = 2, .rollback = 1},
     "release.rollback.lower"},
    {{.version = "1.0.1", .sequence = 2, .authorisation = 4},
     "release.authorisation.lower"},
    {{.version = "1.0.1", .sequence = 2, .authorisation_later_s = 1},
     "release.authorisation.differs"},
    {{.version = "1.0.0", .sequence = 2, .rollback = 3},
     "release.version.published"},
    {{.version = "1.0", .sequence = 2}, "release.version.published"},
};

static void what_cannot_follow_is_refused_and_nothing_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        HM_OWN(outcome) o = OUTCOME_INIT;
        HM_OWN(hm_buf) before = HM_BUF_INIT(1u << 16);
        HM_OWN(hm_buf) after = HM_BUF_INIT(1u << 16);
        struct hm_temp t;

        hm_temp_make_on_disk(&t);
        docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
        docs_release(&t, "bad", &refusals[i].docs);
        docs_release(&t, "good",
                     &(struct docs){.version = "1.0.1", .sequence = 2});
        bench_publish_ok(&t, "r1");
        bench_snapshot(&t, &before);
        assert_fails(bench_publish(&t, "bad", &o), HM_E_REJECTED,
                     refusals[i].reason, &o.e);
        bench_snapshot(&t, &after);
        assert_string_equal((const char *)before.p, (const char *)after.p);
        bench_publish_ok(&t, "good");
        hm_temp_clear(&t);
    }
}

static void a_higher_epoch_may_begin_again_but_not_roll_back(void **state)
{
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0", .sequence = 99});
    docs_release(&t, "bad",
                 &(struct docs){.version = "1.0.1", .epoch = 2, .rollback = 1});
    docs_release(&t, "r2",
                 &(struct docs){.version = "1.0.1", .epoch = 2, .later_s = -5});
    docs_release(&t, "r3", &(struct docs){.version = "1.0.2", .sequence = 100});
    bench_publish_ok(&t, "r1");
    assert_fails(bench_publish(&t, "bad", &o), HM_E_REJECTED,
                 "release.rollback.lower", &o.e);
    bench_publish_ok(&t, "r2");
    assert_fails(bench_publish(&t, "r3", &o), HM_E_REJECTED,
                 "release.sequence.lower", &o.e);
    hm_temp_clear(&t);
}

static void a_sequence_rises_by_at_most_a_thousand(void **state)
{
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1",
                 &(struct docs){.version = "1.0.0", .sequence = 5000});
    docs_release(&t, "r2",
                 &(struct docs){.version = "1.0.1", .sequence = 6000});
    docs_release(
        &t, "r3",
        &(struct docs){.version = "1.0.2", .epoch = 3, .sequence = 1000});
    bench_publish_ok(&t, "r1"); /* nothing is known of it here */
    bench_publish_ok(&t, "r2");
    bench_publish_ok(&t, "r3");
    hm_temp_clear(&t);
}

/* --- what it says, and does ---------------------------------------------------- */

static void a_lower_version_is_published_and_told(void **state)
{
    static const struct {
        struct docs docs;
        bool is_lower;
    } rows[] = {
        {{.version = "1.0.1"}, false},
        {{.version = "1.0.2", .sequence = 2}, false},
        {{.version = "1.0.1", .sequence = 3}, true},
        {{.version = "1.0.2", .sequence = 4}, false},
        {{.version = "1.0.0", .sequence = 5}, true},
        {{.version = "1.0.0", .sequence = 6}, false},
    };
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(outcome) o = OUTCOME_INIT;

        docs_release(&t, "next", &rows[i].docs);
        assert_ok(bench_publish(&t, "next", &o), &o.e);
        assert_string_equal(o.published.version.text, rows[i].docs.version);
        assert_int_equal(o.published.is_lower, rows[i].is_lower);
    }
    hm_temp_clear(&t);
}

/* --- what is live already ------------------------------------------------------- */

static void what_is_live_may_be_published_again(void **state)
{
    HM_OWN(hm_buf) before = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_buf) after = HM_BUF_INIT(1u << 16);
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    docs_release(
        &t, "r2",
        &(struct docs){.version = "1.0.0", .sequence = 2, .later_s = 60});
    hm_temp_write(&t, "r1/manifest.json.sig.2", "second");
    for (int i = 1; i <= 2; i++) {
        const char *name = i == 1 ? "r1" : "r2";
        HM_OWN(outcome) o = OUTCOME_INIT;
        struct judge j = {.calls = 0};

        bench_publish_ok(&t, name);
        bench_snapshot(&t, &before);
        assert_ok(bench_publish_judged(&t, name, &j, &o), &o.e);
        assert_true(o.published.already);
        assert_int_equal(o.published.refreshed, i == 2);
        assert_int_equal(j.calls, i == 1 ? 2 : 1);
        assert_string_equal(o.published.folder,
                            i == 1 ? "history/1-1" : "history/1-2");
        bench_snapshot(&t, &after);
        assert_string_equal((const char *)before.p, (const char *)after.p);
    }
    hm_temp_clear(&t);
}

/* One byte or one file from what is live. */
static void what_is_almost_live_is_refused(void **state)
{
    static const struct {
        const char *file; /* written over, below the bench */
        const char *text;
        const char *reason;
    } rows[] = {
        {"r1/manifest.json.sig", "other", "release.sequence.lower"},
        {"r1/authorisation.json.sig", "other", "release.sequence.lower"},
        {"r1/manifest.json.sig.2", "one more", "release.sequence.lower"},
        {"repo/history/1-1/manifest.json.sig", "", "release.sequence.lower"},
        {"repo/history/1-1/manifest.json.sig.2", "", "release.sequence.lower"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(outcome) o = OUTCOME_INIT;
        struct hm_temp t;

        hm_temp_make_on_disk(&t);
        docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
        bench_publish_ok(&t, "r1");
        hm_temp_write(&t, rows[i].file, rows[i].text);
        assert_fails(bench_publish(&t, "r1", &o), HM_E_REJECTED, rows[i].reason,
                     &o.e);
        assert_false(o.published.already);
        hm_temp_clear(&t);
    }
}

static void what_is_live_without_its_release_is_refused(void **state)
{
    static const char *const damage[] = {
        "releases/1.0.0/artefacts/a.bin", "releases/1.0.0/artefacts/b.bin",
        "releases/1.0.0/index.json", "releases/1.0.0/records/release.json"};
    struct judge j = {.refuse_call = 2};
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    bench_publish_ok(&t, "r1");
    assert_fails(bench_publish_judged(&t, "r1", &j, &o), HM_E_REJECTED,
                 "test.judge.no", &o.e);
    docs_release(
        &t, "r2",
        &(struct docs){.version = "1.0.0", .sequence = 2, .later_s = 60});
    bench_publish_ok(&t, "r2");
    for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "repo/%s", damage[i]);
        hm_temp_write(&t, path, "damaged");
        assert_fails(bench_publish(&t, "r2", &o), HM_E_REJECTED,
                     "release.repository.broken", &o.e);
        assert_int_equal(unlink(hm_temp_path(&t, path)), 0);
    }
    assert_int_equal(
        rename(hm_temp_path(&t, "repo/releases/1.0.0"), hm_temp_path(&t, "x")),
        0);
    assert_fails(bench_publish(&t, "r2", &o), HM_E_REJECTED,
                 "release.repository.broken", &o.e);
    hm_temp_clear(&t);
}

static void nothing_is_written_before_the_judge_says_yes(void **state)
{
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct judge first = {.refuse_call = 1};
    struct judge second = {.refuse_call = 2};
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    assert_fails(bench_publish_judged(&t, "r1", &first, &o), HM_E_REJECTED,
                 "test.judge.no", &o.e);
    assert_false(bench_has(&t, "repo/releases"));
    assert_fails(bench_publish_judged(&t, "r1", &second, &o), HM_E_REJECTED,
                 "test.judge.no", &o.e);
    assert_int_equal(second.calls, 2);
    assert_false(bench_has(&t, "repo/live"));
    assert_false(bench_has(&t, "repo/releases/1.0.0"));
    assert_false(bench_has(&t, "repo/.hallmark-publish"));
    hm_temp_clear(&t);
}

/* H9: the digest published must be that of the bytes published. */
static void
a_source_that_changes_after_it_was_judged_is_not_published(void **state)
{
    struct hm_temp t;
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct judge j = {.t = &t, .change = "r1/authorisation.json"};

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    assert_int_not_equal(bench_publish_judged(&t, "r1", &j, &o), HM_OK);
    assert_false(bench_has(&t, "repo/live"));
    assert_false(bench_has(&t, "repo/releases/1.0.0"));
    hm_temp_clear(&t);
}

static void a_dry_run_decides_the_same_and_writes_nothing(void **state)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_dir) from = HM_DIR_INIT;
    struct hm_release_published p;
    struct judge j = {.calls = 0};
    const struct hm_release_publishing how = {.judge = bench_judge,
                                              .context = &j,
                                              .root = HM_LIT("r"),
                                              .dry_run = true};
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    assert_ok(hm_dir_open(&from, hm_temp_path(&t, "r1"), &e), &e);
    assert_ok(hm_release_publish(&repo, &from, &how, &p, &e), &e);
    assert_string_equal(p.folder, "history/1-1");
    assert_string_equal(p.release, "releases/1.0.0");
    assert_true(p.before.empty);
    assert_false(bench_has(&t, "repo"));
    bench_publish_ok(&t, "r1");
    assert_ok(hm_release_open_repository(&repo, hm_temp_path(&t, "repo"), &e),
              &e);
    assert_ok(hm_release_publish(&repo, &from, &how, &p, &e), &e);
    assert_true(p.already);
    hm_temp_write(&t, "r1/manifest.json.sig", "other");
    assert_fails(hm_release_publish(&repo, &from, &how, &p, &e), HM_E_REJECTED,
                 "release.sequence.lower", &e);
    hm_temp_clear(&t);
}

/* --- repositories that are none ---------------------------------------------------- */

static void a_folder_of_other_things_is_no_repository(void **state)
{
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    hm_temp_write(&t, "repo/holiday.jpg", "x");
    assert_fails(bench_publish(&t, "r1", &o), HM_E_REJECTED,
                 "release.repository.stranger", &o.e);
    assert_false(bench_has(&t, "repo/.hallmark-repository"));
    hm_temp_clear(&t);
}

static void damage_is_named_and_never_published_over(void **state)
{
    static const struct {
        const char *target; /**< of live; NULL: no live */
        const char *reason;
    } rows[] = {
        {NULL, "release.repository.broken"},
        {"history/1-9", "release.repository.broken"},
        {"../elsewhere", "release.repository.broken"},
        {"history/1-2", "release.repository.broken"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(outcome) o = OUTCOME_INIT;
        struct hm_temp t;

        hm_temp_make_on_disk(&t);
        docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
        docs_release(&t, "r9",
                     &(struct docs){.version = "1.0.9", .sequence = 9});
        bench_publish_ok(&t, "r1");
        assert_int_equal(unlink(hm_temp_path(&t, "repo/live")), 0);
        docs_release(&t, "repo/history/1-2",
                     &(struct docs){.version = "1.0.0", .sequence = 7});
        if (rows[i].target != NULL)
            assert_int_equal(
                symlink(rows[i].target, hm_temp_path(&t, "repo/live")), 0);
        assert_fails(bench_publish(&t, "r9", &o), HM_E_REJECTED, rows[i].reason,
                     &o.e);
        hm_temp_clear(&t);
    }
}

/* CRA Art. 13(9): what was published stays, also when publishing fails. */
static void a_release_without_live_is_never_deleted(void **state)
{
    HM_OWN(outcome) o = OUTCOME_INIT;
    struct hm_temp t;

    (void)state;
    hm_temp_make_on_disk(&t);
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0"});
    bench_publish_ok(&t, "r1");
    assert_int_equal(unlink(hm_temp_path(&t, "repo/live")), 0);
    assert_int_equal(
        rename(hm_temp_path(&t, "repo/history"), hm_temp_path(&t, "lost")), 0);
    assert_fails(bench_publish(&t, "r1", &o), HM_E_REJECTED,
                 "release.repository.broken", &o.e);
    bench_same_bytes(&t, "r1/manifest.json",
                     "repo/releases/1.0.0/manifest.json");
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_release_is_served_through_live),
        cmocka_unit_test(history_and_releases_only_grow),
        cmocka_unit_test(a_renewed_manifest_leaves_the_release_as_it_is),
        cmocka_unit_test(a_second_signature_gets_a_link_and_loses_it_again),
        cmocka_unit_test(what_cannot_follow_is_refused_and_nothing_changes),
        cmocka_unit_test(a_higher_epoch_may_begin_again_but_not_roll_back),
        cmocka_unit_test(a_sequence_rises_by_at_most_a_thousand),
        cmocka_unit_test(a_lower_version_is_published_and_told),
        cmocka_unit_test(what_is_live_may_be_published_again),
        cmocka_unit_test(what_is_almost_live_is_refused),
        cmocka_unit_test(what_is_live_without_its_release_is_refused),
        cmocka_unit_test(nothing_is_written_before_the_judge_says_yes),
        cmocka_unit_test(
            a_source_that_changes_after_it_was_judged_is_not_published),
        cmocka_unit_test(a_dry_run_decides_the_same_and_writes_nothing),
        cmocka_unit_test(a_folder_of_other_things_is_no_repository),
        cmocka_unit_test(damage_is_named_and_never_published_over),
        cmocka_unit_test(a_release_without_live_is_never_deleted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
