/* The files that a release binds: artefact, SBOM, record, provenance. */
#include "hm_archive.h"
#include "hm_test.h"
#include "release_maker_priv.h"

#include <sys/mman.h>
#include <unistd.h>

#define COMMIT   "5f1c3b2a9d8e7f60514233241506172839a0b1c2"
#define ENVELOPE "attestations/provenance.intoto.jsonl"

#define SUBJECTS_MAX 16u

void maker_digest(const struct maker_work *w, const char *name,
                  struct hm_digests *out)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_open_at(&f, &w->dir, name, &e), &e);
    assert_ok(hm_digest_file(&f, out, &e), &e);
}

static void edit(const struct maker_work *w, const char *name,
                 struct hm_buf *bytes)
{
    if (w->plan.edit_bytes != NULL)
        w->plan.edit_bytes(name, bytes, w->plan.context);
}

static void make_parents(const struct maker_work *w, const char *name)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    const char *end = strrchr(name, '/');
    char path[HM_NAME_MAX + 1] = "";
    struct hm_err e = {.rc = HM_OK};

    if (end == NULL)
        return;
    memcpy(path, name, (size_t)(end - name));
    assert_ok(hm_dir_make_at(&parent, &w->dir, path, &e), &e);
}

void maker_save(const struct maker_work *w, const char *name,
                struct hm_buf *bytes)
{
    struct hm_err e = {.rc = HM_OK};

    edit(w, name, bytes);
    make_parents(w, name);
    assert_ok(
        hm_file_save_at(&w->dir, name, hm_buf_view(bytes), HM_OUT_NEW, &e), &e);
}

void maker_save_text(const struct maker_work *w, const char *name,
                     const char *text)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(MAKER_FILE_MAX);

    maker_set(&bytes, text);
    maker_save(w, name, &bytes);
}

/* --- artefacts/ and sbom/ -------------------------------------------------- */

static void pack(const struct maker_work *w, int fd,
                 struct hm_archive_result *out)
{
    const struct hm_archive_options options = {
        .form = HM_ARCHIVE_TAR_GZ, .time = MAKER_TIME, .threads = 1};
    HM_OWN(hm_dir) tree = HM_DIR_INIT;
    struct hm_temp t;
    struct hm_err e = {.rc = HM_OK};

    hm_temp_make(&t);
    hm_temp_write(&t, "etc/version", w->plan.version);
    hm_temp_write(&t, "bin/thermostat", "#!/bin/sh\nexit 0\n");
    assert_ok(hm_dir_open(&tree, t.path, &e), &e);
    assert_ok(hm_archive_pack(&tree, &options, fd, out, &e), &e);
    hm_temp_clear(&t);
}

void maker_make_artefact(struct maker_work *w)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(MAKER_FILE_MAX);
    HM_OWN(hm_file) packed = {.fd = memfd_create("artefact", MFD_CLOEXEC)};
    HM_OWN(hm_file) saved = HM_FILE_INIT;
    struct hm_archive_result result;
    struct hm_err e = {.rc = HM_OK};

    assert_true(packed.fd >= 0);
    pack(w, packed.fd, &result);
    w->content = result.content;
    assert_int_equal(lseek(packed.fd, 0, SEEK_SET), 0);
    assert_ok(hm_file_read_all(&packed, &bytes, &e), &e);
    maker_save(w, w->artefact, &bytes);
    assert_ok(hm_file_open_at(&saved, &w->dir, w->artefact, &e), &e);
    if (hm_archive_content_digest(&saved, MAKER_FILE_MAX, &result, &e) == HM_OK)
        w->content = result.content; /* else edited: no archive any more */
}

#define SBOM_TEXT                                                             \
    "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n"       \
    "  \"version\": 1,\n  \"metadata\": {\n    \"component\": {\n"            \
    "      \"type\": \"firmware\",\n      \"bom-ref\": \"root\",\n"           \
    "      \"name\": \"%s\",\n      \"version\": \"%s\",\n"                   \
    "      \"hashes\": [\n"                                                   \
    "        { \"alg\": \"SHA-256\", \"content\": \"%s\" },\n"                \
    "        { \"alg\": \"SHA-512\", \"content\": \"%s\" }\n"                 \
    "      ]\n    }\n  },\n"                                                  \
    "  \"components\": [\n    { \"type\": \"library\", \"bom-ref\": \"c1\", " \
    "\"name\": \"busybox\", \"version\": \"1.35.0\" }\n  ]\n}\n"

void maker_make_sbom(const struct maker_work *w)
{
    char text[2048];
    char sha256[HM_SHA256_HEX];
    char sha512[HM_SHA512_HEX];
    struct hm_digests d;

    maker_digest(w, w->artefact, &d);
    hm_hex_write((struct hm_bytes){d.sha256, sizeof(d.sha256)}, sha256);
    hm_hex_write((struct hm_bytes){d.sha512, sizeof(d.sha512)}, sha512);
    (void)snprintf(text, sizeof(text), SBOM_TEXT, w->plan.product,
                   w->plan.version, sha256, sha512);
    maker_save_text(w, w->sbom, text);
}

/* --- records/release.json -------------------------------------------------- */

