#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "x509_priv.h"

/* --- one certificate -------------------------------------------------------------- */

static bool has_flag(const struct hm_certificate *c, uint32_t flag)
{
    return (X509_get_extension_flags(c->x509) & flag) != 0;
}

/* No keyUsage means every usage to OpenSSL; here it means none. */
static bool has_usage(const struct hm_certificate *c, uint32_t usage)
{
    return has_flag(c, EXFLAG_KUSAGE) &&
           (X509_get_key_usage(c->x509) & usage) != 0;
}

hm_rc hm_certificate_check_ca(const struct hm_certificate *c, struct hm_err *e)
{
    HM_TRY(hm_public_key_check_published(&c->key, e));
    if (!has_flag(c, EXFLAG_BCONS) || !has_flag(c, EXFLAG_CA) ||
        !has_flag(c, EXFLAG_BCONS_CRITICAL))
        return hm_fail(e, HM_E_REJECTED, "x509.ca.constraints",
                       "it may not issue: expected basicConstraints, critical, "
                       "with CA:TRUE");
    if (!has_usage(c, KU_KEY_CERT_SIGN))
        return hm_fail(e, HM_E_REJECTED, "x509.ca.usage",
                       "it may not issue: expected keyUsage with keyCertSign");
    if (X509_get0_subject_key_id(c->x509) == NULL)
        return hm_fail(e, HM_E_REJECTED, "x509.ca.keyid",
                       "it has no subjectKeyIdentifier, which what it issues "
                       "would name");
    return HM_OK;
}

/* Measured: without extended key usage a certificate is good for e-mail to all of
 * OpenSSL, RAUC and SWUpdate, and for code to none of them. */
static bool has_purpose(const struct hm_certificate *c,
                        enum hm_x509_purpose purpose)
{
    const uint32_t said = X509_get_extended_key_usage(c->x509);

    if (!has_flag(c, EXFLAG_XKUSAGE))
        return purpose == HM_X509_EMAIL_PROTECTION;
    return (said &
            (purpose == HM_X509_CODE_SIGNING ? XKU_CODE_SIGN : XKU_SMIME)) != 0;
}

hm_rc hm_certificate_check_leaf(const struct hm_certificate *c,
                                enum hm_x509_purpose purpose, struct hm_err *e)
{
    if (has_flag(c, EXFLAG_CA))
        return hm_fail(e, HM_E_REJECTED, "x509.leaf.ca",
                       "it has CA:TRUE: who holds its key could issue others");
    if (!has_usage(c, KU_DIGITAL_SIGNATURE) || has_usage(c, KU_KEY_CERT_SIGN))
        return hm_fail(e, HM_E_REJECTED, "x509.leaf.usage",
                       "expected keyUsage with digitalSignature and without "
                       "keyCertSign");
    if (has_purpose(c, purpose))
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "x509.leaf.purpose",
                "its extended key usage does not name %s, which its "
                "verifiers ask for",
                hm_x509_purpose_name(purpose)),
        "--purpose says what the verifiers are set to; a certificate "
        "with both purposes is good for either: hallmark-key "
        "certify");
}

HM_MUST static hm_rc check_time(const struct hm_certificate *c, hm_time at,
                                struct hm_err *e)
{
    if (at < c->not_before)
        return hm_fail(e, HM_E_REJECTED, "x509.certificate.early",
                       "certificate '%s' is valid from %s, used %s", c->name,
                       hm_time_show(c->not_before), hm_time_show(at));
    if (at >= c->not_after) /* its last second is too late for OpenSSL */
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "x509.certificate.expired",
                               "certificate '%s' was valid until %s, used %s",
                               c->name, hm_time_show(c->not_after),
                               hm_time_show(at)),
                       "have another one issued: hallmark-key certify");
    return HM_OK;
}

hm_rc hm_certificate_check_key(const struct hm_certificate *c,
                               const struct hm_public_key *key,
                               struct hm_err *e)
{
    if (strcmp(c->key.keyid, key->keyid) == 0)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "x509.certificate.other",
                   "certificate '%s' is of key %.16s, and the key is %.16s",
                   c->name, c->key.keyid, key->keyid);
}

hm_rc hm_certificate_check_signature(const struct hm_certificate *c,
                                     const struct hm_public_key *by,
                                     struct hm_err *e)
{
    const int verdict = X509_verify(c->x509, by->pkey);

    ERR_clear_error();
    if (verdict == 1)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "x509.certificate.signature",
                   "certificate '%s' is not signed with key %.16s", c->name,
                   by->keyid);
}

/* --- a chain ----------------------------------------------------------------------- */

static X509 *last_of(const struct hm_certificate_chain *chain)
{
    return chain->above[chain->n - 1].x509;
}

