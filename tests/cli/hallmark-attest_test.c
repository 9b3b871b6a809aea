/* hallmark-attest as a pipeline step calls it: which files, times and variables
 * the Statement holds, and how it is written. */
#include "git_story.h"

#include <sys/stat.h>
#include <unistd.h>

#include "hm_json.h"
#include "hm_test.h"

static int begin(void **state)
{
    static struct git_story s;

    git_story_make(&s);
    *state = &s;
    return 0;
}

static int end(void **state)
{
    git_story_clear(*state);
    return 0;
}

#define IN(s) (&(const struct hm_run_how){.cwd = git_story_path((s), "work")})
#define BASIC                                                              \
    "hallmark-attest", "provenance", "--release", "release.json", "--dir", \
        "stage"

/* hallmark-attest provenance in the work tree. */
#define ATTEST(s, r, ...) HM_RUN((r), IN(s), BASIC, __VA_ARGS__)

/* The same to standard output, with variables. */
static void attest_with(const struct git_story *s, struct hm_run *r,
                        const char *const env[])
{
    const struct hm_run_how how = {.cwd = git_story_path(s, "work"),
                                   .env = env};

    HM_RUN(r, &how, BASIC, "-o", "-");
}

static bool has(const struct git_story *s, const char *name)
{
    return access(git_story_path(s, name), F_OK) == 0;
}

/* --- times ------------------------------------------------------------------------- */

static void the_time_is_the_commit_s(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    attest_with(s, &r, NULL);
    assert_says(&r, SAYS_INTERNAL "SOURCE_DATE_EPOCH", "1778572800");
    assert_says(&r, SAYS_METADATA "startedOn", "2026-05-12T08:00:00Z");
    assert_says(&r, SAYS_METADATA "finishedOn", "2026-05-12T08:00:00Z");
}

static void source_date_epoch_goes_before_the_commit(void **state)
{
    static const struct {
        const char *text;
        const char *seconds; /* NULL: refused */
        const char *time;
    } rows[] = {
        {"SOURCE_DATE_EPOCH=0", "0", NULL}, /* as if no build was timed */
        {"SOURCE_DATE_EPOCH=1", "1", "1970-01-01T00:00:01Z"},
        {"SOURCE_DATE_EPOCH=1700000000", "1700000000", "2023-11-14T22:13:20Z"},
        {"SOURCE_DATE_EPOCH=253402300799", "253402300799",
         "9999-12-31T23:59:59Z"},
        {"SOURCE_DATE_EPOCH=253402300800", NULL, NULL},
        {"SOURCE_DATE_EPOCH=", NULL, NULL},
        {"SOURCE_DATE_EPOCH=-1", NULL, NULL},
        {"SOURCE_DATE_EPOCH=+1", NULL, NULL},
        {"SOURCE_DATE_EPOCH= 1", NULL, NULL},
        {"SOURCE_DATE_EPOCH=01", NULL, NULL},
        {"SOURCE_DATE_EPOCH=1.5", NULL, NULL},
        {"SOURCE_DATE_EPOCH=1e9", NULL, NULL},
        {"SOURCE_DATE_EPOCH=2026-05-12T08:00:00Z", NULL, NULL},
        {"SOURCE_DATE_EPOCH=18446744073709551617", NULL, NULL},
    };
    const struct git_story *s = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const env[] = {rows[i].text, NULL};
        HM_OWN(hm_run) r = HM_RUN_INIT;

        attest_with(s, &r, env);
        if (rows[i].seconds == NULL) {
            assert_run(&r, 2, "base.time.epoch");
            continue;
        }
        assert_says(&r, SAYS_INTERNAL "SOURCE_DATE_EPOCH", rows[i].seconds);
        assert_says(&r, SAYS_METADATA "startedOn", rows[i].time);
    }
}

static void a_build_ends_after_it_began(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    ATTEST(s, &r, "-o", "-", "--started", "2026-05-12T09:00:00Z", "--finished",
           "2026-05-12T09:00:01Z");
    assert_says(&r, SAYS_METADATA "startedOn", "2026-05-12T09:00:00Z");
    assert_says(&r, SAYS_METADATA "finishedOn", "2026-05-12T09:00:01Z");
    assert_says(&r, SAYS_INTERNAL "SOURCE_DATE_EPOCH", "1778572800");
    ATTEST(s, &r, "-o", "-", "--started", "2026-05-12T09:00:00Z");
    assert_says(&r, SAYS_METADATA "finishedOn", "2026-05-12T09:00:00Z");
    ATTEST(s, &r, "-o", "-", "--started", "2026-05-12T09:00:00Z", "--finished",
           "2026-05-12T08:59:59Z");
    assert_run(&r, 2, "attest.time.order");
    ATTEST(s, &r, "-o", "-", "--finished", "2026-05-12T07:59:59Z");
    assert_run(&r, 2, "attest.time.order"); /* before the commit */
    ATTEST(s, &r, "-o", "-", "--started", "yesterday");
    assert_run(&r, 2, "base.time.syntax");
}

