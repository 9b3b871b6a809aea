#include "pack_cli_priv.h"

const struct hm_opt pack_compare_opts[] = {HM_OPT_END};

static const char *const verdicts[] = {
    [HM_ARCHIVE_SAME] = "same",
    [HM_ARCHIVE_SAME_CONTENT] = "same-content",
    [HM_ARCHIVE_SAME_MEMBERS] = "same-members",
    [HM_ARCHIVE_DIFFERENT_MEMBERS] = "different",
};

static const char *const sentences[] = {
    [HM_ARCHIVE_SAME] = "the archives are the same, byte for byte",
    [HM_ARCHIVE_SAME_CONTENT] = "same content, other compression",
    [HM_ARCHIVE_SAME_MEMBERS] = "same members, written in another form of tar",
    [HM_ARCHIVE_DIFFERENT_MEMBERS] = "the archives differ",
};

static void say_difference(const struct hm_cli *cli,
                           const struct hm_archive_difference *d)
{
    hm_cli_say(cli, "%s", sentences[d->verdict]);
    if (d->verdict == HM_ARCHIVE_SAME)
        return;
    if (d->member[0] != '\0')
        hm_cli_say(cli, "  member  %s", d->member);
    hm_cli_say(cli, "  field   %s", d->field);
    hm_cli_say(cli, "  offset  %llu%s", (unsigned long long)d->offset,
               d->verdict == HM_ARCHIVE_SAME_CONTENT ? " of the files"
                                                     : " of the tars");
    hm_cli_say(cli, "  A       %s", d->a);
    hm_cli_say(cli, "  B       %s", d->b);
    hm_cli_say(cli, "  likely  %s", d->cause);
}

HM_MUST static hm_rc put_difference(struct hm_cli *cli,
                                    const struct hm_archive_difference *d,
                                    struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, d->verdict == HM_ARCHIVE_SAME);
    hm_json_put_text(&w, "verdict", verdicts[d->verdict]);
    if (d->verdict != HM_ARCHIVE_SAME) {
        hm_json_put_text(&w, "reason", "archive.compare.different");
        hm_json_open_object(&w, "difference");
        hm_json_put_optional(&w, "member", d->member);
        hm_json_put_text(&w, "field", d->field);
        hm_json_put_uint(&w, "offset", d->offset);
        hm_json_put_text(&w, "a", d->a);
        hm_json_put_text(&w, "b", d->b);
        hm_json_put_text(&w, "likely", d->cause);
        hm_json_close_object(&w);
    }
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
    HM_TRY(hm_archive_compare(&a, &b, &d, e));
    say_difference(cli, &d);
    HM_TRY(put_difference(cli, &d, e));
    if (d.verdict == HM_ARCHIVE_SAME)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "archive.compare.different",
                   "'%s' and '%s' are not the same archive",
                   hm_show_str(cli->argv[0]), hm_show_str(cli->argv[1]));
}
