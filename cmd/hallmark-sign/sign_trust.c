#include <stdio.h>
#include <stdlib.h>

#include "sign_priv.h"

void sign_trust_clear(struct sign_trust *t)
{
    hm_root_clear(&t->root);
    hm_authorisation_clear(&t->authorisation);
}

HM_MUST static hm_rc load_root(const char *path, struct sign_trust *t,
                               struct hm_err *e)
{
    return hm_hint(e, hm_root_load(&t->root, path, NULL, e),
                   "name it with --root FILE");
}

/* Verified where there is a root to verify it with.  Without one it is what
 * the caller says it is, as a PEM file would be. */
HM_MUST static hm_rc load_authorisation(const char *path, struct sign_trust *t,
                                        struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    char folder[SIGN_PATH_MAX];
    const char *name = NULL;

    HM_TRY(sign_path_split(path, folder, &name, e));
    HM_TRY(hm_dir_open(&dir, folder, e));
    if (t->root.n > 0)
        return hm_authorisation_load(&t->authorisation, &t->root, &dir, name,
                                     &bytes, e);
    HM_TRY(hm_file_load_at(&dir, name, &bytes, e));
    return hm_authorisation_read(&t->authorisation, hm_buf_view(&bytes), e);
}

/* A key's window is judged by what the document says of itself; the clock, or
 * --issue-time, judges the authorisation. */
HM_MUST static hm_rc check_time(const struct sign_options *o,
                                const struct sign_trust *t, struct hm_err *e)
{
    hm_time now = 0;

    HM_TRY(hm_time_act(o->issue_time, 0, &now, e));
    if (now < t->authorisation.issued)
        return hm_hint(
            e,
            hm_fail(e, HM_E_REJECTED, "trust.authorisation.early",
                    "the authorisation is issued %s, this is signed %s: "
                    "devices with a right clock refuse it until then",
                    hm_time_show(t->authorisation.issued), hm_time_show(now)),
            "set the clock right; --issue-time TIME signs as of another day");
    if (now <= t->authorisation.expires)
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "trust.authorisation.expired",
                "the authorisation expired %s, this is signed %s: devices "
                "refuse it as stale",
                hm_time_show(t->authorisation.expires), hm_time_show(now)),
        "issue a new one with hallmark-key authorise --from; --issue-time TIME "
        "signs as of an earlier day");
}

HM_MUST static hm_rc load_from(const struct sign_options *o, const char *path,
                               struct sign_trust *t, struct hm_err *e)
{
    hm_rc rc = load_authorisation(path, t, e);

    if (rc == HM_OK)
        rc = check_time(o, t, e);
    return hm_hint(
        e, hm_context(e, rc, "authorisation '%s'", hm_show_str(path)),
        "name the authorisation in force with --authorisation FILE; make one "
        "with 'hallmark-key authorise'");
}

HM_MUST static hm_rc load_root_beside(const char *folder, struct sign_trust *t,
                                      struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    char path[SIGN_PATH_MAX + 16];

    HM_TRY(hm_dir_open(&dir, folder, e));
    if (!hm_file_exists_at(&dir, "root.json"))
        return HM_OK;
    (void)snprintf(path, sizeof(path), "%s/root.json", folder);
    return load_root(path, t, e);
}

HM_MUST static hm_rc load_trust(const struct sign_options *o,
                                const char *folder, enum sign_kind kind,
                                struct sign_trust *t, struct hm_err *e)
{
    char path[SIGN_PATH_MAX + 32];

    HM_TRY(o->root != NULL ? load_root(o->root, t, e)
                           : load_root_beside(folder, t, e));
    if (kind != SIGN_MANIFEST && t->root.n == 0)
        return hm_fail(e, HM_E_USAGE, "sign.root.missing",
                       "there is no root.json beside the %s; give --root FILE",
                       kind == SIGN_CEREMONY ? "record" : "authorisation");
    if (kind == SIGN_AUTHORISATION)
        return HM_OK;
    if (o->authorisation != NULL)
        return load_from(o, o->authorisation, t, e);
    (void)snprintf(path, sizeof(path), "%s/authorisation.json", folder);
    return load_from(o, path, t, e);
}

