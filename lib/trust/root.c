#include <stdlib.h>

#include "trust_priv.h"

#define ROOT_MEMBERS     "format vendor threshold keys"
#define ROOT_KEY_MEMBERS TRUST_KEY_MEMBERS " name"

HM_MUST static hm_rc check_threshold(const struct hm_root *root,
                                     struct hm_err *e)
{
    if (root->threshold >= 1 && root->threshold <= root->n &&
        root->threshold <= HM_SIGNATURES_MAX)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "trust.root.threshold",
                   "threshold is %u with %zu keys, expected 1 to the number of "
                   "keys, and at most %u: no document has more signatures",
                   root->threshold, root->n, HM_SIGNATURES_MAX);
}

HM_MUST static hm_rc append(struct hm_root *root, const struct hm_root_key *key,
                            struct hm_err *e)
{
    struct hm_root_key *p = NULL;

    if (root->n == HM_ROOT_KEYS_MAX)
        return hm_fail(e, HM_E_LIMIT, "trust.key.count",
                       "more than %u root keys", HM_ROOT_KEYS_MAX);
    if (hm_root_find(root, key->key.key.keyid) != NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_FORMAT, "trust.key.twice",
                               "key %s stands twice in the root set",
                               key->key.key.keyid),
                       "name each root key once");
    HM_TRY(hm_public_key_check_published(&key->key.key, e));
    p = reallocarray(root->keys, root->n + 1, sizeof(*p));
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "trust.key.nomem",
                       "out of memory for a key");
    root->keys = p;
    root->keys[root->n] = (struct hm_root_key){.name = ""};
    memcpy(root->keys[root->n].name, key->name, sizeof(key->name));
    root->n++;
    return trust_key_copy(&root->keys[root->n - 1].key, &key->key, e);
}

static void root_key_clear(struct hm_root_key *key)
{
    trust_key_clear(&key->key);
}

#define OWN_ROOT_KEY __attribute__((cleanup(root_key_clear))) struct hm_root_key

HM_MUST static hm_rc read_key(struct hm_root *root, struct hm_json at,
                              struct hm_err *e)
{
    OWN_ROOT_KEY key = {.name = ""};

    HM_TRY(hm_json_keys(at, ROOT_KEY_MEMBERS, e));
    HM_TRY(trust_key_read(&key.key, at, e));
    HM_TRY(trust_name_read(at, "name", key.name, e));
    return append(root, &key, e);
}

HM_MUST static hm_rc read_root(struct hm_root *root, struct hm_bytes bytes,
                               struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json keys;
    uint64_t threshold = 0;

    HM_TRY(hm_json_format(bytes, HM_ROOT_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_ROOT_BYTES_MAX, e));
    HM_TRY(hm_json_keys(hm_json_root(&doc), ROOT_MEMBERS, e));
    HM_TRY(trust_name_read(hm_json_root(&doc), "vendor", root->vendor, e));
    HM_TRY(hm_json_get_uint(hm_json_root(&doc), "threshold", HM_ROOT_KEYS_MAX,
                            &threshold, e));
    root->threshold = (unsigned)threshold;
    HM_TRY(hm_json_get_array(hm_json_root(&doc), "keys", 1, HM_ROOT_KEYS_MAX,
                             &keys, e));
    for (struct hm_json k = hm_json_first(keys); k.item != NULL;
         k = hm_json_next(k))
        HM_TRY(read_key(root, k, e));
    HM_TRY(check_threshold(root, e));
    return hm_sha256(bytes, root->sha256, e);
}

hm_rc hm_root_read(struct hm_root *root, struct hm_bytes bytes,
                   struct hm_err *e)
{
    hm_rc rc;

    hm_root_clear(root);
    rc = read_root(root, bytes, e);
    if (rc != HM_OK)
        hm_root_clear(root);
    return rc;
}

