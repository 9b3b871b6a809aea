/* Authorisation and manifest: signatures, keys, windows. */
#include "hm_release.h"
#include "verify_priv.h"

/* Is it a key whose scheme we know, and its signature? */
static bool is_by(const struct hm_trust_key *key, struct hm_bytes document,
                  const struct hm_signature *sig)
{
    return key->key.pkey != NULL &&
           hm_signature_verify(&key->key, document, hm_buf_view(&sig->bytes),
                               NULL) == HM_OK;
}

static bool is_by_root(const struct verify *v, struct hm_bytes document,
                       const struct hm_signature *sig)
{
    for (size_t i = 0; i < v->root.n; i++)
        if (is_by(&v->root.keys[i].key, document, sig))
            return true;
    return false;
}

static bool is_by_authorised(const struct verify *v, struct hm_bytes document,
                             const struct hm_signature *sig)
{
    const struct hm_authorisation *a = &v->authorisation;

    for (size_t i = 0; i < a->keys_n; i++)
        if (is_by(&a->keys[i].key, document, sig))
            return true;
    for (size_t i = 0; i < a->retired_n; i++)
        if (is_by(&a->retired[i].entry.key, document, sig))
            return true;
    return false;
}

/* Devices ignore the signature of a key that they do not know; so do we, but
 * nobody shall publish one without having been told. */
HM_MUST static hm_rc warn_of_strangers(
    struct verify *v, struct hm_bytes document,
    const struct hm_signatures *sigs,
    bool (*is_known)(const struct verify *v, struct hm_bytes document,
                     const struct hm_signature *sig),
    struct hm_err *e)
{
    for (size_t i = 0; i < sigs->n; i++)
        if (!is_known(v, document, &sigs->sig[i]))
            HM_TRY(verify_say(v, HM_RESULT_WARN, "trust.signature.stranger",
                              sigs->sig[i].name, e,
                              "no key that is known here made this signature; "
                              "devices ignore it"));
    return HM_OK;
}

/* Every device has one scheme; it counts a key of another as absent, so what is
 * signed by such keys alone may be good here and refused there. */
static bool is_of_device(const struct hm_trust_key *key)
{
    return key->key.pkey != NULL &&
           key->key.scheme == HM_SCHEME_ECDSA_P256_SHA256;
}

HM_MUST static hm_rc warn_of_scheme(struct verify *v, const char *file,
                                    const char *who, struct hm_err *e)
{
    return verify_say(v, HM_RESULT_WARN, "trust.scheme.device", file, e,
                      "too few keys of scheme ecdsa-p256-sha256 sign for %s: a "
                      "device that has no other scheme refuses it",
                      who);
}

/* Would the signatures do if every other scheme were unknown? */
HM_MUST static hm_rc check_root_schemes(struct verify *v,
                                        const struct hm_signers *signers,
                                        struct hm_err *e)
{
    size_t n = 0;

    for (size_t i = 0; i < signers->n; i++)
        n += is_of_device(&hm_root_find(&v->root, signers->keyid[i])->key);
    if (n >= v->root.threshold)
        return HM_OK;
    return warn_of_scheme(v, HM_RELEASE_AUTHORISATION, "the root set", e);
}

HM_MUST static hm_rc check_role_schemes(struct verify *v, enum hm_role role,
                                        const struct hm_signers *signers,
                                        struct hm_err *e)
{
    for (size_t i = 0; i < signers->n; i++)
        if (is_of_device(
                &hm_authorisation_find(&v->authorisation, signers->keyid[i])
                     ->key))
            return HM_OK;
    return warn_of_scheme(v, HM_RELEASE_MANIFEST, hm_role_name(role), e);
}

/* Bytes and signatures of the authorisation, verified before they are read. */
HM_MUST static hm_rc check_signature(struct verify *v,
                                     struct hm_signatures *sigs,
                                     struct hm_signers *signers,
                                     struct hm_err *why)
{
    HM_TRY(hm_file_load_at(v->dir, HM_RELEASE_AUTHORISATION,
                           &v->authorisation_bytes, why));
    HM_TRY(hm_json_format(hm_buf_view(&v->authorisation_bytes),
                          HM_AUTHORISATION_FORMAT, why));
    HM_TRY(hm_signatures_load(sigs, v->dir, HM_RELEASE_AUTHORISATION, why));
    return hm_root_verify(&v->root, hm_buf_view(&v->authorisation_bytes), sigs,
                          signers, why);
}

hm_rc verify_authorisation_signature(struct verify *v, struct hm_err *e)
{
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    struct hm_signers signers = {.n = 0};
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc = check_signature(v, &sigs, &signers, &why);

    if (rc != HM_OK)
        return verify_fail(v, HM_RELEASE_AUTHORISATION, &why, e);
    HM_TRY(check_root_schemes(v, &signers, e));
    return warn_of_strangers(v, hm_buf_view(&v->authorisation_bytes), &sigs,
                             is_by_root, e);
}

hm_rc verify_authorisation_content(struct verify *v, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    hm_rc rc = hm_authorisation_read(
        &v->authorisation, hm_buf_view(&v->authorisation_bytes), &why);

    if (rc == HM_OK)
        rc = hm_authorisation_check_root(&v->authorisation, &v->root, &why);
    if (rc == HM_OK)
        rc = hm_authorisation_check_published(&v->authorisation, &why);
    return verify_note(v, HM_RELEASE_AUTHORISATION, rc, &why, e);
}