/* --- read once ----------------------------------------------------------------- */

struct sign_shared_trust {
    struct sign_shared_trust *next;
    enum sign_kind kind;
    char folder[SIGN_PATH_MAX]; /* "": the files that are named decide */
    struct sign_trust trust;
};

/* What is named is the same for every folder. */
static const char *folder_that_matters(const struct sign_options *o,
                                       const char *folder, enum sign_kind kind)
{
    const bool is_named = o->root != NULL && (kind == SIGN_AUTHORISATION ||
                                              o->authorisation != NULL);

    return is_named ? "" : folder;
}

hm_rc sign_trusts_find(struct sign_trusts *all, const struct sign_options *o,
                       const char *folder, enum sign_kind kind,
                       const struct sign_trust **out, struct hm_err *e)
{
    const char *matters = folder_that_matters(o, folder, kind);
    struct sign_shared_trust *t = all->shared;

    while (t != NULL && (t->kind != kind || strcmp(t->folder, matters) != 0))
        t = t->next;
    if (t == NULL) {
        t = calloc(1, sizeof(*t));
        if (t == NULL)
            return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                           "out of memory for an authorisation");
        t->next = all->shared;
        t->kind = kind;
        (void)snprintf(t->folder, sizeof(t->folder), "%s", matters);
        all->shared = t;
        HM_TRY(load_trust(o, folder, kind, &t->trust, e));
    }
    *out = &t->trust;
    return HM_OK;
}

void sign_trusts_clear(struct sign_trusts *all)
{
    while (all->shared != NULL) {
        struct sign_shared_trust *next = all->shared->next;

        sign_trust_clear(&all->shared->trust);
        free(all->shared);
        all->shared = next;
    }
}

hm_rc sign_trust_load_named(const struct sign_options *o, struct sign_trust *t,
                            struct hm_err *e)
{
    if (o->root != NULL)
        HM_TRY(load_root(o->root, t, e));
    return o->authorisation == NULL ? HM_OK
                                    : load_from(o, o->authorisation, t, e);
}

/* The root's own document: well-formed, of this root, and a root key signs. */
HM_MUST static hm_rc judge_authorisation(const struct sign_document *d,
                                         const char *keyid,
                                         const struct hm_public_key **pinned,
                                         struct hm_err *e)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    const struct hm_root *root = &d->trust->root;
    const struct hm_root_key *key = hm_root_find(root, keyid);

    HM_TRY(hm_authorisation_read(&a, hm_buf_view(&d->bytes), e));
    HM_TRY(hm_authorisation_check_root(&a, root, e));
    HM_TRY(hm_authorisation_check_published(&a, e));
    if (key == NULL || key->key.key.pkey == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "sign.key.stranger",
                               "key %.16s is no root key, and only root keys "
                               "sign an authorisation",
                               keyid),
                       "give the root's --key URI and its token");
    *pinned = &key->key.key;
    return HM_OK;
}

/* What the verdict needs of a manifest; the whole of it is for
 * hallmark-verify. */
HM_MUST static hm_rc read_use(const struct sign_document *d,
                              char product[HM_TRUST_TEXT],
                              struct hm_key_use *use, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json at;

    HM_TRY(hm_json_parse(&doc, hm_buf_view(&d->bytes), HM_JSON_OURS, d->bytes.n,
                         e));
    at = hm_json_root(&doc);
    HM_TRY(hm_json_get_text(at, "product", product, HM_TRUST_TEXT, e));
    HM_TRY(hm_json_get_time(at, "timestamp", &use->at, e));
    use->product = product;
    return HM_OK;
}

HM_MUST static hm_rc judge_manifest(const struct sign_document *d,
                                    const char *keyid,
                                    const struct hm_public_key **pinned,
                                    struct hm_err *e)
{
    const struct hm_authorisation *a = &d->trust->authorisation;
    const struct hm_authorised_key *key = hm_authorisation_find(a, keyid);
    struct hm_key_use use = {.role = HM_ROLE_MANIFEST};
    char product[HM_TRUST_TEXT];

