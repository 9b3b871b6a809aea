#include "publish_priv.h"

static void put_report(const struct publish_judge *j, struct hm_json_writer *w)
{
    if (j->report.n == 0)
        return;
    hm_json_open_object(w, "verification");
    hm_report_put(&j->report, w);
    hm_json_close_object(w);
}

hm_rc publish_report_refusal(struct hm_cli *cli, const struct publish_judge *j,
                             const struct hm_err *why, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, false);
    hm_json_put_text(&w, "reason", why->reason);
    hm_json_put_text(&w, "message", why->text);
    hm_json_put_optional(&w, "hint", why->hint);
    hm_json_put_bool(&w, "published", false);
    put_report(j, &w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

static void say(struct hm_cli *cli, const struct publish_options *o,
                const struct publish_judge *j,
                const struct hm_release_published *p)
{
    const struct hm_release_state *before = &p->before;

    hm_cli_say(cli, "Verified %s: %zu checks, none failed.",
               hm_show_str(cli->argv[0]), j->report.n);
    hm_cli_say(cli, "%s %s %s as %s%s%s.",
               o->dry_run ? "Would publish" : "Published", j->report.product,
               j->report.version, p->folder,
               p->refreshed ? ", a new manifest for " : ", ", p->release);
    if (before->empty)
        hm_cli_say(cli, "It is the first one here.");
    else
        hm_cli_say(cli, "Before it: %s, %s.", before->version.text,
                   before->live.folder);
    if (p->untidy)
        hm_cli_warn(cli, "the work folder could not be removed; the next "
                         "publication does it");
}

static void put_before(const struct hm_release_state *before,
                       struct hm_json_writer *w)
{
    if (before->empty)
        return;
    hm_json_open_object(w, "before");
    hm_json_put_text(w, "version", before->version.text);
    hm_json_put_text(w, "history", before->live.folder);
    hm_json_close_object(w);
}

hm_rc publish_report(struct hm_cli *cli, const struct publish_options *o,
                     const struct publish_judge *j,
                     const struct hm_release_published *p, struct hm_err *e)
{
    struct hm_json_writer w;

    say(cli, o, j, p);
    hm_cli_result(cli, &w, true);
    hm_json_put_bool(&w, "published", !o->dry_run);
    hm_json_put_bool(&w, "refreshed", p->refreshed);
    hm_json_put_text(&w, "product", j->report.product);
    hm_json_put_text(&w, "version", j->report.version);
    hm_json_put_text(&w, "history", p->folder);
    hm_json_put_text(&w, "release", p->release);
    put_before(&p->before, &w);
    put_report(j, &w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}
