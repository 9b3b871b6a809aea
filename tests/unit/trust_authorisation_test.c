/* authorisation.json: reader, writer and the edits of a key ceremony. */
#include "hm_test.h"

#include "alloc_fail.h"
#include "json_mutate.h"
#include "whole_docs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct world {
    struct maker m;
    struct hm_buf whole; /* an authorisation.json with everything in it */
};

static int make_world(void **state)
{
    static struct world w;

    maker_init(&w.m, 2, 3);
    w.whole = (struct hm_buf)HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    whole_authorisation(&w.m, &w.whole);
    *state = &w;
    return 0;
}

static int clear_world(void **state)
{
    struct world *w = *state;

    hm_buf_clear(&w->whole);
    maker_clear(&w->m);
    return 0;
}

static hm_rc read_it(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    const hm_rc rc = hm_authorisation_read(&a, text, e);

    assert_true(rc == HM_OK || (a.keys == NULL && a.retired == NULL));
    assert_true(rc == HM_OK || (a.keys_n == 0 && a.retired_n == 0));
    assert_true(rc == HM_OK || a.require_n == 0);
    return rc;
}

static void what_was_read_is_written_again(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    uint8_t sha256[HM_SHA256_SIZE];
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_authorisation_read(&a, hm_buf_view(&w->whole), &e), &e);
    assert_ok(hm_authorisation_write(&a, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&w->whole));
    assert_ok(hm_sha256(hm_buf_view(&w->whole), sha256, &e), &e);
    assert_memory_equal(a.sha256, sha256, sizeof(sha256));
    assert_int_equal(a.keys_n, 2);
    assert_int_equal(a.keys[0].products_n, 2);
    assert_string_equal(a.keys[0].token.protection, "hardware");
    assert_null(a.keys[1].key.key.pkey); /* a scheme that nobody knows */
    assert_int_equal(a.retired[1].reason, HM_COMPROMISED);
    assert_true(a.retired[1].ledger_size == HM_JSON_INT_MAX);
    assert_false(a.retired[0].has_ledger);
}

static void no_value_can_be_another(void **state)
{
    static const char *const accepted[] = {
        "[] /limits", "[] /retired", "removed /retired/1/ledger", "0 /sequence",
        "0 /limits/0/epoch", "0 /limits/0/max_rollback_counter",
        "0 /limits/1/max_rollback_counter", "0 /retired/1/ledger/size",
        /* What a module says of itself; shown through hm_show() only. */
        "\"\\u0007\" /keys/0/token/module", "\"\\u0007\" /keys/0/token/token",
        "\"\\u0007\" /keys/0/token/serial",
        "\"\\u0007\" /keys/0/token/key_gen_mechanism",
        "removed /keys/0/token/hardware_slot",
        "removed /keys/0/token/hardware_mechanism",
        "removed /keys/0/token/key_gen_mechanism",
        "\"\\u0007\" /keys/1/token/module", "\"\\u0007\" /keys/1/token/token",
        "\"\\u0007\" /keys/1/token/serial",
        "\"\\u0007\" /retired/0/token/module",
        "\"\\u0007\" /retired/0/token/token",
        "\"\\u0007\" /retired/0/token/serial",
        "\"\\u0007\" /retired/1/token/module",
        "\"\\u0007\" /retired/1/token/token",
        "\"\\u0007\" /retired/1/token/serial", NULL};
    const struct world *w = *state;

    mutate_document(hm_buf_view(&w->whole), read_it, accepted);
}

