#include <stdlib.h>

#include "hm_archive.h"
#include "hm_manifest.h"
#include "release_priv.h"

#define TAR_BYTES_MAX ((uint64_t)1 << 40)

static bool is_archive(const char *name)
{
    enum hm_archive_form form;

    return hm_archive_form_of(name, &form, NULL) == HM_OK;
}

/* One pass over the file, also for the tar inside it. */
HM_MUST static hm_rc digest_file(const struct hm_dir *dir, const char *name,
                                 bool is_tar, struct hm_digests *out,
                                 struct hm_release_content *content,
                                 struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_archive_result result;

    HM_TRY(hm_file_open_at(&f, dir, name, e));
    if (!is_tar)
        return hm_digest_file(&f, out, e);
    HM_TRY(hm_archive_content_digest(&f, TAR_BYTES_MAX, &result, e));
    *out = result.file;
    content->has = true;
    memcpy(content->sha256, result.content.sha256, sizeof(content->sha256));
    return HM_OK;
}

HM_MUST static hm_rc add_file(const struct hm_dir *dir, const char *name,
                              struct hm_release_files *out, struct hm_err *e)
{
    struct hm_index_file file = {.kind = 0};
    const char *kind = hm_release_kind_of(name, &file.is_public);
    const bool is_tar =
        kind != NULL && strcmp(kind, "artefact") == 0 && is_archive(name);

    if (kind == NULL)
        return hm_fail(e, HM_E_INTERNAL, "release.file.stranger",
                       "'%s' has no kind", hm_show_str(name));
    HM_TRY(hm_file_kind_find(kind, &file.kind, e));
    memcpy(file.name, name, strlen(name) + 1);
    HM_TRY(hm_context(e,
                      digest_file(dir, name, is_tar, &file.digests,
                                  &out->contents[out->index->n], e),
                      "'%s'", hm_show_str(name)));
    return hm_index_add(out->index, &file, e);
}

HM_MUST static hm_rc read_files(const struct hm_dir *dir,
                                struct hm_release_files *out, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_release_list(dir, &names, e));
    out->index = calloc(1, sizeof(*out->index));
    out->contents = calloc(names.n + 1, sizeof(*out->contents));
    if (out->index == NULL || out->contents == NULL)
        return hm_fail(e, HM_E_NOMEM, "release.array.nomem",
                       "out of memory for %zu files", names.n);
    for (size_t i = 0; i < names.n; i++)
        HM_TRY(add_file(dir, names.name[i], out, e));
    return HM_OK;
}

hm_rc hm_release_read_files(const struct hm_dir *dir,
                            struct hm_release_files *out, struct hm_err *e)
{
    hm_rc rc;

    hm_release_files_clear(out);
    rc = read_files(dir, out, e);
    if (rc != HM_OK)
        hm_release_files_clear(out);
    return rc;
}

void hm_release_files_clear(struct hm_release_files *f)
{
    if (f->index != NULL)
        hm_index_clear(f->index);
    free(f->index);
    free(f->contents);
    f->index = NULL;
    f->contents = NULL;
}
