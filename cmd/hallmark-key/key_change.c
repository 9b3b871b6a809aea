#include <stdio.h>
#include <stdlib.h>

#include "hm_incident.h"
#include "key_priv.h"

#define DAY      ((hm_time)86400)
#define DAYS_MAX 36500u

struct key_next *key_next_new(void)
{
    struct key_next *w = calloc(1, sizeof(*w));

    if (w != NULL)
        w->before = (struct hm_buf)HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    return w;
}

void key_next_free(struct key_next **w)
{
    if (*w == NULL)
        return;
    hm_root_clear(&(*w)->root);
    hm_authorisation_clear(&(*w)->a);
    hm_buf_clear(&(*w)->before);
    hm_signatures_clear(&(*w)->signatures);
    hm_authorised_key_clear(&(*w)->like);
    free(*w);
    *w = NULL;
}

hm_rc key_folder_open(const char *path, struct hm_dir *dir, const char **name,
                      struct hm_err *e)
{
    const char *slash = strrchr(path, '/');
    char folder[2048];

    *name = slash == NULL ? path : slash + 1;
    if (slash == NULL)
        return hm_dir_open(dir, ".", e);
    if (snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1,
                 path) >= (int)sizeof(folder))
        return hm_fail(e, HM_E_USAGE, "key.option.path",
                       "path '%s' is too long", hm_show_str(path));
    return hm_dir_open(dir, folder, e);
}

hm_rc key_signed_load(const char *path, struct hm_buf *bytes,
                      struct hm_signatures *sigs, struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    const char *name = NULL;

    HM_TRY(key_folder_open(path, &dir, &name, e));
    HM_TRY(hm_file_load_at(&dir, name, bytes, e));
    return hm_signatures_load(sigs, &dir, name, e);
}

/* Old trust is verified first, over exact bytes, and only then read. */
HM_MUST static hm_rc read_before(struct key_next *w, struct hm_err *e)
{
    HM_TRY(hm_root_verify(&w->root, hm_buf_view(&w->before), &w->signatures,
                          NULL, e));
    HM_TRY(hm_authorisation_read(&w->a, hm_buf_view(&w->before), e));
    HM_TRY(hm_authorisation_check_root(&w->a, &w->root, e));
    if (w->a.sequence >= HM_COUNTER_MAX)
        return hm_fail(e, HM_E_LIMIT, "key.sequence.end",
                       "the sequence cannot rise any more");
    return HM_OK;
}

HM_MUST static hm_rc load_before(const struct key_change *c, struct key_next *w,
                                 struct hm_err *e)
{
    struct hm_authorisation *a = &w->a;
    hm_rc rc;

    if (c->from == NULL) {
        memcpy(a->vendor, w->root.vendor, sizeof(a->vendor));
        memcpy(a->root_sha256, w->root.sha256, sizeof(a->root_sha256));
        a->require[0] = HM_ROLE_MANIFEST;
        a->require_n = 1;
        return HM_OK;
    }
    rc = key_signed_load(c->from, &w->before, &w->signatures, e);
    if (rc == HM_OK)
        rc = read_before(w, e);
    return hm_context(e, rc, "'%s'", hm_show_str(c->from));
}

/* --force alone says that one wants it, not why. */
HM_MUST static hm_rc check_skip_reason(const struct key_change *c, bool skips,
                                       struct hm_err *e)
{
    if (skips && c->skip_reason == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "key.sequence.reason",
                               "the sequence skips numbers, and there is no "
                               "--skip-reason TEXT"),
                       "say why: it is kept for those who sign, and in the "
                       "record of the ceremony");
    if (!skips && c->skip_reason != NULL)
        return hm_fail(e, HM_E_USAGE, "key.sequence.reason",
                       "--skip-reason goes with a --sequence that skips "
                       "numbers");
    return skips ? hm_as_usage(e, hm_request_check_text("--skip-reason",
                                                        c->skip_reason, e))
                 : HM_OK;
}

/* A number that is passed over is one that nobody can use any more. */
HM_MUST static hm_rc next_sequence(const struct key_change *c,
                                   struct hm_authorisation *a, struct hm_err *e)
{
    const uint64_t next = a->sequence + 1;

    a->sequence = next;
    if (c->sequence != NULL)
        HM_TRY(key_number_read("sequence", c->sequence, next, HM_COUNTER_MAX,
                               &a->sequence, e));
    if (a->sequence == next || c->force)
        return check_skip_reason(c, a->sequence != next, e);
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "key.sequence.skipped",
                "sequence %llu follows %llu: numbers between them "
                "would be skipped",
                (unsigned long long)a->sequence,
                (unsigned long long)(next - 1)),
        "leave --sequence out, or give --force and --skip-reason: that "
        "is for a number that somebody else has signed");
}

