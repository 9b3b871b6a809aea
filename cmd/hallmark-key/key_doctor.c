/* What would keep a key from signing tomorrow: looked at one by one, each with
 * what to do.  Nothing is signed, and without --pin no PIN is asked for. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "key_priv.h"

#define DAY 86400

static struct {
    struct hm_hsm_where where;
    const char *pin;
    const char *root;
    const char *authorisation;
    const char *role;
    const char *product;
    const char *days;
    const char *at;
} opt;

const struct hm_opt key_doctor_opts[] = {
    KEY_WHERE(opt.where),
    {"pin", 'p', HM_OPT_VALUE, false, &opt.pin, "SOURCE",
     "log in as well, once, and look at the private key"},
    {"root", 'r', HM_OPT_VALUE, false, &opt.root, "FILE", "root.json"},
    {"authorisation", 'a', HM_OPT_VALUE, false, &opt.authorisation, "FILE",
     "judge the key by this authorisation; needs --root"},
    {"role", 0, HM_OPT_VALUE, false, &opt.role, "ROLE",
     "the key is meant for this role"},
    {"product", 0, HM_OPT_VALUE, false, &opt.product, "NAME",
     "the key is meant for this product"},
    {"days", 0, HM_OPT_VALUE, false, &opt.days, "N",
     "warn of what ends within N days (default: 30)"},
    {"at", 0, HM_OPT_VALUE, false, &opt.at, "TIME",
     "judge as of this time (default: the clock)"},
    HM_OPT_END,
};

enum check {
    MODULE,
    TOKEN,
    PIN,
    KEY,
    MECHANISM,
    PRIVATE_KEY,
    AUTHORISATION,
    ROLE,
    WINDOW,
    CHECKS
};

static const char *const check_names[CHECKS] = {
    "module",      "token",         "PIN",  "key",         "mechanism",
    "private key", "authorisation", "role", "key in force"};

enum verdict { NOT_RUN, PASS, WARN, FAIL };

struct row {
    enum verdict verdict;
    struct hm_err found; /* text; reason and hint of a warning or failure */
};

struct doctor {
    struct hm_hsm hsm;
    struct hm_hsm_uri uri;
    struct hm_hsm_key key;
    struct hm_root root;
    struct hm_authorisation a;
    hm_time now;
    enum hm_role role; /* that it is meant for, when --role says so */
    uint64_t days;
    struct row rows[CHECKS];
    const struct row *failed; /* NULL: none did */
};

static void doctor_free(struct doctor **d)
{
    if (*d == NULL)
        return;
    hm_authorisation_clear(&(*d)->a);
    hm_root_clear(&(*d)->root);
    hm_hsm_key_clear(&(*d)->key);
    hm_hsm_clear(&(*d)->hsm);
    free(*d);
}

/* --- rows ------------------------------------------------------------------------ */

/* A step that fails is the end of the examination. */
static bool passed(struct doctor *d, enum check check, hm_rc rc,
                   const struct hm_err *e)
{
    struct row *row = &d->rows[check];

    row->verdict = rc == HM_OK ? PASS : FAIL;
    if (rc != HM_OK) {
        row->found = *e;
        d->failed = row;
    }
    return rc == HM_OK;
}

__attribute__((format(printf, 2, 3))) static void say_of(struct row *row,
                                                         const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(row->found.text, sizeof(row->found.text), fmt, ap);
    va_end(ap);
}

static void warn_of(struct row *row, const char *reason, const char *next)
{
    row->verdict = WARN;
    (void)snprintf(row->found.reason, sizeof(row->found.reason), "%s", reason);
    (void)snprintf(row->found.hint, sizeof(row->found.hint), "%s", next);
}

/* --- the token ------------------------------------------------------------------- */

/* A wrong PIN that somebody gave is told before it is the last. */
static bool look_at_pin(struct doctor *d, hm_rc rc, const struct hm_err *e)
{
    if (!passed(d, PIN, rc, e))
        return false;
    say_of(&d->rows[PIN], "the token would take one; no try was used");
    if (hm_hsm_note(&d->hsm)[0] != '\0') {
        say_of(&d->rows[PIN], "%s", hm_hsm_note(&d->hsm));
        warn_of(&d->rows[PIN], "key.doctor.pin",
                "find out who gave it; a good PIN resets the count");
    }
    return true;
}

static bool look_at_token(struct hm_cli *cli, struct doctor *d)
{
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc = key_hsm_open(cli, &d->hsm, &opt.where, HM_HSM_USE, &e);

    if (!passed(d, MODULE, rc, &e))
        return false;
    say_of(&d->rows[MODULE], "it is loaded");
    rc = hm_hsm_login_check(&d->hsm, &d->uri, &e);
    if (rc != HM_OK && strncmp(e.reason, "hsm.pin.", 8) != 0)
        return passed(d, TOKEN, rc, &e);
    (void)passed(d, TOKEN, HM_OK, NULL);
    say_of(&d->rows[TOKEN], "it is there");
    return look_at_pin(d, rc, &e);
}

