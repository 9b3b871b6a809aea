#include "key_priv.h"

static struct {
    const char *root;
    const char *from;
    const char *output;
    bool dry_run;
} opt;

const struct hm_opt key_apply_opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "FILE", "root.json"},
    {"from", 0, HM_OPT_VALUE, false, &opt.from, "FILE",
     "the authorisation in force, which is replaced (none: this is the first)"},
    {"output", 'o', HM_OPT_PLACE, false, &opt.output, "FILE",
     "write it there (default: the one that --from names)"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "check the request and the signatures, write nothing"},
    HM_OPT_END,
};

HM_MUST static hm_rc load_signature(const char *path, struct hm_signatures *all,
                                    struct hm_err *e)
{
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

    HM_TRY(hm_file_load(path, &sig, e));
    return hm_context(
        e, hm_signatures_add(all, hm_show_str(path), hm_buf_view(&sig), e),
        "signature '%s'", hm_show_str(path));
}

/* One file a key, in the order of the root set, whatever was handed in: copies
 * and strangers' signatures do not come along. */
HM_MUST static hm_rc keep_one_a_key(const struct key_asked *asked,
                                    struct hm_signatures *kept,
                                    struct hm_err *e)
{
    const struct hm_signatures *given = &asked->given;
    const struct hm_bytes document = hm_buf_view(&asked->request.document);
    const struct hm_root *root = &asked->root;

    for (size_t k = 0; k < root->n; k++)
        for (size_t i = 0; i < given->n; i++) {
            const struct hm_bytes sig = hm_buf_view(&given->sig[i].bytes);
            const struct hm_public_key *key = &root->keys[k].key.key;

            if (key->pkey == NULL ||
                hm_signature_verify(key, document, sig, NULL) != HM_OK)
                continue;
            HM_TRY(hm_signatures_add(kept, root->keys[k].name, sig, e));
            break;
        }
    return hm_root_verify(root, document, kept, NULL, e);
}

static void warn_strangers(const struct hm_cli *cli,
                           const struct hm_signatures *given,
                           const struct hm_signatures *kept)
{
    if (given->n > kept->n)
        hm_cli_warn(cli,
                    "%zu of %zu signatures are copies, or of no root key, and "
                    "are left out",
                    given->n - kept->n, given->n);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct key_asked *asked,
                            const struct hm_signatures *kept, const char *path,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_say(cli,
               "%s %s: authorisation %llu of '%s', signed by %zu root "
               "keys of %u that must",
               opt.dry_run ? "would write" : "wrote", hm_show_str(path),
               (unsigned long long)asked->request.next.sequence,
               asked->request.next.vendor, kept->n, asked->root.threshold);
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "path", path);
    hm_json_put_bool(&w, "written", !opt.dry_run);
    hm_json_put_uint(&w, "sequence", asked->request.next.sequence);
    hm_json_put_hex(&w, "sha256",
                    (struct hm_bytes){asked->sha256, sizeof(asked->sha256)});
    hm_json_open_array(&w, "signers");
    for (size_t i = 0; i < kept->n; i++)
        hm_json_put_text(&w, NULL, kept->sig[i].name);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* A run that was interrupted between the document and its signatures is
 * finished by the same call: the document is there already then. */
static bool is_begun(const struct key_asked *asked, const char *path)
{
    HM_OWN(hm_buf) there = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);

    return hm_file_load(path, &there, NULL) == HM_OK &&
           hm_bytes_eq(hm_buf_view(&there),
                       hm_buf_view(&asked->request.document));
}

/* Only what is in force, as --from says, or a run that was begun. */
static bool may_replace(const struct key_asked *asked, const char *path)
{
    return (opt.from != NULL && strcmp(path, opt.from) == 0) ||
           is_begun(asked, path);
}

HM_MUST static hm_rc load(struct key_asked *asked, const char *request,
                          const char *path, struct hm_err *e)
{
    HM_TRY(key_asked_load(asked, request, opt.root, e));
    if (is_begun(asked, path))
        return HM_OK;
    if (opt.from == NULL && asked->request.before.n > 0)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "the request changes an authorisation: name the one in "
                       "force with --from FILE");
    return opt.from == NULL ? HM_OK : key_asked_check(asked, opt.from, e);
}

HM_MUST static hm_rc run(struct hm_cli *cli, struct key_asked *asked,
                         const char *path, struct hm_err *e)
{
    HM_OWN(hm_signatures) kept = HM_SIGNATURES_INIT;

    HM_TRY(load(asked, cli->argv[0], path, e));
    for (int i = 1; i < cli->argc; i++)
        HM_TRY(load_signature(cli->argv[i], &asked->given, e));
    HM_TRY(keep_one_a_key(asked, &kept, e));
    warn_strangers(cli, &asked->given, &kept);
    if (!opt.dry_run)
        HM_TRY(hm_signed_save(path, hm_buf_view(&asked->request.document),
                              &kept, may_replace(asked, path), e));
    return report(cli, asked, &kept, path, e);
}

hm_rc key_apply_run(struct hm_cli *cli, struct hm_err *e)
{
    OWN_KEY_ASKED *asked = key_asked_new();
    const char *path = opt.output == NULL ? opt.from : opt.output;

    if (asked == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for a request");
    if (path == NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "expected --from FILE, or -o FILE for the first one");
    return run(cli, asked, path, e);
}
