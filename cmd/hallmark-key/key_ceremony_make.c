#include <stdio.h>

#include "key_ceremony_priv.h"

static struct {
    const char *root;
    const char *authorisation;
    const char *request;
    const char *from;
    const char *by;
    const char *why;
    const char *skip_reason;
    struct hm_cli_list who;
    struct hm_cli_list evidence;
    const char *issue_time;
    const char *output;
    bool force;
    bool dry_run;
} opt;

const struct hm_opt key_ceremony_make_opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "FILE", "root.json"},
    {"authorisation", 'a', HM_OPT_VALUE, true, &opt.authorisation, "FILE",
     "the one that came into force, with its signatures"},
    {"request", 0, HM_OPT_VALUE, false, &opt.request, "FILE",
     "what was asked for; without it the next four"},
    {"from", 0, HM_OPT_VALUE, false, &opt.from, "FILE",
     "the authorisation before, with its signatures (none: this is the first)"},
    {"by", 0, HM_OPT_VALUE, false, &opt.by, "NAME", "who asked for it"},
    {"why", 0, HM_OPT_VALUE, false, &opt.why, "TEXT",
     "the ticket or the reason"},
    {"skip-reason", 0, HM_OPT_VALUE, false, &opt.skip_reason, "TEXT",
     "why the sequence skips numbers"},
    {"who", 'w', HM_OPT_LIST, true, &opt.who, "NAME=PEM|KEYID",
     "who held a root key that signed, or a key that is added"},
    {"evidence", 'e', HM_OPT_LIST, false, &opt.evidence, "FILE",
     "what 'hallmark-sign --evidence' or 'show --json' said of such a key"},
    {"issue-time", 0, HM_OPT_VALUE, false, &opt.issue_time, "TIME",
     "time of the ceremony (default: the clock)"},
    {"output", 'o', HM_OPT_PLACE, true, &opt.output, "FILE",
     "write the record; its signatures go beside it"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace FILE and its signatures when they are there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check everything, write nothing"},
    HM_OPT_END,
};

/* --- what was asked for ---------------------------------------------------------- */

HM_MUST static hm_rc check_call(struct hm_err *e)
{
    const bool has_words = opt.from != NULL || opt.by != NULL ||
                           opt.why != NULL || opt.skip_reason != NULL;

    if (opt.request != NULL && has_words)
        return hm_fail(e, HM_E_USAGE, "key.ceremony.option",
                       "--request says it all: it goes with none of --from, "
                       "--by, --why and --skip-reason");
    if (opt.request == NULL && (opt.by == NULL || opt.why == NULL))
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "expected --request FILE, or --by NAME and --why TEXT");
    return HM_OK;
}

HM_MUST static hm_rc take_text(const char *option, const char *from, char *to,
                               struct hm_err *e)
{
    if (from == NULL)
        return HM_OK;
    if (snprintf(to, HM_REQUEST_TEXT, "%s", from) < HM_REQUEST_TEXT)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.prepare.text",
                   "--%s has %zu bytes, at most %d are taken", option,
                   strlen(from), HM_REQUEST_TEXT - 1);
}

/* An act without a request, as authorise, rotate and revoke do it. */
HM_MUST static hm_rc take_files(struct key_ceremony *k, struct hm_err *e)
{
    struct hm_request *r = &k->asked->request;

    HM_TRY(hm_root_load(&k->asked->root, opt.root, NULL, e));
    HM_TRY(key_ceremony_load(k, opt.authorisation, opt.from, e));
    r->act = HM_ACT_FIND;
    HM_TRY(take_text("by", opt.by, r->by, e));
    HM_TRY(take_text("why", opt.why, r->why, e));
    HM_TRY(take_text("skip-reason", opt.skip_reason, r->skip_reason, e));
    HM_TRY(hm_request_make(r, &k->asked->root, e));
    r->requested = r->next.issued;
    return HM_OK;
}

HM_MUST static hm_rc take_request(struct key_ceremony *k, struct hm_err *e)
{
    HM_OWN(hm_buf) asked = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    struct hm_request *r = &k->asked->request;

    HM_TRY(key_asked_load(k->asked, opt.request, opt.root, e));
    hm_buf_move(&asked, &r->document);
    HM_TRY(key_ceremony_load(k, opt.authorisation, NULL, e));
    if (hm_bytes_eq(hm_buf_view(&asked), hm_buf_view(&r->document)))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "ceremony.after.differs",
                           "'%s' is not the authorisation that '%s' asks for",
                           hm_show_str(opt.authorisation),
                           hm_show_str(opt.request)),
                   "name the one that 'hallmark-key apply' wrote");
}

