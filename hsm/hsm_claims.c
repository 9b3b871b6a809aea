#include <stdio.h>

#include <openssl/crypto.h>

#include "hsm_priv.h"

/* How a key pair came to be; others are told by their number. */
static void name_mechanism(CK_ULONG mechanism, char *to, size_t size)
{
    static const struct {
        CK_ULONG mechanism;
        const char *name;
    } names[] = {
        {CK_UNAVAILABLE_INFORMATION,
         "unknown"}, /* an imported key, or silence */
        {CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN"},
        {CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN"},
        {CKM_RSA_X9_31_KEY_PAIR_GEN, "CKM_RSA_X9_31_KEY_PAIR_GEN"},
    };

    (void)snprintf(to, size, "0x%lx", mechanism);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].mechanism == mechanism)
            (void)snprintf(to, size, "%s", names[i].name);
}

static enum hm_hsm_claim claim_of(CK_FLAGS flag)
{
    return flag != 0 ? HM_HSM_YES : HM_HSM_NO;
}

/* A module that does not answer leaves it unknown: it is told, not needed. */
enum hm_hsm_claim hsm_claims_slot(const struct hsm_state *s, CK_SLOT_ID slot)
{
    CK_SLOT_INFO info;

    memset(&info, 0, sizeof(info));
    if (s->f->C_GetSlotInfo == NULL ||
        s->f->C_GetSlotInfo(slot, &info) != CKR_OK)
        return HM_HSM_UNKNOWN;
    return claim_of(info.flags & CKF_HW_SLOT);
}

void hsm_claims_hardware(const struct hsm_state *s, enum hm_scheme scheme,
                         struct hm_hsm_claims *claims)
{
    CK_MECHANISM_INFO info = {.flags = 0};

    claims->hardware_mechanism = HM_HSM_UNKNOWN;
    if (s->f->C_GetMechanismInfo != NULL &&
        s->f->C_GetMechanismInfo(s->token.slot, hsm_mechanism_of(scheme),
                                 &info) == CKR_OK)
        claims->hardware_mechanism = claim_of(info.flags & CKF_HW);
}

hm_rc hsm_claims_read(struct hsm_state *s, CK_OBJECT_HANDLE object,
                      struct hm_hsm_claims *claims, struct hm_err *e)
{
    /* One attribute a call: a module that does not know one of several may
     * leave all of them out. */
    const struct {
        CK_ATTRIBUTE_TYPE type;
        enum hm_hsm_claim *to;
    } wanted[] = {
        {CKA_LOCAL, &claims->local},
        {CKA_SENSITIVE, &claims->sensitive},
        {CKA_ALWAYS_SENSITIVE, &claims->always_sensitive},
        {CKA_EXTRACTABLE, &claims->extractable},
        {CKA_NEVER_EXTRACTABLE, &claims->never_extractable},
        {CKA_DECRYPT, &claims->decrypt},
        {CKA_UNWRAP, &claims->unwrap},
        {CKA_WRAP, &claims->wrap},
        {CKA_DERIVE, &claims->derive},
    };
    CK_ULONG made_by = CK_UNAVAILABLE_INFORMATION;

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        HM_TRY(hsm_attr_claim(s, object, wanted[i].type, wanted[i].to, e));
    HM_TRY(hsm_attr_optional(s, object, CKA_KEY_GEN_MECHANISM, &made_by, e));
    name_mechanism(made_by, claims->key_gen_mechanism,
                   sizeof(claims->key_gen_mechanism));
    return HM_OK;
}

/* Attributes are words; this asks for the deed. */
hm_rc hsm_claims_probe(struct hsm_state *s, const struct hm_hsm_key *key,
                       struct hm_err *e)
{
    const bool is_rsa = key->public_key.scheme == HM_SCHEME_RSA_PKCS1_SHA256;
    struct hsm_value v = {.n = 0};
    hm_rc rc = hsm_attr_bytes(s, key->handle,
                              is_rsa ? CKA_PRIVATE_EXPONENT : CKA_VALUE, &v, e);

    if (rc == HM_OK && v.is_there && v.n > 0)
        rc = hm_fail(e, HM_E_TOKEN, "hsm.key.extractable",
                     "the module handed out the private value of the key");
    OPENSSL_cleanse(&v, sizeof(v));
    return rc;
}

bool hm_hsm_does_more(const struct hm_hsm_key *key)
{
    const struct hm_hsm_claims *c = &key->claims;

    if (c->wrap == HM_HSM_YES || c->derive == HM_HSM_YES)
        return true;
    return key->public_key.scheme == HM_SCHEME_RSA_PKCS1_SHA256 &&
           (c->decrypt == HM_HSM_YES || c->unwrap == HM_HSM_YES);
}

bool hm_hsm_claims_silent(const struct hm_hsm_claims *claims)
{
    return claims->extractable == HM_HSM_UNKNOWN ||
           claims->sensitive == HM_HSM_UNKNOWN;
}

hm_rc hm_hsm_claims_check(const struct hm_hsm_key *key, struct hm_err *e)
{
    const struct hm_hsm_claims *c = &key->claims;

    if (c->extractable == HM_HSM_YES || c->sensitive == HM_HSM_NO)
        return hm_fail(e, HM_E_REJECTED, "hsm.claims.extractable",
                       "key %.16s may leave its token, as the token itself "
                       "claims (sensitive: %s, extractable: %s)",
                       key->public_key.keyid, hm_hsm_claim_name(c->sensitive),
                       hm_hsm_claim_name(c->extractable));
    if (hm_hsm_does_more(key))
        return hm_fail(e, HM_E_REJECTED, "hsm.claims.usage",
                       "key %.16s does more than sign, as its token claims "
                       "(decrypt: %s, unwrap: %s, wrap: %s, derive: %s)",
                       key->public_key.keyid, hm_hsm_claim_name(c->decrypt),
                       hm_hsm_claim_name(c->unwrap), hm_hsm_claim_name(c->wrap),
                       hm_hsm_claim_name(c->derive));
    return HM_OK;
}
