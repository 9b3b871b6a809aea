#include <string.h>

#include "hm_manifest.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* A host, perhaps with a port: no user, and nothing that an eye or another
 * reader takes for a different host. */
static size_t host_length(const char *at)
{
    return strspn(at, LETTERS DIGITS "[") == 0
               ? 0
               : strspn(at, LETTERS DIGITS ".-:[]");
}

bool hm_manifest_is_url(const char *url)
{
    static const char scheme[] = "https://";
    const char *at = url + sizeof(scheme) - 1;
    size_t host = 0;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
        return false;
    host = host_length(at);
    if (host == 0 || strchr("/?#", at[host]) == NULL) /* the NUL is one too */
        return false;
    for (at += host; *at != '\0'; at++)
        if (*at <= 0x20 || *at >= 0x7f || strchr("\"<>\\^`{|}@", *at) != NULL)
            return false;
    return true;
}
