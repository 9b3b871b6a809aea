#include "release_priv.h"

/* The copy is judged again, from what the disk gives back: what is published
 * is what was verified, whatever happened to the source meanwhile. */
HM_MUST static hm_rc judge_copy(const struct hm_repository *repo,
                                const struct hm_dir *work,
                                const struct hm_release_publishing *how,
                                const struct hm_release_plan *wanted,
                                struct hm_err *e)
{
    HM_OWN(hm_dir) copy = HM_DIR_INIT;
    HM_OWN(hm_release_plan) plan = HM_RELEASE_PLAN_INIT;

    HM_TRY(hm_dir_open_at(&copy, work, HM_RELEASE_WORK_COPY, e));
    HM_TRY(hm_context(e, how->judge(how->context, &copy, e),
                      "the copy in the repository is refused"));
    HM_TRY(hm_release_make_plan(repo, &copy, &plan, e));
    if (hm_bytes_eq(hm_buf_view(&plan.facts.manifest),
                    hm_buf_view(&wanted->facts.manifest)) &&
        hm_bytes_eq(hm_buf_view(&plan.facts.authorisation),
                    hm_buf_view(&wanted->facts.authorisation)))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.copy.differs",
                           "the release changed between its verification and "
                           "its copy"),
                   "nothing was published; find out what else writes to the "
                   "release directory");
}

HM_MUST static hm_rc prepare(const struct hm_repository *repo,
                             const struct hm_dir *from,
                             const struct hm_release_publishing *how,
                             const struct hm_release_plan *plan,
                             struct hm_dir *work, struct hm_err *e)
{
    HM_OWN(hm_dir) copy = HM_DIR_INIT;

    HM_TRY(hm_dir_make_at(work, &repo->dir, HM_RELEASE_WORK, e));
    HM_TRY(hm_dir_sync(&repo->dir, e));
    HM_TRY(hm_dir_make_at(&copy, work, HM_RELEASE_WORK_COPY, e));
    HM_TRY(hm_release_copy(from, &copy, e));
    HM_TRY(judge_copy(repo, work, how, plan, e));
    HM_TRY(hm_release_copy_served(work, e));
    return hm_release_put_root(repo, work, how->root, e);
}

HM_MUST static hm_rc write_all(const struct hm_repository *repo,
                               const struct hm_dir *from,
                               const struct hm_release_publishing *how,
                               const struct hm_release_plan *plan,
                               struct hm_err *e)
{
    HM_OWN(hm_dir) work = HM_DIR_INIT;

    HM_TRY(prepare(repo, from, how, plan, &work, e));
    return hm_release_commit(repo, &work, &plan->published, e);
}

/* Leaves the old or the new also when a step fails, not only when killed. */
HM_MUST static hm_rc write_or_undo(const struct hm_repository *repo,
                                   const struct hm_dir *from,
                                   const struct hm_release_publishing *how,
                                   struct hm_release_plan *plan,
                                   struct hm_err *e)
{
    HM_OWN(hm_names) cleaned = HM_NAMES_INIT;
    const hm_rc rc = write_all(repo, from, how, plan, e);

    /* What cannot be cleaned now is cleaned by the next run. */
    plan->published.untidy = hm_release_recover(repo, &cleaned, NULL) != HM_OK;
    return rc;
}

hm_rc hm_release_publish(struct hm_repository *repo, const struct hm_dir *from,
                         const struct hm_release_publishing *how,
                         struct hm_release_published *out, struct hm_err *e)
{
    HM_OWN(hm_release_plan) plan = HM_RELEASE_PLAN_INIT;

    memset(out, 0, sizeof(*out));
    if (!how->dry_run && repo->lock < 0)
        return hm_fail(e, HM_E_INTERNAL, "release.repository.unlocked",
                       "publishing needs the lock of the repository");
    HM_TRY(how->judge(how->context, from, e));
    HM_TRY(hm_release_make_plan(repo, from, &plan, e));
    if (plan.published.already)
        HM_TRY(hm_release_check_again(repo, from, how, &plan.published, e));
    else if (!how->dry_run)
        HM_TRY(
            hm_release_hint_write(e, write_or_undo(repo, from, how, &plan, e)));
    *out = plan.published;
    return HM_OK;
}
