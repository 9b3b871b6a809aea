/* Products for which nothing can be released: an authorisation may well say
 * so, but whoever writes it shall know. */
#include <stdio.h>

#include "trust_priv.h"

static bool is_for(const struct hm_authorised_key *key, const char *product)
{
    for (size_t i = 0; i < key->products_n; i++)
        if (strcmp(key->products[i], product) == 0)
            return true;
    return false;
}

static bool has_key(const struct hm_authorisation *a, enum hm_role role,
                    const char *product)
{
    for (size_t i = 0; i < a->keys_n; i++)
        if (a->keys[i].role == role && is_for(&a->keys[i], product))
            return true;
    return false;
}

static bool is_required(const struct hm_authorisation *a, enum hm_role role)
{
    bool found = role == HM_ROLE_PROVENANCE; /* hallmark-verify asks for it */

    for (size_t i = 0; i < a->require_n; i++)
        found |= a->require[i] == role;
    return found;
}

HM_MUST static hm_rc say(const char *product, const char *why,
                         struct hm_names *out, struct hm_err *e)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "nothing can be released for '%s': %s",
                   product, why);
    return hm_names_has(out, text) ? HM_OK : hm_names_add(out, text, e);
}

HM_MUST static hm_rc look_at(const struct hm_authorisation *a,
                             const char *product, struct hm_names *out,
                             struct hm_err *e)
{
    char why[128];

    if (hm_authorisation_limit(a, product) == NULL)
        HM_TRY(say(product,
                   "it has no limits, give it some with --max-rollback-counter",
                   out, e));
    for (unsigned role = 0; role < HM_ROLES; role++) {
        if (!is_required(a, (enum hm_role)role) ||
            has_key(a, (enum hm_role)role, product))
            continue;
        (void)snprintf(why, sizeof(why),
                       "no key of role '%s' is authorised, name one with "
                       "--key %s=PEM",
                       hm_role_name((enum hm_role)role),
                       hm_role_name((enum hm_role)role));
        HM_TRY(say(product, why, out, e));
    }
    return HM_OK;
}

hm_rc hm_authorisation_list_idle(const struct hm_authorisation *a,
                                 struct hm_names *out, struct hm_err *e)
{
    for (size_t i = 0; i < a->limits_n; i++)
        HM_TRY(look_at(a, a->limits[i].product, out, e));
    for (size_t i = 0; i < a->keys_n; i++)
        for (size_t k = 0; k < a->keys[i].products_n; k++)
            HM_TRY(look_at(a, a->keys[i].products[k], out, e));
    return HM_OK;
}
