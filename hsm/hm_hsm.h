/** @file
 * PKCS#11: find one token, log in once, find one key, sign, verify what was
 * signed.  The only room that loads a module and the only one that sees a PIN.
 *
 * What a module says about a key (struct hm_hsm_claims) is a claim of the
 * module; nothing here proves that a key cannot leave its token.
 *
 * Every failure of a token, module or PIN is HM_E_TOKEN (exit 4); a wrong URI
 * or PIN source is HM_E_USAGE.  Any call of the module that fails closes the
 * session: nothing is retried, least of all a PIN.
 *
 * @source OASIS PKCS#11 2.40; RFC 7512
 */
#ifndef HM_HSM_H
#define HM_HSM_H

#include "hm_crypto.h"
#include "hm_json.h"

/** The module used when the caller names none; the one of NSS databases. */
#define HM_HSM_MODULE_DEFAULT "/usr/lib/softhsm/libsofthsm2.so"
#define HM_HSM_MODULE_NSS     "/usr/lib/x86_64-linux-gnu/libsoftokn3.so"

/** The one token of an NSS database; its label cannot be chosen. */
#define HM_HSM_NSS_TOKEN "NSS Certificate DB"

#define HM_HSM_URI_MAX    1024u /**< longest URI text, in bytes */
#define HM_HSM_LABEL_SIZE 33    /**< token label, manufacturer; NUL included */
#define HM_HSM_SHORT_SIZE 17    /**< serial, model; NUL included */
#define HM_HSM_OBJECT_MAX 128   /**< longest CKA_LABEL, in bytes */
#define HM_HSM_ID_MAX     64    /**< longest CKA_ID, in bytes */
#define HM_HSM_SOURCE_MAX 255   /**< longest pin-source, in bytes */

/** What a PKCS#11 URI asks for.  An empty member was not given. */
struct hm_hsm_uri {
    char token[HM_HSM_LABEL_SIZE];
    char manufacturer[HM_HSM_LABEL_SIZE];
    char serial[HM_HSM_SHORT_SIZE];
    char model[HM_HSM_SHORT_SIZE];
    char object[HM_HSM_OBJECT_MAX + 1]; /**< CKA_LABEL */
    uint8_t id[HM_HSM_ID_MAX];          /**< CKA_ID */
    size_t id_n;
    char pin_source[HM_HSM_SOURCE_MAX + 1];
};

/** Read a PKCS#11 URI, strictly.
 *
 *     pkcs11:token=acme-root;object=root-2026?pin-source=file:/run/pin
 *
 * Taken: token, serial, manufacturer, model, object, id, type (public or
 * private) in the path, pin-source in the query, each at most once and not
 * empty.  Refused rather than skipped: anything else, because an attribute
 * that is dropped widens what the URI matches.
 *
 * @return HM_E_USAGE `hsm.uri.syntax` (scheme, empty segment, bad
 *         percent-encoding, letter that must be encoded, control character,
 *         NUL, invalid UTF-8), `hsm.uri.unknown` (attribute not taken),
 *         `hsm.uri.duplicate`, `hsm.uri.long`, `hsm.uri.secret` (pin-value),
 *         `hsm.uri.module` (module-path, module-name), `hsm.uri.type`
 * @source RFC 7512 2.3; reference p11-kit behaviour is deliberately not copied
 */
HM_MUST hm_rc hm_hsm_uri_read(struct hm_hsm_uri *uri, struct hm_bytes text,
                              struct hm_err *e);

/** Append @p uri in one canonical spelling; hm_hsm_uri_read() takes it. */
HM_MUST hm_rc hm_hsm_uri_write(const struct hm_hsm_uri *uri, struct hm_buf *to,
                               struct hm_err *e);

#define HM_HSM_PIN_MIN 4u   /**< shortest PIN, in bytes */
#define HM_HSM_PIN_MAX 255u /**< longest PIN, in bytes */

/** A PIN.  Lives in OpenSSL's secure heap only and is wiped with its scope. */
struct hm_hsm_pin {
    char *p; /**< owned; HM_HSM_PIN_MAX + 2 bytes of secure heap; no NUL */
    size_t n;
    bool is_locked; /**< false: the memory could not be kept out of swap */
};

