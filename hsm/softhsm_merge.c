#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hsm_priv.h"

#define FILE_MAX ((size_t)16 << 20)

/* The token file of a new token comes last, that of an old one stays: SoftHSM
 * changed nothing in it but flags of the PIN. */
static bool is_token_file(const char *name)
{
    static const char file[] = "/token.object";
    const size_t n = strlen(name);
    const size_t k = sizeof(file) - 1;

    return n > k && strcmp(name + n - k, file) == 0;
}

HM_MUST static hm_rc merge_file(const struct hm_dir *from,
                                const struct hm_dir *to, const char *name,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) new = HM_BUF_INIT(FILE_MAX);
    HM_OWN(hm_buf) old = HM_BUF_INIT(FILE_MAX);
    HM_OWN(hm_out) out = HM_OUT_INIT;
    const bool is_there = hm_file_exists_at(to, name);

    if (is_there && is_token_file(name))
        return HM_OK;
    HM_TRY(hm_file_load_at(from, name, &new, e));
    if (is_there)
        HM_TRY(hm_file_load_at(to, name, &old, e));
    if (is_there && hm_bytes_eq(hm_buf_view(&new), hm_buf_view(&old)))
        return HM_OK;
    HM_TRY(hm_out_begin_at(&out, to, name, HM_OUT_REPLACE, 0600, e));
    HM_TRY(hm_out_write(&out, hm_buf_view(&new), e));
    return hm_out_commit(&out, e);
}

HM_MUST static hm_rc merge_entry(const struct hm_dir *from,
                                 const struct hm_dir *to, const char *name,
                                 struct hm_err *e)
{
    char folder[512];
    const size_t n = strlen(name);

    if (name[n - 1] != '/')
        return merge_file(from, to, name, e);
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)n - 1, name);
    if (mkdirat(to->fd, folder, 0700) == 0 || errno == EEXIST)
        return HM_OK;
    return hm_fail_errno(e, "hsm.softhsm.copy", "cannot make directory '%s'",
                         hm_show_str(folder));
}

hm_rc softhsm_merge(struct softhsm *k, struct hm_err *e)
{
    HM_OWN(hm_dir) copy = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_open_at(&copy, &k->scratch, "tokens", e));
    HM_TRY(hm_dir_list_tree(&copy, &names, e));
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < names.n; i++)
            if (is_token_file(names.name[i]) == (round == 1))
                HM_TRY(merge_entry(&copy, &k->store, names.name[i], e));
    return hm_dir_sync(&k->store, e);
}
