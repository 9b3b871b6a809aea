#include <stdio.h>
#include <stdlib.h>

#include "archive_priv.h"

#define CHUNK      ((size_t)64 * 1024) /* what the rules see of a file */
#define HEADER_MAX ((size_t)3 * HM_ARCHIVE_PATH_MAX) /* path, target, numbers */

struct packing {
    const struct hm_archive_options *options;
    const struct hm_archive_source *source;
    struct hm_archive_items items; /* owned */
    struct archive_sink sink;
    uint64_t entries;
    uint64_t done;  /* bytes of files */
    uint64_t total; /* the same, as they were named */
    char *path;     /* owned: of a directory, with its slash */
};

#define PACKING_INIT                                                  \
    {                                                                 \
        .options = NULL, .source = NULL, .items = ARCHIVE_ITEMS_INIT, \
        .sink = ARCHIVE_SINK_INIT, .path = NULL                       \
    }

static void packing_clear(struct packing *p)
{
    archive_items_clear(&p->items);
    archive_sink_clear(&p->sink);
    free(p->path);
    p->path = NULL;
}

/* From the end of @p size bytes to the next block. */
static size_t padding(uint64_t size)
{
    return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

HM_MUST static hm_rc put_header(struct packing *p,
                                const struct hm_archive_item *item,
                                struct tar_entry *entry, struct hm_err *e)
{
    HM_OWN(hm_buf) header = HM_BUF_INIT(TAR_PAX_MAX + 4 * TAR_BLOCK);
    HM_OWN(hm_buf) xattrs = HM_BUF_INIT(TAR_PAX_MAX - HEADER_MAX);

    if (p->source->xattrs != NULL && !S_ISLNK(item->mode))
        HM_TRY(hm_context(
            e, p->source->xattrs(p->source->context, item, &xattrs, e),
            "cannot pack '%s'", hm_show_str(item->path)));
    entry->xattrs = hm_buf_view(&xattrs);
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

static void tell(struct packing *p, size_t n)
{
    p->done += n;
    hm_progress_tell(p->options->progress, p->done, p->total);
}

/* Exactly size bytes: more or fewer mean that somebody writes. */
HM_MUST static hm_rc pack_content(struct packing *p,
                                  const struct hm_archive_item *item,
                                  struct hm_err *e)
{
    uint64_t at = 0;
    size_t got = 0;

    for (;;) {
        uint8_t *to = NULL;
        size_t room = 0;

        HM_TRY(archive_sink_room(&p->sink, &to, &room, e));
        HM_TRY(hm_context(e,
                          p->source->read(p->source->context, to,
                                          room < CHUNK ? room : CHUNK, &got, e),
                          "cannot pack '%s'", hm_show_str(item->path)));
        if (got == 0)
            break;
        if (got > item->size - at)
            return hm_archive_changed(item->path, "grew", e);
        if (at == 0)
            HM_TRY(archive_rules_content(p->options, item->path,
                                         (struct hm_bytes){to, got}, e));
        archive_sink_took(&p->sink, got);
        at += got;
        tell(p, got);
    }
    if (at != item->size)
        return hm_archive_changed(item->path, "shrank", e);
    return put_zeros(p, padding(item->size), e);
}

HM_MUST static hm_rc pack_file(struct packing *p,
                               const struct hm_archive_item *item,
                               struct tar_entry *entry, struct hm_err *e)
{
    HM_TRY(p->source->open(p->source->context, item, e));
    HM_TRY(put_header(p, item, entry, e));
    HM_TRY(pack_content(p, item, e));
    return p->source->check(p->source->context, item, e);
}

HM_MUST static hm_rc pack_item(struct packing *p,
                               const struct hm_archive_item *item,
                               struct hm_err *e)
{
    struct tar_entry entry = {.type = '0',
                              .path = item->path,
                              .target = "",
                              .size = item->size,
                              .mtime = p->options->time,
                              .mode = item->mode & 07777,
                              .uid = item->uid,
                              .gid = item->gid};

    if (S_ISREG(item->mode))
        return pack_file(p, item, &entry, e);
    entry.size = 0;
    if (S_ISLNK(item->mode)) {
        entry.type = '2';
        entry.target = item->target;
        HM_TRY(p->source->check(p->source->context, item, e));
        return put_header(p, item, &entry, e);
    }
    (void)snprintf(p->path, HM_ARCHIVE_PATH_MAX + 2, "%s/", item->path);
    entry.type = '5';
    entry.path = p->path;
    return put_header(p, item, &entry, e);
}

HM_MUST static hm_rc pack_items(struct packing *p, struct hm_err *e)
{
    for (size_t i = 0; i < p->items.n; i++)
        HM_TRY(pack_item(p, &p->items.item[i], e));
    return HM_OK;
}

/* Did anything come or go in a directory since it was listed? */
HM_MUST static hm_rc check_directories(const struct packing *p,
                                       struct hm_err *e)
{
    const struct hm_archive_source *s = p->source;

    for (size_t i = 0; i < p->items.n; i++)
        if (S_ISDIR(p->items.item[i].mode))
            HM_TRY(s->check(s->context, &p->items.item[i], e));
    return s->check(s->context, NULL, e);
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
    if (o->patterns_n > HM_ARCHIVE_PATTERNS_MAX)
        return hm_fail(e, HM_E_USAGE, "archive.pattern.syntax",
                       "%zu patterns are more than %u", o->patterns_n,
                       HM_ARCHIVE_PATTERNS_MAX);
    for (size_t i = 0; i < o->patterns_n; i++) {
        o->patterns[i].hits = 0;
        HM_TRY(hm_archive_pattern_check(o->patterns[i].text, e));
    }
    return archive_rules_known(o, e);
}

/* First look: whatever can be refused is refused before a byte is written. */
HM_MUST static hm_rc look_around(struct packing *p, int fd, struct hm_err *e)
{
    struct stat output;

    if (fstat(fd, &output) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at the output");
    p->items.options = p->options;
    p->items.output_dev = output.st_dev;
    p->items.output_ino = output.st_ino;
    if (p->options->cache != NULL)
        HM_TRY(archive_cache_place(p->options->cache->dir, &p->items.cache, e));
    HM_TRY(p->source->list(p->source->context, &p->items, e));
    HM_TRY(archive_items_settle(&p->items, e));
    for (size_t i = 0; i < p->items.n; i++)
        p->total += p->items.item[i].size;
    return HM_OK;
}

/* Two blocks of zeros, then zeros to a whole record. */
HM_MUST static hm_rc put_end(struct packing *p, struct hm_err *e)
{
    const uint64_t n = archive_sink_size(&p->sink) + 2 * (uint64_t)TAR_BLOCK;

    HM_TRY(put_zeros(p, 2 * (size_t)TAR_BLOCK, e));
    return put_zeros(p, (TAR_RECORD - n % TAR_RECORD) % TAR_RECORD, e);
}

HM_MUST static hm_rc pack_all(struct packing *p, int fd,
                              struct hm_archive_result *made, struct hm_err *e)
{
    HM_TRY(archive_sink_begin(&p->sink, fd, p->options, e));
    HM_TRY(pack_items(p, e));
    HM_TRY(put_end(p, e));
    HM_TRY(archive_sink_end(&p->sink, made, e));
    HM_TRY(check_directories(p, e));
    made->entries = p->entries;
    made->left_out = p->items.left_out;
    return HM_OK;
}

hm_rc hm_archive_pack_source(const struct hm_archive_source *source,
                             const struct hm_archive_options *options, int fd,
                             struct hm_archive_result *result, struct hm_err *e)
{
    HM_OWN(packing) p = PACKING_INIT;
    struct hm_archive_result made = {.entries = 0};

    *result = made;
    p.options = options;
    p.source = source;
    HM_TRY(check_options(options, e));
    p.path = malloc(HM_ARCHIVE_PATH_MAX + 2);
    if (p.path == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for packing");
    HM_TRY(look_around(&p, fd, e));
    HM_TRY(pack_all(&p, fd, &made, e));
    *result = made;
    return HM_OK;
}

hm_rc hm_archive_pack(const struct hm_dir *tree,
                      const struct hm_archive_options *options, int fd,
                      struct hm_archive_result *result, struct hm_err *e)
{
    HM_OWN(archive_tree) t = ARCHIVE_TREE_INIT;
    struct hm_archive_source source;

    *result = (struct hm_archive_result){.entries = 0};
    HM_TRY(archive_tree_begin(&t, tree, options, &source, e));
    return hm_archive_pack_source(&source, options, fd, result, e);
}
