/** @file
 * JSON in, strictly, and JSON out, always the same bytes.
 *
 * Reading: a scanner of our own decides whether the bytes are acceptable; only
 * then does cJSON build the tree.  What is refused everywhere: duplicate names
 * (after unescaping), U+0000, lone surrogates, invalid UTF-8, a byte-order
 * mark, depth above HM_JSON_DEPTH_MAX, trailing bytes.  In Hallmark's own
 * documents (HM_JSON_OURS) also: any number but a plain integer 0..2^53-1.
 *
 * The getters know the strict rules of our documents.  Each failure is
 * HM_E_FORMAT `json.member.*` or HM_E_LIMIT and says where as a JSON pointer.
 */
#ifndef HM_JSON_H
#define HM_JSON_H

#include "hm_buf.h"
#include "hm_text.h"
#include "hm_time.h"

struct cJSON;

#define HM_JSON_DEPTH_MAX 64
#define HM_JSON_INT_MAX   ((uint64_t)9007199254740991) /**< 2^53 - 1 */

enum hm_json_kind {
    HM_JSON_OURS,   /**< integers 0..2^53-1 only */
    HM_JSON_FOREIGN /**< any number that RFC 8259 allows */
};

/** Check that @p text is one acceptable JSON value and nothing else.
 *
 * @param max  most bytes accepted
 * @return HM_E_LIMIT `json.size`, `json.depth`, `json.number.range`;
 *         HM_E_FORMAT `json.syntax`, `json.utf8`, `json.bom`, `json.duplicate`,
 *         `json.nul`, `json.surrogate`, `json.number`, `json.trailing`;
 *         the text has the byte offset
 * @source RFC 8259; testdata/json-JSONTestSuite
 */
HM_MUST hm_rc hm_json_check(struct hm_bytes text, enum hm_json_kind kind,
                            size_t max, struct hm_err *e);

/** Find the bytes of the value that JSON pointer @p pointer names.
 *
 * @param text  passed hm_json_check()
 * @param pointer  RFC 6901 without escapes, e.g. "/metadata/component"; "" is
 *                 the whole value; array indices in decimal
 * @param[out] span  view into @p text; n == 0 when there is no such value
 */
void hm_json_span(struct hm_bytes text, const char *pointer,
                  struct hm_bytes *span);

/** A parsed document: owns the tree; nodes are views into it. */
struct hm_json_doc {
    struct cJSON *root; /**< owned */
};

#define HM_JSON_DOC_INIT \
    {                    \
        .root = NULL     \
    }

/** A value inside a document.  item is NULL when an optional one is absent. */
struct hm_json {
    const struct cJSON *root; /**< for saying where */
    const struct cJSON *item;
};

/** hm_json_check(), then the tree.
 * @return as hm_json_check(); HM_E_NOMEM */
HM_MUST hm_rc hm_json_parse(struct hm_json_doc *doc, struct hm_bytes text,
                            enum hm_json_kind kind, size_t max,
                            struct hm_err *e);

struct hm_json hm_json_root(const struct hm_json_doc *doc);

void hm_json_doc_clear(struct hm_json_doc *doc);

/** Check the first bytes of a Hallmark document, before it is parsed:
 * exactly `{\n  "format": "<format>"`.
 * @param format  e.g. "hallmark-manifest/1"
 * @return HM_E_FORMAT `json.format` saying what was found */
HM_MUST hm_rc hm_json_format(struct hm_bytes text, const char *format,
                             struct hm_err *e);

/** Refuse every member of object @p at whose name is not one of the words in
 * @p names (separated by one blank) and does not start with "x_".
 * @return HM_E_FORMAT `json.member.unknown`, `json.member.type` (no object) */
HM_MUST hm_rc hm_json_keys(struct hm_json at, const char *names,
                           struct hm_err *e);

/** The member @p name, whatever its type; item is NULL when absent. */
struct hm_json hm_json_find(struct hm_json at, const char *name);

/** @return HM_E_FORMAT `json.member.missing` */
HM_MUST hm_rc hm_json_get(struct hm_json at, const char *name,
                          struct hm_json *out, struct hm_err *e);

/** An object or array member. @return also HM_E_FORMAT `json.member.type` */
HM_MUST hm_rc hm_json_get_object(struct hm_json at, const char *name,
                                 struct hm_json *out, struct hm_err *e);

/** @return also HM_E_LIMIT `json.member.count` outside min..max elements */
HM_MUST hm_rc hm_json_get_array(struct hm_json at, const char *name, size_t min,
                                size_t max, struct hm_json *out,
                                struct hm_err *e);

/** Walk an array: first element, then the next; item is NULL at the end. */
struct hm_json hm_json_first(struct hm_json array);
struct hm_json hm_json_next(struct hm_json element);
size_t hm_json_count(struct hm_json array);

