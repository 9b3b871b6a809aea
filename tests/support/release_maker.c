/* The signed documents of a release, each written by the room that owns it. */
#include "hm_test.h"
#include "release_maker_priv.h"

/* --- authorisation.json ------------------------------------------------------ */

static void fill_authorisation(const struct maker_work *w,
                               struct hm_authorisation *a)
{
    const struct maker_plan *p = &w->plan;
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(a->vendor, sizeof(a->vendor), "acme");
    assert_ok(hm_sha256(hm_buf_view(&w->m->root), a->root_sha256, &e), &e);
    a->sequence = p->authorisation_sequence;
    a->issued = p->time - MAKER_DAY;
    a->expires = p->time + 365 * MAKER_DAY;
    maker_authorise(w->m, a, MAKER_RETIRED, HM_ROLE_MANIFEST, p->product);
    maker_authorise(w->m, a, MAKER_VENDOR, HM_ROLE_MANIFEST, p->product);
    maker_authorise(w->m, a, MAKER_PROVENANCE, HM_ROLE_PROVENANCE, p->product);
    assert_ok(hm_authorisation_retire(a, w->m->keys[MAKER_RETIRED].key.keyid,
                                      a->issued, HM_ROTATED, &e),
              &e);
    a->require[a->require_n++] = HM_ROLE_MANIFEST;
    a->limits[0].epoch = p->epoch;
    a->limits[0].max_rollback_counter = p->rollback_counter + 10;
    (void)snprintf(a->limits[0].product, sizeof(a->limits[0].product), "%s",
                   p->product);
    a->limits_n = 1;
}

static void make_authorisation(const struct maker_work *w)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    fill_authorisation(w, &a);
    if (w->plan.edit_authorisation != NULL)
        w->plan.edit_authorisation(&a, w->plan.context);
    assert_ok(hm_authorisation_write(&a, &text, &e), &e);
    maker_save(w, "authorisation.json", &text);
    maker_sign_below(w, "authorisation.json", &w->plan.authorisation);
}

/* --- index.json ---------------------------------------------------------------- */

static const struct {
    const char *folder;
    const char *kind;
    bool is_public;
} folders[] = {
    {"advisories/", "advisory", true},
    {"artefacts/", "artefact", true},
    {"attestations/", "attestation", true},
    {"records/", "record", false},
    {"sbom/", "sbom", true},
};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

static void add_file(const struct maker_work *w, struct hm_index *index,
                     const char *name)
{
    struct hm_index_file f = {.kind = 0};
    struct hm_err e = {.rc = HM_OK};

    for (size_t i = 0; i < FOLDERS; i++) {
        const size_t n = strlen(folders[i].folder);

        if (strncmp(name, folders[i].folder, n) != 0 ||
            name[strlen(name) - 1] == '/')
            continue;
        (void)snprintf(f.name, sizeof(f.name), "%s", name);
        assert_ok(hm_file_kind_find(folders[i].kind, &f.kind, &e), &e);
        f.is_public = folders[i].is_public;
        maker_digest(w, name, &f.digests);
        assert_ok(hm_index_add(index, &f, &e), &e);
    }
}

static void make_index(const struct maker_work *w)
{
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    HM_OWN(hm_names) all = HM_NAMES_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_dir_list_tree(&w->dir, &all, &e), &e);
    for (size_t i = 0; i < all.n; i++)
        add_file(w, &index, all.name[i]);
    if (w->plan.edit_index != NULL)
        w->plan.edit_index(&index, w->plan.context);
    assert_ok(hm_index_write(&index, &text, &e), &e);
    maker_save(w, "index.json", &text);
}

/* --- manifest.json ------------------------------------------------------------- */

static void fill_identity(const struct maker_plan *p, struct hm_manifest *m)
{
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(m->vendor, sizeof(m->vendor), "acme");
    (void)snprintf(m->product, sizeof(m->product), "%s", p->product);
    assert_ok(hm_version_read(hm_bytes_str(p->version), &m->version, &e), &e);
    m->epoch = p->epoch;
    m->sequence = p->sequence;
    m->rollback_counter = p->rollback_counter;
    m->timestamp = p->time;
    m->expires = p->time + 30 * MAKER_DAY;
    m->update_type = HM_UPDATE_SECURITY;
    m->severity = HM_SEVERITY_HIGH;
}

static void fill_advisory(struct hm_manifest *m)
{
    struct hm_advisory *a = NULL;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_manifest_add_advisory(m, &a, &e), &e);
    (void)snprintf(a->id, sizeof(a->id), "ACME-SA-2026-0001");
    assert_ok(hm_words_add(&a->aliases, "CVE-2026-0001", &e), &e);
    a->severity = HM_SEVERITY_HIGH;
    (void)snprintf(a->url, sizeof(a->url), "https://acme.example/sa/2026-0001");
    a->fixed_in = m->version;
    (void)snprintf(a->action, sizeof(a->action), "Install %s.",
                   m->version.text);
}

