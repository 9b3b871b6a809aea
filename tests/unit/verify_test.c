#include "hm_verify.h"

#include "hm_test.h"
#include "release_maker.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD      "good"
#define SMALL_MAX 65536u /* every byte of files up to this size is flipped */
#define SAMPLES   200u   /* of larger ones */

static struct maker maker;

static int make_maker(void **state)
{
    (void)state;
    maker_init(&maker, 2, 3);
    return 0;
}

static int clear_maker(void **state)
{
    (void)state;
    maker_clear(&maker);
    return 0;
}

static int make_temp(void **state)
{
    static struct hm_temp t;

    hm_temp_make(&t);
    *state = &t;
    return 0;
}

static int clear_temp(void **state)
{
    hm_temp_clear(*state);
    return 0;
}

static hm_rc verify_at(const char *path, hm_time at, bool before_signing,
                       struct hm_report *report, struct hm_err *e)
{
    const struct hm_verify_options options = {.at = at,
                                              .before_signing = before_signing};
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    *e = (struct hm_err){.rc = HM_OK};
    assert_ok(hm_dir_open(&dir, path, e), e);
    return hm_verify_release(&dir, hm_buf_view(&maker.root), &options, report,
                             e);
}

static hm_rc verify(const char *path, struct hm_report *report,
                    struct hm_err *e)
{
    return verify_at(path, MAKER_TIME + MAKER_DAY, false, report, e);
}

/* Is there a failure that names the file?  A signature that does not fit is
 * told with its document, because either may have changed. */
static bool names_file(const struct hm_report *report, const char *file)
{
    for (size_t i = 0; i < report->n; i++)
        if (report->findings[i].result == HM_RESULT_FAIL &&
            (strcmp(report->findings[i].file, file) == 0 ||
             strstr(report->findings[i].text, file) != NULL))
            return true;
    return false;
}

static void a_right_release_passes_every_check(void **state)
{
    const char *path = hm_temp_path(*state, GOOD);
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    size_t checks = 0;
    struct hm_err e;

    maker_release(&maker, path, NULL);
    assert_ok(verify(path, &report, &e), &e);
    while (hm_verify_check_at(checks) != NULL)
        checks++;
    assert_int_equal(report.count[HM_RESULT_PASS], checks);
    assert_int_equal(report.n, checks);
    assert_string_equal(report.product, "thermostat");
    assert_string_equal(report.version, "1.0.1");
    assert_int_equal(report.manifest_signers.n, 1);
    assert_string_equal(report.manifest_signers.keyid[0],
                        maker.keys[MAKER_VENDOR].key.keyid);
}

/* --- one wrongness at a time --------------------------------------------- */

static void expires_early(struct hm_manifest *m, void *context)
{
    (void)context;
    m->expires = m->timestamp + 60;
}

static void issued_late(struct hm_manifest *m, void *context)
{
    (void)context;
    m->timestamp += 10 * MAKER_DAY;
    m->expires += 10 * MAKER_DAY;
}

static void counter_above(struct hm_manifest *m, void *context)
{
    (void)context;
    m->rollback_counter = 4000000000u;
}

static void other_epoch(struct hm_manifest *m, void *context)
{
    (void)context;
    m->epoch = 7;
}

static void other_vendor(struct hm_manifest *m, void *context)
{
    (void)context;
    memcpy(m->vendor, "emca", 5);
}

static void other_product(struct hm_manifest *m, void *context)
{
    (void)context;
    memcpy(m->product, "thermo", 7);
}

static void milder_than_its_advisory(struct hm_manifest *m, void *context)
{
    (void)context;
    m->severity = HM_SEVERITY_NONE;
}

static void no_advisory(struct hm_manifest *m, void *context)
{
    (void)context;
    for (size_t i = 0; i < m->advisories_n; i++)
        free(m->advisories[i].aliases.word);
    m->advisories_n = 0;
    m->update_type = HM_UPDATE_SECURITY;
}

