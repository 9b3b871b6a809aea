/* One suite for tokens of several makes: a key is made there, looked at, signs
 * an authorisation that openssl verifies, and a wrong PIN is refused.  What is
 * not installed is not run, and says so.
 *
 * openCryptoki keeps its state in fixed places and has a daemon of root: this
 * program runs itself once more for it, in namespaces of its own where those
 * places are empty, and with them everything is gone. */
#include "hm_run.h"
#include "hm_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define NSS     "/usr/lib/x86_64-linux-gnu/libsoftokn3.so"
#define PKCS11  "/usr/lib/x86_64-linux-gnu/pkcs11/"
#define TPM2    PKCS11 "libtpm2_pkcs11.so"
#define P11_KIT PKCS11 "p11-kit-client.so"
#define PROXY   "/usr/lib/x86_64-linux-gnu/p11-kit-proxy.so"
#define OCK     "/usr/lib/x86_64-linux-gnu/opencryptoki/libopencryptoki.so.0"

struct place {
    const char *name;
    const char *const *needs; /* files, NULL-ended */
    const char *const *env;   /* '@' is the folder of the test */
    const char *start;        /* shell, in the folder of the test; or NULL */
    const char *init[5];      /* options of token-init; none: it is there */
    const char *where[3];     /* options that name the token's module */
    const char *key;          /* URI */
    const char *scheme;       /* of generate; NULL: the default */
    bool is_for_users;        /* root is not served: run as nobody */
    const char *between;      /* shell, before each call; or NULL */
};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A TPM without a resource manager holds three objects; others flush them.  Its
 * module leaks, as openCryptoki's does, which is not ours to tell. */
#define FLUSH "tpm2_flushcontext -t; tpm2_flushcontext -l; tpm2_flushcontext -s"

static const struct place places[] = {
    {"SoftHSM",
     LIST(SOFTHSM),
     LIST("NO_COLOR=1"),
     NULL,
     {"--softhsm", "store", "--token", "one"},
     {"--softhsm", "store"},
     "pkcs11:token=one;object=key-1",
     NULL,
     false,
     NULL},
    {"NSS",
     LIST(NSS),
     LIST("NO_COLOR=1"),
     NULL,
     {"--nss", "store"},
     {"--nss", "store"},
     "pkcs11:token=NSS%20Certificate%20DB;object=key-1",
     NULL,
     false,
     NULL},
    {"tpm2-pkcs11 on swtpm",
     LIST(TPM2, "/usr/bin/swtpm", "/usr/bin/tpm2_flushcontext"),
     LIST("TPM2_PKCS11_STORE=@/store", "TPM2_PKCS11_TCTI=swtpm:path=@/tpm.sock",
          "TPM2TOOLS_TCTI=swtpm:path=@/tpm.sock", "TSS2_LOG=all+NONE",
          "ASAN_OPTIONS=detect_leaks=0"),
     "mkdir tpm store && swtpm socket --tpm2 --tpmstate dir=$PWD/tpm "
     "--ctrl type=unixio,path=$PWD/tpm.sock.ctrl "
     "--server type=unixio,path=$PWD/tpm.sock --pid file=$PWD/daemon.pid "
     "--flags not-need-init,startup-clear -d",
     {"--module", TPM2, "--token", "one"},
     {"--module", TPM2},
     "pkcs11:token=one;object=key-1",
     NULL,
     false,
     FLUSH},
    {"a SoftHSM behind a p11-kit server",
     LIST(P11_KIT, SOFTHSM, "/usr/bin/p11-kit", "/usr/bin/softhsm2-util"),
     LIST("SOFTHSM2_CONF=@/softhsm.conf",
          "P11_KIT_SERVER_ADDRESS=unix:path=@/server.sock"),
     "mkdir store && echo 'directories.tokendir = '$PWD/store >softhsm.conf && "
     "softhsm2-util --init-token --free --label one --so-pin 12345678 --pin "
     "123456 >/dev/null && (exec setsid p11-kit server -f --provider " SOFTHSM
     " -n $PWD/server.sock pkcs11:token=one >/dev/null 2>&1) & echo $! "
     ">daemon.pid; until [ -S server.sock ]; do sleep 0.05; done",
     {NULL},
     {"--module", P11_KIT},
     "pkcs11:token=one;object=key-1",
     NULL,
     false,
     NULL},
    {"the soft token of openCryptoki",
     LIST(OCK, "/usr/sbin/pkcsslotd", "/usr/sbin/pkcsconf", "/usr/bin/unshare"),
     LIST("ASAN_OPTIONS=detect_leaks=0"),
     "mkdir -p /run/lock/opencryptoki/swtok "
     "/var/lib/opencryptoki/swtok/TOK_OBJ "
     "&& chown -R root:pkcs11 /run/lock/opencryptoki /var/lib/opencryptoki && "
     "chmod -R 0770 /run/lock/opencryptoki /var/lib/opencryptoki && printf "
     "'version opencryptoki-3.1\\nslot 3\\n{\\nstdll = libpkcs11_sw.so\\n}\\n' "
     ">/etc/opencryptoki/opencryptoki.conf && pkcsslotd && "
     "until [ -S /run/pkcsslotd.socket ]; do sleep 0.05; done && "
     "echo one | pkcsconf -I -c 3 -S 87654321 >/dev/null && "
     "pkcsconf -P -c 3 -S 87654321 -n 76543210 && "
     "pkcsconf -u -c 3 -S 76543210 -n 12345678 && "
     "pkcsconf -p -c 3 -U 12345678 -n 123456",
     {NULL},
     {"--module", OCK},
     "pkcs11:token=one;object=key-1",
     "rsa-pkcs1-sha256",
     false,
     NULL},
    {"a SoftHSM that p11-kit remote starts",
     LIST(PROXY, SOFTHSM, "/usr/bin/p11-kit", "/usr/bin/softhsm2-util"),
     LIST("SOFTHSM2_CONF=@/softhsm.conf", "XDG_CONFIG_HOME=@/config", "HOME=@"),
     "mkdir -p store config/pkcs11/modules && echo 'directories.tokendir = "
     "'$PWD/store >softhsm.conf && echo 'user-config: only' "
     ">config/pkcs11/pkcs11.conf && echo 'remote: |p11-kit remote " SOFTHSM
     "' >config/pkcs11/modules/one.module && softhsm2-util --init-token --free "
     "--label one --so-pin 12345678 --pin 123456 >/dev/null",
     {NULL},
     {"--module", PROXY},
     "pkcs11:token=one;object=key-1",
     NULL,
     true,
     NULL},
};

