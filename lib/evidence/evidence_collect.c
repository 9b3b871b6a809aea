/* Every file that the pack carries: the repository, what it is trusted by, and
 * what was handed in. */
#include <stdio.h>

#include "collect_priv.h"
#include "hm_text.h"

HM_MUST static hm_rc stranger(const char *name, struct hm_err *e)
{
    return hm_fail(e, HM_E_REJECTED, "evidence.repository.stranger",
                   "'%s' is no part of a repository", hm_show_str(name));
}

/* Below history/EPOCH-SEQUENCE/ only the signed pair and its signatures; a
 * release was checked whole by lib/verify. */
HM_MUST static hm_rc check_place(const char *folder, const char *name,
                                 struct hm_err *e)
{
    const char *slash = strchr(name, '/');
    enum hm_release_place place;

    if (!slash)
        return stranger(name, e);
    if (strcmp(folder, HM_REPOSITORY_HISTORY) != 0)
        return HM_OK;
    place = hm_release_place_of(slash + 1);
    return place == HM_RELEASE_TOP || place == HM_RELEASE_SIGNATURE
               ? HM_OK
               : stranger(name, e);
}

/* roots/SHA256.json is named by what is in it. */
HM_MUST static hm_rc check_root_name(const struct ev_entry *entry,
                                     const char *name, struct hm_err *e)
{
    char want[HM_SHA256_HEX + 5];

    hm_hex_write((struct hm_bytes){entry->digests.sha256, HM_SHA256_SIZE},
                 want);
    memcpy(want + HM_SHA256_HEX - 1, ".json", 6);
    return strcmp(want, name) == 0 ? HM_OK : stranger(name, e);
}

HM_MUST static hm_rc collect_file(struct ev_pack *pack,
                                  const struct hm_dir *repository,
                                  const char *folder, const char *name,
                                  struct hm_err *e)
{
    char from[EV_NAME_MAX + 1];
    char to[EV_NAME_MAX + 1];

    if (snprintf(from, sizeof(from), "%s/%s", folder, name) >=
            (int)sizeof(from) ||
        snprintf(to, sizeof(to), "repository/%s/%s", folder, name) >=
            (int)sizeof(to) ||
        hm_name_check(hm_bytes_str(name), e) != HM_OK)
        return stranger(name, e);
    HM_TRY(ev_pack_add_file(pack, to, EV_PUBLISHED, repository, from, e));
    if (strcmp(folder, HM_REPOSITORY_ROOTS) == 0)
        return check_root_name(&pack->entry[pack->n - 1], name, e);
    return check_place(folder, name, e);
}

static bool is_folder(const char *name)
{
    return name[strlen(name) - 1] == '/';
}

HM_MUST static hm_rc collect_tree(struct ev_pack *pack,
                                  const struct hm_dir *repository,
                                  const char *folder, struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    if (!hm_file_exists_at(repository, folder))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&dir, repository, folder, e));
    HM_TRY(hm_dir_list_tree(&dir, &names, e));
    for (size_t i = 0; i < names.n; i++)
        if (!is_folder(names.name[i]))
            HM_TRY(collect_file(pack, repository, folder, names.name[i], e));
    return HM_OK;
}

hm_rc ev_collect_repository(struct ev_pack *pack,
                            const struct hm_dir *repository, struct hm_err *e)
{
    HM_TRY(collect_tree(pack, repository, HM_REPOSITORY_HISTORY, e));
    HM_TRY(collect_tree(pack, repository, HM_REPOSITORY_RELEASES, e));
    return collect_tree(pack, repository, HM_REPOSITORY_ROOTS, e);
}

HM_MUST static hm_rc collect_copy(struct ev_pack *pack, const char *name,
                                  const struct hm_buf *bytes, struct hm_err *e)
{
    HM_OWN(hm_buf) copy = HM_BUF_INIT(EV_TEXT_MAX);

    HM_TRY(hm_buf_add(&copy, hm_buf_view(bytes), e));
    return ev_pack_add_bytes(pack, name, EV_TRUST, &copy, e);
}

hm_rc ev_collect_trust(struct ev_pack *pack, const struct ev_facts *facts,
                       struct hm_err *e)
{
    char name[EV_NAME_MAX + 1];

    HM_TRY(collect_copy(pack, EV_ROOT_NAME, &facts->root_bytes, e));
    for (size_t i = 0; i < facts->n_key; i++) {
        if (facts->key[i].pem.n == 0)
            continue;
        (void)snprintf(name, sizeof(name), "trust/keys/%s.pem",
                       facts->key[i].keyid);
        HM_TRY(collect_copy(pack, name, &facts->key[i].pem, e));
    }
    return HM_OK;
}

static bool is_kind(const char *word)
{
    const size_t n = strlen(word);
    const char *list = hm_evidence_kinds();

    while (*list != '\0') {
        const size_t k = strcspn(list, " ");

        if (k == n && strncmp(list, word, n) == 0)
            return true;
        list += k + strspn(list + k, " ");
    }
    return false;
}

HM_MUST static hm_rc check_kind(const char *kind, struct hm_err *e)
{
    if (is_kind(kind))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "evidence.attach.kind",
                           "'%s' is nothing that a claim asks for",
                           hm_show_str(kind)),
                   "the kinds are: %s", hm_evidence_kinds());
}

hm_rc ev_attached_open(struct ev_attached *a, const char *kind,
                       const char *path, struct hm_err *e)
{
    const char *slash = strrchr(path, '/');
    char folder[2048] = ".";

    HM_TRY(check_kind(kind, e));
    if (slash && snprintf(folder, sizeof(folder), "%.*s",
                          (int)(slash - path) + 1, path) >= (int)sizeof(folder))
        return hm_fail(e, HM_E_USAGE, "evidence.attach.name",
                       "path '%s' is too long", hm_show_str(path));
    a->name = slash ? slash + 1 : path;
    if (hm_name_check(hm_bytes_str(a->name), e) != HM_OK)
        return hm_hint(
            e,
            hm_fail(e, HM_E_USAGE, "evidence.attach.name",
                    "'%s' cannot be the name of a file in a pack",
                    hm_show_str(a->name)),
            "rename it: letters, digits and . _ + - only, no leading dot");
    a->kind = kind;
    return hm_dir_open(&a->folder, folder, e);
}

void ev_attached_clear(struct ev_attached *a)
{
    hm_dir_clear(&a->folder);
}

hm_rc ev_collect_attached(struct ev_pack *pack, const struct ev_attached *a,
                          struct hm_err *e)
{
    char name[EV_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), "attachments/%s/%s", a->kind, a->name);
    for (size_t i = 0; i < pack->n; i++)
        if (strcmp(pack->entry[i].name, name) == 0)
            return hm_fail(e, HM_E_USAGE, "evidence.attach.twice",
                           "two files of kind '%s' are called '%s'", a->kind,
                           a->name);
    return hm_context(
        e, ev_pack_add_file(pack, name, EV_ATTACHED, &a->folder, a->name, e),
        "cannot attach '%s'", a->name);
}
