#include <stdlib.h>
#include <unistd.h>

#include "hallmark_priv.h"
#include "hallmark_steps.h"

#include "hm_source.h"

static struct {
    const char *issue_time;
    const char *at;
    bool allow_dirty;
    bool build_twice;
    bool dry_run;
    bool keep_stage;
} opt;

const struct hm_opt hallmark_release_opts[] = {
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "do everything that needs no PIN, sign and publish nothing"},
    {"issue-time", 0, HM_OPT_VALUE, false, &opt.issue_time, "TIME",
     "time of the manifest (default: the clock)"},
    {"at", 0, HM_OPT_VALUE, false, &opt.at, "TIME",
     "verify as if it were TIME (default: the clock)"},
    {"allow-dirty", 0, HM_OPT_FLAG, false, &opt.allow_dirty, "",
     "accept uncommitted changes; the provenance says so"},
    {"build-twice", 0, HM_OPT_FLAG, false, &opt.build_twice, "",
     "pack each tree a second time, otherwise, and stop if the bytes differ"},
    {"keep-stage", 0, HM_OPT_FLAG, false, &opt.keep_stage, "",
     "keep the staging folder, to look at"},
    HM_OPT_END,
};

/* --- before the first step ------------------------------------------------------- */

/* What would fail at the end fails now, before minutes of work. */
HM_MUST static hm_rc check_file(const struct hm_release *r, const char *path,
                                const char *what, const char *hint,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) full = HM_BUF_INIT(8192);
    HM_OWN(hm_file) f = HM_FILE_INIT;

    HM_TRY(hm_release_path(r, path, &full, e));
    return hm_hint(e,
                   hm_context(e, hm_file_open(&f, (const char *)full.p, e),
                              "release.json names %s", what),
                   "%s", hint);
}

HM_MUST static hm_rc check_pin(const struct hm_release *r,
                               const struct hm_release_key *key,
                               struct hm_err *e)
{
    static const char file[] = "file:";

    if (strncmp(key->pin, file, sizeof(file) - 1) != 0)
        return HM_OK;
    return check_file(r, key->pin + sizeof(file) - 1, "the file of a PIN",
                      "write the PIN into that file with mode 0600, or name "
                      "another source in \"pin\"",
                      e);
}

/* Provenance records the commit that is checked out, so that nothing else may
 * be packed. */
HM_MUST static hm_rc check_revision(const struct hm_release *r,
                                    const struct hm_release_artefact *a,
                                    struct hm_err *e)
{
    HM_OWN(hm_buf) path = HM_BUF_INIT(8192);
    char head[HM_SOURCE_COMMIT];
    char id[HM_SOURCE_COMMIT];
    hm_time time = 0;

    HM_TRY(hm_release_path(r, r->provenance.repository, &path, e));
    HM_TRY(hm_context(
        e, hm_source_find_commit((const char *)path.p, a->source, id, &time, e),
        "release.json names a commit for artefact '%s'", hm_show_str(a->id)));
    HM_TRY(hm_source_find_commit((const char *)path.p, "HEAD", head, &time, e));
    if (strcmp(head, id) == 0)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "hallmark.artefact.revision",
                           "artefact '%s' is of commit %s, but %s is checked "
                           "out, and provenance would name that",
                           hm_show_str(a->id), id, head),
                   "git checkout %s", id);
}

/* What the build has to have left. */
HM_MUST static hm_rc check_artefact(const struct hm_release *r,
                                    const struct hm_release_artefact *a,
                                    struct hm_err *e)
{
    HM_OWN(hm_buf) full = HM_BUF_INIT(8192);
    HM_OWN(hm_dir) tree = HM_DIR_INIT;

    if (a->pack.permissions != NULL)
        HM_TRY(check_file(r, a->pack.permissions, "a permissions table",
                          "write it, or name another under pack", e));
    if (a->from == HM_RELEASE_FROM_GIT)
        return check_revision(r, a, e);
    if (a->from == HM_RELEASE_FROM_FILE)
        return check_file(r, a->source, "the file of an artefact",
                          "build it first, or name another under artefacts", e);
    HM_TRY(hm_release_path(r, a->source, &full, e));
    return hm_hint(e,
                   hm_context(e, hm_dir_open(&tree, (const char *)full.p, e),
                              "release.json names the tree of an artefact"),
                   "build it first, or name another under artefacts");
}

HM_MUST static hm_rc check_built(const struct hm_release *r, struct hm_err *e)
{
    for (size_t i = 0; i < r->n_artefacts; i++)
        HM_TRY(check_artefact(r, &r->artefacts[i], e));
    for (size_t i = 0; i < r->n_sboms; i++)
        HM_TRY(check_file(r, r->sboms[i].file, "an SBOM",
                          "let the build write it, or name another under "
                          "sboms",
                          e));
    return HM_OK;
}

/* Each signing program reads to the end of a descriptor: the second would find
 * nothing. */
HM_MUST static hm_rc check_descriptors(const struct hm_release_key *const *keys,
                                       size_t n, struct hm_err *e)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            if (strncmp(keys[i]->pin, "fd:", 3) != 0 ||
                strcmp(keys[i]->pin, keys[k]->pin) != 0)
                continue;
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "hallmark.pin.shared",
                                   "two keys take their PIN from '%s', which "
                                   "can be read once",
                                   keys[i]->pin),
                           "give the second a descriptor of its own");
        }
    return HM_OK;
}

