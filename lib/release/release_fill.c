#include <stdio.h>

#include "hm_manifest.h"
#include "release_priv.h"

/* Index of a word that the reader of release.json has checked. */
static unsigned word_index(const char *words, const char *word)
{
    const size_t n = strlen(word);
    unsigned i = 0;

    for (;; i++) {
        const size_t k = strcspn(words, " ");

        if (words[k] == '\0' || (k == n && memcmp(words, word, n) == 0))
            return i;
        words += k + 1;
    }
}

/* Everything copied was read within this size: cutting would be a bug. */
HM_MUST static hm_rc copy(char *to, size_t size, const char *from,
                          struct hm_err *e)
{
    const int n = snprintf(to, size, "%s", from == NULL ? "" : from);

    if (n >= 0 && (size_t)n < size)
        return HM_OK;
    return hm_fail(e, HM_E_LIMIT, "json.member.long",
                   "'%s' has more than %zu bytes", hm_show_str(from), size - 1);
}

HM_MUST static hm_rc copy_words(const struct hm_release_words *from,
                                struct hm_words *to, struct hm_err *e)
{
    for (size_t i = 0; i < from->n; i++)
        HM_TRY(hm_words_add(to, from->word[i], e));
    return HM_OK;
}

/* --- artefacts -------------------------------------------------------------- */

HM_MUST static hm_rc fill_delta(const struct hm_release_artefact *from,
                                struct hm_artefact *to, struct hm_err *e)
{
    if (to->kind != HM_ARTEFACT_DELTA)
        return HM_OK;
    to->target_size = from->target_size;
    HM_TRY(hm_hex_read(hm_bytes_str(from->base_sha256), to->base_sha256,
                       sizeof(to->base_sha256), e));
    return hm_hex_read(hm_bytes_str(from->target_sha256), to->target_sha256,
                       sizeof(to->target_sha256), e);
}

HM_MUST static hm_rc fill_artefact(const struct hm_release_artefact *from,
                                   const struct hm_release_files *files,
                                   struct hm_artefact *to, struct hm_err *e)
{
    const struct hm_index_file *file = NULL;
    const struct hm_release_content *content = NULL;

    (void)snprintf(to->name, sizeof(to->name), HM_RELEASE_DIR_ARTEFACTS "/%s",
                   from->name);
    file = hm_index_find(files->index, to->name);
    if (file == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "release.artefact.missing",
                               "release.json names '%s', which is not there",
                               to->name),
                       "pack it with hallmark-pack, or copy it there");
    to->role = (enum hm_artefact_role)word_index(HM_ARTEFACT_ROLES, from->role);
    to->kind = (enum hm_artefact_kind)word_index(HM_ARTEFACT_KINDS, from->kind);
    HM_TRY(copy(to->slot, sizeof(to->slot), from->slot, e));
    to->size = file->digests.size;
    memcpy(to->sha256, file->digests.sha256, sizeof(to->sha256));
    content = &files->contents[file - files->index->files];
    to->has_content = content->has;
    memcpy(to->content_sha256, content->sha256, sizeof(to->content_sha256));
    return fill_delta(from, to, e);
}

HM_MUST static hm_rc fill_update(const struct hm_release *r,
                                 const struct hm_release_update *from,
                                 const struct hm_release_files *files,
                                 struct hm_update *to, struct hm_err *e)
{
    HM_TRY(copy_words(&from->models, &to->models, e));
    HM_TRY(copy_words(&from->hardware, &to->hardware, e));
    to->any_version = from->any_version;
    to->from_min = from->from_min;
    to->from_max = from->from_max;
    for (size_t i = 0; i < from->n_artefacts; i++) {
        struct hm_artefact *a = NULL;

        HM_TRY(hm_update_add_artefact(to, &a, e));
        HM_TRY(fill_artefact(&r->artefacts[from->artefact[i]], files, a, e));
    }
    return HM_OK;
}

/* --- advisories --------------------------------------------------------------- */

