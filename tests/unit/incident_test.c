/* A key is stolen: what it signed in a repository, what is to be done about
 * each file, whom the next authorisation still reaches, and the record. */
#include "hm_incident.h"

#include <sys/stat.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "device_story.h"
#include "hm_test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AWARE    (MAKER_TIME + 10 * MAKER_DAY)
#define LAST     (MAKER_TIME + MAKER_DAY) /* of the manifest that is served */
#define REPO     story_path(&s, "repository")

/* 1.0.0 and 1.0.2 (served) are signed by the vendor's key and the provenance
 * key; 1.0.1 by two keys of the role manifest and another provenance key. */
static struct device_story s;
static struct hm_root root;
static struct hm_authorisation last, next;
static struct hm_incident in;

static void add_keys(struct hm_authorisation *a, void *context)
{
    (void)context;
    maker_authorise(&s.keys, a, MAKER_VERIFICATION, HM_ROLE_MANIFEST,
                    "thermostat");
    maker_authorise(&s.keys, a, MAKER_STRANGER, HM_ROLE_PROVENANCE,
                    "thermostat");
}

static int begin(void **state)
{
    const struct maker_plan plans[] = {
        {.version = "1.0.0", .sequence = 1, .edit_authorisation = add_keys},
        {.version = "1.0.1",
         .sequence = 2,
         .time = MAKER_TIME + 3600,
         .manifest = {.n = 2, .key = {MAKER_VENDOR, MAKER_VERIFICATION}},
         .provenance = {.n = 1, .key = {MAKER_STRANGER}},
         .edit_authorisation = add_keys},
        {.version = "1.0.2",
         .sequence = 3,
         .time = LAST,
         .edit_authorisation = add_keys},
    };
    struct hm_err e = {0};

    (void)state;
    story_begin(&s);
    for (size_t i = 0; i < COUNT(plans); i++)
        story_publish(&s, &plans[i], 0);
    story_copy(&s, "repository/releases/1.0.1/manifest.json.sig.2",
               "repository/history/1-2/manifest.json.sig.2");
    assert_ok(hm_root_load(&root, story_path(&s, "root.json"), NULL, &e), &e);
    hm_incident_begin(&in);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    hm_incident_clear(&in);
    hm_authorisation_clear(&last);
    hm_authorisation_clear(&next);
    return 0;
}

static int end(void **state)
{
    (void)forget(state);
    hm_root_clear(&root);
    story_clear(&s);
    return 0;
}

/* After a test that changed the repository. */
static int afresh(void **state)
{
    (void)end(state);
    return begin(state);
}

static const char *id_of(enum maker_name key)
{
    return s.keys.keys[key].key.keyid;
}

static void read_live(struct hm_authorisation *a)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    struct hm_err e = {0};

    hm_temp_read(&s.t, "repository/releases/1.0.2/authorisation.json", &bytes);
    assert_ok(hm_authorisation_read(a, hm_buf_view(&bytes), &e), &e);
}

/* The next authorisation, as it is read from its bytes. */
static void write_next(void)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    struct hm_err e = {0};

    assert_ok(hm_authorisation_write(&next, &bytes, &e), &e);
    assert_ok(hm_authorisation_read(&next, hm_buf_view(&bytes), &e), &e);
}

/* The key is stolen at @p since; root answers with @p epoch. */
static void steal(enum maker_name key, hm_time since, uint64_t epoch)
{
    struct hm_err e = {0};

    hm_incident_clear(&in);
    read_live(&last);
    read_live(&next);
    next.sequence++;
    next.issued = AWARE;
    next.limits[0].epoch = epoch;
    if (hm_authorisation_find(&next, id_of(key)) != NULL)
        assert_ok(hm_authorisation_retire(&next, id_of(key), since,
                                          HM_COMPROMISED, &e),
                  &e);
    write_next();
    (void)snprintf(in.vendor, sizeof(in.vendor), "acme");
    in.last = &last;
    in.next = &next;
    in.aware = AWARE;
    in.key = hm_authorisation_find_retired(&next, id_of(key));
    assert_non_null(in.key);
}

