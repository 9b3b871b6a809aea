/* Whatever the reader accepts stays below its root and is what it says;
 * whatever it refuses has a reason.  Checksums are mended first: a fuzzer would
 * not get past them. */
#include <stdlib.h>

#include "archive_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend_checksums(uint8_t *tar, size_t size)
{
    for (; size >= TAR_BLOCK; tar += TAR_BLOCK, size -= TAR_BLOCK) {
        unsigned sum = tar_checksum(tar);

        if (memcmp(tar + TAR_MAGIC, "ustar", 5) != 0)
            continue;
        for (unsigned i = 6; i-- > 0; sum >>= 3)
            tar[TAR_CHECKSUM + i] = (uint8_t)('0' + (sum & 7));
        tar[TAR_CHECKSUM + 6] = 0;
        tar[TAR_CHECKSUM + 7] = ' ';
    }
}

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_all(struct hm_bytes in)
{
    static const struct hm_archive_limits limits = {1u << 22, 1000};
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    const struct hm_archive_member *m = NULL;
    struct hm_archive_result result = {.entries = 0};
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc = hm_archive_open_bytes(&r, in, &limits, &e);

    while (rc == HM_OK && (rc = hm_archive_next(&r, &m, &e)) == HM_OK &&
           m != NULL) {
        check(m->path[0] != '\0' && m->path[0] != '/' && m->mode <= 0777);
        check(strncmp(m->path, "../", 3) != 0 && !strstr(m->path, "/../"));
        check(m->kind == HM_ARCHIVE_FILE || m->size == 0);
        check(m->kind != HM_ARCHIVE_SYMLINK ||
              !archive_target_climbs(m->path, m->target));
    }
    if (rc == HM_OK)
        check(hm_archive_finish(&r, &result, &e) == HM_OK &&
              result.file.size == in.n && result.content.size <= 1u << 22);
    else
        check(e.rc == rc && e.reason[0] != '\0' && m == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    mend_checksums(copy, size);
    read_all((struct hm_bytes){copy, size});
    free(copy);
    return 0;
}