static bool look_at_key(struct doctor *d)
{
    const struct hm_hsm_claims *c = &d->key.claims;
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc = hm_hsm_find_public(&d->hsm, &d->uri, &d->key, &e);

    if (rc == HM_OK)
        rc = hm_public_key_check_published(&d->key.public_key, &e);
    if (!passed(d, KEY, rc, &e))
        return false;
    say_of(&d->rows[KEY], "%s, %s", d->key.public_key.keyid,
           hm_scheme_name(d->key.public_key.scheme));
    say_of(&d->rows[MODULE], "%s, %s", hm_show_str(c->library),
           hm_show_str(c->module));
    say_of(&d->rows[TOKEN],
           "'%s', serial %s, %s; it claims hardware: slot %s, mechanism %s",
           hm_show_str(c->token), hm_show_str(c->serial), hm_show_str(c->model),
           hm_hsm_claim_name(c->hardware_slot),
           hm_hsm_claim_name(c->hardware_mechanism));
    if (c->is_software) {
        say_of(&d->rows[TOKEN], "'%s' is software: a file and a PIN protect it",
               hm_show_str(c->token));
        warn_of(&d->rows[TOKEN], "key.doctor.software",
                "sign what devices trust with a token of hardware");
    }
    rc = hm_hsm_scheme_check(&d->hsm, &d->uri, d->key.public_key.scheme, &e);
    if (passed(d, MECHANISM, rc, &e))
        say_of(&d->rows[MECHANISM], "the token signs with this key's scheme");
    return rc == HM_OK;
}

/* --- the private key -------------------------------------------------------------- */

static void judge_claims(struct row *row, const struct hm_hsm_key *key)
{
    const struct hm_hsm_claims *c = &key->claims;

    say_of(row,
           "the token claims that it was made there (%s), cannot leave and "
           "only signs",
           c->key_gen_mechanism);
    if (!hm_hsm_does_more(key) && c->local == HM_HSM_YES &&
        c->sensitive == HM_HSM_YES && c->extractable == HM_HSM_NO &&
        c->always_sensitive == HM_HSM_YES && c->never_extractable == HM_HSM_YES)
        return;
    say_of(row,
           "the token claims: local %s (%s), sensitive %s, always %s, "
           "extractable %s, never %s; it only signs: %s",
           hm_hsm_claim_name(c->local), c->key_gen_mechanism,
           hm_hsm_claim_name(c->sensitive),
           hm_hsm_claim_name(c->always_sensitive),
           hm_hsm_claim_name(c->extractable),
           hm_hsm_claim_name(c->never_extractable),
           hm_hsm_does_more(key) ? "no" : "yes");
    warn_of(row, "key.doctor.claims",
            "local, sensitive, never extractable and only for signing is what "
            "a key should be: make the next one where it is claimed");
}

HM_MUST static hm_rc log_in(struct doctor *d, struct hm_err *e)
{
    HM_OWN(hm_hsm_pin) pin = HM_HSM_PIN_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;

    HM_TRY(hm_hsm_pin_find(&pin, &d->uri, opt.pin, e));
    HM_TRY(hm_hsm_login(&d->hsm, &d->uri, &pin, e));
    HM_TRY(hm_hsm_find_key(&d->hsm, &d->uri, &key, e));
    d->key.claims = key.claims;
    return HM_OK;
}

static bool look_at_private(struct doctor *d)
{
    struct hm_err e = {.rc = HM_OK};
    hm_rc rc;

    say_of(&d->rows[PRIVATE_KEY], "--pin SOURCE was not given");
    if (opt.pin == NULL)
        return true;
    rc = log_in(d, &e);
    if (rc == HM_OK)
        rc = hm_hsm_claims_check(&d->key, &e);
    if (passed(d, PRIVATE_KEY, rc, &e))
        judge_claims(&d->rows[PRIVATE_KEY], &d->key);
    return rc == HM_OK;
}

/* --- the authorisation ------------------------------------------------------------- */

static void say_end(const struct doctor *d, struct row *row, hm_time end,
                    const char *next)
{
    const long long days = (long long)(end - d->now) / DAY;

    say_of(row, "until %s, in %lld days", hm_time_show(end), days);
    if (end - d->now < (hm_time)d->days * DAY)
        warn_of(row, "key.doctor.ends", next);
}

HM_MUST static hm_rc load(struct doctor *d, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    const char *name = NULL;

    HM_TRY(hm_root_load(&d->root, opt.root, NULL, e));
    HM_TRY(key_folder_open(opt.authorisation, &dir, &name, e));
    HM_TRY(hm_authorisation_load(&d->a, &d->root, &dir, name, &bytes, e));
    return hm_authorisation_check_time(&d->a, d->now, e);
}

