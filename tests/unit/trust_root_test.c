/* root.json: who is believed, and how many of them must agree. */
#include "hm_test.h"

#include "alloc_fail.h"
#include "json_mutate.h"
#include "whole_docs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct world {
    struct maker m;
    struct hm_buf whole; /* a root.json with everything in it */
};

static int make_world(void **state)
{
    static struct world w;

    maker_init(&w.m, 2, 3);
    w.whole = (struct hm_buf)HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    whole_root(&w.m, &w.whole);
    *state = &w;
    return 0;
}

static int clear_world(void **state)
{
    struct world *w = *state;

    hm_buf_clear(&w->whole);
    maker_clear(&w->m);
    return 0;
}

static hm_rc read_it(struct hm_bytes text, struct hm_err *e)
{
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    const hm_rc rc = hm_root_read(&root, text, e);

    assert_true(rc == HM_OK || (root.keys == NULL && root.n == 0));
    assert_true(rc == HM_OK || root.threshold == 0);
    return rc;
}

/* The whole document with one text replaced by another. */
static hm_rc read_changed(const struct world *w, const char *old,
                          const char *text, struct hm_err *e)
{
    HM_OWN(hm_buf) changed = HM_BUF_INIT(2 * HM_ROOT_BYTES_MAX);

    assert_ok(hm_buf_add(&changed, hm_buf_view(&w->whole), e), e);
    maker_replace(&changed, old, text);
    return read_it(hm_buf_view(&changed), e);
}

/* --- reading and writing ------------------------------------------------------- */

static void what_was_read_is_written_again(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    uint8_t sha256[HM_SHA256_SIZE];
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_root_read(&root, hm_buf_view(&w->whole), &e), &e);
    assert_ok(hm_root_write(&root, &again, &e), &e);
    assert_bytes_equal(hm_buf_view(&again), hm_buf_view(&w->whole));
    assert_ok(hm_sha256(hm_buf_view(&w->whole), sha256, &e), &e);
    assert_memory_equal(root.sha256, sha256, sizeof(sha256));
    assert_string_equal(root.keys[1].name, "B_2.x-y");
    assert_null(root.keys[2].key.key.pkey); /* a scheme that nobody knows */
    assert_string_equal(root.keys[2].key.scheme, "ml-dsa-44");
    assert_ptr_equal(hm_root_find(&root, w->m.keys[MAKER_ROOT_3].key.keyid),
                     &root.keys[2]);
    assert_null(hm_root_find(&root, w->m.keys[MAKER_VENDOR].key.keyid));
}

static void no_value_can_be_another(void **state)
{
    static const char *const accepted[] = {NULL};
    const struct world *w = *state;

    mutate_document(hm_buf_view(&w->whole), read_it, accepted);
}

/* Whoever reads it: signer, gate, auditor. */
static void a_key_that_everybody_has_is_in_no_root_set(void **state)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    assert_ok(hm_file_load(HM_TESTDATA "/published/root.json", &text, &e), &e);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_REJECTED,
                 "crypto.key.published", &e);
}

