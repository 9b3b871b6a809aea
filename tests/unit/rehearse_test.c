/* A rehearsal says of a device what the device will say itself: the same verdict
 * and the same reason, for every combination of what is signed, by whom, and of
 * what the device is and has seen. */
#include "hm_rehearse.h"

#include "device_maker.h"
#include "hm_test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

/* --- who signs, and what ------------------------------------------------------- */

static const struct maker_signers signings[] = {
    {.n = 1, .key = {MAKER_VENDOR}},
    {.n = 2, .key = {MAKER_PROVENANCE, MAKER_VENDOR}},
    {.n = 1, .key = {MAKER_PROVENANCE}},
    {.n = 1, .key = {MAKER_RETIRED}},
    {.n = 1, .key = {MAKER_STRANGER}},
    {.n = 2, .key = {MAKER_RETIRED, MAKER_PROVENANCE}},
};

/* The provenance key, of another role or product, or not valid yet. */
#define SECOND_LOCK                                   \
    {DM_AUTHORISATION, "    \"manifest\"\n",          \
     "    \"manifest\", \"verification\"\n"},         \
    {                                                 \
        DM_AUTHORISATION, "\"role\": \"provenance\"", \
            "\"role\": \"verification\""              \
    }

static const struct dm_edit edits[][DM_EDITS + 1] = {
    {{DM_ROOT, NULL, NULL}},
    {SECOND_LOCK},
    {{DM_AUTHORISATION, "\"sequence\": 4", "\"sequence\": 2"}},
    {{DM_AUTHORISATION, "\"sequence\": 4", "\"sequence\": 3"}},
    {{DM_AUTHORISATION, "2026-11-01T00:00:00Z", "2026-05-12T08:00:00Z"}},
    {{DM_AUTHORISATION, "\"epoch\": 1", "\"epoch\": 2"}},
    {{DM_AUTHORISATION, "\"epoch\": 1", "\"epoch\": 2"},
     {DM_MANIFEST, "\"epoch\": 1", "\"epoch\": 2"}},
    {{DM_AUTHORISATION, "\"max_rollback_counter\": 9",
      "\"max_rollback_counter\": 1"}},
    {{DM_AUTHORISATION, "      \"product\": \"thermostat\"",
      "      \"product\": \"boiler\""}},
    {{DM_MANIFEST, "\"sequence\": 7", "\"sequence\": 6"}},
    {{DM_MANIFEST, "\"sequence\": 7", "\"sequence\": 5"}},
    {{DM_MANIFEST, "\"rollback_counter\": 2", "\"rollback_counter\": 0"}},
    {{DM_MANIFEST, "\"timestamp\": \"2026-05-12T08:00:00Z\"",
      "\"timestamp\": \"2025-12-31T08:00:00Z\""}},
    {{DM_MANIFEST, "2026-06-11T08:00:00Z", "2027-06-11T08:00:00Z"},
     {DM_MANIFEST, "\"timestamp\": \"2026-05-12T08:00:00Z\"",
      "\"timestamp\": \"2027-01-31T08:00:00Z\""}},
    {{DM_MANIFEST, "\"vendor\": \"acme\"", "\"vendor\": \"acmf\""}},
};

/* --- to whom --------------------------------------------------------------------- */

static const struct {
    const char *model, *version;
    int64_t clock; /* from MAKER_TIME; HM_DEVICE_NO_CLOCK: none */
    uint64_t authorisation, epoch, sequence, counter;
    int64_t seen; /* timestamp of the last manifest, from MAKER_TIME */
    bool accepts_stale, knows_nothing, has_other_root;
} devices[] = {
    {"T100", "1.0.0", MAKER_DAY, 3, 1, 6, 1, -MAKER_DAY, .accepts_stale = 0},
    {"T100", "1.0.1", MAKER_DAY, 4, 1, 7, 2, 0, .accepts_stale = 0},
    {"T100", "", MAKER_DAY, 0, 0, 0, 0, 0, .knows_nothing = 1},
    {"T200", "", MAKER_DAY, 0, 0, 0, 0, 0, .knows_nothing = 1},
    {"T200", "9.9", HM_DEVICE_NO_CLOCK, 3, 1, 6, 2, 0, .accepts_stale = 0},
    {"T200", "0.1", 400 * MAKER_DAY, 3, 1, 6, 2, 0, .accepts_stale = 0},
    {"T100", "1.0.0", 400 * MAKER_DAY, 3, 1, 6, 2, 0, .accepts_stale = 1},
    {"T100", "1.0.0", 400 * MAKER_DAY, 3, 1, 7, 2, 0, .accepts_stale = 1},
    {"T100", "1.0.0", -9 * MAKER_DAY, 3, 1, 6, 2, -1, .accepts_stale = 0},
    {"T100", "1.0.0", MAKER_DAY, 5, 1, 6, 1, 0, .accepts_stale = 0},
    {"T100", "1.0.0", MAKER_DAY, 3, 2, 1, 1, 0, .accepts_stale = 0},
    {"T100", "1.0.0", MAKER_DAY, 3, 1, 6, 3, 0, .accepts_stale = 0},
    {"T100", "1.0.0", MAKER_DAY, 3, 1, 6, 1, 5, .accepts_stale = 0},
    {"T900", "1.0.0", MAKER_DAY, 3, 1, 6, 1, 0, .accepts_stale = 0},
    {"T100", "1.0.0", MAKER_DAY, 3, 1, 6, 1, 0, .has_other_root = 1},
};

