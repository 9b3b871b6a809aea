/* CMS signatures over files of others: held against openssl, RAUC and SWUpdate,
 * where these are installed. */
#include "x509_story.h"

#include "hm_test.h"
#include "hm_time.h"

#include <sys/stat.h>
#include <unistd.h>

#define OPENSSL    "/usr/bin/openssl"
#define RAUC       "/usr/bin/rauc"
#define SWUPDATE   "/usr/bin/swupdate"
#define MKSQUASHFS "/usr/bin/mksquashfs"
#define CPIO       "/usr/bin/cpio"

#define START(state)                      \
    const struct key_story *s = *(state); \
    HM_OWN(hm_run) r = HM_RUN_INIT
#define TRUST    "--root", "root.json", "--authorisation", "authorisation.json"
#define BY       "--key", STORY_X509, BY_VENDOR_TOKEN, TRUST
#define CERTS    "--certificate", "vendor.crt", "--chain", "root.crt"
#define RUN(...) STORY_RUN(s, &r, "hallmark-sign", __VA_ARGS__)

static int make(void **state)
{
    (void)x509_story_make(state);
    key_story_write(*state, "file", "not of ours\n");
    return 0;
}

/* openssl cms -verify, with these further words. */
#define CMS_VERIFY(file, ...)                                                \
    STORY_RUN(s, &r, OPENSSL, "cms", "-verify", "-binary", "-inform", "DER", \
              "-in", "file.p7s", "-content", file, "-out", "out.bin",        \
              __VA_ARGS__)

static void openssl_verifies_a_detached_signature(void **state)
{
    START(state);
    HM_OWN(hm_buf) in = HM_BUF_INIT(4096);
    HM_OWN(hm_buf) out = HM_BUF_INIT(4096);

    RUN("--cms", "file", BY, CERTS, "-o", "file.p7s");
    assert_run(&r, 0, "");
    CMS_VERIFY("file", "-CAfile", "root.crt");
    assert_run(&r, 0, "");
    hm_temp_read(&s->temp, "file", &in);
    hm_temp_read(&s->temp, "out.bin", &out);
    assert_bytes_equal(hm_buf_view(&in), hm_buf_view(&out));
    CMS_VERIFY("file", "-CAfile", "root.crt", "-x509_strict", "-purpose",
               "smimesign");
    assert_run(&r, 0, "");
    CMS_VERIFY("root.json", "-CAfile", "root.crt");
    assert_int_equal(r.status, 4);
    RUN("--cms", "file", BY, CERTS, "-o", "file.p7s");
    assert_run(&r, 2, "base.out.exists");
    RUN("--cms", "file", BY, CERTS, "-o", "-");
    assert_run(&r, 0, "");
    assert_int_equal(r.out.p[0], 0x30);
}

/* A corporate root, a division's, and the leaf: in order, to the root's own. */
static void a_chain_is_given_to_its_root(void **state)
{
    START(state);

    RUN("--cms", "file", BY, "--certificate", "vendor.crt", "--chain",
        "vendor.crt", "-o", "never");
    assert_run(&r, 2, "sign.cms.chain");
    RUN("--cms", "file", BY, "--certificate", "vendor.crt", "--chain",
        "root.crt", "--chain", "root.crt", "--chain", "root.crt", "--chain",
        "root.crt", "--chain", "root.crt", "-o", "never");
    assert_run(&r, 2, "sign.cms.chain");
    /* Another root with the same name, and older than the leaf. */
    MUST(s, "hallmark-key", "generate", "pkcs11:token=root;object=root-2",
         BY_ROOT_TOKEN);
    MUST(s, "hallmark-key", "certify", "pkcs11:token=root;object=root-2",
         BY_ROOT_TOKEN, "--subject", "acme root", "--issue-time",
         "2026-01-01T00:00:00Z", "--days", "3650", "-o", "other.crt");
    RUN("--cms", "file", BY, "--certificate", "vendor.crt", "--chain",
        "other.crt", "-o", "never");
    assert_run(&r, 1, "x509.chain.refused");
    /* That root's own leaf is signed with, and it is said whose that root is. */
    MUST(s, "hallmark-key", "certify", "pkcs11:token=root;object=root-2",
         BY_ROOT_TOKEN, "--issuer", "other.crt", "--request", "vendor.csr",
         "--days", "9", "-o", "leaf.crt");
    RUN("--cms", "file", BY, "--certificate", "leaf.crt", "--chain",
        "other.crt", "-o", "file.p7s");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_err(&r), "root.json does not name"));
    CMS_VERIFY("file", "-CAfile", "other.crt");
    assert_run(&r, 0, "");
    RUN("--cms", "file", BY, CERTS, "-o", "file.p7s", "--force");
    assert_run(&r, 0, "");
    assert_null(strstr(hm_run_err(&r), "root.json"));
    assert_false(key_story_has(s, "never"));
}