/** The name of a member reached by hm_json_first/next on an object. */
const char *hm_json_name(struct hm_json member);

/** A string member copied into to[size] with its NUL; 1..size-1 bytes.
 * @return also HM_E_FORMAT `json.member.empty`, HM_E_LIMIT `json.member.long` */
HM_MUST hm_rc hm_json_get_text(struct hm_json at, const char *name, char *to,
                               size_t size, struct hm_err *e);

/** The same for an element of an array. */
HM_MUST hm_rc hm_json_text(struct hm_json at, char *to, size_t size,
                           struct hm_err *e);

/** View of a string node's bytes (borrowed); n == 0 if it is no string. */
struct hm_bytes hm_json_view(struct hm_json at);

HM_MUST hm_rc hm_json_get_uint(struct hm_json at, const char *name,
                               uint64_t max, uint64_t *out, struct hm_err *e);
HM_MUST hm_rc hm_json_get_bool(struct hm_json at, const char *name, bool *out,
                               struct hm_err *e);
HM_MUST hm_rc hm_json_get_time(struct hm_json at, const char *name,
                               hm_time *out, struct hm_err *e);
HM_MUST hm_rc hm_json_get_version(struct hm_json at, const char *name,
                                  struct hm_version *out, struct hm_err *e);

/** A lower-case hex member of exactly @p n bytes. */
HM_MUST hm_rc hm_json_get_hex(struct hm_json at, const char *name, uint8_t *out,
                              size_t n, struct hm_err *e);

/** A name of a file (hm_name_check), copied into to[HM_NAME_MAX + 1]. */
HM_MUST hm_rc hm_json_get_name(struct hm_json at, const char *name, char *to,
                               struct hm_err *e);

/** Index of a string member in @p words (separated by one blank).
 * @return also HM_E_FORMAT `json.member.word`, naming the words allowed */
HM_MUST hm_rc hm_json_get_word(struct hm_json at, const char *name,
                               const char *words, unsigned *index,
                               struct hm_err *e);

/** Fail about @p at: the text is prefixed with its JSON pointer. */
HM_MUST hm_rc hm_json_fail(struct hm_json at, struct hm_err *e, hm_rc rc,
                           const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/** Writes one document into a buffer: two-space indent, one member a line, one
 * newline at the end; or everything on one line without blanks (compact).
 *
 * Calls never fail; the first failure is kept and hm_json_finish() tells it.
 * @p key is NULL inside an array.  Strings must be UTF-8 without NUL.
 *
 * A result of a program is_shown, and may name files and tokens that others
 * named: there a byte that is no UTF-8 becomes U+FFFD instead of a failure.
 */
struct hm_json_writer {
    struct hm_buf *to; /**< borrowed */
    bool compact;
    bool is_shown;    /**< set behind hm_json_begin() */
    bool after_value; /**< a comma is due */
    unsigned depth;
    hm_rc rc;
    struct hm_err err;
};

void hm_json_begin(struct hm_json_writer *w, struct hm_buf *to, bool compact);
void hm_json_open_object(struct hm_json_writer *w, const char *key);
void hm_json_close_object(struct hm_json_writer *w);
void hm_json_open_array(struct hm_json_writer *w, const char *key);
void hm_json_close_array(struct hm_json_writer *w);
void hm_json_put_bytes(struct hm_json_writer *w, const char *key,
                       struct hm_bytes utf8);
void hm_json_put_text(struct hm_json_writer *w, const char *key,
                      const char *utf8);
/** hm_json_put_text() unless @p utf8 is NULL or empty. */
void hm_json_put_optional(struct hm_json_writer *w, const char *key,
                          const char *utf8);
void hm_json_put_uint(struct hm_json_writer *w, const char *key, uint64_t v);
void hm_json_put_bool(struct hm_json_writer *w, const char *key, bool v);
void hm_json_put_time(struct hm_json_writer *w, const char *key, hm_time t);
void hm_json_put_hex(struct hm_json_writer *w, const char *key,
                     struct hm_bytes v);
/** A value that is JSON already and passed hm_json_check(), e.g. an embedded
 * document or a member that starts with x_; re-indented, otherwise unchanged. */
void hm_json_put_json(struct hm_json_writer *w, const char *key,
                      struct hm_bytes json);

/** End the document with one newline.
 * @return HM_E_LIMIT (the ceiling of the buffer), HM_E_NOMEM,
 *         HM_E_FORMAT `json.utf8` */
HM_MUST hm_rc hm_json_finish(struct hm_json_writer *w, struct hm_err *e);

/** Version of the linked cJSON, e.g. "1.7.15". */
const char *hm_json_cjson_version(void);

#endif /* HM_JSON_H */
