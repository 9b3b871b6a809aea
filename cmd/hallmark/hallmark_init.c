#include <stdio.h>
#include <stdlib.h>

#include "hallmark_priv.h"
#include "hm_trust.h"

static struct {
    const char *vendor;
    const char *product;
    bool force;
    bool dry_run;
} opt;

const struct hm_opt hallmark_init_opts[] = {
    {"vendor", 0, HM_OPT_VALUE, false, &opt.vendor, "NAME",
     "who makes the product (default: vendor)"},
    {"product", 0, HM_OPT_VALUE, false, &opt.product, "NAME",
     "what devices call themselves (default: the name of DIR)"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace a release.json that is there"},
    {"dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "",
     "print release.json, write nothing"},
    HM_OPT_END,
};

struct advice {
    const char *where;
    const char *what;
};

static const struct advice advices[] = {
    {"/vendor /product", "your names; keys are authorised for them"},
    {"/version", "the version of this release, higher with each one"},
    {"/update_type /severity /advisories",
     "security, with what it fixes, when it closes a vulnerability"},
    {"/rollback_counter",
     "raise it only when going back must become impossible"},
    {"/artefacts",
     "tree: a directory to pack, git: a commit, or file: a ready image"},
    {"/updates", "models and hardware revisions that the release is for"},
    {"/sboms", "the SBOM your build wrote, for which artefact"},
    {"/provenance", "the git work tree, and who builds (addresses of yours)"},
    {"/signing", "the keys, and where their PINs come from; never the PIN"},
    {"/root /authorisation", "made by hallmark key root-export and authorise"},
    {"/repository", "the directory that devices download from"},
};

/* --- the document -------------------------------------------------------------- */

static void put_key(struct hm_json_writer *w, const char *name,
                    const char *object)
{
    char uri[128];

    (void)snprintf(uri, sizeof(uri), "pkcs11:token=vendor;object=%s", object);
    hm_json_open_object(w, name);
    hm_json_put_text(w, "uri", uri);
    hm_json_put_text(w, "pin", "file:keys/vendor.pin");
    hm_json_close_object(w);
}

static void put_artefact(struct hm_json_writer *w, const char *product)
{
    char name[HM_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), "%s-1.0.0.tar.gz", product);
    hm_json_open_array(w, "artefacts");
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "id", "firmware");
    hm_json_put_text(w, "tree", "build/rootfs");
    hm_json_put_text(w, "name", name);
    hm_json_put_text(w, "role", "firmware");
    hm_json_put_text(w, "kind", "full");
    hm_json_put_text(w, "slot", "rootfs");
    hm_json_close_object(w);
    hm_json_close_array(w);
}

static void put_word(struct hm_json_writer *w, const char *list,
                     const char *word)
{
    hm_json_open_array(w, list);
    hm_json_put_text(w, NULL, word);
    hm_json_close_array(w);
}

static void put_updates(struct hm_json_writer *w)
{
    hm_json_open_array(w, "updates");
    hm_json_open_object(w, NULL);
    put_word(w, "models", "MODEL-1");
    put_word(w, "hardware", "rev-a");
    put_word(w, "artefacts", "firmware");
    hm_json_close_object(w);
    hm_json_close_array(w);
}

static void put_sboms(struct hm_json_writer *w, const char *product)
{
    char name[HM_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), "%s-1.0.0.cdx.json", product);
    hm_json_open_array(w, "sboms");
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "file", "build/sbom.cdx.json");
    hm_json_put_text(w, "name", name);
    hm_json_put_text(w, "artefact", "firmware");
    hm_json_close_object(w);
    hm_json_close_array(w);
    hm_json_open_array(w, "advisories");
    hm_json_close_array(w);
}

static void put_address(struct hm_json_writer *w, const char *name,
                        const char *vendor, const char *path)
{
    char address[256];

    (void)snprintf(address, sizeof(address), "https://%s.example/%s", vendor,
                   path);
    hm_json_put_text(w, name, address);
}

static void put_how(struct hm_json_writer *w, const char *vendor)
{
    hm_json_open_object(w, "provenance");
    hm_json_put_text(w, "repository", ".");
    put_address(w, "build_type", vendor, "build/v1");
    put_address(w, "builder", vendor, "builders/workstation/v1");
    hm_json_close_object(w);
    hm_json_open_object(w, "signing");
    hm_json_put_text(w, "softhsm", "keys/vendor-token");
    put_key(w, "manifest", "vendor-1");
    put_key(w, "provenance", "provenance-1");
    hm_json_close_object(w);
    hm_json_put_text(w, "root", "root.json");
    hm_json_put_text(w, "authorisation", "authorisation.json");
    hm_json_put_text(w, "repository", "repository");
}

