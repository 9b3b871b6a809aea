#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack_priv.h"

/* Where the pack goes: its parent, its name, and the name it has meanwhile. */
struct place {
    struct hm_dir parent; /* owned */
    struct hm_dir work;   /* owned; locked while it is filled */
    char name[256];
    char partial[300];
};

#define PLACE_INIT                                 \
    {                                              \
        .parent = HM_DIR_INIT, .work = HM_DIR_INIT \
    }

static void place_clear(struct place *p)
{
    hm_dir_clear(&p->parent);
    hm_dir_clear(&p->work);
}

HM_MUST static hm_rc find_place(struct place *p, const char *path,
                                struct hm_err *e)
{
    size_t n = strlen(path);
    size_t start;
    char parent[2048] = ".";

    while (n > 1 && path[n - 1] == '/')
        n--;
    for (start = n; start > 0 && path[start - 1] != '/'; start--)
        continue;
    if (n - start == 0 || n - start > 200 || start >= sizeof(parent) ||
        path[start] == '.')
        return hm_fail(e, HM_E_USAGE, "evidence.pack.name",
                       "cannot write a pack as '%s': expected the path of a "
                       "new folder whose name does not begin with a dot",
                       hm_show_str(path));
    if (start > 0)
        (void)snprintf(parent, sizeof(parent), "%.*s", (int)start, path);
    (void)snprintf(p->name, sizeof(p->name), "%.*s", (int)(n - start),
                   path + start);
    (void)snprintf(p->partial, sizeof(p->partial), ".%s.hallmark-partial",
                   p->name);
    return hm_dir_open(&p->parent, parent, e);
}

HM_MUST static hm_rc step_up(struct hm_dir *d, struct stat *sb,
                             struct hm_err *e)
{
    const int above = openat(d->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (above >= 0) {
        hm_dir_clear(d);
        d->fd = above;
    }
    if (above < 0 || fstat(d->fd, sb) != 0)
        return hm_fail_errno(e, "base.dir.open",
                             "cannot look where the pack lies");
    return HM_OK;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

hm_rc ev_pack_check_place(const char *path, const struct hm_dir *repository,
                          struct hm_err *e)
{
    HM_OWN(place) p = PLACE_INIT;
    struct stat not_here;
    struct stat last;
    struct stat here;

    HM_TRY(find_place(&p, path, e));
    if (fstat(repository->fd, &not_here) != 0 || fstat(p.parent.fd, &here) != 0)
        return hm_fail_errno(e, "base.dir.open",
                             "cannot look where the pack lies");
    do {
        if (is_same(&here, &not_here))
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "evidence.pack.inside",
                                   "'%s' would lie in the repository, whose "
                                   "files are all published and accounted for",
                                   hm_show_str(path)),
                           "name a folder outside of it");
        last = here;
        HM_TRY(step_up(&p.parent, &here, e));
    } while (!is_same(&here, &last)); /* the root is its own parent */
    return HM_OK;
}

/* Is there nothing, or an empty folder, or a pack that may be replaced? */
HM_MUST static hm_rc may_write(const struct place *p, bool replace, bool *full,
                               struct hm_err *e)
{
    HM_OWN(hm_dir) there = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    *full = false;
    if (!hm_file_exists_at(&p->parent, p->name))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&there, &p->parent, p->name, e));
    HM_TRY(hm_dir_list(&there, &names, e));
    *full = names.n > 0;
    if (!*full)
        return HM_OK;
    if (hm_names_has(&names, EV_SCRIPT_NAME) &&
        hm_names_has(&names, EV_LIST_NAME) && replace)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "base.out.exists",
                           "'%s' exists and is not empty",
                           hm_show_str(p->name)),
                   "name another folder%s",
                   replace ? "; --force replaces evidence packs only"
                           : ", or give --force to replace an evidence pack");
}

/* Make the work folder and lock it; what a killed run left is removed, what a
 * running one fills is not touched. */
