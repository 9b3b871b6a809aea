/* manifest.json: what a device reads, and nothing else. */
#include "hm_test.h"

#include "alloc_fail.h"
#include "json_mutate.h"
#include "whole_docs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int make_whole(void **state)
{
    static struct hm_buf whole;

    whole = (struct hm_buf)HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    whole_manifest(&whole);
    *state = &whole;
    return 0;
}

static int clear_whole(void **state)
{
    hm_buf_clear(*state);
    return 0;
}

static hm_rc read_it(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    const hm_rc rc = hm_manifest_read(&m, text, e);

    assert_true(rc == HM_OK || (m.updates == NULL && m.updates_n == 0));
    assert_true(rc == HM_OK || (m.advisories == NULL && m.vendor[0] == '\0'));
    return rc;
}

static void read_whole(void **state, struct hm_manifest *m)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_manifest_read(m, hm_buf_view(*state), &e), &e);
}

static void what_was_read_is_written_again(void **state)
{
    const struct hm_bytes whole = hm_buf_view(*state);
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    uint8_t sha256[HM_SHA256_SIZE];
    struct hm_err e = {.rc = HM_OK};

    read_whole(state, &m);
    assert_ok(hm_manifest_write(&m, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), whole);
    assert_ok(hm_sha256(whole, sha256, &e), &e);
    assert_memory_equal(m.sha256, sha256, sizeof(sha256));
    assert_string_equal(m.label, "1.0.1 \"\xc3\xa9t\xc3\xa9\"");
    assert_true(m.sequence == HM_MANIFEST_COUNTER_MAX);
    assert_int_equal(m.advisories_n, 2);
    assert_true(hm_words_has(&m.advisories[1].aliases, "CVE-2026-0001"));
    assert_false(hm_words_has(&m.advisories[1].aliases, "CVE-2026-000"));
    assert_int_equal(m.updates_n, 2);
    assert_false(m.updates[0].any_version);
    assert_true(m.updates[1].any_version);
    assert_int_equal(m.updates[0].artefacts[0].kind, HM_ARTEFACT_DELTA);
    assert_true(m.updates[1].artefacts[0].has_content);
}

static void no_value_can_be_another(void **state)
{
    static const char *const accepted[] = {
        "removed /label",
        "removed /channel",
        "removed /support_until",
        "removed /min_updater",
        "removed /install",
        "removed /advisories/0/cvss",
        "removed /advisories/1/cvss",
        "removed /updates/0/from_versions",
        "removed /updates/0/artefacts/0/slot",
        "removed /updates/1/artefacts/0/slot",
        "removed /updates/1/artefacts/0/content_sha256",
        "[] /advisories",
        "[] /advisories/0/aliases",
        "[] /advisories/1/aliases",
        "false /install/critical",
        "0 /epoch",
        "0 /sequence",
        "0 /rollback_counter",
        "0 /install/postpone_max_s",
        "0 /updates/0/artefacts/0/target_size",
        "0 /index/size",
        NULL};

    mutate_document(hm_buf_view(*state), read_it, accepted);
}

struct row {
    const char *old, *text;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
};

static void try_rows(void **state, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_MANIFEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        assert_ok(hm_buf_add(&text, hm_buf_view(*state), &e), &e);
        maker_replace(&text, rows[i].old, rows[i].text);
        rc = read_it(hm_buf_view(&text), &e);
        if (rows[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, rows[i].rc, rows[i].reason, &e);
    }
}

