#include <stdio.h>

#include "hsm_priv.h"

/* Blank-padded field without NUL to a C string; to holds n + 1 bytes. */
static void take_field(char *to, const CK_UTF8CHAR *from, size_t n)
{
    while (n > 0 && (from[n - 1] == ' ' || from[n - 1] == '\0'))
        n--;
    memcpy(to, from, n);
    to[n] = '\0';
}

static void take_version(char to[static HM_HSM_VERSION_SIZE], CK_VERSION from)
{
    (void)snprintf(to, HM_HSM_VERSION_SIZE, "%u.%u", from.major, from.minor);
}

hm_rc hsm_token_read(struct hsm_state *s, CK_SLOT_ID slot,
                     struct hsm_token *out, struct hm_err *e)
{
    CK_TOKEN_INFO info;
    CK_RV rv;

    memset(&info, 0, sizeof(info));
    rv = s->f->C_GetTokenInfo(slot, &info);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_GetTokenInfo", rv, e);
    out->slot = slot;
    out->flags = info.flags;
    out->pin_min = info.ulMinPinLen;
    out->pin_max = info.ulMaxPinLen;
    take_field(out->label, info.label, sizeof(info.label));
    take_field(out->manufacturer, info.manufacturerID,
               sizeof(info.manufacturerID));
    take_field(out->serial, info.serialNumber, sizeof(info.serialNumber));
    take_field(out->model, info.model, sizeof(info.model));
    take_version(out->hardware, info.hardwareVersion);
    take_version(out->firmware, info.firmwareVersion);
    return HM_OK;
}

/* Limits that contradict each other are none.  How long the PIN is is not told. */
hm_rc hsm_token_check_pin(const struct hsm_token *token,
                          const struct hm_hsm_pin *pin, struct hm_err *e)
{
    if (token->pin_max == 0 || token->pin_min > token->pin_max ||
        (pin->n >= token->pin_min && pin->n <= token->pin_max))
        return HM_OK;
    return hm_fail(e, HM_E_TOKEN, "hsm.pin.length",
                   "token '%s' takes PINs of %lu to %lu bytes, and this one is "
                   "%s; it was not tried",
                   hm_show_str(token->label), token->pin_min, token->pin_max,
                   pin->n < token->pin_min ? "shorter" : "longer");
}

bool hsm_token_is_software(const struct hsm_state *s,
                           const struct hsm_token *token)
{
    return s->is_nss || strstr(token->manufacturer, "SoftHSM") != NULL ||
           strstr(token->model, "SoftHSM") != NULL ||
           strstr(token->model, "SoftTok") != NULL; /* openCryptoki */
}

hm_rc hsm_token_scan(struct hsm_state *s, bool initialised, struct hm_err *e)
{
    CK_SLOT_ID slots[HSM_SLOTS_MAX];
    CK_ULONG n = HSM_SLOTS_MAX;
    CK_RV rv;

    s->seen_n = 0;
    s->silent = (struct hsm_text){.n = 0};
    rv = s->f->C_GetSlotList(CK_TRUE, slots, &n);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_GetSlotList", rv, e);
    if (n > HSM_SLOTS_MAX)
        return hm_fail(e, HM_E_TOKEN, "hsm.module.kind",
                       "the module says it has %lu slots, at most %u are "
                       "taken",
                       n, HSM_SLOTS_MAX);
    for (CK_ULONG i = 0; i < n; i++) {
        struct hsm_token *t = &s->seen[s->seen_n];
        struct hm_err why = {.rc = HM_OK};

        /* A slot whose token just left is not the one that is asked for,
         * unless that is not found elsewhere. */
        if (hsm_token_read(s, slots[i], t, &why) != HM_OK) {
            hsm_text_add(&s->silent, "; slot %lu: %s", slots[i], why.text);
            continue;
        }
        if (((t->flags & CKF_TOKEN_INITIALIZED) != 0) == initialised)
            s->seen_n++;
    }
    return HM_OK;
}

/* An empty member was not asked for. */
static bool fits(const char *asked, const char *found)
{
    return asked[0] == '\0' || strcmp(asked, found) == 0;
}

static bool token_fits(const struct hsm_token *t, const struct hm_hsm_uri *uri)
{
    return fits(uri->token, t->label) && fits(uri->serial, t->serial) &&
           fits(uri->manufacturer, t->manufacturer) &&
           fits(uri->model, t->model);
}

static void list_tokens(const struct hsm_state *s, const struct hm_hsm_uri *uri,
                        struct hsm_text *text)
{
    for (size_t i = 0; i < s->seen_n; i++) {
        const struct hsm_token *t = &s->seen[i];

        if (uri == NULL || token_fits(t, uri))
            hsm_text_add(text, "%s'%s' (serial %s)", text->n == 0 ? "" : ", ",
                         hm_show_str(t->label), hm_show_str(t->serial));
    }
    if (text->n == 0)
        hsm_text_add(text, "none");
}

HM_MUST static hm_rc fail_missing(const struct hsm_state *s,
                                  const struct hm_hsm_uri *uri,
                                  struct hm_err *e)
{
    struct hsm_text seen = {.n = 0};

    list_tokens(s, NULL, &seen);
    return hm_hint(
        e,
        hm_fail(e, HM_E_TOKEN, "hsm.token.missing",
                "no token '%s'; tokens seen: %s%s",
                hm_show_str(uri->token[0] != '\0' ? uri->token : uri->serial),
                seen.p, s->silent.p),
        "put the token in, correct token= of the URI, or name its --softhsm "
        "DIR; 'hallmark-key list' shows what is there");
}

HM_MUST static hm_rc fail_ambiguous(const struct hsm_state *s,
                                    const struct hm_hsm_uri *uri,
                                    struct hm_err *e)
{
    struct hsm_text seen = {.n = 0};

    list_tokens(s, uri, &seen);
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.token.ambiguous",
                           "the URI names more than one token: %s", seen.p),
                   "add serial= to the URI");
}

hm_rc hsm_token_pick(struct hsm_state *s, const struct hm_hsm_uri *uri,
                     struct hsm_token *out, struct hm_err *e)
{
    const struct hsm_token *found = NULL;

    if (uri->token[0] == '\0' && uri->serial[0] == '\0')
        return hm_fail(e, HM_E_USAGE, "hsm.uri.token",
                       "the PKCS#11 URI must name the token: token= or "
                       "serial=");
    HM_TRY(hsm_token_scan(s, true, e));
    for (size_t i = 0; i < s->seen_n; i++) {
        if (!token_fits(&s->seen[i], uri))
            continue;
        if (found != NULL)
            return fail_ambiguous(s, uri, e);
        found = &s->seen[i];
    }
    if (found == NULL)
        return fail_missing(s, uri, e);
    *out = *found;
    return HM_OK;
}
