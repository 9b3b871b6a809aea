/** @file
 * Files and directories as descriptors: opened once, never reopened by name.
 *
 * Names are resolved one segment at a time below a directory descriptor and
 * never through a symbolic link.  Output is all or nothing: written to a
 * temporary beside its place, fsynced, renamed, the directory fsynced.
 *
 * Every failure of the system is HM_E_IO `base.file.*` or `base.dir.*` with
 * the name in the text.
 */
#ifndef HM_FILE_H
#define HM_FILE_H

#include <sys/types.h>

#include "hm_buf.h"

struct hm_file {
    int fd; /**< owned; -1 when closed */
};

#define HM_FILE_INIT \
    {                \
        .fd = -1     \
    }

struct hm_dir {
    int fd; /**< owned; -1 when closed */
};

#define HM_DIR_INIT \
    {               \
        .fd = -1    \
    }

/** Longest relative name below a directory, in bytes without the NUL. */
#define HM_NAME_MAX 128

/** Check a name as Hallmark documents may hold it: relative path of segments
 * `[A-Za-z0-9._+-]`, no segment with a leading dot, at most HM_NAME_MAX bytes.
 *
 * @return HM_E_FORMAT `base.name.syntax`; HM_E_LIMIT `base.name.long`
 */
HM_MUST hm_rc hm_name_check(struct hm_bytes name, struct hm_err *e);

/** Open a directory that the caller named on purpose (links are followed).
 * @return HM_E_IO `base.dir.open` */
HM_MUST hm_rc hm_dir_open(struct hm_dir *d, const char *path, struct hm_err *e);

/** Open @p name below @p at; "." is @p at itself.  No link is followed.
 * @return HM_E_IO `base.dir.open` */
HM_MUST hm_rc hm_dir_open_at(struct hm_dir *d, const struct hm_dir *at,
                             const char *name, struct hm_err *e);

/** Create @p name below @p at with every missing parent (mode 0755 less the
 * umask), then open it.  What exists is reused.
 * @return HM_E_IO `base.dir.make` */
HM_MUST hm_rc hm_dir_make_at(struct hm_dir *d, const struct hm_dir *at,
                             const char *name, struct hm_err *e);

/** hm_dir_make_at() for a path that the caller named on purpose. */
HM_MUST hm_rc hm_dir_make(struct hm_dir *d, const char *path, struct hm_err *e);

/** fsync the directory. @return HM_E_IO `base.dir.sync` */
HM_MUST hm_rc hm_dir_sync(const struct hm_dir *d, struct hm_err *e);

void hm_dir_clear(struct hm_dir *d);

/** The names in one directory or tree, sorted by bytes. */
struct hm_names {
    char **name; /**< owned; @p n strings, each owned */
    size_t n;
    size_t cap;
};

#define HM_NAMES_INIT                  \
    {                                  \
        .name = NULL, .n = 0, .cap = 0 \
    }

/** Most names that one list may hold. */
#define HM_NAMES_MAX 1000000u

/** Append a copy of @p name. */
HM_MUST hm_rc hm_names_add(struct hm_names *names, const char *name,
                           struct hm_err *e);

/** Is @p name in the list?  Binary search: sorted lists only. */
bool hm_names_has(const struct hm_names *names, const char *name);

/** List the entries of @p d itself (no "." and ".."), sorted. */
HM_MUST hm_rc hm_dir_list(const struct hm_dir *d, struct hm_names *out,
                          struct hm_err *e);

/** List everything below @p d as relative paths, sorted: files, links and
 * special files by their name, directories with a trailing slash.  Links are
 * not followed; depth is at most 64. */
HM_MUST hm_rc hm_dir_list_tree(const struct hm_dir *d, struct hm_names *out,
                               struct hm_err *e);

void hm_names_clear(struct hm_names *names);

/** Remove @p name below @p at with all it holds; links are removed, not
 * followed; a name that does not exist is no failure. */
HM_MUST hm_rc hm_dir_remove_at(const struct hm_dir *at, const char *name,
                               struct hm_err *e);

/** Open for reading a regular file that the caller named on purpose; parents
 * may be links, the file itself may not.
 * @return HM_E_IO `base.file.open`, `base.file.kind` (not a regular file) */
HM_MUST hm_rc hm_file_open(struct hm_file *f, const char *path,
                           struct hm_err *e);

/** Open for reading the regular file @p name below @p at, following no link in
 * any segment.  @return as hm_file_open() */
HM_MUST hm_rc hm_file_open_at(struct hm_file *f, const struct hm_dir *at,
                              const char *name, struct hm_err *e);

/** Does @p name exist below @p at (as whatever)?  Errors count as yes, so that
 * nothing is ever overwritten by mistake. */
bool hm_file_exists_at(const struct hm_dir *at, const char *name);

/** Do two paths name one file, however they are written?  Of what is not there
 * the text decides. */
bool hm_file_is_same(const char *a, const char *b);

/** Size in bytes. @return HM_E_IO `base.file.stat` */
HM_MUST hm_rc hm_file_size(const struct hm_file *f, uint64_t *size,
                           struct hm_err *e);

/** Append everything that is left.  Reads at most one byte more than fits.
 * @return HM_E_IO `base.file.read`; HM_E_LIMIT `base.buf.limit`; HM_E_NOMEM */
