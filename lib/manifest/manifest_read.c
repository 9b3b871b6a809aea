#include "manifest_priv.h"

#define MEMBERS                                                             \
    "format vendor product version label channel epoch sequence "           \
    "rollback_counter timestamp expires support_until min_updater rollout " \
    "install update_type severity advisories updates index"

HM_MUST static hm_rc read_identity(struct hm_manifest *m, struct hm_json top,
                                   struct hm_err *e)
{
    unsigned word = 0;

    HM_TRY(manifest_get_name(top, "vendor", m->vendor, e));
    HM_TRY(manifest_get_name(top, "product", m->product, e));
    HM_TRY(hm_json_get_version(top, "version", &m->version, e));
    HM_TRY(hm_json_get_word(top, "update_type", HM_UPDATE_TYPES, &word, e));
    m->update_type = (enum hm_update_type)word;
    HM_TRY(hm_json_get_word(top, "severity", HM_SEVERITIES, &word, e));
    m->severity = (enum hm_severity)word;
    return HM_OK;
}

HM_MUST static hm_rc read_freshness(struct hm_manifest *m, struct hm_json top,
                                    struct hm_err *e)
{
    HM_TRY(
        hm_json_get_uint(top, "epoch", HM_MANIFEST_COUNTER_MAX, &m->epoch, e));
    HM_TRY(hm_json_get_uint(top, "sequence", HM_MANIFEST_COUNTER_MAX,
                            &m->sequence, e));
    HM_TRY(hm_json_get_uint(top, "rollback_counter", HM_MANIFEST_COUNTER_MAX,
                            &m->rollback_counter, e));
    HM_TRY(hm_json_get_time(top, "timestamp", &m->timestamp, e));
    HM_TRY(hm_json_get_time(top, "expires", &m->expires, e));
    if (m->expires <= m->timestamp)
        return hm_fail(e, HM_E_REJECTED, "manifest.dates",
                       "the manifest expires %s, not after its timestamp %s",
                       hm_time_show(m->expires), hm_time_show(m->timestamp));
    return HM_OK;
}

HM_MUST static hm_rc read_install(struct hm_manifest *m, struct hm_json top,
                                  struct hm_err *e)
{
    struct hm_json install = hm_json_find(top, "install");

    m->has_install = install.item != NULL;
    if (!m->has_install)
        return HM_OK;
    HM_TRY(hm_json_keys(install, "postpone_max_s critical", e));
    HM_TRY(hm_json_get_uint(install, "postpone_max_s", HM_JSON_INT_MAX,
                            &m->postpone_max_s, e));
    return hm_json_get_bool(install, "critical", &m->critical, e);
}

/* 0 stands for "not given" in the model, so the epoch itself cannot be said. */
HM_MUST static hm_rc read_support(struct hm_manifest *m, struct hm_json top,
                                  struct hm_err *e)
{
    if (hm_json_find(top, "support_until").item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_time(top, "support_until", &m->support_until, e));
    if (m->support_until == 0)
        return hm_json_fail(hm_json_find(top, "support_until"), e,
                            HM_E_REJECTED, "manifest.dates",
                            "support that ended 1970 was never given");
    return HM_OK;
}

/* Reserved and optional. */
HM_MUST static hm_rc read_optional(struct hm_manifest *m, struct hm_json top,
                                   struct hm_err *e)
{
    struct hm_version version;

    if (hm_json_find(top, "label").item != NULL)
        HM_TRY(manifest_get_text(top, "label", m->label, sizeof(m->label), e));
    if (hm_json_find(top, "channel").item != NULL)
        HM_TRY(manifest_get_name(top, "channel", m->channel, e));
    HM_TRY(read_support(m, top, e));
    if (hm_json_find(top, "min_updater").item != NULL) {
        HM_TRY(hm_json_get_version(top, "min_updater", &version, e));
        memcpy(m->min_updater, version.text, sizeof(version.text));
    }
    return read_install(m, top, e);
}

HM_MUST static hm_rc read_advisories(struct hm_manifest *m, struct hm_json top,
                                     struct hm_err *e)
{
    struct hm_json array;

    HM_TRY(hm_json_get_array(top, "advisories", 0, HM_MANIFEST_ADVISORIES_MAX,
                             &array, e));
    for (struct hm_json i = hm_json_first(array); i.item != NULL;
         i = hm_json_next(i)) {
        struct hm_advisory *a = NULL;

        HM_TRY(hm_manifest_add_advisory(m, &a, e));
        HM_TRY(manifest_read_advisory(a, i, e));
        for (size_t k = 0; k + 1 < m->advisories_n; k++)
            if (strcmp(m->advisories[k].id, a->id) == 0)
                return hm_json_fail(i, e, HM_E_REJECTED,
                                    "manifest.advisory.twice",
                                    "advisory '%s' stands twice", a->id);
    }
    return HM_OK;
}

static bool is_same_digest(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HM_SHA256_SIZE) == 0;
}

