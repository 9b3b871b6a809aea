#include "trust_priv.h"

#define MEMBERS                                                              \
    "format vendor root_sha256 sequence issued expires keys require limits " \
    "retired"
#define KEY_MEMBERS \
    "role " TRUST_KEY_MEMBERS " products valid_from valid_until token"
#define RETIRED_MEMBERS KEY_MEMBERS " since reason ledger"
#define TOKEN_MEMBERS                                        \
    "module token serial protection local always_sensitive " \
    "never_extractable hardware_slot hardware_mechanism key_gen_mechanism"
#define CLAIM_WORDS "yes no unknown"

HM_MUST static hm_rc read_claim(struct hm_json at, const char *name, char *to,
                                const char *words, struct hm_err *e)
{
    unsigned index = 0;

    HM_TRY(hm_json_get_word(at, name, words, &index, e));
    return hm_json_get_text(at, name, to, HM_TRUST_WORD, e);
}

/* What documents did not always say. */
HM_MUST static hm_rc read_more_claims(struct hm_token_claims *token,
                                      struct hm_json at, struct hm_err *e)
{
    if (hm_json_find(at, "hardware_slot").item != NULL)
        HM_TRY(read_claim(at, "hardware_slot", token->hardware_slot,
                          CLAIM_WORDS, e));
    if (hm_json_find(at, "hardware_mechanism").item != NULL)
        HM_TRY(read_claim(at, "hardware_mechanism", token->hardware_mechanism,
                          CLAIM_WORDS, e));
    if (hm_json_find(at, "key_gen_mechanism").item != NULL)
        HM_TRY(hm_json_get_text(at, "key_gen_mechanism",
                                token->key_gen_mechanism, HM_TRUST_TEXT, e));
    return HM_OK;
}

HM_MUST static hm_rc read_token(struct hm_token_claims *token,
                                struct hm_json key, struct hm_err *e)
{
    struct hm_json at;

    hm_token_claims_unknown(token);
    HM_TRY(hm_json_get_object(key, "token", &at, e));
    HM_TRY(hm_json_keys(at, TOKEN_MEMBERS, e));
    HM_TRY(hm_json_get_text(at, "module", token->module, HM_TRUST_TEXT, e));
    HM_TRY(hm_json_get_text(at, "token", token->token, HM_TRUST_TEXT, e));
    HM_TRY(hm_json_get_text(at, "serial", token->serial, HM_TRUST_TEXT, e));
    HM_TRY(read_claim(at, "protection", token->protection,
                      "software hardware unknown", e));
    HM_TRY(read_claim(at, "local", token->local, CLAIM_WORDS, e));
    HM_TRY(read_claim(at, "always_sensitive", token->always_sensitive,
                      CLAIM_WORDS, e));
    HM_TRY(read_claim(at, "never_extractable", token->never_extractable,
                      CLAIM_WORDS, e));
    return read_more_claims(token, at, e);
}

HM_MUST static hm_rc read_product(struct hm_authorised_key *key,
                                  struct hm_json at, struct hm_err *e)
{
    char *to = key->products[key->products_n];

    HM_TRY(hm_json_text(at, to, HM_TRUST_TEXT, e));
    HM_TRY(hm_trust_name_check(hm_bytes_str(to), e));
    for (size_t i = 0; i < key->products_n; i++)
        if (strcmp(key->products[i], to) == 0)
            return hm_json_fail(at, e, HM_E_REJECTED, "trust.product.twice",
                                "product '%s' stands twice", to);
    key->products_n++;
    return HM_OK;
}

HM_MUST static hm_rc read_products(struct hm_authorised_key *key,
                                   struct hm_json at, struct hm_err *e)
{
    struct hm_json products;

    HM_TRY(hm_json_get_array(at, "products", 1, HM_TRUST_PRODUCTS_MAX,
                             &products, e));
    for (struct hm_json p = hm_json_first(products); p.item != NULL;
         p = hm_json_next(p))
        HM_TRY(read_product(key, p, e));
    return HM_OK;
}

HM_MUST static hm_rc read_entry(struct hm_authorised_key *key,
                                struct hm_json at, struct hm_err *e)
{
    unsigned role = 0;

    HM_TRY(hm_json_get_word(at, "role", HM_ROLE_WORDS, &role, e));
    key->role = (enum hm_role)role;
    HM_TRY(trust_key_read(&key->key, at, e));
    HM_TRY(read_products(key, at, e));
    HM_TRY(hm_json_get_time(at, "valid_from", &key->valid_from, e));
    HM_TRY(hm_json_get_time(at, "valid_until", &key->valid_until, e));
    return read_token(&key->token, at, e);
}

HM_MUST static hm_rc read_key(struct hm_authorisation *a, struct hm_json at,
                              struct hm_err *e)
{
    HM_OWN(hm_authorised_key) key = {.products_n = 0};

    HM_TRY(hm_json_keys(at, KEY_MEMBERS, e));
    HM_TRY(read_entry(&key, at, e));
    return hm_authorisation_add(a, &key, e);
}

HM_MUST static hm_rc read_ledger(struct hm_retired_key *retired,
                                 struct hm_json at, struct hm_err *e)
{
    struct hm_json ledger = hm_json_find(at, "ledger");

