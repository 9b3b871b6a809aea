/* Making and renewing the documents of a release: what is in them, how they
 * follow what is published, and every refusal by its reason. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_manifest.h"
#include "hm_release.h"
#include "hm_test.h"
#include "release_docs.h"

#define ISSUED "2026-05-13T08:00:00Z"

static hm_rc yes(void *context, const struct hm_dir *dir, struct hm_err *e)
{
    (void)context;
    (void)dir;
    (void)e;
    return HM_OK;
}

/* Publish what lies in `folder`, as a verifier that believes everything. */
static void publish(const struct hm_temp *t, const char *folder)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_dir) from = HM_DIR_INIT;
    HM_OWN(hm_names) cleaned = HM_NAMES_INIT;
    const struct hm_release_publishing how = {.judge = yes,
                                              .root = HM_LIT("r")};
    struct hm_release_published p;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_release_lock_repository(&repo, hm_temp_path(t, "repo"), 0,
                                         &cleaned, &e),
              &e);
    assert_ok(hm_dir_open(&from, hm_temp_path(t, folder), &e), &e);
    assert_ok(hm_release_publish(&repo, &from, &how, &p, &e), &e);
}

/* release.json, a signed authorisation, and a stage with one artefact. */
static void begin(struct hm_temp *t, const struct docs *docs)
{
    hm_temp_make(t);
    docs_configuration(t, ".", docs);
    docs_authorisation(t, ".", docs);
    hm_temp_write(t, "authorisation.json.sig", "root");
    hm_temp_write(t, "authorisation.json.sig.3", "another");
    hm_temp_write(t, "stage/artefacts/a.bin", "firmware");
    hm_temp_write(t, "stage/records/release.json", "{}\n");
}

static hm_rc make_how(const struct hm_temp *t,
                      const struct hm_release_making *how,
                      struct hm_manifest *m, struct hm_err *e)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    HM_TRY(hm_release_load(&r, hm_temp_path(t, "release.json"), e));
    HM_TRY(hm_dir_open(&dir, hm_temp_path(t, "stage"), e));
    return hm_release_make(&r, &dir, how, m, e);
}

static hm_rc make(const struct hm_temp *t, struct hm_manifest *m,
                  struct hm_err *e)
{
    const struct hm_release_making how = {.issue_time = ISSUED};

    return make_how(t, &how, m, e);
}

static bool has(const struct hm_temp *t, const char *name)
{
    return access(hm_temp_path(t, name), F_OK) == 0;
}

static void expect_make(const struct hm_temp *t, hm_rc code, const char *reason)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_fails(make(t, &m, &e), code, reason, &e);
    assert_int_equal(m.updates_n, 0);
    assert_false(has(t, "stage/manifest.json"));
}

static void
the_first_manifest_has_sequence_one_and_binds_everything(void **state)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_manifest) again = HM_MANIFEST_INIT;
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_buf) list = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make(&t, &m, &e), &e);
    assert_int_equal(m.sequence, 1);
    assert_string_equal(hm_time_show(m.timestamp), ISSUED);
    assert_int_equal(m.expires - m.timestamp, 30 * 86400);
    hm_temp_read(&t, "stage/manifest.json", &text);
    assert_ok(hm_manifest_read(&again, hm_buf_view(&text), &e), &e);
    assert_memory_equal(again.sha256, m.sha256, sizeof(m.sha256));
    assert_string_equal(again.updates[0].artefacts[0].name, "artefacts/a.bin");
    assert_int_equal(again.updates[0].artefacts[0].size, 8);
    assert_false(again.updates[0].artefacts[0].has_content);
    hm_temp_read(&t, "stage/index.json", &list);
    assert_int_equal(list.n, again.index_size);
    assert_ok(hm_index_read(&index, hm_buf_view(&list), &e), &e);
    assert_int_equal(index.n, 2);
    assert_true(hm_index_find(&index, "artefacts/a.bin")->is_public);
    assert_false(hm_index_find(&index, "records/release.json")->is_public);
    assert_true(has(&t, "stage/authorisation.json"));
    assert_true(has(&t, "stage/authorisation.json.sig"));
    assert_true(has(&t, "stage/authorisation.json.sig.3"));
    hm_temp_clear(&t);
}

static void a_manifest_follows_the_one_that_is_served(void **state)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.1"});
    docs_release(&t, "r1", &(struct docs){.version = "1.0.0", .sequence = 6});
    publish(&t, "r1");
    assert_ok(make(&t, &m, &e), &e);
    assert_int_equal(m.sequence, 7);
    hm_temp_clear(&t);
}

static void a_higher_epoch_begins_at_sequence_one(void **state)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.1", .epoch = 2});
    docs_release(&t, "r1",
                 &(struct docs){.version = "1.0.0",
                                .sequence = HM_MANIFEST_COUNTER_MAX,
                                .later_s = 1000000});
    publish(&t, "r1");
    assert_ok(make(&t, &m, &e), &e);
    assert_int_equal(m.epoch, 2);
    assert_int_equal(m.sequence, 1);
    hm_temp_clear(&t);
}

