/* The five checks: one wrong thing at a time, correctly signed around it. */
#include "device_maker.h"
#include "hm_test.h"

static struct dm d; /* keys are made once; dm_make() makes all else anew */

static int setup(void **state)
{
    (void)state;
    dm_init(&d);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dm_clear(&d);
    return 0;
}

/* --- yes --------------------------------------------------------------------- */

static void a_good_update_is_accepted_and_its_files_are_named(void **state)
{
    struct hm_device_artefact a;

    (void)state;
    dm_make(&d, NULL);
    assert_accepted(&d);
    assert_true(d.result.is_signed);
    assert_string_equal(d.result.version, "1.0.1");
    assert_true(hm_device_next_artefact(&d.result, &a) == HM_DEVICE_YES);
    assert_string_equal(a.name, "artefacts/thermostat-1.0.1.tar.gz");
    assert_string_equal(a.slot, "rootfs");
    assert_true(a.size == 3 && a.role == HM_DEVICE_FIRMWARE && !a.is_delta);
    assert_true(hm_device_next_artefact(&d.result, &a) == HM_DEVICE_YES);
    assert_string_equal(a.name, "artefacts/defaults.conf");
    assert_true(a.size == 1048576 && a.role == HM_DEVICE_CONFIGURATION);
    assert_true(hm_device_next_artefact(&d.result, &a) == HM_DEVICE_NO);
}

static void what_was_seen_rises_but_never_the_rollback_counter(void **state)
{
    const struct hm_device_state *after = &d.result.after;

    (void)state;
    dm_make(&d, NULL);
    assert_accepted(&d);
    assert_true(after->authorisation_sequence == 4 && after->sequence == 7);
    assert_true(after->timestamp == MAKER_TIME && after->epoch == 1);
    assert_memory_equal(after->manifest_sha256, d.result.manifest_sha256, 32);
    assert_true(after->rollback_counter == 1);
    d.self.state = *after; /* the same offer again */
    assert_accepted(&d);
}

static void what_a_no_leaves_behind_depends_on_how_far_it_came(void **state)
{
    (void)state;
    dm_make(&d, NULL);
    d.self.model = "T999"; /* check 2: the authorisation was good */
    assert_refused(&d, 2, "manifest.applicability.none");
    assert_true(d.result.after.authorisation_sequence == 4);
    assert_true(d.result.after.sequence == 6);
    dm_make(&d, NULL);
    d.self.state.rollback_counter = 3; /* check 4: it was fresh */
    assert_refused(&d, 4, "manifest.rollback.lower");
    assert_true(d.result.after.sequence == 7);
    assert_true(d.result.after.rollback_counter == 3);
    dm_make(&d, NULL);
    d.offer.authorisation_sigs = 1; /* check 1: nothing was believed */
    assert_refused(&d, 1, "trust.authorisation.signature");
    assert_true(d.result.after.authorisation_sequence == 3);
}

/* --- no: documents ------------------------------------------------------------- */

#define A DM_AUTHORISATION
#define M DM_MANIFEST