hm_rc hm_root_load(struct hm_root *root, const char *path, struct hm_buf *bytes,
                   struct hm_err *e)
{
    HM_OWN(hm_buf) own = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    hm_rc rc = hm_file_load(path, &own, e);

    if (rc == HM_OK)
        rc = hm_context(e, hm_root_read(root, hm_buf_view(&own), e),
                        "root set '%s'", hm_show_str(path));
    if (rc == HM_OK && bytes != NULL)
        hm_buf_move(bytes, &own);
    return hm_hint(e, hm_as_usage(e, rc),
                   "--root names the root.json that devices were provisioned "
                   "with");
}

hm_rc hm_root_add(struct hm_root *root, const struct hm_public_key *key,
                  const char *name, struct hm_err *e)
{
    OWN_ROOT_KEY entry = {.name = ""};
    const struct hm_bytes text = hm_bytes_str(name);

    HM_TRY(hm_trust_name_check(text, e));
    memcpy(entry.name, text.p, text.n);
    HM_TRY(hm_public_key_copy(&entry.key.key, key, e));
    memcpy(entry.key.scheme, hm_scheme_name(key->scheme),
           strlen(hm_scheme_name(key->scheme)) + 1);
    return append(root, &entry, e);
}

HM_MUST static hm_rc write_root(const struct hm_root *root, struct hm_buf *to,
                                struct hm_err *e)
{
    struct hm_json_writer w;

    hm_json_begin(&w, to, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_ROOT_FORMAT);
    hm_json_put_text(&w, "vendor", root->vendor);
    hm_json_put_uint(&w, "threshold", root->threshold);
    hm_json_open_array(&w, "keys");
    for (size_t i = 0; i < root->n; i++) {
        hm_json_open_object(&w, NULL);
        trust_key_write(&root->keys[i].key, &w);
        hm_json_put_text(&w, "name", root->keys[i].name);
        hm_json_close_object(&w);
    }
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc hm_root_write(const struct hm_root *root, struct hm_buf *to,
                    struct hm_err *e)
{
    HM_OWN(hm_root) again = HM_ROOT_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);

    hm_buf_clear(to);
    HM_TRY(check_threshold(root, e));
    HM_TRY(write_root(root, &text, e));
    /* One place decides what a root set may say: the reader. */
    HM_TRY(hm_context(e, hm_root_read(&again, hm_buf_view(&text), e),
                      "the root set would not be accepted"));
    return hm_buf_add(to, hm_buf_view(&text), e);
}

hm_rc hm_root_verify(const struct hm_root *root, struct hm_bytes document,
                     const struct hm_signatures *sigs,
                     struct hm_signers *signers, struct hm_err *e)
{
    struct hm_signers found = {.n = 0};

    for (size_t i = 0; i < root->n && found.n < HM_SIGNATURES_MAX; i++)
        HM_TRY(trust_key_verify(&root->keys[i].key, document, sigs, &found, e));
    if (signers != NULL)
        *signers = found;
    /* A root set that was never read has threshold 0: that is no yes. */
    if (root->threshold >= 1 && found.n >= root->threshold)
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "trust.authorisation.signature",
                "%zu of the %u root keys that must sign did (looked at %s): no "
                "device would believe this authorisation",
                found.n, root->threshold, hm_signatures_show(sigs)),
        "have it signed by the root keys with hallmark-sign, or name the right "
        "--root");
}

const struct hm_root_key *hm_root_find(const struct hm_root *root,
                                       const char *keyid)
{
    for (size_t i = 0; i < root->n; i++)
        if (strcmp(root->keys[i].key.key.keyid, keyid) == 0)
            return &root->keys[i];
    return NULL;
}

void hm_root_clear(struct hm_root *root)
{
    for (size_t i = 0; i < root->n; i++)
        trust_key_clear(&root->keys[i].key);
    free(root->keys);
    *root = (struct hm_root)HM_ROOT_INIT;
}
