/* Signature files, and how many root keys made them. */
#include "hm_test.h"

#include "alloc_fail.h"
#include "release_maker.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT     HM_LIT("{\n  \"format\": \"hallmark-authorisation/1\"\n}\n")

struct world {
    struct maker m;
    struct hm_root root; /* 2 of 3 */
    struct hm_temp t;
    struct hm_dir dir;
};

static int make_world(void **state)
{
    static struct world w;
    struct hm_err e = {.rc = HM_OK};

    maker_init(&w.m, 2, 3);
    w.root = (struct hm_root)HM_ROOT_INIT;
    w.dir = (struct hm_dir)HM_DIR_INIT;
    assert_ok(hm_root_read(&w.root, hm_buf_view(&w.m.root), &e), &e);
    hm_temp_make(&w.t);
    assert_ok(hm_dir_open(&w.dir, w.t.path, &e), &e);
    *state = &w;
    return 0;
}

static int clear_world(void **state)
{
    struct world *w = *state;

    hm_dir_clear(&w->dir);
    hm_temp_clear(&w->t);
    hm_root_clear(&w->root);
    maker_clear(&w->m);
    return 0;
}

static void add(const struct world *w, struct hm_signatures *sigs,
                enum maker_name key, struct hm_bytes text)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    maker_signature(&w->m, key, text, &sig);
    assert_ok(hm_signatures_add(sigs, "d.sig", hm_buf_view(&sig), &e), &e);
}

/* --- files ----------------------------------------------------------------------- */

static void save(const struct world *w, const char *name, struct hm_bytes sig)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_save_at(&w->dir, name, sig, HM_OUT_REPLACE, &e), &e);
}

static void names_count_from_two(void **state)
{
    static const char *const names[] = {"d.sig",   "d.sig.2", "d.sig.3",
                                        "d.sig.4", "d.sig.5", "d.sig.6",
                                        "d.sig.7", "d.sig.8"};
    char name[32];

    (void)state;
    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        hm_signature_name("d", i, name, sizeof(name));
        assert_string_equal(name, names[i]);
    }
}

static void every_file_of_the_eight_is_loaded(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_signatures_load(&sigs, &w->dir, "none", &e), &e);
    assert_int_equal(sigs.n, 0);
    maker_signature(&w->m, MAKER_ROOT_1, TEXT, &sig);
    save(w, "d.sig.2", hm_buf_view(&sig)); /* no d.sig: a gap is no end */
    save(w, "d.sig.8", hm_buf_view(&sig));
    save(w, "d.sig.9", hm_buf_view(&sig)); /* nobody's */
    save(w, "d.sig.1", hm_buf_view(&sig));
    assert_ok(hm_signatures_load(&sigs, &w->dir, "d", &e), &e);
    assert_int_equal(sigs.n, 2);
    assert_string_equal(sigs.sig[0].name, "d.sig.2");
    assert_string_equal(sigs.sig[1].name, "d.sig.8");
    assert_bytes_equal(hm_buf_view(&sigs.sig[1].bytes), hm_buf_view(&sig));
}

static void a_malformed_signature_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        hm_rc rc;
    } rows[] = {
        {"", 0, HM_E_FORMAT},
        {"\n", 1, HM_E_FORMAT},
        {"\x30", 1, HM_E_FORMAT},
        {"r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s", 63,
         HM_E_FORMAT},
        {"0-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-", 64,
         HM_E_FORMAT}, /* begins as a SEQUENCE does */
        {"r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r-and-s-r",
         65, HM_E_FORMAT},
        {"-----BEGIN PKCS7-----\n", 22, HM_E_FORMAT},
        {"\x30\x06\x02\x01\x01\x02\x01\x01", 8, HM_OK},
        {"\x30\x06\x02\x01\x01\x02\x01\x01\x00", 9, HM_E_FORMAT}, /* behind */
        {"\x30\x06\x02\x01\x01\x02\x01\x00", 8, HM_E_FORMAT},     /* s = 0 */
        {"\x30\x06\x02\x01\x81\x02\x01\x01", 8, HM_E_FORMAT},     /* negative */
        {"\x30\x07\x02\x02\x00\x01\x02\x01\x01", 9, HM_E_FORMAT}, /* padded */
        {"\x30\x81\x06\x02\x01\x01\x02\x01\x01", 9, HM_E_FORMAT}, /* length */
        {"\x30\x06\x02\x01\x01\x02\x01", 7, HM_E_FORMAT},         /* cut */
    };
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        save(w, "m.sig",
             (struct hm_bytes){(const uint8_t *)rows[i].text, rows[i].n});
        rc = hm_signatures_load(&sigs, &w->dir, "m", &e);
        if (rows[i].rc == HM_OK) {
            assert_ok(rc, &e);
            continue;
        }
        assert_fails(rc, rows[i].rc, "trust.signature.malformed", &e);
        assert_int_equal(sigs.n, 0);
    }
}

