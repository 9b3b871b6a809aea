#include "sign_priv.h"

HM_MUST static hm_rc find(struct hm_cli *cli, const struct sign_options *o,
                          struct hm_hsm *hsm, struct hm_hsm_key *key,
                          struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    struct hm_hsm_uri uri;

    HM_TRY(hm_hsm_uri_read(&uri, hm_bytes_str(o->key), e));
    if (!o->dry_run)
        HM_TRY(hm_hsm_pin_find(&pin, &uri, o->pin, e));
    HM_TRY(hm_hsm_open(hsm, &o->where, HM_HSM_USE, e));
    if (o->dry_run)
        return hm_hsm_find_public(hsm, &uri, key, e);
    HM_TRY(hm_hsm_login(hsm, &uri, &pin, e));
    if (hm_hsm_note(hsm)[0] != '\0')
        hm_cli_warn(cli, "%s", hm_hsm_note(hsm));
    return hm_hsm_find_key(hsm, &uri, key, e);
}

hm_rc sign_key_open(struct hm_cli *cli, const struct sign_options *o,
                    struct hm_hsm *hsm, struct hm_hsm_key *key,
                    struct hm_err *e)
{
    HM_TRY(find(cli, o, hsm, key, e));
    return hm_public_key_check_published(&key->public_key, e);
}
