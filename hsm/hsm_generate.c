#include <openssl/rand.h>

#include "hsm_priv.h"

/* Signed once by a new key; no Hallmark document starts like this. */
#define PROOF "hallmark-key: this new key signs and its public key fits\n"

/* P-256 by name.  @source RFC 5480 2.1.1.1 */
static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x03, 0x01, 0x07};

/* Writable copies of what the templates point at: the interface takes no
 * pointer to const. */
struct pieces {
    CK_BBOOL yes;
    CK_BBOOL no;
    char label[HM_HSM_OBJECT_MAX + 1];
    uint8_t id[HM_HSM_ID_MAX];
    size_t id_n;
    uint8_t params[sizeof(p256)];
};

struct made {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};

HM_MUST static hm_rc fill_pieces(struct pieces *p, const struct hm_hsm_uri *uri,
                                 struct hm_err *e)
{
    p->yes = CK_TRUE;
    p->no = CK_FALSE;
    memcpy(p->label, uri->object, sizeof(uri->object));
    memcpy(p->params, p256, sizeof(p256));
    memcpy(p->id, uri->id, sizeof(uri->id));
    p->id_n = uri->id_n;
    if (p->id_n > 0)
        return HM_OK;
    p->id_n = 16;
    if (RAND_bytes(p->id, (int)p->id_n) != 1)
        return hm_fail(e, HM_E_INTERNAL, "hsm.pin.random",
                       "the random generator failed");
    return HM_OK;
}

HM_MUST static hm_rc refuse_taken(struct hsm_state *s, CK_OBJECT_CLASS class,
                                  const struct pieces *p, struct hm_err *e)
{
    struct hm_hsm_uri by_label = {.id_n = 0};
    struct hm_hsm_uri by_id = {.id_n = p->id_n};

    memcpy(by_label.object, p->label, sizeof(p->label));
    memcpy(by_id.id, p->id, p->id_n);
    HM_TRY(hsm_find_class(s, class, e));
    for (size_t i = 0; i < s->found.n; i++) {
        const struct hsm_object *o = &s->found.object[i];

        if (hsm_object_matches(o, &by_label) || hsm_object_matches(o, &by_id))
            return hm_hint(e,
                           hm_fail(e, HM_E_TOKEN, "hsm.key.exists",
                                   "token '%s' already has a key '%s' or one "
                                   "with its id",
                                   hm_show_str(s->token.label),
                                   hm_show_str(p->label)),
                           "choose another object= in the URI");
    }
    return HM_OK;
}

#define PUBLIC_N    6
#define PRIVATE_N   8  /* what every token takes */
#define PRIVATE_ALL 10 /* with what some refuse even as false */

/* The private template ends with attributes that only say no.  CKA_DECRYPT is not
 * among them: nothing decrypts with an EC key, and a TPM whose module refuses to
 * hear it has used up its memory by then, so that a second try fails. */
static CK_RV generate(struct hsm_state *s, struct pieces *p, CK_ULONG private_n,
                      struct made *made)
{
    CK_ATTRIBUTE public_template[PUBLIC_N] = {
        {CKA_TOKEN, &p->yes, sizeof(p->yes)},
        {CKA_PRIVATE, &p->no, sizeof(p->no)},
        {CKA_VERIFY, &p->yes, sizeof(p->yes)},
        {CKA_LABEL, p->label, strlen(p->label)},
        {CKA_ID, p->id, p->id_n},
        {CKA_EC_PARAMS, p->params, sizeof(p->params)},
    };
    CK_ATTRIBUTE private_template[PRIVATE_ALL] = {
        {CKA_TOKEN, &p->yes, sizeof(p->yes)},
        {CKA_PRIVATE, &p->yes, sizeof(p->yes)},
        {CKA_SENSITIVE, &p->yes, sizeof(p->yes)},
        {CKA_EXTRACTABLE, &p->no, sizeof(p->no)},
        {CKA_SIGN, &p->yes, sizeof(p->yes)},
        {CKA_DERIVE, &p->no, sizeof(p->no)},
        {CKA_LABEL, p->label, strlen(p->label)},
        {CKA_ID, p->id, p->id_n},
        {CKA_UNWRAP, &p->no, sizeof(p->no)},
        {CKA_MODIFIABLE, &p->no, sizeof(p->no)},
    };
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};

    return s->f->C_GenerateKeyPair(s->session, &mechanism, public_template,
                                   PUBLIC_N, private_template, private_n,
                                   &made->public_key, &made->private_key);
}