static void fill_update(const struct maker_work *w, struct hm_manifest *m)
{
    struct hm_update *u = NULL;
    struct hm_artefact *a = NULL;
    struct hm_digests d;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_manifest_add_update(m, &u, &e), &e);
    assert_ok(hm_words_add(&u->models, "T100", &e), &e);
    assert_ok(hm_words_add(&u->hardware, "rev-b", &e), &e);
    u->any_version = true;
    assert_ok(hm_update_add_artefact(u, &a, &e), &e);
    maker_digest(w, w->artefact, &d);
    memcpy(a->name, w->artefact, sizeof(a->name));
    a->role = HM_ARTEFACT_FIRMWARE;
    a->kind = HM_ARTEFACT_FULL;
    (void)snprintf(a->slot, sizeof(a->slot), "rootfs");
    a->size = d.size;
    memcpy(a->sha256, d.sha256, sizeof(a->sha256));
    a->has_content = true;
    memcpy(a->content_sha256, w->content.sha256, sizeof(a->content_sha256));
}

static void make_manifest(const struct maker_work *w)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_digests index;
    struct hm_err e = {.rc = HM_OK};

    fill_identity(&w->plan, &m);
    fill_advisory(&m);
    fill_update(w, &m);
    maker_digest(w, "index.json", &index);
    m.index_size = index.size;
    memcpy(m.index_sha256, index.sha256, sizeof(m.index_sha256));
    if (w->plan.edit_manifest != NULL)
        w->plan.edit_manifest(&m, w->plan.context);
    assert_ok(hm_manifest_write(&m, &text, &e), &e);
    maker_save(w, "manifest.json", &text);
    maker_sign_below(w, "manifest.json", &w->plan.manifest);
}

/* --- the whole ------------------------------------------------------------------- */

static void fill_signers(struct maker_signers *who, unsigned n,
                         enum maker_name first)
{
    if (who->n > 0)
        return;
    who->n = n;
    for (unsigned i = 0; i < n; i++)
        who->key[i] = (enum maker_name)((unsigned)first + i);
}

static void fill_plan(struct maker_plan *p, const struct maker *m)
{
    p->product = p->product == NULL ? "thermostat" : p->product;
    p->version = p->version == NULL ? "1.0.1" : p->version;
    p->time = p->time == 0 ? MAKER_TIME : p->time;
    p->epoch = p->epoch == 0 ? 1 : p->epoch;
    p->sequence = p->sequence == 0 ? 1 : p->sequence;
    p->rollback_counter = p->rollback_counter == 0 ? 2 : p->rollback_counter;
    p->authorisation_sequence =
        p->authorisation_sequence == 0 ? 1 : p->authorisation_sequence;
    fill_signers(&p->authorisation, m->threshold, MAKER_ROOT_1);
    fill_signers(&p->manifest, 1, MAKER_VENDOR);
    fill_signers(&p->provenance, 1, MAKER_PROVENANCE);
}

static void make_folders(const struct maker_work *w)
{
    struct hm_err e = {.rc = HM_OK};

    for (size_t i = 0; i < FOLDERS; i++) {
        HM_OWN(hm_dir) made = HM_DIR_INIT;
        char name[32];

        if (strcmp(folders[i].kind, "advisory") == 0 && w->plan.extra_n == 0)
            continue;
        (void)snprintf(name, sizeof(name), "%.*s",
                       (int)strlen(folders[i].folder) - 1, folders[i].folder);
        assert_ok(hm_dir_make_at(&made, &w->dir, name, &e), &e);
    }
}

void maker_release(const struct maker *m, const char *path,
                   const struct maker_plan *plan)
{
    struct maker_work w = {.m = m, .dir = HM_DIR_INIT};
    struct hm_err e = {.rc = HM_OK};

    if (plan != NULL)
        w.plan = *plan;
    fill_plan(&w.plan, m);
    (void)snprintf(w.artefact, sizeof(w.artefact), "artefacts/%s-%s.tar.gz",
                   w.plan.product, w.plan.version);
    (void)snprintf(w.sbom, sizeof(w.sbom), "sbom/%s-%s.cdx.json",
                   w.plan.product, w.plan.version);
    assert_ok(hm_dir_make(&w.dir, path, &e), &e);
    make_folders(&w);
    maker_make_artefact(&w);
    maker_make_sbom(&w);
    maker_make_record(&w);
    for (size_t i = 0; i < w.plan.extra_n; i++)
        maker_save_text(&w, w.plan.extra[i].name, w.plan.extra[i].text);
    maker_make_provenance(&w);
    make_authorisation(&w);
    make_index(&w);
    make_manifest(&w);
    hm_dir_clear(&w.dir);
}
