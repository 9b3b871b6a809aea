#include <stdlib.h>

#include "sign_priv.h"

static void request_free(struct hm_request **r)
{
    if (*r == NULL)
        return;
    hm_request_clear(*r);
    free(*r);
}

hm_rc sign_request_open(struct sign_document *d, struct hm_err *e)
{
    __attribute__((cleanup(request_free))) struct hm_request *r =
        calloc(1, sizeof(*r));
    hm_rc rc;

    if (r == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for a request");
    hm_request_begin(r);
    rc = hm_request_read(r, hm_buf_view(&d->bytes), &d->trust->root, e);
    HM_TRY(hm_context(e, rc, "request '%s'", hm_show_str(d->path)));
    hm_buf_move(&d->bytes, &r->document);
    return HM_OK;
}
