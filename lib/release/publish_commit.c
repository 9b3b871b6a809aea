#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_crypto.h"
#include "release_priv.h"

/* --- folders ---------------------------------------------------------------- */

HM_MUST static hm_rc make_folder(const struct hm_repository *repo,
                                 const char *name, struct hm_dir *out,
                                 struct hm_err *e)
{
    HM_TRY(hm_dir_make_at(out, &repo->dir, name, e));
    if (fchmod(out->fd, 0755) != 0)
        return hm_fail_errno(e, "release.repository.write",
                             "cannot set the permissions of '%s'", name);
    return hm_dir_sync(&repo->dir, e);
}

/* Move a finished folder out of work.  Nothing is there yet: the plan looked
 * under the lock, and a folder with something in it is never replaced. */
HM_MUST static hm_rc move_folder(const struct hm_repository *repo,
                                 const struct hm_dir *work, const char *from,
                                 const char *place, struct hm_err *e)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    const char *slash = strchr(place, '/');
    char folder[64];

    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - place), place);
    HM_TRY(make_folder(repo, folder, &parent, e));
    if (renameat(work->fd, from, parent.fd, slash + 1) != 0)
        return hm_fail_errno(e, "release.repository.write",
                             "cannot put '%s' in place", hm_show_str(place));
    HM_TRY(hm_dir_sync(&parent, e));
    return hm_dir_sync(work, e);
}

/* --- links ------------------------------------------------------------------- */

HM_MUST static hm_rc put_link(const struct hm_repository *repo,
                              const struct hm_dir *work, const char *target,
                              const char *name, struct hm_err *e)
{
    if (symlinkat(target, work->fd, name) != 0)
        return hm_fail_errno(e, "release.repository.write",
                             "cannot make the link '%s'", hm_show_str(name));
    if (renameat(work->fd, name, repo->dir.fd, name) != 0)
        return hm_fail_errno(e, "release.repository.write",
                             "cannot put the link '%s' in place",
                             hm_show_str(name));
    return HM_OK;
}

static bool is_link_to(const struct hm_repository *repo, const char *name,
                       const char *target)
{
    char found[256];
    const ssize_t n = readlinkat(repo->dir.fd, name, found, sizeof(found) - 1);

    return n >= 0 && (size_t)n == strlen(target) &&
           memcmp(found, target, (size_t)n) == 0;
}

/* The links at the top lead through live, so they are made once and may be
 * there before what they lead to. */
HM_MUST static hm_rc put_links(const struct hm_repository *repo,
                               const struct hm_dir *work, const char *folder,
                               struct hm_err *e)
{
    HM_OWN(hm_dir) served = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_open_at(&served, &repo->dir, folder, e));
    HM_TRY(hm_dir_list(&served, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        char target[HM_NAME_MAX + 16];

        (void)snprintf(target, sizeof(target), HM_REPOSITORY_LIVE "/%s",
                       names.name[i]);
        if (!is_link_to(repo, names.name[i], target))
            HM_TRY(put_link(repo, work, target, names.name[i], e));
    }
    return hm_dir_sync(&repo->dir, e);
}

/* Remove the link at the top if it leads through live to nothing. */
HM_MUST static hm_rc drop_link(const struct hm_repository *repo,
                               const char *name, struct hm_names *cleaned,
                               struct hm_err *e)
{
    char target[HM_NAME_MAX + 16];

    (void)snprintf(target, sizeof(target), HM_REPOSITORY_LIVE "/%s", name);
    if (!is_link_to(repo, name, target) ||
        faccessat(repo->dir.fd, name, F_OK, 0) == 0 || errno != ENOENT)
        return HM_OK;
    HM_TRY(hm_dir_remove_at(&repo->dir, name, e));
    return hm_names_add(cleaned, name, e);
}