static void a_key_of_another_role_signs_no_bytes_of_others(void **state)
{
    START(state);

    /* Its certificate was issued without looking at the authorisation. */
    MUST(s, "hallmark-key", "certify", STORY_ROOT, BY_ROOT_TOKEN, "--issuer",
         "root.crt", "--public-key", "vendor-1.pem", "--subject", "m", "--days",
         "9", "-o", "manifest.crt");
    RUN("--cms", "file", "--key", STORY_VENDOR, BY_VENDOR_TOKEN, TRUST,
        "--certificate", "manifest.crt", "--chain", "root.crt", "-o", "never");
    assert_run(&r, 1, "trust.key.role");
    RUN("--cms", "file", "--key", STORY_ROOT, BY_ROOT_TOKEN, TRUST,
        "--certificate", "root.crt", "--chain", "root.crt", "-o", "never");
    assert_run(&r, 1, "sign.key.root");
    /* Nor does the key of role x509 sign a document of ours. */
    key_story_manifest(s, "manifest.json", "thermostat");
    RUN("manifest.json", "--key", STORY_X509, BY_VENDOR_TOKEN);
    assert_run(&r, 1, "trust.key.role");
    assert_false(key_story_has(s, "never"));
}

static void certificate_and_key_belong_together(void **state)
{
    START(state);

    RUN("--cms", "file", "--key", STORY_VENDOR, BY_VENDOR_TOKEN, TRUST, CERTS,
        "-o", "never");
    assert_run(&r, 1, "x509.certificate.other");
    RUN("--cms", "file", "--key", STORY_VENDOR, "--softhsm", "vt", TRUST, CERTS,
        "-n", "-o", "never");
    assert_run(&r, 1, "x509.certificate.other");
    RUN("--cms", "file", "--key", STORY_X509, "--softhsm", "vt", TRUST, CERTS,
        "-n", "-o", "never");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, "never"));
}

static void a_retired_key_or_an_old_certificate_signs_nothing(void **state)
{
    START(state);
    const hm_time now = hm_time_now();

    RUN("--cms", "file", BY, CERTS, "-o", "never", "--issue-time",
        hm_time_show(now + (hm_time)21 * 86400));
    assert_run(&r, 1, "x509.certificate.expired");
    RUN("--cms", "file", BY, CERTS, "-o", "never", "--issue-time",
        hm_time_show(now + (hm_time)31 * 86400));
    assert_run(&r, 1, "trust.authorisation.expired");
    MUST(s, "hallmark-key", "revoke", "--root", "root.json", "--from",
         "authorisation.json", "--compromised", "x509-1.pem", "--days", "30",
         "--sign", STORY_ROOT, BY_ROOT_TOKEN, "-o", "authorisation.json",
         "--force");
    RUN("--cms", "file", BY, CERTS, "-o", "never");
    assert_run(&r, 1, "trust.key.retired");
    assert_false(key_story_has(s, "never"));
}

static void purposes_are_those_of_the_verifiers(void **state)
{
    START(state);

    MUST(s, "hallmark-key", "certify", STORY_ROOT, BY_ROOT_TOKEN, "--issuer",
         "root.crt", "--public-key", "x509-1.pem", "--subject", "code",
         "--purpose", "codeSigning", "--days", "9", "-o", "code.crt");
    RUN("--cms", "file", BY, "--certificate", "code.crt", "--chain", "root.crt",
        "-o", "never");
    assert_run(&r, 1, "x509.leaf.purpose");
    RUN("--cms", "file", BY, "--certificate", "code.crt", "--chain", "root.crt",
        "--purpose", "codeSigning", "-o", "file.p7s");
    assert_run(&r, 0, "");
    CMS_VERIFY("file", "-CAfile", "root.crt", "-purpose", "any");
    assert_run(&r, 0, "");
    CMS_VERIFY("file", "-CAfile", "root.crt");
    assert_int_equal(r.status, 4);
    RUN("--cms", "file", BY, CERTS, "--purpose", "any", "-o", "never");
    assert_run(&r, 2, "x509.purpose.unknown");
}

