/* hallmark-key as its user runs it: tokens, keys, root, authorisations. */
#include "key_story.h"

#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(void **state)
{
    struct key_story *s = calloc(1, sizeof(*s));

    key_story_make(s, 0);
    *state = s;
    return 0;
}

static int unmake(void **state)
{
    key_story_clear(*state);
    free(*state);
    return 0;
}

#define RUN(...) STORY_RUN(s, &r, "hallmark-key", __VA_ARGS__)
#define START(state)                      \
    const struct key_story *s = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT

static void what_is_made_is_listed_and_shown(void **state)
{
    START(state);

    RUN("list", "--softhsm", "vt");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "object=vendor-1"));
    assert_non_null(strstr(hm_run_out(&r), "object=provenance-1"));
    RUN("list", "--softhsm", "vt", "--json");
    assert_run(&r, 0, "");
    assert_non_null(
        strstr(hm_run_out(&r), "\"scheme\": \"ecdsa-p256-sha256\""));
    RUN("show", STORY_VENDOR, "--softhsm", "vt", "--pin", "file:vendor.pin");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "never_extractable: yes"));
    assert_non_null(strstr(hm_run_out(&r), "hardware_slot: no"));
    assert_non_null(
        strstr(hm_run_out(&r), "key_gen_mechanism: CKM_EC_KEY_PAIR_GEN"));
    assert_non_null(strstr(hm_run_out(&r), "software"));
    RUN("show", "vendor-1.pem");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "keyid"));
}

/* Of each scheme: it signs what openssl verifies, and is for nothing else. */
static void a_key_of_each_scheme_signs(void **state)
{
    static const struct {
        const char *scheme, *uri, *digest;
    } rows[] = {
        {"ecdsa-p384-sha384", "pkcs11:token=root;object=p384", "-sha384"},
        {"rsa-pkcs1-sha256", "pkcs11:token=root;object=rsa", "-sha256"},
    };
    START(state);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        RUN("generate", rows[i].uri, "--scheme", rows[i].scheme, "--softhsm",
            "rt", "--pin", "file:root.pin", "-o", "new.pem", "--force");
        assert_run(&r, 0, "");
        assert_non_null(strstr(hm_run_out(&r), rows[i].scheme));
        assert_non_null(strstr(hm_run_out(&r), "claimed  derive: no"));
        assert_non_null(strstr(hm_run_err(&r), "counts a key of"));
        assert_true(i == 0 || strstr(hm_run_out(&r), "decrypt: no") != NULL);
        RUN("root-export", "--threshold", "1", "--vendor", "acme", "--softhsm",
            "rt", rows[i].uri, "-o", "new.json", "--force");
        assert_run(&r, 0, "");
        RUN("authorise", "--root", "new.json", "--key", "manifest=vendor-1.pem",
            "--product", "thermostat", "--days", "9", "--sign", rows[i].uri,
            "--pin", "file:root.pin", "--softhsm", "rt", "-o", "new-a.json",
            "--force");
        assert_run(&r, 0, "");
        STORY_RUN(s, &r, "/usr/bin/openssl", "dgst", rows[i].digest, "-verify",
                  "new.pem", "-signature", "new-a.json.sig", "new-a.json");
        assert_run(&r, 0, "");
    }
    RUN("generate", rows[0].uri, "--scheme", "ed25519", "--softhsm", "rt",
        "--pin", "file:root.pin");
    assert_run(&r, 2, "key.generate.scheme");
}

/* What ssh-keygen -l, securesystemslib and python's cryptography say of them. */
static const struct {
    const char *pem, *ssh, *tuf, *ski;
} spellings[] = {
    {"p256.pem", "SHA256:mi+MM5HWHz7khYkr2ehHtnYZ+wzDftSfxptVeckISww",
     "f0530f1737fd870adf579a04a913d566f1bb56dfeb1d9a8995741f062761da2d",
     "e2617d726ba9a7cc31fd19a2e731e2c27df61711"},
    {"p384.pem", "SHA256:7OHZ+H/tF0sakIJY+hQ7cFy8/hOszqdAcHBJxXU68Jk",
     "0aceaa6db167680a066c413751686a8be2d45f6e350c77c878d7d6030dbd3617",
     "7c0008849a77de0fa8c498eebd0077700ed253a4"},
    {"rsa.pem", "SHA256:y+8Lc4/WU7rGfA1kS06CLJR7w/UCogQhA7M0eA0RZN0", NULL,
     "00db85de3c5457efeb1c170eb7a13ad564758e8f"},
};

