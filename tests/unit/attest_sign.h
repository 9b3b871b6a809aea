/** @file
 * A key that lives for one test, and what it signs.
 */
#ifndef ATTEST_SIGN_H
#define ATTEST_SIGN_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hm_attest.h"

#include "hm_test.h"

struct test_key {
    EVP_PKEY *pkey;           /* owned */
    struct hm_public_key key; /* owned */
};

static inline void test_key_make(struct test_key *k)
{
    unsigned char *der = NULL;
    struct hm_err e = {0};
    int n = 0;

    *k = (struct test_key){.key = HM_PUBLIC_KEY_INIT};
    k->pkey = EVP_EC_gen("P-256");
    n = i2d_PUBKEY(k->pkey, &der);
    assert_true(n > 0);
    assert_ok(
        hm_public_key_read(&k->key, (struct hm_bytes){der, (size_t)n}, &e), &e);
    OPENSSL_free(der);
}

static inline void test_key_clear(struct test_key *k)
{
    EVP_PKEY_free(k->pkey);
    hm_public_key_clear(&k->key);
}

/** Sign @p message; @p sig holds HM_SIGNATURE_MAX bytes. */
static inline struct hm_bytes
test_key_sign(const struct test_key *k, struct hm_bytes message, uint8_t *sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = HM_SIGNATURE_MAX;

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey),
                     1);
    assert_int_equal(EVP_DigestSign(ctx, sig, &n, message.p, message.n), 1);
    EVP_MD_CTX_free(ctx);
    return (struct hm_bytes){sig, n};
}

/** Sign the PAE of @p statement. */
static inline struct hm_bytes test_key_sign_statement(const struct test_key *k,
                                                      struct hm_bytes statement,
                                                      uint8_t *sig)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(1u << 20);
    struct hm_err e = {0};

    assert_ok(hm_attest_make_statement_pae(statement, &pae, &e), &e);
    return test_key_sign(k, hm_buf_view(&pae), sig);
}

/** The envelope of @p statement, signed by @p n keys. */
static inline void test_envelope(const struct test_key *keys, size_t n,
                                 struct hm_bytes statement, struct hm_buf *out)
{
    struct hm_attest_signed by[HM_ATTEST_SIGNATURES_MAX];
    uint8_t sig[HM_ATTEST_SIGNATURES_MAX][HM_SIGNATURE_MAX];
    struct hm_err e = {0};

    for (size_t i = 0; i < n; i++) {
        by[i].key = &keys[i].key;
        by[i].sig = test_key_sign_statement(&keys[i], statement, sig[i]);
    }
    assert_ok(hm_attest_write_envelope(statement, by, n, out, &e), &e);
}

#endif /* ATTEST_SIGN_H */
