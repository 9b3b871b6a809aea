/* Attributes are words of the module; this asks for the deed. */
#include <stdio.h>

#include <openssl/crypto.h>

#include "hsm_priv.h"

#define WRAPPED_MAX 8192u /* more than any wrapped key of ours */
#define AES_KEY     32u
#define AES_BLOCK   16u

static const struct {
    const char *way;
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG parameter; /* bytes of zeros */
} wraps[HM_HSM_PROBES - 1] = {
    {"wrap with AES_KEY_WRAP_PAD", CKM_AES_KEY_WRAP_PAD, 0},
    {"wrap with AES_KEY_WRAP", CKM_AES_KEY_WRAP, 0},
    {"wrap with AES_CBC_PAD", CKM_AES_CBC_PAD, AES_BLOCK},
};

/* Only these say that the token knows the way and refuses it; any other no, such
 * as one of a token that was pulled out, is a way that was not tried. */
static void judge(struct hm_hsm_probe *to, CK_RV rv)
{
    static const CK_RV refusals[] = {
        CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID,
        CKR_KEY_UNEXTRACTABLE, CKR_KEY_NOT_WRAPPABLE,
        CKR_KEY_FUNCTION_NOT_PERMITTED};

    to->outcome = HM_HSM_UNTRIED;
    if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL) /* in a larger one, then */
        to->outcome = HM_HSM_LEAKED;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        if (rv == refusals[i])
            to->outcome = HM_HSM_REFUSED;
    (void)snprintf(to->said, sizeof(to->said), "%s", hsm_rv_name(rv));
}

static void probe_read(struct hsm_state *s, const struct hm_hsm_key *key,
                       struct hm_hsm_probe *to)
{
    const bool is_rsa = key->public_key.scheme == HM_SCHEME_RSA_PKCS1_SHA256;
    uint8_t value[HSM_VALUE_MAX];
    CK_ATTRIBUTE wanted = {is_rsa ? CKA_PRIVATE_EXPONENT : CKA_VALUE, value,
                           sizeof(value)};
    CK_RV rv = s->f->C_GetAttributeValue(s->session, key->handle, &wanted, 1);

    /* Some say yes and give nothing. */
    if (rv == CKR_OK && (wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION ||
                         wanted.ulValueLen == 0))
        rv = CKR_ATTRIBUTE_SENSITIVE;
    OPENSSL_cleanse(value, sizeof(value));
    to->way = "read the private value";
    judge(to, rv);
}

/* The key to wrap with can itself not leave: nobody can unwrap what a careless
 * token gives out. */
static CK_RV make_wrapping(struct hsm_state *s, CK_OBJECT_HANDLE *out)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ULONG size = AES_KEY;
    CK_ATTRIBUTE template[] = {
        {CKA_VALUE_LEN, &size, sizeof(size)},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},
        {CKA_EXTRACTABLE, &no, sizeof(no)},
        {CKA_WRAP, &yes, sizeof(yes)},
    };

    return s->f->C_GenerateKey(s->session, &mechanism, template,
                               sizeof(template) / sizeof(template[0]), out);
}

static void probe_wrap(struct hsm_state *s, const struct hm_hsm_key *key,
                       size_t i, CK_RV made, CK_OBJECT_HANDLE wrapping,
                       struct hm_hsm_probe *to)
{
    static uint8_t out[WRAPPED_MAX]; /* a module has written past less */
    CK_BYTE zeros[AES_BLOCK] = {0};
    CK_MECHANISM mechanism = {wraps[i].mechanism,
                              wraps[i].parameter == 0 ? NULL : zeros,
                              wraps[i].parameter};
    CK_ULONG n = WRAPPED_MAX / 2;

    to->way = wraps[i].way;
    if (made != CKR_OK) {
        judge(to, made);
        to->outcome = HM_HSM_UNTRIED;
        return;
    }
    judge(to, s->f->C_WrapKey(s->session, &mechanism, wrapping, key->handle,
                              out, &n));
    OPENSSL_cleanse(out, sizeof(out));
}

hm_rc hm_hsm_probe(struct hm_hsm *hsm, const struct hm_hsm_key *key,
                   struct hm_hsm_probe out[static HM_HSM_PROBES],
                   struct hm_err *e)
{
    struct hsm_state *s = hsm->state;
    CK_OBJECT_HANDLE wrapping = 0;
    CK_RV made;

    HM_TRY(hsm_session_check(s, e));
    probe_read(s, key, &out[0]);
    made = make_wrapping(s, &wrapping);
    for (size_t i = 0; i < HM_HSM_PROBES - 1; i++)
        probe_wrap(s, key, i, made, wrapping, &out[1 + i]);
    if (made == CKR_OK)
        (void)s->f->C_DestroyObject(s->session, wrapping);
    return HM_OK;
}