#define HM_HSM_PIN_INIT   \
    {                     \
        .p = NULL, .n = 0 \
    }

/** Read a PIN from where @p source says:
 *
 *     fd:N             descriptor N, read to its end
 *     file:PATH        regular file of the caller or root, nobody else may
 *                      read it, one link, not a symbolic link
 *     credential:NAME  file NAME of $CREDENTIALS_DIRECTORY (systemd)
 *     tty              asked on the terminal, not shown
 *
 * 4 to 255 bytes; one newline at the end is dropped; control characters are
 * refused, because they are a wrong file and would cost a try.  From here on
 * the process leaves no core and cannot be traced by its user.
 *
 * @return HM_E_USAGE `hsm.pin.source` (not such a source), `hsm.pin.tty` (no
 *         terminal); HM_E_TOKEN `hsm.pin.file` (who may read it, links, kind),
 *         `hsm.pin.length`, `hsm.pin.syntax`, `hsm.pin.interrupted`;
 *         HM_E_IO `hsm.pin.read`; HM_E_NOMEM `hsm.pin.memory`
 */
HM_MUST hm_rc hm_hsm_pin_read(struct hm_hsm_pin *pin, const char *source,
                              struct hm_err *e);

/** Is @p source written as one?  Nothing is read.
 * @return HM_E_USAGE `hsm.pin.source` */
HM_MUST hm_rc hm_hsm_pin_check_source(const char *source, struct hm_err *e);

/** hm_hsm_pin_read() from @p source, or from the pin-source of @p uri when
 * source is NULL.
 * @return HM_E_USAGE `hsm.pin.none` (neither is given), `hsm.pin.twice` (both) */
HM_MUST hm_rc hm_hsm_pin_find(struct hm_hsm_pin *pin,
                              const struct hm_hsm_uri *uri, const char *source,
                              struct hm_err *e);

/** A PIN of 32 random letters and digits, more than 128 bits. */
HM_MUST hm_rc hm_hsm_pin_random(struct hm_hsm_pin *pin, struct hm_err *e);

/** Wipe. */
void hm_hsm_pin_clear(struct hm_hsm_pin *pin);

/** Three-valued, because modules may not know. */
enum hm_hsm_claim { HM_HSM_UNKNOWN, HM_HSM_NO, HM_HSM_YES };

/** "unknown", "no" or "yes". */
const char *hm_hsm_claim_name(enum hm_hsm_claim claim);

#define HM_HSM_VERSION_SIZE 8 /**< "255.255" and NUL */

/** What the module says of a token and of one private key on it.  What concerns
 * the private key is unknown until hm_hsm_find_key() saw it. */
struct hm_hsm_claims {
    char module[256];                     /**< path of the module */
    char module_sha256[HM_SHA256_HEX];    /**< of its file; "": see
                                               hm_hsm_digest_module() */
    char library[HM_HSM_LABEL_SIZE + 16]; /**< who made it, and version */
    char token[HM_HSM_LABEL_SIZE];
    char manufacturer[HM_HSM_LABEL_SIZE];
    char serial[HM_HSM_SHORT_SIZE];
    char model[HM_HSM_SHORT_SIZE];
    char hardware[HM_HSM_VERSION_SIZE]; /**< its version, of the token */
    char firmware[HM_HSM_VERSION_SIZE]; /**< its version, of the token */
    bool is_software; /**< a file with a PIN: no hardware protects the key */
    enum hm_hsm_claim hardware_slot;      /**< CKF_HW_SLOT */
    enum hm_hsm_claim hardware_mechanism; /**< CKF_HW of what it signs with */
    char key_gen_mechanism[32]; /**< "CKM_EC_KEY_PAIR_GEN", "0x…", "unknown" */
    enum hm_hsm_claim local;
    enum hm_hsm_claim sensitive;
    enum hm_hsm_claim always_sensitive;
    enum hm_hsm_claim extractable;
    enum hm_hsm_claim never_extractable;
    enum hm_hsm_claim decrypt; /**< what else it may be used for */
    enum hm_hsm_claim unwrap;
    enum hm_hsm_claim wrap;
    enum hm_hsm_claim derive;
    /* What was tried when the key was made; unknown for every other key. */
    enum hm_hsm_claim changeable; /**< the module let these be written */
    enum hm_hsm_claim copyable;   /**< it copied the key as one that leaves */
};

