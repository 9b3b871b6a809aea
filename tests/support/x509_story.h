/** @file
 * The keys of key_story.h with a further one, of role x509, and certificates:
 *
 *     x509-1.pem               on token vendor, authorised for 30 days
 *     root.crt                 root-1's own, ten years
 *     vendor.csr vendor.crt    x509-1's, 20 days, without extended key usage
 */
#ifndef X509_STORY_H
#define X509_STORY_H

#include "key_story.h"

#define STORY_X509 "pkcs11:token=vendor;object=x509-1"

/* The options of each token, to sign or to issue. */
#define BY_ROOT_TOKEN   "--softhsm", "rt", "--pin", "file:root.pin"
#define BY_VENDOR_TOKEN "--softhsm", "vt", "--pin", "file:vendor.pin"

/** For cmocka_unit_test_setup_teardown(): the state is a struct key_story. */
int x509_story_make(void **state);
int x509_story_unmake(void **state);

/** Run a program of the story that must succeed. */
void x509_story_must(const struct key_story *s, const char *const argv[]);
#define MUST(s, ...) \
    x509_story_must((s), (const char *const[]){__VA_ARGS__, NULL})

/** Run a program that this machine may lack; the test is skipped without it. */
#define NEED(path)                                        \
    do {                                                  \
        if (access((path), X_OK) != 0) {                  \
            print_message("%s is not installed\n", path); \
            skip();                                       \
        }                                                 \
    } while (0)

#endif /* X509_STORY_H */
