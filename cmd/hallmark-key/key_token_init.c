#include <openssl/crypto.h>

#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
    const char *token;
    const char *pin;
    const char *so_pin;
    bool dry_run;
} opt;

const struct hm_opt key_token_init_opts[] = {
    KEY_WHERE(opt.where),
    {"token", 't', HM_OPT_VALUE, false, &opt.token, "LABEL",
     "label of the new token (that of an NSS database is fixed)"},
    {"pin", 'p', HM_OPT_VALUE, true, &opt.pin, "SOURCE",
     "user PIN: fd:N, file:PATH, credential:NAME or tty"},
    {"so-pin", 0, HM_OPT_VALUE, false, &opt.so_pin, "SOURCE",
     "security officer's PIN (default: random, forgotten at once)"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check what can be checked without a PIN, make nothing"},
    HM_OPT_END,
};

/* A new PIN that is typed is typed twice: a slip would lock the token away. */
HM_MUST static hm_rc read_new(const char *source, struct hm_hsm_pin *pin,
                              struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) again = HM_HSM_PIN_INIT;

    HM_TRY(hm_hsm_pin_read(pin, source, e));
    if (strcmp(source, "tty") != 0)
        return HM_OK;
    HM_TRY(hm_hsm_pin_read(&again, source, e));
    if (again.n == pin->n && CRYPTO_memcmp(again.p, pin->p, pin->n) == 0)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.pin.differ",
                   "the two PINs entered are not the same; no token was made");
}

HM_MUST static hm_rc check_call(struct hm_err *e)
{
    const bool is_nss = opt.where.nss != NULL;

    if (is_nss && (opt.token != NULL || opt.so_pin != NULL))
        return hm_fail(e, HM_E_USAGE, "key.token.fixed",
                       "--nss takes neither --token nor --so-pin: the label of "
                       "such a token is '" HM_HSM_NSS_TOKEN
                       "', and it has no security officer");
    if (!is_nss && opt.token == NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "option '--token LABEL' is required");
    if (is_nss)
        opt.token = HM_HSM_NSS_TOKEN;
    return HM_OK;
}

HM_MUST static hm_rc report(struct hm_cli *cli, struct hm_err *e)
{
    struct hm_json_writer w;

    if (opt.dry_run)
        hm_cli_say(cli, "would make token '%s'; no PIN was asked for",
                   hm_show_str(opt.token));
    else
        hm_cli_say(cli, "made token '%s'%s", hm_show_str(opt.token),
                   opt.so_pin == NULL && opt.where.nss == NULL
                       ? "; its SO PIN is random and was forgotten"
                       : "");
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "token", opt.token);
    hm_json_put_bool(&w, "dry_run", opt.dry_run);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* A store that is not there is no refusal: it would be made. */
HM_MUST static hm_rc open_if_there(struct hm_cli *cli, struct hm_hsm *hsm,
                                   struct hm_err *e)
{
    const hm_rc rc = key_hsm_open(cli, hsm, &opt.where, HM_HSM_USE, e);

    if (rc == HM_E_TOKEN && (strcmp(e->reason, "hsm.softhsm.missing") == 0 ||
                             strcmp(e->reason, "hsm.nss.missing") == 0))
        return HM_OK;
    return rc;
}

HM_MUST static hm_rc rehearse(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;

    HM_TRY(hm_hsm_pin_check_source(opt.pin, e));
    if (opt.so_pin != NULL)
        HM_TRY(hm_hsm_pin_check_source(opt.so_pin, e));
    HM_TRY(open_if_there(cli, &hsm, e));
    HM_TRY(hm_hsm_token_init_check(&hsm, opt.token, e));
    return report(cli, e);
}

hm_rc key_token_init_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm_pin) so_pin = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;

    HM_TRY(check_call(e));
    if (opt.dry_run)
        return rehearse(cli, e);
    HM_TRY(read_new(opt.pin, &pin, e));
    HM_TRY(opt.so_pin == NULL ? hm_hsm_pin_random(&so_pin, e)
                              : read_new(opt.so_pin, &so_pin, e));
    HM_TRY(key_hsm_open(cli, &hsm, &opt.where, HM_HSM_PROVISION, e));
    HM_TRY(hm_hsm_token_init(&hsm, opt.token, &so_pin, &pin, e));
    HM_TRY(hm_hsm_commit(&hsm, e));
    return report(cli, e);
}