static const struct {
    const char *old, *text;
    hm_rc rc;
    const char *reason; /* NULL: accepted */
} rules[] = {
    {"\"threshold\": 2", "\"threshold\": 1", HM_OK, NULL},
    {"\"threshold\": 2", "\"threshold\": 3", HM_OK, NULL},
    {"\"threshold\": 2", "\"threshold\": 0", HM_E_REJECTED,
     "trust.root.threshold"},
    {"\"threshold\": 2", "\"threshold\": 4", HM_E_REJECTED,
     "trust.root.threshold"},
    {"\"threshold\": 2", "\"threshold\": 17", HM_E_LIMIT, "json.member.range"},
    {"\"threshold\": 2", "\"threshold\": -1", HM_E_FORMAT, "json.number"},
    {"\"threshold\": 2", "\"threshold\": null", HM_E_FORMAT,
     "json.member.type"},
    {"\"threshold\": 2", "\"threshold\": \"1\"", HM_E_FORMAT,
     "json.member.type"},
    {"\"threshold\": 2", "\"threshold\": 2147483648", HM_E_LIMIT,
     "json.member.range"},
    {"  \"threshold\": 2,\n", "", HM_E_FORMAT, "json.member.missing"},
    {"\"threshold\": 2", "\"threshold\": 02", HM_E_FORMAT, "json.syntax"},
    {"\"name\": \"a\"", "\"name\": \"a/b\"", HM_E_FORMAT, "trust.name.syntax"},
    {"\"acme\"", "\"ac me\"", HM_E_FORMAT, "trust.name.syntax"},
    {"\"acme\"", "\"Acme.Inc_2-x\"", HM_OK, NULL},
    {"ml-dsa-44", "ml-dsa-45", HM_OK, NULL},
    {"ml-dsa-44", "ml dsa", HM_E_FORMAT, "trust.name.syntax"},
    {"ml-dsa-44", "ECDSA-P256-SHA256", HM_OK, NULL}, /* nobody knows it */
    {"ml-dsa-44", "ecdsa-p256-sha256", HM_OK, NULL},
    {"ml-dsa-44", "ecdsa-p384-sha384", HM_E_FORMAT, "trust.key.scheme"},
    {"ml-dsa-44", "rsa-pkcs1-sha256", HM_E_FORMAT, "trust.key.scheme"},
    {"hallmark-root/1", "hallmark-root/2", HM_E_FORMAT, "json.format"},
    {"hallmark-root/1", "hallmark-manifest/1", HM_E_FORMAT, "json.format"},
    {"{\n  \"format\"", "{\n \"format\"", HM_E_FORMAT, "json.format"},
    {"{\n  \"format\"", "\xef\xbb\xbf{\n  \"format\"", HM_E_FORMAT,
     "json.format"},
    {"  ]\n}\n", "  ]\n}\n ", HM_OK, NULL},
    {"  ]\n}\n", "  ]\n}\n{}", HM_E_FORMAT, "json.trailing"},
    {"  ]\n}\n", "  ]\n", HM_E_FORMAT, "json.syntax"},
};

static void each_rule_has_its_reason(void **state)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct hm_err e = {.rc = HM_OK};
        const hm_rc rc = read_changed(*state, rules[i].old, rules[i].text, &e);

        if (rules[i].reason == NULL)
            assert_ok(rc, &e);
        else
            assert_fails(rc, rules[i].rc, rules[i].reason, &e);
    }
}

static void base64_of(const struct hm_public_key *key, struct hm_buf *out)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_base64_add(out, (struct hm_bytes){key->spki, key->spki_n}, &e),
              &e);
    assert_ok(hm_buf_add(out, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
              &e);
}

static void a_key_and_its_id_belong_together(void **state)
{
    const struct world *w = *state;
    const struct hm_public_key *a = &w->m.keys[MAKER_ROOT_1].key;
    const struct hm_public_key *b = &w->m.keys[MAKER_ROOT_2].key;
    const struct hm_public_key *c = &w->m.keys[MAKER_ROOT_3].key;
    HM_OWN(hm_buf) changed = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    HM_OWN(hm_buf) key_a = HM_BUF_INIT(256);
    HM_OWN(hm_buf) key_b = HM_BUF_INIT(256);
    struct hm_err e = {.rc = HM_OK};

    assert_fails(
        read_changed(w, a->keyid, w->m.keys[MAKER_STRANGER].key.keyid, &e),
        HM_E_FORMAT, "trust.key.id", &e);
    assert_fails(read_changed(w, c->keyid, a->keyid, &e), HM_E_FORMAT,
                 "trust.key.id", &e); /* also of an unknown scheme */
    base64_of(a, &key_a);
    base64_of(b, &key_b);
    assert_fails(read_changed(w, (const char *)key_a.p, "AAAA", &e),
                 HM_E_FORMAT, "crypto.key.der", &e);
    assert_fails(read_changed(w, (const char *)key_a.p, "AAA", &e), HM_E_FORMAT,
                 "crypto.base64.syntax", &e);
    assert_ok(hm_buf_add(&changed, hm_buf_view(&w->whole), &e), &e);
    maker_replace(&changed, b->keyid, a->keyid);
    maker_replace(&changed, (const char *)key_b.p, (const char *)key_a.p);
    assert_fails(read_it(hm_buf_view(&changed), &e), HM_E_FORMAT,
                 "trust.key.twice", &e);
}

