/* What a root key is asked to sign: nothing but what its bytes say. */
#include "hm_test.h"

#include <stdlib.h>

#include "alloc_fail.h"
#include "hm_request.h"
#include "json_mutate.h"
#include "release_maker.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BY       "R. Manager"
#define WHY      "SEC-12: caf\xc3\xa9"

struct world {
    struct maker m;
    struct hm_root root;
    struct hm_buf whole; /* a request with everything in it */
};

static void free_request(struct hm_request **r)
{
    hm_request_clear(*r);
    free(*r);
}
#define OWN_REQUEST __attribute__((cleanup(free_request))) struct hm_request

static struct hm_request *new_request(void)
{
    struct hm_request *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    hm_request_begin(r);
    return r;
}

/* --- documents -------------------------------------------------------------- */

typedef void (*edit_fn)(const struct maker *m, struct hm_authorisation *a);

static void retire(const struct maker *m, struct hm_authorisation *a,
                   enum maker_name key, enum hm_retire_reason why)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(
        hm_authorisation_retire(a, m->keys[key].key.keyid, a->issued, why, &e),
        &e);
}

/* In force: two keys, one that went, one limit. */
static void fill_last(const struct maker *m, struct hm_authorisation *a)
{
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(a->vendor, sizeof(a->vendor), "acme");
    assert_ok(hm_sha256(hm_buf_view(&m->root), a->root_sha256, &e), &e);
    a->sequence = 7;
    a->issued = MAKER_TIME;
    a->expires = MAKER_TIME + 30 * MAKER_DAY;
    maker_authorise(m, a, MAKER_RETIRED, HM_ROLE_MANIFEST, "thermostat");
    maker_authorise(m, a, MAKER_VENDOR, HM_ROLE_MANIFEST, "thermostat");
    maker_authorise(m, a, MAKER_PROVENANCE, HM_ROLE_PROVENANCE, "thermostat");
    retire(m, a, MAKER_RETIRED, HM_ROTATED);
    a->require[0] = HM_ROLE_MANIFEST;
    a->require[1] = HM_ROLE_PROVENANCE;
    a->require_n = 2;
    a->limits[0] = (struct hm_limit){"thermostat", 2, 9};
    a->limits_n = 1;
}

/* What follows it when nothing but the time has passed. */
static void fill_next(const struct maker *m, struct hm_authorisation *a)
{
    fill_last(m, a);
    a->sequence = 8;
    a->issued += MAKER_DAY;
    a->expires += MAKER_DAY;
}

static void rotate(const struct maker *m, struct hm_authorisation *a)
{
    retire(m, a, MAKER_VENDOR, HM_ROTATED);
    maker_authorise(m, a, MAKER_VERIFICATION, HM_ROLE_MANIFEST, "thermostat");
}

static void write_document(const struct maker *m, struct hm_authorisation *a,
                           edit_fn edit, struct hm_buf *to)
{
    struct hm_err e = {.rc = HM_OK};

    if (edit != NULL)
        edit(m, a);
    assert_ok(hm_authorisation_write(a, to, &e), &e);
}

static void sign_before(const struct world *w, struct hm_request *r,
                        const enum maker_name *who, size_t n)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    hm_signatures_clear(&r->signatures);
    for (size_t i = 0; i < n; i++) {
        maker_signature(&w->m, who[i], hm_buf_view(&r->before), &sig);
        assert_ok(hm_signatures_add(&r->signatures, "a", hm_buf_view(&sig), &e),
                  &e);
    }
}

/* A request that stands up, but for the edits of its two documents. */
static void fill(const struct world *w, struct hm_request *r, edit_fn last,
                 edit_fn next)
{
    static const enum maker_name who[] = {MAKER_ROOT_3, MAKER_ROOT_1};
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_authorisation) b = HM_AUTHORISATION_INIT;

    (void)snprintf(r->by, sizeof(r->by), "%s", BY);
    (void)snprintf(r->why, sizeof(r->why), "%s", WHY);
    r->requested = MAKER_TIME + 2 * MAKER_DAY;
    fill_last(&w->m, &a);
    write_document(&w->m, &a, last, &r->before);
    sign_before(w, r, who, COUNT(who));
    fill_next(&w->m, &b);
    write_document(&w->m, &b, next, &r->document);
}

static void write_request(const struct world *w, struct hm_request *r,
                          struct hm_buf *to)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_ok(hm_request_write(r, &w->root, to, &e), &e);
}

static int make_world(void **state)
{
    static struct world w;
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};

    maker_init(&w.m, 2, 3);
    assert_ok(hm_root_read(&w.root, hm_buf_view(&w.m.root), &e), &e);
    w.whole = (struct hm_buf)HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    r->act = HM_ACT_ROTATE;
    fill(&w, r, NULL, rotate);
    write_request(&w, r, &w.whole);
    *state = &w;
    return 0;
}

