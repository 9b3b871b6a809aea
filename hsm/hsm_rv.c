#include <stdarg.h>
#include <stdio.h>

#include "hsm_priv.h"

#define RV(name)    \
    {               \
        name, #name \
    }

static const struct {
    CK_RV rv;
    const char *name;
} names[] = {
    RV(CKR_KEY_UNEXTRACTABLE),
    RV(CKR_KEY_NOT_WRAPPABLE),
    RV(CKR_KEY_SIZE_RANGE),
    RV(CKR_WRAPPING_KEY_TYPE_INCONSISTENT),
    RV(CKR_WRAPPING_KEY_HANDLE_INVALID),
    RV(CKR_OK),
    RV(CKR_CANCEL),
    RV(CKR_HOST_MEMORY),
    RV(CKR_SLOT_ID_INVALID),
    RV(CKR_GENERAL_ERROR),
    RV(CKR_FUNCTION_FAILED),
    RV(CKR_ARGUMENTS_BAD),
    RV(CKR_CANT_LOCK),
    RV(CKR_ATTRIBUTE_READ_ONLY),
    RV(CKR_ATTRIBUTE_SENSITIVE),
    RV(CKR_ATTRIBUTE_TYPE_INVALID),
    RV(CKR_ATTRIBUTE_VALUE_INVALID),
    RV(CKR_DATA_LEN_RANGE),
    RV(CKR_DEVICE_ERROR),
    RV(CKR_DEVICE_MEMORY),
    RV(CKR_DEVICE_REMOVED),
    RV(CKR_FUNCTION_NOT_SUPPORTED),
    RV(CKR_KEY_HANDLE_INVALID),
    RV(CKR_KEY_TYPE_INCONSISTENT),
    RV(CKR_KEY_FUNCTION_NOT_PERMITTED),
    RV(CKR_MECHANISM_INVALID),
    RV(CKR_MECHANISM_PARAM_INVALID),
    RV(CKR_OBJECT_HANDLE_INVALID),
    RV(CKR_OPERATION_ACTIVE),
    RV(CKR_OPERATION_NOT_INITIALIZED),
    RV(CKR_PIN_INCORRECT),
    RV(CKR_PIN_INVALID),
    RV(CKR_PIN_LEN_RANGE),
    RV(CKR_PIN_EXPIRED),
    RV(CKR_PIN_LOCKED),
    RV(CKR_SESSION_CLOSED),
    RV(CKR_SESSION_COUNT),
    RV(CKR_SESSION_HANDLE_INVALID),
    RV(CKR_SESSION_READ_ONLY),
    RV(CKR_TEMPLATE_INCOMPLETE),
    RV(CKR_TEMPLATE_INCONSISTENT),
    RV(CKR_TOKEN_NOT_PRESENT),
    RV(CKR_TOKEN_NOT_RECOGNIZED),
    RV(CKR_TOKEN_WRITE_PROTECTED),
    RV(CKR_USER_ALREADY_LOGGED_IN),
    RV(CKR_USER_NOT_LOGGED_IN),
    RV(CKR_USER_PIN_NOT_INITIALIZED),
    RV(CKR_USER_TYPE_INVALID),
    RV(CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
    RV(CKR_USER_TOO_MANY_TYPES),
    RV(CKR_DOMAIN_PARAMS_INVALID),
    RV(CKR_CURVE_NOT_SUPPORTED),
    RV(CKR_BUFFER_TOO_SMALL),
    RV(CKR_CRYPTOKI_NOT_INITIALIZED),
    RV(CKR_CRYPTOKI_ALREADY_INITIALIZED),
};

const char *hsm_rv_name(CK_RV rv)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].rv == rv)
            return names[i].name;
    return "unknown return value";
}

static bool says_removed(CK_RV rv)
{
    return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
           rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED;
}

hm_rc hsm_fail_call(const char *call, CK_RV rv, struct hm_err *e)
{
    if (says_removed(rv))
        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.token.removed",
                               "the token went away: %s gave %s (0x%lx)", call,
                               hsm_rv_name(rv), rv),
                       "put the token back and run the command again; nothing "
                       "was written");
    return hm_fail(e, HM_E_TOKEN, "hsm.call.failed",
                   "the module refused: %s gave %s (0x%lx)", call,
                   hsm_rv_name(rv), rv);
}

hm_rc hsm_fail_rv(struct hsm_state *s, const char *call, CK_RV rv,
                  struct hm_err *e)
{
    hsm_session_close(s);
    return hsm_fail_call(call, rv, e);
}

hm_rc hsm_as_token(struct hm_err *e, hm_rc rc)
{
    if (rc != HM_E_FORMAT && rc != HM_E_LIMIT && rc != HM_E_REJECTED)
        return rc;
    if (e != NULL)
        e->rc = HM_E_TOKEN;
    return HM_E_TOKEN;
}

void hsm_text_add(struct hsm_text *t, const char *fmt, ...)
{
    const size_t room = sizeof(t->p) - t->n;
    va_list ap;
    int n = 0;

    if (room < 8)
        return;
    va_start(ap, fmt);
    n = vsnprintf(t->p + t->n, room, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n < room) {
        t->n += (size_t)n;
        return;
    }
    memcpy(t->p + sizeof(t->p) - 4, "...", 4);
    t->n = sizeof(t->p) - 1;
}
