#include "attest_priv.h"

static bool holds(struct hm_bytes text, const char *letters)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\0' && strchr(letters, text.p[i]) != NULL)
            return true;
    return false;
}

/* RFC 4648 5 differs from 4 in two letters. */
HM_MUST static hm_rc to_standard(struct hm_bytes text, struct hm_buf *out,
                                 struct hm_err *e)
{
    HM_TRY(hm_buf_add(out, text, e));
    for (size_t i = 0; i < out->n; i++) {
        if (out->p[i] == '-')
            out->p[i] = '+';
        else if (out->p[i] == '_')
            out->p[i] = '/';
    }
    return HM_OK;
}

hm_rc attest_decode_base64(struct hm_buf *to, struct hm_bytes text,
                           enum hm_attest_dialect dialect, struct hm_err *e)
{
    HM_OWN(hm_buf) standard = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);

    if (dialect == HM_ATTEST_OURS || !holds(text, "-_"))
        return hm_base64_read(to, text, e);
    if (holds(text, "+/"))
        return hm_fail(e, HM_E_FORMAT, "attest.base64.mixed",
                       "standard and URL-safe base64 in one string");
    HM_TRY(to_standard(text, &standard, e));
    return hm_base64_read(to, hm_buf_view(&standard), e);
}
