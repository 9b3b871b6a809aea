/* A digest of a tree, to see later whether anything in it changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slots_priv.h"

#define TARGET_MAX 3072u /* bytes of a link's target */

HM_MUST static hm_rc changed(const char *name, struct hm_err *e)
{
    return hm_fail_errno(e, "device.tree.read", "cannot look at '%s'",
                         hm_show_str(name));
}

/* Everything is NUL-ended, so that no two trees make the same bytes. */
HM_MUST static hm_rc add_text(struct hm_digest *d, const char *text,
                              struct hm_err *e)
{
    return hm_digest_add(
        d, (struct hm_bytes){(const uint8_t *)text, strlen(text) + 1}, e);
}

HM_MUST static hm_rc add_file(struct hm_digest *d, const struct hm_dir *dir,
                              const char *name, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_digests digests;
    char hex[HM_SHA256_HEX];

    HM_TRY(hm_file_open_at(&f, dir, name, e));
    HM_TRY(hm_digest_file(&f, &digests, e));
    hm_hex_write((struct hm_bytes){digests.sha256, HM_SHA256_SIZE}, hex);
    return add_text(d, hex, e);
}

HM_MUST static hm_rc add_link(struct hm_digest *d, const struct hm_dir *dir,
                              const char *name, struct hm_err *e)
{
    char target[TARGET_MAX];
    const ssize_t n = readlinkat(dir->fd, name, target, sizeof(target) - 1);

    if (n < 0)
        return changed(name, e);
    if ((size_t)n == sizeof(target) - 1)
        return hm_fail(e, HM_E_LIMIT, "device.tree.link",
                       "link '%s' has a target of more than %u bytes",
                       hm_show_str(name), TARGET_MAX - 2);
    target[n] = '\0';
    return add_text(d, target, e);
}

HM_MUST static hm_rc add_entry(struct hm_digest *d, const struct hm_dir *dir,
                               const char *name, struct hm_err *e)
{
    char kind[32];
    struct stat sb;

    if (fstatat(dir->fd, name, &sb, AT_SYMLINK_NOFOLLOW) != 0)
        return changed(name, e);
    (void)snprintf(kind, sizeof(kind), "%o",
                   S_ISLNK(sb.st_mode) ? (unsigned)S_IFLNK
                                       : (unsigned)sb.st_mode);
    HM_TRY(add_text(d, name, e));
    HM_TRY(add_text(d, kind, e));
    if (S_ISREG(sb.st_mode))
        return add_file(d, dir, name, e);
    if (S_ISLNK(sb.st_mode))
        return add_link(d, dir, name, e);
    return HM_OK;
}

HM_MUST static hm_rc digest_all(struct hm_digest *d, const struct hm_dir *dir,
                                const struct hm_names *names,
                                struct hm_digests *out, struct hm_err *e)
{
    HM_TRY(hm_digest_begin(d, false, e));
    for (size_t i = 0; i < names->n; i++) {
        char *name = names->name[i];
        const size_t n = strlen(name);

        if (n > 0 && name[n - 1] == '/')
            name[n - 1] = '\0';
        HM_TRY(add_entry(d, dir, name, e));
    }
    return hm_digest_end(d, out, e);
}

hm_rc hm_slots_digest_tree(const struct hm_dir *dir,
                           uint8_t out[static HM_SHA256_SIZE], struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_digest) d = HM_DIGEST_INIT;
    struct hm_digests digests;

    memset(out, 0, HM_SHA256_SIZE);
    HM_TRY(hm_dir_list_tree(dir, &names, e));
    HM_TRY(digest_all(&d, dir, &names, &digests, e));
    memcpy(out, digests.sha256, HM_SHA256_SIZE);
    return HM_OK;
}
