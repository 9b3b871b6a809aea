/* root.json: the device's trust anchor. */
#include "device_memory.h"
#include "device_priv.h"

enum { ROOT_FORMAT, ROOT_VENDOR, ROOT_THRESHOLD, ROOT_KEYS, ROOT_N };
static const struct device_member root_members[ROOT_N] = {
    {"format", DEVICE_STRING, false},
    {"vendor", DEVICE_STRING, false},
    {"threshold", DEVICE_NUMBER, false},
    {"keys", DEVICE_ARRAY, false},
};

enum { KEY_ID, KEY_SCHEME, KEY_PUBLIC, KEY_NAME, KEY_N };
static const struct device_member key_members[KEY_N] = {
    {"keyid", DEVICE_STRING, false},
    {"scheme", DEVICE_STRING, false},
    {"public_key", DEVICE_STRING, false},
    {"name", DEVICE_STRING, false},
};

static const char *read_key(const struct hm_device_crypto *crypto,
                            struct hm_device_bytes object,
                            struct device_key *out)
{
    struct hm_device_bytes value[KEY_N];
    char name[HM_DEVICE_WORD];

    DEVICE_TRY(device_object(object, key_members, KEY_N, value));
    DEVICE_TRY(device_word(value[KEY_NAME], "trust.name.syntax", name));
    return device_key(crypto, value, out);
}

static const char *read_keys(const struct hm_device_crypto *crypto,
                             const struct device_root *root)
{
    struct hm_device_bytes object;
    struct device_key key;
    struct device_walk w;
    uint64_t n = 0;

    device_walk_begin(&w, root->keys);
    while (device_walk_element(&w, &object)) {
        DEVICE_TRY(read_key(crypto, object, &key));
        if (device_count_id(root->keys, key.id) != 1)
            return "trust.key.twice";
        n++;
    }
    return root->threshold >= 1 && root->threshold <= n &&
                   root->threshold <= HM_DEVICE_SIGNATURES
               ? device_yes
               : "trust.root.threshold";
}

const char *device_root_read(const struct hm_device_crypto *crypto,
                             struct hm_device_bytes bytes,
                             struct device_root *out)
{
    struct hm_device_bytes value[ROOT_N];

    memset(out, 0, sizeof(*out));
    DEVICE_TRY(device_format(bytes, "hallmark-root/1", "root.format"));
    DEVICE_TRY(device_sha256(crypto, bytes, out->sha256));
    DEVICE_TRY(hm_device_json(bytes));
    DEVICE_TRY(device_object(bytes, root_members, ROOT_N, value));
    DEVICE_TRY(
        device_word(value[ROOT_VENDOR], "trust.name.syntax", out->vendor));
    DEVICE_TRY(
        device_uint(value[ROOT_THRESHOLD], DEVICE_ROOT_KEYS, &out->threshold));
    DEVICE_TRY(device_array(value[ROOT_KEYS], 1, DEVICE_ROOT_KEYS));
    out->keys = value[ROOT_KEYS];
    return read_keys(crypto, out);
}

/* Each key once, whatever number of signatures it made: the set holds no key
 * twice, because a key has one canonical spelling. */
const char *device_root_verify(const struct hm_device_crypto *crypto,
                               const struct device_root *root,
                               const uint8_t *digest,
                               const struct device_signatures *sigs)
{
    struct hm_device_bytes object;
    struct device_key key;
    struct device_walk w;
    uint64_t n = 0;

    device_walk_begin(&w, root->keys);
    while (device_walk_element(&w, &object)) {
        DEVICE_TRY(read_key(crypto, object, &key));
        if (device_key_signs(crypto, &key, digest, sigs))
            n++;
    }
    return root->threshold >= 1 && n >= root->threshold
               ? device_yes
               : "trust.authorisation.signature";
}

uint32_t hm_device_check_root(const struct hm_device_crypto *crypto,
                              struct hm_device_bytes root, char *vendor,
                              uint8_t *sha256, const char **reason)
{
    struct device_root read;

    memset(vendor, 0, HM_DEVICE_WORD);
    memset(sha256, 0, HM_DEVICE_SHA256);
    *reason = root.n > HM_DEVICE_ROOT_MAX
                  ? "json.size"
                  : device_root_read(crypto, root, &read);
    if (*reason != device_yes)
        return HM_DEVICE_NO;
    memcpy(vendor, read.vendor, HM_DEVICE_WORD);
    memcpy(sha256, read.sha256, HM_DEVICE_SHA256);
    return HM_DEVICE_YES;
}
