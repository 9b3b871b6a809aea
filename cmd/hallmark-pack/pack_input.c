#include "pack_cli_priv.h"

#define LIST_BYTES ((size_t)1 << 28)

void pack_input_clear(struct pack_input *in)
{
    hm_dir_clear(&in->tree);
    hm_revision_clear(&in->revision);
    hm_names_clear(&in->only);
    hm_archive_permissions_clear(&in->permissions);
}

HM_MUST static hm_rc bad_value(const char *why, struct hm_err *e)
{
    return hm_fail(e, HM_E_USAGE, "cli.option.value", "%s", why);
}

HM_MUST static hm_rc check_call(const struct pack_call *call, struct hm_err *e)
{
    const char *const keep[] = {call->modes, call->owners, call->xattrs};

    for (size_t i = 0; i < sizeof(keep) / sizeof(*keep); i++)
        if (keep[i] != NULL && strcmp(keep[i], "keep") != 0)
            return bad_value(
                "--modes, --owners and --xattrs take the word keep", e);
    if (call->nul && call->files_from == NULL)
        return bad_value("--null says how --files-from is written", e);
    if (call->git != NULL && call->files_from != NULL)
        return bad_value("--files-from names files of a directory; choose from "
                         "a commit with --include",
                         e);
    if (call->git != NULL && (call->owners != NULL || call->xattrs != NULL))
        return bad_value("git records neither owners nor extended attributes: "
                         "give --permissions",
                         e);
    return HM_OK;
}

/* In the order of the command line, which the two lists lost. */
static void take_patterns(struct pack_input *in, const struct pack_call *call,
                          struct hm_archive_options *o)
{
    const struct hm_cli_list *a = &call->include;
    const struct hm_cli_list *b = &call->exclude;
    size_t i = 0;
    size_t k = 0;

    while (i < a->n || k < b->n) {
        const bool first = k == b->n || (i < a->n && a->at[i] < b->at[k]);

        in->patterns[o->patterns_n++] = (struct hm_archive_pattern){
            first ? a->value[i] : b->value[k], first, 0};
        i += first;
        k += !first;
    }
    o->patterns = in->patterns;
}

HM_MUST static hm_rc read_list(struct pack_input *in,
                               const struct pack_call *call,
                               struct hm_archive_options *o, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(LIST_BYTES);

    if (call->files_from == NULL)
        return HM_OK;
    HM_TRY(hm_cli_input(call->files_from, &text, e));
    HM_TRY(hm_context(
        e, hm_archive_list_read(hm_buf_view(&text), call->nul, &in->only, e),
        "cannot take '%s'", hm_show_str(call->files_from)));
    o->only = &in->only;
    return HM_OK;
}

hm_rc pack_permissions_load(const char *path,
                            struct hm_archive_permissions *table,
                            struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ARCHIVE_PERMISSIONS_BYTES);

    HM_TRY(hm_file_load(path, &text, e));
    return hm_context(e,
                      hm_archive_permissions_read(table, hm_buf_view(&text), e),
                      "cannot take '%s'", hm_show_str(path));
}

HM_MUST static hm_rc read_permissions(struct pack_input *in,
                                      const struct pack_call *call,
                                      struct hm_archive_options *o,
                                      struct hm_err *e)
{
    if (call->permissions == NULL)
        return HM_OK;
    HM_TRY(pack_permissions_load(call->permissions, &in->permissions, e));
    o->permissions = &in->permissions;
    return HM_OK;
}

hm_rc pack_open_input(struct pack_input *in, const struct pack_call *call,
                      const char *dir, struct hm_archive_options *o,
                      struct hm_err *e)
{
    HM_TRY(check_call(call, e));
    o->keep_modes = call->modes != NULL;
    o->keep_owners = call->owners != NULL;
    o->keep_xattrs = call->xattrs != NULL;
    take_patterns(in, call, o);
    HM_TRY(read_list(in, call, o, e));
    HM_TRY(read_permissions(in, call, o, e));
    return call->git == NULL
               ? hm_dir_open(&in->tree, dir, e)
               : hm_revision_open(&in->revision, dir, call->git, e);
}