static int clear_world(void **state)
{
    struct world *w = *state;

    hm_buf_clear(&w->whole);
    hm_root_clear(&w->root);
    maker_clear(&w->m);
    return 0;
}

static void assert_empty(const struct hm_request *r)
{
    assert_int_equal(r->document.n + r->before.n + r->signatures.n, 0);
    assert_int_equal(r->next.keys_n + r->next.retired_n, 0);
    assert_int_equal(r->last.keys_n + r->last.retired_n, 0);
    assert_int_equal(r->meaning.n + r->careful.n + r->changes.n, 0);
}

static hm_rc read_with(const struct hm_root *root, struct hm_bytes text,
                       struct hm_err *e)
{
    OWN_REQUEST *r = new_request();
    const hm_rc rc = hm_request_read(r, text, root, e);

    if (rc != HM_OK)
        assert_empty(r);
    return rc;
}

/* --- what is accepted ------------------------------------------------------- */

static void what_was_read_is_written_again(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *r = new_request();
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e), &e);
    assert_int_equal(r->act, HM_ACT_ROTATE);
    assert_string_equal(r->by, BY);
    assert_string_equal(r->why, WHY);
    assert_true(r->requested == MAKER_TIME + 2 * MAKER_DAY);
    assert_int_equal(r->last.sequence, 7);
    assert_int_equal(r->next.sequence, 8);
    assert_int_equal(r->signatures.n, 2);
    assert_ok(hm_request_write(r, &w->root, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&w->whole));
    /* One object reads any number of requests. */
    assert_ok(hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e), &e);
    assert_int_equal(r->signatures.n, 2);
}

static void the_first_authorisation_has_none_before_it(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *r = new_request();
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    fill(w, r, NULL, NULL);
    hm_buf_clear(&r->before);
    hm_signatures_clear(&r->signatures);
    r->act = HM_ACT_ROTATE; /* one key is retired from the start */
    write_request(w, r, &text);
    assert_null(memmem(text.p, text.n, "\"before\": {", 11));
    assert_ok(hm_request_read(r, hm_buf_view(&text), &w->root, &e), &e);
    assert_int_equal(r->before.n, 0);
    assert_non_null(strstr(r->meaning.name[0], "and the first"));
    for (size_t i = 0; i < r->changes.n; i++)
        assert_string_equal(r->changes.change[i].before, "");
}

static void words_are_the_same_for_the_same_documents(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *a = new_request();
    OWN_REQUEST *b = new_request();
    struct hm_err e = {.rc = HM_OK};

    fill(w, a, NULL, rotate);
    fill(w, b, NULL, rotate);
    a->act = b->act = HM_ACT_ROTATE;
    (void)snprintf(b->by, sizeof(b->by), "Somebody else");
    b->requested = 0;
    assert_ok(hm_request_make(a, &w->root, &e), &e);
    assert_ok(hm_request_make(a, &w->root, &e), &e); /* a second time */
    assert_ok(hm_request_make(b, &w->root, &e), &e);
    assert_int_equal(a->meaning.n, b->meaning.n);
    for (size_t i = 0; i < a->meaning.n; i++)
        assert_string_equal(a->meaning.name[i], b->meaning.name[i]);
    assert_int_equal(a->careful.n, b->careful.n);
    for (size_t i = 0; i < a->careful.n; i++)
        assert_string_equal(a->careful.name[i], b->careful.name[i]);
    assert_int_equal(a->changes.n, b->changes.n);
    for (size_t i = 0; i < a->changes.n; i++) {
        assert_string_equal(a->changes.change[i].at, b->changes.change[i].at);
        assert_string_equal(a->changes.change[i].after,
                            b->changes.change[i].after);
    }
}

/* --- what must not happen --------------------------------------------------- */

static void same_number(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->sequence = 7;
}

static void lower_number(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->sequence = 6;
}

static void second_before(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->issued = MAKER_TIME - 1;
}

static void same_second(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->issued = MAKER_TIME;
}

static void lower_epoch(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits[0].epoch = 1;
}

static void no_limit(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits_n = 0;
}

static void lower_counter(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits[0].max_rollback_counter = 0;
}

static void forget_key(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->keys_n--; /* the last one holds nothing but views of the maker */
    hm_authorised_key_clear(&a->keys[a->keys_n]);
}

static void retire_key(const struct maker *m, struct hm_authorisation *a)
{
    retire(m, a, MAKER_PROVENANCE, HM_LOST);
}

static void forget_retired(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->retired_n = 0;
    hm_authorised_key_clear(&a->retired[0].entry);
}

static void other_vendor(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    (void)snprintf(a->vendor, sizeof(a->vendor), "acne");
}

static void other_root(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->root_sha256[31] ^= 1;
}

static void root_key(const struct maker *m, struct hm_authorisation *a)
{
    maker_authorise(m, a, MAKER_ROOT_2, HM_ROLE_MANIFEST, "thermostat");
}

