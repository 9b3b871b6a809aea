/** @file
 * What the parts of hallmark-sign share.
 */
#ifndef SIGN_PRIV_H
#define SIGN_PRIV_H

#include <sys/types.h>

#include "hm_attest.h"
#include "hm_ceremony.h"
#include "hm_cli.h"
#include "hm_cms.h"
#include "hm_hsm.h"
#include "hm_request.h"

#define SIGN_PATH_MAX 1024u

/** The command line. */
struct sign_options {
    struct hm_hsm_where where;
    const char *key; /**< URI */
    const char *pin;
    const char *root;
    const char *authorisation;
    const char *statement;
    const char *output;
    const char *issue_time;
    const char *bytes;    /**< write what is to be signed elsewhere, or NULL */
    const char *attach;   /**< a signature that was made elsewhere, or NULL */
    const char *evidence; /**< write what is said of the key, or NULL */
    bool raw;             /**< it is r || s, not DER */
    bool accept_claims;   /**< sign with a key that its token speaks ill of */
    const char *cms;      /**< a file that is signed with X.509, or NULL */
    const char *certificate;
    struct hm_cli_list chain; /**< above the certificate, upwards */
    const char *purpose;
    bool rauc; /**< the file becomes a RAUC bundle */
    bool force;
    bool dry_run;
};

/** Documents that are signed as they are; everything else goes into a
 * Statement. */
enum sign_kind {
    SIGN_AUTHORISATION, /**< by root keys */
    SIGN_MANIFEST,      /**< by vendor keys */
    SIGN_CEREMONY       /**< by those that it names: root keys, and vendor keys
                             that were added */
};

/** Who may sign a document. */
struct sign_trust {
    struct hm_root root;                   /**< owned; n == 0: not read */
    struct hm_authorisation authorisation; /**< owned; keys_n == 0: not read */
};

#define SIGN_TRUST_INIT                                              \
    {                                                                \
        .root = HM_ROOT_INIT, .authorisation = HM_AUTHORISATION_INIT \
    }

void sign_trust_clear(struct sign_trust *t);

/** What was read of it, once for all documents that it is the same for. */
struct sign_trusts {
    struct sign_shared_trust *shared; /**< owned list */
};

/** The trust for documents of @p kind in @p folder, read when it is new:
 * root.json and, for a manifest, the authorisation; those named, else those
 * beside the document.
 *
 * @param[out] out  belongs to @p all
 * @return HM_E_USAGE `sign.root.missing` (an authorisation needs it);
 *         HM_E_REJECTED `trust.authorisation.expired` and
 *         `trust.authorisation.early` (by the clock, or o->issue_time); as
 *         hm_root_load() and hm_authorisation_load() */
HM_MUST hm_rc sign_trusts_find(struct sign_trusts *all,
                               const struct sign_options *o, const char *folder,
                               enum sign_kind kind,
                               const struct sign_trust **out, struct hm_err *e);

void sign_trusts_clear(struct sign_trusts *all);

/** The folder of the document that is worked on.  It stays open while documents
 * of the same folder follow each other, as they do when a thousand are signed. */
struct sign_folder {
    struct hm_dir dir; /**< owned */
    dev_t device;      /**< with inode: which one, however spelt */
    ino_t inode;
    char path[SIGN_PATH_MAX]; /**< with its slash; "." for a bare name */
};

#define SIGN_FOLDER_INIT               \
    {                                  \
        .dir = HM_DIR_INIT, .path = "" \
    }

/** Go to the folder of @p path.
 * @param[out] name  what is behind it, a view into @p path
 * @return HM_E_USAGE `sign.path.long`; HM_E_IO */
HM_MUST hm_rc sign_folder_enter(struct sign_folder *f, const char *path,
                                const char **name, struct hm_err *e);

void sign_folder_clear(struct sign_folder *f);

/** One document on its way. */
struct sign_document {
    const char *path;    /**< borrowed */
    const char *name;    /**< its last segment, a view into path */
    dev_t folder_device; /**< of the folder that holds it */
    ino_t folder_inode;
    enum sign_kind kind;
    bool is_request;     /**< path is a request; bytes are what it carries */
    struct hm_buf bytes; /**< owned: exactly what is signed */
    struct hm_buf sig;   /**< owned */
    const struct sign_trust *trust; /**< borrowed: see sign_trusts_find() */
    char sig_path[SIGN_PATH_MAX];
    enum hm_out_mode mode;
};

/** Split "DIR/NAME"; the folder of a bare name is ".".
 * @param[out] folder  holds SIGN_PATH_MAX bytes
 * @return HM_E_USAGE `sign.path.long` */
HM_MUST hm_rc sign_path_split(const char *path, char *folder, const char **name,
                              struct hm_err *e);

/** Read the authorisation that --authorisation names.  Without root it is not
 * verified: then it guards against mistakes, not against an attacker. */
HM_MUST hm_rc sign_trust_load_named(const struct sign_options *o,
                                    struct sign_trust *t, struct hm_err *e);

/** The i-th key that a signature of such a document could be of, or NULL: no
 * more; retired ones last, when they are wanted.  Its pkey may be NULL. */
const struct hm_public_key *sign_trust_candidate(const struct sign_document *d,
                                                 bool with_retired, size_t i);

