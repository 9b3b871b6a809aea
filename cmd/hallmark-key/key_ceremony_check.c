#include "key_ceremony_priv.h"

static struct {
    const char *root;
    const char *authorisation;
    const char *from;
} opt;

const struct hm_opt key_ceremony_check_opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "FILE",
     "root.json, from where you trust it"},
    {"authorisation", 'a', HM_OPT_VALUE, true, &opt.authorisation, "FILE",
     "the one that came into force, with its signatures"},
    {"from", 0, HM_OPT_VALUE, false, &opt.from, "FILE",
     "the authorisation before, with its signatures (none: it is the first)"},
    HM_OPT_END,
};

/* --- held against its documents ---------------------------------------------------- */

/* What only the record says of them, as a request would have said it. */
static void take_words(const struct hm_ceremony *said, struct hm_request *r)
{
    r->act = said->act;
    r->requested = said->requested;
    memcpy(r->by, said->by, sizeof(r->by));
    memcpy(r->why, said->why, sizeof(r->why));
    memcpy(r->skip_reason, said->skip_reason, sizeof(r->skip_reason));
}

HM_MUST static hm_rc compare(struct key_ceremony *k, struct hm_err *e)
{
    struct hm_request *r = &k->asked->request;
    const struct hm_root *root = &k->asked->root;

    HM_TRY(hm_ceremony_check_root(&k->said, root, e));
    if (k->said.has_before && opt.from == NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "there was an authorisation before (%llu): name it with "
                       "--from FILE",
                       (unsigned long long)k->said.before.sequence);
    HM_TRY(key_ceremony_load(k, opt.authorisation, opt.from, e));
    HM_TRY(hm_ceremony_check_files(&k->said, hm_buf_view(&r->document),
                                   hm_buf_view(&r->before), e));
    take_words(&k->said, r);
    HM_TRY(hm_request_make(r, root, e));
    HM_TRY(hm_ceremony_make(&k->made, r, root, &k->asked->given, e));
    return hm_ceremony_compare(&k->said, &k->made, e);
}

/* Nothing of the record is read before root keys are seen to have signed it. */
HM_MUST static hm_rc load(struct key_ceremony *k, const char *path,
                          struct hm_err *e)
{
    hm_rc rc;

    HM_TRY(hm_root_load(&k->asked->root, opt.root, NULL, e));
    rc = key_signed_load(path, &k->text, &k->sigs, e);
    if (rc == HM_OK)
        rc = hm_ceremony_verify(&k->asked->root, hm_buf_view(&k->text),
                                &k->sigs, &k->by_root, e);
    if (rc == HM_OK)
        rc = hm_ceremony_read(&k->said, hm_buf_view(&k->text), e);
    return hm_context(e, rc, "record '%s'", hm_show_str(path));
}

/* --- the result --------------------------------------------------------------------- */

static bool has_signed(const struct key_ceremony *k,
                       const struct hm_ceremony_part *part)
{
    return hm_ceremony_has_signed(
        hm_ceremony_is_added(&k->said, part) ? &k->by_added : &k->by_root,
        part->keyid);
}

static const char *role_of(const struct hm_ceremony *c,
                           const struct hm_ceremony_part *part)
{
    return hm_ceremony_is_added(c, part) ? hm_role_name(part->role) : "root";
}

static void say_evidence(const struct hm_cli *cli, const struct hm_signer *s)
{
    char hex[HM_SHA256_HEX];
    char claims[400];

    hm_hex_write((struct hm_bytes){s->module_sha256, sizeof(s->module_sha256)},
                 hex);
    hm_signer_show_claims(s, claims, sizeof(claims));
    hm_cli_say(cli, "           %s, %s",
               hm_show_str(s->text[HM_SIGNER_LIBRARY]),
               hm_show_str(s->text[HM_SIGNER_MODULE]));
    hm_cli_say(cli, "           module sha256 %s", hex);
    hm_cli_say(cli, "           token '%s', serial %s, %s, firmware %s",
               hm_show_str(s->text[HM_SIGNER_LABEL]),
               hm_show_str(s->text[HM_SIGNER_SERIAL]),
               hm_show_str(s->text[HM_SIGNER_MODEL]),
               hm_show_str(s->text[HM_SIGNER_FIRMWARE]));
    hm_cli_say(cli, "           claimed: %s", claims);
}

static void say_part(const struct hm_cli *cli, const struct hm_ceremony *c,
                     const struct hm_ceremony_part *part, bool did_sign)
{
    hm_cli_say(cli, "  %-8s %.16s %s, held by %s",
               did_sign ? "signed" : "missing", part->keyid, role_of(c, part),
               hm_show_str(part->who));
    if (part->has_evidence)
        say_evidence(cli, &part->evidence);
    else
        hm_cli_say(cli, "           evidence of its token: absent");
}

