/** @file
 * What the parts of this room share.
 */
#ifndef HSM_PRIV_H
#define HSM_PRIV_H

#include <limits.h>
#include <p11-kit/pkcs11.h>

#include "hm_hsm.h"
#include "softhsm_priv.h"

#define HSM_SLOTS_MAX 256u
#define HSM_FOUND_MAX 1024u /**< more objects than one search may give */
#define HSM_VALUE_MAX 1024u /**< longest attribute read, in bytes */

/** A token as C_GetTokenInfo describes it, padding removed. */
struct hsm_token {
    CK_SLOT_ID slot;
    CK_FLAGS flags;
    CK_ULONG pin_min; /**< bytes; as the token says it */
    CK_ULONG pin_max;
    char label[HM_HSM_LABEL_SIZE];
    char manufacturer[HM_HSM_LABEL_SIZE];
    char serial[HM_HSM_SHORT_SIZE];
    char model[HM_HSM_SHORT_SIZE];
    char hardware[HM_HSM_VERSION_SIZE];
    char firmware[HM_HSM_VERSION_SIZE];
};

/** An object with what it is searched by. */
struct hsm_object {
    CK_OBJECT_HANDLE handle;
    char label[HM_HSM_OBJECT_MAX + 1];
    uint8_t id[HM_HSM_ID_MAX];
    size_t id_n;
};

struct hsm_objects {
    CK_OBJECT_HANDLE handle[HSM_FOUND_MAX]; /**< as the module gave them */
    struct hsm_object object[HSM_FOUND_MAX];
    size_t n;
};

/** One line of text that grows until it is full; cut with "...". */
struct hsm_text {
    char p[440];
    size_t n;
};

struct hsm_state {
    CK_FUNCTION_LIST *f; /**< borrowed from the module; NULL: not loaded */
    bool is_initialised;
    bool has_session;
    bool is_logged_in;
    enum hm_hsm_mode mode;
    CK_SESSION_HANDLE session;
    struct hsm_token token; /**< the one of the session */
    struct hsm_token seen[HSM_SLOTS_MAX];
    size_t seen_n;
    struct hsm_text silent;   /**< slots that said nothing of their token */
    struct hsm_objects found; /**< of the last search */
    struct softhsm keeper;
    bool is_nss;
    char module[256];                  /**< path as named */
    char real[PATH_MAX];               /**< the file behind it */
    char module_sha256[HM_SHA256_HEX]; /**< of that file; "": not asked for */
    char library[HM_HSM_LABEL_SIZE + 16];
    char note[256];
};

