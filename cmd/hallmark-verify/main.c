#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#include "hm_cli.h"
#include "hm_verify.h"

#define REPORT_MAX ((size_t)16 << 20)

static struct options {
    const char *root;
    const char *at;
    const char *output;
    bool before_signing;
    bool public_copy;
    bool force;
} opt;

static const struct hm_opt opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "FILE",
     "root.json that devices were provisioned with"},
    {"at", 0, HM_OPT_VALUE, false, &opt.at, "TIME",
     "judge as of this time, not of the clock"},
    {"before-signing", 0, HM_OPT_FLAG, false, &opt.before_signing, "",
     "the manifest is not signed yet; all else must pass"},
    {"public-copy", 0, HM_OPT_FLAG, false, &opt.public_copy, "",
     "files that are not public may be missing"},
    {"output", 'o', HM_OPT_VALUE, false, &opt.output, "FILE",
     "write the report there ('-': standard output)"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace the file that --output names"},
    HM_OPT_END,
};

HM_MUST static hm_rc read_time(struct hm_verify_options *options,
                               struct hm_err *e)
{
    options->at = hm_time_now();
    if (opt.at == NULL)
        return HM_OK;
    return hm_context(
        e, hm_as_usage(e, hm_time_parse(hm_bytes_str(opt.at), &options->at, e)),
        "--at");
}

/* The report for people, or the JSON of the same for --json. */
HM_MUST static hm_rc write_report(struct hm_cli *cli,
                                  const struct hm_report *report, bool ok,
                                  struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(REPORT_MAX);
    const bool colour = opt.output == NULL && isatty(STDOUT_FILENO) &&
                        getenv("NO_COLOR") == NULL;
    struct hm_json_writer w;

    if (cli->json) {
        hm_cli_result(cli, &w, ok);
        hm_report_put(report, &w);
        hm_json_close_object(&w);
        HM_TRY(hm_json_finish(&w, e));
    } else {
        HM_TRY(hm_report_write(report, colour, &text, e));
    }
    if (opt.output != NULL)
        return hm_cli_output(opt.output,
                             hm_buf_view(cli->json ? &cli->result : &text),
                             opt.force, e);
    if (!cli->json && !cli->quiet)
        return hm_cli_output("-", hm_buf_view(&text), false, e);
    return HM_OK;
}

static hm_rc run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_buf) root = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_verify_options options = {.before_signing = opt.before_signing,
                                        .public_copy = opt.public_copy};
    struct hm_err unwritten = {.rc = HM_OK};
    hm_rc rc;

    HM_TRY(read_time(&options, e));
    HM_TRY(hm_as_usage(e, hm_file_load(opt.root, &root, e)));
    HM_TRY(hm_dir_open(&dir, cli->argv[0], e));
    rc = hm_verify_release(&dir, hm_buf_view(&root), &options, &report, e);
    if (rc != HM_OK && rc != HM_E_REJECTED)
        return rc;
    /* A report that could not be written is no yes; a no stays a no. */
    if (write_report(cli, &report, rc == HM_OK, &unwritten) != HM_OK &&
        rc == HM_OK) {
        *e = unwritten;
        return e->rc;
    }
    return hm_context(e, rc, "the release is refused");
}

static const struct hm_command commands[] = {
    {NULL, "DIR", 1, 1, "Re-check a release directory before publication", opts,
     run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const char *libraries(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

static const struct hm_program program = {
    "hallmark-verify", "Re-check a release directory before publication",
    commands, 1, libraries};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
