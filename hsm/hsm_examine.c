#include "hsm_priv.h"

hm_rc hm_hsm_scheme_check(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                          enum hm_scheme scheme, struct hm_err *e)
{
    struct hsm_state *s = hsm->state;
    CK_MECHANISM_INFO info = {.flags = 0};
    struct hsm_token token;

    HM_TRY(hsm_token_pick(s, uri, &token, e));
    if (s->f->C_GetMechanismInfo(token.slot, hsm_mechanism_of(scheme), &info) ==
            CKR_OK &&
        (info.flags & CKF_SIGN) != 0)
        return HM_OK;
    return hm_fail(e, HM_E_TOKEN, "hsm.mechanism.missing",
                   "token '%s' does not say that it signs with %s",
                   hm_show_str(token.label),
                   scheme == HM_SCHEME_RSA_PKCS1_SHA256 ? "CKM_RSA_PKCS"
                                                        : "CKM_ECDSA");
}
