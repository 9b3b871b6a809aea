/* manifest.json, all of it: what is not used is still held to its form, so
 * that host and device say the same of every document. */
#include "device_memory.h"
#include "device_priv.h"

enum {
    TOP_FORMAT,
    TOP_VENDOR,
    TOP_PRODUCT,
    TOP_VERSION,
    TOP_LABEL,
    TOP_CHANNEL,
    TOP_EPOCH,
    TOP_SEQUENCE,
    TOP_COUNTER,
    TOP_TIMESTAMP,
    TOP_EXPIRES,
    TOP_SUPPORT,
    TOP_UPDATER,
    TOP_ROLLOUT,
    TOP_INSTALL,
    TOP_TYPE,
    TOP_SEVERITY,
    TOP_ADVISORIES,
    TOP_UPDATES,
    TOP_INDEX,
    TOP_N
};
static const struct device_member top_members[TOP_N] = {
    {"format", DEVICE_STRING, false},
    {"vendor", DEVICE_STRING, false},
    {"product", DEVICE_STRING, false},
    {"version", DEVICE_STRING, false},
    {"label", DEVICE_STRING, true},
    {"channel", DEVICE_STRING, true},
    {"epoch", DEVICE_NUMBER, false},
    {"sequence", DEVICE_NUMBER, false},
    {"rollback_counter", DEVICE_NUMBER, false},
    {"timestamp", DEVICE_STRING, false},
    {"expires", DEVICE_STRING, false},
    {"support_until", DEVICE_STRING, true},
    {"min_updater", DEVICE_STRING, true},
    {"rollout", DEVICE_ANY, true}, /* reserved: its form is not fixed */
    {"install", DEVICE_OBJECT, true},
    {"update_type", DEVICE_STRING, false},
    {"severity", DEVICE_STRING, false},
    {"advisories", DEVICE_ARRAY, false},
    {"updates", DEVICE_ARRAY, false},
    {"index", DEVICE_OBJECT, false},
};

#define INDEX_MAX ((uint64_t)4 << 20) /* bytes of index.json */

static const char *const severities[] = {"none", "low",      "medium",
                                         "high", "critical", NULL};

static const char *read_identity(const struct hm_device_bytes *value,
                                 struct device_manifest *out)
{
    static const char *const types[] = {"security", "routine", "emergency",
                                        NULL};
    struct device_version version;
    unsigned which;

    DEVICE_TRY(
        device_word(value[TOP_VENDOR], "manifest.name.syntax", out->vendor));
    DEVICE_TRY(
        device_word(value[TOP_PRODUCT], "manifest.name.syntax", out->product));
    DEVICE_TRY(device_version(value[TOP_VERSION], &version, out->version));
    DEVICE_TRY(device_choice(value[TOP_TYPE], types, &which));
    return device_choice(value[TOP_SEVERITY], severities, &which);
}

static const char *read_freshness(const struct hm_device_bytes *value,
                                  struct device_manifest *out)
{
    DEVICE_TRY(
        device_uint(value[TOP_EPOCH], HM_DEVICE_COUNTER_MAX, &out->epoch));
    DEVICE_TRY(device_uint(value[TOP_SEQUENCE], HM_DEVICE_COUNTER_MAX,
                           &out->sequence));
    DEVICE_TRY(device_uint(value[TOP_COUNTER], HM_DEVICE_COUNTER_MAX,
                           &out->rollback_counter));
    DEVICE_TRY(device_time(value[TOP_TIMESTAMP], &out->timestamp));
    DEVICE_TRY(device_time(value[TOP_EXPIRES], &out->expires));
    return out->expires > out->timestamp ? device_yes : "manifest.dates";
}

static const char *check_install(struct hm_device_bytes object)
{
    static const struct device_member members[2] = {
        {"postpone_max_s", DEVICE_NUMBER, false},
        {"critical", DEVICE_BOOL, false}};
    struct hm_device_bytes value[2];
    uint64_t seconds;

    DEVICE_TRY(device_object(object, members, 2, value));
    return device_uint(value[0], DEVICE_INT_MAX, &seconds);
}

/* Not used here; but what the host refuses is refused. */
static const char *check_support(struct hm_device_bytes value)
{
    int64_t until;

    if (value.p == NULL)
        return device_yes;
    DEVICE_TRY(device_time(value, &until));
    return until > 0 ? device_yes : "manifest.dates";
}

static const char *read_optional(const struct hm_device_bytes *value,
                                 struct device_manifest *out)
{
    char text[HM_DEVICE_WORD];

    if (value[TOP_LABEL].p != NULL)
        DEVICE_TRY(device_line(value[TOP_LABEL], text, sizeof(text)));
    if (value[TOP_CHANNEL].p != NULL)
        DEVICE_TRY(
            device_word(value[TOP_CHANNEL], "manifest.name.syntax", text));
    DEVICE_TRY(check_support(value[TOP_SUPPORT]));
    out->has_min_updater = value[TOP_UPDATER].p != NULL;
    if (out->has_min_updater)
        DEVICE_TRY(device_version(value[TOP_UPDATER], &out->min_updater, text));
    if (value[TOP_INSTALL].p != NULL)
        DEVICE_TRY(check_install(value[TOP_INSTALL]));
    return device_yes;
}

