#include "hm_hsm.h"
#include "hm_run.h"

#include "hm_test.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_temp(void **state)
{
    struct hm_temp *t = calloc(1, sizeof(*t));

    hm_temp_make(t);
    *state = t;
    return 0;
}

static int clear_temp(void **state)
{
    hm_temp_clear(*state);
    free(*state);
    return 0;
}

/* A PIN file with these bytes and this mode, as a source. */
static const char *pin_file(const struct hm_temp *t, struct hm_bytes bytes,
                            mode_t mode, char out[static 600])
{
    struct hm_err e = {0};

    assert_ok(hm_file_save(hm_temp_path(t, "pin"), bytes, HM_OUT_REPLACE, &e),
              &e);
    assert_int_equal(chmod(hm_temp_path(t, "pin"), mode), 0);
    (void)snprintf(out, 600, "file:%s/pin", t->path);
    return out;
}

static void a_file_of_its_owner_is_read_into_the_secure_heap(void **state)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    struct rlimit core;
    char source[600];
    struct hm_err e = {0};

    (void)pin_file(*state, HM_LIT("1234\n"), 0600, source);
    assert_ok(hm_hsm_pin_read(&pin, source, &e), &e);
    assert_int_equal(pin.n, 4);
    assert_memory_equal(pin.p, "1234", 4);
    assert_int_equal(CRYPTO_secure_allocated(pin.p), 1);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_max, 0);
    hm_hsm_pin_clear(&pin);
    assert_null(pin.p);
    hm_hsm_pin_clear(&pin);
}

static const struct {
    const char *bytes;
    size_t n;
    const char *reason; /* NULL: taken */
} contents[] = {
    {"123", 3, "hsm.pin.length"},
    {"1234", 4, NULL},
    {"1234\n", 5, NULL},
    {"123\n", 4, "hsm.pin.length"},
    {"", 0, "hsm.pin.length"},
    {"\n", 1, "hsm.pin.length"},
    {"1234\n\n", 6, "hsm.pin.syntax"},
    {"1234\r\n", 6, "hsm.pin.syntax"},
    {"12\0"
     "34",
     5, "hsm.pin.syntax"},
    {"12\n34", 5, "hsm.pin.syntax"},
    {"12 34", 5, NULL},
    {"12\x7f"
     "34",
     5, "hsm.pin.syntax"},
};

static void check_content(const struct hm_temp *t, size_t i)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    const struct hm_bytes bytes = {(const uint8_t *)contents[i].bytes,
                                   contents[i].n};
    char source[600];
    struct hm_err e = {0};
    hm_rc rc;

    (void)pin_file(t, bytes, 0600, source);
    rc = hm_hsm_pin_read(&pin, source, &e);
    if (contents[i].reason == NULL) {
        assert_ok(rc, &e);
        return;
    }
    assert_fails(rc, HM_E_TOKEN, contents[i].reason, &e);
    assert_null(pin.p);
}

static void what_is_no_pin_is_not_tried(void **state)
{
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
        check_content(*state, i);
}

static void the_longest_pin_is_255_bytes(void **state)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    uint8_t bytes[300];
    char source[600];
    struct hm_err e = {0};

    memset(bytes, 'x', sizeof(bytes));
    (void)pin_file(*state, (struct hm_bytes){bytes, 255}, 0600, source);
    assert_ok(hm_hsm_pin_read(&pin, source, &e), &e);
    assert_int_equal(pin.n, 255);
    (void)pin_file(*state, (struct hm_bytes){bytes, 256}, 0600, source);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN,
                 "hsm.pin.length", &e);
    (void)pin_file(*state, (struct hm_bytes){bytes, 300}, 0600, source);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN,
                 "hsm.pin.length", &e);
}

static void a_file_that_others_may_use_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0610, 0601, 0666};
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    char source[600];
    struct hm_err e = {0};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        (void)pin_file(*state, HM_LIT("1234"), modes[i], source);
        assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN,
                     "hsm.pin.file", &e);
    }
    (void)pin_file(*state, HM_LIT("1234"), 0400, source);
    assert_ok(hm_hsm_pin_read(&pin, source, &e), &e);
}

static void links_and_special_files_are_refused(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    char source[600];
    struct hm_err e = {0};

    (void)pin_file(t, HM_LIT("1234"), 0600, source);
    assert_int_equal(symlink("pin", hm_temp_path(t, "soft")), 0);
    (void)snprintf(source, sizeof(source), "file:%s/soft", t->path);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN, "hsm.pin.file",
                 &e);
    assert_int_equal(link(hm_temp_path(t, "pin"), hm_temp_path(t, "hard")), 0);
    (void)snprintf(source, sizeof(source), "file:%s/hard", t->path);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN, "hsm.pin.file",
                 &e);
    assert_int_equal(mkfifo(hm_temp_path(t, "fifo"), 0600), 0);
    (void)snprintf(source, sizeof(source), "file:%s/fifo", t->path);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN, "hsm.pin.file",
                 &e);
    (void)snprintf(source, sizeof(source), "file:%s", t->path);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN, "hsm.pin.file",
                 &e);
    (void)snprintf(source, sizeof(source), "file:%s/none", t->path);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_IO, "hsm.pin.read",
                 &e);
}

