#include "git_story.h"

#include <stdlib.h>

#include "hm_json.h"
#include "hm_test.h"

/* clang-format off */
static const char release[] =
"{\n"
"  \"format\": \"hallmark-release/1\",\n"
"  \"vendor\": \"acme\", \"product\": \"thermostat\", \"version\": \"1.0.1\",\n"
"  \"rollback_counter\": 2, \"update_type\": \"routine\",\n"
"  \"severity\": \"none\", \"valid_days\": 30,\n"
"  \"artefacts\": [ { \"id\": \"firmware\", \"file\": \"fw.bin\",\n"
"    \"name\": \"fw.bin\", \"role\": \"firmware\", \"kind\": \"full\" } ],\n"
"  \"updates\": [ { \"models\": [\"T100\"], \"hardware\": [\"rev-b\"],\n"
"    \"artefacts\": [\"firmware\"] } ],\n"
"  \"sboms\": [], \"advisories\": [],\n"
"  \"provenance\": { \"repository\": \".\",\n"
"    \"build_type\": \"https://acme.example/build/v1\",\n"
"    \"builder\": \"https://acme.example/builders/v1\" },\n"
"  \"signing\": { \"softhsm\": \"keys/vendor-token\",\n"
"    \"manifest\": { \"uri\": \"pkcs11:token=vendor;object=vendor-1\",\n"
"      \"pin\": \"file:keys/vendor.pin\" },\n"
"    \"provenance\": { \"uri\": \"pkcs11:token=vendor;object=provenance-1\",\n"
"      \"pin\": \"fd:3\" } },\n"
"  \"root\": \"root.json\", \"authorisation\": \"authorisation.json\",\n"
"  \"repository\": \"repository\"\n"
"}\n";
/* clang-format on */

static const char *const strangers[] = {
    "SOURCE_DATE_EPOCH", "GIT_DIR",        "GIT_WORK_TREE", "GIT_INDEX_FILE",
    "GIT_CONFIG_GLOBAL", "GITHUB_ACTIONS", "GITLAB_CI",     "JENKINS_URL"};

static const char *const env[] = {"GIT_CONFIG_NOSYSTEM=1",
                                  "GIT_CONFIG_GLOBAL=/dev/null",
                                  "HOME=/nonexistent",
                                  "GIT_AUTHOR_NAME=a",
                                  "GIT_AUTHOR_EMAIL=a@acme.example",
                                  "GIT_COMMITTER_NAME=a",
                                  "GIT_COMMITTER_EMAIL=a@acme.example",
                                  "GIT_AUTHOR_DATE=1778572800 +0200",
                                  "GIT_COMMITTER_DATE=1778572800 +0200",
                                  "GIT_CONFIG_COUNT=1",
                                  "GIT_CONFIG_KEY_0=protocol.file.allow",
                                  "GIT_CONFIG_VALUE_0=always",
                                  NULL};

static void run(const struct git_story *s, const char *in, const char *script,
                struct hm_run *r)
{
    const struct hm_run_how how = {.cwd = git_story_path(s, in), .env = env};

    HM_RUN(r, &how, "/bin/sh", "-e", "-c", script);
    if (r->status != 0)
        fail_msg("%s: %s", script, hm_run_err(r));
}

void git_story_sh(const struct git_story *s, const char *in, const char *script)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    run(s, in, script, &r);
}

void git_story_head(const struct git_story *s, char out[static 65])
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    run(s, "work", "git rev-parse HEAD", &r);
    assert_true(r.out.n == 41 || r.out.n == 65);
    (void)snprintf(out, 65, "%.*s", (int)r.out.n - 1, hm_run_out(&r));
}

void git_story_make(struct git_story *s)
{
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        assert_int_equal(unsetenv(strangers[i]), 0);
    hm_temp_make(&s->t);
    hm_temp_write(&s->t, "work/release.json", release);
    hm_temp_write(&s->t, "work/main.c", "int main(void) { return 0; }\n");
    hm_temp_write(&s->t, "work/.gitignore", "stage/\nartefacts/\n");
    hm_temp_write(&s->t, "work/stage/artefacts/fw.bin", "abc");
    git_story_sh(s, "work",
                 "git init -q -b main .; git add -A; git commit -q -m first");
}

void git_story_clear(struct git_story *s)
{
    hm_temp_clear(&s->t);
}

void assert_says(const struct hm_run *r, const char *pointer, const char *want)
{
    struct hm_bytes found;
    struct hm_err e = {.rc = HM_OK};

    assert_run(r, 0, "");
    assert_ok(hm_json_check(hm_buf_view(&r->out), HM_JSON_OURS, r->out.max, &e),
              &e);
    hm_json_span(hm_buf_view(&r->out), pointer, &found);
    if (want == NULL && found.n == 0)
        return;
    if (want == NULL || found.n != strlen(want) + 2 ||
        memcmp(found.p + 1, want, found.n - 2) != 0)
        fail_msg("%s: expected %s, found %.*s", pointer,
                 want == NULL ? "nothing" : want, (int)found.n,
                 (const char *)found.p);
}