static void
what_cannot_follow_is_refused_before_anything_is_written(void **state)
{
    static const struct {
        struct docs next;
        const char *reason;
    } rows[] = {
        {{.version = "1.0.0"}, "release.version.published"},
        {{.version = "1.0"}, "release.version.published"},
        {{.version = "1.0.1", .rollback = 1}, "release.rollback.lower"},
        {{.version = "1.0.1", .product = "boiler"}, "release.product.differs"},
        {{.version = "1.0.1", .epoch = 1}, "release.epoch.lower"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hm_temp t;

        begin(&t, &rows[i].next);
        docs_release(&t, "r1",
                     &(struct docs){.version = "1.0.0",
                                    .epoch = rows[i].next.epoch == 1 ? 2 : 1});
        publish(&t, "r1");
        expect_make(&t, HM_E_REJECTED, rows[i].reason);
        assert_false(has(&t, "stage/index.json"));
        assert_false(has(&t, "stage/authorisation.json"));
        hm_temp_clear(&t);
    }
}

static void a_manifest_is_never_older_than_the_published_one(void **state)
{
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.1"});
    docs_release(&t, "r1",
                 &(struct docs){.version = "1.0.0", .later_s = 2 * 86400});
    publish(&t, "r1");
    expect_make(&t, HM_E_REJECTED, "base.time.backwards");
    hm_temp_clear(&t);
}

static void missing_and_strange_files_are_refused(void **state)
{
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    hm_temp_write(&t, "stage/artefacts/b.bin", "x");
    expect_make(&t, HM_E_REJECTED, "release.artefact.stranger");
    assert_int_equal(unlink(hm_temp_path(&t, "stage/artefacts/b.bin")), 0);
    hm_temp_write(&t, "stage/core", "x");
    expect_make(&t, HM_E_REJECTED, "release.file.stranger");
    assert_int_equal(unlink(hm_temp_path(&t, "stage/core")), 0);
    assert_int_equal(unlink(hm_temp_path(&t, "stage/artefacts/a.bin")), 0);
    expect_make(&t, HM_E_REJECTED, "release.artefact.missing");
    hm_temp_write(&t, "stage/artefacts/a.bin", "firmware");
    assert_int_equal(unlink(hm_temp_path(&t, "authorisation.json.sig")), 0);
    assert_int_equal(unlink(hm_temp_path(&t, "authorisation.json.sig.3")), 0);
    expect_make(&t, HM_E_REJECTED, "release.authorisation.unsigned");
    assert_false(has(&t, "stage/authorisation.json"));
    hm_temp_clear(&t);
}

static void what_is_there_is_replaced_only_when_asked(void **state)
{
    const struct hm_release_making how = {.issue_time = ISSUED,
                                          .replace = true};
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make(&t, &m, &e), &e);
    hm_temp_write(&t, "stage/manifest.json.sig", "of the old one");
    assert_fails(make(&t, &m, &e), HM_E_USAGE, "base.out.exists", &e);
    assert_true(has(&t, "stage/manifest.json.sig"));
    assert_ok(make_how(&t, &how, &m, &e), &e);
    assert_false(has(&t, "stage/manifest.json.sig"));
    hm_temp_clear(&t);
}

static void what_is_refused_leaves_the_signed_one_as_it_was(void **state)
{
    const struct hm_release_making how = {.issue_time = ISSUED,
                                          .replace = true};
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make(&t, &m, &e), &e);
    hm_temp_write(&t, "stage/manifest.json.sig", "signed");
    hm_temp_write(&t, "stage/artefacts/b.bin", "x");
    assert_fails(make_how(&t, &how, &m, &e), HM_E_REJECTED,
                 "release.artefact.stranger", &e);
    assert_true(has(&t, "stage/manifest.json.sig"));
    assert_int_equal(unlink(hm_temp_path(&t, "stage/artefacts/b.bin")), 0);
    assert_int_equal(unlink(hm_temp_path(&t, "authorisation.json")), 0);
    assert_fails(make_how(&t, &how, &m, &e), HM_E_IO, "base.file.open", &e);
    assert_true(has(&t, "stage/manifest.json.sig"));
    assert_true(has(&t, "stage/authorisation.json.sig"));
    hm_temp_clear(&t);
}

static void a_dry_run_writes_nothing(void **state)
{
    const struct hm_release_making how = {.issue_time = ISSUED,
                                          .dry_run = true};
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make_how(&t, &how, &m, &e), &e);
    assert_int_equal(m.sequence, 1);
    assert_false(has(&t, "stage/manifest.json"));
    assert_false(has(&t, "stage/index.json"));
    assert_false(has(&t, "stage/authorisation.json"));
    hm_temp_clear(&t);
}

/* --- refresh ----------------------------------------------------------------- */