static void options_that_belong_together_are_asked_for(void **state)
{
    START(state);

    RUN("--cms", "file", BY, "--certificate", "vendor.crt", "-o", "never");
    assert_run(&r, 2, "sign.cms.options");
    RUN("--cms", "file", "--key", STORY_X509, BY_VENDOR_TOKEN, CERTS, "-o",
        "never");
    assert_run(&r, 2, "sign.cms.options");
    RUN("file", BY, "--rauc");
    assert_run(&r, 2, "sign.cms.options");
    RUN("--cms", "file", BY, CERTS, "--rauc", "-o", "-");
    assert_run(&r, 2, "sign.cms.options");
    RUN("--cms", "file", "file", BY, CERTS, "-o", "never");
    assert_run(&r, 2, "sign.document.none");
    RUN("--cms", "file", BY, CERTS, "--rauc", "-o", "never");
    assert_run(&r, 1, "x509.rauc.malformed");
    assert_false(key_story_has(s, "never"));
}

static void the_file_is_not_replaced_by_its_signature(void **state)
{
    START(state);

    MUST(s, "/bin/ln", "-s", "file", "link");
    RUN("--cms", "file", BY, CERTS, "-o", "file", "--force");
    assert_run(&r, 2, "sign.cms.same");
    RUN("--cms", "file", BY, CERTS, "-o", "./link", "--force");
    assert_run(&r, 2, "sign.cms.same");
}

static void a_faulty_token_writes_nothing(void **state)
{
    START(state);
    const char *const env[] = {"HM_FAULT=flip", NULL};

    key_story_run_env(s, &r, env,
                      (const char *const[]){
                          "hallmark-sign", "--cms", "file", BY, CERTS,
                          "--module", HM_FAULT_MODULE, "-o", "never", NULL});
    assert_run(&r, 4, "hsm.sign.mismatch");
    key_story_run_env(s, &r, env,
                      (const char *const[]){
                          "hallmark-key", "certify", STORY_ROOT, BY_ROOT_TOKEN,
                          "--module", HM_FAULT_MODULE, "--subject", "x",
                          "--days", "3650", "-o", "never", NULL});
    assert_run(&r, 4, "hsm.sign.mismatch");
    assert_false(key_story_has(s, "never"));
}

/* --- keys that no module here reaches ---------------------------------------------- */

/* A key of role x509 in a file, with its certificate, for the service of an HSM. */
static void make_service(const struct key_story *s)
{
    MUST(s, OPENSSL, "ecparam", "-name", "prime256v1", "-genkey", "-noout",
         "-out", "service.key");
    MUST(s, OPENSSL, "ec", "-in", "service.key", "-pubout", "-out",
         "service.pem");
    MUST(s, "hallmark-key", "authorise", "--root", "root.json", "--from",
         "authorisation.json", "--key", "x509=service.pem", "--product",
         "thermostat", "--days", "30", "--sign", STORY_ROOT, BY_ROOT_TOKEN,
         "-o", "authorisation.json", "--force");
    MUST(s, "hallmark-key", "certify", STORY_ROOT, BY_ROOT_TOKEN, "--issuer",
         "root.crt", "--public-key", "service.pem", "--subject", "service",
         "--days", "9", "-o", "service.crt");
}

#define OF_SERVICE \
    TRUST, "--certificate", "service.crt", "--chain", "root.crt", "--issue-time"

