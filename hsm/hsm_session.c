#include <stdio.h>

#include "hsm_priv.h"

void hsm_session_close(struct hsm_state *s)
{
    if (s->has_session)
        (void)s->f->C_CloseSession(s->session); /* logs out as well */
    s->has_session = false;
    s->is_logged_in = false;
}

hm_rc hsm_session_check(const struct hsm_state *s, struct hm_err *e)
{
    if (!s->has_session)
        return hm_fail(e, HM_E_TOKEN, "hsm.session.closed",
                       "the session with the token is over");
    return HM_OK;
}

hm_rc hsm_session_open(struct hsm_state *s, const struct hsm_token *token,
                       struct hm_err *e)
{
    const CK_FLAGS flags = s->mode == HM_HSM_PROVISION
                               ? CKF_SERIAL_SESSION | CKF_RW_SESSION
                               : CKF_SERIAL_SESSION;
    CK_RV rv;

    hsm_session_close(s);
    rv = s->f->C_OpenSession(token->slot, flags, NULL, NULL, &s->session);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_OpenSession", rv, e);
    s->has_session = true;
    s->token = *token;
    return HM_OK;
}

/* Read before the PIN is tried: a try that could lock the token is not made. */
HM_MUST static hm_rc check_flags(struct hsm_state *s, const struct hsm_token *t,
                                 struct hm_err *e)
{
    const char *label = hm_show_str(t->label);

    if ((t->flags & CKF_USER_PIN_LOCKED) != 0)
        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.pin.locked",
                               "the PIN of token '%s' is locked", label),
                       "unlock it with the token's SO PIN");
    if ((t->flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.pin.final",
                               "token '%s' says one more wrong PIN locks it; "
                               "the PIN was not tried",
                               label),
                       "log in once by hand with the token's own tool");
    if ((t->flags & CKF_USER_PIN_INITIALIZED) == 0)
        return hm_fail(e, HM_E_TOKEN, "hsm.pin.unset",
                       "token '%s' has no user PIN yet", label);
    if ((t->flags & CKF_USER_PIN_COUNT_LOW) != 0)
        (void)snprintf(s->note, sizeof(s->note),
                       "a wrong PIN was given to token '%s' since the last "
                       "good one",
                       label);
    return HM_OK;
}

static const char *tries_left(struct hsm_state *s)
{
    struct hsm_token now = {.flags = 0};

    if (hsm_token_read(s, s->token.slot, &now, NULL) != HM_OK)
        return "the token does not say how many tries remain";
    if ((now.flags & CKF_USER_PIN_LOCKED) != 0)
        return "the token says its PIN is locked now";
    if ((now.flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return "the token says one try remains";
    if ((now.flags & CKF_USER_PIN_COUNT_LOW) != 0)
        return "the token says tries were used up, not how many remain";
    return "the token does not say how many tries remain";
}

HM_MUST static hm_rc fail_login(struct hsm_state *s, CK_RV rv, struct hm_err *e)
{
    const char *left = tries_left(s);
    char label[HM_SHOW_MAX];

    (void)hm_show_into(label, hm_bytes_str(s->token.label));
    hsm_session_close(s);
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE ||
        rv == CKR_PIN_INVALID)
        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.pin.incorrect",
                               "token '%s' refused the PIN (%s); it was tried "
                               "once; %s",
                               label, hsm_rv_name(rv), left),
                       "check which PIN belongs to this token before the next "
                       "try; it is never tried twice");
    if (rv == CKR_PIN_LOCKED)
        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.pin.locked",
                               "the PIN of token '%s' is locked", label),
                       "unlock it with the token's SO PIN");
    if (rv == CKR_USER_ALREADY_LOGGED_IN)
        return hm_fail(e, HM_E_TOKEN, "hsm.session.shared",
                       "token '%s' is logged in already, so that the PIN would "
                       "not be checked",
                       label);
    return hsm_fail_rv(s, "C_Login", rv, e);
}

hm_rc hm_hsm_login_check(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                         struct hm_err *e)
{
    struct hsm_token token;

    HM_TRY(hsm_token_pick(hsm->state, uri, &token, e));
    return check_flags(hsm->state, &token, e);
}

hm_rc hm_hsm_login(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                   const struct hm_hsm_pin *pin, struct hm_err *e)
{
    struct hsm_state *s = hsm->state;
    struct hsm_token token;
    CK_RV rv;

    HM_TRY(hsm_token_pick(s, uri, &token, e));
    HM_TRY(check_flags(s, &token, e));
    HM_TRY(hm_hint(e, hsm_token_check_pin(&token, pin, e),
                   "check which PIN belongs to this token"));
    if (!pin->is_locked && s->note[0] == '\0')
        (void)snprintf(s->note, sizeof(s->note),
                       "the memory of the PIN could not be kept out of swap");
    HM_TRY(hsm_session_open(s, &token, e));
    rv = s->f->C_Login(s->session, CKU_USER, (CK_UTF8CHAR_PTR)pin->p, pin->n);
    if (rv != CKR_OK)
        return fail_login(s, rv, e);
    s->is_logged_in = true;
    return HM_OK;
}
