#include "key_priv.h"

hm_rc key_signer_open(struct hm_cli *cli, struct key_signer *s,
                      const struct hm_hsm_where *where, const char *uri,
                      const char *pin, bool for_real, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) secret = HM_HSM_PIN_INIT;
    struct hm_hsm_uri where_key;

    HM_TRY(key_uri_read(uri, &where_key, e));
    if (for_real)
        HM_TRY(hm_hsm_pin_find(&secret, &where_key, pin, e));
    HM_TRY(key_hsm_open(cli, &s->hsm, where, HM_HSM_USE, e));
    if (!for_real)
        return hm_hsm_find_public(&s->hsm, &where_key, &s->key, e);
    HM_TRY(key_hsm_login(cli, &s->hsm, &where_key, &secret, e));
    hm_hsm_pin_clear(&secret);
    return hm_hsm_find_key(&s->hsm, &where_key, &s->key, e);
}

hm_rc key_signer_join(struct key_signer *s, const struct hm_public_key *pinned,
                      struct hm_bytes tbs, struct hm_buf *der, struct hm_err *e)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

    HM_TRY(hm_hsm_sign(&s->hsm, &s->key, pinned, tbs, &sig, e));
    return hm_x509_join(tbs, pinned->scheme, hm_buf_view(&sig), der, e);
}

void key_signer_clear(struct key_signer *s)
{
    hm_hsm_key_clear(&s->key);
    hm_hsm_clear(&s->hsm);
}
