/* The table of checks and the loop over it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "verify_priv.h"

struct row {
    struct hm_verify_check about;
    unsigned needs; /* of enum verify_state */
    unsigned gives; /* when it passes */
    hm_rc (*run)(struct verify *v, struct hm_err *e);
};

static const struct row rows[] = {
    {{"release.names", "every file has its place in a release",
      "a file nobody accounts for could be anything"},
     0,
     0,
     verify_names},
    {{"authorisation.signature", "the root set signs the authorisation",
      "no device believes any key in it"},
     0,
     GOT_AUTHORISATION_SIGNED,
     verify_authorisation_signature},
    {{"authorisation.content",
      "the authorisation is well-formed and of this "
      "root set",
      "devices refuse it"},
     GOT_AUTHORISATION_SIGNED,
     GOT_AUTHORISATION,
     verify_authorisation_content},
    {{"authorisation.time", "the authorisation is in force",
      "devices refuse it as stale"},
     GOT_AUTHORISATION,
     0,
     verify_authorisation_time},
    {{"manifest.signature",
      "authorised keys of every required role sign the "
      "manifest's bytes",
      "devices refuse the update in their first check"},
     GOT_AUTHORISATION,
     GOT_MANIFEST_SIGNED,
     verify_manifest_signature},
    {{"manifest.content", "the manifest is well-formed",
      "devices refuse the update"},
     GOT_MANIFEST_SIGNED,
     GOT_MANIFEST,
     verify_manifest_content},
    {{"manifest.keys", "the signing keys are current for this product and time",
      "devices refuse the update in their first check"},
     GOT_AUTHORISATION | GOT_MANIFEST,
     0,
     verify_manifest_keys},
    {{"manifest.identity", "manifest and authorisation name the same vendor",
      "devices refuse the update as not theirs"},
     GOT_AUTHORISATION | GOT_MANIFEST,
     0,
     verify_manifest_identity},
    {{"manifest.freshness", "the manifest is issued and has not expired",
      "devices refuse the update as stale"},
     GOT_MANIFEST,
     0,
     verify_manifest_freshness},
    {{"manifest.rollback", "epoch and rollback counter are the authorised ones",
      "devices refuse the update, or could be locked out of later ones"},
     GOT_AUTHORISATION | GOT_MANIFEST,
     0,
     verify_manifest_rollback},
    {{"manifest.advisories", "type, severity and advisories agree",
      "operators would misjudge how urgent the update is"},
     GOT_MANIFEST,
     0,
     verify_manifest_advisories},
    {{"index.binding", "index.json is the one that the manifest names",
      "nothing that it lists is bound to the signature"},
     GOT_MANIFEST,
     GOT_INDEX,
     verify_index_binding},
    {{"index.files", "every listed file is there, byte for byte, and no other",
      "what is published is not what was signed"},
     GOT_INDEX,
     GOT_FILES,
     verify_index_files},
    {{"artefacts.listed", "every artefact of the manifest is a listed file",
      "devices could not fetch what they are told to install"},
     GOT_MANIFEST | GOT_INDEX,
     0,
     verify_artefacts_listed},
    {{"artefacts.content",
      "each archive holds the stated tar, and devices can extract it",
      "devices could not install it, or a rebuild could not be compared"},
     GOT_MANIFEST | GOT_FILES,
     0,
     verify_artefacts_content},
    {{"attestations.signature",
      "every attestation is signed and names files "
      "of this release",
      "what it claims belongs to something else"},
     GOT_AUTHORISATION | GOT_MANIFEST | GOT_FILES,
     0,
     verify_attestations},
    {{"attestations.provenance", "every artefact has provenance",
      "nobody can tell what it was built from"},
     GOT_AUTHORISATION | GOT_MANIFEST | GOT_FILES,
     0,
     verify_provenance},
    {{"sbom.binding", "every firmware artefact has an SBOM that names it",
      "nobody can tell what it is made of"},
     GOT_MANIFEST | GOT_FILES,
     0,
     verify_sboms},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct hm_verify_check *hm_verify_check_at(size_t i)
{
    return i < ROWS ? &rows[i].about : NULL;
}

hm_rc verify_say(struct verify *v, enum hm_result result, const char *reason,
                 const char *file, struct hm_err *e, const char *fmt, ...)
{
    struct hm_finding *f = NULL;
    va_list ap;

    HM_TRY(report_add(v->report, v->check, result, &f, e));
    (void)snprintf(f->reason, sizeof(f->reason), "%s", reason);
    (void)snprintf(f->file, sizeof(f->file), "%s", hm_show_str(file));
    va_start(ap, fmt);
    (void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
    va_end(ap);
    return HM_OK;
}

hm_rc verify_excuse(struct verify *v, const char *file, const char *text,
                    struct hm_err *e)
{
    HM_TRY(verify_say(v, HM_RESULT_NOT_RUN, "", file, e, "%s", text));
    v->report->findings[v->report->n - 1].is_excused = true;
    v->report->excused++;
    return HM_OK;
}

/* Is the release to blame, not the system it is read on? */
static bool is_verdict(const struct hm_err *why)
{
    switch (why->rc) {
    case HM_E_REJECTED:
    case HM_E_FORMAT:
    case HM_E_LIMIT:
        return true;
    case HM_E_IO:
        return why->os_errno == ENOENT || why->os_errno == ENOTDIR ||
               why->os_errno == ELOOP ||
               why->os_errno == ENXIO || /* a socket */
               strcmp(why->reason, "base.file.kind") == 0;
    case HM_OK:
    case HM_E_USAGE:
    case HM_E_NOMEM:
    case HM_E_TOKEN:
    case HM_E_INTERNAL:
        break;
    }
    return false;
}

/* What the caller is told, with the file that it is about. */
static void keep_first(struct verify *v, const char *file,
                       const struct hm_err *why)
{
    v->first = *why;
    if (file[0] != '\0' && strstr(why->text, hm_show_str(file)) == NULL)
        v->first.rc = hm_context(&v->first, why->rc, "%s", hm_show_str(file));
}

hm_rc verify_fail(struct verify *v, const char *file, const struct hm_err *why,
                  struct hm_err *e)
{
    struct hm_finding *f = NULL;

    if (!is_verdict(why)) {
        if (e != NULL)
            *e = *why;
        return why->rc;
    }
    v->failures++;
    if (v->first.rc == HM_OK)
        keep_first(v, file, why);
    HM_TRY(report_add(v->report, v->check, HM_RESULT_FAIL, &f, e));
    (void)snprintf(f->reason, sizeof(f->reason), "%s", why->reason);
    (void)snprintf(f->file, sizeof(f->file), "%s", hm_show_str(file));
    (void)snprintf(f->text, sizeof(f->text), "%s", why->text);
    (void)snprintf(f->hint, sizeof(f->hint), "%s", why->hint);
    return HM_OK;
}

hm_rc verify_note(struct verify *v, const char *file, hm_rc rc,
                  const struct hm_err *why, struct hm_err *e)
{
    return rc == HM_OK ? HM_OK : verify_fail(v, file, why, e);
}

HM_MUST static hm_rc run_row(struct verify *v, const struct row *row,
                             struct hm_err *e)
{
    const size_t before = v->report->n - v->report->count[HM_RESULT_WARN];

    v->check = row->about.id;
    v->failures = 0;
    if ((v->state & row->needs) != row->needs)
        return verify_say(v, HM_RESULT_NOT_RUN, "", "", e,
                          "%s: needs a check above that failed",
                          row->about.title);
    HM_TRY(row->run(v, e));
    if (v->failures > 0)
        return HM_OK;
    v->state |= row->gives;
    if (v->report->n - v->report->count[HM_RESULT_WARN] == before)
        return verify_say(v, HM_RESULT_PASS, "", "", e, "%s", row->about.title);
    return HM_OK;
}

static void verify_clear(struct verify *v)
{
    hm_root_clear(&v->root);
    hm_names_clear(&v->tree);
    hm_buf_clear(&v->authorisation_bytes);
    hm_authorisation_clear(&v->authorisation);
    hm_buf_clear(&v->manifest_bytes);
    hm_signatures_clear(&v->manifest_sigs);
    hm_manifest_clear(&v->manifest);
    hm_index_clear(&v->index);
}

HM_MUST static hm_rc conclude(const struct verify *v, struct hm_err *e)
{
    const struct hm_report *r = v->report;

    if (report_is_yes(r))
        return HM_OK;
    if (v->first.rc == HM_OK)
        return hm_fail(e, HM_E_REJECTED, "verify.check.missing",
                       "%zu checks did not run",
                       r->count[HM_RESULT_NOT_RUN] - r->excused);
    if (e != NULL) {
        *e = v->first;
        e->rc = HM_E_REJECTED;
    }
    return HM_E_REJECTED;
}

HM_MUST static hm_rc run_all(struct verify *v, struct hm_bytes root,
                             struct hm_err *e)
{
    HM_TRY(hm_context(e, hm_as_usage(e, hm_root_read(&v->root, root, e)),
                      "it is no root set"));
    for (size_t i = 0; i < ROWS; i++)
        HM_TRY(run_row(v, &rows[i], e));
    return conclude(v, e);
}

hm_rc hm_verify_release(const struct hm_dir *dir, struct hm_bytes root,
                        const struct hm_verify_options *options,
                        struct hm_report *report, struct hm_err *e)
{
    struct verify *v = calloc(1, sizeof(*v)); /* too large for a stack */
    hm_rc rc;

    hm_report_clear(report);
    if ((options->before_signing || options->rehearsal) &&
        options->public_copy) {
        free(v);
        return hm_fail(e, HM_E_USAGE, "verify.options.conflict",
                       "what is not signed yet has no public copy");
    }
    if (v == NULL)
        return hm_fail(e, HM_E_NOMEM, "verify.report.nomem",
                       "out of memory for a verification");
    v->dir = dir;
    v->options = *options;
    v->report = report;
    v->authorisation_bytes.max = HM_AUTHORISATION_BYTES_MAX;
    v->manifest_bytes.max = HM_MANIFEST_BYTES_MAX;
    report->at = options->at;
    v->options.before_signing |= options->rehearsal;
    report->before_signing = v->options.before_signing;
    report->rehearsal = options->rehearsal;
    report->public_copy = options->public_copy;
    rc = run_all(v, root, e);
    verify_clear(v);
    free(v);
    return rc;
}
