#include "release_priv.h"

hm_rc hm_release_check_product(const struct hm_release_state *before,
                               const char *vendor, const char *product,
                               struct hm_err *e)
{
    if (strcmp(before->vendor, vendor) == 0 &&
        strcmp(before->product, product) == 0)
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "release.product.differs",
                "the repository serves '%s' of '%s', the release is '%s' of "
                "'%s'",
                hm_show_str(before->product), hm_show_str(before->vendor),
                hm_show_str(product), hm_show_str(vendor)),
        "each product has a repository of its own");
}

hm_rc hm_release_check_rollback(const struct hm_release_state *before,
                                uint64_t rollback_counter, struct hm_err *e)
{
    if (rollback_counter >= before->rollback_counter)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.rollback.lower",
                           "expected a rollback_counter of %llu or higher, "
                           "found %llu: updated devices would refuse it",
                           (unsigned long long)before->rollback_counter,
                           (unsigned long long)rollback_counter),
                   "a rollback counter is never taken back; raise "
                   "rollback_counter in release.json");
}

hm_rc hm_release_find_version(const struct hm_repository *repo,
                              const struct hm_version *v,
                              char found[static HM_VERSION_TEXT],
                              struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_version here;

    found[0] = '\0';
    HM_TRY(hm_release_list_versions(repo, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        HM_TRY(hm_version_read(hm_bytes_str(names.name[i]), &here, e));
        if (hm_version_compare(&here, v) == 0)
            memcpy(found, here.text, sizeof(here.text));
    }
    return HM_OK;
}

hm_rc hm_release_refuse_version(const char *published, struct hm_err *e)
{
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "release.version.published",
                "version %s is published and never changes", published),
        "give the release a higher version; to renew the manifest of what is "
        "published, copy releases/%s and run hallmark-manifest refresh on the "
        "copy",
        published);
}

hm_rc hm_release_check_epoch(const struct hm_release_state *before,
                             uint64_t epoch, struct hm_err *e)
{
    if (epoch >= before->highest.epoch)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "release.epoch.lower",
                   "expected epoch %llu or higher, which is published, found "
                   "%llu",
                   (unsigned long long)before->highest.epoch,
                   (unsigned long long)epoch);
}

HM_MUST static hm_rc check_next(const struct hm_release *r,
                                const struct hm_repository *repo,
                                const struct hm_release_state *before,
                                struct hm_err *e)
{
    char found[HM_VERSION_TEXT];

    if (before->empty)
        return HM_OK;
    HM_TRY(hm_release_check_product(before, r->vendor, r->product, e));
    HM_TRY(hm_release_check_epoch(before, r->epoch, e));
    HM_TRY(hm_release_check_rollback(before, r->rollback_counter, e));
    HM_TRY(hm_release_find_version(repo, &r->version, found, e));
    return found[0] == '\0' ? HM_OK : hm_release_refuse_version(found, e);
}

hm_rc hm_release_plan_next(const struct hm_release *r,
                           struct hm_release_state *out, struct hm_err *e)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_buf) path = HM_BUF_INIT(8192);
    hm_rc rc;

    HM_TRY(hm_release_path(r, r->repository, &path, e));
    HM_TRY(hm_release_plan_state((const char *)path.p, out, e));
    if (!out->empty)
        HM_TRY(hm_release_open_repository(&repo, (const char *)path.p, e));
    rc = check_next(r, &repo, out, e);
    if (rc != HM_OK)
        memset(out, 0, sizeof(*out));
    return hm_context(e, rc, "release.json cannot follow what is published");
}
