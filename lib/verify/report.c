#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "verify_priv.h"

#define FINDINGS_MAX 4096u

static const char *const names[] = {"pass", "fail", "warn", "not-run"};
static const char *const colours[] = {"\033[32m", "\033[31m", "\033[33m",
                                      "\033[33m"};

const char *hm_result_name(enum hm_result result)
{
    return (size_t)result < sizeof(names) / sizeof(names[0]) ? names[result]
                                                             : "unknown";
}

hm_rc report_add(struct hm_report *report, const char *check,
                 enum hm_result result, struct hm_finding **out,
                 struct hm_err *e)
{
    struct hm_finding *p = NULL;

    if (report->n == FINDINGS_MAX)
        return hm_fail(e, HM_E_REJECTED, "verify.findings.count",
                       "more than %u findings; the rest is not looked at",
                       FINDINGS_MAX);
    /* Grown at 0, 1, 2, 4, 8 …: no capacity to keep. */
    p = report->findings;
    if ((report->n & (report->n - 1)) == 0)
        p = reallocarray(p, report->n == 0 ? 1 : report->n * 2, sizeof(*p));
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "verify.report.nomem",
                       "out of memory for the report");
    report->findings = p;
    *out = &p[report->n++];
    **out = (struct hm_finding){.check = check, .result = result};
    report->count[result]++;
    return HM_OK;
}

static void put_finding(const struct hm_finding *f, struct hm_json_writer *w)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "check", f->check);
    hm_json_put_text(w, "result", hm_result_name(f->result));
    if (f->is_excused)
        hm_json_put_bool(w, "excused", true);
    hm_json_put_optional(w, "reason", f->reason);
    hm_json_put_optional(w, "file", f->file);
    hm_json_put_text(w, "text", f->text);
    hm_json_put_optional(w, "hint", f->hint);
    hm_json_close_object(w);
}

static void put_release(const struct hm_report *r, struct hm_json_writer *w)
{
    hm_json_open_object(w, "release");
    hm_json_put_text(w, "product", r->product);
    hm_json_put_text(w, "version", r->version);
    hm_json_put_uint(w, "epoch", r->epoch);
    hm_json_put_uint(w, "sequence", r->sequence);
    hm_json_put_text(w, "manifest_sha256", r->manifest_sha256);
    hm_json_open_array(w, "signed_by");
    for (size_t i = 0; i < r->manifest_signers.n; i++)
        hm_json_put_text(w, NULL, r->manifest_signers.keyid[i]);
    hm_json_close_array(w);
    hm_json_close_object(w);
}

void hm_report_put(const struct hm_report *report, struct hm_json_writer *w)
{
    hm_json_put_time(w, "at", report->at);
    hm_json_put_bool(w, "before_signing", report->before_signing);
    if (report->rehearsal)
        hm_json_put_bool(w, "rehearsal", true);
    hm_json_put_bool(w, "public_copy", report->public_copy);
    if (report->has_manifest)
        put_release(report, w);
    hm_json_open_object(w, "counts");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        hm_json_put_uint(w, names[i], report->count[i]);
    hm_json_put_uint(w, "excused", report->excused);
    hm_json_close_object(w);
    hm_json_open_array(w, "checks");
    for (size_t i = 0; i < report->n; i++)
        put_finding(&report->findings[i], w);
    hm_json_close_array(w);
}

HM_MUST static hm_rc add_line(struct hm_buf *to, struct hm_err *e,
                              const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static hm_rc add_line(struct hm_buf *to, struct hm_err *e, const char *fmt, ...)
{
    char line[1600];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    return hm_buf_add(to, hm_bytes_str(line), e);
}

static const char *meaning_of(const char *check)
{
    const struct hm_verify_check *c = NULL;

    for (size_t i = 0; (c = hm_verify_check_at(i)) != NULL; i++)
        if (strcmp(c->id, check) == 0)
            return c->means;
    return "";
}

HM_MUST static hm_rc write_finding(const struct hm_finding *f, bool colour,
                                   struct hm_buf *to, struct hm_err *e)
{
    HM_TRY(add_line(to, e, "%s%-7s%s  %-25s  %s%s%s\n",
                    colour ? colours[f->result] : "", hm_result_name(f->result),
                    colour ? "\033[0m" : "", f->check, f->file,
                    f->file[0] == '\0' ? "" : ": ", f->text));
    if (f->result != HM_RESULT_FAIL)
        return HM_OK;
    HM_TRY(add_line(to, e, "%36s[%s] so %s\n", "", f->reason,
                    meaning_of(f->check)));
    if (f->hint[0] != '\0')
        HM_TRY(add_line(to, e, "%36snext: %s\n", "", f->hint));
    return HM_OK;
}

bool report_is_yes(const struct hm_report *r)
{
    return r->count[HM_RESULT_FAIL] == 0 && r->count[HM_RESULT_PASS] > 0 &&
           r->count[HM_RESULT_NOT_RUN] == r->excused;
}

static bool is_left_out(const struct hm_finding *f)
{
    return f->result == HM_RESULT_PASS || f->is_excused;
}

hm_rc hm_report_write(const struct hm_report *report,
                      const struct hm_report_style *style, struct hm_buf *to,
                      struct hm_err *e)
{
    for (size_t i = 0; i < report->n; i++)
        if (!style->brief || !is_left_out(&report->findings[i]))
            HM_TRY(write_finding(&report->findings[i], style->colour, to, e));
    return add_line(
        to, e,
        "%s: %zu passed, %zu failed, %zu warned, %zu not run, "
        "judged as of %s\n",
        report_is_yes(report) ? "yes" : "no", report->count[HM_RESULT_PASS],
        report->count[HM_RESULT_FAIL], report->count[HM_RESULT_WARN],
        report->count[HM_RESULT_NOT_RUN], hm_time_show(report->at));
}

void hm_report_clear(struct hm_report *report)
{
    free(report->findings);
    *report = (struct hm_report)HM_REPORT_INIT;
}
