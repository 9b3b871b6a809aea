/* What changed between two packs: statuses from index.json, files from the list
 * that each pack carries. */
#include <stdio.h>
#include <stdlib.h>

#include "document_priv.h"
#include "hm_text.h"

#define INDEX_MAX ((size_t)64 << 20)

/* One thing that a pack says, under a name. */
struct said {
    char name[EV_NAME_MAX + 1];
    char value[HM_SHA256_HEX];
};

struct all_said {
    struct said *said; /* owned; sorted by name */
    size_t n, cap;
};

#define ALL_SAID_INIT                  \
    {                                  \
        .said = NULL, .n = 0, .cap = 0 \
    }

static void all_said_clear(struct all_said *a)
{
    free(a->said);
    memset(a, 0, sizeof(*a));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct said *)a)->name,
                  ((const struct said *)b)->name);
}

HM_MUST static hm_rc add(struct all_said *to, const struct said *said,
                         struct hm_err *e)
{
    const size_t cap = to->cap ? 2 * to->cap : 64;
    struct said *grown = NULL;

    if (to->n == EV_FILES_MAX)
        return hm_fail(e, HM_E_LIMIT, "evidence.pack.files",
                       "more than %u files", EV_FILES_MAX);
    if (to->n == to->cap) {
        grown = reallocarray(to->said, cap, sizeof(*grown));
        if (!grown)
            return hm_fail(e, HM_E_NOMEM, "evidence.pack.nomem",
                           "out of memory for %zu names", cap);
        to->said = grown;
        to->cap = cap;
    }
    to->said[to->n++] = *said;
    return HM_OK;
}

static bool is_plain(struct hm_bytes name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '\0' ||
            !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                    "0123456789._+/-",
                    name.p[i]))
            return false;
    return true;
}

/* "HEX  NAME" */
HM_MUST static hm_rc read_line(struct hm_bytes line, struct said *out,
                               struct hm_err *e)
{
    const size_t digits = HM_SHA256_HEX - 1;
    uint8_t digest[HM_SHA256_SIZE];

    if (line.n < digits + 3 || line.n - digits - 2 > EV_NAME_MAX ||
        memcmp(line.p + digits, "  ", 2) != 0 ||
        !is_plain(
            (struct hm_bytes){line.p + digits + 2, line.n - digits - 2}) ||
        hm_hex_read((struct hm_bytes){line.p, digits}, digest, sizeof(digest),
                    e) != HM_OK)
        return hm_fail(e, HM_E_FORMAT, "evidence.list.syntax",
                       "'%s' is not a SHA-256 and a name", hm_show(line));
    (void)snprintf(out->value, sizeof(out->value), "%.*s", (int)digits,
                   (const char *)line.p);
    (void)snprintf(out->name, sizeof(out->name), "%.*s",
                   (int)(line.n - digits - 2),
                   (const char *)line.p + digits + 2);
    return HM_OK;
}

hm_rc ev_read_list(struct hm_bytes text, ev_list_line each, void *context,
                   struct hm_err *e)
{
    struct said said;

    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);

        if (!end)
            return hm_fail(e, HM_E_FORMAT, "evidence.list.syntax",
                           "the last line has no end");
        HM_TRY(read_line((struct hm_bytes){text.p, (size_t)(end - text.p)},
                         &said, e));
        HM_TRY(each(context, said.name, said.value, e));
        text.n -= (size_t)(end + 1 - text.p);
        text.p = end + 1;
    }
    return HM_OK;
}

static hm_rc add_line(void *context, const char *name, const char *sha256,
                      struct hm_err *e)
{
    struct said said;

    (void)snprintf(said.name, sizeof(said.name), "%s", name);
    (void)snprintf(said.value, sizeof(said.value), "%s", sha256);
    return add(context, &said, e);
}

HM_MUST static hm_rc load_files(const struct hm_dir *dir, struct all_said *out,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(EV_TEXT_MAX);

    HM_TRY(hm_file_load_at(dir, EV_LIST_NAME, &text, e));
    HM_TRY(ev_read_list(hm_buf_view(&text), add_line, out, e));
    if (out->n > 0)
        qsort(out->said, out->n, sizeof(*out->said), by_name);
    return HM_OK;
}

HM_MUST static hm_rc add_claim(struct hm_json claim, struct all_said *out,
                               struct hm_err *e)
{
    struct hm_json rows;
    char id[80];
    char row_id[80];
    struct said said;