HM_MUST static hm_rc write_document(const char *vendor, const char *product,
                                    struct hm_buf *to, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_json_begin(&w, to, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_RELEASE_FORMAT);
    hm_json_put_text(&w, "vendor", vendor);
    hm_json_put_text(&w, "product", product);
    hm_json_put_text(&w, "version", "1.0.0");
    hm_json_put_uint(&w, "epoch", 1);
    hm_json_put_uint(&w, "rollback_counter", 1);
    hm_json_put_text(&w, "update_type", "routine");
    hm_json_put_text(&w, "severity", "none");
    hm_json_put_uint(&w, "valid_days", 30);
    put_artefact(&w, product);
    put_updates(&w);
    put_sboms(&w, product);
    put_how(&w, vendor);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* --- the command ------------------------------------------------------------------ */

/* The name of the folder, if a product can have it. */
static void name_product(const char *dir, char *out, size_t size)
{
    char *real = realpath(dir, NULL);
    const char *path = real == NULL ? dir : real;
    const char *slash = strrchr(path, '/');
    const char *last = slash == NULL ? path : slash + 1;
    const bool fits = strlen(last) <= 40 && last[0] != '-' &&
                      hm_trust_name_check(hm_bytes_str(last), NULL) == HM_OK;

    (void)snprintf(out, size, "%s", fits ? last : "product");
    free(real);
}

/* As a shell takes it. */
HM_MUST static hm_rc quote(const char *word, struct hm_buf *out,
                           struct hm_err *e)
{
    HM_OWN(hm_names) words = HM_NAMES_INIT;

    HM_TRY(hm_names_add(&words, word, e));
    HM_TRY(hallmark_add_line(&words, out, e));
    return hm_buf_add(out, (struct hm_bytes){(const uint8_t *)"", 1}, e);
}

HM_MUST static hm_rc say(const struct hm_cli *cli, const char *path,
                         const struct next *next, const struct hm_names *lines,
                         struct hm_err *e)
{
    HM_OWN(hm_buf) quoted = HM_BUF_INIT(16384);

    HM_TRY(quote(path, &quoted, e));
    hm_cli_say(cli, "%s %s%s.  Look at these before the first release:",
               opt.dry_run ? "Would write" : "Wrote", (const char *)quoted.p,
               next->has_ignored ? " and a .gitignore beside it" : "");
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
        hm_cli_say(cli, "  %-34s %s", advices[i].where, advices[i].what);
    hm_cli_say(cli,
               "\nWhat it names is made by these, in this order.  Your build "
               "fills build/rootfs and\nwrites build/sbom.cdx.json; git must "
               "ignore what is no source, because an untracked\nfile makes a "
               "work tree dirty:\n");
    for (size_t i = 0; i < lines->n; i++)
        hm_cli_say(cli, "  %s", lines->name[i]);
    return HM_OK;
}

HM_MUST static hm_rc report(struct hm_cli *cli, const char *path,
                            const struct next *next, struct hm_err *e)
{
    HM_OWN(hm_names) lines = HM_NAMES_INIT;
    struct hm_json_writer w;

    HM_TRY(hallmark_next_find(next, &lines, e));
    HM_TRY(say(cli, path, next, &lines, e));
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "path", path);
    hm_json_put_bool(&w, "gitignore", next->has_ignored);
    hm_json_open_array(&w, "change");
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        hm_json_open_object(&w, NULL);
        hm_json_put_text(&w, "where", advices[i].where);
        hm_json_put_text(&w, "what", advices[i].what);
        hm_json_close_object(&w);
    }
    hm_json_close_array(&w);
    hm_json_open_array(&w, "commands");
    for (size_t i = 0; i < lines.n; i++)
        hm_json_put_text(&w, NULL, lines.name[i]);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* Only where git would look at it, and never over somebody's own. */
HM_MUST static hm_rc save_ignored(const struct hm_dir *d, struct next *next,
                                  struct hm_err *e)
{
    if (!next->in_git || hm_file_exists_at(d, ".gitignore"))
        return HM_OK;
    HM_TRY(hm_file_save_at(d, ".gitignore", hm_bytes_str(hallmark_ignored),
                           HM_OUT_NEW, e));
    next->has_ignored = true;
    return HM_OK;
}

HM_MUST static hm_rc save(struct hm_bytes text, struct next *next,
                          struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    hm_rc rc;

    HM_TRY(hm_hint(e, hm_dir_make(&d, next->dir, e),
                   "name a directory that can be made, or one that is there"));
    rc = hm_file_save_at(&d, "release.json", text,
                         opt.force ? HM_OUT_REPLACE : HM_OUT_NEW, e);
    next->in_git = hallmark_is_in_git(next->dir);
    if (rc == HM_OK)
        rc = save_ignored(&d, next, e);
    return hm_hint(
        e, hm_context(e, rc, "cannot write in '%s'", hm_show_str(next->dir)),
        "make room there, or the directory writable, then run the "
        "same command again");
}

hm_rc hallmark_init_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_RELEASE_BYTES_MAX);
    HM_OWN(hm_release) check = HM_RELEASE_INIT;
    struct next next = {.dir = cli->argc > 0 ? cli->argv[0] : "."};
    char product[64];
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s%srelease.json",
                   strcmp(next.dir, ".") == 0 ? "" : next.dir,
                   strcmp(next.dir, ".") == 0 ? "" : "/");
    name_product(next.dir, product, sizeof(product));
    next.vendor = opt.vendor == NULL ? "vendor" : opt.vendor;
    next.product = opt.product == NULL ? product : opt.product;
    HM_TRY(write_document(next.vendor, next.product, &text, e));
    /* What is written is accepted by the reader, whatever was given. */
    HM_TRY(hm_as_usage(e, hm_release_read(&check, hm_buf_view(&text), e)));
    next.in_git = hallmark_is_in_git(next.dir);
    if (!opt.dry_run)
        HM_TRY(save(hm_buf_view(&text), &next, e));
    else if (!cli->json)
        HM_TRY(hm_cli_output("-", hm_buf_view(&text), false, e));
    return report(cli, path, &next, e);
}
