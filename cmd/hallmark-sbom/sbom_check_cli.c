#include "sbom_cli_priv.h"

/* What the command line says. */
static struct {
    const char *release;
    const char *stage;
    const char *output;
    bool force;
    bool dry_run;
} call;

const struct hm_opt sbom_check_opts[] = {
    {"release", 0, HM_OPT_VALUE, false, &call.release, "FILE",
     "compare with the product and version of this release.json"},
    {"dir", 0, HM_OPT_VALUE, false, &call.stage, "DIR",
     "release directory whose artefacts/ holds the file described"},
    {"output", 'o', HM_OPT_OUTPUT, false, &call.output, "FILE",
     "write the copy bound to the artefact's digests; - is standard output"},
    {"force", 'f', HM_OPT_FLAG, false, &call.force, "",
     "replace FILE when it exists"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &call.dry_run, "",
     "do everything but write FILE"},
    HM_OPT_END,
};

HM_MUST static hm_rc check_call(const struct hm_cli *cli, struct hm_err *e)
{
    if (call.release == NULL && call.stage != NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "--dir needs --release: it names the artefact");
    if (call.output != NULL && call.stage == NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "-o needs --release and --dir: a copy is bound to the "
                       "artefact's digests");
    if (call.release != NULL && strcmp(cli->argv[0], "-") == 0)
        return hm_fail(e, HM_E_USAGE, "cli.option.value",
                       "--release goes with a file, not with standard input: "
                       "the file is looked up in release.json");
    return HM_OK;
}

static void say(const struct hm_cli *cli, const struct hm_sbom *s,
                const struct hm_sbom_verdict *v)
{
    hm_cli_say(cli,
               "%s: CycloneDX %s, %zu components, %zu services, %zu "
               "dependencies",
               hm_show_str(cli->argv[0]), s->spec_version, s->components,
               s->services, s->dependencies);
    for (size_t i = 0; i < v->n; i++) {
        const struct hm_sbom_finding *f = &v->findings[i];
        const bool is_said =
            f->result == HM_SBOM_FAIL || f->result == HM_SBOM_WARN;

        hm_cli_say(cli, "  %-7s %-16s %s%s%s%s", hm_sbom_result_name(f->result),
                   f->topic, f->text, is_said ? " [" : "",
                   is_said ? f->check : "", is_said ? "]" : "");
    }
}

static void put_findings(struct hm_json_writer *w,
                         const struct hm_sbom_verdict *v)
{
    hm_json_open_array(w, "findings");
    for (size_t i = 0; i < v->n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "check", v->findings[i].check);
        hm_json_put_text(w, "topic", v->findings[i].topic);
        hm_json_put_text(w, "result",
                         hm_sbom_result_name(v->findings[i].result));
        hm_json_put_text(w, "text", v->findings[i].text);
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
}

static void put_artefact(struct hm_json_writer *w, const struct sbom_asked *a)
{
    const struct hm_digests *d = a->wanted.artefact;

    if (d == NULL)
        return;
    hm_json_open_object(w, "artefact");
    hm_json_put_text(w, "name", a->artefact);
    hm_json_put_uint(w, "size", d->size);
    hm_json_put_hex(w, "sha256",
                    (struct hm_bytes){d->sha256, sizeof(d->sha256)});
    hm_json_put_hex(w, "sha512",
                    (struct hm_bytes){d->sha512, sizeof(d->sha512)});
    hm_json_close_object(w);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_sbom *s,
                            const struct sbom_asked *a,
                            const struct hm_sbom_verdict *v, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, v->failed == 0);
    hm_json_put_text(&w, "spec_version", s->spec_version);
    hm_json_put_optional(&w, "serial_number", s->serial);
    hm_json_put_optional(&w, "name", s->name);
    hm_json_put_optional(&w, "version", s->version);
    hm_json_put_uint(&w, "components", s->components);
    hm_json_put_uint(&w, "services", s->services);
    hm_json_put_uint(&w, "dependencies", s->dependencies);
    put_artefact(&w, a);
    put_findings(&w, v);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* The first check that failed gives the reason. */
HM_MUST static hm_rc conclude(const struct hm_sbom_verdict *v, struct hm_err *e)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->findings[i].result == HM_SBOM_FAIL)
            return hm_fail(e, HM_E_REJECTED, v->findings[i].check, "%s",
                           v->findings[i].text);
    return HM_OK;
}

HM_MUST static hm_rc write_bound(const struct hm_sbom *s,
                                 const struct sbom_asked *a, struct hm_err *e)
{
    HM_OWN(hm_buf) bound = HM_BUF_INIT(HM_SBOM_BYTES_MAX + 4096);

    if (call.output == NULL)
        return HM_OK;
    HM_TRY(hm_sbom_bind(s, a->wanted.artefact, &bound, e));
    return call.dry_run
               ? HM_OK
               : hm_cli_output(call.output, hm_buf_view(&bound), call.force, e);
}

hm_rc sbom_check_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(sbom_asked) asked = SBOM_ASKED_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_SBOM_BYTES_MAX);
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    HM_OWN(hm_sbom_verdict) v = HM_SBOM_VERDICT_INIT;
    const char *file = cli->argv[0];

    HM_TRY(check_call(cli, e));
    if (call.release != NULL)
        HM_TRY(
            sbom_ask(&asked, file, call.output, call.release, call.stage, e));
    HM_TRY(hm_hint(e, hm_cli_input(file, &text, e),
                   "name the SBOM that your build wrote"));
    HM_TRY(hm_context(e, hm_sbom_read(&s, hm_buf_view(&text), e),
                      "cannot take '%s'", hm_show_str(file)));
    HM_TRY(hm_sbom_judge(&s, &asked.wanted, &v, e));
    say(cli, &s, &v);
    if (v.failed == 0)
        HM_TRY(write_bound(&s, &asked, e));
    HM_TRY(report(cli, &s, &asked, &v, e));
    return hm_context(e, conclude(&v, e), "'%s'", hm_show_str(file));
}
