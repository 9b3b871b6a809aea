#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hm_rebuild.h"

#define TAR_BYTES_MAX ((uint64_t)1 << 40)

/* ---- the release, from digest to digest ---- */

/* Load @p name, whose digest stands in the file above it. */
HM_MUST static hm_rc load_bound(const struct hm_dir *dir, const char *name,
                                const uint8_t sha256[static HM_SHA256_SIZE],
                                const char *reason, struct hm_buf *out,
                                struct hm_err *e)
{
    uint8_t found[HM_SHA256_SIZE];

    HM_TRY(hm_file_load_at(dir, name, out, e));
    HM_TRY(hm_sha256(hm_buf_view(out), found, e));
    if (memcmp(found, sha256, sizeof(found)) == 0)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, reason,
                   "'%s' is not the file whose digest the release names", name);
}

HM_MUST static hm_rc load_index(const struct hm_rebuild *r,
                                struct hm_index *out, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INDEX_BYTES_MAX);

    HM_TRY(load_bound(&r->dir, HM_RELEASE_INDEX, r->manifest.index_sha256,
                      "release.index.differs", &text, e));
    return hm_index_read(out, hm_buf_view(&text), e);
}

HM_MUST static hm_rc withheld(struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.record.withheld",
                           "'" HM_RELEASE_CONFIGURATION "' is not in this copy "
                           "of the release: it says what was packed"),
                   "take the copy in your own repository; records may be "
                   "withheld from the public one");
}

HM_MUST static hm_rc load_release(struct hm_rebuild *r,
                                  const struct hm_index *index,
                                  struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_RELEASE_BYTES_MAX);
    const struct hm_index_file *file =
        hm_index_find(index, HM_RELEASE_CONFIGURATION);

    if (file == NULL || !hm_file_exists_at(&r->dir, HM_RELEASE_CONFIGURATION))
        return withheld(e);
    HM_TRY(load_bound(&r->dir, HM_RELEASE_CONFIGURATION, file->digests.sha256,
                      "release.record.differs", &text, e));
    HM_TRY(hm_release_read(&r->release, hm_buf_view(&text), e));
    if (strcmp(r->release.product, r->manifest.product) != 0 ||
        hm_version_compare(&r->release.version, &r->manifest.version) != 0)
        return hm_fail(
            e, HM_E_REJECTED, "release.record.differs",
            "the manifest is of %s %s, release.json of %s %s",
            hm_show_str(r->manifest.product), r->manifest.version.text,
            hm_show_str(r->release.product), r->release.version.text);
    return HM_OK;
}

HM_MUST static hm_rc open_all(struct hm_rebuild *r, const char *path,
                              struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    HM_OWN(hm_index) index = HM_INDEX_INIT;

    HM_TRY(hm_dir_open(&r->dir, path, e));
    HM_TRY(hm_file_load_at(&r->dir, HM_RELEASE_MANIFEST, &text, e));
    HM_TRY(hm_context(e, hm_manifest_read(&r->manifest, hm_buf_view(&text), e),
                      HM_RELEASE_MANIFEST));
    HM_TRY(hm_context(e, load_index(r, &index, e), HM_RELEASE_INDEX));
    return hm_context(e, load_release(r, &index, e), HM_RELEASE_CONFIGURATION);
}

hm_rc hm_rebuild_open(struct hm_rebuild *r, const char *path, struct hm_err *e)
{
    hm_rc rc;

    hm_rebuild_clear(r);
    rc = open_all(r, path, e);
    if (rc != HM_OK)
        hm_rebuild_clear(r);
    return hm_context(e, rc, "release '%s'", hm_show_str(path));
}

void hm_rebuild_clear(struct hm_rebuild *r)
{
    hm_dir_clear(&r->dir);
    hm_manifest_clear(&r->manifest);
    hm_release_clear(&r->release);
}

/* ---- one archive ---- */

