#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hsm_priv.h"

/* Room for the longest PIN, its newline and one byte that proves it longer. */
#define PIN_ROOM   (HM_HSM_PIN_MAX + 2u)
#define HEAP_SIZE  65536u
#define HEAP_PIECE 32u

/* A core or a debugger of the same user would show the PIN. */
HM_MUST static hm_rc guard_process(struct hm_err *e)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return hm_fail_errno(e, "hsm.pin.memory",
                             "cannot forbid a core of this process");
    return HM_OK;
}

hm_rc hsm_pin_new(struct hm_hsm_pin *pin, struct hm_err *e)
{
    hm_hsm_pin_clear(pin);
    HM_TRY(guard_process(e));
    pin->is_locked = true;
    if (CRYPTO_secure_malloc_initialized() == 0)
        pin->is_locked = CRYPTO_secure_malloc_init(HEAP_SIZE, HEAP_PIECE) == 1;
    if (CRYPTO_secure_malloc_initialized() == 1)
        pin->p = OPENSSL_secure_zalloc(PIN_ROOM);
    if (pin->p == NULL)
        return hm_fail(e, HM_E_NOMEM, "hsm.pin.memory",
                       "no protected memory for a PIN");
    return HM_OK;
}

void hm_hsm_pin_clear(struct hm_hsm_pin *pin)
{
    const int saved = errno;

    if (pin->p != NULL)
        OPENSSL_secure_clear_free(pin->p, PIN_ROOM);
    *pin = (struct hm_hsm_pin)HM_HSM_PIN_INIT;
    errno = saved;
}

hm_rc hsm_pin_check(struct hm_hsm_pin *pin, struct hm_err *e)
{
    if (pin->n > 0 && pin->p[pin->n - 1] == '\n')
        pin->n--;
    if (pin->n < HM_HSM_PIN_MIN || pin->n > HM_HSM_PIN_MAX)
        return hm_fail(e, HM_E_TOKEN, "hsm.pin.length",
                       "a PIN has %u to %u bytes, this one does not; it was "
                       "not tried",
                       HM_HSM_PIN_MIN, HM_HSM_PIN_MAX);
    for (size_t i = 0; i < pin->n; i++)
        if ((unsigned char)pin->p[i] < 0x20 || pin->p[i] == 0x7f)
            return hm_fail(e, HM_E_TOKEN, "hsm.pin.syntax",
                           "the PIN holds a control character (NUL, a second "
                           "line, a carriage return); it was not tried");
    return HM_OK;
}

/* Reads to the end, but never more than proves the PIN too long. */
HM_MUST static hm_rc read_all(struct hm_hsm_pin *pin, int fd, struct hm_err *e)
{
    while (pin->n < PIN_ROOM) {
        const ssize_t n = read(fd, pin->p + pin->n, PIN_ROOM - pin->n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return hm_fail_errno(e, "hsm.pin.read", "cannot read the PIN");
        if (n == 0)
            break;
        pin->n += (size_t)n;
    }
    return hsm_pin_check(pin, e);
}

HM_MUST static hm_rc read_fd(struct hm_hsm_pin *pin, const char *number,
                             struct hm_err *e)
{
    uint64_t fd = 0;

    if (hm_number_read(hm_bytes_str(number), 65535, &fd, NULL) != HM_OK)
        return hm_fail(e, HM_E_USAGE, "hsm.pin.source",
                       "'fd:%s': expected the number of an open descriptor",
                       hm_show_str(number));
    if (isatty((int)fd) == 1)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "hsm.pin.source",
                               "descriptor %d is a terminal, which would show "
                               "the PIN",
                               (int)fd),
                       "give '--pin tty' to be asked without echo");
    return read_all(pin, (int)fd, e);
}

HM_MUST static hm_rc bad_file(const char *path, const char *why,
                              struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.pin.file",
                           "PIN file '%s' is not used: %s", hm_show_str(path),
                           why),
                   "keep it as a regular file of its own with mode 0600");
}

/* systemd shows its credentials through an access list, which fills the group
 * bits of the mode. */
HM_MUST static hm_rc check_file(const char *path, int fd, mode_t allowed,
                                struct hm_err *e)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return hm_fail_errno(e, "hsm.pin.read", "cannot look at '%s'",
                             hm_show_str(path));
    if (!S_ISREG(st.st_mode))
        return bad_file(path, "it is no regular file", e);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return bad_file(path, "it belongs to another user", e);
    if ((st.st_mode & 0077 & ~allowed) != 0)
        return bad_file(path, "others than its owner may use it", e);
    if (st.st_nlink != 1)
        return bad_file(path, "it has more than one name", e);
    return HM_OK;
}

