#include <stdlib.h>

#include "hm_rehearse.h"

#define MEMBERS                                              \
    "name devices model hardware root_sha256 stale version " \
    "rollback_counter authorisation manifest clock"
#define STALE_WORDS "refuse accept-if-sequence-rises"

hm_rc hm_cohorts_add(struct hm_cohorts *to, const struct hm_cohort *c,
                     struct hm_err *e)
{
    struct hm_cohort *p = NULL;

    if (to->n == HM_COHORTS_MAX)
        return hm_fail(e, HM_E_LIMIT, "rehearse.cohort.count",
                       "more than %u cohorts", HM_COHORTS_MAX);
    p = reallocarray(to->cohort, to->n + 1, sizeof(*p));
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "rehearse.cohort.nomem",
                       "out of memory for a cohort");
    to->cohort = p;
    to->cohort[to->n++] = *c;
    return HM_OK;
}

void hm_cohorts_clear(struct hm_cohorts *c)
{
    free(c->cohort);
    *c = (struct hm_cohorts)HM_COHORTS_INIT;
}

/* Names go to terminals and pages. */
HM_MUST static hm_rc read_name(struct hm_json at, const struct hm_cohorts *all,
                               struct hm_cohort *c, struct hm_err *e)
{
    HM_TRY(hm_json_get_text(at, "name", c->name, sizeof(c->name), e));
    for (const char *p = c->name; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return hm_json_fail(hm_json_find(at, "name"), e, HM_E_REJECTED,
                                "rehearse.text.syntax",
                                "a control character stands in it");
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->cohort[i].name, c->name) == 0)
            return hm_json_fail(hm_json_find(at, "name"), e, HM_E_REJECTED,
                                "rehearse.cohort.twice",
                                "two cohorts have this name");
    return HM_OK;
}

/* A member of this object that may be missing, @p n bytes of hex. */
HM_MUST static hm_rc read_digest(struct hm_json at, const char *name,
                                 uint8_t *to, bool *has, struct hm_err *e)
{
    *has = hm_json_find(at, name).item != NULL;
    return *has ? hm_json_get_hex(at, name, to, HM_SHA256_SIZE, e) : HM_OK;
}

HM_MUST static hm_rc read_authorisation(struct hm_json at, struct hm_cohort *c,
                                        struct hm_err *e)
{
    struct hm_json a = hm_json_find(at, "authorisation");

    c->has_authorisation = a.item != NULL;
    if (!c->has_authorisation)
        return HM_OK;
    HM_TRY(hm_json_keys(a, "sequence sha256", e));
    HM_TRY(hm_json_get_uint(a, "sequence", HM_COUNTER_MAX,
                            &c->authorisation_sequence, e));
    return read_digest(a, "sha256", c->authorisation_sha256,
                       &c->has_authorisation_sha256, e);
}

HM_MUST static hm_rc read_manifest(struct hm_json at, struct hm_cohort *c,
                                   struct hm_err *e)
{
    struct hm_json m = hm_json_find(at, "manifest");

    c->has_manifest = m.item != NULL;
    if (!c->has_manifest)
        return HM_OK;
    HM_TRY(hm_json_keys(m, "epoch sequence timestamp sha256", e));
    HM_TRY(hm_json_get_uint(m, "epoch", HM_COUNTER_MAX, &c->epoch, e));
    HM_TRY(hm_json_get_uint(m, "sequence", HM_COUNTER_MAX, &c->sequence, e));
    HM_TRY(hm_json_get_time(m, "timestamp", &c->timestamp, e));
    return read_digest(m, "sha256", c->manifest_sha256, &c->has_manifest_sha256,
                       e);
}

/* "right", "none", or what it says. */
HM_MUST static hm_rc read_clock(struct hm_json at, struct hm_cohort *c,
                                struct hm_err *e)
{
    const struct hm_bytes text = hm_json_view(hm_json_find(at, "clock"));

    c->clock = HM_CLOCK_RIGHT;
    if (hm_json_find(at, "clock").item == NULL ||
        hm_bytes_eq(text, HM_LIT("right")))
        return HM_OK;
    c->clock = HM_CLOCK_NONE;
    if (hm_bytes_eq(text, HM_LIT("none")))
        return HM_OK;
    c->clock = HM_CLOCK_AT;
    return hm_json_get_time(at, "clock", &c->at, e);
}

HM_MUST static hm_rc read_identity(struct hm_json at, struct hm_cohort *c,
                                   struct hm_err *e)
{
    HM_TRY(hm_json_get_text(at, "model", c->model, sizeof(c->model), e));
    HM_TRY(
        hm_json_get_text(at, "hardware", c->hardware, sizeof(c->hardware), e));
    HM_TRY(hm_trust_name_check(hm_bytes_str(c->model), e));
    return hm_trust_name_check(hm_bytes_str(c->hardware), e);
}

HM_MUST static hm_rc read_numbers(struct hm_json at, struct hm_cohort *c,
                                  struct hm_err *e)
{
    unsigned stale = 0;

    if (hm_json_find(at, "devices").item != NULL)
        HM_TRY(
            hm_json_get_uint(at, "devices", HM_JSON_INT_MAX, &c->devices, e));
    if (hm_json_find(at, "rollback_counter").item != NULL)
        HM_TRY(hm_json_get_uint(at, "rollback_counter", HM_COUNTER_MAX,
                                &c->rollback_counter, e));
    if (hm_json_find(at, "stale").item != NULL)
        HM_TRY(hm_json_get_word(at, "stale", STALE_WORDS, &stale, e));
    c->accepts_stale = stale == 1;
    c->has_version = hm_json_find(at, "version").item != NULL;
    return c->has_version ? hm_json_get_version(at, "version", &c->version, e)
                          : HM_OK;
}

HM_MUST static hm_rc read_cohort(struct hm_json at, const struct hm_root *root,
                                 struct hm_cohorts *out, struct hm_err *e)
{
    struct hm_cohort c = {.devices = 0};
    bool has_root = false;

    HM_TRY(hm_json_keys(at, MEMBERS, e));
    HM_TRY(read_name(at, out, &c, e));
    HM_TRY(read_identity(at, &c, e));
    HM_TRY(read_digest(at, "root_sha256", c.root_sha256, &has_root, e));
    if (!has_root)
        memcpy(c.root_sha256, root->sha256, sizeof(c.root_sha256));
    HM_TRY(read_numbers(at, &c, e));
    HM_TRY(read_authorisation(at, &c, e));
    HM_TRY(read_manifest(at, &c, e));
    HM_TRY(read_clock(at, &c, e));
    return hm_cohorts_add(out, &c, e);
}

HM_MUST static hm_rc read_all(struct hm_cohorts *out, struct hm_bytes bytes,
                              const struct hm_root *root, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json list;

    HM_TRY(hm_json_format(bytes, HM_COHORTS_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_COHORTS_BYTES_MAX, e));
    HM_TRY(hm_json_keys(hm_json_root(&doc), "format cohorts", e));
    HM_TRY(hm_json_get_array(hm_json_root(&doc), "cohorts", 1, HM_COHORTS_MAX,
                             &list, e));
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i))
        HM_TRY(read_cohort(i, root, out, e));
    return HM_OK;
}

hm_rc hm_cohorts_read(struct hm_cohorts *out, struct hm_bytes bytes,
                      const struct hm_root *root, struct hm_err *e)
{
    hm_rc rc;

    hm_cohorts_clear(out);
    rc = read_all(out, bytes, root, e);
    if (rc != HM_OK)
        hm_cohorts_clear(out);
    return rc;
}