/* --- what it touched ------------------------------------------------------------ */

#define PROVENANCE(v) "releases/" v "/attestations/provenance.intoto.jsonl"

static void a_key_touched_what_it_signed_and_nothing_else(void **state)
{
    static const struct {
        enum maker_name key;
        const char *names[4]; /* NULL ends them */
    } rows[] = {
        {MAKER_VENDOR,
         {"history/1-1/manifest.json", "history/1-2/manifest.json",
          "history/1-3/manifest.json"}},
        {MAKER_VERIFICATION, {"history/1-2/manifest.json"}},
        {MAKER_PROVENANCE, {PROVENANCE("1.0.0"), PROVENANCE("1.0.2")}},
        {MAKER_STRANGER, {PROVENANCE("1.0.1")}},
        {MAKER_RETIRED, {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hm_err e = {0};
        size_t n = 0;

        steal(rows[i].key, LAST, 1);
        assert_ok(hm_incident_find(&in, REPO, &e), &e);
        assert_string_equal(in.product, "thermostat");
        for (; rows[i].names[n] != NULL; n++) {
            assert_true(n < in.touched.n);
            assert_string_equal(in.touched.touched[n].name, rows[i].names[n]);
        }
        assert_int_equal(in.touched.n, n);
    }
}

static void a_touched_file_is_known_by_its_place_and_its_time(void **state)
{
    static const struct {
        enum maker_name key;
        const char *version;
        hm_time timestamp;
        bool is_served, is_after, still_stands;
    } rows[] = {
        {MAKER_VENDOR, "1.0.0", MAKER_TIME, false, false, false},
        {MAKER_VENDOR, "1.0.1", MAKER_TIME + 3600, false, false, true},
        {MAKER_VENDOR, "1.0.2", LAST, true, true, false},
        {MAKER_PROVENANCE, "1.0.0", 0, false, false, false},
        {MAKER_PROVENANCE, "1.0.2", 0, true, false, false},
    };
    enum maker_name stolen = MAKER_KEYS;
    size_t k = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++, k++) {
        const struct hm_touched *t = NULL;
        struct hm_err e = {0};

        if (rows[i].key != stolen) {
            stolen = rows[i].key;
            k = 0;
            steal(stolen, LAST, 1);
            assert_ok(hm_incident_find(&in, REPO, &e), &e);
        }
        t = &in.touched.touched[k];
        assert_string_equal(t->version.text, rows[i].version);
        assert_true(t->timestamp == rows[i].timestamp);
        assert_int_equal(t->is_served, rows[i].is_served);
        assert_int_equal(t->is_after, rows[i].is_after);
        assert_int_equal(t->still_stands, rows[i].still_stands);
    }
}

static void a_theft_a_second_later_leaves_nothing_after_it(void **state)
{
    struct hm_err e = {0};

    (void)state;
    steal(MAKER_VENDOR, LAST + 1, 1);
    assert_ok(hm_incident_find(&in, REPO, &e), &e);
    assert_int_equal(in.touched.n, 3);
    assert_false(in.touched.touched[2].is_after);
}

/* Both keys of the manifest are retired, one after the other. */
static void a_manifest_of_two_keys_falls_with_the_second(void **state)
{
    struct hm_err e = {0};

    (void)state;
    steal(MAKER_VENDOR, LAST, 1);
    assert_ok(hm_incident_find(&in, REPO, &e), &e);
    assert_true(in.touched.touched[1].still_stands);
    steal(MAKER_VENDOR, LAST, 1);
    assert_ok(hm_authorisation_retire(&next, id_of(MAKER_VERIFICATION), LAST,
                                      HM_LOST, &e),
              &e);
    write_next();
    in.key = hm_authorisation_find_retired(&next, id_of(MAKER_VENDOR));
    assert_ok(hm_incident_find(&in, REPO, &e), &e);
    assert_false(in.touched.touched[1].still_stands);
}

static void a_manifest_that_lacks_a_new_second_lock_does_not_stand(void **state)
{
    struct hm_err e = {0};

    (void)state;
    steal(MAKER_VENDOR, LAST, 1);
    next.require[next.require_n++] = HM_ROLE_PROVENANCE;
    write_next();
    in.key = hm_authorisation_find_retired(&next, id_of(MAKER_VENDOR));
    assert_ok(hm_incident_find(&in, REPO, &e), &e);
    assert_false(in.touched.touched[1].still_stands);
}

/* What the key signed counts, however it is written down: a thief is not bound
 * to our form. */
static void an_attestation_in_another_form_is_found_too(void **state)
{
    static const struct {
        const char *from, *to;
        size_t found;
    } rows[] = {
        {"{\"payload", "{ \"payload", 2},
        {"\"keyid\":\"SHA256:", "\"keyid\":\"other:", 2},
        {"\"sig\":\"", "\"sig\":\"AAAA", 1}, /* no signature at all */
        {"{\"payload", "no envelope", 1},
    };
    HM_OWN(hm_buf) as_it_was = HM_BUF_INIT(1u << 20);

    (void)state;
    hm_temp_read(&s.t, "repository/" PROVENANCE("1.0.0"), &as_it_was);
    for (size_t i = 0; i < COUNT(rows); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
        struct hm_err e = {0};

        assert_ok(hm_buf_add(&text, hm_buf_view(&as_it_was), &e), &e);
        maker_replace(&text, rows[i].from, rows[i].to);
        assert_ok(
            hm_file_save(story_path(&s, "repository/" PROVENANCE("1.0.0")),
                         hm_buf_view(&text), HM_OUT_REPLACE, &e),
            &e);
        steal(MAKER_PROVENANCE, LAST, 1);
        assert_ok(hm_incident_find(&in, REPO, &e), &e);
        assert_int_equal(in.touched.n, rows[i].found);
    }
}

/* --- what is to be done ----------------------------------------------------------- */

static void each_file_has_its_advice(void **state)
{
#define RENEW    "refresh it, sign it with a key in force and publish it"
#define FIND_OUT "find out whether you made it"
    static const struct {
        struct hm_touched t;
        const char *begins; /* "" for no advice */
    } rows[] = {
        {{.kind = HM_TOUCHED_MANIFEST}, ""},
        {{.kind = HM_TOUCHED_MANIFEST, .still_stands = true}, ""},
        {{.kind = HM_TOUCHED_MANIFEST, .is_after = true}, FIND_OUT},
        {{.kind = HM_TOUCHED_MANIFEST, .is_served = true}, RENEW},
        {{.kind = HM_TOUCHED_MANIFEST, .is_served = true, .still_stands = true},
         ""},
        {{.kind = HM_TOUCHED_MANIFEST,
          .is_served = true,
          .is_after = true,
          .still_stands = true},
         FIND_OUT},
        /* nobody shall sign again what the thief may have made */
        {{.kind = HM_TOUCHED_MANIFEST, .is_served = true, .is_after = true},
         FIND_OUT},
        {{.kind = HM_TOUCHED_ATTESTATION}, ""},
        {{.kind = HM_TOUCHED_ATTESTATION, .is_served = true},
         "release a higher version with an attestation by another key"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *advice = hm_touched_advice(&rows[i].t);
        const size_t n = strlen(rows[i].begins);

        if (strncmp(advice, rows[i].begins, n) != 0 ||
            (n == 0 && advice[0] != '\0'))
            fail_msg("row %zu: '%s'", i, advice);
    }
}

/* --- who is reached ------------------------------------------------------------------ */

#define SEEN(sequence, time)                               \
    "\"manifest\": {\"epoch\": 1, \"sequence\": " sequence \
    ", \"timestamp\": \"" time "\"}"

static const struct {
    const char *name, *state;
    const char *without, *with; /* epoch 2; "": reached */
} fleet[] = {
    {"follows", SEEN("3", "2026-05-13T08:00:00Z"), "", ""},
    {"sequence run up", SEEN("4294967295", "2026-05-13T08:00:00Z"),
     "manifest.sequence.lower", ""},
    {"time run up", SEEN("3", "2036-05-13T08:00:00Z"),
     "manifest.timestamp.older", ""},
    {"saw the thief's authorisation", "\"authorisation\": {\"sequence\": 9}",
     "trust.authorisation.sequence", "trust.authorisation.sequence"},
    {"counter above", "\"rollback_counter\": 3", "manifest.rollback.lower",
     "manifest.rollback.lower"},
    {"other root",
     "\"root_sha256\": \"00000000000000000000000000000000"
     "00000000000000000000000000000000\"",
     "trust.root.digest", "trust.root.digest"},
    {"clock far ahead", "\"clock\": \"2036-05-13T08:00:00Z\"",
     "trust.authorisation.expired", "trust.authorisation.expired"},
    {"never updated", "\"devices\": 7, \"clock\": \"none\"", "", ""},
};

static void take_fleet(void)
{
    char text[4096] =
        "{\n  \"format\": \"hallmark-cohorts/1\",\n  \"cohorts\": [";
    size_t n = strlen(text);
    struct hm_err e = {0};

    for (size_t i = 0; i < COUNT(fleet); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "%s{\"name\": \"%s\", \"model\": \"T100\", "
                              "\"hardware\": \"rev-b\", \"version\": "
                              "\"1.0.2\", %s}",
                              i == 0 ? "" : ",", fleet[i].name, fleet[i].state);
    (void)snprintf(text + n, sizeof(text) - n, "]}");
    assert_ok(hm_cohorts_read(&in.cohorts, hm_bytes_str(text), &root, &e), &e);
    assert_int_equal(in.cohorts.n, COUNT(fleet));
}

/* What was run up comes back with the epoch; the rollback counter, the root set
 * and the sequence of the authorisation never do. */
static void a_higher_epoch_reaches_what_a_thief_ran_up(void **state)
{
    (void)state;
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        struct hm_err e = {0};

        steal(MAKER_VENDOR, LAST, epoch);
        take_fleet();
        assert_ok(hm_incident_judge(&in, REPO, &root, &e), &e);
        for (size_t i = 0; i < COUNT(fleet); i++) {
            const struct hm_cohort_verdict *v = &in.verdicts[i];
            const char *want = epoch == 1 ? fleet[i].without : fleet[i].with;

            if (strcmp(v->reason, want) != 0 ||
                (v->check == HM_REHEARSE_YES) != (want[0] == '\0'))
                fail_msg("%s, epoch %d: %u %s", fleet[i].name, (int)epoch,
                         v->check, v->reason);
        }
    }
}

static void without_a_key_in_its_place_nobody_is_reached(void **state)
{
    struct hm_err e = {0};

    (void)state;
    steal(MAKER_VENDOR, LAST, 1);
    assert_ok(hm_authorisation_retire(&next, id_of(MAKER_VERIFICATION), LAST,
                                      HM_LOST, &e),
              &e);
    write_next();
    take_fleet();
    assert_ok(hm_incident_judge(&in, REPO, &root, &e), &e);
    assert_string_equal(in.verdicts[0].reason, "trust.manifest.signature");
    assert_int_equal(in.verdicts[0].check, 1);
}

static void who_followed_the_repository_is_reached(void **state)
{
    struct hm_err e = {0};

    (void)state;
    steal(MAKER_VENDOR, LAST, 1);
    assert_ok(hm_cohorts_from_history(&in.cohorts, REPO, &root, &e), &e);
    assert_int_equal(in.cohorts.n, 7); /* empty, 3 with a clock, 3 without */
    assert_ok(hm_incident_judge(&in, REPO, &root, &e), &e);
    for (size_t i = 0; i < in.cohorts.n; i++)
        assert_int_equal(in.verdicts[i].check, HM_REHEARSE_YES);
}

static void a_sequence_at_its_end_wants_a_higher_epoch(void **state)
{
    const struct maker_plan theft = {.version = "1.0.3",
                                     .sequence = HM_MANIFEST_COUNTER_MAX,
                                     .authorisation_sequence = 4,
                                     .time = LAST + 1,
                                     .edit_authorisation = add_keys};
    struct hm_err e = {0};

    (void)state;
    story_publish(&s, &theft, 0);
    steal(MAKER_VENDOR, LAST, 1);
    take_fleet();
    assert_fails(hm_incident_judge(&in, REPO, &root, &e), HM_E_LIMIT,
                 "incident.sequence.end", &e);
    steal(MAKER_VENDOR, LAST, 2);
    take_fleet();
    assert_ok(hm_incident_judge(&in, REPO, &root, &e), &e);
    assert_int_equal(in.verdicts[1].check, HM_REHEARSE_YES);
}

/* A publication that was cut off has left the history ahead of live: what
 * comes next stands above both. */
static void what_was_ever_in_the_history_is_passed(void **state)
{
    struct hm_err e = {0};

    (void)state;
    assert_int_equal(rename(story_path(&s, "repository/history/1-2"),
                            story_path(&s, "repository/history/2-4")),
                     0);
    steal(MAKER_VENDOR, LAST, 2);
    take_fleet();
    in.cohorts.cohort[0].epoch = 2;
    in.cohorts.cohort[0].sequence = 4;
    assert_ok(hm_incident_judge(&in, REPO, &root, &e), &e);
    assert_int_equal(in.verdicts[0].check, HM_REHEARSE_YES);
}

/* --- a repository that is none ---------------------------------------------------------- */

static hm_rc find_and_judge(struct hm_err *e)
{
    hm_rc rc;

    steal(MAKER_VENDOR, LAST, 1);
    take_fleet();
    rc = hm_incident_find(&in, REPO, e);
    return rc == HM_OK ? hm_incident_judge(&in, REPO, &root, e) : rc;
}

/* The text takes the place of a file or link, which waits aside. */
static void damage(const char *name, const char *text)
{
    (void)rename(story_path(&s, name), story_path(&s, "aside"));
    if (text != NULL)
        hm_temp_write(&s.t, name, text);
}

static void repair(const char *name)
{
    (void)unlink(story_path(&s, name));
    (void)rename(story_path(&s, "aside"), story_path(&s, name));
}

static void a_broken_repository_is_refused(void **state)
{
#define IN_REPO "repository/"
    static const struct {
        const char *name, *text; /* NULL: the file is removed */
        hm_rc rc;
        const char *reason;
    } rows[] = {
        {IN_REPO "history/1-1/manifest.json", NULL, HM_E_IO, "base.file.open"},
        {IN_REPO "history/1-1/manifest.json.sig", "no DER", HM_E_FORMAT,
         "trust.signature.malformed"},
        {IN_REPO "history/1-3/manifest.json", "{}", HM_E_FORMAT, "json.format"},
        {IN_REPO "history/latest", "a file", HM_E_REJECTED,
         "release.history.name"},
        {IN_REPO "live", NULL, HM_E_REJECTED, "release.repository.stranger"},
        {IN_REPO "live", "no link", HM_E_REJECTED, "release.repository.broken"},
        {IN_REPO "releases/latest", "a file", HM_E_REJECTED,
         "release.version.name"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hm_err e = {0};

        assert_ok(find_and_judge(&e), &e); /* the accepted neighbour */
        damage(rows[i].name, rows[i].text);
        steal(MAKER_VENDOR, LAST, 1);
        assert_fails(hm_incident_find(&in, REPO, &e), rows[i].rc,
                     rows[i].reason, &e);
        repair(rows[i].name);
    }
}

/* A manifest that nobody can read counts only for the key that signed it. */
static void a_signed_manifest_that_is_none_is_refused(void **state)
{
    const struct maker_signers thief = {.n = 1, .key = {MAKER_VENDOR}};
    struct hm_err e = {0};

    (void)state;
    damage("repository/history/1-1/manifest.json", "{\n  \"format\": 1\n}\n");
    maker_sign(&s.keys, story_path(&s, "repository/history/1-1"),
               "manifest.json", &thief);
    steal(MAKER_VERIFICATION, LAST, 1);
    assert_ok(hm_incident_find(&in, REPO, &e), &e);
    steal(MAKER_VENDOR, LAST, 1);
    assert_fails(hm_incident_find(&in, REPO, &e), HM_E_FORMAT, "json.format",
                 &e);
    assert_non_null(strstr(e.text, "history/1-1"));
}

static void an_empty_repository_has_nobody_to_reach(void **state)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_dir_make(&d, story_path(&s, "empty"), &e), &e);
    steal(MAKER_VENDOR, LAST, 1);
    assert_ok(hm_incident_find(&in, story_path(&s, "empty"), &e), &e);
    assert_int_equal(in.touched.n, 0);
    assert_fails(hm_incident_judge(&in, story_path(&s, "empty"), &root, &e),
                 HM_E_REJECTED, "incident.repository.empty", &e);
    assert_fails(hm_incident_find(&in, story_path(&s, "none"), &e), HM_E_IO,
                 "base.dir.open", &e);
}