HM_MUST hm_rc hm_file_read_all(struct hm_file *f, struct hm_buf *out,
                               struct hm_err *e);

/** Read at most @p max bytes; @p got is 0 at the end of the file.
 * @return HM_E_IO `base.file.read` */
HM_MUST hm_rc hm_file_read(const struct hm_file *f, uint8_t *to, size_t max,
                           size_t *got, struct hm_err *e);

/** Open, read whole and close.  The text names the file.
 * @return as hm_file_open() and hm_file_read_all() */
HM_MUST hm_rc hm_file_load(const char *path, struct hm_buf *out,
                           struct hm_err *e);
HM_MUST hm_rc hm_file_load_at(const struct hm_dir *at, const char *name,
                              struct hm_buf *out, struct hm_err *e);

/** Write all of @p in to @p fd. @return HM_E_IO `base.file.write` */
HM_MUST hm_rc hm_file_write_all(int fd, struct hm_bytes in, struct hm_err *e);

/** Close; errno is preserved. */
void hm_file_clear(struct hm_file *f);

/** What hm_out_commit() may do to a file that is already there. */
enum hm_out_mode {
    HM_OUT_NEW,    /**< refuse: HM_E_USAGE `base.out.exists` */
    HM_OUT_REPLACE /**< replace it in one rename */
};

/** A file being written.  Until hm_out_commit() nothing has its name; if that
 * is never called, hm_out_clear() removes the temporary. */
struct hm_out {
    struct hm_dir dir; /**< owned: where the file goes */
    int fd;            /**< owned: the temporary, open for writing */
    enum hm_out_mode mode;
    char name[256];          /**< final name, one segment */
    char shown[HM_SHOW_MAX]; /**< for messages: as the caller named it */
    char temporary[48];
};

#define HM_OUT_INIT                  \
    {                                \
        .dir = HM_DIR_INIT, .fd = -1 \
    }

/** Begin to write @p path, which the caller named on purpose.
 *
 * @param permissions  e.g. 0644, applied as they are, whatever the umask
 * @return HM_E_USAGE `base.out.exists`; HM_E_IO `base.out.open`
 */
HM_MUST hm_rc hm_out_begin(struct hm_out *o, const char *path,
                           enum hm_out_mode mode, mode_t permissions,
                           struct hm_err *e);

/** Begin to write @p name below @p at; its parents must exist. */
HM_MUST hm_rc hm_out_begin_at(struct hm_out *o, const struct hm_dir *at,
                              const char *name, enum hm_out_mode mode,
                              mode_t permissions, struct hm_err *e);

/** @return HM_E_IO `base.file.write` (a full disk says so) */
HM_MUST hm_rc hm_out_write(struct hm_out *o, struct hm_bytes in,
                           struct hm_err *e);

/** fsync, rename into place, fsync the directory.
 * @return HM_E_USAGE `base.out.exists`; HM_E_IO `base.out.commit` */
HM_MUST hm_rc hm_out_commit(struct hm_out *o, struct hm_err *e);

/** Rename into place without any sync: for what may be lost, or is synced by
 * other means.
 * @return HM_E_USAGE `base.out.exists`; HM_E_IO `base.out.commit` */
HM_MUST hm_rc hm_out_rename(struct hm_out *o, struct hm_err *e);

/** Remove the temporary unless committed; errno is preserved. */
void hm_out_clear(struct hm_out *o);

/** Begin, write and commit in one call. */
HM_MUST hm_rc hm_file_save(const char *path, struct hm_bytes in,
                           enum hm_out_mode mode, struct hm_err *e);
HM_MUST hm_rc hm_file_save_at(const struct hm_dir *at, const char *name,
                              struct hm_bytes in, enum hm_out_mode mode,
                              struct hm_err *e);

struct hm_parked;

/** Files that get their names together: each is written to a temporary first,
 * then all are synced, then named.  None has its name if one of them cannot be
 * written; a kill while they are named leaves some of them. */
struct hm_outs {
    struct hm_parked *file; /**< owned */
    size_t n, max;
};

#define HM_OUTS_INIT                   \
    {                                  \
        .file = NULL, .n = 0, .max = 0 \
    }

/** Begin with at most @p n files. @return HM_E_NOMEM `base.out.nomem` */
HM_MUST hm_rc hm_outs_begin(struct hm_outs *o, size_t n, struct hm_err *e);

/** Write one more.  @return as hm_out_begin() and hm_out_write() */
HM_MUST hm_rc hm_outs_add(struct hm_outs *o, const char *path,
                          struct hm_bytes bytes, enum hm_out_mode mode,
                          mode_t permissions, struct hm_err *e);

/** Sync and name them all.  @return as hm_out_commit() */
HM_MUST hm_rc hm_outs_commit(struct hm_outs *o, struct hm_err *e);

/** Remove what has no name yet; errno is preserved. */
void hm_outs_clear(struct hm_outs *o);

/** Copy the regular file @p from below @p at_from to @p to below @p at_to. */
HM_MUST hm_rc hm_file_copy_at(const struct hm_dir *at_from, const char *from,
                              const struct hm_dir *at_to, const char *to,
                              enum hm_out_mode mode, struct hm_err *e);

#endif /* HM_FILE_H */
