#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "request_priv.h"

/* Two lists of products, and words around them. */
#define SENTENCE (2 * REQUEST_LIST + 400)

/* An explanation under way; the first failure is kept. */
struct talk {
    struct hm_request *r;
    struct hm_err *e;
    hm_rc rc;
};

__attribute__((format(printf, 3, 0))) static void
add(struct talk *t, struct hm_names *to, const char *fmt, va_list ap)
{
    char text[SENTENCE];

    (void)vsnprintf(text, sizeof(text), fmt, ap);
    if (t->rc == HM_OK)
        t->rc = hm_names_add(to, text, t->e);
}

__attribute__((format(printf, 2, 3))) static void say(struct talk *t,
                                                      const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(t, &t->r->meaning, fmt, ap);
    va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void warn(struct talk *t,
                                                       const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(t, &t->r->careful, fmt, ap);
    va_end(ap);
}

/* --- what is signed ------------------------------------------------------------ */

static void explain_document(struct talk *t)
{
    const struct hm_authorisation *next = &t->r->next;

    if (t->r->before.n == 0)
        say(t,
            "This is authorisation %" PRIu64
            " of vendor %s, and the first: there is none before it.",
            next->sequence, next->vendor);
    else
        say(t,
            "This is authorisation %" PRIu64
            " of vendor %s; it takes the place of authorisation %" PRIu64 ".",
            next->sequence, next->vendor, t->r->last.sequence);
    say(t, "It is issued at %s and expires at %s.", hm_time_show(next->issued),
        hm_time_show(next->expires));
    if (hm_request_skipped(t->r) > 0)
        warn(t,
             "The sequence skips %" PRIu64
             " numbers: authorisations that somebody made of them would be "
             "refused from now on.",
             hm_request_skipped(t->r));
    if (t->r->before.n > 0 && next->expires < t->r->last.expires)
        warn(t, "It expires earlier than the one in force (%s).",
             hm_time_show(t->r->last.expires));
}

/* Members x_… are read by nobody, and so they are in no list of changes. */
static void explain_layout(struct talk *t)
{
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    const hm_rc rc = hm_authorisation_write(&t->r->next, &again, t->e);

    if (rc == HM_E_NOMEM && t->rc == HM_OK)
        t->rc = rc;
    if (rc != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&again), hm_buf_view(&t->r->document)))
        warn(t, "Its bytes are not those that hallmark-key writes: it may hold "
                "members that are not shown here.");
}

/* --- keys ------------------------------------------------------------------------ */

static void explain_new(struct talk *t, const struct hm_authorised_key *key)
{
    char products[REQUEST_LIST];

    say(t,
        "Key %.16s (%s) may sign in the role %s for %s, from %s until %s. Its "
        "token says: %s, %s.",
        key->key.key.keyid, key->key.scheme, hm_role_name(key->role),
        request_products(key, products), hm_time_show(key->valid_from),
        hm_time_show(key->valid_until), hm_show_str(key->token.module),
        key->token.protection);
    if (strcmp(key->token.protection, "software") == 0)
        warn(t, "Key %.16s lies in software: a file and a PIN protect it.",
             key->key.key.keyid);
    if (strcmp(key->token.protection, "unknown") == 0)
        warn(t, "Nothing is known of what protects key %.16s.",
             key->key.key.keyid);
    if (strcmp(key->token.never_extractable, "no") == 0)
        warn(t, "Key %.16s could once leave its token.", key->key.key.keyid);
}

/* What gives a key that stays other powers than it had. */
static void explain_powers(struct talk *t, const struct hm_authorised_key *old,
                           const struct hm_authorised_key *key)
{
    char products[2][REQUEST_LIST];

    if (old->role != key->role) {
        say(t, "Key %.16s may sign in the role %s instead of %s.",
            key->key.key.keyid, hm_role_name(key->role),
            hm_role_name(old->role));
        warn(t, "Key %.16s changes its role.", key->key.key.keyid);
    }
    if (strcmp(request_products(old, products[0]),
               request_products(key, products[1])) != 0)
        say(t, "Key %.16s is for %s instead of %s.", key->key.key.keyid,
            products[1], products[0]);
}

static bool has_other_token(const struct hm_request *r, const char *keyid)
{
    char at[HM_CHANGE_AT];
    const int n = snprintf(at, sizeof(at), "/keys/%s/token/", keyid);

    for (size_t i = 0; i < r->changes.n; i++)
        if (strncmp(r->changes.change[i].at, at, (size_t)n) == 0)
            return true;
    return false;
}

