#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "hsm_priv.h"

static bool is_softhsm(const char *module)
{
    const char *slash = strrchr(module, '/');

    return strncmp(slash == NULL ? module : slash + 1, "libsofthsm2", 11) == 0;
}

/* The store lies before the module is loaded: it reads every token then. */
HM_MUST static hm_rc open_store(struct hsm_state *s,
                                const struct hm_hsm_where *where,
                                const char *module, struct hm_err *e)
{
    const bool may_make = s->mode == HM_HSM_PROVISION;

    if (where->softhsm != NULL)
        HM_TRY(softhsm_open(&s->keeper, where->softhsm, may_make, e));
    else if (is_softhsm(module))
        HM_TRY(softhsm_open_environment(&s->keeper, may_make, e));
    if (s->keeper.restored > 0)
        (void)snprintf(s->note, sizeof(s->note),
                       "%u damaged token files of '%.160s' were restored from "
                       "the saved copy",
                       s->keeper.restored, hm_show_str(s->keeper.path));
    return HM_OK;
}

HM_MUST static hm_rc open_nss(struct hsm_state *s,
                              const struct hm_hsm_where *where,
                              struct hm_err *e)
{
    char args[HSM_NSS_ARGS];

    s->is_nss = true;
    HM_TRY(hsm_nss_arguments(where->nss, s->mode == HM_HSM_PROVISION, args, e));
    return hsm_module_load(
        s, where->module == NULL ? HM_HSM_MODULE_NSS : where->module, args, e);
}

HM_MUST static hm_rc open_state(struct hsm_state *s,
                                const struct hm_hsm_where *where,
                                struct hm_err *e)
{
    const char *module =
        where->module == NULL ? HM_HSM_MODULE_DEFAULT : where->module;

    if (where->nss != NULL && where->softhsm != NULL)
        return hm_fail(e, HM_E_USAGE, "hsm.where.twice",
                       "a token lies in a SoftHSM store or in an NSS database, "
                       "not in both");
    if (where->nss != NULL)
        return open_nss(s, where, e);
    HM_TRY(open_store(s, where, module, e));
    return hsm_module_load(s, module, NULL, e);
}

hm_rc hm_hsm_open(struct hm_hsm *hsm, const struct hm_hsm_where *where,
                  enum hm_hsm_mode mode, struct hm_err *e)
{
    hm_rc rc;

    hm_hsm_clear(hsm);
    hsm->state = calloc(1, sizeof(*hsm->state));
    if (hsm->state == NULL)
        return hm_fail(e, HM_E_NOMEM, "hsm.module.nomem",
                       "out of memory for a PKCS#11 module");
    hsm->state->keeper = (struct softhsm)SOFTHSM_INIT;
    hsm->state->mode = mode;
    rc = open_state(hsm->state, where, e);
    if (rc != HM_OK)
        hm_hsm_clear(hsm);
    return rc;
}

const char *hm_hsm_note(const struct hm_hsm *hsm)
{
    return hsm->state == NULL ? "" : hsm->state->note;
}

static void finalise(struct hsm_state *s)
{
    hsm_session_close(s);
    if (s->is_initialised)
        (void)s->f->C_Finalize(NULL);
    s->is_initialised = false;
}

hm_rc hm_hsm_commit(struct hm_hsm *hsm, struct hm_err *e)
{
    finalise(hsm->state);
    if (!hsm->state->keeper.is_open)
        return HM_OK;
    return softhsm_commit(&hsm->state->keeper, e);
}

void hm_hsm_clear(struct hm_hsm *hsm)
{
    const int saved = errno;

    if (hsm->state == NULL)
        return;
    finalise(hsm->state);
    softhsm_clear(&hsm->state->keeper);
    free(hsm->state);
    hsm->state = NULL;
    errno = saved;
}

void hm_hsm_key_clear(struct hm_hsm_key *key)
{
    hm_public_key_clear(&key->public_key);
    *key = (struct hm_hsm_key)HM_HSM_KEY_INIT;
}

const char *hm_hsm_claim_name(enum hm_hsm_claim claim)
{
    static const char *const names[] = {"unknown", "no", "yes"};

    return names[claim];
}
