#include <stdio.h>
#include <stdlib.h>

#include "sign_priv.h"

/* The kinds that a raw signature may stand over, by their first bytes. */
static const struct {
    enum sign_kind kind;
    const char *format;
    bool is_request;
} kinds[] = {
    {SIGN_AUTHORISATION, HM_AUTHORISATION_FORMAT, false},
    {SIGN_MANIFEST, "hallmark-manifest/1", false},
    {SIGN_AUTHORISATION, HM_REQUEST_FORMAT, true},
    {SIGN_CEREMONY, HM_CEREMONY_FORMAT, false},
};

struct documents {
    struct sign_document *d; /* owned */
    size_t n;
    struct sign_trusts trusts; /* owned */
    struct sign_folder folder; /* owned; of the document that is worked on */
};

#define DOCUMENTS_INIT                        \
    {                                         \
        .d = NULL, .folder = SIGN_FOLDER_INIT \
    }

static void documents_clear(struct documents *all)
{
    for (size_t i = 0; i < all->n; i++) {
        hm_buf_clear(&all->d[i].bytes);
        hm_buf_clear(&all->d[i].sig);
    }
    free(all->d);
    sign_trusts_clear(&all->trusts);
    sign_folder_clear(&all->folder);
    *all = (struct documents)DOCUMENTS_INIT;
}

/* Nothing that came from elsewhere is signed as it is: a signature over
 * chosen bytes could be shown as one over something else. */
HM_MUST static hm_rc find_kind(struct sign_document *d, struct hm_err *e)
{
    const size_t n = d->bytes.n;
    const struct hm_bytes start = {d->bytes.p, n < 40 ? n : 40};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (hm_json_format(hm_buf_view(&d->bytes), kinds[i].format, NULL) ==
            HM_OK) {
            d->kind = kinds[i].kind;
            d->is_request = kinds[i].is_request;
            return HM_OK;
        }
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "sign.document.kind",
                "'%s' is not signed: expected a hallmark-authorisation/1, a "
                "hallmark-manifest/1, a hallmark-request/1 or a "
                "hallmark-ceremony/1, its first bytes are '%s'",
                hm_show_str(d->path), hm_show(start)),
        "other files are signed inside a Statement: --statement FILE");
}

HM_MUST static hm_rc load_document(const struct sign_options *o,
                                   const char *path, struct documents *all,
                                   struct sign_document *d, struct hm_err *e)
{
    d->path = path;
    d->bytes = (struct hm_buf)HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    d->sig = (struct hm_buf)HM_BUF_INIT(HM_SIGNATURE_MAX);
    HM_TRY(sign_folder_enter(&all->folder, path, &d->name, e));
    d->folder_device = all->folder.device;
    d->folder_inode = all->folder.inode;
    HM_TRY(hm_context(e,
                      hm_file_load_at(&all->folder.dir, d->name, &d->bytes, e),
                      "document '%s'", hm_show_str(path)));
    HM_TRY(find_kind(d, e));
    HM_TRY(sign_trusts_find(&all->trusts, o, all->folder.path, d->kind,
                            &d->trust, e));
    return d->is_request ? sign_request_open(d, e) : HM_OK;
}

HM_MUST static hm_rc check_call(const struct hm_cli *cli,
                                const struct sign_options *o, struct hm_err *e)
{
    if ((o->bytes != NULL || o->attach != NULL) && cli->argc != 1)
        return hm_fail(e, HM_E_USAGE, "sign.output.many",
                       "--bytes and --attach are for one document, but %d are "
                       "given",
                       cli->argc);
    if (o->output != NULL && cli->argc > 1)
        return hm_fail(e, HM_E_USAGE, "sign.output.many",
                       "-o names one signature, but %d documents are given",
                       cli->argc);
    return HM_OK;
}

struct place {
    const struct sign_document *document; /* borrowed */
};

