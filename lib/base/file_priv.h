/** @file
 * What the file parts of this room share.
 */
#ifndef HM_FILE_PRIV_H
#define HM_FILE_PRIV_H

#include "hm_file.h"

/** Open the directory that holds the last segment of @p name below @p at,
 * following no link.  A name that is empty, absolute, or has an empty, "." or
 * ".." segment is refused.
 *
 * @param[out] last  the last segment, a view into @p name
 * @return HM_E_FORMAT `base.name.syntax`; HM_E_IO `base.dir.open`
 */
HM_MUST hm_rc hm_dir_open_parent(struct hm_dir *parent, const struct hm_dir *at,
                                 const char *name, const char **last,
                                 struct hm_err *e);

#endif /* HM_FILE_PRIV_H */
