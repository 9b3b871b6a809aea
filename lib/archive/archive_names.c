#include <stdlib.h>

#include "archive_priv.h"

HM_MUST static hm_rc bad_name(const char *path, const char *why,
                              struct hm_err *e)
{
    return hm_fail(e, HM_E_REJECTED, "archive.member.name", "name '%s' %s",
                   hm_show_str(path), why);
}

bool archive_name_is_foreign(const char *path)
{
    const bool letter = (path[0] >= 'A' && path[0] <= 'Z') ||
                        (path[0] >= 'a' && path[0] <= 'z');

    return (letter && path[1] == ':' && (path[2] == '\\' || path[2] == '/')) ||
           path[0] == '\\' || strstr(path, "..\\") != NULL ||
           strstr(path, "\\..") != NULL;
}

HM_MUST static hm_rc check_segments(const char *path, struct hm_err *e)
{
    const char *at = path;
    unsigned depth = 0;

    for (;;) {
        const size_t n = strcspn(at, "/");

        if (n == 0)
            return bad_name(path, "has an empty segment", e);
        if (n == 1 && at[0] == '.')
            return bad_name(path, "has a '.' segment", e);
        if (n == 2 && at[0] == '.' && at[1] == '.')
            return bad_name(path, "has a '..' segment", e);
        if (n > 255 || ++depth > HM_ARCHIVE_DEPTH_MAX)
            return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                           "name '%s' is too long or too deep",
                           hm_show_str(path));
        if (at[n] == '\0')
            return HM_OK;
        at += n + 1;
    }
}

hm_rc archive_name_tidy(char *path, enum hm_archive_kind kind, struct hm_err *e)
{
    size_t n = strlen(path);

    if (n == 0)
        return bad_name(path, "is empty", e);
    if (path[0] == '/')
        return bad_name(path, "is absolute", e);
    if (archive_name_is_foreign(path))
        return bad_name(path, "leaves its place on other systems", e);
    if (path[n - 1] == '/') {
        if (kind != HM_ARCHIVE_DIR)
            return bad_name(path, "ends in a slash and is no directory", e);
        path[--n] = '\0';
    }
    if (kind == HM_ARCHIVE_DIR && strcmp(path, ".") == 0)
        return HM_OK;
    if (strncmp(path, "./", 2) == 0)
        memmove(path, path + 2, n - 1);
    if (strlen(path) > HM_ARCHIVE_PATH_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.limit.path",
                       "name '%s' is longer than %u bytes", hm_show_str(path),
                       HM_ARCHIVE_PATH_MAX);
    return check_segments(path, e);
}

/* Every directory on the way must be one, or is one from now on. */
HM_MUST static hm_rc enter_parents(struct archive_seen *seen, const char *path,
                                   struct hm_err *e)
{
    for (const char *slash = strchr(path, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        const struct hm_bytes parent = {(const uint8_t *)path,
                                        (size_t)(slash - path)};
        enum archive_seen_kind kind;

        HM_TRY(archive_seen_find(seen, parent, &kind, e));
        if (kind == ARCHIVE_SEEN_FILE || kind == ARCHIVE_SEEN_LINK)
            return hm_fail(e, HM_E_REJECTED, "archive.member.through",
                           "'%s' lies below '%s', which is a %s",
                           hm_show_str(path), hm_show(parent),
                           kind == ARCHIVE_SEEN_FILE ? "file" : "link");
        if (kind == ARCHIVE_SEEN_NOT)
            HM_TRY(archive_seen_set(seen, parent, ARCHIVE_SEEN_IMPLIED, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc bad_target(const struct hm_archive_member *m,
                                const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_REJECTED, "archive.member.target",
                   "link '%s' points to '%s', %s", hm_show_str(m->path),
                   hm_show_str(m->target), why);
}

HM_MUST static hm_rc check_target(const struct archive_seen *seen,
                                  const struct hm_archive_member *m,
                                  struct hm_err *e)
{
    enum archive_seen_kind kind;

    if (m->target[0] == '\0')
        return bad_target(m, "which is nothing", e);
    if (m->kind == HM_ARCHIVE_SYMLINK)
        return archive_target_climbs(m->path, m->target)
                   ? bad_target(m, "above the root", e)
                   : HM_OK;
    HM_TRY(archive_seen_find(seen, hm_bytes_str(m->target), &kind, e));
    if (kind != ARCHIVE_SEEN_FILE)
        return bad_target(m, "which is no earlier file of the archive", e);
    return HM_OK;
}

hm_rc archive_name_enter(struct archive_seen *seen,
                         const struct hm_archive_member *member,
                         struct hm_err *e)
{
    static const enum archive_seen_kind kinds[] = {
        [HM_ARCHIVE_FILE] = ARCHIVE_SEEN_FILE,
        [HM_ARCHIVE_DIR] = ARCHIVE_SEEN_DIR,
        [HM_ARCHIVE_SYMLINK] = ARCHIVE_SEEN_LINK,
        [HM_ARCHIVE_HARDLINK] = ARCHIVE_SEEN_FILE,
    };
    const struct hm_bytes path = hm_bytes_str(member->path);
    enum archive_seen_kind before;

    HM_TRY(archive_seen_find(seen, path, &before, e));
    if (before != ARCHIVE_SEEN_NOT &&
        !(before == ARCHIVE_SEEN_IMPLIED && member->kind == HM_ARCHIVE_DIR))
        return hm_fail(e, HM_E_REJECTED, "archive.member.duplicate",
                       "'%s' is there twice", hm_show_str(member->path));
    HM_TRY(enter_parents(seen, member->path, e));
    if (member->kind == HM_ARCHIVE_SYMLINK ||
        member->kind == HM_ARCHIVE_HARDLINK)
        HM_TRY(check_target(seen, member, e));
    return archive_seen_set(seen, path, kinds[member->kind], e);
}

hm_rc hm_archive_names_begin(struct hm_archive_names *names,
                             const struct hm_archive_limits *limits,
                             struct hm_err *e)
{
    names->seen = calloc(1, sizeof(*names->seen));
    if (names->seen == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for reading an archive");
    names->seen->max = archive_seen_max(limits);
    return HM_OK;
}

hm_rc hm_archive_names_enter(struct hm_archive_names *names,
                             struct hm_archive_member *m, char *path,
                             char *target, struct hm_err *e)
{
    m->path = path;
    m->target = target;
    HM_TRY(archive_name_tidy(path, m->kind, e));
    if (m->kind == HM_ARCHIVE_HARDLINK)
        HM_TRY(archive_name_tidy(target, m->kind, e));
    return archive_name_enter(names->seen, m, e);
}

void hm_archive_names_clear(struct hm_archive_names *names)
{
    if (names->seen == NULL)
        return;
    archive_seen_clear(names->seen);
    free(names->seen);
    names->seen = NULL;
}