static const char *check_index(struct hm_device_bytes object)
{
    static const struct device_member members[3] = {
        {"name", DEVICE_STRING, false},
        {"size", DEVICE_NUMBER, false},
        {"sha256", DEVICE_STRING, false}};
    struct hm_device_bytes value[3];
    uint8_t digest[HM_DEVICE_SHA256];
    char name[HM_DEVICE_NAME];
    uint64_t size;

    DEVICE_TRY(device_object(object, members, 3, value));
    DEVICE_TRY(device_file_name(value[0], name));
    if (!device_text_equal(name, "index.json"))
        return "manifest.index.name";
    DEVICE_TRY(device_uint(value[1], INDEX_MAX, &size));
    return device_hex(value[2], digest, sizeof(digest));
}

const char *device_manifest_read(struct hm_device_bytes bytes,
                                 struct device_manifest *out)
{
    struct hm_device_bytes value[TOP_N];

    memset(out, 0, sizeof(*out));
    DEVICE_TRY(hm_device_json(bytes));
    DEVICE_TRY(device_object(bytes, top_members, TOP_N, value));
    DEVICE_TRY(read_identity(value, out));
    DEVICE_TRY(read_freshness(value, out));
    DEVICE_TRY(read_optional(value, out));
    DEVICE_TRY(device_advisories_read(value[TOP_ADVISORIES]));
    DEVICE_TRY(device_updates_read(value[TOP_UPDATES]));
    DEVICE_TRY(check_index(value[TOP_INDEX]));
    out->updates = value[TOP_UPDATES];
    return device_yes;
}

/* --- advisories ------------------------------------------------------------ */

enum {
    ADVISORY_ID,
    ADVISORY_ALIASES,
    ADVISORY_SEVERITY,
    ADVISORY_CVSS,
    ADVISORY_URL,
    ADVISORY_FIXED,
    ADVISORY_ACTION,
    ADVISORY_N
};
static const struct device_member advisory_members[ADVISORY_N] = {
    {"id", DEVICE_STRING, false},       {"aliases", DEVICE_ARRAY, false},
    {"severity", DEVICE_STRING, false}, {"cvss", DEVICE_STRING, true},
    {"url", DEVICE_STRING, false},      {"fixed_in", DEVICE_STRING, false},
    {"action", DEVICE_STRING, false},
};

#define TEXT_MAX 256u

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* How long is the host, perhaps with a port, at the start of a text? */
static size_t host_length(const char *text)
{
    size_t n = 0;

    if (!is_alphanumeric(text[0]) && text[0] != '[')
        return 0;
    while (is_alphanumeric(text[n]) || text[n] == '.' || text[n] == '-' ||
           text[n] == ':' || text[n] == '[' || text[n] == ']')
        n++;
    return n;
}

/* An https:// address of a plain host, in plain ASCII that needs no quoting
 * anywhere. */
static const char *check_url(const char *url)
{
    static const char head[] = "https://";
    static const char banned[] = "\"<>\\^`{|}@";
    size_t i;
    size_t k;

    for (i = 0; head[i] != '\0'; i++)
        if (url[i] != head[i])
            return "manifest.url.syntax";
    k = host_length(url + i);
    i += k;
    if (k == 0 ||
        (url[i] != '\0' && url[i] != '/' && url[i] != '?' && url[i] != '#'))
        return "manifest.url.syntax";
    for (; url[i] != '\0'; i++) {
        if (url[i] <= 0x20 || url[i] >= 0x7f)
            return "manifest.url.syntax";
        for (k = 0; banned[k] != '\0'; k++)
            if (url[i] == banned[k])
                return "manifest.url.syntax";
    }
    return device_yes;
}

static const char *check_advisory(struct hm_device_bytes object,
                                  struct hm_device_bytes *id)
{
    struct hm_device_bytes value[ADVISORY_N];
    struct device_version version;
    char text[TEXT_MAX];
    unsigned which;

    id->p = NULL;
    id->n = 0;
    DEVICE_TRY(device_object(object, advisory_members, ADVISORY_N, value));
    *id = value[ADVISORY_ID];
    DEVICE_TRY(device_word(*id, "manifest.name.syntax", text));
    DEVICE_TRY(device_words(value[ADVISORY_ALIASES], 0));
    DEVICE_TRY(device_choice(value[ADVISORY_SEVERITY], severities, &which));
    if (value[ADVISORY_CVSS].p != NULL)
        DEVICE_TRY(device_line(value[ADVISORY_CVSS], text, sizeof(text)));
    DEVICE_TRY(device_line(value[ADVISORY_URL], text, sizeof(text)));
    DEVICE_TRY(check_url(text));
    DEVICE_TRY(device_version(value[ADVISORY_FIXED], &version, text));
    return device_line(value[ADVISORY_ACTION], text, sizeof(text));
}

const char *device_advisories_read(struct hm_device_bytes advisories)
{
    struct hm_device_bytes id[HM_DEVICE_ADVISORIES];
    struct hm_device_bytes object;
    struct device_walk w;
    size_t n = 0;
    size_t i;

    DEVICE_TRY(device_array(advisories, 0, HM_DEVICE_ADVISORIES));
    device_walk_begin(&w, advisories);
    while (device_walk_element(&w, &object)) {
        DEVICE_TRY(check_advisory(object, &id[n]));
        for (i = 0; i < n; i++)
            if (device_same_string(id[i], id[n]))
                return "manifest.advisory.twice";
        n++;
    }
    return device_yes;
}