static void new_key(const struct maker *m, struct hm_authorisation *a)
{
    maker_authorise(m, a, MAKER_STRANGER, HM_ROLE_MANIFEST, "thermostat");
}

static void rotate_and_revoke(const struct maker *m, struct hm_authorisation *a)
{
    rotate(m, a);
    retire_key(m, a);
}

static const struct {
    edit_fn last, next;
    enum hm_request_act act;
    const char *reason; /* NULL: accepted */
} rules[] = {
    {NULL, NULL, HM_ACT_AUTHORISE, NULL},
    {NULL, same_number, HM_ACT_AUTHORISE, "request.sequence.lower"},
    {NULL, lower_number, HM_ACT_AUTHORISE, "request.sequence.lower"},
    {lower_number, same_number, HM_ACT_AUTHORISE, NULL},
    {NULL, second_before, HM_ACT_AUTHORISE, "request.issued.older"},
    {NULL, same_second, HM_ACT_AUTHORISE, NULL},
    {NULL, lower_epoch, HM_ACT_AUTHORISE, "request.epoch.lower"},
    {NULL, no_limit, HM_ACT_AUTHORISE, "request.epoch.lower"},
    {lower_epoch, NULL, HM_ACT_AUTHORISE, NULL},
    {no_limit, no_limit, HM_ACT_AUTHORISE, NULL},
    {NULL, lower_counter, HM_ACT_AUTHORISE, NULL},
    {NULL, forget_key, HM_ACT_AUTHORISE, "request.key.vanished"},
    {NULL, retire_key, HM_ACT_REVOKE, NULL},
    {NULL, forget_retired, HM_ACT_AUTHORISE, "request.retired.vanished"},
    {NULL, other_vendor, HM_ACT_AUTHORISE, "trust.authorisation.vendor"},
    {other_vendor, NULL, HM_ACT_AUTHORISE, "trust.authorisation.vendor"},
    {NULL, other_root, HM_ACT_AUTHORISE, "trust.authorisation.root"},
    {other_root, NULL, HM_ACT_AUTHORISE, "trust.authorisation.root"},
    {NULL, root_key, HM_ACT_AUTHORISE, "trust.key.twice"},
    {NULL, new_key, HM_ACT_AUTHORISE, NULL},
    {NULL, NULL, HM_ACT_ROTATE, "request.act.differs"},
    {NULL, NULL, HM_ACT_REVOKE, "request.act.differs"},
    {NULL, rotate, HM_ACT_ROTATE, NULL},
    {NULL, rotate, HM_ACT_AUTHORISE, "request.act.differs"},
    {NULL, rotate, HM_ACT_REVOKE, "request.act.differs"},
    {NULL, retire_key, HM_ACT_ROTATE, "request.act.differs"},
    {NULL, retire_key, HM_ACT_AUTHORISE, "request.act.differs"},
    {NULL, rotate_and_revoke, HM_ACT_ROTATE, "request.act.differs"},
    {NULL, rotate_and_revoke, HM_ACT_REVOKE, "request.act.differs"},
};

static void each_rule_has_its_reason(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(rules); i++) {
        OWN_REQUEST *r = new_request();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        fill(w, r, rules[i].last, rules[i].next);
        r->act = rules[i].act;
        rc = hm_request_make(r, &w->root, &e);
        if (rules[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, rules[i].reason, &e);
    }
}

static void zero_is_no_number_of_a_first_authorisation(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};

    fill(w, r, NULL, NULL);
    r->act = HM_ACT_ROTATE; /* one key is retired from the start */
    hm_buf_clear(&r->before);
    fill_next(&w->m, &a);
    a.sequence = 0;
    write_document(&w->m, &a, NULL, &r->document);
    assert_fails(hm_request_make(r, &w->root, &e), HM_E_REJECTED,
                 "request.sequence.lower", &e);
    a.sequence = 1;
    write_document(&w->m, &a, NULL, &r->document);
    assert_ok(hm_request_make(r, &w->root, &e), &e);
}

static const struct {
    enum maker_name who[3];
    size_t n;
    bool ok;
} signers[] = {
    {{MAKER_ROOT_1, MAKER_ROOT_2}, 2, true},
    {{MAKER_STRANGER, MAKER_ROOT_2, MAKER_ROOT_3}, 3, true},
    {{MAKER_ROOT_1}, 0, false},
    {{MAKER_ROOT_1}, 1, false},
    {{MAKER_ROOT_1, MAKER_ROOT_1}, 2, false},
    {{MAKER_ROOT_1, MAKER_STRANGER}, 2, false},
    {{MAKER_ROOT_1, MAKER_VENDOR}, 2, false},
};

