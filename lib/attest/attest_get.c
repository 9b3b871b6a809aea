#include "attest_priv.h"

hm_rc attest_only(struct hm_json at, const char *names, struct hm_err *e)
{
    HM_TRY(hm_json_keys(at, names, e));
    for (struct hm_json m = hm_json_first(at); m.item != NULL;
         m = hm_json_next(m))
        if (strncmp(hm_json_name(m), "x_", 2) == 0)
            return hm_json_fail(m, e, HM_E_FORMAT, "json.member.unknown",
                                "extensions belong into the predicate: other "
                                "verifiers refuse them here");
    return HM_OK;
}

hm_rc attest_get_string(struct hm_json at, const char *name, size_t max,
                        const char **out, struct hm_err *e)
{
    struct hm_json member;
    struct hm_bytes view;

    *out = NULL;
    HM_TRY(hm_json_get(at, name, &member, e));
    view = hm_json_view(member);
    if (view.p == NULL)
        return hm_json_fail(member, e, HM_E_FORMAT, "json.member.type",
                            "expected a string");
    if (view.n == 0)
        return hm_json_fail(member, e, HM_E_FORMAT, "json.member.empty",
                            "the string is empty");
    if (view.n > max)
        return hm_json_fail(member, e, HM_E_LIMIT, "json.member.long",
                            "string of %zu bytes, at most %zu are allowed",
                            view.n, max);
    *out = (const char *)view.p;
    return HM_OK;
}

hm_rc attest_find_string(struct hm_json at, const char *name, size_t max,
                         const char **out, struct hm_err *e)
{
    *out = NULL;
    if (hm_json_find(at, name).item == NULL)
        return HM_OK;
    return attest_get_string(at, name, max, out, e);
}

hm_rc attest_check_uri(const char *what, const char *uri, struct hm_err *e)
{
    const size_t scheme =
        strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
    bool is_good = scheme > 0 && uri[0] >= 'a' && uri[0] <= 'z' &&
                   uri[scheme] == ':' && uri[scheme + 1] != '\0';

    for (const char *c = uri; *c != '\0' && is_good; c++)
        is_good = *c > 0x20 && *c < 0x7f;
    if (!is_good)
        return hm_fail(e, HM_E_FORMAT, "attest.provenance.uri",
                       "%s '%s' is no URI with a lower-case scheme", what,
                       hm_show_str(uri));
    return HM_OK;
}