/* --- pipelines ------------------------------------------------------------------------ */

#define SECRETS                                                      \
    "GITHUB_TOKEN=hunter2", "CI_JOB_TOKEN=hunter2",                  \
        "CI_REGISTRY_PASSWORD=hunter2", "JENKINS_API_TOKEN=hunter2", \
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN=hunter2", "PASSWORD=hunter2"

struct pipeline {
    const char *env[20];
    const char *ci;         /* NULL: not recognised */
    const char *variable;   /* one that is recorded … */
    const char *value;      /* … and its value */
    const char *invocation; /* NULL: none */
};

static const struct pipeline pipelines[] = {
    {{SECRETS, "GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=acme/t",
      "GITHUB_RUN_ID=7", "GITHUB_RUN_ATTEMPT=2",
      "GITHUB_SERVER_URL=https://bob:hunter2@github.example"},
     "github-actions",
     "GITHUB_REPOSITORY",
     "acme/t",
     "https://github.example/acme/t/actions/runs/7/attempts/2"},
    {{SECRETS, "GITHUB_ACTIONS=true", "GITHUB_REF=refs/heads/main"},
     "github-actions",
     "GITHUB_REF",
     "refs/heads/main",
     NULL},
    {{SECRETS, "GITLAB_CI=true", "CI_PIPELINE_ID=12",
      "CI_JOB_URL=https://bob:hunter2@gitlab.example/acme/t/-/jobs/9"},
     "gitlab-ci",
     "CI_PIPELINE_ID",
     "12",
     "https://gitlab.example/acme/t/-/jobs/9"},
    {{SECRETS, "JENKINS_URL=https://jenkins.example/", "BUILD_NUMBER=42",
      "BUILD_URL=https://jenkins.example/job/t/42/?token=hunter2"},
     "jenkins",
     "BUILD_NUMBER",
     "42",
     "https://jenkins.example/job/t/42/"},
    {{SECRETS, "GITHUB_ACTIONS=false", "GITHUB_REPOSITORY=acme/t"},
     NULL,
     "GITHUB_REPOSITORY",
     NULL,
     NULL},
    {{SECRETS, "GITHUB_REPOSITORY=acme/t", "BUILD_NUMBER=42", "CI=true"},
     NULL,
     "BUILD_NUMBER",
     NULL,
     NULL},
};

static void a_pipeline_is_recorded_and_its_secrets_are_not(void **state)
{
    const struct git_story *s = *state;

    for (size_t i = 0; i < sizeof(pipelines) / sizeof(pipelines[0]); i++) {
        const struct pipeline *p = &pipelines[i];
        HM_OWN(hm_run) r = HM_RUN_INIT;
        char pointer[128];

        attest_with(s, &r, p->env);
        assert_says(&r, SAYS_INTERNAL "ci", p->ci);
        (void)snprintf(pointer, sizeof(pointer), SAYS_INTERNAL "%s",
                       p->variable);
        assert_says(&r, pointer, p->value);
        assert_says(&r, SAYS_METADATA "invocationId", p->invocation);
        assert_null(strstr(hm_run_out(&r), "hunter2"));
        assert_null(strstr(hm_run_err(&r), "hunter2"));
    }
}

static void a_variable_that_is_no_line_of_ascii_is_refused(void **state)
{
    static const char *const values[] = {
        "CI_COMMIT_REF_NAME=a\nb", "CI_COMMIT_REF_NAME=a\033[2Jb",
        "CI_COMMIT_REF_NAME=\xc3\xa4", "CI_JOB_URL=https://a\tb"};
    const struct git_story *s = *state;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const char *const good[] = {values[i], NULL};
        const char *const bad[] = {"GITLAB_CI=true", values[i], NULL};
        HM_OWN(hm_run) r = HM_RUN_INIT;

        attest_with(s, &r, bad);
        assert_run(&r, 2, "attest.variable.syntax");
        assert_null(strchr(hm_run_err(&r), '\033'));
        attest_with(s, &r, good); /* not read */
        assert_run(&r, 0, "");
    }
}

