/* hallmark-cohorts/1: what is accepted can be judged, and a no has its check and
 * reason; what is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_rehearse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One offer for all; nobody must sign it, so that the later checks are met. */
static void judge(const struct hm_cohorts *all, const struct hm_root *root)
{
    static const struct hm_authorisation a = {.sequence = 7,
                                              .expires = 1778572800};
    static const struct hm_manifest m = {.epoch = 1, .expires = 1778572800};
    const struct hm_offer offer = {root, &a, &m, .now = 1778572799};

    for (size_t i = 0; i < all->n; i++) {
        struct hm_cohort_verdict v;

        hm_cohort_judge(&all->cohort[i], &offer, &v);
        if (v.check < 1 || v.check > HM_REHEARSE_YES ||
            (v.check == HM_REHEARSE_YES) != (v.reason[0] == '\0') ||
            (v.reason[0] == '\0') != (v.text[0] == '\0') ||
            all->cohort[i].name[0] == '\0')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hm_root root = {.threshold = 1, .sha256 = {7}};
    HM_OWN(hm_cohorts) all = HM_COHORTS_INIT;
    struct hm_err e = {.rc = HM_OK};

    if (hm_cohorts_read(&all, (struct hm_bytes){data, size}, &root, &e) ==
        HM_OK) {
        if (all.n == 0 || all.n > HM_COHORTS_MAX)
            abort();
        judge(&all, &root);
        return 0;
    }
    if (e.reason[0] == '\0' || all.n != 0 || all.cohort != NULL)
        abort();
    return 0;
}
