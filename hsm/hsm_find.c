#include <stdio.h>

#include "hsm_priv.h"

/* What the object says it is called.  A label or id longer than ours is no
 * candidate: cut short it could look like another's. */
HM_MUST static hm_rc read_object(struct hsm_state *s, CK_OBJECT_HANDLE handle,
                                 struct hsm_object *o, struct hm_err *e)
{
    struct hsm_value v = {.n = 0};

    *o = (struct hsm_object){.handle = handle};
    HM_TRY(hsm_attr_name(s, handle, CKA_LABEL, &v, e));
    if (v.is_there && v.n <= HM_HSM_OBJECT_MAX &&
        memchr(v.b, '\0', v.n) == NULL)
        memcpy(o->label, v.b, v.n);
    HM_TRY(hsm_attr_name(s, handle, CKA_ID, &v, e));
    if (v.is_there && v.n <= HM_HSM_ID_MAX) {
        memcpy(o->id, v.b, v.n);
        o->id_n = v.n;
    }
    return HM_OK;
}

/* Until the module has no more: it may give few at a time, and the second key
 * of a name must not be the one that was not asked for. */
HM_MUST static hm_rc gather(struct hsm_state *s, CK_ULONG *n, struct hm_err *e)
{
    CK_ULONG got = 1;

    for (*n = 0; got > 0 && *n < HSM_FOUND_MAX; *n += got) {
        const CK_ULONG room = HSM_FOUND_MAX - *n;
        const CK_RV rv =
            s->f->C_FindObjects(s->session, s->found.handle + *n, room, &got);

        if (rv != CKR_OK)
            return hsm_fail_rv(s, "C_FindObjects", rv, e);
        if (got > room)
            got = room; /* more than fit were asked for: refused below */
    }
    return HM_OK;
}

HM_MUST static hm_rc search(struct hsm_state *s, CK_OBJECT_CLASS class,
                            CK_ULONG *n, struct hm_err *e)
{
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}};
    CK_RV rv;

    HM_TRY(hsm_session_check(s, e));
    rv = s->f->C_FindObjectsInit(s->session, template, 1);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_FindObjectsInit", rv, e);
    HM_TRY(gather(s, n, e));
    rv = s->f->C_FindObjectsFinal(s->session);
    if (rv != CKR_OK)
        return hsm_fail_rv(s, "C_FindObjectsFinal", rv, e);
    if (*n < HSM_FOUND_MAX)
        return HM_OK;
    return hm_fail(e, HM_E_TOKEN, "hsm.list.count",
                   "token '%s' holds %u keys or more; at most %u are looked at",
                   hm_show_str(s->token.label), HSM_FOUND_MAX,
                   HSM_FOUND_MAX - 1);
}

/* Everything of the class, compared here: modules have ignored the label of a
 * search and given the first key of the token. */
hm_rc hsm_find_class(struct hsm_state *s, CK_OBJECT_CLASS class,
                     struct hm_err *e)
{
    CK_ULONG n = 0;

    s->found.n = 0;
    HM_TRY(search(s, class, &n, e));
    for (CK_ULONG i = 0; i < n; i++) {
        HM_TRY(read_object(s, s->found.handle[i], &s->found.object[i], e));
        s->found.n++;
    }
    return HM_OK;
}

bool hsm_object_matches(const struct hsm_object *o,
                        const struct hm_hsm_uri *uri)
{
    if (uri->object[0] != '\0' && strcmp(uri->object, o->label) != 0)
        return false;
    return uri->id_n == 0 ||
           (uri->id_n == o->id_n && memcmp(uri->id, o->id, o->id_n) == 0);
}

void hsm_key_describe(const struct hsm_state *s, const struct hsm_object *o,
                      struct hm_hsm_key *key)
{
    const struct hsm_token *t = &s->token;
    struct hm_hsm_claims *c = &key->claims;

