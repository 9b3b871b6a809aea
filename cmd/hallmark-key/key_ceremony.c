/* The record of a ceremony: made when the authorisation is there, signed by
 * those who took part, and held against its documents by whoever asks. */
#include <stdlib.h>

#include "key_ceremony_priv.h"

void key_ceremony_free(struct key_ceremony **k)
{
    if (*k == NULL)
        return;
    key_asked_free(&(*k)->asked);
    hm_signatures_clear(&(*k)->sigs);
    hm_buf_clear(&(*k)->text);
    free(*k);
    *k = NULL;
}

struct key_ceremony *key_ceremony_new(void)
{
    struct key_ceremony *k = calloc(1, sizeof(*k));

    if (k == NULL)
        return NULL;
    k->text = (struct hm_buf)HM_BUF_INIT(HM_CEREMONY_BYTES_MAX);
    k->asked = key_asked_new();
    if (k->asked == NULL)
        key_ceremony_free(&k);
    return k;
}

hm_rc key_ceremony_load(struct key_ceremony *k, const char *authorisation,
                        const char *from, struct hm_err *e)
{
    struct hm_request *r = &k->asked->request;
    hm_rc rc =
        key_signed_load(authorisation, &r->document, &k->asked->given, e);

    HM_TRY(hm_context(e, rc, "'%s'", hm_show_str(authorisation)));
    if (from == NULL)
        return HM_OK;
    rc = key_signed_load(from, &r->before, &r->signatures, e);
    return hm_context(e, rc, "'%s'", hm_show_str(from));
}
