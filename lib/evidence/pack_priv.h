/** @file
 * The pack while it is made: every file of it, in memory or by reference, with
 * its digests.  Written as one folder, all or nothing.
 */
#ifndef PACK_PRIV_H
#define PACK_PRIV_H

#include "hm_crypto.h"
#include "hm_file.h"

#define EV_NAME_MAX    255u /**< bytes of a name in the pack */
#define EV_FILES_MAX   20000u
#define EV_TEXT_MAX    (64u << 20) /**< bytes of one generated file */
#define EV_SCRIPT_NAME "verify.sh"
#define EV_LIST_NAME   "SHA256SUMS"
#define EV_INDEX_NAME  "index.json"
#define EV_PAGE_NAME   "index.html"

/** Where a file of the pack comes from. */
enum ev_origin {
    EV_PUBLISHED, /**< byte for byte as the repository has it */
    EV_TRUST,     /**< root.json as given, keys as PEM from signed documents */
    EV_DERIVED,   /**< made again from the above: reports, decoded envelopes */
    EV_ATTACHED   /**< handed in; its content is not judged */
};

/** One file of the pack. */
struct ev_entry {
    char *name; /**< owned; relative to the pack */
    enum ev_origin origin;
    struct hm_buf bytes;       /**< owned; used when @p from is NULL */
    const struct hm_dir *from; /**< borrowed: where to copy it from */
    char *from_name;           /**< owned */
    struct hm_digests digests;
};

struct ev_pack {
    struct ev_entry *entry; /**< owned; sorted by name after ev_pack_sort() */
    size_t n, cap;
};

#define EV_PACK_INIT                    \
    {                                   \
        .entry = NULL, .n = 0, .cap = 0 \
    }

/** Take @p bytes (moved; empty afterwards) as file @p name.
 * @return HM_E_FORMAT `base.name.syntax`; HM_E_LIMIT `evidence.pack.files`;
 *         HM_E_NOMEM */
HM_MUST hm_rc ev_pack_add_bytes(struct ev_pack *pack, const char *name,
                                enum ev_origin origin, struct hm_buf *bytes,
                                struct hm_err *e);

/** Refer to the regular file @p from_name below @p from, and digest it now.
 * @return also HM_E_IO */
HM_MUST hm_rc ev_pack_add_file(struct ev_pack *pack, const char *name,
                               enum ev_origin origin, const struct hm_dir *from,
                               const char *from_name, struct hm_err *e);

/** Sort by name. @return HM_E_INTERNAL `evidence.pack.twice` */
HM_MUST hm_rc ev_pack_sort(struct ev_pack *pack, struct hm_err *e);

/** @param pack  sorted
 * @return NULL when there is no such file */
const struct ev_entry *ev_pack_find(const struct ev_pack *pack,
                                    const char *name);

/** The list that `sha256sum -c` reads, of every file in @p pack. */
HM_MUST hm_rc ev_pack_list(const struct ev_pack *pack, struct hm_buf *out,
                           struct hm_err *e);

/** A pack at @p path must not lie in @p repository.
 * @return HM_E_USAGE `evidence.pack.inside`, `evidence.pack.name`; HM_E_IO */
HM_MUST hm_rc ev_pack_check_place(const char *path,
                                  const struct hm_dir *repository,
                                  struct hm_err *e);

/** Write the files into a new folder beside @p path and give it that name by
 * one rename.
 *
 * @param replace  an evidence pack at @p path may be replaced
 * @return HM_E_USAGE `base.out.exists` (something else is there, or a pack and
 *         not @p replace); HM_E_IO `evidence.pack.busy`, `evidence.pack.write`,
 *         `evidence.pack.changed` (a file changed while it was copied), `base.*`
 */
HM_MUST hm_rc ev_pack_write(const struct ev_pack *pack, const char *path,
                            bool replace, struct hm_err *e);

void ev_pack_clear(struct ev_pack *pack);

/** Called for each line of a list. */
typedef hm_rc (*ev_list_line)(void *context, const char *name,
                              const char *sha256, struct hm_err *e);

/** Read SHA256SUMS, strictly: 64 hex digits, two blanks, a name, a newline.
 * @return HM_E_FORMAT `evidence.list.syntax`; what @p each said */
HM_MUST hm_rc ev_read_list(struct hm_bytes text, ev_list_line each,
                           void *context, struct hm_err *e);

#endif /* PACK_PRIV_H */