static void fixed_later(struct hm_manifest *m, void *context)
{
    struct hm_err e = {0};

    (void)context;
    assert_true(m->advisories_n > 0);
    assert_ok(hm_version_read(HM_LIT("9.0"), &m->advisories[0].fixed_in, &e),
              &e);
}

static void other_index(struct hm_manifest *m, void *context)
{
    (void)context;
    m->index_sha256[0] ^= 1;
}

static void other_artefact(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].artefacts[0].sha256[0] ^= 1;
}

static void other_size(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].artefacts[0].size++;
}

static void other_content(struct hm_manifest *m, void *context)
{
    (void)context;
    m->updates[0].artefacts[0].content_sha256[0] ^= 1;
}

static void unlisted_artefact(struct hm_manifest *m, void *context)
{
    (void)context;
    memcpy(m->updates[0].artefacts[0].name, "artefacts/other", 16);
}

static void expired_authorisation(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->expires = a->issued + 60;
}

static void later_authorisation(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->issued = MAKER_TIME + 2 * MAKER_DAY;
}

static void other_root(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->root_sha256[0] ^= 1;
}

static void vendor_of_authorisation(struct hm_authorisation *a, void *context)
{
    (void)context;
    memcpy(a->vendor, "emca", 5);
}

static void no_limits(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->limits_n = 0;
}

static void requires_verification(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->require[a->require_n++] = HM_ROLE_VERIFICATION;
}

static void key_for_other_product(struct hm_authorisation *a, void *context)
{
    (void)context;
    for (size_t i = 0; i < a->keys_n; i++)
        if (a->keys[i].role == HM_ROLE_MANIFEST)
            memcpy(a->keys[i].products[0], "kettle", 7);
}

static void key_window_over(struct hm_authorisation *a, void *context)
{
    (void)context;
    for (size_t i = 0; i < a->keys_n; i++)
        if (a->keys[i].role == HM_ROLE_MANIFEST)
            a->keys[i].valid_until = MAKER_TIME - 1;
}

static void key_window_later(struct hm_authorisation *a, void *context)
{
    (void)context;
    for (size_t i = 0; i < a->keys_n; i++)
        if (a->keys[i].role == HM_ROLE_MANIFEST)
            a->keys[i].valid_from = MAKER_TIME + 1;
}

static void no_provenance_key(struct hm_authorisation *a, void *context)
{
    (void)context;
    for (size_t i = 0; i < a->keys_n; i++)
        if (a->keys[i].role == HM_ROLE_PROVENANCE)
            a->keys[i].role = HM_ROLE_LEDGER;
}

static void other_subject(struct hm_attest_provenance *p,
                          struct hm_attest_subject *subjects, size_t n,
                          void *context)
{
    (void)p;
    (void)n;
    (void)context;
    subjects[0].sha256[0] ^= 1;
}

static void stranger_as_subject(struct hm_attest_provenance *p,
                                struct hm_attest_subject *subjects, size_t n,
                                void *context)
{
    (void)p;
    (void)n;
    (void)context;
    subjects[0].name = "artefacts/of-another-release.tar.gz";
}

static void of_other_version(struct hm_attest_provenance *p,
                             struct hm_attest_subject *subjects, size_t n,
                             void *context)
{
    (void)subjects;
    (void)n;
    (void)context;
    for (size_t i = 0; i < p->external.n; i++)
        if (strcmp(p->external.pair[i].name, "version") == 0)
            p->external.pair[i].value = "1.0.0";
}

static void record_as_artefact(struct hm_index *index, void *context)
{
    (void)context;
    for (size_t i = 0; i < index->n; i++)
        if (strncmp(index->files[i].name, "records/", 8) == 0)
            index->files[i].kind = 0;
}

static void other_sha512(struct hm_index *index, void *context)
{
    (void)context;
    index->files[0].digests.sha512[63] ^= 1;
}

static void sbom_of_other_product(const char *name, struct hm_buf *bytes,
                                  void *context)
{
    (void)context;
    if (strncmp(name, "sbom/", 5) == 0)
        maker_replace(bytes, "\"thermostat\"", "\"thermostas\"");
}

