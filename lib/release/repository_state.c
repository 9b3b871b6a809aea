#include <errno.h>
#include <sys/stat.h>

#include "release_priv.h"

HM_MUST static hm_rc broken(struct hm_err *e, const char *text)
{
    return hm_hint(
        e, hm_fail(e, HM_E_REJECTED, "release.repository.broken", "%s", text),
        "restore the repository from its backup or mirror; nothing "
        "is published over it");
}

/* The last of the history; live itself when the history is shorter. */
HM_MUST static hm_rc find_highest(const struct hm_repository *repo,
                                  const struct hm_release_served *live,
                                  struct hm_release_served *out,
                                  struct hm_err *e)
{
    HM_OWN(hm_release_history) history = HM_RELEASE_HISTORY_INIT;

    *out = *live;
    HM_TRY(hm_release_list_history(repo, &history, e));
    if (history.n > 0 &&
        hm_release_compare_served(&history.served[history.n - 1], out) > 0)
        *out = history.served[history.n - 1];
    return HM_OK;
}

/* A history or releases without live are a publication that did not finish, or
 * damage. */
HM_MUST static hm_rc read_empty(const struct hm_repository *repo,
                                struct hm_release_state *out, struct hm_err *e)
{
    const bool finished = !hm_file_exists_at(&repo->dir, HM_RELEASE_WORK);
    HM_OWN(hm_names) versions = HM_NAMES_INIT;

    out->empty = true;
    HM_TRY(hm_release_list_versions(repo, &versions, e));
    if (finished && out->highest.epoch != 0)
        return broken(e, "history/ holds manifests, but 'live' is missing");
    if (finished && versions.n > 0)
        return broken(e, "releases/ holds versions, but 'live' is missing");
    out->highest.epoch = 0;
    out->highest.sequence = 0;
    return HM_OK;
}

HM_MUST static hm_rc read_live_facts(const struct hm_repository *repo,
                                     const struct hm_release_served *live,
                                     struct hm_release_facts *facts,
                                     struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    if (!hm_file_exists_at(&repo->dir, live->folder))
        return broken(e, "'live' names a folder that does not exist");
    HM_TRY(hm_dir_open_at(&d, &repo->dir, live->folder, e));
    HM_TRY(hm_release_read_facts(&d, facts, e));
    if (facts->state.epoch != live->epoch ||
        facts->state.sequence != live->sequence)
        return broken(e, "the live manifest has another epoch or sequence than "
                         "the folder that holds it");
    return HM_OK;
}

HM_MUST static hm_rc read_state(const struct hm_repository *repo,
                                struct hm_release_state *out, struct hm_err *e)
{
    HM_OWN(hm_release_facts) facts = HM_RELEASE_FACTS_INIT;
    struct hm_release_served live;
    struct hm_release_served highest;

    HM_TRY(hm_release_read_live(repo, &live, e));
    HM_TRY(find_highest(repo, &live, &highest, e));
    out->highest = highest;
    if (live.epoch == 0)
        return read_empty(repo, out, e);
    HM_TRY(hm_context(e, read_live_facts(repo, &live, &facts, e), "%s",
                      live.folder));
    *out = facts.state;
    out->live = live;
    out->highest = highest;
    return HM_OK;
}

hm_rc hm_release_read_state(const struct hm_repository *repo,
                            struct hm_release_state *out, struct hm_err *e)
{
    hm_rc rc;

    memset(out, 0, sizeof(*out));
    out->empty = true;
    if (repo->dir.fd < 0)
        return HM_OK;
    rc = read_state(repo, out, e);
    if (rc != HM_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

hm_rc hm_release_plan_state(const char *path, struct hm_release_state *out,
                            struct hm_err *e)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    struct stat sb;

    memset(out, 0, sizeof(*out));
    out->empty = true;
    if (stat(path, &sb) != 0 && errno == ENOENT)
        return HM_OK;
    HM_TRY(hm_release_open_repository(&repo, path, e));
    return hm_release_read_state(&repo, out, e);
}