HM_MUST static hm_rc check_pins(const struct hm_release *r, struct hm_err *e)
{
    const struct hm_release_key *const keys[HALLMARK_KEYS] = {
        &r->signing.manifest, &r->signing.provenance, &r->signing.verification};
    const size_t n = r->signing.verification.uri == NULL ? 2 : 3;

    HM_TRY(check_descriptors(keys, n, e));
    for (size_t i = 0; i < n && !opt.dry_run; i++)
        HM_TRY(check_pin(r, keys[i], e));
    return HM_OK;
}

/* hallmark-verify asks for one, and is right: what a firmware is made of. */
HM_MUST static hm_rc check_sboms(const struct hm_release *r, struct hm_err *e)
{
    for (size_t i = 0; i < r->n_artefacts; i++) {
        bool found = strcmp(r->artefacts[i].role, "firmware") != 0;

        for (size_t k = 0; k < r->n_sboms; k++)
            found |= r->sboms[k].artefact == i;
        if (!found)
            return hm_hint(e,
                           hm_fail(e, HM_E_REJECTED, "sbom.missing",
                                   "release.json names no SBOM for artefact "
                                   "'%s'",
                                   hm_show_str(r->artefacts[i].id)),
                           "name the one that your build wrote under sboms; "
                           "every firmware needs one");
    }
    return HM_OK;
}

HM_MUST static hm_rc check_before(const struct run *run, struct hm_err *e)
{
    const struct hm_release *r = &run->release;
    struct hm_release_state state;

    HM_TRY(check_file(r, r->root, "root.json",
                      "make it with hallmark key root-export", e));
    HM_TRY(check_file(r, r->authorisation, "authorisation.json",
                      "make it with hallmark key authorise", e));
    HM_TRY(check_sboms(r, e));
    HM_TRY(check_built(r, e));
    HM_TRY(hallmark_check_trust(run, e));
    HM_TRY(check_pins(r, e));
    return hm_release_plan_next(r, &state, e);
}

/* --- one run ------------------------------------------------------------------------ */

HM_MUST static hm_rc add_variable(struct run *run, struct hm_err *e)
{
    char number[32];
    hm_time t = 0;
    bool found = false;

    HM_TRY(hm_time_source_date(&t, &found, e));
    if (found)
        return HM_OK;
    HM_TRY(steps_commit_time(run, &t, e));
    (void)snprintf(number, sizeof(number), "%lld", (long long)t);
    HM_TRY(hm_buf_add(&run->variable, HM_LIT("SOURCE_DATE_EPOCH="), e));
    HM_TRY(hm_buf_add(&run->variable, hm_bytes_str(number), e));
    HM_TRY(hm_buf_add(&run->variable, (struct hm_bytes){(const uint8_t *)"", 1},
                      e));
    run->how.variable = (const char *)run->variable.p;
    hm_cli_say(run->cli, "SOURCE_DATE_EPOCH=%s, the time of the commit",
               number);
    return HM_OK;
}

HM_MUST static hm_rc prepare(struct run *run, struct hm_err *e)
{
    HM_TRY(hm_release_load(&run->release, run->file, e));
    HM_TRY(check_before(run, e));
    HM_TRY(hallmark_find_folder(&run->folder, e));
    run->how.folder = (const char *)run->folder.p;
    HM_TRY(add_variable(run, e));
    return stage_begin(&run->stage, &run->release, e);
}

HM_MUST static hm_rc report(struct run *run, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(run->cli, &w, true);
    hm_json_put_text(&w, "product", run->release.product);
    hm_json_put_text(&w, "version", run->release.version.text);
    hm_json_put_bool(&w, "published", !opt.dry_run);
    if (opt.dry_run)
        hm_json_put_uint(&w, "keys_untried", run->untried);
    hm_json_open_array(&w, "steps");
    for (size_t i = 0; i < run->done.n; i++)
        hm_json_put_text(&w, NULL, run->done.name[i]);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    if (opt.dry_run)
        hm_cli_say(run->cli,
                   "Dry run: nothing was signed, nothing was published%s.",
                   run->untried == 0 ? ""
                                     : "; not every key could be tried, see "
                                       "the warnings");
    else
        hm_cli_say(run->cli, "Released %s %s.", run->release.product,
                   run->release.version.text);
    return hm_json_finish(&w, e);
}

/* The stage goes whether it went well or not: no half release stays. */
HM_MUST static hm_rc run_all(struct run *run, struct hm_err *e)
{
    struct hm_err late = {.rc = HM_OK};
    hm_rc rc = prepare(run, e);

    if (rc == HM_OK)
        rc = steps_run(run, e);
    if (rc == HM_OK)
        rc = report(run, e);
    if (stage_end(&run->stage, opt.keep_stage, &late) != HM_OK)
        hm_cli_warn(run->cli, "%s [%s]", late.text, late.reason);
    return rc;
}

hm_rc hallmark_release_run(struct hm_cli *cli, struct hm_err *e)
{
    struct run run = RUN_INIT;
    hm_rc rc;

    run.cli = cli;
    run.issue_time = opt.issue_time;
    run.at = opt.at;
    run.allow_dirty = opt.allow_dirty;
    run.build_twice = opt.build_twice;
    run.dry_run = opt.dry_run;
    run.file = cli->argv[0];
    run.how.silent = cli->json || cli->quiet;
    rc = run_all(&run, e);
    run_clear(&run);
    return rc;
}