static void a_pipeline_that_builds_another_commit_is_warned_of(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char head[65];
    char same[80];
    const char *const right[] = {"GITHUB_ACTIONS=true", same, NULL};
    const char *const wrong[] = {"GITHUB_ACTIONS=true", "GITHUB_SHA=0123",
                                 NULL};

    git_story_head(s, head);
    (void)snprintf(same, sizeof(same), "GITHUB_SHA=%s", head);
    attest_with(s, &r, right);
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_err(&r), "but HEAD is"));
    attest_with(s, &r, wrong);
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "'0123', but HEAD is"));
}

/* --- files ------------------------------------------------------------------------------ */

static void an_artefact_of_the_release_must_be_there(void **state)
{
    static const struct {
        const char *script;
        int status;
        const char *reason;
    } rows[] = {
        {"true", 0, ""},
        {"rm stage/artefacts/fw.bin", 1, "attest.artefact.missing"},
        {"rm -r stage/artefacts", 1, "attest.artefact.missing"},
        {"rm -r stage", 3, "base.dir.open"},
        {"cd stage/artefacts; mkdir d; mv fw.bin d", 1,
         "attest.artefact.missing"},
        {"cd stage/artefacts; mkdir d; cp fw.bin d", 0, ""},
        {"cd stage/artefacts; mv fw.bin x; ln -s x fw.bin", 1,
         "attest.file.kind"},
        {"ln -s /etc/passwd stage/artefacts/z", 1, "attest.file.kind"},
        {"mkfifo stage/artefacts/z", 1, "attest.file.kind"},
        {"mkdir stage/sbom; ln -s ../artefacts/fw.bin stage/sbom/z", 1,
         "attest.file.kind"},
        {"mv stage/artefacts stage/real; ln -s real stage/artefacts", 3,
         "base.dir.open"},
        {"echo x >stage/artefacts/.hidden", 1, "base.name.syntax"},
        {"echo x >'stage/artefacts/a b'", 1, "base.name.syntax"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        struct git_story s;

        git_story_make(&s);
        git_story_sh(&s, "work", rows[i].script);
        attest_with(&s, &r, NULL);
        assert_run(&r, rows[i].status, rows[i].reason);
        if (rows[i].status != 0)
            assert_int_equal(r.out.n, 0);
        git_story_clear(&s);
    }
}

static void
every_artefact_is_a_subject_and_every_sbom_a_by_product(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(&s->t, "work/stage/artefacts/a/b.bin", "");
    hm_temp_write(&s->t, "work/stage/sbom/fw.json", "{}");
    hm_temp_write(&s->t, "work/stage/records/x", "");
    attest_with(s, &r, NULL);
    assert_says(&r, "/subject/0/name", "artefacts/a/b.bin");
    assert_says(&r, "/subject/1/name", "artefacts/fw.bin");
    assert_says(&r, "/subject/2/name", NULL);
    assert_says(&r, "/predicate/runDetails/byproducts/0/name", "sbom/fw.json");
    assert_says(&r, "/predicate/runDetails/byproducts/1/name", NULL);
}

static void
the_release_directory_is_by_default_where_release_json_is(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, (&(const struct hm_run_how){.cwd = s->t.path}),
           "hallmark-attest", "provenance", "--release", "work/release.json",
           "-o", "-");
    assert_run(&r, 1, "attest.artefact.missing");
    git_story_sh(s, "work", "mv stage/artefacts artefacts");
    HM_RUN(&r, (&(const struct hm_run_how){.cwd = s->t.path}),
           "hallmark-attest", "provenance", "--release", "work/release.json",
           "-o", "-");
    assert_says(&r, "/subject/0/digest/sha256", GIT_STORY_SHA256);
}

static void the_work_tree_may_be_elsewhere(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char head[65];

    git_story_head(s, head);
    git_story_sh(s, ".",
                 "mkdir out; cp work/release.json out;"
                 "cp -R work/stage/artefacts out");
    HM_RUN(&r, (&(const struct hm_run_how){.cwd = s->t.path}),
           "hallmark-attest", "provenance", "--release", "out/release.json",
           "-o", "-");
    assert_run(&r, 2, "source.repository.missing");
    HM_RUN(&r, (&(const struct hm_run_how){.cwd = s->t.path}),
           "hallmark-attest", "provenance", "--release", "out/release.json",
           "--repository", "work/stage", "-o", "-"); /* parents are searched */
    assert_says(&r, SAYS_DEPENDENCY "digest/gitCommit", head);
}