static const struct row {
    unsigned check;
    const char *reason;
    struct dm_edit edit[DM_EDITS];
} rows[] = {
    /* the control: edits that change nothing of importance */
    {5, "yes", {{M, "Install 1.0.1.", "Install it."}}},
    {5, "yes", {{M, "\"epoch\": 1,", "\"epoch\": 1,\n  \"x_ours\": [1],"}}},
    {5, "yes", {{M, "\"epoch\": 1,", "\"epoch\": 1,\n  \"label\": \"l\","}}},
    {5, "yes", {{M, "\"sequence\": 7", "\"sequence\": 4294967295"}}},
    /* 1: formats and roots */
    {1, "root.format", {{DM_ROOT, "hallmark-root/1", "hallmark-root/2"}}},
    {1, "authorisation.format", {{A, "{\n  \"format\"", "{ \"format\""}}},
    {1, "authorisation.format", {{A, "n/1\"", "n/11\""}}},
    {1, "manifest.format", {{M, "hallmark-manifest", "hallmark-root"}}},
    {1,
     "manifest.format",
     {{M, "{\n  \"format\"", "\xef\xbb\xbf{\n  \"format\""}}},
    {1,
     "trust.root.threshold",
     {{DM_ROOT, "\"threshold\": 2", "\"threshold\": 0"}}},
    {1,
     "trust.root.threshold",
     {{DM_ROOT, "\"threshold\": 2", "\"threshold\": 4"}}},
    {1,
     "trust.authorisation.signature",
     {{DM_ROOT, "\"threshold\": 2", "\"threshold\": 3"}}},
    {1, "trust.key.twice", {{DM_ROOT, "$i2", "$i1"}, {DM_ROOT, "$p2", "$p1"}}},
    {1, "trust.key.id", {{DM_ROOT, "$i2", "$i7"}}},
    {1, "crypto.base64.syntax", {{DM_ROOT, "$p2", "$p2="}}},
    {1, "trust.authorisation.root", {{A, "$R", "$i0"}}},
    {1, "trust.authorisation.vendor", {{A, "\"acme\"", "\"acme2\""}}},
    {1,
     "trust.authorisation.dates",
     {{A, "\"expires\": \"2026", "\"expires\": \"2025"}}},
    {1,
     "trust.authorisation.sequence",
     {{A, "\"sequence\": 4", "\"sequence\": 2"}}},
    {1,
     "trust.authorisation.sequence",
     {{A, "\"sequence\": 4", "\"sequence\": 3"}}},
    {1, "trust.authorisation.expired", {{A, "2026-11-01", "2026-05-12"}}},
    {1, "trust.key.twice", {{A, "$i4", "$i3"}, {A, "$p4", "$p3"}}},
    {1, "trust.key.twice", {{A, "$i6", "$i3"}, {A, "$p6", "$p3"}}},
    {1, "trust.key.twice", {{A, "$i4", "$i0"}, {A, "$p4", "$p0"}}},
    {1,
     "trust.require.twice",
     {{A, "    \"manifest\"\n", "    \"manifest\", \"manifest\"\n"}}},
    {1, "json.member.count", {{A, "    \"manifest\"\n", ""}}},
    {3,
     "trust.limit.missing",
     {{A, "\"product\": \"thermostat\"", "\"product\": \"boiler\""}}},
    /* 1: keys */
    {1, "trust.manifest.signature", {{A, "$i3", "$i7"}, {A, "$p3", "$p7"}}},
    {1,
     "trust.key.retired",
     {{A, "$i3", "$i7"},
      {A, "$p3", "$p7"},
      {A, "$i6", "$i3"},
      {A, "$p6", "$p3"}}},
    {1,
     "trust.manifest.signature",
     {{A, "ecdsa-p256-sha256\",\n      \"public_key\": \"$p3",
       "ml-dsa-44\",\n      \"public_key\": \"$p3"}}},
    {1,
     "trust.key.role",
     {{A, "\"role\": \"manifest\",\n      \"keyid\": \"$i3\"",
       "\"role\": \"ledger\",\n      \"keyid\": \"$i3\""}}},
    {1,
     "trust.manifest.signature",
     {{A, "    \"manifest\"\n", "    \"manifest\", \"verification\"\n"}}},
    {1, "json.member.word", {{A, "    \"manifest\"\n", "    \"manifests\"\n"}}},
    {1,
     "trust.key.early",
     {{M, "\"timestamp\": \"2026", "\"timestamp\": \"2025"}}},
    {1,
     "trust.key.expired",
     {{M, "\"timestamp\": \"2026-05", "\"timestamp\": \"2027-05"},
      {M, "\"expires\": \"2026", "\"expires\": \"2028"}}},
    /* 1: a signed manifest that is not well formed */
    {1,
     "json.member.unknown",
     {{M, "\"epoch\": 1,", "\"epoch\": 1,\n  \"lable\": \"l\","}}},
    {1,
     "manifest.dates",
     {{M, "\"expires\": \"2026-06", "\"expires\": \"2026-04"}}},
    {1,
     "manifest.dates",
     {{M, "\"update_type\"",
       "\"support_until\": \"1970-01-01T00:00:00Z\",\n  \"update_type\""}}},
    {5,
     "yes",
     {{M, "\"update_type\"",
       "\"support_until\": \"1970-01-01T00:00:01Z\",\n  \"update_type\""}}},
    {1, "json.number", {{M, "\"sequence\": 7", "\"sequence\": 7.0"}}},
    {1,
     "json.member.range",
     {{M, "\"sequence\": 7", "\"sequence\": 4294967296"}}},
    {1,
     "json.number.range",
     {{M, "\"sequence\": 7", "\"sequence\": 9007199254740993"}}},
    {1,
     "json.duplicate",
     {{M, "\"epoch\": 1,", "\"epoch\": 1,\n  \"\\u0065poch\": 1,"}}},
    {1, "json.nul", {{M, "Install 1.0.1.", "Install\\u0000"}}},
    {1, "json.trailing", {{M, "4444444\"\n  }\n}\n", "4444444\"\n  }\n}\n{}"}}},
    {1,
     "json.member.unknown",
     {{M, "\"severity\": \"high\",\n  \"adv",
       "\"Severity\": \"high\",\n  \"adv"}}},
    {1, "base.hex.syntax", {{M, "\"ba7816bf", "\"BA7816bf"}}},
    {1, "base.hex.syntax", {{M, "\"ba7816bf", "\" ba7816b"}}},
    {1, "base.hex.syntax", {{M, "\"ba7816bf", "\"ba7816bff"}}},
    {1,
     "base.time.syntax",
     {{M, "2026-06-11T08:00:00Z", "2026-06-31T08:00:00Z"}}},
    {1,
     "base.version.syntax",
     {{M, "\"max\": \"1.0.0\"", "\"max\": \"v1.0.0\""}}},
    {1,
     "base.name.syntax",
     {{M, "artefacts/defaults.conf", "../defaults.conf"}}},
    {1,
     "manifest.versions.order",
     {{M, "\"max\": \"1.0.0\"", "\"max\": \"0.9\""}}},
    {1, "manifest.artefact.empty", {{M, "\"size\": 3", "\"size\": 0"}}},
    {1,
     "manifest.artefact.differs",
     {{M, "artefacts/defaults.conf", "artefacts/thermostat-1.0.1.tar.gz"}}},
    {1, "manifest.word.twice", {{M, "\"rev-a\"", "\"rev-b\""}}},
    {1,
     "json.member.missing",
     {{M, "\"kind\": \"full\",\n          \"slot\"",
       "\"kind\": \"delta\",\n          \"slot\""}}},
    {1, "manifest.url.syntax", {{M, "https://acme", "http://acme"}}},
    {1, "manifest.index.name", {{M, "\"index.json\"", "\"index2.json\""}}},
    /* 2 */
    {2, "manifest.vendor", {{M, "\"acme\"", "\"acme2\""}}},
    {2, "manifest.product", {{M, "\"thermostat\"", "\"thermo\""}}},
    {2, "manifest.applicability.none", {{M, "\"T100\"", "\"T10\""}}},
    {2,
     "manifest.applicability.none",
     {{M, "\"rev-a\",\n        \"rev-b\"", "\"rev-B\""}}},
    {2,
     "manifest.applicability.none",
     {{M, "\"min\": \"1.0.0\"", "\"min\": \"1.0.0.1\""},
      {M, "\"max\": \"1.0.0\"", "\"max\": \"1.0.9\""}}},
    {2,
     "manifest.updater.older",
     {{M, "\"epoch\": 1,", "\"epoch\": 1,\n  \"min_updater\": \"0.1.1\","}}},
    /* 3 */
    {3, "manifest.sequence.lower", {{M, "\"sequence\": 7", "\"sequence\": 5"}}},
    {3, "manifest.sequence.lower", {{M, "\"epoch\": 1", "\"epoch\": 0"}}},
    {3, "manifest.sequence.same", {{M, "\"sequence\": 7", "\"sequence\": 6"}}},
    {3, "manifest.epoch", {{M, "\"epoch\": 1", "\"epoch\": 2"}}},
    {3, "manifest.epoch", {{A, "\"epoch\": 1", "\"epoch\": 2"}}},
    {5,
     "yes",
     {{M, "\"epoch\": 1", "\"epoch\": 2"},
      {A, "\"epoch\": 1", "\"epoch\": 2"},
      {M, "\"sequence\": 7", "\"sequence\": 1"},
      {M, "\"timestamp\": \"2026-05-12", "\"timestamp\": \"2026-04-12"}}},
    {3,
     "manifest.timestamp.older",
     {{M, "\"timestamp\": \"2026-05-12", "\"timestamp\": \"2026-05-10"}}},
    {3,
     "manifest.expired",
     {{M, "2026-06-11T08:00:00Z", "2026-05-13T07:59:59Z"}}},
    {5, "yes", {{M, "2026-06-11T08:00:00Z", "2026-05-13T08:00:00Z"}}},
    /* 4 */
    {4,
     "manifest.rollback.lower",
     {{M, "\"rollback_counter\": 2", "\"rollback_counter\": 0"}}},
    {5, "yes", {{M, "\"rollback_counter\": 2", "\"rollback_counter\": 1"}}},
    {5, "yes", {{M, "\"rollback_counter\": 2", "\"rollback_counter\": 9"}}},
    {4,
     "manifest.rollback.above",
     {{M, "\"rollback_counter\": 2", "\"rollback_counter\": 10"}}},
};

static void one_wrong_thing_in_a_document_is_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dm_plan plan = {.authorisation = {.n = 0}};

        memcpy(plan.edit, rows[i].edit, sizeof(rows[i].edit));
        dm_make(&d, &plan);
        (void)dm_check(&d);
        if (strcmp(d.result.reason, rows[i].reason) != 0 ||
            d.result.check != rows[i].check)
            print_message("row %zu: %s\n", i, rows[i].edit[0].to);
        assert_string_equal(d.result.reason, rows[i].reason);
        assert_int_equal(d.result.check, rows[i].check);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_update_is_accepted_and_its_files_are_named),
        cmocka_unit_test(what_was_seen_rises_but_never_the_rollback_counter),
        cmocka_unit_test(what_a_no_leaves_behind_depends_on_how_far_it_came),
        cmocka_unit_test(one_wrong_thing_in_a_document_is_told_apart),
    };

    return cmocka_run_group_tests_name("device_check", tests, setup, teardown);
}
