/* What a module and a token say of the key that signs: written down for the
 * record of a ceremony, and held against the record before it is signed. */
#include <stdlib.h>

#include "sign_priv.h"

HM_MUST static hm_rc describe(const struct hm_hsm_key *key, struct hm_buf *to,
                              struct hm_err *e)
{
    struct hm_json_writer w;

    hm_json_begin(&w, to, false);
    w.is_shown = true; /* a token's label may be any bytes */
    hm_json_open_object(&w, NULL);
    hm_json_put_uint(&w, "schema_version", 1);
    hm_json_put_text(&w, "program", "hallmark-sign");
    HM_TRY(hm_hsm_put_key(&w, key, e));
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc compare(const struct sign_document *d,
                             const struct hm_ceremony_part *part,
                             const struct hm_hsm_key *key, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_SIGNER_BYTES_MAX);
    struct hm_signer now;

    HM_TRY(describe(key, &text, e));
    HM_TRY(hm_signer_read(&now, hm_buf_view(&text), e));
    if (hm_signer_is_same(&now, &part->evidence))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "sign.evidence.differs",
                           "'%s' is not signed: it says something else of the "
                           "module or token of key %.16s than they say now",
                           hm_show_str(d->path), key->public_key.keyid),
                   "have the record made again with today's evidence: "
                   "'hallmark-key show URI --pin SOURCE --json'");
}

hm_rc sign_evidence_check(struct hm_cli *cli, const struct sign_document *d,
                          const struct hm_hsm_key *key, struct hm_err *e)
{
    struct hm_ceremony *record = calloc(1, sizeof(*record));
    const struct hm_ceremony_part *part = NULL;
    hm_rc rc;

    if (record == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for a record");
    rc = hm_ceremony_read(record, hm_buf_view(&d->bytes), e);
    if (rc == HM_OK)
        part = hm_ceremony_find(record, key->public_key.keyid);
    if (part != NULL && part->has_evidence)
        rc = compare(d, part, key, e);
    else if (part != NULL)
        hm_cli_warn(cli, "'%s' holds no evidence of the token of this key",
                    hm_show_str(d->path));
    free(record);
    return rc;
}

hm_rc sign_evidence_save(const struct sign_options *o,
                         const struct hm_hsm_key *key, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_SIGNER_BYTES_MAX);

    if (o->evidence == NULL)
        return HM_OK;
    HM_TRY(describe(key, &text, e));
    return hm_cli_output(o->evidence, hm_buf_view(&text), o->force, e);
}
