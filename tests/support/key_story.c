#include "key_story.h"

#include "hm_test.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_text.h"
#include "hm_time.h"

static void must(bool did, const char *what)
{
    if (!did)
        fail_msg("cannot prepare %s", what);
}

void key_story_write(const struct key_story *s, const char *name,
                     const char *text)
{
    hm_temp_write(&s->temp, name, text);
    must(chown(hm_temp_path(&s->temp, name), s->uid, s->uid) == 0 ||
             s->uid == 0,
         name);
}

static void write_pin(const struct key_story *s, const char *name)
{
    uint8_t random[16];
    char pin[2 * sizeof(random) + 1];

    must(getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random), name);
    hm_hex_write((struct hm_bytes){random, sizeof(random)}, pin);
    key_story_write(s, name, pin);
    must(chmod(hm_temp_path(&s->temp, name), 0600) == 0, name);
}

void key_story_run_env(const struct key_story *s, struct hm_run *r,
                       const char *const env[], const char *const argv[])
{
    const struct hm_run_how how = {
        .cwd = s->temp.path, .drop_to_uid = s->uid, .env = env};

    hm_run(r, &how, argv);
}

void key_story_run(const struct key_story *s, struct hm_run *r,
                   const char *const argv[])
{
    key_story_run_env(s, r, NULL, argv);
}

static void must_run(const struct key_story *s, const char *const argv[])
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    key_story_run(s, &r, argv);
    assert_run(&r, 0, "");
}
#define MUST_RUN(s, ...) must_run((s), (const char *const[]){__VA_ARGS__, NULL})

static void make_token(const struct key_story *s, const char *store,
                       const char *label, const char *pin)
{
    MUST_RUN(s, "hallmark-key", "token-init", "--softhsm", store, "--token",
             label, "--pin", pin);
}

static void make_key(const struct key_story *s, const char *store,
                     const char *uri, const char *pin, const char *pem)
{
    MUST_RUN(s, "hallmark-key", "generate", uri, "--softhsm", store, "--pin",
             pin, "-o", pem);
}

void key_story_make(struct key_story *s, unsigned uid)
{
    hm_temp_make(&s->temp);
    s->uid = uid;
    must(uid == 0 || chown(s->temp.path, uid, uid) == 0, "the folder");
    write_pin(s, "root.pin");
    write_pin(s, "vendor.pin");
    make_token(s, "rt", "root", "file:root.pin");
    make_token(s, "vt", "vendor", "file:vendor.pin");
    make_key(s, "rt", STORY_ROOT, "file:root.pin", "root-1.pem");
    make_key(s, "vt", STORY_VENDOR, "file:vendor.pin", "vendor-1.pem");
    make_key(s, "vt", STORY_PROVE, "file:vendor.pin", "provenance-1.pem");
    MUST_RUN(s, "hallmark-key", "root-export", "--threshold", "1", "--vendor",
             "acme", "--softhsm", "rt", STORY_ROOT, "-o", "root.json");
    MUST_RUN(s, "hallmark-key", "authorise", "--root", "root.json", "--key",
             "manifest=vendor-1.pem", "--key", "provenance=provenance-1.pem",
             "--product", "thermostat", "--days", "30",
             "--max-rollback-counter", "9", "--sign", STORY_ROOT, "--pin",
             "file:root.pin", "--softhsm", "rt", "-o", "authorisation.json");
}

void key_story_clear(struct key_story *s)
{
    hm_temp_clear(&s->temp);
}

void key_story_manifest(const struct key_story *s, const char *name,
                        const char *product)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\n  \"format\": \"hallmark-manifest/1\",\n"
                   "  \"vendor\": \"acme\",\n  \"product\": \"%s\",\n"
                   "  \"timestamp\": \"%s\"\n}\n",
                   product, hm_time_show(hm_time_now()));
    key_story_write(s, name, text);
}

bool key_story_has(const struct key_story *s, const char *name)
{
    struct stat st;

    return lstat(hm_temp_path(&s->temp, name), &st) == 0;
}

size_t key_story_count(const struct key_story *s, const char *name,
                       const char *prefix)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};
    size_t n = 0;

    assert_ok(hm_dir_open(&d, hm_temp_path(&s->temp, name), &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++)
        n += strncmp(names.name[i], prefix, strlen(prefix)) == 0 ? 1 : 0;
    return n;
}

void key_story_openssl(const struct key_story *s, const char *key,
                       const char *sig, const char *file)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    STORY_RUN(s, &r, "/usr/bin/openssl", "dgst", "-sha256", "-verify", key,
              "-signature", sig, file);
    assert_run(&r, 0, "");
    assert_string_equal(hm_run_out(&r), "Verified OK\n");
}
