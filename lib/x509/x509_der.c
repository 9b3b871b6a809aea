#include <time.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "x509_priv.h"

#define DER_DEPTH_MAX 24

/* --- writing ------------------------------------------------------------------- */

hm_rc x509_fail_make(const char *what, struct hm_err *e)
{
    return hm_fail(e, HM_E_INTERNAL, "x509.make.failed", "cannot make %s: %s",
                   what, x509_openssl_error());
}

/* 1 to 3 bytes of length are enough for 16 MiB. */
static size_t put_head(uint8_t to[static 5], uint8_t tag, size_t n)
{
    size_t used = 0;

    to[used++] = tag;
    if (n >= 0x10000)
        to[used++] = 0x83;
    else if (n >= 0x100)
        to[used++] = 0x82;
    else if (n >= 0x80)
        to[used++] = 0x81;
    if (n >= 0x10000)
        to[used++] = (uint8_t)(n >> 16);
    if (n >= 0x100)
        to[used++] = (uint8_t)(n >> 8);
    to[used++] = (uint8_t)n;
    return used;
}

hm_rc x509_der_wrap(struct hm_buf *to, size_t at, uint8_t tag, struct hm_err *e)
{
    const size_t n = to->n - at;
    uint8_t head[5];
    size_t head_n = 0;

    if (n >= 0x1000000)
        return hm_fail(e, HM_E_INTERNAL, "x509.make.failed",
                       "%zu bytes are too many for one value", n);
    head_n = put_head(head, tag, n);
    HM_TRY(hm_buf_add(to, (struct hm_bytes){head, head_n}, e)); /* makes room */
    memmove(to->p + at + head_n, to->p + at, n);
    memcpy(to->p + at, head, head_n);
    return HM_OK;
}

hm_rc x509_der_take(struct hm_buf *to, unsigned char *der, int n,
                    struct hm_err *e)
{
    hm_rc rc;

    if (n <= 0)
        return x509_fail_make("a piece of DER", e);
    rc = hm_buf_add(to, (struct hm_bytes){der, (size_t)n}, e);
    OPENSSL_free(der);
    return rc;
}

HM_MUST static hm_rc add_algorithm(struct hm_buf *to, int nid, int parameter,
                                   struct hm_err *e)
{
    X509_ALGOR *algorithm = X509_ALGOR_new();
    unsigned char *der = NULL;
    int n = -1;

    if (algorithm != NULL &&
        X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), parameter, NULL) == 1)
        n = i2d_X509_ALGOR(algorithm, &der);
    X509_ALGOR_free(algorithm);
    return x509_der_take(to, der, n, e);
}

/* RFC 5758 3.2: no parameters; RFC 4055 5: NULL. */
hm_rc x509_der_add_algorithm(struct hm_buf *to, enum hm_scheme scheme,
                             struct hm_err *e)
{
    if (scheme == HM_SCHEME_ECDSA_P256_SHA256)
        return add_algorithm(to, NID_ecdsa_with_SHA256, V_ASN1_UNDEF, e);
    if (scheme == HM_SCHEME_ECDSA_P384_SHA384)
        return add_algorithm(to, NID_ecdsa_with_SHA384, V_ASN1_UNDEF, e);
    return add_algorithm(to, NID_sha256WithRSAEncryption, V_ASN1_NULL, e);
}

/* RFC 5754 2: no parameters. */
hm_rc x509_der_add_digest(struct hm_buf *to, enum hm_scheme scheme,
                          struct hm_err *e)
{
    return add_algorithm(
        to, scheme == HM_SCHEME_ECDSA_P384_SHA384 ? NID_sha384 : NID_sha256,
        V_ASN1_UNDEF, e);
}

hm_rc x509_der_add_time(struct hm_buf *to, hm_time t, struct hm_err *e)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)t);
    unsigned char *der = NULL;
    const int n = time == NULL ? -1 : i2d_ASN1_TIME(time, &der);

    ASN1_TIME_free(time);
    return x509_der_take(to, der, n, e);
}

/* --- reading ------------------------------------------------------------------- */

/* Takes the length off the front: definite, and not longer than it need be. */
static bool take_length(struct hm_bytes *in, size_t *n)
{
    size_t bytes = 0;

    if (in->n == 0)
        return false;
    *n = in->p[0];
    in->p++;
    in->n--;
    if (*n < 0x80)
        return *n <= in->n;
    bytes = *n & 0x7fu;
    if (bytes == 0 || bytes > 3 || bytes > in->n || in->p[0] == 0)
        return false;
    *n = 0;
    for (size_t i = 0; i < bytes; i++)
        *n = *n << 8 | in->p[i];
    in->p += bytes;
    in->n -= bytes;
    return *n >= 0x80 && *n <= in->n;
}

/* Values one behind the other, to the end of @p in. */
static bool are_strict(struct hm_bytes in, unsigned depth)
{
    while (in.n > 0) {
        const uint8_t tag = in.p[0];
        struct hm_bytes value;

        in.p++;
        in.n--;
        if (depth > DER_DEPTH_MAX || (tag & 0x1fu) == 0x1f ||
            !take_length(&in, &value.n))
            return false;
        value.p = in.p;
        in.p += value.n;
        in.n -= value.n;
        if (tag == V_ASN1_BOOLEAN &&
            (value.n != 1 || (value.p[0] != 0x00 && value.p[0] != 0xff)))
            return false;
        if ((tag & 0x20u) != 0 && !are_strict(value, depth + 1))
            return false;
    }
    return true;
}

bool x509_der_is_strict(struct hm_bytes der)
{
    struct hm_bytes rest;
    size_t n = 0;

    if (der.n < 2)
        return false;
    rest = (struct hm_bytes){der.p + 1, der.n - 1};
    return take_length(&rest, &n) && n == rest.n && are_strict(der, 0);
}

hm_rc x509_der_load(struct hm_buf *der, struct hm_bytes text, const char *label,
                    const char *reason, struct hm_err *e)
{
    struct hm_bytes letters = {NULL, 0};

    if (text.n > HM_X509_BYTES_MAX)
        return hm_fail(e, HM_E_LIMIT, reason, "more than %zu bytes",
                       HM_X509_BYTES_MAX);
    if (hm_pem_find(text, label, &letters))
        HM_TRY(hm_pem_read(der, letters, e));
    else
        HM_TRY(hm_buf_add(der, text, e));
    if (x509_der_is_strict(hm_buf_view(der)))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_FORMAT, reason,
                           "expected one PEM block 'BEGIN %s', or its DER, and "
                           "nothing before or behind it",
                           label),
                   "give one file for one object, without the text that "
                   "'openssl -text' puts before it");
}

/* --- both ---------------------------------------------------------------------- */

const char *x509_openssl_error(void)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return why == NULL ? "no memory, or a value that is not there" : why;
}

bool x509_is_strong(int nid)
{
    return nid == NID_ecdsa_with_SHA256 || nid == NID_ecdsa_with_SHA384 ||
           nid == NID_ecdsa_with_SHA512 || nid == NID_sha256WithRSAEncryption ||
           nid == NID_sha384WithRSAEncryption ||
           nid == NID_sha512WithRSAEncryption;
}

hm_rc x509_key_read(X509_PUBKEY *from, struct hm_public_key *key,
                    struct hm_err *e)
{
    HM_OWN(hm_buf) spki = HM_BUF_INIT(HM_X509_BYTES_MAX);
    unsigned char *der = NULL;
    const int n = i2d_X509_PUBKEY(from, &der);

    HM_TRY(x509_der_take(&spki, der, n, e));
    return hm_public_key_read(key, hm_buf_view(&spki), e);
}