static void say_act(const struct hm_cli *cli, const struct hm_ceremony *c)
{
    hm_cli_say(cli, "%s of %s, asked for by %s at %s",
               hm_request_act_name(c->act), hm_time_show(c->time),
               hm_show_str(c->by), hm_time_show(c->requested));
    hm_cli_say(cli, "because: %s", hm_show_str(c->why));
    if (c->skipped > 0)
        hm_cli_say(cli, "%llu numbers are skipped because: %s",
                   (unsigned long long)c->skipped, hm_show_str(c->skip_reason));
    if (c->has_before)
        hm_cli_say(cli, "authorisation %llu of '%s' took the place of %llu",
                   (unsigned long long)c->after.sequence, c->vendor,
                   (unsigned long long)c->before.sequence);
    else
        hm_cli_say(cli, "authorisation %llu of '%s' is the first",
                   (unsigned long long)c->after.sequence, c->vendor);
    for (size_t i = 0; i < c->retired_n; i++)
        hm_cli_say(cli, "  retired  %.16s as %s", c->retired[i].keyid,
                   hm_retire_name(c->retired[i].reason));
}

static void put_gap(struct hm_json_writer *w, const char *keyid,
                    const char *missing)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "keyid", keyid);
    hm_json_put_text(w, "missing", missing);
    hm_json_close_object(w);
}

/* What is not shown: not always a no. */
static void put_gaps(struct hm_json_writer *w, const struct key_ceremony *k)
{
    hm_json_open_array(w, "gaps");
    for (size_t i = 0; i < k->said.part_n; i++) {
        const struct hm_ceremony_part *part = &k->said.part[i];

        if (!has_signed(k, part))
            put_gap(w, part->keyid, "signature");
        if (!part->has_evidence)
            put_gap(w, part->keyid, "evidence");
    }
    hm_json_close_array(w);
}

static void put_part(struct hm_json_writer *w, const struct key_ceremony *k,
                     const struct hm_ceremony_part *part)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "who", part->who);
    hm_json_put_text(w, "keyid", part->keyid);
    hm_json_put_text(w, "role", role_of(&k->said, part));
    hm_json_put_bool(w, "signed", has_signed(k, part));
    hm_json_put_bool(w, "evidence", part->has_evidence);
    hm_json_close_object(w);
}

static void say_verdict(const struct hm_cli *cli, const struct key_ceremony *k)
{
    hm_cli_say(cli,
               "it says what the authorisations say; %zu root keys signed it, "
               "%u must%s",
               k->by_root.n, k->asked->root.threshold,
               k->said.part_n == k->said.root_n
                   ? ""
                   : "; every key that was added signed it too");
}

/* The verdict stays what it is, however telling it goes. */
HM_MUST static hm_rc report(struct hm_cli *cli, const struct key_ceremony *k,
                            hm_rc verdict, struct hm_err *e)
{
    const struct hm_ceremony *c = &k->said;
    struct hm_json_writer w;
    hm_rc rc;

    say_act(cli, c);
    hm_cli_result(cli, &w, verdict == HM_OK);
    hm_json_put_text(&w, "act", hm_request_act_name(c->act));
    hm_json_put_time(&w, "time", c->time);
    hm_json_put_uint(&w, "sequence", c->after.sequence);
    hm_json_open_array(&w, "signers");
    for (size_t i = 0; i < c->part_n; i++) {
        say_part(cli, c, &c->part[i], has_signed(k, &c->part[i]));
        put_part(&w, k, &c->part[i]);
    }
    hm_json_close_array(&w);
    if (verdict == HM_OK)
        say_verdict(cli, k);
    put_gaps(&w, k);
    hm_json_close_object(&w);
    rc = hm_json_finish(&w, verdict == HM_OK ? e : NULL);
    return verdict == HM_OK ? rc : verdict;
}

hm_rc key_ceremony_check_run(struct hm_cli *cli, struct hm_err *e)
{
    OWN_KEY_CEREMONY *k = key_ceremony_new();
    hm_rc rc;

    if (k == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for a record");
    HM_TRY(load(k, cli->argv[0], e));
    HM_TRY(compare(k, e));
    rc = hm_ceremony_prove(&k->said, &k->asked->request.next,
                           hm_buf_view(&k->text), &k->sigs, &k->by_added, e);
    if (rc != HM_OK && rc != HM_E_REJECTED)
        return rc;
    return report(cli, k, rc, e);
}
