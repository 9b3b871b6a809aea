#include <stdlib.h>

#include "attest_cli_priv.h"

/* What the command line says. */
static struct {
    struct attest_ask ask;
    const char *output;
    bool force;
    bool dry_run;
} call;

const struct hm_opt attest_provenance_opts[] = {
    {"release", 0, HM_OPT_VALUE, true, &call.ask.release, "FILE",
     "release.json of the release"},
    {"dir", 0, HM_OPT_VALUE, false, &call.ask.dir, "DIR",
     "every file in DIR/artefacts/ is a subject; else the folder of "
     "release.json"},
    {"output", 'o', HM_OPT_OUTPUT, true, &call.output, "FILE",
     "write the Statement; - is standard output"},
    {"repository", 0, HM_OPT_VALUE, false, &call.ask.repository, "PATH",
     "git work tree that was built; else the one that release.json names"},
    {"started", 0, HM_OPT_VALUE, false, &call.ask.started, "TIME",
     "when the build began; else SOURCE_DATE_EPOCH, else the commit's time"},
    {"finished", 0, HM_OPT_VALUE, false, &call.ask.finished, "TIME",
     "when the build ended; else when it began"},
    {"allow-dirty", 0, HM_OPT_FLAG, false, &call.ask.allow_dirty, "",
     "accept uncommitted changes, and record that there were some"},
    {"force", 'f', HM_OPT_FLAG, false, &call.force, "",
     "replace FILE when it exists"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &call.dry_run, "",
     "do everything but write FILE"},
    HM_OPT_END,
};

static void warn(const struct hm_cli *cli, const struct attest_build *b)
{
    const struct hm_source *s = &b->source;

    if (hm_source_is_dirty(s))
        hm_cli_warn(cli,
                    "the work tree is dirty: %zu files staged, %zu changed, "
                    "%zu unknown to git, %zu hidden from it",
                    s->staged, s->modified, s->untracked, s->concealed);
    for (size_t i = 0; i < s->changed.n; i++)
        hm_cli_warn(cli, "  %s", hm_show_str(s->changed.name[i]));
    if (s->url[0] == '\0')
        hm_cli_warn(cli, "the repository has no remote 'origin' that others "
                         "could reach: the provenance names the commit, but "
                         "not where it is");
    if (b->ci.commit != NULL && strcmp(b->ci.commit, s->commit) != 0)
        hm_cli_warn(cli, "%s says it builds commit '%s', but HEAD is %s",
                    b->ci.name, hm_show_str(b->ci.commit), s->commit);
}

static void say(const struct hm_cli *cli, const struct attest_build *b)
{
    hm_cli_say(cli, "%s: provenance of %zu artefacts, commit %s%s",
               hm_show_str(call.output), b->artefacts.n, b->source.commit,
               hm_source_is_dirty(&b->source) ? " with changes" : "");
    for (size_t i = 0; i < b->artefacts.n; i++)
        hm_cli_say(cli, "  %s  %s", b->artefacts.file[i].sha256,
                   b->artefacts.file[i].name);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct attest_build *b,
                            struct hm_bytes statement, struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];
    struct hm_json_writer w;

    HM_TRY(hm_sha256(statement, digest, e));
    hm_cli_result(cli, &w, true);
    hm_json_put_hex(&w, "statement_sha256",
                    (struct hm_bytes){digest, sizeof(digest)});
    hm_json_put_text(&w, "commit", b->source.commit);
    hm_json_put_bool(&w, "dirty", hm_source_is_dirty(&b->source));
    hm_json_put_optional(&w, "repository", b->source.url);
    hm_json_put_optional(&w, "ci", b->ci.name);
    hm_json_put_optional(&w, "invocation_id", b->ci.invocation);
    hm_json_put_uint(&w, "source_date_epoch", (uint64_t)b->epoch);
    hm_json_open_array(&w, "subjects");
    for (size_t i = 0; i < b->artefacts.n; i++)
        hm_json_put_text(&w, NULL, b->artefacts.file[i].name);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc make(struct hm_cli *cli, struct attest_build *b,
                          struct hm_err *e)
{
    HM_OWN(hm_buf) statement = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX);

    HM_TRY(attest_gather(b, &call.ask, e));
    HM_TRY(attest_write(b, &statement, e));
    warn(cli, b);
    if (!call.dry_run)
        HM_TRY(
            hm_cli_output(call.output, hm_buf_view(&statement), call.force, e));
    say(cli, b);
    return report(cli, b, hm_buf_view(&statement), e);
}

hm_rc attest_provenance_run(struct hm_cli *cli, struct hm_err *e)
{
    struct attest_build *b = NULL; /* too large for a frame */
    hm_rc rc;

    b = calloc(1, sizeof(*b));
    if (b == NULL)
        return hm_fail(e, HM_E_NOMEM, "attest.files.nomem", "out of memory");
    attest_build_begin(b);
    rc = make(cli, b, e);
    attest_build_clear(b);
    free(b);
    return rc;
}
