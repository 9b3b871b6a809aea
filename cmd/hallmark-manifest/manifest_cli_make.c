#include "manifest_cli_priv.h"

static struct {
    const char *release;
    const char *output;
    struct hm_release_making how;
} opt;

const struct hm_opt manifest_make_opts[] = {
    {"release", 0, HM_OPT_VALUE, true, &opt.release, "FILE", "release.json"},
    {"output", 'o', HM_OPT_PLACE, true, &opt.output, "DIR",
     "release directory, in which everything else lies already"},
    {"issue-time", 0, HM_OPT_VALUE, false, &opt.how.issue_time, "TIME",
     "time of the manifest (default: the clock)"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.how.replace, "",
     "replace index and manifest that are there, dropping signatures"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.how.dry_run, "",
     "check everything, write nothing"},
    HM_OPT_END,
};

hm_rc manifest_report(struct hm_cli *cli, const struct hm_manifest *m,
                      const char *dir, bool dry_run, struct hm_err *e)
{
    char digest[HM_SHA256_HEX];
    struct hm_json_writer w;

    hm_hex_write((struct hm_bytes){m->sha256, sizeof(m->sha256)}, digest);
    hm_cli_say(cli, "%s %s/manifest.json: %s %s, epoch %llu, sequence %llu,",
               dry_run ? "Would write" : "Wrote", hm_show_str(dir), m->product,
               m->version.text, (unsigned long long)m->epoch,
               (unsigned long long)m->sequence);
    hm_cli_say(cli, "  from %s until %s, sha256 %s", hm_time_show(m->timestamp),
               hm_time_show(m->expires), digest);
    hm_cli_result(cli, &w, true);
    hm_json_put_bool(&w, "written", !dry_run);
    hm_json_put_text(&w, "product", m->product);
    hm_json_put_text(&w, "version", m->version.text);
    hm_json_put_uint(&w, "epoch", m->epoch);
    hm_json_put_uint(&w, "sequence", m->sequence);
    hm_json_put_uint(&w, "rollback_counter", m->rollback_counter);
    hm_json_put_time(&w, "timestamp", m->timestamp);
    hm_json_put_time(&w, "expires", m->expires);
    hm_json_put_text(&w, "sha256", digest);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc manifest_make_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    HM_TRY(hm_release_load(&r, opt.release, e));
    HM_TRY(hm_dir_open(&dir, opt.output, e));
    HM_TRY(hm_release_make(&r, &dir, &opt.how, &m, e));
    return manifest_report(cli, &m, opt.output, opt.how.dry_run, e);
}
