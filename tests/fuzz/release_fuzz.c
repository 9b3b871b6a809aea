/* release.json: what is accepted carries no PIN and reads the same again; what
 * is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    HM_OWN(hm_release) again = HM_RELEASE_INIT;
    struct hm_err e = {.rc = HM_OK};

    if (hm_release_read(&r, (struct hm_bytes){data, size}, &e) != HM_OK) {
        if (e.reason[0] == '\0' || r.vendor != NULL || r.doc.root != NULL)
            abort();
        return 0;
    }
    if (strstr(r.signing.manifest.uri, "pin-value") != NULL ||
        r.n_artefacts == 0 || r.n_updates == 0)
        abort();
    if (hm_release_read(&again, hm_buf_view(&r.bytes), &e) != HM_OK ||
        strcmp(again.product, r.product) != 0)
        abort();
    return 0;
}