/* --- writing ------------------------------------------------------------------------------ */

static void the_statement_is_written_once_unless_forced(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_buf) file = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_run) r = HM_RUN_INIT;
    HM_OWN(hm_run) out = HM_RUN_INIT;

    ATTEST(s, &r, "-o", "../p.json", "--dry-run");
    assert_run(&r, 0, "");
    assert_false(has(s, "p.json"));
    hm_temp_write(&s->t, "p.json", "mine");
    ATTEST(s, &r, "-o", "../p.json");
    assert_run(&r, 2, "base.out.exists");
    hm_temp_read(&s->t, "p.json", &file);
    assert_bytes_equal(hm_buf_view(&file), HM_LIT("mine"));
    ATTEST(s, &r, "-o", "../p.json", "--force");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), GIT_STORY_SHA256 "  artefacts/fw"));
    hm_buf_clear(&file);
    hm_temp_read(&s->t, "p.json", &file);
    attest_with(s, &out, NULL);
    assert_bytes_equal(hm_buf_view(&file), hm_buf_view(&out.out));
}

static void json_says_what_was_attested(void **state)
{
    const struct git_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_bytes version;
    char head[65];

    git_story_head(s, head);
    ATTEST(s, &r, "-o", "../p.json", "--json");
    assert_says(&r, "/commit", head);
    assert_says(&r, "/subjects/0", "artefacts/fw.bin");
    hm_json_span(hm_buf_view(&r.out), "/schema_version", &version);
    assert_bytes_equal(version, HM_LIT("1"));
    hm_json_span(hm_buf_view(&r.out), "/dirty", &version);
    assert_bytes_equal(version, HM_LIT("false"));
    ATTEST(s, &r, "-o", "../p.json", "--json");
    assert_run(&r, 2, "base.out.exists");
    hm_json_span(hm_buf_view(&r.out), "/reason", &version);
    assert_bytes_equal(version, HM_LIT("\"base.out.exists\""));
    ATTEST(s, &r, "-o", "-", "--json");
    assert_run(&r, 2, "cli.option.value");
}

static void what_is_not_the_source_s_fault_is_no_exit_1(void **state)
{
    const struct git_story *s = *state;
    const struct hm_run_how small = {.cwd = git_story_path(s, "work"),
                                     .file_size_max = 100};
    const struct hm_run_how full = {.cwd = git_story_path(s, "work"),
                                    .stdout_full = true};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &small, BASIC, "-o", "../p.json");
    assert_run(&r, 3, "base.file.write");
    assert_false(has(s, "p.json"));
    HM_RUN(&r, &full, BASIC, "-o", "-");
    assert_run(&r, 3, "base.file.write");
    ATTEST(s, &r, "-o", "../nowhere/p.json");
    assert_run(&r, 3, "base.dir.open");
    HM_RUN(&r, IN(s), BASIC);
    assert_run(&r, 2, "cli.option.missing");
    HM_RUN(&r, IN(s), "hallmark-attest", "provenance", "-o", "-");
    assert_run(&r, 2, "cli.option.missing");
    HM_RUN(&r, IN(s), "hallmark-attest", "provenance", "--release", "main.c",
           "-o", "-");
    assert_run(&r, 2, "json.syntax");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_time_is_the_commit_s),
        TEST(source_date_epoch_goes_before_the_commit),
        TEST(a_build_ends_after_it_began),
        TEST(a_pipeline_is_recorded_and_its_secrets_are_not),
        TEST(a_variable_that_is_no_line_of_ascii_is_refused),
        TEST(a_pipeline_that_builds_another_commit_is_warned_of),
        cmocka_unit_test(an_artefact_of_the_release_must_be_there),
        TEST(every_artefact_is_a_subject_and_every_sbom_a_by_product),
        TEST(the_release_directory_is_by_default_where_release_json_is),
        TEST(the_work_tree_may_be_elsewhere),
        TEST(the_statement_is_written_once_unless_forced),
        TEST(json_says_what_was_attested),
        TEST(what_is_not_the_source_s_fault_is_no_exit_1),
    };

    return cmocka_run_group_tests_name("hallmark-attest", tests, NULL, NULL);
}
