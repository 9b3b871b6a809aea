#include <stdio.h>

#include "release_priv.h"

/* Devices never take a lower one again: whoever runs it up locks them out. */
HM_MUST static hm_rc check_jump(const struct hm_release_served *highest,
                                const struct hm_release_served *next,
                                struct hm_err *e)
{
    const uint64_t from = next->epoch > highest->epoch ? 0 : highest->sequence;
    const uint64_t most = from + HM_RELEASE_SEQUENCE_JUMP;

    if (next->sequence <= most)
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "release.sequence.jump",
                "expected a sequence of epoch %llu of at most %llu (%u above "
                "what was published in it), found %llu: devices that took it "
                "would refuse every lower one from then on",
                (unsigned long long)next->epoch, (unsigned long long)most,
                HM_RELEASE_SEQUENCE_JUMP, (unsigned long long)next->sequence),
        "find out who made and signed it; then make the manifest again "
        "(hallmark-manifest make or refresh), which takes the next sequence");
}

HM_MUST static hm_rc check_sequence(const struct hm_release_state *before,
                                    const struct hm_release_served *next,
                                    struct hm_err *e)
{
    if (hm_release_compare_served(next, &before->highest) > 0)
        return check_jump(&before->highest, next, e);
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "release.sequence.lower",
                "expected above epoch %llu sequence %llu, which was published, "
                "found epoch %llu sequence %llu: devices refuse what is not "
                "newer",
                (unsigned long long)before->highest.epoch,
                (unsigned long long)before->highest.sequence,
                (unsigned long long)next->epoch,
                (unsigned long long)next->sequence),
        "make the manifest again (hallmark-manifest make or refresh) and sign "
        "it");
}

/* A higher epoch resets the timestamp that devices hold. */
HM_MUST static hm_rc check_time(const struct hm_release_state *before,
                                const struct hm_release_state *next,
                                struct hm_err *e)
{
    if (next->epoch > before->epoch || next->timestamp >= before->timestamp)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "release.timestamp.older",
                   "expected a timestamp not before %s, found %s: devices "
                   "refuse an older one",
                   hm_time_show(before->timestamp),
                   hm_time_show(next->timestamp));
}

HM_MUST static hm_rc check_authorisation(const struct hm_release_state *before,
                                         const struct hm_release_state *next,
                                         struct hm_err *e)
{
    if (next->authorisation_sequence < before->authorisation_sequence)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "release.authorisation.lower",
                    "expected an authorisation of sequence %llu or higher, "
                    "found %llu: it would bring revoked keys back",
                    (unsigned long long)before->authorisation_sequence,
                    (unsigned long long)next->authorisation_sequence),
            "name the current authorisation.json in release.json and make the "
            "release again");
    if (next->authorisation_sequence == before->authorisation_sequence &&
        memcmp(next->authorisation_sha256, before->authorisation_sha256,
               sizeof(next->authorisation_sha256)) != 0)
        return hm_fail(e, HM_E_REJECTED, "release.authorisation.differs",
                       "the published authorisation has the same sequence %llu "
                       "and other bytes: devices refuse the second of two",
                       (unsigned long long)next->authorisation_sequence);
    return HM_OK;
}

/* Published already: only its manifest may be renewed. */
HM_MUST static hm_rc check_refresh(const struct hm_repository *repo,
                                   struct hm_release_plan *plan,
                                   struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_release_facts) old = HM_RELEASE_FACTS_INIT;

    HM_TRY(hm_dir_open_at(&d, &repo->dir, plan->published.release, e));
    HM_TRY(hm_release_read_facts(&d, &old, e));
    HM_TRY(hm_release_compare_refresh(hm_buf_view(&old.manifest),
                                      hm_buf_view(&plan->facts.manifest),
                                      &plan->published.refreshed, e));
    return plan->published.refreshed
               ? HM_OK
               : hm_release_refuse_version(plan->facts.state.version.text, e);
}

HM_MUST static hm_rc check_version(const struct hm_repository *repo,
                                   struct hm_release_plan *plan,
                                   struct hm_err *e)
{
    const struct hm_version *next = &plan->facts.state.version;
    char found[HM_VERSION_TEXT];

    HM_TRY(hm_release_find_version(repo, next, found, e));
    if (found[0] == '\0')
        return HM_OK;
    return strcmp(found, next->text) == 0 ? check_refresh(repo, plan, e)
                                          : hm_release_refuse_version(found, e);
}

HM_MUST static hm_rc check_all(const struct hm_repository *repo,
                               const struct hm_release_served *served,
                               struct hm_release_plan *plan, struct hm_err *e)
{
    const struct hm_release_state *before = &plan->published.before;
    const struct hm_release_state *next = &plan->facts.state;

    HM_TRY(hm_release_check_product(before, next->vendor, next->product, e));
    HM_TRY(check_sequence(before, served, e));
    HM_TRY(check_time(before, next, e));
    HM_TRY(check_authorisation(before, next, e));
    HM_TRY(hm_release_check_rollback(before, next->rollback_counter, e));
    return check_version(repo, plan, e);
}

hm_rc hm_release_make_plan(const struct hm_repository *repo,
                           const struct hm_dir *dir,
                           struct hm_release_plan *plan, struct hm_err *e)
{
    struct hm_release_published *p = &plan->published;
    struct hm_release_served served;
    char name[64];

    HM_TRY(hm_release_read_facts(dir, &plan->facts, e));
    HM_TRY(hm_release_read_state(repo, &p->before, e));
    (void)snprintf(name, sizeof(name), "%llu-%llu",
                   (unsigned long long)plan->facts.state.epoch,
                   (unsigned long long)plan->facts.state.sequence);
    HM_TRY(hm_release_read_served(name, "", &served, e));
    memcpy(p->folder, served.folder, sizeof(p->folder));
    (void)snprintf(p->release, sizeof(p->release), HM_REPOSITORY_RELEASES "/%s",
                   plan->facts.state.version.text);
    p->version = plan->facts.state.version;
    p->is_lower = !p->before.empty &&
                  hm_version_compare(&p->version, &p->before.version) < 0;
    HM_TRY(hm_release_find_again(repo, dir, &served, p, e));
    return p->before.empty || p->already ? HM_OK
                                         : check_all(repo, &served, plan, e);
}

void hm_release_plan_clear(struct hm_release_plan *plan)
{
    hm_release_facts_clear(&plan->facts);
    memset(&plan->published, 0, sizeof(plan->published));
}
