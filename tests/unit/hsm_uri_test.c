#include "hm_hsm.h"

#include "hm_test.h"

static void a_full_uri_is_read(void **state)
{
    const char *text =
        "pkcs11:token=acme%20root;manufacturer=SoftHSM%20project;"
        "serial=8df20bdec87ca0fe;model=SoftHSM%20v2;object=k%C3%A9y;"
        "id=%01%00%ff;type=private?pin-source=file:/run/pin";
    const uint8_t id[] = {0x01, 0x00, 0xff};
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_hsm_uri_read(&uri, hm_bytes_str(text), &e), &e);
    assert_string_equal(uri.token, "acme root");
    assert_string_equal(uri.manufacturer, "SoftHSM project");
    assert_string_equal(uri.serial, "8df20bdec87ca0fe");
    assert_string_equal(uri.model, "SoftHSM v2");
    assert_string_equal(uri.object, "k\xc3\xa9y");
    assert_int_equal(uri.id_n, 3);
    assert_memory_equal(uri.id, id, 3);
    assert_string_equal(uri.pin_source, "file:/run/pin");
}

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Each beside a neighbour above or below that is taken. */
static const struct {
    const char *text;
    const char *reason; /* NULL: taken */
} rows[] = {
    {"pkcs11:token=x", NULL},
    {"pkcs11:token=x;object=y", NULL},
    {"pkcs11:object=y;token=x", NULL},
    {"pkcs11:token=x?pin-source=tty", NULL},
    {"pkcs11:token=x;type=public", NULL},
    {"pkcs11:token=:[]@!$'()*+,=&", NULL},
    {"pkcs11:token=" A32, NULL},
    {"pkcs11:token=" A32 "a", "hsm.uri.long"},
    {"pkcs11:serial=aaaaaaaaaaaaaaaa", NULL},
    {"pkcs11:serial=aaaaaaaaaaaaaaaaa", "hsm.uri.long"},
    {"pkcs11:object=" A32 A32 A32 A32, NULL},
    {"pkcs11:object=" A32 A32 A32 A32 "a", "hsm.uri.long"},
    {"pkcs11:id=" A32 A32, NULL},
    {"pkcs11:id=" A32 A32 "a", "hsm.uri.long"},
    {"pkcs11:token=x;;object=y", "hsm.uri.syntax"},
    {"pkcs11:token=x;", "hsm.uri.syntax"},
    {"pkcs11:;token=x", "hsm.uri.syntax"},
    {"pkcs11:", "hsm.uri.syntax"},
    {"pkcs11:token", "hsm.uri.syntax"},
    {"pkcs11:token=", "hsm.uri.syntax"},
    {"pkcs11:=x", "hsm.uri.syntax"},
    {"pkcs11:token=x?", "hsm.uri.syntax"},
    {"PKCS11:token=x", "hsm.uri.syntax"},
    {" pkcs11:token=x", "hsm.uri.syntax"},
    {"pkcs11:token=x ", "hsm.uri.syntax"},
    {"pkcs11:token=x#frag", "hsm.uri.syntax"},
    {"pkcs11:token=a/b", "hsm.uri.syntax"},
    {"pkcs11:token=a%2fb", NULL},
    {"pkcs11:token=a%2", "hsm.uri.syntax"},
    {"pkcs11:token=a%", "hsm.uri.syntax"},
    {"pkcs11:token=a%g0", "hsm.uri.syntax"},
    {"pkcs11:token=a%00b", "hsm.uri.syntax"},
    {"pkcs11:token=a%0ab", "hsm.uri.syntax"},
    {"pkcs11:token=a%1b%5b31m", "hsm.uri.syntax"},
    {"pkcs11:token=%c3%a9", NULL},
    {"pkcs11:token=%c3", "hsm.uri.syntax"},
    {"pkcs11:token=%c0%af", "hsm.uri.syntax"},
    {"pkcs11:token=%ed%a0%80", "hsm.uri.syntax"},
    {"pkcs11:token=%f4%90%80%80", "hsm.uri.syntax"},
    {"pkcs11:token=%f0%9f%94%91", NULL},
    {"pkcs11:token=\xc3\xa9", "hsm.uri.syntax"},
    {"pkcs11:token=x;token=x", "hsm.uri.duplicate"},
    {"pkcs11:token=x;token=y", "hsm.uri.duplicate"},
    {"pkcs11:id=%01;id=%01", "hsm.uri.duplicate"},
    {"pkcs11:type=public;type=public", "hsm.uri.duplicate"},
    {"pkcs11:token=x?pin-source=tty&pin-source=tty", "hsm.uri.duplicate"},
    {"pkcs11:type=cert", "hsm.uri.type"},
    {"pkcs11:type=secret-key", "hsm.uri.type"},
    {"pkcs11:slot-id=0", "hsm.uri.unknown"},
    {"pkcs11:Token=x", "hsm.uri.unknown"},
    {"pkcs11:x-vendor=x", "hsm.uri.unknown"},
    {"pkcs11:token=x?x-vendor=y", "hsm.uri.unknown"},
    {"pkcs11:token=x?token=x", "hsm.uri.unknown"},
    {"pkcs11:token=x;pin-source=tty", "hsm.uri.unknown"},
    {"pkcs11:token=x?pin-value=1234", "hsm.uri.secret"},
    {"pkcs11:token=x;pin-value=1234", "hsm.uri.secret"},
    {"pkcs11:token=x?module-path=/tmp/evil.so", "hsm.uri.module"},
    {"pkcs11:token=x?module-name=evil", "hsm.uri.module"},
};