    HM_TRY(hm_json_get_text(claim, "id", id, sizeof(id), e));
    HM_TRY(hm_json_get_array(claim, "evidence", 0, 100, &rows, e));
    for (struct hm_json row = hm_json_first(rows); row.item;
         row = hm_json_next(row)) {
        HM_TRY(hm_json_get_text(row, "id", row_id, sizeof(row_id), e));
        HM_TRY(
            hm_json_get_text(row, "status", said.value, sizeof(said.value), e));
        (void)snprintf(said.name, sizeof(said.name), "%s/%s", id, row_id);
        HM_TRY(add(out, &said, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc load_statuses(const struct hm_dir *dir,
                                   struct all_said *out, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(INDEX_MAX);
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json claims;

    HM_TRY(hm_file_load_at(dir, EV_INDEX_NAME, &text, e));
    if (hm_json_format(hm_buf_view(&text), HM_EVIDENCE_FORMAT, e) != HM_OK)
        return hm_fail(e, HM_E_FORMAT, "evidence.pack.format",
                       EV_INDEX_NAME " is not of format " HM_EVIDENCE_FORMAT);
    HM_TRY(hm_json_parse(&doc, hm_buf_view(&text), HM_JSON_OURS, INDEX_MAX, e));
    HM_TRY(hm_json_get_array(hm_json_root(&doc), "claims", 0, 100, &claims, e));
    for (struct hm_json c = hm_json_first(claims); c.item; c = hm_json_next(c))
        HM_TRY(add_claim(c, out, e));
    if (out->n > 0)
        qsort(out->said, out->n, sizeof(*out->said), by_name);
    return HM_OK;
}

/* Whom to tell, and about what. */
struct listener {
    hm_evidence_tell tell;
    void *context;
    const char *what;
};

HM_MUST static hm_rc tell(const struct listener *l, const struct said *a,
                          const struct said *b, struct hm_err *e)
{
    const char *const from_to[2] = {a ? a->value : "", b ? b->value : ""};
    const enum hm_evidence_change change = !a   ? HM_EVIDENCE_ADDED
                                           : !b ? HM_EVIDENCE_REMOVED
                                                : HM_EVIDENCE_CHANGED;

    if (a && b && strcmp(a->value, b->value) == 0)
        return HM_OK;
    return l->tell(l->context, change, l->what, (a ? a : b)->name, from_to, e);
}

/* Both are sorted: walk them side by side. */
HM_MUST static hm_rc compare(const struct all_said *a, const struct all_said *b,
                             const struct listener *l, struct hm_err *e)
{
    size_t i = 0;
    size_t k = 0;

    while (i < a->n || k < b->n) {
        const struct said *x = i < a->n ? &a->said[i] : NULL;
        const struct said *y = k < b->n ? &b->said[k] : NULL;
        const int order = !x ? 1 : !y ? -1 : by_name(x, y);

        HM_TRY(tell(l, order <= 0 ? x : NULL, order >= 0 ? y : NULL, e));
        i += order <= 0;
        k += order >= 0;
    }
    return HM_OK;
}

hm_rc hm_evidence_compare(const char *a, const char *b, hm_evidence_tell tell_,
                          void *context, struct hm_err *e)
{
    HM_OWN(hm_dir) dir_a = HM_DIR_INIT;
    HM_OWN(hm_dir) dir_b = HM_DIR_INIT;
    HM_OWN(all_said) rows_a = ALL_SAID_INIT;
    HM_OWN(all_said) rows_b = ALL_SAID_INIT;
    HM_OWN(all_said) files_a = ALL_SAID_INIT;
    HM_OWN(all_said) files_b = ALL_SAID_INIT;
    struct listener l = {tell_, context, "evidence"};

    HM_TRY(hm_dir_open(&dir_a, a, e));
    HM_TRY(hm_dir_open(&dir_b, b, e));
    HM_TRY(hm_context(e, load_statuses(&dir_a, &rows_a, e), "'%s'",
                      hm_show_str(a)));
    HM_TRY(hm_context(e, load_statuses(&dir_b, &rows_b, e), "'%s'",
                      hm_show_str(b)));
    HM_TRY(
        hm_context(e, load_files(&dir_a, &files_a, e), "'%s'", hm_show_str(a)));
    HM_TRY(
        hm_context(e, load_files(&dir_b, &files_b, e), "'%s'", hm_show_str(b)));
    HM_TRY(compare(&rows_a, &rows_b, &l, e));
    l.what = "file";
    return compare(&files_a, &files_b, &l, e);
}
