/* The closed world: names, the index, and every file's bytes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "hm_archive.h"
#include "hm_release.h"
#include "verify_priv.h"

/* A link, device or pipe has no place, whatever it is called. */
HM_MUST static hm_rc check_regular(const struct verify *v, const char *name,
                                   struct hm_err *why)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    return hm_file_open_at(&f, v->dir, name, why);
}

HM_MUST static hm_rc check_name(const struct verify *v, const char *name,
                                struct hm_err *why)
{
    switch (hm_release_place_of(name)) {
    case HM_RELEASE_FOLDER:
        return HM_OK;
    case HM_RELEASE_TOP:
    case HM_RELEASE_SIGNATURE:
    case HM_RELEASE_THE_INDEX:
    case HM_RELEASE_LISTED:
        return check_regular(v, name, why);
    case HM_RELEASE_L2:
    case HM_RELEASE_STRANGER:
        break;
    }
    return hm_hint(why,
                   hm_fail(why, HM_E_REJECTED, "release.file.stranger",
                           "'%s' has no place in a release", hm_show_str(name)),
                   "remove it, or list it: files below artefacts/, sbom/, "
                   "advisories/, attestations/ and records/ go into the index");
}

hm_rc verify_names(struct verify *v, struct hm_err *e)
{
    struct hm_err deep = {.rc = HM_OK};
    const hm_rc listed = hm_dir_list_tree(v->dir, &v->tree, &deep);

    HM_TRY(verify_note(v, "", listed, &deep, e));
    for (size_t i = 0; i < v->tree.n; i++) {
        struct hm_err why = {.rc = HM_OK};
        const hm_rc rc = check_name(v, v->tree.name[i], &why);

        HM_TRY(verify_note(v, v->tree.name[i], rc, &why, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc check_index(struct verify *v, struct hm_err *why)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    uint8_t digest[HM_SHA256_SIZE];

    HM_TRY(hm_file_load_at(v->dir, HM_RELEASE_INDEX, &bytes, why));
    HM_TRY(hm_sha256(hm_buf_view(&bytes), digest, why));
    if (bytes.n != v->manifest.index_size ||
        memcmp(digest, v->manifest.index_sha256, sizeof(digest)) != 0)
        return hm_hint(why,
                       hm_fail(why, HM_E_REJECTED, "release.index.digest",
                               "its %zu bytes are not those that the manifest "
                               "names (%llu bytes)",
                               bytes.n,
                               (unsigned long long)v->manifest.index_size),
                       "it was changed after the manifest was made; make the "
                       "release again");
    return hm_index_read(&v->index, hm_buf_view(&bytes), why);
}

hm_rc verify_index_binding(struct verify *v, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc = check_index(v, &why);

    return verify_note(v, HM_RELEASE_INDEX, rc, &why, e);
}

HM_MUST static hm_rc compare(const struct hm_index_file *f,
                             const struct hm_digests *found, struct hm_err *why)
{
    if (found->size != f->digests.size)
        return hm_fail(why, HM_E_REJECTED, "release.file.size",
                       "%llu bytes, the index says %llu",
                       (unsigned long long)found->size,
                       (unsigned long long)f->digests.size);
    if (memcmp(found->sha256, f->digests.sha256, sizeof(found->sha256)) != 0)
        return hm_fail(why, HM_E_REJECTED, "release.file.digest",
                       "its SHA-256 is not the one in the index");
    if (memcmp(found->sha512, f->digests.sha512, sizeof(found->sha512)) != 0)
        return hm_fail(why, HM_E_REJECTED, "release.file.digest",
                       "its SHA-512 is not the one in the index");
    return HM_OK;
}

HM_MUST static hm_rc check_kind(const struct hm_index_file *f,
                                struct hm_err *why)
{
    bool is_public = false;
    const char *kind = hm_release_kind_of(f->name, &is_public);

    if (kind == NULL || strcmp(kind, hm_file_kind_name(f->kind)) != 0)
        return hm_fail(why, HM_E_REJECTED, "release.file.kind",
                       "the index calls it '%s', its place says '%s'",
                       hm_file_kind_name(f->kind),
                       kind == NULL ? "none" : kind);
    return HM_OK;
}

HM_MUST static hm_rc check_listed(const struct verify *v,
                                  const struct hm_index_file *f,
                                  struct hm_err *why)
{
    HM_OWN(hm_file) file = HM_FILE_INIT;
    struct hm_digests found;

    HM_TRY(check_kind(f, why));
    HM_TRY(hm_hint(why, hm_file_open_at(&file, v->dir, f->name, why),
                   "the index lists it, so it must be there"));
    HM_TRY(hm_digest_file(&file, &found, why));
    return hm_hint(why, compare(f, &found, why),
                   "it was changed after the index was made; make the release "
                   "again");
}

/* The five folders may be empty; one below them is there for what it holds. */
HM_MUST static hm_rc check_folder(const struct verify *v, const char *name,
                                  struct hm_err *why)
{
    const size_t n = strlen(name);

    if (strchr(name, '/') == name + n - 1)
        return HM_OK;
    for (size_t i = 0; i < v->index.n; i++)
        if (strncmp(v->index.files[i].name, name, n) == 0)
            return HM_OK;
    return hm_fail(why, HM_E_REJECTED, "release.file.stranger",
                   "the folder '%s' holds no file of the index",
                   hm_show_str(name));
}

HM_MUST static hm_rc check_unlisted(const struct verify *v, const char *name,
                                    struct hm_err *why)
{
    const enum hm_release_place place = hm_release_place_of(name);

    if (place == HM_RELEASE_FOLDER)
        return check_folder(v, name, why);
    if (place != HM_RELEASE_LISTED || hm_index_find(&v->index, name) != NULL)
        return HM_OK;
    return hm_fail(why, HM_E_REJECTED, "release.file.unlisted",
                   "'%s' is not in the index", hm_show_str(name));
}

/* Nothing is there under the name: a link or an unreadable file is no absence.
 */
static bool is_absent(const struct verify *v, const char *name)
{
    HM_OWN(hm_file) file = HM_FILE_INIT;
    struct hm_err why = {.rc = HM_OK};

    return hm_file_open_at(&file, v->dir, name, &why) == HM_E_IO &&
           why.os_errno == ENOENT;
}

HM_MUST static hm_rc
say_withheld(struct verify *v, const struct hm_index_file *f, struct hm_err *e)
{
    char sha256[HM_SHA256_HEX];

    hm_hex_write((struct hm_bytes){f->digests.sha256, HM_SHA256_SIZE}, sha256);
    return verify_say(v, HM_RESULT_WARN, "release.file.withheld", f->name, e,
                      "withheld from this copy; the index lists it with "
                      "SHA-256 %s",
                      sha256);
}

/* The files of the index.  *withheld counts those that nobody looked at. */
HM_MUST static hm_rc check_all_listed(struct verify *v, size_t *withheld,
                                      struct hm_err *e)
{
    for (size_t i = 0; i < v->index.n; i++) {
        const struct hm_index_file *f = &v->index.files[i];
        struct hm_err why = {.rc = HM_OK};
        const bool is_withheld = v->options.public_copy && !f->is_public &&
                                 check_kind(f, NULL) == HM_OK &&
                                 is_absent(v, f->name);

        if (is_withheld)
            HM_TRY(say_withheld(v, f, e));
        else
            HM_TRY(verify_note(v, f->name, check_listed(v, f, &why), &why, e));
        *withheld += is_withheld;
    }
    return HM_OK;
}

hm_rc verify_index_files(struct verify *v, struct hm_err *e)
{
    size_t withheld = 0;

    HM_TRY(check_all_listed(v, &withheld, e));
    for (size_t i = 0; i < v->tree.n; i++) {
        struct hm_err why = {.rc = HM_OK};
        const hm_rc rc = check_unlisted(v, v->tree.name[i], &why);

        HM_TRY(verify_note(v, v->tree.name[i], rc, &why, e));
    }
    if (withheld == 0 || v->failures > 0)
        return HM_OK;
    return verify_say(v, HM_RESULT_PASS, "", "", e,
                      "every listed file but %zu withheld is there, byte for "
                      "byte, and no other",
                      withheld);
}

hm_rc verify_load_listed(const struct verify *v, const char *name,
                         struct hm_buf *out, struct hm_err *e)
{
    const struct hm_index_file *f = hm_index_find(&v->index, name);
    uint8_t digest[HM_SHA256_SIZE];

    HM_TRY(hm_file_load_at(v->dir, name, out, e));
    HM_TRY(hm_sha256(hm_buf_view(out), digest, e));
    if (f == NULL || memcmp(digest, f->digests.sha256, sizeof(digest)) != 0)
        return hm_fail(e, HM_E_REJECTED, "release.file.digest",
                       "its SHA-256 is not the one in the index");
    return HM_OK;
}

/* Is the i-th artefact of the u-th update the first of its name? */
static bool is_first(const struct hm_manifest *m, size_t u, size_t i)
{
    const char *name = m->updates[u].artefacts[i].name;

    for (size_t x = 0; x <= u; x++)
        for (size_t y = 0; y < (x == u ? i : m->updates[x].n); y++)
            if (strcmp(m->updates[x].artefacts[y].name, name) == 0)
                return false;
    return true;
}

const struct hm_artefact *verify_artefact(const struct hm_manifest *m, size_t i)
{
    for (size_t u = 0; u < m->updates_n; u++)
        for (size_t k = 0; k < m->updates[u].n; k++)
            if (is_first(m, u, k) && i-- == 0)
                return &m->updates[u].artefacts[k];
    return NULL;
}

HM_MUST static hm_rc check_artefact(const struct verify *v,
                                    const struct hm_artefact *a,
                                    struct hm_err *why)
{
    const struct hm_index_file *f = hm_index_find(&v->index, a->name);

    if (f == NULL)
        return hm_fail(why, HM_E_REJECTED, "artefact.unlisted",
                       "the manifest names it, the index does not");
    if (strcmp(hm_file_kind_name(f->kind), "artefact") != 0)
        return hm_fail(why, HM_E_REJECTED, "artefact.kind",
                       "the manifest installs it, the index calls it '%s'",
                       hm_file_kind_name(f->kind));
    if (a->size != f->digests.size)
        return hm_fail(why, HM_E_REJECTED, "artefact.size",
                       "the manifest says %llu bytes, the index %llu",
                       (unsigned long long)a->size,
                       (unsigned long long)f->digests.size);
    if (memcmp(a->sha256, f->digests.sha256, sizeof(a->sha256)) != 0)
        return hm_fail(why, HM_E_REJECTED, "artefact.digest",
                       "manifest and index state different SHA-256");
    return HM_OK;
}

hm_rc verify_artefacts_listed(struct verify *v, struct hm_err *e)
{
    const struct hm_artefact *a = NULL;

    for (size_t i = 0; (a = verify_artefact(&v->manifest, i)) != NULL; i++) {
        struct hm_err why = {.rc = HM_OK};
        const hm_rc rc = check_artefact(v, a, &why);

        HM_TRY(verify_note(v, a->name, rc, &why, e));
    }
    return HM_OK;
}

/* What hallmark-device makes a root file system of. */
static bool is_rootfs(const struct hm_artefact *a)
{
    enum hm_archive_form form;

    return a->role == HM_ARTEFACT_FIRMWARE && a->kind == HM_ARTEFACT_FULL &&
           (a->slot[0] == '\0' || strcmp(a->slot, "rootfs") == 0) &&
           hm_archive_form_of(a->name, &form, NULL) == HM_OK;
}

/* Read as devices read it when they extract: what they would refuse is refused
 * here, before it is served.  A delta is no archive yet. */
HM_MUST static hm_rc read_content(const struct hm_artefact *a,
                                  const struct hm_file *f,
                                  struct hm_archive_result *found,
                                  struct hm_err *why)
{
    static const struct hm_archive_limits rootfs = HM_ARCHIVE_LIMITS_ROOTFS;
    static const struct hm_archive_limits large = HM_ARCHIVE_LIMITS_LARGE;

    if (a->kind == HM_ARTEFACT_DELTA)
        return hm_archive_content_digest(f, large.bytes_max, found, why);
    return hm_hint(
        why, hm_archive_check(f, is_rootfs(a) ? &rootfs : &large, found, why),
        "devices refuse to extract it; hallmark-pack makes archives that they "
        "take, and hallmark-pack list reads one as they do");
}

HM_MUST static hm_rc check_content(const struct verify *v,
                                   const struct hm_artefact *a,
                                   struct hm_archive_result *found,
                                   struct hm_err *why)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    if (!a->has_content && !is_rootfs(a))
        return HM_OK;
    HM_TRY(hm_file_open_at(&f, v->dir, a->name, why));
    HM_TRY(read_content(a, &f, found, why));
    if (a->has_content && memcmp(found->content.sha256, a->content_sha256,
                                 sizeof(a->content_sha256)) != 0)
        return hm_fail(why, HM_E_REJECTED, "artefact.content.digest",
                       "the SHA-256 of its uncompressed tar is not the "
                       "manifest's content_sha256");
    /* The file must still be the one that index.files looked at. */
    if (memcmp(found->file.sha256, a->sha256, sizeof(a->sha256)) != 0)
        return hm_fail(why, HM_E_REJECTED, "artefact.digest",
                       "its SHA-256 is not the manifest's");
    return HM_OK;
}

/* An archive allows itself setuid files, capabilities and the like: it is signed, but who
 * lets it through should have seen them. */
HM_MUST static hm_rc tell_rights(struct verify *v, const char *name,
                                 const struct hm_archive_result *found,
                                 struct hm_err *e)
{
    if (found->rights == 0)
        return HM_OK;
    return verify_say(v, HM_RESULT_WARN, "artefact.content.rights", name, e,
                      "%llu members give rights, the first is '%s': they are "
                      "setuid, setgid or have attributes that only root may "
                      "set, such as capabilities, and a device that extracts "
                      "them as root sets that",
                      (unsigned long long)found->rights, found->rights_first);
}

hm_rc verify_artefacts_content(struct verify *v, struct hm_err *e)
{
    const struct hm_artefact *a = NULL;

    for (size_t i = 0; (a = verify_artefact(&v->manifest, i)) != NULL; i++) {
        struct hm_archive_result found = {.rights = 0};
        struct hm_err why = {.rc = HM_OK};
        const hm_rc rc = check_content(v, a, &found, &why);

        HM_TRY(verify_note(v, a->name, rc, &why, e));
        HM_TRY(tell_rights(v, a->name, &found, e));
    }
    return HM_OK;
}
