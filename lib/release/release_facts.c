#include "hm_manifest.h"
#include "hm_trust.h"
#include "release_priv.h"

HM_MUST static hm_rc read_manifest(struct hm_release_facts *f, struct hm_err *e)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_release_state *s = &f->state;

    HM_TRY(hm_manifest_read(&m, hm_buf_view(&f->manifest), e));
    memcpy(s->vendor, m.vendor, sizeof(m.vendor));
    memcpy(s->product, m.product, sizeof(m.product));
    s->version = m.version;
    s->epoch = m.epoch;
    s->sequence = m.sequence;
    s->rollback_counter = m.rollback_counter;
    s->timestamp = m.timestamp;
    s->expires = m.expires;
    return HM_OK;
}

HM_MUST static hm_rc read_authorisation(struct hm_release_facts *f,
                                        struct hm_err *e)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;

    HM_TRY(hm_authorisation_read(&a, hm_buf_view(&f->authorisation), e));
    f->state.authorisation_sequence = a.sequence;
    memcpy(f->state.authorisation_sha256, a.sha256, sizeof(a.sha256));
    return HM_OK;
}

HM_MUST static hm_rc read_facts(const struct hm_dir *dir,
                                struct hm_release_facts *out, struct hm_err *e)
{
    HM_TRY(hm_file_load_at(dir, HM_RELEASE_MANIFEST, &out->manifest, e));
    HM_TRY(hm_context(e, read_manifest(out, e), HM_RELEASE_MANIFEST));
    HM_TRY(
        hm_file_load_at(dir, HM_RELEASE_AUTHORISATION, &out->authorisation, e));
    return hm_context(e, read_authorisation(out, e), HM_RELEASE_AUTHORISATION);
}

hm_rc hm_release_read_facts(const struct hm_dir *dir,
                            struct hm_release_facts *out, struct hm_err *e)
{
    hm_rc rc;

    hm_release_facts_clear(out);
    rc = read_facts(dir, out, e);
    if (rc != HM_OK)
        hm_release_facts_clear(out);
    return rc;
}

void hm_release_facts_clear(struct hm_release_facts *f)
{
    hm_buf_clear(&f->manifest);
    hm_buf_clear(&f->authorisation);
    memset(&f->state, 0, sizeof(f->state));
}

hm_rc hm_release_compare_refresh(struct hm_bytes before, struct hm_bytes after,
                                 bool *same, struct hm_err *e)
{
    HM_OWN(hm_manifest) old = HM_MANIFEST_INIT;
    HM_OWN(hm_manifest) renewed = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) a = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_buf) b = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);

    *same = false;
    HM_TRY(hm_manifest_read(&old, before, e));
    HM_TRY(hm_manifest_read(&renewed, after, e));
    renewed.epoch = old.epoch;
    renewed.sequence = old.sequence;
    renewed.timestamp = old.timestamp;
    renewed.expires = old.expires;
    HM_TRY(hm_manifest_write(&old, &a, e));
    HM_TRY(hm_manifest_write(&renewed, &b, e));
    *same = hm_bytes_eq(hm_buf_view(&a), hm_buf_view(&b));
    return HM_OK;
}