static void a_file_of_another_user_is_refused(void **state)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    char source[600];
    struct hm_err e = {0};

    if (geteuid() != 0)
        skip();
    (void)pin_file(*state, HM_LIT("1234"), 0600, source);
    assert_int_equal(chown(source + 5, 4242, 4242), 0);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_TOKEN, "hsm.pin.file",
                 &e);
}

static void a_descriptor_is_read_to_its_end(void **state)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    char source[32];
    int fds[2];
    struct hm_err e = {0};

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "12345", 5), 5);
    assert_int_equal(write(fds[1], "678\n", 4), 4);
    assert_int_equal(close(fds[1]), 0);
    (void)snprintf(source, sizeof(source), "fd:%d", fds[0]);
    assert_ok(hm_hsm_pin_read(&pin, source, &e), &e);
    assert_int_equal(pin.n, 8);
    (void)close(fds[0]);
    assert_fails(hm_hsm_pin_read(&pin, source, &e), HM_E_IO, "hsm.pin.read",
                 &e);
}

static void a_credential_is_one_name(void **state)
{
    const struct hm_temp *t = *state;
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    char source[600];
    struct hm_err e = {0};

    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_fails(hm_hsm_pin_read(&pin, "credential:pin", &e), HM_E_USAGE,
                 "hsm.pin.source", &e);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", t->path, 1), 0);
    (void)pin_file(t, HM_LIT("1234"), 0440, source);
    assert_ok(hm_hsm_pin_read(&pin, "credential:pin", &e), &e);
    assert_fails(hm_hsm_pin_read(&pin, "credential:../pin", &e), HM_E_USAGE,
                 "hsm.pin.source", &e);
    (void)pin_file(t, HM_LIT("1234"), 0444, source);
    assert_fails(hm_hsm_pin_read(&pin, "credential:pin", &e), HM_E_TOKEN,
                 "hsm.pin.file", &e);
}

static void a_pin_given_as_source_is_not_repeated(void **state)
{
    static const char *const sources[] = {"s3cr3t", "file:",   "fd:", "fd:-1",
                                          "fd:x",   "env:PIN", "TTY"};
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    struct hm_err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_fails(hm_hsm_pin_read(&pin, sources[i], &e), HM_E_USAGE,
                     "hsm.pin.source", &e);
        assert_null(strstr(e.text, "s3cr3t"));
    }
}

static void exactly_one_source_is_asked_for(void **state)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    struct hm_hsm_uri uri = {.id_n = 0};
    char source[600];
    struct hm_err e = {0};

    (void)pin_file(*state, HM_LIT("1234"), 0600, source);
    assert_fails(hm_hsm_pin_find(&pin, &uri, NULL, &e), HM_E_USAGE,
                 "hsm.pin.none", &e);
    assert_ok(hm_hsm_pin_find(&pin, &uri, source, &e), &e);
    (void)snprintf(uri.pin_source, sizeof(uri.pin_source), "%.200s", source);
    assert_ok(hm_hsm_pin_find(&pin, &uri, NULL, &e), &e);
    assert_fails(hm_hsm_pin_find(&pin, &uri, source, &e), HM_E_USAGE,
                 "hsm.pin.twice", &e);
}

static void random_pins_differ(void **state)
{
    HM_OWN(hm_hsm_pin) a = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm_pin) b = HM_HSM_PIN_INIT;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_hsm_pin_random(&a, &e), &e);
    assert_ok(hm_hsm_pin_random(&b, &e), &e);
    assert_int_equal(a.n, 32);
    assert_memory_not_equal(a.p, b.p, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_its_owner_is_read_into_the_secure_heap),
        cmocka_unit_test(what_is_no_pin_is_not_tried),
        cmocka_unit_test(the_longest_pin_is_255_bytes),
        cmocka_unit_test(a_file_that_others_may_use_is_refused),
        cmocka_unit_test(links_and_special_files_are_refused),
        cmocka_unit_test(a_file_of_another_user_is_refused),
        cmocka_unit_test(a_descriptor_is_read_to_its_end),
        cmocka_unit_test(a_credential_is_one_name),
        cmocka_unit_test(a_pin_given_as_source_is_not_repeated),
        cmocka_unit_test(exactly_one_source_is_asked_for),
        cmocka_unit_test(random_pins_differ),
    };

    return cmocka_run_group_tests_name("hsm_pin", tests, make_temp, clear_temp);
}
