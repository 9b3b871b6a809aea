/* Extended attributes: judged, and recorded when that is asked for.  An ACL and
 * a capability are attributes to the system. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>

#include "archive_priv.h"

/* The names of one file, each ended by NUL. */
struct list {
    char *names; /* owned */
    size_t n;
};

#define LIST_INIT              \
    {                          \
        .names = NULL, .n = 0, \
    }

static void list_clear(struct list *l)
{
    free(l->names);
}

HM_MUST static hm_rc failed(const char *path, struct hm_err *e)
{
    return hm_fail_errno(e, "base.file.stat",
                         "cannot read the extended attributes of '%s'",
                         hm_show_str(path));
}

HM_MUST static hm_rc read_names(struct list *l, const char *path, int fd,
                                struct hm_err *e)
{
    ssize_t n = flistxattr(fd, NULL, 0);

    if (n == 0 || (n < 0 && errno == ENOTSUP))
        return HM_OK;
    if (n < 0)
        return failed(path, e);
    l->names = malloc(XATTR_LIST_MAX);
    if (l->names == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for extended attributes");
    n = flistxattr(fd, l->names, XATTR_LIST_MAX);
    if (n < 0)
        return failed(path, e);
    l->n = (size_t)n;
    return HM_OK;
}

/* The machine's own, on every file of it: a label of its SELinux policy, and
 * what an overlay file system keeps. */
static bool is_of_the_machine(const char *name)
{
    static const char overlay[] = "trusted.overlay.";

    return strcmp(name, "security.selinux") == 0 ||
           strncmp(name, overlay, sizeof(overlay) - 1) == 0;
}

hm_rc archive_xattrs_judge(const struct hm_archive_options *o, const char *path,
                           int fd, struct hm_err *e)
{
    HM_OWN(list) l = LIST_INIT;
    char why[HM_SHOW_MAX + 60];

    if (archive_rule_allowed(o, ARCHIVE_RULE_XATTRS, path))
        return HM_OK;
    HM_TRY(read_names(&l, path, fd, e));
    for (const char *at = l.names; at < l.names + l.n; at += strlen(at) + 1) {
        const bool gives = strcmp(at, "security.capability") == 0;

        if (is_of_the_machine(at) || (o->keep_xattrs && !gives))
            continue;
        (void)snprintf(why, sizeof(why), "it has the extended attribute '%s'%s",
                       hm_show_str(at),
                       o->keep_xattrs ? ", which gives rights"
                                      : ", which would be dropped");
        return archive_rule_fail(ARCHIVE_RULE_XATTRS, path, why, e);
    }
    return HM_OK;
}

HM_MUST static hm_rc add_one(const char *name, const char *path, int fd,
                             struct hm_buf *records, struct hm_err *e)
{
    char key[sizeof(TAR_XATTR) + 256];
    uint8_t *value = malloc(XATTR_SIZE_MAX);
    ssize_t n = -1;
    hm_rc rc;

    if (value == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for extended attributes");
    (void)snprintf(key, sizeof(key), TAR_XATTR "%s", name);
    n = fgetxattr(fd, name, value, XATTR_SIZE_MAX);
    if (n < 0)
        rc = failed(path, e);
    else
        rc = tar_record_add(records, key, (struct hm_bytes){value, (size_t)n},
                            e);
    free(value);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

hm_rc archive_xattrs_read(const char *path, int fd, struct hm_buf *records,
                          struct hm_err *e)
{
    HM_OWN(list) l = LIST_INIT;
    const char *name[256]; /* more do not fit into a header */
    size_t n = 0;

    HM_TRY(read_names(&l, path, fd, e));
    for (const char *at = l.names; at < l.names + l.n; at += strlen(at) + 1) {
        if (is_of_the_machine(at))
            continue;
        if (strchr(at, '=') != NULL || n == sizeof(name) / sizeof(*name))
            return hm_fail(e, HM_E_LIMIT, "archive.input.attributes",
                           "'%s' has an extended attribute that no pax record "
                           "can name, or more than 256",
                           hm_show_str(path));
        name[n++] = at;
    }
    if (n > 1)
        qsort(name, n, sizeof(*name), by_name);
    for (size_t i = 0; i < n; i++)
        HM_TRY(add_one(name[i], path, fd, records, e));
    return HM_OK;
}

bool hm_archive_take_xattr(struct hm_bytes *rest, struct hm_archive_xattr *out)
{
    struct hm_bytes key = {NULL, 0};

    if (rest->n == 0 || tar_record_take(rest, &key, &out->value, NULL) != HM_OK)
        return false;
    out->name = (struct hm_bytes){key.p + sizeof(TAR_XATTR) - 1,
                                  key.n - (sizeof(TAR_XATTR) - 1)};
    return true;
}
