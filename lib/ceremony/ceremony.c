#include <inttypes.h>
#include <stdio.h>

#include "ceremony_priv.h"

/* --- made from the documents ---------------------------------------------- */

HM_MUST static hm_rc add_part(struct hm_ceremony *c, const char *keyid,
                              enum hm_role role, struct hm_err *e)
{
    struct hm_ceremony_part *part = &c->part[c->part_n];

    if (c->part_n == HM_SIGNATURES_MAX)
        return hm_hint(e,
                       hm_fail(e, HM_E_LIMIT, "ceremony.part.count",
                               "more than %u keys take part, but a record has "
                               "no more signatures",
                               HM_SIGNATURES_MAX),
                       "add keys by several acts, and apply each with no more "
                       "signatures than it needs");
    memcpy(part->keyid, keyid, HM_SHA256_HEX);
    part->role = role;
    c->part_n++;
    return HM_OK;
}

HM_MUST static hm_rc add_root(struct hm_ceremony *c, const struct hm_request *r,
                              const struct hm_root *root,
                              const struct hm_signatures *sigs,
                              struct hm_err *e)
{
    struct hm_signers signers;

    HM_TRY(hm_root_verify(root, hm_buf_view(&r->document), sigs, &signers, e));
    for (size_t i = 0; i < signers.n; i++)
        HM_TRY(add_part(c, signers.keyid[i], HM_ROLE_MANIFEST, e));
    c->root_n = c->part_n;
    return HM_OK;
}

/* A key in another role may do what it never could: it is a new one. */
HM_MUST static hm_rc add_keys(struct hm_ceremony *c, const struct hm_request *r,
                              struct hm_err *e)
{
    for (size_t i = 0; i < r->next.keys_n; i++) {
        const struct hm_authorised_key *key = &r->next.keys[i];
        const struct hm_authorised_key *old =
            hm_authorisation_find(&r->last, key->key.key.keyid);

        if (old == NULL || old->role != key->role)
            HM_TRY(add_part(c, key->key.key.keyid, key->role, e));
    }
    return HM_OK;
}

static void add_retired(struct hm_ceremony *c, const struct hm_request *r)
{
    for (size_t i = 0; i < r->next.retired_n; i++) {
        const struct hm_retired_key *key = &r->next.retired[i];
        const char *keyid = key->entry.key.key.keyid;
        struct hm_ceremony_retired *to = &c->retired[c->retired_n];

        if (hm_authorisation_find_retired(&r->last, keyid) != NULL)
            continue;
        memcpy(to->keyid, keyid, sizeof(to->keyid));
        to->reason = key->reason;
        c->retired_n++;
    }
}

static void take_side(struct hm_ceremony_side *to,
                      const struct hm_authorisation *a)
{
    to->sequence = a->sequence;
    memcpy(to->sha256, a->sha256, sizeof(to->sha256));
}

static void take_words(struct hm_ceremony *c, const struct hm_request *r)
{
    c->act = r->act;
    memcpy(c->by, r->by, sizeof(c->by));
    memcpy(c->why, r->why, sizeof(c->why));
    memcpy(c->skip_reason, r->skip_reason, sizeof(c->skip_reason));
    c->requested = r->requested;
    c->skipped = hm_request_skipped(r);
}

hm_rc hm_ceremony_make(struct hm_ceremony *c, const struct hm_request *r,
                       const struct hm_root *root,
                       const struct hm_signatures *sigs, struct hm_err *e)
{
    memset(c, 0, sizeof(*c));
    memcpy(c->vendor, root->vendor, sizeof(c->vendor));
    memcpy(c->root_sha256, root->sha256, sizeof(c->root_sha256));
    (void)snprintf(c->tool, sizeof(c->tool), "hallmark %s", HM_VERSION);
    take_words(c, r);
    c->time = r->next.issued;
    c->has_before = r->before.n > 0;
    if (c->has_before)
        take_side(&c->before, &r->last);
    take_side(&c->after, &r->next);
    HM_TRY(add_root(c, r, root, sigs, e));
    HM_TRY(add_keys(c, r, e));
    add_retired(c, r);
    return HM_OK;
}