static const struct row head_rules[] = {
    {"hallmark-manifest/1", "hallmark-manifest/2", HM_E_FORMAT, "json.format"},
    {"hallmark-manifest/1", "hallmark-index/1", HM_E_FORMAT, "json.format"},
    {"\"acme\"", "\"Acme.Inc\"", HM_OK, NULL},
    {"\"acme\"", "\"acme inc\"", HM_E_FORMAT, "manifest.name.syntax"},
    {"\"thermostat\"", "\"thermostat/2\"", HM_E_FORMAT, "manifest.name.syntax"},
    {"\"stable\"", "\"sta ble\"", HM_E_FORMAT, "manifest.name.syntax"},
    {"\"label\": \"1", "\"label\": \"\xe2\x82\xac", HM_OK, NULL},
    {"\"label\": \"1", "\"label\": \"\\t", HM_E_FORMAT, "manifest.text.syntax"},
    {"\"label\": \"1", "\"label\": \"\\u007f", HM_E_FORMAT,
     "manifest.text.syntax"},
    {"4294967295", "4294967296", HM_E_LIMIT, "json.member.range"},
    {"4294967295", "9007199254740992", HM_E_LIMIT, "json.number.range"},
    {"4294967295", "007", HM_E_FORMAT, "json.syntax"},
    {"4294967295", "7.0", HM_E_FORMAT, "json.number"},
    {"\"version\": \"1.0.1\"", "\"version\": \"1.0.1.2\"", HM_OK, NULL},
    {"\"version\": \"1.0.1\"", "\"version\": \"1\"", HM_E_FORMAT,
     "base.version.syntax"},
    {"\"version\": \"1.0.1\"", "\"version\": \"1.01\"", HM_E_FORMAT,
     "base.version.syntax"},
    {"\"version\": \"1.0.1\"", "\"version\": \"1.2147483648\"", HM_E_FORMAT,
     "base.version.syntax"},
    {"\"min_updater\": \"2.0\"", "\"min_updater\": \"2.0-rc1\"", HM_E_FORMAT,
     "base.version.syntax"},
    {"\"expires\": \"2026-06-11T08:00:00Z\"",
     "\"expires\": \"2026-05-12T08:00:00Z\"", HM_E_REJECTED, "manifest.dates"},
    {"\"expires\": \"2026-06-11T08:00:00Z\"",
     "\"expires\": \"2026-05-12T08:00:01Z\"", HM_OK, NULL},
    {"\"expires\": \"2026-06-11T08:00:00Z\"",
     "\"expires\": \"2026-06-11T08:00:00+00:00\"", HM_E_FORMAT,
     "base.time.syntax"},
    {"9999-12-31T23:59:59Z", "1970-01-01T00:00:01Z", HM_OK, NULL},
    {"9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", HM_E_REJECTED,
     "manifest.dates"},
    {"\"emergency\"", "\"routine\"", HM_OK, NULL},
    {"\"emergency\"", "\"Routine\"", HM_E_FORMAT, "json.member.word"},
    {"\"critical\",", "\"none\",", HM_OK, NULL},
    {"\"critical\",", "\"none low\",", HM_E_FORMAT, "json.member.word"},
    {"\"index.json\"", "\"index2.json\"", HM_E_REJECTED, "manifest.index.name"},
    {"\"index.json\"", "\"../index.json\"", HM_E_FORMAT, "base.name.syntax"},
    {"\"size\": 4096", "\"size\": 4194304", HM_OK, NULL},
    {"\"size\": 4096", "\"size\": 4194305", HM_E_LIMIT, "json.member.range"},
};

static void the_head_has_its_rules(void **state)
{
    try_rows(state, head_rules, COUNT(head_rules));
}

