/* Finds a value's bytes in text that hm_json_check() accepted; so nothing here
 * can run past the end. */
#include "hm_json.h"

static const uint8_t *skip_blanks(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* p is at the opening quote. */
static const uint8_t *skip_string(const uint8_t *p, const uint8_t *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

static const uint8_t *skip_value(const uint8_t *p, const uint8_t *end)
{
    unsigned depth = 0;

    do {
        p = skip_blanks(p, end);
        if (p >= end)
            return end;
        if (*p == '"') {
            p = skip_string(p, end);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            depth--;
            p++;
        } else if (*p == ',' || *p == ':') {
            p++;
        } else {
            while (p < end && strchr(" \t\r\n,:]}", *p) == NULL)
                p++;
        }
    } while (depth > 0 && p < end);
    return p;
}

/* The element of the array or the member of the object at p that `step` names;
 * NULL when there is none. */
static const uint8_t *find_step(const uint8_t *p, const uint8_t *end,
                                struct hm_bytes step)
{
    const bool is_object = *p == '{';
    uint64_t wanted = 0;

    if ((!is_object && *p != '[') ||
        (!is_object &&
         hm_number_read(step, UINT32_MAX, &wanted, NULL) != HM_OK))
        return NULL;
    p = skip_blanks(p + 1, end);
    for (uint64_t i = 0; p < end && *p != '}' && *p != ']'; i++) {
        const uint8_t *name = p;
        bool found = !is_object && i == wanted;

        if (is_object) {
            p = skip_string(p, end);
            found = hm_bytes_eq(
                (struct hm_bytes){name + 1, (size_t)(p - name) - 2}, step);
            p = skip_blanks(skip_blanks(p, end) + 1, end);
        }
        if (found)
            return p;
        p = skip_blanks(skip_value(p, end), end);
        if (p < end && *p == ',')
            p = skip_blanks(p + 1, end);
    }
    return NULL;
}

void hm_json_span(struct hm_bytes text, const char *pointer,
                  struct hm_bytes *span)
{
    const uint8_t *end = text.p + text.n;
    const uint8_t *p = skip_blanks(text.p, end);

    *span = (struct hm_bytes){NULL, 0};
    while (*pointer == '/') {
        const size_t n = strcspn(pointer + 1, "/");

        p = find_step(p, end,
                      (struct hm_bytes){(const uint8_t *)pointer + 1, n});
        if (p == NULL)
            return;
        pointer += 1 + n;
    }
    *span = (struct hm_bytes){p, (size_t)(skip_value(p, end) - p)};
}
