#include "pack_cli_priv.h"

HM_MUST static hm_rc refuse(const struct hm_err *why, struct hm_err *e)
{
    return hm_hint(
        e,
        hm_fail(e, HM_E_USAGE, "archive.time.missing",
                "no time for the members: SOURCE_DATE_EPOCH is not set, and %s",
                why->text),
        "export SOURCE_DATE_EPOCH, or give --time @SECONDS: the time of the "
        "commit that was built, so that a rebuild gives the same bytes");
}

/* The commit that the work tree around the directory has checked out. */
HM_MUST static hm_rc read_commit(const char *dir, struct pack_time *out,
                                 struct hm_err *e)
{
    HM_OWN(hm_source) source = HM_SOURCE_INIT;
    HM_OWN(hm_dir) there = HM_DIR_INIT;
    struct hm_err why = {.rc = HM_OK};
    hm_rc rc;

    HM_TRY(hm_dir_open(&there, dir, e));
    rc = hm_source_read_commit(&source, dir, &why);
    if (rc == HM_E_USAGE || rc == HM_E_REJECTED)
        return refuse(&why, e);
    if (rc != HM_OK) {
        *e = why;
        return rc;
    }
    out->time = source.commit_time;
    out->from = "commit";
    memcpy(out->commit, source.commit, sizeof(out->commit));
    return HM_OK;
}

HM_MUST static hm_rc parse(const char *text, hm_time *out, struct hm_err *e)
{
    uint64_t seconds = 0;

    if (text[0] != '@' && hm_time_parse(hm_bytes_str(text), out, NULL) == HM_OK)
        return HM_OK;
    if (text[0] == '@' && hm_number_read(hm_bytes_str(text + 1), HM_TIME_MAX,
                                         &seconds, NULL) == HM_OK) {
        *out = (hm_time)seconds;
        return HM_OK;
    }
    return hm_fail(e, HM_E_USAGE, "archive.time.syntax",
                   "'%s' is no time: expected @SECONDS or "
                   "2026-05-12T08:00:00Z",
                   hm_show_str(text));
}

hm_rc pack_find_time(const char *text, const char *dir,
                     const struct hm_revision *revision, struct pack_time *out,
                     struct hm_err *e)
{
    bool found = false;

    *out = (struct pack_time){.from = "option"};
    if (text != NULL)
        return parse(text, &out->time, e);
    out->from = "environment";
    HM_TRY(hm_time_source_date(&out->time, &found, e));
    if (found)
        return HM_OK;
    if (revision == NULL)
        return read_commit(dir, out, e);
    out->time = revision->time;
    out->from = "commit";
    return HM_OK;
}
