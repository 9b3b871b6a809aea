#include <openssl/rand.h>

#include "hsm_priv.h"

/* Signed once by a new key; no Hallmark document starts like this. */
#define PROOF "hallmark-key: this new key signs and its public key fits\n"

/* What is asked for, and its id when the URI says none. */
HM_MUST static hm_rc name_new(struct hsm_new *p, const struct hm_hsm_uri *uri,
                              enum hm_scheme scheme, struct hm_err *e)
{
    p->scheme = scheme;
    memcpy(p->label, uri->object, sizeof(uri->object));
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
                                  const struct hsm_new *p, struct hm_err *e)
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

/* Asked for as a key that only signs and stays: does the token say it is one?
 * Whatever template it took, this is what came of it. */
HM_MUST static hm_rc check_claims(const struct hm_hsm_key *key,
                                  struct hm_err *e)
{
    const struct hm_hsm_claims *c = &key->claims;

    if (c->extractable == HM_HSM_YES || c->sensitive == HM_HSM_NO)
        return hm_fail(e, HM_E_TOKEN, "hsm.key.extractable",
                       "the token was asked for a key that stays inside, and "
                       "claims sensitive: %s, extractable: %s",
                       hm_hsm_claim_name(c->sensitive),
                       hm_hsm_claim_name(c->extractable));
    return hsm_as_token(e, hm_hsm_claims_check(key, e));
}

HM_MUST static hm_rc check_pair(struct hsm_state *s, const struct hsm_new *p,
                                const struct hsm_pair *made,
                                struct hm_hsm_key *key, struct hm_err *e)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hsm_object o = {.handle = made->private_key, .id_n = p->id_n};

    memcpy(o.label, p->label, sizeof(p->label));
    memcpy(o.id, p->id, p->id_n);
    hsm_key_describe(s, &o, key);
    key->handle = made->private_key;
    HM_TRY(hsm_public_read(s, made->public_key, &key->public_key, e));
    if (key->public_key.scheme != p->scheme)
        return hm_fail(e, HM_E_TOKEN, "hsm.key.kind",
                       "the token was asked for a key of %s, and made one of "
                       "%s",
                       hm_scheme_name(p->scheme),
                       hm_scheme_name(key->public_key.scheme));
    hsm_claims_hardware(s, key->public_key.scheme, &key->claims);
    HM_TRY(hsm_claims_read(s, key->handle, &key->claims, e));
    HM_TRY(check_claims(key, e));
    HM_TRY(hsm_claims_probe(s, key, e));
    HM_TRY(hsm_sign(s, key, &key->public_key, HM_LIT(PROOF), &sig, e));
    return hsm_probe_new(s, key, e);
}

/* A key that failed its checks must not be there to be found later.  What is
 * made in a SoftHSM store is gone anyway unless it is committed. */
HM_MUST static hm_rc destroy_pair(struct hsm_state *s,
                                  const struct hsm_pair *made, hm_rc why,
                                  struct hm_err *e)
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
                                const struct hm_hsm_uri *uri,
                                enum hm_scheme scheme, struct hm_err *e)
{
    struct hsm_new p = {.id_n = 0};
    struct hsm_token token;

    HM_TRY(name_new(&p, uri, scheme, e));
    HM_TRY(hsm_token_pick(s, uri, &token, e));
    HM_TRY(hsm_pair_check(s, &token, scheme, e));
    HM_TRY(hsm_session_open(s, &token, e));
    return refuse_taken(s, CKO_PUBLIC_KEY, &p, e);
}

hm_rc hm_hsm_generate_check(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                            enum hm_scheme scheme, struct hm_err *e)
{
    hm_rc rc = check_name(uri, e);

    if (rc == HM_OK)
        rc = check_free(hsm->state, uri, scheme, e);
    hsm_session_close(hsm->state);
    return rc;
}

hm_rc hm_hsm_generate(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                      enum hm_scheme scheme, struct hm_hsm_key *key,
                      struct hm_err *e)
{
    struct hsm_state *s = hsm->state;
    struct hsm_new p = {.id_n = 0};
    struct hsm_pair made = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    hm_rc rc;

    hm_hsm_key_clear(key);
    HM_TRY(check_name(uri, e));
    HM_TRY(hsm_session_check(s, e));
    HM_TRY(name_new(&p, uri, scheme, e));
    HM_TRY(hsm_pair_check(s, &s->token, scheme, e));
    HM_TRY(refuse_taken(s, CKO_PRIVATE_KEY, &p, e));
    HM_TRY(refuse_taken(s, CKO_PUBLIC_KEY, &p, e));
    HM_TRY(hsm_pair_make(s, &p, &made, e));
    rc = check_pair(s, &p, &made, key, e);
    if (rc == HM_OK)
        return HM_OK;
    hm_hsm_key_clear(key);
    return destroy_pair(s, &made, rc, e);
}
