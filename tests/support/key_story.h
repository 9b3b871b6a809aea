/** @file
 * A release team's keys, made by the programs themselves: for the tests of
 * what signs.
 *
 *     root.pin vendor.pin      random PINs
 *     rt/ vt/                  SoftHSM stores with tokens "root", "vendor"
 *     root-1.pem               on token root
 *     vendor-1.pem provenance-1.pem   on token vendor
 *     root.json authorisation.json(.sig)   product "thermostat"
 */
#ifndef KEY_STORY_H
#define KEY_STORY_H

#include "hm_run.h"

#define STORY_ROOT   "pkcs11:token=root;object=root-1"
#define STORY_VENDOR "pkcs11:token=vendor;object=vendor-1"
#define STORY_PROVE  "pkcs11:token=vendor;object=provenance-1"

struct key_story {
    struct hm_temp temp;
    unsigned uid; /**< who owns it all and runs the programs; 0: as we are */
};

/** Make it; @p uid works only for root. */
void key_story_make(struct key_story *s, unsigned uid);
void key_story_clear(struct key_story *s);

/** Run a program in the folder, as the owner. */
void key_story_run(const struct key_story *s, struct hm_run *r,
                   const char *const argv[]);
#define STORY_RUN(s, r, ...) \
    key_story_run((s), (r), (const char *const[]){__VA_ARGS__, NULL})

/** The same with an environment added, a NULL-ended list of NAME=VALUE. */
void key_story_run_env(const struct key_story *s, struct hm_run *r,
                       const char *const env[], const char *const argv[]);

/** Write a manifest of now for @p product; only what a signer looks at. */
void key_story_manifest(const struct key_story *s, const char *name,
                        const char *product);

/** Write a file that the owner of the story may read. */
void key_story_write(const struct key_story *s, const char *name,
                     const char *text);

/** Is there such a file in the folder? */
bool key_story_has(const struct key_story *s, const char *name);

/** How many entries of the folder @p name begin with @p prefix? */
size_t key_story_count(const struct key_story *s, const char *name,
                       const char *prefix);

/** openssl dgst -sha256 -verify KEY -signature SIG FILE must say yes. */
void key_story_openssl(const struct key_story *s, const char *key,
                       const char *sig, const char *file);

#endif /* KEY_STORY_H */
