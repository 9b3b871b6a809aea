/** @file
 * The evidence pack: what a repository shows about seven claims, with every
 * file that the claims rest on and a script that repeats the checks.
 *
 * The pack is made from nothing but the repository, root.json and what was
 * handed in, so the same inputs give the same bytes: no clock, no host name.
 * Each document is judged as of the time it was issued, so that an expired
 * manifest and a rotated key still audit.
 *
 * What is not done here: whether a product meets the law is not judged; what
 * was handed in is carried, not examined; times are those that the signed
 * documents state, which nothing independent confirms.
 *
 * @source design.md "Words", "What must never happen"; ENISA Technical Advisory
 *         on Secure Update Mechanisms (draft, May 2026), closing table;
 *         Regulation (EU) 2024/2847
 */
#ifndef HM_EVIDENCE_H
#define HM_EVIDENCE_H

#include "hm_file.h"
#include "hm_json.h"

#define HM_EVIDENCE_FORMAT          "hallmark-evidence/1"
#define HM_EVIDENCE_ATTACHMENTS_MAX 64u

/** What is known about one piece of evidence. */
enum hm_evidence_status {
    HM_EVIDENCE_PROVEN,        /**< checked here; verify.sh repeats its
                                     digests and signatures */
    HM_EVIDENCE_ATTACHED,      /**< handed in; content not examined */
    HM_EVIDENCE_ABSENT,        /**< not handed in, or not shown */
    HM_EVIDENCE_NOT_APPLICABLE /**< with the reason */
};

/** "proven", "attached", "absent", "not-applicable" */
const char *hm_evidence_status_name(enum hm_evidence_status status);

/** A file that a person hands in for one of hm_evidence_kinds(). */
struct hm_evidence_attachment {
    const char *kind;
    const char *path;
};

/** Words that an attachment's kind may be, separated by one blank. */
const char *hm_evidence_kinds(void);

struct hm_evidence_request {
    const char *repository; /**< path of the published repository */
    const char *root;       /**< path of root.json, the trust anchor */
    const char *output;     /**< folder to make */
    bool replace;           /**< an evidence pack may be there already */
    bool dry_run;           /**< check and make everything, write nothing */
    const struct hm_evidence_attachment *attachment; /**< borrowed */
    size_t n_attachment; /**< at most HM_EVIDENCE_ATTACHMENTS_MAX */
};

#define HM_EVIDENCE_CLAIMS 7u

/** What became of one claim: how many pieces of evidence have which status. */
struct hm_evidence_claim {
    const char *id;    /**< static, e.g. "recoverable" */
    const char *title; /**< static, one sentence */
    unsigned count[4]; /**< by enum hm_evidence_status */
};

struct hm_evidence_summary {
    struct hm_evidence_claim claim[HM_EVIDENCE_CLAIMS];
    hm_time as_of;
    size_t releases, manifests, keys, files, signatures;
    size_t withheld; /**< private files of releases that are known by digest
                          alone: not in the repository */
    uint8_t list_sha256[32]; /**< of SHA256SUMS: names the whole pack */
};

/** Make the pack.
 *
 * The time in it is SOURCE_DATE_EPOCH, else the timestamp of the newest
 * published manifest.
 *
 * A file of a release that its index does not call public may be missing from
 * the repository: the pack lists it as withheld, and what rests on every file
 * being there is absent.
 *
 * @return HM_E_USAGE `evidence.attach.kind`, `evidence.attach.name` (a file
 *         name that Hallmark documents cannot hold), `evidence.attach.twice`,
 *         `evidence.pack.name`, `evidence.pack.inside` (the pack would lie in
 *         the repository), `base.out.exists`, `base.time.epoch`, and what
 *         the reader of root.json says;
 *         HM_E_REJECTED `evidence.repository.empty` (nothing was published),
 *         `evidence.repository.product` (two products in one repository),
 *         `evidence.repository.stranger` (a file that is no part of it),
 *         `evidence.history.order` (a manifest is not above the one before),
 *         `evidence.history.rollback` (a rollback counter fell),
 *         `evidence.history.release` (a manifest without its release),
 *         `evidence.key.retired` (signed after the key was retired),
 *         or the first check of lib/verify that says no, with its reason;
 *         HM_E_LIMIT `evidence.pack.files`; HM_E_IO `evidence.pack.busy`,
 *         `evidence.pack.write`, `evidence.pack.changed`, `base.*`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_evidence_build(const struct hm_evidence_request *request,
                                struct hm_evidence_summary *out,
                                struct hm_err *e);

/** Make the pack at @p path again from the repository inside it, and compare
 * every byte: verify.sh, the page and the index included.
 *
 * @param root  path of a root.json to hold it against; NULL: the one inside
 * @return HM_E_REJECTED `evidence.pack.root` (another root),
 *         `evidence.pack.differs` (a file is not what it must be),
 *         `evidence.pack.missing`, `evidence.pack.extra`; HM_E_FORMAT
 *         `evidence.pack.format` (no evidence pack); and what
 *         hm_evidence_build() says of the repository
 */
HM_MUST hm_rc hm_evidence_verify(const char *path, const char *root,
                                 struct hm_evidence_summary *out,
                                 struct hm_err *e);

enum hm_evidence_change {
    HM_EVIDENCE_ADDED,
    HM_EVIDENCE_REMOVED,
    HM_EVIDENCE_CHANGED
};

/** Called for each difference.
 * @param what  "file" or "evidence"
 * @param name  file name, or CLAIM/EVIDENCE
 * @param from, to  digests or statuses; "" where there is none */
typedef hm_rc (*hm_evidence_tell)(void *context, enum hm_evidence_change change,
                                  const char *what, const char *name,
                                  const char *const from_to[2],
                                  struct hm_err *e);

/** Name what changed from pack @p a to pack @p b: statuses first, then files by
 * the digests of SHA256SUMS, in the order of names.  The packs themselves are
 * not verified.
 *
 * @return HM_E_FORMAT `evidence.pack.format`, `evidence.list.syntax`, `json.*`;
 *         HM_E_IO; what @p tell said
 */
HM_MUST hm_rc hm_evidence_compare(const char *a, const char *b,
                                  hm_evidence_tell tell, void *context,
                                  struct hm_err *e);

#endif /* HM_EVIDENCE_H */
