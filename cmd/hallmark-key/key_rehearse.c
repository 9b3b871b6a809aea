#include <stdlib.h>

#include "hm_rehearse.h"
#include "key_priv.h"

static struct {
    const char *root;
    const char *authorisation;
    const char *request;
    const char *cohorts;
    const char *repository;
    struct hm_cli_list keys;
    const char *at;
    const char *output;
    bool force;
} opt;

const struct hm_opt key_rehearse_opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "FILE", "root.json"},
    {"cohorts", 'c', HM_OPT_VALUE, false, &opt.cohorts, "FILE",
     "states that devices are in, a hallmark-cohorts/1"},
    {"repository", 0, HM_OPT_VALUE, false, &opt.repository, "DIR",
     "take the states from what this repository ever served"},
    {"authorisation", 'a', HM_OPT_VALUE, false, &opt.authorisation, "FILE",
     "what will be served with it (default: the one in DIR)"},
    {"request", 0, HM_OPT_VALUE, false, &opt.request, "FILE",
     "an authorisation that is not signed yet, as prepare wrote it"},
    {"key", 0, HM_OPT_LIST, false, &opt.keys, "PEM|KEYID",
     "key that will sign (default: those that did, else all that may)"},
    {"at", 0, HM_OPT_VALUE, false, &opt.at, "TIME",
     "what right clocks will say (default: the clock)"},
    {"output", 'o', HM_OPT_OUTPUT, false, &opt.output, "PAGE.html",
     "write it as a page with a picture"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace PAGE.html when it is there"},
    HM_OPT_END,
};

/* All that a rehearsal works on; too large for a stack. */
struct rehearsal {
    struct hm_root root;       /* owned */
    struct hm_authorisation a; /* owned */
    struct hm_manifest m;      /* owned */
    struct hm_cohorts cohorts; /* owned */
    struct hm_offer offer;
    struct hm_cohort_verdict *verdicts; /* owned, one a cohort */
    size_t refusing;
};

static void rehearsal_free(struct rehearsal **r)
{
    if (*r == NULL)
        return;
    hm_root_clear(&(*r)->root);
    hm_authorisation_clear(&(*r)->a);
    hm_manifest_clear(&(*r)->m);
    hm_cohorts_clear(&(*r)->cohorts);
    free((*r)->verdicts);
    free(*r);
}

/* --- what is offered --------------------------------------------------------- */

/* A request is not signed yet: it is what the root keys are asked for. */
HM_MUST static hm_rc take_request(struct rehearsal *r, struct hm_err *e)
{
    OWN_KEY_ASKED *asked = key_asked_new();

    if (asked == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for a request");
    HM_TRY(key_asked_load(asked, opt.request, opt.root, e));
    return hm_authorisation_read(&r->a, hm_buf_view(&asked->request.document),
                                 e);
}

HM_MUST static hm_rc take_authorisation(struct rehearsal *r,
                                        const struct hm_dir *dir,
                                        struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_dir) named = HM_DIR_INIT;
    const char *name = "authorisation.json";

    if (opt.request != NULL)
        return take_request(r, e);
    if (opt.authorisation == NULL)
        return hm_authorisation_load(&r->a, &r->root, dir, name, &bytes, e);
    HM_TRY(key_folder_open(opt.authorisation, &named, &name, e));
    return hm_authorisation_load(&r->a, &r->root, &named, name, &bytes, e);
}

/* Who signed already is no guess. */
HM_MUST static hm_rc take_signers(struct rehearsal *r, const struct hm_dir *dir,
                                  struct hm_bytes manifest, struct hm_err *e)
{
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    struct hm_signers signers = {.n = 0};

    if (opt.keys.n > HM_REHEARSE_SIGNERS)
        return hm_fail(e, HM_E_USAGE, "key.option.number",
                       "--key is given more than %u times: that is how many "
                       "signatures are read",
                       HM_REHEARSE_SIGNERS);
    for (size_t i = 0; i < opt.keys.n; i++)
        HM_TRY(key_id_find(opt.keys.value[i],
                           r->offer.signer[r->offer.signers++], e));
    if (opt.keys.n > 0)
        return HM_OK;
    HM_TRY(hm_signatures_load(&sigs, dir, "manifest.json", e));
    if (sigs.n == 0) {
        hm_offer_assume_signers(&r->offer);
        return HM_OK;
    }
    HM_TRY(hm_authorisation_find_signers(&r->a, manifest, &sigs, &signers, e));
    for (size_t i = 0; i < signers.n; i++)
        memcpy(r->offer.signer[r->offer.signers++], signers.keyid[i],
               HM_SHA256_HEX);
    return HM_OK;
}