#define OPENCRYPTOKI 4

#define ENV 6

struct env {
    char text[ENV][512];
    const char *list[ENV + 1];
};

static const char *const *expand(const struct hm_temp *t, const struct place *p,
                                 struct env *out)
{
    for (size_t i = 0; p->env[i] != NULL; i++) {
        const int before = (int)strcspn(p->env[i], "@");
        const bool has = p->env[i][before] == '@';

        (void)snprintf(out->text[i], sizeof(out->text[i]), "%.*s%s%s", before,
                       p->env[i], has ? t->path : "",
                       p->env[i] + before + (has ? 1 : 0));
        out->list[i] = out->text[i];
    }
    return out->list;
}

#define NOBODY 65534u

/* 0: as we are. */
static unsigned uid_of(const struct place *p)
{
    return p->is_for_users && geteuid() == 0 ? NOBODY : 0;
}

static void shell(const struct hm_temp *t, const struct place *p,
                  const char *script)
{
    struct env env = {.list = {NULL}};
    const struct hm_run_how how = {
        .cwd = t->path, .env = expand(t, p, &env), .drop_to_uid = uid_of(p)};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (script == NULL)
        return;
    HM_RUN(&r, &how, "/bin/sh", "-c", script);
    assert_run(&r, 0, "");
}

/* hallmark-key VERB, the options that say where, and the rest. */
static void key(const struct hm_temp *t, const struct place *p,
                struct hm_run *r, const char *verb, const char *const where[],
                const char *const rest[])
{
    struct env env = {.list = {NULL}};
    const struct hm_run_how how = {
        .cwd = t->path, .env = expand(t, p, &env), .drop_to_uid = uid_of(p)};
    const char *argv[32] = {"hallmark-key", verb};
    size_t n = 2;

    shell(t, p, p->between);
    for (size_t i = 0; where[i] != NULL; i++)
        argv[n++] = where[i];
    for (size_t i = 0; rest[i] != NULL; i++)
        argv[n++] = rest[i];
    hm_run(r, &how, argv);
}