    key->uri = (struct hm_hsm_uri){.id_n = o->id_n};
    memcpy(key->uri.token, t->label, sizeof(t->label));
    memcpy(key->uri.serial, t->serial, sizeof(t->serial));
    memcpy(key->uri.object, o->label, sizeof(o->label));
    memcpy(key->uri.id, o->id, sizeof(o->id));
    memcpy(c->module, s->module, sizeof(s->module));
    memcpy(c->module_sha256, s->module_sha256, sizeof(s->module_sha256));
    memcpy(c->library, s->library, sizeof(s->library));
    memcpy(c->token, t->label, sizeof(t->label));
    memcpy(c->manufacturer, t->manufacturer, sizeof(t->manufacturer));
    memcpy(c->serial, t->serial, sizeof(t->serial));
    memcpy(c->model, t->model, sizeof(t->model));
    memcpy(c->hardware, t->hardware, sizeof(t->hardware));
    memcpy(c->firmware, t->firmware, sizeof(t->firmware));
    c->is_software = hsm_token_is_software(s, t);
    c->hardware_slot = hsm_claims_slot(s, t->slot);
    memcpy(c->key_gen_mechanism, "unknown", sizeof("unknown"));
}

static void list_objects(const struct hsm_objects *found,
                         const struct hm_hsm_uri *uri, struct hsm_text *text)
{
    for (size_t i = 0; i < found->n; i++) {
        const struct hsm_object *o = &found->object[i];
        char id[2 * HM_HSM_ID_MAX + 1];

        if (uri != NULL && !hsm_object_matches(o, uri))
            continue;
        hm_hex_write((struct hm_bytes){o->id, o->id_n}, id);
        hsm_text_add(text, "%s'%s' (id %s)", text->n == 0 ? "" : ", ",
                     hm_show_str(o->label), id);
    }
    if (text->n == 0)
        hsm_text_add(text, "none");
}

HM_MUST static hm_rc fail_count(const struct hsm_state *s,
                                const struct hm_hsm_uri *uri, size_t n,
                                struct hm_err *e)
{
    struct hsm_text keys = {.n = 0};
    char label[HM_SHOW_MAX];

    (void)hm_show_into(label, hm_bytes_str(s->token.label));
    list_objects(&s->found, n == 0 ? NULL : uri, &keys);
    if (n == 0)
        return hm_hint(e,
                       hm_fail(e, HM_E_TOKEN, "hsm.key.missing",
                               "token '%s' has no key '%s'; keys seen: %s",
                               label, hm_show_str(uri->object), keys.p),
                       "correct object= or id= of the URI; 'hallmark-key list' "
                       "shows what is there");
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.key.ambiguous",
                           "the URI names %zu keys of token '%s': %s", n, label,
                           keys.p),
                   "add id= to the URI, or delete the key that is not meant");
}

/* Exactly one, or why not. */
HM_MUST static hm_rc pick(const struct hsm_state *s,
                          const struct hm_hsm_uri *uri, struct hsm_object *out,
                          struct hm_err *e)
{
    size_t n = 0;

    if (uri->object[0] == '\0' && uri->id_n == 0)
        return hm_fail(e, HM_E_USAGE, "hsm.uri.object",
                       "the PKCS#11 URI must name the key: object= or id=");
    for (size_t i = 0; i < s->found.n; i++) {
        if (!hsm_object_matches(&s->found.object[i], uri))
            continue;
        n++;
        *out = s->found.object[i];
    }
    return n == 1 ? HM_OK : fail_count(s, uri, n, e);
}

/* How many of those found match; the last of them. */
static size_t count_matches(const struct hsm_state *s,
                            const struct hm_hsm_uri *uri,
                            const struct hsm_object **last)
{
    size_t n = 0;

    for (size_t i = 0; i < s->found.n; i++) {
        if (!hsm_object_matches(&s->found.object[i], uri))
            continue;
        *last = &s->found.object[i];
        n++;
    }
    return n;
}