hm_rc key_end_find(const char *days_text, const char *until, hm_time now,
                   hm_time *end, struct hm_err *e)
{
    uint64_t days = 0;

    if ((until == NULL) == (days_text == NULL))
        return hm_fail(e, HM_E_USAGE, "key.option.validity",
                       "expected one of --valid-until TIME and --days N");
    if (days_text != NULL) {
        HM_TRY(key_number_read("days", days_text, 1, DAYS_MAX, &days, e));
        *end = now + (hm_time)days * DAY;
    } else {
        HM_TRY(hm_as_usage(e, hm_time_parse(hm_bytes_str(until), end, e)));
    }
    if (*end > now && *end <= HM_TIME_MAX)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.option.validity",
                   "validity must end after %s", hm_time_show(now));
}

hm_rc key_id_find(const char *text, char keyid[static HM_SHA256_HEX],
                  struct hm_err *e)
{
    HM_OWN(hm_public_key) key = HM_PUBLIC_KEY_INIT;
    uint8_t digest[HM_SHA256_SIZE];

    if (strlen(text) == HM_SHA256_HEX - 1 &&
        hm_hex_read(hm_bytes_str(text), digest, sizeof(digest), NULL) ==
            HM_OK) {
        memcpy(keyid, text, HM_SHA256_HEX);
        return HM_OK;
    }
    HM_TRY(key_pem_load(text, &key, e));
    memcpy(keyid, key.keyid, sizeof(key.keyid));
    return HM_OK;
}

/* Products that were not named: those of the key that goes. */
static void inherit_products(const struct hm_authorised_key *old,
                             struct hm_authorised_key *heir)
{
    if (heir->products_n > 0)
        return;
    memcpy(heir->products, old->products, sizeof(old->products));
    heir->products_n = old->products_n;
}

HM_MUST static hm_rc find_since(const struct key_change *c, hm_time now,
                                hm_time *since, struct hm_err *e)
{
    *since = now;
    if (c->since == NULL)
        return HM_OK;
    HM_TRY(hm_as_usage(e, hm_time_parse(hm_bytes_str(c->since), since, e)));
    if (*since <= now)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.revoke.since",
                   "--since %s is after %s, the time of this act",
                   hm_time_show(*since), hm_time_show(now));
}

HM_MUST static hm_rc retire(const struct key_change *c, hm_time now,
                            struct hm_authorisation *a,
                            struct hm_authorised_key *heir, struct hm_err *e)
{
    hm_time since = now;

    HM_TRY(find_since(c, now, &since, e));
    for (size_t i = 0; i < c->retire.n; i++) {
        const struct hm_authorised_key *old = NULL;
        char keyid[HM_SHA256_HEX];

        HM_TRY(key_id_find(c->retire.value[i], keyid, e));
        old = hm_authorisation_find(a, keyid);
        if (old != NULL)
            inherit_products(old, heir);
        HM_TRY(hm_hint(e,
                       hm_authorisation_retire(a, keyid, since, c->reason, e),
                       "'hallmark-key show' gives the id of a PEM file; the "
                       "keys in force stand in the authorisation"));
    }
    return HM_OK;
}

HM_MUST static hm_rc take_products(const struct key_change *c,
                                   struct hm_authorised_key *to,
                                   struct hm_err *e)
{
    if (c->products.n > HM_TRUST_PRODUCTS_MAX)
        return hm_fail(e, HM_E_USAGE, "key.option.number",
                       "--product is given more than %u times",
                       HM_TRUST_PRODUCTS_MAX);
    for (size_t i = 0; i < c->products.n; i++) {
        const char *product = c->products.value[i];

        HM_TRY(hm_as_usage(e, hm_trust_name_check(hm_bytes_str(product), e)));
        memcpy(to->products[i], product, strlen(product) + 1);
    }
    to->products_n = c->products.n;
    return HM_OK;
}

/* One new key; like holds its products and window. */
HM_MUST static hm_rc add_key(const struct key_change *c, const char *text,
                             const struct hm_authorised_key *like,
                             struct hm_authorisation *a, struct hm_err *e)
{
    HM_OWN(hm_authorised_key) key = *like;
    const struct hm_authorised_key *there = NULL;
    char role[HM_TRUST_TEXT];
    const char *path = NULL;

