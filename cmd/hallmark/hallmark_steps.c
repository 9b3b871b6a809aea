#include "hallmark_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hm_source.h"

#define PATH_INIT HM_BUF_INIT(8192)

static const char *text(const struct hm_buf *b)
{
    return (const char *)b->p;
}

hm_rc steps_commit_time(const struct run *run, hm_time *out, struct hm_err *e)
{
    HM_OWN(hm_buf) path = PATH_INIT;
    HM_OWN(hm_source) source = HM_SOURCE_INIT;

    HM_TRY(hm_release_path(&run->release, run->release.provenance.repository,
                           &path, e));
    HM_TRY(
        hm_hint(e,
                hm_context(e, hm_source_read_commit(&source, text(&path), e),
                           "the time of what is built comes from the commit"),
                "commit the source in git, or set SOURCE_DATE_EPOCH"));
    *out = source.commit_time;
    return HM_OK;
}

/* --- one child ---------------------------------------------------------------- */

HM_MUST static hm_rc run_words(struct run *run, const struct hm_names *words,
                               struct hm_err *e)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(1u << 20);

    HM_TRY(hallmark_add_line(words, &line, e));
    HM_TRY(hm_buf_add(&line, (struct hm_bytes){(const uint8_t *)"", 1}, e));
    hm_cli_say(run->cli, "%s %s", run->pretend ? "  would run:" : "  $",
               text(&line));
    if (run->pretend)
        return HM_OK;
    HM_TRY(hm_names_add(&run->done, text(&line), e));
    return hallmark_run_child(&run->how, words, e);
}

/* A signing program.  In a dry run it asks for no PIN and looks only at what
 * the token shows to everybody; a token that is not here is no fault of the
 * release. */
HM_MUST static hm_rc run_signer(struct run *run, struct hm_names *words,
                                struct hm_err *e)
{
    hm_rc rc;

    if (!run->dry_run)
        return run_words(run, words, e);
    run->pretend = true;
    HM_TRY(run_words(run, words, e));
    run->pretend = false;
    HM_TRY(hallmark_add_words(words, e, "--dry-run", (char *)NULL));
    rc = run_words(run, words, e);
    if (rc != HM_E_TOKEN)
        return rc;
    hm_cli_warn(run->cli, "this key was not tried, because its token does not "
                          "show it without a PIN, or is not here");
    run->untried++;
    *e = (struct hm_err){.rc = HM_OK};
    return HM_OK;
}

/* The number of fd:N, else -1. */
static int descriptor_of(const struct hm_release_key *key)
{
    uint64_t n = 0;

    if (key->pin == NULL || strncmp(key->pin, "fd:", 3) != 0 ||
        hm_number_read(hm_bytes_str(key->pin + 3), INT16_MAX, &n, NULL) !=
            HM_OK)
        return -1;
    return (int)n;
}

/* Only the program that needs a PIN inherits its descriptor. */
static void keep_pins(struct run *run, const struct hm_release_key *needed)
{
    const struct hm_release_key *keys[] = {&run->release.signing.manifest,
                                           &run->release.signing.provenance,
                                           &run->release.signing.verification};

    for (size_t i = 0; i < HALLMARK_KEYS; i++)
        run->how.closed[i] = keys[i] == needed ? -1 : descriptor_of(keys[i]);
}

/* --- artefacts and SBOMs ---------------------------------------------------------- */

/* A ready file goes in as it is; its path is absolute here. */
HM_MUST static hm_rc copy_artefact(struct run *run, const struct hm_buf *from,
                                   const char *to, struct hm_err *e)
{
    HM_OWN(hm_dir) folder = HM_DIR_INIT;
    HM_OWN(hm_buf) parent = PATH_INIT;
    const char *name = strrchr(text(from), '/') + 1;
    const struct hm_bytes above = {from->p, (size_t)(name - text(from))};

    hm_cli_say(run->cli, "  copy %s", hm_show_str(text(from)));
    HM_TRY(hm_buf_add(&parent, above, e));
    HM_TRY(hm_buf_add(&parent, (struct hm_bytes){(const uint8_t *)"", 1}, e));
    HM_TRY(hm_dir_open(&folder, text(&parent), e));
    return hm_context(
        e, hm_file_copy_at(&folder, name, &run->stage.dir, to, HM_OUT_NEW, e),
        "cannot copy '%s'", hm_show_str(text(from)));
}

/* What release.json says of packing, in the words of hallmark-pack. */
HM_MUST static hm_rc add_pack(const struct run *run,
                              const struct hm_release_artefact *a,
                              struct hm_names *words, struct hm_err *e)
{
    const struct hm_release_pack *p = &a->pack;

