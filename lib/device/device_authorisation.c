/* authorisation.json: which key may do what, for which products. */
#include "device_memory.h"
#include "device_priv.h"

static const char *const roles[] = {
    "manifest", "provenance", "verification", "ledger", "tuf", "x509", NULL};

enum {
    TOP_FORMAT,
    TOP_VENDOR,
    TOP_ROOT,
    TOP_SEQUENCE,
    TOP_ISSUED,
    TOP_EXPIRES,
    TOP_KEYS,
    TOP_REQUIRE,
    TOP_LIMITS,
    TOP_RETIRED,
    TOP_N
};
static const struct device_member top_members[TOP_N] = {
    {"format", DEVICE_STRING, false},      {"vendor", DEVICE_STRING, false},
    {"root_sha256", DEVICE_STRING, false}, {"sequence", DEVICE_NUMBER, false},
    {"issued", DEVICE_STRING, false},      {"expires", DEVICE_STRING, false},
    {"keys", DEVICE_ARRAY, false},         {"require", DEVICE_ARRAY, false},
    {"limits", DEVICE_ARRAY, false},       {"retired", DEVICE_ARRAY, false},
};

/* The first KEY_N of a retired key, too. */
enum {
    KEY_ID,
    KEY_SCHEME,
    KEY_PUBLIC,
    KEY_ROLE,
    KEY_PRODUCTS,
    KEY_FROM,
    KEY_UNTIL,
    KEY_TOKEN,
    KEY_N,
    RETIRED_SINCE = KEY_N,
    RETIRED_REASON,
    RETIRED_LEDGER,
    RETIRED_N
};
static const struct device_member key_members[RETIRED_N] = {
    {"keyid", DEVICE_STRING, false},       {"scheme", DEVICE_STRING, false},
    {"public_key", DEVICE_STRING, false},  {"role", DEVICE_STRING, false},
    {"products", DEVICE_ARRAY, false},     {"valid_from", DEVICE_STRING, false},
    {"valid_until", DEVICE_STRING, false}, {"token", DEVICE_OBJECT, false},
    {"since", DEVICE_STRING, false},       {"reason", DEVICE_STRING, false},
    {"ledger", DEVICE_OBJECT, true},
};

enum { TOKEN_TEXTS = 4, TOKEN_PROTECTION = TOKEN_TEXTS, TOKEN_N = 10 };
static const struct device_member token_members[TOKEN_N] = {
    {"module", DEVICE_STRING, false},
    {"token", DEVICE_STRING, false},
    {"serial", DEVICE_STRING, false},
    {"key_gen_mechanism", DEVICE_STRING, true},
    {"protection", DEVICE_STRING, false},
    {"local", DEVICE_STRING, false},
    {"always_sensitive", DEVICE_STRING, false},
    {"never_extractable", DEVICE_STRING, false},
    {"hardware_slot", DEVICE_STRING, true},
    {"hardware_mechanism", DEVICE_STRING, true},
};

/* Claims of a module about its key decide nothing here; their form does. */
static const char *check_token(struct hm_device_bytes object)
{
    static const char *const protections[] = {"software", "hardware", "unknown",
                                              NULL};
    static const char *const claims[] = {"yes", "no", "unknown", NULL};
    struct hm_device_bytes value[TOKEN_N];
    char text[HM_DEVICE_WORD];
    unsigned which;
    size_t n;
    size_t i;

    DEVICE_TRY(device_object(object, token_members, TOKEN_N, value));
    for (i = 0; i < TOKEN_N; i++) {
        if (value[i].p == NULL)
            continue;
        if (i >= TOKEN_TEXTS) {
            DEVICE_TRY(device_choice(
                value[i], i == TOKEN_PROTECTION ? protections : claims,
                &which));
            continue;
        }
        DEVICE_TRY(device_string(value[i], text, sizeof(text), &n));
        if (n == 0)
            return "json.member.empty";
    }
    return device_yes;
}

