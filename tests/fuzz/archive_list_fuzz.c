/* A list of names is taken whole or refused with a reason; what was taken are
 * paths below a directory. */
#include <stdlib.h>

#include "archive_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc;

    if (size == 0)
        return 0;
    rc = hm_archive_list_read((struct hm_bytes){data + 1, size - 1},
                              (data[0] & 1) != 0, &names, &e);
    if ((rc == HM_OK) != (e.reason[0] == '\0') ||
        (rc == HM_OK) != (names.n > 0))
        abort();
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.name[i];

        if (name[0] == '\0' || name[0] == '/' || strcmp(name, "..") == 0 ||
            strncmp(name, "../", 3) == 0 || strstr(name, "/../") != NULL ||
            name[strlen(name) - 1] == '/')
            abort();
    }
    return 0;
}
