/* The tool that other tests stand on is itself tested: what it makes is right in
 * every point, and what it is told to make wrong is wrong in that one only. */
#include "release_maker.h"

#include "hm_release.h"
#include "hm_test.h"

struct made {
    struct maker m;
    struct hm_temp t;
    unsigned n;     /* releases made */
    char path[256]; /* of the last one */
    struct hm_dir dir;
    struct hm_root root;
};

static int make(void **state)
{
    static struct made made;
    struct hm_err e = {.rc = HM_OK};

    maker_init(&made.m, 2, 3);
    hm_temp_make(&made.t);
    made.dir = (struct hm_dir)HM_DIR_INIT;
    made.root = (struct hm_root)HM_ROOT_INIT;
    assert_ok(hm_root_read(&made.root, hm_buf_view(&made.m.root), &e), &e);
    *state = &made;
    return 0;
}

static int unmake(void **state)
{
    struct made *made = *state;

    hm_dir_clear(&made->dir);
    hm_root_clear(&made->root);
    maker_clear(&made->m);
    hm_temp_clear(&made->t);
    return 0;
}

static void release(struct made *made, const struct maker_plan *plan)
{
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(made->path, sizeof(made->path), "%.200s/%u", made->t.path,
                   made->n++);
    maker_release(&made->m, made->path, plan);
    hm_dir_clear(&made->dir);
    assert_ok(hm_dir_open(&made->dir, made->path, &e), &e);
}

/* From root.json to the manifest, as a device walks. */
static hm_rc walk(struct made *made, struct hm_manifest *m, struct hm_err *e)
{
    const struct hm_key_use use = {HM_ROLE_MANIFEST, "thermostat", MAKER_TIME};
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);

    HM_TRY(hm_authorisation_load(&a, &made->root, &made->dir,
                                 "authorisation.json", &bytes, e));
    HM_TRY(hm_authorisation_check_time(&a, MAKER_TIME, e));
    HM_TRY(hm_file_load_at(&made->dir, "manifest.json", &text, e));
    HM_TRY(hm_signatures_load(&sigs, &made->dir, "manifest.json", e));
    HM_TRY(
        hm_authorisation_verify(&a, &use, hm_buf_view(&text), &sigs, NULL, e));
    return hm_manifest_read(m, hm_buf_view(&text), e);
}

static void check_digests(struct made *made, const char *name,
                          const struct hm_digests *want)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_digests is;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_open_at(&f, &made->dir, name, &e), &e);
    assert_ok(hm_digest_file(&f, &is, &e), &e);
    assert_true(is.size == want->size);
    assert_memory_equal(is.sha256, want->sha256, sizeof(is.sha256));
    assert_memory_equal(is.sha512, want->sha512, sizeof(is.sha512));
}

static void a_plain_release_is_right_from_root_to_file(void **state)
{
    struct made *made = *state;
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_INDEX_BYTES_MAX);
    HM_OWN(hm_names) listed = HM_NAMES_INIT;
    uint8_t sha256[HM_SHA256_SIZE];
    struct hm_err e = {.rc = HM_OK};

    release(made, NULL);
    assert_ok(walk(made, &m, &e), &e);
    assert_ok(hm_file_load_at(&made->dir, "index.json", &text, &e), &e);
    assert_ok(hm_sha256(hm_buf_view(&text), sha256, &e), &e);
    assert_memory_equal(sha256, m.index_sha256, sizeof(sha256));
    assert_true(m.index_size == text.n);
    assert_ok(hm_index_read(&index, hm_buf_view(&text), &e), &e);
    assert_ok(hm_release_list(&made->dir, &listed, &e), &e);
    assert_int_equal(listed.n, index.n);
    assert_int_equal(index.n, 4);
    for (size_t i = 0; i < index.n; i++) {
        bool is_public = false;

        assert_string_equal(index.files[i].name, listed.name[i]);
        assert_string_equal(hm_file_kind_name(index.files[i].kind),
                            hm_release_kind_of(listed.name[i], &is_public));
        assert_int_equal(index.files[i].is_public, is_public);
        check_digests(made, index.files[i].name, &index.files[i].digests);
    }
    assert_memory_equal(
        m.updates[0].artefacts[0].sha256,
        hm_index_find(&index, m.updates[0].artefacts[0].name)->digests.sha256,
        HM_SHA256_SIZE);
}