static void a_signature_has_at_most_512_bytes(void **state)
{
    const struct world *w = *state;
    uint8_t zeros[HM_SIGNATURE_MAX + 1] = {0};
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    struct hm_err e = {.rc = HM_OK};

    save(w, "l.sig", (struct hm_bytes){zeros, HM_SIGNATURE_MAX}); /* RSA's */
    assert_ok(hm_signatures_load(&sigs, &w->dir, "l", &e), &e);
    save(w, "l.sig", (struct hm_bytes){zeros, HM_SIGNATURE_MAX + 1});
    assert_fails(hm_signatures_load(&sigs, &w->dir, "l", &e), HM_E_LIMIT,
                 "trust.signature.malformed", &e);
    save(w, "l.sig", (struct hm_bytes){zeros, 64}); /* r and s alone */
    assert_fails(hm_signatures_load(&sigs, &w->dir, "l", &e), HM_E_FORMAT,
                 "trust.signature.malformed", &e);
}

static void a_link_is_no_signature(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    maker_signature(&w->m, MAKER_ROOT_1, TEXT, &sig);
    save(w, "k.sig", hm_buf_view(&sig));
    assert_ok(hm_signatures_load(&sigs, &w->dir, "k", &e), &e);
    assert_int_equal(symlinkat("k.sig", w->dir.fd, "k.sig.2"), 0);
    assert_int_equal(hm_signatures_load(&sigs, &w->dir, "k", &e), HM_E_IO);
    assert_int_equal(sigs.n, 0);
    assert_int_equal(unlinkat(w->dir.fd, "k.sig.2", 0), 0);
    assert_int_equal(mkdirat(w->dir.fd, "k.sig.2", 0755), 0);
    assert_int_equal(hm_signatures_load(&sigs, &w->dir, "k", &e), HM_E_IO);
}

static void eight_signatures_are_enough(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++)
        add(w, &sigs, MAKER_ROOT_1, TEXT);
    maker_signature(&w->m, MAKER_ROOT_1, TEXT, &sig);
    assert_fails(hm_signatures_add(&sigs, "d", hm_buf_view(&sig), &e),
                 HM_E_LIMIT, "trust.signature.count", &e);
    assert_int_equal(sigs.n, HM_SIGNATURES_MAX);
}

/* --- thresholds -------------------------------------------------------------------- */

static void thresholds_count_keys(void **state)
{
    static const struct {
        unsigned n, keys; /* signatures, root keys among them */
        enum maker_name by[HM_SIGNATURES_MAX];
    } rows[] = {
        {0, 0, {0}},
        {1, 1, {MAKER_ROOT_1}},
        {2, 2, {MAKER_ROOT_1, MAKER_ROOT_2}},
        {2, 2, {MAKER_ROOT_3, MAKER_ROOT_1}},
        {3, 3, {MAKER_ROOT_3, MAKER_ROOT_2, MAKER_ROOT_1}},
        {2, 1, {MAKER_ROOT_2, MAKER_ROOT_2}}, /* one key twice */
        {2, 1, {MAKER_ROOT_1, MAKER_STRANGER}},
        {3, 2, {MAKER_STRANGER, MAKER_ROOT_1, MAKER_ROOT_2}},
        {2, 0, {MAKER_STRANGER, MAKER_VENDOR}},
        {8, 1, {MAKER_ROOT_1, 0, 0, 0, 0, 0, 0, 0}},
        {8, 2, {MAKER_ROOT_1, 0, 0, 0, 0, 0, 0, MAKER_ROOT_2}},
    };
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
        struct hm_signers by;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        for (unsigned k = 0; k < rows[i].n; k++)
            add(w, &sigs, rows[i].by[k], TEXT);
        rc = hm_root_verify(&w->root, TEXT, &sigs, &by, &e);
        assert_int_equal(by.n, rows[i].keys);
        if (rows[i].keys >= 2)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, "trust.authorisation.signature",
                         &e);
    }
}

static void other_bytes_are_not_signed(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    struct hm_err e = {.rc = HM_OK};

    add(w, &sigs, MAKER_ROOT_1, TEXT);
    add(w, &sigs, MAKER_ROOT_2, HM_LIT("other"));
    assert_fails(hm_root_verify(&w->root, TEXT, &sigs, NULL, &e), HM_E_REJECTED,
                 "trust.authorisation.signature", &e);
    add(w, &sigs, MAKER_ROOT_2, TEXT);
    assert_ok(hm_root_verify(&w->root, TEXT, &sigs, NULL, &e), &e);
}

static void a_root_set_that_was_never_read_says_no(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    struct hm_err e = {.rc = HM_OK};

    add(w, &sigs, MAKER_ROOT_1, TEXT);
    assert_fails(hm_root_verify(&root, TEXT, &sigs, NULL, &e), HM_E_REJECTED,
                 "trust.authorisation.signature", &e);
}

