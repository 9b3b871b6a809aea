#include <stdlib.h>

#include "hm_manifest.h"

#define FILE_MEMBERS "name kind size sha256 sha512 public"

hm_rc hm_index_add(struct hm_index *index, const struct hm_index_file *file,
                   struct hm_err *e)
{
    const size_t cap = index->n == 0 ? 8 : index->n * 2;
    struct hm_index_file *p = index->files;

    if (index->n > 0 &&
        strcmp(index->files[index->n - 1].name, file->name) >= 0)
        return hm_fail(e, HM_E_REJECTED, "manifest.index.order",
                       "'%s' does not stand behind '%s': names are sorted and "
                       "stand once",
                       file->name, index->files[index->n - 1].name);
    if (index->n == HM_INDEX_FILES_MAX)
        return hm_fail(e, HM_E_LIMIT, "json.member.count",
                       "more than %u files in the index", HM_INDEX_FILES_MAX);
    /* Grown at 0, 8, 16, 32 …: no capacity to keep. */
    if (index->n == 0 || (index->n >= 8 && (index->n & (index->n - 1)) == 0))
        p = reallocarray(p, cap, sizeof(*p));
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "manifest.nomem",
                       "out of memory for the index");
    index->files = p;
    p[index->n++] = *file;
    return HM_OK;
}

HM_MUST static hm_rc read_file(struct hm_index *index, struct hm_json at,
                               struct hm_err *e)
{
    struct hm_index_file f = {.kind = 0};

    HM_TRY(hm_json_keys(at, FILE_MEMBERS, e));
    HM_TRY(hm_json_get_name(at, "name", f.name, e));
    HM_TRY(hm_json_get_word(at, "kind", HM_FILE_KINDS, &f.kind, e));
    HM_TRY(hm_json_get_uint(at, "size", HM_JSON_INT_MAX, &f.digests.size, e));
    HM_TRY(hm_json_get_hex(at, "sha256", f.digests.sha256,
                           sizeof(f.digests.sha256), e));
    HM_TRY(hm_json_get_hex(at, "sha512", f.digests.sha512,
                           sizeof(f.digests.sha512), e));
    HM_TRY(hm_json_get_bool(at, "public", &f.is_public, e));
    return hm_index_add(index, &f, e);
}

HM_MUST static hm_rc read_document(struct hm_index *index,
                                   struct hm_bytes bytes, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json files;

    HM_TRY(hm_json_format(bytes, HM_INDEX_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_INDEX_BYTES_MAX, e));
    HM_TRY(hm_json_keys(hm_json_root(&doc), "format files", e));
    HM_TRY(hm_json_get_array(hm_json_root(&doc), "files", 1, HM_INDEX_FILES_MAX,
                             &files, e));
    for (struct hm_json i = hm_json_first(files); i.item != NULL;
         i = hm_json_next(i))
        HM_TRY(read_file(index, i, e));
    return HM_OK;
}

hm_rc hm_index_read(struct hm_index *index, struct hm_bytes bytes,
                    struct hm_err *e)
{
    hm_rc rc;

    hm_index_clear(index);
    rc = read_document(index, bytes, e);
    if (rc != HM_OK)
        hm_index_clear(index);
    return rc;
}

static void write_file(struct hm_json_writer *w, const struct hm_index_file *f)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "name", f->name);
    hm_json_put_text(w, "kind", hm_file_kind_name(f->kind));
    hm_json_put_uint(w, "size", f->digests.size);
    hm_json_put_hex(w, "sha256",
                    (struct hm_bytes){f->digests.sha256, HM_SHA256_SIZE});
    hm_json_put_hex(w, "sha512",
                    (struct hm_bytes){f->digests.sha512, HM_SHA512_SIZE});
    hm_json_put_bool(w, "public", f->is_public);
    hm_json_close_object(w);
}

hm_rc hm_index_write(const struct hm_index *index, struct hm_buf *to,
                     struct hm_err *e)
{
    HM_OWN(hm_index) again = HM_INDEX_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    struct hm_json_writer w;

    hm_buf_clear(to);
    hm_json_begin(&w, &text, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_INDEX_FORMAT);
    hm_json_open_array(&w, "files");
    for (size_t i = 0; i < index->n; i++)
        write_file(&w, &index->files[i]);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    HM_TRY(hm_context(e, hm_index_read(&again, hm_buf_view(&text), e),
                      "the index would not be accepted"));
    return hm_buf_add(to, hm_buf_view(&text), e);
}

static int by_name(const void *key, const void *file)
{
    return strcmp(key, ((const struct hm_index_file *)file)->name);
}

const struct hm_index_file *hm_index_find(const struct hm_index *index,
                                          const char *name)
{
    return index->n == 0 ? NULL
                         : bsearch(name, index->files, index->n,
                                   sizeof(*index->files), by_name);
}

void hm_index_clear(struct hm_index *index)
{
    free(index->files);
    *index = (struct hm_index)HM_INDEX_INIT;
}
