#include "ceremony_priv.h"

#define MEMBERS                                                                \
    "format vendor act by why requested time root_sha256 before after forced " \
    "root added retired tool"

HM_MUST static hm_rc get_keyid(struct hm_json at, char to[static HM_SHA256_HEX],
                               struct hm_err *e)
{
    uint8_t id[HM_SHA256_SIZE];

    HM_TRY(hm_json_get_hex(at, "keyid", id, sizeof(id), e));
    hm_hex_write((struct hm_bytes){id, sizeof(id)}, to);
    return HM_OK;
}

HM_MUST static hm_rc get_side(struct hm_json root, const char *name,
                              struct hm_ceremony_side *to, struct hm_err *e)
{
    struct hm_json at;

    HM_TRY(hm_json_get_object(root, name, &at, e));
    HM_TRY(hm_json_keys(at, "sequence sha256", e));
    HM_TRY(hm_json_get_uint(at, "sequence", HM_COUNTER_MAX, &to->sequence, e));
    return hm_json_get_hex(at, "sha256", to->sha256, sizeof(to->sha256), e);
}

HM_MUST static hm_rc get_part(struct hm_json at, bool is_added,
                              struct hm_ceremony_part *part, struct hm_err *e)
{
    unsigned role = HM_ROLE_MANIFEST;

    HM_TRY(hm_json_keys(
        at, is_added ? "who keyid role evidence" : "who keyid evidence", e));
    HM_TRY(hm_json_get_text(at, "who", part->who, sizeof(part->who), e));
    HM_TRY(get_keyid(at, part->keyid, e));
    if (is_added)
        HM_TRY(hm_json_get_word(at, "role", HM_ROLE_WORDS, &role, e));
    part->role = (enum hm_role)role;
    return ceremony_get_evidence(at, part, e);
}

HM_MUST static hm_rc get_parts(struct hm_ceremony *c, struct hm_json root,
                               const char *name, bool is_added,
                               struct hm_err *e)
{
    struct hm_json list;

    HM_TRY(hm_json_get_array(root, name, is_added ? 0 : 1, HM_SIGNATURES_MAX,
                             &list, e));
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i)) {
        if (c->part_n == HM_SIGNATURES_MAX)
            return hm_json_fail(i, e, HM_E_LIMIT, "ceremony.part.count",
                                "more than %u keys take part",
                                HM_SIGNATURES_MAX);
        HM_TRY(get_part(i, is_added, &c->part[c->part_n], e));
        c->part_n++;
    }
    if (!is_added)
        c->root_n = c->part_n;
    return HM_OK;
}

HM_MUST static hm_rc get_retired(struct hm_ceremony *c, struct hm_json root,
                                 struct hm_err *e)
{
    struct hm_json list;

    HM_TRY(hm_json_get_array(root, "retired", 0, HM_TRUST_KEYS_MAX, &list, e));
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i)) {
        struct hm_ceremony_retired *to = &c->retired[c->retired_n];
        unsigned reason = 0;

        HM_TRY(hm_json_keys(i, "keyid reason", e));
        HM_TRY(get_keyid(i, to->keyid, e));
        HM_TRY(hm_json_get_word(i, "reason", HM_RETIRE_WORDS, &reason, e));
        to->reason = (enum hm_retire_reason)reason;
        c->retired_n++;
    }
    return HM_OK;
}

HM_MUST static hm_rc get_forced(struct hm_ceremony *c, struct hm_json root,
                                struct hm_err *e)
{
    struct hm_json at;

    if (hm_json_find(root, "forced").item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_object(root, "forced", &at, e));
    HM_TRY(hm_json_keys(at, "skipped reason", e));
    HM_TRY(hm_json_get_uint(at, "skipped", HM_COUNTER_MAX, &c->skipped, e));
    return hm_json_get_text(at, "reason", c->skip_reason,
                            sizeof(c->skip_reason), e);
}

HM_MUST static hm_rc get_words(struct hm_ceremony *c, struct hm_json at,
                               struct hm_err *e)
{
    unsigned act = 0;

    HM_TRY(hm_json_get_text(at, "vendor", c->vendor, sizeof(c->vendor), e));
    HM_TRY(hm_json_get_word(at, "act", HM_ACT_WORDS, &act, e));
    c->act = (enum hm_request_act)act;
    HM_TRY(hm_json_get_text(at, "by", c->by, sizeof(c->by), e));
    HM_TRY(hm_json_get_text(at, "why", c->why, sizeof(c->why), e));
    HM_TRY(hm_json_get_time(at, "requested", &c->requested, e));
    HM_TRY(hm_json_get_time(at, "time", &c->time, e));
    return hm_json_get_text(at, "tool", c->tool, sizeof(c->tool), e);
}

HM_MUST static hm_rc get_documents(struct hm_ceremony *c, struct hm_json at,
                                   struct hm_err *e)
{
    HM_TRY(hm_json_get_hex(at, "root_sha256", c->root_sha256,
                           sizeof(c->root_sha256), e));
    c->has_before = hm_json_find(at, "before").item != NULL;
    if (c->has_before)
        HM_TRY(get_side(at, "before", &c->before, e));
    return get_side(at, "after", &c->after, e);
}

HM_MUST static hm_rc read_all(struct hm_ceremony *c, struct hm_bytes bytes,
                              struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json at;

    HM_TRY(hm_json_format(bytes, HM_CEREMONY_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_CEREMONY_BYTES_MAX, e));
    at = hm_json_root(&doc);
    HM_TRY(hm_json_keys(at, MEMBERS, e));
    HM_TRY(get_words(c, at, e));
    HM_TRY(get_documents(c, at, e));
    HM_TRY(get_forced(c, at, e));
    HM_TRY(get_parts(c, at, "root", false, e));
    HM_TRY(get_parts(c, at, "added", true, e));
    HM_TRY(get_retired(c, at, e));
    return ceremony_check(c, e);
}

hm_rc hm_ceremony_read(struct hm_ceremony *c, struct hm_bytes bytes,
                       struct hm_err *e)
{
    hm_rc rc;

    memset(c, 0, sizeof(*c));
    rc = read_all(c, bytes, e);
    if (rc != HM_OK)
        memset(c, 0, sizeof(*c));
    return rc;
}
