/* Signatures that were made elsewhere: on a machine without a network, by
 * openssl, by the service of an HSM.  What is attached was verified. */
#include "sign_priv.h"

/* --- the bytes to sign ---------------------------------------------------------- */

HM_MUST static hm_rc take_message(const struct sign_options *o,
                                  const struct sign_document *d,
                                  struct hm_buf *message, struct hm_err *e)
{
    HM_OWN(hm_buf) statement = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX);

    if (o->statement == NULL)
        return hm_buf_add(message, hm_buf_view(&d->bytes), e);
    HM_TRY(hm_cli_input(o->statement, &statement, e));
    return hm_attest_make_statement_pae(hm_buf_view(&statement), message, e);
}

hm_rc sign_bytes_save(struct hm_cli *cli, const struct sign_options *o,
                      struct hm_bytes message, struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];
    char hex[HM_SHA256_HEX];
    struct hm_json_writer w;

    HM_TRY(hm_cli_output(o->bytes, message, o->force, e));
    HM_TRY(hm_sha256(message, digest, e));
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, hex);
    hm_cli_say(cli, "wrote %s: %zu bytes to sign, sha256 %s",
               hm_show_str(o->bytes), message.n, hex);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "path", o->bytes);
    hm_json_put_uint(&w, "size", message.n);
    hm_json_put_text(&w, "sha256", hex);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc sign_bytes_write(struct hm_cli *cli, const struct sign_options *o,
                       const struct sign_document *d, struct hm_err *e)
{
    HM_OWN(hm_buf) message = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX + 256u);

    HM_TRY(take_message(o, d, &message, e));
    return sign_bytes_save(cli, o, hm_buf_view(&message), e);
}

/* --- a signature that comes back --------------------------------------------------- */

/* The form is said, never guessed: r || s may begin as DER does. */
hm_rc sign_foreign_load(const struct sign_options *o, struct hm_buf *sig,
                        struct hm_err *e)
{
    HM_OWN(hm_buf) raw = HM_BUF_INIT(HM_SIGNATURE_MAX);
    hm_rc rc;

    HM_TRY(hm_file_load(o->attach, o->raw ? &raw : sig, e));
    if (!o->raw)
        return HM_OK;
    rc = hm_hsm_encode_rs(hm_buf_view(&raw), sig, e);
    if (rc == HM_E_TOKEN) /* no token is to blame */
        rc = hm_fail(e, HM_E_FORMAT, "sign.attach.raw",
                     "'%s' is no r || s: expected 64 or 96 bytes, both numbers "
                     "above zero",
                     hm_show_str(o->attach));
    return rc;
}

/* The key of trust that made it; NULL: nobody's. */
static const struct hm_public_key *find_maker(const struct sign_document *d)
{
    const struct hm_public_key *key = NULL;

    for (size_t i = 0; (key = sign_trust_candidate(d, true, i)) != NULL; i++)
        if (key->pkey != NULL &&
            hm_signature_verify(key, hm_buf_view(&d->bytes),
                                hm_buf_view(&d->sig), NULL) == HM_OK)
            return key;
    return NULL;
}

hm_rc sign_foreign_judge(const struct sign_options *o,
                         struct sign_folder *folder, struct sign_document *d,
                         char keyid[static HM_SHA256_HEX], struct hm_err *e)
{
    const struct hm_public_key *maker = NULL;
    const struct hm_public_key *pinned = NULL;

    HM_TRY(sign_foreign_load(o, &d->sig, e));
    maker = find_maker(d);
    if (maker == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "sign.attach.stranger",
                               "'%s' is no signature of '%s' by a key that "
                               "may sign it",
                               hm_show_str(o->attach), hm_show_str(d->path)),
                       "sign exactly these bytes (--bytes FILE writes them) "
                       "with SHA-256; a signature as r || s needs --raw");
    HM_TRY(sign_trust_judge(d, maker->keyid, &pinned, e));
    memcpy(keyid, maker->keyid, HM_SHA256_HEX);
    return sign_place_find(o, folder, d, pinned, e);
}

/* --- in an envelope ------------------------------------------------------------------ */

hm_rc sign_foreign_envelope(const struct sign_options *o,
                            const struct sign_trust *t,
                            struct hm_bytes statement, struct hm_buf *envelope,
                            const struct hm_public_key **maker,
                            struct hm_err *e)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX + 256u);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    const struct hm_authorisation *a = &t->authorisation;
    struct hm_attest_signed by = {.key = NULL};

    HM_TRY(sign_foreign_load(o, &sig, e));
    HM_TRY(hm_attest_make_statement_pae(statement, &pae, e));
    for (size_t i = 0; i < a->keys_n && by.key == NULL; i++)
        if (a->keys[i].key.key.pkey != NULL &&
            hm_signature_verify(&a->keys[i].key.key, hm_buf_view(&pae),
                                hm_buf_view(&sig), NULL) == HM_OK)
            by.key = &a->keys[i].key.key;
    if (by.key == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "sign.attach.stranger",
                               "'%s' is no signature of the Statement '%s' by "
                               "a key of the authorisation",
                               hm_show_str(o->attach),
                               hm_show_str(o->statement)),
                       "sign exactly the bytes that --bytes FILE writes, with "
                       "SHA-256; a signature as r || s needs --raw");
    by.sig = hm_buf_view(&sig);
    *maker = by.key;
    return hm_attest_write_envelope(statement, &by, 1, envelope, e);
}