    if (a->from == HM_RELEASE_FROM_GIT)
        HM_TRY(hallmark_add_option(words, "--git", a->source, e));
    for (size_t i = 0; i < p->n_patterns; i++)
        HM_TRY(hallmark_add_option(
            words, p->patterns[i].is_include ? "--include" : "--exclude",
            p->patterns[i].text, e));
    HM_TRY(hallmark_add_option(words, "--modes", p->keep_modes ? "keep" : NULL,
                               e));
    HM_TRY(hallmark_add_option(words, "--owners",
                               p->keep_owners ? "keep" : NULL, e));
    HM_TRY(hallmark_add_option(words, "--xattrs",
                               p->keep_xattrs ? "keep" : NULL, e));
    HM_TRY(hallmark_add_path(words, "--permissions", &run->release,
                             p->permissions, e));
    for (size_t i = 0; i < p->allow.n; i++)
        HM_TRY(hallmark_add_option(words, "--allow", p->allow.word[i], e));
    return HM_OK;
}

/* hallmark-pack, from what release.json names to an archive. */
HM_MUST static hm_rc add_packing(const struct run *run,
                                 const struct hm_release_artefact *a,
                                 const char *to, struct hm_names *words,
                                 struct hm_err *e)
{
    HM_OWN(hm_buf) from = PATH_INIT;

    HM_TRY(hm_release_path(&run->release,
                           a->from == HM_RELEASE_FROM_GIT
                               ? run->release.provenance.repository
                               : a->source,
                           &from, e));
    HM_TRY(hallmark_add_words(words, e, "hallmark-pack", text(&from), "-o", to,
                              (char *)NULL));
    return add_pack(run, a, words, e);
}

/* The second time with one thread, another umask and in another time zone. */
HM_MUST static hm_rc pack_otherwise(struct run *run,
                                    const struct hm_release_artefact *a,
                                    const char *to, struct hm_err *e)
{
    HM_OWN(hm_names) words = HM_NAMES_INIT;
    mode_t before;
    hm_rc rc;

    HM_TRY(add_packing(run, a, to, &words, e));
    HM_TRY(hallmark_add_option(&words, "--threads", "1", e));
    run->how.zone = "TZ=Asia/Kathmandu";
    before = umask(077);
    rc = run_words(run, &words, e);
    (void)umask(before);
    run->how.zone = NULL;
    return rc;
}

/* @param first  the archive that goes into the release */
HM_MUST static hm_rc pack_again(struct run *run,
                                const struct hm_release_artefact *a,
                                const char *first, struct hm_err *e)
{
    HM_OWN(hm_buf) second = PATH_INIT;
    HM_OWN(hm_names) words = HM_NAMES_INIT;
    char again[HM_NAME_MAX + 16];

    (void)snprintf(again, sizeof(again), "again-%s", a->name);
    HM_TRY(stage_path_beside(&run->stage, again, &second, e));
    HM_TRY(pack_otherwise(run, a, text(&second), e));
    HM_TRY(hallmark_add_words(&words, e, "hallmark-pack", "compare", first,
                              text(&second), (char *)NULL));
    HM_TRY(
        hm_hint(e,
                hm_context(e, run_words(run, &words, e),
                           "packed twice, '%s' is not twice the same", a->name),
                "find what changes the tree while it is packed; nothing was "
                "signed"));
    return hm_dir_remove_at(&run->stage.base, again, e);
}

HM_MUST static hm_rc put_artefact(struct run *run,
                                  const struct hm_release_artefact *a,
                                  struct hm_err *e)
{
    HM_OWN(hm_buf) from = PATH_INIT;
    HM_OWN(hm_buf) to = PATH_INIT;
    HM_OWN(hm_names) words = HM_NAMES_INIT;
    char name[HM_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), HM_RELEASE_DIR_ARTEFACTS "/%s", a->name);
    HM_TRY(stage_path(&run->stage, name, &to, e));
    if (a->from == HM_RELEASE_FROM_FILE) {
        HM_TRY(hm_release_path(&run->release, a->source, &from, e));
        return copy_artefact(run, &from, name, e);
    }
    HM_TRY(add_packing(run, a, text(&to), &words, e));
    HM_TRY(run_words(run, &words, e));
    return run->build_twice ? pack_again(run, a, text(&to), e) : HM_OK;
}

HM_MUST static hm_rc step_artefacts(struct run *run, struct hm_err *e)
{
    for (size_t i = 0; i < run->release.n_artefacts; i++)
        HM_TRY(put_artefact(run, &run->release.artefacts[i], e));
    return HM_OK;
}

