#include <sys/stat.h>

#include "release_priv.h"

#define FOLDER_MODE 0755 /**< what is published can be read by the server */

/* Make the names in d and its permissions last. */
HM_MUST static hm_rc finish_folder(const struct hm_dir *d, struct hm_err *e)
{
    if (fchmod(d->fd, FOLDER_MODE) != 0)
        return hm_fail_errno(e, "release.repository.write",
                             "cannot set the permissions of a folder");
    return hm_dir_sync(d, e);
}

HM_MUST static hm_rc copy_entry(const struct hm_dir *from,
                                const struct hm_dir *to, const char *name,
                                struct hm_err *e)
{
    HM_OWN(hm_dir) folder = HM_DIR_INIT;
    const size_t n = strlen(name);
    char plain[HM_NAME_MAX + 1];

    if (name[n - 1] != '/')
        return hm_file_copy_at(from, name, to, name, HM_OUT_NEW, e);
    if (n > HM_NAME_MAX)
        return hm_fail(e, HM_E_REJECTED, "release.file.name",
                       "folder '%s' has a name of more than %d bytes",
                       hm_show_str(name), HM_NAME_MAX);
    memcpy(plain, name, n - 1);
    plain[n - 1] = '\0';
    return hm_dir_make_at(&folder, to, plain, e);
}

/* Backwards: a folder is finished after the folders in it. */
HM_MUST static hm_rc finish_folders(const struct hm_dir *to,
                                    const struct hm_names *names,
                                    struct hm_err *e)
{
    for (size_t i = names->n; i > 0; i--) {
        HM_OWN(hm_dir) folder = HM_DIR_INIT;
        char plain[HM_NAME_MAX + 1];
        const char *name = names->name[i - 1];
        const size_t n = strlen(name);

        if (name[n - 1] != '/')
            continue;
        memcpy(plain, name, n - 1);
        plain[n - 1] = '\0';
        HM_TRY(hm_dir_open_at(&folder, to, plain, e));
        HM_TRY(finish_folder(&folder, e));
    }
    return finish_folder(to, e);
}

hm_rc hm_release_copy(const struct hm_dir *from, const struct hm_dir *to,
                      struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_names) listed = HM_NAMES_INIT;

    /* Refuses strangers and links before anything is copied. */
    HM_TRY(hm_release_list(from, &listed, e));
    HM_TRY(hm_dir_list_tree(from, &names, e));
    for (size_t i = 0; i < names.n; i++)
        HM_TRY(hm_context(e, copy_entry(from, to, names.name[i], e),
                          "cannot copy '%s' into the repository",
                          hm_show_str(names.name[i])));
    return finish_folders(to, &names, e);
}

hm_rc hm_release_copy_served(const struct hm_dir *work, struct hm_err *e)
{
    HM_OWN(hm_dir) from = HM_DIR_INIT;
    HM_OWN(hm_dir) to = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_open_at(&from, work, HM_RELEASE_WORK_COPY, e));
    HM_TRY(hm_dir_make_at(&to, work, HM_RELEASE_WORK_SERVED, e));
    HM_TRY(hm_dir_list(&from, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        const enum hm_release_place place = hm_release_place_of(names.name[i]);

        if (place == HM_RELEASE_TOP || place == HM_RELEASE_SIGNATURE)
            HM_TRY(hm_file_copy_at(&from, names.name[i], &to, names.name[i],
                                   HM_OUT_NEW, e));
    }
    return finish_folder(&to, e);
}
