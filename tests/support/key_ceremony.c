#include "key_ceremony.h"

#include "hm_test.h"

#include <stdlib.h>
#include <unistd.h>

#define NOBODY 65534

static void make_keys(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    KEY("token-init", "--softhsm", "bt", "--token", "beta", "--pin",
        "file:root.pin");
    assert_run(&r, 0, "");
    KEY("generate", "pkcs11:token=beta;object=root-b", "--softhsm", "bt",
        "--pin", "file:root.pin", "-o", "root-b.pem");
    assert_run(&r, 0, "");
    SH("for k in root-c v2 stranger; do\n"
       "  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \\\n"
       "      -out $k.key\n"
       "  openssl pkey -in $k.key -pubout -out $k.pem\n"
       "done\n"
       "rm root.json authorisation.json*");
    assert_run(&r, 0, "");
    KEY("root-export", "--threshold", "2", "--vendor", "acme", "--key",
        "a=root-1.pem", "--key", "b=root-b.pem", "--key", "c=root-c.pem", "-o",
        "root.json");
    assert_run(&r, 0, "");
}

static int make_as(void **state, unsigned uid)
{
    struct key_story *s = calloc(1, sizeof(*s));

    key_story_make(s, uid);
    make_keys(s);
    *state = s;
    return 0;
}

int ceremony_make(void **state)
{
    return make_as(state, 0);
}

/* Root may write where nobody may. */
int ceremony_make_as_nobody(void **state)
{
    return make_as(state, geteuid() == 0 ? NOBODY : 0);
}

int ceremony_unmake(void **state)
{
    key_story_clear(*state);
    free(*state);
    return 0;
}

void ceremony_signature(const struct key_story *s, const char *prefix,
                        char to[static 128])
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};
    size_t found = 0;

    assert_ok(hm_dir_open(&d, s->temp.path, &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++)
        if (strncmp(names.name[i], prefix, strlen(prefix)) == 0 &&
            strstr(names.name[i], ".sig") != NULL) {
            (void)snprintf(to, 128, "%s", names.name[i]);
            found++;
        }
    assert_int_equal(found, 1);
}

void ceremony_sign(const struct key_story *s, const char *name)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char request[64], sig[3][64], made[128], move[512];

    (void)snprintf(request, sizeof(request), "%s.json", name);
    for (size_t i = 0; i < 3; i++)
        (void)snprintf(sig[i], sizeof(sig[i]), "%s-%c.sig", name,
                       (char)('a' + i));
    SIGN(request, ROOT_B);
    assert_run(&r, 0, "");
    (void)snprintf(move, sizeof(move), "%s.", name);
    ceremony_signature(s, move, made);
    assert_int_equal(
        rename(hm_temp_path(&s->temp, made), hm_temp_path(&s->temp, sig[1])),
        0);
    SIGN(request, ROOT_A, "-o", sig[0]);
    assert_run(&r, 0, "");
    KEY("review", request, "--root", "root.json", "-o", "bytes", "--force");
    assert_run(&r, 0, "");
    STORY_RUN(s, &r, "/usr/bin/openssl", "dgst", "-sha256", "-sign",
              "root-c.key", "-out", sig[2], "bytes");
    assert_run(&r, 0, "");
}

void ceremony_first(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    KEY(FIRST, "-o", "first.json");
    assert_run(&r, 0, "");
    ceremony_sign(s, "first");
    KEY("apply", "first.json", "--root", "root.json", "-o", AUTHORISATION,
        "first-b.sig", "first-a.sig");
    assert_run(&r, 0, "");
}

void ceremony_rotation(const struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    KEY(ROTATE, "-o", "rot.json");
    assert_run(&r, 0, "");
    ceremony_sign(s, "rot");
}

void ceremony_assert_untouched(const struct key_story *s,
                               struct hm_bytes before)
{
    HM_OWN(hm_buf) now = HM_BUF_INIT(REQUEST_MAX);

    hm_temp_read(&s->temp, AUTHORISATION, &now);
    assert_bytes_equal(hm_buf_view(&now), before);
    key_story_openssl(s, "root-1.pem", AUTHORISATION ".sig", AUTHORISATION);
    key_story_openssl(s, "root-b.pem", AUTHORISATION ".sig.2", AUTHORISATION);
    assert_int_equal(key_story_count(s, ".", AUTHORISATION), 3);
    assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
}

void ceremony_assert_in_force(const struct key_story *s, const char *second)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    key_story_openssl(s, "root-1.pem", AUTHORISATION ".sig", AUTHORISATION);
    key_story_openssl(s, second, AUTHORISATION ".sig.2", AUTHORISATION);
    assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
    KEY(EXTEND, "-o", "-", "-n"); /* hallmark-key believes it as well */
    assert_run(&r, 0, "");
}
