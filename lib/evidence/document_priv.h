/** @file
 * The two documents about a pack: index.json for programs, index.html for
 * people.  Both say the same, from the same facts and verdicts.
 */
#ifndef DOCUMENT_PRIV_H
#define DOCUMENT_PRIV_H

#include "claims_priv.h"
#include "hm_html.h"

/** What the pack says of itself: @p pack is sorted and holds every file but
 * index.json, the page, the list and the script. */
struct ev_content {
    const struct ev_facts *facts;
    const struct ev_verdicts *verdicts;
    const struct ev_pack *pack;
};

/** What nobody may read into the pack; NULL ends the list. */
const char *const *ev_limitations(void);

/** "published", "trust", "derived", "attached" */
const char *ev_origin_name(enum ev_origin origin);

#define EV_SHORT_ID 13 /**< first digits of a key id, and NUL */

/** How people tell keys apart.  @return @p out */
const char *ev_short_id(char out[static EV_SHORT_ID], const struct ev_key *key);

/** What stands before key->name: "called " for a root key, "on token ", or ""
 * without a name. */
const char *ev_named(const struct ev_key *key);

/** "rotated", "compromised", "lost" */
const char *ev_retired_word(const struct ev_key *key);

/** Article 13(9): the date until which an update issued at @p issued stays
 * available at least, ten years later. */
hm_time ev_keep_until(hm_time issued);

/** @return HM_E_LIMIT, HM_E_NOMEM, HM_E_FORMAT */
HM_MUST hm_rc ev_write_index(const struct ev_content *c, struct hm_buf *out,
                             struct hm_err *e);
HM_MUST hm_rc ev_write_page(const struct ev_content *c, struct hm_buf *out,
                            struct hm_err *e);

/** The picture: what was served when, under which authorisation, by whom. */
void ev_draw_timeline(struct hm_html *w, const struct ev_facts *facts);

/** Tables of the page. */
void ev_page_releases(struct hm_html *w, const struct ev_facts *facts);
void ev_page_keys(struct hm_html *w, const struct ev_facts *facts);
void ev_page_files(struct hm_html *w, const struct ev_pack *pack);

#endif /* DOCUMENT_PRIV_H */
