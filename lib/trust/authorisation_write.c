#include "trust_priv.h"

const char *hm_retire_name(enum hm_retire_reason reason)
{
    static const char *const names[] = {"rotated", "compromised", "lost"};

    return names[reason];
}

/* What is not known is left out, as in documents from before it was asked. */
static void write_known(struct hm_json_writer *w, const char *name,
                        const char *claim)
{
    if (strcmp(claim, "unknown") != 0)
        hm_json_put_text(w, name, claim);
}

static void write_token(const struct hm_token_claims *token,
                        struct hm_json_writer *w)
{
    hm_json_open_object(w, "token");
    hm_json_put_text(w, "module", token->module);
    hm_json_put_text(w, "token", token->token);
    hm_json_put_text(w, "serial", token->serial);
    hm_json_put_text(w, "protection", token->protection);
    hm_json_put_text(w, "local", token->local);
    hm_json_put_text(w, "always_sensitive", token->always_sensitive);
    hm_json_put_text(w, "never_extractable", token->never_extractable);
    write_known(w, "hardware_slot", token->hardware_slot);
    write_known(w, "hardware_mechanism", token->hardware_mechanism);
    write_known(w, "key_gen_mechanism", token->key_gen_mechanism);
    hm_json_close_object(w);
}

static void write_entry(const struct hm_authorised_key *key,
                        struct hm_json_writer *w)
{
    hm_json_put_text(w, "role", hm_role_name(key->role));
    trust_key_write(&key->key, w);
    hm_json_open_array(w, "products");
    for (size_t i = 0; i < key->products_n; i++)
        hm_json_put_text(w, NULL, key->products[i]);
    hm_json_close_array(w);
    hm_json_put_time(w, "valid_from", key->valid_from);
    hm_json_put_time(w, "valid_until", key->valid_until);
    write_token(&key->token, w);
}

static void write_retired(const struct hm_retired_key *retired,
                          struct hm_json_writer *w)
{
    hm_json_open_object(w, NULL);
    write_entry(&retired->entry, w);
    hm_json_put_time(w, "since", retired->since);
    hm_json_put_text(w, "reason", hm_retire_name(retired->reason));
    if (retired->has_ledger) {
        hm_json_open_object(w, "ledger");
        hm_json_put_uint(w, "size", retired->ledger_size);
        hm_json_put_hex(w, "root_sha256",
                        (struct hm_bytes){retired->ledger_root,
                                          sizeof(retired->ledger_root)});
        hm_json_close_object(w);
    }
    hm_json_close_object(w);
}

static void write_limits(const struct hm_authorisation *a,
                         struct hm_json_writer *w)
{
    hm_json_open_array(w, "limits");
    for (size_t i = 0; i < a->limits_n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "product", a->limits[i].product);
        hm_json_put_uint(w, "epoch", a->limits[i].epoch);
        hm_json_put_uint(w, "max_rollback_counter",
                         a->limits[i].max_rollback_counter);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void write_lists(const struct hm_authorisation *a,
                        struct hm_json_writer *w)
{
    hm_json_open_array(w, "keys");
    for (size_t i = 0; i < a->keys_n; i++) {
        hm_json_open_object(w, NULL);
        write_entry(&a->keys[i], w);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
    hm_json_open_array(w, "require");
    for (size_t i = 0; i < a->require_n; i++)
        hm_json_put_text(w, NULL, hm_role_name(a->require[i]));
    hm_json_close_array(w);
    write_limits(a, w);
    hm_json_open_array(w, "retired");
    for (size_t i = 0; i < a->retired_n; i++)
        write_retired(&a->retired[i], w);
    hm_json_close_array(w);
}

HM_MUST static hm_rc write_document(const struct hm_authorisation *a,
                                    struct hm_buf *to, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_json_begin(&w, to, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_AUTHORISATION_FORMAT);
    hm_json_put_text(&w, "vendor", a->vendor);
    hm_json_put_hex(&w, "root_sha256",
                    (struct hm_bytes){a->root_sha256, sizeof(a->root_sha256)});
    hm_json_put_uint(&w, "sequence", a->sequence);
    hm_json_put_time(&w, "issued", a->issued);
    hm_json_put_time(&w, "expires", a->expires);
    write_lists(a, &w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc hm_authorisation_write(const struct hm_authorisation *a,
                             struct hm_buf *to, struct hm_err *e)
{
    HM_OWN(hm_authorisation) again = HM_AUTHORISATION_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);

    hm_buf_clear(to);
    HM_TRY(write_document(a, &text, e));
    /* One place decides what an authorisation may say: the reader. */
    HM_TRY(hm_context(e, hm_authorisation_read(&again, hm_buf_view(&text), e),
                      "the authorisation would not be accepted"));
    return hm_buf_add(to, hm_buf_view(&text), e);
}
