/* What an authorisation allows for one product: asked before a release is
 * packed and again before it is published. */
#include "trust_priv.h"

hm_rc hm_authorisation_check_vendor(const struct hm_authorisation *a,
                                    const char *vendor, struct hm_err *e)
{
    if (strcmp(vendor, a->vendor) == 0)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "manifest.vendor",
                           "vendor is '%s', the authorisation's is '%s'",
                           hm_show_str(vendor), a->vendor),
                   "write the vendor of root.json and its authorisation into "
                   "release.json, or name the files of this vendor there");
}

hm_rc hm_authorisation_check_use(const struct hm_authorisation *a,
                                 const struct hm_key_use *use, struct hm_err *e)
{
    for (size_t i = 0; i < a->keys_n; i++)
        if (hm_authorisation_judge(a, a->keys[i].key.key.keyid, use, NULL) ==
            HM_OK)
            return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_REJECTED, "trust.key.none",
                "no key of role '%s' is current for product '%s' at %s",
                hm_role_name(use->role), hm_show_str(use->product),
                hm_time_show(use->at)),
        "authorise one for this product and role with hallmark-key authorise "
        "or rotate");
}

hm_rc hm_authorisation_check_limit(const struct hm_authorisation *a,
                                   const struct hm_limit *want,
                                   struct hm_err *e)
{
    const struct hm_limit *limit = hm_authorisation_limit(a, want->product);

    if (limit == NULL)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "trust.limit.missing",
                               "the authorisation has no limits for product "
                               "'%s'",
                               want->product),
                       "authorise with --max-rollback-counter");
    if (want->epoch != limit->epoch)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "manifest.epoch",
                               "epoch is %llu, the authorised one is %llu",
                               (unsigned long long)want->epoch,
                               (unsigned long long)limit->epoch),
                       "write that one into release.json, or have the root "
                       "keys authorise another --epoch");
    if (want->max_rollback_counter <= limit->max_rollback_counter)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "manifest.rollback.above",
                           "rollback_counter is %llu, at most %llu is "
                           "authorised",
                           (unsigned long long)want->max_rollback_counter,
                           (unsigned long long)limit->max_rollback_counter),
                   "lower it in release.json, or have the root keys authorise "
                   "a higher --max-rollback-counter");
}