static void a_key_is_named_as_others_name_it(void **state)
{
    START(state);

    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        char pem[256];
        const char *out = NULL;

        (void)snprintf(pem, sizeof(pem), HM_TESTDATA "/attest/%s",
                       spellings[i].pem);
        RUN("show", pem, "--json");
        assert_run(&r, 0, "");
        out = hm_run_out(&r);
        assert_non_null(strstr(out, spellings[i].ssh));
        assert_non_null(strstr(out, spellings[i].ski));
        if (spellings[i].tuf != NULL)
            assert_non_null(strstr(out, spellings[i].tuf));
        else
            assert_null(strstr(out, "tuf_keyid\": \""));
    }
}

static void an_exported_key_is_the_generated_one(void **state)
{
    START(state);
    HM_OWN(hm_buf) a = HM_BUF_INIT(4096);
    HM_OWN(hm_buf) b = HM_BUF_INIT(4096);

    RUN("export", STORY_VENDOR, "--softhsm", "vt", "-o", "again.pem");
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "vendor-1.pem", &a);
    hm_temp_read(&s->temp, "again.pem", &b);
    assert_bytes_equal(hm_buf_view(&a), hm_buf_view(&b));
    RUN("export", STORY_VENDOR, "--softhsm", "vt", "-o", "again.pem");
    assert_run(&r, 2, "base.out.exists");
    RUN("export", STORY_VENDOR, "--softhsm", "vt", "-o", "-");
    assert_run(&r, 0, "");
    assert_memory_equal(hm_run_out(&r), "-----BEGIN PUBLIC KEY-----", 26);
}

static void what_is_rehearsed_is_not_made(void **state)
{
    START(state);

    RUN("token-init", "--token", "third", "--softhsm", "new", "--pin", "tty",
        "-n");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "would make token 'third'"));
    assert_false(key_story_has(s, "new"));
    RUN("generate", "pkcs11:token=vendor;object=new", "--softhsm", "vt", "-n",
        "-o", "new.pem");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "would make"));
    RUN("export", STORY_VENDOR, "--softhsm", "vt", "-o", "new.pem", "-n");
    assert_run(&r, 0, "");
    RUN("root-export", "-k1", STORY_ROOT, "--softhsm", "rt", "-onew.json",
        "--dry-run");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "would write new.json"));
    assert_false(key_story_has(s, "new.pem"));
    assert_false(key_story_has(s, "new.json"));
    RUN("list", "--softhsm", "vt");
    assert_null(strstr(hm_run_out(&r), "object=new"));
    assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
}

static void a_rehearsal_finds_what_would_fail(void **state)
{
    START(state);

    RUN("token-init", "--token", "vendor", "--softhsm", "vt", "--pin", "tty",
        "-n");
    assert_run(&r, 4, "hsm.token.exists");
    RUN("token-init", "--token", " x", "--softhsm", "vt", "--pin", "tty", "-n");
    assert_run(&r, 2, "hsm.token.label");
    RUN("token-init", "--token", " x", "--softhsm", "no", "--pin", "tty", "-n");
    assert_run(&r, 2, "hsm.token.label");
    RUN("token-init", "--token", "x", "--softhsm", "vt", "--pin", "1234", "-n");
    assert_run(&r, 2, "hsm.pin.source");
    RUN("generate", STORY_VENDOR, "--softhsm", "vt", "-n");
    assert_run(&r, 4, "hsm.key.exists");
    RUN("generate", "pkcs11:token=nobody;object=x", "--softhsm", "vt", "-n");
    assert_run(&r, 4, "hsm.token.missing");
    RUN("generate", "pkcs11:token=vendor", "--softhsm", "vt", "-n");
    assert_run(&r, 2, "hsm.uri.object");
    RUN("generate", "pkcs11:token=vendor;object=x", "--softhsm", "vt", "-n",
        "--pin", "1234");
    assert_run(&r, 2, "hsm.pin.source");
    RUN("generate", "pkcs11:token=vendor;object=x", "--softhsm", "vt", "-n",
        "-o", "root-1.pem");
    assert_run(&r, 2, "base.out.exists");
    RUN("export", STORY_VENDOR, "--softhsm", "vt", "-o", "root-1.pem", "-n");
    assert_run(&r, 2, "base.out.exists");
    RUN("root-export", "-k1", STORY_ROOT, "--softhsm", "rt", "-oroot.json",
        "-n");
    assert_run(&r, 2, "base.out.exists");
    RUN("root-export", "-k2", STORY_ROOT, "--softhsm", "rt", "-onew.json",
        "-n");
    assert_run(&r, 2, "trust.root.threshold");
}