/* An id is 64 hex digits and nothing that a path could be made of. */
static void what_is_no_id_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "a/b",
        "../../etc/x",
        "\xf0\x9f\x94\x91",
        "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"};
    const struct world *w = *state;
    const char *keyid = w->m.keys[MAKER_ROOT_1].key.keyid;
    char text[301];
    struct hm_err e = {.rc = HM_OK};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(read_changed(w, keyid, bad[i], &e), HM_E_FORMAT);
    memset(text, 'a', sizeof(text));
    for (size_t n = 63; n < sizeof(text); n += n == 63 ? 2 : 235) {
        text[n] = '\0';
        assert_int_equal(read_changed(w, keyid, text, &e), HM_E_FORMAT);
        text[n] = 'a';
    }
    (void)snprintf(text, sizeof(text), "%s", keyid);
    for (char *p = text; *p != '\0'; p++)
        *p = (char)(*p >= 'a' && *p <= 'f' ? *p - 'a' + 'A' : *p);
    assert_int_equal(read_changed(w, keyid, text, &e), HM_E_FORMAT);
}

static void a_root_set_has_limits(void **state)
{
    const struct world *w = *state;
    const struct hm_bytes whole = hm_buf_view(&w->whole);
    HM_OWN(hm_buf) text = HM_BUF_INIT(2 * HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    mutate_pad(whole, HM_ROOT_BYTES_MAX, &text);
    assert_ok(read_it(hm_buf_view(&text), &e), &e);
    mutate_pad(whole, HM_ROOT_BYTES_MAX + 1, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT, "json.size", &e);
    mutate_repeat(whole, "/keys/2", HM_ROOT_KEYS_MAX - 3, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_FORMAT,
                 "trust.key.twice", &e); /* counted, and then looked at */
    mutate_repeat(whole, "/keys/2", HM_ROOT_KEYS_MAX - 2, &text);
    assert_fails(read_it(hm_buf_view(&text), &e), HM_E_LIMIT,
                 "json.member.count", &e);
}

static void reading_survives_every_failing_allocation(void **state)
{
    const struct world *w = *state;

    for (int k = 0;; k++) {
        struct hm_err e = {.rc = HM_OK};
        hm_rc rc;

        alloc_fail_after(k);
        rc = read_it(hm_buf_view(&w->whole), &e);
        if (!alloc_fail_happened()) {
            assert_ok(rc, &e);
            assert_true(k > 3);
            return;
        }
        assert_string_equal(hm_rc_name(rc), "E_NOMEM");
    }
}

/* --- making ---------------------------------------------------------------------- */

static void adding_keys_keeps_the_rules(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_fails(hm_root_write(&root, &text, &e), HM_E_REJECTED,
                 "trust.root.threshold", &e);
    assert_fails(hm_root_add(&root, &w->m.keys[0].key, "a b", &e), HM_E_FORMAT,
                 "trust.name.syntax", &e);
    assert_ok(hm_root_add(&root, &w->m.keys[0].key, "a", &e), &e);
    assert_fails(hm_root_add(&root, &w->m.keys[0].key, "b", &e), HM_E_FORMAT,
                 "trust.key.twice", &e);
    assert_int_equal(root.n, 1);
    assert_fails(hm_root_write(&root, &text, &e), HM_E_REJECTED,
                 "trust.root.threshold", &e);
    root.threshold = 1;
    assert_fails(hm_root_write(&root, &text, &e), HM_E_FORMAT,
                 "json.member.empty", &e); /* no vendor */
    assert_int_equal(text.n, 0);
    memcpy(root.vendor, "acme", 5);
    assert_ok(hm_root_write(&root, &text, &e), &e);
    root.threshold = 2;
    assert_fails(hm_root_write(&root, &text, &e), HM_E_REJECTED,
                 "trust.root.threshold", &e);
}

static void sixteen_root_keys_are_enough(void **state)
{
    const struct world *w = *state;
    static struct maker other;
    HM_OWN(hm_root) root = {.vendor = "acme", .threshold = 8};
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    maker_init(&other, 1, 1);
    for (unsigned i = 0; i < MAKER_KEYS; i++) {
        assert_ok(hm_root_add(&root, &w->m.keys[i].key, "a", &e), &e);
        assert_ok(hm_root_add(&root, &other.keys[i].key, "a", &e), &e);
    }
    assert_int_equal(root.n, HM_ROOT_KEYS_MAX);
    assert_ok(hm_root_write(&root, &text, &e), &e);
    root.threshold = 9; /* a document has eight signature files at most */
    assert_fails(hm_root_write(&root, &text, &e), HM_E_REJECTED,
                 "trust.root.threshold", &e);
    maker_clear(&other);
    maker_init(&other, 1, 1);
    assert_fails(hm_root_add(&root, &other.keys[0].key, "a", &e), HM_E_LIMIT,
                 "trust.key.count", &e);
    maker_clear(&other);
}

static void a_bad_root_file_is_a_wrong_call(void **state)
{
    const struct world *w = *state;
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_ROOT_BYTES_MAX);
    struct hm_temp t;
    struct hm_err e = {.rc = HM_OK};

    hm_temp_make(&t);
    assert_fails(hm_root_load(&root, hm_temp_path(&t, "root.json"), NULL, &e),
                 HM_E_IO, "base.file.open", &e);
    assert_true(e.hint[0] != '\0');
    hm_temp_write(&t, "root.json", "{}\n");
    assert_fails(hm_root_load(&root, hm_temp_path(&t, "root.json"), NULL, &e),
                 HM_E_USAGE, "json.format", &e);
    maker_save_root(&w->m, hm_temp_path(&t, "root.json"));
    assert_ok(hm_root_load(&root, hm_temp_path(&t, "root.json"), NULL, &e), &e);
    assert_ok(hm_root_load(&root, hm_temp_path(&t, "root.json"), &bytes, &e),
              &e);
    assert_bytes_equal(hm_buf_view(&bytes), hm_buf_view(&w->m.root));
    hm_temp_clear(&t);
}

