#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "claims_priv.h"

#define WORD_MAX 128u

static const char *const status_names[] = {"proven", "attached", "absent",
                                           "not-applicable"};

const char *hm_evidence_status_name(enum hm_evidence_status status)
{
    return status_names[status];
}

const char *hm_evidence_kinds(void)
{
    return "build-log ci-record sca signing-log key-ceremony release-notes "
           "tls-settings ca validation-log device-state update-log "
           "health-check-log rollback-record";
}

/* The next word of a list separated by blanks; NULL at its end. */
static const char *next_word(const char **list, char word[static WORD_MAX])
{
    const size_t n = strcspn(*list, " ");

    if (n == 0)
        return NULL;
    (void)snprintf(word, WORD_MAX, "%.*s", (int)n, *list);
    *list += n;
    *list += strspn(*list, " ");
    return word;
}

bool ev_item_counts(const struct ev_item *item,
                    const struct hm_finding *finding)
{
    const char *list = item->checks ? item->checks : "";
    char word[WORD_MAX];

    while (next_word(&list, word))
        if (strncmp(finding->check, word, strlen(word)) == 0)
            return true;
    return false;
}

HM_MUST static hm_rc add_files(const char *patterns, const struct ev_pack *pack,
                               struct hm_names *out, struct hm_err *e)
{
    char word[WORD_MAX];

    for (size_t i = 0; i < pack->n; i++) {
        const char *list = patterns;
        bool fits = false;

        while (!fits && next_word(&list, word))
            fits = fnmatch(word, pack->entry[i].name, 0) == 0;
        if (fits)
            HM_TRY(hm_names_add(out, pack->entry[i].name, e));
    }
    return HM_OK;
}

/* What one document, or the history, shows of an item. */
struct tally {
    unsigned passed, documents, shown;
    const struct hm_finding *against; /* the first that is no pass */
};

static void tally_findings(const struct ev_item *item,
                           const struct hm_finding *finding, size_t n,
                           struct tally *t)
{
    const unsigned before = t->passed;

    for (size_t i = 0; i < n; i++) {
        if (!ev_item_counts(item, &finding[i]))
            continue;
        if (finding[i].result == HM_RESULT_PASS)
            t->passed++;
        else if (!t->against)
            t->against = &finding[i];
    }
    t->documents++;
    t->shown += t->passed > before;
}

static void tally_documents(const struct ev_item *item,
                            const struct ev_document *d, size_t n,
                            struct tally *t)
{
    for (size_t i = 0; i < n; i++)
        if (item->scope != EV_SCOPE_SECURITY ||
            d[i].manifest.update_type == HM_UPDATE_SECURITY)
            tally_findings(item, d[i].findings.finding, d[i].findings.n, t);
}

static struct tally tally(const struct ev_item *item,
                          const struct ev_facts *facts)
{
    struct tally t = {0};

    if (item->scope == EV_SCOPE_SERVED)
        tally_documents(item, facts->served, facts->n_served, &t);
    else if (item->scope == EV_SCOPE_HISTORY)
        tally_findings(item, facts->findings.finding, facts->findings.n, &t);
    else
        tally_documents(item, facts->release, facts->n_release, &t);
    return t;
}

HM_MUST static hm_rc judge_checks(const struct ev_facts *facts,
                                  const struct ev_pack *pack,
                                  struct ev_row *row, struct hm_err *e)
{
    const struct tally t = tally(row->item, facts);
    const char *missing = row->item->missing;

    row->passed = t.passed;
    if (t.documents == 0) {
        row->status = HM_EVIDENCE_NOT_APPLICABLE;
        row->reason = "no release in this repository is a security update";
        return HM_OK;
    }
    if (t.against && strcmp(t.against->reason, "release.file.withheld") == 0)
        missing = "private files of a release were withheld from this copy";
    row->status = !t.against && t.shown == t.documents ? HM_EVIDENCE_PROVEN
                                                       : HM_EVIDENCE_ABSENT;
    if (row->status == HM_EVIDENCE_ABSENT)
        row->reason = missing;
    if (t.against)
        row->detail = t.against->text;
    return add_files(row->item->files, pack, &row->files, e);
}

HM_MUST static hm_rc judge_attachment(const struct ev_pack *pack,
                                      struct ev_row *row, struct hm_err *e)
{
    char pattern[WORD_MAX];

    (void)snprintf(pattern, sizeof(pattern), "attachments/%s/*",
                   row->item->kind);
    HM_TRY(add_files(pattern, pack, &row->files, e));
    row->status = row->files.n > 0 ? HM_EVIDENCE_ATTACHED : HM_EVIDENCE_ABSENT;
    if (row->status == HM_EVIDENCE_ABSENT)
        row->reason = row->item->missing;
    return HM_OK;
}

HM_MUST static hm_rc judge_claim(const struct ev_facts *facts,
                                 const struct ev_pack *pack,
                                 struct ev_verdict *v, struct hm_err *e)
{
    size_t n = 0;

    while (v->claim->items[n].id)
        n++;
    HM_TRY(ev_make_array((void **)&v->row, n, sizeof(*v->row), e));
    for (; v->n < n; v->n++) {
        const struct ev_item *item = &v->claim->items[v->n];
        struct ev_row *row = &v->row[v->n];

        *row = (struct ev_row){.item = item, .reason = "", .detail = ""};
        if (item->scope == EV_SCOPE_HANDED_IN)
            HM_TRY(judge_attachment(pack, row, e));
        else
            HM_TRY(judge_checks(facts, pack, row, e));
    }
    return HM_OK;
}

hm_rc ev_judge_claims(const struct ev_facts *facts, const struct ev_pack *pack,
                      struct ev_verdicts *out, struct hm_err *e)
{
    ev_verdicts_clear(out);
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++) {
        out->claim[i].claim = ev_claim_at(i);
        HM_TRY(judge_claim(facts, pack, &out->claim[i], e));
    }
    return HM_OK;
}

static void clear_rows(struct ev_verdict *v)
{
    for (size_t k = 0; k < v->n; k++)
        hm_names_clear(&v->row[k].files);
    free(v->row);
}

void ev_verdicts_clear(struct ev_verdicts *v)
{
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        clear_rows(&v->claim[i]);
    memset(v, 0, sizeof(*v));
}

enum hm_evidence_status ev_weakest(const struct ev_verdict *v)
{
    enum hm_evidence_status weakest = HM_EVIDENCE_NOT_APPLICABLE;

    for (size_t i = 0; i < v->n; i++) {
        const enum hm_evidence_status s = v->row[i].status;

        if (s != HM_EVIDENCE_NOT_APPLICABLE &&
            (weakest == HM_EVIDENCE_NOT_APPLICABLE || s > weakest))
            weakest = s;
    }
    return weakest;
}
