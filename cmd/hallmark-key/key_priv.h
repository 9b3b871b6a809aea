/** @file
 * What the verbs of hallmark-key share.
 */
#ifndef KEY_PRIV_H
#define KEY_PRIV_H

#include "hm_cli.h"
#include "hm_hsm.h"
#include "hm_request.h"
#include "hm_x509.h"

/* One options table and one function for each verb. */
extern const struct hm_opt key_token_init_opts[];
hm_rc key_token_init_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_generate_opts[];
hm_rc key_generate_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_export_opts[];
hm_rc key_export_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_list_opts[];
hm_rc key_list_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_doctor_opts[];
hm_rc key_doctor_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_probe_opts[];
hm_rc key_probe_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_show_opts[];
hm_rc key_show_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_csr_opts[];
hm_rc key_csr_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_certify_opts[];
hm_rc key_certify_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_root_opts[];
hm_rc key_root_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_authorise_opts[];
hm_rc key_authorise_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_rotate_opts[];
hm_rc key_rotate_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_revoke_opts[];
hm_rc key_revoke_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_prepare_opts[];
hm_rc key_prepare_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_review_opts[];
hm_rc key_review_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_rehearse_opts[];
hm_rc key_rehearse_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_apply_opts[];
hm_rc key_apply_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_ceremony_make_opts[];
hm_rc key_ceremony_make_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt key_ceremony_check_opts[];
hm_rc key_ceremony_check_run(struct hm_cli *cli, struct hm_err *e);

/** Rows of an option table: where the token lies. */
#define KEY_WHERE(to)                                                   \
    {"module",                                                          \
     'm',                                                               \
     HM_OPT_VALUE,                                                      \
     false,                                                             \
     &(to).module,                                                      \
     "PATH",                                                            \
     "PKCS#11 module (default: SoftHSM's)"},                            \
        {"softhsm",     0,     HM_OPT_VALUE,   false,                   \
         &(to).softhsm, "DIR", "SoftHSM store"},                        \
    {                                                                   \
        "nss", 0, HM_OPT_VALUE, false, &(to).nss, "DIR", "NSS database" \
    }

/** Read an operand as PKCS#11 URI. */
HM_MUST hm_rc key_uri_read(const char *text, struct hm_hsm_uri *uri,
                           struct hm_err *e);

/** Is the operand a URI (and not a file)? */
bool key_is_uri(const char *text);

/** hm_hsm_open(), and what there is to note as a warning. */
HM_MUST hm_rc key_hsm_open(struct hm_cli *cli, struct hm_hsm *hsm,
                           const struct hm_hsm_where *where,
                           enum hm_hsm_mode mode, struct hm_err *e);

/** hm_hsm_login(), and what there is to note as a warning. */
HM_MUST hm_rc key_hsm_login(struct hm_cli *cli, struct hm_hsm *hsm,
                            const struct hm_hsm_uri *uri,
                            const struct hm_hsm_pin *pin, struct hm_err *e);

/** Load one public key in PEM. */
HM_MUST hm_rc key_pem_load(const char *path, struct hm_public_key *key,
                           struct hm_err *e);

/** The canonical URI of a key or token, NUL-terminated in @p to. */
HM_MUST hm_rc key_uri_text(const struct hm_hsm_uri *uri, struct hm_buf *to,
                           struct hm_err *e);

/** A key and what is claimed of it, as text for people. */
void key_say(const struct hm_cli *cli, const struct hm_hsm_key *key,
             const char *uri);

/** Both: the whole result of a verb about one key. */
HM_MUST hm_rc key_report(struct hm_cli *cli, const struct hm_hsm_key *key,
                         struct hm_err *e);

#define KEY_SPELLING 80 /**< room for one of them */

/** How others name a key; never used for trust. */
struct key_spellings {
    char sigstore[KEY_SPELLING]; /**< bundle hint: base64 of the key id */
    char ssh[KEY_SPELLING];      /**< fingerprint, "SHA256:..." */
    char tuf[KEY_SPELLING];      /**< key id; empty for RSA */
    char ski[KEY_SPELLING];      /**< subject key identifier, hex */
};

/** @return HM_E_INTERNAL `key.show.digest`; HM_E_NOMEM
 *  @source RFC 4253 6.6, RFC 5656 3.1; TUF 1.0.34 4.2; hm_x509_ski() */
HM_MUST hm_rc key_spell(const struct hm_public_key *key,
                        struct key_spellings *to, struct hm_err *e);

/** The result of a rehearsal: the key that the verb's operand would name. */
HM_MUST hm_rc key_report_rehearsed(struct hm_cli *cli, enum hm_scheme scheme,
                                   struct hm_err *e);

/** What authorise, rotate and revoke are asked to do: all make the next
 * authorisation from the one before. */