    HM_TRY(key_pair_split("key", text, role, &path, e));
    HM_TRY(hm_role_find(role, &key.role, e));
    HM_TRY(key_pem_load(path, &key.key.key, e));
    (void)snprintf(key.key.scheme, sizeof(key.key.scheme), "%s",
                   hm_scheme_name(key.key.key.scheme));
    HM_TRY(key_claims_find(&c->claims, key.key.key.keyid, &key.token, e));
    if (c->refuse_software)
        HM_TRY(key_claims_check(&key.token, path, e));
    there = hm_authorisation_find(a, key.key.key.keyid);
    if (there != NULL && there->role == key.role)
        return hm_authorisation_renew(a, &key, e);
    if (key.products_n == 0)
        return hm_fail(e, HM_E_USAGE, "key.option.product",
                       "expected --product NAME: which devices the key is for");
    return hm_authorisation_add(a, &key, e);
}

HM_MUST static hm_rc add_keys(const struct key_change *c,
                              const struct hm_authorised_key *like,
                              struct hm_authorisation *a, struct hm_err *e)
{
    for (size_t i = 0; i < c->keys.n; i++)
        HM_TRY(add_key(c, c->keys.value[i], like, a, e));
    return HM_OK;
}

HM_MUST static hm_rc set_limit(struct hm_authorisation *a, const char *product,
                               uint64_t epoch, const uint64_t *max,
                               struct hm_err *e)
{
    struct hm_limit *limit = NULL;

    for (size_t i = 0; i < a->limits_n; i++)
        if (strcmp(a->limits[i].product, product) == 0)
            limit = &a->limits[i];
    if (limit == NULL && a->limits_n == HM_TRUST_LIMITS_MAX)
        return hm_fail(e, HM_E_LIMIT, "key.limit.count",
                       "more than %u products have limits",
                       HM_TRUST_LIMITS_MAX);
    if (limit == NULL) {
        limit = &a->limits[a->limits_n++];
        *limit = (struct hm_limit){.epoch = 1,
                                   .max_rollback_counter = HM_COUNTER_MAX};
        memcpy(limit->product, product, strlen(product) + 1);
    }
    if (epoch != 0 && epoch < limit->epoch)
        return hm_fail(e, HM_E_REJECTED, "key.epoch.lower",
                       "the epoch of '%s' is %llu already and never falls",
                       hm_show_str(product), (unsigned long long)limit->epoch);
    if (epoch != 0)
        limit->epoch = epoch;
    if (max != NULL)
        limit->max_rollback_counter = *max;
    return HM_OK;
}

HM_MUST static hm_rc set_limits(const struct key_change *c,
                                const struct hm_authorised_key *like,
                                struct hm_authorisation *a, struct hm_err *e)
{
    uint64_t max = 0;
    uint64_t epoch = 0;

    if (c->max_counter == NULL && c->epoch == NULL)
        return HM_OK;
    if (c->max_counter != NULL)
        HM_TRY(key_number_read("max-rollback-counter", c->max_counter, 0,
                               HM_COUNTER_MAX, &max, e));
    if (c->epoch != NULL)
        HM_TRY(
            key_number_read("epoch", c->epoch, 1, HM_COUNTER_MAX, &epoch, e));
    if (like->products_n == 0)
        return hm_fail(e, HM_E_USAGE, "key.option.product",
                       "expected --product NAME: what the limit is for");
    for (size_t i = 0; i < like->products_n; i++)
        HM_TRY(set_limit(a, like->products[i], epoch,
                         c->max_counter == NULL ? NULL : &max, e));
    return HM_OK;
}

HM_MUST static hm_rc set_require(const struct key_change *c,
                                 struct hm_authorisation *a, struct hm_err *e)
{
    if (c->require.n > HM_ROLES)
        return hm_fail(e, HM_E_USAGE, "key.option.number",
                       "--require is given more than %u times", HM_ROLES);
    for (size_t i = 0; i < c->require.n; i++)
        HM_TRY(hm_role_find(c->require.value[i], &a->require[i], e));
    if (c->require.n > 0)
        a->require_n = c->require.n;
    return HM_OK;
}

HM_MUST static hm_rc edit(const struct key_change *c, struct key_next *w,
                          hm_time now, struct hm_err *e)
{
    struct hm_authorisation *a = &w->a;

    a->issued = now;
    HM_TRY(key_end_find(c->days, c->valid_until, now, &a->expires, e));
    w->like.valid_from = now;
    w->like.valid_until = a->expires;
    HM_TRY(take_products(c, &w->like, e));
    HM_TRY(retire(c, now, a, &w->like, e));
    HM_TRY(add_keys(c, &w->like, a, e));
    HM_TRY(set_limits(c, &w->like, a, e));
    HM_TRY(set_require(c, a, e));
    HM_TRY(hm_authorisation_check_published(a, e));
    return hm_authorisation_check_root(a, &w->root, e);
}

