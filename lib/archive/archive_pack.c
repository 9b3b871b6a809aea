#include <stdlib.h>
#include <unistd.h>

#include "archive_priv.h"

#define CHUNK ((size_t)64 * 1024) /* what the rules see of a file */

/* What is too large for the stack. */
struct space {
    struct archive_walk walk;
    char target[HM_ARCHIVE_PATH_MAX + 2];
};

struct packing {
    const struct hm_archive_options *options;
    struct archive_sink sink;
    struct stat output;
    struct stat cache; /* where it is or will be; when there is one */
    uint64_t entries;
    uint64_t done;       /* bytes of files */
    uint64_t total;      /* the same, as the first look found them */
    struct space *space; /* owned */
};

#define PACKING_INIT                                              \
    {                                                             \
        .options = NULL, .sink = ARCHIVE_SINK_INIT, .space = NULL \
    }

static void packing_clear(struct packing *p)
{
    archive_sink_clear(&p->sink);
    free(p->space);
    p->space = NULL;
}

hm_rc hm_archive_form_of(const char *name, enum hm_archive_form *form,
                         struct hm_err *e)
{
    static const struct {
        const char *suffix;
        enum hm_archive_form form;
    } forms[] = {{".tar.gz", HM_ARCHIVE_TAR_GZ},
                 {".tgz", HM_ARCHIVE_TAR_GZ},
                 {".tar", HM_ARCHIVE_TAR}};
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        const size_t k = strlen(forms[i].suffix);

        *form = forms[i].form;
        if (n > k && strcmp(name + n - k, forms[i].suffix) == 0)
            return HM_OK;
    }
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "archive.name.suffix",
                           "'%s' does not say what kind of archive it is",
                           hm_show_str(name)),
                   "let the name end in .tar.gz or .tar");
}

HM_MUST static hm_rc read_target(const struct packing *p,
                                 const struct archive_found *found,
                                 struct hm_err *e)
{
    char *target = p->space->target;
    const ssize_t n = readlinkat(found->at->fd, found->name, target,
                                 sizeof(p->space->target) - 1);

    if (n < 0 || n != (ssize_t)found->sb.st_size)
        return archive_changed(found->path, "changed", e);
    target[n] = '\0';
    return archive_rules_target(p->options, found->path, target, e);
}

/* What a cache holds is no part of a release, its secret least of all. */
HM_MUST static hm_rc refuse_cache(const struct packing *p,
                                  const struct stat *dir, struct hm_err *e)
{
    if (p->options->cache == NULL || dir->st_dev != p->cache.st_dev ||
        dir->st_ino != p->cache.st_ino)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "archive.cache.inside",
                           "the cache '%s' lies in the tree that is packed",
                           hm_show_str(p->options->cache->dir)),
                   "let it lie in another directory");
}

/* First look: what names, kinds and links give away is refused before a byte
 * is written. */
HM_MUST static hm_rc survey(void *ctx, const struct archive_found *found,
                            struct hm_err *e)
{
    struct packing *p = ctx;

    if (found->sb.st_dev == p->output.st_dev &&
        found->sb.st_ino == p->output.st_ino && S_ISREG(found->sb.st_mode))
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "archive.output.inside",
                               "the archive would be written into the tree "
                               "that it packs, as '%s'",
                               hm_show_str(found->path)),
                       "write it to another directory");
    if (p->entries == HM_ARCHIVE_ENTRIES_MAX)
        return hm_fail(e, HM_E_LIMIT, "archive.input.entries",
                       "the tree holds more than %u entries",
                       HM_ARCHIVE_ENTRIES_MAX);
    p->entries++;
    HM_TRY(refuse_cache(p, &found->sb, e));
    if (S_ISREG(found->sb.st_mode))
        p->total += (uint64_t)found->sb.st_size;
    return S_ISLNK(found->sb.st_mode) ? read_target(p, found, e) : HM_OK;
}