static const struct row list_rules[] = {
    {"\"id\": \"ACME-SA-2026-0002\"", "\"id\": \"ACME-SA-2026-0001\"",
     HM_E_REJECTED, "manifest.advisory.twice"},
    {"\"id\": \"ACME-SA-2026-0002\"", "\"id\": \"ACME-SA-2026-0003\"", HM_OK,
     NULL},
    {"https://acme.example/sa/ACME-SA-2026-0001", "https://a", HM_OK, NULL},
    {"https://acme.example/sa/ACME-SA-2026-0001", "https://", HM_E_FORMAT,
     "manifest.url.syntax"},
    {"https://acme.example/sa/ACME-SA-2026-0001", "http://acme.example/",
     HM_E_FORMAT, "manifest.url.syntax"},
    {"https://acme.example/sa/ACME-SA-2026-0001", "https://a/ b", HM_E_FORMAT,
     "manifest.url.syntax"},
    {"https://acme.example/sa/ACME-SA-2026-0001", "https://a@b/", HM_E_FORMAT,
     "manifest.url.syntax"},
    {"https://acme.example/sa/ACME-SA-2026-0001", "https://\xc3\xa9/",
     HM_E_FORMAT, "manifest.url.syntax"},
    {"https://acme.example/sa/ACME-SA-2026-0001", "https:///sa/1", HM_E_FORMAT,
     "manifest.url.syntax"},
    {"https://acme.example/sa/ACME-SA-2026-0001", "https://[::1]:8443/sa/1",
     HM_OK, NULL},
    {"\"min\": \"1.0\"", "\"min\": \"1.0.0.1\"", HM_E_REJECTED,
     "manifest.versions.order"},
    {"\"max\": \"1.0.0\"", "\"max\": \"0.9\"", HM_E_REJECTED,
     "manifest.versions.order"},
    {"\"max\": \"1.0.0\"", "\"max\": \"1.0\"", HM_OK, NULL},
    {"\"rev-b\"", "\"rev-b\", \"rev-d\"", HM_OK, NULL},
    {"\"rev-b\"", "\"rev-b\", \"rev-b\"", HM_E_REJECTED, "manifest.word.twice"},
    {"\"rev-b\"", "\"rev b\"", HM_E_FORMAT, "manifest.name.syntax"},
    {"artefacts/full.tar.gz", "artefacts/1.0.0-1.0.1.delta", HM_E_REJECTED,
     "manifest.artefact.differs"},
    {"artefacts/full.tar.gz", "artefacts/.full", HM_E_FORMAT,
     "base.name.syntax"},
    {"artefacts/full.tar.gz", "artefacts/../full", HM_E_FORMAT,
     "base.name.syntax"},
    {"\"delta\",\n          \"slot\": \"rootfs\"",
     "\"full\",\n          \"slot\": \"rootfs\"", HM_E_FORMAT,
     "json.member.unknown"},
    {"\"full\",\n          \"slot\": \"rootfs\"",
     "\"delta\",\n          \"slot\": \"rootfs\"", HM_E_FORMAT,
     "json.member.missing"},
    {"\"target_size\": 1048576", "\"target_size\": 9007199254740991", HM_OK,
     NULL},
};

static void advisories_and_updates_have_their_rules(void **state)
{
    try_rows(state, list_rules, COUNT(list_rules));
}

static void an_artefact_is_not_empty(void **state)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    read_whole(state, &m);
    m.updates[1].artefacts[0].size = 1;
    assert_ok(hm_manifest_write(&m, &text, &e), &e);
    m.updates[1].artefacts[0].size = 0;
    assert_fails(hm_manifest_write(&m, &text, &e), HM_E_REJECTED,
                 "manifest.artefact.empty", &e);
    assert_int_equal(text.n, 0);
}

/* Each member of an artefact that two entries may not see differently. */
static void one_name_has_one_description(void **state)
{
    static const size_t at[] = {
        offsetof(struct hm_artefact, slot), offsetof(struct hm_artefact, size),
        offsetof(struct hm_artefact, sha256),
        offsetof(struct hm_artefact, content_sha256) + 31};

    for (size_t i = 0; i <= COUNT(at); i++) {
        HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
        struct hm_artefact *twin = NULL;
        struct hm_err e = {.rc = HM_OK};

        read_whole(state, &m);
        assert_ok(hm_update_add_artefact(&m.updates[0], &twin, &e), &e);
        *twin = m.updates[1].artefacts[0];
        if (i == COUNT(at)) {
            assert_ok(hm_manifest_write(&m, &text, &e), &e);
            continue;
        }
        *((uint8_t *)twin + at[i]) ^= 1;
        assert_fails(hm_manifest_write(&m, &text, &e), HM_E_REJECTED,
                     "manifest.artefact.differs", &e);
    }
}