/** Append. */
void hsm_text_add(struct hsm_text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** "CKR_PIN_INCORRECT" or "unknown return value". */
const char *hsm_rv_name(CK_RV rv);

/** A call of the module failed: say so. */
HM_MUST hm_rc hsm_fail_call(const char *call, CK_RV rv, struct hm_err *e);

/** A call of the module failed: close the session and say so. */
HM_MUST hm_rc hsm_fail_rv(struct hsm_state *s, const char *call, CK_RV rv,
                          struct hm_err *e);

/** A failure of a lower room that the token caused is the token's: HM_E_FORMAT,
 * HM_E_LIMIT and HM_E_REJECTED become HM_E_TOKEN. */
HM_MUST hm_rc hsm_as_token(struct hm_err *e, hm_rc rc);

/* hsm_module.c */
/** @param args  what C_Initialize gets as pReserved, or NULL */
HM_MUST hm_rc hsm_module_load(struct hsm_state *s, const char *path,
                              const char *args, struct hm_err *e);

/* hsm_nss.c */
#define HSM_NSS_ARGS 1200 /**< a path of 1024 bytes at most, and more */
/** Check the database and write what softokn's C_Initialize wants.
 * @return HM_E_TOKEN `hsm.nss.missing`, `hsm.nss.path`; HM_E_IO */
HM_MUST hm_rc hsm_nss_arguments(const char *dir, bool may_make,
                                char args[static HSM_NSS_ARGS],
                                struct hm_err *e);
/** The token of a database that has no PIN yet.
 * @return HM_E_TOKEN `hsm.token.exists` (it has one) */
HM_MUST hm_rc hsm_nss_find_new(struct hsm_state *s, struct hsm_token *out,
                               struct hm_err *e);
/** Give the token of the database its first PIN. */
HM_MUST hm_rc hsm_nss_set_pin(struct hsm_state *s, const struct hm_hsm_pin *pin,
                              struct hm_err *e);

/* hsm_token.c */
HM_MUST hm_rc hsm_token_scan(struct hsm_state *s, bool initialised,
                             struct hm_err *e);
HM_MUST hm_rc hsm_token_pick(struct hsm_state *s, const struct hm_hsm_uri *uri,
                             struct hsm_token *out, struct hm_err *e);
HM_MUST hm_rc hsm_token_read(struct hsm_state *s, CK_SLOT_ID slot,
                             struct hsm_token *out, struct hm_err *e);

/** Would the token take a PIN of that length?  Asked before it is tried or set.
 * @return HM_E_TOKEN `hsm.pin.length` */
HM_MUST hm_rc hsm_token_check_pin(const struct hsm_token *token,
                                  const struct hm_hsm_pin *pin,
                                  struct hm_err *e);

/** A token that is nothing but files. */
bool hsm_token_is_software(const struct hsm_state *s,
                           const struct hsm_token *token);

/* hsm_session.c */
HM_MUST hm_rc hsm_session_open(struct hsm_state *s,
                               const struct hsm_token *token, struct hm_err *e);
void hsm_session_close(struct hsm_state *s);
HM_MUST hm_rc hsm_session_check(const struct hsm_state *s, struct hm_err *e);

/* hsm_attr.c */
struct hsm_value {
    uint8_t b[HSM_VALUE_MAX];
    size_t n;
    bool is_there; /**< false: the object does not have or show it */
    bool is_long;  /**< it has it, but longer than fits */
};

/** Read one attribute in one call into a buffer of fixed size.
 * @return HM_E_TOKEN `hsm.attribute.length`, as hsm_fail_rv() */
HM_MUST hm_rc hsm_attr_bytes(struct hsm_state *s, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type, struct hsm_value *out,
                             struct hm_err *e);
/** The same for what an object is called: a name that does not fit is no name,
 * for one strange object must not spoil the search for the others. */
HM_MUST hm_rc hsm_attr_name(struct hsm_state *s, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE_TYPE type, struct hsm_value *out,
                            struct hm_err *e);
HM_MUST hm_rc hsm_attr_ulong(struct hsm_state *s, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type, CK_ULONG *out,
                             struct hm_err *e);
/** A number that the object need not have.
 * @param[out] out  CK_UNAVAILABLE_INFORMATION: it has none */
HM_MUST hm_rc hsm_attr_optional(struct hsm_state *s, CK_OBJECT_HANDLE object,
                                CK_ATTRIBUTE_TYPE type, CK_ULONG *out,
                                struct hm_err *e);
HM_MUST hm_rc hsm_attr_claim(struct hsm_state *s, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type, enum hm_hsm_claim *out,
                             struct hm_err *e);

/* hsm_find.c */
/** All objects of @p class into s->found, with label and id read back. */
HM_MUST hm_rc hsm_find_class(struct hsm_state *s, CK_OBJECT_CLASS class,
                             struct hm_err *e);
/** Does the object have the label and id that the URI asks for? */
bool hsm_object_matches(const struct hsm_object *o,
                        const struct hm_hsm_uri *uri);
/** Fill uri (token, serial, object, id) and claims of the token. */
void hsm_key_describe(const struct hsm_state *s, const struct hsm_object *o,
                      struct hm_hsm_key *key);

/* hsm_claims.c */
HM_MUST hm_rc hsm_claims_read(struct hsm_state *s, CK_OBJECT_HANDLE object,
                              struct hm_hsm_claims *claims, struct hm_err *e);
/** Does the slot say that a device is in it? */
enum hm_hsm_claim hsm_claims_slot(const struct hsm_state *s, CK_SLOT_ID slot);
/** What the slot and the mechanism of @p scheme say of hardware. */
void hsm_claims_hardware(const struct hsm_state *s, enum hm_scheme scheme,
                         struct hm_hsm_claims *claims);
/** Is the private value readable?  Must be no.
 * @return HM_E_TOKEN `hsm.key.extractable` */
HM_MUST hm_rc hsm_claims_probe(struct hsm_state *s,
                               const struct hm_hsm_key *key, struct hm_err *e);

/* hsm_pair.c */
/** A key pair that is asked for. */
struct hsm_new {
    enum hm_scheme scheme;
    char label[HM_HSM_OBJECT_MAX + 1];
    uint8_t id[HM_HSM_ID_MAX];
    size_t id_n;
};
struct hsm_pair {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};
/** Does the token say that it makes such keys?
 * @return HM_E_TOKEN `hsm.mechanism.missing` */
HM_MUST hm_rc hsm_pair_check(struct hsm_state *s, const struct hsm_token *token,
                             enum hm_scheme scheme, struct hm_err *e);
HM_MUST hm_rc hsm_pair_make(struct hsm_state *s, struct hsm_new *new,
                            struct hsm_pair *made, struct hm_err *e);

/* hsm_probe_new.c */
/** Try to change what the token says of a new key, and to copy it as one that
 * may leave; what was changed is changed back.  Fills claims.changeable and
 * claims.copyable; what failed without being refused leaves them unknown.
 * @return HM_E_TOKEN `hsm.key.extractable` */
HM_MUST hm_rc hsm_probe_new(struct hsm_state *s, struct hm_hsm_key *key,
                            struct hm_err *e);

/* hsm_public.c */
/** CKA_EC_PARAMS of the scheme's curve; static, empty for RSA. */
struct hm_bytes hsm_curve_of(enum hm_scheme scheme);
HM_MUST hm_rc hsm_public_read(struct hsm_state *s, CK_OBJECT_HANDLE object,
                              struct hm_public_key *key, struct hm_err *e);

/** An EC point as tokens give it (raw, or in an OCTET STRING) to SPKI.
 * @return HM_E_TOKEN `hsm.key.point`, `hsm.key.kind` (curve) */
HM_MUST hm_rc hsm_public_from_point(struct hm_bytes params,
                                    struct hm_bytes point,
                                    struct hm_public_key *key,
                                    struct hm_err *e);

/* hsm_sign.c */
/** What the token is asked for: it signs a digest that was made here. */
CK_MECHANISM_TYPE hsm_mechanism_of(enum hm_scheme scheme);
/** Have a signature made, which nobody has verified yet. */
HM_MUST hm_rc hsm_sign_make(struct hsm_state *s, const struct hm_hsm_key *key,
                            const struct hm_public_key *pinned,
                            struct hm_bytes message, struct hm_buf *sig,
                            struct hm_err *e);
/** @return HM_E_TOKEN `hsm.sign.mismatch` */
HM_MUST hm_rc hsm_sign_check(const struct hm_public_key *pinned,
                             struct hm_bytes message, struct hm_bytes sig,
                             struct hm_err *e);
/** hm_hsm_sign() that leaves the session open when it fails: for a caller with
 * something to undo. */
HM_MUST hm_rc hsm_sign(struct hsm_state *s, const struct hm_hsm_key *key,
                       const struct hm_public_key *pinned,
                       struct hm_bytes message, struct hm_buf *sig,
                       struct hm_err *e);

/* hsm_pin.c */
HM_MUST hm_rc hsm_pin_new(struct hm_hsm_pin *pin, struct hm_err *e);
/** Drop one newline, check length and letters. */
HM_MUST hm_rc hsm_pin_check(struct hm_hsm_pin *pin, struct hm_err *e);

/* hsm_pin_tty.c */
HM_MUST hm_rc hsm_pin_ask(struct hm_hsm_pin *pin, struct hm_err *e);

#endif /* HSM_PRIV_H */
