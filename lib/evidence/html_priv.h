/** @file
 * HTML out: markup is ours and fixed, every value is escaped.
 */
#ifndef HTML_PRIV_H
#define HTML_PRIV_H

#include "hm_buf.h"

/** Calls never fail; the first failure is kept and ev_html_end() tells it. */
struct ev_html {
    struct hm_buf *to; /**< borrowed */
    hm_rc rc;
    struct hm_err err;
};

void ev_html_begin(struct ev_html *w, struct hm_buf *to);

/** Append @p markup; each %s in it is replaced by the next argument, escaped
 * for text and for quoted attributes.  No other conversion exists; %% is %. */
void ev_html_put(struct ev_html *w, const char *markup, ...)
    __attribute__((format(printf, 2, 3)));

/** Append @p in escaped: markup characters as entities; control characters,
 * invisible ones, those that turn the direction of text, and bytes that are
 * no UTF-8 as visible \u{…} or \xNN. */
void ev_html_text(struct ev_html *w, struct hm_bytes in);

/** A number as text, in a buffer that lives as long as the block. */
#define EV_NUMBER(v) ev_number_into((char[24]){0}, (uint64_t)(v))
const char *ev_number_into(char out[static 24], uint64_t v);

/** Append text that this program carries, as it is. */
void ev_html_raw(struct ev_html *w, struct hm_bytes ours);

/** @return HM_E_LIMIT (the ceiling of the buffer), HM_E_NOMEM */
HM_MUST hm_rc ev_html_end(const struct ev_html *w, struct hm_err *e);

#endif /* HTML_PRIV_H */
