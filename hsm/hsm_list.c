#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "hsm_priv.h"

void hm_hsm_entries_clear(struct hm_hsm_entries *entries)
{
    const int saved = errno;

    free(entries->entry);
    *entries = (struct hm_hsm_entries)HM_HSM_ENTRIES_INIT;
    errno = saved;
}

/* Room for one more entry behind the last, all zero. */
HM_MUST static hm_rc grow(struct hm_hsm_entries *to, struct hm_err *e)
{
    struct hm_hsm_entry *more = NULL;

    if (to->n == HM_HSM_ENTRIES_MAX)
        return hm_fail(e, HM_E_LIMIT, "hsm.list.count",
                       "more than %u tokens and keys", HM_HSM_ENTRIES_MAX);
    more = realloc(to->entry, (to->n + 1) * sizeof(*more));
    if (more == NULL)
        return hm_fail(e, HM_E_NOMEM, "hsm.list.nomem",
                       "out of memory for a list of keys");
    memset(more + to->n, 0, sizeof(*more));
    to->entry = more;
    return HM_OK;
}

HM_MUST static hm_rc add_key(struct hsm_state *s, const struct hsm_object *o,
                             struct hm_hsm_entries *out, struct hm_err *e)
{
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_entry *entry = NULL;
    struct hm_err why = {.rc = HM_OK};
    hm_rc rc;

    HM_TRY(grow(out, e));
    entry = &out->entry[out->n++];
    hsm_key_describe(s, o, &key);
    entry->is_key = true;
    entry->is_software = key.claims.is_software;
    entry->hardware_slot = key.claims.hardware_slot;
    entry->uri = key.uri;
    rc = hsm_public_read(s, o->handle, &key.public_key, &why);
    if (rc == HM_OK) {
        memcpy(entry->keyid, key.public_key.keyid, sizeof(entry->keyid));
        entry->scheme = key.public_key.scheme;
        return HM_OK;
    }
    (void)snprintf(entry->problem, sizeof(entry->problem), "%.*s",
                   (int)sizeof(entry->problem) - 1, why.text);
    if (s->has_session)
        return HM_OK;
    if (e != NULL) /* a call failed: that is not about this key */
        *e = why;
    return rc;
}

HM_MUST static hm_rc add_token(struct hsm_state *s, const struct hsm_token *t,
                               struct hm_hsm_entries *out, struct hm_err *e)
{
    struct hm_hsm_entry *entry = NULL;

    HM_TRY(grow(out, e));
    entry = &out->entry[out->n++];
    entry->is_software = hsm_token_is_software(s, t);
    entry->hardware_slot = hsm_claims_slot(s, t->slot);
    memcpy(entry->uri.token, t->label, sizeof(t->label));
    memcpy(entry->uri.manufacturer, t->manufacturer, sizeof(t->manufacturer));
    memcpy(entry->uri.serial, t->serial, sizeof(t->serial));
    memcpy(entry->uri.model, t->model, sizeof(t->model));
    HM_TRY(hsm_session_open(s, t, e));
    HM_TRY(hsm_find_class(s, CKO_PUBLIC_KEY, e));
    for (size_t i = 0; i < s->found.n; i++)
        HM_TRY(add_key(s, &s->found.object[i], out, e));
    hsm_session_close(s);
    return HM_OK;
}

/* What did not answer is in no list, but it is there. */
static void note_silent(struct hsm_state *s)
{
    if (s->silent.n > 2 && s->note[0] == '\0') /* behind "; " */
        (void)snprintf(s->note, sizeof(s->note), "%.*s",
                       (int)sizeof(s->note) - 1, s->silent.p + 2);
}

hm_rc hm_hsm_list(struct hm_hsm *hsm, struct hm_hsm_entries *out,
                  struct hm_err *e)
{
    struct hsm_state *s = hsm->state;
    hm_rc rc = hsm_token_scan(s, true, e);

    hm_hsm_entries_clear(out);
    note_silent(s);
    for (size_t i = 0; rc == HM_OK && i < s->seen_n; i++)
        rc = add_token(s, &s->seen[i], out, e);
    if (rc != HM_OK)
        hm_hsm_entries_clear(out);
    hsm_session_close(s);
    return rc;
}
