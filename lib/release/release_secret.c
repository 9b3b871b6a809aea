#include <strings.h>

#include "release_priv.h"

#define FD_MAX 1048575u

/* --- where a PIN comes from ----------------------------------------------- */

static bool starts_with(struct hm_bytes v, const char *word,
                        struct hm_bytes *rest)
{
    const size_t n = strlen(word);

    if (v.n < n || memcmp(v.p, word, n) != 0)
        return false;
    *rest = (struct hm_bytes){v.p + n, v.n - n};
    return true;
}

/* A name of a systemd credential is one file name. */
static bool is_credential(struct hm_bytes v)
{
    return memchr(v.p, '/', v.n) == NULL && hm_name_check(v, NULL) == HM_OK;
}

static bool is_source(struct hm_bytes v)
{
    struct hm_bytes rest = {NULL, 0};
    uint64_t fd = 0;

    if (hm_bytes_eq(v, HM_LIT("tty")))
        return true;
    if (starts_with(v, "fd:", &rest))
        return hm_number_read(rest, FD_MAX, &fd, NULL) == HM_OK;
    if (starts_with(v, "file:", &rest))
        return rest.n > 0;
    return starts_with(v, "credential:", &rest) && is_credential(rest);
}

/* What was found is not shown: it may be the PIN. */
HM_MUST static hm_rc take_pin(struct hm_json at, const char **out,
                              struct hm_err *e)
{
    struct hm_json pin;

    HM_TRY(hm_json_get(at, "pin", &pin, e));
    if (!is_source(hm_json_view(pin)))
        return hm_hint(
            e,
            hm_json_fail(pin, e, HM_E_REJECTED, "release.pin.value",
                         "expected where the PIN comes from: fd:N, file:PATH, "
                         "credential:NAME or tty (what was found is not shown: "
                         "it may be a PIN)"),
            "no secret is written in release.json; if this was a PIN, change "
            "it on the token");
    return hm_release_take(pin, HM_RELEASE_PATH, out, e);
}

/* --- the key --------------------------------------------------------------- */

#define WHERE_MEMBERS "module softhsm nss"

/* Where a token lies; a key that says nothing of it inherits the whole. */
HM_MUST static hm_rc read_where(struct hm_json at,
                                const struct hm_release_key *otherwise,
                                struct hm_release_key *key, struct hm_err *e)
{
    HM_TRY(hm_release_take_optional(at, "module", HM_RELEASE_PATH, &key->module,
                                    e));
    HM_TRY(hm_release_take_optional(at, "softhsm", HM_RELEASE_PATH,
                                    &key->softhsm, e));
    HM_TRY(hm_release_take_optional(at, "nss", HM_RELEASE_PATH, &key->nss, e));
    if (key->softhsm != NULL && key->nss != NULL)
        return hm_json_fail(hm_json_find(at, "nss"), e, HM_E_REJECTED,
                            "release.token.twice",
                            "a token lies in a SoftHSM store or in an NSS "
                            "database, not in both");
    if (key->module != NULL || key->softhsm != NULL || key->nss != NULL)
        return HM_OK;
    key->module = otherwise->module;
    key->softhsm = otherwise->softhsm;
    key->nss = otherwise->nss;
    return HM_OK;
}

HM_MUST static hm_rc read_key(struct hm_json at, const char *name,
                              const struct hm_release_key *otherwise,
                              struct hm_release_key *key, struct hm_err *e)
{
    struct hm_bytes rest = {NULL, 0};
    struct hm_json object;
    const char *uri = NULL;

    HM_TRY(hm_json_get_object(at, name, &object, e));
    HM_TRY(hm_json_keys(object, "uri pin " WHERE_MEMBERS, e));
    HM_TRY(read_where(object, otherwise, key, e));
    HM_TRY(hm_release_take_member(object, "uri", HM_RELEASE_PATH, &uri, e));
    if (!starts_with(hm_bytes_str(uri), "pkcs11:", &rest) || rest.n == 0)
        return hm_hint(
            e,
            hm_json_fail(hm_json_find(object, "uri"), e, HM_E_FORMAT,
                         "release.uri.syntax",
                         "expected a pkcs11: URI, found '%s'",
                         hm_show_str(uri)),
            "for example pkcs11:token=vendor;object=vendor-1; list what the "
            "token holds with hallmark-key list");
    key->uri = uri;
    return take_pin(object, &key->pin, e);
}