static const struct hm_artefact *find_artefact(const struct hm_manifest *m,
                                               const char *name)
{
    for (size_t i = 0; i < m->updates_n; i++)
        for (size_t k = 0; k < m->updates[i].n; k++)
            if (strcmp(m->updates[i].artefacts[k].name, name) == 0)
                return &m->updates[i].artefacts[k];
    return NULL;
}

/* The released archive must be what the manifest says before anything is said
 * of it. */
HM_MUST static hm_rc open_released(const struct hm_rebuild *r,
                                   struct hm_rebuilt *out, struct hm_file *f,
                                   struct hm_err *e)
{
    const struct hm_artefact *a = find_artefact(&r->manifest, out->name);

    if (a == NULL || !hm_file_exists_at(&r->dir, out->name))
        return hm_fail(e, HM_E_REJECTED, "release.artefact.missing",
                       "'%s' is not in the %s", out->name,
                       a == NULL ? "manifest" : "release directory");
    HM_TRY(hm_file_open_at(f, &r->dir, out->name, e));
    HM_TRY(hm_archive_content_digest(f, TAR_BYTES_MAX, &out->before, e));
    if (a->size == out->before.file.size &&
        memcmp(a->sha256, out->before.file.sha256, HM_SHA256_SIZE) == 0 &&
        (!a->has_content ||
         memcmp(a->content_sha256, out->before.content.sha256,
                HM_SHA256_SIZE) == 0))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.artefact.differs",
                           "'%s' is not the file that the manifest names: size "
                           "or digest is another",
                           out->name),
                   "hallmark verify says what else is wrong with this release");
}

/* All members have one time: the first one's. */
HM_MUST static hm_rc read_time(const struct hm_file *f, hm_time *out,
                               struct hm_err *e)
{
    static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;
    HM_OWN(hm_archive_reader) reader = HM_ARCHIVE_READER_INIT;
    const struct hm_archive_member *m = NULL;

    HM_TRY(hm_archive_open(&reader, f, &limits, e));
    HM_TRY(hm_archive_next(&reader, &m, e));
    *out = m == NULL ? 0 : m->mtime;
    return HM_OK;
}

/* A file without a name: gone when it is closed, however that comes. */
HM_MUST static hm_rc open_temporary(struct hm_file *f, struct hm_err *e)
{
    const char *folder = getenv("TMPDIR");
    char name[1024];
    int n;

    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    n = snprintf(name, sizeof(name), "%s/.hallmark-rebuild-XXXXXX", folder);
    if (n < 0 || (size_t)n >= sizeof(name))
        return hm_fail(e, HM_E_IO, "release.rebuild.temporary",
                       "the name in TMPDIR is too long");
    f->fd = mkostemp(name, O_CLOEXEC);
    if (f->fd < 0 || unlink(name) != 0)
        return hm_hint(e,
                       hm_fail_errno(e, "release.rebuild.temporary",
                                     "cannot write below '%s'",
                                     hm_show_str(folder)),
                       "name another folder in TMPDIR");
    return HM_OK;
}

/* What was asked of hallmark-pack, but for the rules. */
struct asked {
    struct hm_archive_options options;
    const char **allow;                  /* owned array: every rule */
    struct hm_archive_pattern *patterns; /* owned array */
};

static void asked_clear(struct asked *o)
{
    free(o->allow);
    free(o->patterns);
}

/* Every rule is overruled: it is the release that decides what is in it. */
HM_MUST static hm_rc allow_all(struct asked *o, struct hm_err *e)
{
    size_t n = 0;
    const struct hm_archive_rule *rules = hm_archive_rules(&n);

    o->allow = calloc(n + 1, sizeof(*o->allow));
    if (o->allow == NULL)
        return hm_fail(e, HM_E_NOMEM, "release.array.nomem",
                       "out of memory for packing");
    for (size_t i = 0; i < n; i++)
        o->allow[i] = rules[i].name;
    o->options.allow = o->allow;
    o->options.allow_n = n;
    return HM_OK;
}

