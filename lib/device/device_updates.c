/* updates[]: which devices get which artefacts. */
#include "device_memory.h"
#include "device_priv.h"

enum {
    UPDATE_MODELS,
    UPDATE_HARDWARE,
    UPDATE_FROM,
    UPDATE_ARTEFACTS,
    UPDATE_N
};
static const struct device_member update_members[UPDATE_N] = {
    {"models", DEVICE_ARRAY, false},
    {"hardware", DEVICE_ARRAY, false},
    {"from_versions", DEVICE_OBJECT, true},
    {"artefacts", DEVICE_ARRAY, false},
};

/* The first ARTEFACT_FULL for a full image, all for a delta. */
enum {
    ARTEFACT_NAME,
    ARTEFACT_ROLE,
    ARTEFACT_KIND,
    ARTEFACT_SLOT,
    ARTEFACT_SIZE,
    ARTEFACT_SHA256,
    ARTEFACT_CONTENT,
    ARTEFACT_FULL,
    ARTEFACT_BASE = ARTEFACT_FULL,
    ARTEFACT_TARGET_SIZE,
    ARTEFACT_TARGET,
    ARTEFACT_N
};
static const struct device_member artefact_members[ARTEFACT_N] = {
    {"name", DEVICE_STRING, false},
    {"role", DEVICE_STRING, false},
    {"kind", DEVICE_STRING, false},
    {"slot", DEVICE_STRING, true},
    {"size", DEVICE_NUMBER, false},
    {"sha256", DEVICE_STRING, false},
    {"content_sha256", DEVICE_STRING, true},
    {"base_sha256", DEVICE_STRING, false},
    {"target_size", DEVICE_NUMBER, false},
    {"target_sha256", DEVICE_STRING, false},
};

/* Everything said of an artefact, so that two descriptions can be compared. */
struct description {
    struct hm_device_artefact a;
    bool has_content;
    uint8_t content[HM_DEVICE_SHA256];
    uint8_t base[HM_DEVICE_SHA256];
    uint64_t target_size;
    uint8_t target[HM_DEVICE_SHA256];
};

/* `kind` decides which members there may be, so it is looked for first. */
static const char *read_kind(struct hm_device_bytes object, bool *is_delta)
{
    static const char *const kinds[] = {"full", "delta", NULL};
    struct hm_device_bytes name;
    struct hm_device_bytes value;
    struct device_walk w;
    char text[8];
    size_t n;
    unsigned which;

    *is_delta = false;
    if (object.n == 0 || object.p[0] != '{')
        return "json.member.type";
    device_walk_begin(&w, object);
    while (device_walk_member(&w, &name, &value)) {
        if (device_string(name, text, sizeof(text), &n) != device_yes ||
            !device_text_equal(text, "kind"))
            continue;
        DEVICE_TRY(device_choice(value, kinds, &which));
        *is_delta = which == 1;
        return device_yes;
    }
    return "json.member.missing";
}

static const char *read_delta(const struct hm_device_bytes *value,
                              struct description *out)
{
    if (!out->a.is_delta)
        return device_yes;
    DEVICE_TRY(device_hex(value[ARTEFACT_BASE], out->base, sizeof(out->base)));
    DEVICE_TRY(device_uint(value[ARTEFACT_TARGET_SIZE], DEVICE_INT_MAX,
                           &out->target_size));
    return device_hex(value[ARTEFACT_TARGET], out->target, sizeof(out->target));
}

static const char *read_description(struct hm_device_bytes object,
                                    struct description *out)
{
    static const char *const roles[] = {"firmware", "package", "configuration",
                                        NULL};
    struct hm_device_bytes value[ARTEFACT_N];
    struct hm_device_artefact *a = &out->a;
    unsigned role;

    memset(out, 0, sizeof(*out));
    DEVICE_TRY(read_kind(object, &a->is_delta));
    DEVICE_TRY(device_object(object, artefact_members,
                             a->is_delta ? ARTEFACT_N : ARTEFACT_FULL, value));
    DEVICE_TRY(device_file_name(value[ARTEFACT_NAME], a->name));
    DEVICE_TRY(device_choice(value[ARTEFACT_ROLE], roles, &role));
    a->role = (enum hm_device_role)role;
    DEVICE_TRY(read_delta(value, out));
    if (value[ARTEFACT_SLOT].p != NULL)
        DEVICE_TRY(
            device_word(value[ARTEFACT_SLOT], "manifest.name.syntax", a->slot));
    out->has_content = value[ARTEFACT_CONTENT].p != NULL;
    if (out->has_content)
        DEVICE_TRY(device_hex(value[ARTEFACT_CONTENT], out->content,
                              sizeof(out->content)));
    DEVICE_TRY(device_uint(value[ARTEFACT_SIZE], DEVICE_INT_MAX, &a->size));
    if (a->size == 0)
        return "manifest.artefact.empty";
    return device_hex(value[ARTEFACT_SHA256], a->sha256, sizeof(a->sha256));
}

const char *device_artefact_read(struct hm_device_bytes object,
                                 struct hm_device_artefact *out)
{
    struct description d;

    memset(out, 0, sizeof(*out));
    DEVICE_TRY(read_description(object, &d));
    *out = d.a;
    return device_yes;
}

/* --- entries --------------------------------------------------------------- */

struct range {
    bool is_given;
    struct device_version min;
    struct device_version max;
};

