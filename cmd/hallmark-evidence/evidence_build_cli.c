#include "evidence_cli_priv.h"

static struct {
    const char *root;
    const char *output;
    bool force;
    bool dry_run;
    struct hm_cli_list attach;
} opt;

const struct hm_opt evidence_build_opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "ROOT.JSON",
     "the trust anchor that devices were given"},
    {"output", 'o', HM_OPT_PLACE, true, &opt.output, "DIR", "folder to make"},
    {"attach", 'a', HM_OPT_LIST, false, &opt.attach, "KIND=FILE",
     "hand in a file"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace an evidence pack that is there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check everything, write nothing"},
    HM_OPT_END,
};

/* KIND=FILE; kinds are copied because the words are borrowed from argv. */
struct attachments {
    struct hm_evidence_attachment item[HM_CLI_LIST_MAX];
    char kind[HM_CLI_LIST_MAX][32];
};

HM_MUST static hm_rc read_attachments(struct attachments *to, struct hm_err *e)
{
    for (size_t i = 0; i < opt.attach.n; i++) {
        const char *value = opt.attach.value[i];
        const size_t n = strcspn(value, "=");

        if (n == 0 || n >= sizeof(to->kind[i]) || value[n] == '\0' ||
            value[n + 1] == '\0')
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "evidence.attach.syntax",
                                   "'%s' is not KIND=FILE", hm_show_str(value)),
                           "KIND is one of: %s", hm_evidence_kinds());
        memcpy(to->kind[i], value, n);
        to->kind[i][n] = '\0';
        to->item[i] =
            (struct hm_evidence_attachment){to->kind[i], value + n + 1};
    }
    return HM_OK;
}

hm_rc evidence_build_run(struct hm_cli *cli, struct hm_err *e)
{
    struct attachments attached;
    struct hm_evidence_summary summary;
    struct hm_evidence_request request = {.repository = cli->argv[0],
                                          .root = opt.root,
                                          .output = opt.output,
                                          .replace = opt.force,
                                          .dry_run = opt.dry_run,
                                          .attachment = attached.item,
                                          .n_attachment = opt.attach.n};

    HM_TRY(read_attachments(&attached, e));
    HM_TRY(hm_evidence_build(&request, &summary, e));
    return evidence_report(cli, opt.output, &summary, e);
}