static void sbom_is_no_json(const char *name, struct hm_buf *bytes,
                            void *context)
{
    (void)context;
    if (strncmp(name, "sbom/", 5) == 0)
        maker_set(bytes, "SPDXVersion: SPDX-2.3\n");
}

static void statement_bytes(const char *name, struct hm_buf *bytes,
                            void *context)
{
    (void)context;
    if (strcmp(name, "statement") == 0)
        maker_replace(bytes, "https://slsa.dev/provenance/v1",
                      "https://slsa.dev/provenance/v1evil");
}

static void duplicate_member(const char *name, struct hm_buf *bytes,
                             void *context)
{
    (void)context;
    if (strcmp(name, "manifest.json") == 0)
        maker_replace(bytes, "\"epoch\": 1,",
                      "\"epoch\": 1,\n  \"\\u0065poch\": 1,");
}

static void unknown_member(const char *name, struct hm_buf *bytes,
                           void *context)
{
    (void)context;
    if (strcmp(name, "manifest.json") == 0)
        maker_replace(bytes, "\"epoch\": 1,", "\"epoch\": 1,\n  \"y\": 1,");
}

static void wrong_format(const char *name, struct hm_buf *bytes, void *context)
{
    (void)context;
    if (strcmp(name, "manifest.json") == 0)
        maker_replace(bytes, "hallmark-manifest/1", "hallmark-manifest/2");
}

static void published_key(struct hm_authorisation *a, void *context)
{
    HM_OWN(hm_buf) pem = HM_BUF_INIT(4096);
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)context;
    assert_ok(hm_file_load(HM_TESTDATA "/published/rfc6979-p256.pem", &pem, &e),
              &e);
    assert_ok(hm_public_key_read_pem(&key, hm_buf_view(&pem), &e), &e);
    assert_ok(hm_public_key_copy(&a->keys[0].key.key, &key, &e), &e);
}