hm_rc verify_authorisation_time(struct verify *v, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc =
        hm_authorisation_check_time(&v->authorisation, v->options.at, &why);

    return verify_note(v, HM_RELEASE_AUTHORISATION, rc, &why, e);
}

static bool has_role(const struct hm_authorisation *a, const char *keyid,
                     enum hm_role role)
{
    const struct hm_authorised_key *key = hm_authorisation_find(a, keyid);

    return key != NULL && key->role == role;
}

/* Why no key of the role signs: a retired one does, or none of ours. */
HM_MUST static hm_rc explain(const struct verify *v, enum hm_role role,
                             const struct hm_signers *ours, struct hm_err *why)
{
    const struct hm_authorisation *a = &v->authorisation;
    const struct hm_key_use use = {.role = role, .product = ""};

    for (size_t i = 0; i < ours->n; i++)
        if (hm_authorisation_find_retired(a, ours->keyid[i]) != NULL)
            return hm_authorisation_judge(a, ours->keyid[i], &use, why);
    return hm_hint(
        why,
        hm_fail(why, HM_E_REJECTED, "trust.manifest.signature",
                "no authorised key of role '%s' signs these bytes (looked at "
                "%s)",
                hm_role_name(role), hm_signatures_show(&v->manifest_sigs)),
        "sign it with hallmark-sign and a key that authorisation.json names; "
        "if it was signed, the file was changed since");
}

/* Does every required role sign these bytes?  Which product and time the keys
 * are good for is asked once the manifest may be read. */
HM_MUST static hm_rc check_roles(const struct verify *v,
                                 const struct hm_signers *ours,
                                 struct hm_err *why)
{
    const struct hm_authorisation *a = &v->authorisation;

    for (size_t r = 0; r < a->require_n; r++) {
        bool found = false;

        for (size_t i = 0; i < ours->n; i++)
            found |= has_role(a, ours->keyid[i], a->require[r]);
        if (!found)
            return explain(v, a->require[r], ours, why);
    }
    return HM_OK;
}

HM_MUST static hm_rc load_manifest(struct verify *v, struct hm_err *why)
{
    HM_TRY(
        hm_file_load_at(v->dir, HM_RELEASE_MANIFEST, &v->manifest_bytes, why));
    HM_TRY(hm_json_format(hm_buf_view(&v->manifest_bytes), HM_MANIFEST_FORMAT,
                          why));
    return hm_signatures_load(&v->manifest_sigs, v->dir, HM_RELEASE_MANIFEST,
                              why);
}

hm_rc verify_manifest_signature(struct verify *v, struct hm_err *e)
{
    struct hm_signers ours = {.n = 0};
    struct hm_err why = {.rc = HM_OK};
    hm_rc rc = load_manifest(v, &why);

    if (rc == HM_OK && v->options.before_signing && v->manifest_sigs.n == 0)
        return verify_excuse(v, HM_RELEASE_MANIFEST,
                             "not signed yet; it is to be signed next", e);
    if (rc == HM_OK)
        rc = hm_authorisation_find_signers(&v->authorisation,
                                           hm_buf_view(&v->manifest_bytes),
                                           &v->manifest_sigs, &ours, &why);
    if (rc == HM_OK)
        rc = check_roles(v, &ours, &why);
    if (rc != HM_OK)
        return verify_fail(v, HM_RELEASE_MANIFEST, &why, e);
    return warn_of_strangers(v, hm_buf_view(&v->manifest_bytes),
                             &v->manifest_sigs, is_by_authorised, e);
}

HM_MUST static hm_rc check_keys(struct verify *v, enum hm_role role,
                                struct hm_signers *good, struct hm_err *why)
{
    const struct hm_key_use use = {.role = role,
                                   .product = v->manifest.product,
                                   .at = v->manifest.timestamp};

    if (v->manifest_sigs.n == 0) /* excused above: is there one to sign it? */
        return hm_authorisation_check_use(&v->authorisation, &use, why);
    HM_TRY(hm_authorisation_verify(&v->authorisation, &use,
                                   hm_buf_view(&v->manifest_bytes),
                                   &v->manifest_sigs, good, why));
    for (size_t i = 0; i < good->n; i++)
        if (v->report->manifest_signers.n < HM_SIGNATURES_MAX)
            memcpy(v->report->manifest_signers
                       .keyid[v->report->manifest_signers.n++],
                   good->keyid[i], HM_SHA256_HEX);
    return HM_OK;
}

hm_rc verify_manifest_keys(struct verify *v, struct hm_err *e)
{
    for (size_t i = 0; i < v->authorisation.require_n; i++) {
        const enum hm_role role = v->authorisation.require[i];
        struct hm_signers good = {.n = 0};
        struct hm_err why = {.rc = HM_OK};
        const hm_rc rc = check_keys(v, role, &good, &why);

        HM_TRY(verify_note(v, HM_RELEASE_MANIFEST, rc, &why, e));
        if (good.n > 0)
            HM_TRY(check_role_schemes(v, role, &good, e));
    }
    return HM_OK;
}
