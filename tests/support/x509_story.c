#include "x509_story.h"

#include "hm_test.h"

#include <stdlib.h>

void x509_story_must(const struct key_story *s, const char *const argv[])
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    key_story_run(s, &r, argv);
    assert_run(&r, 0, "");
}

int x509_story_make(void **state)
{
    struct key_story *s = calloc(1, sizeof(*s));

    key_story_make(s, 0);
    MUST(s, "hallmark-key", "generate", STORY_X509, BY_VENDOR_TOKEN, "-o",
         "x509-1.pem");
    MUST(s, "hallmark-key", "authorise", "--root", "root.json", "--from",
         "authorisation.json", "--key", "x509=x509-1.pem", "--product",
         "thermostat", "--days", "30", "--sign", STORY_ROOT, BY_ROOT_TOKEN,
         "-o", "authorisation.json", "--force");
    MUST(s, "hallmark-key", "certify", STORY_ROOT, BY_ROOT_TOKEN, "--root",
         "root.json", "--subject", "acme root", "--days", "3650", "-o",
         "root.crt");
    MUST(s, "hallmark-key", "csr", STORY_X509, BY_VENDOR_TOKEN, "--subject",
         "acme signing", "-o", "vendor.csr");
    MUST(s, "hallmark-key", "certify", STORY_ROOT, BY_ROOT_TOKEN, "--root",
         "root.json", "--authorisation", "authorisation.json", "--issuer",
         "root.crt", "--request", "vendor.csr", "--days", "20", "-o",
         "vendor.crt");
    *state = s;
    return 0;
}

int x509_story_unmake(void **state)
{
    key_story_clear(*state);
    free(*state);
    return 0;
}
