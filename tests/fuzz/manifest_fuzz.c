/* manifest.json: what is accepted is written and read again to the same bytes;
 * what is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) once = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc;

    if (hm_manifest_read(&m, (struct hm_bytes){data, size}, &e) != HM_OK) {
        if (e.reason[0] == '\0' || m.advisories != NULL || m.updates != NULL)
            abort();
        return 0;
    }
    rc = hm_manifest_write(&m, &once, &e);
    if (rc == HM_E_LIMIT) /* indented, it may be longer than is allowed */
        return 0;
    if (rc != HM_OK || hm_manifest_read(&m, hm_buf_view(&once), &e) != HM_OK ||
        hm_manifest_write(&m, &twice, &e) != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&once), hm_buf_view(&twice)))
        abort();
    return 0;
}
