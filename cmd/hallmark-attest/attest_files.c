#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "attest_cli_priv.h"

HM_MUST static hm_rc check_kind(const struct hm_dir *dir, const char *name,
                                struct hm_err *e)
{
    struct stat st;

    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(st.st_mode))
        return hm_fail(e, HM_E_REJECTED, "attest.file.kind",
                       "'%s' is no regular file", hm_show_str(name));
    return HM_OK;
}

HM_MUST static hm_rc read_file(struct attest_file *to, const struct hm_dir *dir,
                               const char *folder, const char *name,
                               struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    const struct hm_digests *d = &to->digests;
    const int n = snprintf(to->name, sizeof(to->name), "%s/%s", folder, name);

    if (n < 0 || (size_t)n >= sizeof(to->name))
        return hm_fail(e, HM_E_LIMIT, "base.name.long",
                       "'%s/%s' has more than %d letters", folder,
                       hm_show_str(name), HM_NAME_MAX);
    HM_TRY(hm_name_check(hm_bytes_str(to->name), e));
    HM_TRY(check_kind(dir, to->name, e));
    HM_TRY(hm_file_open_at(&f, dir, to->name, e));
    HM_TRY(hm_digest_file(&f, &to->digests, e));
    hm_hex_write((struct hm_bytes){d->sha256, sizeof(d->sha256)}, to->sha256);
    hm_hex_write((struct hm_bytes){d->sha512, sizeof(d->sha512)}, to->sha512);
    return HM_OK;
}

HM_MUST static hm_rc read_all(struct attest_files *files,
                              const struct hm_dir *dir, const char *folder,
                              const struct hm_names *names, struct hm_err *e)
{
    files->file = calloc(names->n + 1, sizeof(*files->file));
    if (files->file == NULL)
        return hm_fail(e, HM_E_NOMEM, "attest.files.nomem",
                       "out of memory for %zu files", names->n);
    for (size_t i = 0; i < names->n; i++) {
        const size_t n = strlen(names->name[i]);

        if (n == 0 || names->name[i][n - 1] == '/')
            continue;
        HM_TRY(
            read_file(&files->file[files->n], dir, folder, names->name[i], e));
        files->n++;
    }
    return HM_OK;
}

hm_rc attest_read_files(struct attest_files *files, const struct hm_dir *dir,
                        const char *folder, struct hm_err *e)
{
    HM_OWN(hm_dir) below = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    attest_files_clear(files);
    if (!hm_file_exists_at(dir, folder))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&below, dir, folder, e));
    HM_TRY(hm_dir_list_tree(&below, &names, e));
    if (names.n > HM_ATTEST_SUBJECTS_MAX)
        return hm_fail(e, HM_E_LIMIT, "attest.files.count",
                       "%zu files in '%s', at most %u are taken", names.n,
                       folder, HM_ATTEST_SUBJECTS_MAX);
    return read_all(files, dir, folder, &names, e);
}

bool attest_has_file(const struct attest_files *files, const char *folder,
                     const char *name)
{
    const size_t n = strlen(folder);

    for (size_t i = 0; i < files->n; i++)
        if (strncmp(files->file[i].name, folder, n) == 0 &&
            files->file[i].name[n] == '/' &&
            strcmp(files->file[i].name + n + 1, name) == 0)
            return true;
    return false;
}

void attest_files_clear(struct attest_files *files)
{
    free(files->file);
    *files = (struct attest_files)ATTEST_FILES_INIT;
}
