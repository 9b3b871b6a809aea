#include <stdlib.h>

#include "attest_priv.h"

/* What people hand in instead of an envelope. */
HM_MUST static hm_rc refuse_relatives(struct hm_json root, struct hm_err *e)
{
    if (hm_json_find(root, "payload").item != NULL)
        return HM_OK;
    if (hm_json_find(root, "_type").item != NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_FORMAT, "attest.envelope.statement",
                               "a Statement without an envelope: nobody "
                               "signed it"),
                       "hallmark-sign --statement FILE puts it into a signed "
                       "envelope");
    if (hm_json_find(root, "dsseEnvelope").item != NULL ||
        hm_json_find(root, "verificationMaterial").item != NULL)
        return hm_fail(e, HM_E_FORMAT, "attest.envelope.bundle",
                       "a Sigstore bundle where a DSSE envelope is expected");
    return HM_OK;
}

/* Exactly one line, so that concatenated envelopes are one JSON Lines file. */
HM_MUST static hm_rc check_line(struct hm_bytes text, struct hm_err *e)
{
    const uint8_t *end = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);

    if (end == NULL || end != text.p + text.n - 1 ||
        memchr(text.p, '\r', text.n) != NULL)
        return hm_fail(e, HM_E_FORMAT, "attest.envelope.line",
                       "expected one line with its newline at the end, found "
                       "%s at byte %zu of %zu",
                       end == NULL ? "none" : "a line break",
                       end == NULL ? text.n : (size_t)(end - text.p), text.n);
    return HM_OK;
}

HM_MUST static hm_rc read_sig(struct hm_attest_signature *s, struct hm_json at,
                              enum hm_attest_dialect dialect, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(8192);
    struct hm_json member;

    HM_TRY(hm_json_get(at, "sig", &member, e));
    if (hm_json_view(member).p == NULL)
        return hm_json_fail(member, e, HM_E_FORMAT, "json.member.type",
                            "expected a string");
    HM_TRY(hm_context(
        e, attest_decode_base64(&bytes, hm_json_view(member), dialect, e),
        "signature"));
    if (bytes.n == 0 && dialect == HM_ATTEST_OURS)
        return hm_json_fail(member, e, HM_E_FORMAT, "attest.signature.empty",
                            "the signature is empty");
    if (bytes.n > sizeof(s->sig))
        return hm_json_fail(member, e, HM_E_LIMIT, "attest.signature.size",
                            "signature of %zu bytes, at most %zu", bytes.n,
                            sizeof(s->sig));
    s->n = bytes.n;
    if (bytes.n > 0)
        memcpy(s->sig, bytes.p, bytes.n);
    return HM_OK;
}

HM_MUST static hm_rc read_keyid(struct hm_attest_signature *s,
                                struct hm_json at,
                                enum hm_attest_dialect dialect,
                                struct hm_err *e)
{
    const struct hm_json keyid = hm_json_find(at, "keyid");

    s->keyid[0] = '\0';
    if (dialect == HM_ATTEST_OURS) {
        HM_TRY(hm_json_get_text(at, "keyid", s->keyid, sizeof(s->keyid), e));
        if (!attest_is_fingerprint(s->keyid))
            return hm_json_fail(keyid, e, HM_E_FORMAT, "attest.keyid.syntax",
                                "expected an OpenSSH fingerprint 'SHA256:...', "
                                "found '%s'",
                                hm_show_str(s->keyid));
        return HM_OK;
    }
    if (keyid.item == NULL ||
        (hm_json_view(keyid).p != NULL && hm_json_view(keyid).n == 0))
        return HM_OK;
    return hm_json_text(keyid, s->keyid, sizeof(s->keyid), e);
}

HM_MUST static hm_rc check_keyid_once(const struct hm_attest_envelope *env,
                                      struct hm_err *e)
{
    for (size_t i = 0; i < env->n_signatures; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(env->signatures[i].keyid, env->signatures[j].keyid) == 0)
                return hm_fail(e, HM_E_FORMAT, "attest.keyid.twice",
                               "two signatures under the keyid '%s'",
                               hm_show_str(env->signatures[i].keyid));
    return HM_OK;
}

HM_MUST static hm_rc read_signatures(struct hm_attest_envelope *env,
                                     struct hm_json root, struct hm_err *e)
{
    struct hm_json list;
    size_t n = 0;

