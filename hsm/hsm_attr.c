#include <openssl/crypto.h>

#include "hsm_priv.h"

/* The object does not have it, or will not show it: an answer, no failure. */
static bool is_absent(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE;
}

HM_MUST static hm_rc fail_length(CK_ATTRIBUTE_TYPE type, size_t size,
                                 struct hm_err *e)
{
    return hm_fail(e, HM_E_TOKEN, "hsm.attribute.length",
                   "the module gives attribute 0x%lx more than %zu bytes", type,
                   size);
}

/* One call into a buffer of fixed size: a module whose answer grows between
 * two calls finds nothing to overrun.  size is at most HSM_VALUE_MAX; what does
 * not fit is_long, and not given. */
HM_MUST static hm_rc ask(struct hsm_state *s, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_TYPE type, size_t size,
                         struct hsm_value *out, struct hm_err *e)
{
    CK_ATTRIBUTE attribute = {type, out->b, size};
    CK_RV rv;

    out->n = 0;
    out->is_long = false;
    out->is_there = false;
    HM_TRY(hsm_session_check(s, e));
    rv = s->f->C_GetAttributeValue(s->session, object, &attribute, 1);
    if (is_absent(rv))
        return HM_OK;
    if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
        return hsm_fail_rv(s, "C_GetAttributeValue", rv, e);
    if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION && rv == CKR_OK)
        return HM_OK;
    out->is_long = rv == CKR_BUFFER_TOO_SMALL;
    if (out->is_long)
        return HM_OK;
    if (attribute.ulValueLen > size)
        return fail_length(type, size, e);
    out->n = attribute.ulValueLen;
    out->is_there = true;
    return HM_OK;
}

hm_rc hsm_attr_bytes(struct hsm_state *s, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type, struct hsm_value *out,
                     struct hm_err *e)
{
    HM_TRY(ask(s, object, type, sizeof(out->b), out, e));
    return out->is_long ? fail_length(type, sizeof(out->b), e) : HM_OK;
}

hm_rc hsm_attr_name(struct hsm_state *s, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE_TYPE type, struct hsm_value *out,
                    struct hm_err *e)
{
    return ask(s, object, type, sizeof(out->b), out, e);
}

/* NSS refuses a buffer that is larger than the number. */
hm_rc hsm_attr_ulong(struct hsm_state *s, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type, CK_ULONG *out, struct hm_err *e)
{
    struct hsm_value v = {.n = 0};

    HM_TRY(ask(s, object, type, sizeof(*out), &v, e));
    if (v.is_long)
        return fail_length(type, sizeof(*out), e);
    if (!v.is_there || v.n != sizeof(*out))
        return hm_fail(e, HM_E_TOKEN, "hsm.attribute.length",
                       "the module gives attribute 0x%lx %zu bytes, expected "
                       "%zu",
                       type, v.n, sizeof(*out));
    memcpy(out, v.b, sizeof(*out));
    return HM_OK;
}

hm_rc hsm_attr_optional(struct hsm_state *s, CK_OBJECT_HANDLE object,
                        CK_ATTRIBUTE_TYPE type, CK_ULONG *out, struct hm_err *e)
{
    struct hsm_value v = {.n = 0};

    *out = CK_UNAVAILABLE_INFORMATION;
    HM_TRY(ask(s, object, type, sizeof(*out), &v, e));
    if (v.is_there && v.n == sizeof(*out))
        memcpy(out, v.b, sizeof(*out));
    return HM_OK;
}

hm_rc hsm_attr_claim(struct hsm_state *s, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type, enum hm_hsm_claim *out,
                     struct hm_err *e)
{
    struct hsm_value v = {.n = 0};

    *out = HM_HSM_UNKNOWN;
    HM_TRY(hsm_attr_bytes(s, object, type, &v, e));
    if (v.is_there && v.n == sizeof(CK_BBOOL) && v.b[0] <= CK_TRUE)
        *out = v.b[0] == CK_TRUE ? HM_HSM_YES : HM_HSM_NO;
    return HM_OK;
}
