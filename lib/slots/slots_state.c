/* state.json: written as a whole or not at all. */
#include <stdlib.h>

#include "slots_priv.h"

#define MEMBERS                                                             \
    "format vendor product model hardware stale root_sha256 authorisation " \
    "manifest rollback_counter active slots pending failed log"
#define SLOT_MEMBERS                                                         \
    "slot version rollback_counter manifest_sha256 rootfs_sha256 confirmed " \
    "artefacts"
#define STALE_WORDS "refuse accept-if-sequence-rises"
#define LETTERS     "a b"
#define COUNTER_MAX HM_DEVICE_COUNTER_MAX

char hm_slots_letter(int slot)
{
    return slot == 1 ? 'b' : 'a';
}

void slots_slot_clear(struct hm_slot *slot)
{
    free(slot->files);
    *slot = (struct hm_slot){.is_used = false};
}

void hm_slots_state_clear(struct hm_slots_state *s)
{
    slots_slot_clear(&s->slot[0]);
    slots_slot_clear(&s->slot[1]);
    *s = (struct hm_slots_state)HM_SLOTS_STATE_INIT;
}

bool slots_is_name(const char *text)
{
    const size_t n = strlen(text);
    bool is_good = n > 0 && n < HM_SLOTS_NAME;

    for (size_t i = 0; i < n && is_good; i++)
        is_good = (text[i] >= 'a' && text[i] <= 'z') ||
                  (text[i] >= 'A' && text[i] <= 'Z') ||
                  (text[i] >= '0' && text[i] <= '9') || text[i] == '.' ||
                  text[i] == '_' || text[i] == '-';
    return is_good;
}

/* --- reading --------------------------------------------------------------- */

HM_MUST static hm_rc read_name(struct hm_json top, const char *name, char *to,
                               struct hm_err *e)
{
    HM_TRY(hm_json_get_text(top, name, to, HM_SLOTS_NAME, e));
    if (slots_is_name(to))
        return HM_OK;
    return hm_json_fail(
        hm_json_find(top, name), e, HM_E_FORMAT, "device.name.syntax",
        "'%s' is not a name: expected [A-Za-z0-9._-]", hm_show_str(to));
}

HM_MUST static hm_rc read_identity(struct hm_slots_state *s, struct hm_json top,
                                   struct hm_err *e)
{
    unsigned stale = 0;

    HM_TRY(read_name(top, "vendor", s->vendor, e));
    HM_TRY(read_name(top, "product", s->product, e));
    HM_TRY(read_name(top, "model", s->model, e));
    HM_TRY(read_name(top, "hardware", s->hardware, e));
    HM_TRY(hm_json_get_word(top, "stale", STALE_WORDS, &stale, e));
    s->accept_stale = stale == 1;
    return hm_json_get_hex(top, "root_sha256", s->device.root_sha256,
                           HM_SHA256_SIZE, e);
}

HM_MUST static hm_rc read_seen(struct hm_device_state *d, struct hm_json top,
                               struct hm_err *e)
{
    struct hm_json at = hm_json_find(top, "authorisation");

    d->has_authorisation = at.item != NULL;
    if (d->has_authorisation) {
        HM_TRY(hm_json_keys(at, "sequence sha256", e));
        HM_TRY(hm_json_get_uint(at, "sequence", COUNTER_MAX,
                                &d->authorisation_sequence, e));
        HM_TRY(hm_json_get_hex(at, "sha256", d->authorisation_sha256,
                               HM_SHA256_SIZE, e));
    }
    at = hm_json_find(top, "manifest");
    d->has_manifest = at.item != NULL;
    if (d->has_manifest) {
        HM_TRY(hm_json_keys(at, "epoch sequence timestamp sha256", e));
        HM_TRY(hm_json_get_uint(at, "epoch", COUNTER_MAX, &d->epoch, e));
        HM_TRY(hm_json_get_uint(at, "sequence", COUNTER_MAX, &d->sequence, e));
        HM_TRY(hm_json_get_time(at, "timestamp", &d->timestamp, e));
        HM_TRY(hm_json_get_hex(at, "sha256", d->manifest_sha256, HM_SHA256_SIZE,
                               e));
    }
    return hm_json_get_uint(top, "rollback_counter", COUNTER_MAX,
                            &d->rollback_counter, e);
}

HM_MUST static hm_rc read_file(struct hm_slots_file *file, struct hm_json at,
                               struct hm_err *e)
{
    HM_TRY(hm_json_keys(at, "name size sha256", e));
    HM_TRY(hm_json_get_name(at, "name", file->name, e));
    HM_TRY(hm_json_get_uint(at, "size", HM_JSON_INT_MAX, &file->size, e));
    return hm_json_get_hex(at, "sha256", file->sha256, HM_SHA256_SIZE, e);
}

HM_MUST static hm_rc read_files(struct hm_slot *slot, struct hm_json at,
                                struct hm_err *e)
{
    struct hm_json array;

    HM_TRY(
        hm_json_get_array(at, "artefacts", 1, HM_DEVICE_ARTEFACTS, &array, e));
    slot->files = calloc(hm_json_count(array), sizeof(*slot->files));
    if (slot->files == NULL)
        return hm_fail(e, HM_E_NOMEM, "device.memory",
                       "out of memory for the files of a slot");
    for (struct hm_json i = hm_json_first(array); i.item != NULL;
         i = hm_json_next(i))
        HM_TRY(read_file(&slot->files[slot->files_n++], i, e));
    return HM_OK;
}