/* What cannot be written is found out before a key is made. */
static void no_key_is_made_when_its_file_exists(void **state)
{
    START(state);

    RUN("generate", "pkcs11:token=vendor;object=new", "--softhsm", "vt",
        "--pin", "file:vendor.pin", "-o", "vendor-1.pem");
    assert_run(&r, 2, "base.out.exists");
    RUN("list", "--softhsm", "vt");
    assert_null(strstr(hm_run_out(&r), "object=new"));
    RUN("generate", STORY_VENDOR, "--softhsm", "vt", "--pin",
        "file:vendor.pin");
    assert_run(&r, 4, "hsm.key.exists");
    RUN("token-init", "--softhsm", "vt", "--token", "vendor", "--pin",
        "file:vendor.pin");
    assert_run(&r, 4, "hsm.token.exists");
}

static const struct {
    const char *uri;
    const char *store;
    const char *pin;
    int status;
    const char *reason;
} wrong[] = {
    {STORY_VENDOR, "vt", "file:root.pin", 4, "hsm.pin.incorrect"},
    {STORY_VENDOR, "vt", "file:none.pin", 3, "hsm.pin.read"},
    {STORY_VENDOR, "vt", "1234", 2, "hsm.pin.source"},
    {STORY_VENDOR, "vt", "tty", 2, "hsm.pin.tty"},
    {STORY_VENDOR, "none", "file:vendor.pin", 4, "hsm.softhsm.missing"},
    {STORY_VENDOR, "rt", "file:vendor.pin", 4, "hsm.token.missing"},
    {"pkcs11:token=vendor;object=x", "vt", "file:vendor.pin", 4,
     "hsm.key.missing"},
    {"pkcs11:object=vendor-1", "vt", "file:vendor.pin", 2, "hsm.uri.token"},
    {"pkcs11:token=vendor", "vt", "file:vendor.pin", 2, "hsm.uri.object"},
    {"pkcs11:token=vendor;object=vendor-1?pin-value=1", "vt", "file:vendor.pin",
     2, "hsm.uri.secret"},
    {"PKCS11:token=vendor;object=vendor-1;pin-value=1", "vt", "file:vendor.pin",
     2, "hsm.uri.secret"},
};

static void wrong_calls_say_why(void **state)
{
    START(state);

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        RUN("show", wrong[i].uri, "--softhsm", wrong[i].store, "--pin",
            wrong[i].pin);
        assert_run(&r, wrong[i].status, wrong[i].reason);
    }
    RUN("show", STORY_ROOT, "--softhsm", "vt");
    assert_run(&r, 4, "hsm.token.missing");
    assert_non_null(strstr(hm_run_err(&r), "'vendor'"));
}

static void a_module_that_others_can_change_is_not_loaded(void **state)
{
    START(state);
    const char *module = hm_temp_path(&s->temp, "module.so");

    RUN("list", "--module", "libsofthsm2.so");
    assert_run(&r, 4, "hsm.module.path");
    RUN("list", "--module", "/nowhere/module.so");
    assert_run(&r, 4, "hsm.module.path");
    key_story_write(s, "module.so", "no library");
    RUN("list", "--module", module);
    assert_run(&r, 4, "hsm.module.load");
    assert_int_equal(chmod(module, 0666), 0);
    RUN("list", "--module", module);
    assert_run(&r, 4, "hsm.module.path");
    assert_int_equal(chmod(module, 0644), 0);
    assert_int_equal(chmod(s->temp.path, 0777), 0);
    RUN("list", "--module", module);
    assert_run(&r, 4, "hsm.module.path");
    assert_int_equal(chmod(s->temp.path, 0755), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(module, 4242, 4242), 0);
        RUN("list", "--module", module);
        assert_run(&r, 4, "hsm.module.path");
    }
    RUN("list", "--module", "/lib/x86_64-linux-gnu/libcrypto.so.3");
    if (access("/lib/x86_64-linux-gnu/libcrypto.so.3", F_OK) == 0)
        assert_run(&r, 4, "hsm.module.kind");
}