/* The public half: the object with the private key's own id and label, else
 * the one with its id.  The id is what makes a pair; tokens that name their
 * keys themselves give the halves different labels. */
HM_MUST static hm_rc find_half(struct hsm_state *s,
                               const struct hsm_object *private_key,
                               struct hm_hsm_key *key, struct hm_err *e)
{
    struct hm_hsm_uri by_id = {.id_n = private_key->id_n};
    const struct hsm_object *half = NULL;
    size_t n = 0;

    memcpy(by_id.id, private_key->id, private_key->id_n);
    HM_TRY(hsm_find_class(s, CKO_PUBLIC_KEY, e));
    n = count_matches(s, &key->uri, &half);
    if (n == 0 && by_id.id_n > 0)
        n = count_matches(s, &by_id, &half);
    if (n > 1)
        return fail_count(s, by_id.id_n > 0 ? &by_id : &key->uri, n, e);
    if (half == NULL)
        return hm_fail(e, HM_E_TOKEN, "hsm.key.public",
                       "token '%s' has no public key object beside the private "
                       "key '%s'",
                       hm_show_str(s->token.label),
                       hm_show_str(private_key->label));
    HM_TRY(hsm_public_read(s, half->handle, &key->public_key, e));
    hsm_claims_hardware(s, key->public_key.scheme, &key->claims);
    return HM_OK;
}

HM_MUST static hm_rc find_key(struct hsm_state *s, const struct hm_hsm_uri *uri,
                              struct hm_hsm_key *key, struct hm_err *e)
{
    struct hsm_object o = {.handle = CK_INVALID_HANDLE};
    enum hm_hsm_claim again = HM_HSM_UNKNOWN;

    HM_TRY(hsm_session_check(s, e));
    HM_TRY(hsm_find_class(s, CKO_PRIVATE_KEY, e));
    HM_TRY(pick(s, uri, &o, e));
    hsm_key_describe(s, &o, key);
    HM_TRY(hsm_attr_claim(s, o.handle, CKA_ALWAYS_AUTHENTICATE, &again, e));
    if (again == HM_HSM_YES)
        return hm_fail(e, HM_E_TOKEN, "hsm.key.reauthenticate",
                       "key '%s' wants its PIN again for every signature, "
                       "which is not supported",
                       hm_show_str(o.label));
    HM_TRY(find_half(s, &o, key, e));
    HM_TRY(hsm_claims_read(s, o.handle, &key->claims, e));
    key->handle = o.handle;
    return HM_OK;
}

hm_rc hm_hsm_find_key(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                      struct hm_hsm_key *key, struct hm_err *e)
{
    hm_rc rc;

    hm_hsm_key_clear(key);
    rc = find_key(hsm->state, uri, key, e);
    if (rc != HM_OK)
        hm_hsm_key_clear(key);
    return rc;
}

HM_MUST static hm_rc find_public(struct hsm_state *s,
                                 const struct hm_hsm_uri *uri,
                                 struct hm_hsm_key *key, struct hm_err *e)
{
    struct hsm_token token;
    struct hsm_object o = {.handle = CK_INVALID_HANDLE};

    HM_TRY(hsm_token_pick(s, uri, &token, e));
    HM_TRY(hsm_session_open(s, &token, e));
    HM_TRY(hsm_find_class(s, CKO_PUBLIC_KEY, e));
    HM_TRY(pick(s, uri, &o, e));
    hsm_key_describe(s, &o, key);
    HM_TRY(hsm_public_read(s, o.handle, &key->public_key, e));
    hsm_claims_hardware(s, key->public_key.scheme, &key->claims);
    return HM_OK;
}

hm_rc hm_hsm_find_public(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                         struct hm_hsm_key *key, struct hm_err *e)
{
    hm_rc rc;

    hm_hsm_key_clear(key);
    rc = find_public(hsm->state, uri, key, e);
    hsm_session_close(hsm->state);
    if (rc != HM_OK)
        hm_hsm_key_clear(key);
    return rc;
}