static bool is_same(const struct hm_artefact *a, const struct hm_artefact *b)
{
    return a->role == b->role && a->kind == b->kind &&
           strcmp(a->slot, b->slot) == 0 && a->size == b->size &&
           a->has_content == b->has_content &&
           a->target_size == b->target_size &&
           is_same_digest(a->sha256, b->sha256) &&
           is_same_digest(a->content_sha256, b->content_sha256) &&
           is_same_digest(a->base_sha256, b->base_sha256) &&
           is_same_digest(a->target_sha256, b->target_sha256);
}

/* One name stands for one file, whichever entry names it. */
HM_MUST static hm_rc check_artefact(const struct hm_manifest *m,
                                    const struct hm_artefact *a,
                                    struct hm_err *e)
{
    for (size_t u = 0; u < m->updates_n; u++) {
        for (size_t i = 0; i < m->updates[u].n; i++) {
            const struct hm_artefact *b = &m->updates[u].artefacts[i];

            if (strcmp(a->name, b->name) == 0 && !is_same(a, b))
                return hm_fail(e, HM_E_REJECTED, "manifest.artefact.differs",
                               "artefact '%s' is described in two ways",
                               a->name);
        }
    }
    return HM_OK;
}

HM_MUST static hm_rc check_artefacts(const struct hm_manifest *m,
                                     struct hm_err *e)
{
    size_t n = 0;

    for (size_t u = 0; u < m->updates_n; u++)
        n += m->updates[u].n;
    if (n > HM_MANIFEST_ARTEFACTS_MAX)
        return hm_fail(e, HM_E_LIMIT, "manifest.artefacts.count",
                       "%zu artefacts, at most %u are allowed", n,
                       HM_MANIFEST_ARTEFACTS_MAX);
    for (size_t u = 0; u < m->updates_n; u++)
        for (size_t i = 0; i < m->updates[u].n; i++)
            HM_TRY(check_artefact(m, &m->updates[u].artefacts[i], e));
    return HM_OK;
}

HM_MUST static hm_rc read_updates(struct hm_manifest *m, struct hm_json top,
                                  struct hm_err *e)
{
    struct hm_json array;

    HM_TRY(hm_json_get_array(top, "updates", 1, HM_MANIFEST_UPDATES_MAX, &array,
                             e));
    for (struct hm_json i = hm_json_first(array); i.item != NULL;
         i = hm_json_next(i)) {
        struct hm_update *u = NULL;

        HM_TRY(hm_manifest_add_update(m, &u, e));
        HM_TRY(manifest_read_update(u, i, e));
    }
    return check_artefacts(m, e);
}

HM_MUST static hm_rc read_index(struct hm_manifest *m, struct hm_json top,
                                struct hm_err *e)
{
    struct hm_json index;
    char name[HM_NAME_MAX + 1];

    HM_TRY(hm_json_get_object(top, "index", &index, e));
    HM_TRY(hm_json_keys(index, "name size sha256", e));
    HM_TRY(hm_json_get_name(index, "name", name, e));
    if (strcmp(name, "index.json") != 0)
        return hm_json_fail(index, e, HM_E_REJECTED, "manifest.index.name",
                            "the index is '%s', expected 'index.json'", name);
    HM_TRY(
        hm_json_get_uint(index, "size", HM_INDEX_BYTES_MAX, &m->index_size, e));
    return hm_json_get_hex(index, "sha256", m->index_sha256,
                           sizeof(m->index_sha256), e);
}

HM_MUST static hm_rc keep_rollout(struct hm_manifest *m, struct hm_bytes bytes,
                                  struct hm_err *e)
{
    struct hm_bytes rollout;

    hm_json_span(bytes, "/rollout", &rollout);
    return hm_buf_add(&m->rollout, rollout, e);
}

HM_MUST static hm_rc read_document(struct hm_manifest *m, struct hm_bytes bytes,
                                   struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json top;

    HM_TRY(hm_json_format(bytes, HM_MANIFEST_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_MANIFEST_BYTES_MAX, e));
    top = hm_json_root(&doc);
    HM_TRY(hm_json_keys(top, MEMBERS, e));
    HM_TRY(read_identity(m, top, e));
    HM_TRY(read_freshness(m, top, e));
    HM_TRY(read_optional(m, top, e));
    HM_TRY(keep_rollout(m, bytes, e));
    HM_TRY(read_advisories(m, top, e));
    HM_TRY(read_updates(m, top, e));
    HM_TRY(read_index(m, top, e));
    return hm_sha256(bytes, m->sha256, e);
}

hm_rc hm_manifest_read(struct hm_manifest *m, struct hm_bytes bytes,
                       struct hm_err *e)
{
    hm_rc rc;

    hm_manifest_clear(m);
    rc = read_document(m, bytes, e);
    if (rc != HM_OK)
        hm_manifest_clear(m);
    return rc;
}
