/* Every key that release.json names, examined by hallmark-key doctor: what would
 * stop the next release at its first signature. */
#include <stdlib.h>

#include "hallmark_priv.h"

static struct {
    const char *days;
    const char *at;
    bool log_in;
} opt;

const struct hm_opt hallmark_doctor_opts[] = {
    {"days", 0, HM_OPT_VALUE, false, &opt.days, "N",
     "warn of what ends within N days (default: 30)"},
    {"at", 0, HM_OPT_VALUE, false, &opt.at, "TIME",
     "judge as of this time (default: the clock)"},
    {"log-in", 0, HM_OPT_FLAG, false, &opt.log_in, "",
     "try the PIN of each key as well, once, and look at the private key"},
    HM_OPT_END,
};

/* One key that release.json names, and what came of it. */
struct patient {
    const char *role;
    const struct hm_release_key *key;
    hm_rc rc;
    struct hm_err err;
};

struct ward {
    struct hm_release release;
    struct hm_buf folder; /* of the programs */
    struct patient patients[HALLMARK_KEYS];
    size_t n;
};

static void add_patient(struct ward *w, const char *role,
                        const struct hm_release_key *key)
{
    if (key->uri != NULL)
        w->patients[w->n++] = (struct patient){.role = role, .key = key};
}

HM_MUST static hm_rc add_arguments(const struct hm_release *r,
                                   const struct patient *p,
                                   struct hm_names *words, struct hm_err *e)
{
    const struct hm_release_key *key = p->key;
    HM_OWN(hm_buf) pin = HM_BUF_INIT(8192);

    HM_TRY(hallmark_add_words(words, e, "hallmark-key", "doctor", key->uri,
                              "--role", p->role, "--product", r->product,
                              (char *)NULL));
    HM_TRY(hallmark_add_path(words, "--root", r, r->root, e));
    HM_TRY(hallmark_add_path(words, "--authorisation", r, r->authorisation, e));
    HM_TRY(hallmark_add_where(words, r, key, e));
    HM_TRY(hallmark_add_option(words, "--days", opt.days, e));
    HM_TRY(hallmark_add_option(words, "--at", opt.at, e));
    if (!opt.log_in)
        return HM_OK;
    HM_TRY(hm_release_pin(r, key, &pin, e));
    return hallmark_add_option(words, "--pin", (const char *)pin.p, e);
}

/* What it found goes into the patient; only what keeps the examination from
 * being made is a failure here. */
HM_MUST static hm_rc examine(const struct hm_cli *cli, const struct ward *w,
                             struct patient *p, struct hm_err *e)
{
    HM_OWN(hm_names) words = HM_NAMES_INIT;
    const struct child_how how = {.folder = (const char *)w->folder.p,
                                  .silent = cli->json || cli->quiet,
                                  .closed = {-1, -1, -1}};

    hm_cli_say(cli, "%s key %s", p->role, hm_show_str(p->key->uri));
    HM_TRY(add_arguments(&w->release, p, &words, e));
    p->rc = hallmark_run_child(&how, &words, &p->err);
    return HM_OK;
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct ward *w,
                            struct hm_err *e)
{
    const struct patient *worst = NULL;
    struct hm_json_writer json;

    for (size_t i = 0; i < w->n; i++)
        if (w->patients[i].rc != HM_OK && worst == NULL)
            worst = &w->patients[i];
    hm_cli_result(cli, &json, worst == NULL);
    hm_json_open_array(&json, "keys");
    for (size_t i = 0; i < w->n; i++) {
        const struct patient *p = &w->patients[i];

        hm_json_open_object(&json, NULL);
        hm_json_put_text(&json, "role", p->role);
        hm_json_put_text(&json, "uri", p->key->uri);
        hm_json_put_bool(&json, "good", p->rc == HM_OK);
        hm_json_put_optional(&json, "reason", p->err.reason);
        hm_json_put_optional(&json, "text", p->err.text);
        hm_json_put_optional(&json, "next", p->err.hint);
        hm_json_close_object(&json);
    }
    hm_json_close_array(&json);
    hm_json_close_object(&json);
    HM_TRY(hm_json_finish(&json, e));
    if (worst == NULL)
        return HM_OK;
    *e = worst->err;
    return hm_context(e, worst->rc, "the %s key", worst->role);
}

HM_MUST static hm_rc examine_all(struct hm_cli *cli, struct ward *w,
                                 struct hm_err *e)
{
    HM_TRY(hm_release_load(&w->release, cli->argv[0], e));
    HM_TRY(hallmark_find_folder(&w->folder, e));
    add_patient(w, "manifest", &w->release.signing.manifest);
    add_patient(w, "provenance", &w->release.signing.provenance);
    add_patient(w, "verification", &w->release.signing.verification);
    for (size_t i = 0; i < w->n; i++)
        HM_TRY(examine(cli, w, &w->patients[i], e));
    return report(cli, w, e);
}

hm_rc hallmark_doctor_run(struct hm_cli *cli, struct hm_err *e)
{
    struct ward *w = calloc(1, sizeof(*w));
    hm_rc rc;

    if (w == NULL)
        return hm_fail(e, HM_E_NOMEM, "hallmark.program.nomem",
                       "out of memory for an examination");
    w->release = (struct hm_release)HM_RELEASE_INIT;
    w->folder = (struct hm_buf)HM_BUF_INIT(8192);
    rc = examine_all(cli, w, e);
    hm_release_clear(&w->release);
    hm_buf_clear(&w->folder);
    free(w);
    return rc;
}
