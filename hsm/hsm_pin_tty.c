#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "hsm_priv.h"

/* The terminal while it does not echo. */
struct terminal {
    int fd;
    int signals; /* becomes readable when one of blocked is pending */
    struct termios before;
    sigset_t mask_before;
};

/* Signals wait until the echo is back on: they are held, seen through a
 * descriptor, and delivered by the kernel once unblocked. */
HM_MUST static hm_rc hold_signals(struct terminal *t, struct hm_err *e)
{
    static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        (void)sigaddset(&set, held[i]);
    if (sigprocmask(SIG_BLOCK, &set, &t->mask_before) != 0)
        return hm_fail_errno(e, "hsm.pin.tty", "cannot hold signals");
    t->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (t->signals < 0)
        return hm_fail_errno(e, "hsm.pin.tty", "cannot watch signals");
    return HM_OK;
}

HM_MUST static hm_rc hide(const struct terminal *t, struct hm_err *e)
{
    struct termios quiet = t->before;

    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    quiet.c_lflag |= ICANON;
    if (tcsetattr(t->fd, TCSAFLUSH, &quiet) != 0)
        return hm_fail_errno(e, "hsm.pin.tty", "cannot turn the echo off");
    return HM_OK;
}

/* One line; a held signal ends the wait. */
HM_MUST static hm_rc read_line(struct hm_hsm_pin *pin, const struct terminal *t,
                               struct hm_err *e)
{
    struct pollfd fds[] = {{.fd = t->fd, .events = POLLIN},
                           {.fd = t->signals, .events = POLLIN}};
    ssize_t n = -1;

    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return hm_fail_errno(e, "hsm.pin.read", "cannot wait for the PIN");
    if (fds[1].revents == 0)
        n = read(t->fd, pin->p, HM_HSM_PIN_MAX + 2u);
    if (n <= 0)
        return hm_fail(e, HM_E_TOKEN, "hsm.pin.interrupted",
                       "no PIN was entered");
    pin->n = (size_t)n;
    return hsm_pin_check(pin, e);
}

HM_MUST static hm_rc ask(struct hm_hsm_pin *pin, struct terminal *t,
                         struct hm_err *e)
{
    hm_rc rc;

    if (tcgetattr(t->fd, &t->before) != 0)
        return hm_fail_errno(e, "hsm.pin.tty", "/dev/tty is no terminal");
    HM_TRY(hold_signals(t, e));
    rc = hide(t, e);
    if (rc == HM_OK)
        rc = hm_file_write_all(t->fd, HM_LIT("PIN: "), e);
    if (rc == HM_OK)
        rc = read_line(pin, t, e);
    (void)tcsetattr(t->fd, TCSAFLUSH, &t->before);
    (void)(hm_file_write_all(t->fd, HM_LIT("\n"), NULL) == HM_OK);
    return rc;
}

hm_rc hsm_pin_ask(struct hm_hsm_pin *pin, struct hm_err *e)
{
    struct terminal t = {.fd = -1, .signals = -1};
    hm_rc rc;

    if (isatty(STDIN_FILENO) != 1)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "hsm.pin.tty",
                               "standard input is no terminal, so nobody is "
                               "asked for a PIN"),
                       "give '--pin file:PATH', 'fd:N' or 'credential:NAME'");
    t.fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t.fd < 0)
        return hm_fail(e, HM_E_USAGE, "hsm.pin.tty",
                       "there is no terminal to ask on");
    (void)sigprocmask(SIG_BLOCK, NULL, &t.mask_before);
    rc = ask(pin, &t, e);
    if (t.signals >= 0)
        (void)close(t.signals);
    (void)close(t.fd);
    (void)sigprocmask(SIG_SETMASK, &t.mask_before, NULL);
    return rc;
}