/* What the key is meant for, or what it is authorised for. */
static struct hm_key_use use_of(const struct doctor *d,
                                const struct hm_authorised_key *key)
{
    struct hm_key_use use = {
        .role = HM_ROLE_MANIFEST, .product = "", .at = d->now};

    if (key != NULL) {
        use.role = key->role;
        use.product = key->products[0];
    }
    if (opt.role != NULL)
        use.role = d->role;
    if (opt.product != NULL)
        use.product = opt.product;
    return use;
}

static void judge_key(struct doctor *d, struct hm_err *e)
{
    const char *keyid = d->key.public_key.keyid;
    const struct hm_authorised_key *key = hm_authorisation_find(&d->a, keyid);
    const struct hm_key_use use = use_of(d, key);

    if (opt.role == NULL && hm_root_find(&d->root, keyid) != NULL) {
        (void)passed(d, ROLE, HM_OK, NULL);
        say_of(&d->rows[ROLE], "a root key: it signs authorisations");
        say_of(&d->rows[WINDOW], "a root key has no end");
        return;
    }
    if (!passed(d, ROLE, hm_authorisation_judge(&d->a, keyid, &use, e), e) ||
        key == NULL)
        return;
    say_of(&d->rows[ROLE], "%s for %s%s", hm_role_name(key->role), use.product,
           key->products_n > 1 ? " and others" : "");
    (void)passed(d, WINDOW, HM_OK, NULL);
    say_end(d, &d->rows[WINDOW], key->valid_until,
            "rotate it before: hallmark-key prepare rotate");
}

static void look_at_trust(struct doctor *d)
{
    struct hm_err e = {.rc = HM_OK};

    for (enum check i = AUTHORISATION; i < CHECKS; i++)
        if (opt.authorisation == NULL)
            say_of(&d->rows[i], "--root and --authorisation were not given");
    if (opt.authorisation == NULL || !passed(d, AUTHORISATION, load(d, &e), &e))
        return;
    say_end(d, &d->rows[AUTHORISATION], d->a.expires,
            "issue the next one before: hallmark-key prepare authorise");
    judge_key(d, &e);
}

/* --- the result -------------------------------------------------------------------- */

static const char *const words[] = {"not-run", "pass", "warn", "fail"};

static void say_row(const struct hm_cli *cli, const struct row *row,
                    const char *check)
{
    const struct hm_err *f = &row->found;

    hm_cli_say(cli, "%-8s %-14s %s%s%s%s", words[row->verdict], check, f->text,
               f->reason[0] == '\0' ? "" : " [", f->reason,
               f->reason[0] == '\0' ? "" : "]");
    if (f->hint[0] != '\0')
        hm_cli_say(cli, "%-23s next: %s", "", f->hint);
}

static void put_row(struct hm_json_writer *w, const struct row *row,
                    const char *check)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "check", check);
    hm_json_put_text(w, "result", words[row->verdict]);
    hm_json_put_optional(w, "reason", row->found.reason);
    hm_json_put_text(w, "text", row->found.text);
    hm_json_put_optional(w, "next", row->found.hint);
    hm_json_close_object(w);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct doctor *d,
                            struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, d->failed == NULL);
    hm_json_open_array(&w, "checks");
    for (size_t i = 0; i < CHECKS; i++) {
        say_row(cli, &d->rows[i], check_names[i]);
        put_row(&w, &d->rows[i], check_names[i]);
    }
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    if (d->failed == NULL)
        return HM_OK;
    *e = d->failed->found;
    return hm_context(e, e->rc, "%s", check_names[d->failed - d->rows]);
}

HM_MUST static hm_rc check_call(struct doctor *d, const char *uri,
                                struct hm_err *e)
{
    d->days = 30;
    if (opt.days != NULL)
        HM_TRY(key_number_read("days", opt.days, 0, 36500, &d->days, e));
    if ((opt.authorisation == NULL) != (opt.root == NULL))
        return hm_fail(e, HM_E_USAGE, "key.doctor.root",
                       "--authorisation and --root go together");
    if ((opt.role != NULL || opt.product != NULL) && opt.authorisation == NULL)
        return hm_fail(e, HM_E_USAGE, "key.doctor.root",
                       "--role and --product are judged by --authorisation");
    if (opt.role != NULL)
        HM_TRY(hm_role_find(opt.role, &d->role, e));
    HM_TRY(hm_time_act(opt.at, 0, &d->now, e));
    return key_uri_read(uri, &d->uri, e);
}

hm_rc key_doctor_run(struct hm_cli *cli, struct hm_err *e)
{
    __attribute__((cleanup(doctor_free))) struct doctor *d =
        calloc(1, sizeof(*d));

    if (d == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for an examination");
    d->root = (struct hm_root)HM_ROOT_INIT;
    d->a = (struct hm_authorisation)HM_AUTHORISATION_INIT;
    HM_TRY(check_call(d, cli->argv[0], e));
    for (size_t i = 0; i < CHECKS; i++)
        say_of(&d->rows[i], "a check before it failed");
    if (look_at_token(cli, d) && look_at_key(d) && look_at_private(d))
        look_at_trust(d);
    return report(cli, d, e);
}
