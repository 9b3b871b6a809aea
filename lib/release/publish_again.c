/* What is served already: to publish it again is no mistake, and no work. */
#include "release_priv.h"

static bool is_signed(const char *name)
{
    const enum hm_release_place place = hm_release_place_of(name);

    return place == HM_RELEASE_TOP || place == HM_RELEASE_SIGNATURE;
}

static bool is_bound(const char *name)
{
    const enum hm_release_place place = hm_release_place_of(name);

    return place == HM_RELEASE_THE_INDEX || place == HM_RELEASE_LISTED;
}

HM_MUST static hm_rc list(const struct hm_dir *dir,
                          bool (*is_wanted)(const char *name),
                          struct hm_names *out, struct hm_err *e)
{
    HM_OWN(hm_names) all = HM_NAMES_INIT;

    HM_TRY(hm_dir_list_tree(dir, &all, e));
    for (size_t i = 0; i < all.n; i++)
        if (is_wanted(all.name[i]))
            HM_TRY(hm_names_add(out, all.name[i], e));
    return HM_OK;
}

HM_MUST static hm_rc digest(const struct hm_dir *dir, const char *name,
                            struct hm_digests *out, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    HM_TRY(hm_file_open_at(&f, dir, name, e));
    return hm_digest_file(&f, out, e);
}

HM_MUST static hm_rc compare_file(const struct hm_dir *a,
                                  const struct hm_dir *b, const char *name,
                                  bool *same, struct hm_err *e)
{
    struct hm_digests x;
    struct hm_digests y;

    HM_TRY(digest(a, name, &x, e));
    HM_TRY(digest(b, name, &y, e));
    *same =
        x.size == y.size && memcmp(x.sha256, y.sha256, sizeof(x.sha256)) == 0;
    return HM_OK;
}

/* Do two folders hold the same files of a kind, byte for byte? */
HM_MUST static hm_rc compare(const struct hm_dir *a, const struct hm_dir *b,
                             bool (*is_wanted)(const char *name), bool *same,
                             struct hm_err *e)
{
    HM_OWN(hm_names) x = HM_NAMES_INIT;
    HM_OWN(hm_names) y = HM_NAMES_INIT;

    HM_TRY(list(a, is_wanted, &x, e));
    HM_TRY(list(b, is_wanted, &y, e));
    *same = x.n == y.n;
    for (size_t i = 0; i < x.n && *same; i++) {
        *same = strcmp(x.name[i], y.name[i]) == 0;
        if (*same)
            HM_TRY(compare_file(a, b, x.name[i], same, e));
    }
    return HM_OK;
}

hm_rc hm_release_find_again(const struct hm_repository *repo,
                            const struct hm_dir *dir,
                            const struct hm_release_served *next,
                            struct hm_release_published *p, struct hm_err *e)
{
    HM_OWN(hm_dir) served = HM_DIR_INIT;

    p->already = false;
    if (p->before.empty ||
        hm_release_compare_served(next, &p->before.live) != 0)
        return HM_OK;
    HM_TRY(hm_dir_open_at(&served, &repo->dir, p->before.live.folder, e));
    return compare(dir, &served, is_signed, &p->already, e);
}

HM_MUST static hm_rc broken(const char *release, const char *why,
                            struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.repository.broken",
                           "the manifest is served already, but '%s' %s",
                           release, why),
                   "restore the repository from its backup or mirror; nothing "
                   "is published over it");
}

/* Served as a refresh, the release lies there under its first manifest, which
 * may have expired since; what the served one binds must be there. */
hm_rc hm_release_check_again(const struct hm_repository *repo,
                             const struct hm_dir *from,
                             const struct hm_release_publishing *how,
                             struct hm_release_published *p, struct hm_err *e)
{
    HM_OWN(hm_dir) release = HM_DIR_INIT;
    bool same = false;

    if (!hm_file_exists_at(&repo->dir, p->release))
        return broken(p->release, "is missing", e);
    HM_TRY(hm_dir_open_at(&release, &repo->dir, p->release, e));
    HM_TRY(compare_file(from, &release, HM_RELEASE_MANIFEST, &same, e));
    p->refreshed = !same;
    if (same)
        return hm_context(e, how->judge(how->context, &release, e),
                          "'%s', which is published already, is refused",
                          p->release);
    HM_TRY(compare(from, &release, is_bound, &same, e));
    return same ? HM_OK : broken(p->release, "holds other files than it", e);
}
