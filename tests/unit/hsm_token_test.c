/* One SoftHSM token, through the real module. */
#include "hm_run.h"
#include "hsm_priv.h"

#include "hm_test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct hm_temp temp;
    char store[300];
    struct hm_hsm_pin pin;
    struct hm_hsm hsm;
};

static void read_uri(const char *text, struct hm_hsm_uri *uri)
{
    struct hm_err e = {0};

    assert_ok(hm_hsm_uri_read(uri, hm_bytes_str(text), &e), &e);
}

static void open_hsm(struct fixture *f, enum hm_hsm_mode mode)
{
    const struct hm_hsm_where where = {.softhsm = f->store};
    struct hm_err e = {0};

    assert_ok(hm_hsm_open(&f->hsm, &where, mode, &e), &e);
}

static void log_in(struct fixture *f, enum hm_hsm_mode mode)
{
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    open_hsm(f, mode);
    read_uri("pkcs11:token=t", &uri);
    assert_ok(hm_hsm_login(&f->hsm, &uri, &f->pin, &e), &e);
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    hm_temp_make(&f->temp);
    (void)snprintf(f->store, sizeof(f->store), "%s/st", f->temp.path);
    assert_ok(hm_hsm_pin_random(&f->pin, &e), &e);
    open_hsm(f, HM_HSM_PROVISION);
    assert_ok(hm_hsm_token_init(&f->hsm, "t", &f->pin, &f->pin, &e), &e);
    assert_ok(hm_hsm_commit(&f->hsm, &e), &e);
    log_in(f, HM_HSM_PROVISION);
    read_uri("pkcs11:token=t;object=k", &uri);
    assert_ok(
        hm_hsm_generate(&f->hsm, &uri, HM_SCHEME_ECDSA_P256_SHA256, &key, &e),
        &e);
    assert_ok(hm_hsm_commit(&f->hsm, &e), &e);
    hm_hsm_clear(&f->hsm);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;

    hm_hsm_clear(&f->hsm);
    hm_hsm_pin_clear(&f->pin);
    hm_temp_clear(&f->temp);
    free(f);
    return 0;
}

static void find(struct fixture *f, const char *text, struct hm_hsm_key *key)
{
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    read_uri(text, &uri);
    assert_ok(hm_hsm_find_key(&f->hsm, &uri, key, &e), &e);
}

static void a_generated_key_claims_to_stay_inside(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;

    log_in(f, HM_HSM_USE);
    find(f, "pkcs11:object=k", &key);
    assert_int_equal(key.claims.local, HM_HSM_YES);
    assert_int_equal(key.claims.sensitive, HM_HSM_YES);
    assert_int_equal(key.claims.always_sensitive, HM_HSM_YES);
    assert_int_equal(key.claims.extractable, HM_HSM_NO);
    assert_int_equal(key.claims.never_extractable, HM_HSM_YES);
    assert_true(key.claims.is_software);
    assert_int_equal(key.claims.hardware_slot, HM_HSM_NO);
    assert_int_equal(key.claims.hardware_mechanism, HM_HSM_NO);
    assert_int_equal(key.claims.unwrap, HM_HSM_NO);
    assert_int_equal(key.claims.derive, HM_HSM_NO);
    assert_int_equal(key.claims.wrap, HM_HSM_UNKNOWN);
    assert_false(hm_hsm_does_more(&key));
    assert_string_equal(key.claims.key_gen_mechanism, "CKM_EC_KEY_PAIR_GEN");
    assert_string_equal(key.claims.token, "t");
    assert_int_equal(key.uri.id_n, 16);
    assert_string_equal(hm_hsm_note(&f->hsm), "");
}

#define MANY   2000
#define ROUNDS 10

/* What hm_hsm_sign_many() is asked for. */
struct many {
    struct hm_hsm_task task[MANY];
    struct hm_buf sig[MANY];
    int number[MANY];
};

static struct many *make_many(const struct hm_public_key *pinned)
{
    struct many *m = calloc(1, sizeof(*m));