HM_MUST static hm_rc fill_advisory(const struct hm_release_advisory *from,
                                   struct hm_advisory *to, struct hm_err *e)
{
    HM_TRY(copy(to->id, sizeof(to->id), from->id, e));
    HM_TRY(copy_words(&from->aliases, &to->aliases, e));
    to->severity = (enum hm_severity)word_index(HM_SEVERITIES, from->severity);
    HM_TRY(copy(to->cvss, sizeof(to->cvss), from->cvss, e));
    HM_TRY(copy(to->url, sizeof(to->url), from->url, e));
    to->fixed_in = from->fixed_in;
    return copy(to->action, sizeof(to->action), from->action, e);
}

/* --- what release.json names, and nothing else ------------------------------------ */

static bool names_artefact(const struct hm_release *r, const char *name)
{
    for (size_t i = 0; i < r->n_artefacts; i++)
        if (strcmp(r->artefacts[i].name, name) == 0)
            return true;
    return false;
}

HM_MUST static hm_rc check_strangers(const struct hm_release *r,
                                     const struct hm_release_files *files,
                                     struct hm_err *e)
{
    static const char folder[] = HM_RELEASE_DIR_ARTEFACTS "/";

    for (size_t i = 0; i < files->index->n; i++) {
        const char *name = files->index->files[i].name;

        if (strncmp(name, folder, sizeof(folder) - 1) == 0 &&
            !names_artefact(r, name + sizeof(folder) - 1))
            return hm_fail(e, HM_E_REJECTED, "release.artefact.stranger",
                           "'%s' is there, but release.json does not name it",
                           name);
    }
    return HM_OK;
}

HM_MUST static hm_rc check_sboms(const struct hm_release *r,
                                 const struct hm_release_files *files,
                                 struct hm_err *e)
{
    for (size_t i = 0; i < r->n_sboms; i++) {
        char name[HM_NAME_MAX + 1];

        (void)snprintf(name, sizeof(name), HM_RELEASE_DIR_SBOM "/%s",
                       r->sboms[i].name);
        if (hm_index_find(files->index, name) == NULL)
            return hm_hint(e,
                           hm_fail(e, HM_E_REJECTED, "release.sbom.missing",
                                   "release.json names '%s', which is not "
                                   "there",
                                   name),
                           "write it there with hallmark-sbom check");
    }
    return HM_OK;
}

HM_MUST static hm_rc fill_identity(const struct hm_release *r,
                                   struct hm_manifest *m, struct hm_err *e)
{
    HM_TRY(copy(m->vendor, sizeof(m->vendor), r->vendor, e));
    HM_TRY(copy(m->product, sizeof(m->product), r->product, e));
    m->version = r->version;
    HM_TRY(copy(m->label, sizeof(m->label), r->label, e));
    m->epoch = r->epoch;
    m->rollback_counter = r->rollback_counter;
    m->update_type =
        (enum hm_update_type)word_index(HM_UPDATE_TYPES, r->update_type);
    m->severity = (enum hm_severity)word_index(HM_SEVERITIES, r->severity);
    return HM_OK;
}

hm_rc hm_release_fill_manifest(const struct hm_release *r,
                               const struct hm_release_files *files,
                               struct hm_manifest *m, struct hm_err *e)
{
    HM_TRY(check_strangers(r, files, e));
    HM_TRY(check_sboms(r, files, e));
    HM_TRY(fill_identity(r, m, e));
    for (size_t i = 0; i < r->n_advisories; i++) {
        struct hm_advisory *a = NULL;

        HM_TRY(hm_manifest_add_advisory(m, &a, e));
        HM_TRY(fill_advisory(&r->advisories[i], a, e));
    }
    for (size_t i = 0; i < r->n_updates; i++) {
        struct hm_update *u = NULL;

        HM_TRY(hm_manifest_add_update(m, &u, e));
        HM_TRY(fill_update(r, &r->updates[i], files, u, e));
    }
    return HM_OK;
}