    HM_TRY(read_use(d, product, &use, e));
    /* The gate's own key is a second lock on a manifest. */
    if (key != NULL && key->role == HM_ROLE_VERIFICATION)
        use.role = HM_ROLE_VERIFICATION;
    HM_TRY(hm_authorisation_judge(a, keyid, &use, e));
    if (key == NULL) /* judged current, so it is there */
        return hm_fail(e, HM_E_INTERNAL, "sign.key.lost",
                       "a current key has no entry");
    *pinned = &key->key.key;
    return HM_OK;
}

/* Who signs says "this is what we did", or "I have this key": nobody else's word
 * is asked for. */
HM_MUST static hm_rc judge_part(const struct sign_document *d,
                                struct hm_ceremony *record, const char *keyid,
                                const struct hm_public_key **pinned,
                                struct hm_err *e)
{
    const struct hm_authorisation *a = &d->trust->authorisation;
    const struct hm_root_key *root = hm_root_find(&d->trust->root, keyid);
    const struct hm_authorised_key *added = hm_authorisation_find(a, keyid);
    const struct hm_ceremony_part *part = NULL;

    HM_TRY(hm_ceremony_read(record, hm_buf_view(&d->bytes), e));
    HM_TRY(hm_ceremony_check_root(record, &d->trust->root, e));
    HM_TRY(hm_ceremony_check_after(record, a, e));
    part = hm_ceremony_find(record, keyid);
    if (part != NULL && hm_ceremony_is_added(record, part))
        *pinned = added == NULL ? NULL : &added->key.key;
    else if (part != NULL)
        *pinned = root == NULL ? NULL : &root->key.key;
    if (*pinned != NULL && (*pinned)->pkey != NULL)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "sign.key.stranger",
                           "the record does not name key %.16s: only those who "
                           "took part sign it",
                           keyid),
                   "give the --key URI of a root key that signed the "
                   "authorisation, or of a key that it adds");
}

HM_MUST static hm_rc judge_ceremony(const struct sign_document *d,
                                    const char *keyid,
                                    const struct hm_public_key **pinned,
                                    struct hm_err *e)
{
    struct hm_ceremony *record = calloc(1, sizeof(*record));
    hm_rc rc;

    if (record == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for a record");
    *pinned = NULL;
    rc = judge_part(d, record, keyid, pinned, e);
    free(record);
    return rc;
}

/* Which keys sign which kind: here, and nowhere else. */
static const struct {
    bool root, vendor;
    hm_rc (*judge)(const struct sign_document *d, const char *keyid,
                   const struct hm_public_key **pinned, struct hm_err *e);
} rules[] = {
    [SIGN_AUTHORISATION] = {true, false, judge_authorisation},
    [SIGN_MANIFEST] = {false, true, judge_manifest},
    [SIGN_CEREMONY] = {true, true, judge_ceremony},
};

const struct hm_public_key *sign_trust_candidate(const struct sign_document *d,
                                                 bool with_retired, size_t i)
{
    const struct hm_root *root = &d->trust->root;
    const struct hm_authorisation *a = &d->trust->authorisation;
    const size_t root_n = rules[d->kind].root ? root->n : 0;
    const size_t keys_n = rules[d->kind].vendor ? a->keys_n : 0;
    const size_t retired_n =
        rules[d->kind].vendor && with_retired ? a->retired_n : 0;

    if (i < root_n)
        return &root->keys[i].key.key;
    i -= root_n;
    if (i < keys_n)
        return &a->keys[i].key.key;
    i -= keys_n;
    return i < retired_n ? &a->retired[i].entry.key.key : NULL;
}

hm_rc sign_trust_judge(const struct sign_document *d, const char *keyid,
                       const struct hm_public_key **pinned, struct hm_err *e)
{
    const hm_rc rc = rules[d->kind].judge(d, keyid, pinned, e);

    return hm_context(e, rc, "'%s' is not signed", hm_show_str(d->path));
}
