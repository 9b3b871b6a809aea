#include <stdlib.h>
#include <unistd.h>

#include "hm_archive.h"
#include "hm_cli.h"
#include "hm_crypto.h"
#include "hm_verify.h"

#define REPORT_MAX ((size_t)16 << 20)

static struct options {
    const char *root;
    const char *at;
    const char *output;
    bool before_signing;
    bool rehearsal;
    bool brief;
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
    {"rehearsal", 0, HM_OPT_FLAG, false, &opt.rehearsal, "",
     "the same for a dry run: the provenance is not signed either"},
    {"public-copy", 0, HM_OPT_FLAG, false, &opt.public_copy, "",
     "files that are not public may be missing"},
    {"brief", 'b', HM_OPT_FLAG, false, &opt.brief, "",
     "list only the checks that did not pass"},
    {"output", 'o', HM_OPT_OUTPUT, false, &opt.output, "FILE",
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
    const struct hm_report_style style = {.colour = opt.output == NULL &&
                                                    isatty(STDOUT_FILENO) &&
                                                    getenv("NO_COLOR") == NULL,
                                          .brief = opt.brief};
    struct hm_json_writer w;

    if (cli->json) {
        hm_cli_result(cli, &w, ok);
        hm_report_put(report, &w);
        hm_json_close_object(&w);
        HM_TRY(hm_json_finish(&w, e));
    } else {
        HM_TRY(hm_report_write(report, &style, &text, e));
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
                                        .rehearsal = opt.rehearsal,
                                        .public_copy = opt.public_copy};
    struct hm_err unwritten = {.rc = HM_OK};
    hm_rc rc;

    HM_TRY(read_time(&options, e));
    HM_TRY(hm_as_usage(e, hm_file_load(opt.root, &root, e)));
    HM_TRY(hm_hint(e, hm_dir_open(&dir, cli->argv[0], e),
                   "name a release directory: releases/VERSION of a "
                   "repository, or what hallmark-manifest make filled"));
    rc = hm_verify_release(&dir, hm_buf_view(&root), &options, &report, e);
    if (rc == HM_E_USAGE) /* the root set, and nothing else */
        return hm_hint(e, hm_context(e, rc, "'%s'", hm_show_str(opt.root)),
                       "--root names the root.json that devices were "
                       "provisioned with, not a key or an authorisation");
    if (rc != HM_OK && rc != HM_E_REJECTED)
        return hm_context(e, rc, "'%s'", hm_show_str(cli->argv[0]));
    /* A report that could not be written is no yes; a no stays a no. */
    if (write_report(cli, &report, rc == HM_OK, &unwritten) != HM_OK &&
        rc == HM_OK) {
        *e = unwritten;
        return e->rc;
    }
    rc = hm_context(e, rc, "'%s' is refused", hm_show_str(cli->argv[0]));
    return strncmp(e->reason, "base.file.", 10) != 0
               ? rc
               : hm_hint(e, rc,
                         "a release is whole: copy all of its directory, or "
                         "make it again");
}

static const struct hm_command commands[] = {
    {NULL, "DIR", 1, 1, "Re-check a release directory before publication", opts,
     run},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static const struct hm_cli_library libraries[] = {
    {"OpenSSL", hm_crypto_openssl_version},
    {"cJSON", hm_json_cjson_version},
    {"zlib", hm_archive_zlib_version},
    {NULL, NULL},
};

static const struct hm_program program = {
    .name = "hallmark-verify",
    .summary = "Re-check a release directory before publication",
    .commands = commands,
    .libraries = libraries,
};

int main(int argc, char *argv[])
{
    return hm_cli_main(&program, argc, argv);
}
