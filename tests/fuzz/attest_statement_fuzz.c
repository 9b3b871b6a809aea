/* What our dialect reads has subjects with digests; a provenance that reads is
 * written and read back. */
#include "hm_attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    HM_OWN(hm_attest_provenance) p = HM_ATTEST_PROVENANCE_INIT;
    HM_OWN(hm_buf) out = HM_BUF_INIT(1u << 24);
    const struct hm_bytes text = {data, size};
    struct hm_err e = {0};

    if (hm_attest_read_statement(&s, text, HM_ATTEST_OURS, &e) != HM_OK) {
        must(e.reason[0] != '\0' && s.subjects == NULL);
        (void)!hm_attest_read_statement(&s, text, HM_ATTEST_FOREIGN, &e);
        return 0;
    }
    must(s.n_subjects > 0 && s.subjects[0].has_sha256);
    if (hm_attest_read_provenance(&p, &s, &e) == HM_OK)
        must(hm_attest_write_provenance(&p, &out, &e) == HM_OK);
    return 0;
}