struct hm_hsm_key;

/** Does the token claim that the key does more than sign?  What an RSA key
 * decrypts or unwraps may be a signature of it.  Of EC keys, tokens say yes to
 * both unless asked not to, and it says nothing; deriving is another matter. */
bool hm_hsm_does_more(const struct hm_hsm_key *key);

/** Is it a key that may sign, as far as its token says?  What the token does not
 * say is no reason to refuse: hm_hsm_claims_silent().
 * @return HM_E_REJECTED `hsm.claims.extractable` (extractable is yes, or
 *         sensitive is no), `hsm.claims.usage` (it does more than sign) */
HM_MUST hm_rc hm_hsm_claims_check(const struct hm_hsm_key *key,
                                  struct hm_err *e);

/** Does the token not say whether the key can leave it? */
bool hm_hsm_claims_silent(const struct hm_hsm_claims *claims);

/** A key pair on a token. */
struct hm_hsm_key {
    struct hm_public_key public_key;
    struct hm_hsm_uri uri; /**< token, serial, object, id as found */
    struct hm_hsm_claims claims;
    unsigned long handle; /**< private key object; 0: public part only */
};

#define HM_HSM_KEY_INIT                               \
    {                                                 \
        .public_key = HM_PUBLIC_KEY_INIT, .handle = 0 \
    }

void hm_hsm_key_clear(struct hm_hsm_key *key);

#define HM_HSM_CLAIMS 13u
#define HM_HSM_KEY_CLAIMS \
    11u /**< of them are the key's; the rest the token's */

struct hm_hsm_claim_line {
    const char *name; /**< static, as documents write it */
    enum hm_hsm_claim claim;
};

/** What is claimed of the private key and then of the token, in the order in
 * which it is told. */
void hm_hsm_claim_lines(const struct hm_hsm_claims *c,
                        struct hm_hsm_claim_line to[static HM_HSM_CLAIMS]);

/** Put uri, keyid, scheme and token (the claims) of a key into the object that
 * is open: what hallmark-key show --json prints, and what --claims and
 * --evidence take.
 * @return HM_E_NOMEM; what the writer says is told by hm_json_finish() */
HM_MUST hm_rc hm_hsm_put_key(struct hm_json_writer *w,
                             const struct hm_hsm_key *key, struct hm_err *e);

/** Which module, and which directory its tokens lie in. */
struct hm_hsm_where {
    const char *module;  /**< absolute path; NULL: HM_HSM_MODULE_DEFAULT, or
                              with nss HM_HSM_MODULE_NSS */
    const char *softhsm; /**< directory of one SoftHSM token store, or NULL: the
                              one that SOFTHSM2_CONF names */
    const char *nss;     /**< directory of an NSS database, or NULL */
};

enum hm_hsm_mode {
    HM_HSM_USE,      /**< sign, read; a SoftHSM store is never changed */
    HM_HSM_PROVISION /**< what is made is kept by hm_hsm_commit() */
};

struct hsm_state;

/** A loaded module, at most one token logged in. */
struct hm_hsm {
    struct hsm_state *state; /**< owned */
};

#define HM_HSM_INIT   \
    {                 \
        .state = NULL \
    }

