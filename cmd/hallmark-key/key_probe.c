/* Try to get a private key out of its token, in the ways that are known. */
#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
    const char *pin;
} opt;

const struct hm_opt key_probe_opts[] = {
    KEY_WHERE(opt.where),
    {"pin", 'p', HM_OPT_VALUE, false, &opt.pin, "SOURCE",
     "user PIN: fd:N, file:PATH, credential:NAME or tty"},
    HM_OPT_END,
};

static const char *const words[] = {"refused", "leaked", "untried"};

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_hsm_key *key,
                            const struct hm_hsm_probe *tried, bool leaked,
                            struct hm_err *e)
{
    HM_OWN(hm_buf) uri = HM_BUF_INIT(4096);
    struct hm_json_writer w;

    HM_TRY(key_uri_text(&key->uri, &uri, e));
    key_say(cli, key, (const char *)uri.p);
    hm_cli_result(cli, &w, !leaked);
    HM_TRY(hm_hsm_put_key(&w, key, e));
    hm_json_open_array(&w, "probes");
    for (size_t i = 0; i < HM_HSM_PROBES; i++) {
        hm_cli_say(cli, "%-8s %-28s %s", words[tried[i].outcome], tried[i].way,
                   tried[i].said);
        hm_json_open_object(&w, NULL);
        hm_json_put_text(&w, "way", tried[i].way);
        hm_json_put_text(&w, "outcome", words[tried[i].outcome]);
        hm_json_put_text(&w, "said", tried[i].said);
        hm_json_close_object(&w);
    }
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc probe(struct hm_cli *cli, struct hm_hsm_key *key,
                           struct hm_hsm_probe tried[static HM_HSM_PROBES],
                           struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    struct hm_hsm_uri uri;

    HM_TRY(key_uri_read(cli->argv[0], &uri, e));
    HM_TRY(hm_hsm_pin_find(&pin, &uri, opt.pin, e));
    HM_TRY(key_hsm_open(cli, &hsm, &opt.where, HM_HSM_USE, e));
    HM_TRY(key_hsm_login(cli, &hsm, &uri, &pin, e));
    hm_hsm_pin_clear(&pin);
    HM_TRY(hm_hsm_find_key(&hsm, &uri, key, e));
    return hm_hsm_probe(&hsm, key, tried, e);
}

hm_rc key_probe_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_probe tried[HM_HSM_PROBES];
    bool leaked = false;
    bool refused = false;

    HM_TRY(probe(cli, &key, tried, e));
    for (size_t i = 0; i < HM_HSM_PROBES; i++) {
        leaked |= tried[i].outcome == HM_HSM_LEAKED;
        refused |= tried[i].outcome == HM_HSM_REFUSED;
    }
    HM_TRY(report(cli, &key, tried, leaked, e));
    if (leaked)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "key.probe.leaked",
                               "the token gave the private key out, whatever "
                               "it claims"),
                       "do not let devices trust this key: make one on another "
                       "token");
    if (!refused)
        return hm_fail(e, HM_E_REJECTED, "key.probe.untried",
                       "nothing could be tried: that says nothing of the key");
    hm_cli_say(
        cli, "what was tried was refused; that is no proof that it cannot be");
    return HM_OK;
}