/* By folder and name. */
static int compare_place(const void *a, const void *b)
{
    const struct sign_document *x = ((const struct place *)a)->document;
    const struct sign_document *y = ((const struct place *)b)->document;

    if (x->folder_device != y->folder_device)
        return x->folder_device < y->folder_device ? -1 : 1;
    if (x->folder_inode != y->folder_inode)
        return x->folder_inode < y->folder_inode ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* In whatever spelling: the second signature would find the first one. */
HM_MUST static hm_rc refuse_twice(const struct documents *all, struct hm_err *e)
{
    struct place *sorted = calloc(all->n + 1, sizeof(*sorted));
    hm_rc rc = HM_OK;

    if (sorted == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for %zu documents", all->n);
    for (size_t i = 0; i < all->n; i++)
        sorted[i].document = &all->d[i];
    qsort(sorted, all->n, sizeof(*sorted), compare_place);
    for (size_t i = 1; i < all->n && rc == HM_OK; i++)
        if (compare_place(&sorted[i - 1], &sorted[i]) == 0)
            rc = hm_fail(e, HM_E_USAGE, "sign.document.twice",
                         "'%s' is given twice",
                         hm_show_str(sorted[i].document->path));
    free(sorted);
    return rc;
}

/* Everything that can be refused without a PIN is refused without one. */
HM_MUST static hm_rc load_all(const struct hm_cli *cli,
                              const struct sign_options *o,
                              struct documents *all, struct hm_err *e)
{
    const size_t n = cli->argc > 0 ? (size_t)cli->argc : 0;

    HM_TRY(check_call(cli, o, e));
    all->d = calloc(n + 1, sizeof(*all->d)); /* never of 0 bytes */
    if (all->d == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for %zu documents", n);
    for (size_t i = 0; i < n; i++) {
        all->n++;
        HM_TRY(load_document(o, cli->argv[i], all, &all->d[i], e));
    }
    return refuse_twice(all, e);
}

/* Each by itself may be refused; only then is the token asked. */
HM_MUST static hm_rc judge_one(const struct sign_options *o, const char *keyid,
                               struct sign_folder *folder,
                               struct sign_document *d,
                               struct hm_hsm_task *task, struct hm_err *e)
{
    task->message = hm_buf_view(&d->bytes);
    task->sig = &d->sig;
    HM_TRY(sign_trust_judge(d, keyid, &task->pinned, e));
    return sign_place_find(o, folder, d, task->pinned, e);
}

/* The evidence goes first: it can be made again, and a signature that is there
 * is never without it. */
HM_MUST static hm_rc judge_and_sign(const struct sign_options *o,
                                    struct hm_hsm *hsm,
                                    const struct hm_hsm_key *key,
                                    struct documents *all,
                                    struct hm_hsm_task *task, struct hm_err *e)
{
    for (size_t i = 0; i < all->n; i++)
        HM_TRY(judge_one(o, key->public_key.keyid, &all->folder, &all->d[i],
                         &task[i], e));
    if (o->dry_run)
        return HM_OK;
    HM_TRY(hm_hsm_sign_many(hsm, key, task, all->n, e));
    return sign_evidence_save(o, key, e);
}

/* What the token says of a key that was not opened is nothing. */
HM_MUST static hm_rc check_evidence(struct hm_cli *cli,
                                    const struct sign_options *o,
                                    const struct hm_hsm_key *key,
                                    const struct documents *all,
                                    struct hm_err *e)
{
    for (size_t i = 0; i < all->n && !o->dry_run; i++)
        if (all->d[i].kind == SIGN_CEREMONY)
            HM_TRY(sign_evidence_check(cli, &all->d[i], key, e));
    return HM_OK;
}

static bool needs_module(const struct sign_options *o,
                         const struct documents *all)
{
    bool is_needed = o->evidence != NULL;

    for (size_t i = 0; i < all->n; i++)
        is_needed = is_needed || all->d[i].kind == SIGN_CEREMONY;
    return is_needed;
}

HM_MUST static hm_rc sign_all(struct hm_cli *cli, const struct sign_options *o,
                              struct documents *all,
                              char keyid[static HM_SHA256_HEX],
                              struct hm_err *e)
{
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;
    struct hm_hsm_task *task = NULL;
    hm_rc rc;

    HM_TRY(sign_key_open(cli, o, needs_module(o, all), &hsm, &key, e));
    HM_TRY(check_evidence(cli, o, &key, all, e));
    task = calloc(all->n + 1, sizeof(*task));
    if (task == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for %zu documents", all->n);
    rc = judge_and_sign(o, &hsm, &key, all, task, e);
    free(task);
    memcpy(keyid, key.public_key.keyid, HM_SHA256_HEX);
    return rc;
}

/* Only when every signature is made and verified; all are complete on disk
 * before the first gets its name. */
HM_MUST static hm_rc write_all(const struct sign_options *o,
                               struct documents *all, struct hm_err *e)
{
    HM_OWN(hm_outs) outs = HM_OUTS_INIT;

    if (o->output != NULL)
        return hm_cli_output(o->output, hm_buf_view(&all->d[0].sig), o->force,
                             e);
    HM_TRY(hm_outs_begin(&outs, all->n, e));
    for (size_t i = 0; i < all->n; i++)
        HM_TRY(hm_outs_add(&outs, all->d[i].sig_path,
                           hm_buf_view(&all->d[i].sig), all->d[i].mode, 0644,
                           e));
    return hm_outs_commit(&outs, e);
}

static const char *verb(const struct sign_options *o)
{
    if (o->attach != NULL)
        return o->dry_run ? "would attach to" : "attached to";
    return o->dry_run ? "would sign" : "signed";
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct sign_options *o,
                            const struct documents *all, const char *keyid,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "keyid", keyid);
    hm_json_put_bool(&w, "written", !o->dry_run);
    hm_json_open_array(&w, "signatures");
    for (size_t i = 0; i < all->n; i++) {
        hm_cli_say(cli, "%s %s with key %.16s: %s", verb(o),
                   hm_show_str(all->d[i].path), keyid,
                   hm_show_str(all->d[i].sig_path));
        hm_json_open_object(&w, NULL);
        hm_json_put_text(&w, "document", all->d[i].path);
        hm_json_put_bool(&w, "request", all->d[i].is_request);
        hm_json_put_text(&w, "signature", all->d[i].sig_path);
        hm_json_close_object(&w);
    }
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc run_all(struct hm_cli *cli, const struct sign_options *o,
                             struct documents *all, struct hm_err *e)
{
    char keyid[HM_SHA256_HEX];

    HM_TRY(load_all(cli, o, all, e));
    if (o->bytes != NULL)
        return sign_bytes_write(cli, o, &all->d[0], e);
    HM_TRY(o->attach != NULL
               ? sign_foreign_judge(o, &all->folder, &all->d[0], keyid, e)
               : sign_all(cli, o, all, keyid, e));
    if (!o->dry_run)
        HM_TRY(write_all(o, all, e));
    return report(cli, o, all, keyid, e);
}

hm_rc sign_documents_run(struct hm_cli *cli, const struct sign_options *o,
                         struct hm_err *e)
{
    struct documents all = DOCUMENTS_INIT;
    const hm_rc rc = run_all(cli, o, &all, e);

    documents_clear(&all);
    return rc;
}
