#include <openssl/crypto.h>

#include "hsm_priv.h"

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
    };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        HM_TRY(hsm_attr_claim(s, object, wanted[i].type, wanted[i].to, e));
    return HM_OK;
}

/* Attributes are words; this asks for the deed. */
hm_rc hsm_claims_probe(struct hsm_state *s, CK_OBJECT_HANDLE object,
                       struct hm_err *e)
{
    struct hsm_value v = {.n = 0};
    hm_rc rc = hsm_attr_bytes(s, object, CKA_VALUE, &v, e);

    if (rc == HM_OK && v.is_there && v.n > 0)
        rc = hm_fail(e, HM_E_TOKEN, "hsm.key.extractable",
                     "the module handed out the private value of the key");
    OPENSSL_cleanse(&v, sizeof(v));
    return rc;
}
