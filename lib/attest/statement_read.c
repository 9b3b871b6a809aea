#include <stdlib.h>

#include "attest_priv.h"

/* The digest of one algorithm, if the set has it: exact length, lower case. */
HM_MUST static hm_rc read_digest(struct hm_json set, const char *name,
                                 uint8_t *out, size_t n, bool *found,
                                 struct hm_err *e)
{
    const struct hm_json member = hm_json_find(set, name);

    *found = false;
    if (member.item == NULL)
        return HM_OK;
    if (hm_hex_read(hm_json_view(member), out, n, NULL) != HM_OK)
        return hm_json_fail(member, e, HM_E_FORMAT, "attest.subject.digest",
                            "expected %zu lower-case hex digits of %s, found "
                            "'%s'",
                            2 * n, name, hm_show(hm_json_view(member)));
    *found = true;
    return HM_OK;
}

HM_MUST static hm_rc read_digests(struct hm_attest_subject *to,
                                  struct hm_json at,
                                  enum hm_attest_dialect dialect,
                                  struct hm_err *e)
{
    struct hm_json set;

    HM_TRY(hm_json_get_object(at, "digest", &set, e));
    if (dialect == HM_ATTEST_OURS)
        HM_TRY(attest_only(set, "sha256 sha512", e));
    HM_TRY(read_digest(set, "sha256", to->sha256, sizeof(to->sha256),
                       &to->has_sha256, e));
    HM_TRY(read_digest(set, "sha512", to->sha512, sizeof(to->sha512),
                       &to->has_sha512, e));
    if (!to->has_sha256 && (dialect == HM_ATTEST_OURS || !to->has_sha512))
        return hm_json_fail(set, e, HM_E_FORMAT, "attest.subject.digest",
                            "no sha256: the subject names nothing that can be "
                            "checked");
    return HM_OK;
}

HM_MUST static hm_rc read_name(struct hm_attest_subject *to, struct hm_json at,
                               enum hm_attest_dialect dialect, struct hm_err *e)
{
    const struct hm_json name = hm_json_find(at, "name");

    to->name = "";
    if (dialect == HM_ATTEST_FOREIGN &&
        (name.item == NULL || hm_json_view(name).n == 0))
        return HM_OK;
    HM_TRY(attest_get_string(at, "name", HM_ATTEST_TEXT_MAX, &to->name, e));
    if (dialect == HM_ATTEST_FOREIGN)
        return HM_OK;
    return hm_context(e, hm_name_check(hm_bytes_str(to->name), e), "subject");
}

HM_MUST static hm_rc check_names_once(const struct hm_attest_statement *s,
                                      struct hm_err *e)
{
    for (size_t i = 0; i < s->n_subjects; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(s->subjects[i].name, s->subjects[j].name) == 0)
                return hm_fail(e, HM_E_FORMAT, "attest.subject.twice",
                               "two subjects are called '%s'",
                               hm_show_str(s->subjects[i].name));
    return HM_OK;
}

HM_MUST static hm_rc read_subjects(struct hm_attest_statement *s,
                                   struct hm_json root,
                                   enum hm_attest_dialect dialect,
                                   struct hm_err *e)
{
    struct hm_json list;

    HM_TRY(hm_json_get_array(root, "subject", 1, HM_ATTEST_SUBJECTS_MAX, &list,
                             e));
    s->n_subjects = 0;
    s->subjects = calloc(hm_json_count(list), sizeof(*s->subjects));
    if (s->subjects == NULL)
        return hm_fail(e, HM_E_NOMEM, "attest.statement.nomem",
                       "out of memory for the subjects");
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i)) {
        struct hm_attest_subject *to = &s->subjects[s->n_subjects++];

        if (dialect == HM_ATTEST_OURS)
            HM_TRY(attest_only(i, "name digest", e));
        HM_TRY(read_name(to, i, dialect, e));
        HM_TRY(read_digests(to, i, dialect, e));
    }
    return dialect == HM_ATTEST_OURS ? check_names_once(s, e) : HM_OK;
}

HM_MUST static hm_rc read_types(struct hm_attest_statement *s,
                                struct hm_json root,
                                enum hm_attest_dialect dialect,
                                struct hm_err *e)
{
    const char *type = NULL;
    const char *predicate = NULL;

    HM_TRY(attest_get_string(root, "_type", HM_ATTEST_TEXT_MAX, &type, e));
    HM_TRY(attest_get_string(root, "predicateType", HM_ATTEST_TEXT_MAX,
                             &predicate, e));
    return attest_check_types(type, predicate, dialect, &s->predicate_type, e);
}

HM_MUST static hm_rc read_predicate(struct hm_attest_statement *s,
                                    struct hm_json root, struct hm_err *e)
{
    if (hm_json_get_object(root, "predicate", &s->predicate, NULL) == HM_OK)
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "attest.predicate.kind",
                   "at /predicate: expected an object");
}

HM_MUST static hm_rc read_statement(struct hm_attest_statement *s,
                                    struct hm_bytes text,
                                    enum hm_attest_dialect dialect,
                                    struct hm_err *e)
{
    const bool is_ours = dialect == HM_ATTEST_OURS;
    struct hm_json root;

    if (text.n > HM_ATTEST_STATEMENT_MAX)
        return hm_fail(e, HM_E_LIMIT, "attest.payload.size",
                       "a Statement of %zu bytes, expected at most %u", text.n,
                       HM_ATTEST_STATEMENT_MAX);
    HM_TRY(hm_json_parse(&s->doc, text,
                         is_ours ? HM_JSON_OURS : HM_JSON_FOREIGN,
                         HM_ATTEST_STATEMENT_MAX, e));
    root = hm_json_root(&s->doc);
    if (is_ours)
        HM_TRY(attest_only(root, "_type subject predicateType predicate", e));
    HM_TRY(read_types(s, root, dialect, e));
    HM_TRY(read_subjects(s, root, dialect, e));
    return read_predicate(s, root, e);
}

hm_rc hm_attest_read_statement(struct hm_attest_statement *s,
                               struct hm_bytes text,
                               enum hm_attest_dialect dialect, struct hm_err *e)
{
    hm_rc rc;

    hm_attest_statement_clear(s);
    rc = read_statement(s, text, dialect, e);
    if (rc != HM_OK)
        hm_attest_statement_clear(s);
    return rc;
}

void hm_attest_statement_clear(struct hm_attest_statement *s)
{
    hm_json_doc_clear(&s->doc);
    free(s->subjects);
    *s = (struct hm_attest_statement)HM_ATTEST_STATEMENT_INIT;
}

static bool agrees(const struct hm_attest_subject *s,
                   const struct hm_digests *digests)
{
    return (s->has_sha256 || s->has_sha512) &&
           (!s->has_sha256 ||
            memcmp(s->sha256, digests->sha256, sizeof(s->sha256)) == 0) &&
           (!s->has_sha512 ||
            memcmp(s->sha512, digests->sha512, sizeof(s->sha512)) == 0);
}

const struct hm_attest_subject *
hm_attest_find_subject(const struct hm_attest_statement *s, const char *name,
                       const struct hm_digests *digests)
{
    for (size_t i = 0; i < s->n_subjects; i++)
        if ((name == NULL || strcmp(s->subjects[i].name, name) == 0) &&
            agrees(&s->subjects[i], digests))
            return &s->subjects[i];
    return NULL;
}