/* It is what everything is compared with, so it is not believed unsigned. */
static void the_one_in_force_must_be_signed_by_the_root(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(signers); i++) {
        OWN_REQUEST *r = new_request();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        fill(w, r, NULL, NULL);
        sign_before(w, r, signers[i].who, signers[i].n);
        rc = hm_request_make(r, &w->root, &e);
        if (signers[i].ok)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, "trust.authorisation.signature",
                         &e);
    }
}

static const struct {
    const char *text;
    bool ok;
} texts[] = {
    {"a", true},        {"SEC-1 \"quoted\" \\ /", true},
    {"\xc3\xa9", true}, {"", false},
    {"\n", false},      {"two\nlines", false},
    {"\xc2\xa0", true}, {"\xc2\x9b", false},
    {"\xff", false},    {"\xc3", false},
    {"\x1b[2J", false}, {"a\x7f", false},
};

static void who_asks_and_why_is_one_line_of_text(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < 2 * COUNT(texts); i++) {
        OWN_REQUEST *r = new_request();
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};

        fill(w, r, NULL, NULL);
        (void)snprintf(i % 2 == 0 ? r->by : r->why, HM_REQUEST_TEXT, "%s",
                       texts[i / 2].text);
        if (!texts[i / 2].ok) {
            assert_fails(hm_request_make(r, &w->root, &e), HM_E_FORMAT,
                         "request.text.syntax", &e);
            continue;
        }
        write_request(w, r, &text);
        assert_ok(read_with(&w->root, hm_buf_view(&text), &e), &e);
    }
}

static void a_document_that_is_no_authorisation_is_refused(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};

    fill(w, r, NULL, NULL);
    maker_set(&r->document, "{\n  \"format\": \"hallmark-manifest/1\"\n}\n");
    assert_fails(hm_request_make(r, &w->root, &e), HM_E_FORMAT, "json.format",
                 &e);
    hm_buf_clear(&r->document);
    assert_fails(hm_request_make(r, &w->root, &e), HM_E_FORMAT, "json.format",
                 &e);
}

/* --- words ------------------------------------------------------------------ */

static void sequence_skips(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->sequence = 11;
}

static void expires_earlier(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->expires = MAKER_TIME + 29 * MAKER_DAY;
}

static void fewer_roles(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->require_n = 1;
}

static void epoch_rises(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits[0].epoch = 3;
}

static void counter_unlimited(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->limits[0].max_rollback_counter = HM_COUNTER_MAX;
}

static void more_products(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    (void)snprintf(a->keys[0].products[1], HM_TRUST_TEXT, "boiler");
    a->keys[0].products_n = 2;
}

static void key_lives_longer(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->keys[0].valid_until = MAKER_TIME + 40 * MAKER_DAY;
}

static void other_role(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->keys[1].role = HM_ROLE_MANIFEST;
}

static void key_from_later(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->keys[0].valid_from = MAKER_TIME + MAKER_DAY;
}

static void other_claims(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    (void)snprintf(a->keys[0].token.protection, HM_TRUST_WORD, "hardware");
}

static void retired_as_lost(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->retired[0].reason = HM_LOST;
}

static void retired_role(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->retired[0].entry.role = HM_ROLE_LEDGER;
}

static void retired_ledger(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    a->retired[0].has_ledger = true;
    a->retired[0].ledger_size = 12;
}

static void software_key(const struct maker *m, struct hm_authorisation *a)
{
    struct hm_token_claims *t = NULL;

    new_key(m, a);
    t = &a->keys[a->keys_n - 1].token;
    (void)snprintf(t->protection, sizeof(t->protection), "software");
    (void)snprintf(t->never_extractable, sizeof(t->never_extractable), "no");
}

