#include <errno.h>
#include <sys/stat.h>

#include "publish_priv.h"

#define WAIT_S     60u
#define WAIT_S_MAX 86400u

static void publish_judge_clear(struct publish_judge *j)
{
    hm_report_clear(&j->report);
}

/* The one verifier of the house says yes, or nothing is published. */
static hm_rc judge(void *context, const struct hm_dir *dir, struct hm_err *e)
{
    struct publish_judge *j = context;

    j->calls++;
    return hm_verify_release(dir, j->root, &j->options, &j->report, e);
}

HM_MUST static hm_rc read_wait(const char *text, unsigned *out,
                               struct hm_err *e)
{
    uint64_t n = WAIT_S;

    if (text != NULL)
        HM_TRY(hm_as_usage(
            e,
            hm_context(e, hm_number_read(hm_bytes_str(text), WAIT_S_MAX, &n, e),
                       "--wait")));
    *out = (unsigned)n;
    return HM_OK;
}

HM_MUST static hm_rc read_at(const char *text, hm_time *out, struct hm_err *e)
{
    *out = hm_time_now();
    if (text == NULL)
        return HM_OK;
    return hm_as_usage(
        e, hm_context(e, hm_time_parse(hm_bytes_str(text), out, e), "--at"));
}

/* A dry run locks nothing and makes nothing; a repository that is not there
 * yet is an empty one. */
HM_MUST static hm_rc open_repository(struct hm_cli *cli,
                                     const struct publish_options *o,
                                     struct hm_repository *repo,
                                     struct hm_err *e)
{
    HM_OWN(hm_names) cleaned = HM_NAMES_INIT;
    const char *path = cli->argv[1];
    unsigned wait_seconds = 0;
    struct stat sb;

    HM_TRY(read_wait(o->wait, &wait_seconds, e));
    if (o->dry_run)
        return stat(path, &sb) != 0 && errno == ENOENT
                   ? HM_OK
                   : hm_release_open_repository(repo, path, e);
    HM_TRY(hm_release_lock_repository(repo, path, wait_seconds, &cleaned, e));
    for (size_t i = 0; i < cleaned.n; i++)
        hm_cli_warn(cli, "removed %s, left by an interrupted publication",
                    hm_show_str(cleaned.name[i]));
    return HM_OK;
}

HM_MUST static hm_rc publish(struct hm_cli *cli,
                             const struct publish_options *o,
                             struct publish_judge *j,
                             struct hm_release_published *published,
                             struct hm_err *e)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_dir) from = HM_DIR_INIT;
    const struct hm_release_publishing how = {
        .judge = judge, .context = j, .root = j->root, .dry_run = o->dry_run};

    HM_TRY(hm_dir_open(&from, cli->argv[0], e));
    HM_TRY(open_repository(cli, o, &repo, e));
    return hm_release_publish(&repo, &from, &how, published, e);
}

/* The result of --json holds every check, also when one of them said no. */
HM_MUST static hm_rc refuse(struct hm_cli *cli, const struct publish_options *o,
                            const struct publish_judge *j, hm_rc rc,
                            struct hm_err *e)
{
    struct hm_err late = {.rc = HM_OK};

    rc = hm_hint(e, rc, "hallmark-verify %s --root %s lists every check",
                 hm_show_str(cli->argv[0]), hm_show_str(o->root));
    if (publish_report_refusal(cli, j, e, &late) != HM_OK)
        hm_buf_clear(&cli->result);
    return rc;
}

hm_rc publish_run(struct hm_cli *cli, const struct publish_options *o,
                  struct hm_err *e)
{
    HM_OWN(publish_judge) j = {.report = HM_REPORT_INIT};
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_release_published published;
    hm_rc rc;

    HM_TRY(read_at(o->at, &j.options.at, e));
    HM_TRY(hm_root_load(&root, o->root, &bytes, e));
    j.root = hm_buf_view(&bytes);
    rc = publish(cli, o, &j, &published, e);
    if (rc != HM_OK && j.calls > 0)
        rc = refuse(cli, o, &j, rc, e);
    HM_TRY(rc);
    return publish_report(cli, o, &j, &published, e);
}
