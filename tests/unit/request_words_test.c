/* What a request says of its documents: all of it, and for people. */
#include "hm_test.h"

#include "request_maker.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

    edit_add(m, a);
    t = &a->keys[a->keys_n - 1].token;
    (void)snprintf(t->protection, sizeof(t->protection), "software");
    (void)snprintf(t->never_extractable, sizeof(t->never_extractable), "no");
}

/* What an edit makes a request say, and a member that it lists. */
static const struct {
    request_edit next;
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
    {edit_counter, HM_ACT_AUTHORISE, "rollback counter at most 0.", NULL,
     "/limits/thermostat/max_rollback_counter", "0"},
    {counter_unlimited, HM_ACT_AUTHORISE, "thermostat: epoch 2",
     "Nothing limits the rollback counter of thermostat",
     "/limits/thermostat/max_rollback_counter", "4294967295"},
    {more_products, HM_ACT_AUTHORISE,
     "is for thermostat, boiler instead of thermostat.",
     "nothing can be released for 'boiler': it has no limits", "/products",
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
    {edit_add, HM_ACT_AUTHORISE,
     "may sign in the role manifest for thermostat, from 2026-05-13T08:00:00Z",
     "Nothing is known of what protects", "/token/protection", "unknown"},
    {software_key, HM_ACT_AUTHORISE, "token says: unknown, software.",
     "lies in software", "/token/protection", "software"},
    {software_key, HM_ACT_AUTHORISE, "may sign in the role manifest",
     "could once leave its token", "/token/never_extractable", "no"},
    {edit_rotate, HM_ACT_ROTATE,
     "is retired as rotated since 2026-05-13T08:00:00Z",
     "Nothing is known of what protects", "/reason", "rotated"},
    {edit_revoke, HM_ACT_REVOKE,
     "(provenance) is retired as lost since 2026-05-13T08:00:00Z",
     "for 'thermostat': no key of role 'provenance'", "/since",
     "2026-05-13T08:00:00Z"},
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
    const struct request_world *w = *state;

    for (size_t i = 0; i < COUNT(words); i++) {
        OWN_REQUEST *r = request_new();
        struct hm_err e = {.rc = HM_OK};

        request_fill(w, r, NULL, words[i].next);
        r->act = words[i].act;
        if (words[i].next == sequence_skips)
            (void)snprintf(r->skip_reason, sizeof(r->skip_reason), "signed");
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
    const struct request_world *w = *state;
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};

    request_fill(w, r, NULL, NULL);
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
    const struct request_world *w = *state;
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};

    request_fill(w, r, NULL, NULL);
    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_int_equal(r->careful.n, 0);
    maker_replace(&r->document, "  \"sequence\": ",
                  "  \"x_note\": \"and my heirs\",\n  \"sequence\": ");
    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_true(is_said(&r->careful, "members that are not shown here"));
}

static void a_long_list_is_said_to_its_end(void **state)
{
    const struct request_world *w = *state;
    OWN_REQUEST *r = request_new();
    struct hm_err e = {.rc = HM_OK};

    request_fill(w, r, most_products, another_last_product);
    assert_ok(hm_request_make(r, &w->root, &e), &e);
    assert_int_equal(r->changes.n, 4);
    assert_non_null(strstr(r->changes.change[3].at, "/products"));
    assert_non_null(strstr(r->changes.change[3].before, "-000014, "));
    assert_non_null(strstr(r->changes.change[3].before, "-000015"));
    assert_non_null(strstr(r->changes.change[3].after, "-000014, boiler"));
    assert_true(is_said(&r->meaning, "-000014, boiler instead of 0"));
    assert_true(is_said(&r->meaning, "-000015."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_said_in_words_and_as_a_list),
        cmocka_unit_test(what_did_not_change_is_not_listed),
        cmocka_unit_test(members_that_nobody_reads_are_told_of),
        cmocka_unit_test(a_long_list_is_said_to_its_end),
    };

    return cmocka_run_group_tests_name("request words", tests,
                                       request_world_make, request_world_clear);
}
