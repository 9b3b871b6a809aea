/* A permissions table is taken whole or refused with a reason; what was taken
 * keeps its promises. */
#include <stdlib.h>

#include "archive_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_archive_permissions) p = HM_ARCHIVE_PERMISSIONS_INIT;
    struct hm_err e = {.rc = HM_OK};
    const hm_rc rc =
        hm_archive_permissions_read(&p, (struct hm_bytes){data, size}, &e);

    if ((rc == HM_OK) != (e.reason[0] == '\0') || (rc != HM_OK && p.n != 0))
        abort();
    for (size_t i = 0; i < p.n; i++)
        if (p.line[i].path == NULL || p.line[i].path[0] == '/' ||
            p.line[i].mode > 07777 || strchr("fFdr", p.line[i].type) == NULL ||
            (p.line[i].type == 'r' && p.line[i].mode > 0777))
            abort();
    return 0;
}