static void a_signature_made_elsewhere_is_attached(void **state)
{
    START(state);
    char at[HM_TIME_TEXT];
    char later[HM_TIME_TEXT];

    make_service(s);
    (void)hm_time_format(hm_time_now() + 60, at);
    (void)hm_time_format(hm_time_now() + 61, later);
    RUN("--cms", "file", OF_SERVICE, at, "--bytes", "to-sign");
    assert_run(&r, 0, "");
    MUST(s, OPENSSL, "dgst", "-sha256", "-sign", "service.key", "-out",
         "signature", "to-sign");
    RUN("--cms", "file", OF_SERVICE, at, "--attach", "signature", "-n", "-o",
        "file.p7s");
    assert_run(&r, 0, "");
    assert_false(key_story_has(s, "file.p7s"));
    RUN("--cms", "file", OF_SERVICE, at, "--attach", "signature", "-o",
        "file.p7s");
    assert_run(&r, 0, "");
    CMS_VERIFY("file", "-CAfile", "root.crt");
    assert_run(&r, 0, "");
    RUN("--cms", "file", OF_SERVICE, later, "--attach", "signature", "-o",
        "never");
    assert_run(&r, 1, "sign.attach.stranger");
    RUN("--cms", "root.json", OF_SERVICE, at, "--attach", "signature", "-o",
        "never");
    assert_run(&r, 1, "sign.attach.stranger");
    RUN("--cms", "file", TRUST, CERTS, "--issue-time", at, "--attach",
        "signature", "-o", "never");
    assert_run(&r, 1, "sign.attach.stranger"); /* another's certificate */
    RUN("--cms", "file", TRUST, "--certificate", "service.crt", "--chain",
        "root.crt", "--bytes", "never");
    assert_run(&r, 2, "sign.cms.options"); /* at which time? */
    RUN("--cms", "file", OF_SERVICE, at, "--bytes", "file", "--force");
    assert_run(&r, 2, "sign.cms.same");
    assert_false(key_story_has(s, "never"));
}

/* --- RAUC --------------------------------------------------------------------------- */

/* Letters that do not compress well: verity wants more than one block. */
static void write_firmware(const struct key_story *s)
{
    char text[12001];
    uint32_t x = 1;

    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        x = x * 1664525u + 1013904223u;
        text[i] = (char)('!' + (x >> 16) % 94);
    }
    text[sizeof(text) - 1] = '\0';
    key_story_write(s, "in/rootfs.img", text);
}

/* The build's bundle, signed with a development key. */
static void build_bundle(const struct key_story *s, const char *form)
{
    char manifest[512];

    (void)snprintf(manifest, sizeof(manifest),
                   "[update]\ncompatible=acme thermostat\nversion=1.0.1\n\n"
                   "[bundle]\nformat=%s\n\n"
                   "[image.rootfs]\nfilename=rootfs.img\n",
                   form);
    key_story_write(s, "in/manifest.raucm", manifest);
    write_firmware(s);
    MUST(s, OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", "dev.key", "-subj",
         "/CN=development", "-days", "9", "-out", "dev.crt");
    MUST(s, RAUC, "--cert=dev.crt", "--key=dev.key", "bundle", "in",
         "dev.raucb");
}

static void rauc_takes(const struct key_story *s, const char *form)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct stat st;

    build_bundle(s, form);
    STORY_RUN(s, &r, RAUC, "info", "--keyring=root.crt", "dev.raucb");
    assert_int_equal(r.status, 1);
    RUN("--cms", "dev.raucb", "--rauc", BY, CERTS, "-o", "release.raucb");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), form));
    STORY_RUN(s, &r, RAUC, "info", "--keyring=root.crt", "release.raucb");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "CN = acme signing"));
    STORY_RUN(s, &r, RAUC, "info", "--keyring=dev.crt", "release.raucb");
    assert_int_equal(r.status, 1);
    /* One that is signed already is signed again, as when a key was rotated. */
    RUN("--cms", "release.raucb", "--rauc", BY, CERTS, "-o", "release.raucb",
        "--force");
    assert_run(&r, 0, "");
    MUST(s, RAUC, "info", "--keyring=root.crt", "release.raucb");
    assert_int_equal(stat(hm_temp_path(&s->temp, "release.raucb"), &st), 0);
    hm_temp_flip(&s->temp, "release.raucb", (uint64_t)st.st_size - 60, 1);
    STORY_RUN(s, &r, RAUC, "info", "--keyring=root.crt", "release.raucb");
    assert_int_equal(r.status, 1);
}

