#include "key_priv.h"

HM_MUST static hm_rc find(struct hm_cli *cli, struct key_signer *s,
                          const struct key_named *named, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    struct hm_hsm_uri uri;

    HM_TRY(key_uri_read(named->uri, &uri, e));
    if (!named->dry_run)
        HM_TRY(hm_hsm_pin_find(&pin, &uri, named->pin, e));
    HM_TRY(key_hsm_open(cli, &s->hsm, named->where, HM_HSM_USE, e));
    if (named->dry_run)
        return hm_hsm_find_public(&s->hsm, &uri, &s->key, e);
    HM_TRY(key_hsm_login(cli, &s->hsm, &uri, &pin, e));
    return hm_hsm_find_key(&s->hsm, &uri, &s->key, e);
}

hm_rc key_signer_open(struct hm_cli *cli, struct key_signer *s,
                      const struct key_named *named, struct hm_err *e)
{
    HM_TRY(find(cli, s, named, e));
    HM_TRY(hm_public_key_check_published(&s->key.public_key, e));
    if (named->dry_run)
        return HM_OK;
    return key_check_token(cli, named->accept_claims, &s->key, e);
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
