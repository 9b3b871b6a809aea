#include <inttypes.h>
#include <stdlib.h>

#include "attest_cli_priv.h"
#include "hm_archive.h"

void attest_add_pair(struct attest_pairs *to, const char *name,
                     const char *value)
{
    if (value != NULL && value[0] != '\0' && to->n < HM_ATTEST_PAIRS_MAX)
        to->pair[to->n++] = (struct hm_attest_pair){name, value};
}

/* --- the source ---------------------------------------------------------- */

HM_MUST static hm_rc refuse_dirty(const struct hm_source *s, struct hm_err *e)
{
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "source.tree.dirty",
                "commit %.12s does not name what was built: %zu files staged, "
                "%zu changed, %zu unknown to git, %zu hidden from it; the "
                "first is '%s'",
                s->commit, s->staged, s->modified, s->untracked, s->concealed,
                s->changed.n == 0 ? "" : hm_show_str(s->changed.name[0])),
        "commit or ignore them, or give --allow-dirty, which the provenance "
        "will say");
}

HM_MUST static hm_rc read_source(struct attest_build *b,
                                 const struct attest_ask *ask, struct hm_err *e)
{
    HM_OWN(hm_buf) path = HM_BUF_INIT(8192);
    const char *from = ask->repository;

    if (from == NULL) {
        HM_TRY(hm_release_path(&b->release, b->release.provenance.repository,
                               &path, e));
        from = (const char *)path.p;
    }
    HM_TRY(hm_source_read(&b->source, from, e));
    if (hm_source_is_dirty(&b->source) && !ask->allow_dirty)
        return refuse_dirty(&b->source, e);
    return HM_OK;
}

static const char *find_tag(const struct hm_source *s, const char *prefix,
                            const char *version)
{
    char want[HM_VERSION_TEXT + 16];

    (void)snprintf(want, sizeof(want), "refs/tags/%s%s", prefix, version);
    for (size_t i = 0; i < s->tags.n; i++)
        if (strcmp(s->tags.name[i], want) == 0)
            return s->tags.name[i];
    return NULL;
}

/* The tag of this version, else the branch, else any tag. */
static const char *choose_ref(const struct attest_build *b)
{
    const char *ref = find_tag(&b->source, "v", b->release.version.text);

    if (ref == NULL)
        ref = find_tag(&b->source, "", b->release.version.text);
    if (ref != NULL)
        return ref;
    if (b->source.branch[0] != '\0')
        return b->source.branch;
    return b->source.tags.n > 0 ? b->source.tags.name[0] : "";
}

HM_MUST static hm_rc make_uri(struct attest_build *b, struct hm_err *e)
{
    const char *ref = choose_ref(b);

    attest_add_pair(&b->external, "repository", b->source.url);
    attest_add_pair(&b->external, "ref", ref);
    if (b->source.url[0] == '\0')
        return HM_OK;
    HM_TRY(hm_buf_add(&b->uri, HM_LIT("git+"), e));
    HM_TRY(hm_buf_add(&b->uri, hm_bytes_str(b->source.url), e));
    if (ref[0] != '\0') {
        HM_TRY(hm_buf_add(&b->uri, HM_LIT("@"), e));
        HM_TRY(hm_buf_add(&b->uri, hm_bytes_str(ref), e));
    }
    return hm_buf_add(&b->uri, (struct hm_bytes){(const uint8_t *)"", 1}, e);
}

/* --- time ------------------------------------------------------------------ */

HM_MUST static hm_rc read_time(const char *option, const char *text,
                               hm_time other, hm_time *out, struct hm_err *e)
{
    *out = other;
    if (text == NULL)
        return HM_OK;
    return hm_context(e,
                      hm_as_usage(e, hm_time_parse(hm_bytes_str(text), out, e)),
                      "%s", option);
}

/* Never the clock: the same source gives the same Statement. */
HM_MUST static hm_rc read_times(struct attest_build *b,
                                const struct attest_ask *ask, struct hm_err *e)
{
    bool found = false;

    HM_TRY(hm_time_source_date(&b->epoch, &found, e));
    if (!found)
        b->epoch = b->source.commit_time;
    HM_TRY(read_time("--started", ask->started, b->epoch, &b->started, e));
    HM_TRY(read_time("--finished", ask->finished, b->started, &b->finished, e));
    if (b->finished < b->started)
        return hm_fail(e, HM_E_USAGE, "attest.time.order",
                       "finished %s, before it started %s",
                       hm_time_show(b->finished), hm_time_show(b->started));
    return HM_OK;
}

