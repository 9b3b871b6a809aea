/* What the manifest says, against the authorisation and the time. */
#include <stdio.h>

#include "hm_release.h"
#include "verify_priv.h"

hm_rc verify_manifest_content(struct verify *v, struct hm_err *e)
{
    struct hm_report *r = v->report;
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc =
        hm_manifest_read(&v->manifest, hm_buf_view(&v->manifest_bytes), &why);

    if (rc != HM_OK)
        return verify_fail(v, HM_RELEASE_MANIFEST, &why, e);
    r->has_manifest = true;
    memcpy(r->product, v->manifest.product, sizeof(r->product));
    memcpy(r->version, v->manifest.version.text, sizeof(r->version));
    r->epoch = v->manifest.epoch;
    r->sequence = v->manifest.sequence;
    hm_hex_write(
        (struct hm_bytes){v->manifest.sha256, sizeof(v->manifest.sha256)},
        r->manifest_sha256);
    return HM_OK;
}

hm_rc verify_manifest_identity(struct verify *v, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc = hm_authorisation_check_vendor(&v->authorisation,
                                                   v->manifest.vendor, &why);

    return verify_note(v, HM_RELEASE_MANIFEST, rc, &why, e);
}

HM_MUST static hm_rc check_freshness(const struct verify *v, struct hm_err *why)
{
    const struct hm_manifest *m = &v->manifest;

    if (v->options.at < m->timestamp)
        return hm_hint(why,
                       hm_fail(why, HM_E_REJECTED, "manifest.early",
                               "issued %s, judged at %s",
                               hm_time_show(m->timestamp),
                               hm_time_show(v->options.at)),
                       "set the clock right, or judge with --at");
    if (v->options.at > m->expires)
        return hm_hint(why,
                       hm_fail(why, HM_E_REJECTED, "manifest.expired",
                               "expired %s, judged at %s",
                               hm_time_show(m->expires),
                               hm_time_show(v->options.at)),
                       "hallmark-manifest refresh makes a fresh one to sign; "
                       "--at judges an earlier day");
    return HM_OK;
}

hm_rc verify_manifest_freshness(struct verify *v, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc = check_freshness(v, &why);

    return verify_note(v, HM_RELEASE_MANIFEST, rc, &why, e);
}

HM_MUST static hm_rc check_rollback(const struct verify *v, struct hm_err *why)
{
    const struct hm_manifest *m = &v->manifest;
    struct hm_limit want = {.epoch = m->epoch,
                            .max_rollback_counter = m->rollback_counter};

    (void)snprintf(want.product, sizeof(want.product), "%s", m->product);
    return hm_authorisation_check_limit(&v->authorisation, &want, why);
}

hm_rc verify_manifest_rollback(struct verify *v, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc = check_rollback(v, &why);

    return verify_note(v, HM_RELEASE_MANIFEST, rc, &why, e);
}

HM_MUST static hm_rc check_advisory(const struct hm_manifest *m,
                                    const struct hm_advisory *a,
                                    struct hm_err *why)
{
    if (a->severity > m->severity)
        return hm_fail(why, HM_E_REJECTED, "manifest.severity",
                       "advisory %s is of severity %s, the manifest says %s",
                       a->id, hm_severity_name(a->severity),
                       hm_severity_name(m->severity));
    if (hm_version_compare(&a->fixed_in, &m->version) > 0)
        return hm_fail(why, HM_E_REJECTED, "manifest.advisory.version",
                       "advisory %s is fixed in %s, after this version %s",
                       a->id, a->fixed_in.text, m->version.text);
    return HM_OK;
}

hm_rc verify_manifest_advisories(struct verify *v, struct hm_err *e)
{
    const struct hm_manifest *m = &v->manifest;
    struct hm_err why = {.rc = HM_OK};
    hm_rc rc = HM_OK;

    if (m->update_type == HM_UPDATE_SECURITY && m->advisories_n == 0)
        rc = hm_fail(&why, HM_E_REJECTED, "manifest.advisory.missing",
                     "a security update names no advisory");
    HM_TRY(verify_note(v, HM_RELEASE_MANIFEST, rc, &why, e));
    for (size_t i = 0; i < m->advisories_n; i++) {
        rc = check_advisory(m, &m->advisories[i], &why);
        HM_TRY(verify_note(v, HM_RELEASE_MANIFEST, rc, &why, e));
    }
    return HM_OK;
}
