/* The verdict on a key, and the way from files to an authorisation that is
 * believed. */
#include "hm_test.h"

#include "release_maker.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FROM     (MAKER_TIME - MAKER_DAY)
#define UNTIL    (MAKER_TIME + 365 * MAKER_DAY)
#define TEXT     HM_LIT("{\n  \"format\": \"hallmark-manifest/1\"\n}\n")

struct world {
    struct maker m;
    struct hm_root root;
    struct hm_authorisation a;
};

/* One key of each sort, in the window FROM..UNTIL. */
static void fill(const struct maker *m, struct hm_authorisation *a)
{
    struct hm_err e = {.rc = HM_OK};

    *a = (struct hm_authorisation){
        .vendor = "acme", .issued = FROM, .expires = UNTIL};
    maker_authorise(m, a, MAKER_RETIRED, HM_ROLE_MANIFEST, "thermostat");
    maker_authorise(m, a, MAKER_VENDOR, HM_ROLE_MANIFEST, "thermostat");
    maker_authorise(m, a, MAKER_PROVENANCE, HM_ROLE_PROVENANCE, "thermostat");
    assert_ok(hm_authorisation_retire(a, m->keys[MAKER_RETIRED].key.keyid, FROM,
                                      HM_COMPROMISED, &e),
              &e);
    a->require[a->require_n++] = HM_ROLE_MANIFEST;
}

static int make_world(void **state)
{
    static struct world w;
    struct hm_err e = {.rc = HM_OK};

    maker_init(&w.m, 2, 3);
    w.root = (struct hm_root)HM_ROOT_INIT;
    assert_ok(hm_root_read(&w.root, hm_buf_view(&w.m.root), &e), &e);
    fill(&w.m, &w.a);
    *state = &w;
    return 0;
}

static int clear_world(void **state)
{
    struct world *w = *state;

    hm_authorisation_clear(&w->a);
    hm_root_clear(&w->root);
    maker_clear(&w->m);
    return 0;
}

/* --- one key ----------------------------------------------------------------------- */

static const struct {
    enum maker_name key;
    struct hm_key_use use;
    const char *reason; /* NULL: current */
} verdicts[] = {
    {MAKER_VENDOR, {HM_ROLE_MANIFEST, "thermostat", MAKER_TIME}, NULL},
    {MAKER_VENDOR, {HM_ROLE_MANIFEST, "thermostat", FROM}, NULL},
    {MAKER_VENDOR,
     {HM_ROLE_MANIFEST, "thermostat", FROM - 1},
     "trust.key.early"},
    {MAKER_VENDOR, {HM_ROLE_MANIFEST, "thermostat", UNTIL}, NULL},
    {MAKER_VENDOR,
     {HM_ROLE_MANIFEST, "thermostat", UNTIL + 1},
     "trust.key.expired"},
    {MAKER_VENDOR,
     {HM_ROLE_PROVENANCE, "thermostat", MAKER_TIME},
     "trust.key.role"},
    {MAKER_PROVENANCE, {HM_ROLE_PROVENANCE, "thermostat", MAKER_TIME}, NULL},
    {MAKER_PROVENANCE,
     {HM_ROLE_MANIFEST, "thermostat", MAKER_TIME},
     "trust.key.role"},
    {MAKER_VENDOR,
     {HM_ROLE_MANIFEST, "boiler", MAKER_TIME},
     "trust.key.product"},
    {MAKER_VENDOR, /* exact names */
     {HM_ROLE_MANIFEST, "thermosta", MAKER_TIME},
     "trust.key.product"},
    {MAKER_VENDOR, {HM_ROLE_MANIFEST, "", MAKER_TIME}, "trust.key.product"},
    {MAKER_RETIRED,
     {HM_ROLE_MANIFEST, "thermostat", MAKER_TIME},
     "trust.key.retired"},
    {MAKER_RETIRED, /* whatever time the document gives itself */
     {HM_ROLE_MANIFEST, "thermostat", FROM - 1},
     "trust.key.retired"},
    {MAKER_STRANGER,
     {HM_ROLE_MANIFEST, "thermostat", MAKER_TIME},
     "trust.key.unknown"},
    {MAKER_ROOT_1,
     {HM_ROLE_MANIFEST, "thermostat", MAKER_TIME},
     "trust.key.unknown"},
};

