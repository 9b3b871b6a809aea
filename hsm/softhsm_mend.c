#include <stdio.h>

#include "hsm_priv.h"

#define OBJECT_FILE_MAX ((size_t)1 << 20)

/* Kinds of attribute in an object file. */
enum kind { KIND_BOOL = 1, KIND_ULONG, KIND_BYTES, KIND_MAP, KIND_MECHANISMS };

/* Big-endian, eight bytes; false at the end. */
static bool take_number(struct hm_bytes *in, uint64_t *out)
{
    if (in->n < 8)
        return false;
    *out = 0;
    for (size_t i = 0; i < 8; i++)
        *out = *out << 8 | in->p[i];
    in->p += 8;
    in->n -= 8;
    return true;
}

/* Length of the value at the front; false when it cannot be one. */
static bool value_length(struct hm_bytes *in, uint64_t kind, uint64_t *length)
{
    *length = kind == KIND_BOOL ? 1 : 8;
    if (kind == KIND_BOOL || kind == KIND_ULONG)
        return true;
    if (kind != KIND_BYTES && kind != KIND_MAP && kind != KIND_MECHANISMS)
        return false;
    if (!take_number(in, length))
        return false;
    if (kind != KIND_MECHANISMS)
        return true;
    if (*length > in->n / 8)
        return false;
    *length *= 8;
    return true;
}

bool softhsm_object_is_whole(struct hm_bytes file)
{
    uint64_t ignored = 0;
    uint64_t kind = 0;
    uint64_t length = 0;

    if (!take_number(&file, &ignored) || file.n == 0)
        return false;
    while (file.n > 0) {
        if (!take_number(&file, &ignored) || !take_number(&file, &kind) ||
            !value_length(&file, kind, &length) || length > file.n)
            return false;
        file.p += length;
        file.n -= (size_t)length;
    }
    return true;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name);
    const size_t k = strlen(end);

    return n >= k && strcmp(name + n - k, end) == 0;
}

static bool is_whole(const struct hm_dir *at, const char *name)
{
    HM_OWN(hm_buf) file = HM_BUF_INIT(OBJECT_FILE_MAX);

    return hm_file_load_at(at, name, &file, NULL) == HM_OK &&
           softhsm_object_is_whole(hm_buf_view(&file));
}

HM_MUST static hm_rc restore(const struct hm_dir *tokens,
                             const struct hm_dir *saved, const char *name,
                             struct hm_err *e)
{
    HM_OWN(hm_buf) file = HM_BUF_INIT(OBJECT_FILE_MAX);
    HM_OWN(hm_out) out = HM_OUT_INIT;

    HM_TRY(hm_file_load_at(saved, name, &file, e));
    HM_TRY(hm_out_begin_at(&out, tokens, name, HM_OUT_REPLACE, 0600, e));
    HM_TRY(hm_out_write(&out, hm_buf_view(&file), e));
    return hm_out_commit(&out, e);
}

/* A key object that is damaged and was never saved is one that SoftHSM leaves
 * behind when it is killed: it is passed over, as SoftHSM does. */
HM_MUST static hm_rc mend_one(const struct hm_dir *tokens,
                              const struct hm_dir *saved, const char *name,
                              unsigned *restored, struct hm_err *e)
{
    const bool can_restore = saved->fd >= 0 && is_whole(saved, name);

    if (is_whole(tokens, name))
        return HM_OK;
    if (can_restore) {
        (*restored)++;
        return restore(tokens, saved, name, e);
    }
    if (!ends_with(name, "/token.object"))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_TOKEN, "hsm.softhsm.damaged",
                           "token file '%s' is damaged and there is no saved "
                           "copy of it",
                           hm_show_str(name)),
                   "bring tokens/ back from a backup; without it the keys of "
                   "this token are lost");
}

/* The token file of a directory is looked for by name, because damage may mean
 * that it is gone. */
HM_MUST static hm_rc mend_token(const struct hm_dir *tokens,
                                const struct hm_dir *saved, const char *folder,
                                unsigned *restored, struct hm_err *e)
{
    char name[512];

    if (snprintf(name, sizeof(name), "%stoken.object", folder) >=
        (int)sizeof(name))
        return HM_OK;
    return mend_one(tokens, saved, name, restored, e);
}

hm_rc softhsm_mend(const struct hm_dir *tokens, const struct hm_dir *saved,
                   unsigned *restored, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    *restored = 0;
    HM_TRY(hm_dir_list_tree(tokens, &names, e));
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.name[i];

        if (ends_with(name, "/"))
            HM_TRY(mend_token(tokens, saved, name, restored, e));
        else if (ends_with(name, ".object") &&
                 !ends_with(name, "/token.object"))
            HM_TRY(mend_one(tokens, saved, name, restored, e));
    }
    return HM_OK;
}
