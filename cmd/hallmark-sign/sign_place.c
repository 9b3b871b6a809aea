#include <stdio.h>
#include <unistd.h>

#include "sign_priv.h"

/* Does any key that may sign such documents verify it? */
static bool fits_somebody(const struct sign_document *d, struct hm_bytes sig)
{
    const struct hm_public_key *key = NULL;

    for (size_t i = 0; (key = sign_trust_candidate(d, false, i)) != NULL; i++)
        if (key->pkey != NULL &&
            hm_signature_verify(key, hm_buf_view(&d->bytes), sig, NULL) ==
                HM_OK)
            return true;
    return false;
}

HM_MUST static hm_rc refuse(const char *name, bool is_ours, struct hm_err *e)
{
    if (is_ours)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "sign.signature.twice",
                               "'%s' is this key's signature already",
                               hm_show_str(name)),
                       "nothing needs to be done; --force makes it again");
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "sign.signature.stale",
                           "'%s' fits the document with no key that may sign "
                           "it",
                           hm_show_str(name)),
                   "it is probably of an earlier version: --force replaces it; "
                   "to keep it, give another name with -o");
}

/* One name of the eight.  is_it: this is the place. */
HM_MUST static hm_rc try_name(const struct sign_options *o,
                              struct sign_document *d, const struct hm_dir *dir,
                              const struct hm_public_key *pinned,
                              const char *name, struct hm_err *e)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    const struct hm_bytes document = hm_buf_view(&d->bytes);
    bool is_ours = false;
    hm_rc rc;

    d->mode = HM_OUT_NEW;
    if (!hm_file_exists_at(dir, name))
        return HM_OK;
    rc = hm_file_load_at(dir, name, &sig, e);
    if (rc != HM_OK && rc != HM_E_LIMIT) /* too long is no signature */
        return rc;
    is_ours =
        rc == HM_OK &&
        hm_signature_verify(pinned, document, hm_buf_view(&sig), NULL) == HM_OK;
    if (rc == HM_OK && !is_ours && fits_somebody(d, hm_buf_view(&sig))) {
        d->sig_path[0] = '\0'; /* another's: try the next name */
        return HM_OK;
    }
    d->mode = HM_OUT_REPLACE;
    return o->force ? HM_OK : refuse(name, is_ours, e);
}

HM_MUST static hm_rc find_free(const struct sign_options *o,
                               const struct sign_folder *folder,
                               struct sign_document *d,
                               const struct hm_public_key *pinned,
                               struct hm_err *e)
{
    const int folder_n = (int)(d->name - d->path); /* with its slash */

    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        char name[300];

        hm_signature_name(d->name, i, name, sizeof(name));
        if (snprintf(d->sig_path, sizeof(d->sig_path), "%.*s%s", folder_n,
                     d->path, name) >= (int)sizeof(d->sig_path))
            return hm_fail(e, HM_E_USAGE, "sign.path.long",
                           "path '%s' is too long", hm_show_str(d->path));
        HM_TRY(try_name(o, d, &folder->dir, pinned, name, e));
        if (d->sig_path[0] != '\0')
            return HM_OK;
    }
    return hm_fail(e, HM_E_LIMIT, "sign.signature.count",
                   "'%s' has %u signatures already", hm_show_str(d->path),
                   HM_SIGNATURES_MAX);
}

/* "DIR/rotate.json" and key 0a1b… give "DIR/rotate.0a1b….sig". */
HM_MUST static hm_rc find_of_request(const struct sign_options *o,
                                     const struct sign_folder *folder,
                                     struct sign_document *d,
                                     const struct hm_public_key *pinned,
                                     struct hm_err *e)
{
    const int folder_n = (int)(d->name - d->path);
    const size_t n = strlen(d->name);
    const bool is_json = n > 5 && strcmp(d->name + n - 5, ".json") == 0;
    char name[300];

    (void)snprintf(name, sizeof(name), "%.*s.%.16s.sig",
                   (int)(is_json ? n - 5 : n), d->name, pinned->keyid);
    (void)snprintf(d->sig_path, sizeof(d->sig_path), "%.*s%s", folder_n,
                   d->path, name);
    HM_TRY(try_name(o, d, &folder->dir, pinned, name, e));
    if (d->sig_path[0] != '\0')
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "sign.signature.other",
                           "'%s' is the signature of another root key, under "
                           "this one's name",
                           hm_show_str(name)),
                   "rename it, or give another name with -o");
}

HM_MUST static hm_rc refuse_same(const char *to, const char *other,
                                 const char *what, struct hm_err *e)
{
    if (to == NULL || other == NULL || hm_cli_is_stdout(to) ||
        !hm_file_is_same(to, other))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "sign.output.same",
                           "'%s' would take the place of %s", hm_show_str(to),
                           what),
                   "name another output");
}

HM_MUST static hm_rc find_place(const struct sign_options *o,
                                struct sign_folder *folder,
                                struct sign_document *d,
                                const struct hm_public_key *pinned,
                                struct hm_err *e)
{
    HM_TRY(sign_folder_enter(folder, d->path, &d->name, e));
    if (o->output == NULL && d->is_request)
        return find_of_request(o, folder, d, pinned, e);
    if (o->output == NULL)
        return find_free(o, folder, d, pinned, e);
    d->mode = o->force ? HM_OUT_REPLACE : HM_OUT_NEW;
    if (snprintf(d->sig_path, sizeof(d->sig_path), "%s", o->output) >=
        (int)sizeof(d->sig_path))
        return hm_fail(e, HM_E_USAGE, "sign.path.long", "path '%s' is too long",
                       hm_show_str(o->output));
    return HM_OK;
}

hm_rc sign_place_find(const struct sign_options *o, struct sign_folder *folder,
                      struct sign_document *d,
                      const struct hm_public_key *pinned, struct hm_err *e)
{
    HM_TRY(find_place(o, folder, d, pinned, e));
    return refuse_same(o->evidence, d->sig_path, "the signature", e);
}

HM_MUST static hm_rc check_file(const char *path, bool force, struct hm_err *e)
{
    if (path == NULL || force || hm_cli_is_stdout(path) ||
        access(path, F_OK) != 0)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "base.out.exists",
                           "'%s' exists and is not overwritten",
                           hm_show_str(path)),
                   "remove it, name another output, or give --force");
}

/* A bundle may be signed in its place, which --cms judges. */
HM_MUST static hm_rc spare_inputs(const struct hm_cli *cli,
                                  const struct sign_options *o, const char *out,
                                  struct hm_err *e)
{
    const char *const in[] = {o->statement, o->root, o->authorisation,
                              o->certificate};

    for (size_t i = 0; i < sizeof(in) / sizeof(*in); i++)
        HM_TRY(refuse_same(out, in[i], "a file that is read", e));
    for (size_t i = 0; i < o->chain.n; i++)
        HM_TRY(refuse_same(out, o->chain.value[i], "a file that is read", e));
    for (int i = 0; i < cli->argc; i++)
        HM_TRY(refuse_same(out, cli->argv[i], "a document to sign", e));
    return HM_OK;
}

hm_rc sign_output_check(const struct hm_cli *cli, const struct sign_options *o,
                        struct hm_err *e)
{
    HM_TRY(spare_inputs(cli, o, o->output, e));
    HM_TRY(spare_inputs(cli, o, o->evidence, e));
    HM_TRY(spare_inputs(cli, o, o->bytes, e));
    HM_TRY(check_file(o->output, o->force, e));
    return check_file(o->evidence, o->force, e);
}