static void explain_kept(struct talk *t, const struct hm_authorised_key *old,
                         const struct hm_authorised_key *key)
{
    if (old->valid_until != key->valid_until)
        say(t, "Key %.16s (%s) stays, until %s instead of %s.",
            key->key.key.keyid, hm_role_name(key->role),
            hm_time_show(key->valid_until), hm_time_show(old->valid_until));
    if (old->valid_from != key->valid_from)
        say(t, "Key %.16s (%s) may sign from %s instead of %s.",
            key->key.key.keyid, hm_role_name(key->role),
            hm_time_show(key->valid_from), hm_time_show(old->valid_from));
    explain_powers(t, old, key);
    if (has_other_token(t->r, key->key.key.keyid))
        warn(t,
             "What is claimed of the token of key %.16s, which stays, is "
             "changed.",
             key->key.key.keyid);
}

static void explain_keys(struct talk *t)
{
    for (size_t i = 0; i < t->r->next.keys_n; i++) {
        const struct hm_authorised_key *key = &t->r->next.keys[i];
        const struct hm_authorised_key *old =
            hm_authorisation_find(&t->r->last, key->key.key.keyid);

        if (old == NULL)
            explain_new(t, key);
        else
            explain_kept(t, old, key);
    }
}

static void explain_retired(struct talk *t)
{
    for (size_t i = 0; i < t->r->next.retired_n; i++) {
        const struct hm_retired_key *key = &t->r->next.retired[i];
        const char *keyid = key->entry.key.key.keyid;

        if (hm_authorisation_find_retired(&t->r->last, keyid) != NULL)
            continue;
        say(t,
            "Key %.16s (%s) is retired as %s since %s: devices that know this "
            "authorisation refuse all that it signed.",
            keyid, hm_role_name(key->entry.role), hm_retire_name(key->reason),
            hm_time_show(key->since));
    }
}

/* --- rules ------------------------------------------------------------------------ */

static void explain_require(struct talk *t)
{
    char roles[2][REQUEST_LIST];

    request_roles(&t->r->last, roles[0]);
    if (t->r->before.n > 0 &&
        strcmp(roles[0], request_roles(&t->r->next, roles[1])) == 0)
        return;
    say(t, "A manifest must be signed in these roles: %s%s%s%s.",
        request_roles(&t->r->next, roles[1]),
        t->r->before.n > 0 ? " (until now: " : "",
        t->r->before.n > 0 ? roles[0] : "", t->r->before.n > 0 ? ")" : "");
    if (t->r->next.require_n < t->r->last.require_n)
        warn(t, "Fewer roles than before must sign a manifest.");
}

static void explain_limits(struct talk *t)
{
    for (size_t i = 0; i < t->r->next.limits_n; i++) {
        const struct hm_limit *limit = &t->r->next.limits[i];
        const struct hm_limit *old =
            hm_authorisation_limit(&t->r->last, limit->product);

        if (old != NULL && old->epoch == limit->epoch &&
            old->max_rollback_counter == limit->max_rollback_counter)
            continue;
        say(t, "%s: epoch %" PRIu64 ", rollback counter at most %" PRIu64 ".",
            limit->product, limit->epoch, limit->max_rollback_counter);
        if (old != NULL && limit->epoch > old->epoch)
            warn(t,
                 "The epoch of %s rises: its devices forget the sequence and "
                 "the time of manifests that they have seen.",
                 limit->product);
        if (limit->max_rollback_counter == HM_COUNTER_MAX)
            warn(t,
                 "Nothing limits the rollback counter of %s: a stolen key "
                 "could raise it to the end.",
                 limit->product);
    }
}

/* What cannot be released under it; the first failure is kept as always. */
static void explain_idle(struct talk *t)
{
    HM_OWN(hm_names) idle = HM_NAMES_INIT;

    if (t->rc == HM_OK)
        t->rc = hm_authorisation_list_idle(&t->r->next, &idle, t->e);
    for (size_t i = 0; i < idle.n; i++)
        warn(t, "With it, %s.", idle.name[i]);
}

static void explain_signers(struct talk *t, const struct hm_root *root)
{
    say(t, "%u of %zu root keys must sign it:", root->threshold, root->n);
    for (size_t i = 0; i < root->n; i++)
        say(t, "  %.16s %s", root->keys[i].key.key.keyid, root->keys[i].name);
}

hm_rc request_explain(struct hm_request *r, const struct hm_root *root,
                      struct hm_err *e)
{
    struct talk t = {r, e, HM_OK};

    explain_document(&t);
    explain_layout(&t);
    explain_keys(&t);
    explain_retired(&t);
    explain_require(&t);
    explain_limits(&t);
    explain_idle(&t);
    explain_signers(&t, root);
    return t.rc;
}