    assert_non_null(m);
    for (int i = 0; i < MANY; i++) {
        m->number[i] = i;
        m->sig[i] = (struct hm_buf)HM_BUF_INIT(HM_SIGNATURE_MAX);
        m->task[i] = (struct hm_hsm_task){
            .pinned = pinned,
            .message = {(const uint8_t *)&m->number[i], sizeof(int)},
            .sig = &m->sig[i]};
    }
    return m;
}

static void free_many(struct many *m)
{
    for (int i = 0; i < MANY; i++)
        hm_buf_clear(&m->sig[i]);
    free(m);
}

/* r and s have leading zeros now and then; hm_hsm_sign_many() verifies each
 * with OpenSSL, and so do we, a few of them. */
static void twenty_thousand_signatures_verify(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    size_t shortest = HM_SIGNATURE_MAX;
    struct hm_err e = {0};
    struct many *m = NULL;

    log_in(f, HM_HSM_USE);
    find(f, "pkcs11:object=k", &key);
    m = make_many(&key.public_key);
    for (int round = 0; round < ROUNDS; round++) {
        assert_ok(hm_hsm_sign_many(&f->hsm, &key, m->task, MANY, &e), &e);
        for (int i = 0; i < MANY; i++) {
            if (i % 50 == 0)
                assert_ok(hm_signature_verify(&key.public_key,
                                              m->task[i].message,
                                              hm_buf_view(&m->sig[i]), &e),
                          &e);
            shortest = m->sig[i].n < shortest ? m->sig[i].n : shortest;
            m->number[i] += MANY;
        }
    }
    assert_true(shortest < 70);
    free_many(m);
}

/* A pinned key that lies: its SPKI is the token's, what verifies is not. */
static void one_bad_signature_of_many_hands_out_none(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_public_key liar = HM_PUBLIC_KEY_INIT;
    struct hm_err e = {0};

    for (int bad = 0; bad < MANY; bad += MANY - 1) {
        struct many *m = NULL;

        log_in(f, HM_HSM_USE);
        find(f, "pkcs11:object=k", &key);
        liar = key.public_key;
        liar.pkey = EVP_EC_gen("P-256");
        m = make_many(&key.public_key);
        m->task[bad].pinned = &liar;
        assert_fails(hm_hsm_sign_many(&f->hsm, &key, m->task, MANY, &e),
                     HM_E_TOKEN, "hsm.sign.mismatch", &e);
        for (int i = 0; i < MANY; i++)
            assert_int_equal(m->sig[i].n, 0);
        free_many(m);
        EVP_PKEY_free(liar.pkey);
        hm_hsm_key_clear(&key);
        hm_hsm_clear(&f->hsm);
    }
}

static void generate_raw(struct fixture *f, CK_MECHANISM_TYPE type,
                         CK_ATTRIBUTE *extra, CK_ULONG extra_n,
                         const char *label)
{
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM mechanism = {type, NULL, 0};
    char name[2100];
    CK_ATTRIBUTE common[] = {
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_LABEL, name, strlen(label)},
        {CKA_ID, name, strlen(label)},
        {CKA_SIGN, &yes, sizeof(yes)},
    };
    CK_ATTRIBUTE public_template[8];
    CK_OBJECT_HANDLE a = 0;
    CK_OBJECT_HANDLE b = 0;
    struct hsm_state *s = f->hsm.state;

    (void)snprintf(name, sizeof(name), "%s", label);
    memcpy(public_template, common, 3 * sizeof(common[0]));
    memcpy(public_template + 3, extra, extra_n * sizeof(extra[0]));
    assert_int_equal(s->f->C_GenerateKeyPair(s->session, &mechanism,
                                             public_template, 3 + extra_n,
                                             common, 4, &a, &b),
                     CKR_OK);
}

static void check_scheme(struct fixture *f, const char *uri,
                         enum hm_scheme scheme)
{
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {0};

