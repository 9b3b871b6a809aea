#include "trust_priv.h"

hm_rc hm_authorisation_check_root(const struct hm_authorisation *a,
                                  const struct hm_root *root, struct hm_err *e)
{
    if (memcmp(a->root_sha256, root->sha256, sizeof(a->root_sha256)) != 0)
        return hm_fail(e, HM_E_REJECTED, "trust.authorisation.root",
                       "root_sha256 names another root set than the root.json "
                       "given");
    if (strcmp(a->vendor, root->vendor) != 0)
        return hm_fail(e, HM_E_REJECTED, "trust.authorisation.vendor",
                       "vendor is '%s', the root set's is '%s'", a->vendor,
                       root->vendor);
    for (size_t i = 0; i < root->n; i++)
        if (hm_authorisation_find(a, root->keys[i].key.key.keyid) != NULL ||
            hm_authorisation_find_retired(a, root->keys[i].key.key.keyid) !=
                NULL)
            return hm_hint(e,
                           hm_fail(e, HM_E_REJECTED, "trust.key.twice",
                                   "root key %s is authorised as well: a root "
                                   "key signs authorisations and nothing else",
                                   root->keys[i].key.key.keyid),
                           "authorise a key of its own: hallmark-key generate "
                           "makes one");
    return HM_OK;
}

hm_rc hm_authorisation_check_published(const struct hm_authorisation *a,
                                       struct hm_err *e)
{
    for (size_t i = 0; i < a->keys_n; i++)
        HM_TRY(hm_public_key_check_published(&a->keys[i].key.key, e));
    return HM_OK;
}

hm_rc hm_authorisation_check_time(const struct hm_authorisation *a, hm_time at,
                                  struct hm_err *e)
{
    if (at < a->issued)
        return hm_fail(e, HM_E_REJECTED, "trust.authorisation.early",
                       "the authorisation is issued %s, judged at %s",
                       hm_time_show(a->issued), hm_time_show(at));
    if (at > a->expires)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "trust.authorisation.expired",
                    "the authorisation expired %s, judged at %s: devices "
                    "refuse it as stale",
                    hm_time_show(a->expires), hm_time_show(at)),
            "issue a new one with hallmark-key authorise --from; --at TIME "
            "judges an earlier day");
    return HM_OK;
}

HM_MUST static hm_rc load(struct hm_authorisation *a,
                          const struct hm_root *root, const struct hm_dir *dir,
                          const char *name, struct hm_buf *bytes,
                          struct hm_err *e)
{
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;

    HM_TRY(hm_file_load_at(dir, name, bytes, e));
    HM_TRY(hm_json_format(hm_buf_view(bytes), HM_AUTHORISATION_FORMAT, e));
    HM_TRY(hm_signatures_load(&sigs, dir, name, e));
    HM_TRY(hm_root_verify(root, hm_buf_view(bytes), &sigs, NULL, e));
    HM_TRY(hm_context(e, hm_authorisation_read(a, hm_buf_view(bytes), e), "%s",
                      hm_show_str(name)));
    return hm_authorisation_check_root(a, root, e);
}

hm_rc hm_authorisation_load(struct hm_authorisation *a,
                            const struct hm_root *root,
                            const struct hm_dir *dir, const char *name,
                            struct hm_buf *bytes, struct hm_err *e)
{
    hm_rc rc;

    hm_authorisation_clear(a);
    hm_buf_clear(bytes);
    rc = load(a, root, dir, name, bytes, e);
    if (rc != HM_OK) {
        hm_authorisation_clear(a);
        hm_buf_clear(bytes);
    }
    return rc;
}

HM_MUST static hm_rc refuse_retired(const struct hm_retired_key *retired,
                                    struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "trust.key.retired",
                           "key %.16s is retired since %s (%s): what it signs "
                           "from then on is refused",
                           retired->entry.key.key.keyid,
                           hm_time_show(retired->since),
                           hm_retire_name(retired->reason)),
                   "sign with a key that is in force; release.json names it "
                   "under signing");
}