/** Load a module and initialise it.  One at a time in a process.
 *
 * A SoftHSM store's lock is held until hm_hsm_clear(), the module works on a
 * private copy in memory (SoftHSM truncates its token file at every login, so
 * that a kill would destroy it), and a token file found damaged is restored
 * from the saved copy first.  A store that other tools made and that
 * SOFTHSM2_CONF names is locked and copied as well; what is made is put into it
 * file by file.
 *
 * An NSS database guards itself, being an SQLite one.  HM_HSM_PROVISION makes
 * it when where->nss is an empty or missing directory.
 *
 * @return HM_E_USAGE `hsm.where.twice` (softhsm and nss); HM_E_TOKEN
 *         `hsm.nss.missing` (no database there, HM_HSM_USE), `hsm.nss.path`
 *         (a letter that NSS cannot take); `hsm.module.path` (not absolute, no
 *         regular file, not the caller's or root's, others may write it),
 *         `hsm.module.load`, `hsm.module.kind` (no PKCS#11
 *         module), `hsm.call.failed`, `hsm.nss.module` (the
 *         module takes no NSS database, or wants one); HM_E_TOKEN
 *         `hsm.softhsm.missing` (no such
 *         store, HM_HSM_USE), `hsm.softhsm.busy` (locked for a minute),
 *         `hsm.softhsm.damaged` (and no saved copy); HM_E_IO, HM_E_NOMEM
 */
HM_MUST hm_rc hm_hsm_open(struct hm_hsm *hsm, const struct hm_hsm_where *where,
                          enum hm_hsm_mode mode, struct hm_err *e);

/** Something the user should know although nothing failed, in one line
 * (restored token file, wrong PIN entered before, PIN memory not locked, a slot
 * that did not answer hm_hsm_list()); empty when there is nothing. */
const char *hm_hsm_note(const struct hm_hsm *hsm);

/** Have the claims of every key that is found from here on tell the digest of
 * the module's file, the one behind links.  Not done always, because a module may
 * be large.
 * @return HM_E_IO */
HM_MUST hm_rc hm_hsm_digest_module(struct hm_hsm *hsm, struct hm_err *e);

/** Keep what was made: with where->softhsm the private copy is checked,
 * written beside the store, synced and swapped in by one rename; a kill leaves
 * the old or the new store.  The session is over afterwards.
 * @return HM_E_IO; HM_E_TOKEN `hsm.softhsm.damaged` */
HM_MUST hm_rc hm_hsm_commit(struct hm_hsm *hsm, struct hm_err *e);

/** End sessions, finalise the module, remove the private copy, unlock. */
void hm_hsm_clear(struct hm_hsm *hsm);

/** Find the one token that @p uri names and log in, once.
 *
 * @return HM_E_USAGE `hsm.uri.token` (names neither token nor serial);
 *         HM_E_TOKEN `hsm.token.missing`, `hsm.token.ambiguous` (the text lists
 *         the tokens seen), `hsm.pin.incorrect`, `hsm.pin.locked`,
 *         `hsm.pin.length` (not one that the token takes: not tried),
 *         `hsm.pin.final` (the next wrong PIN would lock it: not tried),
 *         `hsm.pin.unset`, `hsm.session.shared` (somebody is logged in),
 *         `hsm.call.failed`, `hsm.token.removed`
 */
HM_MUST hm_rc hm_hsm_login(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                           const struct hm_hsm_pin *pin, struct hm_err *e);

/** Would hm_hsm_login() try the PIN?  It is not asked for, and no try is used.
 * @return `hsm.uri.token`, `hsm.token.*`, `hsm.pin.locked`, `hsm.pin.final`,
 *         `hsm.pin.unset` of hm_hsm_login() */
HM_MUST hm_rc hm_hsm_login_check(struct hm_hsm *hsm,
                                 const struct hm_hsm_uri *uri,
                                 struct hm_err *e);

/** Does the token that @p uri names say that it signs with @p scheme?
 * @return HM_E_TOKEN `hsm.mechanism.missing`; `hsm.token.*` of hm_hsm_login()
 * @source PKCS#11 2.40 5.5, C_GetMechanismInfo */
HM_MUST hm_rc hm_hsm_scheme_check(struct hm_hsm *hsm,
                                  const struct hm_hsm_uri *uri,
                                  enum hm_scheme scheme, struct hm_err *e);

