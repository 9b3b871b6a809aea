#include <stdlib.h>

#include "hm_manifest.h"
#include "release_priv.h"

struct syntax {
    size_t max;
    const char *wanted;
    const char *bytes; /**< accepted besides letters and digits; NULL: a line */
};

static const struct syntax syntaxes[] = {
    [HM_RELEASE_ID] = {HM_RELEASE_NAME_MAX, "letters, digits and ._-", "._-"},
    [HM_RELEASE_LABEL] = {HM_RELEASE_NAME_MAX,
                          "text without control characters", NULL},
    [HM_RELEASE_LINE] = {HM_RELEASE_TEXT_MAX, "text without control characters",
                         NULL},
    [HM_RELEASE_PATH] = {HM_RELEASE_PATH_MAX,
                         "a path without control "
                         "characters",
                         NULL},
    [HM_RELEASE_WEB] = {HM_RELEASE_TEXT_MAX,
                        "an https:// address of a plain host, printable ASCII "
                        "without '@'",
                        "-._~:/?#[]!$&'()*+,;=%"},
    [HM_RELEASE_URI] = {HM_RELEASE_PATH_MAX, "a URI of printable ASCII",
                        "-._~:/?#[]@!$&'()*+,;=%"},
    [HM_RELEASE_HEX] = {64, "64 lower-case hex digits", ""},
};

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

static bool fits(const struct syntax *s, struct hm_bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        const uint8_t c = v.p[i];

        if (s->bytes == NULL
                ? c < 0x20 || c == 0x7f
                : !is_letter_or_digit(c) && strchr(s->bytes, (int)c) == NULL)
            return false;
    }
    return true;
}

static bool has_form(enum hm_release_syntax syntax, struct hm_bytes v)
{
    uint8_t digest[32];

    if (!fits(&syntaxes[syntax], v))
        return false;
    if (syntax == HM_RELEASE_WEB)
        return hm_manifest_is_url((const char *)v.p);
    if (syntax == HM_RELEASE_URI)
        return v.p[0] != ':' && memchr(v.p, ':', v.n) != NULL;
    if (syntax == HM_RELEASE_HEX)
        return hm_hex_read(v, digest, sizeof(digest), NULL) == HM_OK;
    return true;
}

hm_rc hm_release_take(struct hm_json at, enum hm_release_syntax syntax,
                      const char **out, struct hm_err *e)
{
    const struct syntax *s = &syntaxes[syntax];
    const struct hm_bytes v = hm_json_view(at);
    char scratch[HM_RELEASE_PATH_MAX + 1];

    *out = NULL;
    HM_TRY(hm_json_text(at, scratch, s->max + 1, e));
    if (!has_form(syntax, v))
        return hm_json_fail(at, e, HM_E_FORMAT,
                            syntax == HM_RELEASE_PATH ? "release.path.syntax"
                                                      : "release.text.syntax",
                            "expected %s, found '%s'", s->wanted, hm_show(v));
    *out = (const char *)v.p;
    return HM_OK;
}

hm_rc hm_release_take_member(struct hm_json at, const char *name,
                             enum hm_release_syntax syntax, const char **out,
                             struct hm_err *e)
{
    struct hm_json member;

    *out = NULL;
    HM_TRY(hm_json_get(at, name, &member, e));
    return hm_release_take(member, syntax, out, e);
}

hm_rc hm_release_take_optional(struct hm_json at, const char *name,
                               enum hm_release_syntax syntax, const char **out,
                               struct hm_err *e)
{
    const struct hm_json member = hm_json_find(at, name);

    *out = NULL;
    return member.item == NULL ? HM_OK
                               : hm_release_take(member, syntax, out, e);
}

hm_rc hm_release_take_word(struct hm_json at, const char *name,
                           const char *words, const char **out,
                           struct hm_err *e)
{
    unsigned index = 0;

    *out = NULL;
    HM_TRY(hm_json_get_word(at, name, words, &index, e));
    *out = (const char *)hm_json_view(hm_json_find(at, name)).p;
    return HM_OK;
}

hm_rc hm_release_make_array(struct hm_json at,
                            const struct hm_release_list *list,
                            struct hm_json *items, void **array,
                            struct hm_err *e)
{
    HM_TRY(hm_json_get_array(at, list->name, list->min, list->max, items, e));
    *array = calloc(hm_json_count(*items) + 1, list->size);
    if (*array == NULL)
        return hm_fail(e, HM_E_NOMEM, "release.array.nomem",
                       "out of memory for %s", list->name);
    return HM_OK;
}

hm_rc hm_release_fill_array(struct hm_release *r, struct hm_json items,
                            const struct hm_release_list *list, void *array,
                            size_t *n, struct hm_err *e)
{
    uint8_t *element = array;

    for (struct hm_json i = hm_json_first(items); i.item != NULL;
         i = hm_json_next(i), element += list->size) {
        (*n)++;
        HM_TRY(list->read(r, i, element, e));
    }
    return HM_OK;
}

/* --- lists of words --------------------------------------------------------*/

HM_MUST static hm_rc read_word(struct hm_release *r, struct hm_json at,
                               void *to, struct hm_err *e)
{
    (void)r;
    return hm_release_take(at, HM_RELEASE_ID, to, e);
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

HM_MUST static hm_rc refuse_twice(struct hm_json at,
                                  const struct hm_release_words *words,
                                  struct hm_err *e)
{
    for (size_t i = 1; i < words->n; i++)
        for (size_t k = 0; k < i; k++)
            if (is_same(words->word[i], words->word[k]))
                return hm_json_fail(
                    at, e, HM_E_REJECTED, "release.word.duplicate",
                    "'%s' stands there twice", hm_show_str(words->word[i]));
    return HM_OK;
}

hm_rc hm_release_take_words(struct hm_json at, const char *name, size_t min,
                            struct hm_release_words *out, struct hm_err *e)
{
    const struct hm_release_list list = {name, min, HM_RELEASE_WORDS_MAX,
                                         sizeof(*out->word), read_word};
    struct hm_json items;
    void *array = NULL;

    HM_TRY(hm_release_make_array(at, &list, &items, &array, e));
    out->word = array;
    HM_TRY(hm_release_fill_array(NULL, items, &list, array, &out->n, e));
    return refuse_twice(items, out, e);
}

hm_rc hm_release_take_segment(struct hm_json at, const char *folder,
                              const char **out, struct hm_err *e)
{
    const struct hm_json member = hm_json_find(at, "name");
    char scratch[HM_NAME_MAX + 1];
    struct hm_bytes name;

    HM_TRY(hm_json_get_name(at, "name", scratch, e));
    name = hm_json_view(member);
    if (memchr(name.p, '/', name.n) != NULL)
        return hm_json_fail(member, e, HM_E_FORMAT, "release.text.syntax",
                            "expected a name without a slash, found '%s' (it "
                            "will lie in %s/)",
                            hm_show(name), folder);
    if (name.n + strlen(folder) + 1 > HM_NAME_MAX)
        return hm_json_fail(member, e, HM_E_LIMIT, "base.name.long",
                            "with its folder %s/ the name has more than %d "
                            "bytes",
                            folder, HM_NAME_MAX);
    *out = (const char *)name.p;
    return HM_OK;
}