static const struct wrongness {
    const char *reason;
    const char *file;
    struct maker_plan plan;
} wrong[] = {
    {"manifest.expired", "manifest.json", {.edit_manifest = expires_early}},
    {"manifest.early", "manifest.json", {.edit_manifest = issued_late}},
    {"manifest.rollback.above",
     "manifest.json",
     {.edit_manifest = counter_above}},
    {"manifest.epoch", "manifest.json", {.edit_manifest = other_epoch}},
    {"manifest.vendor", "manifest.json", {.edit_manifest = other_vendor}},
    {"trust.key.product", "manifest.json", {.edit_manifest = other_product}},
    {"manifest.severity",
     "manifest.json",
     {.edit_manifest = milder_than_its_advisory}},
    {"manifest.advisory.missing",
     "manifest.json",
     {.edit_manifest = no_advisory}},
    {"manifest.advisory.version",
     "manifest.json",
     {.edit_manifest = fixed_later}},
    {"release.index.digest", "index.json", {.edit_manifest = other_index}},
    {"artefact.digest",
     "artefacts/thermostat-1.0.1.tar.gz",
     {.edit_manifest = other_artefact}},
    {"artefact.size",
     "artefacts/thermostat-1.0.1.tar.gz",
     {.edit_manifest = other_size}},
    {"artefact.content.digest",
     "artefacts/thermostat-1.0.1.tar.gz",
     {.edit_manifest = other_content}},
    {"artefact.unlisted",
     "artefacts/other",
     {.edit_manifest = unlisted_artefact}},
    {"trust.authorisation.expired",
     "authorisation.json",
     {.edit_authorisation = expired_authorisation}},
    {"trust.authorisation.early",
     "authorisation.json",
     {.edit_authorisation = later_authorisation}},
    {"trust.authorisation.root",
     "authorisation.json",
     {.edit_authorisation = other_root}},
    {"trust.authorisation.vendor",
     "authorisation.json",
     {.edit_authorisation = vendor_of_authorisation}},
    {"crypto.key.published",
     "authorisation.json",
     {.edit_authorisation = published_key}},
    {"trust.limit.missing", "manifest.json", {.edit_authorisation = no_limits}},
    {"trust.manifest.signature",
     "manifest.json",
     {.edit_authorisation = requires_verification}},
    {"trust.key.product",
     "manifest.json",
     {.edit_authorisation = key_for_other_product}},
    {"trust.key.expired",
     "manifest.json",
     {.edit_authorisation = key_window_over}},
    {"trust.key.early",
     "manifest.json",
     {.edit_authorisation = key_window_later}},
    {"trust.key.retired",
     "manifest.json",
     {.manifest = {.n = 1, .key = {MAKER_RETIRED}}}},
    {"trust.manifest.signature",
     "manifest.json",
     {.manifest = {.n = 1, .key = {MAKER_STRANGER}}}},
    {"trust.manifest.signature",
     "manifest.json",
     {.manifest = {.n = 1, .key = {MAKER_PROVENANCE}}}},
    {"trust.manifest.signature",
     "manifest.json",
     {.manifest = {.n = 1, .key = {MAKER_ROOT_1}}}},
    {"trust.manifest.signature",
     "manifest.json",
     {.manifest = {.nobody = true}}},
    {"trust.authorisation.signature",
     "authorisation.json",
     {.authorisation = {.nobody = true}}},
    {"trust.authorisation.signature",
     "authorisation.json",
     {.authorisation = {.n = 1, .key = {MAKER_ROOT_1}}}},
    {"trust.authorisation.signature",
     "authorisation.json",
     {.authorisation = {.n = 2, .key = {MAKER_ROOT_1, MAKER_ROOT_1}}}},
    {"trust.authorisation.signature",
     "authorisation.json",
     {.authorisation = {.n = 2, .key = {MAKER_VENDOR, MAKER_ROOT_1}}}},
    {"attest.signature.threshold",
     "attestations/provenance.intoto.jsonl",
     {.edit_authorisation = no_provenance_key}},
    {"attest.signature.threshold",
     "attestations/provenance.intoto.jsonl",
     {.provenance = {.n = 1, .key = {MAKER_VENDOR}}}},
    {"attest.subject.differs",
     "attestations/provenance.intoto.jsonl",
     {.edit_provenance = other_subject}},
    {"attest.subject.unknown",
     "attestations/provenance.intoto.jsonl",
     {.edit_provenance = stranger_as_subject}},
    {"attest.provenance.differs",
     "artefacts/thermostat-1.0.1.tar.gz",
     {.edit_provenance = of_other_version}},
    {"attest.predicate.type",
     "attestations/provenance.intoto.jsonl",
     {.edit_bytes = statement_bytes}},
    {"release.file.kind",
     "records/release.json",
     {.edit_index = record_as_artefact}},
    {"release.file.digest",
     "artefacts/thermostat-1.0.1.tar.gz",
     {.edit_index = other_sha512}},
    {"sbom.product.name",
     "artefacts/thermostat-1.0.1.tar.gz",
     {.edit_bytes = sbom_of_other_product}},
    {"sbom.format.unsupported",
     "artefacts/thermostat-1.0.1.tar.gz",
     {.edit_bytes = sbom_is_no_json}},
    {"json.duplicate", "manifest.json", {.edit_bytes = duplicate_member}},
    {"json.member.unknown", "manifest.json", {.edit_bytes = unknown_member}},
    {"json.format", "manifest.json", {.edit_bytes = wrong_format}},
};

static void each_wrongness_is_refused_for_its_reason(void **state)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        HM_OWN(hm_report) report = HM_REPORT_INIT;
        char name[16];
        struct hm_err e;
        hm_rc rc;

        (void)snprintf(name, sizeof(name), "w%zu", i);
        maker_release(&maker, hm_temp_path(*state, name), &wrong[i].plan);
        rc = verify(hm_temp_path(*state, name), &report, &e);
        if (rc != HM_E_REJECTED || strcmp(e.reason, wrong[i].reason) != 0 ||
            !names_file(&report, wrong[i].file))
            fail_msg("row %zu: wanted %s of %s, got %s [%s]", i,
                     wrong[i].reason, wrong[i].file, e.text, e.reason);
    }
}

