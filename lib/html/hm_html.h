/** @file
 * HTML out: markup is ours and fixed, every value is escaped.  Pages stand
 * alone: one style, no script, nothing is fetched.
 *
 * @source HTML living standard 13.3; Unicode 15 (hidden characters)
 */
#ifndef HM_HTML_H
#define HM_HTML_H

#include "hm_buf.h"

/** Calls never fail; the first failure is kept and hm_html_end() tells it. */
struct hm_html {
    struct hm_buf *to; /**< borrowed */
    hm_rc rc;
    struct hm_err err;
};

void hm_html_begin(struct hm_html *w, struct hm_buf *to);

/** The page up to and including <body>; the title is @p what, a blank and
 * @p which, both escaped. */
void hm_html_head(struct hm_html *w, const char *what, const char *which);

/** Append @p markup; each %s in it is replaced by the next argument, escaped
 * for text and for quoted attributes.  No other conversion exists; %% is %. */
void hm_html_put(struct hm_html *w, const char *markup, ...)
    __attribute__((format(printf, 2, 3)));

/** Append @p in escaped: markup characters as entities; control characters,
 * invisible ones, those that turn the direction of text, and bytes that are
 * no UTF-8 as visible \u{…} or \xNN. */
void hm_html_text(struct hm_html *w, struct hm_bytes in);

/** A number as text, in a buffer that lives as long as the block. */
#define HM_HTML_NUMBER(v) hm_html_number_into((char[24]){0}, (uint64_t)(v))
const char *hm_html_number_into(char out[static 24], uint64_t v);

/** Append text that this program carries, as it is. */
void hm_html_raw(struct hm_html *w, struct hm_bytes ours);

/** @return HM_E_LIMIT (the ceiling of the buffer), HM_E_NOMEM */
HM_MUST hm_rc hm_html_end(const struct hm_html *w, struct hm_err *e);

#endif /* HM_HTML_H */