/* From the end of @p size bytes to the next block. */
static size_t padding(uint64_t size)
{
    return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

HM_MUST static hm_rc put_header(struct packing *p,
                                const struct tar_entry *entry, struct hm_err *e)
{
    HM_OWN(hm_buf) header = HM_BUF_INIT(TAR_PAX_MAX);

    HM_TRY(tar_header_add(&header, entry, e));
    p->entries++;
    HM_TRY(archive_sink_member(&p->sink, entry->path,
                               header.n + entry->size + padding(entry->size),
                               e));
    return archive_sink_add(&p->sink, hm_buf_view(&header), e);
}

HM_MUST static hm_rc put_zeros(struct packing *p, size_t n, struct hm_err *e)
{
    static const uint8_t zeros[TAR_RECORD];

    return archive_sink_add(&p->sink, (struct hm_bytes){zeros, n}, e);
}

HM_MUST static hm_rc pack_link(struct packing *p,
                               const struct archive_found *found,
                               struct hm_err *e)
{
    const struct tar_entry entry = {.type = '2',
                                    .path = found->path,
                                    .target = p->space->target,
                                    .mtime = p->options->time};

    HM_TRY(read_target(p, found, e));
    return put_header(p, &entry, e);
}

static void tell(struct packing *p, size_t n)
{
    p->done += n;
    hm_progress_tell(p->options->progress, p->done, p->total);
}

/* Exactly size bytes: more or fewer mean that somebody writes. */
HM_MUST static hm_rc pack_content(struct packing *p, const struct hm_file *f,
                                  const struct archive_found *found,
                                  struct hm_err *e)
{
    const uint64_t size = (uint64_t)found->sb.st_size;
    uint64_t at = 0;
    size_t got = 0;

    for (;;) {
        uint8_t *to = NULL;
        size_t room = 0;

        HM_TRY(archive_sink_room(&p->sink, &to, &room, e));
        HM_TRY(hm_context(
            e, hm_file_read(f, to, room < CHUNK ? room : CHUNK, &got, e),
            "cannot pack '%s'", hm_show_str(found->path)));
        if (got == 0)
            break;
        if (got > size - at)
            return archive_changed(found->path, "grew", e);
        if (at == 0)
            HM_TRY(archive_rules_content(p->options, found->path,
                                         (struct hm_bytes){to, got}, e));
        archive_sink_took(&p->sink, got);
        at += got;
        tell(p, got);
    }
    if (at != size)
        return archive_changed(found->path, "shrank", e);
    return put_zeros(p, padding(size), e);
}

HM_MUST static hm_rc pack_file(struct packing *p,
                               const struct archive_found *found,
                               struct hm_err *e)
{
    const struct tar_entry entry = {
        .type = '0',
        .path = found->path,
        .target = "",
        .size = (uint64_t)found->sb.st_size,
        .mtime = p->options->time,
        .executable = (found->sb.st_mode & S_IXUSR) != 0,
    };
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct stat sb;

    HM_TRY(hm_context(e, hm_file_open_at(&f, found->at, found->name, e),
                      "cannot pack '%s'", hm_show_str(found->path)));
    if (fstat(f.fd, &sb) != 0 || !archive_same_stat(&sb, &found->sb))
        return archive_changed(found->path, "changed", e);
    HM_TRY(put_header(p, &entry, e));
    HM_TRY(pack_content(p, &f, found, e));
    if (fstat(f.fd, &sb) != 0 || !archive_same_stat(&sb, &found->sb))
        return archive_changed(found->path, "changed", e);
    return HM_OK;
}

HM_MUST static hm_rc pack_entry(void *ctx, const struct archive_found *found,
                                struct hm_err *e)
{
    struct packing *p = ctx;
    const struct tar_entry directory = {.type = '5',
                                        .path = found->path,
                                        .target = "",
                                        .mtime = p->options->time};

    if (S_ISREG(found->sb.st_mode))
        return pack_file(p, found, e);
    if (S_ISLNK(found->sb.st_mode))
        return pack_link(p, found, e);
    return put_header(p, &directory, e);
}

HM_MUST static hm_rc check_options(const struct hm_archive_options *o,
                                   struct hm_err *e)
{
    if (o->time < 0 || o->time > HM_ARCHIVE_TIME_MAX)
        return hm_fail(e, HM_E_USAGE, "archive.time.range",
                       "a tar header holds seconds 0 to %lld, not %lld",
                       (long long)HM_ARCHIVE_TIME_MAX, (long long)o->time);
    if (o->threads > HM_ARCHIVE_THREADS_MAX)
        return hm_fail(e, HM_E_USAGE, "archive.threads.range",
                       "%u threads are more than %u", o->threads,
                       HM_ARCHIVE_THREADS_MAX);
    return archive_rules_known(o, e);
}

HM_MUST static hm_rc walk(struct packing *p, const struct hm_dir *tree,
                          hm_rc (*visit)(void *ctx,
                                         const struct archive_found *found,
                                         struct hm_err *e),
                          struct hm_err *e)
{
    p->space->walk.options = p->options;
    p->space->walk.visit = visit;
    p->space->walk.ctx = p;
    return archive_walk_tree(&p->space->walk, tree, e);
}

HM_MUST static hm_rc look_around(struct packing *p, const struct hm_dir *tree,
                                 int fd, struct hm_err *e)
{
    struct stat top;

    if (fstat(fd, &p->output) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at the output");
    if (p->options->cache != NULL) {
        HM_TRY(archive_cache_place(p->options->cache->dir, &p->cache, e));
        if (fstat(tree->fd, &top) != 0)
            return hm_fail_errno(e, "base.file.stat",
                                 "cannot look at the tree");
        HM_TRY(refuse_cache(p, &top, e));
    }
    HM_TRY(walk(p, tree, survey, e));
    if (p->entries > 0)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "archive.input.empty",
                           "the tree is empty: there is nothing to pack"),
                   "check that the build wrote its result there");
}

/* Two blocks of zeros, then zeros to a whole record. */
HM_MUST static hm_rc put_end(struct packing *p, struct hm_err *e)
{
    const uint64_t n = archive_sink_size(&p->sink) + 2 * (uint64_t)TAR_BLOCK;

    HM_TRY(put_zeros(p, 2 * (size_t)TAR_BLOCK, e));
    return put_zeros(p, (TAR_RECORD - n % TAR_RECORD) % TAR_RECORD, e);
}

HM_MUST static hm_rc pack_tree(struct packing *p, const struct hm_dir *tree,
                               int fd, struct hm_archive_result *made,
                               struct hm_err *e)
{
    p->entries = 0;
    HM_TRY(archive_sink_begin(&p->sink, fd, p->options, e));
    HM_TRY(walk(p, tree, pack_entry, e));
    HM_TRY(put_end(p, e));
    HM_TRY(archive_sink_end(&p->sink, made, e));
    made->entries = p->entries;
    return HM_OK;
}

hm_rc hm_archive_pack(const struct hm_dir *tree,
                      const struct hm_archive_options *options, int fd,
                      struct hm_archive_result *result, struct hm_err *e)
{
    HM_OWN(packing) p = PACKING_INIT;
    struct hm_archive_result made = {.entries = 0};

    *result = made;
    p.options = options;
    HM_TRY(check_options(options, e));
    p.space = malloc(sizeof(*p.space));
    if (p.space == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for packing");
    HM_TRY(look_around(&p, tree, fd, e));
    HM_TRY(pack_tree(&p, tree, fd, &made, e));
    *result = made;
    return HM_OK;
}
