#include "sbom_priv.h"

HM_MUST static hm_rc check_text(const char *reason, const char *what,
                                const char *found, const char *wanted,
                                struct hm_err *e)
{
    if (found != NULL && strcmp(found, wanted) == 0)
        return HM_OK;
    return hm_fail(
        e, HM_E_REJECTED, reason, "the SBOM describes %s '%s', expected '%s'",
        what, found == NULL ? "" : hm_show_str(found), hm_show_str(wanted));
}

hm_rc hm_sbom_check_binding(const struct hm_sbom *s,
                            const struct hm_sbom_wanted *wanted,
                            struct hm_err *e)
{
    struct sbom_stated stated;

    if (wanted->product == NULL || wanted->version == NULL ||
        wanted->artefact == NULL)
        return hm_fail(e, HM_E_INTERNAL, "sbom.wanted.missing",
                       "a binding is product, version and artefact");
    HM_TRY(sbom_check_root(s, e));
    HM_TRY(check_text("sbom.product.name", "the product", s->name,
                      wanted->product, e));
    HM_TRY(check_text("sbom.product.version", "version", s->version,
                      wanted->version, e));
    sbom_compare_root(s, wanted->artefact, &stated);
    if (stated.wrong != NULL)
        return sbom_refuse_digest(&stated, wanted->artefact, e);
    if (!stated.has_sha256 || !stated.has_sha512)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "sbom.component.unbound",
                               "the root component does not state the "
                               "artefact's SHA-256 and SHA-512"),
                       "hallmark-sbom check FILE --release release.json --dir "
                       "DIR -o BOUND writes the bound copy");
    return HM_OK;
}

/* The new value of metadata.component.hashes. */
HM_MUST static hm_rc make_hashes(const struct hm_digests *d, struct hm_buf *out,
                                 struct hm_err *e)
{
    char hex[HM_SHA512_HEX];

    hm_hex_write((struct hm_bytes){d->sha256, sizeof(d->sha256)}, hex);
    HM_TRY(hm_buf_add(out, HM_LIT("[{\"alg\":\"SHA-256\",\"content\":\""), e));
    HM_TRY(hm_buf_add(out, hm_bytes_str(hex), e));
    hm_hex_write((struct hm_bytes){d->sha512, sizeof(d->sha512)}, hex);
    HM_TRY(
        hm_buf_add(out, HM_LIT("\"},{\"alg\":\"SHA-512\",\"content\":\""), e));
    HM_TRY(hm_buf_add(out, hm_bytes_str(hex), e));
    return hm_buf_add(out, HM_LIT("\"}]"), e);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where new bytes go, what they replace, and what stands around them. */
struct splice {
    struct hm_bytes old; /* view into the text; n may be 0 */
    struct hm_bytes blanks;
    bool is_new; /* the member has to be made */
};

/* Behind the last member of the component, laid out like its first. */
static void place_member(struct hm_bytes component, struct splice *at)
{
    const uint8_t *end = component.p + component.n - 1; /* the brace */
    const uint8_t *first = component.p + 1;

    while (is_blank(end[-1]))
        end--;
    while (is_blank(*first))
        first++;
    at->is_new = true;
    at->old = (struct hm_bytes){end, 0};
    at->blanks =
        (struct hm_bytes){component.p + 1, (size_t)(first - (component.p + 1))};
}

HM_MUST static hm_rc find_place(const struct hm_sbom *s, struct splice *at,
                                struct hm_err *e)
{
    const bool has_hashes = hm_json_find(s->component, "hashes").item != NULL;
    struct hm_bytes component;

    *at = (struct splice){.is_new = false};
    hm_json_span(s->text, "/metadata/component", &component);
    hm_json_span(s->text, "/metadata/component/hashes", &at->old);
    if (component.n < 2 || has_hashes != (at->old.n > 0))
        return hm_fail(e, HM_E_FORMAT, "sbom.root.escaped",
                       "the names metadata, component or hashes are written "
                       "with escapes");
    if (!has_hashes)
        place_member(component, at);
    return HM_OK;
}

HM_MUST static hm_rc write_copy(const struct hm_sbom *s,
                                const struct splice *at,
                                const struct hm_digests *artefact,
                                struct hm_buf *out, struct hm_err *e)
{
    const struct hm_bytes text = s->text;
    const uint8_t *rest = at->old.p + at->old.n;

    HM_TRY(hm_buf_add(
        out, (struct hm_bytes){text.p, (size_t)(at->old.p - text.p)}, e));
    if (at->is_new) {
        HM_TRY(hm_buf_add(out, HM_LIT(","), e));
        HM_TRY(hm_buf_add(out, at->blanks, e));
        HM_TRY(hm_buf_add(out,
                          at->blanks.n > 0 ? HM_LIT("\"hashes\": ")
                                           : HM_LIT("\"hashes\":"),
                          e));
    }
    HM_TRY(make_hashes(artefact, out, e));
    return hm_buf_add(
        out, (struct hm_bytes){rest, (size_t)(text.p + text.n - rest)}, e);
}

/* The copy is read again: what it says must be what was meant. */
HM_MUST static hm_rc check_copy(const struct hm_sbom *s, struct hm_bytes copy,
                                const struct hm_digests *artefact,
                                struct hm_err *e)
{
    HM_OWN(hm_sbom) again = HM_SBOM_INIT;
    struct sbom_stated stated;

    HM_TRY(hm_sbom_read(&again, copy, e));
    sbom_compare_root(&again, artefact, &stated);
    if (!stated.has_sha256 || !stated.has_sha512 || stated.entries != 2 ||
        again.components != s->components)
        return hm_fail(e, HM_E_INTERNAL, "sbom.copy.differs",
                       "the bound copy does not say what it should");
    return HM_OK;
}

HM_MUST static hm_rc bind(const struct hm_sbom *s,
                          const struct hm_digests *artefact,
                          struct hm_buf *copy, struct hm_err *e)
{
    struct sbom_stated stated;
    struct splice at;

    HM_TRY(sbom_check_root(s, e));
    sbom_compare_root(s, artefact, &stated);
    if (stated.wrong != NULL)
        return sbom_refuse_digest(&stated, artefact, e);
    if (stated.has_sha256 && stated.has_sha512 && stated.entries == 2)
        return hm_buf_add(copy, s->text, e);
    if (s->has_signature)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "sbom.signature.broken",
                               "the SBOM carries a signature of its own, and "
                               "stating the artefact's digest would break it"),
                       "state SHA-256 and SHA-512 of the artefact before the "
                       "SBOM is signed, or take the signature out");
    HM_TRY(find_place(s, &at, e));
    HM_TRY(write_copy(s, &at, artefact, copy, e));
    return check_copy(s, hm_buf_view(copy), artefact, e);
}

hm_rc hm_sbom_bind(const struct hm_sbom *s, const struct hm_digests *artefact,
                   struct hm_buf *out, struct hm_err *e)
{
    HM_OWN(hm_buf) copy = HM_BUF_INIT(out->max);

    hm_buf_clear(out);
    HM_TRY(bind(s, artefact, &copy, e));
    hm_buf_move(out, &copy);
    return HM_OK;
}