HM_MUST static hm_rc make_pair(struct hsm_state *s, struct pieces *p,
                               struct made *made, struct hm_err *e)
{
    CK_RV rv = generate(s, p, PRIVATE_ALL, made);

    if (rv == CKR_GENERAL_ERROR || rv == CKR_TEMPLATE_INCONSISTENT ||
        rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID)
        rv = generate(s, p, PRIVATE_N, made);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_GenerateKeyPair", rv, e);
    return HM_OK;
}

HM_MUST static hm_rc check_claims(const struct hm_hsm_claims *c,
                                  struct hm_err *e)
{
    if (c->extractable != HM_HSM_YES && c->sensitive != HM_HSM_NO)
        return HM_OK;
    return hm_fail(e, HM_E_TOKEN, "hsm.key.extractable",
                   "the token was asked for a key that stays inside, and "
                   "claims sensitive: %s, extractable: %s",
                   hm_hsm_claim_name(c->sensitive),
                   hm_hsm_claim_name(c->extractable));
}

HM_MUST static hm_rc check_pair(struct hsm_state *s, const struct pieces *p,
                                const struct made *made, struct hm_hsm_key *key,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hsm_object o = {.handle = made->private_key, .id_n = p->id_n};

    memcpy(o.label, p->label, sizeof(p->label));
    memcpy(o.id, p->id, p->id_n);
    hsm_key_describe(s, &o, key);
    key->handle = made->private_key;
    HM_TRY(hsm_public_read(s, made->public_key, &key->public_key, e));
    hsm_claims_hardware(s, key->public_key.scheme, &key->claims);
    HM_TRY(hsm_claims_read(s, key->handle, &key->claims, e));
    HM_TRY(check_claims(&key->claims, e));
    HM_TRY(hsm_claims_probe(s, key->handle, e));
    return hsm_sign(s, key, &key->public_key, HM_LIT(PROOF), &sig, e);
}

/* A key that failed its checks must not be there to be found later.  What is
 * made in a SoftHSM store is gone anyway unless it is committed. */
HM_MUST static hm_rc destroy_pair(struct hsm_state *s, const struct made *made,
                                  hm_rc why, struct hm_err *e)
{
    bool is_gone = s->has_session;

    if (s->has_session) {
        is_gone =
            s->f->C_DestroyObject(s->session, made->private_key) == CKR_OK;
        (void)s->f->C_DestroyObject(s->session, made->public_key);
    }
    hsm_session_close(s);
    if (is_gone || s->keeper.is_open)
        return why;
    return hm_context(e, why,
                      "the new key failed its checks and could not be "
                      "removed, delete it from the token");
}

HM_MUST static hm_rc check_name(const struct hm_hsm_uri *uri, struct hm_err *e)
{
    if (uri->object[0] != '\0')
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "hsm.uri.object",
                   "a new key needs a name: object= in the URI");
}

HM_MUST static hm_rc check_free(struct hsm_state *s,
                                const struct hm_hsm_uri *uri, struct hm_err *e)
{
    struct pieces p = {.id_n = 0};
    struct hsm_token token;

    HM_TRY(fill_pieces(&p, uri, e));
    HM_TRY(hsm_token_pick(s, uri, &token, e));
    HM_TRY(hsm_session_open(s, &token, e));
    return refuse_taken(s, CKO_PUBLIC_KEY, &p, e);
}

hm_rc hm_hsm_generate_check(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                            struct hm_err *e)
{
    hm_rc rc = check_name(uri, e);

    if (rc == HM_OK)
        rc = check_free(hsm->state, uri, e);
    hsm_session_close(hsm->state);
    return rc;
}

hm_rc hm_hsm_generate(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                      struct hm_hsm_key *key, struct hm_err *e)
{
    struct hsm_state *s = hsm->state;
    struct pieces p = {.id_n = 0};
    struct made made = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    hm_rc rc;

    hm_hsm_key_clear(key);
    HM_TRY(check_name(uri, e));
    HM_TRY(hsm_session_check(s, e));
    HM_TRY(fill_pieces(&p, uri, e));
    HM_TRY(refuse_taken(s, CKO_PRIVATE_KEY, &p, e));
    HM_TRY(refuse_taken(s, CKO_PUBLIC_KEY, &p, e));
    HM_TRY(make_pair(s, &p, &made, e));
    rc = check_pair(s, &p, &made, key, e);
    if (rc == HM_OK)
        return HM_OK;
    hm_hsm_key_clear(key);
    return destroy_pair(s, &made, rc, e);
}
