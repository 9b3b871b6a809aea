#include "attest_priv.h"

HM_MUST static hm_rc check_type(struct hm_bytes type, struct hm_err *e)
{
    bool is_good = type.n > 0 && type.n <= HM_ATTEST_TYPE_MAX;

    for (size_t i = 0; i < type.n && is_good; i++)
        is_good = type.p[i] > 0x20 && type.p[i] < 0x7f;
    if (!is_good)
        return hm_fail(e, HM_E_FORMAT, "attest.type.syntax",
                       "payload type '%s': expected 1 to %u letters of "
                       "printable ASCII",
                       hm_show(type), HM_ATTEST_TYPE_MAX);
    return HM_OK;
}

/* One field: its length in decimal, a space, its bytes. */
HM_MUST static hm_rc add_field(struct hm_buf *b, struct hm_bytes field,
                               struct hm_err *e)
{
    HM_TRY(hm_buf_add(b, HM_LIT(" "), e));
    HM_TRY(hm_buf_add_dec(b, field.n, e));
    HM_TRY(hm_buf_add(b, HM_LIT(" "), e));
    return hm_buf_add(b, field, e);
}

hm_rc hm_attest_make_pae(struct hm_bytes type, struct hm_bytes body,
                         struct hm_buf *pae, struct hm_err *e)
{
    HM_OWN(hm_buf) b = HM_BUF_INIT(pae->max);

    hm_buf_clear(pae);
    HM_TRY(check_type(type, e));
    HM_TRY(hm_buf_add(&b, HM_LIT("DSSEv1"), e));
    HM_TRY(add_field(&b, type, e));
    HM_TRY(add_field(&b, body, e));
    hm_buf_move(pae, &b);
    return HM_OK;
}

hm_rc hm_attest_make_statement_pae(struct hm_bytes statement,
                                   struct hm_buf *pae, struct hm_err *e)
{
    return hm_attest_make_pae(HM_LIT(HM_ATTEST_PAYLOAD_TYPE), statement, pae,
                              e);
}
