#include <stdio.h>
#include <stdlib.h>

#include "document_priv.h"
#include "hm_text.h"

const char *ev_origin_name(enum ev_origin origin)
{
    static const char *const names[] = {"published", "trust", "derived",
                                        "attached"};

    return names[origin];
}

hm_time ev_keep_until(hm_time issued)
{
    char text[HM_TIME_TEXT];
    char later[HM_TIME_TEXT + 32];
    hm_time until = HM_TIME_MAX;
    long year;

    hm_time_format(issued, text);
    year = strtol(text, NULL, 10) + 10;
    (void)snprintf(later, sizeof(later), "%04ld%s", year, text + 4);
    if (hm_time_parse(hm_bytes_str(later), &until, NULL) == HM_OK)
        return until;
    /* 29 February has no tenth birthday: the day after */
    (void)snprintf(later, sizeof(later), "%04ld-03-01%s", year, text + 10);
    if (hm_time_parse(hm_bytes_str(later), &until, NULL) == HM_OK)
        return until;
    return HM_TIME_MAX;
}

const char *const *ev_limitations(void)
{
    static const char *const list[] = {
        "Whether the product meets the Regulation is not judged here. The pack "
        "shows which means were chosen for which legal point, and what they "
        "show; the Regulation itself names neither signatures nor "
        "anti-rollback.",
        "Each document is judged as of the time that its signed manifest "
        "states. "
        "No independent clock or log confirms that time.",
        "What was attached is carried with its digest; its content was not "
        "examined.",
        "What is absent is absent: nothing is concluded from it.",
        "Signatures show that a key signed, not who held it. How keys were "
        "kept "
        "is shown only by what was handed in.",
        "The trust anchor is the root.json given when the pack was made. "
        "Compare "
        "its SHA-256 with the one your devices were provisioned with.",
        "The claims follow the closing table of a draft (version 0.1) as "
        "secondary sources give it; its final wording may differ.",
        "verify.sh repeats digests and signatures. What else was checked, such "
        "as "
        "that provenance names each artefact, is repeated by hallmark-evidence "
        "verify. That what a bill of materials says is true, neither can show.",
        NULL,
    };

    return list;
}

static void put_signatures(struct hm_json_writer *w, const char *key,
                           const struct ev_signatures *by)
{
    hm_json_open_array(w, key);
    for (size_t i = 0; i < by->n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "role", by->sig[i].role);
        hm_json_put_text(w, "keyid", by->sig[i].keyid);
        hm_json_put_text(w, "file", by->sig[i].file);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_findings(struct hm_json_writer *w,
                         const struct hm_finding *finding, size_t n)
{
    hm_json_open_array(w, "checks");
    for (size_t i = 0; i < n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "check", finding[i].check);
        hm_json_put_text(w, "result", hm_result_name(finding[i].result));
        hm_json_put_optional(w, "reason", finding[i].reason);
        hm_json_put_optional(w, "file", finding[i].file);
        hm_json_put_optional(w, "text", finding[i].text);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_advisories(struct hm_json_writer *w,
                           const struct ev_document *d)
{
    hm_json_open_array(w, "advisories");
    for (size_t i = 0; i < d->manifest.advisories_n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "id", d->manifest.advisories[i].id);
        hm_json_put_text(w, "severity",
                         hm_severity_name(d->manifest.advisories[i].severity));
        hm_json_put_optional(w, "url", d->manifest.advisories[i].url);
        hm_json_put_optional(w, "action", d->manifest.advisories[i].action);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_statements(struct hm_json_writer *w,
                           const struct ev_document *d)
{
    hm_json_open_array(w, "statements");
    for (size_t i = 0; i < d->n_statement; i++) {
        const struct ev_statement *s = &d->statement[i];

        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "file", s->file);
        hm_json_put_uint(w, "signature_number", s->number);
        hm_json_put_text(w, "payload", s->payload);
        hm_json_put_text(w, "signature", s->by.file);
        hm_json_put_text(w, "role", s->by.role);
        hm_json_put_text(w, "keyid", s->by.keyid);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_document(struct hm_json_writer *w, const struct ev_document *d)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "folder", d->folder);
    hm_json_put_text(w, "version", d->manifest.version.text);
    hm_json_put_optional(w, "label", d->manifest.label);
    hm_json_put_uint(w, "epoch", d->manifest.epoch);
    hm_json_put_uint(w, "sequence", d->manifest.sequence);
    hm_json_put_uint(w, "rollback_counter", d->manifest.rollback_counter);
    hm_json_put_uint(w, "authorisation_sequence", d->authorisation.sequence);
    hm_json_put_time(w, "timestamp", d->manifest.timestamp);
    hm_json_put_time(w, "expires", d->manifest.expires);
    hm_json_put_text(w, "update_type",
                     hm_update_type_name(d->manifest.update_type));
    hm_json_put_text(w, "severity", hm_severity_name(d->manifest.severity));
    if (d->is_release)
        hm_json_put_time(w, "keep_until", ev_keep_until(d->manifest.timestamp));
    put_advisories(w, d);
    put_signatures(w, "authorisation_signatures", &d->by_root);
    put_signatures(w, "manifest_signatures", &d->by_vendor);
    if (d->is_release)
        put_statements(w, d);
    hm_json_open_array(w, "withheld");
    for (size_t i = 0; i < d->withheld.n; i++)
        hm_json_put_text(w, NULL, d->withheld.name[i]);
    hm_json_close_array(w);
    hm_json_put_time(w, "judged_as_of", d->manifest.timestamp);
    put_findings(w, d->findings.finding, d->findings.n);
    hm_json_close_object(w);
}

static void put_documents(struct hm_json_writer *w, const char *key,
                          const struct ev_document *d, size_t n)
{
    hm_json_open_array(w, key);
    for (size_t i = 0; i < n; i++)
        put_document(w, &d[i]);
    hm_json_close_array(w);
}

static void put_key(struct hm_json_writer *w, const struct ev_key *k)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "keyid", k->keyid);
    hm_json_put_text(w, "role", k->role);
    hm_json_put_text(w, "scheme", k->scheme);
    hm_json_put_optional(w, "name", k->name);
    if (k->first_sequence != 0) {
        hm_json_put_time(w, "valid_from", k->valid_from);
        hm_json_put_time(w, "valid_until", k->valid_until);
        hm_json_put_uint(w, "first_authorisation", k->first_sequence);
        hm_json_put_uint(w, "last_authorisation", k->last_sequence);
    }
    if (k->retired_sequence != 0) {
        hm_json_put_uint(w, "retired_by_authorisation", k->retired_sequence);
        hm_json_put_time(w, "retired_since", k->retired_since);
        hm_json_put_text(w, "retired_reason", ev_retired_word(k));
    }
    hm_json_close_object(w);
}

