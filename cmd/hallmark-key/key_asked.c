#include <stdlib.h>

#include "key_priv.h"

struct key_asked *key_asked_new(void)
{
    struct key_asked *asked = calloc(1, sizeof(*asked));

    if (asked != NULL)
        hm_request_begin(&asked->request);
    return asked;
}

void key_asked_free(struct key_asked **asked)
{
    if (*asked == NULL)
        return;
    hm_root_clear(&(*asked)->root);
    hm_request_clear(&(*asked)->request);
    hm_signatures_clear(&(*asked)->given);
    free(*asked);
    *asked = NULL;
}

/* Two people may prepare a change of the same authorisation; the one who comes
 * second would undo what the first did. */
HM_MUST static hm_rc check_from(const struct key_asked *asked, const char *from,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);

    HM_TRY(hm_file_load(from, &bytes, e));
    if (hm_bytes_eq(hm_buf_view(&bytes), hm_buf_view(&asked->request.before)))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "key.request.stale",
                           "the request %s, and '%s' is another",
                           asked->request.before.n == 0
                               ? "is for the first authorisation"
                               : "changes an authorisation that was in force "
                                 "when it was prepared",
                           hm_show_str(from)),
                   "prepare it again from the one in force now");
}

hm_rc key_asked_load(struct key_asked *asked, const char *request,
                     const char *root, const char *from, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    hm_rc rc;

    HM_TRY(hm_root_load(&asked->root, root, NULL, e));
    HM_TRY(hm_cli_input(request, &bytes, e));
    rc = hm_request_read(&asked->request, hm_buf_view(&bytes), &asked->root, e);
    HM_TRY(hm_context(e, rc, "request '%s'", hm_show_str(request)));
    HM_TRY(hm_sha256(hm_buf_view(&asked->request.document), asked->sha256, e));
    return from == NULL ? HM_OK : check_from(asked, from, e);
}
