#include <stdlib.h>

#include "attest_priv.h"

static int by_name(const void *a, const void *b)
{
    const struct hm_attest_subject *x = a;
    const struct hm_attest_subject *y = b;

    return strcmp(x->name, y->name);
}

static void put_subject(struct hm_json_writer *w,
                        const struct hm_attest_subject *s)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "name", s->name);
    hm_json_open_object(w, "digest");
    if (s->has_sha256)
        hm_json_put_hex(w, "sha256",
                        (struct hm_bytes){s->sha256, sizeof(s->sha256)});
    if (s->has_sha512)
        hm_json_put_hex(w, "sha512",
                        (struct hm_bytes){s->sha512, sizeof(s->sha512)});
    hm_json_close_object(w);
    hm_json_close_object(w);
}

HM_MUST static hm_rc put_subjects(struct hm_json_writer *w,
                                  const struct hm_attest_subject *subjects,
                                  size_t n, struct hm_err *e)
{
    struct hm_attest_subject *sorted = NULL;

    if (n == 0 || n > HM_ATTEST_SUBJECTS_MAX)
        return hm_fail(e, HM_E_LIMIT, "json.member.count",
                       "%zu subjects, expected 1 to %u", n,
                       HM_ATTEST_SUBJECTS_MAX);
    sorted = calloc(n, sizeof(*sorted));
    if (sorted == NULL)
        return hm_fail(e, HM_E_NOMEM, "attest.statement.nomem",
                       "out of memory for the subjects");
    memcpy(sorted, subjects, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), by_name);
    hm_json_open_array(w, "subject");
    for (size_t i = 0; i < n; i++)
        put_subject(w, &sorted[i]);
    hm_json_close_array(w);
    free(sorted);
    return HM_OK;
}

/* What was written must be what our reader takes. */
HM_MUST static hm_rc read_back(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_attest_statement) again = HM_ATTEST_STATEMENT_INIT;

    return hm_attest_read_statement(&again, text, HM_ATTEST_OURS, e);
}

hm_rc hm_attest_write_statement(const struct hm_attest_subject *subjects,
                                size_t n_subjects, const char *predicate_type,
                                struct hm_bytes predicate, struct hm_buf *out,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(out->max);
    struct hm_json_writer w;

    hm_buf_clear(out);
    HM_TRY(hm_json_check(predicate, HM_JSON_OURS, HM_ATTEST_STATEMENT_MAX, e));
    hm_json_begin(&w, &text, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "_type", HM_ATTEST_STATEMENT_TYPE);
    HM_TRY(put_subjects(&w, subjects, n_subjects, e));
    hm_json_put_text(&w, "predicateType", predicate_type);
    hm_json_put_json(&w, "predicate", predicate);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    HM_TRY(read_back(hm_buf_view(&text), e));
    hm_buf_move(out, &text);
    return HM_OK;
}
