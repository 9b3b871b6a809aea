/** @file
 * A key ceremony with a root set 2 of 3, played by the programs: what
 * key_story.h makes, but root.json and no authorisation, and
 *
 *     bt/                      SoftHSM store of token "beta", with root.pin
 *     root-1.pem root-b.pem root-c.pem   root keys a, b and c
 *     root-c.key               c is a file that openssl signs with
 *     v2.key stranger.key (.pem)         keys of nobody yet
 */
#ifndef KEY_CEREMONY_H
#define KEY_CEREMONY_H

#include "key_story.h"

#define REQUEST_MAX   ((size_t)512 << 10)
#define AUTHORISATION "authorisation.json"

#define START(state)                      \
    const struct key_story *s = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT

#define KEY(...)  STORY_RUN(s, &r, "hallmark-key", __VA_ARGS__)
#define SIGN(...) STORY_RUN(s, &r, "hallmark-sign", __VA_ARGS__)
#define SH(...)   STORY_RUN(s, &r, "/bin/sh", "-ec", __VA_ARGS__)

/* The three root keys: two on tokens of their own, one that openssl holds. */
#define ROOT_A "--key", STORY_ROOT, "--pin", "file:root.pin", "--softhsm", "rt"
#define ROOT_B                                                            \
    "--key", "pkcs11:token=beta;object=root-b", "--pin", "file:root.pin", \
        "--softhsm", "bt"
#define VENDOR \
    "--key", STORY_VENDOR, "--pin", "file:vendor.pin", "--softhsm", "vt"

#define ASKED "--root", "root.json", "--by", "R. Manager", "--why", "SEC-1"
#define FROM  "--from", AUTHORISATION
#define FIRST                                                                 \
    "prepare", "authorise", ASKED, "--key", "manifest=vendor-1.pem", "--key", \
        "provenance=provenance-1.pem", "--product", "thermostat", "--days",   \
        "30"
#define ROTATE                                                             \
    "prepare", "rotate", ASKED, FROM, "--retire", "vendor-1.pem", "--key", \
        "manifest=v2.pem", "--days", "60"
#define REVOKE                                                        \
    "prepare", "revoke", ASKED, FROM, "--retire", "provenance-1.pem", \
        "--reason", "lost", "--days", "60"
#define EXTEND "prepare", "authorise", ASKED, FROM, "--days", "90"

#define APPLY      "apply", "rot.json", "--root", "root.json", FROM
#define ROT_SIGNED "rot-a.sig", "rot-b.sig"

/** Set-up and tear-down of a test; the state is the story. */
int ceremony_make(void **state);
int ceremony_unmake(void **state);

/** The same, owned by nobody: root may write where nobody may. */
int ceremony_make_as_nobody(void **state);

/** Sign NAME.json with all three: NAME-a.sig, NAME-b.sig by hallmark-sign,
 * NAME-c.sig by openssl over what a review writes, which stays in bytes. */
void ceremony_sign(const struct key_story *s, const char *name);

/** Put the first authorisation into force, signed by a and b; "first". */
void ceremony_first(const struct key_story *s);

/** Prepare and sign what is to follow it; "rot". */
void ceremony_rotation(const struct key_story *s);

/** The name of the one file PREFIX*.sig. */
void ceremony_signature(const struct key_story *s, const char *prefix,
                        char to[static 128]);

/** The authorisation is @p before, signed by a and b, and nothing else is
 * there. */
void ceremony_assert_untouched(const struct key_story *s,
                               struct hm_bytes before);

/** The authorisation in force is signed by a and by the key @p second. */
void ceremony_assert_in_force(const struct key_story *s, const char *second);

#endif /* KEY_CEREMONY_H */