HM_MUST static hm_rc take_offer(struct rehearsal *r, const char *path,
                                struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_buf) manifest = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);

    hm_rc rc = hm_dir_open(&dir, path, e);

    if (rc == HM_OK)
        rc = hm_file_load_at(&dir, "manifest.json", &manifest, e);
    HM_TRY(hm_hint(e, rc,
                   "name a release directory: releases/VERSION of a "
                   "repository, or what hallmark-manifest make filled"));
    HM_TRY(hm_json_format(hm_buf_view(&manifest), HM_MANIFEST_FORMAT, e));
    HM_TRY(hm_manifest_read(&r->m, hm_buf_view(&manifest), e));
    HM_TRY(take_authorisation(r, &dir, e));
    HM_TRY(hm_authorisation_check_root(&r->a, &r->root, e));
    return take_signers(r, &dir, hm_buf_view(&manifest), e);
}

/* --- to whom ------------------------------------------------------------------- */

HM_MUST static hm_rc take_cohorts(struct rehearsal *r, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_COHORTS_BYTES_MAX);
    hm_rc rc;

    if (opt.repository != NULL)
        return hm_cohorts_from_history(&r->cohorts, opt.repository, &r->root,
                                       e);
    HM_TRY(hm_cli_input(opt.cohorts, &bytes, e));
    rc = hm_cohorts_read(&r->cohorts, hm_buf_view(&bytes), &r->root, e);
    return hm_as_usage(
        e, hm_context(e, rc, "cohorts '%s'", hm_show_str(opt.cohorts)));
}

HM_MUST static hm_rc judge(struct rehearsal *r, struct hm_err *e)
{
    if (r->cohorts.n == 0)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "rehearse.cohort.none",
                               "there is no cohort: nothing was rehearsed"),
                       "nothing was served yet: name states with --cohorts");
    r->verdicts = calloc(r->cohorts.n, sizeof(*r->verdicts));
    if (r->verdicts == NULL)
        return hm_fail(e, HM_E_NOMEM, "rehearse.cohort.nomem",
                       "out of memory for %zu verdicts", r->cohorts.n);
    for (size_t i = 0; i < r->cohorts.n; i++) {
        hm_cohort_judge(&r->cohorts.cohort[i], &r->offer, &r->verdicts[i]);
        r->refusing += r->verdicts[i].check != HM_REHEARSE_YES &&
                       !r->verdicts[i].is_installed;
    }
    return HM_OK;
}

/* --- said ------------------------------------------------------------------------ */

static void say_verdict(const struct hm_cli *cli, const struct hm_cohort *c,
                        const struct hm_cohort_verdict *v)
{
    const char *name = hm_show_str(c->name);

    if (v->is_installed)
        hm_cli_say(cli, "  has it  %s", name);
    else if (v->check == HM_REHEARSE_YES)
        hm_cli_say(cli, "  yes     %s", name);
    else
        hm_cli_say(cli, "  no      %s\n            %s: %s [%s]", name,
                   hm_rehearse_check_name(v->check), v->text, v->reason);
}

static void say(const struct hm_cli *cli, const struct rehearsal *r)
{
    hm_cli_say(cli,
               "%s %s, manifest %llu-%llu under authorisation %llu, at %s, "
               "signed by:",
               r->m.product, r->m.version.text, (unsigned long long)r->m.epoch,
               (unsigned long long)r->m.sequence,
               (unsigned long long)r->a.sequence, hm_time_show(r->offer.now));
    for (size_t i = 0; i < r->offer.signers; i++)
        hm_cli_say(cli, "  %.16s", r->offer.signer[i]);
    hm_cli_say(cli, "would it be taken?");
    for (size_t i = 0; i < r->cohorts.n; i++)
        say_verdict(cli, &r->cohorts.cohort[i], &r->verdicts[i]);
}

