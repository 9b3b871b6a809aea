/* Texts: words, lines, names of files, base64. */
#include "device_memory.h"
#include "device_priv.h"

static const char *filled(struct hm_device_bytes value, char *to, size_t size,
                          size_t *n)
{
    DEVICE_TRY(device_string(value, to, size, n));
    return *n > 0 ? device_yes : "json.member.empty";
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

const char *device_word(struct hm_device_bytes value, const char *syntax,
                        char *to)
{
    size_t n;
    size_t i;

    DEVICE_TRY(filled(value, to, HM_DEVICE_WORD, &n));
    for (i = 0; i < n; i++)
        if (!is_word_byte(to[i]))
            return syntax;
    return device_yes;
}

const char *device_line(struct hm_device_bytes value, char *to, size_t size)
{
    size_t n;
    size_t i;

    DEVICE_TRY(filled(value, to, size, &n));
    for (i = 0; i < n; i++)
        if ((unsigned char)to[i] < 0x20 || to[i] == 0x7f)
            return "manifest.text.syntax";
    return device_yes;
}

const char *device_choice(struct hm_device_bytes value,
                          const char *const *words, unsigned *out)
{
    char text[HM_DEVICE_WORD];
    size_t n;

    *out = 0;
    if (value.n == 0 || value.p[0] != '"')
        return "json.member.type";
    if (device_string(value, text, sizeof(text), &n) != device_yes)
        return "json.member.word";
    for (; words[*out] != NULL; (*out)++)
        if (device_text_equal(words[*out], text))
            return device_yes;
    *out = 0;
    return "json.member.word";
}

const char *device_file_name(struct hm_device_bytes value, char *to)
{
    bool at_start = true;
    size_t n;
    size_t i;

    if (value.n == 0 || value.p[0] != '"')
        return "json.member.type";
    if (device_string(value, to, HM_DEVICE_NAME, &n) != device_yes)
        return "base.name.long";
    for (i = 0; i < n; i++) {
        if (to[i] == '/' ? at_start : !is_word_byte(to[i]) && to[i] != '+')
            return "base.name.syntax";
        if (at_start && to[i] == '.')
            return "base.name.syntax";
        at_start = to[i] == '/';
    }
    return at_start ? "base.name.syntax" : device_yes;
}

/* --- base64 ---------------------------------------------------------------- */

/* 0..63, or 64. */
static uint32_t sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : 64;
}

/* Four letters to one to three bytes; 0 when they are not canonical. */
static size_t decode_group(const char *in, bool is_last, uint8_t *out)
{
    const size_t padding = in[3] != '=' || !is_last ? 0 : in[2] == '=' ? 2 : 1;
    uint32_t v = 0;
    size_t i;

    for (i = 0; i < 4; i++) {
        const uint32_t six = i + padding >= 4 ? 0 : sextet(in[i]);

        if (six > 63)
            return 0;
        v = v << 6 | six;
    }
    if ((padding == 1 && (v & 0xff) != 0) ||
        (padding == 2 && (v & 0xffff) != 0))
        return 0;
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    return 3 - padding;
}

#define LETTERS_MAX 856u /* of the longest key, 640 bytes */

const char *device_base64(struct hm_device_bytes value, uint8_t *to,
                          size_t size, size_t *n)
{
    char text[LETTERS_MAX + 1];
    uint8_t group[3];
    size_t length;
    size_t got;
    size_t i;

    *n = 0;
    DEVICE_TRY(device_string(value, text, sizeof(text), &length));
    if (length % 4 != 0)
        return "crypto.base64.syntax";
    for (i = 0; i < length; i += 4) {
        got = decode_group(text + i, i + 4 == length, group);
        if (got == 0)
            return "crypto.base64.syntax";
        if (got > size - *n)
            return "crypto.key.der";
        memcpy(to + *n, group, got);
        *n += got;
    }
    return device_yes;
}

/* --- lists of words -------------------------------------------------------- */

const char *device_words(struct hm_device_bytes array, size_t min)
{
    struct hm_device_bytes value;
    struct hm_device_bytes other;
    struct device_walk w;
    struct device_walk rest;
    char word[HM_DEVICE_WORD];

    DEVICE_TRY(device_array(array, min, DEVICE_WORDS));
    device_walk_begin(&w, array);
    while (device_walk_element(&w, &value)) {
        DEVICE_TRY(device_word(value, "manifest.name.syntax", word));
        rest = w;
        while (device_walk_element(&rest, &other))
            if (device_same_string(value, other))
                return "manifest.word.twice";
    }
    return device_yes;
}

bool device_words_have(struct hm_device_bytes array, const char *word)
{
    struct hm_device_bytes value;
    struct device_walk w;
    char text[HM_DEVICE_WORD];
    size_t n;

    device_walk_begin(&w, array);
    while (device_walk_element(&w, &value))
        if (device_string(value, text, sizeof(text), &n) == device_yes &&
            device_text_equal(text, word))
            return true;
    return false;
}