/** Find exactly one private key on the token logged in, and its public key.
 *
 * @return HM_E_USAGE `hsm.uri.object` (names neither object nor id);
 *         HM_E_TOKEN `hsm.key.missing`, `hsm.key.ambiguous` (the text lists
 *         them), `hsm.key.public` (no public key object beside it),
 *         `hsm.key.kind`, `hsm.key.reauthenticate` (wants its PIN for every
 *         signature), `hsm.attribute.length` (the module's answer is
 *         impossible); `crypto.key.*` as hm_public_key_read()
 */
HM_MUST hm_rc hm_hsm_find_key(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                              struct hm_hsm_key *key, struct hm_err *e);

/** Find exactly one public key on the token that @p uri names; no PIN.
 * @return as hm_hsm_find_key(), and `hsm.token.*` of hm_hsm_login() */
HM_MUST hm_rc hm_hsm_find_public(struct hm_hsm *hsm,
                                 const struct hm_hsm_uri *uri,
                                 struct hm_hsm_key *key, struct hm_err *e);

/** Sign @p message and verify the signature with @p pinned before handing it
 * out: a faulty token's signature never leaves this function.
 *
 * @param pinned    the public key that the caller trusts; its SPKI must be the
 *                  one found on the token
 * @param[out] sig  cleared, then the signature as hm_signature_verify() takes
 *                  it (ECDSA: minimal DER); empty on failure
 * @return HM_E_REJECTED `hsm.key.other` (token holds another key);
 *         HM_E_TOKEN `hsm.sign.length`, `hsm.sign.range` (r or s is zero or too
 *         long), `hsm.sign.mismatch` (does not verify), `hsm.call.failed`,
 *         `hsm.token.removed`, `hsm.session.closed`
 * @source PKCS#11 2.40 2.3.6 (r || s); RFC 3279 2.2.3; RFC 8017 9.2
 */
HM_MUST hm_rc hm_hsm_sign(struct hm_hsm *hsm, const struct hm_hsm_key *key,
                          const struct hm_public_key *pinned,
                          struct hm_bytes message, struct hm_buf *sig,
                          struct hm_err *e);

/** One of several messages to be signed with one key.  All is borrowed. */
struct hm_hsm_task {
    const struct hm_public_key *pinned;
    struct hm_bytes message;
    struct hm_buf *sig;
};

/** hm_hsm_sign() for @p n messages: the token signs one after the other, what it
 * made is verified on all processors, and then all of it is handed out or, when
 * anything failed, nothing.
 * @return as hm_hsm_sign() */
HM_MUST hm_rc hm_hsm_sign_many(struct hm_hsm *hsm, const struct hm_hsm_key *key,
                               const struct hm_hsm_task *task, size_t n,
                               struct hm_err *e);

/** r || s, each half of @p rs, as tokens and other signers give it, to the
 * minimal DER of signature files: one SEQUENCE of two INTEGERs.
 *
 * @param[out] der  appended to
 * @return HM_E_TOKEN `hsm.sign.length` (not 2 * 32 or 2 * 48 bytes),
 *         `hsm.sign.range` (r or s is zero)
 * @source PKCS#11 2.40 2.3.6; RFC 3279 2.2.3 */
HM_MUST hm_rc hm_hsm_encode_rs(struct hm_bytes rs, struct hm_buf *der,
                               struct hm_err *e);

/** Make a key pair of @p scheme (RSA of 3072 bits) that may only sign and not
 * be extracted, on the token logged in; read back what the module claims, try
 * to read the private value, to copy it as one that may leave and to make it
 * extractable (must fail), sign and verify once.  A key that fails is destroyed.
 *
 * A module that lets attributes be written but hands nothing out gets them
 * written back, and claims.changeable says so; so does claims.copyable of a
 * software token, which is not refused for it.
 *
 * @param uri  object is required and becomes the label; id is random unless
 *             given
 * @return HM_E_TOKEN `hsm.mechanism.missing` (the token does not say that it
 *         makes such keys), `hsm.key.exists` (label or id taken),
 *         `hsm.key.extractable`, `hsm.claims.usage` (it does more than sign);
 *         as hm_hsm_find_key() and hm_hsm_sign()
 * @source PKCS#11 2.40 4.4.1 (CKA_SENSITIVE, CKA_EXTRACTABLE), 5.7
 */