static void a_manifest_has_limits(void **state)
{
    static const struct {
        const char *pointer;
        unsigned times;
        hm_rc rc;
        const char *reason;
    } rows[] = {
        {"/advisories/1", 14, HM_E_REJECTED, "manifest.advisory.twice"},
        {"/advisories/1", 15, HM_E_LIMIT, "json.member.count"},
        {"/updates/1", 15, HM_OK, NULL},
        {"/updates/1/artefacts/0", 30, HM_OK, NULL},
        {"/updates/1/artefacts/0", 31, HM_E_LIMIT, "manifest.artefacts.count"},
        {"/updates/1/artefacts/0", 32, HM_E_LIMIT, "json.member.count"},
        {"/updates/0/models/0", 30, HM_E_REJECTED, "manifest.word.twice"},
        {"/updates/0/models/0", 31, HM_E_LIMIT, "json.member.count"},
        {"/updates/0/hardware/0", 32, HM_E_LIMIT, "json.member.count"},
        {"/advisories/0/aliases/0", 31, HM_E_LIMIT, "json.member.count"},
    };
    HM_OWN(hm_buf) text = HM_BUF_INIT(4 * HM_MANIFEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    for (size_t i = 0; i < COUNT(rows); i++) {
        hm_rc rc;

        mutate_repeat(hm_buf_view(*state), rows[i].pointer, rows[i].times,
                      &text);
        rc = read_it(hm_buf_view(&text), &e);
        if (rows[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, rows[i].rc, rows[i].reason, &e);
    }
    mutate_pad(hm_buf_view(*state), HM_MANIFEST_BYTES_MAX, &text);
    assert_ok(read_it(hm_buf_view(&text), &e), &e);
    mutate_pad(hm_buf_view(*state), HM_MANIFEST_BYTES_MAX + 1, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT, "json.size", &e);
}

static void adding_stops_at_the_limits(void **state)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_advisory *a = NULL;
    struct hm_update *u = NULL;
    struct hm_artefact *f = NULL;
    struct hm_words *words = NULL;
    struct hm_err e = {.rc = HM_OK};
    char word[16];

    (void)state;
    for (unsigned i = 0; i < HM_MANIFEST_ADVISORIES_MAX; i++)
        assert_ok(hm_manifest_add_advisory(&m, &a, &e), &e);
    assert_fails(hm_manifest_add_advisory(&m, &a, &e), HM_E_LIMIT,
                 "json.member.count", &e);
    for (unsigned i = 0; i < HM_MANIFEST_UPDATES_MAX; i++)
        assert_ok(hm_manifest_add_update(&m, &u, &e), &e);
    assert_fails(hm_manifest_add_update(&m, &u, &e), HM_E_LIMIT,
                 "json.member.count", &e);
    for (unsigned i = 0; i < HM_MANIFEST_ARTEFACTS_MAX; i++)
        assert_ok(hm_update_add_artefact(u, &f, &e), &e);
    assert_fails(hm_update_add_artefact(u, &f, &e), HM_E_LIMIT,
                 "json.member.count", &e);
    words = &m.updates[0].models;
    for (unsigned i = 0; i < HM_MANIFEST_WORDS_MAX; i++) {
        (void)snprintf(word, sizeof(word), "T%u", i);
        assert_ok(hm_words_add(words, word, &e), &e);
    }
    assert_fails(hm_words_add(words, "T0", &e), HM_E_REJECTED,
                 "manifest.word.twice", &e);
    assert_fails(hm_words_add(words, "T-0", &e), HM_E_LIMIT,
                 "json.member.count", &e);
    assert_fails(hm_words_add(words, "T 0", &e), HM_E_FORMAT,
                 "manifest.name.syntax", &e);
    assert_int_equal(words->n, HM_MANIFEST_WORDS_MAX);
}

static void words_have_names(void **state)
{
    (void)state;
    assert_string_equal(hm_update_type_name(HM_UPDATE_EMERGENCY), "emergency");
    assert_string_equal(hm_severity_name(HM_SEVERITY_CRITICAL), "critical");
    assert_string_equal(hm_artefact_role_name(HM_ARTEFACT_CONFIGURATION),
                        "configuration");
    assert_string_equal(hm_artefact_kind_name(HM_ARTEFACT_DELTA), "delta");
    assert_string_equal(hm_file_kind_name(6), "record");
    assert_string_equal(hm_file_kind_name(7), "unknown");
}

static void reading_survives_every_failing_allocation(void **state)
{
    for (int k = 0;; k++) {
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = read_it(hm_buf_view(*state), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 10);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(no_value_can_be_another),
        cmocka_unit_test(the_head_has_its_rules),
        cmocka_unit_test(advisories_and_updates_have_their_rules),
        cmocka_unit_test(an_artefact_is_not_empty),
        cmocka_unit_test(one_name_has_one_description),
        cmocka_unit_test(a_manifest_has_limits),
        cmocka_unit_test(adding_stops_at_the_limits),
        cmocka_unit_test(words_have_names),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("manifest", tests, make_whole,
                                       clear_whole);
}