static void what_would_widen_a_uri_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hm_hsm_uri uri;
        struct hm_err e = {0};
        const hm_rc rc = hm_hsm_uri_read(&uri, hm_bytes_str(rows[i].text), &e);

        if (rows[i].reason == NULL && rc != HM_OK)
            fail_msg("%s: %s", rows[i].text, e.text);
        if (rows[i].reason == NULL)
            continue;
        if (rc == HM_OK || strcmp(e.reason, rows[i].reason) != 0)
            fail_msg("%s: expected %s, got %s", rows[i].text, rows[i].reason,
                     e.reason);
        assert_string_equal(hm_rc_name(rc), "E_USAGE");
        assert_int_equal(uri.token[0], '\0');
    }
}

/* However else the URI is wrong: messages show where it is. */
static void a_pin_in_a_uri_is_not_repeated(void **state)
{
    static const char *const texts[] = {
        "pkcs11:token=x?pin-value=s3cr3t",
        "pkcs11:token=x;pin-value=s3cr3t",
        "pkcs11:token=x?foo&pin-value=s3cr3t",
        "pkcs11:token;pin-value=s3cr3t",
        "pkcs11:;pin-value=s3cr3t",
        "pkcs11:token=x#pin-value=s3cr3t",
        "pkcs11:token=a b;pin-value=s3cr3t",
        "pkcs11:token=x;Pin-Value=s3cr3t",
        "PKCS11:token=x;pin-value=s3cr3t",
        " pkcs11:token=x;pin-value=s3cr3t",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct hm_hsm_uri uri;
        struct hm_err e = {0};

        assert_fails(hm_hsm_uri_read(&uri, hm_bytes_str(texts[i]), &e),
                     HM_E_USAGE, "hsm.uri.secret", &e);
        assert_null(strstr(e.text, "s3cr3t"));
    }
}

static void a_uri_too_long_is_refused(void **state)
{
    char text[HM_HSM_URI_MAX + 2];
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    (void)state;
    (void)snprintf(text, sizeof(text), "pkcs11:token=%0*d",
                   (int)HM_HSM_URI_MAX - 12, 0);
    assert_fails(hm_hsm_uri_read(&uri,
                                 (struct hm_bytes){(const uint8_t *)text,
                                                   HM_HSM_URI_MAX + 1},
                                 &e),
                 HM_E_USAGE, "hsm.uri.long", &e);
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_buf) text = HM_BUF_INIT(4096);
        struct hm_hsm_uri uri;
        struct hm_hsm_uri again;
        struct hm_err e = {0};

        if (rows[i].reason != NULL ||
            strstr(rows[i].text, "type=") == rows[i].text + 7)
            continue;
        assert_ok(hm_hsm_uri_read(&uri, hm_bytes_str(rows[i].text), &e), &e);
        assert_ok(hm_hsm_uri_write(&uri, &text, &e), &e);
        assert_ok(hm_hsm_uri_read(&again, hm_buf_view(&text), &e), &e);
        assert_memory_equal(&uri, &again, sizeof(uri));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_uri_is_read),
        cmocka_unit_test(what_would_widen_a_uri_is_refused),
        cmocka_unit_test(a_pin_in_a_uri_is_not_repeated),
        cmocka_unit_test(a_uri_too_long_is_refused),
        cmocka_unit_test(what_is_written_reads_back_the_same),
    };

    return cmocka_run_group_tests_name("hsm_uri", tests, NULL, NULL);
}