#define RELEASE_TEXT                                                           \
    "{\n  \"format\": \"hallmark-release/1\",\n  \"vendor\": \"acme\",\n"      \
    "  \"product\": \"%s\",\n  \"version\": \"%s\",\n  \"epoch\": %u,\n"       \
    "  \"rollback_counter\": %u,\n  \"update_type\": \"security\",\n"          \
    "  \"severity\": \"high\",\n  \"valid_days\": 30,\n  \"artefacts\": [\n"   \
    "    { \"id\": \"firmware\", \"tree\": \"rootfs\", \"name\": \"%s\", "     \
    "\"role\": \"firmware\", \"kind\": \"full\", \"slot\": \"rootfs\" }\n"     \
    "  ],\n  \"updates\": [\n    { \"models\": [\"T100\"], \"hardware\": "     \
    "[\"rev-b\"], \"artefacts\": [\"firmware\"] }\n  ],\n  \"sboms\": [\n"     \
    "    { \"file\": \"in.cdx.json\", \"name\": \"%s\", \"artefact\": "        \
    "\"firmware\" }\n  ],\n  \"advisories\": [\n    { \"id\": "                \
    "\"ACME-SA-2026-0001\", \"aliases\": [\"CVE-2026-0001\"], \"severity\": "  \
    "\"high\", \"url\": \"https://acme.example/sa/2026-0001\", "               \
    "\"fixed_in\": \"%s\", \"action\": \"Install %s.\" }\n  ],\n"              \
    "  \"provenance\": { \"repository\": \".\", \"build_type\": "              \
    "\"https://acme.example/build/v1\", \"builder\": "                         \
    "\"https://acme.example/builders/v1\" },\n  \"signing\": { \"manifest\": " \
    "{ \"uri\": \"pkcs11:token=vendor;object=vendor-1\", \"pin\": \"tty\" },"  \
    " \"provenance\": { \"uri\": "                                             \
    "\"pkcs11:token=vendor;object=provenance-1\", \"pin\": \"tty\" } },\n"     \
    "  \"root\": \"root.json\",\n  \"authorisation\": "                        \
    "\"authorisation.json\",\n  \"repository\": \"repository\"\n}\n"

void maker_make_record(const struct maker_work *w)
{
    const struct maker_plan *p = &w->plan;
    char text[3072];

    (void)snprintf(text, sizeof(text), RELEASE_TEXT, p->product, p->version,
                   (unsigned)p->epoch, (unsigned)p->rollback_counter,
                   strchr(w->artefact, '/') + 1, strchr(w->sbom, '/') + 1,
                   p->version, p->version);
    maker_save_text(w, "records/release.json", text);
}

/* --- attestations/ ----------------------------------------------------------- */

static void add_subject(const struct maker_work *w, const char *name,
                        struct hm_attest_subject *to)
{
    struct hm_digests d;

    maker_digest(w, name, &d);
    *to = (struct hm_attest_subject){
        .name = name, .has_sha256 = true, .has_sha512 = true};
    memcpy(to->sha256, d.sha256, sizeof(d.sha256));
    memcpy(to->sha512, d.sha512, sizeof(d.sha512));
}

static size_t find_subjects(const struct maker_work *w,
                            const struct hm_names *all,
                            struct hm_attest_subject *to)
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++) {
        const char *name = all->name[i];

        if (strncmp(name, "artefacts/", 10) != 0 ||
            name[strlen(name) - 1] == '/')
            continue;
        assert_true(n < SUBJECTS_MAX);
        add_subject(w, name, &to[n++]);
    }
    return n;
}

static void make_statement(const struct maker_work *w, struct hm_buf *out)
{
    struct hm_attest_resource source = {
        .uri = "git+https://acme.example/thermostat.git", .git_commit = COMMIT};
    struct hm_attest_pair external[] = {{"product", w->plan.product},
                                        {"version", w->plan.version}};
    struct hm_attest_provenance p = {
        .build_type = "https://acme.example/build/v1",
        .external = {external, 2},
        .dependencies = {&source, 1},
        .builder_id = "https://acme.example/builders/v1",
        .started = MAKER_TIME,
        .finished = MAKER_TIME};
    HM_OWN(hm_buf) predicate = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_names) all = HM_NAMES_INIT;
    struct hm_attest_subject subjects[SUBJECTS_MAX];
    struct hm_err e = {.rc = HM_OK};
    size_t n;

    assert_ok(hm_dir_list_tree(&w->dir, &all, &e), &e);
    n = find_subjects(w, &all, subjects);
    if (w->plan.edit_provenance != NULL)
        w->plan.edit_provenance(&p, subjects, n, w->plan.context);
    assert_ok(hm_attest_write_provenance(&p, &predicate, &e), &e);
    assert_ok(hm_attest_write_statement(subjects, n, HM_ATTEST_PROVENANCE,
                                        hm_buf_view(&predicate), out, &e),
              &e);
}

void maker_make_provenance(const struct maker_work *w)
{
    const struct maker_signers *who = &w->plan.provenance;
    HM_OWN(hm_buf) statement = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX);
    HM_OWN(hm_buf) pae = HM_BUF_INIT(HM_ATTEST_STATEMENT_MAX + 1024);
    HM_OWN(hm_buf) envelope = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    struct hm_buf sigs[HM_SIGNATURES_MAX];
    struct hm_attest_signed by[HM_SIGNATURES_MAX];
    struct hm_err e = {.rc = HM_OK};

    if (who->nobody)
        return;
    make_statement(w, &statement);
    edit(w, "statement", &statement);
    assert_ok(hm_attest_make_statement_pae(hm_buf_view(&statement), &pae, &e),
              &e);
    for (unsigned i = 0; i < who->n; i++) {
        sigs[i] = (struct hm_buf)HM_BUF_INIT(HM_SIGNATURE_MAX);
        maker_signature(w->m, who->key[i], hm_buf_view(&pae), &sigs[i]);
        by[i] = (struct hm_attest_signed){&w->m->keys[who->key[i]].key,
                                          hm_buf_view(&sigs[i])};
    }
    assert_ok(hm_attest_write_envelope(hm_buf_view(&statement), by, who->n,
                                       &envelope, &e),
              &e);
    for (unsigned i = 0; i < who->n; i++)
        hm_buf_clear(&sigs[i]);
    maker_save(w, ENVELOPE, &envelope);
}
