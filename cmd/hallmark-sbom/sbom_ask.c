#include <sys/stat.h>

#include "sbom_cli_priv.h"

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Two paths, one file? */
HM_MUST static hm_rc is_same(const struct hm_release *r, const char *written,
                             const struct stat *file, bool *same,
                             struct hm_err *e)
{
    HM_OWN(hm_buf) path = HM_BUF_INIT(8192);
    struct stat st;

    HM_TRY(hm_release_path(r, written, &path, e));
    *same = stat((const char *)path.p, &st) == 0 && st.st_dev == file->st_dev &&
            st.st_ino == file->st_ino;
    return HM_OK;
}

HM_MUST static hm_rc find_entry(struct sbom_asked *a, const char *file,
                                const char *output, struct hm_err *e)
{
    struct stat st;
    size_t found = 0;

    if (stat(file, &st) != 0)
        return hm_fail_errno(e, "base.file.open", "cannot open '%s'",
                             hm_show_str(file));
    for (size_t i = 0; i < a->release.n_sboms; i++) {
        const struct hm_release_sbom *entry = &a->release.sboms[i];
        bool same = false;

        HM_TRY(is_same(&a->release, entry->file, &st, &same, e));
        if (!same)
            continue;
        found++;
        if (output != NULL && strcmp(entry->name, name_of(output)) == 0) {
            a->entry = entry;
            return HM_OK;
        }
        a->entry = entry;
    }
    if (found == 0)
        return hm_fail(e, HM_E_USAGE, "sbom.entry.missing",
                       "release.json lists no SBOM whose file is '%s'",
                       hm_show_str(file));
    if (found > 1)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "sbom.entry.ambiguous",
                               "release.json lists '%s' %zu times",
                               hm_show_str(file), found),
                       "-o STAGE/sbom/NAME says which of them is meant");
    return HM_OK;
}

HM_MUST static hm_rc digest_artefact(struct sbom_asked *a, const char *stage,
                                     struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_file) f = HM_FILE_INIT;
    char name[sizeof(HM_RELEASE_DIR_ARTEFACTS) + HM_RELEASE_TEXT_MAX + 2];

    (void)snprintf(name, sizeof(name), HM_RELEASE_DIR_ARTEFACTS "/%s",
                   a->artefact);
    HM_TRY(hm_dir_open(&dir, stage, e));
    HM_TRY(hm_file_open_at(&f, &dir, name, e));
    HM_TRY(hm_digest_file(&f, &a->digests, e));
    a->wanted.artefact = &a->digests;
    return HM_OK;
}

hm_rc sbom_ask(struct sbom_asked *a, const char *file, const char *output,
               const char *release, const char *stage, struct hm_err *e)
{
    HM_TRY(hm_release_load(&a->release, release, e));
    HM_TRY(find_entry(a, file, output, e));
    a->artefact = a->release.artefacts[a->entry->artefact].name;
    a->wanted.product = a->release.product;
    a->wanted.version = a->release.version.text;
    return stage == NULL ? HM_OK : digest_artefact(a, stage, e);
}

void sbom_asked_clear(struct sbom_asked *a)
{
    hm_release_clear(&a->release);
    *a = (struct sbom_asked)SBOM_ASKED_INIT;
}
