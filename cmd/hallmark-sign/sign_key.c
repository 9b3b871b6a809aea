#include "sign_priv.h"

HM_MUST static hm_rc find(struct hm_cli *cli, const struct sign_options *o,
                          bool with_module, struct hm_hsm *hsm,
                          struct hm_hsm_key *key, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    struct hm_hsm_uri uri;

    HM_TRY(hm_hsm_uri_read(&uri, hm_bytes_str(o->key), e));
    if (!o->dry_run)
        HM_TRY(hm_hsm_pin_find(&pin, &uri, o->pin, e));
    HM_TRY(hm_hsm_open(hsm, &o->where, HM_HSM_USE, e));
    if (o->dry_run)
        return hm_hsm_find_public(hsm, &uri, key, e);
    if (with_module)
        HM_TRY(hm_hsm_digest_module(hsm, e));
    HM_TRY(hm_hsm_login(hsm, &uri, &pin, e));
    if (hm_hsm_note(hsm)[0] != '\0')
        hm_cli_warn(cli, "%s", hm_hsm_note(hsm));
    return hm_hsm_find_key(hsm, &uri, key, e);
}

/* What the token does not say is told; only what it says is refused.  A key whose
 * private half was not looked at has said nothing yet. */
HM_MUST static hm_rc check_claims(struct hm_cli *cli,
                                  const struct sign_options *o,
                                  const struct hm_hsm_key *key,
                                  struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};

    if (key->handle == 0)
        return HM_OK;
    if (hm_hsm_claims_silent(&key->claims))
        hm_cli_warn(cli,
                    "the token does not say whether key %.16s can leave it",
                    key->public_key.keyid);
    if (!o->accept_claims)
        return hm_hint(e, hm_hsm_claims_check(key, e),
                       "sign with a key that 'hallmark-key generate' made; "
                       "--accept-claims signs with this one all the same");
    if (hm_hsm_claims_check(key, &why) != HM_OK)
        hm_cli_warn(cli, "%s", why.text);
    return HM_OK;
}

hm_rc sign_key_open(struct hm_cli *cli, const struct sign_options *o,
                    bool with_module, struct hm_hsm *hsm,
                    struct hm_hsm_key *key, struct hm_err *e)
{
    HM_TRY(find(cli, o, with_module, hsm, key, e));
    HM_TRY(hm_public_key_check_published(&key->public_key, e));
    return check_claims(cli, o, key, e);
}