    find(f, uri, &key);
    assert_int_equal(key.public_key.scheme, scheme);
    for (int i = 0; i < 50; i++)
        assert_ok(hm_hsm_sign(&f->hsm, &key, &key.public_key,
                              (struct hm_bytes){(const uint8_t *)&i, sizeof(i)},
                              &sig, &e),
                  &e);
}

/* SoftHSM 2.6.1 leaks 37 bytes for each Edwards key it makes. */
#ifdef __SANITIZE_ADDRESS__
static const bool may_leak = false;
#else
static const bool may_leak = true;
#endif

static void every_scheme_signs_and_strange_keys_do_not_disturb(void **state)
{
    static uint8_t p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
    static uint8_t ed[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r',
                           'd',  's',  '2', '5', '5', '1', '9'};
    static uint8_t f4[] = {0x01, 0x00, 0x01};
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE curve = {CKA_EC_PARAMS, p384, sizeof(p384)};
    CK_ATTRIBUTE edwards = {CKA_EC_PARAMS, ed, sizeof(ed)};
    CK_ATTRIBUTE rsa[] = {{CKA_MODULUS_BITS, &bits, sizeof(bits)},
                          {CKA_PUBLIC_EXPONENT, f4, sizeof(f4)}};
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    log_in(f, HM_HSM_PROVISION);
    generate_raw(f, CKM_EC_KEY_PAIR_GEN, &curve, 1, "p384");
    generate_raw(f, CKM_RSA_PKCS_KEY_PAIR_GEN, rsa, 2, "rsa");
    if (may_leak)
        generate_raw(f, CKM_EC_EDWARDS_KEY_PAIR_GEN, &edwards, 1, "ed");
    check_scheme(f, "pkcs11:object=k", HM_SCHEME_ECDSA_P256_SHA256);
    check_scheme(f, "pkcs11:object=p384", HM_SCHEME_ECDSA_P384_SHA384);
    check_scheme(f, "pkcs11:object=rsa", HM_SCHEME_RSA_PKCS1_SHA256);
    read_uri("pkcs11:object=ed", &uri);
    assert_fails(hm_hsm_find_key(&f->hsm, &uri, &key, &e), HM_E_TOKEN,
                 may_leak ? "hsm.key.kind" : "hsm.key.missing", &e);
    assert_null(key.public_key.pkey);
}

/* Set the label of the public half of a key. */
static void rename_public(struct fixture *f, char *from, char *to)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_LABEL, from, strlen(from)}};
    CK_ATTRIBUTE label = {CKA_LABEL, to, strlen(to)};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG n = 0;
    struct hsm_state *s = f->hsm.state;

    assert_int_equal(s->f->C_FindObjectsInit(s->session, wanted, 2), CKR_OK);
    assert_int_equal(s->f->C_FindObjects(s->session, &found, 1, &n), CKR_OK);
    assert_int_equal(s->f->C_FindObjectsFinal(s->session), CKR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(s->f->C_SetAttributeValue(s->session, found, &label, 1),
                     CKR_OK);
}

/* "Private key for Digital Signature", "Public key for Digital Signature". */
static void halves_with_one_id_may_have_two_labels(void **state)
{
    struct fixture *f = *state;
    char old[] = "k";
    char new[] = "public half";

    log_in(f, HM_HSM_PROVISION);
    rename_public(f, old, new);
    check_scheme(f, "pkcs11:object=k", HM_SCHEME_ECDSA_P256_SHA256);
}