static const char *check_ledger(struct hm_device_bytes object)
{
    static const struct device_member members[2] = {
        {"size", DEVICE_NUMBER, false}, {"root_sha256", DEVICE_STRING, false}};
    struct hm_device_bytes value[2];
    uint8_t digest[HM_DEVICE_SHA256];
    uint64_t size;

    if (object.p == NULL)
        return device_yes;
    DEVICE_TRY(device_object(object, members, 2, value));
    DEVICE_TRY(device_uint(value[0], DEVICE_INT_MAX, &size));
    return device_hex(value[1], digest, sizeof(digest));
}

static const char *check_retired(const struct hm_device_bytes *value)
{
    static const char *const reasons[] = {"rotated", "compromised", "lost",
                                          NULL};
    int64_t since;
    unsigned which;

    DEVICE_TRY(device_time(value[RETIRED_SINCE], &since));
    DEVICE_TRY(device_choice(value[RETIRED_REASON], reasons, &which));
    return check_ledger(value[RETIRED_LEDGER]);
}

static const char *read_products(struct hm_device_bytes array,
                                 const char *product, bool *found)
{
    struct hm_device_bytes value;
    struct hm_device_bytes other;
    struct device_walk w;
    struct device_walk rest;
    char word[HM_DEVICE_WORD];

    *found = false;
    DEVICE_TRY(device_array(array, 1, DEVICE_PRODUCTS));
    device_walk_begin(&w, array);
    while (device_walk_element(&w, &value)) {
        DEVICE_TRY(device_word(value, "trust.name.syntax", word));
        if (device_text_equal(word, product))
            *found = true;
        rest = w;
        while (device_walk_element(&rest, &other))
            if (device_same_string(value, other))
                return "trust.product.twice";
    }
    return device_yes;
}

const char *device_entry_read(const struct hm_device_crypto *crypto,
                              struct hm_device_bytes object, bool is_retired,
                              const char *product, struct device_entry *out)
{
    struct hm_device_bytes value[RETIRED_N];

    memset(out, 0, sizeof(*out));
    DEVICE_TRY(device_object(object, key_members,
                             is_retired ? RETIRED_N : KEY_N, value));
    DEVICE_TRY(device_choice(value[KEY_ROLE], roles, &out->role));
    DEVICE_TRY(device_key(crypto, value, &out->key));
    DEVICE_TRY(read_products(value[KEY_PRODUCTS], product, &out->for_product));
    DEVICE_TRY(device_time(value[KEY_FROM], &out->from));
    DEVICE_TRY(device_time(value[KEY_UNTIL], &out->until));
    DEVICE_TRY(check_token(value[KEY_TOKEN]));
    if (is_retired)
        DEVICE_TRY(check_retired(value));
    return out->until > out->from ? device_yes : "trust.authorisation.dates";
}

/* A key that stood twice could be current and retired, or count twice. */
static const char *check_entries(const struct hm_device_crypto *crypto,
                                 const struct device_authorisation *a,
                                 bool is_retired)
{
    struct hm_device_bytes object;
    struct device_entry entry;
    struct device_walk w;

    device_walk_begin(&w, is_retired ? a->retired : a->keys);
    while (device_walk_element(&w, &object)) {
        DEVICE_TRY(device_entry_read(crypto, object, is_retired, "", &entry));
        if (device_count_id(a->keys, entry.key.id) +
                device_count_id(a->retired, entry.key.id) !=
            1)
            return "trust.key.twice";
    }
    return device_yes;
}

static const char *read_require(struct hm_device_bytes array, uint32_t *out)
{
    struct hm_device_bytes value;
    struct device_walk w;
    unsigned role;

    *out = 0;
    DEVICE_TRY(device_array(array, 1, DEVICE_ROLES));
    device_walk_begin(&w, array);
    while (device_walk_element(&w, &value)) {
        DEVICE_TRY(device_choice(value, roles, &role));
        if ((*out >> role & 1) != 0)
            return "trust.require.twice";
        *out |= (uint32_t)1 << role;
    }
    return device_yes;
}

