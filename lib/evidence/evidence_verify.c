/* A pack is right when making it again from what it carries gives the same
 * bytes, verify.sh included. */
#include <stdlib.h>

#include "making_priv.h"

#define INDEX_MAX ((size_t)64 << 20)

/* Inputs that only the pack itself remembers: its time and its attachments. */
HM_MUST static hm_rc read_as_of(struct ev_making *m, const struct hm_dir *pack,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(INDEX_MAX);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;

    if (!hm_file_exists_at(pack, EV_INDEX_NAME))
        return hm_hint(e,
                       hm_fail(e, HM_E_FORMAT, "evidence.pack.format",
                               "there is no " EV_INDEX_NAME " in it"),
                       "name the folder that hallmark-evidence build made");
    HM_TRY(hm_file_load_at(pack, EV_INDEX_NAME, &text, e));
    if (hm_json_format(hm_buf_view(&text), HM_EVIDENCE_FORMAT, e) != HM_OK)
        return hm_fail(e, HM_E_FORMAT, "evidence.pack.format",
                       EV_INDEX_NAME " is not of format " HM_EVIDENCE_FORMAT);
    HM_TRY(hm_json_parse(&doc, hm_buf_view(&text), HM_JSON_OURS, INDEX_MAX, e));
    m->has_as_of = true;
    return hm_json_get_time(hm_json_root(&doc), "as_of", &m->facts.as_of, e);
}

/* attachments/KIND/NAME, opened as if they were handed in again */
HM_MUST static hm_rc open_attached(struct ev_making *m,
                                   const struct hm_dir *pack,
                                   struct hm_names *names, struct hm_err *e)
{
    HM_OWN(hm_dir) all = HM_DIR_INIT;

    if (!hm_file_exists_at(pack, "attachments"))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&all, pack, "attachments", e));
    HM_TRY(hm_dir_list_tree(&all, names, e));
    HM_TRY(ev_make_array((void **)&m->attached, names->n, sizeof(*m->attached),
                         e));
    for (size_t i = 0; i < names->n; i++) {
        char *slash = strchr(names->name[i], '/');
        struct ev_attached *a = &m->attached[m->n_attached];

        if (!slash || slash[1] == '\0')
            continue; /* a folder; a stray file is found by the comparison */
        *slash = '\0';
        *a = (struct ev_attached){names->name[i], slash + 1, HM_DIR_INIT};
        m->n_attached++;
        HM_TRY(hm_dir_open_at(&a->folder, &all, names->name[i], e));
    }
    return HM_OK;
}

HM_MUST static hm_rc load_root(struct ev_making *m, const struct hm_dir *pack,
                               const char *root, struct hm_err *e)
{
    HM_OWN(hm_root) given = HM_ROOT_INIT;

    HM_TRY(hm_file_load_at(pack, EV_ROOT_NAME, &m->facts.root_bytes, e));
    HM_TRY(hm_root_read(&m->facts.root, hm_buf_view(&m->facts.root_bytes), e));
    if (!root)
        return HM_OK;
    HM_TRY(hm_root_load(&given, root, NULL, e));
    if (memcmp(given.sha256, m->facts.root.sha256, HM_SHA256_SIZE) != 0)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "evidence.pack.root",
                               "the pack was made with another root than '%s'",
                               hm_show_str(root)),
                       "nothing in this pack is vouched for by that root");
    return HM_OK;
}

HM_MUST static hm_rc compare_file(const struct hm_dir *pack,
                                  const struct ev_entry *entry,
                                  struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_digests d;

    if (!hm_file_exists_at(pack, entry->name))
        return hm_fail(e, HM_E_REJECTED, "evidence.pack.missing",
                       "'%s' is gone", entry->name);
    HM_TRY(hm_file_open_at(&f, pack, entry->name, e));
    HM_TRY(hm_digest_file(&f, &d, e));
    if (memcmp(d.sha512, entry->digests.sha512, sizeof(d.sha512)) != 0)
        return hm_fail(e, HM_E_REJECTED, "evidence.pack.differs",
                       "'%s' is not what the repository in the pack gives",
                       entry->name);
    return HM_OK;
}

/* Folders count when a file of the pack lies below them. */
static bool belongs(const struct ev_pack *pack, const char *name)
{
    const size_t n = strlen(name);

    if (name[n - 1] != '/')
        return ev_pack_find(pack, name) != NULL;
    for (size_t i = 0; i < pack->n; i++)
        if (strncmp(pack->entry[i].name, name, n) == 0)
            return true;
    return false;
}

HM_MUST static hm_rc compare(const struct hm_dir *dir,
                             const struct ev_pack *pack, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_list_tree(dir, &names, e));
    for (size_t i = 0; i < names.n; i++)
        if (!belongs(pack, names.name[i]))
            return hm_fail(e, HM_E_REJECTED, "evidence.pack.extra",
                           "'%s' is no part of the pack",
                           hm_show_str(names.name[i]));
    for (size_t i = 0; i < pack->n; i++)
        HM_TRY(compare_file(dir, &pack->entry[i], e));
    return HM_OK;
}

hm_rc hm_evidence_verify(const char *path, const char *root,
                         struct hm_evidence_summary *out, struct hm_err *e)
{
    HM_OWN(ev_making) m = EV_MAKING_INIT;
    HM_OWN(hm_names) attached = HM_NAMES_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    HM_TRY(hm_dir_open(&dir, path, e));
    HM_TRY(hm_context(e, read_as_of(&m, &dir, e), "cannot verify '%s'",
                      hm_show_str(path)));
    HM_TRY(load_root(&m, &dir, root, e));
    HM_TRY(hm_dir_open_at(&m.repository.dir, &dir, "repository", e));
    HM_TRY(open_attached(&m, &dir, &attached, e));
    HM_TRY(ev_make(&m, out, e));
    return compare(&dir, &m.pack, e);
}
