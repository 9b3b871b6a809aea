#include "hm_text.h"

#define PART_MAX 2147483647u /* below 2^31 */

hm_rc hm_version_read(struct hm_bytes text, struct hm_version *out,
                      struct hm_err *e)
{
    struct hm_version v = {.part = {0}};
    unsigned parts = 0;
    size_t start = 0;

    *out = v;
    for (size_t i = 0; i <= text.n && text.n < HM_VERSION_TEXT; i++) {
        const struct hm_bytes part = {text.p + start, i - start};
        uint64_t value = 0;

        if (i < text.n && text.p[i] != '.')
            continue;
        if (parts == HM_VERSION_PARTS ||
            hm_number_read(part, PART_MAX, &value, NULL) != HM_OK) {
            parts = 0;
            break;
        }
        v.part[parts++] = (uint32_t)value;
        start = i + 1;
    }
    if (parts < 2)
        return hm_fail(e, HM_E_FORMAT, "base.version.syntax",
                       "'%s' is not a version: expected two to four dotted "
                       "decimals below 2^31 without leading zeros",
                       hm_show(text));
    memcpy(v.text, text.p, text.n);
    *out = v;
    return HM_OK;
}

int hm_version_compare(const struct hm_version *a, const struct hm_version *b)
{
    for (size_t i = 0; i < HM_VERSION_PARTS; i++)
        if (a->part[i] != b->part[i])
            return a->part[i] < b->part[i] ? -1 : 1;
    return 0;
}