static void names_have_one_spelling(void **state)
{
    static const char *const good[] = {"a", "A-z_0.9", "T100", "-", "."};
    static const char *const bad[] = {"",         "a b", "a/b",   "a\n",
                                      "\xc3\xa9", "a+b", "a\x7f", "a:b"};
    char name[HM_TRUST_TEXT + 1];
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_ok(hm_trust_name_check(hm_bytes_str(good[i]), &e), &e);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_fails(hm_trust_name_check(hm_bytes_str(bad[i]), &e), HM_E_FORMAT,
                     "trust.name.syntax", &e);
    memset(name, 'n', sizeof(name));
    assert_ok(hm_trust_name_check(
                  (struct hm_bytes){(uint8_t *)name, HM_TRUST_TEXT - 1}, &e),
              &e);
    assert_fails(hm_trust_name_check(
                     (struct hm_bytes){(uint8_t *)name, HM_TRUST_TEXT}, &e),
                 HM_E_FORMAT, "trust.name.syntax", &e);
}

static void roles_have_names(void **state)
{
    enum hm_role role = HM_ROLE_X509;
    struct hm_err e = {.rc = HM_OK};

    (void)state;
    for (unsigned i = 0; i < HM_ROLES; i++) {
        assert_ok(hm_role_find(hm_role_name((enum hm_role)i), &role, &e), &e);
        assert_int_equal(role, i);
    }
    assert_fails(hm_role_find("root", &role, &e), HM_E_USAGE,
                 "trust.role.unknown", &e);
    assert_fails(hm_role_find("manifest provenance", &role, &e), HM_E_USAGE,
                 "trust.role.unknown", &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(a_key_that_everybody_has_is_in_no_root_set),
        cmocka_unit_test(no_value_can_be_another),
        cmocka_unit_test(each_rule_has_its_reason),
        cmocka_unit_test(a_key_and_its_id_belong_together),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(a_root_set_has_limits),
        cmocka_unit_test(reading_survives_every_failing_allocation),
        cmocka_unit_test(adding_keys_keeps_the_rules),
        cmocka_unit_test(sixteen_root_keys_are_enough),
        cmocka_unit_test(a_bad_root_file_is_a_wrong_call),
        cmocka_unit_test(names_have_one_spelling),
        cmocka_unit_test(roles_have_names),
    };

    return cmocka_run_group_tests_name("trust_root", tests, make_world,
                                       clear_world);
}
