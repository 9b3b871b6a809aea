/* Pipelines are recognised by what they document.  A variable that is not in
 * these tables is never read: the environment of a build holds secrets. */
#include <stdlib.h>

#include "attest_cli_priv.h"

#define VALUE_MAX 1024u

static const char *const github[] = {
    "GITHUB_REPOSITORY",  "GITHUB_REF",          "GITHUB_SHA",
    "GITHUB_EVENT_NAME",  "GITHUB_WORKFLOW_REF", "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT", "RUNNER_ENVIRONMENT",  NULL};
static const char *const gitlab[] = {"CI_PROJECT_PATH",
                                     "CI_COMMIT_SHA",
                                     "CI_COMMIT_REF_NAME",
                                     "CI_PIPELINE_SOURCE",
                                     "CI_PIPELINE_ID",
                                     "CI_JOB_ID",
                                     NULL};
static const char *const jenkins[] = {"JOB_NAME", "BUILD_NUMBER", "BRANCH_NAME",
                                      "GIT_COMMIT", NULL};

static const struct {
    const char *name;
    const char *mark; /* variable by which it is known */
    const char *value;
    const char *commit;
    const char *url; /* variable that holds the page of this run, or NULL */
    const char *const *variables;
} pipelines[] = {
    {"github-actions", "GITHUB_ACTIONS", "true", "GITHUB_SHA", NULL, github},
    {"gitlab-ci", "GITLAB_CI", "true", "CI_COMMIT_SHA", "CI_JOB_URL", gitlab},
    {"jenkins", "JENKINS_URL", NULL, "GIT_COMMIT", "BUILD_URL", jenkins},
};

#define PIPELINES (sizeof(pipelines) / sizeof(pipelines[0]))

/* NULL when the variable is not set or empty. */
HM_MUST static hm_rc read_variable(const char *name, const char **out,
                                   struct hm_err *e)
{
    const char *value = getenv(name);

    *out = NULL;
    if (value == NULL || value[0] == '\0')
        return HM_OK;
    for (const char *c = value; *c != '\0'; c++)
        if (*c < 0x20 || *c >= 0x7f || c - value >= (long)VALUE_MAX)
            return hm_fail(e, HM_E_USAGE, "attest.variable.syntax",
                           "the environment variable %s is not printable ASCII "
                           "of at most %u letters",
                           name, VALUE_MAX);
    *out = value;
    return HM_OK;
}

/* https://server/owner/repository/actions/runs/1/attempts/1 */
HM_MUST static hm_rc github_url(char *out, size_t size, struct hm_err *e)
{
    static const char *const parts[] = {"GITHUB_SERVER_URL",
                                        "GITHUB_REPOSITORY", "GITHUB_RUN_ID",
                                        "GITHUB_RUN_ATTEMPT"};
    const char *value[4] = {NULL};

    out[0] = '\0';
    for (unsigned i = 0; i < 4; i++) {
        HM_TRY(read_variable(parts[i], &value[i], e));
        if (value[i] == NULL)
            return HM_OK;
    }
    (void)snprintf(out, size, "%s/%s/actions/runs/%s/attempts/%s", value[0],
                   value[1], value[2], value[3]);
    return HM_OK;
}

HM_MUST static hm_rc read_invocation(struct attest_ci *ci, const char *variable,
                                     struct hm_err *e)
{
    char made[3072];
    const char *url = made;

    if (variable == NULL)
        HM_TRY(github_url(made, sizeof(made), e));
    else
        HM_TRY(read_variable(variable, &url, e));
    if (url == NULL || url[0] == '\0')
        return HM_OK;
    return hm_context(e, hm_source_clean_url(url, ci->invocation, e),
                      "address of the pipeline's run");
}

hm_rc attest_read_ci(struct attest_ci *ci, struct attest_pairs *internal,
                     struct hm_err *e)
{
    *ci = (struct attest_ci){.name = NULL};
    for (size_t i = 0; i < PIPELINES; i++) {
        const char *value = getenv(pipelines[i].mark);

        if (value == NULL || value[0] == '\0' ||
            (pipelines[i].value != NULL &&
             strcmp(value, pipelines[i].value) != 0))
            continue;
        ci->name = pipelines[i].name;
        attest_add_pair(internal, "ci", ci->name);
        for (const char *const *v = pipelines[i].variables; *v != NULL; v++) {
            HM_TRY(read_variable(*v, &value, e));
            attest_add_pair(internal, *v, value);
        }
        HM_TRY(read_variable(pipelines[i].commit, &ci->commit, e));
        return read_invocation(ci, pipelines[i].url, e);
    }
    return HM_OK;
}
