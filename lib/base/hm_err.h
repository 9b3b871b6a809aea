/** @file
 * Failure, said once: a code for the program, a stable reason for tests and
 * reports, a sentence for the person and the next step to take.
 */
#ifndef HM_ERR_H
#define HM_ERR_H

#include <stddef.h>

#include "hm_bytes.h"

/* X(name, value, exit status, meaning).  Only HM_OK means yes. */
#define HM_RC_LIST(X)                                                     \
    X(OK, 0, 0, "accepted")                                               \
    X(E_REJECTED, -1, 1, "well-formed, but not what the policy asks for") \
    X(E_FORMAT, -2, 1, "malformed input")                                 \
    X(E_LIMIT, -3, 1, "input exceeds a limit")                            \
    X(E_USAGE, -4, 2, "wrong use of the program or its configuration")    \
    X(E_IO, -5, 3, "the system refused an operation")                     \
    X(E_NOMEM, -6, 3, "out of memory")                                    \
    X(E_TOKEN, -7, 4, "the token refused an operation")                   \
    X(E_INTERNAL, -8, 3, "a bug in this program")

#define HM_RC_ENUM(name, value, status, text) HM_##name = (value),
typedef enum hm_rc { HM_RC_LIST(HM_RC_ENUM) } hm_rc;
#undef HM_RC_ENUM

/** The result must be looked at; the compiler insists. */
#define HM_MUST __attribute__((warn_unused_result))

/** Why a call failed.  Fixed size, so that failing cannot itself fail. */
struct hm_err {
    hm_rc rc;        /**< code of the first failure; context never changes it */
    int os_errno;    /**< errno behind HM_E_IO, else 0 */
    char reason[64]; /**< stable id, e.g. "dsse.payload.base64" */
    char text[768];  /**< one line, lower case, no full stop, printable ASCII */
    char hint[384];  /**< what to do next, one line; empty when nothing helps */
};

/** Record a failure and return @p rc, so that a check is one statement.
 *
 * @param e       may be NULL: then only the code survives
 * @param reason  string literal `room.object.problem`, never translated
 * @param fmt     "cannot X 'Y': Z"; pass untrusted text through hm_show()
 */
HM_MUST hm_rc hm_fail(struct hm_err *e, hm_rc rc, const char *reason,
                      const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/** hm_fail() with HM_E_IO and ": <strerror(errno)>" appended to the text; for a
 * full disk, quota or read-only file system with the hint for it. */
HM_MUST hm_rc hm_fail_errno(struct hm_err *e, const char *reason,
                            const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Put "<context>: " before the recorded text; code and reason stay.
 * Does nothing when @p rc is HM_OK.
 *
 * @return @p rc, unchanged
 */
HM_MUST hm_rc hm_context(struct hm_err *e, hm_rc rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Say what to do next, unless an inner function already did.
 * Does nothing when @p rc is HM_OK.
 *
 * @return @p rc, unchanged
 */
HM_MUST hm_rc hm_hint(struct hm_err *e, hm_rc rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** A refused document becomes a wrong configuration: for files that the caller
 * named as trust or settings (root.json, release.json), malformed input
 * (HM_E_REJECTED, HM_E_FORMAT, HM_E_LIMIT) is reported as HM_E_USAGE, exit 2.
 * Other codes pass unchanged.
 */
HM_MUST hm_rc hm_as_usage(struct hm_err *e, hm_rc rc);

/** Process exit status of a code: 0 yes, 1 no, 2 usage, 3 environment, 4 token. */
int hm_rc_exit_status(hm_rc rc);

/** Name of a code, e.g. "E_FORMAT"; "?" for a value that is not one. */
const char *hm_rc_name(hm_rc rc);

#define HM_SHOW_MAX 160

/** Make bytes from outside safe to print: printable ASCII kept, the rest as
 * \xNN, cut with "..." to fit.
 *
 * @param[out] out  NUL-terminated
 * @return @p out
 */
const char *hm_show_into(char out[static HM_SHOW_MAX], struct hm_bytes in);

/** hm_show_into() with a buffer that lives as long as the enclosing block. */
#define hm_show(bytes) hm_show_into((char[HM_SHOW_MAX]){0}, (bytes))

/** hm_show() of a C string. */
#define hm_show_str(s) hm_show(hm_bytes_str(s))

/** Return early on failure.  Safe because owners clean up by scope (HM_OWN). */
#define HM_TRY(expr)                     \
    do {                                 \
        const hm_rc hm_try_rc_ = (expr); \
        if (hm_try_rc_ != HM_OK)         \
            return hm_try_rc_;           \
    } while (0)

#endif /* HM_ERR_H */
