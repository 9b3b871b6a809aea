#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hm_file.h"
#include "hm_json.h"

#define POINTER_MAX 256

/* --- where: the JSON pointer of an item, found from the root ------------- */

/* Appends "/step"; false when it does not fit. */
static size_t add_step(char *to, size_t n, const struct cJSON *item,
                       size_t index)
{
    const int written = item->string != NULL
                            ? snprintf(to + n, POINTER_MAX - n, "/%s",
                                       hm_show_str(item->string))
                            : snprintf(to + n, POINTER_MAX - n, "/%zu", index);

    return written < 0 || (size_t)written >= POINTER_MAX - n
               ? n
               : n + (size_t)written;
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is at most HM_JSON_DEPTH_MAX */
static bool find_pointer(const struct cJSON *at, const struct cJSON *wanted,
                         char *to, size_t n)
{
    size_t index = 0;

    if (at == wanted)
        return true;
    for (const struct cJSON *c = at->child; c != NULL; c = c->next, index++) {
        const size_t longer = add_step(to, n, c, index);

        if (find_pointer(c, wanted, to, longer))
            return true;
        to[n] = '\0';
    }
    return false;
}

hm_rc hm_json_fail(struct hm_json at, struct hm_err *e, hm_rc rc,
                   const char *reason, const char *fmt, ...)
{
    char where[POINTER_MAX] = "";
    char text[512];
    va_list ap;

    if (at.root != NULL && at.item != NULL)
        (void)find_pointer(at.root, at.item, where, 0);
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return hm_fail(e, rc, reason, "at %s: %s",
                   where[0] == '\0' ? "the top" : where, text);
}

/* --- the document --------------------------------------------------------- */

hm_rc hm_json_parse(struct hm_json_doc *doc, struct hm_bytes text,
                    enum hm_json_kind kind, size_t max, struct hm_err *e)
{
    hm_json_doc_clear(doc);
    HM_TRY(hm_json_check(text, kind, max, e));
    doc->root = cJSON_ParseWithLength((const char *)text.p, text.n);
    if (doc->root == NULL)
        return hm_fail(e, HM_E_NOMEM, "base.json.nomem",
                       "out of memory for a document of %zu bytes", text.n);
    return HM_OK;
}

struct hm_json hm_json_root(const struct hm_json_doc *doc)
{
    return (struct hm_json){doc->root, doc->root};
}

void hm_json_doc_clear(struct hm_json_doc *doc)
{
    cJSON_Delete(doc->root);
    doc->root = NULL;
}

hm_rc hm_json_format(struct hm_bytes text, const char *format, struct hm_err *e)
{
    char want[128];
    const int n =
        snprintf(want, sizeof(want), "{\n  \"format\": \"%s\"", format);

    if (n > 0 && text.n > (size_t)n && memcmp(text.p, want, (size_t)n) == 0 &&
        (text.p[n] == ',' || text.p[n] == '\n'))
        return HM_OK;
    if (text.n > 48)
        text.n = 48;
    return hm_fail(e, HM_E_FORMAT, "json.format",
                   "expected a document of format '%s', found one that begins "
                   "'%s'",
                   format, hm_show(text));
}

/* Is name one of the words in list, which are separated by one blank? */
static bool is_listed(const char *list, const char *name, unsigned *index)
{
    const size_t n = strlen(name);

    for (*index = 0; *list != '\0' && n > 0; (*index)++) {
        const size_t word = strcspn(list, " ");

        if (word == n && memcmp(list, name, n) == 0)
            return true;
        list += word;
        list += *list == ' ';
    }
    return false;
}

hm_rc hm_json_keys(struct hm_json at, const char *names, struct hm_err *e)
{
    unsigned index = 0;

    if (!cJSON_IsObject(at.item))
        return hm_json_fail(at, e, HM_E_FORMAT, "json.member.type",
                            "expected an object");
    for (const struct cJSON *c = at.item->child; c != NULL; c = c->next)
        if (strncmp(c->string, "x_", 2) != 0 &&
            !is_listed(names, c->string, &index))
            return hm_hint(
                e,
                hm_json_fail((struct hm_json){at.root, c}, e, HM_E_FORMAT,
                             "json.member.unknown", "unknown member '%s'",
                             hm_show_str(c->string)),
                "known here: %s; a member of your own starts with x_", names);
    return HM_OK;
}

/* --- members -------------------------------------------------------------- */

struct hm_json hm_json_find(struct hm_json at, const char *name)
{
    return (struct hm_json){at.root,
                            cJSON_GetObjectItemCaseSensitive(at.item, name)};
}

hm_rc hm_json_get(struct hm_json at, const char *name, struct hm_json *out,
                  struct hm_err *e)
{
    *out = hm_json_find(at, name);
    if (out->item == NULL)
        return hm_json_fail(at, e, HM_E_FORMAT, "json.member.missing",
                            "member '%s' is missing", name);
    return HM_OK;
}

HM_MUST static hm_rc wrong_type(struct hm_json at, const char *expected,
                                struct hm_err *e)
{
    return hm_json_fail(at, e, HM_E_FORMAT, "json.member.type", "expected %s",
                        expected);
}

hm_rc hm_json_get_object(struct hm_json at, const char *name,
                         struct hm_json *out, struct hm_err *e)
{
    HM_TRY(hm_json_get(at, name, out, e));
    return cJSON_IsObject(out->item) ? HM_OK : wrong_type(*out, "an object", e);
}

hm_rc hm_json_get_array(struct hm_json at, const char *name, size_t min,
                        size_t max, struct hm_json *out, struct hm_err *e)
{
    size_t n = 0;

    HM_TRY(hm_json_get(at, name, out, e));
    if (!cJSON_IsArray(out->item))
        return wrong_type(*out, "an array", e);
    n = hm_json_count(*out);
    if (n < min || n > max)
        return hm_json_fail(*out, e, HM_E_LIMIT, "json.member.count",
                            "%zu elements, expected %zu to %zu", n, min, max);
    return HM_OK;
}

struct hm_json hm_json_first(struct hm_json array)
{
    return (struct hm_json){array.root,
                            array.item == NULL ? NULL : array.item->child};
}

struct hm_json hm_json_next(struct hm_json element)
{
    return (struct hm_json){element.root, element.item->next};
}

size_t hm_json_count(struct hm_json array)
{
    size_t n = 0;

    for (struct hm_json i = hm_json_first(array); i.item != NULL;
         i = hm_json_next(i))
        n++;
    return n;
}

const char *hm_json_name(struct hm_json member)
{
    return member.item->string == NULL ? "" : member.item->string;
}

struct hm_bytes hm_json_view(struct hm_json at)
{
    const char *text = cJSON_GetStringValue(at.item);

    return text == NULL ? (struct hm_bytes){NULL, 0} : hm_bytes_str(text);
}

HM_MUST static hm_rc get_string(struct hm_json at, const char *name,
                                struct hm_json *out, struct hm_bytes *view,
                                struct hm_err *e)
{
    *view = (struct hm_bytes){NULL, 0};
    HM_TRY(hm_json_get(at, name, out, e));
    *view = hm_json_view(*out);
    return cJSON_IsString(out->item) ? HM_OK : wrong_type(*out, "a string", e);
}

hm_rc hm_json_text(struct hm_json at, char *to, size_t size, struct hm_err *e)
{
    const struct hm_bytes view = hm_json_view(at);

    to[0] = '\0';
    if (!cJSON_IsString(at.item))
        return wrong_type(at, "a string", e);
    if (view.n == 0)
        return hm_json_fail(at, e, HM_E_FORMAT, "json.member.empty",
                            "the string is empty");
    if (view.n >= size)
        return hm_json_fail(at, e, HM_E_LIMIT, "json.member.long",
                            "string of %zu bytes, at most %zu are allowed",
                            view.n, size - 1);
    memcpy(to, view.p, view.n);
    to[view.n] = '\0';
    return HM_OK;
}

hm_rc hm_json_get_text(struct hm_json at, const char *name, char *to,
                       size_t size, struct hm_err *e)
{
    struct hm_json member;

    to[0] = '\0';
    HM_TRY(hm_json_get(at, name, &member, e));
    return hm_json_text(member, to, size, e);
}

hm_rc hm_json_get_uint(struct hm_json at, const char *name, uint64_t max,
                       uint64_t *out, struct hm_err *e)
{
    struct hm_json member;

    *out = 0;
    HM_TRY(hm_json_get(at, name, &member, e));
    if (!cJSON_IsNumber(member.item))
        return wrong_type(member, "a number", e);
    if (member.item->valuedouble < 0 || member.item->valuedouble > (double)max)
        return hm_json_fail(member, e, HM_E_LIMIT, "json.member.range",
                            "number outside 0 to %llu",
                            (unsigned long long)max);
    *out = (uint64_t)member.item->valuedouble;
    return HM_OK;
}

hm_rc hm_json_get_bool(struct hm_json at, const char *name, bool *out,
                       struct hm_err *e)
{
    struct hm_json member;

    *out = false;
    HM_TRY(hm_json_get(at, name, &member, e));
    if (!cJSON_IsBool(member.item))
        return wrong_type(member, "true or false", e);
    *out = cJSON_IsTrue(member.item) != 0;
    return HM_OK;
}

/* A value of another room's syntax: its complaint gets our place. */
HM_MUST static hm_rc at_place(struct hm_json at, hm_rc rc, struct hm_err *e)
{
    struct hm_err inner;

    if (rc == HM_OK || e == NULL)
        return rc;
    inner = *e;
    return hm_json_fail(at, e, rc, inner.reason, "%s", inner.text);
}

hm_rc hm_json_get_time(struct hm_json at, const char *name, hm_time *out,
                       struct hm_err *e)
{
    struct hm_json member;
    struct hm_bytes view;

    *out = 0;
    HM_TRY(get_string(at, name, &member, &view, e));
    return at_place(member, hm_time_parse(view, out, e), e);
}

hm_rc hm_json_get_version(struct hm_json at, const char *name,
                          struct hm_version *out, struct hm_err *e)
{
    struct hm_json member;
    struct hm_bytes view;

    *out = (struct hm_version){.part = {0}};
    HM_TRY(get_string(at, name, &member, &view, e));
    return at_place(member, hm_version_read(view, out, e), e);
}

hm_rc hm_json_get_hex(struct hm_json at, const char *name, uint8_t *out,
                      size_t n, struct hm_err *e)
{
    struct hm_json member;
    struct hm_bytes view;

    HM_TRY(get_string(at, name, &member, &view, e));
    return at_place(member, hm_hex_read(view, out, n, e), e);
}

hm_rc hm_json_get_name(struct hm_json at, const char *name, char *to,
                       struct hm_err *e)
{
    struct hm_json member;
    struct hm_bytes view;

    to[0] = '\0';
    HM_TRY(get_string(at, name, &member, &view, e));
    HM_TRY(at_place(member, hm_name_check(view, e), e));
    return hm_json_text(member, to, HM_NAME_MAX + 1, e);
}

hm_rc hm_json_get_word(struct hm_json at, const char *name, const char *words,
                       unsigned *index, struct hm_err *e)
{
    struct hm_json member;
    struct hm_bytes view;

    *index = 0;
    HM_TRY(get_string(at, name, &member, &view, e));
    if (view.n == 0 || !is_listed(words, (const char *)view.p, index))
        return hm_json_fail(member, e, HM_E_FORMAT, "json.member.word",
                            "'%s' is not one of: %s", hm_show(view), words);
    return HM_OK;
}

const char *hm_json_cjson_version(void)
{
    return cJSON_Version();
}
