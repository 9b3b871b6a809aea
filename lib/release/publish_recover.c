#include "release_priv.h"

struct intent {
    bool found;
    struct hm_release_served served;
    char release[64]; /**< "releases/1.0.1"; empty for a refresh */
};

/* "releases/VERSION", nothing else: recovery deletes what this names. */
HM_MUST static hm_rc read_release_name(struct hm_json at, struct intent *out,
                                       struct hm_err *e)
{
    const size_t prefix = sizeof(HM_REPOSITORY_RELEASES);
    struct hm_version v;

    if (hm_json_find(at, "release").item == NULL)
        return HM_OK;
    HM_TRY(
        hm_json_get_text(at, "release", out->release, sizeof(out->release), e));
    if (strncmp(out->release, HM_REPOSITORY_RELEASES "/", prefix) != 0)
        return hm_fail(e, HM_E_REJECTED, "release.version.name",
                       "expected releases/VERSION, found '%s'",
                       hm_show_str(out->release));
    return hm_version_read(hm_bytes_str(out->release + prefix), &v, e);
}

HM_MUST static hm_rc parse_intent(struct hm_bytes text, struct intent *out,
                                  struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json at;
    char folder[64];

    HM_TRY(hm_json_format(text, HM_RELEASE_INTENT_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, text, HM_JSON_OURS, text.n, e));
    at = hm_json_root(&doc);
    HM_TRY(hm_json_keys(at, "format history release", e));
    HM_TRY(hm_json_get_text(at, "history", folder, sizeof(folder), e));
    HM_TRY(hm_release_read_served(folder, HM_REPOSITORY_HISTORY "/",
                                  &out->served, e));
    out->found = true;
    return read_release_name(at, out, e);
}

HM_MUST static hm_rc read_intent(const struct hm_dir *work, struct intent *out,
                                 struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(4096);
    hm_rc rc;

    *out = (struct intent){.found = false};
    if (!hm_file_exists_at(work, HM_RELEASE_WORK_INTENT))
        return HM_OK;
    HM_TRY(hm_file_load_at(work, HM_RELEASE_WORK_INTENT, &text, e));
    rc = parse_intent(hm_buf_view(&text), out, e);
    if (rc == HM_OK || rc == HM_E_NOMEM)
        return rc;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.repository.broken",
                           HM_RELEASE_WORK "/" HM_RELEASE_WORK_INTENT
                                           " was not written by this program"),
                   "look into " HM_RELEASE_WORK
                   " and remove it by hand; nothing was deleted");
}

HM_MUST static hm_rc remove_named(const struct hm_repository *repo,
                                  const char *name, struct hm_names *cleaned,
                                  struct hm_err *e)
{
    if (name[0] == '\0' || !hm_file_exists_at(&repo->dir, name))
        return HM_OK;
    HM_TRY(hm_dir_remove_at(&repo->dir, name, e));
    return hm_names_add(cleaned, name, e);
}

HM_MUST static hm_rc sync_folder(const struct hm_repository *repo,
                                 const char *name, struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    if (!hm_file_exists_at(&repo->dir, name))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&d, &repo->dir, name, e));
    return hm_dir_sync(&d, e);
}

/* Only what the intent names: it was not there when the intent was written. */
HM_MUST static hm_rc undo(const struct hm_repository *repo,
                          const struct intent *intent, struct hm_names *cleaned,
                          struct hm_err *e)
{
    struct hm_release_served live;

    if (!intent->found)
        return HM_OK;
    HM_TRY(hm_release_read_live(repo, &live, e));
    if (live.epoch != 0 &&
        hm_release_compare_served(&live, &intent->served) == 0)
        return HM_OK; /* it did reach live */
    HM_TRY(remove_named(repo, intent->served.folder, cleaned, e));
    HM_TRY(remove_named(repo, intent->release, cleaned, e));
    HM_TRY(sync_folder(repo, HM_REPOSITORY_HISTORY, e));
    return sync_folder(repo, HM_REPOSITORY_RELEASES, e);
}

hm_rc hm_release_recover(const struct hm_repository *repo,
                         struct hm_names *cleaned, struct hm_err *e)
{
    HM_OWN(hm_dir) work = HM_DIR_INIT;
    struct intent intent;

    if (!hm_file_exists_at(&repo->dir, HM_RELEASE_WORK))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&work, &repo->dir, HM_RELEASE_WORK, e));
    HM_TRY(read_intent(&work, &intent, e));
    HM_TRY(undo(repo, &intent, cleaned, e));
    HM_TRY(hm_release_drop_links(repo, cleaned, e));
    HM_TRY(hm_dir_sync(&repo->dir, e));
    HM_TRY(remove_named(repo, HM_RELEASE_WORK, cleaned, e));
    return hm_dir_sync(&repo->dir, e);
}
