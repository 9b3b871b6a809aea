#include "source_priv.h"

hm_rc hm_source_read_commit(struct hm_source *s, const char *path,
                            struct hm_err *e)
{
    HM_OWN(source_repo) r = SOURCE_REPO_INIT;
    hm_rc rc;

    hm_source_clear(s);
    HM_TRY(source_open(&r, path, e));
    rc = source_read_head(s, &r, e);
    if (rc != HM_OK)
        hm_source_clear(s);
    return rc;
}

hm_rc hm_source_read(struct hm_source *s, const char *path, struct hm_err *e)
{
    HM_OWN(source_repo) r = SOURCE_REPO_INIT;
    hm_rc rc;

    hm_source_clear(s);
    HM_TRY(source_open(&r, path, e));
    rc = source_read_head(s, &r, e);
    if (rc == HM_OK)
        rc = source_read_state(s, &r, e);
    if (rc != HM_OK)
        hm_source_clear(s);
    return rc;
}

bool hm_source_is_dirty(const struct hm_source *s)
{
    return s->staged + s->modified + s->untracked + s->concealed > 0;
}

void hm_source_clear(struct hm_source *s)
{
    hm_names_clear(&s->tags);
    hm_names_clear(&s->changed);
    hm_names_clear(&s->submodules);
    *s = (struct hm_source)HM_SOURCE_INIT;
}