static void signatures_of_strangers_do_no_harm(void **state)
{
    const struct maker_plan plan = {
        .manifest = {.n = 2, .key = {MAKER_STRANGER, MAKER_VENDOR}},
        .authorisation = {.n = 3,
                          .key = {MAKER_ROOT_3, MAKER_STRANGER, MAKER_ROOT_1}},
    };
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    const char *path = hm_temp_path(*state, GOOD);
    struct hm_err e;

    maker_release(&maker, path, &plan);
    assert_ok(verify(path, &report, &e), &e);
}

static void an_unsigned_manifest_passes_only_before_signing(void **state)
{
    const struct maker_plan plan = {.manifest = {.nobody = true}};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    const char *path = hm_temp_path(*state, GOOD);
    const hm_time at = MAKER_TIME + 60;
    struct hm_err e;

    maker_release(&maker, path, &plan);
    assert_ok(verify_at(path, at, true, &report, &e), &e);
    assert_int_equal(report.excused, 1);
    assert_int_equal(report.count[HM_RESULT_NOT_RUN], 1);
    assert_fails(verify_at(path, at, false, &report, &e), HM_E_REJECTED,
                 "trust.manifest.signature", &e);
    hm_temp_flip(*state, GOOD "/records/release.json", 3, 1);
    assert_fails(verify_at(path, at, true, &report, &e), HM_E_REJECTED,
                 "release.file.digest", &e);
}

static void before_signing_a_key_must_be_there_to_sign(void **state)
{
    const struct maker_plan plan = {.manifest = {.nobody = true},
                                    .edit_authorisation = key_window_over};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    const char *path = hm_temp_path(*state, GOOD);
    struct hm_err e;

    maker_release(&maker, path, &plan);
    assert_fails(verify_at(path, MAKER_TIME + 60, true, &report, &e),
                 HM_E_REJECTED, "trust.key.none", &e);
}

static void a_wrong_root_set_is_wrong_use(void **state)
{
    const struct hm_verify_options options = {.at = MAKER_TIME};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {0};

    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    assert_ok(hm_dir_open(&dir, hm_temp_path(*state, GOOD), &e), &e);
    assert_fails(hm_verify_release(&dir, HM_LIT("{}"), &options, &report, &e),
                 HM_E_USAGE, "json.format", &e);
    assert_fails(hm_verify_release(&dir, HM_LIT(""), &options, &report, &e),
                 HM_E_USAGE, "json.format", &e);
}

/* --- the closed world ------------------------------------------------------ */

static void expect_no(const char *path, const char *file, const char *what)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    struct hm_err e;
    const hm_rc rc = verify(path, &report, &e);

    if (rc != HM_E_REJECTED || !names_file(&report, file))
        fail_msg("%s of %s: %s", what, file, rc == HM_OK ? "yes" : e.text);
}

static void flip_file(const struct hm_temp *t, const char *name)
{
    char path[300];
    struct stat sb;
    uint64_t step = 1;

    (void)snprintf(path, sizeof(path), GOOD "/%s", name);
    assert_int_equal(stat(hm_temp_path(t, path), &sb), 0);
    if (sb.st_size > (off_t)SMALL_MAX)
        step = (uint64_t)sb.st_size / SAMPLES;
    for (uint64_t at = 0; at < (uint64_t)sb.st_size; at += step) {
        const uint8_t mask = (uint8_t)(1u << (at % 8));

        hm_temp_flip(t, path, at, mask);
        expect_no(hm_temp_path(t, GOOD), name, "flipped byte");
        hm_temp_flip(t, path, at, mask);
    }
}