static void suite(const struct hm_temp *t, const struct place *p)
{
    static const char other[] = "manifest=" HM_TESTDATA "/attest/p256.pem";
    const char *const pin[] = {"--pin", "file:pin", NULL};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    if (p->init[0] != NULL) {
        key(t, p, &r, "token-init", p->init, pin);
        assert_run(&r, 0, "");
    }
    key(t, p, &r, "generate", p->where,
        LIST(p->key, "--pin", "file:pin", "-o", "key.pem",
             p->scheme == NULL ? NULL : "--scheme", p->scheme));
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "claimed  extractable: no"));
    key(t, p, &r, "doctor", p->where, LIST(p->key, "--pin", "file:pin"));
    assert_run(&r, 0, "");
    key(t, p, &r, "show", p->where, LIST(p->key, "--pin", "file:wrong"));
    assert_run(&r, 4, "hsm.pin.incorrect");
    key(t, p, &r, "root-export", p->where,
        LIST(p->key, "--threshold", "1", "--vendor", "acme", "-o",
             "root.json"));
    assert_run(&r, 0, "");
    key(t, p, &r, "authorise", p->where,
        LIST("--root", "root.json", "--key", other, "--product", "thermostat",
             "--days", "30", "--sign", p->key, "--pin", "file:pin", "-o",
             "authorisation.json"));
    assert_run(&r, 0, "");
    shell(t, p,
          "openssl dgst -sha256 -verify key.pem -signature "
          "authorisation.json.sig authorisation.json");
}

static bool is_installed(const struct place *p)
{
    for (size_t i = 0; p->needs[i] != NULL; i++)
        if (access(p->needs[i], R_OK) != 0) {
            print_message("%s: not run, there is no %s\n", p->name,
                          p->needs[i]);
            return false;
        }
    return true;
}

static int leave(void **state)
{
    const char *stop = "test ! -s daemon.pid || kill $(cat daemon.pid)";
    const struct hm_run_how how = {.cwd = ((struct hm_temp *)*state)->path};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &how, "/bin/sh", "-c", stop);
    hm_temp_clear(*state);
    return 0;
}

static int enter(void **state)
{
    static struct hm_temp t;

    hm_temp_make(&t);
    hm_temp_write(&t, "pin", "123456");
    hm_temp_write(&t, "wrong", "654321");
    (void)chmod(hm_temp_path(&t, "pin"), 0600);
    (void)chmod(hm_temp_path(&t, "wrong"), 0600);
    *state = &t;
    return 0;
}

static void run_place(void **state, size_t i)
{
    static const char *const files[] = {".", "pin", "wrong"};

    if (!is_installed(&places[i]))
        skip();
    for (size_t k = 0; uid_of(&places[i]) != 0 && k < 3; k++)
        assert_int_equal(chown(hm_temp_path(*state, files[k]), NOBODY, NOBODY),
                         0);
    shell(*state, &places[i], places[i].start);
    suite(*state, &places[i]);
}

static void softhsm_signs(void **state)
{
    run_place(state, 0);
}

static void nss_signs(void **state)
{
    run_place(state, 1);
}

static void a_tpm_signs(void **state)
{
    run_place(state, 2);
}

static void a_token_behind_a_server_signs(void **state)
{
    run_place(state, 3);
}

static void a_token_of_a_remote_signs(void **state)
{
    run_place(state, 5);
}

/* A copy of this program where openCryptoki finds nothing, and leaves nothing. */
#define NAMESPACES                                                             \
    "/usr/bin/unshare", "--mount", "--ipc", "--pid", "--fork", "--kill-child", \
        "--mount-proc", "/bin/sh", "-c"

static const char empty_places[] =
    "for place in /run /dev/shm /var/lib/opencryptoki /etc/opencryptoki; do "
    "mount -t tmpfs tmpfs $place || exit 1; done; exec \"$@\"";

static void a_token_without_curves_signs(void **state)
{
    const struct hm_run_how how = {.cwd = ((struct hm_temp *)*state)->path};
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char self[512] = "";

    if (!is_installed(&places[OPENCRYPTOKI]))
        skip();
    HM_RUN(&r, &how, NAMESPACES, empty_places, "sh", "true");
    if (r.status != 0) {
        print_message("%s: not run, no namespaces: %s\n",
                      places[OPENCRYPTOKI].name, hm_run_err(&r));
        skip();
    }
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    HM_RUN(&r, &how, NAMESPACES, empty_places, "sh", self, "inside");
    if (r.status != 0)
        fail_msg("inside:\n%s%s", hm_run_out(&r), hm_run_err(&r));
}

static void opencryptoki_signs(void **state)
{
    run_place(state, OPENCRYPTOKI);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(int argc, char *argv[])
{
    const struct CMUnitTest inside[] = {FRESH(opencryptoki_signs)};
    const struct CMUnitTest tests[] = {
        FRESH(softhsm_signs),
        FRESH(nss_signs),
        FRESH(a_tpm_signs),
        FRESH(a_token_behind_a_server_signs),
        FRESH(a_token_of_a_remote_signs),
        FRESH(a_token_without_curves_signs),
    };

    /* The first of its process namespace: nothing else is disturbed. */
    if (argc == 2 && strcmp(argv[1], "inside") == 0 && getpid() == 1)
        return cmocka_run_group_tests_name("inside", inside, NULL, NULL);

    return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