static void a_key_is_current_or_one_of_the_noes(void **state)
{
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(verdicts); i++) {
        struct hm_err e = {.rc = HM_OK};
        const hm_rc rc = hm_authorisation_judge(
            &w->a, w->m.keys[verdicts[i].key].key.keyid, &verdicts[i].use, &e);

        if (verdicts[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, verdicts[i].reason, &e);
        assert_true((rc == HM_OK) == (e.hint[0] == '\0'));
    }
}

/* a, written and read again with the vendor key's scheme replaced. */
static void with_scheme(const struct world *w, const char *scheme,
                        struct hm_authorisation *out)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    fill(&w->m, &a);
    (void)snprintf(a.keys[0].key.scheme, sizeof(a.keys[0].key.scheme), "%s",
                   scheme);
    assert_ok(hm_authorisation_write(&a, &text, &e), &e);
    assert_ok(hm_authorisation_read(out, hm_buf_view(&text), &e), &e);
}

static void a_scheme_that_nobody_knows_is_no_yes(void **state)
{
    static const struct hm_key_use use = {HM_ROLE_MANIFEST, "thermostat",
                                          MAKER_TIME};
    const struct world *w = *state;
    const char *vendor = w->m.keys[MAKER_VENDOR].key.keyid;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    struct hm_err e = {.rc = HM_OK};

    with_scheme(w, "ecdsa-p256-sha256", &a);
    assert_ok(hm_authorisation_judge(&a, vendor, &use, &e), &e);
    with_scheme(w, "ml-dsa-44", &a);
    assert_fails(hm_authorisation_judge(&a, vendor, &use, &e), HM_E_REJECTED,
                 "trust.key.scheme", &e);
}

/* The authorisation of the world with a key more that everybody has. */
static void with_published(const struct world *w, struct hm_authorisation *a,
                           char keyid[HM_SHA256_HEX])
{
    HM_OWN(hm_buf) pem = HM_BUF_INIT(4096);
    HM_OWN(hm_authorised_key)
    key = {.products_n = 1,
           .products = {"thermostat"},
           .valid_from = FROM,
           .valid_until = UNTIL,
           .key = {.scheme = "ecdsa-p256-sha256"}};
    struct hm_err e = {.rc = HM_OK};

    fill(&w->m, a);
    assert_ok(hm_file_load(HM_TESTDATA "/published/mcuboot-root-ec-p256.pem",
                           &pem, &e),
              &e);
    assert_ok(hm_public_key_read_pem(&key.key.key, hm_buf_view(&pem), &e), &e);
    memcpy(keyid, key.key.key.keyid, HM_SHA256_HEX);
    assert_ok(hm_authorisation_add(a, &key, &e), &e);
}

static void a_key_that_everybody_has_is_no_yes(void **state)
{
    static const struct hm_key_use use = {HM_ROLE_MANIFEST, "thermostat",
                                          MAKER_TIME};
    const struct world *w = *state;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    char keyid[HM_SHA256_HEX];
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_authorisation_check_published(&w->a, &e), &e);
    with_published(w, &a, keyid);
    assert_fails(hm_authorisation_check_published(&a, &e), HM_E_REJECTED,
                 "crypto.key.published", &e);
    assert_non_null(strstr(e.text, "MCUboot root-ec-p256.pem"));
    assert_fails(hm_authorisation_judge(&a, keyid, &use, &e), HM_E_REJECTED,
                 "crypto.key.published", &e);
    assert_ok(hm_authorisation_retire(&a, keyid, FROM, HM_COMPROMISED, &e), &e);
    assert_ok(hm_authorisation_check_published(&a, &e), &e);
}

/* --- a signed document --------------------------------------------------------------- */

static const struct {
    unsigned n, good;
    enum maker_name by[3];
    const char *reason; /* NULL: accepted */
} signings[] = {
    {1, 1, {MAKER_VENDOR}, NULL},
    {2, 1, {MAKER_VENDOR, MAKER_VENDOR}, NULL},
    {3, 1, {MAKER_STRANGER, MAKER_RETIRED, MAKER_VENDOR}, NULL},
    {2, 1, {MAKER_PROVENANCE, MAKER_VENDOR}, NULL},
    {0, 0, {0}, "trust.manifest.signature"},
    {1, 0, {MAKER_STRANGER}, "trust.manifest.signature"},
    {1, 0, {MAKER_ROOT_1}, "trust.manifest.signature"},
    {1, 0, {MAKER_RETIRED}, "trust.key.retired"},
    {2, 0, {MAKER_STRANGER, MAKER_RETIRED}, "trust.key.retired"},
    {1, 0, {MAKER_PROVENANCE}, "trust.key.role"},
};