HM_MUST hm_rc hm_hsm_generate(struct hm_hsm *hsm, const struct hm_hsm_uri *uri,
                              enum hm_scheme scheme, struct hm_hsm_key *key,
                              struct hm_err *e);

/** Would hm_hsm_generate() refuse @p uri?  Without a PIN and without a change, as
 * far as public objects tell.
 * @return as hm_hsm_generate(), and `hsm.token.*` of hm_hsm_login() */
HM_MUST hm_rc hm_hsm_generate_check(struct hm_hsm *hsm,
                                    const struct hm_hsm_uri *uri,
                                    enum hm_scheme scheme, struct hm_err *e);

enum hm_hsm_outcome { HM_HSM_REFUSED, HM_HSM_LEAKED, HM_HSM_UNTRIED };

/** One way to get a private key out, and what came of it. */
struct hm_hsm_probe {
    const char *way; /**< static */
    enum hm_hsm_outcome outcome;
    char said[48]; /**< the module's answer, "CKR_..." */
};

#define HM_HSM_PROBES 4u

/** Try to read @p key's private value, and to wrap it with a key that is made for
 * this session and cannot leave either.  Nothing is changed on the token, and
 * what comes out is wiped unread.
 *
 * @param key       as hm_hsm_find_key() gave it
 * @param[out] out  all of them, whatever they came to
 * @return HM_E_TOKEN `hsm.session.closed`
 * @source PKCS#11 2.40 5.13, C_WrapKey */
HM_MUST hm_rc hm_hsm_probe(struct hm_hsm *hsm, const struct hm_hsm_key *key,
                           struct hm_hsm_probe out[static HM_HSM_PROBES],
                           struct hm_err *e);

/** Make a token named @p label in a free slot and give it its PINs.  The token
 * of an NSS database is there already and only gets its PIN.
 *
 * @param label  HM_HSM_NSS_TOKEN for an NSS database
 * @param so_pin not used for an NSS database, which has none
 * @return HM_E_USAGE `hsm.token.label` (1..32 bytes of printable ASCII);
 *         HM_E_TOKEN `hsm.token.exists`, `hsm.token.full` (no free slot),
 *         `hsm.pin.length` (nothing was made), `hsm.call.failed`
 */
HM_MUST hm_rc hm_hsm_token_init(struct hm_hsm *hsm, const char *label,
                                const struct hm_hsm_pin *so_pin,
                                const struct hm_hsm_pin *pin, struct hm_err *e);

/** Would hm_hsm_token_init() refuse @p label?  Changes nothing.
 *
 * @param hsm  when it is not open (its store would be made), only the label is
 *             looked at
 */
HM_MUST hm_rc hm_hsm_token_init_check(struct hm_hsm *hsm, const char *label,
                                      struct hm_err *e);

/** One line of hm_hsm_list(): a token, or a public key on it. */
struct hm_hsm_entry {
    bool is_key;
    bool is_software;                /**< the token, as hm_hsm_claims says it */
    enum hm_hsm_claim hardware_slot; /**< the same */
    struct hm_hsm_uri uri;           /**< of the token, or of the key */
    char keyid[HM_SHA256_HEX];       /**< empty: not a key that can be used */
    enum hm_scheme scheme;
    char problem[160]; /**< why keyid is empty; printable */
};

#define HM_HSM_ENTRIES_MAX 4096u

struct hm_hsm_entries {
    struct hm_hsm_entry *entry; /**< owned */
    size_t n;
};

#define HM_HSM_ENTRIES_INIT   \
    {                         \
        .entry = NULL, .n = 0 \
    }

void hm_hsm_entries_clear(struct hm_hsm_entries *entries);

/** List every token of the module and the public keys on it; no PIN.
 * @return HM_E_TOKEN `hsm.call.failed`; HM_E_LIMIT `hsm.list.count` */
HM_MUST hm_rc hm_hsm_list(struct hm_hsm *hsm, struct hm_hsm_entries *out,
                          struct hm_err *e);

#endif /* HM_HSM_H */