/* --- the record ---------------------------------------------------------------------------- */

static const char *const in_the_record[] = {
    "{\n  \"format\": \"hallmark-incident/1\",\n  \"vendor\": \"acme\",\n"
    "  \"product\": \"thermostat\",\n  \"by\": \"E. Ample\",\n"
    "  \"why\": \"SEC-7\",\n  \"key\": {\n    \"keyid\": \"",
    "    \"scheme\": \"ecdsa-p256-sha256\",\n    \"role\": \"manifest\",\n"
    "    \"products\": [\n      \"thermostat\"\n    ],\n"
    "    \"valid_from\": \"2026-05-12T08:00:00Z\",\n"
    "    \"valid_until\": \"2027-05-13T08:00:00Z\",\n",
    "    \"protection\": \"unknown\",\n    \"reason\": \"compromised\",\n"
    "    \"since\": \"2026-05-13T08:00:00Z\"\n  },\n",
    "    \"aware\": \"2026-05-22T08:00:00Z\",\n"
    "    \"early_warning_24h\": \"2026-05-23T08:00:00Z\",\n"
    "    \"notification_72h\": \"2026-05-25T08:00:00Z\"\n",
    "  \"before\": {\n    \"sequence\": 3,\n"
    "    \"issued\": \"2026-05-12T08:00:00Z\",\n    \"sha256\": \"",
    "  \"after\": {\n    \"sequence\": 4,\n"
    "    \"issued\": \"2026-05-22T08:00:00Z\",\n    \"sha256\": \"",
    "      \"name\": \"history/1-2/manifest.json\",\n"
    "      \"kind\": \"manifest\",\n      \"version\": \"1.0.1\",\n"
    "      \"timestamp\": \"2026-05-12T09:00:00Z\",\n"
    "      \"served\": false,\n      \"after_since\": false,\n"
    "      \"still_stands\": true\n    },\n",
    "      \"served\": true,\n      \"after_since\": true,\n"
    "      \"still_stands\": false,\n      \"to_do\": \"",
    "      \"name\": \"follows\",\n      \"reachable\": true\n    },\n",
    "      \"name\": \"sequence run up\",\n      \"reachable\": false,\n"
    "      \"check\": \"freshness\",\n"
    "      \"reason\": \"manifest.sequence.lower\",\n"
    "      \"text\": \"saw manifest 1-4294967295, this is 1-4\"\n",
    "      \"name\": \"never updated\",\n      \"devices\": 7,\n"
    "      \"reachable\": true\n    }\n  ]\n}\n",
};

