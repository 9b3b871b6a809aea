/* Keys, signatures and the root set of the release maker. */
#include "hm_test.h"
#include "release_maker_priv.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static void make_key(struct maker_key *k, const char *curve)
{
    static const struct maker_key none = {.pkey = NULL};
    unsigned char *der = NULL;
    struct hm_err e = {.rc = HM_OK};
    int n;

    *k = none;
    k->pkey = EVP_EC_gen(curve);
    assert_non_null(k->pkey);
    n = i2d_PUBKEY(k->pkey, &der);
    assert_true(n > 0);
    assert_ok(
        hm_public_key_read(&k->key, (struct hm_bytes){der, (size_t)n}, &e), &e);
    OPENSSL_free(der);
}

void maker_init(struct maker *m, unsigned threshold, unsigned n)
{
    static const char *const names[] = {"root-1", "root-2", "root-3"};
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_true(n >= 1 && n <= 3);
    m->threshold = threshold;
    m->root = (struct hm_buf)HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    for (unsigned i = 0; i < MAKER_KEYS; i++)
        make_key(&m->keys[i], "P-256");
    (void)snprintf(root.vendor, sizeof(root.vendor), "acme");
    root.threshold = threshold;
    for (unsigned i = 0; i < n; i++)
        assert_ok(hm_root_add(&root, &m->keys[i].key, names[i], &e), &e);
    assert_ok(hm_root_write(&root, &m->root, &e), &e);
}

void maker_clear(struct maker *m)
{
    for (unsigned i = 0; i < MAKER_KEYS; i++) {
        EVP_PKEY_free(m->keys[i].pkey);
        m->keys[i].pkey = NULL;
        hm_public_key_clear(&m->keys[i].key);
    }
    hm_buf_clear(&m->root);
}

void maker_use_p384(struct maker *m, enum maker_name key)
{
    EVP_PKEY_free(m->keys[key].pkey);
    hm_public_key_clear(&m->keys[key].key);
    make_key(&m->keys[key], "P-384");
}

void maker_save_root(const struct maker *m, const char *path)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_save(path, hm_buf_view(&m->root), HM_OUT_REPLACE, &e),
              &e);
}

void maker_signature(const struct maker *m, enum maker_name key,
                     struct hm_bytes message, struct hm_buf *out)
{
    const EVP_MD *md = m->keys[key].key.scheme == HM_SCHEME_ECDSA_P384_SHA384
                           ? EVP_sha384()
                           : EVP_sha256();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t sig[HM_SIGNATURE_MAX];
    size_t n = sizeof(sig);
    struct hm_err e = {.rc = HM_OK};

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, md, NULL, m->keys[key].pkey),
                     1);
    assert_int_equal(EVP_DigestSign(ctx, sig, &n, message.p, message.n), 1);
    EVP_MD_CTX_free(ctx);
    hm_buf_clear(out);
    assert_ok(hm_buf_add(out, (struct hm_bytes){sig, n}, &e), &e);
}

static void sign_below(const struct maker *m, const struct hm_dir *dir,
                       const char *document, const struct maker_signers *who)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    char name[HM_NAME_MAX + 16];
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_load_at(dir, document, &bytes, &e), &e);
    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

        hm_signature_name(document, i, name, sizeof(name));
        assert_ok(hm_dir_remove_at(dir, name, &e), &e);
        if (who->nobody || i >= who->n)
            continue;
        maker_signature(m, who->key[i], hm_buf_view(&bytes), &sig);
        assert_ok(hm_file_save_at(dir, name, hm_buf_view(&sig), HM_OUT_NEW, &e),
                  &e);
    }
}

void maker_sign(const struct maker *m, const char *path, const char *document,
                const struct maker_signers *who)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_dir_open(&dir, path, &e), &e);
    sign_below(m, &dir, document, who);
}

void maker_sign_below(const struct maker_work *w, const char *document,
                      const struct maker_signers *who)
{
    sign_below(w->m, &w->dir, document, who);
}

void maker_authorise(const struct maker *m, struct hm_authorisation *a,
                     enum maker_name key, enum hm_role role,
                     const char *product)
{
    struct hm_authorised_key entry = {.role = role,
                                      .key.key = m->keys[key].key,
                                      .products_n = 1,
                                      .valid_from = a->issued,
                                      .valid_until = a->expires};
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(entry.key.scheme, sizeof(entry.key.scheme), "%s",
                   hm_scheme_name(entry.key.key.scheme));
    (void)snprintf(entry.products[0], sizeof(entry.products[0]), "%s", product);
    hm_token_claims_unknown(&entry.token);
    assert_ok(hm_authorisation_add(a, &entry, &e), &e);
}

void maker_set(struct hm_buf *bytes, const char *text)
{
    struct hm_err e = {.rc = HM_OK};

    hm_buf_clear(bytes);
    assert_ok(hm_buf_add(bytes, hm_bytes_str(text), &e), &e);
}

void maker_replace(struct hm_buf *bytes, const char *old, const char *text)
{
    HM_OWN(hm_buf) changed = HM_BUF_INIT(bytes->max);
    const uint8_t *at = memmem(bytes->p, bytes->n, old, strlen(old));
    struct hm_bytes tail;
    struct hm_err e = {.rc = HM_OK};

    if (at == NULL) {
        fail_msg("'%s' is not in the document", old);
        return; /* never reached; the analyser does not know */
    }
    tail.p = at + strlen(old);
    tail.n = bytes->n - (size_t)(tail.p - bytes->p);
    if (memmem(tail.p, tail.n, old, strlen(old)) != NULL)
        fail_msg("'%s' stands twice in the document", old);
    assert_ok(hm_buf_add(&changed,
                         (struct hm_bytes){bytes->p, (size_t)(at - bytes->p)},
                         &e),
              &e);
    assert_ok(hm_buf_add(&changed, hm_bytes_str(text), &e), &e);
    assert_ok(hm_buf_add(&changed, tail, &e), &e);
    hm_buf_move(bytes, &changed);
}