static void rauc_takes_what_was_signed_elsewhere(void **state)
{
    static const char *const forms[] = {"plain", "verity"};
    START(state);

    NEED(RAUC);
    NEED(MKSQUASHFS);
    make_service(s);
    for (size_t i = 0; i < 2; i++) {
        char at[HM_TIME_TEXT];

        (void)hm_time_format(hm_time_now(), at);
        build_bundle(s, forms[i]);
        RUN("--cms", "dev.raucb", "--rauc", OF_SERVICE, at, "--bytes",
            "to-sign", "-f");
        assert_run(&r, 0, "");
        MUST(s, OPENSSL, "dgst", "-sha256", "-sign", "service.key", "-out",
             "signature", "to-sign");
        RUN("--cms", "dev.raucb", "--rauc", OF_SERVICE, at, "--attach",
            "signature", "-o", "release.raucb", "-f");
        assert_run(&r, 0, "");
        MUST(s, RAUC, "info", "--keyring=root.crt", "release.raucb");
        MUST(s, "/bin/rm", "dev.raucb");
    }
}

static void rauc_takes_a_plain_bundle(void **state)
{
    NEED(RAUC);
    NEED(MKSQUASHFS);
    rauc_takes(*state, "plain");
}

static void rauc_takes_a_verity_bundle(void **state)
{
    NEED(RAUC);
    NEED(MKSQUASHFS);
    rauc_takes(*state, "verity");
}

static void a_squashfs_image_becomes_a_plain_bundle(void **state)
{
    START(state);

    NEED(RAUC);
    NEED(MKSQUASHFS);
    build_bundle(s, "plain");
    MUST(s, MKSQUASHFS, "in", "image", "-all-root", "-no-progress");
    RUN("--cms", "image", "--rauc", BY, CERTS, "-o", "release.raucb");
    assert_run(&r, 0, "");
    MUST(s, RAUC, "info", "--keyring=root.crt", "release.raucb");
}

/* --- SWUpdate ----------------------------------------------------------------------- */

/* One image, "firmware\n", which goes nowhere. */
static void write_description(const struct key_story *s, const char *version)
{
    char text[512];

    (void)snprintf(
        text, sizeof(text),
        "software = {\n version = \"%s\";\n"
        " hardware-compatibility: [ \"1.0\" ];\n"
        " images: ( { filename = \"rootfs.img\";\n"
        "  device = \"/dev/null\";\n"
        "  sha256 = \"179c23f41ee27a7474df0662f97023168ddcf837989573fcd"
        "dd5941adca62a68\"; } );\n};\n",
        version);
    key_story_write(s, "sw-description", text);
}

static void pack_description(const struct key_story *s)
{
    const struct hm_run_how how = {
        .cwd = s->temp.path,
        .in = HM_LIT("sw-description\nsw-description.sig\nrootfs.img\n")};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &how, CPIO, "-o", "-H", "crc", "--quiet", "-F", "release.swu");
    assert_run(&r, 0, "");
}

/* By its words: its exit status depends on which of its processes ends first.  Its
 * sockets lie where TMPDIR says, so that two of it do not meet; it empties that. */
static bool is_taken(const struct key_story *s, const char *purpose)
{
    char tmpdir[300];
    const char *const env[] = {tmpdir, NULL};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    (void)snprintf(tmpdir, sizeof(tmpdir), "TMPDIR=%s/empty/", s->temp.path);
    key_story_write(s, "empty/file", "");
    key_story_run_env(s, &r, env,
                      (const char *const[]){SWUPDATE, "-c", "-k", "root.crt",
                                            "-H", "board:1.0", "-i",
                                            "release.swu", "--cert-purpose",
                                            purpose, NULL});
    return strstr(hm_run_out(&r), "SWUPDATE successful") != NULL;
}

static void swupdate_takes_a_signed_description(void **state)
{
    START(state);

    NEED(SWUPDATE);
    NEED(CPIO);
    key_story_write(s, "rootfs.img", "firmware\n");
    write_description(s, "1.0.1");
    RUN("--cms", "sw-description", BY, CERTS, "-o", "sw-description.sig");
    assert_run(&r, 0, "");
    pack_description(s);
    assert_true(is_taken(s, "emailProtection"));
    write_description(s, "9.0.1"); /* not what was signed */
    pack_description(s);
    assert_false(is_taken(s, "emailProtection"));
    RUN("--cms", "sw-description", BY, CERTS, "-o", "sw-description.sig", "-f");
    assert_run(&r, 0, "");
    pack_description(s);
    assert_true(is_taken(s, "emailProtection"));
}

