/* The signed pair: authorisation.json and manifest.json, each verified over its
 * exact bytes before it is read. */
#include <stdio.h>
#include <stdlib.h>

#include "evidence_priv.h"

const char *ev_digest_word(enum hm_scheme scheme)
{
    return scheme == HM_SCHEME_ECDSA_P384_SHA384 ? "sha384" : "sha256";
}

/* Record the signature if it is this key's and the key was not seen yet. */
HM_MUST static hm_rc note_if_valid(struct ev_signatures *to,
                                   const struct ev_document *d,
                                   const struct hm_public_key *key,
                                   const char *role, struct hm_bytes document,
                                   const struct hm_signature *sig)
{
    struct ev_signature *s = &to->sig[to->n];

    for (size_t i = 0; i < to->n; i++)
        if (strcmp(to->sig[i].keyid, key->keyid) == 0)
            return HM_OK;
    if (to->n == HM_SIGNATURES_MAX || !key->pkey ||
        hm_signature_verify(key, document, hm_buf_view(&sig->bytes), NULL) !=
            HM_OK)
        return HM_OK;
    s->role = role;
    s->digest = ev_digest_word(key->scheme);
    memcpy(s->keyid, key->keyid, sizeof(s->keyid));
    (void)snprintf(s->file, sizeof(s->file), "%s/%s", d->folder, sig->name);
    to->n++;
    return HM_OK;
}

HM_MUST static hm_rc load_authorisation(struct ev_document *d,
                                        const struct hm_dir *dir,
                                        const struct hm_root *root,
                                        struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;

    HM_TRY(hm_authorisation_load(&d->authorisation, root, dir,
                                 HM_RELEASE_AUTHORISATION, &bytes, e));
    HM_TRY(hm_signatures_load(&sigs, dir, HM_RELEASE_AUTHORISATION, e));
    for (size_t i = 0; i < sigs.n; i++)
        for (size_t k = 0; k < root->n; k++)
            HM_TRY(note_if_valid(&d->by_root, d, &root->keys[k].key.key,
                                 EV_ROLE_ROOT, hm_buf_view(&bytes),
                                 &sigs.sig[i]));
    return ev_add_pass(
        &d->findings, "authorisation.signature", HM_RELEASE_AUTHORISATION, e,
        "%zu of %u root keys signed authorisation %llu, "
        "threshold %u",
        d->by_root.n, (unsigned)root->n,
        (unsigned long long)d->authorisation.sequence, root->threshold);
}

static bool is_required(const struct hm_authorisation *a, enum hm_role role)
{
    for (size_t i = 0; i < a->require_n; i++)
        if (a->require[i] == role)
            return true;
    return false;
}

/* Before the manifest is read: does a listed key of each role sign its bytes? */
HM_MUST static hm_rc find_signers(struct ev_document *d, struct hm_bytes bytes,
                                  const struct hm_signatures *sigs,
                                  struct hm_err *e)
{
    const struct hm_authorisation *a = &d->authorisation;

    for (size_t i = 0; i < sigs->n; i++)
        for (size_t k = 0; k < a->keys_n; k++)
            if (is_required(a, a->keys[k].role))
                HM_TRY(note_if_valid(&d->by_vendor, d, &a->keys[k].key.key,
                                     hm_role_name(a->keys[k].role), bytes,
                                     &sigs->sig[i]));
    if (d->by_vendor.n == 0)
        return hm_fail(e, HM_E_REJECTED, "trust.manifest.signature",
                       "no key that the authorisation lists signed it");
    return HM_OK;
}

/* Role by role, as of the time that the verified bytes state. */
HM_MUST static hm_rc judge_keys(struct ev_document *d, struct hm_bytes bytes,
                                const struct hm_signatures *sigs,
                                struct hm_err *e)
{
    const struct hm_authorisation *a = &d->authorisation;
    struct hm_key_use use = {.product = d->manifest.product,
                             .at = d->manifest.timestamp};

    HM_TRY(hm_authorisation_check_time(a, use.at, e));
    for (size_t i = 0; i < a->require_n; i++) {
        use.role = a->require[i];
        HM_TRY(hm_authorisation_verify(a, &use, bytes, sigs, NULL, e));
    }
    if (d->is_release)
        return HM_OK;
    return ev_add_pass(&d->findings, "manifest.signature", HM_RELEASE_MANIFEST,
                       e, "signed by %zu key%s that the authorisation lists",
                       d->by_vendor.n, d->by_vendor.n == 1 ? "" : "s");
}

HM_MUST static hm_rc load_manifest(struct ev_document *d,
                                   const struct hm_dir *dir, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;

    HM_TRY(hm_file_load_at(dir, HM_RELEASE_MANIFEST, &bytes, e));
    HM_TRY(hm_signatures_load(&sigs, dir, HM_RELEASE_MANIFEST, e));
    HM_TRY(find_signers(d, hm_buf_view(&bytes), &sigs, e));
    HM_TRY(hm_manifest_read(&d->manifest, hm_buf_view(&bytes), e));
    HM_TRY(judge_keys(d, hm_buf_view(&bytes), &sigs, e));
    d->digests = 1; /* index.json, then each artefact of each update */
    for (size_t i = 0; i < d->manifest.updates_n; i++)
        d->digests += d->manifest.updates[i].n;
    return ev_add_pass(&d->findings, "manifest.window", HM_RELEASE_MANIFEST, e,
                       "issued %s, expires %s",
                       hm_time_show(d->manifest.timestamp),
                       hm_time_show(d->manifest.expires));
}

hm_rc ev_document_load(struct ev_document *d, const struct hm_dir *dir,
                       const struct hm_root *root, struct hm_err *e)
{
    HM_TRY(hm_context(e, load_authorisation(d, dir, root, e),
                      "%s/" HM_RELEASE_AUTHORISATION, d->folder));
    return hm_context(e, load_manifest(d, dir, e), "%s/" HM_RELEASE_MANIFEST,
                      d->folder);
}

void ev_document_clear(struct ev_document *d)
{
    for (size_t i = 0; i < d->n_statement; i++)
        hm_names_clear(&d->statement[i].subjects);
    free(d->statement);
    free(d->findings.finding);
    hm_names_clear(&d->withheld);
    hm_manifest_clear(&d->manifest);
    hm_authorisation_clear(&d->authorisation);
    memset(d, 0, sizeof(*d));
}