static void a_root_set_is_checked(void **state)
{
    START(state);

    RUN("root-export", "--threshold", "2", "--vendor", "acme", "--key",
        "a=root-1.pem", "-o", "x.json");
    assert_run(&r, 2, "trust.root.threshold");
    RUN("root-export", "--threshold", "0", "--vendor", "acme", "--key",
        "a=root-1.pem", "-o", "x.json");
    assert_run(&r, 2, "key.option.number");
    RUN("root-export", "--threshold", "1", "--vendor", "acme", "-o", "x.json");
    assert_run(&r, 2, "key.root.empty");
    RUN("root-export", "--threshold", "1", "--vendor", "acme", "--key",
        "a=root-1.pem", "--key", "b=root-1.pem", "-o", "x.json");
    assert_run(&r, 2, "trust.key.twice");
    RUN("root-export", "--threshold", "1", "--vendor", "ac me", "--key",
        "a=root-1.pem", "-o", "x.json");
    assert_run(&r, 2, "trust.name.syntax");
    RUN("root-export", "--threshold", "1", "--vendor", "acme", "--key",
        "root-1.pem", "-o", "x.json");
    assert_run(&r, 2, "key.option.pair");
    assert_false(key_story_has(s, "x.json"));
    RUN("root-export", "--threshold", "2", "--vendor", "acme", "--key",
        "a=root-1.pem", "--key", "b=vendor-1.pem", "-o", "x.json");
    assert_run(&r, 0, "");
}

static void a_root_set_without_vendor_takes_the_tokens_label(void **state)
{
    START(state);
    HM_OWN(hm_buf) root = HM_BUF_INIT(65536);

    RUN("root-export", "--threshold", "1", STORY_ROOT, "--softhsm", "rt", "-o",
        "x.json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "vendor root"));
    hm_temp_read(&s->temp, "x.json", &root);
    assert_non_null(memmem(root.p, root.n, "\"vendor\": \"root\"", 16));
    RUN("root-export", "--threshold", "1", "--key", "a=root-1.pem", "-o",
        "y.json");
    assert_run(&r, 2, "cli.option.missing");
}

static void openssl_verifies_the_authorisation(void **state)
{
    const struct key_story *s = *state;

    key_story_openssl(s, "root-1.pem", "authorisation.json.sig",
                      "authorisation.json");
}

/* The options that all three verbs share, signed by the root. */
#define AUTHORISE                                                         \
    "--root", "root.json", "--days", "30", "--sign", STORY_ROOT, "--pin", \
        "file:root.pin", "--softhsm", "rt"

static void claims_go_into_the_authorisation(void **state)
{
    START(state);
    HM_OWN(hm_buf) a = HM_BUF_INIT(65536);

    RUN("show", STORY_VENDOR, "--softhsm", "vt", "--pin", "file:vendor.pin",
        "--json");
    assert_run(&r, 0, "");
    key_story_write(s, "claims.json", hm_run_out(&r));
    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product",
        "thermostat", "--claims", "claims.json", "-o", "a.json");
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "a.json", &a);
    assert_non_null(memmem(a.p, a.n, "\"never_extractable\": \"yes\"", 26));
    assert_non_null(memmem(a.p, a.n, "\"protection\": \"software\"", 24));
    assert_non_null(memmem(a.p, a.n, "\"hardware_slot\": \"no\"", 21));
    assert_non_null(memmem(a.p, a.n, "\"hardware_mechanism\": \"no\"", 26));
    assert_non_null(
        memmem(a.p, a.n, "\"key_gen_mechanism\": \"CKM_EC_KEY_PAIR_GEN\"", 42));
    key_story_write(s, "claims.json", "{}");
    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product",
        "thermostat", "--claims", "claims.json", "-o", "b.json");
    assert_run(&r, 2, "json.member.missing");
}