static hm_rc renew(const struct hm_temp *t, const char *folder,
                   const struct hm_release_renewal *how, struct hm_manifest *m,
                   struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    HM_TRY(hm_dir_open(&dir, hm_temp_path(t, folder), e));
    return hm_release_refresh(&dir, how, m, e);
}

static void a_renewed_manifest_can_be_published(void **state)
{
    const struct hm_release_renewal how = {.issue_time = ISSUED,
                                           .valid_days = 7};
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make(&t, &m, &e), &e);
    hm_temp_write(&t, "stage/manifest.json.sig", "signed");
    publish(&t, "stage");
    assert_ok(renew(&t, "stage", &how, &m, &e), &e);
    assert_int_equal(m.sequence, 2);
    assert_string_equal(hm_time_show(m.timestamp), ISSUED);
    assert_int_equal(m.expires - m.timestamp, 7 * 86400);
    assert_false(has(&t, "stage/manifest.json.sig"));
    hm_temp_write(&t, "stage/manifest.json.sig", "signed again");
    publish(&t, "stage");
    assert_true(has(&t, "repo/history/1-2/manifest.json.sig"));
    hm_temp_clear(&t);
}

static void renewing_goes_above_what_the_repository_serves(void **state)
{
    struct hm_temp t;
    struct hm_release_renewal how = {.issue_time = ISSUED};
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    char repo[512];

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make(&t, &m, &e), &e);
    publish(&t, "stage");
    docs_release(
        &t, "r2",
        &(struct docs){.version = "1.0.1", .sequence = 40, .later_s = 86400});
    publish(&t, "r2");
    (void)snprintf(repo, sizeof(repo), "%s", hm_temp_path(&t, "repo"));
    how.repository = repo;
    assert_ok(renew(&t, "stage", &how, &m, &e), &e);
    assert_int_equal(m.sequence, 41);
    hm_temp_clear(&t);
}

static void renewing_refuses_what_it_must_not_touch(void **state)
{
    const struct hm_release_renewal how = {.issue_time = ISSUED};
    const struct hm_release_renewal early = {.issue_time =
                                                 "2026-05-12T00:00:00Z"};
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make(&t, &m, &e), &e);
    publish(&t, "stage");
    assert_fails(renew(&t, "repo/releases/1.0.0", &how, &m, &e), HM_E_REJECTED,
                 "release.refresh.published", &e);
    assert_fails(renew(&t, "stage", &early, &m, &e), HM_E_REJECTED,
                 "base.time.backwards", &e);
    hm_temp_write(&t, "stage/index.json", "{}\n");
    assert_fails(renew(&t, "stage", &how, &m, &e), HM_E_REJECTED,
                 "release.index.differs", &e);
    hm_temp_clear(&t);
}

static void renewing_drops_a_signature_only_with_what_it_signed(void **state)
{
    struct hm_release_renewal how = {.issue_time = ISSUED};
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};
    struct hm_temp t;
    char path[512];

    (void)state;
    begin(&t, &(struct docs){.version = "1.0.0"});
    assert_ok(make(&t, &m, &e), &e);
    hm_temp_write(&t, "stage/manifest.json.sig", "signed");
    hm_temp_write(&t, "newer.json.sig", "of nothing");
    (void)snprintf(path, sizeof(path), "%s", hm_temp_path(&t, "newer.json"));
    how.authorisation = path;
    assert_fails(renew(&t, "stage", &how, &m, &e), HM_E_IO, "base.file.open",
                 &e);
    assert_true(has(&t, "stage/manifest.json.sig"));
    assert_true(has(&t, "stage/authorisation.json.sig"));
    (void)snprintf(path, sizeof(path), "%s",
                   hm_temp_path(&t, "stage/authorisation.json"));
    assert_ok(renew(&t, "stage", &how, &m, &e), &e);
    assert_false(has(&t, "stage/manifest.json.sig"));
    assert_true(has(&t, "stage/authorisation.json.sig"));
    assert_true(has(&t, "stage/authorisation.json.sig.3"));
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_first_manifest_has_sequence_one_and_binds_everything),
        cmocka_unit_test(a_manifest_follows_the_one_that_is_served),
        cmocka_unit_test(a_higher_epoch_begins_at_sequence_one),
        cmocka_unit_test(
            what_cannot_follow_is_refused_before_anything_is_written),
        cmocka_unit_test(a_manifest_is_never_older_than_the_published_one),
        cmocka_unit_test(missing_and_strange_files_are_refused),
        cmocka_unit_test(what_is_there_is_replaced_only_when_asked),
        cmocka_unit_test(what_is_refused_leaves_the_signed_one_as_it_was),
        cmocka_unit_test(a_dry_run_writes_nothing),
        cmocka_unit_test(a_renewed_manifest_can_be_published),
        cmocka_unit_test(renewing_goes_above_what_the_repository_serves),
        cmocka_unit_test(renewing_refuses_what_it_must_not_touch),
        cmocka_unit_test(renewing_drops_a_signature_only_with_what_it_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
