#include "key_priv.h"

/* A root key most of all: whoever has it makes every vendor key. */
hm_rc key_check_token(struct hm_cli *cli, bool accept,
                      const struct hm_hsm_key *key, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};

    if (hm_hsm_claims_silent(&key->claims))
        hm_cli_warn(cli,
                    "the token does not say whether key %.16s can leave it",
                    key->public_key.keyid);
    if (!accept)
        return hm_hint(e, hm_hsm_claims_check(key, e),
                       "a key that signs should be one that 'hallmark-key "
                       "generate' made; --accept-claims signs all the same");
    if (hm_hsm_claims_check(key, &why) != HM_OK)
        hm_cli_warn(cli, "%s", why.text);
    return HM_OK;
}

hm_rc key_change_sign(struct hm_cli *cli, const struct key_change *c,
                      const struct hm_root *root, struct hm_bytes document,
                      struct hm_buf *sig, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    const struct hm_root_key *pinned = NULL;
    struct hm_hsm_uri uri;

    HM_TRY(key_uri_read(c->sign, &uri, e));
    HM_TRY(hm_hsm_pin_find(&pin, &uri, c->pin, e));
    HM_TRY(key_hsm_open(cli, &hsm, &c->where, HM_HSM_USE, e));
    HM_TRY(key_hsm_login(cli, &hsm, &uri, &pin, e));
    hm_hsm_pin_clear(&pin);
    HM_TRY(hm_hsm_find_key(&hsm, &uri, &key, e));
    HM_TRY(key_check_token(cli, c->accept_claims, &key, e));
    pinned = hm_root_find(root, key.public_key.keyid);
    if (pinned == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "key.sign.stranger",
                               "key %.16s is no root key of '%s'",
                               key.public_key.keyid, hm_show_str(c->root)),
                       "only a key of root.json signs an authorisation");
    return hm_hsm_sign(&hsm, &key, &pinned->key.key, document, sig, e);
}