HM_MUST static hm_rc read_slot(struct hm_slots_state *s, struct hm_json at,
                               struct hm_err *e)
{
    struct hm_version version;
    struct hm_slot *slot = NULL;
    unsigned which = 0;

    HM_TRY(hm_json_keys(at, SLOT_MEMBERS, e));
    HM_TRY(hm_json_get_word(at, "slot", LETTERS, &which, e));
    slot = &s->slot[which];
    if (slot->is_used)
        return hm_json_fail(at, e, HM_E_FORMAT, "device.state.slots",
                            "slot %c stands twice",
                            hm_slots_letter((int)which));
    slot->is_used = true;
    HM_TRY(hm_json_get_version(at, "version", &version, e));
    memcpy(slot->version, version.text, sizeof(slot->version));
    HM_TRY(hm_json_get_uint(at, "rollback_counter", COUNTER_MAX,
                            &slot->rollback_counter, e));
    HM_TRY(hm_json_get_hex(at, "manifest_sha256", slot->manifest_sha256,
                           HM_SHA256_SIZE, e));
    HM_TRY(hm_json_get_hex(at, "rootfs_sha256", slot->rootfs_sha256,
                           HM_SHA256_SIZE, e));
    HM_TRY(hm_json_get_bool(at, "confirmed", &slot->is_confirmed, e));
    return read_files(slot, at, e);
}

/* The index of a slot that a member names; it must be in use. */
HM_MUST static hm_rc read_choice(const struct hm_slots_state *s,
                                 struct hm_json at, const char *name, int *out,
                                 struct hm_err *e)
{
    unsigned which = 0;

    HM_TRY(hm_json_get_word(at, name, LETTERS, &which, e));
    if (!s->slot[which].is_used)
        return hm_json_fail(at, e, HM_E_FORMAT, "device.state.slots",
                            "'%s' names slot %c, which is empty", name,
                            hm_slots_letter((int)which));
    *out = (int)which;
    return HM_OK;
}

HM_MUST static hm_rc read_pending(struct hm_slots_state *s, struct hm_json top,
                                  struct hm_err *e)
{
    struct hm_json at = hm_json_find(top, "pending");
    uint64_t boots = 0;

    if (at.item != NULL) {
        HM_TRY(hm_json_keys(at, "slot boots healthy", e));
        HM_TRY(read_choice(s, at, "slot", &s->pending, e));
        HM_TRY(hm_json_get_uint(at, "boots", HM_SLOTS_BOOTS_MAX, &boots, e));
        s->boots = (unsigned)boots;
        HM_TRY(hm_json_get_bool(at, "healthy", &s->is_healthy, e));
    }
    at = hm_json_find(top, "failed");
    s->has_failed = at.item != NULL;
    if (!s->has_failed)
        return HM_OK;
    HM_TRY(hm_json_keys(at, "manifest_sha256 tries", e));
    HM_TRY(hm_json_get_hex(at, "manifest_sha256", s->failed_sha256,
                           HM_SHA256_SIZE, e));
    HM_TRY(hm_json_get_uint(at, "tries", COUNTER_MAX, &boots, e));
    s->failed_tries = (unsigned)boots;
    return HM_OK;
}

HM_MUST static hm_rc read_slots(struct hm_slots_state *s, struct hm_json top,
                                struct hm_err *e)
{
    struct hm_json at;

    HM_TRY(hm_json_get_array(top, "slots", 0, 2, &at, e));
    for (struct hm_json i = hm_json_first(at); i.item != NULL;
         i = hm_json_next(i))
        HM_TRY(read_slot(s, i, e));
    if (hm_json_find(top, "active").item != NULL)
        HM_TRY(read_choice(s, top, "active", &s->active, e));
    HM_TRY(read_pending(s, top, e));
    if (s->active != HM_SLOTS_NONE && s->active == s->pending)
        return hm_fail(e, HM_E_FORMAT, "device.state.slots",
                       "slot %c is active and pending",
                       hm_slots_letter(s->active));
    HM_TRY(hm_json_get_object(top, "log", &at, e));
    HM_TRY(hm_json_keys(at, "head length", e));
    HM_TRY(hm_json_get_hex(at, "head", s->log_head, HM_SHA256_SIZE, e));
    return hm_json_get_uint(at, "length", HM_JSON_INT_MAX, &s->log_length, e);
}

HM_MUST static hm_rc read_document(struct hm_slots_state *s,
                                   struct hm_bytes bytes, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json top;

    HM_TRY(hm_json_format(bytes, HM_SLOTS_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, SLOTS_STATE_MAX, e));
    top = hm_json_root(&doc);
    HM_TRY(hm_json_keys(top, MEMBERS, e));
    HM_TRY(read_identity(s, top, e));
    HM_TRY(read_seen(&s->device, top, e));
    return read_slots(s, top, e);
}

hm_rc hm_slots_read_state(struct hm_slots_state *s, struct hm_bytes bytes,
                          struct hm_err *e)
{
    hm_rc rc;

    hm_slots_state_clear(s);
    rc = read_document(s, bytes, e);
    if (rc != HM_OK)
        hm_slots_state_clear(s);
    return rc;
}