X509_STORE *x509_store_new(const struct hm_certificate_chain *chain,
                           enum hm_x509_purpose purpose, hm_time at)
{
    X509_STORE *store = X509_STORE_new();
    X509_VERIFY_PARAM *param =
        store == NULL ? NULL : X509_STORE_get0_param(store);

    /* OpenSSL 3.0 knows no purpose for code; check_leaf() has asked for it.
     * Level 2: no SHA-1, no RSA below 2048 bits. */
    if (param != NULL && X509_STORE_add_cert(store, last_of(chain)) == 1 &&
        X509_VERIFY_PARAM_set_purpose(param, purpose == HM_X509_CODE_SIGNING
                                                 ? X509_PURPOSE_ANY
                                                 : X509_PURPOSE_SMIME_SIGN) ==
            1 &&
        X509_VERIFY_PARAM_set_flags(
            param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN |
                       X509_V_FLAG_CHECK_SS_SIGNATURE) == 1) {
        X509_VERIFY_PARAM_set_auth_level(param, 2);
        X509_VERIFY_PARAM_set_time(param, (time_t)at);
        return store;
    }
    X509_STORE_free(store);
    return NULL;
}

static STACK_OF(X509) * between(const struct hm_certificate_chain *chain)
{
    STACK_OF(X509) *stack = sk_X509_new_null();

    for (size_t i = 0; i + 1 < chain->n && stack != NULL; i++)
        if (sk_X509_push(stack, chain->above[i].x509) <= 0) {
            sk_X509_free(stack);
            return NULL;
        }
    return stack;
}

static int verify_in(X509_STORE_CTX *ctx, X509_STORE *store,
                     const struct hm_certificate_chain *chain,
                     STACK_OF(X509) * middle)
{
    int found = X509_V_ERR_UNSPECIFIED;

    if (X509_STORE_CTX_init(ctx, store, chain->leaf->x509, middle) != 1)
        return X509_V_ERR_OUT_OF_MEM;
    if (X509_verify_cert(ctx) == 1)
        return X509_V_OK;
    found = X509_STORE_CTX_get_error(ctx);
    return found == X509_V_OK ? X509_V_ERR_UNSPECIFIED : found;
}

HM_MUST static hm_rc ask_openssl(const struct hm_certificate_chain *chain,
                                 enum hm_x509_purpose purpose, hm_time at,
                                 struct hm_err *e)
{
    X509_STORE *store = x509_store_new(chain, purpose, at);
    STACK_OF(X509) *middle = between(chain);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    const int verdict = store == NULL || middle == NULL || ctx == NULL
                            ? X509_V_ERR_OUT_OF_MEM
                            : verify_in(ctx, store, chain, middle);

    X509_STORE_CTX_free(ctx);
    sk_X509_free(middle);
    X509_STORE_free(store);
    ERR_clear_error();
    if (verdict == X509_V_OK)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "x509.chain.refused",
                   "certificate '%s' does not verify: %s", chain->leaf->name,
                   X509_verify_cert_error_string(verdict));
}

HM_MUST static hm_rc check_within(const struct hm_certificate *c,
                                  const struct hm_certificate *issuer,
                                  struct hm_err *e)
{
    if (c->not_before >= issuer->not_before &&
        c->not_after <= issuer->not_after)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "x509.chain.outlives",
                   "certificate '%s', %s to %s, is not within the validity of "
                   "its issuer, %s to %s",
                   c->name, hm_time_show(c->not_before),
                   hm_time_show(c->not_after), hm_time_show(issuer->not_before),
                   hm_time_show(issuer->not_after));
}

hm_rc hm_certificate_chain_check(const struct hm_certificate_chain *chain,
                                 enum hm_x509_purpose purpose, hm_time at,
                                 struct hm_err *e)
{
    const struct hm_certificate *below = chain->leaf;

    if (chain->n == 0 || chain->n > HM_X509_CHAIN_MAX)
        return hm_fail(e, HM_E_REJECTED, "x509.chain.none",
                       "expected 1 to %u certificates above '%s', got %zu",
                       HM_X509_CHAIN_MAX, chain->leaf->name, chain->n);
    HM_TRY(hm_context(e, hm_certificate_check_leaf(below, purpose, e),
                      "certificate '%s'", below->name));
    HM_TRY(check_time(below, at, e));
    for (size_t i = 0; i < chain->n; i++) {
        const struct hm_certificate *issuer = &chain->above[i];

        HM_TRY(hm_context(e, hm_certificate_check_ca(issuer, e),
                          "certificate '%s'", issuer->name));
        HM_TRY(check_time(issuer, at, e));
        HM_TRY(check_within(below, issuer, e));
        below = issuer;
    }
    return ask_openssl(chain, purpose, at, e);
}
