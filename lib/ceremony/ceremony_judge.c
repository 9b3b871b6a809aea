#include <inttypes.h>

#include "ceremony_priv.h"

/* --- what it is about --------------------------------------------------------- */

hm_rc hm_ceremony_check_root(const struct hm_ceremony *c,
                             const struct hm_root *root, struct hm_err *e)
{
    if (memcmp(c->root_sha256, root->sha256, sizeof(c->root_sha256)) != 0 ||
        strcmp(c->vendor, root->vendor) != 0)
        return hm_fail(e, HM_E_REJECTED, "ceremony.root.differs",
                       "the record is about another root.json");
    if (c->root_n >= root->threshold)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "ceremony.key.differs",
                   "the record names %zu root keys, and %u must sign an "
                   "authorisation",
                   c->root_n, root->threshold);
}

static bool is_same_side(const struct hm_ceremony_side *a,
                         const struct hm_ceremony_side *b)
{
    return a->sequence == b->sequence &&
           memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

HM_MUST static hm_rc refuse_side(const char *reason, const char *which,
                                 const struct hm_ceremony_side *said,
                                 const struct hm_ceremony_side *found,
                                 struct hm_err *e)
{
    char hex[2][HM_SHA256_HEX];

    hm_hex_write((struct hm_bytes){said->sha256, sizeof(said->sha256)}, hex[0]);
    hm_hex_write((struct hm_bytes){found->sha256, sizeof(found->sha256)},
                 hex[1]);
    return hm_fail(e, HM_E_REJECTED, reason,
                   "the record's authorisation %s is %" PRIu64
                   ", sha256 %.16s; the file is %" PRIu64 ", sha256 %.16s",
                   which, said->sequence, hex[0], found->sequence, hex[1]);
}

HM_MUST static hm_rc compare_after(const struct hm_ceremony *c,
                                   const struct hm_ceremony_side *found,
                                   struct hm_err *e)
{
    if (is_same_side(&c->after, found))
        return HM_OK;
    return refuse_side("ceremony.after.differs", "afterwards", &c->after, found,
                       e);
}

hm_rc hm_ceremony_check_after(const struct hm_ceremony *c,
                              const struct hm_authorisation *a,
                              struct hm_err *e)
{
    struct hm_ceremony_side found = {.sequence = a->sequence};

    memcpy(found.sha256, a->sha256, sizeof(found.sha256));
    return compare_after(c, &found, e);
}

HM_MUST static hm_rc check_digest(const struct hm_ceremony_side *said,
                                  struct hm_bytes bytes, const char *reason,
                                  const char *which, struct hm_err *e)
{
    uint8_t found[HM_SHA256_SIZE];
    char hex[2][HM_SHA256_HEX];

    HM_TRY(hm_sha256(bytes, found, e));
    if (memcmp(found, said->sha256, sizeof(found)) == 0)
        return HM_OK;
    hm_hex_write((struct hm_bytes){said->sha256, sizeof(said->sha256)}, hex[0]);
    hm_hex_write((struct hm_bytes){found, sizeof(found)}, hex[1]);
    return hm_fail(e, HM_E_REJECTED, reason,
                   "the record is about another authorisation %s: its sha256 "
                   "begins with %.16s, that of the file with %.16s",
                   which, hex[0], hex[1]);
}

hm_rc hm_ceremony_check_files(const struct hm_ceremony *c,
                              struct hm_bytes after, struct hm_bytes before,
                              struct hm_err *e)
{
    HM_TRY(check_digest(&c->after, after, "ceremony.after.differs",
                        "that came into force", e));
    if (!c->has_before && before.n == 0)
        return HM_OK;
    if (!c->has_before)
        return hm_fail(e, HM_E_REJECTED, "ceremony.before.differs",
                       "the record is about a first authorisation");
    return check_digest(&c->before, before, "ceremony.before.differs",
                        "that was in force", e);
}

HM_MUST static hm_rc compare_before(const struct hm_ceremony *c,
                                    const struct hm_ceremony *made,
                                    struct hm_err *e)
{
    if (c->has_before == made->has_before &&
        is_same_side(&c->before, &made->before))
        return HM_OK;
    return refuse_side("ceremony.before.differs", "before", &c->before,
                       &made->before, e);
}

/* --- who took part ------------------------------------------------------------- */

HM_MUST static hm_rc refuse_key(const char *keyid, const char *what,
                                struct hm_err *e)
{
    return hm_fail(e, HM_E_REJECTED, "ceremony.key.differs", "key %.16s %s",
                   keyid, what);
}

/* Root keys may sign the authorisation after the record is made as well. */
HM_MUST static hm_rc compare_root(const struct hm_ceremony *c,
                                  const struct hm_ceremony *made,
                                  struct hm_err *e)
{
    for (size_t i = 0; i < c->root_n; i++) {
        size_t k = 0;

        while (k < made->root_n &&
               strcmp(made->part[k].keyid, c->part[i].keyid) != 0)
            k++;
        if (k == made->root_n)
            return refuse_key(c->part[i].keyid,
                              "is told as a root key, and its signature is not "
                              "beside the authorisation",
                              e);
    }
    return HM_OK;
}

HM_MUST static hm_rc compare_added(const struct hm_ceremony *c,
                                   const struct hm_ceremony *made,
                                   struct hm_err *e)
{
    const size_t told = c->part_n - c->root_n;
    const size_t real = made->part_n - made->root_n;

    for (size_t i = 0; i < told || i < real; i++) {
        const struct hm_ceremony_part *a = &c->part[c->root_n + i];
        const struct hm_ceremony_part *b = &made->part[made->root_n + i];

        if (i >= told)
            return refuse_key(b->keyid, "is added, and the record is silent",
                              e);
        if (i >= real || strcmp(a->keyid, b->keyid) != 0 || a->role != b->role)
            return refuse_key(a->keyid,
                              "is told as added in a role, and the "
                              "authorisations say otherwise",
                              e);
    }
    return HM_OK;
}

HM_MUST static hm_rc compare_retired(const struct hm_ceremony *c,
                                     const struct hm_ceremony *made,
                                     struct hm_err *e)
{
    for (size_t i = 0; i < c->retired_n || i < made->retired_n; i++) {
        const struct hm_ceremony_retired *a = &c->retired[i];
        const struct hm_ceremony_retired *b = &made->retired[i];

        if (i >= c->retired_n)
            return refuse_key(b->keyid, "is retired, and the record is silent",
                              e);
        if (i >= made->retired_n || strcmp(a->keyid, b->keyid) != 0 ||
            a->reason != b->reason)
            return refuse_key(a->keyid,
                              "is told as retired, and the authorisations say "
                              "otherwise",
                              e);
    }
    return HM_OK;
}

hm_rc hm_ceremony_compare(const struct hm_ceremony *c,
                          const struct hm_ceremony *made, struct hm_err *e)
{
    if (memcmp(c->root_sha256, made->root_sha256, sizeof(c->root_sha256)) != 0)
        return hm_fail(e, HM_E_REJECTED, "ceremony.root.differs",
                       "the record is about another root.json");
    HM_TRY(compare_after(c, &made->after, e));
    HM_TRY(compare_before(c, made, e));
    if (c->time < made->time)
        return hm_fail(e, HM_E_REJECTED, "ceremony.time.early",
                       "the record is of %s, and the authorisation was issued "
                       "at %s",
                       hm_time_show(c->time), hm_time_show(made->time));
    HM_TRY(compare_root(c, made, e));
    HM_TRY(compare_added(c, made, e));
    return compare_retired(c, made, e);
}

/* --- who signed it --------------------------------------------------------------- */

hm_rc hm_ceremony_verify(const struct hm_root *root, struct hm_bytes record,
                         const struct hm_signatures *sigs,
                         struct hm_signers *signers, struct hm_err *e)
{
    const hm_rc rc = hm_root_verify(root, record, sigs, signers, e);

    if (rc != HM_E_REJECTED)
        return rc;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "ceremony.root.signature",
                           "%zu of the %u root keys that must sign the record "
                           "did (looked at %s)",
                           signers->n, root->threshold,
                           hm_signatures_show(sigs)),
                   "have it signed by the root keys with hallmark-sign");
}

bool hm_ceremony_has_signed(const struct hm_signers *signers, const char *keyid)
{
    for (size_t i = 0; i < signers->n; i++)
        if (strcmp(signers->keyid[i], keyid) == 0)
            return true;
    return false;
}

hm_rc hm_ceremony_prove(const struct hm_ceremony *c,
                        const struct hm_authorisation *a,
                        struct hm_bytes record,
                        const struct hm_signatures *sigs,
                        struct hm_signers *signers, struct hm_err *e)
{
    HM_TRY(hm_authorisation_find_signers(a, record, sigs, signers, e));
    for (size_t i = c->root_n; i < c->part_n; i++)
        if (!hm_ceremony_has_signed(signers, c->part[i].keyid))
            return hm_hint(
                e,
                hm_fail(e, HM_E_REJECTED, "ceremony.proof.missing",
                        "key %.16s (%s) is added and did not sign the record: "
                        "nothing shows that somebody has it",
                        c->part[i].keyid, hm_role_name(c->part[i].role)),
                "its holder signs the record with hallmark-sign");
    return HM_OK;
}