HM_MUST static hm_rc check_window(const struct hm_authorised_key *key,
                                  hm_time at, struct hm_err *e)
{
    if (at < key->valid_from)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "trust.key.early",
                               "key %.16s is valid from %s, used %s",
                               key->key.key.keyid,
                               hm_time_show(key->valid_from), hm_time_show(at)),
                       "set the clock right, or sign with a key that was in "
                       "force then");
    if (at > key->valid_until)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "trust.key.expired",
                    "key %.16s was valid until %s, used %s", key->key.key.keyid,
                    hm_time_show(key->valid_until), hm_time_show(at)),
            "have the root keys authorise another, or this one "
            "again: hallmark-key rotate or authorise");
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

hm_rc hm_authorisation_judge(const struct hm_authorisation *a,
                             const char *keyid, const struct hm_key_use *use,
                             struct hm_err *e)
{
    const struct hm_authorised_key *key = hm_authorisation_find(a, keyid);
    const struct hm_retired_key *retired =
        hm_authorisation_find_retired(a, keyid);

    if (retired != NULL)
        return refuse_retired(retired, e);
    if (key == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "trust.key.unknown",
                               "key %s was never authorised",
                               hm_show_str(keyid)),
                       "sign with a key that authorisation.json names, or "
                       "have this one authorised: hallmark-key authorise");
    if (key->role != use->role)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "trust.key.role",
                               "key %.16s has role '%s', '%s' is needed", keyid,
                               hm_role_name(key->role),
                               hm_role_name(use->role)),
                       "one key has one role: sign with the one that has this "
                       "role; release.json names both under signing");
    if (!has_product(key, use->product))
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "trust.key.product",
                               "key %.16s is not authorised for product '%s'",
                               keyid, hm_show_str(use->product)),
                       "have a key authorised for this product: hallmark-key "
                       "authorise --product");
    if (key->key.key.pkey == NULL)
        return hm_fail(e, HM_E_REJECTED, "trust.key.scheme",
                       "key %.16s has scheme '%s', which is not known here",
                       keyid, hm_show_str(key->key.scheme));
    HM_TRY(hm_public_key_check_published(&key->key.key, e));
    return check_window(key, use->at, e);
}

/* What to say when no current key of the role signed: the verdict on the key
 * that did, if it is one of ours. */
HM_MUST static hm_rc explain(const struct hm_authorisation *a,
                             const struct hm_key_use *use,
                             const struct hm_signers *ours,
                             const struct hm_signatures *sigs, struct hm_err *e)
{
    for (size_t i = 0; i < ours->n; i++) {
        const hm_rc rc = hm_authorisation_judge(a, ours->keyid[i], use, e);

        if (rc != HM_OK)
            return rc;
    }
    return hm_fail(e, HM_E_REJECTED, "trust.manifest.signature",
                   "no key of role '%s' authorised for '%s' signed these bytes "
                   "(looked at %s)",
                   hm_role_name(use->role), hm_show_str(use->product),
                   hm_signatures_show(sigs));
}

hm_rc hm_authorisation_find_signers(const struct hm_authorisation *a,
                                    struct hm_bytes document,
                                    const struct hm_signatures *sigs,
                                    struct hm_signers *signers,
                                    struct hm_err *e)
{
    *signers = (struct hm_signers){.n = 0};
    for (size_t i = 0; i < a->keys_n && signers->n < HM_SIGNATURES_MAX; i++)
        HM_TRY(trust_key_verify(&a->keys[i].key, document, sigs, signers, e));
    for (size_t i = 0; i < a->retired_n && signers->n < HM_SIGNATURES_MAX; i++)
        HM_TRY(trust_key_verify(&a->retired[i].entry.key, document, sigs,
                                signers, e));
    return HM_OK;
}

hm_rc hm_authorisation_verify(const struct hm_authorisation *a,
                              const struct hm_key_use *use,
                              struct hm_bytes document,
                              const struct hm_signatures *sigs,
                              struct hm_signers *signers, struct hm_err *e)
{
    struct hm_signers ours = {.n = 0};
    struct hm_signers good = {.n = 0};

    HM_TRY(hm_authorisation_find_signers(a, document, sigs, &ours, e));
    for (size_t i = 0; i < ours.n; i++)
        if (hm_authorisation_judge(a, ours.keyid[i], use, NULL) == HM_OK)
            memcpy(good.keyid[good.n++], ours.keyid[i], HM_SHA256_HEX);
    if (signers != NULL)
        *signers = good;
    return good.n > 0 ? HM_OK : explain(a, use, &ours, sigs, e);
}
