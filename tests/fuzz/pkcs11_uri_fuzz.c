/* What is taken is written in one spelling that reads back the same; what is
 * refused leaves nothing and says why. */
#include <stdlib.h>

#include "hm_hsm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_buf) once = HM_BUF_INIT(8192);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(8192);
    struct hm_hsm_uri uri;
    struct hm_err e = {.rc = HM_OK};

    if (hm_hsm_uri_read(&uri, (struct hm_bytes){data, size}, &e) != HM_OK) {
        must(e.reason[0] != '\0' && uri.id_n == 0);
        must(uri.token[0] == '\0' && uri.object[0] == '\0');
        return 0;
    }
    if (uri.token[0] == '\0' && uri.object[0] == '\0')
        return 0; /* too little is named for a spelling */
    must(hm_hsm_uri_write(&uri, &once, &e) == HM_OK);
    must(hm_hsm_uri_read(&uri, hm_buf_view(&once), &e) == HM_OK);
    must(hm_hsm_uri_write(&uri, &twice, &e) == HM_OK);
    must(hm_bytes_eq(hm_buf_view(&once), hm_buf_view(&twice)));
    return 0;
}