static const struct {
    const char *old, *text;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
} rules[] = {
    {"\"sequence\": 3", "\"sequence\": 4294967295", HM_OK, NULL},
    {"\"sequence\": 3", "\"sequence\": 4294967296", HM_E_LIMIT,
     "json.member.range"},
    {"\"issued\": \"2026-05-12T08:00:00Z\",\n  \"expires\": \"2027",
     "\"issued\": \"2027-05-12T08:00:00Z\",\n  \"expires\": \"2027",
     HM_E_REJECTED, "trust.authorisation.dates"},
    {"\"issued\": \"2026-05-12T08:00:00Z\",\n  \"expires\": \"2027",
     "\"issued\": \"2027-05-12T07:59:59Z\",\n  \"expires\": \"2027", HM_OK,
     NULL},
    {"\"issued\": \"2026-05-12T", "\"issued\": \"2026-05-12 ", HM_E_FORMAT,
     "base.time.syntax"},
    {"\"issued\": \"2026-05-12T", "\"issued\": \"2026-02-30T", HM_E_FORMAT,
     "base.time.syntax"},
    {"\"role\": \"verification\"", "\"role\": \"ledger\"", HM_OK, NULL},
    {"\"role\": \"verification\"", "\"role\": \"root\"", HM_E_FORMAT,
     "json.member.word"},
    {"    \"verification\"\n", "    \"x509\"\n", HM_OK, NULL},
    {"    \"verification\"\n", "    \"manifest\"\n", HM_E_REJECTED,
     "trust.require.twice"},
    {"    \"verification\"\n", "    \"root\"\n", HM_E_FORMAT,
     "json.member.word"},
    {"\"product\": \"boiler\"", "\"product\": \"kettle\"", HM_OK, NULL},
    {"\"product\": \"boiler\"", "\"product\": \"thermostat\"", HM_E_REJECTED,
     "trust.limit.twice"},
    {"\"product\": \"boiler\"", "\"product\": \"*\"", HM_E_FORMAT,
     "trust.name.syntax"},
    {"\"thermostat\",\n        \"boiler\"", "\"boiler\",\n\"thermostat\"",
     HM_OK, NULL},
    {"\"thermostat\",\n        \"boiler\"", "\"boiler\",\n\"boiler\"",
     HM_E_REJECTED, "trust.product.twice"},
    {"\"thermostat\",\n        \"boiler\"", "\"boiler\",\n\"**\"", HM_E_FORMAT,
     "trust.name.syntax"},
    {"\"compromised\"", "\"lost\"", HM_OK, NULL},
    {"\"compromised\"", "\"expired\"", HM_E_FORMAT, "json.member.word"},
    {"\"hardware\"", "\"software\"", HM_OK, NULL},
    {"\"hardware\"", "\"plastic\"", HM_E_FORMAT, "json.member.word"},
    {"\"local\": \"yes\"", "\"local\": \"no\"", HM_OK, NULL},
    {"\"local\": \"yes\"", "\"local\": \"perhaps\"", HM_E_FORMAT,
     "json.member.word"},
    {"\"acme\"", "\"other\"", HM_OK, NULL},
    {"\"acme\"", "\"\"", HM_E_FORMAT, "json.member.empty"},
    {"hallmark-authorisation/1", "hallmark-root/1", HM_E_FORMAT, "json.format"},
};

static void each_rule_has_its_reason(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(rules); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_AUTHORISATION_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        assert_ok(hm_buf_add(&text, hm_buf_view(&w->whole), &e), &e);
        maker_replace(&text, rules[i].old, rules[i].text);
        rc = read_it(hm_buf_view(&text), &e);
        if (rules[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, rules[i].rc, rules[i].reason, &e);
    }
}