/** May this key sign this document?  Gives the key as trust holds it.
 * @return HM_E_REJECTED `sign.key.stranger`, `trust.key.*`, `ceremony.*` */
HM_MUST hm_rc sign_trust_judge(const struct sign_document *d, const char *keyid,
                               const struct hm_public_key **pinned,
                               struct hm_err *e);

/** Replace the bytes of a request by the document that it asks to sign, after
 * everything that it says of it was made again.
 * @return as hm_request_read() */
HM_MUST hm_rc sign_request_open(struct sign_document *d, struct hm_err *e);

/** Write the exact bytes that a signer elsewhere signs: the document, or the
 * PAE of o->statement.
 * @param d  NULL for a Statement */
HM_MUST hm_rc sign_bytes_write(struct hm_cli *cli, const struct sign_options *o,
                               const struct sign_document *d, struct hm_err *e);

/** Write @p message to o->bytes, and say so.
 * @return HM_E_USAGE `base.out.exists`; HM_E_IO */
HM_MUST hm_rc sign_bytes_save(struct hm_cli *cli, const struct sign_options *o,
                              struct hm_bytes message, struct hm_err *e);

/** Load o->attach, in DER or as r || s.
 * @return HM_E_FORMAT `sign.attach.raw`; HM_E_LIMIT; HM_E_IO */
HM_MUST hm_rc sign_foreign_load(const struct sign_options *o,
                                struct hm_buf *sig, struct hm_err *e);

/** Is o->attach a signature of @p d by a key that may make it?  Fills d->sig
 * and where it goes.
 * @param[out] keyid  of that key
 * @return HM_E_REJECTED `sign.attach.stranger`; as sign_trust_judge() and
 *         sign_place_find() */
HM_MUST hm_rc sign_foreign_judge(const struct sign_options *o,
                                 struct sign_folder *folder,
                                 struct sign_document *d,
                                 char keyid[static HM_SHA256_HEX],
                                 struct hm_err *e);

/** The envelope of a Statement that o->attach signs.
 * @param[out] maker  the key that made it; belongs to @p t
 * @return HM_E_REJECTED `sign.attach.stranger` */
HM_MUST hm_rc sign_foreign_envelope(const struct sign_options *o,
                                    const struct sign_trust *t,
                                    struct hm_bytes statement,
                                    struct hm_buf *envelope,
                                    const struct hm_public_key **maker,
                                    struct hm_err *e);

/** Where the signature goes: the name that -o gives, else the first of NAME.sig
 * … NAME.sig.8 that is free; for a request NAME.KEYID.sig, with the first 16
 * digits of the key's id, so that signers on different machines never collide.
 * @return HM_E_REJECTED `sign.signature.twice` (this key signed already),
 *         `sign.signature.stale` (a file there fits no key); HM_E_USAGE
 *         `sign.output.same` (the evidence has that name); HM_E_LIMIT
 *         `sign.signature.count` */
HM_MUST hm_rc sign_place_find(const struct sign_options *o,
                              struct sign_folder *folder,
                              struct sign_document *d,
                              const struct hm_public_key *pinned,
                              struct hm_err *e);

/** Before a PIN is asked for, refuse what would be written over what is read,
 * and, unless --force, an output or a file of evidence that exists.
 * @return HM_E_USAGE `sign.output.same`, `base.out.exists` */
HM_MUST hm_rc sign_output_check(const struct hm_cli *cli,
                                const struct sign_options *o, struct hm_err *e);

/** Does the record of a ceremony say of the key what its token says now?
 * @return HM_E_REJECTED `sign.evidence.differs` */
HM_MUST hm_rc sign_evidence_check(struct hm_cli *cli,
                                  const struct sign_document *d,
                                  const struct hm_hsm_key *key,
                                  struct hm_err *e);

/** Write it where --evidence says; nothing without it. */
HM_MUST hm_rc sign_evidence_save(const struct sign_options *o,
                                 const struct hm_hsm_key *key,
                                 struct hm_err *e);

/** Open the module and find the key: logged in, or with --dry-run only its
 * public half.
 * @param with_module  have the claims tell the digest of the module
 * @return HM_E_REJECTED `crypto.key.published`, `hsm.claims.*` unless
 *         o->accept_claims */
HM_MUST hm_rc sign_key_open(struct hm_cli *cli, const struct sign_options *o,
                            bool with_module, struct hm_hsm *hsm,
                            struct hm_hsm_key *key, struct hm_err *e);

HM_MUST hm_rc sign_documents_run(struct hm_cli *cli,
                                 const struct sign_options *o,
                                 struct hm_err *e);
HM_MUST hm_rc sign_statement_run(struct hm_cli *cli,
                                 const struct sign_options *o,
                                 struct hm_err *e);

/** Sign o->cms with a key of role x509 and its certificate; or write what is to be
 * signed elsewhere, or take what was.
 * @return HM_E_USAGE `sign.cms.options`, `sign.cms.chain`; HM_E_REJECTED
 *         `sign.key.root`, `trust.*`, `x509.*`; as hm_hsm_sign() */
HM_MUST hm_rc sign_cms_run(struct hm_cli *cli, const struct sign_options *o,
                           struct hm_err *e);

#endif /* SIGN_PRIV_H */
