#include "release_docs.h"

#include "hm_manifest.h"
#include "hm_test.h"
#include "hm_trust.h"

#define TIME_0 ((hm_time)1778572800) /* 2026-05-12T08:00:00Z */
#define DAY    ((hm_time)86400)

static const char pem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMjkv3+vBYrA3Ufsvgz75hXFAMhHJ\n"
    "HBHKLoZBvI6KG/OrokQ8QUCxJPGcNIhoF9v9bQVsYLn58w3sCUhBhTlRRA==\n"
    "-----END PUBLIC KEY-----\n";

static void write_name(const struct hm_temp *t, const char *folder,
                       const char *name, const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    hm_temp_write(t, path, text);
}

static void write_buf(const struct hm_temp *t, const char *folder,
                      const char *name, struct hm_buf *text)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_buf_add(text, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
              &e);
    write_name(t, folder, name, (const char *)text->p);
}

/* --- authorisation.json ------------------------------------------------------ */

static void fill_key(struct hm_authorised_key *key)
{
    struct hm_err e = {.rc = HM_OK};

    key->role = HM_ROLE_MANIFEST;
    assert_ok(hm_public_key_read_pem(&key->key.key, hm_bytes_str(pem), &e), &e);
    (void)snprintf(key->key.scheme, sizeof(key->key.scheme), "%s",
                   hm_scheme_name(key->key.key.scheme));
    (void)snprintf(key->products[0], sizeof(key->products[0]), "thermostat");
    key->products_n = 1;
    key->valid_from = TIME_0 - DAY;
    key->valid_until = TIME_0 + 365 * DAY;
    hm_token_claims_unknown(&key->token);
}

static void fill_authorisation(struct hm_authorisation *a,
                               const struct docs *docs)
{
    static struct hm_authorised_key key;
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(a->vendor, sizeof(a->vendor), "acme");
    a->sequence = docs->authorisation == 0 ? 5 : docs->authorisation;
    a->issued = TIME_0 - DAY + docs->authorisation_later_s;
    a->expires = TIME_0 + 365 * DAY;
    a->require[0] = HM_ROLE_MANIFEST;
    a->require_n = 1;
    fill_key(&key);
    assert_ok(hm_authorisation_add(a, &key, &e), &e);
    hm_authorised_key_clear(&key);
}

void docs_authorisation(const struct hm_temp *t, const char *folder,
                        const struct docs *docs)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    static struct hm_authorisation a;
    struct hm_err e = {.rc = HM_OK};

    fill_authorisation(&a, docs);
    assert_ok(hm_authorisation_write(&a, &text, &e), &e);
    hm_authorisation_clear(&a);
    write_buf(t, folder, "authorisation.json", &text);
}

/* --- manifest.json ------------------------------------------------------------- */

static void fill_update(struct hm_manifest *m)
{
    struct hm_update *u = NULL;
    struct hm_artefact *a = NULL;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_manifest_add_update(m, &u, &e), &e);
    assert_ok(hm_words_add(&u->models, "T100", &e), &e);
    assert_ok(hm_words_add(&u->hardware, "rev-b", &e), &e);
    u->any_version = true;
    assert_ok(hm_update_add_artefact(u, &a, &e), &e);
    (void)snprintf(a->name, sizeof(a->name), "artefacts/a.bin");
    a->role = HM_ARTEFACT_FIRMWARE;
    a->kind = HM_ARTEFACT_FULL;
    a->size = 8;
}

static void write_manifest(const struct hm_temp *t, const char *folder,
                           const struct docs *docs)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(m.vendor, sizeof(m.vendor), "acme");
    (void)snprintf(m.product, sizeof(m.product), "%s",
                   docs->product == NULL ? "thermostat" : docs->product);
    assert_ok(hm_version_read(hm_bytes_str(docs->version), &m.version, &e), &e);
    m.epoch = docs->epoch == 0 ? 1 : docs->epoch;
    m.sequence = docs->sequence == 0 ? 1 : docs->sequence;
    m.rollback_counter = docs->rollback == 0 ? 2 : docs->rollback;
    m.timestamp = TIME_0 + docs->later_s;
    m.expires = m.timestamp + 30 * DAY;
    m.update_type = HM_UPDATE_ROUTINE;
    m.severity = HM_SEVERITY_NONE;
    m.index_size = 3;
    fill_update(&m);
    assert_ok(hm_manifest_write(&m, &text, &e), &e);
    write_buf(t, folder, "manifest.json", &text);
}

void docs_release(const struct hm_temp *t, const char *folder,
                  const struct docs *docs)
{
    write_manifest(t, folder, docs);
    docs_authorisation(t, folder, docs);
    write_name(t, folder, "manifest.json.sig", docs->version);
    write_name(t, folder, "authorisation.json.sig", "root");
    write_name(t, folder, "index.json", "{}\n");
    write_name(t, folder, "artefacts/a.bin", docs->version);
    write_name(t, folder, "records/release.json", "{}\n");
}

/* --- release.json ----------------------------------------------------------------- */

/* clang-format off */
static const char configuration[] =
"{\n"
"  \"format\": \"hallmark-release/1\",\n"
"  \"vendor\": \"acme\", \"product\": \"%s\", \"version\": \"%s\",\n"
"  \"epoch\": %u, \"rollback_counter\": %u,\n"
"  \"update_type\": \"routine\", \"severity\": \"none\", \"valid_days\": 30,\n"
"  \"artefacts\": [ { \"id\": \"firmware\", \"file\": \"a.bin\",\n"
"    \"name\": \"a.bin\", \"role\": \"firmware\", \"kind\": \"full\" } ],\n"
"  \"updates\": [ { \"models\": [\"T100\"], \"hardware\": [\"rev-b\"],\n"
"    \"artefacts\": [\"firmware\"] } ],\n"
"  \"sboms\": [], \"advisories\": [],\n"
"  \"provenance\": { \"repository\": \".\",\n"
"    \"build_type\": \"https://acme.example/build/v1\",\n"
"    \"builder\": \"https://acme.example/builders/v1\" },\n"
"  \"signing\": {\n"
"    \"manifest\": { \"uri\": \"pkcs11:object=vendor-1\", \"pin\": \"tty\" },\n"
"    \"provenance\": { \"uri\": \"pkcs11:object=prov-1\", \"pin\": \"tty\" } },\n"
"  \"root\": \"root.json\", \"authorisation\": \"authorisation.json\",\n"
"  \"repository\": \"repo\"\n"
"}\n";
/* clang-format on */

void docs_configuration(const struct hm_temp *t, const char *folder,
                        const struct docs *docs)
{
    char text[sizeof(configuration) + 128];

    (void)snprintf(text, sizeof(text), configuration,
                   docs->product == NULL ? "thermostat" : docs->product,
                   docs->version, docs->epoch == 0 ? 1 : docs->epoch,
                   docs->rollback == 0 ? 2 : docs->rollback);
    write_name(t, folder, "release.json", text);
}
