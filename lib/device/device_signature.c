/* Signatures and keys: strict DER, canonical SubjectPublicKeyInfo. */
#include "device_memory.h"
#include "device_priv.h"

/* The orders n of P-256 and P-384, big endian: r and s lie in 1..n-1. */
static const uint8_t order_p256[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
    0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t order_p384[48] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
    0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

/* SubjectPublicKeyInfo of a P-256 key up to and with the 04 of its point. */
static const uint8_t spki_p256[27] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
                                      0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                      0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
                                      0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

#define SPKI_MAX   640u
#define SCHEME_MAX 31u
#define RSA_MIN    256u /* bytes of a signature */

/* 02 LEN VALUE off the front, positive, minimal, not zero.  All lengths here
 * are below 128, so LEN is one byte.  The view is without the leading zero. */
static bool take_integer(struct hm_device_bytes *in,
                         struct hm_device_bytes *out)
{
    if (in->n < 3 || in->p[0] != 0x02 || in->p[1] == 0 ||
        in->p[1] > in->n - 2 || (in->p[2] & 0x80) != 0)
        return false;
    out->p = in->p + 2;
    out->n = in->p[1];
    in->p += 2 + out->n;
    in->n -= 2 + out->n;
    if (out->p[0] != 0)
        return true;
    if (out->n == 1 || (out->p[1] & 0x80) == 0)
        return false;
    out->p++;
    out->n--;
    return true;
}

static bool is_below(struct hm_device_bytes v, const uint8_t *order, size_t n)
{
    return v.n < n || (v.n == n && memcmp(v.p, order, n) < 0);
}

/* 30 LEN INTEGER INTEGER, nothing behind it, both below the order of P-384. */
static bool take_signature(struct hm_device_bytes der,
                           struct hm_device_bytes rs[2])
{
    struct hm_device_bytes in;

    if (der.n < 2 || der.p[0] != 0x30 || der.p[1] >= 0x80 ||
        der.p[1] != der.n - 2)
        return false;
    in.p = der.p + 2;
    in.n = der.n - 2;
    return take_integer(&in, &rs[0]) && take_integer(&in, &rs[1]) &&
           in.n == 0 && is_below(rs[0], order_p384, sizeof(order_p384)) &&
           is_below(rs[1], order_p384, sizeof(order_p384));
}

/* Both halves at the right of 32 bytes each; false: not of P-256. */
static bool to_p256(const struct hm_device_bytes rs[2], uint8_t *out)
{
    size_t i;

    memset(out, 0, 64);
    for (i = 0; i < 2; i++) {
        if (!is_below(rs[i], order_p256, sizeof(order_p256)))
            return false;
        memcpy(out + 32 * i + (32 - rs[i].n), rs[i].p, rs[i].n);
    }
    return true;
}

uint32_t hm_device_signature(struct hm_device_bytes der, uint8_t *rs)
{
    struct hm_device_bytes parts[2];

    return take_signature(der, parts) && to_p256(parts, rs) ? HM_DEVICE_YES
                                                            : HM_DEVICE_NO;
}

/* A signature of a scheme that is not ours is a stranger's, not malformed. */
const char *device_signatures(const struct hm_device_bytes *sig, size_t n,
                              struct device_signatures *out)
{
    struct hm_device_bytes parts[2];
    size_t i;

    memset(out, 0, sizeof(*out));
    for (i = 0; i < n; i++) {
        if (sig[i].n > HM_DEVICE_SIGNATURE_MAX)
            return "trust.signature.malformed";
        if (take_signature(sig[i], parts))
            out->usable[i] = to_p256(parts, out->rs[i]);
        else if (sig[i].n < RSA_MIN)
            return "trust.signature.malformed";
    }
    out->n = n;
    return device_yes;
}

const char *device_sha256(const struct hm_device_crypto *crypto,
                          struct hm_device_bytes in, uint8_t *out)
{
    memset(out, 0, HM_DEVICE_SHA256);
    if (crypto->sha256_begin(crypto->context) != HM_DEVICE_YES ||
        crypto->sha256_add(crypto->context, in.p, in.n) != HM_DEVICE_YES ||
        crypto->sha256_end(crypto->context, out) != HM_DEVICE_YES)
        return "device.crypto.failed";
    return device_yes;
}

const char *device_key(const struct hm_device_crypto *crypto,
                       const struct hm_device_bytes value[3],
                       struct device_key *out)
{
    uint8_t spki[SPKI_MAX];
    uint8_t digest[HM_DEVICE_SHA256];
    char scheme[HM_DEVICE_WORD];
    struct hm_device_bytes view;

    memset(out, 0, sizeof(*out));
    DEVICE_TRY(device_hex(value[0], out->id, sizeof(out->id)));
    DEVICE_TRY(device_word(value[1], "trust.name.syntax", scheme));
    if (device_length(scheme) > SCHEME_MAX)
        return "json.member.long";
    DEVICE_TRY(device_base64(value[2], spki, sizeof(spki), &view.n));
    view.p = spki;
    DEVICE_TRY(device_sha256(crypto, view, digest));
    if (view.n == 0)
        return "crypto.key.der";
    if (device_text_equal(scheme, "ecdsa-p256-sha256")) {
        if (view.n != sizeof(spki_p256) + 64 ||
            memcmp(spki, spki_p256, sizeof(spki_p256)) != 0)
            return "crypto.key.der";
        memcpy(out->point, spki + sizeof(spki_p256), sizeof(out->point));
        out->usable = true;
    }
    return memcmp(digest, out->id, sizeof(digest)) == 0 ? device_yes
                                                        : "trust.key.id";
}

size_t device_count_id(struct hm_device_bytes keys, const uint8_t *id)
{
    struct hm_device_bytes object;
    struct hm_device_bytes name;
    struct hm_device_bytes value;
    struct device_walk w;
    struct device_walk members;
    uint8_t other[HM_DEVICE_SHA256];
    char text[8];
    size_t length;
    size_t n = 0;

    device_walk_begin(&w, keys);
    while (device_walk_element(&w, &object)) {
        device_walk_begin(&members, object);
        while (device_walk_member(&members, &name, &value))
            if (device_string(name, text, sizeof(text), &length) ==
                    device_yes &&
                device_text_equal(text, "keyid") &&
                device_hex(value, other, sizeof(other)) == device_yes &&
                memcmp(other, id, sizeof(other)) == 0)
                n++;
    }
    return n;
}

bool device_key_signs(const struct hm_device_crypto *crypto,
                      const struct device_key *key, const uint8_t *digest,
                      const struct device_signatures *sigs)
{
    size_t i;

    for (i = 0; i < sigs->n && key->usable; i++)
        if (sigs->usable[i] &&
            crypto->p256_verify(crypto->context, key->point, digest,
                                sigs->rs[i]) == HM_DEVICE_YES)
            return true;
    return false;
}

const char *device_format(struct hm_device_bytes text, const char *format,
                          const char *reason)
{
    static const char head[] = "{\n  \"format\": \"";
    size_t at = sizeof(head) - 1;

    if (text.n < at || memcmp(text.p, head, at) != 0)
        return reason;
    for (; *format != '\0'; format++, at++)
        if (at >= text.n || text.p[at] != (uint8_t)*format)
            return reason;
    if (text.n - at < 2 || text.p[at] != '"' ||
        (text.p[at + 1] != ',' && text.p[at + 1] != '\n'))
        return reason;
    return device_yes;
}