static void who_signed_decides(void **state)
{
    static const struct hm_key_use use = {HM_ROLE_MANIFEST, "thermostat",
                                          MAKER_TIME};
    const struct world *w = *state;

    for (size_t i = 0; i < COUNT(signings); i++) {
        HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
        struct hm_signers by;
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        for (unsigned k = 0; k < signings[i].n; k++) {
            HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

            maker_signature(&w->m, signings[i].by[k], TEXT, &sig);
            assert_ok(hm_signatures_add(&sigs, "m", hm_buf_view(&sig), &e), &e);
        }
        rc = hm_authorisation_verify(&w->a, &use, TEXT, &sigs, &by, &e);
        assert_int_equal(by.n, signings[i].good);
        if (signings[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, HM_E_REJECTED, signings[i].reason, &e);
    }
}

static void the_window_holds_for_documents_too(void **state)
{
    const struct world *w = *state;
    struct hm_key_use use = {HM_ROLE_MANIFEST, "thermostat", UNTIL};
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
    struct hm_err e = {.rc = HM_OK};

    maker_signature(&w->m, MAKER_VENDOR, TEXT, &sig);
    assert_ok(hm_signatures_add(&sigs, "m", hm_buf_view(&sig), &e), &e);
    assert_ok(hm_authorisation_verify(&w->a, &use, TEXT, &sigs, NULL, &e), &e);
    use.at++;
    assert_fails(hm_authorisation_verify(&w->a, &use, TEXT, &sigs, NULL, &e),
                 HM_E_REJECTED, "trust.key.expired", &e);
    use.at = MAKER_TIME;
    assert_fails(
        hm_authorisation_verify(&w->a, &use, HM_LIT("{}"), &sigs, NULL, &e),
        HM_E_REJECTED, "trust.manifest.signature", &e);
}

static void signers_of_any_role_are_found(void **state)
{
    const struct world *w = *state;
    static const enum maker_name by[] = {MAKER_STRANGER, MAKER_RETIRED,
                                         MAKER_PROVENANCE};
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    struct hm_signers found;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_authorisation_find_signers(&w->a, TEXT, &sigs, &found, &e),
              &e);
    assert_int_equal(found.n, 0);
    for (size_t i = 0; i < COUNT(by); i++) {
        HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

        maker_signature(&w->m, by[i], TEXT, &sig);
        assert_ok(hm_signatures_add(&sigs, "m", hm_buf_view(&sig), &e), &e);
    }
    assert_ok(hm_authorisation_find_signers(&w->a, TEXT, &sigs, &found, &e),
              &e);
    assert_int_equal(found.n, 2);
    assert_string_equal(found.keyid[0], w->m.keys[MAKER_PROVENANCE].key.keyid);
    assert_string_equal(found.keyid[1], w->m.keys[MAKER_RETIRED].key.keyid);
}

/* --- the authorisation itself ---------------------------------------------------------- */

static void it_is_in_force_from_issue_to_expiry(void **state)
{
    const struct world *w = *state;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_authorisation_check_time(&w->a, FROM, &e), &e);
    assert_ok(hm_authorisation_check_time(&w->a, UNTIL, &e), &e);
    assert_fails(hm_authorisation_check_time(&w->a, FROM - 1, &e),
                 HM_E_REJECTED, "trust.authorisation.early", &e);
    assert_fails(hm_authorisation_check_time(&w->a, UNTIL + 1, &e),
                 HM_E_REJECTED, "trust.authorisation.expired", &e);
}

static void it_belongs_to_one_root_set(void **state)
{
    const struct world *w = *state;
    struct hm_authorisation a = w->a; /* borrowed keys */
    struct hm_err e = {.rc = HM_OK};

    memcpy(a.root_sha256, w->root.sha256, sizeof(a.root_sha256));
    assert_ok(hm_authorisation_check_root(&a, &w->root, &e), &e);
    a.root_sha256[31] ^= 1;
    assert_fails(hm_authorisation_check_root(&a, &w->root, &e), HM_E_REJECTED,
                 "trust.authorisation.root", &e);
    a.root_sha256[31] ^= 1;
    a.vendor[0] = 'A';
    assert_fails(hm_authorisation_check_root(&a, &w->root, &e), HM_E_REJECTED,
                 "trust.authorisation.vendor", &e);
}

