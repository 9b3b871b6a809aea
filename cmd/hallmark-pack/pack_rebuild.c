#include <stdlib.h>

#include "hm_rebuild.h"
#include "pack_cli_priv.h"

/* What the command line says. */
static struct {
    struct hm_cli_list from;
    struct hm_cli_list permissions;
    bool content;
} call;

const struct hm_opt pack_rebuild_opts[] = {
    {"from", 0, HM_OPT_LIST, true, &call.from, "[ID=]DIR",
     "the tree to pack, or the repository of the commit; ID= says of which "
     "artefact, when there are several"},
    {"permissions", 0, HM_OPT_LIST, false, &call.permissions, "[ID=]TABLE",
     "the permissions table that release.json names"},
    {"content", 0, HM_OPT_FLAG, false, &call.content, "",
     "be content with the same tar under another compression"},
    HM_OPT_END,
};

/* ---- which of them is whose ---- */

HM_MUST static hm_rc wrong_from(const char *value, const char *why,
                                struct hm_err *e)
{
    return hm_fail(e, HM_E_USAGE, "release.rebuild.from", "'%s': %s",
                   hm_show_str(value), why);
}

static bool is_packed(const struct hm_release_artefact *a)
{
    return a->from != HM_RELEASE_FROM_FILE;
}

static size_t count_packed(const struct hm_release *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_artefacts; i++)
        n += is_packed(&r->artefacts[i]);
    return n;
}

/* Does @p value begin with the id of @p a and '='? */
static bool names(const char *value, const struct hm_release_artefact *a)
{
    const size_t n = strlen(a->id);

    return strncmp(value, a->id, n) == 0 && value[n] == '=';
}

/* What an option gives for artefact @p i; NULL when it gives nothing. */
HM_MUST static hm_rc find_given(const struct hm_release *r, size_t i,
                                const struct hm_cli_list *given,
                                const char **out, struct hm_err *e)
{
    const struct hm_release_artefact *a = &r->artefacts[i];

    *out = NULL;
    for (size_t k = 0; k < given->n; k++) {
        const char *value = given->value[k];

        if (!names(value, a))
            continue;
        if (*out != NULL)
            return wrong_from(value, "a second one for this artefact", e);
        *out = value + strlen(a->id) + 1;
    }
    if (*out == NULL && is_packed(a) && count_packed(r) == 1 && given->n == 1)
        *out = given->value[0];
    return HM_OK;
}

/* What is given and belongs to nothing is a mistake. */
HM_MUST static hm_rc check_used(const struct hm_release *r,
                                const struct hm_cli_list *given,
                                struct hm_err *e)
{
    size_t used = 0;

    for (size_t i = 0; i < r->n_artefacts; i++) {
        const char *value = NULL;

        HM_TRY(find_given(r, i, given, &value, e));
        used += value != NULL;
    }
    if (used < given->n)
        return hm_fail(e, HM_E_USAGE, "release.rebuild.from",
                       "%zu of what is given belong to no artefact",
                       given->n - used);
    return HM_OK;
}

/* Each packed artefact has its --from, and nothing is left over. */
HM_MUST static hm_rc check_from(const struct hm_release *r, struct hm_err *e)
{
    if (count_packed(r) == 0)
        return hm_fail(e, HM_E_USAGE, "release.rebuild.tree",
                       "nothing in this release was packed from a tree");
    for (size_t i = 0; i < r->n_artefacts; i++) {
        const struct hm_release_artefact *a = &r->artefacts[i];
        const char *from = NULL;

        HM_TRY(find_given(r, i, &call.from, &from, e));
        if (from == NULL && is_packed(a))
            return hm_hint(
                e,
                hm_fail(e, HM_E_USAGE, "release.rebuild.from",
                        "no --from is for artefact '%s', which was packed from "
                        "'%s'",
                        hm_show_str(a->id), hm_show_str(a->source)),
                "give --from %s=DIR", hm_show_str(a->id));
    }
    HM_TRY(check_used(r, &call.from, e));
    return check_used(r, &call.permissions, e);
}

/* ---- what came of it ---- */

static void say(const struct hm_cli *cli, const struct hm_rebuilt *b)
{
    hm_cli_say(cli, "%s, packed with time %s", b->name, hm_time_show(b->time));
    if (b->d.verdict != HM_ARCHIVE_SAME)
        hm_cli_say(cli, "  A is the released one, B the one packed now");
    pack_say_difference(cli, &b->d);
}

