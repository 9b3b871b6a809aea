#include <stdio.h>
#include <stdlib.h>

#include "hm_trust.h"
#include "release_priv.h"

#define MEMBERS                                                               \
    "format vendor product version label epoch rollback_counter update_type " \
    "severity valid_days artefacts updates sboms advisories provenance "      \
    "signing root authorisation repository"

/* A member that a person writes is named exactly; the order of members is his
 * own, so "format" may stand anywhere. */
HM_MUST static hm_rc check_format(struct hm_json at, struct hm_err *e)
{
    struct hm_json format;

    HM_TRY(hm_json_get(at, "format", &format, e));
    if (hm_bytes_eq(hm_json_view(format), HM_LIT(HM_RELEASE_FORMAT)))
        return HM_OK;
    return hm_json_fail(format, e, HM_E_FORMAT, "release.format.unknown",
                        "expected '" HM_RELEASE_FORMAT "', found '%s'",
                        hm_show(hm_json_view(format)));
}

HM_MUST static hm_rc read_epoch(struct hm_release *r, struct hm_json at,
                                struct hm_err *e)
{
    r->epoch = 1;
    if (hm_json_find(at, "epoch").item == NULL)
        return HM_OK;
    HM_TRY(hm_json_get_uint(at, "epoch", HM_COUNTER_MAX, &r->epoch, e));
    if (r->epoch == 0)
        return hm_json_fail(hm_json_find(at, "epoch"), e, HM_E_LIMIT,
                            "json.member.range", "expected 1 or more, found 0");
    return HM_OK;
}

HM_MUST static hm_rc read_days(struct hm_release *r, struct hm_json at,
                               struct hm_err *e)
{
    HM_TRY(hm_json_get_uint(at, "valid_days", HM_RELEASE_VALID_DAYS_MAX,
                            &r->valid_days, e));
    if (r->valid_days == 0)
        return hm_json_fail(
            hm_json_find(at, "valid_days"), e, HM_E_LIMIT, "json.member.range",
            "expected 1 to %u days, found 0", HM_RELEASE_VALID_DAYS_MAX);
    return HM_OK;
}

HM_MUST static hm_rc read_identity(struct hm_release *r, struct hm_json at,
                                   struct hm_err *e)
{
    HM_TRY(hm_release_take_member(at, "vendor", HM_RELEASE_ID, &r->vendor, e));
    HM_TRY(
        hm_release_take_member(at, "product", HM_RELEASE_ID, &r->product, e));
    HM_TRY(hm_json_get_version(at, "version", &r->version, e));
    HM_TRY(
        hm_release_take_optional(at, "label", HM_RELEASE_LABEL, &r->label, e));
    HM_TRY(read_epoch(r, at, e));
    HM_TRY(hm_json_get_uint(at, "rollback_counter", HM_COUNTER_MAX,
                            &r->rollback_counter, e));
    HM_TRY(hm_release_take_word(at, "update_type", HM_RELEASE_UPDATE_TYPES,
                                &r->update_type, e));
    HM_TRY(hm_release_take_word(at, "severity", HM_RELEASE_SEVERITIES,
                                &r->severity, e));
    return read_days(r, at, e);
}

HM_MUST static hm_rc read_provenance(struct hm_release *r, struct hm_json at,
                                     struct hm_err *e)
{
    struct hm_json p;

    HM_TRY(hm_json_get_object(at, "provenance", &p, e));
    HM_TRY(hm_json_keys(p, "repository build_type builder", e));
    HM_TRY(hm_release_take_member(p, "repository", HM_RELEASE_PATH,
                                  &r->provenance.repository, e));
    HM_TRY(hm_release_take_member(p, "build_type", HM_RELEASE_URI,
                                  &r->provenance.build_type, e));
    return hm_release_take_member(p, "builder", HM_RELEASE_URI,
                                  &r->provenance.builder, e);
}

HM_MUST static hm_rc read_document(struct hm_release *r, struct hm_json at,
                                   struct hm_err *e)
{
    HM_TRY(hm_release_refuse_secrets(at, e));
    HM_TRY(check_format(at, e));
    HM_TRY(hm_json_keys(at, MEMBERS, e));
    HM_TRY(read_identity(r, at, e));
    HM_TRY(hm_release_read_artefacts(r, at, e));
    HM_TRY(hm_release_read_updates(r, at, e));
    HM_TRY(hm_release_read_sboms(r, at, e));
    HM_TRY(hm_release_read_advisories(r, at, e));
    HM_TRY(read_provenance(r, at, e));
    HM_TRY(hm_release_read_signing(r, at, e));
    HM_TRY(hm_release_take_member(at, "root", HM_RELEASE_PATH, &r->root, e));
    HM_TRY(hm_release_take_member(at, "authorisation", HM_RELEASE_PATH,
                                  &r->authorisation, e));
    HM_TRY(hm_release_take_member(at, "repository", HM_RELEASE_PATH,
                                  &r->repository, e));
    return hm_release_check(r, at, e);
}