/* What an edit makes a request say, and a member that it lists. */
static const struct {
    edit_fn next;
    enum hm_request_act act;
    const char *meaning, *careful, *at, *after;
} words[] = {
    {NULL, HM_ACT_AUTHORISE,
     "authorisation 8 of vendor acme; it takes the place of authorisation 7.",
     NULL, "/sequence", "8"},
    {NULL, HM_ACT_AUTHORISE, "2 of 3 root keys must sign it:", NULL, "/issued",
     "2026-05-13T08:00:00Z"},
    {NULL, HM_ACT_AUTHORISE, " root-3", NULL, "/expires",
     "2026-06-12T08:00:00Z"},
    {sequence_skips, HM_ACT_AUTHORISE, "authorisation 11 of", "skips 3 numbers",
     "/sequence", "11"},
    {expires_earlier, HM_ACT_AUTHORISE, "expires at 2026-06-10T08:00:00Z",
     "earlier than the one in force (2026-06-11T08:00:00Z)", "/expires",
     "2026-06-10T08:00:00Z"},
    {fewer_roles, HM_ACT_AUTHORISE,
     "these roles: manifest (until now: manifest, provenance)",
     "Fewer roles than before", "/require", "manifest"},
    {epoch_rises, HM_ACT_AUTHORISE,
     "thermostat: epoch 3, rollback counter at most 9.",
     "The epoch of thermostat rises", "/limits/thermostat/epoch", "3"},
    {lower_counter, HM_ACT_AUTHORISE, "rollback counter at most 0.", NULL,
     "/limits/thermostat/max_rollback_counter", "0"},
    {counter_unlimited, HM_ACT_AUTHORISE, "thermostat: epoch 2",
     "Nothing limits the rollback counter of thermostat",
     "/limits/thermostat/max_rollback_counter", "4294967295"},
    {more_products, HM_ACT_AUTHORISE,
     "is for thermostat, boiler instead of thermostat.", NULL, "/products",
     "thermostat, boiler"},
    {key_lives_longer, HM_ACT_AUTHORISE,
     "stays, until 2026-06-21T08:00:00Z instead of 2026-06-11T08:00:00Z.", NULL,
     "/valid_until", "2026-06-21T08:00:00Z"},
    {key_from_later, HM_ACT_AUTHORISE,
     "may sign from 2026-05-13T08:00:00Z instead of 2026-05-12T08:00:00Z.",
     NULL, "/valid_from", "2026-05-13T08:00:00Z"},
    {other_role, HM_ACT_AUTHORISE,
     "may sign in the role manifest instead of provenance.", "changes its role",
     "/role", "manifest"},
    {other_claims, HM_ACT_AUTHORISE, "It is issued at",
     "What is claimed of the token", "/token/protection", "hardware"},
    {retired_as_lost, HM_ACT_AUTHORISE, "It is issued at", NULL, "/reason",
     "lost"},
    {retired_role, HM_ACT_AUTHORISE, "It is issued at", NULL, "/role",
     "ledger"},
    {retired_ledger, HM_ACT_AUTHORISE, "It is issued at", NULL, "/ledger/size",
     "12"},
    {new_key, HM_ACT_AUTHORISE,
     "may sign in the role manifest for thermostat, from 2026-05-13T08:00:00Z",
     "Nothing is known of what protects", "/token/protection", "unknown"},
    {software_key, HM_ACT_AUTHORISE, "token says: unknown, software.",
     "lies in software", "/token/protection", "software"},
    {software_key, HM_ACT_AUTHORISE, "may sign in the role manifest",
     "could once leave its token", "/token/never_extractable", "no"},
    {rotate, HM_ACT_ROTATE, "is retired as rotated since 2026-05-13T08:00:00Z",
     "Nothing is known of what protects", "/reason", "rotated"},
    {retire_key, HM_ACT_REVOKE,
     "(provenance) is retired as lost since 2026-05-13T08:00:00Z", NULL,
     "/since", "2026-05-13T08:00:00Z"},
};

static bool is_said(const struct hm_names *in, const char *part)
{
    for (size_t i = 0; i < in->n; i++)
        if (strstr(in->name[i], part) != NULL)
            return true;
    return false;
}

static const struct hm_change *find_change(const struct hm_request *r,
                                           const char *at, const char *after)
{
    for (size_t i = 0; i < r->changes.n; i++) {
        const char *where = r->changes.change[i].at;
        const size_t n = strlen(where);

        if (n >= strlen(at) && strcmp(where + n - strlen(at), at) == 0 &&
            strcmp(r->changes.change[i].after, after) == 0)
            return &r->changes.change[i];
    }
    return NULL;
}

static void each_change_is_said_in_words_and_as_a_list(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(words); i++) {
        OWN_REQUEST *r = new_request();
        struct hm_err e = {.rc = HM_OK};

        fill(w, r, NULL, words[i].next);
        r->act = words[i].act;
        assert_ok(hm_request_make(r, &w->root, &e), &e);
        if (!is_said(&r->meaning, words[i].meaning))
            fail_msg("row %zu does not say '%s'", i, words[i].meaning);
        if (words[i].careful == NULL)
            assert_int_equal(r->careful.n, 0);
        else if (!is_said(&r->careful, words[i].careful))
            fail_msg("row %zu does not warn '%s'", i, words[i].careful);
        if (find_change(r, words[i].at, words[i].after) == NULL)
            fail_msg("row %zu does not list %s", i, words[i].at);
    }
}

static void what_did_not_change_is_not_listed(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};

    fill(w, r, NULL, NULL);
    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_non_null(find_change(r, "/sequence", "8"));
    assert_int_equal(r->changes.n, 3); /* and issued, and expires */
}

static void long_names(struct hm_authorised_key *key)
{
    for (unsigned i = 0; i < HM_TRUST_PRODUCTS_MAX; i++)
        (void)snprintf(key->products[i], HM_TRUST_TEXT, "%056u-%06u", i, i);
    key->products_n = HM_TRUST_PRODUCTS_MAX;
}

static void most_products(const struct maker *m, struct hm_authorisation *a)
{
    (void)m;
    long_names(&a->keys[0]);
}

