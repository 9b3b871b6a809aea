#include "hsm_priv.h"

HM_MUST static hm_rc check_label(const char *label, struct hm_err *e)
{
    const size_t n = strlen(label);

    for (size_t i = 0; i < n; i++)
        if (label[i] < 0x20 || label[i] > 0x7e)
            return hm_fail(e, HM_E_USAGE, "hsm.token.label",
                           "token label '%s': expected printable ASCII",
                           hm_show_str(label));
    if (n == 0 || n >= HM_HSM_LABEL_SIZE || label[0] == ' ' ||
        label[n - 1] == ' ')
        return hm_fail(e, HM_E_USAGE, "hsm.token.label",
                       "token label '%s': expected 1 to 32 bytes without "
                       "blanks at its ends",
                       hm_show_str(label));
    return HM_OK;
}

HM_MUST static hm_rc refuse_existing(struct hsm_state *s, const char *label,
                                     struct hm_err *e)
{
    HM_TRY(hsm_token_scan(s, true, e));
    for (size_t i = 0; i < s->seen_n; i++)
        if (strcmp(s->seen[i].label, label) == 0)
            return hm_hint(e,
                           hm_fail(e, HM_E_TOKEN, "hsm.token.exists",
                                   "there is a token '%s' already (serial %s); "
                                   "making it again would destroy its keys",
                                   hm_show_str(label),
                                   hm_show_str(s->seen[i].serial)),
                           "choose another --token LABEL or --softhsm DIR");
    return HM_OK;
}

HM_MUST static hm_rc find_slot(struct hsm_state *s, const char *label,
                               struct hsm_token *out, struct hm_err *e)
{
    HM_TRY(refuse_existing(s, label, e));
    HM_TRY(hsm_token_scan(s, false, e));
    if (s->seen_n == 0)
        return hm_fail(e, HM_E_TOKEN, "hsm.token.full",
                       "the module has no slot with a token to initialise");
    *out = s->seen[0];
    return HM_OK;
}

hm_rc hm_hsm_token_init_check(struct hm_hsm *hsm, const char *label,
                              struct hm_err *e)
{
    struct hsm_token token = {.slot = 0};

    HM_TRY(check_label(label, e));
    if (hsm->state == NULL)
        return HM_OK;
    if (hsm->state->is_nss)
        return hsm_nss_find_new(hsm->state, &token, e);
    return find_slot(hsm->state, label, &token, e);
}

HM_MUST static hm_rc set_pins(struct hsm_state *s, const struct hm_hsm_pin *so,
                              const struct hm_hsm_pin *pin, struct hm_err *e)
{
    CK_RV rv = s->f->C_Login(s->session, CKU_SO, (CK_UTF8CHAR_PTR)so->p, so->n);

    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_Login of the security officer", rv, e);
    rv = s->f->C_InitPIN(s->session, (CK_UTF8CHAR_PTR)pin->p, pin->n);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_InitPIN", rv, e);
    rv = s->f->C_Logout(s->session);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_Logout", rv, e);
    return HM_OK;
}

hm_rc hm_hsm_token_init(struct hm_hsm *hsm, const char *label,
                        const struct hm_hsm_pin *so_pin,
                        const struct hm_hsm_pin *pin, struct hm_err *e)
{
    struct hsm_state *s = hsm->state;
    struct hsm_token token = {.slot = 0};
    CK_UTF8CHAR padded[HM_HSM_LABEL_SIZE - 1];
    hm_rc rc;
    CK_RV rv;

    HM_TRY(check_label(label, e));
    if (s->is_nss)
        return hsm_nss_set_pin(s, pin, e);
    HM_TRY(find_slot(s, label, &token, e));
    HM_TRY(hm_hint(e, hsm_token_check_pin(&token, so_pin, e),
                   "--so-pin SOURCE gives the security officer a PIN that "
                   "fits"));
    HM_TRY(
        hm_hint(e, hsm_token_check_pin(&token, pin, e), "choose another PIN"));
    memset(padded, ' ', sizeof(padded)); /* 32 bytes, blank padded, no NUL */
    for (size_t i = 0; label[i] != '\0'; i++)
        padded[i] = (CK_UTF8CHAR)label[i];
    rv = s->f->C_InitToken(token.slot, (CK_UTF8CHAR_PTR)so_pin->p, so_pin->n,
                           padded);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_InitToken", rv, e);
    HM_TRY(hsm_session_open(s, &token, e));
    rc = set_pins(s, so_pin, pin, e);
    hsm_session_close(s);
    return rc;
}
