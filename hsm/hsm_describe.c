#include "hsm_priv.h"

void hm_hsm_claim_lines(const struct hm_hsm_claims *c,
                        struct hm_hsm_claim_line to[static HM_HSM_CLAIMS])
{
    const struct hm_hsm_claim_line lines[HM_HSM_CLAIMS] = {
        {"local", c->local},
        {"sensitive", c->sensitive},
        {"always_sensitive", c->always_sensitive},
        {"extractable", c->extractable},
        {"never_extractable", c->never_extractable},
        {"decrypt", c->decrypt},
        {"unwrap", c->unwrap},
        {"wrap", c->wrap},
        {"derive", c->derive},
        {"changeable", c->changeable},
        {"copyable", c->copyable},
        {"hardware_mechanism", c->hardware_mechanism},
        {"hardware_slot", c->hardware_slot},
    };

    memcpy(to, lines, sizeof(lines));
}

/* The file that was loaded, wherever a link leads by now. */
hm_rc hm_hsm_digest_module(struct hm_hsm *hsm, struct hm_err *e)
{
    HM_OWN(hm_file) file = HM_FILE_INIT;
    struct hm_digests d;

    HM_TRY(hm_file_open(&file, hsm->state->real, e));
    HM_TRY(hm_digest_file(&file, &d, e));
    hm_hex_write((struct hm_bytes){d.sha256, sizeof(d.sha256)},
                 hsm->state->module_sha256);
    return HM_OK;
}

static void put_token(struct hm_json_writer *w, const struct hm_hsm_claims *c)
{
    struct hm_hsm_claim_line lines[HM_HSM_CLAIMS];

    hm_json_open_object(w, "token");
    hm_json_put_text(w, "module", c->module);
    hm_json_put_optional(w, "module_sha256", c->module_sha256);
    hm_json_put_optional(w, "library", c->library);
    hm_json_put_text(w, "label", c->token);
    hm_json_put_optional(w, "serial", c->serial);
    hm_json_put_optional(w, "manufacturer", c->manufacturer);
    hm_json_put_optional(w, "model", c->model);
    hm_json_put_optional(w, "hardware_version", c->hardware);
    hm_json_put_optional(w, "firmware_version", c->firmware);
    hm_json_put_bool(w, "software", c->is_software);
    hm_hsm_claim_lines(c, lines);
    for (size_t i = 0; i < HM_HSM_CLAIMS; i++)
        hm_json_put_text(w, lines[i].name, hm_hsm_claim_name(lines[i].claim));
    hm_json_put_text(w, "key_gen_mechanism", c->key_gen_mechanism);
    hm_json_close_object(w);
}

hm_rc hm_hsm_put_key(struct hm_json_writer *w, const struct hm_hsm_key *key,
                     struct hm_err *e)
{
    HM_OWN(hm_buf) uri = HM_BUF_INIT(4096);

    HM_TRY(hm_hsm_uri_write(&key->uri, &uri, e));
    hm_json_put_bytes(w, "uri", hm_buf_view(&uri));
    hm_json_put_text(w, "keyid", key->public_key.keyid);
    hm_json_put_text(w, "scheme", hm_scheme_name(key->public_key.scheme));
    put_token(w, &key->claims);
    return HM_OK;
}
