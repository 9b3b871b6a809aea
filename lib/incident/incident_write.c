#include "hm_incident.h"

#define HOUR ((hm_time)3600)

static void put_key(struct hm_json_writer *w, const struct hm_retired_key *key)
{
    const struct hm_authorised_key *k = &key->entry;

    hm_json_open_object(w, "key");
    hm_json_put_text(w, "keyid", k->key.key.keyid);
    hm_json_put_text(w, "scheme", k->key.scheme);
    hm_json_put_text(w, "role", hm_role_name(k->role));
    hm_json_open_array(w, "products");
    for (size_t i = 0; i < k->products_n; i++)
        hm_json_put_text(w, NULL, k->products[i]);
    hm_json_close_array(w);
    hm_json_put_time(w, "valid_from", k->valid_from);
    hm_json_put_time(w, "valid_until", k->valid_until);
    hm_json_put_text(w, "token", k->token.token);
    hm_json_put_text(w, "protection", k->token.protection);
    hm_json_put_text(w, "reason", hm_retire_name(key->reason));
    hm_json_put_time(w, "since", key->since);
    hm_json_close_object(w);
}

/* What Art. 14(4) counts from becoming aware; whether the event is one that it
 * means is for people to decide. */
static void put_deadlines(struct hm_json_writer *w, hm_time aware)
{
    hm_json_open_object(w, "reporting");
    hm_json_put_text(w, "basis",
                     "Regulation (EU) 2024/2847, Article 14(3) and (4), if the "
                     "incident is severe; a manufacturer decides that");
    hm_json_put_time(w, "aware", aware);
    hm_json_put_time(w, "early_warning_24h", aware + 24 * HOUR);
    hm_json_put_time(w, "notification_72h", aware + 72 * HOUR);
    hm_json_close_object(w);
}

static void put_authorisation(struct hm_json_writer *w, const char *name,
                              const struct hm_authorisation *a)
{
    hm_json_open_object(w, name);
    hm_json_put_uint(w, "sequence", a->sequence);
    hm_json_put_time(w, "issued", a->issued);
    hm_json_put_hex(w, "sha256",
                    (struct hm_bytes){a->sha256, sizeof(a->sha256)});
    hm_json_close_object(w);
}

static void put_touched(struct hm_json_writer *w,
                        const struct hm_touched_list *list)
{
    hm_json_open_array(w, "touched");
    for (size_t i = 0; i < list->n; i++) {
        const struct hm_touched *t = &list->touched[i];

        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "name", t->name);
        hm_json_put_text(w, "kind",
                         t->kind == HM_TOUCHED_MANIFEST ? "manifest"
                                                        : "attestation");
        hm_json_put_text(w, "version", t->version.text);
        if (t->timestamp != 0)
            hm_json_put_time(w, "timestamp", t->timestamp);
        hm_json_put_bool(w, "served", t->is_served);
        hm_json_put_bool(w, "after_since", t->is_after);
        hm_json_put_bool(w, "still_stands", t->still_stands);
        hm_json_put_optional(w, "to_do", hm_touched_advice(t));
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_cohorts(struct hm_json_writer *w, const struct hm_incident *i)
{
    hm_json_open_array(w, "cohorts");
    for (size_t k = 0; k < i->cohorts.n; k++) {
        const struct hm_cohort *c = &i->cohorts.cohort[k];
        const struct hm_cohort_verdict *v = &i->verdicts[k];

        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "name", c->name);
        if (c->devices > 0)
            hm_json_put_uint(w, "devices", c->devices);
        hm_json_put_bool(w, "reachable", v->check == HM_REHEARSE_YES);
        hm_json_put_optional(w, "check", hm_rehearse_check_name(v->check));
        hm_json_put_optional(w, "reason", v->reason);
        hm_json_put_optional(w, "text", v->text);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

hm_rc hm_incident_write(const struct hm_incident *incident, struct hm_buf *to,
                        struct hm_err *e)
{
    struct hm_json_writer w;

    hm_buf_clear(to);
    hm_json_begin(&w, to, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_INCIDENT_FORMAT);
    hm_json_put_text(&w, "vendor", incident->vendor);
    hm_json_put_optional(&w, "product", incident->product);
    hm_json_put_optional(&w, "by", incident->by);
    hm_json_put_optional(&w, "why", incident->why);
    put_key(&w, incident->key);
    put_deadlines(&w, incident->aware);
    put_authorisation(&w, "before", incident->last);
    put_authorisation(&w, "after", incident->next);
    put_touched(&w, &incident->touched);
    put_cohorts(&w, incident);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}
