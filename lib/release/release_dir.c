#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "release_priv.h"

struct folder {
    const char *name;
    const char *kind;
    bool is_public;
};

static const struct folder folders[] = {
    {HM_RELEASE_DIR_ARTEFACTS, "artefact", true},
    {HM_RELEASE_DIR_SBOM, "sbom", true},
    {HM_RELEASE_DIR_ATTESTATIONS, "attestation", true},
    {HM_RELEASE_DIR_ADVISORIES, "advisory", true},
    {HM_RELEASE_DIR_RECORDS, "record", false},
};

/* The folder that name lies in (or is, with its slash). */
static const struct folder *find_folder(const char *name)
{
    const size_t n = strcspn(name, "/");

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (strlen(folders[i].name) == n && name[n] == '/' &&
            memcmp(folders[i].name, name, n) == 0)
            return &folders[i];
    return NULL;
}

const char *hm_release_signature_name(const char *document, unsigned i,
                                      char out[static HM_NAME_MAX + 8])
{
    const int n =
        i == 0 ? snprintf(out, HM_NAME_MAX + 8, "%s.sig", document)
               : snprintf(out, HM_NAME_MAX + 8, "%s.sig.%u", document, i + 1);

    if (n < 0 || n >= HM_NAME_MAX + 8)
        out[0] = '\0';
    return out;
}

static bool is_signature_of(const char *document, const char *name)
{
    char want[HM_NAME_MAX + 8];

    for (unsigned i = 0; i < HM_RELEASE_SIGNATURES_MAX; i++)
        if (strcmp(name, hm_release_signature_name(document, i, want)) == 0)
            return true;
    return false;
}

enum hm_release_place hm_release_place_of(const char *name)
{
    const size_t n = strlen(name);

    if (strcmp(name, HM_RELEASE_MANIFEST) == 0 ||
        strcmp(name, HM_RELEASE_AUTHORISATION) == 0)
        return HM_RELEASE_TOP;
    if (strcmp(name, HM_RELEASE_INDEX) == 0)
        return HM_RELEASE_THE_INDEX;
    if (strcmp(name, HM_RELEASE_SUMMARY) == 0)
        return HM_RELEASE_L2;
    if (is_signature_of(HM_RELEASE_MANIFEST, name) ||
        is_signature_of(HM_RELEASE_AUTHORISATION, name))
        return HM_RELEASE_SIGNATURE;
    if (find_folder(name) == NULL)
        return HM_RELEASE_STRANGER;
    return name[n - 1] == '/' ? HM_RELEASE_FOLDER : HM_RELEASE_LISTED;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name);
    const size_t k = strlen(end);

    return n >= k && strcmp(name + n - k, end) == 0;
}

static const char *advisory_kind(const char *name)
{
    if (ends_with(name, ".openvex.json") || ends_with(name, ".vex.json"))
        return "vex";
    if (ends_with(name, ".md") || ends_with(name, ".txt"))
        return "notes";
    return "advisory";
}

const char *hm_release_kind_of(const char *name, bool *is_public)
{
    const struct folder *f = find_folder(name);

    *is_public = false;
    if (f == NULL || hm_release_place_of(name) != HM_RELEASE_LISTED)
        return NULL;
    *is_public = f->is_public;
    return strcmp(f->name, HM_RELEASE_DIR_ADVISORIES) == 0 ? advisory_kind(name)
                                                           : f->kind;
}

HM_MUST static hm_rc check_entry(const struct hm_dir *dir, const char *name,
                                 struct hm_err *e)
{
    struct stat sb;
    hm_rc rc;

    if (fstatat(dir->fd, name, &sb, AT_SYMLINK_NOFOLLOW) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at '%s'",
                             hm_show_str(name));
    if (!S_ISREG(sb.st_mode))
        return hm_fail(e, HM_E_REJECTED, "release.file.kind",
                       "'%s' is a link or a special file; a release holds "
                       "regular files alone",
                       hm_show_str(name));
    rc = hm_name_check(hm_bytes_str(name), e);
    if (rc == HM_OK)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "release.file.name",
                   "no document can name the file '%s': expected segments "
                   "[A-Za-z0-9._+-] without a leading dot, at most %d bytes",
                   hm_show_str(name), HM_NAME_MAX);
}

HM_MUST static hm_rc take_entry(const struct hm_dir *dir, const char *name,
                                struct hm_names *out, struct hm_err *e)
{
    const enum hm_release_place place = hm_release_place_of(name);

    if (place == HM_RELEASE_STRANGER)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "release.file.stranger",
                    "'%s' has no place in a release", hm_show_str(name)),
            "a release holds artefacts/ sbom/ attestations/ advisories/ "
            "records/ and its own documents; move the file away");
    if (place == HM_RELEASE_FOLDER)
        return HM_OK;
    HM_TRY(check_entry(dir, name, e));
    return place == HM_RELEASE_LISTED ? hm_names_add(out, name, e) : HM_OK;
}

hm_rc hm_release_list(const struct hm_dir *dir, struct hm_names *out,
                      struct hm_err *e)
{
    HM_OWN(hm_names) all = HM_NAMES_INIT;
    hm_rc rc = HM_OK;

    hm_names_clear(out);
    HM_TRY(hm_dir_list_tree(dir, &all, e));
    for (size_t i = 0; i < all.n && rc == HM_OK; i++)
        rc = take_entry(dir, all.name[i], out, e);
    if (rc != HM_OK)
        hm_names_clear(out);
    return rc;
}