HM_MUST static hm_rc read_file(struct hm_hsm_pin *pin, const char *path,
                               mode_t allowed, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    f.fd =
        open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f.fd < 0 && errno == ELOOP)
        return bad_file(path, "it is a symbolic link", e);
    if (f.fd < 0)
        return hm_fail_errno(e, "hsm.pin.read", "cannot open PIN file '%s'",
                             hm_show_str(path));
    HM_TRY(check_file(path, f.fd, allowed, e));
    return hm_context(e, read_all(pin, f.fd, e), "PIN file '%s'",
                      hm_show_str(path));
}

HM_MUST static hm_rc read_credential(struct hm_hsm_pin *pin, const char *name,
                                     struct hm_err *e)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[2048];

    if (strchr(name, '/') != NULL || name[0] == '.' || name[0] == '\0')
        return hm_fail(e, HM_E_USAGE, "hsm.pin.source",
                       "'credential:%s': expected the name of one credential",
                       hm_show_str(name));
    if (folder == NULL || folder[0] != '/')
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "hsm.pin.source",
                               "'credential:%s' needs CREDENTIALS_DIRECTORY, "
                               "which is not set",
                               hm_show_str(name)),
                       "run it as a systemd service with LoadCredential=");
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
        (int)sizeof(path))
        return hm_fail(e, HM_E_USAGE, "hsm.pin.source",
                       "the path of credential '%s' is too long",
                       hm_show_str(name));
    return read_file(pin, path, 0040, e);
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

hm_rc hm_hsm_pin_check_source(const char *source, struct hm_err *e)
{
    if (strcmp(source, "tty") == 0 || starts(source, "fd:") ||
        (starts(source, "file:") && source[5] != '\0') ||
        starts(source, "credential:"))
        return HM_OK;
    /* The source is not shown: it may be a PIN given by mistake. */
    return hm_fail(e, HM_E_USAGE, "hsm.pin.source",
                   "a PIN comes from 'fd:N', 'file:PATH', 'credential:NAME' or "
                   "'tty', and what was given is none of them");
}

HM_MUST static hm_rc read_source(struct hm_hsm_pin *pin, const char *source,
                                 struct hm_err *e)
{
    HM_TRY(hm_hsm_pin_check_source(source, e));
    if (starts(source, "fd:"))
        return read_fd(pin, source + 3, e);
    if (starts(source, "file:"))
        return read_file(pin, source + 5, 0, e);
    if (starts(source, "credential:"))
        return read_credential(pin, source + 11, e);
    return hsm_pin_ask(pin, e);
}

hm_rc hm_hsm_pin_read(struct hm_hsm_pin *pin, const char *source,
                      struct hm_err *e)
{
    hm_rc rc;

    HM_TRY(hsm_pin_new(pin, e));
    rc = read_source(pin, source, e);
    if (rc != HM_OK)
        hm_hsm_pin_clear(pin);
    return rc;
}

hm_rc hm_hsm_pin_find(struct hm_hsm_pin *pin, const struct hm_hsm_uri *uri,
                      const char *source, struct hm_err *e)
{
    if (source != NULL && uri->pin_source[0] != '\0')
        return hm_fail(e, HM_E_USAGE, "hsm.pin.twice",
                       "--pin and the URI's pin-source both say where the PIN "
                       "comes from");
    if (source == NULL && uri->pin_source[0] == '\0')
        return hm_fail(e, HM_E_USAGE, "hsm.pin.none",
                       "expected --pin fd:N, file:PATH, credential:NAME or "
                       "tty");
    return hm_hsm_pin_read(pin, source != NULL ? source : uri->pin_source, e);
}

hm_rc hm_hsm_pin_random(struct hm_hsm_pin *pin, struct hm_err *e)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* 32: five bits each */

    HM_TRY(hsm_pin_new(pin, e));
    if (RAND_priv_bytes((unsigned char *)pin->p, 32) != 1) {
        hm_hsm_pin_clear(pin);
        return hm_fail(e, HM_E_INTERNAL, "hsm.pin.random",
                       "the random generator failed");
    }
    for (pin->n = 0; pin->n < 32; pin->n++)
        pin->p[pin->n] = letters[(unsigned char)pin->p[pin->n] % 32];
    return HM_OK;
}
