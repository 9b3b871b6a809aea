/* An address that is shown has no user, no password, no query. */
#include "hm_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char url[600];
    char out[HM_SOURCE_URL_MAX + 1];
    char again[HM_SOURCE_URL_MAX + 1];
    struct hm_err e = {0};

    if (size >= sizeof(url))
        return 0;
    memcpy(url, data, size);
    url[size] = '\0';
    if (hm_source_clean_url(url, out, &e) != HM_OK) {
        must(out[0] == '\0' && e.reason[0] != '\0');
        return 0;
    }
    must(strpbrk(out, "?# \n") == NULL);
    if (out[0] != '\0') {
        const char *host = strstr(out, "://") + 3;

        must(host[0] != '/' && memchr(host, '@', strcspn(host, "/")) == NULL);
    }
    must(hm_source_clean_url(out, again, &e) == HM_OK);
    must(strcmp(out, again) == 0);
    return 0;
}
