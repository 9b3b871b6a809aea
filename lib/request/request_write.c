#include "request_priv.h"

static void put_digest(struct hm_json_writer *w, const char *name,
                       struct hm_bytes bytes)
{
    uint8_t digest[HM_SHA256_SIZE];

    if (w->rc == HM_OK)
        w->rc = hm_sha256(bytes, digest, &w->err);
    hm_json_put_hex(w, name, (struct hm_bytes){digest, sizeof(digest)});
}

static void put_base64(struct hm_json_writer *w, const char *name,
                       struct hm_bytes bytes)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);

    if (w->rc == HM_OK)
        w->rc = hm_base64_add(&text, bytes, &w->err);
    hm_json_put_bytes(w, name, hm_buf_view(&text));
}

static void put_sentences(struct hm_json_writer *w, const char *name,
                          const struct hm_names *list)
{
    hm_json_open_array(w, name);
    for (size_t i = 0; i < list->n; i++)
        hm_json_put_text(w, NULL, list->name[i]);
    hm_json_close_array(w);
}

static void put_changes(struct hm_json_writer *w, const struct hm_changes *c)
{
    hm_json_open_array(w, "changes");
    for (size_t i = 0; i < c->n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "at", c->change[i].at);
        hm_json_put_optional(w, "before", c->change[i].before);
        hm_json_put_optional(w, "after", c->change[i].after);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_signers(struct hm_json_writer *w, const struct hm_root *root)
{
    hm_json_open_object(w, "signers");
    hm_json_put_hex(w, "root_sha256",
                    (struct hm_bytes){root->sha256, sizeof(root->sha256)});
    hm_json_put_uint(w, "threshold", root->threshold);
    hm_json_open_array(w, "keys");
    for (size_t i = 0; i < root->n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "keyid", root->keys[i].key.key.keyid);
        hm_json_put_text(w, "name", root->keys[i].name);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
    hm_json_close_object(w);
}

static void put_documents(struct hm_json_writer *w, const struct hm_request *r)
{
    hm_json_open_object(w, "document");
    put_digest(w, "sha256", hm_buf_view(&r->document));
    put_base64(w, "content", hm_buf_view(&r->document));
    hm_json_close_object(w);
    if (r->before.n == 0)
        return;
    hm_json_open_object(w, "before");
    put_digest(w, "sha256", hm_buf_view(&r->before));
    put_base64(w, "content", hm_buf_view(&r->before));
    hm_json_open_array(w, "signatures");
    for (size_t i = 0; i < r->signatures.n; i++)
        put_base64(w, NULL, hm_buf_view(&r->signatures.sig[i].bytes));
    hm_json_close_array(w);
    hm_json_close_object(w);
}

hm_rc hm_request_write(const struct hm_request *r, const struct hm_root *root,
                       struct hm_buf *to, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_buf_clear(to);
    hm_json_begin(&w, to, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_REQUEST_FORMAT);
    hm_json_put_text(&w, "act", hm_request_act_name(r->act));
    hm_json_put_text(&w, "by", r->by);
    hm_json_put_text(&w, "why", r->why);
    hm_json_put_time(&w, "requested", r->requested);
    hm_json_put_optional(&w, "skip_reason", r->skip_reason);
    put_sentences(&w, "careful", &r->careful);
    put_sentences(&w, "meaning", &r->meaning);
    put_changes(&w, &r->changes);
    put_signers(&w, root);
    put_documents(&w, r);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}
