/* Tars, and the Mender artefacts among them. */
#include "hm_json.h"
#include "image_priv.h"

#define VERSION_MAX 256u /* bytes of the member "version" */

HM_MUST static hm_rc open_tar(struct hm_archive_reader *r, struct image_in *in,
                              struct hm_err *e)
{
    static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;

    return in->file != NULL ? hm_archive_open(r, in->file, &limits, e)
                            : hm_archive_open_bytes(r, in->bytes, &limits, e);
}

/* Is the next member a file of that name? */
static bool next_is(struct hm_archive_reader *r, const char *name,
                    const struct hm_archive_member **m)
{
    return hm_archive_next(r, m, NULL) == HM_OK && *m != NULL &&
           (*m)->kind == HM_ARCHIVE_FILE && strcmp((*m)->path, name) == 0;
}

static bool read_version(struct hm_archive_reader *r, uint64_t size,
                         uint64_t *version)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    uint8_t text[VERSION_MAX];
    char format[16];
    size_t got = 0;

    return size <= sizeof(text) &&
           hm_archive_read(r, text, sizeof(text), &got, NULL) == HM_OK &&
           hm_json_parse(&doc, (struct hm_bytes){text, got}, HM_JSON_FOREIGN,
                         sizeof(text), NULL) == HM_OK &&
           hm_json_get_text(hm_json_root(&doc), "format", format,
                            sizeof(format), NULL) == HM_OK &&
           strcmp(format, "mender") == 0 &&
           hm_json_get_uint(hm_json_root(&doc), "version", 100, version,
                            NULL) == HM_OK;
}

/* What is no Mender artefact, or is malformed, is a tar: its members will tell.
 * @source Mender documentation, "Artifact format" */
hm_rc image_read_tar(struct image_in *in, struct hm_image *image,
                     struct hm_err *e)
{
    HM_OWN(hm_archive_reader) r = HM_ARCHIVE_READER_INIT;
    const struct hm_archive_member *m = NULL;
    uint64_t version = 0;

    image->has_members = true;
    HM_TRY(open_tar(&r, in, e));
    if (!next_is(&r, "version", &m) || !read_version(&r, m->size, &version) ||
        !next_is(&r, "manifest", &m))
        return HM_OK;
    image->kind = "mender";
    image->what = "Mender artefact";
    image_say_number(image, "version", version);
    image_say(image, "signature",
              next_is(&r, "manifest.sig", &m) ? "there, not checked" : "none");
    return HM_OK;
}
