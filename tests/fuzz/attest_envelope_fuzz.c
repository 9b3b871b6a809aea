/* What our dialect takes, the foreign one takes too and sees the same; what is
 * refused leaves nothing behind. */
#include "hm_attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_attest_envelope) ours = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_attest_envelope) foreign = HM_ATTEST_ENVELOPE_INIT;
    const struct hm_bytes text = {data, size};
    struct hm_err e = {0};

    if (hm_attest_read_envelope(&ours, text, HM_ATTEST_OURS, &e) != HM_OK) {
        must(e.reason[0] != '\0' && ours.payload.p == NULL);
        (void)!hm_attest_read_envelope(&foreign, text, HM_ATTEST_FOREIGN, &e);
        return 0;
    }
    must(hm_attest_read_envelope(&foreign, text, HM_ATTEST_FOREIGN, &e) ==
         HM_OK);
    must(
        hm_bytes_eq(hm_buf_view(&ours.payload), hm_buf_view(&foreign.payload)));
    return 0;
}