static void every_flipped_byte_is_seen(void **state)
{
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {0};

    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    assert_ok(hm_dir_open(&dir, hm_temp_path(*state, GOOD), &e), &e);
    assert_ok(hm_dir_list_tree(&dir, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++)
        if (names.name[i][strlen(names.name[i]) - 1] != '/')
            flip_file(*state, names.name[i]);
    assert_ok(verify(hm_temp_path(*state, GOOD), &report, &e), &e);
}

static void every_missing_file_is_seen(void **state)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {0};

    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    assert_ok(hm_dir_open(&dir, hm_temp_path(*state, GOOD), &e), &e);
    assert_ok(hm_dir_list_tree(&dir, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.name[i];
        HM_OWN(hm_report) report = HM_REPORT_INIT;
        char path[300];

        if (name[strlen(name) - 1] == '/')
            continue;
        (void)snprintf(path, sizeof(path), GOOD "/%s", name);
        assert_int_equal(
            rename(hm_temp_path(*state, path), hm_temp_path(*state, "aside")),
            0);
        if (verify(hm_temp_path(*state, GOOD), &report, &e) != HM_E_REJECTED)
            fail_msg("without %s the release is accepted", name);
        assert_int_equal(
            rename(hm_temp_path(*state, "aside"), hm_temp_path(*state, path)),
            0);
    }
}

/* --- the public copy ------------------------------------------------------- */

static hm_rc verify_public(const char *path, struct hm_report *report,
                           struct hm_err *e)
{
    const struct hm_verify_options options = {.at = MAKER_TIME + MAKER_DAY,
                                              .public_copy = true};
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    *e = (struct hm_err){.rc = HM_OK};
    assert_ok(hm_dir_open(&dir, path, e), e);
    return hm_verify_release(&dir, hm_buf_view(&maker.root), &options, report,
                             e);
}

static const struct maker_file private_files[] = {
    {"records/build.log", "cc -c thermostat.c\n"},
    {"records/scan/osv.json", "{}\n"},
};

/* The finding of the file, and nothing else of index.files but a pass. */
static void assert_withheld(const struct hm_report *report, const char *file,
                            const char *text)
{
    char sha256[HM_SHA256_HEX];
    uint8_t digest[HM_SHA256_SIZE];
    struct hm_err e = {0};
    bool found = false;

    assert_ok(hm_sha256(hm_bytes_str(text), digest, &e), &e);
    hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, sha256);
    for (size_t i = 0; i < report->n; i++) {
        const struct hm_finding *f = &report->findings[i];

        if (strcmp(f->file, file) != 0)
            continue;
        assert_string_equal(f->check, "index.files");
        assert_string_equal(f->reason, "release.file.withheld");
        assert_int_equal(f->result, HM_RESULT_WARN);
        assert_non_null(strstr(f->text, sha256));
        found = true;
    }
    assert_true(found);
}

static void private_files_may_be_withheld_from_the_public_copy(void **state)
{
    const struct maker_plan plan = {.extra = private_files, .extra_n = 2};
    const char *path = hm_temp_path(*state, GOOD);
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {0};

    maker_release(&maker, path, &plan);
    assert_ok(verify_public(path, &report, &e), &e);
    assert_true(report.public_copy);
    assert_int_equal(report.count[HM_RESULT_WARN], 0);
    assert_ok(hm_dir_open(&dir, path, &e), &e);
    assert_ok(hm_dir_remove_at(&dir, "records/build.log", &e), &e);
    assert_ok(verify_public(path, &report, &e), &e);
    assert_int_equal(report.count[HM_RESULT_WARN], 1);
    assert_int_equal(report.count[HM_RESULT_PASS], 18);
    assert_withheld(&report, "records/build.log", private_files[0].text);
    assert_ok(hm_dir_remove_at(&dir, "records", &e), &e);
    assert_ok(verify_public(path, &report, &e), &e);
    assert_int_equal(report.count[HM_RESULT_WARN], 3);
    assert_withheld(&report, "records/scan/osv.json", private_files[1].text);
    assert_fails(verify(path, &report, &e), HM_E_REJECTED, "base.dir.open", &e);
}

