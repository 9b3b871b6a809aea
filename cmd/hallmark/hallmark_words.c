#include <stdarg.h>

#include "hallmark_priv.h"

hm_rc hallmark_add_words(struct hm_names *to, struct hm_err *e, ...)
{
    va_list ap;
    hm_rc rc = HM_OK;

    va_start(ap, e);
    for (;;) {
        const char *word = va_arg(ap, const char *);

        if (word == NULL || rc != HM_OK)
            break;
        rc = hm_names_add(to, word, e);
    }
    va_end(ap);
    return rc;
}

hm_rc hallmark_add_option(struct hm_names *to, const char *name,
                          const char *value, struct hm_err *e)
{
    return value == NULL ? HM_OK
                         : hallmark_add_words(to, e, name, value, (char *)NULL);
}

hm_rc hallmark_add_path(struct hm_names *to, const char *name,
                        const struct hm_release *r, const char *path,
                        struct hm_err *e)
{
    HM_OWN(hm_buf) full = HM_BUF_INIT(8192);

    if (path == NULL)
        return HM_OK;
    HM_TRY(hm_release_path(r, path, &full, e));
    return hallmark_add_option(to, name, (const char *)full.p, e);
}

hm_rc hallmark_add_where(struct hm_names *to, const struct hm_release *r,
                         const struct hm_release_key *key, struct hm_err *e)
{
    HM_TRY(hallmark_add_path(to, "--module", r, key->module, e));
    HM_TRY(hallmark_add_path(to, "--nss", r, key->nss, e));
    return hallmark_add_path(to, "--softhsm", r, key->softhsm, e);
}
