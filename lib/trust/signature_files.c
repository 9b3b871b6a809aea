#include <stdio.h>

#include "trust_priv.h"

void hm_signature_name(const char *document, unsigned i, char *out, size_t size)
{
    if (i == 0)
        (void)snprintf(out, size, "%s.sig", document);
    else
        (void)snprintf(out, size, "%s.sig.%u", document, i + 1);
}

/* Every scheme's encoding is strict; what none of them takes is no signature.
 * A P-256 signature also has the shape of a P-384 one. */
HM_MUST static hm_rc check_shape(const char *name, struct hm_bytes sig,
                                 struct hm_err *e)
{
    if (hm_signature_check(HM_SCHEME_ECDSA_P384_SHA384, sig, e) == HM_OK ||
        hm_signature_check(HM_SCHEME_RSA_PKCS1_SHA256, sig, NULL) == HM_OK)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_FORMAT, "trust.signature.malformed",
                           "'%s' holds no signature: expected one DER "
                           "ECDSA-Sig-Value and nothing else, found %zu bytes",
                           hm_show_str(name), sig.n),
                   "sign the document again with hallmark-sign");
}

hm_rc hm_signatures_add(struct hm_signatures *to, const char *name,
                        struct hm_bytes sig, struct hm_err *e)
{
    struct hm_signature *s = &to->sig[to->n];

    if (to->n == HM_SIGNATURES_MAX)
        return hm_fail(e, HM_E_LIMIT, "trust.signature.count",
                       "more than %u signatures", HM_SIGNATURES_MAX);
    HM_TRY(check_shape(name, sig, e));
    *s = (struct hm_signature){.bytes = HM_BUF_INIT(HM_SIGNATURE_MAX)};
    (void)snprintf(s->name, sizeof(s->name), "%s", name);
    HM_TRY(hm_buf_add(&s->bytes, sig, e));
    to->n++;
    return HM_OK;
}

HM_MUST static hm_rc load_one(struct hm_signatures *out,
                              const struct hm_dir *dir, const char *name,
                              struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_SIGNATURE_MAX);
    const hm_rc rc = hm_file_load_at(dir, name, &bytes, e);

    if (rc == HM_E_LIMIT)
        return hm_fail(e, rc, "trust.signature.malformed",
                       "'%s' is longer than any signature (%d bytes)",
                       hm_show_str(name), HM_SIGNATURE_MAX);
    HM_TRY(rc);
    return hm_signatures_add(out, name, hm_buf_view(&bytes), e);
}

hm_rc hm_signatures_load(struct hm_signatures *out, const struct hm_dir *dir,
                         const char *document, struct hm_err *e)
{
    hm_signatures_clear(out);
    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        char name[HM_NAME_MAX + 16];
        hm_rc rc;

        hm_signature_name(document, i, name, sizeof(name));
        if (!hm_file_exists_at(dir, name))
            continue;
        rc = load_one(out, dir, name, e);
        if (rc != HM_OK) {
            hm_signatures_clear(out);
            return rc;
        }
    }
    return HM_OK;
}

const char *hm_signatures_show_into(char out[static HM_SIGNATURES_SHOW],
                                    const struct hm_signatures *s)
{
    size_t n = 0;

    (void)snprintf(out, HM_SIGNATURES_SHOW, "no signature file");
    for (size_t i = 0; i < s->n && n < HM_SIGNATURES_SHOW; i++)
        n += (size_t)snprintf(out + n, HM_SIGNATURES_SHOW - n, "%s%s",
                              i == 0 ? "" : ", ", hm_show_str(s->sig[i].name));
    return out;
}

void hm_signatures_clear(struct hm_signatures *s)
{
    for (size_t i = 0; i < s->n; i++)
        hm_buf_clear(&s->sig[i].bytes);
    s->n = 0;
}
