#include <stdio.h>
#include <stdlib.h>

#include "hm_text.h"
#include "pack_priv.h"

static void clear_entry(struct ev_entry *entry)
{
    free(entry->name);
    free(entry->from_name);
    hm_buf_clear(&entry->bytes);
}

void ev_pack_clear(struct ev_pack *pack)
{
    for (size_t i = 0; i < pack->n; i++)
        clear_entry(&pack->entry[i]);
    free(pack->entry);
    *pack = (struct ev_pack)EV_PACK_INIT;
}

HM_MUST static hm_rc out_of_memory(struct hm_err *e)
{
    return hm_fail(e, HM_E_NOMEM, "evidence.pack.nomem",
                   "out of memory for the list of files");
}

/* One entry more at pack->entry[pack->n], zero but for its name; not counted
 * until it is complete. */
HM_MUST static hm_rc new_entry(struct ev_pack *pack, const char *name,
                               struct hm_err *e)
{
    const size_t cap = pack->cap ? 2 * pack->cap : 64;
    struct ev_entry *grown = NULL;

    if (strlen(name) > EV_NAME_MAX || pack->n == EV_FILES_MAX)
        return hm_fail(e, HM_E_LIMIT, "evidence.pack.files",
                       "a pack holds at most %u files with names of %u bytes; "
                       "'%s' is too much",
                       EV_FILES_MAX, EV_NAME_MAX, hm_show_str(name));
    if (pack->n == pack->cap) {
        grown = reallocarray(pack->entry, cap, sizeof(*grown));
        if (!grown)
            return out_of_memory(e);
        pack->entry = grown;
        pack->cap = cap;
    }
    pack->entry[pack->n] = (struct ev_entry){.name = strdup(name),
                                             .bytes = HM_BUF_INIT(EV_TEXT_MAX)};
    return pack->entry[pack->n].name ? HM_OK : out_of_memory(e);
}

HM_MUST static hm_rc digest_bytes(struct hm_bytes bytes, struct hm_digests *out,
                                  struct hm_err *e)
{
    HM_OWN(hm_digest) d = HM_DIGEST_INIT;

    HM_TRY(hm_digest_begin(&d, true, e));
    HM_TRY(hm_digest_add(&d, bytes, e));
    return hm_digest_end(&d, out, e);
}

hm_rc ev_pack_add_bytes(struct ev_pack *pack, const char *name,
                        enum ev_origin origin, struct hm_buf *bytes,
                        struct hm_err *e)
{
    struct ev_entry *entry;
    hm_rc rc;

    HM_TRY(new_entry(pack, name, e));
    entry = &pack->entry[pack->n];
    entry->origin = origin;
    hm_buf_move(&entry->bytes, bytes);
    rc = digest_bytes(hm_buf_view(&entry->bytes), &entry->digests, e);
    if (rc != HM_OK)
        clear_entry(entry);
    else
        pack->n++;
    return rc;
}

HM_MUST static hm_rc refer(struct ev_entry *entry, const struct hm_dir *from,
                           const char *from_name, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;

    entry->from = from;
    entry->from_name = strdup(from_name);
    if (!entry->from_name)
        return out_of_memory(e);
    HM_TRY(hm_file_open_at(&f, from, from_name, e));
    return hm_digest_file(&f, &entry->digests, e);
}

hm_rc ev_pack_add_file(struct ev_pack *pack, const char *name,
                       enum ev_origin origin, const struct hm_dir *from,
                       const char *from_name, struct hm_err *e)
{
    struct ev_entry *entry;
    hm_rc rc;

    HM_TRY(new_entry(pack, name, e));
    entry = &pack->entry[pack->n];
    entry->origin = origin;
    rc = refer(entry, from, from_name, e);
    if (rc != HM_OK)
        clear_entry(entry);
    else
        pack->n++;
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ev_entry *)a)->name,
                  ((const struct ev_entry *)b)->name);
}

hm_rc ev_pack_sort(struct ev_pack *pack, struct hm_err *e)
{
    if (pack->n > 0)
        qsort(pack->entry, pack->n, sizeof(*pack->entry), by_name);
    for (size_t i = 1; i < pack->n; i++)
        if (strcmp(pack->entry[i - 1].name, pack->entry[i].name) == 0)
            return hm_fail(e, HM_E_INTERNAL, "evidence.pack.twice",
                           "file '%s' is in the pack twice",
                           hm_show_str(pack->entry[i].name));
    return HM_OK;
}

const struct ev_entry *ev_pack_find(const struct ev_pack *pack,
                                    const char *name)
{
    size_t low = 0;
    size_t high = pack->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(name, pack->entry[middle].name);

        if (order == 0)
            return &pack->entry[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

hm_rc ev_pack_list(const struct ev_pack *pack, struct hm_buf *out,
                   struct hm_err *e)
{
    char hex[HM_SHA256_HEX];

    for (size_t i = 0; i < pack->n; i++) {
        const struct ev_entry *entry = &pack->entry[i];

        hm_hex_write((struct hm_bytes){entry->digests.sha256, HM_SHA256_SIZE},
                     hex);
        HM_TRY(hm_buf_add(out, hm_bytes_str(hex), e));
        HM_TRY(hm_buf_add(out, HM_LIT("  "), e));
        HM_TRY(hm_buf_add(out, hm_bytes_str(entry->name), e));
        HM_TRY(hm_buf_add(out, HM_LIT("\n"), e));
    }
    return HM_OK;
}
