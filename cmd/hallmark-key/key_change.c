#include <stdio.h>
#include <stdlib.h>

#include "key_priv.h"

#define DAY      ((hm_time)86400)
#define DAYS_MAX 36500u

/* What a change works on; too large for a stack. */
struct work {
    struct hm_root root;
    struct hm_authorisation a;
    struct hm_authorised_key like; /* products and window of new keys */
};

static void work_free(struct work **w)
{
    if (*w == NULL)
        return;
    hm_root_clear(&(*w)->root);
    hm_authorisation_clear(&(*w)->a);
    hm_authorised_key_clear(&(*w)->like);
    free(*w);
    *w = NULL;
}

/* "DIR/NAME" to its folder, opened, and its name. */
HM_MUST static hm_rc open_folder(const char *path, struct hm_dir *dir,
                                 const char **name, struct hm_err *e)
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

/* Old trust is verified first, over exact bytes, and only then read. */
HM_MUST static hm_rc load_before(const struct key_change *c,
                                 const struct hm_root *root,
                                 struct hm_authorisation *a, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    const char *name = NULL;

    if (c->from == NULL) {
        memcpy(a->vendor, root->vendor, sizeof(a->vendor));
        memcpy(a->root_sha256, root->sha256, sizeof(a->root_sha256));
        a->require[0] = HM_ROLE_MANIFEST;
        a->require_n = 1;
        return HM_OK;
    }
    HM_TRY(open_folder(c->from, &dir, &name, e));
    HM_TRY(hm_context(e, hm_authorisation_load(a, root, &dir, name, &bytes, e),
                      "'%s'", hm_show_str(c->from)));
    if (a->sequence >= HM_COUNTER_MAX)
        return hm_fail(e, HM_E_LIMIT, "key.sequence.end",
                       "the sequence cannot rise any more");
    return HM_OK;
}

HM_MUST static hm_rc find_end(const struct key_change *c, hm_time now,
                              hm_time *end, struct hm_err *e)
{
    uint64_t days = 0;

    if ((c->valid_until == NULL) == (c->days == NULL))
        return hm_fail(e, HM_E_USAGE, "key.option.validity",
                       "expected one of --valid-until TIME and --days N");
    if (c->days != NULL) {
        HM_TRY(key_number_read("days", c->days, 1, DAYS_MAX, &days, e));
        *end = now + (hm_time)days * DAY;
    } else {
        HM_TRY(hm_as_usage(
            e, hm_time_parse(hm_bytes_str(c->valid_until), end, e)));
    }
    if (*end > now && *end <= HM_TIME_MAX)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.option.validity",
                   "validity must end after %s", hm_time_show(now));
}

/* The key id that an operand means: 64 hex digits, or a PEM file. */
HM_MUST static hm_rc find_keyid(const char *text, char keyid[HM_SHA256_HEX],
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

HM_MUST static hm_rc retire(const struct key_change *c, hm_time now,
                            struct hm_authorisation *a,
                            struct hm_authorised_key *heir, struct hm_err *e)
{
    for (size_t i = 0; i < c->retire.n; i++) {
        const struct hm_authorised_key *old = NULL;
        char keyid[HM_SHA256_HEX];

        HM_TRY(find_keyid(c->retire.value[i], keyid, e));
        old = hm_authorisation_find(a, keyid);
        if (old != NULL)
            inherit_products(old, heir);
        HM_TRY(hm_hint(e, hm_authorisation_retire(a, keyid, now, c->reason, e),
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
    char role[HM_TRUST_TEXT];
    const char *path = NULL;

    HM_TRY(key_pair_split("key", text, role, &path, e));
    HM_TRY(hm_role_find(role, &key.role, e));
    HM_TRY(key_pem_load(path, &key.key.key, e));
    (void)snprintf(key.key.scheme, sizeof(key.key.scheme), "%s",
                   hm_scheme_name(key.key.key.scheme));
    HM_TRY(key_claims_find(&c->claims, key.key.key.keyid, &key.token, e));
    return hm_authorisation_add(a, &key, e);
}

HM_MUST static hm_rc add_keys(const struct key_change *c,
                              const struct hm_authorised_key *like,
                              struct hm_authorisation *a, struct hm_err *e)
{
    if (c->keys.n > 0 && like->products_n == 0)
        return hm_fail(e, HM_E_USAGE, "key.option.product",
                       "expected --product NAME: which devices the key is for");
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

HM_MUST static hm_rc make_next(const struct key_change *c, struct work *w,
                               struct hm_err *e)
{
    struct hm_authorisation *a = &w->a;
    hm_time now = 0;

    HM_TRY(load_before(c, &w->root, a, e));
    HM_TRY(hm_time_act(c->issue_time, a->issued, &now, e));
    a->sequence++;
    a->issued = now;
    HM_TRY(find_end(c, now, &a->expires, e));
    w->like.valid_from = now;
    w->like.valid_until = a->expires;
    HM_TRY(take_products(c, &w->like, e));
    HM_TRY(retire(c, now, a, &w->like, e));
    HM_TRY(add_keys(c, &w->like, a, e));
    HM_TRY(set_limits(c, &w->like, a, e));
    HM_TRY(set_require(c, a, e));
    return hm_authorisation_check_root(a, &w->root, e);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct key_change *c,
                            const struct hm_authorisation *a, struct hm_err *e)
{
    struct hm_json_writer w;

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

hm_rc key_change_run(struct hm_cli *cli, const struct key_change *c,
                     struct hm_err *e)
{
    __attribute__((cleanup(work_free))) struct work *w = calloc(1, sizeof(*w));
    HM_OWN(hm_buf) document = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);

    if (w == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for an authorisation");
    HM_TRY(hm_root_load(&w->root, c->root, NULL, e));
    HM_TRY(make_next(c, w, e));
    HM_TRY(hm_authorisation_write(&w->a, &document, e));
    if (!c->dry_run)
        HM_TRY(key_change_save(cli, c, &w->root, hm_buf_view(&document), e));
    return report(cli, c, &w->a, e);
}
