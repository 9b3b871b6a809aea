#include <stdlib.h>

#include "trust_priv.h"

void hm_token_claims_unknown(struct hm_token_claims *claims)
{
    char *const words[] = {
        claims->module,
        claims->token,
        claims->serial,
        claims->protection,
        claims->local,
        claims->always_sensitive,
        claims->never_extractable,
        claims->hardware_slot,
        claims->hardware_mechanism,
        claims->key_gen_mechanism,
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        memcpy(words[i], "unknown", sizeof("unknown"));
}

const struct hm_authorised_key *
hm_authorisation_find(const struct hm_authorisation *a, const char *keyid)
{
    for (size_t i = 0; i < a->keys_n; i++)
        if (strcmp(a->keys[i].key.key.keyid, keyid) == 0)
            return &a->keys[i];
    return NULL;
}

const struct hm_retired_key *
hm_authorisation_find_retired(const struct hm_authorisation *a,
                              const char *keyid)
{
    for (size_t i = 0; i < a->retired_n; i++)
        if (strcmp(a->retired[i].entry.key.key.keyid, keyid) == 0)
            return &a->retired[i];
    return NULL;
}

const struct hm_limit *hm_authorisation_limit(const struct hm_authorisation *a,
                                              const char *product)
{
    for (size_t i = 0; i < a->limits_n; i++)
        if (strcmp(a->limits[i].product, product) == 0)
            return &a->limits[i];
    return NULL;
}

HM_MUST static hm_rc check_count(size_t n, struct hm_err *e)
{
    if (n < HM_TRUST_KEYS_MAX)
        return HM_OK;
    return hm_fail(e, HM_E_LIMIT, "trust.key.count",
                   "more than %u keys in one list of an authorisation",
                   HM_TRUST_KEYS_MAX);
}

HM_MUST static hm_rc check_new_key(const struct hm_authorisation *a,
                                   const struct hm_authorised_key *key,
                                   struct hm_err *e)
{
    const char *keyid = key->key.key.keyid;

    if (hm_authorisation_find(a, keyid) != NULL ||
        hm_authorisation_find_retired(a, keyid) != NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "trust.key.twice",
                               "key %s is in the authorisation already: one "
                               "key, one entry, one role",
                               keyid),
                       "make another key; one that was retired never comes "
                       "back");
    if (key->valid_until <= key->valid_from)
        return hm_fail(e, HM_E_REJECTED, "trust.authorisation.dates",
                       "key %.16s is valid until %s, not after it is valid "
                       "from %s",
                       keyid, hm_time_show(key->valid_until),
                       hm_time_show(key->valid_from));
    return HM_OK;
}

HM_MUST static hm_rc copy_entry(struct hm_authorised_key *to,
                                const struct hm_authorised_key *from,
                                struct hm_err *e)
{
    *to = *from;
    to->key = (struct hm_trust_key){.scheme = ""};
    return trust_key_copy(&to->key, &from->key, e);
}

/* One more element; what it holds is the caller's to fill. */
HM_MUST static hm_rc grow(void **array, size_t n, size_t size, struct hm_err *e)
{
    void *p = reallocarray(*array, n + 1, size);

    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "trust.key.nomem",
                       "out of memory for a key");
    *array = p;
    return HM_OK;
}

hm_rc hm_authorisation_add(struct hm_authorisation *a,
                           const struct hm_authorised_key *key,
                           struct hm_err *e)
{
    void *keys = a->keys;

    HM_TRY(check_count(a->keys_n, e));
    HM_TRY(check_new_key(a, key, e));
    HM_TRY(grow(&keys, a->keys_n, sizeof(*a->keys), e));
    a->keys = keys;
    HM_TRY(copy_entry(&a->keys[a->keys_n], key, e));
    a->keys_n++;
    return HM_OK;
}

static bool has_product(const struct hm_authorised_key *key,
                        const char *product)
{
    for (size_t i = 0; i < key->products_n; i++)
        if (strcmp(key->products[i], product) == 0)
            return true;
    return false;
}

