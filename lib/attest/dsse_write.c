#include "attest_priv.h"

#define PAE_MAX (HM_ATTEST_STATEMENT_MAX + 1024u)

HM_MUST static hm_rc put_base64(struct hm_json_writer *w, const char *key,
                                struct hm_bytes in, struct hm_err *e)
{
    HM_OWN(hm_buf) letters = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);

    HM_TRY(hm_base64_add(&letters, in, e));
    hm_json_put_bytes(w, key, hm_buf_view(&letters));
    return HM_OK;
}

HM_MUST static hm_rc put_entry(struct hm_json_writer *w,
                               const struct attest_entry *entry,
                               struct hm_err *e)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "keyid", entry->keyid);
    HM_TRY(put_base64(w, "sig", entry->sig, e));
    hm_json_close_object(w);
    return HM_OK;
}

hm_rc attest_encode(const char *payload_type, struct hm_bytes payload,
                    const struct attest_entry *entries, size_t n,
                    struct hm_buf *out, struct hm_err *e)
{
    HM_OWN(hm_buf) line = HM_BUF_INIT(out->max);
    struct hm_json_writer w;

    hm_buf_clear(out);
    hm_json_begin(&w, &line, true);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "payloadType", payload_type);
    HM_TRY(put_base64(&w, "payload", payload, e));
    hm_json_open_array(&w, "signatures");
    for (size_t i = 0; i < n; i++)
        HM_TRY(put_entry(&w, &entries[i], e));
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    hm_buf_move(out, &line);
    return HM_OK;
}

/* Counts and sizes, before anything is computed. */
HM_MUST static hm_rc check_sizes(struct hm_bytes statement, size_t n,
                                 struct hm_err *e)
{
    if (n == 0 || n > HM_ATTEST_SIGNATURES_MAX)
        return hm_fail(e, HM_E_LIMIT, "attest.signature.count",
                       "%zu signatures, expected 1 to %u", n,
                       HM_ATTEST_SIGNATURES_MAX);
    if (statement.n == 0 || statement.n > HM_ATTEST_STATEMENT_MAX)
        return hm_fail(e, HM_E_LIMIT, "attest.payload.size",
                       "a Statement of %zu bytes, expected 1 to %u",
                       statement.n, HM_ATTEST_STATEMENT_MAX);
    return HM_OK;
}

HM_MUST static hm_rc check_twice(const struct hm_attest_signed *by, size_t i,
                                 struct hm_err *e)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(by[i].key->keyid, by[j].key->keyid) == 0)
            return hm_fail(e, HM_E_REJECTED, "attest.key.twice",
                           "key %s signs twice: one key, one signature",
                           by[i].key->keyid);
    return HM_OK;
}

hm_rc hm_attest_write_envelope(struct hm_bytes statement,
                               const struct hm_attest_signed *by, size_t n,
                               struct hm_buf *out, struct hm_err *e)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(PAE_MAX);
    char keyid[HM_ATTEST_SIGNATURES_MAX][HM_ATTEST_KEYID_SIZE];
    struct attest_entry entries[HM_ATTEST_SIGNATURES_MAX];

    hm_buf_clear(out);
    HM_TRY(check_sizes(statement, n, e));
    HM_TRY(hm_attest_make_statement_pae(statement, &pae, e));
    for (size_t i = 0; i < n; i++) {
        HM_TRY(check_twice(by, i, e));
        HM_TRY(hm_signature_verify(by[i].key, hm_buf_view(&pae), by[i].sig, e));
        HM_TRY(hm_attest_make_keyid(by[i].key, keyid[i], e));
        entries[i] = (struct attest_entry){keyid[i], by[i].sig};
    }
    return attest_encode(HM_ATTEST_PAYLOAD_TYPE, statement, entries, n, out, e);
}