static void another_last_product(const struct maker *m,
                                 struct hm_authorisation *a)
{
    (void)m;
    long_names(&a->keys[0]);
    (void)snprintf(a->keys[0].products[HM_TRUST_PRODUCTS_MAX - 1],
                   HM_TRUST_TEXT, "boiler");
}

static void members_that_nobody_reads_are_told_of(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};

    fill(w, r, NULL, NULL);
    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_int_equal(r->careful.n, 0);
    maker_replace(&r->document, "  \"sequence\": ",
                  "  \"x_note\": \"and my heirs\",\n  \"sequence\": ");
    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_true(is_said(&r->careful, "members that are not shown here"));
}

static void a_long_list_is_said_to_its_end(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};

    fill(w, r, most_products, another_last_product);
    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_int_equal(r->changes.n, 4);
    assert_non_null(strstr(r->changes.change[3].at, "/products"));
    assert_non_null(strstr(r->changes.change[3].before, "-000014, "));
    assert_non_null(strstr(r->changes.change[3].before, "-000015"));
    assert_non_null(strstr(r->changes.change[3].after, "-000014, boiler"));
    assert_true(is_said(&r->meaning, "-000014, boiler instead of 0"));
    assert_true(is_said(&r->meaning, "-000015."));
}

/* --- what is not believed ---------------------------------------------------- */