/* Writes the set with the third key's scheme changed and reads that. */
static void read_with_scheme(const struct world *w, const char *scheme,
                             struct hm_root *out)
{
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_root_read(&root, hm_buf_view(&w->m.root), &e), &e);
    (void)snprintf(root.keys[2].key.scheme, sizeof(root.keys[2].key.scheme),
                   "%s", scheme);
    assert_ok(hm_root_write(&root, &text, &e), &e);
    assert_ok(hm_root_read(out, hm_buf_view(&text), &e), &e);
}

static void a_key_of_an_unknown_scheme_counts_as_absent(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    struct hm_err e = {.rc = HM_OK};

    add(w, &sigs, MAKER_ROOT_1, TEXT);
    add(w, &sigs, MAKER_ROOT_3, TEXT);
    read_with_scheme(w, "ml-dsa-44", &root);
    assert_fails(hm_root_verify(&root, TEXT, &sigs, NULL, &e), HM_E_REJECTED,
                 "trust.authorisation.signature", &e);
    read_with_scheme(w, "ecdsa-p256-sha256", &root);
    assert_ok(hm_root_verify(&root, TEXT, &sigs, NULL, &e), &e);
}

/* A key of any kind, its place in a root set and its signature. */
static void sign_with(EVP_PKEY *pkey, const EVP_MD *md, struct hm_root *root,
                      struct hm_signatures *sigs)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t out[HM_SPKI_MAX];
    size_t n = sizeof(out);
    unsigned char *at = out;
    struct hm_err e = {.rc = HM_OK};

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, md, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &n, TEXT.p, TEXT.n), 1);
    assert_ok(hm_signatures_add(sigs, "d", (struct hm_bytes){out, n}, &e), &e);
    n = (size_t)i2d_PUBKEY(pkey, &at);
    assert_ok(hm_public_key_read(&key, (struct hm_bytes){out, n}, &e), &e);
    assert_ok(hm_root_add(root, &key, "k", &e), &e);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

/* The key says which scheme is its own. */
static void rename_scheme(struct hm_root *root, size_t i, const char *scheme)
{
    char own[sizeof(root->keys[i].key.scheme)];
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    memcpy(own, root->keys[i].key.scheme, sizeof(own));
    (void)snprintf(root->keys[i].key.scheme, sizeof(own), "%s", scheme);
    assert_fails(hm_root_write(root, &text, &e), HM_E_FORMAT,
                 "trust.key.scheme", &e);
    memcpy(root->keys[i].key.scheme, own, sizeof(own));
}

static void keys_of_every_scheme_count(void **state)
{
    HM_OWN(hm_root) root = {.vendor = "acme", .threshold = 3};
    HM_OWN(hm_root) again = HM_ROOT_INIT;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    sign_with(EVP_EC_gen("P-256"), EVP_sha256(), &root, &sigs);
    sign_with(EVP_EC_gen("P-384"), EVP_sha384(), &root, &sigs);
    sign_with(EVP_RSA_gen(2048), EVP_sha256(), &root, &sigs);
    assert_ok(hm_root_write(&root, &text, &e), &e);
    assert_ok(hm_root_read(&again, hm_buf_view(&text), &e), &e);
    assert_ok(hm_root_verify(&again, TEXT, &sigs, NULL, &e), &e);
    sigs.sig[2].bytes.p[20] ^= 1;
    assert_fails(hm_root_verify(&again, TEXT, &sigs, NULL, &e), HM_E_REJECTED,
                 "trust.authorisation.signature", &e);
    rename_scheme(&root, 0, "ecdsa-p384-sha384");
    rename_scheme(&root, 1, "ecdsa-p256-sha256");
    rename_scheme(&root, 1, "rsa-pkcs1-sha256");
    rename_scheme(&root, 2, "ecdsa-p256-sha256");
}

static void loading_survives_every_failing_allocation(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

    maker_signature(&w->m, MAKER_ROOT_1, TEXT, &sig);
    save(w, "a.sig", hm_buf_view(&sig));
    save(w, "a.sig.2", hm_buf_view(&sig));
    for (int k = 0;; k++) {
        HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = hm_signatures_load(&sigs, &w->dir, "a", &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
        assert_int_equal(sigs.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_count_from_two),
        cmocka_unit_test(every_file_of_the_eight_is_loaded),
        cmocka_unit_test(a_malformed_signature_is_refused),
        cmocka_unit_test(a_signature_has_at_most_512_bytes),
        cmocka_unit_test(a_link_is_no_signature),
        cmocka_unit_test(eight_signatures_are_enough),
        cmocka_unit_test(thresholds_count_keys),
        cmocka_unit_test(other_bytes_are_not_signed),
        cmocka_unit_test(a_root_set_that_was_never_read_says_no),
        cmocka_unit_test(a_key_of_an_unknown_scheme_counts_as_absent),
        cmocka_unit_test(keys_of_every_scheme_count),
        cmocka_unit_test(loading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("trust_signature", tests, make_world,
                                       clear_world);
}