HM_MUST static hm_rc put_sbom(struct run *run, const struct hm_release_sbom *s,
                              struct hm_err *e)
{
    HM_OWN(hm_buf) from = PATH_INIT;
    HM_OWN(hm_buf) to = PATH_INIT;
    HM_OWN(hm_names) words = HM_NAMES_INIT;
    char name[HM_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), HM_RELEASE_DIR_SBOM "/%s", s->name);
    HM_TRY(hm_release_path(&run->release, s->file, &from, e));
    HM_TRY(stage_path(&run->stage, name, &to, e));
    HM_TRY(hallmark_add_words(&words, e, "hallmark-sbom", "check", text(&from),
                              "--release", run->file, "--dir",
                              text(&run->stage.path), "-o", text(&to),
                              (char *)NULL));
    return run_words(run, &words, e);
}

HM_MUST static hm_rc step_sboms(struct run *run, struct hm_err *e)
{
    for (size_t i = 0; i < run->release.n_sboms; i++)
        HM_TRY(put_sbom(run, &run->release.sboms[i], e));
    return HM_OK;
}

/* --- provenance ------------------------------------------------------------------- */

HM_MUST static hm_rc step_attest(struct run *run, struct hm_err *e)
{
    HM_OWN(hm_names) words = HM_NAMES_INIT;

    HM_TRY(hallmark_add_words(
        &words, e, "hallmark-attest", "provenance", "--release", run->file,
        "--dir", text(&run->stage.path), "-o", text(&run->stage.statement),
        run->allow_dirty ? "--allow-dirty" : NULL, (char *)NULL));
    return run_words(run, &words, e);
}

/* Trust anchor, key, PIN source, and where the token is. */
HM_MUST static hm_rc add_key(const struct run *run,
                             const struct hm_release_key *key,
                             struct hm_names *words, struct hm_err *e)
{
    HM_OWN(hm_buf) pin = PATH_INIT;
    const struct hm_release *r = &run->release;

    HM_TRY(hm_release_pin(r, key, &pin, e));
    HM_TRY(hallmark_add_path(words, "--root", r, r->root, e));
    HM_TRY(hallmark_add_words(words, e, "--key", key->uri, "--pin", text(&pin),
                              (char *)NULL));
    return hallmark_add_where(words, r, key, e);
}

HM_MUST static hm_rc step_sign_provenance(struct run *run, struct hm_err *e)
{
    const struct hm_release_key *key = &run->release.signing.provenance;
    HM_OWN(hm_buf) to = PATH_INIT;
    HM_OWN(hm_buf) authorisation = PATH_INIT;
    HM_OWN(hm_names) words = HM_NAMES_INIT;

    HM_TRY(stage_path(&run->stage, HM_RELEASE_PROVENANCE, &to, e));
    HM_TRY(hm_release_path(&run->release, run->release.authorisation,
                           &authorisation, e));
    HM_TRY(hallmark_add_words(&words, e, "hallmark-sign", "--statement",
                              text(&run->stage.statement), "--authorisation",
                              text(&authorisation), (char *)NULL));
    HM_TRY(hallmark_add_option(&words, "--issue-time", run->issue_time, e));
    HM_TRY(add_key(run, key, &words, e));
    HM_TRY(hallmark_add_words(&words, e, "-o", text(&to), (char *)NULL));
    keep_pins(run, key);
    return run_signer(run, &words, e);
}

/* --- the manifest ------------------------------------------------------------------- */

HM_MUST static hm_rc step_record(struct run *run, struct hm_err *e)
{
    hm_cli_say(run->cli, "  copy release.json");
    return hm_file_save_at(&run->stage.dir, HM_RELEASE_CONFIGURATION,
                           hm_buf_view(&run->release.bytes), HM_OUT_NEW, e);
}

/* The programs read release.json themselves: what is recorded must be what they
 * read. */
HM_MUST static hm_rc check_unchanged(const struct run *run, struct hm_err *e)
{
    HM_OWN(hm_buf) now = HM_BUF_INIT(HM_RELEASE_BYTES_MAX);

    HM_TRY(hm_file_load(run->file, &now, e));
    if (hm_bytes_eq(hm_buf_view(&now), hm_buf_view(&run->release.bytes)))
        return HM_OK;
    return hm_fail(e, HM_E_IO, "hallmark.release.changed",
                   "'%s' changed while the release was made",
                   hm_show_str(run->file));
}

HM_MUST static hm_rc step_manifest(struct run *run, struct hm_err *e)
{
    HM_OWN(hm_names) words = HM_NAMES_INIT;

    HM_TRY(hallmark_add_words(&words, e, "hallmark-manifest", "make",
                              "--release", run->file, "-o",
                              text(&run->stage.path), (char *)NULL));
    HM_TRY(hallmark_add_option(&words, "--issue-time", run->issue_time, e));
    HM_TRY(run_words(run, &words, e));
    return check_unchanged(run, e);
}

