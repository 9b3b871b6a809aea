/* authorisation.json: what is accepted is written and read again to the same
 * bytes; what is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_buf) once = HM_BUF_INIT(2 * HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(2 * HM_AUTHORISATION_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc;

    if (hm_authorisation_read(&a, (struct hm_bytes){data, size}, &e) != HM_OK) {
        if (e.reason[0] == '\0' || a.keys != NULL || a.retired != NULL)
            abort();
        return 0;
    }
    rc = hm_authorisation_write(&a, &once, &e);
    if (rc == HM_E_LIMIT) /* indented, it may be longer than is allowed */
        return 0;
    if (rc != HM_OK ||
        hm_authorisation_read(&a, hm_buf_view(&once), &e) != HM_OK ||
        hm_authorisation_write(&a, &twice, &e) != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&once), hm_buf_view(&twice)))
        abort();
    return 0;
}