HM_MUST static hm_rc ask(const struct hm_release_pack *p, struct asked *o,
                         struct hm_err *e)
{
    o->patterns = calloc(p->n_patterns + 1, sizeof(*o->patterns));
    if (o->patterns == NULL)
        return hm_fail(e, HM_E_NOMEM, "release.array.nomem",
                       "out of memory for packing");
    for (size_t i = 0; i < p->n_patterns; i++)
        o->patterns[i] = (struct hm_archive_pattern){
            .text = p->patterns[i].text,
            .is_include = p->patterns[i].is_include};
    o->options.patterns = o->patterns;
    o->options.patterns_n = p->n_patterns;
    o->options.keep_modes = p->keep_modes;
    o->options.keep_owners = p->keep_owners;
    o->options.keep_xattrs = p->keep_xattrs;
    return allow_all(o, e);
}

HM_MUST static hm_rc pack(const struct hm_release_artefact *a,
                          const struct hm_rebuild_input *in,
                          struct hm_rebuilt *out, int fd, struct hm_err *e)
{
    HM_OWN(asked) o = {.options = {.time = out->time}};
    hm_rc rc;

    HM_TRY(ask(&a->pack, &o, e));
    o.options.permissions = in->permissions;
    HM_TRY(hm_archive_form_of(out->name, &o.options.form, e));
    rc = a->from == HM_RELEASE_FROM_GIT
             ? hm_archive_pack_source(in->commit, &o.options, fd, &out->now, e)
             : hm_archive_pack(in->tree, &o.options, fd, &out->now, e);
    return hm_context(e, rc, "packing again");
}

HM_MUST static hm_rc rebuild(const struct hm_rebuild *r,
                             const struct hm_release_artefact *a,
                             const struct hm_rebuild_input *in,
                             struct hm_rebuilt *out, struct hm_err *e)
{
    HM_OWN(hm_file) released = HM_FILE_INIT;
    HM_OWN(hm_file) packed = HM_FILE_INIT;

    HM_TRY(open_released(r, out, &released, e));
    HM_TRY(read_time(&released, &out->time, e));
    HM_TRY(open_temporary(&packed, e));
    HM_TRY(pack(a, in, out, packed.fd, e));
    return hm_archive_compare(&released, &packed, &out->d, e);
}

HM_MUST static hm_rc check_input(const struct hm_release_artefact *a,
                                 const struct hm_rebuild_input *in,
                                 struct hm_err *e)
{
    if (a->from == HM_RELEASE_FROM_FILE)
        return hm_fail(e, HM_E_USAGE, "release.rebuild.tree",
                       "'%s' was no tree: it went into the release as it was",
                       hm_show_str(a->id));
    if (a->from == HM_RELEASE_FROM_GIT ? in->commit == NULL : in->tree == NULL)
        return hm_fail(e, HM_E_USAGE, "release.rebuild.tree",
                       "nothing is given to pack '%s' from",
                       hm_show_str(a->id));
    if ((a->pack.permissions == NULL) == (in->permissions == NULL))
        return HM_OK;
    if (in->permissions != NULL)
        return hm_fail(e, HM_E_USAGE, "release.rebuild.permissions",
                       "'%s' was packed without a permissions table",
                       hm_show_str(a->id));
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "release.rebuild.permissions",
                           "'%s' was packed with the permissions table '%s'",
                           hm_show_str(a->id),
                           hm_show_str(a->pack.permissions)),
                   "give it with --permissions");
}

hm_rc hm_rebuild_artefact(const struct hm_rebuild *r, size_t i,
                          const struct hm_rebuild_input *in,
                          struct hm_rebuilt *out, struct hm_err *e)
{
    const struct hm_release_artefact *a = &r->release.artefacts[i];

    *out = (struct hm_rebuilt){.time = 0};
    (void)snprintf(out->name, sizeof(out->name), HM_RELEASE_DIR_ARTEFACTS "/%s",
                   a->name);
    HM_TRY(check_input(a, in, e));
    return hm_context(e, rebuild(r, a, in, out, e), "'%s'", out->name);
}