#define REFUSE_SOFTWARE                                                    \
    "authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product", \
        "thermostat", "--refuse-software", "-o", "b.json"

static void a_policy_refuses_software(void **state)
{
    START(state);

    RUN("show", STORY_VENDOR, "--softhsm", "vt", "--pin", "file:vendor.pin",
        "--json");
    assert_run(&r, 0, "");
    key_story_write(s, "claims.json", hm_run_out(&r));
    RUN(REFUSE_SOFTWARE, "--claims", "claims.json");
    assert_run(&r, 1, "key.claims.refused");
    RUN(REFUSE_SOFTWARE);
    assert_run(&r, 1, "key.claims.refused"); /* nothing is known of it */
    assert_false(key_story_has(s, "b.json"));
    STORY_RUN(s, &r, "/bin/sed", "-i",
              "s/\"software\": true/"
              "\"software\": false/",
              "claims.json");
    RUN(REFUSE_SOFTWARE, "--claims", "claims.json");
    assert_run(&r, 0, "");
}

/* Whatever --force says; beside it, another name is taken. */
static void no_authorisation_takes_the_place_of_the_trust_anchor(void **state)
{
    START(state);
    HM_OWN(hm_buf) before = HM_BUF_INIT(65536);
    HM_OWN(hm_buf) after = HM_BUF_INIT(65536);

    hm_temp_read(&s->temp, "root.json", &before);
    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product",
        "thermostat", "-fo", "./root.json");
    assert_run(&r, 2, "key.output.same");
    hm_temp_read(&s->temp, "root.json", &after);
    assert_bytes_equal(hm_buf_view(&after), hm_buf_view(&before));
    assert_false(key_story_has(s, "root.json.sig"));
    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product",
        "thermostat", "-fo", "other.json");
    assert_run(&r, 0, "");
}

static void standard_output_takes_a_document_but_no_signature(void **state)
{
    START(state);
    HM_OWN(hm_buf) a = HM_BUF_INIT(65536);
    const char *const words[] = {"hallmark-key",
                                 "authorise",
                                 "--root",
                                 "root.json",
                                 "--days",
                                 "30",
                                 "--key",
                                 "manifest=vendor-1.pem",
                                 "--product",
                                 "thermostat",
                                 "--issue-time",
                                 "2026-05-12T08:00:00Z",
                                 "-o",
                                 "a.json",
                                 NULL};
    const char *to_stdout[sizeof(words) / sizeof(words[0])];

    memcpy(to_stdout, words, sizeof(words));
    to_stdout[13] = "-";
    key_story_run(s, &r, words);
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "a.json", &a);
    key_story_run(s, &r, to_stdout);
    assert_run(&r, 0, "");
    assert_bytes_equal(hm_buf_view(&r.out), hm_buf_view(&a));
    assert_non_null(strstr(hm_run_err(&r), "not signed yet"));
    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product",
        "thermostat", "-o", "-");
    assert_run(&r, 2, "cli.option.value");
    assert_int_equal(r.out.n, 0);
    assert_false(key_story_has(s, "-"));
    assert_false(key_story_has(s, "-.sig"));
}