/* --- what each of them asks a certificate for ---------------------------------------- */

static bool rauc_accepts(const struct key_story *s, const char *more)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char conf[1024];

    (void)snprintf(conf, sizeof(conf),
                   "[system]\ncompatible=acme thermostat\nbootloader=noop\n"
                   "[keyring]\npath=%s/root.crt\n%s"
                   "[slot.rootfs.0]\ndevice=/dev/null\n",
                   s->temp.path, more);
    key_story_write(s, "system.conf", conf);
    STORY_RUN(s, &r, RAUC, "--conf=system.conf", "info", "release.raucb");
    return r.status == 0;
}

static void each_takes_what_hallmark_says_it_takes(void **state)
{
    static const struct {
        const char *words[5]; /* of certify */
        const char *purpose;  /* of hallmark-sign */
        bool by_default, for_code;
    } rows[] = {
        {{NULL}, "emailProtection", true, false},
        {{NULL}, "codeSigning", false, false},
        {{"--purpose", "codeSigning"}, "emailProtection", false, false},
        {{"--purpose", "codeSigning"}, "codeSigning", false, true},
        {{"--purpose", "emailProtection"}, "emailProtection", true, false},
        {{"--purpose", "codeSigning", "--purpose", "emailProtection"},
         "codeSigning",
         true,
         true},
    };
    START(state);

    NEED(RAUC);
    NEED(MKSQUASHFS);
    NEED(SWUPDATE);
    NEED(CPIO);
    build_bundle(s, "plain");
    key_story_write(s, "rootfs.img", "firmware\n");
    write_description(s, "1.0.1");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *issue[24] = {
            "hallmark-key", "certify",     STORY_ROOT,     BY_ROOT_TOKEN,
            "--issuer",     "root.crt",    "--public-key", "x509-1.pem",
            "--subject",    "x",           "--days",       "9",
            "-o",           "purpose.crt", "--force"};
        const bool is_good = rows[i].by_default || rows[i].for_code;
        const char *const sign[] = {
            "--certificate", "purpose.crt",   "--chain", "root.crt",
            "--purpose",     rows[i].purpose, "-f"};

        for (size_t k = 0, n = 18; k < 4 && rows[i].words[k] != NULL; k++)
            issue[n++] = rows[i].words[k];
        x509_story_must(s, issue);
        RUN("--cms", "dev.raucb", "--rauc", BY, sign[0], sign[1], sign[2],
            sign[3], sign[4], sign[5], sign[6], "-o", "release.raucb");
        assert_run(&r, is_good ? 0 : 1, is_good ? "" : "x509.leaf.purpose");
        if (!is_good)
            continue;
        assert_true(rauc_accepts(s, "") == rows[i].by_default);
        assert_true(rauc_accepts(s, "check-purpose=codesign\n") ==
                    rows[i].for_code);
        RUN("--cms", "sw-description", BY, sign[0], sign[1], sign[2], sign[3],
            sign[4], sign[5], sign[6], "-o", "sw-description.sig");
        pack_description(s);
        assert_true(is_taken(s, "emailProtection") == rows[i].by_default);
        assert_true(is_taken(s, "codeSigning") == rows[i].for_code);
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, make, x509_story_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(openssl_verifies_a_detached_signature),
        TEST(a_chain_is_given_to_its_root),
        TEST(a_key_of_another_role_signs_no_bytes_of_others),
        TEST(certificate_and_key_belong_together),
        TEST(a_retired_key_or_an_old_certificate_signs_nothing),
        TEST(purposes_are_those_of_the_verifiers),
        TEST(options_that_belong_together_are_asked_for),
        TEST(the_file_is_not_replaced_by_its_signature),
        TEST(a_faulty_token_writes_nothing),
        TEST(a_signature_made_elsewhere_is_attached),
        TEST(rauc_takes_what_was_signed_elsewhere),
        TEST(rauc_takes_a_plain_bundle),
        TEST(rauc_takes_a_verity_bundle),
        TEST(a_squashfs_image_becomes_a_plain_bundle),
        TEST(swupdate_takes_a_signed_description),
        TEST(each_takes_what_hallmark_says_it_takes),
    };

    return cmocka_run_group_tests_name("hallmark-sign cms", tests, NULL, NULL);
}