/* --- who took part ---------------------------------------------------------------- */

HM_MUST static hm_rc take_names(struct hm_ceremony *c, struct hm_err *e)
{
    for (size_t i = 0; i < opt.who.n; i++) {
        char who[HM_TRUST_TEXT];
        char keyid[HM_SHA256_HEX];
        const char *rest = NULL;

        HM_TRY(key_pair_split("who", opt.who.value[i], who, &rest, e));
        HM_TRY(key_id_find(rest, keyid, e));
        HM_TRY(hm_as_usage(e, hm_ceremony_name(c, keyid, who, e)));
    }
    return HM_OK;
}

HM_MUST static hm_rc take_evidence(struct hm_ceremony *c, const char *path,
                                   struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_SIGNER_BYTES_MAX);
    struct hm_signer signer;

    HM_TRY(hm_cli_input(path, &text, e));
    HM_TRY(hm_signer_read(&signer, hm_buf_view(&text), e));
    return hm_ceremony_attach(c, &signer, e);
}

HM_MUST static hm_rc take_all_evidence(struct hm_ceremony *c, struct hm_err *e)
{
    for (size_t i = 0; i < opt.evidence.n; i++) {
        const char *path = opt.evidence.value[i];
        const hm_rc rc = hm_context(e, take_evidence(c, path, e),
                                    "evidence '%s'", hm_show_str(path));

        HM_TRY(hm_hint(e, hm_as_usage(e, rc),
                       "'hallmark-sign --evidence FILE' writes it when it "
                       "signs, and 'hallmark-key show URI --pin SOURCE --json' "
                       "prints it"));
    }
    return HM_OK;
}

/* --- the result --------------------------------------------------------------------- */

static void say(const struct hm_cli *cli, const struct hm_ceremony *c)
{
    hm_cli_say(cli, "%s %s: %s, authorisation %llu of '%s'; to be signed by:",
               opt.dry_run ? "would write" : "wrote", hm_show_str(opt.output),
               hm_request_act_name(c->act),
               (unsigned long long)c->after.sequence, c->vendor);
    for (size_t i = 0; i < c->part_n; i++)
        hm_cli_say(cli, "  %.16s %s, held by %s%s", c->part[i].keyid,
                   i < c->root_n ? "root" : hm_role_name(c->part[i].role),
                   hm_show_str(c->part[i].who),
                   c->part[i].has_evidence ? "" : "; evidence: absent");
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_ceremony *c,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    say(cli, c);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "path", opt.output);
    hm_json_put_bool(&w, "written", !opt.dry_run);
    hm_json_put_text(&w, "act", hm_request_act_name(c->act));
    hm_json_put_uint(&w, "sequence", c->after.sequence);
    hm_json_open_array(&w, "signers");
    for (size_t i = 0; i < c->part_n; i++)
        hm_json_put_text(&w, NULL, c->part[i].keyid);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc save(struct hm_bytes text, struct hm_err *e)
{
    static const struct hm_signatures none = HM_SIGNATURES_INIT;
    const char *const read[] = {opt.root, opt.authorisation, opt.request,
                                opt.from};

    HM_TRY(key_output_keeps(opt.output, read, sizeof(read) / sizeof(*read), e));
    HM_TRY(key_output_keeps(opt.output, opt.evidence.value, opt.evidence.n, e));
    return opt.dry_run ? hm_signed_check(opt.output, opt.force, e)
                       : hm_signed_save(opt.output, text, &none, opt.force, e);
}

hm_rc key_ceremony_make_run(struct hm_cli *cli, struct hm_err *e)
{
    OWN_KEY_CEREMONY *k = key_ceremony_new();
    struct hm_ceremony *c = NULL;

    if (k == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for a record");
    c = &k->made;
    HM_TRY(check_call(e));
    HM_TRY(opt.request != NULL ? take_request(k, e) : take_files(k, e));
    HM_TRY(hm_ceremony_make(c, &k->asked->request, &k->asked->root,
                            &k->asked->given, e));
    HM_TRY(take_names(c, e));
    HM_TRY(take_all_evidence(c, e));
    HM_TRY(hm_time_act(opt.issue_time, k->asked->request.next.issued, &c->time,
                       e));
    HM_TRY(hm_as_usage(e, hm_ceremony_write(c, &k->text, e)));
    HM_TRY(save(hm_buf_view(&k->text), e));
    return report(cli, c, e);
}
