#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "request_priv.h"

#define CHANGES_MAX 1024u

/* --- lists as text ----------------------------------------------------------- */

static void append(char *to, size_t size, const char *word)
{
    const size_t n = strlen(to);

    (void)snprintf(to + n, size - n, "%s%s", n == 0 ? "" : ", ", word);
}

const char *request_products(const struct hm_authorised_key *key,
                             char to[static REQUEST_LIST])
{
    to[0] = '\0';
    for (size_t i = 0; i < key->products_n; i++)
        append(to, REQUEST_LIST, key->products[i]);
    return to;
}

const char *request_roles(const struct hm_authorisation *a,
                          char to[static REQUEST_LIST])
{
    to[0] = '\0';
    for (size_t i = 0; i < a->require_n; i++)
        append(to, REQUEST_LIST, hm_role_name(a->require[i]));
    return to;
}

/* --- one change -------------------------------------------------------------- */

/* A comparison under way; the first failure is kept. */
struct diff {
    struct hm_request *r;
    struct hm_err *e;
    hm_rc rc;
};

/* Remember the change, unless both are the same. */
static void say(struct diff *d, const char *before, const char *after,
                const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void say(struct diff *d, const char *before, const char *after,
                const char *fmt, ...)
{
    struct hm_changes *c = &d->r->changes;
    struct hm_change *grown = NULL;
    va_list ap;

    if (d->rc != HM_OK || strcmp(before, after) == 0)
        return;
    if (c->n < CHANGES_MAX)
        grown = reallocarray(c->change, c->n + 1, sizeof(*grown));
    if (grown == NULL) {
        d->rc = hm_fail(d->e, HM_E_NOMEM, "request.change.nomem",
                        "out of memory for %zu changes", c->n + 1);
        return;
    }
    c->change = grown;
    grown = &c->change[c->n++];
    va_start(ap, fmt);
    (void)vsnprintf(grown->at, sizeof(grown->at), fmt, ap);
    va_end(ap);
    (void)snprintf(grown->before, sizeof(grown->before), "%s", before);
    (void)snprintf(grown->after, sizeof(grown->after), "%s", after);
}

static void say_number(struct diff *d, const uint64_t *before, uint64_t after,
                       const char *at, const char *name)
{
    char old[24] = "";
    char new[24];

    if (before != NULL)
        (void)snprintf(old, sizeof(old), "%" PRIu64, *before);
    (void)snprintf(new, sizeof(new), "%" PRIu64, after);
    say(d, old, new, "%s%s", at, name);
}

static void say_time(struct diff *d, const hm_time *before, hm_time after,
                     const char *at, const char *name)
{
    say(d, before == NULL ? "" : hm_time_show(*before), hm_time_show(after),
        "%s%s", at, name);
}

/* --- its parts --------------------------------------------------------------- */

/* A member that a document leaves out when it is not known. */
static const char *known(const char *claim)
{
    return strcmp(claim, "unknown") == 0 ? "" : claim;
}

static void compare_token(struct diff *d, const struct hm_token_claims *old,
                          const struct hm_token_claims *new, const char *at)
{
    const struct {
        const char *name, *before, *after;
    } rows[] = {
        {"module", old->module, new->module},
        {"token", old->token, new->token},
        {"serial", old->serial, new->serial},
        {"protection", old->protection, new->protection},
        {"local", old->local, new->local},
        {"always_sensitive", old->always_sensitive, new->always_sensitive},
        {"never_extractable", old->never_extractable, new->never_extractable},
        {"hardware_slot", known(old->hardware_slot), known(new->hardware_slot)},
        {"hardware_mechanism", known(old->hardware_mechanism),
         known(new->hardware_mechanism)},
        {"key_gen_mechanism", known(old->key_gen_mechanism),
         known(new->key_gen_mechanism)},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        say(d, rows[i].before, rows[i].after, "%s/token/%s", at, rows[i].name);
}

/* old is NULL for a key that was not there; list is where it stands now. */
static void compare_key(struct diff *d, const char *list,
                        const struct hm_authorised_key *old,
                        const struct hm_authorised_key *new)
{
    static const struct hm_token_claims none = {.module = ""};
    char at[80];
    char products[2][REQUEST_LIST];

    (void)snprintf(at, sizeof(at), "/%s/%s", list, new->key.key.keyid);
    say(d, old == NULL ? "" : hm_role_name(old->role), hm_role_name(new->role),
        "%s/role", at);
    say(d, old == NULL ? "" : old->key.scheme, new->key.scheme, "%s/scheme",
        at);
    products[0][0] = '\0';
    say(d, old == NULL ? products[0] : request_products(old, products[0]),
        request_products(new, products[1]), "%s/products", at);
    say_time(d, old == NULL ? NULL : &old->valid_from, new->valid_from, at,
             "/valid_from");
    say_time(d, old == NULL ? NULL : &old->valid_until, new->valid_until, at,
             "/valid_until");
    compare_token(d, old == NULL ? &none : &old->token, &new->token, at);
}

static void compare_keys(struct diff *d)
{
    const struct hm_authorisation *last = &d->r->last;
    const struct hm_authorisation *next = &d->r->next;

    for (size_t i = 0; i < next->keys_n; i++)
        compare_key(d, "keys",
                    hm_authorisation_find(last, next->keys[i].key.key.keyid),
                    &next->keys[i]);
    for (size_t i = 0; i < last->keys_n; i++) {
        const char *keyid = last->keys[i].key.key.keyid;

        if (hm_authorisation_find(next, keyid) == NULL)
            say(d, hm_role_name(last->keys[i].role), "", "/keys/%s", keyid);
    }
}

static void compare_ledger(struct diff *d, const struct hm_retired_key *old,
                           const struct hm_retired_key *new)
{
    char size[2][24] = {"", ""};
    char root[2][HM_SHA256_HEX] = {"", ""};
    const struct hm_retired_key *both[] = {old, new};

    for (size_t i = 0; i < 2; i++) {
        if (both[i] == NULL || !both[i]->has_ledger)
            continue;
        (void)snprintf(size[i], sizeof(size[i]), "%" PRIu64,
                       both[i]->ledger_size);
        hm_hex_write((struct hm_bytes){both[i]->ledger_root, HM_SHA256_SIZE},
                     root[i]);
    }
    say(d, size[0], size[1], "/retired/%s/ledger/size",
        new->entry.key.key.keyid);
    say(d, root[0], root[1], "/retired/%s/ledger/root_sha256",
        new->entry.key.key.keyid);
}

/* A key that goes is compared with what it was while it was in force. */
static void compare_retired(struct diff *d)
{
    const struct hm_authorisation *next = &d->r->next;

    for (size_t i = 0; i < next->retired_n; i++) {
        const struct hm_retired_key *new = &next->retired[i];
        const char *keyid = new->entry.key.key.keyid;
        const struct hm_retired_key *old =
            hm_authorisation_find_retired(&d->r->last, keyid);

        say(d, old == NULL ? "" : hm_retire_name(old->reason),
            hm_retire_name(new->reason), "/retired/%s/reason", keyid);
        say(d, old == NULL ? "" : hm_time_show(old->since),
            hm_time_show(new->since), "/retired/%s/since", keyid);
        compare_key(d, "retired",
                    old == NULL ? hm_authorisation_find(&d->r->last, keyid)
                                : &old->entry,
                    &new->entry);
        compare_ledger(d, old, new);
    }
}

static void compare_limits(struct diff *d)
{
    const struct hm_authorisation *next = &d->r->next;

    for (size_t i = 0; i < next->limits_n; i++) {
        const struct hm_limit *new = &next->limits[i];
        const struct hm_limit *old =
            hm_authorisation_limit(&d->r->last, new->product);
        char at[HM_TRUST_TEXT + 16];

        (void)snprintf(at, sizeof(at), "/limits/%s", new->product);
        say_number(d, old == NULL ? NULL : &old->epoch, new->epoch, at,
                   "/epoch");
        say_number(d, old == NULL ? NULL : &old->max_rollback_counter,
                   new->max_rollback_counter, at, "/max_rollback_counter");
    }
}

hm_rc request_compare(struct hm_request *r, struct hm_err *e)
{
    struct diff d = {r, e, HM_OK};
    const bool is_first = r->before.n == 0;
    char roles[2][REQUEST_LIST];

    say_number(&d, is_first ? NULL : &r->last.sequence, r->next.sequence, "",
               "/sequence");
    say_time(&d, is_first ? NULL : &r->last.issued, r->next.issued, "",
             "/issued");
    say_time(&d, is_first ? NULL : &r->last.expires, r->next.expires, "",
             "/expires");
    compare_keys(&d);
    say(&d, request_roles(&r->last, roles[0]),
        request_roles(&r->next, roles[1]), "/require");
    compare_limits(&d);
    compare_retired(&d);
    return d.rc;
}

void hm_changes_clear(struct hm_changes *c)
{
    free(c->change);
    *c = (struct hm_changes)HM_CHANGES_INIT;
}
