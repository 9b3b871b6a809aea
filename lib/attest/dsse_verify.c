#include "attest_priv.h"

#define PAE_MAX (HM_ATTEST_STATEMENT_MAX + 1024u)

/* Could any scheme of ours have made these bytes? */
HM_MUST static hm_rc check_encoding(const struct hm_attest_signature *s,
                                    struct hm_err *e)
{
    const struct hm_bytes sig = {s->sig, s->n};

    for (unsigned i = HM_SCHEME_ECDSA_P256_SHA256;
         i <= HM_SCHEME_RSA_PKCS1_SHA256; i++)
        if (hm_signature_check((enum hm_scheme)i, sig, NULL) == HM_OK)
            return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "attest.signature.encoding",
                   "the signature under keyid '%s' (%zu bytes) is none that a "
                   "known scheme makes",
                   hm_show_str(s->keyid), s->n);
}

/* Is it this key's?  Memory and the like are failures; all else is a no. */
HM_MUST static hm_rc try_key(const struct hm_public_key *key,
                             struct hm_bytes pae,
                             const struct hm_attest_signature *s, bool *is_by,
                             struct hm_err *e)
{
    const hm_rc rc =
        hm_signature_verify(key, pae, (struct hm_bytes){s->sig, s->n}, NULL);

    *is_by = rc == HM_OK;
    if (rc == HM_OK || rc == HM_E_REJECTED || rc == HM_E_FORMAT)
        return HM_OK;
    return hm_fail(e, rc, "attest.verify.failed",
                   "cannot verify with the key %s", key->keyid);
}

HM_MUST static hm_rc check_keyid(const struct hm_public_key *key,
                                 const struct hm_attest_signature *s,
                                 struct hm_err *e)
{
    char keyid[HM_ATTEST_KEYID_SIZE];

    HM_TRY(hm_attest_make_keyid(key, keyid, e));
    if (strcmp(keyid, s->keyid) != 0)
        return hm_fail(e, HM_E_REJECTED, "attest.keyid.differs",
                       "keyid '%s' stands with a signature of the key '%s'",
                       hm_show_str(s->keyid), keyid);
    return HM_OK;
}

struct attest_keys {
    const struct hm_public_key *const *key; /**< borrowed */
    size_t n;
};

HM_MUST static hm_rc try_signature(const struct hm_attest_envelope *env,
                                   const struct hm_attest_signature *s,
                                   struct hm_bytes pae,
                                   const struct attest_keys *keys,
                                   struct hm_attest_signers *by,
                                   struct hm_err *e)
{
    bool is_known = false;

    if (env->dialect == HM_ATTEST_OURS)
        HM_TRY(check_encoding(s, e));
    for (size_t k = 0; k < keys->n; k++) {
        bool is_by = false;

        HM_TRY(try_key(keys->key[k], pae, s, &is_by, e));
        if (!is_by)
            continue;
        if (env->dialect == HM_ATTEST_OURS)
            HM_TRY(check_keyid(keys->key[k], s, e));
        by->has_signed[k] = true;
        is_known = true;
    }
    by->strangers += !is_known;
    return HM_OK;
}

/* Different keys, not entries of the list. */
static void count(const struct attest_keys *keys, struct hm_attest_signers *by)
{
    for (size_t i = 0; i < keys->n; i++) {
        bool is_new = by->has_signed[i];

        for (size_t j = 0; j < i && is_new; j++)
            is_new = !by->has_signed[j] ||
                     strcmp(keys->key[i]->keyid, keys->key[j]->keyid) != 0;
        by->n += is_new;
    }
}

HM_MUST static hm_rc check_call(const struct hm_attest_envelope *env,
                                size_t n_keys, size_t threshold,
                                struct hm_err *e)
{
    if (threshold == 0 || n_keys > HM_ATTEST_KEYS_MAX || env->n_signatures == 0)
        return hm_fail(e, HM_E_INTERNAL, "attest.verify.call",
                       "threshold %zu, %zu keys, %zu signatures", threshold,
                       n_keys, env->n_signatures);
    return HM_OK;
}

hm_rc hm_attest_verify(const struct hm_attest_envelope *env,
                       const struct hm_public_key *const keys[], size_t n_keys,
                       size_t threshold, struct hm_attest_signers *by,
                       struct hm_err *e)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(PAE_MAX);
    const struct attest_keys all = {keys, n_keys};

    *by = (struct hm_attest_signers){.n = 0};
    HM_TRY(check_call(env, n_keys, threshold, e));
    HM_TRY(hm_attest_make_pae(hm_bytes_str(env->payload_type),
                              hm_buf_view(&env->payload), &pae, e));
    for (size_t i = 0; i < env->n_signatures; i++)
        HM_TRY(try_signature(env, &env->signatures[i], hm_buf_view(&pae), &all,
                             by, e));
    count(&all, by);
    if (by->n >= threshold)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "attest.signature.threshold",
                   "%zu of the %zu keys asked about signed the attestation, "
                   "expected %zu",
                   by->n, n_keys, threshold);
}