HM_MUST static hm_rc add_products(struct hm_authorised_key *to,
                                  const struct hm_authorised_key *from,
                                  struct hm_err *e)
{
    for (size_t i = 0; i < from->products_n; i++) {
        if (has_product(to, from->products[i]))
            continue;
        if (to->products_n == HM_TRUST_PRODUCTS_MAX)
            return hm_fail(e, HM_E_LIMIT, "trust.product.count",
                           "a key is for %u products at most",
                           HM_TRUST_PRODUCTS_MAX);
        memcpy(to->products[to->products_n++], from->products[i],
               HM_TRUST_TEXT);
    }
    return HM_OK;
}

hm_rc hm_authorisation_renew(struct hm_authorisation *a,
                             const struct hm_authorised_key *key,
                             struct hm_err *e)
{
    struct hm_authorised_key *found = NULL;

    for (size_t i = 0; i < a->keys_n; i++)
        if (strcmp(a->keys[i].key.key.keyid, key->key.key.keyid) == 0)
            found = &a->keys[i];
    if (found == NULL || found->role != key->role)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "trust.key.twice",
                               "key %s is not in force in the role %s",
                               key->key.key.keyid, hm_role_name(key->role)),
                       "one key has one role: make another for this one");
    if (key->valid_until <= found->valid_from)
        return hm_fail(e, HM_E_REJECTED, "trust.authorisation.dates",
                       "key %.16s would end at %s, before it is valid",
                       key->key.key.keyid, hm_time_show(key->valid_until));
    found->valid_until = key->valid_until;
    if (strcmp(key->token.token, "unknown") != 0)
        found->token = key->token;
    return add_products(found, key, e);
}

hm_rc trust_retired_add(struct hm_authorisation *a,
                        const struct hm_retired_key *retired, struct hm_err *e)
{
    void *all = a->retired;

    HM_TRY(check_count(a->retired_n, e));
    HM_TRY(check_new_key(a, &retired->entry, e));
    HM_TRY(grow(&all, a->retired_n, sizeof(*a->retired), e));
    a->retired = all;
    a->retired[a->retired_n] = *retired;
    HM_TRY(copy_entry(&a->retired[a->retired_n].entry, &retired->entry, e));
    a->retired_n++;
    return HM_OK;
}

hm_rc hm_authorisation_retire(struct hm_authorisation *a, const char *keyid,
                              hm_time since, enum hm_retire_reason reason,
                              struct hm_err *e)
{
    const struct hm_authorised_key *found = hm_authorisation_find(a, keyid);
    void *all = a->retired;
    size_t at = 0;

    if (found == NULL)
        return hm_fail(e, HM_E_REJECTED, "trust.key.missing",
                       "key %s is not authorised, so it cannot be retired",
                       hm_show_str(keyid));
    HM_TRY(check_count(a->retired_n, e));
    HM_TRY(grow(&all, a->retired_n, sizeof(*a->retired), e));
    at = (size_t)(found - a->keys);
    a->retired = all;
    a->retired[a->retired_n++] = (struct hm_retired_key){
        .entry = a->keys[at], .since = since, .reason = reason};
    a->keys_n--;
    memmove(a->keys + at, a->keys + at + 1,
            (a->keys_n - at) * sizeof(*a->keys));
    return HM_OK;
}

void hm_authorised_key_clear(struct hm_authorised_key *key)
{
    trust_key_clear(&key->key);
}

void hm_authorisation_clear(struct hm_authorisation *a)
{
    for (size_t i = 0; i < a->keys_n; i++)
        hm_authorised_key_clear(&a->keys[i]);
    for (size_t i = 0; i < a->retired_n; i++)
        hm_authorised_key_clear(&a->retired[i].entry);
    free(a->keys);
    free(a->retired);
    *a = (struct hm_authorisation)HM_AUTHORISATION_INIT;
}