static void the_record_says_what_was_found(void **state)
{
    HM_OWN(hm_buf) once = HM_BUF_INIT(HM_INCIDENT_BYTES_MAX);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(HM_INCIDENT_BYTES_MAX);
    struct hm_err e = {0};
    const uint8_t *p = NULL;

    (void)state;
    assert_ok(find_and_judge(&e), &e);
    (void)snprintf(in.by, sizeof(in.by), "E. Ample");
    (void)snprintf(in.why, sizeof(in.why), "SEC-7");
    assert_ok(hm_incident_write(&in, &once, &e), &e);
    assert_ok(hm_incident_write(&in, &twice, &e), &e);
    assert_bytes_equal(hm_buf_view(&once), hm_buf_view(&twice));
    assert_ok(hm_json_check(hm_buf_view(&once), HM_JSON_OURS,
                            HM_INCIDENT_BYTES_MAX, &e),
              &e);
    p = once.p;
    for (size_t i = 0; i < COUNT(in_the_record); i++) {
        p = memmem(p, once.n - (size_t)(p - once.p), in_the_record[i],
                   strlen(in_the_record[i]));
        if (p == NULL)
            fail_msg("row %zu is not in its place: %.*s", i, (int)once.n,
                     (const char *)once.p);
    }
    assert_memory_equal(once.p, in_the_record[0], strlen(in_the_record[0]));
}

