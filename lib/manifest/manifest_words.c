#include <stdlib.h>

#include "manifest_priv.h"

static const char *const update_types[] = {"security", "routine", "emergency"};
static const char *const severities[] = {"none", "low", "medium", "high",
                                         "critical"};
static const char *const roles[] = {"firmware", "package", "configuration"};
static const char *const kinds[] = {"full", "delta"};
static const char *const file_kinds[] = {
    "artefact", "sbom", "attestation", "advisory", "vex", "notes", "record"};

#define NAME_OF(table, v)                                                    \
    ((size_t)(v) < sizeof(table) / sizeof((table)[0]) ? (table)[(size_t)(v)] \
                                                      : "unknown")

const char *hm_update_type_name(enum hm_update_type v)
{
    return NAME_OF(update_types, v);
}

const char *hm_severity_name(enum hm_severity v)
{
    return NAME_OF(severities, v);
}

const char *hm_artefact_role_name(enum hm_artefact_role v)
{
    return NAME_OF(roles, v);
}

const char *hm_artefact_kind_name(enum hm_artefact_kind v)
{
    return NAME_OF(kinds, v);
}

const char *hm_file_kind_name(unsigned kind)
{
    return NAME_OF(file_kinds, kind);
}

hm_rc hm_file_kind_find(const char *word, unsigned *out, struct hm_err *e)
{
    *out = 0;
    for (unsigned i = 0; i < sizeof(file_kinds) / sizeof(file_kinds[0]); i++) {
        if (strcmp(word, file_kinds[i]) != 0)
            continue;
        *out = i;
        return HM_OK;
    }
    return hm_fail(e, HM_E_FORMAT, "manifest.kind.unknown",
                   "kind '%s' is not one of: %s", hm_show_str(word),
                   HM_FILE_KINDS);
}

hm_rc manifest_name_check(struct hm_bytes name, struct hm_err *e)
{
    bool is_good = name.n > 0 && name.n < HM_MANIFEST_NAME;

    for (size_t i = 0; i < name.n && is_good; i++) {
        const uint8_t c = name.p[i];

        is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    }
    if (is_good)
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "manifest.name.syntax",
                   "'%s' is not a name: expected 1 to %d of [A-Za-z0-9._-]",
                   hm_show(name), HM_MANIFEST_NAME - 1);
}

/* A complaint about the text of a member gets the member's place. */
HM_MUST static hm_rc at_member(struct hm_json at, const char *name, hm_rc rc,
                               const struct hm_err *inner, struct hm_err *e)
{
    if (rc == HM_OK)
        return HM_OK;
    return hm_json_fail(hm_json_find(at, name), e, rc, inner->reason, "%s",
                        inner->text);
}

hm_rc manifest_get_name(struct hm_json at, const char *name, char *to,
                        struct hm_err *e)
{
    struct hm_err inner = {.rc = HM_OK};

    HM_TRY(hm_json_get_text(at, name, to, HM_MANIFEST_NAME, e));
    return at_member(at, name, manifest_name_check(hm_bytes_str(to), &inner),
                     &inner, e);
}

hm_rc manifest_get_text(struct hm_json at, const char *name, char *to,
                        size_t size, struct hm_err *e)
{
    HM_TRY(hm_json_get_text(at, name, to, size, e));
    for (const char *c = to; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return hm_json_fail(hm_json_find(at, name), e, HM_E_FORMAT,
                                "manifest.text.syntax",
                                "control character in '%s'", hm_show_str(to));
    return HM_OK;
}

bool hm_words_has(const struct hm_words *words, const char *word)
{
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->word[i], word) == 0)
            return true;
    return false;
}

hm_rc hm_words_add(struct hm_words *words, const char *word, struct hm_err *e)
{
    char(*p)[HM_MANIFEST_NAME] = NULL;

    HM_TRY(manifest_name_check(hm_bytes_str(word), e));
    if (hm_words_has(words, word))
        return hm_fail(e, HM_E_REJECTED, "manifest.word.twice",
                       "'%s' stands twice", word);
    if (words->n == HM_MANIFEST_WORDS_MAX)
        return hm_fail(e, HM_E_LIMIT, "json.member.count", "more than %u words",
                       HM_MANIFEST_WORDS_MAX);
    p = reallocarray(words->word, words->n + 1, sizeof(*p));
    if (p == NULL)
        return hm_fail(e, HM_E_NOMEM, "manifest.nomem",
                       "out of memory for a word");
    words->word = p;
    memcpy(p[words->n++], word, strlen(word) + 1);
    return HM_OK;
}

hm_rc manifest_get_words(struct hm_json at, const char *name, size_t min,
                         struct hm_words *out, struct hm_err *e)
{
    struct hm_json array;

    HM_TRY(hm_json_get_array(at, name, min, HM_MANIFEST_WORDS_MAX, &array, e));
    for (struct hm_json i = hm_json_first(array); i.item != NULL;
         i = hm_json_next(i)) {
        char word[HM_MANIFEST_NAME];

        HM_TRY(hm_json_text(i, word, sizeof(word), e));
        HM_TRY(hm_context(e, hm_words_add(out, word, e), "in '%s'", name));
    }
    return HM_OK;
}

void manifest_words_clear(struct hm_words *words)
{
    free(words->word);
    *words = (struct hm_words){.word = NULL};
}
