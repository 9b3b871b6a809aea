#include <stdio.h>

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
    if (p->already) {
        hm_cli_say(cli, "%s %s is published already, as %s: nothing to write.",
                   j->report.product, p->version.text, p->folder);
        return;
    }
    hm_cli_say(cli, "%s %s %s as %s%s%s.",
               o->dry_run ? "Would publish" : "Published", j->report.product,
               p->version.text, p->folder,
               p->refreshed ? ", a new manifest for " : ", ", p->release);
    if (before->empty)
        hm_cli_say(cli, "It is the first one here.");
    else
        hm_cli_say(cli, "Before it: %s, %s.", before->version.text,
                   before->live.folder);
}

static void warn(struct hm_cli *cli, struct hm_json_writer *w,
                 const char *reason, const char *text)
{
    hm_cli_warn(cli, "%s [%s]", text, reason);
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "reason", reason);
    hm_json_put_text(w, "message", text);
    hm_json_close_object(w);
}

/* Not refused; people and machines are told all the same. */
static void put_warnings(struct hm_cli *cli,
                         const struct hm_release_published *p,
                         struct hm_json_writer *w)
{
    char text[512];

    hm_json_open_array(w, "warnings");
    (void)snprintf(text, sizeof(text),
                   "version %s is below %s, which was served before it: "
                   "devices that run %s are offered the lower one where "
                   "'updates' fits them, and %s is offered to nobody any more; "
                   "a bad release is answered by a higher version",
                   p->version.text, p->before.version.text,
                   p->before.version.text, p->before.version.text);
    if (p->is_lower)
        warn(cli, w, "release.version.lower", text);
    if (p->untidy)
        warn(cli, w, "release.repository.untidy",
             "the work folder could not be removed; the next publication does "
             "it");
    hm_json_close_array(w);
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
    hm_json_put_bool(&w, "published", !o->dry_run && !p->already);
    hm_json_put_bool(&w, "already", p->already);
    hm_json_put_bool(&w, "refreshed", p->refreshed);
    hm_json_put_text(&w, "product", j->report.product);
    hm_json_put_text(&w, "version", p->version.text);
    hm_json_put_text(&w, "history", p->folder);
    hm_json_put_text(&w, "release", p->release);
    put_before(&p->before, &w);
    put_warnings(cli, p, &w);
    put_report(j, &w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}