/* An attestation has no time of its own; who and why may be left out. */
static void what_is_not_known_is_left_out_of_the_record(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INCIDENT_BYTES_MAX);
    struct hm_err e = {0};

    (void)state;
    steal(MAKER_PROVENANCE, LAST, 1);
    assert_ok(hm_incident_find(&in, REPO, &e), &e);
    assert_ok(hm_incident_write(&in, &text, &e), &e);
    assert_ok(hm_buf_add(&text, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
              &e);
    assert_non_null(strstr((const char *)text.p, "\"kind\": \"attestation\""));
    assert_non_null(strstr((const char *)text.p, "\"cohorts\": []"));
    assert_null(strstr((const char *)text.p, "\"by\""));
    assert_null(strstr((const char *)text.p, "\"why\""));
    assert_null(strstr((const char *)text.p, "\"timestamp\""));
}

/* --- memory ------------------------------------------------------------------------------------ */

static hm_rc all_of_it(struct hm_buf *text, struct hm_err *e)
{
    HM_TRY(hm_incident_find(&in, REPO, e));
    HM_TRY(hm_cohorts_from_history(&in.cohorts, REPO, &root, e));
    HM_TRY(hm_incident_judge(&in, REPO, &root, e));
    return hm_incident_write(&in, text, e);
}