hm_rc key_next_make(const struct key_change *c, struct key_next *w,
                    struct hm_err *e)
{
    hm_time now = 0;

    HM_TRY(hm_root_load(&w->root, c->root, NULL, e));
    HM_TRY(load_before(c, w, e));
    HM_TRY(next_sequence(c, &w->a, e));
    HM_TRY(hm_time_act(c->issue_time, w->a.issued, &now, e));
    return edit(c, w, now, e);
}

void key_warn_ends(const struct hm_cli *cli, const struct hm_authorisation *a)
{
    for (size_t i = 0; i < a->keys_n; i++)
        if (a->keys[i].valid_until < a->expires)
            hm_cli_warn(cli,
                        "key %.16s (%s) ends at %s, before the authorisation: "
                        "name it with --key to renew it",
                        a->keys[i].key.key.keyid, hm_role_name(a->keys[i].role),
                        hm_time_show(a->keys[i].valid_until));
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct key_change *c,
                            const struct hm_authorisation *a, struct hm_err *e)
{
    struct hm_json_writer w;

    key_warn_ends(cli, a);
    HM_TRY(key_warn_idle(cli, a, e));
    hm_cli_say(cli,
               "%s %s: authorisation %llu of '%s', %zu keys in force, %zu "
               "retired, until %s%s",
               c->dry_run ? "would write" : "wrote", hm_show_str(c->output),
               (unsigned long long)a->sequence, a->vendor, a->keys_n,
               a->retired_n, hm_time_show(a->expires),
               c->sign == NULL ? "; not signed yet" : "");
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "path", c->output);
    hm_json_put_bool(&w, "written", !c->dry_run);
    hm_json_put_bool(&w, "signed", c->sign != NULL && !c->dry_run);
    hm_json_put_uint(&w, "sequence", a->sequence);
    hm_json_put_time(&w, "issued", a->issued);
    hm_json_put_time(&w, "expires", a->expires);
    hm_json_put_uint(&w, "keys", a->keys_n);
    hm_json_put_uint(&w, "retired", a->retired_n);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

/* What can fail fails before a PIN is asked for.  The record goes first: it can be
 * made again, and an authorisation that is there is never without it. */
HM_MUST static hm_rc sign_and_save(struct hm_cli *cli,
                                   const struct key_change *c,
                                   const struct hm_root *root,
                                   struct hm_bytes document,
                                   struct hm_bytes record, struct hm_err *e)
{
    HM_OWN(hm_signatures) sigs = HM_SIGNATURES_INIT;
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

    /* The authorisation before may be replaced, the trust anchor may not. */
    HM_TRY(key_output_keeps(c->output, &c->root, 1, e));
    if (!cli->stdout_taken)
        HM_TRY(hm_signed_check(c->output, c->force, e));
    HM_TRY(key_incident_check(c, e));
    if (c->sign != NULL) {
        HM_TRY(key_change_sign(cli, c, root, document, &sig, e));
        HM_TRY(hm_signatures_add(&sigs, "--sign", hm_buf_view(&sig), e));
    }
    HM_TRY(key_incident_save(c, record, e));
    if (cli->stdout_taken) /* the document alone: --sign is refused then */
        return hm_cli_output(c->output, document, c->force, e);
    return hm_signed_save(c->output, document, &sigs, c->force, e);
}

hm_rc key_change_run(struct hm_cli *cli, const struct key_change *c,
                     struct hm_err *e)
{
    OWN_KEY_NEXT *w = key_next_new();
    HM_OWN(hm_buf) document = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_buf) record = HM_BUF_INIT(HM_INCIDENT_BYTES_MAX);
    struct key_step step;

    if (w == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for an authorisation");
    HM_TRY(key_next_make(c, w, e));
    HM_TRY(hm_authorisation_write(&w->a, &document, e));
    step = (struct key_step){&w->root, hm_buf_view(&w->before),
                             hm_buf_view(&document)};
    HM_TRY(key_incident(cli, c, &step, &record, e));
    if (!c->dry_run)
        HM_TRY(sign_and_save(cli, c, &w->root, hm_buf_view(&document),
                             hm_buf_view(&record), e));
    return report(cli, c, &w->a, e);
}
