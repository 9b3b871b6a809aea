#include <stdio.h>
#include <stdlib.h>

#include "hallmark_steps.h"
#include "hm_trust.h"

#define DAY ((hm_time)86400)

/* root.json and the authorisation; too large for a stack. */
struct trust {
    struct hm_root root;
    struct hm_authorisation authorisation;
};

static void trust_free(struct trust **t)
{
    if (*t == NULL)
        return;
    hm_root_clear(&(*t)->root);
    hm_authorisation_clear(&(*t)->authorisation);
    free(*t);
    *t = NULL;
}

HM_MUST static hm_rc load(const struct hm_release *r, struct trust *t,
                          struct hm_err *e)
{
    HM_OWN(hm_buf) path = HM_BUF_INIT(8192);
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    char *name = NULL;
    hm_rc rc;

    HM_TRY(hm_release_path(r, r->root, &path, e));
    HM_TRY(hm_root_load(&t->root, (const char *)path.p, NULL, e));
    HM_TRY(hm_release_path(r, r->authorisation, &path, e));
    name = strrchr((char *)path.p, '/'); /* absolute, so there is one */
    *name++ = '\0';
    rc = hm_dir_open(&dir, path.p[0] == '\0' ? "/" : (const char *)path.p, e);
    if (rc == HM_OK)
        rc = hm_authorisation_load(&t->authorisation, &t->root, &dir, name,
                                   &bytes, e);
    return hm_hint(
        e,
        hm_context(e, rc, "authorisation '%s'", hm_show_str(r->authorisation)),
        "make one with hallmark-key authorise, signed by the keys of the "
        "root.json that release.json names");
}

/* hallmark release signs with these keys and no other. */
HM_MUST static hm_rc check_named(const struct hm_release *r, enum hm_role role,
                                 struct hm_err *e)
{
    if (role == HM_ROLE_MANIFEST ||
        (role == HM_ROLE_VERIFICATION && r->signing.verification.uri != NULL))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "hallmark.key.missing",
                           "a manifest must be signed in the role '%s', and "
                           "release.json names no key for it",
                           hm_role_name(role)),
                   "name one under signing, or have the root keys authorise "
                   "without --require %s",
                   hm_role_name(role));
}

/* Every role that devices ask for, and the one that signs the provenance. */
HM_MUST static hm_rc check_roles(const struct hm_release *r,
                                 const struct hm_authorisation *a, hm_time at,
                                 struct hm_err *e)
{
    struct hm_key_use use = {
        .role = HM_ROLE_PROVENANCE, .product = r->product, .at = at};

    for (size_t i = 0; i < a->require_n; i++) {
        use.role = a->require[i];
        HM_TRY(check_named(r, use.role, e));
        HM_TRY(hm_authorisation_check_use(a, &use, e));
    }
    use.role = HM_ROLE_PROVENANCE;
    return hm_authorisation_check_use(a, &use, e);
}

HM_MUST static hm_rc check_limit(const struct hm_release *r,
                                 const struct hm_authorisation *a,
                                 struct hm_err *e)
{
    struct hm_limit want = {.epoch = r->epoch,
                            .max_rollback_counter = r->rollback_counter};

    (void)snprintf(want.product, sizeof(want.product), "%s", r->product);
    return hm_authorisation_check_limit(a, &want, e);
}

/* Devices refuse an expired authorisation, however fresh the manifest is. */
static void warn_of_end(const struct run *run, const struct hm_authorisation *a,
                        hm_time issued)
{
    const hm_time until = issued + (hm_time)run->release.valid_days * DAY;

    if (until > a->expires)
        hm_cli_warn(run->cli,
                    "valid_days is %llu, which ends %s, but the authorisation "
                    "ends %s: devices refuse the release from then on, unless "
                    "a newer one is published before",
                    (unsigned long long)run->release.valid_days,
                    hm_time_show(until), hm_time_show(a->expires));
}

HM_MUST static hm_rc check(const struct run *run,
                           const struct hm_authorisation *a, hm_time at,
                           hm_time issued, struct hm_err *e)
{
    const struct hm_release *r = &run->release;

    HM_TRY(hm_authorisation_check_vendor(a, r->vendor, e));
    HM_TRY(hm_authorisation_check_time(a, at, e));
    HM_TRY(check_roles(r, a, issued, e));
    return check_limit(r, a, e);
}

hm_rc hallmark_check_trust(const struct run *run, struct hm_err *e)
{
    __attribute__((cleanup(trust_free))) struct trust *t =
        calloc(1, sizeof(*t));
    hm_time issued = 0;
    hm_time at = hm_time_now();

    if (t == NULL)
        return hm_fail(e, HM_E_NOMEM, "hallmark.program.nomem",
                       "out of memory for an authorisation");
    HM_TRY(hm_time_act(run->issue_time, 0, &issued, e));
    if (run->at != NULL)
        HM_TRY(hm_context(
            e, hm_as_usage(e, hm_time_parse(hm_bytes_str(run->at), &at, e)),
            "--at"));
    HM_TRY(load(&run->release, t, e));
    HM_TRY(hm_context(e, check(run, &t->authorisation, at, issued, e),
                      "'%s' does not allow this release",
                      hm_show_str(run->release.authorisation)));
    warn_of_end(run, &t->authorisation, issued);
    return HM_OK;
}