static void put(struct hm_json_writer *w, const struct hm_rebuilt *b)
{
    const struct {
        const char *key;
        const struct hm_digests *digests;
    } rows[] = {
        {"released_sha256", &b->before.file},
        {"rebuilt_sha256", &b->now.file},
        {"released_content_sha256", &b->before.content},
        {"rebuilt_content_sha256", &b->now.content},
    };

    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "name", b->name);
    hm_json_put_uint(w, "source_date_epoch", (uint64_t)b->time);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        hm_json_put_hex(
            w, rows[i].key,
            (struct hm_bytes){rows[i].digests->sha256, HM_SHA256_SIZE});
    pack_put_difference(w, &b->d);
    hm_json_close_object(w);
}

static bool is_good(const struct hm_rebuilt *b)
{
    return b->d.verdict == HM_ARCHIVE_SAME ||
           (call.content && b->d.verdict == HM_ARCHIVE_SAME_CONTENT);
}

/* Those that were packed again, one behind the other. */
struct list {
    struct hm_rebuilt *rebuilt; /* owned */
    size_t n;
    size_t bad;
};

static void list_clear(struct list *l)
{
    free(l->rebuilt);
}

/* Open what @p from names, and let it be packed. */
HM_MUST static hm_rc pack_from(const struct hm_rebuild *r, size_t i,
                               const char *from,
                               const struct hm_archive_permissions *table,
                               struct hm_rebuilt *out, struct hm_err *e)
{
    const struct hm_release_artefact *a = &r->release.artefacts[i];
    HM_OWN(hm_dir) tree = HM_DIR_INIT;
    HM_OWN(hm_revision) revision = HM_REVISION_INIT;
    struct hm_rebuild_input in = {.permissions = table};

    if (a->from == HM_RELEASE_FROM_GIT) {
        HM_TRY(hm_revision_open(&revision, from, a->source, e));
        in.commit = &revision.source;
    } else {
        HM_TRY(hm_dir_open(&tree, from, e));
        in.tree = &tree;
    }
    return hm_rebuild_artefact(r, i, &in, out, e);
}

HM_MUST static hm_rc add(struct list *l, const struct hm_rebuild *r, size_t i,
                         const char *from, struct hm_err *e)
{
    HM_OWN(hm_archive_permissions) table = HM_ARCHIVE_PERMISSIONS_INIT;
    const char *path = NULL;

    HM_TRY(find_given(&r->release, i, &call.permissions, &path, e));
    if (path != NULL)
        HM_TRY(pack_permissions_load(path, &table, e));
    HM_TRY(pack_from(r, i, from, path == NULL ? NULL : &table,
                     &l->rebuilt[l->n], e));
    l->bad += !is_good(&l->rebuilt[l->n++]);
    return HM_OK;
}

/* All of them, also behind one that differs. */
HM_MUST static hm_rc rebuild_all(const struct hm_cli *cli,
                                 const struct hm_rebuild *r, struct list *l,
                                 struct hm_err *e)
{
    l->rebuilt = calloc(r->release.n_artefacts, sizeof(*l->rebuilt));
    if (l->rebuilt == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for comparing");
    for (size_t i = 0; i < r->release.n_artefacts; i++) {
        const char *from = NULL;

        if (!is_packed(&r->release.artefacts[i])) {
            hm_cli_say(cli, "%s: a ready file, not packed here",
                       r->release.artefacts[i].name);
            continue;
        }
        HM_TRY(find_given(&r->release, i, &call.from, &from, e));
        HM_TRY(add(l, r, i, from, e));
        say(cli, &l->rebuilt[l->n - 1]);
    }
    return HM_OK;
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct hm_rebuild *r,
                            const struct list *l, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, l->bad == 0);
    if (l->bad > 0)
        hm_json_put_text(&w, "reason", "archive.compare.different");
    hm_json_put_text(&w, "product", r->manifest.product);
    hm_json_put_text(&w, "version", r->manifest.version.text);
    hm_json_open_array(&w, "artefacts");
    for (size_t i = 0; i < l->n; i++)
        put(&w, &l->rebuilt[i]);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc pack_rebuild_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_rebuild) r = HM_REBUILD_INIT;
    HM_OWN(list) l = {.rebuilt = NULL};

    HM_TRY(hm_rebuild_open(&r, cli->argv[0], e));
    HM_TRY(check_from(&r.release, e));
    hm_cli_say(cli, "NOT VERIFIED: no signature was checked; hallmark-verify "
                    "decides.");
    HM_TRY(rebuild_all(cli, &r, &l, e));
    HM_TRY(report(cli, &r, &l, e));
    if (l.bad == 0)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "archive.compare.different",
                   "%zu of the archives of '%s' cannot be made from what was "
                   "given",
                   l.bad, hm_show_str(cli->argv[0]));
}
