#include "manifest_priv.h"

static void put_digest(struct hm_json_writer *w, const char *key,
                       const uint8_t *sha256)
{
    hm_json_put_hex(w, key, (struct hm_bytes){sha256, HM_SHA256_SIZE});
}

static void write_words(struct hm_json_writer *w, const char *key,
                        const struct hm_words *words)
{
    hm_json_open_array(w, key);
    for (size_t i = 0; i < words->n; i++)
        hm_json_put_text(w, NULL, words->word[i]);
    hm_json_close_array(w);
}

static void write_advisory(struct hm_json_writer *w,
                           const struct hm_advisory *a)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "id", a->id);
    write_words(w, "aliases", &a->aliases);
    hm_json_put_text(w, "severity", hm_severity_name(a->severity));
    hm_json_put_optional(w, "cvss", a->cvss);
    hm_json_put_text(w, "url", a->url);
    hm_json_put_text(w, "fixed_in", a->fixed_in.text);
    hm_json_put_text(w, "action", a->action);
    hm_json_close_object(w);
}

static void write_artefact(struct hm_json_writer *w,
                           const struct hm_artefact *a)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "name", a->name);
    hm_json_put_text(w, "role", hm_artefact_role_name(a->role));
    hm_json_put_text(w, "kind", hm_artefact_kind_name(a->kind));
    hm_json_put_optional(w, "slot", a->slot);
    hm_json_put_uint(w, "size", a->size);
    put_digest(w, "sha256", a->sha256);
    if (a->has_content)
        put_digest(w, "content_sha256", a->content_sha256);
    if (a->kind == HM_ARTEFACT_DELTA) {
        put_digest(w, "base_sha256", a->base_sha256);
        hm_json_put_uint(w, "target_size", a->target_size);
        put_digest(w, "target_sha256", a->target_sha256);
    }
    hm_json_close_object(w);
}

static void write_update(struct hm_json_writer *w, const struct hm_update *u)
{
    hm_json_open_object(w, NULL);
    write_words(w, "models", &u->models);
    write_words(w, "hardware", &u->hardware);
    if (!u->any_version) {
        hm_json_open_object(w, "from_versions");
        hm_json_put_text(w, "min", u->from_min.text);
        hm_json_put_text(w, "max", u->from_max.text);
        hm_json_close_object(w);
    }
    hm_json_open_array(w, "artefacts");
    for (size_t i = 0; i < u->n; i++)
        write_artefact(w, &u->artefacts[i]);
    hm_json_close_array(w);
    hm_json_close_object(w);
}

static void write_lists(struct hm_json_writer *w, const struct hm_manifest *m)
{
    hm_json_open_array(w, "advisories");
    for (size_t i = 0; i < m->advisories_n; i++)
        write_advisory(w, &m->advisories[i]);
    hm_json_close_array(w);
    hm_json_open_array(w, "updates");
    for (size_t i = 0; i < m->updates_n; i++)
        write_update(w, &m->updates[i]);
    hm_json_close_array(w);
}

static void write_optional(struct hm_json_writer *w,
                           const struct hm_manifest *m)
{
    if (m->support_until != 0)
        hm_json_put_time(w, "support_until", m->support_until);
    hm_json_put_optional(w, "min_updater", m->min_updater);
    if (m->rollout.n > 0)
        hm_json_put_json(w, "rollout", hm_buf_view(&m->rollout));
    if (m->has_install) {
        hm_json_open_object(w, "install");
        hm_json_put_uint(w, "postpone_max_s", m->postpone_max_s);
        hm_json_put_bool(w, "critical", m->critical);
        hm_json_close_object(w);
    }
}

static void write_head(struct hm_json_writer *w, const struct hm_manifest *m)
{
    hm_json_put_text(w, "format", HM_MANIFEST_FORMAT);
    hm_json_put_text(w, "vendor", m->vendor);
    hm_json_put_text(w, "product", m->product);
    hm_json_put_text(w, "version", m->version.text);
    hm_json_put_optional(w, "label", m->label);
    hm_json_put_optional(w, "channel", m->channel);
    hm_json_put_uint(w, "epoch", m->epoch);
    hm_json_put_uint(w, "sequence", m->sequence);
    hm_json_put_uint(w, "rollback_counter", m->rollback_counter);
    hm_json_put_time(w, "timestamp", m->timestamp);
    hm_json_put_time(w, "expires", m->expires);
    write_optional(w, m);
    hm_json_put_text(w, "update_type", hm_update_type_name(m->update_type));
    hm_json_put_text(w, "severity", hm_severity_name(m->severity));
}

hm_rc hm_manifest_write(const struct hm_manifest *m, struct hm_buf *to,
                        struct hm_err *e)
{
    HM_OWN(hm_manifest) again = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_json_writer w;

    hm_buf_clear(to);
    hm_json_begin(&w, &text, false);
    hm_json_open_object(&w, NULL);
    write_head(&w, m);
    write_lists(&w, m);
    hm_json_open_object(&w, "index");
    hm_json_put_text(&w, "name", "index.json");
    hm_json_put_uint(&w, "size", m->index_size);
    put_digest(&w, "sha256", m->index_sha256);
    hm_json_close_object(&w);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    /* One place decides what a manifest may say: the reader. */
    HM_TRY(hm_context(e, hm_manifest_read(&again, hm_buf_view(&text), e),
                      "the manifest would not be accepted"));
    return hm_buf_add(to, hm_buf_view(&text), e);
}