static void an_authorisation_has_limits(void **state)
{
    const struct world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_AUTHORISATION_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    mutate_pad(whole, HM_AUTHORISATION_BYTES_MAX, &text);
    assert_ok(read_it(hm_buf_view(&text), &e), &e);
    mutate_pad(whole, HM_AUTHORISATION_BYTES_MAX + 1, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT, "json.size", &e);
    mutate_repeat(whole, "/keys/0", HM_TRUST_KEYS_MAX - 1, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
    mutate_repeat(whole, "/limits/0", HM_TRUST_LIMITS_MAX - 2, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_REJECTED,
                 "trust.limit.twice", &e);
    mutate_repeat(whole, "/limits/0", HM_TRUST_LIMITS_MAX - 1, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
    mutate_repeat(whole, "/keys/0/products/0", HM_TRUST_PRODUCTS_MAX - 1,
                  &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
    mutate_repeat(whole, "/require/0", HM_ROLES - 1, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
}

static void one_key_stands_once_current_or_retired(void **state)
{
    const struct world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    static const char *const current[] = {"/keys/0", "/keys/1", "/retired/0"};
    HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    struct hm_err e = {.rc = HM_OK};

    for (size_t i = 0; i < COUNT(current); i++) {
        mutate_repeat(whole, current[i], 1, &text);
        assert_fails(read_it(hm_buf_view(&text), &e), HM_E_REJECTED,
                     "trust.key.twice", &e);
    }
    assert_ok(hm_authorisation_read(&a, whole, &e), &e);
    for (unsigned i = MAKER_VENDOR; i <= MAKER_RETIRED; i++) {
        struct hm_authorised_key key = a.keys[0];

        key.key.key = w->m.keys[i].key;
        assert_fails(hm_authorisation_add(&a, &key, &e), HM_E_REJECTED,
                     "trust.key.twice", &e);
    }
    assert_int_equal(a.keys_n, 2);
}

static void a_window_ends_after_it_begins(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_authorisation) a = {.issued = MAKER_TIME, .expires = MAKER_TIME};
    struct hm_authorised_key key = {.products_n = 0};
    struct hm_err e = {.rc = HM_OK};

    key.key.key = w->m.keys[MAKER_VENDOR].key;
    key.valid_from = MAKER_TIME;
    key.valid_until = MAKER_TIME;
    assert_fails(hm_authorisation_add(&a, &key, &e), HM_E_REJECTED,
                 "trust.authorisation.dates", &e);
    key.valid_until++;
    assert_ok(hm_authorisation_add(&a, &key, &e), &e);
}

/* Keys of several makers, as many as asked for. */
static void add_keys(struct hm_authorisation *a, unsigned n)
{
    static struct maker m;

    for (unsigned i = 0; i < n; i++) {
        if (i % MAKER_KEYS == 0)
            maker_init(&m, 1, 1);
        maker_authorise(&m, a, (enum maker_name)(i % MAKER_KEYS),
                        HM_ROLE_MANIFEST, "thermostat");
        if (i % MAKER_KEYS == MAKER_KEYS - 1 || i + 1 == n)
            maker_clear(&m);
    }
}

static void thirty_two_keys_leave_room_for_retired_ones(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_authorisation)
    a = {.vendor = "acme",
         .issued = MAKER_TIME,
         .expires = MAKER_TIME + MAKER_DAY,
         .require_n = 1};
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    struct hm_authorised_key key;
    struct hm_err e = {.rc = HM_OK};

    add_keys(&a, HM_TRUST_KEYS_MAX);
    key = a.keys[0];
    key.key.key = w->m.keys[MAKER_VENDOR].key;
    assert_fails(hm_authorisation_add(&a, &key, &e), HM_E_LIMIT,
                 "trust.key.count", &e);
    assert_ok(hm_authorisation_retire(&a, a.keys[31].key.key.keyid, MAKER_TIME,
                                      HM_LOST, &e),
              &e);
    assert_ok(hm_authorisation_add(&a, &key, &e), &e);
    assert_int_equal(a.keys_n, HM_TRUST_KEYS_MAX);
    assert_ok(hm_authorisation_write(&a, &text, &e), &e);
    assert_ok(read_it(hm_buf_view(&text), &e), &e);
}

static void thirty_two_keys_can_be_retired(void **state)
{
    HM_OWN(hm_authorisation)
    a = {.vendor = "acme",
         .issued = MAKER_TIME,
         .expires = MAKER_TIME + MAKER_DAY,
         .require_n = 1};
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    for (unsigned i = 0; i < HM_TRUST_KEYS_MAX; i++) {
        add_keys(&a, 1);
        assert_ok(hm_authorisation_retire(&a, a.keys[0].key.key.keyid,
                                          MAKER_TIME, HM_LOST, &e),
                  &e);
    }
    add_keys(&a, 1);
    assert_ok(hm_authorisation_write(&a, &text, &e), &e);
    assert_ok(read_it(hm_buf_view(&text), &e), &e);
    assert_fails(hm_authorisation_retire(&a, a.keys[0].key.key.keyid,
                                         MAKER_TIME, HM_LOST, &e),
                 HM_E_LIMIT, "trust.key.count", &e);
    assert_int_equal(a.keys_n, 1);
}

static void retiring_moves_one_entry_whole(void **state)
{
    const struct world *w = *state;
    const char *vendor = w->m.keys[MAKER_VENDOR].key.keyid;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    const struct hm_retired_key *retired = NULL;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_authorisation_read(&a, hm_buf_view(&w->whole), &e), &e);
    assert_fails(hm_authorisation_retire(&a,
                                         w->m.keys[MAKER_STRANGER].key.keyid,
                                         MAKER_TIME, HM_LOST, &e),
                 HM_E_REJECTED, "trust.key.missing", &e);
    assert_non_null(hm_authorisation_find(&a, vendor));
    assert_ok(hm_authorisation_retire(&a, vendor, MAKER_TIME + 5, HM_LOST, &e),
              &e);
    assert_null(hm_authorisation_find(&a, vendor));
    retired = hm_authorisation_find_retired(&a, vendor);
    assert_non_null(retired);
    assert_true(retired->since == MAKER_TIME + 5);
    assert_int_equal(retired->entry.products_n, 2);
    assert_int_equal(a.keys_n, 1);
    assert_int_equal(a.retired_n, 3);
    assert_fails(hm_authorisation_retire(&a, vendor, MAKER_TIME, HM_LOST, &e),
                 HM_E_REJECTED, "trust.key.missing", &e);
}

static void a_product_has_its_limit(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_authorisation_read(&a, hm_buf_view(&w->whole), &e), &e);
    assert_true(
        hm_authorisation_limit(&a, "thermostat")->max_rollback_counter == 12);
    assert_null(hm_authorisation_limit(&a, "thermo"));
}

static void reading_survives_every_failing_allocation(void **state)
{
    const struct world *w = *state;

    for (int k = 0;; k++) {
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = read_it(hm_buf_view(&w->whole), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 4);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
    }
}

static void writing_survives_every_failing_allocation(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_authorisation_read(&a, hm_buf_view(&w->whole), &e), &e);
    for (int k = 0;; k++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_authorisation_write(&a, &text, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_int_equal(text.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(no_value_can_be_another),
        cmocka_unit_test(each_rule_has_its_reason),
        cmocka_unit_test(an_authorisation_has_limits),
        cmocka_unit_test(one_key_stands_once_current_or_retired),
        cmocka_unit_test(a_window_ends_after_it_begins),
        cmocka_unit_test(thirty_two_keys_leave_room_for_retired_ones),
        cmocka_unit_test(thirty_two_keys_can_be_retired),
        cmocka_unit_test(retiring_moves_one_entry_whole),
        cmocka_unit_test(a_product_has_its_limit),
        cmocka_unit_test(reading_survives_every_failing_allocation),
        cmocka_unit_test(writing_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("trust_authorisation", tests, make_world,
                                       clear_world);
}
