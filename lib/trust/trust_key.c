#include "trust_priv.h"

static const char *const role_names[HM_ROLES] = {
    "manifest", "provenance", "verification", "ledger", "tuf", "x509"};

const char *hm_role_name(enum hm_role role)
{
    return (unsigned)role < HM_ROLES ? role_names[role] : "unknown";
}

hm_rc hm_role_find(const char *name, enum hm_role *out, struct hm_err *e)
{
    *out = HM_ROLE_MANIFEST;
    for (unsigned i = 0; i < HM_ROLES; i++) {
        if (strcmp(name, role_names[i]) != 0)
            continue;
        *out = (enum hm_role)i;
        return HM_OK;
    }
    return hm_fail(e, HM_E_USAGE, "trust.role.unknown",
                   "unknown role '%s', expected one of: %s", hm_show_str(name),
                   HM_ROLE_WORDS);
}

hm_rc hm_trust_name_check(struct hm_bytes name, struct hm_err *e)
{
    bool is_good = name.n > 0 && name.n < HM_TRUST_TEXT;

    for (size_t i = 0; i < name.n && is_good; i++) {
        const uint8_t c = name.p[i];

        is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    }
    if (is_good)
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "trust.name.syntax",
                   "'%s' is not a name: expected 1 to %d of [A-Za-z0-9._-]",
                   hm_show(name), HM_TRUST_TEXT - 1);
}

hm_rc trust_name_read(struct hm_json at, const char *name, char *to,
                      struct hm_err *e)
{
    struct hm_err inner = {.rc = HM_OK};

    HM_TRY(hm_json_get_text(at, name, to, HM_TRUST_TEXT, e));
    if (hm_trust_name_check(hm_bytes_str(to), &inner) == HM_OK)
        return HM_OK;
    return hm_json_fail(hm_json_find(at, name), e, HM_E_FORMAT, inner.reason,
                        "%s", inner.text);
}

/* A key whose scheme we do not know: its bytes are kept, never used. */
HM_MUST static hm_rc keep_unknown(struct hm_trust_key *key,
                                  struct hm_bytes spki, struct hm_json at,
                                  struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];

    if (spki.n == 0 || spki.n > HM_SPKI_MAX)
        return hm_json_fail(at, e, HM_E_LIMIT, "crypto.key.der",
                            "public key of %zu bytes, at most %d are allowed",
                            spki.n, HM_SPKI_MAX);
    memcpy(key->key.spki, spki.p, spki.n);
    key->key.spki_n = spki.n;
    HM_TRY(hm_sha256(spki, digest, e));
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, key->key.keyid);
    return HM_OK;
}

HM_MUST static hm_rc take_key(struct hm_trust_key *key, struct hm_bytes spki,
                              struct hm_json at, struct hm_err *e)
{
    const enum hm_scheme scheme = hm_scheme_find(hm_bytes_str(key->scheme));

    if (scheme == HM_SCHEME_UNKNOWN)
        return keep_unknown(key, spki, at, e);
    HM_TRY(hm_public_key_read(&key->key, spki, e));
    if (key->key.scheme != scheme)
        return hm_json_fail(at, e, HM_E_FORMAT, "trust.key.scheme",
                            "scheme is '%s', but the key is for %s",
                            key->scheme, hm_scheme_name(key->key.scheme));
    return HM_OK;
}

/* The list of schemes is open, but each is a word. */
HM_MUST static hm_rc read_scheme(struct hm_trust_key *key, struct hm_json at,
                                 struct hm_err *e)
{
    char word[HM_TRUST_TEXT];

    HM_TRY(trust_name_read(at, "scheme", word, e));
    return hm_json_get_text(at, "scheme", key->scheme, sizeof(key->scheme), e);
}

hm_rc trust_key_read(struct hm_trust_key *key, struct hm_json at,
                     struct hm_err *e)
{
    HM_OWN(hm_buf) spki = HM_BUF_INIT(2048);
    uint8_t id[HM_SHA256_SIZE];
    char written[HM_SHA256_HEX];
    char text[1024];

    trust_key_clear(key);
    HM_TRY(hm_json_get_hex(at, "keyid", id, sizeof(id), e));
    HM_TRY(read_scheme(key, at, e));
    HM_TRY(hm_json_get_text(at, "public_key", text, sizeof(text), e));
    HM_TRY(hm_context(e, hm_base64_read(&spki, hm_bytes_str(text), e),
                      "public_key of key %.16s",
                      hm_show(hm_json_view(hm_json_find(at, "keyid")))));
    HM_TRY(take_key(key, hm_buf_view(&spki), at, e));
    hm_hex_write((struct hm_bytes){id, sizeof(id)}, written);
    if (strcmp(written, key->key.keyid) != 0)
        return hm_json_fail(at, e, HM_E_FORMAT, "trust.key.id",
                            "keyid is %s, but the key's own is %s", written,
                            key->key.keyid);
    return HM_OK;
}

void trust_key_write(const struct hm_trust_key *key, struct hm_json_writer *w)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(2048);

    if (hm_base64_add(&text, (struct hm_bytes){key->key.spki, key->key.spki_n},
                      &w->err) != HM_OK)
        w->rc = w->err.rc;
    hm_json_put_text(w, "keyid", key->key.keyid);
    hm_json_put_text(w, "scheme", key->scheme);
    hm_json_put_bytes(w, "public_key", hm_buf_view(&text));
}

hm_rc trust_key_copy(struct hm_trust_key *to, const struct hm_trust_key *from,
                     struct hm_err *e)
{
    trust_key_clear(to);
    if (from->key.pkey != NULL)
        HM_TRY(hm_public_key_copy(&to->key, &from->key, e));
    else
        to->key = from->key;
    memcpy(to->scheme, from->scheme, sizeof(to->scheme));
    return HM_OK;
}

void trust_key_clear(struct hm_trust_key *key)
{
    hm_public_key_clear(&key->key);
    key->scheme[0] = '\0';
}

static bool has_signer(const struct hm_signers *signers, const char *keyid)
{
    for (size_t i = 0; i < signers->n; i++)
        if (strcmp(signers->keyid[i], keyid) == 0)
            return true;
    return false;
}

hm_rc trust_key_verify(const struct hm_trust_key *key, struct hm_bytes document,
                       const struct hm_signatures *sigs,
                       struct hm_signers *signers, struct hm_err *e)
{
    if (key->key.pkey == NULL || has_signer(signers, key->key.keyid))
        return HM_OK;
    for (size_t i = 0; i < sigs->n; i++) {
        const hm_rc rc = hm_signature_verify(
            &key->key, document, hm_buf_view(&sigs->sig[i].bytes), e);

        if (rc == HM_E_REJECTED || rc == HM_E_FORMAT)
            continue; /* another key's, or of another scheme */
        HM_TRY(rc);
        memcpy(signers->keyid[signers->n++], key->key.keyid, HM_SHA256_HEX);
        return HM_OK;
    }
    return HM_OK;
}