static void put_verdict(struct hm_json_writer *w, const struct hm_cohort *c,
                        const struct hm_cohort_verdict *v)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "name", c->name);
    if (c->devices > 0)
        hm_json_put_uint(w, "devices", c->devices);
    hm_json_put_bool(w, "accepts", v->check == HM_REHEARSE_YES);
    hm_json_put_bool(w, "installed", v->is_installed);
    hm_json_put_optional(w, "check", hm_rehearse_check_name(v->check));
    hm_json_put_optional(w, "reason", v->reason);
    hm_json_put_optional(w, "text", v->text);
    hm_json_close_object(w);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct rehearsal *r,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    say(cli, r);
    hm_cli_result(cli, &w, r->refusing == 0);
    hm_json_put_text(&w, "product", r->m.product);
    hm_json_put_text(&w, "version", r->m.version.text);
    hm_json_put_uint(&w, "epoch", r->m.epoch);
    hm_json_put_uint(&w, "sequence", r->m.sequence);
    hm_json_put_uint(&w, "authorisation_sequence", r->a.sequence);
    hm_json_put_time(&w, "at", r->offer.now);
    hm_json_open_array(&w, "signers");
    for (size_t i = 0; i < r->offer.signers; i++)
        hm_json_put_text(&w, NULL, r->offer.signer[i]);
    hm_json_close_array(&w);
    hm_json_open_array(&w, "cohorts");
    for (size_t i = 0; i < r->cohorts.n; i++)
        put_verdict(&w, &r->cohorts.cohort[i], &r->verdicts[i]);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    if (r->refusing == 0)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "rehearse.cohort.refuses",
                   "%zu of %zu cohorts would refuse %s %s", r->refusing,
                   r->cohorts.n, r->m.product, r->m.version.text);
}

/* Of two that are named, one would be passed over. */
HM_MUST static hm_rc check_call(struct hm_err *e)
{
    if (opt.request != NULL && opt.authorisation != NULL)
        return hm_fail(e, HM_E_USAGE, "key.rehearse.authorisation",
                       "expected one of --request FILE and --authorisation "
                       "FILE");
    if ((opt.cohorts == NULL) == (opt.repository == NULL))
        return hm_fail(e, HM_E_USAGE, "key.rehearse.cohorts",
                       "expected one of --cohorts FILE and --repository DIR");
    return HM_OK;
}

HM_MUST static hm_rc write_page(const struct rehearsal *r, struct hm_err *e)
{
    HM_OWN(hm_buf) page = HM_BUF_INIT(HM_REHEARSE_PAGE_MAX);

    if (opt.output == NULL)
        return HM_OK;
    HM_TRY(
        hm_rehearse_write_page(&r->offer, &r->cohorts, r->verdicts, &page, e));
    return hm_cli_output(opt.output, hm_buf_view(&page), opt.force, e);
}

HM_MUST static hm_rc run(struct hm_cli *cli, struct rehearsal *r,
                         struct hm_err *e)
{
    HM_TRY(check_call(e));
    HM_TRY(hm_root_load(&r->root, opt.root, NULL, e));
    r->offer = (struct hm_offer){
        .root = &r->root, .authorisation = &r->a, .manifest = &r->m};
    HM_TRY(hm_time_act(opt.at, 0, &r->offer.now, e));
    HM_TRY(hm_context(e, take_offer(r, cli->argv[0], e), "'%s'",
                      hm_show_str(cli->argv[0])));
    HM_TRY(take_cohorts(r, e));
    HM_TRY(judge(r, e));
    HM_TRY(write_page(r, e));
    return report(cli, r, e);
}

hm_rc key_rehearse_run(struct hm_cli *cli, struct hm_err *e)
{
    __attribute__((cleanup(rehearsal_free))) struct rehearsal *r =
        calloc(1, sizeof(*r));

    if (r == NULL)
        return hm_fail(e, HM_E_NOMEM, "rehearse.cohort.nomem",
                       "out of memory for a rehearsal");
    r->m = (struct hm_manifest)HM_MANIFEST_INIT;
    return run(cli, r, e);
}
