#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "x509_priv.h"

/* --- pieces -------------------------------------------------------------------- */

hm_rc hm_x509_serial(uint8_t out[static HM_X509_SERIAL_SIZE], struct hm_err *e)
{
    if (RAND_bytes(out, (int)HM_X509_SERIAL_SIZE) != 1)
        return x509_fail_make("a serial number", e);
    out[0] = (out[0] & 0x7fu) | 0x40u;
    return HM_OK;
}

hm_rc hm_x509_ski(const struct hm_public_key *key,
                  uint8_t out[static HM_X509_SKI_SIZE], struct hm_err *e)
{
    const unsigned char *at = key->spki;
    X509_PUBKEY *spki = d2i_X509_PUBKEY(NULL, &at, (long)key->spki_n);
    const unsigned char *bits = NULL;
    unsigned n = 0;
    int bits_n = 0;
    const bool is_made =
        spki != NULL &&
        X509_PUBKEY_get0_param(NULL, &bits, &bits_n, NULL, spki) == 1 &&
        EVP_Digest(bits, (size_t)bits_n, out, &n, EVP_sha1(), NULL) == 1;

    X509_PUBKEY_free(spki);
    return is_made ? HM_OK : x509_fail_make("a subject key identifier", e);
}

static const struct {
    enum hm_x509_purpose purpose;
    const char *name;
} purposes[] = {
    {HM_X509_CODE_SIGNING, "codeSigning"},
    {HM_X509_EMAIL_PROTECTION, "emailProtection"},
};

const char *hm_x509_purpose_name(enum hm_x509_purpose purpose)
{
    return purpose == HM_X509_CODE_SIGNING ? purposes[0].name
                                           : purposes[1].name;
}

hm_rc hm_x509_purpose_find(const char *name, enum hm_x509_purpose *out,
                           struct hm_err *e)
{
    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
        if (strcmp(name, purposes[i].name) == 0) {
            *out = purposes[i].purpose;
            return HM_OK;
        }
    return hm_fail(e, HM_E_USAGE, "x509.purpose.unknown",
                   "'%s' is no purpose: expected codeSigning or "
                   "emailProtection",
                   hm_show_str(name));
}

/* --- the plan ------------------------------------------------------------------- */

HM_MUST static hm_rc check_issuer(const struct hm_certificate_plan *plan,
                                  struct hm_err *e)
{
    const struct hm_certificate *issuer = plan->issuer;

    HM_TRY(hm_context(e, hm_certificate_check_ca(issuer, e), "issuer '%s'",
                      issuer->name));
    if (strcmp(issuer->key.keyid, plan->key->keyid) == 0)
        return hm_fail(e, HM_E_REJECTED, "x509.plan.self",
                       "key %.16s is the issuer's own: a root key signs no "
                       "release",
                       plan->key->keyid);
    if (plan->not_before < issuer->not_before ||
        plan->not_after > issuer->not_after)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "x509.plan.outlives",
                    "%s to %s is not within the validity of its issuer, %s to "
                    "%s",
                    hm_time_show(plan->not_before),
                    hm_time_show(plan->not_after),
                    hm_time_show(issuer->not_before),
                    hm_time_show(issuer->not_after)),
            "give --valid-until %s or earlier; an issuer that ends is renewed "
            "first",
            hm_time_show(issuer->not_after));
    return HM_OK;
}

/* Would the certificate be one that its verifiers take? */
HM_MUST static hm_rc check_plan(const struct hm_certificate_plan *plan,
                                struct hm_err *e)
{
    HM_TRY(hm_x509_check_subject(hm_bytes_str(plan->subject), e));
    HM_TRY(hm_public_key_check_published(plan->key, e));
    if (plan->not_after <= plan->not_before)
        return hm_fail(e, HM_E_REJECTED, "x509.plan.dates",
                       "the certificate would end %s, and begins %s",
                       hm_time_show(plan->not_after),
                       hm_time_show(plan->not_before));
    return plan->issuer == NULL ? HM_OK : check_issuer(plan, e);
}

/* --- a certificate -------------------------------------------------------------- */

/* As X509V3_EXT_nconf_nid() reads them. */
struct extension {
    int nid;
    const char *value;
};

static const struct extension root_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_undef, NULL},
};

static const struct extension leaf_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
    {NID_undef, NULL},
};

static bool add_extension(X509 *to, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *made = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
    const bool is_added = made != NULL && X509_add_ext(to, made, -1) == 1;

    X509_EXTENSION_free(made);
    return is_added;
}

static bool add_extensions(X509 *to, const struct hm_certificate_plan *plan)
{
    const struct extension *row =
        plan->issuer == NULL ? root_extensions : leaf_extensions;
    char usage[64] = "";
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, plan->issuer == NULL ? to : plan->issuer->x509, to,
                   NULL, NULL, 0);
    for (; row->value != NULL; row++)
        if (!add_extension(to, &ctx, row->nid, row->value))
            return false;
    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
        if ((plan->purposes & (unsigned)purposes[i].purpose) != 0)
            (void)snprintf(usage + strlen(usage), sizeof(usage) - strlen(usage),
                           "%s%s", usage[0] == '\0' ? "" : ",",
                           purposes[i].name);
    return plan->issuer == NULL || usage[0] == '\0' ||
           add_extension(to, &ctx, NID_ext_key_usage, usage);
}

static bool set_name(X509_NAME *to, const char *subject)
{
    return to != NULL && X509_NAME_add_entry_by_NID(
                             to, NID_commonName, V_ASN1_UTF8STRING,
                             (const unsigned char *)subject, -1, -1, 0) == 1;
}

/* What OpenSSL needs to make names and extensions; never encoded as a whole,
 * because OpenSSL 3.0 sets the algorithm only when it signs by itself. */