static void be_device(size_t i)
{
    struct hm_device_state *s = &d.self.state;

    d.self.model = devices[i].model;
    d.self.version = devices[i].version;
    d.self.accept_stale = devices[i].accepts_stale;
    d.self.clock = devices[i].clock == HM_DEVICE_NO_CLOCK
                       ? HM_DEVICE_NO_CLOCK
                       : MAKER_TIME + devices[i].clock;
    s->has_authorisation = s->has_manifest = !devices[i].knows_nothing;
    s->authorisation_sequence = devices[i].authorisation;
    s->epoch = devices[i].epoch;
    s->sequence = devices[i].sequence;
    s->rollback_counter = devices[i].counter;
    s->timestamp = MAKER_TIME + devices[i].seen;
    if (devices[i].has_other_root)
        s->root_sha256[0] ^= 1;
}

/* The device as the rehearsal knows it. */
static void describe(struct hm_cohort *c)
{
    const struct hm_device_state *s = &d.self.state;
    struct hm_err e = {0};

    *c = (struct hm_cohort){.accepts_stale = d.self.accept_stale,
                            .has_authorisation = s->has_authorisation,
                            .has_authorisation_sha256 = true,
                            .authorisation_sequence = s->authorisation_sequence,
                            .has_manifest = s->has_manifest,
                            .has_manifest_sha256 = true,
                            .epoch = s->epoch,
                            .sequence = s->sequence,
                            .timestamp = s->timestamp,
                            .rollback_counter = s->rollback_counter,
                            .has_version = d.self.version[0] != '\0',
                            .clock = d.self.clock == HM_DEVICE_NO_CLOCK
                                         ? HM_CLOCK_NONE
                                         : HM_CLOCK_AT,
                            .at = d.self.clock};
    (void)snprintf(c->model, sizeof(c->model), "%s", d.self.model);
    (void)snprintf(c->hardware, sizeof(c->hardware), "%s", d.self.hardware);
    memcpy(c->root_sha256, s->root_sha256, HM_SHA256_SIZE);
    memcpy(c->authorisation_sha256, s->authorisation_sha256, HM_SHA256_SIZE);
    memcpy(c->manifest_sha256, s->manifest_sha256, HM_SHA256_SIZE);
    if (c->has_version)
        assert_ok(
            hm_version_read(hm_bytes_str(d.self.version), &c->version, &e), &e);
}

/* --- both ------------------------------------------------------------------------- */

struct read {
    struct hm_root root;
    struct hm_authorisation a;
    struct hm_manifest m;
    struct hm_offer offer;
};

static struct read r;

static void read_documents(const struct maker_signers *who)
{
    struct hm_err e = {0};

    assert_ok(hm_root_read(&r.root, hm_buf_view(&d.doc[DM_ROOT]), &e), &e);
    assert_ok(
        hm_authorisation_read(&r.a, hm_buf_view(&d.doc[DM_AUTHORISATION]), &e),
        &e);
    assert_ok(hm_manifest_read(&r.m, hm_buf_view(&d.doc[DM_MANIFEST]), &e), &e);
    r.offer = (struct hm_offer){
        .root = &r.root, .authorisation = &r.a, .manifest = &r.m};
    for (unsigned i = 0; i < who->n; i++)
        memcpy(r.offer.signer[r.offer.signers++],
               d.keys.keys[who->key[i]].key.keyid, HM_SHA256_HEX);
}

static void clear_documents(void)
{
    hm_root_clear(&r.root);
    hm_authorisation_clear(&r.a);
    hm_manifest_clear(&r.m);
}

