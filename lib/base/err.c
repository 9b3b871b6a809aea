#include "hm_err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

hm_rc hm_fail(struct hm_err *e, hm_rc rc, const char *reason, const char *fmt,
              ...)
{
    const int os_errno = errno;
    va_list ap;

    if (e == NULL)
        return rc;
    e->rc = rc;
    e->os_errno = rc == HM_E_IO ? os_errno : 0;
    e->hint[0] = '\0';
    (void)snprintf(e->reason, sizeof(e->reason), "%s", reason);
    va_start(ap, fmt);
    (void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return rc;
}

/* Append s to the n characters in to[size]; what does not fit is dropped. */
static size_t put(char *to, size_t size, size_t n, const char *s)
{
    while (*s != '\0' && n + 1 < size)
        to[n++] = *s++;
    to[n] = '\0';
    return n;
}

/* What helps whatever was done: an inner hint is kept, so only causes that the
 * caller cannot know better. */
static const char *remedy(int os_errno)
{
    switch (os_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return "make room (disk, quota, ulimit -f), then run the same command "
               "again";
    case ELOOP: /* nearly always of O_NOFOLLOW */
        return "symbolic links are not followed: name the file itself; where "
               "'-' is taken, a pipe is read as that";
    case EROFS:
        return "that file system is mounted read-only: name another place";
    default:
        return "";
    }
}

hm_rc hm_fail_errno(struct hm_err *e, const char *reason, const char *fmt, ...)
{
    const int os_errno = errno;
    char cause[128];
    va_list ap;
    size_t n;

    if (e == NULL)
        return HM_E_IO;
    *e = (struct hm_err){.rc = HM_E_IO, .os_errno = os_errno};
    (void)snprintf(e->reason, sizeof(e->reason), "%s", reason);
    va_start(ap, fmt);
    (void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    n = put(e->text, sizeof(e->text), strlen(e->text), ": ");
    (void)put(e->text, sizeof(e->text), n,
              strerror_r(os_errno, cause, sizeof(cause)));
    (void)put(e->hint, sizeof(e->hint), 0, remedy(os_errno));
    return HM_E_IO;
}

hm_rc hm_context(struct hm_err *e, hm_rc rc, const char *fmt, ...)
{
    char inner[sizeof(e->text)];
    va_list ap;
    size_t n;

    if (e == NULL || rc == HM_OK)
        return rc;
    memcpy(inner, e->text, sizeof(inner));
    va_start(ap, fmt);
    (void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    n = put(e->text, sizeof(e->text), strlen(e->text), ": ");
    (void)put(e->text, sizeof(e->text), n, inner);
    return rc;
}

hm_rc hm_hint(struct hm_err *e, hm_rc rc, const char *fmt, ...)
{
    va_list ap;

    if (e == NULL || rc == HM_OK || e->hint[0] != '\0')
        return rc;
    va_start(ap, fmt);
    (void)vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
    va_end(ap);
    return rc;
}

hm_rc hm_as_usage(struct hm_err *e, hm_rc rc)
{
    if (rc != HM_E_REJECTED && rc != HM_E_FORMAT && rc != HM_E_LIMIT)
        return rc;
    if (e != NULL)
        e->rc = HM_E_USAGE;
    return HM_E_USAGE;
}

int hm_rc_exit_status(hm_rc rc)
{
    switch (rc) {
#define X(name, value, status, text) \
    case HM_##name:                  \
        return (status);
        HM_RC_LIST(X)
#undef X
    }
    return 3; /* no default above: the compiler reports a missing code */
}

const char *hm_rc_name(hm_rc rc)
{
    switch (rc) {
#define X(name, value, status, text) \
    case HM_##name:                  \
        return #name;
        HM_RC_LIST(X)
#undef X
    }
    return "?";
}

const char *hm_show_into(char out[static HM_SHOW_MAX], struct hm_bytes in)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        if (n + sizeof("\\xNN...") > HM_SHOW_MAX) {
            memcpy(out + n, "...", sizeof("..."));
            return out;
        }
        if (in.p[i] >= 0x20 && in.p[i] < 0x7f && in.p[i] != '\\') {
            out[n++] = (char)in.p[i];
        } else {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = hex[in.p[i] >> 4];
            out[n++] = hex[in.p[i] & 15];
        }
    }
    out[n] = '\0';
    return out;
}
