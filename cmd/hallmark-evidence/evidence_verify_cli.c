#include "evidence_cli_priv.h"

static struct {
    const char *root;
} opt;

const struct hm_opt evidence_verify_opts[] = {
    {"root", 'r', HM_OPT_VALUE, false, &opt.root, "ROOT.JSON",
     "the trust anchor that it must be made with (default: its own)"},
    HM_OPT_END,
};

hm_rc evidence_verify_run(struct hm_cli *cli, struct hm_err *e)
{
    struct hm_evidence_summary summary;

    HM_TRY(hm_evidence_verify(cli->argv[0], opt.root, &summary, e));
    if (!opt.root)
        hm_cli_say(cli, "the pack agrees with itself; --root ROOT.JSON holds "
                        "it against the trust anchor of your devices");
    return evidence_report(cli, cli->argv[0], &summary, e);
}
