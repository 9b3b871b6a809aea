/* SHA256SUMS: what is accepted is written again the same way. */
#include "pack_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static hm_rc write_again(void *context, const char *name, const char *sha256,
                         struct hm_err *e)
{
    HM_TRY(hm_buf_add(context, hm_bytes_str(sha256), e));
    HM_TRY(hm_buf_add(context, HM_LIT("  "), e));
    HM_TRY(hm_buf_add(context, hm_bytes_str(name), e));
    return hm_buf_add(context, HM_LIT("\n"), e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct hm_bytes in = {data, n};
    HM_OWN(hm_buf) again = HM_BUF_INIT(n + 1);
    struct hm_err e = {.rc = HM_OK};

    if (ev_read_list(in, write_again, &again, &e) == HM_OK &&
        !hm_bytes_eq(in, hm_buf_view(&again)))
        abort();
    return 0;
}