hm_rc hm_release_drop_links(const struct hm_repository *repo,
                            struct hm_names *cleaned, struct hm_err *e)
{
    static const char *const documents[] = {HM_RELEASE_MANIFEST,
                                            HM_RELEASE_AUTHORISATION};
    char name[HM_NAME_MAX + 8];

    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        HM_TRY(drop_link(repo, documents[i], cleaned, e));
        for (unsigned k = 0; k < HM_RELEASE_SIGNATURES_MAX; k++)
            HM_TRY(drop_link(repo,
                             hm_release_signature_name(documents[i], k, name),
                             cleaned, e));
    }
    return HM_OK;
}

/* --- the commit --------------------------------------------------------------- */

/* What the intent names is removed if live never gets there, so it must be
 * new. */
HM_MUST static hm_rc check_new(const struct hm_repository *repo,
                               const struct hm_release_published *p,
                               struct hm_err *e)
{
    const char *const places[] = {p->folder, p->refreshed ? NULL : p->release};

    for (size_t i = 0; i < 2; i++)
        if (places[i] != NULL && hm_file_exists_at(&repo->dir, places[i]))
            return hm_fail(e, HM_E_REJECTED, "release.repository.broken",
                           "'%s' is there already, though nothing that is "
                           "served names it",
                           places[i]);
    return HM_OK;
}

/* What recovery removes if live never got there. */
HM_MUST static hm_rc write_intent(const struct hm_dir *work,
                                  const struct hm_release_published *p,
                                  struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(1024);
    struct hm_json_writer w;

    hm_json_begin(&w, &text, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_RELEASE_INTENT_FORMAT);
    hm_json_put_text(&w, "history", p->folder);
    if (!p->refreshed)
        hm_json_put_text(&w, "release", p->release);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    return hm_file_save_at(work, HM_RELEASE_WORK_INTENT, hm_buf_view(&text),
                           HM_OUT_NEW, e);
}

hm_rc hm_release_commit(const struct hm_repository *repo,
                        const struct hm_dir *work,
                        const struct hm_release_published *p, struct hm_err *e)
{
    HM_TRY(check_new(repo, p, e));
    HM_TRY(write_intent(work, p, e));
    if (!p->refreshed)
        HM_TRY(move_folder(repo, work, HM_RELEASE_WORK_COPY, p->release, e));
    HM_TRY(move_folder(repo, work, HM_RELEASE_WORK_SERVED, p->folder, e));
    HM_TRY(put_links(repo, work, p->folder, e));
    HM_TRY(put_link(repo, work, p->folder, HM_REPOSITORY_LIVE, e));
    return hm_context(e, hm_dir_sync(&repo->dir, e),
                      "'live' is switched, but may not outlast a power cut");
}

hm_rc hm_release_put_root(const struct hm_repository *repo,
                          const struct hm_dir *work, struct hm_bytes root,
                          struct hm_err *e)
{
    HM_OWN(hm_dir) roots = HM_DIR_INIT;
    HM_OWN(hm_buf) there = HM_BUF_INIT(root.n + 1);
    uint8_t digest[HM_SHA256_SIZE];
    char name[HM_SHA256_HEX + sizeof(".json")];

    HM_TRY(hm_sha256(root, digest, e));
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, name);
    memcpy(name + 2 * sizeof(digest), ".json", sizeof(".json"));
    HM_TRY(make_folder(repo, HM_REPOSITORY_ROOTS, &roots, e));
    if (!hm_file_exists_at(&roots, name)) {
        HM_TRY(hm_file_save_at(work, name, root, HM_OUT_NEW, e));
        if (renameat(work->fd, name, roots.fd, name) != 0)
            return hm_fail_errno(e, "release.repository.write",
                                 "cannot put roots/%s in place", name);
        return hm_dir_sync(&roots, e);
    }
    HM_TRY(hm_file_load_at(&roots, name, &there, e));
    if (hm_bytes_eq(hm_buf_view(&there), root))
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "release.repository.broken",
                   "roots/%s is not the file its name says", name);
}
