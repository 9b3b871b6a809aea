/* What a token must refuse for a key that it just made: to change what it says of
 * the key, and to make a copy that may leave.  Only for a new key, since on some
 * modules it succeeds. */
#include "hsm_priv.h"

/* A no is a claim too: a token that was pulled out, or an error that says nothing,
 * is none. */
static enum hm_hsm_claim refusal_of(CK_RV rv)
{
    static const CK_RV mute[] = {
        CKR_HOST_MEMORY,        CKR_GENERAL_ERROR,
        CKR_FUNCTION_FAILED,    CKR_FUNCTION_CANCELED,
        CKR_DEVICE_ERROR,       CKR_DEVICE_MEMORY,
        CKR_DEVICE_REMOVED,     CKR_TOKEN_NOT_PRESENT,
        CKR_SESSION_CLOSED,     CKR_SESSION_HANDLE_INVALID,
        CKR_USER_NOT_LOGGED_IN, CKR_CRYPTOKI_NOT_INITIALIZED,
    };

    for (size_t i = 0; i < sizeof(mute) / sizeof(mute[0]); i++)
        if (rv == mute[i])
            return HM_HSM_UNKNOWN;
    return HM_HSM_NO;
}

static CK_RV set(struct hsm_state *s, CK_OBJECT_HANDLE key,
                 CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};

    return s->f->C_SetAttributeValue(s->session, key, &attribute, 1);
}

static bool is_same(const struct hm_hsm_claims *a,
                    const struct hm_hsm_claims *b)
{
    return a->local == b->local && a->sensitive == b->sensitive &&
           a->always_sensitive == b->always_sensitive &&
           a->extractable == b->extractable &&
           a->never_extractable == b->never_extractable;
}

/* A module may keep attributes beside a key that the device never lets go, and
 * let anybody write them: such a key is no worse, but what is claimed of it is
 * worth nothing.  It is told, and what was written is taken back. */
HM_MUST static hm_rc probe_set(struct hsm_state *s, struct hm_hsm_key *key,
                               struct hm_err *e)
{
    struct hm_hsm_claims now = key->claims;
    CK_RV sensitive;
    CK_RV extractable;

    if (s->f->C_SetAttributeValue == NULL)
        return HM_OK;
    sensitive = set(s, key->handle, CKA_SENSITIVE, CK_FALSE);
    extractable = set(s, key->handle, CKA_EXTRACTABLE, CK_TRUE);
    if (sensitive != CKR_OK && extractable != CKR_OK) {
        key->claims.changeable = refusal_of(sensitive) == HM_HSM_NO
                                     ? refusal_of(extractable)
                                     : HM_HSM_UNKNOWN;
        return HM_OK;
    }
    key->claims.changeable = HM_HSM_YES;
    HM_TRY(hsm_claims_probe(s, key, e));
    (void)set(s, key->handle, CKA_SENSITIVE, CK_TRUE);
    (void)set(s, key->handle, CKA_EXTRACTABLE, CK_FALSE);
    HM_TRY(hsm_claims_read(s, key->handle, &now, e));
    if (is_same(&now, &key->claims))
        return HM_OK;
    return hm_fail(e, HM_E_TOKEN, "hsm.key.extractable",
                   "the module let the new key be made extractable, and did "
                   "not take it back");
}

/* A software token leaks in this way or another; it is told, as everywhere. */
HM_MUST static hm_rc probe_copy(struct hsm_state *s, struct hm_hsm_key *key,
                                struct hm_err *e)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE template[] = {{CKA_TOKEN, &no, sizeof(no)},
                               {CKA_EXTRACTABLE, &yes, sizeof(yes)}};
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    enum hm_hsm_claim leaves = HM_HSM_UNKNOWN;
    CK_RV rv;

    if (s->f->C_CopyObject == NULL)
        return HM_OK;
    rv = s->f->C_CopyObject(s->session, key->handle, template, 2, &copy);
    key->claims.copyable = rv == CKR_OK ? HM_HSM_NO : refusal_of(rv);
    if (rv != CKR_OK)
        return HM_OK;
    HM_TRY(hsm_attr_claim(s, copy, CKA_EXTRACTABLE, &leaves, e));
    if (copy != key->handle)
        (void)s->f->C_DestroyObject(s->session, copy);
    if (leaves == HM_HSM_NO) /* a copy, but one that stays */
        return HM_OK;
    key->claims.copyable = HM_HSM_YES;
    if (key->claims.is_software)
        return HM_OK;
    return hm_fail(e, HM_E_TOKEN, "hsm.key.extractable",
                   "the module made a copy of the new key that may leave the "
                   "token");
}

hm_rc hsm_probe_new(struct hsm_state *s, struct hm_hsm_key *key,
                    struct hm_err *e)
{
    HM_TRY(probe_copy(s, key, e));
    return probe_set(s, key, e);
}
