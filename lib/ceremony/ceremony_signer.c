#include <stdio.h>

#include "ceremony_priv.h"

static const char *const texts[HM_SIGNER_TEXTS] = {
    "module",           "library",          "label",
    "serial",           "manufacturer",     "model",
    "hardware_version", "firmware_version", "key_gen_mechanism"};

static const char *const claims[HM_SIGNER_CLAIMS] = {"software",
                                                     "local",
                                                     "sensitive",
                                                     "always_sensitive",
                                                     "extractable",
                                                     "never_extractable",
                                                     "decrypt",
                                                     "unwrap",
                                                     "wrap",
                                                     "derive",
                                                     "changeable",
                                                     "copyable",
                                                     "hardware_mechanism",
                                                     "hardware_slot"};

#define MEMBERS                                                          \
    "module module_sha256 library label serial manufacturer model "      \
    "hardware_version firmware_version key_gen_mechanism software "      \
    "local sensitive always_sensitive extractable never_extractable "    \
    "decrypt unwrap wrap derive changeable copyable hardware_mechanism " \
    "hardware_slot"

#define CLAIM_WORDS "unknown no yes"
static const char *const words[] = {"unknown", "no", "yes"};

/* Where the token says nothing of itself there is nothing to tell; but which
 * module it was, and which token, is the point of it. */
static bool is_needed(size_t text)
{
    return text == HM_SIGNER_MODULE || text == HM_SIGNER_LABEL;
}

HM_MUST static hm_rc get_text(struct hm_json at, size_t i, struct hm_signer *s,
                              struct hm_err *e)
{
    if (!is_needed(i) && hm_json_find(at, texts[i]).item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_text(at, texts[i], s->text[i], HM_SIGNER_TEXT, e));
    return hm_request_check_text(texts[i], s->text[i], e);
}

HM_MUST static hm_rc get_texts(struct hm_json at, struct hm_signer *s,
                               struct hm_err *e)
{
    for (size_t i = 0; i < HM_SIGNER_TEXTS; i++)
        HM_TRY(get_text(at, i, s, e));
    return hm_json_get_hex(at, "module_sha256", s->module_sha256,
                           sizeof(s->module_sha256), e);
}

/* Words of the claims from the first one on. */
HM_MUST static hm_rc get_claims(struct hm_json at, size_t first,
                                struct hm_signer *s, struct hm_err *e)
{
    for (size_t i = first; i < HM_SIGNER_CLAIMS; i++)
        HM_TRY(hm_json_get_word(at, claims[i], CLAIM_WORDS, &s->claim[i], e));
    return HM_OK;
}

HM_MUST static hm_rc get_keyid(struct hm_json at, struct hm_signer *s,
                               struct hm_err *e)
{
    uint8_t id[HM_SHA256_SIZE];

    HM_TRY(hm_json_get_hex(at, "keyid", id, sizeof(id), e));
    hm_hex_write((struct hm_bytes){id, sizeof(id)}, s->keyid);
    return HM_OK;
}

hm_rc hm_signer_read(struct hm_signer *s, struct hm_bytes bytes,
                     struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json token;
    bool is_software = false;

    *s = (struct hm_signer){.keyid = ""};
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_SIGNER_BYTES_MAX, e));
    HM_TRY(get_keyid(hm_json_root(&doc), s, e));
    HM_TRY(hm_json_get_object(hm_json_root(&doc), "token", &token, e));
    HM_TRY(get_texts(token, s, e));
    HM_TRY(hm_json_get_bool(token, claims[0], &is_software, e));
    /* Not software is not yet hardware: nobody proved that. */
    s->claim[0] = is_software ? 2 : 0;
    return get_claims(token, 1, s, e);
}

void hm_signer_show_claims(const struct hm_signer *s, char *to, size_t size)
{
    size_t n = 0;

    to[0] = '\0';
    for (size_t i = 0; i < HM_SIGNER_CLAIMS && n < size; i++)
        n += (size_t)snprintf(to + n, size - n, "%s%s %s", i == 0 ? "" : ", ",
                              claims[i], words[s->claim[i]]);
}

bool hm_signer_is_same(const struct hm_signer *a, const struct hm_signer *b)
{
    bool same = strcmp(a->keyid, b->keyid) == 0 &&
                memcmp(a->module_sha256, b->module_sha256,
                       sizeof(a->module_sha256)) == 0;

    for (size_t i = 0; i < HM_SIGNER_TEXTS; i++)
        same = same && strcmp(a->text[i], b->text[i]) == 0;
    for (size_t i = 0; i < HM_SIGNER_CLAIMS; i++)
        same = same && a->claim[i] == b->claim[i];
    return same;
}

void ceremony_put_evidence(struct hm_json_writer *w,
                           const struct hm_ceremony_part *part)
{
    const struct hm_signer *s = &part->evidence;

    if (!part->has_evidence) {
        hm_json_put_text(w, "evidence", "absent");
        return;
    }
    hm_json_open_object(w, "evidence");
    for (size_t i = 0; i < HM_SIGNER_TEXTS; i++) {
        hm_json_put_optional(w, texts[i], s->text[i]);
        if (i == HM_SIGNER_MODULE)
            hm_json_put_hex(
                w, "module_sha256",
                (struct hm_bytes){s->module_sha256, sizeof(s->module_sha256)});
    }
    for (size_t i = 0; i < HM_SIGNER_CLAIMS; i++)
        hm_json_put_text(w, claims[i], words[s->claim[i]]);
    hm_json_close_object(w);
}

hm_rc ceremony_get_evidence(struct hm_json at, struct hm_ceremony_part *part,
                            struct hm_err *e)
{
    struct hm_signer *s = &part->evidence;
    struct hm_json evidence;
    unsigned absent = 0;

    HM_TRY(hm_json_get(at, "evidence", &evidence, e));
    if (hm_json_view(evidence).n > 0)
        return hm_json_get_word(at, "evidence", "absent", &absent, e);
    HM_TRY(hm_json_get_object(at, "evidence", &evidence, e));
    HM_TRY(hm_json_keys(evidence, MEMBERS, e));
    memcpy(s->keyid, part->keyid, sizeof(s->keyid));
    HM_TRY(get_texts(evidence, s, e));
    part->has_evidence = true;
    return get_claims(evidence, 0, s, e);
}
