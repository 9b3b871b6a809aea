#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "evidence_priv.h"

hm_rc ev_make_array(void **out, size_t n, size_t size, struct hm_err *e)
{
    *out = calloc(n ? n : 1, size);
    if (!*out)
        return hm_fail(e, HM_E_NOMEM, "evidence.facts.nomem",
                       "out of memory for %zu facts", n);
    return HM_OK;
}

HM_MUST static hm_rc add(struct ev_findings *to,
                         const struct hm_finding *finding, struct hm_err *e)
{
    struct hm_finding *grown = NULL;

    grown = reallocarray(to->finding, to->n + 1, sizeof(*grown));
    if (!grown)
        return hm_fail(e, HM_E_NOMEM, "evidence.facts.nomem",
                       "out of memory for %zu findings", to->n);
    to->finding = grown;
    to->finding[to->n++] = *finding;
    return HM_OK;
}

hm_rc ev_add_pass(struct ev_findings *to, const char *check, const char *file,
                  struct hm_err *e, const char *fmt, ...)
{
    struct hm_finding f = {.check = check, .result = HM_RESULT_PASS};
    va_list words;

    va_start(words, fmt);
    (void)vsnprintf(f.text, sizeof(f.text), fmt, words);
    va_end(words);
    (void)snprintf(f.file, sizeof(f.file), "%s", file);
    return add(to, &f, e);
}

hm_rc ev_add_warning(struct ev_findings *to, const char *check,
                     const char *reason, struct hm_err *e, const char *fmt, ...)
{
    struct hm_finding f = {.check = check, .result = HM_RESULT_WARN};
    va_list words;

    va_start(words, fmt);
    (void)vsnprintf(f.text, sizeof(f.text), fmt, words);
    va_end(words);
    (void)snprintf(f.reason, sizeof(f.reason), "%s", reason);
    return add(to, &f, e);
}

hm_rc ev_add_report(struct ev_findings *to, const struct hm_report *report,
                    struct hm_err *e)
{
    for (size_t i = 0; i < report->n; i++)
        HM_TRY(add(to, &report->findings[i], e));
    return HM_OK;
}
