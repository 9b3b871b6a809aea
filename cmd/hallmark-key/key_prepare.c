#include <stdio.h>

#include "hm_incident.h"
#include "key_priv.h"

/* The fields that a person gave. */
HM_MUST static hm_rc take_text(const char *option, const char *from, char *to,
                               struct hm_err *e)
{
    if (strlen(from) >= HM_REQUEST_TEXT)
        return hm_fail(e, HM_E_USAGE, "key.prepare.text",
                       "--%s has %zu bytes, at most %d are taken", option,
                       strlen(from), HM_REQUEST_TEXT - 1);
    memcpy(to, from, strlen(from) + 1);
    return HM_OK;
}

HM_MUST static hm_rc fill(const struct key_change *c, struct key_next *w,
                          struct hm_request *r, struct hm_err *e)
{
    r->act = c->act;
    HM_TRY(take_text("by", c->by, r->by, e));
    HM_TRY(take_text("why", c->why, r->why, e));
    if (c->skip_reason != NULL)
        HM_TRY(take_text("skip-reason", c->skip_reason, r->skip_reason, e));
    r->requested = w->a.issued;
    HM_TRY(hm_authorisation_write(&w->a, &r->document, e));
    hm_buf_move(&r->before, &w->before);
    for (size_t i = 0; i < w->signatures.n; i++)
        HM_TRY(hm_signatures_add(&r->signatures, w->signatures.sig[i].name,
                                 hm_buf_view(&w->signatures.sig[i].bytes), e));
    return HM_OK;
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct key_change *c,
                            const struct key_asked *asked, struct hm_err *e)
{
    const struct hm_request *r = &asked->request;
    struct hm_json_writer w;

    hm_cli_say(cli,
               "%s %s: %s, authorisation %llu, %zu changes; %u of %zu root "
               "keys must sign",
               c->dry_run ? "would write" : "wrote", hm_show_str(c->output),
               hm_request_act_name(r->act),
               (unsigned long long)r->next.sequence, r->changes.n,
               asked->root.threshold, asked->root.n);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "path", c->output);
    hm_json_put_bool(&w, "written", !c->dry_run);
    hm_json_put_text(&w, "act", hm_request_act_name(r->act));
    hm_json_put_uint(&w, "sequence", r->next.sequence);
    hm_json_put_uint(&w, "changes", r->changes.n);
    hm_json_put_uint(&w, "careful", r->careful.n);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc make(const struct key_change *c, struct key_next *w,
                          struct key_asked *asked, struct hm_buf *text,
                          struct hm_err *e)
{
    HM_TRY(key_next_make(c, w, e));
    HM_TRY(fill(c, w, &asked->request, e));
    HM_TRY(hm_root_load(&asked->root, c->root, NULL, e));
    HM_TRY(hm_as_usage(e, hm_request_make(&asked->request, &asked->root, e)));
    return hm_request_write(&asked->request, &asked->root, text, e);
}

/* Both files or neither, as far as one can know before. */
HM_MUST static hm_rc save(const struct key_change *c, struct hm_bytes text,
                          struct hm_bytes record, struct hm_err *e)
{
    HM_TRY(hm_cli_output_check(c->output, c->force, e));
    HM_TRY(key_incident_save(c, record, e));
    return hm_cli_output(c->output, text, c->force, e);
}

hm_rc key_prepare(struct hm_cli *cli, const struct key_change *c,
                  struct hm_err *e)
{
    OWN_KEY_NEXT *w = key_next_new();
    OWN_KEY_ASKED *asked = key_asked_new();
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    HM_OWN(hm_buf) record = HM_BUF_INIT(HM_INCIDENT_BYTES_MAX);
    struct key_step step;

    if (w == NULL || asked == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for a request");
    HM_TRY(make(c, w, asked, &text, e));
    step = (struct key_step){&asked->root, hm_buf_view(&asked->request.before),
                             hm_buf_view(&asked->request.document)};
    HM_TRY(key_incident(cli, c, &step, &record, e));
    key_warn_ends(cli, &asked->request.next);
    for (size_t i = 0; i < asked->request.careful.n; i++)
        hm_cli_warn(cli, "%s", asked->request.careful.name[i]);
    if (!c->dry_run)
        HM_TRY(save(c, hm_buf_view(&text), hm_buf_view(&record), e));
    return report(cli, c, asked, e);
}
