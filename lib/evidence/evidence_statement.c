/* A signed Statement: which authorised key signed it, what it names, and its
 * decoded parts, so that openssl can repeat the check without a JSON reader. */
#include <stdio.h>
#include <stdlib.h>

#include "evidence_priv.h"
#include "hm_attest.h"

#define ENDING ".intoto.jsonl"

/* Keep it; its subjects move. */
HM_MUST static hm_rc keep(struct ev_document *d, struct ev_statement *st,
                          struct hm_err *e)
{
    struct ev_statement *grown = NULL;

    grown =
        reallocarray(d->statement, d->n_statement + 1, sizeof(*d->statement));
    if (!grown)
        return hm_fail(e, HM_E_NOMEM, "evidence.facts.nomem",
                       "out of memory for %zu statements", d->n_statement);
    d->statement = grown;
    d->statement[d->n_statement++] = *st;
    st->subjects = (struct hm_names)HM_NAMES_INIT;
    return HM_OK;
}

static void ev_statement_clear(struct ev_statement *st)
{
    hm_names_clear(&st->subjects);
}

/* The files of the release that the verified payload names by digest. */
HM_MUST static hm_rc find_subjects(struct ev_statement *st,
                                   const struct hm_index *index,
                                   struct hm_bytes payload, struct hm_err *e)
{
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;

    HM_TRY(hm_attest_read_statement(&s, payload, HM_ATTEST_OURS, e));
    for (size_t i = 0; i < index->n; i++)
        if (hm_attest_find_subject(&s, index->files[i].name,
                                   &index->files[i].digests))
            HM_TRY(hm_names_add(&st->subjects, index->files[i].name, e));
    return HM_OK;
}

/* "attestations/provenance.intoto.jsonl" → statements/1.0.1/provenance */
static void name_parts(const struct ev_document *d, const char *name,
                       struct ev_statement *st)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    const size_t n = strlen(base) - strlen(ENDING);

    (void)snprintf(st->file, sizeof(st->file), "%s/%s", d->folder, name);
    (void)snprintf(st->payload, sizeof(st->payload), "statements/%s/%.*s.json",
                   d->manifest.version.text, (int)n, base);
    (void)snprintf(st->by.file, sizeof(st->by.file),
                   "statements/%s/%.*s.%u.sig", d->manifest.version.text,
                   (int)n, base, st->number);
}

HM_MUST static hm_rc add_part(struct ev_pack *pack, const char *name,
                              struct hm_bytes bytes, struct hm_err *e)
{
    HM_OWN(hm_buf) copy = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX);

    HM_TRY(hm_buf_add(&copy, bytes, e));
    return ev_pack_add_bytes(pack, name, EV_DERIVED, &copy, e);
}

/* One valid signature of an authorised key. */
struct found {
    const struct hm_authorised_key *key;
    unsigned number;
    struct hm_bytes sig, payload;
    const struct hm_index *index;
};

HM_MUST static hm_rc note(struct ev_document *d, const char *name,
                          const struct found *f, struct ev_pack *pack,
                          struct hm_err *e)
{
    HM_OWN(ev_statement) st = {.number = f->number};

    st.by.role = hm_role_name(f->key->role);
    st.by.digest = ev_digest_word(f->key->key.key.scheme);
    memcpy(st.by.keyid, f->key->key.key.keyid, sizeof(st.by.keyid));
    name_parts(d, name, &st);
    HM_TRY(find_subjects(&st, f->index, f->payload, e));
    HM_TRY(add_part(pack, st.by.file, f->sig, e));
    return keep(d, &st, e);
}

/* The authorised key, if any, whose signature this is. */
static const struct hm_authorised_key *signer(const struct hm_authorisation *a,
                                              struct hm_bytes pae,
                                              struct hm_bytes sig)
{
    for (size_t i = 0; i < a->keys_n; i++) {
        const struct hm_authorised_key *k = &a->keys[i];

        if ((k->role == HM_ROLE_PROVENANCE ||
             k->role == HM_ROLE_VERIFICATION) &&
            k->key.key.pkey &&
            hm_signature_verify(&k->key.key, pae, sig, NULL) == HM_OK)
            return k;
    }
    return NULL;
}

HM_MUST static hm_rc take_apart(struct ev_document *d, const char *name,
                                const struct hm_attest_envelope *env,
                                const struct hm_index *index,
                                struct ev_pack *pack, struct hm_err *e)
{
    HM_OWN(hm_buf) pae = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX + 1024);
    const size_t before = d->n_statement;

    HM_TRY(hm_attest_make_pae(hm_bytes_str(env->payload_type),
                              hm_buf_view(&env->payload), &pae, e));
    for (unsigned i = 0; i < env->n_signatures; i++) {
        struct found f = {.number = i + 1,
                          .sig = {env->signatures[i].sig, env->signatures[i].n},
                          .payload = hm_buf_view(&env->payload),
                          .index = index};

        f.key = signer(&d->authorisation, hm_buf_view(&pae), f.sig);
        if (f.key)
            HM_TRY(note(d, name, &f, pack, e));
    }
    if (d->n_statement == before)
        return HM_OK; /* a stranger's: carried, but nothing rests on it */
    return add_part(pack, d->statement[before].payload,
                    hm_buf_view(&env->payload), e);
}

hm_rc ev_statement_load(struct ev_document *d, const struct hm_dir *dir,
                        const char *name, const struct hm_index *index,
                        struct ev_pack *pack, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    const size_t n = strlen(name);

    if (n <= strlen(ENDING) || strcmp(name + n - strlen(ENDING), ENDING) != 0)
        return HM_OK;
    HM_TRY(hm_file_load_at(dir, name, &text, e));
    HM_TRY(
        hm_attest_read_envelope(&env, hm_buf_view(&text), HM_ATTEST_OURS, e));
    return take_apart(d, name, &env, index, pack, e);
}
