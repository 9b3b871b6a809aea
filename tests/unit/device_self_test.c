/* The device's own side of a verdict: who signs, what it is, what it has seen,
 * what its clock says. */
#include "device_maker.h"
#include "hm_test.h"

static struct dm d;

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

/* --- who signs ------------------------------------------------------------------- */

#define R1 MAKER_ROOT_1
#define R2 MAKER_ROOT_2
#define R3 MAKER_ROOT_3
#define V  MAKER_VENDOR

static void thresholds_count_keys_not_signatures(void **state)
{
    static const struct {
        struct maker_signers who;
        const char *reason;
    } rows[] = {
        {{.n = 2, .key = {R1, R3}}, "yes"},
        {{.n = 3, .key = {MAKER_STRANGER, R3, R2}}, "yes"},
        {{.n = 8, .key = {V, V, V, V, V, V, R1, R2}}, "yes"},
        {{.n = 2, .key = {R1, R1}}, "trust.authorisation.signature"},
        {{.n = 8, .key = {R1, R1, R1, R1, R1, R1, R1, R1}},
         "trust.authorisation.signature"},
        {{.n = 1, .key = {R2}}, "trust.authorisation.signature"},
        {{.n = 2, .key = {R1, V}}, "trust.authorisation.signature"},
        {{.nobody = true}, "trust.authorisation.signature"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct dm_plan plan = {.authorisation = rows[i].who};

        dm_make(&d, &plan);
        assert_string_equal(dm_check(&d), rows[i].reason);
    }
}

static void only_a_current_key_of_the_role_signs_a_manifest(void **state)
{
    static const struct {
        struct maker_signers who;
        const char *reason;
    } rows[] = {
        {{.n = 2, .key = {MAKER_STRANGER, V}}, "yes"},
        {{.n = 2, .key = {MAKER_RETIRED, V}}, "yes"},
        {{.n = 1, .key = {MAKER_STRANGER}}, "trust.manifest.signature"},
        {{.n = 1, .key = {R1}}, "trust.manifest.signature"},
        {{.n = 1, .key = {MAKER_RETIRED}}, "trust.key.retired"},
        {{.n = 1, .key = {MAKER_PROVENANCE}}, "trust.key.role"},
        {{.nobody = true}, "trust.manifest.signature"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct dm_plan plan = {.manifest = rows[i].who};

        dm_make(&d, &plan);
        assert_string_equal(dm_check(&d), rows[i].reason);
    }
}

static void a_second_required_role_is_a_second_lock(void **state)
{
    struct dm_plan plan = {
        .edit = {{DM_AUTHORISATION, "    \"manifest\"\n",
                  "    \"manifest\", \"verification\"\n"},
                 {DM_AUTHORISATION, "\"role\": \"provenance\"",
                  "\"role\": \"verification\""}},
        .manifest = {.n = 2, .key = {MAKER_PROVENANCE, V}},
    };

    (void)state;
    dm_make(&d, &plan);
    assert_accepted(&d);
    plan.manifest = (struct maker_signers){.n = 1, .key = {V}};
    dm_make(&d, &plan);
    assert_refused(&d, 1, "trust.manifest.signature");
    plan.manifest = (struct maker_signers){.n = 1, .key = {MAKER_PROVENANCE}};
    dm_make(&d, &plan);
    assert_refused(&d, 1, "trust.manifest.signature");
}

static void a_signature_file_holds_a_signature_and_nothing_else(void **state)
{
    struct hm_device_bytes *sig = &d.offer.manifest_sig[0];
    static const uint8_t zeros[512] = {0};
    uint8_t longer[128] = {0};

    (void)state;
    dm_make(&d, NULL);
    memcpy(longer, sig->p, sig->n);
    sig->p = longer;
    sig->n++;
    assert_refused(&d, 1, "trust.signature.malformed");
    sig->n = 0;
    assert_refused(&d, 1, "trust.signature.malformed");
    sig->p = zeros;
    sig->n = 513;
    assert_refused(&d, 1, "trust.signature.malformed");
    sig->n = 512; /* of a scheme that is not known here: a stranger's */
    assert_refused(&d, 1, "trust.manifest.signature");
    d.offer.manifest_sig[1] = (struct hm_device_bytes){d.sig[DM_MANIFEST][0].p,
                                                       d.sig[DM_MANIFEST][0].n};
    d.offer.manifest_sigs = 2;
    assert_accepted(&d);
    d.offer.manifest_sigs = 9;
    assert_refused(&d, 0, "trust.signature.count");
}

/* --- sizes, before anything is read ------------------------------------------------ */

static void a_document_that_is_too_long_is_not_looked_at(void **state)
{
    struct hm_device_bytes *const views[] = {
        &d.offer.root, &d.offer.authorisation, &d.offer.manifest};
    static const size_t max[] = {HM_DEVICE_ROOT_MAX,
                                 HM_DEVICE_AUTHORISATION_MAX,
                                 HM_DEVICE_MANIFEST_MAX};
    static const uint8_t blanks[HM_DEVICE_AUTHORISATION_MAX] = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        dm_make(&d, NULL);
        *views[i] = (struct hm_device_bytes){NULL, max[i] + 1};
        assert_refused(&d, 0, "json.size");
        *views[i] = (struct hm_device_bytes){blanks, max[i]};
        (void)dm_check(&d);
        assert_int_equal(d.result.check, 1);
    }
}

/* --- what the device is ---------------------------------------------------------------- */

static void other_root(struct hm_device_self *s)
{
    s->state.root_sha256[31] ^= 1;
}
static void other_vendor(struct hm_device_self *s)
{
    s->vendor = "acm";
}
static void other_product(struct hm_device_self *s)
{
    s->product = "thermo";
}
static void other_model(struct hm_device_self *s)
{
    s->model = "t100";
}
static void other_hardware(struct hm_device_self *s)
{
    s->hardware = "*";
}
static void other_version(struct hm_device_self *s)
{
    s->version = "1.0.10";
}
static void same_version_longer(struct hm_device_self *s)
{
    s->version = "1.0";
}
static void no_version(struct hm_device_self *s)
{
    s->version = "";
}
static void bad_version(struct hm_device_self *s)
{
    s->version = "1.0.0-rc1";
}
static void every_version(struct hm_device_self *s)
{
    s->model = "T200"; /* its entry has no from_versions */
    s->version = "";
}

/* --- what it has seen, what its clock says ---------------------------------------------- */

static void higher_sequence(struct hm_device_self *s)
{
    s->state.sequence = 8;
}
static void higher_epoch(struct hm_device_self *s)
{
    s->state.epoch = 2;
    s->state.sequence = 0;
}
static void newer_timestamp(struct hm_device_self *s)
{
    s->state.timestamp = MAKER_TIME + 1;
}
static void newer_authorisation(struct hm_device_self *s)
{
    s->state.authorisation_sequence = 5;
}
static void never_anything(struct hm_device_self *s)
{
    s->state.has_authorisation = false;
    s->state.has_manifest = false;
    s->state.sequence = 99;
}
static void higher_counter(struct hm_device_self *s)
{
    s->state.rollback_counter = 3;
}
static void late(struct hm_device_self *s)
{
    s->clock = MAKER_TIME + 31 * MAKER_DAY;
}
static void much_too_late(struct hm_device_self *s)
{
    s->clock = MAKER_TIME + 365 * MAKER_DAY;
}
static void late_without_clock(struct hm_device_self *s)
{
    s->clock = HM_DEVICE_NO_CLOCK;
}
/* Below the stored timestamp: a clock that lost its time is no clock. */
static void in_1970(struct hm_device_self *s)
{
    s->clock = 0;
}

static void one_wrong_thing_of_the_device_is_told_apart(void **state)
{
    static const struct {
        void (*change)(struct hm_device_self *s);
        unsigned check;
        const char *reason;
    } rows[] = {
        {other_root, 1, "trust.root.digest"},
        {other_vendor, 2, "manifest.vendor"},
        {other_product, 1, "trust.key.product"},
        {other_model, 2, "manifest.applicability.none"},
        {other_hardware, 2, "manifest.applicability.none"},
        {other_version, 2, "manifest.applicability.none"},
        {same_version_longer, 5, "yes"},
        {no_version, 2, "manifest.applicability.none"},
        {every_version, 5, "yes"},
        {bad_version, 2, "device.identity.version"},
        {higher_sequence, 3, "manifest.sequence.lower"},
        {higher_epoch, 3, "manifest.sequence.lower"},
        {newer_timestamp, 3, "manifest.timestamp.older"},
        {newer_authorisation, 1, "trust.authorisation.sequence"},
        {never_anything, 5, "yes"},
        {higher_counter, 4, "manifest.rollback.lower"},
        {late, 3, "manifest.expired"},
        {much_too_late, 1, "trust.authorisation.expired"},
        {late_without_clock, 5, "yes"},
        {in_1970, 5, "yes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dm_make(&d, NULL);
        rows[i].change(&d.self);
        (void)dm_check(&d);
        if (d.result.check != rows[i].check)
            print_message("row %zu\n", i);
        assert_string_equal(d.result.reason, rows[i].reason);
        assert_int_equal(d.result.check, rows[i].check);
    }
}

static void
a_stale_authorisation_is_taken_only_for_something_newer(void **state)
{
    const struct dm_plan plan = {
        .edit = {{DM_AUTHORISATION, "2026-11-01", "2026-05-12"}}};

    (void)state;
    dm_make(&d, &plan);
    assert_refused(&d, 1, "trust.authorisation.expired");
    d.self.accept_stale = true;
    assert_accepted(&d);
    d.self.state = d.result.after; /* nothing newer: a frozen repository */
    assert_refused(&d, 1, "trust.authorisation.expired");
    d.self.state.sequence = 6;
    assert_accepted(&d);
    late(&d.self); /* the manifest's own expiry is another matter */
    assert_refused(&d, 3, "manifest.expired");
}

/* No entry is for what runs already; that is told last, so that a repository
 * that is frozen or set back is seen by a device that is up to date. */
static void what_runs_already_must_be_fresh_as_well(void **state)
{
    (void)state;
    dm_make(&d, NULL);
    d.self.version = "1.0.1";
    assert_refused(&d, 2, "manifest.applicability.none");
    assert_true(d.result.after.sequence == 7);
    d.self.model = "T999"; /* never meant for it: nothing is taken from it */
    d.self.version = "1.0.0";
    assert_refused(&d, 2, "manifest.applicability.none");
    assert_true(d.result.after.sequence == 6);
    dm_make(&d, NULL);
    d.self.version = "1.0.1";
    late(&d.self);
    assert_refused(&d, 3, "manifest.expired");
    assert_true(d.result.after.sequence == 6);
    dm_make(&d, NULL);
    d.self.version = "1.0.1";
    higher_sequence(&d.self);
    assert_refused(&d, 3, "manifest.sequence.lower");
    dm_make(&d, NULL);
    d.self.version = "1.0.1";
    higher_counter(&d.self);
    assert_refused(&d, 4, "manifest.rollback.lower");
}

/* A stolen key has run up the stored timestamp: the clock counts as none, and
 * nothing expires.  The epoch that root opens then makes it count again. */
static void a_new_epoch_makes_the_clock_count_again(void **state)
{
    const struct dm_plan plan = {
        .edit = {{DM_AUTHORISATION, "\"epoch\": 1", "\"epoch\": 2"},
                 {DM_MANIFEST, "\"epoch\": 1", "\"epoch\": 2"}}};
    const int64_t run_up = MAKER_TIME + 300 * MAKER_DAY;

    (void)state;
    dm_make(&d, &plan);
    d.self.state.timestamp = run_up;
    assert_accepted(&d);
    late(&d.self);
    assert_refused(&d, 3, "manifest.expired");
    d.self.clock = run_up - 1;
    assert_refused(&d, 1, "trust.authorisation.expired");
    d.self.clock = HM_DEVICE_NO_CLOCK;
    assert_accepted(&d);
    d.self.state.epoch = 2; /* seen already: below the timestamp as before */
    d.self.state.sequence = 0;
    d.self.state.timestamp = MAKER_TIME;
    d.self.clock = MAKER_TIME - 1;
    assert_accepted(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_count_keys_not_signatures),
        cmocka_unit_test(only_a_current_key_of_the_role_signs_a_manifest),
        cmocka_unit_test(a_second_required_role_is_a_second_lock),
        cmocka_unit_test(a_signature_file_holds_a_signature_and_nothing_else),
        cmocka_unit_test(a_document_that_is_too_long_is_not_looked_at),
        cmocka_unit_test(one_wrong_thing_of_the_device_is_told_apart),
        cmocka_unit_test(
            a_stale_authorisation_is_taken_only_for_something_newer),
        cmocka_unit_test(what_runs_already_must_be_fresh_as_well),
        cmocka_unit_test(a_new_epoch_makes_the_clock_count_again),
    };

    return cmocka_run_group_tests_name("device_self", tests, setup, teardown);
}