static const char *read_range(struct hm_device_bytes object, struct range *out)
{
    static const struct device_member members[2] = {
        {"min", DEVICE_STRING, false}, {"max", DEVICE_STRING, false}};
    struct hm_device_bytes value[2];
    char text[HM_DEVICE_VERSION];

    memset(out, 0, sizeof(*out));
    out->is_given = object.p != NULL;
    if (!out->is_given)
        return device_yes;
    DEVICE_TRY(device_object(object, members, 2, value));
    DEVICE_TRY(device_version(value[0], &out->min, text));
    DEVICE_TRY(device_version(value[1], &out->max, text));
    return device_version_compare(&out->min, &out->max) <= 0
               ? device_yes
               : "manifest.versions.order";
}

static const char *check_entry(struct hm_device_bytes object, size_t *artefacts)
{
    struct hm_device_bytes value[UPDATE_N];
    struct hm_device_bytes artefact;
    struct description d;
    struct device_walk w;
    struct range range;

    DEVICE_TRY(device_object(object, update_members, UPDATE_N, value));
    DEVICE_TRY(device_words(value[UPDATE_MODELS], 1));
    DEVICE_TRY(device_words(value[UPDATE_HARDWARE], 1));
    DEVICE_TRY(read_range(value[UPDATE_FROM], &range));
    DEVICE_TRY(device_array(value[UPDATE_ARTEFACTS], 1, HM_DEVICE_ARTEFACTS));
    device_walk_begin(&w, value[UPDATE_ARTEFACTS]);
    while (device_walk_element(&w, &artefact)) {
        DEVICE_TRY(read_description(artefact, &d));
        ++*artefacts;
    }
    return device_yes;
}

/* One artefact after the other, over all entries that were checked. */
struct all_artefacts {
    struct device_walk entries;
    struct device_walk here;
    bool is_inside;
};

static bool next_of_all(struct all_artefacts *it,
                        struct hm_device_bytes *artefact)
{
    struct hm_device_bytes value[UPDATE_N];
    struct hm_device_bytes entry;

    for (;;) {
        if (it->is_inside && device_walk_element(&it->here, artefact))
            return true;
        if (!device_walk_element(&it->entries, &entry) ||
            device_object(entry, update_members, UPDATE_N, value) != device_yes)
            return false;
        device_walk_begin(&it->here, value[UPDATE_ARTEFACTS]);
        it->is_inside = true;
    }
}

static bool is_same(const struct description *a, const struct description *b)
{
    return a->a.role == b->a.role && a->a.is_delta == b->a.is_delta &&
           device_text_equal(a->a.slot, b->a.slot) && a->a.size == b->a.size &&
           a->has_content == b->has_content &&
           a->target_size == b->target_size &&
           memcmp(a->a.sha256, b->a.sha256, HM_DEVICE_SHA256) == 0 &&
           memcmp(a->content, b->content, HM_DEVICE_SHA256) == 0 &&
           memcmp(a->base, b->base, HM_DEVICE_SHA256) == 0 &&
           memcmp(a->target, b->target, HM_DEVICE_SHA256) == 0;
}

/* One name stands for one file, whichever entry names it. */
static const char *check_names(struct hm_device_bytes updates)
{
    struct hm_device_bytes artefact;
    struct all_artefacts it;
    struct all_artefacts rest;
    struct description a;
    struct description b;

    memset(&it, 0, sizeof(it));
    device_walk_begin(&it.entries, updates);
    while (next_of_all(&it, &artefact)) {
        DEVICE_TRY(read_description(artefact, &a));
        rest = it;
        while (next_of_all(&rest, &artefact)) {
            DEVICE_TRY(read_description(artefact, &b));
            if (device_text_equal(a.a.name, b.a.name) && !is_same(&a, &b))
                return "manifest.artefact.differs";
        }
    }
    return device_yes;
}

const char *device_updates_read(struct hm_device_bytes updates)
{
    struct hm_device_bytes entry;
    struct device_walk w;
    size_t artefacts = 0;

    DEVICE_TRY(device_array(updates, 1, DEVICE_UPDATES));
    device_walk_begin(&w, updates);
    while (device_walk_element(&w, &entry))
        DEVICE_TRY(check_entry(entry, &artefacts));
    if (artefacts > HM_DEVICE_ARTEFACTS)
        return "manifest.artefacts.count";
    return check_names(updates);
}

/* --- the choice ------------------------------------------------------------ */

/* A device without anything installed fits only an entry for every version. */
static bool fits(const struct hm_device_bytes *value, const struct range *range,
                 const struct hm_device_self *self,
                 const struct device_version *installed)
{
    if (!device_words_have(value[UPDATE_MODELS], self->model) ||
        !device_words_have(value[UPDATE_HARDWARE], self->hardware))
        return false;
    return !range->is_given ||
           (self->version[0] != '\0' &&
            device_version_compare(&range->min, installed) <= 0 &&
            device_version_compare(installed, &range->max) <= 0);
}

const char *device_choose(const struct device_manifest *m,
                          const struct hm_device_self *self,
                          struct hm_device_bytes *artefacts)
{
    struct hm_device_bytes value[UPDATE_N];
    struct hm_device_bytes entry;
    struct device_version installed;
    struct device_walk w;
    struct range range;

    memset(artefacts, 0, sizeof(*artefacts));
    memset(&installed, 0, sizeof(installed));
    if (self->version[0] != '\0' &&
        device_version_text(self->version, &installed) != device_yes)
        return "device.identity.version";
    device_walk_begin(&w, m->updates);
    while (device_walk_element(&w, &entry)) {
        DEVICE_TRY(device_object(entry, update_members, UPDATE_N, value));
        DEVICE_TRY(read_range(value[UPDATE_FROM], &range));
        if (!fits(value, &range, self, &installed))
            continue;
        *artefacts = value[UPDATE_ARTEFACTS];
        return device_yes;
    }
    return "manifest.applicability.none";
}