/* --- what only people and their machines know -------------------------------- */

struct hm_ceremony_part *hm_ceremony_find(struct hm_ceremony *c,
                                          const char *keyid)
{
    for (size_t i = 0; i < c->part_n; i++)
        if (strcmp(c->part[i].keyid, keyid) == 0)
            return &c->part[i];
    return NULL;
}

bool hm_ceremony_is_added(const struct hm_ceremony *c,
                          const struct hm_ceremony_part *part)
{
    return (size_t)(part - c->part) >= c->root_n;
}

HM_MUST static hm_rc refuse_stranger(const char *keyid, struct hm_err *e)
{
    return hm_fail(e, HM_E_REJECTED, "ceremony.key.stranger",
                   "key %.16s takes no part: it neither signed the "
                   "authorisation as a root key nor is it added by it",
                   hm_show_str(keyid));
}

hm_rc hm_ceremony_name(struct hm_ceremony *c, const char *keyid,
                       const char *who, struct hm_err *e)
{
    struct hm_ceremony_part *part = hm_ceremony_find(c, keyid);

    if (part == NULL)
        return refuse_stranger(keyid, e);
    HM_TRY(hm_request_check_text("who", who, e));
    if (part->who[0] != '\0')
        return hm_fail(e, HM_E_REJECTED, "ceremony.who.twice",
                       "key %.16s has two holders: '%s' and '%s'", keyid,
                       hm_show_str(part->who), hm_show_str(who));
    (void)snprintf(part->who, sizeof(part->who), "%s", who);
    return HM_OK;
}

hm_rc hm_ceremony_attach(struct hm_ceremony *c, const struct hm_signer *s,
                         struct hm_err *e)
{
    struct hm_ceremony_part *part = hm_ceremony_find(c, s->keyid);

    if (part == NULL)
        return refuse_stranger(s->keyid, e);
    if (part->has_evidence)
        return hm_fail(e, HM_E_REJECTED, "ceremony.evidence.twice",
                       "there is evidence of key %.16s already", s->keyid);
    part->evidence = *s;
    part->has_evidence = true;
    return HM_OK;
}

/* --- what fits each other ------------------------------------------------------ */

HM_MUST static hm_rc check_numbers(const struct hm_ceremony *c,
                                   struct hm_err *e)
{
    const uint64_t last = c->has_before ? c->before.sequence : 0;
    const bool skips = c->skip_reason[0] != '\0';

    if (c->after.sequence > last &&
        c->skipped == c->after.sequence - last - 1 && skips == (c->skipped > 0))
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "ceremony.sequence.order",
                   "sequence %" PRIu64 " follows %" PRIu64 ", and %" PRIu64
                   " numbers are said to be skipped %s a reason",
                   c->after.sequence, last, c->skipped,
                   skips ? "for" : "without");
}

HM_MUST static hm_rc check_parts(const struct hm_ceremony *c, struct hm_err *e)
{
    for (size_t i = 0; i < c->part_n; i++) {
        HM_TRY(hm_request_check_text("who", c->part[i].who, e));
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->part[i].keyid, c->part[k].keyid) == 0)
                return hm_fail(e, HM_E_REJECTED, "ceremony.key.twice",
                               "key %.16s takes part twice", c->part[i].keyid);
    }
    return HM_OK;
}

hm_rc ceremony_check(const struct hm_ceremony *c, struct hm_err *e)
{
    HM_TRY(hm_trust_name_check(hm_bytes_str(c->vendor), e));
    HM_TRY(hm_request_check_text("by", c->by, e));
    HM_TRY(hm_request_check_text("why", c->why, e));
    HM_TRY(hm_request_check_text("tool", c->tool, e));
    if (c->skip_reason[0] != '\0')
        HM_TRY(hm_request_check_text("reason", c->skip_reason, e));
    HM_TRY(check_numbers(c, e));
    return check_parts(c, e);
}