    HM_TRY(hm_json_get_array(root, "signatures", 0, SIZE_MAX, &list, e));
    n = hm_json_count(list);
    if (n == 0 || n > HM_ATTEST_SIGNATURES_MAX)
        return hm_json_fail(list, e, HM_E_LIMIT, "attest.signature.count",
                            "%zu signatures, expected 1 to %u", n,
                            HM_ATTEST_SIGNATURES_MAX);
    env->signatures = calloc(n, sizeof(*env->signatures));
    if (env->signatures == NULL)
        return hm_fail(e, HM_E_NOMEM, "attest.envelope.nomem",
                       "out of memory for %zu signatures", n);
    for (struct hm_json s = hm_json_first(list); s.item != NULL;
         s = hm_json_next(s)) {
        struct hm_attest_signature *to = &env->signatures[env->n_signatures++];

        HM_TRY(read_keyid(to, s, env->dialect, e));
        HM_TRY(read_sig(to, s, env->dialect, e));
    }
    return env->dialect == HM_ATTEST_OURS ? check_keyid_once(env, e) : HM_OK;
}

HM_MUST static hm_rc read_payload(struct hm_attest_envelope *env,
                                  struct hm_json root, struct hm_err *e)
{
    struct hm_json payload;

    HM_TRY(hm_json_get_text(root, "payloadType", env->payload_type,
                            sizeof(env->payload_type), e));
    if (env->dialect == HM_ATTEST_OURS &&
        strcmp(env->payload_type, HM_ATTEST_PAYLOAD_TYPE) != 0)
        return hm_fail(e, HM_E_FORMAT, "attest.payload.type",
                       "payload type '%s', expected '" HM_ATTEST_PAYLOAD_TYPE
                       "'",
                       hm_show_str(env->payload_type));
    HM_TRY(hm_json_get(root, "payload", &payload, e));
    if (hm_json_view(payload).p == NULL)
        return hm_json_fail(payload, e, HM_E_FORMAT, "json.member.type",
                            "expected a string");
    if (hm_json_view(payload).n / 4 * 3 > HM_ATTEST_STATEMENT_MAX + 3)
        return hm_json_fail(payload, e, HM_E_LIMIT, "attest.payload.size",
                            "more than %u bytes", HM_ATTEST_STATEMENT_MAX);
    return hm_context(e,
                      attest_decode_base64(&env->payload, hm_json_view(payload),
                                           env->dialect, e),
                      "payload");
}

/* Whatever our writer would have written otherwise is refused: blanks, escapes,
 * other members, another order. */
HM_MUST static hm_rc check_form(const struct hm_attest_envelope *env,
                                struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct attest_entry entries[HM_ATTEST_SIGNATURES_MAX];
    size_t at = 0;

    for (size_t i = 0; i < env->n_signatures; i++)
        entries[i] = (struct attest_entry){
            env->signatures[i].keyid,
            {env->signatures[i].sig, env->signatures[i].n}};
    HM_TRY(attest_encode(env->payload_type, hm_buf_view(&env->payload), entries,
                         env->n_signatures, &again, e));
    if (hm_bytes_eq(hm_buf_view(&again), text))
        return HM_OK;
    while (at < again.n && at < text.n && again.p[at] == text.p[at])
        at++;
    return hm_fail(e, HM_E_FORMAT, "attest.envelope.form",
                   "byte %zu is not what hallmark-sign writes there", at);
}

HM_MUST static hm_rc read_envelope(struct hm_attest_envelope *env,
                                   struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json root;

    if (text.n > HM_ATTEST_ENVELOPE_MAX)
        return hm_fail(e, HM_E_LIMIT, "attest.envelope.size",
                       "%zu bytes, at most %u are an envelope", text.n,
                       HM_ATTEST_ENVELOPE_MAX);
    if (env->dialect == HM_ATTEST_OURS)
        HM_TRY(check_line(text, e));
    HM_TRY(
        hm_json_parse(&doc, text, HM_JSON_FOREIGN, HM_ATTEST_ENVELOPE_MAX, e));
    root = hm_json_root(&doc);
    HM_TRY(refuse_relatives(root, e));
    HM_TRY(read_payload(env, root, e));
    HM_TRY(read_signatures(env, root, e));
    return env->dialect == HM_ATTEST_OURS ? check_form(env, text, e) : HM_OK;
}

hm_rc hm_attest_read_envelope(struct hm_attest_envelope *env,
                              struct hm_bytes text,
                              enum hm_attest_dialect dialect, struct hm_err *e)
{
    hm_rc rc;

    hm_attest_envelope_clear(env);
    env->dialect = dialect;
    rc = read_envelope(env, text, e);
    if (rc != HM_OK)
        hm_attest_envelope_clear(env);
    return rc;
}

void hm_attest_envelope_clear(struct hm_attest_envelope *env)
{
    hm_buf_clear(&env->payload);
    free(env->signatures);
    *env = (struct hm_attest_envelope)HM_ATTEST_ENVELOPE_INIT;
}