/* A file that could not be looked at is not one that the key never signed. */
static void survives_every_failing_allocation(enum maker_name key)
{
    for (int k = 0;; k++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INCIDENT_BYTES_MAX);
        struct hm_err e = {0};
        hm_rc rc;

        steal(key, LAST, 1);
        alloc_fail_after(k);
        rc = all_of_it(&text, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 50);
            return;
        }
        if (rc != HM_E_NOMEM)
            fail_msg("allocation %d: %s %s", k, hm_rc_name(rc), e.text);
        assert_true(e.reason[0] != '\0');
        assert_int_equal(text.n, 0);
    }
}

static void every_failing_allocation_is_a_failure(void **state)
{
    (void)state;
    survives_every_failing_allocation(MAKER_VENDOR);
    survives_every_failing_allocation(MAKER_PROVENANCE);
}

#define TEST(name)    cmocka_unit_test_teardown(name, forget)
#define CHANGES(name) cmocka_unit_test_teardown(name, afresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_touched_what_it_signed_and_nothing_else),
        TEST(a_touched_file_is_known_by_its_place_and_its_time),
        TEST(a_theft_a_second_later_leaves_nothing_after_it),
        TEST(a_manifest_of_two_keys_falls_with_the_second),
        TEST(a_manifest_that_lacks_a_new_second_lock_does_not_stand),
        CHANGES(an_attestation_in_another_form_is_found_too),
        cmocka_unit_test(each_file_has_its_advice),
        TEST(a_higher_epoch_reaches_what_a_thief_ran_up),
        TEST(without_a_key_in_its_place_nobody_is_reached),
        TEST(who_followed_the_repository_is_reached),
        CHANGES(a_sequence_at_its_end_wants_a_higher_epoch),
        CHANGES(what_was_ever_in_the_history_is_passed),
        TEST(a_broken_repository_is_refused),
        CHANGES(a_signed_manifest_that_is_none_is_refused),
        TEST(an_empty_repository_has_nobody_to_reach),
        TEST(the_record_says_what_was_found),
        TEST(what_is_not_known_is_left_out_of_the_record),
        TEST(every_failing_allocation_is_a_failure),
    };

    return cmocka_run_group_tests_name("incident", tests, begin, end);
}
