/* index.json: what is accepted is written and read again to the same bytes, and
 * every name is found; what is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    HM_OWN(hm_buf) once = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc;

    if (hm_index_read(&index, (struct hm_bytes){data, size}, &e) != HM_OK) {
        if (e.reason[0] == '\0' || index.files != NULL || index.n != 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < index.n; i++)
        if (hm_index_find(&index, index.files[i].name) != &index.files[i])
            abort();
    rc = hm_index_write(&index, &once, &e);
    if (rc == HM_E_LIMIT) /* indented, it may be longer than is allowed */
        return 0;
    if (rc != HM_OK || hm_index_read(&index, hm_buf_view(&once), &e) != HM_OK ||
        hm_index_write(&index, &twice, &e) != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&once), hm_buf_view(&twice)))
        abort();
    return 0;
}
