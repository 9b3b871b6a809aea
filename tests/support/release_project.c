#include "release_project.h"

#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>

static const char sbom[] =
    "{\n"
    "  \"bomFormat\": \"CycloneDX\",\n"
    "  \"specVersion\": \"1.6\",\n"
    "  \"serialNumber\": \"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79\",\n"
    "  \"version\": 1,\n"
    "  \"metadata\": {\n"
    "    \"timestamp\": \"2026-05-12T08:00:00Z\",\n"
    "    \"component\": { \"type\": \"firmware\", \"bom-ref\": \"root\",\n"
    "      \"name\": \"thermostat\", \"version\": \"1.0.0\" }\n"
    "  },\n"
    "  \"components\": [\n"
    "    { \"type\": \"library\", \"bom-ref\": \"busybox\",\n"
    "      \"name\": \"busybox\", \"version\": \"1.35.0\",\n"
    "      \"purl\": \"pkg:deb/debian/busybox@1.35.0\" }\n"
    "  ]\n"
    "}\n";

static const char ignored[] = "rt/\nvt/\nrepository/\nbuild/\n*.pin\n*.pem\n"
                              "root.json\nauthorisation.json*\n";

/* git as the product's developers use it, not touched by anybody's settings. */
static void git(const struct key_story *s, const char *const argv[])
{
    static const char *const env[] = {"GIT_CONFIG_NOSYSTEM=1",
                                      "GIT_CONFIG_GLOBAL=/dev/null",
                                      "GIT_AUTHOR_NAME=a",
                                      "GIT_AUTHOR_EMAIL=a@acme.example",
                                      "GIT_COMMITTER_NAME=a",
                                      "GIT_COMMITTER_EMAIL=a@acme.example",
                                      "GIT_AUTHOR_DATE=1778572800 +0",
                                      "GIT_COMMITTER_DATE=1778572800 +0",
                                      NULL};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    key_story_run_env(s, &r, env, argv);
    if (r.status != 0)
        fail_msg("git %s: %s", argv[1], hm_run_err(&r));
}

#define GIT(s, ...) \
    git((s), (const char *const[]){"/usr/bin/git", __VA_ARGS__, NULL})

void project_commit(const struct key_story *s)
{
    GIT(s, "add", "-A");
    GIT(s, "commit", "-q", "--allow-empty", "-m", "a version");
}

void project_edit(const struct key_story *s, const char *name, const char *old,
                  const char *text)
{
    HM_OWN(hm_buf) before = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_buf) after = HM_BUF_INIT(1u << 16);
    const struct hm_bytes nul = {(const uint8_t *)"", 1};
    struct hm_bytes head = {NULL, 0};
    struct hm_err e = {.rc = HM_OK};
    const char *at = NULL;

    hm_temp_read(&s->temp, name, &before);
    assert_ok(hm_buf_add(&before, nul, &e), &e);
    at = strstr((const char *)before.p, old);
    if (at == NULL) {
        fail_msg("'%s' is not in %s", old, name);
        return;
    }
    head.p = before.p;
    head.n = (size_t)(at - (const char *)before.p);
    assert_ok(hm_buf_add(&after, head, &e), &e);
    assert_ok(hm_buf_add(&after, hm_bytes_str(text), &e), &e);
    assert_ok(hm_buf_add(&after, hm_bytes_str(at + strlen(old)), &e), &e);
    assert_ok(hm_buf_add(&after, nul, &e), &e);
    key_story_write(s, name, (const char *)after.p);
}

static void write_version(const struct key_story *s, const char *version)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "\"version\": \"%s\" }", version);
    key_story_write(s, "build/sbom.cdx.json", sbom);
    project_edit(s, "build/sbom.cdx.json", "\"version\": \"1.0.0\" }", text);
    key_story_write(s, "build/rootfs/etc/version", version);
}

void project_version(const struct key_story *s, const char *version)
{
    char text[128];

    write_version(s, version);
    (void)snprintf(text, sizeof(text), "\"version\": \"%s\",", version);
    project_edit(s, "release.json", "\"version\": \"1.0.0\",", text);
    project_commit(s);
}

void project_make(struct key_story *s)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    key_story_make(s, 0);
    key_story_write(s, "build/rootfs/bin/thermostat", "#!/bin/sh\n");
    assert_int_equal(
        chmod(hm_temp_path(&s->temp, "build/rootfs/bin/thermostat"), 0755), 0);
    write_version(s, "1.0.0");
    key_story_write(s, ".gitignore", ignored);
    STORY_RUN(s, &r, "hallmark", "init", "--vendor", "acme", "--product",
              "thermostat");
    assert_run(&r, 0, "");
    project_edit(s, "release.json", "keys/vendor-token", "vt");
    project_edit(s, "release.json", "keys/vendor.pin", "vendor.pin");
    project_edit(s, "release.json", "keys/vendor.pin", "vendor.pin");
    GIT(s, "init", "-q");
    project_commit(s);
}