HM_MUST static hm_rc begin_work(struct place *p, struct hm_err *e)
{
    if (hm_file_exists_at(&p->parent, p->partial)) {
        HM_TRY(hm_dir_open_at(&p->work, &p->parent, p->partial, e));
        if (flock(p->work.fd, LOCK_EX | LOCK_NB) != 0)
            return hm_fail(e, HM_E_IO, "evidence.pack.busy",
                           "another process is writing '%s'",
                           hm_show_str(p->name));
        hm_dir_clear(&p->work);
        HM_TRY(hm_dir_remove_at(&p->parent, p->partial, e));
    }
    if (mkdirat(p->parent.fd, p->partial, 0755) != 0)
        return hm_fail_errno(e, "evidence.pack.write",
                             "cannot make a folder for '%s'",
                             hm_show_str(p->name));
    HM_TRY(hm_dir_open_at(&p->work, &p->parent, p->partial, e));
    if (flock(p->work.fd, LOCK_EX | LOCK_NB) != 0)
        return hm_fail_errno(e, "evidence.pack.write", "cannot lock '%s'",
                             hm_show_str(p->partial));
    return HM_OK;
}

HM_MUST static hm_rc make_parent(const struct hm_dir *work, const char *name,
                                 struct hm_err *e)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    char folder[EV_NAME_MAX + 1];
    const char *slash = strrchr(name, '/');

    if (!slash)
        return HM_OK;
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
    return hm_dir_make_at(&parent, work, folder, e);
}

/* What was copied must be what was digested when the pack was planned. */
HM_MUST static hm_rc check_copy(const struct hm_dir *work,
                                const struct ev_entry *entry, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_digests d;

    HM_TRY(hm_file_open_at(&f, work, entry->name, e));
    HM_TRY(hm_digest_file(&f, &d, e));
    if (memcmp(d.sha512, entry->digests.sha512, sizeof(d.sha512)) != 0)
        return hm_fail(e, HM_E_IO, "evidence.pack.changed",
                       "'%s' changed while it was copied",
                       hm_show_str(entry->from_name));
    return HM_OK;
}

HM_MUST static hm_rc write_entry(const struct hm_dir *work,
                                 const struct ev_entry *entry, struct hm_err *e)
{
    HM_OWN(hm_out) out = HM_OUT_INIT;
    const bool script = strcmp(entry->name, EV_SCRIPT_NAME) == 0;

    HM_TRY(make_parent(work, entry->name, e));
    if (entry->from) {
        HM_TRY(hm_file_copy_at(entry->from, entry->from_name, work, entry->name,
                               HM_OUT_NEW, e));
        return check_copy(work, entry, e);
    }
    HM_TRY(hm_out_begin_at(&out, work, entry->name, HM_OUT_NEW,
                           script ? 0755 : 0644, e));
    HM_TRY(hm_out_write(&out, hm_buf_view(&entry->bytes), e));
    return hm_out_commit(&out, e);
}

/* Give the finished folder its name; an old pack leaves in the same step. */
HM_MUST static hm_rc finish_work(const struct place *p, bool full,
                                 struct hm_err *e)
{
    HM_TRY(hm_dir_sync(&p->work, e));
    if (full && renameat2(p->parent.fd, p->partial, p->parent.fd, p->name,
                          RENAME_EXCHANGE) != 0)
        return hm_fail_errno(e, "evidence.pack.write", "cannot replace '%s'",
                             hm_show_str(p->name));
    if (full)
        HM_TRY(hm_dir_remove_at(&p->parent, p->partial, e));
    else if (renameat(p->parent.fd, p->partial, p->parent.fd, p->name) != 0)
        return hm_fail_errno(e, "evidence.pack.write", "cannot name '%s'",
                             hm_show_str(p->name));
    return hm_dir_sync(&p->parent, e);
}

HM_MUST static hm_rc fill(const struct ev_pack *pack, const struct place *p,
                          bool full, struct hm_err *e)
{
    for (size_t i = 0; i < pack->n; i++)
        HM_TRY(write_entry(&p->work, &pack->entry[i], e));
    return finish_work(p, full, e);
}

hm_rc ev_pack_write(const struct ev_pack *pack, const char *path, bool replace,
                    struct hm_err *e)
{
    HM_OWN(place) p = PLACE_INIT;
    bool full = false;
    hm_rc rc;

    HM_TRY(find_place(&p, path, e));
    HM_TRY(may_write(&p, replace, &full, e));
    HM_TRY(begin_work(&p, e));
    rc = fill(pack, &p, full, e);
    if (rc != HM_OK && hm_dir_remove_at(&p.parent, p.partial, NULL) != HM_OK)
        return hm_context(e, rc, "and its partial folder stays behind");
    return hm_context(e, rc, "cannot write the evidence pack '%s'",
                      hm_show_str(path));
}
