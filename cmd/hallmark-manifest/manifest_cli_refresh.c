#include "manifest_cli_priv.h"

static struct {
    const char *days;
    struct hm_release_renewal how;
} opt;

const struct hm_opt manifest_refresh_opts[] = {
    {"valid-days", 0, HM_OPT_VALUE, false, &opt.days, "N",
     "days until it expires (default: as long as before)"},
    {"authorisation", 0, HM_OPT_VALUE, false, &opt.how.authorisation, "FILE",
     "take this authorisation.json and its signatures"},
    {"repository", 0, HM_OPT_VALUE, false, &opt.how.repository, "DIR",
     "go above the sequence that this repository serves"},
    {"issue-time", 0, HM_OPT_VALUE, false, &opt.how.issue_time, "TIME",
     "time of the manifest (default: the clock)"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.how.dry_run, "",
     "check everything, write nothing"},
    HM_OPT_END,
};

HM_MUST static hm_rc read_days(uint64_t *out, struct hm_err *e)
{
    *out = 0;
    if (opt.days == NULL)
        return HM_OK;
    HM_TRY(hm_as_usage(
        e, hm_context(e,
                      hm_number_read(hm_bytes_str(opt.days),
                                     HM_RELEASE_VALID_DAYS_MAX, out, e),
                      "--valid-days")));
    if (*out > 0)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "base.number.range",
                   "--valid-days: expected 1 to %u, found 0",
                   HM_RELEASE_VALID_DAYS_MAX);
}

hm_rc manifest_refresh_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    HM_TRY(read_days(&opt.how.valid_days, e));
    HM_TRY(hm_dir_open(&dir, cli->argv[0], e));
    HM_TRY(hm_release_refresh(&dir, &opt.how, &m, e));
    HM_TRY(manifest_report(cli, &m, cli->argv[0], opt.how.dry_run, e));
    hm_cli_say(cli, "The signatures of the old manifest %s removed.",
               opt.how.dry_run ? "would be" : "were");
    if (!opt.how.dry_run)
        hm_cli_say(cli,
                   "Now sign it: hallmark-sign %s/manifest.json --key URI "
                   "--pin SOURCE",
                   hm_show_str(cli->argv[0]));
    return HM_OK;
}