HM_MUST static hm_rc read_text(struct hm_release *r, struct hm_bytes text,
                               const char *folder, struct hm_err *e)
{
    r->folder = strdup(folder);
    if (r->folder == NULL)
        return hm_fail(e, HM_E_NOMEM, "release.folder.nomem",
                       "out of memory for a path");
    HM_TRY(hm_buf_add(&r->bytes, text, e));
    HM_TRY(hm_json_parse(&r->doc, hm_buf_view(&r->bytes), HM_JSON_OURS,
                         HM_RELEASE_BYTES_MAX, e));
    return read_document(r, hm_json_root(&r->doc), e);
}

HM_MUST static hm_rc read_or_clear(struct hm_release *r, struct hm_bytes text,
                                   const char *folder, struct hm_err *e)
{
    hm_rc rc;

    hm_release_clear(r);
    rc = read_text(r, text, folder, e);
    if (rc != HM_OK)
        hm_release_clear(r);
    return rc;
}

hm_rc hm_release_read(struct hm_release *r, struct hm_bytes text,
                      struct hm_err *e)
{
    return read_or_clear(r, text, "", e);
}

/* The folder that holds the file at path, absolute and without links. */
HM_MUST static hm_rc find_folder(const char *path, char **folder,
                                 struct hm_err *e)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));

    if (parent == NULL)
        return hm_fail(e, HM_E_NOMEM, "release.folder.nomem",
                       "out of memory for a path");
    *folder = realpath(parent, NULL);
    free(parent);
    if (*folder == NULL)
        return hm_fail_errno(e, "base.dir.open",
                             "cannot find the folder of "
                             "'%s'",
                             hm_show_str(path));
    return HM_OK;
}

hm_rc hm_release_load(struct hm_release *r, const char *path, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_RELEASE_BYTES_MAX);
    char *folder = NULL;
    hm_rc rc;

    hm_release_clear(r);
    rc = hm_as_usage(e, hm_file_load(path, &text, e));
    if (rc == HM_E_IO)
        return hm_hint(e, rc,
                       "hallmark init writes a release.json to start from");
    HM_TRY(rc);
    HM_TRY(find_folder(path, &folder, e));
    rc = read_or_clear(r, hm_buf_view(&text), folder == NULL ? "" : folder, e);
    free(folder);
    return hm_hint(e,
                   hm_as_usage(e, hm_context(e, rc, "%s", hm_show_str(path))),
                   "hallmark(1), section FILES, describes every member");
}

/* --- paths ------------------------------------------------------------------ */

/* prefix, folder/ unless path is absolute, path, NUL. */
HM_MUST static hm_rc join(const struct hm_release *r, const char *prefix,
                          const char *path, struct hm_buf *out,
                          struct hm_err *e)
{
    hm_buf_clear(out);
    if (path[0] != '/' && (r->folder == NULL || r->folder[0] == '\0'))
        return hm_fail(e, HM_E_INTERNAL, "release.path.folder",
                       "a release.json read from memory has no folder");
    HM_TRY(hm_buf_add(out, hm_bytes_str(prefix), e));
    if (path[0] != '/') {
        HM_TRY(hm_buf_add(out, hm_bytes_str(r->folder), e));
        if (strcmp(r->folder, "/") != 0)
            HM_TRY(hm_buf_add(out, HM_LIT("/"), e));
    }
    HM_TRY(hm_buf_add(out, hm_bytes_str(path), e));
    HM_TRY(hm_buf_add(out, (struct hm_bytes){(const uint8_t *)"", 1}, e));
    out->n--;
    return HM_OK;
}

hm_rc hm_release_path(const struct hm_release *r, const char *path,
                      struct hm_buf *out, struct hm_err *e)
{
    return join(r, "", path, out, e);
}

hm_rc hm_release_pin(const struct hm_release *r,
                     const struct hm_release_key *key, struct hm_buf *out,
                     struct hm_err *e)
{
    static const char file[] = "file:";

    if (strncmp(key->pin, file, sizeof(file) - 1) == 0)
        return join(r, file, key->pin + sizeof(file) - 1, out, e);
    hm_buf_clear(out);
    HM_TRY(hm_buf_add(out, hm_bytes_str(key->pin), e));
    HM_TRY(hm_buf_add(out, (struct hm_bytes){(const uint8_t *)"", 1}, e));
    out->n--;
    return HM_OK;
}

void hm_release_clear(struct hm_release *r)
{
    for (size_t i = 0; i < r->n_updates; i++) {
        free(r->updates[i].models.word);
        free(r->updates[i].hardware.word);
    }
    for (size_t i = 0; i < r->n_advisories; i++)
        free(r->advisories[i].aliases.word);
    for (size_t i = 0; i < r->n_artefacts; i++)
        hm_release_pack_clear(&r->artefacts[i].pack);
    free(r->artefacts);
    free(r->updates);
    free(r->sboms);
    free(r->advisories);
    free(r->folder);
    hm_json_doc_clear(&r->doc);
    hm_buf_clear(&r->bytes);
    *r = (struct hm_release)HM_RELEASE_INIT;
}
