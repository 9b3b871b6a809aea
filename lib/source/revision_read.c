#include "revision_priv.h"

hm_rc revision_lacks(const char *path, struct hm_err *e)
{
    return hm_hint(e,
                   hm_context(e, source_fail(e, "libgit2"), "cannot read '%s'",
                              hm_show_str(path)),
                   "git fsck says what the repository lacks; a partial clone "
                   "has to fetch it first");
}

hm_rc revision_load(struct revision *r, const git_oid *id, const char *path,
                    git_odb_object **out, struct hm_err *e)
{
    *out = NULL;
    if (git_odb_read(out, r->odb, id) < 0)
        return revision_lacks(path, e);
    if (git_odb_object_type(*out) == GIT_OBJECT_BLOB)
        return HM_OK;
    git_odb_object_free(*out);
    *out = NULL;
    return hm_fail(e, HM_E_REJECTED, "source.tree.kind",
                   "'%s' is no file in the object database", hm_show_str(path));
}

hm_rc revision_open(void *context, const struct hm_archive_item *item,
                    struct hm_err *e)
{
    struct revision *r = context;
    git_oid id;

    memcpy(id.id, item->id, sizeof(id.id));
    git_odb_object_free(r->blob);
    r->blob = NULL;
    r->at = 0;
    return revision_load(r, &id, item->path, &r->blob, e);
}

hm_rc revision_read(void *context, uint8_t *to, size_t max, size_t *got,
                    struct hm_err *e)
{
    struct revision *r = context;
    const uint8_t *data = git_odb_object_data(r->blob);
    const size_t left = git_odb_object_size(r->blob) - r->at;

    (void)e;
    *got = left < max ? left : max;
    memcpy(to, data + r->at, *got);
    r->at += *got;
    return HM_OK;
}

/* Objects do not change: libgit2 compares each with its id when it is read. */
hm_rc revision_check(void *context, const struct hm_archive_item *item,
                     struct hm_err *e)
{
    struct revision *r = context;

    (void)item;
    (void)e;
    git_odb_object_free(r->blob);
    r->blob = NULL;
    return HM_OK;
}