/* --- files ----------------------------------------------------------------- */

HM_MUST static hm_rc check_artefacts(const struct attest_build *b,
                                     struct hm_err *e)
{
    for (size_t i = 0; i < b->release.n_artefacts; i++)
        if (!attest_has_file(&b->artefacts, HM_RELEASE_DIR_ARTEFACTS,
                             b->release.artefacts[i].name))
            return hm_hint(
                e,
                hm_fail(e, HM_E_REJECTED, "attest.artefact.missing",
                        "release.json names the artefact '%s', which is not in "
                        "artefacts/",
                        hm_show_str(b->release.artefacts[i].name)),
                "pack it first, hallmark-pack TREE -o DIR/artefacts/NAME, and "
                "name "
                "DIR with --dir");
    return HM_OK;
}

HM_MUST static hm_rc read_files(struct attest_build *b, const char *path,
                                struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    HM_TRY(hm_dir_open(&dir, path, e));
    HM_TRY(attest_read_files(&b->artefacts, &dir, HM_RELEASE_DIR_ARTEFACTS, e));
    HM_TRY(attest_read_files(&b->sboms, &dir, HM_RELEASE_DIR_SBOM, e));
    return check_artefacts(b, e);
}

/* --- parameters ------------------------------------------------------------ */

HM_MUST static hm_rc add_external(struct attest_build *b, struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];

    attest_add_pair(&b->external, "vendor", b->release.vendor);
    attest_add_pair(&b->external, "product", b->release.product);
    attest_add_pair(&b->external, "version", b->release.version.text);
    HM_TRY(hm_sha256(hm_buf_view(&b->release.bytes), digest, e));
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, b->config_sha256);
    return make_uri(b, e);
}

/* The state of the tree is said in numbers: names may be nobody's business. */
HM_MUST static hm_rc add_internal(struct attest_build *b, struct hm_err *e)
{
    static const char *const names[] = {"source_staged", "source_modified",
                                        "source_untracked", "source_concealed"};
    const size_t counts[] = {b->source.staged, b->source.modified,
                             b->source.untracked, b->source.concealed};
    const bool is_dirty = hm_source_is_dirty(&b->source);

    (void)snprintf(b->numbers[4], sizeof(b->numbers[4]), "%" PRId64, b->epoch);
    attest_add_pair(&b->internal, "SOURCE_DATE_EPOCH", b->numbers[4]);
    attest_add_pair(&b->internal, "source_tree", is_dirty ? "dirty" : "clean");
    for (size_t i = 0; i < 4 && is_dirty; i++) {
        (void)snprintf(b->numbers[i], sizeof(b->numbers[i]), "%zu", counts[i]);
        attest_add_pair(&b->internal, names[i], b->numbers[i]);
    }
    return attest_read_ci(&b->ci, &b->internal, e);
}

static void add_versions(struct attest_build *b)
{
    attest_add_pair(&b->version, "hallmark", HM_VERSION);
    attest_add_pair(&b->version, "libdeflate", hm_archive_libdeflate_version());
    attest_add_pair(&b->version, "libgit2", hm_source_libgit2_version());
    attest_add_pair(&b->version, "zlib", hm_archive_zlib_version());
}

hm_rc attest_gather(struct attest_build *b, const struct attest_ask *ask,
                    struct hm_err *e)
{
    HM_TRY(hm_release_load(&b->release, ask->release, e));
    HM_TRY(read_source(b, ask, e));
    HM_TRY(read_times(b, ask, e));
    HM_TRY(read_files(b, ask->dir == NULL ? b->release.folder : ask->dir, e));
    HM_TRY(add_external(b, e));
    HM_TRY(add_internal(b, e));
    add_versions(b);
    return HM_OK;
}

void attest_build_begin(struct attest_build *b)
{
    memset(b, 0, sizeof(*b));
    b->release = (struct hm_release)HM_RELEASE_INIT;
    b->source = (struct hm_source)HM_SOURCE_INIT;
    b->uri = (struct hm_buf)HM_BUF_INIT(2048);
}

void attest_build_clear(struct attest_build *b)
{
    hm_release_clear(&b->release);
    hm_source_clear(&b->source);
    attest_files_clear(&b->artefacts);
    attest_files_clear(&b->sboms);
    hm_buf_clear(&b->uri);
}
