/* Two readers, one verdict: the device's own and the host's are held to the
 * same answer on every change of every document; and every flipped byte of what
 * is signed is a no. */
#include "device_maker.h"
#include "device_priv.h"
#include "hm_test.h"
#include "json_mutate.h"
#include "whole_docs.h"

static struct dm d;

static int setup(void **state)
{
    (void)state;
    dm_init(&d);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dm_clear(&d);
    return 0;
}

/* --- every byte -------------------------------------------------------------------- */

static void flip_all(struct hm_buf *bytes)
{
    assert_true(bytes->n > 0);
    for (size_t i = 0; i < bytes->n; i++) {
        const uint8_t mask = (uint8_t)(1u << (i % 8));

        bytes->p[i] ^= mask;
        if (hm_device_check(&d.crypto.device, &d.self, &d.offer, &d.result) !=
                HM_DEVICE_NO ||
            d.result.check > 1)
            fail_msg("byte %zu: %s", i, d.result.reason);
        assert_true(d.result.after.sequence == 6);
        bytes->p[i] ^= mask;
    }
}

static void every_flipped_byte_is_a_no(void **state)
{
    (void)state;
    dm_make(&d, NULL);
    for (unsigned i = 0; i < DM_DOCUMENTS; i++)
        flip_all(&d.doc[i]);
    flip_all(&d.sig[DM_AUTHORISATION][0]);
    flip_all(&d.sig[DM_AUTHORISATION][1]);
    flip_all(&d.sig[DM_MANIFEST][0]);
    assert_accepted(&d);
}

static void every_shorter_document_is_a_no(void **state)
{
    struct hm_device_bytes *const views[] = {
        &d.offer.root, &d.offer.authorisation, &d.offer.manifest,
        &d.offer.manifest_sig[0]};

    (void)state;
    dm_make(&d, NULL);
    for (size_t v = 0; v < sizeof(views) / sizeof(views[0]); v++) {
        const size_t n = views[v]->n;

        while (views[v]->n > 0) {
            views[v]->n--;
            assert_true(dm_check(&d) != device_yes);
            assert_int_equal(d.result.check, 1);
        }
        views[v]->n = n;
    }
    assert_accepted(&d);
}

/* --- the two readers ------------------------------------------------------------------ */

/* The reason of the device's reader for a text. */
static const char *device_root(struct hm_device_bytes text)
{
    struct device_root root;

    return device_root_read(&d.crypto.device, text, &root);
}

static const char *device_authorisation(struct hm_device_bytes text)
{
    struct device_authorisation a = {.sequence = 0};
    const char *why =
        device_format(text, "hallmark-authorisation/1", "authorisation.format");

    return why != device_yes ? why
                             : device_authorisation_read(&d.crypto.device, text,
                                                         "thermostat", &a);
}

static const char *device_manifest(struct hm_device_bytes text)
{
    struct device_manifest m;
    const char *why =
        device_format(text, "hallmark-manifest/1", "manifest.format");

    return why != device_yes ? why : device_manifest_read(text, &m);
}

HM_MUST static hm_rc host_root(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_root) root = HM_ROOT_INIT;

    return hm_root_read(&root, text, e);
}

HM_MUST static hm_rc host_authorisation(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;

    return hm_authorisation_read(&a, text, e);
}

HM_MUST static hm_rc host_manifest(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;

    return hm_manifest_read(&m, text, e);
}

static unsigned compared;

/* The host's verdict; the device's must be the same yes or no. */
HM_MUST static hm_rc compare(hm_rc (*host)(struct hm_bytes, struct hm_err *),
                             const char *(*device)(struct hm_device_bytes),
                             struct hm_bytes text, struct hm_err *e)
{
    const hm_rc rc = host(text, e);
    const char *why = device((struct hm_device_bytes){text.p, text.n});

    compared++;
    if ((rc == HM_OK) != (why == device_yes)) {
        print_message("%.*s\n", (int)text.n, (const char *)text.p);
        fail_msg("host: %s; device: %s", rc == HM_OK ? "yes" : e->reason, why);
    }
    return rc;
}

HM_MUST static hm_rc both_root(struct hm_bytes text, struct hm_err *e)
{
    return compare(host_root, device_root, text, e);
}

HM_MUST static hm_rc both_authorisation(struct hm_bytes text, struct hm_err *e)
{
    return compare(host_authorisation, device_authorisation, text, e);
}

HM_MUST static hm_rc both_manifest(struct hm_bytes text, struct hm_err *e)
{
    return compare(host_manifest, device_manifest, text, e);
}

/* In documents where everything stands that may; the lists are the changes that
 * both accept. */