/* A label longer than any buffer of ours is a stranger's. */
static void a_key_with_an_endless_name_does_not_disturb(void **state)
{
    static uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48,
                             0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_ATTRIBUTE curve = {CKA_EC_PARAMS, p256, sizeof(p256)};
    struct fixture *f = *state;
    char name[2001];
    HM_OWN(hm_hsm_entries) all = HM_HSM_ENTRIES_INIT;
    struct hm_err e = {0};

    memset(name, 'k', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    log_in(f, HM_HSM_PROVISION);
    generate_raw(f, CKM_EC_KEY_PAIR_GEN, &curve, 1, name);
    check_scheme(f, "pkcs11:object=k", HM_SCHEME_ECDSA_P256_SHA256);
    assert_ok(hm_hsm_list(&f->hsm, &all, &e), &e);
    assert_int_equal(all.n, 3);
}

static void a_second_key_with_the_name_is_not_made(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    log_in(f, HM_HSM_PROVISION);
    read_uri("pkcs11:object=k", &uri);
    assert_fails(
        hm_hsm_generate(&f->hsm, &uri, HM_SCHEME_ECDSA_P256_SHA256, &key, &e),
        HM_E_TOKEN, "hsm.key.exists", &e);
    read_uri("pkcs11:token=t", &uri);
    assert_fails(
        hm_hsm_generate(&f->hsm, &uri, HM_SCHEME_ECDSA_P256_SHA256, &key, &e),
        HM_E_USAGE, "hsm.uri.object", &e);
}

static void what_is_not_there_is_listed(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    log_in(f, HM_HSM_USE);
    read_uri("pkcs11:object=other", &uri);
    assert_fails(hm_hsm_find_key(&f->hsm, &uri, &key, &e), HM_E_TOKEN,
                 "hsm.key.missing", &e);
    assert_non_null(strstr(e.text, "'k'"));
    read_uri("pkcs11:token=other", &uri);
    assert_fails(hm_hsm_login(&f->hsm, &uri, &f->pin, &e), HM_E_TOKEN,
                 "hsm.token.missing", &e);
    assert_non_null(strstr(e.text, "'t'"));
    read_uri("pkcs11:object=k", &uri);
    assert_fails(hm_hsm_login(&f->hsm, &uri, &f->pin, &e), HM_E_USAGE,
                 "hsm.uri.token", &e);
    read_uri("pkcs11:token=t", &uri);
    assert_fails(hm_hsm_find_public(&f->hsm, &uri, &key, &e), HM_E_USAGE,
                 "hsm.uri.object", &e);
}

/* The store's files are ordinary: a copy of a key file is a second key. */
static void copy_keys_in_store(struct fixture *f)
{
    HM_OWN(hm_dir) tokens = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&tokens, hm_temp_path(&f->temp, "st/tokens"), &e),
              &e);
    assert_ok(softhsm_set_dirs(&tokens, ".", 0700, &e), &e);
    assert_ok(hm_dir_list_tree(&tokens, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++) {
        const char *slash = strchr(names.name[i], '/');
        char to[400];

        if (strlen(slash) < 40) /* the folder, token.object, generation */
            continue;
        (void)snprintf(to, sizeof(to), "%.36s/x%s", names.name[i], slash + 1);
        assert_ok(hm_file_copy_at(&tokens, names.name[i], &tokens, to,
                                  HM_OUT_NEW, &e),
                  &e);
    }
}

static void two_keys_with_one_label_are_ambiguous(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    copy_keys_in_store(f);
    log_in(f, HM_HSM_USE);
    read_uri("pkcs11:object=k", &uri);
    assert_fails(hm_hsm_find_key(&f->hsm, &uri, &key, &e), HM_E_TOKEN,
                 "hsm.key.ambiguous", &e);
    assert_non_null(strstr(e.text, "2 keys"));
    assert_int_equal(key.handle, 0);
}

static void two_tokens_with_one_label_are_ambiguous(void **state)
{
    struct fixture *f = *state;
    CK_UTF8CHAR label[32];
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    open_hsm(f, HM_HSM_PROVISION);
    assert_ok(hsm_token_scan(f->hsm.state, false, &e), &e);
    memset(label, ' ', sizeof(label));
    label[0] = 't';
    assert_int_equal(f->hsm.state->f->C_InitToken(f->hsm.state->seen[0].slot,
                                                  (CK_UTF8CHAR_PTR)f->pin.p,
                                                  f->pin.n, label),
                     CKR_OK);
    read_uri("pkcs11:token=t", &uri);
    assert_fails(hm_hsm_login(&f->hsm, &uri, &f->pin, &e), HM_E_TOKEN,
                 "hsm.token.ambiguous", &e);
}

