/* root.json: what is accepted is written and read again to the same bytes; what
 * is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_buf) once = HM_BUF_INIT(2 * HM_ROOT_BYTES_MAX);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(2 * HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    if (hm_root_read(&root, (struct hm_bytes){data, size}, &e) != HM_OK) {
        if (e.reason[0] == '\0' || root.n != 0 || root.keys != NULL)
            abort();
        return 0;
    }
    if (root.threshold < 1 || root.threshold > root.n ||
        hm_root_write(&root, &once, &e) != HM_OK)
        abort();
    if (hm_root_read(&root, hm_buf_view(&once), &e) != HM_OK ||
        hm_root_write(&root, &twice, &e) != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&once), hm_buf_view(&twice)))
        abort();
    return 0;
}
