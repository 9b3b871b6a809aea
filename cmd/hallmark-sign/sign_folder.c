#include <stdio.h>
#include <sys/stat.h>

#include "sign_priv.h"

hm_rc sign_path_split(const char *path, char *folder, const char **name,
                      struct hm_err *e)
{
    const char *slash = strrchr(path, '/');
    const int n = slash == NULL ? 1 : (int)(slash - path) + 1;

    *name = slash == NULL ? path : slash + 1;
    /* Room is left for the names put behind it. */
    if (n > (int)SIGN_PATH_MAX - 300 || strlen(*name) > 255)
        return hm_fail(e, HM_E_USAGE, "sign.path.long", "path '%s' is too long",
                       hm_show_str(path));
    (void)snprintf(folder, SIGN_PATH_MAX, "%.*s", n,
                   slash == NULL ? "." : path);
    return HM_OK;
}

hm_rc sign_folder_enter(struct sign_folder *f, const char *path,
                        const char **name, struct hm_err *e)
{
    char folder[SIGN_PATH_MAX];
    struct stat sb;

    HM_TRY(sign_path_split(path, folder, name, e));
    if (f->dir.fd >= 0 && strcmp(f->path, folder) == 0)
        return HM_OK;
    HM_TRY(hm_context(e, hm_dir_open(&f->dir, folder, e), "cannot read '%s'",
                      hm_show_str(path)));
    if (fstat(f->dir.fd, &sb) != 0)
        return hm_fail_errno(e, "sign.document.path", "cannot look at '%s'",
                             hm_show_str(folder));
    f->device = sb.st_dev;
    f->inode = sb.st_ino;
    memcpy(f->path, folder, sizeof(f->path));
    return HM_OK;
}

void sign_folder_clear(struct sign_folder *f)
{
    hm_dir_clear(&f->dir);
}