struct key_change {
    enum hm_request_act act;
    const char *by;          /**< who asks; prepare only */
    const char *why;         /**< ticket or reason; prepare only */
    const char *root;        /**< path of root.json */
    const char *from;        /**< the one before, or NULL: the first */
    struct hm_cli_list keys; /**< ROLE=PEM */
    struct hm_cli_list products;
    struct hm_cli_list require; /**< roles */
    struct hm_cli_list claims;  /**< files that 'show --json' printed */
    struct hm_cli_list retire;  /**< PEM or key id */
    enum hm_retire_reason reason;
    const char *since;      /**< when the key was stolen or lost; NULL: now */
    const char *repository; /**< where to look for what a key signed; or NULL */
    const char *cohorts;    /**< hallmark-cohorts/1; NULL: of the repository */
    const char *incident;   /**< where to write the record, or NULL */
    const char *valid_until;
    const char *days;
    const char *max_counter;
    const char *epoch;
    const char *sequence;    /**< NULL: the one before plus one */
    const char *skip_reason; /**< why sequence leaves numbers out, or NULL */
    const char *issue_time;
    const char *sign; /**< URI of a root key, or NULL: signed later */
    const char *pin;
    struct hm_hsm_where where;
    const char *output;
    bool refuse_software; /**< new keys need claims, and good ones */
    bool accept_claims;   /**< sign with a key that its token speaks ill of */
    bool force;
    bool dry_run;
};

HM_MUST hm_rc key_change_run(struct hm_cli *cli, const struct key_change *c,
                             struct hm_err *e);

/** The next authorisation on its way; too large for a stack. */
struct key_next {
    struct hm_root root;             /**< owned */
    struct hm_authorisation a;       /**< owned: the next one */
    struct hm_buf before;            /**< owned: the one in force, or empty */
    struct hm_signatures signatures; /**< owned: of the one in force */
    struct hm_authorised_key like;   /**< owned: products and window of new
                                          keys */
};

/** @return NULL when there is no memory */
struct key_next *key_next_new(void);
void key_next_free(struct key_next **w);
#define OWN_KEY_NEXT __attribute__((cleanup(key_next_free))) struct key_next

/** Make the next authorisation; the one in force is verified first.
 * @return HM_E_USAGE `key.option.*`; HM_E_REJECTED `key.epoch.lower`,
 *         `key.sequence.skipped`; HM_E_USAGE `key.sequence.reason`; HM_E_LIMIT `key.sequence.end`; as
 *         hm_root_load(), hm_authorisation_load() and the calls that edit it */
HM_MUST hm_rc key_next_make(const struct key_change *c, struct key_next *w,
                            struct hm_err *e);

/** Are the claims good enough for a key that devices will trust?
 * @return HM_E_REJECTED `key.claims.refused` */
HM_MUST hm_rc key_claims_check(const struct hm_token_claims *claims,
                               const char *pem, struct hm_err *e);

/** Warn of keys that end before the authorisation does. */
void key_warn_ends(const struct hm_cli *cli, const struct hm_authorisation *a);

/** Warn of a key that everybody has. */
void key_warn_published(const struct hm_cli *cli,
                        const struct hm_public_key *key);

/** Warn of products for which nothing can be released. */
HM_MUST hm_rc key_warn_idle(const struct hm_cli *cli,
                            const struct hm_authorisation *a, struct hm_err *e);

/** The key id that an operand means: 64 hex digits, or a PEM file. */
HM_MUST hm_rc key_id_find(const char *text, char keyid[static HM_SHA256_HEX],
                          struct hm_err *e);

/** "DIR/NAME" to its folder, opened, and its name (borrowed from path).
 * @return HM_E_USAGE `key.option.path`; HM_E_IO */
HM_MUST hm_rc key_folder_open(const char *path, struct hm_dir *dir,
                              const char **name, struct hm_err *e);

/** Load an authorisation's bytes and its signature files, unverified. */
HM_MUST hm_rc key_signed_load(const char *path, struct hm_buf *bytes,
                              struct hm_signatures *sigs, struct hm_err *e);

/** From one authorisation to the next; all borrowed. */
struct key_step {
    const struct hm_root *root;
    struct hm_bytes before, after; /**< bytes of both */
};

/** Tell what the key that goes has signed and whom the next authorisation still
 * reaches; nothing unless the change names a repository.  Nothing is written.
 * @param[out] record  what key_incident_save() writes; HM_INCIDENT_BYTES_MAX
 * @return HM_E_USAGE `key.incident.many`, `key.incident.none`,
 *         `key.incident.output`; as hm_incident_find() and
 *         hm_incident_judge() */
HM_MUST hm_rc key_incident(struct hm_cli *cli, const struct key_change *c,
                           const struct key_step *step, struct hm_buf *record,
                           struct hm_err *e);

/** Refuse what key_incident_save() would refuse, before a PIN is asked for. */
HM_MUST hm_rc key_incident_check(const struct key_change *c, struct hm_err *e);

/** Write the record where --incident says; nothing without it.
 * @return HM_E_USAGE `base.out.exists`; HM_E_IO */