static void a_root_key_signs_nothing_else(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    struct hm_err e = {.rc = HM_OK};

    fill(&w->m, &a);
    memcpy(a.root_sha256, w->root.sha256, sizeof(a.root_sha256));
    assert_ok(hm_authorisation_check_root(&a, &w->root, &e), &e);
    maker_authorise(&w->m, &a, MAKER_ROOT_3, HM_ROLE_LEDGER, "thermostat");
    assert_fails(hm_authorisation_check_root(&a, &w->root, &e), HM_E_REJECTED,
                 "trust.key.twice", &e);
    assert_ok(hm_authorisation_retire(&a, w->m.keys[MAKER_ROOT_3].key.keyid,
                                      FROM, HM_LOST, &e),
              &e);
    assert_fails(hm_authorisation_check_root(&a, &w->root, &e), HM_E_REJECTED,
                 "trust.key.twice", &e);
}

/* --- from files -------------------------------------------------------------------------- */

static void other_root(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->root_sha256[0] ^= 1;
}

static void other_vendor(struct hm_authorisation *a, void *context)
{
    (void)context;
    a->vendor[0] = 'A';
}

static void not_json(const char *name, struct hm_buf *bytes, void *context)
{
    (void)context;
    if (strcmp(name, "authorisation.json") == 0)
        maker_replace(bytes, "\"retired\": [", "\"retired\": [,");
}

static void other_kind(const char *name, struct hm_buf *bytes, void *context)
{
    (void)context;
    if (strcmp(name, "authorisation.json") == 0)
        maker_replace(bytes, "hallmark-authorisation/1", "hallmark-root/1");
}

static const struct {
    struct maker_plan plan;
    hm_rc rc;
    const char *reason; /* NULL: believed */
} releases[] = {
    {{.version = NULL}, HM_OK, NULL},
    {{.authorisation = {.nobody = true}},
     HM_E_REJECTED,
     "trust.authorisation.signature"},
    {{.authorisation = {.n = 2, .key = {MAKER_ROOT_1, MAKER_ROOT_1}}},
     HM_E_REJECTED,
     "trust.authorisation.signature"},
    {{.edit_authorisation = other_root},
     HM_E_REJECTED,
     "trust.authorisation.root"},
    {{.edit_authorisation = other_vendor},
     HM_E_REJECTED,
     "trust.authorisation.vendor"},
    {{.edit_bytes = not_json}, HM_E_FORMAT, "json.syntax"},
    /* No signature helps a document of another kind, nor a look inside one
     * that is not signed. */
    {{.edit_bytes = other_kind}, HM_E_FORMAT, "json.format"},
    {{.edit_bytes = not_json, .authorisation = {.nobody = true}},
     HM_E_REJECTED,
     "trust.authorisation.signature"},
};

static void only_a_signed_authorisation_is_believed(void **state)
{
    const struct world *w = *state;
    struct hm_temp t;

    hm_temp_make(&t);
    for (size_t i = 0; i < COUNT(releases); i++) {
        HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
        HM_OWN(hm_dir) dir = HM_DIR_INIT;
        struct hm_err e = {.rc = HM_OK};
        char name[16];
        hm_rc rc;

        (void)snprintf(name, sizeof(name), "%zu", i);
        maker_release(&w->m, hm_temp_path(&t, name), &releases[i].plan);
        assert_ok(hm_dir_open(&dir, hm_temp_path(&t, name), &e), &e);
        rc = hm_authorisation_load(&a, &w->root, &dir, "authorisation.json",
                                   &bytes, &e);
        if (releases[i].reason == NULL) {
            assert_ok(rc, &e);
            assert_int_equal(a.keys_n, 2);
            continue;
        }
        assert_fails(rc, releases[i].rc, releases[i].reason, &e);
        assert_true(a.keys == NULL && a.retired == NULL && bytes.n == 0);
    }
    hm_temp_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_current_or_one_of_the_noes),
        cmocka_unit_test(a_scheme_that_nobody_knows_is_no_yes),
        cmocka_unit_test(a_key_that_everybody_has_is_no_yes),
        cmocka_unit_test(who_signed_decides),
        cmocka_unit_test(the_window_holds_for_documents_too),
        cmocka_unit_test(signers_of_any_role_are_found),
        cmocka_unit_test(it_is_in_force_from_issue_to_expiry),
        cmocka_unit_test(it_belongs_to_one_root_set),
        cmocka_unit_test(a_root_key_signs_nothing_else),
        cmocka_unit_test(only_a_signed_authorisation_is_believed),
    };

    return cmocka_run_group_tests_name("trust_judge", tests, make_world,
                                       clear_world);
}
