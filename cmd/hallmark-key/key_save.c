#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "key_priv.h"

#define PATH_MAX_HERE 1024u

/* Is there a signature file already?  Without --force that is a refusal, since
 * it would not fit the new document. */
HM_MUST static hm_rc refuse_signatures(const char *path, struct hm_err *e)
{
    char name[PATH_MAX_HERE + 16];

    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        hm_signature_name(path, i, name, sizeof(name));
        if (access(name, F_OK) == 0 || errno != ENOENT)
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "base.out.exists",
                                   "'%s' exists and is not overwritten",
                                   hm_show_str(name)),
                           "name another output, or give --force");
    }
    return HM_OK;
}

/* An earlier document's signatures would make this one look tampered with. */
HM_MUST static hm_rc remove_signatures(const char *path, size_t from,
                                       struct hm_err *e)
{
    char name[PATH_MAX_HERE + 16];

    for (size_t i = from; i < HM_SIGNATURES_MAX; i++) {
        hm_signature_name(path, (unsigned)i, name, sizeof(name));
        if (unlink(name) != 0 && errno != ENOENT)
            return hm_fail_errno(e, "key.signature.remove",
                                 "cannot remove '%s'", hm_show_str(name));
    }
    return HM_OK;
}

hm_rc key_signed_check(const char *path, bool force, struct hm_err *e)
{
    HM_OWN(hm_out) probe = HM_OUT_INIT;

    if (strlen(path) > PATH_MAX_HERE)
        return hm_fail(e, HM_E_USAGE, "key.option.path",
                       "path '%s' is too long", hm_show_str(path));
    if (!force)
        HM_TRY(refuse_signatures(path, e));
    return hm_out_begin(&probe, path, force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644,
                        e);
}

/* The files of one document on their way; too large for a stack. */
struct outputs {
    struct hm_out out[HM_SIGNATURES_MAX + 1];
    size_t n;
};

static void outputs_free(struct outputs **o)
{
    for (size_t i = 0; *o != NULL && i < (*o)->n; i++)
        hm_out_clear(&(*o)->out[i]);
    free(*o);
}

HM_MUST static hm_rc begin(struct outputs *o, const char *path,
                           struct hm_bytes bytes, enum hm_out_mode mode,
                           struct hm_err *e)
{
    struct hm_out *out = &o->out[o->n];

    *out = (struct hm_out)HM_OUT_INIT;
    o->n++;
    HM_TRY(hm_out_begin(out, path, mode, 0644, e));
    return hm_out_write(out, bytes, e);
}

HM_MUST static hm_rc commit(struct outputs *o, struct hm_err *e)
{
    for (size_t i = 0; i < o->n; i++)
        HM_TRY(hm_out_commit(&o->out[i], e));
    return HM_OK;
}

HM_MUST static hm_rc write_all(struct outputs *o, const char *path,
                               struct hm_bytes document,
                               const struct hm_signatures *sigs,
                               enum hm_out_mode mode, struct hm_err *e)
{
    char name[PATH_MAX_HERE + 16];

    HM_TRY(begin(o, path, document, mode, e));
    for (size_t i = 0; i < sigs->n; i++) {
        hm_signature_name(path, (unsigned)i, name, sizeof(name));
        HM_TRY(begin(o, name, hm_buf_view(&sigs->sig[i].bytes), mode, e));
    }
    HM_TRY(remove_signatures(path, sigs->n, e));
    return commit(o, e);
}

hm_rc key_signed_save(const char *path, struct hm_bytes document,
                      const struct hm_signatures *sigs, bool force,
                      struct hm_err *e)
{
    __attribute__((cleanup(outputs_free))) struct outputs *o =
        calloc(1, sizeof(*o));

    if (o == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for an authorisation");
    HM_TRY(key_signed_check(path, force, e));
    return write_all(o, path, document, sigs,
                     force ? HM_OUT_REPLACE : HM_OUT_NEW, e);
}