static void put_row(struct hm_json_writer *w, const struct ev_content *c,
                    const struct ev_row *row)
{
    char sha256[HM_SHA256_HEX];

    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "id", row->item->id);
    hm_json_put_text(w, "title", row->item->title);
    hm_json_put_text(w, "status", hm_evidence_status_name(row->status));
    hm_json_put_optional(w, "reason", row->reason);
    hm_json_put_optional(w, "detail", row->detail);
    hm_json_put_optional(w, "attach", row->item->kind);
    if (row->item->checks) {
        hm_json_put_text(w, "checks", row->item->checks);
        hm_json_put_uint(w, "passed", row->passed);
    }
    hm_json_open_array(w, "files");
    for (size_t i = 0; i < row->files.n; i++) {
        const struct ev_entry *f = ev_pack_find(c->pack, row->files.name[i]);

        hm_hex_write((struct hm_bytes){f->digests.sha256, HM_SHA256_SIZE},
                     sha256);
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "name", f->name);
        hm_json_put_text(w, "sha256", sha256);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
    hm_json_close_object(w);
}

static void put_claim(struct hm_json_writer *w, const struct ev_content *c,
                      const struct ev_verdict *v)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "id", v->claim->id);
    hm_json_put_text(w, "claim", v->claim->title);
    hm_json_put_text(w, "status", hm_evidence_status_name(ev_weakest(v)));
    hm_json_open_array(w, "means_chosen_for");
    for (const struct ev_law *law = v->claim->law; law->point; law++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "point", law->point);
        hm_json_put_text(w, "about", law->about);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
    hm_json_open_array(w, "evidence");
    for (size_t i = 0; i < v->n; i++)
        put_row(w, c, &v->row[i]);
    hm_json_close_array(w);
    hm_json_close_object(w);
}

static void put_files(struct hm_json_writer *w, const struct ev_pack *pack)
{
    hm_json_open_array(w, "files");
    for (size_t i = 0; i < pack->n; i++) {
        const struct ev_entry *f = &pack->entry[i];

        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "name", f->name);
        hm_json_put_text(w, "origin", ev_origin_name(f->origin));
        hm_json_put_uint(w, "size", f->digests.size);
        hm_json_put_hex(w, "sha256",
                        (struct hm_bytes){f->digests.sha256, HM_SHA256_SIZE});
        hm_json_put_hex(w, "sha512",
                        (struct hm_bytes){f->digests.sha512, HM_SHA512_SIZE});
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_sources(struct hm_json_writer *w)
{
    hm_json_open_object(w, "law");
    hm_json_put_text(w, "title", EV_LAW_TITLE);
    hm_json_put_text(w, "eli", EV_LAW_ELI);
    hm_json_put_text(w, "text_of", EV_LAW_DATE);
    hm_json_close_object(w);
    hm_json_open_object(w, "guide");
    hm_json_put_text(w, "title", EV_GUIDE_TITLE);
    hm_json_put_text(w, "text_of", EV_GUIDE_DATE);
    hm_json_put_text(w, "version", "0.1 (draft)");
    hm_json_close_object(w);
}

hm_rc ev_write_index(const struct ev_content *c, struct hm_buf *out,
                     struct hm_err *e)
{
    const struct ev_facts *facts = c->facts;
    struct hm_json_writer w;

    hm_json_begin(&w, out, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_EVIDENCE_FORMAT);
    hm_json_put_text(&w, "vendor", ev_vendor(facts));
    hm_json_put_text(&w, "product", ev_product(facts));
    hm_json_put_time(&w, "as_of", facts->as_of);
    hm_json_put_hex(&w, "root_sha256",
                    (struct hm_bytes){facts->root.sha256, HM_SHA256_SIZE});
    put_sources(&w);
    hm_json_open_array(&w, "claims");
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        put_claim(&w, c, &c->verdicts->claim[i]);
    hm_json_close_array(&w);
    put_documents(&w, "releases", facts->release, facts->n_release);
    put_documents(&w, "served", facts->served, facts->n_served);
    hm_json_open_object(&w, "history");
    put_findings(&w, facts->findings.finding, facts->findings.n);
    hm_json_close_object(&w);
    hm_json_open_array(&w, "keys");
    for (size_t i = 0; i < facts->n_key; i++)
        put_key(&w, &facts->key[i]);
    hm_json_close_array(&w);
    put_files(&w, c->pack);
    hm_json_open_array(&w, "limitations");
    for (const char *const *line = ev_limitations(); *line; line++)
        hm_json_put_text(&w, NULL, *line);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}