static void the_two_readers_agree_on_every_change(void **state)
{
    static const char *const of_root[] = {NULL};
    static const char *const of_authorisation[] = {
        "[] /limits",
        "[] /retired",
        "removed /retired/1/ledger",
        "0 /sequence",
        "0 /limits/0/epoch",
        "0 /limits/0/max_rollback_counter",
        "0 /limits/1/max_rollback_counter",
        "0 /retired/1/ledger/size",

        "\"\\u0007\" /keys/0/token/module",
        "\"\\u0007\" /keys/0/token/token",
        "\"\\u0007\" /keys/0/token/serial",
        "\"\\u0007\" /keys/0/token/key_gen_mechanism",
        "removed /keys/0/token/hardware_slot",
        "removed /keys/0/token/hardware_mechanism",
        "removed /keys/0/token/key_gen_mechanism",
        "\"\\u0007\" /keys/1/token/module",
        "\"\\u0007\" /keys/1/token/token",
        "\"\\u0007\" /keys/1/token/serial",
        "\"\\u0007\" /retired/0/token/module",
        "\"\\u0007\" /retired/0/token/token",
        "\"\\u0007\" /retired/0/token/serial",
        "\"\\u0007\" /retired/1/token/module",
        "\"\\u0007\" /retired/1/token/token",
        "\"\\u0007\" /retired/1/token/serial",
        NULL};
    static const char *const of_manifest[] = {
        "removed /label",
        "removed /channel",
        "removed /support_until",
        "removed /min_updater",
        "removed /install",
        "removed /advisories/0/cvss",
        "removed /advisories/1/cvss",
        "removed /updates/0/from_versions",
        "removed /updates/0/artefacts/0/slot",
        "removed /updates/1/artefacts/0/slot",
        "removed /updates/1/artefacts/0/content_sha256",
        "[] /advisories",
        "[] /advisories/0/aliases",
        "[] /advisories/1/aliases",
        "false /install/critical",
        "0 /epoch",
        "0 /sequence",
        "0 /rollback_counter",
        "0 /install/postpone_max_s",
        "0 /updates/0/artefacts/0/target_size",
        "0 /index/size",
        NULL};
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);

    (void)state;
    whole_root(&d.keys, &text);
    mutate_document(hm_buf_view(&text), both_root, of_root);
    whole_authorisation(&d.keys, &text);
    mutate_document(hm_buf_view(&text), both_authorisation, of_authorisation);
    whole_manifest(&text);
    mutate_document(hm_buf_view(&text), both_manifest, of_manifest);
    assert_true(compared > 1000);
}

/* The manifest with the first address replaced. */
static void with_url(const struct hm_buf *good, const char *url,
                     struct hm_buf *out)
{
    static const char was[] = "https://acme.example/sa/ACME-SA-2026-0001";
    const uint8_t *at = memmem(good->p, good->n, was, sizeof(was) - 1);
    const uint8_t *end = good->p + good->n;
    struct hm_err e = {.rc = HM_OK};

    assert_non_null(at);
    hm_buf_clear(out);
    assert_ok(
        hm_buf_add(out, (struct hm_bytes){good->p, (size_t)(at - good->p)}, &e),
        &e);
    assert_ok(hm_buf_add(out, hm_bytes_str(url), &e), &e);
    at += sizeof(was) - 1;
    assert_ok(hm_buf_add(out, (struct hm_bytes){at, (size_t)(end - at)}, &e),
              &e);
}

/* B15: where a person is sent for advice is no place for tricks. */
static void the_two_readers_agree_on_every_address(void **state)
{
    static const struct {
        const char *url;
        bool is_good;
    } rows[] = {
        {"https://acme.example", true},
        {"https://acme.example/sa/1", true},
        {"https://acme.example:8443/sa/1?lang=en#fix", true},
        {"https://xn--acm-epa.example?id=1", true},
        {"https://192.0.2.1#a", true},
        {"https://[2001:db8::1]:8443/", true},
        {"https://acme.example/%7Esa/a:b;c=d,e'f(g)*!$&+~_", true},
        {"", false},
        {"https:", false},
        {"https:/acme.example/", false},
        {"https://", false},
        {"https:///sa/1", false},
        {"https://?sa=1", false},
        {"https://#1", false},
        {"https://:443/", false},
        {"https://.example/", false},
        {"https://-acme.example/", false},
        {"HTTPS://acme.example/", false},
        {"http://acme.example/", false},
        {"file:///etc/passwd", false},
        {"javascript:alert(1)", false},
        {" https://acme.example/", false},
        {"https://acme.example/ sa", false},
        {"https://user:pw@acme.example/", false},
        {"https://acme.example@evil.example/", false},
        {"https://acme.example/@sa", false},
        {"https://acme.example%40evil.example/", false},
        {"https://acme%2eexample/", false},
        {"https://acme_example/", false},
        {"https://acme.example;evil.example/", false},
        {"https://acme.example\\\\evil.example/", false},
        {"https://acme.example/\"onclick=\"", false},
        {"https://acme.example/<script>", false},
        {"https://\xd0\xb0\xd1\x81me.example/", false},
        {"https://acme.example/\xc3\xa9", false},
        {"https://acme.example/\\u0000", false},
        {"https://acme.example/\\u000a", false},
    };
    HM_OWN(hm_buf) good = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};
    static char many[10240] = "https://acme.example/";

    (void)state;
    whole_manifest(&good);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        with_url(&good, rows[i].url, &text);
        if ((both_manifest(hm_buf_view(&text), &e) == HM_OK) != rows[i].is_good)
            fail_msg("'%s' is %s", rows[i].url,
                     rows[i].is_good ? "refused" : "accepted");
    }
    memset(many + strlen(many), 'a', sizeof(many) - strlen(many) - 1);
    for (size_t n = 255; n <= sizeof(many) - 1; n += sizeof(many) - 1 - 255) {
        static char url[sizeof(many)];

        (void)snprintf(url, sizeof(url), "%.*s", (int)n, many);
        with_url(&good, url, &text);
        assert_int_equal(both_manifest(hm_buf_view(&text), &e) == HM_OK,
                         n == 255);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_is_a_no),
        cmocka_unit_test(every_shorter_document_is_a_no),
        cmocka_unit_test(the_two_readers_agree_on_every_change),
        cmocka_unit_test(the_two_readers_agree_on_every_address),
    };

    return cmocka_run_group_tests_name("device_twin", tests, setup, teardown);
}