static void what_is_there_is_checked_in_a_public_copy_too(void **state)
{
    const char *path = hm_temp_path(*state, GOOD);
    const char *record = hm_temp_path(*state, GOOD "/records/release.json");
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    struct hm_err e;

    maker_release(&maker, path, NULL);
    hm_temp_flip(*state, GOOD "/records/release.json", 3, 1);
    assert_fails(verify_public(path, &report, &e), HM_E_REJECTED,
                 "release.file.digest", &e);
    hm_temp_flip(*state, GOOD "/records/release.json", 3, 1);
    hm_temp_write(*state, GOOD "/records/other", "x");
    assert_fails(verify_public(path, &report, &e), HM_E_REJECTED,
                 "release.file.unlisted", &e);
    assert_int_equal(unlink(hm_temp_path(*state, GOOD "/records/other")), 0);
    assert_int_equal(unlink(record), 0);
    assert_int_equal(symlink("nowhere", record), 0);
    assert_int_equal(verify_public(path, &report, &e), HM_E_REJECTED);
    assert_int_equal(unlink(record), 0);
    assert_ok(verify_public(path, &report, &e), &e);
}

static void public_files_are_missed_in_a_public_copy_too(void **state)
{
    static const char *const names[] = {"artefacts/thermostat-1.0.1.tar.gz",
                                        "sbom/thermostat-1.0.1.cdx.json",
                                        "attestations/provenance.intoto.jsonl",
                                        "index.json",
                                        "manifest.json",
                                        "manifest.json.sig",
                                        "authorisation.json"};
    const char *path = hm_temp_path(*state, GOOD);

    maker_release(&maker, path, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        HM_OWN(hm_report) report = HM_REPORT_INIT;
        char name[300];
        struct hm_err e;

        (void)snprintf(name, sizeof(name), GOOD "/%s", names[i]);
        assert_int_equal(
            rename(hm_temp_path(*state, name), hm_temp_path(*state, "aside")),
            0);
        if (verify_public(path, &report, &e) != HM_E_REJECTED)
            fail_msg("without %s the release is accepted", names[i]);
        assert_int_equal(
            rename(hm_temp_path(*state, "aside"), hm_temp_path(*state, name)),
            0);
    }
}

static void nothing_is_public(struct hm_index *index, void *context)
{
    (void)context;
    for (size_t i = 0; i < index->n; i++)
        index->files[i].is_public = false;
}

/* Whatever the index says of it: what a check needs cannot be withheld. */
static void what_checks_need_cannot_be_withheld(void **state)
{
    static const char *const names[] = {"artefacts/thermostat-1.0.1.tar.gz",
                                        "sbom/thermostat-1.0.1.cdx.json",
                                        "attestations/provenance.intoto.jsonl"};
    const struct maker_plan plan = {.edit_index = nothing_is_public};
    const char *path = hm_temp_path(*state, GOOD);

    maker_release(&maker, path, &plan);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        HM_OWN(hm_report) report = HM_REPORT_INIT;
        char name[300];
        struct hm_err e;

        (void)snprintf(name, sizeof(name), GOOD "/%s", names[i]);
        assert_int_equal(
            rename(hm_temp_path(*state, name), hm_temp_path(*state, "aside")),
            0);
        assert_fails(verify_public(path, &report, &e), HM_E_REJECTED,
                     "base.file.open", &e);
        assert_int_equal(
            rename(hm_temp_path(*state, "aside"), hm_temp_path(*state, name)),
            0);
    }
}

static void what_is_not_signed_yet_has_no_public_copy(void **state)
{
    const struct hm_verify_options options = {.at = MAKER_TIME + MAKER_DAY,
                                              .before_signing = true,
                                              .public_copy = true};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_err e = {0};

    maker_release(&maker, hm_temp_path(*state, GOOD), NULL);
    assert_ok(hm_dir_open(&dir, hm_temp_path(*state, GOOD), &e), &e);
    assert_fails(hm_verify_release(&dir, hm_buf_view(&maker.root), &options,
                                   &report, &e),
                 HM_E_USAGE, "verify.options.conflict", &e);
}

/* --- strangers --------------------------------------------------------------- */

