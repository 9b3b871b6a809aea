#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "key_priv.h"

/* Is there a signature file already?  Without --force that is a refusal, since
 * it would not fit the new document. */
HM_MUST static hm_rc refuse_signatures(const struct key_change *c,
                                       struct hm_err *e)
{
    char path[1024];

    if (c->force)
        return HM_OK;
    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        hm_signature_name(c->output, i, path, sizeof(path));
        if (access(path, F_OK) == 0 || errno != ENOENT)
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "base.out.exists",
                                   "'%s' exists and is not overwritten",
                                   hm_show_str(path)),
                           "name another output, or give --force");
    }
    return HM_OK;
}

/* An earlier document's signatures would make this one look tampered with. */
HM_MUST static hm_rc remove_signatures(const struct key_change *c,
                                       struct hm_err *e)
{
    char path[1024];

    for (unsigned i = c->sign == NULL ? 0 : 1; i < HM_SIGNATURES_MAX; i++) {
        hm_signature_name(c->output, i, path, sizeof(path));
        if (unlink(path) != 0 && errno != ENOENT)
            return hm_fail_errno(e, "key.signature.remove",
                                 "cannot remove '%s'", hm_show_str(path));
    }
    return HM_OK;
}

/* Both are complete on disk before the first gets its name. */
HM_MUST static hm_rc write_pair(const struct key_change *c,
                                struct hm_bytes document, struct hm_bytes sig,
                                struct hm_err *e)
{
    HM_OWN(hm_out) out = HM_OUT_INIT;
    HM_OWN(hm_out) out_sig = HM_OUT_INIT;
    const enum hm_out_mode mode = c->force ? HM_OUT_REPLACE : HM_OUT_NEW;
    char path[1024];

    hm_signature_name(c->output, 0, path, sizeof(path));
    HM_TRY(hm_out_begin(&out, c->output, mode, 0644, e));
    HM_TRY(hm_out_write(&out, document, e));
    if (sig.n > 0) {
        HM_TRY(hm_out_begin(&out_sig, path, mode, 0644, e));
        HM_TRY(hm_out_write(&out_sig, sig, e));
    }
    HM_TRY(remove_signatures(c, e));
    HM_TRY(hm_out_commit(&out, e));
    return sig.n > 0 ? hm_out_commit(&out_sig, e) : HM_OK;
}

HM_MUST static hm_rc refuse_output(const struct key_change *c, struct hm_err *e)
{
    HM_OWN(hm_out) probe = HM_OUT_INIT;

    if (strlen(c->output) > 1000)
        return hm_fail(e, HM_E_USAGE, "key.option.path",
                       "path '%s' is too long", hm_show_str(c->output));
    HM_TRY(refuse_signatures(c, e));
    /* What can fail fails before a PIN is asked for. */
    return hm_out_begin(&probe, c->output,
                        c->force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644, e);
}

hm_rc key_change_save(struct hm_cli *cli, const struct key_change *c,
                      const struct hm_root *root, struct hm_bytes document,
                      struct hm_err *e)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

    HM_TRY(refuse_output(c, e));
    if (c->sign != NULL)
        HM_TRY(key_change_sign(cli, c, root, document, &sig, e));
    return write_pair(c, document, hm_buf_view(&sig), e);
}