    if (ledger.item == NULL)
        return HM_OK;
    HM_TRY(hm_json_keys(ledger, "size root_sha256", e));
    HM_TRY(hm_json_get_uint(ledger, "size", HM_JSON_INT_MAX,
                            &retired->ledger_size, e));
    HM_TRY(hm_json_get_hex(ledger, "root_sha256", retired->ledger_root,
                           sizeof(retired->ledger_root), e));
    retired->has_ledger = true;
    return HM_OK;
}

static void retired_clear(struct hm_retired_key *retired)
{
    hm_authorised_key_clear(&retired->entry);
}

#define OWN_RETIRED \
    __attribute__((cleanup(retired_clear))) struct hm_retired_key

HM_MUST static hm_rc read_retired(struct hm_authorisation *a, struct hm_json at,
                                  struct hm_err *e)
{
    OWN_RETIRED retired = {.since = 0};
    unsigned reason = 0;

    HM_TRY(hm_json_keys(at, RETIRED_MEMBERS, e));
    HM_TRY(read_entry(&retired.entry, at, e));
    HM_TRY(hm_json_get_time(at, "since", &retired.since, e));
    HM_TRY(hm_json_get_word(at, "reason", HM_RETIRE_WORDS, &reason, e));
    retired.reason = (enum hm_retire_reason)reason;
    HM_TRY(read_ledger(&retired, at, e));
    return trust_retired_add(a, &retired, e);
}

HM_MUST static hm_rc read_require(struct hm_authorisation *a, struct hm_json at,
                                  struct hm_err *e)
{
    enum hm_role role = HM_ROLE_MANIFEST;
    char word[HM_TRUST_WORD];

    HM_TRY(hm_json_text(at, word, sizeof(word), e));
    if (hm_role_find(word, &role, NULL) != HM_OK)
        return hm_json_fail(at, e, HM_E_FORMAT, "json.member.word",
                            "'%s' is not one of: %s", hm_show_str(word),
                            HM_ROLE_WORDS);
    for (size_t i = 0; i < a->require_n; i++)
        if (a->require[i] == role)
            return hm_json_fail(at, e, HM_E_REJECTED, "trust.require.twice",
                                "role '%s' stands twice", word);
    a->require[a->require_n++] = role;
    return HM_OK;
}

HM_MUST static hm_rc read_limit(struct hm_authorisation *a, struct hm_json at,
                                struct hm_err *e)
{
    struct hm_limit *limit = &a->limits[a->limits_n];

    HM_TRY(hm_json_keys(at, "product epoch max_rollback_counter", e));
    HM_TRY(trust_name_read(at, "product", limit->product, e));
    if (hm_authorisation_limit(a, limit->product) != NULL)
        return hm_json_fail(at, e, HM_E_REJECTED, "trust.limit.twice",
                            "product '%s' has two limits", limit->product);
    HM_TRY(hm_json_get_uint(at, "epoch", HM_COUNTER_MAX, &limit->epoch, e));
    HM_TRY(hm_json_get_uint(at, "max_rollback_counter", HM_COUNTER_MAX,
                            &limit->max_rollback_counter, e));
    a->limits_n++;
    return HM_OK;
}

/* The four lists, in the order of the document: retired keys come last, so that
 * a key cannot be current and retired. */
static const struct {
    const char *name;
    size_t min;
    size_t max;
    hm_rc (*read)(struct hm_authorisation *a, struct hm_json at,
                  struct hm_err *e);
} lists[] = {
    {"keys", 1, HM_TRUST_KEYS_MAX, read_key},
    {"require", 1, HM_ROLES, read_require},
    {"limits", 0, HM_TRUST_LIMITS_MAX, read_limit},
    {"retired", 0, HM_TRUST_KEYS_MAX, read_retired},
};

HM_MUST static hm_rc read_lists(struct hm_authorisation *a, struct hm_json top,
                                struct hm_err *e)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct hm_json array;

        HM_TRY(hm_json_get_array(top, lists[i].name, lists[i].min, lists[i].max,
                                 &array, e));
        for (struct hm_json at = hm_json_first(array); at.item != NULL;
             at = hm_json_next(at))
            HM_TRY(lists[i].read(a, at, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc read_document(struct hm_authorisation *a,
                                   struct hm_bytes bytes, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json top;

    HM_TRY(hm_json_format(bytes, HM_AUTHORISATION_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_AUTHORISATION_BYTES_MAX,
                         e));
    top = hm_json_root(&doc);
    HM_TRY(hm_json_keys(top, MEMBERS, e));
    HM_TRY(trust_name_read(top, "vendor", a->vendor, e));
    HM_TRY(hm_json_get_hex(top, "root_sha256", a->root_sha256,
                           sizeof(a->root_sha256), e));
    HM_TRY(hm_json_get_uint(top, "sequence", HM_COUNTER_MAX, &a->sequence, e));
    HM_TRY(hm_json_get_time(top, "issued", &a->issued, e));
    HM_TRY(hm_json_get_time(top, "expires", &a->expires, e));
    HM_TRY(read_lists(a, top, e));
    if (a->expires <= a->issued)
        return hm_fail(e, HM_E_REJECTED, "trust.authorisation.dates",
                       "the authorisation expires before it is issued");
    return hm_sha256(bytes, a->sha256, e);
}

hm_rc hm_authorisation_read(struct hm_authorisation *a, struct hm_bytes bytes,
                            struct hm_err *e)
{
    hm_rc rc;

    hm_authorisation_clear(a);
    rc = read_document(a, bytes, e);
    if (rc != HM_OK)
        hm_authorisation_clear(a);
    return rc;
}