/* The value at a pointer of the whole request put as another. */
static const struct {
    const char *pointer, *text;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
} values[] = {
    {"/by", "\"Anybody\"", HM_OK, NULL},
    {"/by", "\"\"", HM_E_FORMAT, "json.member.empty"},
    {"/by", "\"a\\nb\"", HM_E_FORMAT, "request.text.syntax"},
    {"/by", "\"a\\u0041\"", HM_E_REJECTED, "request.words.differ"},
    {"/why", "\"SEC-13\"", HM_OK, NULL},
    {"/why", "\"\\u001b[2J\"", HM_E_FORMAT, "request.text.syntax"},
    {"/requested", "\"2026-05-14T08:00:01Z\"", HM_OK, NULL},
    {"/requested", "\"2026-05-14\"", HM_E_FORMAT, "base.time.syntax"},
    {"/format", "\"hallmark-request/2\"", HM_E_FORMAT, "json.format"},
    {"/act", "\"revoke\"", HM_E_REJECTED, "request.act.differs"},
    {"/act", "\"renew\"", HM_E_FORMAT, "json.member.word"},
    {"/careful", "[]", HM_E_REJECTED, "request.words.differ"},
    {"/careful/0", "\"All is well.\"", HM_E_REJECTED, "request.words.differ"},
    {"/meaning/0", "\"Nothing changes.\"", HM_E_REJECTED,
     "request.words.differ"},
    {"/changes", "[]", HM_E_REJECTED, "request.words.differ"},
    {"/changes/0/after", "\"9\"", HM_E_REJECTED, "request.words.differ"},
    {"/signers/threshold", "1", HM_E_REJECTED, "request.words.differ"},
    {"/signers/keys/1/name", "\"root-4\"", HM_E_REJECTED,
     "request.words.differ"},
    {"/signers/keys", "[]", HM_E_REJECTED, "request.words.differ"},
    {"/signers/root_sha256",
     "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     HM_E_REJECTED, "request.root.differs"},
    {"/signers/root_sha256", "\"e3b0\"", HM_E_FORMAT, "base.hex.syntax"},
    {"/document/sha256",
     "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     HM_E_REJECTED, "request.words.differ"},
    {"/document/content", "\"\"", HM_E_FORMAT, "json.member.empty"},
    {"/document/content", "\"e30\"", HM_E_FORMAT, "crypto.base64.syntax"},
    {"/document/content", "\"e30=\"", HM_E_FORMAT, "json.format"},
    {"/document/content", "{}", HM_E_FORMAT, "json.member.empty"},
    {"/before/content", "\"e30=\"", HM_E_REJECTED,
     "trust.authorisation.signature"},
    {"/before/content", "\"\"", HM_E_FORMAT, "json.member.empty"},
    {"/before/signatures", "[]", HM_E_LIMIT, "json.member.count"},
    {"/before/signatures", "{}", HM_E_FORMAT, "json.member.type"},
    {"/before/signatures/1", "\"e30=\"", HM_E_FORMAT,
     "trust.signature.malformed"},
    {"/before/signatures/1", "\"e3\"", HM_E_FORMAT, "crypto.base64.syntax"},
};

static void put_value(struct hm_bytes whole, const char *pointer,
                      const char *text, struct hm_buf *out)
{
    struct hm_bytes value;
    struct hm_bytes tail;
    struct hm_err e = {.rc = HM_OK};

    hm_json_span(whole, pointer, &value);
    assert_true(value.n > 0);
    tail.p = value.p + value.n;
    tail.n = whole.n - (size_t)(tail.p - whole.p);
    hm_buf_clear(out);
    assert_ok(
        hm_buf_add(out, (struct hm_bytes){whole.p, (size_t)(value.p - whole.p)},
                   &e),
        &e);
    assert_ok(hm_buf_add(out, hm_bytes_str(text), &e), &e);
    assert_ok(hm_buf_add(out, tail, &e), &e);
}

static void each_value_has_its_reason(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(values); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        put_value(hm_buf_view(&w->whole), values[i].pointer, values[i].text,
                  &text);
        rc = read_with(&w->root, hm_buf_view(&text), &e);
        if (values[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, values[i].rc, values[i].reason, &e);
    }
}

static const struct {
    const char *old, *text;
} layouts[] = {
    {"\n}\n", "\n}"},
    {"\n}\n", "\n}\n\n"},
    {"\n}\n", "\r\n}\n"},
    {"  \"why\": ", "  \"why\":  "},
    {"  \"why\": ", "\t\"why\": "},
    {"  \"why\": ", "  \"x_note\": \"sign quickly\",\n  \"why\": "},
    {"  \"careful\": [\n", "  \"careful\": [\n    \"All is well.\",\n"},
};

static void one_layout_is_taken(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(layouts); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        struct hm_err e = {.rc = HM_OK};

        assert_ok(hm_buf_add(&text, hm_buf_view(&w->whole), &e), &e);
        maker_replace(&text, layouts[i].old, layouts[i].text);
        assert_fails(read_with(&w->root, hm_buf_view(&text), &e), HM_E_REJECTED,
                     "request.words.differ", &e);
    }
}

static void a_request_has_limits(void **state)
{
    const struct world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    char name[HM_REQUEST_TEXT + 3];

    mutate_pad(whole, HM_REQUEST_BYTES_MAX, &text);
    assert_fails(read_with(&w->root, hm_buf_view(&text), &e), HM_E_REJECTED,
                 "request.words.differ", &e);
    mutate_pad(whole, HM_REQUEST_BYTES_MAX + 1, &text);
    assert_fails(read_with(&w->root, hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.size", &e);
    mutate_repeat(whole, "/before/signatures/0", HM_SIGNATURES_MAX - 1, &text);
    assert_fails(read_with(&w->root, hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
    memset(name, 'a', sizeof(name));
    name[0] = name[HM_REQUEST_TEXT] = '"';
    name[HM_REQUEST_TEXT + 1] = '\0';
    put_value(whole, "/by", name, &text);
    assert_ok(read_with(&w->root, hm_buf_view(&text), &e), &e);
    name[HM_REQUEST_TEXT] = 'a';
    name[HM_REQUEST_TEXT + 1] = '"';
    name[HM_REQUEST_TEXT + 2] = '\0';
    put_value(whole, "/by", name, &text);
    assert_fails(read_with(&w->root, hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.long", &e);
}

/* The same keys and the same vendor, but one signature would do. */
static void another_root_set_is_another_request(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_root) other = HM_ROOT_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_buf_add(&text, hm_buf_view(&w->m.root), &e), &e);
    maker_replace(&text, "\"threshold\": 2", "\"threshold\": 1");
    assert_ok(hm_root_read(&other, hm_buf_view(&text), &e), &e);
    assert_fails(read_with(&other, hm_buf_view(&w->whole), &e), HM_E_REJECTED,
                 "request.root.differs", &e);
    assert_ok(read_with(&w->root, hm_buf_view(&w->whole), &e), &e);
}

/* --- every byte --------------------------------------------------------------- */

/* The values that nothing binds: who asks, why and when. */
static const char *const unbound[] = {"/by", "/why", "/requested"};

/* Is this byte inside the quotes of one of them? */
static bool is_unbound(struct hm_bytes whole, size_t at)
{
    for (size_t i = 0; i < COUNT(unbound); i++) {
        struct hm_bytes value;
        size_t start;

        hm_json_span(whole, unbound[i], &value);
        start = (size_t)(value.p - whole.p);
        if (at > start && at < start + value.n - 1)
            return true;
    }
    return false;
}

static void any_other_byte_is_refused(void **state)
{
    const struct world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    size_t free_n = 0;

    assert_ok(hm_buf_add(&text, whole, &e), &e);
    for (size_t at = 0; at < text.n; at++) {
        if (is_unbound(whole, at)) {
            free_n++;
            continue;
        }
        text.p[at] ^= 1;
        if (read_with(&w->root, hm_buf_view(&text), &e) == HM_OK)
            fail_msg("byte %zu may be another", at);
        assert_true(e.reason[0] != '\0');
        text.p[at] ^= 1;
    }
    assert_int_equal(free_n,
                     strlen(BY) + strlen(WHY) + strlen("2026-05-14T08:00:00Z"));
}

/* What a byte of a text can do: be another text, or none. */
static void check_unbound(const struct world *w, struct hm_bytes text,
                          size_t *accepted)
{
    static const char *const reasons[] = {"json.syntax", "json.utf8",
                                          "json.nul", "request.text.syntax",
                                          "base.time.syntax"};
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};
    bool known = false;

    if (hm_request_read(r, text, &w->root, &e) == HM_OK) {
        ++*accepted;
        assert_true(strcmp(r->by, BY) != 0 || strcmp(r->why, WHY) != 0 ||
                    r->requested != MAKER_TIME + 2 * MAKER_DAY);
        return;
    }
    for (size_t i = 0; i < COUNT(reasons); i++)
        known = known || strcmp(e.reason, reasons[i]) == 0;
    if (!known)
        fail_msg("a byte of a text is refused as '%s'", e.reason);
}

static void the_bytes_of_who_why_and_when_are_text_only(void **state)
{
    const struct world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_buf_add(&text, whole, &e), &e);
    for (size_t i = 0; i < COUNT(unbound); i++) {
        struct hm_bytes value;
        size_t start, accepted = 0;

        hm_json_span(whole, unbound[i], &value);
        start = (size_t)(value.p - whole.p);
        for (size_t at = start + 1; at < start + value.n - 1; at++)
            for (unsigned mask = 1; mask < 256; mask <<= 1) {
                text.p[at] = (uint8_t)(text.p[at] ^ mask);
                check_unbound(w, hm_buf_view(&text), &accepted);
                text.p[at] = (uint8_t)(text.p[at] ^ mask);
            }
        assert_true(accepted > 0);
    }
}

static const struct world *mutated; /* mutate_exactly() hands on no context */

static hm_rc read_it(struct hm_bytes text, struct hm_err *e)
{
    return read_with(&mutated->root, text, e);
}

static void no_value_can_be_another(void **state)
{
    mutated = *state;
    mutate_exactly(hm_buf_view(&mutated->whole), read_it);
}

/* --- out of memory ------------------------------------------------------------- */

static void reading_survives_every_failing_allocation(void **state)
{
    const struct world *w = *state;

    for (int k = 0;; k++) {
        OWN_REQUEST *r = new_request();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 50);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_true(e.reason[0] != '\0');
        assert_empty(r);
    }
}

static void making_survives_every_failing_allocation(void **state)
{
    const struct world *w = *state;

    for (int k = 0;; k++) {
        OWN_REQUEST *r = new_request();
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        fill(w, r, NULL, rotate);
        r->act = HM_ACT_ROTATE;
        alloc_fail_after(k);
        rc = hm_request_make(r, &w->root, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_ok(hm_request_make(r, &w->root, &e), &e); /* not spoilt */
    }
}

static void writing_survives_every_failing_allocation(void **state)
{
    const struct world *w = *state;
    OWN_REQUEST *r = new_request();
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_request_read(r, hm_buf_view(&w->whole), &w->root, &e), &e);
    for (int k = 0;; k++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_request_write(r, &w->root, &text, &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_bytes_equal(hm_buf_view(&text), hm_buf_view(&w->whole));
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_int_equal(text.n, 0);
    }
}

static void an_act_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(hm_request_act_name(HM_ACT_AUTHORISE), "authorise");
    assert_string_equal(hm_request_act_name(HM_ACT_ROTATE), "rotate");
    assert_string_equal(hm_request_act_name(HM_ACT_REVOKE), "revoke");
    assert_string_equal(hm_request_act_name((enum hm_request_act)3), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(the_first_authorisation_has_none_before_it),
        cmocka_unit_test(words_are_the_same_for_the_same_documents),
        cmocka_unit_test(each_rule_has_its_reason),
        cmocka_unit_test(zero_is_no_number_of_a_first_authorisation),
        cmocka_unit_test(the_one_in_force_must_be_signed_by_the_root),
        cmocka_unit_test(who_asks_and_why_is_one_line_of_text),
        cmocka_unit_test(a_document_that_is_no_authorisation_is_refused),
        cmocka_unit_test(each_change_is_said_in_words_and_as_a_list),
        cmocka_unit_test(what_did_not_change_is_not_listed),
        cmocka_unit_test(members_that_nobody_reads_are_told_of),
        cmocka_unit_test(a_long_list_is_said_to_its_end),
        cmocka_unit_test(each_value_has_its_reason),
        cmocka_unit_test(one_layout_is_taken),
        cmocka_unit_test(a_request_has_limits),
        cmocka_unit_test(another_root_set_is_another_request),
        cmocka_unit_test(any_other_byte_is_refused),
        cmocka_unit_test(the_bytes_of_who_why_and_when_are_text_only),
        cmocka_unit_test(no_value_can_be_another),
        cmocka_unit_test(reading_survives_every_failing_allocation),
        cmocka_unit_test(making_survives_every_failing_allocation),
        cmocka_unit_test(writing_survives_every_failing_allocation),
        cmocka_unit_test(an_act_has_its_name),
    };

    return cmocka_run_group_tests_name("request", tests, make_world,
                                       clear_world);
}