static void a_rotation_retires_and_authorises(void **state)
{
    START(state);
    HM_OWN(hm_buf) a = HM_BUF_INIT(65536);

    RUN("generate", "pkcs11:token=vendor;object=vendor-2", "--softhsm", "vt",
        "--pin", "file:vendor.pin", "-o", "vendor-2.pem");
    assert_run(&r, 0, "");
    RUN("rotate", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--key", "manifest=vendor-2.pem", "-o",
        "authorisation.json");
    assert_run(&r, 2, "base.out.exists");
    RUN("rotate", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--key", "manifest=vendor-2.pem", "-o",
        "authorisation.json", "--force");
    assert_run(&r, 0, "");
    key_story_openssl(s, "root-1.pem", "authorisation.json.sig",
                      "authorisation.json");
    hm_temp_read(&s->temp, "authorisation.json", &a);
    assert_non_null(memmem(a.p, a.n, "\"sequence\": 2", 13));
    assert_non_null(memmem(a.p, a.n, "\"reason\": \"rotated\"", 19));
    RUN("rotate", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--key", "manifest=vendor-1.pem", "-o", "x.json");
    assert_run(&r, 1, "trust.key.missing");
}

static void a_key_in_force_is_renewed(void **state)
{
    START(state);
    HM_OWN(hm_buf) a = HM_BUF_INIT(65536);

    RUN("authorise", "--root", "root.json", "--days", "500", "--from",
        "authorisation.json", "-o", "later.json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "name it with --key to renew it"));
    RUN("authorise", "--root", "root.json", "--days", "500", "--from",
        "authorisation.json", "--key", "manifest=vendor-1.pem", "--key",
        "provenance=provenance-1.pem", "--product", "boiler", "-o",
        "both.json");
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_err(&r), "renew"));
    hm_temp_read(&s->temp, "both.json", &a);
    assert_non_null(
        memmem(a.p, a.n, "\"thermostat\",\n        \"boiler\"", 30));
    RUN("authorise", "--root", "root.json", "--days", "500", "--from",
        "authorisation.json", "--key", "ledger=vendor-1.pem", "--product",
        "boiler", "-o", "z.json");
    assert_run(&r, 1, "trust.key.twice");
    assert_false(key_story_has(s, "z.json"));
}

static void a_revocation_says_why(void **state)
{
    START(state);
    HM_OWN(hm_buf) a = HM_BUF_INIT(65536);

    RUN("revoke", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--reason", "bored", "-o", "x.json");
    assert_run(&r, 2, "key.revoke.reason");
    RUN("revoke", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--reason", "compromised", "-o", "x.json");
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "x.json", &a);
    assert_non_null(memmem(a.p, a.n, "\"reason\": \"compromised\"", 23));
    key_story_openssl(s, "root-1.pem", "x.json.sig", "x.json");
}

/* Old trust is verified before it is read. */
static void a_tampered_authorisation_is_not_continued(void **state)
{
    START(state);

    hm_temp_flip(&s->temp, "authorisation.json", 60, 0x01);
    RUN("rotate", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--key", "manifest=provenance-1.pem", "-o", "x.json");
    assert_run(&r, 1, "trust.authorisation.signature");
    hm_temp_flip(&s->temp, "authorisation.json", 60, 0x01);
    assert_int_equal(unlink(hm_temp_path(&s->temp, "authorisation.json.sig")),
                     0);
    RUN("rotate", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--key", "manifest=provenance-1.pem", "-o", "x.json");
    assert_run(&r, 1, "trust.authorisation.signature");
    assert_false(key_story_has(s, "x.json"));
}

static void only_a_root_key_signs_an_authorisation(void **state)
{
    START(state);

    RUN("authorise", "--root", "root.json", "--days", "30", "--key",
        "manifest=vendor-1.pem", "--product", "thermostat", "--sign",
        STORY_VENDOR, "--pin", "file:vendor.pin", "--softhsm", "vt", "-o",
        "x.json");
    assert_run(&r, 1, "key.sign.stranger");
    assert_false(key_story_has(s, "x.json"));
    assert_false(key_story_has(s, "x.json.sig"));
}

static void wrong_authorisations_are_not_written(void **state)
{
    START(state);

    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "-o",
        "x.json");
    assert_run(&r, 2, "key.option.product");
    RUN("authorise", AUTHORISE, "--key", "boss=vendor-1.pem", "--product", "p",
        "-o", "x.json");
    assert_run(&r, 2, "trust.role.unknown");
    RUN("authorise", AUTHORISE, "-o", "x.json");
    assert_run(&r, 2, "key.authorise.empty");
    RUN("authorise", AUTHORISE, "--key", "manifest=root-1.pem", "--product",
        "p", "-o", "x.json");
    assert_run(&r, 1, "trust.key.twice");
    RUN("authorise", AUTHORISE, "--valid-until", "2030-01-01T00:00:00Z",
        "--key", "manifest=vendor-1.pem", "--product", "p", "-o", "x.json");
    assert_run(&r, 2, "key.option.validity");
    RUN("authorise", "--root", "root.json", "--valid-until",
        "2001-01-01T00:00:00Z", "--key", "manifest=vendor-1.pem", "--product",
        "p", "-o", "x.json");
    assert_run(&r, 2, "key.option.validity");
    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product",
        "p", "-o", "x.json", "--dry-run");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, "x.json"));
}

