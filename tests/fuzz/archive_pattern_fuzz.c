/* A pattern and a path, with a newline between them: what is a pattern is
 * matched within its bytes, and a path matches its own name escaped. */
#include <stdlib.h>

#include "archive_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte of path behind a backslash that is not part of a character. */
static char *escape(const char *path)
{
    char *made = calloc(2, strlen(path) + 1);
    char *to = made;

    for (; made != NULL && *path != '\0'; path++) {
        if (strchr("*?[]\\!", *path) != NULL)
            *to++ = '\\';
        *to++ = *path;
    }
    return made;
}

static void judge(const char *pattern, const char *path)
{
    struct hm_err e = {.rc = HM_OK};
    const hm_rc rc = hm_archive_pattern_check(pattern, &e);
    char *own = escape(path);

    if ((rc == HM_OK) != (e.reason[0] == '\0'))
        abort();
    if (rc == HM_OK)
        (void)hm_archive_pattern_matches(pattern, path, true);
    if (own != NULL && path[0] != '/' &&
        hm_archive_pattern_check(own, NULL) == HM_OK &&
        !hm_archive_pattern_matches(own, path, true))
        abort();
    free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 2);
    char *path = NULL;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    path = strchr(text, '\n');
    if (path != NULL)
        *path++ = '\0';
    else
        path = text + size;
    if (path[0] != '\0' && path[strlen(path) - 1] != '/' &&
        strlen(path) <= HM_ARCHIVE_PATH_MAX)
        judge(text, path);
    free(text);
    return 0;
}
