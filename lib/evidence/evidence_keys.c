/* Every key that the root or an authorisation lists, and how it ended. */
#include <stdio.h>
#include <stdlib.h>

#include "evidence_priv.h"

static struct ev_key *find_key(struct ev_facts *f, const char *keyid)
{
    for (size_t i = 0; i < f->n_key; i++)
        if (strcmp(f->key[i].keyid, keyid) == 0)
            return &f->key[i];
    return NULL;
}

/* It is then the last one. */
HM_MUST static hm_rc new_key(struct ev_facts *f, const struct hm_trust_key *key,
                             const char *role, const char *name,
                             struct hm_err *e)
{
    struct ev_key *k = reallocarray(f->key, f->n_key + 1, sizeof(*k));

    if (!k)
        return hm_fail(e, HM_E_NOMEM, "evidence.facts.nomem",
                       "out of memory for %zu keys", f->n_key);
    f->key = k;
    k = &f->key[f->n_key++];
    *k = (struct ev_key){.role = role, .pem = HM_BUF_INIT(4096)};
    memcpy(k->keyid, key->key.keyid, sizeof(k->keyid));
    (void)snprintf(k->scheme, sizeof(k->scheme), "%s", key->scheme);
    (void)snprintf(k->name, sizeof(k->name), "%s", name);
    if (!key->key.pkey)
        return HM_OK;
    return hm_public_key_add_pem(&key->key, &k->pem, e);
}

HM_MUST static hm_rc add_roots(struct ev_facts *f, struct hm_err *e)
{
    for (size_t i = 0; i < f->root.n; i++)
        HM_TRY(new_key(f, &f->root.keys[i].key, EV_ROLE_ROOT,
                       f->root.keys[i].name, e));
    return HM_OK;
}

/* An entry of an authorisation, whether in force there or retired by it. */
HM_MUST static hm_rc add_entry(struct ev_facts *f,
                               const struct hm_authorised_key *entry,
                               uint64_t sequence, struct hm_err *e)
{
    const char *token = entry->token.token;
    struct ev_key *k;

    if (find_key(f, entry->key.key.keyid))
        return HM_OK;
    HM_TRY(new_key(f, &entry->key, hm_role_name(entry->role),
                   strcmp(token, "unknown") == 0 ? "" : token, e));
    k = &f->key[f->n_key - 1];
    k->first_sequence = sequence;
    k->valid_from = entry->valid_from;
    k->valid_until = entry->valid_until;
    return HM_OK;
}

/* The authorisation lists it as one that may sign. */
static void note_force(struct ev_key *k, const struct hm_authorised_key *entry,
                       uint64_t sequence)
{
    if (!k || sequence <= k->last_sequence)
        return;
    k->last_sequence = sequence;
    k->valid_until = entry->valid_until;
}

/* What is said last holds, but a retirement never moves to a later time: a key
 * that was rotated may turn out to have been stolen before. */
static void note_retirement(struct ev_key *k, const struct hm_retired_key *r,
                            uint64_t sequence)
{
    if (!k)
        return;
    if (k->retired_sequence == 0) {
        k->retired_sequence = sequence;
        k->retired_since = r->since;
    }
    if (r->since < k->retired_since)
        k->retired_since = r->since;
    if (r->reason != HM_ROTATED)
        k->retired_reason = r->reason;
}

HM_MUST static hm_rc add_authorisation(struct ev_facts *f,
                                       const struct hm_authorisation *a,
                                       struct hm_err *e)
{
    for (size_t i = 0; i < a->keys_n; i++) {
        HM_TRY(add_entry(f, &a->keys[i], a->sequence, e));
        note_force(find_key(f, a->keys[i].key.key.keyid), &a->keys[i],
                   a->sequence);
    }
    for (size_t i = 0; i < a->retired_n; i++) {
        HM_TRY(add_entry(f, &a->retired[i].entry, a->sequence, e));
        note_retirement(find_key(f, a->retired[i].entry.key.key.keyid),
                        &a->retired[i], a->sequence);
    }
    return HM_OK;
}

hm_rc ev_keys_gather(struct ev_facts *f, struct hm_err *e)
{
    HM_TRY(add_roots(f, e));
    for (size_t i = 0; i < f->n_served; i++)
        HM_TRY(add_authorisation(f, &f->served[i].authorisation, e));
    for (size_t i = 0; i < f->n_release; i++)
        HM_TRY(add_authorisation(f, &f->release[i].authorisation, e));
    return HM_OK;
}
