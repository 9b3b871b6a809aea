#include <stdio.h>

#include "source_priv.h"

hm_rc source_fail(struct hm_err *e, const char *what)
{
    const git_error *said = git_error_last();

    return hm_fail(e, HM_E_IO, "source.git.failed", "%s: %s", what,
                   said == NULL || said->message == NULL
                       ? "libgit2 gives no reason"
                       : hm_show_str(said->message));
}

/* The answer must be the same on every machine and for every user, so no
 * configuration but the repository's own is read. */
HM_MUST static hm_rc begin(struct source_repo *r, struct hm_err *e)
{
    static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA,
                                 GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                 GIT_CONFIG_LEVEL_GLOBAL};

    if (git_libgit2_init() < 0)
        return source_fail(e, "cannot start libgit2");
    r->is_ready = true;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") < 0)
            return source_fail(e, "cannot switch off other configuration");
    if (git_libgit2_opts(GIT_OPT_SET_TEMPLATE_PATH, "") < 0 ||
        git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1) < 0)
        return source_fail(e, "cannot set up libgit2");
    return HM_OK;
}

/* libgit2 1.5 says that nothing permits the owner, not that he is another. */
static bool is_of_another(int code)
{
    const git_error *said = git_error_last();

    return code == GIT_EOWNER ||
           (code == GIT_ENOTFOUND && said != NULL &&
            said->klass == GIT_ERROR_CONFIG &&
            strstr(said->message, "safe.directory") != NULL);
}

HM_MUST static hm_rc refuse(int code, const char *path, struct hm_err *e)
{
    const char *shown = hm_show_str(path);

    if (is_of_another(code))
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "source.repository.owner",
                               "the git repository of '%s' belongs to "
                               "another user",
                               shown),
                       "run as its owner; safe.directory of a global "
                       "configuration is not read");
    if (code == GIT_ENOTFOUND)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "source.repository.missing",
                               "'%s' is in no git repository", shown),
                       "name a directory in one; in release.json it is "
                       "\"repository\" under \"provenance\"");
    return hm_hint(e,
                   hm_context(e, source_fail(e, "libgit2"),
                              "cannot open the git repository of '%s'", shown),
                   "repositories with SHA-1 ids are read, without extensions "
                   "that libgit2 does not know");
}

hm_rc source_open_any(struct source_repo *r, const char *path, struct hm_err *e)
{
    int code = 0;

    HM_TRY(begin(r, e));
    code = git_repository_open_ext(&r->repo, path, 0, NULL);
    return code < 0 ? refuse(code, path, e) : HM_OK;
}

hm_rc source_open(struct source_repo *r, const char *path, struct hm_err *e)
{
    HM_TRY(source_open_any(r, path, e));
    if (git_repository_is_bare(r->repo) != 0)
        return hm_fail(e, HM_E_USAGE, "source.repository.bare",
                       "the git repository of '%s' is bare: it has no work "
                       "tree that could have been built",
                       hm_show_str(path));
    return HM_OK;
}

void source_repo_clear(struct source_repo *r)
{
    git_repository_free(r->repo);
    if (r->is_ready)
        (void)git_libgit2_shutdown();
    *r = (struct source_repo)SOURCE_REPO_INIT;
}

const char *hm_source_libgit2_version(void)
{
    static char text[40]; /* always the same */
    int major = 0;
    int minor = 0;
    int patch = 0;

    (void)git_libgit2_version(&major, &minor, &patch);
    (void)snprintf(text, sizeof(text), "%d.%d.%d", major, minor, patch);
    return text;
}