static bool fill(X509 *to, const struct hm_certificate_plan *plan)
{
    X509_NAME *subject = X509_NAME_new();
    const bool is_made =
        set_name(subject, plan->subject) &&
        X509_set_subject_name(to, subject) == 1 &&
        X509_set_issuer_name(
            to, plan->issuer == NULL
                    ? subject
                    : X509_get_subject_name(plan->issuer->x509)) == 1 &&
        X509_set_pubkey(to, plan->key->pkey) == 1 &&
        X509_set_version(to, X509_VERSION_3) == 1 && add_extensions(to, plan);

    X509_NAME_free(subject);
    return is_made;
}

HM_MUST static hm_rc add_name(struct hm_buf *to, const X509_NAME *name,
                              struct hm_err *e)
{
    unsigned char *der = NULL;
    const int n = i2d_X509_NAME(name, &der);

    return x509_der_take(to, der, n, e);
}

HM_MUST static hm_rc add_head(struct hm_buf *to,
                              const struct hm_certificate_plan *plan,
                              struct hm_err *e)
{
    static const uint8_t version_3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
    static const uint8_t serial[] = {0x02, HM_X509_SERIAL_SIZE};

    HM_TRY(hm_buf_add(to, (struct hm_bytes){version_3, sizeof(version_3)}, e));
    HM_TRY(hm_buf_add(to, (struct hm_bytes){serial, sizeof(serial)}, e));
    HM_TRY(hm_buf_add(to, (struct hm_bytes){plan->serial, sizeof(plan->serial)},
                      e));
    return x509_der_add_algorithm(
        to, plan->issuer == NULL ? plan->key->scheme : plan->issuer->key.scheme,
        e);
}

/* RFC 5280 4.1: the members of TBSCertificate, in their order. */
HM_MUST static hm_rc add_members(struct hm_buf *to,
                                 const struct hm_certificate_plan *plan,
                                 const X509 *from, struct hm_err *e)
{
    unsigned char *der = NULL;
    size_t at = 0;
    int n = 0;

    HM_TRY(add_head(to, plan, e));
    HM_TRY(add_name(to, X509_get_issuer_name(from), e));
    at = to->n;
    HM_TRY(x509_der_add_time(to, plan->not_before, e));
    HM_TRY(x509_der_add_time(to, plan->not_after, e));
    HM_TRY(x509_der_wrap(to, at, DER_SEQUENCE, e));
    HM_TRY(add_name(to, X509_get_subject_name(from), e));
    HM_TRY(hm_buf_add(to, (struct hm_bytes){plan->key->spki, plan->key->spki_n},
                      e));
    at = to->n;
    n = i2d_X509_EXTENSIONS(X509_get0_extensions(from), &der);
    HM_TRY(x509_der_take(to, der, n, e));
    HM_TRY(x509_der_wrap(to, at, DER_CONTEXT_3, e));
    return x509_der_wrap(to, 0, DER_SEQUENCE, e);
}

hm_rc hm_certificate_make(const struct hm_certificate_plan *plan,
                          struct hm_buf *tbs, struct hm_err *e)
{
    X509 *from = NULL;
    hm_rc rc;

    hm_buf_clear(tbs);
    HM_TRY(check_plan(plan, e));
    from = X509_new();
    if (from != NULL && fill(from, plan))
        rc = add_members(tbs, plan, from, e);
    else
        rc = x509_fail_make("the certificate", e);
    X509_free(from);
    if (rc != HM_OK)
        hm_buf_clear(tbs);
    return rc;
}

/* --- a request, and both with their signature ------------------------------------- */

HM_MUST static hm_rc add_request(struct hm_buf *to, const X509_NAME *name,
                                 const struct hm_public_key *key,
                                 struct hm_err *e)
{
    static const uint8_t version_1[] = {0x02, 0x01, 0x00};
    static const uint8_t no_attributes[] = {0xa0, 0x00};

    HM_TRY(hm_buf_add(to, (struct hm_bytes){version_1, sizeof(version_1)}, e));
    HM_TRY(add_name(to, name, e));
    HM_TRY(hm_buf_add(to, (struct hm_bytes){key->spki, key->spki_n}, e));
    HM_TRY(hm_buf_add(
        to, (struct hm_bytes){no_attributes, sizeof(no_attributes)}, e));
    return x509_der_wrap(to, 0, DER_SEQUENCE, e);
}

hm_rc hm_csr_make(const char *subject, const struct hm_public_key *key,
                  struct hm_buf *info, struct hm_err *e)
{
    X509_NAME *name = NULL;
    hm_rc rc;

    hm_buf_clear(info);
    HM_TRY(hm_x509_check_subject(hm_bytes_str(subject), e));
    name = X509_NAME_new();
    rc = set_name(name, subject) ? add_request(info, name, key, e)
                                 : x509_fail_make("the request", e);
    X509_NAME_free(name);
    return rc;
}

hm_rc hm_x509_join(struct hm_bytes tbs, enum hm_scheme scheme,
                   struct hm_bytes sig, struct hm_buf *der, struct hm_err *e)
{
    static const uint8_t no_unused_bits = 0;
    size_t at = 0;

    hm_buf_clear(der);
    HM_TRY(hm_buf_add(der, tbs, e));
    HM_TRY(x509_der_add_algorithm(der, scheme, e));
    at = der->n;
    HM_TRY(hm_buf_add(der, (struct hm_bytes){&no_unused_bits, 1}, e));
    HM_TRY(hm_buf_add(der, sig, e));
    HM_TRY(x509_der_wrap(der, at, V_ASN1_BIT_STRING, e));
    return x509_der_wrap(der, 0, DER_SEQUENCE, e);
}