HM_MUST static hm_rc verify(struct run *run, const char *before,
                            struct hm_err *e)
{
    HM_OWN(hm_buf) root = PATH_INIT;
    HM_OWN(hm_names) words = HM_NAMES_INIT;

    HM_TRY(hm_release_path(&run->release, run->release.root, &root, e));
    HM_TRY(hallmark_add_words(&words, e, "hallmark-verify",
                              text(&run->stage.path), "--root", text(&root),
                              "--brief", before, (char *)NULL));
    HM_TRY(hallmark_add_option(&words, "--at", run->at, e));
    return run_words(run, &words, e);
}

HM_MUST static hm_rc step_verify_before(struct run *run, struct hm_err *e)
{
    return verify(run, run->dry_run ? "--rehearsal" : "--before-signing", e);
}

HM_MUST static hm_rc sign_manifest(struct run *run,
                                   const struct hm_release_key *key,
                                   struct hm_err *e)
{
    HM_OWN(hm_buf) manifest = PATH_INIT;
    HM_OWN(hm_names) words = HM_NAMES_INIT;

    HM_TRY(stage_path(&run->stage, HM_RELEASE_MANIFEST, &manifest, e));
    HM_TRY(hallmark_add_words(&words, e, "hallmark-sign", text(&manifest),
                              (char *)NULL));
    HM_TRY(hallmark_add_option(&words, "--issue-time", run->issue_time, e));
    HM_TRY(add_key(run, key, &words, e));
    keep_pins(run, key);
    return run_signer(run, &words, e);
}

/* Where the gate has a key of its own, its signature is a second lock. */
HM_MUST static hm_rc step_sign_manifest(struct run *run, struct hm_err *e)
{
    HM_TRY(sign_manifest(run, &run->release.signing.manifest, e));
    if (run->release.signing.verification.uri == NULL)
        return HM_OK;
    return sign_manifest(run, &run->release.signing.verification, e);
}

HM_MUST static hm_rc step_verify(struct run *run, struct hm_err *e)
{
    return verify(run, NULL, e);
}

HM_MUST static hm_rc step_publish(struct run *run, struct hm_err *e)
{
    HM_OWN(hm_buf) root = PATH_INIT;
    HM_OWN(hm_buf) repository = PATH_INIT;
    HM_OWN(hm_names) words = HM_NAMES_INIT;

    HM_TRY(hm_release_path(&run->release, run->release.root, &root, e));
    HM_TRY(hm_release_path(&run->release, run->release.repository, &repository,
                           e));
    HM_TRY(hallmark_add_words(&words, e, "hallmark-publish",
                              text(&run->stage.path), text(&repository),
                              "--root", text(&root), (char *)NULL));
    HM_TRY(hallmark_add_option(&words, "--at", run->at, e));
    return run_words(run, &words, e);
}

/* --- all of them ---------------------------------------------------------------------- */

struct step {
    const char *title;
    hm_rc (*run)(struct run *run, struct hm_err *e);
    bool is_last; /**< only a signed release can do that */
};

static const struct step steps[] = {
    {"pack the artefacts", step_artefacts, false},
    {"check the SBOMs", step_sboms, false},
    {"write the provenance", step_attest, false},
    {"sign the provenance", step_sign_provenance, false},
    {"record release.json", step_record, false},
    {"make the manifest", step_manifest, false},
    {"verify before signing", step_verify_before, false},
    {"sign the manifest", step_sign_manifest, false},
    {"verify what was signed", step_verify, true},
    {"publish", step_publish, true},
};

hm_rc steps_run(struct run *run, struct hm_err *e)
{
    const size_t n = sizeof(steps) / sizeof(steps[0]);

    for (size_t i = 0; i < n; i++) {
        hm_rc rc;

        hm_cli_say(run->cli, "[%zu/%zu] %s", i + 1, n, steps[i].title);
        run->pretend = run->dry_run && steps[i].is_last;
        keep_pins(run, NULL);
        rc = hm_context(e, steps[i].run(run, e), "step %zu of %zu (%s)", i + 1,
                        n, steps[i].title);
        HM_TRY(hm_hint(e, rc,
                       "mend what the message above says and run the same "
                       "command again; nothing was published"));
    }
    return HM_OK;
}

void run_clear(struct run *run)
{
    hm_release_clear(&run->release);
    stage_clear(&run->stage);
    hm_buf_clear(&run->folder);
    hm_buf_clear(&run->variable);
    hm_names_clear(&run->done);
}