static bool agree(size_t signing, size_t edit, size_t device)
{
    struct hm_cohort_verdict v;
    struct hm_cohort c;
    const char *reason = NULL;

    dm_offer(&d);
    be_device(device);
    reason = dm_check(&d);
    describe(&c);
    hm_cohort_judge(&c, &r.offer, &v);
    if (v.check != d.result.check ||
        (v.check != HM_REHEARSE_YES && strcmp(v.reason, reason) != 0))
        fail_msg("signing %zu, edit %zu, device %zu: rehearsed %u %s, the "
                 "device says %u %s",
                 signing, edit, device, v.check, v.reason, d.result.check,
                 reason);
    return v.check == HM_REHEARSE_YES;
}

static void the_device_says_what_was_rehearsed(void **state)
{
    const struct hm_manifest none = HM_MANIFEST_INIT;
    size_t yes = 0;

    (void)state;
    r.m = none;
    for (size_t s = 0; s < COUNT(signings); s++)
        for (size_t i = 0; i < COUNT(edits); i++) {
            struct dm_plan plan = {.manifest = signings[s]};

            memcpy(plan.edit, edits[i], sizeof(plan.edit));
            for (size_t k = 0; k < COUNT(devices); k++) {
                dm_make(&d, &plan); /* the device is as new again */
                read_documents(&signings[s]);
                yes += agree(s, i, k);
                clear_documents();
            }
        }
    assert_in_range(yes, 30, 500);
}

/* --- cohorts as a file ---------------------------------------------------------------- */

#define HEAD "{\n  \"format\": \"hallmark-cohorts/1\",\n  \"cohorts\": ["
#define ONE                                                               \
    "{\"name\": \"a\", \"model\": \"T100\", \"hardware\": \"rev-b\", "    \
    "\"version\": \"1.0.0\", \"devices\": 7, \"rollback_counter\": 1, "   \
    "\"authorisation\": {\"sequence\": 3}, \"manifest\": {\"epoch\": 1, " \
    "\"sequence\": 6, \"timestamp\": \"2026-05-12T08:00:00Z\"}, "         \
    "\"clock\": \"none\"}"

static hm_rc read_cohorts(const char *text, struct hm_cohorts *out,
                          struct hm_err *e)
{
    const struct hm_root root = {.threshold = 1, .sha256 = {7}};

    return hm_cohorts_read(out, hm_bytes_str(text), &root, e);
}

static void a_cohort_is_read_whole(void **state)
{
    HM_OWN(hm_cohorts) c = HM_COHORTS_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(read_cohorts(HEAD ONE "]}", &c, &e), &e);
    assert_int_equal(c.n, 1);
    assert_string_equal(c.cohort[0].name, "a");
    assert_int_equal(c.cohort[0].devices, 7);
    assert_int_equal(c.cohort[0].root_sha256[0], 7);
    assert_int_equal(c.cohort[0].clock, HM_CLOCK_NONE);
    assert_int_equal(c.cohort[0].sequence, 6);
    assert_false(c.cohort[0].has_manifest_sha256);
}

static void a_wrong_cohort_is_refused(void **state)
{
    static const struct {
        const char *text;
        hm_rc rc;
        const char *reason;
    } rows[] = {
        {HEAD "]}", HM_E_LIMIT, "json.member.count"},
        {HEAD ONE "," ONE "]}", HM_E_REJECTED, "rehearse.cohort.twice"},
        {HEAD "{\"name\": \"a\"}]}", HM_E_FORMAT, "json.member.missing"},
        {HEAD "{\"name\": \"\\u001b[1m\", \"model\": \"T\", \"hardware\": "
              "\"h\"}]}",
         HM_E_REJECTED, "rehearse.text.syntax"},
        {HEAD "{\"name\": \"a\", \"model\": \"T 1\", \"hardware\": \"h\"}]}",
         HM_E_FORMAT, "trust.name.syntax"},
        {HEAD "{\"name\": \"a\", \"model\": \"T\", \"hardware\": \"h\", "
              "\"clock\": \"late\"}]}",
         HM_E_FORMAT, "base.time.syntax"},
        {HEAD "{\"name\": \"a\", \"model\": \"T\", \"hardware\": \"h\", "
              "\"colour\": 1}]}",
         HM_E_FORMAT, "json.member.unknown"},
        {"{\"cohorts\": []}", HM_E_FORMAT, "json.format"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        HM_OWN(hm_cohorts) c = HM_COHORTS_INIT;
        struct hm_err e = {0};

        assert_fails(read_cohorts(rows[i].text, &c, &e), rows[i].rc,
                     rows[i].reason, &e);
        assert_int_equal(c.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_device_says_what_was_rehearsed,
                                        setup, teardown),
        cmocka_unit_test(a_cohort_is_read_whole),
        cmocka_unit_test(a_wrong_cohort_is_refused),
    };

    return cmocka_run_group_tests_name("rehearse", tests, NULL, NULL);
}