HM_MUST hm_rc key_incident_save(const struct key_change *c,
                                struct hm_bytes record, struct hm_err *e);

/** Write a request for the change instead of the authorisation. */
HM_MUST hm_rc key_prepare(struct hm_cli *cli, const struct key_change *c,
                          struct hm_err *e);

/** A request on its way; too large for a stack. */
struct key_asked {
    struct hm_root root;            /**< owned */
    struct hm_request request;      /**< owned */
    struct hm_signatures given;     /**< owned: handed in, by whomever */
    uint8_t sha256[HM_SHA256_SIZE]; /**< of the document to sign */
};

struct key_asked *key_asked_new(void);
void key_asked_free(struct key_asked **asked);
#define OWN_KEY_ASKED __attribute__((cleanup(key_asked_free))) struct key_asked

/** Load a request and all that it says.
 * @param request  "-": standard input, which can be read once
 * @return as hm_root_load(), hm_request_read() */
HM_MUST hm_rc key_asked_load(struct key_asked *asked, const char *request,
                             const char *root, struct hm_err *e);

/** Does the request change the authorisation that lies at @p from?  Two people
 * may prepare a change of the same one; who comes second would undo what the
 * first did.
 * @return HM_E_REJECTED `key.request.stale`; HM_E_IO */
HM_MUST hm_rc key_asked_check(const struct key_asked *asked, const char *from,
                              struct hm_err *e);

/** Split "NAME=REST" of option @p option at its first "=".
 * @return HM_E_USAGE `key.option.pair` */
HM_MUST hm_rc key_pair_split(const char *option, const char *text,
                             char name[static HM_TRUST_TEXT], const char **rest,
                             struct hm_err *e);

/** A plain number of an option, min..max.
 * @return HM_E_USAGE `key.option.number` */
HM_MUST hm_rc key_number_read(const char *option, const char *text,
                              uint64_t min, uint64_t max, uint64_t *out,
                              struct hm_err *e);

/** The end that --valid-until or --days N gives; one of them must.
 * @return HM_E_USAGE `key.option.validity`, `key.option.number`,
 *         `base.time.syntax` */
HM_MUST hm_rc key_end_find(const char *days, const char *until, hm_time now,
                           hm_time *end, struct hm_err *e);

/** Claims of @p keyid among the files; unknown when no file is about it.
 * @return HM_E_USAGE `json.*` */
HM_MUST hm_rc key_claims_find(const struct hm_cli_list *files,
                              const char *keyid, struct hm_token_claims *to,
                              struct hm_err *e);

/** Does the token speak well of the key that is to sign?  What it does not say is
 * warned of; so is, with @p accept, what would be refused.
 * @return as hm_hsm_claims_check() */
HM_MUST hm_rc key_check_token(struct hm_cli *cli, bool accept,
                              const struct hm_hsm_key *key, struct hm_err *e);

/** Sign with the root key that --sign names.
 * @return HM_E_REJECTED `key.sign.stranger`, `hsm.claims.*`; as hm_hsm_sign() */
HM_MUST hm_rc key_change_sign(struct hm_cli *cli, const struct key_change *c,
                              const struct hm_root *root,
                              struct hm_bytes document, struct hm_buf *sig,
                              struct hm_err *e);

/** A key that signs something of X.509, on its token. */
struct key_signer {
    struct hm_hsm hsm;     /**< owned */
    struct hm_hsm_key key; /**< owned */
};

#define KEY_SIGNER_INIT                            \
    {                                              \
        .hsm = HM_HSM_INIT, .key = HM_HSM_KEY_INIT \
    }

/** Which key, all borrowed. */
struct key_named {
    const struct hm_hsm_where *where;
    const char *uri;
    const char *pin;    /**< SOURCE; NULL: the URI's */
    bool dry_run;       /**< no PIN: only the public half is found */
    bool accept_claims; /**< sign although the token speaks ill of it */
};

/** Log in and find the key.
 * @return also HM_E_REJECTED `crypto.key.published`; as key_check_token() */
HM_MUST hm_rc key_signer_open(struct hm_cli *cli, struct key_signer *s,
                              const struct key_named *named, struct hm_err *e);

/** Sign @p tbs and join both to DER.
 * @param pinned    as hm_hsm_sign()
 * @param[out] der  cleared, then filled */
HM_MUST hm_rc key_signer_join(struct key_signer *s,
                              const struct hm_public_key *pinned,
                              struct hm_bytes tbs, struct hm_buf *der,
                              struct hm_err *e);

void key_signer_clear(struct key_signer *s);

/** Whatever --force says, what is read stays.
 * @param read  @p n paths; NULL: not given
 * @return HM_E_USAGE `key.output.same` (@p output is one of them) */
HM_MUST hm_rc key_output_keeps(const char *output, const char *const *read,
                               size_t n, struct hm_err *e);

#endif /* KEY_PRIV_H */