static void every_extra_file_is_seen(void **state)
{
    static const char *const names[] = {
        "x",
        ".x",
        "manifest.json.bak",
        "manifest.json.sig.9",
        "manifest.json.sig.1",
        "manifest.json.sig.02",
        "manifest.2.json",
        "root.json",
        "index.json.sig",
        "artefacts/extra",
        "artefacts/.hidden",
        "sbom/x.json",
        "attestations/x.intoto.jsonl",
        "records/x",
        "advisories/x.json",
        "ledger/x",
        "verification.intoto.jsonl",
        "deep/er/x",
        "a\nb",
        "\xff",
    };
    const char *path = hm_temp_path(*state, GOOD);

    maker_release(&maker, path, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        HM_OWN(hm_dir) dir = HM_DIR_INIT;
        char name[300];
        struct hm_err e = {0};

        (void)snprintf(name, sizeof(name), GOOD "/%s", names[i]);
        hm_temp_write(*state, name, "x");
        expect_no(path, hm_show_str(names[i]), "extra file");
        assert_ok(hm_dir_open(&dir, path, &e), &e);
        assert_int_equal(unlink(hm_temp_path(*state, name)), 0);
        assert_ok(hm_dir_remove_at(&dir, "deep", &e), &e);
        assert_ok(hm_dir_remove_at(&dir, "ledger", &e), &e);
    }
}

static void a_link_in_place_of_a_file_is_seen(void **state)
{
    const char *path = hm_temp_path(*state, GOOD);
    const char *inside = hm_temp_path(*state, GOOD "/records/release.json");
    const char *outside = hm_temp_path(*state, "outside");

    maker_release(&maker, path, NULL);
    assert_int_equal(rename(inside, outside), 0);
    assert_int_equal(symlink(outside, inside), 0);
    expect_no(path, "records/release.json", "a link in place");
    assert_int_equal(unlink(inside), 0);
    assert_int_equal(mkfifo(inside, 0600), 0);
    expect_no(path, "records/release.json", "a pipe in place");
}

static void the_report_says_what_failed_and_what_did_not_run(void **state)
{
    const struct maker_plan plan = {.edit_manifest = expires_early};
    HM_OWN(hm_report) report = HM_REPORT_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(1u << 20);
    HM_OWN(hm_buf) json = HM_BUF_INIT(1u << 20);
    struct hm_json_writer w;
    struct hm_err e;

    maker_release(&maker, hm_temp_path(*state, GOOD), &plan);
    assert_int_equal(verify(hm_temp_path(*state, GOOD), &report, &e),
                     HM_E_REJECTED);
    assert_ok(hm_report_write(&report,
                              &(struct hm_report_style){.brief = false}, &text,
                              &e),
              &e);
    assert_ok(hm_buf_add(&text, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
              &e);
    assert_non_null(strstr((const char *)text.p, "fail     manifest.fresh"));
    assert_non_null(strstr((const char *)text.p, "[manifest.expired] so"));
    assert_non_null(strstr((const char *)text.p, "next: "));
    hm_json_begin(&w, &json, false);
    hm_json_open_object(&w, NULL);
    hm_report_put(&report, &w);
    hm_json_close_object(&w);
    assert_ok(hm_json_finish(&w, &e), &e);
    assert_ok(hm_json_check(hm_buf_view(&json), HM_JSON_OURS, json.max, &e),
              &e);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_temp, clear_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_right_release_passes_every_check),
        TEST(each_wrongness_is_refused_for_its_reason),
        TEST(signatures_of_strangers_do_no_harm),
        TEST(an_unsigned_manifest_passes_only_before_signing),
        TEST(before_signing_a_key_must_be_there_to_sign),
        TEST(a_wrong_root_set_is_wrong_use),
        TEST(every_flipped_byte_is_seen),
        TEST(every_missing_file_is_seen),
        TEST(private_files_may_be_withheld_from_the_public_copy),
        TEST(what_is_there_is_checked_in_a_public_copy_too),
        TEST(public_files_are_missed_in_a_public_copy_too),
        TEST(what_checks_need_cannot_be_withheld),
        TEST(what_is_not_signed_yet_has_no_public_copy),
        TEST(every_extra_file_is_seen),
        TEST(a_link_in_place_of_a_file_is_seen),
        TEST(the_report_says_what_failed_and_what_did_not_run),
    };

    return cmocka_run_group_tests_name("verify", tests, make_maker,
                                       clear_maker);
}
