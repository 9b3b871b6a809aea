/** @file
 * The parts that the release maker is made of.
 */
#ifndef RELEASE_MAKER_PRIV_H
#define RELEASE_MAKER_PRIV_H

#include "release_maker.h"

#define MAKER_FILE_MAX ((size_t)16 << 20)

/** A release in the making. */
struct maker_work {
    const struct maker *m;
    struct maker_plan plan; /**< every default filled in */
    struct hm_dir dir;      /**< of the release */
    char artefact[HM_NAME_MAX + 1];
    char sbom[HM_NAME_MAX + 1];
    struct hm_digests content; /**< of the tar in the artefact */
};

/** Give the bytes to edit_bytes, then save them under @p name. */
void maker_save(const struct maker_work *w, const char *name,
                struct hm_buf *bytes);
void maker_save_text(const struct maker_work *w, const char *name,
                     const char *text);

/** Digests of a file as it lies there now. */
void maker_digest(const struct maker_work *w, const char *name,
                  struct hm_digests *out);

/** Sign @p document of the release. */
void maker_sign_below(const struct maker_work *w, const char *document,
                      const struct maker_signers *who);

void maker_make_artefact(struct maker_work *w);
void maker_make_sbom(const struct maker_work *w);
void maker_make_record(const struct maker_work *w);
/** The envelope over every file that lies in artefacts/. */
void maker_make_provenance(const struct maker_work *w);

#endif /* RELEASE_MAKER_PRIV_H */
