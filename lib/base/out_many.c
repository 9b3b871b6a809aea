#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"

/* From here on one sync of the file system is cheaper than one of each file. */
#define MANY 9u

/* A file that is written and waits for its name; nothing is kept open, since
 * there may be more files than descriptors. */
struct hm_parked {
    char *path;         /* owned: the final one */
    char temporary[48]; /* beside it; empty: has its name */
    enum hm_out_mode mode;
};

hm_rc hm_outs_begin(struct hm_outs *o, size_t n, struct hm_err *e)
{
    hm_outs_clear(o);
    o->file = calloc(n + 1, sizeof(*o->file));
    if (o->file == NULL)
        return hm_fail(e, HM_E_NOMEM, "base.out.nomem",
                       "out of memory for %zu files", n);
    o->max = n;
    return HM_OK;
}

static bool is_many(const struct hm_outs *o)
{
    return o->max >= MANY;
}

/* The temporary outlives the descriptors. */
HM_MUST static hm_rc park(struct hm_outs *o, const char *path,
                          struct hm_out *out, struct hm_err *e)
{
    struct hm_parked *file = &o->file[o->n];

    file->path = strdup(path);
    if (file->path == NULL)
        return hm_fail(e, HM_E_NOMEM, "base.out.nomem",
                       "out of memory for a file");
    (void)snprintf(file->temporary, sizeof(file->temporary), "%s",
                   out->temporary);
    file->mode = out->mode;
    out->temporary[0] = '\0';
    o->n++;
    return HM_OK;
}

hm_rc hm_outs_add(struct hm_outs *o, const char *path, struct hm_bytes bytes,
                  enum hm_out_mode mode, mode_t permissions, struct hm_err *e)
{
    HM_OWN(hm_out) out = HM_OUT_INIT;

    if (o->n == o->max)
        return hm_fail(e, HM_E_INTERNAL, "base.out.count",
                       "more than the %zu files that were announced", o->max);
    HM_TRY(hm_out_begin(&out, path, mode, permissions, e));
    HM_TRY(hm_out_write(&out, bytes, e));
    if (!is_many(o) && fsync(out.fd) != 0)
        return hm_fail_errno(e, "base.out.commit", "cannot finish '%s'",
                             hm_show_str(path));
    return park(o, path, &out, e);
}

/* --- naming them ------------------------------------------------------------------ */

/* The folder of a path, and its length in it. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static bool same_folder(const char *a, const char *b)
{
    const size_t n = folder_length(a);

    return n == folder_length(b) && strncmp(a, b, n) == 0;
}

/* The folder of file i, which stays open from the one before where it can. */
HM_MUST static hm_rc open_folder(const struct hm_outs *o, size_t i,
                                 struct hm_dir *dir, struct hm_err *e)
{
    const char *path = o->file[i].path;
    char folder[2048];

    if (dir->fd >= 0 && i > 0 && same_folder(path, o->file[i - 1].path))
        return HM_OK;
    hm_dir_clear(dir);
    (void)snprintf(folder, sizeof(folder), "%.*s",
                   (int)(folder_length(path) == 0 ? 1 : folder_length(path)),
                   folder_length(path) == 0 ? "." : path);
    return hm_dir_open(dir, folder, e);
}

/* Each file system that holds one of them, once. */
HM_MUST static hm_rc sync_all(const struct hm_outs *o, struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    dev_t synced = 0;

    for (size_t i = 0; i < o->n; i++) {
        struct stat st;

        HM_TRY(open_folder(o, i, &dir, e));
        if (fstat(dir.fd, &st) == 0 && i > 0 && st.st_dev == synced)
            continue;
        synced = st.st_dev;
        if (syncfs(dir.fd) != 0)
            return hm_fail_errno(e, "base.out.commit", "cannot finish '%s'",
                                 hm_show_str(o->file[i].path));
    }
    return HM_OK;
}

HM_MUST static hm_rc name_one(struct hm_parked *file, struct hm_dir *dir,
                              struct hm_err *e)
{
    struct hm_out out = {.dir = *dir, .fd = -1, .mode = file->mode};

    (void)snprintf(out.name, sizeof(out.name), "%s",
                   file->path + folder_length(file->path));
    (void)snprintf(out.temporary, sizeof(out.temporary), "%s", file->temporary);
    HM_TRY(hm_out_rename(&out, e));
    file->temporary[0] = '\0';
    return HM_OK;
}

hm_rc hm_outs_commit(struct hm_outs *o, struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    if (is_many(o))
        HM_TRY(sync_all(o, e));
    for (size_t i = 0; i < o->n; i++) {
        const bool is_last =
            i + 1 == o->n || !same_folder(o->file[i].path, o->file[i + 1].path);

        HM_TRY(open_folder(o, i, &dir, e));
        HM_TRY(name_one(&o->file[i], &dir, e));
        if (is_last)
            HM_TRY(hm_dir_sync(&dir, e));
    }
    hm_outs_clear(o);
    return HM_OK;
}

void hm_outs_clear(struct hm_outs *o)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    for (size_t i = 0; i < o->n; i++)
        if (o->file[i].temporary[0] != '\0' &&
            open_folder(o, i, &dir, NULL) == HM_OK)
            (void)unlinkat(dir.fd, o->file[i].temporary, 0);
    for (size_t i = 0; i < o->n; i++)
        free(o->file[i].path);
    free(o->file);
    *o = (struct hm_outs)HM_OUTS_INIT;
}
