#include "hm_image.h"
#include "pack_cli_priv.h"

const struct hm_opt pack_compare_opts[] = {HM_OPT_END};

static const char *const verdicts[] = {
    [HM_ARCHIVE_SAME] = "same",
    [HM_ARCHIVE_SAME_CONTENT] = "same-content",
    [HM_ARCHIVE_SAME_MEMBERS] = "same-members",
    [HM_ARCHIVE_DIFFERENT_MEMBERS] = "different",
};

static const char *const sentences[] = {
    [HM_ARCHIVE_SAME] = "the files are the same, byte for byte",
    [HM_ARCHIVE_SAME_CONTENT] = "same content, other compression",
    [HM_ARCHIVE_SAME_MEMBERS] = "same members, written in another form of tar",
    [HM_ARCHIVE_DIFFERENT_MEMBERS] = "the files differ",
};

void pack_say_difference(const struct hm_cli *cli,
                         const struct hm_archive_difference *d)
{
    hm_cli_say(cli, "%s", sentences[d->verdict]);
    if (d->verdict == HM_ARCHIVE_SAME)
        return;
    if (d->member[0] != '\0')
        hm_cli_say(cli, "  member  %s", d->member);
    hm_cli_say(cli, "  field   %s", d->field);
    hm_cli_say(cli, "  offset  %llu of the %s", (unsigned long long)d->offset,
               d->in_files ? "files" : "tars");
    hm_cli_say(cli, "  A       %s", d->a);
    hm_cli_say(cli, "  B       %s", d->b);
    for (size_t i = 0; i < HM_ARCHIVE_CAUSES_MAX && d->cause[i] != NULL; i++)
        hm_cli_say(cli, "  %s  %s", i == 0 ? "likely" : "or    ", d->cause[i]);
}

void pack_put_difference(struct hm_json_writer *w,
                         const struct hm_archive_difference *d)
{
    hm_json_put_text(w, "verdict", verdicts[d->verdict]);
    if (d->verdict == HM_ARCHIVE_SAME)
        return;
    hm_json_open_object(w, "difference");
    hm_json_put_optional(w, "member", d->member);
    hm_json_put_text(w, "field", d->field);
    hm_json_put_uint(w, "offset", d->offset);
    hm_json_put_text(w, "a", d->a);
    hm_json_put_text(w, "b", d->b);
    hm_json_open_array(w, "likely");
    for (size_t i = 0; i < HM_ARCHIVE_CAUSES_MAX && d->cause[i] != NULL; i++)
        hm_json_put_text(w, NULL, d->cause[i]);
    hm_json_close_array(w);
    hm_json_close_object(w);
}

HM_MUST static hm_rc put_result(struct hm_cli *cli,
                                const struct hm_archive_difference *d,
                                struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, d->verdict == HM_ARCHIVE_SAME);
    if (d->verdict != HM_ARCHIVE_SAME)
        hm_json_put_text(&w, "reason", "archive.compare.different");
    pack_put_difference(&w, d);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc pack_compare_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_file) a = HM_FILE_INIT;
    HM_OWN(hm_file) b = HM_FILE_INIT;
    struct hm_archive_difference d;

    HM_TRY(hm_file_open(&a, cli->argv[0], e));
    HM_TRY(hm_file_open(&b, cli->argv[1], e));
    HM_TRY(hm_image_compare(&a, &b, &d, e));
    pack_say_difference(cli, &d);
    HM_TRY(put_result(cli, &d, e));
    if (d.verdict == HM_ARCHIVE_SAME)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "archive.compare.different",
                   "'%s' and '%s' are not the same: %s%s%s%s",
                   hm_show_str(cli->argv[0]), hm_show_str(cli->argv[1]),
                   d.field, d.member[0] == '\0' ? "" : " of '", d.member,
                   d.member[0] == '\0' ? "" : "'");
}
