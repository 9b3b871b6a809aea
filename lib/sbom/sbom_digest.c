#include <strings.h>

#include "sbom_priv.h"

#define ALGORITHMS 16u /* more than CycloneDX 1.7 knows */

/* CycloneDX lets hex be of either case. */
static bool is_hex_of(struct hm_bytes text, const uint8_t *digest, size_t n)
{
    char want[HM_SHA512_HEX];

    hm_hex_write((struct hm_bytes){digest, n}, want);
    return text.n == 2 * n &&
           strncasecmp((const char *)text.p, want, text.n) == 0;
}

static void compare(struct sbom_stated *out, const char *name, bool is_right,
                    bool *stated, struct hm_bytes found)
{
    if (is_right) {
        *stated = true;
        return;
    }
    out->wrong = name;
    out->found = found;
}

void sbom_compare_root(const struct hm_sbom *s,
                       const struct hm_digests *artefact,
                       struct sbom_stated *out)
{
    *out = (struct sbom_stated){.wrong = NULL};
    for (struct hm_json i = hm_json_first(hm_json_find(s->component, "hashes"));
         i.item != NULL; i = hm_json_next(i)) {
        const struct hm_bytes alg = hm_json_view(hm_json_find(i, "alg"));
        const struct hm_bytes value = hm_json_view(hm_json_find(i, "content"));

        out->entries++;
        if (hm_bytes_eq(alg, HM_LIT("SHA-256")))
            compare(
                out, "SHA-256",
                is_hex_of(value, artefact->sha256, sizeof(artefact->sha256)),
                &out->has_sha256, value);
        else if (hm_bytes_eq(alg, HM_LIT("SHA-512")))
            compare(
                out, "SHA-512",
                is_hex_of(value, artefact->sha512, sizeof(artefact->sha512)),
                &out->has_sha512, value);
    }
}

hm_rc sbom_refuse_digest(const struct sbom_stated *stated,
                         const struct hm_digests *artefact, struct hm_err *e)
{
    char want[HM_SHA512_HEX];

    if (stated->wrong[4] == '2')
        hm_hex_write(
            (struct hm_bytes){artefact->sha256, sizeof(artefact->sha256)},
            want);
    else
        hm_hex_write(
            (struct hm_bytes){artefact->sha512, sizeof(artefact->sha512)},
            want);
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "sbom.component.digest",
                           "the root component states %s %s, but the artefact "
                           "has %s: this SBOM describes another file",
                           stated->wrong, hm_show(stated->found), want),
                   "make the SBOM again from the build that made the artefact, "
                   "or leave hashes of metadata.component out");
}

/* A value that is no string has no bytes at all. */
static bool is_same_hex(struct hm_bytes a, struct hm_bytes b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp((const char *)a.p,
                                                  (const char *)b.p, a.n) == 0);
}

/* Two values for one algorithm: one of them is wrong. */
static bool conflicts(struct hm_json component)
{
    struct hm_bytes alg[ALGORITHMS];
    struct hm_bytes value[ALGORITHMS];
    size_t n = 0;

    for (struct hm_json i = hm_json_first(hm_json_find(component, "hashes"));
         i.item != NULL; i = hm_json_next(i)) {
        const struct hm_bytes a = hm_json_view(hm_json_find(i, "alg"));
        const struct hm_bytes v = hm_json_view(hm_json_find(i, "content"));
        size_t k = 0;

        while (k < n && !hm_bytes_eq(alg[k], a))
            k++;
        if (k == ALGORITHMS)
            return true;
        if (k < n && !is_same_hex(value[k], v))
            return true;
        alg[k] = a;
        value[k] = v;
        n += k == n;
    }
    return false;
}

/* NULL would say that there is none. */
static const char *name_of(struct hm_json component)
{
    const struct hm_bytes name = hm_json_view(hm_json_find(component, "name"));

    return name.p == NULL ? "" : (const char *)name.p;
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is at most HM_JSON_DEPTH_MAX */
static const char *find_conflict(struct hm_json list)
{
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i)) {
        const char *inside = NULL;

        if (conflicts(i))
            return name_of(i);
        inside = find_conflict(hm_json_find(i, "components"));
        if (inside != NULL)
            return inside;
    }
    return NULL;
}

const char *sbom_find_conflict(const struct hm_sbom *s)
{
    const char *inside = NULL;

    if (conflicts(s->component))
        return name_of(s->component);
    inside = find_conflict(hm_json_find(s->component, "components"));
    return inside != NULL ? inside
                          : find_conflict(hm_json_find(hm_json_root(&s->doc),
                                                       "components"));
}
