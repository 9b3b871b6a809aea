/** @file
 * Stop the process, or fail, at the n-th operation that changes a file system:
 * for every n, what is left behind must be the old or the new.
 *
 * Link with HM_WRAP_FS and support/fs_stop.c (hm_fs_stop in tests/CMakeLists).
 * Counted: creating opens, write, sendfile, fsync, fchmod, mkdirat, symlinkat,
 * linkat, unlinkat, renameat, renameat2.
 */
#ifndef FS_STOP_H
#define FS_STOP_H

#include <stdbool.h>

enum fs_stop_kind {
    FS_STOP_NEVER, /**< count only */
    FS_STOP_KILL,  /**< SIGKILL to ourselves before the operation */
    FS_STOP_CUT,   /**< a write is half done, then SIGKILL */
    FS_STOP_FAIL   /**< the operation fails with the errno given */
};

/** Count from 0 again; act on operation @p n. */
void fs_stop_at(int n, enum fs_stop_kind kind, int with_errno);

/** Operations since fs_stop_at(). */
int fs_stop_count(void);

/** Was a file that had been written but not fsynced ever there when a link
 * called "live" was renamed?  Since fs_stop_at(). */
bool fs_stop_live_was_dirty(void);

/** Operations after the rename of "live", other than fsync and unlinkat. */
int fs_stop_after_live(void);

#endif /* FS_STOP_H */
