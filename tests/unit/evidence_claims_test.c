/* How facts decide what is proven, attached, absent or does not apply. */
#include "claims_priv.h"
#include "document_priv.h"
#include "hm_test.h"

/* ---- claims ---------------------------------------------------------------- */

static enum hm_evidence_status find_status(const struct ev_verdicts *v,
                                           const char *id)
{
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        for (size_t k = 0; k < v->claim[i].n; k++)
            if (strcmp(v->claim[i].row[k].item->id, id) == 0)
                return v->claim[i].row[k].status;
    fail_msg("no row %s", id);
    return HM_EVIDENCE_ABSENT;
}

static void assert_row(const struct ev_facts *f, const struct ev_pack *pack,
                       const char *id, enum hm_evidence_status want)
{
    HM_OWN(ev_verdicts) v = EV_VERDICTS_INIT;
    struct hm_err e = {0};

    assert_ok(ev_judge_claims(f, pack, &v, &e), &e);
    assert_string_equal(hm_evidence_status_name(find_status(&v, id)),
                        hm_evidence_status_name(want));
}

static void a_row_is_proven_only_when_every_document_shows_it(void **state)
{
    static struct ev_document release[2]; /* too big for a stack frame */
    static struct hm_finding pass = {.check = "sbom.binding",
                                     .result = HM_RESULT_PASS};
    static struct hm_finding no[] = {{.check = "sbom.binding"},
                                     {.check = "sbom.binding"}};
    struct ev_facts f = {.release = release, .n_release = 2};
    HM_OWN(ev_pack) pack = EV_PACK_INIT;

    (void)state;
    assert_row(&f, &pack, "sbom", HM_EVIDENCE_ABSENT);
    release[0].findings = (struct ev_findings){&pass, 1};
    assert_row(&f, &pack, "sbom", HM_EVIDENCE_ABSENT);
    release[1].findings = (struct ev_findings){&pass, 1};
    assert_row(&f, &pack, "sbom", HM_EVIDENCE_PROVEN);
    for (int r = HM_RESULT_FAIL; r <= HM_RESULT_NOT_RUN; r++) {
        no[1].result = (enum hm_result)r;
        release[1].findings = (struct ev_findings){no, 2};
        assert_row(&f, &pack, "sbom", HM_EVIDENCE_ABSENT);
    }
}

static void nothing_checked_is_never_proven(void **state)
{
    struct ev_facts f = {.n_release = 0};
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    HM_OWN(ev_verdicts) v = EV_VERDICTS_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(ev_judge_claims(&f, &pack, &v, &e), &e);
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        for (size_t k = 0; k < v.claim[i].n; k++)
            assert_int_not_equal(v.claim[i].row[k].status, HM_EVIDENCE_PROVEN);
}

static void a_claim_without_security_updates_does_not_apply(void **state)
{
    static struct ev_document release[1];
    struct ev_facts f = {.release = release, .n_release = 1};
    HM_OWN(ev_pack) pack = EV_PACK_INIT;

    (void)state;
    release[0].manifest.update_type = HM_UPDATE_ROUTINE;
    assert_row(&f, &pack, "security-updates", HM_EVIDENCE_NOT_APPLICABLE);
    release[0].manifest.update_type = HM_UPDATE_SECURITY;
    assert_row(&f, &pack, "security-updates", HM_EVIDENCE_ABSENT);
}

static void a_claim_is_as_good_as_its_weakest_row(void **state)
{
    struct ev_row row[3] = {{.status = HM_EVIDENCE_PROVEN},
                            {.status = HM_EVIDENCE_NOT_APPLICABLE},
                            {.status = HM_EVIDENCE_PROVEN}};
    struct ev_verdict v = {.row = row, .n = 3};

    (void)state;
    assert_int_equal(ev_weakest(&v), HM_EVIDENCE_PROVEN);
    row[0].status = HM_EVIDENCE_ATTACHED;
    assert_int_equal(ev_weakest(&v), HM_EVIDENCE_ATTACHED);
    row[2].status = HM_EVIDENCE_ABSENT;
    assert_int_equal(ev_weakest(&v), HM_EVIDENCE_ABSENT);
    v.n = 0;
    assert_int_equal(ev_weakest(&v), HM_EVIDENCE_NOT_APPLICABLE);
}

static void every_kind_of_attachment_serves_a_row(void **state)
{
    const char *list = hm_evidence_kinds();
    char padded[512];
    char word[80];

    (void)state;
    (void)snprintf(padded, sizeof(padded), " %s ", list);
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        for (const struct ev_item *item = ev_claim_at(i)->items; item->id;
             item++) {
            assert_true((item->kind == NULL) != (item->checks == NULL));
            (void)snprintf(word, sizeof(word), " %s ",
                           item->kind ? item->kind : "");
            if (item->kind && !strstr(padded, word))
                fail_msg("%s cannot be attached", item->kind);
        }
}

static void ten_years_are_counted_by_the_calendar(void **state)
{
    hm_time t = 0;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_time_parse(HM_LIT("2026-05-12T08:00:00Z"), &t, &e), &e);
    assert_string_equal(hm_time_show(ev_keep_until(t)), "2036-05-12T08:00:00Z");
    assert_ok(hm_time_parse(HM_LIT("2028-02-29T08:00:00Z"), &t, &e), &e);
    assert_string_equal(hm_time_show(ev_keep_until(t)), "2038-03-01T08:00:00Z");
    assert_int_equal(ev_keep_until(HM_TIME_MAX), HM_TIME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_proven_only_when_every_document_shows_it),
        cmocka_unit_test(nothing_checked_is_never_proven),
        cmocka_unit_test(a_claim_without_security_updates_does_not_apply),
        cmocka_unit_test(a_claim_is_as_good_as_its_weakest_row),
        cmocka_unit_test(every_kind_of_attachment_serves_a_row),
        cmocka_unit_test(ten_years_are_counted_by_the_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