/* It may be written, and nobody shall be surprised by it later. */
static void what_cannot_be_released_is_warned_of(void **state)
{
    START(state);

    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--product",
        "p", "-o", "x.json", "--dry-run");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "'p': it has no limits"));
    assert_non_null(strstr(hm_run_err(&r), "no key of role 'provenance'"));
    RUN("authorise", AUTHORISE, "--key", "manifest=vendor-1.pem", "--key",
        "provenance=provenance-1.pem", "--product", "p",
        "--max-rollback-counter", "1", "-o", "x.json", "--dry-run");
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_err(&r), "nothing can be released"));
    RUN("revoke", AUTHORISE, "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--reason", "lost", "-o", "x.json", "--dry-run");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "no key of role 'manifest'"));
    RUN("prepare", "revoke", "--root", "root.json", "--days", "30", "--by", "a",
        "--why", "b", "--from", "authorisation.json", "--retire",
        "vendor-1.pem", "--reason", "lost", "-o", "x.json", "--dry-run");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "no key of role 'manifest'"));
}

static void the_epoch_of_a_product_never_falls(void **state)
{
    START(state);

    RUN("authorise", AUTHORISE, "--from", "authorisation.json", "--product",
        "thermostat", "--epoch", "2", "-o", "e2.json");
    assert_run(&r, 0, "");
    RUN("authorise", AUTHORISE, "--from", "e2.json", "--product", "thermostat",
        "--epoch", "1", "-o", "e1.json");
    assert_run(&r, 1, "key.epoch.lower");
}

static void a_full_disk_leaves_the_store_as_it_was(void **state)
{
    const struct key_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    const struct hm_run_how full = {.cwd = s->temp.path, .file_size_max = 100};

    HM_RUN(&r, &full, "hallmark-key", "generate",
           "pkcs11:token=vendor;object=new", "--softhsm", "vt", "--pin",
           "file:vendor.pin", "-o", "new.pem");
    assert_int_equal(r.status, 3);
    assert_false(key_story_has(s, "new.pem"));
    RUN("list", "--softhsm", "vt");
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_out(&r), "object=new"));
    assert_non_null(strstr(hm_run_out(&r), "object=vendor-1"));
    assert_int_equal(key_story_count(s, ".", ".hallmark-"), 0);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(what_is_made_is_listed_and_shown),
        FRESH(a_key_of_each_scheme_signs),
        FRESH(a_key_is_named_as_others_name_it),
        FRESH(an_exported_key_is_the_generated_one),
        FRESH(what_is_rehearsed_is_not_made),
        FRESH(a_rehearsal_finds_what_would_fail),
        FRESH(no_key_is_made_when_its_file_exists),
        FRESH(wrong_calls_say_why),
        FRESH(a_module_that_others_can_change_is_not_loaded),
        FRESH(a_root_set_is_checked),
        FRESH(a_root_set_without_vendor_takes_the_tokens_label),
        FRESH(openssl_verifies_the_authorisation),
        FRESH(claims_go_into_the_authorisation),
        FRESH(a_policy_refuses_software),
        FRESH(no_authorisation_takes_the_place_of_the_trust_anchor),
        FRESH(standard_output_takes_a_document_but_no_signature),
        FRESH(a_rotation_retires_and_authorises),
        FRESH(a_key_in_force_is_renewed),
        FRESH(a_revocation_says_why),
        FRESH(a_tampered_authorisation_is_not_continued),
        FRESH(only_a_root_key_signs_an_authorisation),
        FRESH(wrong_authorisations_are_not_written),
        FRESH(what_cannot_be_released_is_warned_of),
        FRESH(the_epoch_of_a_product_never_falls),
        FRESH(a_full_disk_leaves_the_store_as_it_was),
    };

    return cmocka_run_group_tests_name("hallmark-key", tests, NULL, NULL);
}