enum { LIMIT_PRODUCT, LIMIT_EPOCH, LIMIT_COUNTER, LIMIT_N };
static const struct device_member limit_members[LIMIT_N] = {
    {"product", DEVICE_STRING, false},
    {"epoch", DEVICE_NUMBER, false},
    {"max_rollback_counter", DEVICE_NUMBER, false},
};

static const char *read_limit(struct hm_device_bytes object, char *product,
                              uint64_t *epoch, uint64_t *counter)
{
    struct hm_device_bytes value[LIMIT_N];

    *epoch = 0;
    *counter = 0;
    DEVICE_TRY(device_object(object, limit_members, LIMIT_N, value));
    DEVICE_TRY(device_word(value[LIMIT_PRODUCT], "trust.name.syntax", product));
    DEVICE_TRY(device_uint(value[LIMIT_EPOCH], HM_DEVICE_COUNTER_MAX, epoch));
    return device_uint(value[LIMIT_COUNTER], HM_DEVICE_COUNTER_MAX, counter);
}

static const char *read_limits(struct hm_device_bytes array,
                               const char *product,
                               struct device_authorisation *out)
{
    struct hm_device_bytes object;
    struct hm_device_bytes later;
    struct device_walk w;
    struct device_walk rest;
    char name[HM_DEVICE_WORD];
    char other[HM_DEVICE_WORD];
    uint64_t epoch;
    uint64_t counter;

    DEVICE_TRY(device_array(array, 0, DEVICE_LIMITS));
    device_walk_begin(&w, array);
    while (device_walk_element(&w, &object)) {
        DEVICE_TRY(read_limit(object, name, &epoch, &counter));
        if (device_text_equal(name, product)) {
            out->has_limit = true;
            out->epoch = epoch;
            out->max_counter = counter;
        }
        rest = w;
        while (device_walk_element(&rest, &later)) {
            DEVICE_TRY(read_limit(later, other, &epoch, &counter));
            if (device_text_equal(name, other))
                return "trust.limit.twice";
        }
    }
    return device_yes;
}

static const char *read_lists(const struct hm_device_crypto *crypto,
                              const struct hm_device_bytes *value,
                              const char *product,
                              struct device_authorisation *out)
{
    DEVICE_TRY(device_array(value[TOP_KEYS], 1, DEVICE_KEYS));
    DEVICE_TRY(device_array(value[TOP_RETIRED], 0, DEVICE_KEYS));
    out->keys = value[TOP_KEYS];
    out->retired = value[TOP_RETIRED];
    DEVICE_TRY(check_entries(crypto, out, false));
    DEVICE_TRY(read_require(value[TOP_REQUIRE], &out->require));
    DEVICE_TRY(read_limits(value[TOP_LIMITS], product, out));
    return check_entries(crypto, out, true);
}

const char *device_authorisation_read(const struct hm_device_crypto *crypto,
                                      struct hm_device_bytes bytes,
                                      const char *product,
                                      struct device_authorisation *out)
{
    struct hm_device_bytes value[TOP_N];
    int64_t issued;

    DEVICE_TRY(hm_device_json(bytes));
    DEVICE_TRY(device_object(bytes, top_members, TOP_N, value));
    DEVICE_TRY(
        device_word(value[TOP_VENDOR], "trust.name.syntax", out->vendor));
    DEVICE_TRY(device_hex(value[TOP_ROOT], out->root_sha256,
                          sizeof(out->root_sha256)));
    DEVICE_TRY(device_uint(value[TOP_SEQUENCE], HM_DEVICE_COUNTER_MAX,
                           &out->sequence));
    DEVICE_TRY(device_time(value[TOP_ISSUED], &issued));
    DEVICE_TRY(device_time(value[TOP_EXPIRES], &out->expires));
    DEVICE_TRY(read_lists(crypto, value, product, out));
    return out->expires > issued ? device_yes : "trust.authorisation.dates";
}