hm_rc hm_release_read_signing(struct hm_release *r, struct hm_json at,
                              struct hm_err *e)
{
    struct hm_release_key all = {.uri = NULL};
    struct hm_json s;

    HM_TRY(hm_json_get_object(at, "signing", &s, e));
    HM_TRY(
        hm_json_keys(s, WHERE_MEMBERS " manifest provenance verification", e));
    HM_TRY(read_where(s, &all, &all, e));
    HM_TRY(read_key(s, "manifest", &all, &r->signing.manifest, e));
    HM_TRY(read_key(s, "provenance", &all, &r->signing.provenance, e));
    if (hm_json_find(s, "verification").item == NULL)
        return HM_OK;
    return read_key(s, "verification", &all, &r->signing.verification, e);
}

/* --- anywhere --------------------------------------------------------------- */

static bool holds(struct hm_bytes v, const char *word)
{
    const size_t n = strlen(word);

    for (size_t i = 0; i + n <= v.n; i++)
        if (strncasecmp((const char *)v.p + i, word, n) == 0)
            return true;
    return false;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Length of the first word of names like x_token_pin and tokenPin. */
static size_t word_length(const char *name)
{
    size_t n = 1;

    while (strchr("_-. ", name[n]) == NULL && /* the NUL ends one too */
           !(is_lower(name[n - 1]) && is_upper(name[n])))
        n++;
    return n;
}

/* Is one of the words a secret? */
static bool names_secret(const char *name)
{
    static const char *const words[] = {"pin",      "puk",        "so-pin",
                                        "password", "passphrase", "secret"};

    for (name += strspn(name, "_-. "); *name != '\0';
         name += strspn(name, "_-. ")) {
        const size_t n = word_length(name);

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (n == strlen(words[i]) && strncasecmp(name, words[i], n) == 0)
                return true;
        name += n;
    }
    return false;
}

/* scheme://user:password@host */
static bool names_user(struct hm_bytes v)
{
    const uint8_t *at = v.n == 0 ? NULL : memmem(v.p, v.n, "://", 3);

    if (at == NULL)
        return false;
    for (at += 3; at < v.p + v.n; at++)
        if (strchr("@/?#", *at) != NULL)
            return *at == '@';
    return false;
}

/* @param theirs  it lies in a member whose name starts with x_ */
HM_MUST static hm_rc refuse_here(struct hm_json at, bool theirs,
                                 struct hm_err *e)
{
    const struct hm_bytes v = hm_json_view(at);
    const char *name = hm_json_name(at);

    if (theirs && name != NULL && names_secret(name))
        return hm_json_fail(at, e, HM_E_REJECTED, "release.secret.member",
                            "a member whose name speaks of a secret has no "
                            "place in release.json");
    if ((holds(v, "-----BEGIN ") && holds(v, "PRIVATE KEY")) || names_user(v))
        return hm_json_fail(at, e, HM_E_REJECTED, "release.secret.member",
                            "neither a private key nor an address with a user "
                            "in it has a place in release.json (what was found "
                            "is not shown)");
    if (holds(v, "pin-value") || holds(v, "pin-source"))
        return hm_hint(
            e,
            hm_json_fail(at, e, HM_E_REJECTED, "release.uri.pin",
                         "a URI here carries neither pin-value nor pin-source "
                         "(what was found is not shown)"),
            "name the source of the PIN in \"pin\"; if this was a PIN, change "
            "it on the token");
    return HM_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is at most HM_JSON_DEPTH_MAX */
HM_MUST static hm_rc refuse_below(struct hm_json at, bool theirs,
                                  struct hm_err *e)
{
    const char *name = hm_json_name(at);

    theirs = theirs || (name != NULL && strncmp(name, "x_", 2) == 0);
    HM_TRY(refuse_here(at, theirs, e));
    for (struct hm_json i = hm_json_first(at); i.item != NULL;
         i = hm_json_next(i))
        HM_TRY(refuse_below(i, theirs, e));
    return HM_OK;
}

hm_rc hm_release_refuse_secrets(struct hm_json at, struct hm_err *e)
{
    return refuse_below(at, false, e);
}
