#include "ceremony_priv.h"

static void put_side(struct hm_json_writer *w, const char *name,
                     const struct hm_ceremony_side *side)
{
    hm_json_open_object(w, name);
    hm_json_put_uint(w, "sequence", side->sequence);
    hm_json_put_hex(w, "sha256",
                    (struct hm_bytes){side->sha256, sizeof(side->sha256)});
    hm_json_close_object(w);
}

static void put_part(struct hm_json_writer *w, const struct hm_ceremony *c,
                     const struct hm_ceremony_part *part)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "who", part->who);
    hm_json_put_text(w, "keyid", part->keyid);
    if (hm_ceremony_is_added(c, part))
        hm_json_put_text(w, "role", hm_role_name(part->role));
    ceremony_put_evidence(w, part);
    hm_json_close_object(w);
}

static void put_parts(struct hm_json_writer *w, const struct hm_ceremony *c)
{
    hm_json_open_array(w, "root");
    for (size_t i = 0; i < c->root_n; i++)
        put_part(w, c, &c->part[i]);
    hm_json_close_array(w);
    hm_json_open_array(w, "added");
    for (size_t i = c->root_n; i < c->part_n; i++)
        put_part(w, c, &c->part[i]);
    hm_json_close_array(w);
}

static void put_retired(struct hm_json_writer *w, const struct hm_ceremony *c)
{
    hm_json_open_array(w, "retired");
    for (size_t i = 0; i < c->retired_n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "keyid", c->retired[i].keyid);
        hm_json_put_text(w, "reason", hm_retire_name(c->retired[i].reason));
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_forced(struct hm_json_writer *w, const struct hm_ceremony *c)
{
    if (c->skipped == 0)
        return;
    hm_json_open_object(w, "forced");
    hm_json_put_uint(w, "skipped", c->skipped);
    hm_json_put_text(w, "reason", c->skip_reason);
    hm_json_close_object(w);
}

HM_MUST static hm_rc put(const struct hm_ceremony *c, struct hm_buf *to,
                         struct hm_err *e)
{
    struct hm_json_writer w;

    hm_json_begin(&w, to, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_CEREMONY_FORMAT);
    hm_json_put_text(&w, "vendor", c->vendor);
    hm_json_put_text(&w, "act", hm_request_act_name(c->act));
    hm_json_put_text(&w, "by", c->by);
    hm_json_put_text(&w, "why", c->why);
    hm_json_put_time(&w, "requested", c->requested);
    hm_json_put_time(&w, "time", c->time);
    hm_json_put_hex(&w, "root_sha256",
                    (struct hm_bytes){c->root_sha256, sizeof(c->root_sha256)});
    if (c->has_before)
        put_side(&w, "before", &c->before);
    put_side(&w, "after", &c->after);
    put_forced(&w, c);
    put_parts(&w, c);
    put_retired(&w, c);
    hm_json_put_text(&w, "tool", c->tool);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc check_names(const struct hm_ceremony *c, struct hm_err *e)
{
    for (size_t i = 0; i < c->part_n; i++)
        if (c->part[i].who[0] == '\0')
            return hm_hint(e,
                           hm_fail(e, HM_E_REJECTED, "ceremony.who.missing",
                                   "nobody is named as the holder of %s %s",
                                   i < c->root_n ? "root key" : "key",
                                   c->part[i].keyid),
                           "say who held it: --who NAME=KEYID");
    return HM_OK;
}

hm_rc hm_ceremony_write(const struct hm_ceremony *c, struct hm_buf *to,
                        struct hm_err *e)
{
    hm_rc rc;

    hm_buf_clear(to);
    HM_TRY(check_names(c, e));
    HM_TRY(ceremony_check(c, e));
    rc = put(c, to, e);
    if (rc != HM_OK)
        hm_buf_clear(to);
    return rc;
}
