/** @file
 * The parts that the reader of a manifest is made of.
 */
#ifndef HM_MANIFEST_PRIV_H
#define HM_MANIFEST_PRIV_H

#include "hm_manifest.h"

/** A vendor, product, model…: 1..63 bytes of [A-Za-z0-9._-].
 * @return HM_E_FORMAT `manifest.name.syntax` */
HM_MUST hm_rc manifest_name_check(struct hm_bytes name, struct hm_err *e);

/** A member of that form. */
HM_MUST hm_rc manifest_get_name(struct hm_json at, const char *name, char *to,
                                struct hm_err *e);

/** A member of text without control characters, at most size - 1 bytes. */
HM_MUST hm_rc manifest_get_text(struct hm_json at, const char *name, char *to,
                                size_t size, struct hm_err *e);

HM_MUST hm_rc manifest_get_words(struct hm_json at, const char *name,
                                 size_t min, struct hm_words *out,
                                 struct hm_err *e);
void manifest_words_clear(struct hm_words *words);

HM_MUST hm_rc manifest_read_advisory(struct hm_advisory *a, struct hm_json at,
                                     struct hm_err *e);
HM_MUST hm_rc manifest_read_update(struct hm_update *u, struct hm_json at,
                                   struct hm_err *e);

#endif /* HM_MANIFEST_PRIV_H */