static void a_wrong_pin_is_refused(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_pin) wrong = HM_HSM_PIN_INIT;
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    assert_ok(hm_hsm_pin_random(&wrong, &e), &e);
    open_hsm(f, HM_HSM_USE);
    read_uri("pkcs11:token=t", &uri);
    assert_fails(hm_hsm_login(&f->hsm, &uri, &wrong, &e), HM_E_TOKEN,
                 "hsm.pin.incorrect", &e);
    assert_null(strstr(e.text, "unknown"));
}

static void only_the_pinned_key_signs(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_public_key other = HM_PUBLIC_KEY_INIT;
    struct hm_err e = {0};

    log_in(f, HM_HSM_USE);
    find(f, "pkcs11:object=k", &key);
    assert_fails(hm_hsm_sign(&f->hsm, &key, &other, HM_LIT("x"), &sig, &e),
                 HM_E_REJECTED, "hsm.key.other", &e);
    assert_int_equal(sig.n, 0);
    assert_fails(
        hm_hsm_sign(&f->hsm, &key, &key.public_key, HM_LIT("x"), &sig, &e),
        HM_E_TOKEN, "hsm.session.closed", &e);
}

static void a_token_is_not_made_twice(void **state)
{
    struct fixture *f = *state;
    struct hm_err e = {0};

    open_hsm(f, HM_HSM_PROVISION);
    assert_fails(hm_hsm_token_init(&f->hsm, "t", &f->pin, &f->pin, &e),
                 HM_E_TOKEN, "hsm.token.exists", &e);
    assert_fails(hm_hsm_token_init(&f->hsm, "", &f->pin, &f->pin, &e),
                 HM_E_USAGE, "hsm.token.label", &e);
    assert_fails(
        hm_hsm_token_init(&f->hsm, "caf\xc3\xa9", &f->pin, &f->pin, &e),
        HM_E_USAGE, "hsm.token.label", &e);
}

static void a_store_shows_its_keys_without_a_pin(void **state)
{
    struct fixture *f = *state;
    HM_OWN(hm_hsm_entries) all = HM_HSM_ENTRIES_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_uri uri;
    struct hm_err e = {0};

    open_hsm(f, HM_HSM_USE);
    assert_ok(hm_hsm_list(&f->hsm, &all, &e), &e);
    assert_int_equal(all.n, 2);
    assert_false(all.entry[0].is_key);
    assert_true(all.entry[1].is_key);
    read_uri("pkcs11:token=t;object=k", &uri);
    assert_ok(hm_hsm_find_public(&f->hsm, &uri, &key, &e), &e);
    assert_string_equal(all.entry[1].keyid, key.public_key.keyid);
    assert_int_equal(key.handle, 0);
    assert_int_equal(key.claims.local, HM_HSM_UNKNOWN);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_generated_key_claims_to_stay_inside),
        WITH(twenty_thousand_signatures_verify),
        WITH(one_bad_signature_of_many_hands_out_none),
        WITH(every_scheme_signs_and_strange_keys_do_not_disturb),
        WITH(halves_with_one_id_may_have_two_labels),
        WITH(a_key_with_an_endless_name_does_not_disturb),
        WITH(a_second_key_with_the_name_is_not_made),
        WITH(what_is_not_there_is_listed),
        WITH(two_keys_with_one_label_are_ambiguous),
        WITH(two_tokens_with_one_label_are_ambiguous),
        WITH(a_wrong_pin_is_refused),
        WITH(only_the_pinned_key_signs),
        WITH(a_token_is_not_made_twice),
        WITH(a_store_shows_its_keys_without_a_pin),
    };

    return cmocka_run_group_tests_name("hsm_token", tests, NULL, NULL);
}