static void its_release_json_is_accepted(void **state)
{
    struct made *made = *state;
    HM_OWN(hm_release) r = HM_RELEASE_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_RELEASE_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    release(made, NULL);
    assert_ok(hm_file_load_at(&made->dir, "records/release.json", &text, &e),
              &e);
    assert_ok(hm_release_read(&r, hm_buf_view(&text), &e), &e);
    assert_string_equal(r.product, "thermostat");
}

static void its_provenance_names_the_artefact(void **state)
{
    struct made *made = *state;
    const struct hm_public_key *keys[] = {&made->m.keys[MAKER_PROVENANCE].key};
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ATTEST_ENVELOPE_MAX);
    HM_OWN(hm_attest_envelope) env = HM_ATTEST_ENVELOPE_INIT;
    HM_OWN(hm_attest_statement) s = HM_ATTEST_STATEMENT_INIT;
    struct hm_attest_signers by;
    struct hm_err e = {.rc = HM_OK};

    release(made, NULL);
    assert_ok(hm_file_load_at(&made->dir, HM_RELEASE_PROVENANCE, &text, &e),
              &e);
    assert_ok(
        hm_attest_read_envelope(&env, hm_buf_view(&text), HM_ATTEST_OURS, &e),
        &e);
    assert_ok(hm_attest_verify(&env, keys, 1, 1, &by, &e), &e);
    assert_ok(hm_attest_read_statement(&s, hm_buf_view(&env.payload),
                                       HM_ATTEST_OURS, &e),
              &e);
    assert_int_equal(s.n_subjects, 1);
    assert_string_equal(s.subjects[0].name,
                        "artefacts/thermostat-1.0.1.tar.gz");
}

static void edit_manifest(struct hm_manifest *m, void *context)
{
    m->sequence = *(const uint64_t *)context;
}

static void edit_bytes(const char *name, struct hm_buf *bytes, void *context)
{
    (void)context;
    if (strcmp(name, "manifest.json") == 0)
        maker_replace(bytes, "\"severity\": \"high\",\n  \"advisories\"",
                      "\"severity\": \"grave\",\n  \"advisories\"");
}

static void an_edit_is_signed_like_the_rest(void **state)
{
    struct made *made = *state;
    uint64_t sequence = 77;
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};

    release(made, &(struct maker_plan){.edit_manifest = edit_manifest,
                                       .context = &sequence});
    assert_ok(walk(made, &m, &e), &e);
    assert_true(m.sequence == 77);
}

static void bytes_that_no_writer_makes_are_signed_too(void **state)
{
    struct made *made = *state;
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_err e = {.rc = HM_OK};

    release(made, &(struct maker_plan){.edit_bytes = edit_bytes});
    assert_fails(walk(made, &m, &e), HM_E_FORMAT, "json.member.word", &e);
}

static void whoever_is_named_signs(void **state)
{
    struct made *made = *state;
    static const struct {
        struct maker_plan plan;
        const char *reason;
    } rows[] = {
        {{.manifest = {.nobody = true}}, "trust.manifest.signature"},
        {{.manifest = {.n = 1, .key = {MAKER_STRANGER}}},
         "trust.manifest.signature"},
        {{.manifest = {.n = 1, .key = {MAKER_RETIRED}}}, "trust.key.retired"},
        {{.manifest = {.n = 1, .key = {MAKER_PROVENANCE}}}, "trust.key.role"},
        {{.authorisation = {.n = 1, .key = {MAKER_ROOT_1}}},
         "trust.authorisation.signature"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
        struct hm_err e = {.rc = HM_OK};

        release(made, &rows[i].plan);
        assert_fails(walk(made, &m, &e), HM_E_REJECTED, rows[i].reason, &e);
        maker_sign(&made->m, made->path, "manifest.json",
                   &(struct maker_signers){.n = 1, .key = {MAKER_VENDOR}});
        maker_sign(&made->m, made->path, "authorisation.json",
                   &(struct maker_signers){
                       .n = 2, .key = {MAKER_ROOT_3, MAKER_ROOT_2}});
        assert_ok(walk(made, &m, &e), &e);
    }
}

#define WITH_RELEASE(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELEASE(a_plain_release_is_right_from_root_to_file),
        WITH_RELEASE(its_release_json_is_accepted),
        WITH_RELEASE(its_provenance_names_the_artefact),
        WITH_RELEASE(an_edit_is_signed_like_the_rest),
        WITH_RELEASE(bytes_that_no_writer_makes_are_signed_too),
        WITH_RELEASE(whoever_is_named_signs),
    };

    return cmocka_run_group_tests_name("release_maker", tests, NULL, NULL);
}
