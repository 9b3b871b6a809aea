/* A key pair of each scheme, as tokens are asked for it. */
#include "hsm_priv.h"

#define RSA_BITS 3072 /* until 2030 and beyond; BSI TR-02102-1 */

/* Writable copies of what the templates point at: the interface takes no
 * pointer to const. */
struct pieces {
    CK_BBOOL yes;
    CK_BBOOL no;
    CK_ULONG bits;
    uint8_t exponent[3];
    uint8_t curve[16];
    size_t curve_n;
};

/* How each scheme's keys are made. */
static const struct kind {
    enum hm_scheme scheme;
    CK_MECHANISM_TYPE mechanism;
    const char *name;
    CK_ULONG bits;
} kinds[] = {
    {HM_SCHEME_ECDSA_P256_SHA256, CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN",
     256},
    {HM_SCHEME_ECDSA_P384_SHA384, CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN",
     384},
    {HM_SCHEME_RSA_PKCS1_SHA256, CKM_RSA_PKCS_KEY_PAIR_GEN,
     "CKM_RSA_PKCS_KEY_PAIR_GEN", RSA_BITS},
};

static const struct kind *find_kind(enum hm_scheme scheme)
{
    size_t i = 0;

    while (i + 1 < sizeof(kinds) / sizeof(kinds[0]) &&
           kinds[i].scheme != scheme)
        i++;
    return &kinds[i];
}

/* Bits of a mechanism that says none are not looked at. */
hm_rc hsm_pair_check(struct hsm_state *s, const struct hsm_token *token,
                     enum hm_scheme scheme, struct hm_err *e)
{
    const struct kind *kind = find_kind(scheme);
    CK_MECHANISM_INFO info = {.flags = 0};
    const bool is_there = s->f->C_GetMechanismInfo != NULL &&
                          s->f->C_GetMechanismInfo(token->slot, kind->mechanism,
                                                   &info) == CKR_OK &&
                          (info.flags & CKF_GENERATE_KEY_PAIR) != 0;

    if (is_there &&
        (info.ulMaxKeySize == 0 ||
         (kind->bits >= info.ulMinKeySize && kind->bits <= info.ulMaxKeySize)))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.mechanism.missing",
                           "token '%s' does not say that it makes keys of %lu "
                           "bits with %s",
                           hm_show_str(token->label), kind->bits, kind->name),
                   "ask for another with --scheme: ecdsa-p256-sha256, "
                   "ecdsa-p384-sha384 or rsa-pkcs1-sha256");
}

static void fill(struct pieces *p, const struct hsm_new *new)
{
    const struct hm_bytes curve = hsm_curve_of(new->scheme);

    *p = (struct pieces){.yes = CK_TRUE,
                         .no = CK_FALSE,
                         .bits = find_kind(new->scheme)->bits,
                         .exponent = {1, 0, 1}};
    if (curve.n > 0)
        memcpy(p->curve, curve.p, curve.n);
    p->curve_n = curve.n;
}

#define PUBLIC_MAX  7
#define PRIVATE_N   8  /* what every token takes */
#define PRIVATE_EC  10 /* with what some refuse even as false */
#define PRIVATE_RSA 11

/* The private template ends with attributes that only say no.  CKA_DECRYPT is not
 * among them for EC: nothing decrypts with an EC key, and a TPM whose module
 * refuses to hear it has used up its memory by then, so that a second try
 * fails. */
static CK_RV generate(struct hsm_state *s, struct hsm_new *new,
                      struct pieces *p, CK_ULONG private_n,
                      struct hsm_pair *made)
{
    const bool is_ec = p->curve_n > 0;
    CK_ATTRIBUTE public_template[PUBLIC_MAX] = {
        {CKA_TOKEN, &p->yes, sizeof(p->yes)},
        {CKA_PRIVATE, &p->no, sizeof(p->no)},
        {CKA_VERIFY, &p->yes, sizeof(p->yes)},
        {CKA_LABEL, new->label, strlen(new->label)},
        {CKA_ID, new->id, new->id_n},
        {CKA_MODULUS_BITS, &p->bits, sizeof(p->bits)},
        {CKA_PUBLIC_EXPONENT, p->exponent, sizeof(p->exponent)},
    };
    CK_ATTRIBUTE private_template[PRIVATE_RSA] = {
        {CKA_TOKEN, &p->yes, sizeof(p->yes)},
        {CKA_PRIVATE, &p->yes, sizeof(p->yes)},
        {CKA_SENSITIVE, &p->yes, sizeof(p->yes)},
        {CKA_EXTRACTABLE, &p->no, sizeof(p->no)},
        {CKA_SIGN, &p->yes, sizeof(p->yes)},
        {CKA_DERIVE, &p->no, sizeof(p->no)},
        {CKA_LABEL, new->label, strlen(new->label)},
        {CKA_ID, new->id, new->id_n},
        {CKA_UNWRAP, &p->no, sizeof(p->no)},
        {CKA_MODIFIABLE, &p->no, sizeof(p->no)},
        {CKA_DECRYPT, &p->no, sizeof(p->no)},
    };
    CK_MECHANISM mechanism = {find_kind(new->scheme)->mechanism, NULL, 0};

    if (is_ec)
        public_template[5] =
            (CK_ATTRIBUTE){CKA_EC_PARAMS, p->curve, p->curve_n};
    return s->f->C_GenerateKeyPair(s->session, &mechanism, public_template,
                                   is_ec ? PUBLIC_MAX - 1 : PUBLIC_MAX,
                                   private_template, private_n,
                                   &made->public_key, &made->private_key);
}

/* What became of the attributes that were left out is read back by the caller. */
hm_rc hsm_pair_make(struct hsm_state *s, struct hsm_new *new,
                    struct hsm_pair *made, struct hm_err *e)
{
    struct pieces p;
    CK_RV rv;

    fill(&p, new);
    rv = generate(s, new, &p, p.curve_n > 0 ? PRIVATE_EC : PRIVATE_RSA, made);
    if (rv == CKR_GENERAL_ERROR || rv == CKR_TEMPLATE_INCONSISTENT ||
        rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID)
        rv = generate(s, new, &p, PRIVATE_N, made);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_GenerateKeyPair", rv, e);
    return HM_OK;
}
