/* NSS keeps keys in an SQLite database that a kill does not harm.  It is a
 * PKCS#11 module that any Debian has, which makes it a second make of token
 * beside SoftHSM; it is software like that. */
#include <stdio.h>
#include <stdlib.h>

#include "hsm_priv.h"

#define DATABASE "key4.db"

HM_MUST static hm_rc check_there(const char *dir, bool may_make,
                                 struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    if (may_make)
        return hm_dir_make(&d, dir, e);
    if (hm_dir_open(&d, dir, NULL) == HM_OK && hm_file_exists_at(&d, DATABASE))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.nss.missing",
                           "'%s' is no NSS database: it holds no " DATABASE,
                           hm_show_str(dir)),
                   "make one with 'hallmark-key token-init --nss DIR --pin "
                   "SOURCE'");
}

/* In quotes, where these letters mean something else. */
HM_MUST static hm_rc check_letters(const char *dir, struct hm_err *e)
{
    if (strpbrk(dir, "'\"\\") == NULL && strlen(dir) <= 1024)
        return HM_OK;
    return hm_fail(e, HM_E_TOKEN, "hsm.nss.path",
                   "path '%s' is too long, or has a quote or backslash, which "
                   "NSS cannot take",
                   hm_show_str(dir));
}

hm_rc hsm_nss_arguments(const char *dir, bool may_make,
                        char args[static HSM_NSS_ARGS], struct hm_err *e)
{
    char *real = NULL;
    hm_rc rc;

    HM_TRY(check_there(dir, may_make, e));
    real = realpath(dir, NULL);
    if (real == NULL)
        return hm_fail_errno(e, "hsm.nss.path", "cannot resolve '%s'",
                             hm_show_str(dir));
    rc = check_letters(real, e);
    (void)snprintf(args, HSM_NSS_ARGS,
                   "configdir='sql:%s' certPrefix='' keyPrefix='' "
                   "secmod='secmod.db' flags=%s",
                   real, may_make ? "" : "readOnly");
    free(real);
    return rc;
}

/* Without a PIN the token counts as one that is not initialised. */
hm_rc hsm_nss_find_new(struct hsm_state *s, struct hsm_token *out,
                       struct hm_err *e)
{
    HM_TRY(hsm_token_scan(s, false, e));
    for (size_t i = 0; i < s->seen_n; i++)
        if (strcmp(s->seen[i].label, HM_HSM_NSS_TOKEN) == 0) {
            *out = s->seen[i];
            return HM_OK;
        }
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.token.exists",
                           "the NSS database has its PIN already"),
                   "choose another --nss DIR");
}

hm_rc hsm_nss_set_pin(struct hsm_state *s, const struct hm_hsm_pin *pin,
                      struct hm_err *e)
{
    struct hsm_token token;
    CK_UTF8CHAR none[1] = {0};
    CK_RV rv;

    HM_TRY(hsm_nss_find_new(s, &token, e));
    HM_TRY(
        hm_hint(e, hsm_token_check_pin(&token, pin, e), "choose another PIN"));
    HM_TRY(hsm_session_open(s, &token, e));
    rv = s->f->C_Login(s->session, CKU_SO, none, 0);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_Login of the security officer", rv, e);
    rv = s->f->C_InitPIN(s->session, (CK_UTF8CHAR_PTR)pin->p, pin->n);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_InitPIN", rv, e);
    hsm_session_close(s);
    return HM_OK;
}
