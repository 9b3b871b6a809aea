#include <libdeflate.h>

#include "archive_priv.h"

const char *hm_archive_zlib_version(void)
{
    return zlibVersion();
}

const char *hm_archive_libdeflate_version(void)
{
    return LIBDEFLATE_VERSION_STRING;
}
