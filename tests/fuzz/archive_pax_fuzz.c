/* Records of a pax header: taken whole or refused with a reason, and what was
 * taken ends inside its buffer. */
#include <stdlib.h>

#include "archive_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tar_extra *x = calloc(1, sizeof(*x));
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc;

    if (x == NULL)
        return 0;
    rc = tar_pax_read((struct hm_bytes){data, size}, false, x, &e);
    if ((rc == HM_OK) != (e.reason[0] == '\0') ||
        strnlen(x->path, sizeof(x->path)) == sizeof(x->path) ||
        strnlen(x->target, sizeof(x->target)) == sizeof(x->target) ||
        (rc == HM_OK && x->has_path != (x->path[0] != '\0')))
        abort();
    free(x);
    return 0;
}
